# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What plans rely on: between Exchange servers and those of the product Microsoft supports no restriction, so whoever
has rules towards Exchange is told that these are not all.
"""

from __future__ import annotations

from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.assumptions import EXCHANGE

from .deployments import compiled, host

SERVERS = {
    "se01": host("standard_edition", "10.1.0.11"),
    "edge01": host(
        "edge", "10.2.0.1", pool="edge01.contoso.com",
        external_addresses=dict.fromkeys(("access", "web_conferencing", "av"), "203.0.113.1"),
    ),
}  # fmt: skip
POOLS = {"edge01.contoso.com": {"role": "edge"}}
EXCHANGE_SERVER = {"um01": host("exchange_um", "10.1.0.71", managed=True)}


def who_is_told(more: dict[str, dict[str, object]]) -> set[str]:
    plan = compiled({**SERVERS, **more}, pools=POOLS)
    return {name for name, each in plan.hosts.items() if EXCHANGE in each.assumptions}


def test_rules_towards_exchange_say_that_they_are_not_all_that_it_needs() -> None:
    """On either end; an Edge Server has no rule towards Exchange."""
    assert who_is_told(EXCHANGE_SERVER) == {"se01", "um01"}


def test_exchange_servers_that_the_inventory_does_not_name_are_no_less_restricted() -> None:
    assert who_is_told({}) == {"se01"}


def test_the_assumption_says_what_microsoft_does_not_support() -> None:
    assert "Microsoft supports no restriction of traffic between Exchange servers" in EXCHANGE
