# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tables of nftables of somebody else do to traffic: whether they drop it, or lead it to somebody else.

    Foreign.read(output of "nft -s -j list ruleset").found(Search("in", ("input",), DROPS), boxes)
    == [Block("inet theirs c", Extent.WHOLE)]

New connections are followed through every base chain that they pass, rule by rule: what is accepted in a chain is done
with it, what has a verdict that is looked for is found. Matches that are not understood may be true or not; then nobody
can tell what becomes of what comes after them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from .addresses import ANY, ANY_PORT, AddressSet, PortSet
from .errors import MALFORMED, AnswerError, understood
from .match_space import Box, subtract
from .nft_words import BOTH, FIELDS, PROTOCOLS, render_left_side, right_values

_OWN = ("inet", "msuc_lync")
# By which msuc-lync-udp leads datagrams of UDP services: these chains drop nothing of what comes to the host.
_CHAINS_OF_SERVICES = frozenset(
    ("inet", "msuc_lync_lb", name) for name in ("prerouting", "output", "forward", "postrouting")
)
_FAMILIES: Mapping[str, frozenset[int]] = {"ip": frozenset({4}), "ip6": frozenset({6})}
# Of these families a chain sees the traffic of some interfaces only.
_LIMITED = ("netdev", "bridge")
_Key = tuple[str, str, str]
_STATES, _NEW = ("ct state",), "new"
DROPS = frozenset({"drop", "reject", "queue"})
# What iptables wrote and nft cannot spell: a match or a target.
_XT = "xt"
TRANSLATES = frozenset({"dnat", "redirect", _XT})
"""Verdicts of chains of type nat that lead traffic elsewhere."""
_ENDS = DROPS | {"accept", "dnat", "redirect", "tproxy"}
_NO_MATCH = ("counter", "log", "notrack", "mangle", "snat", "masquerade", "flow", "dup")
_MOST_ELEMENTS = 5000
# Whether what a packet is sent to is an address of this host.
_IS_LOCAL = {"result": "type", "flags": ["daddr"]}


class Extent(Enum):
    """How much of the traffic in question somebody else's chain takes."""

    WHOLE = "whole"
    PART = "part"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Block:
    """One chain that takes something of the traffic in question."""

    chain: str
    extent: Extent


@dataclass(frozen=True)
class Search:
    """What is looked for in base chains.

    direction: from whose side the host's own end of a packet is its local one. hooks: of the chains. verdicts: that
    count. types: of the chains, empty for all.
    """

    direction: str
    hooks: tuple[str, ...]
    verdicts: frozenset[str]
    types: tuple[str, ...] = ()

    def concerns(self, chain: Mapping[str, Any]) -> bool:
        """Return whether a chain is one that traffic passes here."""
        return chain.get("hook") in self.hooks and (not self.types or chain.get("type") in self.types)


@dataclass(frozen=True)
class _Match:
    """What a rule matches, as far as it is understood.

    boxes: of which traffic. is_sure: whether all of that is matched.
    """

    boxes: tuple[Box, ...]
    is_sure: bool = True


@dataclass
class _Walk:
    """The way of traffic through a base chain.

    found: what surely has one of the verdicts. is_sure: False from where something may have had another verdict before.
    is_unknown: whether something may be found of which nobody can tell.
    """

    verdicts: frozenset[str]
    found: list[Box] = field(default_factory=list)
    is_sure: bool = True
    is_unknown: bool = False

    def take(self, boxes: Iterable[Box]) -> None:
        """Take down that traffic is found, or may be."""
        if self.is_sure:
            self.found += boxes
        else:
            self.is_unknown = True

    def extent(self, boxes: Iterable[Box]) -> Extent | None:
        """Return how much of the traffic that came is found, None for nothing."""
        if not self.found:
            return Extent.UNKNOWN if self.is_unknown else None
        left = [part for box in boxes for part in subtract(box, self.found)]
        return Extent.UNKNOWN if left and self.is_unknown else Extent.PART if left else Extent.WHOLE


