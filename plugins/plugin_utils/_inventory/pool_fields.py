# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an entry of lync_pools may hold, key by key.

    pool01.contoso.com: {role: frontend, load_balancing: hlb, balancer: lb01, vip: 10.1.0.100}

Load balancing and balancer are read per side, "internal" and "external"; one value stands for both sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .._base.addresses import AddressSet
from .._base.errors import shown
from .._base.names import is_name
from .._catalogue.model import EDGE_SERVICES
from .fields import (
    At,
    Field,
    Reader,
    Record,
    T,
    addresses,
    choice,
    dns_name,
    mapping_of,
    port,
    raw_mapping,
    read_record,
    text,
    texts,
)
from .model import Method, SqlServer, Tls

SIDES = ("internal", "external")
_WEB_ROLES = ("frontend", "directors")
_WEB_NAME_ROLES = (*_WEB_ROLES, "standard_edition")
# Keys that only pools of these roles have; every other key is for all.
ROLES_OF_KEY = {
    "external_vips": ("edge",),
    "external_fqdns": ("edge",),
    "web_vip": _WEB_ROLES,
    "external_web_vip": _WEB_ROLES,
    "web_fqdn": _WEB_NAME_ROLES,
    "external_web_fqdn": _WEB_NAME_ROLES,
    "tls": _WEB_NAME_ROLES,
    "backup_pool": ("frontend", "standard_edition"),
}


def _per_side(read: Reader[T]) -> Reader[Mapping[str, T]]:
    """Return a reader of a mapping by side; a single value is read once and stands for both sides."""

    def _read(raw: object, at: At) -> Mapping[str, T]:
        return mapping_of(SIDES, read)(raw, at) if isinstance(raw, Mapping) else dict.fromkeys(SIDES, read(raw, at))

    return _read


def _read_method(raw: object, at: At) -> Method:
    return Method(choice("a load balancing method", [method.value for method in Method])(raw, at))


_HOSTS: Field[tuple[str, ...]] = Field("hosts", texts, ())
_PORT: Field[int] = Field("port", port, 1433)


def _read_sql(raw: object, at: At) -> SqlServer | None:
    record = _hosts_record(raw, at, _HOSTS, _PORT)
    return SqlServer(record[_HOSTS], record[_PORT])


def _file_share(raw: object, at: At) -> tuple[str, ...]:
    return _hosts_record(raw, at, _HOSTS)[_HOSTS]


def _hosts_record(raw: object, at: At, *fields: Field[object]) -> Record:
    record = read_record(raw, at, fields)
    if isinstance(raw, Mapping) and record.good(_HOSTS) and not record[_HOSTS]:
        at.error(f"{shown(raw)} names no hosts", "names of the inventory", "add hosts: [NAME]")
    return record


_TLS_MODES = ("passthrough", "bridge")


def _read_proxy_path(raw: object, at: At) -> str:
    if isinstance(raw, str) and is_name("path", raw):
        return raw
    at.error(f"{shown(raw)} is not an absolute path", "a path on the proxy, without blanks, quotes and ..")
    return ""


_MODE: Field[str] = Field("mode", choice("a mode of TLS", _TLS_MODES), "passthrough")
_CERTIFICATE: Field[str] = Field("certificate", _read_proxy_path, "")
_CA: Field[str] = Field("ca", _read_proxy_path, "")


def _read_tls(raw: object, at: At) -> Tls:
    record = read_record(raw, at, (_MODE, _CERTIFICATE, _CA))
    for needed in (_CERTIFICATE, _CA):
        if record.good(_MODE) and record[_MODE] == "bridge" and not record.has(needed):
            at.error(
                f"mode bridge has no {needed.name}", "a path on the proxy", f"add {needed.name}, or use passthrough"
            )
        if record.good(_MODE) and record[_MODE] == "passthrough" and record.has(needed):
            at.key(needed.name).error(
                "mode passthrough shows the member's certificate and uses none here",
                fix="remove it, or use mode bridge",
            )
    return Tls(record[_MODE], record[_CERTIFICATE], record[_CA])


ROLE: Field[str] = Field("role", text, "")
LOAD_BALANCING: Field[Mapping[str, Method]] = Field("load_balancing", _per_side(_read_method), {})
BALANCER: Field[Mapping[str, tuple[str, ...]]] = Field("balancer", _per_side(texts), {})
VIP = Field("vip", addresses, AddressSet())
WEB_VIP = Field("web_vip", addresses, AddressSet())
EXTERNAL_VIPS: Field[Mapping[str, AddressSet]] = Field("external_vips", mapping_of(EDGE_SERVICES, addresses), {})
EXTERNAL_WEB_VIP = Field("external_web_vip", addresses, AddressSet())
WEB_FQDN: Field[str | None] = Field("web_fqdn", dns_name, None)
EXTERNAL_WEB_FQDN: Field[str | None] = Field("external_web_fqdn", dns_name, None)
EXTERNAL_FQDNS: Field[Mapping[str, str]] = Field("external_fqdns", mapping_of(EDGE_SERVICES, dns_name), {})
MONITORING_PORT: Field[int | None] = Field("monitoring_port", port, None)
BACKUP_POOL: Field[str | None] = Field("backup_pool", dns_name, None)
SQL: Field[SqlServer | None] = Field("sql", _read_sql, None)
FILE_SHARE: Field[tuple[str, ...]] = Field("file_share", _file_share, ())
VENDOR: Field[Mapping[str, object]] = Field("vendor", raw_mapping, {})
SITE: Field[str | None] = Field("site", text, None)
TLS: Field[Tls] = Field("tls", _read_tls, Tls())

POOL_FIELDS: tuple[Field[object], ...] = (
    ROLE, LOAD_BALANCING, BALANCER, VIP, WEB_VIP, EXTERNAL_VIPS, EXTERNAL_WEB_VIP, WEB_FQDN, EXTERNAL_WEB_FQDN,
    EXTERNAL_FQDNS,
    MONITORING_PORT, BACKUP_POOL, SQL, FILE_SHARE, VENDOR, SITE, TLS,
)  # fmt: skip


def read_pools(raw: object, at: At) -> Mapping[str, Record]:
    """Return the entries of lync_pools by name; faults of an entry stand at "pool NAME, KEY"."""
    if not isinstance(raw, Mapping):
        at.error(f"{shown(raw)} is not a mapping", "a mapping from pool names to their settings")
        return {}
    records = {}
    for raw_name, entry in raw.items():
        name = dns_name(raw_name, replace(at, place=f"{at.place}, name of a pool"))
        if name:
            records[name] = read_record(
                {} if entry is None else entry, At(f"pool {name}", at.faults, ", "), POOL_FIELDS
            )
    return records
