# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Virtual services as resources of a NetScaler, and back: ours by the prefix, or any virtual server for a comparison.

A service is an lbvserver and a servicegroup of its name; monitors, servers, profiles and affinity groups are shared
by all that need the same. Names begin with the prefix that says whose they are; what a shared object is stands in its
name. What somebody changed by hand shows in the field that it belongs to: of idle timeouts that should be equal, the
odd one out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from ..._base.addresses import canonical, parse_address
from ..._base.errors import InvalidInputError, Problem, understood
from ..model import Member, MemberDown, MemberState, Monitor, Persistence, PersistenceKind, Service
from .attributes import RESOURCES, Key, Scalar, Tables, Values, defaults, key_of, normalised

MINUTE_SECONDS = 60
PERSISTENCE_MINUTES_MAXIMUM = 1440
RESPONSE_SECONDS = 2
TYPES: Mapping[str, str] = {"tcp": "TCP", "udp": "UDP"}
METHODS: Mapping[str, str] = {"least-connections": "LEASTCONNECTION", "round-robin": "ROUNDROBIN"}
STATES: Mapping[MemberState, str] = {MemberState.ACTIVE: "ENABLED"}
_DISABLED = "DISABLED"
# The group closes what goes to a member that is down; the virtual server, what is open when none of them is up.
FLUSHES: Mapping[MemberDown, str] = {MemberDown.CLOSE: "ENABLED", MemberDown.KEEP: _DISABLED}
_PROTOCOLS = {word: protocol for protocol, word in TYPES.items()}
_ALGORITHMS = {word: algorithm for algorithm, word in METHODS.items()}
_ACTIVE_STATES = {word: state for state, word in STATES.items()}
# Names of objects: https://developer-docs.netscaler.com/en-us/adc-command-reference-int/current-release/lb/lb-vserver
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_#. :@=-")
_NAME_LENGTH_MAXIMUM = 127
_PERSISTENCE_KINDS = ("SOURCEIP", "COOKIEINSERT", "NONE")

Servers = Mapping[tuple[str, int], str]


def minutes_of_seconds(seconds: int) -> int:
    """Return persistence in the appliance's minutes, rounded up, within 1 to 1440."""
    return min(PERSISTENCE_MINUTES_MAXIMUM, max(1, math.ceil(seconds / MINUTE_SECONDS)))


def seconds_of_minutes(minutes: int) -> int:
    """Return persistence in seconds from the appliance's minutes."""
    return minutes * MINUTE_SECONDS


def domain_of(service: Service) -> int:
    """Return the traffic domain of a service."""
    return int(str(service.options.get("td", 0)))


def comment_of(service: Service) -> str:
    """Return the comment of a service's objects: whose they are, and of which pool."""
    return f"msuc.lync {service.pool}".rstrip()


def pool_of(comment: str) -> str:
    """Return the pool that a comment names, an empty text for a comment of somebody else."""
    owner, _space, pool = comment.partition(" ")
    return pool if owner == "msuc.lync" else ""


def resources_of(services: Sequence[Service], prefix: str, servers: Servers | None = None) -> Tables:
    """Return the resources of services; raises InvalidInputError for what no NetScaler can carry.

    servers: names of server objects that the appliance has already, by address and traffic domain: an address has one
    server object there, whoever made it.
    """
    problems = list(_check_netscaler_services(services, prefix))
    if problems:
        raise InvalidInputError(problems)
    found: dict[str, dict[Key, dict[str, Scalar]]] = {name: {} for name in RESOURCES}
    for service in services:
        for name, values in _Renderer(prefix, servers or {}).of(service):
            resource = RESOURCES[name]
            key = key_of(resource, values)
            if key not in found[name]:  # what services share has a name that tells all of it
                found[name][key] = normalised(resource, values)
    return {name: dict(sorted(items.items())) for name, items in found.items()}


