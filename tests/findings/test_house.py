# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults of one idea that stood in several places (A1 to A9); A5, a tag misspelt, is in test_safety_nothing_asked."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from .lab import (
    HERE,
    NET,
    ROOT,
    Deployment,
    LinuxHost,
    Played,
    given,
    lines_about,
    linux_host,
    needs_namespaces,
    own_lines,
    probes,
    says_fine,
)
from .options import extra, tags

FEW = {"select": "id != 'fe-sip-tls' && id != 'fe-focus'", "set": {"enabled": False}}
COMMON = {"lync_version": "2015", "lync_client_networks": ["10.10.0.0/16"], "lync_row_overrides": [FEW]}


def deployment(groups: Mapping[str, Mapping[str, Mapping[str, Any]]], **variables: object) -> dict[str, Any]:
    children = {name: {"hosts": hosts} for name, hosts in groups.items()}
    return {"all": {"vars": {**COMMON, **variables}, "children": children}}


# --- A1: addresses as a text with commas -----------------------------------------------------------


def test_a1_a_host_is_not_closed_while_a_balancer_at_one_of_its_addresses_fails(tmp_path: Path) -> None:
    pools = {
        f"pool0{number}.contoso.com": {
            "role": "frontend",
            "load_balancing": "hlb",
            "balancer": f"lb0{number}",
            "vip": f"10.1.0.10{number}",
        }
        for number in (1, 2)
    }
    away = {"ansible_host": "10.1.0.5", "lync_managed": False}
    broken = {**HERE, "ansible_host": "10.2.0.4", "lync_balancer_driver": "haproxy"}
    broken |= {"ansible_python_interpreter": "/nonexistent/python", "lync_balancer_addresses": "10.2.0.5,10.2.0.6"}
    hosts = {f"fe{number}": {"ansible_host": f"10.1.0.{number}"} for number in (11, 21, 22)}

    def inventory(pool_of_fe22: str) -> dict[str, Any]:
        members = {"fe11": "pool01", "fe21": "pool02", "fe22": pool_of_fe22}
        front_ends = {name: {**hosts[name], "lync_pool": f"{pool}.contoso.com"} for name, pool in members.items()}
        return deployment({"frontend": front_ends, "load_balancers": {"lb01": away, "lb02": broken}}, lync_pools=pools)

    with Deployment(tmp_path, inventory("pool02"), windows=list(hosts)) as site:
        made = site.play("site", *tags("firewall"))
        given(made.status == 0 and "10.2.0.6" in site.admitted("fe22", "fe-sip-tls"), made.output)
        site.save(inventory("pool01"))
        played = site.play("site", *tags("firewall", "load_balancer"))
        given(played.status == 2 and bool(lines_about(played, "lb02")), played.output)
        assert "10.2.0.6" in site.admitted("fe22", "fe-sip-tls"), played.output


# --- A2: rows of a site ----------------------------------------------------------------------------

