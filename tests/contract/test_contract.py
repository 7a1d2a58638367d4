# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One list of scenarios, three ways to a firewall: simulator, the module's own PowerShell, Ansible before it."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import tempfile
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.com import from_com
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.selftest import (
    Format,
    SelftestError,
    Verdict,
    puts_of,
    run,
    run_all,
)

from tests.lab.lab import Lab
from tests.simulators import tamper
from tests.simulators.executor import Command, Completed, PythonExecutor
from tests.simulators.firewall_store import FirewallStore
from tests.simulators.host_module import run_module
from tests.simulators.powershell import PowerShellExecutor
from tests.tools.evidence import read_evidence

HERE = pathlib.Path(__file__).resolve().parent
ASSUMED = HERE.parents[1] / "playbooks" / "files" / "selftest"
FORM = Format(**json.loads((ASSUMED / "rule.json").read_text(encoding="utf-8")))
SCENARIOS: dict[str, list[dict[str, Any]]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((ASSUMED / "scenarios").glob("*.json"))
}
EVERY = [scenario for scenarios in SCENARIOS.values() for scenario in scenarios]
EVIDENCE = {"REAL", "DOC", "SPEC", "CODE", "REPORT", "INFER", "OWN"}
PWSH = os.environ.get("LYNC_PWSH", "")
PLAYBOOK = HERE.parents[1] / "playbooks" / "selftest.yml"
needs_powershell = pytest.mark.skipif(not PWSH, reason="LYNC_PWSH does not name a PowerShell 7")


def simulated(directory: pathlib.Path, scenario: dict[str, Any], **switches: bool) -> Verdict:
    """Return the verdict of the simulator; other rules stay, and the counts on disk are those of the answer."""
    store = FirewallStore(directory, "fe01")
    store.create(["10.1.0.11"], [{"Name": "Contoso"}], switches)
    foreign = store.read()["rules"]

    def remote(arguments: Any, check_mode: bool) -> dict[str, Any]:
        before = store.counts()
        answer = run_module(store, arguments, check_mode)
        assert answer["counters"] == {what: store.counts()[what] - before[what] for what in answer["counters"]}
        assert answer["rules"] == tamper.show(store)
        return answer

    def act(arguments: Any, check_mode: bool) -> dict[str, Any]:
        store.set_faults(**scenario.get("fault", {}))
        answer = remote(arguments, check_mode)
        store.set_faults()
        return answer

    verdict = run(scenario, FORM, remote, act, lambda name: store.policy().remove(name))
    assert store.read()["rules"] == foreign
    return verdict


