# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands in a topology, as far as anybody knows: elements, their attributes, and what is in them.

What a document has and these tables lack is listed by not_understood(). What they have is read, or says nothing that a
plan could need, with the reason. Elements are those of public documents of both dialects; AlwaysOnPrimaryNodeFqdn and
the Original* ids are attributes that public readers of such documents know, those of failover are of Set-CsRegistrar.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .._base.errors import shown
from .._base.untyped import counted
from .tree import BUILDER, SIMPLE_URLS, TOPOLOGY, Node


@dataclass(frozen=True)
class Element:
    """What an element may have: attributes, and elements in it; "" among these for a text."""

    attributes: frozenset[str]
    children: frozenset[str]


_BOTH_DIALECTS = "Name Location Clusters"
# Name: attributes | elements in it, TEXT for a text.
_TABLE = {
    BUILDER: "IsFreeFromChanges FileName | NewTopology",
    "NewTopology": "| PartialTopology",
    "PartialTopology": f"IsPublished Signature | InternalDomains {SIMPLE_URLS} CentralSites Services",
    TOPOLOGY: "Signature | InternalDomains Sites Clusters SqlInstances Services",
    "InternalDomains": "DefaultDomain AllowAllDomains | InternalDomain",
    "InternalDomain": "Name Authoritative AllowSubDomains |",
    SIMPLE_URLS: "UseBackendDatabase | SimpleUrl",
    "SimpleUrl": "Component Domain ActiveUrl | SimpleUrlEntry",
    "SimpleUrlEntry": "Url |",
    "Sites": "| CentralSite RemoteSite",
    "CentralSites": "| CentralSite",
    "RemoteSites": "| RemoteSite",
    "CentralSite": f"SiteId OriginalSiteId | {_BOTH_DIALECTS} RemoteSites",
    "RemoteSite": f"SiteId OriginalSiteId CentralSiteId | {_BOTH_DIALECTS}",
    "Name": "| TEXT",
    "Location": "City State CountryCode |",
    "Clusters": "| Cluster",
    "Cluster": "UniqueId Fqdn IsSingleMachineOnly RequiresReplication RequiresSetup OriginalNumber | "
    "ClusterId Machine Machines SqlInstances",
    "ClusterId": "SiteId Number |",
    "Machines": "| Machine",
    "Machine": "Fqdn OrdinalInCluster FaultDomain UpgradeDomain | NetInterface",
    "NetInterface": "InterfaceSide InterfaceNumber IPAddress ConfiguredIPAddress |",
    "SqlInstances": "| SqlInstance",
    "SqlInstance": "UniqueId Name AlwaysOnPrimaryNodeFqdn | SqlInstanceId",
    "SqlInstanceId": "Name | ClusterId",
    "Services": "| Service",
    "Service": "UniqueId RoleName RoleVersion InstalledOn ServiceVersion Type OriginalInstance | ServiceId DependsOn "
    "InstalledOn Ports RegistrarService FileStoreService WebService ConfService ApplicationServerService WacService "
    "CentralMgmtService PstnGatewayService",
    "ServiceId": "SiteId RoleName Instance |",
    "DependsOn": "| Dependency",
    "Dependency": "ServiceUniqueId Usage | ServiceId",
    "InstalledOn": "| ClusterId SqlInstanceId",
    "Ports": "| Port",
    "Port": "Owner Usage InterfaceSide InterfaceNumber Port Protocol Range ConfiguredFqdn ConfiguredPort UrlPath "
    "GruuType AuthorizesRequests |",
    "RegistrarService": "IsDirector IsPoolEnabledForSAOnEdge EnableAutomaticFailover FailureDetectionInterval "
    "FailbackDetectionInterval |",
    "FileStoreService": "ShareName |",
    "WebService": "| ExternalSettings InternalSettings WebComponents UpaSeparator",
    "ExternalSettings": "Host | OverrideUrls",
    "InternalSettings": "Host | OverrideUrls",
    "OverrideUrls": "|",
    "WebComponents": "| Component",
    "Component": "ComponentName |",
    "UpaSeparator": "|",
    "ConfService": "| MCUs",
    "MCUs": "| MCU",
    "MCU": "ComponentName Vendor MinSupportedMode |",
    "ApplicationServerService": "|",
    "WacService": "DiscoveryUrl IsExternal |",
    "CentralMgmtService": "IsActive |",
    "PstnGatewayService": "MediationServerPort AlternativeBypassId Default |",
}
TEXT = "TEXT"


