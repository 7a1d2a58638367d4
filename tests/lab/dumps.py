# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dumps of simulated hosts, as Windows would write them: rule strings, registry exports, and hives.

    write_dump(directory / "fe01.reg", store)

The strings are made from what the store holds, in the forms of a real export, without the collection's own code.
"""

from __future__ import annotations

import pathlib

from ..simulators.firewall_store import FirewallStore
from ..simulators.hive_file import policy_hive
from ..simulators.rule_strings import registry_string

KEY = "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy"


def write_dump(path: pathlib.Path, store: FirewallStore) -> None:
    """Write the dump of a host; the suffix says which kind: .wfw or .reg."""
    rules = [(rule["id"], registry_string(rule)) for rule in store.read()["rules"]]
    if path.suffix == ".wfw":
        path.write_bytes(policy_hive(rules))
    else:
        path.write_text(_export(rules), encoding="utf-16", newline="\r\n")


def _export(rules: list[tuple[str, str]]) -> str:
    lines = [f'"{_escaped(rule_id)}"="{_escaped(text)}"' for rule_id, text in rules]
    return "\n".join(["Windows Registry Editor Version 5.00", "", f"[{KEY}\\FirewallRules]", *lines, "", ""])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
