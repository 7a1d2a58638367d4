# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which hosts may close after load balancers and reverse proxies were brought to the plan, or could not be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import PoolPlan
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.closing import (
    Member,
    Sender,
    in_the_way,
    sender_of,
    suspects,
    wanted_targets,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Status, Step, TaskResult

from .runs import deployment
from .runs import service as planned_service

OLD, NEW = "pool02.contoso.com", "pool01.contoso.com"


def rule(port: str, *peers: str, **more: object) -> dict[str, object]:
    return {
        "name": port,
        "direction": "in",
        "action": "allow",
        "protocol": "tcp",
        "localport": [port],
        "remoteip": list(peers),
        **more,
    }


def member(now: list[dict[str, object]] | None, later: list[dict[str, object]], pool: str = NEW) -> Member:
    return Member("fe22", ("10.1.0.22",), pool, now, later)


MONITORED = [rule("5061", "10.1.0.0/24"), rule("5062", "10.2.0.5")]
FAILED = Sender("lb02", (OLD,), True, ("10.2.0.5",))
LOSES = "lb02 is not as planned, and the rules that go admit it"


@pytest.mark.parametrize(
    ("moved", "sender", "reason"),
    [
        (member(MONITORED, MONITORED[:1]), FAILED, LOSES),
        (member(MONITORED, MONITORED), FAILED, ""),
        (member(MONITORED[:1], []), FAILED, ""),  # what goes never admitted the balancer
        (member([rule("5062", "any")], []), FAILED, LOSES),
        (member([rule("5062", "LocalSubnet")], []), FAILED, LOSES),
        (member([rule("RPC", "10.2.0.5")], MONITORED), FAILED, LOSES),
        (member([rule("5062", "10.2.0.5", action="block")], []), FAILED, ""),
        (member([rule("5062", "10.2.0.5", enabled=False)], []), FAILED, ""),
        (member(None, MONITORED), FAILED, LOSES),  # nobody knows what it has
        (member(MONITORED, MONITORED), replace(FAILED, addresses=("a,b",)), LOSES),  # nobody knows from where it speaks
        (member([], [], OLD), FAILED, f"lb02 of its pool {OLD} is not as planned"),
        (Member("lb02", ("10.2.0.5",)), FAILED, "lb02 itself is not as planned"),
        (member(MONITORED, []), Sender("lb02", (OLD,), False, ("10.2.0.5",)), ""),
    ],
)
def test_a_balancer_that_failed(moved: Member, sender: Sender, reason: str) -> None:
    assert in_the_way(moved, suspects([sender], {})) == ((reason,) if reason else ())


STALE = "lb02 still sends to 10.1.0.22 TCP 5061"


def sending(status: Status, **document: object) -> Sender:
    return sender_of(
        "lb02", [OLD], [], [TaskResult("lb02", Concern.LOAD_BALANCER, Step.APPLY, status, document=document)]
    )


@pytest.mark.parametrize("status", [Status.CHANGED, Status.UNCHANGED, Status.HANDED_OUT])
def test_a_balancer_that_tells_where_it_sends_is_done(status: Status) -> None:
    assert not sending(status, sends=[]).failed


@pytest.mark.parametrize("status", Status)
def test_a_balancer_that_does_not_tell_where_it_sends_is_not_done(status: Status) -> None:
    assert sending(status).failed


@pytest.mark.parametrize(
    ("sends", "reason"),
    [
        ([["10.1.0.22", 5061, "tcp"]], STALE),  # its pool waits, or nothing is removed there
        ([["10.1.0.22", 8080, "tcp"], ["10.1.0.22", 5061, "tcp"]], f"{STALE}, 10.1.0.22 TCP 8080"),
        ([["10.1.0.23", 5061, "tcp"]], ""),
        ([], ""),
    ],
)
@pytest.mark.parametrize("status", [Status.CHANGED, Status.FAILED])
def test_a_balancer_that_still_has_the_host(status: Status, sends: list[list[object]], reason: str) -> None:
    sender = sending(status, sends=sends)
    assert in_the_way(member([], []), suspects([sender], {})) == ((reason,) if reason else ())

    def named(*balancers: str) -> list[PoolPlan]:
        ports = (
            planned_service(OLD, "tcp", ["10.1.0.22"], *balancers),
            replace(planned_service(OLD, "tcp", ["10.1.0.22"], *balancers), node_port=8080),
        )
        return [PoolPlan(OLD, "frontend", "hlb", "2015", ports)]

    # What another balancer is to send, the host admits from that one only.
    assert bool(in_the_way(member([], []), suspects([sender], wanted_targets(named("lb01"), [])))) is bool(reason)
    assert in_the_way(member([], []), suspects([sender], wanted_targets(named("lb01", "lb02"), []))) == ()


def test_what_is_published_is_wanted_too() -> None:
    wanted = wanted_targets([], deployment().hosts.values())
    assert wanted["rp01"] == {
        (address, port, "tcp") for address in ("10.1.0.100", "10.1.0.21") for port in (4443, 8080)
    }
