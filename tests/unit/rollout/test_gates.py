# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which hosts may close after load balancers and reverse proxies were brought to the plan, or could not be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.gates import Member, Sender, in_the_way, sender_of, suspects, wanted_targets
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.held_hosts import held
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.waves import Waves

OLD, NEW = "pool02.contoso.com", "pool01.contoso.com"


def rule(port: str, *peers: str, **more: object) -> dict[str, object]:
    return {"name": port, "direction": "in", "action": "allow", "protocol": "tcp", "localport": [port], "remoteip": list(peers), **more}


def member(now: list[dict[str, object]], later: list[dict[str, object]], pool: str = NEW) -> Member:
    return Member("fe22", ("10.1.0.22",), pool, now, later)


MONITORED = [rule("5061", "10.1.0.0/24"), rule("5062", "10.2.0.5")]
FAILED = Sender("lb02", (OLD,), True, ("10.2.0.5",))


@pytest.mark.parametrize(
    ("moved", "sender", "reason"),
    [
        (member(MONITORED, MONITORED[:1]), FAILED, "lb02 is not as planned, and the rules that go admit it"),
        (member(MONITORED, MONITORED), FAILED, ""),
        (member(MONITORED[:1], []), FAILED, ""),  # what goes never admitted the balancer
        (member([rule("5062", "any")], []), FAILED, "lb02 is not as planned, and the rules that go admit it"),
        (member([rule("5062", "LocalSubnet")], []), FAILED, "lb02 is not as planned, and the rules that go admit it"),
        (member([rule("RPC", "10.2.0.5")], MONITORED), FAILED, "lb02 is not as planned, and the rules that go admit it"),
        (member([rule("5062", "10.2.0.5", action="block")], []), FAILED, ""),
        (member([rule("5062", "10.2.0.5", enabled=False)], []), FAILED, ""),
        (member([], [], OLD), FAILED, f"lb02 of its pool {OLD} is not as planned"),
        (Member("lb02", ("10.2.0.5",)), FAILED, "lb02 itself is not as planned"),
        (member(MONITORED, []), Sender("lb02", (OLD,), False, ("10.2.0.5",)), ""),
    ],
)
def test_a_balancer_that_failed(moved: Member, sender: Sender, reason: str) -> None:
    assert in_the_way(moved, suspects([sender], {})) == ((reason,) if reason else ())


def service(*members: Mapping[str, object], port: int = 5061) -> dict[str, object]:
    return {"name": "s", "node_port": port, "protocol": "tcp", "members": list(members)}


STALE = "lb02 still sends to 10.1.0.22 TCP 5061"
MEMBER = {"address": "10.1.0.22", "state": "active"}


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ({"after": [service(MEMBER)]}, STALE),  # its pool waits, or nothing is removed there
        ({"failed": True, "before": [service(MEMBER)], "after": []}, STALE),
        ({"before": [service(MEMBER)], "after": []}, ""),
        ({"after": [service({**MEMBER, "state": "draining"})]}, STALE),
        ({"after": [service({**MEMBER, "state": "disabled"})]}, ""),
        ({"after": [service({"address": "10.1.0.23", "state": "active"})]}, ""),
        ({"after": [{"name": "p", "https_node_port": 5061, "http_node_port": 8080, "members": [MEMBER]}]}, f"{STALE}, 10.1.0.22 TCP 8080"),
    ],
)
def test_a_balancer_that_still_has_the_host(result: Mapping[str, object], reason: str) -> None:
    sender = sender_of("lb02", [OLD], [], [result])
    assert in_the_way(member([], []), suspects([sender], {})) == ((reason,) if reason else ())
    wanted = [{"node_port": port, "protocol": "tcp", "members": ["10.1.0.22"]} for port in (5061, 8080)]

    def named(*balancers: str) -> list[dict[str, object]]:
        return [{"virtual_services": [{**each, "balancers": list(balancers)} for each in wanted]}]

    # What another balancer is to send, the host admits from that one only.
    assert bool(in_the_way(member([], []), suspects([sender], wanted_targets(named("lb01"), [])))) is bool(reason)
    assert in_the_way(member([], []), suspects([sender], wanted_targets(named("lb01", "lb02"), []))) == ()


def document(name: str, address: str, pool: str = "", **more: object) -> dict[str, object]:
    return {"host": name, "addresses": [address], "pool": pool, "firewall_rules": [], **more}


@pytest.mark.parametrize("address", ["10.1.0.5", ["10.1.0.9", "10.1.0.5"]])
def test_a_host_that_moved_waits_for_the_old_pool_of_a_run(tmp_path: Path, address: Any) -> None:
    """lb02 speaks from an address that only the inventory tells, as appliances do."""
    services = [{"name": "s", "node_port": 5061, "protocol": "tcp", "members": [], "balancers": ["lb02"]}]
    files = {
        "hosts/fe22.json": document("fe22", "10.1.0.22", NEW), "hosts/lb02.json": document("lb02", "10.3.0.5"),
        f"pools/{OLD}.json": {"pool": OLD, "virtual_services": services}, f"pools/{NEW}.json": {"pool": NEW, "virtual_services": []},
    }  # fmt: skip
    state = RunState(str(tmp_path))
    state.save({path: plan_files.text_of(each) for path, each in files.items()}, Waves((("fe22",),)))
    opened = {"pending": True, "after": [rule("5061", "10.1.0.5")]}
    failed = {"load_balancer_applied": {"unreachable": True}, "lync_balancer_addresses": address}
    variables: dict[str, dict[str, object]] = {"fe22": {"windows_firewall_opened": opened}, "lb02": failed}
    assert held(state, variables.__getitem__, ["fe22"]) == {"fe22": ("lb02 is not as planned, and the rules that go admit it",)}
    assert held(state, variables.__getitem__, []) == {}
    variables["lb02"]["load_balancer_applied"] = {"after": [service(MEMBER)]}
    assert held(state, variables.__getitem__, ["fe22"]) == {"fe22": (STALE,)}
    variables["lb02"]["load_balancer_applied"] = {"after": [], "changed": True}
    assert held(state, variables.__getitem__, ["fe22"]) == {}
