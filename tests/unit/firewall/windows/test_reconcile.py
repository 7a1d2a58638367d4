# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whole runs against the simulated host, without the wire: counts, legal writes, faults, answers that make no sense."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import AnswerError, DeviceError, InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import (
    Done,
    NotApplicable,
    SafetyStep,
    reconcile,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.host_facts import GROUP_POLICY, Present
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.reconcile import IpsecProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.options import rules_from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.reconcile import FirewallProvider, Link
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows import builds
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.com import to_com
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.reconcile import (
    Task,
    WindowsFirewallProvider,
    missing_capabilities,
)
from hypothesis import given, settings

from tests.simulators.firewall_store import Faults, FirewallStore
from tests.simulators.host_module import run_module
from tests.unit.firewall import universe
from tests.unit.firewall.memory import MemoryStore, answering, link_to
from tests.unit.firewall.order import check_order

SIP: dict[str, Any] = {"name": "SIP", "protocol": "tcp", "localport": "5061", "remoteip": ["10.1.0.0/24"]}
SIP_COM = {
    "Name": "SIP",
    "Grouping": "msuc.lync",
    "Protocol": 6,
    "LocalPorts": "5061",
    "RemoteAddresses": "10.1.0.0/24",
    "Enabled": True,
}
FOREIGN_COM = {"Name": "SIP", "Grouping": "Contoso", "Protocol": 6, "LocalPorts": "1", "Enabled": True}


def provider(store: FirewallStore, rules: list[dict[str, Any]], **options: Any) -> WindowsFirewallProvider:
    return WindowsFirewallProvider(Task.from_options({"rules": rules, **options}), link_to(store))


def run(store: FirewallStore, rules: list[dict[str, Any]], **options: Any) -> WindowsFirewallProvider:
    """Reconcile a host as the action does."""
    made = provider(store, rules, **options)
    reconcile(made, check_mode=False)
    return made


def planned(store: FirewallStore, rules: list[dict[str, Any]], **options: Any) -> WindowsFirewallProvider:
    """Return a provider that has gathered and planned, and written nothing."""
    made = provider(store, rules, **options)
    made.gather()
    made.plan()
    return made


def stats(reconciliation: FirewallProvider) -> tuple[object, ...]:
    found = reconciliation.result()["stats"]
    assert isinstance(found, dict)
    return tuple(found[name] for name in ("round_trips", "enumerations", "writes"))


# What the host has, what is wanted, and the writes that it takes.
WRITES: list[tuple[str, list[Mapping[str, object]], list[dict[str, Any]], int]] = [
    ("nothing", [SIP_COM], [SIP], 0),
    ("an addition", [], [SIP], 1),
    ("one property", [{**SIP_COM, "Enabled": False}], [SIP], 1),
    ("two properties", [{**SIP_COM, "LocalPorts": "5060", "Description": "x"}], [SIP], 2),
    ("a removal", [SIP_COM, {**SIP_COM, "Name": "B"}], [SIP], 1),
    ("a twin: a rename and a removal", [SIP_COM, SIP_COM], [SIP], 2),
    ("a removal beside a foreign namesake", [SIP_COM, FOREIGN_COM], [], 2),
    (
        "a program taken away: an addition, a rename and a removal",
        [{**SIP_COM, "ApplicationName": "C:\\a.exe"}],
        [SIP],
        3,
    ),
    ("a program", [SIP_COM], [{**SIP, "program": "C:\\a.exe"}], 1),
    ("another protocol", [{**SIP_COM, "Protocol": 17}], [SIP], 3),
    ("another direction", [{**SIP_COM, "Direction": 2}], [SIP], 3),
    ("an interface by hand", [{**SIP_COM, "InterfaceTypes": "Lan"}], [SIP], 1),
    (
        "interface types instead of local addresses",
        [{**SIP_COM, "LocalAddresses": "10.1.0.11"}],
        [{**SIP, "interfacetypes": "lan"}],
        2,
    ),
    (
        "local addresses instead of interface types",
        [{**SIP_COM, "InterfaceTypes": "Lan"}],
        [{**SIP, "localip": "10.1.0.11"}],
        2,
    ),
    (
        "edge traversal deferred to the user: anew, with a rename",
        [{**SIP_COM, "LocalPorts": "*", "ApplicationName": "C:\\a.exe", "EdgeTraversalOptions": 3}],
        [{**SIP, "program": "C:\\a.exe"}],
        3,
    ),
    ("edge traversal by hand", [{**SIP_COM, "EdgeTraversalOptions": 1}], [SIP], 1),
    ("a port word instead of ports", [SIP_COM], [{**SIP, "localport": "RPC"}], 1),
]


