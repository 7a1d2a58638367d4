# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all load balancers have in common when they are brought to what is wanted, and the one result of their modules.

    class KempProvider(ServicesProvider): read, prepare, write      what differs between vendors
    reconcile(KempProvider(task, driver), check_mode=False)

A pool whose address and port somebody else has is left alone, and fails the task; the other pools go on.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from .._base.changes import Cause, Kind, State, summary
from .._base.errors import AnswerError, DeviceError, InvalidInputError, Problem, understood
from .._base.reconcile import Done, NotApplicable, Provider, SafetyStep, SafetyTable
from .changes import (
    PRESENTATION,
    ServiceChange,
    applied,
    change_document,
    effects_of,
    plan_changes,
    service_change,
    service_documents,
)
from .conflicts import Conflict, Listener, conflict_texts, find_conflicts
from .driver import Driver, EffectKind, NotRendered
from .held_members import is_held, members_down, owned_members, serving_members, with_held
from .https import Connection
from .model import MemberState, Service
from .options import read_services, vendor_option_problems

NOT_LOOKED_AT_AGAIN = "it took the change, and could not be looked at again"
DIFFERS = "it took the change, and differs from the plan all the same"
# What a device may say of itself; a result has all of them, so that results of all modules read alike.
_NO_FACTS: Mapping[str, object] = {
    "warnings": [],
    "health": {},
    "unit": {},
    "pair": [],
    "sync": "",
    "assumptions": [],
}


@dataclass(frozen=True)
class Gathered:
    """What a device has: our services, where somebody else listens, and facts for the result.

    facts: by the keys of _NO_FACTS. is_standby: it carries no traffic now, so it is left alone.
    is_known: False where what it has could not be read; then services is empty, and no service is known to be missing.
    """

    services: tuple[Service, ...] = ()
    listeners: tuple[Listener, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    is_standby: bool = False
    is_known: bool = True


@dataclass(frozen=True)
class Order:
    """What a device is to become.

    want: the services as the driver expresses them, asked: as the user wrote them, kept: names of services that stay.
    """

    want: tuple[Service, ...]
    asked: tuple[Service, ...]
    kept: frozenset[str]


@dataclass(frozen=True)
class Work:
    """How it gets there.

    lines: in the vendor's words; none when there is nothing to do. touched: services whose objects change. effects: by
    service, where the device knows better than the fields. differences: of what no field of a service is.
    """

    lines: tuple[str, ...] = ()
    touched: frozenset[str] = frozenset()
    effects: Mapping[str, EffectKind] = field(default_factory=dict)
    differences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """The options of a module, read."""

    state: State
    services: tuple[Service, ...]
    connection: Connection = Connection("")
    running_config: str | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any], driver: Driver, needs_connection: bool = True) -> Task:
        """Return the options read; raises InvalidInputError with every problem."""
        state = State(options["state"])
        services = read_services(options["services"])
        given = options.get("provider") or {}
        problems = [problem for service in services for problem in _check_service_options(service, driver)]
        problems += _connection_problems(given) if needs_connection and not state.is_offline else []
        if state is State.PARSED and not options.get("running_config"):
            fix = "give the text, or the answer of the appliance"
            problems.append(Problem("running_config", "state parsed needs what is to be parsed", fix=fix))
        if problems:
            raise InvalidInputError(problems)
        return cls(state, services, Connection.from_options(given), options.get("running_config"))


def _check_service_options(service: Service, driver: Driver) -> Iterable[Problem]:
    place = f"service {service.name}, options"
    return vendor_option_problems(place, service.options, driver.options, (driver.name,))


def _connection_problems(given: Mapping[str, Any]) -> list[Problem]:
    found = [] if given.get("host") else [Problem("provider.host", "is missing", fix="name the appliance")]
    if not given.get("token") and not (given.get("user") and given.get("password")):
        found.append(Problem("provider", "has neither a token nor user and password", fix="give one of them"))
    return found


def offline(task: Task, driver: Driver) -> dict[str, Any]:
    """Return the result of the states that ask no device, rendered and parsed; raises InvalidInputError."""
    if task.state is State.PARSED:
        with understood("running_config"):
            return {"changed": False, "parsed": service_documents(driver.parse(task.running_config))}
    rendered = driver.render(task.services)
    return {
        "changed": False,
        "rendered": rendered.text.splitlines(),
        "document": rendered.document,
        "not_rendered": not_rendered_documents(rendered.not_rendered),
    }


def not_rendered_documents(items: Iterable[NotRendered]) -> list[dict[str, str]]:
    """Return what is not expressed as mappings: service, name of the field, why."""
    return [item.document() for item in sorted(items)]


