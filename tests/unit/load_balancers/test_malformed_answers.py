# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers of appliances of which one part is missing, of another kind or without measure.

Each is read as what it says, or is a DeviceError that names the appliance; never an exception, and never a write that
rests on what was not understood. What somebody else has stops only the pools on its address.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.provider import (
    F5Options,
    F5Provider,
    read_task,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.https import Answer, Https
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.driver import Kemp
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.fields import ports_of
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.provider import KempProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.driver import NetScaler
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.provider import NetScalerProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import ServicesProvider, Task
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators import kemp, netscaler
from tests.simulators.f5_simulator import BigIpSimulator
from tests.simulators.https_server import Request, Response

from .samples import item

ITEMS = [item(), item("web-443", port=443), item("access-5062", port=5062, vip="10.1.0.101", pool="pool02.contoso.com")]
Respond = Callable[[Request], Response]
Change = Callable[[Any], Any]


def _task(driver: Kemp | NetScaler, items: list[dict[str, Any]], user: str, password: str) -> Task:
    provider = {"host": "lb01", "user": user, "password": password}
    return Task.from_options({"services": items, "state": "replaced", "provider": provider}, driver)


def f5(items: list[dict[str, Any]]) -> F5Provider:
    provider = {"host": "lb01", "user": "ansible", "password": "correct horse"}
    options: dict[str, Any] = {"state": "replaced", "services": items, "running_config": None, "tenant": "Lync"}
    options |= {"provider": provider, "schema": None, "sync_group": "", "wait_seconds": 0, "poll_seconds": 0}
    return F5Provider(read_task(options), F5Options.from_options(options))


def load_master(items: list[dict[str, Any]]) -> KempProvider:
    return KempProvider(_task(Kemp(), items, kemp.USER, kemp.PASSWORD), Kemp())


def net_scaler(items: list[dict[str, Any]]) -> NetScalerProvider:
    return NetScalerProvider(_task(NetScaler(), items, netscaler.USER, netscaler.PASSWORD), NetScaler())


@contextlib.contextmanager
def wired(
    respond: Respond,
    change: Change = lambda document: document,
    change_text: Callable[[str], str] = lambda text: text,
) -> Iterator[None]:
    """Let every appliance answer as a simulated one, its answers changed: as documents, then as texts."""

    def send(https: Https, method: str, path: str, body: object = None, headers: Any = None) -> Answer:
        https.requests += 1
        names = {name.lower(): value for name, value in (headers or {}).items()}
        found = respond(Request(method, path, names, b"" if body is None else json.dumps(body).encode()))
        text = found.body().decode()
        text = json.dumps(change(json.loads(text))) if text else ""
        return Answer(found.status, {"content-type": "application/json"}, change_text(text))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Https, "send", send)
        yield


@dataclass(frozen=True)
class Vendor:
    """How the services of one vendor are brought, and what a simulated appliance that has all of them answers."""

    provider: Callable[[list[dict[str, Any]]], ServicesProvider]
    respond: Respond

    def read(self, change: Change, items: list[dict[str, Any]] | None = None) -> ServicesProvider:
        """Return the provider after a run in check mode whose answers are changed; raises DeviceError."""
        provider = self.provider(ITEMS if items is None else items)
        with wired(self.respond, change):
            reconcile(provider, check_mode=True)
        return provider


@contextlib.contextmanager
def converged_vendors() -> Iterator[dict[str, Vendor]]:
    """Make a simulated appliance of each vendor that has all services."""
    bigip = BigIpSimulator()
    with kemp.LoadMaster() as lm, netscaler.NetScaler() as adc, contextlib.closing(bigip._server):
        lm.do("addvs", vs="10.9.0.1", port="80", prot="tcp", NickName="web")
        lm.do("addrs", vs="10.9.0.1", port="80", prot="tcp", rs="10.1.0.12", rsport="80")
        adc.appliance.others.append("add lb vserver theirs TCP 10.9.0.1 5061")
        found = {
            "f5": Vendor(f5, bigip.answer),
            "kemp": Vendor(load_master, lm._respond),
            "netscaler": Vendor(net_scaler, adc._respond),
        }
        for vendor in found.values():
            with wired(vendor.respond):
                reconcile(vendor.provider(ITEMS), check_mode=False)
            assert not vendor.read(lambda document: document).has_changes
        yield found


@pytest.fixture(scope="module")
def vendors() -> Iterator[dict[str, Vendor]]:
    with converged_vendors() as found:
        yield found


# --- any part at all -----------------------------------------------------------------------------------------------

WRONG: tuple[Any, ...] = (
    None, "", "x", -1, 10**30, 1.5, True, [], {}, [None], {"x": None}, "11-999999990444", "9" * 400, "*",
)  # fmt: skip


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _places(part, (*at, key))


def _put(value: Any, at: tuple[Any, ...], new: Any, drop: bool) -> Any:
    """Return a document with one part replaced or left out."""
    if not at:
        return new
    found = copy.copy(value)
    if drop and len(at) == 1:
        del found[at[0]]
    else:
        found[at[0]] = _put(value[at[0]], at[1:], new, drop)
    return found


def _mangled(draw: st.DataObject) -> Change:
    """Return what replaces or drops one part of one answer, or cuts or changes a line of a text in it."""
    which, calls = draw.draw(st.integers(0, 3)), itertools.count()
    new, drop = draw.draw(st.sampled_from(WRONG)), draw.draw(st.booleans())

    def _change(document: Any) -> Any:
        if next(calls) != which:
            return document
        places = list(_places(document))
        at = places[draw.draw(st.integers(0, len(places) - 1))]
        old = functools.reduce(lambda value, key: value[key], at, document)
        if isinstance(old, str) and len(old) > 200:
            start = draw.draw(st.integers(0, len(old) - 1))
            return _put(document, at, old[:start] + str(new) + old[start + draw.draw(st.integers(0, 40)) :], False)
        return _put(document, at, new, drop)

    return _change


