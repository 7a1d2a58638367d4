# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each record of the table in docs/dns.md against each input that it needs: with all of them nothing is said and the
record is in the plan; without one of them the record is gone, and a warning or an error says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError, Problem
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory import checks_records, read
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.build import Check, Draft
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import Plan

from tests.unit.compiler.deployments import compiled, host, inventory

Deployment = dict[str, Any]
SERVICES = ("access", "web_conferencing", "av")
TABLE = re.compile(r"^\| Name \| Internal view .*?\n\n", re.M | re.S)
DNS_PAGE = Path(__file__).parents[3] / "docs" / "dns.md"


def full() -> Deployment:
    """Return hosts, pools and common variables of a deployment that has each record of the table."""
    hosts = {
        "fe01": host("frontend", "10.1.0.11", pool="pool01.contoso.com"),
        "fe02": host("frontend", "10.1.0.12", pool="pool01.contoso.com"),
        "fe21": host("frontend", "10.1.0.21", pool="pool02.contoso.com"),
        "lb01": host("load_balancers", "10.1.0.5", balancer_driver="haproxy", balancer_addresses=["10.1.0.5"]),
        "rp01": host("reverse_proxy", "10.2.0.61", external_nat_address="203.0.113.61"),
        **{
            f"edge{number}": host(
                "edge",
                f"10.2.0.{number}",
                pool=f"edges{number}.contoso.com",
                external_addresses={service: f"172.16.{at}.{number}" for at, service in enumerate(SERVICES)},
                external_nat_addresses={service: f"203.0.{at}.{number}" for at, service in enumerate(SERVICES)},
            )
            for number in (1, 2)
        },
    }
    names = [{"access": f"sip{no}.contoso.com", "web_conferencing": f"wc{no}.contoso.com"} for no in (1, 2)]
    pools = {
        "pool01.contoso.com": {
            "role": "frontend",
            "load_balancing": "dns",
            "balancer": "lb01",
            "web_vip": "10.1.0.101",
            "web_fqdn": "web01.contoso.com",
            "external_web_fqdn": "webext01.contoso.com",
        },
        "pool02.contoso.com": {"role": "frontend", "external_web_fqdn": "webext02.contoso.com"},
        "edges1.contoso.com": {"role": "edge", "external_fqdns": {**names[0], "av": "av1.contoso.com"}},
        "edges2.contoso.com": {"role": "edge", "external_fqdns": {**names[1], "av": "av2.contoso.com"}},
    }
    common = {
        "version": "2013",
        "features": ["federation", "xmpp", "mobility"],
        "central_management_pool": "pool01.contoso.com",
        "home_pools": {"*": {"sites": {"oslo": {"internal": "pool02.contoso.com"}}}},
        "sip_domains": ["contoso.com"],
        "simple_urls": {kind: f"https://{kind}.contoso.com" for kind in ("meet", "dialin")},
        "time_server": "time.contoso.com",
    }
    return {"hosts": hosts, "pools": pools, "common": common}


def plan_of(deployment: Deployment) -> Plan:
    return compiled(deployment["hosts"], pools=deployment["pools"], **deployment["common"])


def found_in(plan: Plan) -> set[str]:
    """Return each record as VIEW NAME, one with several targets also as VIEW NAME TARGET."""
    records = [record for pool in plan.pools.values() for record in pool.dns_records]
    targets = {f"{each.view} {each.name} {value.split()[-1]}" for each in records for value in each.values}
    return {f"{each.view} {each.name}" for each in records} | targets


def common(name: str, value: object = None) -> Callable[[Deployment], None]:
    """Leave out a variable of the deployment, or one key of it, written NAME.KEY."""

    def change(of: Deployment) -> None:
        outer, _dot, key = name.partition(".")
        of["common"].pop(outer) if not key else of["common"][outer].pop(key)
        of["common"].update({outer: value} if value is not None else {})

    return change


def pool(name: str, *keys: str) -> Callable[[Deployment], None]:
    def change(of: Deployment) -> None:
        place = of["pools"][f"{name}.contoso.com"]
        for key in keys[:-1]:
            place = place[key]
        place.pop(keys[-1])

    return change


def on_host(name: str, variable: str) -> Callable[[Deployment], None]:
    return lambda of: of["hosts"][name].pop(f"lync_{variable}")


