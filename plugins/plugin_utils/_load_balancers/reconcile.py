# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring a load balancer that is reached over HTTPS to what is wanted: gather, stop what is somebody else's, plan, apply.

    result = run(Task.from_options(options), driver, lambda: Device(...), write=not check_mode)

What differs between vendors is a Device: how its services are read, and how changes are written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from .._base.errors import InvalidInputError, Problem
from . import results
from .changes import Change, Kind, State, applied, plan_changes
from .conflicts import Listener, Stop, adoptions, messages, stops
from .driver import Driver, Impact, NotRendered
from .https import DeviceError, Provider
from .model import Service
from .options import read_services
from .registry import option_problems

_BY_HAND = Impact("sets right what the fields of a service do not show")


@dataclass(frozen=True)
class Gathered:
    """What a device has: our services, where somebody else listens, and facts for the result (the unit, its pair)."""

    services: tuple[Service, ...]
    listeners: tuple[Listener, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """What a device is to become: want as the driver says it, asked as the user wrote it, names of services that stay."""

    want: tuple[Service, ...]
    asked: tuple[Service, ...]
    kept: frozenset[str]


@dataclass(frozen=True)
class Work:
    """How it gets there: lines in the vendor's words, services whose objects change, impacts by service."""

    lines: tuple[str, ...]
    touched: frozenset[str]
    impacts: Mapping[str, Impact] = field(default_factory=dict)


class Device(Protocol):
    """A load balancer over the wire; requests counts what was sent to it."""

    domain_option: str

    @property
    def requests(self) -> int:
        """Return how many requests were sent."""

    def gather(self, want: Sequence[Service]) -> Gathered:
        """Return what the device has; want helps to name what it names otherwise."""

    def prepare(self, order: Order) -> Work:
        """Return what has to be done after gather, without doing it."""

    def apply(self) -> None:
        """Do what was prepared, and save it; raises DeviceError with what was done before."""


@dataclass(frozen=True)
class Task:
    """The options of a module, read."""

    state: State
    services: tuple[Service, ...]
    provider: Provider
    running_config: str | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any], driver: Driver, needs_provider: bool = True) -> Task:
        """Return the options read; raises InvalidInputError with every problem."""
        state = State(options["state"])
        services = read_services(options["services"])
        needs = needs_provider and state not in (State.RENDERED, State.PARSED)
        problems = [problem for service in services for problem in option_problems(f"service {service.name}, options", service.options, (driver.name,))]
        problems += _provider_problems(options["provider"] or {}, needs)
        if state is State.PARSED and not options.get("running_config"):
            problems.append(Problem("running_config", "state parsed needs what is to be parsed", fix="give the text, or the answer of the appliance"))
        if problems:
            raise InvalidInputError(problems)
        return cls(state, services, Provider.from_options(options["provider"] or {}), options.get("running_config"))


def run(task: Task, driver: Driver, device: Callable[[], AbstractContextManager[Device]], write: bool) -> dict[str, Any]:
    """Return the result of a module; raises InvalidInputError and DeviceError."""
    if task.state is State.RENDERED:
        rendered = driver.render(task.services)
        return {"changed": False, "rendered": rendered.text.splitlines(), "document": rendered.document, **_left_out(rendered.not_rendered)}
    if task.state is State.PARSED:
        return {"changed": False, "parsed": results.services(driver.parse(task.running_config))}
    with device() as opened:
        return _reconciled(task, driver, opened, write)


def _reconciled(task: Task, driver: Driver, device: Device, write: bool) -> dict[str, Any]:
    asked = tuple(sorted(task.services, key=lambda service: service.name))
    rendered = driver.render(asked) if task.state is not State.DELETED else None
    want = tuple(map(driver.expressible, asked))
    have = device.gather(want)
    if task.state is State.GATHERED:
        return {"changed": False, "gathered": results.services(have.services), "requests": device.requests, **have.facts}
    stopped = stops(want, have.listeners, device.domain_option) if task.state is not State.DELETED else ()
    order, changes = _ordered(task.state, want, asked, have, stopped, driver)
    work = device.prepare(order)
    changes = _with_impacts(changes, work, have)
    if write and work.lines:
        device.apply()
    after = applied(have.services, changes)
    changes = _named(changes, {said.name: service.name for service, said in zip(asked, want, strict=True)})
    return {
        "changed": bool(work.lines),
        "before": results.services(have.services),
        "after": results.services(after),
        "changes": results.changes(changes),
        "commands": [line.removesuffix(": ") for line in results.commands(changes)],
        "lines": list(work.lines),
        "summary": results.summary(changes),
        "diff": results.diffs(changes),
        "requests": device.requests,
        **have.facts,
        **_left_out(rendered.not_rendered if rendered else ()),
        **_verdict(stopped),
    }


def _ordered(
    state: State, want: tuple[Service, ...], asked: tuple[Service, ...], have: Gathered, stopped: Sequence[Stop], driver: Driver
) -> tuple[Order, tuple[Change, ...]]:
    """Return what the device is to become, and the changes of services; stopped pools stay as they are."""
    pools = {stop.service.pool for stop in stopped}
    names = {service.name for service in want if service.pool in pools} | {service.name for service in have.services if service.pool in pools}
    free = tuple(service for service in want if service.name not in names)
    changes = plan_changes(free, [service for service in have.services if service.name not in names], state, driver.impacts)
    removed = {change.name for change in changes if change.kind is Kind.REMOVE}
    wanted = () if state is State.DELETED else free
    kept = frozenset(service.name for service in have.services if service.name not in removed) - {service.name for service in wanted}
    chosen = {service.name for service in wanted}
    return Order(wanted, tuple(service for service, said in zip(asked, want, strict=True) if said.name in chosen), kept), changes


def _with_impacts(changes: tuple[Change, ...], work: Work, have: Gathered) -> tuple[Change, ...]:
    """Return the changes with what the device says of them, and a change for each service of which only objects differ."""
    said = tuple(replace(change, impact=work.impacts.get(change.name, change.impact)) for change in changes)
    known = {change.name for change in said}
    hidden = [service for service in have.services if service.name in work.touched - known]
    return (*said, *(Change(Kind.CHANGE, service.name, service, service, (), _BY_HAND) for service in hidden))


def _named(changes: tuple[Change, ...], names: Mapping[str, str]) -> tuple[Change, ...]:
    """Return the changes under the user's names, which a device may not keep."""
    return tuple(replace(change, name=names.get(change.name, change.name)) for change in changes)


def _left_out(items: Sequence[NotRendered]) -> dict[str, Any]:
    return {"not_rendered": results.not_rendered(items)}


def _verdict(stopped: Sequence[Stop]) -> dict[str, Any]:
    found: dict[str, Any] = {"stopped": messages(stopped), "adoption": adoptions(stopped)}
    if stopped:
        found["failed"] = True
        fix = "fix: remove what is there, as adoption tells, or choose another address"
        found["msg"] = f"{'; '.join(found['stopped'])}; nothing of these pools was written; {fix}"
    return found


def _provider_problems(given: Mapping[str, Any], needed: bool) -> list[Problem]:
    if not needed:
        return []
    found = [] if given.get("host") else [Problem("provider.host", "is missing", fix="name the appliance")]
    if not given.get("token") and not (given.get("user") and given.get("password")):
        found.append(Problem("provider", "has neither a token nor user and password", fix="give one of them"))
    return found


__all__ = ["Device", "DeviceError", "Gathered", "Order", "Task", "Work", "run"]
