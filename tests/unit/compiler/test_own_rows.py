# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows of a site's own: for classes that groups stand for, for one pool, and for roles that the catalogue lacks."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import HostPlan

from .deployments import Variables, compiled, host

POOL, OTHER = "pool01.contoso.com", "pool02.contoso.com"
HOSTS = {
    "fe01": host("frontend", "10.1.0.11", pool=POOL),
    "fe21": host("frontend", "10.21.0.11", pool=OTHER),
    "rec01": host("recorders", "10.7.0.31"),
}
POOLS: dict[str, Variables] = {POOL: {"role": "frontend"}, OTHER: {"role": "frontend"}}
TO_FRONT_ENDS = {
    "id": "recorder-agents", "component": "frontend", "transports": ["tcp"], "port": 29299, "direction": "in",
    "peers": [{"class": "recorders"}],
}  # fmt: skip
TO_RECORDERS = {
    **TO_FRONT_ENDS, "id": "recorder", "component": "recorders", "port": 11112, "peers": [{"class": "frontend"}],
}  # fmt: skip


def admitted(plan: HostPlan, port: int) -> tuple[str, ...]:
    found = [rule.remoteip for rule in plan.firewall_rules if (rule.direction, rule.localport) == ("in", (str(port),))]
    return found[0] if found else ()


def test_groups_of_a_site_are_peers_and_components() -> None:
    hosts = {**HOSTS, "rec01": {**HOSTS["rec01"], "lync_managed": True}}
    found = compiled(
        hosts, pools=POOLS, classes={"recorders": ["recorders"]}, extra_rows=[TO_FRONT_ENDS, TO_RECORDERS]
    ).hosts
    assert admitted(found["fe01"], 29299) == ("10.7.0.31",)
    assert admitted(found["rec01"], 11112) == ("10.1.0.11", "10.21.0.11")
    assert len(found["rec01"].firewall_rules) == 1


def test_a_class_that_nobody_defined_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="'recorders' is not a role or class"):
        compiled(HOSTS, pools=POOLS, extra_rows=[TO_FRONT_ENDS])


def test_a_pool_changes_rows_for_its_own_members() -> None:
    override = {"select": "id=='fe-web-conferencing'", "set": {"port": 8099}}
    found = compiled(HOSTS, pools={**POOLS, OTHER: {**POOLS[OTHER], "row_overrides": [override]}}).hosts
    assert (admitted(found["fe21"], 8099), admitted(found["fe21"], 8057)) == (("10.10.0.0/16",), ())
    assert (admitted(found["fe01"], 8099), admitted(found["fe01"], 8057)) == ((), ("10.10.0.0/16",))


def test_a_mistake_in_rows_of_a_pool_names_the_pool() -> None:
    override = {"select": "id=='fe-web-conference'", "set": {"port": 8099}}
    with pytest.raises(InvalidInputError, match=r"pool pool02\.contoso\.com, lync_row_overrides"):
        compiled(HOSTS, pools={**POOLS, OTHER: {**POOLS[OTHER], "row_overrides": [override]}})


@pytest.mark.parametrize("role", ["pstn_gateways", "e911_gateways", "dns_servers", "video_gateways", "admin_hosts"])
def test_a_role_without_rows_is_not_managed(role: str) -> None:
    """It would be blessed silently; rows of the site's own make it one that has some."""
    more = {**HOSTS, "more01": host(role, "10.8.0.1", managed=True)}
    with pytest.raises(InvalidInputError, match=f"version 2010 has no rows for {role}"):
        compiled(more, pools=POOLS)
    row = {**TO_FRONT_ENDS, "component": role, "peers": [{"class": "frontend"}]}
    assert admitted(compiled(more, pools=POOLS, extra_rows=[row]).hosts["more01"], 29299)
