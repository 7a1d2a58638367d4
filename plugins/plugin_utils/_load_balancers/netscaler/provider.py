# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A NetScaler, or a pair of them: read, compared and written.

Of a pair, the primary is found first: a secondary says who it is, and everything else is read and written there. A change
of configuration on the primary reaches the other unit by itself; the result tells whether that works.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..conflicts import Listener
from ..driver import Impact
from ..https import DeviceError, Provider
from ..model import MemberState, Service
from ..reconcile import Gathered, Order, Work
from .attributes import RESOURCES, Key, Tables
from .cli import Configuration, parse_configuration, removal_line
from .nitro import Authentication, Nitro
from .parse import Reader, services_of
from .planner import ResourcePlan, Scope, plan_resources
from .render import Servers, domain_of, resources_of

if TYPE_CHECKING:
    from typing import Self

_OLD = re.compile(r"-old\d*\Z")
_RECREATES = Impact("recreates the virtual: the old one serves until the new one is there, then its connections end", recreates=True)
_INTERRUPTS = Impact("recreates the virtual: nothing listens for a moment, since its address and port pass on", recreates=True)
_PROTOCOLS: Mapping[str, str] = {"UDP": "udp", "DNS": "udp", "SIP_UDP": "udp", "RADIUS": "udp", "TFTP": "udp", "DTLS": "udp", "SYSLOGUDP": "udp", "ANY": "any"}