class ServicesProvider(Provider):
    """A load balancer in one task.

    want: its services as the driver expresses them, by the user's names. rendered: them as a document.
    judges_removals: whether services that are to be removed are rendered too, and must be such that they can be.
    """

    judges_removals: ClassVar[bool] = False

    def __init__(self, task: Task, driver: Driver) -> None:
        """Check what needs no device; raises InvalidInputError."""
        super().__init__()
        self.task, self.driver = task, driver
        self._asked = tuple(sorted(task.services, key=lambda service: service.name))
        self.rendered = driver.render(self._asked) if task.state is not State.DELETED or self.judges_removals else None
        self.want = tuple(map(driver.expressible, self._asked))
        self._have = Gathered()
        self._have_again: Gathered | None = None
        self._changes: tuple[ServiceChange, ...] = ()
        self._work = Work()
        self._conflicts: tuple[Conflict, ...] = ()
        self._is_changed = self._is_certain = False
        self._verify_requests = 0

    # What vendors write.

    @property
    @abstractmethod
    def requests(self) -> int:
        """Return how many requests were sent."""

    @abstractmethod
    def read(self) -> Gathered:
        """Return what the device has; raises DeviceError."""

    @abstractmethod
    def prepare(self, order: Order) -> Work:
        """Return what has to be done after read, without doing it."""

    @abstractmethod
    def write(self) -> None:
        """Do what was prepared last; raises DeviceError with what was done before."""

    def same_domain(self, service: Service, listener: Listener) -> bool:
        """Return whether a listener is in the network of a service; most devices have one network."""
        return True

    def conflicts_with(self, have: Gathered) -> tuple[Conflict, ...]:
        """Return the wanted services whose address and port somebody else has."""
        return find_conflicts(self.want, have.listeners, self.same_domain)

    def refuse_unknown(self) -> None:
        """Raise DeviceError when something is to be kept of what could not be read; most devices answer whole."""

    def conflict_message(self) -> str:
        """Return why the task fails although other pools went on."""
        fix = "fix: remove what is there, as adoption tells, or choose another address"
        return f"{'; '.join(conflict_texts(self._conflicts))}; nothing of these pools was written; {fix}"

    # The steps of reconcile.

    def gather(self) -> None:
        """Read what the device has; raises DeviceError."""
        self._have = self.look()

    def look(self) -> Gathered:
        """Return what the device has; raises DeviceError, also when its answer is not understood."""
        return self.read()

    def plan(self) -> None:
        """Compute the changes of the pools that nobody is in the way of; raises DeviceError."""
        if self.task.state is State.GATHERED or self._have.is_standby:
            self.refuse_unknown()
            return
        if self.task.state is not State.DELETED:
            self._hold_members()
            self._conflicts = self.conflicts_with(self._have)
        self.refuse_unknown()
        self._changes, self._work = self._compared(self._have)
        self.evidence.add(SafetyStep.OWNERSHIP)

    def _hold_members(self) -> None:
        """Keep what stays of hosts that vanished."""
        removes = self.task.state is not State.MERGED
        have = self._have.services
        members = serving_members(self.want, have)
        down = members_down(self._have.facts.get("health"))
        if not self.hold_back(owned_members(self.want, have, removes=removes), members, down):
            return
        names = {asked.name: service.name for asked, service in zip(self._asked, self.want, strict=True)}
        self._asked = with_held(self._asked, names, have, self.held, self.serving)
        self.rendered = self.driver.render(self._asked)
        self.want = tuple(map(self.driver.expressible, self._asked))

    @property
    def has_changes(self) -> bool:
        """Return whether the device has something to do."""
        return bool(self._work.lines)

    def check(self) -> Sequence[str]:
        """Return nothing: what stands against a change of a load balancer fails the task with its own message."""
        return ()

    def forecast(self, refusals: Sequence[str]) -> None:
        """Take down that the changes would be made."""
        super().forecast(refusals)
        self._is_changed = self._is_certain = True

    def apply(self) -> None:
        """Make the changes; raises DeviceError."""
        self.write()
        self._is_changed = True

    def verify(self) -> None:
        """Read the device again; raises DeviceError when it could not be read, or differs from the plan."""
        before = self.requests
        try:
            self._have_again = self.look()
            changes, work = self._compared(self._have_again)
            known = {(conflict.service.name, conflict.listener.owner) for conflict in self._conflicts}
            found = self.conflicts_with(self._have_again) if self.task.state is not State.DELETED else ()
        except DeviceError as error:
            raise DeviceError(f"{NOT_LOOKED_AT_AGAIN}: {error}") from None
        finally:
            self._verify_requests = self.requests - before
        new = [conflict for conflict in found if (conflict.service.name, conflict.listener.owner) not in known]
        if new:
            raise DeviceError(f"{NOT_LOOKED_AT_AGAIN}: {'; '.join(conflict_texts(new))}")
        if work.lines:
            differing = [*self._commands(changes), *work.differences] or [*work.lines]
            raise DeviceError(f"{DIFFERS}: {'; '.join(differing)}")
        self._is_certain = True
        self.evidence.add(SafetyStep.REREAD_EQUAL)

    # How changes come about.

    def _compared(self, have: Gathered) -> tuple[tuple[ServiceChange, ...], Work]:
        """Return the changes from what a device has, and the work that they are; stopped pools stay as they are."""
        order, changes = self._order(have.services)
        work = self.prepare(order)
        found = tuple(_with_effect(change, work.effects.get(change.name)) for change in changes)
        hidden = work.touched - {change.name for change in found}
        repaired = [_repair_service(service) for service in have.services if service.name in hidden]
        return (*found, *repaired), work

    def _order(self, have: Sequence[Service]) -> tuple[Order, tuple[ServiceChange, ...]]:
        state = self.task.state
        stopped = {conflict.service.pool for conflict in self._conflicts}
        names = {service.name for service in (*self.want, *have) if service.pool in stopped}
        free = tuple(service for service in self.want if service.name not in names)
        wanted_names = {service.name for service in free}
        names |= {service.name for service in have if service.name not in wanted_names and is_held(service, self.held)}
        present = [service for service in have if service.name not in names]
        changes = plan_changes(free, present, state, self.driver.effects)
        removed = {change.name for change in changes if change.kind is Kind.REMOVE}
        wanted = () if state is State.DELETED else free
        chosen = {service.name for service in wanted}
        kept = frozenset(service.name for service in have if service.name not in removed) - chosen
        pairs = zip(self._asked, self.want, strict=True)
        asked = tuple(service for service, expressed in pairs if expressed.name in chosen)
        return Order(wanted, asked, kept), changes

    def _named(self, changes: Iterable[ServiceChange]) -> list[ServiceChange]:
        """Return the changes under the user's names, which a device may not keep."""
        pairs = zip(self._asked, self.want, strict=True)
        names = {expressed.name: service.name for service, expressed in pairs}
        return [replace(change, name=names.get(change.name, change.name)) for change in changes]

    def _commands(self, changes: Iterable[ServiceChange]) -> list[str]:
        return [PRESENTATION.command(change) for change in self._named(changes)]

    # The result.

    def result(self) -> dict[str, object]:
        """Return the result of the module as far as it came."""
        facts = {**_NO_FACTS, **self._have.facts, **(self._have_again.facts if self._have_again else {})}
        requests = self.requests - self._verify_requests
        common = {**facts, "stats": {"requests": requests, "verify_requests": self._verify_requests}}
        have, is_known = self._have.services, self._have.is_known
        if self.task.state is State.GATHERED:
            return {"changed": False, "gathered": service_documents(have) if is_known else None, **common}
        after = applied(have, self._changes)
        changes = self._named(self._changes)
        counts: Mapping[str, int | None] = summary(changes)
        return {
            "changed": self._is_changed,
            "before": service_documents(have) if is_known else None,
            "after": service_documents(after),
            "changes": [change_document(change) for change in changes],
            "commands": [PRESENTATION.command(change) for change in changes],
            "lines": list(self._work.lines),
            "summary": counts if is_known else dict.fromkeys(counts),
            "differences": list(self._work.differences),
            "not_rendered": not_rendered_documents(self.rendered.not_rendered if self.rendered else ()),
            "conflicts": [conflict.document() for conflict in self._conflicts],
            "adoption": [conflict.adoption() for conflict in self._conflicts],
            "members": dict(sorted(Counter(_member_states(after if self._is_known else ())).items())),
            "sends": sends_of(after if self._is_known else self._seen),
            **common,
            **({"failed": True, "msg": self.conflict_message()} if self._conflicts else {}),
        }

    @property
    def _is_known(self) -> bool:
        """Return whether the device is known to be, or would be, as planned."""
        return self._is_certain or not self.has_changes

    @property
    def _seen(self) -> tuple[Service, ...]:
        """Return all services that the device was seen with: it may have stopped half-way."""
        return (*self._have.services, *(self._have_again.services if self._have_again else ()))

    def diffs(self) -> list[dict[str, str]]:
        """Return one diff per change, and one for what no field of a service shows."""
        found = [PRESENTATION.diff(change) for change in self._named(self._changes)]
        if self._work.differences:
            header = "what no field of a service shows"
            before = "\n".join(self._work.differences) + "\n"
            found.append({"before_header": header, "after_header": header, "before": before, "after": ""})
        return found


