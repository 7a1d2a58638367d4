# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nftables as a provider, over a host in memory: what is written and compared, required safety steps, results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import NotApplicable, SafetyStep, reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.reconcile import NftablesProvider

from . import results
from .memory_host import ROLLBACK, MemoryHost
from .results import RULES, SIP, SSH, answer, host_with, provider


def test_a_host_is_brought_to_its_rules_and_then_left_alone() -> None:
    host = MemoryHost()
    found = answer(provider(host))
    assert (found["changed"], found["summary"]["added"], found["stats"]) == (True, 2, {"round_trips": 2, "writes": 5})
    assert [rule["name"] for rule in found["after"]] == ["SIP", "SSH"]
    assert found["policy"] == {"before": "accept", "after": "drop"}
    host.questions.clear()
    again = answer(provider(host))
    assert (again["changed"], again["changes"], host.questions) == (False, [], ["gather"])


def test_check_mode_asks_once_and_tells_what_would_be() -> None:
    host = MemoryHost()
    would = answer(provider(host), check_mode=True)
    assert (would["changed"], host.questions, host.table) == (True, ["gather"], None)
    assert would["script"].startswith("table inet msuc_lync\ndelete table inet msuc_lync\n")
    assert would["after"] == answer(provider(host))["after"]


CHANGES: list[tuple[Any, list[tuple[str, str, str, str]]]] = [
    # result of -> kind, name, cause, effect of each change
    (results.rule_is_missing, [("add", "SIP", "missing", "new admission"),
                               ("change", "file /etc/nftables.d/msuc-lync.nft", "different", "no change of rules")]),
    (results.rule_goes, [("remove", "SIP", "not_wanted", "no longer admitted"),
                         ("change", "file /etc/nftables.d/msuc-lync.nft", "different", "no change of rules")]),
    (results.rule_changes, [("change", "SIP", "different", "narrower than before"),
                            ("change", "file /etc/nftables.d/msuc-lync.nft", "different", "no change of rules")]),
    (results.first_run, [("add", "SIP", "missing", "new admission"), ("add", "SSH", "missing", "new admission"),
                         ("change", "table inet msuc_lync", "different", "no change of rules"),
                         ("change", "policy of table inet msuc_lync", "different",
                          "no longer admitted: what no rule admits"),
                         ("change", "file /etc/nftables.d/msuc-lync.nft", "different", "no change of rules")]),
    (results.file_is_lost, [("change", "file /etc/nftables.d/msuc-lync.nft", "different", "no change of rules")]),
]  # fmt: skip


@pytest.mark.parametrize(("result", "expected"), CHANGES, ids=[case[0].__name__ for case in CHANGES])
@pytest.mark.parametrize("check_mode", [False, True])
def test_changes_of_a_result(result: Any, expected: list[tuple[str, str, str, str]], check_mode: bool) -> None:
    found = result(check_mode)
    names = ("kind", "name", "cause", "effect")
    assert [tuple(change[name] for name in names) for change in found["changes"]] == expected
    assert (found["changed"], "failed" in found) == (True, False)


def test_a_policy_that_drops_closes_and_the_file_does_not() -> None:
    by_name = {change["name"]: change for change in results.first_run()["changes"]}
    policy, file = by_name["policy of table inet msuc_lync"], by_name["file /etc/nftables.d/msuc-lync.nft"]
    assert policy["properties"] == [{"property": "policy", "before": "accept", "after": "drop"}]
    assert [(one["closes"], one["changes_admission"], one["opens"]) for one in (policy, file)] == [
        (True, True, False), (False, False, False),
    ]  # fmt: skip
    assert file["properties"] == [{"property": "content", "before": "missing", "after": "the rules of the table"}]


def test_diffs_have_the_name_of_what_changes() -> None:
    run = provider(MemoryHost())
    reconcile(run, check_mode=True)
    headers = [diff["before_header"] for diff in run.diffs()]
    assert headers[0] == "nftables rule SIP (new admission)" and headers[3] == "policy of table inet msuc_lync"
    assert (run.diffs()[3]["before"], run.diffs()[3]["after"]) == ("policy: accept\n", "policy: drop\n")


def test_phase_open_leaves_what_closes() -> None:
    found = results.pending()
    assert (found["pending"], found["changed"], found["changes"]) == (True, False, [])
    opened = answer(provider(MemoryHost(), phase="open"))
    assert (opened["pending"], opened["policy"]["after"]) == (True, "accept")


# Safety.


def test_every_safety_step_is_taken_or_has_its_reason() -> None:
    assert set(NftablesProvider.safety) == set(SafetyStep)
    assert all(cell.why for cell in NftablesProvider.safety.values() if isinstance(cell, NotApplicable))
    run = provider(MemoryHost(), confirm_minutes=5, expected_addresses=["10.1.0.5"])
    reconcile(run, check_mode=False)
    assert run.evidence == run.required == NftablesProvider.safety.keys() - {SafetyStep.OWNERSHIP}


