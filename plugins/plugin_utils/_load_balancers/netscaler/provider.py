# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A NetScaler, or a pair of them: read, compared and written.

Of a pair, the primary is found first: a secondary says who it is, and everything else is read and written there. A
change of configuration on the primary reaches the other unit by itself; the result tells whether that works.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from ..._base.errors import DeviceError, shown
from ..conflicts import Listener, known_address
from ..driver import EffectKind
from ..https import Connection
from ..model import MemberState, Service
from ..reconcile import APPLIANCE_SAFETY, ApplianceProvider, Gathered, Order, Task, Work
from .attributes import CLASSIC, RESOURCES, Key, Tables
from .cli import Configuration, parse_configuration, removal_line
from .driver import NetScaler
from .nitro import Authentication, Nitro
from .planner import Objects, ResourcePlan, Scope, plan_resources, unsaved_objects
from .resources import Reader, Servers, domain_of, resources_of, services_of

_OLD = re.compile(r"-old\d*\Z")
_UDP_TYPES = ("UDP", "DNS", "SIP_UDP", "RADIUS", "TFTP", "DTLS", "SYSLOGUDP")
# A traffic domain that cannot be read may be any.
_UNREAD_DOMAIN = "a traffic domain that cannot be read"
_SAVE_LINE = "save ns config"
_NOT_SAVED = "is not saved: a restart would bring back what was there before"
_PROTOCOLS: Mapping[str, str] = {**dict.fromkeys(_UDP_TYPES, "udp"), "ANY": "any"}


