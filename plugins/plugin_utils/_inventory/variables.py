# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of all lync_* variables.

    VERSION = Variable("lync_version", _read_version, Version.LYNC_2010, HOST, "str", "...", choices=("2010", ...))

Host variables are read per host (those of devices are in device_variables), deployment variables once: they must be
equal wherever they are set. The variables of a run are in run_variables.
"""

from __future__ import annotations

from collections.abc import Mapping

from .._base.addresses import AddressSet, PortSet
from .._catalogue.model import DEFAULT_MEDIA_PORTS, EDGE_SERVICES, FEATURES, MEDIA_RANGES, ROLES, Version
from .._firewall.rule import Rule
from .device_variables import DEVICE_VARIABLES
from .dns_servers import read_dns_servers
from .extra_rules import extra_rules
from .fields import (
    At,
    Record,
    Scope,
    Variable,
    addresses,
    any_networks,
    boolean,
    choice,
    choices,
    dns_name,
    dns_names,
    group_part,
    mapping_of,
    networks,
    port,
    port_ranges,
    ports,
    raw_mappings,
    text,
    texts,
    urls,
)
from .homes import read_classes, read_extra_records, read_home_pools
from .model import DnsServer, ExtraRecord, Home, MemberState, Platform
from .pool_fields import read_pools
from .run_variables import RUN_VARIABLES

VERSIONS = tuple(version.value for version in Version)
SIMPLE_URLS = ("meet", "dialin", "admin")


def _read_version(raw: object, at: At) -> Version:
    return Version(choice("a version", VERSIONS)(raw, at))


def _read_platform(raw: object, at: At) -> Platform:
    return Platform(choice("a platform", [platform.value for platform in Platform])(raw, at))


def _read_member_state(raw: object, at: At) -> MemberState:
    return MemberState(choice("a member state", [state.value for state in MemberState])(raw, at))


def _read_media_ports(raw: object, at: At) -> Mapping[str, PortSet]:
    """Return the ranges by kind; a kind of the client's own is a list, and takes the place of its common range."""
    return {**DEFAULT_MEDIA_PORTS, **_read_media_keys(raw, at)}


def _read_media_keys(raw: object, at: At) -> Mapping[str, PortSet]:
    return {name: found for name, found in mapping_of(MEDIA_RANGES, port_ranges)(raw, at).items() if found}


_HOST, _DEPLOYMENT = Scope.HOST, Scope.DEPLOYMENT
_NONE = AddressSet()

# --- per host: what the host is -----------------------------------------------------------------------------------

VERSION = Variable(
    "lync_version", _read_version, Version.LYNC_2010, _HOST, "str",
    "Version of the product that the host runs; equal within a pool. Required of servers of the product.",
    choices=VERSIONS,
)  # fmt: skip
FEATURES_ON: Variable[frozenset[str]] = Variable(
    "lync_features", choices("a feature", FEATURES), frozenset(), _HOST, "list",
    "Features in use; each opens the rows that need it, a feature that is off opens nothing. Equal within a pool.",
    elements="str", choices=FEATURES, documented_default=(),
)  # fmt: skip
POOL: Variable[str | None] = Variable(
    "lync_pool", dns_name, None, _HOST, "str", "Name of the pool that the host is a member of, a key of C(lync_pools)."
)
SITE: Variable[str | None] = Variable(
    "lync_site", text, None, _HOST, "str",
    "Site of the host, default the site of its pool. When set, clients, phones and gateways are limited to their "
    "site.",
)  # fmt: skip
MANAGED: Variable[bool | None] = Variable(
    "lync_managed", boolean, None, _HOST, "bool",
    "Whether the host gets rules. Default true for the roles of the product and for load balancers, false for the "
    "roles that are listed for their addresses only.",
)  # fmt: skip
PLATFORM: Variable[Platform | None] = Variable(
    "lync_platform", _read_platform, None, _HOST, "str",
    "What the host runs. Default linux for load balancers with driver haproxy and for reverse proxies with "
    "a driver, appliance for other load balancers, windows for all else.",
    choices=tuple(platform.value for platform in Platform),
)  # fmt: skip
MEMBER_STATE = Variable(
    "lync_member_state", _read_member_state, MemberState.ACTIVE, _HOST, "str",
    "Phase of the host in its pool. joining has rules but no traffic yet, draining still has rules and loses its "
    "traffic, retired wants nothing.",
    choices=tuple(state.value for state in MemberState), documented_default="active",
)  # fmt: skip
BACKUP_MEMBER: Variable[bool] = Variable(
    "lync_backup_member", boolean, False, _HOST, "bool",
    "Load balancers send traffic to this member only while no other member of its pool is well.",
    documented_default=False,
)  # fmt: skip

# --- per host: addresses ------------------------------------------------------------------------------------------

