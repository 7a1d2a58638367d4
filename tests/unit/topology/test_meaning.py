# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Topologies that mean something else than the samples: what there is twice, elsewhere, or under another role."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import Plan
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.answers import (
    Answers,
    questions_text,
    read_answers,
    with_answers,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.compare import inventory_hosts
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.draft import Imported
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.mapping import imported
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.read import read_topology_bytes

from tests.simulators.topologies import Document, Interface, Port, Service

from .samples import SERVICES, everything, small
from .test_read import doc_item_set, zipped


def import_of(document: Document) -> Imported:
    return imported(read_topology_bytes(document.published_text().encode(), "t"))


def plan_of(found: Imported, **answers: Mapping[str, object]) -> Plan:
    """Return the plan of an import, where addresses of hosts and client networks are answered."""
    open_hosts = {one.name for one in found.questions if one.section == "hosts"}
    hosts = {name: f"10.1.0.{place}" for place, name in enumerate(sorted(open_hosts), 1)}
    every = {"lync_client_networks": ["10.10.0.0/16"]}
    done = with_answers(found, Answers(all=every, hosts=hosts, **answers))  # type: ignore[arg-type]
    return compile_inventory(inventory_hosts(done))


def service(document: Document, role: str) -> Service:
    return next(one for one in document.services if one.role == role)


def test_databases_of_a_standard_edition_server_that_are_elsewhere() -> None:
    document = small()
    store = document.store("MonitoringStore", document.cluster("sql01.contoso.com"), 7, "MON")
    service(document, "Registrar").needs.append((store, "Default"))
    found = import_of(document)
    assert found.pools["se01.contoso.com"]["sql"] == {"hosts": ["sql01.contoso.com"], "instance": "MON"}
    assert plan_of(found).hosts


@pytest.mark.parametrize(("role", "usage"), [("WitnessStore", "Default"), ("UserStore", "Witness")])
def test_a_witness_by_its_role_or_by_what_it_is_needed_for(role: str, usage: str) -> None:
    document = everything(7)
    users = service(document, "UserServices")
    for number in (1, 2):
        witness = document.store(role, document.cluster(f"sqlw{number}.woodgrove.com"), 7, "W")
        users.needs.append((witness, usage))
    found = import_of(document)
    sql = found.pools["pool01.woodgrove.com"]["sql"]
    assert sql == {
        "hosts": ["sql11.woodgrove.com"], "mirror": "sql12.woodgrove.com", "witness": "sqlw1.woodgrove.com"
    }  # fmt: skip
    assert any("sqlw2.woodgrove.com is a further witness of its databases" in note for note in found.notes)


def test_a_branch_has_a_backup_and_is_no_pair() -> None:
    document = small()
    document.sites[2] = ("Branch", 1)
    branch = document.cluster("sba.contoso.com", site=2)
    gateway = document.cluster("gw.contoso.com", site=2)
    document.gateway(gateway, 7, [5067], [document.branch(branch, 7)])
    home, of_branch = (one for one in document.services if one.role == "Registrar")
    of_branch.needs.append((home, "Backup"))
    found = import_of(document)
    assert "backup_pool" not in found.pools["se01.contoso.com"]
    assert any("se01.contoso.com is there for backup, which no variable takes" in note for note in found.notes)
    assert plan_of(found).hosts


def test_the_backup_service_is_a_part_of_a_front_end() -> None:
    document = everything()
    document.service("BackupServer", document.clusters[0], 8)
    assert import_of(document).groups == import_of(everything()).groups


def test_both_families_of_a_card_outside_are_addresses_of_its_services() -> None:
    document = small()
    cards = (
        Interface("Internal", "2001:db8:1::5"), Interface("External", "2001:db8:2::5"),
        Interface("External", "192.0.2.5"),
    )  # fmt: skip
    edge = document.cluster("edge.contoso.com", {"edge.contoso.com": cards})
    document.edge(
        edge, 7, {"access": 5061, "web_conferencing": 444, "av": 443}, {}, dict.fromkeys(SERVICES, 1), []
    )  # fmt: skip
    found = import_of(document)
    addresses = found.hosts["edge.contoso.com"]["lync_external_addresses"]
    assert isinstance(addresses, dict)
    assert {(name, tuple(value)) for name, value in addresses.items()} == {
        (name, ("2001:db8:2::5", "192.0.2.5")) for name in SERVICES
    }
    assert plan_of(found).hosts["edge.contoso.com"].firewall_rules


def test_a_second_port_of_a_service_outside_is_listed() -> None:
    document = everything()
    outside = Port("AccessEdge", "SipClient", 5061, "Tls", "External", interface=2)
    service(document, "EdgeServer").ports.append(outside)
    assert any("port 5061 is a further one of access" in note for note in import_of(document).notes)


def test_a_pool_without_machines_is_left_out_and_listed() -> None:
    document = small()
    cluster = document.cluster("hosted.contoso.com")
    cluster.machines = {}
    document.service("EdgeServer", cluster, 7)
    found = import_of(document)
    assert list(found.pools) == ["se01.contoso.com"]
    assert [note.rpartition("com: ")[2] for note in found.notes] == ["no machine is in it, so it is left out"]
    assert plan_of(found).hosts


def test_a_second_external_name_is_listed() -> None:
    document = everything()
    document.web_site(document.clusters[0], 8, "other.woodgrove.com")
    found = import_of(document)
    assert found.pools["pool01.woodgrove.com"]["external_web_fqdn"] == "webext01.woodgrove.com"
    assert any("other.woodgrove.com is a further name of its web services" in note for note in found.notes)


def test_a_farm_on_the_internet_is_no_host() -> None:
    document = everything()
    service(document, "WacService").details["IsExternal"] = "true"
    found = import_of(document)
    assert "office.woodgrove.com" not in {**found.hosts, **found.pools}
    assert any("the farm is on the Internet" in note for note in found.notes)


def test_a_second_pair_is_listed() -> None:
    document = everything()
    registrars = [one for one in document.services if one.role == "Registrar"]
    cluster = document.cluster("pool03.woodgrove.com", ["fe31.woodgrove.com"])
    store = document.store("UserStore", document.cluster("sql31.woodgrove.com"), 8)
    share = document.share(document.cluster("fs03.woodgrove.com"), 8)
    third = document.front_end(cluster, 8, store=store, share=share)
    third.needs.append((registrars[0], "Backup"))
    notes = import_of(document).notes
    assert any("it is paired with pool03.woodgrove.com too, and a pool has one pair" in note for note in notes)


def test_trunks_of_a_gateway_are_all_its_ports_and_pools() -> None:
    document = small()
    mediation = document.mediation(document.clusters[0], 7, tcp=True)
    gateway = document.cluster("gw.contoso.com")
    document.gateway(gateway, 7, [5060], [mediation])
    document.gateway(gateway, 7, [5067, 5068], [mediation])
    host = import_of(document).hosts["gw.contoso.com"]
    assert (host["lync_sip_port"], host["lync_gateway_pools"]) == ([5060, 5067, 5068], ["se01.contoso.com"])


def test_ranges_of_a_video_interop_server() -> None:
    document = small()
    ranges = [
        Port("MediaComp", kind, start, "TcpOrUdp", count=1000)
        for kind, start in (("AudioCommunication", 40000), ("VideoCommunication", 41000))
    ]
    cluster = document.cluster("vis.contoso.com")
    document.service("VideoInteropServer", cluster, 7, Port("VideoInterop", "SipClient", 6001, "Tls"), *ranges)
    found = import_of(document)
    assert found.hosts["vis.contoso.com"]["lync_media_ports"] == {"audio": "40000-40999", "video": "41000-41999"}
    assert not found.notes


def _url(kind: str, active: str, *entries: str) -> str:
    inside = "".join(f'<SimpleUrlEntry Url="{one}" />' for one in entries)
    return f'<SimpleUrl Component="{kind}" Domain="*" ActiveUrl="{active}">{inside}</SimpleUrl>'


def test_simple_urls_of_every_document_count_and_those_that_are_not_active_are_listed() -> None:
    meet, old = "https://meet.contoso.com", "https://old.contoso.com/meet"
    common = f"<SimpleUrlConfiguration>{_url('Meet', meet, old, meet)}{_url('Novel', meet)}</SimpleUrlConfiguration>"
    of_site = f"<SimpleUrlConfiguration>{_url('Meet', 'https://meet-rome.contoso.com')}</SimpleUrlConfiguration>"
    text = doc_item_set(common, of_site, small().published_text())
    found = imported(read_topology_bytes(zipped(DocItemSet_xml=text), "t"))
    assert found.deployment["lync_simple_urls"] == {"meet": [meet, "https://meet-rome.contoso.com"]}
    assert any(f"'{old}' is of Meet too and not active" in note for note in found.notes)
    assert any("'Novel'" in note and "is no simple URL that is known" in note for note in found.notes)


def test_addresses_outside_that_some_services_lack_stay_a_question_until_all_are_there() -> None:
    document = everything()
    cards = {
        name: tuple(one if one.number == 1 else Interface(one.side, "0.0.0.0", one.number) for one in interfaces)
        for name, interfaces in document.clusters[-1].machines.items()
    }
    document.clusters[-1].machines = cards
    found = import_of(document)

    def lacking(given: dict[str, str]) -> set[str]:
        hosts = {"edge01.woodgrove.com": {"lync_external_addresses": given}, "edge02.woodgrove.com": {}}
        done = with_answers(found, Answers(hosts=hosts))
        return {one.name for one in done.questions if str(one.keys).startswith("('lync_external_addresses")}

    assert lacking({}) == {"edge01.woodgrove.com", "edge02.woodgrove.com"}
    assert lacking({"access": "198.51.100.21"}) == {"edge01.woodgrove.com", "edge02.woodgrove.com"}
    assert lacking({"access": "198.51.100.21", "web_conferencing": "198.51.100.31"}) == {"edge02.woodgrove.com"}
    # That only av is translated is left to the site, and shown to it.
    usual = import_of(everything()).questions
    assert any("lync_external_nat_addresses.access" in one.keys for one in usual)


def test_what_the_file_of_questions_has_is_no_answer(tmp_path: Path) -> None:
    document = everything()
    document.clusters[-1].machines = {
        name: (Interface("Internal", "10.4.0.1"), Interface("External", "198.51.100.7", 1))
        for name in document.clusters[-1].machines
    }
    found = import_of(document)
    path = tmp_path / "answers.yml"
    path.write_text(questions_text(found, "t"), encoding="utf-8")
    answers = read_answers(path, found)
    assert (answers.all, answers.more_hosts) == ({}, {})
    assert with_answers(found, answers) == with_answers(found, Answers())
