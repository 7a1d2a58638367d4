# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tests under other releases of ansible-core, each in a virtual environment of its own below .build."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from . import collection_copy
from .runs import BUILD, ROOT, TWO_PROCESSES, Outcome, Run, pytest

CORES = {"2.16": "2.16.19", "2.21": "2.21.5"}
NEWER_PYTHONS = ("3.13", "3.12")
NO_NEWER_PYTHON = "ansible-core 2.21 was not tried: it needs Python 3.12 or 3.13, and none is here"
"""The one skip that continuous integration accepts."""

SITE_TESTS = (
    "a_failing_member_stops_its_pool_and_no_other",
    "an_unreachable_host_hides_no_drift_of_another_and_what_can_be_is_repaired",
    "a_bad_inventory_is_refused_whole_before_any_contact",
)
LAB = (
    *(f"tests/lab/test_site.py::test_{name}" for name in SITE_TESTS),
    "tests/lab/test_windows_firewall_rules.py",
    *(f"--deselect=tests/lab/test_windows_firewall_rules.py::test_rhythm[{state}]" for state in ("merged", "deleted")),
    *(
        f"--deselect=tests/lab/test_windows_firewall_rules.py::test_bad_input_is_refused_before_any_contact[options{n}-texts{n}]"
        for n in (1, 2, 3)
    ),
    "tests/lab/test_powershell.py",
)
"""The lab tests in which ansible-core has a part of its own; the others ask the same path for more of ours."""

SINCE_2_21 = "tests/lab/test_local_connection.py"
"""PowerShell modules on a local connection: tests/lab/conftest.py leaves it out under an older ansible-core."""

PLUGINS = (
    "tests/unit/catalogue/test_plugins.py",
    "tests/unit/compiler/test_plugins.py",
    "tests/unit/inventory/test_read.py",
)
"""The unit tests that go through Ansible's plugin classes; the core imports nothing of it."""

_TEST_TOOLS = ("pytest", "pytest-xdist", "hypothesis")

_LEFT_OUT = (
    # Wants the real pwsh with a module from its gallery.
    "pslint",
    # Ten minutes, for what depends on the Python code, which the gate `sanity` has shown to one.
    "pylint",
)
_LEFT_OUT_OF_OLDEST = (
    # Lines that only Python 2 needed; newer releases do not know these tests any more.
    *("future-import-boilerplate", "metaclass-boilerplate"),
    # It ends with a traceback at a string that is added up; the gate `yamllint` reads the same files.
    "yamllint",
)
_MISSING_IMPORT = "validate-modules:missing-module-utils-import-csharp-requirements"
"""2.16 does not count a module_utils of the collection itself as one that a PowerShell module imports."""


def older_core(name: str) -> Outcome:
    """Run what depends on ansible-core under 2.16 on the Python of this environment."""
    return _run(name, "2.16", sys.executable, [*PLUGINS, *LAB])


def newer_core(name: str) -> Outcome:
    """Run what depends on ansible-core under 2.21 where a Python that it wants is present."""
    python = next(newer_pythons(), None)
    return _run(name, "2.21", python, [*PLUGINS, *LAB, SINCE_2_21]) if python else Outcome(skips=(NO_NEWER_PYTHON,))


def sanity(core: str) -> Callable[[str], Outcome]:
    """Return a gate that runs the sanity tests of another ansible-core."""

    def run(name: str) -> Outcome:
        python = sys.executable if core == min(CORES) else next(newer_pythons(), None)
        if python is None:
            return Outcome(skips=(NO_NEWER_PYTHON,))
        environment = BUILD / f"venv-core-{core}"
        made = _prepare(name, environment, core, python)
        left_out = (*_LEFT_OUT, *(_LEFT_OUT_OF_OLDEST if core == min(CORES) else ()))
        return made if made.failed else made + _sanity_run(name, environment, left_out).execute(name)

    return run


def _sanity_run(name: str, environment: Path, left_out: Sequence[str]) -> Run:
    program = environment / "bin" / "ansible-test"
    version = next(environment.glob("lib/python*")).name.removeprefix("python")
    path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
    copy = collection_copy.refresh(name)
    _ignore_missing_imports(copy)
    skips = [word for test in left_out for word in ("--skip-test", test)]
    return Run(
        [environment / "bin" / "python", program, "sanity", "--python", version, *skips],
        cwd=copy,
        environment=collection_copy.ansible_test_environment(name, path, environment),
        must_print="Running sanity test",
    )


def _ignore_missing_imports(copy: Path) -> None:
    modules = sorted(path.relative_to(copy) for path in copy.glob("plugins/modules/*.ps1"))
    ignored = copy / "tests" / "sanity" / f"ignore-{min(CORES)}.txt"
    ignored.parent.mkdir(exist_ok=True)
    ignored.write_text("".join(f"{module} {_MISSING_IMPORT}\n" for module in modules), encoding="utf-8")


def _run(name: str, core: str, python: str, tests: Sequence[str]) -> Outcome:
    environment = BUILD / f"venv-core-{core}"
    made = _prepare(name, environment, core, python)
    if made.failed:
        return made
    return made + pytest(
        name,
        [*TWO_PROCESSES, *tests],
        environment / "bin" / "python",
        {"PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"},
    )


def _prepare(name: str, environment: Path, core: str, python: str) -> Outcome:
    """Make the environment, unless it is there with the same pins; a half-made one has no stamp."""
    pins = _pins(core)
    stamp = environment / f".pins-{hashlib.sha256(repr((pins, str(environment), python)).encode()).hexdigest()[:12]}"
    if stamp.is_file():
        return Outcome()
    made = Run([python, "-m", "venv", "--clear", environment]).execute(name)
    options = ["-qq", "--disable-pip-version-check", "--only-binary", ":all:"]
    pip: list[str | Path] = [environment / "bin" / "python", "-m", "pip", "install", *options]
    made = made if made.failed else Run([*pip, *pins]).execute(name)
    if not made.failed:
        stamp.touch()
    return replace(made, passed=0)


def _pins(core: str) -> list[str]:
    """Return what is imported directly, with another ansible-core, and the test tools as locked.

    The oldest core goes with the lower end of each range, so that both ends of the ranges are tried.
    """
    needed, locked = _versions("requirements.txt", ">="), _versions("requirements.lock", "==")
    run_time = needed if core == min(CORES) else {package: locked[package] for package in needed}
    kept = [f"{package}=={version}" for package, version in run_time.items() if package != "ansible-core"]
    return [f"ansible-core=={CORES[core]}", *kept, *(f"{package}=={locked[package]}" for package in _TEST_TOOLS)]


def _versions(name: str, sign: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    found = re.findall(rf"^([\w.-]+){sign}(\S+)$", text, re.MULTILINE)
    # An index takes a dash and an underscore for the same.
    return {package.replace("_", "-"): version for package, version in found}


def newer_pythons() -> Iterator[str]:
    """Yield interpreters that really run: a version manager's shim may answer that its version is not chosen."""
    for version in NEWER_PYTHONS:
        installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
        for candidate in (shutil.which(f"python{version}"), *map(str, installed)):
            if (
                candidate
                and subprocess.run(
                    [candidate, "-c", "import ensurepip, venv"], capture_output=True, check=False
                ).returncode
                == 0
            ):
                yield candidate
