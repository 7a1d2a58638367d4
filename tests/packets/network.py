# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A deployment as network namespaces: one per managed host of a plan, with its firewall, and one per network around
them.

    with Network(plan, zones) as network: network.place_of("10.1.0.11") == "fe01"

All hang on one router. A host has its addresses, one with a side towards the internet on two network cards; the
namespace of a network is everybody else in it, whatever the address: what comes for one of them is its own, and a
socket there may have any of them as its source. Nothing leaves these namespaces.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import shutil
import subprocess
import textwrap
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..lab.lab import ROOT
from ..simulators.netns import entered, ip

ROUTER = "router"
_LOCAL = "route add local default dev lo table 100"
OUTSIDE = "internet"
# As many unreachables as there are closed ports, which Linux otherwise sends at a low rate.
_SETTINGS = (
    "net.ipv4.icmp_ratelimit=0",
    "net.ipv6.icmp.ratelimit=0",
    "net.ipv6.conf.all.accept_dad=0",
    "net.ipv6.conf.default.accept_dad=0",
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0",
)

_MARKS = """table inet way {{
  chain prerouting {{
    type filter hook prerouting priority mangle;
    iifname "{device}" ct mark set 1
    iifname != "{device}" ct mark 1 meta mark set 1
  }}
}}
"""


