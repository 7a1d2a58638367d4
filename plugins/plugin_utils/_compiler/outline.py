# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Host -> its plan without rules: what it is, and how it is brought to what it should have."""

from __future__ import annotations

from .._inventory import device_variables as d
from .._inventory.model import Host, Topology
from .._plan.model import HostPlan, HostPolicy, LoadBalancerSettings, ReverseProxySettings


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
        addresses=_local_addresses(host),
        load_balancer=_load_balancer(host),
        reverse_proxy=_reverse_proxy(host),
        policy=_policy(host, topology),
    )


def _local_addresses(host: Host) -> tuple[str, ...]:
    """Return every address that the inventory says is on the host's network cards."""
    addresses = host.addresses | host.internal_address | host.external_address | host.pstn_address
    for external in host.external_addresses.values():
        addresses |= external
    return addresses.each()


def _load_balancer(host: Host) -> LoadBalancerSettings | None:
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


def _reverse_proxy(host: Host) -> ReverseProxySettings | None:
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


def _policy(host: Host, topology: Topology) -> HostPolicy:
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
