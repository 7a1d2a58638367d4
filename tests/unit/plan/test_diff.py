# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The difference of two plans: its lines and the devices that it touches."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import Cause
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Member, MemberState
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.diff import Difference, difference
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import (
    DnsRecord,
    FirewallRule,
    HostPlan,
    Inputs,
    IpsecExemption,
    Plan,
    PoolPlan,
    VirtualService,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.model import Publication, TlsMode

SIP = FirewallRule("Lync sip (TCP in)", ("S2",), "in", "tcp", ("5061",), ("any",), ("any",), ("10.1.0.0/16",), "SIP")
MEDIA = FirewallRule(
    "Lync media (UDP in)", ("S8",), "in", "udp", ("57501-65535",), ("any",), ("any",), ("10.1.0.0/16",), "media"
)
OUT = FirewallRule(
    "Lync gateway (TCP out)", ("S22",), "out", "tcp", ("any",), ("5066",), ("any",), ("10.8.0.1",), "gateway"
)
RELAY = FirewallRule(
    "Lync relay (UDP out)", ("S47",), "out", "udp", ("50000-59999",), ("any",), ("203.0.113.41",), ("any",), "relay"
)
EXEMPTION = IpsecExemption(
    "Lync exempt x (UDP)", ("I5",), "udp", ("10.1.0.11",), ("any",), ("any",), ("any",), "media"
)
HOST = HostPlan(
    "fe01",
    ("frontend",),
    "2010",
    "pool01",
    "windows",
    True,
    "active",
    ("10.1.0.11",),
    (SIP, MEDIA, OUT, RELAY),
    (EXEMPTION,),
)
SERVICE = VirtualService(
    "pool01-sip-5061", "pool01", ("S2",), "10.1.0.100", 5061, "tcp", 5061, ("10.1.0.11",), {"type": "none"}, 1800,
    {"type": "tcp", "port": 5061}, True, True,
    ("lb01",),
)  # fmt: skip
WEB = replace(SERVICE, name="pool01-web-443", port=443, balancers=("lb02",))
RECORD = DnsRecord("pool01.contoso.com", "A", ("10.1.0.100",), "contoso.com", "internal")
POOL = PoolPlan("pool01", "frontend", "hlb", "2010", (SERVICE, WEB), (RECORD,))


def plan_of(*items: HostPlan | PoolPlan) -> Plan:
    hosts = {item.host: item for item in items if isinstance(item, HostPlan)}
    pools = {item.pool: item for item in items if isinstance(item, PoolPlan)}
    return Plan(hosts, pools)


def with_rules(*rules: FirewallRule) -> HostPlan:
    return replace(HOST, firewall_rules=rules)


FLOWS: dict[str, tuple[HostPlan, tuple[str, ...]]] = {
    "a network more": (
        with_rules(replace(SIP, remoteip=("10.1.0.0/16", "10.3.0.0/16")), MEDIA, OUT, RELAY),
        ("fe01: 10.3.0.0/16 newly admitted to TCP 5061",),
    ),
    "a network less": (
        with_rules(replace(SIP, remoteip=("10.1.0.0/17",)), MEDIA, OUT, RELAY),
        ("fe01: 10.1.128.0/17 no longer admitted to TCP 5061",),
    ),
    "another network": (
        with_rules(replace(SIP, remoteip=("10.4.0.7",)), MEDIA, OUT, RELAY),
        ("fe01: 10.4.0.7 newly admitted to TCP 5061", "fe01: 10.1.0.0/16 no longer admitted to TCP 5061"),
    ),
    "a rule more": (
        with_rules(SIP, MEDIA, OUT, RELAY, replace(SIP, name="other", localport=("443", "4443"))),
        ("fe01: 10.1.0.0/16 newly admitted to TCP 443, 4443",),
    ),
    "a rule for one service more": (
        with_rules(
            SIP, MEDIA, OUT, RELAY, replace(SIP, name="time", localport=("123",), service="W32Time", protocol="udp")
        ),
        ("fe01: 10.1.0.0/16 newly admitted to UDP 123 of service W32Time",),
    ),
    "a rule of one type of message more": (
        with_rules(
            SIP,
            MEDIA,
            OUT,
            RELAY,
            replace(SIP, name="ping", localport=("any",), protocol="icmpv4", icmp_type_code=("8:0", "8:1")),
        ),
        ("fe01: 10.1.0.0/16 newly admitted to ICMPV4 any of icmp_type_code 8:0, 8:1",),
    ),
    "a block more": (
        with_rules(SIP, MEDIA, OUT, RELAY, replace(SIP, name="worm", action="block")),
        ("fe01: blocking rule worm added",),
    ),
    "a port more": (
        with_rules(SIP, replace(MEDIA, localport=("57400-65535",)), OUT, RELAY),
        ("fe01: 10.1.0.0/16 newly admitted to UDP 57400-57500",),
    ),
    "an outbound peer more": (
        with_rules(SIP, MEDIA, replace(OUT, remoteip=("10.8.0.1", "10.8.0.9")), RELAY),
        ("fe01: outbound TCP 5066 to 10.8.0.9 newly admitted",),
    ),
    "an outbound range of the host less": (
        with_rules(SIP, MEDIA, OUT),
        ("fe01: outbound UDP any to any from port 50000-59999 on 203.0.113.41 no longer admitted",),
    ),
    "bound to an address": (
        with_rules(replace(SIP, localip=("10.1.0.11",)), MEDIA, OUT, RELAY),
        (
            "fe01: 10.1.0.0/16 no longer admitted to TCP 5061 on 0.0.0.0/5, 8.0.0.0/7, 10.0.0.0/16, 10.1.0.0/29, "
            "10.1.0.8/31, 10.1.0.10, 10.1.0.12/30, "
            "10.1.0.16/28, 10.1.0.32/27, 10.1.0.64/26, 10.1.0.128/25, 10.1.1.0/24, 10.1.2.0/23, 10.1.4.0/22, "
            "10.1.8.0/21, 10.1.16.0/20, 10.1.32.0/19, "
            "10.1.64.0/18, 10.1.128.0/17, 10.2.0.0/15, 10.4.0.0/14, 10.8.0.0/13, 10.16.0.0/12, 10.32.0.0/11, "
            "10.64.0.0/10, 10.128.0.0/9, 11.0.0.0/8, "
            "12.0.0.0/6, 16.0.0.0/4, 32.0.0.0/3, 64.0.0.0/2, 128.0.0.0/1, ::/0",
        ),
    ),
    "a peer's port": (
        with_rules(replace(SIP, remoteport=("1024-65535",)), MEDIA, OUT, RELAY),
        ("fe01: 10.1.0.0/16 no longer admitted to TCP 5061 from port 1-1023",),
    ),
    "bound to a program": (
        with_rules(replace(SIP, program="C:\\x.exe"), MEDIA, OUT, RELAY),
        ("fe01: 10.1.0.0/16 no longer admitted to TCP 5061",),
    ),
    "a program's rule more": (
        with_rules(SIP, MEDIA, OUT, RELAY, replace(SIP, name="p", localport=("9000",), program="C:\\x.exe")),
        ("fe01: 10.1.0.0/16 newly admitted to TCP 9000 of C:\\x.exe",),
    ),
    "a rule turned off": (
        with_rules(replace(SIP, enabled=False), MEDIA, OUT, RELAY),
        ("fe01: 10.1.0.0/16 no longer admitted to TCP 5061",),
    ),
    "a rule split in two": (
        with_rules(
            replace(SIP, remoteip=("10.1.0.0/17",)),
            replace(SIP, name="rest", remoteip=("10.1.128.0/17",)),
            MEDIA,
            OUT,
            RELAY,
        ),
        ("fe01: firewall rules change, what they admit does not",),
    ),
    "another name": (
        with_rules(replace(SIP, name="new"), MEDIA, OUT, RELAY),
        ("fe01: firewall rules change, what they admit does not",),
    ),
    "a rule within another": (
        with_rules(SIP, MEDIA, OUT, RELAY, replace(SIP, name="twice", remoteip=("10.1.5.0/24",))),
        ("fe01: firewall rules change, what they admit does not",),
    ),
    "two rules that gain the same": (
        with_rules(
            SIP,
            MEDIA,
            OUT,
            RELAY,
            replace(SIP, name="a", remoteip=("10.3.0.0/16",)),
            replace(SIP, name="b", remoteip=("10.3.0.0/16",)),
        ),
        ("fe01: 10.3.0.0/16 newly admitted to TCP 5061",),
    ),
    "two rules that gain in part the same": (
        with_rules(
            SIP,
            MEDIA,
            OUT,
            RELAY,
            replace(SIP, name="a", remoteip=("10.3.0.0/16",)),
            replace(SIP, name="b", remoteip=("10.3.0.0/17", "10.5.0.0/16")),
        ),
        ("fe01: 10.3.0.0/16 newly admitted to TCP 5061", "fe01: 10.5.0.0/16 newly admitted to TCP 5061"),
    ),
}


@pytest.mark.parametrize("case", FLOWS)
def test_flows(case: str) -> None:
    after, lines = FLOWS[case]
    assert difference(plan_of(HOST, POOL), plan_of(after, POOL)) == Difference(lines, ("fe01",))


def test_equal_plans_differ_in_nothing() -> None:
    assert difference(plan_of(HOST, POOL), plan_of(HOST, POOL)) == Difference((), ())


def test_words_that_no_device_holds_are_no_difference() -> None:
    assert difference(plan_of(HOST), plan_of(replace(HOST, assumptions=("x",), roles=("y",)))) == Difference((), ())


def test_a_host_that_comes_or_goes() -> None:
    lines = difference(Plan(), plan_of(with_rules(SIP), POOL)).lines
    assert lines[0] == "fe01: 10.1.0.0/16 newly admitted to TCP 5061"
    gone = difference(plan_of(with_rules(SIP)), Plan())
    assert gone == Difference(
        ("fe01: 10.1.0.0/16 no longer admitted to TCP 5061", "fe01: IPsec exemption Lync exempt x (UDP) removed"),
        ("fe01",),
    )


def test_exemptions() -> None:
    changed = replace(EXEMPTION, remoteip=("10.0.0.0/8",))
    found = difference(
        plan_of(HOST), plan_of(replace(HOST, ipsec_exemptions=(changed, replace(EXEMPTION, name="new"))))
    )
    assert found == Difference(
        (
            "fe01: IPsec exemption Lync exempt x (UDP) changed: remoteip ['any'] -> ['10.0.0.0/8']",
            "fe01: IPsec exemption new added",
        ),
        ("fe01",),
    )


def test_services_touch_their_balancers_and_no_other() -> None:
    moved = replace(WEB, members=("10.1.0.11", "10.1.0.12"))
    found = difference(plan_of(HOST, POOL), plan_of(HOST, replace(POOL, virtual_services=(SERVICE, moved))))
    assert found == Difference(
        ("pool01: virtual service pool01-web-443 changed: members ['10.1.0.11'] -> ['10.1.0.11', '10.1.0.12']",),
        ("lb02",),
    )


MEET = Publication(
    "pool01.contoso.com", ("meet.contoso.com", "webext01.contoso.com"), ("203.0.113.31",), (Member("10.1.0.11"),)
)
PROXY = replace(with_rules(SIP), host="rp01", ipsec_exemptions=(), publications=(MEET,))
PUBLICATIONS: dict[str, tuple[Publication, tuple[str, ...]]] = {
    "a member more": (
        replace(MEET, members=(Member("10.1.0.11"), Member("10.1.0.12"))),
        (
            "rp01: meet.contoso.com, webext01.contoso.com on 203.0.113.31 newly published, TCP 443 to 10.1.0.12 port "
            "4443",
            "rp01: meet.contoso.com, webext01.contoso.com on 203.0.113.31 newly published, TCP 80 to 10.1.0.12 port "
            "8080",
        ),
    ),
    "a name less": (
        replace(MEET, host_names=("webext01.contoso.com",)),
        (
            "rp01: meet.contoso.com on 203.0.113.31 no longer published, TCP 443 to 10.1.0.11 port 4443",
            "rp01: meet.contoso.com on 203.0.113.31 no longer published, TCP 80 to 10.1.0.11 port 8080",
        ),
    ),
    "a bridge": (
        replace(MEET, mode=TlsMode.BRIDGE, certificate="/x.pem", ca="/ca.pem"),
        (
            "rp01: publication pool01.contoso.com changed: mode passthrough -> bridge, certificate none -> /x.pem, "
            "ca none -> /ca.pem "
            "(changes the certificate clients see)",
        ),
    ),
    "a member in reserve": (
        replace(MEET, members=(Member("10.1.0.11"), Member("10.1.0.12", MemberState.DISABLED))),
        (
            "rp01: publication pool01.contoso.com changed: members 10.1.0.11 active -> 10.1.0.11 active, 10.1.0.12 "
            "disabled",
        ),
    ),
}


@pytest.mark.parametrize("case", PUBLICATIONS)
def test_a_publication_that_changes_names_its_reverse_proxy_and_flows(case: str) -> None:
    after, lines = PUBLICATIONS[case]
    assert difference(plan_of(PROXY), plan_of(replace(PROXY, publications=(after,)))) == Difference(lines, ("rp01",))


def test_a_publication_that_comes_or_goes() -> None:
    bare = replace(PROXY, publications=())
    for before, after, verdict in ((bare, PROXY, "newly"), (PROXY, bare, "no longer")):
        found = difference(plan_of(before), plan_of(after))
        assert (
            found.devices == ("rp01",)
            and all(f" {verdict} published, TCP " in line for line in found.lines)
            and len(found.lines) == 2
        )


def test_a_service_that_moves_touches_both_balancers() -> None:
    moved = replace(WEB, balancers=("lb03",))
    assert difference(plan_of(POOL), plan_of(replace(POOL, virtual_services=(SERVICE, moved)))).devices == (
        "lb02",
        "lb03",
    )
    assert difference(plan_of(POOL), Plan()).devices == ("lb01", "lb02")


def test_records_are_told_by_name_type_and_view() -> None:
    outside = replace(RECORD, view="external", values=("203.0.113.1",))
    found = difference(plan_of(POOL), plan_of(replace(POOL, dns_records=(replace(RECORD, ttl=60), outside))))
    assert found == Difference(
        (
            "pool01: DNS record pool01.contoso.com A external added",
            "pool01: DNS record pool01.contoso.com A internal changed: ttl 300 -> 60",
        ),
        (),
    )


def test_lines_are_sorted_by_device() -> None:
    hosts = [replace(with_rules(SIP), host=name, ipsec_exemptions=()) for name in ("fe02", "fe01", "edge")]
    assert [line.partition(":")[0] for line in difference(Plan(), plan_of(*hosts)).lines] == ["edge", "fe01", "fe02"]


OLD, NEW = Inputs("0.1.0", "a1", "i1"), Inputs("0.2.0", "a2", "i1")
# Inputs of two plans that differ, whether the catalogue is the only cause, and whether it is one of two.
CAUSES = {
    "another catalogue": (OLD, NEW, True, False),
    "another version of the collection": (OLD, replace(OLD, collection="0.1.1"), True, False),
    "another inventory": (OLD, replace(OLD, inventory="i2"), False, False),
    "both": (OLD, replace(NEW, inventory="i2"), False, True),
    "a plan that does not tell": (Inputs("0.1.0"), Inputs("0.2.0"), False, False),
    "nothing": (OLD, OLD, False, False),
}


@pytest.mark.parametrize("case", CAUSES)
def test_another_version_of_the_catalogue_is_told_apart(case: str) -> None:
    old, new, is_only, is_mixed = CAUSES[case]
    wider = replace(HOST, firewall_rules=(replace(SIP, remoteip=("any",)), MEDIA, OUT), ipsec_exemptions=())
    services = replace(POOL, virtual_services=(SERVICE,), dns_records=(replace(RECORD, values=("10.1.0.9",)),))
    found = difference(replace(plan_of(HOST, POOL), inputs=old), replace(plan_of(wider, services), inputs=new))
    assert found.lines
    assert (found.cause is Cause.CATALOGUE, found.is_mixed) == (is_only, is_mixed)
    differing = {"fe01": {SIP.name, RELAY.name, EXEMPTION.name}, "lb02": {WEB.name}, "DNS": {RECORD.name}}
    assert found.objects == (differing if is_only else {})
