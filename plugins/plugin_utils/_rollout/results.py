# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What became of one task on one device: the one value that gates and reports read.

    TaskResult("fe01", Concern.FIREWALL, Step.OPEN, Status.CHANGED, document={"changes": [...], "pending": True, ...})

Action plugins make it of what they return, also when they fail or the host is unreachable, and keep it in the run state
(run_state.py). What was expected and is not there is a TaskResult too: its status is UNKNOWN, which is never done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from .._base.untyped import counted
from .._plan.diff import DNS_OBJECTS


class Concern(str, Enum):
    """What of a device a task is about; each module has one."""

    FIREWALL = "firewall"
    NFTABLES = "nftables"
    IPSEC = "ipsec"
    LOAD_BALANCER = "load_balancer"
    LOAD_BALANCER_UDP = "load_balancer_udp"
    PUBLICATIONS = "publications"
    DNS = "dns"
    PROBES = "probes"
    TOPOLOGY = "topology"

    @property
    def whole(self) -> Concern:
        """Return what reports call it: what a second program of a load balancer carries is of the load balancer."""
        return Concern.LOAD_BALANCER if self is Concern.LOAD_BALANCER_UDP else self


class Step(str, Enum):
    """Which part of a run a task is.

    A device has at most one result that counts per concern and step, that of the last attempt.
    """

    COMPARE = "compare"
    OPEN = "open"
    CLOSE = "close"
    APPLY = "apply"
    VERIFY = "verify"
    REMEDIATE = "remediate"
    REMOVE = "remove"
    RETIRE = "retire"
    BEFORE = "before"
    AFTER = "after"
    PEERS = "peers"
    CONFIRM = "confirm"


class Status(str, Enum):
    """What became of it.

    STOPPED: not touched, because an earlier device failed. UNKNOWN: it was expected, and nothing is known.
    """

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    HANDED_OUT = "handed_out"
    STOPPED = "stopped"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"

    @property
    def is_done(self) -> bool:
        """Return whether the device is known to be as the plan says, or was left to somebody else on purpose."""
        return self in (Status.UNCHANGED, Status.CHANGED, Status.HANDED_OUT)


DNS_DEVICE = DNS_OBJECTS
"""All DNS servers together, which no host of the plan stands for."""
UNKNOWN_TEXT = "it is part of this run, and no task of it has a result"
STOPPED_TEXT = "not touched, because an earlier host of its pool or the canary of its role was not done"
SCHEMA_VERSION = 1
# What weighs most and nobody reads afterwards. "after" stays where a closing waits for it.
_LEFT_OUT = frozenset(
    {
        "before",
        "gathered",
        "diff",
        "invocation",
        "lines",
        "document",
        "failed",
        "unreachable",
        "msg",
        "skipped",
        "skip_reason",
    }
)


@dataclass(frozen=True)
class TaskResult:
    """One task on one device.

    message: why it failed, was stopped or is unknown. is_check: nothing was written, the changes would be made.
    document: what the module returned, without whole lists of objects; the keys are those that all modules document.
    """

    device: str
    concern: Concern
    step: Step
    status: Status
    message: str = ""
    attempt: int = 1
    is_check: bool = False
    document: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        """Return whether the device is known to be as the plan says, or was left to somebody else on purpose."""
        return self.status.is_done

    @property
    def is_brought(self) -> bool:
        """Return whether what was wanted is there, also where it does not count: that is no reason to stop others."""
        return self.is_done or self.document.get("brought") is True

    @property
    def is_pending(self) -> bool:
        """Return whether changes are left for the closing step."""
        return bool(self.document.get("pending"))

    @property
    def is_held(self) -> bool:
        """Return whether a closing was held back, which is no failure and stops nobody."""
        return self.status is Status.STOPPED and self.document.get("held") is True

    @property
    def changes(self) -> tuple[Mapping[str, object], ...]:
        """Return the changes that were made, or would be."""
        return self.mappings("changes")

    def mappings(self, key: str) -> tuple[Mapping[str, object], ...]:
        """Return the mappings of a list of the document; nothing for anything else."""
        value = self.document.get(key)
        return tuple(item for item in value if isinstance(item, Mapping)) if isinstance(value, (list, tuple)) else ()

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the items of a list of the document as texts; nothing for anything else."""
        value = self.document.get(key)
        return tuple(map(str, value)) if isinstance(value, (list, tuple)) else ()

    def not_rendered_texts(self) -> list[str]:
        """Return what of services the device cannot do, and why: a text for each kind, with how many services have
        it.
        """
        found = Counter((str(item.get("name")), str(item.get("why"))) for item in self.mappings("not_rendered"))
        return [
            f"not rendered: {name} of {counted(number, 'service')}: {why}"
            for (name, why), number in sorted(found.items())
        ]

    def count(self, key: str, name: str) -> int:
        """Return a number of a mapping of the document, such as summary.added; 0 where there is none."""
        value = self.document.get(key)
        number = value.get(name) if isinstance(value, Mapping) else None
        return number if isinstance(number, int) else 0

    def to_document(self) -> dict[str, object]:
        """Return it as the content of its file."""
        return {
            "schema": SCHEMA_VERSION,
            "device": self.device,
            "concern": self.concern.value,
            "step": self.step.value,
            "status": self.status.value,
            "message": self.message,
            "attempt": self.attempt,
            "is_check": self.is_check,
            "result": dict(self.document),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> TaskResult:
        """Return what a file holds; raises ValueError or KeyError when it is not one of ours."""
        result = document["result"]
        if document["schema"] != SCHEMA_VERSION or not isinstance(result, Mapping):
            raise ValueError("the file has another layout")
        return cls(
            device=str(document["device"]),
            concern=Concern(document["concern"]),
            step=Step(document["step"]),
            status=Status(document["status"]),
            message=str(document["message"]),
            attempt=int(str(document["attempt"])),
            is_check=document["is_check"] is True,
            document=dict(result),
        )

    @classmethod
    def of_answer(
        cls, device: str, concern: Concern, step: Step, answer: Mapping[str, object], *, is_check: bool
    ) -> TaskResult:
        """Return the result of what a module returned to Ansible."""
        kept = {
            name: value
            for name, value in answer.items()
            if name not in _LEFT_OUT and (name != "after" or answer.get("pending"))
        }
        return cls(
            device,
            concern,
            step,
            _read_status(answer),
            str(answer.get("msg") or answer.get("skip_reason") or ""),
            is_check=is_check,
            document=kept,
        )

    @classmethod
    def unknown(cls, device: str, concern: Concern, step: Step, why: str = UNKNOWN_TEXT) -> TaskResult:
        """Return that nothing is known of a device that was expected to answer."""
        return cls(device, concern, step, Status.UNKNOWN, why)


def _read_status(answer: Mapping[str, object]) -> Status:
    if answer.get("unreachable"):
        return Status.UNREACHABLE
    # What comes back by itself unless somebody confirms it is not done.
    if answer.get("failed") or answer.get("left_armed"):
        return Status.FAILED
    if answer.get("skipped"):
        return Status.STOPPED
    if answer.get("handed_out"):
        return Status.HANDED_OUT
    return Status.CHANGED if answer.get("changed") else Status.UNCHANGED
