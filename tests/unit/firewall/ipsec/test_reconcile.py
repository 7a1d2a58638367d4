# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whole runs against the simulated host, without the wire, on both engines: states, owners, faults, reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError, InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.exemption import rule_id
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.reconcile import IpsecProvider, IpsecTask

from tests.simulators import ipsec_store
from tests.simulators.firewall_store import Faults
from tests.simulators.ipsec_host import run_module
from tests.unit.firewall.memory import MemoryStore, link_to

UDP: dict[str, Any] = {
    "name": "Lync exempt media (UDP)",
    "protocol": "udp",
    "localip": ["10.1.0.11"],
    "rows": ["I5", "I6"],
}
TCP: dict[str, Any] = {
    "name": "Lync exempt media (TCP)",
    "protocol": "tcp",
    "localip": ["10.1.0.11"],
    "localport": "49152-65535",
}
FLOW = {
    "rows": ["I5", "I6"],
    "protocol": "udp",
    "localip": ["10.1.0.11"],
    "remoteip": ["any"],
    "localport": ["49152-65535"],
    "remoteport": ["any"],
}
ISOLATION = {"{D1}": {"DisplayName": "Domain isolation", "InboundSecurity": "Require", "OutboundSecurity": "Request"}}
FOREIGN = {
    "{F1}": {"DisplayName": "Lync exempt media (UDP)", "Group": "Contoso", "Protocol": "UDP"},
    "{F2}": {"DisplayName": "Other"},
}
ENGINES = ["cim", "netsh"]


def host(
    engine: str = "cim", rules: Mapping[str, Mapping[str, Any]] | None = None, fault: Faults | None = None, **parts: Any
) -> MemoryStore:
    """Return a host that has what an engine needs, with connection security rules by id."""
    store = MemoryStore.of(fault=fault or Faults())
    ipsec_store.change(store, module=engine == "cim", rules=ipsec_store.exempted(rules or {}), **parts)
    return store


def provider(store: MemoryStore, exemptions: list[dict[str, Any]], **options: Any) -> IpsecProvider:
    return IpsecProvider(IpsecTask.from_options({"exemptions": exemptions, **options}), link_to(store, run_module))


def run(store: MemoryStore, exemptions: list[dict[str, Any]], **options: Any) -> IpsecProvider:
    made = provider(store, exemptions, **options)
    reconcile(made, check_mode=False)
    return made


def result(made: IpsecProvider) -> Any:
    """Return the result of a task, whose parts are of any kind."""
    return made.result()


def stats(run: IpsecProvider) -> tuple[int, int, int]:
    return run.round_trips, run.enumerations, run.writes


def names(store: MemoryStore) -> list[str]:
    return sorted(text.split("|Name=")[1].split("|")[0] for text in ipsec_store.shown(store).values())


@pytest.mark.parametrize("engine", ENGINES)
def test_rhythm_of_replaced(engine: str) -> None:
    foreign = (
        {"{F2}": FOREIGN["{F2}"], "{F3}": {"DisplayName": "Lync exempt media (UDP)", "Group": "Contoso"}}
        if engine == "cim"
        else {"{F2}": FOREIGN["{F2}"]}
    )
    old = {"{O1}": {"DisplayName": "Lync exempt old", "Group": "msuc.lync"}}
    store = host(engine, {**foreign, **old})
    untouched = ipsec_store.exempted(foreign)
    made = run(store, [UDP, TCP])
    assert result(made)["engine"] == engine
    assert (stats(made), result(made)["summary"]) == (
        ((2, 3, 3)),
        {"added": 2, "changed": 0, "disabled": 0, "removed": 1, "admission_changed": 0},
    )
    assert {key: ipsec_store.shown(store)[key] for key in foreign} == untouched
    assert names(store) == sorted([*(each["DisplayName"] for each in foreign.values()), TCP["name"], UDP["name"]])
    again = run(store, [UDP, TCP])
    assert (stats(again), result(again)["changed"]) == ((1, 1, 0), False)
    changed = run(store, [UDP, {**TCP, "localport": "50000-50019", "remoteip": ["10.0.0.0/8"]}])
    assert (stats(changed), result(changed)["commands"]) == (
        (2, 3, 1),
        [
            "change exemption Lync exempt media (TCP): localport from 49152-65535 to 50000-50019, remoteip from any "
            "to 10.0.0.0/8"
        ],
    )
    assert stats(run(store, [UDP, {**TCP, "localport": "50000-50019", "remoteip": ["10.0.0.0/8"]}])) == (1, 1, 0)
    assert stats(run(store, [], state="deleted")) == (2, 3, 2)
    assert ipsec_store.shown(store) == untouched


