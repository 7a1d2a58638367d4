# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Deployments that others published, as inventories in tests/cases, and invented ones in tests/further_cases, with what
each needs by the pages of the vendor, a line for each need.

A line of checks.txt; the reason stands behind the #:

  admit yes|no HOST PROTO PORT SOURCE [LOCAL]     is this inbound flow allowed?
  dns yes|no VIEW NAME TYPE [VALUE]               does the plan hold this record (with this value)?
  service yes|no POOL PORT                        does the pool have a virtual service on this port?
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet, PortSet
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import FirewallRule, Plan

from .examples import ROOT, inventory_of

CASES, INVENTED = ROOT / "tests" / "cases", ROOT / "tests" / "further_cases"
Words = list[str]


@functools.cache
def plan_of(case: Path) -> Plan:
    return compile_inventory(inventory_of(case / "hosts.yml"))


def lines(path: Path) -> list[str]:
    texts = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [text for text in texts if text]


def checks(root: Path) -> list[tuple[Path, str]]:
    return [(path.parent, text) for path in sorted(root.glob("*/checks.txt")) for text in lines(path)]


def admits(rule: FirewallRule, protocol: str, port: str, source: str, local: str) -> bool:
    return (
        (rule.direction, rule.action, rule.enabled) == ("in", "allow", True)
        and rule.protocol in (protocol, "any")
        and PortSet.parse([port]) <= PortSet.parse(rule.localport)
        and AddressSet.parse([source]) <= AddressSet.parse(rule.remoteip)
        and (not local or AddressSet.parse([local]) <= AddressSet.parse(rule.localip))
    )


def is_admitted(plan: Plan, words: Words) -> bool:
    name, protocol, port, source, *local = words
    rules = plan.hosts[name].firewall_rules if name in plan.hosts else ()
    return any(admits(rule, protocol, port, source, "".join(local)) for rule in rules)


def is_recorded(plan: Plan, words: Words) -> bool:
    view, name, kind, *value = words
    records = (record for pool in plan.pools.values() for record in pool.dns_records)
    found = [record for record in records if (record.view, record.name, record.type) == (view, name, kind)]
    return any(not value or any(value[0] in text.split() for text in record.values) for record in found)


def is_balanced(plan: Plan, words: Words) -> bool:
    pool, port = words
    return any(service.port == int(port) for service in plan.pools[pool].virtual_services)


ASKED: Mapping[str, Callable[[Plan, Words], bool]] = {
    "admit": is_admitted, "dns": is_recorded, "service": is_balanced,
}  # fmt: skip


def is_kept(case: Path, text: str) -> bool:
    kind, wanted, *words = text.split()
    return ASKED[kind](plan_of(case), words) is (wanted == "yes")


@pytest.mark.parametrize(("case", "text"), checks(CASES))
def test_what_a_published_deployment_needs(case: Path, text: str) -> None:
    assert is_kept(case, text)


@pytest.mark.parametrize(("case", "text"), checks(INVENTED))
def test_what_an_invented_deployment_needs(case: Path, text: str) -> None:
    assert is_kept(case, text)


def test_all_checks_are_there() -> None:
    assert len(checks(CASES)) == 120
    assert len(checks(INVENTED)) > 100
