# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""msuc.lync.f5_as3 from ansible-playbook against a simulated BIG-IP, with the services of the large example."""

from __future__ import annotations

import copy
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.lab import Lab, Played
from tests.simulators.f5_simulator import BigIpSimulator

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "contoso" / "pools"
TASK = (
    "  - name: {name}\n    msuc.lync.f5_as3: "
    "{{ services: '{{{{ services }}}}', provider: '{{{{ provider }}}}', state: {state}{more} }}\n"
)
HEAD = "- hosts: lb01\n  gather_facts: false\n  tasks:\n"


class F5Lab:
    """A simulated BIG-IP and an inventory that leads to it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.bigip = BigIpSimulator()
        items = [
            item
            for path in sorted(GOLDEN.glob("pool0*.json"))
            for item in json.loads(path.read_text(encoding="utf-8"))["virtual_services"]
        ]
        given = {
            "host": self.bigip.address,
            "port": self.bigip.port,
            "user": self.bigip.user,
            "password": self.bigip.password,
            "ca": self.bigip.ca,
        }
        self.variables: dict[str, Any] = {"services": items, "provider": given}

    def play(self, *tasks: tuple[str, str], arguments: tuple[str, ...] = (), more: str = "") -> Played:
        """Play tasks, each a name and a state."""
        self.lab.inventory.write_text(json.dumps({"all": {"hosts": {"lb01": self.variables}}}), encoding="utf-8")
        return self.lab.play(
            HEAD + "".join(TASK.format(name=name, state=state, more=more) for name, state in tasks), *arguments
        )

    def members(self, port: int) -> dict[str, Any]:
        """Return the members of the only pool behind a port, by an independent look."""
        pools = {path: made for path, made in self.bigip.objects.items() if made["command"] == "ltm pool"}
        (found,) = [path for path in pools if path.endswith(f"pool01.contoso.com-fe-sip-tls-{port}")]
        members = pools[found]["properties"]["members"]
        assert isinstance(members, dict)
        return members


@pytest.fixture
def f5(lab: Lab) -> Iterator[F5Lab]:
    made = F5Lab(lab)
    yield made
    made.bigip.stop()
    assert made.bigip.contract.faults == []


def results(played: Played) -> list[dict[str, Any]]:
    assert played.status == 0, played.output
    return [dict(record["result"]) for record in played.of("lb01")]


def test_the_rhythm_from_a_playbook(f5: F5Lab) -> None:
    schema = os.environ.get("LYNC_AS3_SCHEMA")
    more = f", schema: {schema}" if schema else ""
    checked = f5.play(("Check", "replaced"), arguments=("--check", "--diff", "-vvv"), more=more)
    (result,) = results(checked)
    assert result["changed"]
    assert result["summary"]["added"] == len(f5.variables["services"])
    assert "virtual service pool01.contoso.com-fe-sip-tls-5061" in checked.output
    assert f5.bigip.password not in checked.output
    assert (f5.bigip.objects, f5.bigip.stored, f5.bigip.saves) == ({}, {}, 0)

    applied, again, gathered = results(f5.play(("Apply", "replaced"), ("Again", "replaced"), ("Gather", "gathered")))
    assert (applied["changed"], again["changed"], again["stats"]["requests"]) == (True, False, 2)
    assert len([path for path, made in f5.bigip.objects.items() if made["command"] == "ltm virtual"]) == len(
        f5.variables["services"]
    )
    assert [each["name"] for each in gathered["gathered"]] == sorted(item["name"] for item in f5.variables["services"])
    assert all("cookie" not in str(each["persistence"]["kind"]) for each in gathered["gathered"])

    member = next(iter(f5.members(5061)))
    f5.members(5061)[member].update(session="user-disabled", state="user-down")
    before = copy.deepcopy(f5.bigip.objects)
    (drift,) = results(f5.play(("Drift", "replaced"), arguments=("--check",)))
    assert [(each["name"], each["impact"]) for each in drift["changes"]] == [
        ("pool01.contoso.com-fe-sip-tls-5061", "modifies members")
    ]
    assert "disabled" in drift["commands"][0]
    assert f5.bigip.objects == before

    repaired, settled = results(f5.play(("Repair", "replaced"), ("Settled", "replaced")))
    assert (repaired["changed"], repaired["stats"]["requests"], settled["changed"]) == (True, 4, False)
    assert f5.members(5061)[member]["session"] == "user-enabled"


def test_without_a_device(f5: F5Lab) -> None:
    (rendered,) = results(f5.play(("Render", "rendered")))
    config = f5.lab.directory / "declaration.json"
    config.write_text(json.dumps(rendered["document"]), encoding="utf-8")
    (parsed,) = results(f5.play(("Parse", "parsed"), more=f", path: {config}"))
    assert [each["name"] for each in parsed["parsed"]] == sorted(item["name"] for item in f5.variables["services"])
    (why,) = {each["why"] for each in rendered["not_rendered"]}
    assert "the cookie can only be set in decrypted traffic, and the address of the client stands in for it" in why
    assert f5.bigip.log == []


def test_mistakes_are_clear_sentences(f5: F5Lab) -> None:
    services, provider = f5.variables["services"][:1], f5.variables["provider"]
    mistakes: list[tuple[dict[str, Any], str]] = [
        (
            {"services": [services[0] | {"options": {"allow_vlan": ["/Common/a"]}}], "provider": provider},
            "allow_vlan is no option of f5_as3",
        ),
        ({"services": services, "provider": provider | {"password": "not it"}}, "HTTP 401, the credentials are wrong"),
        ({"services": services, "provider": provider | {"ca": "/nowhere/ca.pem"}}, "correct ca"),
        ({"services": services, "provider": {"host": "lb01", "user": "ansible"}}, "password"),
        ({"services": services, "provider": {"user": "ansible", "password": "x"}}, "host"),
        ({"services": services}, "provider: is missing"),
        ({"provider": provider}, "services: is missing with state replaced"),
        ({"state": "parsed"}, "running_config: is missing"),
        ({"state": "parsed", "running_config": "{"}, "running_config: cannot be read"),
        ({"state": "parsed", "running_config": "[" * 50_000}, "running_config: cannot be read"),
        ({"state": "parsed", "running_config": '{"class": "Tenant"}'}, "is no AS3 declaration"),
    ]
    tasks = [
        {"name": f"Mistake {number}", "msuc.lync.f5_as3": options, "ignore_errors": True}
        for number, (options, _words) in enumerate(mistakes)
    ]
    f5.lab.inventory.write_text(json.dumps({"all": {"hosts": {"lb01": {}}}}), encoding="utf-8")
    played = f5.lab.play(json.dumps([{"hosts": "lb01", "gather_facts": False, "tasks": tasks}]))
    messages = [str(record["result"].get("msg")) for record in played.of("lb01")]
    assert len(messages) == len(mistakes)
    assert [words for (_options, words), message in zip(mistakes, messages, strict=True) if words not in message] == []
    assert "Traceback" not in played.output
    assert f5.bigip.stored == {}
