# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option services: plan files are read as they are, and all that is wrong is said at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import (
    Member,
    MemberState,
    Monitor,
    Persistence,
    PersistenceKind,
    Service,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.options import read_services

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "contoso" / "pools"
POOL = "pool01.contoso.com"


def planned(pool: str) -> list[dict[str, Any]]:
    found = json.loads((GOLDEN / f"{pool}.json").read_text(encoding="utf-8"))["virtual_services"]
    assert isinstance(found, list)
    return found


def test_a_service_of_a_plan_file_is_read_with_all_that_it_says() -> None:
    item = next(each for each in planned(POOL) if each["name"] == f"{POOL}-fe-sip-tls-5061")
    item |= {
        "draining_members": ["10.1.0.13"],
        "members": ["10.1.0.12", "10.1.0.11"],
        "backup_members": ["10.1.0.14"],
        "disabled_members": ["10.1.0.15"],
    }
    members = zip(("11", "12", "13", "14", "15"), ("active", "active", "draining", "backup", "disabled"), strict=True)
    assert read_services([item | {"options": {"maxconn": 5}}]) == (
        Service(
            name=f"{POOL}-fe-sip-tls-5061", pool=POOL, vip="10.1.0.100", port=5061, protocol="tcp", node_port=5061,
            members=tuple(Member(f"10.1.0.{last}", MemberState(state)) for last, state in members),
            monitor=Monitor(5061, 10, 2),
            persistence=Persistence(PersistenceKind.SOURCE, 1200, "", f"{POOL}@10.1.0.100"),
            idle_seconds=1800, source_nat=True, nagle=True, algorithm="least-connections", options={"maxconn": 5},
        ),
    )  # fmt: skip


@pytest.mark.parametrize("pool", [path.stem for path in sorted(GOLDEN.glob("*.json"))])
def test_every_planned_service_is_read(pool: str) -> None:
    items = planned(pool)
    assert [service.name for service in read_services(items)] == sorted(item["name"] for item in items)


def test_all_that_is_wrong_is_said_at_once() -> None:
    first, second, third = planned(POOL)[:3]
    broken = [
        first | {"port": 70000},
        second | {"members": ["10.1.0.999"], "idle_seconds": 0},
        {**third, "vip": "no address"},
    ]
    with pytest.raises(InvalidInputError) as raised:
        read_services(broken)
    text = str(raised.value)
    for word in ("70000", "idle_seconds", "no address", *(f"services[{index}]" for index in range(3))):
        assert word in text


def test_a_name_and_a_listener_are_there_once() -> None:
    first, second = planned(POOL)[:2]
    twin = first | {"name": "another"}
    with pytest.raises(InvalidInputError, match=f"tcp {first['vip']} port {first['port']} is there 2 times"):
        read_services([first, twin])
    with pytest.raises(InvalidInputError, match=f"{first['name']} is there 2 times"):
        read_services([first, second | {"name": first["name"]}])