def run_script(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run run.ps1 in the PowerShell, over the fakes."""
    command = [PWSH, "-NoProfile", "-File", str(HERE / "run.ps1"), "-Fake", str(HERE / "fake.ps1"), *arguments]
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            command, env={**os.environ, "TMPDIR": folder, **environment}, capture_output=True, text=True, check=False
        )


def test_scenarios_have_names_of_their_own_sources_and_touch_no_traffic() -> None:
    names = [scenario["name"] for scenario in EVERY]
    assert len(names) == len(set(names)) > 100
    assert {scenario["evidence"] for scenario in EVERY} == EVIDENCE
    assert all(scenario["source"] for scenario in EVERY)
    for scenario in EVERY:
        added = [
            *scenario.get("seed", []),
            *(step[kind] for step in scenario.get("do", []) for kind in ("add", "puts") if kind in step),
        ]
        puts = [put for properties in added for put in puts_of(properties)]
        assert not any(put["property"] == "Enabled" for put in puts), scenario["name"]
        groups = [str(put["value"]) for put in puts if put["property"] == "Grouping"]
        assert all(FORM.owns({"Grouping": group}) for group in groups), scenario["name"]


@pytest.mark.parametrize("scenario", EVERY, ids=lambda scenario: scenario["name"])
def test_the_simulator_does_what_is_expected(tmp_path: pathlib.Path, scenario: dict[str, Any]) -> None:
    assert simulated(tmp_path, scenario).differences == ()


@pytest.mark.parametrize("scenario", SCENARIOS["read_back"], ids=lambda scenario: scenario["name"])
def test_what_is_read_back_means_what_was_written(tmp_path: pathlib.Path, scenario: dict[str, Any]) -> None:
    written = {str(put["property"]): put["value"] for put in puts_of(scenario["do"][0]["add"], FORM.marks)}
    (line,) = simulated(tmp_path, scenario).outcome.rules
    read = {**json.loads(line), "ApplicationName": written.get("ApplicationName")}
    assert from_com(read) == from_com(written)


@pytest.mark.parametrize("switch", ["removes_last", "merges_overlaps", "ipv6_as_range", "ipv6_multicast"])
def test_each_switch_of_the_simulator_is_told_by_the_scenario_that_names_it(
    tmp_path: pathlib.Path, switch: str
) -> None:
    flipped = {switch: switch != "ipv6_as_range"}
    asked = [scenario for scenario in EVERY if "times" not in json.dumps(scenario)]
    refuted = [scenario.get("switch") for scenario in asked if simulated(tmp_path, scenario, **flipped).differences]
    assert refuted == [switch]


def test_a_verdict_tells_every_difference(tmp_path: pathlib.Path) -> None:
    scenario = {
        **SCENARIOS["refusals"][0],
        "do": [{"add": {"Description": "a"}}],
        "done": 2,
        "enumerations": 3,
        "writes": 2,
        "store": [{}, {"Profiles": 1}],
    }
    base = '{"Name": "msuc.lync contract", "Grouping": "msuc.lync contract", '
    rest = (
        '"Direction": 1, "Action": 1, "Protocol": 256, "LocalAddresses": "*", "RemoteAddresses": "*", "Profiles": %s, '
    )
    rest += '"InterfaceTypes": "All", "EdgeTraversalOptions": 0, "SecureFlags": 0, "Enabled": false}'
    assert simulated(tmp_path, scenario).differences == (
        "error 'refused' expected, '' found",
        "done 2 expected, 1 found",
        "enumerations 3 expected, 2 found",
        "writes 2 expected, 1 found",
        f"expected: {base}{rest % 1}",
        f"expected: {base}{rest % 2147483647}",
        f'found: {base}"Description": "a", {rest % 2147483647}',
        "2 rules expected, 1 found",
    )


@pytest.mark.parametrize(
    ("scenario", "text"),
    [
        ({"remove_name": "x", "store": []}, "this needs more than the module can do"),
        ({"fault": {"access_denied": True}, "store": []}, "this needs more than the module can do"),
        (
            {"seed": [{"Name": "|"}], "store": []},
            "the seed was refused: rule '|': The parameter is incorrect: name (0x80070057)",
        ),
    ],
)
def test_a_scenario_that_cannot_be_run_is_told(tmp_path: pathlib.Path, scenario: dict[str, Any], text: str) -> None:
    store = FirewallStore(tmp_path, "fe01")
    store.create(["10.1.0.11"], [])
    with pytest.raises(SelftestError) as caught:
        run(scenario, FORM, lambda arguments, check_mode: run_module(store, arguments, check_mode))
    assert str(caught.value) == text


def test_rules_of_an_interrupted_run_go_and_a_scenario_that_cannot_be_run_stops_no_other(
    tmp_path: pathlib.Path,
) -> None:
    store = FirewallStore(tmp_path, "fe01")
    store.create(
        ["10.1.0.11"], [{"Name": "msuc.lync contract left", "Grouping": "msuc.lync contract"}, {"Name": "Contoso"}]
    )
    broken = {**SCENARIOS["read_back"][0], "name": "Broken", "seed": [{}, {"Protocol": 300}]}
    report = run_all(
        [broken, SCENARIOS["read_back"][1]],
        FORM,
        lambda arguments, check_mode: run_module(store, arguments, check_mode),
    )
    assert report.lines() == [
        "refuted    REAL    Broken",
        "           the seed was refused: rule 'msuc.lync contract': The parameter is incorrect: protocol (0x80070057)",
        "confirmed  REAL    An IPv4 prefix reads back as a mask",
        "1 confirmed, 1 refuted, 0 not asked",
    ]
    assert report.is_restored
    assert [rule["Name"] for rule in tamper.show(store)] == ["Contoso"]


def test_a_rule_of_others_that_changes_meanwhile_is_told(lab: Lab) -> None:
    lab.executor = _Meddling()
    lab.start({"fe01": {"addresses": ["10.1.0.11"], "seed": [{"Name": "Contoso"}]}})
    played = lab.play(PLAYBOOK, "-e", json.dumps({"lync_selftest_names": ["Ports of UDP*"]}))
    message = played.result("fe01")["msg"]
    assert message.startswith(
        "rules of others have changed meanwhile; to take everything back: netsh advfirewall import"
    ), played.output


class _Meddling(PythonExecutor):
    """Adds a rule of somebody else's before each run of a module."""

    def run(self, store: FirewallStore, command: Command) -> Completed:
        document = store.read()
        document["rules"].append({**document["rules"][0], "Name": "Fabrikam", "id": str(len(document["rules"]))})
        store.write(document)
        return super().run(store, command)


def test_a_folder_without_scenarios_is_told(lab: Lab) -> None:
    lab.start({"fe01": {"addresses": ["10.1.0.11"], "seed": "empty"}})
    play = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [{"name": "Ask", "msuc.lync.selftest": {"path": str(lab.directory)}}],
        }
    ]
    message = lab.play(json.dumps(play)).result("fe01")["msg"]
    assert message.startswith(f"path: {lab.directory} does not hold scenarios: "), message
    assert message.endswith("fix: name the folder playbooks/files/selftest of the collection")


