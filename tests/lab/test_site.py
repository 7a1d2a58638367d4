# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbooks site, drift and plan from ansible-playbook over WinRM to whole deployments of simulated hosts."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.lab.lab import ROOT, Played
from tests.lab.site_lab import SiteLab, printed
from tests.lab.summaries import summary

# What it runs has its coverage from the tests of single plugins and hosts.
pytestmark = pytest.mark.no_cover

RECAP = "Print what was done"


def deployment(groups: Mapping[str, Mapping[str, Mapping[str, object]]], **variables: object) -> dict[str, Any]:
    """Return an inventory of two Front End pools of three, balanced by DNS, and the given groups over it."""
    pool = {"role": "frontend", "load_balancing": "dns", "balancer": "lb01"}
    pools = {
        "pool01.contoso.com": {**pool, "web_vip": "10.1.0.101"},
        "pool02.contoso.com": {**pool, "web_vip": "10.1.0.102"},
    }
    common = {"lync_client_networks": ["10.10.0.0/16"], "lync_version": "2013", "lync_pools": pools, **variables}
    return {"all": {"vars": common, "children": {name: {"hosts": hosts} for name, hosts in groups.items()}}}


FRONT_ENDS = {
    f"fe{number}": {"ansible_host": f"10.1.0.{number}", "lync_pool": f"pool0{number // 10}.contoso.com"}
    for number in (11, 12, 13, 21, 22, 23)
}
BALANCERS = {"lb01": {"ansible_host": "10.1.0.5", "lync_balancer_driver": "haproxy"}}
GROUPS = {"frontend": FRONT_ENDS, "load_balancers": BALANCERS}


