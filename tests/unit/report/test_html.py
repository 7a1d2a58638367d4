# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page of a drift report.

Everything is on it, nothing from elsewhere, and names cannot break out of their places.
"""

from __future__ import annotations

import datetime
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.report import Context, Report
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.files import read_plan
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import FirewallRule, HostPlan, Plan
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.tables import flows
from ansible_collections.msuc.lync.plugins.plugin_utils._report.html import drawing, page
from ansible_collections.msuc.lync.plugins.plugin_utils._report.papers import firewall_rows
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "contoso"
NOW = datetime.datetime(2026, 11, 28, 3, 0, tzinfo=datetime.timezone.utc)
OUTSIDE = re.compile(r"""(?:src|href|action)=["'](?!#|data:)|url\(|@import|<(?:iframe|object|embed|base|form)\b""")
MOST_BYTES = 5_000_000
HOSTILE = "</script><img src=x onerror=alert(1)>'\""


@pytest.fixture(scope="module")
def contoso() -> Plan:
    return read_plan(GOLDEN)


def report_of(names: list[str], name: str = "SIP", deviations: int = 1, message: str = "") -> dict[str, object]:
    edit = {"kind": "change", "properties": [{"property": "remoteip", "before": ["any"], "after": ["10.1.0.0/24"]}]}
    changes = [{**edit, "name": f"{name} {number}"} for number in range(deviations)]
    answer = {"unreachable": True, "msg": message} if message else {"changed": True, "changes": changes}
    results = [TaskResult.of_answer(host, Concern.FIREWALL, Step.COMPARE, answer, is_check=True) for host in names]
    hosts = {host: HostPlan(host, ("frontend",), "2013", "pool01", "windows", True, "active", ()) for host in names}
    return Report.of(results, Context(NOW, hosts, pending=[f"fe01: {name} newly admitted"])).document()


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


def test_the_page_is_whole_and_loads_nothing(contoso: Plan) -> None:
    text = page(report_of(["fe01", "fe02"]), contoso)
    tags = _Tags()
    tags.feed(text)
    assert not tags.open
    assert not OUTSIDE.findall(text)
    assert "default-src 'none'" in text
    for words in ("fe02", "10.1.0.0/24", "2 with drift", "pool01.contoso.com", "TCP 5061", "edge01", "Internet"):
        assert words in re.sub(r"</?b>", "", text)


@pytest.mark.parametrize("hostile", [report_of(["fe01"], name=HOSTILE), report_of(["fe01"], message=HOSTILE)])
def test_hostile_names_stay_text(contoso: Plan, hostile: dict[str, object]) -> None:
    text = page(hostile, contoso)
    assert HOSTILE not in text and "<img" not in text
    assert "&lt;/script&gt;&lt;img src=x" in text


def test_five_hundred_hosts_stay_small(contoso: Plan) -> None:
    text = page(report_of([f"fe{number:03}.contoso.com" for number in range(500)], deviations=5), contoso)
    assert len(text.encode()) < MOST_BYTES
    assert text.count('<details class="device"') == 500


def test_the_matrix_tells_who_talks_to_whom(contoso: Plan) -> None:
    found = {(flow.source, flow.destination, flow.transport, flow.port) for flow in flows(contoso.hosts.values())}
    assert {
        ("clients", "frontend", "tcp", "5061"),
        ("any", "edge", "udp", "3478"),
        ("reverse_proxy", "frontend", "tcp", "4443"),
    } <= found
    assert {("any_address", "dhcp_servers", "udp", "67")} <= found and not any(
        flow[:2] == ("any", "dhcp_servers") for flow in found
    )
    assert not any(
        source == "clients" and destination == "back_end" for source, destination, _transport, _port in found
    )


def test_a_role_of_the_drawing_has_its_number_of_hosts() -> None:
    rule = FirewallRule("SIP", ("S2",), "in", "tcp", ("443",), ("any",), ("any",), ("any",), "SIP",
                        peer_classes=("any", "pstn_gateways"))  # fmt: skip
    hosts = [
        HostPlan(name, ("edge",), "2013", None, "windows", True, "active", (), firewall_rules=(rule,))
        for name in ("edge01", "edge02")
    ]
    sizes = re.findall(r'class="small"[^>]*>([^<]*)<', drawing(flows(hosts), hosts))
    assert sorted(sizes) == ["2 hosts", "everybody", "not managed"]


def test_a_rule_of_the_site_is_in_the_matrix_and_in_the_table_of_the_perimeter() -> None:
    """lync_extra_rows: what no row of the shipped catalogue has."""
    rule = FirewallRule(
        name="Lync site (TCP in)",
        rows=("site",),
        direction="in",
        protocol="tcp",
        localport=("5666",),
        remoteport=("any",),
        localip=("203.0.113.21",),
        remoteip=("any",),
        description="",
        applications=("Monitoring/TLS",),
        services=("Agent",),
        peer_classes=("any",),
        component_roles=("edge",),
        interface="access",
    )
    edge = HostPlan("edge01", ("edge",), "2013", None, "windows", True, "active", (), firewall_rules=(rule,))
    (row,) = firewall_rows(Plan({edge.host: edge}))
    assert (row.side, row.source, row.port, row.service) == ("external", "any", "5666", "Agent")
    (flow,) = flows([edge])
    assert (flow.source, flow.destination, flow.application) == ("any", "edge", "Monitoring/TLS")


def test_a_device_that_left_no_result_is_open_on_the_page_and_not_as_planned(contoso: Plan) -> None:
    lost = TaskResult.unknown("fe01", Concern.FIREWALL, Step.COMPARE)
    text = page(Report.of([lost], Context(NOW, contoso.hosts)).document(), contoso)
    assert "Could not tell" in text and lost.message in text and "As planned" not in text
