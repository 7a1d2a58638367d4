# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exemptions as legacy IP Security Policies: a script of netsh ipsec static for whoever assigns them, never applied from here.

    render_policy(policy_of(rules, "Lync exemptions")) -> 'ipsec static add policy name="Lync exemptions" description=... assign=no ...'

Where such a policy is assigned, filters with the action permit do what an exemption does elsewhere; the first edition of the
table says "Filter action: Permit". A filter has one address or network and one port, or any, on each side, and a mirrored one
is about both directions. Law: parse_policy(render_policy(x)) == x.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from ..._base.errors import InvalidInputError, Problem, shown
from ..rule import AddressScope, PortScope, Rule, protocol_text

# netsh takes one port per filter: a range is written port by port, up to so many filters.
_MOST_FILTERS = 256
_ACTION = "Lync permit"
_NOTE = "Made by msuc.lync: media does not wait for IPsec."
_WORD = re.compile(r'(?P<name>[a-z]+)=(?:"(?P<quoted>[^"]*)"|(?P<bare>\S+))(?:\s+|$)')
_LINE = re.compile(r"ipsec static (?P<verb>add) (?P<what>[a-z]+) (?P<words>.+)")


@dataclass(frozen=True)
class Filter:
    """One mirrored filter: addresses are "me", "any", an address, a network a/n or a range a-b; port 0 is any."""

    source: str
    target: str
    protocol: str
    source_port: int = 0
    target_port: int = 0


@dataclass(frozen=True)
class FilterList:
    """The filters of one exemption, permitted by one rule of the policy."""

    name: str
    description: str
    filters: tuple[Filter, ...]


@dataclass(frozen=True)
class LegacyPolicy:
    """A policy of permit rules, one per filter list. not_rendered: exemptions that it cannot hold, and why."""

    name: str
    lists: tuple[FilterList, ...]
    not_rendered: tuple[str, ...] = ()


def policy_of(rules: Iterable[Rule], name: str) -> LegacyPolicy:
    """Return the policy that says what exemptions say, as far as filters can."""
    lists, left = [], []
    for rule in rules:
        filters = _filters(rule)
        if filters is None:
            left.append(f"{rule.name}: a filter takes one port or any, and this exemption needs more than {_MOST_FILTERS} filters")
        elif _QUOTE & set(rule.name + rule.description):
            left.append(f"{rule.name}: a script of netsh takes no quotes")
        elif rule.enabled:
            lists.append(FilterList(rule.name, rule.description or _NOTE, filters))
    return LegacyPolicy(name, tuple(lists), tuple(left))


_QUOTE = frozenset('"\r\n')


def _filters(rule: Rule) -> tuple[Filter, ...] | None:
    """Return the filters of an exemption, None when there would be too many."""
    ports = list(product(_ports(rule.localport), _ports(rule.remoteport)))
    sides = [pair for pair in product(_addresses(rule.localip, "me"), _addresses(rule.remoteip, "any")) if _meet(*pair)]
    if len(ports) * len(sides) > _MOST_FILTERS:
        return None
    protocol = protocol_text(rule.protocol)
    return tuple(Filter(source, target, protocol, local, remote) for source, target in sides for local, remote in ports)


def _ports(scope: PortScope) -> list[int]:
    # One port more than there may be filters is as many as any larger number.
    return [0] if scope.is_any else list(_each(scope))[: _MOST_FILTERS + 1]


def _each(scope: PortScope) -> Iterator[int]:
    return (port for first, last in scope.ports.pairs for port in range(first, min(last, first + _MOST_FILTERS) + 1))


def _addresses(scope: AddressScope, anything: str) -> list[str]:
    return [anything] if scope.is_any else list(scope.to_text())


def _meet(source: str, target: str) -> bool:
    """Return whether two sides can be of one family."""
    families = [":" in text for text in (source, target) if text not in ("me", "any")]
    return len(set(families)) < 2


