# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nobody is locked out and nothing is lost: snapshots, changes that are taken back, rollback, faults.

Simulated and in a PowerShell.
"""

from __future__ import annotations

import os
import pathlib
import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.lab.lab import ROOT, Lab
from tests.lab.site_lab import SiteLab
from tests.lab.test_windows_firewall_rules import SIP, playbook, stats
from tests.simulators import tamper
from tests.simulators.executor import Command, Completed, PythonExecutor
from tests.simulators.firewall_store import FirewallStore
from tests.simulators.powershell import PowerShellExecutor

PWSH = os.environ.get("LYNC_PWSH", "")
NEEDS_POWERSHELL = [
    pytest.mark.no_cover,
    pytest.mark.skipif(not PWSH, reason="LYNC_PWSH does not name a PowerShell 7"),
]
BOTH = pytest.mark.parametrize("lab", ["simulator", pytest.param("powershell", marks=NEEDS_POWERSHELL)], indirect=True)
HOST = {"fe01": {"addresses": ["10.1.0.11"]}}
OWN_WINRM = {
    "Name": "Own WinRM",
    "Grouping": "msuc.lync",
    "Protocol": 6,
    "LocalPorts": "5985",
    "RemoteAddresses": "10.9.0.0/24",
    "Enabled": True,
}
NOT_WANTED = {"Name": "Old", "Grouping": "msuc.lync", "Protocol": 6, "LocalPorts": "5070", "Enabled": True}


@pytest.fixture
def lab(tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> Any:
    """Return a lab whose hosts are simulated, or run the collection's PowerShell."""
    made = Lab(tmp_path)
    if getattr(request, "param", "simulator") == "powershell":
        made.executor = PowerShellExecutor(PWSH)
    yield made
    made.stop()


class Meanwhile(PythonExecutor):
    """Acts once: when a module has run and the moment is there, before the controller hears of it."""

    def __init__(self, moment: Callable[[FirewallStore], object], act: Callable[[FirewallStore], None]) -> None:
        self._moment, self._act = moment, act
        self._acted = False

    def run(self, store: FirewallStore, command: Command) -> Completed:
        completed = super().run(store, command)
        if not self._acted and self._moment(store):
            self._acted = True
            self._act(store)
        return completed


def owned(lab: Lab, host: str = "fe01") -> set[str]:
    return {rule["Name"] for rule in tamper.show(lab.stores[host], "msuc.lync")}


@BOTH
def test_a_snapshot_is_there_before_the_first_write_and_comes_back(lab: Lab) -> None:
    lab.start({"fe01": {**HOST["fe01"], "seed": [NOT_WANTED]}})
    store = lab.stores["fe01"]
    before = tamper.show(store)
    result = lab.play(playbook(rules=[SIP])).result("fe01")
    assert (result["status"], owned(lab)) == ("ok", {SIP["name"]}), result
    path = result["snapshot"]["path"]
    assert result["snapshot"] == {"path": path, "rollback": f'netsh advfirewall import "{path}"', "armed": False}
    restore = {"operation": "restore", "path": "newest"}
    restored = lab.play(
        f'[{{"hosts": "all", "gather_facts": false, "tasks": [{{"msuc.lync.windows_firewall_remote": {restore}}}]}}]'
    ).result("fe01")
    assert (restored["changed"], restored["restored"]) == (True, path)
    assert tamper.show(store) == before
    # What was there before it was restored is a snapshot too.
    assert len(store.read()["files"]) == 2


@BOTH
def test_a_change_that_is_confirmed_stays_and_takes_three_round_trips(lab: Lab) -> None:
    lab.start(HOST)
    play = playbook(rules=[SIP], confirm_minutes=5)
    result = lab.play(play).result("fe01")
    assert (result["status"], stats(result), result["snapshot"]["armed"]) == ("ok", (3, 3, 1), False), result
    assert lab.stores["fe01"].read()["task"] is None
    lab.stores["fe01"].advance(60)
    assert owned(lab) == {SIP["name"]}
    assert stats(lab.play(play).result("fe01")) == (1, 1, 0)


