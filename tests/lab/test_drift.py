# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""drift.yml on a deployment with deviations of every class: reports, acceptances, limits, exit statuses."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import random
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from tests.lab.deviations import WAYS, inject, told
from tests.lab.lab import ROOT, Played
from tests.lab.site_lab import GROUP, SiteLab, printed
from tests.lab.test_site import GROUPS, deployment, ok, saved, state_of

SCHEMA = json.loads((ROOT / "plugins/plugin_utils/_drift/data/lync_drift.schema.json").read_text(encoding="utf-8"))
SIP, FOCUS, WEB = "Lync fe-sip-tls (TCP in)", "Lync fe-focus (TCP in)", "Lync fe-web-https (TCP in)"
REPORTED = "Print what differs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteLab]:
    """Return a converged lab of two pools of three Front End Servers."""
    directory = tmp_path_factory.mktemp("drift")
    with SiteLab(saved(directory, deployment(GROUPS)), directory / "lab") as lab:
        ok(lab.playbook("site"))
        yield lab


@pytest.fixture
def damaged(site: SiteLab) -> Iterator[SiteLab]:
    """Damage fe12 and fe22 in every way, and bring all back afterwards."""
    before = {host: store.read() for host, store in site.lab.stores.items()}
    _edit(site, "fe12", SIP, Enabled=False)
    _edit(site, "fe12", FOCUS, LocalPorts="444,9999")
    _edit(site, "fe12", WEB, RemoteAddresses="10.10.0.7/255.255.255.255")
    document = site.lab.stores["fe22"].read()
    sip = next(rule for rule in document["rules"] if rule["Name"] == SIP)  # pylint: disable=stop-iteration-return
    focus = next(rule for rule in document["rules"] if rule["Name"] == FOCUS)  # pylint: disable=stop-iteration-return
    extra = {**sip, "Name": "Lync test", "id": "{00000000-0000-0000-0000-000000000001}"}
    twin = {**sip, "id": "{00000000-0000-0000-0000-000000000002}"}
    document["rules"] = [rule for rule in document["rules"] if rule is not focus] + [extra, twin]
    site.lab.stores["fe22"].write(document)
    yield site
    for host, store in site.lab.stores.items():
        store.set_faults()
        store.write(before[host])


def _edit(site: SiteLab, host: str, name: str, **values: object) -> None:
    document = site.lab.stores[host].read()
    for rule in document["rules"]:
        if rule["Name"] == name and rule["Grouping"] == GROUP:
            rule.update(values)
    site.lab.stores[host].write(document)


def drift(site: SiteLab, *arguments: str) -> Played:
    return site.playbook("drift", *(part for argument in arguments for part in ("-e", argument)))


