# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a device differs from the plan, class by class, and which deviations somebody has accepted for a time.

    Deviation(device="fe02", concern=Concern.FIREWALL, kind=Class.DISABLED, name="Lync fe-sip-tls (TCP in)",
              properties=(Difference("enabled", False, True),), too_narrow=True)

The results of all modules of this collection have the same changes: kind, name, cause, and properties with before and
after. What a module would change is what differs; what it could not change is in its effects. Accepted are those of

    lync_accepted_deviations:
      - {device: "fe0*", concern: firewall, name: "Lync fe-rpc*", class: changed, owner: netops, reason: audit tool,
         ticket: CHG0042, expires: 2027-01-31}

device and name are shell patterns; concern and class may be left out. From the day after expires it is drift again.

What a plan relies on and does not make stands as the last verify.yml has it; an assumption that its report does not
know was not read by anybody.

    standing(plan, last_report(Path("reports")))
    -> (Assumption("edge01", "The default gateway is on ...", Standing.CONFIRMED, "0.0.0.0/0 leaves by ..."), ...)
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import Path

from .._base.addresses import ANY, AddressSet, PortSet
from .._base.changes import Cause, Kind
from .._base.errors import InvalidInputError, Problem, nearest, one_of, shown
from .._base.untyped import mappings, result_text, texts
from .._firewall.effects import EffectKind
from .._firewall.setup_rules import made_by_setup
from .._plan.model import Plan
from .._plan.names import Names
from .._rollout.results import Concern, TaskResult


class Class(str, Enum):
    """The classes of deviations; those in NOTES are reported and are no drift.

    INEFFECTIVE, PARTLY_BLOCKED: the rule is as planned, and nothing of it is in force, or a part is not. OPEN: the
    device as a whole admits more than its rules say. RECREATED: a rule of the product's setup is on that should be off;
    each update makes it again, so no repair fights it. FOREIGN: a rule of anybody else is on that should be off; a
    repair writes our own rules alone, and site.yml disables it.
    """

    MISSING = "missing"
    EXTRA = "extra"
    CHANGED = "changed"
    DISABLED = "disabled"
    DUPLICATE = "duplicate"
    INEFFECTIVE = "ineffective"
    PARTLY_BLOCKED = "partly_blocked"
    OPEN = "open"
    RECREATED = "recreated_by_setup"
    FOREIGN = "foreign"
    SHADOWED = "shadowed"


NOTES = frozenset({Class.SHADOWED})
"""The product's own setup makes rules that admit any source, so on a healthy server nearly every rule is shadowed."""
REPAIRABLE = frozenset({Class.MISSING, Class.EXTRA, Class.CHANGED, Class.DISABLED, Class.DUPLICATE})
"""What a module can repair; the cause of the others lies outside what the collection owns."""
OF_OTHERS = frozenset({Class.RECREATED, Class.FOREIGN})
"""Rules of others that site.yml would disable (overridden), by whether the next update makes them again."""
ENDS_SOON_DAYS = 30
_NEEDED = ("device", "name", "owner", "reason", "ticket", "expires")
_ALLOWED = (*_NEEDED, "concern", "class")
_PLACE = "lync_accepted_deviations"
_OUTDONE = (EffectKind.NARROWER_THAN, EffectKind.ALREADY_ADMITTED_BY)
# What keeps a rule from counting, and where the fact says why.
_HINDRANCES: Mapping[EffectKind, tuple[Class, str]] = {
    EffectKind.INEFFECTIVE: (Class.INEFFECTIVE, "detail"),
    EffectKind.PARTLY_INEFFECTIVE: (Class.PARTLY_BLOCKED, "text"),
    EffectKind.PARTLY_BLOCKED_BY: (Class.PARTLY_BLOCKED, "text"),
}
_SWITCH = "enabled"
_ADDRESSES, _PORTS = ("remoteip", "localip"), ("remoteport", "localport")
_TAKES_TRAFFIC = "active"


