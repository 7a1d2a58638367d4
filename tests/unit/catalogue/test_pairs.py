# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every pair of components has rows, a reason with a source, or is said to be unknown, and exactly one of these."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import product

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.components import (
    Pair,
    components,
    reasons,
    stated_pairs,
    unknown,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path, parse, read_document
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.model import (
    CATALOGUE_CLASSES,
    ROLES,
    SPECIAL_CLASSES,
    Catalogue,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.pairs import answer_pair, pair_rows
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.query import port_query

from tests.tools.pair_tables import PAGE, all_sources, on_page, rendered

from .facts import shipped

ALL_PAIRS: list[Pair] = list(product(components(), components()))
# An address of a page, a file of a repository, or a page of a printed book.
_PAGE = re.compile(r"https?://\S+/\S+|[\w-]+/[\w-]+,\s+\S.*\.\w+|, page \d")


def pairs_with_rows(catalogue: Catalogue) -> set[Pair]:
    """Return the pairs for which the rows of a catalogue give an answer."""
    known = components()
    return {pair for pair in ALL_PAIRS if pair_rows(catalogue, known[pair[0]], known[pair[1]])}


def uncovered(catalogue: Catalogue) -> list[Pair]:
    """Return the pairs that nothing answers."""
    return sorted(set(ALL_PAIRS) - pairs_with_rows(catalogue) - set(stated_pairs()))


def doubled(catalogue: Catalogue) -> list[Pair]:
    """Return the pairs that are answered twice: by rows too, or by two statements."""
    counts = Counter([*stated_pairs(), *pairs_with_rows(catalogue)])
    return sorted(pair for pair, count in counts.items() if count > 1)


def without_rows(*names: str) -> Catalogue:
    """Return the shipped catalogue without some rows."""
    return replace(shipped(), ports=tuple(row for row in shipped().ports if row.id not in names))


def test_every_pair_is_answered_once() -> None:
    assert uncovered(shipped()) == []
    assert doubled(shipped()) == []
    assert set(stated_pairs()) <= set(ALL_PAIRS), "a name is no component"


def test_a_row_that_goes_leaves_its_pairs_uncovered() -> None:
    gone = without_rows("fe-e911-gateway")
    assert uncovered(gone) == [("frontend", "e911_gateways"), ("standard_edition", "e911_gateways")]


def test_a_row_for_a_stated_pair_doubles_it() -> None:
    row = next(row for row in shipped().ports if row.id == "fe-e911-gateway")
    more = replace(shipped(), ports=(*shipped().ports, replace(row, id="new", component="directors")))
    assert doubled(more) == [("directors", "e911_gateways")]


def test_components_name_all_roles_and_nothing_that_is_no_class() -> None:
    parts = {part for component in components().values() for part in component.parts}
    assert set(ROLES) - parts == set()
    assert parts <= {*ROLES, *SPECIAL_CLASSES, *CATALOGUE_CLASSES}


def test_every_row_and_every_reason_names_a_page() -> None:
    known = all_sources()
    texts = {row.id: row.source for row in (*shipped().ports, *shipped().ipsec)}
    texts |= {f"{sender} to {receiver}": reason.source for (sender, receiver), reason in reasons().items()}
    keys = {place: [key.strip() for key in text.split(",")] for place, text in texts.items()}
    assert {key for found in keys.values() for key in found} <= set(known)
    assert [place for place, found in keys.items() if not any(_PAGE.search(known[key]) for key in found)] == []


def stated_answer(pair: Pair) -> tuple[str, bool, bool, bool]:
    """Return what the table says of a pair: the answer, and whether there are rows, a sentence and a source."""
    answer = "reason" if pair in reasons() else "unknown" if pair in unknown() else "rows"
    return answer, answer == "rows", answer != "rows", answer == "reason"


def given_answer(pair: Pair) -> tuple[str, bool, bool, bool]:
    """Return the same of the answer to a question."""
    answer = answer_pair(shipped(), *pair)
    assert answer["rows"] == port_query(shipped(), *pair)
    return str(answer["answer"]), bool(answer["rows"]), bool(answer["why"]), bool(answer["source"])


def test_every_question_has_the_answer_of_the_table() -> None:
    assert [pair for pair in ALL_PAIRS if given_answer(pair) != stated_answer(pair)] == []


def test_words_of_people_are_understood() -> None:
    why = "Servers with databases run no software of the product, so none of it starts anything there."
    assert answer_pair(shipped(), "SQL mirror", "Front End Server")["why"] == why
    assert answer_pair(shipped(), "SQL", "client")["why"] == why
    assert answer_pair(shipped(), "phone", "Exchange OWA")["answer"] == "unknown"
    with pytest.raises(InvalidInputError, match=r"source: 'databasis' is not a role or class.*write databases"):
        answer_pair(shipped(), "databasis", "client")


def test_rows_of_other_versions_are_a_reason() -> None:
    answer = answer_pair(shipped(), "clients", "persistent_chat", "2019")
    assert (answer["answer"], answer["rows"]) == ("reason", [])
    assert answer["why"] == "Only other versions have rows for this pair: 2013, 2015."
    assert answer["source"] == "L13-PORTS, SFB-PORTS"


def test_rows_of_a_site_come_before_reasons() -> None:
    document = dict(read_document(default_path()))
    row = {"id": "own", "component": "clients", "transports": ["tcp"], "port": 9, "direction": "in"}
    document["ports"] = [*document["ports"], {**row, "peers": [{"class": "back_end"}]}]  # type: ignore[misc]
    answer = answer_pair(parse(document), "databases", "clients")
    assert answer["answer"] == "rows"
    assert [found["id"] for found in answer["rows"]] == ["own"]  # type: ignore[attr-defined]


def test_flows_to_anybody_are_not_meant_for_servers_inside() -> None:
    assert port_query(shipped(), "Edge", "databases") == []
    assert [row["id"] for row in port_query(shipped(), "Edge", "DNS server")] == ["edge-dns-out"]


def test_what_pools_make_of_servers_counts_apart() -> None:
    assert [row["id"] for row in port_query(shipped(), "databases", "database witness")] == ["back-end-witness"]
    assert port_query(shipped(), "Front End", "database_witnesses") == []


def test_the_page_has_the_tables() -> None:
    assert on_page(PAGE.read_text(encoding="utf-8")) == rendered(), "fix: python -m tests.tools.pair_tables"
