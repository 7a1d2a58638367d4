# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Topology documents as the product writes them, in both dialects, from a few words or from an inventory.

    document = Document(sip_domains=["contoso.com"])
    pool = document.cluster("pool01.contoso.com", ["fe01.contoso.com"])
    document.front_end(pool, version=7)
    document.builder_text(), document.published_text()

Elements and attributes are those of two public samples (AutomatedLab/SfBAutomatedLab, Sample Topologies/Contoso.tbxml,
and rlevchenko/powershell-skype, DefaultTopology.xml); listeners of a service are theirs too. No public sample has a
Director, a branch, a trusted application, mirroring or paired pools: these follow the cmdlets that show them.
Roles of Persistent Chat are those that Microsoft's page of its features names. What no sample decides is a switch:
`mirror_usage` and `backup_usage`, the words of those dependencies, and `witness`, the role and usage of that store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

_DEPLOY = "urn:schema:Microsoft.Rtc.Management.Deploy"
_TB, _WT = f"{_DEPLOY}.TopologyBuilder.2008", f"{_DEPLOY}.WritableTopology.2008"
_TOPOLOGY, _ROLES = f"{_DEPLOY}.Topology.2008", f"{_DEPLOY}.ServiceRoles.2008"
_URLS = "urn:schema:Microsoft.Rtc.Management.Settings.SimpleUrl.2008"
MEDIA: Mapping[str, tuple[int, int]] = {
    "AudioCommunication": (49152, 8348),
    "VideoCommunication": (57501, 8034),
    "AppSharingCommunication": (49152, 16383),
}


@dataclass(frozen=True)
class Port:
    """One listener."""

    owner: str
    usage: str
    number: int
    protocol: str = "Mtls"
    side: str = "Primary"
    count: int = 0
    interface: int = 1
    fqdn: str = ""

    @property
    def attributes(self) -> dict[str, object]:
        """Return the attributes of its element."""
        kind = "application" if self.owner in APPLICATIONS else "component"
        return {
            "Owner": f"urn:{kind}:{self.owner}",
            "Usage": self.usage,
            "InterfaceSide": self.side,
            "InterfaceNumber": self.interface,
            "Port": self.number,
            "Protocol": self.protocol,
            "UrlPath": "/",
            "AuthorizesRequests": "false",
            **({"Range": self.count} if self.count else {}),
            **({"ConfiguredFqdn": self.fqdn} if self.fqdn else {}),
        }


APPLICATIONS: Mapping[str, tuple[Port, ...]] = {
    "testbot": (Port("testbot", "SipServer", 5076),),
    "Cps": (Port("Cps", "SipServer", 5075),),
    "RGS": (Port("RGS", "SipServer", 5071), Port("RGS", "WcfMtls", 8404)),
    "Caa": (Port("Caa", "SipServer", 5072),),
    "Cas": (Port("Cas", "SipServer", 5073),),
    "PDP": (Port("PDP", "SipServer", 5080), Port("PDP", "TURNServer", 448, "Tcp")),
}
EVERY_APPLICATION = ("testbot", "Cps", "RGS", "Caa", "Cas")
_FABRIC = ("WinFabFederation", "WinFabLeaseAgent", "WinFabClientConnection", "WinFabIPC", "WinFabReplication")
_WEB_SITE = (
    Port("OCSWebSite", "WebSite", 8080, "Http", "External"),
    Port("OCSWebSite", "WebSite", 4443, "Https", "External"),
    Port("OCSWebSite", "WebSite", 80, "Http"),
    Port("OCSWebSite", "WebSite", 443, "Https"),
)


@dataclass(frozen=True)
class Interface:
    """One network interface; address 0.0.0.0 is what the product writes for all addresses."""

    side: str = "Primary"
    address: str = "0.0.0.0"
    number: int = 1
    nat_address: str = ""


@dataclass
class Cluster:
    """A cluster; machines by name."""

    number: int
    name: str
    machines: dict[str, tuple[Interface, ...]]
    site: int = 1
    instances: dict[str, str] = field(default_factory=dict)  # primary node by name


@dataclass
class Service:
    """A service; its key is role and number."""

    role: str
    number: int
    cluster: Cluster
    version: int
    instance: str | None = None
    ports: list[Port] = field(default_factory=list)
    needs: list[tuple[Service, str]] = field(default_factory=list)
    element: str = ""
    details: dict[str, str] = field(default_factory=dict)
    external_host: str = ""
    internal_host: str = ""


