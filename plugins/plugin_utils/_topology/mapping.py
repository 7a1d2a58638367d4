# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a published topology to an inventory: hosts and groups, and what is said once for the deployment.

    imported(published) -> Imported(hosts={"fe01.contoso.com": {"lync_pool": ...}}, groups={"frontend": ...}, ...)

Nothing is dropped: what no variable says is a note, what cannot be is a problem, what the topology cannot know is a
question. Raises InvalidInputError with all problems.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from .._base.errors import InvalidInputError
from .draft import Imported, Work
from .leftovers import note_leftovers
from .model import Cluster, Machine, Published
from .pools import fill_pool
from .roles import SERVERS, is_namespace, kind, roles_of_clusters
from .servers import fill_servers, with_deployment_features

# Roles whose clusters become entries of lync_pools.
POOLS = (
    "frontend", "standard_edition", "directors", "mediation", "edge", "sba", "av_conferencing", "persistent_chat",
    "video_interop", "monitoring", "archiving", "office_web_apps",
)  # fmt: skip
_FEATURES, _VERSION = "lync_features", "lync_version"
_MORE_FEATURES = "public_im, rcc, e911, dhcp_discovery, legacy_clients, http_publishing, centralized_logging"


def imported(published: Published) -> Imported:
    """Return the inventory of a topology; raises InvalidInputError with everything that cannot be."""
    work = Work(published, roles_of_clusters(published), notes=list(published.unread))
    for cluster in published.clusters.values():
        _add_cluster(cluster, work)
    with_deployment_features(work)
    _deployment(work)
    _ask_of_the_deployment(work)
    if work.problems:
        raise InvalidInputError(work.problems)
    return Imported(
        # In the topology's order, in which Topology Builder shows them too.
        hosts={name: _sorted(variables) for name, variables in work.hosts.items()},
        groups={role: tuple(dict.fromkeys(names)) for role, names in sorted(work.groups.items())},
        deployment={**work.deployment, "lync_pools": dict(sorted(work.pools.items()))},
        questions=tuple(work.questions),
        notes=tuple(dict.fromkeys(work.notes)),
    )


def _sorted(variables: Mapping[str, object]) -> dict[str, object]:
    return dict(sorted(variables.items()))


def _add_cluster(cluster: Cluster, work: Work) -> None:
    roles = work.roles[cluster.key]
    pool = next((role for role in POOLS if role in roles), "")
    if not roles or not cluster.machines:
        lacking = "no machine is in it" if roles else "no service is on it"
        work.note(cluster.place, f"{lacking}, so it is left out")
        return
    if _is_outside(cluster, work):
        work.note(cluster.place, "the farm is on the Internet, so no host stands for it")
        return
    if pool:
        _add_pool(cluster, pool, work)
    for machine in _members(cluster, work):
        for role in sorted(roles):
            work.groups.setdefault(role, []).append(machine.name)
        _add_host(cluster, machine, pool, work)
    fill_servers(cluster, work)
    note_leftovers(cluster, work)


def _is_outside(cluster: Cluster, work: Work) -> bool:
    """Return whether the farm of Office Web Apps is one on the Internet, as the topology says."""
    flags = [service.details.get("IsExternal", "") for service in work.published.services_on(cluster.key)]
    return work.roles[cluster.key] == {"office_web_apps"} and "true" in map(str.lower, flags)


def _members(cluster: Cluster, work: Work) -> tuple[Machine, ...]:
    """Return the machines that hosts stand for: not a listener of AlwaysOn, nor the domain of a DFS namespace."""
    listens = _primary_nodes(cluster, work)
    if listens:
        known = {machine.name: machine for machine in cluster.machines if machine.name != cluster.name}
        return tuple(known.get(node, Machine(node, ())) for node in sorted({*listens, *known}))
    if is_namespace(cluster, work.published):
        return ()
    return cluster.machines


def _primary_nodes(cluster: Cluster, work: Work) -> set[str]:
    nodes = (one.primary_node for one in work.published.instances.values() if one.cluster == cluster.key)
    return {node for node in nodes if node}


def _add_pool(cluster: Cluster, role: str, work: Work) -> None:
    if cluster.name in work.pools:
        work.refuse(cluster.where, f"there is another cluster {cluster.name}", "each name once")
    work.pools[cluster.name] = {"role": role}
    fill_pool(cluster, role, work)


