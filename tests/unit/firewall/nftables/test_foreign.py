# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drops of somebody else's tables: which rules of ours they make ineffective, in whole, in part, or nobody can tell."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.nft_chains import Block, Extent, Foreign
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.effects import EffectKind
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.foreign import blocks
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.options import Task, rules_from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.reconcile import NftablesProvider

from tests.unit.load_balancers.memory_devices import answer

from .memory_host import MemoryHost

SIP = {"name": "SIP", "protocol": "tcp", "localport": "5061", "remoteip": "10.1.0.0/24"}
RULE = rules_from_options([SIP])[0]
OUT = rules_from_options(
    [{"name": "OUT", "direction": "out", "protocol": "tcp", "remoteport": "443", "remoteip": "10.2.0.5"}]
)[0]
DROP, ACCEPT = {"drop": None}, {"accept": None}


def payload(protocol: str, field: str, right: object, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": {"payload": {"protocol": protocol, "field": field}}, "right": right}}


def meta(key: str, right: object) -> dict[str, Any]:
    return {"match": {"op": "==", "left": {"meta": {"key": key}}, "right": right}}


def state(*names: str, op: str = "in") -> dict[str, Any]:
    return {"match": {"op": op, "left": {"ct": {"key": "state"}}, "right": list(names)}}


def net(address: str, length: int) -> dict[str, Any]:
    return {"prefix": {"addr": address, "len": length}}


def table(*rules: Any, hook: str = "input", policy: str = "accept", family: str = "inet", **more: Any) -> Any:
    """Return a table of somebody else as the module answers; more: expressions of other chains, and sets, by name."""
    common = {"family": family, "table": "x"}
    items: list[Any] = [{"metainfo": {}}, {"table": {"family": family, "name": "x"}}]
    items.append({"chain": {**common, "name": "c", "type": "filter", "hook": hook, "prio": 0, "policy": policy}})
    items += [{"rule": {**common, "chain": "c", "expr": rule}} for rule in rules]
    for name, value in more.items():
        if name.startswith("set_"):
            items.append({"set": {**common, "name": name, "elem": value}})
        else:
            items.append({"chain": {**common, "name": name}})
            items += [{"rule": {**common, "chain": name, "expr": rule}} for rule in value]
    return {"family": family, "name": "x", "dormant": False, "listing": json.dumps({"nftables": items})}


FIB = {"match": {"op": "==", "left": {"fib": {"result": "oif", "flags": ["saddr", "iif"]}}, "right": False}}
FLAGS = {"&": [{"payload": {"protocol": "tcp", "field": "flags"}}, ["fin", "syn"]]}
LIMIT = {"limit": {"rate": 10, "per": "second"}}
CASES: dict[str, tuple[Any, Extent | None]] = {
    "nothing": (table(), None),
    "drop": (table([DROP]), Extent.WHOLE),
    "reject": (table([{"counter": None}, {"reject": {"type": "icmpx"}}]), Extent.WHOLE),
    "prerouting": (table([DROP], hook="prerouting"), Extent.WHOLE),
    "output": (table([DROP], hook="output"), None),
    "forward": (table([DROP], hook="forward"), None),
    "other family": (table([DROP], family="ip6"), None),
    "own family": (table([DROP], family="ip"), Extent.WHOLE),
    "policy": (table(policy="drop"), Extent.WHOLE),
    "policy, and all accepted before": (table([payload("tcp", "dport", 5061), ACCEPT], policy="drop"), None),
    "policy, and a part accepted": (
        table([payload("ip", "saddr", net("10.1.0.0", 25)), ACCEPT], policy="drop"), Extent.PART),
    "policy, accepted by two": (
        table(*([payload("ip", "saddr", net(text, 25)), ACCEPT] for text in ("10.1.0.0", "10.1.0.128")), policy="drop"),
        None),
    "other port": (table([payload("tcp", "dport", 22), DROP]), None),
    "ports around": (table([payload("tcp", "dport", {"range": [5000, 6000]}), DROP]), Extent.WHOLE),
    "not the port": (table([payload("tcp", "dport", 5061, "!="), DROP]), None),
    "not another port": (table([payload("tcp", "dport", 22, "!="), DROP]), Extent.WHOLE),
    "other protocol": (table([meta("l4proto", "udp"), DROP]), None),
    "both protocols": (
        table([meta("l4proto", {"set": ["tcp", "udp"]}), payload("th", "dport", 5061), DROP]), Extent.WHOLE),
    "one sender": (table([payload("ip", "saddr", "10.1.0.12"), DROP]), Extent.PART),
    "one sender of a set": (table([payload("ip", "saddr", "@set_bad"), DROP], set_bad=["10.1.0.12"]), Extent.PART),
    "a set of others": (table([payload("ip", "saddr", "@set_bad"), DROP], set_bad=["192.0.2.1"]), None),
    "with a time": (
        table([payload("ip", "saddr", "@set_bad"), DROP], set_bad=[{"elem": {"val": "10.1.0.9", "timeout": 9}}]),
        Extent.PART),
    "a set that is not there": (table([payload("ip", "saddr", "@gone"), DROP]), Extent.UNKNOWN),
    "established": (table([state("established", "related"), ACCEPT]), None),
    "invalid": (table([state("invalid"), DROP]), None),
    "new": (table([state("new"), DROP]), Extent.WHOLE),
    "map of states": (table([{"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": [
        ["invalid", DROP], ["established", ACCEPT]]}}}]), None),
    "map of ports": (table([{"vmap": {"key": {"payload": {"protocol": "tcp", "field": "dport"}}, "data": {"set": [
        [22, ACCEPT], [5061, DROP]]}}}]), Extent.WHOLE),
    "loopback": (table([meta("iifname", "lo"), DROP]), None),
    "a network card": (table([meta("iifname", "eth1"), DROP]), Extent.UNKNOWN),
    "rate": (table([LIMIT, DROP]), Extent.UNKNOWN),
    "rate of another port": (table([payload("tcp", "dport", 22), LIMIT, DROP]), None),
    "what nobody knows": (table([{"xt": None}, DROP]), Extent.UNKNOWN),
    "accepted by what nobody knows": (table([{"xt": None}, ACCEPT], [DROP]), Extent.UNKNOWN),
    "no way back": (table([FIB, DROP]), None),
    "flags that open nothing": (table([{"match": {"op": "==", "left": FLAGS, "right": ["fin", "syn"]}}, DROP]), None),
    "jump": (table([{"jump": {"target": "d"}}], d=[[payload("tcp", "dport", 5061), DROP]]), Extent.WHOLE),
    "jump for a part": (
        table([payload("ip", "saddr", "10.1.0.9"), {"jump": {"target": "d"}}], d=[[DROP]]), Extent.PART),
    "jump and return": (table([{"jump": {"target": "d"}}], d=[[{"return": None}], [DROP]]), None),
    "jump, return, drop": (table([{"jump": {"target": "d"}}], [DROP], d=[[{"return": None}]]), Extent.WHOLE),
    "goto": (table([{"goto": {"target": "d"}}], [DROP], d=[]), None),
    "goto and policy": (table([{"goto": {"target": "d"}}], d=[], policy="drop"), Extent.WHOLE),
    "jump that nobody knows": (table([{"xt": None}, {"jump": {"target": "d"}}], d=[[DROP]]), Extent.UNKNOWN),
    "round and round": (table([{"jump": {"target": "d"}}], d=[[{"jump": {"target": "d"}}]]), None),
    "no expression": (table(7), Extent.UNKNOWN),
    "no match": (table([{"match": 7}, DROP]), Extent.UNKNOWN),
    "no map": (table([{"vmap": {"key": 7}}]), Extent.UNKNOWN),
    "on a card": (table([DROP], hook="ingress", family="netdev"), Extent.UNKNOWN),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_becomes_of_a_rule(name: str) -> None:
    given, expected = CASES[name]
    found = Foreign.read([given])
    assert not found.problem
    assert [block.extent for block in blocks(found, RULE)] == ([expected] if expected else []), blocks(found, RULE)


