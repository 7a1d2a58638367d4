# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a topology says of the pool that a cluster is: databases, shares, web names, its pair, and what to ask."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from .draft import Work
from .model import Cluster, Service
from .roles import STORES, WITNESS, is_namespace, kind

_WEB_ROLES = ("frontend", "directors", "standard_edition")
PAIRED = ("frontend", "standard_edition")
_BALANCED = ("frontend", "directors", "edge", "mediation")
DATABASE_ROLES = ("frontend", "standard_edition", "persistent_chat", "monitoring", "archiving")
_EXTERNAL, _INTERNAL = "ExternalSettings", "InternalSettings"
_BALANCING_KEYS = {
    "edge": ("load_balancing", "balancer", "vip", "external_vips"),
    "mediation": ("load_balancing", "balancer", "vip"),
}
MIRRORED = ("2013", "2015")


def fill_pool(cluster: Cluster, role: str, work: Work) -> None:
    """Add to the entry of a cluster in lync_pools what the topology knows of it."""
    pool, services = work.pools[cluster.name], work.published.services_on(cluster.key)
    if role in DATABASE_ROLES:
        _databases(cluster, services, pool, work)
    if role in DATABASE_ROLES:
        _shares(cluster, role, services, pool, work)
    if role in _WEB_ROLES:
        _web_names(cluster, services, pool, work)
    if role == "office_web_apps":
        _office(cluster, services, pool, work)
    if role in PAIRED:
        _backup(cluster, services, pool, work)
    if role in _BALANCED and len(cluster.machines) > 1:
        _balancing(cluster, role, pool, work)


def _stores(cluster: Cluster, services: tuple[Service, ...], work: Work) -> list[Service]:
    """Return the databases that a pool asks on other servers, the one of its users first."""
    needed = work.published.needed(services)
    found = [one for one in needed if kind(one) in STORES and one.cluster != cluster.key and kind(one) != WITNESS]
    return sorted(found, key=lambda one: kind(one) != "userstore")


def _databases(cluster: Cluster, services: tuple[Service, ...], pool: dict[str, object], work: Work) -> None:
    stores = _stores(cluster, services, work)
    if not stores:
        return
    main = stores[0]
    sql = _sql_of(main, work)
    for use in ("mirror", "witness"):
        partners = dict.fromkeys(_host_of(one, work) for one in _partners((*services, main), use, main, work))
        for name in list(partners)[:1]:
            _add_partner(use, name, sql, cluster, work)
        for name in list(partners)[1:]:
            work.note(cluster.place, f"{name} is a further {use} of its databases, and sql names one; it stays shut")
    for store in stores[1:]:
        _add_store(store, main, sql, cluster, work)
    pool["sql"] = sql
    if sql.get("instance"):
        text = f"On which port does instance {sql['instance']} listen (sql: {{port: ...}})? The topology has no ports."
        work.ask("pools", cluster.name, ("sql.port",), text, is_needed=False)


def _add_partner(use: str, name: str, sql: dict[str, object], cluster: Cluster, work: Work) -> None:
    """Name the mirror or witness; in a version that has no mirroring any more the servers are opened as they are."""
    if work.version(cluster) in MIRRORED:
        sql[use] = name
        return
    hosts = sql["hosts"]
    if use == "mirror" and isinstance(hosts, list):
        sql["hosts"] = [*hosts, name]
    version = work.version(cluster)
    text = f"{name} is the {use} of its databases, which version {version} does not support"
    work.note(cluster.place, f"{text}; what copies exchange stays shut")


def _partners(services: tuple[Service, ...], use: str, main: Service, work: Work) -> Iterator[Service]:
    """Yield the stores of a usage; a witness is known by its own role too, whatever the dependency is for."""
    found = [*work.published.needed(services, use)]
    found += [one for one in work.published.needed(services) if use == "witness" and kind(one) == WITNESS]
    return (one for one in found if kind(one) in STORES and one.cluster != main.cluster)


def _sql_of(store: Service, work: Work) -> dict[str, object]:
    """Return the servers of a database; with AlwaysOn the name of its cluster is a listener, and one node is named."""
    cluster, instance = work.published.clusters[store.cluster], work.published.instances.get(store.instance)
    name = {"instance": instance.name} if instance and instance.name else {}
    node = instance.primary_node if instance else ""
    if not node:
        return {"hosts": [machine.name for machine in cluster.machines], **name}
    if node == cluster.name:
        work.note(store.where, f"AlwaysOn on {node}, of which the file names neither listener nor other nodes")
        return {"hosts": [node], **name}
    text = f"Which address has the AlwaysOn listener {cluster.name} (sql: {{listener: {{address: ...}}}}), which nodes?"
    for user in _users_of(store, work):
        work.ask("pools", user, ("sql.listener.address",), text)
    others = (machine.name for machine in cluster.machines if machine.name not in (cluster.name, node))
    return {"hosts": [node, *others], "listener": {"name": cluster.name}, **name}


def _users_of(store: Service, work: Work) -> list[str]:
    clusters = work.published.clusters
    users = (
        one for one in work.published.services.values() if any(each.service == store.key for each in one.dependencies)
    )
    names = {clusters[one.cluster].name for one in users if work.role(clusters[one.cluster])}
    return sorted(names)


