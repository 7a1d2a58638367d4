# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Inventories for same.py, the same for the same seed: generated ones, which are valid, and broken ones.

written(directory, 200, examples) -> {"generated-000": PATH, ..., "broken-000": PATH, ...}
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

SEED = 20261129
Document = dict[str, Any]
Hosts = dict[str, Document]

VERSIONS = ("2010", "2013", "2015", "2019", "se")
FEATURES = (
    "federation", "public_im", "rcc", "e911", "cac", "dhcp_discovery", "legacy_clients", "legacy_federation",
    "http_publishing", "mediation_tcp", "mobility",
)  # fmt: skip
WITHOUT_ROWS = ("pstn_gateways", "e911_gateways", "admin_hosts")
FEATURES_ONLY_IN = {"legacy_federation": ("2010", "2013")}
STATES = ("active", "active", "active", "joining", "draining", "retired")
DRIVERS = ("haproxy", "f5_as3", "netscaler", "kemp")
EDGE_SERVICES = ("access", "web_conferencing", "av")
# Hosts that one may have or not: name -> group.
OTHERS = {
    "se01": "standard_edition", "gw01": "pstn_gateways", "e911": "e911_gateways", "app01": "trusted_applications",
    "adm01": "admin_hosts",
    "mon01": "monitoring", "um01": "exchange_um", "pc01": "clients", "dhcp01": "dhcp_servers", "sba01": "sba",
    "chat01": "persistent_chat",
}  # fmt: skip
ONLY_IN = {"mon01": ("2010",), "chat01": ("2013", "2015")}
GROUPS = (
    *OTHERS.values(),
    "frontend",
    "mediation",
    "directors",
    "edge",
    "reverse_proxy",
    "load_balancers",
    "back_end",
    "web",
)
# What any deployment may set or not: name without lync_ -> values to choose from, None for nothing.
COMMON: Mapping[str, Sequence[object]] = {
    "client_networks": (["10.10.0.0/16"], ["10.10.0.0/16", "2001:db8:10::/48"], "10.10.0.0/16, 10.11.0.0/24"),
    "phone_networks": (None, ["10.12.0.0/16"], ["2001:db8:12::/48"]),
    "management_networks": (["10.9.0.0/24"], ["10.9.0.0/24", "2001:db8:9::/64"]),
    "media_networks": (None, ["10.77.0.0/16"]),
    "sip_domains": (None, ["contoso.com"], ["contoso.com", "fabrikam.com"]),
    "media_ports": (None, {"client": "5350-5389"}, {"audio": "40000-40999", "application_sharing": "41000-41999"}),
    "ipsec_ports": (None, "any", "media"),
    "management_rule": (None, True),
    "simple_urls": (None, {"meet": "https://meet.contoso.com", "dialin": ["https://dialin.contoso.com"]}),
    "extra_firewall_rules": (None, [{"name": "Backup agent", "protocol": "tcp", "localport": 10000,
                                     "remoteip": "10.9.0.0/24"}]),
    "row_overrides": (None, None, [{"select": "id=='fe-sip-tls'", "set": {"port": 5071}}],
                      [{"select": "component=='edge'", "set": {"enabled": False}}]),
    "extra_rows": (None, None, [{
        "id": "trader", "application": "Trader", "service": "Trading", "component": "frontend", "direction": "in",
        "transports": ["tcp"], "port": 5666,
        "peers": [{"class": "clients"}],
    }]),
}  # fmt: skip


class Draft:
    """A deployment while it is drawn; every address gets a last part of its own."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.hosts: Hosts = {}
        self.groups: dict[str, tuple[str, ...]] = {}
        self.pools: dict[str, Document] = {}
        self._number = 10

    def next(self) -> int:
        self._number += 1
        return self._number

    def add(self, name: str, groups: str, address: str, /, **variables: object) -> None:
        """Add a host; a variable's name lacks its prefix lync_, and None is none."""
        self.groups[name] = tuple(groups.split())
        self.hosts[name] = {
            "ansible_host": address,
            **{f"lync_{key}": value for key, value in variables.items() if value is not None},
        }

    def maybe(self, **fields: object) -> Document:
        """Return fields, or nothing."""
        return fields if self.chance.random() < 0.5 else {}

    def states(self, count: int) -> list[str]:
        return ["active", *self.chance.choices(STATES, k=count - 1)]

    def document(self, **common: object) -> Document:
        named = {f"lync_{key}": value for key, value in common.items() if value is not None}
        return inventory({**named, "lync_pools": self.pools}, self.hosts, self.groups)


