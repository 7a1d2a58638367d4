# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Resources of a NetScaler as virtual services: ours by the prefix, or any virtual server for a comparison.

What somebody changed by hand shows in the field that it belongs to: of idle timeouts that should be equal, the odd one out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ..._base.addresses import parse_address
from ..model import Member, MemberState, Monitor, Persistence, PersistenceKind, Service
from .attributes import RESOURCES, Tables, Values, defaults
from .render import METHODS, STATES, TYPES, pool_of, seconds_of_minutes

_PROTOCOLS = {word: protocol for protocol, word in TYPES.items()}
_ALGORITHMS = {word: algorithm for algorithm, word in METHODS.items()}
_STATES = {word: state for state, word in STATES.items()}


def services_of(tables: Tables, prefix: str, idle_seconds: Mapping[str, int] | None = None) -> tuple[Service, ...]:
    """Return our services, sorted by name; idle_seconds are those wanted, by name, which one that differs goes before."""
    reader = Reader(tables, prefix, idle_seconds)
    found = (reader.service(values) for (name,), values in tables["lbvserver"].items() if name.startswith(prefix))
    return tuple(sorted(found, key=lambda service: service.name))


class Reader:
    """Reads virtual servers of one configuration; names lose the prefix where they have it."""

    def __init__(self, tables: Tables, prefix: str, idle_seconds: Mapping[str, int] | None = None) -> None:
        self._tables = tables
        self._wanted_idle_seconds = idle_seconds or {}
        self._prefix = prefix
        self._groups = _by(tables, "lbvserver_servicegroup_binding", "name", "servicegroupname")
        self._bindings: dict[str, list[Values]] = {}
        for binding in tables["servicegroup_servicegroupmember_binding"].values():
            self._bindings.setdefault(str(binding["servicegroupname"]), []).append(binding)
        # One value for all services that have the same: thousands of equal ones are time, and work for the collector.
        self._members: dict[tuple[str, object], Member] = {}
        self._known_monitors: dict[tuple[str, int], Monitor] = {}
        self._monitors = _by(tables, "servicegroup_lbmonitor_binding", "servicegroupname", "monitor_name")
        self._affinities = _by(tables, "lbgroup_lbvserver_binding", "vservername", "name")

    def service(self, vserver: Values) -> Service:
        """Return a virtual server with its group, members and monitor as a service."""
        name = str(vserver["name"])
        group_name = self._groups.get(name, [""])[0]
        group = self._tables["servicegroup"].get((group_name,), {})
        bindings = self._bindings.get(group_name, [])
        protocol = _PROTOCOLS.get(str(vserver["servicetype"]), str(vserver["servicetype"]).lower())
        port = int(vserver["port"])
        node_ports = Counter(int(binding["port"]) for binding in bindings)
        node_port = _odd_one_out(node_ports) if node_ports else port
        return Service(
            name=name.removeprefix(self._prefix),
            pool=pool_of(str(vserver.get("comment", ""))),
            vip=_address(str(vserver["ipv46"])),
            port=port,
            protocol=protocol,
            node_port=node_port,
            members=tuple(sorted({self._member(binding) for binding in bindings})),
            monitor=self._monitor(group_name, node_port),
            persistence=self._persistence(vserver),
            idle_seconds=self._idle_seconds(vserver, group),
            source_nat=group.get("usip", "NO") == "NO",
            nagle=self._nagle(vserver),
            algorithm=_ALGORITHMS.get(str(vserver["lbmethod"]), str(vserver["lbmethod"]).lower()),
            options=dict(_options(vserver)),
        )

    def _member(self, binding: Values) -> Member:
        name, state = str(binding["servername"]), binding["state"]
        if (name, state) not in self._members:
            server = self._tables["server"].get((name,), {})
            is_on = "DISABLED" not in (state, server.get("state"))
            self._members[name, state] = Member(_address(str(server.get("ipaddress", name))), _STATES["ENABLED"] if is_on else MemberState.DISABLED)
        return self._members[name, state]

    def _monitor(self, group_name: str, node_port: int) -> Monitor:
        """Return the first monitor of a group; without one of its own, every group has the appliance's tcp-default."""
        name = self._monitors.get(group_name, [""])[0]
        if (name, node_port) not in self._known_monitors:
            values = self._tables["lbmonitor"].get((name,), {})
            found = {**defaults(RESOURCES["lbmonitor"], values), "type": "TCP", **values}
            port = int(found["destport"]) or node_port
            self._known_monitors[name, node_port] = Monitor(port, int(found["interval"]), int(found["retries"]), str(found["type"]).lower())
        return self._known_monitors[name, node_port]

    def _persistence(self, vserver: Values) -> Persistence:
        """Return by what clients come back: the affinity group's word counts before the server's own."""
        groups = self._affinities.get(str(vserver["name"]), [])
        values = self._tables["lbgroup"].get((groups[0],), vserver) if groups else vserver
        if values["persistencetype"] == "COOKIEINSERT":
            return Persistence(PersistenceKind.COOKIE)
        if values["persistencetype"] == "NONE":
            return Persistence()
        group = groups[0].removeprefix(self._prefix) if groups else ""
        return Persistence(PersistenceKind.SOURCE, seconds_of_minutes(int(values["timeout"])), group=group)

    def _idle_seconds(self, vserver: Values, group: Values) -> int:
        values = (vserver.get("clttimeout"), group.get("clttimeout"), group.get("svrtimeout"))
        found = Counter(int(value) for value in values if value is not None)
        wanted = self._wanted_idle_seconds.get(str(vserver["name"]).removeprefix(self._prefix))
        return _odd_one_out(Counter({value: count for value, count in found.items() if value != wanted}) or found)

    def _nagle(self, vserver: Values) -> bool:
        """Return False where a profile of ours has it off; the profiles of others are theirs to know."""
        name = str(vserver.get("tcpprofilename", ""))
        profile = self._tables["nstcpprofile"].get((name,), {})
        return not (name.startswith(self._prefix) and profile.get("nagle", "DISABLED") == "DISABLED")


def _by(tables: Tables, name: str, key: str, value: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in tables[name].values():
        found.setdefault(str(item[key]), []).append(str(item[value]))
    return found


def _odd_one_out(counts: Counter[int]) -> int:
    return min(counts, key=lambda value: (counts[value], -value)) if counts else 0


def _options(vserver: Values) -> Iterable[tuple[str, object]]:
    if vserver.get("td"):
        yield "td", vserver["td"]
    if vserver.get("netprofile"):
        yield "netprofile", vserver["netprofile"]


def _address(text: str) -> str:
    try:
        return str(parse_address(text))
    except ValueError:
        return text
