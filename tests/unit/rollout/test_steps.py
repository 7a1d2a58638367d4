# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a step of a run gives a module: all of it from the plan, the options of the run and the gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import (
    FirewallRule,
    HostPlan,
    HostPolicy,
    IpsecExemption,
    LoadBalancerSettings,
    Plan,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.gates import Decision, Go
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import DNS_DEVICE, Concern, Status, Step
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import Options, RunOptions
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.steps import (
    HANDED_OUT,
    StepTaken,
    is_handed_out,
    is_windows,
    retiring,
    take_step,
)

from .runs import OTHER, POLICY, POOL, Run, deployment

FIREWALL, IPSEC, NFTABLES = Concern.FIREWALL, Concern.IPSEC, Concern.NFTABLES
WHOLE: Mapping[str, Any] = {"whole": True, "names": [], "extra": []}
OPTIONS = Options(
    snapshot_dir="D:\\keep",
    confirm_minutes=5,
    plan_dir="out",
    dns_take_over=("sip.contoso.com",),
    dns_gone=("old.contoso.com",),
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run.below(tmp_path)
    run.state.save_options(RunOptions(OPTIONS, {"fe12": {"snapshot_dir": "E:\\keep"}}).document())
    return run


def taken(
    run: Run, device: str, concern: Concern, step: Step, *, is_check: bool = False, **variables: object
) -> StepTaken:
    return take_step(run.state, device, [concern], step, is_check=is_check, variables=variables)


def options(run: Run, device: str, concern: Concern, step: Step, *, is_check: bool = False) -> Mapping[str, Any]:
    found = taken(run, device, concern, step, is_check=is_check)
    assert found.decision.go is Go.YES
    return found.options


def changed_policy(run: Run, name: str, policy: HostPolicy, path: Path) -> Run:
    plan = deployment()
    hosts = {**plan.hosts, name: replace(plan.hosts[name], policy=policy)}
    again = Run.below(path / "again", plan=Plan(hosts, plan.pools))
    again.state.save_options(run.state.options())
    return again


def test_opening_takes_everything_of_the_plan_and_the_run(run: Run) -> None:
    found = dict(options(run, "fe11", FIREWALL, Step.OPEN))
    assert [rule["name"] for rule in found.pop("rules")] == ["SIP", "Focus"]
    assert found == {
        "brief": True,
        "state": "replaced",
        "phase": "open",
        "expected_addresses": ["10.1.0.11"],
        "management_networks": ["10.9.0.0/24"],
        "accepted_cuts": [],
        "unprotected_rules": [],
        "gather_through": "auto",
        "snapshot": True,
        "snapshot_dir": "D:\\keep",
        "snapshot_keep": 10,
        "confirm_minutes": 5,
    }


def test_an_option_of_one_host_is_that_of_its_step(run: Run) -> None:
    run.opened("fe11")
    assert options(run, "fe12", FIREWALL, Step.OPEN)["snapshot_dir"] == "E:\\keep"


@pytest.mark.parametrize(
    ("step", "is_check", "phase"),
    [(Step.OPEN, False, "open"), (Step.OPEN, True, "all"), (Step.APPLY, False, "all"), (Step.COMPARE, True, "all")],
)
def test_check_mode_shows_all_changes_at_once(run: Run, step: Step, is_check: bool, phase: str) -> None:
    assert options(run, "fe11", FIREWALL, step, is_check=is_check)["phase"] == phase
    assert options(run, "lb01", NFTABLES, step, is_check=is_check)["phase"] == phase


STATES = [
    ("overridden", Step.OPEN, "overridden"),
    ("overridden", Step.COMPARE, "overridden"),
    ("overridden", Step.REMEDIATE, "replaced"),
    ("merged", Step.OPEN, "merged"),
    ("merged", Step.COMPARE, "merged"),
    ("merged", Step.REMEDIATE, "merged"),
]


@pytest.mark.parametrize(("policy", "step", "state"), STATES)
def test_a_repair_is_of_our_own_rules_alone(run: Run, tmp_path: Path, policy: str, step: Step, state: str) -> None:
    again = changed_policy(run, "fe11", replace(POLICY, firewall_state=policy), tmp_path)
    again.state.save_repairs({"fe11": {"firewall": {"whole": True, "names": [], "extra": []}}})
    assert options(again, "fe11", FIREWALL, step)["state"] == state


def test_linux_hosts_have_nothing_to_override(run: Run, tmp_path: Path) -> None:
    policy = replace(POLICY, firewall_state="overridden", linux_policy="accept", linux_path="/etc/lync.nft")
    found = options(changed_policy(run, "lb01", policy, tmp_path), "lb01", NFTABLES, Step.OPEN)
    assert (found["state"], found["policy"], found["path"], found["confirm_minutes"]) == (
        "replaced",
        "accept",
        "/etc/lync.nft",
        5,
    )
    assert "path" not in options(run, "lb01", NFTABLES, Step.OPEN)


def test_a_host_that_is_not_written_gets_scripts(run: Run, tmp_path: Path) -> None:
    again = changed_policy(run, "fe11", replace(POLICY, apply="handout"), tmp_path)
    again.keep("fe11", FIREWALL, Step.OPEN, Status.HANDED_OUT)
    for concern in (FIREWALL, IPSEC):
        assert options(again, "fe11", concern, Step.OPEN)["handout_dir"] == "out/handout"
        assert "handout_dir" not in options(again, "fe11", concern, Step.COMPARE)
    assert "handout_dir" not in options(run, "fe11", FIREWALL, Step.OPEN)


def test_exemptions(run: Run, tmp_path: Path) -> None:
    run = changed_policy(run, "fe11", replace(POLICY, ipsec="true", ipsec_engine="netsh"), tmp_path)
    run.opened("fe11")
    found = options(run, "fe11", IPSEC, Step.OPEN)
    assert [item["name"] for item in found["exemptions"]] == ["Media"]
    assert (found["needed"], found["engine"], found["mirror_dir"], found["media"]) == (
        "true",
        "netsh",
        "out/handout",
        [],
    )
    assert "mirror_dir" not in options(run, "fe11", IPSEC, Step.COMPARE)


def test_a_comparison_of_two_concerns_has_the_options_of_both(run: Run) -> None:
    both = take_step(run.state, "fe11", [FIREWALL, IPSEC], Step.COMPARE, is_check=True).options
    assert both == {
        "firewall": options(run, "fe11", FIREWALL, Step.COMPARE),
        "ipsec": options(run, "fe11", IPSEC, Step.COMPARE),
    }


def test_a_repair_of_parts_adds_and_removes_by_name(run: Run) -> None:
    run.state.save_repairs({"fe11": {"firewall": {"whole": False, "names": ["Focus"], "extra": ["Foreign"]}}})
    wanted = options(run, "fe11", FIREWALL, Step.REMEDIATE)
    assert ([item["name"] for item in wanted["rules"]], wanted["state"]) == (["Focus"], "merged")
    run.keep("fe11", FIREWALL, Step.REMEDIATE, Status.CHANGED)
    extra = options(run, "fe11", FIREWALL, Step.REMOVE)
    assert (extra["rules"], extra["state"]) == ([{"name": "Foreign"}], "deleted")


# --- load balancers, reverse proxies, DNS -----------------------------------------------------------------------------


@pytest.fixture
def opened(run: Run) -> Run:
    run.all_opened()
    run.balanced()
    return run


def test_each_program_of_a_load_balancer_gets_what_it_carries(opened: Run) -> None:
    tcp, udp = (
        options(opened, "lb01", concern, Step.APPLY) for concern in (Concern.LOAD_BALANCER, Concern.LOAD_BALANCER_UDP)
    )
    assert [item["protocol"] for found in (tcp, udp) for item in found["services"]] == ["tcp", "udp"]
    assert (tcp["path"], tcp["state"], "path" in udp, "master_socket" in tcp) == (
        "/etc/a.cfg",
        "replaced",
        False,
        False,
    )


def test_an_appliance_is_named_and_its_credentials_are_left_to_the_task(opened: Run) -> None:
    found = options(opened, "lb02", Concern.LOAD_BALANCER, Step.APPLY)
    assert (found["provider"], found["prefix"]) == ({"host": "lm02"}, "x-")
    assert [item["protocol"] for item in found["services"]] == ["tcp", "udp"]


def test_the_options_of_what_carries_udp_beside_haproxy_are_its_own(tmp_path: Path) -> None:
    plan = deployment()
    settings = LoadBalancerSettings(
        "haproxy",
        "lb01",
        path="/etc/a.cfg",
        udp_path="/etc/n.conf",
        options={"config": "/etc/nginx.conf"},
        state="merged",
    )
    again = Run.below(
        tmp_path / "again",
        plan=Plan({**plan.hosts, "lb01": replace(plan.hosts["lb01"], load_balancer=settings)}, plan.pools),
    )
    again.all_opened()
    found = options(again, "lb01", Concern.LOAD_BALANCER_UDP, Step.APPLY)
    assert ([item["protocol"] for item in found["services"]], found["nginx_path"], found["config"]) == (
        ["udp"],
        "/etc/n.conf",
        "/etc/nginx.conf",
    )
    assert found["state"] == "merged"
    own = options(again, "lb01", Concern.LOAD_BALANCER, Step.APPLY)
    assert (own["path"], "config" in own, own["state"]) == ("/etc/a.cfg", False, "merged")


def test_what_waits_is_left_out_and_told(opened: Run) -> None:
    opened.opened("fe11", status=Status.FAILED)
    balancer, names = (
        taken(opened, "lb01", Concern.LOAD_BALANCER, Step.APPLY),
        taken(opened, DNS_DEVICE, Concern.DNS, Step.APPLY),
    )
    waiting = {POOL: "fe11 not as planned"}
    assert (balancer.options["services"], balancer.options["state"], balancer.facts) == (
        [],
        "merged",
        {"waiting": waiting},
    )
    assert balancer.warnings == (f"what lb01 has of {POOL} is left as it is: fe11 not as planned",)
    assert (names.facts, names.options["owners"]) == ({"left_out": waiting}, [OTHER])
    assert names.warnings == (f"the DNS records of {POOL} are left as they are: fe11 not as planned",)


def test_publications(opened: Run) -> None:
    found = options(opened, "rp01", Concern.PUBLICATIONS, Step.APPLY)
    assert (found["driver"], [item["name"] for item in found["publications"]], found["state"]) == (
        "nginx",
        [POOL, OTHER],
        "replaced",
    )


def test_records_come_with_their_owners(opened: Run) -> None:
    found = options(opened, DNS_DEVICE, Concern.DNS, Step.APPLY)
    assert [(item["name"], item["owner"]) for item in found["records"]] == [
        ("sip.contoso.com", POOL),
        ("web.contoso.com", OTHER),
    ]
    assert (found["owners"], found["state"], found["take_over"]) == ([POOL, OTHER], "replaced", ["sip.contoso.com"])
    assert found["gone"] == ["old.contoso.com"] and "mark_key" not in found


# --- probes, retirement, and runs without a plan ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "set_options", "operation"),
    [
        (Step.BEFORE, {}, None),
        (Step.BEFORE, {"verify": True}, "probe"),
        (Step.VERIFY, {}, "probe"),
        (Step.OPEN, {}, None),
        (Step.OPEN, {"probe_listeners": True}, "listen"),
        (Step.CLOSE, {"probe_listeners": True}, "close"),
    ],
)
def test_probes_are_made_where_they_are_asked_for(
    run: Run, step: Step, set_options: Mapping[str, Any], operation: str | None
) -> None:
    run.state.save_options(RunOptions(replace(OPTIONS, **set_options)).document())
    run.keep("fe11", Concern.PROBES, Step.OPEN, token="t1")
    found = taken(run, "fe11", Concern.PROBES, step)
    assert (found.decision.go, found.options.get("operation")) == (Go.YES if operation else Go.NOTHING, operation)
    assert found.options.get("token") == ("t1" if operation == "close" else None)


