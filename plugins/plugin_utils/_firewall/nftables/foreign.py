# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tables of somebody else do to traffic that our table admits: a drop anywhere ends it.

    Foreign.read(output of "nft -s -j list ruleset").blocks(rule)
    == [Block("inet theirs c", Extent.WHOLE)]

A new connection of a rule is followed through every base chain that it passes, rule by rule: what is accepted in a
chain is done with it, what is dropped is blocked. Matches that are not understood may be true or not; then nobody can
tell what becomes of what comes after them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from ..._base.addresses import ANY, ANY_PORT, AddressSet, PortSet
from ..._base.errors import MALFORMED, AnswerError, understood
from ..._base.match_space import Box, subtract
from ..rule import ANY_PROTOCOL, Rule
from .listing import PROTOCOLS, render_left_side, right_values
from .ruleset import FIELDS, TABLE

_OWN = tuple(TABLE.split(" "))
# By which msuc-lync-udp leads datagrams of UDP services: these chains drop nothing of what comes to the host.
_CHAINS_OF_SERVICES = frozenset(
    ("inet", "msuc_lync_lb", name) for name in ("prerouting", "output", "forward", "postrouting")
)
_HOOKS: Mapping[str, tuple[str, ...]] = {
    "in": ("ingress", "prerouting", "input"),
    "out": ("output", "postrouting", "egress"),
}
_FAMILIES: Mapping[str, frozenset[int]] = {"ip": frozenset({4}), "ip6": frozenset({6})}
_BOTH = frozenset({4, 6})
# Of these families a chain sees the traffic of some interfaces only.
_LIMITED = ("netdev", "bridge")
_Key = tuple[str, str, str]
_STATES, _NEW = ("ct state",), "new"
_DROPS, _ACCEPTS = ("drop", "reject", "queue"), ("accept", "dnat", "redirect", "tproxy")
_NO_MATCH = ("counter", "log", "notrack", "mangle", "snat", "masquerade", "flow", "dup")
_PORTED = ("6", "17")
_MOST_ELEMENTS = 5000


class Extent(Enum):
    """How much of what a rule admits somebody else drops."""

    WHOLE = "whole"
    PART = "part"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Block:
    """One chain that drops something of what a rule admits."""

    chain: str
    extent: Extent


@dataclass(frozen=True)
class _Match:
    """What a rule matches, as far as it is understood.

    boxes: of which traffic. is_sure: whether all of that is matched.
    """

    boxes: tuple[Box, ...]
    is_sure: bool = True


