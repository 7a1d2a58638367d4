# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The driver kemp: virtual services as Virtual Services of a LoadMaster, and back.

Services of one address that share their affinity and are alike are one Virtual Service with extra ports, as in the
vendor's templates; others of that affinity follow its first port. So a LoadMaster keeps no name per service: what
tells them apart is protocol, address and port, and a service that is read has these as its name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..._base.addresses import canonical
from ..._base.errors import MALFORMED, InvalidInputError, Problem, shown
from ..._base.untyped import texts
from ..conflicts import Unreadable
from ..driver import (
    EffectKind,
    Rendered,
    refused,
)
from ..model import Member, MemberDown, MemberState, Monitor, Persistence, PersistenceKind, Service, affinity_group
from . import fields as f
from .fields import RealServer, Value, VirtualService
from .limits import REFUSALS, REMOTE, check_kemp_ports, limit_service, remote_problem

PREFIX = "lync"
_SCHEDULES: Mapping[str, str] = {"least-connections": "lc", "round-robin": "rr"}
_ALGORITHMS = {word: algorithm for algorithm, word in _SCHEDULES.items()}
_SHARED = "shared"
_OPTIONS: Mapping[str, str] = {"default_gateway": "DefaultGW", "local_addresses": "LocalBindAddrs"}
# Sent whatever the LoadMaster would take by itself, since that depends on protocol, port and firmware.
_ALWAYS = ("VStype", "ForceL7", "Transparent", "SubnetOriginating", "Schedule", "CheckType", "Persist")


@dataclass(frozen=True)
class Read:
    """An answer to listvs: all Virtual Services, those of somebody else that cannot be read, what to know of ours."""

    services: tuple[VirtualService, ...]
    unreadable: tuple[Unreadable, ...] = ()
    warnings: tuple[str, ...] = ()


