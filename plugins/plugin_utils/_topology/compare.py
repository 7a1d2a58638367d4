# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where an inventory and a published topology disagree, as the results of a comparison, which drift reports read.

    compared(topology, variables, published) -> {"fe04.contoso.com": {"changes": [{"kind": "add", ...}]}, ...}

Before is what the inventory says, after what the topology says. What only one of them can know is not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._base.changes import Kind
from .._inventory.model import InventoryHost, Topology
from .._inventory.read import sketch_topology
from .draft import Imported
from .mapping import imported
from .model import Published
from .view import DEPLOYMENT, View, view_of

Change = dict[str, object]
# What a topology has no opinion of where it says nothing.
_ONLY_WHERE_SAID = (
    "lync_address", "lync_external_addresses.", "lync_external_nat_addresses.", "lync_sip_port", "load_balancing",
    "web_fqdn", "monitoring_port", "lync_simple_urls.", "lync_central_management_pool", "sql.", "file_share.",
    "external_fqdns.", "lync_gateway_pools", "lync_edge_ports.", "external_web_fqdn",
)  # fmt: skip
_ROW = "row "


def compared(topology: Topology, variables: Mapping[str, object], published: Published) -> dict[str, list[Change]]:
    """Return how an inventory differs from a topology, by host, pool and DEPLOYMENT; those that do not are empty.

    variables: of any host of the inventory, for what the deployment says of the catalogue. Raises InvalidInputError.
    """
    found = imported(published)
    wanted = view_of(sketch_topology(inventory_hosts(found)), found.deployment.get("lync_row_overrides", ()))
    own = view_of(topology, variables.get("lync_row_overrides", ()), variables.get("lync_extra_rows", ()))
    names = _same_names(own, wanted)
    have = {names.get(name, name): _renamed(values, names) for name, values in own.items()}
    unnamed = _servers_that_no_topology_names(have, wanted)
    names_of_both = sorted({*have, *wanted} - unnamed)
    return {name: list(_changes(name, have.get(name), wanted.get(name))) for name in names_of_both}


def _servers_that_no_topology_names(have: View, wanted: View) -> set[str]:
    """Return the further nodes of AlwaysOn, and the servers behind a DFS namespace, of pools that both have."""
    found: set[str] = set()
    for name in have.keys() & wanted.keys():
        own, other = have[name], wanted[name]
        behind = {"sql.hosts": other.get("sql.listener"), "file_share.hosts": not other.get("file_share.hosts")}
        for key in (key for key, is_unnamed in behind.items() if is_unnamed):
            value = own.get(key)
            found |= {str(one) for one in value} if isinstance(value, frozenset) else set()
    return found - wanted.keys()


def inventory_hosts(found: Imported) -> dict[str, InventoryHost]:
    """Return the inventory of an import, as Ansible would have it."""
    groups: dict[str, list[str]] = {name: ["all"] for name in found.hosts}
    for role, names in found.groups.items():
        for name in names:
            groups[name].append(role)
    return {
        name: InventoryHost(name, tuple(groups[name]), {**found.deployment, **variables})
        for name, variables in found.hosts.items()
    }


def _same_names(own: View, wanted: View) -> dict[str, str]:
    """Return the full names of hosts that the inventory knows by their first label alone."""
    by_label: dict[str, list[str]] = {}
    for name in wanted:
        by_label.setdefault(name.partition(".")[0], []).append(name)
    short = (name for name in own if "." not in name and name not in wanted)
    return {name: by_label[name][0] for name in short if len(by_label.get(name, ())) == 1}


def _renamed(values: Mapping[str, object], names: Mapping[str, str]) -> dict[str, object]:
    """Return values in which hosts have their full names."""
    return {key: _rename(value, names) if key not in ("role", "groups") else value for key, value in values.items()}


def _rename(value: object, names: Mapping[str, str]) -> object:
    if isinstance(value, frozenset):
        return frozenset(names.get(one, one) for one in value)
    return names.get(value, value) if isinstance(value, str) else value


def _changes(name: str, have: Mapping[str, object] | None, want: Mapping[str, object] | None) -> Iterator[Change]:
    if have is None or want is None:
        yield _whole(name, have, want)
        return
    keys = [key for key in sorted({*have, *want}) if have.get(key) != want.get(key) and _counts(key, want)]
    for key in (key for key in keys if key.startswith(_ROW)):
        yield _row_change(key, have.get(key), want.get(key))
    plain = [key for key in keys if not key.startswith(_ROW)]
    if plain:
        yield {
            "kind": Kind.CHANGE.value,
            "name": "inventory",
            "properties": [_property(key, have.get(key), want.get(key)) for key in plain],
            "opens": any(_has_more(want.get(key), have.get(key)) for key in plain),
            "closes": any(_has_more(have.get(key), want.get(key)) for key in plain),
        }


def _counts(key: str, want: Mapping[str, object]) -> bool:
    """Return whether a topology has an opinion; with a listener of AlwaysOn it names one node of several."""
    if key == "sql.hosts" and want.get("sql.listener"):
        return False
    return want.get(key) is not None or not key.startswith(_ONLY_WHERE_SAID)


def _whole(name: str, have: Mapping[str, object] | None, want: Mapping[str, object] | None) -> Change:
    """Return that a host or pool is in one of the two alone."""
    values = have or want or {}
    roles = values.get("groups") or values.get("role") or ()
    text = ", ".join(sorted(map(str, roles))) if isinstance(roles, frozenset) else str(roles)
    kind = Kind.ADD if have is None else Kind.REMOVE
    where = "the topology alone has it" if have is None else "the inventory alone has it"
    is_add = have is None
    return {
        "kind": kind.value, "name": f"{text} {name}", "reason": where, "opens": is_add, "closes": not is_add
    }  # fmt: skip


def _row_change(key: str, have: object, want: object) -> Change:
    """Return how a row of the catalogue differs: switched off where the topology has the service, or the reverse."""
    before, after = have != "off", want != "off"
    if before != after:
        found = {"property": "enabled", "before": before, "after": after}
    else:
        found = _property("port", have or "the catalogue's", want or "the catalogue's")
    return {
        "kind": Kind.CHANGE.value, "name": key, "properties": [found], "opens": after or before == after,
        "closes": before,
    }  # fmt: skip


def _property(key: str, have: object, want: object) -> dict[str, object]:
    return {"property": key, "before": _plain(have), "after": _plain(want)}


def _plain(value: object) -> object:
    return sorted(value, key=str) if isinstance(value, frozenset) else value


def _has_more(one: object, other: object) -> bool:
    """Return whether one value has something that the other lacks."""
    first, second = (value if isinstance(value, frozenset) else frozenset({value} - {None}) for value in (one, other))
    return bool(first - second)


__all__ = ["DEPLOYMENT", "compared", "inventory_hosts"]