@pytest.mark.parametrize("engine", ENGINES)
def test_merged_keeps_what_is_ours_and_phases_split_what_closes(engine: str) -> None:
    old = {"{O1}": {"DisplayName": "Lync exempt old", "Group": "msuc.lync"}}
    store = host(engine, old)
    assert result(run(store, [UDP], state="merged"))["summary"]["added"] == 1
    assert names(store) == [UDP["name"], "Lync exempt old"]
    moved = {**UDP, "localip": ["2001:db8::11"]}
    opened = run(store, [moved], phase="open")
    assert result(opened)["pending"] is True
    # The old content stays beside the new one until the other phase.
    assert names(store) == [UDP["name"], UDP["name"], "Lync exempt old"]
    assert stats(run(store, [moved], phase="open")) == (1, 1, 0)
    closed = run(store, [moved], phase="close")
    assert (result(closed)["pending"], names(store)) == (False, [UDP["name"]])
    assert stats(run(store, [moved])) == (1, 1, 0)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "spoilt",
    [{"Enabled": "False"}, {"LocalAddress": ["Any"]}, {"Description": "by hand"}, {"Profile": ["Domain"]}],
    ids=str,
)
def test_what_is_changed_by_hand_is_named_and_mended(engine: str, spoilt: dict[str, Any]) -> None:
    # netsh cannot take a description away: the rule is made anew.
    store = host(engine)
    run(store, [UDP, TCP])
    (key,) = [key for key, text in ipsec_store.shown(store).items() if UDP["name"] in text]
    by_hand = {
        "DisplayName": UDP["name"],
        "Group": "msuc.lync",
        "Protocol": "UDP",
        "LocalAddress": ["10.1.0.11"],
        **spoilt,
    }
    ipsec_store.change(store, rules={**ipsec_store.shown(store), **ipsec_store.exempted({key: by_hand})})
    mended = run(store, [UDP, TCP])
    (change,) = result(mended)["changes"]
    assert (change["kind"], change["name"]) == ("change", UDP["name"])
    assert stats(run(store, [UDP, TCP])) == (1, 1, 0)


def test_two_of_our_own_with_one_name_become_one() -> None:
    for engine in ENGINES:
        twin = {"DisplayName": UDP["name"], "Group": "msuc.lync", "Protocol": "UDP", "LocalAddress": ["10.1.0.11"]}
        store = host(engine, {"{1}": twin, "{2}": twin})
        assert result(run(store, [UDP]))["summary"] == {
            "added": 0,
            "changed": 0,
            "disabled": 0,
            "removed": 1,
            "admission_changed": 0,
        }
        assert names(store) == [UDP["name"]]
        assert stats(run(store, [UDP])) == (1, 1, 0)


def test_what_netsh_made_is_ours_on_a_host_that_has_the_cmdlets_now() -> None:
    store = host("netsh")
    run(store, [UDP, TCP])
    ipsec_store.change(store, module=True)
    assert stats(run(store, [UDP, TCP])) == (1, 1, 0)


REFUSED: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    "an id under another owner": (
        "cim",
        {rule_id(UDP["name"], "msuc.lync"): {"DisplayName": "Theirs", "Group": "Contoso"}},
        {},
        f"the id {rule_id(UDP['name'], 'msuc.lync')} of exemption {UDP['name']} is that of rule Theirs, which is not "
        "ours",
    ),
    "a name that netsh cannot tell apart": (
        "netsh",
        {"{1}": {"DisplayName": UDP["name"]}, "{2}": {"DisplayName": UDP["name"], "Group": "Contoso"}},
        {},
        f"rule {UDP['name']} of another owner has the same name, and netsh tells rules apart by name only",
    ),
    "an engine that is not there": ("netsh", {}, {"engine": "cim"}, "the host cannot be written by cim: it has netsh"),
    "a Group Policy object without cmdlets": (
        "netsh",
        {},
        {"policy_store": "contoso.com\\Media"},
        "Group Policy objects need it",
    ),
    "a name that is not ours to netsh": ("netsh", {}, {"name_prefix": "Media "}, "a name must begin with 'Media '"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=list(REFUSED))
