# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When a device may be touched, and what it may get: what failed and what is unknown keeps a gate shut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.gates import (
    EVERYBODY_FIRST,
    UNSEEN_TEXT,
    Decision,
    Gates,
    Go,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import RunOutcome, Verdict
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import (
    DNS_DEVICE,
    STOPPED_TEXT,
    Concern,
    Status,
    Step,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import Options, RunOptions, RunScope

from .runs import BALANCER_ADDRESS, OTHER, POOL, Run, deployment

FIREWALL, IPSEC, NFTABLES = Concern.FIREWALL, Concern.IPSEC, Concern.NFTABLES
BAD = (Status.FAILED, Status.UNREACHABLE, Status.STOPPED)
STOPPED = Decision(Go.STOPPED, STOPPED_TEXT)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.below(tmp_path)


def gone(run: Run) -> None:
    """No task of the host left a result."""


def cut(run: Run) -> None:
    run.opened("fe11")
    run.cut("fe11", "firewall.open")


def failing(status: Status) -> Callable[[Run], None]:
    return lambda run: run.opened("fe11", status=status)


def only_ipsec_failed(run: Run) -> None:
    run.opened("fe11")
    run.keep("fe11", IPSEC, Step.OPEN, Status.FAILED)


UNFIT: dict[str, Callable[[Run], None]] = {
    "missing": gone,
    "cut off": cut,
    "exemptions failed": only_ipsec_failed,
    **{status.value: failing(status) for status in BAD},
}


@pytest.mark.parametrize("prepare", UNFIT.values(), ids=UNFIT)
def test_a_member_waits_for_the_one_before_it(run: Run, prepare: Callable[[Run], None]) -> None:
    prepare(run)
    assert run.gates.decide("fe11", FIREWALL, Step.OPEN) == Decision()
    assert run.gates.decide("fe21", FIREWALL, Step.OPEN) == Decision()
    assert run.gates.decide("fe12", FIREWALL, Step.OPEN) == STOPPED
    assert run.gates.stopped_by("fe13", Step.OPEN) == ("fe11", "fe12")
    run.opened("fe11", status=Status.CHANGED)
    assert run.gates.decide("fe12", FIREWALL, Step.OPEN) == Decision()


def test_rules_that_are_there_and_do_not_count_stop_their_pool_and_no_other_host(run: Run) -> None:
    run.all_opened()
    run.opened("fe11", status=Status.FAILED, brought=True)
    assert run.gates.decide("fe11", IPSEC, Step.OPEN) == Decision()
    assert run.gates.decide("fe12", FIREWALL, Step.OPEN) == Decision()
    assert run.gates.records().waiting == {POOL: "fe11 not as planned"}


def test_a_result_of_an_earlier_compile_step_is_none(tmp_path: Path) -> None:
    run = Run.below(tmp_path)
    run.all_opened()
    again = Run.below(tmp_path)
    assert again.gates.stopped_by("fe12", Step.OPEN) == ("fe11",)


def test_tags_that_leave_a_concern_out_expect_no_result_of_it(tmp_path: Path) -> None:
    run = Run.below(tmp_path, RunScope(tags=frozenset({"firewall"})))
    run.keep("fe11", FIREWALL, Step.OPEN)
    assert run.gates.stopped_by("fe12", Step.OPEN) == ()
    assert Run.below(tmp_path, RunScope(skipped=frozenset({"firewall"}))).gates.stopped_by("fe12", Step.OPEN) == (
        "fe11",
    )
    assert Run.below(tmp_path, RunScope(tags=frozenset({"dns"}))).gates.stopped_by("fe12", Step.OPEN) == ()


def test_a_playbook_of_ones_own_is_stopped_by_failures_alone(run: Run) -> None:
    assert run.gates.decide("fe12", FIREWALL, Step.APPLY) == Decision()
    run.keep("fe11", FIREWALL, Step.APPLY, Status.FAILED)
    assert run.gates.decide("fe12", FIREWALL, Step.APPLY) == STOPPED


def test_a_look_waits_for_nobody_and_senders_have_an_order_of_their_own(run: Run) -> None:
    run.opened("fe11", status=Status.FAILED)
    asked = [
        ("fe12", FIREWALL, Step.COMPARE),
        ("fe12", IPSEC, Step.VERIFY),
        ("fe12", Concern.PROBES, Step.BEFORE),
        ("lb01", Concern.LOAD_BALANCER, Step.APPLY),
        (DNS_DEVICE, Concern.DNS, Step.APPLY),
    ]
    assert [run.gates.decide(*each) for each in asked] == [Decision()] * len(asked)
    assert run.gates.decide("fe12", FIREWALL, Step.OPEN) == STOPPED


@pytest.mark.parametrize("status", [None, *BAD])
def test_exemptions_wait_for_the_firewall_of_their_host(run: Run, status: Status | None) -> None:
    if status:
        run.keep("fe11", FIREWALL, Step.OPEN, status)
    assert run.gates.decide("fe11", IPSEC, Step.OPEN).go is Go.STOPPED
    run.keep("fe11", FIREWALL, Step.OPEN)
    assert run.gates.decide("fe11", IPSEC, Step.OPEN) == Decision()


# --- closing ----------------------------------------------------------------------------------------------------------

AFTER = [
    {"direction": "in", "action": "allow", "protocol": "tcp", "localport": ["5061"], "remoteip": [BALANCER_ADDRESS]}
]


@pytest.fixture
def ready(run: Run) -> Run:
    """Everything is done, and fe11 has something to close: what admits the load balancer to port 5070."""
    run.all_opened()
    run.keep("fe11", FIREWALL, Step.OPEN, Status.CHANGED, pending=True, after=[{**AFTER[0], "localport": ["5070"]}])
    run.balanced()
    run.named()
    return run


def test_a_host_closes_when_nothing_stands_in_the_way(ready: Run) -> None:
    assert ready.gates.decide("fe11", FIREWALL, Step.CLOSE) == Decision()
    assert ready.gates.decide("fe12", FIREWALL, Step.CLOSE).go is Go.NOTHING


def lost(run: Run) -> None:
    run.cut("lb02", "load_balancer.apply")


def without_destinations(run: Run) -> None:
    run.keep("lb02", Concern.LOAD_BALANCER, Step.APPLY)


@pytest.mark.parametrize(
    "prepare",
    [lost, without_destinations, *(lambda run, status=status: run.balanced(status, "lb02") for status in BAD)],
)
def test_a_balancer_of_the_pool_that_is_not_known_to_be_done_keeps_it_open(
    ready: Run, prepare: Callable[[Run], None]
) -> None:
    prepare(ready)
    assert ready.gates.decide("fe11", FIREWALL, Step.CLOSE) == Decision(
        Go.HELD, f"lb02 of its pool {POOL} is not as planned"
    )


def test_the_address_from_which_a_balancer_speaks_is_that_of_the_plan(ready: Run) -> None:
    """Also of a balancer of another pool: fe21 moved out of the pool that lb01 serves."""
    ready.keep("fe21", FIREWALL, Step.OPEN, Status.CHANGED, pending=True, after=[{**AFTER[0], "localport": ["5070"]}])
    ready.balanced(Status.FAILED, "lb01")
    held = Decision(Go.HELD, "lb01 is not as planned, and the rules that go admit it")
    assert ready.gates.decide("fe21", FIREWALL, Step.CLOSE) == held
    ready.keep("fe21", FIREWALL, Step.OPEN, Status.CHANGED, pending=True)  # what it has is not known
    assert ready.gates.decide("fe21", FIREWALL, Step.CLOSE) == held


def test_a_balancer_that_still_sends_keeps_a_host_open(ready: Run) -> None:
    ready.keep(
        "lb02",
        Concern.LOAD_BALANCER,
        Step.APPLY,
        Status.CHANGED,
        sends=[["10.1.0.11", 5061, "tcp"], ["10.1.0.11", 5070, "tcp"]],
    )
    assert ready.gates.in_the_way("fe11") == ("lb02 still sends to 10.1.0.11 TCP 5070",)


def test_a_balancer_outside_of_the_run_or_its_tags_keeps_nobody_open(tmp_path: Path) -> None:
    for scope in (
        RunScope(played=("fe11", "fe12", "fe13", "fe21")),
        RunScope(tags=frozenset({"firewall", "ipsec", "dns"})),
    ):
        run = Run.below(tmp_path, scope)
        run.all_opened()
        run.named()
        run.keep("fe11", FIREWALL, Step.OPEN, pending=True, after=AFTER)
        assert run.gates.decide("fe11", FIREWALL, Step.CLOSE) == Decision()


DNS_FAULTS: dict[str, tuple[Callable[[Run], None], bool]] = {
    "its pool": (lambda run: run.named(Status.FAILED, failed_owners=[POOL]), True),
    "another pool": (lambda run: run.named(Status.FAILED, failed_owners=[OTHER]), False),
    "no pool is named": (lambda run: run.named(Status.FAILED), True),
    "a Windows server was not asked again": (
        lambda run: run.named(Status.CHANGED, windows_tasks=[{"zone": "x"}]),
        True,
    ),
    "cut off": (lambda run: run.cut(DNS_DEVICE, "dns.apply"), True),
}


@pytest.mark.parametrize(("prepare", "is_held"), DNS_FAULTS.values(), ids=DNS_FAULTS)
def test_dns_that_is_not_known_to_be_done_keeps_a_host_open(
    ready: Run, prepare: Callable[[Run], None], is_held: bool
) -> None:
    prepare(ready)
    decision = Decision(Go.HELD, f"DNS of {POOL} is not as planned") if is_held else Decision()
    assert ready.gates.decide("fe11", FIREWALL, Step.CLOSE) == decision


def test_dns_that_keeps_values_of_before_keeps_a_host_open(ready: Run) -> None:
    ready.named(Status.CHANGED, kept_owners=[OTHER])
    assert ready.gates.decide("fe11", FIREWALL, Step.CLOSE) == Decision()
    ready.named(Status.CHANGED, kept_owners=[POOL])
    message = f"DNS of {POOL} keeps values of before, which nothing proves to be ours"
    assert ready.gates.decide("fe11", FIREWALL, Step.CLOSE) == Decision(Go.HELD, message)


def test_a_check_does_not_wait_for_records_that_it_does_not_write(tmp_path: Path) -> None:
    run = Run.below(tmp_path, RunScope(is_check=True))
    run.named(Status.CHANGED, windows_tasks=[{"zone": "x"}])
    assert run.gates.stopped_by_dns("fe11") == ()


def test_a_windows_server_that_was_asked_again_keeps_nobody_open(ready: Run) -> None:
    ready.named(Status.CHANGED, windows_tasks=[{"zone": "x"}])
    ready.keep(DNS_DEVICE, Concern.DNS, Step.VERIFY)
    assert ready.gates.stopped_by_dns("fe11") == ()
    ready.keep(DNS_DEVICE, Concern.DNS, Step.VERIFY, Status.FAILED)
    assert ready.gates.stopped_by_dns("fe11") == (f"DNS of {POOL} is not as planned",)


def test_a_host_without_a_pool_waits_for_no_records(ready: Run) -> None:
    ready.named(Status.FAILED)
    assert (ready.gates.stopped_by_dns("lb01"), len(ready.gates.stopped_by_dns("fe11"))) == ((), 1)


def test_a_closing_that_failed_stops_the_members_after_it_and_one_that_is_held_does_not(ready: Run) -> None:
    ready.keep("fe12", FIREWALL, Step.OPEN, pending=True, after=[])
    assert ready.gates.decide("fe12", FIREWALL, Step.CLOSE) == STOPPED  # fe11 has not closed yet
    ready.keep("fe11", FIREWALL, Step.CLOSE, Status.STOPPED, held=True)
    assert ready.gates.decide("fe12", FIREWALL, Step.CLOSE) == Decision()
    ready.keep("fe11", FIREWALL, Step.CLOSE, Status.FAILED)
    assert ready.gates.decide("fe12", FIREWALL, Step.CLOSE) == STOPPED


# --- pools that wait --------------------------------------------------------------------------------------------------


def test_nobody_waits_when_all_is_done(run: Run) -> None:
    run.all_opened()
    run.balanced()
    gates = run.gates
    assert [scope.state for scope in (gates.services("lb02"), gates.publications("rp02"), gates.records())] == [
        "replaced"
    ] * 3
    assert (
        len(gates.services("lb01").items) == 2
        and len(gates.publications("rp02").items) == 2
        and len(gates.records().items) == 2
    )


@pytest.mark.parametrize("prepare", [gone, cut, *map(failing, BAD)])
def test_a_pool_waits_for_its_members(run: Run, prepare: Callable[[Run], None]) -> None:
    run.opened("fe12", "fe21")
    prepare(run)
    waiting = {POOL: "fe11 not as planned"}
    gates = run.gates
    assert (gates.services("lb01").items, gates.services("lb01").state, gates.services("lb01").waiting) == (
        (),
        "merged",
        waiting,
    )
    assert (gates.publications("rp01").waiting[POOL], gates.records().waiting) == ("fe11 not as planned", waiting)
    assert [pool for pool, _record in gates.records().items] == [OTHER]


def test_comparing_waits_for_nobody(run: Run) -> None:
    gates = run.gates
    for scope in (
        gates.services("lb02", waits=False),
        gates.publications("rp02", waits=False),
        gates.records(waits=False),
    ):
        assert (len(scope.items), scope.waiting) == (2, {})


def test_a_member_that_is_not_part_of_the_run_is_waited_for(tmp_path: Path) -> None:
    run = Run.below(tmp_path)
    run.state._put("waves.json", {"waves": [["fe11", "fe21"]], "predecessors": {}})
    run.opened("fe11", "fe21")
    assert run.gates.records().waiting == {POOL: "fe12 not part of this run"}


def test_a_member_that_got_scripts_takes_no_traffic_from_dns(run: Run) -> None:
    run.all_opened()
    run.opened("fe11", status=Status.HANDED_OUT)
    assert (run.gates.records().waiting, run.gates.services("lb01").waiting) == ({POOL: "fe11 not as planned"}, {})


def test_members_that_the_tags_leave_out_get_no_traffic_unless_somebody_says_that_they_are_ready(
    tmp_path: Path,
) -> None:
    run = Run.below(tmp_path, RunScope(tags=frozenset({"load_balancer", "dns"})))
    why = f"fe11, fe12 {UNSEEN_TEXT}"
    assert (run.gates.services("lb01").waiting, run.gates.records().waiting[POOL]) == ({POOL: why}, why)
    run.state.save_options(RunOptions(Options()).document())
    assert (run.gates.services("lb01").waiting, run.gates.records().waiting[POOL]) == ({POOL: why}, why)
    run.state.save_options(RunOptions(Options(members_are_ready=True)).document())
    assert (run.gates.services("lb01").waiting, run.gates.records().waiting) == ({}, {})


@pytest.mark.parametrize("status", [None, *BAD])
def test_the_second_unit_of_a_pair_waits_for_the_first(run: Run, status: Status | None) -> None:
    run.all_opened()
    if status:
        run.balanced(status, "lb01")
    assert run.gates.services("lb02").waiting == {POOL: "lb01 of the same pair is not as planned"}
    run.balanced(Status.UNCHANGED, "lb01")
    assert run.gates.services("lb02").waiting == {}


def test_the_program_beside_haproxy_counts_for_the_unit(run: Run) -> None:
    run.all_opened()
    run.keep("lb01", Concern.LOAD_BALANCER, Step.APPLY, sends=[])
    assert run.gates.services("lb02").waiting == {POOL: "lb01 of the same pair is not as planned"}


@pytest.mark.parametrize("status", [None, *BAD])
def test_publications_wait_for_balancers_and_earlier_proxies(run: Run, status: Status | None) -> None:
    run.all_opened()
    run.balanced()
    if status:
        run.balanced(status, "rp01")
        run.balanced(status, "lb02")
    else:
        run.cut("rp01", "publications.apply")
        run.cut("lb02", "load_balancer.apply")
    assert run.gates.publications("rp01").waiting == {POOL: "lb02 is not as planned"}
    assert run.gates.publications("rp02").waiting == {POOL: "rp01 is not as planned", OTHER: "rp01 is not as planned"}


# --- remediation and retirement ---------------------------------------------------------------------------------------

WHOLE = {"whole": True, "names": [], "extra": []}
PARTS = {"whole": False, "names": ["SIP"], "extra": ["Foreign"]}


def remediation(run: Run) -> Gates:
    return Gates(run.state, remediates=True)


def test_only_what_was_decided_is_repaired(run: Run) -> None:
    run.state.save_repairs({"fe11": {"firewall": PARTS}, "fe12": {"firewall": WHOLE}})
    gates = remediation(run)
    asked = [
        ("fe11", FIREWALL, Step.REMEDIATE),
        ("fe11", IPSEC, Step.REMEDIATE),
        ("fe12", FIREWALL, Step.REMOVE),
        ("fe21", FIREWALL, Step.REMEDIATE),
    ]
    assert [gates.decide(*each).go for each in asked] == [Go.YES, Go.NOTHING, Go.NOTHING, Go.NOTHING]


@pytest.mark.parametrize("status", [None, *BAD])
def test_a_repair_waits_for_the_one_before_it(run: Run, status: Status | None) -> None:
    run.state.save_repairs({"fe11": {"firewall": PARTS, "ipsec": PARTS}, "fe12": {"firewall": PARTS}})
    if status:
        run.keep("fe11", FIREWALL, Step.REMEDIATE, status)
    gates = remediation(run)
    assert gates.decide("fe11", FIREWALL, Step.REMOVE).go is Go.STOPPED
    assert gates.decide("fe11", IPSEC, Step.REMEDIATE).go is Go.STOPPED
    assert gates.decide("fe12", FIREWALL, Step.REMEDIATE) == STOPPED
    for concern in (FIREWALL, IPSEC):
        run.keep("fe11", concern, Step.REMEDIATE, Status.CHANGED)
        run.keep("fe11", concern, Step.REMOVE, Status.CHANGED)
    assert [gates.decide(*each) for each in (("fe11", IPSEC, Step.REMEDIATE), ("fe12", FIREWALL, Step.REMEDIATE))] == [
        Decision()
    ] * 2


def test_members_are_ready_for_a_repaired_balancer_when_their_own_repair_is_done(run: Run) -> None:
    for name in ("fe11", "fe12", "fe21"):
        run.keep(name, FIREWALL, Step.COMPARE, Status.CHANGED)
    run.balanced(step=Step.COMPARE)
    run.state.save_repairs({"fe11": {"firewall": WHOLE}, "lb01": {"load_balancer": WHOLE}})
    assert remediation(run).services("lb01").waiting == {POOL: "fe11 not as planned"}
    run.keep("fe11", FIREWALL, Step.REMEDIATE, Status.CHANGED)
    assert remediation(run).services("lb01").waiting == {}
    assert remediation(run).services("lb02").waiting == {POOL: "lb01 of the same pair is not as planned"}
    run.balanced(Status.CHANGED, "lb01", step=Step.REMEDIATE)
    assert remediation(run).services("lb02").waiting == {}


def test_a_check_of_a_retirement_waits_for_nobody(tmp_path: Path) -> None:
    run = Run.below(tmp_path, RunScope(is_check=True))
    run.state.save_summary(RunOutcome("site", Verdict.DIFFERS).document())
    assert run.gates.decide("fe99", FIREWALL, Step.RETIRE) == Decision()


def test_servers_that_must_run_are_those_of_microsofts_table_and_senders_alone_count_them(tmp_path: Path) -> None:
    plan = deployment()
    old = replace(plan.pools[OTHER], version="2010")
    gates = Run.below(tmp_path, plan=replace(plan, pools={**plan.pools, OTHER: old})).gates
    assert gates.presence("lb01", Concern.LOAD_BALANCER).quorums == {POOL}
    assert gates.presence("fe11", FIREWALL).quorums == frozenset()
    other = replace(plan.pools[OTHER], role="directors")
    gates = Run.below(tmp_path, plan=replace(plan, pools={**plan.pools, OTHER: other})).gates
    assert gates.presence("lb01", Concern.LOAD_BALANCER).quorums == {POOL}


def test_a_cut_is_accepted_for_a_host_that_is_as_it_was(run: Run) -> None:
    accepted = {
        "plan": "x",
        "until": "2026-12-01T10:00:00Z",
        "fingerprints": {"fe11": "f1"},
        "items": [{"device": "fe11", "kind": "cut", "object": "TCP 5061"}],
    }
    run.state.save_options(RunOptions(Options(accept=accepted)).document())
    assert run.gates.accepted_cuts("fe11", FIREWALL) == []  # nobody has looked at it yet
    run.opened("fe11", fingerprint="f2")
    assert run.gates.accepted_cuts("fe11", FIREWALL) == []
    run.opened("fe11", fingerprint="f1")
    assert (run.gates.accepted_cuts("fe11", FIREWALL), run.gates.accepted_cuts("fe12", FIREWALL)) == (["TCP 5061"], [])


def test_a_host_is_retired_when_everybody_else_is_done(run: Run) -> None:
    assert run.gates.decide("fe99", FIREWALL, Step.RETIRE) == Decision()
    run.state.save_summary(RunOutcome("site", Verdict.DIFFERS).document())
    assert run.gates.decide("fe99", NFTABLES, Step.RETIRE) == Decision(Go.STOPPED, EVERYBODY_FIRST)
    run.state.save_summary(RunOutcome("site", Verdict.DONE).document())
    assert run.gates.decide("fe99", FIREWALL, Step.RETIRE) == Decision()