def renamed(old: str, new: str) -> Callable[[Deployment], None]:
    """Give a pool another name everywhere."""

    def change(of: Deployment) -> None:
        of["pools"][new] = of["pools"].pop(old)
        for each in of["hosts"].values():
            each.update({"lync_pool": new} if each.get("lync_pool") == old else {})
        of["common"] = json.loads(json.dumps(of["common"]).replace(f'"{old}"', f'"{new}"'))

    return change


def without_proxies(of: Deployment) -> None:
    del of["hosts"]["rp01"]


def features_of_the_other_edge(of: Deployment) -> None:
    of["hosts"]["edge1"]["lync_features"] = []


def named_like_its_pool(of: Deployment) -> None:
    first = of["hosts"]["edge2"]
    addresses = {service: f"172.17.{at}.3" for at, service in enumerate(SERVICES)}
    more = {"lync_external_addresses": addresses, "lync_external_nat_addresses": {}, "ansible_host": "10.2.0.3"}
    of["pools"]["edges2.contoso.com"]["load_balancing"] = "dns"
    of["hosts"] |= {"edge2": {**first, "lync_fqdn": "edges2.contoso.com"}, "edge3": {**first, **more}}


def access_elsewhere(of: Deployment) -> None:
    of["pools"]["edges2.contoso.com"]["external_fqdns"]["access"] = "sip.elsewhere.com"


# First cell of the row, the record that goes, what is left out, what is told.
CASES = [
    ("the pool", "internal pool02.contoso.com", renamed("pool02.contoso.com", "pool02"), "pool pool02: the name has"),
    ("each Edge", "internal edge2.contoso.com", renamed("edges2.contoso.com", "edges2"), "host edge2, lync_fqdn"),
    ("each Edge", "internal edge2.contoso.com", named_like_its_pool, "edges2.contoso.com is the name of its"),
    ("`web_fqdn`", "internal web01.contoso.com", pool("pool01", "web_fqdn"), "pool pool01.contoso.com, web_fqdn"),
    *(
        ("`external_web_fqdn`", f"external {name}.contoso.com", change, told)
        for name, change, told in (
            ("webext01", pool("pool01", "external_web_fqdn"), "pool pool01.contoso.com, external_web_fqdn: not set"),
            ("webext01", without_proxies, "pool pool01.contoso.com, external_web_nat_vip: no reverse proxy"),
            ("webext02", without_proxies, "so that no record outside leads to webext02.contoso.com"),
            ("webext01", on_host("rp01", "external_nat_address"), "host rp01, lync_external_nat_address"),
        )
    ),
    *(
        ("host names of", f"{view} {kind}.contoso.com", change, told)
        for view, kind, change, told in (
            ("internal", "meet", common("simple_urls.meet"), "lync_simple_urls: no record of the simple URL meet"),
            ("external", "dialin", common("simple_urls.dialin"), "no record of the simple URL dialin"),
            ("external", "meet", without_proxies, "meet.contoso.com"),
        )
    ),
    *(
        (row, f"internal {name}", common("sip_domains"), "DOMAIN")
        for row, name in (
            ("`_sipinternaltls", "_sipinternaltls._tcp.contoso.com"),
            ("`sip.", "sip.contoso.com"),
            ("`ucupdates", "ucupdates-r2.contoso.com"),
            ("`lyncdiscoverinternal", "lyncdiscoverinternal.contoso.com"),
        )
    ),
    ("`_sipinternaltls", "internal _sipinternaltls._tcp.contoso.com pool02.corp.net",
     renamed("pool02.contoso.com", "pool02.corp.net"), "pool02.corp.net is not in contoso.com"),
    ("`_ntp", "internal _ntp._udp.contoso.com", common("time_server"), "lync_time_server"),
    ("`lyncdiscoverinternal", "external lyncdiscover.contoso.com", without_proxies, "lyncdiscover.contoso.com"),
    ("`lyncdiscoverinternal", "external lyncdiscover.contoso.com", common("sip_domains"), "lyncdiscover.DOMAIN"),
    *(
        ("`external_fqdns`", f"external {name}2.contoso.com", pool("edges2", "external_fqdns", service), told)
        for service, name, told in (
            ("access", "sip", "no name outside leads to this Edge pool"),
            ("web_conferencing", "wc", "no record outside of web_conferencing, which is not set"),
            ("av", "av", "no record outside of av, which is not set"),
        )
    ),
    ("`external_fqdns`", "external wc2.contoso.com", on_host("edge2", "external_nat_addresses"), "web_conferencing"),
    ("`_sip._tls", "external _sip._tls.contoso.com", common("sip_domains"), "_sip._tls.DOMAIN"),
    ("`_sip._tls", "external _sip._tls.contoso.com sip2.contoso.com", access_elsewhere, "sip.elsewhere.com is in no"),
    *(
        (row, f"{view} {label}.contoso.com", change, f"{label}.")
        for change in (common("sip_domains"), features_of_the_other_edge)
        for row, view, label in (
            ("`_sipfederationtls", "external", "_sipfederationtls._tcp"),
            ("`_sipfederationtls", "internal", "_sipfederationtls._tcp"),
            ("`_xmpp-server", "external", "_xmpp-server._tcp"),
        )
    ),
]  # fmt: skip
NOBODY_LEAVES_OUT = ("`lync_extra_dns_records`", "SQL Servers")
"""Rows whose records are written as they stand, or by the servers themselves."""