OUTSIDE_PORT, INSIDE_PORT = 5666, 5667


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of reports of drift and verify, over an inventory with two rows of its own."""
    folder = tmp_path_factory.mktemp("rows")
    common = {"transports": ["tcp"], "direction": "in", "application": "HTTPS"}
    extra_rows = [
        {
            "id": "site-portal",
            "component": "edge",
            "interface": "access",
            "port": OUTSIDE_PORT,
            "peers": [{"class": "any"}],
        },
        {"id": "site-agent", "component": "internal_servers", "port": INSIDE_PORT, "peers": [{"class": "edge"}]},
    ]
    edge = {
        "ansible_host": f"{NET}.21",
        "lync_pool": "edge.contoso.com",
        "lync_external_addresses": dict.fromkeys(("access", "web_conferencing", "av"), f"{NET}.31"),
    }
    groups: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
        "standard_edition": {"se01": {"ansible_host": f"{NET}.11"}},
        "edge": {"edge01": edge},
    }
    variables = {
        "lync_pools": {"edge.contoso.com": {"role": "edge"}},
        "lync_extra_rows": [{**common, **row} for row in extra_rows],
        "lync_row_overrides": [{"select": "!starts_with(id, 'site-')", "set": {"enabled": False}}],
    }
    with Deployment(folder / "site", deployment(groups, **variables), windows=["se01", "edge01"]) as site:
        for name in ("drift", "verify"):
            arguments = tags("firewall") if name == "drift" else ("-e", "lync_probe_seconds=1")
            played = site.play(name, *arguments, *extra(report_dir=str(folder)))
            given((folder / f"{name}.json").is_file(), played.output)
    return folder


def section(page: Path, title: str) -> str:
    """Return the part of a page from a heading to the next."""
    found = re.search(
        rf"<h2[^>]*>[^<]*{title}.*?(?=<h2|</body>)", page.read_text(encoding="utf-8"), re.DOTALL | re.IGNORECASE
    )
    given(found is not None, f"the page has no part {title}")
    return found[0] if found else ""


def test_a2_who_runs_the_perimeter_is_shown_the_row_of_the_site(rows: Path) -> None:
    assert str(OUTSIDE_PORT) in section(rows / "drift.html", "perimeter")


def test_a2_a_row_of_the_site_is_probed_as_its_service(rows: Path) -> None:
    kinds = {kind for address, port, kind, expected in probes(rows) if port == INSIDE_PORT and expected == "open"}
    assert kinds == {"tls"}


# --- A3, A4: the platform of a balancer ------------------------------------------------------------

BALANCER = {"ansible_host": "10.1.0.5"}


def test_a3_a_balancer_without_a_driver_is_refused(tmp_path: Path) -> None:
    pool = {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": "10.1.0.100"}
    hosts = {"fe01": {"ansible_host": "10.1.0.11", "lync_pool": "pool01.contoso.com"}}
    inventory = deployment(
        {"frontend": hosts, "load_balancers": {"lb01": BALANCER}}, lync_pools={"pool01.contoso.com": pool}
    )
    with Deployment(tmp_path, inventory) as site:
        played = site.play("plan", *extra(plan_dir=str(tmp_path / "plan")))
    assert played.status == 2 and lines_about(played, "  - ", "lb01", "lync_balancer_driver"), played.output


@needs_namespaces
def test_a4_a_linux_balancer_can_be_retired(tmp_path: Path) -> None:
    with linux_host("retired", tmp_path, "10.1.0.5/24") as host:
        lb01 = {**host.variables(), **BALANCER, "lync_balancer_driver": "haproxy", "lync_member_state": "retired"}
        server = {"se01": {"ansible_host": "10.1.0.11", "lync_managed": False}}
        for command in (
            "table inet msuc_lync",
            "chain inet msuc_lync allowed_in",
            "rule inet msuc_lync allowed_in tcp dport 22 accept",
        ):
            host.nft(f"add {command}")
        given("dport 22" in host.nft("list", "ruleset"), "there is no table")
        with Deployment(
            tmp_path / "site", deployment({"standard_edition": server, "load_balancers": {"lb01": lb01}})
        ) as site:
            played = site.play("retire", *tags("firewall", "linux_firewall"), *extra(retire="lb01"))
        assert played.status == 0 and "msuc_lync" not in host.nft("list", "ruleset"), played.output


# --- A6: a limit of the remediation ----------------------------------------------------------------


def test_a6_a_limit_ends_no_playbook_that_imports_ours(tmp_path: Path) -> None:
    text = """
- import_playbook: msuc.lync.drift
- hosts: localhost
  gather_facts: false
  tags: [always]
  tasks:
    - ansible.builtin.debug: {msg: a later play ran}