@pytest.mark.parametrize(("have", "want", "writes"), [case[1:] for case in WRITES], ids=[case[0] for case in WRITES])
def test_writes_are_what_differs_and_nothing_else(
    have: list[Mapping[str, object]], want: list[dict[str, Any]], writes: int
) -> None:
    store = MemoryStore.of(*have)
    first = run(store, want)
    assert stats(first) == ((2, 3, writes) if writes else (1, 1, 0))
    assert first.result()["changed"] is bool(writes)
    again = run(store, want)
    assert stats(again) == (1, 1, 0)
    assert again.result()["changed"] is False
    assert again.result()["before"] == first.result()["after"]


def test_a_rule_is_off_while_its_content_changes() -> None:
    store = MemoryStore.of({**SIP_COM, "RemoteAddresses": "*", "Enabled": False})
    run(store, [SIP])
    assert [rules[0].enabled for rules in store.history] == [False, True]
    run(store, [{**SIP, "enabled": False, "localport": 443, "remoteip": "any"}])
    assert [rules[0].enabled for rules in store.history[2:]] == [False, False, False]


@pytest.mark.parametrize("removes_last", [False, True])
@pytest.mark.parametrize("ipv6_as_range", [False, True])
def test_unknowns_of_windows_do_not_matter(removes_last: bool, ipv6_as_range: bool) -> None:
    switches = {"removes_last": removes_last, "ipv6_as_range": ipv6_as_range, "merges_overlaps": True}
    store = MemoryStore.of(FOREIGN_COM, SIP_COM, {**SIP_COM, "LocalPorts": "5062"}, FOREIGN_COM, switches=switches)
    run(store, [{**SIP, "remoteip": ["2001:db8::1", "10.1.0.0/24"]}])
    assert [rule.group for rule in store.rules()] == ["Contoso", "msuc.lync", "Contoso"]
    assert stats(run(store, [{**SIP, "remoteip": ["10.1.0.0-10.1.0.255", "2001:db8::1"]}])) == (1, 1, 0)


def test_programs_are_compared_with_the_variables_of_the_host() -> None:
    store = MemoryStore.of({**SIP_COM, "ApplicationName": "%ProgramFiles%\\a.exe"})
    assert stats(run(store, [{**SIP, "program": "%programfiles%\\A.exe"}])) == (1, 1, 0)
    assert stats(run(store, [{**SIP, "program": "%nothing%\\a.exe"}])) == (2, 3, 1)


def test_phases_open_and_close() -> None:
    store = MemoryStore.of(SIP_COM, {**SIP_COM, "Name": "Old"})
    want = [{**SIP, "localport": "443"}]
    opened = run(store, want, phase="open")
    assert (opened.result()["pending"], stats(opened)) == (True, (2, 3, 1))
    assert (run(store, want, phase="open").result()["pending"], len(store.rules())) == (True, 3)
    closed = run(store, want, phase="close")
    assert (closed.result()["pending"], stats(closed)) == (False, (2, 3, 3))
    assert [rule.localport.to_text() for rule in store.rules()] == [("443",)]


