# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a pair of components needs: rows, a reason why there are none, or that nobody knows.

answer_pair(document, "SQL", "client") == {"answer": "reason", "rows": [], "why": "...", "source": "L13-ROLES"}
answer_pair(document, "client", "Front End")["answer"] == "rows"
"""

from __future__ import annotations

from collections.abc import Sequence

from .components import Component, Reason, reasons
from .model import Catalogue, PortRow, Version
from .query import admitting_rows, answer_row, party_of, read_question

ROWS, REASON, UNKNOWN = "rows", "reason", "unknown"
# Classes that are asked for in the place of a component.
_COMPONENT_OF = {"back_end": "databases"}
_NOT_KNOWN = "No row, and no source that says why: nothing is opened, and nothing is known."


def pair_rows(catalogue: Catalogue, sender: Component, receiver: Component) -> list[PortRow]:
    """Return the rows, of all versions, that let a component reach another."""
    return admitting_rows(catalogue, party_of(sender), party_of(receiver))


def answer_pair(catalogue: object, source: str, destination: str, version: str | None = None) -> dict[str, object]:
    """Return the whole answer to a question of port_query: {"answer", "rows", "why", "source"}.

    answer: "rows", "reason" or "unknown"; rows as port_query gives them; why and source are texts, empty beside rows.
    Raises InvalidInputError as port_query does.
    """
    known, parties, wanted = read_question(catalogue, source, destination, version)
    (sender, _name), (receiver, _other) = parties
    found = admitting_rows(known, sender, receiver)
    rows = [answer_row(row) for row in found if row.versions & wanted]
    if rows:
        return {"answer": ROWS, "rows": rows, "why": "", "source": ""}
    reason = _of_other_versions(found) if found else _stated_reason(*(name for _party, name in parties))
    if reason is None:
        return {"answer": UNKNOWN, "rows": [], "why": _NOT_KNOWN, "source": ""}
    return {"answer": REASON, "rows": [], "why": reason.why, "source": reason.source}


def _stated_reason(sender: str, receiver: str) -> Reason | None:
    return reasons().get((_COMPONENT_OF.get(sender, sender), _COMPONENT_OF.get(receiver, receiver)))


def _of_other_versions(rows: Sequence[PortRow]) -> Reason:
    """Return the reason of a pair whose rows are all of other versions than those asked for."""
    having = frozenset().union(*(row.versions for row in rows))
    versions = ", ".join(version.value for version in Version if version in having)
    named = dict.fromkeys(key.strip() for row in rows for key in row.source.split(","))
    return Reason(f"Only other versions have rows for this pair: {versions}.", ", ".join(named))
