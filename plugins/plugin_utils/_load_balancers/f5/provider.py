# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A BIG-IP brought to what is wanted: find the active unit, look, plan, see who else is there, write, say what came of it.

An idempotent run is two requests (which unit is active; a dry run, whose traces are the truth of the device), a change
of members four (the key of the optimistic lock, the declaration), whatever the number of services. Where an address or
port is new, the whole device is looked through first: two more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..._base.errors import InvalidInputError, Problem, shown
from ..._base.untyped import Object, items, mapping, text
from .. import results
from ..changes import Change, State, applied, plan_changes
from ..https import DeviceError, Provider
from ..model import Service
from . import owners, schema
from .client import BigIp, Waits
from .declaration import parsed
from .driver import F5As3
from .objects import MODELLED, DeviceObject, profile_kinds, services, traced
from .render import LABEL, SCHEMA_VERSION
from .units import Unit, find_active

_TENANT = re.compile(r"[A-Za-z][0-9A-Za-z_.-]{0,62}")
_PARTITION_ONLY = frozenset({"auth partition", "sys folder", ""})


@dataclass(frozen=True)
class Task:
    """What is asked for. schema: path of AS3's published schema; sync_group: the device group that gets the change."""

    services: tuple[Service, ...]
    state: State
    provider: Provider
    peers: tuple[str, ...] = ()
    tenant: str = "Lync"
    schema: str | None = None
    sync_group: str = ""
    waits: Waits = Waits()