@dataclass(frozen=True)
class Difference:
    """One property that is not as planned: before is what the device has, after what the plan says."""

    name: str
    before: object
    after: object

    @property
    def text(self) -> str:
        """Return the difference for people: "localport is 4444, should be 444"."""
        return self.described(Names())

    def described(self, names: Names) -> str:
        """Return the difference for people; of lists, what is not in both: "remoteip lacks fe02, has 10.9.0.7 besides".
        """
        before, after = member_states(self.before), member_states(self.after)
        if before and before.keys() == after.keys():
            differ = [address for address in before if before[address] != after[address]]
            states = (f"{address} is {before[address]}, should be {after[address]}" for address in differ)
            return f"{self.name}: {'; '.join(states)}"
        lacking, besides = _compare_lists(self, names)
        parts = [f"lacks {result_text(lacking)}"] if lacking else []
        parts += [f"has {result_text(besides)} besides"] if besides else []
        if parts:
            return f"{self.name} {', '.join(parts)}"
        found, wanted = (_named(self.name, value, names) for value in (self.before, self.after))
        return f"{self.name} is {result_text(found)}, should be {result_text(wanted)}"


def _compare_lists(difference: Difference, names: Names) -> tuple[Sequence[object], Sequence[object]]:
    """Return what the first of two lists lacks, and what it has besides; nothing where they have nothing in common."""
    before, after = difference.before, difference.after
    if not (isinstance(before, (list, tuple)) and isinstance(after, (list, tuple))):
        return (), ()
    found, wanted = list(before), list(after)
    try:
        return _compare_sets(difference.name, found, wanted, names)
    except ValueError:
        pass
    if not any(item in wanted for item in found):
        return (), ()
    return [item for item in wanted if item not in found], [item for item in found if item not in wanted]


def _compare_sets(
    name: str, found: Sequence[object], wanted: Sequence[object], names: Names
) -> tuple[Sequence[object], Sequence[object]]:
    """Return the same of addresses and ports; raises ValueError where a list holds neither."""
    if name in _PORTS:
        ports, planned = PortSet.parse(map(str, found)), PortSet.parse(map(str, wanted))
        return ((planned - ports).to_text(), (ports - planned).to_text()) if ports.meets(planned) else ((), ())
    if name not in _ADDRESSES:
        raise ValueError(name)
    here, there = AddressSet.parse(map(str, found)), AddressSet.parse(map(str, wanted))
    if ANY in (here, there) or not here.meets(there):
        return (), ()
    return names.of((there - here).to_text()), names.of((here - there).to_text())


def _named(name: str, value: object, names: Names) -> object:
    """Return a value with addresses by their names."""
    return names.of(texts(value)) if name in _ADDRESSES and texts(value) else value


@dataclass(frozen=True)
class Deviation:
    """One thing of one device that is not as planned.

    too_narrow: the device lets through less than planned; too_wide: more. recreates: the repair recreates a virtual.
    stays: no repair touches it, somebody has to look. notice: what people outside notice of the repair.
    """

    device: str
    concern: Concern
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
        return (self.device, self.concern.value, self.kind.value, self.name)

    @property
    def text(self) -> str:
        """Return it as one line, without the device."""
        return self.described(Names())

    def described(self, names: Names) -> str:
        """Return it as one line, without the device, with addresses by their names."""
        differences = "; ".join(difference.described(names) for difference in self.properties)
        why = f" ({self.reason})" if self.reason and not differences else ""
        notice = f" ({self.notice})" if self.notice else ""
        return f"{self.name}: {self.kind.value}{why}{f': {differences}' if differences else ''}{notice}"


def deviations_of(result: TaskResult) -> tuple[Deviation, ...]:
    """Return what the result of a comparison, or another one of check mode, says of a device, in the result's order."""
    changed = {str(change.get("name")) for change in result.changes}
    effects = [effect for effect in result.mappings("effects") if str(effect.get("name")) not in changed]
    found = [_of_change(result, change) for change in result.changes]
    return (*found, *_of_effects(result, effects), *_of_conditions(result), *_of_unknown(result))


