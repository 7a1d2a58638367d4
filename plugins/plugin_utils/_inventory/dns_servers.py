# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The entries of lync_dns_servers, key by key.

    {address: 10.1.0.93, zones: [contoso.com], key_name: lync, key_secret: "{{ vault_dns_key }}"}
    {address: 10.1.0.7, zones: [contoso.com], kerberos_server: dc01.contoso.com,
     kerberos_principal: svc-lync-dns@CONTOSO.COM, kerberos_password: "{{ vault_dns_password }}"}

The first server of a zone takes its records; the others only answer. A secret is never shown, whatever is wrong with
it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from .._base.errors import shown
from .fields import At, Field, Record, address, choice, dns_name, dns_names, port, read_record, text
from .model import DnsServer, KerberosLogin

# RFC 8945 section 6, but for MD5, which it forbids to rely on, and the truncated ones, which BIND does not send.
ALGORITHMS = ("hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512")
VIEWS = ("internal", "external")
DNS_PORT = 53


def _read_secret(raw: object, at: At) -> str:
    """Return a secret as its base64 text; a vaulted value that nobody has read yet is taken as it is, as no text."""
    if raw is None or isinstance(raw, (bool, int, float, list, tuple, Mapping)):
        at.error("the secret is not a text", "the secret of the TSIG key in base64, as tsig-keygen prints it")
        return ""
    if not isinstance(raw, str):
        return ""
    if "{{" in raw:
        return text(raw, at)
    try:
        is_secret = bool(base64.b64decode(raw.strip(), validate=True))
    except (binascii.Error, ValueError):
        is_secret = False
    if not is_secret:
        at.error("the secret is not base64", "the secret of the TSIG key in base64, as tsig-keygen prints it")
    return raw.strip()


def _read_password(raw: object, at: At) -> str:
    """Return a password as it is, blanks and all; one that nobody has read yet as no text."""
    if raw is None or raw == "" or isinstance(raw, (bool, int, float, list, tuple, Mapping)):
        at.error("the password is not a text", "the password of the domain account, in a vault, in quotation marks")
    return raw if isinstance(raw, str) else ""


def _read_principal(raw: object, at: At) -> str:
    plain = text(raw, at)
    name, _at, realm = plain.rpartition("@")
    if plain and not (name and realm and not any(letter.isspace() for letter in plain)):
        at.error(
            f"{shown(plain)} is not a Kerberos principal",
            "an account and its realm, as svc-lync-dns@CONTOSO.COM",
            "add the realm: of Active Directory the name of the domain in capital letters",
        )
    return plain


ADDRESS: Field[str] = Field("address", address, "")
ZONES: Field[tuple[str, ...]] = Field("zones", dns_names, ())
VIEW: Field[str] = Field("view", choice("a view", VIEWS), "internal")
PORT: Field[int] = Field("port", port, DNS_PORT)
KEY_NAME: Field[str | None] = Field("key_name", dns_name, None)
KEY_ALGORITHM: Field[str] = Field("key_algorithm", choice("an algorithm of TSIG", ALGORITHMS), "hmac-sha256")
KEY_SECRET: Field[str] = Field("key_secret", _read_secret, "")
KERBEROS_PRINCIPAL: Field[str] = Field("kerberos_principal", _read_principal, "")
KERBEROS_PASSWORD: Field[str] = Field("kerberos_password", _read_password, "")
KERBEROS_KEYTAB: Field[str] = Field("kerberos_keytab", text, "")
KERBEROS_SERVER: Field[str] = Field("kerberos_server", dns_name, "")
WINDOWS_HOST: Field[str | None] = Field("windows_host", text, None)
_KERBEROS = (KERBEROS_PRINCIPAL, KERBEROS_PASSWORD, KERBEROS_KEYTAB, KERBEROS_SERVER)
SERVER_FIELDS: tuple[Field[object], ...] = (
    ADDRESS,
    ZONES,
    VIEW,
    PORT,
    KEY_NAME,
    KEY_ALGORITHM,
    KEY_SECRET,
    *_KERBEROS,
    WINDOWS_HOST,
)


def read_dns_servers(raw: object, at: At) -> tuple[DnsServer, ...]:
    """Return the entries of lync_dns_servers in their order."""
    if not isinstance(raw, (list, tuple)):
        at.error(f"a {type(raw).__name__} is not a list", "a list of mappings")
        return ()
    return tuple(_read_dns_server(entry, at.item(index)) for index, entry in enumerate(raw))


def _read_dns_server(raw: object, at: At) -> DnsServer:
    if not isinstance(raw, Mapping):
        at.error(
            f"a {type(raw).__name__} is not a mapping",
            f"a mapping with keys of: {', '.join(field.name for field in SERVER_FIELDS)}",
        )
        return DnsServer("", ())
    record = read_record(raw, at, SERVER_FIELDS)
    _check_keys(record, at)
    return DnsServer(
        address=record[ADDRESS],
        zones=tuple(zone.lower() for zone in record[ZONES]),
        view=record[VIEW],
        port=record[PORT],
        key_name=record[KEY_NAME],
        key_algorithm=record[KEY_ALGORITHM],
        key_secret=record[KEY_SECRET],
        windows_host=record[WINDOWS_HOST],
        kerberos=_kerberos_login(record) if any(record.has(one) for one in _KERBEROS) else None,
    )


def _kerberos_login(record: Record) -> KerberosLogin:
    return KerberosLogin(
        record[KERBEROS_PRINCIPAL],
        record[KERBEROS_SERVER].lower(),
        record[KERBEROS_PASSWORD],
        record[KERBEROS_KEYTAB],
    )


def _check_keys(record: Record, at: At) -> None:
    """Note keys that are missing and keys that exclude each other."""
    for needed in (ADDRESS, ZONES):
        if not record.has(needed):
            at.error(f"the server has no {needed.name}", fix=f"add {needed.name}")
    if record.has(KEY_NAME) != record.has(KEY_SECRET):
        missing = KEY_SECRET if record.has(KEY_NAME) else KEY_NAME
        at.error(f"the TSIG key has no {missing.name}", "key_name and key_secret, or neither", f"add {missing.name}")
    _check_kerberos(record, at)
    ways = {
        "windows_host": record.has(WINDOWS_HOST),
        "a TSIG key": record.has(KEY_NAME) or record.has(KEY_SECRET),
        "a domain account": any(record.has(one) for one in _KERBEROS),
    }
    given = [way for way, is_given in ways.items() if is_given]
    if len(given) > 1:
        at.error(
            f"the server has {' and '.join(given)}, and is written in one way only",
            "one of them",
            "for a zone of Active Directory keep windows_host or the keys kerberos_*, else the TSIG key",
        )


def _check_kerberos(record: Record, at: At) -> None:
    """Note what a domain account lacks: who it is, who the server is, and one thing that proves it."""
    if not any(record.has(one) for one in _KERBEROS):
        return
    for needed in (KERBEROS_PRINCIPAL, KERBEROS_SERVER):
        if not record.has(needed):
            at.error(f"the domain account has no {needed.name}", fix=f"add {needed.name}")
    if record.has(KERBEROS_PASSWORD) == record.has(KERBEROS_KEYTAB):
        count = "both" if record.has(KERBEROS_PASSWORD) else "neither"
        at.error(
            f"the domain account has {count} of kerberos_password and kerberos_keytab",
            "one of the two",
            "keep one" if count == "both" else "add one",
        )