class _Renderer:
    def __init__(self, prefix: str, servers: Servers) -> None:
        self._prefix = prefix
        self._servers = servers

    def of(self, service: Service) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Yield the objects of a service: kind and attributes."""
        name = self._prefix + service.name
        yield from self._members(service, name)
        yield from self._monitor(service, name)
        yield "servicegroup", self._group(service, name)
        yield "lbvserver", {**self._vserver(service, name), **self._persistence(service)}
        yield "lbvserver_servicegroup_binding", {"name": name, "servicegroupname": name}
        if not service.nagle:
            yield "nstcpprofile", {"name": self._profile, "nagle": _DISABLED}
        if service.persistence.kind is PersistenceKind.SOURCE and service.persistence.group:
            group = self._prefix + service.persistence.group
            yield (
                "lbgroup",
                {
                    "name": group,
                    "persistencetype": "SOURCEIP",
                    "timeout": minutes_of_seconds(service.persistence.seconds),
                },
            )
            yield "lbgroup_lbvserver_binding", {"name": group, "vservername": name}

    @property
    def _profile(self) -> str:
        return f"{self._prefix}no-nagle"

    def _members(self, service: Service, name: str) -> Iterator[tuple[str, Mapping[str, object]]]:
        domain = domain_of(service)
        for member in service.members:
            server = self._servers.get((member.address, domain)) or server_name(self._prefix, member.address, domain)
            if server.startswith(self._prefix):
                yield "server", {"name": server, "ipaddress": member.address, "td": domain, "comment": "msuc.lync"}
            state = STATES.get(member.state, _DISABLED)
            yield (
                "servicegroup_servicegroupmember_binding",
                {"servicegroupname": name, "servername": server, "port": service.node_port, "state": state},
            )

    def _monitor(self, service: Service, name: str) -> Iterator[tuple[str, Mapping[str, object]]]:
        wanted = service.monitor
        monitor = f"{self._prefix}tcp-{wanted.port}-{wanted.interval_seconds}s-{wanted.failures}"
        response = min(RESPONSE_SECONDS, wanted.interval_seconds - 1)
        numbers = {
            "interval": wanted.interval_seconds,
            "resptimeout": response,
            "retries": wanted.failures,
            "destport": wanted.port,
        }
        yield "lbmonitor", {"monitorname": monitor, "type": "TCP", **numbers}
        yield "servicegroup_lbmonitor_binding", {"servicegroupname": name, "monitor_name": monitor}

    def _group(self, service: Service, name: str) -> Mapping[str, object]:
        return {
            "servicegroupname": name,
            "servicetype": TYPES[service.protocol],
            "td": domain_of(service),
            # The members see the client's address with YES, an address of the appliance with NO.
            "usip": "NO" if service.source_nat else "YES",
            # With the client's address goes its port: an Edge Server tells clients the port that it sees (STUN).
            "useproxyport": "YES" if service.source_nat else "NO",
            "downstateflush": FLUSHES[service.member_down],
            "clttimeout": service.idle_seconds,
            "svrtimeout": service.idle_seconds,
            "tcpprofilename": "" if service.nagle else self._profile,
            "comment": comment_of(service),
        }

    def _vserver(self, service: Service, name: str) -> Mapping[str, object]:
        return {
            "name": name,
            "servicetype": TYPES[service.protocol],
            "ipv46": service.vip,
            "port": service.port,
            "td": domain_of(service),
            "lbmethod": METHODS[service.algorithm],
            "clttimeout": service.idle_seconds,
            "downstateflush": FLUSHES[service.member_down],
            "tcpprofilename": "" if service.nagle else self._profile,
            "netprofile": service.options.get("netprofile", ""),
            "comment": comment_of(service),
        }

    def _persistence(self, service: Service) -> Mapping[str, object]:
        """Return the persistence of the service's own; a group's stands at the group."""
        persistence = service.persistence
        if persistence.kind is not PersistenceKind.SOURCE or persistence.group:
            return {}
        return {"persistencetype": "SOURCEIP", "timeout": minutes_of_seconds(persistence.seconds)}


def server_name(prefix: str, address: str, domain: int) -> str:
    """Return the name of our server object of an address; objects of two traffic domains cannot share one."""
    return f"{prefix}td{domain}_{address}" if domain else prefix + address


def switched(members: Iterable[Member]) -> tuple[Member, ...]:
    """Return members as a configuration has them: what takes no new session is disabled."""
    found = (member if member.state in STATES else Member(member.address, MemberState.DISABLED) for member in members)
    return tuple(sorted(found))


def _check_netscaler_services(services: Sequence[Service], prefix: str) -> Iterator[Problem]:
    minutes: dict[str, int] = {}
    for service in services:
        place = f"service {service.name}"
        name = prefix + service.name
        if (
            len(name) > _NAME_LENGTH_MAXIMUM
            or not set(name) <= _NAME_CHARACTERS
            or not (name[0].isalnum() or name[0] == "_")
        ):
            characters = "letters, digits and _ # . : @ = - and spaces, the first a letter, digit or _"
            allowed = f"up to {_NAME_LENGTH_MAXIMUM} {characters}"
            yield Problem(place, f"{name!r} is no name of a NetScaler", allowed, "rename the pool, or change prefix")
        if service.monitor.interval_seconds <= 1:
            yield Problem(
                place,
                "a monitor every second leaves no time for an answer",
                "2 seconds and more",
                "raise interval_seconds",
            )
        group = service.persistence.group if service.persistence.kind is PersistenceKind.SOURCE else ""
        if group and minutes.setdefault(group, service.persistence.seconds) != service.persistence.seconds:
            yield Problem(
                place,
                f"affinity {group!r} lasts {service.persistence.seconds} s here and {minutes[group]} s elsewhere",
                fix="make them equal",
            )


def services_of(tables: Tables, prefix: str, idle_seconds: Mapping[str, int] | None = None) -> tuple[Service, ...]:
    """Return our services by name; idle_seconds: those wanted, by name: of several, that which differs counts."""
    reader = Reader(tables, prefix, idle_seconds)
    found = (reader.understood(values) for (name,), values in tables["lbvserver"].items() if name.startswith(prefix))
    return tuple(sorted(found, key=lambda service: service.name))


class Reader:
    """Reads virtual servers of one configuration; names lose the prefix where they have it."""

    def __init__(
        self,
        tables: Tables,
        prefix: str,
        idle_seconds: Mapping[str, int] | None = None,
        classic: Tables | None = None,
    ) -> None:
        self._tables = tables
        self._classic = classic or {}
        self._service_monitors = _group_by_value(self._classic, "service_lbmonitor_binding", "name", "monitor_name")
        self._wanted_idle_seconds = idle_seconds or {}
        self._prefix = prefix
        self._groups = _group_by_value(tables, "lbvserver_servicegroup_binding", "name", "servicegroupname")
        self._bindings: dict[str, list[Values]] = {}
        for binding in tables["servicegroup_servicegroupmember_binding"].values():
            self._bindings.setdefault(str(binding["servicegroupname"]), []).append(binding)
        # One value for all services that have the same: thousands of equal ones are time, and work for the collector.
        self._members: dict[tuple[str, object], Member] = {}
        self._known_monitors: dict[tuple[str, int], Monitor] = {}
        self._monitors = _group_by_value(tables, "servicegroup_lbmonitor_binding", "servicegroupname", "monitor_name")
        self._affinities = _group_by_value(tables, "lbgroup_lbvserver_binding", "vservername", "name")

    def understood(self, vserver: Values) -> Service:
        """Return a virtual server as a service; raises AnswerError that names it when a part of it cannot be read."""
        with understood(f"lb vserver {vserver['name']}"):
            return self._service(vserver)

    def _service(self, vserver: Values) -> Service:
        """Return a virtual server with its group, members and monitor as a service."""
        name = str(vserver["name"])
        bound = self._groups.get(name, [""])
        holders = [self._tables["servicegroup"].get((each,)) or self._classic_service(each) for each in bound]
        group = holders[0]
        bindings = [binding for each in bound for binding in self._members_of(each)]
        protocol = _PROTOCOLS.get(str(vserver["servicetype"]), str(vserver["servicetype"]).lower())
        port = int(vserver["port"])
        node_ports = Counter(int(binding["port"]) for binding in bindings)
        node_port = _odd_one_out(node_ports) if node_ports else port
        return Service(
            name=name.removeprefix(self._prefix),
            pool=pool_of(str(vserver.get("comment", ""))),
            vip=str(parse_address(str(vserver["ipv46"]))),
            port=port,
            protocol=protocol,
            node_port=node_port,
            members=tuple(sorted({self._member(binding) for binding in bindings})),
            monitor=_only_one("checks", (self._monitor(each, node_port) for each in bound)),
            persistence=self._persistence(vserver),
            idle_seconds=self._idle_seconds(vserver, group),
            source_nat=_only_one("usip", (each.get("usip", "NO") == "NO" for each in holders)),
            nagle=self._nagle(vserver),
            member_down=_member_down(vserver, group),
            algorithm=_ALGORITHMS.get(str(vserver["lbmethod"]), str(vserver["lbmethod"]).lower()),
            options={**dict(_vserver_options(vserver)), **self._odd_persistence(vserver)},
        )

    def _classic_service(self, name: str) -> Values:
        return self._classic.get("service", {}).get((name,), {})

    def _members_of(self, name: str) -> Iterator[Values]:
        """Yield the bindings of a group; a classic service is as one binding."""
        yield from self._bindings.get(name, [])
        service = self._classic_service(name)
        if service:
            yield {"servername": service["server"], "port": service["port"], "state": service["state"]}

    def _odd_persistence(self, vserver: Values) -> dict[str, object]:
        """Return what somebody else's virtual server brings clients back by, where the model has no word for it."""
        kind = str(self._affinity_of(vserver)["persistencetype"])
        is_ours = str(vserver["name"]).startswith(self._prefix)
        return {} if is_ours or kind in _PERSISTENCE_KINDS else {"persistencetype": kind}

    def _affinity_of(self, vserver: Values) -> Values:
        groups = self._affinities.get(str(vserver["name"]), [])
        return self._tables["lbgroup"].get((groups[0],), vserver) if groups else vserver

    def _member(self, binding: Values) -> Member:
        name, state = str(binding["servername"]), binding["state"]
        if (name, state) not in self._members:
            server = self._tables["server"].get((name,), {})
            is_on = "DISABLED" not in (state, server.get("state"))
            self._members[name, state] = Member(
                canonical(str(server.get("ipaddress", name))),
                _ACTIVE_STATES["ENABLED"] if is_on else MemberState.DISABLED,
            )
        return self._members[name, state]

    def _monitor(self, group_name: str, node_port: int) -> Monitor:
        """Return the first monitor of a group; without one of its own, every group has the appliance's tcp-default."""
        name = (self._monitors.get(group_name) or self._service_monitors.get(group_name) or [""])[0]
        if (name, node_port) not in self._known_monitors:
            values = self._tables["lbmonitor"].get((name,), {})
            found = {**defaults(RESOURCES["lbmonitor"], values), "type": "TCP", **values}
            port = int(found["destport"]) or node_port
            self._known_monitors[name, node_port] = Monitor(
                port, int(found["interval"]), int(found["retries"]), str(found["type"]).lower()
            )
        return self._known_monitors[name, node_port]

    def _persistence(self, vserver: Values) -> Persistence:
        """Return by what clients come back: the affinity group's word counts before the server's own."""
        groups = self._affinities.get(str(vserver["name"]), [])
        values = self._affinity_of(vserver)
        if values["persistencetype"] == "COOKIEINSERT":
            return Persistence(PersistenceKind.COOKIE)
        if values["persistencetype"] != "SOURCEIP":
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


def _group_by_value(tables: Tables, name: str, key: str, value: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in tables.get(name, {}).values():
        found.setdefault(str(item[key]), []).append(str(item[value]))
    return found


_Same = TypeVar("_Same")


def _only_one(what: str, found: Iterable[_Same]) -> _Same:
    """Return what all members have; raises ValueError where they differ, which no service can say."""
    values = list(dict.fromkeys(found))
    if len(values) != 1:
        raise ValueError(f"its members differ in {what}")
    return values[0]


def _odd_one_out(counts: Counter[int]) -> int:
    return min(counts, key=lambda value: (counts[value], -value)) if counts else 0


def _member_down(vserver: Values, group: Values) -> MemberDown:
    """Return what becomes of connections: closed only where the group and its virtual server say so."""
    flushes = {str(values.get("downstateflush", "ENABLED")) for values in (vserver, group)}
    return MemberDown.CLOSE if flushes == {"ENABLED"} else MemberDown.KEEP


def _vserver_options(vserver: Values) -> Iterable[tuple[str, object]]:
    if vserver.get("td"):
        yield "td", vserver["td"]
    if vserver.get("netprofile"):
        yield "netprofile", vserver["netprofile"]
