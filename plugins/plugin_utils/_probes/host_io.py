# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host is asked for and what it answers.

Probes with their bytes, temporary listeners, its network cards, routes and DNS servers.

    questions = remote_probes(probes, listens=False)     # options of msuc.lync.windows_probe_remote and
    linux_probe_remote facts = read_facts(result)                           # what the host answered

The bytes are STUN (RFC 5389), the endpoint mapper of RPC (C706, [MS-RPCE]) and DNS (RFC 1035). A host only carries
them. A temporary listener of our own sends back what it got, which is_echo recognises.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .._base.addresses import AddressSet
from .._base.errors import AnswerError, understood
from .._base.libraries import dns
from .._base.untyped import mappings, texts
from .._drift.deviations import Deviation
from .._rollout.results import Status, TaskResult
from .plan_view import Deployment, Expected, Kind, Probe, is_ipv6

BANNER = b"msuc.lync temporary listener\n"
_REMOTE_KINDS = {Kind.TCP: "tcp", Kind.TLS: "tls", Kind.STUN: "udp", Kind.RPC: "tcp", Kind.DNS: "udp"}
_HOLD_MILLISECONDS = 300
"""A balancer without a member that is well takes a connection and ends it at once."""
_WILDCARDS = {False: ("0.0.0.0", "::"), True: ("::",)}
_ON_LINK = ("", "0.0.0.0", "::")
NOT_TOLD = "the host was not asked for its network"
_MAGIC_COOKIE = 0x2112A442
_BINDING_REQUEST, _BINDING_ANSWERS = 0x0001, (0x0101, 0x0111)
_BIND, _BIND_ANSWERS = 11, (12, 13)
# The interfaces of the endpoint mapper and of NDR, with their versions.
_MAPPER = bytes.fromhex("0883afe11f5dc91191a408002b14a0fa") + struct.pack("<HH", 3, 0)
_NDR = bytes.fromhex("045d888aeb1cc9119fe808002b104860") + struct.pack("<HH", 2, 0)
_LEAST_SECONDS = 3.0
_NOBODY = "fec0:0:0:ffff::/64"


@dataclass(frozen=True)
class Route:
    """A route: to a network in CIDR notation, by a network card, via a gateway (empty on the link itself)."""

    to: str
    by: str
    via: str
    metric: int

    @property
    def is_default(self) -> bool:
        """Return whether it is for whatever no other route is for."""
        return self.to.endswith("/0")

    @property
    def is_on_link(self) -> bool:
        """Return whether its network is that of the card itself."""
        return self.via in _ON_LINK

    @property
    def text(self) -> str:
        """Return it for people: "10.0.0.0/8 by eth0 to 10.2.0.1"."""
        return f"{self.to} by {self.by}{'' if self.is_on_link else f' to {self.via}'}"


@dataclass(frozen=True)
class Network:
    """What a host answered. interfaces: addresses in CIDR notation by the card's name, of those that are up.

    lasting: networks whose routes outlast a restart, None when nobody knows. problem: why nothing, or not all, is
    known of routes.
    """

    interfaces: Mapping[str, tuple[str, ...]]
    routes: tuple[Route, ...] = ()
    lasting: frozenset[str] | None = None
    dns_servers: tuple[str, ...] = ()
    problem: str = ""

    def cards_of(self, addresses: Iterable[str]) -> frozenset[str]:
        """Return the network cards that have one of the addresses."""
        wanted = AddressSet.parse(addresses)
        own = {name: AddressSet.parse(map(_without_length, texts)) for name, texts in self.interfaces.items()}
        return frozenset(name for name, addresses in own.items() if wanted & addresses)

    def networks_of(self, addresses: Iterable[str]) -> AddressSet:
        """Return the networks that the addresses are in, as their cards say."""
        wanted = AddressSet.parse(addresses)
        each = (text for own in self.interfaces.values() for text in own)
        return AddressSet.parse(text for text in each if AddressSet.parse([_without_length(text)]) <= wanted)

    def defaults(self, family: int) -> tuple[Route, ...]:
        """Return the default routes of a family, the one in use first."""
        found = [route for route in self.routes if route.is_default and (":" in route.to) == (family == 6)]
        return tuple(sorted(found, key=lambda route: route.metric))

    def ways(self, wanted: AddressSet) -> list[tuple[AddressSet, Route | None]]:
        """Return which part of the addresses goes by which route, None for no route.

        The longest network, then the lowest metric.
        """
        found: list[tuple[AddressSet, Route | None]] = []
        for route in sorted(self.routes, key=lambda route: (-int(route.to.rpartition("/")[2]), route.metric)):
            part = wanted & AddressSet.parse([route.to])
            if part:
                found.append((part, route))
                wanted = wanted - part
        return [*found, *([(wanted, None)] if wanted else [])]


def probe_seconds(platform: object, asked: float) -> float:
    """Return how long one probe of a host may take.

    Windows asks again after a refusal and takes it for final after two seconds (nmap issue 2113), so in less time every
    refusal would look as if nobody had answered.
    """
    return max(asked, _LEAST_SECONDS) if platform == "windows" else asked


