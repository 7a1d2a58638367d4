# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What these tests take from the simulators and programs of the lab, and what a user sees of a run; nothing else here imports either.

    with Deployment(directory, inventory, windows=["fe01"]) as site:
        played = site.play("site", *tags("firewall"))
        played.status, says_fine(played), lines_about(played, "fe01"), failed(played)
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.firewall_store import FirewallStore
from tests.lab.lab import ROOT, Lab, Played
from tests.lab.netns import namespace, needs_namespaces
from tests.lab.site_lab import GROUP

__all__ = ["ROOT", "Deployment", "FirewallStore", "Lab", "LinuxHost", "Played", "needs_namespaces"]

Inventory = Mapping[str, Any]
_FINE = ("SAFE", "DONE")
_ANSIBLE = ("ok: [", "changed: [", "skipping: [", "fatal: [", "failed: [", "[WARNING]", "[ERROR]", "PLAY ", "TASK ", "...ignoring")
_RECAP = re.compile(r"^(\S+)\s+: ok=\d+ .*?unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


# --- what a user sees of a run ----------------------------------------------------------------------------------------


def own_lines(played: Played) -> list[str]:
    """Return what the collection printed: lines that are not Ansible's own."""
    body = played.output.split("PLAY RECAP")[0].splitlines()
    return [line for line in body if not line.startswith(_ANSIBLE)]


def lines_about(played: Played, *parts: str) -> list[str]:
    """Return the lines of the collection that hold all of these texts."""
    return [line for line in own_lines(played) if all(part in line for part in parts)]


def says_fine(played: Played) -> bool:
    """Return whether the run ends in a word that lets its reader go home."""
    return any(line.strip().upper() in _FINE for line in own_lines(played))


def failed(played: Played) -> set[str]:
    """Return the hosts that Ansible's recap counts as failed or unreachable."""
    return {host for host, unreachable, broken in _RECAP.findall(played.output) if int(unreachable) + int(broken)}


# --- a deployment and its simulated Windows hosts -----------------------------------------------------------------------


class Deployment:
    """An inventory of its own, its simulated Windows hosts, and playbooks of the collection over them."""

    def __init__(self, directory: Path, inventory: Inventory, windows: Sequence[str] = ()) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.file = directory / "hosts.json"
        self.lab = Lab(directory)
        self.save(inventory)
        addresses = {name: values["ansible_host"] for name, values in _hosts(inventory["all"])}
        self._windows = {name: {"addresses": [addresses[name]]} for name in windows}

    def __enter__(self) -> Deployment:
        self.lab.start(self._windows)
        return self

    def __exit__(self, *error: object) -> None:
        self.lab.stop()

    @property
    def stores(self) -> dict[str, FirewallStore]:
        return self.lab.stores

    def save(self, inventory: Inventory) -> None:
        """Write the inventory; the next run reads it."""
        self.file.write_text(json.dumps(inventory), encoding="utf-8")

    def play(self, name: str, *arguments: str, **environment: str) -> Played:
        """Run a playbook of the collection."""
        return self.lab.play(ROOT / "playbooks" / f"{name}.yml", "-i", str(self.file), *arguments, LAB_MEASURE="", **environment)

    def own_rules(self, host: str) -> list[dict[str, Any]]:
        """Return the rules of the owned group on a simulated host, by an independent look."""
        return [rule for rule in self.stores[host].read()["rules"] if rule["Grouping"] == GROUP]

    def admitted(self, host: str, rule: str) -> str:
        """Return the remote addresses of the rules of ours on a host whose name holds this text."""
        return " ".join(str(each["RemoteAddresses"]) for each in self.own_rules(host) if rule in each["Name"])

    def add_rule(self, host: str, like_ours: bool = False, **values: object) -> None:
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


# --- Linux hosts: network namespaces of this machine ----------------------------------------------------------------------


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
        return {"ansible_connection": "local", "ansible_python_interpreter": str(self.folder / "python"), "lync_linux_path": str(self.folder / "lync.nft")}

    def prepare(self) -> None:
        state = self.folder / "var-lib"
        state.mkdir(parents=True)
        inside = f"mount --bind {shlex.quote(str(state))} /var/lib && exec \"$@\""
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
        done = subprocess.run(["ip", "netns", "exec", self.namespace, "nft", *arguments], capture_output=True, text=True, errors="replace", check=False)
        return done.stdout if done.returncode == 0 else ""

    def state_files(self) -> dict[str, bytes]:
        """Return what the host keeps of a change that it may take back."""
        return {str(path): path.read_bytes() for path in sorted((self.folder / "var-lib").rglob("*")) if path.is_file()}

    def kill_all(self) -> None:
        """End what still runs on the host."""
        pids = subprocess.run(["ip", "netns", "pids", self.namespace], capture_output=True, text=True, check=False).stdout.split()
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
