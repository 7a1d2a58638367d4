# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Firewall rules as lines of our nftables table, and back; and the text of that table.

    lines_of(rule)
    -> (Line("allowed_in", (("ip saddr", ("10.1.0.0/24",)), ("tcp dport", ("5061",))), "accept", "SIP"),)
    rules_of(lines) -> [rule]
    Table(policy="drop", lines=(...)).script()
    -> table inet msuc_lync { chain input { type filter hook input priority filter; policy drop; ... } ... }

A rule has a line per address family that it limits; all its lines carry its name as their comment. A Rule means the
same on Windows and on Linux, so it is the same value. The frame of the table admits, whatever the rules are, what no
host can do without: itself, answers, and the discovery of neighbours and the addresses of IPv6 (RFC 4890 section
4.4.1, RFC 8415 section 7.2).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..._base.addresses import ANY as ANY_ADDRESS
from ..._base.addresses import ANY_PORT, AddressSet, PortSet
from ..._base.nft_words import BOTH, FAMILIES, FIELDS, LOCAL, NFPROTO, PORT_PROTOCOLS, REMOTE
from ..rule import ANY_PROTOCOL, AddressScope, PortScope, Rule, address_texts

OWNED_GROUP = "msuc.lync"
CHAINS: Mapping[tuple[str, str], str] = {
    ("in", "block"): "blocked_in",
    ("in", "allow"): "allowed_in",
    ("out", "block"): "blocked_out",
    ("out", "allow"): "allowed_out",
}
"""The chain of a rule by direction and action; what blocks goes before what allows, as on Windows."""
VERDICTS: Mapping[str, str] = {"allow": "accept", "block": "drop"}
FOREIGN = "nft"
"""The restriction of a rule that somebody else wrote into our table and that no Rule can say."""
Match = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Line:
    """One rule of a chain: expressions with the values that each may have, a verdict, and a comment.

    handle: by which nftables finds it again, 0 for a line that is not there yet.
    raw: what stands for a line that cannot be read.
    """

    chain: str
    matches: tuple[Match, ...]
    verdict: str
    comment: str = ""
    handle: int = 0
    raw: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        """Return what makes it the same line, however its values are spelt."""
        if self.raw:
            return (self.chain, self.raw)
        matches = frozenset((name, _normalize_values(name, values)) for name, values in self.matches)
        return (self.chain, matches, self.verdict, self.comment)


def _normalize_values(name: str, values: Iterable[str]) -> object:
    """Return the values of an expression as the set that they are."""
    if name.endswith("addr"):
        return AddressSet.parse(values)
    return PortSet.parse(values) if name.endswith("port") else frozenset(values)


def fitted(rule: Rule) -> Rule:
    """Return the rule without addresses of a family that its other side lacks.

    A side that has no limit in what is left is "any".
    """
    local, remote = rule.localip.addresses, rule.remoteip.addresses
    families = local.families & remote.families
    whole = ANY_ADDRESS.of_families(families)
    local, remote = local.of_families(families), remote.of_families(families)
    if local == whole:
        return replace(rule, localip=AddressScope(), remoteip=AddressScope(remote))
    remote = ANY_ADDRESS if remote == whole else remote
    return replace(rule, localip=AddressScope(local), remoteip=AddressScope(remote))


def lines_of(rule: Rule) -> tuple[Line, ...]:
    """Return the lines of a rule; none when its two sides have no address family in common."""
    raw = dict(rule.restrictions).get(FOREIGN)
    if raw is not None:
        return (Line(str(json.loads(raw)["chain"]), (), "", raw=raw),)
    families = (0,) if rule.localip.is_any and rule.remoteip.is_any else tuple(FAMILIES)
    chain, verdict = CHAINS[rule.direction, rule.action], VERDICTS[rule.action]
    made = (_build_matches(rule, family) for family in families)
    return tuple(Line(chain, matches, verdict, rule.name) for matches in made if matches is not None)


def _build_matches(rule: Rule, family: int) -> tuple[Match, ...] | None:
    """Return the expressions of a rule for one family; None when the rule has nothing of the family.

    family: 4 or 6, or 0 for both, without a limit to addresses.
    """
    interfaces: list[Match] = [(LOCAL[rule.direction][2], tuple(sorted(rule.interfaces)))] if rule.interfaces else []
    addresses = _address_matches(rule, family) if family else []
    return None if addresses is None else (*interfaces, *addresses, *_port_matches(rule))


def _address_matches(rule: Rule, family: int) -> list[Match] | None:
    one = frozenset({family})
    found: list[Match] = []
    for field, scope in ((REMOTE[rule.direction][0], rule.remoteip), (LOCAL[rule.direction][0], rule.localip)):
        addresses = scope.addresses.of_families(one)
        if not addresses:
            return None
        if addresses != ANY_ADDRESS.of_families(one):
            found.append((f"{FAMILIES[family]} {field}", address_texts(addresses)))
    return found or [("meta nfproto", (NFPROTO[family],))]


