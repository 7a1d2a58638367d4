# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which roles of an inventory the clusters of a topology play, by the services that are on them.

    roles_of_clusters(published) -> {"1:1": frozenset({"frontend", "mediation"}), "1:2": frozenset({"back_end"})}

A Front End has UserServices; a Registrar without it is a Director, or in a remote site a branch appliance. A Front End
whose user database lies on its own cluster is a Standard Edition server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._base.errors import InvalidInputError, Problem, nearest, one_of, shown
from .model import Cluster, Published, Service

# Services that stand for a role by themselves, in lower case; other names that they may have are INFERRED.
OWN_ROLES: Mapping[str, str] = {
    "edgeserver": "edge",
    "archivingserver": "archiving",
    "monitoringserver": "monitoring",
    "persistentchatserver": "persistent_chat",
    "persistentchatservice": "persistent_chat",
    "persistentchat": "persistent_chat",
    "videointeropserver": "video_interop",
    "videointerop": "video_interop",
    "externalserver": "trusted_applications",
    "pstngateway": "pstn_gateways",
    "videogateway": "video_gateways",
    "wacservice": "office_web_apps",
}
STORES = frozenset(
    {
        "userstore", "applicationstore", "archivingstore", "monitoringstore", "centralmgmtstore",
        "persistentchatstore", "persistentchatcompliancestore", "witnessstore",
    }
)  # fmt: skip
WITNESS = "witnessstore"
# Parts of a server that are no role of their own; the backup service of paired pools goes by two names here.
_PARTS = frozenset(
    {
        "userservices", "registrar", "webservices", "confservices", "mediationserver", "applicationserver",
        "managementservices", "centralmgmt", "filestore", "backupserver", "backupservice",
    }
)  # fmt: skip
# What a dependency may be for, as parts of its usage.
KNOWN_USAGES = ("mirror", "witness", "backup")
KNOWN_SERVICES = frozenset({*OWN_ROLES, *STORES, *_PARTS})
SERVERS = frozenset(
    {
        "frontend", "standard_edition", "directors", "mediation", "edge", "sba", "av_conferencing", "archiving",
        "monitoring", "persistent_chat", "video_interop",
    }
)  # fmt: skip
"""Roles of servers of the product, whose version the topology knows."""


def roles_of_clusters(published: Published) -> dict[str, frozenset[str]]:
    """Return the roles of each cluster by its key; raises InvalidInputError with every service without one."""
    problems: list[Problem] = []
    found = {key: frozenset(_roles(cluster, published, problems)) for key, cluster in published.clusters.items()}
    if problems:
        raise InvalidInputError(problems)
    return found


def kind(service: Service) -> str:
    """Return the name of a service's role in lower case."""
    return service.role.lower()


def is_namespace(cluster: Cluster, published: Published) -> bool:
    """Return whether a file store is on the name of a domain, which is a DFS namespace and no server."""
    is_store = all(kind(service) == "filestore" for service in published.services_on(cluster.key))
    inside = any(other.name.endswith(f".{cluster.name}") for other in published.clusters.values())
    return is_store and (inside or cluster.name in published.sip_domains)


def _roles(cluster: Cluster, published: Published, problems: list[Problem]) -> Iterator[str]:
    own = published.services_on(cluster.key)
    problems += (_unknown(service) for service in own if kind(service) not in KNOWN_SERVICES)
    names = {kind(service) for service in own}
    yield from (OWN_ROLES[name] for name in sorted(names & OWN_ROLES.keys()))
    main = _main_role(cluster, own, names, published)
    yield from ([main] if main else [])
    if "mediationserver" in names and main in ("frontend", "standard_edition", ""):
        yield "mediation"
    if not main and names & {"userservices", "registrar"}:
        problems.append(_homeless(cluster, own))
    left = names - OWN_ROLES.keys() - STORES - {"filestore", "managementservices", "mediationserver"}
    if not main and left and not names & {*OWN_ROLES, "registrar"}:
        message = f"{one_of(left)} without a server that it could be part of"
        problems.append(Problem(cluster.where, message, "beside UserServices or Registrar", "export it again, whole"))
    is_foreign = main not in ("frontend", "standard_edition")
    yield from (["back_end"] if names & STORES and is_foreign else [])
    yield from (["file_servers"] if "filestore" in names and not main and not names & OWN_ROLES.keys() else [])


def _main_role(cluster: Cluster, own: tuple[Service, ...], names: set[str], published: Published) -> str:
    if "userservices" in names:
        stores = published.needed(tuple(service for service in own if kind(service) == "userservices"))
        is_own = any(kind(store) == "userstore" and store.cluster == cluster.key for store in stores)
        return "standard_edition" if is_own else "frontend"
    if "registrar" in names:
        is_remote = published.sites[cluster.site].is_remote
        flags = [service.details.get("IsDirector", "true").lower() for service in own if kind(service) == "registrar"]
        return "sba" if is_remote else "directors" if "true" in flags else ""
    return "av_conferencing" if "confservices" in names else ""


def _unknown(service: Service) -> Problem:
    near = nearest(service.role.lower(), KNOWN_SERVICES)
    fix = f"it may be {near}; tell the maintainers what it is" if near else "tell the maintainers what it is"
    return Problem(service.where, f"{shown(service.role)} is not a role that is known", one_of(KNOWN_SERVICES), fix)


def _homeless(cluster: Cluster, own: tuple[Service, ...]) -> Problem:
    where = next((service.where for service in own if kind(service) == "registrar"), cluster.where)
    allowed = "UserServices beside it, IsDirector true, or a remote site"
    return Problem(where, f"the Registrar of {cluster.name} is neither Front End, Director nor in a branch", allowed)
