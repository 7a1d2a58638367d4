# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The string of a rule in the registry, made from what the store of a simulated host holds.

    registry_string(store.read()["rules"][0]) == "v2.28|Action=Allow|Active=TRUE|Dir=In|...|Name=SIP|"

The forms are those of a real export; it shares no code with the reader.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from .windows_rules import ADDRESS_WORDS

_ICMP = {1: "ICMP4", 58: "ICMP6"}
_PROFILES = {1: "Domain", 2: "Private", 4: "Public"}
# By NET_FW_AUTHENTICATE_TYPE; the tokens are those of [MS-GPFAS] 2.2.2.19.
_SECURITIES = (
    (),
    ("Security=Authenticate", "Security2_9=An-NoEncap"),
    ("Security=Authenticate",),
    ("Security=AuthenticateEncrypt", "Security2=AnE-Nego"),
    ("Security=AuthenticateEncrypt",),
)
_EDGES = {0: "", 1: "Edge=TRUE|", 2: "Edge=TRUE|Defer=App|", 3: "Edge=TRUE|Defer=User|"}


def registry_string(rule: Mapping[str, Any]) -> str:
    """Return the string of a rule as the store holds it."""
    return "|".join(["v2.28", *_tokens(rule), ""]) + _EDGES[rule["EdgeTraversalOptions"]]


def interface_id(name: str) -> str:
    """Return the identifier of a network interface."""
    return f"{{{uuid.uuid5(uuid.NAMESPACE_DNS, name)}}}"


def _tokens(rule: Mapping[str, Any]) -> Iterator[str]:
    yield f"Action={('Block', 'Allow')[rule['Action']]}"
    yield f"Active={str(rule['Enabled']).upper()}"
    yield f"Dir={('', 'In', 'Out')[rule['Direction']]}"
    yield from [f"Protocol={rule['Protocol']}"] if rule["Protocol"] != 256 else []
    yield from (
        [f"Profile={word}" for bit, word in _PROFILES.items() if rule["Profiles"] & bit]
        if rule["Profiles"] != 0x7FFFFFFF
        else []
    )
    if rule["Protocol"] in (6, 17):
        yield from _ports("LPort", rule["LocalPorts"])
        yield from _ports("RPort", rule["RemotePorts"])
    if rule["Protocol"] in _ICMP and rule["IcmpTypesAndCodes"] != "*":
        yield from (f"{_ICMP[rule['Protocol']]}={pair}" for pair in rule["IcmpTypesAndCodes"].split(","))
    if rule["InterfaceTypes"] != "All":
        yield from (f"IFType={word}" for word in rule["InterfaceTypes"].split(","))
    # A store of the registry knows interfaces by their identifiers, COM by their names.
    yield from (f"IF={interface_id(name)}" for name in rule["Interfaces"] or ())
    yield from _addresses("LA", rule["LocalAddresses"])
    yield from _addresses("RA", rule["RemoteAddresses"])
    texts = {
        "App": "ApplicationName",
        "Svc": "ServiceName",
        "Name": "Name",
        "Desc": "Description",
        "EmbedCtxt": "Grouping",
    }
    yield from (f"{token}={rule[name]}" for token, name in texts.items() if rule[name])
    yield from _SECURITIES[rule["SecureFlags"] or 0]


def _ports(token: str, text: str) -> Iterator[str]:
    for port in text.split(",") if text != "*" else ():
        if port == "IPHTTPS":
            yield f"{token}2_10=IPHTTPSIn"
        else:
            yield f"{token}2_10={port}" if port[0].isdigit() and "-" in port else f"{token}={port}"


def _addresses(token: str, text: str) -> Iterator[str]:
    for address in text.split(",") if text != "*" else ():
        if address in ADDRESS_WORDS:
            yield from (f"{token}4={address}", f"{token}6={address}")
        else:
            yield f"{token}{6 if ':' in address else 4}={address.removesuffix('/255.255.255.255')}"