def inventory(
    common: Mapping[str, object], hosts: Mapping[str, Document], groups: Mapping[str, Sequence[str]]
) -> Document:
    """Return an inventory of hosts in groups, with the variables that all of them share."""
    children: dict[str, Document] = {}
    for name, own in groups.items():
        for group in own:
            children.setdefault(group, {"hosts": {}})["hosts"][name] = {}
    return {"all": {"vars": dict(common), "hosts": dict(hosts), "children": children}}


def generated(chance: random.Random) -> Document:
    """Return a deployment of any make: roles, methods, states, features, versions, drivers, address families."""
    draft = Draft(chance)
    version = chance.choice(VERSIONS)
    _balancers(draft)
    for place in range(chance.randint(1, 2)):
        _pool(draft, f"fe{place}", chance.choice(("frontend", "frontend mediation")))
    for role in chance.sample(("directors", "mediation"), chance.randint(0, 2)):
        _pool(draft, role, role)
    if chance.random() < 0.6:
        _edge_pool(draft)
    if chance.random() < 0.6:
        _reverse_proxy(draft)
    for name in sorted(chance.sample(sorted(OTHERS), chance.randint(0, 5))):
        if version in ONLY_IN.get(name, VERSIONS):
            managed = None if OTHERS[name] in WITHOUT_ROWS else True
            draft.add(name, OTHERS[name], f"10.3.0.{draft.next()}", managed=managed)
    front_ends = sorted(name for name, pool in draft.pools.items() if pool["role"] == "frontend")
    common = {name: chance.choice(values) for name, values in COMMON.items()}
    known = [feature for feature in FEATURES if version in FEATURES_ONLY_IN.get(feature, VERSIONS)]
    features = sorted(chance.sample(known, chance.randint(0, len(known))))
    return draft.document(
        **common, version=version, features=features, central_management_pool=chance.choice([None, *front_ends])
    )


def _balancers(draft: Draft) -> None:
    vendors: Mapping[str, Document] = {"netscaler": {"td": 5}, "f5_as3": {"allow_vlans": ["/Common/inner"]}}
    for name, inner, outer in (("lb01", "10.9.9.4", "10.9.9.5"), ("lb02", "203.0.113.253", "2001:db8:ffff::253")):
        driver = draft.chance.choice(DRIVERS)
        vendor = vendors.get(driver) if draft.chance.random() < 0.3 else None
        addresses = draft.chance.choice(([inner, outer], f"{inner},{outer}", [inner]))
        state = draft.chance.choice((None, None, None, "retired")) if name == "lb02" else None
        draft.add(
            name,
            "load_balancers",
            inner,
            balancer_driver=driver,
            balancer_addresses=addresses,
            balancer_vendor=vendor,
            member_state=state,
        )


def _pool(draft: Draft, name: str, groups: str) -> None:
    """Add a Front End, Director or Mediation pool of one to three members."""
    chance, role = draft.chance, groups.split(maxsplit=1)[0]
    method = chance.choice(("hlb", "dns", "none"))
    dual = chance.random() < 0.4
    pool: Document = {"role": role, "load_balancing": method}
    if method == "hlb":
        pool |= {
            "balancer": "lb01",
            "vip": [f"10.4.0.{draft.next()}", *([f"2001:db8:4::{draft.next()}"] if dual else [])],
        }
    if method == "dns" and role != "mediation":
        pool |= {"balancer": "lb01", "web_vip": f"10.4.0.{draft.next()}"}
    if method != "none" and role != "mediation":
        pool |= chance.choice(({}, {"external_web_vip": f"10.4.0.{draft.next()}"}, {"monitoring_port": 5999}))
    if role != "mediation":
        pool |= draft.maybe(web_fqdn=f"web-{name}.contoso.com", external_web_fqdn=f"webext-{name}.contoso.com")
    draft.pools[f"{name}.contoso.com"] = pool
    for state in draft.states(1 if method == "none" else chance.randint(1, 3)):
        number = draft.next()
        address = [f"10.3.0.{number}", *([f"2001:db8:3::{number}"] if dual else [])]
        draft.add(
            f"{name}-{number}", groups, address[0], address=address, pool=f"{name}.contoso.com", member_state=state
        )