def found(directory: pathlib.Path) -> dict[str, dict[str, str]]:
    """Return the class of each deviation that counts, by device and name, from the report's JSON."""
    document: dict[str, Any] = json.loads((directory / "drift.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, SCHEMA)
    return {
        device["device"]: {item["name"]: item["class"] for item in device["deviations"] if item["counts"]}
        for device in document["devices"]
        if device["status"] != "clean"
    }


EVERY_CLASS = {
    "fe12": {SIP: "disabled", FOCUS: "changed", WEB: "changed"},
    "fe22": {FOCUS: "missing", "Lync test": "extra", SIP: "duplicate"},
}


def test_every_class_is_named_and_nothing_is_written(damaged: SiteLab, tmp_path: pathlib.Path) -> None:
    before, writes = state_of(damaged), damaged.counts("writes")
    yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    # This run of drift.yml is measured, for all others.
    measured = {"LAB_MEASURE": os.environ.get("COVERAGE_PROCESS_CONFIG", "")}
    found_first = damaged.playbook(
        "drift", "-e", f"lync_report_dir={tmp_path}", "-e", "lync_change_reference=CHG0042", **measured
    )
    assert found_first.status == 2
    assert found(tmp_path) == EVERY_CLASS
    assert printed(found_first, REPORTED).splitlines()[-3:] == [
        "Drift: 6 deviations on 2 of 6 devices.",
        f"Report: {tmp_path / 'drift.html'}",
        "Verdict: differs (6 deviations on 2 devices)",
    ]
    assert (state_of(damaged), damaged.counts("writes")) == (before, writes)
    page = (tmp_path / "drift.html").read_text(encoding="utf-8")
    assert "CHG0042" in page and "444, 9999" in page
    assert 'failures="1"' in (tmp_path / "drift.xml").read_text(encoding="utf-8")
    _age(tmp_path, yesterday)
    assert drift(damaged, f"lync_report_dir={tmp_path}").status == 2
    since = {
        item["since"]
        for device in json.loads((tmp_path / "drift.json").read_text())["devices"]
        for item in device["deviations"]
        if item["counts"]
    }
    assert since == {yesterday.strftime("%Y-%m-%dT%H:%M:%SZ")}


def _age(directory: pathlib.Path, moment: datetime.datetime) -> None:
    """Make the first report one of an earlier moment."""
    (dated,) = directory.glob("drift-*.json")
    document = json.loads(dated.read_text(encoding="utf-8"))
    dated.unlink()
    document["made"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    (directory / f"drift-{moment.strftime('%Y-%m-%dT%H%M%SZ')}.json").write_text(json.dumps(document), encoding="utf-8")


def test_classes_choose_what_is_repaired_and_the_rest_stays(damaged: SiteLab, tmp_path: pathlib.Path) -> None:
    played = drift(
        damaged, "lync_remediate=true", "lync_remediate_classes=missing,extra", f"lync_report_dir={tmp_path}"
    )
    assert played.status == 2
    assert "left: fe12: Lync fe-sip-tls (TCP in): disabled" in printed(played, REPORTED)
    assert drift(damaged, f"lync_report_dir={tmp_path}").status == 2
    assert found(tmp_path) == {"fe12": EVERY_CLASS["fe12"], "fe22": {SIP: "duplicate"}}
    ok(drift(damaged, "lync_remediate=true"))
    ok(drift(damaged))


@pytest.mark.no_cover
def test_a_limit_stops_with_a_verdict_of_its_own(damaged: SiteLab, tmp_path: pathlib.Path) -> None:
    played = drift(damaged, "lync_remediate=true", "lync_remediate_max_changes=2", f"lync_report_dir={tmp_path}")
    assert played.status == 2
    assert "A limit stopped the remediation" in played.output
    assert "PLAY RECAP" in played.output
    assert drift(damaged, f"lync_report_dir={tmp_path}").status == 2
    assert {device: len(items) for device, items in found(tmp_path).items()} == {"fe12": 1, "fe22": 1}


def test_an_unattended_run_needs_an_approved_plan_and_only_opens(damaged: SiteLab, tmp_path: pathlib.Path) -> None:
    refused = drift(damaged, "lync_remediate=true", "lync_unattended=true")
    assert refused.status != 0 and "has no approved plan to go by" in refused.output
    plan = tmp_path / "approved"
    ok(damaged.playbook("plan", "-e", f"lync_plan_dir={plan}"))
    played = drift(
        damaged,
        "lync_remediate=true",
        "lync_unattended=true",
        f"lync_approved_plan={plan}",
        f"lync_report_dir={tmp_path}",
    )
    assert played.status == 2
    assert drift(damaged, f"lync_report_dir={tmp_path}").status == 2
    assert found(tmp_path) == {"fe12": {FOCUS: "changed"}, "fe22": {"Lync test": "extra", SIP: "duplicate"}}


@pytest.mark.no_cover
def test_a_plan_beyond_the_approved_one_is_pending_and_never_made(damaged: SiteLab, tmp_path: pathlib.Path) -> None:
    plan = tmp_path / "approved"
    ok(damaged.playbook("plan", "-e", f"lync_plan_dir={plan}"))
    inventory = pathlib.Path(damaged.source)
    before = inventory.read_text(encoding="utf-8")
    saved(inventory.parent, deployment(GROUPS, lync_client_networks=["10.10.0.0/16", "10.3.0.0/16"]))
    try:
        played = ok(drift(damaged, "lync_remediate=true", f"lync_approved_plan={plan}"))
        assert "pending: fe11: 10.3.0.0/16 newly admitted to TCP 5061" in printed(played, REPORTED)
    finally:
        inventory.write_text(before, encoding="utf-8")
    ok(drift(damaged))


@pytest.mark.no_cover
def test_what_is_accepted_is_no_drift_and_is_not_repaired(damaged: SiteLab, tmp_path: pathlib.Path) -> None:
    accepted = [
        {
            "device": "fe[12]2",
            "name": "Lync *",
            "owner": "netops",
            "reason": "test",
            "ticket": "CHG1",
            "expires": "2099-01-01",
        },
    ]
    before = state_of(damaged)
    arguments = json.dumps(
        {"lync_accepted_deviations": accepted, "lync_report_dir": str(tmp_path), "lync_remediate": True}
    )
    played = ok(drift(damaged, arguments))
    assert "accepted by netops until 2099-01-01 (CHG1): fe12: Lync fe-sip-tls (TCP in): disabled" in printed(
        played, REPORTED
    )
    assert state_of(damaged) == before
    expired = json.dumps({"lync_accepted_deviations": [{**accepted[0], "expires": "2020-01-01"}]})
    assert drift(damaged, expired).status == 2


@pytest.mark.no_cover
def test_drift_beside_an_unreachable_host_is_could_not_tell(damaged: SiteLab, tmp_path: pathlib.Path) -> None:
    damaged.lab.stores["fe11"].set_faults(unreachable=True)
    played = drift(damaged, f"lync_report_dir={tmp_path}")
    assert played.status == 2
    assert "Not all could be told of this device" in played.output
    assert found(tmp_path) == {"fe11": {}, **EVERY_CLASS}


@pytest.mark.no_cover
def test_an_account_without_administrator_finds_deviations_and_says_what_it_is_not_told(
    damaged: SiteLab, tmp_path: pathlib.Path
) -> None:
    for host in ("fe12", "fe13"):
        damaged.lab.stores[host].set_faults(no_administrator=True)
    before = state_of(damaged)
    played = drift(damaged, "lync_gather_through=registry", f"lync_report_dir={tmp_path}")
    assert played.status == 2
    assert found(tmp_path) == {**EVERY_CLASS, "fe13": {}}
    text = " ".join(printed(played, REPORTED).split())
    assert "Drift: 6 deviations on 2 of 6 devices; 2 of 6 devices could not tell." in text
    assert "Verdict: unknown (6 deviations on 2 devices; 2 of 6 devices could not tell)" in text
    for host in ("fe12", "fe13"):
        assert f"could not tell: {host}: failed: the account reads the registry alone" in text
    for what in NOT_TOLD:
        assert text.count(what) == 2, (what, text)
    refused = damaged.playbook("site", "-e", "lync_gather_through=registry", "--limit", "fe12")
    assert refused.status == 2 and "NOT DONE" in refused.output
    assert state_of(damaged) == before


NOT_TOLD = (
    "which profiles are active, and whether they are on: Access is denied.",
    "whether COM shows the same rules: Access is denied.",
    "whether another firewall has taken over: Access is denied.",
    "the services that run: Access is denied.",
    "whether a change waits to be taken back: its task is shown to administrators alone",
)


SETUP, HAND = "CS RTCSRV", "Opened by hand"
OVERRIDDEN = {"lync_firewall_state": "overridden", "lync_unprotected_rules": [SETUP]}


@pytest.fixture
def opened(site: SiteLab) -> Iterator[SiteLab]:
    """Leave of setup's rules one on fe12 and of other hands one on fe13, and bring all back afterwards."""
    before = {host: store.read() for host, store in site.lab.stores.items()}
    for host in before:
        _allow(site, host, SETUP, enabled=host == "fe12")
    _allow(site, "fe13", HAND)
    yield site
    for host, store in site.lab.stores.items():
        store.write(before[host])


def _allow(site: SiteLab, host: str, name: str, enabled: bool = True) -> None:
    """Have one rule of that name and no group, for the port of SIP and any peer."""
    document = site.lab.stores[host].read()
    (sip,) = (rule for rule in document["rules"] if rule["Name"] == SIP)
    others = [rule for rule in document["rules"] if rule["Name"] != name]
    foreign = {"Name": name, "Grouping": None, "RemoteAddresses": "*", "Enabled": enabled, "id": f"{{{name}}}"}
    site.lab.stores[host].write({**document, "rules": [*others, {**sip, **foreign}]})


@pytest.mark.no_cover
def test_where_rules_of_others_are_overridden_they_are_named_and_no_repair_touches_them(
    opened: SiteLab, tmp_path: pathlib.Path
) -> None:
    _edit(opened, "fe12", FOCUS, Enabled=False)
    _edit(opened, "fe12", WEB, LocalPorts="443,9999")
    foreign = {host: opened.foreign(host) for host in opened.lab.stores}
    arguments = json.dumps({**OVERRIDDEN, "lync_report_dir": str(tmp_path)})
    assert drift(opened, arguments).status == 2
    others = {"fe12": {SETUP: "recreated_by_setup"}, "fe13": {HAND: "foreign"}}
    assert found(tmp_path) == {**others, "fe12": {FOCUS: "disabled", WEB: "changed", **others["fe12"]}}
    repaired = drift(opened, arguments, "lync_remediate=true")
    text = " ".join(printed(repaired, REPORTED).split())
    assert f"left: fe12: {SETUP}: recreated_by_setup" in text and f"left: fe13: {HAND}: foreign" in text
    assert {host: opened.foreign(host) for host in opened.lab.stores} == foreign
    assert drift(opened, arguments).status == 2
    assert found(tmp_path) == others
    ok(drift(opened))


@pytest.fixture
def quiet(site: SiteLab) -> Iterator[SiteLab]:
    """Leave on the hosts what the plan made, and bring all back afterwards."""
    before = {host: store.read() for host, store in site.lab.stores.items()}
    for host, store in site.lab.stores.items():
        store.change(rules=site.rules(host))
    yield site
    for host, store in site.lab.stores.items():
        store.write(before[host])


@pytest.mark.no_cover
def test_random_deviations_are_all_found_with_their_class_and_nothing_else(
    quiet: SiteLab, tmp_path: pathlib.Path
) -> None:
    """As tests/bench/drift.py does with 200 hosts."""
    ok(drift(quiet, f"lync_report_dir={tmp_path / 'before'}"))
    expected = inject(quiet.lab.stores, 42, random.Random(7))
    assert {kind for items in expected.values() for _name, kind in items} == set(WAYS)
    assert drift(quiet, f"lync_report_dir={tmp_path}").status == 2
    before, after = (
        json.loads((directory / "drift.json").read_text(encoding="utf-8"))
        for directory in (tmp_path / "before", tmp_path)
    )
    assert told(after, before) == expected
