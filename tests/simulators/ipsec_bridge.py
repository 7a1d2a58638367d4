# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Simulated hosts for the fakes of a PowerShell: a line of JSON in, a line of JSON out, as long as the PowerShell runs.

    {"store": directory, "host": name, "do": "new", "id": "a", "arguments": {...}}
    {"value": null} or {"error": text, "id": "Windows System Error 183"} or {"dropped": true}

So the module's own PowerShell and the Python one work on the same Windows, and differ in nothing but themselves.
"""

from __future__ import annotations

import json
import pathlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

from . import ipsec_rules
from .firewall_store import ConnectionDroppedError, FirewallStore
from .ipsec_rules import RefusedError, Tokens, values
from .ipsec_store import LOCAL, IpsecPolicy

Request = Mapping[str, Any]
_SECURITY = {action: pair for pair, action in ipsec_rules.ACTIONS.items()}
_PROTOCOL_NAMES = {"6": "TCP", "17": "UDP", "1": "ICMPv4", "58": "ICMPv6"}
_INTERFACE_NAMES = {"Lan": "Wired", "Wireless": "Wireless", "RemoteAccess": "RemoteAccess"}


class Bridge:
    """What the fakes may ask of one host."""

    def __init__(self, store: FirewallStore) -> None:
        self._store = store
        self._policy = IpsecPolicy(store)
        self._sessions: list[tuple[str, dict[str, str]]] = []

    def answer(self, request: Request) -> dict[str, Any]:
        """Return the answer to one request; the host's totals have what it did."""
        counters = self._policy.firewall.counters
        before = (counters.enumerations, counters.writes)
        try:
            return {"value": _SERVED[request["do"]](self, request)}
        except RefusedError as error:
            text, _bracket, kind = str(error).rpartition(" (")
            return {"error": text, "id": kind.rstrip(")")}
        except ConnectionDroppedError:
            return {"dropped": True}
        finally:
            self._store.count(enumerations=counters.enumerations - before[0], writes=counters.writes - before[1])

    def registry(self, request: Request) -> object:
        """Return the values of a key; the rules of the host are read once more."""
        if request["path"] == f"{LOCAL}\\FirewallRules":
            stored = self._policy.firewall.stored()
            if stored["problem"]:
                raise RefusedError(stored["problem"])
            return stored["rules"]
        return (
            self._policy.rules()
            if request["path"] == f"{LOCAL}\\ConSecRules"
            else self._policy.registry(request["path"])
        )

    def keys(self, request: Request) -> object:
        """Return the keys below a key."""
        return self._policy.keys(request["path"])

    def has_module(self, request: Request) -> object:
        """Return whether Windows has NetSecurity."""
        return self._policy.has_module

    def new(self, request: Request) -> None:
        """Make a rule."""
        self._policy.new(request["id"], request["arguments"], self._session(request))

    def set(self, request: Request) -> None:
        """Change rules."""
        self._policy.set(request["id"], request["arguments"], self._session(request))

    def remove(self, request: Request) -> None:
        """Remove rules."""
        self._policy.remove(request["id"], self._session(request))

    def open(self, request: Request) -> object:
        """Load a Group Policy object; return the number of the session."""
        self._sessions.append((request["name"], self._policy.open(request["name"])))
        return len(self._sessions)

    def save(self, request: Request) -> None:
        """Save a session."""
        self._policy.save(*self._sessions[request["session"] - 1])

    def shown(self, request: Request) -> object:
        """Return the rules of a session as the cmdlets show them and their filters, in one table each."""
        rules = self._session(request) or {}
        self._policy.firewall.counters.enumerations += 1
        return [_as_shown(rule_id, ipsec_rules.parse(text)) for rule_id, text in rules.items()]

    def netsh(self, request: Request) -> object:
        """Run a script."""
        content = pathlib.Path(request["path"]).read_bytes()
        if b"\n" in content.replace(b"\r\n", b""):
            raise AssertionError("a script of Windows has its line ends")
        code, complaint = self._policy.netsh(content.decode("ascii"))
        return {"code": code, "output": complaint}

    def export(self, request: Request) -> None:
        """Keep the rules beside an export of the firewall."""
        self._policy.export(_key(request["path"]))

    def import_(self, request: Request) -> None:
        """Bring the rules of an export back."""
        self._policy.import_(_key(request["path"]))

    def _session(self, request: Request) -> dict[str, str] | None:
        number = request.get("session")
        return self._sessions[number - 1][1] if number else None


_SERVED: Mapping[str, Callable[[Bridge, Request], object]] = {
    "registry": Bridge.registry,
    "keys": Bridge.keys,
    "module": Bridge.has_module,
    "new": Bridge.new,
    "set": Bridge.set,
    "remove": Bridge.remove,
    "open": Bridge.open,
    "save": Bridge.save,
    "shown": Bridge.shown,
    "netsh": Bridge.netsh,
    "export": Bridge.export,
    "import": Bridge.import_,
}


def _key(path: str) -> str:
    """Return a path as the store of the host names its files."""
    return str(pathlib.PurePosixPath(path.replace("\\", "/")))


def _as_shown(rule_id: str, tokens: Tokens) -> dict[str, Any]:
    """Return a rule as Get-NetIPsecRule and the cmdlets of the filters show it: a single value is no array."""
    inbound, outbound = _SECURITY["".join(values(tokens, "Action"))]
    protocol = "".join(values(tokens, "Protocol"))
    one = {
        "DisplayName": "Name", "Description": "Desc", "RuleGroup": "EmbedCtxt",
        "Phase1AuthSet": "Auth1Set", "Phase2AuthSet": "Auth2Set", "QuickModeCryptoSet": "Crypto2Set",
    }  # fmt: skip
    return {
        "InstanceID": rule_id,
        "InboundSecurity": inbound,
        "OutboundSecurity": outbound,
        "Enabled": "".join(values(tokens, "Active")).capitalize(),
        "Profile": ", ".join(values(tokens, "Profile")) or "Any",
        "Protocol": _PROTOCOL_NAMES.get(protocol, protocol) or "Any",
        "LocalPort": _filter(values(tokens, "EP1Port", "EP1Port2_10")),
        "RemotePort": _filter(values(tokens, "EP2Port", "EP2Port2_10")),
        "LocalAddress": _filter(values(tokens, "EP1_4", "EP1_6")),
        "RemoteAddress": _filter(values(tokens, "EP2_4", "EP2_6")),
        "InterfaceType": _filter([_INTERFACE_NAMES[name] for name in values(tokens, "IFType")]),
        **{shown: "".join(values(tokens, name)) or None for shown, name in one.items()},
    }


def _filter(found: list[str]) -> object:
    # A keyword of both families is shown once.
    once = list(dict.fromkeys(found))
    return once if len(once) > 1 else once[0] if once else "Any"


def main() -> None:
    """Serve until stdin ends; each request names the host and the directory of its store."""
    bridges: dict[tuple[str, str], Bridge] = {}
    for line in sys.stdin:
        request = json.loads(line)
        place = (request["store"], request["host"])
        if place not in bridges:
            bridges[place] = Bridge(FirewallStore(pathlib.Path(place[0]), place[1]))
        print(json.dumps(bridges[place].answer(request)), flush=True)


if __name__ == "__main__":
    main()
