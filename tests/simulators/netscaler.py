# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A simulated NetScaler: NITRO over HTTPS, with the quirks that its documentation and its users tell of.

    with NetScaler() as adc:
        adc.port, adc.ca, adc.config()["lbvserver"], adc.writes

What it does is documented at https://developer-docs.netscaler.com/en-us/adc-nitro-api/current-release/ (add, update,
unset, macroapi, error handling, idempotent=yes) unless a comment says otherwise; its tables are its own, so that a
mistake of the collection's tables shows. What it does not know it refuses.
"""

from __future__ import annotations

import copy
import re
import secrets
import urllib.parse
from collections.abc import Mapping
from typing import Any

from .https_server import HttpsServer, Request, Response

USER, PASSWORD = "nsroot", "not-a-secret"
Config = dict[str, dict[str, dict[str, Any]]]

# resource -> its key, and what may be said when it is added.
KEYS: Mapping[str, tuple[str, ...]] = {
    "server": ("name",),
    "servicegroup": ("servicegroupname",),
    "lbmonitor": ("monitorname",),
    "lbvserver": ("name",),
    "lbgroup": ("name",),
    "nstcpprofile": ("name",),
    "servicegroup_servicegroupmember_binding": ("servicegroupname", "servername", "port"),
    "servicegroup_lbmonitor_binding": ("servicegroupname", "monitor_name"),
    "lbvserver_servicegroup_binding": ("name", "servicegroupname"),
    "lbgroup_lbvserver_binding": ("name", "vservername"),
}
_GROUP_MORE = ("maxclient", "maxbandwidth", "netprofile", "tcpprofilename", "useproxyport", "downstateflush")
_VSERVER_MORE = ("tcpprofilename", "netprofile", "comment", "state")
ARGUMENTS: Mapping[str, frozenset[str]] = {
    "server": frozenset(["name", "ipaddress", "domain", "td", "comment", "state"]),
    "servicegroup": frozenset(
        ["servicegroupname", "servicetype", "td", "usip", "clttimeout", "svrtimeout", "comment", "state", *_GROUP_MORE]
    ),
    "lbmonitor": frozenset(["monitorname", "type", "interval", "resptimeout", "retries", "destport", "destip", "lrtm"]),
    "lbvserver": frozenset(
        [
            "name",
            "servicetype",
            "ipv46",
            "port",
            "td",
            "range",
            "persistencetype",
            "timeout",
            "lbmethod",
            "clttimeout",
            "tcpprofilename",
            "netprofile",
            "comment",
            "state",
            "downstateflush",
            "m",
            "sessionless",
        ]
    ),
    "lbgroup": frozenset(["name", "persistencetype", "timeout"]),
    "nstcpprofile": frozenset(["name", "nagle"]),
    "servicegroup_servicegroupmember_binding": frozenset(
        ["servicegroupname", "servername", "ip", "port", "state", "weight"]
    ),
    "servicegroup_lbmonitor_binding": frozenset(["servicegroupname", "monitor_name", "weight"]),
    "lbvserver_servicegroup_binding": frozenset(["name", "servicegroupname", "weight"]),
    "lbgroup_lbvserver_binding": frozenset(["name", "vservername"]),
}
# Not in the update payload of the resource.
IMMUTABLE: Mapping[str, frozenset[str]] = {
    "server": frozenset({"td", "domain", "state"}),
    "servicegroup": frozenset({"servicetype", "td", "state"}),
    "lbvserver": frozenset({"servicetype", "port", "td", "range", "state"}),
}
NUMBERS = frozenset(
    [
        "port",
        "td",
        "interval",
        "resptimeout",
        "retries",
        "destport",
        "clttimeout",
        "svrtimeout",
        "timeout",
        "weight",
        "maxclient",
        "maxbandwidth",
        "range",
    ]
)
CHOICES: Mapping[str, frozenset[str]] = {
    "usip": frozenset({"YES", "NO"}),
    "useproxyport": frozenset({"YES", "NO"}),
    "downstateflush": frozenset({"ENABLED", "DISABLED"}),
    "nagle": frozenset({"ENABLED", "DISABLED"}),
    "state": frozenset({"ENABLED", "DISABLED"}),
    "persistencetype": frozenset({"SOURCEIP", "COOKIEINSERT", "NONE", "SSLSESSION", "RULE"}),
    "lbmethod": frozenset({"LEASTCONNECTION", "ROUNDROBIN", "SOURCEIPHASH", "LEASTRESPONSETIME"}),
    "servicetype": frozenset({"TCP", "UDP", "HTTP", "SSL", "SSL_BRIDGE", "ANY", "DNS"}),
}
RANGES: Mapping[str, tuple[int, int]] = {
    "timeout": (0, 1440),
    "td": (0, 4094),
    "retries": (1, 127),
    "clttimeout": (0, 31536000),
}
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "lbmonitor": {"interval": "5", "resptimeout": "2", "retries": "3"},
    "lbvserver": {"persistencetype": "NONE", "timeout": "2", "lbmethod": "LEASTCONNECTION", "state": "ENABLED"},
    "lbgroup": {"persistencetype": "NONE", "timeout": "2"},
    "nstcpprofile": {"nagle": "DISABLED"},
    "servicegroup": {"usip": "NO", "state": "ENABLED"},
    "server": {"state": "ENABLED"},
    "servicegroup_servicegroupmember_binding": {"state": "ENABLED"},
}
REFERENCES: Mapping[str, Mapping[str, str]] = {
    "servicegroup_servicegroupmember_binding": {"servicegroupname": "servicegroup", "servername": "server"},
    "servicegroup_lbmonitor_binding": {"servicegroupname": "servicegroup", "monitor_name": "lbmonitor"},
    "lbvserver_servicegroup_binding": {"name": "lbvserver", "servicegroupname": "servicegroup"},
    "lbgroup_lbvserver_binding": {"name": "lbgroup", "vservername": "lbvserver"},
    "lbvserver": {"tcpprofilename": "nstcpprofile"},
    "servicegroup": {"tcpprofilename": "nstcpprofile"},
}
# Objects that cannot be removed while something refers to them; the others take their bindings with them.
HELD = frozenset({"lbmonitor", "nstcpprofile"})
_NAME = re.compile(r"[A-Za-z0-9_][\w#. :@=-]{0,126}\Z")


class Refused(Exception):
    """An operation that the appliance refuses: HTTP status, its own number, its message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def document(self) -> dict[str, Any]:
        return {"errorcode": self.code, "message": self.message, "severity": "ERROR"}


