# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services for tests of drivers of appliances: by hand, from the golden plans, and as hypothesis makes them."""

from __future__ import annotations

import json
import pathlib
from typing import Any

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

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "golden" / "contoso" / "pools"
POOL = "pool01.contoso.com"
NONE, SOURCE, COOKIE = Persistence(), PersistenceKind.SOURCE, Persistence(PersistenceKind.COOKIE, cookie="MS-WSMAN")


def item(name: str = "sip-5061", **more: Any) -> dict[str, Any]:
    """Return a service as a plan file has it."""
    plain = {
        "name": name,
        "pool": POOL,
        "rows": ["S2"],
        "vip": "10.1.0.100",
        "port": 5061,
        "protocol": "tcp",
        "node_port": more.get("port", 5061),
        "members": ["10.1.0.11", "10.1.0.12"],
        "backup_members": [],
        "draining_members": [],
        "disabled_members": [],
        "persistence": {"type": "source", "seconds": 1200, "group": f"{POOL}@10.1.0.100"},
        "idle_seconds": 1800,
        "monitor": {"type": "tcp", "port": 5061, "interval_seconds": 10, "failures": 2},
        "source_nat": True,
        "nagle": True,
        "algorithm": "least-connections",
        "balancers": ["lb01"],
        "options": {},
    }
    return {**plain, **more}


def service(name: str = "sip-5061", **more: Any) -> Service:
    return read_services([item(name, **more)])[0]


def golden_items() -> list[dict[str, Any]]:
    """Return the services of the example, as its plan files have them, without options, which are of its own drivers.
    """
    return [
        {**found, "options": {}}
        for path in sorted(GOLDEN.glob("*.json"))
        for found in json.loads(path.read_text(encoding="utf-8"))["virtual_services"]
    ]


def golden() -> tuple[Service, ...]:
    return read_services(golden_items())


@st.composite
def services(draw: st.DrawFn, options: st.SearchStrategy[dict[str, object]] | None = None) -> tuple[Service, ...]:
    """Draw services as policy could make them: addresses and ports once, one duration per affinity."""
    sockets = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["10.1.0.100", "10.1.0.101", "2001:db8::100"]),
                st.sampled_from([443, 444, 3478, 5061, 65530]),
                st.sampled_from(["tcp", "udp"]),
            ),
            unique=True,
            max_size=8,
        )
    )
    durations = {vip: draw(st.integers(1, 90000)) for vip in ("10.1.0.100", "10.1.0.101", "2001:db8::100")}
    return tuple(
        sorted(
            (draw(_service(number, socket, durations[socket[0]], options)) for number, socket in enumerate(sockets)),
            key=lambda found: found.name,
        )
    )


@st.composite
def _service(
    draw: st.DrawFn,
    number: int,
    socket: tuple[str, int, str],
    seconds: int,
    options: st.SearchStrategy[dict[str, object]] | None,
) -> Service:
    vip, port, protocol = socket
    hosts = draw(st.lists(st.integers(1, 30), unique=True, max_size=4))
    prefix = "2001:db8::" if ":" in vip else "10.1.0."
    shared = Persistence(SOURCE, seconds, group=f"{POOL}@{vip}")
    alone = Persistence(SOURCE, draw(st.integers(1, 90000)))
    return Service(
        name=f"{POOL}-{protocol}-{number}",
        pool=POOL,
        vip=vip,
        port=port,
        protocol=protocol,
        node_port=draw(st.sampled_from([port, 4443])),
        members=tuple(sorted(Member(f"{prefix}{host}", draw(st.sampled_from(MemberState))) for host in hosts)),
        monitor=Monitor(draw(st.sampled_from([5061, 443])), draw(st.integers(2, 200)), draw(st.integers(1, 20))),
        persistence=draw(st.sampled_from([NONE, COOKIE, shared, alone])),
        idle_seconds=draw(st.integers(1, 90000)),
        source_nat=draw(st.booleans()),
        nagle=draw(st.booleans()),
        algorithm=draw(st.sampled_from(["least-connections", "round-robin"])),
        member_down=draw(st.sampled_from(MemberDown)),
        options={} if options is None else draw(options),
    )