@pytest.fixture
def site(tmp_path: pathlib.Path) -> Iterator[SiteLab]:
    """Return a lab of two pools of three Front End Servers."""
    with SiteLab(saved(tmp_path, deployment(GROUPS)), tmp_path / "lab") as lab:
        yield lab


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return what the hosts of that lab are once it has converged."""
    directory = tmp_path_factory.mktemp("converged")
    with SiteLab(saved(directory, deployment(GROUPS)), directory / "lab") as lab:
        ok(lab.playbook("site"))
        assert held(lab) == planned(lab)
        return {host: store.read() for host, store in lab.lab.stores.items()}


@pytest.fixture
def converged(site: SiteLab, documents: dict[str, dict[str, Any]]) -> SiteLab:
    """Return the lab as it is after a run."""
    for host, store in site.lab.stores.items():
        store.write(documents[host])
    return site


def saved(directory: pathlib.Path, inventory: Mapping[str, Any]) -> pathlib.Path:
    """Write an inventory; written again, the next run reads the new one."""
    path = directory / "hosts.json"
    path.write_text(json.dumps(inventory), encoding="utf-8")
    return path


def planned(site: SiteLab) -> dict[str, set[str]]:
    """Return the names of the planned rules of each Windows host, from plan files."""
    plans = site.plans()
    return {host: {rule["name"] for rule in plans[host]["firewall_rules"]} for host in site.lab.stores}


def held(site: SiteLab) -> dict[str, set[str]]:
    """Return the names of the owned rules of each host, by an independent look."""
    return {host: {rule["Name"] for rule in site.rules(host)} for host in site.lab.stores}


def state_of(site: SiteLab) -> dict[str, list[dict[str, Any]]]:
    return {host: site.rules(host) + site.foreign(host) for host in site.lab.stores}


def ok(played: Played) -> Played:
    assert played.status == 0, played.output
    return played


def changes(played: Played) -> list[tuple[str, str]]:
    """Return (host, kind) of every change made, in the order of the results."""
    results = [(record["host"], record["result"]) for record in played.results]
    return [(host, change["kind"]) for host, result in results for change in result.get("changes", ())]


def test_the_whole_example_converges_and_then_stays(tmp_path: pathlib.Path) -> None:
    with SiteLab("examples/contoso", tmp_path) as site:
        untouched = state_of(site)
        checked = ok(site.playbook("site", "--check", "--diff"))
        assert "would change" in printed(checked, RECAP)
        # Only additions; what nobody has verified yet, as routes of the Edge Servers, is counted apart.
        assert (summary(checked)["verdict"], summary(checked)["reasons"]) == ("SAFE", [])
        assert {"edge01", "rp01"} <= {item["place"] for item in summary(checked)["unconfirmed"]}
        assert "+++ after: firewall rule Lync fe-sip-tls (TCP in)" in checked.output
        assert state_of(site) == untouched
        made = ok(site.playbook("site"))
        assert summary(made)["verdict"] == "DONE" and all(part["read_again"] for part in summary(made)["parts"])
        assert held(site) == planned(site)
        assert {
            host: site.foreign(host) for host in site.lab.stores
        } == untouched  # the first state held foreign rules only
        before, writes = site.counts("executions"), site.counts("writes")
        again = ok(site.playbook("site"))
        assert "23 devices unchanged: " in printed(again, RECAP)
        assert site.counts("writes") == writes
        # One round trip for firewall rules and exemptions together.
        assert {host: count - before[host] for host, count in site.counts("executions").items()} == dict.fromkeys(
            before, 1
        )


def test_one_host_alone_gets_the_rules_of_a_full_run_whatever_the_forks(site: SiteLab) -> None:
    ok(site.playbook("site", "--limit", "fe12"))
    alone = site.rules("fe12")
    assert alone and not held(site)["fe11"]
    site.lab.stores["fe12"].create(["10.1.0.12"], [])
    ok(site.playbook("site", "--forks", "20"))
    assert held(site) == planned(site)
    assert [{**rule, "id": ""} for rule in site.rules("fe12")] == [{**rule, "id": ""} for rule in alone]


def test_tags_choose_the_concern(site: SiteLab) -> None:
    # This lab leaves load balancers out, so nobody is asked, and that is not done.
    nobody = site.playbook("site", "--tags", "load_balancer")
    assert nobody.status == 2 and "Verdict: unknown (no device was asked)" in nobody.output
    assert not any(held(site).values())
    ok(site.playbook("site", "--tags", "firewall"))
    assert held(site) == planned(site)


def test_a_failing_member_stops_its_pool_and_no_other(site: SiteLab) -> None:
    site.lab.stores["fe12"].set_faults(access_denied=True)
    played = site.playbook("site")
    assert played.status == 2
    done = {host for host, names in held(site).items() if names}
    assert done == {"fe11", "fe21", "fe22", "fe23"}
    recap = printed(played, RECAP)
    assert "fe12: failed: " in recap and "Access is denied" in recap
    assert summary(played)["verdict"] == "NOT DONE" and recap.splitlines()[-2] == "NOT DONE"
    assert recap.splitlines()[-1].startswith("Verdict: ")
    assert (
        "fe13: stopped: not touched, because an earlier host of its pool or the canary of its role was not done"
        in recap
    )
    site.lab.stores["fe12"].set_faults()
    ok(site.playbook("site"))
    assert held(site) == planned(site)


def test_a_failing_canary_stops_its_role(site: SiteLab) -> None:
    site.lab.stores["fe11"].set_faults(unreachable=True)
    played = site.playbook("site")
    assert played.status == 2
    assert not any(held(site).values())
    assert "fe11: unreachable: " in printed(played, RECAP)


def test_a_wave_holds_one_member_of_a_pool_unless_told_otherwise(site: SiteLab) -> None:
    order = [
        record["host"]
        for record in ok(site.playbook("site", "--forks", "1")).results
        if record["result"].get("changes")
    ]
    assert order[0] == "fe11"
    assert [set(order[1:3]), set(order[3:5]), set(order[5:])] == [{"fe12", "fe21"}, {"fe13", "fe22"}, {"fe23"}]
    assert "lync_wave_size: '0' is too small" in site.playbook("site", "-e", "lync_wave_size=0").output


def test_nothing_closes_before_everything_is_open(converged: SiteLab, tmp_path: pathlib.Path) -> None:
    site = converged
    groups = {
        **GROUPS,
        "pstn_gateways": {"gw01": {"ansible_host": "10.8.0.1"}},
        "sba": {"sba01": {"ansible_host": "10.41.0.1"}},
    }
    saved(tmp_path, deployment(groups, lync_client_networks=["10.11.0.0/16"]))
    reports, before = tmp_path / "reports", held(site)
    checked = summary(ok(site.playbook("site", "--check", "-e", f"lync_report_dir={reports}")))
    assert checked["verdict"] == "NEEDS WINDOW" and {"narrowed"} == {reason["cause"] for reason in checked["reasons"]}
    played = ok(site.playbook("site", "-e", f"lync_report_dir={reports}"))
    kinds = [kind for _host, kind in changes(played)]
    assert "remove" in kinds and kinds.index("remove") > len(kinds) - 1 - kinds[::-1].index("add")
    assert held(site) == planned(site)
    assert not any("10.10.0.0" in rule["RemoteAddresses"] for host in site.lab.stores for rule in site.rules(host))
    assert "6 devices unchanged" in printed(ok(site.playbook("site")), RECAP)
    # The way back that the screen tells: with opening and closing, the newest snapshot is not the one of before.
    ok(site.playbook("rollback", "-i", str(reports / "site-rollback.json"), "--limit", "lync_rollback"))
    assert held(site) == before
    names = {f"site-{name}" for name in ("before.json", "before.txt", "after.json", "after.txt", "rollback.json")}
    names |= {"summary.json", "change.json", "change.md", "runs"}
    assert {path.name for path in reports.iterdir()} == names


def test_a_role_change_leaves_nothing_of_the_old_role(converged: SiteLab, tmp_path: pathlib.Path) -> None:
    site = converged
    stays = {name: host for name, host in FRONT_ENDS.items() if name not in ("fe22", "fe23")}
    groups = {
        "frontend": stays,
        "persistent_chat": {"fe22": {"ansible_host": "10.1.0.22"}},
        "standard_edition": {"fe23": {"ansible_host": "10.1.0.23"}},
        "load_balancers": BALANCERS,
    }
    inventory = deployment(groups)
    inventory["all"]["vars"]["lync_pools"]["pool02.contoso.com"] = {"role": "frontend"}
    saved(tmp_path, inventory)
    ok(site.playbook("site"))
    assert held(site) == planned(site)
    assert not any(name.startswith("Lync fe-") for name in held(site)["fe22"])


def test_a_host_that_moved_is_not_closed_while_the_balancer_of_its_old_pool_fails(tmp_path: pathlib.Path) -> None:
    balanced = {"role": "frontend", "load_balancing": "hlb"}
    pools = {
        f"pool0{number}.contoso.com": {**balanced, "balancer": f"lb0{number}", "vip": f"10.1.0.10{number}"}
        for number in (1, 2)
    }
    away = {"ansible_host": "10.1.0.5", "lync_managed": False}
    broken = {
        "ansible_host": "10.2.0.5",
        "ansible_connection": "local",
        "ansible_python_interpreter": "/nonexistent/python",
        "lync_balancer_driver": "haproxy",
    }
    hosts = {name: FRONT_ENDS[name] for name in ("fe11", "fe21", "fe22")}
    groups = {"frontend": hosts, "load_balancers": {"lb01": away, "lb02": broken}}
    with SiteLab(saved(tmp_path, deployment(groups, lync_pools=pools)), tmp_path / "lab") as site:
        ok(site.playbook("site"))
        groups["frontend"] = {**hosts, "fe22": {**hosts["fe22"], "lync_pool": "pool01.contoso.com"}}
        saved(tmp_path, deployment(groups, lync_pools=pools))
        played = site.lab.play(
            ROOT / "playbooks" / "site.yml", "-i", str(site.source), "--tags", "firewall,load_balancer"
        )
        assert played.status == 2
        assert any("10.2.0.5" in rule["RemoteAddresses"] for rule in site.rules("fe22"))
        assert "fe22 is not closed: lb02 is not as planned, and the rules that go admit it" in " ".join(
            played.output.split()
        )
        # Without the balancers in the run, nobody is waited for.
        ok(site.playbook("site"))
        assert held(site) == planned(site) and not any(
            "10.2.0.5" in rule["RemoteAddresses"] for rule in site.rules("fe22")
        )


def test_a_retired_host_keeps_no_rule(converged: SiteLab, tmp_path: pathlib.Path) -> None:
    site = converged
    front_ends = {
        name: {**host, "lync_member_state": "retired" if name == "fe13" else "active"}
        for name, host in FRONT_ENDS.items()
    }
    saved(tmp_path, deployment({**GROUPS, "frontend": front_ends}))
    ok(site.playbook("site"))
    assert held(site)["fe13"] == set()
    assert not any("10.1.0.13" in rule["RemoteAddresses"] for rule in site.rules("fe11"))


def test_an_unreachable_host_hides_no_drift_of_another_and_what_can_be_is_repaired(converged: SiteLab) -> None:
    site = converged
    site.lab.stores["fe11"].set_faults(unreachable=True)
    document = site.lab.stores["fe23"].read()
    document["rules"] = [rule for rule in document["rules"] if rule["Name"] != "Lync fe-sip-tls (TCP in)"]
    site.lab.stores["fe23"].write(document)
    found = site.playbook("drift")
    assert found.status == 2
    report = printed(found, "Print what differs")
    assert "fe23: Lync fe-sip-tls (TCP in): missing" in report
    assert "could not tell: fe11: unreachable" in report
    writes = site.counts("writes")
    assert site.playbook("drift", "-e", "lync_remediate=true").status == 2
    assert {host: count - writes[host] for host, count in site.counts("writes").items() if count != writes[host]} == {
        "fe23": 1
    }
    site.lab.stores["fe11"].set_faults()
    ok(site.playbook("drift"))


def test_a_bad_inventory_is_refused_whole_before_any_contact(site: SiteLab, tmp_path: pathlib.Path) -> None:
    front_ends = {
        **FRONT_ENDS,
        "fe11": {**FRONT_ENDS["fe11"], "ansible_host": "10.1.0.300"},
        "fe12": {**FRONT_ENDS["fe12"], "ansible_host": "10.1.0.13"},
    }
    saved(
        tmp_path, deployment({**GROUPS, "frontend": front_ends}, lync_version="2011", lync_sipdomains=["contoso.com"])
    )
    requests = site.counts("requests")
    played = site.playbook("site")
    assert played.status == 2 and "Traceback" not in played.output
    text = " ".join(played.output.split())
    for part in ("10.1.0.300", "fe12", "fe13", "'2011'", "lync_sipdomains", "lync_sip_domains"):
        assert part in text
    assert site.counts("requests") == requests


def test_an_address_that_the_host_does_not_have_stops_it(site: SiteLab) -> None:
    document = site.lab.stores["fe11"].read()
    site.lab.stores["fe11"].write({**document, "addresses": ["10.1.0.99"]})
    played = site.playbook("site")
    assert played.status == 2
    recap = printed(played, RECAP)
    assert "fe11: failed: " in recap and "10.1.0.11" in recap and "10.1.0.99" in recap
    assert not held(site)["fe11"]


def test_a_baseline_tells_flows_and_devices(site: SiteLab, tmp_path: pathlib.Path) -> None:
    old, new, affected = tmp_path / "old", tmp_path / "new", tmp_path / "affected"
    ok(site.playbook("plan", "-e", f"lync_plan_dir={old}"))
    saved(tmp_path, deployment(GROUPS, lync_client_networks=["10.10.0.0/16", "10.3.0.0/16"]))
    arguments = [
        "-e",
        f"lync_plan_dir={new}",
        "-e",
        f"lync_plan_baseline={old}",
        "-e",
        f"lync_affected_file={affected}",
    ]
    output = ok(site.playbook("plan", *arguments)).output
    assert re.search(r"fe11\b.*: 10.3.0.0/16 newly admitted to TCP 5061", output)
    # The balancer admits the clients too, to what it publishes.
    assert affected.read_text().split() == sorted([*FRONT_ENDS, *BALANCERS])
    narrow = ok(site.playbook("site", "-e", f"lync_plan_baseline={old}", "--limit", "fe11"))
    assert (
        "the same change needs 6 more devices, which --limit leaves out: fe12, fe13, fe21, fe22, fe23, lb01"
        in " ".join(narrow.output.split())
    )
    assert "holds no plan" in site.playbook("plan", "-e", f"lync_plan_baseline={tmp_path}").output


def test_changes_of_another_catalogue_alone_are_listed_apart(converged: SiteLab, tmp_path: pathlib.Path) -> None:
    """The plan of before lacks a rule, as an earlier catalogue would have it; another rule went by hand."""
    before = tmp_path / "before"
    ok(converged.playbook("plan", "-e", f"lync_plan_dir={before}", "-e", "lync_plan_show=false"))
    index = before / "index.json"
    index.write_text(json.dumps({**json.loads(index.read_text()), "catalogue": "earlier"}), encoding="utf-8")
    path = before / "hosts" / "fe11.json"
    document = json.loads(path.read_text())
    focus, sip = (f"Lync {row} (TCP in)" for row in ("fe-focus", "fe-sip-tls"))
    document["firewall_rules"] = [rule for rule in document["firewall_rules"] if rule["name"] != focus]
    path.write_text(json.dumps(document), encoding="utf-8")
    store = converged.lab.stores["fe11"]
    kept = store.read()
    store.write({**kept, "rules": [rule for rule in kept["rules"] if rule["Name"] not in (focus, sip)]})
    played = converged.playbook("site", "--check", "-e", f"lync_plan_baseline={before}")
    assert "Against the baseline, only because of another version of the catalogue" in played.output
    (part,) = [part for part in summary(played)["parts"] if part["of_catalogue"]]
    assert (part["device"], part["concern"], part["of_catalogue"]) == ("fe11", "firewall", [focus])
    assert f"Only because of another version of the catalogue: 1 change\n  fe11: {focus}" in printed(played, RECAP)
    found = [change for each in played.results for change in each["result"].get("changes", ())]
    assert {(change["name"], change["cause"]) for change in found} == {(focus, "catalogue_version"), (sip, "missing")}
