# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The words and numbers of Windows Firewall, as tables.

    PROTOCOLS["tcp"] == 6, PROFILE_BITS["private"] == 2, ADDRESS_WORDS["localsubnet"] == "LocalSubnet"

Left are the words of options (those of community.windows.win_firewall_rule), right what the COM
interfaces INetFwRule to INetFwRule3 of netfw.h use. Limits are those of [MS-FASP] 2.2.37.
"""

from __future__ import annotations

from collections.abc import Mapping

TCP, UDP, ICMPV4, ICMPV6, ANY_PROTOCOL = 6, 17, 1, 58, 256
PROTOCOLS: Mapping[str, int] = {"tcp": TCP, "udp": UDP, "icmpv4": ICMPV4, "icmpv6": ICMPV6, "any": ANY_PROTOCOL}
PORT_PROTOCOLS = frozenset({TCP, UDP})
ICMP_PROTOCOLS = frozenset({ICMPV4, ICMPV6})

DIRECTIONS: Mapping[str, int] = {"in": 1, "out": 2}
ACTIONS: Mapping[str, int] = {"block": 0, "allow": 1}
PROFILE_BITS: Mapping[str, int] = {"domain": 1, "private": 2, "public": 4}
EVERY_PROFILE = 0x7FFFFFFF
EDGES: Mapping[str, int] = {"no": 0, "yes": 1, "deferapp": 2, "deferuser": 3}
SECURITIES: Mapping[str, int] = {"notrequired": 0, "authnoencap": 1, "authenticate": 2, "authdynenc": 3, "authenc": 4}
INTERFACE_TYPES: Mapping[str, str] = {"lan": "Lan", "wireless": "Wireless", "ras": "RemoteAccess"}


def _folded(*words: str, **aliases: str) -> Mapping[str, str]:
    """Return the words by their lower case, and those that NetSecurity's cmdlets call otherwise by that name too."""
    return {word.casefold(): word for word in words} | aliases


# In the order of their bits ([MS-FASP] 2.2.21), which is the order in which Windows gives them back.
ADDRESS_WORDS = _folded(
    "LocalSubnet",
    "DNS",
    "DHCP",
    "WINS",
    "DefaultGateway",
    "Intranet",
    "Internet",
    "Ply2Renders",
    "RmtIntranet",
    "CaptivePortal",
    playtodevice="Ply2Renders",
    intranetremoteaccess="RmtIntranet",
)
PORT_WORDS = _folded(
    "RPC", "RPC-EPMap", "IPHTTPS", "Teredo", "Ply2Disc", rpcepmap="RPC-EPMap", iphttpsin="IPHTTPS", iphttpsout="IPHTTPS", playtodiscovery="Ply2Disc"
)
# The protocol that a word of ports goes with: of local ports in inbound rules, of remote ports in outbound ones.
LOCAL_PORT_WORDS: Mapping[str, int] = {"RPC": TCP, "RPC-EPMap": TCP, "IPHTTPS": TCP, "Teredo": UDP, "Ply2Disc": UDP}
REMOTE_PORT_WORDS: Mapping[str, int] = {"IPHTTPS": TCP}
# Words of policy version 2.20 ([MS-FASP] 2.2.21 and note 12): Windows Server 2012 and later have them.
WORDS_OF_2012 = frozenset({"Intranet", "Internet", "Ply2Renders", "RmtIntranet", "CaptivePortal", "Ply2Disc"})

# Entries of one kind in a list of a rule ([MS-FASP] 2.2.5 to 2.2.18).
LIST_LIMIT = 1000
TEXT_LIMIT = 9999
PATH_LIMIT = 259