def _add_host(cluster: Cluster, machine: Machine, pool: str, work: Work) -> None:
    variables = work.hosts.setdefault(machine.name, {})
    if pool:
        other = variables.setdefault("lync_pool", cluster.name)
        if other != cluster.name:
            message = f"{machine.name} is in {cluster.name} and in {other}"
            work.refuse(cluster.where, message, "one pool for a server", "correct it in Topology Builder")
    is_edge = "edge" in work.roles[cluster.key]
    variable = "lync_internal_address" if is_edge else "lync_address"
    known = [one.address for one in machine.on_side("internal" if is_edge else "primary") if one.address]
    if known:
        variables[variable] = known[0] if len(known) == 1 else known
    elif not _is_address(machine.name):
        text = "Which address does it have inside?" if is_edge else "Which address does it answer on?"
        work.ask("hosts", machine.name, (variable,), text)
    else:
        variables[variable] = machine.name


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdecimal()


def _deployment(work: Work) -> None:
    published = work.published
    servers = [cluster for cluster in published.clusters.values() if work.roles[cluster.key] & SERVERS]
    versions = Counter(work.version(cluster) for cluster in servers for _machine in cluster.machines)
    version = min(versions, key=lambda name: (-versions[name], name), default="")
    work.deployment |= {_VERSION: version} if version else {}
    _keep_differing(_VERSION, version, work)
    common = _common_features(work)
    work.deployment[_FEATURES] = common
    _keep_differing(_FEATURES, common, work)
    if published.sip_domains:
        work.deployment["lync_sip_domains"] = list(published.sip_domains)
    urls = published.simple_urls or {}
    if urls:
        work.deployment["lync_simple_urls"] = {name: list(urls[name]) for name in sorted(urls)}
    _central_management(work)
    _list_sites(work)


def _keep_differing(variable: str, common: object, work: Work) -> None:
    """Leave a variable on the hosts alone that differ from what is said for all."""
    for variables in work.hosts.values():
        if variables.get(variable) == common:
            del variables[variable]


def _common_features(work: Work) -> list[str]:
    """Return the features that most hosts have."""
    given = (one.get(_FEATURES) for one in work.hosts.values())
    found = Counter(tuple(map(str, value)) for value in given if isinstance(value, list))
    by_number = sorted(found, key=lambda features: (-found[features], features))
    return list(by_number[0]) if by_number else []


def _central_management(work: Work) -> None:
    found = [one for one in work.published.services.values() if kind(one) == "centralmgmt"]
    active = [one for one in found if one.details.get("IsActive", "").lower() == "true"] or found[:1]
    if len(active) > 1:
        for one in active:
            work.refuse(one.where, "it is one of several active Central Management servers", "one")
    if active:
        work.deployment["lync_central_management_pool"] = work.published.clusters[active[0].cluster].name
        if active[0].details.get("IsActive", "true").lower() != "true":
            work.note(active[0].where, "no Central Management server is active, so the first one is taken")
    else:
        text = "Which pool holds the Central Management store? The topology was never published."
        work.ask("all", "", ("lync_central_management_pool",), text, is_needed=False)


def _list_sites(work: Work) -> None:
    """Note the sites: lync_site limits clients and gateways to their site, which the topology does not mean."""
    sites = work.published.sites
    if len(sites) < 2:
        return
    for key, site in sites.items():
        names = [one.name for one in work.published.clusters.values() if one.site == key and work.role(one)]
        if names:
            text = "lync_site is not set, since it would limit clients and gateways to their site; answer it if it does"
            work.note(f"site {site.name} has {', '.join(sorted(names))}", text)


def _ask_of_the_deployment(work: Work) -> None:
    work.ask("all", "", ("lync_client_networks",), "In which networks are the clients?")
    work.ask("all", "", ("lync_management_networks",), "From which networks do you manage servers?", is_needed=False)
    work.ask("all", "", ("lync_phone_networks",), "Are phones in networks of their own?", is_needed=False)
    text = f"Which of these are in use too: {_MORE_FEATURES}? They are added to those of the topology."
    work.ask("all", "", (_FEATURES,), text, is_needed=False)
    if not work.published.simple_urls:
        text = "Which simple URLs are there (keys meet, dialin, admin)? Get-CsSimpleUrlConfiguration tells them."
        work.ask("all", "", ("lync_simple_urls",), text, is_needed=False)
    if work.deployment.get(_VERSION) == "2019":
        text = "Is it Subscription Edition (se)? It installs as an update of 2019, so the file cannot tell."
        work.ask("all", "", (_VERSION,), text, is_needed=False)
    if any(one.name != "" and work.role(one) == "edge" for one in work.published.clusters.values()):
        text = "Which reverse proxies publish the web services (name and address)?"
        work.ask("more_hosts", "reverse_proxy", (), text, is_needed=False)
