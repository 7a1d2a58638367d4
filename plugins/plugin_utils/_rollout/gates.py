# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""May a host close? Only when no load balancer or reverse proxy still sends it what its plan no longer admits.

    in_the_way(Member("fe22", ("10.1.0.22",), "pool01", now=rules it has, later=rules of its plan), suspects(senders, wanted targets))
    == ("lb02 is not as planned, and the rules that go admit it",)

A host that moved from one pool to another is a member of the old one for as long as the old pool's balancer is as it was:
because it failed, because the pool waits, or because nothing is removed from it (merged).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .._base.addresses import AddressSet
from .._base.ports import ANY, PortSet
from .._plan.files import Document

Target = tuple[str, int, str]
"""Where traffic is sent: address, port, protocol."""
Result = Mapping[str, object]
_IDLE = "disabled"
# What a publication sends to members, by the fields that hold the ports.
_NODE_PORTS = ("https_node_port", "http_node_port")


@dataclass(frozen=True)
class Sender:
    """A load balancer or reverse proxy of a run.

    pools: that it is to serve. addresses: from which it speaks, a text each. targets: where it sends to after the run, as far as known.
    """

    name: str
    pools: tuple[str, ...]
    failed: bool
    addresses: tuple[str, ...] = ()
    targets: frozenset[Target] = frozenset()


@dataclass(frozen=True)
class Member:
    """A host that is to close; now and later: its rules as options, as it has them and as the plan has them."""

    name: str
    addresses: tuple[str, ...]
    pool: str = ""
    now: Sequence[Mapping[str, object]] = ()
    later: Sequence[Mapping[str, object]] = ()


def sender_of(name: str, pools: Iterable[str], addresses: Iterable[str], results: Sequence[Result]) -> Sender:
    """Return a sender by the results of its tasks; one that failed sends what it sent before, where it told that."""
    failed = any(result.get("failed") or result.get("unreachable") for result in results)
    found = {target for result in results for target in _sent_by(result)}
    return Sender(name, tuple(pools), failed, tuple(addresses), frozenset(found))


def _sent_by(result: Result) -> Iterator[Target]:
    side = "before" if result.get("failed") else "after"
    for item in _mappings(result.get(side)):
        for member in _mappings(item.get("members")):
            if member.get("state") != _IDLE:
                yield from ((str(member.get("address")), port, protocol) for port, protocol in _node_ports(item))


def _node_ports(item: Mapping[str, object]) -> Iterator[tuple[int, str]]:
    if "node_port" in item:
        yield int(str(item["node_port"])), str(item.get("protocol"))
    yield from ((int(str(item[name])), "tcp") for name in _NODE_PORTS if name in item)


def wanted_targets(pools: Iterable[Document], hosts: Iterable[Document]) -> dict[str, set[Target]]:
    """Return where each balancer and reverse proxy of a plan sends to; pools and hosts: plan documents.

    What one sender is to send, the member may refuse from another one: its rules name addresses.
    """
    found: dict[str, set[Target]] = {}
    for service in (service for pool in pools for service in _mappings(pool.get("virtual_services"))):
        addresses = [address for kind in ("members", "backup_members", "draining_members") for address in _texts(service.get(kind))]
        for unit in _texts(service.get("balancers")):
            found.setdefault(unit, set()).update((address, *place) for address in addresses for place in _node_ports(service))
    for host in hosts:
        for item in _mappings(host.get("publications")):
            addresses = [str(member.get("address")) for member in _mappings(item.get("members"))]
            found.setdefault(str(host["host"]), set()).update((address, *place) for address in addresses for place in _node_ports(item))
    return found


def suspects(senders: Iterable[Sender], wanted: Mapping[str, set[Target]]) -> tuple[Sender, ...]:
    """Return the senders that failed or send where they are not to, with those targets alone."""
    found = (replace(sender, targets=sender.targets - wanted.get(sender.name, set())) for sender in senders)
    return tuple(sender for sender in found if sender.failed or sender.targets)


def in_the_way(member: Member, senders: Iterable[Sender]) -> tuple[str, ...]:
    """Return why a host must not close yet, one line per sender out of suspects(); nothing when it may."""
    mine = set(member.addresses)
    found = ((sender.name, _why_not(member, mine, sender)) for sender in senders)
    return tuple(f"{name} {why}" for name, why in found if why)


def _why_not(member: Member, mine: set[str], sender: Sender) -> str:
    stale = sorted(target for target in sender.targets if target[0] in mine)
    if stale:
        return f"still sends to {', '.join(f'{address} {protocol.upper()} {port}' for address, port, protocol in stale)}"
    if sender.failed and member.name == sender.name:
        return "itself is not as planned"
    if sender.failed and member.pool in sender.pools:
        return f"of its pool {member.pool} is not as planned"
    if sender.failed and _loses(member, sender.addresses):
        return "is not as planned, and the rules that go admit it"
    return ""


def _loses(member: Member, sources: Iterable[str]) -> bool:
    """Return whether one of the sources may come to a port now and not later."""
    for source in sources:
        now, later = _ports(member.now, source), _ports(member.later, source)
        if any(ports - later.get(protocol, PortSet()) for protocol, ports in now.items()):
            return True
    return False


def _ports(rules: Iterable[Mapping[str, object]], source: str) -> dict[str, PortSet]:
    """Return the ports by protocol to which rules admit a source."""
    found: dict[str, PortSet] = {}
    for rule in rules:
        if (rule.get("direction"), rule.get("action")) == ("in", "allow") and rule.get("enabled", True) and _meets(rule.get("remoteip"), source):
            protocol = str(rule.get("protocol")).lower()
            found[protocol] = found.get(protocol, PortSet()) | _port_set(rule.get("localport"))
    return found


def _meets(value: object, source: str) -> bool:
    """Return whether addresses hold a source; a keyword that only the host understands may."""
    try:
        return bool(AddressSet.parse(_texts(value) or ["any"]) & AddressSet.parse([source]))
    except ValueError:
        return True


def _port_set(value: object) -> PortSet:
    try:
        return PortSet.parse(_texts(value) or ["any"])
    except ValueError:
        return ANY


def _texts(value: object) -> list[str]:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else [str(item) for item in value] if isinstance(value, (list, tuple)) else []


def _mappings(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, (list, tuple)) else []
