# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A BIG-IP brought to what is wanted: find the active unit, look, plan, see who else is there, write, look again.

An idempotent run is two requests (which unit is active; a dry run, whose traces are the truth of the device), a
change of members four (the key of the optimistic lock, the declaration) and a look again, whatever the number of
services. Where an address or port is new, the whole device is looked through first, every partition: three more. A
unit of a pair is asked for the state of synchronisation before the dry run, which changes it: one more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..._base.changes import State
from ..._base.errors import DeviceError, InvalidInputError, Problem, shown
from ..._base.reconcile import Done, SafetyStep, SafetyTable
from ..._base.untyped import Object, mapping, text
from ..changes import ServiceChange, plan_changes, service_documents
from ..conflicts import Conflict, find_conflicts
from ..https import Connection
from ..model import Service
from ..options import read_services
from ..reconcile import APPLIANCE_SAFETY, ApplianceProvider, Gathered, Order, Task, Work, not_rendered_documents
from ..relied_on import FORWARDS_THE_REST, Finding
from . import schema
from .client import BigIp, Unit, Waits, find_active
from .declaration import LABEL, SCHEMA_VERSION, left_out, parsed
from .differences import describe_diff
from .driver import F5As3
from .foreign import compared, conflict_text, nearest, node_conflicts, others, same_route_domain
from .forwarding import forwarding
from .objects import DeviceObject, profile_kinds, services, traced

_TENANT = re.compile(r"[A-Za-z][0-9A-Za-z_.-]{0,62}")
_PARTITION_ONLY = frozenset({"auth partition", "sys folder", ""})
_EQUAL = ("In Sync", "Standalone", "unknown")
_LOOKS = (State.MERGED, State.REPLACED)
SAFETY: SafetyTable = {
    **APPLIANCE_SAFETY,
    SafetyStep.READ_WHOLE: Done("read: a dry run, whose traces have every object of the tenant"),
    SafetyStep.OWNERSHIP: Done("check: the tenant carries our label; an address of somebody else stops its pool"),
    SafetyStep.FINGERPRINT: Done("write: the key of AS3's optimistic lock"),
    SafetyStep.VALID_CANDIDATE: Done("write: the declaration against the published schema and the closed world"),
}


@dataclass(frozen=True)
class F5Options:
    """What a BIG-IP takes besides services and connection.

    peers: hosts of the other units. schema: path of AS3's published schema. sync_group: the device group that gets the
    change. relied_on: what is asked for in place of the services.
    """

    peers: tuple[str, ...] = ()
    tenant: str = "Lync"
    schema: str | None = None
    sync_group: str = ""
    waits: Waits = Waits()
    relied_on: tuple[str, ...] = ()

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> F5Options:
        """Return the options of the module read."""
        return cls(
            peers=tuple((options["provider"] or {}).get("peers") or ()),
            tenant=options["tenant"],
            schema=options["schema"],
            sync_group=options["sync_group"],
            waits=Waits(options["wait_seconds"], options["poll_seconds"]),
            relied_on=tuple(options.get("assumptions") or ()),
        )


def read_task(options: Mapping[str, Any]) -> Task:
    """Return the services and the connection of the module's options; raises InvalidInputError."""
    state, given, config = State(options["state"]), options["services"], options["running_config"]
    if given is None and state in (State.MERGED, State.REPLACED, State.RENDERED):
        fix = "give the virtual services of a plan"  # to remove all of a tenant, an empty list has to be written
        raise InvalidInputError([Problem("services", f"is missing with state {state.value}", fix=fix)])
    # Ansible's values carry where they come from; the library that checks the schema takes plain ones only.
    found = read_services(json.loads(json.dumps(given or [])))
    if not options["provider"] and not state.is_offline:
        allowed = "host with user and password, or with token"
        raise InvalidInputError([Problem("provider", "is missing", allowed, fix="say how the device is reached")])
    return Task(state, found, Connection.from_options(options["provider"] or {}), config)