def test_what_a_host_cannot_have_is_refused_before_the_first_write(
    case: tuple[str, dict[str, Any], dict[str, Any], str],
) -> None:
    engine, rules, options, message = case
    store = host(engine, rules, stores={"contoso.com\\Media": {}})
    before = ipsec_store.shown(store)
    with pytest.raises(DeviceError) as raised:
        run(store, [UDP], **options)
    assert message in str(raised.value)
    assert ipsec_store.shown(store) == before


def test_netsh_that_reports_success_and_did_nothing_is_found_out() -> None:
    store = host("netsh", fault=Faults(netsh_lies=True))
    with pytest.raises(
        DeviceError,
        match=r"the changes were made, but the exemptions are not as wanted; what is left:\n  - add exemption Lync "
        r"exempt",
    ):
        run(store, [UDP])
    store.fault = Faults()
    assert stats(run(store, [UDP])) == (2, 3, 1)


@pytest.mark.parametrize("engine", ENGINES)
def test_access_denied_says_what_to_do(engine: str) -> None:
    store = host(engine, fault=Faults(access_denied=True))
    failed = provider(store, [UDP])
    with pytest.raises(DeviceError) as raised:
        reconcile(failed, check_mode=False)
    if engine == "cim":
        assert "fix: connect with an account that may change the firewall of the host" in str(raised.value)
    assert (ipsec_store.shown(store), result(failed)["changed"]) == ({}, False)


def test_an_error_between_two_writes_tells_how_far_it_came_and_the_next_run_goes_on() -> None:
    store = host(fault=Faults(com_error_at_write=2))
    failed = provider(store, [UDP, TCP])
    stopped = r"done: add Lync exempt media \(TCP\); not done: add Lync exempt media \(UDP\)\); run again"
    with pytest.raises(DeviceError, match=stopped):
        reconcile(failed, check_mode=False)
    assert (failed.writes, names(store)) == (1, [TCP["name"]])
    store.fault = Faults()
    assert stats(run(store, [UDP, TCP])) == (2, 3, 1)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_store_full_of_rules_of_others(engine: str) -> None:
    foreign = {
        f"{{{number}}}": {"DisplayName": f"Rule {number % 50}", "Protocol": "TCP", "LocalPort": [str(number + 1)]}
        for number in range(2000)
    }
    store = host(engine, foreign)
    assert stats(run(store, [UDP, TCP])) == (2, 3, 2)
    assert stats(run(store, [UDP, TCP])) == (1, 1, 0)
    assert {key: text for key, text in ipsec_store.shown(store).items() if key in foreign} == ipsec_store.exempted(
        foreign
    )


NEEDED: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "nothing protects": ({}, {}, False),
    "a local rule requests": (
        {"{R}": {"DisplayName": "Ask", "InboundSecurity": "Request", "OutboundSecurity": "Request"}},
        {},
        True,
    ),
    "a local rule requires": (ISOLATION, {}, True),
    "a disabled rule requires": ({"{R}": {**ISOLATION["{D1}"], "Enabled": "False"}}, {}, False),
    "Group Policy requires": ({}, {"policy_rules": ipsec_store.exempted(ISOLATION)}, True),
    "another exemption is there": (FOREIGN, {}, False),
}


@pytest.mark.parametrize("case", NEEDED.values(), ids=list(NEEDED))
def test_auto_makes_exemptions_where_something_protects(case: tuple[dict[str, Any], dict[str, Any], bool]) -> None:
    rules, parts, is_needed = case
    store = host("cim", rules, **parts)
    found = result(run(store, [UDP], needed="auto"))
    assert (found["changed"], found["not_needed"] == "") == (is_needed, is_needed)
    # "true" asks nobody.
    assert result(run(host("cim", rules, **parts), [UDP], needed="true"))["changed"] is True


