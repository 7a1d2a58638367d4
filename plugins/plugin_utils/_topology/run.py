# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One import, from the file of a topology to the files of an inventory, and what is told of it.

    made = run_import(Request(Path("contoso.tbxml"), Path("inventories/contoso")))
    made.lines, made.differences, made.questions

Everything is read and checked before the first file is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .._base.errors import hosts_text
from .._base.untyped import counted
from .answers import Answers, questions_text, read_answers, with_answers
from .draft import Imported, Question
from .files import answers_path, differences, digest_of, last_import, texts_of_import, write_texts, write_whole
from .mapping import imported
from .model import Published
from .read import read_topology_bytes
from .servers import KNOWN_FEATURES
from .source import read_bytes

Resolve = Callable[[str], tuple[str, ...]]
_DIALECTS = {"builder": "Topology Builder", "published": "Get-CsTopology"}


@dataclass(frozen=True)
class Request:
    """What an import is asked for; answers: None for the file beside the directory. resolve: None for no look-ups."""

    topology: Path
    directory: Path
    answers: Path | None = None
    resolve: Resolve | None = None
    is_check: bool = False


@dataclass(frozen=True)
class Made:
    """What an import made.

    lines: for people. changed: paths that were written. differences: from the last import. questions: that are open
    and needed.
    """

    lines: tuple[str, ...]
    changed: tuple[str, ...]
    differences: tuple[str, ...]
    questions: tuple[Question, ...]
    notes: tuple[str, ...]


def run_import(request: Request) -> Made:
    """Import a topology; raises InvalidInputError, before anything is written, and OSError."""
    content = read_bytes(request.topology)
    name = request.topology.name
    published = read_topology_bytes(content, name)
    found = imported(published)
    beside = answers_path(request.directory)
    path = request.answers or (beside if beside.exists() else None)
    resolved = _resolved(found, request.resolve)
    asked = with_answers(found, Answers(hosts=resolved))
    done = with_answers(asked, read_answers(path, asked)) if path else asked
    texts = texts_of_import(done, name, digest_of(content))
    before = last_import(request.directory)
    changes = differences(before, texts) if before is not None else []
    changed = [] if request.is_check else write_texts(request.directory, texts)
    if path is None and not request.is_check:
        write_whole(beside, questions_text(asked, name))
        changed.append(str(beside))
    needed = tuple(question for question in done.questions if question.is_needed)
    told = _Told(request, published, done, path or beside, changed)
    further = (*_resolved_lines(resolved), *_question_lines(needed, path or beside), *_difference_lines(changes))
    lines = (*told.lines(), *further)
    return Made(lines, tuple(changed), tuple(changes), needed, done.notes)


@dataclass(frozen=True)
class _Told:
    """What the first lines tell of an import."""

    request: Request
    published: Published
    found: Imported
    answers: Path
    changed: list[str]

    def lines(self) -> list[str]:
        """Return what was read and written, and what no variable says."""
        published, found = self.published, self.found
        state = "published" if published.is_published else "not published"
        counts = ", ".join(
            (
                counted(len(published.sites), "site"),
                counted(len(published.clusters), "pool"),
                counted(published.machine_count, "machine"),
            )
        )
        features = ", ".join(sorted({*_features(found)} & {*KNOWN_FEATURES})) or "none"
        version = found.deployment.get("lync_version") or "not known"
        dialect = _DIALECTS[published.dialect]
        verb = "would write" if self.request.is_check else "wrote" if self.changed else "unchanged"
        hosts, groups = counted(len(found.hosts), "host"), counted(len(found.groups), "group")
        return [
            f"read: {published.name} ({dialect}, {state}), version {version}, {counts}",
            f"{verb}: {hosts} in {groups} to {self.request.directory}; features seen: {features}",
            *found.note_lines,
        ]


def _features(found: Imported) -> list[str]:
    holders = (found.deployment, *found.hosts.values())
    values = (one.get("lync_features") for one in holders)
    return [str(feature) for value in values if isinstance(value, list) for feature in value]


def _resolved(found: Imported, resolve: Resolve | None) -> dict[str, object]:
    """Return the addresses of names whose address is open, as the resolver has them."""
    if resolve is None:
        return {}
    keys = (("lync_address",), ("lync_internal_address",))
    names = [one.name for one in found.questions if one.section == "hosts" and one.keys in keys]
    answers = {name: resolve(name) for name in names}
    return {name: list(addresses) for name, addresses in answers.items() if addresses}


def _resolved_lines(resolved: Mapping[str, object]) -> list[str]:
    return [f"resolved: {name} is {', '.join(value)}" for name, value in resolved.items() if isinstance(value, list)]


def _question_lines(questions: tuple[Question, ...], answers: Path) -> list[str]:
    """Return the open questions, those of one text on one line."""
    if not questions:
        return []
    by_text: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for one in questions:
        by_text.setdefault((one.section, one.text, one.keys), []).append(one.name)
    lines = [f"not in the topology, write it in {answers}:"]
    for (section, text, keys), names in by_text.items():
        place = {"hosts": hosts_text(names), "all": "all"}.get(section) or hosts_text(names, "pool")
        lines.append(f"  {place}, {', '.join(keys)}: {text}")
    return lines


def _difference_lines(changes: list[str]) -> list[str]:
    return ["differs from the last import:", *(f"  {line}" for line in changes)] if changes else []
