# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module from ansible-playbook over WinRM to simulated hosts: the rhythm of each state, faults, and bad input."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.lab.lab import Lab
from tests.simulators import tamper

HOSTS = {"fe01": {"addresses": ["10.1.0.11", "2001:db8::11"]}, "fe02": {"addresses": ["10.1.0.12"]}}
SIP = {
    "name": "Lync fe-sip-tls (TCP in)",
    "protocol": "tcp",
    "localport": 5061,
    "remoteip": ["10.1.0.0/24", "2001:db8::/64"],
    "rows": ["S2"],
}
MEDIA = {
    "name": "Lync 'media' [UDP] \u00fc *",
    "protocol": "udp",
    "localport": "49152-65535",
    "profiles": "domain,private",
}
OLD = {"Name": "Old", "Grouping": "msuc.lync", "Protocol": 6, "LocalPorts": "5070", "Enabled": True}
NOT_FOREIGN = "msuc.lync"


def playbook(**options: Any) -> str:
    """Return a play of one task on all hosts; JSON, and so YAML."""
    task = {"name": "Firewall", "msuc.lync.windows_firewall_rules": options}
    return json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}])


def rules(lab: Lab, host: str) -> dict[str, dict[str, Any]]:
    """Return the owned rules of a host by name, looked up in its store."""
    return {rule["Name"]: rule for rule in tamper.show(lab.stores[host], NOT_FOREIGN)}


def foreign(lab: Lab, host: str) -> list[str]:
    """Return the foreign rules of a host, byte by byte."""
    return [json.dumps(rule) for rule in lab.stores[host].read()["rules"] if rule["Grouping"] != NOT_FOREIGN]


def stats(result: Mapping[str, Any]) -> tuple[int, int, int]:
    return tuple(result["stats"][name] for name in ("round_trips", "enumerations", "writes"))  # type: ignore[return-value]


def start_with_old_rules(lab: Lab) -> None:
    """Start the hosts with rules of Windows and of setup, and two of our own."""
    lab.start(HOSTS)
    for store in lab.stores.values():
        document = store.read()
        template = next(rule for rule in document["rules"] if rule["Name"] == "CS RTCSRV")
        owned = [
            {**template, "ApplicationName": None, **OLD, "id": "{1}"},
            {**template, "ApplicationName": None, **OLD, "Name": SIP["name"], "id": "{2}"},
        ]
        store.write({**document, "rules": [*document["rules"], *owned]})


# state, rules, the names that are left, and per run what is added, changed, removed, and the writes
RHYTHM: list[tuple[str, list[dict[str, Any]], set[str], tuple[int, int, int, int]]] = [
    ("replaced", [SIP, MEDIA], {str(SIP["name"]), str(MEDIA["name"])}, (1, 1, 1, 4)),
    ("merged", [SIP, MEDIA], {str(SIP["name"]), str(MEDIA["name"]), "Old"}, (1, 1, 0, 3)),
    ("deleted", [{"name": "Old"}], {str(SIP["name"])}, (0, 0, 1, 1)),
]


# One of them is measured.
STATES = [
    pytest.param(*case, id=case[0], marks=[pytest.mark.no_cover] if case[0] != "replaced" else []) for case in RHYTHM
]


