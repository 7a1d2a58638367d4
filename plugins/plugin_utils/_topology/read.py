# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads a topology of either dialect into the same values, and checks that it holds together.

    read_topology_file(Path("contoso.tbxml")) -> Published(name="contoso.tbxml", dialect="builder", ...)

What the tables of `schema` lack, and what is there and cannot be read into these values, is listed in unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from .._base.errors import InvalidInputError, Problem, one_of, shown
from .._inventory.fields import At, address, dns_name
from .model import Cluster, Dependency, Interface, Machine, Port, Published, Service, Site, SqlInstance
from .schema import not_understood
from .source import Text, read_bytes, refusal, texts_of
from .tree import BUILDER, SIMPLE_URLS, Node, documents, single

EVERY_ADDRESS = ("", "0.0.0.0", "::")  # what a topology writes for an address that it does not know
_URL_KINDS = {"meet": "meet", "dialin": "dialin", "cscp": "admin"}
_DETAILS = {
    "IsDirector", "ShareName", "DiscoveryUrl", "IsExternal", "IsActive", "MediationServerPort",
}  # fmt: skip
_VERSIONS = {5: "2010", 6: "2013", 7: "2015", 8: "2019"}
_WRAPPED = "lines were wrapped by the console: export it with .ToString() and Out-File"
# Of a machine, also one label, as gateways have.
_BLANK = re.compile(r"\s")


