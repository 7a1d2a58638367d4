# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all load balancers have in common: safety steps, the look again after a change, one result."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import pytest
import yaml
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import Cause, Kind, State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import (
    Done,
    NotApplicable,
    Provider,
    SafetyStep,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.driver import EffectKind
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.provider import F5Options, F5Provider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.driver import DRIVER
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.provider import HaproxyProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.https import Connection
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.driver import Kemp
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.provider import KempProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.driver import NetScaler
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.provider import NetScalerProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nftables.provider import NftablesUdpProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Task
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.provider import PublicationsProvider

from tests.unit.publications import results as publications

from . import results
from .memory_devices import MemoryHost, UdpHost, udp_provider
from .results import FIRST, PATH, SECOND, SERVICE, haproxy, host_with
from .samples import service

PROVIDERS: list[type[Provider]] = [
    F5Provider,
    HaproxyProvider,
    KempProvider,
    NetScalerProvider,
    NftablesUdpProvider,
    PublicationsProvider,
]


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.__name__)
def test_every_provider_takes_each_safety_step_or_says_why_it_has_none(provider: type[Provider]) -> None:
    assert set(provider.safety) == set(SafetyStep)
    for cell in provider.safety.values():
        assert cell.where if isinstance(cell, Done) else isinstance(cell, NotApplicable) and cell.why
    assert isinstance(provider.safety[SafetyStep.REREAD_EQUAL], Done)
    assert isinstance(provider.safety[SafetyStep.OWNERSHIP], Done)


# What the host's answer lacks -> what is not known then, and whether that is found out before anything is written.
GAPS = [
    ("digest", "nothing was written: it is not known that everything of ours on the device was read", False),
    ("listeners", "nothing was written: it is not known that everything of ours on the device was read", False),
    (
        "reloaded",
        "the changes were made, but it is not known that nobody changed the device since it was read; ",
        True,
    ),
]


@pytest.mark.parametrize(("missing", "message", "is_written"), GAPS)
def test_a_step_that_the_host_did_not_take_fails_the_run(missing: str, message: str, is_written: bool) -> None:
    host = MemoryHost(leaves_out=frozenset({missing}))
    result = haproxy(host, [SERVICE])
    assert result["failed"] and result["msg"].startswith(message)
    assert (PATH in host.files) is is_written


@pytest.mark.parametrize("missing", ["digest", "listeners", "files", "content"])
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_host_that_did_not_answer_whole_is_not_as_planned(missing: str, check_mode: bool) -> None:
    for wanted in ([SERVICE], [service(idle_seconds=60)]):
        host = host_with(SERVICE, leaves_out=frozenset({missing}))
        result = haproxy(host, wanted, check_mode=check_mode)
        assert result["failed"] and "it is not known that everything of ours" in result["msg"]
        assert host.operations == ["gather"]


def test_a_change_is_looked_at_again_and_what_that_takes_is_counted_apart() -> None:
    host = host_with(service(idle_seconds=60))
    changed = haproxy(host, [SERVICE])
    assert (changed["stats"], host.operations) == (
        {"requests": 2, "verify_requests": 1},
        ["gather", "apply", "gather"],
    )
    again = haproxy(host, [SERVICE])
    assert (again["changed"], again["stats"]) == (False, {"requests": 1, "verify_requests": 0})


def test_check_mode_tries_the_candidate_and_writes_nothing() -> None:
    host = host_with(service(idle_seconds=60))
    before = dict(host.files)
    result = haproxy(host, [SERVICE], check_mode=True)
    assert (result["changed"], host.operations, host.files) == (True, ["gather", "check"], before)


def test_a_host_that_took_the_change_and_has_something_else_fails() -> None:
    result = results.differs_afterwards()
    start = "it took the change, and differs from the plan all the same: change sip-5061 (reloads: "
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["msg"].startswith(start) and result["msg"].endswith("idle_seconds from 1800 to 60")


def test_a_host_that_took_the_change_and_cannot_be_read_again_fails() -> None:
    message = "it took the change, and could not be looked at again: HAProxy's master does not answer at "
    assert results.lost_afterwards()["msg"].startswith(message)


def test_somebody_who_comes_between_writing_and_looking_again_is_named() -> None:
    class _Taken(MemoryHost):
        def _apply(self, path: str, arguments: Any) -> dict[str, Any]:
            self.others.append(("/etc/haproxy/other.cfg", "frontend late\n    bind 10.1.0.100:5061\n"))
            return super()._apply(path, arguments)

    message = haproxy(_Taken(), [SERVICE])["msg"]
    assert message.startswith("it took the change, and could not be looked at again: pool pool01.contoso.com: ")
    assert "belongs to frontend late of /etc/haproxy/other.cfg" in message