LEAVING: dict[str, tuple[dict[str, Any], set[Concern]]] = {
    "a Windows host": ({}, {FIREWALL, IPSEC}),
    "a balancer with HAProxy": ({"lync_balancer_driver": "haproxy"}, {NFTABLES}),
    "a Linux host": ({"lync_platform": "linux"}, {NFTABLES}),
    "an appliance": ({"lync_balancer_driver": "kemp"}, set()),
}


@pytest.mark.parametrize(("variables", "concerns"), LEAVING.values(), ids=LEAVING)
def test_a_host_that_leaves_loses_what_its_platform_has(
    run: Run, variables: dict[str, Any], concerns: set[Concern]
) -> None:
    found = {concern: taken(run, "old01", concern, Step.RETIRE, **variables) for concern in (FIREWALL, IPSEC, NFTABLES)}
    assert {concern for concern, each in found.items() if each.decision.go is Go.YES} == concerns


def test_a_host_that_leaves_is_treated_as_its_inventory_says(run: Run) -> None:
    variables: dict[str, Any] = {
        "lync_management_networks": "10.9.0.0/24",
        "lync_ipsec": "true",
        "lync_ipsec_engine": "cim",
    }
    found = taken(run, "old01", IPSEC, Step.RETIRE, **variables).options
    assert (found["exemptions"], found["state"], found["needed"], found["engine"]) == ([], "deleted", "true", "cim")
    assert found["management_networks"] == ["10.9.0.0/24"]
    with pytest.raises(InvalidInputError, match="lync_ipsec"):
        taken(run, "old01", IPSEC, Step.RETIRE, lync_ipsec="perhaps")


