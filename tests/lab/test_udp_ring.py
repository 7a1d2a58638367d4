# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""UDP that the kernel leads, beside real HAProxy, with packets: who is answered, whom members see, who moves when.

LYNC_BENCH=1 takes the intervals of a deployment, 10 s, and 5,000 ports of clients.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from ansible_collections.msuc.lync.plugins.module_utils import _udp_ring
from ansible_collections.msuc.lync.plugins.module_utils._balancer_files import waited
from ansible_collections.msuc.lync.plugins.modules import nftables_udp_remote
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import MemberState
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx.driver import file_text

from ..simulators.netns import entered
from ..simulators.proxies import needs_haproxy, needs_nginx, running_nginx
from ..simulators.ring import (
    CLIENTS,
    MEMBERS,
    MEMBERS6,
    VIP,
    VIP6,
    Ring,
    needs_ring,
    running_ring,
)
from .test_traffic import told

pytestmark = [needs_haproxy, needs_ring]
FULL = bool(os.environ.get("LYNC_BENCH"))
INTERVAL, PORTS = (10, 5000) if FULL else (1, 600)
BAR = 2 * INTERVAL + 5


class Seen(NamedTuple):
    """Who answered a client, and whom that member saw."""

    member: str
    address: str
    port: int


@contextlib.contextmanager
def ports_of(ring: Ring, addresses: Sequence[str], count: int, vip: str = "") -> Iterator[list[socket.socket]]:
    """Have so many ports of clients, evenly over addresses."""
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(limit, min(most, count + 1000)), most))
    found: list[socket.socket] = []
    try:
        for number in range(count):
            found.append(ring.client(addresses[number % len(addresses)], *([vip] if vip else [])))
        yield found
    finally:
        for one in found:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))


def many(count: int) -> list[str]:
    """Return addresses of clients, spread as those of the Internet are not."""
    return [f"198.{18 + number // 60000}.{number // 250 % 240}.{number % 250 + 1}" for number in range(count)]


def answered(ones: Sequence[socket.socket], seconds: float = 1) -> dict[int, Seen]:
    """Return who answered each client; a few hundred are sent to before answers are read."""
    found: dict[int, Seen] = {}
    for start in range(0, len(ones), 200):
        part = set(range(start, min(start + 200, len(ones))))
        for number in part:
            with contextlib.suppress(OSError):
                ones[number].send(b"x")
        end = time.monotonic() + seconds
        while part - found.keys() and time.monotonic() < end:
            for number in part - found.keys():
                with contextlib.suppress(OSError):
                    member, address, port = ones[number].recv(256).decode().split()
                    found[number] = Seen(member, address, int(port))
            time.sleep(0.002)
    return found


def drain(ones: Sequence[socket.socket]) -> None:
    """Take answers that came late out of the sockets."""
    for one in ones:
        with contextlib.suppress(OSError):
            while one.recv(256):
                pass


def by_client(ones: Sequence[socket.socket], found: dict[int, Seen]) -> dict[str, set[str]]:
    """Return the members of each address of a client."""
    members: dict[str, set[str]] = {}
    for number, seen in found.items():
        members.setdefault(ones[number].getsockname()[0], set()).add(seen.member)
    return members


def chosen(ring: Ring, addresses: Sequence[str]) -> dict[str, str]:
    """Return the member of each address, asked from a new port."""
    with ports_of(ring, addresses, len(addresses)) as ones:
        members = by_client(ones, answered(ones))
    return {address: member for address, (member,) in members.items()}


@pytest.mark.parametrize("addresses", [1, 500])
def test_all_ports_are_served_and_members_see_them(tmp_path: Path, addresses: int) -> None:
    with running_ring(tmp_path) as ring:
        ring.ask_members()
        made = ring.bring(ring.stun(options={"clients": [CLIENTS]}))
        assert made["changed"] and made["warnings"] == [], made
        again = ring.bring(ring.stun(options={"clients": [CLIENTS]}))
        assert not again["changed"] and again["health"] == {"up": 2, "down": []}
        with ports_of(ring, many(addresses), PORTS) as ones:
            found = answered(ones)
            kept = sum(found[number][1:] == ones[number].getsockname() for number in found)
            members = by_client(ones, found)
    shares = Counter(member for (member,) in members.values())
    told(
        f"nftables, {PORTS} ports of {addresses} clients at a time: {len(found)} answered, {kept} seen with their own "
        f"address and port, {sum(len(each) > 1 for each in members.values())} clients with two members, {dict(shares)}"
    )
    assert (len(found), kept) == (PORTS, PORTS) and all(len(each) == 1 for each in members.values())
    assert addresses == 1 or set(shares) == set(MEMBERS[:2])


