# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What these tests take from the simulators and programs of the lab, and what a user sees of a run.

No other file of this folder imports a simulator or reads what a run has written.

with Deployment(directory, inventory, windows=["fe01"]) as site:
    played = site.play("site", *tags("firewall"))
    played.status, says_fine(played), lines_about(played, "fe01"), named(played, "fe01")
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import resource
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.lab.lab import ROOT, Lab, Played, descendants
from tests.lab.site_lab import GROUP
from tests.simulators import ipsec_store
from tests.simulators.bind import ZONE, Bind, present
from tests.simulators.firewall_store import FirewallStore
from tests.simulators.https_server import HttpsServer, Request, Response
from tests.simulators.netns import namespace, needs_namespaces
from tests.simulators.proxies import (
    NET,
    Members,
    Proxy,
    greeted,
    needs_haproxy,
    needs_nginx,
    running_haproxy,
    running_nginx,
)

__all__ = [
    "HERE",
    "NET",
    "ROOT",
    "ZONE",
    "Bind",
    "Bounded",
    "Deployment",
    "FirewallStore",
    "HttpsServer",
    "Lab",
    "LinuxHost",
    "Members",
    "Played",
    "Proxy",
    "Request",
    "Response",
    "fill",
    "given",
    "greeted",
    "known_fault",
    "lines_about",
    "linux_host",
    "named",
    "needs_bind",
    "needs_haproxy",
    "needs_namespaces",
    "needs_nginx",
    "opened",
    "own_lines",
    "play_bounded",
    "play_tasks",
    "probes", "raw_https",
    "running_haproxy",
    "running_nginx",
    "says_fine",
    "small_disk",
]  # fmt: skip

Inventory = Mapping[str, Any]
# What an inventory says of a host that is this machine.
HERE: Mapping[str, str] = {
    "ansible_connection": "local",
    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
}
# Not measured for coverage, and with as few processes as may be.
_ENVIRONMENT = {"LAB_MEASURE": "", "ANSIBLE_PIPELINING": "1"}
needs_bind = pytest.mark.skipif(not present(), reason="the programs of BIND are not installed")
_FINE = re.compile(r"(?:SAFE|DONE)|(?:Verdict|msuc\.lync): done.*")
_ANSIBLE = (
    "ok: [",
    "changed: [",
    "skipping: [",
    "fatal: [",
    "failed: [",
    "[WARNING]",
    "[ERROR]",
    "PLAY ",
    "TASK ",
    "...ignoring",
)


class BrokenLabError(Exception):
    """The story of a test did not come to the point at which the test looks; no expected failure."""


def known_fault(seen_today: str) -> pytest.MarkDecorator:
    """Expect a test to fail by its assertion; strict, so that whoever repairs the fault takes the mark away."""
    return pytest.mark.xfail(strict=True, raises=AssertionError, reason=f"today {seen_today}")


def given(condition: bool, otherwise: object) -> None:
    """Raise BrokenLabError unless what a test starts from is so."""
    if not condition:
        raise BrokenLabError(str(otherwise))


# --- what a user sees of a run ---------------------------------------------------------------------


def own_lines(played: Played) -> list[str]:
    """Return what the collection printed: lines that are not Ansible's own."""
    body = played.output.split("PLAY RECAP")[0].splitlines()
    return [line for line in body if not line.startswith(_ANSIBLE)]


def lines_about(played: Played, *parts: str) -> list[str]:
    """Return the lines of the collection that hold all of these texts."""
    return [line for line in own_lines(played) if all(part in line for part in parts)]


def says_fine(played: Played) -> bool:
    """Return whether the run ends in a word that lets its reader go home."""
    return any(_FINE.fullmatch(line.strip()) for line in own_lines(played))


def named(played: Played, device: str) -> bool:
    """Return whether a line of the run is about a device: what differs, what is wrong, or that nothing is known.

    Devices share a line: "fe01, fe02 (2 hosts): ...". That nobody has tried their Windows is nothing about them.
    """
    about = re.compile(rf"\s*(?:could not tell: )?(?:[^:]*, )?{re.escape(device)}(?:, [^:]*)?(?: \(\d+ hosts\))?: ")
    return any(about.match(line) and "not proven on" not in line for line in own_lines(played))


def probes(directory: Path) -> list[tuple[str, int, str, str]]:
    """Return address, port, kind and expectation of each probe in the report of verify.yml."""
    document = json.loads((directory / "verify.json").read_text(encoding="utf-8"))
    return [(each["address"], each["port"], each["kind"], each["expected"]) for each in document["probes"]]


# --- a deployment and its simulated Windows hosts --------------------------------------------------


