# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The values of a plan: what every host and every pool should have.

A plan is a pure function of catalogue and topology, and all that later steps read of the inventory's meaning; it holds
no secret and no option of a run. Its texts are numbers, ranges a-b, addresses, networks and "any", never keywords.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .._publications.model import Publication

GROUP = "msuc.lync"
PROFILES = ("domain", "private", "public")
# What asks for rules beside the catalogue; it stands in the place of rows.
EXTRA_RULES, MANAGEMENT_RULE, MONITOR_RULE = "lync_extra_firewall_rules", "lync_management_rule", "balancer-monitor"
RULE_SOURCES = frozenset((EXTRA_RULES, MANAGEMENT_RULE, MONITOR_RULE))


@dataclass(frozen=True)
class FirewallRule:
    """One firewall rule; its limits are options of community.windows.win_firewall_rule, None where there is no limit.

    rows, applications, services, peer_classes: the provenance, that of all rows where rules were merged; rows of a
    rule that no row of the catalogue asks for name the variable that does (RULE_SOURCES). peer_classes: roles where a
    class of the catalogue is some servers, else the class itself ("any", "clients", "management"). component_roles:
    the roles of the host that the rows are for. interface: the side of the host, a value of Interface.
    """

    name: str
    rows: tuple[str, ...]
    direction: str
    protocol: str
    localport: tuple[str, ...]
    remoteport: tuple[str, ...]
    localip: tuple[str, ...]
    remoteip: tuple[str, ...]
    description: str
    program: str | None = None
    group: str = GROUP
    action: str = "allow"
    enabled: bool = True
    profiles: tuple[str, ...] = PROFILES
    service: str | None = None
    interfaces: tuple[str, ...] | None = None
    interfacetypes: tuple[str, ...] | None = None
    icmp_type_code: tuple[str, ...] | None = None
    edge: str | None = None
    security: str | None = None
    applications: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    peer_classes: tuple[str, ...] = ()
    component_roles: tuple[str, ...] = ()
    interface: str = "any"

    @property
    def is_of_catalogue(self) -> bool:
        """Return whether rows of the catalogue ask for the rule."""
        return not RULE_SOURCES.intersection(self.rows)


@dataclass(frozen=True)
class IpsecExemption:
    """One connection security rule that asks for no authentication between two endpoints, in both directions.

    rows, services, peer_classes: as of a FirewallRule; the table of exemptions knows no applications.
    """

    name: str
    rows: tuple[str, ...]
    protocol: str
    localip: tuple[str, ...]
    remoteip: tuple[str, ...]
    localport: tuple[str, ...]
    remoteport: tuple[str, ...]
    description: str
    group: str = GROUP
    enabled: bool = True
    profiles: tuple[str, ...] = PROFILES
    applications: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    peer_classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class MediaFlow:
    """Media that a host exchanges, which must not wait for IPsec: what exemptions are for, whether or not they are
    wanted.
    """

    rows: tuple[str, ...]
    protocol: str
    localip: tuple[str, ...]
    remoteip: tuple[str, ...]
    localport: tuple[str, ...]
    remoteport: tuple[str, ...]


@dataclass(frozen=True)
class MirrorPeer:
    """Who is not managed and drops media in the clear, where it requires IPsec, unless it has the mirror of a host's
    exemptions.
    """

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, order=True)
class NotOpened:
    """A row that applies to a host and opens less than it could, and why.

    row: as Microsoft's table counts. row_id: of the catalogue. empty_classes: classes of its peers without a member.
    """

    row: str
    why: str
    row_id: str
    empty_classes: tuple[str, ...] = ()


def row_order(row: str) -> tuple[str, int, str]:
    """Return the key that sorts I2 before I10, and ids of rows that the first edition lacks by their text."""
    letter, number = row[:1], row[1:]
    return (letter, int(number), "") if number.isdigit() else (row, 0, row)


@dataclass(frozen=True)
class VirtualService:
    """One virtual service on a load balancer; times in seconds.

    persistence: {"type": "none" | "source" | "cookie", "seconds": int, "name": str, "group": str}; services of one
    group share their affinity. monitor: {"type": "tcp", "port": int, "interval_seconds": int, "failures": int}.
    members: address texts of the members that take traffic; backup_members take it when none of these is well,
    draining_members keep what they have, disabled_members (joining) take nothing. options: what the pool's or the
    balancer's vendor options say, for the driver.
    """

    name: str
    pool: str
    rows: tuple[str, ...]
    vip: str
    port: int
    protocol: str
    node_port: int
    members: tuple[str, ...]
    persistence: Mapping[str, object]
    idle_seconds: int
    monitor: Mapping[str, object]
    source_nat: bool
    nagle: bool
    balancers: tuple[str, ...] = ()
    disabled_members: tuple[str, ...] = ()
    draining_members: tuple[str, ...] = ()
    backup_members: tuple[str, ...] = ()
    algorithm: str = "least-connections"
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class DnsRecord:
    """One DNS record set; ttl in seconds."""

    name: str
    type: str
    values: tuple[str, ...]
    zone: str
    view: str
    ttl: int = 300


