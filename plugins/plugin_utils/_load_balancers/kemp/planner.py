# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""want x have -> commands of a LoadMaster.

What is added, modified field by field, removed, in an order that keeps traffic.

Virtual Services belong together when they share an address, a protocol and a port. What gives ports up comes before
what takes them; members are added before others are removed. A member that is switched everywhere is switched in one
command.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .driver import added, command_line, member_parameters
from .fields import RealServer, VirtualService, spelled


@dataclass(frozen=True)
class Command:
    """One command, one request; services: the Virtual Services that it changes, several for a switch of a member."""

    name: str
    parameters: Mapping[str, object]
    services: tuple[VirtualService, ...]

    def line(self) -> str:
        """Return the command in one line, for people."""
        return command_line(self.name, self.parameters)


def plan_commands(
    want: Sequence[VirtualService], have: Sequence[VirtualService], everything: Sequence[VirtualService] | None
) -> tuple[Command, ...]:
    """Return the commands from have to want; everything is all that the LoadMaster has, ours and others'.

    None: it has something that cannot be read, so no member is known to be ours alone.
    """
    pairs, new_ones = _pair_services(want, have)
    taken = {id(old) for _new, old in pairs}
    wanted = {socket for item in want for socket in _sockets_of(item)}
    stale = [item for item in have if id(item) not in taken]
    in_the_way = [item for item in stale if wanted.intersection(_sockets_of(item))]
    last = [item for item in stale if not wanted.intersection(_sockets_of(item))]
    taking_ports = [(new, old) for new, old in pairs if set(new.ports) - set(old.ports)]
    others = [(new, old) for new, old in pairs if not set(new.ports) - set(old.ports)]
    switched = () if everything is None else tuple(_switched_everywhere(pairs, stale, everything))
    addresses = {str(command.parameters["rs"]) for command in switched}
    return (
        *(_remove_command(item) for item in in_the_way),
        *(command for new, old in others for command in _modify_commands(new, old)),
        *(command for item in new_ones for command in _add_commands(item)),
        *(command for new, old in taking_ports for command in _modify_commands(new, old)),
        *(command for new, old in pairs for command in _members_added(new, old)),
        *switched,
        *(
            command
            for new, old in pairs
            for command in _members_switched(new, old)
            if command.parameters["rs"] not in addresses
        ),
        *(command for new, old in pairs for command in _members_removed(new, old)),
        *(_remove_command(item) for item in last),
    )


def _pair_services(
    want: Sequence[VirtualService], have: Sequence[VirtualService]
) -> tuple[list[tuple[VirtualService, VirtualService]], list[VirtualService]]:
    """Return wanted Virtual Services with those that become them, and those that are new.

    One becomes the wanted one with which it has most ports in common.
    """
    # Their values are mappings, which have no hash.
    present = {id(item): item for item in have}
    holders = {socket: id(item) for item in have for socket in _sockets_of(item)}
    pairs: list[tuple[VirtualService, VirtualService]] = []
    new_ones: list[VirtualService] = []
    for item in want:
        counts = Counter(holders[socket] for socket in _sockets_of(item) if holders.get(socket) in present)
        if counts:
            best, _ports_in_common = counts.most_common(1)[0]
            pairs.append((item, present.pop(best)))
        else:
            new_ones.append(item)
    return pairs, new_ones


def _sockets_of(item: VirtualService) -> list[tuple[str, str, int]]:
    return [(item.address, item.protocol, port) for port in item.ports]


def _add_commands(item: VirtualService) -> Iterator[Command]:
    yield Command("addvs", added(item), (item,))
    yield from (Command("addrs", {**item.place, **member_parameters(member)}, (item,)) for member in item.members)


def _modify_commands(new: VirtualService, old: VirtualService) -> Iterator[Command]:
    """Yield the modification of what differs. The duration goes with the persistence, and never without one.

    A duration alone turns source persistence on where it is off.
    """
    fields = {name: value for name, value in new.values.items() if value != old.values[name]}
    if new.values["Persist"] == "none":
        fields.pop("PersistTimeout", None)
    elif "Persist" in fields:
        fields["PersistTimeout"] = new.values["PersistTimeout"]
    if fields:
        yield Command("modvs", {**old.place, **spelled(fields)}, (new,))


def _remove_command(item: VirtualService) -> Command:
    return Command("delvs", item.place, (item,))


def _by_place(item: VirtualService) -> dict[tuple[str, int], RealServer]:
    return {(member.address, member.port): member for member in item.members}


def _members_added(new: VirtualService, old: VirtualService) -> Iterator[Command]:
    present = _by_place(old)
    for place, member in _by_place(new).items():
        if place not in present:
            yield Command("addrs", {**new.place, **member_parameters(member)}, (new,))


def _members_removed(new: VirtualService, old: VirtualService) -> Iterator[Command]:
    wanted = _by_place(new)
    for address, port in _by_place(old):
        if (address, port) not in wanted:
            yield Command("delrs", {**new.place, "rs": address, "rsport": str(port)}, (new,))


def _members_switched(new: VirtualService, old: VirtualService) -> Iterator[Command]:
    present = _by_place(old)
    for place, member in _by_place(new).items():
        if place in present and present[place].enabled != member.enabled:
            yield Command(
                "modrs",
                {**new.place, "rs": member.address, "rsport": str(member.port), "Enable": member.enabled},
                (new,),
            )


def _switched_everywhere(
    pairs: Iterable[tuple[VirtualService, VirtualService]],
    stale: Sequence[VirtualService],
    everything: Sequence[VirtualService],
) -> Iterator[Command]:
    """Yield a switch of the whole LoadMaster for each member that changes, is ours alone, and wanted alike by all."""
    known = list(pairs)
    ours = {_place_of(old) for _new, old in known}
    strangers = {member.address for item in everything if _place_of(item) not in ours for member in item.members} | {
        member.address for item in stale for member in item.members
    }
    for address in sorted(
        {str(command.parameters["rs"]) for new, old in known for command in _members_switched(new, old)} - strangers
    ):
        users = [new for new, _old in known if any(member.address == address for member in new.members)]
        states = {member.enabled for new in users for member in new.members if member.address == address}
        if len(states) == 1:
            changed = tuple(
                new
                for new, old in known
                if any(command.parameters["rs"] == address for command in _members_switched(new, old))
            )
            yield Command("enablers" if states.pop() else "disablers", {"rs": address}, changed)


def _place_of(item: VirtualService) -> tuple[str, str, int]:
    return (item.address, item.protocol, item.port)
