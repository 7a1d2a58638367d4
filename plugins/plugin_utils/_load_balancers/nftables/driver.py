# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""UDP services that the kernel of a Linux host leads by nftables, spelled as the file that msuc-lync-udp reads.

The hash of a client's address chooses one of 1,024 slots, and a member has slots: a client keeps its member over all
ports, and a member that comes or goes moves no more than its share. Members see the address and the port of the client,
unless the service has source NAT. HAProxy beside it asks the members.

What is translated passes by the host's own chain "input", so who may use a service is part of the service here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..._base.addresses import ANY, AddressSet, parse_address
from ..._base.errors import InvalidInputError, Problem, shown
from ..config_syntax import Line, haproxy_lines
from ..driver import (
    HASH_REFUSALS,
    EffectKind,
    Refusal,
    Rendered,
    always_member_down,
    check_service_names,
    has_affinity,
    refused,
)
from ..haproxy.driver import monitor_name
from ..model import Member, MemberDown, MemberState, Monitor, Persistence, PersistenceKind, Service

UDP_IDLE_SECONDS = 120
CLIENTS = "clients"
_EVERYBODY = "any"
_ONCE = ("service", "pool", "listen", "node-port", "asked-as", "source-nat")
_WORDS = frozenset((*_ONCE, "client", "member"))
HEADER = "# Written by Ansible, msuc.lync.nftables_udp_services; changes by hand are undone by the next run.\n"


class NftablesUdpDriver:
    """The driver "nftables_udp"; UDP alone."""

    name = "nftables_udp"
    effects: Mapping[str, EffectKind] = {"members": EffectKind.MODIFIES_MEMBERS, "": EffectKind.MODIFIES}
    options: Mapping[str, Mapping[str, object]] = {CLIENTS: {"type": "array", "items": {"type": "string"}}}

    def render(self, services: Sequence[Service]) -> Rendered:
        """Return the text of the file; raises InvalidInputError for TCP, for clients that are no addresses, and for
        names that are more than a word.
        """
        problems = [problem for service in services for problem in _check_service(service)]
        if problems:
            raise InvalidInputError(problems)
        ordered = sorted(services, key=lambda service: service.name)
        body = "".join(_render_service(service) for service in ordered)
        text = f"{HEADER}{body}" if ordered else ""
        return Rendered(text, text, refused(ordered, _REFUSALS))

    def parse(self, document: object) -> tuple[Service, ...]:
        """Return the services of a file's text, sorted by name; raises InvalidInputError when it is not one of ours."""
        blocks: list[list[Line]] = []
        for line in haproxy_lines(str(document)):
            if line.tokens[0] == "service":
                blocks.append([])
            if not blocks:
                raise _not_ours(line)
            blocks[-1].append(line)
        return tuple(sorted(map(_read_service, blocks), key=lambda service: service.name))

    def expressible(self, service: Service) -> Service:
        """Return the service as the table can say it: see not_rendered."""
        return replace(
            service,
            members=tuple(sorted(service.members)),
            idle_seconds=UDP_IDLE_SECONDS,
            persistence=Persistence(PersistenceKind.SOURCE),
            member_down=MemberDown.CLOSE,
            algorithm=Service.algorithm,
            nagle=True,
            options=_options_of(service),
        )


DRIVER = NftablesUdpDriver()


def allowed_clients(service: Service) -> AddressSet:
    """Return who may use a service, of its family; raises ValueError for an option that is no addresses."""
    given: Any = service.options.get(CLIENTS)
    return (ANY if given is None else AddressSet.parse(given)).of_families(_family(service))


def _family(service: Service) -> frozenset[int]:
    return frozenset({6 if ":" in service.vip else 4})


def _clients_of(service: Service) -> tuple[str, ...] | None:
    """Return who may use a service, of its family, as texts; None for everybody."""
    found = allowed_clients(service)
    return None if found == ANY.of_families(_family(service)) else found.to_text()


def _options_of(service: Service) -> dict[str, object]:
    clients = _clients_of(service)
    return {} if clients is None else {CLIENTS: list(clients)}


