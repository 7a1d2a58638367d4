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
    boolean,
    choice,
    dns_name,
    mapping_of,
    port,
    raw_mapping,
    raw_mappings,
    read_record,
    text,
    texts,
)
from .model import Method, SqlListener, SqlServer, Tls

SIDES = ("internal", "external")
_WEB_ROLES = ("frontend", "directors")
_WEB_NAME_ROLES = (*_WEB_ROLES, "standard_edition", "office_web_apps")
# Keys that only pools of these roles have; every other key is for all.
ROLES_OF_KEY = {
    "external_vips": ("edge",),
    "external_fqdns": ("edge",),
    "web_vip": _WEB_ROLES,
    "external_web_vip": _WEB_ROLES,
    "external_web_nat_vip": (*_WEB_ROLES, "reverse_proxy"),
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
_NAME: Field[str] = Field("name", dns_name, "")
_ADDRESS = Field("address", addresses, AddressSet())


def _read_listener(raw: object, at: At) -> SqlListener | None:
    record = read_record(raw, at, (_NAME, _ADDRESS, _PORT))
    for needed in (_NAME, _ADDRESS):
        if isinstance(raw, Mapping) and not record.has(needed):
            at.error(f"the listener has no {needed.name}", "keys name, address, port", f"add {needed.name}")
    return SqlListener(record[_NAME], record[_ADDRESS], record[_PORT])


_INSTANCE: Field[str] = Field("instance", text, "")
_MIRROR: Field[str | None] = Field("mirror", text, None)
_MIRROR_PORT: Field[int] = Field("mirror_port", port, 5022)
_WITNESS: Field[str | None] = Field("witness", text, None)
_WITNESS_PORT: Field[int] = Field("witness_port", port, 7022)
_LISTENER: Field[SqlListener | None] = Field("listener", _read_listener, None)
_REPORTS: Field[bool] = Field("reports", boolean, False)
_OF_SQL: tuple[Field[object], ...] = (
    _HOSTS, _PORT, _INSTANCE, _MIRROR, _MIRROR_PORT, _WITNESS, _WITNESS_PORT, _LISTENER, _REPORTS,
)  # fmt: skip


def _read_sql(raw: object, at: At) -> SqlServer | None:
    record = _hosts_record(raw, at, *_OF_SQL)
    if record.has(_WITNESS) and not record.has(_MIRROR):
        at.key("witness").error("there is a witness and no mirror", "a witness of two copies", "name the mirror")
    if record.has(_LISTENER) and record.has(_MIRROR):
        at.error("mirror and listener exclude each other", "mirroring, or AlwaysOn with its listener", "remove one")
    if record[_INSTANCE] and not record.has(_PORT):
        fix = "give the instance a fixed port, and write port"
        at.key("instance").warn("a named instance has a port of its own, and 1433 is opened", fix)
    return SqlServer(
        hosts=record[_HOSTS],
        port=record[_PORT],
        instance=record[_INSTANCE],
        mirror=record[_MIRROR],
        mirror_port=record[_MIRROR_PORT],
        witness=record[_WITNESS],
        witness_port=record[_WITNESS_PORT],
        listener=record[_LISTENER],
        reports=record[_REPORTS],
    )


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
EXTERNAL_WEB_NAT_VIP = Field("external_web_nat_vip", addresses, AddressSet())
WEB_FQDN: Field[str | None] = Field("web_fqdn", dns_name, None)
EXTERNAL_WEB_FQDN: Field[str | None] = Field("external_web_fqdn", dns_name, None)
EXTERNAL_FQDNS: Field[Mapping[str, str]] = Field("external_fqdns", mapping_of(EDGE_SERVICES, dns_name), {})
MONITORING_PORT: Field[int | None] = Field("monitoring_port", port, None)
BACKUP_POOL: Field[str | None] = Field("backup_pool", dns_name, None)
SQL: Field[SqlServer | None] = Field("sql", _read_sql, None)
FILE_SHARE: Field[tuple[str, ...]] = Field("file_share", _file_share, ())
VENDOR: Field[Mapping[str, object]] = Field("vendor", raw_mapping, {})
SITE: Field[str | None] = Field("site", text, None)
ROW_OVERRIDES: Field[tuple[Mapping[str, object], ...]] = Field("row_overrides", raw_mappings, ())
TLS: Field[Tls] = Field("tls", _read_tls, Tls())

POOL_FIELDS: tuple[Field[object], ...] = (
    ROLE, LOAD_BALANCING, BALANCER, VIP, WEB_VIP, EXTERNAL_VIPS, EXTERNAL_WEB_VIP, EXTERNAL_WEB_NAT_VIP, WEB_FQDN,
    EXTERNAL_WEB_FQDN, EXTERNAL_FQDNS,
    MONITORING_PORT, BACKUP_POOL, SQL, FILE_SHARE, VENDOR, SITE, TLS, ROW_OVERRIDES,
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
