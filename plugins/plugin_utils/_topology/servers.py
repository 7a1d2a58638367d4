# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a topology says of the servers of a cluster: features, media ranges, ports that are not the catalogue's,
gateways, and the outer side of an Edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .._base.addresses import PortSet
from .._catalogue.model import DEFAULT_MEDIA_PORTS, EDGE_SERVICES, Version
from .._inventory.meaning import FEATURE_VERSIONS
from .draft import Work
from .listeners import (
    MEDIA_ROWS,
    edge_service,
    line_of,
    media_kind,
    optional_rows,
    rows_by_id,
    rows_of,
)
from .model import Cluster, Machine, Port, Service
from .roles import OWN_ROLES, SERVERS, kind

_FEATURES, _MEDIA = "lync_features", "lync_media_ports"
_FRONT = ("frontend", "standard_edition")
_OF_APPLICATIONS = ("trusted_applications", "video_interop")
SIP_USAGES = ("sipclient", "sipserver")
# What Topology Builder writes where nobody chose a range; the catalogue has the range that the product documents.
DEFAULT_MEDIA: Mapping[str, tuple[int, int]] = {
    "audio": (49152, 8348),
    "video": (57501, 8034),
    "application_sharing": (49152, 16383),
    "edge": (50000, 10000),
}
# Features that a topology knows, by owner, usage, side and protocol of a listener that is there when they are on.
FEATURE_LISTENERS: Mapping[tuple[str, str, str, str], str] = {
    ("accessedge", "sipserver", "external", ""): "federation",
    ("xmppfederationproxy", "xmppserver", "", ""): "xmpp",
    ("pdp", "", "", ""): "cac",
    ("mcxservice", "", "", ""): "mobility",
    ("mediation", "sipclient", "", "tcp"): "mediation_tcp",
}
KNOWN_FEATURES = tuple(sorted(set(FEATURE_LISTENERS.values())))


def fill_servers(cluster: Cluster, work: Work) -> None:
    """Add to the hosts of a cluster what the topology knows of them."""
    roles, services = work.roles[cluster.key], work.published.services_on(cluster.key)
    hosts = [work.hosts[name] for name in work.host_names(cluster) if name in work.hosts]
    if roles & SERVERS:
        _fill_product(cluster, services, hosts, work)
    if "edge" in roles:
        _fill_edge(cluster, services, work)
    if roles & {"pstn_gateways", "video_gateways"}:
        _fill_gateway(cluster, services, hosts, work)
    if roles & set(_OF_APPLICATIONS):
        _fill_applications(services, hosts)


def _fill_product(
    cluster: Cluster, services: tuple[Service, ...], hosts: list[dict[str, object]], work: Work
) -> None:
    # Applications of a site may be on its Front Ends; their ports are said elsewhere.
    ports = [port for service in services if not is_application(service) for port in service.ports]
    every = [port for service in services for port in service.ports]
    version = work.version(cluster)
    if len({service.version for service in services}) > 1:
        work.note(cluster.place, f"its services are of several versions, {version} is taken")
    common = {
        "lync_version": version,
        _FEATURES: _features(ports, version, cluster, work),
        **_media(every, cluster, work),
    }
    for variables in hosts:
        variables |= common
    for machine in cluster.machines:
        _pstn_address(machine, work)
    role = work.role(cluster)
    overrides = list(_overrides(ports, role, version, cluster, work))
    if overrides and cluster.name in work.pools:
        work.pools[cluster.name]["row_overrides"] = overrides
    for port in ports:
        if "health" in port.usage and cluster.name in work.pools:
            work.pools[cluster.name]["monitoring_port"] = port.number


def is_application(service: Service) -> bool:
    """Return whether a service is an application, whose ports are lync_sip_port."""
    return OWN_ROLES.get(kind(service)) in _OF_APPLICATIONS


def _features(ports: Iterable[Port], version: str, cluster: Cluster, work: Work) -> list[str]:
    found = set()
    for port in ports:
        given = (port.owner, port.usage, port.side, port.protocol)
        found |= {
            feature
            for wanted, feature in FEATURE_LISTENERS.items()
            if all(one in ("", other) for one, other in zip(wanted, given, strict=True))
        }
    allowed = {one for one in found if Version(version) in FEATURE_VERSIONS.get(one, tuple(Version))}
    for feature in sorted(found - allowed):
        work.note(cluster.place, f"it has {feature}, which version {version} has no rows for")
    return sorted(allowed)