def test_a_host_without_a_plan_is_told(run: Run) -> None:
    with pytest.raises(InvalidInputError, match=r"this run has no plan for host sql01: run msuc.lync.plan first"):
        taken(run, "sql01", FIREWALL, Step.OPEN)


def test_a_run_without_a_plan_says_what_to_import(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"no plan in this run; fix: import_playbook msuc.lync.compile first"):
        take_step(RunState(str(tmp_path)), "fe11", [FIREWALL], Step.APPLY, is_check=False)


def test_a_step_judges_members_by_what_its_own_run_did(run: Run) -> None:
    run.state.save_repairs({"lb01": {"load_balancer": WHOLE}, DNS_DEVICE: {"dns": WHOLE}})
    for name in ("fe11", "fe12", "fe21"):
        run.keep(name, FIREWALL, Step.COMPARE)
    run.balanced(step=Step.COMPARE)
    assert taken(run, "lb01", Concern.LOAD_BALANCER, Step.REMEDIATE).facts == {}
    assert taken(run, DNS_DEVICE, Concern.DNS, Step.VERIFY).facts == {}
    why = "fe11, fe12 not as planned"
    assert taken(run, "lb01", Concern.LOAD_BALANCER, Step.APPLY).facts == {"waiting": {POOL: why}}