def test_ipv6_and_source_nat(tmp_path: Path) -> None:
    with running_ring(tmp_path) as ring:
        ring.ask_members(vip=VIP6, members=MEMBERS6[:2])
        ring.bring(ring.stun(vip=VIP6, members=MEMBERS6[:2]))
        clients = [f"2001:db8:5::{number:x}" for number in range(1, 101)]
        with ports_of(ring, clients, 200, VIP6) as ones:
            found = answered(ones)
            assert len(found) == 200 and {seen.member for seen in found.values()} == set(MEMBERS6[:2])
            assert all(seen[1:] == ones[number].getsockname()[:2] for number, seen in found.items())
        ring.ask_members()
        ring.bring(tuple(replace(each, source_nat=True) for each in ring.stun()))
        with ports_of(ring, many(50), 100) as ones:
            found = answered(ones)
            assert len(found) == 100 and {seen.address for seen in found.values()} == {"10.77.0.1"}


@pytest.mark.parametrize("reload_when", ["never", "before", "after"])
def test_all_clients_are_answered_again_when_a_member_lost_power(tmp_path: Path, reload_when: str) -> None:
    with running_ring(tmp_path) as ring:
        ring.ask_members(interval=INTERVAL)
        ring.bring(ring.stun(interval=INTERVAL))
        with ports_of(ring, many(200), 400) as ones:
            before = answered(ones)
            assert len(before) == len(ones)
            if reload_when == "before":
                assert ring.ask_members(interval=INTERVAL, idle_seconds=61)["lines"][-1] == "reload"
            with ring.without_power(1):
                start = time.monotonic()
                silent = len(ones) - len(answered(ones, 0.3))
                if reload_when == "after":
                    assert ring.ask_members(interval=INTERVAL, idle_seconds=61)["lines"][-1] == "reload"
                waited(2 * BAR, lambda: len(answered(ones, 0.3)) == len(ones))
                seconds = time.monotonic() - start
                drain(ones)
                after = answered(ones)
                found = ring.bring(ring.stun(interval=INTERVAL))
                assert found["health"]["down"] == [f"edge-udp-3478 {MEMBERS[0]}"] and not found["changed"]
            moved = [number for number in before if before[number].member != after[number].member]
            first = chosen(ring, many(200))
            assert waited(BAR, lambda: len(set(chosen(ring, many(200)).values())) == 2)
            ring.run("b", "conntrack", "-F")  # a port that was used meanwhile keeps its connection
            back = chosen(ring, many(200))
    told(
        f"nftables, a UDP member without power, reload {reload_when}: {silent} of {len(ones)} ports silent, all "
        f"answered after {seconds:.1f} s of {BAR} s; {len(moved)} moved"
    )
    assert silent and seconds <= BAR and first
    assert {before[number].member for number in moved} == {MEMBERS[0]} and len(moved) == silent
    assert all(after[number][1:] == before[number][1:] for number in before)
    assert back == {many(200)[number % 200]: seen.member for number, seen in before.items()}


def test_a_member_that_comes_takes_its_share_and_one_that_goes_leaves_its_own(tmp_path: Path) -> None:
    clients = many(2000 if FULL else 400)
    with running_ring(tmp_path) as ring:
        ring.ask_members(5)
        seen = {}
        for count in (2, 3, 4, 5):
            ring.bring(ring.stun(count))
            seen[count] = chosen(ring, clients)
            assert len(seen[count]) == len(clients)
        ring.bring(ring.stun(2))
        again = chosen(ring, clients)
    for count in (2, 3, 4):
        moved = [one for one in clients if seen[count][one] != seen[count + 1][one]]
        share = len(moved) / len(clients)
        text = f"{share:.1%} of {len(clients)} clients move, all to the new one"
        told(f"nftables, {count} to {count + 1} members: {text}")
        assert share <= 1 / count + 0.05 and {seen[count + 1][one] for one in moved} == {MEMBERS[count]}
    assert again == seen[2]


