# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exemptions judged by exports: where they are needed, what differs, and what makes no sense."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.audit import UNREADABLE, audited

from tests.simulators.hive_file import write_hive

WANTED = {
    "name": "Lync exempt media (UDP)",
    "group": "msuc.lync",
    "rows": ["I5", "I6"],
    "protocol": "udp",
    "localip": ["10.1.0.41"],
}
PLANS: dict[str, Mapping[str, object]] = {
    "med01": {"host": "med01", "firewall_rules": [], "ipsec_exemptions": [WANTED]}
}
OURS = (
    "v2.28|Action=DoNotSecure|Active=TRUE|Protocol=17|EP1_4=10.1.0.41|Name=Lync exempt media (UDP)|EmbedCtxt=msuc.lync|"
)
ISOLATION = "v2.28|Action=SecureServer|Active=TRUE|Name=Domain isolation|Auth1Set={1}|"
MISSING: list[tuple[str, str, str, list[object]]] = [("add", "Lync exempt media (UDP)", "missing", [])]
# the connection security rules of the export, lync_ipsec, and the changes: kind, name, cause, properties
CASES: dict[str, tuple[list[str], str, list[tuple[str, str, str, list[object]]]]] = {
    "nothing protects": ([], "auto", []),
    "nothing protects, and they are asked for": ([], "true", MISSING),
    "a rule requires": ([ISOLATION], "auto", MISSING),
    "a rule requires, and nobody asks": ([ISOLATION], "false", []),
    "as planned": ([ISOLATION, OURS], "auto", []),
    "made by netsh": ([ISOLATION, OURS.replace("EmbedCtxt=msuc.lync|", "")], "auto", []),
    "disabled": (
        [ISOLATION, OURS.replace("TRUE", "FALSE")],
        "auto",
        [
            (
                "change",
                "Lync exempt media (UDP)",
                "different",
                [{"property": "enabled", "before": False, "after": True}],
            )
        ],
    ),
    "wider": (
        [OURS.replace("EP1_4=10.1.0.41|", "")],
        "auto",
        [
            (
                "change",
                "Lync exempt media (UDP)",
                "different",
                [{"property": "localip", "before": ["any"], "after": ["10.1.0.41"]}],
            )
        ],
    ),
    "extra": ([OURS, OURS.replace("media", "old")], "auto", [("remove", "Lync exempt old (UDP)", "not_wanted", [])]),
}


def export(directory: Path, *rules: str) -> None:
    stored = [(str(number), text) for number, text in enumerate(rules)]
    write_hive(directory / "med01.wfw", {"": [("PolicyVersion", 0x21C)], "FirewallRules": [], "ConSecRules": stored})


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_exemptions_of_an_export(
    case: tuple[list[str], str, list[tuple[str, str, str, list[object]]]], tmp_path: Path
) -> None:
    rules, ipsec, changes = case
    export(tmp_path, *rules)
    document: Any = audited(PLANS, tmp_path, State.REPLACED, ipsec).hosts["med01"].documents["ipsec"]
    found = [(each["kind"], each["name"], each["cause"], each["properties"]) for each in document["changes"]]
    assert (found, document["changed"]) == (changes, bool(changes))


def test_one_of_ours_that_makes_no_sense_makes_the_host_unreadable(tmp_path: Path) -> None:
    export(tmp_path, OURS.replace("17", "x"))
    host = audited(PLANS, tmp_path).hosts["med01"]
    assert host.problem == UNREADABLE
    assert "'x' is not a protocol" in str(host.documents["ipsec"]["msg"])