def test_a_stopped_pool_fails_the_task_and_the_others_go_on_and_are_looked_at_again() -> None:
    result = results.conflict()
    (conflict,) = result["conflicts"]
    assert (conflict["pool"], conflict["service"], conflict["port"]) == ("pool01.contoso.com", "sip-5061", 5061)
    assert conflict["holder"] == "frontend old_sip of /etc/haproxy/haproxy.cfg"
    assert conflict["message"] in result["msg"]
    assert (result["failed"], result["changed"], result["stats"]["verify_requests"]) == (True, True, 1)
    assert [change["name"] for change in result["changes"]] == ["web-443"]


# Result -> causes and effects of its changes as data, and whether connections end.
CHANGES = [
    ("added", Kind.ADD, Cause.MISSING, {EffectKind.ADDS}, False),
    ("removed", Kind.REMOVE, Cause.NOT_WANTED, {EffectKind.REMOVES}, True),
    ("member_leaves", Kind.CHANGE, Cause.DIFFERENT, {EffectKind.MODIFIES_MEMBERS}, False),
    ("modified", Kind.CHANGE, Cause.DIFFERENT, {EffectKind.RELOADS}, False),
    ("recreated", Kind.CHANGE, Cause.DIFFERENT, {EffectKind.REPLACES}, True),
    ("repaired", Kind.CHANGE, Cause.DIFFERENT, {EffectKind.REPAIRS}, False),
]


@pytest.mark.parametrize(("name", "kind", "cause", "effects", "recreates"), CHANGES)
def test_why_and_what_a_change_does_is_data(
    name: str, kind: Kind, cause: Cause, effects: set[EffectKind], recreates: bool
) -> None:
    (change,) = results.ALL[name](check_mode=True)["changes"]
    assert (change["kind"], change["cause"], change["recreates"]) == (kind.value, cause.value, recreates)
    assert {effect["kind"] for effect in change["effects"]} == {effect.value for effect in effects}
    assert change["impact"] == "; ".join(effect.text for effect in effects)


def test_where_traffic_goes_is_what_the_device_has_after_the_run() -> None:
    both, one = [[FIRST, 5061, "tcp"], [SECOND, 5061, "tcp"]], [[FIRST, 5061, "tcp"]]
    assert results.member_leaves()["sends"] == results.member_disabled()["sends"] == one
    assert results.member_drains()["sends"] == both
    # Where it is not known whether the change is in force, it may still go to all.
    kept = host_with(SERVICE, refuses={"apply": "HAProxy did not reload within 20 s"})
    failed = haproxy(kept, [service(members=[FIRST])])
    assert (failed["sends"], failed["members"]) == (both, {})
    assert results.differs_afterwards()["sends"] == both


def test_how_many_members_are_in_which_state() -> None:
    assert results.member_drains()["members"] == {"active": 1, "draining": 1}
    assert results.members_down()["health"] == {"up": 1, "down": [f"sip-5061 {SECOND}"]}


def test_results_of_all_modules_have_the_same_keys() -> None:
    """Reports read one schema: what a device does not know is empty, and never missing."""
    found = {name: set(make()) - {"failed", "msg"} for name, make in results.ALL.items()}
    assert len(set(map(frozenset, found.values()))) == 1, found
    without_device_facts = {"assumptions", "differences", "health", "pair", "sync", "unit"}
    published = {name: set(make()) - {"failed", "msg"} for name, make in publications.ALL.items()}
    assert set(map(frozenset, published.values())) == {frozenset(found["added"] - without_device_facts)}


def test_results_of_all_vendors_have_the_same_keys() -> None:
    task = Task(State.REPLACED, (SERVICE,), Connection("lb01", user="u", password="p"))
    providers = (
        F5Provider(task, F5Options()),
        HaproxyProvider(task, MemoryHost().remote, PATH),
        KempProvider(task, Kemp()),
        NetScalerProvider(task, NetScaler()),
        udp_provider(replace(task, services=(replace(SERVICE, protocol="udp"),)), UdpHost().remote, PATH),
    )
    assert {frozenset(provider.result()) for provider in providers} == {frozenset(results.added()) - {"check_mode"}}


MODULES = ["f5_as3", "haproxy_services", "kemp_services", "netscaler_services", "nftables_udp_services"]


def test_the_documentation_of_all_modules_has_the_keys_of_the_result() -> None:
    keys = {name: set(yaml.safe_load(_module(name).RETURN)) for name in (*MODULES, "publications")}
    assert all(keys[name] == keys["f5_as3"] for name in MODULES)
    always = {"changed", "check_mode", "failed", "msg", "warnings"}
    assert {*results.added(), *results.gathered()} - always == keys["f5_as3"] - {"rendered", "document", "parsed"}
    published = {*publications.added(), *publications.gathered()} - always
    assert published == keys["publications"] - {"rendered", "parsed"}


def _module(name: str) -> Any:
    return importlib.import_module(f"ansible_collections.msuc.lync.plugins.modules.{name}")


def test_gathered_services_are_those_of_the_device() -> None:
    host = host_with(SERVICE)
    result = haproxy(host, [], State.GATHERED)
    assert [item["name"] for item in result["gathered"]] == ["sip-5061"]
    assert DRIVER.parse(host.files[PATH]) == (DRIVER.expressible(SERVICE),)
