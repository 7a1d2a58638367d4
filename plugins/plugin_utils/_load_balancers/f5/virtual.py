# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a virtual server of a BIG-IP says, whoever wrote it down, and the service of the model that this is.

A declaration, AS3's traces and the REST interface spell the same things differently; each is read into a Virtual, and
only here it becomes a Service. Times are seconds on all of them. A monitor's timeout is how long it waits in all:
down after n failures of an interval each is n x interval + 1 second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..._base.addresses import parse_address
from ..model import Member, MemberState, Monitor, Persistence, PersistenceKind, Service
from .names import Prefix, decoded

ALGORITHMS = {"least-connections": "least-connections-member", "round-robin": "round-robin"}
BACKUP_PRIORITY = 5
ACTIVE_PRIORITY = 10
PROFILES = {"tcp": "tcp_profile", "udp": "udp_profile", "fastl4": "l4_profile"}
"""Kind of profile -> the vendor option that names an existing one."""
_ADMIN_STATES = {"disable": MemberState.DRAINING, "offline": MemberState.DISABLED}


@dataclass(frozen=True)
class PoolMember:
    """A member of a pool: admin_state is AS3's word (enable, disable, offline)."""

    address: str
    port: int
    admin_state: str = "enable"
    priority: int = 0


@dataclass(frozen=True)
class Virtual:
    """A virtual server with all that it points to.

    application, name, affinity: names of the objects. layer4: it forwards packets (FastL4) and ends no connection.
    profile: path of a profile that is not ours, whose values are not known. seconds of persistence 0: none.
    node_port: of a pool without members, where the text tells it.
    """

    application: str
    name: str
    vip: str
    port: int
    protocol: str
    layer4: bool = False
    members: tuple[PoolMember, ...] = ()
    node_port: int = 0
    algorithm: str = "round-robin"
    monitor: tuple[int, int, int] = (0, 5, 16)
    affinity: str = ""
    affinity_seconds: int = 0
    idle_seconds: int | None = None
    nagle: bool = True
    profile: str = ""
    snat: str = "auto"
    options: Mapping[str, object] = field(default_factory=dict)


def service_of(virtual: Virtual) -> Service:
    """Return the service of the model; names that are not ours are taken as they stand."""
    vip, domain = split_domain(virtual.vip)
    port, interval, timeout = virtual.monitor
    node_port = virtual.node_port or (virtual.members[0].port if virtual.members else virtual.port)
    passes = virtual.layer4 or virtual.protocol == "udp"
    return Service(
        name=_name(Prefix.SERVICE, virtual.name),
        pool=_name(Prefix.APPLICATION, virtual.application),
        vip=vip,
        port=virtual.port,
        protocol=virtual.protocol,
        node_port=node_port,
        members=_members(virtual.members),
        monitor=Monitor(port or node_port, interval, max(1, (timeout - 1) // interval) if interval else 1),
        persistence=_persistence(virtual),
        idle_seconds=1800 if virtual.idle_seconds is None else virtual.idle_seconds,
        source_nat=virtual.snat != "none",
        nagle=not virtual.layer4 if passes else virtual.nagle,
        algorithm=next((word for word, theirs in ALGORITHMS.items() if theirs == virtual.algorithm), virtual.algorithm),
        options=_options(virtual, domain),
    )


def split_domain(text: str) -> tuple[str, int | None]:
    """Return the canonical address and the route domain of 10.1.0.100%5."""
    address, _mark, domain = text.partition("%")
    return str(parse_address(address)), int(domain) if domain else None


def _name(prefix: Prefix, name: str) -> str:
    found = decoded(prefix, name)
    return name if found is None else found


def _members(members: tuple[PoolMember, ...]) -> tuple[Member, ...]:
    first = max((member.priority for member in members), default=0)
    return tuple(sorted(Member(split_domain(member.address)[0], _state(member, first)) for member in members))


def _state(member: PoolMember, first: int) -> MemberState:
    if member.admin_state in _ADMIN_STATES:
        return _ADMIN_STATES[member.admin_state]
    return MemberState.BACKUP if member.priority < first or member.priority == BACKUP_PRIORITY else MemberState.ACTIVE


def _persistence(virtual: Virtual) -> Persistence:
    if not virtual.affinity_seconds:
        return Persistence()
    return Persistence(PersistenceKind.SOURCE, virtual.affinity_seconds, group=decoded(Prefix.AFFINITY, virtual.affinity) or "")


def _options(virtual: Virtual, domain: int | None) -> dict[str, object]:
    kind = "fastl4" if virtual.layer4 else virtual.protocol
    found = {
        "fast_l4": True if virtual.layer4 else None,
        "route_domain": domain,
        "snat_pool": virtual.snat if virtual.snat.startswith("/") else None,
        PROFILES[kind]: virtual.profile or None,
    }
    return {**virtual.options, **{name: value for name, value in found.items() if value is not None}}
