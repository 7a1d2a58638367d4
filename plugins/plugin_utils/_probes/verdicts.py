# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an answer to a probe comes to, beside what the plan says of it.

Certificates are read, and nobody vouches for them.

judge(probe, {"state": "timed_out", ...}, now) -> Judged(probe, Verdict.FILTERED, 3000, ...)
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from .._base.errors import AnswerError, understood
from .._base.libraries import x509
from .host_io import BANNER, dns_answer, is_echo, makes_sense, received
from .plan_view import Expected, Kind, Probe

CERTIFICATE_DAYS = 30


class Verdict(str, Enum):
    """The verdicts. AS_EXPECTED says which are fine."""

    OPEN = "open"
    CLOSED = "closed as expected"
    EXPIRING = "expiring certificate"
    FILTERED = "filtered"
    REFUSED = "refused"
    WRONG_HOST = "wrong host"
    EXPIRED = "expired certificate"
    WRONG_ANSWER = "wrong answer"
    UNEXPECTED = "open although it should not be"
    UNKNOWN = "could not tell"


AS_EXPECTED = frozenset({Verdict.OPEN, Verdict.CLOSED, Verdict.EXPIRING})


@dataclass(frozen=True)
class Certificate:
    """What matters of a certificate; names: those of the subject and the alternative ones, in small letters, sorted."""

    subject: str
    names: tuple[str, ...]
    ends: datetime.datetime

    def is_for(self, wanted: Sequence[str]) -> bool:
        """Return whether one of its names is one of those wanted; a name without a dot is a host in any domain."""
        return any(_is_name_for(name, one.lower()) for name in self.names for one in wanted)

    def document(self) -> dict[str, object]:
        """Return it as the schema has it."""
        return {"subject": self.subject, "names": list(self.names), "ends": self.ends.strftime("%Y-%m-%dT%H:%M:%SZ")}


def read_certificate(data: bytes) -> Certificate | None:
    """Return the certificate of its DER bytes, None when they are none."""
    try:
        found = x509.load_der_x509_certificate(data)
        names = {str(item.value).lower() for item in found.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)}
        return Certificate(
            found.subject.rfc4514_string(), tuple(sorted(names | _alternative(found))), found.not_valid_after_utc
        )
    except ValueError:
        return None


def _alternative(found: x509.Certificate) -> set[str]:
    try:
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    return {name.lower() for name in extension.value.get_values_for_type(x509.DNSName)}


def _is_name_for(name: str, wanted: str) -> bool:
    if "." not in wanted:
        return name.partition(".")[0] == wanted
    return name == wanted or (name.startswith("*.") and name[2:] == wanted.partition(".")[2])


@dataclass(frozen=True)
class Judged:
    """A probe with its verdict.

    detail: what was met. cause: what is most likely behind a verdict that is not as expected.
    """

    probe: Probe
    verdict: Verdict
    milliseconds: int = 0
    detail: str = ""
    certificate: Certificate | None = None
    is_temporary: bool = False
    cause: str = ""

    @property
    def is_as_expected(self) -> bool:
        """Return whether all is fine."""
        return self.verdict in AS_EXPECTED

    def document(self) -> dict[str, object]:
        """Return it as the schema has it."""
        probe = self.probe
        return {
            "source": probe.source,
            "source_address": probe.source_address,
            "destination": probe.destination,
            "address": probe.address,
            "service": probe.service,
            "port": probe.port,
            "transport": probe.transport,
            "kind": probe.kind.value,
            "question": " ".join(probe.question),
            "rows": list(probe.rows),
            "rule": probe.rule,
            "expected": probe.expected.value,
            "verdict": self.verdict.value,
            "as_expected": self.is_as_expected,
            "milliseconds": self.milliseconds,
            "detail": self.detail,
            "cause": self.cause,
            "certificate": self.certificate.document() if self.certificate else None,
            "temporary_listener": self.is_temporary,
        }


def judge(
    probe: Probe, answer: Mapping[str, object] | None, now: datetime.datetime, certificate_days: int = CERTIFICATE_DAYS
) -> Judged:
    """Return the verdict of what a host answered to a probe; None when it answered nothing to it."""
    if answer is None:
        return Judged(probe, Verdict.UNKNOWN, detail="the host gave no answer to it")
    try:
        with understood("probe"):
            return _judge_state(probe, answer, now, certificate_days)
    except AnswerError as error:
        return Judged(probe, Verdict.UNKNOWN, detail=str(error))


