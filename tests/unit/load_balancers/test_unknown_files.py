# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files of ours that say something that this collection never writes: what they have is unknown, and never nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.absence import Presence
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.config_files import ConfigFileProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.config_syntax import first_strange_line
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy import driver as haproxy
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.provider import HaproxyProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Service
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nftables import driver as nftables
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Task
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_parts import part_of
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult
from hypothesis import given

from .generated import services
from .memory_devices import MemoryHost, UdpHost, answer, udp_provider
from .results import OTHER, SERVICE

PATH = "/etc/conf.d/ours"
PROGRAMS: Mapping[str, tuple[Any, Callable[..., ConfigFileProvider]]] = {
    "haproxy": (haproxy.DRIVER, HaproxyProvider),
    "nftables_udp": (nftables.DRIVER, udp_provider),
}
# What somebody adds by hand, by program.
OWN = {
    "haproxy": "\nfrontend stats\n    bind 127.0.0.1:8404\n    mode http\n",
    "nftables_udp": "\nserve theirs\n    listen 127.0.0.1 8405\n",
}
each_program = pytest.mark.parametrize("name", sorted(PROGRAMS))


def host_of(name: str, **more: Any) -> MemoryHost:
    return {"haproxy": MemoryHost, "nftables_udp": UdpHost}[name](**more)


def carried(name: str, *wanted: Service) -> tuple[Service, ...]:
    """Return services in the protocol that a program carries."""
    protocol = {"haproxy": "tcp", "nftables_udp": "udp"}[name]
    return tuple(replace(each, protocol=protocol) for each in wanted)


def text_of(name: str, *wanted: Service) -> str:
    text: str = PROGRAMS[name][0].render(carried(name, *wanted)).text
    return text


def brought(
    name: str, host: MemoryHost, wanted: tuple[Service, ...], state: State, check_mode: bool = False, **more: Any
) -> dict[str, Any]:
    provider = PROGRAMS[name][1](Task(state, carried(name, *wanted)), host.remote, PATH)
    for key, value in more.items():
        setattr(provider, key, value)
    return answer(provider, check_mode)


