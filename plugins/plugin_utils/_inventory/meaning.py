# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which variables and features mean something where: the one table that says what would be read and do nothing.

    MEANINGS["lync_sip_port"] == Meaning(("pstn_gateways",))
    FEATURE_VERSIONS["xmpp"] == (Version.LYNC_2013, Version.SFB_2015)

A variable that is absent here is a policy: it may be set for everything, and does no harm where it is not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from .._catalogue.model import BALANCED_ROLES, ROLES, Version
from .model import Host, Platform


class Loss(str, Enum):
    """What it is called when a value means nothing on any host that it is set for."""

    ERROR = "error"
    WARNING = "warning"
    SILENT = "silent"  # another check says it better


@dataclass(frozen=True)
class Meaning:
    """Where a host variable means something: in one of these roles, on one of these platforms, empty for all.

    of_managed: only where the host gets rules. loss: of a host with a role; a host without any is an error always.
    """

    roles: tuple[str, ...] = ()
    platforms: tuple[Platform, ...] = ()
    of_managed: bool = False
    loss: Loss = Loss.ERROR

    def holds_for(self, host: Host) -> bool:
        """Return whether the variable means something on a host that plays a role."""
        in_role = not self.roles or bool(host.roles & set(self.roles))
        on_platform = not self.platforms or host.platform in self.platforms
        return in_role and on_platform and (host.managed or not self.of_managed)

    @property
    def text(self) -> str:
        """Return where, as the allowed values of a problem."""
        found = [f"hosts of {', '.join(self.roles)}"] if self.roles else ["hosts with a role"]
        found += [f"on {', '.join(platform.value for platform in self.platforms)}"] if self.platforms else []
        found += ["that get rules (lync_managed)"] if self.of_managed else []
        return " ".join(found)


_ANY_ROLE = Meaning()
_OF_EDGE = Meaning(("edge",))
_OF_GATEWAY = Meaning(("pstn_gateways",))
_OF_BALANCER = Meaning(("load_balancers",))
_OF_PROXY = Meaning(("reverse_proxy",))
_ON_LINUX = Meaning(platforms=(Platform.LINUX,), loss=Loss.WARNING)

MEANINGS: Mapping[str, Meaning] = {
    "lync_pool": Meaning(loss=Loss.SILENT),
    "lync_managed": _ANY_ROLE,
    "lync_member_state": _ANY_ROLE,
    "lync_backup_member": Meaning((*BALANCED_ROLES, "standard_edition")),
    "lync_address": _ANY_ROLE,
    "lync_internal_address": Meaning(("edge", "reverse_proxy")),
    "lync_external_address": _OF_PROXY,
    "lync_external_addresses": _OF_EDGE,
    "lync_external_nat_addresses": _OF_EDGE,
    "lync_external_nat_address": _OF_PROXY,
    "lync_fqdn": _ANY_ROLE,
    "lync_edge_ports": _OF_EDGE,
    "lync_pstn_address": Meaning(("mediation",)),
    "lync_client_program": Meaning(("clients",)),
    "lync_sip_port": Meaning(("pstn_gateways", "video_interop", "trusted_applications")),
    "lync_gateway_pools": _OF_GATEWAY,
    "lync_extra_firewall_rules": Meaning(of_managed=True),
    "lync_balancer_driver": _OF_BALANCER,
    "lync_balancer_addresses": _OF_BALANCER,
    "lync_balancer_vendor": _OF_BALANCER,
    "lync_balancer_state": _OF_BALANCER,
    "lync_balancer_options": _OF_BALANCER,
    "lync_balancer_path": _OF_BALANCER,
    "lync_balancer_udp_path": _OF_BALANCER,
    "lync_balancer_master_socket": Meaning(("load_balancers", "reverse_proxy")),
    "lync_reverse_proxy_driver": Meaning(("reverse_proxy",), loss=Loss.SILENT),
    "lync_reverse_proxy_options": _OF_PROXY,
    "lync_reverse_proxy_path": _OF_PROXY,
    "lync_reverse_proxy_http_path": _OF_PROXY,
    "lync_linux_policy": _ON_LINUX,
    "lync_linux_path": _ON_LINUX,
}
# The versions that have a feature, where not all have it; the rows of the catalogue say the same.
FEATURE_VERSIONS: Mapping[str, tuple[Version, ...]] = {
    "xmpp": (Version.LYNC_2013, Version.SFB_2015),
    "centralized_logging": (Version.LYNC_2013, Version.SFB_2015, Version.SFB_2019, Version.SFB_SE),
    "legacy_federation": (Version.LYNC_2010, Version.LYNC_2013),
}
# Servers of the product, and roles whose rows depend on the version where the host gets rules.
PRODUCT_ROLES = frozenset(role for role, managed in ROLES.items() if managed) - {"reverse_proxy", "load_balancers"}
VERSIONED_ROLES = frozenset(("reverse_proxy", "office_web_apps", "clients"))


def has_feature(host: Host, feature: str) -> bool:
    """Return whether a feature is on for a host, and its version has it."""
    return feature in host.features and host.version in FEATURE_VERSIONS.get(feature, tuple(Version))