"""
    inventory = deployment({"standard_edition": {"se01": {"ansible_host": "10.1.0.11"}}}, lync_row_overrides=[])
    with Deployment(tmp_path, inventory, windows=["se01"]) as site:
        played = site.play_text(
            text, *tags("firewall"), *extra(remediate=True, remediate_max_changes=1), "--tags", "always"
        )
        given(len(site.own_rules("se01")) == 1, played.output)
    assert "PLAY RECAP" in played.output and "a later play ran" in played.output, played.output
    assert played.status == 2


# --- A7: what the requirements for collections let it need -----------------------------------------


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a collections path with nothing but the folders that a collection may need."""
    folder = tmp_path_factory.mktemp("collections")
    place = folder / "ansible_collections" / "msuc" / "lync"
    place.mkdir(parents=True)
    for name in ("meta", "plugins", "roles", "playbooks"):
        shutil.copytree(ROOT / name, place / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("galaxy.yml", "README.md"):
        shutil.copy(ROOT / name, place / name)
    # Several sources of an inventory need this.
    (folder / "ansible.cfg").write_text("[inventory]\nany_unparsed_is_failed = true\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("playbook", ["plan", "selftest"])
def test_a7_the_collection_needs_no_other_folder(copy: Path, tmp_path: Path, playbook: str) -> None:
    inventory = deployment({"standard_edition": {"se01": {"ansible_host": "10.1.0.11"}}})
    with Deployment(tmp_path, inventory, windows=["se01"]) as site:
        files = ["-i", str(site.lab.inventory), "-i", str(site.file)]
        program = Path(sys.executable).with_name("ansible-playbook")
        command = [str(program), *files, *extra(plan_dir=str(tmp_path / "plan")), f"msuc.lync.{playbook}"]
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(tmp_path),
            "ANSIBLE_COLLECTIONS_PATH": str(copy),
        }
        environment |= {"ANSIBLE_CONFIG": str(copy / "ansible.cfg"), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert "No such file" not in done.stdout + done.stderr, done.stdout + done.stderr
    assert playbook != "plan" or (done.returncode == 0 and (tmp_path / "plan" / "index.json").is_file()), done.stdout


# --- A8: who armed what ----------------------------------------------------------------------------


@needs_namespaces
def test_a8_a_host_that_does_not_say_that_it_armed_is_not_believed(tmp_path: Path) -> None:
    with linux_host("disguised", tmp_path, "10.1.0.5/24") as host:
        played = _confirmed(host, tmp_path)
        given("tcp dport 5061" in host.nft("list", "ruleset"), played.output)
    assert played.status == 2 and not says_fine(played), played.output


def _confirmed(host: LinuxHost, folder: Path) -> Played:
    """Run with minutes to confirm, over a host that does not say whether it armed."""
    pool = {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": "10.1.0.100"}
    members = {"fe01": {"ansible_host": "10.1.0.11", "lync_pool": "pool01.contoso.com", "lync_managed": False}}
    lb01 = {**host.variables(), **BALANCER, "lync_balancer_driver": "haproxy", "lync_management_rule": True}
    variables = {"lync_pools": {"pool01.contoso.com": pool}, "lync_management_networks": ["10.9.0.0/24"]}
    host.disguised.touch()
    with Deployment(
        folder / "site", deployment({"frontend": members, "load_balancers": {"lb01": lb01}}, **variables)
    ) as site:
        return site.play("site", *tags("linux_firewall"), *extra(confirm_minutes=5))


# --- A9: causes, in results of real runs -----------------------------------------------------------


@pytest.fixture(scope="module")
def causes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    """Return runs over hosts with a rule twice, and exemptions that go: one that another covers, one that none."""
    ports = {"audio": "49152-57500"}
    hosts = {name: {"ansible_host": f"10.1.0.1{number}"} for number, name in enumerate(("covered", "uncovered"), 1)}
    inventory = deployment({"standard_edition": hosts}, lync_media_ports=ports, lync_ipsec=True)
    with Deployment(tmp_path_factory.mktemp("causes"), inventory, windows=list(hosts)) as site:
        made = site.play("site", *tags("firewall", "ipsec"))
        planned = {name: site.exemptions(name) for name in hosts}
        given(made.status == 0 and all(planned.values()), made.output)
        twin = next(rule for rule in site.own_rules("covered") if "fe-sip-tls" in rule["Name"])
        site.add_rule("covered", twin, like_ours=True)
        first = next(iter(planned["covered"].values()))
        other = re.sub(r"\|Name=[^|]*", "|Name=Lync exempt old", first)
        wider = re.sub(r"\|(?:RA4|RA6|LPort|LPort2_10|Protocol)=[^|]*", "", other)
        for name, text in (("covered", other), ("uncovered", wider)):
            site.change_ipsec(name, rules={**planned[name], "{F0}": text})
        arguments = tags("firewall", "ipsec")
        return {"check": site.play("site", "--check", *arguments), "drift": site.play("drift", *arguments)}


def test_a9_a_rule_that_is_there_twice_is_a_duplicate(causes: dict[str, Played]) -> None:
    assert lines_about(causes["drift"], "covered: Lync fe-sip-tls", "duplicate"), causes["drift"].output


def test_a9_an_exemption_that_nothing_covers_needs_a_window_and_no_other_does(causes: dict[str, Played]) -> None:
    lines = own_lines(causes["check"])
    assert "NEEDS WINDOW" in [line.strip() for line in lines]
    reasons = lines[next(number for number, line in enumerate(lines) if line.startswith("NEEDS WINDOW:")) :]
    named = [line for line in reasons if "Lync exempt old" in line]
    assert any("uncovered" in line for line in named), causes["check"].output
    assert not any(line.strip().startswith("covered:") for line in named), named
