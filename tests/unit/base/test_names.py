# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that stand in configurations of proxies: one word each, in modules, the schema of plans and drivers alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.names import PATTERNS, is_name, name_problems
from ansible_collections.msuc.lync.plugins.plugin_utils._base.untyped import PLAN_SCHEMA
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.driver import DRIVER as HAPROXY
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx.driver import DRIVER as NGINX
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.options import read_services
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.model import read_publications
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.provider import DRIVERS

from tests.unit.load_balancers.samples import item, service
from tests.unit.publications.samples import BRIDGED

CODE = (
    "a b", "a;b", "a{", "a}", "a\n", "\na", 'a"', "a'", "a#b", "a\\b", "a$b", "a\x00", "a\x1b[2J", "a\u2028b",
    "\u212ab", "",
)  # fmt: skip
PUBLISHED = {
    "name": "pool01.contoso.com", "host_names": ["meet.contoso.com"], "listens": ["203.0.113.61"],
    "members": [{"address": "10.1.0.100", "state": "active"}], "https_port": 443, "https_node_port": 4443,
    "http_port": 80, "http_node_port": 8080, "mode": "bridge", "certificate": "/a.pem", "ca": "/ca.pem",
    "idle_seconds": 60,
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(set(PATTERNS) - {"affinity", "pool"}))
@pytest.mark.parametrize("text", CODE)
def test_no_name_is_more_than_a_word(kind: str, text: str) -> None:
    assert not is_name(kind, text) and not is_name(kind, f"/{text}" if text else "/")


def test_what_names_are_like() -> None:
    assert is_name("service", "pool01.contoso.com-edge-av-udp-3478") and is_name("service", "2001:db8::1-sip-5061")
    assert is_name("path", "/etc/ssl/lync/web.pem") and is_name("affinity", "") and is_name("interface", "eth0.100")
    assert not any(is_name("path", text) for text in ("/etc/../x", "/..", "/x/..", "etc", "/"))


def test_the_schema_of_plans_has_the_same_patterns() -> None:
    definitions = json.loads(PLAN_SCHEMA.read_text(encoding="utf-8"))["$defs"]
    of_service = definitions["virtual_service"]["properties"]
    of_publication = definitions["publication"]["properties"]
    found = {
        "service": {of_service["name"]["pattern"]},
        "pool": {of_service["pool"]["pattern"]},
        "cookie": {of_service["persistence"]["properties"]["name"]["pattern"]},
        "affinity": {of_service["persistence"]["properties"]["group"]["pattern"]},
        "published": {of_publication["name"]["pattern"], of_publication["host_names"]["items"]["pattern"]},
    }
    assert found == {kind: {PATTERNS[kind]} for kind in found}
    start, _dollar, end = PATTERNS["path"].removeprefix("^").rpartition("$")
    optional = f"^({start})?${end}"
    assert {of_publication[key]["pattern"] for key in ("certificate", "ca")} == {optional}
    assert HAPROXY.options["interface"]["pattern"] == PATTERNS["interface"]
    patterns = _patterns(definitions)
    assert len(patterns) > 10 and all(pattern.endswith(r"$(?!\n)") for pattern in patterns)


def _patterns(value: object) -> list[str]:
    if isinstance(value, list):
        return [pattern for each in value for pattern in _patterns(each)]
    if not isinstance(value, dict):
        return []
    own = [value["pattern"]] if isinstance(value.get("pattern"), str) else []
    return [*own, *(pattern for each in value.values() for pattern in _patterns(each))]


@pytest.mark.parametrize("text", CODE)
def test_modules_take_no_code(text: str) -> None:
    strange = ({"pool": text},) if text else ()
    for change in ({"name": text}, *strange, {"persistence": {"type": "cookie", "name": text}}):
        with pytest.raises(InvalidInputError):
            read_services([item(**change)])
    certificates = ({"certificate": f"/{text}.pem"}, {"certificate": "/a.pem\n"}, {"ca": "/etc/../x"})
    for change in ({"name": text}, {"host_names": [text]}, *(certificates if text else ())):
        with pytest.raises(InvalidInputError):
            read_publications([{**PUBLISHED, **change}])
    assert read_publications([PUBLISHED])


@pytest.mark.parametrize("text", [text for text in CODE if text])
def test_drivers_write_no_code(text: str) -> None:
    renders: list[tuple[Callable[[Any], object], Any]] = [
        (driver.render, replace(service(protocol=protocol), **{key: text}))
        for driver, protocol in ((HAPROXY, "tcp"), (NGINX, "udp"))
        for key in ("name", "pool")
    ]
    strange = ({"name": text}, {"host_names": (text,)}, {"certificate": f"/{text}"}, {"ca": f"/{text}"})
    renders += [(driver.render, replace(BRIDGED, **change)) for driver in DRIVERS.values() for change in strange]
    for render, given in renders:
        with pytest.raises(InvalidInputError):
            render([given])


def test_only_what_is_no_name_is_a_problem_and_its_place_is_told() -> None:
    names = {"name": ("service", "sip-5061"), "pool": ("pool", "a b"), "certificate": ("path", "relative.pem")}
    assert [(each.place, each.allowed) for each in name_problems("services[0]", names)] == [
        ("services[0], pool", "letters, digits and . _ : -"),
        ("services[0], certificate", "a path on the proxy, without blanks, quotes and .."),
    ]
