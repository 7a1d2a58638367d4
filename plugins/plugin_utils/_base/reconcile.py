# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one way in which any device is brought to what is wanted: gather, plan, check, apply, verify, confirm.

    reconcile(provider, check_mode=False)
    provider.result()                        # holds whatever was reached, also after a DeviceError

A provider knows one kind of device: Windows firewall rules, IPsec exemptions, nftables, a load balancer, publications,
DNS. It takes down each safety step that it has really taken (evidence). A step that the run requires and nobody took
fails the run, before the first write or right after the last, so no provider can forget one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from .absence import Losses, Owned, Presence, objects_of
from .addresses import AddressSet
from .errors import DeviceError
from .untyped import printed


class SafetyStep(Enum):
    """What may have to be certain before something is written, or after.

    The text says what is missing when it is not.
    """

    RIGHT_HOST = "that this is the device that the inventory describes"
    READ_WHOLE = "that everything of ours on the device was read"
    OWNERSHIP = "that what is changed is ours"
    GUARD = "that whoever manages the device still reaches it afterwards"
    FINGERPRINT = "that nobody changed the device since it was read"
    VALID_CANDIDATE = "that the device would take the new configuration"
    SAVED = "that what was there before is saved"
    REVERT_ARMED = "that what was there before comes back by itself unless the change is confirmed"
    REREAD_EQUAL = "that the device has what is wanted"
    CONFIRMED = "that the change was confirmed"


BEFORE_WRITING = (SafetyStep.RIGHT_HOST, SafetyStep.READ_WHOLE, SafetyStep.OWNERSHIP, SafetyStep.GUARD)
AFTER_WRITING = tuple(step for step in SafetyStep if step not in BEFORE_WRITING)


@dataclass(frozen=True)
class Done:
    """The provider takes this step; where: the function that does."""

    where: str


@dataclass(frozen=True)
class NotApplicable:
    """The provider has no such step; why: the reason, a sentence."""

    why: str


SafetyTable = Mapping[SafetyStep, Done | NotApplicable]


