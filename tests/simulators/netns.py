# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Network namespaces of the tests' own, in which nftables is real and nobody else's packets are touched.

with namespace("fw") as name, entered(name): subprocess.run(["nft", "list", "ruleset"])
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator

import pytest

NFT, IP = (shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin") for program in ("nft", "ip"))
_CLONE_NEWNET = 0x40000000


def _reason() -> str:
    if NFT is None or IP is None:
        return "nft or ip is not installed; Debian has them in nftables and iproute2"
    if os.geteuid() != 0 or subprocess.run([IP, "netns", "list"], capture_output=True, check=False).returncode != 0:
        return "network namespaces need root"
    return ""


REASON = _reason()
needs_namespaces = pytest.mark.skipif(bool(REASON), reason=REASON)


def ip(*arguments: str) -> None:
    """Run ip; raises CalledProcessError with its words."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


@contextlib.contextmanager
def namespace(name: str, *addresses: str) -> Iterator[str]:
    """Make a namespace with a name of its own, addresses on its loopback, and remove it in the end."""
    full = f"lync-{name}-{uuid.uuid4().hex[:8]}"
    ip("netns", "add", full)
    try:
        ip("-n", full, "link", "set", "lo", "up")
        for address in addresses:
            ip("-n", full, "address", "add", address, "dev", "lo", *(["nodad"] if ":" in address else []))
        yield full
    finally:
        ip("netns", "delete", full)


@contextlib.contextmanager
def entered(name: str) -> Iterator[None]:
    """Put this thread into a namespace, and what it starts; it must be the main thread for /proc/net to follow."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net", "rb") as home, open(f"/run/netns/{name}", "rb") as there:
        if libc.setns(there.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            libc.setns(home.fileno(), _CLONE_NEWNET)
