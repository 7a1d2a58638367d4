# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The vendor options of BIG-IP services, a closed list, what AS3 cannot carry, and how it names what it carries.

Names of AS3 objects are made of names of the model, and back: the same input gives the same name, and nothing is lost.
AS3 takes letters, digits, dots, dashes and underscores, 190 at most, a letter first and no dash last. An underscore
starts an escape here: _ and two hexadecimal digits stand for one byte of UTF-8.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, cast

from ..._base.errors import Problem, nearest, one_of, shown
from ..._base.libraries import jsonschema
from ..model import Service

LENGTH_MAXIMUM = 190
_PLAIN = re.compile(r"[0-9A-Za-z.-]")
_ESCAPE = re.compile(rb"_([0-9a-f]{2})")
PROFILES = {"tcp": "tcp_profile", "udp": "udp_profile", "fastl4": "l4_profile"}
"""Kind of profile -> the vendor option that names an existing one."""


def profile_kind(service: Service) -> str:
    """Return the kind of the profile that ends or forwards the service's connections: tcp, udp or fastl4."""
    return "fastl4" if service.options.get("fast_l4") and service.protocol == "tcp" else service.protocol


def own_profile(service: Service) -> str:
    """Return the path of the existing profile that the service uses, or an empty string."""
    return str(service.options.get(PROFILES[profile_kind(service)], ""))


def faults(services: Sequence[Service]) -> list[Problem]:
    """Return why AS3 cannot carry the services, all reasons of all of them."""
    return [
        *(problem for service in services for problem in _service_faults(service)),
        *_address_faults(services),
        *_affinity_faults(services),
    ]


def _service_faults(service: Service) -> Iterator[Problem]:
    place = f"service {service.name}"
    yield from _option_faults(place, service)
    if {"allow_vlans", "reject_vlans"} <= service.options.keys():
        yield Problem(place, "allow_vlans and reject_vlans exclude each other", fix="leave one of them out")
    seconds = service.monitor.interval_seconds * service.monitor.failures + 1
    if seconds > _MONITOR_SECONDS_MAXIMUM:
        yield Problem(
            place,
            f"its monitor would wait {seconds} s",
            allowed=f"at most {_MONITOR_SECONDS_MAXIMUM} s in all",
            fix="lower interval or failures",
        )
    if not 1 <= service.idle_seconds <= _IDLE_SECONDS_MAXIMUM:
        yield Problem(
            place, f"idle_seconds {service.idle_seconds}", allowed=f"1 to {_IDLE_SECONDS_MAXIMUM}", fix="correct it"
        )
    if len(encoded(Prefix.PERSIST, service.name)) > LENGTH_MAXIMUM:
        yield Problem(
            place,
            "its name is too long",
            allowed=f"{LENGTH_MAXIMUM} characters with prefix and escapes",
            fix="shorten it",
        )


def _option_faults(place: str, service: Service) -> Iterator[Problem]:
    for name, value in sorted(service.options.items()):
        if name not in OPTIONS:
            near = nearest(name, OPTIONS)
            yield Problem(
                place,
                f"{name} is no option of f5_as3",
                allowed=one_of(OPTIONS),
                fix=f"write {near}" if near else "leave it out",
            )
            continue
        for error in jsonschema.Draft202012Validator(OPTIONS[name]).iter_errors(cast(Any, value)):
            yield Problem(place, f"{name} cannot be {shown(value)}: {error.message}", fix="correct the value")


def applicable(service: Service) -> dict[str, object]:
    """Return the options that say something of this service; a pool gives its options to services of every kind.

    A profile belongs to one kind of service, fast_l4 to TCP, snat_pool to source NAT. Lists are in one order.
    """
    kind = profile_kind(service)
    void = {option for profile, option in PROFILES.items() if profile != kind}
    void |= set() if kind == "fastl4" else {"fast_l4"}
    void |= set() if service.source_nat else {"snat_pool"}
    return {name: _sort_lists(value) for name, value in service.options.items() if name not in void}


def _sort_lists(value: object) -> object:
    return sorted(map(str, value)) if isinstance(value, (list, tuple)) else value


def _address_faults(services: Iterable[Service]) -> Iterator[Problem]:
    """Yield the addresses that would have to be declared twice.

    One has one traffic group, and lives in one application.
    """
    groups: dict[tuple[str, object], set[tuple[str, object]]] = defaultdict(set)
    for service in services:
        groups[service.vip, service.options.get("route_domain")].add(
            (service.pool, service.options.get("traffic_group"))
        )
    for (vip, _domain), users in sorted(groups.items(), key=str):
        if len(users) > 1 and any(group for _pool, group in users):
            yield Problem(
                f"vip {vip}",
                "its services differ in pool or traffic_group",
                fix="give all services of the address one pool and one traffic_group",
            )


def _affinity_faults(services: Iterable[Service]) -> Iterator[Problem]:
    seconds: dict[tuple[str, str], set[int]] = defaultdict(set)
    for service in services:
        if service.persistence.group:
            seconds[service.pool, service.persistence.group].add(service.persistence.seconds)
    for (_pool, group), found in sorted(seconds.items()):
        if len(found) > 1:
            yield Problem(
                f"persistence group {group}",
                f"its services differ in seconds: {one_of(found)}",
                fix="give them one time",
            )


class Prefix(str, Enum):
    """What an object is, by the start of its name."""

    APPLICATION = "app-"
    SERVICE = "vs-"
    POOL = "pool-"
    AFFINITY = "affinity-"
    PERSIST = "persist-"
    ADDRESS = "va-"


def encoded(prefix: Prefix, text: str) -> str:
    """Return the name of an object for a name of the model."""
    name = "".join(sign if _PLAIN.fullmatch(sign) else _escape_sign(sign) for sign in text)
    return prefix.value + (name[:-1] + _escape_sign("-") if name.endswith("-") else name)


def decoded(prefix: Prefix, name: str) -> str | None:
    """Return the name of the model, None when the object does not carry the prefix."""
    if not name.startswith(prefix.value):
        return None
    bare = name[len(prefix.value) :].encode()
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), bare).decode("utf-8", "replace")


def _escape_sign(sign: str) -> str:
    return "".join(f"_{byte:02x}" for byte in sign.encode())


_PATH = {"type": "string", "pattern": "^/[^/ ]+(/[^/ ]+)+$"}
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "allow_vlans": {"type": "array", "items": _PATH, "minItems": 1},
    "reject_vlans": {"type": "array", "items": _PATH, "minItems": 1},
    "traffic_group": _PATH,
    "route_domain": {"type": "integer", "minimum": 0, "maximum": 65534},
    "snat_pool": _PATH,
    "fast_l4": {"type": "boolean"},
    "tcp_profile": _PATH,
    "udp_profile": _PATH,
    "l4_profile": _PATH,
}
"""Option -> JSON Schema of its value. Paths are of objects that are there already, for example /Common/vlan10."""
_MONITOR_SECONDS_MAXIMUM = 900
_IDLE_SECONDS_MAXIMUM = 86400
