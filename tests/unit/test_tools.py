# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tools that the gates stand on: counting of tests, reading of PowerShell specifications, generated deployments."""

from __future__ import annotations

import re
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings

from tests.bench.deployment import deployment
from tests.tools import gates, matrix, runs
from tests.tools.pwsh_specification import NotLiteralError, specification
from tests.tools.runs import Outcome, counted

ROOT = Path(__file__).resolve().parents[2]
JUNIT = """<testsuites><testsuite>
<testcase classname="t" name="a"/><testcase classname="t" name="b"><failure message="x"/></testcase>
<testcase classname="t" name="c"><error message="x"/></testcase>
<testcase classname="t" name="d"><skipped message="no pwsh"/></testcase>
</testsuite></testsuites>"""


def test_a_pytest_run_counts_as_its_tests(tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    report.write_text(JUNIT, encoding="utf-8")
    outcome = counted(Outcome(failed=1, details="log"), [report])
    assert outcome == Outcome(passed=1, failed=2, skips=("t::d: no pwsh",), details="log")
    assert outcome.counts() == "1 passed, 2 failed, 1 skipped"


@pytest.mark.parametrize(
    ("run", "report", "expected"),
    [
        (Outcome(passed=1), "", Outcome(failed=1, details="no test ran")),
        (Outcome(failed=1, details="broke down"), "", Outcome(failed=1, details="broke down")),
        (
            Outcome(failed=1, details="worker died"),
            '<testsuite><testcase classname="t" name="a"/></testsuite>',
            Outcome(1, 1, (), "worker died"),
        ),
    ],
    ids=["nothing ran", "no report", "failed besides its tests"],
)
def test_a_run_that_its_tests_do_not_explain_fails(
    run: Outcome, report: str, expected: Outcome, tmp_path: Path
) -> None:
    path = tmp_path / "junit.xml"
    if report:
        path.write_text(report, encoding="utf-8")
    assert counted(run, [path]) == expected


def test_a_run_whose_tests_were_all_skipped_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text('<testsuite><testcase classname="t" name="a"><skipped message="no nft"/></testcase></testsuite>')
    assert counted(Outcome(passed=1), [path]) == Outcome(skips=("t::a: no nft",))


def test_a_literal_specification_is_read() -> None:
    source = """#!powershell
$spec = @{
    # a comment
    options = @{
        state = @{ type = 'str'; choices = 'a', "b"; default = 'it''s' }
        rules = @{ type = 'list'; elements = 'dict'; default = @()
            options = @{ port = @{ type = 'int'; default = 80 } } }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
"""
    rules = {"type": "list", "elements": "dict", "default": [], "options": {"port": {"type": "int", "default": 80}}}
    state = {"type": "str", "choices": ["a", "b"], "default": "it's"}
    assert specification(source) == {"options": {"state": state, "rules": rules}, "supports_check_mode": True}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("$module = 1\n", r"no line begins with: \$spec = @\{"),
        ("$spec = @{\n    options = Get-Options\n}\n", "line 2: not a literal: '-Options"),
        ('$spec = @{\n    options = "a $b"\n}\n', r"line 2: not a literal: '\"a \$b"),
    ],
    ids=["none", "call", "interpolation"],
)
def test_a_computed_specification_is_refused(source: str, message: str) -> None:
    with pytest.raises(NotLiteralError, match=message):
        specification(source)


@pytest.mark.parametrize("path", sorted((ROOT / "plugins" / "modules").glob("*.ps1")), ids=lambda path: path.name)
def test_the_specification_of_each_powershell_module_is_literal(path: Path) -> None:
    assert isinstance(specification(path.read_text(encoding="utf-8-sig")), dict)


@pytest.mark.parametrize("size", [50, 500])
def test_a_generated_deployment_has_the_hosts_asked_for(size: int) -> None:
    groups = deployment(size)["all"]["children"]
    hosts = [name for group in groups.values() for name in group["hosts"]]
    assert len(hosts) == len(set(hosts)) == size
    pools = [variables["lync_pool"] for variables in groups["frontend"]["hosts"].values()]
    assert max(map(pools.count, pools)) == 8


def test_a_deployment_cannot_be_smaller_than_its_constant_part() -> None:
    with pytest.raises(ValueError, match="at least 19 hosts, not 5"):
        deployment(5)


