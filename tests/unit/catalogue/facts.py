# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the tests of the catalogue share: the shipped catalogue, the fixtures, and short texts for rows."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import PortSet
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path, parse, read_document
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.model import (
    DEFAULT_EDGE_PORTS,
    Catalogue,
    Interface,
    IpsecRow,
    PortRow,
    PortSide,
    PortSpec,
    Version,
    media_default,
)

HERE = Path(__file__).parent
LATER = (Version.LYNC_2013, Version.SFB_2015, Version.SFB_2019, Version.SFB_SE)


@functools.cache
def shipped() -> Catalogue:
    """Return the shipped catalogue."""
    return parse(read_document(default_path()))


@functools.cache
def fixture(name: str) -> Any:
    """Return a YAML fixture of this folder."""
    return yaml.safe_load((HERE / f"{name}.yml").read_text(encoding="utf-8"))


def row(row_id: str) -> PortRow:
    """Return a port row of the shipped catalogue."""
    return next(found for found in shipped().ports if found.id == row_id)


def numbered(number: str) -> list[PortRow]:
    """Return the port rows that stand for a row of the first edition."""
    return [found for found in shipped().ports if number in found.rows]


def exempted(number: str) -> list[IpsecRow]:
    """Return the IPsec rows that stand for a row of the first edition."""
    return [found for found in shipped().ipsec if number in found.rows]


def peers(row_id: str) -> set[str]:
    """Return the peer classes of a row; those of the own pool only are marked."""
    return {peer.peer_class + (" of the pool" if peer.scope.value == "own_pool" else "") for peer in row(row_id).peers}


def ports_of(spec: PortSpec) -> PortSet:
    """Return the ports of a spec, with the defaults of the inventory."""
    if spec.media:
        return media_default(spec.media)
    if spec.edge_service:
        return PortSet.of(DEFAULT_EDGE_PORTS[spec.edge_service])
    found = spec.default
    assert found
    return found


def port_text(spec: PortSpec) -> str:
    """Return the ports of a spec as text."""
    if spec.own_sip:
        return "own"
    return ", ".join(ports_of(spec).to_text())


def described(found: PortRow) -> list[str]:
    """Return a row as texts, one per transport: "edge av out udp remote 3478"."""
    collocation = {True: "collocated ", False: "stand-alone ", None: ""}[found.collocated]
    shows_interface = found.interface not in (Interface.ANY, Interface.PSTN)
    place = collocation + found.component + (f" {found.interface.value}" if shows_interface else "")
    side = "remote " if found.port_side is PortSide.REMOTE else ""
    return [
        f"{place} {found.direction.value} {transport.value} {side}{port_text(found.port)}"
        for transport in found.transports
    ]


def versions_of(text: object) -> set[Version]:
    """Return the versions that a fixture names; 2019 stands for se too."""
    names = str(text).split()
    return {Version(name) for name in names} | ({Version.SFB_SE} if "2019" in names else set())
