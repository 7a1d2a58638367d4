# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading in a blink, over the wire and on both engines: how often a host is asked, and how often COM enumerates."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from tests.lab.lab import Lab, Played
from tests.lab.site_lab import SiteLab
from tests.lab.test_ipsec_host import executors
from tests.lab.test_windows_firewall_rules import MEDIA, SIP, playbook, stats
from tests.simulators import ipsec_store
from tests.simulators.executor import Executor
from tests.simulators.powershell import PowerShellExecutor

pytestmark = pytest.mark.no_cover
OTHERS = [
    {"Name": "Contoso", "Protocol": 6, "LocalPorts": "443", "Interfaces": ["Ethernet 2"], "Enabled": True},
    {"Name": "Contoso", "Protocol": 1, "IcmpTypesAndCodes": "8:*", "RemoteAddresses": "LocalSubnet", "Enabled": True},
    {"Name": "Remote Desktop", "Grouping": "@FirewallAPI.dll,-28752", "Protocol": 6, "LocalPorts": "3389"},
]
EXTRA = {"Name": "Lync extra", "LocalPorts": "4444", "id": "{11111111-2222-3333-4444-555555555555}"}
NOT_TOLD = [
    "which profiles are active, and whether they are on",
    "whether COM shows the same rules",
    "whether another firewall has taken over",
    "the services that run",
    "whether a change waits to be taken back",
]
COUNTED = ("executions", "com_enumerations", "writes")


