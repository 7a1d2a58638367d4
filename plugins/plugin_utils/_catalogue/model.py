# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The values of a port catalogue: rows of ports, rows of IPsec exemptions, classes of hosts; and the words with a
meaning of their own in catalogue and inventory: roles, features, special classes of peers, documented ports.

A port row says who may reach what where:

    PortRow(id="fe-sip-tls", component="frontend", transports=("tcp",), port=PortSpec(ports=5061), direction="in",
            peers=(Peer("clients"), Peer("frontend")), interface="any", load_balancer={...}, rows=("S2",), ...)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from .._base.addresses import PortSet

ROLES = {
    # role (the group's default name): managed by default
    "frontend": True,
    "edge": True,
    "mediation": True,
    "directors": True,
    "reverse_proxy": True,
    "standard_edition": True,
    "monitoring": True,
    "archiving": True,
    "av_conferencing": True,
    "persistent_chat": True,
    "video_interop": True,
    "load_balancers": True,
    "back_end": False,
    "exchange_um": False,
    "office_web_apps": False,
    "sba": False,
    "clients": False,
    "pstn_gateways": False,
    "video_gateways": False,
    "trusted_applications": False,
    "e911_gateways": False,
    "dhcp_servers": False,
    "dns_servers": False,
    "file_servers": False,
    "admin_hosts": False,
}
POOLED_ROLES = ("frontend", "directors", "edge", "mediation", "video_interop")
"""Roles whose hosts are members of a pool; BALANCED_ROLES: those whose pools a load balancer may stand before."""
BALANCED_ROLES = ("frontend", "directors", "edge", "mediation", "reverse_proxy", "office_web_apps")
FEATURES = (
    "federation",
    "public_im",
    "rcc",
    "e911",
    "cac",
    "dhcp_discovery",
    "legacy_clients",
    "legacy_federation",
    "http_publishing",
    "mediation_tcp",
    "mobility",
    "xmpp",
    "centralized_logging",
)
# The documented defaults, as the tables print them: port-catalogue versions, "Server media ranges (defaults)".
DEFAULT_MEDIA_PORTS: Mapping[str, PortSet] = {
    "audio": PortSet.of(49152, 57500),
    "video": PortSet.of(57501, 65535),
    "application_sharing": PortSet.of(49152, 65535),
    "client": PortSet.of(1024, 65535),
    "edge": PortSet.of(50000, 59999),
}
DEFAULT_EDGE_PORTS = {"access": 443, "web_conferencing": 443, "av": 443}
# With one external address for all three services, as published topologies have it.
SHARED_EDGE_PORTS = {"access": 5061, "web_conferencing": 444, "av": 443}

# Where the Internet comes for listeners that take another port on the servers.
PUBLISHED_PORTS: Mapping[str, int] = {"external_web_https": 443, "external_web_http": 80}

SPECIAL_CLASSES = {
    "any": "every address (the Internet side of Edge and reverse proxy, DHCP)",
    "any_internal": "client, phone, server and media networks",
    "clients": "lync_client_networks and the hosts of group clients",
    "phones": "lync_phone_networks",
    "media_networks": "lync_media_networks",
    "management": "lync_management_networks and the hosts of group admin_hosts",
    "cms_master": "the hosts of the pool lync_central_management_pool",
    "cms_replicas": "servers with a copy of the store, but for the one server of a central management pool of one",
    "backup_pool": "the members of the backup pool of the host's pool",
    "database_users": "the members of the pools that name the host under sql; all Front Ends where no pool does",
    "report_users": "the members of the pools that name the host under sql, with reports",
    "share_users": "the members of the pools that name the host under file_share and of their backup pools, and the "
    "Front Ends where such a pool is one of Persistent Chat Servers; all Front Ends where no pool names it",
    "store_readers": "the servers that read the Central Management store, where the host may hold it",
    "database_partners": "the other copies of the databases that the host has, or is the witness of, and the witness",
}
# Unions of roles that the shipped catalogue names, under `classes`, and the components that pools make of servers.
CATALOGUE_CLASSES = (
    "internal_servers", "replicas", "audio_servers", "media_servers", "database_pools", "setup_servers", "databases",
    "database_copies", "database_witnesses", "report_servers", "share_holders",
)  # fmt: skip
# Special classes that are some members of another class, a role or one of Catalogue.classes.
PART_OF = {
    "cms_master": "frontend",
    "backup_pool": "frontend",
    "cms_replicas": "replicas",
    "database_users": "database_pools",
    "report_users": "database_pools",
    "share_users": "database_pools",
    "store_readers": "setup_servers",
    "database_partners": "back_end",
    "databases": "back_end",
    "database_copies": "back_end",
    "database_witnesses": "back_end",
    "report_servers": "back_end",
    "share_holders": "frontend",
}
# Special classes of which a host has none, without lacking any, where the relation does not concern it.
RELATIONS = ("store_readers",)


class Version(str, Enum):
    """A version of the product."""

    LYNC_2010 = "2010"
    LYNC_2013 = "2013"
    SFB_2015 = "2015"
    SFB_2019 = "2019"
    SFB_SE = "se"


class Transport(str, Enum):
    """A transport protocol."""

    TCP = "tcp"
    UDP = "udp"


class Direction(str, Enum):
    """A direction, seen from the host of the row."""

    IN = "in"
    OUT = "out"