def test_gathered_returns_the_owned_rules() -> None:
    result = run(MemoryStore.of(SIP_COM, FOREIGN_COM), [], state="gathered").result()
    gathered = result["gathered"]
    assert isinstance(gathered, list)
    assert [(rule["name"], rule["localport"]) for rule in gathered] == [("SIP", ["5061"])]
    assert result["changed"] is False
    assert "gathered" not in run(MemoryStore.of(SIP_COM), [SIP]).result()


@given(universe.wanted(), universe.present())
@settings(deadline=None, max_examples=200)
def test_every_write_is_legal_and_what_is_admitted_before_and_after_is_admitted_all_the_time(
    want: list[Rule], have: list[Rule]
) -> None:
    check_order(want, have)


@given(universe.wanted(), universe.present())
@settings(deadline=None, max_examples=100)
def test_closing_without_opening_before_it_leaves_no_moment_without_what_lasts(
    want: list[Rule], have: list[Rule]
) -> None:
    store = MemoryStore.of(*(to_com(rule) for rule in have))
    with contextlib.suppress(DeviceError):
        reconcile(provider(store, [rule.to_options() for rule in want], phase="close"), check_mode=False)
    lasting = universe.admitted(have) & universe.admitted(store.rules())
    assert all(lasting <= universe.admitted(rules) for rules in store.history)


# What the host has and what is wanted, where a careless order ends for a moment what is admitted before and after.
A, B = (
    {**SIP_COM, "Name": "A", "RemoteAddresses": "*"},
    {**SIP_COM, "Name": "B", "RemoteAddresses": "*", "LocalPorts": "443"},
)
WANT_A, WANT_B = ({"name": name, "protocol": "tcp"} for name in "AB")
BLOCK = {**SIP_COM, "Name": "Block", "Action": 0, "LocalPorts": "1-2", "RemoteAddresses": "10.0.0.1-10.0.0.2"}
EVERY_TCP = {"Grouping": "msuc.lync", "Protocol": 6, "Enabled": True}
HANDOVERS: list[tuple[str, list[Mapping[str, object]], list[dict[str, Any]], int]] = [
    ("one takes over from the one before it", [A, B], [{**WANT_A, "localport": 80}, {**WANT_B, "localport": 5061}], 2),
    ("two change places", [A, B], [{**WANT_A, "localport": 443}, {**WANT_B, "localport": 5061}], 6),
    (
        "one that widens takes over from the only one that moves",
        [{**EVERY_TCP, "Name": "A"}, {**EVERY_TCP, "Name": "B", "LocalPorts": "443"}],
        [{"name": "A", "protocol": "udp"}, WANT_B],
        4,
    ),
    (
        "one that is switched on takes over from the only one that moves",
        [{**EVERY_TCP, "Name": "A"}, {**EVERY_TCP, "Name": "B", "Enabled": False}],
        [{"name": "A", "protocol": "udp"}, WANT_B],
        4,
    ),
    (
        "one that stops blocking takes over from the only one that moves",
        [{**EVERY_TCP, "Name": "A"}, {**EVERY_TCP, "Name": "B", "Action": 0, "LocalPorts": "443"}],
        [{"name": "A", "protocol": "udp"}, WANT_B],
        6,
    ),
    (
        "a block that moves in two limits",
        [A, BLOCK],
        [
            {**WANT_A, "localport": 5061},
            {
                "name": "Block",
                "action": "block",
                "protocol": "tcp",
                "localport": "2-3",
                "remoteip": "10.0.0.2-10.0.0.3",
            },
        ],
        3,
    ),
    (
        "a block that narrows and widens",
        [A, BLOCK],
        [
            {**WANT_A, "localport": 5061},
            {"name": "Block", "action": "block", "protocol": "tcp", "localport": "1", "remoteip": "10.0.0.0/29"},
        ],
        2,
    ),
]


