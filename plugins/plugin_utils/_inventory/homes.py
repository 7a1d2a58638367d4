# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Readers of what a site says of its names: lync_home_pools and lync_extra_dns_records.

    {"*": {internal: pool01.contoso.com, external: edge01.contoso.com, sites: {oslo: {external: edge02.contoso.com}}}}
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._base.addresses import parse_address
from .._base.errors import shown
from .._catalogue.model import CATALOGUE_CLASSES, ROLES, SPECIAL_CLASSES
from .fields import At, Field, Record, choice, dns_name, known_items, read_record, text, texts
from .model import ExtraRecord, Home

_INTERNAL: Field[str | None] = Field("internal", dns_name, None)
_EXTERNAL: Field[str | None] = Field("external", dns_name, None)


def _read_site_homes(raw: object, at: At) -> Mapping[str, Home]:
    sites = list(raw) if isinstance(raw, Mapping) and all(isinstance(key, str) for key in raw) else []
    found = {}
    for site, value, place in known_items(raw, at, sites):
        record = read_record(value, place, (_INTERNAL, _EXTERNAL))
        found[site] = Home(record[_INTERNAL], record[_EXTERNAL])
    return found


_SITES: Field[Mapping[str, Home]] = Field("sites", _read_site_homes, {})


def read_home_pools(raw: object, at: At) -> Mapping[str, Home]:
    """Return the homes by SIP domain, or "*" for all."""
    if not isinstance(raw, Mapping):
        at.error(f"{shown(raw)} is not a mapping", "a mapping from SIP domains, or '*', to internal and external")
        return {}
    found = {}
    for domain, entry in raw.items():
        name = domain if domain == "*" else dns_name(domain, at)
        record = read_record(entry, at.key(domain), (_INTERNAL, _EXTERNAL, _SITES)) if name else Record({})
        found.update({name: Home(record[_INTERNAL], record[_EXTERNAL], record[_SITES])} if name else {})
    return found


_CLASS_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


def read_classes(raw: object, at: At) -> Mapping[str, tuple[str, ...]]:
    """Return the groups by class; a class has a name that no role and no class of the catalogue has."""
    if not isinstance(raw, Mapping):
        at.error(f"{shown(raw)} is not a mapping", "a mapping from classes to lists of groups")
        return {}
    found = {}
    for name, groups in raw.items():
        taken = {*ROLES, *SPECIAL_CLASSES, *CATALOGUE_CLASSES}
        if not isinstance(name, str) or not _CLASS_NAME.match(name) or name in taken:
            allowed = "lower case letters, digits and underscores, no name of a role or class of the catalogue"
            at.error(f"{shown(name)} cannot be the name of a class", allowed, "choose another name")
        else:
            found[name] = texts(groups, at.key(name))
    return found


def _read_seconds(raw: object, at: At) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 < raw < 2**31:
        return raw
    at.error(f"{shown(raw)} is not a time to live", "whole seconds, 1 or more")
    return 1


_POOL: Field[str] = Field("pool", dns_name, "")
_NAME: Field[str] = Field("name", dns_name, "")
_TYPE: Field[str] = Field("type", lambda raw, at: choice("a type", ("a", "aaaa", "srv", "cname"))(raw, at).upper(), "")
_VALUES: Field[tuple[str, ...]] = Field("values", texts, ())
_TTL: Field[int] = Field("ttl", _read_seconds, 300)
_ZONE: Field[str] = Field("zone", dns_name, "")
_VIEW: Field[str] = Field("view", choice("a view", ("internal", "external")), "internal")
_OF_RECORD: tuple[Field[object], ...] = (_POOL, _NAME, _TYPE, _VALUES, _TTL, _ZONE, _VIEW)


def read_extra_records(raw: object, at: At) -> tuple[ExtraRecord, ...]:
    """Return the records of a list, in its order."""
    if not isinstance(raw, (list, tuple)):
        at.error(f"{shown(raw)} is not a list", "a list of mappings")
        return ()
    return tuple(filter(None, (_read_extra_record(item, at.item(index)) for index, item in enumerate(raw))))


def _read_extra_record(raw: object, at: At) -> ExtraRecord | None:
    record = read_record(raw, at, _OF_RECORD)
    missing = [one.name for one in (_POOL, _NAME, _TYPE, _VALUES) if not record[one]]
    if missing and not record.bad:
        at.error(f"the record has no {', '.join(missing)}", "keys pool, name, type and values", "add it")
    if missing or record.bad:
        return None
    for value in record[_VALUES]:
        _check_value(record[_TYPE], value, at.key("values"))
    return ExtraRecord(
        record[_POOL], record[_NAME], record[_TYPE], record[_VALUES], record[_VIEW], record[_ZONE], record[_TTL]
    )


def _check_value(kind: str, value: str, at: At) -> None:
    if kind in ("A", "AAAA"):
        family = 4 if kind == "A" else 6
        if _family_of(value) != family:
            at.error(f"{shown(value)} is not a value of type {kind}", f"IPv{family} addresses")
        return
    *numbers, name = value.split(" ")
    if len(numbers) != (3 if kind == "SRV" else 0) or not all(number.isdecimal() for number in numbers):
        at.error(f"{shown(value)} is not a value of type {kind}", "priority weight port NAME of SRV, NAME of CNAME")
    else:
        text(dns_name(name, at) or "-", at)


def _family_of(value: str) -> int:
    try:
        return parse_address(value).version
    except ValueError:
        return 0