class NetScalerProvider(ApplianceProvider):
    """The services of one NetScaler or pair; peer is how the other unit is reached, its own address when empty."""

    safety = APPLIANCE_SAFETY

    def __init__(
        self, task: Task, driver: NetScaler, authentication: Authentication = Authentication.AUTO, peer: str = ""
    ) -> None:
        super().__init__(task, driver)
        self._prefix = driver.prefix
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

    def close(self) -> None:
        """Log out everywhere."""
        self._stack.close()

    def read(self) -> Gathered:
        """Return our services, everybody else's listeners, and what is known of the pair."""
        if not self._sessions:
            self._open(self.task.connection)
        self._configuration = parse_configuration(self._nitro.running_configuration())
        facts: dict[str, object] = {"unit": self.unit(self._nitro.connection.host)}
        if self._configuration.has_pair:
            facts |= self._primary()
        self._refuse_unread()
        self.was_read()
        facts["warnings"] = list(self._warnings())
        tables = self._configuration.tables
        idle_seconds = {service.name: service.idle_seconds for service in self.want}
        return Gathered(services_of(tables, self._prefix, idle_seconds), tuple(self._others()), facts)

    def same_domain(self, service: Service, listener: Listener) -> bool:
        """Return whether a listener is in the traffic domain of a service; without one, those of all domains count."""
        asked = service.options.get("td")
        return asked in (None, 0) or listener.domain in (f"td {asked}", _UNREAD_DOMAIN)

    def prepare(self, order: Order) -> Work:
        """Return the steps to what is wanted, as command lines."""
        have = self._configuration.tables
        want = resources_of(order.want, self._prefix, self._servers())
        graceful = frozenset(key for service in order.asked for key in self._draining(service))
        scope = Scope(self._prefix, frozenset(self._prefix + name for name in order.kept), graceful)
        self._plan = plan_resources(want, have, scope)
        lines = tuple(line for step in self._plan.steps for line in step.lines())
        unsaved = self._unsaved() if not lines else frozenset()
        if unsaved:
            return self._save_work(unsaved)
        return Work(lines, frozenset(self._services_touched(want)), dict(self._effects()))

    def write(self) -> None:
        """Send the steps and save; raises DeviceError that says how far it came."""
        for number, step in enumerate(self._plan.steps):
            try:
                self._nitro.do(step)
            except DeviceError as error:
                done = f"{number} of {len(self._plan.steps)} steps were done before; " if number else ""
                raise DeviceError(f"{error}; {done}nothing was saved; run again to go on") from None
        self._nitro.save()

    def _unsaved(self) -> Objects:
        """Return our objects whose last change is not saved, which only the appliance can tell.

        It says of the whole configuration whether it is saved; whose change is not, the saved one shows.
        """
        if self._nitro.is_saved():
            return frozenset()
        saved = parse_configuration(self._nitro.saved_configuration())
        return unsaved_objects(self._configuration.tables, saved.tables, self._prefix)

    def _save_work(self, unsaved: Objects) -> Work:
        names = sorted({key[0] for _kind, key in unsaved})
        touched = frozenset(name.removeprefix(self._prefix) for name in names)
        return Work((_SAVE_LINE,), touched, differences=tuple(f"{name} {_NOT_SAVED}" for name in names))

    @property
    def _nitro(self) -> Nitro:
        return self._sessions[-1]

    def _open(self, connection: Connection) -> None:
        session = Nitro(connection, self._authentication)
        self._sessions.append(session)
        self._stack.enter_context(session)

    def _primary(self) -> dict[str, object]:
        """Go to the primary of the pair, and return which it is and how synchronisation does."""
        units, place = self._nitro.units(), self.task.connection.place
        primary = next((unit for unit in units if str(unit.get("state", "")).lower() == "primary"), None)
        if primary is None:
            states = f"no unit of the pair is primary: {_unit_states(units)}"
            raise DeviceError(f"{place}: {states}; nothing is written to a pair without one")
        host = self._nitro.connection.host
        if str(primary.get("id")) != "0":
            host = self._peer or str(primary["ipaddress"])
            self._open(replace(self.task.connection, host=host))
            self._configuration = parse_configuration(self._nitro.running_configuration())
        others = [str(unit.get("ipaddress", "")) for unit in units if unit is not primary]
        return {"pair": _unit_facts(units), "unit": {**self.unit(host), "others": others}}

    def _warnings(self) -> Iterable[str]:
        """Yield what to know of the configuration: half lines of others, and what somebody bound to objects of ours."""
        if self._configuration.unread:
            yield _unread_text(self._configuration.unread)
        ours = (each for each in self._configuration.further if each.name.startswith(self._prefix))
        for each in ours:
            yield f"{shown(each.name)} has something bound that is none of the plan; {shown(each.removal)} ends it"

    def _refuse_unread(self) -> None:
        """Raise DeviceError when a line of ours is not whole; those of others are told."""
        names = (text.rpartition(" ")[2].lstrip('"') for text in self._configuration.unread)
        ours = sorted(name for name in names if name.startswith(self._prefix))
        if ours:
            place = self.task.connection.place
            raise DeviceError(f"{place}: the configuration has half a line of ours: {', '.join(map(shown, ours))}")

    def _servers(self) -> Servers:
        """Return the names of server objects by address and domain; one of ours before the others."""
        items = [
            (values, key[0]) for key, values in self._configuration.tables["server"].items() if "ipaddress" in values
        ]
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
        reader = Reader(tables, self._prefix, classic=self._configuration.classic)
        for found in self._configuration.listeners:
            kind, _space, name = found.owner.rpartition(" ")
            if kind == "lb vserver" and name.startswith(self._prefix):
                continue
            vserver = tables["lbvserver"].get((name,)) if kind == "lb vserver" else None
            domain = _UNREAD_DOMAIN if found.domain is None else f"td {found.domain}" if found.domain else ""
            classic = self._configuration.classic
            removal = tuple(_removal_lines({**tables, **classic}, name)) if vserver else (f"rm {found.owner}",)
            try:
                service = reader.understood(vserver) if vserver else None
            except DeviceError:  # of somebody else: it listens where it says, and is not compared
                service = None
            yield Listener(
                owner=found.owner,
                address=known_address(found.address),
                port=found.port,
                protocol=_PROTOCOLS.get(found.kind, "tcp"),
                domain=domain,
                service=service,
                removal=removal,
            )

    def _services_touched(self, want: Tables) -> Iterable[str]:
        """Yield the services whose objects change: their own by name, shared ones by who uses them."""
        names = {
            key[0].removeprefix(self._prefix)
            for key in (*want["lbvserver"], *self._configuration.tables["lbvserver"])
            if key[0].startswith(self._prefix)
        }
        direct = {_OLD.sub("", name.removeprefix(self._prefix)) for _kind, name in self._plan.objects}
        shared = {(kind, (name,)) for kind, name in self._plan.objects}
        for kind, resource in RESOURCES.items():
            for values in want[kind].values():
                used = {
                    (other, (str(values[attribute]),))
                    for attribute, other in resource.refers.items()
                    if values.get(attribute)
                }
                if used & shared:
                    direct |= {
                        str(values[name]).removeprefix(self._prefix)
                        for name in ("name", "servicegroupname", "vservername")
                        if name in values
                    }
        return names & direct

    def _effects(self) -> Iterable[tuple[str, EffectKind]]:
        """Yield what is made anew, by service; that nothing listens meanwhile comes last, since it counts for more."""
        for names, kind in (
            (self._plan.recreated - self._plan.interrupted, EffectKind.REPLACES),
            (self._plan.recreated & self._plan.interrupted, EffectKind.INTERRUPTS),
        ):
            yield from ((_OLD.sub("", name.removeprefix(self._prefix)), kind) for name in names)


def _unread_text(unread: Sequence[str]) -> str:
    named = ", ".join(map(shown, unread))
    return f"half lines of somebody else are not read: {named}; an address and port of theirs the appliance refuses"


def _removal_lines(tables: Tables, name: str) -> Iterable[str]:
    """Yield the lines that remove a virtual server of somebody else, and the groups and services bound to it alone."""
    yield removal_line(RESOURCES["lbvserver"], {"name": name})
    groups = [
        values["servicegroupname"]
        for values in tables["lbvserver_servicegroup_binding"].values()
        if values["name"] == name
    ]
    users = [
        str(values["servicegroupname"])
        for values in tables["lbvserver_servicegroup_binding"].values()
        if values["name"] != name
    ]
    known = [group for group in groups if (group,) in tables["servicegroup"] and group not in users]
    yield from (removal_line(RESOURCES["servicegroup"], {"servicegroupname": group}) for group in known)
    services = [each for each in groups if (each,) in tables["service"] and each not in users]
    yield from (removal_line(CLASSIC["service"], {"name": service}) for service in services)


def _unit_states(units: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{unit.get('ipaddress')} is {unit.get('state')}" for unit in units)


def _unit_facts(units: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    names = {"address": "ipaddress", "state": "state", "sync": "hasync", "sync_failure": "hasyncfailurereason"}
    return [{name: str(unit.get(source, "")) for name, source in names.items()} for unit in units]