def bring(lab: Lab, rules: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    """Bring the host to rules, and return the result with what the host has counted meanwhile."""
    before = lab.stores["fe01"].counts()
    folder = str(lab.directory / "evidence")
    played = lab.play(playbook(rules=rules, **{"gather_through": "auto", "evidence_dir": folder, **options}))
    (record,) = played.of("fe01")
    after = lab.stores["fe01"].counts()
    return {**record["result"], "counted": tuple(after[what] - before[what] for what in COUNTED)}


@pytest.mark.parametrize("executor", executors())
def test_a_host_whose_registry_is_known_to_be_right_is_read_without_com(lab: Lab, executor: Executor | str) -> None:
    lab.executor = PowerShellExecutor(executor) if isinstance(executor, str) else executor
    lab.start({"fe01": {"addresses": ["10.1.0.11", "2001:db8::11"], "seed": OTHERS}})
    want = [SIP, MEDIA]
    first = bring(lab, want)
    # The first contact with the build: both are read, and what is written is found and read again through COM.
    assert (first["changed"], stats(first), first["counted"]) == (True, (2, 2, 2), (2, 2, 2)), first
    (path,) = (lab.directory / "evidence").iterdir()
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert (path.name, kept["build"], kept["rules"]) == ("20348.2700.json", "20348.2700", len(OTHERS))
    assert kept["differences"] == []
    idle = bring(lab, want)
    assert (idle["changed"], stats(idle), idle["counted"]) == (False, (1, 0, 0), (1, 0, 0)), idle
    changed = bring(lab, [{**SIP, "localport": "5061,5062"}, MEDIA])
    assert (changed["changed"], stats(changed), changed["counted"]) == (True, (3, 2, 1), (3, 2, 1)), changed
    assert changed["before"] == idle["after"]
    removed = bring(lab, [MEDIA])
    assert (removed["changed"], removed["counted"]) == (True, (3, 2, 1)), removed
    names = [rule["Name"] for rule in lab.stores["fe01"].read()["rules"]]
    assert names == [*(rule["Name"] for rule in OTHERS), MEDIA["name"]]


@pytest.mark.parametrize("executor", executors())
def test_a_registry_that_is_behind_or_closed(lab: Lab, executor: Executor | str) -> None:
    lab.executor = PowerShellExecutor(executor) if isinstance(executor, str) else executor
    lab.start({"fe01": {"addresses": ["10.1.0.11", "2001:db8::11"], "seed": OTHERS}})
    store = lab.stores["fe01"]
    store.change(switches={"registry_lags": True})
    assert bring(lab, [SIP])["counted"] == (2, 2, 1)
    late = bring(lab, [SIP])
    assert (late["changed"], late["counted"]) == (False, (2, 1, 0)), late
    assert bring(lab, [SIP])["counted"] == (1, 0, 0)
    store.change(registry={"problem": "Requested registry access is not allowed."})
    closed = bring(lab, [SIP])
    assert (closed["changed"], closed["counted"]) == (False, (2, 1, 0)), closed
    told = "the registry does not tell all rules, so COM was asked: Requested registry access is not allowed."
    assert " ".join(closed["warnings"][0].split()).startswith(told)


def counting(site: SiteLab, host: str, given: tuple[str, ...]) -> tuple[Played, tuple[int, ...]]:
    """Return a run of site.yml, and what a host has counted meanwhile."""
    before = site.lab.stores[host].counts()
    played = site.playbook("site", *given)
    after = site.lab.stores[host].counts()
    return played, tuple(after[what] - before[what] for what in COUNTED)


@pytest.mark.parametrize("executor", executors())
def test_a_site_asks_a_host_once_for_both_concerns_and_thrice_to_change_it(
    tmp_path: pathlib.Path, executor: Executor | str
) -> None:
    with SiteLab("examples/small", tmp_path) as site:
        if isinstance(executor, str):
            site.lab.executor = PowerShellExecutor(executor)
        host, folder = "se01.fabrikam.com", tmp_path / "evidence"
        given = ("--limit", host, "-e", f"lync_evidence_dir={folder}", "-e", "lync_ipsec=true")
        made = site.playbook("site", *given)
        store = site.lab.stores[host]
        assert store.counts()["writes"] and ipsec_store.shown(store), made.output
        idle, counted = counting(site, host, given)
        assert counted == (1, 0, 0), idle.output
        results = [record["result"] for record in idle.of(host) if "effects" in record["result"]]
        assert [result["changed"] for result in results] == [False, False], idle.output
        rules = store.read()["rules"]
        ours = next(rule for rule in rules if rule["Grouping"] == "msuc.lync" and rule["Protocol"] == 6)
        store.change(rules=[{**rule, "Enabled": rule["Enabled"] and rule is not ours} for rule in rules])
        mended, counted = counting(site, host, given)
        assert counted == (3, 2, 1), mended.output
        assert [rule["Enabled"] for rule in store.read()["rules"]] == [rule["Enabled"] for rule in rules]
        store.change(rules=[*rules, {**ours, **EXTRA}])
        closed, counted = counting(site, host, given)
        assert counted == (3, 2, 1), closed.output
        assert store.read()["rules"] == rules


def test_what_a_check_accepted_is_known_again_through_the_registry(tmp_path: pathlib.Path) -> None:
    with SiteLab("examples/small", tmp_path) as site:
        host = "se01.fabrikam.com"
        given = ("--limit", host, "-e", f"lync_evidence_dir={tmp_path / 'evidence'}")
        site.playbook("site", *given)
        store = site.lab.stores[host]
        document = store.read()
        ours = next(rule for rule in document["rules"] if rule["Grouping"] == "msuc.lync" and rule["Protocol"] == 6)
        # Rules of setup would admit the peer all the same.
        kept = [rule for rule in document["rules"] if not rule["Name"].startswith(("CS ", "OCS ", "Core "))]
        connection = f"{document['addresses'][0]} 4444 192.168.10.4"
        store.change(rules=[*kept, {**ours, **EXTRA}], connections=[*document["connections"], connection])
        checked = site.playbook("site", *given, "--check", "-e", f"lync_report_dir={tmp_path / 'reports'}")
        assert "would cut peers 192.168.10.4 on TCP 4444" in checked.output, checked.output
        accepted, counted = counting(site, host, (*given, "-e", f"@{tmp_path / 'reports' / 'accept.yml'}"))
        assert (accepted.status, counted, store.read()["rules"]) == (0, (3, 2, 1), kept), accepted.output


def of_step(played: Played, host: str) -> list[tuple[str, int, int]]:
    """Return what each task of a host took, in their order: who it was, round trips and writes."""
    results = [record["result"] for record in played.of(host) if "effects" in record["result"]]
    kinds = ["ipsec" if "engine" in result else "firewall" for result in results]
    return [
        (kind, result["stats"]["round_trips"], result["stats"]["writes"])
        for kind, result in zip(kinds, results, strict=True)
    ]


@pytest.mark.parametrize("executor", executors())
def test_both_concerns_change_in_one_phase_and_each_phase_asks_once_for_both(
    tmp_path: pathlib.Path, executor: Executor | str
) -> None:
    with SiteLab("examples/small", tmp_path) as site:
        if isinstance(executor, str):
            site.lab.executor = PowerShellExecutor(executor)
        host, folder = "se01.fabrikam.com", tmp_path / "evidence"
        given = ("--limit", host, "-e", f"lync_evidence_dir={folder}", "-e", "lync_ipsec=true")
        made = site.playbook("site", *given)
        store = site.lab.stores[host]
        planned, exempt = store.read()["rules"], dict(ipsec_store.shown(store))
        assert exempt, made.output
        # What opens: a look at the registry and one through COM, then a write of each concern.
        ours = next(rule for rule in planned if rule["Grouping"] == "msuc.lync" and rule["Protocol"] == 6)
        store.change(rules=[rule for rule in planned if rule is not ours])
        ipsec_store.change(store, rules=dict(list(exempt.items())[1:]))
        opened, counted = counting(site, host, given)
        assert (counted[:2], of_step(opened, host)) == ((4, 2), [("firewall", 3, 1), ("ipsec", 1, 1)]), opened.output
        # What closes: opening has nothing to do, so the registry is enough; closing looks once at both through COM.
        rule_id, text = next(iter(exempt.items()))
        store.change(rules=[*store.read()["rules"], {**ours, **EXTRA}])
        shown = ipsec_store.shown(store)
        ipsec_store.change(store, rules={**shown, f"{rule_id}-9": text.replace("|Name=", "|Name=Lync exempt old ")})
        closed, counted = counting(site, host, given)
        phases = [("firewall", 1, 0), ("ipsec", 0, 0), ("firewall", 2, 1), ("ipsec", 1, 1)]
        assert (counted[:2], of_step(closed, host)) == ((4, 2), phases), closed.output
        names = [rule["Name"] for rule in store.read()["rules"]]
        assert sorted(names) == sorted(rule["Name"] for rule in planned)
        assert ipsec_store.shown(store).keys() == exempt.keys()
        idle, counted = counting(site, host, given)
        assert (counted, of_step(idle, host)) == ((1, 0, 0), [("firewall", 1, 0), ("ipsec", 0, 0)]), idle.output


@pytest.mark.parametrize("executor", executors())
def test_what_the_registry_alone_tells_an_account_is_never_as_planned(lab: Lab, executor: Executor | str) -> None:
    lab.executor = PowerShellExecutor(executor) if isinstance(executor, str) else executor
    lab.start({"fe01": {"addresses": ["10.1.0.11", "2001:db8::11"], "seed": OTHERS}})
    assert bring(lab, [SIP])["changed"] is True
    lab.stores["fe01"].set_faults(no_administrator=True)
    counts = lab.stores["fe01"].counts()["writes"]
    for rules, changes in (([SIP], []), ([SIP, MEDIA], [MEDIA["name"]])):
        played = lab.play(playbook(rules=rules, gather_through="registry"))
        (record,) = played.of("fe01")
        result = record["result"]
        assert played.status != 0 and record["status"] == "failed", record
        assert [change["name"] for change in result["changes"]] == changes, result
        assert "the account reads the registry alone" in str(result["msg"]), result
        assert [one.partition(": ")[0] for one in result["not_read"]] == NOT_TOLD, result
        assert all("Access is denied" in one for one in result["not_read"][2:4]), result
    refused = lab.play(playbook(rules=[SIP]))
    assert refused.status != 0 and "connect with an account that may change the firewall" in refused.output
    assert lab.stores["fe01"].counts()["writes"] == counts
