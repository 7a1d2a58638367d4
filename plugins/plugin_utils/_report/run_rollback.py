# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rollback of a run: the commands that bring back what was there before, to be typed as they stand.

Each phase of a run that writes to a Windows host takes a snapshot, so the newest one is the state before the run only
where a single phase wrote. Otherwise the oldest one of the run is named, host by host, in an inventory file of its own:

    ansible-playbook -i INV -i DIR/site-rollback.json msuc.lync.rollback --limit lync_rollback
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .._rollout.results import Concern
from .run_parts import Part, Status

GROUP = "lync_rollback"
FILE = "site-rollback.json"
_WINDOWS = (Concern.FIREWALL, Concern.IPSEC)
_MOST_LINES = 10
_WORD_LETTERS = 80
_TAGGED = ("site", "drift")


@dataclass(frozen=True)
class Command:
    """How ansible-playbook was called, without secrets.

    playbook: of the run, as it was typed. tags: with their options, as words. options: those of connections and vaults,
    as words. variables: values of -e.
    """

    inventories: tuple[str, ...] = ()
    playbook: str = "msuc.lync.site"
    limit: str = ""
    tags: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()

    def line(self, playbook: str, *more: str) -> str:
        """Return the command that runs another playbook of the collection on the same hosts, more going before.

        Tags are those of site.yml and drift.yml; another playbook would run nothing with them.
        """
        given = [word for name in self.inventories for word in ("-i", name)]
        said = {word.partition("=")[0] for word in more}
        repeated = (text for text in self.variables if text.startswith("@") or text.partition("=")[0] not in said)
        words = [*given, *self.options, *(word for text in repeated for word in ("-e", text))]
        limit = ["--limit", self.limit] if self.limit and "--limit" not in more else []
        tags = self.tags if playbook in _TAGGED else ()
        return shlex.join(["ansible-playbook", *words, self._name_playbook(playbook), *limit, *tags, *more])

    def _name_playbook(self, name: str) -> str:
        """Return a playbook as the user would type it: by its path where the run's was, else by its name."""
        folder, slash, file = self.playbook.rpartition("/")
        return f"{folder}{slash}{name}.yml" if file.endswith(".yml") else f"msuc.lync.{name}"


def first_snapshots(parts: Iterable[Part]) -> dict[str, str]:
    """Return the snapshot of each Windows host that holds what was there before the run.

    The oldest, by the time in its name.

    A snapshot is of rules and exemptions, and opening of exemptions comes before closing of rules.
    """
    found: dict[str, list[str]] = {}
    for part in parts:
        if part.concern in _WINDOWS:
            found.setdefault(part.device, []).extend(str(item["path"]) for item in part.snapshots if item.get("path"))
    return {name: min(paths, key=_file_name) for name, paths in found.items() if paths}


def _file_name(path: str) -> str:
    return path.rpartition("\\")[2]


def with_exemptions(parts: Iterable[Part]) -> frozenset[str]:
    """Return the hosts whose exemptions were changed, or are to be: these come back with the whole policy alone."""
    return frozenset(
        part.device
        for part in parts
        if part.concern is Concern.IPSEC and (part.status is Status.CHANGED or part.snapshots)
    )


def inventory_text(snapshots: Mapping[str, str], whole: Collection[str] = ()) -> str:
    """Return an inventory that says which snapshot rollback.yml brings back to each host.

    whole: the hosts whose whole policy comes back.
    """
    hosts = {
        name: {"lync_rollback_to": path, **({"lync_rollback_scope": "whole"} if name in whole else {})}
        for name, path in sorted(snapshots.items())
    }
    return json.dumps({"all": {"children": {GROUP: {"hosts": hosts}}}}, indent=2, ensure_ascii=False) + "\n"


