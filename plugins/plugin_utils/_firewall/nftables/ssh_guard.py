# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The guard of Linux hosts: what a set of changes would take from those who manage the host by SSH.

    refusals(host, before, after, networks)
    == ["ssh (TCP 22) on 10.1.0.5 would be shut for 10.9.0.0/24; fix: ..."]

Before and after are compared, and nothing else is asked. Looked at are the ports that sshd listens on, from the peers that are
connected to them now and from every management network. A connection that is open stays open: what counts is the next one.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..._base.addresses import ANY, AddressSet
from ..rule import Rule, address_texts
from ..tables import ANY_PROTOCOL, TCP
from .host import LinuxHost, Ssh
from .ruleset import FOREIGN, rules_of
from .table import Table


def refusals(host: LinuxHost, before: Table | None, after: Table | None, networks: AddressSet) -> list[str]:
    """Return why the changes must not be made, one line per port and address; nothing when they may."""
    return [line for way in host.ssh for address in _addresses(way, host) for line in _refusal(way, address, before, after, networks)]


def _addresses(way: Ssh, host: LinuxHost) -> tuple[str, ...]:
    """Return the addresses on which a way is open; "" when the host could not tell them."""
    found = (way.address,) if way.address else host.addresses or ("",)
    return tuple(address for address in found if not address or not AddressSet.parse([address]) <= AddressSet.parse(_LOOPBACK))


_LOOPBACK = ("127.0.0.0/8", "::1", "fe80::/10")


def _refusal(way: Ssh, address: str, before: Table | None, after: Table | None, networks: AddressSet) -> Iterator[str]:
    rules = [set(rules_of(table.lines)) if table else set() for table in (before, after)]
    same = frozenset(rules[0] & rules[1])
    had, has = (_admitted(table, frozenset(found), way.port, address, same) for table, found in zip((before, after), rules, strict=True))
    sources = (AddressSet.parse(way.peers) | networks) - AddressSet.parse(_LOOPBACK)
    if address:
        sources = sources.of_families(AddressSet.parse([address]).families)
    lost = (had - has) & sources
    if lost:
        fix = "set lync_management_rule for the host, or add a rule for the port from there"
        yield f"ssh (TCP {way.port}){f' on {address}' if address else ''} would be shut for {', '.join(address_texts(lost))}; fix: {fix}"


def _admitted(table: Table | None, rules: frozenset[Rule], port: int, address: str, same: frozenset[Rule]) -> AddressSet:
    """Return from where a table admits a port of an address. A rule with other limits counts where it is in both tables."""
    if table is None:
        return ANY
    allows = AddressSet.union_of(rule.remoteip.addresses for rule in rules if _counts(rule, "allow", port, address, rule in same))
    blocks = AddressSet.union_of(rule.remoteip.addresses for rule in rules if _counts(rule, "block", port, address, True))
    return (ANY if table.policy == "accept" else allows) - blocks


def _counts(rule: Rule, action: str, port: int, address: str, stays: bool) -> bool:
    if rule.direction != "in" or rule.action != action or rule.protocol not in (TCP, ANY_PROTOCOL) or FOREIGN in dict(rule.restrictions):
        return False
    here = not address or AddressSet.parse([address]) <= rule.localip.addresses
    is_limited = bool(rule.interfaces) or not rule.remoteport.is_any
    return here and any(first <= port <= last for first, last in rule.localport.ports.pairs) and (stays or not is_limited)
