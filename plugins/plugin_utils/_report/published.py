# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The difference between what two plans publish on a reverse proxy, as flows and as words.

    meet.contoso.com on 203.0.113.31 newly published, TCP 443 to 10.1.0.11 port 4443
    publication pool01.contoso.com changed: mode passthrough -> bridge (changes the certificate clients see)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from .._plan.files import Document
from .._publications.driver import CERTIFICATE_CHANGES, IMPACTS

# What flows do not tell of a publication that is in both plans.
_FURTHER = ("mode", "certificate", "ca", "idle_seconds")
_SERVES = ("active", "backup")


class _Flow(NamedTuple):
    """Where one name leads: address and port of the proxy, address and port of a member that takes traffic."""

    host_name: str
    address: str
    port: int
    member: str
    node_port: int


def publication_texts(before: Sequence[Document], after: Sequence[Document]) -> list[str]:
    """Return what changes between the publications of two plans of one host, flows first."""
    old, new = _flows(before), _flows(after)
    flows = [*_flow_texts(new - old, "newly published"), *_flow_texts(old - new, "no longer published")]
    found, wanted = ({str(item["name"]): item for item in items} for items in (before, after))
    return flows + [text for name in sorted(found.keys() & wanted.keys()) for text in _further(name, found[name], wanted[name])]


def _flows(items: Sequence[Any]) -> set[_Flow]:
    return {
        _Flow(name, address, item[f"{scheme}_port"], member["address"], item[f"{scheme}_node_port"])
        for item in items
        for name in item["host_names"]
        for address in item["listens"]
        for member in item["members"]
        if member["state"] in _SERVES
        for scheme in ("https", "http")
    }


def _flow_texts(flows: set[_Flow], verdict: str) -> list[str]:
    grouped: dict[tuple[object, ...], list[str]] = {}
    for flow in sorted(flows):
        grouped.setdefault(flow[1:], []).append(flow.host_name)
    return sorted(f"{', '.join(names)} on {key[0]} {verdict}, TCP {key[1]} to {key[2]} port {key[3]}" for key, names in grouped.items())


def _further(name: str, old: Document, new: Document) -> Iterator[str]:
    """Yield what else differs of a publication, and what clients notice of it; its members where no flow tells of them."""
    sides = [{**{key: item.get(key) or "none" for key in _FURTHER}, "members": _members(item)} for item in (old, new)]
    told = {"members"} if _flows([old]) != _flows([new]) else set()
    keys = [key for key in sides[0] if sides[0][key] != sides[1][key] and key not in told]
    if keys:
        noticed = any(IMPACTS.get(key) is CERTIFICATE_CHANGES for key in keys)
        said = ", ".join(f"{key} {sides[0][key]} -> {sides[1][key]}" for key in keys)
        yield f"publication {name} changed: {said}" + (f" ({CERTIFICATE_CHANGES.words})" if noticed else "")


def _members(item: Document) -> str:
    members: Any = item["members"]
    return ", ".join(f"{member['address']} {member['state']}" for member in members)
