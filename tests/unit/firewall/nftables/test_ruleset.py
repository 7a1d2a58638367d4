# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules as lines of our table, and steps from any table to any other."""

from __future__ import annotations

from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from hypothesis import given, settings

from .rules import rules, table


@settings(max_examples=100)
@given(rules(), rules())
def test_steps_touch_only_what_differs(before: tuple[Rule, ...], after: tuple[Rule, ...]) -> None:
    steps = table(after).steps_from(table(before)).splitlines()
    gone, new = table(before).keys - table(after).keys, table(after).keys - table(before).keys
    assert (sum("delete rule" in step for step in steps), sum("add rule" in step for step in steps)) == (
        gone.total(),
        new.total(),
    )
    assert table(after).steps_from(table(after)) == ""
