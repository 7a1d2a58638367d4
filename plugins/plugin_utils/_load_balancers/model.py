# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The neutral model of load balancing: what every driver renders, and what every driver's parse returns.

    Service(
        name="pool01.contoso.com-fe-sip-tls-5061", pool="pool01.contoso.com",
        vip="10.1.0.100", port=5061, protocol="tcp", node_port=5061,
        members=(Member("10.1.0.11"), Member("10.1.0.12", MemberState.DRAINING)),
        persistence=Persistence(PersistenceKind.SOURCE, seconds=1200, group="pool01.contoso.com@10.1.0.100"),
        idle_seconds=1800, monitor=Monitor(port=5061, interval_seconds=10, failures=2), source_nat=True, nagle=True,
    )

Addresses are canonical texts of one address each, times are whole seconds. Two services are the same configuration
exactly when they are equal; members are sorted by address, because no device keeps their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import Enum
from typing import TypeVar


class MemberState(str, Enum):
    """What a member of a service does.

    ACTIVE takes traffic; BACKUP takes it when no active member is well; DRAINING keeps the sessions that it has and
    takes no new ones; DISABLED takes nothing.
    """

    ACTIVE = "active"
    BACKUP = "backup"
    DRAINING = "draining"
    DISABLED = "disabled"


class PersistenceKind(str, Enum):
    """By what a client comes back to the same member."""

    NONE = "none"
    SOURCE = "source"
    COOKIE = "cookie"


class MemberDown(str, Enum):
    """What becomes of the connections of a member that its monitor finds down: they are closed, or kept."""

    CLOSE = "close"
    KEEP = "keep"


@dataclass(frozen=True, order=True)
class Member:
    """One member of a service, by its address; its port is the service's node_port."""

    address: str
    state: MemberState = MemberState.ACTIVE


@dataclass(frozen=True)
class Persistence:
    """How long a client keeps its member.

    seconds: of SOURCE only. cookie: the name of the cookie, of COOKIE only. group: services of one group share their
    affinity, so that a client has one member across all their ports; empty when the service stands alone.
    """

    kind: PersistenceKind = PersistenceKind.NONE
    seconds: int = 0
    cookie: str = ""
    group: str = ""


def affinity_group(pool: str, vip: str) -> str:
    """Return the name of the affinity that services of a virtual address share: "pool01.contoso.com@10.1.0.100"."""
    return f"{pool}@{vip}"


@dataclass(frozen=True)
class Monitor:
    """How a member is found to be well: a TCP connection to a port of its address.

    A member is down after failures of them in a row, interval_seconds apart.
    """

    port: int
    interval_seconds: int = 10
    failures: int = 2
    kind: str = "tcp"


@dataclass(frozen=True)
class Service:
    """One virtual service: where the balancer listens, and what takes the traffic.

    pool: the deployment's pool, by which services are found when one pool is stopped.
    protocol: tcp or udp. algorithm: least-connections or round-robin.
    source_nat: members see an address of the balancer; without it they see the client's.
    nagle: False where small packets must not wait (TCP_NODELAY).
    member_down: a client behind a proxy does not notice that its member lost power, unless the proxy closes.
    options: of the vendor, from the closed list of the driver; compared like any other field.
    """

    name: str
    pool: str
    vip: str
    port: int
    protocol: str
    node_port: int
    members: tuple[Member, ...]
    monitor: Monitor
    persistence: Persistence = Persistence()
    idle_seconds: int = 1800
    source_nat: bool = True
    nagle: bool = True
    algorithm: str = "least-connections"
    member_down: MemberDown = MemberDown.CLOSE
    options: Mapping[str, object] = field(default_factory=dict)


_Part = TypeVar("_Part", Service, Persistence)


def with_fields(value: _Part, **wanted: object) -> _Part:
    """Return a value with other values of fields; itself where they are its own, as most are of thousands."""
    if all(getattr(value, name) == wanted_value for name, wanted_value in wanted.items()):
        return value
    return replace(value, **wanted)  # type: ignore[arg-type]


def plain(value: object) -> object:
    """Return a value of the model as mappings, lists and scalars."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value