class Provider(ABC):
    """One kind of device in one task; it changes as the device answers.

    safety: every SafetyStep with Done or NotApplicable; tests refuse an empty cell. presence: what the run knows of
    addresses; by it, addresses of hosts that vanished stay.
    """

    safety: ClassVar[SafetyTable]

    def __init__(self) -> None:
        self.evidence: set[SafetyStep] = set()
        self.presence = Presence()
        self.serving = AddressSet()
        self.losses = Losses()
        self.held = AddressSet()
        self.exceeded_pools: dict[str, str] = {}
        # What tells one state of the device from another, where it has such a thing.
        self.fingerprint = ""

    def hold_back(
        self, objects: Iterable[Owned], members: Iterable[Owned] = (), down: AddressSet | None = None
    ) -> AddressSet:
        """Take down what objects of the device lose, and return the addresses that stay all the same; called by plan.

        members: of pools, as far as they take traffic. down: those of them that are not well.
        """
        self.losses = Losses.of(objects)
        exceeded = self.presence.exceeded_pools(members, down or AddressSet())
        self.exceeded_pools = {pool: why for pool, (_lost, why) in exceeded.items()}
        self.serving = AddressSet.union_of(lost for lost, _why in exceeded.values())
        self.held = self.presence.held(self.losses) | self.serving
        return self.held

    @abstractmethod
    def gather(self) -> None:
        """Read what the device has; raises DeviceError when it cannot be read, or is not the one that is meant."""

    @abstractmethod
    def plan(self) -> None:
        """Compute what has to change; raises DeviceError when the device cannot have what is wanted."""

    @property
    @abstractmethod
    def has_changes(self) -> bool:
        """Return whether the device has something to do."""

    @abstractmethod
    def check(self) -> Sequence[str]:
        """Return why the changes must not be made, in words; nothing when they may."""

    @abstractmethod
    def apply(self) -> None:
        """Make the changes; raises DeviceError with what was done when it stops half-way."""

    @abstractmethod
    def verify(self) -> None:
        """Read the device again; raises DeviceError when it does not have what is wanted."""

    def confirm(self) -> None:  # noqa: B027  # most devices have nothing to confirm
        """Confirm a change that would be taken back otherwise; raises DeviceError when that is not possible."""

    def conclude(self) -> None:  # noqa: B027  # on most devices what is there counts
        """Look once more at a device that has what is wanted; raises DeviceError when that does not count there.

        Called last, also when nothing had to change; never in check mode.
        """

    def close(self) -> None:  # noqa: B027  # most devices keep no connection
        """End what gather opened; called once, whatever happened."""

    def forecast(self, refusals: Sequence[str]) -> None:
        """Take down why apply would refuse the changes: for check mode."""
        self.refusals = tuple(refusals)

    refusals: tuple[str, ...] = ()

    @property
    def required(self) -> frozenset[SafetyStep]:
        """Return the steps that this task requires: all that the provider has, unless the task's options switch
        one off.
        """
        return frozenset(step for step, cell in self.safety.items() if isinstance(cell, Done))

    def missing_text(self, missing: Sequence[SafetyStep], is_written: bool) -> str:
        """Return the error of steps that nobody took."""
        head = "the changes were made, but it is not known" if is_written else "nothing was written: it is not known"
        return f"{head} {'; '.join(step.value for step in missing)}"

    @abstractmethod
    def result(self) -> dict[str, object]:
        """Return the result of the task as far as it came; after is a prediction until the changes were applied."""

    def absence(self) -> dict[str, object]:
        """Return what objects lose and what of it is held, as keys of a result of a run."""
        held = objects_of(self.losses.leaving, self.held)
        absence = {**self.losses.document(), "held_addresses": held, "exceeded_pools": self.exceeded_pools}
        return {**absence, "fingerprint": self.fingerprint}

    def diffs(self) -> list[dict[str, str]]:
        """Return one diff per change, for ansible's --diff."""
        return []


class RefusedError(DeviceError):
    """The changes must not be made; nothing was written. reasons: why, one each."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("\n".join(["the changes are refused; nothing was written:", *bullets(reasons)]))


def reconcile(provider: Provider, *, check_mode: bool) -> None:
    """Bring a device to what is wanted, or only look in check mode.

    Raises DeviceError, and RefusedError before anything is written.
    """
    try:
        _reconcile(provider, check_mode=check_mode)
    finally:
        provider.close()


def _reconcile(provider: Provider, *, check_mode: bool) -> None:
    provider.gather()
    provider.plan()
    # Of what was not read whole nobody knows whether it is as wanted, nor what a change of it would be.
    _require_evidence(provider, (SafetyStep.READ_WHOLE,), is_written=False)
    if provider.has_changes:
        _change(provider, check_mode=check_mode)
    if not check_mode:
        provider.conclude()


def _change(provider: Provider, *, check_mode: bool) -> None:
    refusals = provider.check()
    if check_mode:
        provider.forecast(refusals)
        return
    if refusals:
        raise RefusedError(refusals)
    _require_evidence(provider, BEFORE_WRITING, is_written=False)
    provider.apply()
    provider.verify()
    _require_evidence(provider, [step for step in AFTER_WRITING if step is not SafetyStep.CONFIRMED], is_written=True)
    provider.confirm()
    _require_evidence(provider, [SafetyStep.CONFIRMED], is_written=True)


def _require_evidence(provider: Provider, steps: Sequence[SafetyStep], *, is_written: bool) -> None:
    missing = [step for step in steps if step in provider.required and step not in provider.evidence]
    if missing:
        raise DeviceError(provider.missing_text(missing, is_written))


def bullets(items: Sequence[object]) -> list[str]:
    """Return the lines of a list in a message."""
    return [f"  - {printed(str(item))}" for item in items]
