# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Roles in a playbook of one's own: with a plan, without one, and after a playbook of ours that did not end well."""

from __future__ import annotations

import pathlib

import pytest

from .lab import ROOT, Lab

# What it runs has its coverage from the tests of our own playbooks.
pytestmark = pytest.mark.no_cover
EXAMPLE = ("-i", str(ROOT / "examples" / "small"))
ROLES = {
    "windows_firewall": "main",
    "ipsec_exemptions": "main",
    "linux_firewall": "main",
    "load_balancer": "main",
    "reverse_proxy": "main",
    "dns_records": "main",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    found = Lab(tmp_path_factory.mktemp("own"))
    found.inventory.write_text('{"all": {}}', encoding="utf-8")
    return found


@pytest.mark.parametrize("role", ROLES)
def test_a_role_without_a_plan_says_what_to_import(lab: Lab, role: str) -> None:
    played = lab.play(f"[{{hosts: rp01, gather_facts: false, roles: [msuc.lync.{role}]}}]", *EXAMPLE)
    assert played.status == 2, played.output
    assert "no plan in this run; fix: import_playbook msuc.lync.compile first" in " ".join(played.output.split())
    assert "...ignoring" not in played.output and "Traceback" not in played.output


LATER = """
- import_playbook: msuc.lync.site
- hosts: localhost
  gather_facts: false
  tags: [always]
  tasks:
    - ansible.builtin.debug: {msg: a later play ran}
"""


def test_a_verdict_does_not_end_the_playbook_that_imports_ours(lab: Lab, tmp_path: pathlib.Path) -> None:
    played = lab.play(LATER, *EXAMPLE, "--tags", "nosuchtag", "-e", f"lync_report_dir={tmp_path}")
    assert played.status == 2 and "PLAY RECAP" in played.output
    assert "Verdict: unknown (no device was asked)" in played.output and "a later play ran" in played.output
    assert '"verdict": "unknown"' in (tmp_path / "summary.json").read_text(encoding="utf-8")


def test_a_strategy_of_the_users_stops_no_playbook(lab: Lab) -> None:
    played = lab.play(ROOT / "playbooks" / "plan.yml", *EXAMPLE, ANSIBLE_STRATEGY="free")
    assert played.status == 0 and "Verdict: done (3 hosts, 2 pools)" in played.output, played.output


def test_errors_of_the_inventory_are_a_verdict(lab: Lab) -> None:
    played = lab.play(ROOT / "playbooks" / "site.yml", *EXAMPLE, "-e", "lync_version=2011")
    assert played.status == 2 and "Verdict: invalid (1 error in the input)" in played.output


def test_the_summary_is_a_statistic_of_the_run(lab: Lab) -> None:
    """As AWX shows it."""
    played = lab.play(ROOT / "playbooks" / "plan.yml", *EXAMPLE, ANSIBLE_SHOW_CUSTOM_STATS="1")
    stats = played.output.split("CUSTOM STATS", 1)[-1]
    assert "msuc_lync" in stats and "done" in stats, played.output
