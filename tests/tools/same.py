# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Shows that two checkouts of this collection behave the same, but for differences that are meant.

    python tests/tools/same.py OLD NEW                          everything; a net under a change of shape
    python tests/tools/same.py OLD NEW compile --count 50       both examples, 50 generated and 50 broken inventories
    python tests/tools/same.py OLD NEW cases --cases DIR        the inventories DIR/*/hosts.yml
    python tests/tools/same.py OLD NEW stories --story site     one lab story; without --story all
    python tests/tools/same.py OLD NEW --commit REV             NEW as it was committed, not as it is now
    python tests/tools/same.py --prove OLD                      break a copy of OLD, and show that each break is seen

Each checkout needs its virtual environment (make setup-test). Stories need root for namespaces, and the programs
haproxy, nginx with its stream module, nft and BIND. Only what users have is called: playbooks, and actions, filters
and lookups by their names. The programs that do it are same_compile.py and same_stories.py, run by each checkout's own
Python, with the checkout's own simulators. NEW is copied first, so that it may be edited meanwhile. Answers of a clean
OLD, and of a commit of NEW, are kept below .build/same.

What is compared: of inventories status, message, warnings, plan documents, printed tables and filters; of each run of
a story the exit status, what was printed, results by host and module, reports, and the wire (see same_stories.py). A
key that only NEW has stands under "+KEY", and has to be meant as well. same_allowed.py holds what has another name in
NEW, and the differences that are meant, each with its reason: whoever changes behaviour adds to it. Entries that match
nothing are listed. Exit status: 0 when all differences are meant, 1 otherwise.
"""

from __future__ import annotations

import argparse
import fnmatch
import itertools
import os
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Run as a file, it is outside of the package that its parts are in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.tools.same_allowed import ALLOWED, Allowed, Difference, shown
from tests.tools.same_compare import differences
from tests.tools.same_run import (
    STORIES,
    BrokeDownError,
    Job,
    Timing,
    clean_commit,
    commit_of,
    compilation,
    copied,
    inventories,
    stories,
)

PARTS = ("compile", "cases", "stories")
TEXT_MAXIMUM = 300


def jobs_of(checkout: Path, commit: str, old: Path, options: argparse.Namespace) -> list[Job]:
    """Return the jobs of one of the two checkouts, which is at a commit or not."""
    found: list[Job] = []
    if "compile" in options.parts:
        found.append(compilation(checkout, "compile", inventories(options.count, old), commit))
    if "cases" in options.parts and options.cases:
        cases = {path.parent.name: path for path in sorted(options.cases.resolve().glob("*/hosts.yml"))}
        found.append(compilation(checkout, "cases", cases, commit))
    return found + (stories(checkout, options.story or STORIES, commit) if "stories" in options.parts else [])


def compared(old: Path, new: Path, commit: str, options: argparse.Namespace) -> list[Difference]:
    """Run everything in both checkouts, print how long it took, and return what differs; commit: what NEW is."""
    timing = Timing()
    old_commit = "" if options.anew else clean_commit(old)
    pairs = list(zip(jobs_of(old, old_commit, old, options), jobs_of(new, commit, old, options), strict=True))
    with ThreadPoolExecutor(options.jobs) as pool:
        answers = list(pool.map(timing.run, itertools.chain.from_iterable(pairs)))
    for name, seconds in sorted(timing.seconds.items(), key=lambda item: -item[1]):
        print(f"{seconds:7.1f} s  {name}")
    found: list[Difference] = []
    for number, (job, _other) in enumerate(pairs):
        found += _of_answers(job.name, answers[2 * number], answers[2 * number + 1])
    return found


def _of_answers(name: str, old: Any, new: Any) -> list[Difference]:
    """Return how two answers differ; that OLD fails is a difference too, since its failure would hide others."""
    broken = [f"breaks down: {answer}" if isinstance(answer, BrokeDownError) else "answers" for answer in (old, new)]
    if broken != ["answers", "answers"]:
        return [Difference(name, *broken)]
    if not isinstance(old, list):
        return list(differences(name, old, new))
    # Steps of a story by name, so that one more in the middle is one difference.
    steps = [{step["name"]: step for step in answer} for answer in (old, new)]
    holes = [Difference(f"{name}/{step['name']}", step["error"], "OLD fails here") for step in old if "error" in step]
    return [*differences(name, *steps), *holes]


# --- report --------------------------------------------------------------------------------------------------------


