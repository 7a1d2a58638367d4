# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab itself: Windows' read-back forms and checks, the wire, and the command lines."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
from typing import Any

import pytest
import requests

from tests.lab.lab import ROOT, Lab
from tests.simulators import ipsec_store, tamper, windows_rules
from tests.simulators.executor import Command, PythonExecutor
from tests.simulators.firewall_store import Faults, FirewallStore, FwRule
from tests.simulators.serve import prepare
from tests.simulators.windows_rules import ComError, Switches
from tests.simulators.winrm_server import PASSWORD, USER

READ_BACK = [
    ("127.0.0.1,192.168.1.1", "127.0.0.1/255.255.255.255,192.168.1.1/255.255.255.255"),
    ("192.168.0.0/24", "192.168.0.0/255.255.255.0"),
    ("192.168.0.0/255.255.255.0", "192.168.0.0/255.255.255.0"),
    ("10.0.240.1/8", "10.0.0.0/255.0.0.0"),
    ("192.168.0.1-192.168.0.5", "192.168.0.1-192.168.0.5"),
    ("10.0.0.1-10.0.0.5,LocalSubnet,10.9.0.0/16", "LocalSubnet,10.9.0.0/255.255.0.0,10.0.0.1-10.0.0.5"),
    ("dhcp,localsubnet", "LocalSubnet,DHCP"),
    ("2001:DB8::1", "2001:db8::1-2001:db8::1"),
    ("2001:db8::/32,10.0.0.1", "10.0.0.1/255.255.255.255,2001:db8::/32"),
    ("224.0.0.1,255.255.255.255", "224.0.0.1/255.255.255.255,255.255.255.255/255.255.255.255"),
    ("", "*"),
    (None, "*"),
    ("*", "*"),
]
REFUSED_ADDRESSES = [
    "*,10.0.0.1",
    "10.0.0.5-10.0.0.1",
    "0.0.0.0/0",
    "0.0.0.0",
    "::1",
    "ff02::1",
    "10.0.0.300",
    "nonsense",
]


@pytest.mark.parametrize(("put", "read"), READ_BACK)
def test_addresses_read_back_as_windows_stores_them(put: str | None, read: str) -> None:
    assert windows_rules.normal_addresses(put, Switches()) == read
    assert windows_rules.normal_addresses(read, Switches()) == read


@pytest.mark.parametrize("text", [*REFUSED_ADDRESSES, ",".join(f"10.{i // 250}.{i % 250}.1" for i in range(1001))])
def test_addresses_that_windows_refuses(text: str) -> None:
    with pytest.raises(ComError, match=r"The parameter is incorrect: .* \(0x80070057\)"):
        windows_rules.normal_addresses(text, Switches())


def test_switches_for_what_no_document_settles() -> None:
    assert windows_rules.normal_addresses("2001:db8::1", Switches(ipv6_as_range=False)) == "2001:db8::1/128"
    assert (
        windows_rules.normal_addresses("10.0.0.0/25,10.0.0.128/25", Switches(merges_overlaps=True))
        == "10.0.0.0/255.255.255.0"
    )


TCP_80 = {"Name": "x", "Protocol": 6, "LocalPorts": "80"}
REFUSED_RULES: list[dict[str, Any]] = [
    {"Name": "a|b"},
    {"Name": "ALL"},
    {"Description": "a|b"},
    {"ApplicationName": "a?.exe"},
    {"ServiceName": "a/b"},
    {"Protocol": 300},
    {"Protocol": 1},
    {"IcmpTypesAndCodes": "8:0"},
    {"LocalPorts": "RPC", "Direction": 2},
    {"LocalPorts": "Teredo"},
    {"EdgeTraversalOptions": 1, "Direction": 2},
    {"SecureFlags": 1, "Action": 0},
    {"LocalPorts": "0"},
    {"RemotePorts": "RPC"},
    {"LocalAddresses": "LocalSubnet"},
    {"InterfaceTypes": "Token"},
    {"Nonsense": 1},
]


