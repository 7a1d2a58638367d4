# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records of DNS: what is read, what is refused, and zone lines there and back."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.reconcile import Task
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.records import RecordSet, read_records
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.zone import offline_result
from hypothesis import given, settings
from hypothesis import strategies as st

POOL: dict[str, Any] = {"name": "pool01.contoso.com", "type": "A", "values": ["10.1.0.11"], "zone": "contoso.com"}
OPTIONS: dict[str, Any] = {
    "state": "replaced", "records": [], "servers": [], "owners": [], "take_over": [],
    "timeout_seconds": 5.0, "wait_seconds": 0.0,
    "running_config": None, "path": None, "zone": None, "view": "internal",
}  # fmt: skip


def rendered(records: list[dict[str, Any]]) -> Any:
    return offline_result({**OPTIONS, "state": "rendered", "records": records})["rendered"]


def parsed(text: str | None, zone: str | None = "contoso.com", **more: Any) -> Any:
    return offline_result({**OPTIONS, "state": "parsed", "running_config": text, "zone": zone, **more})["parsed"]


@pytest.mark.parametrize(
    ("kind", "given_values", "expected"),
    [
        ("A", ["10.1.0.12", "10.1.0.11", "10.1.0.11"], ("10.1.0.11", "10.1.0.12")),
        ("a", "10.1.0.12, 10.1.0.11", ("10.1.0.11", "10.1.0.12")),
        ("AAAA", ["2001:0DB8:0::0011"], ("2001:db8::11",)),
        ("SRV", ["0 0 5061 Pool01.contoso.com."], ("0 0 5061 pool01.contoso.com",)),
        ("CNAME", ["Pool01.Contoso.com"], ("pool01.contoso.com",)),
    ],
)
def test_equal_records_are_one(kind: str, given_values: object, expected: tuple[str, ...]) -> None:
    (one,) = read_records(
        [{**POOL, "name": "Pool01.Contoso.com.", "zone": "contoso.com.", "type": kind, "values": given_values}]
    )
    assert (one.set.key.name, one.set.key.zone, one.set.key.type, one.set.values) == (
        "pool01.contoso.com",
        "contoso.com",
        kind.upper(),
        expected,
    )


FAULTS: list[tuple[list[dict[str, Any]], list[str]]] = [
    ([{}], ["records[0]: the record has no name; fix: add name", "records[0]: the record has no type; fix: add type",
            "records[0]: the record has no values; fix: add values",
            "records[0]: the record has no zone; fix: add zone"]),
    ([{**POOL, "values": ["10.1.0.300"], "ttl": -1}, {**POOL, "type": "MX", "vieww": "internal"}],
     ["records[0]: '10.1.0.300' is not a value of type A: Text input is malformed.; "
      "allowed: values as a zone file has them; fix: correct the value",
      "records[0].ttl: -1 is not a time to live; allowed: 0 to 2147483647 seconds",
      "records[1]: 'vieww' is not a key; allowed: name, type, values, ttl, zone, view, owner; fix: write view",
      "records[1].type: 'MX' is not a type; allowed: A, AAAA, SRV, CNAME"]),
    ([{**POOL, "zone": "fabrikam.com"}],
     ["records[0]: pool01.contoso.com is not a name of the zone fabrikam.com; "
      "allowed: fabrikam.com and names that end with .fabrikam.com; fix: correct name or zone"]),
    ([{**POOL, "owner": ".".join(["o" * 60] * 4)}],
     [f"records[0]: '{'.'.join(['o' * 60] * 2)[:116]}... is too long for an owner in the zone contoso.com; "
      "allowed: 242 characters for both together"]),
    ([POOL, {**POOL, "values": ["10.1.0.12"]}],
     ["records[1]: pool01.contoso.com A is wanted twice, with other values, time to live or owner; "
      "fix: keep one of the two"]),
    ([POOL, {**POOL, "type": "CNAME", "values": ["a.contoso.com", "b.contoso.com"]}],
     ["records: pool01.contoso.com is an alias in the view internal and has other records too; "
      "allowed: type CNAME alone at its name; fix: remove one of the two",
      "records[1]: pool01.contoso.com is an alias of 2 names; allowed: one value for type CNAME; "
      "fix: remove all but one"]),
]  # fmt: skip