@dataclass
class Network:
    """The namespaces; hosts: addresses by name, first the one that it speaks from. zones: networks by name, besides
    the internet.

    outside: those addresses of hosts that are on a network card of their own, which has the default route. gateways:
    theirs, when it is the address of another host.
    """

    hosts: Mapping[str, Sequence[str]]
    zones: Mapping[str, Sequence[str]]
    outside: Mapping[str, Sequence[str]] = field(default_factory=dict)
    gateways: Mapping[str, str] = field(default_factory=dict)
    _mark: str = field(default_factory=lambda: uuid.uuid4().hex[:6])
    _made: list[str] = field(default_factory=list)
    _devices: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Network:
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        for name in reversed(self._made):
            shutil.rmtree(self._files(name), ignore_errors=True)
            with contextlib.suppress(RuntimeError):
                ip("netns", "delete", self.full(name))
        self._made.clear()

    def full(self, name: str) -> str:
        """Return the name that the system knows a namespace by."""
        return f"lync-{self._mark}-{name}"

    def _make(self) -> None:
        names = [ROUTER, *self.hosts, *self.zones, OUTSIDE]
        for name in names:
            ip("netns", "add", self.full(name))
            self._made.append(name)
            self.run(
                name,
                [
                    "sysctl",
                    "-qw",
                    *_SETTINGS,
                    *(["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"] if name == ROUTER else []),
                ],
            )
            self._batch(name, ["link set lo up"])
        for number, name in enumerate(names[1:]):
            self._connect(name, f"v{number}")

    def _connect(self, name: str, device: str) -> None:
        """Put cables between the router and a namespace, with routes on both sides; the ends need no addresses of a
        network.
        """
        outside = self.outside.get(name, ())
        own = [address for address in self.hosts.get(name, ()) if address not in outside]
        self._devices[name] = device
        inner = (
            [network for zone, networks in self.zones.items() if zone != "perimeter" for network in networks]
            if outside
            else ["default", "::/0"]
        )
        self._cable(name, device, "eth0", own, inner, own or self.zones.get(name, ("default", "::/0")))
        if outside:
            self._cable(name, f"{device}x", "eth1", outside, ["default", "::/0"], outside)
        if name not in self.hosts:
            self._batch(name, _takes_everything())

    def _cable(
        self, name: str, device: str, end: str, own: Sequence[str], towards: Sequence[str], back: Sequence[str]
    ) -> None:
        """Put one cable: own addresses of its end, networks that the namespace reaches by it, and what the router
        sends there.
        """
        ip(
            "-n",
            self.full(ROUTER),
            "link",
            "add",
            device,
            "type",
            "veth",
            "peer",
            "name",
            end,
            "netns",
            self.full(name),
        )
        gateway = self.gateways.get(name, "169.254.1.1") if end == "eth1" else "169.254.1.1"
        length = "/24" if end == "eth1" else ""
        self._batch(
            name,
            [
                f"link set {end} up",
                f"address add 169.254.1.2/32 dev {end}",
                f"-6 address add fe80::2/64 dev {end} nodad",
                *(
                    f"-6 address add {address} dev {end} nodad"
                    if ":" in address
                    else f"address add {address}{length} dev {end}"
                    for address in own
                ),
                *(
                    f"-6 route add {each} via fe80::1 dev {end} {_source(own, 6)}"
                    if ":" in each
                    else f"route add {each} via {gateway} dev {end} onlink {_source(own, 4)}"
                    for each in towards
                ),
            ],
        )
        routes = (
            f"-6 route add {each} via fe80::2 dev {device} onlink"
            if ":" in each
            else f"route add {each} via 169.254.1.2 dev {device} onlink"
            for each in back
        )
        self._batch(
            ROUTER,
            [
                f"link set {device} up",
                f"address add 169.254.1.1/32 dev {device}",
                f"-6 address add fe80::1/64 dev {device} nodad",
                *routes,
            ],
        )
        # It answers for a gateway that is another host: the way there leads through it.
        self.run(
            ROUTER, ["sysctl", "-qw", f"net.ipv4.conf.{device}.proxy_arp=1", f"net.ipv4.neigh.{device}.proxy_delay=0"]
        )

    def _batch(self, name: str, lines: Iterable[str]) -> None:
        """Run lines of ip in a namespace, those that begin with -6 after the others."""
        listed = list(lines)
        for option in ("-4", "-6"):
            text = "".join(
                f"{line.removeprefix('-6 ')}\n" for line in listed if line.startswith("-6 ") == (option == "-6")
            )
            done = subprocess.run(
                ["ip", option, "-n", self.full(name), "-batch", "-"],
                input=text,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise RuntimeError(f"{name}: {done.stderr}\n{text}")

    def return_through(self, name: str) -> None:
        """Lead answers to what a namespace sent, whatever its source, back to it, and there to who sent it: a balancer
        without source NAT.
        """
        device = self._devices[name]
        self.run(name, ["sh", "-e"], _documented_script())
        self.run(ROUTER, ["nft", "-f", "-"], _MARKS.format(device=device))
        self._batch(
            ROUTER,
            [
                "rule add fwmark 1 lookup 201",
                f"route add default via 169.254.1.2 dev {device} onlink table 201",
                "-6 rule add fwmark 1 lookup 201",
                f"-6 route add default via fe80::2 dev {device} onlink table 201",
            ],
        )

    def _files(self, name: str) -> Path:
        """Return the folder whose files ip-netns puts in the place of those of /etc for programs in a namespace."""
        return Path("/etc/netns") / self.full(name)

    def ask(self, name: str, server: str) -> None:
        """Let programs in a namespace ask a DNS server."""
        folder = self._files(name)
        folder.mkdir(parents=True)
        (folder / "resolv.conf").write_text(f"nameserver {server}\n", encoding="utf-8")

    def speak_from(self, name: str, address: str) -> None:
        """Give the namespace of a network an address that programs there speak from."""
        self._batch(
            name,
            [
                f"address replace {address} dev eth0",
                f"route replace default via 169.254.1.1 dev eth0 onlink src {address}",
            ],
        )

    def run(self, name: str, command: Sequence[str], given: str = "") -> str:
        """Run a program in a namespace; returns what it prints."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.full(name), *command], input=given, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{name}: {' '.join(command)}: {done.stderr}")
        return done.stdout

    @contextlib.contextmanager
    def without_power(self, name: str) -> Iterator[None]:
        """Let a namespace neither hear nor say anything."""
        chains = "".join(f"chain {hook} {{ type filter hook {hook} priority -300; policy drop; }}\n"
                         for hook in ("input", "output"))  # fmt: skip
        self.run(name, ["nft", "-f", "-"], f"table inet power {{\n{chains}}}\n")
        try:
            yield
        finally:
            self.run(name, ["nft", "delete", "table", "inet", "power"])

    def start(self, name: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a program in a namespace."""
        return subprocess.Popen(["ip", "netns", "exec", self.full(name), *command])

    @contextlib.contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Let sockets that are made meanwhile belong to a namespace."""
        with entered(self.full(name)):
            yield

    def place_of(self, address: str) -> str:
        """Return the namespace of an address."""
        host = next((name for name, own in self.hosts.items() if address in own), None)
        return host or self._zone_of(ipaddress.ip_address(address))

    def _zone_of(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
        fitting = [
            (network.prefixlen, name)
            for name, texts in self.zones.items()
            for network in map(ipaddress.ip_network, texts)
            if network.version == address.version and address in network
        ]
        return max(fitting)[1] if fitting else OUTSIDE


def _documented_script() -> str:
    """Return what the documentation tells users to run on a balancer without source NAT."""
    text = (ROOT / "docs" / "load-balancers.md").read_text(encoding="utf-8").partition("## Without source NAT")[2]
    found = re.search(r"^ +content: \|\n((?:      .*\n|\n)+)", text, re.MULTILINE)
    assert found is not None
    return textwrap.dedent(found[1])


def _source(own: Sequence[str], family: int) -> str:
    """Return the words that let a host speak from its first address of a family."""
    return next((f"src {address}" for address in own if (":" in address) == (family == 6)), "")


def _takes_everything() -> list[str]:
    found: list[str] = []
    for option in ("", "-6 "):
        found += [f"{option}rule add iif eth0 lookup 100", f"{option}{_LOCAL}"]
    return found