class F5Provider(ApplianceProvider):
    """The services of one BIG-IP, or one pair."""

    safety = SAFETY
    judges_removals = True

    def __init__(self, task: Task, options: F5Options) -> None:
        """Check the services against everything that can be known without the device; raises InvalidInputError."""
        check_tenant(options.tenant)
        self._f5 = F5As3(options.tenant)
        super().__init__(task, self._f5)
        if self.rendered:
            schema.check(self.rendered.document, options.schema)
        self._options = options
        self._known = self.want
        self._devices: list[BigIp] = []
        self._device: BigIp | None = None
        self._unit: Unit | None = None
        self._present: tuple[Service, ...] = ()
        self._objects: Mapping[str, DeviceObject] = {}
        self._difference: object = None
        self._stored: Object | None = None
        self._wanted: tuple[Service, ...] = ()
        self._sync = self._was_pending = ""
        self._warnings: list[str] = []
        self._findings: list[Finding] = []

    @property
    def requests(self) -> int:
        """Return how many requests were sent to all units."""
        return sum(device.https.requests for device in self._devices)

    def close(self) -> None:
        """End all connections."""
        for device in self._devices:
            device.close()

    def _connect(self, connection: Connection) -> BigIp:
        self._devices.append(BigIp(connection, self._options.waits))
        return self._devices[-1]

    @property
    def _active(self) -> tuple[BigIp, Unit]:
        """Return the unit that is worked on, which is found once."""
        if self._device is None or self._unit is None:
            peers = self._options.peers
            self._device, self._unit = find_active(self.task.connection, peers, self._connect)
        return self._device, self._unit

    def read(self) -> Gathered:
        """Return what the active unit has; a unit that carries no traffic is left alone.

        What is written there is lost with the next synchronisation.
        """
        device, unit = self._active
        if FORWARDS_THE_REST in self._options.relied_on:
            # No dry run, which sets a device group to Changes Pending.
            self._findings = [forwarding(device, self._outside())]
            self.was_read()
            return Gathered(facts=self._facts(unit), is_known=False)
        if unit.active:
            self._look(device)
            self.was_read()
            return Gathered(self._present, facts=self._facts(unit))
        self._sync = device.sync_status()
        if self._sync not in _EQUAL:
            self._warnings.append(f"{unit.name} says of the units: {self._sync}; {self._offer(device)}")
        active = unit.active_name or "none"
        alone = f"{unit.name} is not the active unit, nothing was looked at or written"
        self._warnings.append(f"{alone}; active: {active}; provider.peers may name it")
        return Gathered(facts=self._facts(unit), is_standby=True)

    def _outside(self) -> list[str]:
        """Return the members that see clients as they are: such a service stands before the outside of Edge Servers."""
        own = (service for service in self._asked if not service.source_nat)
        return sorted({member.address for service in own for member in service.members})

    def _facts(self, unit: Unit) -> dict[str, object]:
        return {"unit": {"name": unit.name, "active": unit.active, "others": list(unit.others)}}

    def _look(self, device: BigIp) -> None:
        """Learn what the device has from a dry run: of what is wanted, or of what AS3 keeps where that is not all."""
        self._ask_before(device)
        whole = bool(self.want) and self.task.state in _LOOKS
        document = self._f5.render(self.want).document if whole else self._kept(device)
        traces = device.declare(document, dry_run=True).traces if document else {}
        tenant = self._options.tenant
        if document and f"{tenant}Current" not in traces:
            message = f"AS3's answer has no traces of tenant {tenant}; 3.30 or newer is needed"
            raise DeviceError(f"{device.place}: {message}")
        # AS3 keeps nothing of a tenant that is not there, so nothing was asked.
        self._objects = traced(traces.get(f"{tenant}Current")) if document else {}
        self._present = _settle_node_ports(services(self._objects, profile_kinds(self._known)), self.want)
        self._difference = traces.get(f"{tenant}Diff") if whole and self.task.state is State.REPLACED else None

    def _ask_before(self, device: BigIp) -> None:
        """Ask a unit of a group for the state of synchronisation, once.

        AS3's dry run sets it to Changes Pending and changes nothing (F5's user guide, troubleshooting), so what it says
        later tells nothing.
        """
        if self._sync or not self._active[1].others:
            return
        self._sync = device.sync_status()
        if self._sync not in _EQUAL:
            self._was_pending = f"before this run looked, the units stood at: {self._sync}; {self._offer(device)}"

    def _offer(self, device: BigIp) -> str:
        """Return what may be done where nobody changed a unit: the line to type there, with the names of its groups."""
        try:
            groups = [self._options.sync_group] if self._options.sync_group else device.sync_groups()
        except DeviceError:
            groups = []
        lines = " and ".join(f"tmsh run cm config-sync to-group {group}" for group in groups or ["GROUP"])
        where = f"on {self._active[1].name}"
        dry = "a dry run of AS3, which each run and each check makes, leaves Changes Pending behind and changes nothing"
        return f"{dry}: where nobody else changed a unit, {lines} {where} ends it"

    def _kept(self, device: BigIp) -> object:
        """Return AS3's own declaration of the tenant, nothing when it has none."""
        self._stored = device.stored()
        found = mapping(self._stored.get(self._options.tenant))
        tree = {name: value for name, value in found.items() if name != "optimisticLockKey"}
        kept = {"class": "ADC", "schemaVersion": SCHEMA_VERSION, self._options.tenant: tree} if tree else {}
        self._known = (*self.want, *(parsed(kept) if kept else ()))
        return kept

    # Somebody else.

    def conflicts_with(self, have: Gathered) -> tuple[Conflict, ...]:
        """Return the wanted services whose address somebody else has, looked for where an address or port is new.

        Of all others, the dry run has shown the destination as a virtual of this tenant.
        """
        stopped = {conflict.service.pool for conflict in self._conflicts}
        changes = plan_changes(self.want, have.services, self.task.state, self._f5.effects)
        arriving = [change.after for change in changes if change.after and _brings_address(change)]
        new = [service for service in arriving if service.pool not in stopped]
        if not new:
            return self._conflicts
        device = self._active[0]
        tenants = frozenset(self._read_stored(device))
        found = find_conflicts(new, others(device, self._options.tenant, tenants), same_route_domain, conflict_text)
        known = compared(device, nearest(found))
        named = {conflict.service.name for conflict in known}
        nodes = node_conflicts(device, [service for service in new if service.name not in named], self._options.tenant)
        return (*self._conflicts, *known, *nodes)

    def conflict_message(self) -> str:
        """Return why the task fails although other pools went on."""
        return "; ".join(dict.fromkeys(conflict.text for conflict in self._conflicts))

    def _read_stored(self, device: BigIp) -> Object:
        if self._stored is None:
            self._stored = device.stored()
        return self._stored

    def plan(self) -> None:
        """Compute the changes; that they are in a tenant of ours is for check to find out."""
        super().plan()
        self.evidence.discard(SafetyStep.OWNERSHIP)

    def prepare(self, order: Order) -> Work:
        """Return what has to be done: one declaration of all that there shall be."""
        kept = (service for service in self._present if service.name in order.kept)
        self._wanted = tuple(sorted((*order.want, *kept), key=lambda service: service.name))
        differs = self._wanted != self._present
        stopped = self.want != order.want and self.task.state is not State.DELETED
        differences = tuple(describe_diff(self._difference, planned=differs or stopped))
        lines = (f"declare tenant {self._options.tenant}",) if differs or differences else ()
        return Work(lines, differences=differences)

    def check_owner(self) -> None:
        """Stop before a tenant or partition of somebody else is taken over: AS3 would remove all that is in it."""
        device, tenant = self._active[0], self._options.tenant
        tree = mapping(self._read_stored(device).get(tenant))
        if not tree and any(item.command not in _PARTITION_ONLY for item in self._objects.values()):
            made = f"partition {tenant} was made without AS3, which would remove what is in it"
            raise DeviceError(f"{device.place}: {made}; fix: choose another tenant")
        if tree and tree.get("label") != LABEL:
            other = f"tenant {tenant} was declared by somebody else, its label is not {LABEL}"
            raise DeviceError(f"{device.place}: {other}; fix: choose another tenant")
        self.evidence.add(SafetyStep.OWNERSHIP)

    # Writing.

    def write(self) -> None:
        """Send the declaration of what shall be there, with the key of what was there."""
        device, tenant = self._active[0], self._options.tenant
        self._was_pending = ""  # the units are asked again after the change
        tree = mapping(self._read_stored(device).get(tenant))
        self._refuse_haste(device, tree)
        document = self._f5.render(self._wanted).document
        schema.check(document, self._options.schema)
        self.evidence.add(SafetyStep.VALID_CANDIDATE)
        key = text(tree.get("optimisticLockKey"))
        if key:
            content = {**mapping(mapping(document)[tenant]), "optimisticLockKey": key}
            document = {**mapping(document), tenant: content}
        group = {"syncToGroup": self._options.sync_group} if self._options.sync_group else {}
        request = {"class": "AS3", "action": "deploy", "persist": True, **group, "declaration": document}
        device.declare(request, dry_run=False)
        # A tenant that was not there has no key: there was nothing that somebody could have changed.
        self.evidence.add(SafetyStep.FINGERPRINT)
        self._stored = None
        self._ask_others(device)

    def _refuse_haste(self, device: BigIp, tree: Object) -> None:
        """Look once more where a merge builds on what is there, and AS3's own record differs from it."""
        before = self._present
        recorded = _settle_node_ports(parsed({"class": "ADC", self._options.tenant: tree}), before)
        if self.task.state is not State.MERGED or recorded == before:
            return
        self._look(device)
        if self._present != before:
            changed = f"somebody changed tenant {self._options.tenant} while it was looked at"
            raise DeviceError(f"{device.place}: {changed}; fix: run again")

    def _ask_others(self, device: BigIp) -> None:
        """Ask another unit, where one is named, whether it has the change."""
        if not self._active[1].others:
            self._sync = "standalone"
            return
        named = (self.task.connection.host, *self._options.peers)
        hosts = [host for host in named if host != device.https.connection.host]
        if not hosts:
            self._sync = "not asked: provider.peers names no other unit"
            return
        try:
            self._sync = self._connect(replace(self.task.connection, host=hosts[0])).sync_status()
        except DeviceError as error:
            self._sync = "unknown"
            self._warnings.append(f"the other unit was not asked: {error}")
        self._warn_of_difference()

    def _warn_of_difference(self) -> None:
        if self._sync not in _EQUAL:
            group = self._options.sync_group
            fix = f"{group} was to get the change" if group else "sync_group names the group that gets each change"
            self._warnings.append(f"the units do not have the same configuration: {self._sync}; {fix}")

    def remarks(self) -> Mapping[str, object]:
        """Return how the units stand to each other, and what to know."""
        return {
            "sync": self._sync,
            "warnings": [*self._warnings, *filter(None, [self._was_pending])],
            "assumptions": [found.document() for found in self._findings],
        }


