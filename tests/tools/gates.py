# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the gates of the table below, two beside each other, and adds up what they found.

    python -m tests.tools.gates [--tier quick|test|all] [--no-skips] [--lanes N] [GATE or GROUP ...]

Each gate is a line as it finishes: seconds on the clock and of the processors, and counts, and below it a line for each
reason why something was skipped. A failing gate stops none of the others. The last line is "N passed, N failed, N
skipped": a gate that runs pytest counts its tests, any other counts as one. Exit status 1 when something failed, or
with --no-skips when something was skipped that need not be; that runs every tier. Each gate's whole output stays in
.build/logs.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

from . import bare, collection_copy, matrix, newer_haproxy, published, wheel_collections
from .runs import BIN, BUILD, ROOT, TWO_PROCESSES, Outcome, Run, counted, log_path, pytest, skips_of

PLUGINS = ".collections/ansible_collections/msuc/lync/plugins"
COVERAGE = BUILD / "coverage"
COVERAGE_MINIMUM_PERCENT = 95
COVERED = {"unit": "tests/unit", "contract": "tests/contract", "lab": "tests/lab"}
COVERING_GATES = tuple(COVERED)
LANES = 2
PYTHON_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
_TEST = re.compile(r"^[\w.-]+::\w+(\[.*?\])?: ")
SMALL_EXAMPLE = ROOT / "examples" / "small"


@dataclass(frozen=True)
class Gate:
    """One thing that must hold; run gets the gate's name, which names its log.

    It starts after those that it needs, whatever they came to.
    """

    name: str
    group: str
    proves: str
    run: Callable[[str], Outcome]
    needs: tuple[str, ...] = ()


def _command(*arguments: str | Path) -> Callable[[str], Outcome]:
    return lambda name: Run(arguments).execute(name)


def _tests(folder: str) -> Callable[[str], Outcome]:
    return lambda name: pytest(name, [*TWO_PROCESSES, folder])


def _tests_by_file(folder: str) -> Callable[[str], Outcome]:
    """Run the tests of a file in one process, since they share what they start."""
    return lambda name: pytest(name, ["-n", "2", "--dist", "loadfile", folder])


def _measured_tests(folder: str) -> Callable[[str], Outcome]:
    def run(name: str) -> Outcome:
        data = COVERAGE / name
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        environment = {"COVERAGE_FILE": str(data / "data"), "LYNC_CHECKOUT": str(ROOT)}
        return pytest(name, [*TWO_PROCESSES, "--cov", "--cov-report=", folder], environment=environment)

    return run


def _newer_haproxy(suite: str) -> Callable[[str], Outcome]:
    """Run the tests of HAProxy by the program of a newer suite, whose version the line says."""

    def run(name: str) -> Outcome:
        program = newer_haproxy.program(suite)
        if not program.is_file():
            return Outcome(skips=(f"the HAProxy of {suite} is not there; python -m tests.tools.newer_haproxy gets it",))
        print(f"haproxy-{suite}: version {newer_haproxy.version(program)}", flush=True)
        # They wait more than they work.
        return pytest(name, [*TWO_PROCESSES, *newer_haproxy.TESTS], environment={"LYNC_HAPROXY": str(program)})

    return run


def _quick_unit(name: str) -> Outcome:
    return pytest(name, [*TWO_PROCESSES, "-m", "not slow", "tests/unit"])


def _coverage(name: str) -> Outcome:
    data = [path for path in (COVERAGE / gate / "data" for gate in COVERING_GATES) if path.is_file()]
    environment = {"COVERAGE_FILE": str(COVERAGE / "together"), "LYNC_CHECKOUT": str(ROOT)}
    combined = Run(["coverage", "combine", "--keep", *data], environment=environment).execute(name)
    report = Run(["coverage", "report", f"--fail-under={COVERAGE_MINIMUM_PERCENT}"], environment=environment)
    found = combined if combined.failed else report.execute(name)
    skipped = sum(len(skips_of(gate)) for gate in COVERING_GATES)
    if combined.passed and found.failed and skipped:
        # What they would have run counts as not run, so the bar says nothing.
        return Outcome(skips=(f"fewer lines than the bar, and {skipped} tests that run some were skipped",))
    return found


