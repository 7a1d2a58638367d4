# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a Windows host has besides our rules, and what it cannot say (3, 5, 6, 7, 11, 14, 16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from .lab import (
    ZONE,
    Bind,
    Deployment,
    Played,
    given,
    lines_about,
    named,
    needs_bind,
    own_lines,
    says_fine,
)
from .options import extra, tags

pytestmark = needs_bind

FIREWALL = tags("firewall")
BLOCK = "v2.10|Action=Block|Active=TRUE|Dir=In|{}|Name=Segmentation|"
# What a block rule of Group Policy names: each hits a part of what the plan admits.
PARTIAL = {
    "a-client": "RA4=10.10.3.4",
    "local-subnet": "RA4=LocalSubnet",
    "internet": "RA42=Internet",
    "program": r"App=C:\Program Files\Skype for Business Server 2015\Server\Core\RTCSrv.exe",
    "user": "LUAuth=O:LSD:(A;;CC;;;S-1-5-21-1-2-3-500)",
    "unheard-port": "Protocol=6|LPort=Unheard",
    "ten-slash-eight": "RA4=10.0.0.0/255.0.0.0",
}
# Situations in which nothing counts that was brought.
INEFFECTIVE = ("firewall-off", "shields-up", "no-merge", "block-everything", "no-active-profile")
CLEAN, UNREADABLE = "clean", "version-3"
ESCAPES = "<script>\x1b[2J\x1b]0;owned\x07\x1b[32mDONE\x1b[0m \u202eENOD"


def host(name: str) -> str:
    return f"{name}.contoso.com"


def inventory(*names: str, **variables: object) -> dict[str, Any]:
    """Return Front End Servers, each alone in a pool."""
    pools = {host(name): f"pool-{name}.contoso.com" for name in names}
    hosts = {
        name: {"ansible_host": f"10.1.0.{number}", "lync_pool": pool}
        for number, (name, pool) in enumerate(pools.items(), 10)
    }
    few = {"select": "id != 'fe-sip-tls' && id != 'fe-web-https'", "set": {"enabled": False}}
    common = {
        "lync_version": "2015",
        "lync_client_networks": ["10.10.0.0/16", "192.168.0.0/24"],
        "lync_pools": {pool: {"role": "frontend"} for pool in pools.values()},
        "lync_row_overrides": [few],
        **variables,
    }
    return {"all": {"vars": common, "children": {"frontend": {"hosts": hosts}}}}


# --- 6 and 11: rules of Group Policy ---------------------------------------------------------------


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    """Return runs over hosts with one rule of Group Policy each: site, drift, check."""
    names = (CLEAN, *PARTIAL, UNREADABLE)
    with Deployment(
        tmp_path_factory.mktemp("policy"), inventory(*names), windows=[host(name) for name in names]
    ) as site:
        for name, text in PARTIAL.items():
            site.group_policy(host(name), BLOCK.format(text))
        site.group_policy(host(UNREADABLE), "v3.0|Action=Block|Active=TRUE|Dir=In|Name=Segmentation|")
        return {
            "site": site.play("site", *FIREWALL),
            "drift": site.play("drift", *FIREWALL),
            "check": site.play("site", "--check", *FIREWALL),
        }


@pytest.mark.parametrize("name", PARTIAL)
def test_6_a_rule_that_blocks_a_part_is_drift(policy: dict[str, Played], name: str) -> None:
    assert any(host(name) in line for line in lines_about(policy["drift"], "Segmentation")), policy["drift"].output


def test_6_and_11_drift_is_not_clean(policy: dict[str, Played]) -> None:
    assert policy["drift"].status == 2, policy["drift"].output
    assert not named(policy["drift"], host(CLEAN))


def test_6_and_11_check_does_not_say_safe(policy: dict[str, Played]) -> None:
    assert not says_fine(policy["check"]), policy["check"].output


def test_6_and_11_a_run_is_not_done(policy: dict[str, Played]) -> None:
    assert policy["site"].status == 2 and not says_fine(policy["site"]), policy["site"].output


def test_11_a_rule_of_group_policy_that_cannot_be_read_makes_the_host_unknown(policy: dict[str, Played]) -> None:
    assert named(policy["drift"], host(UNREADABLE)), policy["drift"].output


# --- 7, 14, 16: what somebody did to a host that was as planned ------------------------------------