def test_what_goes_out_is_looked_at_where_it_goes_out() -> None:
    assert blocks(Foreign.read([table([DROP], hook="output")]), OUT) == [Block("inet x c", Extent.WHOLE)]
    assert blocks(Foreign.read([table([DROP])]), OUT) == []


def test_the_chains_that_lead_udp_services_are_known_and_no_other_of_their_table() -> None:
    for chain, extents in (("output", []), ("prerouting", []), ("theirs", [Extent.WHOLE])):
        text = table([DROP], hook="output")["listing"].replace('"x"', '"msuc_lync_lb"').replace('"c"', f'"{chain}"')
        given = {"family": "inet", "name": "msuc_lync_lb", "dormant": False, "listing": text}
        assert [block.extent for block in blocks(Foreign.read([given]), OUT)] == extents


def test_a_dormant_table_does_nothing_and_one_that_cannot_be_read_is_a_problem() -> None:
    dormant = {"family": "inet", "name": "x", "dormant": True, "listing": ""}
    assert Foreign.read([dormant]) == Foreign()
    for listing in ('{"nftables": [{"table"', "[" * 100_000):
        assert Foreign.read([{**dormant, "dormant": False, "listing": listing}]).problem


@pytest.mark.parametrize(
    ("given", "kind", "failed"),
    [
        (table([DROP]), EffectKind.INEFFECTIVE, False),
        (table([payload("ip", "saddr", "10.1.0.12"), DROP]), EffectKind.PARTLY_BLOCKED_BY, False),
        (table([LIMIT, DROP]), None, True),
        ({"family": "inet", "name": "x", "dormant": False, "listing": "?"}, None, True),
        (table([payload("tcp", "dport", 22), DROP]), None, False),
    ],
)
def test_a_result_says_what_somebody_else_drops(given: Any, kind: EffectKind | None, failed: bool) -> None:
    host = MemoryHost()
    host.others, host.ssh = [given], []
    for check_mode in (True, False, False):
        task = Task.from_options({"rules": [SIP], "state": "replaced", "persist": False})
        result = answer(NftablesProvider(task, host.link()), check_mode)
        assert bool(result.get("failed")) is failed, result
        (one,) = result["effects"]
        kinds = {EffectKind.INEFFECTIVE, EffectKind.PARTLY_BLOCKED_BY} & set(map(EffectKind, one["kinds"]))
        assert kinds == ({kind} if kind else set())
        assert one["effective"] is (kind is not EffectKind.INEFFECTIVE)
        assert not failed or "x" in result["msg"]


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("rules", [[], [SIP]])
def test_while_a_change_waits_to_be_taken_back_nothing_is_written_and_nothing_is_as_planned(
    check_mode: bool, rules: list[Any]
) -> None:
    waiting, unknown = {"seconds": 90, "problem": ""}, {"seconds": 0, "problem": "no answer"}
    for pending, word in ((waiting, "in 2 min"), (unknown, "no answer")):
        host = MemoryHost()
        host.pending = pending
        task = Task.from_options({"rules": rules, "state": "replaced", "persist": False})
        result = answer(NftablesProvider(task, host.link()), check_mode)
        assert result["failed"] and not result["changed"] and word in result["msg"]
        assert "lync_pending=confirm" in result["msg"] and "lync_pending=revert" in result["msg"]
        assert result["pending_revert"] == pending and host.questions == ["gather"]


@pytest.mark.parametrize("pending", ["confirm", "revert"])
def test_what_waits_is_confirmed_or_taken_back_on_demand(pending: str) -> None:
    host = MemoryHost()
    host.pending, host.is_armed, host.ssh = {"seconds": 90, "problem": ""}, True, []
    task = Task.from_options({"rules": [SIP], "state": "replaced", "persist": False, "pending": pending})
    result = answer(NftablesProvider(task, host.link()))
    assert host.questions == ["gather", pending, "apply"] and result["changed"] and "failed" not in result
    assert result["pending_revert"] == {}
    looked = Task.from_options({"rules": [], "state": "gathered", "persist": False, "pending": pending})
    host.questions.clear()
    host.pending = {"seconds": 90, "problem": ""}
    assert answer(NftablesProvider(looked, host.link()))["pending_revert"]["seconds"] == 90
    assert host.questions == ["gather"]
