# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Shows that two checkouts of this collection behave the same, but for differences that are allowed: a net under a change of its shape.

    python tests/tools/same.py OLD NEW                                      everything
    python tests/tools/same.py OLD NEW compile --count 50                   plans and error texts of inventories: both examples, 50 generated, 50 broken
    python tests/tools/same.py OLD NEW cases --cases DIR                    of DIR/*/hosts.yml
    python tests/tools/same.py OLD NEW stories --story site --story drift   lab stories: every playbook against the lab's simulators
    python tests/tools/same.py --prove OLD                                  breaks a copy of OLD in five places, and shows that each is reported

Each checkout needs its virtual environment (make setup-test); stories need root for network namespaces, haproxy, nginx with its stream
module, nftables and BIND. Only what users have is called: playbooks, and actions, filters and lookups by their names; the programs that do
it are same_compile.py and same_stories.py, run by each checkout's own Python, with its own simulators. Answers of a clean OLD are kept
below .build/same, by commit, so that only NEW has to be run again.

What is compared: of inventories status, message, warnings, plan documents, printed tables, filters; of stories per run the exit status,
what was printed, results by host and module, reports, and the wire (see same_stories.py). A key that only NEW has is counted, under
"+KEY", and has to be allowed too. RENAMES holds what has another name in NEW, ALLOWED the other differences, each with its reason; what
of it matches nothing is reported. Exit status: 0 when all differences are allowed, 1 otherwise. Others of the house add to these tables.
"""

from __future__ import annotations

import argparse
import difflib
import fnmatch
import hashlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import same_inventories

HERE = Path(__file__).resolve().parent
KEPT = HERE.parents[1] / ".build" / "same"
PARTS = ("compile", "cases", "stories")
# Longest first, so that no processor is left alone with one at the end.
STORIES = ("proxies", "site", "drift", "retire", "appliances", "verify", "linux", "plan", "selftest", "render")
SHOWN_MAXIMUM = 40
TEXT_MAXIMUM = 300
TIMEOUT_SECONDS = 1800
# In the namespace, what a host keeps of its own below /var is the story's.
APART = 'ip link set lo up && mkdir -p /var/lib/msuc-lync && mount -t tmpfs none /var/lib/msuc-lync && exec "$@"'


class _Absent:
    """What is not there."""

    def __repr__(self) -> str:
        return "(absent)"


ABSENT = _Absent()
RENAMES: Mapping[str, str] = {}
"""OLD's word -> NEW's: run options, options and names of modules, tags, playbooks, keys of results and plans. A word that a checkout
writes nowhere in its playbooks, roles or plugins is not used with it. Keys and words in texts of NEW may then have either name."""


@dataclass(frozen=True)
class Allowed:
    """A difference that is meant: place as by fnmatch, where * matches slashes too; reason; patterns that the values hold, from their start."""

    place: str
    reason: str
    old: str = ""
    new: str = ""

    def allows(self, difference: Difference) -> bool:
        """Return whether a difference is this one."""
        values = ((self.old, difference.old), (self.new, difference.new))
        return fnmatch.fnmatchcase(difference.place, self.place) and all(
            re.match(pattern, shown(value)) for pattern, value in values
        )


ALLOWED: Sequence[Allowed] = (
    Allowed("stories/*/status", "A6: exit status 2 for all that is not as planned", old="[34]$", new="2$"),
)


@dataclass(frozen=True)
class Difference:
    """A place, whose steps are separated by slashes, and what is there in OLD and in NEW."""

    place: str
    old: object
    new: object

    @property
    def group(self) -> tuple[str, ...]:
        """Return what differences have in common that are one to the reader: values, and the last step of the place; added keys by name only."""
        part, step = self.place.partition("/")[0], self.place.rpartition("/")[2]
        return (part, step) if step.startswith("+") else (part, step, shown(self.old), shown(self.new))


