# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one course of every provider: what is written, when nothing is, and what a step that nobody took comes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.absence import Owned, Presence
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import (
    AFTER_WRITING,
    BEFORE_WRITING,
    Done,
    NotApplicable,
    Provider,
    RefusedError,
    SafetyStep,
    SafetyTable,
    reconcile,
)

POOL, GONE = "pool01.contoso.com", "10.1.0.99"


class Recorder(Provider):
    """A device that takes down what is done with it; lacks: the safety step that it does not take."""

    safety: ClassVar[SafetyTable] = {step: Done("here") for step in SafetyStep}

    def __init__(self, lacks: SafetyStep | None = None, refusals: Sequence[str] = (), has_changes: bool = True) -> None:
        super().__init__()
        self.course: list[str] = []
        self._lacks, self._answer, self._has_changes = lacks, refusals, has_changes

    def _take(self, name: str, *steps: SafetyStep) -> None:
        self.course.append(name)
        self.evidence |= {step for step in steps if step is not self._lacks}

    def gather(self) -> None:
        self._take("gather", *BEFORE_WRITING)

    def plan(self) -> None:
        self._take("plan")

    @property
    def has_changes(self) -> bool:
        return self._has_changes

    def check(self) -> Sequence[str]:
        self._take("check")
        return self._answer

    def apply(self) -> None:
        self._take("apply")

    def verify(self) -> None:
        self._take("verify", *(step for step in AFTER_WRITING if step is not SafetyStep.CONFIRMED))

    def confirm(self) -> None:
        self._take("confirm", SafetyStep.CONFIRMED)

    def conclude(self) -> None:
        self._take("conclude")

    def close(self) -> None:
        self._take("close")

    def result(self) -> dict[str, object]:
        return self.absence()


def test_a_change_goes_its_whole_course() -> None:
    device = Recorder()
    reconcile(device, check_mode=False)
    assert device.course == ["gather", "plan", "check", "apply", "verify", "confirm", "conclude", "close"]


def test_a_device_without_changes_is_not_written_and_still_has_to_count() -> None:
    device = Recorder(refusals=["no"], has_changes=False)
    reconcile(device, check_mode=False)
    assert device.course == ["gather", "plan", "conclude", "close"]


def test_check_mode_only_looks_and_tells_what_would_be_refused() -> None:
    device = Recorder(refusals=["it would cut 10.10.3.4"])
    reconcile(device, check_mode=True)
    assert (device.course, device.refusals) == (["gather", "plan", "check", "close"], ("it would cut 10.10.3.4",))


def test_a_refusal_comes_before_anything_is_written() -> None:
    device = Recorder(refusals=["it would cut 10.10.3.4"])
    with pytest.raises(RefusedError, match=r"nothing was written:\n  - it would cut 10.10.3.4"):
        reconcile(device, check_mode=False)
    assert device.course == ["gather", "plan", "check", "close"]


@pytest.mark.parametrize("step", SafetyStep)
def test_a_step_that_nobody_took_fails_the_run_and_the_error_tells_whether_something_was_written(
    step: SafetyStep,
) -> None:
    device = Recorder(lacks=step)
    with pytest.raises(DeviceError) as caught:
        reconcile(device, check_mode=False)
    is_written = step in AFTER_WRITING
    head = "the changes were made, but it is not known" if is_written else "nothing was written: it is not known"
    assert str(caught.value) == f"{head} {step.value}"
    assert ("apply" in device.course) == is_written and device.course[-1] == "close"
    assert ("confirm" in device.course) == (step is SafetyStep.CONFIRMED)


def test_a_step_that_a_device_does_not_have_is_not_required() -> None:
    device = Recorder(lacks=SafetyStep.SAVED)
    device.safety = {**Recorder.safety, SafetyStep.SAVED: NotApplicable("nothing can be saved")}  # type: ignore[misc]
    reconcile(device, check_mode=False)
    assert device.course[-1] == "close"


def members(*addresses: str) -> AddressSet:
    return AddressSet.parse(addresses)


def test_what_leaves_is_taken_down_and_what_nobody_knows_any_more_stays() -> None:
    device = Recorder()
    device.presence, device.fingerprint = Presence(known=members("10.1.0.11")), "f1"
    have, want = members("10.1.0.11", GONE), members("10.1.0.11")
    assert device.hold_back([Owned("sip", have, want), Owned("focus", have, want)]).each() == (GONE,)
    assert device.result() == {
        "leaving": {GONE: ["sip", "focus"]},
        "goes": [],
        "loses_all": False,
        "held_addresses": {GONE: ["sip", "focus"]},
        "exceeded_pools": {},
        "fingerprint": "f1",
    }


def test_a_member_stays_when_another_one_of_its_pool_is_down() -> None:
    have, want = members("10.1.0.11", "10.1.0.13", "10.1.0.15"), members("10.1.0.11", "10.1.0.13")
    one, device = Owned("sip", have, want, POOL), Recorder()
    device.presence = Presence(known=have)
    assert not device.hold_back([one], [one])
    assert device.hold_back([one], [one], down=members("10.1.0.11")).each() == ("10.1.0.15",)
    assert device.absence()["exceeded_pools"] == {POOL: f"{POOL} would have 1 members that are well, and needs 2"}
