# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Builds hosts and pools of a topology from their records, with the defaults that depend on roles, members and other
values; and the draft that checks look at: what was built, and what the user had written for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .._base.addresses import AddressSet, PortSet, parse_address
from .._base.errors import Problem
from .._catalogue.model import DEFAULT_EDGE_PORTS, EDGE_SERVICES, ROLES, SHARED_EDGE_PORTS, Version
from . import device_variables as d
from . import pool_fields as f
from . import variables as v
from .extra_rules import management_ports
from .fields import At, Record, read_value
from .model import DeviceSettings, Host, InventoryHost, MemberState, Method, Platform, Pool, Topology
from .variables import POOLS


@dataclass(frozen=True)
class RoleGroups:
    """Which groups stand for which roles: what lync_groups names, else the plain name behind lync_group_prefix.

    The one place that knows it: everything else asks here, by role or by group.
    """

    renamed: Mapping[str, str]
    prefix: str = ""
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def group_of(self, role: str) -> str:
        """Return the name of the group that stands for a role."""
        return self.renamed.get(role, f"{self.prefix}{role}")

    def roles_of(self, groups: tuple[str, ...]) -> frozenset[str]:
        """Return the roles of a host in these groups."""
        return frozenset(role for role in ROLES if self.group_of(role) in groups)

    def classes_of(self, groups: tuple[str, ...]) -> frozenset[str]:
        """Return the classes of the site's own that a host in these groups belongs to."""
        return frozenset(name for name, members in self.classes.items() if set(members) & set(groups))

    def role_named(self, text: str) -> str | None:
        """Return the role that a text means: a role, or the group that stands for one; None for any other text."""
        return text if text in ROLES else next((role for role in ROLES if self.group_of(role) == text), None)


@dataclass(frozen=True)
class Draft:
    """A topology that may hold faults, with the records that it was built of.

    host_records: the variables of every host of the inventory, with a role or not. leaving: the hosts that this run
    retires, whose variables may outlive their role. A check that follows from a value which could not be read would
    say a thing twice: it asks the record first whether the value is good.
    """

    inventory: Mapping[str, InventoryHost]
    groups: RoleGroups
    deployment: Record
    topology: Topology
    host_records: Mapping[str, Record]
    pool_records: Mapping[str, Record]
    leaving: frozenset[str] = frozenset()

    @property
    def pools_readable(self) -> bool:
        """Return whether lync_pools could be read, so that a pool which is not there is one that nobody wrote."""
        return bool(self.deployment[POOLS]) or self.deployment.good(POOLS)

    def members(self, pool: Pool) -> list[Host]:
        """Return the members of a pool that are not retired."""
        found = [self.topology.hosts[name] for name in pool.members]
        return [host for host in found if host.member_state is not MemberState.RETIRED]

    def hosts_with(self, role: str) -> Iterator[Host]:
        """Yield the hosts that play a role."""
        return (host for host in self.topology.hosts.values() if role in host.roles)


Check = Callable[[Draft], Iterator[Problem]]

_TWO_SIDED_ROLES = frozenset(("edge", "reverse_proxy"))
_NONE = AddressSet()


def build_host(host: InventoryHost, roles: frozenset[str], record: Record, pool_site: str | None) -> Host:
    """Return a host with every default filled in; pool_site is the site of its pool, if any."""
    addresses = _choose_addresses(host, roles, record)
    external = record[v.EXTERNAL_ADDRESSES]
    platform = record[v.PLATFORM] or default_platform(roles, record)
    return Host(
        name=host.name,
        roles=roles,
        version=record[v.VERSION],
        features=record[v.FEATURES_ON],
        addresses=addresses,
        pool=pool_of(host.name, roles, record),
        site=record[v.SITE] or pool_site,
        managed=_is_managed(roles, record),
        platform=platform,
        member_state=record[v.MEMBER_STATE],
        backup_member=record[v.BACKUP_MEMBER],
        internal_address=_internal_address(roles, record, addresses),
        external_address=record[v.EXTERNAL_ADDRESS],
        external_addresses=external,
        external_nat_addresses=record[v.EXTERNAL_NAT_ADDRESSES],
        external_nat_address=record[v.EXTERNAL_NAT_ADDRESS],
        fqdn=_fqdn(host.name, roles, record),
        edge_ports=_edge_ports(external, record[v.EDGE_PORTS]),
        pstn_address=record[v.PSTN_ADDRESS],
        media_ports=_media_ports(record),
        client_networks=record[v.CLIENT_NETWORKS],
        phone_networks=record[v.PHONE_NETWORKS] if record.has(v.PHONE_NETWORKS) else record[v.CLIENT_NETWORKS],
        client_program=record[v.CLIENT_PROGRAM],
        sip_ports=record[v.SIP_PORT],
        serves_pools=record[v.GATEWAY_POOLS],
        balancer_driver=record[d.BALANCER_DRIVER],
        balancer_addresses=_balancer_addresses(roles, record, addresses),
        balancer_vendor=record[d.BALANCER_VENDOR],
        reverse_proxy_driver=record[d.REVERSE_PROXY_DRIVER],
        extra_rules=record[v.EXTRA_FIREWALL_RULES],
        management_ports=management_ports(host.variables, platform) if record[v.MANAGEMENT_RULE] else (),
        settings=device_settings(host, record),
    )


