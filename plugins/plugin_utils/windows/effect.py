# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each change really does beside the other rules of the host, in words.

    "new admission"                              nobody admitted it before
    "already admitted by CS RTCSRV"              one enabled allow rule that stays covers it on all its profiles
    "wider than before", "narrower than before", "moved: ...", "no longer admitted", "still admitted by RULE"
    "no change of admission"                     a description, a disabled rule, an exact duplicate

A single rule must cover; what several rules admit together counts as not admitted, so that the text is never wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .admission import Movement, covers
from .changes import Change, Changes, Present, applied
from .rule import Rule

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
    written = {id(change.before) for change in (*changes.now, *changes.later)}
    stays = [present.rule for present in have if id(present) not in written and present.rule.admits]
    final = [present.rule for present in applied(have, changes.now) if present.rule.admits]
    return replace(changes, now=tuple(_described(change, stays, final) for change in changes.now))


def _described(change: Change, stays: Sequence[Rule], final: Sequence[Rule]) -> Change:
    effect, changes_admission = _effect(change, stays, final)
    return replace(change, effect=effect, changes_admission=changes_admission)


def _effect(change: Change, stays: Sequence[Rule], final: Sequence[Rule]) -> tuple[str, bool]:
    moves = change.moves
    if not (moves.opens or moves.closes):
        return _NO_CHANGE, False
    other = _admitted_anyway(change, moves, stays, final)
    if other is None:
        return _TEXTS[(change.before is not None, change.after is not None, moves.opens, moves.closes)], True
    return f"{'already' if moves.opens else 'still'} admitted by {other.name}", False


def _admitted_anyway(change: Change, moves: Movement, stays: Sequence[Rule], final: Sequence[Rule]) -> Rule | None:
    """Return a rule that admits all that the change adds or takes away, or None."""
    sides = [change.after if moves.opens else None, change.before.rule if moves.closes and change.before is not None else None]
    touched = [rule for rule in sides if rule is not None]
    if not all(rule.admits for rule in touched):
        return None
    candidates = stays if moves.opens else [rule for rule in final if rule is not change.after]
    return next((rule for rule in candidates if all(covers(rule, side) for side in touched)), None)
