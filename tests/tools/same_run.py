# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the programs of same.py in checkouts, each by the checkout's own Python, and keeps answers of a commit."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.tools import same_inventories
from tests.tools.same_allowed import RENAMES

HERE = Path(__file__).resolve().parent
KEPT = HERE.parents[1] / ".build" / "same"
# Longest first, so that no processor is left alone with one at the end.
STORIES = ("proxies", "site", "drift", "retire", "appliances", "verify", "linux", "plan", "selftest", "render")
EXAMPLES = ("contoso", "small")
TIMEOUT_SECONDS = 1800
# In the namespace, what a host keeps of its own below /var is the story's.
_APART = 'ip link set lo up && mkdir -p /var/lib/msuc-lync && mount -t tmpfs none /var/lib/msuc-lync && exec "$@"'
_NOT_OURS = shutil.ignore_patterns(".git", ".venv", ".build", ".ansible", ".*_cache", "__pycache__")


class BrokeDownError(Exception):
    """A program gave no answer; the message is the end of what it printed."""


@dataclass(frozen=True)
class Job:
    """One program to run in a checkout.

    name: the place under which its answer is compared. given: what the program reads as JSON.
    commit: what the checkout is, so that an earlier answer of it holds; empty where files may be edited.
    """

    checkout: Path
    name: str
    program: str
    given: Mapping[str, Any]
    commit: str = ""

    def answer(self) -> Any:
        """Return the answer of the program, or the one that is kept; raises BrokeDownError."""
        kept = self._kept()
        if kept is not None and kept.is_file():
            return json.loads(kept.read_text(encoding="utf-8"))
        text = self._run()
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(text, encoding="utf-8")
        return json.loads(text)

    def _run(self) -> str:
        with tempfile.TemporaryDirectory(prefix="same-") as folder:
            given, out, scratch = (Path(folder) / name for name in ("given.json", "out.json", "scratch"))
            given.write_text(json.dumps(self.given), encoding="utf-8")
            python = str(self.checkout / ".venv" / "bin" / "python")
            command = [python, str(HERE / self.program), *map(str, (given, out, scratch))]
            if self.program == "same_stories.py":
                command = ["unshare", "--net", "--mount", "sh", "-c", _APART, "-", *command]
            config = {"ANSIBLE_CONFIG": str(self.checkout / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
            done = subprocess.run(
                command, cwd=self.checkout, env={**_environment(), **config}, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS,
            )  # fmt: skip
            if done.returncode or not out.is_file():
                raise BrokeDownError(f"exit status {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
            return out.read_text(encoding="utf-8")

    def _kept(self) -> Path | None:
        """Return where the answer of a commit is kept."""
        if not self.commit:
            return None
        # Of programs what they say, not how they are laid out.
        files = [HERE / self.program, *sorted((HERE / "same").glob("*.py"))]
        programs = [ast.dump(ast.parse(path.read_text(encoding="utf-8"))) for path in files]
        inventories = [Path(path) for path in self.given.get("inventories", {}).values()]
        contents = [*programs, *(path.read_text(encoding="utf-8") for path in inventories if path.is_file())]
        given = json.dumps(self.given, sort_keys=True).replace(str(self.checkout), "")
        parts = [self.commit, self.name, given, *contents]
        return KEPT / f"{_digest(parts)}.json"


def _environment() -> dict[str, str]:
    foreign = ("ANSIBLE_", "COVERAGE_", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _git(checkout: Path, *words: str) -> str:
    if not (checkout / ".git").exists():
        return ""
    done = subprocess.run(["git", "-C", str(checkout), *words], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def clean_commit(checkout: Path) -> str:
    """Return the commit that a checkout is at without any change; empty where there are changes."""
    return "" if _git(checkout, "status", "--porcelain") else commit_of(checkout)


def commit_of(checkout: Path, revision: str = "HEAD") -> str:
    """Return the commit that a checkout is at, or what a revision of it is; empty where there is none."""
    return _git(checkout, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")


@contextmanager
def copied(checkout: Path, commit: str = "") -> Iterator[Path]:
    """Make a copy of a checkout, as it is or at a commit, with the same virtual environment."""
    with tempfile.TemporaryDirectory(prefix="same-copy-") as folder:
        copy = Path(folder).resolve() / "copy"
        if commit:
            copy.mkdir()
            archive = subprocess.run(["git", "-C", str(checkout), "archive", commit], capture_output=True, check=True)
            subprocess.run(["tar", "x", "-C", str(copy)], input=archive.stdout, check=True)
        else:
            shutil.copytree(checkout, copy, symlinks=True, ignore=_NOT_OURS)
        (copy / ".venv").symlink_to(checkout / ".venv")
        link = copy / ".collections" / "ansible_collections" / "msuc" / "lync"
        if not link.is_symlink():
            link.parent.mkdir(parents=True)
            link.symlink_to("../../..")
        yield copy


def renames_of(checkout: Path) -> dict[str, str]:
    """Return the renames that a checkout has made: those whose new word it writes, or has a file of."""
    folders = [checkout / name for name in ("playbooks", "roles", "plugins")]
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".yml", ".py")]
    text = "\n".join([*(path.stem for path in files), *(path.read_text(encoding="utf-8") for path in files)])
    return {old: new for old, new in RENAMES.items() if re.search(rf"\b{re.escape(new)}\b", text)}


def stories(checkout: Path, names: Iterable[str], commit: str) -> list[Job]:
    """Return the jobs that tell stories."""
    renames = renames_of(checkout)
    given = {name: {"story": name, "renames": renames} for name in names}
    return [Job(checkout, f"stories/{name}", "same_stories.py", given[name], commit) for name in given]


def compilation(checkout: Path, name: str, inventories: Mapping[str, Path], commit: str) -> Job:
    """Return the job that compiles inventories; those that a checkout has itself are given by a path within it."""
    paths = {each: str(checkout / path) for each, path in inventories.items()}
    filtered = [each for each in EXAMPLES if each in paths]
    given = {"inventories": paths, "filters": filtered, "renames": renames_of(checkout)}
    return Job(checkout, name, "same_compile.py", given, commit)


def inventories(count: int, old: Path) -> dict[str, Path]:
    """Return examples, generated and broken inventories, at a path that is the same for the same ones."""
    examples = [old / "examples" / name for name in EXAMPLES]
    with tempfile.TemporaryDirectory(prefix="same-inventories-") as scratch:
        written = same_inventories.written(Path(scratch), count, examples)
        folder = KEPT / "inventories" / _digest(path.read_text(encoding="utf-8") for path in written.values())
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(scratch, folder, dirs_exist_ok=True)
    own = {name: Path("examples") / name for name in EXAMPLES}
    return own | {name: folder / path.name for name, path in written.items()}


@dataclass
class Timing:
    """Runs jobs, and keeps the seconds that each took."""

    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, job: Job) -> Any:
        """Return the answer of a job, or a BrokeDownError."""
        start = time.monotonic()
        try:
            return job.answer()
        except BrokeDownError as error:
            return error
        finally:
            self.seconds[f"{job.name} in {job.checkout}"] = time.monotonic() - start
