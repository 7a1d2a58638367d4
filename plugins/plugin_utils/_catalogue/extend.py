# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows that a site adds to the catalogue, and keys of rows that it sets.

    lync_extra_rows: [{table: ports, id: site-backup, component: frontend, port: 9102, transports: [tcp], ...}]
    lync_row_overrides: [{table: ports, select: "component=='frontend' && port==`5069`", set: {enabled: false}}]

table is ports where it is left out. select is a JMESPath condition over a row with its defaults filled in. set
replaces whole keys; null takes a key back to its default. Overrides see the extra rows and the overrides before them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from .._base.errors import InvalidInputError, Problem, nearest, one_of, shown
from .check import own_class_names, row_problems
from .document import (
    HINT,
    PORTS,
    TABLES,
    Document,
    ExpressionError,
    Row,
    fill_row,
    find_where,
    plain,
    plain_row,
    rows_of,
)

EXTRA_ROWS, ROW_OVERRIDES = "lync_extra_rows", "lync_row_overrides"
_OVERRIDE_KEYS = ("table", "select", "set")
_SELECT_HINT = f"{HINT}; the lookup msuc.lync.catalogue shows what a row holds"


@dataclass
class _Work:
    """The tables while they are being extended, and what was found wrong so far."""

    tables: dict[str, list[Row]]
    classes: tuple[str, ...]
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, place: str, message: str, allowed: str = "", fix: str = "") -> None:
        """Note a problem and go on."""
        self.problems.append(Problem(place, message, allowed, fix))


def extended(
    document: Document, extra_rows: object = (), row_overrides: object = (), own_classes: Iterable[str] = ()
) -> Document:
    """Return a document with rows added and keys of rows set; the given document stays as it is.

    document: with its defaults filled in, as read_document() returns it. extra_rows, row_overrides: lists of
    mappings as described above, unchecked. own_classes: names of classes that groups of the site stand for.
    Raises InvalidInputError with the problems of all of them.
    """
    classes = document.get("classes")
    own = [*own_class_names(document), *own_classes]
    known = (*(classes if isinstance(classes, dict) else ()), *own)
    work = _Work({table: rows_of(document, table) for table in TABLES}, known)
    for place, row in _listed_rows(extra_rows, EXTRA_ROWS, work):
        _add_row(row, place, work)
    for place, override in _listed_rows(row_overrides, ROW_OVERRIDES, work):
        _override_rows(override, place, work)
    if work.problems:
        raise InvalidInputError(work.problems)
    return {**document, **work.tables, **({"own_classes": own} if own else {})}


def _listed_rows(value: object, place: str, work: _Work) -> Iterable[tuple[str, Row]]:
    """Yield place and mapping of each item of a list; refuses what is none."""
    if not isinstance(value, (list, tuple)):
        work.refuse(place, f"{shown(value)} is not a list", "a list of mappings")
        return
    for index, item in enumerate(value):
        if isinstance(item, Mapping):
            yield f"{place}[{index}]", cast(Row, plain(item))
        else:
            work.refuse(f"{place}[{index}]", f"{shown(item)} is not a mapping")


def _add_row(row: Row, place: str, work: _Work) -> None:
    table = _table_of(row, place, work)
    if table is None:
        return
    given = plain_row({key: value for key, value in row.items() if key != "table"})
    work.problems += row_problems(given, table, place, work.classes)
    name = row.get("id")
    if name is not None and any(other.get("id") == name for rows in work.tables.values() for other in rows):
        work.refuse(
            f"{place}, id",
            f"{shown(name)} is taken by another row",
            fix=f"choose another id; {ROW_OVERRIDES} changes rows",
        )
    work.tables[table].append(cast(Row, fill_row(given, table)))


def _table_of(item: Row, place: str, work: _Work) -> str | None:
    table = item.get("table", PORTS)
    if isinstance(table, str) and table in TABLES:
        return table
    work.refuse(f"{place}, table", f"{shown(table)} is not a table of the catalogue", one_of(TABLES))
    return None


def _override_rows(override: Row, place: str, work: _Work) -> None:
    table, changes = _table_of(override, place, work), _override_changes(override, place, work)
    for key in override.keys() - set(_OVERRIDE_KEYS):
        near = nearest(key, _OVERRIDE_KEYS)
        work.refuse(place, f"unknown key {key!r}", one_of(_OVERRIDE_KEYS), f"write {near}" if near else "remove it")
    if table is None:
        return
    found = _select_rows(override.get("select"), f"{place}.select", work.tables[table], work)
    if found and changes:
        work.tables[table] = [
            _change_row(row, changes, table, f"{place}.set", work) if row.get("id") in found else row
            for row in work.tables[table]
        ]


def _override_changes(override: Row, place: str, work: _Work) -> Row:
    changes = override.get("set")
    if not isinstance(changes, dict) or not changes:
        work.refuse(
            f"{place}.set",
            f"{shown(changes)} sets nothing",
            "a mapping of keys of a row to values",
            "for example {enabled: false}",
        )
        return {}
    if "id" in changes:
        work.refuse(
            f"{place}.set",
            "the id of a row cannot be set",
            fix="switch the row off with {enabled: false} and add one of your own",
        )
    return changes


def _change_row(row: Row, changes: Row, table: str, place: str, work: _Work) -> Row:
    merged = {key: value for key, value in {**row, **changes}.items() if value is not None}
    changed = cast(Row, fill_row(merged, table))
    work.problems += row_problems(changed, table, place, work.classes)
    return changed


def _select_rows(select: object, place: str, rows: list[Row], work: _Work) -> list[object]:
    """Return the ids of the rows that a condition selects; refuses a bad condition and one that selects nothing."""
    if not isinstance(select, str):
        work.refuse(place, f"{shown(select)} is not a condition", "a JMESPath condition over a row", _SELECT_HINT)
        return []
    try:
        found = find_where(select, rows)
    except ExpressionError as error:
        work.refuse(place, f"{shown(select)} cannot be used as a JMESPath condition: {error}", fix=_SELECT_HINT)
        return []
    if not found:
        work.refuse(place, f"{shown(select)} selects no row", fix=_SELECT_HINT)
    return [row.get("id") for row in found]
