# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Round trip: a deployment, its topology document, and the import of that, come to the plan of the deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.read import read_topology
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.answers import Answers, with_answers
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.compare import compared, inventory_hosts
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.mapping import imported
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.read import read_topology_bytes
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.servers import KNOWN_FEATURES
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.topology.topology_of import document_of

_DOMAIN = "woodgrove.com"
_ANSWERED_POOL_KEYS = ("load_balancing", "balancer", "vip", "web_vip", "external_vips")
_SERVICES = ("access", "web_conferencing", "av")
_MIRRORED, _ALWAYS_ON = ("2013", "2015"), ("2015", "2019", "se")


class _Draft:
    """A deployment while it is drawn, as an inventory whose hosts have the names that DNS has."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.hosts: dict[str, tuple[list[str], dict[str, Any]]] = {}
        self.pools: dict[str, dict[str, Any]] = {}
        self.number = 10

    def address(self, network: str = "10.3.0") -> str:
        self.number += 1
        return f"{network}.{self.number}"

    def host(self, groups: str, label: str = "", **variables: object) -> str:
        """Add a host of a name of its own, unless it names one; returns the name."""
        name = f"{label or groups.split()[0].replace('_', '')}{len(self.hosts)}.{_DOMAIN}"
        if "lync_internal_address" not in variables:
            variables = {"lync_address": self.address(), **variables}
        self.hosts[name] = (groups.split(), dict(variables))
        return name

    def inventory(self, common: Mapping[str, Any]) -> dict[str, InventoryHost]:
        shared = {**common, "lync_version": self.version, "lync_pools": self.pools}
        return {
            name: InventoryHost(name, ("all", *groups), {**shared, **variables})
            for name, (groups, variables) in self.hosts.items()
        }


@st.composite
def deployments(draw: st.DrawFn) -> dict[str, InventoryHost]:
    """Draw a deployment with servers of every role that its version has."""
    draft = _Draft(draw(st.sampled_from(("2010", "2013", "2015", "2019", "se"))))
    draft.host("load_balancers", "lb", ansible_host="10.9.9.5", lync_balancer_driver="haproxy", lync_address="10.9.9.5")
    balancer = next(iter(draft.hosts))
    features = draw(_features(draft.version))
    media = draw(st.sampled_from(({}, {"audio": "40000-40999"}, {"audio": "40000-40999", "video": "41000-41499"})))
    fronts = [_front_end(draw, draft, f"pool{place}", balancer, media) for place in range(draw(st.integers(1, 2)))]
    if len(fronts) == 2 and draft.version != "2010" and draw(st.booleans()):
        for one, other in (fronts, fronts[::-1]):
            draft.pools[one]["backup_pool"] = other
    if draw(st.booleans()):
        name = draft.host("standard_edition", "se", **_media_of(media))
        draft.hosts[name][1]["lync_pool"] = name
        draft.pools[name] = {"role": "standard_edition"}
    collocated = {own.get("lync_pool") for groups, own in draft.hosts.values() if "mediation" in groups}
    mediation = [name for name in fronts if name in collocated]
    for role in sorted(draw(st.sets(st.sampled_from(("directors", "mediation", "edge", "sba"))))):
        name = _other_pool(draw, draft, role, balancer, media)
        mediation += [name] if role in ("mediation", "sba") else []
    for role in sorted(draw(st.sets(st.sampled_from(_roles_of(draft.version))))):
        _single(draw, draft, role, media)
    if mediation and draw(st.booleans()):
        served = sorted(draw(st.sets(st.sampled_from(mediation), min_size=1)))
        draft.host("pstn_gateways", "gw", lync_sip_port=[5067, 5068], lync_gateway_pools=served)
    if draw(st.booleans()):
        ports = draw(st.sampled_from(([6000], [6000, 6002, 6003])))
        draft.host("trusted_applications", "app", lync_sip_port=ports)
    draft.host("reverse_proxy", "rp", lync_address="10.9.9.61")
    urls = draw(st.sampled_from(({}, {"meet": [f"https://meet.{_DOMAIN}"], "dialin": [f"https://dialin.{_DOMAIN}"]})))
    has_edge = f"edge.{_DOMAIN}" in draft.pools
    return draft.inventory(
        {
            "lync_features": [name for name in features if has_edge or name not in ("federation", "xmpp")],
            "lync_client_networks": ["10.10.0.0/16"],
            "lync_sip_domains": draw(st.sampled_from(([_DOMAIN], ["zeta.example", _DOMAIN]))),
            "lync_central_management_pool": fronts[0],
            **({"lync_simple_urls": urls} if urls else {}),
        }
    )


def _features(version: str) -> st.SearchStrategy[list[str]]:
    names = ["cac", "federation", "mobility", "mediation_tcp", "rcc", "http_publishing"]
    names += ["xmpp"] if version in _MIRRORED else []
    return st.sets(st.sampled_from(names)).map(sorted)


def _roles_of(version: str) -> tuple[str, ...]:
    more = {
        "2010": ("monitoring", "archiving", "av_conferencing"),
        "2013": ("persistent_chat", "office_web_apps"),
        "2015": ("persistent_chat", "video_interop", "office_web_apps"),
    }
    return more.get(version, ("video_interop", "office_web_apps"))


def _media_of(media: Mapping[str, str]) -> dict[str, object]:
    return {"lync_media_ports": dict(media)} if media else {}


def _audio_of(media: Mapping[str, str]) -> dict[str, object]:
    """Return the range of servers that have audio and nothing else."""
    return _media_of({kind: ports for kind, ports in media.items() if kind == "audio"})


def _balanced(draw: st.DrawFn, draft: _Draft, role: str, balancer: str) -> tuple[dict[str, Any], int]:
    method = draw(st.sampled_from(("hlb", "dns", "none")))
    pool: dict[str, Any] = {"role": role, "load_balancing": method}
    if method == "hlb":
        pool |= {"balancer": balancer, "vip": draft.address("10.4.0")}
    if method == "dns" and role not in ("mediation", "edge"):
        pool |= {"balancer": balancer, "web_vip": draft.address("10.4.0")}
    return pool, 1 if method == "none" else draw(st.integers(2, 3))


def _front_end(draw: st.DrawFn, draft: _Draft, label: str, balancer: str, media: Mapping[str, str]) -> str:
    name = f"{label}.{_DOMAIN}"
    pool, count = _balanced(draw, draft, "frontend", balancer)
    groups = draw(st.sampled_from(("frontend", "frontend mediation")))
    pool |= {"external_web_fqdn": f"ext{label}.{_DOMAIN}", "sql": _sql(draw, draft)}
    pool["file_share"] = {"hosts": [draft.host("file_servers", "fs")]}
    off = draw(st.sampled_from(("", "fe-call-park", "fe-response-group fe-response-group-wcf", "fe-audio-test")))
    overrides: list[dict[str, Any]] = []
    if off:
        overrides.append({"select": " || ".join(f"id=='{row}'" for row in off.split()), "set": {"enabled": False}})
    if draw(st.booleans()) and "fe-call-park" not in off:
        overrides.append({"select": "id=='fe-call-park'", "set": {"port": 6075}})
    overrides += draw(_moved({
        # In these versions the quality of calls is told on the old one still.
        "fe-sip-tls": 7061 if draft.version == "2010" else [7061, 5061],
        "fe-web-external-https": 7443,
        "fe-web-external-http": 7080,
    }))  # fmt: skip
    pool |= {"row_overrides": overrides} if overrides else {}
    draft.pools[name] = pool
    for _member in range(count):
        draft.host(groups, "fe", lync_pool=name, **_media_of(media))
    return name


def _moved(ports: Mapping[str, object]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Draw overrides that move some rows."""
    rows = st.sets(st.sampled_from(sorted(ports)))
    return rows.map(lambda names: [{"select": f"id=='{name}'", "set": {"port": ports[name]}} for name in sorted(names)])


