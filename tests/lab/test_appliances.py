# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules of NetScaler and Kemp through ansible-playbook, over HTTPS to simulated appliances.

In the rhythm of states.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.https import Connection, Https

from tests.lab.lab import Lab, Played
from tests.simulators import kemp, netscaler

ROOT = pathlib.Path(__file__).resolve().parents[2]
POOL = json.loads(
    (ROOT / "tests" / "golden" / "contoso" / "pools" / "pool01.contoso.com.json").read_text(encoding="utf-8")
)
SERVICES = POOL["virtual_services"]
SIP = "pool01.contoso.com-fe-sip-tls-5061"


def play(
    lab: Lab, module: str, provider: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]], *arguments: str
) -> Played:
    """Run tasks of a module, each with these options, on a host that is never connected to."""
    lab.inventory.write_text(
        json.dumps({"all": {"hosts": {"lb01": {"ansible_host": "192.0.2.1", "secret": provider}}}}), encoding="utf-8"
    )
    listed = [
        {
            "name": f"Services {number}",
            f"msuc.lync.{module}": {
                "services": SERVICES,
                "provider": "{{ secret }}",
                **{name: value for name, value in options.items() if name[0] != "_"},
            },
            "ignore_errors": True,
            **options.get("_task", {}),
        }
        for number, options in enumerate(tasks)
    ]
    return lab.play(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": listed}]), *arguments)


def results(played: Played) -> list[Mapping[str, Any]]:
    return [{**record["result"], "status": record["status"]} for record in played.of("lb01")]


def rhythm(
    lab: Lab,
    module: str,
    appliance: kemp.LoadMaster | netscaler.NetScaler,
    look: Callable[[], object],
    tamper: Callable[[], object],
) -> Mapping[str, Any]:
    """Check, look, apply and again, look, tamper, check, repair and again, look.

    Return the result of the check after tampering.
    """
    provider, empty = appliance.provider(), look()
    check = play(lab, module, provider, [{}], "--check", "--diff", "-vvv")
    (first,) = results(check)
    assert first["changed"] and look() == empty, check.output
    assert len(first["diff"]) == len(SERVICES)
    assert "not-a-secret" not in check.output
    applied, again = results(play(lab, module, provider, [{}, {}]))
    assert applied["changed"] and applied["lines"] == first["lines"]
    # A NetScaler is asked besides whether what it has is saved, a LoadMaster for a switch that counts apart.
    stats = {"requests": 2, "verify_requests": 0}
    stats = stats if module == "netscaler_services" else {"requests": 1, "verify_requests": 1}
    assert (again["changed"], again["lines"], again["stats"]) == (False, [], stats)
    made = look()
    assert made != empty
    tamper()
    tampered = look()
    assert tampered != made
    appliance.asked()
    drift, repaired, last = results(play(lab, module, provider, [{"_task": {"check_mode": True}}, {}, {}]))
    assert (drift["changed"], drift["stats"]["requests"], repaired["changed"], last["changed"]) == (
        True,
        1,
        True,
        False,
    )
    assert repaired["lines"] == drift["lines"]
    assert look() == made
    return drift


def test_a_netscaler_converges_and_a_change_by_hand_is_named_and_repaired(lab: Lab) -> None:
    with netscaler.NetScaler() as adc:
        group = {"servicegroupname": f"lync_{SIP}", "clttimeout": 60, "svrtimeout": 60}
        drift = rhythm(lab, "netscaler_services", adc, adc.config, lambda: adc.appliance.update("servicegroup", group))
        (change,) = drift["changes"]
        assert (change["name"], change["properties"]) == (
            SIP,
            [{"property": "idle_seconds", "before": 60, "after": 1800}],
        )
        assert drift["commands"] == [f"change {SIP} (modifies the service in place): idle_seconds from 60 to 1800"]
        assert drift["lines"] == [f"set serviceGroup lync_{SIP} -cltTimeout 1800 -svrTimeout 1800"]
        assert drift["not_rendered"][0]["name"] == "persistence"
        made = adc.config()
        adc.restart()
        assert adc.config() == made, "the configuration was not saved"


def test_a_loadmaster_converges_and_a_change_by_hand_is_named_and_repaired(lab: Lab) -> None:
    with kemp.LoadMaster() as lm:
        place = {"vs": "10.1.0.101", "port": "80", "prot": "tcp"}
        drift = rhythm(lab, "kemp_services", lm, lm.services, lambda: lm.do("modvs", **place, Idletime="660"))
        names = ["pool01.contoso.com-fe-web-https-443", "pool01.contoso.com-fe-web-http-80"]
        assert drift["commands"] == [
            f"change {name} (modifies the service in place): idle_seconds from 660 to 1800" for name in names
        ]
        assert drift["lines"] == ["modvs vs=10.1.0.101 port=80 prot=tcp Idletime=1800"]


READ_BACK = {
    "netscaler_services": "{{ rendered.rendered | join('\n') }}",
    "kemp_services": "{{ rendered.document | to_json }}",
}


@pytest.mark.parametrize("module", sorted(READ_BACK))
def test_what_is_rendered_is_parsed_back_without_an_appliance(lab: Lab, module: str) -> None:
    rendered = {"state": "rendered", "_task": {"register": "rendered"}}
    parsed = results(
        play(lab, module, {}, [rendered, {"state": "parsed", "services": [], "running_config": READ_BACK[module]}])
    )[1]["parsed"]
    assert len(parsed) == len(SERVICES)
    sip = next(found for found in parsed if (found["vip"], found["port"]) == ("10.1.0.100", 5061))
    assert (sip["pool"], sip["persistence"]["seconds"], sip["idle_seconds"]) == ("pool01.contoso.com", 1200, 1800)


UNREACHABLE = {"host": "127.0.0.1", "port": 1, "user": "u", "password": "not-a-secret"}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"provider": {}}, "provider.host: is missing; fix: name the appliance"),
    (
        {"provider": {"host": "192.0.2.1"}},
        "provider: has neither a token nor user and password; fix: give one of them",
    ),
    ({"services": [{"name": "x"}]}, "services[0] x: "),
    ({"state": "parsed"}, "running_config: state parsed needs what is to be parsed"),
    ({"provider": UNREACHABLE}, "127.0.0.1:1: cannot be reached"),
]


