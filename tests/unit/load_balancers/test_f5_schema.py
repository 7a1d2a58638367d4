# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A declaration before it is sent: the published schema, and what neither the schema nor AS3 minds.

The twelve mutations were run through F5's own parser once: it lets the unknown property, the second service on one
address and port, and the hasty monitor through, and the schema alone does not see where pointers lead.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5 import schema
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.driver import F5As3

from tests.unit.load_balancers.f5_services import POOL, example_services, service

SCHEMA = os.environ.get("LYNC_AS3_SCHEMA", "")
needs_schema = pytest.mark.skipif(not SCHEMA, reason="LYNC_AS3_SCHEMA names no copy of AS3's published schema")
VIRTUAL, OTHER, POOL_OF = f"vs-{POOL}-fe-5061", f"vs-{POOL}-fe-5062", f"pool-{POOL}-fe-5061"
Objects = dict[str, Any]


def document() -> tuple[Any, Objects]:
    """Return a declaration of two services, and the objects of its application."""
    made: Any = json.loads(F5As3().render([service(1), service(2)]).text)
    return made, made["Lync"][f"app-{POOL}"]


def port_70000(objects: Objects) -> None:
    objects[VIRTUAL]["virtualPort"] = 70000


def bad_address(objects: Objects) -> None:
    objects[VIRTUAL]["virtualAddresses"] = ["10.1.0.999"]


def bad_mode(objects: Objects) -> None:
    objects[POOL_OF]["loadBalancingMode"] = "least-conn"


def member_twice(objects: Objects) -> None:
    objects[POOL_OF]["members"][0]["serverAddresses"] *= 2


def snat_true(objects: Objects) -> None:
    objects[VIRTUAL]["snat"] = True


def no_class(objects: Objects) -> None:
    del objects["class"]


def dangling_pool(objects: Objects) -> None:
    objects[VIRTUAL]["pool"] = "pool-elsewhere"


def wrong_class(objects: Objects) -> None:
    objects[VIRTUAL]["persistenceMethods"] = [{"use": POOL_OF}]


def ignored_property(objects: Objects) -> None:
    objects[VIRTUAL]["idleTimeout"] = 1800


def same_listener(objects: Objects) -> None:
    objects[OTHER]["virtualPort"] = 5061


def hasty_monitor(objects: Objects) -> None:
    objects["monitor-tcp-5061-10-2"]["timeout"] = 10


def dash_in_a_name(objects: Objects) -> None:
    objects["one-more"] = objects["tcp-1800"]


SCHEMA_SEES = [
    (port_70000, "70000 is greater than the maximum"), (bad_address, 'is not a "f5ip"'), (bad_mode, "least-conn"),
    (member_twice, "has non-unique elements"), (snat_true, "true"), (no_class, "class"),
    (ignored_property, "Service_TCP has no property idleTimeout"),
]  # fmt: skip
WE_SEE = [
    (dangling_pool, "points to 'pool-elsewhere', which is not there"),
    (wrong_class, f"points to '{POOL_OF}', a Pool; allowed: Persist"),
    (same_listener, f"tcp 10.1.0.100 port 5061 is also taken by /Lync/app-{POOL}/{VIRTUAL}"),
    (hasty_monitor, "timeout 10 s is not more than interval 10 s"),
]  # fmt: skip


def checked(mutate: Callable[[Objects], None], path: str | None) -> str:
    made, objects = document()
    schema.check(made, path)
    mutate(objects)
    try:
        schema.check(made, path)
    except InvalidInputError as error:
        return str(error)
    return ""


@needs_schema
@pytest.mark.parametrize(("mutate", "words"), SCHEMA_SEES + WE_SEE)
def test_each_mistake_is_found(mutate: Callable[[Objects], None], words: str) -> None:
    assert words in checked(mutate, SCHEMA)


@needs_schema
def test_a_dash_in_a_name_is_legal() -> None:
    assert not checked(dash_in_a_name, SCHEMA)


@pytest.mark.parametrize(("mutate", "words"), WE_SEE)
def test_mistakes_that_need_no_schema_are_found_without(mutate: Callable[[Objects], None], words: str) -> None:
    assert words in checked(mutate, None)


@needs_schema
def test_the_declaration_of_the_example_is_valid() -> None:
    schema.check(F5As3().render(example_services()).document, SCHEMA)


@needs_schema
def test_every_option_is_valid() -> None:
    options = {
        "allow_vlans": ["/Common/a"],
        "route_domain": 5,
        "snat_pool": "/Common/s",
        "traffic_group": "/Common/traffic-group-2",
    }
    made = [
        service(1, options=options),
        service(2, options={**options, "fast_l4": True}),
        service(3, protocol="udp", options=options),
    ]
    schema.check(F5As3().render(made).document, SCHEMA)
    schema.check(F5As3().render([service(1, options={"tcp_profile": "/Common/mine"})]).document, SCHEMA)


@needs_schema
def test_an_unknown_property_of_a_member_names_the_nearest() -> None:
    def mutate(objects: Objects) -> None:
        objects[POOL_OF]["members"][0]["adminstate"] = "disable"

    assert "Pool_Member has no property adminstate: AS3 ignores it; fix: write adminState" in checked(mutate, SCHEMA)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("f5ip", ["10.1.0.1", "10.1.0.1%5", "10.0.0.0/8", "2001:db8::1%2/64", "any", ""],
         ["10.1.0.256", "10.1.0.1%x", "10.0.0.0/33", "web"]),
        ("f5ipv4", ["10.1.0.1"], ["2001:db8::1"]), ("f5ipv6", ["2001:db8::1"], ["10.1.0.1"]),
        ("f5bigip", ["/Common/a", "/Common/folder/a"], ["Common/a", "/Common", "/Common/a b/c d/e/f"]),
        ("f5pointer", ["/T/A/pool", "@/A/pool", "pool"], ["", "a b"]),
    ],
)  # fmt: skip
def test_formats_of_f5(name: str, good: list[str], bad: list[str]) -> None:
    check = schema.FORMATS[name]
    assert [text for text in good if not check(text)] == []
    assert [text for text in bad if check(text)] == []


def test_a_schema_that_is_none_is_said(tmp_path: Path) -> None:
    made, _objects = document()
    with pytest.raises(InvalidInputError, match="cannot be read"):
        schema.check(made, str(tmp_path / "absent.json"))
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(InvalidInputError, match="is not the schema of AS3"):
        schema.check(made, str(tmp_path / "other.json"))
