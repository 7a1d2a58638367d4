# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""UDP services that the kernel leads: the file, the ring, what a host must have, who says that somebody watches."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.module_utils import _udp_ring
from ansible_collections.msuc.lync.plugins.module_utils._udp_ring import (
    SLOTS,
    Entry,
    health,
    other_ports,
    read_entries,
    ring,
    serving,
    stale,
    table_text,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.driver import monitor_name
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import (
    Member,
    MemberState,
    Monitor,
    Service,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nftables.driver import DRIVER
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx.driver import file_text
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Task

from .memory_devices import NGINX_PATH, UdpHost, udp_provider
from .results import OTHER, SERVICE, answer

PATH = "/etc/msuc-lync-udp.conf"
STUN = replace(SERVICE, protocol="udp", source_nat=False, monitor=Monitor(443, 10, 2), idle_seconds=120, port=3478)
SECOND = replace(OTHER, protocol="udp", monitor=Monitor(443, 10, 2))


def brought(
    host: UdpHost, *wanted: Service, state: State = State.REPLACED, check: bool = False
) -> Mapping[str, Any]:
    return answer(udp_provider(Task(state, wanted), host.remote, PATH), check_mode=check)


def planned(*wanted: Service, **more: Any) -> UdpHost:
    return UdpHost(files={PATH: DRIVER.render(wanted).text}, **more)


def test_the_service_reads_what_the_driver_writes() -> None:
    members = tuple(Member(f"10.1.0.1{number}", state) for number, state in enumerate(MemberState))
    wanted = replace(STUN, members=members, source_nat=True, options={"clients": ["10.0.0.0/9", "10.128.0.0/9"]})
    (entry,) = read_entries(DRIVER.render([wanted]).text)
    assert entry == Entry(
        STUN.name, STUN.vip, STUN.port, STUN.node_port, monitor_name(STUN), True,
        {each.address: each.state.value for each in members}, ["10.0.0.0/8"],
    )  # fmt: skip
    assert read_entries(DRIVER.render([STUN]).text)[0].clients == ["any"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"protocol": "tcp"}, "leads no TCP service; allowed: protocol udp; fix: use msuc.lync.haproxy_services"),
        ({"options": {"maxconn": 7}}, "options.maxconn: is not an option of nftables_udp; allowed: clients"),
        ({"options": {"clients": ["everybody"]}}, "options.clients: 'everybody' is not"),
    ],
)
def test_what_it_cannot_lead_is_refused_with_the_place(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        DRIVER.render([replace(STUN, **change)])
    assert message in str(raised.value.problems[0])


@pytest.mark.parametrize("count", [1, 2, 3, 4, 8])
def test_a_member_that_comes_takes_its_share_and_one_that_goes_leaves_its_own(count: int) -> None:
    members = tuple(f"10.1.0.{number + 11}" for number in range(count + 1))
    before, after = ring(members[:-1]), ring(members)
    moved = [slot for slot in range(SLOTS) if before[slot] != after[slot]]
    assert {after[slot] for slot in moved} == {members[-1]}
    assert len(moved) / SLOTS <= min(1 / count, 1 / (count + 1)) + 0.05
    assert max(Counter(after).values()) <= SLOTS / (count + 1) * 1.25


def test_who_takes_new_clients() -> None:
    states = {"10.1.0.11": "active", "10.1.0.12": "backup", "10.1.0.13": "draining", "10.1.0.14": "disabled"}
    entry = Entry("x", members=states)
    assert serving(entry, set()) == ["10.1.0.11"]
    assert serving(entry, {"10.1.0.11"}) == ["10.1.0.12"]
    assert serving(entry, {"10.1.0.11", "10.1.0.12"}) == []


def test_the_table_admits_clients_of_the_service_and_closes_what_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = replace(STUN, source_nat=True, options={"clients": ["10.0.0.0/8"]})
    monkeypatch.setattr(_udp_ring, "source_of", lambda _address: "10.1.0.5")
    nobody = replace(SECOND, options={"clients": ["2001:db8::/32"]})
    script = table_text(read_entries(DRIVER.render([wanted, nobody]).text), {}, is_closed=True)
    head = f"ip daddr {STUN.vip} udp dport 3478 ip saddr {{ 10.0.0.0/8 }} dnat ip to jhash ip saddr mod 1024 seed "
    assert script.count(head) == 2 and script.count(" dnat ip to ") == 2  # prerouting and output
    translated = f"ct status dnat ct original ip daddr {STUN.vip} ct original proto-dst 3478"
    assert f"meta l4proto udp {translated} snat ip to ip daddr map {{ 10.1.0.11 : 10.1.0.5" in script
    assert "accept\n    drop\n  }" in script
    assert "drop" not in table_text(read_entries(DRIVER.render([wanted]).text), {}, is_closed=False)


def test_connections_of_who_may_have_none_are_forgotten() -> None:
    entry = read_entries(DRIVER.render([STUN]).text)[0]
    one = "udp 17 29 src=198.51.100.7 dst={0} sport=5000 dport=3478 src={1} dst=198.51.100.7 sport=3478 dport=5000\n"
    found = "".join(one.format(STUN.vip, member) for member in (*entry.members, "10.1.0.99", STUN.vip))
    others = one.format("10.9.9.9", "10.1.0.98")
    gone = stale(found + others, entry, {"10.1.0.11"})
    assert gone == [["--reply-src", address] for address in sorted(["10.1.0.11", "10.1.0.99", STUN.vip])]


def test_a_port_that_members_do_not_see_is_noticed_where_they_should() -> None:
    entry = read_entries(DRIVER.render([STUN]).text)[0]
    one = "udp 17 29 src=198.51.100.7 dst={0} sport=5000 dport=3478 src=10.1.0.11 dst=198.51.100.7 sport=1 dport={1}\n"
    assert not other_ports(one.format(STUN.vip, 5000) + one.format("10.9.9.9", 7000), entry)
    assert other_ports(one.format(STUN.vip, 7000), entry) == [("198.51.100.7", "5000")]
    assert not other_ports(one.format(STUN.vip, 7000), replace(entry, source_nat=True))


def test_what_haproxy_answers() -> None:
    said = "1\n# be_id\n3 lync-monitor-x 1 10.1.0.11 10.1.0.11 0 0 1 1 5 6 3 4\n"
    assert health(said) == {("lync-monitor-x", "10.1.0.11"): False}
    for strange in ("", "Can't find the target PID", "2\n"):
        with pytest.raises(ValueError, match="HAProxy answers"):
            health(strange)


def test_a_service_that_does_not_lead_by_the_file_as_it_is_is_started() -> None:
    start = ["start msuc-lync-udp.service"]
    by_hand = ({"table": "by hand"}, ["restart msuc-lync-udp.service"])
    for seen, lines in (({}, []), (None, start), ({"digest": "older"}, start), by_hand):
        result = brought(planned(STUN, seen=seen), STUN, check=True)
        assert (result["lines"], result["changed"]) == (lines, bool(lines)), result
    assert result["differences"] == ["the table inet msuc_lync_lb is not as msuc-lync-udp wrote it"]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ({"unasked": ["10.1.0.12"]}, "HAProxy on this host asks nobody of 10.1.0.12"),
        ({"error": "no such file"}, "'no such file'; who is down is not known"),
    ],
)
def test_what_nobody_watches_is_a_failure(seen: dict[str, Any], words: str, check: bool) -> None:
    result = brought(planned(STUN, seen=seen), STUN, check=check)
    assert result["failed"] and words in result["msg"] and "fix:" in result["msg"]


