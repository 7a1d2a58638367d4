# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real results of msuc.lync.publications: the provider over a host in memory. Tests of reports read these.

    certificate_changes()
    -> {"changed": True, "changes": [{"kind": "change", "notice": "changes the certificate ..."}], ...}

Each takes check_mode. The pools are pool01.contoso.com and pool02.contoso.com on one reverse proxy at 203.0.113.61.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Member, MemberState
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.model import Publication, TlsMode
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.provider import (
    DRIVERS,
    PublicationsProvider,
    Task,
)

from tests.unit.load_balancers.memory_devices import MemoryHost, answer

Answer = dict[str, Any]
PATHS = {
    "haproxy": {"haproxy": "/etc/haproxy/conf.d/zz-msuc-lync-publications.cfg"},
    "nginx": {
        "stream": "/etc/nginx/modules-enabled/91-msuc-lync-publications.conf",
        "http": "/etc/nginx/conf.d/zz-msuc-lync-publications.conf",
    },
}
PROXY = "203.0.113.61"
ONE = Publication(
    "pool01.contoso.com", ("meet.contoso.com", "webext01.contoso.com"), (PROXY,), (Member("10.1.0.100"),)
)
TWO = Publication(
    "pool02.contoso.com", ("webext02.contoso.com",), (PROXY,), (Member("10.1.0.21"), Member("10.1.0.22"))
)
BRIDGED = replace(TWO, mode=TlsMode.BRIDGE, certificate="/etc/ssl/lync/web.pem", ca="/etc/ssl/lync/ca.pem")


def host_with(*publications: Publication, driver: str = "haproxy", **more: Any) -> MemoryHost:
    """Return a host that publishes."""
    texts = DRIVERS[driver].render(publications)
    return MemoryHost(files={PATHS[driver][kind]: text for kind, text in texts.items() if text}, **more)


def published(
    host: MemoryHost,
    wanted: Sequence[Publication],
    state: State = State.REPLACED,
    check_mode: bool = False,
    driver: str = "haproxy",
) -> Answer:
    """Return what msuc.lync.publications returns."""
    task = Task(state, tuple(wanted), {})
    return answer(PublicationsProvider(task, DRIVERS[driver], host.remote, PATHS[driver]), check_mode)


def unchanged(check_mode: bool = False) -> Answer:
    """Return the result of a reverse proxy that is as planned."""
    return published(host_with(ONE, TWO), [ONE, TWO], check_mode=check_mode)


def added(check_mode: bool = False) -> Answer:
    """Return the result of a publication that is new."""
    return published(host_with(ONE), [ONE, TWO], check_mode=check_mode)


def unpublished(check_mode: bool = False) -> Answer:
    """Return the result of a publication that goes."""
    return published(host_with(ONE, TWO), [ONE], check_mode=check_mode)


def certificate_changes(check_mode: bool = False) -> Answer:
    """Return the result of another mode, so that clients see another certificate."""
    return published(host_with(ONE, TWO), [ONE, BRIDGED], check_mode=check_mode)


def names_change(check_mode: bool = False) -> Answer:
    """Return the result of a publication that gets another name."""
    return published(host_with(TWO), [replace(TWO, host_names=("web02.contoso.com",))], check_mode=check_mode)


def member_leaves(check_mode: bool = False) -> Answer:
    """Return the result of a member that is none any more."""
    return published(host_with(TWO), [replace(TWO, members=TWO.members[:1])], check_mode=check_mode)


def member_was_switched_off(check_mode: bool = False) -> Answer:
    """Return the result of members that somebody switched off by hand, and that come back."""
    off = tuple(replace(member, state=MemberState.DISABLED) for member in TWO.members)
    return published(host_with(replace(TWO, members=off)), [TWO], check_mode=check_mode)


def certificate_and_members(check_mode: bool = False) -> Answer:
    """Return the result of members that come back together with another certificate."""
    off = tuple(replace(member, state=MemberState.DISABLED) for member in BRIDGED.members)
    return published(host_with(replace(BRIDGED, members=off)), [TWO], check_mode=check_mode)


def repaired(check_mode: bool = False) -> Answer:
    """Return the result of something in our file that no field of a publication shows."""
    host = host_with(ONE)
    host.files[PATHS["haproxy"]["haproxy"]] += "# by hand\n"
    return published(host, [ONE], check_mode=check_mode)


def conflict(check_mode: bool = False) -> Answer:
    """Return the result of an address and port that somebody else has: nothing is written."""
    theirs = f"frontend web\n    bind {PROXY}:443\n"
    host = MemoryHost(others=[("/etc/haproxy/haproxy.cfg", theirs)])
    return published(host, [ONE], check_mode=check_mode)


def merged(check_mode: bool = False) -> Answer:
    """Return the result of a run in which one pool waits, so that the other is merged beside it."""
    return published(host_with(ONE), [TWO], State.MERGED, check_mode)


def failed(check_mode: bool = False) -> Answer:
    """Return the result of a host that does not take the candidate."""
    refused = "haproxy -c refuses it: unable to load SSL certificate file /etc/ssl/lync/web.pem"
    host = MemoryHost(refuses={"check": refused, "apply": refused})
    return published(host, [BRIDGED], check_mode=check_mode)


def differs_afterwards(check_mode: bool = False) -> Answer:
    """Return the result of a host that took the change and publishes something else when it is looked at again."""
    host = host_with(TWO, keeps=DRIVERS["haproxy"].render([TWO])["haproxy"])
    return published(host, [ONE, TWO], check_mode=check_mode)


def not_rendered(check_mode: bool = False) -> Answer:
    """Return the result of a member that drains, which nginx does not know."""
    drains = replace(TWO, members=(Member("10.1.0.21"), Member("10.1.0.22", MemberState.DRAINING)))
    return published(MemoryHost(), [drains], check_mode=check_mode, driver="nginx")


def gathered() -> Answer:
    """Return the result of state gathered."""
    return published(host_with(ONE, TWO), [], State.GATHERED)


ALL: dict[str, Callable[..., Answer]] = {
    function.__name__: function
    for function in (
        unchanged,
        added,
        unpublished,
        certificate_changes,
        names_change,
        member_leaves,
        member_was_switched_off,
        certificate_and_members,
        repaired,
        conflict,
        merged,
        failed,
        differs_afterwards,
        not_rendered,
    )
}
"""Name -> the function that makes the result."""
