# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Both modules that probe meet the same servers and tell the same: the Linux module, and the module's own PowerShell.

Sockets are real.
"""

from __future__ import annotations

import base64
import json
import os
import pathlib
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.module_utils._probe_listeners import listeners
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.host_io import read_network
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.verdicts import read_certificate

from tests.lab.lab import ROOT
from tests.simulators.netns import ip, namespace, needs_namespaces
from tests.simulators.probe_host import run_module
from tests.simulators.probe_servers import Servers, certificate, rpc_answer, stun_answer

HERE = pathlib.Path(__file__).resolve().parent
PWSH = os.environ.get("LYNC_PWSH", "")
BIND = base64.b64encode(b"\x05\x00\x0b\x03\x10\0\0\0\x0a\0").decode()
HOST, OTHER, UNUSED = "127.3.0.11", "127.3.0.12", "127.3.0.13"
OLD = ssl.TLSVersion.TLSv1_2
STUN = base64.b64encode(b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"x" * 12).decode()
Arguments = Mapping[str, Any]
Hand = Callable[..., list[dict[str, Any]]]


def linux(runs: Sequence[Arguments], *prefix: str) -> list[dict[str, Any]]:
    return [run_module(arguments, bool(arguments.get("_ansible_check_mode")), prefix) for arguments in runs]


def windows(runs: Sequence[Arguments], *prefix: str) -> list[dict[str, Any]]:
    path = ROOT / ".build" / f"probe-{os.getpid()}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(list(runs)), encoding="utf-8")
    command = [*prefix, PWSH, "-NoProfile", "-File", str(HERE / "probe.ps1"), "-Path", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    path.unlink()
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(runs), done.stdout[-2000:] + done.stderr
    return found


IN_POWERSHELL = [pytest.mark.no_cover, pytest.mark.skipif(not PWSH, reason="LYNC_PWSH does not name a PowerShell 7")]


@pytest.fixture(params=["linux", pytest.param("windows", marks=IN_POWERSHELL)])
def hand(request: pytest.FixtureRequest) -> Hand:
    return {"linux": linux, "windows": windows}[request.param]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as found:
        yield found


def probe(name: str, kind: str, address: str, port: int, **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": kind, "address": address, "port": port, **more}


def met(answer: Mapping[str, Any]) -> str:
    """Return an answer in one word and what was heard."""
    said = base64.b64decode(answer.get("answer") or "")
    read = read_certificate(base64.b64decode(answer.get("certificate") or ""))
    parts = [
        answer["state"],
        *(word for word in ("closed", "silent") if answer.get(word)),
        said.hex()[:8],
        ",".join(read.names) if read else "",
    ]
    return " ".join(part for part in parts if part)


def free_port() -> int:
    with socket.create_server((UNUSED, 0)) as one:
        return int(one.getsockname()[1])


def test_what_is_met_is_told_alike(servers: Servers, hand: Hand) -> None:
    pem = certificate(["pool01.contoso.com", "fe01.contoso.com"])
    asked = {
        "tcp": (probe("tcp", "tcp", HOST, servers.tcp(HOST, 0), source=OTHER), "open"),
        "tcp over IPv6": (probe("tcp over IPv6", "tcp", "::1", servers.tcp("::1", 0)), "open"),
        "stays": (probe("stays", "tcp", HOST, servers.tcp(HOST, 0), hold_milliseconds=200), "open"),
        "ends": (
            probe("ends", "tcp", HOST, servers.tcp(HOST, 0, lambda one: None), hold_milliseconds=1000),
            "open closed",
        ),
        "refused": (probe("refused", "tcp", UNUSED, free_port()), "refused"),
        "dropped": (probe("dropped", "tcp", HOST, servers.drop(HOST, 0)), "timed_out"),
        "tls": (
            probe("tls", "tls", HOST, servers.tls(HOST, 0, pem), server_name="pool01.contoso.com"),
            "open fe01.contoso.com,pool01.contoso.com",
        ),
        "mtls": (
            probe("mtls", "tls", HOST, servers.tls(HOST, 0, pem, asks_client=True)),
            "open fe01.contoso.com,pool01.contoso.com",
        ),
        "old mtls": (
            probe("old mtls", "tls", HOST, servers.tls(HOST, 0, pem, asks_client=True, newest=OLD)),
            "open fe01.contoso.com,pool01.contoso.com",
        ),
        "old tls": (
            probe("old tls", "tls", HOST, servers.tls(HOST, 0, pem, newest=OLD)),
            "open fe01.contoso.com,pool01.contoso.com",
        ),
        "no tls": (probe("no tls", "tls", HOST, servers.tcp(HOST, 0, lambda one: None)), "open closed"),
        "speaks": (
            probe(
                "speaks", "tls", HOST, servers.tcp(HOST, 0, lambda one: one.sendall(b"msuc")), hold_milliseconds=1000
            ),
            "open 6d737563",
        ),
        "rpc": (probe("rpc", "tcp", HOST, servers.tcp(HOST, 0, rpc_answer), payload=BIND), "open 05000c03"),
        "stun": (
            probe("stun", "udp", HOST, servers.udp(HOST, 0, stun_answer), payload=STUN, source=OTHER),
            "open 01010000",
        ),
        "silent": (probe("silent", "udp", HOST, servers.udp(HOST, 0, lambda data: None), payload=STUN), "timed_out"),
        "mute": (
            probe("mute", "tls", HOST, servers.tcp(HOST, 0, lambda one: one.recv(65535) and one.recv(1))),
            "open silent",
        ),
        "closed udp": (probe("closed udp", "udp", UNUSED, free_port(), payload=STUN), "refused"),
        "foreign source": (probe("foreign source", "tcp", HOST, 9, source="192.0.2.1"), "failed"),
    }
    given = {"operation": "probe", "timeout_milliseconds": 1500, "at_once": 20}
    (result,) = hand([{**given, "probes": [item for item, _expected in asked.values()]}])
    assert not result.get("failed"), result
    assert [answer["id"] for answer in result["answers"]] == list(asked)
    assert {answer["id"]: met(answer) for answer in result["answers"]} == {
        name: expected for name, (_probe, expected) in asked.items()
    }
    times = {answer["id"]: answer["milliseconds"] for answer in result["answers"]}
    assert times["tcp"] < 1400 <= times["dropped"] < 8000
    assert f"tcp {HOST} {asked['tcp'][0]['port']}" in result["listeners"]
    assert f"udp {HOST} {asked['stun'][0]['port']}" in result["listeners"]
    assert result["changed"] is False


@needs_namespaces
def test_network_cards_and_routes_are_told_alike(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cards and routes are those of a network namespace; what outlasts a restart only Windows knows."""
    monkeypatch.setenv("LAB_PERSISTENT_ROUTES", "10.0.0.0/8")
    with namespace("reads") as name:
        for own, address in (("eth0", "10.2.0.21"), ("eth1", "203.0.113.21")):
            ip("-n", name, "link", "add", own, "type", "veth", "peer", "name", f"{own}p")
            for each in (own, f"{own}p"):
                ip("-n", name, "link", "set", each, "up")
            ip("-n", name, "address", "add", f"{address}/24", "dev", own)
        for route in (
            "default via 203.0.113.1 dev eth1",
            "10.0.0.0/8 via 10.2.0.1 dev eth0 metric 20",
            "2001:db8:1::/48 via fe80::9 dev eth0",
        ):
            ip("-n", name, "route", "add", *route.split())
        (result,) = hand([{"operation": "probe", "probes": [], "read_network": True}], "ip", "netns", "exec", name)
    told = read_network(result["network"])
    assert told.problem == "" and told.lasting in (None, frozenset({"10.0.0.0/8"}))
    (inside,), (outside,) = told.cards_of(["10.2.0.21"]), told.cards_of(["203.0.113.21"])
    assert "10.2.0.21/24" in told.interfaces[inside]
    assert [(route.by, route.via) for route in told.defaults(4)] == [(outside, "203.0.113.1")]
    wanted = AddressSet.parse(["10.1.0.0/16", "10.2.0.9", "2001:db8:1::5"])
    ways = {route.to: (part.to_text(), route.by, route.via) for part, route in told.ways(wanted) if route}
    on_link = ways.pop("10.2.0.0/24")
    assert on_link[:2] == (("10.2.0.9",), inside) and on_link[2] in ("", "0.0.0.0")
    assert ways == {
        "10.0.0.0/8": (("10.1.0.0/16",), inside, "10.2.0.1"),
        "2001:db8:1::/48": (("2001:db8:1::5",), inside, "fe80::9"),
    }


