# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The topology as a drawing: roles in their networks and the flows between them, as SVG without any outside resource.

Columns are networks (Internet, perimeter, servers, users), boxes are roles with their pools, lines are flows: the more
ports, the wider. Colours come from the style sheet of the page around it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from .._plan.flow_matrix import Flow
from .._plan.model import HostPlan

_COLUMNS = {
    "Internet": ("any",),
    "Perimeter": ("edge", "reverse_proxy"),
    "Servers": (
        "directors", "frontend", "standard_edition", "mediation", "av_conferencing", "monitoring", "archiving", "persistent_chat", "back_end",
        "exchange_um", "office_web_apps", "trusted_applications", "file_servers", "dns_servers", "dhcp_servers", "load_balancers", "admin_hosts", "management",
    ),
    "Users and telephony": ("clients", "phones", "pstn_gateways", "sba", "e911_gateways", "media_networks", "any_internal", "any_address"),
}  # fmt: skip
_WIDTH, _BOX_WIDTH, _BOX_HEIGHT, _GAP, _TOP = 260, 180, 44, 18, 44
_WIDEST_LINE = 7


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
    present = {role for pair in lines for role in pair} | {role for host in hosts for role in host.roles}
    boxes = _placed(present)
    height = max((box.y for box in boxes.values()), default=_TOP) + _BOX_HEIGHT + _GAP
    counts = Counter(role for host in hosts for role in host.roles)
    drawn = [
        _line(boxes[source], boxes[destination], number) for (source, destination), number in sorted(lines.items()) if source in boxes and destination in boxes
    ]
    headings = [f'<text class="column" x="{_WIDTH * index + _BOX_WIDTH // 2}" y="24">{escape(name)}</text>' for index, name in enumerate(_COLUMNS)]
    parts = [*headings, *drawn, *(_box(box, counts) for box in boxes.values())]
    label = "Topology: roles by network, and the flows that the plan admits between them"
    return f'<svg role="img" aria-label={quoteattr(label)} viewBox="-8 0 {_WIDTH * len(_COLUMNS) - 10} {height}">{"".join(parts)}</svg>'


def _placed(present: set[str]) -> dict[str, _Box]:
    boxes = {}
    for index, roles in enumerate(_COLUMNS.values()):
        for place, role in enumerate(role for role in roles if role in present):
            boxes[role] = _Box(role, index * _WIDTH, _TOP + place * (_BOX_HEIGHT + _GAP))
    return boxes


def _box(box: _Box, counts: Mapping[str, int]) -> str:
    number = counts.get(box.role, 0)
    name = "Internet" if box.role == "any" else box.role.replace("_", " ")
    told = f"{number} host{'' if number == 1 else 's'}" if number else "everybody" if box.role == "any" else "not managed"
    middle = box.x + _BOX_WIDTH // 2
    return (
        f'<g class="role"><rect x="{box.x}" y="{box.y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="6"/>'
        f'<text x="{middle}" y="{box.y + 18}">{escape(name)}</text><text class="small" x="{middle}" y="{box.y + 35}">{told}</text></g>'
    )


def _line(source: _Box, destination: _Box, number: int) -> str:
    (x1, y1), (x2, y2) = source.side(destination), destination.side(source)
    bend = 24 + abs(y2 - y1) // 12 if x1 == x2 else (x2 - x1) // 2
    width = min(1 + number // 4, _WIDEST_LINE)
    title = escape(f"{source.role} to {destination.role}: {number} flow{'' if number == 1 else 's'}")
    path = f"M{x1},{y1} C{x1 + bend},{y1} {x2 - bend if x1 != x2 else x2 + bend},{y2} {x2},{y2}"
    return f'<path class="flow" d="{path}" stroke-width="{width}"><title>{title}</title></path>'