@dataclass
class Document:
    """A topology under construction."""

    sip_domains: Sequence[str] = ()
    simple_urls: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mirror_usage: str = "Mirror"
    backup_usage: str = "Backup"
    witness: tuple[str, str] = ("WitnessStore", "Default")
    media: dict[str, tuple[int, int]] = field(default_factory=lambda: dict(MEDIA))
    # Name, and of a branch the central site.
    sites: dict[int, tuple[str, int]] = field(default_factory=lambda: {1: ("Main", 0)})
    clusters: list[Cluster] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)

    def cluster(
        self, name: str, machines: Iterable[str] | Mapping[str, tuple[Interface, ...]] = (), site: int = 1
    ) -> Cluster:
        """Add a cluster; without machines it has one of its own name."""
        given = dict(machines) if isinstance(machines, Mapping) else {one: (Interface(),) for one in machines}
        found = Cluster(len(self.clusters) + 1, name, given or {name: ()}, site)
        self.clusters.append(found)
        return found

    def service(self, role: str, cluster: Cluster, version: int, *ports: Port, **more: object) -> Service:
        """Add a service."""
        number = sum(one.role == role for one in self.services) + 1
        found = Service(role, number, cluster, version, ports=list(ports))
        for key, value in more.items():
            setattr(found, key, value)
        self.services.append(found)
        return found

    def store(self, role: str, cluster: Cluster, version: int, instance: str = "", primary: str = "") -> Service:
        """Add a database on an instance of SQL Server."""
        cluster.instances.setdefault(instance, primary)
        return self.service(role, cluster, version, instance=instance)

    def share(self, cluster: Cluster, version: int, name: str = "Share") -> Service:
        """Add a file store."""
        return self.service("FileStore", cluster, version, element="FileStoreService", details={"ShareName": name})

    def front_end(
        self,
        cluster: Cluster,
        version: int,
        *,
        store: Service,
        share: Service,
        applications: Sequence[str] = EVERY_APPLICATION,
        mobility: bool = True,
        external: str = "",
        internal: str = "",
    ) -> Service:
        """Add the services of a Front End pool, or a Standard Edition server; returns its Registrar."""
        users = self.service(
            "UserServices", cluster, version,
            Port("McuFactory", "WebServer", 444), Port("PresenceFocus", "UserPinManagement", 443, "Https"),
            *([Port("McuFactory", "WcfServer", 9001, "Tcp")] if version > 5 else []),
        )  # fmt: skip
        registrar = self.registrar(cluster, version, is_director=False)
        registrar.ports += self._registrar_ports(version)
        web = self._web_services(cluster, version, mobility, external, internal)
        conferencing = self.conferencing(cluster, version)
        runs = self.service("ApplicationServer", cluster, version, element="ApplicationServerService")
        runs.ports += [port for name in applications for port in APPLICATIONS[name]]
        runs.ports += self.media_ports()
        for one in (users, web, conferencing, runs):
            one.needs.append((share, "Default"))
        users.needs.append((store, "Default"))
        registrar.needs += [(users, "Default"), (web, "Default")]
        return registrar

    def media_ports(self, *kinds: str) -> list[Port]:
        """Return the ranges of media, of all kinds or of some."""
        return [
            Port("MediaComp", kind, start, "TcpOrUdp", count=count)
            for kind, (start, count) in self.media.items()
            if not kinds or kind in kinds
        ]

    def registrar(self, cluster: Cluster, version: int, *, is_director: bool) -> Service:
        """Add a Registrar."""
        return self.service(
            "Registrar", cluster, version, Port("Registrar", "SipServer", 5061), Port("Registrar", "WebServer", 444),
            element="RegistrarService", details={"IsDirector": str(is_director).lower()},
        )  # fmt: skip

    @staticmethod
    def _registrar_ports(version: int) -> list[Port]:
        if version == 5:
            return [Port("QoE", "SipServer", 5069)]
        fabric = [Port("WinFab", usage, 5090 + place, "Tcp") for place, usage in enumerate(_FABRIC)]
        return [*fabric, Port("QoE", "SipServer", 5061), Port("Lyss", "WcfMtls", 5077)]

    def _web_services(self, cluster: Cluster, version: int, mobility: bool, external: str, internal: str) -> Service:
        found = self.web_site(cluster, version, external, internal)
        found.ports += self.media_ports("AppSharingCommunication")
        if mobility:
            found.ports += [Port("McxService", "SipServer", 5086), Port("McxServiceExternal", "SipServer", 5087)]
        if version > 5:
            found.ports += [
                Port("Reach", "PsomServer", 8060), Port("Reach", "PsomServer", 8061, side="External"),
                Port("UcwaService", "SipServer", 5088), Port("UcwaServiceExternal", "SipServer", 5089),
            ]  # fmt: skip
        if version in (6, 7):
            found.ports += [
                Port("PersistentChatWebManager", "SipServer", 5095),
                Port("PersistentChatWebManagerExternal", "SipServer", 5096),
                Port("XmppFederation", "SipServer", 5098),
            ]
        if version == 8:
            found.ports.append(Port("PlatformService", "SipServer", 6008))
        return found

    def web_site(self, cluster: Cluster, version: int, external: str = "", internal: str = "") -> Service:
        """Add web services with their names."""
        return self.service(
            "WebServices", cluster, version, *_WEB_SITE, element="WebService",
            external_host=external, internal_host=internal,
        )  # fmt: skip

    def conferencing(self, cluster: Cluster, version: int) -> Service:
        """Add the conferencing services."""
        ports = [
            Port("IMConf", "SipServer", 5062), Port("IMConf", "WebServer", 444),
            Port("DataConf", "PsomClient", 8057, "Tls"), Port("AVConf", "SipServer", 5063),
            Port("AppSharingConf", "SipServer", 5065), *self.media_ports(),
        ]  # fmt: skip
        return self.service("ConfServices", cluster, version, *ports, element="ConfService")

    def mediation(self, cluster: Cluster, version: int, *, tcp: bool = False) -> Service:
        """Add a Mediation Server."""
        ports = [
            Port("Mediation", "SipServer", 5070),
            Port("Mediation", "SipClient", 5067, "Tls", "Pstn"),
            *([Port("Mediation", "SipClient", 5068, "Tcp", "Pstn")] if tcp else []),
            *self.media_ports("AudioCommunication"),
        ]
        return self.service("MediationServer", cluster, version, *ports)

    def director(self, cluster: Cluster, version: int, external: str = "", internal: str = "") -> None:
        """Add the services of a Director pool."""
        self.registrar(cluster, version, is_director=True)
        self.web_site(cluster, version, external, internal)

    def branch(self, cluster: Cluster, version: int, *, tcp: bool = False) -> Service:
        """Add the services of a survivable branch appliance; returns its Mediation Server."""
        self.registrar(cluster, version, is_director=False)
        return self.mediation(cluster, version, tcp=tcp)

    def edge(
        self, cluster: Cluster, version: int, ports: Mapping[str, int], names: Mapping[str, str],
        numbers: Mapping[str, int], features: Iterable[str],
    ) -> None:  # fmt: skip
        """Add an Edge; ports, names and numbers of interfaces by service."""
        on = set(features)

        def outside(owner: str, usage: str, service: str, protocol: str, number: int = 0, count: int = 0) -> Port:
            return Port(
                owner, usage, number or ports[service], protocol, "External", count, numbers[service],
                names.get(service, ""),
            )  # fmt: skip

        self.service(
            "EdgeServer", cluster, version,
            Port("AccessEdge", "SipServer", 5061, side="Internal"),
            outside("AccessEdge", "SipClient", "access", "Tls"),
            Port("DataEdge", "PsomServer", 8057, side="Internal"),
            outside("DataEdge", "PsomClient", "web_conferencing", "Tls"),
            Port("MediaRelayAuthenticationEdge", "SipServer", 5062, side="Internal"),
            Port("MediaRelayEdge", "TURNServer", 443, "Tcp", "Internal"),
            outside("MediaRelayEdge", "TURNServer", "av", "Tcp"),
            Port("MediaRelayEdge", "TURNServer", 3478, "Udp", "Internal"),
            outside("MediaRelayEdge", "TURNServer", "av", "Udp", 3478),
            outside("MediaRelayEdge", "MediaCommunication", "av", "TcpOrUdp", 50000, 10000),
            *([outside("AccessEdge", "SipServer", "access", "Mtls", 5061)] if "federation" in on else []),
            *([Port("SkypeSearchProxy", "WebServer", 4443, side="Internal")] if version > 6 else []),
            *([outside("XmppFederationProxy", "XmppServer", "access", "Tls", 5269)] if "xmpp" in on else []),
            *([Port("XmppFederationProxy", "XptServer", 23456, side="Internal")] if "xmpp" in on else []),
        )  # fmt: skip
        self.service(
            "ManagementServices", cluster, version,
            Port("ReplicationService", "Replication", 4443, "Https", "Internal"),
        )  # fmt: skip

    def central_management(self, cluster: Cluster, version: int, *, active: bool = True) -> None:
        """Add the Central Management server of a pool."""
        self.service(
            "CentralMgmt", cluster, version, element="CentralMgmtService", details={"IsActive": str(active).lower()}
        )

    def gateway(self, cluster: Cluster, version: int, ports: Iterable[int], serves: Iterable[Service]) -> None:
        """Add the trunks of a gateway."""
        found = self.service(
            "PstnGateway", cluster, version, *(Port("PstnGateway", "SipClient", port, "Tls") for port in ports),
            element="PstnGatewayService", details={"MediationServerPort": "5067", "Default": "true"},
        )  # fmt: skip
        found.needs += [(one, "Default") for one in serves]

    def office(self, cluster: Cluster, version: int, name: str) -> Service:
        """Add a farm of Office Web Apps."""
        details = {"DiscoveryUrl": f"https://{name}/hosting/discovery/", "IsExternal": "false"}
        return self.service("WacService", cluster, version, element="WacService", details=details)

    def builder_text(self) -> str:
        """Return it as Topology Builder saves it."""
        return "\n".join(_builder_lines(self))

    def published_text(self) -> str:
        """Return it as Get-CsTopology -AsXml prints it."""
        return "\n".join(_published_lines(self))