def test_where_none_is_needed_what_is_there_stays_right_and_what_is_not_wanted_goes() -> None:
    old = {
        "{1}": {"DisplayName": UDP["name"], "Group": "msuc.lync"},
        "{2}": {"DisplayName": "Lync exempt old", "Group": "msuc.lync"},
    }
    store = host("cim", old)
    found = result(run(store, [UDP, TCP], needed="auto"))
    assert found["summary"] == {"added": 0, "changed": 1, "disabled": 0, "removed": 1, "admission_changed": 0}
    assert names(store) == [UDP["name"]]


def policy(store: MemoryStore, **values: int) -> None:
    store.change(group_policy={"rules": {}, "profiles": {"domain": values}})


def test_local_rules_that_group_policy_switches_off_are_useless_and_said_to_be() -> None:
    store = host("cim", policy_rules=ipsec_store.exempted(ISOLATION))
    policy(store, AllowLocalIPsecPolicyMerge=0)
    with pytest.raises(
        DeviceError,
        match="Group Policy switches local rules off on profile domain; fix: mark the host lync_apply: handout",
    ):
        run(store, [UDP], media=[FLOW])
    checked = provider(store, [UDP], media=[FLOW])
    reconcile(checked, check_mode=True)
    warnings: Any = result(checked)["warnings"]
    assert (
        "Group Policy switches local rules off on profile domain: what this module writes there does not count"
        in warnings
    )
    assert [effect["effect"].split(":")[0] for effect in result(checked)["effects"]] == ["newly exempt; ineffective"]
    assert result(checked)["report"]["uncovered"][0]["rule"] == "Domain isolation (Group Policy)"
    # The other switch is about firewall rules.
    policy(store, AllowLocalPolicyMerge=0)
    assert result(run(store, [UDP]))["changed"] is True


def test_the_report_names_what_stays_uncovered_wider_or_protected() -> None:
    store = host("cim", {**ISOLATION, "{W}": {"DisplayName": "Everything", "Protocol": "UDP"}}, exempt=8)
    peers = [{"name": "clients", "addresses": ["10.10.0.0/16"]}, {"name": "um01", "addresses": ["10.1.0.71"]}]
    covered = result(
        run(
            store,
            [UDP, {**TCP, "localport": "50000-50019"}],
            media=[FLOW, {**FLOW, "protocol": "tcp"}],
            mirror_peers=peers,
        )
    )
    report: Any = covered["report"]
    assert report["needed_by"] == ["Domain isolation"]
    assert [(each["rule"], each["protocol"], each["localport"]) for each in report["uncovered"]] == [
        ("Domain isolation", "tcp", ["49152-49999", "50020-65535"])
    ]
    assert report["wider"] == [{"name": "Everything", "than": "I5, I6"}]
    assert report["not_exempt"] == ["neighbour discovery", "ICMP"]
    assert report["mirrors"] == [{"name": name, "peers": ["clients", "um01"]} for name in (TCP["name"], UDP["name"])]
    assert "an exemption is not an allow" in report["reminder"].lower()
    assert [line.split(":")[0] for line in covered["warnings"]] == [
        "rule Domain isolation requires protection for media that no exemption covers",
        "exemption Everything spares more than I5, I6 ask for",
        "neighbour discovery, ICMP",
    ]


def test_a_rule_that_only_requests_leaves_nothing_uncovered() -> None:
    ask = {"{R}": {"DisplayName": "Ask", "InboundSecurity": "Request", "OutboundSecurity": "Request"}}
    report: Any = result(run(host("cim", ask), [], media=[FLOW]))["report"]
    assert (report["needed_by"], report["uncovered"]) == (["Ask"], [])


