# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Valid deployments of any make, for properties: pools of each role and method, states, features, versions, two
families.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.model import FEATURES, Version
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.meaning import FEATURE_VERSIONS
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost
from hypothesis import strategies as st

from .deployments import host, inventory

VERSIONS = ("2010", "2013", "2015", "2019", "se")
METHODS = ("hlb", "dns", "none")
STATES = ("active", "active", "active", "joining", "draining", "retired")
BALANCERS = {
    "lb01": host("load_balancers", "10.9.9.5", balancer_driver="haproxy", balancer_addresses=["10.9.9.4", "10.9.9.5"]),
    "lb02": host(
        "load_balancers",
        "203.0.113.253",
        balancer_driver="f5_as3",
        balancer_addresses=["203.0.113.253", "2001:db8:ffff::253"],
    ),
}
# Hosts that one may have or not: name -> groups.
OTHERS = {
    "se01": "standard_edition", "rp01": "reverse_proxy", "gw01": "pstn_gateways", "e911": "e911_gateways",
    "app01": "trusted_applications",
    "adm01": "admin_hosts", "mon01": "monitoring", "um01": "exchange_um", "pc01": "clients", "dhcp01": "dhcp_servers",
    "sba01": "sba",
}  # fmt: skip


WITHOUT_ROWS = ("pstn_gateways", "e911_gateways", "admin_hosts")


@dataclass
class _Draft:
    """A deployment while it is drawn; number gives every address its own last part."""

    hosts: dict[str, dict[str, object]] = field(default_factory=dict)
    pools: dict[str, dict[str, object]] = field(default_factory=dict)
    number: int = 10

    def next(self) -> int:
        self.number += 1
        return self.number


def features_of(version: str) -> list[str]:
    """Return the features that a version has."""
    return [name for name in FEATURES if Version(version) in FEATURE_VERSIONS.get(name, Version)]


@st.composite
def inventories(draw: st.DrawFn) -> dict[str, InventoryHost]:
    """Draw a valid inventory with at least one Front End pool."""
    draft = _Draft(hosts={name: dict(variables) for name, variables in BALANCERS.items()})
    version = draw(st.sampled_from(VERSIONS))
    for place in range(draw(st.integers(1, 2))):
        _pool(draw, draft, f"fe{place}", draw(st.sampled_from(("frontend", "frontend mediation"))))
    for role in draw(st.sets(st.sampled_from(("directors", "mediation")))):
        _pool(draw, draft, role, role)
    if draw(st.booleans()):
        _edge_pool(draw, draft)
    for name in sorted(draw(st.sets(st.sampled_from(sorted(OTHERS)), max_size=5))):
        if not (name == "mon01" and version != "2010"):
            managed = {} if OTHERS[name] in WITHOUT_ROWS else {"managed": True}
            draft.hosts[name] = host(OTHERS[name], f"10.3.0.{draft.next()}", **managed)
    features = sorted(draw(st.sets(st.sampled_from(features_of(version)))))
    master = draw(st.sampled_from([None, *(name for name, pool in draft.pools.items() if pool["role"] == "frontend")]))
    return inventory(
        draft.hosts,
        version=version,
        features=features,
        pools=draft.pools,
        central_management_pool=master,
        **draw(_networks),
    )


_networks = st.fixed_dictionaries(
    {
        "client_networks": st.sampled_from((["10.10.0.0/16"], ["10.10.0.0/16", "2001:db8:10::/48"])),
        "phone_networks": st.sampled_from((["10.12.0.0/16"], ["2001:db8:12::/48"])),
        "media_networks": st.sampled_from(([], ["10.77.0.0/16"])),
        "sip_domains": st.sampled_from(([], ["contoso.com"])),
        "media_ports": st.sampled_from(
            ({}, {"client": "5350-5389"}, {"audio": "40000-40999", "application_sharing": "41000-41999"})
        ),
        "ipsec_ports": st.sampled_from(("any", "media")),
    }
)


def _states(draw: st.DrawFn, count: int) -> list[str]:
    return ["active", *draw(st.lists(st.sampled_from(STATES), min_size=count - 1, max_size=count - 1))]


def _pool(draw: st.DrawFn, draft: _Draft, name: str, groups: str) -> None:
    """Add a Front End, Director or Mediation pool of one to three members."""
    role = groups.split()[0]
    method = draw(st.sampled_from(METHODS))
    count = 1 if method == "none" else draw(st.integers(1, 3))
    dual = draw(st.booleans())
    pool: dict[str, object] = {"role": role, "load_balancing": method}
    if method == "hlb":
        pool |= {
            "balancer": "lb01",
            "vip": [f"10.4.0.{draft.next()}", *([f"2001:db8:4::{draft.number}"] if dual else [])],
        }
    if method == "dns" and role != "mediation":
        pool |= {"balancer": "lb01", "web_vip": f"10.4.0.{draft.next()}"}
    if method != "none" and role != "mediation":
        pool |= draw(st.sampled_from(({}, {"external_web_vip": f"10.4.0.{draft.next()}"}, {"monitoring_port": 5999})))
    draft.pools[f"{name}.contoso.com"] = pool
    for state in _states(draw, count):
        number = draft.next()
        addresses = [f"10.3.0.{number}", *([f"2001:db8:3::{number}"] if dual else [])]
        draft.hosts[f"{name}-{number}"] = host(
            groups, addresses[0], address=addresses, pool=f"{name}.contoso.com", member_state=state
        )


def _edge_pool(draw: st.DrawFn, draft: _Draft) -> None:
    """Add an Edge pool of one to three members."""
    method = draw(st.sampled_from(METHODS))
    shared = draw(st.booleans())
    pool: dict[str, object] = {"role": "edge", "load_balancing": method}
    if method == "hlb":
        vips = {service: f"203.0.113.{draft.next()}" for service in ("access", "web_conferencing", "av")}
        pool |= {
            "balancer": {"internal": "lb01", "external": "lb02"},
            "vip": f"10.4.0.{draft.next()}",
            "external_vips": vips,
        }
        pool |= draw(st.sampled_from(({}, {"monitoring_port": 5999})))
    draft.pools["edge.contoso.com"] = pool
    for state in _states(draw, 1 if method == "none" else draw(st.integers(1, 3))):
        inner = draft.next()
        cards = {
            service: f"203.0.113.{inner if shared else draft.next()}"
            for service in ("access", "web_conferencing", "av")
        }
        draft.hosts[f"edge-{inner}"] = host(
            "edge", f"10.5.0.{inner}", pool="edge.contoso.com", member_state=state, external_addresses=cards
        )
