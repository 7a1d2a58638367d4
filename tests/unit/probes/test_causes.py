# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is most likely behind a verdict, by what a run knows besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.host_io import Facts, read_facts
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.plan_view import Matrix, Probe
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.verification import Settings, Verification

from tests.unit.probes.samples import (
    ASKED,
    CLOSED,
    DEPLOYMENT,
    DNS,
    NOW,
    RULE,
    SCOPED,
    TCP,
    TLS,
    UP,
    VIP,
    answer,
    changed,
    differing,
    exit_status,
    said_dns,
    shown,
    task,
    verified,
)

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
    assert cause in found.text(columns=1000)


def test_what_others_reach_is_dropped_on_the_way() -> None:
    probes = (TCP, replace(TCP, source_address="10.2.0.22"))
    facts = {
        "edge01": Facts(answers={"0": answer("timed_out"), "1": answer()}),
        "fe01": read_facts(task("fe01", {"listeners": UP})),
    }
    found = Verification.of(DEPLOYMENT, Matrix({"edge01": probes}), facts, Settings(NOW))
    assert found.judged[0].cause == "dropped on the way from edge01: others reach 10.1.0.11 on TCP 5061"
