# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One list of scenarios for the host's side of IPsec: the simulated module and the module's own PowerShell agree.

A scenario: host (parts of the host's side, see tests.simulators.ipsec_store), seed (arguments of rules by id), merge
(Group Policy of profiles), fault, task (a change waits to be confirmed), check_mode, arguments of the module; expected:
error, done, enumerations, writes, store ("ID STRING", {new} for an id of Windows), and where they matter rules (of a
Group Policy object as answered), gpo (its rules on disk), answer (parts of the answer).
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest

from tests.simulators import ipsec_store, netsh_script
from tests.simulators.firewall_store import FirewallStore
from tests.simulators.ipsec_host import run_module
from tests.simulators.powershell import FakeFiles
from tests.tools.evidence import read_evidence

HERE = pathlib.Path(__file__).resolve().parent
EVERY: list[dict[str, Any]] = [
    scenario
    for path in sorted((HERE / "ipsec").glob("*.json"))
    for scenario in json.loads(path.read_text(encoding="utf-8"))
]  # fmt: skip
EVIDENCE = {"REAL", "DOC", "SPEC", "CODE", "REPORT", "INFER", "OWN"}
PWSH, COMMANDS = os.environ.get("LYNC_PWSH", ""), os.environ.get("LYNC_POWERSHELL_COMMANDS", "")
GPO = "contoso.com\\Lync IPsec"
# What the two answers cannot share: a hash of another kind, and where the folder of Windows is.
OWN_WORDS = ("fingerprint", "environment")
needs_powershell = pytest.mark.skipif(not PWSH, reason="LYNC_PWSH does not name a PowerShell 7")


def addresses(count: int) -> list[str]:
    return [f"10.0.{number // 250}.{number % 250}" for number in range(count)]


def written_out(value: Any) -> Any:
    """Return a value with long lists instead of their short forms."""
    if isinstance(value, dict):
        return (
            addresses(value["addresses"])
            if set(value) == {"addresses"}
            else {key: written_out(part) for key, part in value.items()}
        )
    if isinstance(value, list):
        return [written_out(part) for part in value]
    if isinstance(value, str):
        return re.sub(
            r"<(\w+) (\d+)>", lambda match: "".join(f"{match[1]}={one}|" for one in addresses(int(match[2]))), value
        )
    return value


def host(directory: pathlib.Path, name: str, scenario: Mapping[str, Any]) -> FirewallStore:
    """Return a host as the scenario wants it."""
    store = FirewallStore(directory, name)
    store.create(["10.1.0.11"], [{"Name": "Contoso"}])
    ipsec_store.change(store, **{"rules": ipsec_store.exempted(scenario.get("seed", {})), **scenario.get("host", {})})
    task = (
        {"name": "msuc.lync firewall revert", "path": "x.wfw", "due": 5, "has_run": False}
        if scenario.get("task")
        else None
    )
    store.change(task=task, group_policy={"rules": {}, "profiles": scenario.get("merge", {})})
    store.set_faults(**scenario.get("fault", {}))
    return store


def arguments(scenario: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the module is told; without a snapshot unless the scenario wants one."""
    return {"snapshot": False, **written_out(scenario["arguments"])}


def lines(rules: Mapping[str, str]) -> list[str]:
    """Return rules as scenarios write them: an id that Windows made is {new}."""
    return sorted(f"{re.sub('^[{][0-9A-F]{8}-.*', '{new}', rule_id)} {text}" for rule_id, text in rules.items())


def outcome(store: FirewallStore, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run gave, in the words of scenarios; the host's own counts agree with those of the answer."""
    counted = {what: store.counts()[what] for what in ("enumerations", "writes")}
    counts = answer["counters"]
    part = ipsec_store.part(store.read())
    return {
        "error": answer.get("msg", ""),
        "done": answer["done"],
        **counts,
        "counted": counted,
        "store": lines(part["rules"]),
        "rules": lines(answer.get("rules", {})),
        "gpo": lines(part["stores"].get(GPO, {})),
        "answer": {
            key: whole_minutes(value) if key == "pending_revert" else value
            for key, value in answer.items()
            if key not in (*OWN_WORDS, "msg", "counters", "done", "rules", "failed")
        },
    }


def whole_minutes(pending: Mapping[str, Any]) -> dict[str, Any]:
    """Return what waits to be taken back with its time in minutes: clocks go on between two answers."""
    return {**pending, "seconds": -(-pending["seconds"] // 60)} if pending else {}


def differences(scenario: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Return what a scenario expects and was not found."""
    expected = written_out(scenario["expected"])
    expected["counted"] = {what: expected[what] for what in ("enumerations", "writes")}
    wrong = [
        f"{key}: {expected[key]!r} expected, {found[key]!r} found"
        for key in sorted(expected.keys() - {"answer", "store"})
        if found[key] != expected[key]
    ]
    wrong += [f"store: {sorted(expected['store'])} expected, {found['store']} found"] * (
        sorted(expected["store"]) != found["store"]
    )
    full = {**found["answer"], "rules": found["rules"]}
    for key, value in expected.get("answer", {}).items():
        value = lines(value) if key == "rules" else value
        wrong += [f"{key}: {value!r} expected, {full.get(key)!r} found"] * (full.get(key) != value)
    return wrong


def simulated(directory: pathlib.Path, scenario: Mapping[str, Any], name: str = "python") -> dict[str, Any]:
    """Return what the simulated module gives."""
    store = host(directory, name, scenario)
    return outcome(store, run_module(store, arguments(scenario), bool(scenario.get("check_mode"))))


def test_scenarios_have_names_and_sources_of_their_own() -> None:
    names = [scenario["name"] for scenario in EVERY]
    assert len(names) == len(set(names)) > 100
    assert {scenario["evidence"] for scenario in EVERY} == EVIDENCE
    assert all(scenario["source"] for scenario in EVERY)


@pytest.mark.skipif(not COMMANDS, reason="LYNC_POWERSHELL_COMMANDS does not name the list of commands")
def test_the_fakes_of_cmdlets_have_no_parameters_of_their_own() -> None:
    releases = json.loads(pathlib.Path(COMMANDS).read_text(encoding="utf-8"))["releases"]
    known = {name: set(parameters) for name, parameters in releases["4.0 (2012 R2)"]["NetSecurity"].items()}
    text = (HERE.parent / "simulators" / "fake_ipsec.ps1").read_text(encoding="utf-8")
    found = re.findall(r"function (\w+-Net\w+) \{.*?param\(((?:[^()]|\([^()]*\))*)\)", text, re.DOTALL)
    fakes = {name: set(re.findall(r"\$(?!true)(\w+)", declared)) for name, declared in found}
    assert {
        "New-NetIPsecRule",
        "Set-NetIPsecRule",
        "Remove-NetIPsecRule",
        "Open-NetGPO",
        "Save-NetGPO",
        "Get-NetIPsecRule",
    } <= set(fakes)
    assert {"RemoteAddress", "GPOSession"} < fakes["New-NetIPsecRule"]
    assert [(name, parameter) for name in fakes for parameter in sorted(fakes[name] - known[name])] == []


@pytest.mark.parametrize("scenario", EVERY, ids=lambda scenario: scenario["name"])
def test_the_simulator_does_what_is_expected(tmp_path: pathlib.Path, scenario: dict[str, Any]) -> None:
    assert differences(scenario, simulated(tmp_path, scenario)) == []


@needs_powershell
def test_the_powershell_gives_what_the_simulator_gives(tmp_path: pathlib.Path) -> None:
    runs = []
    for number, scenario in enumerate(EVERY):
        store = host(tmp_path, f"host{number}", scenario)
        files = FakeFiles(store, tmp_path / f"scratch{number}")
        runs.append(
            {
                "arguments": arguments(scenario),
                "check_mode": bool(scenario.get("check_mode")),
                "environment": files.environment(),
            }
        )
    (tmp_path / "runs.json").write_text(json.dumps(runs), encoding="utf-8")
    command = [PWSH, "-NoProfile", "-File", str(HERE / "ipsec.ps1"), "-Path", str(tmp_path / "runs.json")]
    done = subprocess.run(
        command, env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(EVERY), done.stdout[-2000:] + done.stderr
    wrong = []
    for number, (scenario, answer) in enumerate(zip(EVERY, answers, strict=True)):
        theirs = outcome(FirewallStore(tmp_path, f"host{number}"), answer)
        ours = simulated(tmp_path, scenario, f"python{number}")
        wrong += [
            f"{scenario['name']}: {key}: {theirs[key]!r} instead of {ours[key]!r}"
            for key in ours
            if theirs[key] != ours[key]
        ]
    assert wrong == []


LEGACY = """
# Lync media
ipsec static set batch mode=enable
ipsec static add policy name="Lync" description="Permits media" activatedefaultrule=no assign=no
ipsec static add filterlist name="Lync media" description="I1 I2"
ipsec static add filter filterlist="Lync media" srcaddr=me dstaddr=10.0.0.0 dstmask=255.0.0.0 protocol=UDP @REST@
ipsec static add filter filterlist="Lync media" srcaddr=10.1.0.1-10.1.0.9 dstaddr=any protocol=ANY mirrored=yes
ipsec static add filteraction name="Permit" description="No negotiation" action=permit
ipsec static add rule name="Lync media" policy="Lync" filterlist="Lync media" filteraction="Permit"
ipsec static set policy name="Lync" assign=y
ipsec static set batch mode=disable
""".replace("@REST@", "mirrored=yes srcport=0 dstport=3478")


def test_netsh_takes_a_complete_script_of_legacy_policies() -> None:
    store = netsh_script.legacy(LEGACY)
    assert (store["assigned"], list(store["policies"]), len(store["lists"]["Lync media"]["filters"])) == (
        "Lync",
        ["Lync"],
        2,
    )
    assert store["rules"]["Lync media"] == {
        "name": "Lync media",
        "policy": "Lync",
        "filterlist": "Lync media",
        "filteraction": "Permit",
    }


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        ('description="Permits media" ', "", "add policy: Lync has no description"),
        ("assign=y\n", "assign=y\nipsec static show policy\n", "show policy: policy is not a valid argument"),
        ("action=permit", "action=allow", "add filteraction: allow"),
        ("dstport=3478", "dstport=49152-57500", "add filter: port '49152-57500'; 0 is any, and there are no ranges"),
        ("protocol=UDP", "protocol=ANY", "add filter: port 3478 of a protocol without ports"),
        ("dstmask=255.0.0.0", "dstmask=255.0.255.0", "add filter: address '10.0.0.0' mask '255.0.255.0'"),
        ("10.1.0.1-10.1.0.9", "10.1.0.9-10.1.0.1", "add filter: address '10.1.0.9-10.1.0.1'"),
        ("srcaddr=me", "srcaddr=mine", "add filter: address 'mine' mask ''"),
        ("mirrored=yes", "mirrored=both", "add filter: mirrored 'both'"),
        ('filteraction="Permit"', 'filteraction="Block"', "add rule: there is no filteraction 'Block'"),
        ('set policy name="Lync"', 'set policy name="Other"', "set policy: there is no policy 'Other'"),
        ("set batch mode=enable", "set batch mode=on", "set batch: mode 'on'"),
        (
            'filteraction name="Permit"',
            'filteraction name="Permit" group=x',
            "add filteraction: group is not a valid argument",
        ),
        (
            "ipsec static add filterlist",
            "advfirewall consec add filterlist",
            "advfirewall consec in a script of legacy policies",
        ),
    ],
)
def test_netsh_refuses_what_is_wrong_in_a_script_of_legacy_policies(good: str, bad: str, complaint: str) -> None:
    assert good in LEGACY
    with pytest.raises(netsh_script.ScriptError) as caught:
        netsh_script.legacy(LEGACY.replace(good, bad))
    assert str(caught.value) == complaint


@pytest.mark.parametrize("switch", ["stops_at_error", "tells_errors", "writes_empty"])
def test_each_switch_of_the_host_is_told_by_a_scenario(tmp_path: pathlib.Path, switch: str) -> None:
    wrong = []
    for number, scenario in enumerate(EVERY):
        flipped = {**scenario, "host": {**scenario.get("host", {}), "switches": {switch: switch == "stops_at_error"}}}
        wrong += [scenario["name"]] * bool(differences(flipped, simulated(tmp_path, flipped, f"host{number}")))
    assert wrong


def on_a_host(directory: pathlib.Path, name: str, *more: str, **fault: bool) -> tuple[int, list[str]]:
    """Run run_ipsec.ps1 over the fakes; return its exit status and lines. Rules of others stay."""
    store = host(directory, "fe01", {"seed": {"{1}": {"DisplayName": "Theirs"}}, "fault": fault})
    given = {**os.environ, **FakeFiles(store, directory / "scratch").environment(), "TMPDIR": str(directory)}
    script = ["-File", str(HERE / "run_ipsec.ps1"), "-Fake", str(HERE / "fake.ps1")]
    command = [PWSH, "-NoProfile", *script, "-Name", name, *more]
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    assert list(ipsec_store.shown(store)) == ["{1}"], done.stdout
    return done.returncode, done.stdout.splitlines()


@needs_powershell
def test_the_script_for_windows_confirms_what_the_simulator_does_and_leaves_nothing(tmp_path: pathlib.Path) -> None:
    report = tmp_path / "evidence" / "report.json"
    report.parent.mkdir()
    status, found = on_a_host(tmp_path, "*", "-Report", str(report))
    # Not asked: a scenario of two rules, three of other ids, two of lists that are not written out.
    assert (status, found[-1]) == (0, "39 confirmed, 0 refuted, 6 not asked"), found
    # No Windows stands below the fakes, so the build is missing; with one it is evidence.
    told = json.loads(report.read_text(encoding="utf-8"))
    report.write_text(json.dumps({**told, "build": "20348.2700"}), encoding="utf-8")
    (evidence,) = read_evidence(report.parent)
    assert (told["build"], evidence.kind, evidence.text, evidence.is_good) == ("", "ipsec", "39 confirmed", True)


@needs_powershell
def test_the_script_for_windows_tells_what_is_refuted(tmp_path: pathlib.Path) -> None:
    assert on_a_host(tmp_path, "A prefix becomes*", access_denied=True) == (
        1,
        [
            "refuted    REPORT  A prefix becomes a mask and loses its host bits",
            "           expected: Action=DoNotSecure|Active=FALSE|EP2_4=10.0.0.0/255.0.0.0|Name=Contract",
            "           found: refused: Access is denied. (Windows System Error 5)",
            "0 confirmed, 1 refuted, 0 not asked",
        ],
    )