def read_network(answer: object) -> Network:
    """Return what a host answered under "network".

    Raises KeyError, TypeError or ValueError for what our module never answers.
    """
    if not isinstance(answer, Mapping):
        return Network({}, problem=NOT_TOLD)
    interfaces = {str(each["name"]): tuple(map(_plain, each["addresses"])) for each in answer["interfaces"]}
    routes = [
        Route(_plain(each["to"]), str(each["by"]), _plain(each["via"]), int(each["metric"]))
        for each in answer["routes"]
    ]
    lasting = answer["lasting"]
    return Network(
        interfaces=interfaces,
        # A route by a card that is down leads nowhere.
        routes=tuple(route for route in routes if route.by in interfaces),
        lasting=None if lasting is None else frozenset(map(_plain, lasting)),
        dns_servers=tuple(server for server in map(_plain, answer["dns_servers"]) if not _is_nobody(server)),
        problem=str(answer["problem"]),
    )


def _is_nobody(server: str) -> bool:
    """Return whether a DNS server is one that Windows shows for a card with IPv6 and no servers of its own.

    Nobody has these addresses (fec0:0:0:ffff::1 to ::3 of draft-ietf-ipv6-dns-discovery, which was given up).
    """
    return AddressSet.parse([server]) <= AddressSet.parse([_NOBODY])


def _plain(text: object) -> str:
    """Return an address or network without the card that some systems append to one of its link."""
    address, slash, length = str(text).partition("/")
    return f"{address.partition('%')[0].lower()}{slash}{length}"


def _without_length(network: str) -> str:
    return network.partition("/")[0]


@dataclass(frozen=True)
class Facts:
    """What is known of a host after a run.

    problem: why it could not be asked; empty when it was. answers: by the probe's place in the host's list.
    listeners: (protocol, address, port), None when nobody knows. deviations: of its rules from the plan; is_compared:
    whether they were. not_opened: why temporary listeners that were asked for are not there, "" otherwise.
    """

    problem: str = ""
    is_unreachable: bool = False
    answers: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    listeners: frozenset[tuple[str, str, int]] | None = None
    temporary: frozenset[tuple[str, str, int]] = frozenset()
    deviations: tuple[Deviation, ...] = ()
    is_compared: bool = False
    network: Network = field(default_factory=lambda: Network({}, problem=NOT_TOLD))
    not_opened: str = ""

    def listens(self, protocol: str, address: str, port: int) -> bool:
        """Return whether something listens on a port of an address; one on :: may take IPv4 too."""
        hosts = (address, *_WILDCARDS[is_ipv6(address)])
        return self.listeners is not None and any((protocol, host, port) in self.listeners for host in hosts)

    def listens_elsewhere(self, protocol: str, port: int) -> tuple[str, ...]:
        """Return the addresses on which something listens on a port."""
        known = self.listeners or ()
        return tuple(sorted({address for one, address, number in known if (one, number) == (protocol, port)}))


def remote_probes(probes: Sequence[Probe], listens: bool) -> list[dict[str, object]]:
    """Return probes as options of the module on the host.

    listens: whether temporary listeners may answer, who speak first.
    """
    return [_remote_probe(str(number), probe, listens) for number, probe in enumerate(probes)]


def _remote_probe(number: str, probe: Probe, listens: bool) -> dict[str, object]:
    holds = listens if probe.kind is Kind.TLS else bool(probe.service)
    return {
        "id": number,
        "kind": _REMOTE_KINDS[probe.kind],
        "source": probe.source_address,
        "address": probe.address,
        "port": probe.port,
        "payload": base64.b64encode(payload(probe)).decode(),
        "server_name": next((name for name in probe.names if "." in name and name != probe.source), ""),
        "hold_milliseconds": _HOLD_MILLISECONDS if holds and probe.transport == "tcp" else 0,
    }


def wanted_listeners(probes: Iterable[Probe], deployment: Deployment) -> dict[str, list[dict[str, object]]]:
    """Return per host on what temporary listeners should listen, so that every probe that should pass meets one."""
    found: dict[str, set[tuple[str, str, int]]] = {}
    for probe in probes:
        if probe.expected is Expected.CLOSED or probe.kind is Kind.DNS:
            continue
        if probe.destination in deployment.hosts and not _is_for_a_program(probe, deployment):
            found.setdefault(probe.destination, set()).add((probe.transport, probe.address, probe.port))
        if probe.service:
            service = deployment.services[probe.service]
            for member in service.members:
                behind = [one for one in member.addresses if is_ipv6(one) == is_ipv6(probe.address)]
                ends = ((probe.transport, address, service.planned.node_port) for address in behind[:1])
                found.setdefault(member.host, set()).update(ends)
    names = ("protocol", "address", "port")
    return {host: [dict(zip(names, item, strict=True)) for item in sorted(found[host])] for host in sorted(found)}