def _sql(draw: st.DrawFn, draft: _Draft) -> dict[str, Any]:
    first = draft.host("back_end", "sql")
    kinds = ["plain", "two", "instance"]
    kinds += ["mirror"] if draft.version in _MIRRORED else []
    kinds += ["listener"] if draft.version in _ALWAYS_ON else []
    kind = draw(st.sampled_from(kinds))
    if kind == "instance":
        return {"hosts": [first], "instance": "RTC", "port": 1450}
    if kind == "plain":
        return {"hosts": [first]}
    second = draft.host("back_end", "sql")
    if kind == "two":
        return {"hosts": [first, second]}
    if kind == "mirror":
        return {"hosts": [first], "mirror": second, "witness": draft.host("back_end", "sql")}
    listener = {"name": f"group{len(draft.hosts)}.{_DOMAIN}", "address": draft.address("10.6.0")}
    return {"hosts": [first, second], "listener": listener}


def _other_pool(draw: st.DrawFn, draft: _Draft, role: str, balancer: str, media: Mapping[str, str]) -> str:
    name = f"{role}.{_DOMAIN}"
    if role == "sba":
        member = draft.host("sba", "sba", lync_managed=True)
        draft.hosts[member][1].update({"lync_pool": member, **_audio_of(media)})
        draft.pools[member] = {"role": "sba"}
        return member
    pool, count = _balanced(draw, draft, role, balancer)
    translated = role == "edge" and pool["load_balancing"] != "hlb" and draw(st.booleans())
    if role == "edge" and pool["load_balancing"] == "hlb":
        pool |= {"external_vips": {service: draft.address("203.0.113") for service in _SERVICES}}
    overrides = draw(_moved({"director-sip-tls": 7061})) if role == "directors" else []
    draft.pools[name] = pool | ({"row_overrides": overrides} if overrides else {})
    shared = draw(st.booleans())
    for _member in range(count):
        variables = _audio_of(media) if role == "mediation" else {}
        variables = _edge(draft, shared, translated) if role == "edge" else variables
        draft.host(role, role[:3], lync_pool=name, **variables)
    return name


