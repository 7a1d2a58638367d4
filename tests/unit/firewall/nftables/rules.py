# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules that nftables can express, for properties."""

from __future__ import annotations

from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.options import rules_from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.ruleset import Table, lines_of
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from hypothesis import strategies as st

IPV4, IPV6 = ("10.1.0.11", "10.1.0.0/24", "10.2.0.1-10.2.0.9", "0.0.0.0/0"), ("2001:db8::1", "2001:db8:1::/48", "::/0")
PORTS = ("22", "443", "1024-65535", "5061-5063", "1-65535")


def _side(own: bool) -> st.SearchStrategy[list[str]]:
    """Return lists of addresses; those of the host itself are IPv4 only, IPv6 only, or no limit."""
    families = (st.sampled_from(IPV4), st.sampled_from(IPV6), st.sampled_from(IPV4 + IPV6))
    lists = [st.lists(each, min_size=1, max_size=4) for each in (families[:2] if own else families)]
    return st.one_of(st.just(["any"]), *lists)


def _options() -> st.SearchStrategy[dict[str, Any]]:
    ports = st.one_of(st.just(["any"]), st.lists(st.sampled_from(PORTS), min_size=1, max_size=3))
    common: dict[str, Any] = {
        "direction": st.sampled_from(["in", "out"]), "action": st.sampled_from(["allow", "block"]),
        "localip": _side(True), "remoteip": _side(False),
        "interfaces": st.sampled_from(["any", ["eth0"], ["eth0", "bond0.7"]]),
    }  # fmt: skip
    with_ports = st.fixed_dictionaries(
        {**common, "protocol": st.sampled_from(["tcp", "udp"]), "localport": ports, "remoteport": ports}
    )
    return st.one_of(
        with_ports,
        st.fixed_dictionaries({**common, "protocol": st.sampled_from(["any", "tcp", "icmpv4", "icmpv6", 112])}),
    )


def rules() -> st.SearchStrategy[tuple[Rule, ...]]:
    def _read(options: list[dict[str, Any]]) -> tuple[Rule, ...]:
        found: list[Rule] = []
        for number, each in enumerate(options):
            try:
                found += rules_from_options([{**each, "name": f"rule {number}"}])
            except InvalidInputError as error:
                assert "no address family in common" in str(error)
        return tuple(found)

    return st.lists(_options(), max_size=5).map(_read)


def table(rules: tuple[Rule, ...], policy: str = "drop") -> Table:
    return Table(policy, tuple(line for rule in rules for line in lines_of(rule)))
