# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Running a program for a gate: its output goes to a log, its result becomes a count.

A gate counts as one; a gate that runs pytest counts as its tests, read from the JUnit file that pytest writes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build"
LOGS = BUILD / "logs"
BIN = Path(sys.executable).parent
TAIL_LINES = 50
MOST_AGAIN = 5
TWO_PROCESSES = ("-n", "2", "--dist", "worksteal")
"""How pytest runs: a process that has done its share takes from the other's."""
ERROR_STARTS = ("ERROR", "FATAL")


@dataclass(frozen=True)
class Outcome:
    """What a gate came to; skips holds the reason of each skipped test, details what to show of a failure."""

    passed: int = 0
    failed: int = 0
    skips: tuple[str, ...] = ()
    details: str = ""
    processor_seconds: float = field(default=0.0, compare=False)
    """What its programs took of all processors together, those that they started and waited for included."""

    def __add__(self, other: Outcome) -> Outcome:
        details = "\n".join(text for text in (self.details, other.details) if text)
        seconds = self.processor_seconds + other.processor_seconds
        return Outcome(
            self.passed + other.passed, self.failed + other.failed, self.skips + other.skips, details, seconds
        )

    def counts(self) -> str:
        """Return the counts as the line that ends a run."""
        return f"{self.passed} passed, {self.failed} failed, {len(self.skips)} skipped"


@dataclass(frozen=True)
class Run:
    """A program to run: arguments (the first is looked up in the environment's own bin first), where, and with what
    environment on top.
    """

    arguments: Sequence[str | Path]
    cwd: Path = ROOT
    environment: Mapping[str, str] = field(default_factory=dict)
    must_print: str = ""
    """A text without which the log shows that nothing was tested, whatever the exit status."""

    def execute(self, name: str) -> Outcome:
        """Run it with output to the log of that name; one passed or one failed."""
        log = log_path(name)
        with log.open("a", encoding="utf-8") as output:
            print("$", *self.arguments, file=output, flush=True)
            status, seconds = self._run(output)
        if status:
            return Outcome(
                failed=1,
                details=f"exit status {status}, {log.relative_to(ROOT)} ends:\n{tail(log)}",
                processor_seconds=seconds,
            )
        if self.must_print not in log.read_text(encoding="utf-8", errors="replace"):
            details = f"exit status 0, but {log.relative_to(ROOT)} lacks {self.must_print!r}: nothing was tested"
            return Outcome(failed=1, details=details, processor_seconds=seconds)
        return Outcome(passed=1, processor_seconds=seconds)

    def _run(self, output: IO[str]) -> tuple[int, float]:
        """Return the exit status and the seconds of the processors.

        Other threads may wait for other programs at the same time.
        """
        arguments = [str(part) for part in self.arguments]
        with subprocess.Popen(
            arguments,
            cwd=self.cwd,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as program:
            _pid, status, usage = os.wait4(program.pid, 0)
            program.returncode = os.waitstatus_to_exitcode(status)
        return program.returncode, usage.ru_utime + usage.ru_stime

    def _environment(self) -> dict[str, str]:
        inherited = {
            **os.environ,
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
            "NO_COLOR": "1",
            "PYTHONUTF8": "1",
        }
        return {**inherited, **self.environment}


def log_path(name: str) -> Path:
    """Return the log of a gate; its folder exists afterwards."""
    LOGS.mkdir(parents=True, exist_ok=True)
    return LOGS / f"{name}.log"


def tail(log: Path) -> str:
    """Return the last lines of a log, and before them the lines further up that say ERROR or FATAL at their start."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines[:-TAIL_LINES] if line.startswith(ERROR_STARTS)]
    return "\n".join([*errors, *lines[-TAIL_LINES:]])


def pytest(
    name: str,
    arguments: Sequence[str | Path],
    python: Path | str = sys.executable,
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """Run pytest and count its tests; a run that ends without a report is one failure.

    A few tests measure traffic or wait for a moment, and another gate on the same two processors can take it from
    them. So up to five failures are run once more, one after the other, and count by what they come to then; it is
    said which these were.
    """
    outcome = _pytest(name, arguments, python, environment or {})
    failed = failed_tests(BUILD / "junit" / f"{name}.xml")
    if not outcome.failed or outcome.failed != len(failed) or len(failed) > MOST_AGAIN:
        return outcome
    again = _pytest(
        f"{name}-again",
        ["-p", "no:xdist", *failed],
        python,
        {**(environment or {}), "COVERAGE_FILE": str(BUILD / "again")},
    )
    if again.failed or again.passed != len(failed):
        return outcome
    print(*(f"    passed when run again by itself: {test}" for test in failed), sep="\n", flush=True)
    return replace(outcome, passed=outcome.passed + again.passed, failed=0, details="")


def _pytest(name: str, arguments: Sequence[str | Path], python: Path | str, environment: Mapping[str, str]) -> Outcome:
    report = BUILD / "junit" / f"{name}.xml"
    report.unlink(missing_ok=True)
    run = Run([python, "-m", "pytest", "-q", f"--junitxml={report}", *arguments], environment=environment).execute(name)
    return counted(run, [report])


def skips_of(name: str) -> tuple[str, ...]:
    """Return the tests that the last run of a gate skipped, with their reasons."""
    report = BUILD / "junit" / f"{name}.xml"
    return _read_junit(report).skips if report.is_file() else ()


def failed_tests(report: Path) -> list[str]:
    """Return the failed tests of a JUnit report, as pytest is told to run them; nothing where there is no report."""
    cases = ElementTree.parse(report).findall(".//testcase") if report.is_file() else []
    found = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    return [f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}" for case in found]


def counted(run: Outcome, reports: Sequence[Path]) -> Outcome:
    """Return the tests of JUnit reports in place of the run's own count, which stays when the reports explain no
    failure.
    """
    tests = sum((_read_junit(report) for report in reports if report.is_file()), Outcome())
    if run.failed and not tests.failed:
        return replace(run, passed=tests.passed, failed=1, skips=tests.skips)
    if not tests.passed + tests.failed + len(tests.skips):
        return replace(run, passed=0, failed=1, details=run.details or "no test ran")
    return replace(run, passed=tests.passed, failed=tests.failed, skips=tests.skips)


def _read_junit(report: Path) -> Outcome:
    cases = ElementTree.parse(report).findall(".//testcase")
    skips = tuple(_skip_reason(case) for case in cases if _is_skipped(case))
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    return Outcome(len(cases) - len(skips) - failed, failed, skips)


def _is_skipped(case: ElementTree.Element) -> bool:
    """Return whether a test did not run; one that failed as it is expected to ran, and did what it is there for."""
    skipped = case.find("skipped")
    return skipped is not None and skipped.get("type") != "pytest.xfail"


def _skip_reason(case: ElementTree.Element) -> str:
    skipped = case.find("skipped")
    message = "" if skipped is None else skipped.get("message", "")
    return f"{case.get('classname')}::{case.get('name')}: {message}"
