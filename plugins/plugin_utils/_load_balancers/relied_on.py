# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan relies on of an appliance besides its services, and what the appliance says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FORWARDS_THE_REST = (
    "A forwarding virtual of the balancer passes what no virtual of the plan takes: media ports of the A/V Edge, "
    "and what Edge Servers ask themselves."
)
CLOSES_OF_FAILED = "The LoadMaster drops connections of a Real Server that fails (droponfail)."
BY_DRIVER: Mapping[str, tuple[str, ...]] = {"f5_as3": (FORWARDS_THE_REST,), "kemp": (CLOSES_OF_FAILED,)}
"""What an appliance of a driver can be asked for."""
CONFIRMED, CONTRADICTED, UNKNOWN = "confirmed", "contradicted", "unknown"


@dataclass(frozen=True)
class Finding:
    """What an appliance says of one thing that a plan relies on; standing: confirmed, contradicted or unknown."""

    text: str
    standing: str
    why: str

    def document(self) -> dict[str, str]:
        """Return it as results have it."""
        return {"text": self.text, "standing": self.standing, "why": self.why}