def _open(name: str, attributes: Mapping[str, object], end: str = ">") -> str:
    return f"<{name}{''.join(f' {key}={quoteattr(str(value))}' for key, value in attributes.items())}{end}"


def _domain_lines(document: Document) -> Iterator[str]:
    default = document.sip_domains[0] if document.sip_domains else ""
    yield _open("InternalDomains", {"AllowAllDomains": "false", "DefaultDomain": default, "xmlns": _TOPOLOGY})
    for name in sorted(document.sip_domains):
        yield _open("InternalDomain", {"Name": name, "Authoritative": "false", "AllowSubDomains": "false"}, " />")
    yield "</InternalDomains>"


def _machine_lines(cluster: Cluster, *, named: bool) -> Iterator[str]:
    for place, (name, interfaces) in enumerate(cluster.machines.items(), 1):
        given: dict[str, object] = {"OrdinalInCluster": place} if named else {}
        given |= {"Fqdn": name} if named or len(cluster.machines) > 1 or name != cluster.name else {}
        if not interfaces:
            yield _open("Machine", given, " />")
            continue
        yield _open("Machine", given)
        for one in interfaces:
            nat = {"ConfiguredIPAddress": one.nat_address} if one.nat_address else {}
            values = {"InterfaceSide": one.side, "InterfaceNumber": one.number, "IPAddress": one.address, **nat}
            yield _open("NetInterface", {**values, "xmlns": _TOPOLOGY}, " />")
        yield "</Machine>"