class Kemp:
    """The driver; prefix is the first word of the nicknames of all Virtual Services that are ours."""

    name = "kemp"
    effects: Mapping[str, EffectKind] = {
        "vip": EffectKind.RECREATES,
        "port": EffectKind.RECREATES,
        "protocol": EffectKind.RECREATES,
        "members": EffectKind.MODIFIES_MEMBERS,
        "node_port": EffectKind.MODIFIES_MEMBERS,
        "": EffectKind.MODIFIES,
    }
    # The gateway that answers leave by, the addresses that members see with source NAT, since a Virtual Service has no
    # interface of its own; and whether members are outside the LoadMaster's networks.
    options: Mapping[str, Mapping[str, object]] = {
        "default_gateway": {"type": "string", "minLength": 1},
        "local_addresses": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
        REMOTE: {"type": "boolean"},
    }

    def __init__(self, prefix: str = PREFIX) -> None:
        self.prefix = prefix

    def render(self, services: Sequence[Service]) -> Rendered:
        """Return Virtual Services as an answer has them, and as commands.

        Raises InvalidInputError for ports it has not.
        """
        wanted = [self.expressible(service) for service in services]
        found = self.with_remote_members(self.virtual_services(wanted), services)
        text = "".join(f"{line}\n" for item in found for line in command_lines(item))
        return Rendered({"VS": [f.answered(item) for item in found]}, text, refused(services, REFUSALS))

    def virtual_services(self, services: Sequence[Service]) -> tuple[VirtualService, ...]:
        """Return the Virtual Services that carry services as they can be said, sorted by where they listen."""
        problems = [problem for service in services for problem in check_kemp_ports(service)]
        if problems:
            raise InvalidInputError(problems)
        alike: dict[tuple[object, ...], list[Service]] = {}
        for service in sorted(services, key=_socket_of_service):
            alike.setdefault(_grouping_key(service), []).append(service)
        leaders: dict[str, int] = {}
        for service in sorted(services, key=_socket_of_service):
            leaders.setdefault(service.persistence.group, service.port)
        return tuple(self._virtual_service(group, leaders) for group in alike.values())

    def with_remote_members(
        self, items: Sequence[VirtualService], asked: Sequence[Service]
    ) -> tuple[VirtualService, ...]:
        """Return Virtual Services whose members are marked as remote where the services as asked for say so.

        Raises InvalidInputError where that cannot be: "transparency cannot be used with non-local Real Servers"
        (https://docs.progress.com/bundle/loadmaster-feature-description-routing-ga/page/Transparency.html).
        """
        remote = [service for service in asked if service.options.get(REMOTE)]
        problems = [remote_problem(service) for service in remote if not self.expressible(service).source_nat]
        if problems:
            raise InvalidInputError(problems)
        sockets = {_socket_of_service(service) for service in remote}
        return tuple(
            replace(item, members=tuple(replace(member, is_remote=True) for member in item.members))
            if sockets & {(item.address, item.protocol, port) for port in item.ports}
            else item
            for item in items
        )

    def parse(self, document: object) -> tuple[Service, ...]:
        """Return our services of an answer to listvs, sorted by name."""
        items = self.read(document).services
        found = (service for item in items if self.is_ours(item) for service in self.services_of(item))
        return tuple(sorted(found, key=lambda service: service.name))

    def read(self, document: object) -> Read:
        """Return the Virtual Services of an answer to listvs, or of its text; those inside others are part of theirs.

        Raises InvalidInputError for anything else, also when one of ours cannot be read whole.
        """
        services: list[VirtualService] = []
        unreadable: list[Unreadable] = []
        warnings: list[str] = []
        for index, item in enumerate(_answered_items(document)):
            if item.get("MasterVSID") not in (None, 0, "0", "") or item["VSAddress"] == "":
                continue
            try:
                found = f.virtual_service(item)
                self._refuse_every_port(found)
                services.append(found)
                warnings += self._foreign_parts(found, item)
            except MALFORMED as error:
                unreadable.append(self._unreadable(index, item, error))
        return Read(tuple(services), tuple(unreadable), tuple(warnings))

    def _foreign_parts(self, found: VirtualService, item: Mapping[str, object]) -> Iterator[str]:
        """Yield what somebody put into a Virtual Service of ours that no plan has."""
        parts = [name for name in f.FOREIGN_PARTS if item.get(name)]
        if parts and self.is_ours(found):
            place = socket_name(found.protocol, found.address, found.port)
            named = ", ".join(parts)
            yield f"{place} has {named}, which are not of the plan; fix: remove them from the Virtual Service"

    def _refuse_every_port(self, found: VirtualService) -> None:
        """Raise ValueError where one of ours has "*" for a port, which no plan has."""
        if self.is_ours(found) and f.EVERY_PORT in (found.port, *(member.port for member in found.members)):
            raise ValueError("'*' is no port")

    def _unreadable(self, index: int, item: Mapping[str, object], error: Exception) -> Unreadable:
        """Return what is known of a Virtual Service of somebody else; raises InvalidInputError for one of ours."""
        nickname = str(item.get("NickName") or "")
        place = f"Virtual Service {nickname or item.get('Index', index)} at {shown(item['VSAddress'])}"
        if self._is_our_nickname(nickname):
            raise InvalidInputError([Problem(place, f"is ours, and cannot be read: {error}")])
        return Unreadable(place, str(item["VSAddress"]), str(error))

    def is_ours(self, item: VirtualService) -> bool:
        """Return whether a Virtual Service is ours, by its nickname."""
        return self._is_our_nickname(str(item.values["NickName"]))

    def _is_our_nickname(self, nickname: str) -> bool:
        return nickname.partition(" ")[0] == self.prefix

    def services_of(self, item: VirtualService) -> Iterator[Service]:
        """Yield the services of a Virtual Service, of anybody: one per port."""
        values = item.values
        pool, shared = self._nickname(item)
        node_ports = {member.port for member in item.members}
        node_port = next(iter(node_ports - {item.port}), item.port)
        members = tuple(sorted({_member_of(real_server) for real_server in item.members}))
        check_port = int(values["CheckPort"]) or node_port
        check = Monitor(check_port, int(values["ChkInterval"]), int(values["ChkRetryCount"]), str(values["CheckType"]))
        vip = canonical(item.address)
        for port in item.ports:
            yield Service(
                name=socket_name(item.protocol, vip, port),
                pool=pool,
                vip=vip,
                port=port,
                protocol=item.protocol,
                node_port=port if len(item.ports) > 1 else node_port,
                members=members,
                monitor=check,
                persistence=_read_persist(values, affinity_group(pool, vip) if shared else ""),
                idle_seconds=int(values["Idletime"]),
                source_nat=not values["Transparent"],
                algorithm=_ALGORITHMS.get(str(values["Schedule"]), str(values["Schedule"])),
                member_down=MemberDown.KEEP,
                options=dict(_read_vendor_fields(values)),
            )

    def expressible(self, service: Service) -> Service:
        """Return the service as a LoadMaster expresses it."""
        options = {name: service.options[name] for name in _OPTIONS if service.options.get(name)}
        return replace(
            limit_service(service), name=socket_name(service.protocol, service.vip, service.port), options=options
        )

    def _virtual_service(self, services: Sequence[Service], leaders: Mapping[str, int]) -> VirtualService:
        """Return the Virtual Service of services that are alike; leaders: the port that an affinity follows."""
        first = services[0]
        group = first.persistence.group
        is_source = first.persistence.kind is PersistenceKind.SOURCE
        leader = leaders[group] if group else first.port
        values: dict[str, Value] = {
            **{name: field.default for name, field in f.FIELDS.items()},
            "VSPort": first.port,
            "ExtraPorts": ",".join(str(service.port) for service in services[1:]),
            "NickName": self._nickname_of(first),
            # Layer 7 is a proxy, which UDP does not go through.
            "ForceL7": first.protocol == "tcp",
            "Transparent": not first.source_nat,
            # Without it members see the virtual address, which nobody admits; with it, an address of the LoadMaster.
            "SubnetOriginating": first.source_nat,
            "Schedule": _SCHEDULES[first.algorithm],
            "Persist": "src" if is_source else "none",
            "PersistTimeout": first.persistence.seconds,
            "PortFollow": leader if leader != first.port else 0,
            "Idletime": first.idle_seconds,
            "CheckPort": first.monitor.port,
            "ChkInterval": first.monitor.interval_seconds,
            "ChkTimeout": f.CHECK_TIMEOUT_SECONDS,
            "ChkRetryCount": first.monitor.failures,
            "DefaultGW": str(first.options.get("default_gateway", "")),
            "LocalBindAddrs": " ".join(texts(first.options.get("local_addresses"))),
        }
        members = tuple(
            RealServer(member.address, first.node_port, member.state is MemberState.ACTIVE) for member in first.members
        )
        return VirtualService(
            first.vip, first.protocol, values, tuple(sorted(members, key=lambda item: (item.address, item.port)))
        )

    def _nickname_of(self, first: Service) -> str:
        """Return a nickname that nobody else has: whose it is, pool, where it listens, whether affinity is shared."""
        parts = [self.prefix, first.pool or "-", first.vip.replace(":", "-"), first.protocol, str(first.port)]
        return " ".join(parts + ([_SHARED] if first.persistence.group else []))

    def _nickname(self, item: VirtualService) -> tuple[str, bool]:
        """Return the pool that a nickname names, and whether affinity is shared."""
        parts = str(item.values["NickName"]).split(" ")
        if not self.is_ours(item) or len(parts) < 2:
            return "", False
        return "" if parts[1] == "-" else parts[1], parts[-1] == _SHARED


