# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan relies on and does not make, said per host and per pool.

Each text is one thing that is so or not, because verify.yml reads some of them: probes/assumed.py knows these by their
constants.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .._inventory.model import Host, Method, Platform, Pool, Topology
from .._inventory.naming import EXTERNAL
from .._load_balancers.relied_on import CLOSES_OF_FAILED, FORWARDS_THE_REST
from .._plan.model import FirewallRule

DEFAULT_GATEWAY = "The default gateway is on the external interface."
INTERNAL_ROUTES = "Routes lead to every internal network by the internal interface."
LASTING_ROUTES = "The routes to internal networks outlast a restart."
SEPARATE_NETWORKS = "The internal and the external interface are in different networks with no routing between them."
DNS_SERVERS = "The DNS servers that this server asks know the names of the internal pools."
INTERNAL_CERTIFICATE = "The certificate of the internal interface is for this server or its pool."
EXTERNAL_CERTIFICATE = "The certificates of the external interface are for this server, its pool or its services."
WEB_CERTIFICATE = "The certificate of the external listener names the external web FQDNs and the simple URLs."
FORWARDING = "The publishing rules forward the original host header, {}."
NO_BLOCKS = (
    "Group Policy does not switch off the merge of local firewall rules; "
    "no block rule of another owner covers a planned port."
)
NO_OTHER_TABLE = "No other table of nftables drops what a planned rule admits."
EXCHANGE = (
    "Between Exchange servers and this one nothing but the ports of these rules is needed. Microsoft supports no "
    "restriction of traffic between Exchange servers and those of this product."
)
MONITORING_PORT = "Topology Builder has the hardware load balancer monitoring port {} switched on for this pool."
ACCESS_GATEWAY = "The Access Edge virtual address {} is the default gateway of the external interfaces."
# What an appliance needs besides virtual services: the driver, whether it concerns external sides of Edge pools alone,
# and the assumption. An appliance that routes by itself (NetScaler, LoadMaster) has nothing to forward by.
_BY_DRIVER = (
    ("f5_as3", True, FORWARDS_THE_REST),
    ("kemp", False, CLOSES_OF_FAILED),
)
READ_BY_VERIFY = (
    DEFAULT_GATEWAY, INTERNAL_ROUTES, LASTING_ROUTES, DNS_SERVERS, INTERNAL_CERTIFICATE, EXTERNAL_CERTIFICATE,
    WEB_CERTIFICATE, MONITORING_PORT, ACCESS_GATEWAY, FORWARDS_THE_REST, CLOSES_OF_FAILED,
)  # fmt: skip
"""Those that verify.yml, and no other run, can confirm. What blocks planned rules, each comparison of rules tells."""
_BY_ROLE = {
    "edge": (
        DEFAULT_GATEWAY,
        INTERNAL_ROUTES,
        LASTING_ROUTES,
        SEPARATE_NETWORKS,
        DNS_SERVERS,
        "The perimeter firewalls admit the same flows on both sides of this server.",
        INTERNAL_CERTIFICATE,
        EXTERNAL_CERTIFICATE,
        "Who connects trusts the certificates of both interfaces.",
    ),
    "exchange_um": (
        "The rules of Exchange's own setup admit its media: the catalogue has no port rows of Exchange, and an "
        "exemption admits nothing.",
    ),
    "mediation": ("The gateways of the published topology listen on the ports of lync_sip_port.",),
}
_BY_PLATFORM = {Platform.WINDOWS: NO_BLOCKS, Platform.LINUX: NO_OTHER_TABLE}


def value_in(text: str, assumption: str) -> str | None:
    """Return what stands in an assumption for {} of one of the texts above, "" for a text without it, None for another
    assumption.
    """
    before, mark, after = text.partition("{}")
    if not mark:
        return "" if assumption == text else None
    is_one = (
        assumption.startswith(before) and assumption.endswith(after) and len(assumption) > len(before) + len(after)
    )
    return assumption[len(before) : len(assumption) - len(after)] if is_one else None


def is_read_by_verify(assumption: str) -> bool:
    """Return whether verify.yml can confirm an assumption of a plan."""
    return any(value_in(text, assumption) is not None for text in READ_BY_VERIFY)


def host_assumptions(host: Host, rules: Iterable[FirewallRule], forwarding: str) -> tuple[str, ...]:
    """Return what the rules of a host rely on, sorted; forwarding: which ports a reverse proxy passes to which."""
    texts = {text for role in host.roles for text in _BY_ROLE.get(role, ())}
    if "exchange_um" in host.roles or any("exchange_um" in rule.peer_classes for rule in rules):
        texts.add(EXCHANGE)
    if host.reverse_proxy_driver:
        # What is published is of the plan; certificates never are.
        texts.add(WEB_CERTIFICATE)
    elif "reverse_proxy" in host.roles:
        texts |= {WEB_CERTIFICATE, *([FORWARDING.format(forwarding)] if forwarding else [])}
    if host.external_nat_addresses:
        texts.add(
            "The NAT in front of the external interface is symmetric and keeps the source address of inbound packets."
        )
    texts.update(text for platform, text in _BY_PLATFORM.items() if host.platform is platform)
    return tuple(sorted(texts))


def pool_assumptions(pool: Pool, topology: Topology) -> tuple[str, ...]:
    """Return what the services and records of a pool rely on, sorted."""
    texts = {"The published topology names the same pool, members and ports."}
    if pool.method is Method.HLB and pool.role == "edge":
        texts.add(ACCESS_GATEWAY.format(" or ".join(pool.external_vips["access"].each())))
        texts.add("Nothing translates addresses before the A/V Edge.")
    texts.update(_appliance_assumptions(pool, topology))
    if pool.method is not Method.NONE and pool.monitoring_port:
        texts.add(MONITORING_PORT.format(pool.monitoring_port))
    if pool.external_web_fqdn and not any("reverse_proxy" in host.roles for host in topology.hosts.values()):
        texts.add(f"Something outside this inventory publishes {pool.external_web_fqdn}.")
    return tuple(sorted(texts))


def _appliance_assumptions(pool: Pool, topology: Topology) -> Iterator[str]:
    """Yield what the balancers of a pool need besides their services."""
    for driver, is_external, text in _BY_DRIVER:
        sides = [EXTERNAL] if is_external else list(pool.balancers)
        names = [name for side in sides for name in pool.balancers.get(side, ())]
        if any(topology.hosts[name].balancer_driver == driver for name in names if name in topology.hosts):
            yield text
