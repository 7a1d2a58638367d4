# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A law: an inventory that lacks hosts takes nothing of them from the hosts that stay.

Whatever part of a deployment an inventory has left, each rule of the hosts that stay goes on admitting those that are
missing, or all narrowing is held, or the inventory is refused. An address in one place only is an ordinary change.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.absence import Losses
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.held_rules import owned_peers, with_held
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.options import rules_from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.documents import plain
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import FirewallRule, Plan
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.gates import Gates, Go
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.holding import judge_losses
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.waves import Waves

from .deployments import host, inventory
from .examples import example

Inventory = Mapping[str, InventoryHost]
SEEDS = 200
# One of each make: two pools that talk to each other, gateways, an application, a server of its own.
EIGHT = inventory(
    {
        "fe01": host("frontend", "10.1.0.11", pool="pool01.contoso.com"),
        "fe02": host("frontend", "10.1.0.13", pool="pool01.contoso.com"),
        "med01": host("mediation", "10.1.0.41", pool="med.contoso.com"),
        "med02": host("mediation", "10.1.0.43", pool="med.contoso.com"),
        "gw01": host("pstn_gateways", "10.8.0.1"),
        "gw02": host("pstn_gateways", "10.8.0.3"),
        "app01": host("trusted_applications", "10.1.0.91"),
        "lb01": host("load_balancers", "10.1.0.5", managed=False),
    },
    pools={
        "pool01.contoso.com": {
            "role": "frontend",
            "load_balancing": "dns",
            "web_vip": "10.1.0.100",
            "web_fqdn": "web.contoso.com",
            "balancer": "lb01",
        },
        "med.contoso.com": {"role": "mediation", "load_balancing": "dns"},
    },
)


def subsets_of(whole: Inventory) -> list[frozenset[str]]:
    """Return all parts of a deployment but itself and nothing."""
    counts = range(1, len(whole))
    return [frozenset(part) for count in counts for part in itertools.combinations(sorted(whole), count)]


def parts_of(whole: Inventory, seeds: Iterable[int]) -> list[frozenset[str]]:
    """Return one part of a deployment per seed."""
    names, found = sorted(whole), []
    for seed in seeds:
        chance = random.Random(seed)
        found.append(frozenset(chance.sample(names, chance.randint(1, len(names) - 1))))
    return found


@cache
def rules_of(rules: tuple[FirewallRule, ...]) -> tuple[Rule, ...]:
    return rules_from_options([item for rule in rules if isinstance(item := plain(rule), dict)])


def broken_rules(whole: Inventory, plan: Plan, staying: frozenset[str], folder: Path) -> list[str] | None:
    """Return which rules would stop admitting hosts that are missing; None when the inventory is refused."""
    try:
        part = compile_inventory({name: whole[name] for name in whole if name in staying})
    except InvalidInputError:
        return None
    state = RunState(str(folder))
    names = tuple(name for name in part.hosts if part.hosts[name].firewall_rules or plan.hosts[name].firewall_rules)
    state.save(plan_files.rendered(part), Waves((names,)), known_addresses=part.known_addresses)
    have = {name: rules_of(plan.hosts[name].firewall_rules) for name in names}
    want = {name: rules_of(part.hosts[name].firewall_rules) for name in names}
    losses = {name: Losses.of(owned_peers(want[name], have[name])) for name in names}
    for name in names:
        answer = {"changed": False, "pending": True, **losses[name].document()}
        state.save_result(TaskResult.of_answer(name, Concern.FIREWALL, Step.OPEN, answer, is_check=False))
    judge_losses(state)
    missing = AddressSet.parse(
        address for name in plan.hosts.keys() - staying for address in plan.hosts[name].addresses
    )
    unknown = missing - AddressSet.parse(part.known_addresses)
    places: Counter[str] = Counter()
    for name in names:
        places.update({address: len(own) for address, own in losses[name].leaving.items()})
    alone = AddressSet.parse(address for address, count in places.items() if count == 1)
    found = []
    for name in names:
        gates = Gates(state)
        if gates.decide(name, Concern.FIREWALL, Step.CLOSE).go is Go.HELD:
            continue
        held = gates.presence(name, Concern.FIREWALL).held(losses[name])
        after = {rule.name: rule.remoteip.members for rule in with_held(want[name], have[name], held)}
        for rule in have[name]:
            lost = (rule.remoteip.members & unknown) - after.get(rule.name, AddressSet()) - alone
            found += [f"{name}: {rule.name} loses {', '.join(lost.to_text())}"] if lost else []
    return found


DEPLOYMENTS = {"eight": EIGHT, "small": example("small")}


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_no_part_of_a_small_deployment_takes_anything_from_those_that_stay(name: str, tmp_path: Path) -> None:
    whole = DEPLOYMENTS[name]
    plan = compile_inventory(whole)
    judged = [broken_rules(whole, plan, staying, tmp_path) for staying in subsets_of(whole)]
    assert [found for found in judged if found] == []
    assert sum(found is not None for found in judged) >= len(judged) // 10


@pytest.mark.no_cover
@pytest.mark.slow
def test_no_part_of_a_larger_deployment_takes_anything_from_those_that_stay(tmp_path: Path) -> None:
    whole = example("contoso")
    plan = compile_inventory(whole)
    judged = [broken_rules(whole, plan, staying, tmp_path) for staying in parts_of(whole, range(SEEDS))]
    assert [found for found in judged if found] == []
