# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page of a drift report: everything is on it, nothing from elsewhere, and names cannot break out of their places."""

from __future__ import annotations

import datetime
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path, parse, read_document
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.deviations import Result
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.report import Context, Device, Report
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.flow_matrix import flows
from ansible_collections.msuc.lync.plugins.plugin_utils._report.html import Deployment, page
from ansible_collections.msuc.lync.plugins.plugin_utils._report.perimeter import certificate_rows, firewall_rows

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "contoso"
NOW = datetime.datetime(2026, 11, 28, 3, 0, tzinfo=datetime.timezone.utc)
OUTSIDE = re.compile(r"""(?:src|href|action)=["'](?!#|data:)|url\(|@import|<(?:iframe|object|embed|base|form)\b""")
MOST_BYTES = 5_000_000
HOSTILE = "</script><img src=x onerror=alert(1)>'\""


def documents(kind: str) -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((GOLDEN / kind).glob("*.json"))]


@pytest.fixture(scope="module")
def contoso() -> Deployment:
    return Deployment(parse(read_document(default_path())), documents("hosts"), documents("pools"))


def report_of(names: list[str], name: str = "SIP", deviations: int = 1, message: str = "") -> dict[str, object]:
    change = {"kind": "change", "properties": [{"property": "remoteip", "before": ["any"], "after": ["10.1.0.0/24"]}]}
    result: Result = {"changes": [{**change, "name": f"{name} {number}"} for number in range(deviations)]}
    devices = {host: Device(host, "windows", ("frontend",), "pool01") for host in names}
    results = {host: {"firewall": {"unreachable": True, "msg": message} if message else result} for host in names}
    return Report.of(results, Context(NOW, devices, pending=[f"fe01: {name} newly admitted"])).document()


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "link", "input", "br", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing(contoso: Deployment) -> None:
    text = page(report_of(["fe01", "fe02"]), contoso)
    tags = _Tags()
    tags.feed(text)
    assert not tags.open
    assert not OUTSIDE.findall(text)
    assert "default-src 'none'" in text
    for words in ("fe02", "10.1.0.0/24", "2 with drift", "pool01.contoso.com", "TCP 5061", "edge01", "Internet"):
        assert words in re.sub(r"</?b>", "", text)


@pytest.mark.parametrize("place", ["name", "message"])
def test_hostile_names_stay_text(contoso: Deployment, place: str) -> None:
    text = page(report_of(["fe01"], **{place: HOSTILE}), contoso)
    assert HOSTILE not in text and "<img" not in text
    assert "&lt;/script&gt;&lt;img src=x" in text


def test_five_hundred_hosts_stay_small(contoso: Deployment) -> None:
    text = page(report_of([f"fe{number:03}.contoso.com" for number in range(500)], deviations=5), contoso)
    assert len(text.encode()) < MOST_BYTES
    assert text.count('<details class="device"') == 500


def test_the_matrix_tells_who_talks_to_whom(contoso: Deployment) -> None:
    found = {(flow.source, flow.destination, flow.transport, flow.port) for flow in flows(contoso.catalogue, contoso.hosts)}
    assert {("clients", "frontend", "tcp", "5061"), ("any", "edge", "udp", "3478"), ("reverse_proxy", "frontend", "tcp", "4443")} <= found
    assert {("any_address", "dhcp_servers", "udp", "67")} <= found and not any(flow[:2] == ("any", "dhcp_servers") for flow in found)
    assert not any(source == "clients" and destination == "back_end" for source, destination, _transport, _port in found)


def test_the_tables_of_the_perimeter(contoso: Deployment) -> None:
    outside = [row for row in firewall_rows(contoso.catalogue, contoso.hosts) if row.side == "external" and row.destination.startswith("edge01")]
    assert {(row.source, row.transport, row.port) for row in outside} >= {("any", "TCP", "443"), ("any", "TCP", "5061"), ("any", "UDP", "3478")}
    rows = certificate_rows(contoso.pools, {"pool01.contoso.com": ("fe01", "fe02.contoso.com")})
    inside = next(row for row in rows if row.holder == "pool01.contoso.com" and row.side == "internal")
    assert inside.subject == inside.names[0] == "pool01.contoso.com"
    assert "fe02.contoso.com" in inside.names and "fe01" not in inside.names
    assert any(row.holder == "reverse proxy" and "webext01.contoso.com" in row.names for row in rows)
