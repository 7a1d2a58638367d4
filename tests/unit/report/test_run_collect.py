# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whole synthetic runs of site.yml: the plan that was compiled, what tasks registered, and the screen that comes of it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_collect import Settings, screen_of
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_summary import Screen
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_text import screen_text
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.waves import Waves

NOW = datetime.datetime(2026, 11, 28, 5, tzinfo=datetime.timezone.utc)
POOL = "pool01.contoso.com"
OPENED, CLOSED, EXEMPTED, LINUX = "windows_firewall_opened", "windows_firewall_closed", "ipsec_exemptions_opened", "linux_firewall_opened"
BALANCED, PUBLISHED, RECORDS = "load_balancer_applied", "reverse_proxy_applied", "dns_records_applied"
SAME: Mapping[str, Any] = {"changed": False, "changes": [], "summary": {}}
ADDED: Mapping[str, Any] = {"changed": True, "changes": [], "summary": {"added": 1}}
ASKED: Mapping[str, Any] = {**SAME, "stats": {"queries": 3}}
ALL = ("fe01", "fe02", "rp01", "lb01")
Answers = Mapping[str, Mapping[str, object]]


def document(name: str, platform: str, address: str, **more: object) -> dict[str, object]:
    said = {"host": name, "platform": platform, "addresses": [address], "managed": True, "member_state": "active", "firewall_rules": []}
    return {**said, "assumptions": [], **more}


@pytest.fixture
def state(tmp_path: Path) -> RunState:
    """A run with a pool of two Front Ends behind a balancer, and a Linux reverse proxy that publishes it."""
    service = {"name": "s", "node_port": 5061, "protocol": "tcp", "members": ["10.1.0.11", "10.1.0.12"], "balancers": ["lb01"]}
    published = [{"name": POOL, "https_node_port": 4443, "http_node_port": 8080, "members": [{"address": "10.1.0.100", "state": "active"}]}]
    files = {
        "hosts/fe01.json": document("fe01", "windows", "10.1.0.11", pool=POOL), "hosts/fe02.json": document("fe02", "windows", "10.1.0.12", pool=POOL),
        "hosts/rp01.json": document("rp01", "linux", "10.2.0.61", publications=published), "hosts/lb01.json": document("lb01", "appliance", "10.1.0.5"),
        f"pools/{POOL}.json": {"pool": POOL, "virtual_services": [service], "dns_records": [{"name": POOL}], "assumptions": []},
    }  # fmt: skip
    made = RunState(str(tmp_path))
    made.save({path: plan_files.text_of(each) for path, each in files.items()}, Waves((("fe01",), ("fe02",))), Waves((("rp01",),)))
    return made


