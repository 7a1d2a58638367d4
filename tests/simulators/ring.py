# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Linux balancer of UDP between clients and members, as network namespaces: real HAProxy, nftables and conntrack.

    with running_ring(tmp_path) as ring: ring.bring(ring.stun()); ring.client("198.18.0.7")

The balancer is the default gateway of the members. Any address of 198.18.0.0/15 is a client. Members answer datagrams
with their address and that of the sender, and accept TCP on 443, where HAProxy asks them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.module_utils import _udp_ring
from ansible_collections.msuc.lync.plugins.module_utils._balancer_files import waited
from ansible_collections.msuc.lync.plugins.modules import nftables_udp_remote
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Monitor, Service
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nftables.provider import NftablesUdpProvider

from .netns import entered, ip
from .proxies import Members, Proxy, running_haproxy, services

VIP, VIP6 = "203.0.113.100", "2001:db8:1::100"
MEMBERS = tuple(f"10.77.0.1{number}" for number in range(1, 6))
MEMBERS6 = tuple(f"fd00:77::1{number}" for number in range(1, 6))
CLIENTS = "198.18.0.0/15"
CLIENTS6 = "2001:db8:5::/48"
_PROGRAMS = ("nft", "ip", "conntrack")
needs_ring = pytest.mark.skipif(
    os.geteuid() != 0 or not all(shutil.which(name, path="/usr/sbin:/usr/bin:/sbin") for name in _PROGRAMS),
    reason="a ring takes root and the packages nftables, iproute2 and conntrack",
)


class TellingMembers(Members):
    """Members that answer a datagram with their address, and address and port of its sender."""

    def _answer(self, ready: socket.socket, address: str) -> None:
        if self.protocol != "udp":
            super()._answer(ready, address)
            return
        while True:  # until nothing is left, which raises
            _data, peer = ready.recvfrom(2048)
            ready.sendto(f"{address} {peer[0]} {peer[1]}".encode(), peer)


@dataclass
class Ring:
    """The namespaces, and the balancer in one of them."""

    folder: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex[:5])
    haproxy: Proxy | None = None
    udp: Proxy | None = None
    watcher: subprocess.Popen[bytes] | None = None
    nginx: Any = None

    def place(self, name: str) -> str:
        return f"lr{self.mark}{name}"

    def run(self, name: str, *words: str, given: str = "") -> str:
        """Run a program in a namespace; returns what it prints."""
        command = ["ip", "netns", "exec", self.place(name), *words]
        return subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout

    # Services.

    def stun(self, count: int = 2, interval: int = 1, **more: Any) -> tuple[Service, ...]:
        """Return the UDP service of so many members."""
        return self._of(count, interval, protocol="udp", source_nat=False, **more)

    def _of(self, count: int, interval: int, **more: Any) -> tuple[Service, ...]:
        port = 443 if more.get("protocol", "tcp") == "tcp" else 3478
        said: dict[str, Any] = {"vip": VIP, "members": MEMBERS[:count], "monitor": Monitor(443, interval, 2), **more}
        (one,) = services((port,), **said)
        return (replace(one, name=f"edge-{one.protocol}-{port}"),)

    def ask_members(self, count: int = 2, interval: int = 1, **more: Any) -> Mapping[str, Any]:
        """Bring HAProxy to the TCP service by which it asks the members."""
        assert self.haproxy
        with entered(self.place("b")):
            return self.haproxy.bring(self._of(count, interval, **more))

    def bring(
        self, wanted: tuple[Service, ...], state: State = State.REPLACED, check: bool = False
    ) -> Mapping[str, Any]:
        """Bring the UDP services, by the module on the balancer."""
        assert self.udp
        with entered(self.place("b")):
            return self.udp.bring(wanted, state, check)

    # The program of the service.

    @property
    def status(self) -> Path:
        return self.folder / "udp.json"

    @property
    def forwarding(self) -> Path:
        return self.folder / "forwarding.conf"

    def watch(self) -> None:
        """Run what the service runs on a host with systemd, and again where it ended."""
        assert self.udp and self.haproxy
        arguments = [str(self.udp.path), str(self.haproxy.fixed["master_socket"]), str(self.status)]
        command = [sys.executable, _udp_ring.__file__, *arguments, str(self.forwarding)]
        with (self.folder / "watch.log").open("ab") as log:
            self.watcher = subprocess.Popen(["ip", "netns", "exec", self.place("b"), *command], stderr=log)
        assert waited(10, self.status.exists)

    def kill_watcher(self) -> None:
        assert self.watcher
        self.watcher.kill()
        self.watcher.wait()

    def table(self) -> str:
        return self.run("b", "nft", "list", "ruleset")

    # Clients and members.

    def client(self, address: str, vip: str = VIP, port: int = 3478) -> socket.socket:
        """Return a socket of a client."""
        with entered(self.place("c")):
            one = socket.socket(socket.AF_INET6 if ":" in vip else socket.AF_INET, socket.SOCK_DGRAM)
        one.bind((address, 0))
        one.connect((vip, port))
        one.setblocking(False)
        return one

    @contextlib.contextmanager
    def without_power(self, number: int) -> Iterator[None]:
        """Let a member be silent."""
        chains = "".join(f"chain {hook} {{ type filter hook {hook} priority -300; policy drop; }}\n"
                         for hook in ("input", "output"))  # fmt: skip
        self.run(f"m{number}", "nft", "-f", "-", given=f"table inet power {{\n{chains}}}\n")
        try:
            yield
        finally:
            self.run(f"m{number}", "nft", "delete", "table", "inet", "power")


