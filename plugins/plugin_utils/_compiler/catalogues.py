# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The catalogue of a deployment, and of each pool that changes rows for itself.

    catalogues = catalogues_of(topology, inventory); catalogues.of("pool02.contoso.com")

Rows and overrides are read of the inventory as they stand: what is wrong with them is told by the catalogue.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from .._base.errors import InvalidInputError, Problem
from .._catalogue.document import Document
from .._catalogue.extend import extended
from .._catalogue.load import default_path, parse, read_document
from .._catalogue.model import ROLES, Catalogue
from .._inventory.model import Host, InventoryHost, Topology


@dataclass(frozen=True)
class Catalogues:
    """The catalogue of the deployment, and those of pools that differ."""

    main: Catalogue
    of_pools: Mapping[str, Catalogue] = field(default_factory=dict)

    def of(self, pool: str | None) -> Catalogue:
        """Return the catalogue that the members of a pool follow."""
        return self.of_pools.get(pool or "", self.main)


def deployment_catalogue(inventory: Mapping[str, InventoryHost]) -> Catalogue:
    """Return the shipped catalogue with the rows, overrides and classes that the inventory has."""
    document = _deployment_document(inventory)
    return shipped() if document is read_document(default_path()) else parse(document)


def catalogues_of(topology: Topology, main: Catalogue, inventory: Mapping[str, InventoryHost]) -> Catalogues:
    """Return the catalogues of a topology; raises InvalidInputError with the problems of all pools."""
    problems: list[Problem] = []
    found = {}
    for name, pool in topology.pools.items():
        if pool.row_overrides:
            try:
                found[name] = parse(extended(_deployment_document(inventory), (), list(pool.row_overrides)))
            except InvalidInputError as error:
                problems += [
                    Problem(f"pool {name}, {each.place}", each.message, each.allowed, each.fix)
                    for each in error.problems
                ]
    problems += [problem for host in topology.hosts.values() for problem in _without_rows(host, main)]
    if problems:
        raise InvalidInputError(problems)
    return Catalogues(main, found)


def _without_rows(host: Host, catalogue: Catalogue) -> list[Problem]:
    """Return the problem of a host that is to get rules although no row is for its roles."""
    asked = host.managed and host.roles and not any(ROLES[role] for role in host.roles)
    if not asked or host.extra_rules or host.management_ports or _has_rows(host, catalogue):
        return []
    roles = " and ".join(sorted(host.roles))
    message = f"version {host.version.value} has no rows for {roles}, so that the host would get no rule"
    fix = "leave lync_managed out, or add rows with lync_extra_rows"
    return [Problem(f"host {host.name}, lync_managed", message, "false for this role", fix)]


def _has_rows(host: Host, catalogue: Catalogue) -> bool:
    own = host.roles | host.classes | {"databases"} if "back_end" in host.roles else host.roles | host.classes
    components = [row.component for row in catalogue.ports if host.version in row.versions]
    components += [name for row in catalogue.ipsec for name in row.components.get(host.version, ())]
    return any({name, *catalogue.classes.get(name, ())} & own for name in components)


def _deployment_document(inventory: Mapping[str, InventoryHost]) -> Document:
    rows, overrides = (_first_list(inventory, name) for name in ("lync_extra_rows", "lync_row_overrides"))
    classes = _first_value(inventory, "lync_classes")
    own = [str(name) for name in classes] if isinstance(classes, Mapping) else []
    shipped = read_document(default_path())
    return extended(shipped, rows, overrides, own) if rows or overrides or own else shipped


@functools.lru_cache(maxsize=1)
def shipped() -> Catalogue:
    """Return the shipped catalogue as it is; to check its rows costs more than all the rest of a small plan."""
    return parse(read_document(default_path()))


def _first_list(inventory: Mapping[str, InventoryHost], name: str) -> list[Mapping[str, object]]:
    """Return a list of mappings that the inventory has under a name; the topology reports values of other kinds."""
    value = _first_value(inventory, name)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _first_value(inventory: Mapping[str, InventoryHost], name: str) -> object:
    return next((host.variables[name] for host in inventory.values() if name in host.variables), None)
