# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services for the tests of f5_as3: one as a plan has it, those of the examples, and any at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import (
    Member,
    MemberDown,
    MemberState,
    Monitor,
    Persistence,
    PersistenceKind,
    Service,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.options import read_services
from hypothesis import strategies as st

POOL = "pool01.contoso.com"
GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "contoso" / "pools"


def service(number: int = 1, **values: object) -> Service:
    """Return a service as plans have it, with some fields changed."""
    made = Service(
        name=f"{POOL}-fe-{5060 + number}", pool=POOL, vip="10.1.0.100", port=5060 + number, protocol="tcp",
        node_port=5060 + number,
        members=(Member("10.1.0.11"), Member("10.1.0.12")), monitor=Monitor(5061),
        persistence=Persistence(PersistenceKind.SOURCE, 1200, group=f"{POOL}@10.1.0.100"),
    )  # fmt: skip
    return replace(made, **values)  # type: ignore[arg-type]


def example_services(pool: str = "*") -> tuple[Service, ...]:
    """Return the services of the golden plans of the large example, of one pool or of all, without vendor options."""
    items = [
        {**item, "options": {}}
        for path in sorted(GOLDEN.glob(f"{pool}.json"))
        for item in json.loads(path.read_text(encoding="utf-8"))["virtual_services"]
    ]
    return read_services(items)


_NAMES = st.text(st.sampled_from("abzAZ09.-_@% é"), min_size=1, max_size=24)
_PATHS = st.sampled_from(["/Common/a", "/Common/folder/b", "/Common/c-1"])
_STATES = st.sampled_from(MemberState)
_PERSISTENCE = st.one_of(
    st.just(Persistence()),
    st.just(Persistence(PersistenceKind.COOKIE, cookie="MS-WSMAN")),
    st.integers(1, 604800).map(lambda seconds: Persistence(PersistenceKind.SOURCE, seconds)),
)
_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "allow_vlans": st.lists(_PATHS, min_size=1, unique=True),
        "route_domain": st.integers(0, 65534),
        "snat_pool": _PATHS,
        "fast_l4": st.booleans(),
        "tcp_profile": _PATHS.map(lambda path: f"{path}-tcp"),
        "udp_profile": _PATHS.map(lambda path: f"{path}-udp"),
        "l4_profile": _PATHS.map(lambda path: f"{path}-l4"),
        "traffic_group": st.just("/Common/traffic-group-2"),
    },
)


@st.composite
def any_services(draw: st.DrawFn) -> list[Service]:
    """Return services of several pools: each pool has its own addresses and options, ports are there once."""
    made: list[Service] = []
    for index, pool in enumerate(draw(st.lists(_NAMES, min_size=1, max_size=3, unique=True))):
        options, six = draw(_OPTIONS), draw(st.booleans())
        net = f"2001:db8:{index + 1}::" if six else f"10.{index}.0."
        seconds = draw(st.integers(1, 604800))
        for port in draw(st.lists(st.integers(1, 65535), min_size=1, max_size=3, unique=True)):
            hosts = draw(st.lists(st.integers(1, 99), max_size=4, unique=True))
            persistence = draw(
                st.one_of(
                    _PERSISTENCE, st.just(Persistence(PersistenceKind.SOURCE, seconds, group=f"{pool}@{net}100"))
                )
            )
            made.append(
                Service(
                    name=f"{pool}-{port}",
                    pool=pool,
                    vip=f"{net}100",
                    port=port,
                    protocol=draw(st.sampled_from(["tcp", "udp"])),
                    node_port=draw(st.integers(1, 65535)),
                    members=tuple(sorted(Member(f"{net}{host}", draw(_STATES)) for host in hosts)),
                    monitor=Monitor(draw(st.integers(1, 65535)), draw(st.integers(1, 60)), draw(st.integers(1, 10))),
                    persistence=persistence,
                    idle_seconds=draw(st.integers(1, 86400)),
                    source_nat=draw(st.booleans()),
                    nagle=draw(st.booleans()),
                    algorithm=draw(st.sampled_from(["least-connections", "round-robin"])),
                    member_down=draw(st.sampled_from(MemberDown)),
                    options=options,
                )
            )
    return list({service.name: service for service in made}.values())