@pytest.mark.parametrize(
    ("have", "want", "writes"), [case[1:] for case in HANDOVERS], ids=[case[0] for case in HANDOVERS]
)
def test_what_one_rule_gives_up_and_another_takes_over_is_never_without_a_rule(
    have: list[Mapping[str, object]], want: list[dict[str, Any]], writes: int
) -> None:
    store = MemoryStore.of(*have)
    packets = [
        ("in", 6, port, address, "domain", "")
        for port in (1, 2, 3, 80, 443, 5061)
        for address in ("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.5")
    ]
    before = {packet for packet in packets if _admits(store.rules(), packet)}
    blocked = {packet for packet in packets if not _blocks(store.rules(), packet)}
    assert stats(run(store, want)) == (2, 3, writes)
    for rules in store.history:
        assert {packet for packet in before if _admits(store.rules(), packet)} <= {
            packet for packet in packets if _admits(rules, packet)
        }
        assert {packet for packet in blocked if not _blocks(store.rules(), packet)} <= {
            packet for packet in packets if not _blocks(rules, packet)
        }
    assert stats(run(store, want)) == (1, 1, 0)


def _admits(rules: list[Rule], packet: universe.Packet) -> bool:
    return any(rule.admits and universe.matches(rule, packet) for rule in rules) and not _blocks(rules, packet)


def _blocks(rules: list[Rule], packet: universe.Packet) -> bool:
    return any(rule.enabled and rule.action == "block" and universe.matches(rule, packet) for rule in rules)


def test_a_write_that_fails_is_reported_and_the_next_run_goes_on() -> None:
    store = MemoryStore.of({**SIP_COM, "Name": "Old"}, fault=Faults(com_error_at_write=2))
    want = [SIP, {**SIP, "name": "B"}]
    reconciliation = provider(store, want)
    with pytest.raises(DeviceError) as raised:
        reconcile(reconciliation, check_mode=False)
    assert str(raised.value) == (
        "the changes stopped half-way (done: add B; not done: add SIP, remove Old); run again to go on: "
        "rule 'SIP': Unspecified error (0x80004005)"
    )
    result = reconciliation.result()
    assert (result["changed"], result["stats"]) == (True, {"round_trips": 2, "enumerations": 3, "writes": 1})
    after = result["after"]
    assert isinstance(after, list)
    assert [rule["name"] for rule in after] == ["B", "Old"]
    store.fault = Faults()
    assert stats(run(store, want)) == (2, 3, 2)
    assert sorted(rule.name for rule in store.rules()) == ["B", "SIP"]


def test_an_account_that_may_not_write_changes_nothing() -> None:
    store = MemoryStore.of(fault=Faults(access_denied=True))
    reconciliation = provider(store, [SIP])
    denied = r"\(done: nothing; not done: add SIP\); run again to go on: rule 'SIP': Access is denied\. \(0x80070005\)"
    with pytest.raises(DeviceError, match=denied):
        reconcile(reconciliation, check_mode=False)
    assert (reconciliation.result()["changed"], store.rules()) == (False, [])


def test_a_rule_that_something_else_changed_meanwhile_is_a_conflict() -> None:
    store = MemoryStore.of({**SIP_COM, "LocalPorts": "5060"})
    reconciliation = planned(store, [SIP])
    store.document["rules"][0]["LocalPorts"] = "5062"
    # Without the fingerprint, which would have stopped it before.
    apply = {"operation": "apply", "operations": reconciliation.operations()}
    reconciliation.link = Link(lambda _arguments: run_module(store, apply, False), reconciliation.link.ask_anew, "")
    conflict = r"rule 'SIP' is not on the host as it was gathered: something else has changed it meanwhile"
    with pytest.raises(DeviceError, match=conflict):
        reconciliation.apply()
    assert store.rules()[0].localport.to_text() == ("5062",)


