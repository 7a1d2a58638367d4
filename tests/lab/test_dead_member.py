# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Members that lose power under load, and files of an earlier layout, by real HAProxy.

A member without power is one whose packets are all dropped, by a table of nftables for its address alone.
LYNC_BENCH=1 takes the intervals of a deployment, 10 s.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.driver import server_id
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import MemberDown, Monitor, Service

from ..simulators.proxies import (
    MEMBERS,
    NET,
    PORTS,
    VIP,
    Members,
    Proxy,
    greeted,
    needs_haproxy,
    running_haproxy,
    services,
)
from .lab import ROOT
from .test_traffic import alive, told

NFT = shutil.which("nft", path="/usr/sbin:/usr/bin:/sbin")
pytestmark = [
    needs_haproxy,
    pytest.mark.skipif(NFT is None or os.geteuid() != 0, reason="to take power from a member takes root and nftables"),
]
INTERVAL = 10 if os.environ.get("LYNC_BENCH") else 1
BAR = 2 * INTERVAL + 5
SESSIONS = 2000 if os.environ.get("LYNC_BENCH") else 300
EARLIER = ROOT / "tests" / "fixtures" / "haproxy" / "services-0.1.cfg"


@contextlib.contextmanager
def without_power(*addresses: str) -> Iterator[None]:
    name = f"lync_power_{os.getpid()}"
    dead = "{ " + ", ".join(addresses) + " }"
    # Where they arrive: what is dropped where it is sent, the sender is told.
    rules = f"chain c {{ type filter hook input priority -300; ip saddr {dead} drop; ip daddr {dead} drop; }}\n"
    subprocess.run([str(NFT), "-f", "-"], input=f"table ip {name} {{\n{rules}}}\n", text=True, check=True)
    try:
        yield
    finally:
        subprocess.run([str(NFT), "delete", "table", "ip", name], check=True)


def asked_every(interval: int = INTERVAL, idle_seconds: int = 1800) -> tuple[Service, ...]:
    return tuple(
        replace(each, monitor=Monitor(15061, interval, 2), idle_seconds=idle_seconds) for each in services(PORTS[:2])
    )


def sign_ins(count: int = 30) -> dict[str, list[socket.socket]]:
    """Return open connections by member."""
    found: dict[str, list[socket.socket]] = {}
    for number in range(1, count + 1):
        one = socket.create_connection((VIP, PORTS[0]), 5, (f"127.0.6.{number}", 0))
        found.setdefault(one.recv(64).decode().strip(), []).append(one)
    return found


def seconds_until_closed(connections: list[socket.socket], limit: float) -> float:
    """Return when the last one was closed; each second one sends something, as clients do, and the others are quiet."""
    start, last = time.monotonic(), 0.0
    waiting = list(enumerate(connections))
    for _number, one in waiting:
        one.setblocking(False)
    while waiting and time.monotonic() - start < limit:
        for number, one in list(waiting):
            try:
                if number % 2:
                    one.send(b"keep-alive")
                if one.recv(64) == b"":
                    raise ConnectionResetError
            except BlockingIOError:
                continue
            except OSError:
                waiting.remove((number, one))
                last = time.monotonic() - start
        time.sleep(0.2)
    return limit if waiting else last


@pytest.mark.parametrize("reload_when", ["never", "before", "after"])
def test_no_client_stays_on_a_member_without_power(tmp_path: Path, reload_when: str) -> None:
    """A reload before it leaves the clients to a process that asks no member any more."""
    with running_haproxy(tmp_path) as proxy, Members(ports=PORTS[:2]):
        proxy.bring(asked_every())
        clients = sign_ins()
        dead = MEMBERS[0]
        if reload_when == "before":
            assert proxy.bring(asked_every(idle_seconds=1801))["lines"][-1] == "reload"
        with without_power(dead):
            if reload_when == "after":
                assert proxy.bring(asked_every(idle_seconds=1801))["lines"][-1] == "reload"
            seconds = seconds_until_closed(clients[dead], 2 * BAR)
        others = [one for member, ones in clients.items() if member != dead for one in ones]
        for one in others:
            one.setblocking(True)
        kept = sum(map(alive, others))
    told(
        f"HAProxy, a member without power, reload {reload_when}: {len(clients[dead])} clients, "
        f"the last closed after {seconds:.1f} s of {BAR} s; {kept} of {len(others)} others kept"
    )
    assert seconds <= BAR and kept == len(others)


def test_a_reload_of_ours_does_not_forget_who_is_down(tmp_path: Path) -> None:
    with running_haproxy(tmp_path) as proxy, Members(ports=PORTS[:2]):
        proxy.bring(asked_every())
        with without_power(MEMBERS[0]):
            time.sleep(4 * INTERVAL + 1)
            down = proxy.bring(asked_every(), check=True)["health"]["down"]
            assert [text.split()[1] for text in down] == [MEMBERS[0]] * 2
            assert proxy.bring(asked_every(60, idle_seconds=1802))["lines"][-1] == "reload"
            start = time.monotonic()
            served = {greeted(PORTS[1], f"127.0.7.{number}") for number in range(1, 31)}
            seconds = time.monotonic() - start
    told(f"HAProxy, after a reload with a member down: 30 new clients served in {seconds:.2f} s")
    assert served == set(MEMBERS[1:]) and seconds < 2