def not_counting(result: TaskResult) -> tuple[Deviation, ...]:
    """Return what stays not as planned when all changes of a result are made: what does not count, whole or in part."""
    found = (*_of_effects(result, result.mappings("effects")), *_of_conditions(result))
    return tuple(deviation for deviation in found if deviation.kind not in NOTES)


def differences_of(change: Mapping[str, object]) -> tuple[Difference, ...]:
    """Return the properties that a change changes."""
    items = mappings(change.get("properties"))
    return tuple(Difference(str(item.get("property")), item.get("before"), item.get("after")) for item in items)


def record_name(item: Mapping[str, object]) -> str:
    """Return the name of what changes; a DNS record is named by its type and view too."""
    if {"type", "view"} <= item.keys():
        return f"{item['name']} {item['type']} ({item['view']})"
    return str(item.get("name"))


def _of_change(result: TaskResult, change: Mapping[str, object]) -> Deviation:
    differences = differences_of(change)
    kind = _class_of(change, differences)
    return Deviation(
        device=result.device,
        concern=result.concern.whole,
        kind=kind,
        name=record_name(change),
        reason=_explain_change(change) if differences else _explain_hidden(result, change, kind),
        properties=differences if kind in (Class.CHANGED, Class.DISABLED) else (),
        too_narrow=bool(change.get("opens", kind in (Class.MISSING, Class.DISABLED))),
        too_wide=bool(change.get("closes", kind in (Class.EXTRA, *OF_OTHERS))),
        recreates=change.get("kind") == Kind.CHANGE and bool(change.get("recreates")),
        notice=str(change.get("notice") or ""),
    )


def _of_unknown(result: TaskResult) -> Iterator[Deviation]:
    """Yield the values that stand under names of the plan and that nobody of this collection wrote; they stay."""
    for item in result.mappings("unknown"):
        reason = f"unknown value {result_text(item.get('values'))}, which stays"
        yield Deviation(
            result.device, result.concern.whole, Class.EXTRA, record_name(item), reason, too_wide=True, stays=True
        )


def _explain_change(change: Mapping[str, object]) -> str:
    """Return why something is there too much, and what the repair of anything else would do."""
    is_too_much = change.get("kind") == Kind.REMOVE or change.get("cause") == Cause.ADMITS_MORE
    keys = ("reason",) if is_too_much else ("effect", "impact", "reason")
    return next((str(change[key]) for key in keys if change.get(key)), "")


def _explain_hidden(result: TaskResult, change: Mapping[str, object], kind: Class) -> str:
    """Return what differs where no property does: what the device says of itself, else what the repair would do."""
    hidden = result.texts("differences") if kind is Class.CHANGED else ()
    return "; ".join(hidden) or _explain_change(change)


def _class_of(change: Mapping[str, object], differences: Sequence[Difference]) -> Class:
    kind = change.get("kind")
    if kind == Kind.ADD:
        return Class.MISSING
    if kind == Kind.REMOVE:
        return Class.DUPLICATE if change.get("cause") == Cause.DUPLICATE else Class.EXTRA
    if change.get("cause") == Cause.ADMITS_MORE:
        return Class.RECREATED if made_by_setup(str(change.get("name"))) else Class.FOREIGN
    return Class.DISABLED if any(map(_is_switched_off, differences)) else Class.CHANGED


def _is_switched_off(difference: Difference) -> bool:
    """Return whether a rule was switched off, or members that should take traffic do not."""
    if difference.name == _SWITCH:
        return difference.before is False and difference.after is True
    before, after = member_states(difference.before), member_states(difference.after)
    if not after or before.keys() != after.keys():
        return False
    return any(state == _TAKES_TRAFFIC != before[address] for address, state in after.items())


def member_states(value: object) -> dict[str, str]:
    """Return the state of each member of a list of members; nothing of any other value."""
    states = (item for item in mappings(value) if {"address", "state"} <= item.keys())
    return {str(item["address"]): str(item["state"]) for item in states}