def test_check_mode_of_the_remote_module_writes_nothing() -> None:
    store = MemoryStore.of()
    reconciliation = planned(store, [SIP])
    answer = run_module(store, {"operation": "apply", "operations": reconciliation.operations()}, True)
    assert (answer["counters"], answer["changed"], store.rules()) == ({"enumerations": 2, "writes": 0}, False, [])


def test_rules_that_are_not_as_wanted_after_all_are_a_failure_that_names_them() -> None:
    def spoil(answer: Any) -> Any:
        return {**answer, "rules": [{**rule, "LocalPorts": "5060"} for rule in answer["rules"]]}

    made = WindowsFirewallProvider(Task.from_options({"rules": [SIP]}), link_to(MemoryStore.of(), spoil=spoil))
    with pytest.raises(DeviceError) as raised:
        reconcile(made, check_mode=False)
    assert str(raised.value) == (
        "the changes were made, but the rules are not as wanted; what is left:\n"
        "  - change rule SIP: localport from 5060 to 5061"
    )


def test_a_host_without_the_expected_addresses_is_not_written_to() -> None:
    store = MemoryStore.of()
    rules = [
        {**SIP, "localip": ["10.1.0.11", "10.1.0.12"]},
        {**SIP, "name": "B", "localip": "10.1.0.0/24"},
        {**SIP, "name": "C", "localip": "any"},
    ]
    with pytest.raises(DeviceError) as raised:
        run(store, rules, expected_addresses=["2001:DB8::11", "10.1.0.99"])
    assert str(raised.value).splitlines() == [
        "this is not the host that the inventory describes; nothing was written:",
        "  - expected_addresses: 10.1.0.99 is not an address of the host; allowed: 10.1.0.11, 2001:db8::11 (the "
        "host's addresses);"
        " fix: correct the inventory or the network card",
        "  - rule SIP, localip: 10.1.0.12 is not an address of the host; allowed: 10.1.0.11, 2001:db8::11 (the host's "
        "addresses);"
        " fix: correct the inventory or the network card",
    ]
    assert store.history == []
    assert stats(run(store, [], state="deleted", expected_addresses=["10.1.0.99"])) == (1, 1, 0)


BAD_TASKS: list[tuple[dict[str, Any], list[str]]] = [
    ({"group": "@FirewallAPI.dll,-1"}, ["group: '@FirewallAPI.dll,-1' cannot be an owned group"]),
    (
        {"expected_addresses": ["fe01"]},
        ["expected_addresses: 'fe01' is not an IPv4 or IPv6 address; fix: write an address of the host"],
    ),
    (
        {"rules": [{"name": "a", "localport": "x"}], "expected_addresses": ["x"], "group": "a|b"},
        ["expected_addresses: ", "group: ", "rule a, localport: 'x' is not a port or a range a-b"],
    ),
    ({"rules": [{"protocol": "tcp"}], "state": "deleted"}, ["rule number 1, name: the rule has no name"]),
]


@pytest.mark.parametrize(("options", "texts"), BAD_TASKS)
def test_a_bad_task_is_refused_with_every_reason(options: dict[str, Any], texts: list[str]) -> None:
    with pytest.raises(InvalidInputError) as raised:
        Task.from_options(options)
    assert len(raised.value.problems) == len(texts)
    for problem, text in zip(raised.value.problems, texts, strict=True):
        assert text in str(problem)


