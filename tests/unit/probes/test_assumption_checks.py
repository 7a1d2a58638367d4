# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the assumptions of a plan stand by what a run read: confirmed, contradicted, and whatever tells too little."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler import assumptions as texts
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.deviations import Assumption, Class, Deviation, Standing
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.relied_on import (
    CLOSES_OF_FAILED,
    FORWARDS_THE_REST,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import (
    DnsRecord,
    FirewallRule,
    HostPlan,
    Plan,
    PoolPlan,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.assumption_checks import Balancers, stand
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.causes import Knowledge
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.host_io import Facts, read_facts
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.plan_view import Deployment, Expected, Kind, Probe
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.verdicts import Certificate, Judged, Verdict
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Status, Step, TaskResult

from .samples import SERVICE

YES, NO, PERHAPS = Standing.CONFIRMED, Standing.CONTRADICTED, Standing.UNKNOWN
POOL, INSIDE, OUTSIDE = "edge01.contoso.com", "10.2.0.21", "203.0.113.21"
SOON = datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)


def rule(name: str, localip: str, remoteip: Sequence[str]) -> FirewallRule:
    return FirewallRule(
        name=name,
        rows=("S42",),
        direction="in",
        protocol="tcp",
        localport=("443",),
        remoteport=("any",),
        localip=(localip,),
        remoteip=tuple(remoteip),
        description="",
    )


RULES = (
    rule("outside", OUTSIDE, ["any"]),
    rule("inside", INSIDE, ["10.1.0.0/24", "10.10.0.0/16", "203.0.113.5", INSIDE]),
)
EDGE = HostPlan("edge01", ("edge",), "2013", POOL, "windows", True, "active", (INSIDE, OUTSIDE), firewall_rules=RULES)
RECORDS = (
    DnsRecord(POOL, "A", (INSIDE,), "contoso.com", "internal"),
    DnsRecord("sip.contoso.com", "A", (OUTSIDE,), "contoso.com", "external"),
    DnsRecord("meet.contoso.com", "A", (OUTSIDE,), "contoso.com", "external"),
)
DEPLOYMENT = Deployment.of(Plan({"edge01": EDGE}, {POOL: PoolPlan(POOL, "edge", "dns", "2013", dns_records=RECORDS)}))
DEFAULT, TEN = ("0.0.0.0/0", "7", "203.0.113.1", 256), ("10.0.0.0/8", "3", "10.2.0.1", 1)
CARDS = {"3": [f"{INSIDE}/24", "fe80::1%3/64"], "7": [f"{OUTSIDE}/24"]}


def network(
    *routes: tuple[str, str, str, int], cards: Mapping[str, Sequence[str]] | None = None, **more: Any
) -> dict[str, Any]:
    """Return what a host tells."""
    told = [dict(zip(("to", "by", "via", "metric"), route, strict=True)) for route in routes]
    interfaces = [{"name": name, "addresses": list(addresses)} for name, addresses in (cards or CARDS).items()]
    return {"interfaces": interfaces, "routes": told, "lasting": None, "dns_servers": [], "problem": "", **more}


def seen(told: object = None, **more: Any) -> Facts:
    answer = {"answers": [], "listeners": ["tcp 0.0.0.0 5069"], "network": told}
    result = TaskResult.of_answer("edge01", Concern.PROBES, Step.VERIFY, answer, is_check=False)
    return replace(read_facts(result, None, []), **more)


def standing(
    text: str, facts: Facts | None, judged: Sequence[Judged] = (), place: str = "edge01"
) -> tuple[Standing, str]:
    known = Knowledge(DEPLOYMENT, {} if facts is None else {"edge01": facts})
    (found,) = stand([Assumption(place, text)], known, judged, Balancers())
    assert (found.place, found.text) == (place, text)
    return found.standing, found.why


ON_LINK, TWO_CARDS = ("10.1.0.0/24", "3", "0.0.0.0", 1), {"3": [f"{INSIDE}/24"], "7": [f"{INSIDE}/24", f"{OUTSIDE}/24"]}
ROUTES: dict[str, tuple[str, dict[str, Any], Standing, str]] = {
    "gateway outside": (texts.DEFAULT_GATEWAY, network(DEFAULT, TEN), YES, "0.0.0.0/0 by 7 to 203.0.113.1"),
    "gateway inside": (
        texts.DEFAULT_GATEWAY,
        network(("0.0.0.0/0", "3", "10.2.0.1", 1)),
        NO,
        "0.0.0.0/0 by 3 to 10.2.0.1",
    ),
    "two gateways": (
        texts.DEFAULT_GATEWAY,
        network(DEFAULT, ("0.0.0.0/0", "3", "10.2.0.1", 900)),
        NO,
        "0.0.0.0/0 by 3 to 10.2.0.1",
    ),
    "no gateway": (texts.DEFAULT_GATEWAY, network(TEN), NO, "no default route of IPv4"),
    "gateway by a card that is down": (
        texts.DEFAULT_GATEWAY,
        network(("0.0.0.0/0", "9", "10.2.0.1", 1)),
        NO,
        "no default route of IPv4",
    ),
    "one card": (
        texts.DEFAULT_GATEWAY,
        network(DEFAULT, cards={"7": [f"{INSIDE}/24", f"{OUTSIDE}/24"]}),
        PERHAPS,
        "the internal addresses are on the same",
    ),
    "no such card": (
        texts.DEFAULT_GATEWAY,
        network(DEFAULT, cards={"3": [f"{INSIDE}/24"]}),
        PERHAPS,
        "no network card that is up",
    ),
    "routes unread": (
        texts.DEFAULT_GATEWAY,
        network(problem="this Windows has no Get-NetRoute"),
        PERHAPS,
        "this Windows has no Get-NetRoute",
    ),
    "routes inside": (
        texts.INTERNAL_ROUTES,
        network(DEFAULT, TEN),
        YES,
        "10.1.0.0/24, 10.10.0.0/16: 10.0.0.0/8 by 3 to 10.2.0.1",
    ),
    "by the default": (
        texts.INTERNAL_ROUTES,
        network(DEFAULT, ON_LINK),
        NO,
        "10.10.0.0/16 goes by the route 0.0.0.0/0 by 7 to 203.0.113.1",
    ),
    "nowhere": (texts.INTERNAL_ROUTES, network(ON_LINK), NO, "10.10.0.0/16 goes nowhere"),
    "a part by the other card": (
        texts.INTERNAL_ROUTES,
        network(DEFAULT, TEN, ("10.10.128.0/17", "7", "203.0.113.1", 1)),
        NO,
        "10.10.128.0/17 goes by the route 10.10.128.0/17 by 7",
    ),
    "the lower metric": (
        texts.INTERNAL_ROUTES,
        network(TEN, ("10.0.0.0/8", "7", "203.0.113.1", 0)),
        NO,
        "10.1.0.0/24, 10.10.0.0/16 goes by the route 10.0.0.0/8 by 7",
    ),
    "lasting": (
        texts.LASTING_ROUTES,
        network(DEFAULT, TEN, ON_LINK, lasting=["10.0.0.0/8"]),
        YES,
        "persistent: 10.0.0.0/8",
    ),
    "gone with a restart": (
        texts.LASTING_ROUTES,
        network(DEFAULT, TEN, lasting=[]),
        NO,
        "not persistent: 10.0.0.0/8 by 3 to 10.2.0.1",
    ),
    "lasting untold": (
        texts.LASTING_ROUTES,
        network(DEFAULT, TEN),
        PERHAPS,
        "whether a route outlasts a restart is not told",
    ),
    "apart": (
        texts.SEPARATE_NETWORKS,
        network(DEFAULT, TEN),
        PERHAPS,
        "they are apart; what routes between them was not read",
    ),
    "on one card": (texts.SEPARATE_NETWORKS, network(cards=TWO_CARDS), NO, "one network card has both: 7"),
    "a mask that takes in the other": (
        texts.SEPARATE_NETWORKS,
        network(cards={**CARDS, "3": [f"{INSIDE}/0"]}),
        NO,
        "both are in 203.0.113.0/24",
    ),
}


@pytest.mark.parametrize(("text", "told", "expected", "why"), ROUTES.values(), ids=ROUTES)
def test_routes(text: str, told: dict[str, Any], expected: Standing, why: str) -> None:
    found = standing(text, seen(told))
    assert found[0] is expected and why in found[1], found


def met(verdict: Verdict, address: str, *names: str, kind: Kind = Kind.TLS, **more: Any) -> Judged:
    shown = Certificate("CN=x", tuple(sorted(names)), SOON) if names else None
    probe = Probe(
        "fe01",
        "edge01",
        443,
        "tcp",
        address,
        "10.1.0.11",
        kind,
        Expected.OPEN,
        names=("edge01", POOL, "sip.contoso.com"),
        **more,
    )
    return Judged(probe, verdict, detail=f"{verdict.value} there", certificate=shown)


def said(verdict: Verdict, server: str, name: str = POOL) -> Judged:
    item = met(verdict, server, kind=Kind.DNS, question=(name, "A"))
    return replace(item, probe=replace(item.probe, destination=server))


RIGHT = met(Verdict.OPEN, OUTSIDE, "sip.contoso.com", "meet.contoso.com")
ASKED = seen(network(dns_servers=["10.1.0.93"]))
PROBED: dict[str, tuple[str, Facts, list[Judged], Standing, str]] = {
    "DNS answers": (
        texts.DNS_SERVERS,
        ASKED,
        [said(Verdict.OPEN, "10.1.0.93")],
        YES,
        "10.1.0.93 answered for 1 names as planned",
    ),
    "DNS is stale": (
        texts.DNS_SERVERS,
        ASKED,
        [said(Verdict.OPEN, "10.1.0.93"), said(Verdict.WRONG_ANSWER, "10.1.0.93")],
        NO,
        "wrong answer there",
    ),
    "DNS is silent": (
        texts.DNS_SERVERS,
        ASKED,
        [said(Verdict.FILTERED, "10.1.0.93")],
        PERHAPS,
        "10.1.0.93: not asked in this run",
    ),
    "another DNS server": (
        texts.DNS_SERVERS,
        ASKED,
        [said(Verdict.OPEN, "10.1.0.94")],
        PERHAPS,
        "10.1.0.93: not asked in this run",
    ),
    "only external names": (
        texts.DNS_SERVERS,
        ASKED,
        [said(Verdict.OPEN, "10.1.0.93", "sip.contoso.com")],
        PERHAPS,
        "10.1.0.93: not asked",
    ),
    "no DNS server": (texts.DNS_SERVERS, seen(network()), [], PERHAPS, "the host told none"),
    "inside right": (
        texts.INTERNAL_CERTIFICATE,
        seen(),
        [met(Verdict.OPEN, INSIDE, POOL), met(Verdict.WRONG_HOST, OUTSIDE, "x")],
        YES,
        f"shown at {INSIDE} 443",
    ),
    "inside wrong": (
        texts.INTERNAL_CERTIFICATE,
        seen(),
        [met(Verdict.WRONG_HOST, INSIDE, "x")],
        NO,
        f"{INSIDE} 443: wrong host there",
    ),
    "one without": (
        texts.INTERNAL_CERTIFICATE,
        seen(),
        [met(Verdict.OPEN, INSIDE, POOL), met(Verdict.OPEN, INSIDE)],
        PERHAPS,
        "no certificate was shown at",
    ),
    "nobody got through": (
        texts.EXTERNAL_CERTIFICATE,
        seen(),
        [met(Verdict.FILTERED, OUTSIDE)],
        PERHAPS,
        "nobody asked for one",
    ),
    "outside right": (texts.EXTERNAL_CERTIFICATE, seen(), [RIGHT], YES, f"shown at {OUTSIDE} 443"),
    "web names": (texts.WEB_CERTIFICATE, seen(), [RIGHT], YES, "for meet.contoso.com, sip.contoso.com"),
    "a web name is missing": (
        texts.WEB_CERTIFICATE,
        seen(),
        [met(Verdict.OPEN, OUTSIDE, "sip.contoso.com")],
        PERHAPS,
        "does not name meet.contoso.com",
    ),
    "no block": (texts.NO_BLOCKS, seen(), [], YES, "every planned rule is in force"),
    "blocked": (
        texts.NO_BLOCKS,
        seen(deviations=(Deviation("edge01", Concern.FIREWALL, Class.INEFFECTIVE, "R", "CS Block blocks it"),)),
        [],
        NO,
        "CS Block blocks it",
    ),
    "rules unread": (texts.NO_BLOCKS, seen(is_compared=False), [], PERHAPS, "the rules were not compared"),
    "tables": (texts.NO_OTHER_TABLE, seen(), [], PERHAPS, "single rules that drop were not read"),
}


@pytest.mark.parametrize(("text", "facts", "judged", "expected", "why"), PROBED.values(), ids=PROBED)
def test_what_probes_and_the_comparison_tell(
    text: str, facts: Facts, judged: list[Judged], expected: Standing, why: str
) -> None:
    found = standing(text, facts, judged)
    assert found[0] is expected and why in found[1], found


def test_pools() -> None:
    gateway, port = texts.ACCESS_GATEWAY.format("203.0.113.1"), texts.MONITORING_PORT.format(5069)
    assert standing(gateway, seen(network(DEFAULT)), place=POOL) == (YES, "of edge01")
    assert standing(gateway, seen(network(TEN)), place=POOL) == (NO, "edge01 has no default route")
    assert standing(gateway, seen(), place=POOL) == (PERHAPS, "edge01 did not tell")
    assert standing(port, seen(), place=POOL) == (YES, "listened on by edge01")
    assert standing(port.replace("5069", "5070"), seen(), place=POOL) == (NO, "nothing listens on TCP 5070 of edge01")


def test_who_was_not_asked_confirms_nothing() -> None:
    assert standing(texts.DEFAULT_GATEWAY, None) == (PERHAPS, "not in this run: edge01")
    assert standing(texts.DEFAULT_GATEWAY, seen(problem="no route to host")) == (
        PERHAPS,
        "edge01 could not be asked: no route to host",
    )
    assert standing(texts.ACCESS_GATEWAY.format("203.0.113.1"), None, place=POOL) == (
        PERHAPS,
        "not in this run: edge01",
    )
    assert standing("Nobody reads this.", seen()) == (PERHAPS, "verify.yml cannot read it")


def test_what_only_verify_can_confirm() -> None:
    confirmed = {
        texts.ACCESS_GATEWAY.format("203.0.113.1 or 2001:db8::1"),
        texts.MONITORING_PORT.format(5069),
        texts.INTERNAL_CERTIFICATE,
    }
    others = {
        texts.NO_BLOCKS,
        texts.SEPARATE_NETWORKS,
        texts.MONITORING_PORT.format(""),
        "Who connects trusts the certificates of both interfaces.",
    }
    assert {text for text in confirmed | others if texts.is_read_by_verify(text)} == confirmed


def balancer_said(standing: str | None, text: str = CLOSES_OF_FAILED) -> TaskResult:
    said = {"assumptions": [{"text": text, "standing": standing, "why": f"it is {standing}"}]} if standing else {}
    return TaskResult.of_answer("lb", Concern.LOAD_BALANCER, Step.VERIFY, said, is_check=False)


SERVED = [replace(SERVICE, pool=POOL, balancers=("lb01", "lb02", "elsewhere"))]
CLOSED, OPEN, SILENT = balancer_said("confirmed"), balancer_said("contradicted"), balancer_said(None)
FAILED = TaskResult("lb01", Concern.LOAD_BALANCER, Step.VERIFY, Status.FAILED, "no route to it")


@pytest.mark.parametrize(
    ("results", "expected", "why"),
    [
        ({"lb01": CLOSED, "lb02": CLOSED}, YES, "lb01: it is confirmed, lb02: it is confirmed"),
        ({"lb01": CLOSED, "lb02": OPEN}, NO, "lb02: it is contradicted"),
        ({"lb01": FAILED, "lb02": OPEN}, NO, "lb02: it is contradicted"),
        ({"lb01": FAILED, "lb02": CLOSED}, PERHAPS, "lb01: could not be asked: no route to it"),
        ({"lb01": CLOSED, "lb02": None}, PERHAPS, "lb02: not in this run"),
        ({"lb01": SILENT}, PERHAPS, "lb01: it does not tell"),
        ({"lb03": CLOSED}, PERHAPS, "no load balancer of it is managed here"),
    ],
)
def test_what_appliances_say_of_their_pools(
    results: dict[str, TaskResult | None], expected: Standing, why: str
) -> None:
    known = Knowledge(DEPLOYMENT, {})
    (found,) = stand([Assumption(POOL, CLOSES_OF_FAILED)], known, (), Balancers(results, SERVED))
    assert (found.standing, found.why) == (expected, why) and texts.is_read_by_verify(CLOSES_OF_FAILED)


def test_only_balancers_that_leave_clients_as_they_are_have_to_forward_the_rest() -> None:
    answers: dict[str, TaskResult | None] = {
        name: balancer_said(standing, FORWARDS_THE_REST)
        for name, standing in (("inside", "contradicted"), ("outside", "confirmed"))
    }
    services = [
        replace(SERVICE, pool=POOL, balancers=(name,), source_nat=name == "inside") for name in ("inside", "outside")
    ]
    relied_on = [Assumption(POOL, FORWARDS_THE_REST)]
    (found,) = stand(relied_on, Knowledge(DEPLOYMENT, {}), (), Balancers(answers, services))
    assert (found.standing, found.why) == (YES, "outside: it is confirmed")