@BOTH
def test_a_change_that_shuts_new_connections_comes_back_and_the_next_run_converges(lab: Lab) -> None:
    lab.start({"fe01": {**HOST["fe01"], "seed": [NOT_WANTED]}})
    store = lab.stores["fe01"]
    if isinstance(lab.executor, PowerShellExecutor):
        refuse_when_armed(store)
    else:
        store.set_faults(shut_after_write=1)
    play = playbook(rules=[SIP], confirm_minutes=5)
    result = lab.play(play).result("fe01")
    assert result["status"] == "unreachable", result
    assert (
        "no new connection after the change, which is not confirmed: it comes back by itself 5 minutes after the "
        "first write" in result["msg"]
    )
    store.set_faults()
    waits = lab.play(play).result("fe01")
    assert (waits["status"], owned(lab)) == ("failed", {SIP["name"]}) or not waits["changed"]
    store.advance(5)
    assert owned(lab) == {"Old"}
    assert (lab.play(play).result("fe01")["status"], owned(lab)) == ("ok", {SIP["name"]})
    assert store.read()["task"] is None


def refuse_when_armed(store: Any) -> None:
    """Refuse new connections from the moment in which the store holds the task that takes the change back."""
    change = store.change

    def change_and_refuse(**parts: object) -> None:
        change(**parts)
        if store.read()["task"]:
            store.set_faults(refuses_connections=True)
            store.change = change

    store.change = change_and_refuse


def test_a_change_that_waits_to_be_confirmed_keeps_others_out(lab: Lab) -> None:
    lab.start(HOST)
    store = lab.stores["fe01"]
    store.set_faults(drop_after_write=1)
    assert (
        lab.play(playbook(rules=[SIP, {**SIP, "name": "B"}], confirm_minutes=5)).result("fe01")["status"]
        == "unreachable"
    )
    store.set_faults()
    assert len(owned(lab)) == 1
    refused = lab.play(playbook(rules=[SIP, {**SIP, "name": "B"}])).result("fe01")
    waits = "a change of an earlier run was not confirmed and is taken back in 5 min; nothing was written"
    assert waits in refused["msg"]
    store.advance(5)
    assert owned(lab) == set()
    assert lab.play(playbook(rules=[SIP, {**SIP, "name": "B"}])).result("fe01")["status"] == "ok"
    assert len(owned(lab)) == 2


