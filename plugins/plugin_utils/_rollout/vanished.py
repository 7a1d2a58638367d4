# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses and hosts that devices or earlier plans know and the inventory lacks: absence is not intent.

    held_addresses(state) == (HeldAddress("10.1.0.12", {"fe01 firewall": ("fe-focus",), "DNS dns": (...)}),)
    check_hosts(plan, earlier=[approved], expected="19", gone=["fe02"])        # raises InvalidInputError

An address is held where it stands (_base/absence.py); who lets it go says so with lync_gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .._base.absence import Presence
from .._base.addresses import AddressSet
from .._base.errors import Problem
from .._plan.model import HostPlan, Plan
from .run_options import RunOptions
from .run_state import RunState

MISSING_TEXT = "it is in the earlier plan and not in the inventory; is it a slice, a failed source or a removal?"
_SHOWN_DEVICES = 6


@dataclass(frozen=True)
class HeldAddress:
    """An address that stays although the plan lacks it; places: names of objects by device and concern."""

    address: str
    places: Mapping[str, Sequence[str]]

    @property
    def devices(self) -> tuple[str, ...]:
        """Return the devices that have it, sorted."""
        return tuple(sorted({place.rpartition(" ")[0] for place in self.places}))

    @property
    def text(self) -> str:
        """Return it as one line for people."""
        names = ", ".join(self.devices[:_SHOWN_DEVICES])
        more = f" and {len(self.devices) - _SHOWN_DEVICES} more" if len(self.devices) > _SHOWN_DEVICES else ""
        fix = f"bring its host back into the inventory, or let it go: -e '{{\"lync_gone\": [\"{self.address}\"]}}'"
        return f"held: {self.address} stays on {names}{more}, and nothing of the inventory has it; fix: {fix}"

    def document(self) -> dict[str, object]:
        """Return it as plain data."""
        return {"address": self.address, "places": {place: list(names) for place, names in self.places.items()}}


def held_addresses(state: RunState) -> tuple[HeldAddress, ...]:
    """Return the addresses that are held in a run, as the last results of its devices tell."""
    leaving = state.collect_leaving()
    if not leaving:
        return ()
    presence = Presence(AddressSet.parse(state.known_addresses()), gone_addresses(state))
    names = {address: [name for own in places.values() for name in own] for address, places in leaving.items()}
    # Several places may have objects of one name, and each of them counts.
    counted = {address: [f"{number}" for number, _name in enumerate(found)] for address, found in names.items()}
    held = set(presence.held(counted).each())
    return tuple(HeldAddress(address, leaving[address]) for address in sorted(leaving) if address in held)


def gone_addresses(state: RunState) -> AddressSet:
    """Return the addresses that may leave, as the options of the run say."""
    options = state.options()
    return AddressSet.parse(RunOptions.from_document(options).common.gone) if options else AddressSet()


def without_held(
    repairs: Mapping[str, Mapping[str, Mapping[str, object]]], held: Iterable[HeldAddress]
) -> dict[str, dict[str, dict[str, object]]]:
    """Return repairs without the removal of objects that have held addresses; what is left empty goes."""
    staying: dict[str, set[str]] = {}
    for one in held:
        for place, names in one.places.items():
            staying.setdefault(place, set()).update(names)
    found: dict[str, dict[str, dict[str, object]]] = {}
    for device, concerns in repairs.items():
        for concern, repair in concerns.items():
            extra = [name for name in _names(repair, "extra") if name not in staying.get(f"{device} {concern}", ())]
            if extra or repair.get("whole") or _names(repair, "names"):
                found.setdefault(device, {})[concern] = {**repair, "extra": extra}
    return found


def _names(repair: Mapping[str, object], key: str) -> list[str]:
    value = repair.get(key)
    return [str(name) for name in value] if isinstance(value, (list, tuple)) else []


def resolved_gone(gone: Iterable[str], earlier: Sequence[Plan]) -> tuple[list[str], list[Problem]]:
    """Return the addresses of what is gone, and what is wrong with the entries.

    A name is that of a host of an earlier plan.
    """
    addresses: list[str] = []
    problems: list[Problem] = []
    hosts = {name: host for plan in earlier for name, host in plan.hosts.items()}
    for entry in gone:
        if entry in hosts:
            addresses += [*hosts[entry].addresses, *hosts[entry].balancer_addresses]
            continue
        try:
            AddressSet.parse([entry])
            addresses.append(entry)
        except ValueError:
            problems.append(_gone_problem(entry, hosts))
    return addresses, problems


def _gone_problem(entry: str, hosts: Mapping[str, HostPlan]) -> Problem:
    if not hosts:
        fix = "write its addresses, or name an earlier plan with lync_plan_baseline"
        message = f"{entry!r} is no address, and without an earlier plan nobody knows the host"
        return Problem("lync_gone", message, fix=fix)
    return Problem("lync_gone", f"{entry!r} is no address and no host of the earlier plan", fix="write its addresses")


def missing_hosts(earlier: Iterable[Plan], inventory: Collection[str], gone: Collection[str]) -> list[str]:
    """Return the hosts of earlier plans that the inventory lacks and nobody let go, sorted."""
    names = {name for plan in earlier for name in plan.hosts}
    return sorted(names - set(inventory) - set(gone))


def missing_text(names: Sequence[str]) -> str:
    """Return that the inventory lacks hosts, for people."""
    listed = ", ".join(names)
    return f"{listed}: in the earlier plan and not in the inventory; is this a slice, a failed source or a removal?"


def expectation_problems(expected: Sequence[str], inventory: Collection[str]) -> Iterator[Problem]:
    """Yield what an inventory lacks of lync_expected_hosts: a number, or names."""
    if len(expected) == 1 and expected[0].isdigit():
        if len(inventory) < int(expected[0]):
            message = f"the inventory has {len(inventory)} hosts, and {expected[0]} are expected"
            yield Problem("lync_expected_hosts", message, fix="look which source of the inventory failed")
        return
    lacking = sorted(set(expected) - set(inventory))
    if lacking:
        message = f"the inventory lacks {', '.join(lacking)}"
        yield Problem("lync_expected_hosts", message, fix="look which source of the inventory failed")