def rows() -> list[str]:
    """Return the first cells of the table."""
    found = TABLE.search(DNS_PAGE.read_text(encoding="utf-8"))
    assert found
    return [line.split("|")[1].strip() for line in found.group().strip().splitlines()[2:]]


def told_by(deployment: Deployment) -> Iterator[str]:
    try:
        yield from plan_of(deployment).warnings
    except InvalidInputError as error:
        yield from map(str, error.problems)


def test_nothing_is_said_where_nothing_is_missing() -> None:
    plan = plan_of(full())
    assert plan.warnings == ()
    leaving = {record for _row, record, _change, _told in CASES}
    assert {record for record in leaving if not record.endswith("pool02.corp.net")} <= found_in(plan)


def test_each_row_of_the_page_loses_an_input() -> None:
    """A row that nobody thought of here is red."""
    known = (*NOBODY_LEAVES_OUT, *(row for row, *_rest in CASES))
    assert [row for row in rows() if not row.startswith(known)] == []
    assert [start for start in known if not any(row.startswith(start) for row in rows())] == []


@pytest.mark.parametrize(
    ("record", "change", "told"), [case[1:] for case in CASES], ids=[f"{no}-{case[0]}" for no, case in enumerate(CASES)]
)
def test_an_input_that_is_missing_is_told(record: str, change: Callable[[Deployment], None], told: str) -> None:
    deployment = full()
    change(deployment)
    texts = list(told_by(deployment))
    assert [text for text in texts if told in text], texts
    assert record not in found_in(plan_of(deployment))


def test_every_check_has_something_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = {check.__name__ for check in checks_records.WARNINGS}

    def watched(check: Check) -> Check:
        def run(draft: Draft) -> list[Problem]:
            found = list(check(draft))
            silent.difference_update([check.__name__] if found else [])
            return found

        return run

    monkeypatch.setattr(read, "WARNING_CHECKS", tuple(map(watched, checks_records.WARNINGS)))
    for *_case, change, _told in CASES:
        deployment = full()
        change(deployment)
        read.read_topology(inventory(deployment["hosts"], pools=deployment["pools"], **deployment["common"]))
    assert silent == set()


@pytest.mark.parametrize(
    "common_variables",
    [{"phone_networks": []}, {"version": "2013", "features": []}],
    ids=["no desk phones", "no features"],
)
def test_what_a_deployment_does_without_is_not_missing(common_variables: dict[str, object]) -> None:
    deployment = full()
    deployment["common"].update(common_variables)
    if "phone_networks" in common_variables:
        del deployment["common"]["time_server"]
    assert plan_of(deployment).warnings == ()


def test_a_deployment_without_an_outside_needs_no_names_there() -> None:
    deployment = full()
    for name in ("edge1", "edge2", "rp01"):
        del deployment["hosts"][name]
    for name in ("edges1", "edges2"):
        del deployment["pools"][f"{name}.contoso.com"]
    for name in ("pool01", "pool02"):
        del deployment["pools"][f"{name}.contoso.com"]["external_web_fqdn"]
    deployment["common"]["features"] = []
    assert plan_of(deployment).warnings == ()


def test_a_private_virtual_address_is_told_outside() -> None:
    """Also beside no reverse proxy: the record would lead to an address that the Internet does not route."""
    deployment = full()
    del deployment["hosts"]["rp01"]
    deployment["pools"]["pool01.contoso.com"]["external_web_vip"] = "10.1.0.102"
    told = "pool pool01.contoso.com, external_web_nat_vip: 10.1.0.102 is private, so that no record outside leads to"
    assert [text for text in plan_of(deployment).warnings if text.startswith(told)]
    deployment["pools"]["pool01.contoso.com"]["external_web_nat_vip"] = "203.0.113.102"
    assert not [text for text in plan_of(deployment).warnings if "pool01" in text]