def _of_effects(result: TaskResult, effects: Iterable[Mapping[str, object]]) -> Iterator[Deviation]:
    """Yield the rules that are as planned and do not do what they say, or that another rule outdoes."""
    for effect in effects:
        facts, name = mappings(effect.get("facts")), str(effect.get("name"))
        hindered = [fact for fact in facts if fact.get("kind") in _HINDRANCES]
        if hindered:
            kind = _HINDRANCES[EffectKind(hindered[0]["kind"])][0]
            reason = "; ".join(str(fact.get(_HINDRANCES[EffectKind(fact["kind"])][1])) for fact in hindered)
            yield Deviation(result.device, result.concern, kind, name, reason, too_narrow=True)
        elif facts and facts[0].get("kind") in _OUTDONE:
            yield Deviation(result.device, result.concern, Class.SHADOWED, name, str(effect.get("effect")))


def _of_conditions(result: TaskResult) -> Iterator[Deviation]:
    """Yield what is true of the device as a whole and not as planned."""
    for item in result.mappings("conditions"):
        opens, name, reason = bool(item.get("opens")), str(item.get("name")), str(item.get("reason"))
        kind = Class.OPEN if opens else Class.INEFFECTIVE
        yield Deviation(result.device, result.concern.whole, kind, name, reason, too_narrow=not opens, too_wide=opens)


@dataclass(frozen=True)
class Acceptance:
    """One accepted deviation; expires is the last day on which it holds."""

    device: str
    name: str
    owner: str
    reason: str
    ticket: str
    expires: datetime.date
    concern: str = ""
    kind: Class | None = None

    def covers(self, deviation: Deviation) -> bool:
        """Return whether the deviation is what was accepted."""
        return (
            fnmatchcase(deviation.device, self.device)
            and fnmatchcase(deviation.name, self.name)
            and self.concern in ("", deviation.concern.value)
            and self.kind in (None, deviation.kind)
        )

    def days_left(self, today: datetime.date) -> int:
        """Return for how many days more it holds; negative when it has expired."""
        return (self.expires - today).days


def read_acceptances(items: object) -> tuple[Acceptance, ...]:
    """Return the acceptances of lync_accepted_deviations; raises InvalidInputError with every problem."""
    entries = items if isinstance(items, Sequence) and not isinstance(items, str) else [items]
    problems: list[Problem] = []
    for index, entry in enumerate(entries):
        problems += _check_acceptance(f"{_PLACE}[{index}]", entry)
    if problems:
        raise InvalidInputError(problems)
    return tuple(_acceptance(entry) for entry in entries if isinstance(entry, Mapping))


def _check_acceptance(place: str, entry: object) -> list[Problem]:
    if not isinstance(entry, Mapping):
        return [Problem(place, f"{shown(entry)} is not a mapping", one_of(_ALLOWED), "write a mapping with these keys")]
    found = [_report_unknown_key(place, str(key)) for key in entry if key not in _ALLOWED]
    fix = "add {}; nobody can tell later why it was accepted"
    found += [Problem(place, f"has no {key}", fix=fix.format(key)) for key in _NEEDED if not entry.get(key)]
    if entry.get("expires") and _date(entry["expires"]) is None:
        message = f"{shown(entry['expires'])} is not a date"
        found.append(Problem(f"{place}, expires", message, fix="write it as 2027-01-31"))
    classes = [kind.value for kind in Class]
    if entry.get("class") and entry["class"] not in classes:
        message, fix = f"{shown(entry['class'])} is not a class", "write one of them, or leave it out"
        found.append(Problem(f"{place}, class", message, one_of(classes), fix))
    return found


def _report_unknown_key(place: str, key: str) -> Problem:
    near = nearest(key, _ALLOWED)
    return Problem(place, f"there is no key {key!r}", one_of(_ALLOWED), f"write {near}" if near else "leave it out")