def test_a_draining_member_keeps_what_it_has_and_a_disabled_one_nothing(tmp_path: Path) -> None:
    with running_ring(tmp_path) as ring:
        ring.ask_members()
        ring.bring(ring.stun())
        with ports_of(ring, many(100), 100) as ones:
            before = answered(ones)
            for state, left in ((MemberState.DRAINING, set(MEMBERS[:2])), (MemberState.DISABLED, {MEMBERS[1]})):
                (service,) = ring.stun()
                members = tuple(
                    replace(each, state=state) if each.address == MEMBERS[0] else each for each in service.members
                )
                assert ring.bring((replace(service, members=members),))["changed"]
                assert waited(3, lambda: set(chosen(ring, many(100)).values()) == {MEMBERS[1]})
                drain(ones)
                found = answered(ones)
                assert len(found) == len(ones) and {seen.member for seen in found.values()} == left
            assert {seen.member for seen in before.values()} == set(MEMBERS[:2])


def test_only_clients_of_the_service_pass_and_nothing_else_is_forwarded(tmp_path: Path) -> None:
    with running_ring(tmp_path) as ring:
        ring.ask_members()
        rules = "type filter hook input priority 0; policy drop; tcp sport 443 accept;"
        rules = f"table inet msuc_lync {{\nchain input {{ {rules} }}\n}}\n"
        ring.run("b", "nft", "-f", "-", given=rules)
        assert ring.run("b", "cat", "/proc/sys/net/ipv4/ip_forward").strip() == "0"
        ring.bring(ring.stun(options={"clients": ["198.18.0.0/24"]}))
        assert ring.run("b", "cat", "/proc/sys/net/ipv4/ip_forward").strip() == "1" and ring.forwarding.exists()
        inside, outside = chosen(ring, ["198.18.0.7", "198.18.0.8"]), chosen(ring, ["198.19.0.7"])
        assert len(inside) == 2 and outside == {}
        with ports_of(ring, ["198.18.0.7"], 1, MEMBERS[0]) as past:
            assert answered(past, 0.5) == {}
        ring.bring((), State.DELETED)
        assert ring.run("b", "cat", "/proc/sys/net/ipv4/ip_forward").strip() == "0" and not ring.forwarding.exists()
        assert "msuc_lync_lb" not in ring.table()


def test_who_forwards_already_goes_on(tmp_path: Path) -> None:
    with running_ring(tmp_path) as ring:
        ring.ask_members()
        ring.run("b", "sysctl", "-qw", "net.ipv4.ip_forward=1")
        ring.bring(ring.stun())
        assert not ring.forwarding.exists()
        with ports_of(ring, ["198.18.0.7"], 1, MEMBERS[0]) as past:
            assert len(answered(past)) == 1
        ring.bring((), State.DELETED)
        assert ring.run("b", "cat", "/proc/sys/net/ipv4/ip_forward").strip() == "1"


def test_traffic_goes_on_without_the_service_and_nobody_says_that_all_is_well(tmp_path: Path) -> None:
    with running_ring(tmp_path) as ring:
        ring.ask_members()
        ring.bring(ring.stun())
        before = chosen(ring, many(50))
        ring.kill_watcher()
        ring.status.unlink()
        assert chosen(ring, many(50)) == before
        for check in (True, False):
            with pytest.raises(DeviceError, match="has no systemd, and nobody runs msuc-lync-udp"):
                ring.bring(ring.stun(), check=check)
        ring.watch()
        assert not ring.bring(ring.stun())["changed"] and chosen(ring, many(50)) == before


def test_a_table_that_somebody_else_flushed_is_there_again(tmp_path: Path) -> None:
    """As a restart of nftables.service does on Debian."""
    with running_ring(tmp_path) as ring:
        ring.ask_members()
        ring.bring(ring.stun())
        with ports_of(ring, many(50), 50) as ones:
            before = answered(ones)
            ring.run("b", "nft", "flush", "ruleset")
            start = time.monotonic()
            assert waited(10, lambda: len(answered(ones, 0.2)) == len(ones))
            seconds = time.monotonic() - start
            drain(ones)
            assert answered(ones) == before
        # The service says so once it also let the kernel forget what went wrong, which is after the answers are back.
        assert waited(10, lambda: restored_tables(ring) == 1)
    told(f"nftables, after `flush ruleset` of somebody else all are answered again after {seconds:.1f} s")
    assert seconds < 5


