# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan was made of: equal as long as the inventory says the same, in whatever order."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.inputs import inputs_of
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost

from .deployments import host, inventory

HOSTS: Mapping[str, Mapping[str, object]] = {
    "fe01": host("frontend", "10.1.0.11", pool="pool01.contoso.com"),
    "se01": host("standard_edition", "10.1.0.21"),
}
POOLS = {"pool01.contoso.com": {"role": "frontend", "load_balancing": "none"}}
KEY = {"address": "10.1.0.5", "zones": ["contoso.com"], "key_secret": "c2VjcmV0"}


# pylint: disable-next=dangerous-default-value
def digest(hosts: Mapping[str, Mapping[str, object]] = HOSTS, **common: object) -> str:
    return inputs_of(inventory(hosts, **{"pools": POOLS, **common})).inventory


def test_order_says_nothing() -> None:
    turned = {name: dict(reversed(HOSTS[name].items())) for name in reversed(HOSTS)}
    assert digest(turned, pools={"pool01.contoso.com": dict(reversed(POOLS["pool01.contoso.com"].items()))}) == digest()


@pytest.mark.parametrize(
    "change",
    [{"pools": {}}, {"version": "2013"}, {"features": ["cac"]}, {"hosts": {"fe01": HOSTS["fe01"]}},
     {"hosts": {**HOSTS, "se01": host("standard_edition", "10.1.0.22")}},
     {"hosts": {**HOSTS, "se01": host("standard_edition mediation", "10.1.0.21")}}],
    ids=["pools", "version", "features", "a host less", "an address", "a role"],
)  # fmt: skip
def test_what_the_plan_is_made_of_counts(change: Mapping[str, object]) -> None:
    assert digest(**change) != digest()  # type: ignore[arg-type]


def test_options_of_a_run_and_secrets_count_not() -> None:
    assert digest(plan_baseline="plan", verify=True) == digest()
    assert digest(dns_servers=[KEY]) == digest(dns_servers=[{**KEY, "key_secret": "b3RoZXI="}])


def test_who_leaves_counts() -> None:
    hosts: dict[str, InventoryHost] = inventory(HOSTS)
    assert inputs_of(hosts, ["fe01"]) != inputs_of(hosts)
