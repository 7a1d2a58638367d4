# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an answer to a probe comes to."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.host_io import BANNER, payload
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.plan_view import Kind, Probe
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.verdicts import Verdict, judge

from tests.simulators.probe_servers import stun_answer
from tests.unit.probes.samples import (
    CLOSED,
    DNS,
    NOW,
    RPC,
    STUN,
    TCP,
    TLS,
    VIP,
    answer,
    said_dns,
    shown,
)

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
