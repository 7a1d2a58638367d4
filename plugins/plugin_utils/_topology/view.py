# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an inventory says of what a topology knows, in one form for both, so that two can be compared.

    view_of(topology, names, overrides) -> {"fe01.contoso.com": {"lync_pool": "pool01.contoso.com", ...}, ...}

A device is a host or pool by its name in DNS, in lower case, or DEPLOYMENT. A value is a text, a number, or a set of
them; None is what nobody says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .._base.addresses import AddressSet
from .._base.errors import InvalidInputError
from .._base.untyped import mappings
from .._catalogue.document import PORTS, Document, rows_of
from .._catalogue.extend import extended
from .._catalogue.load import default_path, read_document
from .._inventory.model import Host, Method, Pool, Topology
from .listeners import LISTENERS, MEDIA_ROWS, OPTIONAL
from .roles import OWN_ROLES, SERVERS

DEPLOYMENT = "deployment"
ROLES = frozenset({*SERVERS, *OWN_ROLES.values(), "back_end", "file_servers"})
"""Roles that a topology has hosts of."""
_MEDIA_OF_ROLE = {
    "frontend": ("audio", "video", "application_sharing"),
    "standard_edition": ("audio", "video", "application_sharing"),
    "av_conferencing": ("audio", "video"),
    "mediation": ("audio",),
    "sba": ("audio",),
    "edge": ("edge",),
    "video_interop": ("audio", "video"),
}
_LOOSE = frozenset({"sba", "office_web_apps", "monitoring", "archiving", "av_conferencing", "persistent_chat"})
"""Roles whose servers need no pool in an inventory, and have one in each topology."""
_OF_FRONT_ENDS = ("cac", "mobility")
# What a topology says of servers of a role, by listeners of their own.
_FEATURES_OF_ROLE = {
    "frontend": _OF_FRONT_ENDS,
    "standard_edition": _OF_FRONT_ENDS,
    "mediation": ("mediation_tcp",),
    "sba": ("mediation_tcp",),
    "edge": ("federation", "xmpp"),
}
_ROWS = frozenset(
    {
        *(row for line in LISTENERS for row in line.rows.values()),
        *(row for rows in OPTIONAL.values() for row in rows),
        *MEDIA_ROWS.values(),
    }
)

View = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class Named:
    """The hosts and pools of an inventory by their names in DNS, in lower case."""

    topology: Topology

    def host(self, name: str) -> str:
        """Return the name in DNS of a host by its inventory name."""
        found = self.topology.hosts.get(name)
        return ((found.fqdn if found else "") or name).lower()

    def pool(self, name: str) -> str:
        """Return the name of a pool; that of a Standard Edition server may be its inventory name."""
        return self.host(name) if name in self.topology.hosts else name.lower()


def view_of(topology: Topology, overrides: object = (), extra_rows: object = ()) -> View:
    """Return what an inventory says; overrides, extra_rows: the deployment's lync_row_overrides and lync_extra_rows."""
    named = Named(topology)
    known = [host for host in topology.hosts.values() if host.roles & ROLES and host.is_alive]
    hosts = {_device(host, named): _host_view(host, named) for host in known}
    pools = {named.pool(pool.name): _pool_view(pool, named, overrides, extra_rows) for pool in topology.living_pools}
    view: dict[str, dict[str, object]] = {DEPLOYMENT: _deployment_view(topology, named)}
    for name, own in pools.items():
        view[name] = own
    for name, own in hosts.items():
        # A Standard Edition server is a host and a pool of one name.
        view[name] = {**view.get(name, {}), **own}
    return view


def _device(host: Host, named: Named) -> str:
    """Return what a host is compared as; of a farm of Office Web Apps a topology has the name alone."""
    return named.pool(host.pool) if host.pool and "office_web_apps" in host.roles else named.host(host.name)


def _host_view(host: Host, named: Named) -> dict[str, object]:
    found: dict[str, object] = {"groups": frozenset(host.roles & ROLES)}
    if "office_web_apps" in host.roles:
        return found
    found["lync_address"] = frozenset(host.addresses.to_text()) or None
    if host.pool and host.pool in named.topology.pools and not host.roles & _LOOSE:
        found["lync_pool"] = named.pool(host.pool)
    if host.roles & SERVERS:
        # Subscription Edition is an update of 2019, which a topology does not tell from it.
        found["lync_version"] = "2019" if host.version.value == "se" else host.version.value
        meant = {feature for role in host.roles for feature in _FEATURES_OF_ROLE.get(role, ())}
        found["lync_features"] = frozenset(host.features & meant)
    for kind in dict.fromkeys(kind for role in sorted(host.roles) for kind in _MEDIA_OF_ROLE.get(role, ())):
        found[f"lync_media_ports.{kind}"] = ", ".join(host.media_ports[kind].to_text())
    if "edge" in host.roles:
        found |= _edge_view(host)
    if host.roles & {"pstn_gateways", "trusted_applications", "video_interop"}:
        found["lync_sip_port"] = frozenset(host.sip_ports) or None
    if "pstn_gateways" in host.roles:
        found["lync_gateway_pools"] = frozenset(_served(host, named))
    return found