def test_records_are_verified_by_what_was_opened_where_nothing_is_repaired(opened: Run) -> None:
    assert taken(opened, DNS_DEVICE, Concern.DNS, Step.VERIFY).facts == {}


# --- who leaves ------------------------------------------------------------------------------------------------------

RULE = FirewallRule("SIP", ("S1",), "in", "tcp", ("5061",), (), (), ("any",), "")
RETIRED = HostPlan("fe12", ("frontend",), "2015", None, "windows", True, "retired", ())
EXEMPTED = IpsecExemption("Media", ("I1",), "udp", ("10.1.0.11",), ("any",), ("3478",), (), "")
PLANS = {
    "fe11": replace(RETIRED, host="fe11", firewall_rules=(RULE,)),
    "fe12": RETIRED,
    "fe14": replace(RETIRED, host="fe14", roles=(), ipsec_exemptions=(EXEMPTED,)),
}


def test_who_leaves_is_known_and_without_a_role() -> None:
    assert retiring(["fe12", "old", "old"], {"fe11", "fe12", "old"}, PLANS.get) == ("fe12", "old")
    with pytest.raises(InvalidInputError) as caught:
        retiring(["fe11", "fe13", "fe14"], {"fe11", "fe12", "fe14"}, PLANS.get)
    assert [problem.message for problem in caught.value.problems] == [
        "'fe13' is no host of the inventory",
        "fe11 is still in frontend, and the plan wants rules on it",
        "fe14 is still in a role, and the plan wants rules on it",
    ]
    assert retiring([], {"fe11"}, PLANS.get) == ()


