# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A full example as packets: its hosts with their firewalls and servers, HAProxy and msuc-lync-udp as its balancers.

    with deployment(folder, FABRIKAM) as made: made.servers.run(probes, seconds=5)

Contoso is written for an appliance in front of the Edge Servers and for IPv4 there. Here that is a Linux balancer,
the A/V Edge has IPv6 too, and who enforces rules is a Linux host; all else is as the example has it. Fabrikam is as it
is written; what translates addresses before its Edge Servers and reverse proxies is not played, so whoever asks from
the Internet asks for the addresses behind it, which rules are bound to.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.msuc.lync.plugins.module_utils import _udp_ring
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.ruleset import Table, lines_of
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy import driver as haproxy
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nftables import driver as nftables_udp
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.options import read_services
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.documents import plain
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import Plan
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.plan_view import Deployment as Probed

from ..lab.lab import ROOT
from ..simulators.proxies import HAPROXY
from ..unit.compiler.examples import inventory_of
from .flows import HostFlows, ports_of
from .network import Network
from .probes import Probe, Servers

Document = dict[str, Any]
EDGE_POOL, APPLIANCE = "edge01.contoso.com", "lb02"
AV, AV_VIP = {"edge01": "2001:db8:2::41", "edge02": "2001:db8:2::42"}, "2001:db8:2::12"
# Those that verify.yml is run on.
LINUX = ("fe01", "fe02", "dir01", "dir02", "edge01", "rp01")
DNS = {"internal": ("10.1.0.93", "internal"), "external": ("198.51.100.53", "internet")}
"""By view, the address of its server, and the namespace that it is in."""
_MAIN = """global
    maxconn 4000
    stats socket {socket} mode 600 level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
"""


@dataclass(frozen=True)
class Example:
    """An example and what surrounds it here. zones: networks by name, besides the Internet. change: what is written
    otherwise, of hosts.yml and group_vars/all.yml. transparent: the balancer that keeps addresses of clients, which is
    the gateway of some hosts, by their names.
    """

    name: str
    zones: Mapping[str, tuple[str, ...]]
    change: Callable[[Document, Document], None]
    transparent: str | None = None
    gateways: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Deployment:
    """An example as packets; inventory: the directory that it was planned from. members: who is behind (address, port,
    protocol).
    """

    inventory: Path
    plans: dict[str, Document]
    network: Network
    servers: Servers
    hosts: dict[str, HostFlows]
    pools: list[Document]
    members: dict[tuple[str, int, str], frozenset[str]]
    sockets: dict[str, Path]

    def expected(self, probe: Probe) -> frozenset[str]:
        """Return who may answer: the host itself, or the members behind a virtual address."""
        return self.members.get(
            (probe.target, probe.port, probe.protocol), frozenset({self.network.place_of(probe.target)})
        )

    def firewall(self, name: str, rules: HostFlows) -> None:
        """Give a host the table of its rules."""
        table = Table("drop", tuple(line for rule in rules.rules for line in lines_of(rule)))
        self.network.run(name, ["nft", "-f", "-"], table.script())


def _change_contoso(hosts: Document, common: Document) -> None:
    """Make the appliance a Linux balancer, those that verify.yml asks Linux hosts, and give the A/V Edge IPv6."""
    groups: Mapping[str, Mapping[str, Document]] = {
        name: group["hosts"] for name, group in hosts["all"]["children"].items()
    }
    for name, address in AV.items():
        own = groups["edge"][name]["lync_external_addresses"]
        own["av"] = [own["av"], address]
    groups["load_balancers"][APPLIANCE] |= {"lync_balancer_driver": "haproxy"}
    groups["load_balancers"][APPLIANCE]["lync_balancer_addresses"].append("2001:db8:2::3")
    for name in LINUX:
        next(group[name] for group in groups.values() if group.get(name))["lync_platform"] = "linux"
    vips = common["lync_pools"][EDGE_POOL]["external_vips"]
    vips["av"] = [vips["av"], AV_VIP]
    common["lync_dns_servers"] = [
        {"address": address, "zones": ["contoso.com"], "view": view} for view, (address, _place) in DNS.items()
    ]


# The plan of Contoso assumes that what is in front of the A/V Edge keeps the client's address, that answers come back
# through it, and that the virtual address of the Access Edge is the gateway of its servers.
CONTOSO = Example(
    "contoso",
    {
        "clients": ("10.10.0.0/16", "10.12.0.0/16", "2001:db8:10::/48"),
        "perimeter": ("10.2.0.0/16", "203.0.113.0/24", "2001:db8:2::/48"),
        "internal": ("10.0.0.0/8", "2001:db8:1::/48"),
    },
    _change_contoso,
    APPLIANCE,
    dict.fromkeys(AV, "203.0.113.10"),
)
FABRIKAM = Example(
    "fabrikam",
    {
        "clients": ("10.60.0.0/14", "2001:db8:60::/48"),
        "perimeter": ("172.20.0.0/15", "203.0.113.0/24"),
        "internal": ("10.0.0.0/8", "2001:db8:50::/48"),
    },
    lambda _hosts, _common: None,
)


