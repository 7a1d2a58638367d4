# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The compiler: a whole inventory in, the plan of every host and pool out.

    compile_inventory({"fe01": InventoryHost("fe01", ("frontend",), {"lync_client_networks": ["10.0.0.0/8"], ...})})

It needs inventory data only, no facts, and cost grows with the number of hosts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from .._base.addresses import AddressSet
from .._base.errors import InvalidInputError, Problem
from .._catalogue.model import Catalogue, Interface, Transport
from .._inventory import device_variables as d
from .._inventory.model import Host, InventoryHost, Pool, Topology
from .._inventory.read import read_topology, sketch_topology
from .._plan.model import (
    HostPlan,
    HostPolicy,
    LoadBalancerSettings,
    NotOpened,
    Plan,
    PoolPlan,
    ReverseProxySettings,
    row_order,
)
from .assumptions import host_assumptions, pool_assumptions
from .catalogues import Catalogues, catalogues_of, deployment_catalogue
from .certificates import CertificatePolicy, public_addresses
from .dns import DnsPolicy
from .firewall import BalancerPeers, FirewallPolicy
from .further_rules import BalancerRules, additions
from .inputs import inputs_of
from .ipsec import IpsecPolicy
from .known_addresses import known_addresses, written_addresses
from .peers import Directory, local_addresses
from .ports import PoolPorts
from .services import PublishingPolicy, ServicePolicy


def outline(host: Host, topology: Topology) -> HostPlan:
    """Return the plan of a host without its rules."""
    return HostPlan(
        host=host.name,
        roles=tuple(sorted(host.roles)),
        version=host.version.value,
        pool=host.pool,
        platform=host.platform.value,
        managed=host.managed,
        member_state=host.member_state.value,
        addresses=local_addresses(host).each(),
        load_balancer=_outline_balancer(host),
        reverse_proxy=_outline_reverse_proxy(host),
        policy=_outline_policy(host, topology),
        connection_host=host.settings.connection_host,
    )


def _outline_balancer(host: Host) -> LoadBalancerSettings | None:
    if "load_balancers" not in host.roles or host.balancer_driver is None:
        return None
    settings = host.settings
    options = {
        name: settings.balancer_options[name]
        for name in d.BALANCER_OPTIONS[host.balancer_driver]
        if name in settings.balancer_options
    }
    return LoadBalancerSettings(
        driver=host.balancer_driver,
        host=settings.connection_host,
        state=settings.balancer_state,
        options=options,
        path=settings.balancer_path,
        udp_path=settings.balancer_udp_path,
        master_socket=settings.master_socket,
    )


def _outline_reverse_proxy(host: Host) -> ReverseProxySettings | None:
    if "reverse_proxy" not in host.roles or host.reverse_proxy_driver is None:
        return None
    settings = host.settings
    known = d.REVERSE_PROXY_OPTIONS[host.reverse_proxy_driver]
    return ReverseProxySettings(
        driver=host.reverse_proxy_driver,
        options={
            name: settings.reverse_proxy_options[name] for name in known if name in settings.reverse_proxy_options
        },
        path=settings.reverse_proxy_path,
        http_path=settings.reverse_proxy_http_path,
        master_socket=settings.master_socket,
    )


def _outline_policy(host: Host, topology: Topology) -> HostPolicy:
    settings = host.settings
    return HostPolicy(
        apply=settings.apply,
        firewall_state=settings.firewall_state,
        ipsec=topology.ipsec,
        ipsec_engine=settings.ipsec_engine,
        linux_policy=settings.linux_policy,
        linux_path=settings.linux_path,
        management_networks=topology.management_networks.to_text(),
        unprotected_rules=settings.unprotected_rules,
    )


_Made = TypeVar("_Made")


def compile_inventory(inventory: Mapping[str, InventoryHost], leaving: Collection[str] = ()) -> Plan:
    """Return the plan of an inventory; raises InvalidInputError with every problem of inventory and catalogue.

    leaving: hosts that this run retires.
    """
    problems: list[Problem] = []
    topology = _collect_problems(problems, lambda: read_topology(inventory, leaving))
    catalogue = _collect_problems(problems, lambda: deployment_catalogue(inventory))
    if topology is None or catalogue is None:
        raise InvalidInputError(problems)
    plan = compile_topology(topology, catalogues_of(topology, catalogue, inventory))
    known = known_addresses(inventory, plan.hosts.values()).to_text()
    names = {**written_addresses(inventory), **_host_names(topology)}
    return replace(plan, known_addresses=known, inputs=inputs_of(inventory, leaving), names=names)


