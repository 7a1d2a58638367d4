# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters and lookups over plans, called as Ansible calls them."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible import constants as C
from ansible.errors import AnsibleError, AnsibleFilterError
from ansible.plugins.loader import lookup_loader
from ansible_collections.msuc.lync.plugins.filter.policy import FilterModule
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import RunOutcome, Verdict
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Status, Step, TaskResult
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import Options, RunOptions
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.waves import waves_of

from .examples import example

HOSTVARS = {name: {**host.variables, "group_names": list(host.groups)} for name, host in example("contoso").items()}
FILTERS = FilterModule().filters()
PLAN = compile_inventory(example("contoso"))


def test_filters_give_what_the_plan_files_hold() -> None:
    documents = plan_files.parsed(plan_files.rendered(PLAN))
    host, pool = documents["hosts/edge01.json"], documents["pools/pool01.contoso.com.json"]
    assert FILTERS["firewall_rules"](HOSTVARS, "edge01") == host["firewall_rules"]
    assert FILTERS["ipsec_exemptions"](HOSTVARS, "edge01") == host["ipsec_exemptions"]
    assert FILTERS["virtual_services"](HOSTVARS, "pool01.contoso.com") == pool["virtual_services"]
    assert FILTERS["dns_records"](HOSTVARS, "pool01.contoso.com") == pool["dns_records"]