@dataclass(frozen=True)
class Foreign:
    """Tables of somebody else; problem: why they could not be read, empty when they could."""

    chains: Mapping[_Key, Mapping[str, Any]] = field(default_factory=dict)
    rules: Mapping[_Key, Sequence[Sequence[Any]]] = field(default_factory=dict)
    sets: Mapping[_Key, object] = field(default_factory=dict)
    problem: str = ""

    @classmethod
    def read(cls, tables: Iterable[Mapping[str, Any]]) -> Foreign:
        """Return the tables of an answer: each with its listing as nft's JSON; one that is dormant does nothing."""
        chains: dict[_Key, Mapping[str, Any]] = {}
        rules: dict[_Key, list[Sequence[Any]]] = {}
        sets: dict[_Key, object] = {}
        try:
            texts = [str(table["listing"]) for table in tables if not table["dormant"]]
            items = [item for text in texts for item in json.loads(text)["nftables"]]
            for ((kind, body),) in (item.items() for item in items):
                if kind in ("metainfo", "table") or (body.get("family"), body.get("table")) == _OWN:
                    continue
                key = (str(body["family"]), str(body.get("table")), str(body.get("name")))
                if {key, (*key[:2], str(body.get("chain")))} & _CHAINS_OF_SERVICES:
                    continue
                if kind == "chain":
                    chains[key] = body
                elif kind == "rule":
                    rules.setdefault((key[0], key[1], str(body["chain"])), []).append(body["expr"])
                elif kind in ("set", "map"):
                    sets[key] = body.get("elem", [])
        except MALFORMED as error:
            return cls(problem=f"the tables of others could not be read: {error}")
        return cls(chains, rules, sets)

    def dropping(self) -> list[str]:
        """Return the chains that are hooked to input and drop what none of their rules admits."""
        wanted = ("input", "drop")
        return sorted(
            " ".join(key) for key, body in self.chains.items() if (body.get("hook"), body.get("policy")) == wanted
        )

    def found(self, search: Search, boxes: Sequence[Box]) -> list[Block]:
        """Return the chains that do what is looked for to something of the traffic, or may as far as anybody knows.

        Sorted; each box is of one family.
        """
        found = []
        for key, body in sorted(self.chains.items()):
            if not search.concerns(body):
                continue
            name = " ".join(key)
            try:
                with understood(name):
                    extent = self._extent_in(key, search, boxes)
            except AnswerError:
                extent = Extent.UNKNOWN
            if extent is not None:
                found.append(Block(name, extent))
        return found

    def _extent_in(self, key: _Key, search: Search, given: Sequence[Box]) -> Extent | None:
        boxes = list(_of_families(given, _FAMILIES.get(key[0], BOTH)))
        walk = _Walk(search.verdicts, is_sure=key[0] not in _LIMITED)
        rest = self._walk(key, boxes, search.direction, walk, 0) if boxes else []
        if rest and self.chains[key].get("policy") in search.verdicts:
            walk.take(rest)
        return walk.extent(boxes)

    def _walk(self, key: _Key, boxes: list[Box], direction: str, walk: _Walk, depth: int) -> list[Box]:
        """Return what of the traffic comes to the end of a chain."""
        ended: list[Box] = []
        for expression in self.rules.get(key, ()):
            for match, verdict, target in self._statements(key, expression, direction):
                inside = _common(boxes, match.boxes)
                if not inside or (verdict == _XT and _XT not in walk.verdicts):
                    continue
                if not match.is_sure:
                    self._guess(key, inside, verdict, target, direction, walk, depth)
                    continue
                outside = [part for box in boxes for part in subtract(box, inside)]
                if verdict in walk.verdicts:
                    walk.take(inside)
                elif verdict in ("jump", "goto") and depth < 16:
                    left = self._walk((key[0], key[1], target), inside, direction, walk, depth + 1)
                    outside += left if verdict == "jump" else []
                    ended += left if verdict == "goto" else []
                elif verdict not in _ENDS:
                    ended += inside
                boxes = outside
        return [*boxes, *ended]

    def _guess(
        self, key: _Key, inside: list[Box], verdict: str, target: str, direction: str, walk: _Walk, depth: int
    ) -> None:
        """Take down what a rule may do whose matches are not understood."""
        if verdict in walk.verdicts:
            walk.is_unknown = True
        elif verdict in ("jump", "goto") and depth < 16:
            inner = _Walk(walk.verdicts, is_sure=False)
            rest = self._walk((key[0], key[1], target), inside, direction, inner, depth + 1)
            walk.is_unknown = walk.is_unknown or inner.is_unknown
            left = [part for box in inside for part in subtract(box, rest)]
            walk.is_sure = walk.is_sure and not left
        else:
            walk.is_sure = False

    def _statements(self, key: _Key, expression: Sequence[Any], direction: str) -> Iterator[tuple[_Match, str, str]]:
        """Yield match, verdict and target of what a rule says; a map of verdicts says several things."""
        matches: list[Mapping[str, Any]] = []
        is_sure = True
        for part in expression:
            pairs = list(part.items()) if isinstance(part, dict) else [(str(part), {})]
            kind, value = pairs[0] if pairs else ("", {})
            if kind == "match":
                matches.append(value)
            elif kind == "vmap":
                for right, verdict in self._verdicts(key, value["data"]):
                    name, target = _verdict_of(verdict)
                    yield self._match(key, [*matches, *_equal(value["key"], right)], direction, is_sure), name, target
            elif kind in (*_ENDS, "jump", "goto", "return"):
                target = str(_mapping(value).get("target", ""))
                for more in self._looked_up(key, value):
                    yield self._match(key, [*matches, *more], direction, is_sure), kind, target
            elif kind not in _NO_MATCH:
                is_sure = False
        if _may_be_a_target(expression):
            yield self._match(key, matches, direction, False), _XT, ""

    def _looked_up(self, key: _Key, value: object) -> Iterator[list[Mapping[str, Any]]]:
        """Yield the matches that a verdict has besides: what is translated by a map has to be in it."""
        maps = [part["map"] for part in _mapping(value).values() if isinstance(part, Mapping) and "map" in part]
        if not maps:
            yield []
        for one in maps[:1]:
            for right, _target in self._verdicts(key, one["data"]):
                yield list(_equal(one["key"], right))

    def _verdicts(self, key: _Key, data: object) -> Iterator[tuple[object, object]]:
        found = data.get("set", ()) if isinstance(data, Mapping) else self.sets.get((key[0], key[1], str(data)[1:]), ())
        for pair in found if isinstance(found, (list, tuple)) else ():
            yield pair[0], pair[1]

    def _match(self, key: _Key, matches: Iterable[Mapping[str, Any]], direction: str, is_sure: bool) -> _Match:
        """Return what matches hold together: a box for each protocol."""
        limits: dict[str, Any] = {"protocol": None, "families": _FAMILIES.get(key[0], BOTH)}
        for one in matches:
            answer = self._limit(key, one, direction, limits)
            if answer is None:
                is_sure = False
            elif not answer:
                return _Match(())
        boxes = []
        for protocol in limits["protocol"] or {"*"}:
            whole = ANY.of_families(limits["families"])
            boxes.append(
                Box(
                    direction, protocol, whole & limits.get("localip", ANY), limits.get("localport", ANY_PORT),
                    whole & limits.get("remoteip", ANY), limits.get("remoteport", ANY_PORT),
                )
            )  # fmt: skip
        return _Match(tuple(box for box in boxes if not box.is_empty), is_sure)

    def _limit(self, key: _Key, match: Mapping[str, Any], direction: str, limits: dict[str, Any]) -> bool | None:
        """Narrow limits by one match; return whether a new connection can fit, None where that is not understood."""
        known = _known_answer(match, direction)
        if known is not None:
            return known
        try:
            name, values = render_left_side(match["left"]), self._values(key, match["right"])
        except MALFORMED:
            return None
        if match["op"] not in ("==", "!=", "in") or values is None:
            return None
        negated = match["op"] == "!="
        if name in _STATES:
            return (_NEW in values or "untracked" in values) is not negated
        if name in ("iifname", "iif", "oifname", "oif", "meta iif", "meta oif"):
            return (False if values == ["lo"] else None) if not negated else (True if values == ["lo"] else None)
        if name in ("meta pkttype",):
            return ("host" in values or "unicast" in values) is not negated
        return _narrow(name, values, negated, direction, limits)

    def _values(self, key: _Key, right: object) -> list[str] | None:
        if isinstance(right, str) and right.startswith("@"):
            found = self.sets.get((key[0], key[1], right[1:]))
            if not isinstance(found, list) or len(found) > _MOST_ELEMENTS:
                return None
            right = [item["elem"]["val"] if isinstance(item, Mapping) and "elem" in item else item for item in found]
        return list(right_values(right))


