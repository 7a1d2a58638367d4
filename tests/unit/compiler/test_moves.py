# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Role changes: a host that moves to another group, or out of every group, leaves nothing of its old role behind.

The plan after a move is compared with what the catalogue says of the new role, and what the host has is brought to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import Phase, State
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path, parse, read_document
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.host_facts import Present
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.exemption import exemptions_from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.options import rules_from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.planner import applied, plan_changes
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.documents import plain
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import HostPlan, Plan
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.steps import retiring
from hypothesis import Phase as HypothesisPhase
from hypothesis import given, settings
from hypothesis import strategies as st

from .generated import inventories

Inventory = dict[str, InventoryHost]
# What it runs has its coverage from the tests of single cases.
pytestmark = pytest.mark.no_cover

moves = settings(max_examples=60, phases=[HypothesisPhase.explicit, HypothesisPhase.reuse, HypothesisPhase.generate])
POOL = "moved.contoso.com"
# Where a host may go: the groups, and the role of its new pool where it needs one.
TARGETS = {
    "nowhere": ((), ""), "a database": (("back_end",), ""), "standard_edition": (("standard_edition",), ""),
    **{role: ((role,), role) for role in ("mediation", "directors", "frontend")},
}  # fmt: skip
# Classes of the catalogue that are made of some servers, or of all.
_OF_FRONT_ENDS = ("cms_master", "share_users", "database_users", "store_readers")
PARTS = {
    "frontend": _OF_FRONT_ENDS,
    "standard_edition": _OF_FRONT_ENDS,
    "directors": ("store_readers",),
    "mediation": ("store_readers",),
}
EVERY_SERVER = ("any_internal", "cms_replicas")
MOVABLE = ("frontend", "directors", "mediation", "standard_edition")
_OWN = ("lync_pool", "lync_member_state", "lync_managed")
CATALOGUE = parse(read_document(default_path()))
FOREIGN = Present(
    rules_from_options([{"name": "Backup", "protocol": "tcp", "localport": ["9392"]}], group="theirs")[0],
    {"Name": "Backup"},
)


@dataclass(frozen=True, repr=False)
class Move:
    """One host and the plans before and after it moved."""

    host: str
    target: str
    before: Plan
    after: Plan

    @property
    def addresses(self) -> AddressSet:
        return AddressSet.parse(self.before.hosts[self.host].addresses)


@st.composite
def moved(draw: st.DrawFn) -> Move:
    """Draw a deployment, a host of it that has mates, and where it goes."""
    inventory = draw(inventories())
    names = [
        name for name, host in inventory.items() if set(host.groups) & set(MOVABLE) and _is_spared(name, inventory)
    ]
    name = draw(st.sampled_from(sorted(names) or ["fe"])) if names else ""
    target = draw(st.sampled_from(sorted(TARGETS)))
    before = compile_inventory(inventory)
    if not name:
        name, inventory = _with_one_more(inventory)
        before = compile_inventory(inventory)
    return Move(name, target, before, compile_inventory(_placed(inventory, name, target), leaving=[name]))


def _is_spared(name: str, inventory: Inventory) -> bool:
    """Return whether the pool of a host can do without it: another member is active, which some checks ask for."""
    pool = inventory[name].variables.get("lync_pool")
    mates = [host for other, host in inventory.items() if other != name and host.variables.get("lync_pool") == pool]
    return pool is None or any(host.variables.get("lync_member_state", "active") == "active" for host in mates)


def _with_one_more(inventory: Inventory) -> tuple[str, Inventory]:
    some = next(iter(inventory.values()))
    shared = {key: value for key, value in some.variables.items() if key in _shared(inventory)}
    return "spare", {
        **inventory,
        "spare": InventoryHost("spare", ("standard_edition",), {**shared, "ansible_host": "10.3.0.250"}),
    }


def _shared(inventory: Inventory) -> set[str]:
    """Return the variables that all hosts have alike."""
    first, *rest = inventory.values()
    return {key for key, value in first.variables.items() if all(host.variables.get(key) == value for host in rest)}


