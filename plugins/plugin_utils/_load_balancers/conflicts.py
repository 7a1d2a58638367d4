# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What else listens on a device.

An address and port of somebody else stops the pool that wants it, before anything is written.

The adoption report compares what is there with what is wanted, field by field, and has the lines that would remove the
other one at the cut-over; the collection never runs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from .._base.addresses import parse_address
from .model import Service, plain

_ANY_ADDRESSES = ("", "*", "0.0.0.0", "::")  # what devices write for "every address"
_ANY_PORTS = (0, 65535)
# Whose they are differs by nature; only what clients and members see is compared.
_COMPARED = tuple(
    field.name for field in fields(Service) if field.name not in ("name", "pool", "vip", "port", "protocol")
)


@dataclass(frozen=True)
class Listener:
    """Something of somebody else that listens.

    owner: in the device's words ("lb vserver old_sip"). address "0.0.0.0" and port 65535 stand for every one; protocol
    "any" for both. domain: of the network (traffic domain, route domain), empty for the usual one.
    path: the device's own name of it, where it has one. service: it as a service, where it can be read as one.
    removal: the lines that would remove it. last: the last port of a range that begins with port, 0 for one port.
    """

    owner: str
    address: str
    port: int
    protocol: str
    domain: str = ""
    path: str = ""
    service: Service | None = None
    removal: tuple[str, ...] = ()
    last: int = 0


@dataclass(frozen=True)
class Unreadable:
    """Something of somebody else that cannot be read whole: it may listen on any port of its address.

    owner: in words. address: as the device writes it; one that is none may be any. why: what is wrong with it.
    """

    owner: str
    address: str
    why: str

    @property
    def listener(self) -> Listener:
        """Return it as what stops the pools on its address, and no others."""
        return Listener(f"{self.owner}, which cannot be read", known_address(self.address), _ANY_PORTS[1], "any")

    @property
    def warning(self) -> str:
        """Return what to know of it."""
        return f"{self.owner} cannot be read: {self.why}; pools on its address are left alone"


def known_address(text: str) -> str:
    """Return an address in its one spelling, 0.0.0.0 for a text that is none and so may be any."""
    try:
        return str(parse_address(text))
    except ValueError:
        return "0.0.0.0"


@dataclass(frozen=True)
class Conflict:
    """A wanted service whose address and port somebody else has; text: it as a sentence for the user."""

    service: Service
    listener: Listener
    text: str

    def document(self) -> dict[str, object]:
        """Return it as results have it."""
        service, listener = self.service, self.listener
        return {
            "pool": service.pool,
            "service": service.name,
            "address": service.vip,
            "port": service.port,
            "protocol": service.protocol,
            "holder": listener.owner,
            "path": listener.path,
            "domain": listener.domain,
            "message": self.text,
        }

    def adoption(self) -> dict[str, object]:
        """Return the comparison of what is there with what is wanted as plain data."""
        theirs, ours = self.listener.service, self.service
        differing = [name for name in _COMPARED if theirs and getattr(theirs, name) != getattr(ours, name)]
        return {
            "pool": ours.pool,
            "service": ours.name,
            "holder": self.listener.owner,
            "domain": self.listener.domain,
            "comparable": theirs is not None,
            "same": [name for name in _COMPARED if theirs and name not in differing],
            "differences": [
                {"property": name, "theirs": plain(getattr(theirs, name)), "ours": plain(getattr(ours, name))}
                for name in differing
            ],
            "removal": list(self.listener.removal),
        }

    def compared_with(self, service: Service) -> Conflict:
        """Return the conflict with what is there read as a service."""
        return replace(self, listener=replace(self.listener, service=service))


def conflict_text(service: Service, listener: Listener) -> str:
    """Return a conflict as a sentence for the user."""
    where = f" in {listener.domain}" if listener.domain else ""
    place = f"{service.protocol} {service.vip} port {service.port}"
    return f"pool {service.pool or service.name}: {place} belongs to {listener.owner}{where}"


def find_conflicts(
    want: Sequence[Service],
    listeners: Iterable[Listener],
    same_domain: Callable[[Service, Listener], bool] | None = None,
    text: Callable[[Service, Listener], str] = conflict_text,
) -> tuple[Conflict, ...]:
    """Return the wanted services whose address and port somebody else has, sorted by name.

    same_domain: whether a listener is in the network of a service, where the device has several.
    """
    by_port: dict[int, list[Listener]] = {}
    for listener in listeners:
        is_one = listener.port not in _ANY_PORTS and listener.last in (0, listener.port)
        by_port.setdefault(listener.port if is_one else 0, []).append(listener)
    ordered = sorted(want, key=lambda service: service.name)
    return tuple(conflict for service in ordered for conflict in _of_service(service, by_port, same_domain, text))


def _of_service(
    service: Service,
    by_port: Mapping[int, Sequence[Listener]],
    same_domain: Callable[[Service, Listener], bool] | None,
    text: Callable[[Service, Listener], str],
) -> Iterator[Conflict]:
    for listener in (*by_port.get(0, ()), *by_port.get(service.port, ())):
        if (same_domain is None or same_domain(service, listener)) and _meets_listener(service, listener):
            yield Conflict(service, listener, text(service, listener))


def _meets_listener(service: Service, listener: Listener) -> bool:
    address = listener.address in _ANY_ADDRESSES or listener.address == service.vip
    # Without an address and a port of its own, a server only answers to others that send to it.
    addressed = listener.address not in _ANY_ADDRESSES or listener.port not in (0,)
    port = listener.port in _ANY_PORTS or listener.port <= service.port <= max(listener.port, listener.last)
    return address and addressed and port and listener.protocol in ("any", service.protocol)


def conflict_texts(found: Iterable[Conflict]) -> list[str]:
    """Return the sentences, each once, sorted."""
    return sorted({conflict.text for conflict in found})