def restored_tables(ring: Ring) -> object:
    """Return how often the service says that it put its table right."""
    return json.loads(ring.status.read_text(encoding="utf-8"))["restored"]


def test_a_file_that_somebody_broke_ends_nothing(tmp_path: Path) -> None:
    """Clients of a member without power are led to others by the file as it was; a service that starts leaves all."""
    with running_ring(tmp_path) as ring:
        ring.ask_members()
        ring.bring(ring.stun())
        assert ring.udp and ring.watcher
        ring.udp.path.write_text(f"{ring.udp.text()}    member\n", encoding="utf-8")
        assert waited(10, lambda: "is not understood" in ring.status.read_text(encoding="utf-8"))
        assert set(chosen(ring, many(40)).values()) == set(MEMBERS[:2])
        with ring.without_power(1):
            assert waited(BAR, lambda: chosen(ring, many(40)) == dict.fromkeys(many(40), MEMBERS[1]))
            ring.kill_watcher()
            ring.status.unlink()
            ring.watch()
            assert waited(10, lambda: "is not understood" in ring.status.read_text(encoding="utf-8"))
            assert chosen(ring, many(40)) == dict.fromkeys(many(40), MEMBERS[1])
        assert ring.bring(ring.stun())["changed"]
        assert waited(BAR, lambda: set(chosen(ring, many(40)).values()) == set(MEMBERS[:2]))


def test_a_member_that_nobody_asks_is_a_failure(tmp_path: Path) -> None:
    with running_ring(tmp_path) as ring:
        with pytest.raises(DeviceError, match=f"asks nobody of {MEMBERS[0]}, {MEMBERS[1]}, so a member without power"):
            ring.bring(ring.stun())
        assert chosen(ring, many(10))  # traffic goes on, and the run says what is missing
        with pytest.raises(DeviceError, match="asks nobody of"):
            ring.bring(ring.stun(), check=True)
        ring.ask_members()
        assert not ring.bring(ring.stun())["changed"]
        assert ring.haproxy and ring.haproxy.process
        ring.haproxy.process.kill()
        ring.haproxy.process.wait()
        assert waited(5, lambda: '"error": ""' not in ring.status.read_text(encoding="utf-8"))
        with pytest.raises(DeviceError, match="who is down is not known"):
            ring.bring(ring.stun(), check=True)


def test_chains_of_others_that_drop_what_is_forwarded_are_refused_before_a_write(tmp_path: Path) -> None:
    with running_ring(tmp_path) as ring:
        ring.ask_members()
        chain = "table ip theirs {\nchain forward { type filter hook forward priority 0; policy drop; }\n}\n"
        ring.run("b", "nft", "-f", "-", given=chain)
        with pytest.raises(DeviceError, match=r"fix: nft insert rule ip theirs forward ct status dnat accept; nothing"):
            ring.bring(ring.stun())
        assert ring.udp and ring.udp.text() == ""
        ring.run("b", *["nft", "insert", "rule", "ip", "theirs", "forward", "ct", "status", "dnat", "accept"])
        assert ring.bring(ring.stun())["warnings"] == [] and len(chosen(ring, many(20))) == 20


_THEIRS = """table ip theirs {{
map byport {{ type ipv4_addr . inet_service : ipv4_addr; elements = {{ {vip} . 3478 : 10.77.0.15 }}; }}
set vips {{ type ipv4_addr; flags interval; elements = {{ 203.0.113.96/28 }}; }}
chain pre {{ type nat hook prerouting priority dstnat; {rule}; }}
}}
"""


