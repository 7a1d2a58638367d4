# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What others do with the built collection, by their own programs: put it into an execution environment, and import it
into a Galaxy.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from . import collection_copy, matrix
from .runs import BUILD, ROOT, Outcome, Run

DEFINITION = ROOT / "execution-environment.yml"
NO_INDEX = "no package index answers, so nothing shows that the requirements can be met; fix: connect to one"
IMPORTER = "galaxy-importer==0.4.44"
# Galaxy wants an address of the repository, and there is none to name yet.
ADDRESS = "repository: https://example.org/msuc.lync\n"
_PIP = ("-m", "pip", "--disable-pip-version-check")
_RESOLVE = ("install", "-q", "--dry-run", "--ignore-installed", "--only-binary", ":all:")
_INDEX_SECONDS = 20


def execution_environment(name: str) -> Outcome:
    """Make the context of an image, read what the collection asks of it, and resolve that under either end of cores."""
    made = Run(["ansible-builder", "create", "-f", DEFINITION, "-c", BUILD / "context"]).execute(name)
    away, asked = BUILD / "introspected", BUILD / "introspected.txt"
    shutil.rmtree(away, ignore_errors=True)
    place = collection_copy.refresh(name)
    shutil.copytree(place, away / "ansible_collections" / "msuc" / "lync")
    read = Run(["ansible-builder", "introspect", away, "--write-pip", asked]).execute(name)
    if made.failed or read.failed:
        return made if made.failed else read
    if not _index_answers(name):
        return Outcome(passed=1, skips=(NO_INDEX,))
    found = [run.execute(name) for run in _resolutions(asked)]
    return next((outcome for outcome in found if outcome.failed), Outcome(passed=len(found)))


def _resolutions(asked: Path) -> Iterator[Run]:
    """Yield a resolution under the oldest core, and under the newest where a Python that it wants is here."""
    pythons = {"2.16": sys.executable, "2.21": next(matrix.newer_pythons(), "")}
    for core, python in ((core, python) for core, python in pythons.items() if python):
        wanted = [f"ansible-core=={core}.*", "-r", str(asked)]
        yield Run([python, *_PIP, *_RESOLVE, *wanted])


def _index_answers(name: str) -> bool:
    options = ["-q", "--timeout", str(_INDEX_SECONDS), "--retries", "0", "--no-deps", "-d", str(BUILD / "index")]
    return not Run([sys.executable, *_PIP, "download", *options, "jmespath"]).execute(name).failed


def galaxy_importer(name: str) -> Outcome:
    """Import the collection as Galaxy does, by galaxy-importer in an environment of its own."""
    environment = BUILD / f"venv-{IMPORTER}"
    if not (environment / ".made").is_file():
        Run([sys.executable, "-m", "venv", "--clear", environment]).execute(name)
        if Run([environment / "bin" / "python", *_PIP, "install", "-qq", IMPORTER]).execute(name).failed:
            return Outcome(skips=(f"{IMPORTER} cannot be installed: {NO_INDEX}",))
        (environment / ".made").touch()
    copy = collection_copy.refresh(name)
    with (copy / "galaxy.yml").open("a", encoding="utf-8") as metadata:
        metadata.write(ADDRESS)
    away = BUILD / "imported"
    shutil.rmtree(away, ignore_errors=True)
    away.mkdir()
    built = Run(["ansible-galaxy", "collection", "build", "--output-path", away, copy]).execute(name)
    if built.failed:
        return built
    path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
    (tarball,) = away.glob("*.tar.gz")
    command: list[str | Path] = [environment / "bin" / "python", "-m", "galaxy_importer.main", tarball]
    done = Run(command, cwd=away, environment={"PATH": path}, must_print="Importer processing completed successfully")
    return done.execute(name)