def _media_ports(record: Record) -> Mapping[str, PortSet]:
    overrides = record[v.MEDIA_PORT_OVERRIDES]
    return {**record[v.MEDIA_PORTS], **overrides} if overrides else record[v.MEDIA_PORTS]


def pool_of(name: str, roles: frozenset[str], record: Record) -> str | None:
    """Return the pool of a host: the one that it names, and of a Standard Edition server the one of its own name."""
    return record[v.POOL] or (name if "standard_edition" in roles else None)


def with_own_pools(hosts: Iterable[Host], records: Mapping[str, Record]) -> dict[str, Record]:
    """Return the entries of lync_pools, and one for each Standard Edition server that has none under its name."""
    own = [host.name for host in hosts if "standard_edition" in host.roles and host.pool == host.name]
    return {**records, **{name: Record({f.ROLE.name: "standard_edition"}) for name in own if name not in records}}


def _fqdn(name: str, roles: frozenset[str], record: Record) -> str:
    domain = (pool_of(name, roles, record) or "").partition(".")[2]
    return record[v.FQDN] or (f"{name}.{domain}" if "." not in name and domain else name)


def device_settings(host: InventoryHost, record: Record) -> DeviceSettings:
    """Return how a host is configured."""
    return DeviceSettings(
        connection_host=host.connection_host,
        balancer_state=record[d.BALANCER_STATE],
        balancer_options=record[d.BALANCER_OPTIONS_OF],
        balancer_path=record[d.BALANCER_PATH],
        balancer_udp_path=record[d.BALANCER_UDP_PATH],
        master_socket=record[d.MASTER_SOCKET],
        reverse_proxy_options=record[d.REVERSE_PROXY_OPTIONS_OF],
        reverse_proxy_path=record[d.REVERSE_PROXY_PATH],
        reverse_proxy_http_path=record[d.REVERSE_PROXY_HTTP_PATH],
        apply=record[d.APPLY],
        firewall_state=record[d.FIREWALL_STATE],
        unprotected_rules=record[d.UNPROTECTED_RULES],
        ipsec_engine=record[d.IPSEC_ENGINE],
        linux_policy=record[d.LINUX_POLICY],
        linux_path=record[d.LINUX_PATH],
    )


def ansible_address(host: InventoryHost) -> AddressSet:
    """Return the address that Ansible connects to: ansible_host, else the host's name; empty when that is a name."""
    given = host.variables.get("ansible_host")
    place = host.name if given is None else given
    try:
        return AddressSet.parse([str(parse_address(place))]) if isinstance(place, str) else _NONE
    except ValueError:
        return _NONE


def _choose_addresses(host: InventoryHost, roles: frozenset[str], record: Record) -> AddressSet:
    """Return what the host answers on; the inner side of a host with two sides wins over an address for management."""
    if roles & _TWO_SIDED_ROLES and record.has(v.INTERNAL_ADDRESS):
        return record[v.INTERNAL_ADDRESS]
    return record[v.ADDRESS] if record.has(v.ADDRESS) else ansible_address(host)


def _internal_address(roles: frozenset[str], record: Record, found: AddressSet) -> AddressSet:
    """Return the inner side: an Edge Server always has one, a reverse proxy where one of its two sides is named."""
    two_sided = "edge" in roles or (
        "reverse_proxy" in roles and (record.has(v.INTERNAL_ADDRESS) or record.has(v.EXTERNAL_ADDRESS))
    )
    return found if two_sided else _NONE


