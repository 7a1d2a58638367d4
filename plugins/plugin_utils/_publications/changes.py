# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Publications as changes: what is wanted against what the proxy has, and what each change does to clients.

The plain data have the shape of those of load balancers, so that the same reports tell them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

from .._load_balancers.changes import Kind, State
from .._load_balancers.driver import Impact
from .._load_balancers.results import plain
from .driver import CERTIFICATE_CHANGES, IMPACTS, RELOADS
from .model import Publication

_ADDS = Impact("publishes names; nothing else is touched")
_REMOVES = Impact("publishes no longer: clients of these names are refused", recreates=True)
_BY_HAND = Impact("sets right what the fields of a publication do not show")
_COUNTED = {"added": Kind.ADD, "changed": Kind.CHANGE, "removed": Kind.REMOVE}


@dataclass(frozen=True)
class PublicationChange:
    """One publication that changes; fields are the names of the fields that differ, impact what clients notice."""

    kind: Kind
    name: str
    before: Publication | None
    after: Publication | None
    fields: tuple[str, ...] = ()
    impact: Impact = RELOADS


def target(want: Sequence[Publication], have: Sequence[Publication], state: State) -> tuple[Publication, ...]:
    """Return what the proxy is to publish in the end, sorted by name; what is kept gives up the names that others get."""
    if state is State.REPLACED or (state is State.DELETED and not want):
        return tuple(sorted(want if state is State.REPLACED else (), key=lambda each: each.name))
    names, wanted = {each.name for each in want}, want if state is State.MERGED else ()
    taken = {name for each in wanted for name in each.host_names}
    kept = [replace(each, host_names=tuple(name for name in each.host_names if name not in taken)) for each in have if each.name not in names]
    return tuple(sorted([*(each for each in kept if each.host_names), *wanted], key=lambda each: each.name))


def publication_changes(after: Sequence[Publication], have: Sequence[Publication], rewritten: bool) -> tuple[PublicationChange, ...]:
    """Return the changes, sorted by kind and name; rewritten: the files differ, so that what no field shows is a change of each."""
    wanted, present = ({each.name: each for each in items} for items in (after, have))
    added = [PublicationChange(Kind.ADD, name, None, wanted[name], impact=_ADDS) for name in sorted(wanted.keys() - present.keys())]
    both = sorted(wanted.keys() & present.keys())
    changed = [_change(present[name], wanted[name]) for name in both if present[name] != wanted[name]]
    removed = [PublicationChange(Kind.REMOVE, name, present[name], None, impact=_REMOVES) for name in sorted(present.keys() - wanted.keys())]
    found = (*added, *changed, *removed)
    hidden = both if rewritten and not found else []
    return (*found, *(PublicationChange(Kind.CHANGE, name, present[name], wanted[name], (), _BY_HAND) for name in hidden))


def _change(before: Publication, after: Publication) -> PublicationChange:
    names = tuple(field.name for field in fields(Publication) if getattr(before, field.name) != getattr(after, field.name))
    words = sorted({IMPACTS.get(name, IMPACTS[""]).words for name in names})
    return PublicationChange(Kind.CHANGE, after.name, before, after, names, Impact("; ".join(words)))


def as_results(changes: Sequence[PublicationChange]) -> dict[str, object]:
    """Return changes, commands, summary and diff as plain data."""
    return {
        "changes": [_plain(change) for change in changes],
        "commands": [_command(change) for change in changes],
        "summary": {word: sum(change.kind is kind for change in changes) for word, kind in _COUNTED.items()} | {"recreated": 0},
        "diff": [_diff(change) for change in changes],
    }


def _plain(change: PublicationChange) -> Mapping[str, object]:
    shown = [{"field": name, "before": _side(change.before, name), "after": _side(change.after, name)} for name in change.fields]
    told = {"kind": change.kind.value, "name": change.name, "fields": shown, "impact": change.impact.words, "recreates": change.impact.recreates}
    noticed = change.kind is Kind.CHANGE and CERTIFICATE_CHANGES.words in change.impact.words
    return {**told, "notice": CERTIFICATE_CHANGES.words if noticed else ""}


def _side(publication: Publication | None, name: str) -> object:
    return None if publication is None else plain(getattr(publication, name))


def _command(change: PublicationChange) -> str:
    if change.after is None:
        return f"remove {change.name} ({change.impact.words})"
    if change.before is None:
        return f"publish {', '.join(change.after.host_names)} of {change.name} by {change.after.mode.value}"
    said = ", ".join(f"{name} from {_words(change.before, name)} to {_words(change.after, name)}" for name in change.fields)
    return f"change {change.name} ({change.impact.words})" + (f": {said}" if said else "")


def _words(publication: Publication, name: str) -> str:
    value = getattr(publication, name)
    if name == "members":
        return ", ".join(f"{member.address} {member.state.value}" for member in value)
    return ", ".join(value) if isinstance(value, tuple) else str(plain(value)) or "none"


def _diff(change: PublicationChange) -> dict[str, str]:
    header = f"publication {change.name} ({change.impact.words})"
    shown = change.fields or tuple(field.name for field in fields(Publication))
    sides = ["".join(f"{name}: {_words(side, name)}\n" for name in shown) if side else "" for side in (change.before, change.after)]
    return {"before_header": header, "after_header": header, "before": sides[0], "after": sides[1]}