class _Reader:
    """One document while it is read; what is wrong with it gathers in problems."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def refuse(self, node: Node, message: str, allowed: str = "", fix: str = "") -> None:
        """Note a problem and go on."""
        self.problems.append(Problem(node.where, message, allowed, fix))

    def name(self, node: Node, attribute: str, default: str = "") -> str:
        """Return a DNS name, or an address in its place, in lower case."""
        raw = node.get(attribute) or default
        at = At(node.where)
        if raw and not address(raw, At("")) and not dns_name(raw, at):
            fix = _WRAPPED if _BLANK.search(raw) else "correct it in Topology Builder, and export it again"
            self.refuse(node, f"{attribute} {shown(raw)} is not a name", "names in DNS, addresses", fix)
        if not raw:
            self.refuse(node, f"{attribute} is missing", "a name in DNS", _WRAPPED)
        return raw.rstrip(".").lower()

    def number(self, node: Node, attribute: str, most: int, default: int | None = None) -> int:
        """Return a whole number that is not negative."""
        raw = node.get(attribute)
        if not raw and default is not None:
            return default
        if not (raw.isascii() and raw.isdecimal() and len(raw) < 7 and int(raw) <= most):
            self.refuse(node, f"{attribute} is {shown(raw)}", f"whole numbers up to {most}")
            return default or 1
        return int(raw)

    def address(self, node: Node, attribute: str) -> str:
        """Return an address; empty for all addresses of a host, which names none."""
        raw, at = node.get(attribute), At(node.where)
        if raw in EVERY_ADDRESS:
            return ""
        found = address(raw, at)
        self.problems += [Problem(one.place, f"{attribute}: {one.message}", one.allowed) for one in at.faults]
        return found


def read_topology_file(path: Path) -> Published:
    """Return the topology of a file; raises InvalidInputError with everything that is wrong with it."""
    return read_topology_bytes(read_bytes(path), path.name)


def read_topology_bytes(content: bytes, name: str) -> Published:
    """Return the topology of the bytes of a file, as read_topology_file does."""
    texts = texts_of(content, name)
    found = [node for text in texts for node in _documents_of(text, len(texts) > 1)]
    topologies = [node for node in found if node.name != SIMPLE_URLS]
    simple_urls = [node for node in found if node.name == SIMPLE_URLS]
    return _read(single(topologies, "topology", name), simple_urls)


def _documents_of(text: Text, is_zip: bool) -> Iterator[Node]:
    """Yield the topologies of a text, by what is in them, and documents of simple URLs beside them."""
    for node in documents(text):
        if node.name == SIMPLE_URLS or node.first("Services") or node.name == BUILDER:
            yield node
        elif not is_zip:
            raise refusal(node.where, "there is no element Services in it", fix=_WRAPPED)


def _read(node: Node, others: list[Node]) -> Published:
    reader, root, dialect = _Reader(), node, "published"
    if node.name == BUILDER:
        partial = list(node.all("NewTopology", "PartialTopology"))
        root, dialect = single(partial, "PartialTopology", node.place), "builder"
    sites = _sites(root)
    clusters = _by_key(_clusters(root, sites, reader), reader)
    instances = _by_key(_instances(root, clusters, reader), reader)
    services = _by_key(_services(root, clusters, instances, reader), reader)
    _check_dependencies(services, reader)
    if not services:
        reader.refuse(root, "there is no service in it", fix="name a topology that was published")
    domains = _sip_domains(root, reader)
    if reader.problems:
        raise InvalidInputError(reader.problems)
    urls = list(root.all(SIMPLE_URLS)) or others
    further = (*_domain_notes(root, domains), *(note for one in urls for note in _url_notes(one)))
    return Published(
        name=node.place,
        dialect=dialect,
        is_published=dialect == "published" or root.get("IsPublished").lower() == "true",
        sip_domains=domains,
        simple_urls=_simple_urls(urls) if urls else None,
        sites=sites,
        clusters=clusters,
        instances=instances,
        services=services,
        unread=(*not_understood([node, *others]), *further),
    )


_Keyed = TypeVar("_Keyed", Cluster, SqlInstance, Service)


def _by_key(found: Iterable[_Keyed], reader: _Reader) -> dict[str, _Keyed]:
    """Return values by their keys; one key for two of them would leave open which is meant."""
    kept: dict[str, _Keyed] = {}
    for one in found:
        other = kept.setdefault(one.key, one)
        if other is not one:
            reader.problems.append(Problem(one.where, f"it has the id of {other.where}", "an id of its own"))
    return kept


def _sites(root: Node) -> dict[str, Site]:
    """Return the sites by id; of a document that has none, one without a name."""
    holders = [*root.all("Sites"), *root.all("CentralSites")]
    found = {}
    central = [site for holder in holders for site in holder.children]
    for node in (*central, *(branch for site in central for branch in site.all("RemoteSites", "RemoteSite"))):
        name = node.first("Name")
        key = _site_key(node)
        found[key] = Site(key, (name.text if name else "") or key, node.name == "RemoteSite")
    return found


def _site_key(node: Node) -> str:
    return node.get("SiteId") or node.get("OriginalSiteId") or node.get("UniqueId") or f"line {node.line}"


def _clusters(root: Node, sites: Mapping[str, Site], reader: _Reader) -> Iterator[Cluster]:
    """Yield the clusters: of the published dialect in one list, of the builder's in their sites."""
    for node in root.all("Clusters", "Cluster"):
        identity = node.first("ClusterId")
        site = identity.get("SiteId") if identity else ""
        if identity is None or site not in sites:
            reader.refuse(node, f"it is of site {shown(site)}, which is not in the file", one_of(sites))
        yield _cluster(node, _cluster_key(identity), site, reader)
    for central in root.all("CentralSites", "CentralSite"):
        for place in (central, *central.all("RemoteSites", "RemoteSite")):
            for node in place.all("Clusters", "Cluster"):
                yield _cluster(node, node.get("UniqueId"), _site_key(place), reader)


def _cluster_key(node: Node | None) -> str:
    return f"{node.get('SiteId')}:{node.get('Number')}" if node else ""


def _cluster(node: Node, key: str, site: str, reader: _Reader) -> Cluster:
    if not key.strip(":"):
        reader.refuse(node, "it has no id, so nothing can be on it", "ClusterId, UniqueId")
    name = reader.name(node, "Fqdn")
    machines = [*node.all("Machine"), *node.all("Machines", "Machine")]
    is_single = len(machines) == 1
    read = [_machine(machine, name if is_single else "", reader) for machine in machines]
    if len({machine.name for machine in read}) < len(read):
        reader.refuse(node, "a machine stands in it twice", "each machine once")
    is_replica = node.get("RequiresReplication").lower() != "false"
    return Cluster(key, name, site, tuple(read), node.where, is_replica)


