# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run holds back: addresses that vanished from the inventory, and narrowing beyond its bounds.

    holding = judge_losses(state)
    holding.holds == (Held(HoldKind.VANISHED, "10.1.0.12", ("fe01", "lb01"), "..."),)
    missing_hosts(earlier=[approved], inventory=["fe01"], gone=["fe02"])

Absence is not intent (_base/absence.py), and one mistake must not narrow a whole deployment: bounds are of causes, how
many peers leave, and never of shares, since one member that leaves changes most rules of its neighbours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .._base.absence import PLACES_MINIMUM
from .._base.addresses import AddressSet
from .._base.errors import Problem
from .._base.untyped import mapping, mappings, texts
from .._plan.model import HostPlan, Plan
from .acceptance import Acceptances, HoldKind, read_acceptances
from .results import Concern, Step
from .run_state import RunState

MISSING_TEXT = "in the earlier plan and not in the inventory; is this a slice, a failed source or a removal?"
PEERS_LEAVING_MAXIMUM = 3
_SHOWN = 6
_OF_RULES = (Concern.FIREWALL, Concern.NFTABLES, Concern.IPSEC)


@dataclass(frozen=True)
class Held:
    """One thing that is held; item: an address, a host, a rule or a pool. devices: where it is, sorted."""

    kind: HoldKind
    item: str
    devices: tuple[str, ...]
    detail: str

    @property
    def text(self) -> str:
        """Return it as one line for people."""
        return f"held: {self.detail}"

    def without(self, accepted: Acceptances) -> Held:
        """Return it for the devices on which nobody accepted it."""
        left = tuple(name for name in self.devices if not accepted.has(name, self.kind.value, self.item))
        return replace(self, devices=left)

    def holds_back(self, device: str, accepted: Acceptances) -> bool:
        """Return whether a device is held back: until it is accepted there, or everywhere where it does not name it."""
        left = self.without(accepted).devices
        return device in left if device in self.devices else bool(left)

    def document(self) -> dict[str, object]:
        """Return it as plain data."""
        return {"kind": self.kind.value, "object": self.item, "devices": list(self.devices), "text": self.detail}

    @classmethod
    def of_document(cls, document: Mapping[str, object]) -> Held:
        """Return what document() made plain data of."""
        devices = tuple(texts(document["devices"]))
        return cls(HoldKind(document["kind"]), str(document["object"]), devices, str(document["text"]))


@dataclass(frozen=True)
class Holding:
    """What is held in a run.

    leaving: address -> {"fe01 firewall": names of the objects that would lose it}. unreached: addresses of hosts that
    this run could not bring to the plan, which keep what they need.
    """

    holds: tuple[Held, ...] = ()
    leaving: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    unreached: tuple[str, ...] = ()

    def narrowing_reasons(self, device: str, accepted: Acceptances) -> tuple[str, ...]:
        """Return why nothing of a device is narrowed, because of the whole run; nothing when it may be.

        A device that a reason does not name waits for those that it names.
        """
        of_run = [one for one in self.holds if one.kind.is_of_the_run]
        return tuple(one.detail for one in of_run if one.holds_back(device, accepted))

    def lifted(self, accepted: Acceptances) -> Holding:
        """Return what is still held when people have accepted things on devices."""
        left = (one.without(accepted) for one in self.holds)
        return replace(self, holds=tuple(one for one in left if one.devices))

    def document(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "holds": [one.document() for one in self.holds],
            "leaving": {address: dict(places) for address, places in self.leaving.items()},
            "unreached": list(self.unreached),
        }

    @classmethod
    def of_document(cls, document: Mapping[str, object]) -> Holding:
        """Return what document() made plain data of; nothing before it was judged."""
        leaving = {
            address: {place: texts(own) for place, own in mapping(found).items()}
            for address, found in mapping(document.get("leaving")).items()
        }
        holds = tuple(map(Held.of_document, mappings(document.get("holds"))))
        return cls(holds, leaving, tuple(texts(document.get("unreached"))))


def accepted_in(state: RunState) -> Acceptances:
    """Return what people accept in a run."""
    return read_acceptances(state.run_options().common.accept)


def judge_losses(state: RunState) -> Holding:
    """Return what is held, as the last results of all devices tell, and keep it for the steps of hosts that follow.

    What people accept is still in it; lifted() leaves it out.
    """
    losses = state.losses()
    leaving: dict[str, dict[str, list[str]]] = {}
    for loss in losses:
        for address, names in mapping(loss["leaving"]).items():
            leaving.setdefault(address, {})[f"{loss['device']} {loss['concern']}"] = texts(names)
    known, gone = AddressSet.parse(state.known_addresses()), gone_addresses(state)
    vanished = {
        address
        for address, places in leaving.items()
        if sum(map(len, places.values())) >= PLACES_MINIMUM and not AddressSet.parse([address]) <= known | gone
    }
    holds = [_vanished(address, leaving[address]) for address in sorted(vanished)]
    holds += [one for loss in losses for one in _of_device(state, loss)]
    by_choice = {address: places for address, places in leaving.items() if address not in vanished}
    holds += _too_many_peers(state, by_choice, gone)
    holding = Holding(tuple(holds), leaving, _unreached(state))
    state.save_holding(holding.document())
    return holding


