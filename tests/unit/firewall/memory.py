# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A simulated Windows host in memory, and the way to it."""

from __future__ import annotations

import copy
import pathlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.reconcile import Link
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.com import from_com

from tests.simulators.firewall_store import Faults, FirewallStore, FwRule
from tests.simulators.host_module import run_module

NO_FAULTS = Faults()


@dataclass
class MemoryStore(FirewallStore):
    """A host whose files are in memory; it keeps what it had after each write."""

    document: dict[str, Any] = field(default_factory=dict)
    history: list[list[Rule]] = field(default_factory=list)
    fault: Faults = NO_FAULTS

    @classmethod
    def of(
        cls, *rules: Mapping[str, object], fault: Faults = NO_FAULTS, switches: Mapping[str, bool] | None = None
    ) -> MemoryStore:
        store = cls(pathlib.Path(), "host", fault=fault)
        store.create(["10.1.0.11", "2001:db8::11"], list(rules), switches)
        store.change(listeners=[], connections=[])
        store.history.clear()
        return store

    def read(self) -> dict[str, Any]:
        return copy.deepcopy(self.document)

    def write(self, document: dict[str, Any]) -> None:
        changes_rules = document["rules"] != self.document.get("rules")
        self.document = copy.deepcopy(document)
        if changes_rules:
            self.history.append(self.rules())

    def faults(self) -> Faults:
        return self.fault

    def count(self, **amounts: int) -> None:
        """Nothing: the answers hold the counters."""

    def rules(self) -> list[Rule]:
        return [from_com(FwRule(None, stored).values()) for stored in self.document["rules"]]


def link_to(
    store: FirewallStore, module: Callable[..., Any] = run_module, spoil: Callable[[Any], Any] = lambda answer: answer
) -> Link:
    """Return the way to a simulated host; spoil: changes an answer on its way."""

    def ask(arguments: Mapping[str, object]) -> Mapping[str, object]:
        answer: Mapping[str, object] = spoil(module(store, dict(arguments), False))
        return answer

    return Link(ask, lambda arguments, _lost_text: ask(arguments), "127.0.0.1")


def answering(*answers: Mapping[str, object]) -> Link:
    """Return the way to a host that gives these answers, one after the other."""
    left = list(answers)
    return Link(lambda _arguments: left.pop(0), lambda _arguments, _lost_text: left.pop(0), "127.0.0.1")
