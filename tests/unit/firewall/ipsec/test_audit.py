# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exemptions judged by exports: where they are needed, what differs, and what makes no sense."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.audit import audit

from tests.simulators.hive_file import write_hive

WANTED = {"name": "Lync exempt media (UDP)", "group": "msuc.lync", "rows": ["I5", "I6"], "protocol": "udp", "localip": ["10.1.0.41"]}
PLANS: dict[str, Mapping[str, object]] = {"med01": {"host": "med01", "firewall_rules": [], "ipsec_exemptions": [WANTED]}}
OURS = "v2.28|Action=DoNotSecure|Active=TRUE|Protocol=17|EP1_4=10.1.0.41|Name=Lync exempt media (UDP)|EmbedCtxt=msuc.lync|"
ISOLATION = "v2.28|Action=SecureServer|Active=TRUE|Name=Domain isolation|Auth1Set={1}|"
MISSING = ["Lync exempt media (UDP): missing (it is missing)"]
# the connection security rules of the export, lync_ipsec, and the lines
CASES: dict[str, tuple[list[str], str, list[str]]] = {
    "nothing protects": ([], "auto", []),
    "nothing protects, and they are asked for": ([], "true", MISSING),
    "a rule requires": ([ISOLATION], "auto", MISSING),
    "a rule requires, and nobody asks": ([ISOLATION], "false", []),
    "as planned": ([ISOLATION, OURS], "auto", []),
    "made by netsh": ([ISOLATION, OURS.replace("EmbedCtxt=msuc.lync|", "")], "auto", []),
    "disabled": ([ISOLATION, OURS.replace("TRUE", "FALSE")], "auto", ["Lync exempt media (UDP): disabled: enabled is false, should be true"]),
    "wider": ([OURS.replace("EP1_4=10.1.0.41|", "")], "auto", ["Lync exempt media (UDP): changed: localip is any, should be 10.1.0.41"]),
    "extra": ([OURS, OURS.replace("media", "old")], "auto", ["Lync exempt old (UDP): extra (it is not wanted)"]),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_exemptions_of_an_export(case: tuple[list[str], str, list[str]], tmp_path: Path) -> None:
    rules, ipsec, lines = case
    write_hive(tmp_path / "med01.wfw", {"": [("PolicyVersion", 0x21C)], "FirewallRules": [], "ConSecRules": [(str(n), text) for n, text in enumerate(rules)]})
    (outcome,) = audit(PLANS, tmp_path, State.REPLACED, ipsec).outcomes
    assert (outcome.status, list(outcome.drift)) == ("changed" if lines else "unchanged", lines)


def test_one_of_ours_that_makes_no_sense_makes_the_host_unreadable(tmp_path: Path) -> None:
    write_hive(tmp_path / "med01.wfw", {"": [("PolicyVersion", 0x21C)], "FirewallRules": [], "ConSecRules": [("1", OURS.replace("17", "x"))]})
    (outcome,) = audit(PLANS, tmp_path).outcomes
    assert outcome.status == "unreadable"
    assert "'x' is not a protocol" in outcome.message
