# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host is told to do, and what it answers: probes, and temporary listeners.

    told = hand_probes(probes, listens=False)     # options of msuc.lync.windows_probe_remote and linux_probe_host
    facts = read_facts(result)                    # what the host answered
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .._drift.deviations import Deviation
from .messages import payload
from .model import Expected, Kind, Probe
from .network import NOT_TOLD, Network, read_network
from .plan_view import Deployment
from .planned import is_ipv6

BANNER = b"msuc.lync temporary listener\n"
_HAND_KINDS = {Kind.TCP: "tcp", Kind.TLS: "tls", Kind.STUN: "udp", Kind.RPC: "tcp", Kind.DNS: "udp"}
_HOLD_MILLISECONDS = 300
"""A balancer without a member that is well takes a connection and ends it at once."""
_WILDCARDS = {False: ("0.0.0.0", "::"), True: ("::",)}


@dataclass(frozen=True)
class Facts:
    """What is known of a host after a run.

    problem: why it could not be asked; empty when it was. answers: by the probe's place in the host's list.
    listeners: (protocol, address, port), None when nobody knows. deviations: of its rules from the plan; is_compared: whether they were.
    """

    problem: str = ""
    is_unreachable: bool = False
    answers: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    listeners: frozenset[tuple[str, str, int]] | None = None
    temporary: frozenset[tuple[str, str, int]] = frozenset()
    deviations: tuple[Deviation, ...] = ()
    is_compared: bool = False
    network: Network = field(default_factory=lambda: Network({}, problem=NOT_TOLD))

    def listens(self, protocol: str, address: str, port: int) -> bool:
        """Return whether something listens on a port of an address; one on :: may take IPv4 too."""
        hosts = (address, *_WILDCARDS[is_ipv6(address)])
        return self.listeners is not None and any((protocol, host, port) in self.listeners for host in hosts)

    def listens_elsewhere(self, protocol: str, port: int) -> tuple[str, ...]:
        """Return the addresses on which something listens on a port."""
        return tuple(sorted({address for one, address, number in self.listeners or () if (one, number) == (protocol, port)}))


def hand_probes(probes: Sequence[Probe], listens: bool) -> list[dict[str, object]]:
    """Return probes as the options of a hand; listens: whether temporary listeners may answer, who speak first."""
    return [_hand_probe(str(number), probe, listens) for number, probe in enumerate(probes)]


def _hand_probe(number: str, probe: Probe, listens: bool) -> dict[str, object]:
    holds = listens if probe.kind is Kind.TLS else bool(probe.service)
    return {
        "id": number,
        "kind": _HAND_KINDS[probe.kind],
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
    services = {service.name: service for service in deployment.services}
    for probe in probes:
        if probe.expected is Expected.CLOSED or probe.kind is Kind.DNS:
            continue
        if probe.destination in deployment.hosts and not _is_for_a_program(probe, deployment):
            found.setdefault(probe.destination, set()).add((probe.transport, probe.address, probe.port))
        for member in services[probe.service].members if probe.service else ():
            behind = [address for address in member.addresses if is_ipv6(address) == is_ipv6(probe.address)]
            found.setdefault(member.name, set()).update((probe.transport, address, services[probe.service].node_port) for address in behind[:1])
    return {name: [dict(zip(("protocol", "address", "port"), item, strict=True)) for item in sorted(items)] for name, items in sorted(found.items())}


def _is_for_a_program(probe: Probe, deployment: Deployment) -> bool:
    return any(rule.name == probe.rule and rule.program for rule in deployment.hosts[probe.destination].rules)


def read_facts(result: Mapping[str, object], opened: Mapping[str, object], deviations: Iterable[Deviation] | None = None) -> Facts:
    """Return what a host answered to its probes, and to the request for temporary listeners; deviations: None when its rules were not compared."""
    rules = tuple(deviations or ())
    if result.get("unreachable") or result.get("failed"):
        return Facts(str(result.get("msg") or "no reason given"), bool(result.get("unreachable")), deviations=rules)
    answers = {str(item["id"]): item for item in _items(result, "answers") if isinstance(item, Mapping)}
    known = frozenset(map(_listener, _items(result, "listeners"))) if "listeners" in result else None
    temporary = frozenset(map(_listener, _items(opened, "opened")))
    return Facts("", False, answers, known, temporary, rules, deviations is not None, read_network(result.get("network")))


def heard(answer: Mapping[str, object], name: str = "answer") -> bytes:
    """Return bytes of an answer."""
    return base64.b64decode(str(answer.get(name) or ""))


def _items(holder: Mapping[str, object], key: str) -> list[object]:
    items = holder.get(key)
    return items if isinstance(items, list) else []


def _listener(text: object) -> tuple[str, str, int]:
    protocol, address, port = str(text).split(" ")
    return protocol, address.partition("%")[0].lower(), int(port)
