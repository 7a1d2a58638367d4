# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which TCP ports of a host answer from here.

answering("10.1.0.11", [5061, 5985]) == {5985}
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

_AT_ONCE = 32


def answering(host: str, ports: Iterable[int], seconds: float = 3.0) -> frozenset[int]:
    """Return the ports on which a connection is made within so many seconds; nothing is sent."""
    asked = sorted(set(ports))
    if not asked:
        return frozenset()
    with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(asked))) as pool:
        answers = list(pool.map(lambda port: _answers(host, port, seconds), asked))
    return frozenset(port for port, answers_here in zip(asked, answers, strict=True) if answers_here)


def _answers(host: str, port: int, seconds: float) -> bool:
    try:
        with socket.create_connection((host, port), timeout=seconds):
            return True
    except OSError:
        return False