def _of_families(boxes: Iterable[Box], families: frozenset[int]) -> Iterator[Box]:
    """Yield what boxes have of some families."""
    for box in boxes:
        part = replace(box, localip=box.localip.of_families(families), remoteip=box.remoteip.of_families(families))
        if not part.is_empty:
            yield part


def _common(boxes: Iterable[Box], others: Sequence[Box]) -> list[Box]:
    """Return what boxes have in common with others."""
    found = []
    for box in boxes:
        for other in others:
            if other.protocol in ("*", box.protocol):
                part = replace(
                    box,
                    localip=box.localip & other.localip,
                    localport=box.localport & other.localport,
                    remoteip=box.remoteip & other.remoteip,
                    remoteport=box.remoteport & other.remoteport,
                )
                found += [] if part.is_empty else [part]
    return found


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _equal(left: Mapping[str, Any], right: object) -> Iterator[Mapping[str, Any]]:
    """Yield the matches of an expression with a value of a map, one of each part of a concatenation."""
    right = _mapping(right)["elem"]["val"] if "elem" in _mapping(right) else right
    parts, values = left.get("concat"), _mapping(right).get("concat")
    if isinstance(parts, list) and isinstance(values, list):
        yield from (one for pair in zip(parts, values, strict=True) for one in _equal(*pair))
    else:
        yield {"op": "==", "left": left, "right": right}