@pytest.mark.parametrize(
    ("rule", "is_in_the_way"),
    [
        (f"ip daddr {VIP} udp dport 3478 dnat to {MEMBERS[4]}", True),
        (f"ip daddr @vips udp dport 3000-4000 dnat to {MEMBERS[4]}:3478", True),
        ("dnat to ip daddr . udp dport map @byport", True),
        ("fib daddr type local meta l4proto udp th dport { 53, 3478 } redirect to :5353", True),
        (f"ip daddr != {VIP} udp dport 3478 dnat to {MEMBERS[4]}", False),
        (f"ip daddr {VIP} tcp dport 3478 dnat to {MEMBERS[4]}", False),
        (f"ip daddr {VIP} udp dport 3479-4000 dnat to {MEMBERS[4]}", False),
        (f'iifname "eth9" udp dport 3478 dnat to {MEMBERS[4]}', None),
    ],
)
def test_chains_of_others_that_lead_the_same_elsewhere_are_in_the_way(
    tmp_path: Path, rule: str, is_in_the_way: bool | None
) -> None:
    """None: nobody can tell, and the run says so."""
    with running_ring(tmp_path) as ring:
        ring.ask_members()
        ring.run("b", "nft", "-f", "-", given=_THEIRS.format(vip=VIP, rule=rule))
        table = ring.table()
        if is_in_the_way:
            for check in (True, False):
                found = ring.bring(ring.stun(), check=check)
                holder = f"udp {VIP} port 3478 belongs to chain ip theirs pre of nftables, which translates it"
                assert found["failed"] and holder in found["msg"] and not found["changed"]
            assert ring.udp and ring.udp.text() == "" and ring.table() == table
            ring.run("b", "nft", "delete", "table", "ip", "theirs")
        warnings = ring.bring(ring.stun())["warnings"]
        assert ["chain ip theirs pre may translate" in text for text in warnings] == [True] * (is_in_the_way is None)
        assert set(chosen(ring, many(40)).values()) == set(MEMBERS[:2])


def test_a_host_without_nftables_on_which_nothing_is_led_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the role does on every host with HAProxy."""
    with running_ring(tmp_path) as ring:
        ring.kill_watcher()
        assert ring.udp
        with monkeypatch.context() as nothing:
            nothing.setenv("PATH", str(tmp_path / "nothing"))
            found = ring.udp.bring(())
        assert not found["changed"] and found["warnings"] == [] and "failed" not in found


def test_a_host_without_conntrack_is_refused_before_a_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_ring(tmp_path) as ring:
        for name in ("nft", "ip"):
            (tmp_path / "bin").mkdir(exist_ok=True)
            (tmp_path / "bin" / name).symlink_to(str(shutil.which(name, path="/usr/sbin:/usr/bin:/sbin")))
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        with pytest.raises(DeviceError, match="conntrack is not on this host; fix: install its package"):
            ring.bring(ring.stun())
        assert ring.udp and ring.udp.text() == ""


@needs_nginx
def test_what_nginx_led_is_led_by_the_kernel_without_a_gap(tmp_path: Path) -> None:
    """Clients ask all the time; an Edge Server sees their address and port before and after."""
    with running_ring(tmp_path, running_nginx) as ring:
        ring.ask_members()
        _as_an_earlier_version_had_it(ring)
        with ports_of(ring, many(50), 50) as ones:
            assert waited(10, lambda: len(answered(ones, 0.2)) == len(ones))
            silent, longest = _silence(ring, ones)
            own = dict(enumerate(map(socket.socket.getsockname, ones)))

            def _is_seen_as_it_is() -> bool:
                drain(ones)
                return {number: seen[1:] for number, seen in answered(ones).items()} == own

            start = time.monotonic()
            assert waited(15, _is_seen_as_it_is)
            seconds = time.monotonic() - start
        assert not ring.nginx.path.exists()
        assert not ring.bring(ring.stun())["changed"]
    told(
        f"nftables in the place of nginx: {silent} datagrams of 50 clients lost, the longest silence {longest:.1f} s, "
        f"and all seen with their own ports {seconds:.1f} s later"
    )
    assert longest < 2 and seconds < 10


def _as_an_earlier_version_had_it(ring: Ring) -> None:
    """Let nginx lead UDP with the clients' addresses, as the documentation of the earlier version had it."""
    (service,) = ring.stun()
    ring.nginx.path.write_text(file_text([replace(service, idle_seconds=180)]), encoding="utf-8")
    os.kill(ring.nginx.process.pid, signal.SIGHUP)
    rules = "type filter hook prerouting priority mangle; meta l4proto udp socket transparent 1 meta mark set 1 accept"
    given = f"table inet lync_transparent {{\nchain prerouting {{ {rules}; }}\n}}\n"
    ring.run("b", "nft", "-f", "-", given=given)
    ring.run("b", *["ip", "rule", "add", "fwmark", "1", "lookup", "100"])
    ring.run("b", *["ip", "route", "replace", "local", "default", "dev", "lo", "table", "100"])