@dataclass
class _Walk:
    """The way of one rule's traffic through a base chain.

    dropped: what surely is. is_sure: False from where something may have been accepted that is dropped later.
    is_unknown: whether something may be dropped of which nobody can tell.
    """

    dropped: list[Box] = field(default_factory=list)
    is_sure: bool = True
    is_unknown: bool = False

    def drop(self, boxes: Iterable[Box]) -> None:
        """Take down that traffic is dropped, or may be."""
        if self.is_sure:
            self.dropped += boxes
        else:
            self.is_unknown = True

    def extent(self, boxes: Iterable[Box]) -> Extent | None:
        """Return how much of the traffic that came is dropped, None for nothing."""
        if not self.dropped:
            return Extent.UNKNOWN if self.is_unknown else None
        left = [part for box in boxes for part in subtract(box, self.dropped)]
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

    def blocks(self, rule: Rule) -> list[Block]:
        """Return the chains that drop something of what a rule admits, or may as far as anybody knows, sorted."""
        found = []
        for key, body in sorted(self.chains.items()):
            if body.get("hook") not in _HOOKS[rule.direction]:
                continue
            name = " ".join(key)
            try:
                with understood(name):
                    extent = self._dropped_of(key, rule)
            except AnswerError:
                extent = Extent.UNKNOWN
            if extent is not None:
                found.append(Block(name, extent))
        return found

    def _dropped_of(self, key: _Key, rule: Rule) -> Extent | None:
        boxes = [box for box in _boxes_of(rule, _FAMILIES.get(key[0], _BOTH)) if not box.is_empty]
        walk = _Walk(is_sure=key[0] not in _LIMITED)
        rest = self._walk(key, boxes, rule.direction, walk, 0) if boxes else []
        if self.chains[key].get("policy") == "drop" and rest:
            walk.drop(rest)
        return walk.extent(boxes)

    def _walk(self, key: _Key, boxes: list[Box], direction: str, walk: _Walk, depth: int) -> list[Box]:
        """Return what of the traffic comes to the end of a chain."""
        ended: list[Box] = []
        for expression in self.rules.get(key, ()):
            for match, verdict, target in self._statements(key, expression, direction):
                inside = _common(boxes, match.boxes)
                if not inside:
                    continue
                if not match.is_sure:
                    self._guess(key, inside, verdict, target, direction, walk, depth)
                    continue
                outside = [part for box in boxes for part in subtract(box, inside)]
                if verdict in _DROPS:
                    walk.drop(inside)
                elif verdict in ("jump", "goto") and depth < 16:
                    left = self._walk((key[0], key[1], target), inside, direction, walk, depth + 1)
                    outside += left if verdict == "jump" else []
                    ended += left if verdict == "goto" else []
                elif verdict not in _ACCEPTS:
                    ended += inside
                boxes = outside
        return [*boxes, *ended]

    def _guess(
        self, key: _Key, inside: list[Box], verdict: str, target: str, direction: str, walk: _Walk, depth: int
    ) -> None:
        """Take down what a rule may do whose matches are not understood."""
        if verdict in _DROPS:
            walk.is_unknown = True
        elif verdict in ("jump", "goto") and depth < 16:
            inner = _Walk(is_sure=False)
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
                    one = {"op": "==", "left": value["key"], "right": right}
                    name, target = _verdict_of(verdict)
                    yield self._match(key, [*matches, one], direction, is_sure), name, target
            elif kind in (*_DROPS, *_ACCEPTS, "jump", "goto", "return"):
                yield self._match(key, matches, direction, is_sure), kind, str((value or {}).get("target", ""))
            elif kind not in _NO_MATCH:
                is_sure = False

    def _verdicts(self, key: _Key, data: object) -> Iterator[tuple[object, object]]:
        found = data.get("set", ()) if isinstance(data, Mapping) else self.sets.get((key[0], key[1], str(data)[1:]), ())
        for pair in found if isinstance(found, (list, tuple)) else ():
            yield pair[0], pair[1]

    def _match(self, key: _Key, matches: Iterable[Mapping[str, Any]], direction: str, is_sure: bool) -> _Match:
        """Return what matches hold together: a box for each protocol."""
        limits: dict[str, Any] = {"protocol": None, "families": _FAMILIES.get(key[0], _BOTH)}
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
        known = _known_answer(match)
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


def _boxes_of(rule: Rule, families: frozenset[int]) -> Iterator[Box]:
    """Yield what a rule admits, by family and protocol: no packet has addresses of two families."""
    protocols = (str(rule.protocol),) if rule.protocol != ANY_PROTOCOL else (*_PORTED, "1")
    for one in (frozenset({family}) for family in sorted(families)):
        local, remote = (side.addresses.of_families(one) for side in (rule.localip, rule.remoteip))
        for protocol in protocols:
            yield Box(rule.direction, protocol, local, rule.localport.ports, remote, rule.remoteport.ports)


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


def _verdict_of(verdict: object) -> tuple[str, str]:
    ((kind, value),) = verdict.items() if isinstance(verdict, Mapping) else ((str(verdict), None),)
    return kind, str((value or {}).get("target", ""))


def _known_answer(match: Mapping[str, Any]) -> bool | None:
    """Return whether a match holds for a packet that opens a connection, by what it is; None when that is no reason."""
    left = match.get("left")
    if not isinstance(left, Mapping):
        return None
    if "fib" in left and left["fib"].get("result") == "oif":  # a sender that no route leads back to
        return False if match["right"] in (False, 0) else None
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
        limits["families"] &= _BOTH - wanted if negated else wanted
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
