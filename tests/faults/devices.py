# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Devices that are as planned, for the fault matrix: each provider over what its unit tests have in place of a device.

    for outcome in runs_over(NftablesDevice)(spoil): ...

Each is looked at and brought twice: to what it has, and to something more beside it.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import functools
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import dns.message as dnspython
import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import Provider, reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.reconcile import DnsProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.reconcile import IpsecProvider, IpsecTask
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.reconcile import (
    Task,
    WindowsFirewallProvider,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.restore import RestoreProvider, RestoreTask
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy import driver as haproxy
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.provider import HaproxyProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Service
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nftables import driver as nftables_udp
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx import driver as nginx
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx.provider import NginxProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Task as ServicesTask
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.provider import (
    DRIVERS,
    PublicationsProvider,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.provider import Task as PublicationsTask
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult

from tests.simulators import ipsec_host, ipsec_store, kemp, netscaler
from tests.simulators.f5_simulator import BigIpSimulator
from tests.simulators.hive_file import policy_hive
from tests.simulators.rule_strings import registry_string
from tests.unit.dns import results as dns
from tests.unit.dns.memory_server import MemoryServer
from tests.unit.firewall.ipsec import test_reconcile as ipsec
from tests.unit.firewall.memory import MemoryStore, link_to
from tests.unit.firewall.nftables import results as nftables
from tests.unit.firewall.windows import test_reconcile as windows
from tests.unit.load_balancers import results as services
from tests.unit.load_balancers import test_malformed_answers as appliances
from tests.unit.load_balancers.memory_devices import MemoryHost, UdpHost, udp_provider
from tests.unit.load_balancers.samples import item
from tests.unit.publications import results as publications

from .model import REFUSALS, Answer, Outcome, Put, Runs

Change = Callable[[Any], Any]


class Device(ABC):
    """A device that is as planned; change: what becomes of each answer of it on its way."""

    change: Change
    # What becomes of an answer of an appliance as a text, or of a message of a DNS server.
    wire: Change = staticmethod(lambda content: content)

    @abstractmethod
    def provider(self, more: bool) -> Provider:
        """Return the provider of a task that wants what is there, or something more."""

    @abstractmethod
    def parts(self) -> Mapping[str, object]:
        """Return what the device has, part by part."""

    def wired(self) -> contextlib.AbstractContextManager[None]:
        """Return what stands between provider and device while it runs."""
        return contextlib.nullcontext()

    def answer(self, given: Any) -> Any:
        """Return an answer as it arrives."""
        return self.change(copy.deepcopy(given)) if "change" in vars(self) else given

    def brought(self, more: bool, is_check: bool) -> tuple[Answer, str]:
        """Return the result of a run, and why it was refused."""
        with self.wired():
            made = self.provider(more)
            failure = ""
            try:
                reconcile(made, check_mode=is_check)
            except REFUSALS as error:
                failure = str(error)
            return made.result(), failure or "; ".join(made.refusals)


def runs_over(make: Callable[[], Device]) -> Runs:
    """Return what runs over a kind of device: to what it has and to more, in check mode and for real."""

    def runs(put: Put) -> Iterator[Outcome]:
        for more, is_check in itertools.product((False, True), (True, False)):
            device = make()
            put(device)
            before = dict(device.parts())
            result, error = device.brought(more, is_check)
            error = error or str(result.get("msg") or "")
            answer = {**result, **({"failed": True, "msg": error} if error else {})}
            status = TaskResult.of_answer("x", Concern.FIREWALL, Step.APPLY, answer, is_check=is_check).status
            after = dict(device.parts())
            lost = tuple(sorted(name for name in before if name not in after))
            told = [(change["kind"], change["name"]) for change in result.get("changes") or ()]
            name = f"{'something more' if more else 'as planned'}, {'check' if is_check else 'run'}"
            yield Outcome(name, status, error, is_check, before != after, lost, told, after)

    return runs


# Windows.

NEW_RULE = {**windows.SIP, "name": "SIP2", "localport": "5062"}
SNAPSHOT = "C:\\Windows\\msuc.lync\\snapshots\\firewall-20260101T000000000Z-0a1b2c3d.wfw"
THEIRS = {**windows.FOREIGN_COM, "Name": "Theirs"}


class WindowsDevice(Device):
    """A Windows host with our rule and one of somebody else."""

    def __init__(self) -> None:
        self.store = MemoryStore.of(windows.SIP_COM, THEIRS)

    def provider(self, more: bool) -> Provider:
        task = Task.from_options({"rules": [windows.SIP, *([NEW_RULE] if more else [])]})
        return WindowsFirewallProvider(task, link_to(self.store, spoil=self.answer))

    def parts(self) -> Mapping[str, object]:
        return {f"{rule.group} {rule.name}": rule for rule in self.store.rules()}


class SnapshotDevice(WindowsDevice):
    """A Windows host that is as its snapshot has it, or lacks a rule of ours that the snapshot has."""

    def __init__(self) -> None:
        super().__init__()
        self.store.change(files={SNAPSHOT: self.store.document["rules"]})
        self.strings: tuple[str, ...] = ()

    def provider(self, more: bool) -> Provider:
        rules = self.store.document["files"].get(SNAPSHOT)
        if more and rules:
            rules = [*rules, {**rules[0], "Name": "SIP2", "LocalPorts": "5062", "id": "{more}"}]
            self.store.change(files={SNAPSHOT: rules})
        if self.strings:
            pairs = enumerate([*map(registry_string, rules), *self.strings])
            content = base64.b64encode(policy_hive([(f"{{{number}}}", text) for number, text in pairs]))
            documents("content", lambda _content: content.decode())(self)
        task = RestoreTask.from_options({"path": SNAPSHOT})
        return RestoreProvider(task, link_to(self.store, spoil=self.answer), lambda _line: None)

    def hand_out(self, *more: str) -> None:
        """Let the snapshot hold more rules, given as strings."""
        self.strings = more


class IpsecDevice(Device):
    """A Windows host whose isolation somebody else requires, and our exemption from it."""

    def __init__(self) -> None:
        self.store = ipsec.host("cim", ipsec.ISOLATION)
        reconcile(self.provider(False), check_mode=False)

    def provider(self, more: bool) -> Provider:
        task = IpsecTask.from_options({"exemptions": [ipsec.UDP, *([ipsec.TCP] if more else [])]})
        return IpsecProvider(task, link_to(self.store, ipsec_host.run_module, self.answer))

    def parts(self) -> Mapping[str, object]:
        return ipsec_store.shown(self.store)


class IpsecUnasked(Device):
    """A Windows host where nothing requires protection, so that no exemption is needed."""

    def __init__(self) -> None:
        self.store = ipsec.host("cim", {})

    def provider(self, more: bool) -> Provider:
        task = IpsecTask.from_options({"exemptions": [ipsec.UDP, *([ipsec.TCP] if more else [])], "needed": "auto"})
        return IpsecProvider(task, link_to(self.store, ipsec_host.run_module, self.answer))

    def parts(self) -> Mapping[str, object]:
        return ipsec_store.shown(self.store)


# Linux.

MORE_LINUX = {**nftables.SIP, "name": "SIP2", "localport": "5062"}


class NftablesDevice(Device):
    """A Linux host with our table and its file."""

    def __init__(self) -> None:
        self.host = nftables.host_with()
        remote = self.host.remote
        self.host.remote = lambda arguments: self.answer(remote(arguments))  # type: ignore[method-assign]

    def provider(self, more: bool) -> Provider:
        return nftables.provider(self.host, [*nftables.RULES, *([MORE_LINUX] if more else [])])

    def parts(self) -> Mapping[str, object]:
        table = self.host.table
        lines = {f"{one.chain} {one.comment} {one.matches}": 1 for one in table.lines} if table else {}
        return {**lines, "content": self.host.content}


class FileDevice(Device):
    """A Linux host with a configuration file of ours and one of somebody else."""

    path = services.PATH
    other = "/etc/theirs.cfg"
    state = State.REPLACED
    driver: Any
    make: Any
    protocol = "tcp"
    host_class = MemoryHost
    theirs = "# nothing\n"

    def _carried(self, *wanted: Service) -> tuple[Service, ...]:
        return tuple(replace(each, protocol=self.protocol) for each in wanted)

    def __init__(self) -> None:
        text = self.driver.render(self._carried(services.SERVICE)).text
        self.host = self.host_class(files={self.path: text}, others=[(self.other, self.theirs)])

    @property
    def text(self) -> str:
        return self.host.files[self.path]

    @text.setter
    def text(self, text: str) -> None:
        self.host.files[self.path] = text

    def remote(self, arguments: Mapping[str, object]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.answer(self.host.remote(arguments))
        return found

    def provider(self, more: bool) -> Provider:
        wanted = self._carried(services.SERVICE, *([services.OTHER] if more else []))
        made: Provider = type(self).make(ServicesTask(self.state, wanted), self.remote, self.path)
        return made

    def parts(self) -> Mapping[str, object]:
        return dict(self.host.files)


class HaproxyDevice(FileDevice):
    """The same, of HAProxy, whose running process has what the file says."""

    driver, make = haproxy.DRIVER, HaproxyProvider


class HaproxyKeeping(HaproxyDevice):
    """The same in a run that keeps what it does not name."""

    state = State.MERGED


class NginxDevice(FileDevice):
    """The same, of nginx with UDP services of an earlier version."""

    driver, make, protocol = nginx.DRIVER, NginxProvider, "udp"


class NginxKeeping(NginxDevice):
    """The same in a run that keeps what it does not name."""

    state = State.MERGED


class UdpDevice(FileDevice):
    """The same, of msuc-lync-udp, which says that it leads by the file."""

    driver, make, protocol = nftables_udp.DRIVER, staticmethod(udp_provider), "udp"
    host_class = UdpHost


class UdpKeeping(UdpDevice):
    """The same in a run that keeps what it does not name."""

    state = State.MERGED


class PublicationsDevice(FileDevice):
    """A reverse proxy that publishes."""

    path = next(iter(publications.PATHS["haproxy"].values()))

    def __init__(self) -> None:
        self.host = publications.host_with(publications.ONE, others=[(self.other, "# nothing\n")])

    def provider(self, more: bool) -> Provider:
        wanted = (publications.ONE, *([publications.TWO] if more else []))
        task = PublicationsTask(self.state, wanted, {})
        return PublicationsProvider(task, DRIVERS["haproxy"], self.remote, publications.PATHS["haproxy"])


class PublicationsKeeping(PublicationsDevice):
    """The same in a run that keeps what it does not name."""

    state = State.MERGED


# Appliances.

HAVE = [item()]
MORE = [*HAVE, item("new", port=6000)]


class ApplianceDevice(Device):
    """A simulated appliance that has a service of ours, and one of somebody else on another address."""

    vendor: Any
    respond: appliances.Respond

    def wired(self) -> contextlib.AbstractContextManager[None]:
        return appliances.wired(self.respond, self.answer, self.wire)

    def provider(self, more: bool) -> Provider:
        made: Provider = type(self).vendor(MORE if more else HAVE)
        return made

    def converge(self) -> None:
        with self.wired():
            reconcile(self.provider(False), check_mode=False)


@functools.cache
def _big_ip() -> BigIpSimulator:
    found = BigIpSimulator()
    found.stop()
    return found


@functools.cache
def _load_master() -> kemp.LoadMaster:
    found = kemp.LoadMaster()
    found.server.close()
    return found


@functools.cache
def _net_scaler() -> netscaler.NetScaler:
    found = netscaler.NetScaler()
    found.server.close()
    return found


class F5Device(ApplianceDevice):
    """A BIG-IP; one simulator serves all runs, emptied before each, since making one takes long."""

    vendor = appliances.f5

    def __init__(self) -> None:
        self.box = _big_ip()
        self.box.objects, self.box.stored, self.box.tasks = {}, {}, {}
        self.box.quirks = type(self.box.quirks)()
        self.respond = self.box.answer
        self.converge()

    def parts(self) -> Mapping[str, object]:
        return dict(copy.deepcopy(self.box.objects))


class F5NewDevice(F5Device):
    """The same, where both runs want a new port, so that the virtual servers of others are read."""

    def provider(self, more: bool) -> Provider:
        return super().provider(self.is_there)

    is_there = False

    def converge(self) -> None:
        super().converge()
        self.is_there = True


def with_theirs(destination: object) -> Change:
    """Return what adds a virtual server of somebody else to the lists of a BIG-IP."""

    def changed(document: Any) -> Any:
        listed = document.get("items") if isinstance(document, Mapping) else None
        if not listed or "destination" not in listed[0]:
            return document
        return {**document, "items": [*listed, {"fullPath": "/Common/theirs", "destination": destination}]}

    return changed


class KempDevice(ApplianceDevice):
    """A LoadMaster."""

    vendor = appliances.load_master

    def __init__(self) -> None:
        self.box = _load_master()
        self.box.items.clear()
        self.respond = self.box._respond
        self.box.do("addvs", vs="10.9.0.1", port="80", prot="tcp", NickName="web")
        self.box.do("addrs", vs="10.9.0.1", port="80", prot="tcp", rs="10.1.0.12", rsport="80")
        self.converge()

    def parts(self) -> Mapping[str, object]:
        return {f"{one['VSAddress']} {one['VSPort']} {one['Protocol']}": one for one in self.box.services()}


class NetScalerDevice(ApplianceDevice):
    """A NetScaler."""

    vendor = appliances.net_scaler

    def __init__(self) -> None:
        self.box = _net_scaler()
        self.box.appliance = netscaler.Appliance()
        self.respond = self.box._respond
        self.box.appliance.others.append("add lb vserver theirs TCP 10.9.0.1 5061")
        self.converge()

    def parts(self) -> Mapping[str, object]:
        running = self.box.config()
        found = {f"{kind} {key}": value for kind, items in running.items() for key, value in items.items()}
        return {**found, "saved": copy.deepcopy(self.box.appliance.saved)}


# DNS.


class DnsDevice(Device):
    """A DNS server with our name and its mark, and a name of somebody else."""

    lines = f"{dns._OWNED}www A 10.9.9.9\n"

    def __init__(self) -> None:
        self.servers = {dns.FIRST: MemoryServer({dns.ZONE: self.lines})}
        self.entries = [dns.entry()]

    @property
    def server(self) -> MemoryServer:
        return self.servers[dns.FIRST]

    def provider(self, more: bool) -> Provider:
        extra = [dns.record(dns.OLD, name="more.contoso.com")] if more else []
        made = dns.provider(self.servers, self.entries, [dns.record(dns.OLD, dns.NEW), *extra])
        return DnsProvider(made.task)

    @contextlib.contextmanager
    def wired(self) -> Iterator[None]:
        """Let the real client ask the server in memory."""

        def exchange(message: Any, where: str, *_more: object) -> Any:
            sent = message.to_wire(max_size=65535)
            return dnspython.from_wire(self.wire(self.servers[where].answer(sent)))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("dns.query.udp_with_fallback", lambda *given: (exchange(*given), False))
            patch.setattr("dns.query.tcp", exchange)
            yield

    def parts(self) -> Mapping[str, object]:
        return dict.fromkeys(self.server.lines(dns.ZONE), 1)


def answers(change: Change) -> Put:
    """Return the fault that each answer of a device is changed."""

    def put(device: Device) -> None:
        device.change = change

    return put


def on_the_wire(change: Change) -> Put:
    """Return the fault that what a device sends is another text or message."""

    def put(device: Device) -> None:
        device.wire = change

    return put


def documents(key: str, change: Change) -> Put:
    """Return the fault that a part of the answers that have it is changed; None leaves it out."""

    def changed(document: Any) -> Any:
        if not isinstance(document, Mapping) or key not in document:
            return document
        new = change(document[key])
        return {**document, key: new} if new is not None else {k: v for k, v in document.items() if k != key}

    return answers(changed)


def texts(change: Callable[[str], str]) -> Put:
    """Return the fault that the text of our file is another one."""

    def put(device: FileDevice) -> None:
        device.text = change(device.text)

    return put


def gone(_value: object) -> None:
    """Leave a part of an answer out."""


def half(text: str) -> str:
    """Return the first half of a text."""
    return text[: len(text) // 2]
