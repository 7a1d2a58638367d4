# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The words of catalogue and inventory that have a meaning of their own: roles, features, classes of peers, documented
ports.
"""

from __future__ import annotations

ROLES = {
    # role (the group's default name): managed by default
    "frontend": True,
    "edge": True,
    "mediation": True,
    "directors": True,
    "reverse_proxy": True,
    "standard_edition": True,
    "monitoring": True,
    "archiving": True,
    "av_conferencing": True,
    "persistent_chat": True,
    "load_balancers": True,
    "back_end": False,
    "exchange_um": False,
    "office_web_apps": False,
    "sba": False,
    "clients": False,
    "pstn_gateways": False,
    "trusted_applications": False,
    "e911_gateways": False,
    "dhcp_servers": False,
    "dns_servers": False,
    "file_servers": False,
    "admin_hosts": False,
}
POOLED_ROLES = ("frontend", "directors", "edge", "mediation")
"""Roles whose hosts are members of a pool; BALANCED_ROLES: those whose pools a load balancer may stand before."""
BALANCED_ROLES = (*POOLED_ROLES, "reverse_proxy")
FEATURES = (
    "federation",
    "public_im",
    "rcc",
    "e911",
    "cac",
    "dhcp_discovery",
    "legacy_clients",
    "legacy_federation",
    "http_publishing",
    "mediation_tcp",
    "mobility",
    "xmpp",
    "centralized_logging",
)
# The documented defaults, as the tables print them: port-catalogue versions, "Server media ranges (defaults)".
DEFAULT_MEDIA_PORTS = {
    "audio": (49152, 57500),
    "video": (57501, 65535),
    "application_sharing": (49152, 65535),
    "client": (1024, 65535),
}
DEFAULT_EDGE_PORTS = {"access": 443, "web_conferencing": 443, "av": 443}
# With one external address for all three services, as published topologies have it.
SHARED_EDGE_PORTS = {"access": 5061, "web_conferencing": 444, "av": 443}

SPECIAL_CLASSES = {
    "any": "every address (the Internet side of Edge and reverse proxy, DHCP)",
    "any_internal": "client, phone, server and media networks",
    "clients": "lync_client_networks and the hosts of group clients",
    "phones": "lync_phone_networks",
    "media_networks": "lync_media_networks",
    "management": "lync_management_networks and the hosts of group admin_hosts",
    "cms_master": "the hosts of the pool lync_central_management_pool",
    "cms_replicas": "internal servers, but for the one server of a central management pool of one",
    "backup_pool": "the members of the backup pool of the host's pool",
}
# Special classes that are some members of another class.
PART_OF = {"cms_master": "frontend", "backup_pool": "frontend", "cms_replicas": "internal_servers"}
