# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The law of the order of changes: what is admitted before and after a run is admitted after each of its writes."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence

from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.com import to_com
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.reconcile import (
    Task,
    WindowsFirewallProvider,
)

from tests.unit.firewall import universe
from tests.unit.firewall.memory import MemoryStore, link_to


def check_order(want: Sequence[Rule], have: Sequence[Rule]) -> None:
    """Bring a host with rules to wanted ones; every write is legal, and none ends for a moment what lasts."""
    store = MemoryStore.of(*(to_com(rule) for rule in have))
    foreign = [rule for rule in store.document["rules"] if rule["Grouping"] is None]
    options = {"rules": [rule.to_options() for rule in want]}
    provider = WindowsFirewallProvider(Task.from_options(options), link_to(store))
    with contextlib.suppress(DeviceError):  # blocks of others may leave nothing of what is wanted in force
        reconcile(provider, check_mode=False)
    assert Counter(rule for rule in store.rules() if rule.group == "msuc.lync") == Counter(want)
    assert [rule for rule in store.document["rules"] if rule["Grouping"] is None] == foreign
    assert provider.writes == len(store.history)
    lasting = universe.admitted(have) & universe.admitted(store.rules())
    assert all(lasting <= universe.admitted(rules) for rules in store.history), (want, have)