def test_who_is_down_is_told() -> None:
    result = brought(planned(STUN, seen={"down": [f"{STUN.name} 10.1.0.11"]}), STUN)
    assert result["health"] == {"up": len(STUN.members) - 1, "down": [f"{STUN.name} 10.1.0.11"]}
    assert not result["changed"] and result["warnings"] == []


ADMITS = [{"match": {"op": "in", "left": {"ct": {"key": "status"}}, "right": "dnat"}}, {"accept": None}]


@pytest.mark.parametrize(
    ("more", "wanted", "words"),
    [
        ({"most_connections": 8192}, STUN, "the kernel remembers 8192 connections, and UDP services need 20000; fix"),
        ({"forwards_ipv6": False}, replace(STUN, vip="2001:db8::1", members=()), ""),
        ({"forwards_ipv6": False}, replace(STUN, vip="2001:db8::1", members=(Member("2001:db8::2"),)), "no IPv6"),
        ({"forward": [["ip t c", "[]"]]}, STUN, "fix: nft insert rule ip t c ct status dnat accept"),
        ({"forward": [["ip t c", json.dumps([[{"counter": {}}, {"accept": None}]])]]}, STUN, "chain ip t c drops"),
        ({"forward": [["ip t c", json.dumps([ADMITS])]]}, STUN, ""),
        ({"forward": [["ip t c", json.dumps([[{"xt": None}]])]]}, STUN, ""),
        ({"watch": {"is_managed": False, "seen": None}}, STUN, "has no systemd, and nobody runs msuc-lync-udp"),
    ],
)
def test_a_host_that_cannot_lead_is_refused_before_a_write(more: dict[str, Any], wanted: Service, words: str) -> None:
    for check in (True, False):
        host = UdpHost(more=more)
        result = brought(host, wanted, check=check)
        if words:
            assert result["failed"] and words in result["msg"] and result["msg"].endswith("nothing was written")
            assert host.operations == ["gather"]
        else:
            assert "failed" not in result, result
    assert bool(result["warnings"]) is ("xt" in str(more))