def _may_be_a_target(expression: Sequence[Any]) -> bool:
    """Return whether a rule of iptables ends in something that nft cannot spell; newer ones say that it is a match."""
    last = expression[-1] if expression and isinstance(expression, list) else {}
    return isinstance(last, Mapping) and _XT in last and _mapping(last[_XT]).get("type") != "match"


def _verdict_of(verdict: object) -> tuple[str, str]:
    ((kind, value),) = verdict.items() if isinstance(verdict, Mapping) else ((str(verdict), None),)
    return kind, str((value or {}).get("target", ""))


def _known_answer(match: Mapping[str, Any], direction: str) -> bool | None:
    """Return whether a match holds for a packet that opens a connection, by what it is; None when that is no reason."""
    left = match.get("left")
    if not isinstance(left, Mapping):
        return None
    if "fib" in left and left["fib"].get("result") == "oif":  # a sender that no route leads back to
        return False if match["right"] in (False, 0) else None
    if left.get("fib") == _IS_LOCAL and direction == "in":
        return (match["right"] == "local") is (match["op"] != "!=")
    if "&" in left and isinstance(left["&"], list) and len(left["&"]) == 2:
        field_, mask = left["&"]
        if field_ == {"payload": {"protocol": "tcp", "field": "flags"}}:
            wanted, masked = _flags(match["right"]), _flags(mask)
            if wanted is None or masked is None:
                return None
            return ((masked & {"syn"}) == wanted) is (match["op"] != "!=")
    return None


def _flags(value: object) -> set[str] | None:
    if isinstance(value, str):
        return {value}
    if isinstance(value, int):
        return set() if value == 0 else None
    if isinstance(value, Mapping):
        value = value.get("|") or value.get("set")
    if not isinstance(value, list):
        return None
    parts = [_flags(item) for item in value]
    return None if None in parts else {flag for part in parts for flag in part or ()}


def _narrow(name: str, values: list[str], negated: bool, direction: str, limits: dict[str, Any]) -> bool | None:
    """Narrow limits to values of an expression; return None for one that is not understood."""
    if name in ("ip protocol", "ip6 nexthdr"):
        limits["families"] &= _FAMILIES["ip" if name.startswith("ip ") else "ip6"]
        name = "meta l4proto"
    if name == "meta protocol":
        name, values = "meta nfproto", [{"ip": "ipv4", "ip6": "ipv6"}.get(value, value) for value in values]
    if name.startswith("th "):
        side = "local" if name == f"th {_own_port(direction)}" else "remote"
        return _narrow_option(f"{side}port", values, negated, limits)
    if name not in FIELDS[direction]:
        return None
    option, protocol, families = FIELDS[direction][name]
    if option == "protocol":
        numbers = {PROTOCOLS.get(value, value) for value in values}
        if negated:
            return None
        limits["protocol"] = numbers if limits["protocol"] is None else limits["protocol"] & numbers
        return bool(limits["protocol"])
    if option == "family":
        wanted = frozenset(family for family, word in ((4, "ipv4"), (6, "ipv6")) if word in values)
        limits["families"] &= BOTH - wanted if negated else wanted
        return bool(limits["families"])
    if protocol:
        own = {str(protocol)}
        limits["protocol"] = own if limits["protocol"] is None else limits["protocol"] & own
    limits["families"] &= families
    return _narrow_option(option, values, negated, limits) if limits["families"] else False


def _own_port(direction: str) -> str:
    return "dport" if direction == "in" else "sport"


def _narrow_option(option: str, values: list[str], negated: bool, limits: dict[str, Any]) -> bool | None:
    if option not in ("localip", "remoteip", "localport", "remoteport"):
        return None
    try:
        found: Any = AddressSet.parse(values) if option.endswith("ip") else PortSet.parse(values)
    except ValueError:
        return None
    whole: Any = ANY if option.endswith("ip") else ANY_PORT
    limits[option] = limits.get(option, whole) & (whole - found if negated else found)
    return bool(limits[option])
