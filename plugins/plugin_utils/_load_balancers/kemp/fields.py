# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Virtual Services and Real Servers of a LoadMaster as data: names, kinds, ranges, and what an answer leaves out.

Names and ranges are those of the API (https://loadmasterapiv2.docs.progress.com/) and of the vendor's PowerShell
wrapper (KEMPtechnologies/powershell-sdk-vnext); what an answer leaves out was read from public clients of API v2,
whose comments tell what their authors saw. Only what the driver writes or judges is here; every other field is left
alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
    "ChkRetryCount": Field(int, 0),
    "DefaultGW": Field(str, ""),
    "LocalBindAddrs": Field(str, ""),
}
PERSIST_SECONDS = (60, 604800)
IDLE_SECONDS = (1, 86400)
CHECK_SECONDS = (9, 120)
CHECK_RETRIES = (2, 15)


@dataclass(frozen=True)
class RealServer:
    """One member: address, port, whether it takes connections."""

    address: str
    port: int
    enabled: bool = True


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
        return {"vs": self.address, "port": str(self.port), "prot": self.protocol}


def ports_of(text: str) -> tuple[int, ...]:
    """Return ports of a list like "444,5070-5072"."""
    parts = (part.partition("-") for part in text.replace(" ", ",").split(",") if part)
    return tuple(port for first, _dash, last in parts for port in range(int(first), int(last or first) + 1))


def virtual_service(raw: Mapping[str, Any]) -> VirtualService:
    """Return a Virtual Service of an answer: numbers may be texts, switches true or "Y", what is off missing."""
    values = {name: _read_field(field, raw.get(name)) for name, field in FIELDS.items()}
    values["ExtraPorts"] = ",".join(map(str, sorted(ports_of(str(values["ExtraPorts"])))))
    members = [
        RealServer(str(item["Addr"]), int(item["Port"]), _is_on(item.get("Enable", True)))
        for item in raw.get("Rs", [])
    ]
    return VirtualService(
        str(raw["VSAddress"]),
        str(raw["Protocol"]).lower(),
        values,
        tuple(sorted(members, key=lambda item: (item.address, item.port))),
    )


def answered(service: VirtualService) -> dict[str, object]:
    """Return a Virtual Service as an answer has it."""
    members = [{"Addr": item.address, "Port": item.port, "Enable": item.enabled} for item in service.members]
    return {"VSAddress": service.address, "Protocol": service.protocol, **spelled(service.values), "Rs": members}


def spelled(values: Mapping[str, Value]) -> dict[str, object]:
    """Return fields as a command and an answer have them: switches as such, all else as texts."""
    return {name: value if isinstance(value, bool) else str(value) for name, value in values.items()}


def _read_field(field: Field, raw: object) -> Value:
    if raw is None or raw == "":
        return field.default
    if field.kind is bool:
        return _is_on(raw)
    if field.kind is int:
        return int(str(raw)) or int(field.default)
    text = str(raw).strip()
    return field.default if text == "none" else text


def _is_on(raw: object) -> bool:
    return str(raw).lower() in ("true", "1", "y", "yes")