def _check_service(service: Service) -> Iterator[Problem]:
    yield from check_service_names(service)
    place = f"service {service.name}"
    if service.protocol != "udp":
        yield Problem(place, "the kernel leads no TCP service", "protocol udp", "use msuc.lync.haproxy_services for it")
    strange = [f"{place}, options.{name}" for name in sorted(service.options) if name != CLIENTS]
    for name in strange:
        yield Problem(name, "is not an option of nftables_udp", CLIENTS, "remove it")
    try:
        _clients_of(service)
    except ValueError as error:
        yield Problem(f"{place}, options.{CLIENTS}", str(error), "addresses, ranges and networks", "correct it")


_REFUSALS = (
    *HASH_REFUSALS,
    Refusal.when(
        "persistence",
        lambda service: not has_affinity(service),
        "a client keeps its member by the hash of its address, which does no harm",
    ),
    Refusal.when(
        "persistence.group",
        lambda service: bool(service.persistence.group),
        "the hash of UDP is not the one of the pool's TCP services",
    ),
    Refusal.when(
        "algorithm",
        lambda service: not has_affinity(service) and service.algorithm != Service.algorithm,
        "the hash of the client's address chooses the member",
    ),
    always_member_down(MemberDown.CLOSE, "what goes to a member that is down is led to another one"),
    Refusal.when(
        "idle_seconds",
        lambda service: service.idle_seconds != UDP_IDLE_SECONDS,
        f"the kernel forgets a port of a client after its own time, {UDP_IDLE_SECONDS} s unless "
        "nf_conntrack_udp_timeout_stream says another one; the member stays the same",
    ),
    Refusal.when(
        "options",
        lambda service: dict(service.options) != _options_of(service),
        "clients are those of the family of the virtual address, in the fewest networks",
    ),
)


def _render_service(service: Service) -> str:
    clients = _clients_of(service)
    lines = [
        f"pool {service.pool}",
        f"listen {service.vip} {service.port}",
        f"node-port {service.node_port}",
        f"asked-as {monitor_name(service)}",
        f"source-nat {'yes' if service.source_nat else 'no'}",
        *(f"client {client}" for client in ((_EVERYBODY,) if clients is None else clients)),
        *(f"member {member.address} {member.state.value}" for member in sorted(service.members)),
    ]
    return "".join([f"service {service.name}\n", *(f"    {line}\n" for line in lines)])


def _not_ours(line: Line) -> InvalidInputError:
    message = f"{shown(' '.join(line.tokens))} is not as this collection writes it"
    return InvalidInputError(
        [Problem(f"line {line.number}", message, fix="use state replaced, which writes the file anew")]
    )


def _read_service(lines: Sequence[Line]) -> Service:
    """Return the service of its lines; raises InvalidInputError."""
    strange = [line for line in lines if line.tokens[0] not in _WORDS]
    if strange:
        raise _not_ours(strange[0])
    try:
        return _service_of(dict(_words_once(lines)), lines)
    except (IndexError, KeyError, ValueError) as error:
        raise InvalidInputError(
            [
                Problem(
                    f"line {lines[0].number}",
                    f"the service is not as this collection writes it: {error!r}",
                    fix="use state replaced, which writes the file anew",
                )
            ]
        ) from error


def _words_once(lines: Sequence[Line]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield words that a service has once, with what follows them; raises ValueError for one that is there twice."""
    for word in _ONCE:
        (found,) = (line.tokens[1:] for line in lines if line.tokens[0] == word)
        yield word, found


def _service_of(words: Mapping[str, Sequence[str]], lines: Sequence[Line]) -> Service:
    clients = [line.tokens[1] for line in lines if line.tokens[0] == "client"]
    members = (line.tokens[1:3] for line in lines if line.tokens[0] == "member")
    port, interval, failures = map(int, words["asked-as"][0].rsplit("-", 3)[1:])
    return Service(
        name=words["service"][0],
        pool=words["pool"][0],
        vip=str(parse_address(words["listen"][0])),
        port=int(words["listen"][1]),
        protocol="udp",
        node_port=int(words["node-port"][0]),
        members=tuple(sorted(Member(str(parse_address(address)), MemberState(state)) for address, state in members)),
        monitor=Monitor(port, interval, failures),
        persistence=Persistence(PersistenceKind.SOURCE),
        idle_seconds=UDP_IDLE_SECONDS,
        source_nat={"yes": True, "no": False}[words["source-nat"][0]],
        options={} if clients == [_EVERYBODY] else {CLIENTS: list(AddressSet.parse(clients).to_text())},
    )
