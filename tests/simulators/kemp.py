# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A simulated LoadMaster: API v2 over HTTPS.

    with LoadMaster() as lm:
        lm.port, lm.ca, lm.services(), lm.asked()

Commands, codes and ranges follow https://loadmasterapiv2.docs.progress.com/ and the vendor's PowerShell wrapper; what
its answers leave out and what it does to persistence are what authors of public clients saw and wrote down. Unknowns
are switches.
"""

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from .https_server import HttpsServer, Request, Response

KEY = "not-a-secret-key"
USER, PASSWORD = "bal", "not-a-secret"

# Name in lower case -> name, kind, lowest, highest.
PARAMETERS: Mapping[str, tuple[str, str, int, int]] = {
    "nickname": ("NickName", "text", 0, 0),
    "extraports": ("ExtraPorts", "text", 0, 0),
    "enable": ("Enable", "switch", 0, 0),
    "vstype": ("VStype", "gen http http2 ts tls log", 0, 0),
    "forcel7": ("ForceL7", "switch", 0, 0),
    "transparent": ("Transparent", "switch", 0, 0),
    "sslacceleration": ("SSLAcceleration", "switch", 0, 0),
    "subnetoriginating": ("SubnetOriginating", "switch", 0, 0),
    "schedule": ("Schedule", "rr wrr lc wlc fixed adaptive sh", 0, 0),
    "persist": ("Persist", "none src cookie active-cookie ssl super", 0, 0),
    "persisttimeout": ("PersistTimeout", "number", 0, 604800),
    "portfollow": ("PortFollow", "number", 0, 65530),
    "idletime": ("Idletime", "number", 0, 86400),
    "checktype": ("CheckType", "tcp icmp http https none ldap", 0, 0),
    "checkport": ("CheckPort", "number", 0, 65530),
    "chkinterval": ("ChkInterval", "number", 9, 120),
    "chktimeout": ("ChkTimeout", "number", 4, 60),
    "chkretrycount": ("ChkRetryCount", "number", 2, 15),
    "defaultgw": ("DefaultGW", "text", 0, 0),
    "localbindaddrs": ("LocalBindAddrs", "text", 0, 0),
    "vsport": ("VSPort", "number", 3, 65530),
    "vsaddress": ("VSAddress", "text", 0, 0),
}
TEXTS = ("VSPort", "ExtraPorts", "PersistTimeout", "CheckPort")
FRESH: Mapping[str, Any] = {
    "ExtraPorts": "",
    "NickName": "",
    "Enable": True,
    "VStype": "gen",
    "ForceL7": True,
    "Transparent": False,
    "SubnetOriginating": False,
    "Schedule": "rr",
    "Persist": "none",
    "PersistTimeout": 0,
    "PortFollow": 0,
    "Idletime": 660,
    "CheckPort": 0,
    "ChkInterval": 0,
    "ChkTimeout": 0,
    "ChkRetryCount": 0,
    "DefaultGW": "",
    "LocalBindAddrs": "",
    "SSLAcceleration": False,
    "QoS": 0,
}


class Refused(Exception):
    """A command that is refused: code and message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class LoadMaster:
    """The appliance, until it is closed; switches are attributes."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.tcp_checks_udp = True
        # "Layer 4 is always transparent" (Routing, feature description): read back as such. The guide for Lync 2010 has
        # a Virtual Service at layer 4 with transparency off, so another reading is that it stays as it was said.
        self.layer_4_is_transparent = True
        # "The interval value must be greater than timeout * retry + 1": read as refused; for resource checks "the
        # interval value is automatically increased".
        self.raises_interval = False
        self.networks: tuple[str, ...] = ()  # every one where empty
        self.switches: dict[str, object] = {"droponfail": "yes", "nonlocalrs": "yes"}
        self.fail_at = ""
        self._index = 0
        self.server = HttpsServer(self._respond)

    @property
    def port(self) -> int:
        return self.server.port

    def __enter__(self) -> LoadMaster:
        self.server.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.server.close()

    def provider(self, **more: Any) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": self.port, "token": KEY, "ca": str(self.server.ca), **more}

    def asked(self) -> list[str]:
        """Return the commands so far, and forget them."""
        found = [request.document()["cmd"] for request in self.server.requests]
        self.server.requests.clear()
        return found

    def services(self) -> list[dict[str, Any]]:
        """Return a copy of everything, without the numbers that are handed out: the independent look."""
        return sorted(
            ({name: value for name, value in item.items() if name != "Index"} for item in copy.deepcopy(self.items)),
            key=str,
        )

    def do(self, command: str, **parameters: Any) -> dict[str, Any]:
        """Do a command as an administrator would."""
        return self._commands()[command]({name.lower(): value for name, value in parameters.items()})

    def _commands(self) -> Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        return {
            "listvs": self._listvs,
            "get": self._get,
            "addvs": self._addvs,
            "modvs": self._modvs,
            "delvs": self._delvs,
            "addrs": self._addrs,
            "modrs": self._modrs,
            "delrs": self._delrs,
            "enablers": lambda given: self._switch(given, True),
            "disablers": lambda given: self._switch(given, False),
        }

    def _respond(self, request: Request) -> Response:
        try:
            if request.method != "POST" or request.path != "/accessv2":
                return Response(404, text="<html>Not Found</html>", content_type="text/html")
            given = {name.lower(): value for name, value in request.document().items()}
            self._known(given)
            command = str(given.pop("cmd", ""))
            if command not in self._commands():
                raise Refused(404, "Unknown command")
            if self.fail_at == command:
                raise Refused(422, "Simulated failure")
            return Response(200, {"code": 200, **self._commands()[command](given), "status": "ok"})
        except Refused as refused:
            return Response(refused.code, {"code": refused.code, "message": refused.message, "status": "fail"})

    def _known(self, given: dict[str, Any]) -> None:
        """The key counts before user and password when it is there."""
        key, user, password = given.pop("apikey", None), given.pop("apiuser", None), given.pop("apipass", None)
        if key != KEY if key is not None else (user, password) != (USER, PASSWORD):
            raise Refused(401, "Unauthorized")

    def seen_by_members(self, address: str, port: int) -> str:
        """Return whose address members see, and checks come from with a proxy: the table of the page Routing."""
        (item,) = (one for one in self.items if one["VSAddress"] == address and port in _ports(one))
        if item["Transparent"] or not item["ForceL7"]:
            return "client"
        return "interface" if item["SubnetOriginating"] else "virtual address"

    def _get(self, given: Mapping[str, Any]) -> dict[str, Any]:
        name = str(given.get("param", ""))
        if name not in self.switches:
            raise Refused(422, f"Unknown parameter {name}")
        return {name: self.switches[name]}

    def _listvs(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return {"VS": [self._shown(item) for item in self.items]}

    def _shown(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """Numbers are texts here and there, and persistence that is off is not there."""
        found = {name: str(value) if name in TEXTS else value for name, value in item.items()}
        if found["Persist"] == "none":
            del found["Persist"]
        if self.layer_4_is_transparent and (item["Protocol"] == "udp" or not item["ForceL7"]):
            found["Transparent"] = True
        return {**found, "Status": "Up", "MasterVSID": 0, "NumberOfRSs": len(item["Rs"])}

    def _addvs(self, given: dict[str, Any]) -> dict[str, Any]:
        place = {
            "VSAddress": str(given.pop("vs")),
            "VSPort": int(given.pop("port")),
            "Protocol": str(given.pop("prot")),
        }
        self._index += 1
        item = {
            "Index": self._index,
            **FRESH,
            "CheckType": "tcp" if place["Protocol"] == "tcp" else "icmp",
            **place,
            "Rs": [],
        }
        self.items.append(self._changed(item, given))
        return self._shown(self.items[-1])

    def _modvs(self, given: dict[str, Any]) -> dict[str, Any]:
        item = self._found(given)
        changed = self._changed(item, given)
        item.update(changed)
        return self._shown(item)

    def _delvs(self, given: dict[str, Any]) -> dict[str, Any]:
        self.items.remove(self._found(given))
        return {}

    def _found(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the Virtual Service that is named by address, port and protocol."""
        place = (str(given.pop("vs", "")), str(given.pop("port", "")), str(given.pop("prot", "")))
        for item in self.items:
            if (item["VSAddress"], str(item["VSPort"]), item["Protocol"]) == place:
                return item
        raise Refused(422, "Unknown VS")

    def _changed(self, item: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        said = dict(self._checked(name, value) for name, value in given.items())
        changed = {**item, **said}
        if "PersistTimeout" in said and "Persist" not in said and item["Persist"] == "none":
            # A duration of a minute and more turns source persistence on; a shorter one is kept as none.
            changed["Persist"] = "src" if said["PersistTimeout"] >= 60 else "none"
        if changed["Persist"] == "none" or changed["PersistTimeout"] < 60:
            changed["PersistTimeout"] = 0
        changed["Idletime"] = changed["Idletime"] or 660
        if changed["Protocol"] == "udp" and changed["CheckType"] == "tcp" and not self.tcp_checks_udp:
            raise Refused(422, "Invalid value for CheckType")
        self._check_fits(changed)
        ports = _ports(changed)
        for other in self.items:
            if (
                other is not item
                and (other["VSAddress"], other["Protocol"]) == (changed["VSAddress"], changed["Protocol"])
                and _ports(other) & ports
            ):
                raise Refused(422, "VS already exists")
        return changed

    def _check_fits(self, changed: dict[str, Any]) -> None:
        """Hold the interval to "Retry Count * Connect Timeout (seconds) + 1" (Service Health Check Parameters)."""
        least = (changed["ChkTimeout"] or 4) * (changed["ChkRetryCount"] or 2) + 1
        if (changed["ChkInterval"] or 9) >= least:
            return
        if not self.raises_interval:
            raise Refused(422, "Invalid value for ChkInterval")
        changed["ChkInterval"] = least

    def _is_local(self, address: str) -> bool:
        networks = [ipaddress.ip_network(text) for text in self.networks]
        return not networks or any(ipaddress.ip_address(address) in network for network in networks)

    def _checked(self, name: str, value: Any) -> tuple[str, Any]:
        if name not in PARAMETERS:
            raise Refused(422, f"Unknown parameter {name}")
        label, kind, low, high = PARAMETERS[name]
        if kind == "switch":
            if not isinstance(value, bool) and str(value) not in ("0", "1", "y", "n"):
                raise Refused(422, f"Invalid value for {label}")
            return label, value is True or str(value) in ("1", "y")
        if kind == "number":
            if not str(value).isdigit() or not low <= int(value) <= high:
                raise Refused(422, f"Invalid value for {label}")
            return label, int(value)
        if kind != "text" and str(value) not in kind.split():
            raise Refused(422, f"Invalid value for {label}")
        return label, str(value)

    def _addrs(self, given: dict[str, Any]) -> dict[str, Any]:
        item = self._found(given)
        place = (str(given["rs"]), int(given["rsport"]))
        if any((member["Addr"], member["Port"]) == place for member in item["Rs"]):
            raise Refused(422, "Rs already exists")
        if not self._is_local(place[0]):
            # "By default only Real Servers on local networks can be assigned"; non-local ones need both switches, and
            # "transparency cannot be used with non-local Real Servers".
            is_transparent = item["Transparent"] or not item["ForceL7"]
            if not given.get("non_local") or self.switches["nonlocalrs"] != "yes" or is_transparent:
                raise Refused(422, "Rs is not on a local network")
        item["Rs"].append(
            {
                "RsIndex": len(item["Rs"]) + 1,
                "Addr": place[0],
                "Port": place[1],
                "Forward": "nat",
                "Weight": 1000,
                "Enable": given.get("enable", True),
            }
        )
        return {}

    def _modrs(self, given: dict[str, Any]) -> dict[str, Any]:
        self._member(given)["Enable"] = bool(given["enable"])
        return {}

    def _delrs(self, given: dict[str, Any]) -> dict[str, Any]:
        keep = dict(given)
        member = self._member(given)
        self._found(keep)["Rs"].remove(member)
        return {}

    def _member(self, given: dict[str, Any]) -> dict[str, Any]:
        item = self._found(given)
        place = (str(given["rs"]), int(given["rsport"]))
        for member in item["Rs"]:
            if (member["Addr"], member["Port"]) == place:
                found: dict[str, Any] = member
                return found
        raise Refused(422, "Unknown RS")

    def _switch(self, given: Mapping[str, Any], enable: bool) -> dict[str, Any]:
        """enablers, disablers: the Real Server of an address in every Virtual Service."""
        members = [member for item in self.items for member in item["Rs"] if member["Addr"] == given["rs"]]
        if not members:
            raise Refused(422, "Unknown RS")
        for member in members:
            member["Enable"] = enable
        return {}


def _ports(item: Mapping[str, Any]) -> set[int]:
    return {int(item["VSPort"]), *(int(port) for port in str(item["ExtraPorts"]).split(",") if port)}