def _edge(draft: _Draft, shared: bool, translated: bool) -> dict[str, Any]:
    one = draft.address("198.51.100")
    outside = {service: one if shared else draft.address("198.51.100") for service in _SERVICES}
    public = draft.address("203.0.113")
    nat = {service: public if shared else draft.address("203.0.113") for service in _SERVICES}
    return {
        "lync_internal_address": draft.address("10.5.0"),
        "lync_external_addresses": outside,
        **({"lync_external_nat_addresses": nat} if translated else {}),
    }


def _single(draw: st.DrawFn, draft: _Draft, role: str, media: Mapping[str, str]) -> None:
    """Add one server of a role, in a pool of its own."""
    more = {"lync_sip_port": [6001, 6002], **_media_of(media)} if role == "video_interop" else {}
    name = draft.host(role, role.replace("_", "-"), **more)
    draft.hosts[name][1]["lync_pool"] = name
    draft.pools[name] = {"role": role, **({"web_fqdn": name} if role == "office_web_apps" else {})}
    if role in ("monitoring", "archiving"):
        draft.pools[name]["sql"] = {"hosts": [draft.host("back_end", "sql")]}
    if role == "persistent_chat":
        draft.pools[name]["sql"] = _sql(draw, draft)


def answers_of(inventory: Mapping[str, InventoryHost]) -> Answers:
    """Return what a topology cannot know of an inventory, and nothing else."""
    shared = next(iter(inventory.values())).variables
    features = [name for name in shared["lync_features"] if name not in KNOWN_FEATURES]  # type: ignore[attr-defined]
    hosts, more = {}, {}
    for name, host in inventory.items():
        keys = ("lync_address", "ansible_host", "lync_balancer_driver", "lync_managed")
        own = {key: host.variables[key] for key in keys if key in host.variables}
        role = next((group for group in host.groups if group in ("load_balancers", "reverse_proxy")), "")
        if role:
            more.setdefault(role, {})[name] = own
        elif own:
            hosts[name] = own
    pools = {name: _pool_answers(pool) for name, pool in shared["lync_pools"].items()}  # type: ignore[attr-defined]
    every = {"lync_client_networks": shared["lync_client_networks"], "lync_features": features}
    every |= {"lync_version": "se"} if shared["lync_version"] == "se" else {}
    return Answers(all=every, hosts=hosts, pools={name: own for name, own in pools.items() if own}, more_hosts=more)


def _pool_answers(pool: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: pool[key] for key in _ANSWERED_POOL_KEYS if key in pool}
    sql = pool.get("sql", {})
    own = {key: sql[key] for key in ("port",) if key in sql}
    own |= {"listener": {"address": sql["listener"]["address"]}} if "listener" in sql else {}
    return {**found, **({"sql": own} if own else {})}


@pytest.mark.slow
@pytest.mark.no_cover
@settings(max_examples=60)
@given(deployments(), st.booleans(), st.sampled_from((("WitnessStore", "Default"), ("UserStore", "Witness"))))
def test_the_import_of_a_deployments_topology_is_the_deployment(
    inventory: dict[str, InventoryHost], is_builder: bool, witness: tuple[str, str]
) -> None:
    topology = read_topology(inventory)
    document = document_of(topology, witness=witness)
    text = document.builder_text() if is_builder else document.published_text()
    shared = next(iter(inventory.values())).variables
    published = read_topology_bytes(text.encode(), "t")
    answers = answers_of(inventory)
    if not is_builder and "lync_simple_urls" in shared:
        # Only the other dialect has them.
        answers = replace(answers, all={**answers.all, "lync_simple_urls": shared["lync_simple_urls"]})
    found = with_answers(imported(published), answers)
    assert not [one for one in found.questions if one.is_needed]
    wanted, made = compile_inventory(inventory), compile_inventory(inventory_hosts(found))
    assert made.hosts == wanted.hosts
    assert made.pools == wanted.pools
    # And comparing the two finds nothing.
    assert not [change for own in compared(topology, shared, published).values() for change in own]