def socket_name(protocol: str, vip: str, port: int) -> str:
    """Return the name of a service by where it listens: "tcp 10.1.0.100 port 5061"."""
    return f"{protocol} {vip} port {port}"


def _answered_items(document: object) -> list[Mapping[str, object]]:
    """Return the objects of an answer to listvs; one without a list is no answer: it does not say that there is none.

    Raises InvalidInputError.
    """
    found: object = document
    if isinstance(document, str):
        try:
            found = json.loads(document)
        except (ValueError, RecursionError):
            found = None
    items = found.get("VS") if isinstance(found, Mapping) else found
    if not isinstance(items, list) or not all(isinstance(item, Mapping) and "VSAddress" in item for item in items):
        fix = "allow the user to see Virtual Services; a LoadMaster that has none yet needs one that you make"
        raise InvalidInputError([Problem("document", f"{shown(document)} is no answer to listvs", fix=fix)])
    return items


def command_lines(item: VirtualService) -> list[str]:
    """Return the commands that make a Virtual Service, for people."""
    return [
        command_line("addvs", added(item)),
        *(command_line("addrs", {**item.place, **member_parameters(member)}) for member in item.members),
    ]


def added(item: VirtualService) -> dict[str, object]:
    """Return the parameters that add a Virtual Service."""
    fields = {
        name: value
        for name, value in item.values.items()
        if name in _ALWAYS or (name != "VSPort" and value != f.FIELDS[name].default)
    }
    return {**item.place, **f.spelled(fields)}


def command_line(command: str, parameters: Mapping[str, object]) -> str:
    """Return a command with its parameters in one line."""
    return " ".join([command, *(f"{name}={_quote_parameter(value)}" for name, value in parameters.items())])


def _quote_parameter(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool) or " " in str(value) else str(value)


def member_parameters(member: RealServer) -> dict[str, object]:
    """Return a Real Server as a command adds it."""
    more = {**({} if member.enabled else {"Enable": False}), **({"non_local": 1} if member.is_remote else {})}
    return {"rs": member.address, "rsport": str(member.port), **more}


def _member_of(real_server: RealServer) -> Member:
    state = MemberState.ACTIVE if real_server.enabled else MemberState.DISABLED
    return Member(canonical(real_server.address), state)


def _grouping_key(service: Service) -> tuple[object, ...]:
    """Return what services of one Virtual Service have in common; only services of one affinity are put together."""
    if not service.persistence.group or service.node_port != service.port:
        return (_socket_of_service(service),)
    options = json.dumps(service.options, sort_keys=True)
    wanted = (
        service.monitor,
        service.persistence,
        service.idle_seconds,
        service.source_nat,
        service.algorithm,
        options,
    )
    return (service.vip, service.protocol, service.pool, service.members, *wanted)


def _socket_of_service(service: Service) -> tuple[str, str, int]:
    return (service.vip, service.protocol, service.port)


def _read_persist(values: Mapping[str, Value], group: str) -> Persistence:
    if values["Persist"] == "src":
        return Persistence(PersistenceKind.SOURCE, int(values["PersistTimeout"]), group=group)
    if "cookie" in str(values["Persist"]):
        return Persistence(PersistenceKind.COOKIE)
    return Persistence()


def _read_vendor_fields(values: Mapping[str, Value]) -> Iterator[tuple[str, object]]:
    if values["DefaultGW"]:
        yield "default_gateway", values["DefaultGW"]
    if values["LocalBindAddrs"]:
        yield "local_addresses", str(values["LocalBindAddrs"]).split()
