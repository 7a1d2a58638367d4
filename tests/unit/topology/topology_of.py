# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The topology document of a deployment that an inventory describes: what Topology Builder would hold of it.

    document_of(read_topology(inventory)).builder_text()

What a topology cannot hold, such as addresses of servers inside and load balancers, is not in it. Rows that a pool
switches off are applications that it does not have; rows on another port are listeners that were moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._base.untyped import mapping, number
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.model import DEFAULT_MEDIA_PORTS
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import Host, Pool, Topology

from tests.simulators.topologies import EVERY_APPLICATION, MEDIA, Cluster, Document, Interface, Port, Service

NUMBERS = {"2010": 5, "2013": 6, "2015": 7, "2019": 8, "se": 8}
_MEDIA = {
    "audio": "AudioCommunication", "video": "VideoCommunication", "application_sharing": "AppSharingCommunication",
}  # fmt: skip
_ROWS = {
    "Caa": "fe-dial-in-attendant", "Cas": "fe-conferencing-announcement", "Cps": "fe-call-park",
    "RGS": "fe-response-group", "testbot": "fe-audio-test",
}  # fmt: skip
# Listeners that overrides of a pool move, by row: owner, usage, side and protocol.
_LISTENERS = {
    **{row: (name, "SipServer", "Primary", "Mtls") for name, row in _ROWS.items()},
    "fe-sip-tls": ("Registrar", "SipServer", "Primary", "Mtls"),
    "director-sip-tls": ("Registrar", "SipServer", "Primary", "Mtls"),
    "fe-web-external-https": ("OCSWebSite", "WebSite", "External", "Https"),
    "fe-web-external-http": ("OCSWebSite", "WebSite", "External", "Http"),
}
_SERVICES = ("access", "web_conferencing", "av")
_SINGLE = {
    "monitoring": "MonitoringServer", "archiving": "ArchivingServer", "persistent_chat": "PersistentChatService",
    "video_interop": "VideoInteropServer", "trusted_applications": "ExternalServer",
}  # fmt: skip


class _Work:
    """A document under way, with the clusters and Mediation Servers of its pools by name."""

    def __init__(self, topology: Topology, document: Document) -> None:
        self.topology, self.document = topology, document
        self.clusters: dict[str, Cluster] = {}
        self.mediation: dict[str, Service] = {}
        self.registrars: dict[str, Service] = {}

    def cluster(self, name: str, machines: Iterable[str] = (), site: int = 1) -> Cluster:
        """Return the cluster of a name, once made."""
        if name not in self.clusters:
            self.clusters[name] = self.document.cluster(name, machines, site)
        return self.clusters[name]

    def fqdn(self, name: str) -> str:
        """Return the name in DNS of a host."""
        return self.topology.hosts[name].fqdn

    def first(self, pool: Pool) -> Host:
        """Return the first member of a pool."""
        return self.topology.hosts[pool.members[0]]


def document_of(topology: Topology, domain: str = "", **readings: Any) -> Document:
    """Return the topology of a deployment; domain: of the names of hosts that have none. readings: of Document."""
    document = Document(sip_domains=topology.sip_domains, simple_urls=dict(topology.simple_urls), **readings)
    work = _Work(_with_domain(topology, domain), document)
    document.sites = {1: ("Main", 0), **({2: ("Branch", 1)} if _has(work, "sba") else {})}
    for pool in work.topology.pools.values():
        _add_pool(pool, work)
    for host in work.topology.hosts.values():
        if not host.pool:
            _add_host(host, work)
    for host in (one for one in work.topology.hosts.values() if "video_gateways" in one.roles):
        document.service("VideoGateway", work.cluster(host.fqdn), 8)
    for host in (one for one in work.topology.hosts.values() if "pstn_gateways" in one.roles):
        served = [work.mediation[name] for name in host.serves_pools or work.mediation if name in work.mediation]
        document.gateway(work.cluster(host.fqdn), _version(host), host.sip_ports or (5066,), served)
    for pool in work.topology.pools.values():
        if pool.backup_pool:
            partner = work.registrars[pool.backup_pool]
            work.registrars[pool.name].needs.append((partner, document.backup_usage))
    return document


