# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which TCP ports answer, asked with real sockets of this machine."""

from __future__ import annotations

import socket

from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.reachability import answering

HOST = "127.0.0.1"


def test_ports_that_answer_and_those_that_do_not() -> None:
    with socket.create_server((HOST, 0)) as server, socket.socket() as silent:
        silent.bind((HOST, 0))
        heard, unheard = server.getsockname()[1], silent.getsockname()[1]
        assert answering(HOST, [heard, unheard, heard]) == {heard}
    assert answering(HOST, [heard]) == frozenset()
    assert answering(HOST, []) == frozenset()
