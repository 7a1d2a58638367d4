# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real results of the modules of load balancers: providers over a host and an appliance in memory.

Tests of reports read these.

    member_leaves()
    -> {"changed": True, "changes": [{"kind": "change", "name": "sip-5061", "properties": [...], ...}], ...}

Each takes check_mode. The pool is pool01.contoso.com with members 10.1.0.11 and 10.1.0.12, its service is sip-5061.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.driver import DRIVER, PREFIX
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.provider import HaproxyProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.https import Connection
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.driver import Kemp
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.provider import KempProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Service
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.driver import NetScaler
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.nitro import Nitro
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.provider import NetScalerProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Task

from tests.simulators import kemp, netscaler

from .memory_devices import MemoryHost, Unwired, answer
from .samples import service

Answer = dict[str, Any]
PATH = "/etc/haproxy/conf.d/zz-msuc-lync.cfg"
FIRST, SECOND = "10.1.0.11", "10.1.0.12"
OTHER_POOL = "pool02.contoso.com"
SERVICE = service()
OTHER = service("web-443", port=443, pool=OTHER_POOL, vip="10.2.0.100")


def host_with(*services: Service, **more: Any) -> MemoryHost:
    """Return a host whose HAProxy has services."""
    text = DRIVER.render(services).text
    return MemoryHost(files={PATH: text} if text else {}, **more)


def haproxy(
    host: MemoryHost, wanted: Sequence[Service], state: State = State.REPLACED, check_mode: bool = False
) -> Answer:
    """Return what msuc.lync.haproxy_services returns."""
    return answer(HaproxyProvider(Task(state, tuple(wanted)), host.remote, PATH), check_mode)


class _MemoryNetScaler(NetScalerProvider):
    """The provider of a NetScaler without a wire between."""

    appliance: netscaler.NetScaler

    def _open(self, connection: Connection) -> None:
        session = Nitro(connection)
        session._https = Unwired(self.appliance)  # type: ignore[assignment]
        self._sessions.append(session)


def loadmaster(before: Sequence[Service], wanted: Sequence[Service], check_mode: bool = False) -> Answer:
    """Return what msuc.lync.kemp_services returns on a LoadMaster that had services before."""

    def _brought(services: Sequence[Service], check_mode: bool) -> Answer:
        connection = Connection("lm", token=kemp.KEY)
        provider = KempProvider(Task(State.REPLACED, tuple(services), connection), Kemp())
        provider._https = Unwired(appliance)  # type: ignore[assignment]
        return answer(provider, check_mode)

    appliance = kemp.LoadMaster()
    try:
        _brought(before, check_mode=False)
        return _brought(wanted, check_mode)
    finally:
        appliance.server.close()


def adc(before: Sequence[Service], wanted: Sequence[Service], check_mode: bool = False) -> Answer:
    """Return what msuc.lync.netscaler_services returns on a NetScaler that had services before."""

    def _brought(services: Sequence[Service], check_mode: bool) -> Answer:
        connection = Connection("adc", user=netscaler.USER, password=netscaler.PASSWORD)
        provider = _MemoryNetScaler(Task(State.REPLACED, tuple(services), connection), NetScaler())
        provider.appliance = appliance
        return answer(provider, check_mode)

    appliance = netscaler.NetScaler()
    try:
        _brought(before, check_mode=False)
        return _brought(wanted, check_mode)
    finally:
        appliance.server.close()


def unchanged(check_mode: bool = False) -> Answer:
    """Return the result of a balancer that is as planned."""
    return haproxy(host_with(SERVICE), [SERVICE], check_mode=check_mode)


def added(check_mode: bool = False) -> Answer:
    """Return the result of a service that is new."""
    return haproxy(MemoryHost(), [SERVICE], check_mode=check_mode)


def removed(check_mode: bool = False) -> Answer:
    """Return the result of a service that goes."""
    return haproxy(host_with(SERVICE, OTHER), [SERVICE], check_mode=check_mode)


def member_leaves(check_mode: bool = False) -> Answer:
    """Return the result of a member that took traffic and is no member any more."""
    return haproxy(host_with(SERVICE), [service(members=[FIRST])], check_mode=check_mode)


def member_drains(check_mode: bool = False) -> Answer:
    """Return the result of a member that keeps the sessions that it has."""
    wanted = service(members=[FIRST], draining_members=[SECOND])
    return haproxy(host_with(SERVICE), [wanted], check_mode=check_mode)


def member_disabled(check_mode: bool = False) -> Answer:
    """Return the result of a member that is to take nothing any more."""
    wanted = service(members=[FIRST], disabled_members=[SECOND])
    return haproxy(host_with(SERVICE), [wanted], check_mode=check_mode)