def _is_managed(roles: frozenset[str], record: Record) -> bool:
    given = record[v.MANAGED]
    return any(ROLES[role] for role in roles) if given is None else given


def default_platform(roles: frozenset[str], record: Record) -> Platform:
    """Return the platform of a host that does not name its own; one without any role is what its drivers say."""
    if record[d.REVERSE_PROXY_DRIVER] and (not roles or "reverse_proxy" in roles):
        return Platform.LINUX
    if "load_balancers" in roles or (not roles and record[d.BALANCER_DRIVER]):
        return Platform.LINUX if record[d.BALANCER_DRIVER] == "haproxy" else Platform.APPLIANCE
    return Platform.WINDOWS


def platform_of(variables: Mapping[str, object]) -> Platform:
    """Return the platform of a host without a role, for which there is no plan.

    Values that cannot be read count as not set.
    """
    wanted = {v.PLATFORM, d.BALANCER_DRIVER, d.REVERSE_PROXY_DRIVER}
    given = {one.name: (one, variables[one.name]) for one in wanted if variables.get(one.name) is not None}
    values = {name: read_value(one, raw, At(name)) for name, (one, raw) in given.items()}
    record = Record({name: value for name, (value, is_bad) in values.items() if not is_bad})
    return record[v.PLATFORM] or default_platform(frozenset(), record)


def _edge_ports(external: Mapping[str, AddressSet], given: Mapping[str, int]) -> Mapping[str, int]:
    distinct = {external.get(service) for service in EDGE_SERVICES}
    defaults = SHARED_EDGE_PORTS if len(distinct) == 1 and external else DEFAULT_EDGE_PORTS
    return {**defaults, **given} if given else defaults


def _balancer_addresses(roles: frozenset[str], record: Record, default: AddressSet) -> AddressSet:
    if "load_balancers" not in roles:
        return _NONE
    return record[d.BALANCER_ADDRESSES] or default


def members_by_pool(hosts: Iterable[Host], roles: Mapping[str, str | None]) -> dict[str, list[Host]]:
    """Return the members of every pool: hosts that name it and play its role; roles is the role of each pool."""
    found: dict[str, list[Host]] = {name: [] for name in roles}
    for host in hosts:
        if host.pool in found and roles[host.pool] in pool_roles_of(host):
            found[host.pool].append(host)
    return found


def pool_roles_of(host: Host) -> frozenset[str]:
    """Return the roles that the pool of a host may have: a collocated Mediation Server is in its Front End's pool."""
    return host.roles - {"mediation"} if host.collocated else host.roles


def pool_role(record: Record, groups: RoleGroups) -> str | None:
    """Return the role of a pool's entry, None when it has none that exists."""
    return groups.role_named(record[f.ROLE])


def build_pool(name: str, role: str, record: Record, members: list[Host]) -> Pool:
    """Return a pool; what its members must have in common is taken from the first."""
    methods = record[f.LOAD_BALANCING] if record.good(f.LOAD_BALANCING) else {}
    return Pool(
        name=name,
        role=role,
        method=methods.get("internal", Method.NONE),
        version=members[0].version if members else Version.LYNC_2010,
        members=tuple(host.name for host in members),
        vip=record[f.VIP],
        web_vip=record[f.WEB_VIP] or record[f.VIP],
        external_vips=record[f.EXTERNAL_VIPS],
        external_web_vip=record[f.EXTERNAL_WEB_VIP],
        external_web_nat_vip=record[f.EXTERNAL_WEB_NAT_VIP],
        balancers=_balancers_by_side(role, record),
        web_fqdn=record[f.WEB_FQDN],
        external_web_fqdn=record[f.EXTERNAL_WEB_FQDN],
        external_fqdns=record[f.EXTERNAL_FQDNS],
        row_overrides=record[f.ROW_OVERRIDES],
        monitoring_port=record[f.MONITORING_PORT],
        backup_pool=record[f.BACKUP_POOL],
        sql=record[f.SQL],
        file_share=record[f.FILE_SHARE],
        vendor=record[f.VENDOR],
        site=record[f.SITE],
        tls=record[f.TLS],
    )


def _balancers_by_side(role: str, record: Record) -> Mapping[str, tuple[str, ...]]:
    sides = f.SIDES if role == "edge" else f.SIDES[:1]
    given = record[f.BALANCER]
    return {side: given[side] for side in sides if given.get(side)}
