# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options that the modules of load balancers share: their lists, and services, read and checked.

A service of a plan file has a list of members per state (members, backup_members, ...); here each member has its
state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from .._base.addresses import parse_address
from .._base.errors import InvalidInputError, Problem, nearest, one_of, shown
from .._base.libraries import jsonschema
from .._base.untyped import plan_validator
from .changes import STATES
from .model import Member, MemberDown, MemberState, Monitor, Persistence, PersistenceKind, Service

Spec = Mapping[str, Mapping[str, Any]]
STATE: Spec = {"state": {"type": "str", "choices": [state.value for state in STATES], "default": "replaced"}}
SERVICES: Spec = {
    "services": {"type": "list", "elements": "dict", "default": []},
    "running_config": {"type": "str"},
    **STATE,
}
CONNECTION: Spec = {
    "host": {"type": "str"},
    "port": {"type": "int", "default": 443},
    "user": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "token": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca": {"type": "path"},
    "timeout": {"type": "int", "default": 30},
}
_LISTS = {
    "members": MemberState.ACTIVE,
    "backup_members": MemberState.BACKUP,
    "draining_members": MemberState.DRAINING,
    "disabled_members": MemberState.DISABLED,
}
# What services of a plan file always have, and those of a task need not.
_UNSAID: Mapping[str, object] = {
    "pool": "",
    "rows": ["none"],
    **{name: [] for name in _LISTS if name != "members"},
    "balancers": [],
    "options": {},
}


def read_services(items: Sequence[Mapping[str, object]]) -> tuple[Service, ...]:
    """Return the services of an option, sorted by name; raises InvalidInputError with every problem of all of them."""
    problems = [problem for index, item in enumerate(items) for problem in _check_service(index, item)]
    if problems:
        raise InvalidInputError(problems)
    found = tuple(sorted(map(_build_service, items), key=lambda service: service.name))
    sockets = [f"{service.protocol} {service.vip} port {service.port}" for service in found]
    problems = [*_check_repeats([service.name for service in found]), *_check_repeats(sockets)]
    if problems:
        raise InvalidInputError(problems)
    return found


def _check_service(index: int, item: Mapping[str, object]) -> list[Problem]:
    place = f"services[{index}] {item.get('name', '')}".rstrip()
    errors = plan_validator("virtual_service").iter_errors(cast(Any, {**_UNSAID, **item}))
    found = [Problem(place, f"{error.json_path}: {error.message}", fix="correct the service") for error in errors]
    return found or [
        Problem(place, str(error), fix="write one address")
        for text in [item["vip"], *(address for name in _LISTS for address in _member_texts(item, name))]
        for error in _address_errors(str(text))
    ]


def _address_errors(text: str) -> list[ValueError]:
    try:
        parse_address(text)
    except ValueError as error:
        return [error]
    return []


def _check_repeats(keys: Sequence[str]) -> list[Problem]:
    counts = Counter(keys)
    twins = ((key, count) for key, count in sorted(counts.items()) if count > 1)
    return [Problem("services", f"{key} is there {count} times", fix="leave one") for key, count in twins]


def _member_texts(item: Mapping[str, object], name: str) -> list[str]:
    return [str(text) for text in cast("Sequence[object]", item.get(name, ()))]


def _build_service(item: Mapping[str, object]) -> Service:
    """Return the service of a mapping that keeps the schema."""
    values: Any = item
    members = (
        Member(_canonical_address(address), state)
        for name, state in _LISTS.items()
        for address in _member_texts(item, name)
    )
    monitor, persistence = values["monitor"], values["persistence"]
    return Service(
        name=values["name"],
        pool=values.get("pool", ""),
        vip=_canonical_address(values["vip"]),
        port=values["port"],
        protocol=values["protocol"],
        node_port=values["node_port"],
        members=tuple(sorted(members)),
        monitor=Monitor(monitor["port"], monitor["interval_seconds"], monitor["failures"], monitor["type"]),
        persistence=Persistence(
            kind=PersistenceKind(persistence["type"]),
            seconds=persistence.get("seconds", 0),
            cookie=persistence.get("name", ""),
            group=persistence.get("group", ""),
        ),
        idle_seconds=values["idle_seconds"],
        source_nat=values["source_nat"],
        nagle=values["nagle"],
        algorithm=values["algorithm"],
        member_down=MemberDown(values.get("member_down", Service.member_down)),
        options=values.get("options", {}),
    )


def _canonical_address(text: str) -> str:
    return str(parse_address(text))


def vendor_option_problems(
    place: str, options: Mapping[str, object], known: Mapping[str, Mapping[str, object]], drivers: Sequence[str]
) -> Iterator[Problem]:
    """Yield what is wrong with vendor options; known: option -> JSON Schema of its value, drivers: whose they are."""
    for name, value in options.items():
        if name not in known:
            allowed, near = one_of(known) or "none", nearest(name, known)
            message = f"{shown(name)} is not an option of {' or '.join(drivers) or 'any driver'}"
            yield Problem(f"{place}.{name}", message, allowed, f"write {near}" if near else "remove it")
            continue
        for error in jsonschema.Draft202012Validator(known[name]).iter_errors(value):
            message = f"{shown(value)} cannot be used: {error.message}"
            yield Problem(f"{place}.{name}", message, fix="correct the value")
