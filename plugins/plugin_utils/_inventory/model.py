# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The values of a topology: hosts with roles and addresses, pools, and what is said once for the deployment.

Everything here is validated; addresses are AddressSets, ports whole numbers, times absent. Some names a deployment
answers to once: simple URLs, client discovery, external web names; which pool answers them follows from the topology.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from .._base.addresses import AddressSet, PortSet
from .._base.errors import Problem
from .._catalogue.model import DEFAULT_EDGE_PORTS, DEFAULT_MEDIA_PORTS, Version
from .._firewall.rule import Rule


class Platform(str, Enum):
    """What a host runs."""

    WINDOWS = "windows"
    LINUX = "linux"
    APPLIANCE = "appliance"


class Method(str, Enum):
    """How a pool is load balanced."""

    HLB = "hlb"
    DNS = "dns"
    NONE = "none"


class MemberState(str, Enum):
    """The phase of a host's life in its pool."""

    ACTIVE = "active"
    JOINING = "joining"
    DRAINING = "draining"
    RETIRED = "retired"


@dataclass(frozen=True)
class InventoryHost:
    """One host as the inventory has it: its group names and its variables (lync_*, ansible_host, connection keys)."""

    name: str
    groups: tuple[str, ...]
    variables: Mapping[str, object]

    @property
    def connection_host(self) -> str:
        """Return where Ansible reaches it: ansible_host, else its name."""
        return str(self.variables.get("ansible_host") or self.name)


@dataclass(frozen=True)
class DeviceSettings:
    """How a host is configured, as the variables of device_variables say; None or empty where a module's default
    holds.

    connection_host: ansible_host, else the name of the host.
    """

    connection_host: str = ""
    balancer_state: str | None = None
    balancer_options: Mapping[str, str] = field(default_factory=dict)
    balancer_path: str | None = None
    balancer_udp_path: str | None = None
    master_socket: str | None = None
    reverse_proxy_options: Mapping[str, str] = field(default_factory=dict)
    reverse_proxy_path: str | None = None
    reverse_proxy_http_path: str | None = None
    apply: str = "direct"
    firewall_state: str = "replaced"
    unprotected_rules: tuple[str, ...] = ()
    ipsec_engine: str | None = None
    linux_policy: str = "drop"
    linux_path: str | None = None


@dataclass(frozen=True)
class Host:
    """One host of the inventory that plays a role.

    roles: plain role names, whatever the groups are called; none of a host that is in a class of the site's only.
    addresses: lync_address, what the host answers on (an Edge's internal address).
    external_addresses, external_nat_addresses: per service of EDGE_SERVICES.
    external_address: of a reverse proxy; empty when it has one interface only.
    media_ports: per name of MEDIA_RANGES; those of CLIENT_RANGES where they are set.
    """

    name: str
    roles: frozenset[str]
    version: Version
    features: frozenset[str]
    addresses: AddressSet
    pool: str | None = None
    site: str | None = None
    managed: bool = True
    platform: Platform = Platform.WINDOWS
    member_state: MemberState = MemberState.ACTIVE
    backup_member: bool = False
    internal_address: AddressSet = AddressSet()
    external_address: AddressSet = AddressSet()
    external_addresses: Mapping[str, AddressSet] = field(default_factory=dict)
    external_nat_addresses: Mapping[str, AddressSet] = field(default_factory=dict)
    external_nat_address: AddressSet = AddressSet()  # of a reverse proxy
    fqdn: str = ""
    classes: frozenset[str] = frozenset()  # of lync_classes
    edge_ports: Mapping[str, int] = field(default_factory=lambda: DEFAULT_EDGE_PORTS)
    pstn_address: AddressSet = AddressSet()
    media_ports: Mapping[str, PortSet] = field(default_factory=lambda: DEFAULT_MEDIA_PORTS)
    client_networks: AddressSet = AddressSet()
    phone_networks: AddressSet = AddressSet()
    client_program: str | None = None
    sip_ports: tuple[int, ...] = ()  # of a gateway, a Video Interop Server, the applications of a server
    serves_pools: tuple[str, ...] = ()  # of a gateway: lync_pools as a list of names; empty: all pools
    balancer_driver: str | None = None
    balancer_addresses: AddressSet = AddressSet()
    balancer_vendor: Mapping[str, object] = field(default_factory=dict)
    reverse_proxy_driver: str | None = None
    extra_rules: tuple[Rule, ...] = ()
    management_ports: tuple[int, ...] = ()  # that the plan opens to the management networks
    settings: DeviceSettings = DeviceSettings()

    @property
    def is_alive(self) -> bool:
        """Return whether the host is still part of the deployment: it is not retired."""
        return self.member_state is not MemberState.RETIRED

    @property
    def collocated(self) -> bool:
        """Return whether this Front End is also a Mediation Server."""
        return "mediation" in self.roles and bool(self.roles & {"frontend", "standard_edition"})


@dataclass(frozen=True)
class SqlListener:
    """The name by which an AlwaysOn availability group is reached, its address and TCP port."""

    name: str
    address: AddressSet
    port: int = 1433


