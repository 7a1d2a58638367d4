# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Importing a topology: what it says, what is asked, the answers, the files, and a plan that follows from them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import Plan
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.mapping import imported
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.read import read_topology_bytes
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.run import Made, Request, run_import

from tests.lab.lab import unbroken
from tests.simulators.topologies import Document, Interface, Port
from tests.unit.compiler.examples import ROOT, inventory_of

from .samples import everything, small

REAL = os.environ.get("LYNC_TOPOLOGIES", "")
needs_real = pytest.mark.skipif(not REAL, reason="LYNC_TOPOLOGIES names no directory of real topologies")
ANSWERS_MAXIMUM = 15
OF_BUILDER = """\
all: {lync_client_networks: [10.10.0.0/16], lync_management_networks: [192.168.1.0/28]}
hosts:
  xfrontend1.contoso.com: 192.168.20.11
  xfrontend2.contoso.com: 192.168.20.12
  xfrontend3.contoso.com: 192.168.20.13
  xfrontend4.contoso.com: 192.168.20.14
  xoffice1.contoso.com: 192.168.20.15
  xsql1.contoso.com: 192.168.20.16
  xfile1.contoso.com: 192.168.20.17
  xfile2.contoso.com: 192.168.20.18
pools:
  frontendpool.contoso.com: {load_balancing: dns, balancer: lb01, web_vip: 192.168.20.100, web_fqdn: web.contoso.com}
more_hosts:
  load_balancers: {lb01: {ansible_host: 192.168.20.5, lync_balancer_driver: haproxy}}
  reverse_proxy: {rp01: 192.168.10.61}
"""
OF_PUBLISHED = """\
all: {lync_client_networks: [10.10.0.0/16]}
hosts:
  skype-fe-01.tenant.rlevchenko.com: 10.1.0.11
  srv-sql-01.tenant.rlevchenko.com: 10.1.0.12
  srv-owa-01.tenant.rlevchenko.com: 10.1.0.13
"""
OF_EVERYTHING = """\
all: {lync_client_networks: [10.10.0.0/16]}
hosts: {fe11.woodgrove.com: 10.1.0.11, fe12.woodgrove.com: 10.1.0.12, fe21.woodgrove.com: 10.1.0.21,
  fe22.woodgrove.com: 10.1.0.22, sql11.woodgrove.com: 10.1.0.31, sql12.woodgrove.com: 10.1.0.32,
  sql21.woodgrove.com: 10.1.0.33, fs01.woodgrove.com: 10.1.0.41, fs02.woodgrove.com: 10.1.0.42,
  dir01.woodgrove.com: 10.1.0.51, dir02.woodgrove.com: 10.1.0.52, med01.woodgrove.com: 10.1.0.61,
  med02.woodgrove.com: 10.1.0.62, gw01.woodgrove.com: 10.8.0.1, app01.woodgrove.com: 10.1.0.71,
  office.woodgrove.com: 10.1.0.81, sba01.woodgrove.com: 10.9.0.1}
pools:
  pool01.woodgrove.com: {web_vip: 10.1.0.101, balancer: lb01}
  pool02.woodgrove.com: {web_vip: 10.1.0.102, balancer: lb01, sql: {port: 1450}}
  dir.woodgrove.com: {load_balancing: hlb, balancer: lb01, vip: 10.1.0.103}
  med.woodgrove.com: {load_balancing: dns}
more_hosts:
  load_balancers: {lb01: {ansible_host: 10.1.0.5, lync_balancer_driver: haproxy}}
"""


