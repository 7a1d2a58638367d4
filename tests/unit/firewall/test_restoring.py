# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of a snapshot comes back: our group rule by rule, and foreign rules that ours may have disabled."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import Kind
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.host_facts import GROUP_POLICY, Present
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.options import from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.planner import applied
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.restoring import (
    foreign_differences,
    name_untold,
    pair_rules,
    plan_restoration,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule

GROUP = "msuc.lync"
SIP = from_options({"name": "SIP", "protocol": "tcp", "localport": "5061", "remoteip": "10.1.0.0/24"})
MOVED = replace(SIP, remoteip=from_options({"name": "x", "remoteip": "10.2.0.0/24"}).remoteip)
WIDE = from_options({"name": "Wide", "group": "Theirs", "protocol": "tcp", "localport": "5061"}, "Theirs")
OTHER = from_options({"name": "Other", "group": "Theirs", "protocol": "tcp", "localport": "99"}, "Theirs")
OF_WINDOWS = replace(WIDE, name="Remote Desktop (TCP-In)", group="@FirewallAPI.dll,-28752", description="Inbound rule")
STORED = replace(OF_WINDOWS, name="@FirewallAPI.dll,-28775", description="@FirewallAPI.dll,-28756")


def presents(*rules: Rule) -> list[Present]:
    return [Present(rule, {}) for rule in rules]


def planned(then: list[Rule], now: list[Present], unprotected: frozenset[str] = frozenset()) -> list[tuple[Kind, str]]:
    """Return the changes, after a look whether nothing is left when they are made."""
    made = plan_restoration(pair_rules(then, now), GROUP, unprotected)
    after = applied(now, made.now)
    assert not plan_restoration(pair_rules(then, list(after)), GROUP, unprotected).now
    return [(change.kind, change.name) for change in made.now]


def off(rule: Rule) -> Rule:
    return replace(rule, enabled=False)


def test_two_rules_of_one_name_between_opening_and_closing_both_come_back() -> None:
    assert planned([SIP, MOVED], presents(MOVED)) == [(Kind.ADD, "SIP")]
    assert planned([SIP], presents(SIP, MOVED)) == [(Kind.REMOVE, "SIP")]
    assert planned([SIP, MOVED], presents(MOVED, SIP)) == []
    assert planned([SIP], presents(MOVED)) == [(Kind.CHANGE, "SIP")]


def test_a_rule_of_ours_that_was_switched_off_stays_off_as_the_snapshot_has_it() -> None:
    assert planned([off(SIP)], presents(SIP)) == [(Kind.CHANGE, "SIP")]
    assert planned([off(SIP)], presents(off(SIP))) == []


def test_only_what_our_rules_may_have_disabled_is_enabled_again() -> None:
    now = presents(SIP, off(WIDE), off(OTHER))
    assert planned([WIDE, OTHER], now) == [(Kind.CHANGE, "Wide"), (Kind.REMOVE, "SIP")]
    # Somebody changed it as well, so it is not what was disabled.
    assert planned([WIDE], presents(SIP, off(replace(WIDE, edge="yes")))) == [(Kind.REMOVE, "SIP")]
    # It was off before.
    assert planned([off(WIDE), SIP], presents(SIP, off(WIDE))) == []


def test_after_our_rules_are_gone_those_of_the_snapshot_say_what_they_may_have_disabled() -> None:
    assert planned([WIDE, SIP], presents(off(WIDE))) == [(Kind.ADD, "SIP"), (Kind.CHANGE, "Wide")]


def test_of_twins_as_many_are_enabled_as_were() -> None:
    assert planned([SIP, WIDE, off(WIDE)], presents(SIP, off(WIDE), off(WIDE))) == [(Kind.CHANGE, "Wide")]
    assert planned([SIP, WIDE, off(WIDE)], presents(SIP, off(WIDE), WIDE)) == []


def test_texts_of_windows_are_told_in_a_snapshot_by_their_place() -> None:
    assert foreign_differences(pair_rules([STORED], presents(OF_WINDOWS)), GROUP) == ()
    lines = foreign_differences(pair_rules([STORED], presents(off(OF_WINDOWS))), GROUP)
    assert lines == ("rule Remote Desktop (TCP-In) of group @FirewallAPI.dll,-28752 was disabled since",)
    assert planned([SIP, STORED], presents(SIP, off(OF_WINDOWS))) == []
    named = frozenset({OF_WINDOWS.name})
    assert planned([SIP, STORED], presents(SIP, off(OF_WINDOWS)), named) == [(Kind.CHANGE, OF_WINDOWS.name)]


def test_interfaces_are_the_same_as_far_as_a_snapshot_tells() -> None:
    then = replace(SIP, interfaces=frozenset({"{0A1B2C3D-0000-4000-8000-000000000001}"}))
    now = presents(replace(SIP, interfaces=frozenset({"Ethernet 2"})))
    assert planned([then], now) == [] and name_untold(pair_rules([then], now), GROUP) == []
    assert name_untold(pair_rules([then], presents()), GROUP) == ["SIP"]
    moved = presents(replace(MOVED, interfaces=now[0].rule.interfaces))
    assert name_untold(pair_rules([then], moved), GROUP) == ["SIP"]


def test_rules_of_group_policy_are_no_part_of_a_snapshot() -> None:
    policy = Present(WIDE, {"id": "{1}"}, GROUP_POLICY)
    assert planned([], [policy]) == [] and foreign_differences(pair_rules([], [policy]), GROUP) == ()


def test_every_kind_of_difference_is_named() -> None:
    lines = foreign_differences(pair_rules([WIDE, OTHER], presents(replace(WIDE, edge="yes"), SIP)), GROUP)
    assert lines == (
        "rule Other of group Theirs was removed since",
        "rule Wide of group Theirs was changed since: edge",
    )
    assert foreign_differences(pair_rules([SIP], presents(off(OTHER))), GROUP) == (
        "rule Other of group Theirs was added since",
    )
