# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Talking to one DNS server: questions to the server itself, updates by RFC 2136, both signed where it has a TSIG key.

Where a domain account writes, updates are signed alone: Windows answers questions about its zones to everybody, and
signs no such answer.

Questions go over UDP, and again over TCP where the answer was cut. Updates always go over TCP: over UDP one whose
answer got lost would be sent twice, and the second time its prerequisites fail.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from .._base.errors import DeviceError
from .._base.libraries import dns
from .._inventory.model import DnsServer
from .kerberos import KerberosError, Session

if TYPE_CHECKING:
    from dns.message import Message
    from dns.tsig import Key as TsigKey
    from dns.update import UpdateMessage

TIMEOUT_SECONDS = 5.0


_KEY_FIX = "compare key_name, key_algorithm and key_secret with the key of the server"
# Of a failed update: code -> what it means here and the fix; codes of RFC 2136 section 2.2.
_UPDATE_FAULTS = {
    "REFUSED": (
        "it refuses the update",
        "allow the key in allow-update or update-policy of the zone, on its primary server; "
        "a zone of Active Directory needs kerberos_principal or windows_host",
    ),
    "NOTAUTH": (
        "it is not the primary server of the zone",
        "name the zone's primary server first in lync_dns_servers",
    ),
    "NOTZONE": ("a name is not in the zone", "correct zones in lync_dns_servers"),
    "NOTIMP": ("it takes no updates", "name a server that takes dynamic updates, or use the state rendered"),
    "SERVFAIL": ("it failed", "look into its log; often it cannot write the journal of the zone"),
    "FORMERR": ("it cannot read the update", "look into its log"),
}
# How servers say that an account may not: Windows and BIND refuse, and Samba fails (tried with 4.17).
_ACCOUNT_FAULTS = {
    "REFUSED": "it refuses the update",
    "NOTAUTH": "it does not accept the account for the update",
    "SERVFAIL": "it failed, as Samba does in this case",
}
_NOT_OURS = (
    "{principal} may not make names in the zone, or names that are there belong to another account, which alone may "
    "change them: {names}",
    "in the DNS console give the account, or a group of it, the right to write these names, or delete the records of "
    "the other account; then run again",
)
_MEANWHILE = {
    "NXRRSET": "a record set that was there is gone or has other values",
    "YXRRSET": "a record set that was not there is there, or one has exactly the values of a wildcard beside it",
    "NXDOMAIN": "a name that was there is gone",
    "YXDOMAIN": "a name that was not there is there",
}
_QUERY_FAULTS = {
    "REFUSED": (
        "it refuses to answer",
        "allow the controller or the key in allow-query, and in match-clients of the view",
    ),
    "NOTAUTH": ("it does not hold the zone", "correct zones in lync_dns_servers"),
    "SERVFAIL": ("it failed", "look whether it has loaded the zone"),
}


# Answers that say more than that something was refused.
_GOOD = ("NOERROR", "NXDOMAIN")


class _NotSignedError(Exception):
    """An answer to a signed message has no signature."""