class Scope(str, Enum):
    """Which members of a peer class are meant."""

    OWN_POOL = "own_pool"  # the members of the host's own pool
    DEPLOYMENT = "deployment"  # all members in the deployment


class Interface(str, Enum):
    """The address of the host that a row is bound to."""

    ANY = "any"  # no binding
    INTERNAL = "internal"  # Edge, reverse proxy
    EXTERNAL = "external"  # reverse proxy
    ACCESS = "access"  # Edge, external
    WEB_CONFERENCING = "web_conferencing"  # Edge, external
    AV = "av"  # Edge, external
    PSTN = "pstn"  # Mediation Server, towards the gateways


class LoadBalancer(str, Enum):
    """Whether a port belongs on the load balancer."""

    ALWAYS = "always"  # also when DNS load balancing does SIP
    HLB = "hlb"  # only when the hardware load balancer does everything
    NO = "no"
    NOT_APPLICABLE = "n/a"


class PortSide(str, Enum):
    """Whose port the row's port is."""

    LOCAL = "local"
    REMOTE = "remote"


# Kinds of media of clients that may have ranges of their own, apart from the common one.
CLIENT_RANGES = ("client_audio", "client_video", "client_sharing", "client_files")
MEDIA_RANGES = ("audio", "video", "application_sharing", "client", "edge", *CLIENT_RANGES)
EDGE_SERVICES = ("access", "web_conferencing", "av")


def media_default(name: str) -> PortSet:
    """Return the documented default of a range; those of the client are parts of its common one."""
    return DEFAULT_MEDIA_PORTS["client" if name in CLIENT_RANGES else name]


@dataclass(frozen=True)
class PortSpec:
    """A row's port: exactly one field is set, and first beside ports.

    ports: fixed ports. first: the one that was written first, where one number is wanted. media: a name of
    MEDIA_RANGES, its range is the host's. edge_service: a name of EDGE_SERVICES, its port is the Edge's. sql: the SQL
    port of the pool. gateway_sip: the peer gateway's SIP port, with the ports given here as the default. sql_mirror,
    sql_witness: the ports of the pool's mirroring, likewise. own_sip: the SIP ports of the host.
    """

    ports: PortSet | None = None
    media: str | None = None
    edge_service: str | None = None
    gateway_sip: PortSet | None = None
    sql: PortSet | None = None
    sql_mirror: PortSet | None = None
    sql_witness: PortSet | None = None
    own_sip: bool = False
    first: int | None = None

    @property
    def default(self) -> PortSet | None:
        """Return the numbers of the row, where it has some of its own or as defaults."""
        return self.ports or self.sql or self.gateway_sip or self.sql_mirror or self.sql_witness


@dataclass(frozen=True)
class Peer:
    """A class of peers, and which of its members.

    peer_class: a role, a class of Catalogue.classes, or one of SPECIAL_CLASSES.
    vips: the virtual addresses of the members' pools belong to the peers too.
    """

    peer_class: str
    scope: Scope = Scope.DEPLOYMENT
    vips: bool = False
    features: tuple[str, ...] = ()  # the class counts only when one of these features is on; empty: always


@dataclass(frozen=True)
class PortRow:
    """One listener (direction in) or one outbound flow (direction out) of a component.

    features: the row is used only when one of these is in lync_features; empty means always.
    collocated: True only on a Front End that is also a Mediation Server, False only on a stand-alone
    Mediation Server, None on both.
    other_port: the port of the other side; None means any.
    web: "internal" or "external" when the row is part of the web services.
    listener: the name by which others find the port; an outbound row goes to the port of its peers' row of that name.
    rows: the numbers S1-S55 of the first edition's table that it stands for; empty for a row the table lacks.
    note: what it is for, in words for those who administer the servers. remark: what is worth knowing of the row.
    inferred: no page says who the peers are.
    """

    id: str
    component: str
    service: str
    transports: tuple[Transport, ...]
    port: PortSpec
    direction: Direction
    peers: tuple[Peer, ...]
    interface: Interface
    load_balancer: Mapping[Version, LoadBalancer]
    versions: frozenset[Version]
    note: str
    source: str
    remark: str = ""
    inferred: bool = False
    rows: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    collocated: bool | None = None
    port_side: PortSide = PortSide.LOCAL
    other_port: PortSpec | None = None
    web: str | None = None
    listener: str | None = None
    application: str = ""
    enabled: bool = True


@dataclass(frozen=True)
class IpsecRow:
    """One row of the IPsec table: traffic between a component and peers that must not wait for IPsec negotiation.

    direction: as printed; the rule that comes of it covers both directions.
    components: the classes on the local side per version, as the printed table has them.
    peer_class: the other side ("any", as printed).
    local_port: the local port, None for any (only the client row has one).
    """

    id: str
    name: str
    components: Mapping[Version, tuple[str, ...]]
    interface: Interface
    direction: Direction
    transports: tuple[Transport, ...]
    versions: frozenset[Version]
    note: str
    source: str
    peer_class: str = "any"
    local_port: PortSpec | None = None
    rows: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    enabled: bool = True


@dataclass(frozen=True)
class Catalogue:
    """All rows, in the order of the file.

    classes: named unions of roles, usable as component and as peer class ({"frontend": ("frontend",
    "standard_edition")}).
    """

    ports: tuple[PortRow, ...]
    ipsec: tuple[IpsecRow, ...]
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