ADDRESS = Variable(
    "lync_address", addresses, _NONE, _HOST, "list",
    "Addresses that the host answers on, IPv4 and IPv6. Default C(ansible_host) when that is an address; a name is "
    "never resolved.",
    elements="str",
)  # fmt: skip
INTERNAL_ADDRESS = Variable(
    "lync_internal_address", addresses, _NONE, _HOST, "list",
    "Addresses of the internal interface of an Edge Server or reverse proxy. Default C(lync_address).", elements="str",
)  # fmt: skip
EXTERNAL_ADDRESS = Variable(
    "lync_external_address",
    addresses,
    _NONE,
    _HOST,
    "list",
    "Addresses of the external interface of a reverse proxy that has two interfaces.",
    elements="str",
)
EXTERNAL_ADDRESSES: Variable[Mapping[str, AddressSet]] = Variable(
    "lync_external_addresses", mapping_of(EDGE_SERVICES, addresses), {}, _HOST, "dict",
    "Addresses that the external network cards of an Edge Server hold, with keys access, web_conferencing and av. "
    "All three may be the same.",
)  # fmt: skip
EXTERNAL_NAT_ADDRESSES: Variable[Mapping[str, AddressSet]] = Variable(
    "lync_external_nat_addresses", mapping_of(EDGE_SERVICES, addresses), {}, _HOST, "dict",
    "Public addresses of an Edge Server behind network address translation, with the keys of "
    "C(lync_external_addresses).",
)  # fmt: skip
EXTERNAL_NAT_ADDRESS = Variable(
    "lync_external_nat_address", addresses, _NONE, _HOST, "list",
    "Public addresses of a reverse proxy behind network address translation.", elements="str",
)  # fmt: skip
FQDN: Variable[str | None] = Variable(
    "lync_fqdn", dns_name, None, _HOST, "str",
    "Name of the server in DNS. Default its inventory name, with the domain of its pool where that has no dot.",
)  # fmt: skip
EDGE_PORTS: Variable[Mapping[str, int]] = Variable(
    "lync_edge_ports", mapping_of(EDGE_SERVICES, port), {}, _HOST, "dict",
    "Ports of the external services of an Edge Server, with keys access, web_conferencing and av. Default 443 each; "
    "5061, 444 and 443 when all three share one address. Equal within a pool.",
)  # fmt: skip
PSTN_ADDRESS = Variable(
    "lync_pstn_address",
    addresses,
    _NONE,
    _HOST,
    "list",
    "Addresses of the interface of a Mediation Server that faces the gateways.",
    elements="str",
)

# --- per host: networks, ports and neighbours ---------------------------------------------------------------------

CLIENT_NETWORKS = Variable(
    "lync_client_networks", any_networks, _NONE, _HOST, "list",
    "Networks of the clients, as addresses, networks or ranges. Required; C(any) is taken and warned about. Equal "
    "within a pool.", elements="str",
)  # fmt: skip
PHONE_NETWORKS = Variable(
    "lync_phone_networks",
    networks,
    _NONE,
    _HOST,
    "list",
    "Networks of the phones. Default C(lync_client_networks). Equal within a pool.",
    elements="str",
)
MEDIA_PORTS: Variable[Mapping[str, PortSet]] = Variable(
    "lync_media_ports", _read_media_ports, DEFAULT_MEDIA_PORTS, _HOST, "dict",
    "Ranges of media ports of the host, with keys audio, video, application_sharing, client and edge (of the relay of "
    "an A/V Edge service), and client_audio, client_video, client_sharing and client_files, which are lists and go "
    "before client; a key that is absent keeps its default. Equal within a pool.",
    documented_default={name: ", ".join(ports.to_text()) for name, ports in DEFAULT_MEDIA_PORTS.items()},
)  # fmt: skip
MEDIA_PORT_OVERRIDES: Variable[Mapping[str, PortSet]] = Variable(
    "lync_media_port_overrides", _read_media_keys, {}, _HOST, "dict",
    "Single keys that go before those of C(lync_media_ports), for a host or group whose other ranges stay those of "
    "all; a C(lync_media_ports) of its own would replace them all. Equal within a pool.",
    documented_default={},
)  # fmt: skip
CLIENT_PROGRAM: Variable[str | None] = Variable(
    "lync_client_program",
    text,
    None,
    _HOST,
    "str",
    "Path of the client's program on a managed client; the rules for its media are bound to it.",
)
SIP_PORT: Variable[tuple[int, ...]] = Variable(
    "lync_sip_port", ports, (), _HOST, "list",
    "SIP ports that a gateway, a Video Interop Server, or the applications of a server of trusted applications listen "
    "on.",
    elements="int", documented_default=(),
)  # fmt: skip
GATEWAY_POOLS: Variable[tuple[str, ...]] = Variable(
    "lync_gateway_pools",
    dns_names,
    (),
    _HOST,
    "list",
    "Names of the pools that a gateway serves. Default all.",
    elements="str",
    documented_default=(),
)
# --- per host: rules beside the catalogue's -----------------------------------------------------------------------

