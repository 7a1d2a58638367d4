# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows that a site adds and keys that it sets."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.extend import extended
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path, parse, read_document
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.model import (
    Catalogue,
    LoadBalancer,
    PortRow,
    Version,
)

from .facts import port_text, shipped

EXTRA: dict[str, Any] = {
    "id": "site-backup",
    "component": "frontend",
    "port": 9102,
    "transports": ["tcp"],
    "direction": "in",
    "peers": [{"class": "admin_hosts"}],
}
EXEMPTION: dict[str, Any] = {
    "table": "ipsec",
    "id": "site-exemption",
    "name": "Site",
    "components": ["frontend"],
    "direction": "in",
    "transports": ["udp"],
}


def catalogue_with(extra: object = (), overrides: object = ()) -> Catalogue:
    return parse(extended(read_document(default_path()), extra, overrides))


def row_of(catalogue: Catalogue, row_id: str) -> PortRow:
    return next(row for row in catalogue.ports if row.id == row_id)


def problems_of(extra: object = (), overrides: object = ()) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        catalogue_with(extra, overrides)
    return [str(problem) for problem in caught.value.problems]


def test_nothing_to_add_changes_nothing() -> None:
    assert catalogue_with() == shipped()


def test_extra_rows_follow_the_shipped_ones() -> None:
    found = catalogue_with([EXTRA, {**EXTRA, "table": "ports", "id": "other"}, EXEMPTION])
    assert [row.id for row in found.ports[-2:]] == ["site-backup", "other"]
    assert found.ipsec[-1].components[Version.SFB_SE] == ("frontend",)
    assert found.ports[:-2] == shipped().ports
    row = found.ports[-2]
    assert (row.versions, row.enabled, row.load_balancer[Version.SFB_SE]) == (set(Version), True, LoadBalancer.NO)


def test_an_override_switches_a_row_off() -> None:
    found = catalogue_with([], [{"select": "component=='frontend' && port==`5069`", "set": {"enabled": False}}])
    assert not row_of(found, "fe-qoe-monitoring").enabled
    assert [row for row in found.ports if row.id != "fe-qoe-monitoring"] == [
        row for row in shipped().ports if row.id != "fe-qoe-monitoring"
    ]


def test_an_override_changes_every_row_that_it_selects_and_keeps_their_order() -> None:
    found = catalogue_with(
        [], [{"select": "contains(rows, 'S47')", "set": {"port": "40000-40999", "load_balancer": False}}]
    )
    changed = [row for row in found.ports if "S47" in row.rows]
    assert {port_text(row.port) for row in changed} == {"40000-40999"}
    assert {word for row in changed for word in row.load_balancer.values()} == {LoadBalancer.NO}
    assert [row.id for row in found.ports] == [row.id for row in shipped().ports]


def test_overrides_see_extra_rows_and_earlier_overrides() -> None:
    overrides = [
        {"select": "id=='site-backup'", "set": {"port": 9103}},
        {"select": "port==`9103`", "set": {"note": "moved"}},
    ]
    row = row_of(catalogue_with([EXTRA], overrides), "site-backup")
    assert (port_text(row.port), row.note) == ("9103", "moved")


def test_null_takes_a_key_back_to_its_default() -> None:
    found = catalogue_with(
        [],
        [
            {"select": "id=='fe-qoe-monitoring'", "set": {"versions": None}},
            {"select": "id=='fe-web-http'", "set": {"web": None}},
        ],
    )
    assert row_of(found, "fe-qoe-monitoring").versions == set(Version)
    assert row_of(found, "fe-web-http").web is None


def test_an_override_of_the_ipsec_table() -> None:
    found = catalogue_with([], [{"table": "ipsec", "select": "contains(rows, 'I11')", "set": {"enabled": False}}])
    assert [row.id for row in found.ipsec if not row.enabled] == ["ipsec-exchange-in"]


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        (5, "lync_extra_rows: 5 is not a list; allowed: a list of mappings"),
        ([5], "lync_extra_rows[0]: 5 is not a mapping"),
        (
            [EXTRA, {**EXTRA, "id": "x", "port": 70000}],
            "lync_extra_rows[1], port: 70000 is out of order or outside 1-65535",
        ),
        (
            [{**EXTRA, "table": "rules"}],
            "lync_extra_rows[0], table: 'rules' is not a table of the catalogue; allowed: ipsec, ports",
        ),
        (
            [{**EXTRA, "id": "fe-focus"}],
            "lync_extra_rows[0], id: 'fe-focus' is taken by another row; fix: choose another id; lync_row_overrides "
            "changes rows",
        ),
        ([EXTRA, EXTRA], "lync_extra_rows[1], id: 'site-backup' is taken by another row"),
        ([{**EXTRA, "id": "ipsec-clients"}], "lync_extra_rows[0], id: 'ipsec-clients' is taken by another row"),
        ([{**EXTRA, "protocol": "tcp"}], "lync_extra_rows[0]: unknown key 'protocol'"),
        (
            [{**EXTRA, "peers": [{"class": "admins"}]}],
            "lync_extra_rows[0], peers[0].class: 'admins' is not a role or class",
        ),
        (
            [{**EXEMPTION, "components": "frontend"}],
            "lync_extra_rows[0], components: 'frontend' has the wrong type; allowed: a list or a mapping",
        ),
    ],
)
def test_what_is_wrong_with_an_extra_row(extra: object, text: str) -> None:
    assert [line for line in problems_of(extra) if line.startswith(text)], problems_of(extra)