@pytest.mark.parametrize("properties", REFUSED_RULES)
def test_rules_that_windows_refuses(tmp_path: pathlib.Path, properties: dict[str, Any]) -> None:
    store = FirewallStore(tmp_path, "h")
    store.create([], [])
    rule = FwRule()
    policy = store.policy()
    with pytest.raises(ComError):
        for name, value in {**TCP_80, **properties}.items():
            rule.put(name, value)
        policy.add(rule)
    assert policy.counters.writes == 0


def test_ports_before_the_protocol_are_refused() -> None:
    with pytest.raises(ComError, match="ports before the protocol"):
        FwRule().put("LocalPorts", "80")


def test_a_new_rule_is_disabled_and_has_no_ports_to_show() -> None:
    values = FwRule().values()
    assert (values["Enabled"], values["InterfaceTypes"], values["RemoteAddresses"], "LocalPorts" in values) == (
        False,
        "All",
        "*",
        False,
    )


def test_each_put_on_a_stored_rule_is_checked_and_on_disk_at_once(tmp_path: pathlib.Path) -> None:
    store = FirewallStore(tmp_path, "h")
    store.create([], [TCP_80, TCP_80])
    rule = next(store.policy().rules())
    rule.put("LocalPorts", "81")
    assert [stored["LocalPorts"] for stored in store.read()["rules"]] == ["81", "80"]
    with pytest.raises(ComError, match="do not match"):
        rule.put("Protocol", 1)
    assert store.read()["rules"][0]["Protocol"] == 6


@pytest.mark.parametrize(("removes_last", "left"), [(False, "2"), (True, "1")])
def test_remove_takes_one_of_several_namesakes(tmp_path: pathlib.Path, removes_last: bool, left: str) -> None:
    store = FirewallStore(tmp_path, "h")
    store.create([], [{**TCP_80, "LocalPorts": "1"}, {**TCP_80, "LocalPorts": "2"}], {"removes_last": removes_last})
    policy = store.policy()
    policy.remove("x")
    policy.remove("no such rule")
    assert [stored["LocalPorts"] for stored in store.read()["rules"]] == [left]


def test_the_wire_refuses_strangers_and_tells_faults(lab: Lab) -> None:
    lab.start({"h": {"addresses": []}})
    url = f"http://127.0.0.1:{json.loads(lab.inventory.read_text())['all']['hosts']['h']['ansible_port']}/wsman"
    assert requests.post(url, data="<a/>", timeout=10).status_code == 401
    action = (
        "<a><Action>http://x/transfer/{}</Action><MessageID>1</MessageID><Command>x</Command><Selector "
        "Name='ShellId'>none</Selector></a>"
    )
    for name, text in (("Nonsense", "unknown action"), ("Command", "no shell none")):
        answer = requests.post(url, data=action.format(name), auth=(USER, PASSWORD), timeout=10)
        assert (answer.status_code, text in answer.text) == (500, True)
    assert "syntax error: line 1" in requests.post(url, data="no XML", auth=(USER, PASSWORD), timeout=10).text
    none = dict.fromkeys(("executions", "enumerations", "com_enumerations", "writes"), 0)
    assert lab.stores["h"].counts() == {"requests": 4, **none}


def test_what_is_no_module_is_told_so(tmp_path: pathlib.Path) -> None:
    store = prepare({"h": {"addresses": []}}, tmp_path)["h"]
    assert PythonExecutor().run(store, Command("whoami", b"")).exit_code == 1
    unknown = json.dumps(
        {"module_args": {"_ansible_module_name": "ansible.windows.win_reboot", "_ansible_check_mode": False}}
    ).encode()
    assert b"no module win_reboot" in PythonExecutor().run(store, Command("", unknown)).stdout


