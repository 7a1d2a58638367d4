# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What AS3 makes of a declaration on a BIG-IP: objects by path, each with the command of tmsh and its properties.

Names and words are those of F5's own translator (f5-appsvcs-extension, src/lib/map_as3.js and properties.json): idle
times are texts, a member's state is a pair of words, affinity is "timeout" in seconds. What a class does not know is
ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Objects = dict[str, dict[str, Any]]
_STATES = {
    "enable": ("user-enabled", "user-up"),
    "disable": ("user-disabled", "user-up"),
    "offline": ("user-disabled", "user-down"),
}
_SERVICES = {
    "Service_TCP": ("tcp", "profileTCP"),
    "Service_UDP": ("udp", "profileUDP"),
    "Service_L4": ("tcp", "profileL4"),
}
_NORMAL = {"Service_TCP": "/Common/f5-tcp-progressive", "Service_UDP": "/Common/udp", "Service_L4": "/Common/fastL4"}


class DeclarationError(Exception):
    """AS3's parser refuses the declaration; the text is one of its errors."""


def item(command: str, **properties: Any) -> dict[str, Any]:
    """Return an object; underscores in names stand for dashes."""
    return {
        "command": command,
        "properties": {name.replace("_", "-"): value for name, value in properties.items()},
        "ignore": [],
    }


def desired(tenant: str, tree: dict[str, Any], shared_addresses: frozenset[str]) -> Objects:
    """Return the objects of a tenant; addresses that Common has already are used as they are."""
    found: Objects = {}
    for name, application in tree.items():
        if isinstance(application, dict) and application.get("class") == "Application":
            found[f"/{tenant}/{name}/"] = item("sys folder")
            for path, made in _application(tenant, name, application):
                if made["command"] != "ltm virtual-address" or made["properties"]["address"] not in shared_addresses:
                    found[path] = made
    return {f"/{tenant}/": item("auth partition", default_route_domain=0), **found} if found else {}


