# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a client proves to a simulated WinRM listener who it is.

Basic is off on the service of Windows unless somebody switched it on, and so are certificates; Kerberos and NTLM are on
(https://learn.microsoft.com/en-us/windows/win32/winrm/installation-and-configuration-for-windows-remote-management,
"Default configuration"). A certificate is mapped to a local account by the UPN in its subject alternative name; a
domain account cannot be mapped (https://learn.microsoft.com/en-us/windows/win32/winrm/authentication-for-remote-connections,
"Client certificate-based authentication"). The server's side of NTLM and Kerberos is pyspnego's; it finds accounts
in the file that NTLM_USER_FILE names, and keys in the one that KRB5_KTNAME names.
"""

from __future__ import annotations

import base64
import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

import spnego
from cryptography import x509
from spnego.exceptions import SpnegoError

USER, PASSWORD = "lab", "not-a-secret"
_BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
_MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
_UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_NTLM_MARK = b"NTLMSSP\0"
# A UTF8String in DER of less than 128 bytes: tag, length, text.
_DER_HEAD = 2


@dataclass(frozen=True)
class Ways:
    """What a listener accepts. certificates: the local account of each UPN. name: the host as tickets name it."""

    basic: bool = False
    ntlm: bool = False
    kerberos: bool = False
    certificates: Mapping[str, str] = field(default_factory=dict)
    name: str = ""


@dataclass
class Login:
    """What one connection has shown of its client so far; account is who it is, once that is known."""

    ways: Ways
    account: str = ""
    challenges: tuple[str, ...] = ()
    _context: spnego.ContextProxy | None = None

    def admits(self, header: str, certificate: bytes | None) -> bool:
        """Take the Authorization header of a request, and say whether it is served; challenges is what to answer."""
        scheme, _blank, text = header.partition(" ")
        self.challenges = ()
        if header:
            # Without one, it is still who has logged in over this connection.
            self.account = ""
        if scheme in ("Negotiate", "Kerberos", "NTLM") and text:
            self._exchange(base64.b64decode(text))
        elif self.ways.basic and header == _BASIC:
            self.account = USER
        elif header == _MUTUAL and certificate is not None:
            self.account = self.ways.certificates.get(_principal(certificate), "")
        if not self.account and not self.challenges:
            self.challenges = self._offers()
        return bool(self.account)

    def _offers(self) -> tuple[str, ...]:
        negotiates = self.ways.ntlm or self.ways.kerberos
        return (*(["Negotiate"] if negotiates else []), *(['Basic realm="WSMAN"'] if self.ways.basic else []))

    def _exchange(self, token: bytes) -> None:
        wants_ntlm = token.startswith(_NTLM_MARK)
        if not (self.ways.ntlm if wants_ntlm else self.ways.kerberos):
            return
        with contextlib.suppress(SpnegoError):
            if self._context is None:
                protocol = "ntlm" if wants_ntlm else "kerberos"
                self._context = spnego.server(self.ways.name, service="HTTP", protocol=protocol)
            answer = self._context.step(token)
            if answer:
                self.challenges = (f"Negotiate {base64.b64encode(answer).decode()}",)
            if self._context.complete:
                self.account, self._context = self._context.client_principal or "", None


def client_certificate(connection: object) -> bytes | None:
    """Return the certificate that the client showed and that TLS has verified.

    Windows asks for one after the handshake, which no client of Python does over TLS 1.3
    (https://github.com/ansible/ansible/pull/79434); so none is seen there, and Server 2022 and later speak 1.3 unless
    it is switched off.
    """
    if not isinstance(connection, ssl.SSLSocket) or connection.version() == "TLSv1.3":
        return None
    return connection.getpeercert(binary_form=True)


def _principal(certificate: bytes) -> str:
    names = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    found = [name.value for name in names.value.get_values_for_type(x509.OtherName) if name.type_id == _UPN]
    return found[0][_DER_HEAD:].decode() if found else ""


def principal_name(text: str) -> x509.OtherName:
    """Return the entry of a subject alternative name that holds a UPN."""
    return x509.OtherName(_UPN, b"\x0c" + bytes([len(text)]) + text.encode())
