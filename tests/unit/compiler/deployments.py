# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Small deployments to compile, and expected rules written as lines in which addresses have names.

S2 in tcp 5061 from clients fe dir edge          rows, direction, transport, local port, peers S22 out tcp 5066 to e911
the port of an "out" line is the remote one ... S47 out tcp own 50000-59999 to any at av          ... unless it says
"own"; "at" names the address that the rule is bound to S49 out udp own 68 67 to any                      both ports
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import FirewallRule, HostPlan, Plan

Variables = Mapping[str, object]
COMMON: Variables = {
    "lync_version": "2010",
    "lync_client_networks": ["10.10.0.0/16"],
    "lync_phone_networks": ["10.12.0.0/16"],
}


def host(groups: str, address: str | None = None, /, **variables: object) -> dict[str, object]:
    """Return a host in groups (separated by blanks); a variable's name may lack its prefix lync_."""
    named = {
        name if name.startswith(("lync_", "ansible_")) else f"lync_{name}": value for name, value in variables.items()
    }
    return {"groups": tuple(groups.split()), **({"ansible_host": address} if address else {}), **named}


def inventory(hosts: Mapping[str, Variables], **common: object) -> dict[str, InventoryHost]:
    """Return hosts, as host() makes them, with the variables that all of them share."""
    shared = {**COMMON, **{f"lync_{name}": value for name, value in common.items()}}
    return {name: _inventory_host(name, shared, variables) for name, variables in hosts.items()}


def _inventory_host(name: str, shared: Variables, variables: Variables) -> InventoryHost:
    groups = variables["groups"]
    assert isinstance(groups, tuple)
    return InventoryHost(
        name, groups, {**shared, **{key: value for key, value in variables.items() if key != "groups"}}
    )


def compiled(hosts: Mapping[str, Variables], **common: object) -> Plan:
    """Return the plan of hosts and shared variables (without their prefix lync_)."""
    return compile_inventory(inventory(hosts, **common))


@dataclass(frozen=True, order=True)
class Admission:
    """What a rule says, without its words."""

    direction: str
    protocol: str
    localport: tuple[str, ...]
    remoteport: tuple[str, ...]
    localip: tuple[str, ...]
    remoteip: tuple[str, ...]
    rows: tuple[str, ...]


def admission(rule: FirewallRule) -> Admission:
    return Admission(
        rule.direction,
        rule.protocol,
        rule.localport,
        rule.remoteport,
        rule.localip,
        rule.remoteip,
        tuple(sorted(rule.rows)),
    )


def admissions(plan: HostPlan) -> list[Admission]:
    """Return what the rules of a host say, sorted."""
    return sorted(map(admission, plan.firewall_rules))


def expected(lines: str, names: Mapping[str, str]) -> list[Admission]:
    """Return what lines say, sorted; names: addresses or networks (separated by blanks) by the names in the lines."""
    return sorted(_line(line.split(), names) for line in lines.splitlines() if line.strip())


def _line(words: list[str], names: Mapping[str, str]) -> Admission:
    rows, direction, protocol, *rest = words
    turn = next(place for place, word in enumerate(rest) if word in ("from", "to"))
    bound = rest.index("at") if "at" in rest else len(rest)
    local, remote = _ports(direction, rest[:turn])
    return Admission(
        direction,
        protocol,
        local,
        remote,
        _addresses(rest[bound + 1 :], names) or ("any",),
        _addresses(rest[turn + 1 : bound], names),
        _rows(rows),
    )


def _rows(text: str) -> tuple[str, ...]:
    return tuple(sorted(text.split(",")))


def _ports(direction: str, words: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return local and remote port of a line."""
    if words[0] == "own":
        return _list(words[1]), _list(words[2]) if len(words) > 2 else ("any",)
    return (_list(words[0]), ("any",)) if direction == "in" else (("any",), _list(words[0]))


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _addresses(words: Iterable[str], names: Mapping[str, str]) -> tuple[str, ...]:
    texts = [text for word in words for text in names.get(word, word).split()]
    return AddressSet.parse(texts).to_text()


def not_opened(plan: HostPlan) -> dict[str, str]:
    """Return the reasons of rows that open nothing, by row; several reasons are joined."""
    found: dict[str, list[str]] = {}
    for item in plan.not_opened:
        found.setdefault(item.row, []).append(item.why)
    return {row: "; ".join(dict.fromkeys(reasons)) for row, reasons in found.items()}