@dataclass(frozen=True)
class SqlServer:
    """Where a pool keeps its databases: hosts by inventory name, TCP ports.

    instance: empty for the default one. mirror, witness: of database mirroring; mirror_port is the endpoint by which
    copies of a database are kept alike, of mirroring and of AlwaysOn. reports: Reporting Services run on the hosts.
    """

    hosts: tuple[str, ...]
    port: int = 1433
    instance: str = ""
    mirror: str | None = None
    mirror_port: int = 5022
    witness: str | None = None
    witness_port: int = 7022
    listener: SqlListener | None = None
    reports: bool = False

    @property
    def nodes(self) -> tuple[str, ...]:
        """Return the hosts that hold the databases, the mirror too."""
        return (*self.hosts, *([self.mirror] if self.mirror else ()))

    @property
    def copies(self) -> tuple[str, ...]:
        """Return the hosts that keep copies of the databases alike; none where there is one copy only."""
        return self.nodes if self.mirror or self.listener else ()

    @property
    def ports(self) -> tuple[int, ...]:
        """Return the ports on which the databases are asked."""
        return (self.port, *([self.listener.port] if self.listener else ()))


@dataclass(frozen=True)
class Tls:
    """What reverse proxies do with the TLS of a pool's external web names: mode passthrough or bridge; paths on the
    proxy, of bridge only.
    """

    mode: str = "passthrough"
    certificate: str = ""
    ca: str = ""


@dataclass(frozen=True)
class Pool:
    """One pool, with its members in the inventory's order.

    vip: internal (the only one outside the Edge); may hold an IPv4 and an IPv6 address. web_vip: equals vip unless
    given. external_web_nat_vip: where the Internet reaches external_web_vip, or the virtual address of reverse proxies.
    external_vips, external_fqdns: of an Edge pool, per service of EDGE_SERVICES. external_web_vip: 443 -> 4443
    and 80 -> 8080 done by the balancer. balancers: inventory names per side, {"internal": (...), "external": (...)};
    outside the Edge only "internal". methods: per side; validation has made sure that both sides of an Edge agree, so
    method is one of them.
    """

    name: str
    role: str
    method: Method
    version: Version
    members: tuple[str, ...]
    vip: AddressSet = AddressSet()
    web_vip: AddressSet = AddressSet()
    external_vips: Mapping[str, AddressSet] = field(default_factory=dict)
    external_web_vip: AddressSet = AddressSet()
    external_web_nat_vip: AddressSet = AddressSet()
    balancers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    web_fqdn: str | None = None
    external_web_fqdn: str | None = None
    external_fqdns: Mapping[str, str] = field(default_factory=dict)
    row_overrides: tuple[Mapping[str, object], ...] = ()  # raw: the catalogue checks them
    monitoring_port: int | None = None
    backup_pool: str | None = None
    sql: SqlServer | None = None
    file_share: tuple[str, ...] = ()
    vendor: Mapping[str, object] = field(default_factory=dict)
    site: str | None = None
    tls: Tls = Tls()


@dataclass(frozen=True)
class KerberosLogin:
    """The domain account that changes secure zones of a DNS server: name@REALM, and a password or a keytab.

    server: the host name of the DNS server, by which Kerberos knows it. keytab: a path on the controller.
    password is empty as long as it is vaulted, and never part of the text.
    """

    principal: str
    server: str
    password: str = field(default="", repr=False)
    keytab: str = ""


@dataclass(frozen=True)
class DnsServer:
    """A server that takes DNS records of zones in one view (internal or external): by a TSIG key, by a domain account,
    or on a Windows host.

    key_secret: base64; empty without a key, and as long as it is vaulted. It is not part of the text of a server.
    """

    address: str
    zones: tuple[str, ...]
    view: str = "internal"
    key_name: str | None = None
    windows_host: str | None = None
    port: int = 53
    key_algorithm: str = "hmac-sha256"
    key_secret: str = field(default="", repr=False)
    kerberos: KerberosLogin | None = None


@dataclass(frozen=True)
class Home:
    """Where clients of a SIP domain go: internal, the pool that they sign in to first; external, the Edge pool that
    they come through; and the pools of sites, which are the next choice.
    """

    internal: str | None = None
    external: str | None = None
    sites: Mapping[str, Home] = field(default_factory=dict)


@dataclass(frozen=True)
class ExtraRecord:
    """A DNS record set of the site's own: the pool that it goes with, zone empty for the one that holds the name."""

    pool: str
    name: str
    type: str
    values: tuple[str, ...]
    view: str = "internal"
    zone: str = ""
    ttl: int = 300


@dataclass(frozen=True)
class Topology:
    """The whole deployment.

    hosts: only those with a role, by name, in the inventory's order. warnings: what is allowed but worth saying.
    simple_urls: {"meet": ["https://meet.contoso.com"], "dialin": ..., "admin": ...} as given.
    """

    hosts: Mapping[str, Host]
    pools: Mapping[str, Pool]
    central_management_pool: str | None = None
    management_networks: AddressSet = AddressSet()
    media_networks: AddressSet = AddressSet()
    sip_domains: tuple[str, ...] = ()
    simple_urls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dns_servers: tuple[DnsServer, ...] = ()
    home_pools: Mapping[str, Home] = field(default_factory=dict)
    federation_pool: str | None = None
    time_server: str | None = None
    extra_records: tuple[ExtraRecord, ...] = ()
    ipsec: str = "auto"  # auto, true, false
    ipsec_remote_networks: AddressSet = AddressSet()
    ipsec_ports: str = "any"  # any, media
    extra_rows: tuple[Mapping[str, object], ...] = ()  # lync_extra_rows, raw: the catalogue checks them
    row_overrides: tuple[Mapping[str, object], ...] = ()  # lync_row_overrides, raw
    warnings: tuple[Problem, ...] = ()

    @cached_property
    def living_pools(self) -> tuple[Pool, ...]:
        """Return the pools that have a member which is not retired, by name; each pool asks for them."""
        living = {host.name for host in self.hosts.values() if host.is_alive}
        return tuple(pool for _name, pool in sorted(self.pools.items()) if living.intersection(pool.members))