def _cable(ring: Ring, name: str, device: str, addresses: Sequence[str]) -> None:
    """Put a cable between the balancer and a namespace."""
    ip("-n", ring.place("b"), "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", ring.place(name))
    for address in addresses:
        ip("-n", ring.place(name), "address", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))
    for place, link in ((name, "eth0"), ("b", device)):
        ip("-n", ring.place(place), "link", "set", link, "up")


def _connect(ring: Ring) -> None:
    """Cable clients and members to the balancer."""
    own = ring.place("b")
    _cable(ring, "c", "clients", ("203.0.113.2/24", "2001:db8:1::2/64"))
    for address in ("203.0.113.1/24", f"{VIP}/32", "2001:db8:1::1/64", f"{VIP6}/128"):
        ip("-n", own, "address", "add", address, "dev", "clients", *(["nodad"] if ":" in address else []))
    ip("-n", own, "link", "add", "inside", "type", "bridge")
    ip("-n", own, "link", "set", "inside", "up")
    for address in ("10.77.0.1/24", "fd00:77::1/64"):
        ip("-n", own, "address", "add", address, "dev", "inside", *(["nodad"] if ":" in address else []))
    for number, pair in enumerate(zip(MEMBERS, MEMBERS6, strict=True), 1):
        _cable(ring, f"m{number}", f"m{number}", (f"{pair[0]}/24", f"{pair[1]}/64"))
        ip("-n", own, "link", "set", f"m{number}", "master", "inside")
        for route in (("default", "via", "10.77.0.1"), ("-6", "default", "via", "fd00:77::1")):
            words = route if route[0] != "-6" else route[1:]
            ip("-n", ring.place(f"m{number}"), *(["-6"] if route[0] == "-6" else []), "route", "add", *words)
    ip("-n", ring.place("c"), "route", "add", "10.77.0.0/24", "via", "203.0.113.1")
    for networks, way, words in ((CLIENTS, "203.0.113.2", ()), (CLIENTS6, "2001:db8:1::2", ("-6",))):
        ip("-n", own, *words, "route", "add", networks, "via", way)
        ip("-n", ring.place("c"), *words, "route", "add", "local", networks, "dev", "lo")


@contextlib.contextmanager
def running_ring(folder: Path, nginx: Any = None) -> Iterator[Ring]:
    """Make the namespaces, start members, HAProxy and what the service runs; nginx: of an earlier version, running."""
    ring = Ring(folder)
    names = ("b", "c", *(f"m{number}" for number in range(1, len(MEMBERS) + 1)))
    patch = pytest.MonkeyPatch()
    with contextlib.ExitStack() as stack:
        stack.callback(patch.undo)
        for name in names:
            ip("netns", "add", ring.place(name))
            stack.callback(ip, "netns", "delete", ring.place(name))
            ip("-n", ring.place(name), "link", "set", "lo", "up")
            ring.run(name, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0")
        ring.run("b", "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
        ring.run("c", "sysctl", "-qw", "net.ipv6.ip_nonlocal_bind=1")
        _connect(ring)
        for number, addresses in enumerate(zip(MEMBERS, MEMBERS6, strict=True), 1):
            with entered(ring.place(f"m{number}")):
                stack.enter_context(TellingMembers(addresses, (443,)))
                stack.enter_context(TellingMembers(addresses, (3478,), "udp"))
        for name, value in (("STATUS", ring.status), ("FORWARDING", ring.forwarding)):
            patch.setattr(_udp_ring, name, str(value))
        with entered(ring.place("b")):
            ring.haproxy = stack.enter_context(running_haproxy(folder / "tcp"))
            ring.nginx = stack.enter_context(nginx(folder / "nginx")) if nginx else None
        ring.udp = udp_proxy(folder, str(ring.haproxy.fixed["master_socket"]), ring.nginx)
        ring.watch()
        stack.callback(ring.kill_watcher)
        yield ring


def udp_proxy(folder: Path, master_socket: str = "/run/none.sock", nginx: Any = None) -> Proxy:
    """Return the module on a balancer, beside the one for nginx where there is one."""
    nginx_path = str(nginx.path if nginx else folder / "none.conf")
    # As the module has it: a look of the service takes some seconds on a machine with other work.
    fixed = {"master_socket": master_socket, "nginx_path": nginx_path, "seconds": 20}

    def _provider(task: Any, remote: Any, path: str) -> NftablesUdpProvider:
        beside = nginx.remote if nginx else lambda _arguments: {"failed": True, "msg": "there is no nginx"}
        return NftablesUdpProvider(task, remote, path, beside, nginx_path)

    return Proxy(folder, folder / "udp.conf", _provider, nftables_udp_remote, fixed)
