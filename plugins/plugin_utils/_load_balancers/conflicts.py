# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What else listens on a device: an address and port of somebody else stops the pool that wants it, before anything is written.

Per such service, the adoption report compares what is there with what is wanted, field by field, and says how the other one
would be removed at the cut-over; the collection never removes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from .model import Service
from .results import plain

_ANY_ADDRESSES = ("", "*", "0.0.0.0", "::")  # what devices say for "every address"
_ANY_PORTS = (0, 65535)
# Whose they are differs by nature; only what clients and members see is compared.
_COMPARED = tuple(field.name for field in fields(Service) if field.name not in ("name", "pool", "vip", "port", "protocol"))


@dataclass(frozen=True)
class Listener:
    """Something of somebody else that listens.

    owner: in the device's words ("lb vserver old_sip"). address "0.0.0.0" and port 65535 stand for every one; protocol
    "any" for both. domain: of the network (traffic domain, route domain, partition), empty for the usual one.
    service: it as a service, where it can be read as one. removal: the lines that would remove it.
    """

    owner: str
    address: str
    port: int
    protocol: str
    domain: str = ""
    service: Service | None = None
    removal: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stop:
    """A wanted service whose address and port somebody else has."""

    service: Service
    listener: Listener

    def message(self) -> str:
        """Return it as a sentence for the user."""
        where = f" in {self.listener.domain}" if self.listener.domain else ""
        there = f"{self.service.protocol} {self.service.vip} port {self.service.port}"
        return f"pool {self.service.pool or self.service.name}: {there} belongs to {self.listener.owner}{where}"

    def adoption(self) -> dict[str, object]:
        """Return the comparison of what is there with what is wanted as plain data."""
        theirs = self.listener.service
        differing = [name for name in _COMPARED if theirs is not None and getattr(theirs, name) != getattr(self.service, name)]
        return {
            "pool": self.service.pool,
            "service": self.service.name,
            "owner": self.listener.owner,
            "domain": self.listener.domain,
            "comparable": theirs is not None,
            "same": [name for name in _COMPARED if theirs is not None and name not in differing],
            "differences": [{"field": name, "theirs": plain(getattr(theirs, name)), "ours": plain(getattr(self.service, name))} for name in differing],
            "removal": list(self.listener.removal),
        }


def stops(want: Sequence[Service], listeners: Iterable[Listener], domain_option: str = "") -> tuple[Stop, ...]:
    """Return the wanted services whose address and port somebody else has, sorted by name.

    domain_option: the vendor option by which a service asks for a domain of its own; such a service is stopped by
    listeners of that domain only, every other one by those of the whole device.
    """
    by_port: dict[int, list[Listener]] = {}
    for listener in listeners:
        by_port.setdefault(0 if listener.port in _ANY_PORTS else listener.port, []).append(listener)
    ordered = sorted(want, key=lambda item: item.name)
    return tuple(
        Stop(service, listener)
        for service in ordered
        for listener in (*by_port.get(0, ()), *by_port.get(service.port, ()))
        if _same_domain(service, listener, domain_option) and _meets(service, listener)
    )


def _same_domain(service: Service, listener: Listener, domain_option: str) -> bool:
    asked = service.options.get(domain_option) if domain_option else None
    return asked in (None, 0) or listener.domain == f"{domain_option} {asked}"


def _meets(service: Service, listener: Listener) -> bool:
    address = listener.address in _ANY_ADDRESSES or listener.address == service.vip
    # Without an address and a port of its own, a server only answers to others that send to it.
    addressed = listener.address not in _ANY_ADDRESSES or listener.port not in (0,)
    port = listener.port in _ANY_PORTS or listener.port == service.port
    return address and addressed and port and listener.protocol in ("any", service.protocol)


def messages(found: Iterable[Stop]) -> list[str]:
    """Return the sentences, each once."""
    return sorted({stop.message() for stop in found})


def adoptions(found: Iterable[Stop]) -> list[Mapping[str, object]]:
    """Return the adoption report as plain data."""
    return [stop.adoption() for stop in found]