def _host_of(store: Service, work: Work) -> str:
    cluster = work.published.clusters[store.cluster]
    return next((machine.name for machine in cluster.machines), cluster.name)


def _add_store(store: Service, main: Service, sql: dict[str, object], cluster: Cluster, work: Work) -> None:
    """Add a database on other servers, as long as one entry can say it: no copies, and the same instance name."""
    if store.instance == main.instance or (store.cluster == main.cluster and store.instance == main.instance):
        return
    other = _sql_of(store, work) if store.cluster != main.cluster else {"hosts": sql["hosts"]}
    hosts, known = other["hosts"], sql["hosts"]
    is_plain = not sql.keys() & {"listener", "mirror"} and "listener" not in other
    instances = work.published.instances
    names = {instances[one].name for one in (store.instance, main.instance) if one in instances}
    if is_plain and len(names) < 2 and isinstance(hosts, list) and isinstance(known, list):
        sql["hosts"] = [*known, *(name for name in hosts if name not in known)]
        return
    where = ", ".join(map(str, hosts)) if isinstance(hosts, list) else ""
    text = f"pool {cluster.name} keeps it on {where}, beside another instance or copies"
    work.note(store.where, f"{text}, and sql names one set of servers; add what it needs with lync_extra_rows")


def _shares(cluster: Cluster, role: str, services: tuple[Service, ...], pool: dict[str, object], work: Work) -> None:
    names: list[str] = []
    for store in (one for one in work.published.needed(services) if kind(one) == "filestore"):
        holder = work.published.clusters[store.cluster]
        if is_namespace(holder, work.published):
            share = store.details.get("ShareName", "")
            text = f"Which servers hold share {share} behind namespace {holder.name} (file_share: {{hosts: [...]}})?"
            work.ask("pools", cluster.name, ("file_share",), text, is_needed=False)
        elif role != "standard_edition" or holder.key != cluster.key:
            names += (name for name in work.host_names(holder) if name not in names)
    if names:
        pool["file_share"] = {"hosts": names}


def _web_names(cluster: Cluster, services: tuple[Service, ...], pool: dict[str, object], work: Work) -> None:
    """Name the web services outside, and inside: there they have a name of their own where DNS balances the pool."""
    for service in (one for one in services if kind(one) == "webservices"):
        external, internal = service.details.get(_EXTERNAL, ""), service.details.get(_INTERNAL, "")
        given = {"external_web_fqdn": external, "web_fqdn": internal if internal != cluster.name else ""}
        for key, name in given.items():
            if name and pool.setdefault(key, name) != name:
                work.note(service.where, f"{name} is a further name of its web services, and {key} is one")
    if "web_fqdn" in pool and len(cluster.machines) > 1:
        pool["load_balancing"] = "dns"


def _office(cluster: Cluster, services: tuple[Service, ...], pool: dict[str, object], work: Work) -> None:
    urls = [one.details.get("DiscoveryUrl", "") for one in services]
    names = {name for name in map(_host_in, urls) if name}
    pool |= {"web_fqdn": min(names)} if names else {}
    text = (
        "Is it one server, or which further ones are in the farm (more_hosts), and which vip has it (load_balancing: "
        "hlb, vip, balancer)? The topology has its name only."
    )
    work.ask("pools", cluster.name, ("load_balancing", "balancer", "vip"), text, is_needed=False)


def _host_in(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _backup(cluster: Cluster, services: tuple[Service, ...], pool: dict[str, object], work: Work) -> None:
    """Name the pair of a pool; it is mutual, whichever of the two names the other. A branch is nobody's pair."""
    clusters = work.published.clusters
    near = [one.cluster for one in work.published.needed(services, "backup")]
    for one in work.published.services.values():
        back = work.published.needed((one,), "backup")
        near += [one.cluster] if any(each.cluster == cluster.key for each in back) else []
    pairs = [key for key in near if key != cluster.key and work.role(clusters[key]) in PAIRED]
    for name in dict.fromkeys(clusters[key].name for key in pairs):
        if pool.setdefault("backup_pool", name) != name:
            work.note(cluster.place, f"it is paired with {name} too, and a pool has one pair")


def _balancing(cluster: Cluster, role: str, pool: dict[str, object], work: Work) -> None:
    if role == "edge" and any(one.nat_address for machine in cluster.machines for one in machine.interfaces):
        # Hardware load balancing and translated addresses exclude each other.
        pool["load_balancing"] = "dns"
    elif pool.get("load_balancing") == "dns":
        text = "Which load balancer has the web services, on which virtual address?"
        work.ask("pools", cluster.name, ("web_vip", "balancer"), text)
    else:
        keys = _BALANCING_KEYS.get(role, ("load_balancing", "balancer", "vip", "web_vip"))
        text = "Is it balanced by DNS (load_balancing: dns) or a balancer (hlb), which, on which virtual addresses?"
        work.ask("pools", cluster.name, keys, text)
    if role != "edge" or "load_balancing" not in pool:
        text = "Which load balancers are there (name, address, lync_balancer_driver)?"
        work.ask("more_hosts", "load_balancers", (), text, is_needed=False)