@pytest.mark.parametrize(("state", "want", "names", "counts"), STATES)
def test_rhythm(
    lab: Lab, state: str, want: list[dict[str, Any]], names: set[str], counts: tuple[int, int, int, int]
) -> None:
    start_with_old_rules(lab)
    play = playbook(rules=want, state=state)
    untouched = {host: (store.path.read_bytes(), foreign(lab, host)) for host, store in lab.stores.items()}

    checked = lab.play(play, "--check", "--diff")
    for host, store in lab.stores.items():
        result = checked.result(host)
        summary = result["summary"]
        assert (summary["added"], summary["changed"], summary["removed"]) == counts[:3], checked.output
        assert (result["changed"], stats(result)) == (True, (1, 1, 0))
        assert store.path.read_bytes() == untouched[host][0]
        assert [diff["before_header"] for diff in result["diff"]] == [
            f"firewall rule {change['name']} ({change['effect']})" for change in result["changes"]
        ]

    changed = lab.play(play)
    for host in HOSTS:
        assert (changed.result(host)["changed"], stats(changed.result(host))) == (True, (2, 3, counts[3])), (
            changed.output
        )
        assert changed.result(host)["after"] == checked.result(host)["after"]
        assert "diff" not in changed.result(host)
        assert set(rules(lab, host)) == names

    again = lab.play(play, "--diff")
    before = {host: store.counts() for host, store in lab.stores.items()}
    for host in HOSTS:
        assert (again.result(host)["changed"], stats(again.result(host)), again.result(host)["diff"]) == (
            False,
            (1, 1, 0),
            [],
        )

    spoil(lab, state)
    drifted = lab.play(play, "--check").result("fe02")
    assert [change["name"] for change in drifted["changes"]] == ["Old" if state == "deleted" else SIP["name"]]
    repaired = lab.play(play)
    assert (stats(repaired.result("fe02")), stats(repaired.result("fe01"))) == ((2, 3, 1), (1, 1, 0))
    assert stats(lab.play(play).result("fe02")) == (1, 1, 0)
    done = lab.stores["fe02"].counts()
    assert (done["writes"] - before["fe02"]["writes"], done["executions"] - before["fe02"]["executions"]) == (
        2 if state != "deleted" else 1,
        4,
    )
    for host in HOSTS:
        assert set(rules(lab, host)) == names
        assert foreign(lab, host) == untouched[host][1]


def spoil(lab: Lab, state: str) -> None:
    """Change one thing by hand on fe02: the rule that deletion removed comes back, or a wanted one is disabled."""
    store = lab.stores["fe02"]
    if state == "deleted":
        document = store.read()
        template = next(rule for rule in document["rules"] if rule["Name"] == "CS RTCSRV")
        store.write({**document, "rules": [*document["rules"], {**template, **OLD, "id": "{3}"}]})
    else:
        tamper.change(store, str(SIP["name"]), {"enabled": False})
        store.count(writes=1)


def test_drift_is_named_property_by_property(lab: Lab) -> None:
    lab.start({"fe01": HOSTS["fe01"]})
    play = playbook(rules=[SIP])
    lab.play(play)
    tamper.change(lab.stores["fe01"], str(SIP["name"]), {"remoteip": "10.0.0.0/8"})
    result = lab.play(play, "--check", "--diff").result("fe01")
    assert result["commands"] == [f"change rule {SIP['name']}: remoteip from 10.0.0.0/8 to 10.1.0.0/24,2001:db8::/64"]
    assert result["changes"][0]["properties"] == [
        {"property": "remoteip", "before": ["10.0.0.0/8"], "after": ["10.1.0.0/24", "2001:db8::/64"]}
    ]
    assert result["summary"]["admission_changed"] == 1
    assert "-remoteip: 10.0.0.0/8\n" in lab.play(play, "--check", "--diff").output


def test_phases_over_the_wire(lab: Lab) -> None:
    start_with_old_rules(lab)
    opened = lab.play(playbook(rules=[SIP], phase="open"))
    assert (opened.result("fe01")["pending"], stats(opened.result("fe01"))) == (True, (2, 3, 1))
    assert len(tamper.show(lab.stores["fe01"], NOT_FOREIGN)) == 3
    closed = lab.play(playbook(rules=[SIP], phase="close"))
    assert (closed.result("fe01")["pending"], closed.result("fe01")["summary"]["removed"]) == (False, 2)
    assert set(rules(lab, "fe01")) == {SIP["name"]}
    assert stats(lab.play(playbook(rules=[SIP])).result("fe01")) == (1, 1, 0)


def test_gathered(lab: Lab) -> None:
    start_with_old_rules(lab)
    result = lab.play(playbook(state="gathered")).result("fe01")
    assert [rule["name"] for rule in result["gathered"]] == [SIP["name"], "Old"]
    assert result["changed"] is False
    assert result["host"]["addresses"] == HOSTS["fe01"]["addresses"]


