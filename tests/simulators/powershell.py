# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs what Ansible sends in a PowerShell, with fakes in front of the module's script instead of COM.

The collection's own .ps1 and .psm1 run unchanged, behind ansible's wrapper of core 2.16 to 2.21. The rules of the
host's store are handed over in a text file and taken back from it.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from .executor import Command, Completed
from .firewall_store import NEW_RULE, ConnectionDroppedError, FirewallStore, FwRule, hive_of

_FAKES = pathlib.Path(__file__).resolve().parent
_COM, _DNS, _FOLDER, _IPSEC, _PROBE, _WINDOWS = (
    _FAKES / f"fake_{name}.ps1" for name in ("com", "dns", "folder", "ipsec", "probe", "windows")
)
_BEHIND = {"Windows": _WINDOWS, "Snapshot": _FOLDER}
# Named as the module names it before ansible-core 2.19, by its whole name since.
_UTIL = re.compile(r"(?:ansible_collections\.msuc\.lync\.plugins|\.)\.module_utils\._(?!Module)(\w+?)(?:\.psm1)?")
# Saves a tenth: a run of two seconds never gets back what it costs to profile and to compile its own code twice.
_DOTNET = {"DOTNET_TieredPGO": "0", "DOTNET_TC_CallCounting": "0", "DOTNET_gcConcurrent": "0"}
# What the fakes of Windows are told of a host (fake_windows.ps1).
_WORLD = (
    "addresses", "listeners", "connections", "build", "group_policy", "mdm", "products", "older_lists", "services",
)  # fmt: skip
_SEPARATOR = b"\0\0\0\0"
# What the wrappers of ansible-core ask for: itself, in 2.21 and in 2.16, and in 2.16 the program that sets the code
# page of a console.
_OWN_NAMES, _CODE_PAGE = ("powershell", "PowerShell"), "chcp.com"


