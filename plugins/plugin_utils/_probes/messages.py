# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What probes say, and what they hear: STUN (RFC 5389), the endpoint mapper of RPC (C706, [MS-RPCE]), DNS (RFC 1035).

A host only carries the bytes. A temporary listener of our own sends back what it got, which is_echo tells.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from .._base.libraries import dns
from .model import Kind, Probe

_MAGIC_COOKIE = 0x2112A442
_BINDING_REQUEST, _BINDING_ANSWERS = 0x0001, (0x0101, 0x0111)
_BIND, _BIND_ANSWERS = 11, (12, 13)
# The interfaces of the endpoint mapper and of NDR, with their versions.
_MAPPER = bytes.fromhex("0883afe11f5dc91191a408002b14a0fa") + struct.pack("<HH", 3, 0)
_NDR = bytes.fromhex("045d888aeb1cc9119fe808002b104860") + struct.pack("<HH", 2, 0)


@dataclass(frozen=True)
class DnsAnswer:
    """What a DNS server said: values as texts, sorted; error: the name of an error code, or why it makes no sense."""

    values: tuple[str, ...] = ()
    error: str = ""
    truncated: bool = False


def payload(probe: Probe) -> bytes:
    """Return what a probe sends after it is connected; nothing when it only connects."""
    if probe.kind is Kind.STUN:
        return struct.pack(">HHI", _BINDING_REQUEST, 0, _MAGIC_COOKIE) + _number(probe, 12)
    if probe.kind is Kind.RPC:
        body = struct.pack("<HHIBxHHBx", 4280, 4280, 0, 1, 0, 0, 1) + _MAPPER + _NDR
        return struct.pack("<BBBBIHHI", 5, 0, _BIND, 3, 0x10, 16 + len(body), 0, 1) + body
    return _question(probe) if probe.kind is Kind.DNS else b""


def is_echo(probe: Probe, answer: bytes) -> bool:
    """Return whether a temporary listener sent back what it got."""
    return bool(answer) and answer == payload(probe)


def makes_sense(probe: Probe, answer: bytes) -> bool:
    """Return whether an answer is one to what was asked, whatever it says."""
    if is_echo(probe, answer):
        return True
    if probe.kind is Kind.STUN:
        return len(answer) >= 20 and struct.unpack(">H", answer[:2])[0] in _BINDING_ANSWERS and answer[8:20] == _number(probe, 12)
    if probe.kind is Kind.RPC:
        return len(answer) > 2 and answer[0] == 5 and answer[2] in _BIND_ANSWERS
    return bool(answer)


def dns_answer(probe: Probe, answer: bytes) -> DnsAnswer:
    """Return what a DNS server answered to a probe."""
    try:
        message = dns.message.from_wire(answer)
    except dns.exception.DNSException as error:
        return DnsAnswer(error=f"the answer makes no sense: {type(error).__name__}")
    if not dns.message.from_wire(payload(probe)).is_response(message):
        return DnsAnswer(error="the answer is one to another question")
    wanted = dns.rdatatype.from_text(probe.question[1])
    values = sorted({item.to_text().rstrip(".").lower() for rrset in message.answer if rrset.rdtype == wanted for item in rrset})
    code = message.rcode()
    return DnsAnswer(tuple(values), "" if code == dns.rcode.NOERROR else dns.rcode.to_text(code), bool(message.flags & dns.flags.TC))


def _question(probe: Probe) -> bytes:
    name, kind = probe.question
    message = dns.message.make_query(name, kind, use_edns=0, payload=1232)
    message.id = int.from_bytes(_number(probe, 2), "big")
    wire: bytes = message.to_wire()
    return wire


def _number(probe: Probe, size: int) -> bytes:
    """Return bytes that stand for a probe: the same one has the same, so that an answer is known as its own."""
    text = "|".join([probe.source, probe.source_address, probe.address, str(probe.port), *probe.question])
    return hashlib.sha256(text.encode()).digest()[:size]
