# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keys of GSS-TSIG (RFC 3645): a domain account logs in to a DNS server, and both have a key for updates.

    session = Session(server, timeout_seconds)
    message.use_tsig(session.key())

The account gets a ticket for DNS/HOST of the server, and tokens go to and fro in TKEY messages (RFC 2930) until the
server has shown who it is too. The key is of one session, made at its first use, and in memory alone.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from .._base.errors import DeviceError, shown
from .._base.libraries import MissingLibraryError, dns, gssapi
from .._inventory.model import KerberosLogin

if TYPE_CHECKING:
    from dns.message import Message
    from dns.tsig import Key as TsigKey
    from gssapi import Credentials, SecurityContext
    from gssapi.exceptions import GSSError

# Samba 4.17 answers BADSIG when the key's name shares an ending with a name of the message, which dnspython then
# compresses. So the name ends in a label of ours.
_KEY_SUFFIX = "sig-msuc-lync."
_TKEY_MODE_GSS = 3  # RFC 2930 section 2.5
_KEY_SECONDS = 3600
# One token each way will do for Kerberos.
_ROUNDS_MAXIMUM = 5
# Words of MIT Kerberos and what they mean here; words in another language get the general advice.
_FIXES = {
    "preauthentication failed": "correct kerberos_password, or make the keytab anew",
    "decrypt integrity check failed": "correct kerberos_password, or make the keytab anew",
    "password incorrect": "correct kerberos_password",
    "has expired": "set a new password for the account",
    "have been revoked": "unlock or enable the account",
    "no key table entry found": "the keytab is of another account: correct kerberos_principal, or make the keytab anew",
    "no suitable keys": "the keytab is of another account: correct kerberos_principal, or make the keytab anew",
    "cannot find kdc": "correct the realm of kerberos_principal, or name its domain controllers in /etc/krb5.conf",
    "cannot contact any kdc": "look for a firewall before port 88 of the domain controllers, and at /etc/krb5.conf",
    "clock skew": "set the clocks of controller and domain controller",
    "server not found": "correct kerberos_server: the full host name of the DNS server, as Active Directory has it",
    "server dns/": "correct kerberos_server: the full host name of the DNS server, as Active Directory has it",
    "client not found": "correct kerberos_principal",
    "not found in kerberos database": "correct kerberos_principal",
}
_GENERAL_FIX = "try kinit with this account on the controller, and correct kerberos_principal and kerberos_server"

Send = Callable[["Message"], "Message"]
"""What sends a message to the server and returns the answer; raises DeviceError."""


class KerberosError(DeviceError):
    """An account cannot log in to a DNS server; text and fix apart."""

    def __init__(self, text: str, fix: str) -> None:
        super().__init__(f"{text}; fix: {fix}")
        self.text = text
        self.fix = fix


