# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A drift report as one HTML page that needs nothing from elsewhere: it opens from a file, in mail, in print.

Beside the devices it has what the plan says of all of them: the topology as a drawing (columns are networks, boxes
are roles with their pools, lines are flows, the wider the more ports), who talks to whom, and what those need who run
the perimeter: the rows of papers.py, and DNS records. The text of the page is in drift_page.html.j2 beside this file;
everything is escaped on its way there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from .._base.libraries import jinja2
from .._base.untyped import counted, mappings, result_text
from .._plan.documents import Document
from .._plan.model import DnsRecord, HostPlan, Plan, PoolPlan
from .._plan.tables import Flow, flows
from .papers import certificate_rows, firewall_rows

_TEMPLATE = Path(__file__).with_name("drift_page.html.j2")
_NOT_KNOWN = "Could not tell"
_STATUSES = {
    "clean": "As planned",
    "drift": "Drift",
    "unknown": _NOT_KNOWN,
    "unreachable": _NOT_KNOWN,
    "failed": _NOT_KNOWN,
}
_COLUMNS = {
    "Internet": ("any",),
    "Perimeter": ("edge", "reverse_proxy"),
    "Servers": (
        "directors", "frontend", "standard_edition", "mediation", "av_conferencing", "monitoring", "archiving",
        "persistent_chat", "back_end", "exchange_um", "office_web_apps", "trusted_applications", "file_servers",
        "dns_servers", "dhcp_servers", "load_balancers", "admin_hosts", "management",
    ),
    "Users and telephony": (
        "clients", "phones", "pstn_gateways", "sba", "e911_gateways", "media_networks", "any_internal", "any_address",
    ),
}  # fmt: skip
_WIDTH, _BOX_WIDTH, _BOX_HEIGHT, _GAP, _TOP = 260, 180, 44, 18, 44
_WIDEST_LINE = 7


def page(report: Document, plan: Plan) -> str:
    """Return the page of a report's document."""
    hosts, pools = tuple(plan.hosts.values()), tuple(plan.pools.values())
    found = flows(hosts)
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(result_text=result_text, role_name=_role_name, counts=_device_counts)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        report=report,
        devices=sorted(mappings(report.get("devices")), key=lambda device: device["status"] == "clean"),
        status=_STATUSES[str(report["status"])],
        statuses=_STATUSES,
        drawing=drawing(found, hosts),
        matrix=_matrix(found),
        firewall=firewall_rows(plan),
        records=_sort_records(pools),
        certificates=certificate_rows(pools),
    )


@dataclass(frozen=True)
class Port:
    """One port of a cell of the flow matrix, and what it is for."""

    text: str
    title: str


def _matrix(found: Sequence[Flow]) -> Mapping[tuple[str, str], Sequence[Port]]:
    """Return the ports by source and destination, each once, in the order of their numbers."""
    cells: dict[tuple[str, str], dict[str, list[Flow]]] = {}
    for flow in sorted(found, key=lambda flow: (*_ends(flow), flow.transport, _read_first_port(flow.port))):
        ports = cells.setdefault(_ends(flow), {})
        ports.setdefault(f"{flow.transport.upper()} {flow.port}", []).append(flow)
    return {pair: [Port(text, _describe_flows(ports[text])) for text in ports] for pair, ports in cells.items()}


def _ends(flow: Flow) -> tuple[str, str]:
    return _role_name(flow.source), _role_name(flow.destination)


def _device_counts(device: Document) -> str:
    """Return how much was found on a device: "3 deviations, 1 note"; nothing of nothing."""
    found = mappings(device.get("deviations"))
    kinds = Counter("deviation" if item.get("counts") else "note" for item in found)
    return ", ".join(counted(number, name) for name, number in sorted(kinds.items()))


def _role_name(role: str) -> str:
    return "Internet" if role == "any" else role.replace("_", " ")


def _read_first_port(port: str) -> int:
    first = port.split(",")[0].split("-")[0]
    return int(first) if first.isdigit() else 0


def _describe_flows(items: Sequence[Flow]) -> str:
    return "; ".join(dict.fromkeys(f"{item.application} ({', '.join(item.rows)})" for item in items))


def _sort_records(pools: Iterable[PoolPlan]) -> list[DnsRecord]:
    records = (record for pool in pools for record in pool.dns_records)
    return sorted(records, key=lambda record: (record.view, record.name, record.type))


@dataclass(frozen=True)
class _Box:
    """One role of the drawing with the left upper corner of its box."""

    role: str
    x: int
    y: int

    def side(self, other: _Box) -> tuple[int, int]:
        """Return where a line to another box leaves this one; within a column, lines bow out to the right."""
        return (self.x + (_BOX_WIDTH if other.x >= self.x else 0), self.y + _BOX_HEIGHT // 2)


def drawing(flows: Iterable[Flow], hosts: Sequence[HostPlan]) -> str:
    """Return the drawing of flows between the roles of hosts, as an svg element."""
    lines = Counter((flow.source, flow.destination) for flow in flows if flow.source != flow.destination)
    counts = Counter(role for host in hosts for role in host.roles)
    boxes = _place_boxes({role for pair in lines for role in pair} | counts.keys())
    height = max((box.y for box in boxes.values()), default=_TOP) + _BOX_HEIGHT + _GAP
    known = ((pair, number) for pair, number in sorted(lines.items()) if boxes.keys() >= set(pair))
    parts = [_heading(index, name) for index, name in enumerate(_COLUMNS)]
    parts += [_render_line(boxes[source], boxes[destination], number) for (source, destination), number in known]
    parts += [_render_box(box, counts) for box in boxes.values()]
    label = quoteattr("Topology: roles by network, and the flows that the plan admits between them")
    size = f"-8 0 {_WIDTH * len(_COLUMNS) - 10} {height}"
    return f'<svg role="img" aria-label={label} viewBox="{size}">{"".join(parts)}</svg>'


def _heading(index: int, name: str) -> str:
    return f'<text class="column" x="{_WIDTH * index + _BOX_WIDTH // 2}" y="24">{escape(name)}</text>'


def _place_boxes(present: set[str]) -> dict[str, _Box]:
    boxes = {}
    for index, roles in enumerate(_COLUMNS.values()):
        for place, role in enumerate(role for role in roles if role in present):
            boxes[role] = _Box(role, index * _WIDTH, _TOP + place * (_BOX_HEIGHT + _GAP))
    return boxes


def _render_box(box: _Box, counts: Mapping[str, int]) -> str:
    number = counts.get(box.role, 0)
    size = counted(number, "host") if number else "everybody" if box.role == "any" else "not managed"
    middle = box.x + _BOX_WIDTH // 2
    return (
        f'<g class="role"><rect x="{box.x}" y="{box.y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="6"/>'
        f'<text x="{middle}" y="{box.y + 18}">{escape(_role_name(box.role))}</text>'
        f'<text class="small" x="{middle}" y="{box.y + 35}">{size}</text></g>'
    )


def _render_line(source: _Box, destination: _Box, number: int) -> str:
    (x1, y1), (x2, y2) = source.side(destination), destination.side(source)
    bend = 24 + abs(y2 - y1) // 12 if x1 == x2 else (x2 - x1) // 2
    width = min(1 + number // 4, _WIDEST_LINE)
    title = escape(f"{source.role} to {destination.role}: {counted(number, 'flow')}")
    path = f"M{x1},{y1} C{x1 + bend},{y1} {x2 - bend if x1 != x2 else x2 + bend},{y2} {x2},{y2}"
    return f'<path class="flow" d="{path}" stroke-width="{width}"><title>{title}</title></path>'