class Deployment:
    """An inventory of its own, its simulated Windows hosts, and playbooks of the collection over them."""

    def __init__(self, directory: Path, inventory: Inventory, windows: Sequence[str] = ()) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.file = directory / "hosts.json"
        self.lab = Lab(directory)
        self._connections: dict[str, Any] = {}
        self.save(inventory)
        addresses = {name: values["ansible_host"] for name, values in _hosts(inventory["all"])}
        self._windows = {name: {"addresses": [addresses[name]]} for name in windows}

    def __enter__(self) -> Deployment:
        self.lab.start(self._windows)
        self._connections = json.loads(self.lab.inventory.read_text(encoding="utf-8"))["all"]["hosts"]
        return self

    def __exit__(self, *error: object) -> None:
        self.lab.stop()

    @property
    def stores(self) -> dict[str, FirewallStore]:
        return self.lab.stores

    def save(self, inventory: Inventory) -> None:
        """Write the inventory; the next run reads it. A host that it lacks is nowhere."""
        self.file.write_text(json.dumps(inventory), encoding="utf-8")
        known = {name for name, _values in _hosts(inventory["all"])}
        connections = {name: values for name, values in self._connections.items() if name in known}
        self.lab.inventory.write_text(json.dumps({"all": {"hosts": connections}}), encoding="utf-8")

    def play(self, name: str, *arguments: str, **environment: str) -> Played:
        """Run a playbook of the collection."""
        return self.lab.play(
            ROOT / "playbooks" / f"{name}.yml", "-i", str(self.file), *arguments, **{**_ENVIRONMENT, **environment}
        )

    def play_text(self, text: str, *arguments: str) -> Played:
        """Run a playbook of somebody else, given as its text."""
        return self.lab.play(text, "-i", str(self.file), *arguments, **_ENVIRONMENT)

    def exemptions(self, host: str) -> dict[str, str]:
        """Return the IPsec exemptions of a simulated host by id, as strings of the registry."""
        return ipsec_store.shown(self.stores[host])

    def change_ipsec(self, host: str, **parts: object) -> None:
        """Change the side of IPsec of a simulated host by hand."""
        ipsec_store.change(self.stores[host], **parts)

    def own_rules(self, host: str) -> list[dict[str, Any]]:
        """Return the rules of the owned group on a simulated host, by an independent look."""
        return [rule for rule in self.stores[host].read()["rules"] if rule["Grouping"] == GROUP]

    def admitted(self, host: str, rule: str) -> str:
        """Return the remote addresses of the rules of ours on a host whose name holds this text."""
        return " ".join(str(each["RemoteAddresses"]) for each in self.own_rules(host) if rule in each["Name"])

    def add_rule(self, host: str, values: Mapping[str, object], like_ours: bool = False) -> None:
        """Add a rule by hand: a copy of one of ours without its group, or with it, with other values."""
        document = self.stores[host].read()
        ours = next(rule for rule in document["rules"] if rule["Grouping"] == GROUP)
        group = GROUP if like_ours else None
        document["rules"].append({**ours, "Grouping": group, "id": f"{{{len(document['rules']):036}}}", **values})
        self.stores[host].write(document)

    def requests(self) -> dict[str, int]:
        """Return how often each simulated host was asked for anything."""
        return {host: store.counts()["requests"] for host, store in self.stores.items()}

    def group_policy(self, host: str, *rules: str, **profiles: Mapping[str, int]) -> None:
        """Give a host rules of Group Policy, as strings of the registry, and settings of profiles."""
        texts = {f"{{{number}}}": text for number, text in enumerate(rules, 1)}
        self.stores[host].change(group_policy={"rules": texts, "profiles": profiles})


