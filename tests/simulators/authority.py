# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A company's certificate authority: certificates of servers by their names, and of a client for one account.

authority = Authority(folder)
authority.file                                            what clients trust
authority.server("fe01.fabrikam.com", "192.168.1.11")     certificate and key in one file
authority.client("svc-lync@localhost")                    certificate and key of somebody who logs in
"""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .winrm_auth import principal_name

_DAY = datetime.timedelta(days=1)
_SIGNS = x509.KeyUsage(
    digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
)  # fmt: skip


class Authority:
    """The authority and the files that it has made, below a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self.file = folder, folder / "authority.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of the lab")])
        self._identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        root = (
            self._builder(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_SIGNS, critical=True)
            .add_extension(self._identifier, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.file.write_bytes(root.public_bytes(serialization.Encoding.PEM))

    def server(self, *names: str) -> Path:
        """Return a file with the certificate of a server for names and addresses, and its key."""
        entries = [_general_name(name) for name in names]
        return self._signed(names[0], x509.SubjectAlternativeName(entries), ExtendedKeyUsageOID.SERVER_AUTH)

    def client(self, account: str) -> Path:
        """Return a file with a certificate that holds an account's name, and its key."""
        entry = x509.SubjectAlternativeName([principal_name(account)])
        return self._signed(account, entry, ExtendedKeyUsageOID.CLIENT_AUTH)

    def _signed(self, name: str, alternative: x509.SubjectAlternativeName, use: x509.ObjectIdentifier) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signed_by = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self._identifier)
        certificate = (
            self._builder(subject, key.public_key())
            .add_extension(alternative, critical=False)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
            .add_extension(signed_by, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        path = self._folder / f"{name}.pem"
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
        path.write_bytes(private + certificate.public_bytes(pem))
        return path

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.timezone.utc)
        named = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
        numbered = named.serial_number(x509.random_serial_number())
        return numbered.not_valid_before(now - _DAY).not_valid_after(now + _DAY)


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