def _port_matches(rule: Rule) -> list[Match]:
    word = next((word for word, number in PORT_PROTOCOLS.items() if number == rule.protocol), "")
    sides = ((REMOTE[rule.direction][1], rule.remoteport), (LOCAL[rule.direction][1], rule.localport))
    found = [(f"{word} {field}", scope.to_text()) for field, scope in sides if word and not scope.is_any]
    if found or rule.protocol == ANY_PROTOCOL:
        return found
    return [("meta l4proto", (str(rule.protocol),))]


def rules_of(lines: Iterable[Line]) -> list[Rule]:
    """Return the rules that lines stand for, in their order.

    The lines of one rule differ in family and addresses only.
    A line that says what no rule can say is a rule of its own with the restriction FOREIGN.
    """
    found: list[tuple[Rule, frozenset[int]]] = []
    places: dict[Rule, int] = {}
    for line in lines:
        part, families = _part(line)
        key = replace(part, localip=AddressScope(), remoteip=AddressScope())
        place = places.get(key, -1)
        if place < 0 or families & found[place][1]:
            places[key] = len(found)
            found.append((part, families))
        else:
            found[place] = (_join_families(found[place][0], part), families | found[place][1])
    return [fitted(rule) for rule, _families in found]


def _join_families(rule: Rule, part: Rule) -> Rule:
    """Return a rule of one family with what another line says of the other family."""
    local, remote = rule.localip.addresses | part.localip.addresses, rule.remoteip.addresses | part.remoteip.addresses
    return replace(rule, localip=AddressScope(local), remoteip=AddressScope(remote))


def _part(line: Line) -> tuple[Rule, frozenset[int]]:
    """Return what one line says, and of which families."""
    if line.raw:
        return _make_foreign_rule(line), BOTH
    direction, action = next(key for key, chain in CHAINS.items() if chain == line.chain)
    return _apply_matches(Rule(name=line.comment, group=OWNED_GROUP, direction=direction, action=action), line.matches)


def _make_foreign_rule(line: Line) -> Rule:
    """Return what stands for a line that cannot be read: a rule that admits nothing as far as we know."""
    direction = "out" if line.chain.endswith("out") else "in"
    name = f"a line of chain {line.chain} that is not ours{f': {line.comment}' if line.comment else ''}"
    restrictions = frozenset({(FOREIGN, line.raw)})
    return Rule(name=name, group=OWNED_GROUP, direction=direction, enabled=False, restrictions=restrictions)


def settled(line: Line) -> Line:
    """Return the line, with its own text as raw when no rule can say what it says."""
    if line.raw:
        return line
    direction, action = next(key for key, chain in CHAINS.items() if chain == line.chain)
    try:
        if not line.comment or line.verdict != VERDICTS[action]:
            raise ValueError(line.verdict)
        _apply_matches(Rule(name=line.comment, direction=direction), line.matches)
    except (ValueError, KeyError):
        document = {"chain": line.chain, "matches": line.matches, "verdict": line.verdict, "comment": line.comment}
        return replace(line, raw=json.dumps(document, sort_keys=True))
    return line


def _apply_matches(rule: Rule, matches: Sequence[Match]) -> tuple[Rule, frozenset[int]]:
    """Return the rule with the limits of matches; raises KeyError or ValueError for one that a rule cannot have."""
    fields = FIELDS[rule.direction]
    values: dict[str, object] = {}
    families = BOTH
    for name, texts in matches:
        option, protocol, family = fields[name]
        if option in values or (protocol and values.get("protocol", protocol) != protocol):
            raise ValueError(name)
        families &= _family(texts) if option == "family" else family
        values |= {"protocol": protocol} if protocol else {}
        values[option] = _parse_match_values(option, texts)
    whole = AddressScope(ANY_ADDRESS.of_families(families))
    values.pop("family", None)
    return replace(rule, **{"localip": whole, "remoteip": whole, **values}), families  # type: ignore[arg-type]


def _family(texts: Sequence[str]) -> frozenset[int]:
    return frozenset(family for family, word in NFPROTO.items() if word in texts)


def _parse_match_values(option: str, texts: Sequence[str]) -> object:
    if option.endswith("ip"):
        return AddressScope(AddressSet.parse(texts))
    if option.endswith("port"):
        ports = PortSet.parse(texts)
        return PortScope() if ports == ANY_PORT else PortScope(ports)
    if option == "protocol":
        (text,) = texts
        return int(text)
    return frozenset(texts)


# The table.