def complete(**more: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """Return what tasks registered when nothing differs anywhere; more: for single hosts."""
    host = {OPENED: SAME, EXEMPTED: SAME, RECORDS: ASKED}
    found: dict[str, dict[str, object]] = {"fe01": {**host}, "fe02": {**host}, "rp01": {LINUX: SAME, PUBLISHED: SAME}, "lb01": {BALANCED: SAME}}
    return {name: {**own, **more.get(name, {})} for name, own in found.items()}


def run(state: RunState, answers: Answers, played: tuple[str, ...] = ALL, **settings: Any) -> Screen:
    return screen_of(state, lambda name: answers.get(name, {}), played, Settings(**{"check": True, "now": NOW, **settings}))


def test_nothing_to_do(state: RunState) -> None:
    found = run(state, complete())
    assert (found.verdict, found.run.not_run, found.run.left, found.reasons) == ("SAFE", {}, {}, ())
    assert {(part.device, part.concern.value) for part in found.parts} == {
        ("fe01", "firewall"), ("fe01", "ipsec"), ("fe02", "firewall"), ("fe02", "ipsec"), ("rp01", "nftables"), ("rp01", "reverse proxy"),
        ("lb01", "load balancer"), ("DNS", "dns"),
    }  # fmt: skip
    assert len(found.run.digest) == 64 and run(state, complete(), check=False).verdict == "DONE"


@pytest.mark.parametrize("away", [("fe02", OPENED), ("fe02", EXEMPTED), ("lb01", BALANCED), ("rp01", LINUX), ("rp01", PUBLISHED)])
def test_a_device_without_a_result_is_never_taken_for_unchanged(state: RunState, away: tuple[str, str]) -> None:
    answers = complete()
    answers[away[0]].pop(away[1])
    assert [(reason.cause.name, reason.device) for reason in run(state, answers).reasons] == [("NOT_ASKED", away[0])]
    after = run(state, answers, check=False)
    is_sender = away[1] in (BALANCED, PUBLISHED)
    assert (after.verdict, after.failed_hosts, after.senders_are_done) == ("NOT DONE", () if is_sender else (away[0],), not is_sender)


def test_dns_that_did_not_answer_is_told(state: RunState) -> None:
    answers = complete()
    for host in ("fe01", "fe02"):
        answers[host].pop(RECORDS)
    assert [(reason.cause.name, reason.device) for reason in run(state, answers).reasons] == [("NOT_ASKED", "DNS")]
    # No server is known: nobody was to be asked, and the records of the plan are told as not looked at.
    answers["fe01"][RECORDS] = {**SAME, "stats": {"queries": 0}}
    assert (run(state, answers).reasons, run(state, answers).run.not_run) == ((), {"dns": 1})


def test_tags_and_limits_are_told(state: RunState) -> None:
    answers: Answers = {"fe01": {OPENED: ADDED}, "fe02": {OPENED: ADDED}}
    chosen = {"tags": frozenset({"firewall"})}
    assert run(state, answers, **chosen).run.not_run == {"ipsec": 2, "nftables": 1, "load balancer": 1, "reverse proxy": 1, "dns": 1}
    assert run(state, answers, ("fe01", "fe02"), **chosen).run.not_run == {"ipsec": 2, "nftables": 1, "dns": 1}
    assert run(state, answers, **chosen).verdict == "SAFE"
    left = run(state, complete(), skipped=frozenset({"dns", "load_balancer"}))
    assert (left.run.not_run, left.verdict) == ({"load balancer": 1, "reverse proxy": 1}, "SAFE")
    assert run(state, {}, tags=frozenset({"always"})).verdict == run(state, {}).verdict == "REFUSED"


def test_an_unreachable_host_makes_its_pool_wait(state: RunState) -> None:
    gone: Mapping[str, object] = {OPENED: {"unreachable": True, "msg": "no route"}, EXEMPTED: {"skipped": True}}
    found = run(state, complete(fe02=gone))
    assert [(reason.cause.name, reason.device) for reason in found.reasons] == [("UNREACHABLE", "fe02")]
    assert found.run.left == {POOL: "fe02 not as planned"}
    after = run(state, complete(fe02=gone), check=False)
    assert (after.verdict, after.failed_hosts, after.senders_are_done) == ("NOT DONE", ("fe02",), True)


def test_a_balancer_that_failed_holds_its_members_and_ends_the_run(state: RunState) -> None:
    opened = {OPENED: {**ADDED, "pending": True, "after": []}}
    answers = complete(fe01=opened, lb01={BALANCED: {"failed": True, "msg": "no answer"}})
    found = run(state, answers, check=False)
    assert (found.failed_hosts, found.senders_are_done, found.run.held) == (("fe01",), False, {"fe01": (f"lb01 of its pool {POOL} is not as planned",)})
    # The same host after it was closed.
    answers["fe01"][CLOSED] = {**ADDED}
    closed = run(state, answers, check=False)
    assert (closed.failed_hosts, closed.run.held, closed.verdict) == ((), {}, "NOT DONE")


@pytest.mark.parametrize(
    ("again", "verdict", "said"),
    [
        (SAME, "DONE", "Read again after the change and equal to the plan: lb01."),
        ({**ADDED, "commands": ["add s"]}, "NOT DONE", "lb01: failed: it took the change, and differs from the plan all the same: add s"),
        ({"unreachable": True, "msg": "no route"}, "NOT DONE", "lb01: unreachable: it took the change, and could not be looked at again: no route"),
    ],
)
def test_a_balancer_that_changed_is_judged_by_the_second_look(state: RunState, again: Mapping[str, object], verdict: str, said: str) -> None:
    answers = complete(lb01={"load_balancer_done": [ADDED, {}], BALANCED: again})
    found = run(state, answers, check=False)
    assert found.verdict == verdict and said in screen_text(found)


def test_dns_registers_on_any_host_and_fails_the_run(state: RunState) -> None:
    answers = complete()
    for host in ("fe01", "fe02"):
        answers[host][RECORDS] = {"failed": True, "msg": "it refuses the update"}
    found = run(state, answers, check=False)
    assert (found.verdict, found.failed_hosts, found.senders_are_done) == ("NOT DONE", (), False)
    assert "DNS: failed: it refuses the update" in screen_text(found)


def test_the_last_report_of_verify_tells_of_assumptions(state: RunState, tmp_path: Path) -> None:
    text = "The default gateway is on the external interface."
    edge = document("edge01", "windows", "10.2.0.21", assumptions=[text])
    state.save({"hosts/edge01.json": plan_files.text_of(edge)}, Waves((("edge01",),)))
    answers = {"edge01": {OPENED: ADDED}}
    only = {"tags": frozenset({"firewall"})}
    assert [reason.cause.name for reason in run(state, answers, ("edge01",), **only).reasons] == ["UNCONFIRMED"]
    for standing, cause in (("confirmed", []), ("contradicted", ["CONTRADICTED"]), ("could not tell", ["UNCONFIRMED"])):
        told = {"place": "edge01", "text": text, "standing": standing, "why": "read"}
        (tmp_path / "verify.json").write_text(json.dumps({"made": "2026", "probes": [], "assumptions": [told]}), encoding="utf-8")
        assert [reason.cause.name for reason in run(state, answers, ("edge01",), directory=str(tmp_path), **only).reasons] == cause