def _silence(ring: Ring, ones: list[socket.socket]) -> tuple[int, float]:
    """Bring the services while clients ask; return how many datagrams had no answer, and the longest time of none."""
    looks: list[tuple[float, int]] = [(time.monotonic(), 0)]
    is_over = threading.Event()

    def _ask() -> None:
        while not is_over.is_set():
            looks.append((time.monotonic(), len(ones) - len(answered(ones, 0.2))))

    asking = threading.Thread(target=_ask)
    asking.start()
    try:
        assert ring.bring(ring.stun())["changed"]
    finally:
        is_over.set()
        asking.join()
    whole = [moment for moment, silent in looks if not silent]
    return sum(silent for _moment, silent in looks), max(b - a for a, b in itertools.pairwise(whole))


# Of systemd as much as is asked of it: a unit is started by its ExecStart, and stopped.
_SYSTEMCTL = """#!/bin/sh
echo "$@" >>{folder}/calls
case "$1" in
    restart) [ -e {folder}/pid ] && kill $(cat {folder}/pid)
        $(sed -n 's/^ExecStart=//p' {folder}/unit) >{folder}/log 2>&1 & echo $! >{folder}/pid ;;
    disable) kill $(cat {folder}/pid); rm {folder}/pid ;;
esac
"""


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "systemd"
    folder.mkdir()
    program = folder / "systemctl"
    program.write_text(_SYSTEMCTL.format(folder=folder), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}:/usr/sbin")
    monkeypatch.setattr(nftables_udp_remote, "_UNIT", str(folder / "unit"))
    monkeypatch.setattr(nftables_udp_remote, "_has_systemd", lambda: True)
    monkeypatch.setattr(_udp_ring, "PROGRAM", str(folder / "lib" / "udp_ring.py"))
    yield folder
    if (folder / "pid").exists():
        subprocess.run([str(program), "disable"], check=False)


def test_the_service_is_installed_started_again_and_removed(tmp_path: Path, systemd: Path) -> None:
    with running_ring(tmp_path) as ring:
        ring.kill_watcher()
        ring.status.unlink()
        ring.ask_members()
        ring.run("b", "sysctl", "-qw", "net.ipv4.ip_forward=1")  # the unit knows no other place of our file for it
        assert ring.bring(ring.stun())["changed"] and len(chosen(ring, many(10))) == 10
        assert "enable msuc-lync-udp.service" in (systemd / "calls").read_text(encoding="utf-8")
        again = ring.bring(ring.stun())
        assert (again["changed"], again["warnings"], again["health"]["up"]) == (False, [], 2)
        subprocess.run([str(systemd / "systemctl"), "disable"], check=True)
        ring.status.unlink()
        found = ring.bring(ring.stun(), check=True)
        assert found["changed"] and found["lines"] == ["start msuc-lync-udp.service"]
        assert ring.bring(ring.stun())["changed"] and not ring.bring(ring.stun())["changed"]
        ring.bring((), State.DELETED)
        assert not (systemd / "unit").exists() and not (systemd / "pid").exists()
        assert "msuc_lync_lb" not in ring.table()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is of the package systemd")
def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    names = {"program": _udp_ring.__file__, "path": "/etc/x.conf", "master": "/run/m.sock", "status": "/run/x.json"}
    unit = tmp_path / _udp_ring.SERVICE
    unit.write_text(nftables_udp_remote._UNIT_TEXT.format(**names), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, ""), done
    unit.write_text(unit.read_text(encoding="utf-8").replace("Restart=always", "Restart=sometimes"), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert "sometimes" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("node-port 3478", "node-port many", "does not understand the file"),
        (f"member {MEMBERS[0]}", "member 10.77.0.300", "nft --check refuses the table"),
        ("client any", "client everybody", "nft --check refuses the table"),
        ("listen 203.0.113.100 3478", "listen 203.0.113.100", "does not understand the file"),
    ],
)
def test_a_broken_candidate_never_goes_live(tmp_path: Path, old: str, new: str, words: str) -> None:
    with running_ring(tmp_path) as ring:
        ring.ask_members()
        ring.bring(ring.stun())
        assert ring.udp
        before, table = ring.udp.text(), ring.table()
        asked = {"operation": "apply", "path": str(ring.udp.path), "content": before.replace(old, new)}
        with entered(ring.place("b")):
            digest = str(ring.udp.remote({"operation": "gather", "path": str(ring.udp.path)})["digest"])
            answer = ring.udp.remote({**asked, "expected": digest})
        assert answer["failed"] and words in answer["msg"], answer
        assert (ring.udp.text(), ring.table()) == (before, table) and len(chosen(ring, many(10))) == 10
