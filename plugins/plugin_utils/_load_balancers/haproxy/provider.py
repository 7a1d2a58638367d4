# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HAProxy on a Linux host.

What the servers of its running process do now, and commands that change members without a reload.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..._base.errors import AnswerError, shown
from ..config_files import ConfigFileProvider, Remote
from ..model import Member, MemberState, Service
from ..reconcile import Task
from .driver import DRIVER, PREFIX, WEIGHT
from .earlier import as_earlier

# Bits of srv_admin_state in `show servers state`: forced by command or inherited; 4 is by configuration.
_MAINTENANCE, _DRAIN = 1 | 4, 8
_STATES = {MemberState.ACTIVE, MemberState.DRAINING, MemberState.DISABLED}  # a reserve is one from the start


class ServerNow(NamedTuple):
    """What the process says of one server: whether it is up, its admin state, its weight."""

    is_up: bool
    admin: int
    weight: int


# The first line of every answer: the version of its layout, section 9.3 of the management guide.
_STATE_VERSION = "1"
Running = Mapping[str, Mapping[str, ServerNow]]


class HaproxyProvider(ConfigFileProvider):
    """The services of HAProxy on one host."""

    def __init__(self, task: Task, remote: Remote, path: str) -> None:
        super().__init__(task, DRIVER, remote, path)
        self._running: Running = {}

    def earlier(self, text: str) -> str:
        """Return a file as the layout before today's had it."""
        return as_earlier(text)

    def running(self, services: tuple[Service, ...]) -> tuple[Service, ...]:
        """Return the services with their members as the process has them; raises AnswerError when it does not tell."""
        self._running = read_running(str(self.file.answer.get("servers")))
        return tuple(as_running(service, self._running) for service in services)

    def facts(self, services: tuple[Service, ...]) -> Mapping[str, object]:
        """Return how many members are up for the process, where it knows any."""
        return {"health": health_of(services, self._running)} if self._running else {}

    def commands(self, before: tuple[Service, ...], after: tuple[Service, ...]) -> tuple[str, ...]:
        """Return the commands that change members without a reload, none when something else changes."""
        return commands(before, after, self._running)


def read_running(text: str) -> Running:
    """Return what the process says by backend and server, of an answer to `show servers state`.

    The column srv_op_state is 0 for a server that is down. Raises AnswerError for a text that is no such answer: what
    the process runs is not known then.
    """
    version, *lines = text.strip().splitlines() or [""]
    if version.strip() != _STATE_VERSION:
        raise AnswerError(f"HAProxy's process, show servers state: it answers {shown(text)}; fix: look at its log")
    found: dict[str, dict[str, ServerNow]] = {}
    for line in lines:
        tokens = line.split()
        # What backends of somebody else do is not our business.
        if len(tokens) < 2 or not tokens[1].startswith(PREFIX):
            continue
        try:
            now = ServerNow(int(tokens[5]) > 0, int(tokens[6]), int(tokens[7]))
        except (IndexError, ValueError) as error:
            raise AnswerError(f"HAProxy's process, show servers state: not understood: {shown(line)}") from error
        found.setdefault(tokens[1], {})[tokens[3]] = now
    return found


def health_of(services: Sequence[Service], running: Running) -> dict[str, object]:
    """Return how many members of services are up for the process, and which are down.

    Members in maintenance are neither.

    {"up": 5, "down": ["pool01-5061 10.1.0.12"]}
    """
    pairs = [(service.name, member.address) for service in services for member in service.members]
    found = {(name, address): running.get(f"{PREFIX}{name}", {}).get(address) for name, address in pairs}
    known = {place: now.is_up for place, now in found.items() if now is not None and not now.admin & _MAINTENANCE}
    return {"up": sum(known.values()), "down": [" ".join(place) for place, is_up in known.items() if not is_up]}


def as_running(service: Service, running: Running) -> Service:
    """Return a service with its members as the process has them.

    A backend that it does not know has none: the file was written, and the process has not read it.
    """
    servers = running.get(f"{PREFIX}{service.name}", {})
    known = (member for member in service.members if member.address in servers)
    return replace(service, members=tuple(_as_running(member, servers[member.address]) for member in known))


def _as_running(member: Member, now: ServerNow) -> Member:
    if now.admin & _MAINTENANCE:
        return replace(member, state=MemberState.DISABLED)
    if now.admin & _DRAIN or now.weight == 0:
        return replace(member, state=MemberState.DRAINING)
    return member if member.state is MemberState.BACKUP else replace(member, state=MemberState.ACTIVE)


def commands(before: Sequence[Service], after: Sequence[Service], running: Running) -> tuple[str, ...]:
    """Return commands that lead from before to after; none where more than members change: that takes a reload.

    A command with a question mark before it may be refused: a server that still has connections stays, in maintenance.
    A server that is added takes a reload, for no command can give it a tcp-ut.
    """
    old, new = ({service.name: service for service in services} for services in (before, after))
    changed = [name for name in new if old.get(name) != new[name]]
    if old.keys() != new.keys() or not all(_only_members(old[name], new[name], running) for name in changed):
        return ()
    return tuple(
        line
        for name in sorted(changed)
        for line in _runtime_commands(old[name], new[name])
    )


def _only_members(before: Service, after: Service, running: Running) -> bool:
    return (
        replace(before, members=after.members) == after
        and {member.state for member in set(before.members) ^ set(after.members)} <= _STATES
        and {member.address for member in after.members} <= running.get(f"{PREFIX}{after.name}", {}).keys()
    )


def _runtime_commands(before: Service, after: Service) -> list[str]:
    old, new = ({member.address: member for member in service.members} for service in (before, after))
    backend = f"{PREFIX}{after.name}"
    found: list[str] = []
    for address in sorted(new):
        if old.get(address) != new[address]:
            found += _turn_server(f"{backend}/{address}", new[address])
    for address in sorted(old.keys() - new.keys()):
        found += [f"set server {backend}/{address} state maint", f"?del server {backend}/{address}"]
    return found


def _turn_server(name: str, member: Member) -> list[str]:
    if member.state is MemberState.DISABLED:
        return [f"set server {name} state maint"]
    weight = 0 if member.state is MemberState.DRAINING else WEIGHT
    return [f"set server {name} state ready", f"set server {name} weight {weight}"]
