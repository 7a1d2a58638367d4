# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Valid deployments of any make, for properties: pools of each role and method, states, features, versions, two
families.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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


_PARTNERS = {
    "sql01": host("back_end", "10.6.0.1", managed=True), "sql02": host("back_end", "10.6.0.2", managed=True),
    "fs01": host("file_servers", "10.6.0.3", managed=True),
    "app02": host("trusted_applications", "10.6.0.4", managed=True, sip_port=[6000, 6010]),
}  # fmt: skip
_OFFICE = {
    f"owa0{number}": host("office_web_apps", f"10.6.0.1{number}", managed=True, pool="owa.contoso.com")
    for number in (1, 2)
}
_SQL_OF_VERSIONS: tuple[tuple[str, dict[str, object]], ...] = (
    ("2010 2013 2015 2019 se", {"hosts": ["sql01"]}),
    ("2010 2013 2015 2019 se", {"hosts": ["sql01"], "port": 1450, "reports": True}),
    ("2013 2015", {"hosts": ["sql01"], "mirror": "sql02"}),
    ("2015 2019 se", {"hosts": ["sql01", "sql02"], "listener": {"name": "ag.contoso.com", "address": "10.6.0.9"}}),
)


@st.composite
def related_inventories(draw: st.DrawFn) -> dict[str, InventoryHost]:
    """Draw a valid inventory whose pools name their databases and shares, with two SIP domains and their homes, web
    names, a site of its own for a pool, and partners that get rules too.
    """
    found = draw(inventories())
    shared = next(iter(found.values())).variables
    version, given = str(shared["lync_version"]), shared["lync_pools"]
    assert isinstance(given, dict)
    pools = {name: {**pool, **draw(_relations(version, name, str(pool["role"])))} for name, pool in given.items()}
    partners = dict(_PARTNERS)
    if version != "2010" and draw(st.booleans()):
        partners |= _OFFICE
        pools["owa.contoso.com"] = {
            "role": "office_web_apps", "load_balancing": "hlb", "balancer": "lb01", "vip": "10.4.0.250",
            "web_fqdn": "owa.contoso.com", "external_web_fqdn": "owa.contoso.com",
        }  # fmt: skip
    names = {
        "lync_pools": pools,
        "lync_sip_domains": draw(st.sampled_from((["contoso.com"], ["contoso.com", "fabrikam.com"]))),
        "lync_simple_urls": {
            "meet": "https://meet.contoso.com", "dialin": ["https://dialin.contoso.com"],
            "admin": "https://admin.contoso.com",
        },
        "lync_home_pools": draw(_homes(pools)),
    }
    common = {key: value for key, value in shared.items() if key in _COMMON}
    hosts = {name: InventoryHost(name, (), {**common, **variables}) for name, variables in partners.items()}
    added = {name: _grouped(host, partners[name]["groups"]) for name, host in hosts.items()}
    return {name: replace(each, variables={**each.variables, **names}) for name, each in {**found, **added}.items()}


_COMMON = (
    "lync_version", "lync_features", "lync_client_networks", "lync_phone_networks", "lync_media_networks",
    "lync_media_ports", "lync_central_management_pool", "lync_ipsec_ports",
)  # fmt: skip


def _grouped(each: InventoryHost, groups: object) -> InventoryHost:
    assert isinstance(groups, tuple)
    own = {key: value for key, value in each.variables.items() if key != "groups"}
    return replace(each, groups=groups, variables=own)


@st.composite
def _relations(draw: st.DrawFn, version: str, name: str, role: str) -> dict[str, object]:
    """Draw what a pool says of its databases, shares, web names and site."""
    label = name.partition(".")[0]
    more: dict[str, object] = {}
    if role in ("frontend", "directors") and draw(st.booleans()):
        more |= {"web_fqdn": f"web-{label}.contoso.com", "external_web_fqdn": f"webext-{label}.contoso.com"}
    if role == "frontend":
        known = [sql for versions, sql in _SQL_OF_VERSIONS if version in versions.split()]
        more |= draw(st.sampled_from(({}, *({"sql": sql} for sql in known))))
        more |= draw(st.sampled_from(({}, {"file_share": {"hosts": ["fs01"]}})))
        more |= draw(st.sampled_from(({}, {"site": "oslo"})))
    moved = draw(st.sets(st.sampled_from(_MOVED.get(role, ("",)))))
    overrides = [{"select": f"id=='{row}'", "set": {"port": _PORTS[row]}} for row in sorted(moved - {""})]
    return more | ({"row_overrides": overrides} if overrides else {})


# Ports that a pool may have moved, by row; of several the first is what others are told.
_PORTS: Mapping[str, object] = {
    "fe-sip-tls": [7061, 5061], "fe-web-external-https": 7443, "fe-web-external-http": [8080, 7080],
    "director-sip-tls": 7062, "director-web-external-https": [7444, 4443],
}  # fmt: skip
_MOVED = {
    "frontend": tuple(row for row in _PORTS if row.startswith("fe-")),
    "directors": tuple(row for row in _PORTS if row.startswith("director-")),
}


@st.composite
def _homes(draw: st.DrawFn, pools: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    inner = [name for name, pool in pools.items() if pool["role"] in ("frontend", "directors")]
    home: dict[str, object] = {"internal": draw(st.sampled_from(inner))}
    in_oslo = [name for name, pool in pools.items() if pool.get("site") == "oslo"]
    if in_oslo and draw(st.booleans()):
        home["sites"] = {"oslo": {"internal": in_oslo[0]}}
    return {draw(st.sampled_from(("*", "contoso.com"))): home} if draw(st.booleans()) else {}