def _placed(inventory: Inventory, name: str, target: str) -> Inventory:
    """Return the inventory after a host went to the groups of a target."""
    groups, role = TARGETS[target]
    host = inventory[name]
    own = {key: value for key, value in host.variables.items() if key not in _OWN} | (
        {"lync_pool": POOL} if role else {}
    )
    changed = {**inventory, name: InventoryHost(name, groups or ("leaving",), own)}
    if not role:
        return changed
    pools = {**dict(host.variables["lync_pools"]),
             POOL: {"role": role, "load_balancing": "none"}}  # type: ignore[call-overload]
    return {
        other: InventoryHost(other, item.groups, {**item.variables, "lync_pools": pools})
        for other, item in changed.items()
    }


def _mentions(move: Move, plan: HostPlan) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the name and rows of each rule and exemption whose peers name an address of the host, "any" aside."""
    for item in (*plan.firewall_rules, *plan.ipsec_exemptions):
        if "any" not in item.remoteip and AddressSet.parse(item.remoteip) & move.addresses:
            yield item.name, item.rows


def _peers_of(rows: Sequence[str]) -> set[str]:
    """Return the roles and classes that the catalogue has as peers of port rows, by their own ids and those of the
    first edition.
    """
    peers = (peer.peer_class for row in CATALOGUE.ports if set(rows) & {row.id, *row.rows} for peer in row.peers)
    return {role for peer in peers for role in CATALOGUE.classes.get(peer, (peer,))}


@moves
@given(moved())
def test_others_speak_of_it_only_where_the_new_role_is_a_peer(move: Move) -> None:
    roles = {role for group in TARGETS[move.target][0] for role in (group, *PARTS.get(group, ()), *EVERY_SERVER)}
    for name, plan in move.after.hosts.items():
        for item, rows in _mentions(move, plan) if name != move.host else ():
            assert _peers_of(rows) & roles, (name, item, rows)


@moves
@given(moved())
def test_balancers_and_dns_speak_of_it_only_for_its_new_pool(move: Move) -> None:
    for name, pool in move.after.pools.items():
        if name == POOL:
            continue
        for service in pool.virtual_services:
            for members in (
                service.members,
                service.disabled_members,
                service.draining_members,
                service.backup_members,
            ):
                assert not AddressSet.parse(members or ("255.255.255.255",)) & move.addresses, (name, service.name)
        for record in (item for item in pool.dns_records if item.type in ("A", "AAAA")):
            assert not AddressSet.parse(record.values) & move.addresses, (name, record)


@moves
@given(moved())
def test_what_the_host_has_becomes_what_the_new_role_needs(move: Move) -> None:
    """By the phases of site.yml, and where no plan is left by the state of retire.yml; rules of others stay."""
    for kind, read in (("firewall_rules", rules_from_options), ("ipsec_exemptions", exemptions_from_options)):
        have = (*(Present(rule, {}) for rule in read(_options(move.before, move.host, kind))), FOREIGN)
        want = read(_options(move.after, move.host, kind))
        if _managed(move.after, move.host):
            opened = applied(have, plan_changes(want, have, State.REPLACED, Phase.OPEN).now)
            left = applied(opened, plan_changes(want, opened, State.REPLACED, Phase.CLOSE).now)
        else:
            assert retiring([move.host], {move.host}, lambda name: _managed(move.after, name)) == (move.host,)
            left = applied(have, plan_changes((), have, State.DELETED).now)
        owned = [present.rule for present in left if present is not FOREIGN]
        assert sorted(owned, key=_name) == sorted(want, key=_name)
        assert FOREIGN in left


def _options(plan: Plan, host: str, kind: str) -> list[dict[str, object]]:
    found = plan.hosts.get(host)
    items = plain(getattr(found, kind)) if found else []
    assert isinstance(items, list)
    return items


def _managed(plan: Plan, host: str) -> HostPlan | None:
    found = plan.hosts.get(host)
    return found if found and found.managed else None


def _name(rule: Rule) -> str:
    return rule.name
