# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who listens on a Linux host: a line of the kernel that cannot be read is an error, and never a listener less."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
from ansible_collections.msuc.lync.plugins.module_utils import _balancer_files, _probe_listeners

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LISTENER = "   0: 0B00010A:13C5 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 20417 1 0\n"
PEER = "   1: 0B00010A:13C5 0700090A:C001 01 00000000:00000000 00:00000000 00000000     0        0 20418 1 0\n"
BROKEN = {
    "cut off": LISTENER[:30],
    "no columns": "0:\n",
    "no port": LISTENER.replace("13C5", "port"),
    "no address": LISTENER.replace("0B00010A", "0B00"),
    "no text": LISTENER.replace("0B00010A", "\u202e"),
}


def modules(folder: Path, text: str) -> list[object]:
    """Return what both modules tell of TCP when the kernel says this."""
    (folder / "tcp").write_text(text, encoding="utf-8")
    tables = {"/proc/net/tcp": text}
    with mock.patch.object(_balancer_files, "content_of", tables.get):
        found = [_balancer_files.listening(), _balancer_files.connections({5061})]
    return [*found, _probe_listeners.listeners(str(folder))]


def test_listeners_and_connections(tmp_path: Path) -> None:
    assert modules(tmp_path, HEAD + LISTENER + PEER) == [
        {("tcp", "10.1.0.11", 5061)}, {("10.1.0.11", 5061, "10.9.0.7")}, ["tcp 10.1.0.11 5061"]
    ]  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_line_that_cannot_be_read_is_an_error(tmp_path: Path, name: str) -> None:
    text = HEAD + PEER + BROKEN[name]
    with pytest.raises(_balancer_files.Refused, match="is not understood"):
        modules(tmp_path, text)
    with pytest.raises(ValueError, match=r"tcp is not understood"):
        _probe_listeners.listeners(str(tmp_path))