def _hosts(group: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from (group.get("hosts") or {}).items()
    for child in (group.get("children") or {}).values():
        yield from _hosts(child)


def play_tasks(
    directory: Path, tasks: Mapping[str, Mapping[str, Any]], *arguments: str
) -> tuple[Played, dict[str, dict[str, Any]]]:
    """Run tasks on this machine, each whatever came of others; return the run, and status and results by name."""
    lab, playbook = _laid_out(directory, tasks)
    played = lab.play(playbook, *arguments, **_ENVIRONMENT)
    return played, {record["task"]: {**record["result"], "status": record["status"]} for record in played.results}


def _laid_out(directory: Path, tasks: Mapping[str, Mapping[str, Any]]) -> tuple[Lab, str]:
    directory.mkdir(parents=True, exist_ok=True)
    lab = Lab(directory)
    lab.inventory.write_text(json.dumps({"all": {"hosts": {"here": HERE}}}), encoding="utf-8")
    listed = [{"name": name, **task, "ignore_errors": True} for name, task in tasks.items()]
    return lab, json.dumps([{"hosts": "all", "gather_facts": False, "tasks": listed}])


@dataclass(frozen=True)
class Bounded:
    """What became of a task with a limit of time and memory: whether it ended, its most memory, status, message."""

    ended: bool
    megabytes: int
    status: str
    message: str


def play_bounded(directory: Path, task: Mapping[str, Any], seconds: float, most_megabytes: int) -> Bounded:
    """Run one task on this machine; what takes longer is killed, and what wants more memory does not get it."""
    lab, playbook = _laid_out(directory, {"bounded": task})
    run = lab.begin(playbook)
    resource.prlimit(run.pid, resource.RLIMIT_AS, (most_megabytes << 20, most_megabytes << 20))
    end = time.monotonic() + seconds
    pid, _status, usage = os.wait4(run.pid, os.WNOHANG)
    while not pid and time.monotonic() < end:
        time.sleep(0.2)
        pid, _status, usage = os.wait4(run.pid, os.WNOHANG)
    if not pid:
        for process in (*descendants(run.pid), run.pid):
            os.kill(process, signal.SIGKILL)
        _pid, _status, usage = os.wait4(run.pid, 0)
    record = directory / "record.jsonl"
    lines = record.read_text(encoding="utf-8").splitlines() if record.is_file() else []
    last: Mapping[str, Any] = json.loads(lines[-1]) if lines else {"status": "no result", "result": {}}
    return Bounded(bool(pid), usage.ru_maxrss >> 10, last["status"], str(last["result"].get("msg", "")))


@contextlib.contextmanager
def raw_https(chunks: Callable[[], Iterator[bytes]]) -> Iterator[HttpsServer]:
    """Serve HTTPS that answers every request by chunks as they come; the server that it gives tells port and ca."""
    plain = HttpsServer(lambda request: Response(200))
    listener = plain._server.socket

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _peer = listener.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.recv(65536)
            for chunk in chunks():
                connection.sendall(chunk)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield plain
    finally:
        listener.close()


# --- files and disks of this machine ---------------------------------------------------------------


@contextlib.contextmanager
def opened(path: Path) -> Iterator[list[str]]:
    """Watch a file; the list has an item for each time somebody opened it, once the block has ended."""
    libc, in_open = ctypes.CDLL(None, use_errno=True), 0x20
    handle = libc.inotify_init1(os.O_NONBLOCK)
    libc.inotify_add_watch(handle, os.fsencode(path), in_open)
    seen: list[str] = []
    try:
        yield seen
        with contextlib.suppress(BlockingIOError):
            seen += [path.name] * (len(os.read(handle, 1 << 16)) // 16)
    finally:
        os.close(handle)


@contextlib.contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """Mount a disk of so many kilobytes on a new folder; skips where that is not allowed."""
    folder.mkdir(parents=True)
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(folder)], capture_output=True, check=False
    ).returncode:
        pytest.skip("no disk can be mounted here: it takes root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Leave no room on the disk of a folder."""
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as stream:
        while True:
            stream.write(b"x" * 1024)


# --- Linux hosts: network namespaces of this machine -----------------------------------------------


@dataclass
class LinuxHost:
    """A network namespace that Ansible takes for a host: its Python enters it, with a /var/lib of its own."""

    namespace: str
    folder: Path

    @property
    def unplugged(self) -> Path:
        """Return the file that, while it is there, breaks every connection as soon as our table is in force."""
        return self.folder / "unplugged"

    @property
    def disguised(self) -> Path:
        """Return the file that, while it is there, takes from answers that the way back is armed."""
        return self.folder / "disguised"

    def variables(self) -> dict[str, object]:
        """Return what the inventory says of how the host is reached."""
        return {
            "ansible_connection": "local",
            "ansible_python_interpreter": str(self.folder / "python"),
            "lync_linux_path": str(self.folder / "lync.nft"),
        }

    def prepare(self) -> None:
        state = self.folder / "var-lib"
        state.mkdir(parents=True)
        inside = f'mount --bind {shlex.quote(str(state))} /var/lib && exec "$@"'
        enter = f"ip netns exec {self.namespace}"
        # The switches are asked on every call, as somebody who pulls a plug does not wait for a task to end.
        script = f"""#!/bin/sh
if [ -e {self.unplugged} ] && {enter} nft list table inet msuc_lync >/dev/null 2>&1; then exit 255; fi
if [ -e {self.disguised} ]; then
    {enter} unshare --mount sh -c '{inside}' sh {sys.executable} "$@" | sed 's/"armed": true/"not_told": true/'
    exit
fi
exec {enter} unshare --mount sh -c '{inside}' sh {sys.executable} "$@"
"""
        (self.folder / "python").write_text(script, encoding="utf-8")
        (self.folder / "python").chmod(0o755)

    def nft(self, *arguments: str | bytes) -> str:
        """Run nft on the host."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.namespace, "nft", *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        return done.stdout if done.returncode == 0 else ""

    def state_files(self) -> dict[str, bytes]:
        """Return what the host keeps of a change that it may take back."""
        return {
            str(path): path.read_bytes() for path in sorted((self.folder / "var-lib").rglob("*")) if path.is_file()
        }

    def kill_all(self) -> None:
        """End what still runs on the host."""
        pids = subprocess.run(
            ["ip", "netns", "pids", self.namespace], capture_output=True, text=True, check=False
        ).stdout.split()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


@contextlib.contextmanager
def linux_host(name: str, folder: Path, *addresses: str) -> Iterator[LinuxHost]:
    """Make a Linux host with addresses; what still runs on it in the end is ended."""
    with namespace(name, *addresses) as made:
        host = LinuxHost(made, folder / name)
        host.prepare()
        try:
            yield host
        finally:
            host.kill_all()
