# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option publications of msuc.lync.publications, read and checked: publications as plan files have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from .._base.addresses import parse_address
from .._base.errors import InvalidInputError, Problem
from .._load_balancers.model import Member, MemberState
from .._plan.files import validator
from .model import Publication, TlsMode

_SERVES = (MemberState.ACTIVE, MemberState.BACKUP)


def read_publications(items: Sequence[Mapping[str, object]]) -> tuple[Publication, ...]:
    """Return the publications of an option, sorted by name; raises InvalidInputError with every problem of all of them."""
    problems = [problem for index, item in enumerate(items) for problem in _faults(index, item)]
    if problems:
        raise InvalidInputError(problems)
    found = tuple(sorted(map(_publication, items), key=lambda publication: publication.name))
    problems = [*_twins(found), *_strange_ports(found)]
    if problems:
        raise InvalidInputError(problems)
    return found


def _faults(index: int, item: Mapping[str, object]) -> Iterator[Problem]:
    place = f"publications[{index}] {item.get('name', '')}".rstrip()
    errors = list(validator("publication").iter_errors(cast(Any, item)))
    yield from (Problem(place, f"{error.json_path}: {error.message}", fix="correct the publication") for error in errors)
    if errors:
        return
    values: Any = item
    for text in [*values["listens"], *(member["address"] for member in values["members"])]:
        try:
            parse_address(text)
        except ValueError as error:
            yield Problem(place, str(error), fix="write one address")
    if values["mode"] == TlsMode.BRIDGE and not (values["certificate"] and values["ca"]):
        yield Problem(place, "mode bridge needs certificate and ca", "paths on the proxy", "name both, or use passthrough")


def _publication(item: Mapping[str, object]) -> Publication:
    """Return the publication of a mapping that keeps the schema; what passes through has no certificate of the proxy."""
    values: Any = dict(item)
    bridged = values["mode"] == TlsMode.BRIDGE
    read = {
        "host_names": tuple(sorted({name.lower() for name in values["host_names"]})),
        "listens": tuple(sorted({str(parse_address(text)) for text in values["listens"]})),
        "members": tuple(sorted(Member(str(parse_address(each["address"])), MemberState(each["state"])) for each in values["members"])),
        "mode": TlsMode(values["mode"]),
        "certificate": values["certificate"] if bridged else "",
        "ca": values["ca"] if bridged else "",
    }
    return Publication(**{**values, **read})


def _twins(found: Sequence[Publication]) -> Iterator[Problem]:
    """Yield names that are there twice: of publications, and of hosts at one address."""
    names: dict[tuple[str, ...], str] = {}
    for index, each in enumerate(found):
        if any(other.name == each.name for other in found[:index]):
            yield Problem("publications", f"{each.name} is there twice", fix="leave one")
        for key in ((address, name) for address in each.listens for name in each.host_names):
            other = names.setdefault(key, each.name)
            if other != each.name:
                yield Problem(f"publication {each.name}", f"{key[1]} is published at {key[0]} by {other} too", "one publication for a name", "leave one")


def _strange_ports(found: Sequence[Publication]) -> Iterator[Problem]:
    """Yield ports that differ between publications of one address, which listens once for all of them, and HTTPS where HTTP is."""
    seen: dict[str, Publication] = {}
    for each in found:
        if each.https_port == each.http_port:
            yield Problem(f"publication {each.name}", f"HTTPS and HTTP have port {each.http_port}", "two ports", "correct one")
        for address in each.listens:
            first = seen.setdefault(address, each)
            if (first.https_port, first.http_port, first.idle_seconds) != (each.https_port, each.http_port, each.idle_seconds):
                message = f"ports or idle_seconds at {address} are others than those of {first.name}"
                yield Problem(f"publication {each.name}", message, "the same for all at one address", "correct one")


def serves(publication: Publication) -> bool:
    """Return whether somebody takes the traffic of a publication."""
    return any(member.state in _SERVES for member in publication.members)
