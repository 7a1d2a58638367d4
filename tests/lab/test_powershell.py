# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The collection's own PowerShell, run by a PowerShell behind the wire; LYNC_PWSH names the program."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.options import rules_from_options

from tests.lab.lab import Lab
from tests.lab.test_windows_firewall_rules import MEDIA, SIP, playbook, start_with_old_rules, stats
from tests.simulators import tamper
from tests.simulators.powershell import PowerShellExecutor

PWSH = os.environ.get("LYNC_PWSH", "")
CONFLICT = {"operation": "apply", "operations": [{"kind": "remove", "name": "SIP", "rule": {"Name": "SIP"}}]}
WRONG = {
    "operation": "Gather", "confirm_minutes": "soon", "snapshot": "maybe", "path": ["a"], "keep": 1,
    "operations": ["x", {"kind": "add", "puts": [{"property": "Name"}]}],
}  # fmt: skip
REFUSED = [
    "operation: 'Gather' is refused; allowed: gather, apply, confirm, revert, snapshots, read, restore",
    "confirm_minutes: 'soon' is refused; allowed: int",
    "snapshot: 'maybe' is refused; allowed: bool",
    "path: the value is refused; allowed: str",
    "operations[0]: the value is refused; allowed: dict",
    "operations[1].name: it is required",
    "operations[1].puts[0].value: it is required",
]

pytestmark = [
    pytest.mark.no_cover,
    pytest.mark.skipif(not PWSH, reason="LYNC_PWSH does not name a PowerShell 7"),
]


def test_the_powershell_module_converges_removes_exactly_and_tells_why_it_fails(lab: Lab) -> None:
    lab.executor = PowerShellExecutor(PWSH)
    start_with_old_rules(lab)
    store = lab.stores["fe01"]
    document = store.read()
    owned = {rule["Name"]: rule for rule in document["rules"] if rule["Grouping"] == "msuc.lync"}
    # A foreign namesake of a rule that is removed stands before it, a twin of a rule that is kept behind it.
    namesake, twin = (
        {**owned["Old"], "Grouping": "Contoso", "id": "{8}"},
        {**owned[str(SIP["name"])], "LocalPorts": "1", "id": "{9}"},
    )
    store.write({**document, "rules": [namesake, *document["rules"], twin]})
    foreign = [rule for rule in tamper.show(store) if rule.get("Grouping") != "msuc.lync"]
    want: list[dict[str, Any]] = [SIP, {**MEDIA, "program": "C:\\Program Files\\a b.exe"}]
    play = json.loads(playbook(rules=want))

    play[0]["tasks"] *= 2
    play[0]["tasks"] += [
        {"name": "Host", "msuc.lync.windows_firewall_remote": arguments, "ignore_errors": True}
        for arguments in (CONFLICT, WRONG)
    ]
    played = lab.play(json.dumps(play), "--limit", "fe01")
    assert len(played.of("fe01")) == 4, played.output
    first, second, conflict, wrong = (record["result"] for record in played.of("fe01"))
    # One addition, two puts, and a rename and a removal of the twin and of the rule that has a foreign namesake.
    assert (first["changed"], stats(first)) == (True, (2, 3, 7)), played.output
    assert (second["changed"], stats(second)) == (False, (1, 1, 0))
    assert (
        first["after"]
        == second["before"]
        == [rule.to_options() for rule in sorted(rules_from_options(want), key=lambda rule: rule.name)]
    )
    assert [rule for rule in tamper.show(store) if rule.get("Grouping") != "msuc.lync"] == foreign
    assert (
        conflict["msg"] == "rule 'SIP' is not on the host as it was gathered: something else has changed it meanwhile"
    )
    assert (conflict["done"], conflict["counters"], len(conflict["rules"])) == (
        0,
        {"enumerations": 2, "writes": 0},
        len(foreign) + 2,
    )
    *refused, unknown = sorted(wrong["msg"].splitlines(), key=lambda line: line.startswith("keep"))
    assert sorted(refused) == sorted(REFUSED)
    assert unknown.startswith(
        "keep: there is no such option; allowed: confirm_minutes, fingerprint, gather_through, known_builds, "
    )
    assert "rules" not in wrong
