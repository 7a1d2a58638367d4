# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IPsec exemptions from ansible-playbook over WinRM, on both engines: states, faults, and whole deployments."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.lab.lab import Lab, Played
from tests.lab.site_lab import SiteLab, printed
from tests.simulators import ipsec_store
from tests.simulators.powershell import PowerShellExecutor

PWSH = os.environ.get("LYNC_PWSH", "")
ENGINES = {"fe01": "cim", "fe02": "netsh"}
ADDRESSES = {"fe01": ["10.1.0.11"], "fe02": ["10.1.0.12"]}
UDP = {"name": "Lync exempt media (UDP)", "protocol": "udp", "rows": ["I5", "I6"]}
TCP = {
    "name": "Lync exempt media (TCP)",
    "protocol": "tcp",
    "localport": "49152-65535",
    "description": "Application sharing.",
}
OLD = {"DisplayName": "Lync exempt old", "Protocol": "UDP"}
FOREIGN = {"{F1}": {"DisplayName": "Theirs", "Protocol": "TCP", "LocalPort": ["5357"]}}
ISOLATION = {"{D1}": {"DisplayName": "Domain isolation", "InboundSecurity": "Require", "OutboundSecurity": "Request"}}


def playbook(**options: Any) -> str:
    task = {"name": "Exempt", "msuc.lync.windows_ipsec_exemptions": options}
    return json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}])


def start(lab: Lab, rules: Mapping[str, Mapping[str, Any]] | None = None) -> None:
    """Start one host with the cmdlets and one without, both with a rule of somebody else and an old one of ours."""
    lab.start({name: {"addresses": addresses, "seed": [{"Name": "Contoso"}]} for name, addresses in ADDRESSES.items()})
    for name, engine in ENGINES.items():
        old = {**OLD, "Group": "msuc.lync"} if engine == "cim" else OLD
        ipsec_store.change(
            lab.stores[name],
            module=engine == "cim",
            rules=ipsec_store.exempted({**FOREIGN, **(rules or {}), "{O1}": old}),
        )


def names(lab: Lab, host: str) -> list[str]:
    return sorted(text.split("|Name=")[1].split("|")[0] for text in ipsec_store.shown(lab.stores[host]).values())


def stats(result: Mapping[str, Any]) -> tuple[int, int, int]:
    return tuple(result["stats"][name] for name in ("round_trips", "enumerations", "writes"))  # type: ignore[return-value]


def test_rhythm_on_both_engines(lab: Lab) -> None:
    start(lab)
    play = playbook(exemptions=[UDP, TCP])
    untouched = {host: lab.stores[host].path.read_bytes() for host in ENGINES}
    checked = lab.play(play, "--check", "--diff")
    for host, engine in ENGINES.items():
        result = checked.result(host)
        assert (result["changed"], stats(result), result["engine"]) == (True, (1, 1, 0), engine), checked.output
        assert lab.stores[host].path.read_bytes() == untouched[host]
        assert "IPsec exemption Lync exempt old (still exempt by Lync exempt media (UDP))" in [
            diff["before_header"] for diff in result["diff"]
        ]
    changed = lab.play(play)
    for host in ENGINES:
        assert (changed.result(host)["changed"], stats(changed.result(host))) == (True, (2, 3, 3)), changed.output
        assert changed.result(host)["after"] == checked.result(host)["after"]
        assert names(lab, host) == [TCP["name"], UDP["name"], "Theirs"]
        assert ipsec_store.shown(lab.stores[host])["{F1}"] == ipsec_store.exempted(FOREIGN)["{F1}"]
    counted = {host: lab.stores[host].counts() for host in ENGINES}
    again = lab.play(play)
    for host in ENGINES:
        now = lab.stores[host].counts()
        assert (again.result(host)["changed"], stats(again.result(host))) == (False, (1, 1, 0))
        assert {what: now[what] - counted[host][what] for what in ("executions", "writes")} == {
            "executions": 1,
            "writes": 0,
        }
    for host in ENGINES:
        rules = {
            key: text.replace("Active=TRUE", "Active=FALSE") if UDP["name"] in text else text
            for key, text in ipsec_store.shown(lab.stores[host]).items()
        }
        ipsec_store.change(lab.stores[host], rules=rules)
    drifted = lab.play(play, "--check")
    repaired = lab.play(play)
    for host in ENGINES:
        (change,) = drifted.result(host)["changes"]
        assert (change["name"], change["properties"]) == (
            UDP["name"],
            [{"property": "enabled", "before": False, "after": True}],
        )
        assert stats(repaired.result(host)) == (2, 3, 1)
    gone = lab.play(playbook(state="deleted"))
    assert [(stats(gone.result(host)), names(lab, host)) for host in ENGINES] == [((2, 3, 2), ["Theirs"])] * 2


