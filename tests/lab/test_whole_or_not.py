# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts that are handed out are written by no playbook, retirement is all or none, rollback is for any Windows host."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.findings.lab import Deployment
from tests.findings.options import extra, tags

pytestmark = pytest.mark.no_cover

SE, OTHER, OLD, GONE = "se01.contoso.com", "se02.contoso.com", "old01", "old02"
FEW = {"select": "id != 'fe-sip-tls'", "set": {"enabled": False}}
DEAD = {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_connection": "winrm", "ansible_winrm_scheme": "http"}


def inventory(old: bool = False, dead: bool = False, **handed: object) -> dict[str, Any]:
    """Return two servers, of which the second may have left its role; dead: a third that nobody reaches."""
    common = {"lync_version": "2015", "lync_client_networks": ["10.10.0.0/16"], "lync_row_overrides": [FEW]}
    hosts: dict[str, Any] = {SE: {"ansible_host": "10.1.0.11", **handed}, OTHER: {"ansible_host": "10.1.0.12"}}
    left: dict[str, Any] = {OTHER: hosts.pop(OTHER)} if old else {}
    left |= {GONE: {**DEAD, "ansible_user": "x", "ansible_password": "x"}} if dead else {}
    return {"all": {"vars": common, "hosts": left, "children": {"standard_edition": {"hosts": hosts}}}}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("whole")
    with Deployment(folder, inventory(), windows=[SE, OTHER]) as made:
        played = made.play("site", *tags("firewall"))
        assert played.status == 0 and made.own_rules(SE) and made.own_rules(OTHER), played.output
        yield made


def stores(site: Deployment) -> dict[str, Any]:
    return {host: site.own_rules(host) for host in site.stores}


def test_no_playbook_writes_a_host_that_is_handed_out(site: Deployment) -> None:
    document = site.stores[SE].read()
    site.stores[SE].write({**document, "rules": [{**rule, "Enabled": False} for rule in document["rules"]]})
    before = stores(site)
    site.save(inventory(lync_apply="handout"))
    for name, *arguments in (
        ("drift", *extra(remediate=True)),
        ("rollback", "--limit", SE, "-e", "lync_rollback_to=newest"),
        ("selftest", "-e", f"lync_selftest_host={SE}"),
    ):
        played = site.play(name, *arguments, *(tags("firewall") if name == "drift" else ()))
        assert played.status == 2 and "handed out" in played.output, played.output
        assert stores(site) == before
    played = site.play("site", *tags("firewall"), "-e", "lync_apply=hand-out")
    assert played.status == 2 and "nothing was contacted or written" in played.output, played.output
    site.save(inventory())
    assert site.play("site", *tags("firewall")).status == 0


def test_retirement_is_all_or_none(site: Deployment) -> None:
    site.save(inventory(old=True, dead=True))
    before, asked = stores(site), site.requests()
    played = site.play("retire", *tags("firewall"), *extra(retire=[OTHER, GONE]))
    assert stores(site) == before, played.output
    assert played.status == 2 and "nothing was changed anywhere: 1 host cannot be retired" in played.output
    assert site.requests()[SE] == asked[SE]
    wrong = site.play("retire", *tags("firewall"), *extra(retire=["old99"]))
    assert wrong.status == 2 and "Verdict: invalid" in wrong.output and "nothing was contacted" in wrong.output


def test_a_host_that_left_comes_back_by_its_snapshot(site: Deployment) -> None:
    site.save(inventory(old=True))
    rules = site.own_rules(OTHER)
    played = site.play("retire", *tags("firewall"), *extra(retire=[OTHER]))
    assert played.status == 0 and site.own_rules(OTHER) == [], played.output
    played = site.play("rollback", "--limit", OTHER, "-e", "lync_rollback_to=newest")
    assert played.status == 0 and len(site.own_rules(OTHER)) == len(rules), played.output
    shown = " ".join(played.output.split())
    assert f"{OTHER}: " in shown and " came back" in shown and "Verdict: done" in shown
    site.save(inventory())


def test_a_rollback_that_matches_or_reaches_nobody_is_no_success(site: Deployment) -> None:
    site.save(inventory(dead=True))
    played = site.play("rollback", "--limit", GONE, "-e", "lync_rollback_to=newest")
    assert played.status == 2 and "Verdict: unknown (0 of 1 host brought back)" in played.output, played.output
    document = inventory()
    document["all"]["hosts"]["db01"] = {"ansible_host": "10.1.0.99"}
    site.save(document)
    played = site.play("rollback", "--limit", "db01", "-e", "lync_rollback_to=newest")
    assert played.status == 2 and "no Windows host" in played.output, played.output


def test_an_invalid_inventory_is_the_statistic_of_the_run(site: Deployment, tmp_path: pathlib.Path) -> None:
    site.save(inventory(lync_version="2011"))
    played = site.play("site", ANSIBLE_SHOW_CUSTOM_STATS="1")
    assert played.status == 2 and json.dumps("invalid") in played.output and "msuc_lync" in played.output, played.output


def test_a_role_in_a_playbook_of_ones_own_fails_where_it_fails(site: Deployment) -> None:
    document = inventory()
    document["all"]["children"]["standard_edition"]["hosts"]["se03"] = {
        **DEAD,
        "ansible_user": "x",
        "ansible_password": "x",
        "lync_address": "10.1.0.13",
    }
    site.save(document)
    compile_ = {"import_playbook": "msuc.lync.compile"}
    play = {"hosts": "se03", "gather_facts": False, "roles": ["msuc.lync.windows_firewall"]}
    played = site.play_text(json.dumps([compile_, play]))
    assert played.status == 4 and "ignoring" not in played.output, played.output
