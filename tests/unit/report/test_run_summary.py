# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two summaries of site.yml over results of its tasks.

Each reason alone gives its level of risk, and nothing is hidden.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.screen import SCREEN_COLUMNS
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.deviations import Assumption, Standing
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import (
    DnsRecord,
    HostPlan,
    Plan,
    PoolPlan,
    VirtualService,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.plan_view import Expected, Kind, Probe
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.verdicts import Judged
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.verdicts import Verdict as Met
from ansible_collections.msuc.lync.plugins.plugin_utils._report import run_parts
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_parts import Part, Risk, RiskLevel, Status
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_rollback import (
    Command,
    first_snapshots,
    inventory_text,
    with_exemptions,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_summary import (
    Comparison,
    Probed,
    Run,
    RunSummary,
    touched_places,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_text import summary_text
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import Verdict, worst_verdict
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = json.loads((ROOT / "plugins/plugin_utils/_report/data/lync_summary.schema.json").read_text(encoding="utf-8"))
RUN = Run(
    check=True, digest="0123456789abcdef", hosts=2, pools=1, command=Command(("inv",)), made="2026-11-28T05:00:00Z"
)
MADE = replace(RUN, check=False)

Result = Mapping[str, Any]


def standing(kind: str, **fact: str) -> Result:
    """Return what a module says of a rule that it does not change."""
    return {"name": "sip", "effect": kind, "effective": True, "facts": [{"kind": kind, **fact}]}


def rules(*changes: Result, **more: object) -> Result:
    """Return the result of a module of rules in check mode."""
    kinds = {"add": "added", "change": "changed", "disable": "disabled", "remove": "removed"}
    counts = dict.fromkeys((*kinds.values(), "admission_changed"), 0)
    for change in changes:
        counts[kinds[change["kind"]]] += 1
        counts["admission_changed"] += bool(change.get("changes_admission"))
    return {
        "changed": bool(changes),
        "changes": list(changes),
        "summary": counts,
        "pending": False,
        "effects": [],
        **more,
    }


def change(kind: str, name: str = "SIP", **more: Any) -> Result:
    return {
        "kind": kind,
        "name": name,
        "effect": "new admission",
        "opens": True,
        "closes": False,
        "changes_admission": True,
        **more,
    }


CLOSING: dict[str, Any] = {"opens": False, "closes": True, "effect": "no longer admitted"}
CUT = {"kind": "peers", "port": 5070, "address": "10.1.0.11", "peers": ["10.10.3.4"], "rules": ["Old"], "unless": []}
ADDED = change("add")


def services(*changes: Result, **more: object) -> Result:
    names = {"add": "added", "change": "changed", "remove": "removed"}
    counts = {word: sum(item["kind"] == kind for item in changes) for kind, word in names.items()}
    return {"changed": bool(changes), "changes": list(changes), "summary": {**counts, "recreated": 0}, **more}


def service_change(kind: str, **more: object) -> Result:
    return {
        "kind": kind,
        "name": "pool01-5061",
        "properties": [],
        "impact": "modifies the service in place",
        "recreates": False,
        **more,
    }


def moved(before: Sequence[str], after: Sequence[str]) -> Result:
    """Return a change of members; each as ADDRESS or ADDRESS STATE."""
    sides = (
        [{"address": text.split()[0], "state": text.split()[-1] if " " in text else "active"} for text in texts]
        for texts in (before, after)
    )
    return service_change(
        "change", properties=[{"property": "members", **dict(zip(("before", "after"), sides, strict=True))}]
    )


def record(kind: str, before: object, after: object) -> Result:
    said = {"view": "internal", "zone": "contoso.com", "name": "pool01.contoso.com", "type": "A"}
    return {
        "changed": True,
        "changes": [{"kind": kind, **said, "properties": [{"property": "values", "before": before, "after": after}]}],
    }


_STEPS = {
    Concern.FIREWALL: (Step.OPEN, Step.CLOSE),
    Concern.NFTABLES: (Step.OPEN, Step.CLOSE),
    Concern.IPSEC: (Step.OPEN, Step.CLOSE),
    Concern.DNS: (Step.APPLY, Step.VERIFY),
}


def results_of(device: str, concern: Concern, answers: Sequence[Result]) -> list[TaskResult]:
    """Return what the tasks of a concern leave when their modules return these answers."""
    steps = _STEPS.get(concern, (Step.APPLY,))
    return [TaskResult.of_answer(device, concern, *pair, is_check=False) for pair in zip(steps, answers, strict=False)]


def part_of(device: str, concern: Concern, answers: Sequence[Result]) -> Part:
    return run_parts.part_of(device, concern, results_of(device, concern, answers))


def summary(*parts: Part, run: Run = RUN) -> RunSummary:
    found = RunSummary(run, parts)
    jsonschema.validate(found.document(), SCHEMA)
    return found


F, L, X = Concern.FIREWALL, Concern.NFTABLES, Concern.IPSEC
B, P, D = Concern.LOAD_BALANCER, Concern.PUBLICATIONS, Concern.DNS
LINUX_POLICY = change("change", "policy of table inet msuc_lync", properties=[{"property": "policy"}], **CLOSING)
# Each alone: concern, results of the tasks, the cause, and what the screen says of it.
REASONS: dict[str, tuple[Concern, list[Result], Risk, str]] = {
    "unreachable": (F, [{"unreachable": True, "msg": "no route"}], Risk.UNREACHABLE, "x1: no route"),
    "failed": (
        F,
        [{"failed": True, "msg": "this is not the host\n  - 10.1.0.11"}],
        Risk.FAILED,
        "x1: this is not the host;   - 10.1.0.11",
    ),
    "silent failure": (B, [{"failed": True}], Risk.FAILED, "x1: no reason was given"),
    "a balancer refuses": (
        B,
        [{"failed": True, "msg": "pool one: belongs to old_sip", "stopped": ["x"]}],
        Risk.FAILED,
        "x1: pool one: belongs to old_sip",
    ),
    "DNS refuses": (D, [{"failed": True, "msg": "it refuses the update"}], Risk.FAILED, "x1: it refuses the update"),
    "stopped": (F, [{"skipped": True}], Risk.STOPPED, "x1: not touched, because an earlier host"),
    "no result": (F, [], Risk.NOT_ASKED, "x1: it is part of this run, and no task of it has a result"),
    "guard": (
        F,
        [rules(ADDED, refused=["management: winrm would be shut"])],
        Risk.REFUSES,
        "x1: management: winrm would be shut",
    ),
    "guard of Linux": (
        L,
        [rules(ADDED, refused=["management: ssh would be shut"])],
        Risk.REFUSES,
        "x1: management: ssh would be shut",
    ),
    "exemptions refused": (
        X,
        [rules(refused=["Group Policy merges nothing"])],
        Risk.REFUSES,
        "x1: Group Policy merges nothing",
    ),
    "open": (
        F,
        [rules(conditions=[{"name": "profile domain", "reason": "the firewall is off", "opens": True}])],
        Risk.OPEN,
        "x1: profile domain: the firewall is off",
    ),
    "without effect": (
        F,
        [rules(effects=[standing("ineffective", detail="blocked by Isolation")])],
        Risk.INEFFECTIVE,
        "x1: sip: blocked by Isolation",
    ),
    "blocked in part": (
        F,
        [rules(effects=[standing("partly_blocked_by", text="partly blocked by Segmentation (Group Policy)")])],
        Risk.PARTLY_BLOCKED,
        "x1: sip: partly blocked by Segmentation (Group Policy)",
    ),
    "cut": (
        F,
        [rules(connection_impact=[CUT])],
        Risk.CUT,
        "x1: peers 10.10.3.4 on TCP 5070 of 10.1.0.11: only Old admits them now",
    ),
    "perhaps cut": (
        F,
        [rules(connection_impact=[{**CUT, "unless": ["Program"]}])],
        Risk.CUT,
        "only Old admits them now; unless Program admits them",
    ),
    "listener": (
        F,
        [rules(connection_impact=[{**CUT, "kind": "listener", "peers": []}])],
        Risk.CUT,
        "the listener on TCP 5070 of 10.1.0.11",
    ),
    "removed": (F, [rules(change("remove", **CLOSING))], Risk.NARROWED, "x1: SIP: no longer admitted"),
    "narrowed": (
        F,
        [rules(change("change", **{**CLOSING, "effect": "narrower than before"}))],
        Risk.NARROWED,
        "x1: SIP: narrower than before",
    ),
    "moved": (F, [rules(change("change", opens=True, closes=True, effect="moved"))], Risk.NARROWED, "x1: SIP: moved"),
    "disabled": (F, [rules(change("disable", "Theirs", **CLOSING))], Risk.DISABLED, "x1: Theirs: no longer admitted"),
    "policy of Linux": (
        L,
        [rules(LINUX_POLICY)],
        Risk.POLICY,
        "x1: policy of table inet msuc_lync: no longer admitted",
    ),
    "exemption": (
        X,
        [rules(change("remove", changes_admission=False, opens=False, closes=True, effect="no longer exempt"))],
        Risk.EXEMPTION,
        "x1: SIP: no",
    ),
    "recreated": (
        B,
        [services(service_change("change", recreates=True, impact="recreates the virtual"))],
        Risk.RECREATED,
        "x1: pool01-5061: recreates the virtual",
    ),
    "virtual removed": (
        B,
        [services(service_change("remove", recreates=True, impact="ends"))],
        Risk.VIRTUAL_GOES,
        "x1: pool01-5061: ends",
    ),
    "member taken out": (
        B,
        [services(moved(["10.1.0.11", "10.1.0.12"], ["10.1.0.11"]))],
        Risk.MEMBER_GOES,
        "x1: pool01-5061: member 10.1.0.12",
    ),
    "member disabled": (
        B,
        [services(moved(["10.1.0.11"], ["10.1.0.11 disabled"]))],
        Risk.MEMBER_GOES,
        "x1: pool01-5061: member 10.1.0.11",
    ),
    "certificate": (
        P,
        [services(service_change("change", notice="changes", impact="other TLS"))],
        Risk.CERTIFICATE,
        "x1: pool01-5061: other TLS",
    ),
    "unpublished": (
        P,
        [services(service_change("remove", impact="refused"))],
        Risk.UNPUBLISHED,
        "x1: pool01-5061: refused",
    ),
    "record goes": (
        D,
        [record("remove", ["10.1.0.11"], None)],
        Risk.RECORD_GOES,
        "x1: pool01.contoso.com A (internal): value 10.1.0.11",
    ),
    "value goes": (
        D,
        [record("change", ["10.1.0.11", "10.1.0.12"], ["10.1.0.12"])],
        Risk.RECORD_GOES,
        "x1: pool01.contoso.com A (internal): value 10.1.0.11",
    ),
}
SAFE: dict[str, tuple[Concern, list[Result]]] = {
    "nothing": (F, [rules()]),
    "additions": (F, [rules(ADDED, change("add", "more"))]),
    "wider": (F, [rules(change("change", effect="wider than before"))]),
    "removed, but others admit the same": (F, [rules(change("remove", **{**CLOSING, "changes_admission": False}))]),
    "table of Linux": (L, [rules(ADDED)]),
    "new exemption": (X, [rules(change("add", changes_admission=False))]),
    "exemption that another one covers": (
        X,
        [
            rules(
                change(
                    "remove", closes=True, changes_admission=False, effects=[{"kind": "still_exempt_by", "by": ["X"]}]
                )
            )
        ],
    ),
    "not needed": (X, [rules(not_needed="no rule requires protection")]),
    "new virtual": (B, [services(service_change("add"))]),
    "service in place": (
        B,
        [services(service_change("change", properties=[{"property": "idle_seconds", "before": 60, "after": 1800}]))],
    ),
    "member that was drained": (B, [services(moved(["10.1.0.11", "10.1.0.12 draining"], ["10.1.0.11"]))]),
    "member starts draining": (B, [services(moved(["10.1.0.11"], ["10.1.0.11 draining"]))]),
    "new member": (B, [services(moved(["10.1.0.11"], ["10.1.0.11", "10.1.0.12"]))]),
    "publication": (P, [services(service_change("add"))]),
    "new record": (D, [record("add", None, ["10.1.0.11"])]),
    "value comes": (D, [record("change", ["10.1.0.11"], ["10.1.0.11", "10.1.0.12"])]),
    "handed out": (F, [{**rules(), "handed_out": ["plan/handout/x1.ps1"]}]),
}


@pytest.mark.parametrize("name", REASONS)
def test_each_reason_on_its_own_gives_its_word_and_is_named(name: str) -> None:
    concern, answers, risk, line = REASONS[name]
    found = summary(part_of("x1", concern, answers))
    assert [(reason.risk, reason.device) for reason in found.reasons] == [(risk, "x1")]
    lines = summary_text(found).splitlines()
    assert found.risk is risk.level and lines[-1] == risk.level.value
    assert f"{risk.level.value}: {risk.meaning}" in lines
    assert any(line in each for each in lines), lines


@pytest.mark.parametrize("name", SAFE)
def test_what_ends_nothing_is_safe(name: str) -> None:
    found = summary(part_of("x1", *SAFE[name]))
    assert (found.reasons, found.risk, summary_text(found).splitlines()[-1]) == ((), RiskLevel.SAFE, "SAFE")


def test_the_documents_have_the_table() -> None:
    text = (ROOT / "docs" / "summaries.md").read_text(encoding="utf-8")
    assert all(f"| {risk.meaning} | `{risk.level.value}` |" in text for risk in Risk)


def test_every_cause_has_a_run_here() -> None:
    elsewhere = {Risk.CONTRADICTED, Risk.NO_ROLLBACK, Risk.HELD}
    assert {risk for _concern, _answers, risk, _line in REASONS.values()} | elsewhere == set(Risk)


def test_no_reason_hides_another_and_the_worst_word_counts() -> None:
    for names in itertools.combinations(REASONS, 2):
        found = RunSummary(
            RUN, tuple(part_of(f"x{number}", *REASONS[name][:2]) for number, name in enumerate(names, 1))
        )
        risks = [REASONS[name][2] for name in names]
        expected = {(risk, f"x{number}") for number, risk in enumerate(risks, 1)}
        assert {(reason.risk, reason.device) for reason in found.reasons} == expected
        is_refused = RiskLevel.REFUSED in {risk.level for risk in risks}
        assert found.risk is (RiskLevel.REFUSED if is_refused else RiskLevel.NEEDS_WINDOW)
        text = summary_text(found)
        assert all(risk.meaning in text for risk in risks), names


def test_a_run_that_asked_nobody_is_refused() -> None:
    assert summary().risk is RiskLevel.REFUSED


EDGE = Assumption("edge01", "The default gateway is on the external interface.")


@pytest.mark.parametrize(
    ("item", "touched", "risk"),
    [
        (EDGE, {"edge01"}, None),
        (EDGE, {"edge02"}, None),
        (replace(EDGE, standing=Standing.CONTRADICTED, why="it leaves by 10.2.0.1"), {"edge01"}, Risk.CONTRADICTED),
        (replace(EDGE, standing=Standing.CONTRADICTED), set(), None),
        (Assumption("edge01", "The published topology names the same pool."), {"edge01"}, None),
        (
            Assumption("edge01", "The published topology names the same pool.", Standing.CONTRADICTED),
            {"edge01"},
            Risk.CONTRADICTED,
        ),
    ],
)
def test_assumptions_matter_where_something_changes(item: Assumption, touched: set[str], risk: Risk | None) -> None:
    found = summary(
        part_of("edge01", F, [rules(ADDED)]), run=replace(RUN, unconfirmed=(item,), touched=frozenset(touched))
    )
    assert [reason.risk for reason in found.reasons] == ([risk] if risk else [])
    assert (item.text in summary_text(found)) is ("edge01" in touched)


def test_places_that_change() -> None:
    service = VirtualService(
        name="s",
        pool="pool03",
        rows=(),
        vip="10.1.0.100",
        port=1,
        protocol="tcp",
        node_port=1,
        members=(),
        persistence={},
        idle_seconds=1,
        monitor={},
        source_nat=True,
        nagle=False,
        balancers=("lb01",),
    )
    record_set = DnsRecord("pool04", "A", ("10.1.0.100",), "contoso.com", "internal")
    pools = (
        PoolPlan("pool03", "frontend", "hlb", "2013", virtual_services=(service,)),
        PoolPlan("pool04", "frontend", "dns", "2013", dns_records=(record_set,)),
    )
    hosts = [
        HostPlan(name, ("frontend",), "2013", pool, "windows", True, "active", ())
        for name, pool in (("fe01", "pool01"), ("fe11", "pool02"))
    ]
    plan = Plan({host.host: host for host in hosts}, {pool.pool: pool for pool in pools})
    parts = [part_of("fe01", F, [rules(ADDED)]), part_of("fe11", F, [rules()])]
    assert touched_places(parts, plan) == {"fe01", "pool01"}
    assert touched_places([part_of("lb01", B, [services(service_change("add"))])], plan) == {"lb01", "pool03"}
    assert touched_places([part_of("DNS", D, [record("add", None, ["x"])])], plan) == {"DNS", "pool04"}


def test_without_snapshots_nothing_brings_back_what_changes() -> None:
    parts = [part_of("fe01", F, [rules(ADDED)]), part_of("fe02", F, [rules()])]
    found = summary(*parts, run=replace(RUN, snapshot=False))
    assert [(reason.risk, reason.device) for reason in found.reasons] == [(Risk.NO_ROLLBACK, "fe01")]


def test_the_screen_before_is_readable_for_200_hosts_and_hides_nothing() -> None:
    gone = [change("remove", f"Lync row-{number:02}", **CLOSING) for number in range(40)]
    effects = [{"name": "Lync x", "effect": "ineffective: Y", "effective": False}]
    parts = [part_of(f"fe{number:03}", F, [rules(*gone, effects=effects)]) for number in range(200)]
    found = summary(
        *parts, part_of("fe999", F, [{"unreachable": True, "msg": "no route"}]), part_of("lb01", B, [services()])
    )
    lines = summary_text(found).splitlines()
    assert len(lines) < 30 and max(map(len, lines)) <= SCREEN_COLUMNS
    text = " ".join(" ".join(lines).split())
    assert (
        "fe000, fe001, fe002, fe003, fe004, fe005, fe006 and 193 more: "
        "Lync row-00, Lync row-01, Lync row-02 and 37 more (40): no longer admitted" in text
    )
    assert "Ineffective rules: 200" in text and "fe999: no route" in text and "1 device unchanged: lb01" in text
    assert len(found.document()["reasons"]) == 200 * 40 + 1  # type: ignore[arg-type]  # a list


def test_the_screen_before_tells_the_way_back_and_what_is_not_looked_at() -> None:
    parts = [
        part_of("fe01", F, [rules(ADDED)]),
        part_of("fe02", F, [rules(ADDED, change("remove", **CLOSING))]),
        part_of("rp01", L, [rules(ADDED)]),
    ]
    run = replace(RUN, confirm_minutes=5, not_run={D: 3}, left={"pool01.contoso.com": "fe03 not part of this run"})
    text = summary_text(summary(*parts, run=run), columns=200)
    assert "  ansible-playbook -i inv msuc.lync.rollback --limit fe01 -e lync_rollback_to=newest" in text
    assert "several snapshots each, listed newest first by:" in text
    assert "  ansible-playbook -i inv msuc.lync.rollback --limit fe02\n" in text
    assert "it comes back by itself after 5 minutes unless the change is confirmed" in text
    assert "Not looked at: dns (3)." in text and "left as it is: pool01.contoso.com: fe03 not part of this run" in text
    assert "on rp01, as root: " in text
    kept = summary_text(summary(*parts, run=replace(run, directory="rep")))
    assert "ansible-playbook -i inv msuc.lync.rollback -i rep/site-rollback.json --limit lync_rollback" in kept


COUNTED: dict[str, tuple[Result, bool]] = {
    # numbers of a check -> whether opening and closing may both write
    "only more": ({"added": 3}, False),
    "only less": ({"removed": 1, "disabled": 2}, False),
    "both": ({"added": 1, "disabled": 1}, True),
    "a rule changes": ({"changed": 1}, True),
    "another comes besides": ({"added": 1, "changed": 1}, True),
}


@pytest.mark.parametrize(("counts", "is_twice"), COUNTED.values(), ids=COUNTED)
def test_the_newest_snapshot_is_the_way_back_where_one_phase_writes(counts: Result, is_twice: bool) -> None:
    text = summary_text(summary(part_of("fe01", F, [{**rules(ADDED), "summary": counts}])))
    assert ("--limit fe01 -e lync_rollback_to=newest" in text) != is_twice
    assert ("several snapshots each, " in text) == is_twice


def test_a_path_of_the_playbook_leads_to_the_others() -> None:
    assert (
        Command(("a", "b c"), "playbooks/site.yml").line("rollback")
        == "ansible-playbook -i a -i 'b c' playbooks/rollback.yml"
    )
    assert Command((), "msuc.lync.site").line("verify") == "ansible-playbook msuc.lync.verify"


def test_a_command_repeats_what_was_typed_and_what_it_says_itself_goes_before() -> None:
    command = Command(
        ("inv",), "msuc.lync.site", "fe01", ("--tags", "firewall"), ("--ask-vault-password",),
        ("@more.yml", "lync_report_dir=old"),
    )  # fmt: skip
    given = "ansible-playbook -i inv --ask-vault-password -e @more.yml"
    assert command.line("site", "--check", "-e", "lync_report_dir=new") == (
        f"{given} msuc.lync.site --limit fe01 --tags firewall --check -e lync_report_dir=new"
    )
    # Tags of site.yml would leave out all of rollback.yml.
    assert command.line("rollback", "--limit", "fe02") == (
        f"{given} -e lync_report_dir=old msuc.lync.rollback --limit fe02"
    )


def saved(path: str) -> Result:
    return {"snapshot": {"path": path, "rollback": f'netsh advfirewall import "{path}"', "armed": False}}


def opened(*changes: Result, path: str = "C:\\1.wfw", **more: object) -> Result:
    return {**rules(*changes), **saved(path), **more}


def test_the_screen_after_a_change() -> None:
    closed = {**rules(change("remove", **CLOSING)), **saved("C:\\2.wfw")}
    members = {"members": {"active": 1, "draining": 1}}
    table = {"snapshot": {"rollback": "nft -f /var/x", "armed": False}}
    parts = [
        part_of("fe01", F, [opened(ADDED)]),
        part_of("fe02", F, [opened(ADDED, pending=True), closed]),
        part_of("fe03", F, [rules()]),
        part_of("rp01", L, [{**rules(ADDED), **table}]),
        part_of("lb01", B, [services(service_change("add"), **members)]),
    ]
    found = summary(*parts, run=MADE)
    text = summary_text(found)
    assert (found.outcome, worst_verdict(found.verdicts.values())) == ("DONE", Verdict.DONE) and text.endswith("\nDONE")
    for line in (
        "Read again after the change and equal to the plan: fe01, fe02, rp01, lb01.",
        "Members of virtual services: 1 active, 1 draining.",
        "  ansible-playbook -i inv msuc.lync.rollback --limit fe01 -e lync_rollback_to=newest",
        "  ansible-playbook -i inv msuc.lync.rollback --limit fe02 -e 'lync_rollback_to=C:\\1.wfw'",
        "  on rp01, as root: nft -f /var/x",
        "  lb01: bring back the inventory as it was, and run:",
        "  ansible-playbook -i inv msuc.lync.site",
        "A second run changes nothing on what was read again; to see it:",
        "  ansible-playbook -i inv msuc.lync.site --check",
    ):
        assert line in text.splitlines(), text
    assert first_snapshots(parts) == {"fe01": "C:\\1.wfw", "fe02": "C:\\1.wfw"}
    hosts = json.loads(inventory_text(first_snapshots(parts)))["all"]["children"]["lync_rollback"]["hosts"]
    assert hosts["fe02"] == {"lync_rollback_to": "C:\\1.wfw"}


def test_the_oldest_snapshot_is_the_way_back_whichever_concern_took_it() -> None:
    """Nothing to open in the firewall: exemptions were opened first, then rules closed."""
    exempted, closed = (f"C:\\x\\firewall-20261128T05000{second}000Z-0a1b2c3d.wfw" for second in (1, 2))
    removed = {**rules(change("remove", **CLOSING)), **saved(closed)}
    parts = [part_of("fe01", F, [rules(pending=True), removed]), part_of("fe01", X, [opened(ADDED, path=exempted)])]
    assert first_snapshots(parts) == {"fe01": exempted}
    text = summary_text(summary(*parts, run=MADE))
    # Exemptions come back with the whole policy alone.
    typed = " ".join(text.replace(" \\\n", "").split())
    assert f"-e 'lync_rollback_to={exempted}' -e lync_rollback_scope=whole" in typed
    hosts = json.loads(inventory_text({"fe01": exempted}, with_exemptions(parts)))["all"]["children"]["lync_rollback"]
    assert hosts["hosts"]["fe01"] == {"lync_rollback_to": exempted, "lync_rollback_scope": "whole"}


def test_many_lines_are_counted_at_their_end() -> None:
    parts = [
        part_of(f"fe{number:03}", F, [{"unreachable": True, "msg": f"no route to {number}"}]) for number in range(200)
    ]
    before, after = (summary_text(summary(*parts, run=run)).splitlines() for run in (RUN, MADE))
    said = "and 140 lines more, which the report has (lync_report_dir)"
    assert f"  {said}" in before and said in after and max(len(before), len(after)) < 75


@pytest.mark.parametrize(
    ("concern", "answers", "status", "verdict", "line"),
    [
        (
            F,
            [{"failed": True, "msg": "Access is denied"}],
            Status.FAILED,
            Verdict.DIFFERS,
            "x1: failed: Access is denied",
        ),
        (
            F,
            [{"unreachable": True, "msg": "no route"}],
            Status.UNREACHABLE,
            Verdict.UNKNOWN,
            "x1: unreachable: no route",
        ),
        (F, [{"skipped": True}], Status.STOPPED, Verdict.HELD, "x1: stopped: not touched"),
        (F, [], Status.NOT_ASKED, Verdict.UNKNOWN, "x1: not asked: it is part of this run"),
        (F, [opened(ADDED, pending=True)], Status.NOT_CLOSED, Verdict.HELD, "x1: not closed: opened only"),
        (
            F,
            [opened(ADDED, pending=True), {"skipped": True}],
            Status.NOT_CLOSED,
            Verdict.HELD,
            "x1: not closed: opened only",
        ),
        (
            F,
            [opened(ADDED, pending=True), {"failed": True, "msg": "would cut"}],
            Status.FAILED,
            Verdict.DIFFERS,
            "x1: failed: would cut",
        ),
        (B, [{"failed": True, "msg": "no answer"}], Status.FAILED, Verdict.DIFFERS, "x1: failed: no answer"),
        (D, [{"failed": True, "msg": "refused"}], Status.FAILED, Verdict.DIFFERS, "x1: failed: refused"),
    ],
)
def test_whatever_is_not_done_is_told_after_a_change(
    concern: Concern, answers: list[Result], status: Status, verdict: Verdict, line: str
) -> None:
    part = part_of("x1", concern, answers)
    found = summary(part, part_of("x2", F, [rules()]), run=MADE)
    assert part.status is status and found.outcome == "NOT DONE"
    text = summary_text(found)
    assert any(each.startswith(line) for each in text.splitlines()) and "A second run" not in text
    assert found.verdicts == {"x1": verdict, "x2": Verdict.DONE}


def test_nobody_asked_is_not_done() -> None:
    found = summary(run=MADE)
    assert (found.outcome, worst_verdict(found.verdicts.values())) == ("NOT DONE", Verdict.UNKNOWN)


@pytest.mark.parametrize("name", REASONS)
def test_the_verdict_of_a_check_is_done_where_the_run_could_be_made(name: str) -> None:
    concern, answers, risk, _line = REASONS[name]
    verdict = summary(part_of("x1", concern, answers)).verdicts["x1"]
    unknown = risk in (Risk.UNREACHABLE, Risk.NOT_ASKED)
    refused = Verdict.UNKNOWN if unknown else Verdict.DIFFERS if risk is Risk.FAILED else Verdict.HELD
    assert verdict is (refused if risk.level is RiskLevel.REFUSED else Verdict.DONE)


def test_what_a_run_cut_is_told_after_it() -> None:
    text = summary_text(
        summary(part_of("fe01", F, [opened(change("remove", **CLOSING), connection_impact=[CUT])]), run=MADE)
    )
    assert "Cut by this run:\n  fe01: peers 10.10.3.4 on TCP 5070 of 10.1.0.11: only Old admits them now" in text
    refused = [opened(connection_impact=[CUT]), {"failed": True, "msg": "would cut", "connection_impact": [CUT]}]
    assert "Cut by this run" not in summary_text(summary(part_of("fe01", F, refused), run=MADE))


def test_a_host_that_waits_for_a_balancer_is_not_done() -> None:
    found = summary(
        part_of("fe22", F, [opened(ADDED, pending=True)]), run=replace(MADE, held={"fe22": ("lb02 failed",)})
    )
    assert (found.outcome, found.verdicts) == ("NOT DONE", {"fe22": Verdict.HELD})
    text = summary_text(found)
    assert "not closed yet: fe22: lb02 failed" in text and "opened only" not in text


def test_what_was_left_alone_because_of_the_same_host_is_no_news() -> None:
    failed = part_of("x1", F, [{"failed": True, "msg": "Access is denied"}])
    for alone, text in (([{"skipped": True}], "not touched"), ([], "no task of it has a result")):
        parts = [failed, part_of("x1", X, alone)]
        assert [reason.risk for reason in summary(*parts).reasons] == [Risk.FAILED]
        assert text not in summary_text(summary(*parts, run=MADE))
        assert summary(*parts, run=MADE).verdicts["x1"] is not Verdict.DONE


def probed(before: Met, after: Met, source: str = "fe01", service_name: str = "") -> Probed:
    probe = Probe(source, "fe02", 5061, "tcp", "10.1.0.12", "10.1.0.11", Kind.TCP, Expected.OPEN, service_name)
    return Probed(probe, Judged(probe, before), Judged(probe, after))


def test_probes_before_and_after() -> None:
    found = Comparison(
        (
            probed(Met.FILTERED, Met.OPEN),
            probed(Met.OPEN, Met.FILTERED),
            probed(Met.REFUSED, Met.REFUSED),
            probed(Met.OPEN, Met.OPEN, "lb01"),
            probed(Met.OPEN, Met.REFUSED, "lb01", "through"),
        )
    )
    balancer = part_of("lb01", B, [services(members={"active": 1})])
    after = summary(balancer, run=replace(MADE, probes=found, balancers=("lb01",)))
    text = summary_text(after)
    assert "Probes: 3 of 5 as expected before, 2 of 5 after." in text
    assert "  worse: fe01 to fe02 TCP 5061: open before, filtered after" in text
    assert "  still: fe01 to fe02 TCP 5061: refused before, refused after" in text
    assert "Members of virtual services: 1 active; 1 of 1 hosts answer the load balancers." in text
    before = summary(part_of("fe01", F, [rules(ADDED)]), run=replace(RUN, probes=found))
    assert "Probes: 3 of 5 as expected now." in summary_text(before)
    known = summary(
        part_of("fe01", F, [rules(ADDED)]),
        run=replace(RUN, verified={"made": "2026", "probes": [{"as_expected": True}, {"as_expected": False}]}),
    )
    assert "Probes: 1 of 2 as expected when verify.yml looked last, 2026." in summary_text(known)


@pytest.mark.parametrize("report", [None, {}, {"made": "2026"}, {"made": "2026", "probes": "all"}])
def test_a_report_of_verify_without_probes_is_none(report: Mapping[str, object] | None) -> None:
    text = summary_text(summary(part_of("fe01", F, [rules(ADDED)]), run=replace(RUN, verified=report)))
    assert "Probes: no report of verify.yml is known; to have one:\n  ansible-playbook -i inv msuc.lync.verify" in text


def test_a_member_answers_the_load_balancers_when_all_its_ports_do() -> None:
    ways = [(Met.OPEN, Met.OPEN), (Met.OPEN, Met.FILTERED), (Met.OPEN, Met.OPEN)]
    found = Comparison(tuple(probed(before, after, "lb01") for before, after in ways))
    assert found.members_up(["lb01"]) == (0, 1)
    assert Comparison(found.probed[:1]).members_up(["lb01"]) == (1, 1)
    assert found.members_up(["lb02"]) == (0, 0)
    closed = replace(found.probed[0], probe=replace(found.probed[0].probe, expected=Expected.CLOSED))
    assert Comparison((closed, probed(Met.OPEN, Met.OPEN, "lb01", "through"))).members_up(["lb01"]) == (0, 0)


def test_members_and_what_a_load_balancer_finds_of_them() -> None:
    health = {"up": 4, "down": ["pool01-5061 10.1.0.12"]}
    text = summary_text(summary(part_of("lb01", B, [services(members={"active": 5}, health=health)]), run=MADE))
    assert "Members of virtual services: 5 active; 4 are up and 1 down for HAProxy." in text
    assert "  down: lb01: pool01-5061 10.1.0.12" in text


def test_notes_are_told_once_for_all_devices() -> None:
    left_out = {
        "not_rendered": [
            {"service": "a", "name": "algorithm", "why": "the hash"},
            {"service": "b", "name": "algorithm", "why": "the hash"},
        ]
    }
    parts = [part_of(name, B, [services(**left_out, warnings=["several workers"])]) for name in ("lb01", "lb02")]
    lines = summary_text(summary(*parts)).splitlines()
    assert (
        "lb01, lb02: not rendered: algorithm of 2 services: the hash" in lines
        and "lb01, lb02: several workers" in lines
    )
    told = part_of(
        "DNS",
        D,
        [{**record("add", None, ["x"]), "not_applied": ["zone x: no server takes it"], "lagging": ["10.1.0.93 lags"]}],
    )
    assert told.notes == ("zone x: no server takes it", "10.1.0.93 lags")
    refreshed = part_of("DNS", D, [{**record("mark", ["x"], ["x"]), "changes": [], "refreshed": ["a A", "b A"]}])
    assert refreshed.notes == ("written again, unchanged, so that nothing scavenges them: 2",)


def test_a_rule_in_force_in_part_only_is_not_done_and_is_named() -> None:
    run = dataclasses.replace(RUN, check=False)
    answer = rules(effects=[standing("partly_blocked_by", text="partly blocked by Segmentation (Group Policy)")])
    found = summary(part_of("x1", F, [answer]), run=run)
    lines = summary_text(found).splitlines()
    assert lines[-1] == "NOT DONE" and not found.is_done
    assert "x1: sip: not as planned: partly blocked by Segmentation (Group Policy)" in lines
    assert found.verdicts == {"x1": Verdict.DIFFERS}
