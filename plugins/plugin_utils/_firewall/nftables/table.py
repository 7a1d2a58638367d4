# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table that is ours on a Linux host: its frame, which is the same everywhere, and the lines of its rules.

    Table(policy="drop", lines=(...)).script()  -> the text for nft -f
    table inet msuc_lync { chain input { type filter hook input priority filter; policy drop; ... jump allowed_in } ... }

What the frame admits whatever the rules say is what no host can do without: itself, answers, and the discovery of neighbours
and the addresses of IPv6 (RFC 4890 section 4.4.1, RFC 8415 section 7.2).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .ruleset import CHAINS, Line, Match

TABLE = "inet msuc_lync"
COMMENT = "msuc.lync"
POLICIES = ("accept", "drop")
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
    """Our table: what input does with what no rule admits, and the lines of the rules; has_frame: all else is as it should be."""

    policy: str
    lines: tuple[Line, ...] = ()
    has_frame: bool = True

    @property
    def keys(self) -> Counter[tuple[object, ...]]:
        """Return the lines as a set: their order within a chain means nothing."""
        return Counter(line.key for line in self.lines)

    def script(self) -> str:
        """Return the text that makes the table, whatever is there before; its lines are sorted, those that cannot be read left out."""
        head = [f"table {TABLE}", f"delete table {TABLE}", f"table {TABLE} {{", f'  comment "{COMMENT}"']
        base = [part for name in BASE_CHAINS for part in self._base_chain(name)]
        rest = [part for name in CHAINS.values() for part in _chain(name, [], self._sorted(name))]
        return "\n".join([*head, *base, *rest, "}", ""])

    def _sorted(self, chain: str) -> list[Line]:
        return sorted((line for line in self.lines if line.chain == chain and not line.raw), key=lambda line: (line.comment, statement(line)))

    def _base_chain(self, name: str) -> list[str]:
        policy = self.policy if name == "input" else "accept"
        head = [f"type filter hook {name} priority filter; policy {policy};"]
        return _chain(name, head, [line for line in FRAME if line.chain == name])

    def steps_from(self, before: Table | None) -> str:
        """Return the text that makes this table of another one and leaves the lines alone that are in both, with their counters."""
        if before is None or not before.has_frame:
            return self.script()
        steps = [f"delete rule {TABLE} {line.chain} handle {line.handle}" for line in _beyond(before.lines, self.lines)]
        steps += [f"add rule {TABLE} {line.chain} {statement(line)}" for line in _beyond(self.lines, before.lines)]
        steps += [f"add chain {TABLE} input {{ policy {self.policy}; }}"] if self.policy != before.policy else []
        return "\n".join([*steps, ""]) if steps else ""


def removal() -> str:
    """Return the text that removes the table, whether or not it is there."""
    return f"table {TABLE}\ndelete table {TABLE}\n"


def is_framed(lines: Sequence[Line]) -> bool:
    """Return whether the lines of base chains are those of the frame, in its order."""
    return [line.key for line in lines] == [line.key for line in FRAME]


def _beyond(lines: Iterable[Line], others: Iterable[Line]) -> Iterator[Line]:
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
    parts = [f"{name} {_values(name, values)}" for name, values in line.matches]
    parts += ["counter", line.verdict] if line.chain in CHAINS.values() else [line.verdict]
    return " ".join([*parts, *([f'comment "{line.comment}"'] if line.comment else [])])


def _values(name: str, values: Sequence[str]) -> str:
    texts = [f'"{value}"' for value in values] if name in _QUOTED else list(values)
    return texts[0] if len(texts) == 1 else f"{{ {', '.join(texts)} }}"
