# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Members that go on taking traffic although they were to leave or to drain: a pool keeps what it needs."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.absence import Presence
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.driver import DRIVER
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.provider import HaproxyProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import MemberState, Service
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Task

from .memory_devices import answer
from .results import PATH, host_with
from .samples import service

FOUR = [f"10.1.0.{number}" for number in range(11, 15)]
KNOWN = Presence(known=AddressSet.parse(["10.1.0.0/24"]))


def brought(wanted: Service, presence: Presence, *have: Service) -> tuple[dict[str, str], dict[str, MemberState]]:
    """Return why a HAProxy keeps members of pools when it is to have a service, and what the members are then."""
    host = host_with(*have)
    provider = HaproxyProvider(Task(State.REPLACED, (wanted,)), host.remote, PATH)
    provider.presence = presence
    assert "failed" not in answer(provider, check_mode=False)
    (left,) = DRIVER.parse(host.files[PATH])
    return provider.exceeded_pools, {each.address: each.state for each in left.members}


@pytest.mark.parametrize(
    ("draining", "drained"),
    [(FOUR[:1], FOUR[:1]), (FOUR[:2], []), (FOUR, [])],
    ids=["one member", "two at once", "the whole pool"],
)
def test_one_member_drains_at_a_time(draining: list[str], drained: list[str]) -> None:
    left = [address for address in FOUR if address not in draining]
    why, states = brought(service(members=left, draining_members=draining), KNOWN, service(members=FOUR))
    assert sorted(states) == FOUR
    assert [address for address in FOUR if states[address] is MemberState.DRAINING] == drained
    assert bool(why) is (not drained)


def test_the_last_member_of_a_pair_that_is_well_does_not_drain_and_one_that_drains_already_goes_on() -> None:
    pair, first = FOUR[:2], FOUR[:1]
    drains = service(members=[], draining_members=pair)
    why, states = brought(drains, KNOWN, service(members=first, draining_members=pair[1:]))
    assert states == {pair[0]: MemberState.ACTIVE, pair[1]: MemberState.DRAINING}
    assert why == {"pool01.contoso.com": "pool01.contoso.com would have 0 members that are well, and needs 1"}


def test_a_member_that_was_not_reached_counts_as_absent() -> None:
    drains = service(members=FOUR[1:], draining_members=FOUR[:1])
    unreached = Presence(known=KNOWN.known, unreached=AddressSet.parse(FOUR[2:]))
    why, states = brought(drains, unreached, service(members=FOUR))
    assert states[FOUR[0]] is MemberState.ACTIVE
    assert why == {"pool01.contoso.com": "pool01.contoso.com would have 1 members that are well, and needs 2"}


def test_a_host_that_was_not_reached_drains_as_it_was_asked_for() -> None:
    unreached = Presence(known=KNOWN.known, unreached=AddressSet.parse(FOUR[:1]))
    drains = service(members=FOUR[1:], draining_members=FOUR[:1])
    _why, states = brought(drains, unreached, service(members=FOUR))
    assert states[FOUR[0]] is MemberState.DRAINING
    _why, states = brought(service(members=FOUR[1:]), unreached, service(members=FOUR))
    assert states[FOUR[0]] is MemberState.ACTIVE
