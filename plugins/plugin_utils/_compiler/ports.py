# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""On which ports pools are found: those of the rows that each pool follows, its own overrides included.

    ports = PoolPorts(topology, catalogues)
    ports.of(topology.pools["pool01.contoso.com"], "sip") == 5061

What must know such a port (DNS records, monitors, publications, outbound rules) asks here, so that one override of a
pool moves all of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from .._base.addresses import PortSet
from .._catalogue.model import Catalogue, Direction, PortRow, PortSpec
from .._inventory.model import Pool, Topology
from .catalogues import Catalogues, shipped


class PoolPorts:
    """Answers by the listener of a row, such as "sip" or "external_web_https"."""

    def __init__(self, topology: Topology, catalogues: Catalogues) -> None:
        self._pools = topology.pools
        self._usual = {row.id: row.port for row in shipped().ports}
        self._shipped, self._main = _listeners_of(shipped()), _listeners_of(catalogues.main)
        self._own = {name: _listeners_of(catalogue) for name, catalogue in catalogues.of_pools.items()}
        self._moved: dict[tuple[str, PortSpec], Mapping[str, PortSet]] = {}

    def of(self, pool: Pool, listener: str) -> int:
        """Return the port on which a pool is found, the first where its row has several."""
        specs = (rows.get((pool.role, listener)) for rows in (self._own.get(pool.name, self._main), self._shipped))
        found = next((spec.first for spec in specs if spec and spec.first), None)
        if not found:
            raise LookupError(f"no row of {pool.role} is {listener}")
        return found

    def moved(self, row: PortRow) -> Mapping[str, PortSet]:
        """Return the ports of an outbound row towards pools that are found on others than the row has.

        Nothing where the row leads to no listener, or its own port was set.
        """
        if row.listener is None or row.direction is Direction.IN or row.port != self._usual.get(row.id, row.port):
            return {}
        key = (row.listener, row.port)
        if key not in self._moved:
            pools = self._pools.items()
            own = ((name, self._own.get(name, self._main).get((pool.role, row.listener))) for name, pool in pools)
            self._moved[key] = {
                name: spec.ports for name, spec in own if spec and spec.ports and spec.ports != row.port.ports
            }
        return self._moved[key]


def _listeners_of(catalogue: Catalogue) -> dict[tuple[str, str], PortSpec]:
    """Return the ports of listeners by role and listener."""
    rows = [row for row in catalogue.ports if row.listener and row.direction is Direction.IN]
    return {
        (role, row.listener or ""): row.port
        for row in reversed(rows)
        for role in catalogue.classes.get(row.component, (row.component,))
    }