def _with_domain(topology: Topology, domain: str) -> Topology:
    hosts = {
        name: replace(host, fqdn=host.fqdn if "." in host.fqdn or not domain else f"{host.fqdn}.{domain}")
        for name, host in topology.hosts.items()
    }
    return replace(topology, hosts=hosts)


def _has(work: _Work, role: str) -> bool:
    return any(role in host.roles for host in work.topology.hosts.values())


def _version(host: Host) -> int:
    return NUMBERS[host.version.value]


def _add_pool(pool: Pool, work: _Work) -> None:
    if not pool.members or pool.role in ("reverse_proxy", "load_balancers"):
        return
    first = work.first(pool)
    name = first.fqdn if pool.role == "standard_edition" else pool.name
    cluster = work.cluster(name, map(work.fqdn, pool.members), 2 if pool.role == "sba" else 1)
    version = _version(first)
    work.document.media = _media(first)
    if pool.role in ("frontend", "standard_edition"):
        _front_end(pool, cluster, version, work)
    elif pool.role == "directors":
        before = len(work.document.services)
        work.document.director(cluster, version, pool.external_web_fqdn or "", pool.web_fqdn or "")
        _move(pool, work.document.services[before:])
    elif pool.role == "mediation":
        work.mediation[pool.name] = work.document.mediation(cluster, version, tcp="mediation_tcp" in first.features)
    elif pool.role == "sba":
        tcp = "mediation_tcp" in first.features
        work.mediation[pool.name] = work.document.branch(cluster, version, tcp=tcp)
    elif pool.role == "edge":
        _edge(pool, cluster, version, work)
    elif pool.role == "office_web_apps":
        work.document.office(cluster, version, pool.web_fqdn or pool.name)
    else:
        _single(pool.role, first, cluster, pool, work)


def _add_host(host: Host, work: _Work) -> None:
    """Add a host that is in no pool."""
    for role in sorted(host.roles):
        if role in (*_SINGLE, "av_conferencing", "sba"):
            cluster = work.cluster(host.fqdn, site=2 if role == "sba" else 1)
            if role == "sba":
                tcp = "mediation_tcp" in host.features
                work.mediation[host.name] = work.document.branch(cluster, _version(host), tcp=tcp)
            else:
                _single(role, host, cluster, None, work)


def _single(role: str, first: Host, cluster: Cluster, pool: Pool | None, work: _Work) -> None:
    version = _version(first)
    if role == "av_conferencing":
        work.document.conferencing(cluster, version)
        return
    ports = [Port("Applications", "SipServer", port) for port in first.sip_ports]
    ports += work.document.media_ports("AudioCommunication", "VideoCommunication") if role == "video_interop" else []
    found = work.document.service(_SINGLE[role], cluster, version, *ports)
    if pool:
        _databases(pool, found, version, work)
        shares = [work.document.share(work.cluster(work.fqdn(name)), version) for name in pool.file_share]
        found.needs += [(share, "Default") for share in shares]


def _front_end(pool: Pool, cluster: Cluster, version: int, work: _Work) -> None:
    first, document = work.first(pool), work.document
    before = len(document.services)
    if pool.role == "standard_edition":
        store, share = document.store("UserStore", cluster, version, "rtc"), document.share(cluster, version)
    else:
        store = document.store("UserStore", _sql_cluster(pool, work), version, *_instance(pool, work))
        share = document.share(_share_cluster(pool, cluster, work), version)
    off = _rows_off(pool)
    applications = [name for name in EVERY_APPLICATION if _ROWS[name] not in off]
    work.registrars[pool.name] = document.front_end(
        cluster, version, store=store, share=share, mobility="mobility" in first.features,
        applications=[*applications, *(["PDP"] if "cac" in first.features else [])],
        external=pool.external_web_fqdn or "", internal=pool.web_fqdn or "",
    )  # fmt: skip
    _move(pool, document.services[before:])
    if pool.role == "frontend":
        _databases(pool, next(one for one in document.services[before:] if one.role == "UserServices"), version, work)
    if "mediation" in first.roles:
        work.mediation[pool.name] = document.mediation(cluster, version, tcp="mediation_tcp" in first.features)
    if work.topology.central_management_pool == pool.name:
        document.central_management(cluster, version)