def damaged(name: str) -> list[tuple[str, str]]:
    """Return texts in which one line is gone, doubled or another one, or after which the file ends, with what it is."""
    lines = text_of(name, SERVICE, OTHER).splitlines(keepends=True)
    found = []
    for number, line in enumerate(lines):
        if not line.strip() or (line.lstrip().startswith("#") and "pool:" not in line):
            continue
        found.append((f"without line {number}", "".join([*lines[:number], *lines[number + 1 :]])))
        found.append((f"line {number} twice", "".join([*lines[: number + 1], *lines[number:]])))
        found.append((f"line {number} edited", "".join([*lines[:number], "    by hand;\n", *lines[number + 1 :]])))
        found.append((f"ends in line {number}", "".join([*lines[:number], line[: len(line) // 2]])))
    return [*found, ("empty", ""), ("own part", "".join([*lines, OWN[name]]))]


@each_program
def test_no_line_can_be_lost_doubled_or_edited_without_that_a_run_which_keeps_refuses(name: str) -> None:
    kept = 0
    for what, text in damaged(name):
        if _says_the_same(name, text):
            continue  # such as another name of the pool
        for check_mode in (True, False):
            host = host_of(name, files={PATH: text})
            result = brought(name, host, (), State.MERGED, check_mode)
            assert result.get("failed") and not result["changed"], (what, result)
            assert PATH in result["msg"] and "fix:" in result["msg"]
            assert (host.files[PATH], host.operations) == (text, ["gather"]), what
        kept += 1
    assert kept > 50


def _parsed(name: str, text: str) -> tuple[Service, ...]:
    try:
        found: tuple[Service, ...] = PROGRAMS[name][0].parse(text)
    except InvalidInputError:
        return ()
    return found


def _says_the_same(name: str, text: str) -> bool:
    return bool(text) and not first_strange_line(name, text, PROGRAMS[name][0].render(_parsed(name, text)).text)


@each_program
def test_a_part_of_what_is_not_understood_is_neither_named_nor_deleted(name: str) -> None:
    text = text_of(name, SERVICE, OTHER) + OWN[name]
    for state, wanted in ((State.MERGED, (SERVICE,)), (State.DELETED, (SERVICE,)), (State.GATHERED, ())):
        host = host_of(name, files={PATH: text})
        result = brought(name, host, wanted, state)
        assert result["failed"] and host.operations == ["gather"] and "is not known" in result["msg"]
    assert result["gathered"] is None


@each_program
def test_a_comparison_cannot_tell_and_a_run_writes_anew_and_says_what_it_does_not_know(name: str) -> None:
    text = OWN[name] + text_of(name, SERVICE)[:400]
    host = host_of(name, files={PATH: text})
    compared = brought(name, host, (SERVICE,), State.REPLACED, check_mode=True)
    assert compared["failed"] and not compared["changed"] and "is not known" in compared["msg"]
    made = brought(name, host, (SERVICE,), State.REPLACED)
    assert made["changed"] and "failed" not in made and host.files[PATH] == text_of(name, SERVICE)
    assert (made["before"], made["summary"]["added"], made["summary"]["removed"]) == (None, None, None)
    assert any("cannot be read whole" in str(text) for text in made["warnings"])
    found = TaskResult.of_answer("lb01", Concern.LOAD_BALANCER, Step.APPLY, made, is_check=False)
    part = part_of("lb01", Concern.LOAD_BALANCER, [found])
    assert part.counts == {} and any("cannot be read whole" in note for note in part.notes)
    again = brought(name, host, (SERVICE,), State.REPLACED)
    assert not again["changed"] and again["warnings"] == []


@each_program
def test_nothing_is_written_anew_where_an_address_that_vanished_may_have_to_stay(name: str) -> None:
    host = host_of(name, files={PATH: OWN[name]})
    presence = Presence(known=AddressSet.parse(["10.1.0.11"]), vanished=AddressSet.parse(["10.1.0.99"]))
    result = brought(name, host, (SERVICE,), State.REPLACED, presence=presence)
    assert result["failed"] and host.files[PATH] == OWN[name]


def test_nothing_is_written_anew_where_a_pool_is_stopped() -> None:
    theirs = "frontend old_sip\n    bind 10.1.0.100:5061\n"
    host = MemoryHost(files={PATH: OWN["haproxy"]}, others=[("/etc/haproxy/haproxy.cfg", theirs)])
    result = brought("haproxy", host, (SERVICE, OTHER), State.REPLACED)
    assert result["failed"] and host.files[PATH] == OWN["haproxy"]


@each_program
def test_comments_and_spaces_of_others_mean_nothing(name: str) -> None:
    text = "# by hand\n\n" + text_of(name, SERVICE, OTHER).replace("    ", "\t ")
    result = brought(name, host_of(name, files={PATH: text}), (), State.MERGED)
    assert "failed" not in result and len(result["before"]) == 2


@each_program
@given(wanted=services())
def test_all_that_is_rendered_is_understood(name: str, wanted: tuple[Service, ...]) -> None:
    driver = PROGRAMS[name][0]
    said = carried(name, *wanted)
    for listed in (said, [replace(each, members=()) for each in said]):
        text = driver.render(listed).text
        assert not text or not first_strange_line(name, text, driver.render(driver.parse(text)).text)


@each_program
@pytest.mark.parametrize(
    "part",
    [
        {"files": 7},
        {"files": [["/etc/x.cfg"]]},
        {"listeners": ["tcp"]},
        {"listeners": [{"address": "10.1.0.100", "port": "all"}]},
        {"content": 7},
        {"content": ["frontend x"]},
    ],
    ids=str,
)
def test_an_answer_that_makes_no_sense_writes_nothing(name: str, part: dict[str, Any]) -> None:
    host = host_of(name, files={PATH: text_of(name, SERVICE)})
    task = Task(State.REPLACED, carried(name, OTHER))
    provider = PROGRAMS[name][1](task, lambda given: {**host.remote(given), **part}, PATH)
    result = answer(provider)
    assert result["failed"] and not result["changed"] and host.operations == ["gather"]
    assert "is not understood" in result["msg"] or "holds no text" in result["msg"]


@each_program
def test_a_member_that_is_no_address_is_not_understood(name: str) -> None:
    host = host_of(name, files={PATH: text_of(name, SERVICE).replace("10.1.0.11", "10.1.0.11.1")})
    result = brought(name, host, (), State.MERGED)
    assert result["failed"] and "'10.1.0.11.1' is not an IPv4 or IPv6 address" in result["msg"]


def test_a_process_that_makes_no_sense_writes_nothing() -> None:
    host = MemoryHost(files={PATH: text_of("haproxy", SERVICE)}, servers="3 lync-sip-5061 1 10.1.0.11 x up 0 1 1\n")
    result = brought("haproxy", host, (OTHER,), State.REPLACED)
    assert result["failed"] and "show servers state" in result["msg"] and host.operations == ["gather"]