def exists() -> Refused:
    return Refused(409, 273, "Resource already exists")


def missing(what: str = "") -> Refused:
    return Refused(404, 258, f"No such resource{f' [{what}]' if what else ''}")


class Appliance:
    """The configuration and its rules, without the wire."""

    def __init__(self) -> None:
        self.running: Config = {name: {} for name in KEYS}
        self.saved: Config = copy.deepcopy(self.running)
        self.others: list[str] = []
        self.unsaved = False
        self.saved_lines = ""

    def add(self, kind: str, values: Mapping[str, Any], idempotent: bool = False) -> None:
        said = self._checked(kind, values)
        key = self._key(kind, said)
        if key in self.running[kind]:
            if not idempotent:
                raise exists()
            # Documented: arguments that are already present are not unset.
            self.running[kind][key].update(said)
            return
        self._consistent(kind, said)
        self.running[kind][key] = said

    def update(self, kind: str, values: Mapping[str, Any]) -> None:
        said = self._checked(kind, values)
        key = self._key(kind, said)
        if kind.endswith("_binding") or key not in self.running[kind]:
            raise missing(key)
        for name in IMMUTABLE.get(kind, frozenset()) & said.keys():
            raise Refused(400, 278, f"Invalid argument [{name}]")
        if kind == "lbmonitor" and "type" not in said:
            raise Refused(400, 1095, "Required argument missing [type]")
        changed = {**self.running[kind][key], **said}
        self._consistent(kind, changed, key)
        self.running[kind][key] = changed

    def unset(self, kind: str, values: Mapping[str, Any]) -> None:
        if kind == "servicegroup" and "servername" in values:
            kind = "servicegroup_servicegroupmember_binding"
        keys = {name: str(values[name]) for name in KEYS[kind] if name in values}
        item = self.running[kind].get(self._key(kind, keys))
        if item is None:
            raise missing(str(values))
        for name in values.keys() - KEYS[kind] - {"type"}:
            if values[name] is not True or name not in ARGUMENTS[kind] or name in IMMUTABLE.get(kind, ()):
                raise Refused(400, 278, f"Invalid argument [{name}]")
            item.pop(name, None)

    def remove(self, kind: str, values: Mapping[str, Any]) -> None:
        key = self._key(kind, {name: str(value) for name, value in values.items()})
        if key not in self.running[kind]:
            raise missing(key)
        if kind == "lbmonitor" and "type" not in values:
            raise Refused(400, 1095, "Required argument missing [type]")
        if kind in HELD and any(True for _each in self._referring(kind, key)):
            raise Refused(599, 2138, "Object is in use")
        for other, binding in list(self._referring(kind, key)):
            self.running[other].pop(binding, None)
        del self.running[kind][key]

    def rename(self, kind: str, values: Mapping[str, Any]) -> None:
        attribute = KEYS[kind][0]
        old, new = str(values[attribute]), str(values["newname"])
        if old not in self.running[kind]:
            raise missing(old)
        if new in self.running[kind]:
            raise exists()
        item = self.running[kind].pop(old)
        self.running[kind][new] = {**item, attribute: new}
        for other, names in REFERENCES.items():
            for name, target in names.items():
                for key, row in list(self.running[other].items()):
                    if target == kind and row.get(name) == old:
                        del self.running[other][key]
                        row = {**row, name: new}
                        self.running[other][self._key(other, row)] = row

    def switch(self, kind: str, values: Mapping[str, Any], state: str) -> None:
        if kind == "servicegroup" and "servername" in values:
            kind = "servicegroup_servicegroupmember_binding"
        unknown = values.keys() - {*KEYS[kind], "graceful", "delay"}
        if unknown or kind not in ("server", "servicegroup", "lbvserver", "servicegroup_servicegroupmember_binding"):
            raise Refused(400, 278, f"Invalid argument [{', '.join(sorted(unknown))}]")
        item = self.running[kind].get(self._key(kind, {name: str(value) for name, value in values.items()}))
        if item is None:
            raise missing(str(values))
        item["state"] = state

    def _key(self, kind: str, values: Mapping[str, Any]) -> str:
        lacking = [name for name in KEYS[kind] if not str(values.get(name, ""))]
        if lacking:
            raise Refused(400, 1095, f"Required argument missing [{', '.join(lacking)}]")
        return "|".join(str(values[name]) for name in KEYS[kind])

    def _checked(self, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is said as texts, as the appliance keeps it."""
        if kind not in KEYS:
            raise Refused(400, 1074, f"Invalid object name [{kind}]")
        said = {name: str(value) for name, value in values.items()}
        if {"servername", "ip"} <= said.keys():
            raise Refused(599, 1092, "Arguments cannot both be specified [serverName, IP]")
        for name, value in said.items():
            if name not in ARGUMENTS[kind]:
                raise Refused(400, 278, f"Invalid argument [{name}]")
            if (
                value == ""
                or (name in NUMBERS and not value.isdigit())
                or (name in CHOICES and value.upper() not in CHOICES[name])
            ):
                raise Refused(400, 1097, f"Invalid argument value [{name}, {value}]")
            low, high = RANGES.get(name, (0, 2**32))
            if name in NUMBERS and not low <= int(value) <= high:
                raise Refused(400, 1097, f"Argument value out of range [{name}, {value}]")
        if said.get("persistencetype") == "SOURCEIP" and "timeout" not in said:
            # Persistence by source needs its duration, in minutes.
            raise Refused(400, 1095, "Required argument missing [timeout]")
        if not _NAME.match(said.get(KEYS[kind][0], "")):
            raise Refused(400, 1075, f"Invalid name [{said.get(KEYS[kind][0], '')}]")
        return said

    def _consistent(self, kind: str, said: Mapping[str, Any], own: str = "") -> None:
        for name, target in REFERENCES.get(kind, {}).items():
            if (
                name in said
                and said[name] not in self.running[target]
                and not (target == "nstcpprofile" and said[name].startswith("nstcp_"))
            ):
                raise missing(said[name])
        self._port_fits(kind, said, own)
        others = {key: item for key, item in self.running[kind].items() if key != own}
        if kind == "lbvserver":
            socket = tuple(said.get(name, "0") for name in ("td", "servicetype", "ipv46", "port"))
            if any(
                tuple(item.get(name, "0") for name in ("td", "servicetype", "ipv46", "port")) == socket
                for item in others.values()
            ):
                raise exists()
        if kind == "server" and any(
            (item.get("ipaddress"), item.get("td", "0")) == (said.get("ipaddress"), said.get("td", "0"))
            for item in others.values()
        ):
            raise exists()
        if kind == "lbgroup_lbvserver_binding" and any(
            item["vservername"] == said["vservername"] for item in others.values()
        ):
            # "A virtual server can be assigned to only one group at any given time."
            raise Refused(599, 2129, "Vserver is already bound to another group")
        if kind == "lbmonitor" and int(said.get("resptimeout", 2)) >= int(said.get("interval", 5)):
            raise Refused(599, 1130, "Response timeout should be less than the monitor interval")
        if kind == "servicegroup_servicegroupmember_binding":
            group, server = (
                self.running["servicegroup"][said["servicegroupname"]],
                self.running["server"][said["servername"]],
            )
            if group.get("td", "0") != server.get("td", "0"):
                raise Refused(599, 2770, "Traffic domains of the entities do not match")

    def _port_fits(self, kind: str, said: Mapping[str, Any], own: str) -> None:
        """Refuse useproxyport without usip: it "is available only when the Use Source IP (USIP) parameter is set to
        YES" (command reference, add serviceGroup). What a group has from before stays, and means nothing.
        """
        before = self.running[kind].get(own, {}).get("useproxyport")
        if said.get("useproxyport", before) != before and said.get("usip", "NO") != "YES":
            raise Refused(400, 1092, "Arguments cannot both be specified [useproxyport, usip==NO]")

    def _referring(self, kind: str, key: str) -> Any:
        for other, names in REFERENCES.items():
            for name, target in names.items():
                yield from (
                    (other, row_key)
                    for row_key, row in self.running[other].items()
                    if target == kind and row.get(name) == key
                )


class NetScaler:
    """The appliance over the wire, until it is closed. Switches are attributes; they may be set while it runs."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        self.appliance = Appliance()
        self.basic_authentication = True
        self.sessions: set[str] = set()
        self.units: list[dict[str, str]] = []
        self.busy = False
        self.fail_at: str = ""
        # nsconfig's configchanged: "returns True if configuration has changed since last saved config". Strictly, any
        # write of anybody sets it; older firmware may not have it.
        self.tells_unsaved = True
        self.server = HttpsServer(self._respond, address, port)

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def ca(self) -> str:
        return str(self.server.ca)

    def __enter__(self) -> NetScaler:
        self.server.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.server.close()

    def config(self) -> Config:
        """Return a copy of the running configuration: the independent look."""
        return copy.deepcopy(self.appliance.running)

    def provider(self, **more: Any) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": self.port, "user": USER, "password": PASSWORD, "ca": self.ca, **more}

    def asked(self) -> list[str]:
        """Return the requests so far, as method and path, and forget them."""
        found = [f"{request.method} {request.path}" for request in self.server.requests]
        self.server.requests.clear()
        return found

    def save(self) -> None:
        """Save the configuration."""
        self.appliance.saved = copy.deepcopy(self.appliance.running)
        self.appliance.saved_lines = running_lines(self.appliance, self.units)
        self.appliance.unsaved = False

    def restart(self) -> None:
        """Come back with what was saved."""
        self.appliance.running = copy.deepcopy(self.appliance.saved)
        self.appliance.unsaved = False
        self.sessions.clear()

    def _respond(self, request: Request) -> Response:
        try:
            path = urllib.parse.urlsplit(request.path)
            query = dict(urllib.parse.parse_qsl(path.query))
            name = urllib.parse.unquote(path.path.removeprefix("/nitro/v1/config/"))
            if name == "login":
                return self._login(request.document()["login"])
            self._known(request)
            if self.busy:
                raise Refused(503, 1086, "Service unavailable")
            return self._dispatch(request, name, query)
        except Refused as refused:
            return Response(refused.status, refused.document())

    def _login(self, given: Mapping[str, Any]) -> Response:
        if (given.get("username"), given.get("password")) != (USER, PASSWORD):
            raise Refused(401, 354, "Invalid username or password")
        token = "##" + secrets.token_hex(16)
        self.sessions.add(token)
        return Response(201, {"errorcode": 0, "message": "Done", "severity": "NONE", "sessionid": token})

    def _known(self, request: Request) -> None:
        cookie = request.headers.get("cookie", "")
        if cookie:
            if cookie.removeprefix("NITRO_AUTH_TOKEN=") not in self.sessions:
                raise Refused(401, 444, "Session expired or killed. Please login again")
            return
        if not self.basic_authentication:
            raise Refused(401, 1244, "Authentication Failed: Use of Basic Authentication is Disabled.")
        if (request.headers.get("x-nitro-user"), request.headers.get("x-nitro-pass")) != (USER, PASSWORD):
            raise Refused(401, 354, "Invalid username or password")

    def _dispatch(self, request: Request, name: str, query: Mapping[str, str]) -> Response:
        if name == "logout":
            self.sessions.discard(request.headers.get("cookie", "").removeprefix("NITRO_AUTH_TOKEN="))
            return Response(201, _done())
        if name == "nsconfig" and query.get("action") == "save":
            self.save()
            return Response(200, _done())
        if request.method == "GET":
            return self._get(name)
        if request.method == "DELETE":
            kind, _slash, key = name.partition("/")
            arguments = dict(part.split(":", 1) for part in query.get("args", "").split(",") if part)
            self.appliance.remove(
                kind, {KEYS[kind][0]: key, **{name: urllib.parse.unquote(value) for name, value in arguments.items()}}
            )
            return Response(200, _done())
        return self._write(request, name, query)

    def _get(self, name: str) -> Response:
        if name == "nsrunningconfig":
            return Response(
                200, {**_done(), "nsrunningconfig": {"response": running_lines(self.appliance, self.units)}}
            )
        if name == "nsconfig":
            changed = {"configchanged": self.appliance.unsaved} if self.tells_unsaved else {}
            return Response(200, {**_done(), "nsconfig": {"ipaddress": "127.0.0.1", **changed}})
        if name == "nssavedconfig":
            return Response(200, {**_done(), "nssavedconfig": [{"textblob": self.appliance.saved_lines}]})
        if name == "hanode":
            return Response(
                200, {**_done(), "hanode": self.units or [{"id": "0", "ipaddress": "127.0.0.1", "state": "Primary"}]}
            )
        kind, _slash, key = name.partition("/")
        if kind not in KEYS:
            raise Refused(400, 1074, f"Invalid object name [{kind}]")
        # Numbers are texts; an attribute that nobody set is not there (netscaler.adc issue 392).
        items = [{**DEFAULTS.get(kind, {}), **item} for item in self.appliance.running[kind].values()]
        found = [item for item in items if not key or item[KEYS[kind][0]] == key]
        if key and not found:
            raise missing(key)
        return Response(200, {**_done(), **({kind: found} if found else {})})

    def _write(self, request: Request, name: str, query: Mapping[str, str]) -> Response:
        document = request.document()
        if name != "macroapi" and set(document) != {name}:
            raise Refused(400, 1074, "Invalid object name")
        pairs = [
            (kind, item) for kind, found in document.items() for item in (found if isinstance(found, list) else [found])
        ]
        action = query.get("action") or ("update" if request.method == "PUT" else "add")
        if name == "macroapi" and action not in ("add", "update", "remove"):
            raise Refused(400, 1075, "Only homogenous add, update and remove are supported")
        return self._bulk(
            pairs,
            action,
            request.headers.get("x-nitro-onerror", "exit").lower(),
            query.get("idempotent") == "yes",
            name == "macroapi",
        )

    def _bulk(
        self, pairs: list[tuple[str, Mapping[str, Any]]], action: str, on_error: str, idempotent: bool, is_macro: bool
    ) -> Response:
        if on_error == "rollback" and action != "add":
            raise Refused(400, 1080, "Rollback is supported on add and bind operations only")
        before, was_unsaved = copy.deepcopy(self.appliance.running), self.appliance.unsaved
        self.appliance.unsaved = True
        parts: list[dict[str, Any]] = []
        last: Refused | None = None
        for kind, item in pairs:
            try:
                self._one(kind.lower(), item, action, idempotent)
                parts.append(_done())
            except Refused as refused:
                last = refused
                parts.append(refused.document())
                if on_error != "continue":
                    break
        if last is None:
            return Response(201 if action == "add" else 200, _done())
        if on_error == "rollback":
            self.appliance.running, self.appliance.unsaved = before, was_unsaved
        if len(pairs) == 1 and not is_macro:
            return Response(last.status, last.document())
        # "When the first operation fails ... the response payload only shows the error details of the failed
        # operation."
        shown = parts if on_error == "continue" else [last.document()]
        return Response(
            207, {"errorcode": 1243, "message": "Bulk operation failed", "severity": "ERROR", "response": shown}
        )

    def _one(self, kind: str, item: Mapping[str, Any], action: str, idempotent: bool) -> None:
        if self.fail_at and self.fail_at == f"{action} {kind}":
            raise Refused(599, 1, "Simulated failure")
        if action == "add":
            self.appliance.add(kind, item, idempotent)
        elif action in ("enable", "disable"):
            self.appliance.switch(kind, item, f"{action.upper()}D")
        else:
            {
                "update": self.appliance.update,
                "unset": self.appliance.unset,
                "remove": self.appliance.remove,
                "rename": self.appliance.rename,
            }[action](kind, item)


def _done() -> dict[str, Any]:
    return {"errorcode": 0, "message": "Done", "severity": "NONE"}


def running_lines(appliance: Appliance, units: list[dict[str, str]]) -> str:
    """Return the running configuration, with the lines and the order of an ns.conf: defaults are left out, timeouts
    never.
    """
    running = appliance.running
    lines = [
        "#NS14.1 Build 43.50",
        "# Last modified Sat Nov 28 01:00:00 2026",
        "set ns config -IPAddress 127.0.0.1 -netmask 255.255.255.0",
    ]
    lines += [
        "enable ns feature LB CS SSL",
        "set ns hostName lb01",
        *(f"add HA node {unit['id']} {unit['ipaddress']}" for unit in units if unit["id"] != "0"),
    ]
    lines += [
        f"add ns tcpProfile {_word(item['name'])}{_options(item, {'nagle': '-nagle'}, {'nagle': 'DISABLED'})}"
        for item in running["nstcpprofile"].values()
    ]
    lines += [
        f"add server {_word(item['name'])} {item['ipaddress']}{_options(item, _SERVER, {'td': '0'})}"
        for item in running["server"].values()
    ]
    for item in running["servicegroup"].values():
        idle = {"clttimeout": _idle(item), "svrtimeout": _idle(item), "usip": "NO", "useproxyport": "YES", **item}
        words = _options(idle, _GROUP, {"td": "0", "state": "ENABLED", "downstateflush": "ENABLED", "maxclient": "0"})
        lines.append(
            f"add serviceGroup {_word(item['servicegroupname'])} {item['servicetype']} -maxReq 0 -cip "
            f"DISABLED{words} -CKA NO -TCPB NO -CMP NO -devno 47218688"
        )
    for item in running["lbvserver"].values():
        whole = {"persistencetype": "NONE", "clttimeout": _idle(item), "state": "ENABLED", **item}
        words = _options(
            whole,
            _VSERVER,
            {"td": "0", "timeout": "2", "lbmethod": "LEASTCONNECTION", "state": "ENABLED", "downstateflush": "ENABLED"},
        )
        lines.append(
            f"add lb vserver {_word(item['name'])} {item['servicetype']} {item.get('ipv46', '0.0.0.0')} "
            f"{item.get('port', '0')}{words}"
        )
    lines += [
        f"add lb group {_word(item['name'])}{_options(item, _PERSISTENCE, {'timeout': '2'})}"
        for item in running["lbgroup"].values()
    ]
    lines += [
        f"bind lb group {_word(item['name'])} {_word(item['vservername'])}"
        for item in running["lbgroup_lbvserver_binding"].values()
    ]
    lines += [
        f"bind lb vserver {_word(item['name'])} {_word(item['servicegroupname'])}"
        for item in running["lbvserver_servicegroup_binding"].values()
    ]
    for item in running["lbmonitor"].values():
        words = _options(item, _MONITOR, {"interval": "5", "resptimeout": "2", "retries": "3"})
        lines.append(f"add lb monitor {_word(item['monitorname'])} {item['type']} -LRTM DISABLED{words}")
    for item in running["servicegroup_servicegroupmember_binding"].values():
        words = _options(item, {"state": "-state", "weight": "-weight"}, {"state": "ENABLED"})
        lines.append(
            f"bind serviceGroup {_word(item['servicegroupname'])} {_word(item['servername'])} {item['port']}{words}"
        )
    lines += [
        f"bind serviceGroup {_word(item['servicegroupname'])} -monitorName {_word(item['monitor_name'])}"
        for item in running["servicegroup_lbmonitor_binding"].values()
    ]
    return "\n".join([*lines, *appliance.others, 'set ns param -cookieversion "1"', ""])


_SERVER = {"td": "-td", "comment": "-comment", "state": "-state"}
_GROUP = {
    "td": "-td",
    "maxclient": "-maxClient",
    "maxbandwidth": "-maxBandwidth",
    "usip": "-usip",
    "useproxyport": "-useproxyport",
    "downstateflush": "-downStateFlush",
    "clttimeout": "-cltTimeout",
    "svrtimeout": "-svrTimeout",
    "tcpprofilename": "-tcpProfileName",
    "comment": "-comment",
    "state": "-state",
}
_PERSISTENCE = {"persistencetype": "-persistenceType", "timeout": "-timeout"}
_VSERVER = {
    "td": "-td",
    **_PERSISTENCE,
    "lbmethod": "-lbMethod",
    "clttimeout": "-cltTimeout",
    "downstateflush": "-downStateFlush",
    "m": "-m",
    "sessionless": "-sessionless",
    "tcpprofilename": "-tcpProfileName",
    "netprofile": "-netProfile",
    "comment": "-comment",
    "state": "-state",
}
_MONITOR = {"interval": "-interval", "resptimeout": "-resptimeout", "retries": "-retries", "destport": "-destPort"}


def _options(item: Mapping[str, Any], words: Mapping[str, str], usual: Mapping[str, str]) -> str:
    return "".join(
        f" {word} {_word(item[name])}" for name, word in words.items() if name in item and item[name] != usual.get(name)
    )


def _idle(item: Mapping[str, Any]) -> str:
    return {"TCP": "9000", "UDP": "120"}.get(item["servicetype"], "180")


def _word(text: str) -> str:
    return f'"{text}"' if " " in text else text