def _machine(node: Node, only: str, reader: _Reader) -> Machine:
    interfaces = (
        Interface(
            side=one.get("InterfaceSide").lower(),
            number=reader.number(one, "InterfaceNumber", 99, 1),
            address=reader.address(one, "IPAddress"),
            nat_address=reader.address(one, "ConfiguredIPAddress"),
        )
        for one in node.all("NetInterface")
    )
    return Machine(reader.name(node, "Fqdn", only), tuple(interfaces))


def _instances(root: Node, clusters: Mapping[str, Cluster], reader: _Reader) -> Iterator[SqlInstance]:
    for node in root.all("SqlInstances", "SqlInstance"):
        identity = node.first("SqlInstanceId")
        key, cluster = _instance_key(identity)
        yield _instance(node, key, cluster, identity.get("Name") if identity else "", clusters, reader)
    for central in root.all("CentralSites", "CentralSite"):
        for place in (central, *central.all("RemoteSites", "RemoteSite")):
            for holder in place.all("Clusters", "Cluster"):
                for node in holder.all("SqlInstances", "SqlInstance"):
                    key, cluster = node.get("UniqueId"), holder.get("UniqueId")
                    yield _instance(node, key, cluster, node.get("Name"), clusters, reader)


def _instance_key(node: Node | None) -> tuple[str, str]:
    """Return the key of an instance of the published dialect, and that of its cluster."""
    cluster = _cluster_key(node.first("ClusterId")) if node else ""
    return (f"{cluster}/{node.get('Name').lower()}" if node else "", cluster)


def _instance(
    node: Node, key: str, cluster: str, name: str, clusters: Mapping[str, Cluster], reader: _Reader
) -> SqlInstance:
    if cluster not in clusters:
        reader.refuse(node, f"it is on cluster {shown(cluster)}, which is not in the file", _names(clusters))
    primary = reader.name(node, "AlwaysOnPrimaryNodeFqdn") if node.get("AlwaysOnPrimaryNodeFqdn") else ""
    return SqlInstance(key, cluster, name, primary, node.where)


def _names(clusters: Mapping[str, Cluster]) -> str:
    return one_of(list(clusters)[:20])


def _services(
    root: Node, clusters: Mapping[str, Cluster], instances: Mapping[str, SqlInstance], reader: _Reader
) -> Iterator[Service]:
    for node in root.all("Services", "Service"):
        identity = node.first("ServiceId")
        role = (identity or node).get("RoleName")
        cluster, instance = _installed_on(node, instances)
        if cluster not in clusters:
            on = shown(node.get("InstalledOn") or instance or cluster)
            reader.refuse(node, f"service {shown(role)} is on {on}, which is not in the file", _names(clusters))
        version = reader.number(node, "ServiceVersion", 99)
        if version not in _VERSIONS:
            allowed = ", ".join(f"{number} ({name})" for number, name in _VERSIONS.items())
            reader.refuse(node, f"service {shown(role)} has the unknown version {version}", allowed)
        yield Service(
            key=_service_key(identity) if identity else node.get("UniqueId"),
            role=role,
            version=version,
            cluster=cluster,
            instance=instance,
            dependencies=tuple(_dependencies(node)),
            ports=tuple(_port(port, reader) for port in node.all("Ports", "Port")),
            details=_details(node, reader),
            where=f"{node.where} {role}",
        )


def _service_key(node: Node) -> str:
    return f"{node.get('SiteId')}:{node.get('RoleName')}:{node.get('Instance')}"


def _installed_on(node: Node, instances: Mapping[str, SqlInstance]) -> tuple[str, str]:
    """Return the keys of the cluster that a service is on, and of the SQL Server instance where it is on one."""
    given = node.get("InstalledOn")
    if given:
        return (instances[given].cluster, given) if given in instances else (given, "")
    holder = node.first("InstalledOn")
    identity = holder.first("SqlInstanceId") if holder else None
    if identity is None:
        return _cluster_key(holder.first("ClusterId") if holder else None), ""
    key = _instance_key(identity)[0]
    return (instances[key].cluster, key) if key in instances else ("", key)