def _with_effect(change: ServiceChange, kind: EffectKind | None) -> ServiceChange:
    return change if kind is None else replace(change, effects=effects_of([kind]), recreates=kind.recreates)


def _repair_service(service: Service) -> ServiceChange:
    return service_change(Kind.CHANGE, service, service, Cause.DIFFERENT, [EffectKind.REPAIRS])


def _member_states(services: Iterable[Service]) -> Iterable[str]:
    return (member.state.value for service in services for member in service.members)


def sends_of(services: Iterable[Service]) -> list[list[object]]:
    """Return where traffic of services goes: address, port and protocol, each once, sorted."""
    found = {
        (member.address, service.node_port, service.protocol)
        for service in services
        for member in service.members
        if member.state is not MemberState.DISABLED
    }
    return [list(place) for place in sorted(found)]


_TRAFFIC = "it changes where traffic goes, and not who reaches the management of the appliance"
_NO_COPY = "an appliance keeps no copy of single objects; the result has the services as they were before"
APPLIANCE_SAFETY: SafetyTable = {
    SafetyStep.RIGHT_HOST: Done("Https.send: the certificate is trusted and of the host that was asked for"),
    SafetyStep.READ_WHOLE: Done("read: everything that listens, ours and others', in one answer"),
    SafetyStep.OWNERSHIP: Done("plan: what is ours carries the prefix, and an address of somebody else stops its pool"),
    SafetyStep.GUARD: NotApplicable(_TRAFFIC),
    SafetyStep.FINGERPRINT: NotApplicable("the interface has none; an object that somebody made or removed is refused"),
    SafetyStep.VALID_CANDIDATE: NotApplicable("the interface has no dry run; it judges each request as it comes"),
    SafetyStep.SAVED: NotApplicable(_NO_COPY),
    SafetyStep.REVERT_ARMED: NotApplicable("the interface has no change that comes back by itself"),
    SafetyStep.REREAD_EQUAL: Done(
        "verify: the appliance is read again and compared; that it took a change proves nothing"
    ),
    SafetyStep.CONFIRMED: NotApplicable("nothing comes back by itself"),
}