def with_deployment_features(work: Work) -> None:
    """Add to servers what is on elsewhere and means something to them: what the Edge has for their rows towards it, and
    mobility of the Front Ends for Directors, by whose names clients find it.
    """
    servers = [one for one in work.published.clusters.values() if work.roles[one.key] & SERVERS]
    edges = [one for one in servers if work.role(one) == "edge"]
    outside = _features_of(edges, work) & {"federation", "xmpp"}
    mobility = _features_of([one for one in servers if work.role(one) in _FRONT], work) & {"mobility"}
    for cluster in (one for one in servers if work.role(one) != "edge"):
        version = Version(work.version(cluster))
        more = outside | (mobility if work.role(cluster) == "directors" else set())
        own = {one for one in more if version in FEATURE_VERSIONS.get(one, tuple(Version))}
        for name in work.host_names(cluster):
            work.hosts[name][_FEATURES] = sorted({*map(str, _listed(work.hosts[name].get(_FEATURES))), *own})


def _features_of(clusters: Iterable[Cluster], work: Work) -> set[str]:
    names = (name for cluster in clusters for name in work.host_names(cluster))
    return {str(feature) for name in names for feature in _listed(work.hosts[name].get(_FEATURES))}


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _media(ports: Iterable[Port], cluster: Cluster, work: Work) -> dict[str, object]:
    """Return the ranges that are not the default ones, start and count exactly; of several services all together."""
    ranges: dict[str, dict[tuple[int, int], Port]] = {}
    for port in ports:
        if name := media_kind(port):
            ranges.setdefault(name, {})[(port.number, port.count)] = port
    found = {}
    for name, given in sorted(ranges.items()):
        if len(given) > 1:
            work.note(cluster.place, f"its services have {len(given)} ranges of {name}, all are taken")
        if set(given) != {DEFAULT_MEDIA[name]}:
            union = PortSet.union_of(_range(name, pair, port, work) for pair, port in given.items())
            text = union.to_text()
            found[name] = text[0] if len(text) == 1 else list(text)
    return {_MEDIA: found} if found else {}


def _range(name: str, pair: tuple[int, int], port: Port, work: Work) -> PortSet:
    start, count = pair
    if pair == DEFAULT_MEDIA[name]:
        return DEFAULT_MEDIA_PORTS[name]
    if not start or not count or start + count > 65536:
        work.refuse(port.where, f"{count} ports from {start} on are no range", "1-65535, with a Range of 1 and more")
        return DEFAULT_MEDIA_PORTS[name]
    return PortSet.of(start, start + count - 1)


def _pstn_address(machine: Machine, work: Work) -> None:
    """Note the side of a Mediation Server that faces the gateways, where it has one of its own."""
    own = {one.address for one in machine.on_side("primary")}
    found = [one.address for one in machine.on_side("pstn") if one.address and one.address not in own]
    if found and machine.name in work.groups.get("mediation", ()):
        work.hosts[machine.name]["lync_pstn_address"] = found[0] if len(found) == 1 else found


def _overrides(
    ports: list[Port], role: str, version: str, cluster: Cluster, work: Work
) -> Iterator[dict[str, object]]:
    """Yield what a pool changes of the catalogue: rows of what is not deployed, and ports that were moved."""
    numbers: dict[str, list[tuple[int, int]]] = {}
    roles = work.roles[cluster.key]
    for port in ports:
        place, row = line_of(port, role, version)
        if row:
            numbers.setdefault(row, []).append((place, port.number))
    rows = rows_of(roles, version)
    for name, own in numbers.items():
        if name in rows:
            yield from _moved(name, [number for _place, number in sorted(own)], cluster, work)
        else:
            work.note(cluster.place, f"version {version} has no row {name}, so it is not opened")
    if role in _FRONT:
        yield from _switched_off(ports, roles, version)


def _moved(name: str, numbers: list[int], cluster: Cluster, work: Work) -> Iterator[dict[str, object]]:
    """Yield the override of a row whose listeners are not where the catalogue has them, the chief one first."""
    usual = rows_by_id()[name].port.ports
    wanted = PortSet.parse(set(numbers)) if all(numbers) else None
    if wanted is None:
        work.refuse(cluster.where, f"a listener of {name} on {cluster.name} has port 0", "1-65535")
    elif usual is not None and wanted != usual:
        others = (wanted - PortSet.of(numbers[0])).to_text()
        text = [numbers[0], *(int(one) if one.isdecimal() else one for one in others)]
        yield {"select": f"id=='{name}'", "set": {"port": text if others else text[0]}}