@dataclass(frozen=True, order=True)
class Certificate:
    """One certificate that a pool asks for; names: all that it must hold, its subject too.

    holder: the members, each with the certificate or one of its own with its name, or the reverse proxies. use: what
    it is assigned to. seen_by: who meets it first. path: the file on the proxies, where the plan names one.
    """

    holder: str
    use: str
    seen_by: str
    subject: str
    names: tuple[str, ...]
    path: str | None = None


@dataclass(frozen=True)
class LoadBalancerSettings:
    """How a load balancer is configured.

    driver: a value of lync_balancer_driver. host: name or address of its management, unless the credentials of the
    task name another. state: what virtual services are brought to, None for what the run decides. options: those of
    the driver's module; for HAProxy those of an nginx that an earlier version had beside it. path: the file of HAProxy
    that is ours, udp_path: that of the earlier nginx; None for the module's default.
    """

    driver: str
    host: str
    state: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    path: str | None = None
    udp_path: str | None = None
    master_socket: str | None = None


@dataclass(frozen=True)
class ReverseProxySettings:
    """How a reverse proxy is configured; driver: a value of lync_reverse_proxy_driver, the rest are options of
    msuc.lync.publications.
    """

    driver: str
    options: Mapping[str, object] = field(default_factory=dict)
    path: str | None = None
    http_path: str | None = None
    master_socket: str | None = None


@dataclass(frozen=True)
class HostPolicy:
    """How a host is treated.

    apply: direct or handout. firewall_state: merged, replaced or overridden. ipsec: auto, true or false. ipsec_engine:
    None for auto. linux_policy: drop or accept, what nftables does with what no rule admits. linux_path: None for the
    module's default. management_networks: from where Ansible connects. unprotected_rules: names of protected rules
    that overridden may disable.
    """

    apply: str = "direct"
    firewall_state: str = "replaced"
    ipsec: str = "auto"
    ipsec_engine: str | None = None
    linux_policy: str = "drop"
    linux_path: str | None = None
    management_networks: tuple[str, ...] = ()
    unprotected_rules: tuple[str, ...] = ()

    @property
    def repair_state(self) -> str:
        """Return the state to repair to: a repair is of our own rules, those of others are site.yml's alone."""
        return "replaced" if self.firewall_state == "overridden" else self.firewall_state


@dataclass(frozen=True)
class HostPlan:
    """What one host should have, and how it is brought there.

    addresses: all that the inventory says are on its network cards. closed_ports: TCP ports of listeners of the
    catalogue that no rule of the host opens, for probes. balancer_addresses: from which a load balancer
    connects and monitors. publications, reverse_proxy: of a reverse proxy that is configured, None of every other
    host. load_balancer: of a load balancer that is configured, None of every other host. connection_host: where Ansible
    reaches it: ansible_host, else its name.
    """

    host: str
    roles: tuple[str, ...]
    version: str
    pool: str | None
    platform: str
    managed: bool
    member_state: str
    addresses: tuple[str, ...]
    firewall_rules: tuple[FirewallRule, ...] = ()
    ipsec_exemptions: tuple[IpsecExemption, ...] = ()
    not_opened: tuple[NotOpened, ...] = ()
    assumptions: tuple[str, ...] = ()
    media_flows: tuple[MediaFlow, ...] = ()
    mirror_peers: tuple[MirrorPeer, ...] = ()
    publications: tuple[Publication, ...] | None = None
    balancer_addresses: tuple[str, ...] = ()
    load_balancer: LoadBalancerSettings | None = None
    reverse_proxy: ReverseProxySettings | None = None
    policy: HostPolicy = HostPolicy()
    closed_ports: tuple[str, ...] = ()
    public_addresses: Mapping[str, tuple[str, ...]] | None = None
    connection_host: str = ""


@dataclass(frozen=True)
class PoolPlan:
    """What one pool should have on its load balancers and in DNS, and the certificates that it asks for."""

    pool: str
    role: str
    method: str
    version: str
    virtual_services: tuple[VirtualService, ...] = ()
    dns_records: tuple[DnsRecord, ...] = ()
    assumptions: tuple[str, ...] = ()
    certificates: tuple[Certificate, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """What a plan was made of: the version of the collection, and digests (SHA-256, hexadecimal) of the shipped
    catalogue and of what the inventory says; empty texts are not known.
    """

    collection: str = ""
    catalogue: str = ""
    inventory: str = ""


UNKNOWN_INPUTS = Inputs()


@dataclass(frozen=True)
class Plan:
    """The plan of a whole deployment; hosts and pools by name, warnings as text.

    known_addresses: every address and network that the inventory names, in the fewest texts. inputs: what it was made
    of. names: what people call addresses (names.py): the host of each address, each network as it is written.
    """

    hosts: Mapping[str, HostPlan] = field(default_factory=dict)
    pools: Mapping[str, PoolPlan] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    known_addresses: tuple[str, ...] = ()
    inputs: Inputs = UNKNOWN_INPUTS
    names: Mapping[str, str] = field(default_factory=dict)