def test_serve_starts_many_hosts_at_once_keeps_their_rules_and_ends_on_sigterm(tmp_path: pathlib.Path) -> None:
    hosts = {f"h{number:03}": {"addresses": [f"10.0.{number // 250}.{number % 250 + 1}"]} for number in range(500)}
    (tmp_path / "hosts.json").write_text(json.dumps(hosts))
    store = FirewallStore(tmp_path / "store", "h000")
    store.directory.mkdir()
    store.create(["10.0.0.1"], [TCP_80])
    command = [
        sys.executable,
        "-m",
        "tests.simulators.serve",
        "--hosts",
        "hosts.json",
        "--store",
        "store",
        "--inventory",
        "lab.yml",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        assert served.stdout.readline() == "ready\n"
        found = json.loads((tmp_path / "lab.yml").read_text())["all"]["hosts"]
        last = found["h499"]
        assert (
            requests.post(
                f"http://{last['ansible_winrm_host']}:{last['ansible_port']}/wsman", data="", timeout=10
            ).status_code
            == 401
        )
        served.send_signal(signal.SIGTERM)
        assert served.wait(30) == 0
    # How the host is reached, and nothing else: ansible_host stays what the inventory says.
    ways = {
        "connection",
        "winrm_host",
        "port",
        "winrm_scheme",
        "winrm_transport",
        "winrm_operation_timeout_sec",
        "winrm_read_timeout_sec",
        "user",
        "password",
    }
    assert set(last) == {f"ansible_{way}" for way in ways}
    assert len(found) == 500
    assert [rule["LocalPorts"] for rule in tamper.show(store)] == ["80"]


def test_tamper_changes_shows_removes_and_switches_faults(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = FirewallStore(tmp_path, "h")
    store.create([], [{**TCP_80, "Grouping": "msuc.lync", "Enabled": True}, {**TCP_80, "Name": "y"}])
    host = ["--store", str(tmp_path), "h"]
    assert (
        tamper.main([*host, "--rule", "x", "--set", "enabled=false", "--set", "localport=443", "--set", "Profiles=1"])
        == 0
    )
    assert tamper.main([*host, "--group", "msuc.lync"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [(rule["Enabled"], rule["LocalPorts"], rule["Profiles"]) for rule in shown] == [(False, "443", 1)]
    assert tamper.main([*host, "--rule", "x", "--remove"]) == 0
    assert tamper.main([*host, "--rule", "z", "--add", "--set", "protocol=6", "--set", "localport=9999"]) == 0
    assert [(rule["Name"], rule["Enabled"], rule["LocalPorts"]) for rule in tamper.show(store)][1:] == [
        ("z", True, "9999")
    ]
    ipsec_store.change(store, rules=ipsec_store.exempted({"{E1}": {"DisplayName": "e"}}))
    assert tamper.main([*host, "--exemption", "e", "--set", "Enabled=false"]) == 0
    assert tamper.main([*host, "--exemptions"]) == 0
    assert "|Active=FALSE|" in json.loads(capsys.readouterr().out)["{E1}"]
    assert tamper.main([*host, "--fault", "access_denied=true", "--fault", "drop_after_write=2"]) == 0
    assert store.faults() == Faults(access_denied=True, drop_after_write=2)
    assert tamper.main([*host, "--fault", "none"]) == 0
    assert store.faults() == Faults()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["h", "--rule", "z", "--set", "enabled=false"], "error: no rule 'z' on h"),
        (["h", "--rule", "x", "--set", "colour=red"], "error: no property colour"),
        (["h", "--rule", "x", "--set", "localport=0"], "error: The parameter is incorrect: ports '0'"),
        (["h", "--rule", "z", "--remove"], "error: no rule 'z' on h"),
        (["h", "--exemption", "z", "--set", "Enabled=false"], "error: no exemption 'z' on h"),
        (["h", "--fault", "colour=red"], "error: no fault colour"),
        (["other"], "error: "),
    ],
)
def test_tamper_says_why_not(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], arguments: list[str], text: str
) -> None:
    FirewallStore(tmp_path, "h").create([], [TCP_80])
    assert tamper.main(["--store", str(tmp_path), *arguments]) == 1
    assert text in capsys.readouterr().err