def _powershell(name: str) -> Outcome:
    checker = os.environ.get("LYNC_PWSH_CHECK")
    if not checker:
        return Outcome(skips=("LYNC_PWSH_CHECK names no program that checks PowerShell for Windows PowerShell 5.1",))
    contract = [ROOT / "tests" / "contract" / f"{script}.ps1" for script in ("run", "run_ipsec", "shared")]
    scripts = [*sorted(path for kind in ("ps1", "psm1") for path in (ROOT / "plugins").rglob(f"*.{kind}")), *contract]
    return Run([checker, "--min-version", "5.1", "--strict", *scripts]).execute(name)


def _ansible_test(name: str, *arguments: str, must_print: str = "") -> Run:
    copy = collection_copy.refresh(name)
    environment = collection_copy.ansible_test_environment(name, f"{BIN}{os.pathsep}{os.environ['PATH']}")
    return Run(
        ["ansible-test", *arguments, "--python", PYTHON_VERSION],
        cwd=copy,
        environment=environment,
        must_print=must_print,
    )


def _sanity(name: str) -> Outcome:
    # The PowerShell linter needs the real pwsh with a module from its gallery.
    return _ansible_test(name, "sanity", "--skip-test", "pslint", must_print="Running sanity test").execute(name)


def _ansible_test_units(name: str) -> Outcome:
    run = _ansible_test(name, "units", *matrix.PLUGINS).execute(name)
    outcome = counted(run, sorted((collection_copy.folder(name) / "tests" / "output" / "junit").glob("*.xml")))
    # ansible-test hides the variables LYNC_* that name programs; the tests that ask for them run in the gate `unit`.
    return replace(outcome, skips=tuple(reason for reason in outcome.skips if "LYNC_" not in reason))


def _scenario(scenario: str) -> Callable[[str], Outcome]:
    return _command("molecule", "test", "--scenario-name", scenario)


def _balancer_scenario(name: str) -> Outcome:
    is_there = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
    return _scenario("balancer")(name) if is_there else Outcome(skips=("not installed: haproxy",))


def _build(name: str) -> Outcome:
    for stale in BUILD.glob("msuc-lync-*.tar.gz"):
        stale.unlink()
    return Run(
        ["ansible-galaxy", "collection", "build", "--force", "--output-path", BUILD, collection_copy.refresh(name)]
    ).execute(name)


def _installed(name: str) -> Outcome:
    """Use the built collection as its users do: away from the checkout, by the full names of its playbooks."""
    tarballs = sorted(BUILD.glob("msuc-lync-*.tar.gz"))
    if not tarballs:
        return Outcome(failed=1, details="there is no .build/msuc-lync-*.tar.gz; the gate `build` makes it")
    away = BUILD / "installed"
    shutil.rmtree(away, ignore_errors=True)
    away.mkdir()
    # An inventory that is a directory needs this.
    (away / "ansible.cfg").write_text("[inventory]\nany_unparsed_is_failed = true\n", encoding="utf-8")
    environment = {"ANSIBLE_COLLECTIONS_PATH": str(away), "ANSIBLE_CONFIG": str(away / "ansible.cfg")}
    playbooks = [f"msuc.lync.{path.stem}" for path in sorted((ROOT / "playbooks").glob("*.yml"))]
    commands: list[Sequence[str | Path]] = [
        ["ansible-galaxy", "collection", "install", "--offline", "-p", away, tarballs[0]],
        ["ansible-playbook", "--syntax-check", "-i", SMALL_EXAMPLE, *playbooks],
        ["ansible-playbook", "-i", SMALL_EXAMPLE, "-e", f"lync_plan_dir={away / 'plan'}", "msuc.lync.plan"],
        [sys.executable, "-c", f"import json; assert json.load(open({str(away / 'plan' / 'index.json')!r}))"],
    ]
    return _first_failure(name, [Run(command, cwd=away, environment=environment) for command in commands])


def _first_failure(name: str, runs: Sequence[Run]) -> Outcome:
    """Run one after the other up to the first that fails; together they count as one."""
    total = Outcome()
    for run in runs:
        total += run.execute(name)
        if total.failed:
            break
    return replace(total, passed=0 if total.failed else 1)