def rollback_lines(parts: Sequence[Part], command: Command, directory: str, would: bool) -> list[str]:
    """Return the lines that say how to roll back.

    directory: of reports, empty for none. would: nothing was written yet.
    """
    changed = [part for part in parts if part.status is Status.CHANGED or (part.snapshots and not would)]
    windows = sorted({part.device for part in changed if part.concern in _WINDOWS and (would or part.snapshots)})
    lines = _of_windows(windows, changed, command, directory, would) if windows else []
    lines += _of_linux([part for part in changed if part.concern is Concern.NFTABLES], would)
    rest = sorted({part.device for part in changed if part.concern not in (*_WINDOWS, Concern.NFTABLES)})
    if rest:
        lines += [f"{', '.join(rest)}: bring back the inventory as it was, and run:", command.line("site")]
    return lines


def _of_windows(
    windows: list[str], changed: Sequence[Part], command: Command, directory: str, would: bool
) -> list[str]:
    by_file = command.line("rollback", "-i", f"{directory.rstrip('/') or 'DIR'}/{FILE}", "--limit", GROUP)
    if directory:
        return [by_file]
    if would and len(windows) > _MOST_LINES:
        return [by_file, "that is with -e lync_report_dir=DIR in this run; else the run prints it"]
    newest = [name for name in windows if _writes(name, changed, would) == 1]
    whole = with_exemptions(changed)
    groups = [[name for name in newest if (name in whole) is is_whole] for is_whole in (False, True)]
    lines = [
        _rollback_command(command, names, "newest", names[0] in whole)
        for group in groups
        for names in _limits(group)
    ]
    several = [name for name in windows if name not in newest]
    return lines + (_list_rollback_commands(several, changed, command, would) if several else [])


def _limits(names: Sequence[str]) -> Iterator[list[str]]:
    """Yield the names in their order, as many at a time as one word of a command may have: nothing breaks a word."""
    taken: list[str] = []
    for name in names:
        if taken and len(",".join([*taken, name])) > _WORD_LETTERS:
            yield taken
            taken = []
        taken.append(name)
    if taken:
        yield taken


def _writes(name: str, changed: Iterable[Part], would: bool) -> int:
    """Return how many phases write to a host: opening and closing, of the firewall and of exemptions."""
    mine = [part for part in changed if part.device == name and part.concern in _WINDOWS]
    if not would:
        return sum(len(part.snapshots) for part in mine)
    return sum(_phases(part) for part in mine)


def _phases(part: Part) -> int:
    """Return in how many phases a part may be written.

    Additions in the first, removals in the last, a change in either or both.
    """
    closes = part.counts.get("removed", 0) + part.counts.get("disabled", 0)
    return sum((part.counts.get("added", 0) > 0, closes > 0, 2 * (part.counts.get("changed", 0) > 0)))


def _list_rollback_commands(
    names: Sequence[str], changed: Sequence[Part], command: Command, would: bool
) -> list[str]:
    if would or len(names) > _MOST_LINES:
        listed = command.line("rollback", "--limit", ",".join(names))
        by_file = command.line("rollback", "-i", f"DIR/{FILE}", "--limit", GROUP)
        fix = "with -e lync_report_dir=DIR the run writes one command for all of them:"
        return ["several snapshots each, listed newest first by:", listed, fix, by_file]
    snapshots, whole = first_snapshots(changed), with_exemptions(changed)
    known = (name for name in names if name in snapshots)
    return [_rollback_command(command, [name], snapshots[name], name in whole) for name in known]


def _rollback_command(command: Command, names: Sequence[str], to: str, is_whole: bool) -> str:
    scope = ("-e", "lync_rollback_scope=whole") if is_whole else ()
    return command.line("rollback", "--limit", ",".join(names), "-e", f"lync_rollback_to={to}", *scope)


def _of_linux(parts: Sequence[Part], would: bool) -> list[str]:
    """Return what brings the table of Linux hosts back; the command is the same on all of them."""
    if would:
        names = sorted({part.device for part in parts})
        return (
            [f"on {', '.join(names)}, as root: the command that the run prints; it saves the table first"]
            if names
            else []
        )
    commands: dict[str, list[str]] = {}
    for part in parts:
        for item in part.snapshots[-1:]:
            commands.setdefault(str(item.get("rollback")), []).append(part.device)
    return [f"on {', '.join(sorted(names))}, as root: {line}" for line, names in sorted(commands.items())]
