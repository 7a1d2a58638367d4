# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real programs over the plan's packets: calls of sipp through a virtual address, STUN and TURN of coturn through the
Edge's ports.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ..simulators.netns import needs_namespaces
from ..simulators.proxies import needs_haproxy, needs_nginx
from .deployment import Deployment, deployment

PROGRAMS = ("sipp", "turnserver", "turnutils_stunclient", "turnutils_uclient")
MISSING = [program for program in PROGRAMS if shutil.which(program, path="/usr/bin:/usr/sbin:/bin") is None]
pytestmark = [
    needs_namespaces,
    needs_haproxy,
    needs_nginx,
    pytest.mark.skipif(
        bool(MISSING), reason=f"not installed: {', '.join(MISSING)}; Debian has them in sip-tester and coturn"
    ),
]
APPLICATION, MEMBERS = "10.1.0.91", ("fe01", "fe02", "fe03")
VISITOR, EDGE = "198.51.100.7", "203.0.113.41"


@pytest.fixture(scope="module")
def contoso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("calls")) as made:
        yield made


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


def test_calls_through_the_virtual_address_of_the_pool(contoso: Deployment, tmp_path: Path) -> None:
    """A trusted application speaks SIP over TCP; sipp ends with 0 only when each call went all its way."""
    log = ["-nostdin", "-max_socket", "500", "-trace_err", "-error_file", str(tmp_path / "errors.log")]
    with contextlib.ExitStack() as stack:
        for name in MEMBERS:
            contoso.servers.leave(name, "tcp", 5060)
            address = contoso.hosts[name].addresses[0]
            stack.enter_context(
                running(contoso, name, ["sipp", "-sn", "uas", "-t", "tn", "-i", address, "-p", "5060", *log])
            )
        contoso.network.speak_from("internal", APPLICATION)
        call = [
            "timeout",
            "30",
            "sipp",
            "-sn",
            "uac",
            "10.1.0.100:5060",
            "-t",
            "tn",
            "-i",
            APPLICATION,
            "-m",
            "5",
            "-r",
            "5",
            "-d",
            "100",
            *log,
        ]
        told = contoso.network.run("internal", call)
        assert re.search(r"Successful call +\| +\d+ +\| +5 ", told) and re.search(
            r"Failed call +\| +\d+ +\| +0 ", told
        ), told
        # From anywhere else the same call does not even begin.
        contoso.network.speak_from("internal", "10.1.0.222")
        with pytest.raises(RuntimeError):
            contoso.network.run("internal", ["timeout", "4", *call[2:9], "10.1.0.222", *call[10:]])


def test_stun_and_turn_through_the_ports_of_the_edge(contoso: Deployment) -> None:
    contoso.servers.leave("edge01", "udp", 3478)
    contoso.network.speak_from("internet", VISITOR)
    server = [
        "turnserver",
        "-n",
        "-L",
        EDGE,
        "-E",
        EDGE,
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
    with running(contoso, "edge01", server):
        told = contoso.network.run("internet", ["timeout", "20", "turnutils_stunclient", "-p", "3478", EDGE])
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
            EDGE,
        ]
        assert "Total lost packets 0" in contoso.network.run("internet", talk)
        # A port that the plan does not open stays shut for the same server.
        with pytest.raises((RuntimeError, subprocess.TimeoutExpired)):
            contoso.network.run("internet", ["timeout", "3", "turnutils_stunclient", "-p", "3479", EDGE])