def test_a_listener_that_does_not_answer_any_more_is_not_confirmed(lab: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        lab.executor = Meanwhile(lambda store: store.read()["task"], lambda store: shut(listener))
        lab.start(HOST)
        store = lab.stores["fe01"]
        store.change(listeners=[f"0.0.0.0 {port}"])
        result = lab.play(playbook(rules=[SIP], confirm_minutes=5)).result("fe01")
    assert result["msg"].startswith(
        f"TCP {port} answered before the change and does not now; the change is not confirmed: it comes back by itself"
    )
    assert (result["snapshot"]["armed"], stats(result)) == (True, (2, 3, 1))
    store.advance(5)
    assert owned(lab) == set()


def shut(listener: socket.socket) -> None:
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


# What is refused, the controller decides, by what the host tells: that both tell the same, tests/contract shows.
def test_the_guard_refuses_before_any_write(lab: Lab) -> None:
    lab.start({"fe01": {**HOST["fe01"], "seed": [OWN_WINRM]}})
    store = lab.stores["fe01"]
    before = store.read()
    result = lab.play(playbook(rules=[SIP], management_networks=["10.9.0.0/25"], accept_cut=True)).result("fe01")
    assert (result["status"], result["changed"], stats(result)) == ("failed", False, (1, 1, 0)), result
    shut = "winrm (TCP 5985) on 10.1.0.11 would be shut for 10.9.0.0/25 on profile domain"
    line = f"{shut}; rules that go or block: Own WinRM"
    assert result["msg"] == f"the changes are refused; nothing was written:\n  - management: {line}"
    assert store.read()["rules"] == before["rules"]
    checked = lab.play(playbook(rules=[SIP], accept_cut=True), "--check").result("fe01")
    assert (checked["status"], checked["changed"]) == ("ok", True)
    assert any("would be shut for 10.9.0.5" in " ".join(warning.split()) for warning in checked["warnings"])


def test_a_cut_is_refused_until_it_is_accepted(lab: Lab) -> None:
    lab.start({"fe01": {**HOST["fe01"], "seed": [NOT_WANTED]}})
    lab.stores["fe01"].change(listeners=["0.0.0.0 5070"], connections=["10.1.0.11 5070 10.10.3.4"])
    result = lab.play(playbook(rules=[])).result("fe01")
    assert result["status"] == "failed"
    assert "would cut peers 10.10.3.4 on TCP 5070 of 10.1.0.11: only Old admits them now" in result["msg"]
    assert [cut["kind"] for cut in result["connection_impact"]] == ["listener", "peers"]
    assert (lab.play(playbook(rules=[], accept_cut=True)).result("fe01")["status"], owned(lab)) == ("ok", set())


def test_group_policy_counts_and_is_never_written(lab: Lab) -> None:
    lab.start({"fe01": {**HOST["fe01"], "seed": [OWN_WINRM]}})
    rule = "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5985|Name=From the domain|"
    policy = {"rules": {"{1}": rule}, "profiles": {}}
    lab.stores["fe01"].change(group_policy=policy)
    result = lab.play(playbook(rules=[SIP])).result("fe01")
    assert (result["status"], owned(lab)) == ("ok", {SIP["name"]}), result
    lab.stores["fe01"].change(group_policy={"rules": {}, "profiles": {"domain": {"AllowLocalPolicyMerge": 0}}})
    off = lab.play(playbook(rules=[])).result("fe01")
    assert (
        "Group Policy switches local rules off on profile domain; fix: mark the host lync_apply: handout" in off["msg"]
    )


@BOTH
def test_a_full_disk_stops_the_change_before_the_first_write(lab: Lab) -> None:
    lab.start(HOST)
    lab.stores["fe01"].set_faults(disk_full=True)
    result = lab.play(playbook(rules=[SIP])).result("fe01")
    assert (result["status"], result["changed"], owned(lab)) == ("failed", False, set()), result
    assert "(done: nothing; not done: add Lync fe-sip-tls (TCP in))" in result["msg"]
    assert "netsh advfirewall export" in result["msg"] and "ended with 1: " in result["msg"]
    assert lab.play(playbook(rules=[SIP], snapshot=False)).result("fe01")["status"] == "ok"


def test_snapshots_do_not_pile_up(lab: Lab) -> None:
    lab.start(HOST)
    for port in (5061, 5062, 5063):
        lab.play(playbook(rules=[{**SIP, "localport": port}], snapshot_keep=2))
    assert len(lab.stores["fe01"].read()["files"]) == 2


def test_a_stopped_firewall_service_is_reported(lab: Lab) -> None:
    lab.start(HOST)
    lab.stores["fe01"].set_faults(service_stopped=True)
    result = lab.play(playbook(rules=[SIP])).result("fe01")
    assert result["msg"].startswith("the firewall of the host could not be read: There are no more endpoints available")
    assert "Windows Defender Firewall service (MpsSvc)" in result["msg"]
    lab.stores["fe01"].set_faults()
    assert lab.play(playbook(rules=[SIP])).result("fe01")["status"] == "ok"


def test_two_controllers_at_once_end_in_a_conflict_that_says_so(lab: Lab) -> None:
    """The other controller writes between gather and apply: when the first one has gathered, and before it applies."""
    other = {**OWN_WINRM, "Name": "Theirs", "Grouping": "Contoso"}

    def write(store: FirewallStore) -> None:
        document = store.read()
        store.change(rules=[*document["rules"], {**document["rules"][0], **other, "id": "{77}"}])

    lab.executor = Meanwhile(lambda store: store.counts()["enumerations"], write)
    lab.start(HOST)
    store = lab.stores["fe01"]
    result = lab.play(playbook(rules=[SIP])).result("fe01")
    assert (result["status"], owned(lab)) == ("failed", set())
    assert "something else has changed it meanwhile; nothing was written, run again" in result["msg"]
    assert lab.play(playbook(rules=[SIP])).result("fe01")["status"] == "ok"
    assert any(rule["Name"] == "Theirs" for rule in tamper.show(store))


ODD_NAMES = [
    "quotes \" ' `",
    "[brackets] {braces} (x)",
    "wild*cards? %",
    "Rückruf für Anrufe \u0442\u0435\u0441\u0442 \u65e5\u672c",
    "$dollar & <xml> ;",
]


@BOTH
def test_odd_names_are_made_changed_and_removed_exactly(lab: Lab) -> None:
    lab.start(HOST)
    foreign = [rule for rule in tamper.show(lab.stores["fe01"]) if rule.get("Grouping") != "msuc.lync"]
    rules = [{**SIP, "name": name} for name in ODD_NAMES]
    assert lab.play(playbook(rules=rules)).result("fe01")["status"] == "ok"
    assert owned(lab) == set(ODD_NAMES)
    assert stats(lab.play(playbook(rules=[{**rule, "localport": 443} for rule in rules])).result("fe01")) == (
        2,
        3,
        len(rules),
    )
    assert lab.play(playbook(state="deleted")).result("fe01")["status"] == "ok"
    assert [rule for rule in tamper.show(lab.stores["fe01"]) if rule.get("Grouping") != "msuc.lync"] == foreign


def many_rules(count: int) -> list[dict[str, Any]]:
    """Return rules as a host has them: 117 names twice, names of packages, groups that are resources.

    From 450 on others.
    """
    kinds = (
        {
            "Name": "Windows-Remoteverwaltung {} (HTTP eingehend)",
            "Grouping": "@FirewallAPI.dll,-30267",
            "LocalPorts": "5985",
        },
        {
            "Name": "@{{Microsoft.Windows.Cortana_{}?ms-resource://x}}",
            "Grouping": "@{Microsoft.Windows.Cortana_1.0?ms-resource://y}",
        },
        {
            "Name": "Dateifreigabe {}",
            "Grouping": "@FirewallAPI.dll,-28502",
            "LocalPorts": "445",
            "RemoteAddresses": "LocalSubnet",
        },
    )
    stock = [{**kinds[number % 3], "Name": kinds[number % 3]["Name"].format(number)} for number in range(450 - 117)]
    numbered = [{"Name": f"Regel {number}", "LocalPorts": str(1 + number)} for number in range(count - 450)]
    return [
        {"Protocol": 6, "Enabled": number % 2 == 0, **rule}
        for number, rule in enumerate([*stock, *stock[:117], *numbered])
    ]


@pytest.mark.parametrize("count", [450, 3000])
def test_many_rules_of_a_german_host_cost_no_more_round_trips_and_stay_as_they_are(lab: Lab, count: int) -> None:
    lab.start({"fe01": {**HOST["fe01"], "seed": many_rules(count)}})
    before = list(tamper.show(lab.stores["fe01"]))
    assert stats(lab.play(playbook(rules=[SIP])).result("fe01")) == (2, 3, 1)
    assert stats(lab.play(playbook(rules=[SIP])).result("fe01")) == (1, 1, 0)
    assert [rule for rule in tamper.show(lab.stores["fe01"]) if rule.get("Grouping") != "msuc.lync"] == before


def test_rollback_lists_and_restores_through_its_playbook(tmp_path: pathlib.Path) -> None:
    with SiteLab(ROOT / "examples/small", tmp_path) as site:
        host = sorted(site.lab.stores)[0]
        assert site.playbook("site").status == 0
        listed = site.playbook("rollback", "--limit", host)
        path = next(iter(site.lab.stores[host].read()["files"]))
        assert listed.status == 0 and path.replace("\\", "\\\\") in listed.output
        assert site.rules(host)
        assert site.playbook("rollback", "--limit", host, "-e", "lync_rollback_to=newest").status == 0
        assert site.rules(host) == []
        assert site.playbook("site", "-e", "lync_version=2011").status == 2
        broken = site.playbook("rollback", "--limit", host, "-e", "lync_version=2011", "-e", "lync_rollback_to=newest")
        assert (broken.status, site.rules(host) == []) == (0, False), broken.output
        missing = site.playbook("rollback", "--limit", host, "-e", "lync_rollback_to=C:\\missing.wfw")
        assert missing.status == 2 and "there is no snapshot C:" in missing.output