def member_was_switched_off(check_mode: bool = False) -> Answer:
    """Return the result of a member that somebody switched off by hand, and that comes back."""
    have = service(members=[FIRST], disabled_members=[SECOND])
    return haproxy(host_with(have), [SERVICE], check_mode=check_mode)


def modified(check_mode: bool = False) -> Answer:
    """Return the result of another idle time."""
    return haproxy(host_with(service(idle_seconds=60)), [SERVICE], check_mode=check_mode)


def recreated(check_mode: bool = False) -> Answer:
    """Return the result of a service that is made anew on an appliance, at another port."""
    return adc([SERVICE], [service(port=5062)], check_mode)


def repaired(check_mode: bool = False) -> Answer:
    """Return the result of something in our file that no field of a service shows."""
    host = host_with(SERVICE)
    host.files[PATH] += "# by hand\n"
    return haproxy(host, [SERVICE], check_mode=check_mode)


def conflict(check_mode: bool = False) -> Answer:
    """Return the result of a pool whose address somebody else has, beside one that goes on."""
    theirs = "frontend old_sip\n    bind 10.1.0.100:5061\n"
    host = MemoryHost(others=[("/etc/haproxy/haproxy.cfg", theirs)])
    return haproxy(host, [SERVICE, OTHER], check_mode=check_mode)


def merged(check_mode: bool = False) -> Answer:
    """Return the result of a run in which one pool waits, so that the others are merged beside it."""
    return haproxy(host_with(OTHER), [service(idle_seconds=900)], State.MERGED, check_mode)


def failed(check_mode: bool = False) -> Answer:
    """Return the result of a host that does not take the candidate."""
    refused = "haproxy -c refuses it: /etc/haproxy/conf.d/zz-msuc-lync.cfg:1: unknown keyword"
    host = MemoryHost(refuses={"check": refused, "apply": refused})
    return haproxy(host, [SERVICE], check_mode=check_mode)


def unreadable(check_mode: bool = False) -> Answer:
    """Return the result of a host that cannot be read."""
    refused = "HAProxy's master does not answer at /run/haproxy-master.sock"
    return haproxy(MemoryHost(refuses={"gather": refused}), [SERVICE], check_mode=check_mode)


def differs_afterwards(check_mode: bool = False) -> Answer:
    """Return the result of a host that took the change and has something else when it is looked at again."""
    host = host_with(SERVICE, keeps=DRIVER.render([service(members=[FIRST])]).text)
    return haproxy(host, [service(members=[FIRST], idle_seconds=60)], check_mode=check_mode)


def lost_afterwards(check_mode: bool = False) -> Answer:
    """Return the result of a host that took the change and could not be looked at again."""
    host = MemoryHost()

    class _Once(MemoryHost):
        def _apply(self, path: str, arguments: Any) -> dict[str, Any]:
            self.refuses["gather"] = "HAProxy's master does not answer at /run/haproxy-master.sock"
            return super()._apply(path, arguments)

    return haproxy(_Once(**vars(host)), [SERVICE], check_mode=check_mode)


def members_down(check_mode: bool = False) -> Answer:
    """Return the result of a balancer that is as planned and does not find one member well."""
    lines = "".join(
        f"3 {PREFIX}{SERVICE.name} 1 {address} {address} {is_up} 0 100 100 5 6 3 4 6 0 0 0 - 5061 - 0 0 - - 0\n"
        for address, is_up in ((FIRST, 2), (SECOND, 0))
    )
    return haproxy(host_with(SERVICE, servers="1\n" + lines), [SERVICE], check_mode=check_mode)


def not_rendered(check_mode: bool = False) -> Answer:
    """Return the result of a service of which a LoadMaster cannot express its cookie."""
    cookie = {"type": "cookie", "name": "MS-WSMAN"}
    return loadmaster([], [service("web-443", port=443, persistence=cookie)], check_mode)


def gathered() -> Answer:
    """Return the result of state gathered."""
    return haproxy(host_with(SERVICE, OTHER), [], State.GATHERED)


ALL: dict[str, Callable[..., Answer]] = {
    function.__name__: function
    for function in (
        unchanged,
        added,
        removed,
        member_leaves,
        member_drains,
        member_disabled,
        member_was_switched_off,
        modified,
        recreated,
        repaired,
        conflict,
        merged,
        failed,
        unreadable,
        differs_afterwards,
        lost_afterwards,
        members_down,
        not_rendered,
    )
}
"""Name -> the function that makes the result."""
__all__ = ["ALL", "OTHER_POOL", "answer", "adc", "gathered", "haproxy", "host_with", "loadmaster", *ALL]