EXTRA_FIREWALL_RULES: Variable[tuple[Rule, ...]] = Variable(
    "lync_extra_firewall_rules", extra_rules, (), _HOST, "list",
    "Rules that join the owned group of the host, as options of M(msuc.lync.windows_firewall_rules); numbers and "
    "addresses, no words.",
    elements="dict", documented_default=(),
)  # fmt: skip
MANAGEMENT_RULE: Variable[bool] = Variable(
    "lync_management_rule", boolean, False, _HOST, "bool",
    "Whether the plan of a Windows or Linux host admits C(lync_management_networks) to the ports that Ansible "
    "connects to.", documented_default=False,
)  # fmt: skip

# --- once for the deployment --------------------------------------------------------------------------------------

GROUPS: Variable[Mapping[str, str]] = Variable(
    "lync_groups", mapping_of(tuple(ROLES), text), {}, _DEPLOYMENT, "dict",
    "Names of groups that stand for roles, by role, where the plain name is taken.", documented_default={},
)  # fmt: skip
GROUP_PREFIX: Variable[str] = Variable(
    "lync_group_prefix", group_part, "", _DEPLOYMENT, "str",
    "What stands before the name of every group of a role that C(lync_groups) does not name, such as V(lync_). The "
    "plain names are then groups of others.",
)  # fmt: skip
CLASSES: Variable[Mapping[str, tuple[str, ...]]] = Variable(
    "lync_classes", read_classes, {}, _DEPLOYMENT, "dict",
    "Classes of your own that rows of C(lync_extra_rows) and C(lync_row_overrides) may name as peers and components, "
    "with the groups of the inventory that they stand for.", documented_default={},
)  # fmt: skip
POOLS: Variable[Mapping[str, Record]] = Variable(
    "lync_pools", read_pools, {}, _DEPLOYMENT, "dict",
    "The pools by name. Keys of an entry are role, load_balancing, balancer, vip, web_vip, external_vips, "
    "external_web_vip, web_fqdn, external_web_fqdn, external_fqdns, monitoring_port, backup_pool, sql, file_share, "
    "vendor, site, tls and row_overrides.",
    documented_default={},
)  # fmt: skip
CENTRAL_MANAGEMENT_POOL: Variable[str | None] = Variable(
    "lync_central_management_pool", dns_name, None, _DEPLOYMENT, "str",
    "Pool that holds the Central Management Store, or the inventory name of a Standard Edition server that does.",
)  # fmt: skip
MANAGEMENT_NETWORKS = Variable(
    "lync_management_networks",
    networks, _NONE, _DEPLOYMENT, "list",
    "Networks that Ansible connects from; a change that would shut them out is refused.",
    elements="str", documented_default=(),
)  # fmt: skip
MEDIA_NETWORKS = Variable(
    "lync_media_networks",
    networks, _NONE, _DEPLOYMENT, "list",
    "Networks that may send media besides clients, phones and servers.",
    elements="str", documented_default=(),
)  # fmt: skip
SIP_DOMAINS: Variable[tuple[str, ...]] = Variable(
    "lync_sip_domains",
    dns_names,
    (),
    _DEPLOYMENT,
    "list",
    "SIP domains, for DNS records.",
    elements="str",
    documented_default=(),
)
SIMPLE_URLS_OF: Variable[Mapping[str, tuple[str, ...]]] = Variable(
    "lync_simple_urls",
    mapping_of(SIMPLE_URLS, urls),
    {},
    _DEPLOYMENT,
    "dict",
    "Simple URLs, as lists under meet, dialin and admin.",
    documented_default={},
)
HOME_POOLS: Variable[Mapping[str, Home]] = Variable(
    "lync_home_pools", read_home_pools, {}, _DEPLOYMENT, "dict",
    "Where clients go, by SIP domain or C('*') for all. Keys are internal (the pool that they sign in to first), "
    "external (the Edge pool that they come through) and sites, which has the same two by site. Default the only "
    "pool, else the one with the Central Management store, else the first by name.",
    documented_default={},
)  # fmt: skip
FEDERATION_POOL: Variable[str | None] = Variable(
    "lync_federation_pool", dns_name, None, _DEPLOYMENT, "str",
    "Edge pool that federated partners come to. Default the one that clients of the SIP domain try first.",
)  # fmt: skip
TIME_SERVER: Variable[str | None] = Variable(
    "lync_time_server", dns_name, None, _DEPLOYMENT, "str",
    "Name of the time server that desk phones ask; makes a record of each SIP domain.",
)  # fmt: skip
EXTRA_DNS_RECORDS: Variable[tuple[ExtraRecord, ...]] = Variable(
    "lync_extra_dns_records", read_extra_records, (), _DEPLOYMENT, "list",
    "DNS records of your own that go with a pool. Keys are pool, name, type (A, AAAA, SRV or CNAME), values, ttl, zone "
    "and view.", elements="dict", documented_default=(),
)  # fmt: skip
DNS_SERVERS: Variable[tuple[DnsServer, ...]] = Variable(
    "lync_dns_servers", read_dns_servers, (), _DEPLOYMENT, "list",
    "Servers that take DNS records. Keys are address, port, zones, view (internal or external), key_name, "
    "key_algorithm and key_secret (a TSIG key), kerberos_principal, kerberos_password or kerberos_keytab, and "
    "kerberos_server (a domain account), and windows_host (an inventory name).",
    elements="dict", documented_default=(), is_secret=True,
)  # fmt: skip
IPSEC = Variable(
    "lync_ipsec", choice("a mode", ("auto", "true", "false")), "auto", _DEPLOYMENT, "str",
    "Whether IPsec exemptions are applied. auto applies them where a rule of the host requests or requires "
    "protection.",
    choices=("auto", "true", "false"), documented_default="auto",
)  # fmt: skip
IPSEC_REMOTE_NETWORKS = Variable(
    "lync_ipsec_remote_networks",
    networks, _NONE, _DEPLOYMENT, "list",
    "Networks that IPsec exemptions are limited to. Default no limit.",
    elements="str", documented_default=(),
)  # fmt: skip
IPSEC_PORTS = Variable(
    "lync_ipsec_ports", choice("a choice", ("any", "media")), "any", _DEPLOYMENT, "str",
    "Ports of IPsec exemptions, any as the tables print them, or the media ports only.",
    choices=("any", "media"), documented_default="any",
)  # fmt: skip
EXTRA_ROWS: Variable[tuple[Mapping[str, object], ...]] = Variable(
    "lync_extra_rows",
    raw_mappings,
    (),
    _DEPLOYMENT,
    "list",
    "Rows that are added to the port catalogue.",
    elements="dict",
    documented_default=(),
)
ROW_OVERRIDES: Variable[tuple[Mapping[str, object], ...]] = Variable(
    "lync_row_overrides",
    raw_mappings, (), _DEPLOYMENT, "list",
    "Changes of rows of the port catalogue, each a JMESPath C(select) and the keys to C(set).",
    elements="dict", documented_default=(),
)  # fmt: skip
LOCAL_VARIABLES: Variable[tuple[str, ...]] = Variable(
    "lync_local_variables",
    texts, (), _DEPLOYMENT, "list",
    "Names of variables of your own that begin with lync_; any other unknown one is an error.",
    elements="str", documented_default=(),
)  # fmt: skip

