# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The names that a deployment answers to once, and which pool answers them: simple URLs, client discovery, external
web names.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from .._catalogue.model import Version
from .model import Host, MemberState, Pool, Topology

INTERNAL, EXTERNAL = "internal", "external"
# Autodiscover of clients, per view; 2010 has it with mobility only.
_AUTODISCOVER = {INTERNAL: "lyncdiscoverinternal", EXTERNAL: "lyncdiscover"}


def home_pool(topology: Topology) -> Pool | None:
    """Return the pool that clients sign in to first: Directors, else the central management pool, else the first Front
    End pool.
    """
    pools = [
        pool
        for pool in topology.pools.values()
        if any(topology.hosts[name].member_state is not MemberState.RETIRED for name in pool.members)
    ]
    directors = [pool for pool in pools if pool.role == "directors"]
    central = [pool for pool in pools if pool.name == topology.central_management_pool]
    candidates = directors + central + [pool for pool in pools if pool.role in ("frontend", "standard_edition")]
    return candidates[0] if candidates else None


def simple_url_names(topology: Topology) -> tuple[str, ...]:
    """Return the host names of all simple URLs, sorted."""
    urls = (url for values in topology.simple_urls.values() for url in values)
    names = (urlsplit(url if "//" in url else f"//{url}").hostname for url in urls)
    return tuple(sorted({name for name in names if name}))


def autodiscover_name(member: Host, domain: str, view: str) -> tuple[str, ...]:
    """Return the name by which clients of a SIP domain find the web services in a view; none where members like this
    one have none.
    """
    return (
        (f"{_AUTODISCOVER[view]}.{domain}",)
        if member.version is not Version.LYNC_2010 or "mobility" in member.features
        else ()
    )


def published_names(pool: Pool, topology: Topology, is_home: bool) -> tuple[str, ...]:
    """Return the names by which clients outside reach the web services of a pool, in lower case and sorted; is_home:
    simple URLs are its too.
    """
    names = [pool.external_web_fqdn] if pool.external_web_fqdn else []
    members = [
        host for host in map(topology.hosts.__getitem__, pool.members) if host.member_state is not MemberState.RETIRED
    ]
    if is_home and members:
        names += simple_url_names(topology)
        names += [name for domain in topology.sip_domains for name in autodiscover_name(members[0], domain, EXTERNAL)]
    return tuple(sorted({name.lower() for name in names}))
