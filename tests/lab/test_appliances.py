# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules of NetScaler and Kemp through ansible-playbook, over HTTPS to simulated appliances, in the rhythm of states."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils.balancers.http import Https, Provider

from tests.lab import kemp, netscaler
from tests.lab.lab import Lab, Played

ROOT = pathlib.Path(__file__).resolve().parents[2]
POOL = json.loads((ROOT / "tests" / "golden" / "contoso" / "pools" / "pool01.contoso.com.json").read_text(encoding="utf-8"))
SERVICES = POOL["virtual_services"]
SIP = "pool01.contoso.com-fe-sip-tls-5061"


def play(lab: Lab, module: str, provider: Mapping[str, Any], *arguments: str, **options: Any) -> Played:
    """Run one task of a module, on a host that is never connected to."""
    lab.inventory.write_text(json.dumps({"all": {"hosts": {"lb01": {"ansible_host": "192.0.2.1", "secret": provider}}}}), encoding="utf-8")
    task = {"name": "Services", f"msuc.lync.{module}": {"services": SERVICES, "provider": "{{ secret }}", **options}}
    return lab.play(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}]), *arguments)


def rhythm(lab: Lab, module: str, provider: Mapping[str, Any], look: Callable[[], object], tamper: Callable[[], object]) -> list[Mapping[str, Any]]:
    """Check, look, apply, look, again, tamper, check, apply, again; return the result of the check after tampering, and of all runs."""
    empty = look()
    check = play(lab, module, provider, "--check", "--diff", "-vvv")
    first = check.result("lb01")
    assert first["changed"] and look() == empty, check.output
    assert len(first["diff"]) == len(SERVICES)
    assert "not-a-secret" not in check.output
    applied = play(lab, module, provider).result("lb01")
    assert applied["changed"] and applied["commands"] == first["commands"]
    made = look()
    assert made != empty
    again = play(lab, module, provider).result("lb01")
    assert (again["changed"], again["commands"], again["requests"]) == (False, [], 1)
    tamper()
    tampered = look()
    assert tampered != made
    drift = play(lab, module, provider, "--check").result("lb01")
    assert drift["changed"] and look() == tampered
    assert play(lab, module, provider).result("lb01")["changed"]
    assert look() == made
    last = play(lab, module, provider).result("lb01")
    assert not last["changed"]
    return [drift, first, applied, again, last]


def test_a_netscaler_converges_and_a_change_by_hand_is_named_and_repaired(lab: Lab) -> None:
    with netscaler.NetScaler() as adc:
        group = {"servicegroupname": f"lync_{SIP}", "clttimeout": 60, "svrtimeout": 60}
        drift = rhythm(lab, "netscaler_services", adc.provider(), adc.config, lambda: adc.appliance.update("servicegroup", group))[0]
        (change,) = drift["changes"]
        assert (change["name"], change["fields"][0]["field"]) == (SIP, "idle_seconds")
        assert drift["commands"] == [f"set serviceGroup lync_{SIP} -cltTimeout 1800 -svrTimeout 1800"]
        assert drift["not_rendered"][0]["field"] == "persistence"
        adc.restart()
        assert not play(lab, "netscaler_services", adc.provider()).result("lb01")["changed"]


def test_a_loadmaster_converges_and_a_change_by_hand_is_named_and_repaired(lab: Lab) -> None:
    with kemp.LoadMaster() as lm:
        place = {"vs": "10.1.0.101", "port": "80", "prot": "tcp"}
        drift = rhythm(lab, "kemp_services", lm.provider(), lm.services, lambda: lm.do("modvs", **place, Idletime="660"))[0]
        assert [change["name"] for change in drift["changes"]] == ["tcp 10.1.0.101 port 443", "tcp 10.1.0.101 port 80"]
        assert drift["commands"] == ["modvs vs=10.1.0.101 port=80 prot=tcp Idletime=1800"]


@pytest.mark.parametrize("module", ["netscaler_services", "kemp_services"])
def test_what_is_rendered_is_parsed_back_without_an_appliance(lab: Lab, module: str) -> None:
    rendered = play(lab, module, {}, state="rendered").result("lb01")
    text = "\n".join(rendered["rendered"]) if module == "netscaler_services" else json.dumps(rendered["document"])
    parsed = play(lab, module, {}, state="parsed", services=[], running_config=text).result("lb01")["parsed"]
    assert len(parsed) == len(SERVICES)
    sip = next(found for found in parsed if (found["vip"], found["port"]) == ("10.1.0.100", 5061))
    assert (sip["pool"], sip["persistence"]["seconds"], sip["idle_seconds"]) == ("pool01.contoso.com", 1200, 1800)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("netscaler_services", {"provider": {}}, "provider.host: is missing; fix: name the appliance"),
    ("kemp_services", {"provider": {"host": "192.0.2.1"}}, "provider: has neither a token nor user and password; fix: give one of them"),
    ("netscaler_services", {"services": [{"name": "x"}]}, "services[0] x: "),
    ("kemp_services", {"state": "parsed"}, "running_config: state parsed needs what is to be parsed"),
    ("netscaler_services", {"provider": {"host": "127.0.0.1", "port": 1, "user": "u", "password": "not-a-secret"}}, "127.0.0.1:1: cannot be reached"),
]


@pytest.mark.parametrize(("module", "options", "message"), REFUSED)
def test_what_is_refused_is_one_failed_result(lab: Lab, module: str, options: dict[str, Any], message: str) -> None:
    played = play(lab, module, {}, **options)
    assert played.status == 2
    assert message in played.result("lb01")["msg"]
    assert "Traceback" not in played.output
    assert "not-a-secret" not in played.result("lb01")["msg"]


def test_requests_beside_the_way_of_one_call_per_object(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    """An idempotent run is at most 2 requests, a change of one member at most 4; per object it takes hundreds."""
    with netscaler.NetScaler() as adc:
        play(lab, "netscaler_services", adc.provider())
        adc.asked()
        play(lab, "netscaler_services", adc.provider())
        idempotent = len(adc.asked())
        per_object = len(one_call_per_object(adc))
        fewer = [{**each, "members": each["members"][:-1]} for each in SERVICES]
        result = play(lab, "netscaler_services", adc.provider(), services=fewer).result("lb01")
        member = len(adc.asked())
        per_binding = sum(line.startswith("unbind serviceGroup") for line in result["commands"])
    with capsys.disabled():
        print(f"\nNetScaler, {len(SERVICES)} services: nothing to do {idempotent} request, one call per object {per_object};")
        print(f"  a member less {member} requests, one call per object {per_object + per_binding + 1}")
    assert idempotent <= 2 and member <= 4
    assert per_object > 100 * idempotent and per_binding == len(SERVICES)


def one_call_per_object(adc: netscaler.NetScaler) -> list[str]:
    """Look at every object by a request of its own, as modules that manage one object do."""
    with Https(Provider("127.0.0.1", adc.port, ca=adc.ca)) as https:
        headers = {"X-NITRO-USER": netscaler.USER, "X-NITRO-PASS": netscaler.PASSWORD}
        for kind, rows in adc.config().items():
            for row in rows.values():
                assert https.send("GET", f"/nitro/v1/config/{kind}/{row[netscaler.KEYS[kind][0]]}", headers=headers).ok
    return adc.asked()