@needs_powershell
def test_the_powershell_gives_what_the_simulator_gives(tmp_path: pathlib.Path) -> None:
    report = tmp_path / "report.json"
    done = run_script("-Report", str(report))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f"{len(EVERY)} confirmed, 0 refuted, 0 not asked"
    told = json.loads(report.read_text(encoding="utf-8"))
    assert (told["kind"], told["build"], told["scenarios"]) == ("rules", "", len(EVERY)) and told["seconds"] > 0
    outcomes = {outcome["name"]: outcome for outcome in told["outcomes"]}
    for scenario in EVERY:
        theirs, ours = outcomes[scenario["name"]], simulated(tmp_path, scenario).outcome
        rules = tuple(sorted(json.dumps(rule, ensure_ascii=False) for rule in theirs["rules"]))
        numbers = (theirs["error"], theirs["done"], theirs["enumerations"], theirs["writes"])
        assert (*numbers, rules) == (ours.error, ours.done, ours.enumerations, ours.writes, ours.rules), scenario[
            "name"
        ]


@needs_powershell
def test_the_script_tells_what_is_refuted_and_which_switch_that_is() -> None:
    done = run_script("-Name", "*IPv6 address reads*", LAB_FLIPPED="ipv6_as_range")
    head = (
        "Name=msuc.lync contract | Grouping=msuc.lync contract | Direction=1 | Action=1 | Protocol=256 | "
        "LocalAddresses=* | RemoteAddresses="
    )
    tail = " | Profiles=2147483647 | InterfaceTypes=All | EdgeTraversalOptions=0 | SecureFlags=0 | Enabled=False"
    lines = [line for line in done.stdout.splitlines() if not line.startswith("1 scenarios in ")]
    assert (done.returncode, lines) == (
        1,
        [
            "refuted    REPORT  One IPv6 address reads back as a range",
            f"           expected: {head}2001:db8::1-2001:db8::1{tail}",
            f"           found: {head}2001:db8::1/128{tail}",
            "           the simulator has a switch for this: ipv6_as_range",
            "0 confirmed, 1 refuted, 0 not asked",
        ],
    ), done.stderr


@needs_powershell
def test_the_script_does_not_start_where_nothing_could_be_taken_back() -> None:
    done = run_script(LAB_DISK_FULL="1")
    assert done.returncode == 2
    assert done.stdout.startswith("not started: netsh advfirewall export "), done.stdout
    assert "confirmed" not in done.stdout


