# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The local rules of a host as its registry has them, and whether that is what COM shows.

    {"rules": {"{0A1B...}": "v2.31|Action=Allow|..."}, "interfaces": {"{5C6D...}": "Ethernet"}, "count": 452,
     "problem": "", "fingerprint": "..."}

The registry is read in one call and says more than COM does: ids, platforms, flags. COM is what counts: the registry
takes its place only where both were the same, rule by rule, on that build of Windows (evidence.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..host_facts import Present
from ..rule import Rule, differing
from .com import RESTRICTIONS
from .registry_strings import ParsedRules, parse_rules

_TEXTS = ("name", "description", "group")


@dataclass(frozen=True)
class StoredRules:
    """The rules of the registry; problems: why they are not all that the host has. fingerprint: the host made it."""

    rules: tuple[Present, ...]
    problems: tuple[str, ...]
    fingerprint: str


def read_stored(stored: Mapping[str, object], expand: Callable[[Rule], Rule]) -> StoredRules:
    """Return the rules of the part "stored" of an answer whose shape was checked; expand: fills in variables."""
    texts, interfaces = stored["rules"], stored["interfaces"]
    if not isinstance(texts, Mapping) or not isinstance(interfaces, Mapping):
        raise TypeError("stored holds no rules")
    parsed = parse_rules((str(rule_id), str(text)) for rule_id, text in texts.items())
    names = {str(key).casefold(): str(name) for key, name in interfaces.items()}
    rules = tuple(
        Present(expand(_name_interfaces(each.rule, names)), {"id": each.rule_id, "text": str(texts[each.rule_id])})
        for each in parsed.rules
    )
    problems = tuple(_find_problems(stored, parsed, names))
    return StoredRules(rules, problems, str(stored["fingerprint"]))


def _name_interfaces(rule: Rule, names: Mapping[str, str]) -> Rule:
    """Return the rule with the names of its interfaces, which COM shows, in place of their identifiers."""
    return replace(rule, interfaces=frozenset(names.get(one.casefold(), one) for one in rule.interfaces))


def _find_problems(stored: Mapping[str, object], parsed: ParsedRules, names: Mapping[str, str]) -> Iterator[str]:
    if stored["problem"]:
        yield str(stored["problem"])
        return
    count = len(parsed.rules) + len(parsed.refused)
    if count != stored["count"]:
        yield f"it has {count} rules, and COM counts {stored['count']}"
    yield from (str(problem) for refused in parsed.refused for problem in refused.problems)
    for each in parsed.rules:
        unknown = sorted(one for one in each.rule.interfaces if one.casefold() not in names)
        yield from (f"rule id {each.rule_id}: the host has no interface {one}" for one in unknown)


def differences(stored: Sequence[Present], shown: Sequence[Present]) -> tuple[str, ...]:
    """Return what differs between the rules of the registry and those that COM shows, a sentence for each rule.

    Only what COM shows at all is compared. Texts that point into a file of Windows (@FirewallAPI.dll,-25000) COM may
    show in the words of its language: such rules are compared by everything else.
    """
    left, rest = _unmatched(stored, shown, _comparable)
    indirect, others = _unmatched([each for each in left if _is_indirect(each.rule)], rest, _without_texts)
    alone = [*(each for each in left if not _is_indirect(each.rule)), *indirect]
    return tuple(_describe_differences(alone, others))


def _unmatched(
    some: Iterable[Present], others: Iterable[Present], key: Callable[[Rule], Rule]
) -> tuple[list[Present], list[Present]]:
    """Return what of either side has no partner of the same key on the other one."""
    waiting: dict[Rule, list[Present]] = {}
    for each in others:
        waiting.setdefault(key(each.rule), []).append(each)
    alone = []
    for each in some:
        partners = waiting.get(key(each.rule))
        if partners:
            partners.pop()
        else:
            alone.append(each)
    return alone, [each for partners in waiting.values() for each in partners]


def _comparable(rule: Rule) -> Rule:
    """Return what COM shows of a rule, names of files, services and interfaces without case."""
    return replace(
        rule,
        program=rule.program.casefold(),
        service=rule.service.casefold(),
        interfaces=frozenset(one.casefold() for one in rule.interfaces),
        restrictions=frozenset(pair for pair in rule.restrictions if pair[0] in RESTRICTIONS),
    )


def _without_texts(rule: Rule) -> Rule:
    return replace(_comparable(rule), **dict.fromkeys(_TEXTS, ""))  # type: ignore[arg-type]


def _is_indirect(rule: Rule) -> bool:
    return any(str(getattr(rule, text)).startswith("@") for text in _TEXTS)


def _describe_differences(stored: Iterable[Present], shown: Iterable[Present]) -> Iterator[str]:
    by_name: dict[str, list[Present]] = {}
    for each in shown:
        by_name.setdefault(each.rule.name, []).append(each)
    for each in stored:
        place = f"rule {each.rule.name} (id {each.com['id']})"
        namesakes = by_name.get(each.rule.name)
        if namesakes:
            properties = differing(_comparable(each.rule), _comparable(namesakes.pop().rule))
            yield f"{place}: another {', '.join(properties)} than COM shows"
        else:
            yield f"{place}: COM does not show it"
    yield from (f"rule {name}: it is not in the registry" for name, left in by_name.items() for _one in left)