GOOD: dict[str, Any] = {
    "rules": [],
    "addresses": [],
    "environment": {},
    "profiles": {"active": 1, "local_policy_modify_state": 0, "settings": []},
    "group_policy": {"rules": {}, "profiles": {}},
    "mdm": {"rules": {}, "profiles": {}},
    "products": [],
    "older_lists": [],
    "services": [],
    "build": "20348.2700",
    "listeners": [],
    "connections": [],
    "management": [],
    "fingerprint": "1",
    "pending_revert": {},
    "counters": {"enumerations": 1, "writes": 0},
}
BAD_ANSWERS: list[tuple[dict[str, Any], str]] = [
    ({}, "TypeError: rules is missing"),
    ({**GOOD, "rules": "x"}, "TypeError: rules is not a list"),
    ({**GOOD, "rules": [1]}, "TypeError: rules[0] is not a mapping"),
    ({**GOOD, "environment": []}, "TypeError: environment is not a mapping"),
    ({**GOOD, "addresses": ["nowhere"]}, "ValueError: 'nowhere' is not an IPv4 or IPv6 address"),
    (
        {**GOOD, "profiles": {**GOOD["profiles"], "active": "some"}},
        "TypeError: profiles.active is 'some', not a whole number",
    ),
    ({**GOOD, "connections": ["10.1.0.11 5061"]}, "ValueError: not enough values"),
    ({**GOOD, "listeners": ["here 5061"]}, "ValueError: 'here' is not an IPv4 or IPv6 address"),
    (
        {**GOOD, "counters": {"enumerations": "many", "writes": 0}},
        "TypeError: counters.enumerations is 'many', not a whole number",
    ),
    ({**GOOD, "counters": {"enumerations": 1, "writes": 1}}, "1 writes, and it was only asked what it has"),
]


@pytest.mark.parametrize(("answer", "text"), BAD_ANSWERS)
def test_an_answer_that_makes_no_sense_is_an_error_in_words(answer: dict[str, Any], text: str) -> None:
    with pytest.raises(AnswerError) as raised:
        WindowsFirewallProvider(Task.from_options({}), answering(answer)).gather()
    assert str(raised.value).startswith(f"the host's answer is not understood: {text}")


def test_a_host_that_cannot_be_read_is_a_failure_with_its_reason() -> None:
    link = answering({"failed": True, "msg": "Class not registered"})
    with pytest.raises(DeviceError, match=r"^the firewall of the host could not be read: Class not registered$"):
        WindowsFirewallProvider(Task.from_options({}), link).gather()


def test_when_the_host_does_not_say_what_it_wrote_something_may_have_changed() -> None:
    store = MemoryStore.of({**SIP_COM, "Name": "Old"})
    reconciliation = planned(store, [SIP])
    reconciliation.link = answering({"failed": True, "msg": "killed"})
    stopped = (
        r"^the changes stopped half-way \(done: nothing; not done: add SIP, remove Old\); run again to go on: killed$"
    )
    with pytest.raises(DeviceError, match=stopped):
        reconciliation.apply()
    result = reconciliation.result()
    assert (result["changed"], result["after"] == result["before"]) == (True, True)


def test_zones_of_link_local_addresses_are_left_out() -> None:
    link = answering({**GOOD, "addresses": ["fe80::1%12"]})
    reconciliation = WindowsFirewallProvider(Task.from_options({"expected_addresses": ["fe80::1"]}), link)
    reconcile(reconciliation, check_mode=False)
    assert reconciliation.result()["host"]["addresses"] == ["fe80::1"]  # type: ignore[index]


@pytest.mark.parametrize("kind", [WindowsFirewallProvider, IpsecProvider])
def test_every_safety_step_is_taken_or_has_a_reason(kind: type[FirewallProvider]) -> None:
    assert kind.safety.keys() == set(SafetyStep)
    for cell in kind.safety.values():
        assert cell.where if isinstance(cell, Done) else isinstance(cell, NotApplicable) and cell.why


# What is left out of the answer to apply, and what is said then.
SILENT: list[tuple[dict[str, Any], str, str]] = [
    (
        {},
        "snapshot",
        "the changes were made, but the host does not say that what was there before can come back by a snapshot",
    ),
    (
        {"confirm_minutes": 5},
        "armed",
        "the changes were made, but the host does not say that what was there before can come back by itself",
    ),
]