def reported(found: Sequence[Difference], options: argparse.Namespace) -> int:
    """Print what is not allowed, and how often which allowance was used; return the exit status."""
    uses: Counter[Allowed] = Counter()
    others: list[Difference] = []
    for difference in found:
        allowed = next((entry for entry in ALLOWED if entry.allows(difference)), None)
        if allowed is None:
            others.append(difference)
        else:
            uses[allowed] += 1
    _print_groups(others, options.shown)
    for entry in ALLOWED:
        is_asked = any(fnmatch.fnmatchcase(part, entry.place.partition("/")[0]) for part in options.parts)
        if uses[entry] or is_asked:
            print(f"{f'allowed {uses[entry]} times' if uses[entry] else 'UNUSED'}: {entry.place}: {entry.reason}")
    print(f"{len(found)} differences, {len(found) - len(others)} of them allowed, {len(others)} not.")
    return 1 if others else 0


def _print_groups(found: Sequence[Difference], maximum: int) -> None:
    groups: dict[tuple[str, ...], list[Difference]] = {}
    for difference in found:
        groups.setdefault(difference.group, []).append(difference)
    for group in list(groups.values())[:maximum]:
        more = f" (and {len(group) - 1} more like it)" if len(group) > 1 else ""
        print(f"{group[0].place}{more}\n  old: {_short(group[0].old)}\n  new: {_short(group[0].new)}")
    if len(groups) > maximum:
        print(f"... and {len(groups) - maximum} more kinds of differences; --shown N prints more")


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
    with copied(old) as copy:
        for fault in BREAKS:
            path = copy / fault.file
            text = path.read_text(encoding="utf-8")
            if text.count(fault.old) != 1:
                sys.exit(f"{fault.file} does not hold exactly one {fault.old!r}")
            path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
        found = compared(old, copy, "", options)
    missed = 0
    for fault in BREAKS:
        seen = [difference for difference in found if fnmatch.fnmatchcase(difference.place, fault.place)]
        missed += not seen
        print(f"{'seen' if seen else 'NOT SEEN'}: {fault.file}: {fault.old!r} became {fault.new!r}")
        for difference in seen[:1]:
            more = f"{difference.place}, and {len(seen) - 1} more"
            print(f"  {more}\n  old: {_short(difference.old)}\n  new: {_short(difference.new)}")
    print(f"{len(BREAKS) - missed} of {len(BREAKS)} breaks are seen.")
    return 1 if missed else 0


def main() -> int:
    """Compare, or prove; return the exit status."""
    parser = argparse.ArgumentParser(prog="same.py", description="Show that two checkouts behave the same.")
    parser.add_argument("old", type=Path, metavar="OLD", help="checkout that is the measure")
    parser.add_argument("rest", nargs="*", metavar="NEW [PART ...]", help=f"parts: {', '.join(PARTS)}; none: all")
    parser.add_argument("--prove", action="store_true", help="show that breaks of a copy of OLD are reported")
    parser.add_argument("--commit", default="", help="compare this commit of NEW, not the files as they are")
    parser.add_argument("--count", type=int, default=200, help="how many generated and how many broken inventories")
    parser.add_argument("--cases", type=Path, help="directory with more inventories, CASE/hosts.yml")
    parser.add_argument("--story", action="append", choices=STORIES, help="only this story, and others named like it")
    parser.add_argument("--shown", type=int, default=40, help="how many kinds of differences are printed")
    parser.add_argument("--anew", action="store_true", help="use no answers of OLD that were kept")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many programs run at once")
    options = parser.parse_args()
    new, parts = ([], options.rest) if options.prove else (options.rest[:1], options.rest[1:])
    if set(parts) - set(PARTS) or len(new) != (0 if options.prove else 1):
        parser.error(f"give OLD NEW [PART ...], or --prove OLD [PART ...]; parts are {', '.join(PARTS)}")
    options.parts = parts or PARTS
    old = options.old.resolve()
    return proved(old, options) if options.prove else _same(old, Path(new[0]).resolve(), options)


def _same(old: Path, new: Path, options: argparse.Namespace) -> int:
    commit = commit_of(new, options.commit) if options.commit else ""
    if options.commit and not commit:
        sys.exit(f"--commit {options.commit}: {new} has no such commit")
    with copied(new, commit) as copy:
        return reported(compared(old, copy, commit, options), options)


if __name__ == "__main__":
    sys.exit(main())
