# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HAProxy for real: states and their rhythm, members without a reload, broken candidates, traffic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import MemberState

from ..simulators.proxies import (
    MEMBERS,
    OTHER,
    POOL,
    PORTS,
    VIP,
    Members,
    Proxy,
    greeted,
    needs_haproxy,
    running_haproxy,
    services,
)

pytestmark = needs_haproxy


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    with running_haproxy(tmp_path) as running:
        yield running


def answers(port: int = PORTS[0], clients: int = 20) -> set[str]:
    return {greeted(port, f"127.0.1.{number}") for number in range(1, clients + 1)}


def test_the_rhythm_of_states(proxy: Proxy) -> None:
    want = services()
    with Members():
        assert proxy.bring(want, check=True)["changed"]
        assert not proxy.path.exists() and "failed" in greeted(PORTS[0])
        done = proxy.bring(want)
        assert (
            done["changed"]
            and done["lines"] == [f"write {proxy.path}", "reload"]
            and done["summary"]["added"] == len(PORTS)
        )
        assert answers() == set(MEMBERS)
        proxy.calls.clear()
        again = proxy.bring(want)
        assert (again["changed"], again["lines"], proxy.calls) == (False, [], ["gather"])
        assert proxy.bring((), State.GATHERED)["gathered"][0]["vip"] == VIP
        # Somebody changes a time by hand: it is named, and mended.
        proxy.path.write_text(proxy.text().replace("timeout client 60s", "timeout client 61s", 1), encoding="utf-8")
        drift = proxy.bring(want, check=True)
        found = [item for change in drift["changes"] for item in change["properties"]]
        assert found == [{"property": "idle_seconds", "before": 61, "after": 60}]
        assert proxy.bring(want)["changed"] and not proxy.bring(want)["changed"]
        # merged keeps, replaced removes, deleted removes what is named, then all.
        assert proxy.bring(want[:2], State.MERGED)["changed"] is False
        assert proxy.bring(want[:3])["summary"]["removed"] == 1
        assert [change["name"] for change in proxy.bring(want[:1], State.DELETED)["changes"]] == [want[0].name]
        assert proxy.bring((), State.DELETED)["changed"] and not proxy.path.exists()
        assert (proxy.path.parent / "10-other.cfg").exists() and "failed" in greeted(PORTS[1])


def test_members_change_in_the_running_process_without_a_reload(proxy: Proxy) -> None:
    drained, off = ({MEMBERS[2]: state} for state in (MemberState.DRAINING, MemberState.DISABLED))
    with Members():
        proxy.bring(services(members=MEMBERS[:2]))
        # A server that is added takes one: no command gives it a tcp-ut.
        assert proxy.bring(services())["lines"][-1] == "reload" and answers(clients=40) == set(MEMBERS)
        process = proxy.module.Host({**proxy.fixed, "path": str(proxy.path), "seconds": 5}).processes()
        for want, expected in (
            (services(states=drained), set(MEMBERS[:2])),
            (services(), set(MEMBERS)),
            (services(states=off), set(MEMBERS[:2])),
            (services(), set(MEMBERS)),
            (services(members=MEMBERS[:2]), set(MEMBERS[:2])),
        ):
            done = proxy.bring(want)
            assert done["changed"] and "reload" not in done["lines"], done["lines"]
            assert {change["impact"] for change in done["changes"]} == {"modifies members"}
            assert answers(clients=40) == expected
            assert not proxy.bring(want)["changed"]
        assert proxy.module.Host({**proxy.fixed, "path": str(proxy.path), "seconds": 5}).processes()[:2] == process[:2]
        # What somebody does to the running process by hand is drift, although the file is as it should be.
        proxy.module.Host({**proxy.fixed, "path": str(proxy.path), "seconds": 5}).ask(
            f"@1 set server lync-{POOL}-15061/{MEMBERS[0]} state drain"
        )
        assert [change["name"] for change in proxy.bring(services(members=MEMBERS[:2]), check=True)["changes"]] == [
            f"{POOL}-15061"
        ]
        proxy.bring(services(members=MEMBERS[:2]))
        assert answers() == set(MEMBERS[:2])


def test_a_reserve_is_used_when_nobody_else_is_well(proxy: Proxy) -> None:
    with Members() as members:
        proxy.bring(services(states={MEMBERS[2]: MemberState.BACKUP}))
        assert answers() == set(MEMBERS[:2])
        for address in MEMBERS[:2]:
            members.stop(address, 15061)
        import time

        time.sleep(2.5)
        assert answers(PORTS[1]) == {MEMBERS[2]}


def test_issues_212_and_227_lines_of_another_writer_are_written_over_once_and_nothing_is_doubled(proxy: Proxy) -> None:
    """Of haproxytech/dataplaneapi.

    It puts lines at the head of the file at each reload, and others write them over again without end.
    """
    want = services()
    proxy.bring(want)
    ours = proxy.text()
    head = "# _md5hash=5633fd65bc4d17590eb9365cb8caecfd\n# _version=2\n# Dataplaneapi managed File\n"
    proxy.path.write_text(head + ours, encoding="utf-8")
    proxy.bring(want)
    proxy.calls.clear()
    assert (proxy.bring(want)["changed"], proxy.calls) == (False, ["gather"])
    proxy.bring(want[:2], State.DELETED)
    proxy.bring(want)
    assert proxy.text().removeprefix(head) == ours


def test_somebody_elses_listener_stops_its_pool_only(proxy: Proxy) -> None:
    foreign = services((18080,), vip=OTHER, pool="pool02.contoso.com", name="pool02.contoso.com-web")
    done = proxy.bring((*services(), *foreign))
    assert (
        done["failed"]
        and f"pool pool02.contoso.com: tcp {OTHER} port 18080 belongs to frontend other of" in done["msg"]
    )
    assert done["summary"]["added"] == len(PORTS) and "pool02" not in proxy.text()


def test_a_file_that_haproxy_does_not_read_is_an_error_with_its_fix(proxy: Proxy) -> None:
    proxy.path = proxy.folder / "elsewhere.cfg"
    with pytest.raises(DeviceError, match="EXTRAOPTS"):
        proxy.bring(services())
