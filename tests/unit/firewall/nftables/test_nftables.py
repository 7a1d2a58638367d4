# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules as a table of nftables: translation there and back, steps from any table to any other, what is refused, the guard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.host import HostAnswerError, LinuxHost, Ssh, read_answer
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.listing import read_table
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.offline import offline_result
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.options import described, rules_from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.ruleset import lines_of, rules_of
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.ssh_guard import refusals
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.table import Table
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.task import Task
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[4]
IPV4, IPV6 = ("10.1.0.11", "10.1.0.0/24", "10.2.0.1-10.2.0.9", "0.0.0.0/0"), ("2001:db8::1", "2001:db8:1::/48", "::/0")
PORTS = ("22", "443", "1024-65535", "5061-5063", "1-65535")


def _side(own: bool) -> st.SearchStrategy[list[str]]:
    """Return lists of addresses; those of the host itself are IPv4 only, IPv6 only, or no limit."""
    families = (st.sampled_from(IPV4), st.sampled_from(IPV6), st.sampled_from(IPV4 + IPV6))
    lists = [st.lists(each, min_size=1, max_size=4) for each in (families[:2] if own else families)]
    return st.one_of(st.just(["any"]), *lists)


def _options() -> st.SearchStrategy[dict[str, Any]]:
    ports = st.one_of(st.just(["any"]), st.lists(st.sampled_from(PORTS), min_size=1, max_size=3))
    common: dict[str, Any] = {
        "direction": st.sampled_from(["in", "out"]), "action": st.sampled_from(["allow", "block"]),
        "localip": _side(True), "remoteip": _side(False), "interfaces": st.sampled_from(["any", ["eth0"], ["eth0", "bond0.7"]]),
    }  # fmt: skip
    with_ports = st.fixed_dictionaries({**common, "protocol": st.sampled_from(["tcp", "udp"]), "localport": ports, "remoteport": ports})
    return st.one_of(with_ports, st.fixed_dictionaries({**common, "protocol": st.sampled_from(["any", "tcp", "icmpv4", "icmpv6", 112])}))


def _rules() -> st.SearchStrategy[tuple[Rule, ...]]:
    def _read(options: list[dict[str, Any]]) -> tuple[Rule, ...]:
        found: list[Rule] = []
        for number, each in enumerate(options):
            try:
                found += rules_from_options([{**each, "name": f"rule {number}"}])
            except InvalidInputError as error:
                assert "no address family in common" in str(error)
        return tuple(found)

    return st.lists(_options(), max_size=5).map(_read)


def table(rules: tuple[Rule, ...], policy: str = "drop") -> Table:
    return Table(policy, tuple(line for rule in rules for line in lines_of(rule)))


@settings(max_examples=200)
@given(_rules(), st.sampled_from(["accept", "drop"]))
def test_what_is_rendered_is_parsed_as_it_was(rules: tuple[Rule, ...], policy: str) -> None:
    read = read_table(table(rules, policy).script(), "text")
    assert read is not None and read.has_frame and read.policy == policy
    assert sorted(rules_of(read.lines), key=lambda rule: rule.name) == list(rules)
    assert rules_from_options([described(rule) for rule in rules]) == rules


@settings(max_examples=100)
@given(_rules(), _rules())
def test_steps_touch_only_what_differs(before: tuple[Rule, ...], after: tuple[Rule, ...]) -> None:
    steps = table(after).steps_from(table(before)).splitlines()
    gone, new = table(before).keys - table(after).keys, table(after).keys - table(before).keys
    assert (sum("delete rule" in step for step in steps), sum("add rule" in step for step in steps)) == (gone.total(), new.total())
    assert table(after).steps_from(table(after)) == ""


