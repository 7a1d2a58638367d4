# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Load balancers that are reached over HTTPS: how it is known which one answers, and what was read of it."""

from __future__ import annotations

from .._base.reconcile import Done, NotApplicable, SafetyStep, SafetyTable
from .reconcile import ServicesProvider

_TRAFFIC = "it changes where traffic goes, and not who reaches the management of the appliance"
_NO_COPY = "an appliance keeps no copy of single objects; the result has the services as they were before"
APPLIANCE_SAFETY: SafetyTable = {
    SafetyStep.RIGHT_HOST: Done("Https.send: the certificate is trusted and of the host that was asked for"),
    SafetyStep.READ_WHOLE: Done("read: everything that listens, ours and others', in one answer"),
    SafetyStep.OWNERSHIP: Done(
        "plan: what is ours carries the prefix, and an address of somebody else stops its pool"
    ),
    SafetyStep.GUARD: NotApplicable(_TRAFFIC),
    SafetyStep.FINGERPRINT: NotApplicable(
        "the interface has none; an object that somebody made or removed is refused"
    ),
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
        """Return the steps that this task requires."""
        unchecked = frozenset() if self.task.connection.validate_certs else frozenset({SafetyStep.RIGHT_HOST})
        return super().required - unchecked

    def was_read(self) -> None:
        """Take down that the right appliance answered, and with everything; called after a whole answer."""
        self.evidence.add(SafetyStep.READ_WHOLE)
        if self.task.connection.validate_certs:
            self.evidence.add(SafetyStep.RIGHT_HOST)

    @staticmethod
    def unit(name: str) -> dict[str, object]:
        """Return the unit that is worked on, as results have it."""
        return {"name": name, "active": True, "others": []}
