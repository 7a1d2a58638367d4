# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The difference between what two plans publish on a reverse proxy, as flows and as text.

meet.contoso.com on 203.0.113.31 newly published, TCP 443 to 10.1.0.11 port 4443
publication pool01.contoso.com changed: mode passthrough -> bridge (changes the certificate clients see)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .._load_balancers.model import MemberState
from .._publications.driver import EFFECTS, EffectKind
from .._publications.model import Publication

_SERVES = (MemberState.ACTIVE, MemberState.BACKUP)


class _Flow(NamedTuple):
    """Where one name leads: address and port of the proxy, address and port of a member that takes traffic."""

    host_name: str
    address: str
    port: int
    member: str
    node_port: int


def publication_texts(before: Sequence[Publication], after: Sequence[Publication]) -> list[str]:
    """Return what changes between the publications of two plans of one host, flows first."""
    old, new = _flows(before), _flows(after)
    flows = [*_flow_texts(new - old, "newly published"), *_flow_texts(old - new, "no longer published")]
    found, wanted = ({item.name: item for item in items} for items in (before, after))
    both = sorted(found.keys() & wanted.keys())
    return flows + [text for name in both for text in _further(found[name], wanted[name])]


def _flows(items: Sequence[Publication]) -> set[_Flow]:
    return {flow for item in items for flow in _flows_of(item)}


def _flows_of(item: Publication) -> Iterator[_Flow]:
    ports = ((item.https_port, item.https_node_port), (item.http_port, item.http_node_port))
    serving = [member.address for member in item.members if member.state in _SERVES]
    return (
        _Flow(name, address, port, member, node_port)
        for name in item.host_names
        for address in item.listens
        for member in serving
        for port, node_port in ports
    )


def _flow_texts(flows: set[_Flow], verdict: str) -> list[str]:
    grouped: dict[tuple[str, int, str, int], list[str]] = {}
    for flow in sorted(flows):
        grouped.setdefault((flow.address, flow.port, flow.member, flow.node_port), []).append(flow.host_name)
    return sorted(
        f"{', '.join(names)} on {address} {verdict}, TCP {port} to {member} port {node_port}"
        for (address, port, member, node_port), names in grouped.items()
    )


def _further(old: Publication, new: Publication) -> Iterator[str]:
    """Yield what else differs of a publication, and what clients notice of it; its members where no flow shows them.
    """
    before, after = _properties(old), _properties(new)
    shown_as_flows = {"members"} if _flows([old]) != _flows([new]) else set()
    keys = [key for key in before if before[key] != after[key] and key not in shown_as_flows]
    if keys:
        noticed = any(EFFECTS.get(key) is EffectKind.CERTIFICATE for key in keys)
        changed = ", ".join(f"{key} {before[key]} -> {after[key]}" for key in keys)
        yield f"publication {old.name} changed: {changed}" + (f" ({EffectKind.CERTIFICATE.text})" if noticed else "")


def _properties(item: Publication) -> dict[str, str]:
    """Return what flows do not show of a publication that is in both plans."""
    return {
        "mode": item.mode.value,
        "certificate": item.certificate or "none",
        "ca": item.ca or "none",
        "idle_seconds": str(item.idle_seconds),
        "members": ", ".join(f"{member.address} {member.state.value}" for member in item.members),
    }