@needs_powershell
def test_the_script_does_not_start_without_an_administrator_of_windows() -> None:
    done = subprocess.run(
        [PWSH, "-NoProfile", "-File", str(HERE / "run.ps1")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.partition(":")[0]) == (2, "not started")


# An addition, removals of namesakes, a change of protocol, a refusal on a live rule and one on a new rule, check mode.
WHOLE_PATH = [
    "Subnets stand before ranges",
    "One of two namesakes is removed exactly, the second",
    "From TCP to ICMP: clear the ports, put the protocol, then the types",
    "Puts before one that is refused are in force",
    "In check mode a conflict is told",
]


def test_the_playbook_confirms_every_assumption_on_the_simulator(lab: Lab) -> None:
    lab.start(
        {"fe01": {"addresses": ["10.1.0.11"], "seed": "windows"}, "fe02": {"addresses": ["10.1.0.12"], "seed": "empty"}}
    )
    before = lab.stores["fe01"].read()["rules"]
    played = lab.play(PLAYBOOK, "-e", "lync_selftest_host=fe01")
    result = played.result("fe01")
    alone = [scenario["name"] for scenario in EVERY if "fault" in scenario or "remove_name" in scenario]
    assert (result["status"], result["refuted"], result["not_asked"]) == ("ok", [], alone), played.output
    assert f"{len(EVERY) - len(alone)} confirmed, 0 refuted, {len(alone)} not asked" in played.output
    assert "confirmed  REPORT  Subnets stand before ranges" in played.output
    assert lab.stores["fe01"].read()["rules"] == before
    assert lab.stores["fe02"].counts()["requests"] == 0


@pytest.mark.slow
@pytest.mark.no_cover
@needs_powershell
def test_the_whole_path_gives_what_the_simulator_gives(lab: Lab) -> None:
    lab.executor = PowerShellExecutor(PWSH)
    lab.start({"fe01": {"addresses": ["10.1.0.11"], "seed": [{"Name": "Contoso"}]}})
    played = lab.play(PLAYBOOK, "-e", json.dumps({"lync_selftest_names": WHOLE_PATH}))
    result = played.result("fe01")
    assert (result["status"], result["refuted"]) == ("ok", []), played.output
    assert sorted(result["differences"]) == sorted(WHOLE_PATH)
    assert [rule["Name"] for rule in lab.stores["fe01"].read()["rules"]] == ["Contoso"]


def test_the_playbook_tells_what_is_refuted(lab: Lab) -> None:
    lab.start({"fe01": {"addresses": ["10.1.0.11"], "seed": "empty", "switches": {"ipv6_as_range": False}}})
    report = lab.directory / "evidence" / "fe01.json"
    report.parent.mkdir()
    options = {"lync_selftest_names": ["*IPv6 address reads*", "Ports of UDP*"], "lync_selftest_report": str(report)}
    played = lab.play(PLAYBOOK, "-e", json.dumps(options))
    assert played.result("fe01")["msg"] == "1 of 2 assumptions are refuted: One IPv6 address reads back as a range"
    assert "refuted    REPORT  One IPv6 address reads back as a range" in played.output
    assert "           the simulator has a switch for this: ipv6_as_range" in played.output
    assert played.status == 2
    (evidence,) = read_evidence(report.parent)
    text = f"1 confirmed, 1 refuted, **only 2 of {len(EVERY)} run**"
    assert (evidence.kind, evidence.text, evidence.is_good) == ("rules", text, False)
    assert evidence.build.startswith("20348.")


@pytest.mark.parametrize(
    ("faults", "variables", "text"),
    [
        (
            {"disk_full": True},
            {},
            "nothing was begun: netsh advfirewall export ended with 1: There is not enough space on the disk. "
            "(0x80070070)",
        ),
        (
            {},
            {"lync_selftest_names": ["nothing"]},
            f"names: no scenario is like nothing; fix: use *, or parts of the names in {ASSUMED / 'scenarios'}",
        ),
        (
            {},
            {"lync_selftest_host": "all"},
            "This writes on a host. Choose one with -e lync_selftest_host=NAME or --limit NAME.",
        ),
    ],
)
def test_the_playbook_begins_nothing_that_it_should_not(
    lab: Lab, faults: dict[str, bool], variables: dict[str, Any], text: str
) -> None:
    lab.start({name: {"addresses": ["10.1.0.11"], "seed": "empty"} for name in ("fe01", "fe02")})
    lab.stores["fe01"].set_faults(**faults)
    played = lab.play(PLAYBOOK, "-e", json.dumps({"lync_selftest_host": "fe01", **variables}))
    assert played.result("fe01")["msg"].replace("playbooks/../", "") == text
    assert lab.stores["fe01"].counts()["writes"] == 0


def test_the_playbook_asks_nothing_in_check_mode(lab: Lab) -> None:
    lab.start({"fe01": {"addresses": ["10.1.0.11"], "seed": "empty"}})
    played = lab.play(PLAYBOOK, "--check")
    assert (played.status, played.result("fe01")["msg"]) == (0, "nothing is asked in check mode, since it takes writes")
    assert lab.stores["fe01"].counts()["requests"] == 0