class NetScalerDevice:
    """The Device of the driver netscaler; peer is how the other unit of a pair is reached, its own address when empty."""

    domain_option = "td"

    def __init__(self, provider: Provider, prefix: str, authentication: Authentication = Authentication.AUTO, peer: str = "") -> None:
        self._provider = provider
        self._prefix = prefix
        self._authentication = authentication
        self._peer = peer
        self._stack = ExitStack()
        self._sessions: list[Nitro] = []
        self._configuration = Configuration({})
        self._plan = ResourcePlan(())

    @property
    def requests(self) -> int:
        """Return how many requests were sent to all units."""
        return sum(session.requests for session in self._sessions)

    def __enter__(self) -> Self:
        self._open(self._provider)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, trace)

    def gather(self, want: Sequence[Service]) -> Gathered:
        """Return our services, everybody else's listeners, and what is known of the pair."""
        self._configuration = parse_configuration(self._nitro.running_configuration())
        facts: dict[str, object] = {"unit": self._provider.host}
        if self._configuration.has_pair:
            facts |= self._primary()
        tables = self._configuration.tables
        idle_seconds = {service.name: service.idle_seconds for service in want}
        return Gathered(services_of(tables, self._prefix, idle_seconds), tuple(self._others()), facts)

    def prepare(self, order: Order) -> Work:
        """Return the steps to what is wanted, as command lines."""
        have = self._configuration.tables
        want = resources_of(order.want, self._prefix, self._servers())
        graceful = frozenset(key for service in order.asked for key in self._draining(service))
        scope = Scope(self._prefix, frozenset(self._prefix + name for name in order.kept), graceful)
        self._plan = plan_resources(want, have, scope)
        lines = tuple(line for step in self._plan.steps for line in step.lines())
        return Work(lines, frozenset(self._services_touched(want)), dict(self._impacts()))

    def apply(self) -> None:
        """Send the steps and save; raises DeviceError that says how far it came."""
        for number, step in enumerate(self._plan.steps):
            try:
                self._nitro.do(step)
            except DeviceError as error:
                done = f"{number} of {len(self._plan.steps)} steps were done before; " if number else ""
                raise DeviceError(f"{error}; {done}nothing was saved; run again to go on") from None
        self._nitro.save()

    @property
    def _nitro(self) -> Nitro:
        return self._sessions[-1]

    def _open(self, provider: Provider) -> None:
        session = Nitro(provider, self._authentication)
        self._sessions.append(session)
        self._stack.enter_context(session)

    def _primary(self) -> dict[str, object]:
        """Go to the primary of the pair, and return which it is and how synchronisation does."""
        units = self._nitro.units()
        primary = next((unit for unit in units if str(unit.get("state", "")).lower() == "primary"), None)
        if primary is None:
            raise DeviceError(f"{self._provider.place}: no unit of the pair is primary: {_states(units)}; nothing is written to a pair without one")
        facts: dict[str, object] = {"pair": _facts(units), "unit": self._provider.host}
        if str(primary.get("id")) == "0":
            return facts
        host = self._peer or str(primary["ipaddress"])
        self._open(replace(self._provider, host=host))
        self._configuration = parse_configuration(self._nitro.running_configuration())
        return {**facts, "unit": host}

    def _servers(self) -> Servers:
        """Return the names of server objects by address and domain; one of ours before the others."""
        items = [(values, key[0]) for key, values in self._configuration.tables["server"].items() if "ipaddress" in values]
        items.sort(key=lambda item: item[1].startswith(self._prefix))
        return {(str(values["ipaddress"]), int(values["td"])): name for values, name in items}

    def _draining(self, service: Service) -> Iterable[Key]:
        servers, name = self._servers(), self._prefix + service.name
        for member in service.members:
            server = servers.get((member.address, domain_of(service)))
            if member.state is MemberState.DRAINING and server:
                yield (name, server, str(service.node_port))

    def _others(self) -> Iterable[Listener]:
        """Yield where somebody else listens, with the service that it is where it can be read as one."""
        tables = self._configuration.tables
        reader = Reader(tables, self._prefix)
        for found in self._configuration.listeners:
            kind, _space, name = found.owner.rpartition(" ")
            if kind == "lb vserver" and name.startswith(self._prefix):
                continue
            vserver = tables["lbvserver"].get((name,)) if kind == "lb vserver" else None
            domain = f"td {found.domain}" if found.domain else ""
            removal = tuple(_removal(tables, name)) if vserver else (f"rm {found.owner}",)
            service = reader.service(vserver) if vserver else None
            yield Listener(found.owner, found.address, found.port, _PROTOCOLS.get(found.kind, "tcp"), domain, service, removal)

    def _services_touched(self, want: Tables) -> Iterable[str]:
        """Yield the services whose objects change: their own by name, shared ones by who uses them."""
        names = {key[0].removeprefix(self._prefix) for key in (*want["lbvserver"], *self._configuration.tables["lbvserver"]) if key[0].startswith(self._prefix)}
        direct = {_OLD.sub("", name.removeprefix(self._prefix)) for _kind, name in self._plan.objects}
        shared = {(kind, (name,)) for kind, name in self._plan.objects}
        for kind, resource in RESOURCES.items():
            for values in want[kind].values():
                used = {(other, (str(values[attribute]),)) for attribute, other in resource.refers.items() if values.get(attribute)}
                if used & shared:
                    direct |= {str(values[name]).removeprefix(self._prefix) for name in ("name", "servicegroupname", "vservername") if name in values}
        return names & direct

    def _impacts(self) -> Iterable[tuple[str, Impact]]:
        service = {name: _OLD.sub("", name.removeprefix(self._prefix)) for name in self._plan.recreated}
        yield from ((service[name], _RECREATES) for name in self._plan.recreated - self._plan.interrupted)
        yield from ((service[name], _INTERRUPTS) for name in self._plan.recreated & self._plan.interrupted)


def _removal(tables: Tables, name: str) -> Iterable[str]:
    """Yield the lines that remove a virtual server of somebody else and the groups that are bound to it alone."""
    yield removal_line(RESOURCES["lbvserver"], {"name": name})
    groups = [values["servicegroupname"] for values in tables["lbvserver_servicegroup_binding"].values() if values["name"] == name]
    users = [str(values["servicegroupname"]) for values in tables["lbvserver_servicegroup_binding"].values() if values["name"] != name]
    known = [group for group in groups if (group,) in tables["servicegroup"] and group not in users]
    yield from (removal_line(RESOURCES["servicegroup"], {"servicegroupname": group}) for group in known)


def _states(units: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{unit.get('ipaddress')} is {unit.get('state')}" for unit in units)


def _facts(units: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    names = {"address": "ipaddress", "state": "state", "sync": "hasync", "sync_failure": "hasyncfailurereason"}
    return [{name: str(unit.get(source, "")) for name, source in names.items()} for unit in units]