def _service_body(service: Service) -> Iterator[str]:
    yield _open("Ports", {"xmlns": _ROLES})
    yield from (_open("Port", port.attributes, " />") for port in service.ports)
    yield "</Ports>"
    if not service.element:
        return
    yield _open(service.element, {**service.details, "xmlns": _ROLES})
    for element, host in (("ExternalSettings", service.external_host), ("InternalSettings", service.internal_host)):
        if host:
            yield f"{_open(element, {'Host': host})}<OverrideUrls /></{element}>"
    yield f"</{service.element}>"


def _builder_lines(document: Document) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield _open("TopologyBuilder", {"IsFreeFromChanges": "true", "FileName": "topology.tbxml", "xmlns": _TB})
    yield "<NewTopology>"
    yield _open("PartialTopology", {"IsPublished": "false", "Signature": "0", "xmlns": _WT})
    yield from _domain_lines(document)
    yield from _url_lines(document)
    yield "<CentralSites>"
    for number, (name, central) in document.sites.items():
        yield from _central_site(document, number, name) if not central else ()
    yield "</CentralSites><Services>"
    for one in document.services:
        on = f"cluster-{one.cluster.number}" + ("" if one.instance is None else f"-sql-{one.instance}")
        given = {"UniqueId": _id(one), "RoleName": one.role, "RoleVersion": 1, "InstalledOn": on}
        yield _open("Service", {**given, "ServiceVersion": one.version})
        yield "<DependsOn>"
        for other, usage in one.needs:
            yield _open("Dependency", {"ServiceUniqueId": _id(other), "Usage": usage}, " />")
        yield "</DependsOn>"
        yield from _service_body(one)
        yield "</Service>"
    yield "</Services></PartialTopology></NewTopology></TopologyBuilder>"


