# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who talks to whom: the flows that a plan admits, by role, for the flow matrix and the drawing of a report.

    Flow(source="clients", destination="frontend", transport="tcp", port="5061", rows=("S2",), application="SIP/TLS", interface="any")

A rule of the plan leads to its catalogue row by its name, and the row to the classes of its peers. A rule of another
origin has the peer "other".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .._catalogue.model import Catalogue, PortRow
from .files import Document

_RULE_NAME = re.compile(r"^Lync (?P<row>\S+) \((?:TCP|UDP) (?:in|out)(?: [\d,-]+)?\)$")
"""The name that policy.firewall gives a rule; with the port where a row has several."""
OTHER = "other"
INTERNET, ANY_ADDRESS = "any", "any_address"
_PERIMETER = ("edge", "reverse_proxy")
"""Only here any peer is the Internet; elsewhere it is, for instance, a client of DHCP that has no address yet."""
_WHOLE = {"cms_master": "frontend", "backup_pool": "frontend", "cms_replicas": "internal_servers"}
"""Classes that are some members of another one."""


@dataclass(frozen=True, order=True)
class Flow:
    """One flow between two roles or classes; port as in the plan: a number, a range a-b, several with commas."""

    source: str
    destination: str
    transport: str
    port: str
    rows: tuple[str, ...]
    application: str
    interface: str


def flows(catalogue: Catalogue, hosts: Iterable[Document]) -> tuple[Flow, ...]:
    """Return the flows that the plans of hosts admit, sorted, each once however many hosts have it."""
    by_id = {row.id: row for row in catalogue.ports}
    return tuple(sorted({flow for host in hosts for rule in rules_of(host) for flow in _of_rule(rule, host, by_id, catalogue)}))


def rules_of(host: Document) -> Iterator[Mapping[str, object]]:
    """Yield the enabled allow rules of a host's plan."""
    items = host.get("firewall_rules")
    for rule in items if isinstance(items, list) else []:
        if rule.get("enabled") and rule.get("action") == "allow":
            yield rule


def row_of(rule: Mapping[str, object], by_id: Mapping[str, PortRow]) -> PortRow | None:
    """Return the catalogue row that a rule was made from, None when it has another origin."""
    match = _RULE_NAME.match(str(rule.get("name")))
    return by_id.get(match["row"]) if match else None


def texts(holder: Mapping[str, object], key: str) -> tuple[str, ...]:
    """Return a list of texts of a plan document."""
    items = holder.get(key)
    return tuple(str(item) for item in items) if isinstance(items, list) else ()


def port_text(rule: Mapping[str, object]) -> str:
    """Return the port that tells what a rule is for: that of the host, or of the peer where it goes out to one."""
    local, remote = (", ".join(texts(rule, key)) for key in ("localport", "remoteport"))
    return remote if rule.get("direction") == "out" and remote != "any" else local


def _of_rule(rule: Mapping[str, object], host: Document, by_id: Mapping[str, PortRow], catalogue: Catalogue) -> Iterator[Flow]:
    row = row_of(rule, by_id)
    roles = _roles(row, host, catalogue)
    peers = sorted({role for peer in row.peers for role in _peer_roles(peer.peer_class, catalogue)}) if row else [OTHER]
    for role in roles:
        for peer in peers:
            other = ANY_ADDRESS if peer == INTERNET and role not in _PERIMETER else peer
            source, destination = (other, role) if rule.get("direction") == "in" else (role, other)
            yield Flow(
                source=source,
                destination=destination,
                transport=str(rule.get("protocol")),
                port=port_text(rule),
                rows=texts(rule, "rows"),
                application=row.application if row else "",
                interface=row.interface.value if row else "any",
            )


def _peer_roles(name: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the roles that a peer class is made of; a class of networks is itself."""
    whole = _WHOLE.get(name, name)
    return catalogue.classes.get(whole, (whole,))


def _roles(row: PortRow | None, host: Document, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the roles of a host that a row is for, all of them when that cannot be told."""
    roles = texts(host, "roles")
    meant = catalogue.classes.get(row.component, (row.component,)) if row else ()
    return tuple(role for role in roles if role in meant) or roles