def inventory(folder: Path, example: Example) -> Path:
    """Write an example with what is different here; returns the directory."""
    path = folder / example.name
    shutil.copytree(ROOT / "examples" / example.name, path)
    names = ("hosts.yml", "group_vars/all.yml")
    documents = [yaml.safe_load((path / name).read_text(encoding="utf-8")) for name in names]
    example.change(*documents)
    for name, document in zip(names, documents, strict=True):
        (path / name).write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


@contextlib.contextmanager
def deployment(folder: Path, example: Example = CONTOSO) -> Iterator[Deployment]:
    """Make the network, the servers, the load balancers and the firewalls."""
    source = inventory(folder, example)
    known = inventory_of(source)
    plan = compile_inventory(known)
    plans = {name: _document(host) for name, host in plan.hosts.items()}
    pools = [_document(pool) for pool in plan.pools.values()]
    services = [service for pool in pools for service in pool["virtual_services"]]
    addresses = {
        name: list(dict.fromkeys([*host.balancer_addresses, *host.addresses, *_vips(services, name)]))
        for name, host in plan.hosts.items()
    }
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(_network(plan, addresses, example))
        servers = Servers(network)
        stack.callback(servers.close)
        members = {
            (each["vip"], each["port"], each["protocol"]): frozenset(map(network.place_of, each["members"]))
            for each in services
        }
        hosts = {name: HostFlows.of(plan, addresses[name]) for name, plan in plans.items()}
        balancers = sorted({name for service in services for name in service["balancers"]})
        made = Deployment(
            source,
            plans,
            network,
            servers,
            hosts,
            pools,
            members,
            {name: folder / f"{name}.sock" for name in balancers},
        )
        for host in hosts.values():
            _equip(made, host)
        if example.transparent:
            network.return_through(example.transparent)
        for name in balancers:
            own = [service for service in services if name in service["balancers"]]
            stack.enter_context(
                _haproxy(made, name, [service for service in own if service["protocol"] == "tcp"], folder)
            )
            stack.enter_context(
                _leading(made, name, [service for service in own if service["protocol"] == "udp"], folder)
            )
        yield made


def _vips(services: Sequence[Document], name: str) -> list[str]:
    return [service["vip"] for service in services if service["balancers"][0] == name]


def _document(item: object) -> Document:
    document = plain(item)
    assert isinstance(document, dict)
    return document


def _network(plan: Plan, addresses: Mapping[str, Sequence[str]], example: Example) -> Network:
    """Return the network: a host with a side towards the internet has a card for it."""
    sides = Probed.of(plan).outside
    outside = {name: sides[name] for name, host in plan.hosts.items() if {"edge", "reverse_proxy"} & set(host.roles)}
    return Network(addresses, example.zones, outside, example.gateways)


def _equip(made: Deployment, host: HostFlows) -> None:
    """Start the servers of a host and its firewall; what a balancer listens on is not served here."""
    ports = {("udp" if rule.protocol == 17 else "tcp", port) for rule in host.inbound for port in ports_of(rule)}
    proxied = {(protocol, port) for vip, port, protocol in made.members if vip in host.addresses}
    made.servers.serve(host.name, ports - proxied)
    if host.rules:
        made.firewall(host.name, host)


@contextlib.contextmanager
def _haproxy(made: Deployment, name: str, services: Sequence[Document], folder: Path) -> Iterator[None]:
    """Run HAProxy with the services of a balancer; monitors of a test ask more often."""
    path, socket = folder / f"{name}.cfg", made.sockets[name]
    text = haproxy.DRIVER.render(read_services(_asked_often(services))).text
    path.write_text(_MAIN.format(socket=socket) + text, encoding="utf-8")
    # In master mode, as Debian's unit starts it: the master is asked by what leads UDP.
    command = [str(HAPROXY), "-W", "-db", "-q", "-S", str(_master(socket)), "-f", str(path)]
    with _running(made, name, command, socket):
        yield


def _master(socket: Path) -> Path:
    return socket.with_suffix(".master")


@contextlib.contextmanager
def _leading(made: Deployment, name: str, services: Sequence[Document], folder: Path) -> Iterator[None]:
    """Let the kernel lead UDP services as msuc-lync-udp does on a host that forwarded nothing before."""
    path, status, forwarding = (folder / f"{name}.{kind}" for kind in ("udp", "json", "forwarding"))
    path.write_text(nftables_udp.DRIVER.render(read_services(_asked_often(services))).text, encoding="utf-8")
    forwarding.touch()
    made.network.run(name, ["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"])
    arguments = map(str, (path, _master(made.sockets[name]), status, forwarding))
    command = [sys.executable, _udp_ring.__file__, *arguments]
    with _running(made, name, command, status):
        yield


def _asked_often(services: Sequence[Document]) -> list[Document]:
    return [{**service, "monitor": {**service["monitor"], "interval_seconds": 1}} for service in services]


@contextlib.contextmanager
def _running(made: Deployment, name: str, command: Sequence[str], ready: Path) -> Iterator[None]:
    """Run a program in a namespace, once its file is there."""
    process = made.network.start(name, command)
    try:
        end = time.monotonic() + 20
        while not ready.exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        assert ready.exists() and process.poll() is None, command
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