class Convergence:
    """One run against one BIG-IP, or one pair; result() holds whatever was reached, also after a DeviceError."""

    def __init__(self, task: Task) -> None:
        """Check the services against everything that can be known without the device; raises InvalidInputError."""
        self._task = task
        check_tenant(task.tenant)
        self._driver = F5As3(task.tenant)
        rendered = self._driver.render(task.services)
        schema.check(rendered.document, task.schema)
        self._want = tuple(self._driver.expressible(service) for service in task.services)
        self._named = self._want
        self._not_rendered = rendered.not_rendered
        self._devices: list[BigIp] = []
        self._have: tuple[Service, ...] = ()
        self._objects: Mapping[str, DeviceObject] = {}
        self._stored: Object | None = None
        self._changes: tuple[Change, ...] = ()
        self._differences: tuple[str, ...] = ()
        self._stopped: tuple[owners.Conflict, ...] = ()
        self._unit: Unit | None = None
        self._sync = ""
        self._warnings: list[str] = []
        self._changed = False

    def run(self, *, check_mode: bool) -> None:
        """Look, plan, and write unless this is check mode or state gathered; raises DeviceError."""
        try:
            device, self._unit = find_active(self._task.provider, self._task.peers, self._connect)
            if not self._unit.active:
                self._stand_by(device, self._unit)
                return
            self._look(device)
            if self._task.state is State.GATHERED or not self._differs():
                return
            self._respect_others(device)
            if not check_mode and self._differs():
                self._write(device)
            self._changed = self._differs()
        finally:
            for each in self._devices:
                each.close()

    def _connect(self, provider: Provider) -> BigIp:
        self._devices.append(BigIp(provider, self._task.waits))
        return self._devices[-1]

    def _stand_by(self, device: BigIp, unit: Unit) -> None:
        """Leave a unit alone that carries no traffic: what is written there is lost with the next synchronisation."""
        self._sync = device.sync_status()
        self._warn_of_difference()
        active = unit.active_name or "none"
        self._warnings.append(f"{unit.name} is not the active unit, nothing was looked at or written; active: {active}; provider.peers may name it")

    def _differs(self) -> bool:
        return bool(self._changes or self._differences)

    def _look(self, device: BigIp) -> None:
        """Learn what the device has from a dry run: of what is wanted, or of what AS3 keeps where that is not all."""
        whole = bool(self._want) and self._task.state in (State.MERGED, State.REPLACED)
        document = self._driver.render(self._want).document if whole else self._kept(device)
        traces = device.declare(document, dry_run=True).traces if document else {}
        if document and f"{self._task.tenant}Current" not in traces:
            raise DeviceError(f"{device.place}: AS3's answer has no traces of tenant {self._task.tenant}; 3.30 or newer is needed")
        self._objects = traced(traces.get(f"{self._task.tenant}Current"))
        self._have = _settled(services(self._objects, profile_kinds(self._named)), self._want)
        if self._task.state is not State.GATHERED:
            self._changes = plan_changes(self._want, self._have, self._task.state, self._driver.impacts)
        if whole and self._task.state is State.REPLACED:
            self._differences = tuple(_differences(traces.get(f"{self._task.tenant}Diff"), planned=bool(self._changes)))

    def _kept(self, device: BigIp) -> object:
        """Return AS3's own declaration of the tenant, nothing when it has none."""
        self._stored = device.stored()
        tree = {name: value for name, value in mapping(self._stored.get(self._task.tenant)).items() if name != "optimisticLockKey"}
        kept = {"class": "ADC", "schemaVersion": SCHEMA_VERSION, self._task.tenant: tree} if tree else {}
        self._named = (*self._want, *(parsed(kept) if kept else ()))
        return kept

    def _respect_others(self, device: BigIp) -> None:
        """Stop the pools whose addresses somebody else has; the changes of the others stay."""
        arriving = [change.after for change in self._changes if change.after and _arrives(change)]
        if not arriving:
            return  # the dry run has shown each destination as a virtual of this tenant
        stored = self._read_stored(device)
        found = owners.conflicts(arriving, owners.foreign(device, self._task.tenant), frozenset(stored))
        self._stopped = owners.compared(device, found, owners.whole_device)
        pools = {conflict.service.pool for conflict in self._stopped}
        self._changes = tuple(change for change in self._changes if not pools & _pools(change))

    def _read_stored(self, device: BigIp) -> Object:
        if self._stored is None:
            self._stored = device.stored()
        return self._stored

    def _write(self, device: BigIp) -> None:
        """Send the declaration of what shall be there, with the key of what was there."""
        tree = mapping(self._read_stored(device).get(self._task.tenant))
        self._refuse_strangers(device, tree)
        self._refuse_haste(device, tree)
        document = self._driver.render(applied(self._have, self._changes)).document
        schema.check(document, self._task.schema)
        key = text(tree.get("optimisticLockKey"))
        if key:
            document = {**mapping(document), self._task.tenant: {**mapping(mapping(document)[self._task.tenant]), "optimisticLockKey": key}}
        group = {"syncToGroup": self._task.sync_group} if self._task.sync_group else {}
        device.declare({"class": "AS3", "action": "deploy", "persist": True, **group, "declaration": document}, dry_run=False)
        self._ask_others(device)

    def _refuse_strangers(self, device: BigIp, tree: Object) -> None:
        """Stop before a tenant or partition of somebody else is taken over: AS3 would remove all that is in it."""
        tenant, place = self._task.tenant, device.place
        if not tree and any(item.command not in _PARTITION_ONLY for item in self._objects.values()):
            raise DeviceError(f"{place}: partition {tenant} was made without AS3, which would remove what is in it; fix: choose another tenant")
        if tree and tree.get("label") != LABEL:
            raise DeviceError(f"{place}: tenant {tenant} was declared by somebody else, its label is not {LABEL}; fix: choose another tenant")

    def _refuse_haste(self, device: BigIp, tree: Object) -> None:
        """Look once more where a merge builds on what is there, and AS3's own record differs from it."""
        if self._task.state is not State.MERGED or _settled(parsed({"class": "ADC", self._task.tenant: tree}), self._have) == self._have:
            return
        before = self._have
        self._look(device)
        if self._have != before:
            raise DeviceError(f"{device.place}: somebody changed tenant {self._task.tenant} while it was looked at; fix: run again")

    def _ask_others(self, device: BigIp) -> None:
        """Ask another unit, where one is named, whether it has the change."""
        if self._unit is None or not self._unit.others:
            self._sync = "standalone"
            return
        hosts = [host for host in (self._task.provider.host, *self._task.peers) if host != device.https.provider.host]
        if not hosts:
            self._sync = "not asked: provider.peers names no other unit"
            return
        try:
            self._sync = self._connect(replace(self._task.provider, host=hosts[0])).sync_status()
        except DeviceError as error:
            self._sync = "unknown"
            self._warnings.append(f"the other unit was not asked: {error}")
        self._warn_of_difference()

    def _warn_of_difference(self) -> None:
        if self._sync not in ("In Sync", "unknown"):
            self._warnings.append(f"the units do not have the same configuration: {self._sync}; sync_group names the device group that gets each change")

    def result(self) -> dict[str, object]:
        """Return what was found, planned and done as plain data."""
        after = applied(self._have, self._changes)
        found: dict[str, object] = {
            "changed": self._changed,
            "before": results.services(self._have),
            "after": results.services(after),
            "changes": results.changes(self._changes),
            "commands": results.commands(self._changes),
            "summary": results.summary(self._changes),
            "not_rendered": results.not_rendered(self._not_rendered),
            "differences": list(self._differences),
            "stopped": [conflict.plain() for conflict in self._stopped],
            "cut_over": owners.removal(self._stopped),
            "sync": self._sync,
            "requests": {device.https.provider.host: device.https.requests for device in self._devices},
            "warnings": self._warnings,
        }
        if self._unit:
            found["unit"] = {"name": self._unit.name, "active": self._unit.active, "others": list(self._unit.others)}
        if self._task.state is State.GATHERED:
            found["gathered"] = results.services(self._have)
        if self._stopped:
            found.update(failed=True, msg="; ".join(dict.fromkeys(conflict.words for conflict in self._stopped)))
        return found

    def diffs(self) -> list[dict[str, str]]:
        """Return one diff per change, and one for what only AS3 sees."""
        found = results.diffs(self._changes)
        if self._differences:
            header = "other properties of the tenant's objects"
            found.append({"before_header": header, "after_header": header, "before": "\n".join(self._differences) + "\n", "after": ""})
        return found


