# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What appliances answer and what a CMDB delivers is not to be trusted (10, 13, 15)."""

from __future__ import annotations

import base64
import functools
import gzip
import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from .lab import (
    Bounded,
    Deployment,
    HttpsServer,
    Played,
    Request,
    Response,
    lines_about,
    play_bounded,
    play_tasks,
    raw_https,
)
from .options import extra, module, publication, service

POOL = "pool01.contoso.com"
SECRET = "hunter2-S3cret"
SECONDS, MOST_MEGABYTES, USUAL_MEGABYTES = 45, 4000, 300


def provider(server: HttpsServer, **more: object) -> dict[str, object]:
    return {
        "host": "127.0.0.1",
        "port": server.port,
        "user": "nsroot",
        "password": SECRET,
        "ca": str(server.ca),
        "timeout": 2,
        **more,
    }


def bring(name: str, server: HttpsServer, **more: object) -> dict[str, object]:
    """Return the task that asks an appliance what it has."""
    return module(name, services=[service(POOL, "10.1.0.100", 5061, ["10.1.0.11"])], provider=provider(server, **more))


# --- 10: appliances without end --------------------------------------------------------------------


def _slow_body() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    yield from _slowly(b" ")


def _slow_head() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    yield from _slowly(b"X-More: 1\r\n")


def _slowly(chunk: bytes) -> Iterator[bytes]:
    for _second in range(90):
        time.sleep(1)
        yield chunk


@functools.cache
def _packed() -> bytes:
    return gzip.compress(b" " * (200 << 20), 1)


def _bomb() -> Iterator[bytes]:
    head = f"Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {len(_packed())}\r\n\r\n"
    yield b"HTTP/1.1 200 OK\r\n" + head.encode() + _packed()


def _ports(request: Request) -> Response:
    place = {"VSAddress": "10.9.9.9", "VSPort": "11", "Protocol": "tcp", "ExtraPorts": "11-999999990444", "Rs": []}
    return Response(200, {"code": 200, "status": "ok", "VS": [{"NickName": "theirs", "Index": 1, **place}]})


ANSWERS = {"slow-body": _slow_body, "slow-head": _slow_head, "gzip-bomb": _bomb}


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bounded]:
    """Ask appliances that answer without end, all at once."""
    folder = tmp_path_factory.mktemp("endless")

    def ask(name: str) -> Bounded:
        if name == "port-range":
            with HttpsServer(_ports) as server:
                return play_bounded(folder / name, bring("kemp", server), SECONDS, 1000)
        with raw_https(ANSWERS[name]) as server:
            return play_bounded(folder / name, bring("netscaler", server), SECONDS, MOST_MEGABYTES)

    names = (*ANSWERS, "port-range")
    # Certificates are made when the first server is.
    HttpsServer(_ports).close()
    _packed()
    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(ask, names), strict=True))


@pytest.mark.parametrize("name", ["slow-body", "slow-head"])
def test_10_an_answer_has_a_deadline(endless: Mapping[str, Bounded], name: str) -> None:
    assert endless[name].ended
    assert endless[name].status == "failed" and "127.0.0.1" in endless[name].message, endless[name]


def test_10_an_answer_has_a_size(endless: Mapping[str, Bounded]) -> None:
    found = endless["gzip-bomb"]
    assert found.megabytes < USUAL_MEGABYTES
    assert found.status == "failed" and "127.0.0.1" in found.message, found


def test_10_a_range_of_ports_is_checked_before_it_is_built(endless: Mapping[str, Bounded]) -> None:
    found = endless["port-range"]
    assert found.megabytes < USUAL_MEGABYTES
    assert found.status == "failed" and "MemoryError" not in found.message, found


# --- 15, and advice that opens the door ------------------------------------------------------------


def _echoed(request: Request) -> Response:
    named = {name: value for name, value in request.headers.items() if name in ("authorization", "x-nitro-pass")}
    return Response(200, text=str(named), content_type="text/plain")


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, dict[str, dict[str, Any]]]:
    """Ask an appliance that answers with what it was sent, and one whose certificate is for another name."""
    with HttpsServer(_echoed) as server:
        tasks = {name: bring(name, server) for name in ("netscaler", "f5")}
        tasks["wrong name"] = bring("netscaler", server, host="localhost")
        return play_tasks(tmp_path_factory.mktemp("echo"), tasks)


@pytest.mark.parametrize("name", ["netscaler", "f5"])
def test_15_no_secret_is_quoted(echo: tuple[Played, dict[str, dict[str, Any]]], name: str) -> None:
    result = echo[1][name]
    assert result["status"] == "failed", result
    coded = base64.b64encode(f"nsroot:{SECRET}".encode()).decode()
    assert SECRET not in json.dumps(result) and coded not in json.dumps(result), result


