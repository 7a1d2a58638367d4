# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The entries of lync_dns_servers, key by key.

    {address: 10.1.0.93, zones: [contoso.com], key_name: lync, key_secret: "{{ vault_dns_key }}"}

The first server of a zone takes its records; the others only answer. A secret is never shown, whatever is wrong with
it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from .fields import At, Field, Record, address, choice, dns_name, dns_names, port, read_record, text
from .model import DnsServer

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


ADDRESS: Field[str] = Field("address", address, "")
ZONES: Field[tuple[str, ...]] = Field("zones", dns_names, ())
VIEW: Field[str] = Field("view", choice("a view", VIEWS), "internal")
PORT: Field[int] = Field("port", port, DNS_PORT)
KEY_NAME: Field[str | None] = Field("key_name", dns_name, None)
KEY_ALGORITHM: Field[str] = Field("key_algorithm", choice("an algorithm of TSIG", ALGORITHMS), "hmac-sha256")
KEY_SECRET: Field[str] = Field("key_secret", _read_secret, "")
WINDOWS_HOST: Field[str | None] = Field("windows_host", text, None)
SERVER_FIELDS: tuple[Field[object], ...] = (
    ADDRESS,
    ZONES,
    VIEW,
    PORT,
    KEY_NAME,
    KEY_ALGORITHM,
    KEY_SECRET,
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
    )


def _check_keys(record: Record, at: At) -> None:
    """Note keys that are missing and keys that exclude each other."""
    for needed in (ADDRESS, ZONES):
        if not record.has(needed):
            at.error(f"the server has no {needed.name}", fix=f"add {needed.name}")
    if record.has(KEY_NAME) != record.has(KEY_SECRET):
        missing = KEY_SECRET if record.has(KEY_NAME) else KEY_NAME
        at.error(f"the TSIG key has no {missing.name}", "key_name and key_secret, or neither", f"add {missing.name}")
    if record.has(WINDOWS_HOST) and (record.has(KEY_NAME) or record.has(KEY_SECRET)):
        message = "the server has windows_host and a TSIG key, and zones of Active Directory take no TSIG"
        at.error(
            message, "one of the two", "remove the key, or windows_host where the zone is not one of Active Directory"
        )
