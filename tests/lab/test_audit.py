# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbook audit, and the states parsed and rendered: hosts judged without any of them being there."""

from __future__ import annotations

import json
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.dumps import write_dump
from tests.lab.lab import Lab, Played
from tests.lab.site_lab import SiteLab, printed
from tests.lab.test_site import GROUPS, deployment, saved
from tests.simulators import tamper

TASK = "Compare the dumps with the plan"
FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "wfw"


@pytest.fixture(scope="module")
def converged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteLab]:
    """Return a deployment that holds what the plan says; the hosts are gone, only their stores are left."""
    directory = tmp_path_factory.mktemp("audit")
    with SiteLab(saved(directory, deployment(GROUPS)), directory / "lab") as lab:
        played = lab.playbook("site")
        assert played.status == 0, played.output
        lab.lab.stop()
        yield lab


def dumped(site: SiteLab, directory: pathlib.Path) -> pathlib.Path:
    """Write a dump of every host, of both kinds in turn."""
    for number, (host, store) in enumerate(site.lab.stores.items()):
        write_dump(directory / f"{host}{('.wfw', '.reg')[number % 2]}", store)
    return directory


def audited(site: SiteLab, directory: pathlib.Path, *arguments: str) -> Played:
    return site.playbook("audit", "-e", f"lync_audit_dir={directory}", *arguments)


def test_hosts_as_planned_are_no_drift_and_tampered_ones_are_named(converged: SiteLab, tmp_path: pathlib.Path) -> None:
    played = audited(converged, dumped(converged, tmp_path), "-e", "lync_firewall_state=overridden")
    lines = printed(played, TASK).splitlines()
    assert lines == ["Drift: 0 deviations on 0 of 6 devices.", "Verdict: done (0 deviations on 0 devices)"]
    assert played.status == 0
    store = converged.lab.stores["fe12"]
    untouched = store.read()
    tamper.change(store, "Lync fe-sip-tls (TCP in)", {"enabled": False})
    tamper.change(store, "Lync fe-focus (TCP in)", {"localport": "4444"})
    write_dump(next(tmp_path.glob("fe12.*")), store)
    store.write(untouched)
    next(tmp_path.glob("fe21.*")).unlink()
    next(tmp_path.glob("fe22.*")).write_bytes(b"regf")
    played = audited(converged, tmp_path)
    assert played.status == 2
    lines = printed(played, TASK).splitlines()
    assert lines[:3] == [
        "fe12: Lync fe-focus (TCP in): changed: localport is 4444, should be 444",
        "fe12: Lync fe-sip-tls (TCP in): disabled: enabled is false, should be true",
        f"could not tell: fe21: no dump: {tmp_path} holds none of fe21.wfw, fe21.reg, fe21.json",
    ]
    assert lines[3].startswith("could not tell: fe22: unreadable: dump ")
    assert lines[4:] == [
        "Drift: 2 deviations on 1 of 6 devices; 2 of 6 devices could not tell.",
        "Verdict: unknown (2 deviations on 1 device; 2 of 6 devices could not tell)",
    ]
    assert "Traceback" not in played.output


def test_rules_that_setup_makes_again_are_named_in_exports_too(converged: SiteLab, tmp_path: pathlib.Path) -> None:
    write_dump(tmp_path / "fe12.wfw", converged.lab.stores["fe12"])
    variables = {"lync_firewall_state": "overridden", "lync_unprotected_rules": ["CS RTCSRV"]}
    played = audited(converged, tmp_path, "--limit", "fe12", "-e", json.dumps(variables))
    assert played.status == 2, played.output
    (line, *_ends) = printed(played, TASK).splitlines()
    assert line.startswith("fe12: CS RTCSRV: recreated_by_setup (it admits more than the list on tcp ")


def test_limit_chooses_the_hosts(converged: SiteLab, tmp_path: pathlib.Path) -> None:
    write_dump(tmp_path / "fe11.wfw", converged.lab.stores["fe11"])
    played = audited(converged, tmp_path, "--limit", "fe11")
    assert played.status == 0, played.output
    assert printed(played, TASK).splitlines()[0] == "Drift: 0 deviations on 0 of 1 device."