def _edge_pool(draft: Draft) -> None:
    """Add an Edge pool of one to three members."""
    chance = draft.chance
    method, shared = chance.choice(("hlb", "dns", "none")), chance.random() < 0.3
    pool: Document = {"role": "edge", "load_balancing": method}
    if method == "hlb":
        vips = {service: f"203.0.113.{draft.next()}" for service in EDGE_SERVICES}
        pool |= {
            "balancer": {"internal": "lb01", "external": "lb02"},
            "vip": f"10.4.0.{draft.next()}",
            "external_vips": vips,
        }
    draft.pools["edge.contoso.com"] = pool
    for state in draft.states(1 if method == "none" else chance.randint(1, 3)):
        inner = draft.next()
        cards = {service: f"203.0.113.{inner if shared else draft.next()}" for service in EDGE_SERVICES}
        public = (
            {service: f"198.51.100.{draft.next()}" for service in EDGE_SERVICES}
            if method == "dns" and not shared and chance.random() < 0.4
            else None
        )
        more = {"external_addresses": cards, "external_nat_addresses": public}
        draft.add(f"edge-{inner}", "edge", f"10.5.0.{inner}", pool="edge.contoso.com", member_state=state, **more)


def _reverse_proxy(draft: Draft) -> None:
    driver = draft.chance.choice((None, "haproxy", "nginx"))
    draft.add(
        "rp01",
        "reverse_proxy",
        "10.6.0.61",
        external_address=draft.chance.choice((None, "203.0.113.61")),
        reverse_proxy_driver=driver,
    )


# --- broken ones ---------------------------------------------------------------------------------------------------

WORDS = (
    "any", "10.1.0.11", "10.1.0.100", "10.0.0.0/8", "::/0", "2001:db8::1", "fe80::1%eth0", "0.0.0.0/0",
    "10.1.0.1-10.1.0.9", "443", "1-2", "70000", "5-1",
    "hlb", "dns", "none", "edge", "frontend", "lb01", "internal", "external", "av", "audio", "client", "hosts",
    "2013", "2019", "se", "retired", "joining",
    "pool01.contoso.com", "edge01.contoso.com", "{{ x }}", "", " ", "-", ",", "/", "..", "ß" * 300, "1e9", "0x10",
    "true", "no", "ports",
)  # fmt: skip
VARIABLES = (
    "lync_version", "lync_features", "lync_pool", "lync_site", "lync_managed", "lync_platform", "lync_member_state",
    "lync_address",
    "lync_external_addresses", "lync_edge_ports", "lync_pstn_address", "lync_client_networks", "lync_media_ports",
    "lync_sip_port", "lync_gateway_pools",
    "lync_balancer_driver", "lync_balancer_addresses", "lync_balancer_vendor", "lync_reverse_proxy_driver",
    "lync_extra_firewall_rules",
    "lync_management_rule", "lync_pools", "lync_sip_domains", "lync_simple_urls", "lync_dns_servers",
    "lync_row_overrides", "lync_extra_rows",
    "lync_central_management_pool", "lync_media_networks", "lync_backup_member", "lync_typo", "ansible_host",
    "ansible_port",
)  # fmt: skip
OVERRIDES: Sequence[Document] = (
    {"interface": "pstn"}, {"interface": "external"}, {"component": "edge"}, {"component": "clients"},
    {"direction": "out"}, {"load_balancer": "always"},
    {"port": {"media": "client"}}, {"port": {"edge_service": "av"}}, {"port": {"gateway_sip": 5060}},
    {"port": "1-65535"}, {"port_side": "remote"},
    {"peers": [{"class": "any"}]}, {"peers": [{"class": "backup_pool", "vips": True}]},
    {"peers": [{"class": "nobody"}]}, {"transports": ["udp", "tcp"]},
    {"web": "external"}, {"features": []}, {"versions": ["2011"]}, {"enabled": "perhaps"}, {"wrong": 1},
)  # fmt: skip
SELECTS = (
    "component=='edge'",
    "id=='fe-sip-tls'",
    "interface!='any'",
    "`true`",
    "direction=='in'",
    "][",
    "peers[?class=='any']",
)
Break = Callable[[random.Random, Document], None]


