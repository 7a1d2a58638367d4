# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dumps become comparisons like those of drift.yml, each host by its own policy."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.report import Context, Report
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import FirewallRule, HostPlan, HostPolicy
from ansible_collections.msuc.lync.plugins.plugin_utils._report.audit import audited_hosts
from ansible_collections.msuc.lync.plugins.plugin_utils._report.output import drift_text
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Status

RULE = FirewallRule(
    name="SIP",
    rows=("S2",),
    direction="in",
    protocol="tcp",
    localport=("5061",),
    remoteport=("any",),
    localip=("any",),
    remoteip=("any",),
    description="",
)
HOST = HostPlan("fe01", ("frontend",), "2013", None, "windows", True, "active", (), firewall_rules=(RULE,))
NOW = datetime.datetime(2026, 11, 28, 3, 0, tzinfo=datetime.timezone.utc)


def stored(name: str, port: int = 5061) -> str:
    head = (
        f"v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Domain|Profile=Private|Profile=Public|LPort={port}"
    )
    return f"{head}|Name={name}|EmbedCtxt=msuc.lync|"


def dump(folder: Path, host: str, *rules: str) -> None:
    text = json.dumps({f"{{{number}}}": rule for number, rule in enumerate(rules)})
    (folder / f"{host}.json").write_text(text, encoding="utf-8")


def text_of(folder: Path, *hosts: HostPlan) -> str:
    plans = {host.host: host for host in hosts}
    return drift_text(Report.of(audited_hosts(plans, str(folder)).results, Context(NOW, plans)))


def test_a_dump_as_planned_and_one_that_is_not(tmp_path: Path) -> None:
    dump(tmp_path, "fe01", stored("SIP"))
    assert text_of(tmp_path, HOST) == "Drift: 0 deviations on 0 of 1 device."
    dump(tmp_path, "fe01", stored("SIP", 5062), stored("Opened by hand", 5999))
    lines = text_of(tmp_path, HOST).splitlines()
    assert lines == [
        "fe01: SIP: changed: localport is 5062, should be 5061",
        "fe01: Opened by hand: extra (it is not wanted)",
        "Drift: 2 deviations on 1 of 1 device.",
    ]


def test_each_host_is_judged_by_its_own_policy(tmp_path: Path) -> None:
    """Merged keeps rules of ours that the plan lacks."""
    for name in ("fe01", "fe02", "fe03"):
        dump(tmp_path, name, stored("SIP"), stored("Opened by hand", 5999))
    policies = {"fe01": "replaced", "fe02": "merged", "fe03": "overridden"}
    hosts = [replace(HOST, host=name, policy=HostPolicy(firewall_state=state)) for name, state in policies.items()]
    found = audited_hosts({host.host: host for host in hosts}, str(tmp_path))
    differing = [result.device for result in found.results if result.status is Status.CHANGED]
    assert (differing, found.notes) == (["fe01", "fe03"], ())


def test_rules_of_others_that_overridden_would_disable_are_drift_with_it_alone(tmp_path: Path) -> None:
    others = [stored(name).replace("EmbedCtxt=msuc.lync|", "") for name in ("CS RTCSRV", "CS RTCAVMCU", "Theirs")]
    dump(tmp_path, "fe01", stored("SIP").replace("LPort", "RA4=10.1.0.0/255.255.255.0|LPort"), *others)
    narrow = replace(HOST, firewall_rules=(replace(RULE, remoteip=("10.1.0.0/24",)),))
    overriding = HostPolicy(firewall_state="overridden", unprotected_rules=("CS RTCSRV",))
    assert text_of(tmp_path, replace(narrow, policy=overriding)).splitlines() == [
        "fe01: CS RTCSRV: recreated_by_setup (it admits more than the list on tcp 5061)",
        "fe01: Theirs: foreign (it admits more than the list on tcp 5061)",
        "Drift: 2 deviations on 1 of 1 device.",
    ]
    for state in ("replaced", "merged"):
        policy = replace(overriding, firewall_state=state)
        assert text_of(tmp_path, replace(narrow, policy=policy)) == "Drift: 0 deviations on 0 of 1 device."


def test_a_host_that_cannot_be_judged_is_never_as_planned(tmp_path: Path) -> None:
    dump(tmp_path, "fe02", "no rule at all")
    dump(tmp_path, "fe03", stored("SIP"))
    (tmp_path / "fe03.reg").write_text("", encoding="utf-8")
    hosts = [replace(HOST, host=name) for name in ("fe01", "fe02", "fe03")]
    found = audited_hosts({host.host: host for host in hosts}, str(tmp_path))
    assert [(result.device, result.concern, result.status) for result in found.results] == [
        (host.host, Concern.FIREWALL, Status.FAILED) for host in hosts
    ]
    lines = text_of(tmp_path, *hosts).splitlines()
    heads = (
        "could not tell: fe01: no dump: ",
        "could not tell: fe02: unreadable: ",
        "could not tell: fe03: several dumps: ",
    )
    assert all(line.startswith(head) for line, head in zip(lines, heads, strict=False)), lines


def test_dumps_of_no_host_are_noted_once(tmp_path: Path) -> None:
    for name in ("fe01", "fe02", "old"):
        dump(tmp_path, name, stored("SIP"))
    hosts = {"fe01": HOST, "fe02": replace(HOST, host="fe02", policy=HostPolicy(ipsec="false"))}
    assert audited_hosts(hosts, str(tmp_path)).notes == ("no host of this run has the dumps old.json",)


def test_no_host_at_all_is_nothing_asked_and_a_missing_folder_an_error(tmp_path: Path) -> None:
    assert text_of(tmp_path).startswith("Drift: no device was asked")
    with pytest.raises(InvalidInputError):
        audited_hosts({}, str(tmp_path / "none"))