@dataclass(frozen=True)
class Changed:
    """Runs of drift and site over hosts to which something was done, and the zone after them."""

    runs: Mapping[str, Played]
    zone: Sequence[str]

    def in_dns(self, name: str) -> bool:
        return any(line.startswith(f"pool-{name}.contoso.com. ") for line in self.zone)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Changed:
    """Bring rules to hosts, do something to each, compare, and bring what is left: their names in DNS."""
    names = (CLEAN, *INEFFECTIVE, "inbound-allowed", "escapes", "surrogate")
    folder = tmp_path_factory.mktemp("changed")
    with Bind(folder / "bind", {"internal": {ZONE: ""}}) as bind:
        document = inventory(*names, lync_dns_servers=[bind.entry()])
        with Deployment(folder / "site", document, windows=[host(name) for name in names]) as site:
            first = site.play("site", *FIREWALL)
            given(first.status == 0, first.output)
            _do(site)
            drift = site.play("drift", *FIREWALL)
            runs = {"drift": drift, "site": site.play("site", "--diff", *tags("firewall", "dns"))}
        found = Changed(runs, bind.zone())
    given(found.in_dns(CLEAN), found.zone)
    return found


def _do(site: Deployment) -> None:
    settings = {
        "firewall-off": {"firewall_enabled": False},
        "shields-up": {"block_all_inbound": True},
        "inbound-allowed": {"default_inbound": 1},
    }
    for name, values in settings.items():
        site.stores[host(name)].change(settings={"1": values})
    site.group_policy(host("no-merge"), domain={"AllowLocalPolicyMerge": 0})
    everything = {
        "LocalPorts": "*",
        "RemotePorts": "*",
        "LocalAddresses": "*",
        "RemoteAddresses": "*",
        "Protocol": 256,
        "ServiceName": None,
    }
    site.add_rule(host("block-everything"), {**everything, "Name": "Isolation", "Action": 0, "ApplicationName": None})
    profiles = site.stores[host("no-active-profile")].read()["profiles"]
    site.stores[host("no-active-profile")].change(profiles={**profiles, "active": 0})
    site.add_rule(host("escapes"), {"Name": ESCAPES}, like_ours=True)
    site.add_rule(host("surrogate"), {"Name": "Theirs \ud800", "LocalPorts": "5999"})


@pytest.mark.parametrize("name", INEFFECTIVE)
def test_7_drift_names_what_counts_for_nothing(changed: Changed, name: str) -> None:
    drift = changed.runs["drift"]
    assert drift.status != 0 and lines_about(drift, f"{host(name)}: ", "ineffective"), drift.output


@pytest.mark.parametrize("name", INEFFECTIVE)
def test_7_nobody_is_led_to_a_host_on_which_nothing_counts(changed: Changed, name: str) -> None:
    assert not changed.in_dns(name), changed.runs["site"].output


def test_7_a_run_over_such_hosts_names_them(changed: Changed) -> None:
    reasons = [line for line in own_lines(changed.runs["site"]) if "ineffective: " not in line]
    assert all(any(f"{host(name)}: " in line for line in reasons) for name in INEFFECTIVE), reasons


def test_5_a_profile_that_admits_by_default_is_drift(changed: Changed) -> None:
    assert named(changed.runs["drift"], host("inbound-allowed")), changed.runs["drift"].output


@pytest.mark.parametrize("name", ["drift", "site"])
def test_14_texts_of_a_host_move_no_cursor(changed: Changed, name: str) -> None:
    output = changed.runs[name].output
    assert "<script>" in output and not any(character in output for character in "\x1b\x07\0\u202e")


def test_16_a_foreign_name_that_is_no_text_hides_no_host(changed: Changed) -> None:
    assert not lines_about(changed.runs["drift"], "could not tell: ", host("surrogate"))
    assert changed.in_dns("surrogate"), changed.runs["site"].output


# --- 3: a change that waits to be taken back -------------------------------------------------------


@pytest.fixture(scope="module")
def pending(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    """Return runs after one whose controller was cut off between its writes and the confirmation: site, drift."""
    with Deployment(tmp_path_factory.mktemp("pending"), inventory(CLEAN), windows=[host(CLEAN)]) as site:
        store = site.stores[host(CLEAN)]
        store.set_faults(shut_after_write=1)
        cut_off = site.play("site", *FIREWALL, *extra(confirm_minutes=5))
        store.set_faults()
        given(cut_off.status != 0 and bool(site.own_rules(host(CLEAN))), cut_off.output)
        runs = {"site": site.play("site", *FIREWALL), "drift": site.play("drift", *FIREWALL)}
        store.advance(5)
        given(not site.own_rules(host(CLEAN)), "it was not taken back")
        return runs


@pytest.mark.parametrize("name", ["site", "drift"])
def test_3_what_waits_to_be_taken_back_is_not_done(pending: dict[str, Played], name: str) -> None:
    assert pending[name].status == 2, pending[name].output
    assert not says_fine(pending[name])