GATES = (
    Gate("ruff", "lint", "Python follows the style", _command("ruff", "check", ".")),
    Gate("yamllint", "lint", "YAML follows the style", _command("yamllint", "--strict", ".")),
    Gate("powershell", "lint", "PowerShell parses and runs on 5.1", _powershell),
    Gate("mypy", "types", "types are complete and agree", _command("mypy", PLUGINS, "tests/tools", "tests/bench")),
    Gate("wheel-collections", "lab", "collections of others are here, for the lab", wheel_collections.provide),
    Gate(
        "lab",
        "lab",
        "playbooks converge simulated hosts",
        _measured_tests(COVERED["lab"]),
        needs=("wheel-collections",),
    ),
    *(
        Gate(f"haproxy-{suite}", "lab", f"load balancing by the HAProxy of Debian {suite}", _newer_haproxy(suite))
        for suite in newer_haproxy.SUITES
    ),
    Gate(
        "findings",
        "findings",
        "known faults: what is repaired stays repaired",
        _tests_by_file("tests/findings"),
        needs=("wheel-collections",),
    ),
    Gate(
        "lab-packets",
        "lab-packets",
        "what a plan allows passes in a real network, nothing else",
        lambda name: pytest(name, ["tests/packets"]),
    ),
    Gate(
        "unit-quick",
        "unit",
        "the core and the plugins, with few examples",
        _quick_unit,
    ),
    Gate("unit", "unit", "the core and the plugins do what they say", _measured_tests(COVERED["unit"])),
    Gate("faults", "unit", "no fault of a source is as planned unless its cell says why", _tests("tests/faults")),
    Gate("core-2.16", "matrix", "plugins and lab, one of each kind, under ansible-core 2.16", matrix.older_core),
    Gate("core-2.21", "matrix", "plugins and lab, one of each kind, under ansible-core 2.21", matrix.newer_core),
    Gate("documentation", "docs", "README, docs/ and examples/ hold", _tests("tests/documentation")),
    Gate("contract", "unit", "the simulator and the PowerShell agree", _measured_tests(COVERED["contract"])),
    Gate("sanity", "sanity", "ansible-test's sanity tests", _sanity),
    *(
        Gate(f"sanity-{core}", "sanity", f"those of ansible-core {core}", matrix.sanity(core), needs=(f"core-{core}",))
        for core in matrix.CORES
    ),
    Gate("ansible-test-units", "sanity", "plugins' unit tests, the way ansible-test runs them", _ansible_test_units),
    Gate("build", "build", "the collection builds", _build),
    Gate("installed", "build", "its playbooks run from the installed tarball", _installed, needs=("build",)),
    Gate(
        "execution-environment",
        "build",
        "an image can be made, with ansible-core 2.16 and newest",
        published.execution_environment,
    ),
    Gate("bare", "bare", "quick tests and demo on a bare Debian, as an ordinary user", bare.gate),
    Gate("galaxy-importer", "build", "a Galaxy takes the collection", published.galaxy_importer),
    Gate("ansible-lint", "lint", "roles and playbooks meet the profile production", _command("ansible-lint")),
    Gate("molecule", "molecule", "scenario default: a plan", _scenario("default")),
    Gate("molecule-windows", "molecule", "scenario windows: simulated hosts, drift, repair", _scenario("windows")),
    Gate("molecule-balancer", "molecule", "scenario balancer: HAProxy, drift, repair", _balancer_scenario),
    Gate("changelog", "docs", "change notes are well-formed", _command("antsibull-changelog", "lint")),
    Gate(
        "antsibull-docs",
        "docs",
        "documentation of plugins and roles is valid",
        _command(
            "antsibull-docs",
            "lint-collection-docs",
            "--plugin-docs",
            "--skip-rstcheck",
            "--validate-collection-refs",
            "dependent",
            "--disallow-unknown-collection-refs",
            ".",
        ),
    ),
    Gate(
        "coverage",
        "coverage",
        f"the tests run {COVERAGE_MINIMUM_PERCENT} % of the lines of plugins/",
        _coverage,
        needs=COVERING_GATES,
    ),
)
"""In the order in which they start: what is quick and tells most first, then what takes long, so that the lanes end
together.
"""
TIERS = ("quick", "test", "all")
QUICK = ("ruff", "yamllint", "powershell", "mypy", "unit-quick")
"""For whoever has just changed a line."""
ONLY_QUICK = ("unit-quick",)
"""Part of what a larger tier runs anyway."""
ONLY_ALL = (
    *("haproxy-trixie", "haproxy-sid", "core-2.16", "core-2.21", "ansible-test-units", "execution-environment"),
    *("coverage", "ansible-lint", "sanity", "sanity-2.16", "sanity-2.21", "bare", "galaxy-importer"),
    *("molecule", "molecule-windows", "molecule-balancer"),
)
"""For continuous integration: the same tests with other versions, by other tools, on another machine, or measured,
which more than doubles their time.
"""
WORDS = sorted({word for gate in GATES for word in (gate.name, gate.group)})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named gates, all without names; returns the exit status."""
    parser = argparse.ArgumentParser(description="Run the gates.", epilog=f"gates and groups: {', '.join(WORDS)}")
    parser.add_argument("gates", nargs="*", metavar="GATE", choices=[*WORDS, []])
    parser.add_argument("--no-skips", action="store_true", help="fail when something is skipped that need not be")
    parser.add_argument("--tier", choices=TIERS, help="what runs without names")
    parser.add_argument(
        "--lanes", type=int, default=LANES, help=f"gates that run beside each other, {LANES} unless told otherwise"
    )
    options = parser.parse_args(arguments)
    tier = options.tier or ("all" if options.no_skips else "test")
    chosen = _named(options.gates) if options.gates else _of_tier(tier)
    start = time.monotonic()
    total = sum(_in_lanes(chosen, options.lanes), Outcome())
    names = {gate.name for gate in chosen}
    left_out = [gate.name for gate in _of_tier("all") if gate.name not in names]
    if left_out and not options.gates:
        print(f"\nNot run: {', '.join(left_out)}; make test-all runs everything")
    unwanted = [reason for reason in total.skips if matrix.NO_NEWER_PYTHON not in reason] if options.no_skips else []
    if unwanted:
        print("\nSkipped, but needed here:", *_reasons(unwanted), sep="\n  ")
    print(f"\n{time.monotonic() - start:.0f} s on the clock, {total.processor_seconds:.0f} s of the processors")
    print(total.counts(), flush=True)
    return 1 if total.failed or unwanted else 0


def _named(words: Sequence[str]) -> list[Gate]:
    named = [gate for gate in GATES if {gate.name, gate.group} & set(words)]
    return [gate for gate in named if gate.name not in ONLY_QUICK or gate.name in words]


def _of_tier(tier: str) -> list[Gate]:
    if tier == "quick":
        return [gate for gate in GATES if gate.name in QUICK]
    if tier == "all":
        return [gate for gate in GATES if gate.name not in ONLY_QUICK]
    kept = [gate for gate in GATES if gate.name not in (*ONLY_QUICK, *ONLY_ALL)]
    return [replace(gate, run=_tests(COVERED[gate.name])) if gate.name in COVERED else gate for gate in kept]


def _reasons(skips: Sequence[str]) -> list[str]:
    """Return each reason once, with how many tests it kept from running."""
    counts = Counter(_TEST.sub("", skip) for skip in skips)
    return [reason if count == 1 else f"{count} tests: {reason}" for reason, count in sorted(counts.items())]


def _in_lanes(gates: Sequence[Gate], lanes: int) -> Iterator[Outcome]:
    """Yield what each gate came to, as soon as it is known."""
    waiting, running = list(gates), dict[Future[Outcome], Gate]()
    with ThreadPoolExecutor(lanes) as pool:
        while waiting or running:
            unfinished = {gate.name for gate in [*waiting, *running.values()]}
            for gate in [gate for gate in waiting if not unfinished & set(gate.needs)][: lanes - len(running)]:
                waiting.remove(gate)
                running[pool.submit(_run, gate)] = gate
            if not running:
                raise ValueError(f"gates that need each other: {', '.join(sorted(unfinished))}")
            for finished in wait(running, return_when=FIRST_COMPLETED).done:
                del running[finished]
                yield finished.result()


def _run(gate: Gate) -> Outcome:
    log_path(gate.name).unlink(missing_ok=True)
    start = time.monotonic()
    outcome = _outcome(gate)
    clock = time.monotonic() - start
    verdict = "FAILED" if outcome.failed else "ok" if outcome.passed else "skipped"
    lines = [
        f"{gate.name:<20}{gate.proves:<58}{verdict:<8}{clock:4.0f} s {outcome.processor_seconds:5.0f} s  "
        f"{outcome.counts()}"
    ]
    lines += [f"    skipped: {reason}" for reason in _reasons(outcome.skips)]
    lines += [f"    | {line}" for line in outcome.details.splitlines() if outcome.failed]
    print("\n".join(lines), flush=True)
    return outcome


def _outcome(gate: Gate) -> Outcome:
    try:
        return gate.run(gate.name)
    except Exception as error:  # whatever breaks a gate down, a missing program say, must not stop the others
        return Outcome(failed=1, details=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    sys.exit(main())
