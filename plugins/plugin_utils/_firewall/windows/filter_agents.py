# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Products that are known to filter traffic beside Windows Firewall, by the names of their services.

    agents_among(["MpsSvc", "CSFalconService"]) -> ("CrowdStrike Falcon",)

They filter with callouts of the Windows Filtering Platform or drivers below it, and need not register as the owner of
the firewall. That one runs tells that it may filter, not that it does: so it is a warning. The table is what public
sources name, and is not all there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# Each line with who names the service; what "filters" is said of is the product, by its maker.
_AGENTS: Mapping[str, str] = {
    "CSFalconService": "CrowdStrike Falcon",  # fadefa88/threat-hunting find_secucontrol.ps1; Falcon Firewall Management
    "cyserver": "Palo Alto Cortex XDR",  # docs.paloaltonetworks.com, Cortex XDR, "Host Firewall": by the system's API
    "ds_agent": "Trend Micro Deep Security",  # help.deepsecurity.trendmicro.com, windows-machine-loses-connectivity
    "ekrn": "ESET",  # fadefa88/threat-hunting, with its driver epfwwfp; help.eset.com, "Firewall"
    "ekrnEpfw": "ESET",  # the same
    "EPWD": "Check Point Endpoint Security",  # its watchdog: several diagnoses of tools that use the platform too
    "mfefire": "Trellix (McAfee) Endpoint Security Firewall",  # SigmaHQ/sigma proc_creation_win_susp_service_tamper.yml
    "SentinelAgent": "SentinelOne",  # lists of agents of endpoints; SentinelOne Firewall Control
    "SepMasterService": "Symantec Endpoint Protection",  # EUCweb/BIS-F stops it by this name; SEP's own firewall
    "sntpservice": "Sophos Network Threat Protection",  # lists of services that ransomware stops; Sophos' own name
    "TracSrvWrapper": "Check Point Endpoint Security",  # learn.microsoft.com, Entra tutorial of Check Point's client
    "xagt": "Trellix (FireEye) HX",  # fadefa88/threat-hunting; its containment cuts a host off
}
_PRODUCTS: Mapping[str, str] = {service.casefold(): product for service, product in _AGENTS.items()}


def agents_among(services: Iterable[str]) -> tuple[str, ...]:
    """Return the products whose services are among those that run, each once."""
    found = {_PRODUCTS.get(service.casefold(), "") for service in services}
    return tuple(sorted(found - {""}))