def shown(value: object) -> str:
    """Return a value as text."""
    return (
        value
        if isinstance(value, str)
        else repr(value)
        if value is ABSENT
        else json.dumps(value, ensure_ascii=False, sort_keys=True)
    )


# --- comparison ----------------------------------------------------------------------------------------------------


def renamed(text: str) -> str:
    """Return a text of OLD in NEW's words."""
    for old, new in RENAMES.items():
        text = re.sub(rf"(?<![\w.]){re.escape(old)}\b", new, text)
    return text


def differences(place: str, old: Any, new: Any) -> Iterator[Difference]:
    """Yield what differs: by key, by name in lists of named items, by line in lists of texts."""
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _of_mappings(place, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        by_name = _by_name(old), _by_name(new)
        if by_name[0] and by_name[1]:
            yield from _of_mappings(place, *by_name)
        else:
            yield from _of_lists(place, old, new)
    elif old != new and (not isinstance(old, str) or renamed(old) != new):
        yield Difference(place, old, new)


def _of_mappings(place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    names = {key: key if key in new else renamed(key) for key in old}
    for key, name in names.items():
        if name in new:
            yield from differences(f"{place}/{key}", old[key], new[name])
        else:
            yield Difference(f"{place}/{key}", old[key], ABSENT)
    yield from (
        Difference(f"{place}/+{key}", ABSENT, value) for key, value in new.items() if key not in names.values()
    )


def _by_name(items: Sequence[Any]) -> dict[str, Any]:
    """Return items by what tells them apart; nothing when they do not all have it."""
    for keys in (("name",), ("id",), ("device", "concern"), ("row",)):
        if items and all(isinstance(item, dict) and all(key in item for key in keys) for item in items):
            found = {" ".join(str(item[key]) for key in keys): item for item in items}
            return found if len(found) == len(items) else {}
    return {}


def _of_lists(place: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Difference]:
    """Yield differences of items that stand at the same place between equal ones; and of the order, as a whole."""
    texts = [[shown(item) for item in items] for items in (old, new)]
    matcher = difflib.SequenceMatcher(None, [renamed(text) for text in texts[0]], texts[1], autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        for before, after in itertools.zip_longest(old[start:end], new[new_start:new_end], fillvalue=ABSENT):
            if isinstance(before, dict) and isinstance(after, dict):
                yield from _of_mappings(f"{place}/{start}", before, after)
            elif isinstance(before, str) or isinstance(after, str) or before is ABSENT or after is ABSENT:
                yield Difference(place, before, after)
            else:
                yield from differences(f"{place}/{start}", before, after)


# --- running -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """One program to run in a checkout, and where its answer is kept; name: the place under which it is compared."""

    checkout: Path
    name: str
    program: str
    arguments: tuple[str, ...]
    given: Mapping[str, Any]
    """What the program reads as JSON."""
    is_kept: bool
    """Whether the answer may be one of an earlier run."""

    def command(self, given: Path, out: Path, scratch: Path) -> list[str]:
        """Return the command line."""
        python = str(self.checkout / ".venv" / "bin" / "python")
        program = [python, str(HERE / self.program), *self.arguments, str(given), str(out), str(scratch)]
        return (
            ["unshare", "--net", "--mount", "sh", "-c", APART, "-", *program]
            if self.program == "same_stories.py"
            else program
        )

    def answer(self) -> Any:
        """Return the answer of the program, or the one that is kept; ends the program with the output when there is none."""
        kept = self._kept()
        if kept is not None and kept.is_file():
            return json.loads(kept.read_text(encoding="utf-8"))
        with tempfile.TemporaryDirectory(prefix="same-") as folder:
            given, out = Path(folder) / "given.json", Path(folder) / "out.json"
            given.write_text(json.dumps(self.given), encoding="utf-8")
            inherited = {
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("ANSIBLE_", "COVERAGE_", "PYTHONPATH"))
            }
            environment = {
                **inherited,
                "ANSIBLE_CONFIG": str(self.checkout / "ansible.cfg"),
                "ANSIBLE_NOCOLOR": "1",
                "PYTHONHASHSEED": "0",
            }
            command = self.command(given, out, Path(folder) / "scratch")
            done = subprocess.run(
                command,
                cwd=self.checkout,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=TIMEOUT_SECONDS,
            )
            if done.returncode or not out.is_file():
                sys.exit(
                    f"{self.name} broke down in {self.checkout}, exit status {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-5000:]}"
                )
            text = out.read_text(encoding="utf-8")
            print(done.stderr, end="", file=sys.stderr)
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(text, encoding="utf-8")
        return json.loads(text)

    def _kept(self) -> Path | None:
        """Return where the answer of a checkout without changes is kept; None where there are changes, or no repository."""
        if not self.is_kept:
            return None
        commit, changes = (_git(self.checkout, *words) for words in (("rev-parse", "HEAD"), ("status", "--porcelain")))
        if not commit or changes:
            return None
        programs = [
            path.read_text(encoding="utf-8") for path in sorted([HERE / self.program, *(HERE / "same").glob("*.py")])
        ]
        contents = [
            Path(path).read_text(encoding="utf-8")
            for path in self.given.get("inventories", {}).values()
            if Path(path).is_file()
        ]
        parts = [commit, self.name, *self.arguments, json.dumps(self.given, sort_keys=True), *programs, *contents]
        return KEPT / f"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()}.json"


def _git(checkout: Path, *words: str) -> str:
    if not (checkout / ".git").exists():
        return ""
    done = subprocess.run(["git", "-C", str(checkout), *words], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def words_of(checkout: Path) -> dict[str, str]:
    """Return the renames that a checkout has made."""
    files = [
        path
        for folder in ("playbooks", "roles", "plugins")
        for path in (checkout / folder).rglob("*")
        if path.suffix in (".yml", ".py")
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files) if RENAMES else ""
    names = {path.stem for path in files}
    return {
        old: new
        for old, new in RENAMES.items()
        if re.search(rf"\b{re.escape(new)}\b", text) or new.rpartition(".")[2] in names
    }


@dataclass
class Timing:
    """Seconds that jobs took, by name."""

    seconds: Counter[str] = field(default_factory=Counter)

    def run(self, job: Job) -> Any:
        """Run a job and measure it."""
        start = time.monotonic()
        found = job.answer()
        self.seconds[f"{job.name} in {job.checkout}{', kept or new' if job.is_kept else ''}"] += (
            time.monotonic() - start
        )
        return found


def jobs_of(checkout: Path, options: argparse.Namespace, inventories: Mapping[str, Path], is_kept: bool) -> list[Job]:
    """Return the jobs of one checkout."""
    words = words_of(checkout)
    stories = [
        Job(checkout, f"stories/{name}", "same_stories.py", (name,), words, is_kept)
        for name in options.story or STORIES
    ]
    compiled = {
        "compile": {**{name: str(checkout / "examples" / name) for name in ("contoso", "small")}, **{name: str(path) for name, path in inventories.items()}},
        "cases": {path.parent.name: str(path) for path in sorted(options.cases.glob("*/hosts.yml"))} if options.cases else {},
    }  # fmt: skip
    found = [
        Job(checkout, part, "same_compile.py", (), {"inventories": paths, "filters": [*filter(paths.get, ("contoso", "small"))], "words": words}, is_kept)
        for part, paths in compiled.items() if part in options.parts and paths
    ]  # fmt: skip
    return [*found, *(stories if "stories" in options.parts else [])]


def compared(old: Path, new: Path, options: argparse.Namespace) -> tuple[list[Difference], Timing]:
    """Run everything in both checkouts, and return what differs."""
    timing = Timing()
    with tempfile.TemporaryDirectory(prefix="same-inventories-") as folder, ThreadPoolExecutor(options.jobs) as pool:
        inventories = _inventories(Path(folder), options.count, old) if "compile" in options.parts else {}
        pairs = list(
            zip(
                jobs_of(old, options, inventories, not options.anew),
                jobs_of(new, options, inventories, False),
                strict=True,
            )
        )
        answers = list(pool.map(timing.run, itertools.chain.from_iterable(pairs)))
    found: list[Difference] = []
    for number, (job, _other) in enumerate(pairs):
        before, after = answers[2 * number : 2 * number + 2]
        found += differences(job.name, _steps(before), _steps(after))
        found += [
            Difference(f"{job.name}/{step['name']}", step["error"], "the net has a hole: OLD itself fails here")
            for step in before
            if "error" in step
        ]
    return found, timing


def _inventories(scratch: Path, count: int, old: Path) -> dict[str, Path]:
    """Return inventories at a path that is the same for the same ones, so that answers can be kept."""
    written = same_inventories.written(scratch, count, [old / "examples" / "contoso", old / "examples" / "small"])
    folder = (
        KEPT
        / "inventories"
        / hashlib.sha256("".join(path.read_text(encoding="utf-8") for path in written.values()).encode()).hexdigest()[
            :12
        ]
    )
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(scratch, folder, dirs_exist_ok=True)
    return {name: folder / path.name for name, path in written.items()}


def _steps(answer: Any) -> Any:
    """Return the steps of a story by name, so that one more in the middle is one difference."""
    return {step["name"]: step for step in answer} if isinstance(answer, list) else answer


# --- report --------------------------------------------------------------------------------------------------------


def reported(found: Sequence[Difference], parts: Sequence[str]) -> int:
    """Print what is not allowed, and how often which allowance was used; return the exit status."""
    uses: Counter[Allowed] = Counter()
    others: list[Difference] = []
    for difference in found:
        allowed = next((entry for entry in ALLOWED if entry.allows(difference)), None)
        if allowed is None:
            others.append(difference)
        else:
            uses[allowed] += 1
    _print_groups(others)
    for entry in ALLOWED:
        unused = not uses[entry] and entry.place.partition("/")[0] in ("*", *parts)
        print(f"{'UNUSED: ' if unused else f'allowed {uses[entry]} times: '}{entry.place}: {entry.reason}")
    print(
        f"{len(found)} differences, {sum(uses.values())} of them allowed, {len(others)} not."
        if found
        else "No difference."
    )
    return 1 if others else 0


def _print_groups(found: Sequence[Difference]) -> None:
    groups: dict[tuple[str, ...], list[Difference]] = {}
    for difference in found:
        groups.setdefault(difference.group, []).append(difference)
    for group in list(groups.values())[:SHOWN_MAXIMUM]:
        more = f" (and {len(group) - 1} more like it)" if len(group) > 1 else ""
        print(f"{group[0].place}{more}\n  old: {_short(group[0].old)}\n  new: {_short(group[0].new)}")
    if len(groups) > SHOWN_MAXIMUM:
        print(f"... and {len(groups) - SHOWN_MAXIMUM} more kinds of differences")


def _short(value: object) -> str:
    text = shown(value)
    return text if len(text) <= TEXT_MAXIMUM else f"{text[:TEXT_MAXIMUM]}... ({len(text)} letters)"


# --- proof ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Break:
    """A fault that is put into a file, and where it has to be seen."""

    file: str
    old: str
    new: str
    place: str


CORE = "plugins/plugin_utils"
BREAKS: Sequence[Break] = (
    Break(
        f"{CORE}/policy/services.py",
        "AFFINITY_SECONDS = 1200",
        "AFFINITY_SECONDS = 1201",
        "compile/*/virtual_services/*/persistence/seconds",
    ),
    Break(
        f"{CORE}/windows/changes.py",
        "return (_only_closes(change),",
        "return (not _only_closes(change),",
        "stories/drift/*",
    ),
    Break(
        f"{CORE}/balancers/haproxy.py",
        "hash-type consistent",
        "hash-type map-based",
        "stories/proxies/apply/seen/files/*",
    ),
    Break(f"{CORE}/dns/plan.py", "mark if kept else Mark(key, one.owner)", "mark", "stories/retire/apply/seen/zone"),
    Break(f"{CORE}/policy/leaving.py", "{name} is still in", "{name} is yet in", "stories/retire/refused/complaints"),
    Break(f"{CORE}/topology/values.py", "is not a network", "is no network", "compile/broken-*/result/msg"),
)
"""Files are those of the commit that this net was made for."""


def proved(old: Path, options: argparse.Namespace) -> int:
    """Break a copy of OLD and print for each break what is seen of it; return 1 when one is not seen."""
    with tempfile.TemporaryDirectory(prefix="same-broken-") as folder:
        copy = Path(folder).resolve() / "broken"
        shutil.copytree(
            old,
            copy,
            symlinks=True,
            ignore=shutil.ignore_patterns(".git", ".venv", ".build", ".ansible", ".*_cache", "__pycache__"),
        )
        (copy / ".venv").symlink_to(old / ".venv")
        for fault in BREAKS:
            path = copy / fault.file
            text = path.read_text(encoding="utf-8")
            if text.count(fault.old) != 1:
                sys.exit(f"{fault.file} does not hold exactly one {fault.old!r}")
            path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
        found, timing = compared(old, copy, options)
    _print_times(timing)
    missed = 0
    for fault in BREAKS:
        seen = [difference for difference in found if fnmatch.fnmatchcase(difference.place, fault.place)]
        missed += not seen
        print(
            f"{'seen' if seen else 'NOT SEEN'}: {fault.file}: {fault.old!r} became {fault.new!r}; looked for at {fault.place}"
        )
        for difference in seen[:1]:
            print(
                f"  {difference.place} and {len(seen) - 1} more\n  old: {_short(difference.old)}\n  new: {_short(difference.new)}"
            )
    print(f"{len(BREAKS) - missed} of {len(BREAKS)} breaks are seen.")
    return 1 if missed else 0


def _print_times(timing: Timing) -> None:
    for name, seconds in timing.seconds.most_common():
        print(f"{seconds:7.1f} s  {name}")


def main() -> int:
    """Compare, or prove; return the exit status."""
    parser = argparse.ArgumentParser(prog="same.py", description="Show that two checkouts behave the same.")
    parser.add_argument("old", type=Path, help="checkout that is the measure")
    parser.add_argument(
        "rest",
        nargs="*",
        metavar="NEW [PART ...]",
        help=f"the other checkout, and which of {', '.join(PARTS)}; all when none is named",
    )
    parser.add_argument("--prove", action="store_true", help="show that breaks of a copy of OLD are reported")
    parser.add_argument("--count", type=int, default=200, help="how many generated and how many broken inventories")
    parser.add_argument("--cases", type=Path, help="directory with more inventories, CASE/hosts.yml")
    parser.add_argument(
        "--story", action="append", choices=STORIES, help="run this story only; may be given several times"
    )
    parser.add_argument("--anew", action="store_true", help="use no answers of OLD that were kept")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many programs run at once")
    options = parser.parse_args()
    old, *rest = (path.resolve() for path in (options.old, *map(Path, options.rest[: 0 if options.prove else 1])))
    options.parts = options.rest[0 if options.prove else 1 :] or PARTS
    if set(options.parts) - set(PARTS) or len(rest) != (0 if options.prove else 1):
        parser.error(f"usage: OLD NEW [PART ...] or --prove OLD [PART ...]; parts are {', '.join(PARTS)}")
    run: Callable[[], int] = (
        (lambda: proved(old, options)) if options.prove else (lambda: _same(old, rest[0], options))
    )
    return run()


def _same(old: Path, new: Path, options: argparse.Namespace) -> int:
    found, timing = compared(old, new, options)
    _print_times(timing)
    return reported(found, options.parts)


if __name__ == "__main__":
    sys.exit(main())