LOCAL_GROUPS: Variable[tuple[str, ...]] = Variable(
    "lync_local_groups",
    texts, (), _DEPLOYMENT, "list",
    "Names of groups of your own that are nearly the name of a role; any other such group is an error.",
    elements="str", documented_default=(),
)  # fmt: skip

HOST_VARIABLES: tuple[Variable[object], ...] = (
    VERSION, FEATURES_ON, POOL, SITE, MANAGED, PLATFORM, MEMBER_STATE, BACKUP_MEMBER, ADDRESS, INTERNAL_ADDRESS,
    EXTERNAL_ADDRESS, EXTERNAL_ADDRESSES,
    EXTERNAL_NAT_ADDRESSES, EXTERNAL_NAT_ADDRESS, FQDN, EDGE_PORTS,
    PSTN_ADDRESS, CLIENT_NETWORKS, PHONE_NETWORKS, MEDIA_PORTS, MEDIA_PORT_OVERRIDES, CLIENT_PROGRAM,
    SIP_PORT, GATEWAY_POOLS,
    EXTRA_FIREWALL_RULES, MANAGEMENT_RULE, *DEVICE_VARIABLES,
)  # fmt: skip
DEPLOYMENT_VARIABLES: tuple[Variable[object], ...] = (
    GROUPS, GROUP_PREFIX, CLASSES, POOLS, CENTRAL_MANAGEMENT_POOL, MANAGEMENT_NETWORKS, MEDIA_NETWORKS, SIP_DOMAINS,
    SIMPLE_URLS_OF, HOME_POOLS, FEDERATION_POOL, TIME_SERVER, EXTRA_DNS_RECORDS, DNS_SERVERS, IPSEC,
    IPSEC_REMOTE_NETWORKS, IPSEC_PORTS, EXTRA_ROWS, ROW_OVERRIDES, LOCAL_VARIABLES, LOCAL_GROUPS,
)  # fmt: skip
KNOWN_NAMES = frozenset(variable.name for variable in HOST_VARIABLES + DEPLOYMENT_VARIABLES + RUN_VARIABLES)
