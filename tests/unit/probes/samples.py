# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Probes, answers to them, and a plan of three hosts behind a balancer."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._drift.deviations import deviations_of
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import (
    FirewallRule,
    HostPlan,
    Plan,
    PoolPlan,
    VirtualService,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.host_io import payload, read_facts
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.plan_view import (
    Deployment,
    Expected,
    Kind,
    Matrix,
    Probe,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.verification import Settings, Verification
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import worst_verdict
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from tests.simulators.probe_servers import certificate, dns_answer

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