@pytest.mark.parametrize(
    ("name", "word", "told"),
    [
        ("firewall_rules", "fe1", "'fe1' is no managed host of this inventory; allowed: "),
        ("ipsec_exemptions", "dc01", "'dc01' is no managed host of this inventory; allowed: "),
        (
            "virtual_services",
            "pool1.contoso.com",
            "'pool1.contoso.com' is no pool of this inventory; allowed: dir01.contoso.com, edge01",
        ),
        ("dns_records", "zzz", "'zzz' is no pool of this inventory; allowed: "),
    ],
)
def test_filters_know_what_there_is(name: str, word: str, told: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        FILTERS[name](HOSTVARS, word)
    assert told in str(caught.value)
    assert ("did you mean" in str(caught.value)) == (word in ("fe1", "pool1.contoso.com", "dc01"))


def test_filters_tell_what_is_wrong_with_the_inventory() -> None:
    bad = {
        "group_names": ["standard_edition"],
        "ansible_host": "10.1.0.11",
        "lync_version": "2011",
        "lync_client_networks": ["any"],
    }
    with pytest.raises(
        AnsibleFilterError, match=r"1 error in the input:\n  - .*lync_version"
    ):
        FILTERS["firewall_rules"]({"fe01": bad}, "fe01")


# --- Lookups --------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunState:
    """A run that has compiled the example."""
    monkeypatch.setattr(C, "DEFAULT_LOCAL_TMP", str(tmp_path))
    state = RunState(str(tmp_path))
    windows = [host for host in PLAN.hosts.values() if host.host in ("fe01", "fe02", "fe03", "dir01")]
    state.save(plan_files.rendered(PLAN), waves_of(windows))
    return state


def look_up(name: str, *terms: str, **options: object) -> list[object]:
    variables = {"hostvars": HOSTVARS, "ansible_play_hosts_all": ["fe01", "fe02"]}
    found: list[object] = lookup_loader.get(f"msuc.lync.{name}").run(list(terms), variables=variables, **options)
    return found


def test_the_plan_of_a_host(run: RunState) -> None:
    found = look_up("plan", "fe01", "dir01")
    assert [document["host"] for document in found if isinstance(document, dict)] == ["fe01", "dir01"]


def test_a_host_without_a_plan_is_told(run: RunState) -> None:
    with pytest.raises(
        AnsibleError,
        match=r"this run has no plan for host dc01: run msuc.lync.plan first; "
        r"only managed hosts with a role have one",
    ):
        look_up("plan", "dc01")


def test_a_run_without_a_plan_says_what_to_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(C, "DEFAULT_LOCAL_TMP", str(tmp_path))
    with pytest.raises(AnsibleError, match=r"no plan in this run; fix: import_playbook msuc.lync.compile first"):
        look_up("plan", "fe01")


def keep(
    state: RunState, device: str, concern: Concern, step: Step, status: Status = Status.UNCHANGED, **document: object
) -> None:
    state.save_result(TaskResult(device, concern, step, status, document=document))


@pytest.mark.parametrize(
    ("only", "hosts", "sizes"),
    [
        ("all", ["dir01", "fe01", "fe02", "fe03"], [2, 1, 1]),
        ("pending", ["fe01", "fe03"], [1, 1]),
        ("repaired", ["fe02"], [1]),
    ],
)
def test_waves(run: RunState, only: str, hosts: list[str], sizes: list[int]) -> None:
    keep(run, "fe01", Concern.FIREWALL, Step.OPEN, pending=True)
    keep(run, "fe03", Concern.IPSEC, Step.OPEN, pending=True)
    keep(run, "fe02", Concern.FIREWALL, Step.OPEN, pending=False)
    run.save_repairs({"fe02": {"firewall": {"whole": True, "names": [], "extra": []}}, "lb01": {}})
    assert look_up("waves", "hosts", only=only) == hosts
    assert look_up("waves", "sizes", only=only) == sizes
    assert look_up("waves", "hosts", "sizes", only=only) == [*hosts, *sizes]


def test_waves_of_nobody_match_no_host(run: RunState) -> None:
    """An empty pattern would be an error of Ansible, and so would a serial of none."""
    assert look_up("waves", "hosts", "sizes", only="pending") == ["all:!all", 1]


def test_rules_are_compared_beside_probes_unless_they_are_not_wanted(run: RunState) -> None:
    assert look_up("waves", "sizes", only="compared") == [2, 1, 1]
    run.save_options(RunOptions(Options(probe_rules=False)).document())
    assert look_up("waves", "hosts", only="compared") == ["all:!all"]


def test_waves_answer_two_questions(run: RunState) -> None:
    with pytest.raises(
        AnsibleError, match=r"lookup msuc.lync.waves: 'size' is no question that it answers; allowed: hosts, sizes"
    ):
        look_up("waves", "size")


def test_devices(run: RunState) -> None:
    assert (look_up("devices", "balancers"), look_up("devices", "proxies")) == (["lb01", "lb02", "lb21"], ["all:!all"])
    assert (look_up("devices", "dns"), look_up("devices", "dns", only="repaired")) == (["all"], ["all:!all"])
    run.save_repairs({"lb02": {"load_balancer": {}}, "DNS": {"dns": {}}, "fe01": {"firewall": {}}})
    assert (look_up("devices", "balancers", only="repaired"), look_up("devices", "dns", only="repaired")) == (
        ["lb02"],
        ["all"],
    )
    assert (look_up("devices", "probes"), look_up("devices", "remediation")) == (["all:!all"], ["all:!all"])
    run.save_options(RunOptions(Options(verify=True, remediate=True)).document())
    assert (look_up("devices", "probes"), look_up("devices", "remediation")) == (["all"], ["localhost"])
    with pytest.raises(
        AnsibleError,
        match=r"lookup msuc.lync.devices: 'balancer' is no choice of it; allowed: balancers, controller, dns, peers, ",
    ):
        look_up("devices", "balancer")


def test_who_leaves(run: RunState) -> None:
    assert look_up("retiring") == ["all:!all"]
    run.save_options(RunOptions(Options(retire=("dc01", "dc01"))).document())
    assert look_up("retiring") == ["dc01"]
    run.save_options(RunOptions(Options(retire=("fe01",))).document())
    with pytest.raises(AnsibleError, match=r"fe01 is still in frontend, mediation, and the plan wants rules on it"):
        look_up("retiring")


def test_who_fails_for_the_exit_status(run: RunState) -> None:
    assert look_up("verdict") == ["fe01", "localhost"]  # nothing is known of this run
    run.save_summary(RunOutcome.of_devices("site", {"fe02": Verdict.DIFFERS, "fe01": Verdict.DONE}).document())
    assert look_up("verdict") == ["fe02", "localhost"]
    run.save_summary(RunOutcome.of_devices("site", {"fe01": Verdict.DONE}).document())
    assert look_up("verdict") == ["all:!all"]