def test_sessions_of_a_site_are_all_served(tmp_path: Path) -> None:
    """With no maxconn of anybody, as Debian has it."""
    with running_haproxy(tmp_path) as proxy, Members(ports=PORTS[:1]):
        main = proxy.folder / "haproxy.cfg"
        main.write_text(main.read_text(encoding="utf-8").replace("    maxconn 2000\n", ""), encoding="utf-8")
        proxy.bring(services(PORTS[:1]))
        ones = [socket.create_connection((VIP, PORTS[0]), 5, (f"127.0.9.{n % 250 + 1}", 0)) for n in range(SESSIONS)]
        served = sum(bool(one.recv(64)) for one in ones)
        kept = sum(map(alive, ones))
        for one in ones:
            one.close()
    told(f"HAProxy, {SESSIONS} sessions at a time: {served} served, {kept} alive after the last one came")
    assert served == kept == SESSIONS


def test_a_member_more_takes_its_share_and_a_member_less_moves_its_own(tmp_path: Path) -> None:
    places = [f"127.0.{net}.{number}" for net in (10, 11) for number in range(1, 151)]

    def members_of() -> list[str]:
        return [greeted(PORTS[0], place) for place in places]

    with running_haproxy(tmp_path) as proxy, Members(ports=PORTS[:1]):
        proxy.bring(services(PORTS[:1], members=MEMBERS[:2]))
        two = members_of()
        proxy.bring(services(PORTS[:1]))
        three = members_of()
        proxy.bring(services(PORTS[:1], members=MEMBERS[:2]))
        again = members_of()
    moved = [(before, after) for before, after in zip(two, three, strict=True) if before != after]
    share = len(moved) / len(places)
    told(f"HAProxy, a third member: {share:.1%} of {len(places)} clients moved, all to it; without it all came back")
    assert {after for _before, after in moved} == {MEMBERS[2]} and share <= 1 / 3 + 0.05 and again == two


def test_what_is_asked_to_keep_keeps(tmp_path: Path) -> None:
    want = tuple(replace(each, member_down=MemberDown.KEEP) for each in asked_every())
    with running_haproxy(tmp_path) as proxy, Members(ports=PORTS[:2]) as members:
        proxy.bring(want)
        clients = sign_ins()
        members.stop(MEMBERS[0], 15061)
        time.sleep(3 * INTERVAL)
        assert proxy.bring(want, check=True)["health"]["down"]
        assert all(map(alive, clients[MEMBERS[0]]))
        members.listen(MEMBERS[0], 15061)


def test_a_file_of_the_earlier_layout_is_known_and_led_to_todays_without_a_lost_connection(tmp_path: Path) -> None:
    with running_haproxy(tmp_path) as proxy, Members():
        text = EARLIER.read_text(encoding="utf-8").replace("127.99.99", NET)
        own = re.sub(r"(server (\S+) .* id) \d+", lambda each: f"{each[1]} {server_id(each[2])}", text)
        proxy.path.write_text(own, encoding="utf-8")
        _accept(proxy)
        clients = sign_ins()
        gathered = proxy.bring((), State.GATHERED)["gathered"]
        assert [each["member_down"] for each in gathered] == ["keep"] * 4
        kept = proxy.bring(services(PORTS[:1], vip=f"{NET}.102", name="more"), State.MERGED, check=True)
        assert "failed" not in kept and kept["warnings"] == []
        done = proxy.bring(services())
        changed = {item["property"] for change in done["changes"] for item in change["properties"]}
        assert changed == {"member_down"} and done["lines"][-1] == "reload" and done["before"]
        lost = sum(not alive(one) for ones in clients.values() for one in ones)
        again = proxy.bring(services())
        assert "frontend lync-in-" in proxy.text() and not again["changed"]
    told(f"HAProxy, a file of the earlier layout: {sum(map(len, clients.values()))} connections, {lost} lost")
    assert lost == 0


def _accept(proxy: Proxy) -> None:
    """Let the process read a file that nobody of this version would write; two proxies of one name only warn up to 3.2.
    """
    proxy.module.Host({**proxy.fixed, "path": str(proxy.path), "seconds": 10}).reload(set())


def test_warnings_of_files_of_others_are_not_ours(tmp_path: Path) -> None:
    with running_haproxy(tmp_path) as proxy, Members():
        theirs = "frontend twin\n    bind 127.0.0.1:18081\n    default_backend twin\nbackend twin\n    option httplog\n"
        (proxy.path.parent / "20-theirs.cfg").write_text(theirs, encoding="utf-8")
        assert proxy.bring(services())["changed"] and not greeted(PORTS[0]).startswith("failed")
        ours = proxy.text().replace("option clitcpka", "option clitcpka\n    option httplog", 1)
        digest = proxy.remote({"operation": "gather", "path": str(proxy.path)})["digest"]
        answer = proxy.remote({"operation": "apply", "path": str(proxy.path), "content": ours, "expected": digest})
        assert answer["failed"] and "warns of it" in answer["msg"] and str(proxy.path) in answer["msg"]


def test_clients_addresses_are_refused_where_the_process_may_not_have_them(tmp_path: Path) -> None:
    edge = tuple(replace(each, source_nat=False) for each in services(PORTS[:1]))
    with running_haproxy(tmp_path) as proxy, Members():
        proxy.bring(services(PORTS[:1]))
        main = proxy.folder / "haproxy.cfg"
        text = main.read_text(encoding="utf-8")
        main.write_text(text.replace("global\n", "global\n    user nobody\n"), encoding="utf-8")
        with pytest.raises(Exception, match="takes the client's address for its own, which the user nobody may not"):
            proxy.bring(edge)
        main.write_text(text.replace("global\n", "global\n    user root\n"), encoding="utf-8")
        assert proxy.bring(edge)["changed"] and "usesrc client\n" in proxy.text()