def _sql_cluster(pool: Pool, work: _Work) -> Cluster:
    assert pool.sql, f"pool {pool.name} says nothing of its databases"
    nodes = [work.fqdn(name) for name in pool.sql.hosts]
    return work.cluster(pool.sql.listener.name, nodes) if pool.sql.listener else work.cluster(nodes[0])


def _instance(pool: Pool, work: _Work) -> tuple[str, str]:
    assert pool.sql
    return pool.sql.instance, work.fqdn(pool.sql.hosts[0]) if pool.sql.listener else ""


def _share_cluster(pool: Pool, cluster: Cluster, work: _Work) -> Cluster:
    return work.cluster(work.fqdn(pool.file_share[0])) if pool.file_share else cluster


def _databases(pool: Pool, users: Service, version: int, work: _Work) -> None:
    """Add what a pool has beside the database of its users: further servers, a mirror, a witness."""
    sql = pool.sql
    if sql is None:
        return
    own = "UserStore" if users.role == "UserServices" else "PersistentChatStore"
    if users.role != "UserServices":
        for role in (own, "PersistentChatComplianceStore"):
            store = work.document.store(role, _sql_cluster(pool, work), version, *_instance(pool, work))
            users.needs.append((store, "Default"))
    for name in sql.hosts[1:] if not sql.listener else ():
        other = work.document.store("MonitoringStore", work.cluster(work.fqdn(name)), version, sql.instance)
        users.needs.append((other, "Default"))
    partners = ((sql.mirror, own, work.document.mirror_usage), (sql.witness, *work.document.witness))
    for partner, role, usage in partners:
        if partner:
            copy = work.document.store(role, work.cluster(work.fqdn(partner)), version, sql.instance)
            users.needs.append((copy, usage))


def _rows_off(pool: Pool) -> str:
    return " ".join(str(one["select"]) for one in pool.row_overrides if one["set"] == {"enabled": False})


def _move(pool: Pool, services: list[Service]) -> None:
    """Move listeners to the ports that the pool's overrides have, the first where they have several."""
    listeners = {f"id=='{row}'": listener for row, listener in _LISTENERS.items()}
    given = ((str(one["select"]), mapping(one["set"])) for one in pool.row_overrides)
    moved = {listeners[select]: _first(change["port"]) for select, change in given if "port" in change}
    for service in services:
        for place, port in enumerate(service.ports):
            to = moved.get((port.owner, port.usage, port.side, port.protocol))
            service.ports[place] = port if to is None else replace(port, number=to)


def _first(ports: object) -> int:
    return number(ports[0] if isinstance(ports, list) else ports)


def _media(host: Host) -> dict[str, tuple[int, int]]:
    found = dict(MEDIA)
    for kind, usage in _MEDIA.items():
        ports = host.media_ports[kind]
        if ports != DEFAULT_MEDIA_PORTS[kind]:
            first, last = ports.pairs[0]
            found[usage] = (first, last - first + 1)
    return found


def _edge(pool: Pool, cluster: Cluster, version: int, work: _Work) -> None:
    first = work.first(pool)
    numbers = _interface_numbers(first)
    for name in pool.members:
        host = work.topology.hosts[name]
        cluster.machines[host.fqdn] = _edge_interfaces(host, numbers)
    work.document.edge(cluster, version, first.edge_ports, pool.external_fqdns, numbers, first.features)


def _interface_numbers(host: Host) -> dict[str, int]:
    """Return the number of the interface of each service: one for those that share an address."""
    addresses = list(dict.fromkeys(host.external_addresses[service].to_text() for service in _SERVICES))
    return {service: addresses.index(host.external_addresses[service].to_text()) + 1 for service in _SERVICES}


def _edge_interfaces(host: Host, numbers: Mapping[str, int]) -> tuple[Interface, ...]:
    found = {0: Interface("Internal", host.internal_address.to_text()[0])}
    for service, place in numbers.items():
        nat = host.external_nat_addresses.get(service)
        found[place] = Interface(
            "External", host.external_addresses[service].to_text()[0], place, nat.to_text()[0] if nat else ""
        )
    return tuple(found.values())