@pytest.mark.parametrize(("options", "silent", "message"), SILENT)
def test_a_host_that_does_not_say_that_it_is_safe_fails(options: dict[str, Any], silent: str, message: str) -> None:
    store = MemoryStore.of()
    link = link_to(store, spoil=lambda answer: {name: value for name, value in answer.items() if name != silent})
    made = WindowsFirewallProvider(Task.from_options({"rules": [SIP], **options}), link)
    with pytest.raises(DeviceError) as raised:
        reconcile(made, check_mode=False)
    assert (str(raised.value), made.result()["changed"]) == (message, True)


def test_a_fingerprint_that_nobody_gave_fails_the_run() -> None:
    store = MemoryStore.of()
    made = WindowsFirewallProvider(
        Task.from_options({"rules": [SIP]}), link_to(store, spoil=lambda answer: {**answer, "fingerprint": ""})
    )
    with pytest.raises(DeviceError, match="nobody changed the device since it was read"):
        reconcile(made, check_mode=False)


NEEDY = rules_from_options(
    [
        {"name": "a", "remoteip": "Intranet,LocalSubnet", "security": "authenticate"},
        {"name": "b", "protocol": "udp", "localport": "Ply2Disc"},
        {"name": "c", "remoteip": "LocalSubnet", "protocol": "tcp", "localport": "RPC"},
    ]
)


OLD, NEW = Present(Rule("x"), {"Name": "x"}), Present(Rule("x"), {"Name": "x", "SecureFlags": 0})


TOO_OLD = "is not known to this host, which is older than Windows Server 2012"


def test_each_option_that_needs_a_newer_windows_is_named() -> None:
    problems = [str(problem) for problem in missing_capabilities(NEEDY, [OLD])]
    fix = "fix: leave it out on this host, or upgrade it to Windows Server 2012 or later"
    assert problems == [
        f"rule a, remoteip: Intranet {TOO_OLD}; {fix}",
        f"rule a, security: authenticate {TOO_OLD}; {fix}",
        f"rule b, localport: Ply2Disc {TOO_OLD}; {fix}",
    ]


def test_a_newer_host_and_one_that_cannot_tell_are_left_to_try() -> None:
    assert missing_capabilities(NEEDY, [OLD, NEW]) == []
    assert missing_capabilities(NEEDY, [Present(Rule("x"), {}, GROUP_POLICY)]) == []


def test_a_port_that_a_change_shuts_leaves_the_change_to_be_taken_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        store = MemoryStore.of()
        store.change(listeners=[f"0.0.0.0 {port}"])

        def closing(answer: Any) -> Any:
            """Stop to listen once the host has written."""
            if answer["counters"]["writes"]:
                server.close()
            return answer

        made = WindowsFirewallProvider(
            Task.from_options({"rules": [SIP], "confirm_minutes": 5}), link_to(store, spoil=closing)
        )
        with pytest.raises(DeviceError) as raised:
            reconcile(made, check_mode=False)
    assert str(raised.value).startswith(
        f"TCP {port} answered before the change and does not now; the change is not confirmed: "
        "it comes back by itself 5 minutes after the first write (up to 10 minutes later where the host is off then), "
        "or at once by: netsh advfirewall import"
    )
    snapshot: Any = made.result()["snapshot"]
    assert snapshot["armed"] is True


# --- whether a change comes back by itself, where nobody chose -----------------------------------------------------

STALE = to_com(rules_from_options([{**SIP, "name": "Old", "localport": "5070"}])[0])
BUILD = "20348.2700"


def arming(
    seen: bool, monkeypatch: pytest.MonkeyPatch, have: Sequence[Any] = (STALE,), build: str = BUILD, **options: Any
) -> dict[str, Any]:
    """Return the result of bringing a host to no rules but SIP; seen: whether somebody saw a change come back there."""
    monkeypatch.setattr(builds, "REVERTING", frozenset({20348} if seen else ()))
    link = link_to(MemoryStore.of(*have), spoil=lambda answer: {**answer, "build": build} if build else answer)
    made = WindowsFirewallProvider(Task.from_options({"rules": [SIP], **options}), link)
    reconcile(made, check_mode=False)
    asked = {"confirmed": made.round_trips == 3, "not_armed": made.result().get("not_armed", "")}
    return {**asked, "minutes": made.apply_arguments()["confirm_minutes"]}


