# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A lab for a test: simulated Windows hosts on free ports, and ansible-playbook runs against them.

lab.start({"fe01": {"addresses": ["10.1.0.11"]}})
played = lab.play("- hosts: all ...", "--check")
played.result("fe01")["changed"]; lab.stores["fe01"].counts()
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import pty
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..simulators.executor import Executor, PythonExecutor
from ..simulators.firewall_store import FirewallStore
from ..simulators.serve import inventory, prepare
from ..simulators.winrm_server import WinRmServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
# For runs whose tags leave the members' firewalls out.
READY = ("-e", "lync_members_are_ready=true")
# Of a screen without a terminal; programs of the lab run without the path of the collection.
SCREEN_COLUMNS = 100
# At the end of a line of a command that goes on.
_MORE = " \\"
_CALLBACKS = pathlib.Path(__file__).resolve().parents[1] / "simulators" / "callback"


@dataclass(frozen=True)
class Played:
    """One run of ansible-playbook: its exit status, what it printed, and the results in their order."""

    status: int
    screen: str
    results: tuple[Mapping[str, Any], ...]

    @property
    def output(self) -> str:
        """Return what it printed, with lines as they were before they were broken to fit the screen."""
        return unbroken(self.screen)

    def of(self, host: str) -> list[Mapping[str, Any]]:
        """Return the recorded results of one host: status, task, result."""
        return [record for record in self.results if record["host"] == host]

    def result(self, host: str) -> Mapping[str, Any]:
        """Return the last result of a host; it also holds the status under "status"."""
        record = self.of(host)[-1]
        return {**record["result"], "status": record["status"]}


@dataclass
class Lab:
    """Simulated hosts and the files around them, all below one directory."""

    directory: pathlib.Path
    stores: dict[str, FirewallStore] = field(default_factory=dict)
    executor: Executor = field(default_factory=PythonExecutor)
    _server: WinRmServer | None = None

    @property
    def inventory(self) -> pathlib.Path:
        """Return the inventory that overlays how the hosts are reached."""
        return self.directory / "lab.json"

    def start(self, hosts: Mapping[str, Mapping[str, Any]]) -> None:
        """Start the hosts: name -> addresses, and a seed as in tests.simulators.serve."""
        self.stores = prepare(hosts, self.directory / "store")
        self._server = WinRmServer(self.stores, self.executor)
        self._server.__enter__()
        self.inventory.write_text(json.dumps(inventory(self._server.ports)), encoding="utf-8")

    def stop(self) -> None:
        """Stop the hosts; their stores stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def play(self, playbook: str | pathlib.Path, *arguments: str, **environment: str) -> Played:
        """Run a playbook, given as its path or its text, against the lab's inventory and any that arguments add."""
        return self._run(self._command(playbook, arguments), environment)

    def typed(self, command: str, **environment: str) -> Played:
        """Run a line that begins with ansible-playbook, as it would be typed in the checkout."""
        return self._run(self._program(shlex.split(command)[1:]), environment)

    def _run(self, command: Sequence[str], environment: Mapping[str, str]) -> Played:
        record = self.directory / "record.jsonl"
        record.unlink(missing_ok=True)
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self._environment(environment),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        lines = record.read_text(encoding="utf-8").splitlines() if record.is_file() else []
        return Played(done.returncode, done.stdout + done.stderr, tuple(json.loads(line) for line in lines))

    def on_terminal(self, playbook: pathlib.Path, *arguments: str, columns: int) -> str:
        """Run a playbook with a terminal of so many columns, in colours; return what it shows."""
        ours, its = pty.openpty()
        given = {"COLUMNS": str(columns), "TERM": "xterm"}
        environment = {**self._environment(given), "ANSIBLE_NOCOLOR": "", "NO_COLOR": ""}
        with subprocess.Popen(
            self._command(playbook, arguments), cwd=ROOT, env=environment, stdin=its, stdout=its, stderr=its
        ) as process:
            os.close(its)
            shown = b""
            # The end of a terminal that nobody has open any more is an error on Linux.
            with contextlib.suppress(OSError):
                while part := os.read(ours, 65536):
                    shown += part
            process.wait()
        os.close(ours)
        return shown.decode().replace("\r\n", "\n")

    def begin(self, playbook: str | pathlib.Path, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a playbook as the leader of a process group of its own, so that it can be killed with all that
        it started.
        """
        nowhere = subprocess.DEVNULL
        command = self._command(playbook, arguments)
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=self._environment({}),
            stdin=nowhere,
            stdout=nowhere,
            stderr=nowhere,
            start_new_session=True,
        )

    def _command(self, playbook: str | pathlib.Path, arguments: Sequence[str]) -> list[str]:
        if isinstance(playbook, str):
            path = self.directory / "play.yml"
            path.write_text(playbook, encoding="utf-8")
            playbook = path
        return self._program(["-i", str(self.inventory), *arguments, str(playbook)])

    @staticmethod
    def _program(arguments: Sequence[str]) -> list[str]:
        return [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), *arguments]

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "COVERAGE_PROCESS_"))
        }
        return {
            **kept,
            "LAB_MEASURE": os.environ.get("COVERAGE_PROCESS_CONFIG", ""),
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_HOME": str(self.directory / "ansible"),
            "ANSIBLE_CALLBACK_PLUGINS": str(_CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "ANSIBLE_NOCOLOR": "1",
            "LAB_RECORD": str(self.directory / "record.jsonl"),
            **more,
        }


def unbroken(screen: str) -> str:
    """Return lines as they were before they were broken: what goes on is indented, and had no room."""
    lines: list[str] = []
    last = ""
    for line in screen.split("\n"):
        if lines and _goes_on(lines[-1], last, line):
            lines[-1] = f"{lines[-1].removesuffix(_MORE)} {line.strip()}"
        else:
            lines.append(line)
        last = line
    return "\n".join(lines)


def _goes_on(text: str, last: str, line: str) -> bool:
    """Return whether a line goes on with a text, of which the last line on the screen is given."""
    if not line.strip() or _indent(line) != _indent(text) + 2:
        return False
    return last.endswith(_MORE) or len(last) + 1 + len(line.split()[0]) > SCREEN_COLUMNS


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def descendants(pid: int) -> list[int]:
    """Return the processes that a process started, and theirs; Ansible's workers have sessions of their own."""
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [process for child in map(int, children) for process in (*descendants(child), child)]