def _central_site(document: Document, number: int, name: str) -> Iterator[str]:
    yield f'<CentralSite SiteId="{number}"><Name xmlns="{_TOPOLOGY}">{name}</Name><Clusters>'
    yield from _builder_clusters(document, number)
    yield "</Clusters><RemoteSites>"
    for other, (branch, central) in document.sites.items():
        if central == number:
            yield f'<RemoteSite SiteId="{other}"><Name>{branch}</Name><Clusters>'
            yield from _builder_clusters(document, other)
            yield "</Clusters></RemoteSite>"
    yield "</RemoteSites></CentralSite>"


def _builder_clusters(document: Document, site: int) -> Iterator[str]:
    for cluster in (one for one in document.clusters if one.site == site):
        single = str(list(cluster.machines) == [cluster.name]).lower()
        given = {"IsSingleMachineOnly": single, "UniqueId": f"cluster-{cluster.number}", "Fqdn": cluster.name}
        yield f"{_open('Cluster', given)}<Machines>"
        yield from _machine_lines(cluster, named=False)
        yield "</Machines><SqlInstances>"
        for name, primary in cluster.instances.items():
            more = {"AlwaysOnPrimaryNodeFqdn": primary} if primary else {}
            given = {"UniqueId": f"cluster-{cluster.number}-sql-{name}", "Name": name}
            yield _open("SqlInstance", {**given, **more}, " />")
        yield "</SqlInstances></Cluster>"


def _id(service: Service) -> str:
    return f"{service.role}-{service.number}"


def _url_lines(document: Document) -> Iterator[str]:
    if not document.simple_urls:
        return
    yield _open("SimpleUrlConfiguration", {"UseBackendDatabase": "false", "xmlns": _URLS})
    for kind, urls in document.simple_urls.items():
        component = {"meet": "Meet", "dialin": "Dialin", "admin": "Cscp"}[kind]
        for url in urls:
            yield _open("SimpleUrl", {"Component": component, "Domain": "*", "ActiveUrl": url}, " />")
    yield "</SimpleUrlConfiguration>"


def _published_lines(document: Document) -> Iterator[str]:
    yield _open("Topology", {"xmlns": _TOPOLOGY, "Signature": "1"})
    yield from _domain_lines(document)
    yield "<Sites>"
    for number, (name, central) in document.sites.items():
        element = "RemoteSite" if central else "CentralSite"
        yield f'<{element} SiteId="{number}"><Name>{name}</Name></{element}>'
    yield "</Sites><Clusters>"
    for cluster in document.clusters:
        yield _open("Cluster", {"RequiresReplication": "true", "RequiresSetup": "true", "Fqdn": cluster.name})
        yield _cluster_id(cluster)
        yield from _machine_lines(cluster, named=True)
        yield "</Cluster>"
    yield "</Clusters><SqlInstances>"
    for cluster in document.clusters:
        for name, primary in cluster.instances.items():
            more = {"AlwaysOnPrimaryNodeFqdn": primary} if primary else {}
            yield f"{_open('SqlInstance', more)}{_instance_id(cluster, name)}</SqlInstance>"
    yield "</SqlInstances><Services>"
    for one in document.services:
        yield _open("Service", {"RoleVersion": 1, "ServiceVersion": one.version})
        yield f"{_service_id(one)}<DependsOn>"
        for other, usage in one.needs:
            yield f"{_open('Dependency', {'Usage': usage})}{_service_id(other)}</Dependency>"
        on = _cluster_id(one.cluster) if one.instance is None else _instance_id(one.cluster, one.instance)
        yield f"</DependsOn><InstalledOn>{on}</InstalledOn>"
        yield from _service_body(one)
        yield "</Service>"
    yield "</Services></Topology>"


def _cluster_id(cluster: Cluster) -> str:
    return _open("ClusterId", {"SiteId": cluster.site, "Number": cluster.number}, " />")


def _instance_id(cluster: Cluster, name: str) -> str:
    return f"{_open('SqlInstanceId', {'Name': name})}{_cluster_id(cluster)}</SqlInstanceId>"


def _service_id(service: Service) -> str:
    given = {"SiteId": service.cluster.site, "RoleName": service.role, "Instance": service.number}
    return _open("ServiceId", given, " />")
