# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters and lookups over plans, called as Ansible calls them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from ansible import constants as C
from ansible.errors import AnsibleError, AnsibleFilterError
from ansible.plugins.loader import lookup_loader
from ansible_collections.msuc.lync.plugins.filter.policy import FilterModule
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
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
        ("ipsec_exemptions", "sql01", "'sql01' is no managed host of this inventory; allowed: "),
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
    assert ("did you mean" in str(caught.value)) == (word in ("fe1", "pool1.contoso.com", "sql01"))


def test_filters_tell_what_is_wrong_with_the_inventory() -> None:
    bad = {
        "group_names": ["standard_edition"],
        "ansible_host": "10.1.0.11",
        "lync_version": "2011",
        "lync_client_networks": ["any"],
    }
    with pytest.raises(
        AnsibleFilterError, match=r"1 error in the input; nothing was contacted or written:\n  - .*lync_version"
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


def look_up(
    name: str, *terms: str, hostvars: Mapping[str, Mapping[str, object]] | None = None, **options: object
) -> list[object]:
    found: list[object] = lookup_loader.get(f"msuc.lync.{name}").run(
        list(terms), variables={"hostvars": hostvars or {}}, **options
    )
    return found


OPENED, CLOSED = "windows_firewall_opened", "windows_firewall_closed"
RESULTS: Mapping[str, Mapping[str, object]] = {
    "fe01": {OPENED: {"changed": True, "pending": True}, CLOSED: {"changed": True}},
    "fe02": {OPENED: {"failed": True, "msg": "x"}},
    "fe03": {OPENED: {"skipped": True}},
    "dir01": {OPENED: {"changed": False}},
    "lb01": {},
    "lb02": {},
    "lb21": {},
}


def test_the_plan_of_a_host(run: RunState) -> None:
    found = look_up("plan", "fe01", "dir01")
    assert [document["host"] for document in found if isinstance(document, dict)] == ["fe01", "dir01"]


def test_a_host_without_a_plan_is_told(run: RunState) -> None:
    with pytest.raises(
        AnsibleError,
        match=r"this run has no plan for host sql01: run msuc.lync.plan first; only managed hosts with a role have one",
    ):
        look_up("plan", "sql01")


@pytest.mark.parametrize(
    ("only", "hosts", "sizes"),
    [
        ("all", ["dir01", "fe01", "fe02", "fe03"], [2, 1, 1]),
        ("pending", ["fe01"], [1]),
        ("closing", ["fe01"], [1]),
        ("changed", ["fe01"], [1]),
        ("failed", ["fe02", "fe03"], [1, 1]),
        ("unlike", ["fe01", "fe02", "fe03"], [1, 1, 1]),
    ],
)
def test_waves(run: RunState, only: str, hosts: list[str], sizes: list[int]) -> None:
    assert look_up("waves", "hosts", hostvars=RESULTS, only=only) == hosts
    assert look_up("waves", "sizes", hostvars=RESULTS, only=only) == sizes
    assert look_up("waves", "hosts", "sizes", hostvars=RESULTS, only=only) == [*hosts, *sizes]


def test_a_host_does_not_close_while_a_balancer_may_send_to_it(run: RunState) -> None:
    failed = {**RESULTS, "lb01": {"load_balancer_applied": {"failed": True}}}
    assert look_up("waves", "hosts", hostvars=failed, only="closing") == ["all:!all"]


def test_waves_of_nobody_match_no_host(run: RunState) -> None:
    """An empty pattern would be an error of Ansible, and so would a serial of none."""
    idle: Mapping[str, Mapping[str, object]] = {name: {OPENED: {"changed": False}} for name in RESULTS}
    assert look_up("waves", "hosts", "sizes", hostvars=idle, only="changed") == ["all:!all", 1]


def test_waves_answer_two_questions(run: RunState) -> None:
    with pytest.raises(
        AnsibleError, match=r"lookup msuc.lync.waves: 'size' is no question that it answers; allowed: hosts, sizes"
    ):
        look_up("waves", "size")


def test_who_stands_in_the_way(run: RunState) -> None:
    assert look_up("stopped_by", "fe01", hostvars=RESULTS) == []
    assert look_up("stopped_by", "fe02", hostvars=RESULTS) == []
    assert look_up("stopped_by", "fe03", hostvars=RESULTS) == ["fe02"]
    assert look_up("stopped_by", "unknown", hostvars=RESULTS) == []
    assert look_up("stopped_by", "fe03", hostvars=RESULTS, registered=["other"]) == []