class Client:
    """A connection to one server.

    queries, updates: how many were answered. writes: how many updates were made.
    session: of the domain account that writes, where there is one.
    """

    def __init__(
        self, server: DnsServer, timeout_seconds: float = TIMEOUT_SECONDS, session: Session | None = None
    ) -> None:
        self.server = server
        self.session = session
        self.queries = 0
        self.updates = 0
        self.writes = 0
        self._timeout_seconds = timeout_seconds

    @property
    def name(self) -> str:
        """Return the server as it is named in messages."""
        return self.server.address if self.server.port == 53 else f"{self.server.address} port {self.server.port}"

    def query(self, name: str, record_type: str, zone: str) -> Message:
        """Return the answer of the server itself; raises DeviceError when it is none of an authoritative server."""
        message = dns.message.make_query(f"{name}.", record_type, flags=0)
        answer = self.exchange(message, f"cannot be asked for {name} {record_type}", is_update=False)
        self.queries += 1
        code = dns.rcode.to_text(answer.rcode())
        if code not in ("NOERROR", "NXDOMAIN"):
            meaning, fix = _QUERY_FAULTS.get(code, (f"it answers {code}", "look into its log"))
            raise self._error(f"does not tell {name} {record_type}: {meaning}", fix)
        if not answer.flags & dns.flags.AA:
            raise self._error(
                f"is not authoritative for the zone {zone}",
                "name a server that holds the zone, no resolver, and look for a delegation",
            )
        return answer

    def update(self, message: UpdateMessage, zone: str) -> None:
        """Send an update; raises DeviceError when it was not made, or somebody changed the zone meanwhile."""
        answer = self.exchange(message, f"cannot be sent changes of the zone {zone}", is_update=True)
        self.updates += 1
        code = dns.rcode.to_text(answer.rcode())
        if code in _MEANWHILE:
            raise DeviceError(
                f"{self._who()}: the zone {zone} was changed meanwhile, nothing was written: {_MEANWHILE[code]}; "
                "fix: run again"
            )
        if code != "NOERROR":
            meaning, fix = self._refusal(code, message)
            raise self._error(f"did not change the zone {zone}: {meaning}", fix)
        self.writes += 1

    def log_in(self) -> None:
        """Agree on the key of a domain account, where one writes; raises DeviceError."""
        if self.session is not None:
            self._session_key(self.session)

    def _refusal(self, code: str, message: UpdateMessage) -> tuple[str, str]:
        """Return what the code of an update that was not made means, and the fix."""
        if self.session is not None and code in _ACCOUNT_FAULTS:
            names = ", ".join(sorted({rrset.name.to_text(omit_final_dot=True) for rrset in message.update}))
            meaning, fix = _NOT_OURS
            said = meaning.format(principal=self.session.login.principal, names=names)
            return f"{_ACCOUNT_FAULTS[code]}: {said}", fix
        return _UPDATE_FAULTS.get(code, (f"it answers {code}", "look into its log"))

    def exchange(self, message: Message, failed: str, is_update: bool) -> Message:
        """Send a message and return the answer; whatever goes wrong on the way is a DeviceError."""
        if self.server.key_name:
            message.use_tsig(self._key(), algorithm=dns.name.from_text(self.server.key_algorithm))
        elif is_update and self.session is not None:
            message.use_tsig(self._session_key(self.session))
        return self._sent(message, failed, is_update)

    def _sent(self, message: Message, failed: str, is_update: bool) -> Message:
        where, port = self.server.address, self.server.port
        try:
            return _exchanged(message, where, port, self._timeout_seconds, is_update)
        except _NotSignedError as error:
            raise self._error(
                f"{failed}: its answer is not signed with {self._key_text}", "look who answers at its address"
            ) from error
        except dns.tsig.PeerBadTime as error:
            raise self._error(
                f"{failed}: the clocks differ by more than five minutes (BADTIME)",
                "set the clock of controller and server",
            ) from error
        except (
            dns.tsig.PeerError,
            dns.tsig.BadSignature,
            dns.tsig.BadKey,
            dns.tsig.BadAlgorithm,
            dns.message.UnknownTSIGKey,
        ) as error:
            raise self._error(
                f"{failed}: it does not accept {self._key_text} ({_tsig_error_code(error)})",
                "run again" if self.session else _KEY_FIX,
            ) from error
        except dns.exception.Timeout as error:
            unknown = "; it is not known whether it made the changes" if is_update else ""
            fix = "look whether it runs, and for a firewall; then run again"
            raise self._error(f"{failed}: no answer in {self._timeout_seconds:g} s{unknown}", fix) from error
        except dns.exception.DNSException as error:
            raise self._error(
                f"{failed}: its answer cannot be read: {error or type(error).__name__}",
                "look whether it is a DNS server",
            ) from error
        except (OSError, EOFError) as error:
            raise self._error(
                f"{failed}: {error or 'it closed the connection'}",
                "look whether it runs, and correct address and port",
            ) from error

    def no_zone(self, zone: str) -> DeviceError:
        """Return the error of a server that answers for a zone with nothing."""
        return self._error(f"holds no zone {zone}", "correct zones in lync_dns_servers")

    @property
    def _key_text(self) -> str:
        return f"the key of {self.session.login.principal}" if self.session else f"the TSIG key {self.server.key_name}"

    def _key(self) -> TsigKey:
        server = self.server
        return dns.tsig.Key(f"{server.key_name}.", server.key_secret, server.key_algorithm)

    def _session_key(self, session: Session) -> TsigKey:
        try:
            return session.key(lambda message: self._sent(message, "cannot be asked for a key", is_update=True))
        except KerberosError as error:
            raise self._error(f"cannot be written: {error.text}", error.fix) from error

    def _who(self) -> str:
        return f"DNS server {self.name}"

    def _error(self, text: str, fix: str) -> DeviceError:
        return DeviceError(f"{self._who()} {text}; fix: {fix}")


def _exchanged(message: Message, where: str, port: int, seconds: float, is_update: bool) -> Message:
    """Return the answer to a message; raises what dnspython raises, _NotSignedError, OSError and EOFError."""
    if not is_update:
        answer = _asked(message, where, port, seconds)
    elif message.had_tsig:
        answer = _updated(message, where, port, seconds)
    else:
        answer = dns.query.tcp(message, where, seconds, port)
    if message.had_tsig and not answer.had_tsig and dns.rcode.to_text(answer.rcode()) in _GOOD:
        raise _NotSignedError
    return answer


def _updated(message: Message, where: str, port: int, seconds: float) -> Message:
    wire, end = message.to_wire(), time.monotonic() + seconds
    try:
        with socket.create_connection((where, port), seconds) as tcp:
            tcp.sendall(len(wire).to_bytes(2, "big") + wire)
            answer = _received(tcp, int.from_bytes(_received(tcp, 2, end), "big"), end)
    except TimeoutError as error:
        raise dns.exception.Timeout(timeout=seconds) from error
    return _read_answer(message, answer)


def _asked(message: Message, where: str, port: int, seconds: float) -> Message:
    try:
        return dns.query.udp_with_fallback(message, where, seconds, port)[0]
    except dns.exception.FormError as error:
        if "requires a TSIG" in str(error):
            raise _NotSignedError from error
        raise


def _received(tcp: socket.socket, size: int, end: float) -> bytes:
    """Return so many bytes; raises TimeoutError after a moment of the monotonic clock."""
    found = b""
    while len(found) < size:
        tcp.settimeout(max(end - time.monotonic(), 0.001))
        more = tcp.recv(size - len(found))
        if not more:
            raise EOFError
        found += more
    return found


def _read_answer(message: Message, wire: bytes) -> Message:
    """Return the answer to a signed message, also one without a signature: Windows signs no refusal of an update.

    dnspython takes none of these, so the code of one has to be read without it.
    """
    try:
        answer = dns.message.from_wire(wire, keyring=message.keyring, request_mac=message.mac)
    except dns.exception.FormError:
        answer = dns.message.from_wire(wire, keyring=False)
        if answer.had_tsig:
            raise
    if not message.is_response(answer):
        raise dns.query.BadResponse
    return answer


def _tsig_error_code(error: Exception) -> str:
    """Return the error code of RFC 8945 that an exception of dnspython stands for."""
    return {"PeerBadKey": "BADKEY", "PeerBadSignature": "BADSIG", "PeerBadTruncation": "BADTRUNC"}.get(
        type(error).__name__, str(error)
    )
