# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Role change and leaving altogether: nothing of the old role is left on any host, nor in DNS."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from tests.lab.site_lab import GROUP
from tests.lab.test_dns_site import FOREIGN, DnsLab, inventory
from tests.lab.test_site import held, ok, state_of
from tests.simulators import ipsec_store
from tests.simulators.bind import MISSING, ZONE, Bind, present

pytestmark = [pytest.mark.skipif(not present(), reason=MISSING), pytest.mark.no_cover]

MEDIATION = "med01.contoso.com"


def start(servers: list[dict[str, object]]) -> dict[str, Any]:
    """Return the inventory before anything moves; its balancer is somebody else's."""
    document = inventory(servers)
    document["all"]["children"]["load_balancers"]["hosts"]["lb01"]["lync_managed"] = False
    return document


def moved(servers: list[dict[str, object]]) -> dict[str, Any]:
    """Return the inventory in which fe12 became a Mediation Server of its own, and fe22 has no role any more."""
    document = start(servers)
    front_ends = document["all"]["children"]["frontend"]["hosts"]
    document["all"]["vars"]["lync_pools"][MEDIATION] = {"role": "mediation"}
    document["all"]["children"]["mediation"] = {"hosts": {"fe12": {**front_ends.pop("fe12"), "lync_pool": MEDIATION}}}
    document["all"]["hosts"] = {"fe22": {"ansible_host": front_ends.pop("fe22")["ansible_host"]}}
    return document


def exemptions(site: DnsLab, host: str) -> list[str]:
    return [text for text in ipsec_store.shown(site.lab.stores[host]).values() if f"EmbedCtxt={GROUP}" in text]


def test_nothing_of_the_old_role_is_left(tmp_path: pathlib.Path) -> None:
    with Bind(tmp_path / "bind", {"internal": {ZONE: FOREIGN}}) as bind, DnsLab(tmp_path, bind) as site:
        site.file.write_text(json.dumps(start(site.servers)), encoding="utf-8")
        foreign = {host: site.foreign(host) for host in site.lab.stores}
        ok(site.run("site", "-e", "lync_ipsec=true"))
        assert {"10.1.0.11", "10.1.0.12"} == site.names()["pool01 A"] and exemptions(site, "fe22")
        site.file.write_text(json.dumps(moved(site.servers)), encoding="utf-8")
        before = state_of(site)
        refused = site.run("retire", "-e", "lync_retire=fe21,fe99", "-e", "lync_ipsec=true")
        assert refused.status != 0 and state_of(site) == before
        assert "fe21 is still in frontend" in refused.output and "'fe99' is no host of the inventory" in refused.output
        nobody = site.run("retire")
        assert nobody.status != 0 and "lync_retire: names no host" in nobody.output and state_of(site) == before
        ok(site.run("retire", "-e", "lync_retire=fe22", "-e", "lync_ipsec=true"))
        assert held(site) == {**planned_of(site), "fe22": set()}
        assert exemptions(site, "fe22") == []
        rest = [rule for host in site.lab.stores for rule in site.rules(host)]
        assert rest and not any("10.1.0.22" in rule["RemoteAddresses"] for rule in rest)
        assert not any(rule["Name"].startswith("Lync fe-") for rule in site.rules("fe12"))
        assert {host: site.foreign(host) for host in site.lab.stores} == foreign
        names = site.names()
        assert names["pool01 A"] == {"10.1.0.11"} and names["med01 A"] == {"10.1.0.12"}
        assert not any("10.1.0.22" in values for values in names.values())
        writes = site.counts("writes")
        ok(site.run("retire", "-e", "lync_retire=fe22", "-e", "lync_ipsec=true"))
        assert site.counts("writes") == writes


def planned_of(site: DnsLab) -> dict[str, set[str]]:
    return {
        host: {rule["name"] for rule in plan["firewall_rules"]}
        for host, plan in site.plans().items()
        if host in site.lab.stores
    }