def _vanished(address: str, places: Mapping[str, Sequence[str]]) -> Held:
    devices = _devices(places)
    fix = f"bring its host back into the inventory, or let it go: -e '{{\"lync_gone\": [\"{address}\"]}}'"
    text = f"{address} stays on {_shortened(devices)}, and nothing of the inventory has it; fix: {fix}"
    return Held(HoldKind.VANISHED, address, devices, text)


def _of_device(state: RunState, loss: Mapping[str, object]) -> Iterator[Held]:
    """Yield what one device holds back, and what of it holds back all others."""
    device, concern = str(loss["device"]), Concern(loss["concern"])
    for pool, why in mapping(loss["exceeded_pools"]).items():
        yield Held(HoldKind.POOL, pool, (device,), f"{device} keeps its members: {why}")
    host = state.host_plan(device) if concern in _OF_RULES else None
    if host is None or host.member_state == "retired":
        return
    goes = texts(loss["goes"])
    if loss["loses_all"] is True and concern is not Concern.IPSEC:
        text = f"{device} would lose all of its rules: {_shortened(goes)}"
        yield Held(HoldKind.ALL_RULES, device, (device,), text)
        return
    for name in goes:
        empty = {each for item in host.not_opened if _is_of_row(name, item.row_id) for each in item.empty_classes}
        if empty:
            text = f"{name} of {device} would go, because the inventory has nobody of {', '.join(sorted(empty))}"
            yield Held(HoldKind.PEER_CLASS, name, (device,), text)


def _is_of_row(rule_name: str, row_id: str) -> bool:
    """Return whether a rule or an exemption is named after a row of the catalogue."""
    return rule_name.removeprefix("Lync ").removeprefix("exempt ").startswith(f"{row_id} (")


def _too_many_peers(
    state: RunState, leaving: Mapping[str, Mapping[str, Sequence[str]]], gone: AddressSet
) -> Iterator[Held]:
    """Yield that more hosts would leave their peers than one change is taken to have."""
    chosen = {address: places for address, places in leaving.items() if not AddressSet.parse([address]) <= gone}
    if not chosen:
        return
    owners = {address: host.host for host in state.plan().hosts.values() for address in host.addresses}
    pairs = {
        (owners.get(address, address), device) for address, places in chosen.items() for device in _devices(places)
    }
    # The last member of a pool leaves its own rules: with nobody else they would admit the host to itself.
    pairs = {(peer, device) for peer, device in pairs if peer != device}
    peers = explain_pairs(pairs)
    if len(peers) > PEERS_LEAVING_MAXIMUM:
        devices = tuple(sorted({device for _peer, device in pairs}))
        text = f"nothing is narrowed: {len(peers)} peers would leave in one run ({_shortened(peers)})"
        yield Held(HoldKind.PEERS, ", ".join(peers), devices, text)


def explain_pairs(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Return the fewest hosts, as far as is seen, that explain who leaves whose rules, sorted.

    A host that changes its role leaves all its peers, and all its peers leave it: that is one change, not many.
    """
    left = set(pairs)
    found: list[str] = []
    while left:
        degrees = Counter(name for pair in left for name in set(pair))
        # The name makes it the same in every run.
        cause = min(degrees, key=lambda name: (-degrees[name], name))
        found.append(cause)
        left = {pair for pair in left if cause not in pair}
    return sorted(found)


def _unreached(state: RunState) -> tuple[str, ...]:
    """Return the addresses of the hosts of this run whose rules are not known to be as planned."""
    step, scope = Step.COMPARE if state.repairs() else Step.OPEN, state.scope()
    found: list[str] = []
    for platform, concern in (("windows", Concern.FIREWALL), ("linux", Concern.NFTABLES)):
        for name in (name for wave in state.waves(platform).waves for name in wave):
            is_done = not scope.has(concern) or state.expected(name, concern, step).is_done
            host = None if is_done else state.host_plan(name)
            # One that is retired needs nothing any more.
            found += host.addresses if host and host.member_state != "retired" else ()
    return tuple(found)


def _devices(places: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({place.rpartition(" ")[0] for place in places}))


def _shortened(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def gone_addresses(state: RunState) -> AddressSet:
    """Return the addresses that may leave, as the options of the run say."""
    return AddressSet.parse(state.run_options().common.gone)


def without_held(
    repairs: Mapping[str, Mapping[str, Mapping[str, object]]], holding: Holding
) -> dict[str, dict[str, dict[str, object]]]:
    """Return repairs without the removal of objects that have held addresses; what is left empty goes."""
    staying: dict[str, set[str]] = {}
    for one in holding.holds:
        for place, names in holding.leaving.get(one.item, {}).items():
            staying.setdefault(place, set()).update(names)
    found: dict[str, dict[str, dict[str, object]]] = {}
    for device, concerns in repairs.items():
        for concern, repair in concerns.items():
            kept = staying.get(f"{device} {concern}", set())
            stays = holding.narrowing_reasons(device, Acceptances())
            extra = [name for name in texts(repair.get("extra")) if name not in kept and not stays]
            if extra or repair.get("whole") or texts(repair.get("names")):
                found.setdefault(device, {})[concern] = {**repair, "extra": extra}
    return found


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