def _judge_state(probe: Probe, answer: Mapping[str, object], now: datetime.datetime, certificate_days: int) -> Judged:
    state, message = str(answer.get("state")), str(answer.get("message") or "")
    judged = Judged(probe, Verdict.UNKNOWN, int(str(answer.get("milliseconds") or 0)), message)
    table = _CLOSED if probe.expected is Expected.CLOSED else _STATES
    judged = replace(judged, verdict=table.get(state, Verdict.UNKNOWN))
    return _judge_answer(judged, answer, now, certificate_days) if judged.verdict is Verdict.OPEN else judged


_STATES: Mapping[str, Verdict] = {
    "open": Verdict.OPEN,
    "timed_out": Verdict.FILTERED,
    "refused": Verdict.REFUSED,
    "unreachable": Verdict.FILTERED,
}
_CLOSED: Mapping[str, Verdict] = {
    "open": Verdict.UNEXPECTED,
    "timed_out": Verdict.CLOSED,
    "refused": Verdict.CLOSED,
    "unreachable": Verdict.CLOSED,
}
"""A refusal tells that nobody listens, and nothing of the firewall; it is closed all the same."""


def _judge_answer(judged: Judged, answer: Mapping[str, object], now: datetime.datetime, days: int) -> Judged:
    """Return the verdict of what came over a connection."""
    probe, data = judged.probe, received(answer)
    if data.startswith(BANNER) or is_echo(probe, data):
        return replace(judged, is_temporary=True, detail="a temporary listener answered")
    if probe.kind is Kind.DNS:
        return _judge_dns(judged, data)
    if probe.service and answer.get("closed"):
        return replace(judged, verdict=Verdict.REFUSED, detail="the connection was taken and ended at once")
    if probe.service and answer.get("silent"):
        # A balancer takes a connection before it has one to a member, and a server of TLS answers a greeting.
        return replace(
            judged,
            verdict=Verdict.FILTERED,
            detail="the connection was taken, and nothing came from behind the balancer",
        )
    if probe.kind in (Kind.STUN, Kind.RPC) and not makes_sense(probe, data):
        # The endpoint mapper took the connection, and that is what the rule is about.
        unexplained = (
            "the endpoint mapper said nothing"
            if probe.kind is Kind.RPC
            else "the answer is none to a STUN binding request"
        )
        return replace(
            judged, verdict=Verdict.OPEN if probe.kind is Kind.RPC else Verdict.WRONG_ANSWER, detail=unexplained
        )
    return (
        _judge_certificate(judged, read_certificate(received(answer, "certificate")), now, days)
        if probe.kind is Kind.TLS
        else judged
    )


def _judge_dns(judged: Judged, data: bytes) -> Judged:
    found = dns_answer(judged.probe, data)
    wanted = judged.probe.answers
    name = " ".join(judged.probe.question)
    if found.error:
        return replace(judged, verdict=Verdict.WRONG_ANSWER, detail=f"{name}: {found.error}")
    if found.values == wanted or (found.truncated and set(found.values) <= set(wanted)):
        return judged
    return replace(
        judged,
        verdict=Verdict.WRONG_ANSWER,
        detail=f"{name} is {', '.join(found.values) or 'nothing'}, should be {', '.join(wanted)}",
    )


def _judge_certificate(judged: Judged, certificate: Certificate | None, now: datetime.datetime, days: int) -> Judged:
    if certificate is None:
        return replace(judged, detail=judged.detail or "no certificate was shown")
    judged = replace(judged, certificate=certificate)
    wanted = judged.probe.names
    if wanted and not certificate.is_for(wanted):
        return replace(
            judged,
            verdict=Verdict.WRONG_HOST,
            detail=f"the certificate is for {', '.join(certificate.names)}, should be for {' or '.join(wanted)}",
        )
    left = certificate.ends - now
    if left <= datetime.timedelta(days=days):
        verdict = Verdict.EXPIRED if left <= datetime.timedelta() else Verdict.EXPIRING
        return replace(judged, verdict=verdict, detail=f"the certificate ends on {certificate.ends:%Y-%m-%d}")
    return judged