@pytest.mark.parametrize("name", ["f5", "kemp", "netscaler"])
@given(data=st.data())
def test_a_malformed_part_of_an_answer_is_an_error_that_names_the_appliance(
    vendors: dict[str, Vendor], name: str, data: st.DataObject
) -> None:
    try:
        provider = vendors[name].read(_mangled(data))
    except DeviceError as error:
        assert str(error)
        return
    assert provider.result()


# --- what an empty or foreign answer means -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("kemp", "VS", None),
        ("kemp", "VS", "absent"),
        ("netscaler", "nsrunningconfig", {"response": ""}),
        ("netscaler", "nsrunningconfig", {"response": "# nothing\n"}),
        ("netscaler", "nsrunningconfig", {}),
        ("f5", "traces", {"LyncCurrent": None}),
    ],
)
def test_an_answer_without_the_list_is_not_an_appliance_without_services(
    vendors: dict[str, Vendor], name: str, key: str, value: object
) -> None:
    def change(document: Any) -> Any:
        if key not in document:
            return document
        return {part: content for part, content in {**document, key: value}.items() if content != "absent"}

    with pytest.raises(DeviceError, match="lb01"):
        vendors[name].read(change)


def _with_theirs(**fields: object) -> Change:
    """Return what gives the Virtual Service of somebody else other fields."""

    def _change(document: Any) -> Any:
        listed = [{**each, **fields} if each["NickName"] == "web" else each for each in document["VS"]]
        return {**document, "VS": listed}

    return _change


@pytest.mark.parametrize(
    "fields",
    [
        {"VSPort": "*"},
        {"Rs": None},
        {"Rs": [{"Addr": "10.1.0.12", "Port": "*"}]},
        {"ExtraPorts": "11-999999990444"},
        {"Rs": [7]},
        {"Persist": {}},
        {"Enable": "perhaps"},
        {"Protocol": "sctp"},
    ],
)
def test_what_somebody_else_has_stops_only_the_pools_on_its_address(
    vendors: dict[str, Vendor], fields: dict[str, object]
) -> None:
    provider = vendors["kemp"].read(_with_theirs(**fields))
    assert (provider.has_changes, provider.result()["conflicts"]) == (False, [])
    stopped = vendors["kemp"].read(_with_theirs(VSAddress="10.1.0.101", **fields)).result()
    pools = {conflict["pool"] for conflict in stopped["conflicts"]}  # type: ignore[attr-defined]
    assert pools == (set() if fields.keys() & {"Rs"} and fields["Rs"] != [7] else {"pool02.contoso.com"})


def test_what_cannot_be_read_is_said(vendors: dict[str, Vendor]) -> None:
    warnings: Any = vendors["kemp"].read(_with_theirs(ExtraPorts="11-999999990444")).result()["warnings"]
    (warning,) = warnings
    assert "Virtual Service web at '10.9.0.1' cannot be read" in warning and "'999999990444'" in warning


@pytest.mark.parametrize("fields", [{"VSPort": "x"}, {"ExtraPorts": "70000"}, {"Transparent": "perhaps"}, {"Rs": {}}])
def test_one_of_ours_that_cannot_be_read_is_not_one_that_is_missing(
    vendors: dict[str, Vendor], fields: dict[str, object]
) -> None:
    def change(document: Any) -> Any:
        return {**document, "VS": [{**document["VS"][-1], **fields}, *document["VS"][:-1]]}

    with pytest.raises(DeviceError, match="is ours, and cannot be read"):
        vendors["kemp"].read(change)


def test_a_virtual_server_of_somebody_else_in_an_unreadable_domain_may_be_in_any(vendors: dict[str, Vendor]) -> None:
    def change(document: Any) -> Any:
        text = json.dumps(document).replace("10.9.0.1 5061", "10.1.0.101 5062 -td nine")
        return json.loads(text)

    asked = [{**each, "options": {"td": 4}} if each["vip"] == "10.1.0.101" else each for each in ITEMS]
    found = vendors["netscaler"].read(change, asked).result()["conflicts"]
    assert [conflict["pool"] for conflict in found] == ["pool02.contoso.com"]  # type: ignore[attr-defined]


def test_a_destination_may_be_the_name_of_a_virtual_address(vendors: dict[str, Vendor]) -> None:
    """https://clouddocs.f5.com/api/icontrol-rest: a virtual address has a name of its own, by default its address."""

    def change(document: Any) -> Any:
        listed = document.get("items", [])
        theirs = {"fullPath": "/Common/old", "destination": "/Common/pool-vip:6000", "ipProtocol": "tcp"}
        if listed and "address" in listed[0]:
            return {**document, "items": [{"fullPath": "/Common/pool-vip", "address": "10.1.0.100"}]}
        return {**document, "items": [*listed, theirs]} if listed and "destination" in listed[0] else document

    result = vendors["f5"].read(change, [*ITEMS, item("new", port=6000)]).result()
    assert [conflict["holder"] for conflict in result["conflicts"]] == [  # type: ignore[attr-defined]
        "virtual server /Common/old, made by hand"
    ]


@pytest.mark.parametrize("text", ["11-999999990444", "0", "65536", "443,x", "-5", "9" * 5000, "\u00b2"])
def test_what_is_no_port_is_refused_before_a_range_is_built(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no (port|number)"):
        ports_of(text)


def test_ports_and_ranges() -> None:
    assert ports_of("444, 5070-5072") == (444, 5070, 5071, 5072)