def test_faults_are_told_and_the_next_run_goes_on(lab: Lab) -> None:
    start(lab)
    play = playbook(exemptions=[UDP, TCP])
    lab.stores["fe01"].set_faults(drop_after_write=1)
    lab.stores["fe02"].set_faults(netsh_lies=True)
    failed = lab.play(play)
    assert failed.result("fe01")["status"] == "unreachable"
    assert "run again to go on" in failed.result("fe01")["msg"]
    assert "the changes were made, but the exemptions are not as wanted; what is left:" in failed.result("fe02")["msg"]
    assert len(names(lab, "fe01")) == 3
    for host in ENGINES:
        lab.stores[host].set_faults()
    mended = lab.play(play)
    assert [stats(mended.result(host))[2] for host in ENGINES] == [2, 3]
    lab.stores["fe01"].set_faults(access_denied=True)
    denied = lab.play(playbook(exemptions=[UDP]))
    assert "fix: connect with an account that may change the firewall of the host" in denied.result("fe01")["msg"]
    assert denied.result("fe02")["changed"] is True


def test_input_is_refused_before_contact(lab: Lab) -> None:
    start(lab)
    requests = {host: lab.stores[host].counts()["requests"] for host in ENGINES}
    played = lab.play(
        playbook(
            exemptions=[{**UDP, "localport": "RPC"}, {**TCP, "auth1set": "{1}"}, {"protocol": "udp"}],
            policy_store="Media",
        )
    )
    message = played.result("fe01")["msg"]
    for part in (
        "take no words for ports",
        "no authentication or crypto set",
        "the rule has no name",
        "'Media' names no Group Policy object",
    ):
        assert part in message
    assert "Traceback" not in played.output
    assert {host: lab.stores[host].counts()["requests"] for host in ENGINES} == requests


def test_without_a_host(lab: Lab, tmp_path: pathlib.Path) -> None:
    start(lab)
    rendered = lab.play(playbook(exemptions=[UDP], state="rendered"), "--limit", "fe01").result("fe01")
    assert rendered["rendered"] == [
        "v2.10|Action=DoNotSecure|Protocol=17|Active=TRUE|Name=Lync exempt media (UDP)|EmbedCtxt=msuc.lync|"
    ]
    assert "action=noauthentication" in rendered["netsh"] and "action=permit" in rendered["legacy_script"]
    parsed = lab.play(
        playbook(state="parsed", running_config=json.dumps({"{1}": rendered["rendered"][0]})), "--limit", "fe01"
    ).result("fe01")
    assert [(rule["id"], rule["name"], rule["protocol"]) for rule in parsed["parsed"]] == [("{1}", UDP["name"], "udp")]
    never = lab.play(playbook(exemptions=[UDP], needed="false")).result("fe02")
    assert (never["changed"], never["not_needed"]) == (False, "lync_ipsec is false")
    options = {
        "exemptions": [UDP],
        "handout_dir": str(tmp_path / "out"),
        "mirror_peers": [{"name": "clients", "addresses": ["10.10.0.0/16"]}],
    }
    handed = lab.play(playbook(**options)).result("fe01")
    assert [pathlib.Path(path).name for path in handed["handed_out"]] == [
        "fe01-ipsec.txt",
        "fe01-ipsec-gpo.ps1",
        "fe01-ipsec-static.txt",
        "fe01-ipsec-mirror-gpo.ps1",
    ]
    assert lab.play(playbook(**options)).result("fe01")["changed"] is False
    assert [lab.stores[host].counts()["executions"] for host in ENGINES] == [0, 0]


SKIPS = [
    pytest.mark.no_cover,
    pytest.mark.skipif(not PWSH, reason="LYNC_PWSH does not name a PowerShell 7"),
]


@pytest.mark.parametrize("executor", [pytest.param(PWSH, marks=SKIPS, id="powershell")])
def test_the_powershell_of_the_collection_converges_and_stays(lab: Lab, executor: str) -> None:
    lab.executor = PowerShellExecutor(executor)
    start(lab)
    play = playbook(exemptions=[UDP, TCP])
    made = lab.play(play)
    for host in ENGINES:
        assert (stats(made.result(host)), names(lab, host)) == ((2, 3, 3), [TCP["name"], UDP["name"], "Theirs"]), (
            made.output
        )
    again = lab.play(play)
    assert [stats(again.result(host)) for host in ENGINES] == [(1, 1, 0), (1, 1, 0)], again.output


