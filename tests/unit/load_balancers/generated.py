# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services of any make, as the policy could ask for them, for the laws that every driver keeps."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import (
    Member,
    MemberDown,
    MemberState,
    Monitor,
    Persistence,
    PersistenceKind,
    Service,
    affinity_group,
)
from hypothesis import strategies as st

_POOLS = ("pool01.contoso.com", "edge01.contoso.com")
_seconds = st.sampled_from((60, 90, 1200, 1800, 3600, 9000))


@st.composite
def services(draw: st.DrawFn, protocols: tuple[str, ...] = ("tcp", "udp"), most: int = 5) -> tuple[Service, ...]:
    """Draw services with a name and a listener each, sorted by name.

    Members of one pool have one state in all of them.
    """
    family = draw(st.sampled_from(("10.1.{}.{}", "2001:db8:{}::{}")))
    states = {number: draw(st.sampled_from(MemberState)) for number in range(11, 15)}
    monitors = {
        pool: Monitor(draw(st.integers(1, 65535)), draw(st.integers(9, 60)), draw(st.integers(2, 5)))
        for pool in _POOLS
    }
    kept = {pool: draw(_seconds) for pool in _POOLS}  # services that share an affinity keep it equally long
    listener = st.tuples(
        st.sampled_from(protocols), st.sampled_from((443, 5061, 3478, 80)), st.sampled_from((100, 101))
    )
    listeners = draw(st.lists(listener, max_size=most, unique=True))
    found = [_service(draw, *listener, family, states, monitors, kept) for listener in listeners]
    return tuple(sorted(found, key=lambda service: service.name))


def _service(
    draw: st.DrawFn,
    protocol: str,
    port: int,
    last: int,
    family: str,
    states: dict[int, MemberState],
    monitors: dict[str, Monitor],
    kept: dict[str, int],
) -> Service:
    pool, vip = _POOLS[last - 100], family.format(last - 99, last)
    numbers = draw(st.sets(st.sampled_from(sorted(states)), min_size=1))
    kind = draw(st.sampled_from(PersistenceKind)) if protocol == "tcp" else PersistenceKind.SOURCE
    found = {
        PersistenceKind.NONE: Persistence(),
        PersistenceKind.SOURCE: Persistence(kind, kept[pool], group=affinity_group(pool, vip)),
        PersistenceKind.COOKIE: Persistence(kind, cookie="MS-WSMAN"),
    }
    service = Service(
        name=f"{pool}-{protocol}-{port}", pool=pool, vip=vip, port=port, protocol=protocol,
        node_port=draw(st.sampled_from((port, 4443, 8080))),
        members=tuple(sorted(Member(family.format(1, number), states[number]) for number in numbers)),
        monitor=monitors[pool], persistence=found[kind], idle_seconds=draw(_seconds),
    )  # fmt: skip
    return replace(
        service,
        source_nat=draw(st.booleans()),
        nagle=draw(st.booleans()),
        member_down=draw(st.sampled_from(MemberDown)),
        algorithm=draw(st.sampled_from(("least-connections", "round-robin"))),
    )