def import_of(text: str, directory: Path, answers: str = "", **more: object) -> Made:
    """Import a topology of a text, with answers where there are any."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    topology = directory.with_name("topology.xml")
    topology.write_text(text, encoding="utf-8")
    if answers:
        directory.with_name(f"{directory.name}.answers.yml").write_text(answers, encoding="utf-8")
    return run_import(Request(topology, directory, **more))  # type: ignore[arg-type]


def files_of(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def plan_of(directory: Path) -> Plan:
    return compile_inventory(inventory_of(directory))


def pools_of(document: Document) -> Mapping[str, Mapping[str, object]]:
    return imported(read_topology_bytes(document.published_text().encode(), "t.xml")).pools


def notes_of(document: Document) -> tuple[str, ...]:
    return imported(read_topology_bytes(document.published_text().encode(), "t.xml")).notes


DOCUMENTS = {
    "builder": pytest.param("builder-2015.tbxml", OF_BUILDER, marks=needs_real),
    "published": pytest.param("published-2015.xml", OF_PUBLISHED, marks=needs_real),
    "everything": pytest.param("", OF_EVERYTHING),
    "everything of 2015": pytest.param("7", OF_EVERYTHING),
}


@pytest.mark.parametrize(("name", "answers"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_topology_and_few_answers_make_a_plan_twice_the_same(name: str, answers: str, tmp_path: Path) -> None:
    assert len(answers.splitlines()) <= ANSWERS_MAXIMUM
    own = everything(int(name or 8)) if len(name) < 2 else None
    text = own.published_text() if own else Path(REAL, name).read_text(encoding="utf-8-sig")
    made = import_of(text, tmp_path / "one", answers)
    assert not made.questions and not made.differences
    assert plan_of(tmp_path / "one").hosts
    again = import_of(text, tmp_path / "two", answers)
    assert again.changed and files_of(tmp_path / "one") == files_of(tmp_path / "two")
    assert not import_of(text, tmp_path / "one", answers).changed


def played(playbook: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook."""
    command = [sys.executable, "-m", "ansible", "playbook", f"playbooks/{playbook}.yml", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def played_plan(inventory: Path, directory: Path) -> dict[str, bytes]:
    """Return the files that plan.yml writes for an inventory."""
    arguments = ["-i", str(inventory), "-e", f"lync_plan_dir={directory}", "-e", "lync_plan_show=false"]
    done = played("plan", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return files_of(directory)


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize(("name", "answers"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_the_playbook_plans_an_import_twice_the_same(name: str, answers: str, tmp_path: Path) -> None:
    own = everything(int(name or 8)) if len(name) < 2 else None
    text = own.published_text() if own else Path(REAL, name).read_text(encoding="utf-8-sig")
    import_of(text, tmp_path / "inventory", answers)
    one, two = (played_plan(tmp_path / "inventory", tmp_path / name) for name in ("one", "two"))
    assert one and one == two


@pytest.mark.slow
@pytest.mark.no_cover
def test_a_comparison_tells_what_no_variable_says_in_the_words_of_the_import(tmp_path: Path) -> None:
    made = import_of(everything().published_text(), tmp_path / "inventory", OF_EVERYTHING)
    said = {line for line in made.lines if line.startswith("not expressed: ")}
    assert any("is the mirror of its databases" in line for line in said)
    arguments = ["-i", str(tmp_path / "inventory"), "-e", f"lync_topology={tmp_path / 'topology.xml'}"]
    done = played("compare_topology", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert said <= set(unbroken(done.stdout).splitlines())


def test_a_first_import_asks_and_writes_the_questions_once(tmp_path: Path) -> None:
    made = import_of(small().builder_text(), tmp_path / "inventory")
    asked = {(one.section, one.name, one.keys) for one in made.questions}
    assert asked == {("hosts", "se01.contoso.com", ("lync_address",)), ("all", "", ("lync_client_networks",))}
    questions = tmp_path / "inventory.answers.yml"
    assert yaml.safe_load(questions.read_text(encoding="utf-8")) == {
        "all": {"lync_client_networks": None}, "hosts": {"se01.contoso.com": None}
    }  # fmt: skip
    questions.write_text("hosts: {se01.contoso.com: 10.1.0.1}", encoding="utf-8")
    again = import_of(small().builder_text(), tmp_path / "inventory")
    assert questions.read_text(encoding="utf-8") == "hosts: {se01.contoso.com: 10.1.0.1}"
    assert [one.keys for one in again.questions] == [("lync_client_networks",)]
    assert again.differences == ("host se01.contoso.com, lync_address: nothing -> 10.1.0.1",)


def test_what_differs_from_the_last_import_is_told_and_the_third_run_is_quiet(tmp_path: Path) -> None:
    answers = "all: {lync_client_networks: [10.0.0.0/8]}\nhosts: {se01.contoso.com: 10.1.0.1}\n"
    import_of(small().published_text(), tmp_path / "inventory", answers)
    document = small()
    document.gateway(document.cluster("gw01.contoso.com"), 7, [5067], [])
    changed = document.published_text().replace("webext.contoso.com", "web.contoso.com")
    made = import_of(changed, tmp_path / "inventory")
    assert made.differences == (
        "host gw01.contoso.com is new",
        "pool se01.contoso.com, external_web_fqdn: webext.contoso.com -> web.contoso.com",
    )
    assert not import_of(changed, tmp_path / "inventory").differences


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    made = import_of(small().published_text(), tmp_path / "inventory", is_check=True)
    assert not made.changed and [path.name for path in tmp_path.iterdir()] == ["topology.xml"]
    assert any(line.startswith("would write: 1 host") for line in made.lines)


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "hosts.yml").write_text("all: {}\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="was not made by an import"):
        import_of(small().published_text(), tmp_path / "inventory")
    assert [path.name for path in (tmp_path / "inventory").iterdir()] == ["hosts.yml"]
    assert not (tmp_path / "inventory.answers.yml").exists()


BAD_ANSWERS = {
    "section": ("host: {}", "'host' is no part of the answers.*write hosts"),
    "host": ("hosts: {se02.contoso.com: 10.0.0.1}", "no host 'se02.contoso.com'.*write se01.contoso.com"),
    "pool": ("pools: {pool: {vip: 10.0.0.1}}", "the topology has no pool 'pool'"),
    "key of a pool": ("pools: {se01.contoso.com: {web_vipp: x}}", "'web_vipp' is no key of a pool.*write web_vip"),
    "variable": ("all: {lync_client_network: []}", "no variable 'lync_client_network'.*write lync_client_networks"),
    "pools in all": ("all: {lync_pools: {}}", "write it below pools"),
    "role": ("more_hosts: {reverse_proxies: {rp: 10.0.0.1}}", "'reverse_proxies' is not a role.*write reverse_proxy"),
    "value": ("hosts: {se01.contoso.com: 7}", "7 is no address"),
    "list": ("- a", "is not a mapping"),
    "YAML": ("a: [", "the answers are no YAML"),
    "a date that is none": ("hosts: {se01.contoso.com: 2026-13-45}", "the answers are no YAML: month must be in 1..12"),
}  # fmt: skip


@pytest.mark.parametrize(("answers", "said"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_answers_that_nothing_would_read_are_refused(answers: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=said):
        import_of(small().published_text(), tmp_path / "inventory", answers)
    assert not (tmp_path / "inventory").exists()


def test_an_answer_that_goes_before_the_topology_is_told(tmp_path: Path) -> None:
    made = import_of(small(8).published_text(), tmp_path / "inventory", "all: {lync_version: se, lync_features: [rcc]}")
    assert "all hosts, lync_version: the answer 'se' goes before '2019' of the topology" in made.notes
    variables = yaml.safe_load((tmp_path / "inventory/group_vars/all/topology.yml").read_text(encoding="utf-8"))
    assert variables["lync_version"] == "se"
    assert variables["lync_features"] == ["mobility", "rcc"]


def test_names_are_looked_up_where_that_is_wanted(tmp_path: Path) -> None:
    made = import_of(small().published_text(), tmp_path / "inventory", resolve=lambda name: ("10.7.7.7",))
    assert "resolved: se01.contoso.com is 10.7.7.7" in made.lines
    assert [one.section for one in made.questions] == ["all"]


def test_services_of_an_edge_go_by_the_number_of_their_interface() -> None:
    host = imported(read_topology_bytes(everything().builder_text().encode(), "t")).hosts["edge01.woodgrove.com"]
    assert host["lync_external_addresses"] == {
        "access": "198.51.100.21", "web_conferencing": "198.51.100.31", "av": "198.51.100.11"
    }  # fmt: skip
    assert host["lync_external_nat_addresses"] == {"av": "203.0.113.1"}


def test_applications_that_are_not_deployed_are_switched_off() -> None:
    (override,) = pools_of(everything())["pool01.woodgrove.com"]["row_overrides"]  # type: ignore[misc]
    assert override == {
        "select": "id=='fe-call-park' || id=='fe-response-group' || id=='fe-response-group-wcf'",
        "set": {"enabled": False},
    }


def test_a_port_that_was_moved_is_moved_in_its_pool() -> None:
    document = small()
    for service in document.services:
        service.ports = [
            Port("Cps", "SipServer", 6075) if port.owner == "Cps" else port for port in service.ports
        ]  # fmt: skip
    assert pools_of(document)["se01.contoso.com"]["row_overrides"] == [
        {"select": "id=='fe-call-park'", "set": {"port": 6075}}
    ]


def test_records_and_monitors_follow_a_port_that_was_moved(tmp_path: Path) -> None:
    old, new = 'Port="5061" Protocol="Mtls"', 'Port="5070" Protocol="Mtls"'
    import_of(everything().published_text().replace(old, new, 1), tmp_path / "large", OF_EVERYTHING)
    services = plan_of(tmp_path / "large").pools["pool01.woodgrove.com"].virtual_services
    assert {service.monitor["port"] for service in services} == {5070}
    answers = "all: {lync_client_networks: [10.0.0.0/8]}\nhosts: {se01.contoso.com: 10.1.0.1}\n"
    import_of(small().published_text().replace(old, new, 1), tmp_path / "small", answers)
    records = plan_of(tmp_path / "small").pools["se01.contoso.com"].dns_records
    assert [one.values for one in records if one.type == "SRV"] == [("0 0 5070 se01.contoso.com",)]


def test_media_ranges_start_and_count_exactly() -> None:
    document = small()
    text = document.published_text().replace('Port="49152" Protocol="TcpOrUdp"', 'Port="40000" Protocol="TcpOrUdp"')
    found = imported(read_topology_bytes(text.encode(), "t"))
    assert found.hosts["se01.contoso.com"]["lync_media_ports"] == {
        "application_sharing": "40000-56382", "audio": "40000-48347"
    }  # fmt: skip


def test_mirrored_databases_of_a_version_that_has_them() -> None:
    assert pools_of(everything(7))["pool01.woodgrove.com"]["sql"] == {
        "hosts": ["sql11.woodgrove.com"], "mirror": "sql12.woodgrove.com"
    }  # fmt: skip


def test_mirrored_databases_of_a_version_that_lost_them_are_listed() -> None:
    assert pools_of(everything(8))["pool01.woodgrove.com"]["sql"] == {
        "hosts": ["sql11.woodgrove.com", "sql12.woodgrove.com"]
    }
    assert any("sql12.woodgrove.com is the mirror of its databases" in note for note in notes_of(everything(8)))


def test_a_listener_of_always_on_is_asked_for() -> None:
    document = Document(sip_domains=["contoso.com"])
    pool = document.cluster("pool.contoso.com", ["fe01.contoso.com"])
    group = document.cluster("group.contoso.com")
    store = document.store("UserStore", group, 7, "", "sql01.contoso.com")
    document.front_end(pool, 7, store=store, share=document.share(document.cluster("contoso.com"), 7))
    found = imported(read_topology_bytes(document.published_text().encode(), "t"))
    assert found.pools["pool.contoso.com"]["sql"] == {
        "hosts": ["sql01.contoso.com"], "listener": {"name": "group.contoso.com"}
    }  # fmt: skip
    asked = {one.keys for one in found.questions if one.name == "pool.contoso.com"}
    assert {("sql.listener.address",), ("file_share",)} <= asked
    assert sorted(found.hosts) == ["fe01.contoso.com", "sql01.contoso.com"]


def test_addresses_that_the_topology_has_are_no_questions() -> None:
    document = small()
    document.clusters[0].machines = {
        "se01.contoso.com": (Interface(address="10.1.0.9"), Interface("Pstn", "10.8.0.9"))
    }
    document.mediation(document.clusters[0], 7, tcp=True)
    found = imported(read_topology_bytes(document.builder_text().encode(), "t"))
    assert found.hosts["se01.contoso.com"]["lync_address"] == "10.1.0.9"
    assert found.hosts["se01.contoso.com"]["lync_pstn_address"] == "10.8.0.9"
    assert "mediation_tcp" in str(found.deployment["lync_features"])


def test_an_application_on_a_front_end_has_its_own_ports_only() -> None:
    document = small()
    document.service("ExternalServer", document.clusters[0], 7, Port("recorder", "SipServer", 6000))
    found = imported(read_topology_bytes(document.published_text().encode(), "t"))
    assert found.hosts["se01.contoso.com"]["lync_sip_port"] == [6000]
    assert found.groups["trusted_applications"] == ("se01.contoso.com",)
    assert not [note for note in found.notes if "6000" in note]