def _edge_view(host: Host) -> dict[str, object]:
    found: dict[str, object] = {f"lync_edge_ports.{service}": port for service, port in host.edge_ports.items()}
    for side in ("external_addresses", "external_nat_addresses"):
        given: Mapping[str, AddressSet] = getattr(host, side)
        for service, addresses in given.items():
            found[f"lync_{side}.{service}"] = frozenset(addresses.to_text()) or None
    return found


def _served(host: Host, named: Named) -> Iterator[str]:
    """Yield the pools that a gateway serves; one that names none serves all with Mediation Servers."""
    if host.serves_pools:
        yield from (named.pool(name) for name in host.serves_pools)
        return
    for other in named.topology.hosts.values():
        if other.roles & {"mediation", "sba"} and other.is_alive:
            yield named.pool(other.pool or other.name)


def _pool_view(pool: Pool, named: Named, overrides: object, extra_rows: object) -> dict[str, object]:
    found: dict[str, object] = {}
    if pool.role not in _LOOSE:
        found |= {"role": pool.role, "members": frozenset(map(named.host, pool.members))}
    if pool.role in ("frontend", "standard_edition", "directors", "office_web_apps"):
        found["web_fqdn"] = pool.web_fqdn and pool.web_fqdn.lower()
        found["external_web_fqdn"] = pool.external_web_fqdn and pool.external_web_fqdn.lower()
    if pool.role in ("frontend", "standard_edition"):
        found["backup_pool"] = pool.backup_pool and named.pool(pool.backup_pool)
    found["monitoring_port"] = pool.monitoring_port
    found["load_balancing"] = pool.method.value if pool.method is not Method.NONE else None
    for service, name in pool.external_fqdns.items():
        found[f"external_fqdns.{service}"] = name.lower()
    if pool.sql:
        found["sql.hosts"] = frozenset(map(named.host, pool.sql.hosts))
        found["sql.mirror"] = pool.sql.mirror and named.host(pool.sql.mirror)
        found["sql.witness"] = pool.sql.witness and named.host(pool.sql.witness)
        found["sql.listener"] = pool.sql.listener and pool.sql.listener.name.lower()
    found["file_share.hosts"] = frozenset(map(named.host, pool.file_share)) or None
    changed = _changed_rows([*_listed(overrides), *pool.row_overrides], _listed(extra_rows))
    return {**found, **{f"row {name}": text for name, text in changed.items()}}


def _listed(value: object) -> list[Mapping[str, object]]:
    return mappings(list(value)) if isinstance(value, (list, tuple)) else []


def _changed_rows(overrides: list[Mapping[str, object]], extra: list[Mapping[str, object]]) -> dict[str, str]:
    """Return the rows of a topology's listeners that are off, or on other ports, with how they are."""
    if not overrides:
        return {}
    try:
        document = extended(read_document(default_path()), extra, overrides)
    except InvalidInputError:
        return {}  # the catalogue reports it
    usual = {str(row["id"]): row for row in rows_of(_shipped(), PORTS)}
    rows = ((str(row.get("id")), row) for row in rows_of(document, PORTS))
    return {
        name: "off" if row.get("enabled") is False else f"{row.get('port')}"
        for name, row in rows
        if name in _ROWS and any(row.get(key) != usual[name].get(key) for key in ("enabled", "port"))
    }


def _shipped() -> Document:
    return read_document(default_path())


def _deployment_view(topology: Topology, named: Named) -> dict[str, object]:
    central = topology.central_management_pool
    urls = {f"lync_simple_urls.{kind}": _urls(topology.simple_urls[kind]) for kind in topology.simple_urls}
    return {
        "lync_sip_domains": frozenset(name.lower() for name in topology.sip_domains),
        "lync_central_management_pool": named.pool(central) if central else None,
        **urls,
    }


def _urls(urls: Iterable[str]) -> frozenset[str]:
    return frozenset(url.lower().rstrip("/") for url in urls)
