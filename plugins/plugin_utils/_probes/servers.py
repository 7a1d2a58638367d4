# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The DNS servers that probes ask: lync_dns_servers, read as the inventory's own reader reads them."""

from __future__ import annotations

from collections.abc import Sequence

from .._base.errors import InvalidInputError, Problem
from .._inventory.dns_servers import read_dns_servers
from .._inventory.fields import At
from .._inventory.model import DnsServer


def servers_of(raw: Sequence[object]) -> tuple[DnsServer, ...]:
    """Return the servers; raises InvalidInputError with every fault."""
    at = At("lync_dns_servers")
    found = read_dns_servers(raw, at)
    if at.faults:
        raise InvalidInputError(Problem(fault.place, fault.message, fault.allowed, fault.fix) for fault in at.faults)
    return found
