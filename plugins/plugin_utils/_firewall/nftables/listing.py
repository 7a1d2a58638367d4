# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads our table from the output of nft: its JSON, or the text of a script or a listing.

    read_listing(json.loads(output of "nft -s -j -p list table inet msuc_lync")) -> Table(...)
    read_text(Table(...).script()) == Table(...)

A line that is understood in no other way is kept as it is, with its JSON or text as raw.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..._base.errors import MALFORMED, InvalidInputError, Problem
from ..._base.nft_words import PROTOCOLS, render_left_side, right_values
from .ruleset import BASE_CHAINS, CHAINS, HOOKS, TABLE, Line, Match, Table, is_framed, settled

_PRIORITIES = {"filter": 0, "0": 0}
_FIRST_OF_TWO = frozenset({"ip", "ip6", "tcp", "udp", "icmpv6", "meta", "ct"})
_TOKEN = re.compile(r'"[^"]*"|[{};,]|[^\s{};,"]+')
_Hooks = Mapping[str, tuple[str, str, int]]


def read_table(text: str, place: str) -> Table | None:
    """Return the table of a text, JSON or nft's own language, None for an empty one.

    Raises InvalidInputError for any other text; place: where it comes from.
    """
    if not text.strip():
        return None
    try:
        return read_listing(json.loads(text)) if text.lstrip().startswith("{") else read_text(text)
    except MALFORMED as error:
        fix = f"give the output of: nft list table {TABLE}, with or without -j, or what state rendered returned"
        raise InvalidInputError([Problem(place, f"the text is no table {TABLE} ({error})", fix=fix)]) from error


def read_listing(document: Mapping[str, Any]) -> Table | None:
    """Return the table of nft's JSON, None when it has none.

    Raises KeyError, TypeError or ValueError for any other document.
    """
    chains: dict[str, tuple[str, str, int]] = {}
    lines: list[Line] = []
    policies: dict[str, str] = {}
    strange = False
    for item in document["nftables"]:
        ((kind, body),) = item.items()
        if kind == "chain" and "hook" in body:
            chains[body["name"]] = (body["type"], body["hook"], body["prio"])
            policies[body["name"]] = body["policy"]
        elif kind == "chain":
            chains.setdefault(body["name"], ("", "", 0))
        elif kind == "rule":
            lines.append(_listed_line(body))
        strange |= kind not in ("metainfo", "table", "chain", "rule") or (kind == "table" and "flags" in body)
    return _build_table(policies, chains, lines, strange) if chains or strange else None


def _build_table(
    policies: Mapping[str, str], chains: _Hooks, lines: Sequence[Line], strange: bool = False
) -> Table:
    """Return the table; strange: it says more than chains and rules, such as flags that switch it off."""
    strange |= policies.get("output", "accept") != "accept"
    policy = policies.get("input", "accept")
    wanted = {**HOOKS, **dict.fromkeys(CHAINS.values(), ("", "", 0))}
    base = [line for name in BASE_CHAINS for line in lines if line.chain == name]
    has_frame = not strange and dict(chains) == wanted and is_framed(base)
    order = list(CHAINS.values())
    own = sorted((line for line in lines if line.chain in order), key=lambda line: order.index(line.chain))
    return Table(policy, tuple(map(settled, own)), has_frame)


def _listed_line(body: Mapping[str, Any]) -> Line:
    """Return a line of nft's JSON."""
    chain, handle, comment = str(body["chain"]), int(body.get("handle", 0)), str(body.get("comment", ""))
    matches: list[Match] = []
    verdict = ""
    try:
        for part in body["expr"]:
            ((kind, value),) = part.items()
            if kind == "match" and not verdict and (value["op"] == "==" or _is_ct_state(value)):
                matches.append((render_left_side(value["left"]), tuple(sorted(right_values(value["right"])))))
            elif kind in ("accept", "drop", "jump"):
                verdict = f"jump {value['target']}" if kind == "jump" else kind
            elif kind != "counter":
                raise ValueError(kind)
    except MALFORMED:
        raw = json.dumps({"chain": chain, "expr": body.get("expr"), "comment": comment}, sort_keys=True)
        return Line(chain, (), "", comment, handle, raw)
    return Line(chain, tuple(matches), verdict, comment, handle)


def _is_ct_state(value: Mapping[str, Any]) -> bool:
    return bool(value["op"] == "in" and value["left"] == {"ct": {"key": "state"}})


def read_text(text: str) -> Table | None:
    """Return the table of a script or a listing, None when it makes none; raises ValueError for any other text."""
    chains: dict[str, tuple[str, str, int]] = {}
    lines: list[Line] = []
    policies: dict[str, str] = {}
    is_strange = False
    for name, tokens in _statements(text):
        if not name:
            is_strange = True
            continue
        chains.setdefault(name, ("", "", 0))
        if tokens[:1] == ["type"]:
            chains[name] = (tokens[1], tokens[3], _PRIORITIES.get(tokens[5], -1))
        elif tokens[:1] == ["policy"]:
            policies[name] = tokens[1]
        elif tokens:
            lines.append(_text_line(name, tokens))
    return _build_table(policies, chains, lines, is_strange) if chains or is_strange else None


def _statements(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield chain and tokens of each statement in a chain; each chain once without tokens, so that it is known.

    Flags of the table are of no chain.
    """
    chain = ""
    for line in text.splitlines():
        tokens = [] if line.lstrip().startswith("#") else _TOKEN.findall(line)
        if tokens[:1] == ["chain"]:
            chain = tokens[1]
            yield chain, []
        elif tokens == ["}"]:
            chain = ""
        elif chain:
            yield from ((chain, part) for part in _split_statements(tokens))
        elif tokens[:1] == ["flags"]:
            yield "", tokens
        elif tokens and tokens[0] not in ("table", "delete", "add", "comment"):
            raise ValueError(line.strip())


def _split_statements(tokens: Iterable[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for token in tokens:
        if token == ";":
            yield part
            part = []
        else:
            part.append(token)
    if part:
        yield part


def _text_line(chain: str, tokens: Sequence[str]) -> Line:
    """Return a line of nft's own language."""
    rest, matches, verdict, comment = list(tokens), list[Match](), "", ""
    while rest:
        token = rest.pop(0)
        if token in ("accept", "drop"):
            verdict = token
        elif token == "jump":
            verdict = f"jump {rest.pop(0)}"
        elif token == "comment":
            comment = rest.pop(0).strip('"')
        elif token == "counter":
            rest = rest[4:] if rest[:1] == ["packets"] else rest
        else:
            name = f"{token} {rest.pop(0)}" if token in _FIRST_OF_TWO else token
            values = _text_values(rest)
            named = [PROTOCOLS.get(value, value) for value in values] if name == "meta l4proto" else values
            matches.append((name, tuple(sorted(named))))
    return Line(chain, tuple(matches), verdict, comment)


def _text_values(rest: list[str]) -> list[str]:
    """Take the values of an expression from the begin of the tokens that are left."""
    if rest[0] != "{":
        first = rest.pop(0)
        values = [first]
        while rest and rest[0] == ",":
            rest.pop(0)
            values.append(rest.pop(0))
        return [value.strip('"') for value in values]
    end = rest.index("}")
    values = [token.strip('"') for token in rest[1:end] if token != ","]
    del rest[: end + 1]
    return values
