# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The risk that a check of site.yml ends with, and the table that it comes from.

    risk_of([Reason(Risk.RECREATED, "lb01", "pool01-5061", "...")]) is RiskLevel.NEEDS_WINDOW

Every reason is one of a kind of risk, every kind has a level; the run's level is the worst of them, and SAFE when
there is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class RiskLevel(str, Enum):
    """May the run be made now?

    SAFE: nothing that is used ends. NEEDS_WINDOW: something may. REFUSED: it would fail, or nobody can tell.
    """

    SAFE = "SAFE"
    NEEDS_WINDOW = "NEEDS WINDOW"
    REFUSED = "REFUSED"


class Risk(Enum):
    """Why a run is not simply safe: the level that follows, and what it means of a device and its object."""

    UNREACHABLE = (RiskLevel.REFUSED, "could not be reached")
    FAILED = (RiskLevel.REFUSED, "failed")
    STOPPED = (RiskLevel.REFUSED, "was not looked at")
    NOT_ASKED = (RiskLevel.REFUSED, "did not answer")
    REFUSES = (RiskLevel.REFUSED, "would be refused")
    CUT = (RiskLevel.NEEDS_WINDOW, "would be cut")
    NARROWED = (RiskLevel.NEEDS_WINDOW, "admits less")
    POLICY = (RiskLevel.NEEDS_WINDOW, "drops what no rule admits")
    DISABLED = (RiskLevel.NEEDS_WINDOW, "is disabled, and belongs to somebody else")
    EXEMPTION = (RiskLevel.NEEDS_WINDOW, "exempts less from IPsec")
    RECREATED = (RiskLevel.NEEDS_WINDOW, "is recreated")
    VIRTUAL_GOES = (RiskLevel.NEEDS_WINDOW, "goes, with its connections")
    MEMBER_GOES = (RiskLevel.NEEDS_WINDOW, "loses a member that was not drained")
    CERTIFICATE = (RiskLevel.NEEDS_WINDOW, "shows clients another certificate")
    UNPUBLISHED = (RiskLevel.NEEDS_WINDOW, "is published no longer")
    RECORD_GOES = (RiskLevel.NEEDS_WINDOW, "is no longer answered, but clients remember it")
    CONTRADICTED = (RiskLevel.NEEDS_WINDOW, "is an assumption of the plan that does not hold")
    UNCONFIRMED = (
        RiskLevel.NEEDS_WINDOW,
        "is an assumption of the plan that verify.yml can confirm, and has not",
    )
    NO_ROLLBACK = (RiskLevel.NEEDS_WINDOW, "is not saved before the change")

    def __init__(self, level: RiskLevel, meaning: str) -> None:
        self.level = level
        self.meaning = meaning


@dataclass(frozen=True)
class Reason:
    """One reason; item: the object of the device, empty for the device itself. detail: what is known besides."""

    risk: Risk
    device: str
    item: str = ""
    detail: str = ""

    def document(self) -> dict[str, object]:
        """Return it as plugins/plugin_utils/_report/data/lync_summary.schema.json has it."""
        return {
            "level": self.risk.level.value,
            "cause": self.risk.name.lower(),
            "device": self.device,
            "object": self.item,
            "detail": self.detail,
        }


def risk_of(reasons: Iterable[Reason]) -> RiskLevel:
    """Return the worst level of reasons; SAFE when there are none."""
    order = list(RiskLevel)
    return max((reason.risk.level for reason in reasons), key=order.index, default=RiskLevel.SAFE)
