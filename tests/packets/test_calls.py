# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real programs over the plan's packets: calls of sipp to the pool, in Contoso through its virtual address, STUN and
TURN of coturn through the Edge's ports.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..simulators.netns import needs_namespaces
from ..simulators.proxies import needs_haproxy
from ..simulators.ring import needs_ring
from .deployment import CONTOSO, FABRIKAM, Deployment, Example, deployment

PROGRAMS = ("sipp", "turnserver", "turnutils_stunclient", "turnutils_uclient")
MISSING = [program for program in PROGRAMS if shutil.which(program, path="/usr/bin:/usr/sbin:/bin") is None]
pytestmark = [
    needs_namespaces,
    needs_haproxy,
    needs_ring,
    pytest.mark.skipif(
        bool(MISSING), reason=f"not installed: {', '.join(MISSING)}; Debian has them in sip-tester and coturn"
    ),
]
VISITOR = "198.51.100.7"


@dataclass(frozen=True)
class Callers:
    """Who calls whom in an example: the host of an application, and its address; where the pool is called, and its
    members; an address inside that is no application; an Edge Server and the address of its A/V Edge.
    """

    example: Example
    host: str
    address: str
    pool: str
    members: tuple[str, ...]
    stranger: str
    edge: str
    av: str


# Contoso's pool is called at its virtual address, Fabrikam's at a member, since DNS balances it.
CALLERS = (
    Callers(
        CONTOSO, "app01", "10.1.0.91", "10.1.0.100", ("fe01", "fe02", "fe03"), "10.1.0.222", "edge01", "203.0.113.41"
    ),
    Callers(FABRIKAM, "app11", "10.50.0.91", "10.50.0.12", ("fe12",), "10.50.0.222", "edge11", "172.21.1.41"),
)


@pytest.fixture(scope="module", params=CALLERS, ids=lambda callers: callers.example.name)
def callers(request: pytest.FixtureRequest) -> Callers:
    found: Callers = request.param
    return found


@pytest.fixture(scope="module")
def made(callers: Callers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("calls"), callers.example) as found:
        yield found


@contextlib.contextmanager
def running(made: Deployment, name: str, command: Sequence[str]) -> Iterator[None]:
    process = made.network.start(name, command)
    try:
        time.sleep(1)
        assert process.poll() is None, command
        yield
    finally:
        process.terminate()
        process.wait(10)


def test_calls_of_an_application_to_the_pool(callers: Callers, made: Deployment, tmp_path: Path) -> None:
    """A trusted application speaks SIP over TCP; sipp ends with 0 only when each call went all its way."""
    log = ["-nostdin", "-max_socket", "500", "-trace_err", "-error_file", str(tmp_path / "errors.log")]
    with contextlib.ExitStack() as stack:
        for name in callers.members:
            made.servers.leave(name, "tcp", 5060)
            address = made.hosts[name].addresses[0]
            stack.enter_context(
                running(made, name, ["sipp", "-sn", "uas", "-t", "tn", "-i", address, "-p", "5060", *log])
            )
        call = [
            "timeout",
            "30",
            "sipp",
            "-sn",
            "uac",
            f"{callers.pool}:5060",
            "-t",
            "tn",
            "-i",
            callers.address,
            "-m",
            "5",
            "-r",
            "5",
            "-d",
            "100",
            *log,
        ]
        told = made.network.run(callers.host, call)
        assert re.search(r"Successful call +\| +\d+ +\| +5 ", told) and re.search(
            r"Failed call +\| +\d+ +\| +0 ", told
        ), told
        # From anywhere else the same call does not even begin.
        made.network.speak_from("internal", callers.stranger)
        with pytest.raises(RuntimeError):
            made.network.run("internal", ["timeout", "4", *call[2:9], callers.stranger, *call[10:]])


def test_stun_and_turn_through_the_ports_of_the_edge(callers: Callers, made: Deployment) -> None:
    made.servers.leave(callers.edge, "udp", 3478)
    made.network.speak_from("internet", VISITOR)
    server = [
        "turnserver",
        "-n",
        "-L",
        callers.av,
        "-E",
        callers.av,
        "-p",
        "3478",
        "-a",
        "-u",
        "user:secret",
        "-r",
        "contoso.com",
        "--no-tls",
        "--no-dtls",
        "--no-tcp",
        "--min-port",
        "51000",
        "--max-port",
        "51100",
        "--no-cli",
        "--allow-loopback-peers",
        "--log-file",
        "stdout",
        "--pidfile",
        "/dev/null",
    ]
    with running(made, callers.edge, server):
        told = made.network.run("internet", ["timeout", "20", "turnutils_stunclient", "-p", "3478", callers.av])
        assert f"UDP reflexive addr: {VISITOR}:" in told
        talk = [
            "timeout",
            "30",
            "turnutils_uclient",
            "-u",
            "user",
            "-w",
            "secret",
            "-p",
            "3478",
            "-n",
            "3",
            "-m",
            "1",
            "-y",
            "-L",
            VISITOR,
            callers.av,
        ]
        assert "Total lost packets 0" in made.network.run("internet", talk)
        # A port that the plan does not open stays shut for the same server.
        with pytest.raises((RuntimeError, subprocess.TimeoutExpired)):
            made.network.run("internet", ["timeout", "3", "turnutils_stunclient", "-p", "3479", callers.av])
