# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a reverse proxy publishes: names of a pool's external web services, and where their traffic goes.

    Publication(
        name="pool01.contoso.com", host_names=("meet.contoso.com", "webext01.contoso.com"), listens=("203.0.113.31",),
        members=(Member("10.1.0.101"),), mode=TlsMode.BRIDGE,
        certificate="/etc/ssl/lync/webext01.pem", ca="/etc/ssl/lync/ca.pem",
    )

HTTPS goes by the name in the client's TLS greeting, HTTP by its Host header; a name that nobody publishes is refused.
Two publications are the same configuration exactly when they are equal: host names are in lower case and sorted,
members and addresses too.

A driver spells publications as one program reads them:

    driver.parse(driver.render(publications)) == [driver.expressible(each) for each in publications]    # the law
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, cast

from .._base.addresses import parse_address
from .._base.errors import InvalidInputError, Problem, shown
from .._base.names import name_problems
from .._base.untyped import plan_validator
from .._load_balancers.driver import NotRendered
from .._load_balancers.model import Member, MemberState

IDLE_SECONDS = 1800


class TlsMode(str, Enum):
    """What becomes of the client's TLS.

    PASSTHROUGH leaves it to the member, BRIDGE ends it here and begins another one to the member.
    """

    PASSTHROUGH = "passthrough"
    BRIDGE = "bridge"


@dataclass(frozen=True)
class Publication:
    """One pool's web services on a reverse proxy.

    name: of the pool. listens: addresses of the proxy. members: addresses that take the traffic, a pool's virtual
    address or its members. https_port and http_port are the proxy's, the node ports are the members'. certificate: of
    BRIDGE, path on the proxy of a PEM file with key, certificate and chain. ca: of BRIDGE, path of the authorities
    that members are verified against. Both are referenced and never made.
    """

    name: str
    host_names: tuple[str, ...]
    listens: tuple[str, ...]
    members: tuple[Member, ...]
    https_port: int = 443
    https_node_port: int = 4443
    http_port: int = 80
    http_node_port: int = 8080
    mode: TlsMode = TlsMode.PASSTHROUGH
    certificate: str = ""
    ca: str = ""
    idle_seconds: int = IDLE_SECONDS

    @property
    def sockets(self) -> tuple[tuple[str, int], ...]:
        """Return the addresses and ports that it listens on."""
        return tuple((address, port) for address in self.listens for port in (self.https_port, self.http_port))


def read_publications(items: Sequence[Mapping[str, object]]) -> tuple[Publication, ...]:
    """Return the publications of an option, sorted by name.

    Raises InvalidInputError with every problem of all of them.
    """
    problems = [problem for index, item in enumerate(items) for problem in _check_publication(index, item)]
    if problems:
        raise InvalidInputError(problems)
    found = tuple(sorted(map(_build_publication, items), key=lambda publication: publication.name))
    problems = [*_check_published_twice(found), *_strange_ports(found)]
    if problems:
        raise InvalidInputError(problems)
    return found


def _check_publication(index: int, item: Mapping[str, object]) -> Iterator[Problem]:
    place = f"publications[{index}] {item.get('name', '')}".rstrip()
    errors = list(plan_validator("publication").iter_errors(cast(Any, item)))
    yield from (
        Problem(place, f"{error.json_path}: {error.message}", fix="correct the publication") for error in errors
    )
    if errors:
        return
    values: Any = item
    for text in [*values["listens"], *(member["address"] for member in values["members"])]:
        try:
            parse_address(text)
        except ValueError as error:
            yield Problem(place, str(error), fix="write one address")
    if values["mode"] == TlsMode.BRIDGE and not (values["certificate"] and values["ca"]):
        yield Problem(
            place, "mode bridge needs certificate and ca", "paths on the proxy", "name both, or use passthrough"
        )


def _build_publication(item: Mapping[str, object]) -> Publication:
    """Return the publication of a mapping of the schema; what passes through has no certificate of the proxy."""
    values: Any = dict(item)
    bridged = values["mode"] == TlsMode.BRIDGE
    read = {
        "host_names": tuple(sorted({name.lower() for name in values["host_names"]})),
        "listens": tuple(sorted({str(parse_address(text)) for text in values["listens"]})),
        "members": tuple(
            sorted(
                Member(str(parse_address(each["address"])), MemberState(each["state"])) for each in values["members"]
            )
        ),
        "mode": TlsMode(values["mode"]),
        "certificate": values["certificate"] if bridged else "",
        "ca": values["ca"] if bridged else "",
    }
    return Publication(**{**values, **read})