def _switched_off(ports: list[Port], roles: frozenset[str], version: str) -> Iterator[dict[str, object]]:
    owners = {port.owner for port in ports}
    used = PortSet.parse({port.number for port in ports if port.number})
    off = [
        row.id
        for one, row in optional_rows(roles, version)
        if one not in owners and row.port.ports is not None and not used.meets(row.port.ports)
    ]
    kinds = {media_kind(port) for port in ports}
    off += [row for name, row in MEDIA_ROWS.items() if name not in kinds]
    if off:
        yield {"select": " || ".join(f"id=='{name}'" for name in off), "set": {"enabled": False}}


def _fill_edge(cluster: Cluster, services: tuple[Service, ...], work: Work) -> None:
    """Add the outer side: ports, names and addresses by the number of the interface that each service uses."""
    used: dict[str, Port] = {}
    for port in (port for service in services for port in service.ports):
        service = edge_service(port)
        if service and used.setdefault(service, port) is not port:
            work.note(port.where, f"port {port.number} is a further one of {service}, and lync_edge_ports has one")
    if missing := [service for service in EDGE_SERVICES if service not in used]:
        work.note(cluster.place, f"no listener outside for {', '.join(missing)}")
    names = {service: used[service].configured_name for service in used if used[service].configured_name}
    work.pools[cluster.name] |= {"external_fqdns": names} if names else {}
    for machine in cluster.machines:
        variables = work.hosts[machine.name]
        variables["lync_edge_ports"] = {service: used[service].number for service in EDGE_SERVICES if service in used}
        _external_addresses(machine, used, variables, work)


def _external_addresses(
    machine: Machine, used: Mapping[str, Port], variables: dict[str, object], work: Work
) -> None:
    own: dict[str, str | list[str]] = {}
    translated: dict[str, str | list[str]] = {}
    for service in (service for service in EDGE_SERVICES if service in used):
        cards = [one for one in machine.on_side("external") if one.number == used[service].interface]
        own |= _one_or_more(service, [one.address for one in cards if one.address])
        translated |= _one_or_more(service, [one.nat_address for one in cards if one.nat_address])
    variables |= {"lync_external_addresses": own} if own else {}
    variables |= {"lync_external_nat_addresses": translated} if translated else {}
    if len(own) < len(EDGE_SERVICES):
        lacking = [service for service in EDGE_SERVICES if service not in own]
        text = f"Which addresses do its network cards outside have for {', '.join(lacking)}?"
        work.ask("hosts", machine.name, tuple(f"lync_external_addresses.{one}" for one in lacking), text)
    elif translated and len(translated) < len(EDGE_SERVICES):
        lacking = [service for service in EDGE_SERVICES if service not in translated]
        text = f"Which public addresses stand for {', '.join(lacking)}? The product has to know that of av only."
        keys = tuple(f"lync_external_nat_addresses.{one}" for one in lacking)
        work.ask("hosts", machine.name, keys, text, is_needed=False)


def _one_or_more(name: str, addresses: list[str]) -> dict[str, str | list[str]]:
    """Return addresses by a name: one as a text, as most have it, both families as a list, and none as nothing."""
    return {name: addresses[0] if len(addresses) == 1 else addresses} if addresses else {}


def _fill_gateway(
    cluster: Cluster, services: tuple[Service, ...], hosts: list[dict[str, object]], work: Work
) -> None:
    """Add the ports of a gateway, and the pools whose Mediation Servers have a trunk to it."""
    own = [one for one in services if kind(one) in ("pstngateway", "videogateway")]
    ports = sorted({port.number for one in own for port in one.ports if port.number})
    keys = {one.key for one in own}
    served = {one.cluster for one in work.published.needed(tuple(own)) if kind(one) == "mediationserver"}
    # Whichever of the two names the other.
    for one in work.published.services.values():
        if kind(one) == "mediationserver" and any(each.service in keys for each in one.dependencies):
            served.add(one.cluster)
    pools = sorted(work.published.clusters[key].name for key in served)
    is_pstn = "pstn_gateways" in work.roles[cluster.key]
    for variables in hosts if is_pstn else ():
        variables |= {"lync_sip_port": ports} if ports else {}
        variables |= {"lync_gateway_pools": pools} if pools else {}
    if is_pstn and not pools:
        work.note(cluster.place, "no Mediation Server has a trunk to it, so every pool may use it")
    elif not is_pstn and ports:
        work.note(cluster.place, f"ports of video gateways are not in the catalogue: {ports}")


def _fill_applications(services: tuple[Service, ...], hosts: list[dict[str, object]]) -> None:
    own = [one for one in services if is_application(one)]
    ports = sorted({port.number for one in own for port in one.ports if port.usage in SIP_USAGES and port.number})
    for variables in hosts:
        variables |= {"lync_sip_port": ports} if ports else {}