WINRM = {"name": "Lync exempt management", "protocol": "tcp", "localport": 5985, "remoteip": ["10.9.0.0/24"]}
WINRM_STORED = {
    "DisplayName": WINRM["name"],
    "Group": "msuc.lync",
    "Protocol": "TCP",
    "LocalPort": ["5985"],
    "RemoteAddress": ["10.9.0.0/24"],
}
LEFT = (
    "management: winrm (TCP 5985) on 10.1.0.11 would be left to Domain isolation, which requires protection, for {} "
    "on profile domain; exemptions that go: {}"
)
GUARD: dict[str, tuple[dict[str, Any], list[dict[str, Any]], str]] = {
    "the exemption goes": (ISOLATION, [], LEFT.format("10.9.0.5", WINRM["name"])),
    "it is narrowed": (ISOLATION, [{**WINRM, "remoteip": ["10.9.0.4"]}], LEFT.format("10.9.0.5", WINRM["name"])),
    "it stays for the peer": (ISOLATION, [{**WINRM, "remoteip": ["10.9.0.5"]}], ""),
    "another exemption holds": ({**ISOLATION, "{X}": {"DisplayName": "All", "RemoteAddress": ["10.9.0.0/16"]}}, [], ""),
    "nothing requires": ({}, [], ""),
    "the requiring rule is for others": ({"{D1}": {**ISOLATION["{D1}"], "RemoteAddress": ["10.20.0.0/16"]}}, [], ""),
}


@pytest.mark.parametrize("case", GUARD.values(), ids=list(GUARD))
def test_the_guard_keeps_the_exemption_of_the_connection_in_use(
    case: tuple[dict[str, Any], list[dict[str, Any]], str],
) -> None:
    rules, want, line = case
    store = host("cim", {**rules, "{W}": WINRM_STORED})
    store.change(listeners=["0.0.0.0 5985"], connections=["10.1.0.11 5985 10.9.0.5"])
    before = ipsec_store.shown(store)
    if line:
        with pytest.raises(DeviceError) as raised:
            run(store, want)
        assert str(raised.value).splitlines() == ["the changes are refused; nothing was written:", f"  - {line}"]
        assert ipsec_store.shown(store) == before
    else:
        assert result(run(store, want))["changed"] is True


def test_networks_of_management_are_guarded_too() -> None:
    store = host("cim", {**ISOLATION, "{W}": WINRM_STORED})
    store.change(listeners=["0.0.0.0 5985"], connections=[])
    assert result(run(store, []))["changed"] is True
    ipsec_store.change(store, rules=ipsec_store.exempted({**ISOLATION, "{W}": WINRM_STORED}))
    with pytest.raises(DeviceError, match="would be left to Domain isolation"):
        run(store, [], management_networks=["10.9.0.0/24"])


def test_a_group_policy_object_is_made_in_one_session() -> None:
    store = host("cim", stores={"contoso.com\\Media": ipsec_store.exempted({"{F}": {"DisplayName": "Theirs"}})})
    options = {"policy_store": "contoso.com\\Media"}
    made = run(store, [UDP, TCP], **options)
    assert result(made)["changed"] is True
    assert ipsec_store.shown(store) == {}
    stored = ipsec_store.part(store.read())["stores"]["contoso.com\\Media"]
    assert len(stored) == 3
    assert stats(run(store, [UDP, TCP], **options)) == (1, 1, 0)


@pytest.mark.parametrize(
    "options", [{"policy_store": "Media"}, {"policy_store": "contoso.com\\Media", "engine": "netsh"}], ids=str
)
def test_bad_stores_are_refused_before_contact(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="policy_store"):
        IpsecTask.from_options({"exemptions": [UDP], **options})


def test_strings_that_make_no_sense() -> None:
    store = host("cim", {})
    ipsec_store.change(store, rules={"{1}": "v2.10|Action=Nonsense|Name=Theirs|EmbedCtxt=Contoso|"})
    told = result(run(store, [UDP]))
    assert any("a connection security rule is not understood" in line for line in told["warnings"])
    ipsec_store.change(store, rules={"{1}": "v2.10|Action=Nonsense|Name=Ours|EmbedCtxt=msuc.lync|"})
    with pytest.raises(DeviceError, match="'Nonsense' is not one of its words"):
        run(store, [UDP])