def _check_published_twice(found: Sequence[Publication]) -> Iterator[Problem]:
    """Yield names that are there twice: of publications, and of hosts at one address."""
    names: dict[tuple[str, ...], str] = {}
    for index, each in enumerate(found):
        if any(other.name == each.name for other in found[:index]):
            yield Problem("publications", f"{each.name} is there twice", fix="leave one")
        for key in ((address, name) for address in each.listens for name in each.host_names):
            other = names.setdefault(key, each.name)
            if other != each.name:
                yield Problem(
                    f"publication {each.name}",
                    f"{key[1]} is published at {key[0]} by {other} too",
                    "one publication for a name",
                    "leave one",
                )


def _strange_ports(found: Sequence[Publication]) -> Iterator[Problem]:
    """Yield ports that differ between publications of one address.

    It listens once for all of them, and HTTPS where HTTP is.
    """
    seen: dict[str, Publication] = {}
    for each in found:
        if each.https_port == each.http_port:
            yield Problem(
                f"publication {each.name}", f"HTTPS and HTTP have port {each.http_port}", "two ports", "correct one"
            )
        for address in each.listens:
            first = seen.setdefault(address, each)
            if (first.https_port, first.http_port, first.idle_seconds) != (
                each.https_port,
                each.http_port,
                each.idle_seconds,
            ):
                message = f"ports or idle_seconds at {address} are others than those of {first.name}"
                yield Problem(f"publication {each.name}", message, "the same for all at one address", "correct one")


def check_publication_names(each: Publication) -> Iterator[Problem]:
    """Yield the names and paths of a publication that cannot stand in a configuration file."""
    names = {"name": ("published", each.name)}
    names |= {f"host_names {name}": ("published", name) for name in each.host_names}
    names |= {key: ("path", path) for key, path in (("certificate", each.certificate), ("ca", each.ca)) if path}
    yield from name_problems(f"publication {shown(each.name)}", names)


class EffectKind(str, Enum):
    """What a change of a publication does to clients."""

    PUBLISHES = "publishes"
    UNPUBLISHES = "unpublishes"
    RELOADS = "reloads"
    CERTIFICATE = "certificate"
    REPAIRS = "repairs"

    @property
    def text(self) -> str:
        """Return it in words."""
        return _TEXTS[self]


_TEXTS: Mapping[EffectKind, str] = {
    EffectKind.PUBLISHES: "publishes names; nothing else is touched",
    EffectKind.UNPUBLISHES: "publishes no longer: clients of these names are refused",
    EffectKind.RELOADS: "reloads: new connections go by the new configuration, open ones stay where they are",
    EffectKind.CERTIFICATE: "changes the certificate clients see",
    EffectKind.REPAIRS: "sets right what the fields of a publication do not show",
}
EFFECTS: Mapping[str, EffectKind] = {
    "mode": EffectKind.CERTIFICATE,
    "certificate": EffectKind.CERTIFICATE,
    "": EffectKind.RELOADS,
}
"""What a change of a field does, "" for all others; the same for every program."""


class PublishingDriver(Protocol):
    """One program.

    name: as in lync_reverse_proxy_driver. files: what each of its files is for.
    """

    name: str
    files: tuple[str, ...]

    def render(self, publications: Sequence[Publication]) -> Mapping[str, str]:
        """Return the text of each file in the order in which to write them, empty for one that is not needed."""

    def parse(self, texts: Mapping[str, str]) -> tuple[Publication, ...]:
        """Return the publications of these texts by name.

        Raises InvalidInputError when they are none of this driver's.
        """

    def earlier(self, text: str) -> str:
        """Return a file as an earlier version of this collection wrote it, empty where that was no other."""

    def expressible(self, publication: Publication) -> Publication:
        """Return the publication as this driver can express it."""

    def not_rendered(self, publication: Publication) -> tuple[NotRendered, ...]:
        """Return what of the publication it cannot express, and why."""
