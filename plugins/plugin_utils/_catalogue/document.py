# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A catalogue as data: what YAML gave, with the defaults of every row filled in.

    {"classes": {"frontend": ["frontend", "standard_edition"]}, "sources": {...},
     "ports": [{"id": "fe-sip-tls", "versions": ["2010", ...], "load_balancer": {"2010": "hlb", ...}, ...}],
     "ipsec": [{"id": "ipsec-clients", "components": {"2010": ["clients"], ...}, ...}]}

Queries and overrides work on this form, so that a key that the author left out has a value all the same; they are
JMESPath, with one kind of error.
"""

from __future__ import annotations

from collections.abc import Mapping

from .._base.errors import shown
from .._base.libraries import jmespath
from .model import Interface, LoadBalancer, PortSide, Scope, Version

Row = dict[str, object]
Document = dict[str, object]

PORTS, IPSEC = "ports", "ipsec"
TABLES = (PORTS, IPSEC)
ALL_VERSIONS = tuple(version.value for version in Version)
PER_VERSION_DEFAULT = "default"

_COMMON_DEFAULTS: Row = {
    "interface": Interface.ANY.value,
    "versions": list(ALL_VERSIONS),
    "features": [],
    "rows": [],
    "note": "",
    "remark": "",
    "inferred": False,
    "source": "",
    "enabled": True,
}
_DEFAULTS: dict[str, Row] = {
    PORTS: {
        **_COMMON_DEFAULTS,
        "service": "",
        "application": "",
        "port_side": PortSide.LOCAL.value,
        "load_balancer": LoadBalancer.NO.value,
    },
    IPSEC: {**_COMMON_DEFAULTS, "peer_class": "any"},
}
_PER_VERSION = {PORTS: "load_balancer", IPSEC: "components"}
_PEER_DEFAULTS: Row = {"scope": Scope.DEPLOYMENT.value, "vips": False, "features": []}


def plain(value: object) -> object:
    """Return a value in the plain types of Python, for JMESPath tells types by their names; keys become text ({2010:
    hlb}).
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return str.__str__(value)
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def plain_row(value: object) -> object:
    """Return a row as plain() does, with unquoted versions and an unquoted "no" of load_balancer as text."""
    row = plain(value)
    if isinstance(row, dict):
        if isinstance(row.get("versions"), list):
            row["versions"] = [_version_text(version) for version in row["versions"]]
        if "load_balancer" in row:
            row["load_balancer"] = _load_balancer_text(row["load_balancer"])
    return row


def _version_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _load_balancer_text(value: object) -> object:
    if isinstance(value, dict):
        return {key: _load_balancer_text(item) for key, item in value.items()}
    return LoadBalancer.NO.value if value is False else value


def fill_document(content: object) -> object:
    """Return a document with the defaults of every row filled in; nothing that is wrong with it is hidden or raised.

    content: what YAML or the user gave, filled in or not; what is no mapping comes back as it is.
    """
    document = plain(content)
    if isinstance(document, dict):
        for table in TABLES:
            if isinstance(document.get(table), list):
                document[table] = [fill_row(row, table) for row in document[table]]
    return document


def fill_row(content: object, table: str) -> object:
    """Return a row with the defaults filled in; what is no mapping comes back as it is."""
    row = plain_row(content)
    if not isinstance(row, dict):
        return row
    full: Row = {**_DEFAULTS[table], **row}
    key = _PER_VERSION[table]
    if key in full:
        full[key] = _per_version(full[key])
    if isinstance(full.get("peers"), list):
        full["peers"] = [{**_PEER_DEFAULTS, **peer} if isinstance(peer, dict) else peer for peer in row["peers"]]
    return full


def _per_version(value: object) -> dict[str, object]:
    """Return a value per version: one value serves all, "default" those that are not named."""
    if not isinstance(value, dict):
        return dict.fromkeys(ALL_VERSIONS, value)
    named = {key: item for key, item in value.items() if key != PER_VERSION_DEFAULT}
    default = dict.fromkeys(ALL_VERSIONS, value[PER_VERSION_DEFAULT]) if PER_VERSION_DEFAULT in value else {}
    return {**default, **named}


def rows_of(document: Mapping[str, object], table: str) -> list[Row]:
    """Return the rows of a table of a document; an empty list when it is not a list of mappings."""
    rows = document.get(table)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


HINT = "texts stand in single quotes, numbers in backticks: component=='frontend' && port==`5069`"


class ExpressionError(Exception):
    """An expression is not JMESPath, or cannot be applied to the data; the text says why, in one line."""


def find(expression: str, data: object) -> object:
    """Return what a JMESPath expression finds in data; raises ExpressionError."""
    try:
        return jmespath.search(expression, data)
    except (
        jmespath.exceptions.JMESPathError,
        TypeError,
        ValueError,
        ArithmeticError,
        AttributeError,
        RecursionError,
    ) as error:
        # Functions of the library raise what Python raises, for example contains() of a text and null.
        raise ExpressionError(" ".join(str(error).split())) from error


def find_where(condition: str, items: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the items for which a JMESPath condition holds; raises ExpressionError, also when it says neither true
    nor false.

    A mere name, "id", is true of every item to JMESPath; as a condition it can only be a slip, and a costly one.
    """
    verdicts = [find(condition, item) for item in items]
    stray = next((verdict for verdict in verdicts if verdict is not None and not isinstance(verdict, bool)), None)
    if stray is not None:
        raise ExpressionError(f"it gives {shown(stray)}, not true or false")
    return [item for item, verdict in zip(items, verdicts, strict=True) if verdict]
