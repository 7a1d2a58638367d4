# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an answer comes to, and what is most likely behind it: tables of answers, and of what a run knows besides."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.deviations import deviations_of
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import (
    FirewallRule,
    HostPlan,
    Plan,
    PoolPlan,
    VirtualService,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.host_io import BANNER, Facts, payload, read_facts
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.model import Expected, Kind, Matrix, NotProbed, Probe
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.plan_view import Deployment
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.verdicts import Verdict, judge
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.verification import Settings, Verification
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import worst_verdict
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from tests.simulators.probe_servers import certificate, dns_answer, stun_answer

NOW = datetime.datetime.now(datetime.timezone.utc)
SCHEMA = json.loads(
    (Path(__file__).resolve().parents[3] / "plugins/plugin_utils/_probes/data/lync_verify.schema.json").read_text(
        encoding="utf-8"
    )
)
RULE = "Lync fe-sip-tls (TCP in)"
TCP = Probe("edge01", "fe01", 5061, "tcp", "10.1.0.11", "10.2.0.21", Kind.TCP, Expected.OPEN, rule=RULE, rows=("S2",))
TLS = replace(TCP, kind=Kind.TLS, names=("fe01", "pool01.contoso.com"))
STUN = replace(TCP, kind=Kind.STUN, port=3478, transport="udp")
RPC = replace(TCP, kind=Kind.RPC, port=135)
CLOSED = replace(TCP, expected=Expected.CLOSED, rule="", port=444)
VIP = replace(TCP, destination="pool01.contoso.com", address="10.1.0.100", service="sip")
ASKED = replace(VIP, port=5071, service="response")
AT_SERVER = replace(STUN, kind=Kind.DNS, port=53, destination="10.1.0.93", address="10.1.0.93", rule="")
DNS = replace(AT_SERVER, question=("pool01.contoso.com", "A"), answers=("10.1.0.100",))


def answer(state: str = "open", said: bytes | None = None, **more: object) -> dict[str, object]:
    return {
        "id": "0",
        "state": state,
        "milliseconds": 3,
        "message": "",
        **({} if said is None else {"answer": base64.b64encode(said).decode()}),
        **more,
    }


def shown(*names: str, days: float = 365) -> dict[str, object]:
    der = load_pem_x509_certificate(certificate(names, days)).public_bytes(Encoding.DER)
    return answer(certificate=base64.b64encode(der).decode())


def said_dns(*values: str) -> dict[str, object]:
    return answer(said=dns_answer(payload(DNS), {DNS.question: values}))  # type: ignore[dict-item]


ANSWERS: dict[str, tuple[Probe, dict[str, object] | None, Verdict, str]] = {
    "open": (TCP, answer(), Verdict.OPEN, ""),
    "dropped": (TCP, answer("timed_out"), Verdict.FILTERED, ""),
    "refused": (TCP, answer("refused"), Verdict.REFUSED, ""),
    "no route": (TCP, answer("unreachable", message="No route to host"), Verdict.FILTERED, "No route to host"),
    "no such source": (
        TCP,
        answer("failed", message="nothing can come from 10.2.0.21"),
        Verdict.UNKNOWN,
        "nothing can come from 10.2.0.21",
    ),
    "no time left": (TCP, answer("skipped"), Verdict.UNKNOWN, ""),
    "nothing said": (TCP, None, Verdict.UNKNOWN, "the host gave no answer to it"),
    "closed": (CLOSED, answer("timed_out"), Verdict.CLOSED, ""),
    "closed by refusal": (CLOSED, answer("refused"), Verdict.CLOSED, ""),
    "open although": (CLOSED, answer(), Verdict.UNEXPECTED, ""),
    "right certificate": (TLS, shown("other.contoso.com", "pool01.contoso.com"), Verdict.OPEN, ""),
    "name of the host in its domain": (TLS, shown("FE01.contoso.com"), Verdict.OPEN, ""),
    "wildcard": (TLS, shown("*.contoso.com"), Verdict.OPEN, ""),
    "wrong host": (
        TLS,
        shown("fe99.contoso.com"),
        Verdict.WRONG_HOST,
        "the certificate is for fe99.contoso.com, should be for fe01 or pool01.contoso.com",
    ),
    "wildcard of another domain": (
        TLS,
        shown("*.fabrikam.com"),
        Verdict.WRONG_HOST,
        "the certificate is for *.fabrikam.com, should be for fe01 or pool01.contoso.com",
    ),
    "any name where none is known": (replace(TLS, names=()), shown("fe99.contoso.com"), Verdict.OPEN, ""),
    "expired": (
        TLS,
        shown("pool01.contoso.com", days=-1),
        Verdict.EXPIRED,
        f"the certificate ends on {NOW - datetime.timedelta(days=1):%Y-%m-%d}",
    ),
    "expiring": (
        TLS,
        shown("pool01.contoso.com", days=29),
        Verdict.EXPIRING,
        f"the certificate ends on {NOW + datetime.timedelta(days=29):%Y-%m-%d}",
    ),
    "TLS without a word": (TLS, answer(silent=True), Verdict.OPEN, "no certificate was shown"),
    "nobody behind the balancer": (
        replace(VIP, kind=Kind.TLS),
        answer(silent=True),
        Verdict.FILTERED,
        "the connection was taken, and nothing came from behind the balancer",
    ),
    "no TLS": (TLS, answer(message="no certificate: EOF"), Verdict.OPEN, "no certificate: EOF"),
    "damaged certificate": (TLS, answer(certificate="AAAA"), Verdict.OPEN, "no certificate was shown"),
    "STUN": (STUN, answer(said=stun_answer(payload(STUN))), Verdict.OPEN, ""),
    "STUN for somebody else": (
        STUN,
        answer(said=b"\x01\x01" + bytes(18)),
        Verdict.WRONG_ANSWER,
        "the answer is none to a STUN binding request",
    ),
    "endpoint mapper": (RPC, answer(said=b"\x05\x00\x0c\x03"), Verdict.OPEN, ""),
    "silent endpoint mapper": (RPC, answer(), Verdict.OPEN, "the endpoint mapper said nothing"),
    "temporary listener": (TLS, answer(said=BANNER), Verdict.OPEN, "a temporary listener answered"),
    "temporary listener of UDP": (STUN, answer(said=payload(STUN)), Verdict.OPEN, "a temporary listener answered"),
    "balancer without members": (
        VIP,
        answer(closed=True),
        Verdict.REFUSED,
        "the connection was taken and ended at once",
    ),
    "server that ends at once": (TCP, answer(closed=True), Verdict.OPEN, ""),
    "DNS": (DNS, said_dns("10.1.0.100"), Verdict.OPEN, ""),
    "stale record": (
        DNS,
        said_dns("10.1.0.99"),
        Verdict.WRONG_ANSWER,
        "pool01.contoso.com A is 10.1.0.99, should be 10.1.0.100",
    ),
    "missing record": (DNS, said_dns(), Verdict.WRONG_ANSWER, "pool01.contoso.com A is nothing, should be 10.1.0.100"),
    "no DNS": (
        DNS,
        answer(said=b"hello"),
        Verdict.WRONG_ANSWER,
        "pool01.contoso.com A: the answer makes no sense: ShortHeader",
    ),
}


@pytest.mark.parametrize(("probe", "given", "verdict", "detail"), ANSWERS.values(), ids=ANSWERS)
def test_verdict(probe: Probe, given: dict[str, object] | None, verdict: Verdict, detail: str) -> None:
    judged = judge(probe, given, NOW)
    assert (judged.verdict, judged.detail) == (verdict, detail)


def changed(kind: str, name: str = RULE, **more: Any) -> dict[str, object]:
    return {"changes": [{"kind": kind, "name": name, "opens": kind != "remove", "closes": kind == "remove", **more}]}


def differing(name: str, before: object, after: object) -> dict[str, Any]:
    return {"properties": [{"property": name, "before": before, "after": after}]}


SCOPED = differing("remoteip", ["10.9.0.0/24"], ["10.2.0.21"])
UP = ["tcp 0.0.0.0 5061", "tcp 0.0.0.0 5071", "udp 10.1.0.11 3478"]


PLANNED = FirewallRule(
    name=RULE,
    rows=("S2",),
    direction="in",
    protocol="tcp",
    localport=("5061",),
    remoteport=("any",),
    localip=("any",),
    remoteip=("10.2.0.21",),
    description="",
)


def host(name: str, address: str) -> HostPlan:
    pool = "pool01.contoso.com"
    return HostPlan(name, ("frontend",), "2013", pool, "windows", True, "active", (address,), firewall_rules=(PLANNED,))


HOSTS = {"edge01": host("edge01", "10.2.0.21"), "fe01": host("fe01", "10.1.0.11"), "fe02": host("fe02", "10.1.0.12")}
SERVICE = VirtualService(
    name="sip",
    pool="pool01.contoso.com",
    rows=("S2",),
    vip="10.1.0.100",
    port=5061,
    protocol="tcp",
    node_port=5061,
    members=("10.1.0.11", "10.1.0.12"),
    persistence={},
    idle_seconds=1800,
    monitor={},
    source_nat=True,
    nagle=False,
    balancers=("lb01",),
)
RESPONSE = replace(SERVICE, name="response", port=5071, node_port=5071, monitor={"type": "tcp", "port": 5061})
POOL = PoolPlan("pool01.contoso.com", "frontend", "hlb", "2013", (SERVICE, RESPONSE))
DEPLOYMENT = Deployment.of(Plan(HOSTS, {POOL.pool: POOL}))


def task(
    name: str, given: Mapping[str, object], step: Step = Step.VERIFY, concern: Concern = Concern.PROBES
) -> TaskResult:
    return TaskResult.of_answer(name, concern, step, given, is_check=False)


def verified(
    probe: Probe,
    given: dict[str, object],
    listening: Mapping[str, list[str]] | None = None,
    rules: Mapping[str, Any] | None = None,
) -> Verification:
    """Return the verification of one probe of edge01.

    listening: per host what listens, rules: the comparison of fe01.
    """
    answers: dict[str, dict[str, object]] = {name: {"answers": [], "listeners": UP} for name in HOSTS}
    answers["edge01"]["answers"] = [given]
    for name, listeners in (listening or {}).items():
        answers[name]["listeners"] = listeners
    compared = deviations_of(task("fe01", rules or {}, Step.COMPARE, Concern.FIREWALL))
    facts = {
        name: read_facts(task(name, own), None, compared if name == "fe01" else ()) for name, own in answers.items()
    }
    return Verification.of(DEPLOYMENT, Matrix({"edge01": (probe,)}), facts, Settings(NOW))


def exit_status(found: Verification) -> int:
    return worst_verdict(found.verdicts().values()).exit_status


NOBODY: dict[str, list[str]] = {"fe01": []}
CAUSES: dict[str, tuple[Probe, dict[str, object], Mapping[str, list[str]] | None, dict[str, object], str]] = {
    "rule missing": (TCP, answer("timed_out"), None, changed("add"), f"no rule on the host: {RULE} is missing on fe01"),
    "rule disabled": (
        TCP,
        answer("timed_out"),
        None,
        changed("change", **differing("enabled", False, True)),
        f"rule disabled: {RULE} of fe01",
    ),
    "rule scoped": (
        TCP,
        answer("timed_out"),
        None,
        changed("change", **SCOPED),
        f"rule scoped to other addresses: {RULE} of fe01 admits 10.9.0.0/24, should admit 10.2.0.21",
    ),
    "rule of another port": (
        TCP,
        answer("timed_out"),
        None,
        changed("change", **differing("localport", ["5071"], ["5061"])),
        f"rule changed on fe01: {RULE}: changed: localport is 5071, should be 5061",
    ),
    "rule ineffective": (
        TCP,
        answer("timed_out"),
        None,
        {"effects": [{"name": RULE, "facts": [{"kind": "ineffective", "detail": "CS Block blocks it"}]}]},
        f"rule ineffective: {RULE} of fe01: CS Block blocks it",
    ),
    "another rule missing": (
        TCP,
        answer("timed_out"),
        None,
        changed("add", "Lync other"),
        "dropped on the way between 10.2.0.21 and 10.1.0.11: no fault of the host is known",
    ),
    "rule that only lets in more": (
        TCP,
        answer("timed_out"),
        None,
        {"changes": [{"kind": "change", "name": RULE, "opens": False, "closes": True, **SCOPED}]},
        "dropped on the way between 10.2.0.21 and 10.1.0.11: no fault of the host is known",
    ),
    "no listener": (TCP, answer("timed_out"), NOBODY, {}, "listener absent: nothing listens on TCP 5061 of fe01"),
    "rule before listener": (
        TCP,
        answer("timed_out"),
        NOBODY,
        changed("add"),
        f"no rule on the host: {RULE} is missing on fe01",
    ),
    "listener before rule, where somebody refused": (
        TCP,
        answer("refused"),
        NOBODY,
        changed("add"),
        "listener absent: nothing listens on TCP 5061 of fe01",
    ),
    "listener elsewhere": (
        TCP,
        answer("refused"),
        {"fe01": ["tcp 127.0.0.1 5061"]},
        {},
        "listener absent: on fe01 TCP 5061 is listened on at 127.0.0.1, not at 10.1.0.11",
    ),
    "refused all the same": (TCP, answer("refused"), None, {}, "something refuses it for 10.1.0.11: no fault is known"),
    "all members down": (
        VIP,
        answer(closed=True),
        {"fe01": [], "fe02": []},
        {},
        "balancer member down: nothing listens on TCP 5061 of fe01; nothing listens on TCP 5061 of fe02",
    ),
    "members whose monitored port is shut": (
        ASKED,
        answer(closed=True),
        {"fe01": ["tcp 0.0.0.0 5071"], "fe02": UP},
        {},
        "balancer member down: nothing listens on TCP 5061 of fe01, which the balancer asks",
    ),
    "members that let no balancer in": (
        VIP,
        answer(closed=True),
        None,
        changed("add"),
        f"balancer member down: no rule on the host: {RULE} is missing on fe01",
    ),
    "balancer": (
        VIP,
        answer("refused"),
        None,
        {},
        "the balancer lb01 does not pass sip on, although nothing is known to be wrong with its members",
    ),
    "wrong host": (
        TLS,
        shown("x.contoso.com"),
        None,
        {},
        "another server answers at 10.1.0.11, or the wrong certificate is bound there",
    ),
    "expired": (TLS, shown("pool01.contoso.com", days=-1), None, {}, "the certificate on 10.1.0.11 was not replaced"),
    "stale": (DNS, said_dns("10.1.0.99"), None, {}, "record stale on 10.1.0.93, or another server answers there"),
    "wider": (CLOSED, answer(), None, changed("remove", "Lync test"), "rules that let in more than planned: Lync test"),
    "somebody else's": (
        CLOSED,
        answer(),
        None,
        {},
        "no rule of the plan lets it in: a rule of somebody else does, or the firewall is off",
    ),
}


@pytest.mark.parametrize(("probe", "given", "listening", "rules", "cause"), CAUSES.values(), ids=CAUSES)
def test_cause(
    probe: Probe,
    given: dict[str, object],
    listening: Mapping[str, list[str]] | None,
    rules: dict[str, object],
    cause: str,
) -> None:
    found = verified(probe, given, listening, rules)
    assert found.judged[0].cause == cause
    assert exit_status(found) == 2
    assert cause in found.text()


def test_what_others_reach_is_dropped_on_the_way() -> None:
    probes = (TCP, replace(TCP, source_address="10.2.0.22"))
    facts = {
        "edge01": Facts(answers={"0": answer("timed_out"), "1": answer()}),
        "fe01": read_facts(task("fe01", {"listeners": UP})),
    }
    found = Verification.of(DEPLOYMENT, Matrix({"edge01": probes}), facts, Settings(NOW))
    assert found.judged[0].cause == "dropped on the way from edge01: others reach 10.1.0.11 on TCP 5061"


UNREACHABLE = Facts("no connection", True)
REFUSED = {"edge01": Facts(answers={"0": answer("refused")})}
STATUSES: dict[str, tuple[dict[str, Facts], int, dict[str, str]]] = {
    "all as expected": (
        {"edge01": Facts(answers={"0": answer()}), "fe01": Facts()},
        0,
        {"edge01": "clean", "fe01": "clean"},
    ),
    "a fault is the destination's": ({**REFUSED, "fe01": Facts()}, 2, {"fe01": "drift"}),
    "or of who asked": (REFUSED, 2, {"edge01": "drift"}),
    "unreachable": ({"edge01": UNREACHABLE, "fe01": Facts()}, 2, {"edge01": "unreachable"}),
    "unreachable beside a fault": ({**REFUSED, "fe01": UNREACHABLE}, 2, {"fe01": "unreachable"}),
    "failed": ({"edge01": Facts("no such module"), "fe01": Facts()}, 2, {"edge01": "failed"}),
    "no answer": ({"edge01": Facts(), "fe01": Facts()}, 2, {"edge01": "failed"}),
}


@pytest.mark.parametrize(("facts", "status", "statuses"), STATUSES.values(), ids=STATUSES)
def test_status(facts: dict[str, Facts], status: int, statuses: dict[str, str]) -> None:
    found = Verification.of(DEPLOYMENT, Matrix({"edge01": (TCP,)}), facts, Settings(NOW))
    assert exit_status(found) == status
    assert {name: found.statuses()[name].value for name in statuses} == statuses


def test_nobody_asked_is_not_as_expected() -> None:
    found = Verification.of(DEPLOYMENT, Matrix({}), {}, Settings(NOW))
    assert (found.status.value, exit_status(found)) == ("unknown", 2)


def test_a_host_that_left_no_result_is_not_as_expected() -> None:
    facts = {"edge01": read_facts(TaskResult.unknown("edge01", Concern.PROBES, Step.VERIFY))}
    found = Verification.of(DEPLOYMENT, Matrix({"edge01": (TCP,)}), facts, Settings(NOW))
    assert (found.judged[0].verdict, exit_status(found)) == (Verdict.UNKNOWN, 2)


def test_listeners_that_may_be_left_are_told() -> None:
    opened = task("fe01", {"opened": ["tcp 10.1.0.11 5061"]}, Step.OPEN)
    facts = {"edge01": Facts(answers={"0": answer()}), "fe01": read_facts(task("fe01", {"listeners": UP}), opened)}
    found = Verification.of(DEPLOYMENT, Matrix({"edge01": (TCP,)}), facts, Settings(NOW, not_closed=["fe01"]))
    assert exit_status(found) == 2
    assert "fe01: temporary listeners could not be closed; they end by themselves" in found.text()
    document: Any = found.document()
    hosts = document["hosts"]
    left = {item["host"]: (item["temporary_listeners"], item["temporary_listeners_closed"]) for item in hosts}
    assert left == {"edge01": ([], True), "fe01": (["tcp 10.1.0.11 5061"], False)}


def test_document_and_junit() -> None:
    probes, answers = zip(
        *[(probe, given) for probe, given, _verdict, _detail in ANSWERS.values() if given], strict=True
    )
    facts = {"edge01": Facts(answers={str(number): given for number, given in enumerate(answers)}), "fe01": Facts()}
    found = Verification.of(
        DEPLOYMENT, Matrix({"edge01": probes}, (NotProbed("fe01", "udp", "any", "R", "why", 2),)), facts, Settings(NOW)
    )
    document = json.loads(json.dumps(found.document()))
    jsonschema.validate(document, SCHEMA)
    assert sum(document["counts"].values()) == len(document["probes"]) == len(probes)
    assert set(document["counts"]) == {verdict.value for verdict in Verdict}
    suite = ElementTree.fromstring(found.junit()).find("testsuite")
    assert suite is not None
    assert int(suite.get("tests", 0)) == len(probes)
    assert (
        len(suite.findall(".//failure"))
        == int(suite.get("failures", 0))
        == sum(not item["as_expected"] for item in document["probes"]) - 2
    )
    assert len(suite.findall(".//error")) == int(suite.get("errors", 0)) == 2
