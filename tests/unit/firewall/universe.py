# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A small universe of packets and rules, with an oracle that asks packet by packet; for property tests."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace

from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet, PortSet
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import AddressScope, PortScope, Rule
from hypothesis import strategies as st

Packet = tuple[str, int, int, str, str, str]

# The last of each kind is in no list below, so that "any" is more than every list together.
_PORTS = (1, 2, 3, 9)
_ADDRESSES = ("10.0.0.0", "10.0.0.1", "10.0.0.2", "2001:db8::1", "10.9.9.9")
_PROGRAMS = ("c:\\a.exe", "c:\\other.exe")
PACKETS: tuple[Packet, ...] = tuple(
    itertools.product(("in", "out"), (6, 17, 47), _PORTS, _ADDRESSES, ("domain", "private", "public"), _PROGRAMS)
)

_LOCAL_PORTS: tuple[list[str], ...] = ([], ["1"], ["1", "2"], ["2-3"], ["3"])
_REMOTE: tuple[list[str], ...] = ([], ["10.0.0.1"], ["10.0.0.0/31"], ["10.0.0.1-10.0.0.2"], ["2001:db8::1", "10.0.0.0"])


def matches(rule: Rule, packet: Packet) -> bool:
    """Return whether a rule matches a packet, looked up limit by limit."""
    direction, protocol, port, address, profile, program = packet
    return (
        rule.direction == direction
        and rule.protocol in (256, protocol)
        and (rule.localport.is_any or PortSet.of(port) <= rule.localport.ports)
        and (rule.remoteip.is_any or AddressSet.parse([address]) <= rule.remoteip.addresses)
        and profile in rule.profiles
        and rule.program in ("", program)
    )


def admitted(rules: Iterable[Rule]) -> frozenset[Packet]:
    """Return the packets that rules admit: allowed by one and blocked by none."""
    enabled = [rule for rule in rules if rule.enabled]
    allow, block = ([rule for rule in enabled if rule.action == action] for action in ("allow", "block"))
    return frozenset(
        packet
        for packet in PACKETS
        if any(matches(rule, packet) for rule in allow) and not any(matches(rule, packet) for rule in block)
    )


@st.composite
def rules(
    draw: st.DrawFn,
    names: tuple[str, ...] = ("a", "b", "c"),
    group: str = "msuc.lync",
    actions: tuple[str, ...] = ("allow", "block"),
) -> Rule:
    """Return a rule of the universe."""
    rule = Rule(
        name=draw(st.sampled_from(names)),
        group=group,
        description=draw(st.sampled_from(("", "text"))),
        direction=draw(st.sampled_from(("in", "in", "out"))),
        action=draw(st.sampled_from(actions)),
        enabled=draw(st.sampled_from((True, True, False))),
        profiles=frozenset(draw(st.sets(st.sampled_from(("domain", "private", "public")), min_size=1))),
        program=draw(st.sampled_from(("", "", _PROGRAMS[0]))),
        protocol=draw(st.sampled_from((6, 17, 256))),
        remoteip=_scope(draw(st.sampled_from(_REMOTE))),
    )
    ports = draw(st.sampled_from(_LOCAL_PORTS)) if rule.protocol != 256 else []
    return replace(rule, localport=PortScope(PortSet.parse(ports)) if ports else PortScope())


def _scope(texts: list[str]) -> AddressScope:
    return AddressScope(AddressSet.parse(texts)) if texts else AddressScope()


def wanted(actions: tuple[str, ...] = ("allow", "block")) -> st.SearchStrategy[list[Rule]]:
    """Return lists of rules in which each name stands once."""
    return st.lists(rules(actions=actions), max_size=3, unique_by=lambda rule: rule.name)


def present(actions: tuple[str, ...] = ("allow", "block")) -> st.SearchStrategy[list[Rule]]:
    """Return what a host may have: owned rules whose names may repeat, and foreign ones, also of the same names."""
    foreign = st.lists(rules(names=("a", "CS X"), group="", actions=actions), max_size=2)
    return st.tuples(st.lists(rules(actions=actions), max_size=4), foreign).map(lambda pair: [*pair[0], *pair[1]])