@pytest.mark.parametrize(("name", "allowed"), [("med0l", "med01"), ("printer", "hosts of the inventory")])
def test_a_host_that_nobody_knows_is_told_with_one_that_is_nearly_called_so(name: str, allowed: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        retiring([name], {"med01", "fe12"}, PLANS.get)
    assert [problem.allowed for problem in caught.value.problems] == [allowed]


# --- hosts that are handed out -------------------------------------------------------------------------------------

_WRITING = (Step.CLOSE, Step.REMEDIATE, Step.REMOVE, Step.RETIRE)


@pytest.mark.parametrize("concern", [FIREWALL, IPSEC])
def test_a_host_that_is_handed_out_gets_scripts_and_no_writes(run: Run, tmp_path: Path, concern: Concern) -> None:
    again = changed_policy(run, "fe11", replace(POLICY, apply="handout"), tmp_path)
    again.state.save_repairs({"fe11": {concern.value: {"whole": True, "names": [], "extra": ["Old"]}}})
    for step in _WRITING:
        assert taken(again, "fe11", concern, step).decision.go in (Go.STOPPED, Go.NOTHING), step
    assert taken(again, "fe11", concern, Step.REMEDIATE).decision == Decision(Go.STOPPED, HANDED_OUT)
    assert taken(again, "fe11", concern, Step.COMPARE).decision.go is Go.YES
    assert options(again, "fe11", FIREWALL, Step.OPEN)["handout_dir"]


@pytest.mark.parametrize("value", ["handout", "direct"])
def test_a_host_that_leaves_is_handed_out_by_its_own_variable(run: Run, value: str) -> None:
    decision = taken(run, "old01", FIREWALL, Step.RETIRE, lync_apply=value).decision
    assert (decision.go is Go.STOPPED) is (value == "handout")


def test_no_linux_host_is_written_that_is_handed_out(run: Run, tmp_path: Path) -> None:
    again = changed_policy(run, "lb01", replace(POLICY, apply="handout"), tmp_path)
    for concern, step in ((NFTABLES, Step.OPEN), (Concern.LOAD_BALANCER, Step.APPLY)):
        assert taken(again, "lb01", concern, step).decision == Decision(Go.STOPPED, HANDED_OUT)
    run.state.save_options(RunOptions(Options(handout=True)).document())
    assert taken(run, "lb01", NFTABLES, Step.OPEN).decision.go is Go.YES  # the option of the run is of Windows hosts


def test_no_temporary_listener_is_opened_on_a_host_that_is_handed_out(run: Run, tmp_path: Path) -> None:
    run.state.save_options(RunOptions(Options(handout=True, probe_listeners=True)).document())
    assert taken(run, "fe11", Concern.PROBES, Step.OPEN).decision == Decision(Go.NOTHING, HANDED_OUT)
    assert taken(run, "fe11", Concern.PROBES, Step.VERIFY).decision.go is Go.YES


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, False),
        ({"lync_apply": "handout"}, True),
        ({"lync_handout": "yes"}, True),
        ({"lync_apply": "direct", "lync_handout": False}, False),
    ],
)
def test_a_host_without_a_plan_says_itself_whether_it_is_handed_out(
    variables: Mapping[str, object], expected: bool
) -> None:
    assert is_handed_out(variables) is expected


@pytest.mark.parametrize("variables", [{"lync_apply": "hand-out"}, {"lync_handout": "ture"}])
def test_a_switch_with_a_value_that_is_none_stops_everything(variables: Mapping[str, object]) -> None:
    with pytest.raises(InvalidInputError):
        is_handed_out(variables)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"ansible_connection": "winrm"}, True),
        ({"ansible_connection": "ansible.builtin.psrp"}, True),
        ({"lync_platform": "windows", "ansible_connection": "ssh"}, True),
        ({}, False),
        ({"lync_reverse_proxy_driver": "nginx", "ansible_connection": "winrm"}, False),
    ],
)
def test_a_host_without_a_role_is_a_windows_host_where_it_says_so(
    variables: Mapping[str, object], expected: bool
) -> None:
    assert is_windows(variables) is expected
