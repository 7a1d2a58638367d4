# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What netsh -f understands of a script: advfirewall consec, and ipsec static of legacy policies.

Words only, no effect on rules.

    for command in commands('advfirewall consec delete rule name="Old media"'):
        command.verb == "delete", command.given == {"name": "Old media"}
    legacy(text) == {"policies": {...}, "lists": {...}, "actions": {...}, "rules": {...}}

Sources: netsh-advfirewall.md and netsh-ipsec.md of windowsserverdocs; the help of Windows Server 2008 R2. Keywords are
the same in every language of Windows.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_WORD = re.compile(r'((?:[^\s"]|"[^"]*")+)')
_CONTEXTS = (("advfirewall", "consec"), ("ipsec", "static"))
_RULE: tuple[str, ...] = (
    "name",
    "endpoint1",
    "endpoint2",
    "action",
    "description",
    "mode",
    "enable",
    "profile",
    "type",
    "port1",
    "port2",
    "protocol",
)
_RULE += ("interfacetype", "auth1", "auth2", "qmsecmethods", "localtunnelendpoint", "remotetunnelendpoint")
_MATCH = ("name", "endpoint1", "endpoint2", "port1", "port2", "protocol", "profile", "type")
_SECURITY = {
    "noauthentication": ("None", "None"),
    "requestinrequestout": ("Request", "Request"),
    "requireinrequestout": ("Require", "Request"),
    "requireinrequireout": ("Require", "Require"),
}
# The words of consec add rule, and the arguments of New-NetIPsecRule that say the same.
_SAME = {
    "endpoint1": "LocalAddress",
    "endpoint2": "RemoteAddress",
    "port1": "LocalPort",
    "port2": "RemotePort",
    "protocol": "Protocol",
}
_SAME.update(profile="Profile", description="Description", interfacetype="InterfaceType")
_INTERFACES = {"lan": "Wired", "wireless": "Wireless", "ras": "RemoteAccess", "any": "Any"}


# Of the command prompt (learn.microsoft.com, command-line-string-limitation). That netsh -f has it too is the strict
# reading: no document says how long its lines may be.
LONGEST_LINE = 8191


class ScriptError(Exception):
    """netsh does not take the line."""


@dataclass(frozen=True)
class Command:
    """One line: its context, verb and object, what is given as WORD=VALUE, and after "new" what is to be set."""

    context: str
    verb: str
    what: str
    given: Mapping[str, str]
    new: Mapping[str, str] = field(default_factory=dict)


def lines(text: str) -> list[str]:
    """Return the lines that are commands: neither empty nor comments."""
    stripped = (line.strip() for line in text.splitlines())
    return [line for line in stripped if line and not line.startswith("#")]


def commands(text: str) -> Iterator[Command]:
    """Yield the commands of a script; raises ScriptError at a line that netsh does not take."""
    for line in lines(text):
        yield command(line)


def command(line: str) -> Command:
    """Return one line as a command; raises ScriptError."""
    if len(line) > LONGEST_LINE:
        raise ScriptError(f"The input line is too long: {line[:80]}")
    if line.count('"') % 2 or not line.isascii():
        raise ScriptError(f"The syntax supplied for this command is not valid: {line}")
    words = _WORD.findall(line)
    if tuple(words[:2]) not in _CONTEXTS or len(words) < 4:
        raise ScriptError(f"The following command was not found: {line}")
    rest = words[4:]
    cut = rest.index("new") if "new" in rest else len(rest)
    return Command(
        f"{words[0]} {words[1]}", words[2], words[3], _pairs(rest[:cut], line), _pairs(rest[cut + 1 :], line)
    )