class Session:
    """What one account has agreed on with one server; every connection of a task to the server shares it."""

    def __init__(self, login: KerberosLogin) -> None:
        self.login = login
        self._key: TsigKey | None = None

    def key(self, send: Send) -> TsigKey:
        """Return the key of the session; the first time it is negotiated. Raises DeviceError."""
        if self._key is None:
            try:
                self._key = self._negotiated(send)
            except MissingLibraryError as error:
                raise KerberosError(str(error), "install it, or write the zone by windows_host") from error
        return self._key

    def _negotiated(self, send: Send) -> TsigKey:
        context = self._context()
        name = dns.name.from_text(f"{uuid.uuid4()}.{_KEY_SUFFIX}")
        # dnspython takes for a secret what signs.
        key = dns.tsig.Key(name, cast("bytes", _Signing(context)), dns.tsig.GSS_TSIG)
        token = self._step(context, None)
        for _round in range(_ROUNDS_MAXIMUM):
            if context.complete and not token:
                return key
            token = self._step(context, self._token_of(send(_tkey_message(key, token))))
        raise KerberosError(f"{self.login.server} does not end the negotiation", "look into the log of the DNS server")

    def _context(self) -> SecurityContext:
        """Return a context that asks the server to show who it is, and for signatures, which Samba needs said."""
        try:
            server = gssapi.Name(f"DNS/{self.login.server}@", gssapi.NameType.kerberos_principal)
            flag = gssapi.RequirementFlag
            flags = flag.mutual_authentication | flag.replay_detection | flag.integrity
            credentials = self._credentials()
            # Kerberos itself, as Samba's "net ads dns" speaks it to Windows; SPNEGO around it would hide its errors.
            mech = gssapi.MechType.kerberos
            return gssapi.SecurityContext(name=server, creds=credentials, mech=mech, flags=flags, usage="initiate")
        except gssapi.exceptions.GSSError as error:
            raise self._failure(error) from error

    def _credentials(self) -> Credentials:
        """Return the credentials of the account, which no file keeps."""
        login = self.login
        name = gssapi.Name(login.principal, gssapi.NameType.kerberos_principal)
        if login.keytab:
            if not os.access(login.keytab, os.R_OK):
                text = f"the keytab {shown(login.keytab)} cannot be read"
                raise KerberosError(text, "correct kerberos_keytab: a file on the controller")
            store = {"client_keytab": f"FILE:{login.keytab}", "ccache": f"MEMORY:{uuid.uuid4()}"}
            return gssapi.Credentials(name=name, usage="initiate", store=store)
        password = login.password.encode()
        return gssapi.Credentials(gssapi.raw.acquire_cred_with_password(name, password, usage="initiate").creds)

    def _step(self, context: SecurityContext, token: bytes | None) -> bytes:
        try:
            return bytes(context.step(token) or b"")
        except gssapi.exceptions.GSSError as error:
            raise self._failure(error) from error

    def _token_of(self, answer: Message) -> bytes:
        """Return the server's token of its TKEY answer."""
        data = [data for rrset in answer.answer for data in rrset if data.rdtype.name == "TKEY"]
        code = dns.rcode.to_text(answer.rcode())
        if data and not data[0].error and code == "NOERROR":
            return bytes(data[0].key)
        if data and data[0].error:
            code = {16: "BADSIG", 17: "BADKEY", 18: "BADTIME", 19: "BADMODE"}.get(data[0].error, str(data[0].error))
        text = f"{self.login.server} does not take the ticket of {self.login.principal} ({code})"
        fix = "look whether the server takes secure updates, and whether kerberos_server is the host name of address"
        raise KerberosError(text, fix)

    def _failure(self, error: GSSError) -> KerberosError:
        """Return the error of a step of Kerberos, in its own words; no secret is in them."""
        said = error.get_all_statuses(error.min_code, False) if error.min_code else []
        said = said or error.get_all_statuses(error.maj_code, True)
        words = "; ".join(str(one).strip(".\0 ") for one in said)
        fix = next((fix for text, fix in _FIXES.items() if text in words.lower()), _GENERAL_FIX)
        return KerberosError(f"{self.login.principal} cannot log in to {self.login.server}: {words}", fix)


class _Signing:
    """Signs for dnspython by a context, and takes signatures as they are.

    Samba signs its answers so that neither BIND's nsupdate nor dnspython verifies them (tried with 4.17). So an answer
    says no more than its code, and what was written is proved by asking for it.
    """

    def __init__(self, context: SecurityContext) -> None:
        self._context = context

    def get_signature(self, data: bytes) -> bytes:
        """Return the signature of what is sent."""
        return bytes(self._context.get_signature(data))

    def verify_signature(self, data: bytes, signature: bytes) -> None:
        """Take the signature of an answer, whatever it is."""


def _tkey_message(key: TsigKey, token: bytes) -> Message:
    """Return the question that carries a token, RFC 3645 section 4.1.2."""
    now = int(time.time())
    anything, tkey = dns.rdataclass.ANY, dns.rdatatype.TKEY
    data = dns.rdtypes.ANY.TKEY.TKEY(
        anything, tkey, dns.tsig.GSS_TSIG, now, now + _KEY_SECONDS, _TKEY_MODE_GSS, 0, token
    )
    message = dns.message.make_query(key.name, tkey, anything, flags=0)
    message.keyring = key  # its answer is signed
    message.additional.append(dns.rrset.from_rdata(key.name, 0, data))
    return message