def payload(protocol: str, name: str) -> dict[str, Any]:
    return {"payload": {"protocol": protocol, "field": name}}


def match(left: dict[str, Any], right: object, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": left, "right": right}}


TO, PORT, DNAT = payload("ip", "daddr"), payload("udp", "dport"), {"dnat": {"addr": "10.9.9.9"}}
BOTH = {"concat": [TO, PORT]}
TAKES, LEAVES, MAY = "takes", "leaves", "may"
# What a chain of somebody else has, by what it does to STUN: 10.1.0.100 port 3478 of 10.0.0.0/8.
TRANSLATIONS: dict[str, tuple[list[Any], str]] = {
    "the same address and port": ([match(TO, "10.1.0.100"), match(PORT, 3478), DNAT], TAKES),
    "the port of every address": ([match(PORT, 3478), {"redirect": {"port": 5353}}], TAKES),
    "everything": ([DNAT], TAKES),
    "a range around the port": ([match(TO, "10.1.0.100"), match(PORT, {"range": [3000, 4000]}), DNAT], TAKES),
    "a range beside the port": ([match(TO, "10.1.0.100"), match(PORT, {"range": [3479, 4000]}), DNAT], LEAVES),
    "a set with the address": ([match(TO, "@set_vips"), match(PORT, 3478), DNAT], TAKES),
    "a set without the address": ([match(TO, "@set_others"), match(PORT, 3478), DNAT], LEAVES),
    "another address": ([match(TO, "10.1.0.101"), match(PORT, 3478), DNAT], LEAVES),
    "every other address": ([match(TO, "10.1.0.100", "!="), match(PORT, 3478), DNAT], LEAVES),
    "TCP": ([match(TO, "10.1.0.100"), match(payload("tcp", "dport"), 3478), DNAT], LEAVES),
    "some clients": ([match(payload("ip", "saddr"), "10.7.7.7"), match(PORT, 3478), DNAT], TAKES),
    "clients of nobody": ([match(payload("ip", "saddr"), "192.0.2.7"), match(PORT, 3478), DNAT], LEAVES),
    "what is the host's": (
        [match({"fib": {"result": "type", "flags": ["daddr"]}}, "local"), match(PORT, 3478), DNAT], TAKES),
    "accepted before": ([match(PORT, 3478), {"accept": None}], LEAVES),
    "a chain of its own": ([match(PORT, 3478), {"jump": {"target": "more"}}], TAKES),
    "a map with the address and the port": (
        [{"dnat": {"addr": {"map": {"key": BOTH, "data": {"set": [[{"concat": ["10.1.0.100", 3478]}, "10.9.9.9"]]}}}}}],
        TAKES),
    "a map without them": (
        [{"dnat": {"addr": {"map": {"key": BOTH, "data": {"set": [[{"concat": ["10.1.0.100", 53]}, "10.9.9.9"]]}}}}}],
        LEAVES),
    "a named map of ports": ([{"dnat": {"addr": {"map": {"key": PORT, "data": "@set_ports"}}}}], TAKES),
    "a map by turns": (
        [match(PORT, 3478), {"dnat": {"addr": {"map": {"key": {"numgen": {"mod": 2}}, "data": {"set": [[0, "a"]]}}}}}],
        MAY),
    "a set of addresses and ports": ([match(BOTH, {"set": [{"concat": ["10.1.0.100", 3478]}]}), DNAT], MAY),
    "a network card": ([match({"meta": {"key": "iifname"}}, "eth7"), match(PORT, 3478), DNAT], MAY),
    "a network card of another port": ([match({"meta": {"key": "iifname"}}, "eth7"), match(PORT, 53), DNAT], LEAVES),
    "what iptables wrote": ([match(TO, "10.1.0.100"), {"xt": None}, {"counter": None}, {"xt": None}], MAY),
    "what iptables wrote of another address": ([match(TO, "10.1.0.9"), {"xt": None}, {"xt": None}], LEAVES),
    "what iptables accepts": ([match(TO, "10.1.0.100"), {"xt": {"type": "match", "name": "udp"}}], LEAVES),
}  # fmt: skip


def theirs(rule: list[Any], hook: str = "prerouting", kind: str = "nat", family: str = "ip") -> dict[str, Any]:
    common = {"family": family, "table": "x"}
    chain = {**common, "name": "c", "type": kind, "hook": hook, "prio": -100, "policy": "accept"}
    items: list[Any] = [{"chain": chain}, {"chain": {**common, "name": "more"}}]
    items += [{"rule": {**common, "chain": "c", "expr": rule}}, {"rule": {**common, "chain": "more", "expr": [DNAT]}}]
    vips = [{"prefix": {"addr": "10.1.0.96", "len": 28}}]
    sets = {"set_vips": vips, "set_others": ["10.1.0.7"], "set_ports": [[{"range": [3000, 3999]}, "10.9.9.9"]]}
    items += [{"set": {**common, "name": name, "elem": elements}} for name, elements in sets.items()]
    return {"family": family, "name": "x", "dormant": False, "listing": json.dumps({"nftables": items})}


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_a_chain_that_leads_the_same_elsewhere_stops_the_pool_and_one_that_may_is_told(name: str) -> None:
    rule, does = TRANSLATIONS[name]
    wanted = replace(STUN, options={"clients": ["10.0.0.0/8"]})
    assert (wanted.vip, wanted.port) == ("10.1.0.100", 3478)
    for check in (True, False):
        host = UdpHost(more={"others": [theirs(rule)]})
        result = brought(host, wanted, check=check)
        holder = "udp 10.1.0.100 port 3478 belongs to chain ip x c of nftables, which translates it"
        assert (holder in result.get("msg", "")) is (does is TAKES), result
        assert result["changed"] is (does is not TAKES) and bool(host.files) is (does is not TAKES and not check)
        assert any("chain ip x c may translate" in text for text in result["warnings"]) is (does is MAY)


@pytest.mark.parametrize(
    ("chain", "is_in_the_way"),
    [
        ({"hook": "postrouting"}, False),
        ({"kind": "filter"}, False),
        ({"family": "ip6"}, False),
        ({"family": "inet"}, True),
    ],
)
def test_only_chains_that_translate_what_comes_are_in_the_way(chain: dict[str, str], is_in_the_way: bool) -> None:
    table = theirs([match(PORT, 3478), DNAT], **chain)
    result = brought(UdpHost(more={"others": [table]}), STUN, check=True)
    assert ("failed" in result) is is_in_the_way


def test_what_the_balancer_itself_asks_and_a_transparent_proxy_are_in_the_way_too() -> None:
    own = [match(PORT, 3478), DNAT], {"hook": "output"}
    for rule, chain in (own, ([{"tproxy": {"port": 7}}], {"kind": "filter"})):
        result = brought(UdpHost(more={"others": [theirs(rule, **chain)]}), STUN, check=True)
        assert result["failed"] and "which translates it" in result["msg"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"legacy_tables": ["filter", "nat"]}, "iptables of before nftables has a table nat on this host"),
        ({"others_problem": "nft: no memory"}, "the tables of others could not be read: 'nft: no memory'"),
        ({"others": [{**theirs([]), "listing": '{"nftables": [{'}]}, "the tables of others could not be read"),
    ],
)
def test_tables_that_nobody_can_read_are_told(more: dict[str, Any], words: str) -> None:
    for check in (True, False):
        result = brought(UdpHost(more=more), STUN, check=check)
        assert any(words in text for text in result["warnings"]) and "failed" not in result
    assert not brought(UdpHost(more={"legacy_tables": ["filter"]}), STUN)["warnings"]