def test_what_is_accepted_is_no_drift_in_dumps_either(converged: SiteLab, tmp_path: pathlib.Path) -> None:
    store = converged.lab.stores["fe12"]
    untouched = store.read()
    tamper.change(store, "Lync fe-sip-tls (TCP in)", {"enabled": False})
    write_dump(tmp_path / "fe12.wfw", store)
    store.write(untouched)
    accepted = {"device": "fe1?", "name": "Lync fe-sip-tls*", "owner": "netops", "reason": "test", "ticket": "CHG1"}
    variables = {"lync_accepted_deviations": [{**accepted, "expires": "2099-01-01"}], "lync_report_dir": str(tmp_path)}
    assert audited(converged, tmp_path, "--limit", "fe12").status == 2
    played = audited(converged, tmp_path, "--limit", "fe12", "-e", json.dumps(variables))
    assert played.status == 0, played.output
    assert "accepted by netops until 2099-01-01 (CHG1): fe12: Lync fe-sip-tls (TCP in): disabled" in printed(
        played, TASK
    )
    document = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert (document["status"], document["counts"]["accepted"]) == ("clean", 1)
    assert not list(tmp_path.glob("drift*"))


def test_a_directory_that_is_not_there_is_said_in_one_line(converged: SiteLab, tmp_path: pathlib.Path) -> None:
    played = audited(converged, tmp_path / "none")
    assert played.status == 2
    assert f"lync_audit_dir, {tmp_path / 'none'}: cannot be read: No such file or directory" in played.output
    assert "Traceback" not in played.output


# No host answers, and none has to: the address leads nowhere.
NOWHERE = {
    "all": {
        "hosts": {
            "fe01": {"ansible_connection": "winrm", "ansible_host": "192.0.2.1", "ansible_winrm_connection_timeout": 1}
        }
    }
}
SIP = {"name": "SIP", "protocol": "tcp", "localport": 5061, "remoteip": ["10.1.0.0/24", "LocalSubnet"]}


def offline(lab: Lab, **options: Any) -> Played:
    """Run one task of the module on a host that is not there."""
    inventory = lab.directory / "nowhere.json"
    inventory.write_text(json.dumps(NOWHERE), encoding="utf-8")
    shutil.copy(inventory, lab.inventory)
    task = {"name": "Firewall", "msuc.lync.windows_firewall_rules": options}
    return lab.play(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))


def test_rules_are_rendered_and_parsed_back_without_a_host(lab: Lab) -> None:
    rendered = offline(lab, state="rendered", rules=[SIP]).result("fe01")
    text = (
        "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5061|RA4=LocalSubnet|RA4=10.1.0.0/24|RA6=LocalSubnet|"
        "Name=SIP|EmbedCtxt=msuc.lync|"
    )
    assert rendered["rendered"] == [text]
    assert rendered["changed"] is False
    parsed = offline(lab, state="parsed", running_config="\n".join(rendered["rendered"])).result("fe01")
    (rule,) = parsed["parsed"]
    assert (rule["id"], rule["name"], rule["localport"], rule["remoteip"]) == (
        "line 1",
        "SIP",
        ["5061"],
        ["LocalSubnet", "10.1.0.0/24"],
    )
    assert offline(lab, state="rendered", rules=parsed["parsed"]).result("fe01")["rendered"] == [text]


def test_a_hive_is_parsed_by_its_path(lab: Lab) -> None:
    found = offline(lab, state="parsed", path=str(FIXTURES / "exported.wfw")).result("fe01")
    assert [rule["name"] for rule in found["parsed"]] == [
        "@FirewallAPI.dll,-30253",
        "@FirewallAPI.dll,-30253",
        'SIP "TLS" für alle',
        "agent.exe",
    ]


def test_what_is_no_rule_does_not_hide_the_others(lab: Lab) -> None:
    texts = ("v2.10|Action=Allow|Dir=In|", "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=443|Name=Web|")
    found = offline(lab, state="parsed", running_config="\n".join(texts)).result("fe01")
    assert [rule["name"] for rule in found["parsed"]] == ["Web"]
    (refused,) = found["not_parsed"]
    assert (refused["id"], refused["text"]) == ("line 1", texts[0])
    assert refused["problems"][0].startswith("rule id 'line 1', Name: is missing")


REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"state": "parsed"},
        "running_config, path: state parsed needs exactly one of running_config and path; fix: give the text of the "
        "rules",
    ),
    ({"state": "parsed", "path": "x", "running_config": "y"}, "running_config, path: state parsed needs exactly one"),
    (
        {"state": "rendered", "rules": [{"name": "x", "localport": 80}]},
        "rule x, localport: ports go with TCP and UDP only",
    ),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_what_is_refused_without_a_host(lab: Lab, options: dict[str, Any], message: str) -> None:
    played = offline(lab, **options)
    assert played.status == 2
    result = played.result("fe01")
    assert result["msg"].startswith("1 error in the input:\n")
    assert message in result["msg"]
    assert "Traceback" not in played.output
