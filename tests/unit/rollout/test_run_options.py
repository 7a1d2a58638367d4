# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a run: how they are written, what is refused, what differs from host to host."""

from __future__ import annotations

import datetime
import json
from dataclasses import fields

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.run_variables import OF_HOSTS, OF_THE_RUN
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import HostPolicy
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import (
    Options,
    RunOptions,
    read_run_options,
    with_options,
)


def hosts(**variables: dict[str, object]) -> dict[str, InventoryHost]:
    return {name: InventoryHost(name, ("frontend",), own) for name, own in variables.items()}


def test_every_variable_of_a_run_is_an_option_with_the_same_default() -> None:
    defaults = {variable.name.removeprefix("lync_"): variable.default for variable in OF_HOSTS + OF_THE_RUN}
    assert defaults == {field.name: getattr(Options(), field.name) for field in fields(Options)}
    assert read_run_options({}) == RunOptions()


WRITTEN: list[tuple[str, object, object]] = [
    ("snapshot", "no", False),
    ("snapshot", "False", False),
    ("handout", "y", True),
    ("handout", 1, True),
    ("confirm_minutes", "5", 5),
    ("confirm_minutes", 5.0, 5),
    ("probe_seconds", "0.5", 0.5),
    ("remediate_after_hours", 24, 24.0),
    ("remediate_classes", "missing, disabled", ("missing", "disabled")),
    ("remediate_classes", ["missing"], ("missing",)),
    ("dns_take_over", "sip.contoso.com", ("sip.contoso.com",)),
    ("retire", ["fe13", "fe14"], ("fe13", "fe14")),
    ("change_reference", 4711, "4711"),
    ("change_reference", "", ""),
    ("report_dir", "reports", "reports"),
    ("plan_baseline", None, ""),
    ("snapshot_dir", "D:\\snapshots", "D:\\snapshots"),
    ("dns_state", "Merged", "merged"),
    ("gather_through", "Registry", "registry"),
    ("evidence_dir", "evidence", "evidence"),
    ("accepted_deviations", {"device": "fe01"}, ({"device": "fe01"},)),
    ("accepted_deviations", [{"expires": datetime.date(2027, 1, 31)}], ({"expires": "2027-01-31"},)),
]


@pytest.mark.parametrize(("name", "written", "value"), WRITTEN)
def test_values_are_taken_as_options_of_modules_are(name: str, written: object, value: object) -> None:
    found = getattr(read_run_options({f"lync_{name}": written}).common, name)
    assert (found, type(found)) == (value, type(value))


def test_paths_know_the_home_and_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/us")
    monkeypatch.setenv("CHANGE", "42")
    options = read_run_options({"lync_plan_dir": "~/plans/$CHANGE"}).common
    assert (options.plan_dir, options.handout_dir) == ("/home/us/plans/42", "/home/us/plans/42/handout")
    assert Options().handout_dir == "plan/handout"


def test_every_mistake_is_reported_at_once() -> None:
    bad = {
        "lync_wave_size": 0, "lync_confirm_minutes": "soon", "lync_snapshot": "perhaps", "lync_dns_state": "deleted",
        "lync_probe_seconds": -1, "lync_accepted_deviations": "all", "lync_plan_dir": ["a"],
        "lync_snapshot_keep": True, "lync_snapshot_dir": "snapshots",
        "lync_probe_max": "1e400",
    }  # fmt: skip
    with pytest.raises(InvalidInputError) as caught:
        read_run_options(bad, hosts(fe02={"lync_confirm_minutes": -1}))
    assert [str(problem) for problem in caught.value.problems] == [
        "host fe02, lync_confirm_minutes: -1 is too small; allowed: 0 and more",
        "lync_accepted_deviations: 'all' is not a list; allowed: a list of mappings",
        "lync_confirm_minutes: 'soon' is not a whole number; allowed: 0 and more",
        "lync_dns_state: 'deleted' is not a state; allowed: merged, replaced; fix: write one of them",
        "lync_plan_dir: ['a'] is not a text; allowed: a non-empty text",
        "lync_probe_max: '1e400' is not a whole number; allowed: 1 and more",
        "lync_probe_seconds: -1 is not a number of 0 or more; fix: write one, or leave it out",
        "lync_snapshot: 'perhaps' is neither true nor false; allowed: true, false",
        "lync_snapshot_dir: 'snapshots' is no folder of a local drive of the host, written in full; "
        "allowed: C:\\folder, %VARIABLE%\\folder",
        "lync_snapshot_keep: True is not a whole number; allowed: 0 and more",
        "lync_wave_size: 0 is too small; allowed: 1 and more members of a pool at a time",
    ]


def test_in_an_emergency_only_what_is_needed_is_read() -> None:
    found = read_run_options({"lync_wave_size": 2, "lync_snapshot": "perhaps"}, only=("wave_size", "snapshot_dir"))
    assert found.common == Options(wave_size=2)


def test_a_host_may_have_options_of_its_own() -> None:
    inventory = hosts(
        fe01={"lync_snapshot_dir": "C:\\a", "lync_wave_size": 9},
        fe02={"lync_snapshot_dir": "D:\\b", "lync_confirm_minutes": 5, "lync_report_dir": "elsewhere"},
        fe03={},
    )
    found = read_run_options({"lync_snapshot_dir": "C:\\a", "lync_confirm_minutes": "5"}, inventory)
    assert (
        found.for_host("fe01")
        == found.for_host("fe03")
        == found.common
        == Options(snapshot_dir="C:\\a", confirm_minutes=5)
    )
    assert found.for_host("fe02") == Options(snapshot_dir="D:\\b", confirm_minutes=5)


def test_options_load_back_from_their_document() -> None:
    found = read_run_options(
        {"lync_retire": "a,b", "lync_accepted_deviations": [{"device": "x"}]}, hosts(fe02={"lync_snapshot": False})
    )
    assert RunOptions.from_document(json.loads(json.dumps(found.document()))) == found


def test_options_of_a_task_go_before_those_of_the_run() -> None:
    assert with_options(read_run_options({"lync_wave_size": 2}), {"wave_size": 3, "plan_dir": "x"}).common == Options(
        wave_size=3, plan_dir="x"
    )


@pytest.mark.parametrize(
    ("handout", "apply", "expected"), [(False, "direct", False), (True, "direct", True), (False, "handout", True)]
)
def test_scripts_are_handed_out_for_all_hosts_or_for_one(handout: bool, apply: str, expected: bool) -> None:
    assert Options(handout=handout).hands_out(HostPolicy(apply=apply)) is expected
