# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts that the inventory lacks, members that nobody looked at, marks of strangers (2, 9, 12, 17)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from .lab import (
    HERE,
    NET,
    ZONE,
    Bind,
    Deployment,
    Members,
    Played,
    Proxy,
    given,
    greeted,
    lines_about,
    needs_bind,
    needs_haproxy,
    running_haproxy,
    says_fine,
)
from .options import extra, tags

pytestmark = [needs_bind, needs_haproxy]

POOL, VIP = f"pool01.{ZONE}", f"{NET}.121"
# Not beside each other, so that no address hides in a range.
MEMBERS = {"fe11": f"{NET}.21", "fe12": f"{NET}.24", "fe13": f"{NET}.29"}
GONE = MEMBERS["fe13"]
NEW_CLIENTS = "10.77.0.0/16"


def inventory(
    proxy: Proxy, bind: Bind, *, without: str = "", more: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """Return one Front End pool whose addresses are in DNS and on a balancer that is this machine."""
    hosts = {
        name: {"ansible_host": address, "lync_pool": POOL} for name, address in MEMBERS.items() if name != without
    }
    balancer = {
        **HERE,
        "ansible_host": f"{NET}.5",
        "lync_balancer_driver": "haproxy",
        "lync_balancer_path": str(proxy.path),
        "lync_balancer_master_socket": str(proxy.fixed["master_socket"]),
    }
    kept = " && ".join(f"id != '{row}'" for row in ("fe-sip-tls", "fe-focus", "fe-web-https"))
    pool = {
        "role": "frontend",
        "load_balancing": "dns",
        "balancer": "lb01",
        "web_vip": VIP,
        "web_fqdn": f"web01.{ZONE}",
    }
    common = {
        "lync_version": "2015",
        "lync_client_networks": ["127.0.0.0/16"],
        "lync_row_overrides": [{"select": kept, "set": {"enabled": False}}],
        "lync_pools": {POOL: pool},
        "lync_dns_servers": [bind.entry()],
        **(more or {}),
    }
    children = {"frontend": {"hosts": hosts}, "load_balancers": {"hosts": {"lb01": balancer}}}
    return {"all": {"vars": common, "children": children}}


@dataclass
class Story:
    """One deployment over its life: runs by what they are about, and what devices had after them."""

    runs: dict[str, Played] = field(default_factory=dict)
    served_before_firewalls: bool = False
    admitted: dict[str, str] = field(default_factory=dict)
    contacted: dict[str, bool] = field(default_factory=dict)
    balancer: str = ""
    zone: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Bring up three members; then one is missing in the inventory, whoever looks."""
    if os.geteuid() != 0:
        pytest.skip("members that listen on port 443 take root")
    folder = tmp_path_factory.mktemp("rollout")
    told = Story()
    with contextlib.ExitStack() as stack:
        bind = stack.enter_context(Bind(folder / "bind", {"internal": {ZONE: ""}}))
        proxy = stack.enter_context(running_haproxy(folder / "haproxy"))
        stack.enter_context(Members(tuple(MEMBERS.values()), (443, 5061)))
        site = stack.enter_context(Deployment(folder / "site", inventory(proxy, bind), windows=list(MEMBERS)))
        told.runs["balancers alone"] = site.play("site", *tags("load_balancer"))
        told.served_before_firewalls = greeted(443, vip=VIP) in MEMBERS.values()
        everything = tags("firewall", "load_balancer", "dns")
        made = site.play("site", *everything, *extra(plan_dir=str(folder / "plan")))
        given(made.status == 0 and greeted(443, vip=VIP) in MEMBERS.values(), made.output)
        given(GONE in site.admitted("fe11", "fe-focus") and any(GONE in line for line in bind.zone()), made.output)
        site.save(inventory(proxy, bind, without="fe13"))
        _look(site, told, folder)
        more = {"lync_client_networks": ["127.0.0.0/16", NEW_CLIENTS]}
        site.save(inventory(proxy, bind, without="fe13", more=more))
        told.runs["site"] = site.play("site", *everything)
        told.admitted |= {"site": site.admitted("fe11", "fe-focus"), "clients": site.admitted("fe11", "fe-sip-tls")}
        told.balancer, told.zone = proxy.text(), bind.zone()
    return told


def _look(site: Deployment, told: Story, folder: Path) -> None:
    """Run what must not write, or must not even contact a host; what hosts have is brought back after each run."""
    broken = folder / "cmdb"
    broken.write_text("#!/bin/sh\necho connection refused >&2\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    plan, firewall = str(folder / "plan"), tags("firewall")
    runs: Mapping[str, tuple[str, tuple[str, ...]]] = {
        "repair": ("drift", (*firewall, *extra(remediate=True))),
        "approved": ("drift", (*firewall, *extra(approved_plan=plan))),
        "baseline": ("site", (*firewall, *extra(plan_baseline=plan))),
        "source": ("site", (*firewall, "-i", str(broken))),
    }
    hosts = {name: site.stores[name].read() for name in MEMBERS}
    for name, (playbook, arguments) in runs.items():
        if name == "approved":
            rules = hosts["fe11"]["rules"]
            site.stores["fe11"].change(
                rules=[{**rule, "Enabled": rule["Name"] != "Lync fe-focus (TCP in)"} for rule in rules]
            )
        before = site.requests()
        told.runs[name] = site.play(playbook, *arguments)
        told.contacted[name] = site.requests() != before
        told.admitted[name] = site.admitted("fe11", "fe-focus")
        for host, document in hosts.items():
            site.stores[host].write(document)


def test_12_a_member_that_this_run_did_not_check_gets_no_traffic(story: Story) -> None:
    played = story.runs["balancers alone"]
    assert not story.served_before_firewalls
    assert played.status == 2 and not says_fine(played), played.output


@pytest.mark.parametrize("where", ["site", "repair"])
def test_2_an_address_that_vanished_stays_admitted(story: Story, where: str) -> None:
    assert GONE in story.admitted[where]
    assert story.runs[where].status == 2 and lines_about(story.runs[where], GONE), story.runs[where].output


def test_2_an_address_that_vanished_stays_a_member(story: Story) -> None:
    assert GONE in story.balancer


def test_2_an_address_that_vanished_stays_in_dns(story: Story) -> None:
    assert any(GONE in line for line in story.zone), story.zone


def test_2_everything_else_goes_on(story: Story) -> None:
    assert NEW_CLIENTS.partition("/")[0] in story.admitted["clients"]


def test_2_a_host_of_the_baseline_that_the_inventory_lacks_stops_before_contact(story: Story) -> None:
    played = story.runs["baseline"]
    assert not story.contacted["baseline"]
    assert played.status == 2 and lines_about(played, "fe13"), played.output


def test_2_a_source_of_the_inventory_that_failed_stops_before_contact(story: Story) -> None:
    played = story.runs["source"]
    assert played.status != 0 and not story.contacted["source"], played.output


def test_17_drift_against_a_plan_with_a_host_that_left_reports_all_others(story: Story) -> None:
    played = story.runs["approved"]
    assert lines_about(played, "fe11: Lync fe-focus (TCP in): disabled"), played.output
    assert played.status == 2 and lines_about(played, "fe13")


def test_17_a_host_of_the_approved_plan_that_the_inventory_lacks_is_unknown(story: Story) -> None:
    assert lines_about(story.runs["approved"], "could not tell: fe13"), story.runs["approved"].output


def test_9_a_mark_that_we_did_not_write_removes_nothing(tmp_path: Path) -> None:
    theirs = "dc01 A 10.1.0.93\nwww A 10.9.9.9\n"
    with (
        Bind(tmp_path / "bind", {"internal": {ZONE: theirs}}) as bind,
        running_haproxy(tmp_path / "haproxy") as proxy,
        Deployment(tmp_path / "site", inventory(proxy, bind, more={"lync_managed": False})) as site,
    ):
        mark = f"update add {POOL}._msuc-lync.{ZONE}. 300 TXT"
        bind.nsupdate("internal", f'{mark} "dc01 A"', f'{mark} "www A"')
        played = site.play("site", *tags("dns"))
        zone = " ".join(bind.zone())
        given(f"{MEMBERS['fe11']}" in zone, played.output)
        assert "10.1.0.93" in zone and "10.9.9.9" in zone, played.output