OK = gates.Gate("one", "first", "holds", lambda name: Outcome(passed=3))
BROKEN = gates.Gate(
    "two", "second", "does not hold", lambda name: Outcome(passed=1, failed=2, details="why\nand where")
)
SKIPPING = gates.Gate("three", "second", "is skipped", lambda name: Outcome(skips=("t::d: no pwsh",)))
ALL_SKIPPED = gates.Gate("six", "g", "is skipped", lambda name: Outcome(skips=("t::d[x: y]: no pwsh", "t::e: no pwsh")))
NO_NEWER_PYTHON = gates.Gate("four", "third", "is skipped", lambda name: Outcome(skips=(matrix.NO_NEWER_PYTHON,)))


def _break_down(name: str) -> Outcome:
    raise FileNotFoundError(f"no {name}")


BREAKING = gates.Gate("five", "third", "breaks down", _break_down)


@pytest.mark.parametrize(
    ("table", "arguments", "status", "printed"),
    [
        ([OK], [], 0, ["3 passed, 0 failed, 0 skipped"]),
        ([BROKEN, OK], [], 1, ["    | why", "    | and where", "4 passed, 2 failed, 0 skipped"]),
        ([BREAKING, OK], [], 1, ["    | FileNotFoundError: no five", "3 passed, 1 failed, 0 skipped"]),
        ([BROKEN, OK], ["first"], 0, ["3 passed, 0 failed, 0 skipped"]),
        ([OK, SKIPPING], [], 0, ["    skipped: no pwsh", "3 passed, 0 failed, 1 skipped"]),
        (
            [OK, SKIPPING],
            ["--no-skips"],
            1,
            ["Skipped, but needed here:", "  no pwsh", "3 passed, 0 failed, 1 skipped"],
        ),
        ([OK, ALL_SKIPPED], [], 0, ["    skipped: 2 tests: no pwsh", "3 passed, 0 failed, 2 skipped"]),
        ([OK, NO_NEWER_PYTHON], ["--no-skips"], 0, ["3 passed, 0 failed, 1 skipped"]),
    ],
    ids=["ok", "failed", "broken down", "chosen", "skipped", "skip refused", "all skipped", "skip accepted"],
)
def test_gates_all_run_and_add_up(
    table: list[gates.Gate],
    arguments: list[str],
    status: int,
    printed: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(gates, "GATES", table)
    monkeypatch.setattr(gates, "WORDS", ["first"])
    assert gates.main(arguments) == status
    lines = capsys.readouterr().out.splitlines()
    assert set(printed) <= set(lines)
    assert lines[-1] == printed[-1]
    assert re.fullmatch(r"\d+ s on the clock, \d+ s of the processors", lines[-2])


def test_gates_run_beside_each_other_and_after_what_they_need(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    together = threading.Barrier(2, timeout=120)

    def meet(name: str) -> Outcome:
        together.wait()
        return Outcome(passed=1, processor_seconds=1.4)

    two = gates.Gate("two", "g", "needs one", lambda name: Outcome(passed=1), needs=("one", "not chosen"))
    table = [two, gates.Gate("one", "g", "meets three", meet), gates.Gate("three", "g", "meets one", meet)]
    monkeypatch.setattr(gates, "GATES", table)
    monkeypatch.setattr(gates, "WORDS", ["g"])
    assert gates.main(["g", "--lanes", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]].index("two") > [line.split()[0] for line in lines[:3]].index("one")
    assert lines[-2].endswith(", 3 s of the processors")


def test_gates_that_need_each_other_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    table = [
        gates.Gate("one", "g", "needs two", lambda name: Outcome(passed=1), needs=("two",)),
        replace(OK, name="two", needs=("one",)),
    ]
    monkeypatch.setattr(gates, "GATES", table)
    monkeypatch.setattr(gates, "WORDS", [])
    with pytest.raises(ValueError, match="gates that need each other: one, two"):
        gates.main([])


def test_the_gates_need_gates_that_there_are_and_coverage_needs_all_that_measure() -> None:
    names = [gate.name for gate in gates.GATES]
    assert len(names) == len(set(names))
    assert {need for gate in gates.GATES for need in gate.needs} <= set(names)
    assert set(next(gate for gate in gates.GATES if gate.name == "coverage").needs) == set(gates.COVERING_GATES)


def test_properties_are_tried_with_the_same_examples_in_every_run() -> None:
    assert settings.default.derandomize
    assert settings.get_profile("ci").derandomize and settings.get_profile("dev").derandomize


def test_the_tiers_name_gates_that_there_are_and_continuous_integration_runs_all_that_is_not_run_anyway() -> None:
    names = {gate.name for gate in gates.GATES}
    assert names >= {*gates.QUICK, *gates.ONLY_QUICK, *gates.ONLY_ALL}
    assert {gate.name for gate in gates._of_tier("all")} == names - set(gates.ONLY_QUICK)
    assert {gate.name for gate in gates._of_tier("test")} == names - {*gates.ONLY_QUICK, *gates.ONLY_ALL}
    assert {gate.name for gate in gates._named(["unit"])} == {"unit", "faults", "contract"}


@pytest.mark.parametrize(
    ("skips", "reported", "expected"),
    [
        (("t::a: no nft",), 1, Outcome(skips=("fewer lines than the bar, and 3 tests that run some were skipped",))),
        ((), 1, Outcome(failed=1)),
        (("t::a: no nft",), 0, Outcome(passed=1)),
    ],
    ids=["skipped", "nothing skipped", "enough all the same"],
)
def test_coverage_is_not_held_to_the_bar_where_tests_were_skipped(
    skips: tuple[str, ...], reported: int, expected: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def execute(run: runs.Run, name: str) -> Outcome:
        failed = "report" in run.arguments and bool(reported)
        return Outcome(failed=1) if failed else Outcome(passed=1)

    monkeypatch.setattr(runs.Run, "execute", execute)
    monkeypatch.setattr(gates, "skips_of", lambda gate: skips)
    assert gates._coverage("coverage") == expected


def test_a_program_tells_the_seconds_of_the_processors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "LOGS", tmp_path)
    monkeypatch.setattr(runs, "ROOT", tmp_path)
    busy = "import time\nwhile time.process_time() < 0.2: pass"
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    assert 0.2 <= runs.Run([sys.executable, "-c", nested], cwd=tmp_path).execute("busy").processor_seconds < 20


def test_a_run_that_tested_nothing_fails_whatever_its_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "LOGS", tmp_path)
    monkeypatch.setattr(runs, "ROOT", tmp_path)
    run = runs.Run(["echo", "All targets skipped."], cwd=tmp_path, must_print="Running sanity test")
    assert run.execute("log") == Outcome(
        failed=1, details="exit status 0, but log.log lacks 'Running sanity test': nothing was tested"
    )
    assert (
        runs.Run(["sh", "-c", "echo Running sanity test"], cwd=tmp_path, must_print="Running sanity test")
        .execute("other")
        .passed
    )


def again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, second: Outcome) -> tuple[Outcome, list[list[str]]]:
    """Return what a run of the report above comes to when its failures are run again, and what was run."""
    ran: list[list[str]] = []

    def run(name: str, arguments: list[str], *_more: object) -> Outcome:
        ran.append([str(argument) for argument in arguments])
        return Outcome(1, 2, details="log") if len(ran) == 1 else second

    (tmp_path / "junit").mkdir()
    (tmp_path / "junit" / "lab.xml").write_text(JUNIT, encoding="utf-8")
    monkeypatch.setattr(runs, "BUILD", tmp_path)
    monkeypatch.setattr(runs, "_pytest", run)
    return runs.pytest("lab", ["tests/lab"]), ran


def test_failures_that_pass_by_themselves_count_as_passed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    outcome, ran = again(monkeypatch, tmp_path, Outcome(2))
    assert (outcome.passed, outcome.failed) == (3, 0)
    assert ran[1] == ["-p", "no:xdist", "t.py::b", "t.py::c"]


@pytest.mark.parametrize("second", [Outcome(1, 1), Outcome(1), Outcome(failed=1)])
def test_failures_that_fail_again_stay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, second: Outcome) -> None:
    outcome, _ran = again(monkeypatch, tmp_path, second)
    assert (outcome.passed, outcome.failed, outcome.details) == (1, 2, "log")


def test_a_failure_that_is_expected_is_no_skip(tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    skip = '<testcase classname="a" name="b"><skipped type="pytest.{}" message="why"/></testcase>'
    report.write_text(f"<testsuite>{skip.format('xfail')}{skip.format('skip')}</testsuite>", encoding="utf-8")
    found = runs.counted(Outcome(), [report])
    assert (found.passed, found.failed, found.skips) == (1, 0, ("a::b: why",))
