# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A drift report as one HTML page that needs nothing from elsewhere: it opens from a file, in mail, in print.

The text of the page is in drift_page.html.j2 beside this file; everything is escaped on its way there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .._base.libraries import jinja2
from .._base.text import value_text
from .._plan.files import Document
from .._plan.flow_matrix import Flow, flows
from .._plan.model import DnsRecord, HostPlan, PoolPlan
from .drawing import drawing
from .perimeter import certificate_rows, firewall_rows

_TEMPLATE = Path(__file__).with_name("drift_page.html.j2")
_STATUS_WORDS = {"clean": "As planned", "drift": "Drift", "unknown": "Could not tell", "unreachable": "Could not tell", "failed": "Could not tell"}


@dataclass(frozen=True)
class Deployment:
    """What the plan says of all hosts and pools."""

    hosts: Sequence[HostPlan] = ()
    pools: Sequence[PoolPlan] = ()


def page(report: Document, deployment: Deployment) -> str:
    """Return the page of a report's document."""
    found = flows(deployment.hosts)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(spoken=value_text, words=_words, told=_told)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        report=report,
        devices=sorted(_list(report, "devices"), key=lambda device: device["status"] == "clean"),
        status=_STATUS_WORDS[str(report["status"])],
        status_words=_STATUS_WORDS,
        drawing=drawing(found, deployment.hosts),
        matrix=_matrix(found),
        firewall=firewall_rows(deployment.hosts),
        records=_records(deployment.pools),
        certificates=certificate_rows(deployment.pools, _members(deployment.hosts)),
    )


@dataclass(frozen=True)
class Port:
    """One port of a cell of the flow matrix, and what it is for."""

    text: str
    title: str


def _matrix(found: Sequence[Flow]) -> Mapping[tuple[str, str], Sequence[Port]]:
    """Return the ports by source and destination, each once, in the order of their numbers."""
    cells: dict[tuple[str, str], dict[str, list[Flow]]] = {}
    for flow in sorted(found, key=lambda flow: (_words(flow.source), _words(flow.destination), flow.transport, _number(flow.port))):
        ports = cells.setdefault((_words(flow.source), _words(flow.destination)), {})
        ports.setdefault(f"{flow.transport.upper()} {flow.port}", []).append(flow)
    return {pair: [Port(text, _title(items)) for text, items in ports.items()] for pair, ports in cells.items()}


def _told(device: Document) -> str:
    """Return how much was found on a device: "3 deviations, 1 note"; nothing of nothing."""
    counted = Counter("deviation" if item["counts"] else "note" for item in _list(device, "deviations"))
    return ", ".join(f"{number} {name}{'' if number == 1 else 's'}" for name, number in sorted(counted.items()))


def _words(role: str) -> str:
    return "Internet" if role == "any" else role.replace("_", " ")


def _number(port: str) -> int:
    first = port.split(",")[0].split("-")[0]
    return int(first) if first.isdigit() else 0


def _title(items: Sequence[Flow]) -> str:
    return "; ".join(dict.fromkeys(f"{item.application} ({', '.join(item.rows)})" for item in items))


def _records(pools: Sequence[PoolPlan]) -> list[DnsRecord]:
    records = (record for pool in pools for record in pool.dns_records)
    return sorted(records, key=lambda record: (record.view, record.name, record.type))


def _list(document: Document, key: str) -> list[Mapping[str, object]]:
    items = document.get(key)
    return items if isinstance(items, list) else []


def _members(hosts: Sequence[HostPlan]) -> dict[str, tuple[str, ...]]:
    members: dict[str, list[str]] = {}
    for host in hosts:
        if host.pool and host.roles:
            members.setdefault(host.pool, []).append(host.host)
    return {pool: tuple(names) for pool, names in members.items()}