def _dependencies(node: Node) -> Iterator[Dependency]:
    for one in node.all("DependsOn", "Dependency"):
        identity = one.first("ServiceId")
        key = _service_key(identity) if identity else one.get("ServiceUniqueId")
        yield Dependency(key, one.get("Usage").lower() or "default")


def _port(node: Node, reader: _Reader) -> Port:
    return Port(
        owner=node.get("Owner").lower().rpartition(":")[2],
        usage=node.get("Usage").lower(),
        side=node.get("InterfaceSide").lower(),
        interface=reader.number(node, "InterfaceNumber", 99, 1),
        number=reader.number(node, "Port", 65535),
        protocol=node.get("Protocol").lower(),
        count=reader.number(node, "Range", 65535, 0),
        configured_number=reader.number(node, "ConfiguredPort", 65535, 0),
        configured_name=reader.name(node, "ConfiguredFqdn") if node.get("ConfiguredFqdn") else "",
        where=f"{node.where} {node.get('Owner')} {node.get('Usage')}",
    )


def _details(node: Node, reader: _Reader) -> dict[str, str]:
    """Return the attributes of the element of a service's own, and the names of its web services."""
    found = {
        name: value.strip() for child in node.children for name, value in child.attributes.items() if name in _DETAILS
    }
    for element in ("ExternalSettings", "InternalSettings"):
        settings = node.first("WebService", element)
        if settings and settings.get("Host"):
            found[element] = reader.name(settings, "Host")
    return found


def _check_dependencies(services: Mapping[str, Service], reader: _Reader) -> None:
    for service in services.values():
        for one in service.dependencies:
            if one.service not in services:
                message = f"it depends on service {shown(one.service)}, which is not in the file"
                reader.problems.append(Problem(service.where, message, fix="export it again, whole"))


def _sip_domains(root: Node, reader: _Reader) -> tuple[str, ...]:
    """Return the SIP domains, the default one first."""
    default = [one.get("DefaultDomain").lower() for one in root.all("InternalDomains") if one.get("DefaultDomain")]
    names = [reader.name(one, "Name") for one in root.all("InternalDomains", "InternalDomain")]
    return tuple(dict.fromkeys([*(name for name in default if name in names), *names]))


def _domain_notes(root: Node, names: tuple[str, ...]) -> Iterator[str]:
    """Yield a default domain that is none of the domains."""
    for one in root.all("InternalDomains"):
        default = one.get("DefaultDomain").lower()
        if default and default not in names:
            yield f"{one.where}: the default domain {shown(default)} is none of the SIP domains"


def _simple_urls(nodes: list[Node]) -> dict[str, tuple[str, ...]]:
    """Return the URLs by kind, those of all documents: a site may have its own."""
    found: dict[str, list[str]] = {}
    for one in (url for node in nodes for url in node.all("SimpleUrl")):
        kind = _URL_KINDS.get(one.get("Component").lower())
        url = one.get("ActiveUrl")
        if kind and url and url not in found.get(kind, ()):
            found.setdefault(kind, []).append(url)
    return {kind: tuple(urls) for kind, urls in found.items()}


def _url_notes(node: Node) -> Iterator[str]:
    """Yield URLs that are of no kind, and those that are not the active one of theirs."""
    for one in node.all("SimpleUrl"):
        active, component = one.get("ActiveUrl"), one.get("Component")
        if component.lower() not in _URL_KINDS or not active:
            yield f"{one.where}: {shown(component)} with {shown(active)} is no simple URL that is known"
        for entry in one.all("SimpleUrlEntry"):
            if entry.get("Url") != active:
                url = shown(entry.get("Url"))
                yield f"{entry.where}: {url} is of {component} too and not active, so nothing is made for it"