class PowerShellExecutor:
    """Runs commands in a PowerShell 7; program is the path of its executable."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._assembly = _assembly()

    def run(self, store: FirewallStore, command: Command) -> Completed:
        """Return what the PowerShell printed; the store has what the module wrote."""
        store.count(executions=1)
        arguments = [self._program, *command.line.split()[1:]]
        with store.lock, tempfile.TemporaryDirectory() as scratch:
            files = FakeFiles(store, pathlib.Path(scratch))
            for name, program in {**dict.fromkeys(_OWN_NAMES, self._program), _CODE_PAGE: shutil.which("true")}.items():
                (pathlib.Path(scratch) / name).symlink_to(str(program))
            path = f"{scratch}{os.pathsep}{os.environ['PATH']}"
            environment = {
                **os.environ,
                **files.environment(),
                **_DOTNET,
                "LAB_ASSEMBLY": self._assembly,
                "TEMP": scratch,
                "TMP": scratch,
                "PATH": path,
            }
            done = subprocess.run(
                arguments, input=_with_fakes(command.stdin), env=environment, capture_output=True, check=False
            )
            files.take_back()
            if files.is_dropped():
                raise ConnectionDroppedError
        return Completed(done.stdout, done.stderr, done.returncode)


def bridge(store: FirewallStore) -> dict[str, str]:
    """Return the environment that leads the fakes of IPsec to a host's store.

    tests.simulators.ipsec_bridge stands in between.
    """
    return {
        "LAB_STORE": str(store.directory.resolve()),
        "LAB_HOST": store.name,
        "LAB_PYTHON": sys.executable,
        "LAB_ROOT": str(_FAKES.parents[1]),
    }


def _assembly() -> str:
    """Return the file for the compiled fakes, named by their source; the first run makes it."""
    source = b"".join((_FAKES / name).read_bytes() for name in ("fake_com.ps1", "fake_rules.cs"))
    folder = _FAKES.parents[1] / ".build" / "lab-fakes"
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder / f"{hashlib.sha256(source).hexdigest()[:12]}.dll")


class FakeFiles:
    """The files through which the fakes see a host; the folder of Windows lasts, with the snapshots in it."""

    def __init__(self, store: FirewallStore, scratch: pathlib.Path) -> None:
        scratch.mkdir(exist_ok=True)
        self._store = store
        self._before = store.read()
        self._rules, self._world, self._task = (scratch / name for name in ("rules", "world", "task"))
        self._counts, self._dropped = (scratch / name for name in ("counts", "dropped"))
        self._windows = (store.directory / f"{store.name}.windows").resolve()
        self._windows.mkdir(exist_ok=True)
        self._rules.write_text(_lines(self._before["rules"]), encoding="utf-8")
        # A host has exports as hives; what its netsh takes in again stands beside them, as the rules of the host do.
        self._imports = scratch / "imports"
        self._imports.mkdir(exist_ok=True)
        for path, rules in self._before["files"].items():
            if isinstance(rules, list):
                (self._imports / pathlib.Path(path).name).write_text(_lines(rules), encoding="utf-8")
        # Read whole by each fake that asks, so without the rules, of which a host may have thousands.
        world = {name: self._before[name] for name in _WORLD}
        world["interfaces"] = store.policy(self._before).interfaces
        self._world.write_text(json.dumps(world), encoding="utf-8")
        task = self._before["task"]
        if task:
            ran = datetime.datetime.now().isoformat() if task["has_run"] else ""
            end = task.get("end")
            cells = [task["name"], self._time(task["due"]), "" if end is None else self._time(end), task["path"]]
            self._task.write_text("\t".join([*cells, ran, str(task.get("result") or 0)]) + "\n", encoding="utf-8")
            marker = self._windows / "msuc.lync" / "revert.txt"
            marker.parent.mkdir(exist_ok=True)
            marker.write_text("\n".join([self._time(task["due"]), task["path"], task["name"], ""]), encoding="utf-8")

    def _time(self, minute: int) -> str:
        """Return a minute of the simulated host by the clock of this machine."""
        minutes = datetime.timedelta(minutes=minute - self._before["now"])
        return f"{datetime.datetime.now(datetime.timezone.utc) + minutes:%Y-%m-%dT%H:%M:%SZ}"

    def _minute(self, time: str) -> int:
        """Return a time by the clock of the simulated host."""
        passed = datetime.datetime.fromisoformat(time.replace("Z", "+00:00")) - datetime.datetime.now(
            datetime.timezone.utc
        )
        now: int = self._before["now"]
        return now + round(passed.total_seconds() / 60)

    def environment(self) -> dict[str, str]:
        """Return what leads the fakes to the files."""
        lab = {
            "LAB_FAKES": _FAKES,
            "LAB_RULES": self._rules,
            "LAB_IMPORTS": self._imports,
            "LAB_WORLD": self._world,
            "LAB_TASK": self._task,
            "LAB_COUNTS": self._counts,
        }
        lab["LAB_DROPPED"] = self._dropped
        found = {**lab, "SystemRoot": self._windows}
        faults = self._store.faults()
        broken = {"LAB_DISK_FULL": "1"} if faults.disk_full else {}
        if faults.no_administrator:
            broken["LAB_NO_ADMINISTRATOR"] = "1"
        if faults.scheduler_stopped or faults.scheduler_never:
            broken["LAB_SCHEDULER"] = "stopped" if faults.scheduler_stopped else "never"
        return {**{name: str(path) for name, path in found.items()}, **broken, **bridge(self._store)}

    def take_back(self) -> None:
        """Put what the PowerShell left in the files into the store."""
        parts: dict[str, object] = {"files": {str(path): self._export(path) for path in self._windows.rglob("*.wfw")}}
        if self._rules.read_text(encoding="utf-8") != _lines(self._before["rules"]):
            parts["rules"] = _rules_of(self._rules)
        parts["task"] = self._taken_task()
        self._store.change(**parts)
        if self._counts.is_file():
            self._store.count(**Counter(self._counts.read_text(encoding="utf-8").split()))

    def _export(self, path: pathlib.Path) -> object:
        """Return the rules of an export; a new one becomes the hive that netsh would have written."""
        if str(path) in self._before["files"]:
            return self._before["files"][str(path)]
        rules, times = _rules_of(path), path.stat()
        path.write_bytes(hive_of(rules))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        return rules

    def is_dropped(self) -> bool:
        """Return whether a fake ended the PowerShell, because the connection broke."""
        return self._dropped.is_file()

    def _taken_task(self) -> dict[str, object] | None:
        """Return the one task that is left; two would be one that nobody removed."""
        lines = self._task.read_text(encoding="utf-8").splitlines() if self._task.is_file() else []
        if not lines:
            return None
        (line,) = lines
        name, due, end, command, ran, _result = line.split("\t")
        before = self._before["task"]
        if before and before["name"] == name and bool(ran) == before["has_run"]:
            return dict(before)
        path = str(pathlib.PurePosixPath(command.split('"')[1].replace("\\", "/")))
        ends = self._minute(end) if end else None
        return {"name": name, "path": path, "due": self._minute(due), "end": ends, "has_run": bool(ran)}


def _rules_of(path: pathlib.Path) -> list[dict[str, object]]:
    return [
        {**NEW_RULE, **_values(line), "id": f"{{{number}}}"}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines())
    ]


def _with_fakes(stdin: bytes) -> bytes:
    """Return stdin with the fakes around the scripts that touch Windows, our own or another collection's."""
    head, separator, tail = stdin.rpartition(_SEPARATOR)
    sent: dict[str, Any] = json.loads(tail)
    for name, holder, key in list(_scripts(sent)):
        holder[key] = base64.b64encode(_faked(name, base64.b64decode(holder[key]))).decode()
    return head + separator + b"\n" + json.dumps(sent).encode()


