# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan relies on and does not make, said per host and per pool."""

from __future__ import annotations

from ..topology.model import Host, Method, Platform, Pool, Topology

_EXTERNAL_CERTIFICATE = "The certificate of the external listener names the external web FQDNs and the simple URLs."
_BY_ROLE = {
    "edge": (
        "The default gateway is on the external interface, and persistent routes lead to every internal network.",
        "The internal and the external interface are in different networks with no routing between them.",
        "The perimeter firewalls admit the same flows on both sides of this server.",
        "The certificates of the internal and the external interface are in place and trusted.",
    ),
    "reverse_proxy": (
        "The publishing rules forward the original host header, 443 to 4443 and 80 to 8080.",
        _EXTERNAL_CERTIFICATE,
    ),
    "exchange_um": ("The rules of Exchange's own setup admit its media: the catalogue has no port rows of Exchange, and an exemption admits nothing.",),
    "mediation": ("The gateways of the published topology listen on the ports of lync_sip_port.",),
}
_BY_PLATFORM = {
    Platform.WINDOWS: "Group Policy does not switch off the merge of local firewall rules; no block rule of another owner covers a planned port.",
    Platform.LINUX: "No other table of nftables drops what a planned rule admits.",
}


def host_assumptions(host: Host) -> tuple[str, ...]:
    """Return what the rules of a host rely on, sorted."""
    texts = {text for role in host.roles for text in _BY_ROLE.get(role, ())}
    if host.reverse_proxy_driver:
        # What is published is of the plan; certificates never are.
        texts = texts - set(_BY_ROLE["reverse_proxy"]) | {_EXTERNAL_CERTIFICATE}
    if host.external_nat_addresses:
        texts.add("The NAT in front of the external interface is symmetric and keeps the source address of inbound packets.")
    texts.update(text for platform, text in _BY_PLATFORM.items() if host.platform is platform)
    return tuple(sorted(texts))


def pool_assumptions(pool: Pool, topology: Topology) -> tuple[str, ...]:
    """Return what the services and records of a pool rely on, sorted."""
    texts = {"The published topology names the same pool, members and ports."}
    if pool.method is Method.HLB and pool.role == "edge":
        texts.add("The Access Edge virtual address is the default gateway of the external interfaces; nothing translates addresses before the A/V Edge.")
    if pool.method is not Method.NONE and pool.monitoring_port:
        texts.add(f"Topology Builder has the hardware load balancer monitoring port {pool.monitoring_port} switched on for this pool.")
    if pool.external_web_fqdn and not any("reverse_proxy" in host.roles for host in topology.hosts.values()):
        texts.add(f"Something outside this inventory publishes {pool.external_web_fqdn}.")
    return tuple(sorted(texts))
