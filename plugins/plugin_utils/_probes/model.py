# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The values of probes: what is asked from where, and what should come of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from .._plan.documents import load

STUN_PORT, DNS_PORT, RPC_PORT = 3478, 53, 135


class Kind(str, Enum):
    """What is said after the connection.

    Nothing, a TLS handshake, a STUN binding request, a bind of the endpoint mapper, a DNS question.
    """

    TCP = "tcp"
    TLS = "tls"
    STUN = "stun"
    RPC = "rpc"
    DNS = "dns"


class Expected(str, Enum):
    """What the plan says of a probe."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, order=True)
class Probe:
    """One probe of one host.

    source, source_address: who asks, and from which of its addresses. destination: a host, the pool of a virtual
    service, or a DNS server. service: name of the virtual service that is gone through, empty for none. rule: of the
    destination's plan, which admits it. names: what the certificate may be for; empty when nobody knows. question:
    name and type; answers: what DNS should say.
    """

    source: str
    destination: str
    port: int
    transport: str
    address: str
    source_address: str
    kind: Kind
    expected: Expected
    service: str = ""
    rule: str = ""
    rows: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    question: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()

    @classmethod
    def of(cls, document: Mapping[str, object]) -> Probe:
        """Return the probe that plain (_plan/documents.py) made plain data of; raises DocumentError."""
        return load(cls, document)


@dataclass(frozen=True, order=True)
class NotProbed:
    """What the plan admits and no probe asks for, and why; sources: how many hosts it is admitted from."""

    destination: str
    transport: str
    port: str
    rule: str
    why: str
    sources: int = 0


@dataclass(frozen=True)
class Limits:
    """What the matrix is bounded by: probes of one host, and ports that should be closed, per pair of hosts.

    ranges: whether the first port of a range is probed, which makes sense only where a temporary listener may be.
    """

    per_host: int = 400
    closed_per_pair: int = 2
    ranges: bool = False


@dataclass(frozen=True)
class Matrix:
    """All probes by source, and what is not probed."""

    probes: Mapping[str, tuple[Probe, ...]]
    not_probed: tuple[NotProbed, ...] = ()

    @property
    def each(self) -> Iterable[Probe]:
        """Return the probes of all hosts, by host."""
        return (probe for probes in self.probes.values() for probe in probes)