def _application(tenant: str, name: str, application: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    base = f"/{tenant}/{name}"
    for key, content in application.items():
        kind = content.get("class") if isinstance(content, dict) else None
        if kind in _SERVICES:
            yield from _virtual(tenant, base, key, content, application)
        elif kind in _OTHERS:
            yield f"{base}/{key}", _OTHERS[kind](tenant, base, content)


def _pool(tenant: str, base: str, content: dict[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for entry in content.get("members", ()):
        session, state = _STATES[entry.get("adminState", "enable")]
        for address in entry["serverAddresses"]:
            mark = "." if ":" in address else ":"
            members[f"/{tenant}/{address}{mark}{entry['servicePort']}"] = {
                "session": session, "state": state, "priority-group": entry.get("priorityGroup", 0),
                "connection-limit": 0, "ratio": 1,
            }  # fmt: skip
    monitors: dict[str, Any] = {f"{base}/{pointer['use']}": {} for pointer in content.get("monitors", ())}
    mode = content.get("loadBalancingMode", "round-robin")
    down = content.get("serviceDownAction", "none")
    return item(
        "ltm pool",
        members=members,
        monitor=monitors,
        load_balancing_mode=mode,
        service_down_action=down,
        min_active_members=1,
        slow_ramp_time=10,
    )


def _monitor(tenant: str, base: str, content: dict[str, Any]) -> dict[str, Any]:
    destination = f"*:{content.get('targetPort') or '*'}"
    return item(
        "ltm monitor tcp",
        destination=destination,
        interval=content.get("interval", 5),
        timeout=content.get("timeout", 16),
    )


def _persist(tenant: str, base: str, content: dict[str, Any]) -> dict[str, Any]:
    ports, addresses = (
        "enabled" if content.get(name) else "disabled"
        for name in ("matchAcrossVirtualPorts", "matchAcrossVirtualAddresses")
    )
    return item(
        "ltm persistence source-addr",
        timeout=content.get("duration", 180),
        match_across_services=ports,
        match_across_virtuals=addresses,
    )


def _address(tenant: str, base: str, content: dict[str, Any]) -> dict[str, Any]:
    return item(
        "ltm virtual-address",
        address=content["virtualAddress"],
        traffic_group=content.get("trafficGroup", "default"),
        arp="enabled",
    )


_OTHERS = {
    "Pool": _pool,
    "Monitor": _monitor,
    "Persist": _persist,
    "Service_Address": _address,
    "TCP_Profile": lambda tenant, base, content: item(
        "ltm profile tcp", idle_timeout=str(content.get("idleTimeout", 300)), nagle=content.get("nagle", "auto")
    ),
    "UDP_Profile": lambda tenant, base, content: item(
        "ltm profile udp", idle_timeout=str(content.get("idleTimeout", 60))
    ),
    "L4_Profile": lambda tenant, base, content: item(
        "ltm profile fastl4", idle_timeout=str(content.get("idleTimeout", 300))
    ),
}


def _virtual(
    tenant: str, base: str, key: str, content: dict[str, Any], siblings: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    protocol, profile_property = _SERVICES[content["class"]]
    address = content["virtualAddresses"][0]
    if isinstance(address, dict):
        address = _pointed(base, key, address["use"], "Service_Address", siblings)["virtualAddress"]
    else:
        yield (
            f"/{tenant}/{address}",
            item("ltm virtual-address", address=address, traffic_group="default", arp="enabled"),
        )
    _pointed(base, key, content["pool"], "Pool", siblings)
    for pointer in content["persistenceMethods"]:
        _pointed(base, key, pointer["use"], "Persist", siblings)
    snat = content.get("snat", "auto")
    named = content.get("allowVlans") or content.get("rejectVlans") or ()
    vlans: dict[str, Any] = {pointer["bigip"]: {} for pointer in named}
    properties = {
        "enabled": True,
        "destination": f"/{tenant}/{address}{'.' if ':' in address else ':'}{content['virtualPort']}",
        "ip-protocol": content.get("layer4", protocol),
        "persist": {f"{base}/{pointer['use']}": {"default": "yes"} for pointer in content["persistenceMethods"]},
        "pool": f"{base}/{content['pool']}",
        "profiles": {_profile(base, content, profile_property): {"context": "all"}},
        "source-address-translation": {"type": "snat", "pool": snat["bigip"]}
        if isinstance(snat, dict)
        else {"type": "automap" if snat == "auto" else snat},
        "rules": {},
        "vlans": vlans,
        "vlans-enabled" if content.get("allowVlans") else "vlans-disabled": " ",
        "translate-port": "enabled",
    }
    yield f"{base}/{key}", {"command": "ltm virtual", "properties": properties, "ignore": []}


def _profile(base: str, content: dict[str, Any], name: str) -> str:
    pointer = content.get(name, {"bigip": _NORMAL[content["class"]]})
    return pointer.get("bigip") or f"{base}/{pointer['use']}"


def _pointed(base: str, key: str, name: str, kind: str, siblings: dict[str, Any]) -> dict[str, Any]:
    found = siblings.get(name)
    if not isinstance(found, dict) or found.get("class") != kind:
        raise DeclarationError(f"{base}/{key}: contains path to non-existent object {name}")
    return found


def difference(current: Objects, wanted: Objects) -> list[dict[str, Any]]:
    """Return AS3's diff: N for what is to come, D for what is to go, E for a property that differs."""
    found = [
        {"kind": "N", "path": [path], "rhs": wanted[path], "command": wanted[path]["command"]}
        for path in sorted(wanted.keys() - current.keys())
    ]
    found += [
        {"kind": "D", "path": [path], "lhs": current[path], "command": current[path]["command"]}
        for path in sorted(current.keys() - wanted.keys())
    ]
    for path in sorted(wanted.keys() & current.keys()):
        found += list(
            _edits(
                [path, "properties"], current[path]["properties"], wanted[path]["properties"], wanted[path]["command"]
            )
        )
    return found


def _edits(path: list[str], left: Any, right: Any, command: str) -> Iterator[dict[str, Any]]:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted(left.keys() | right.keys()):
            if name not in left:
                yield {"kind": "N", "path": [*path, name], "rhs": right[name], "command": command}
            elif name not in right:
                yield {"kind": "D", "path": [*path, name], "lhs": left[name], "command": command}
            else:
                yield from _edits([*path, name], left[name], right[name], command)
    elif left != right:
        yield {"kind": "E", "path": path, "lhs": left, "rhs": right, "command": command}