@pytest.mark.parametrize(("records", "expected"), FAULTS)
def test_faults_of_records_are_told_together(records: list[dict[str, Any]], expected: list[str]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_records(records)
    assert sorted(map(str, caught.value.problems)) == sorted(expected)


def test_faults_of_records_and_servers_are_told_together_and_no_secret_is() -> None:
    server = {"address": "10.1.0.93", "zones": ["contoso.com"], "key_name": "lync", "key_secret": "not base64"}
    with pytest.raises(InvalidInputError) as caught:
        Task.from_options({**OPTIONS, "records": [{**POOL, "type": "MX"}], "servers": [server]})
    places = [problem.place for problem in caught.value.problems]
    assert places == ["records[0].type", "servers[0].key_secret"]
    assert "not base64" not in str(caught.value).replace("the secret is not base64", "")


def test_the_same_set_may_be_in_both_views() -> None:
    assert len(read_records([POOL, {**POOL, "view": "external", "values": ["203.0.113.1"]}])) == 2


def test_rendered_lines_are_absolute_and_sorted() -> None:
    web = {
        **POOL,
        "name": "web.oslo.contoso.com",
        "zone": "oslo.contoso.com",
        "type": "CNAME",
        "values": ["pool01.contoso.com"],
        "ttl": 60,
    }
    srv = {
        **POOL,
        "name": "_sip._tls.contoso.com",
        "type": "SRV",
        "values": ["0 0 443 sip.contoso.com"],
        "view": "external",
    }
    assert rendered([web, srv, {**POOL, "values": ["10.1.0.12", "10.1.0.11"]}]) == {
        "internal": "$ORIGIN contoso.com.\n"
        "pool01.contoso.com. 300 IN A 10.1.0.11\npool01.contoso.com. 300 IN A 10.1.0.12\n"
        "$ORIGIN oslo.contoso.com.\nweb.oslo.contoso.com. 60 IN CNAME pool01.contoso.com.\n",
        "external": "$ORIGIN contoso.com.\n_sip._tls.contoso.com. 300 IN SRV 0 0 443 sip.contoso.com.\n",
    }


def test_parsed_takes_a_zone_file_as_it_is(tmp_path: Path) -> None:
    head = "$TTL 1h\n@ IN SOA ns1 host 1 2 3 4 5\n  NS ns1\n"
    text = f"{head}Pool01 300 A 10.1.0.12\n 300 A 10.1.0.11\n_sip._tls SRV 0 0 443 sip\nother TXT hello\n"
    expected = [
        {
            **POOL,
            "name": "_sip._tls.contoso.com",
            "type": "SRV",
            "values": ["0 0 443 sip.contoso.com"],
            "ttl": 3600,
            "view": "external",
        },
        {**POOL, "values": ["10.1.0.11", "10.1.0.12"], "ttl": 300, "view": "external"},
    ]
    (tmp_path / "zone").write_text(text, encoding="utf-8")
    assert parsed(text, view="external") == parsed(None, view="external", path=str(tmp_path / "zone")) == expected


@pytest.mark.parametrize(
    ("text", "more", "expected"),
    [
        ("a A 10.1.0.1\n", {"zone": None}, "zone: state parsed needs the zone of the text"),
        (None, {}, "running_config: state parsed needs a text or a file"),
        (None, {"path": "/no/such/zone"}, "path: '/no/such/zone' cannot be read"),
        ("a A (\n", {}, "running_config: it is not the text of a zone"),
        ("a A 10.1.0.999\n", {}, "running_config: it is not the text of a zone"),
    ],
)
def test_parsed_refuses(text: str | None, more: dict[str, Any], expected: str) -> None:
    with pytest.raises(InvalidInputError, match=expected.replace("(", r"\(")):
        parsed(text, **{"zone": "contoso.com", **more})


_LABELS = st.text("abcxyz019-_", min_size=1, max_size=9).filter(lambda text: text.strip("-_") == text)
_NAMES = st.lists(_LABELS, min_size=1, max_size=3).map(".".join)
_VALUES: dict[str, st.SearchStrategy[str]] = {
    "A": st.ip_addresses(v=4).map(str), "AAAA": st.ip_addresses(v=6).map(str),
    "SRV": st.builds("{} {} {} {}".format, *[st.integers(0, 65535)] * 3, _NAMES), "CNAME": _NAMES,
}  # fmt: skip


@st.composite
def record_options(draw: st.DrawFn, values: int = 4) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(_VALUES)))
    found = draw(st.lists(_VALUES[kind], min_size=1, max_size=1 if kind == "CNAME" else values))
    # Aliases have names of their own, since nothing may stand beside them.
    name = f"{draw(_NAMES)}.{'alias' if kind == 'CNAME' else 'host'}.contoso.com"
    return {"name": name, "type": kind, "values": found, "ttl": draw(st.integers(0, 2**31 - 1)), "zone": "contoso.com"}


@settings(max_examples=150)
@given(st.lists(record_options(), max_size=6, unique_by=lambda one: (one["name"], one["type"])))
def test_parsed_is_the_inverse_of_rendered(records: list[dict[str, Any]]) -> None:
    want: list[RecordSet] = [one.set for one in read_records(records)]
    text = rendered(records).get("internal", "")
    found = parsed(text)
    assert [one.set for one in read_records(found)] == sorted(want)
    assert rendered(found).get("internal", "") == text


@pytest.mark.skipif(
    not shutil.which("named-checkzone", path="/usr/bin:/usr/sbin"),
    reason="named-checkzone of Debian's package bind9-utils is not installed",
)
def test_bind_takes_rendered_lines(tmp_path: Path) -> None:
    srv = {**POOL, "name": "_sip._tls.contoso.com", "type": "SRV", "values": ["0 0 443 pool01.contoso.com"]}
    records = [POOL, {**POOL, "type": "AAAA", "values": ["2001:db8::1"]}, srv]
    file = tmp_path / "zone"
    file.write_text(
        f"$TTL 60\n@ SOA ns1 host 1 2 3 4 5\n@ NS ns1\nns1 A 10.1.0.1\n{rendered(records)['internal']}",
        encoding="utf-8",
    )
    done = subprocess.run(
        ["named-checkzone", "-D", "contoso.com", str(file)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/usr/sbin"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "_sip._tls.contoso.com. 300 IN SRV 0 0 443 pool01.contoso.com." in [
        " ".join(line.split()) for line in done.stdout.splitlines()
    ]
