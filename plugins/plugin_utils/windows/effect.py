# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each change really does beside the other rules of the host, in words.

    "new admission"                              nobody admitted it before
    "already admitted by CS RTCSRV"              one enabled allow rule covers it on all its profiles
    "wider than before", "narrower than before", "moved: ...", "no longer admitted"
    "still admitted by RULE"                     a rule that is there afterwards covers what this one admitted
    "no change of admission"                     a description, a disabled rule

A single rule must cover; what several rules admit together counts as not admitted, so that the text is never wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .admission import covers
from .changes import Change, Changes, Present, applied
from .rule import Rule

# Rules with more ports than this are looked at for every change. Port 0, which no rule can name, stands for words alone.
_FEW_PORTS, _NO_PORT = 32, 0
_NO_CHANGE = "no change of admission"
_TEXTS = {
    # (is there a before, is there an after, opens, closes)
    (False, True, True, False): "new admission",
    (False, True, False, True): "newly blocked",
    (True, True, True, False): "wider than before",
    (True, True, False, True): "narrower than before",
    (True, True, True, True): "moved: admits something new and something less than before",
    (True, False, False, True): "no longer admitted",
    (True, False, True, False): "no longer blocked",
}


def describe_effects(have: Sequence[Present], changes: Changes) -> Changes:
    """Return the changes with effect and changes_admission filled in."""
    old, new = _Admitting(have), _Admitting(applied(have, changes.now))
    return replace(changes, now=tuple(_described(change, old, new) for change in changes.now))


def _described(change: Change, old: _Admitting, new: _Admitting) -> Change:
    effect, changes_admission = _effect(change, old, new)
    return replace(change, effect=effect, changes_admission=changes_admission)


def _effect(change: Change, old: _Admitting, new: _Admitting) -> tuple[str, bool]:
    """Return the effect beside what the host admitted before (old) and admits after (new)."""
    moves = change.moves
    if not (moves.opens or moves.closes):
        return _NO_CHANGE, False
    before = None if change.before is None else change.before.rule
    covers_found = [("already", old.cover(change.after))] if moves.opens else []
    covers_found += [("still", new.cover(before))] if moves.closes else []
    names = [f"{word} admitted by {rule.name}" for word, rule in covers_found if rule is not None]
    # What a block takes away stays away, whoever allows it.
    if len(names) < len(covers_found) or _blocks(before) or _blocks(change.after):
        return _TEXTS[(before is not None, change.after is not None, moves.opens, moves.closes)], True
    return " and ".join(names), False


class _Admitting:
    """The rules of a host that admit something, found by port: a rule that covers another one has its first port too.

    Without this, a thousand changes on a host of a thousand rules take a million comparisons.
    """

    def __init__(self, have: Sequence[Present]) -> None:
        self._few: dict[int, list[Rule]] = {}
        self._many: list[Rule] = []
        for rule in (present.rule for present in have if present.rule.admits):
            ports = rule.localport.ports.pairs
            if sum(last - first for first, last in ports) > _FEW_PORTS:
                self._many.append(rule)
                continue
            for port in {_NO_PORT, *(port for first, last in ports for port in range(first, last + 1))}:
                self._few.setdefault(port, []).append(rule)

    def cover(self, narrow: Rule | None) -> Rule | None:
        """Return a rule that matches all that narrow matches, or None."""
        if narrow is None:
            return None
        ports = narrow.localport.ports.pairs
        candidates = (*self._few.get(ports[0][0] if ports else _NO_PORT, []), *self._many)
        return next((rule for rule in candidates if covers(rule, narrow)), None)


def _blocks(rule: Rule | None) -> bool:
    return rule is not None and rule.enabled and rule.action == "block"
