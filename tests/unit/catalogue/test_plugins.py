# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lookup catalogue and the filter port_query, as a playbook uses them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError, AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from ansible_collections.msuc.lync.plugins.filter.catalogue import FilterModule
from ansible_collections.msuc.lync.plugins.plugin_utils._base.libraries import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue import load
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path, read_document

EXTRA = {
    "id": "site-backup",
    "component": "frontend",
    "port": 9102,
    "transports": ["tcp"],
    "direction": "in",
    "peers": [{"class": "admin_hosts"}],
}
OFF = {"select": "id=='fe-qoe-monitoring'", "set": {"enabled": False}}


def looked_up(*terms: str, variables: dict[str, Any] | None = None, **options: object) -> list[Any]:
    found: list[Any] = lookup_loader.get("msuc.lync.catalogue").run(list(terms), variables=variables or {}, **options)
    return found


def port_query(*arguments: object) -> list[dict[str, object]]:
    return FilterModule().filters()["port_query"](*arguments)


def test_lookup_answers_each_expression() -> None:
    assert looked_up("ports[?port==`5061`].id | [0]", "length(ipsec)") == ["fe-sip-tls", 15]


def test_lookup_without_an_expression_is_the_catalogue() -> None:
    assert looked_up() == [read_document(default_path())]


def test_lookup_sees_rows_and_overrides_of_the_inventory() -> None:
    variables = {"lync_extra_rows": [EXTRA], "lync_row_overrides": [OFF]}
    assert looked_up("ports[-1].id", "ports[?id=='fe-qoe-monitoring'].enabled", variables=variables) == [
        "site-backup",
        [False],
    ]


def test_options_come_before_variables() -> None:
    assert looked_up("ports[-1].id", variables={"lync_extra_rows": [EXTRA]}, extra_rows=[{**EXTRA, "id": "mine"}]) == [
        "mine"
    ]


def test_lookup_tells_all_problems() -> None:
    with pytest.raises(AnsibleLookupError) as caught:
        looked_up("@", extra_rows=[{**EXTRA, "port": 0}], row_overrides=[{**OFF, "select": "zzz"}])
    assert "2 errors in the input" in str(caught.value)
    assert "lync_extra_rows[0], port: 0 is out of order or outside 1-65535" in str(caught.value)
    assert "lync_row_overrides[0].select: 'zzz' selects no row" in str(caught.value)


def test_lookup_tells_a_bad_expression() -> None:
    with pytest.raises(AnsibleLookupError, match="'a b' cannot be used as JMESPath"):
        looked_up("a b")


def test_lookup_names_a_library_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing:
        def __getattr__(self, name: str) -> object:
            raise MissingLibraryError("the Python library yaml is missing on the controller")

    monkeypatch.setattr(load, "yaml", Missing())
    load._fill_file.cache_clear()
    with pytest.raises(AnsibleLookupError, match="the Python library yaml is missing"):
        looked_up("@")


def test_filter_answers() -> None:
    rows = port_query(looked_up()[0], "client", "Edge internal", 2010)
    assert [(row["id"], row["port"]) for row in rows if row["direction"] == "in"] == [
        ("edge-internal-av-udp", "3478"),
        ("edge-internal-av-tcp", "443"),
    ]


def test_filter_sees_extra_rows() -> None:
    (document,) = looked_up(extra_rows=[EXTRA])
    assert "site-backup" in [row["id"] for row in port_query(document, "admin_hosts", "Front End")]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (({}, "client", "edge"), "catalogue: the key 'classes' is missing"),
        (
            ("text", "client", "edge"),
            "catalogue: 'text' is not a catalogue; allowed: a mapping with classes, ports and ipsec",
        ),
        ((None, "client", "edge"), "catalogue: None is not a catalogue"),
    ],
)
def test_filter_tells_what_is_no_catalogue(arguments: tuple[object, ...], text: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        port_query(*arguments)
    assert text in str(caught.value)


def test_filter_tells_words_that_it_does_not_know() -> None:
    with pytest.raises(AnsibleFilterError, match="source: 'clint' is not a role or class"):
        port_query(looked_up()[0], "clint", "edge")
