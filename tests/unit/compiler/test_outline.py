# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the plan says that hosts are treated: settings of devices, policy, addresses of balancers, hosts that leave."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import (
    HostPlan,
    HostPolicy,
    LoadBalancerSettings,
    ReverseProxySettings,
)

from .deployments import compiled, host


def planned(name: str, groups: str, **variables: object) -> HostPlan:
    return compiled({name: host(groups, "10.1.0.5", **variables)}).hosts[name]


def test_a_host_is_treated_by_the_defaults_of_the_documentation() -> None:
    plan = planned("se01", "standard_edition")
    assert (plan.policy, plan.load_balancer, plan.reverse_proxy, plan.balancer_addresses) == (
        HostPolicy(),
        None,
        None,
        (),
    )


def test_every_variable_of_the_policy_is_in_the_plan() -> None:
    variables = {
        "apply": "handout", "firewall_state": "Overridden", "ipsec": True, "ipsec_engine": "netsh",
        "linux_policy": "accept",
        "linux_path": "/etc/x.nft", "management_networks": "10.9.0.0/24,10.9.1.7", "unprotected_rules": "one,two",
    }  # fmt: skip
    policy = planned("se01", "standard_edition", **variables).policy
    networks = ("10.9.0.0/24", "10.9.1.7")
    assert policy == HostPolicy(
        "handout", "overridden", "true", "netsh", "accept", "/etc/x.nft", networks, ("one", "two")
    )
    assert (policy.repair_state, HostPolicy(firewall_state="merged").repair_state) == ("replaced", "merged")


def test_a_load_balancer_has_the_options_of_its_driver_and_no_others() -> None:
    options = {"tenant": "Lync", "prefix": "x", "config": "/etc/nginx/nginx.conf", "peer": ""}
    plan = planned(
        "lb01", "load_balancers", balancer_driver="netscaler", balancer_options=options, balancer_state="merged"
    )
    assert plan.load_balancer == LoadBalancerSettings("netscaler", "10.1.0.5", "merged", {"prefix": "x", "peer": ""})
    assert plan.platform == "appliance"


def test_files_and_sockets_of_linux_devices_are_in_the_plan() -> None:
    paths = {
        "balancer_path": "/a",
        "balancer_udp_path": "/b",
        "balancer_master_socket": "/c",
        "reverse_proxy_path": "/d",
    }
    more = {
        "reverse_proxy_http_path": "/e",
        "reverse_proxy_options": {"pid_file": "/f"},
        "balancer_options": {"config": "/g", "tenant": "Lync"},
    }
    plan = planned(
        "rp01",
        "reverse_proxy load_balancers",
        balancer_driver="haproxy",
        reverse_proxy_driver="nginx",
        **paths,
        **more,
    )
    assert plan.load_balancer == LoadBalancerSettings("haproxy", "10.1.0.5", None, {"config": "/g"}, "/a", "/b", "/c")
    assert plan.reverse_proxy == ReverseProxySettings("nginx", {"pid_file": "/f"}, "/d", "/e", "/c")
    assert plan.platform == "linux"


@pytest.mark.parametrize("spelling", [["10.1.0.5", "10.1.0.6"], "10.1.0.5,10.1.0.6", "10.1.0.6, 10.1.0.5"])
def test_addresses_of_a_balancer_are_the_same_however_they_are_written(spelling: object) -> None:
    plan = planned("lb01", "load_balancers", balancer_driver="kemp", balancer_addresses=spelling)
    assert plan.balancer_addresses == ("10.1.0.5", "10.1.0.6")


def test_a_balancer_that_others_manage_has_addresses_and_no_plan() -> None:
    hosts = {
        "fe01": host("frontend", "10.1.0.11", pool="pool01"),
        "lb01": host("load_balancers", "10.1.0.5", managed=False),
    }
    plan = compiled(
        hosts, pools={"pool01": {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": "10.1.0.100"}}
    )
    assert set(plan.hosts) == {"fe01"}
    assert any("10.1.0.5" in rule.remoteip for rule in plan.hosts["fe01"].firewall_rules)