class ApplianceProvider(ServicesProvider):
    """An appliance; that its certificate is verified may be switched off by validate_certs."""

    @property
    def required(self) -> frozenset[SafetyStep]:
        """Return the steps that this task requires; a unit that carries no traffic is not read."""
        unchecked = frozenset() if self.task.connection.validate_certs else frozenset({SafetyStep.RIGHT_HOST})
        unread = frozenset({SafetyStep.READ_WHOLE}) if self._have.is_standby else frozenset()
        return super().required - unchecked - unread

    # Where answers of the appliance are read: what is malformed in one is an error that names the appliance, and no
    # message has a secret in it.

    def look(self) -> Gathered:
        """Return what the appliance has; raises DeviceError."""
        with self._answering():
            try:
                return super().look()
            except InvalidInputError as error:
                faults = "; ".join(map(str, error.problems))
                raise AnswerError(f"{self.task.connection.place}: {faults}") from error

    def plan(self) -> None:
        """Compute the changes; raises DeviceError."""
        with self._answering():
            super().plan()

    def check(self) -> Sequence[str]:
        """Return nothing; raises DeviceError when what is there is not ours."""
        with self._answering():
            self.check_owner()
        return ()

    def check_owner(self) -> None:  # of most appliances the names tell it
        """Raise DeviceError when what would be written is somebody else's."""

    def apply(self) -> None:
        """Make the changes; raises DeviceError."""
        with self._answering():
            super().apply()

    def verify(self) -> None:
        """Read the appliance again; raises DeviceError when it could not be read, or differs from the plan."""
        with self._answering():
            super().verify()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        connection = self.task.connection
        try:
            with understood(connection.place):
                yield
        except DeviceError as error:
            message = connection.without_secrets(str(error))
            if message == str(error):
                raise
            raise DeviceError(message) from None

    def result(self) -> dict[str, object]:
        """Return the result of the module as far as it came, what the appliance says of itself without secrets."""
        found = {**super().result(), **self.remarks()}
        return {name: self._hide_secrets(value) if name in _NO_FACTS else value for name, value in found.items()}

    def remarks(self) -> Mapping[str, object]:
        """Return facts that are known at the end of the task alone."""
        return {}

    def _hide_secrets(self, value: object) -> object:
        if isinstance(value, str):
            return self.task.connection.without_secrets(value)
        if isinstance(value, Mapping):
            return {name: self._hide_secrets(part) for name, part in value.items()}
        return [self._hide_secrets(part) for part in value] if isinstance(value, (list, tuple)) else value

    def was_read(self) -> None:
        """Take down that the right appliance answered, and with everything; called after a whole answer."""
        self.evidence.add(SafetyStep.READ_WHOLE)
        if self.task.connection.validate_certs:
            self.evidence.add(SafetyStep.RIGHT_HOST)

    @staticmethod
    def unit(name: str) -> dict[str, object]:
        """Return the unit that is worked on, as results have it."""
        return {"name": name, "active": True, "others": []}
