# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A second Edge pool is found by a name of its own outside; without one nobody comes through it, and that is said."""

from __future__ import annotations

import pytest

from tests.unit.compiler.deployments import compiled, host

HOSTS = {
    "se01": host("standard_edition", "10.1.0.11"),
    **{f"edge{number}": host(
        "edge", f"10.2.0.{number}", pool=f"edge{number}.contoso.com",
        external_addresses=dict.fromkeys(("access", "web_conferencing", "av"), f"203.0.113.{number}"),
    ) for number in (1, 2)},
}  # fmt: skip
MESSAGE = "pool edge2.contoso.com, external_fqdns: no name outside leads to this Edge pool"


@pytest.mark.parametrize(
    ("names", "is_told"), [({}, True), ({"access": "sip2.contoso.com"}, False)], ids=["no name", "a name"]
)
def test_an_edge_pool_that_nobody_finds_is_told(names: dict[str, str], is_told: bool) -> None:
    pools = {"edge1.contoso.com": {"role": "edge"}, "edge2.contoso.com": {"role": "edge", "external_fqdns": names}}
    plan = compiled(HOSTS, pools=pools, sip_domains=["contoso.com"])
    assert any(MESSAGE in text for text in plan.warnings) is is_told
    values = {value for pool in plan.pools.values() for record in pool.dns_records for value in record.values}
    assert ("203.0.113.2" in values) is not is_told