def _settle_node_ports(have: Sequence[Service], want: Sequence[Service]) -> tuple[Service, ...]:
    """Return what is there; the port of members that are not there is that which is wanted: no device keeps it."""
    ports = {service.name: service.node_port for service in want if not service.members}
    return tuple(
        replace(service, node_port=ports[service.name]) if not service.members and service.name in ports else service
        for service in have
    )


def _brings_address(change: ServiceChange) -> bool:
    """Return whether a change brings an address or port that was not its own before."""
    if change.before is None or not {"vip", "port", "protocol"}.isdisjoint(change.properties):
        return True
    return _route_domain(change.before) != _route_domain(change.after)


def _route_domain(service: Service | None) -> object:
    return service.options.get("route_domain") if service else None


def check_tenant(tenant: str) -> None:
    """Check the name of the tenant; raises InvalidInputError. Common is the device's own and everybody's."""
    if not _TENANT.fullmatch(tenant) or tenant == "Common":
        allowed = "a letter, then letters, digits, dots and dashes; not Common"
        raise InvalidInputError([Problem("tenant", f"{shown(tenant)} cannot be one", allowed, fix="choose another")])


def offline(task: Task, options: F5Options, path: str | None) -> dict[str, Any]:
    """Return the result of the states that ask no device, rendered and parsed; path: a file instead of running_config.

    Raises InvalidInputError.
    """
    check_tenant(options.tenant)
    driver = F5As3(options.tenant)
    if task.state is State.PARSED:
        config = _read_declaration(task.running_config, path)
        schema.check(config, options.schema)
        return {
            "changed": False,
            "parsed": service_documents(driver.parse(config)),
            "warnings": left_out(config),
        }
    rendered = driver.render(task.services)
    schema.check(rendered.document, options.schema)
    return {
        "changed": False,
        "rendered": rendered.text.splitlines(),
        "document": rendered.document,
        "not_rendered": not_rendered_documents(rendered.not_rendered),
    }


def _read_declaration(config: str | None, path: str | None) -> object:
    """Return the declaration of a text or a file."""
    try:
        found = Path(path).read_text(encoding="utf-8") if path else config
        document = json.loads(found) if found else None
    except (OSError, ValueError, RecursionError) as error:
        fix = "give the JSON text of a declaration"
        raise InvalidInputError([Problem("running_config", f"cannot be read: {error}", fix=fix)]) from None
    if not document:
        allowed = "the text of a declaration, or path to its file"
        raise InvalidInputError([Problem("running_config", "is missing", allowed, fix="give one of them")])
    return document