def test_a_change_waits_to_be_confirmed_and_the_snapshot_is_told() -> None:
    store = host("cim")
    changed = provider(store, [UDP], confirm_minutes=5)
    for step in (changed.gather, changed.plan, changed.check, changed.apply, changed.verify):
        step()
    assert result(changed)["snapshot"]["armed"] is True
    changed.confirm()
    assert result(changed)["snapshot"]["armed"] is False


def test_a_legacy_policy_that_is_assigned_is_told_with_what_it_lacks() -> None:
    path = f"{ipsec_store.LEGACY}\\Policy\\Local\\"
    objects = {
        "ipsecPolicy{1}": {"ipsecName": "Server", "ipsecNFAReference": [f"{path}ipsecNFA{{2}}"]},
        "ipsecNFA{2}": {"ipsecName": "Default"},
    }
    store = host("cim", legacy={"active": f"{path}ipsecPolicy{{1}}", "objects": objects, "domain": ""})
    found = result(run(store, [UDP]))
    assert found["legacy"]["lacks"] == [UDP["name"]]
    assert f"does not permit what is exempt here: {UDP['name']}" in " ".join(found["warnings"])
    ipsec_store.change(store, legacy={"active": f"{path}ipsecPolicy{{9}}", "objects": objects, "domain": ""})
    assert "its filters could not be read" in " ".join(result(run(store, [UDP]))["warnings"])


UNREAD = {
    "v2.10|Action=SecureServer|Active=TRUE|Protocol=Any|Name=Theirs|": True,
    "v2.10|Action=Boundary|Protocol=Any|Name=Theirs|EmbedCtxt=Contoso": True,
    "v2.10|Protocol=Any|Name=Theirs|": True,
    "v2.10|Action=DoNotSecure|Protocol=Any|Name=Theirs|": False,
    "v2.10|Action=SecureServer|Active=FALSE|Protocol=Any|Name=Theirs|": False,
}


@pytest.mark.parametrize(("text", "is_needed"), UNREAD.items())
def test_a_rule_that_cannot_be_read_and_may_protect_never_counts_as_none(text: str, is_needed: bool) -> None:
    store = host("cim", {})
    ipsec_store.change(store, rules={"{1}": text})
    found = result(run(store, [UDP], needed="auto"))
    assert (found["changed"], found["not_needed"] == "") == (is_needed, is_needed)


def test_a_string_of_others_without_its_last_bar_stops_nothing() -> None:
    store = host("cim", {})
    ipsec_store.change(store, rules={"x": "v2.30|Action=SecureServer|Protocol=Any|Name=Theirs|RemoteIP=13.107.4.50"})
    assert result(run(store, [UDP]))["changed"]


def networks(count: int, text: str = "10.{0}.{1}.0/24") -> list[str]:
    return [text.format(number % 8, 2 * (number // 8)) for number in range(count)]


RANGES = [f"{10 * port}-{10 * port + 2}" for port in range(1000, 1900)]


@pytest.mark.parametrize("lists", [{"remoteip": networks(700)}, {"localport": RANGES}])
def test_what_a_line_of_netsh_cannot_hold_is_refused_by_name_before_anything_is_written(lists: dict[str, Any]) -> None:
    long = {**UDP, **lists}
    for check_mode in (True, False):
        store = host("netsh")
        with pytest.raises(DeviceError) as caught:
            reconcile(provider(store, [TCP, long]), check_mode=check_mode)
        (line,) = str(caught.value).splitlines()[1:]
        assert f"exemption {UDP['name']}, {next(iter(lists))}: its line of a script of netsh would have " in line
        assert "at most 8191 characters; fix: name fewer and larger ones" in line
        assert (names(store), store.counts()["writes"]) == ([], 0)
    assert stats(run(host("cim"), [TCP, long]))[2] > 1


def test_a_list_that_windows_needs_in_parts_is_written_where_each_part_fits() -> None:
    store = host("netsh")
    # Of 2,000 odd or even ports of four digits each, which is too long for one line and not for two.
    run(store, [{**UDP, "localport": [str(2 * port) for port in range(500, 2500)]}])
    assert names(store) == [f"{UDP['name']} ({number} of 2)" for number in (1, 2)]