def _pairs(words: list[str], line: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name in pairs:
            raise ScriptError(f"{word} is not an acceptable value: {line}")
        pairs[name] = value.replace('"', "")
    return pairs


def arguments(given: Mapping[str, str], is_new: bool) -> dict[str, Any]:
    """Return what consec add rule, or the part after "new" of set rule, says as arguments of the cmdlets.

    Raises ScriptError.
    """
    unknown = sorted(set(given) - set(_RULE))
    if unknown:
        raise ScriptError(f"{unknown[0]} is not a valid argument for this command.")
    if is_new:
        missing = [name for name in ("name", "endpoint1", "endpoint2", "action") if name not in given]
        if missing:
            raise ScriptError(f"One or more essential parameters were not entered: {missing[0]}")
    found: dict[str, Any] = {same: _value(name, given[name]) for name, same in _SAME.items() if name in given}
    if "name" in given:
        found["DisplayName"] = given["name"]
    return {**found, **_state(given), **_security(given)}


def _value(name: str, text: str) -> Any:
    if name in ("description", "protocol"):
        return text
    parts = text.split(",")
    if name == "interfacetype":
        return [_INTERFACES.get(part, part) for part in parts]
    return parts


def _state(given: Mapping[str, str]) -> dict[str, str]:
    enable = given.get("enable")
    if enable not in (None, "yes", "no"):
        raise ScriptError(f"{enable} is not an acceptable value of enable.")
    ports = {"port1", "port2", "protocol"} & given.keys()
    if ports and given.get("mode") == "tunnel":
        raise ScriptError("port1, port2 and protocol need mode=transport.")
    return {} if enable is None else {"Enabled": "True" if enable == "yes" else "False"}


def _security(given: Mapping[str, str]) -> dict[str, str]:
    if "action" not in given:
        return {}
    if given["action"] not in _SECURITY:
        raise ScriptError(f"{given['action']} is not an acceptable value of action.")
    sets = [name for name in ("auth1", "auth2", "qmsecmethods") if name in given]
    if given["action"] == "noauthentication" and sets:
        raise ScriptError(f"{sets[0]} does not go with noauthentication.")
    return dict(zip(("InboundSecurity", "OutboundSecurity"), _SECURITY[given["action"]], strict=True))


def match(given: Mapping[str, str]) -> str:
    """Return the name of set rule and delete rule; raises ScriptError for other words than those which choose rules."""
    unknown = sorted(set(given) - set(_MATCH))
    if unknown or "name" not in given:
        raise ScriptError(f"{(unknown or ['name'])[0]}: name chooses the rules.")
    return given["name"]


# --- ipsec static -------------------------------------------------------------------------------------------------

_LEGACY_WORDS = {
    ("add", "policy"): {
        "name",
        "description",
        "mmpfs",
        "qmpermm",
        "mmlifetime",
        "activatedefaultrule",
        "pollinginterval",
        "assign",
        "mmsecmethods",
    },
    ("add", "filterlist"): {"name", "description"},
    ("add", "filter"): {
        "filterlist",
        "srcaddr",
        "dstaddr",
        "description",
        "protocol",
        "mirrored",
        "srcmask",
        "dstmask",
        "srcport",
        "dstport",
    },
    ("add", "filteraction"): {"name", "description", "qmpfs", "inpass", "soft", "action", "qmsecmethods"},
    ("add", "rule"): {
        "name",
        "policy",
        "filterlist",
        "filteraction",
        "tunnel",
        "conntype",
        "activate",
        "description",
        "kerberos",
        "psk",
        "rootca",
    },
    ("set", "policy"): {"name", "newname", "description", "assign", "activatedefaultrule"},
    ("set", "batch"): {"mode"},
    ("delete", "policy"): {"name"},
    ("delete", "filterlist"): {"name"},
    ("delete", "filteraction"): {"name"},
}
_NAMED = {"policy": "policies", "filterlist": "lists", "filteraction": "actions", "rule": "rules"}
_PLACES = {"me", "any", "dns", "wins", "dhcp", "gateway"}
_YES = {"yes", "no", "y", "n"}


def legacy(text: str) -> dict[str, Any]:
    """Run the lines of ipsec static over an empty store and return it; raises ScriptError at the first that is refused.

    {"policies": {name: {...}}, "lists": {name: {"filters": [...]}}, "actions": {name: {...}}, "rules": {name: {...}},
    "assigned": name or ""}.
    """
    store: dict[str, Any] = {"policies": {}, "lists": {}, "actions": {}, "rules": {}, "assigned": ""}
    for one in commands(text):
        if one.context != "ipsec static":
            raise ScriptError(f"{one.context} in a script of legacy policies")
        known = _LEGACY_WORDS.get((one.verb, one.what))
        unknown = sorted(set(one.given) - known) if known is not None else [one.what]
        if unknown:
            raise ScriptError(f"{one.verb} {one.what}: {unknown[0]} is not a valid argument")
        _LEGACY[one.verb](store, one)
    return store


def _legacy_add(store: dict[str, Any], one: Command) -> None:
    if one.what == "filter":
        _filter(store, one.given)
        return
    name = one.given.get("name", "")
    if not name or name in store[_NAMED[one.what]]:
        raise ScriptError(f"add {one.what}: the name {name!r} is missing or already used")
    # Management tools skip a policy without a description (ERROR_NO_DATA).
    if one.what != "rule" and not one.given.get("description"):
        raise ScriptError(f"add {one.what}: {name} has no description")
    if one.what == "filteraction" and one.given.get("action") not in ("permit", "block", "negotiate"):
        raise ScriptError(f"add filteraction: {one.given.get('action')}")
    for what in ("policy", "filterlist", "filteraction") if one.what == "rule" else ():
        if one.given.get(what) not in store[_NAMED[what]]:
            raise ScriptError(f"add rule: there is no {what} {one.given.get(what)!r}")
    store[_NAMED[one.what]][name] = {**one.given, **({"filters": []} if one.what == "filterlist" else {})}
    _assign(store, one)


def _assign(store: dict[str, Any], one: Command) -> None:
    if one.what == "policy" and one.given.get("assign") in ("y", "yes"):
        store["assigned"] = one.given["name"]


def _legacy_set(store: dict[str, Any], one: Command) -> None:
    if one.what == "batch":
        if one.given.get("mode") not in ("enable", "disable"):
            raise ScriptError(f"set batch: mode {one.given.get('mode')!r}")
        return
    if one.given.get("name") not in store["policies"]:
        raise ScriptError(f"set policy: there is no policy {one.given.get('name')!r}")
    _assign(store, one)


def _legacy_delete(store: dict[str, Any], one: Command) -> None:
    if store[_NAMED[one.what]].pop(one.given.get("name"), None) is None:
        raise ScriptError(f"delete {one.what}: there is no {one.given.get('name')!r}")


_LEGACY: Mapping[str, Callable[[dict[str, Any], Command], None]] = {
    "add": _legacy_add,
    "set": _legacy_set,
    "delete": _legacy_delete,
}


def _filter(store: dict[str, Any], given: Mapping[str, str]) -> None:
    if given.get("filterlist") not in store["lists"]:
        raise ScriptError(f"add filter: there is no filter list {given.get('filterlist')!r}")
    for side in ("src", "dst"):
        _place(given.get(f"{side}addr", ""), given.get(f"{side}mask", ""))
        port = given.get(f"{side}port", "0")
        if not port.isdecimal() or int(port) > 65535:
            raise ScriptError(f"add filter: port {port!r}; 0 is any, and there are no ranges")
        if port != "0" and given.get("protocol", "ANY").upper() not in ("TCP", "UDP"):
            raise ScriptError(f"add filter: port {port} of a protocol without ports")
    if given.get("mirrored", "yes") not in _YES:
        raise ScriptError(f"add filter: mirrored {given['mirrored']!r}")
    store["lists"][given["filterlist"]]["filters"].append(dict(given))


def _place(text: str, mask: str) -> None:
    try:
        if text.casefold() not in _PLACES:
            low, dash, high = text.partition("-")
            ends = [ipaddress.ip_address(low), *([ipaddress.ip_address(high)] if dash else [])]
            if mask:
                ipaddress.ip_network(f"{low}/{mask}", strict=False)
            if int(ends[0]) > int(ends[-1]):
                raise ScriptError(f"add filter: address {text!r}")
    except ValueError as error:
        raise ScriptError(f"add filter: address {text!r} mask {mask!r}") from error