def test_who_manages_the_host_is_not_shut_out() -> None:
    found = results.refused()
    assert found["msg"].splitlines() == [
        "the changes are refused; nothing was written:",
        "  - management: ssh (TCP 22) on 10.1.0.5 would be shut for 10.9.0.0/24; "
        "fix: set lync_management_rule for the host, or add a rule for the port from there",
    ]
    assert (found["changed"], found["after"], found["script"]) == (False, [], "")
    would = results.refused(check_mode=True)
    assert would["refused"] == [found["msg"].splitlines()[1].removeprefix("  - ")]
    assert would["warnings"] == [f"apply would refuse the changes: {would['refused'][0]}"]
    assert (would["changed"], "failed" in would) == (True, False)


@pytest.mark.parametrize(
    ("forgets", "minutes", "expected"),
    [
        ("armed", 5, "the host does not say that what was there before can come back by itself"),
        ("rollback", 0, "the host does not say that what was there before can come back by a snapshot"),
        ("checked", 0, "it is not known that the device would take the new configuration"),
    ],
)
def test_a_change_is_not_believed_that_the_host_did_not_prepare(forgets: str, minutes: int, expected: str) -> None:
    host = MemoryHost()
    host.forgets = {forgets}
    found = answer(provider(host, confirm_minutes=minutes))
    assert (found["failed"], found["changed"]) == (True, True)
    assert found["msg"] == f"the changes were made, but {expected}"
    assert "confirm" not in host.questions


def test_what_the_host_forgets_to_say_is_missed_only_where_it_is_needed() -> None:
    host = MemoryHost()
    host.forgets = {"armed"}
    assert "failed" not in answer(provider(host, confirm_minutes=0))
    host.forgets = {"armed", "checked"}
    host.content = None
    assert "failed" not in answer(provider(host, confirm_minutes=5))  # the file alone needs no script


def test_a_change_is_confirmed_over_a_new_connection() -> None:
    found = results.confirmed()
    assert (found["changed"], found["snapshot"], found["stats"]["round_trips"]) == (
        True, {"rollback": ROLLBACK, "armed": False}, 3,
    )  # fmt: skip


def test_a_change_that_was_taken_back_is_a_failure() -> None:
    host = MemoryHost()
    host.confirms = False
    found = answer(provider(host, confirm_minutes=5))
    assert found["msg"] == "the change could not be confirmed: the change was taken back before it was confirmed"
    assert (found["changed"], found["snapshot"]["armed"]) == (True, True)


def test_how_it_comes_back_is_handed_to_who_asks_over_the_new_connection() -> None:
    found: list[str] = []
    host = MemoryHost()

    def ask_anew(arguments: Mapping[str, object], lost_text: str) -> Mapping[str, object]:
        found.append(lost_text)
        return host.remote(arguments)

    task = provider(host, confirm_minutes=5).task
    reconcile(NftablesProvider(task, replace(host.link(), ask_anew=ask_anew)), check_mode=False)
    assert found == [
        "no new connection after the change, which is not confirmed: "
        f"it comes back by itself 5 minutes after the change, or at once by: {ROLLBACK}"
    ]


def test_another_host_is_not_written() -> None:
    found = results.wrong_host()
    assert found["msg"] == (
        "this is not the host that the inventory describes; nothing was written: "
        "it lacks 10.1.0.6 (it has 10.1.0.5, 127.0.0.1)"
    )
    assert (found["changed"], found["changes"]) == (False, [])


def test_a_table_that_somebody_changed_meanwhile_is_not_overwritten() -> None:
    host = host_with()
    run = provider(host, [SSH])
    run.gather()
    run.plan()
    answer(provider(host, [*RULES, {"name": "Web", "protocol": "tcp", "localport": "443"}]))
    with pytest.raises(DeviceError, match="the changes were not made: the table was changed by somebody else"):
        run.apply()
    assert run.result()["changed"] is False


def test_a_host_that_has_something_else_afterwards_is_a_failure() -> None:
    host = MemoryHost()
    run = provider(host)
    run.gather()
    run.plan()
    assert run.check() == []
    honest = host._run
    host._run = lambda script: honest(script.replace("5061", "5062"))  # type: ignore[method-assign]
    run.apply()
    with pytest.raises(DeviceError, match="the changes were made, but nftables does not have the rules as wanted"):
        run.verify()
    after: Any = run.result()["after"]
    assert [rule["localport"] for rule in after if rule["name"] == "SIP"] == [["5062"]]


def test_a_host_that_fails_says_why_and_nothing_is_believed() -> None:
    host = MemoryHost()
    host.refuses = "nft: syntax error"
    found = answer(provider(host))
    assert (found["msg"], found["changed"], found["after"]) == (
        "the changes were not made: nft: syntax error",
        False,
        [],
    )


def test_states_that_write_need_no_address_and_gathered_writes_nothing() -> None:
    host = host_with()
    found = answer(provider(host, [], "gathered", expected_addresses=["10.1.0.6"]))
    assert (found["changed"], [rule["name"] for rule in found["gathered"]]) == (False, ["SIP", "SSH"])
    gone = answer(provider(host, [{"name": "SIP"}], "deleted"))
    assert next((change["kind"], change["cause"]) for change in gone["changes"]) == ("remove", "deleted")
    assert answer(provider(host, [], "deleted"))["after"] == [] and host.table is None and host.content is None
    assert SIP["name"] not in str(answer(provider(host, [SSH]))["after"])
