# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Virtual Services and Real Servers of a LoadMaster as data: names, kinds, ranges, and what an answer leaves out.

Names and ranges are those of the API (https://loadmasterapiv2.docs.progress.com/) and of the vendor's PowerShell
wrapper (KEMPtechnologies/powershell-sdk-vnext); what an answer leaves out was read from public clients of API v2,
whose comments tell what their authors saw. Only what the driver writes or judges is here; every other field is left
alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..._base.addresses import parse_address
from ..._base.errors import shown

Value = str | int | bool


@dataclass(frozen=True)
class Field:
    """A field of a Virtual Service: its kind, and its value when an answer leaves it out."""

    kind: type[str] | type[int] | type[bool]
    default: Value


FIELDS: Mapping[str, Field] = {
    "VSPort": Field(int, 0),
    "ExtraPorts": Field(str, ""),
    "NickName": Field(str, ""),
    "Enable": Field(bool, True),
    "VStype": Field(str, "gen"),
    "ForceL7": Field(bool, True),
    "Transparent": Field(bool, False),
    "SubnetOriginating": Field(bool, False),
    "Schedule": Field(str, "rr"),
    "Persist": Field(str, "none"),
    "PersistTimeout": Field(int, 0),
    "PortFollow": Field(int, 0),
    # Seconds; 0 is stored as the default.
    "Idletime": Field(int, 660),
    "CheckType": Field(str, "tcp"),
    # 0 stands for the port of the Real Server.
    "CheckPort": Field(int, 0),
    "ChkInterval": Field(int, 0),
    # 0 stands for that of the whole LoadMaster.
    "ChkTimeout": Field(int, 0),
    "ChkRetryCount": Field(int, 0),
    # On, it decrypts.
    "SSLAcceleration": Field(bool, False),
    "DefaultGW": Field(str, ""),
    "LocalBindAddrs": Field(str, ""),
}
FOREIGN_PARTS = ("RequestRules", "ResponseRules", "PreProcessRules", "SubVS")
"""What somebody may have put into a Virtual Service, which an answer leaves out where there is none."""
EVERY_PORT = 65535
"""What "*" stands for: a Virtual Service that listens on all ports, a member that takes them as they come."""
_PORTS = (1, 65535)
_NUMBER = re.compile(r"[0-9]{1,9}\Z")
_SWITCHES = {**dict.fromkeys(("true", "1", "y", "yes"), True), **dict.fromkeys(("false", "0", "n", "no"), False)}
PERSIST_SECONDS = (60, 604800)
IDLE_SECONDS = (1, 86400)
# Up to 901 where timeout and retries force it
# (https://docs.progress.com/bundle/loadmaster-configuration-guide-web-user-interface-wui-ga/page/Service-Health-Check-Parameters.html).
CHECK_SECONDS = (9, 120)
CHECK_RETRIES = (2, 15)
CHECK_TIMEOUT_SECONDS = 4


def check_seconds_minimum(retries: int) -> int:
    """Return the shortest interval of a check: "Retry Count * Connect Timeout + 1", ibidem."""
    return retries * CHECK_TIMEOUT_SECONDS + 1


@dataclass(frozen=True)
class RealServer:
    """One member: address, port, whether it takes connections.

    is_remote: is added as one outside the LoadMaster's networks, which no answer tells afterwards.
    """

    address: str
    port: int
    enabled: bool = True
    is_remote: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class VirtualService:
    """One Virtual Service: where it listens, its fields, its Real Servers by address and port.

    Index, which the LoadMaster hands out anew, is no part of it: address, port and protocol tell Virtual Services
    apart.
    """

    address: str
    protocol: str
    values: Mapping[str, Value]
    members: tuple[RealServer, ...] = ()

    @property
    def port(self) -> int:
        """Return the first port, by which it is addressed."""
        return int(self.values["VSPort"])

    @property
    def ports(self) -> tuple[int, ...]:
        """Return all its ports."""
        return (self.port, *ports_of(str(self.values["ExtraPorts"])))

    @property
    def place(self) -> dict[str, str]:
        """Return how a command names it."""
        port = "*" if self.port == EVERY_PORT else str(self.port)
        return {"vs": self.address, "port": port, "prot": self.protocol}


def ports_of(text: str) -> tuple[int, ...]:
    """Return ports of a list like "444,5070-5072"; raises ValueError for what is no port, before a range is built."""
    parts = (part.partition("-") for part in text.replace(" ", ",").split(",") if part)
    pairs = [(_read_port(first), _read_port(last if dash else first)) for first, dash, last in parts]
    return tuple(port for first, last in pairs for port in range(first, last + 1))


def _read_port(raw: object) -> int:
    found = _read_number(raw)
    if not _PORTS[0] <= found <= _PORTS[1]:
        raise ValueError(f"{shown(raw)} is no port")
    return found


def _read_number(raw: object) -> int:
    if not _NUMBER.match(str(raw).strip()):
        raise ValueError(f"{shown(raw)} is no number")
    return int(str(raw))


def port_or_every(raw: object) -> int:
    """Return the port of an answer, 65535 for "*"; raises ValueError."""
    return EVERY_PORT if str(raw).strip() == "*" else _read_port(raw)


def virtual_service(raw: Mapping[str, object]) -> VirtualService:
    """Return a Virtual Service of an answer: numbers may be texts, switches true or "Y", what is off missing.

    Raises ValueError, KeyError or TypeError for anything else: a service that was read by half must not be written.
    """
    values = {name: _read_field(name, known, raw.get(name)) for name, known in FIELDS.items()}
    values["ExtraPorts"] = ",".join(map(str, sorted(ports_of(str(values["ExtraPorts"])))))
    members = [_read_member(item) for item in _read_list("Rs", raw.get("Rs"))]
    protocol = str(raw["Protocol"]).lower()
    if protocol not in ("tcp", "udp"):
        raise ValueError(f"Protocol {shown(raw['Protocol'])} is neither tcp nor udp")
    address = str(raw["VSAddress"])
    parse_address(address)
    _say_what_holds(protocol, values)
    return VirtualService(address, protocol, values, tuple(sorted(members, key=lambda item: (item.address, item.port))))


def _say_what_holds(protocol: str, values: dict[str, Value]) -> None:
    """Say of transparency what holds, whatever its switches say.

    "Layer 4 is always transparent", and with transparency subnet originating "does not have any effect"
    (https://support.kemptechnologies.com/hc/en-us/articles/6263757648525-Routing).
    """
    values["Transparent"] = bool(values["Transparent"]) or protocol == "udp" or not values["ForceL7"]
    values["SubnetOriginating"] = bool(values["SubnetOriginating"]) and not values["Transparent"]


def _read_list(name: str, raw: object) -> Sequence[Mapping[str, object]]:
    """Return the objects of a list; a list that is not there, or null, is an empty one."""
    if raw is None:
        return []
    if not isinstance(raw, list) or not all(isinstance(item, Mapping) for item in raw):
        raise TypeError(f"{name} is {shown(raw)}, not a list of objects")
    return raw


def _read_member(item: Mapping[str, object]) -> RealServer:
    address = str(item["Addr"])
    parse_address(address)
    enabled = item.get("Enable")
    return RealServer(address, port_or_every(item["Port"]), True if enabled is None else read_switch(enabled))


def answered(service: VirtualService) -> dict[str, object]:
    """Return a Virtual Service as an answer has it."""
    members = [{"Addr": item.address, "Port": item.port, "Enable": item.enabled} for item in service.members]
    return {"VSAddress": service.address, "Protocol": service.protocol, **spelled(service.values), "Rs": members}


def spelled(values: Mapping[str, Value]) -> dict[str, object]:
    """Return fields as a command and an answer have them: switches as such, all else as texts."""
    return {name: value if isinstance(value, bool) else str(value) for name, value in values.items()}


def _read_field(name: str, known: Field, raw: object) -> Value:
    if raw is None or raw == "":
        return known.default
    try:
        if known.kind is bool:
            return read_switch(raw)
        if name == "VSPort":
            return port_or_every(raw)
        if known.kind is int:
            return _read_number(raw) or int(known.default)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    if not isinstance(raw, (str, int)):
        raise TypeError(f"{name} is {shown(raw)}, not a text")
    text = str(raw).strip()
    return known.default if text == "none" else text


def read_switch(raw: object) -> bool:
    """Return whether a switch of an answer is on; raises ValueError for what is neither on nor off."""
    word = str(raw).lower()
    if word not in _SWITCHES:
        raise ValueError(f"{shown(raw)} is neither on nor off")
    return _SWITCHES[word]
