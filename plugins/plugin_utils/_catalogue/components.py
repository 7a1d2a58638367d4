# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The components of a deployment, and why one of them needs nothing of another.

Rows of the catalogue say what one component may reach at another. Where they say nothing, pairs.yml has a reason with
its source, or says that nothing is known:

    components()["databases"].title == "SQL Servers"
    reasons()["databases", "clients"].why == "The servers with databases run no software of the product, ..."
    ("phones", "databases") in unknown()
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._base.addresses import PortSet
from .._base.libraries import yaml

Pair = tuple[str, str]  # from, to


@dataclass(frozen=True)
class Component:
    """One sender and receiver.

    note: whom the title means. parts: roles, networks and parts of roles, as peers of rows name them; none for what
    no row can name. side: the side of an Edge Server that is meant. outside: flows to "any" reach it, through the
    ports of listens where given.
    """

    name: str
    title: str
    note: str = ""
    parts: tuple[str, ...] = ()
    side: str = ""
    outside: bool = False
    listens: PortSet | None = None


@dataclass(frozen=True)
class Reason:
    """Why a pair has no row; source: keys of sources() or of the catalogue's sources, with commas."""

    why: str
    source: str


@functools.cache
def _data() -> dict[str, Any]:
    path = Path(__file__).with_name("data") / "pairs.yml"
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


@functools.cache
def components() -> Mapping[str, Component]:
    """Return the components by name, in the order of the file."""
    return {name: _component(name, values) for name, values in _data()["components"].items()}


def _component(name: str, values: Mapping[str, Any]) -> Component:
    listens = values.get("listens")
    return Component(
        name,
        values["title"],
        values.get("note", ""),
        tuple(values.get("parts", (name,))),
        values.get("side", ""),
        values.get("outside", False),
        PortSet.parse(listens) if listens else None,
    )


@functools.cache
def reasons() -> Mapping[Pair, Reason]:
    """Return the reason of each pair that has one."""
    return {
        pair: Reason(rectangle["why"], rectangle["source"])
        for rectangle in _data()["reasons"]
        for pair in _pairs_of(rectangle)
    }


def stated_pairs() -> list[Pair]:
    """Return each pair as often as it is in a reason or said to be unknown."""
    return [pair for key in ("reasons", "unknown") for part in _data()[key] for pair in _pairs_of(part)]


@functools.cache
def unknown() -> frozenset[Pair]:
    """Return the pairs of which nothing is known."""
    return frozenset(pair for rectangle in _data()["unknown"] for pair in _pairs_of(rectangle))


def sources() -> Mapping[str, str]:
    """Return the pages that reasons name beside those of the catalogue."""
    named: Mapping[str, str] = _data()["sources"]
    return named


def _pairs_of(rectangle: Mapping[str, Any]) -> list[Pair]:
    senders, receivers = (_expand_sets(rectangle[key]) for key in ("from", "to"))
    return [(sender, receiver) for sender in senders for receiver in receivers]


def _expand_sets(names: list[str]) -> list[str]:
    sets = _data()["sets"]
    return [member for name in names for member in sets.get(name, [name])]