TABLE = "inet msuc_lync"
COMMENT = "msuc.lync"
BASE_CHAINS = ("input", "output")
_NEIGHBOURS = (
    "mld-listener-done",
    "mld-listener-query",
    "mld-listener-report",
    "mld2-listener-report",
    "nd-neighbor-advert",
    "nd-neighbor-solicit",
    "nd-router-advert",
    "nd-router-solicit",
)
_ANSWERS: Match = ("ct state", ("established", "related"))
FRAME: tuple[Line, ...] = (
    Line("input", (("iifname", ("lo",)),), "accept"),
    Line("input", (_ANSWERS,), "accept"),
    Line("input", (("icmpv6 type", _NEIGHBOURS),), "accept"),
    Line("input", (("ip6 saddr", ("fe80::/10",)), ("udp dport", ("546",))), "accept"),
    Line("input", (), "jump blocked_in"),
    Line("input", (), "jump allowed_in"),
    Line("output", (("oifname", ("lo",)),), "accept"),
    Line("output", (_ANSWERS,), "accept"),
    Line("output", (), "jump blocked_out"),
    Line("output", (), "jump allowed_out"),
)
"""The lines of the base chains, in order."""
_QUOTED = frozenset({"iifname", "oifname"})
# What a base chain is hooked to: type, hook, priority.
HOOKS: Mapping[str, tuple[str, str, int]] = {name: ("filter", name, 0) for name in BASE_CHAINS}


@dataclass(frozen=True)
class Table:
    """Our table.

    policy: what input does with what no rule admits. lines: those of the rules.
    has_frame: all else is as it should be.
    """

    policy: str
    lines: tuple[Line, ...] = ()
    has_frame: bool = True

    @property
    def keys(self) -> Counter[tuple[object, ...]]:
        """Return the lines as a set: their order within a chain means nothing."""
        return Counter(line.key for line in self.lines)

    def script(self) -> str:
        """Return the text that makes the table, whatever is there before; lines that cannot be read are left out."""
        head = [f"table {TABLE}", f"delete table {TABLE}", f"table {TABLE} {{", f'  comment "{COMMENT}"']
        base = [part for name in BASE_CHAINS for part in self._base_chain(name)]
        rest = [part for name in CHAINS.values() for part in _chain(name, [], self._sort_lines(name))]
        return "\n".join([*head, *base, *rest, "}", ""])

    def _sort_lines(self, chain: str) -> list[Line]:
        own = [line for line in self.lines if line.chain == chain and not line.raw]
        return sorted(own, key=lambda line: (line.comment, statement(line)))

    def _base_chain(self, name: str) -> list[str]:
        policy = self.policy if name == "input" else "accept"
        head = [f"type filter hook {name} priority filter; policy {policy};"]
        return _chain(name, head, [line for line in FRAME if line.chain == name])

    def steps_from(self, before: Table | None) -> str:
        """Return the text that makes this table of another one; lines that are in both stay, with their counters."""
        if before is None or not before.has_frame:
            return self.script()
        gone = _find_lines_beyond(before.lines, self.lines)
        steps = [f"delete rule {TABLE} {line.chain} handle {line.handle}" for line in gone]
        steps += [
            f"add rule {TABLE} {line.chain} {statement(line)}" for line in _find_lines_beyond(self.lines, before.lines)
        ]
        steps += [f"add chain {TABLE} input {{ policy {self.policy}; }}"] if self.policy != before.policy else []
        return "\n".join([*steps, ""]) if steps else ""


def removal() -> str:
    """Return the text that removes the table, whether or not it is there."""
    return f"table {TABLE}\ndelete table {TABLE}\n"


def is_framed(lines: Sequence[Line]) -> bool:
    """Return whether the lines of base chains are those of the frame, in its order."""
    return [line.key for line in lines] == [line.key for line in FRAME]


def _find_lines_beyond(lines: Iterable[Line], others: Iterable[Line]) -> Iterator[Line]:
    """Yield the lines that others lack."""
    left = Counter(line.key for line in others)
    for line in lines:
        left[line.key] -= 1
        if left[line.key] < 0:
            yield line


def _chain(name: str, head: Sequence[str], lines: Iterable[Line]) -> list[str]:
    return [f"  chain {name} {{", *(f"    {text}" for text in (*head, *map(statement, lines))), "  }"]


def statement(line: Line) -> str:
    """Return a line as nft takes it; lines of rules count what they match."""
    parts = [f"{name} {_render_match_values(name, values)}" for name, values in line.matches]
    parts += ["counter", line.verdict] if line.chain in CHAINS.values() else [line.verdict]
    return " ".join([*parts, *([f'comment "{line.comment}"'] if line.comment else [])])


def _render_match_values(name: str, values: Sequence[str]) -> str:
    texts = [f'"{value}"' for value in values] if name in _QUOTED else list(values)
    return texts[0] if len(texts) == 1 else f"{{ {', '.join(texts)} }}"