def _scripts(sent: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield each script's name and where it stands: ansible-core 2.19 and later have one table, those before two
    places.
    """
    if "scripts" in sent:
        yield from ((name, script, "script") for name, script in sent["scripts"].items())
        return
    yield from ((name, sent["powershell_modules"], name) for name in sent["powershell_modules"])
    yield "", sent, "module_entry"


def _faked(name: str, code: bytes) -> bytes:
    """Return a script with what it needs of Windows in front of it, or behind it, where its exports allow."""
    if util := _UTIL.fullmatch(name):
        own, export, names = code.partition(b"Export-ModuleMember")
        if util[1] == "Probe":
            return b"\n".join([own, _PROBE.read_bytes(), export + names])
        before = b"" if util[1] == "Firewall" else _IPSEC.read_bytes()
        behind = _BEHIND[util[1]].read_bytes() if util[1] in _BEHIND else b""
        return b"\n".join([_COM.read_bytes(), before, own, behind, export + names])
    if b"HNetCfg." in code:
        return _COM.read_bytes() + b"\n" + code
    if b"DnsServerResourceRecord" in code:
        return _DNS.read_bytes() + b"\n" + code
    return code


def _lines(rules: list[dict[str, object]]) -> str:
    return "".join(_line(FwRule(None, stored).values()) for stored in rules)


def _line(values: Mapping[str, object]) -> str:
    return (
        " ".join(f"{name}:{base64.b64encode(_text(value).encode()).decode()}" for name, value in values.items()) + "\n"
    )


def _text(value: object) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _values(line: str) -> dict[str, object]:
    pairs = (pair.split(":") for pair in line.split())
    return {name: _typed(name, base64.b64decode(text).decode()) for name, text in pairs}


def _typed(name: str, text: str) -> object:
    if name == "Interfaces":
        return text.splitlines()
    kind = type(NEW_RULE[name])
    return text == "True" if kind is bool else int(text) if kind is int else text