@pytest.mark.parametrize(
    ("override", "text"),
    [
        (5, "lync_row_overrides[0]: 5 is not a mapping"),
        (
            {"set": {"port": 1}},
            "lync_row_overrides[0].select: None is not a condition; allowed: a JMESPath condition over a row",
        ),
        (
            {"select": "port==`1`", "set": {"port": 1}},
            "lync_row_overrides[0].select: 'port==`1`' selects no row; fix: texts stand in single quotes, numbers in "
            "backticks",
        ),
        (
            {"select": "id", "set": {"port": 1}},
            "lync_row_overrides[0].select: 'id' cannot be used as a JMESPath condition: it gives 'fe-sip-tcp', not "
            "true or",
        ),
        (
            {"select": "port==", "set": {"port": 1}},
            "lync_row_overrides[0].select: 'port==' cannot be used as a JMESPath condition: Invalid jmespath",
        ),
        (
            {"select": "", "set": {"port": 1}},
            "lync_row_overrides[0].select: '' cannot be used as a JMESPath condition",
        ),
        (
            {"select": "contains(id, nothing)", "set": {"port": 1}},
            "lync_row_overrides[0].select: 'contains(id, nothing)' cannot be used as a JMESPath",
        ),
        (
            {"select": "starts_with(port, 'a')", "set": {"port": 1}},
            "lync_row_overrides[0].select: \"starts_with(port, 'a')\" cannot be used",
        ),
        (
            {"select": "id] | [`1`", "set": {"port": 1}},
            "lync_row_overrides[0].select: 'id] | [`1`' cannot be used as a JMESPath condition",
        ),
        (
            {"select": "id!=`null`", "set": {}},
            "lync_row_overrides[0].set: {} sets nothing; allowed: a mapping of keys of a row to values",
        ),
        ({"select": "id!=`null`"}, "lync_row_overrides[0].set: None sets nothing"),
        (
            {"select": "id!=`null`", "set": {"id": "x"}},
            "lync_row_overrides[0].set: the id of a row cannot be set; fix: switch the row off",
        ),
        (
            {"select": "id!=`null`", "set": {"port": "9-1"}},
            "lync_row_overrides[0].set, port: '9-1' is out of order or outside 1-65535",
        ),
        ({"select": "id!=`null`", "set": {"prot": 1}}, "lync_row_overrides[0].set: unknown key 'prot'"),
        (
            {"select": "id!=`null`", "set": {"port": 1}, "sett": 1},
            "lync_row_overrides[0]: unknown key 'sett'; allowed: select, set, table; fix: write set",
        ),
        (
            {"select": "id!=`null`", "set": {"port": 1}, "table": 3},
            "lync_row_overrides[0], table: 3 is not a table of the catalogue; allowed: ipsec, ports",
        ),
        (
            {"select": "id!=`null`", "set": {"port": 1}, "table": "ipsec"},
            "lync_row_overrides[0].set: unknown key 'port'",
        ),
    ],
)
def test_what_is_wrong_with_an_override(override: object, text: str) -> None:
    assert [line for line in problems_of([], [override]) if line.startswith(text)], problems_of([], [override])


def test_rows_without_an_id_do_not_take_it_from_each_other() -> None:
    nameless = {key: value for key, value in EXTRA.items() if key != "id"}
    assert problems_of([nameless, nameless]) == [
        f"lync_extra_rows[{index}]: the key 'id' is missing; fix: add it" for index in (0, 1)
    ]


def test_problems_of_all_rows_and_overrides_come_together() -> None:
    found = problems_of([{**EXTRA, "port": 0}, 7], [{"select": "zzz", "set": {"port": 1}}, "x"])
    assert [line.split(":")[0] for line in found] == [
        "lync_extra_rows[0], port",
        "lync_extra_rows[1]",
        "lync_row_overrides[0].select",
        "lync_row_overrides[1]",
    ]
