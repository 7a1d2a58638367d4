# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a Linux host is managed by SSH, as it sees it itself: where sshd listens, who is connected, what outlives that.

ssh_ways() == ["0.0.0.0 22", "10.1.0.5 22 10.9.0.10"]      address and port, of connections also the peer
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator

from ansible_collections.msuc.lync.plugins.module_utils._balancer_files import (
    Refused,
    connections,
    content_of_process,
    listeners,
    run,
)

_PROGRAMS = ("sshd", "dropbear")
# systemd listens for sshd where ssh.socket is in use.
_STARTER, _USUAL_PORT = "systemd", 22


def ssh_ways() -> list[str]:
    """Return the texts, sorted."""
    own = set(_own_connection())
    tcp = [each for each in listeners(set()) if each["protocol"] == "tcp"]
    found = [each for each in tcp if _is_ssh(str(each["process"]), each["port"])]
    ports = {int(str(each["port"])) for each in found} | {int(text.split()[1]) for text in own}
    texts = {f"{each['address']} {each['port']}" for each in found}
    peers = {f"{address} {port} {peer}" for address, port, peer in connections(ports)}
    return sorted(texts | peers | own)


def outliving(command: list[str]) -> int:
    """Start a command that goes on when the module and its connection have ended; return its process id."""
    with open(os.devnull, "r+b") as nothing:
        started = subprocess.Popen(
            command, stdin=nothing, stdout=nothing, stderr=nothing, cwd="/", start_new_session=True
        )
    return started.pid


def _is_ssh(process: str, port: object) -> bool:
    return process in _PROGRAMS or (process == _STARTER and port == _USUAL_PORT)


def _own_connection() -> Iterator[str]:
    """Yield the connection that this process was started over.

    sudo hides it from the environment of this process, and not from those of its ancestors.
    """
    pid = os.getpid()
    while pid > 1:
        for entry in (content_of_process(f"/proc/{pid}/environ") or "").split("\0"):
            if entry.startswith("SSH_CONNECTION="):
                peer, _peer_port, address, port = entry.partition("=")[2].split()
                yield f"{address} {port} {peer}"
                return
        status = content_of_process(f"/proc/{pid}/stat") or "0 (x) Z 0"
        pid = int(status.rpartition(")")[2].split()[1])


def own_addresses() -> list[str]:
    """Return the addresses of the host's network cards; none when the host cannot tell."""
    try:
        status, output = run(["ip", "-j", "address", "show"])
    except Refused:
        return []
    cards = json.loads(output) if status == 0 else []
    return sorted(address["local"] for card in cards for address in card.get("addr_info", ()) if "local" in address)
