# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a BIG-IP forwards what no virtual server of a plan takes, by what its REST interface lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.client import BigIp
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.forwarding import forwarding

MEMBERS = ["198.51.100.11", "198.51.100.12"]
SELF = [
    {"address": "198.51.100.1/24", "vlan": "/Common/edge-external"},
    {"address": "10.1.0.5%0/16", "vlan": "/Common/inside"},
    {"address": "none", "vlan": "/Common/x"},
]


class Device:
    """What is listed, and how often it was asked for."""

    def __init__(self, virtuals: Sequence[Mapping[str, Any]]) -> None:
        self.virtuals, self.asked = virtuals, list[str]()

    def collection(self, path: str) -> list[Any]:
        self.asked.append(path.partition("?")[0])
        return list(SELF if path.startswith("net/self") else self.virtuals)


def virtual(destination: str = "any:0", mask: str = "any", source: str = "0.0.0.0/0", **more: Any) -> dict[str, Any]:
    found = {"fullPath": "/Common/fwd", "destination": f"/Common/{destination}", "mask": mask, "source": source}
    return {**found, "ipForward": True, "ipProtocol": "any", "enabled": True, "vlansDisabled": True, **more}


def on(vlan: str) -> dict[str, Any]:
    return {"vlansEnabled": True, "vlans": [f"/Common/{vlan}"]}


IN = virtual("198.51.100.0:0", "255.255.255.0", fullPath="/Edge/in")
OUT = virtual("0.0.0.0:0", "any", "198.51.100.0/24", fullPath="/Edge/out")
CASES: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "one for everything": ([virtual()], "confirmed", "virtual server /Common/fwd"),
    "as the documentation has it": ([{**OUT, **on("edge-external")}, IN], "confirmed", "/Edge/out, /Edge/in"),
    "with a route domain": ([virtual("0.0.0.0%2:0", source="0.0.0.0%2/0")], "confirmed", "/Common/fwd"),
    "nothing": ([], "contradicted", "no virtual server forwards what goes from 198.51.100.11"),
    "virtuals of ports": ([virtual("198.51.100.11:443", "255.255.255.255")], "contradicted", "from 198.51.100.11"),
    "out alone": ([OUT], "contradicted", "what goes to 198.51.100.11"),
    "in alone": ([IN], "contradicted", "what goes from 198.51.100.11"),
    "one of two": (
        [OUT, virtual("198.51.100.11:0", "255.255.255.255")], "contradicted", "what goes to 198.51.100.12"),
    "switched off": ([virtual(disabled=True)], "contradicted", "what goes from"),
    "of other sources": ([virtual(source="10.0.0.0/8")], "contradicted", "what goes from"),
    "on another VLAN": ([{**OUT, **on("inside")}, IN], "unknown", "/Edge/out may forward what goes from 198.51.100.11"),
    "on a VLAN that nobody knows": ([{**OUT, **on("gone")}, IN], "unknown", "/Edge/out may forward"),
    "to clients of one VLAN": ([OUT, {**IN, **on("edge-external")}], "unknown", "/Edge/in may forward what goes to"),
    "on no VLAN": ([virtual(vlansEnabled=True)], "unknown", "/Common/fwd may forward"),
    "of TCP": ([virtual(ipProtocol="tcp")], "unknown", "/Common/fwd may forward"),
    "to a pool": ([virtual(ipForward=False, pool="/Common/routers")], "unknown", "/Common/fwd may forward"),
    "with a mask that is none": ([virtual("10.0.0.0:0", "wide")], "unknown", "/Common/fwd may forward"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_passes_of_edge_servers(name: str) -> None:
    virtuals, standing, why = CASES[name]
    device = Device(virtuals)
    found = forwarding(cast(BigIp, device), MEMBERS)
    assert found.standing == standing and why in found.why, found
    limited = any(each.get("vlans") for each in virtuals)
    assert device.asked == ["ltm/virtual", *(["net/self"] if limited else [])]


def test_other_families_and_nobody() -> None:
    assert forwarding(cast(BigIp, Device([virtual()])), ["2001:db8::11"]).standing == "contradicted"
    six = virtual("any6.0", "any6", "::/0")
    assert forwarding(cast(BigIp, Device([six])), ["2001:db8::11"]).standing == "confirmed"
    assert forwarding(cast(BigIp, Device([virtual()])), []).standing == "unknown"