@pytest.mark.parametrize("module", sorted(READ_BACK))
def test_what_is_refused_is_one_failed_result(lab: Lab, module: str) -> None:
    played = play(lab, module, UNREACHABLE, [options for options, _message in REFUSED])
    for (_options, message), result in zip(REFUSED, results(played), strict=True):
        assert result["status"] == "failed"
        assert message in result["msg"]
    assert "Traceback" not in played.output
    assert "not-a-secret" not in played.output


def test_requests_beside_the_way_of_one_call_per_object(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    """An idempotent run is at most 2 requests, a change of one member at most 4; per object it takes hundreds.

    To add or remove a member takes a LoadMaster one command per Virtual Service, and one request per command: no
    document knows of fewer.
    """
    fewer = [{**each, "members": each["members"][:-1]} for each in SERVICES]
    drained = [
        {**each, "members": each["members"][:-1], "draining_members": each["members"][-1:]} for each in SERVICES
    ]
    steps = [{}, {}, {"services": drained}, {"services": fewer}]
    with netscaler.NetScaler() as adc, kemp.LoadMaster() as lm:
        _made, idle, drain, member = results(play(lab, "netscaler_services", adc.provider(), steps))
        adc.asked()
        per_object = len(one_call_per_object(adc))
        per_binding = sum(line.startswith("unbind serviceGroup") for line in member["lines"])
        made, kemp_idle, kemp_drain, kemp_member = results(play(lab, "kemp_services", lm.provider(), steps))
        items = len(lm.services())
    with capsys.disabled():
        print(
            f"\nNetScaler, {len(SERVICES)} services: nothing to do {sent(idle)} requests, "
            f"one call per object {per_object};"
        )
        print(
            f"  a member drained {sent(drain)}, less {sent(member)} requests, "
            f"one call per object {per_object + per_binding + 1}"
        )
        print(
            f"LoadMaster, the same in {items} Virtual Services of {sent(made)} requests: "
            f"nothing to do {sent(kemp_idle)},"
        )
        print(
            f"  a member drained (one per address family) {sent(kemp_drain)}, less {sent(kemp_member)}, "
            "which is the least that its API knows:"
        )
        print(f"  1 + one per Virtual Service; one call per service {2 * len(SERVICES)}")
    assert sent(idle) <= 2 and sent(drain) <= 4 and sent(member) <= 4
    assert sent(kemp_idle) <= 2 and sent(kemp_drain) <= 4
    assert sent(kemp_member) == 1 + items
    assert per_object > 100 * sent(idle) and per_binding == len(SERVICES)


def sent(result: Mapping[str, Any]) -> int:
    """Return the requests of a task, the look again after a change apart."""
    return int(result["stats"]["requests"])


def one_call_per_object(adc: netscaler.NetScaler) -> list[str]:
    """Look at every object by a request of its own, as modules that manage one object do."""
    with Https(Connection("127.0.0.1", adc.port, ca=adc.ca)) as https:
        headers = {"X-NITRO-USER": netscaler.USER, "X-NITRO-PASS": netscaler.PASSWORD}
        for kind, rows in adc.config().items():
            for row in rows.values():
                assert https.send("GET", f"/nitro/v1/config/{kind}/{row[netscaler.KEYS[kind][0]]}", headers=headers).ok
    return adc.asked()