# --- a deployment ---------------------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: pathlib.Path) -> Iterator[SiteLab]:
    """Return two Front End Servers and a Director; um01 is not managed."""
    pool = {"role": "frontend", "load_balancing": "dns", "balancer": "lb01", "web_vip": "10.1.0.101"}
    common = {
        "lync_client_networks": ["10.10.0.0/16"],
        "lync_version": "2010",
        "lync_pools": {"pool01.contoso.com": pool},
    }
    front_ends = {
        name: {"ansible_host": addresses[0], "lync_pool": "pool01.contoso.com"} for name, addresses in ADDRESSES.items()
    }
    groups: dict[str, Any] = {
        "frontend": {"hosts": front_ends},
        "monitoring": {"hosts": {"mon01": {"ansible_host": "10.1.0.51"}}},
        "exchange_um": {"hosts": {"um01": {"ansible_host": "10.1.0.71"}}},
        "load_balancers": {"hosts": {"lb01": {"ansible_host": "10.1.0.5", "lync_balancer_driver": "haproxy"}}},
    }
    path = tmp_path / "hosts.json"
    path.write_text(json.dumps({"all": {"vars": common, "children": groups}}), encoding="utf-8")
    with SiteLab(path, tmp_path / "lab") as lab:
        for host, engine in ENGINES.items():
            ipsec_store.change(lab.lab.stores[host], module=engine == "cim")
        yield lab


def held(site: SiteLab) -> dict[str, list[str]]:
    return {host: names(site.lab, host) for host in ENGINES}


def ok(played: Played) -> Played:
    assert played.status == 0, played.output
    return played


def test_auto_mirrors_drift_and_repair_of_a_deployment(site: SiteLab, tmp_path: pathlib.Path) -> None:
    options = ("-e", f"lync_plan_dir={tmp_path / 'plan'}", "--tags", "ipsec")
    planned = {host: sorted(each["name"] for each in site.plans()[host]["ipsec_exemptions"]) for host in ENGINES}
    assert all(len(found) == 2 for found in planned.values())
    unneeded = ok(site.playbook("site", *options))
    why = "IPsec exemptions are not needed: no rule of the host or of Group Policy requests or requires protection"
    assert f"fe01, fe02: {why}" in printed(unneeded, "Print what was done")
    assert held(site) == {"fe01": [], "fe02": []}
    assert not any(site.rules(host) for host in ENGINES)  # only the concern that was asked for
    for host in ENGINES:
        ipsec_store.change(site.lab.stores[host], policy_rules=ipsec_store.exempted(ISOLATION))
    assert "would change" in printed(ok(site.playbook("site", "--check", *options)), "Print what was done")
    assert held(site) == {"fe01": [], "fe02": []}
    made = ok(site.playbook("site", *options))
    assert held(site) == planned
    results = {record["host"]: record["result"] for record in made.results if "engine" in record["result"]}
    mirrors = results["fe01"]["report"]["mirrors"]
    assert [(each["name"], each["peers"]) for each in mirrors] == [
        (name, ["clients", "um01"]) for name in planned["fe01"]
    ]
    script = (tmp_path / "plan" / "handout" / "fe01-ipsec-mirror-gpo.ps1").read_text(encoding="utf-8-sig")
    assert "RemoteAddress = @('10.1.0.11')" in script and "msuc.lync fe01" in script
    assert "ICMP: not exempt on this host" in made.output
    before = site.counts("executions")
    assert (
        printed(ok(site.playbook("site", *options)), "Print what was done")
        .splitlines()[2]
        .startswith("3 devices unchanged")
    )
    assert {host: count - before[host] for host, count in site.counts("executions").items()} == dict.fromkeys(before, 1)
    rules = ipsec_store.shown(site.lab.stores["fe02"])
    ipsec_store.change(site.lab.stores["fe02"], rules={key: text for key, text in rules.items() if "(UDP)" not in text})
    drifted = site.playbook("drift", *options)
    assert drifted.status != 0 and f"{planned['fe02'][1]}" in drifted.output
    repaired = site.playbook("drift", "-e", "lync_remediate=true", *options)
    assert held(site) == planned, repaired.output
    assert site.playbook("drift", *options).status == 0


@pytest.mark.no_cover
def test_what_a_plan_no_longer_wants_goes_at_last(site: SiteLab) -> None:
    for host in ENGINES:
        ipsec_store.change(site.lab.stores[host], rules=ipsec_store.exempted({**ISOLATION, "{O1}": OLD}))
    played = ok(site.playbook("site", "--tags", "ipsec"))
    kinds = [
        (record["task"], change["kind"]) for record in played.results for change in record["result"].get("changes", ())
    ]
    # The rule without a group is ours by its name, and goes when all others are in place.
    assert [kind for task, kind in kinds if "End the exemptions" in task] == ["remove", "remove"]
    assert {kind for task, kind in kinds if "Exempt what" in task} == {"add"}
    assert all(OLD["DisplayName"] not in found for found in held(site).values())
    assert ok(site.playbook("site", "--tags", "ipsec", "-e", "lync_ipsec=false")).status == 0
