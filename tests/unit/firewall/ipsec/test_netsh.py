# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exemptions as a script of netsh advfirewall consec, both ways, and run by the simulated netsh."""

from __future__ import annotations

import functools
import operator
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec import netsh
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.exemption import (
    exemptions_from_options,
    parse_exemption,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.ipsec_store import IpsecPolicy
from tests.unit.firewall.memory import MemoryStore

from .exemptions import exemptions
from .script_readers import parse_script, rule_of

UDP = {"name": "Lync exempt media (UDP)", "protocol": "udp", "localip": ["10.1.0.11"], "description": "Media."}


OWN = "msuc.lync"


def one(**options: Any) -> Rule:
    return exemptions_from_options([{**UDP, **options}])[0]


def test_the_script_of_netsh() -> None:
    assert netsh.script_of([one(remoteip=["10.0.0.0/8"], localport="443,50000-59999")]) == (
        'advfirewall consec delete rule name="Lync exempt media (UDP)"\n'
        'advfirewall consec add rule name="Lync exempt media (UDP)" endpoint1=10.1.0.11 endpoint2=10.0.0.0/8 '
        "protocol=udp port1=443,50000-59999 "
        'port2=any interfacetype=any profile=any enable=yes description="Media." action=noauthentication '
        "mode=transport\n"
    )


@pytest.mark.parametrize("count", [700, 1000])
@pytest.mark.parametrize("network", ["10.{0}.{1}.0/24", "2001:db8:{0}:{1}::/64"])
@pytest.mark.parametrize("side", ["localip", "remoteip"])
def test_an_exemption_of_many_networks_is_several_lines_that_are_not_too_long(
    count: int, network: str, side: str
) -> None:
    networks = [network.format(number % 8, 2 * (number // 8)) for number in range(count)]
    rule = one(**{side: networks})
    text = netsh.script_of([rule])
    assert max(map(len, text.splitlines())) <= 8191
    policy = IpsecPolicy(MemoryStore.of())
    policy.netsh(text)
    # Again, as whoever runs it twice: what is there goes first.
    assert policy.netsh(text)[0] == 0
    made = [parse_exemption(key, found) for key, found in policy.rules().items()]
    assert len(made) == text.count("add rule") > 1
    scopes = [getattr(part, side) for part in made]
    assert functools.reduce(operator.or_, scopes) == getattr(rule, side)
    assert {replace(part, **{side: getattr(rule, side)}) for part in made} == {replace(rule, group="")}


def test_texts_that_leave_no_room_in_a_line_are_refused_by_name() -> None:
    with pytest.raises(InvalidInputError) as caught:
        netsh.script_of([one(description="m" * 8100), one(name="Lync other")])
    assert str(caught.value).splitlines()[-1].strip("- ") == (
        "exemption 'Lync exempt media (UDP)', name and description: a line of a script of netsh has at most 8191 "
        "characters; fix: write shorter ones"
    )


@settings(max_examples=150)
@given(st.lists(exemptions(), max_size=3))
def test_parse_of_render_is_the_same(rules: list[Rule]) -> None:
    commands = [netsh.add_command(rule) for rule in rules] + [netsh.Command("delete", rule.name) for rule in rules]
    commands += [netsh.set_command(rule, ["localip", "enabled"]) for rule in rules]
    assert parse_script(netsh.render_script(commands)) == [_without_empty(command) for command in commands]
    assert [rule_of(command, OWN) for command in commands if command.verb == "add"] == rules


def _without_empty(command: netsh.Command) -> netsh.Command:
    return netsh.Command(command.verb, command.name, {word: value for word, value in command.values.items() if value})


@settings(max_examples=50)
@given(st.lists(exemptions(), min_size=1, max_size=3, unique_by=lambda rule: rule.name.casefold()))
def test_the_simulated_netsh_makes_of_a_script_what_it_says(rules: list[Rule]) -> None:
    policy = IpsecPolicy(MemoryStore.of())
    assert policy.netsh(netsh.render_script(map(netsh.add_command, rules)))[0] == 0
    made = [parse_exemption(key, text) for key, text in policy.rules().items()]
    # netsh knows no groups.
    assert sorted(made, key=lambda rule: rule.name) == sorted(
        (replace(rule, group="") for rule in rules), key=lambda rule: rule.name
    )


@pytest.mark.parametrize(
    "line",
    [
        "advfirewall firewall add rule name=x",
        "advfirewall consec add rule",
        'advfirewall consec add rule name="x',
        "hello",
    ],
)
def test_lines_that_are_no_commands(line: str) -> None:
    with pytest.raises(InvalidInputError, match="line 1"):
        parse_script(line)


@pytest.mark.parametrize(
    "options", [{"name": "Lync exempt \u00fc"}, {"description": 'a "quoted" word'}, {"name": "Media"}], ids=str
)
def test_what_netsh_cannot_hold_is_told(options: dict[str, str]) -> None:
    assert netsh.problems_of(one(**options), "Lync exempt ")
    assert netsh.problems_of(one(), "Lync exempt ") == []