def _element(line: str) -> Element:
    attributes, children = (frozenset(part.split()) for part in line.split("|"))
    return Element(attributes, children)


ELEMENTS: Mapping[str, Element] = {name: _element(line) for name, line in _TABLE.items()}
_ID = "it names something within the document"
_WRITER = "it is of the program that wrote the document"
_FABRIC = "it orders servers of a pool for updates, and no packet"
_FAILOVER = "it says when users go to the other pool, which may always come"
_RUNNING = "which part runs is told by its listener"
# What is left out, and why; everything else is read.
SAYS_NOTHING: Mapping[str, str] = {
    f"{BUILDER}.IsFreeFromChanges": _WRITER,
    f"{BUILDER}.FileName": _WRITER,
    "PartialTopology.Signature": _WRITER,
    f"{TOPOLOGY}.Signature": _WRITER,
    "InternalDomain.Authoritative": "it says what becomes of names that nobody has",
    f"{SIMPLE_URLS}.UseBackendDatabase": "it says where meetings are kept",
    "SimpleUrl.Domain": "lync_simple_urls has the URLs of all domains",
    "Location.City": "a place is no site of the plan",
    "Location.State": "a place is no site of the plan",
    "Location.CountryCode": "a place is no site of the plan",
    "CentralSite.OriginalSiteId": _ID,
    "RemoteSite.OriginalSiteId": _ID,
    "RemoteSite.CentralSiteId": _ID,
    "Cluster.OriginalNumber": _ID,
    "Cluster.IsSingleMachineOnly": "the machines of the cluster are there",
    "Cluster.RequiresSetup": "it says who installs, and is no listener",
    "Machine.OrdinalInCluster": _FABRIC,
    "Machine.FaultDomain": _FABRIC,
    "Machine.UpgradeDomain": _FABRIC,
    "Service.RoleVersion": "it is of the schema of the service",
    "Service.Type": _WRITER,
    "Service.OriginalInstance": _ID,
    "Port.UrlPath": "a rule knows no path",
    "Port.GruuType": "a rule knows no name of SIP",
    "Port.AuthorizesRequests": "a rule knows no request",
    "RegistrarService.EnableAutomaticFailover": _FAILOVER,
    "RegistrarService.FailureDetectionInterval": _FAILOVER,
    "RegistrarService.FailbackDetectionInterval": _FAILOVER,
    "Component.ComponentName": _RUNNING,
    "MCU.ComponentName": _RUNNING,
    "MCU.Vendor": _RUNNING,
    "MCU.MinSupportedMode": _RUNNING,
    "PstnGatewayService.AlternativeBypassId": "media that bypasses the servers passes none of their rules",
    "PstnGatewayService.Default": "it orders trunks of one gateway",
}
# Flags that say nothing as long as they are as public documents have them.
_USUAL: Mapping[str, str] = {
    "InternalDomains.AllowAllDomains": "false",
    "InternalDomain.AllowSubDomains": "false",
    "RegistrarService.IsPoolEnabledForSAOnEdge": "false",
}


# What only Topology Builder has where it is; elsewhere it would be read by nobody.
_OF_BUILDER = frozenset({"CentralSite.Clusters", "RemoteSite.Clusters", "Cluster.SqlInstances"})


def not_understood(roots: list[Node]) -> Iterator[str]:
    """Yield what the tables above lack, each kind once with its first place."""
    found: dict[str, list[Node]] = {}
    elsewhere = frozenset() if any(root.name == BUILDER for root in roots) else _OF_BUILDER
    todo = list(reversed(roots))
    while todo:
        node = todo.pop()
        known = ELEMENTS[node.name]
        for text in _oddities(node, known):
            found.setdefault(text, []).append(node)
        for child in reversed(node.children):
            if child.name in known.children and f"{node.name}.{child.name}" not in elsewhere:
                todo.append(child)
            else:
                found.setdefault(f"element {child.name} in {node.name}", []).append(child)
    for what, nodes in found.items():
        more = f", and {counted(len(nodes) - 1, 'time')} more" if len(nodes) > 1 else ""
        yield f"{nodes[0].where}: {what} is not understood{more}"


def _oddities(node: Node, known: Element) -> Iterator[str]:
    for name, value in node.attributes.items():
        usual = _USUAL.get(f"{node.name}.{name}")
        if name not in known.attributes:
            yield f"attribute {name} of {node.name}"
        elif usual is not None and value.strip().lower() not in ("", usual):
            yield f"attribute {name} of {node.name}, {shown(value)},"
    if node.text and TEXT not in known.children:
        yield f"text {shown(node.text[:40])} of {node.name}"
