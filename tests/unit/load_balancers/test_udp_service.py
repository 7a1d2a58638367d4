# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host says of the service that leads datagrams, while that is in the middle of a look on a busy host."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.module_utils import _balancer_files, _udp_ring
from ansible_collections.msuc.lync.plugins.modules import nftables_udp_remote

from .memory_devices import digest

FILE = "service x\n"


class BusyHost:
    """A host whose time passes while somebody waits; table: the kernel's. at: what happens after so many seconds."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.now, self.table, self.at = 0.0, "old", dict[float, Callable[[], None]]()
        self.status, self.path = folder / "status.json", folder / "ours.conf"
        self.path.write_text(FILE, encoding="utf-8")
        patch.setattr(_udp_ring, "STATUS", str(self.status))
        patch.setattr(_udp_ring, "listed", lambda: self.table)
        patch.setattr(nftables_udp_remote, "other_tables", lambda _own: [])
        patch.setattr(nftables_udp_remote, "_forward_chains", list)
        # Files that only root may read.
        patch.setattr(nftables_udp_remote, "_LEGACY", ())
        for module in (_balancer_files, nftables_udp_remote):
            patch.setattr(module.time, "monotonic", lambda: self.now)
        patch.setattr(_balancer_files.time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for moment in [moment for moment in self.at if moment <= self.now]:
            self.at.pop(moment)()

    def says(self, table: str, looks: int, **more: Any) -> None:
        """Write what the service saw last."""
        seen = {"digest": digest(FILE), "pid": os.getpid(), "looks": looks, "down": [], "unasked": [], "error": ""}
        shown = _udp_ring.fingerprint(table) if table else ""
        self.status.write_text(json.dumps({**seen, "table": shown, **more}), encoding="utf-8")

    def gather(self) -> dict[str, Any]:
        options = {"path": str(self.path), "seconds": 20, "master_socket": "", "nginx_path": "/none"}
        watch: dict[str, Any] = nftables_udp_remote.Host(options).gather()["watch"]
        return watch

    def agrees(self) -> bool:
        """Return whether a run would find the kernel as the service wrote it."""
        watch = self.gather()
        seen = watch["seen"] or {}
        return (seen.get("digest"), seen.get("table")) == (digest(FILE), watch["table"])


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BusyHost:
    return BusyHost(tmp_path, monkeypatch)


def test_a_host_whose_service_is_calm_answers_at_once(host: BusyHost) -> None:
    host.says("old", 5)
    assert host.agrees() and host.now == 0


def test_a_look_that_takes_long_is_waited_for(host: BusyHost) -> None:
    """The table was written a moment ago, and what the service saw is written down eight seconds later."""
    host.says("", 5)
    host.table = "new"
    host.at[8.0] = lambda: host.says("new", 6)
    assert host.agrees() and 8 <= host.now < 9


def test_a_table_that_somebody_changed_and_the_service_puts_right_is_no_difference(host: BusyHost) -> None:
    host.says("old", 5)
    host.table = "by hand"

    def put_right() -> None:
        host.table = "old"
        host.says("old", 6)

    host.at[5.0] = put_right
    assert host.agrees()


def test_a_table_that_stays_different_over_whole_looks_is_one(host: BusyHost) -> None:
    host.says("old", 5)
    host.table = "by hand"
    host.at.update({float(moment): lambda moment=moment: host.says("old", 5 + moment) for moment in range(1, 9)})
    assert not host.agrees() and 3 <= host.now < 4


@pytest.mark.parametrize("how", ["it ended", "it never ran", "an earlier version runs", "it says nothing any more"])
def test_a_service_that_does_not_run_is_told_at_once(host: BusyHost, how: str) -> None:
    ended = {"it ended": 2**22 + 1, "an earlier version runs": None}
    host.says("old", 5, pid=ended.get(how, os.getpid()))
    if how == "it never ran":
        host.status.unlink()
    if how == "it says nothing any more":
        os.utime(host.status, (0, 0))
    assert host.gather()["seen"] is None and host.now == 0


def test_one_that_is_late_on_a_busy_host_runs_all_the_same(host: BusyHost) -> None:
    host.says("old", 5)
    late = host.status.stat().st_mtime - 30
    os.utime(host.status, (late, late))
    assert host.agrees()