BAD_INPUT: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"rules": [{**SIP, "localport": "70000"}, {**SIP, "local_ip": "x"}], "expected_addresses": ["fe01"]},
        [
            "4 errors in the input:",
            "localport: '70000' is out of order or outside 1-65535",
            "local_ip: 'local_ip' is not an option of a rule",
            "fix: write localip",
            "name: the name stands 2 times in the list",
            "expected_addresses: 'fe01' is not an IPv4 or IPv6 address",
        ],
    ),
    ({"rules": [], "state": "purged"}, ["value of state must be one of: merged, replaced, ", ", got: purged"]),
    ({"rules": ["x"]}, ["rules"]),
    ({"rulez": []}, ["rulez"]),
]


@pytest.mark.parametrize(("options", "texts"), BAD_INPUT)
def test_bad_input_is_refused_before_any_contact(lab: Lab, options: dict[str, Any], texts: list[str]) -> None:
    lab.start({"fe01": HOSTS["fe01"]})
    played = lab.play(playbook(**options))
    assert (played.status, played.result("fe01")["status"]) == (2, "failed")
    for text in texts:
        assert text in played.result("fe01")["msg"]
    assert "Traceback" not in played.output
    assert lab.stores["fe01"].counts()["requests"] == 0


def test_a_host_with_other_addresses_is_refused(lab: Lab) -> None:
    lab.start(HOSTS)
    played = lab.play(playbook(rules=[{**MEDIA, "localip": "10.1.0.11"}], expected_addresses=["10.1.0.11"]))
    assert (played.result("fe01")["status"], played.result("fe02")["status"]) == ("ok", "failed")
    message = played.result("fe02")["msg"]
    assert (
        "expected_addresses: 10.1.0.11 is not an address of the host; allowed: 10.1.0.12 (the host's addresses)"
        in message
    )
    assert f"rule {MEDIA['name']}, localip: 10.1.0.11 is not an address of the host" in message
    assert rules(lab, "fe02") == {}


# the fault, the status of the run, a text of the message, and the owned rules that are there after it
FAULTS: list[tuple[dict[str, int | bool], str, str, int]] = [
    ({"access_denied": True}, "failed", "(done: nothing; not done: add ", 0),
    ({"com_error_at_write": 2}, "failed", "': Unspecified error (0x80004005)", 1),
    (
        {"drop_after_write": 1},
        "unreachable",
        "the connection broke during apply, what was written before stays, run again to go on: ",
        1,
    ),
    ({"unreachable": True}, "unreachable", "", 0),
    ({"unauthorized": True}, "unreachable", "", 0),
    ({"garbage": True}, "failed", "the firewall of the host could not be read: ", 0),
]


def test_faults_are_reported_hide_nothing_and_the_next_run_converges(lab: Lab) -> None:
    hosts = {f"h{number}": {"addresses": ["10.1.0.11"]} for number in range(len(FAULTS) + 1)}
    lab.start(hosts)
    for fault, host in zip(FAULTS, hosts, strict=False):
        lab.stores[host].set_faults(**fault[0])
    play = playbook(rules=[SIP, MEDIA])
    played = lab.play(play)
    for (faults, status, text, left), host in zip(FAULTS, hosts, strict=False):
        result = played.result(host)
        assert (result["status"], len(rules(lab, host))) == (status, left), (faults, played.output)
        assert text in result["msg"]
        lab.stores[host].set_faults()
    assert played.result(f"h{len(FAULTS)}")["status"] == "ok"
    assert "Traceback (most recent call last)" not in played.output
    healed = lab.play(play)
    assert {host: healed.result(host)["status"] for host in hosts} == dict.fromkeys(hosts, "ok")
    assert all(len(rules(lab, host)) == 2 for host in hosts)
    assert all(stats(lab.play(play).result(host)) == (1, 1, 0) for host in list(hosts)[:1])
