# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""May a host close? Only when no load balancer or reverse proxy still sends it what its plan no longer admits.

    member = Member("fe22", ("10.1.0.22",), "pool01", now=rules that it has, later=rules of its plan)
    in_the_way(member, suspects(senders, wanted targets))
    == ("lb02 is not as planned, and the rules that go admit it",)

A host that moved from one pool to another is a member of the old one for as long as the old pool's balancer is as it
was: because it failed, because the pool waits, or because nothing is removed from it (merged).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .._base.addresses import ANY_PORT, AddressSet, PortSet
from .._plan.model import HostPlan, PoolPlan
from .results import TaskResult

Target = tuple[str, int, str]
"""Where traffic is sent: address, port, protocol."""
Rule = Mapping[str, object]


@dataclass(frozen=True)
class Sender:
    """A load balancer or reverse proxy of a run.

    pools: that it is to serve. addresses: from which it speaks, a text each. targets: where it sends to after the
    run, as far as known.
    """

    name: str
    pools: tuple[str, ...]
    failed: bool
    addresses: tuple[str, ...] = ()
    targets: frozenset[Target] = frozenset()


@dataclass(frozen=True)
class Member:
    """A host that is to close.

    now: its rules as options, as it has them, None where that is not known. later: those of its plan.
    """

    name: str
    addresses: tuple[str, ...]
    pool: str = ""
    now: Sequence[Rule] | None = ()
    later: Sequence[Rule] = ()


def sender_of(name: str, pools: Iterable[str], addresses: Iterable[str], results: Sequence[TaskResult]) -> Sender:
    """Return a sender by the results of its tasks.

    One that does not tell where it sends is not known to be as planned.
    """
    failed = any(not result.is_done or "sends" not in result.document for result in results)
    found = {target for result in results for target in _targets(result.document.get("sends"))}
    return Sender(name, tuple(pools), failed, tuple(addresses), frozenset(found))


def _targets(value: object) -> Iterator[Target]:
    for item in value if isinstance(value, (list, tuple)) else ():
        address, port, protocol = item
        yield str(address), int(port), str(protocol)


def wanted_targets(pools: Iterable[PoolPlan], proxies: Iterable[HostPlan]) -> dict[str, set[Target]]:
    """Return where each balancer and reverse proxy of a plan sends to.

    What one sender is to send, the member may refuse from another one: its rules name addresses.
    """
    found: dict[str, set[Target]] = {}
    for service in (service for pool in pools for service in pool.virtual_services):
        addresses = (*service.members, *service.backup_members, *service.draining_members)
        targets = {(address, service.node_port, service.protocol) for address in addresses}
        for unit in service.balancers:
            found.setdefault(unit, set()).update(targets)
    for host in proxies:
        for item in host.publications or ():
            ports = (item.https_node_port, item.http_node_port)
            targets = {(member.address, port, "tcp") for member in item.members for port in ports}
            found.setdefault(host.host, set()).update(targets)
    return found


def suspects(senders: Iterable[Sender], wanted: Mapping[str, set[Target]]) -> tuple[Sender, ...]:
    """Return the senders that failed or send where they are not to, with those targets alone."""
    found = (replace(sender, targets=sender.targets - wanted.get(sender.name, set())) for sender in senders)
    return tuple(sender for sender in found if sender.failed or sender.targets)


def in_the_way(member: Member, senders: Iterable[Sender]) -> tuple[str, ...]:
    """Return why a host must not close yet, one line per sender out of suspects(); nothing when it may."""
    own = set(member.addresses)
    found = ((sender.name, _explain_sender(member, own, sender)) for sender in senders)
    return tuple(f"{name} {why}" for name, why in found if why)


def _explain_sender(member: Member, own: set[str], sender: Sender) -> str:
    stale = sorted(target for target in sender.targets if target[0] in own)
    if stale:
        return (
            f"still sends to {', '.join(f'{address} {protocol.upper()} {port}' for address, port, protocol in stale)}"
        )
    if sender.failed and member.name == sender.name:
        return "itself is not as planned"
    if sender.failed and member.pool in sender.pools:
        return f"of its pool {member.pool} is not as planned"
    if sender.failed and _loses(member, sender.addresses):
        return "is not as planned, and the rules that go admit it"
    return ""


def _loses(member: Member, sources: Sequence[str]) -> bool:
    """Return whether one of the sources may come to a port now and not later; what cannot be read may."""
    if member.now is None or not all(map(_is_readable, sources)):
        return True
    for source in sources:
        now, later = _collect_admitted_ports(member.now, source), _collect_admitted_ports(member.later, source)
        if any(ports - later.get(protocol, PortSet()) for protocol, ports in now.items()):
            return True
    return False


def _collect_admitted_ports(rules: Iterable[Rule], source: str) -> dict[str, PortSet]:
    """Return the ports by protocol to which rules admit a source."""
    found: dict[str, PortSet] = {}
    for rule in rules:
        admits = (rule.get("direction"), rule.get("action")) == ("in", "allow") and rule.get("enabled", True)
        if admits and _holds_source(rule.get("remoteip"), source):
            protocol = str(rule.get("protocol")).lower()
            found[protocol] = found.get(protocol, PortSet()) | _read_port_set(rule.get("localport"))
    return found


def _is_readable(source: str) -> bool:
    try:
        return bool(AddressSet.parse([source]))
    except ValueError:
        return False


def _holds_source(value: object, source: str) -> bool:
    """Return whether addresses hold a source; a keyword that only the host understands may."""
    try:
        return bool(AddressSet.parse(_split_list(value) or ["any"]) & AddressSet.parse([source]))
    except ValueError:
        return True


def _read_port_set(value: object) -> PortSet:
    try:
        return PortSet.parse(_split_list(value) or ["any"])
    except ValueError:
        return ANY_PORT


def _split_list(value: object) -> list[str]:
    """Return the items of a list of the rule's options, which may also be one text with commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else []
