# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules that a server has before anybody manages it: those of Windows, of WinRM, and of the product's setup.

Names repeat with different content, groups of Windows are indirect strings, and setup admits any source.
"""

from __future__ import annotations

from collections.abc import Mapping

TCP, UDP, ICMPV4, ICMPV6 = 6, 17, 1, 58
DOMAIN, PRIVATE, PUBLIC = 1, 2, 4
_SYSTEM = "%SystemRoot%\\system32\\svchost.exe"
_PRODUCT = "C:\\Program Files\\Microsoft Lync Server 2010"

# name, group, direction, protocol, local ports, remote addresses, profiles, program, service, enabled
_WINDOWS = (
    (
        "Windows Remote Management (HTTP-In)",
        "@FirewallAPI.dll,-30267",
        1,
        TCP,
        "5985",
        "*",
        DOMAIN | PRIVATE,
        "System",
        "",
        True,
    ),
    (
        "Windows Remote Management (HTTP-In)",
        "@FirewallAPI.dll,-30267",
        1,
        TCP,
        "5985",
        "LocalSubnet",
        PUBLIC,
        "System",
        "",
        True,
    ),
    ("Remote Desktop (TCP-In)", "@FirewallAPI.dll,-28752", 1, TCP, "3389", "*", DOMAIN, _SYSTEM, "termservice", True),
    ("Remote Desktop (UDP-In)", "@FirewallAPI.dll,-28752", 1, UDP, "3389", "*", DOMAIN, _SYSTEM, "termservice", True),
    ("File and Printer Sharing (SMB-In)", "@FirewallAPI.dll,-28502", 1, TCP, "445", "*", DOMAIN, "System", "", True),
    (
        "File and Printer Sharing (SMB-In)",
        "@FirewallAPI.dll,-28502",
        1,
        TCP,
        "445",
        "LocalSubnet",
        PRIVATE | PUBLIC,
        "System",
        "",
        False,
    ),
    (
        "File and Printer Sharing (NB-Name-In)",
        "@FirewallAPI.dll,-28502",
        1,
        UDP,
        "137",
        "LocalSubnet",
        PRIVATE,
        "System",
        "",
        False,
    ),
    (
        "File and Printer Sharing (Echo Request - ICMPv4-In)",
        "@FirewallAPI.dll,-28502",
        1,
        ICMPV4,
        "*",
        "*",
        DOMAIN,
        "",
        "",
        True,
    ),
    (
        "File and Printer Sharing (Echo Request - ICMPv6-In)",
        "@FirewallAPI.dll,-28502",
        1,
        ICMPV6,
        "*",
        "*",
        DOMAIN,
        "",
        "",
        True,
    ),
    (
        "Core Networking - Dynamic Host Configuration Protocol (DHCP-In)",
        "@FirewallAPI.dll,-25000",
        1,
        UDP,
        "68",
        "*",
        0,
        _SYSTEM,
        "dhcp",
        True,
    ),
    (
        "Core Networking - Teredo (UDP-In)",
        "@FirewallAPI.dll,-25000",
        1,
        UDP,
        "Teredo",
        "*",
        0,
        _SYSTEM,
        "iphlpsvc",
        True,
    ),
    ("Core Networking - IPHTTPS (TCP-In)", "@FirewallAPI.dll,-25000", 1, TCP, "IPHTTPS", "*", 0, "System", "", True),
    ("Core Networking - DNS (UDP-Out)", "@FirewallAPI.dll,-25000", 2, UDP, "*", "*", 0, _SYSTEM, "dnscache", True),
    (
        "Remote Event Log Management (RPC)",
        "@FirewallAPI.dll,-29252",
        1,
        TCP,
        "RPC",
        "*",
        DOMAIN,
        _SYSTEM,
        "Eventlog",
        False,
    ),
    (
        "Remote Event Log Management (RPC-EPMAP)",
        "@FirewallAPI.dll,-29252",
        1,
        TCP,
        "RPC-EPMap",
        "*",
        DOMAIN,
        _SYSTEM,
        "RpcSs",
        False,
    ),
    (
        "Network Discovery (WSD Events-In)",
        "@FirewallAPI.dll,-32752",
        1,
        TCP,
        "5357",
        "LocalSubnet",
        PRIVATE,
        "System",
        "",
        False,
    ),
    ("Network Discovery (WSD Events-In)", "@FirewallAPI.dll,-32752", 1, TCP, "5357", "*", DOMAIN, "System", "", False),
    (
        "World Wide Web Services (HTTP Traffic-In)",
        "@%windir%\\system32\\inetsrv\\iisres.dll,-30501",
        1,
        TCP,
        "80",
        "*",
        0,
        "System",
        "",
        True,
    ),
)
_SETUP = (
    ("CS RTCSRV", "", 1, TCP, "*", "*", 0, f"{_PRODUCT}\\Server\\Core\\RTCSrv.exe", "", True),
    ("CS RTCMEDSRV", "", 1, 256, "*", "*", 0, f"{_PRODUCT}\\Mediation Server\\MediationServerSvc.exe", "", True),
    ("CS RTCAVMCU", "", 1, 256, "*", "*", 0, f"{_PRODUCT}\\OCSMCU\\Application Host\\AVMCUSvc.exe", "", True),
    (
        "OCS SQL RTC Access",
        "",
        1,
        TCP,
        "*",
        "*",
        0,
        "C:\\Program Files\\Microsoft SQL Server\\MSSQL10.RTC\\MSSQL\\Binn\\sqlservr.exe",
        "",
        True,
    ),
    ("Backup agent", "Contoso", 1, TCP, "10000", "10.9.0.0/24", 0, "", "", True),
)


def stock_rules(setup: bool = True) -> list[Mapping[str, object]]:
    """Return the rules as properties to put, with those of the product's setup or without them."""
    return [_rule(row) for row in (*_WINDOWS, *(_SETUP if setup else ()))]


def _rule(row: tuple[str, str, int, int, str, str, int, str, str, bool]) -> Mapping[str, object]:
    name, group, direction, protocol, ports, remote, profiles, program, service, enabled = row
    return {
        "Name": name,
        "Grouping": group or None,
        "Description": f"{name}." if group.startswith("@") else None,
        "Direction": direction,
        "Protocol": protocol,
        "LocalPorts": ports,
        "RemoteAddresses": remote,
        # 0 stands for a rule without a limit to profiles.
        "Profiles": profiles or 0x7FFFFFFF,
        "ApplicationName": program,
        "ServiceName": service or None,
        "Enabled": enabled,
    }
