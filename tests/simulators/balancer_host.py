# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The balancer of a ring as a Linux host that ansible-playbook manages, with systemd as far as a role asks for it.

    with running_host(ring) as host: hosts["lb01"].update(host.variables()); host.stop()

Ansible reaches it by an interpreter of its own, which starts in the namespace of the balancer and has folders of its
own in the place of those that the module writes to.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .ring import Ring

# Of systemd as much as is asked of it: a unit is started by its ExecStart, and stopped. It has a session of its own:
# when a worker of Ansible is ended late, as on a busy machine, it ends all of its own session with it.
_SYSTEMCTL = """#!/bin/sh
unit=/etc/systemd/system/msuc-lync-udp.service
stop() {{ [ -e {pid} ] && kill $(cat {pid}); rm -f {pid}; }}
case "$1" in
    restart) stop; setsid $(sed -n 's/^ExecStart=//p' $unit) </dev/null >>{log} 2>&1 & echo $! >{pid} ;;
    disable) stop ;;
esac
exit 0
"""
_PYTHON = """#!/bin/sh
exec ip netns exec {place} sh -c '
{mounts}
mkdir -p /run/systemd/system
PATH={programs}:$PATH:/usr/sbin exec {python} "$@"' sh "$@"
"""
# What the module writes to, or asks for, on a host with systemd.
_OWN = ("/run", "/etc", "/usr/local/lib")


@dataclass
class BalancerHost:
    """The host; folder: where its files are."""

    ring: Ring
    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "python"

    @property
    def pid(self) -> Path:
        return self.folder / "pid"

    def own(self, path: str) -> Path:
        """Return where a file of the host is on this machine."""
        return self.folder / "root" / path.lstrip("/")

    def make(self) -> None:
        """Write the interpreter and systemctl."""
        programs = self.folder / "bin"
        programs.mkdir(parents=True)
        for path in _OWN:
            self.own(path).mkdir(parents=True)
        shutil.copytree("/etc", self.own("/etc"), symlinks=True, dirs_exist_ok=True)
        self.own("/etc/systemd/system").mkdir(parents=True, exist_ok=True)
        mounts = "\n".join(f"mount --bind {self.own(path)} {path}" for path in _OWN)
        place = self.ring.place("b")
        text = _PYTHON.format(place=place, mounts=mounts, programs=programs, python=sys.executable)
        systemctl = _SYSTEMCTL.format(pid=self.pid, log=self.folder / "log")
        for path, content in ((self.python, text), (programs / "systemctl", systemctl)):
            path.write_text(content, encoding="utf-8")
            path.chmod(0o755)

    def variables(self) -> dict[str, object]:
        """Return the variables by which a run reaches it."""
        assert self.ring.haproxy
        return {
            "ansible_host": "10.77.0.1",
            "ansible_connection": "local",
            "ansible_python_interpreter": str(self.python),
            "ansible_remote_tmp": str(self.folder / "tmp"),
            "lync_balancer_driver": "haproxy",
            "lync_balancer_addresses": ["10.77.0.1"],
            "lync_balancer_path": str(self.ring.haproxy.path),
            "lync_balancer_master_socket": str(self.ring.haproxy.fixed["master_socket"]),
        }

    @property
    def file(self) -> Path:
        return self.own("/etc/msuc-lync-udp.conf")

    def seen(self) -> dict[str, object]:
        """Return what the service saw last."""
        found: dict[str, object] = json.loads(self.own("/run/msuc-lync-udp.json").read_text(encoding="utf-8"))
        return found

    def stop(self) -> None:
        """End the service, as systemctl stop does; its word is old at once."""
        os.kill(int(self.pid.read_text(encoding="utf-8")), 9)
        self.pid.unlink()
        os.utime(self.own("/run/msuc-lync-udp.json"), (0, 0))

    def written(self) -> set[str]:
        """Return the files of ours on the host."""
        files = [path for path in self.own("/").rglob("*msuc-lync*") if path.name != "msuc-lync-udp.json"]
        return {f"/{path.relative_to(self.own('/'))}" for path in files}


@contextlib.contextmanager
def running_host(ring: Ring) -> Iterator[BalancerHost]:
    """Make the host, where no other service of the ring runs; end its service in the end."""
    ring.kill_watcher()
    ring.status.unlink()
    host = BalancerHost(ring, ring.folder / "host")
    host.make()
    try:
        yield host
    finally:
        with contextlib.suppress(OSError, ValueError):
            os.kill(int(host.pid.read_text(encoding="utf-8")), 9)