def test_pace_and_time_are_kept(servers: Servers, hand: Hand) -> None:
    port = servers.tcp(HOST, 0)
    probes = [probe(str(number), "tcp", HOST, port) for number in range(30)]
    started = time.monotonic()
    (result,) = hand([{"operation": "probe", "probes": probes, "per_second": 10, "total_seconds": 1, "at_once": 4}])
    states = [answer["state"] for answer in result["answers"]]
    assert time.monotonic() - started > 1
    assert states == ["open"] * states.count("open") + ["skipped"] * states.count("skipped")
    assert 5 <= states.count("open") <= 11


def listen(*ports: int, protocol: str = "tcp", **more: Any) -> dict[str, Any]:
    return {
        "operation": "listen",
        "listen": [{"protocol": protocol, "address": OTHER, "port": port} for port in ports],
        **more,
    }


def is_open(port: int) -> bool:
    return f"tcp {OTHER} {port}" in listeners()


def gone(port: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while is_open(port) and time.monotonic() < end:
        time.sleep(0.1)
    return not is_open(port)


def test_temporary_listeners_answer_and_are_closed(servers: Servers, hand: Hand) -> None:
    taken, free = servers.tcp(OTHER, 0), free_port()
    both = {
        "operation": "listen",
        "listen": [*listen(taken, free)["listen"], *listen(free, protocol="udp")["listen"]],
        "listen_seconds": 60,
    }
    checked, opened = hand([{**both, "_ansible_check_mode": True}, both])
    assert (checked["changed"], checked["opened"]) == (False, [])
    assert (opened["changed"], sorted(opened["opened"])) == (True, [f"tcp {OTHER} {free}", f"udp {OTHER} {free}"]), (
        opened
    )
    assert [text.partition(": ")[0] for text in opened["not_opened"]] == [f"tcp {OTHER} {taken}"]
    asked = [probe("tcp", "tcp", OTHER, free, hold_milliseconds=1000), probe("udp", "udp", OTHER, free, payload=STUN)]
    close, of_others = (
        {"operation": "close", "token": token} for token in (opened["token"], str(HERE / "test_probe.py"))
    )
    probed, wrong, closed, again = hand([{"operation": "probe", "probes": asked}, of_others, close, close])
    heard = {answer["id"]: base64.b64decode(answer["answer"]) for answer in probed["answers"]}
    assert heard == {"tcp": b"msuc.lync temporary listener\n", "udp": base64.b64decode(STUN)}
    assert wrong["failed"] and "is not a file of a temporary listener" in wrong["msg"]
    assert (closed["changed"], again["changed"]) == (True, False)
    assert gone(free, 5) and is_open(taken)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("throw 'Access is denied.'", "Access is denied."),
        ("@{ ReturnValue = 2 }", "Win32_Process.Create returned 2"),
    ],
)
@pytest.mark.no_cover
@pytest.mark.skipif(not PWSH, reason="LYNC_PWSH does not name a PowerShell 7")
def test_where_wmi_starts_nothing_the_way_out_is_told(answer: str, problem: str) -> None:
    module = ROOT / "plugins/module_utils/_Probe.psm1"
    script = (
        f"Import-Module {module}; function global:Invoke-CimMethod {{ {answer} }}; "
        "try { & (Get-Module _Probe) { Start-LyncProcess -Script 'exit' } } catch { $_.Exception.Message }"
    )
    done = subprocess.run([PWSH, "-NoProfile", "-Command", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == (
        f"the process of the temporary listeners could not be started: {problem}; fix: let WMI start powershell.exe "
        "for the time of the run, or leave lync_probe_listeners out"
    ), done.stdout + done.stderr


def test_as_many_temporary_listeners_as_a_plan_has_are_opened(hand: Hand) -> None:
    # On a command line, which ends at 32,767 characters on Windows, they would not fit.
    ports = range(31000, 31800)
    many = [{"protocol": "udp", "address": OTHER, "port": port} for port in ports]
    (opened,) = hand([{"operation": "listen", "listen": many, "listen_seconds": 60}])
    hand([{"operation": "close", "token": opened["token"]}])
    assert len(opened["opened"]) + len(opened["not_opened"]) == len(many) and len(opened["opened"]) > 700, opened
    end = time.monotonic() + 10
    while f"udp {OTHER} {ports[0]}" in listeners() and time.monotonic() < end:
        time.sleep(0.1)


def test_temporary_listeners_that_nobody_closes_end(hand: Hand) -> None:
    port = free_port()
    (opened,) = hand([listen(port, listen_seconds=3)])
    assert opened["opened"] and is_open(port)
    assert gone(port, 15)
    assert not pathlib.Path(opened["token"]).exists()