NGINX = file_text([replace(STUN, idle_seconds=180), replace(SECOND, idle_seconds=180)])


def test_nginx_goes_once_the_kernel_leads_all_that_it_led() -> None:
    host = UdpHost(files={NGINX_PATH: NGINX})
    for one in (STUN, SECOND):
        place = {"process": "nginx", "pid": 7, "address": one.vip, "port": one.port, "protocol": "udp"}
        host.listeners.append(place)
    shown = brought(host, STUN, SECOND, check=True)
    assert shown["lines"][-1] == f"remove {NGINX_PATH}, reload nginx" and "failed" not in shown
    host.operations.clear()
    part = brought(host, STUN, state=State.MERGED)
    assert part["changed"] and host.files[NGINX_PATH] == NGINX  # its pool waits
    done = brought(host, STUN, SECOND)
    assert done["changed"] and host.files == {PATH: DRIVER.render([STUN, SECOND]).text}
    assert not brought(host, STUN, SECOND)["changed"]


def test_somebody_elses_nginx_stops_the_pool() -> None:
    host = UdpHost(files={NGINX_PATH: file_text([replace(SECOND, idle_seconds=180)])})
    host.listeners = [{"process": "nginx", "pid": 7, "address": STUN.vip, "port": 3478, "protocol": "udp"}]
    result = brought(host, STUN, check=True)
    assert result["failed"] and f"udp {STUN.vip} port 3478 belongs to process nginx" in result["msg"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (file_text([SERVICE]), "TCP services of an earlier version, on 10.1.0.100:5061"),
        (NGINX.replace("proxy_timeout 180s;", ""), "cannot be read whole"),
    ],
)
def test_a_file_of_nginx_that_is_not_known_or_serves_tcp_is_left_alone(text: str, words: str) -> None:
    host = UdpHost(files={NGINX_PATH: text})
    result = brought(host, STUN)
    assert result["failed"] and words in result["msg"] and "state deleted" in result["msg"]
    assert host.files == {NGINX_PATH: text}


def test_nothing_wanted_and_nothing_there_asks_for_nothing() -> None:
    assert not brought(UdpHost(seen=None, more={"watch": {"is_managed": False, "seen": None}}))["changed"]
    host = planned(STUN)
    assert brought(host, state=State.DELETED)["changed"] and host.files == {}