def junk(chance: random.Random, depth: int = 2) -> object:
    """Return a value that is seldom what is asked for."""
    kind = chance.randrange(8 if depth else 6)
    if kind == 6:
        return [junk(chance, depth - 1) for _place in range(chance.randint(0, 3))]
    if kind == 7:
        return {chance.choice(WORDS): junk(chance, depth - 1) for _place in range(chance.randint(0, 3))}
    return chance.choice((None, True, chance.randint(-1, 70000), 1.5, chance.choice(WORDS), chance.choice(WORDS)))


def paths(node: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value below a node, mappings and lists included."""
    for key, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield (*path, key)
        yield from paths(child, (*path, key))


def _variable_place(chance: random.Random, document: Document) -> tuple[Any, Any]:
    """Return holder and key of some value among the variables."""
    node = document["all"]
    found = [
        path for part in ("vars", "hosts") for path in paths(node[part], (part,)) if path[0] == "vars" or len(path) > 2
    ]
    *way, key = chance.choice(found)
    for step in way:
        node = node[step]
    return node, key


def _junk_somewhere(chance: random.Random, document: Document) -> None:
    holder, key = _variable_place(chance, document)
    holder[key] = junk(chance)


def _removed(chance: random.Random, document: Document) -> None:
    holder, key = _variable_place(chance, document)
    del holder[key]


def _doubled(chance: random.Random, document: Document) -> None:
    holder, key = _variable_place(chance, document)
    holder[key] = [holder[key], holder[key]]


def _moved(chance: random.Random, document: Document) -> None:
    source, source_key = _variable_place(chance, document)
    value = copy.deepcopy(source[source_key])
    holder, key = _variable_place(chance, document)
    holder[key] = value


def _own_variable(chance: random.Random, document: Document) -> None:
    name = chance.choice(sorted(document["all"]["hosts"]))
    document["all"]["hosts"][name] = {**document["all"]["hosts"][name], chance.choice(VARIABLES): junk(chance)}


def _regrouped(chance: random.Random, document: Document) -> None:
    name, children = chance.choice(sorted(document["all"]["hosts"])), document["all"]["children"]
    for group in chance.sample(GROUPS, chance.randint(0, 2)):
        children.setdefault(group, {"hosts": {}})["hosts"][name] = {}


def _changed_rows(chance: random.Random, document: Document) -> None:
    document["all"]["vars"]["lync_row_overrides"] = [
        {"select": chance.choice(SELECTS), "set": copy.deepcopy(chance.choice(OVERRIDES))}
        for _place in range(chance.randint(1, 3))
    ]


BREAKS: Sequence[Break] = (_junk_somewhere, _removed, _doubled, _moved, _own_variable, _regrouped, _changed_rows)


def broken(chance: random.Random, whole: Document) -> Document:
    """Return an inventory with one to four mistakes; now and then it stays valid."""
    document = copy.deepcopy(whole)
    for step in chance.choices(BREAKS, k=chance.randint(1, 4)):
        step(chance, document)
    return document


def example(directory: Path) -> Document:
    """Return an example as one document: variables of groups beside it, and of hosts in their groups, put together."""
    document: Document = yaml.safe_load((directory / "hosts.yml").read_text(encoding="utf-8"))["all"]
    common = dict(document.get("vars", {}))
    for file in directory.glob("group_vars/all.yml"):
        common |= yaml.safe_load(file.read_text(encoding="utf-8"))
    hosts: Hosts = {}
    groups: dict[str, list[str]] = {}
    for group, content in document["children"].items():
        for name, own in content["hosts"].items():
            hosts[name] = {**hosts.get(name, {}), **content.get("vars", {}), **(own or {})}
            groups.setdefault(name, []).append(group)
    return inventory(common, hosts, groups)


def written(directory: Path, count: int, examples: Sequence[Path]) -> dict[str, Path]:
    """Write so many generated and so many broken inventories below a directory, and return their paths by name."""
    directory.mkdir(parents=True, exist_ok=True)
    documents = {f"generated-{number:03}": generated(random.Random(SEED + number)) for number in range(count)}
    wholes = [*map(example, examples), *list(documents.values())[:5]]
    documents |= {
        f"broken-{number:03}": broken(random.Random(-SEED - number), wholes[number % len(wholes)])
        for number in range(count)
    }
    for name, document in documents.items():
        (directory / f"{name}.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    return {name: directory / f"{name}.json" for name in documents}