def test_10_nobody_is_advised_to_trust_a_wrong_name(echo: tuple[Played, dict[str, dict[str, Any]]]) -> None:
    result = echo[1]["wrong name"]
    assert result["status"] == "failed" and "localhost" in result["msg"], result
    assert "validate_certs" not in result["msg"], result["msg"]


# --- 13: names that are code -----------------------------------------------------------------------

RULE_THAT_IS_CODE = ";[IO.File]::WriteAllText('/tmp/owned','ran');exit #"
SERVER_IN_A_NAME = "p\n    }\n    server { listen 0.0.0.0:9999; proxy_pass 10.66.6.6:443;"
COMMAND_IN_A_NAME = "media\nadvfirewall set allprofiles state off\n#"
CERTIFICATES = {"line": "/x.pem\n", "dots": "/etc/../../x"}


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Return a plan of an inventory with names that are code, each at a place of its own."""
    rule = {"name": RULE_THAT_IS_CODE, "protocol": "tcp", "localport": 10000}
    pools = {
        f"{name}.contoso.com": {
            "role": "frontend",
            "external_web_fqdn": f"web-{name}.contoso.com",
            "tls": {"mode": "bridge", "certificate": file, "ca": "/ca.pem"},
        }
        for name, file in CERTIFICATES.items()
    }
    hosts = {
        f"fe-{name}": {"ansible_host": f"10.1.0.{number}", "lync_pool": f"{name}.contoso.com"}
        for number, name in enumerate(CERTIFICATES, 1)
    }
    server = {
        "fe01@RULES@": {"ansible_host": "10.1.0.11", "lync_apply": "handout", "lync_extra_firewall_rules": [rule]}
    }
    common = {
        "lync_version": "2015",
        "lync_client_networks": ["10.10.0.0/16"],
        "lync_pools": pools,
        "lync_sip_domains": ["\u212aontoso.com"],
    }
    children = {"frontend": {"hosts": hosts}, "standard_edition": {"hosts": server}}
    folder = tmp_path_factory.mktemp("typed")
    with Deployment(folder, {"all": {"vars": common, "children": children}}) as site:
        yield site.play("plan", *extra(plan_dir=str(folder / "plan")))


@pytest.mark.parametrize("part", ["fe01@RULES@", "pool line.contoso.com", "pool dots.contoso.com", "ontoso.com"])
def test_13_an_inventory_with_code_in_a_name_is_refused(typed: Played, part: str) -> None:
    assert typed.status == 2, typed.output
    assert lines_about(typed, "  - ", part)


@pytest.fixture(scope="module")
def given_to_modules(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, dict[str, Any]], str]:
    """Return results of modules by what they were given, and all lines of the scripts that were handed out."""
    folder = tmp_path_factory.mktemp("modules")
    tasks: dict[str, Mapping[str, Any]] = {
        "netsh": module(
            "ipsec", exemptions=[{"name": COMMAND_IN_A_NAME, "protocol": "udp"}], handout_dir=str(folder / "out")
        ),
    }
    for driver, protocol in (("haproxy", "tcp"), ("nftables", "udp")):
        for key in ("pool", "name"):
            wanted = {**service(POOL, "10.1.0.100", 5061, ["10.1.0.11"], protocol=protocol), key: SERVER_IN_A_NAME}
            tasks[f"{driver} {key}"] = module(driver, services=[wanted], state="rendered")
    for name, file in CERTIFICATES.items():
        wanted = publication(
            POOL, "web.contoso.com", "10.1.0.100", "10.1.0.11", mode="bridge", certificate=file, ca="/ca.pem"
        )
        tasks[f"publications {name}"] = module("publications", driver="nginx", publications=[wanted], state="rendered")
    _played, results = play_tasks(folder, tasks)
    scripts = [path.read_bytes() for path in sorted((folder / "out").rglob("*")) if path.is_file()]
    return results, "\n".join(
        text.decode("utf-16" if text[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig") for text in scripts
    )


def test_13_no_command_of_netsh_comes_from_a_name(given_to_modules: tuple[dict[str, dict[str, Any]], str]) -> None:
    lines = [line.strip() for line in given_to_modules[1].splitlines()]
    assert not [line for line in lines if line.startswith("advfirewall set allprofiles")]
    assert given_to_modules[0]["netsh"]["status"] == "failed"


@pytest.mark.parametrize(
    "what", ["haproxy pool", "haproxy name", "nftables pool", "nftables name", "publications line", "publications dots"]
)
def test_13_modules_take_no_code_in_names(given_to_modules: tuple[dict[str, dict[str, Any]], str], what: str) -> None:
    result = given_to_modules[0][what]
    assert result["status"] == "failed", result
