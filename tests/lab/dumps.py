# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dumps of simulated hosts, as Windows would write them: rule strings, registry exports, and hives.

    write_dump(directory / "fe01.reg", store)

The strings are made from what the store holds, in the forms of a real export, without the collection's own code.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

from ..simulators.firewall_store import FirewallStore
from ..simulators.hive_file import write_hive
from ..simulators.windows_rules import ADDRESS_WORDS

KEY = "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy"
_PROFILES = {1: "Domain", 2: "Private", 4: "Public"}
_EDGES = {0: "", 1: "Edge=TRUE|", 2: "Edge=TRUE|Defer=App|", 3: "Edge=TRUE|Defer=User|"}


def write_dump(path: pathlib.Path, store: FirewallStore) -> None:
    """Write the dump of a host; the suffix says which kind: .wfw or .reg."""
    rules = [(rule["id"], registry_string(rule)) for rule in store.read()["rules"]]
    if path.suffix == ".wfw":
        write_hive(path, {"": [("PolicyVersion", 0x21C)], "FirewallRules": rules})
    else:
        path.write_text(_export(rules), encoding="utf-16", newline="\r\n")


def _export(rules: list[tuple[str, str]]) -> str:
    lines = [f'"{_escaped(rule_id)}"="{_escaped(text)}"' for rule_id, text in rules]
    return "\n".join(["Windows Registry Editor Version 5.00", "", f"[{KEY}\\FirewallRules]", *lines, "", ""])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def registry_string(rule: Mapping[str, Any]) -> str:
    """Return the string of a rule as the store holds it."""
    return "|".join(["v2.28", *_tokens(rule), ""]) + _EDGES[rule["EdgeTraversalOptions"]]


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