def render_policy(policy: LegacyPolicy) -> str:
    """Return the script: policy, filter action, then list, filters and rule of each exemption. The policy is not assigned."""
    lines = [f"# {text}" for text in policy.not_rendered]
    lines += [_add("policy", name=policy.name, description=_NOTE, activatedefaultrule="no", assign="no")]
    lines += [_add("filteraction", name=_ACTION, description=_NOTE, action="permit")]
    for each in policy.lists:
        lines.append(_add("filterlist", name=each.name, description=each.description))
        lines += [_add("filter", filterlist=each.name, **_filter_words(one), mirrored="yes", description=each.description) for one in each.filters]
        names = {"name": each.name, "policy": policy.name, "filterlist": each.name, "filteraction": _ACTION}
        lines.append(_add("rule", **names, conntype="all", activate="yes", description=each.description))
    return "".join(f"{line}\n" for line in lines)


_TEXTS = frozenset({"name", "description", "policy", "filterlist", "filteraction"})


def _add(what: str, **words: str) -> str:
    texts = (f'{name}="{value}"' if name in _TEXTS else f"{name}={value}" for name, value in words.items())
    return f"ipsec static add {what} {' '.join(texts)}"


def _filter_words(one: Filter) -> dict[str, str]:
    source, target = _side("src", one.source), _side("dst", one.target)
    return {**source, **target, "protocol": one.protocol.upper(), "srcport": str(one.source_port), "dstport": str(one.target_port)}


def _side(side: str, text: str) -> dict[str, str]:
    if "/" not in text:
        return {f"{side}addr": text}
    network = ipaddress.ip_network(text)
    mask = str(network.netmask) if network.version == 4 else str(network.prefixlen)
    return {f"{side}addr": str(network.network_address), f"{side}mask": mask}


def parse_policy(text: str) -> LegacyPolicy:
    """Return the policy that a script of render_policy makes; raises InvalidInputError with every line that is none of its."""
    found: dict[str, list[dict[str, str]]] = {what: [] for what in ("policy", "filteraction", "filterlist", "filter", "rule")}
    problems, notes = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        match = _LINE.fullmatch(line)
        words = _words(match["words"]) if match else None
        if line.startswith("# "):
            notes.append(line[2:])
        elif match is None or words is None or match["what"] not in found:
            problems.append(Problem(f"line {number}", f"{shown(line)} adds nothing", "ipsec static add ...", "correct the line"))
        else:
            found[match["what"]].append(words)
    problems += [] if problems else _incomplete(found)
    if problems:
        raise InvalidInputError(problems)
    lists = (_list(words, found["filter"]) for words in found["filterlist"])
    return LegacyPolicy(found["policy"][0]["name"], tuple(lists), tuple(notes))


def _words(text: str) -> dict[str, str] | None:
    found: dict[str, str] = {}
    place = 0
    while place < len(text):
        match = _WORD.match(text, place)
        if match is None:
            return None
        found[match["name"]] = match["bare"] if match["quoted"] is None else match["quoted"]
        place = match.end()
    return found


def _incomplete(found: Mapping[str, list[dict[str, str]]]) -> list[Problem]:
    """Return what a policy lacks that management tools skip otherwise: a description, a permit action, a rule for each list."""
    fix = "render the policy again"
    problems = [Problem(what, "there must be exactly one", fix=fix) for what in ("policy", "filteraction") if len(found[what]) != 1]
    problems += [Problem(what, "has no description", fix=fix) for what, items in found.items() for words in items if not words.get("description")]
    problems += [Problem("filteraction", "does not permit", "permit", fix) for words in found["filteraction"] if words.get("action") != "permit"]
    problems += [Problem("filter", "is not mirrored", "yes", fix) for words in found["filter"] if words.get("mirrored") != "yes"]
    ruled = {words.get("filterlist") for words in found["rule"]}
    return problems + [Problem(f"filterlist {words['name']}", "no rule permits it", fix=fix) for words in found["filterlist"] if words["name"] not in ruled]


def _list(words: Mapping[str, str], filters: Iterable[Mapping[str, str]]) -> FilterList:
    mine = (one for one in filters if one["filterlist"] == words["name"])
    return FilterList(words["name"], words["description"], tuple(map(_filter, mine)))


def _filter(words: Mapping[str, str]) -> Filter:
    source, target = (_address(words[f"{side}addr"], words.get(f"{side}mask")) for side in ("src", "dst"))
    return Filter(source, target, words["protocol"].lower(), int(words["srcport"]), int(words["dstport"]))


def _address(text: str, mask: str | None) -> str:
    return text if mask is None else str(ipaddress.ip_network(f"{text}/{mask}"))