def _host_names(topology: Topology) -> dict[str, str]:
    """Return the host of each address, those of hosts that are not managed too."""
    found: dict[str, str] = {}
    for host in topology.hosts.values():
        found.update(dict.fromkeys((local_addresses(host) | host.balancer_addresses).each(), host.name))
    return found


def outlines(inventory: Mapping[str, InventoryHost]) -> list[HostPlan]:
    """Return the managed hosts without their rules, whatever is wrong with the inventory."""
    topology = sketch_topology(inventory)
    return [outline(host, topology) for host in topology.hosts.values() if host.managed]


def _collect_problems(problems: list[Problem], make: Callable[[], _Made]) -> _Made | None:
    """Return what make makes, or None after its problems were added to problems."""
    try:
        return make()
    except InvalidInputError as error:
        problems.extend(error.problems)
        return None


def compile_topology(topology: Topology, catalogues: Catalogues) -> Plan:
    """Return the plan of a valid topology."""
    policy = _Policy(topology, catalogues)
    hosts = {name: policy.host_plan(host) for name, host in topology.hosts.items() if host.managed}
    pools = {name: policy.pool_plan(pool) for name, pool in topology.pools.items()}
    return Plan(
        dict(sorted(hosts.items())), dict(sorted(pools.items())), tuple(str(warning) for warning in topology.warnings)
    )


class _OfCatalogue:
    """The policies that follow one catalogue."""

    def __init__(self, catalogue: Catalogue, directory: Directory, pool_ports: PoolPorts) -> None:
        self.services = ServicePolicy(catalogue, directory, pool_ports)
        self.ipsec = IpsecPolicy(catalogue, directory)
        self._catalogue, self._directory, self._pool_ports = catalogue, directory, pool_ports

    def firewall(self, peers: BalancerPeers) -> FirewallPolicy:
        """Return the policy of rules, once it is known which balancers reach whom."""
        return FirewallPolicy(self._catalogue, self._directory, self._pool_ports, peers)


class _Policy:
    """The policies over one topology: those of the deployment, and of pools that change rows for themselves."""

    def __init__(self, topology: Topology, catalogues: Catalogues) -> None:
        directory = Directory(topology, catalogues.main)
        ports = PoolPorts(topology, catalogues)
        self._topology = topology
        self._main = _OfCatalogue(catalogues.main, directory, ports)
        self._own = {
            name: _OfCatalogue(catalogue, directory, ports) for name, catalogue in catalogues.of_pools.items()
        }
        self._dns = DnsPolicy(topology, ports)
        self._certificates = CertificatePolicy(topology)
        self._publishing = PublishingPolicy(topology, ports)
        self._balancers = BalancerRules(directory, self._services)
        peers: dict[tuple[str, Interface, Transport, int], AddressSet] = {}
        for pool in topology.pools.values():
            peers |= self._services(pool).balancer_peers([pool])
        self._firewall = {name: own.firewall(peers) for name, own in self._own.items()}
        self._main_firewall = self._main.firewall(peers)

    def _services(self, pool: Pool) -> ServicePolicy:
        return self._own.get(pool.name, self._main).services

    def host_plan(self, host: Host) -> HostPlan:
        """Return what one host should have."""
        policy = self._firewall.get(host.pool or "", self._main_firewall)
        firewall = policy.host_rules(host)
        ipsec = self._own.get(host.pool or "", self._main).ipsec.host_exemptions(host)
        further = self._balancers.of(host) + additions(host, self._topology.management_networks)
        rules = firewall.rules + further
        return replace(
            outline(host, self._topology),
            firewall_rules=rules,
            closed_ports=policy.closed_ports(rules),
            ipsec_exemptions=ipsec.exemptions,
            not_opened=_sorted_rows(firewall.not_opened + ipsec.not_opened),
            assumptions=host_assumptions(host, rules, self._publishing.forwarding),
            media_flows=ipsec.media,
            mirror_peers=ipsec.mirror_peers,
            publications=self._publishing.publications(host),
            balancer_addresses=host.balancer_addresses.each(),
            public_addresses=public_addresses(host),
        )

    def pool_plan(self, pool: Pool) -> PoolPlan:
        """Return what one pool should have."""
        return PoolPlan(
            pool=pool.name,
            role=pool.role,
            method=pool.method.value,
            version=pool.version.value,
            virtual_services=self._services(pool).virtual_services(pool),
            dns_records=self._dns.pool_records(pool),
            assumptions=pool_assumptions(pool, self._topology),
            certificates=self._certificates.of_pool(pool),
        )


def _sorted_rows(items: tuple[NotOpened, ...]) -> tuple[NotOpened, ...]:
    return tuple(sorted(set(items), key=lambda item: (row_order(item.row), item.why, item.row_id)))
