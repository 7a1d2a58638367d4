# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The network cards, routes and DNS servers of a Linux host, as iproute2 and resolv.conf tell them.

What they mean is decided on the controller.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

_USUAL_TABLES = ("local", "main", "default")
# systemd-resolved listens on the host itself and keeps the servers that it asks here.
_RESOLVERS = ("/run/systemd/resolve/resolv.conf", "/etc/resolv.conf")


def network() -> dict[str, Any]:
    """Return interfaces, routes, lasting, dns_servers and problem.

    Lasting is None, as Linux keeps routes in many places.
    """
    told: dict[str, Any] = {
        "interfaces": [],
        "routes": [],
        "lasting": None,
        "dns_servers": _read_resolvers(),
        "problem": "",
    }
    try:
        told["interfaces"] = [_interface(item) for item in _ip("address", "show", "up") if item.get("ifname") != "lo"]
        told["routes"] = [route for family in ("-4", "-6") for route in _routes(family)]
        others = {str(rule.get("table")) for family in ("-4", "-6") for rule in _ip(family, "rule", "show")} - set(
            _USUAL_TABLES
        )
        told["problem"] = (
            f"rules choose other tables of routes, which are not read: {', '.join(sorted(others))}" if others else ""
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, subprocess.SubprocessError) as error:
        told["problem"] = f"ip -json of iproute2 did not tell: {error}"
    return told


def _ip(*arguments: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        ["ip", "-json", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False
    )
    if done.returncode:
        raise OSError(done.stderr.strip() or f"exit status {done.returncode}")
    found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    # Old releases print an empty object for what a filter leaves out.
    return [item for item in found if item]


def _interface(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": item["ifname"],
        "addresses": [f"{one['local']}/{one['prefixlen']}" for one in item.get("addr_info", []) if "local" in one],
    }


def _routes(family: str) -> Iterator[dict[str, Any]]:
    """Yield the routes of the main table that lead somewhere; one with several ways as one for each."""
    everything, length = ("0.0.0.0/0", 32) if family == "-4" else ("::/0", 128)
    for item in _ip(family, "route", "show", "table", "main"):
        to = (
            everything if item["dst"] == "default" else item["dst"] if "/" in item["dst"] else f"{item['dst']}/{length}"
        )
        for way in item.get("nexthops", [item]):
            if "dev" in way:
                via = way.get("gateway") or way.get("via", {}).get("host", "")
                yield {"to": to, "by": way["dev"], "via": via, "metric": item.get("metric", 0)}


def _read_resolvers(paths: Sequence[str] = _RESOLVERS) -> list[str]:
    for path in paths:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                words = [line.split() for line in file]
        except OSError:
            continue
        return [line[1] for line in words if len(line) > 1 and line[0] == "nameserver"]
    return []
