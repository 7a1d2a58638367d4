# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of Edge Servers and their pools: interfaces, services, translated addresses, pool size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._base.addresses import AddressSet
from .._base.errors import Problem
from .._catalogue.model import EDGE_SERVICES
from . import pool_fields as f
from . import variables as v
from .build import Check, Draft
from .model import Host, Method, Pool

MOST_EDGES = 12  # supported in one pool: load-balancing rules of the product, 1.6
_SERVICES = ", ".join(EDGE_SERVICES)
# What the Access Edge service listens on for partners, by the features that need it: rows edge-federation, edge-xmpp.
_PARTNER_PORTS = {5061: frozenset(("federation", "public_im")), 5269: frozenset(("xmpp",))}


def _edge_pools(draft: Draft) -> Iterator[Pool]:
    return (pool for pool in draft.topology.pools.values() if pool.role == "edge")


def external_addresses_present(draft: Draft) -> Iterator[Problem]:
    """Refuse an Edge Server without an external address for each service."""
    for host in draft.hosts_with("edge"):
        record = draft.host_records[host.name]
        missing = [service for service in EDGE_SERVICES if not host.external_addresses.get(service)]
        if missing and record.good(v.EXTERNAL_ADDRESSES):
            place = f"host {host.name}, lync_external_addresses"
            yield Problem(
                place,
                f"an Edge Server needs an external address for {', '.join(missing)}",
                f"keys {_SERVICES}",
                "add what its network cards hold",
            )


def interfaces_apart(draft: Draft) -> Iterator[Problem]:
    """Refuse an address on both sides of an Edge Server."""
    for host in draft.hosts_with("edge"):
        for one in (host.internal_address & AddressSet.union_of(host.external_addresses.values())).each():
            message = f"{one} is both an internal and an external address"
            yield Problem(
                f"host {host.name}, lync_external_addresses",
                message,
                "two networks",
                "correct lync_internal_address or lync_external_addresses",
            )


def services_unique(draft: Draft) -> Iterator[Problem]:
    """Refuse two external services of Edge Servers on one address and port; translated addresses count as well."""
    for variable in ("external_addresses", "external_nat_addresses"):
        used: dict[tuple[str, int], str] = {}
        for host in draft.hosts_with("edge"):
            given: Mapping[str, AddressSet] = getattr(host, variable)
            yield from _service_clashes(host, f"host {host.name}, lync_{variable}", given, used)
            yield from _partner_clashes(host, f"host {host.name}, lync_{variable}", given, used)


def external_vips_unique(draft: Draft) -> Iterator[Problem]:
    """Refuse two external services of Edge pools on one virtual address and port."""
    used: dict[tuple[str, int], str] = {}
    for pool in _edge_pools(draft):
        if pool.members:
            host = draft.topology.hosts[pool.members[0]]
            yield from _service_clashes(host, f"pool {pool.name}, external_vips", pool.external_vips, used)
            yield from _partner_clashes(host, f"pool {pool.name}, external_vips", pool.external_vips, used)


def _service_clashes(
    host: Host, place: str, given: Mapping[str, AddressSet], used: dict[tuple[str, int], str]
) -> Iterator[Problem]:
    for service, addresses in given.items():
        port = host.edge_ports[service]
        for one in addresses.each():
            service_place = f"{place}.{service}"
            owner = used.setdefault((one, port), service_place)
            if owner != service_place:
                message = f"{one} port {port} is also that of {owner}"
                yield Problem(
                    service_place,
                    message,
                    "one service for an address and port",
                    "give each service its own address, or its own port in lync_edge_ports",
                )


def _partner_clashes(
    host: Host, place: str, given: Mapping[str, AddressSet], used: Mapping[tuple[str, int], str]
) -> Iterator[Problem]:
    """Yield the services on ports that the Access Edge service listens on for partners, beside its own port."""
    for port, features in _PARTNER_PORTS.items():
        if not host.features & features:
            continue
        own = f"{place}.access"
        for one in given.get("access", AddressSet()).each():
            owner = used.get((one, port), own)
            if owner != own:
                message = f"{one} port {port} is also that of {' and '.join(sorted(host.features & features))}"
                fix = "give the service its own address, or another port in lync_edge_ports"
                yield Problem(owner, message, "one service for an address and port", fix)


def ports_agree(draft: Draft) -> Iterator[Problem]:
    """Refuse members of an Edge pool that have different external ports."""
    for pool in _edge_pools(draft):
        hosts = [draft.topology.hosts[name] for name in pool.members]
        hosts = [host for host in hosts if draft.host_records[host.name].good(v.EDGE_PORTS, v.EXTERNAL_ADDRESSES)]
        for host in hosts[1:]:
            if dict(host.edge_ports) != dict(hosts[0].edge_ports):
                message = (
                    f"hosts {hosts[0].name} and {host.name} differ: {_ports_text(hosts[0])} and {_ports_text(host)}"
                )
                yield Problem(
                    f"pool {pool.name}, lync_edge_ports",
                    message,
                    "one value within a pool",
                    "set lync_edge_ports once for the pool",
                )
                break


def _ports_text(host: Host) -> str:
    return ", ".join(f"{service} {host.edge_ports[service]}" for service in EDGE_SERVICES)


def pool_size(draft: Draft) -> Iterator[Problem]:
    """Refuse an Edge pool of more servers than are supported."""
    for pool in _edge_pools(draft):
        count = len(draft.members(pool))
        if count > MOST_EDGES:
            yield Problem(
                f"pool {pool.name}",
                f"an Edge pool of {count} servers is not supported",
                f"1 to {MOST_EDGES}",
                "make two pools of it",
            )


def external_vips_present(draft: Draft) -> Iterator[Problem]:
    """Refuse an Edge pool with hardware load balancing that lacks a virtual address for an external service."""
    for pool in _edge_pools(draft):
        missing = [service for service in EDGE_SERVICES if not pool.external_vips.get(service)]
        if pool.method is Method.HLB and missing and draft.pool_records[pool.name].good(f.EXTERNAL_VIPS):
            message = f"load_balancing is hlb and there is no VIP for {', '.join(missing)}"
            yield Problem(
                f"pool {pool.name}, external_vips",
                message,
                f"keys {_SERVICES}",
                "add the VIPs of the external services",
            )


def no_translation_with_hlb(draft: Draft) -> Iterator[Problem]:
    """Refuse hardware load balancing of Edge Servers whose external addresses are translated."""
    for pool in _edge_pools(draft):
        translated = [host.name for host in draft.members(pool) if host.external_nat_addresses]
        if pool.method is Method.HLB and translated:
            both = f"load_balancing is hlb and host {translated[0]} has lync_external_nat_addresses"
            message = f"{both}, which exclude each other"
            fix = "write dns, or remove lync_external_nat_addresses"
            yield Problem(
                f"pool {pool.name}, load_balancing",
                message,
                "dns with translated addresses, hlb with public ones",
                fix,
            )


ERRORS: tuple[Check, ...] = (
    external_addresses_present, interfaces_apart, services_unique, external_vips_unique, ports_agree, pool_size,
    external_vips_present,
    no_translation_with_hlb,
)  # fmt: skip