def _is_for_a_program(probe: Probe, deployment: Deployment) -> bool:
    rules = deployment.incoming[probe.destination]
    return any(rule.name == probe.rule and rule.program for rule in rules)


def read_facts(
    probed: TaskResult, opened: TaskResult | None = None, deviations: Iterable[Deviation] | None = None
) -> Facts:
    """Return what a host answered to its probes, and to the request for temporary listeners.

    deviations: of its rules from the plan, None when they were not compared. A host that was to probe and left no
    result is not known.
    """
    rules = tuple(deviations or ())
    if not probed.is_done:
        is_unreachable = probed.status is Status.UNREACHABLE
        return Facts(probed.message or "no reason given", is_unreachable, deviations=rules)
    try:
        with understood(f"probes of {probed.device}"):
            return _read_answers(probed.document, opened, rules, deviations is not None)
    except AnswerError as error:
        return Facts(str(error), deviations=rules)


def _read_answers(
    document: Mapping[str, object], opened: TaskResult | None, rules: tuple[Deviation, ...], is_compared: bool
) -> Facts:
    answers = {str(item["id"]): item for item in mappings(document.get("answers"))}
    known = frozenset(map(_parse_listener, texts(document.get("listeners")))) if "listeners" in document else None
    temporary = frozenset(map(_parse_listener, opened.texts("opened"))) if opened else frozenset()
    network = read_network(document.get("network"))
    not_opened = "" if opened is None or opened.is_done else opened.message or "no reason given"
    return Facts("", False, answers, known, temporary, rules, is_compared, network, not_opened)


def received(answer: Mapping[str, object], name: str = "answer") -> bytes:
    """Return bytes of an answer; raises ValueError."""
    return base64.b64decode(str(answer.get(name) or ""), validate=True)


def _parse_listener(text: str) -> tuple[str, str, int]:
    protocol, address, port = text.split(" ")
    return protocol, address.partition("%")[0].lower(), int(port)


@dataclass(frozen=True)
class DnsAnswer:
    """What a DNS server answered: values as texts, sorted.

    error: the name of an error code, or why it makes no sense.
    """

    values: tuple[str, ...] = ()
    error: str = ""
    truncated: bool = False


def payload(probe: Probe) -> bytes:
    """Return what a probe sends after it is connected; nothing when it only connects."""
    if probe.kind is Kind.STUN:
        return struct.pack(">HHI", _BINDING_REQUEST, 0, _MAGIC_COOKIE) + _make_probe_number(probe, 12)
    if probe.kind is Kind.RPC:
        body = struct.pack("<HHIBxHHBx", 4280, 4280, 0, 1, 0, 0, 1) + _MAPPER + _NDR
        return struct.pack("<BBBBIHHI", 5, 0, _BIND, 3, 0x10, 16 + len(body), 0, 1) + body
    return _encode_question(probe) if probe.kind is Kind.DNS else b""


def is_echo(probe: Probe, answer: bytes) -> bool:
    """Return whether a temporary listener sent back what it got."""
    return bool(answer) and answer == payload(probe)


def makes_sense(probe: Probe, answer: bytes) -> bool:
    """Return whether an answer is one to what was asked, whatever it says."""
    if is_echo(probe, answer):
        return True
    if probe.kind is Kind.STUN:
        is_answer = len(answer) >= 20 and struct.unpack(">H", answer[:2])[0] in _BINDING_ANSWERS
        return is_answer and answer[8:20] == _make_probe_number(probe, 12)
    if probe.kind is Kind.RPC:
        return len(answer) > 2 and answer[0] == 5 and answer[2] in _BIND_ANSWERS
    return bool(answer)


def dns_answer(probe: Probe, answer: bytes) -> DnsAnswer:
    """Return what a DNS server answered to a probe."""
    try:
        message = dns.message.from_wire(answer)
    except dns.exception.DNSException as error:
        return DnsAnswer(error=f"the answer makes no sense: {type(error).__name__}")
    if not dns.message.from_wire(payload(probe)).is_response(message):
        return DnsAnswer(error="the answer is one to another question")
    wanted = dns.rdatatype.from_text(probe.question[1])
    values = {item.to_text() for rrset in message.answer if rrset.rdtype == wanted for item in rrset}
    found = tuple(sorted(value.rstrip(".").lower() for value in values))
    code = message.rcode()
    return DnsAnswer(
        found, "" if code == dns.rcode.NOERROR else dns.rcode.to_text(code), bool(message.flags & dns.flags.TC)
    )


def _encode_question(probe: Probe) -> bytes:
    name, kind = probe.question
    message = dns.message.make_query(name, kind, use_edns=0, payload=1232)
    message.id = int.from_bytes(_make_probe_number(probe, 2), "big")
    wire: bytes = message.to_wire()
    return wire


def _make_probe_number(probe: Probe, size: int) -> bytes:
    """Return bytes that stand for a probe: the same one has the same, so that an answer is known as its own."""
    text = "|".join([probe.source, probe.source_address, probe.address, str(probe.port), *probe.question])
    return hashlib.sha256(text.encode()).digest()[:size]