def test_rules_of_a_whole_plan_there_and_back() -> None:
    for path in sorted((ROOT / "tests" / "golden" / "contoso" / "hosts").glob("*.json")):
        options = [rule for rule in json.loads(path.read_text(encoding="utf-8"))["firewall_rules"] if not rule.get("service")]
        document = offline_result({"state": "rendered", "rules": options})["document"]
        parsed = offline_result({"state": "parsed", "running_config": document})["parsed"]
        wanted = [described(rule) for rule in rules_from_options(options)]
        assert sorted(parsed, key=str) == sorted(wanted, key=str), path.name  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("service", "W32Time", "nftables has no such limit"), ("program", "x.exe", "no such limit"), ("edge", "yes", "no such limit"),
        ("icmp_type_code", ["8:0"], "no such limit"), ("interfacetypes", "lan", "no such limit"), ("security", "authenticate", "no such limit"),
        ("profiles", "domain", "no profiles"), ("enabled", False, "switched off"), ("remoteip", "LocalSubnet", "words are for Windows"),
        ("localport", "RPC", "words are for Windows"), ("name", 'a "b"', "cannot be the comment"), ("name", "x" * 121, "cannot be the comment"),
        ("interfaces", "Local Area Connection", "not names of network interfaces"), ("localip", "2001:db8::1", "no address family in common"),
        ("protocol", "icmpv4", "ports go with TCP and UDP only"), ("remotip", "any", "write remoteip"),
    ],
)  # fmt: skip
def test_what_nftables_cannot_say_is_refused_with_its_fix(option: str, value: object, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said) as caught:
        rules_from_options([{"name": "SIP", "protocol": "tcp", "localport": 5061, "remoteip": "10.1.0.0/24", option: value}])
    assert all(problem.fix for problem in caught.value.problems)


def test_all_faults_of_a_task_are_told_at_once() -> None:
    wrong = {"management_networks": ["x"], "confirm_minutes": -1, "path": "a", "expected_addresses": ["b"]}
    options = {"state": "overridden", "rules": [{"protocol": "tcp"}], **wrong}
    with pytest.raises(InvalidInputError) as caught:
        Task.from_options(options)
    assert {problem.place for problem in caught.value.problems} == {
        "state", "rule number 1, name", "management_networks", "confirm_minutes", "path", "expected_addresses",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["{}", "flush ruleset", "{", "table inet msuc_lync {\n chain input {\n type filter\n }\n}"])
def test_a_text_that_is_no_table_is_an_error(text: str) -> None:
    with pytest.raises(InvalidInputError, match="nft list table inet msuc_lync"):
        offline_result({"state": "parsed", "running_config": text})
    with pytest.raises(HostAnswerError):
        read_answer({"listing": text}, "/x")


def _host(*ssh: Ssh, addresses: tuple[str, ...] = ("10.1.0.5", "127.0.0.1", "2001:db8::5")) -> LinuxHost:
    return LinuxHost(None, "", None, addresses, ssh)


ADMIN = {"name": "SSH", "protocol": "tcp", "localport": 22, "remoteip": ["10.9.0.0/24", "2001:db8:9::/64"]}
NETWORKS = AddressSet.parse(["10.9.0.0/24", "2001:db8:9::/64"])


@pytest.mark.parametrize(
    ("rules", "shut"),
    [
        ([ADMIN], []), ([{**ADMIN, "remoteip": "10.9.0.0/24"}], ["2001:db8:9::/64"]), ([{**ADMIN, "localip": "10.1.0.5"}], ["2001:db8:9::/64"]),
        ([{**ADMIN, "protocol": "udp"}], ["10.9.0.0/24", "2001:db8:9::/64"]), ([{**ADMIN, "interfaces": "eth0"}], ["10.9.0.0/24", "2001:db8:9::/64"]),
        ([{**ADMIN, "remoteport": "1-1023"}], ["10.9.0.0/24", "2001:db8:9::/64"]), ([{"name": "everybody"}], []),
        ([ADMIN, {"name": "no", "action": "block", "interfaces": "eth0", "remoteip": "10.9.0.128/25"}], ["10.9.0.128/25"]),
    ],
)  # fmt: skip
def test_the_guard_knows_who_loses_ssh(rules: list[dict[str, Any]], shut: list[str]) -> None:
    after = table(rules_from_options(rules))
    found = refusals(_host(Ssh(22)), None, after, NETWORKS)
    assert [line.split("shut for ")[1].split(";")[0] for line in found] == shut
    assert refusals(_host(Ssh(22)), after, after, NETWORKS) == [] and refusals(_host(Ssh(22)), after, None, NETWORKS) == []
    # Where nothing listens, and where the policy accepts, nobody loses anything but to a block.
    assert refusals(_host(), None, after, NETWORKS) == []
    accepting = Table("accept", after.lines)
    assert bool(refusals(_host(Ssh(22)), None, accepting, NETWORKS)) == any(rule.get("action") == "block" for rule in rules)


def test_the_guard_counts_who_is_connected_and_goes_on_without_addresses() -> None:
    after = table(rules_from_options([ADMIN]))
    assert "192.0.2.7" in refusals(_host(Ssh(22, "10.1.0.5", ("192.0.2.7",))), None, after, NETWORKS)[0]
    assert "TCP 2222) would be shut" in refusals(_host(Ssh(2222), addresses=()), None, after, NETWORKS)[0]