def _settled(have: Sequence[Service], want: Sequence[Service]) -> tuple[Service, ...]:
    """Return what is there, with the port of members that are not there taken from what is wanted: no device keeps it."""
    ports = {service.name: service.node_port for service in want if not service.members}
    return tuple(replace(service, node_port=ports[service.name]) if not service.members and service.name in ports else service for service in have)


def _arrives(change: Change) -> bool:
    """Return whether a change brings an address or port that was not its own before."""
    return change.before is None or not {"vip", "port", "protocol"}.isdisjoint(change.fields) or _domain(change.before) != _domain(change.after)


def _domain(service: Service | None) -> object:
    return service.options.get("route_domain") if service else None


def _pools(change: Change) -> set[str]:
    return {service.pool for service in (change.before, change.after) if service}


def _differences(diff: object, *, planned: bool) -> list[str]:
    """Return the lines of AS3's diff; beside planned changes only those of properties that no field of a service is."""
    entries = [mapping(entry) for entry in items(diff)]
    return [_difference(entry) for entry in entries if not planned or not _is_modelled([text(part) for part in items(entry.get("path"))])]


def _is_modelled(path: Sequence[str]) -> bool:
    """Return whether a path of AS3's diff is a whole object, or a property that a service speaks of."""
    return len(path) < len(("path", "properties", "name")) or path[2] in MODELLED


def _difference(entry: Object) -> str:
    path = [text(part) for part in items(entry.get("path"))]
    words = {"N": "is missing", "D": "is there and should not be"}
    what = words.get(text(entry.get("kind"))) or f"is {entry.get('lhs')!r}, wanted {entry.get('rhs')!r}"
    return f"{' '.join(part for part in path if part != 'properties')} {what}"


def check_tenant(tenant: str) -> None:
    """Check the name of the tenant; raises InvalidInputError. Common is the device's own and everybody's."""
    if not _TENANT.fullmatch(tenant) or tenant == "Common":
        allowed = "a letter, then letters, digits, dots and dashes; not Common"
        raise InvalidInputError([Problem("tenant", f"{shown(tenant)} cannot be one", allowed, fix="choose another")])


def offline(task_services: Sequence[Service], tenant: str, state: State, config: object, schema_path: str | None) -> dict[str, object]:
    """Return the result of the states that need no device: rendered and parsed; raises InvalidInputError."""
    check_tenant(tenant)
    driver = F5As3(tenant)
    if state is State.RENDERED:
        rendered = driver.render(task_services)
        schema.check(rendered.document, schema_path)
        return {"changed": False, "rendered": rendered.document, "not_rendered": results.not_rendered(rendered.not_rendered)}
    if not config:
        raise InvalidInputError([Problem("running_config", "is missing", allowed="the text of a declaration, or path to its file", fix="give one of them")])
    schema.check(config, schema_path)
    return {"changed": False, "parsed": results.services(driver.parse(config))}