def _date(value: object) -> datetime.date | None:
    """Return a date that YAML read as one, or that is written as one."""
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError:
        return None


def _acceptance(entry: Mapping[str, object]) -> Acceptance:
    given = {key: str(entry[key]) for key in _NEEDED if key != "expires"}
    kind = Class(entry["class"]) if entry.get("class") else None
    expires = _date(entry["expires"]) or datetime.date.min
    return Acceptance(**given, expires=expires, concern=str(entry.get("concern") or ""), kind=kind)


def accepted_by(deviation: Deviation, acceptances: Iterable[Acceptance], today: datetime.date) -> Acceptance | None:
    """Return the acceptance that covers a deviation today; the one that holds longest when there are several."""
    holding = [item for item in acceptances if item.days_left(today) >= 0 and item.covers(deviation)]
    return max(holding, key=lambda item: item.expires, default=None)


def ending(acceptances: Iterable[Acceptance], today: datetime.date) -> tuple[Acceptance, ...]:
    """Return the acceptances that end within 30 days or have ended, the earliest first."""
    found = (item for item in acceptances if item.days_left(today) <= ENDS_SOON_DAYS)
    return tuple(sorted(found, key=lambda item: (item.expires, item.device, item.name)))


REPORT_FILE = "verify.json"
NOT_READ = "no run of verify.yml has told"


class Standing(str, Enum):
    """What a run read of an assumption: that it holds, that it does not, or too little to say."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    UNKNOWN = "could not tell"


@dataclass(frozen=True, order=True)
class Assumption:
    """One assumption of a plan.

    place: the host or pool that relies on it. why: what was read, or why that does not tell.
    """

    place: str
    text: str
    standing: Standing = Standing.UNKNOWN
    why: str = NOT_READ

    @property
    def line(self) -> str:
        """Return it as one line without the place."""
        return f"{self.text} {self.standing.value}: {self.why}"

    def document(self) -> dict[str, object]:
        """Return it as plugins/plugin_utils/_probes/data/lync_verify.schema.json has it."""
        return {"place": self.place, "text": self.text, "standing": self.standing.value, "why": self.why}


def assumptions_of(plan: Plan) -> tuple[Assumption, ...]:
    """Return the assumptions of a plan, sorted, as nobody has read anything yet.

    Of hosts only those that are managed.
    """
    managed = [host for host in plan.hosts.values() if host.managed and host.member_state != "retired"]
    found = [Assumption(host.host, text) for host in managed for text in host.assumptions]
    found += [Assumption(pool.pool, text) for pool in plan.pools.values() for text in pool.assumptions]
    return tuple(sorted(dict.fromkeys(found)))


def last_report(directory: Path) -> Mapping[str, object] | None:
    """Return the report that the last verify.yml left in a directory, None when there is none that can be read."""
    try:
        found = json.loads((directory / REPORT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def standing(plan: Plan, report: Mapping[str, object] | None) -> tuple[Assumption, ...]:
    """Return the assumptions of a plan as a report of verify.yml has them; None for no report."""
    read = {(each.place, each.text): each for each in _read_assumptions(report or {})}
    return tuple(read.get((each.place, each.text), each) for each in assumptions_of(plan))


def unconfirmed(plan: Plan, report: Mapping[str, object] | None) -> tuple[Assumption, ...]:
    """Return the assumptions that a report does not confirm, those that it contradicts first."""
    found = [each for each in standing(plan, report) if each.standing is not Standing.CONFIRMED]
    return tuple(sorted(found, key=lambda each: (each.standing is not Standing.CONTRADICTED, each)))


def _read_assumptions(report: Mapping[str, object]) -> Iterator[Assumption]:
    known = {each.value for each in Standing}
    for item in mappings(report.get("assumptions")):
        if str(item.get("standing")) in known:
            place, text, why = (str(item.get(key)) for key in ("place", "text", "why"))
            yield Assumption(place, text, Standing(str(item["standing"])), why)
