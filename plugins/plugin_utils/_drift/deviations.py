# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a device differs from the plan, class by class: from the result of a module in check mode to deviations.

    Deviation(device="fe02", concern="firewall", kind=Class.DISABLED, name="Lync fe-sip-tls (TCP in)",
              properties=(Difference("enabled", False, True),), too_narrow=True)

The results of all modules of this collection tell their changes alike: kind, name, reason, and properties or fields with
before and after. What a module would change is what differs; what it could not change is told by its effects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

Result = Mapping[str, object]


class Class(str, Enum):
    """The classes of deviations. NOTES says which of them are told and are no drift."""

    MISSING = "missing"
    EXTRA = "extra"
    CHANGED = "changed"
    DISABLED = "disabled"
    DUPLICATE = "duplicate"
    INEFFECTIVE = "ineffective"
    SHADOWED = "shadowed"


NOTES = frozenset({Class.SHADOWED})
"""The product's own setup makes rules that admit any source, so on a healthy server nearly every rule is shadowed."""
REPAIRABLE = frozenset(Class) - {Class.INEFFECTIVE, Class.SHADOWED}
"""What a module can repair; the cause of the others lies outside what the collection owns."""
_SWITCHES = ("enabled",)
_TAKES_TRAFFIC = "active"


@dataclass(frozen=True)
class Difference:
    """One property that is not as planned: before is what the device has, after what the plan says."""

    name: str
    before: object
    after: object

    @property
    def words(self) -> str:
        """Return the difference as words: "localport is 4444, should be 444"."""
        return f"{self.name} is {spoken(self.before)}, should be {spoken(self.after)}"


@dataclass(frozen=True)
class Deviation:
    """One thing of one device that is not as planned.

    too_narrow: the device lets through less than planned; too_wide: more. recreates: the repair recreates a virtual.
    stays: no repair touches it, somebody has to look. notice: what people outside notice of the repair.
    """

    device: str
    concern: str
    kind: Class
    name: str
    reason: str = ""
    properties: tuple[Difference, ...] = ()
    too_narrow: bool = False
    too_wide: bool = False
    recreates: bool = False
    stays: bool = False
    notice: str = ""

    @property
    def is_repairable(self) -> bool:
        """Return whether a module can repair it."""
        return self.kind in REPAIRABLE and not self.stays

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return what makes it the same deviation in another report."""
        return (self.device, self.concern, self.kind.value, self.name)

    @property
    def words(self) -> str:
        """Return it as one line, without the device."""
        said = "; ".join(difference.words for difference in self.properties)
        why = f" ({self.reason})" if self.reason and not said else ""
        notice = f" ({self.notice})" if self.notice else ""
        return f"{self.name}: {self.kind.value}{why}{f': {said}' if said else ''}{notice}"


def deviations_of(device: str, concern: str, result: Result) -> tuple[Deviation, ...]:
    """Return what a module's result in check mode tells of a device, in the result's order."""
    changes = _mappings(result, "changes")
    touched = {str(change.get("name")) for change in changes}
    effects = [effect for effect in _mappings(result, "effects") if str(effect.get("name")) not in touched]
    found = [_of_change(device, concern, change) for change in changes]
    return (*found, *_of_effects(device, concern, effects), *_of_unknown(device, concern, _mappings(result, "unknown")))


def _of_change(device: str, concern: str, change: Mapping[str, object]) -> Deviation:
    differences = tuple(_differences(change))
    kind = _class_of(change, differences)
    return Deviation(
        device=device,
        concern=concern,
        kind=kind,
        name=_name(change),
        reason=_reason(change),
        properties=differences if kind in (Class.CHANGED, Class.DISABLED) else (),
        too_narrow=bool(change.get("opens", kind in (Class.MISSING, Class.DISABLED))),
        too_wide=bool(change.get("closes", kind is Class.EXTRA)),
        recreates=change.get("kind") == "change" and bool(change.get("recreates")),
        notice=str(change.get("notice") or ""),
    )


def _name(item: Mapping[str, object]) -> str:
    """Return the name of what changes; a DNS record is named by its type and view too."""
    return f"{item['name']} {item['type']} ({item['view']})" if {"type", "view"} <= item.keys() else str(item.get("name"))


def _of_unknown(device: str, concern: str, items: Iterable[Mapping[str, object]]) -> Iterator[Deviation]:
    """Yield the values that stand under names of the plan and that nobody of this collection wrote; they stay."""
    for item in items:
        yield Deviation(device, concern, Class.EXTRA, _name(item), f"unknown value {spoken(item.get('values'))}, which stays", too_wide=True, stays=True)


def _reason(change: Mapping[str, object]) -> str:
    """Return why something is extra, and what the repair of anything else would do."""
    keys = ("reason",) if change.get("kind") == "remove" else ("effect", "impact", "reason")
    return next((str(change[key]) for key in keys if change.get(key)), "")


def _class_of(change: Mapping[str, object], differences: Sequence[Difference]) -> Class:
    kind = change.get("kind")
    if kind == "add":
        return Class.MISSING
    if kind == "remove":
        return Class.DUPLICATE if "another rule has its name" in str(change.get("reason")) else Class.EXTRA
    return Class.DISABLED if any(map(_is_switched_off, differences)) else Class.CHANGED


def _is_switched_off(difference: Difference) -> bool:
    """Return whether a rule was switched off, or members that should take traffic do not."""
    if difference.name in _SWITCHES:
        return difference.before is False and difference.after is True
    before, after = (_states(value) for value in (difference.before, difference.after))
    return bool(after) and before.keys() == after.keys() and any(state == _TAKES_TRAFFIC != before[name] for name, state in after.items())


def _states(value: object) -> dict[object, object]:
    """Return the state of each member of a list of members; nothing of any other value."""
    items = value if isinstance(value, list) else []
    return {item["address"]: item["state"] for item in items if isinstance(item, Mapping) and {"address", "state"} <= item.keys()}


def _differences(change: Mapping[str, object]) -> Iterator[Difference]:
    for item in [*_mappings(change, "properties"), *_mappings(change, "fields")]:
        yield Difference(str(item.get("property", item.get("field"))), item.get("before"), item.get("after"))


def _of_effects(device: str, concern: str, effects: Iterable[Mapping[str, object]]) -> Iterator[Deviation]:
    """Yield the rules that are as planned and do not do what they say, or that another rule outdoes."""
    for effect in effects:
        name, text = str(effect.get("name")), str(effect.get("effect", ""))
        if "ineffective: " in text:
            yield Deviation(device, concern, Class.INEFFECTIVE, name, text.split("ineffective: ", 1)[1], too_narrow=True)
        elif text.startswith(("narrower than ", "already admitted by ")):
            yield Deviation(device, concern, Class.SHADOWED, name, text)


def _mappings(holder: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    items = holder.get(key)
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def spoken(value: object) -> str:
    """Return a value of a result as words."""
    if value is None or value == []:
        return "nothing"
    if isinstance(value, Mapping):
        return " ".join(f"{name} {spoken(part)}" for name, part in value.items() if part not in ("", None))
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(spoken, value)) if isinstance(value, (list, tuple)) else str(value)