def test_what_admits_less_comes_back_where_that_was_seen_to_work(monkeypatch: pytest.MonkeyPatch) -> None:
    assert arming(True, monkeypatch) == {"confirmed": True, "not_armed": "", "minutes": 10}


def test_where_nobody_saw_it_nothing_comes_back_and_the_result_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    why = (
        "nothing comes back by itself: lync_confirm_minutes is not set, and nobody has seen it happen on "
        "Windows Server 2022, build 20348.2700"
    )
    assert arming(False, monkeypatch) == {"confirmed": False, "not_armed": why, "minutes": 0}
    # On another release nobody has, either.
    assert arming(True, monkeypatch, build="26100.1")["minutes"] == 0


@pytest.mark.parametrize("minutes", [0, 3])
@pytest.mark.parametrize("seen", [False, True])
def test_what_the_user_sets_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch, seen: bool, minutes: int) -> None:
    found = arming(seen, monkeypatch, confirm_minutes=minutes)
    assert found == {"confirmed": minutes > 0, "not_armed": "", "minutes": minutes}


def test_what_only_admits_more_needs_no_way_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for seen in (False, True):
        assert arming(seen, monkeypatch, have=()) == {"confirmed": False, "not_armed": "", "minutes": 0}


def test_without_a_snapshot_there_is_nothing_to_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    assert arming(True, monkeypatch, snapshot=False) == {"confirmed": False, "not_armed": "", "minutes": 0}


# --- a change that waits to be taken back ------------------------------------------------------------------------

WAITING = {"name": "msuc.lync firewall revert 1", "path": "C:\\before.wfw", "due": 4, "has_run": False}


def waiting_store(task: Mapping[str, object]) -> MemoryStore:
    """Return a host with our rule, and before it had none."""
    store = MemoryStore.of(to_com(rules_from_options([SIP])[0]))
    store.change(task=task, files={"C:\\before.wfw": []})
    return store


@pytest.mark.parametrize("rules", [[], [SIP]])
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_change_that_waits_to_be_taken_back_is_told_and_nothing_is_written(
    rules: list[dict[str, Any]], check_mode: bool
) -> None:
    store = waiting_store(WAITING)
    made = provider(store, rules)
    with pytest.raises(DeviceError, match=r"taken back in 4 min; nothing was written; fix: wait until then, keep it"):
        reconcile(made, check_mode=check_mode)
    assert made.result()["pending_revert"] == {"seconds": 240, "problem": ""}
    assert store.document["task"] == WAITING and not store.history


@pytest.mark.parametrize(("pending", "left"), [("confirm", ["SIP"]), ("revert", [])])
def test_it_is_kept_or_taken_back_when_somebody_says_so(pending: str, left: list[str]) -> None:
    store = waiting_store(WAITING)
    run(store, [], state="merged", pending=pending)
    assert store.document["task"] is None
    assert [rule.name for rule in store.rules()] == left


def test_one_that_was_taken_back_waits_no_more() -> None:
    assert run(waiting_store({**WAITING, "due": 0, "has_run": True}), [SIP]).result()["pending_revert"] == {}
    with pytest.raises(
        DeviceError, match="whether a change of an earlier run waits to be taken back is not known: RPC"
    ):
        unknown = {"seconds": 0, "problem": "RPC server unavailable", "state": "unknown", "result": 0}
        answer = {**GOOD, "pending_revert": unknown}
        reconcile(WindowsFirewallProvider(Task.from_options({}), answering(answer)), check_mode=True)
