# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one run of ansible-playbook compiled, kept in its own temporary directory for the plays and hosts that follow.

    RUN/plan/...      the plan files
    RUN/waves.json    of Windows hosts, waves-linux.json of Linux hosts:
                      {"waves": [["fe01", "med01"], ["fe02"]], "predecessors": {"fe02": ["fe01"]}}
    RUN/repairs.json  {"fe02": {"firewall": {"whole": true, "names": [], "extra": []}}}
    RUN/probes/...    per host the probes that it makes, and what is not probed
    RUN/options.json  the options of this run (run_options.py)
    RUN/scope.json    {"played": ["fe01"], "tags": ["all"], "skipped": [], "check_mode": false, "missing": []}
    RUN/run.json      {"run": "...", "digest": "..."}: which compile step the results belong to, and to which plan
    RUN/results/HOST/CONCERN.STEP.ATTEMPT.json    what became of each task (results.py)
    RUN/catalogue/DEVICE.json                     {"names": [...]}: what only another version of the catalogue changes
    RUN/losses/HOST.CONCERN.json                  what the objects of a device would lose, where they lose anything
    RUN/unreachable/HOST.json                     who could not be reached, and is not tried again
    RUN/failed/HOST.CONCERN.STEP.json             who failed or could not be reached in a step
    RUN/record.json   {"folder": "...", "lost": ""}: where the record of the run is kept (record.py), and why not whole
    RUN/told.json                                 when it was last told how far the run is, by its time
    RUN/diffs/DIGEST.json                         who showed a diff first, which others do not repeat
    RUN/holding.json                              what is held back for it (holding.py), as judged before a play
    RUN/summary.json  how the run ended

A plan of hundreds of hosts would weigh on every task as a variable; as files, a host reads only its own slice.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .._base.errors import MALFORMED
from .._plan import files as plan_files
from .._plan.documents import Document
from .._plan.model import HostPlan, Plan, PoolPlan
from . import record
from .results import Concern, Status, Step, TaskResult
from .run_options import RunOptions, RunScope
from .waves import Waves

_WAVES = {"windows": "waves.json", "linux": "waves-linux.json"}
_BALANCERS = "balancers.json"
_PROXIES = "proxies.json"
_REPAIRS = "repairs.json"
_APPROVED = "approved.json"
_PROBES = "probes/common.json"
_OPTIONS = "options.json"
_RUN = "run.json"
_SCOPE = "scope.json"
_SUMMARY = "summary.json"
_LOSSES = "losses"
_HOLDING = "holding.json"
_CATALOGUE = "catalogue"
_UNREACHABLE = "unreachable"
_FAILED = "failed"
_TOLD = "told.json"
_RECORD = "record.json"
_DIFFS = "diffs"
_NO_LOSSES: Mapping[str, Any] = {"leaving": {}, "goes": [], "loses_all": False, "exceeded_pools": {}}


class RunState:
    """The compiled state below one directory."""

    def __init__(self, local_tmp: str) -> None:
        self._directory = Path(local_tmp) / "msuc.lync"

    def save(
        self,
        files: Mapping[str, str],
        waves: Waves,
        linux: Waves | None = None,
        scope: RunScope | None = None,
        known_addresses: Sequence[str] = (),
        names: Mapping[str, str] | None = None,
        digest: str = "",
    ) -> None:
        """Keep the texts of the plan files, the waves of Windows and of Linux hosts, and what the run was asked for.

        known_addresses, names: of the plan. digest: of the plan that was approved; else that of this one.
        """
        plan_files.write(self._directory / "plan", files, known_addresses, names=names)
        for kept in (_LOSSES, _CATALOGUE, _UNREACHABLE, _FAILED, _DIFFS):
            shutil.rmtree(self._directory / kept, ignore_errors=True)
        self._put(_HOLDING, {})
        digest = digest or plan_files.plan_digest(plan_files.digests_of(files), known_addresses)
        self._put(_RUN, {"run": uuid.uuid4().hex, "digest": digest})
        self._put(_SCOPE, scope.document() if scope else {})
        self._put(_SUMMARY, {})
        self._put(_RECORD, {})
        self._put(_REPAIRS, {})
        # Here, once, so that not every host looks through all pools for it.
        self._put(_BALANCERS, _pools_of_balancers(files))
        publishing = sorted(name for name, _document in _hosts_with("publications", files))
        self._put(_PROXIES, {"names": publishing})
        for platform, laid_out in (("windows", waves), ("linux", linux or Waves())):
            self._put(_WAVES[platform], {"waves": laid_out.waves, "predecessors": dict(laid_out.predecessors)})

    def host(self, name: str) -> Document | None:
        """Return a host's plan document, None when the run has no plan for it."""
        path = self._directory / "plan" / plan_files.host_path(name)
        return plan_files.read_json(path) if path.is_file() else None

    def host_plan(self, name: str) -> HostPlan | None:
        """Return the plan of a host, None when the run has none for it."""
        document = self.host(name)
        return None if document is None else plan_files.load_host(document)

    def pool_plans(self) -> list[PoolPlan]:
        """Return the plans of all pools, by file name."""
        paths = sorted((self._directory / "plan" / "pools").glob("*.json"))
        return [plan_files.load_pool(plan_files.read_json(path)) for path in paths]

    def is_compiled(self) -> bool:
        """Return whether a plan was compiled in this run."""
        return (self._directory / "plan" / plan_files.INDEX).is_file()

    def scope(self) -> RunScope:
        """Return what the run was asked for; everything where nobody kept it."""
        return RunScope.of(self._read_document(_SCOPE))

    def digest(self) -> str:
        """Return the digest of the plan."""
        return str(self._read_document(_RUN).get("digest", ""))

    def balancers(self) -> Mapping[str, Sequence[str]]:
        """Return which pools each managed load balancer serves, units of a pair in their order."""
        return self._read_document(_BALANCERS)

    def proxies(self) -> Sequence[str]:
        """Return the names of the reverse proxies that are configured, sorted."""
        return list(self._read_document(_PROXIES).get("names", ()))

    def save_repairs(self, repairs: Mapping[str, Mapping[str, Mapping[str, object]]]) -> None:
        """Keep what a remediation does to each host, per concern: whole, names, extra."""
        self._put(_REPAIRS, dict(repairs))

    def repairs(self) -> dict[str, Any]:
        """Return what a remediation does to each host; nothing before it was decided."""
        return self._read_document(_REPAIRS)

    def save_approved(self, digest: str, pending: Sequence[str]) -> None:
        """Keep that the plan is the approved one of a digest, and what the computed plan changes of it."""
        self._put(_APPROVED, {"digest": digest, "pending": list(pending)})

    def approved(self) -> tuple[str, tuple[str, ...]]:
        """Return the digest of the approved plan and the pending changes; empty when the plan is the computed one."""
        found = self._read_document(_APPROVED)
        return str(found.get("digest", "")), tuple(found.get("pending", ()))

    def save_catalogue_objects(self, objects: Mapping[str, Collection[str]]) -> None:
        """Keep the names of what only another version of the catalogue changes, by the device that has it."""
        for device, names in objects.items():
            self._put(f"{_CATALOGUE}/{quote(device, safe='')}.json", {"names": sorted(names)})

    def catalogue_objects(self, device: str) -> frozenset[str]:
        """Return the names of what only another version of the catalogue changes on a device."""
        return frozenset(self._read_document(f"{_CATALOGUE}/{quote(device, safe='')}.json").get("names", ()))

    def save_probes(self, slices: Mapping[str, Mapping[str, object]], common: Mapping[str, object]) -> None:
        """Keep what each host probes, and what is common to all."""
        for name, document in slices.items():
            self._put(f"probes/{plan_files.host_path(name)}", document)
        self._put(_PROBES, {**common, "hosts": sorted(slices)})

    def probes(self, name: str) -> dict[str, Any]:
        """Return what a host probes; nothing when it probes nothing."""
        return self._read_document(f"probes/{plan_files.host_path(name)}")

    def common_probes(self) -> dict[str, Any]:
        """Return what is common to the probes of all hosts, and under "hosts" who probes; nothing before the plan."""
        return self._read_document(_PROBES)

    def probing(self, host: str) -> tuple[str, ...] | None:
        """Return the hosts that probe a host, in their order; None before the probes were made."""
        peers = self.common_probes().get("peers")
        return None if peers is None else tuple(peers.get(host, ()))

    def is_left_armed(self, host: str, concern: Concern) -> bool:
        """Return whether a change of a host waits for the probes of its peers to be confirmed."""
        closed = self.result(host, concern, Step.CLOSE)
        return closed is not None and closed.document.get("left_armed") is True

    def save_peer_probes(self, host: str, result: TaskResult) -> None:
        """Keep what a peer, the device of the result, met when it probed a host whose change waits."""
        self._put(self._peer_path(host, result.device), {**result.to_document(), "run": self._run_id()})

    def peer_probes(self, host: str, peer: str) -> TaskResult:
        """Return what a peer met; UNKNOWN when it left nothing."""
        return self._read_result(self._directory / self._peer_path(host, peer), peer, Concern.PROBES, Step.PEERS)

    def _peer_path(self, host: str, peer: str) -> str:
        return f"peers/{quote(host, safe='')}/{quote(peer, safe='')}.json"

    def save_options(self, document: Mapping[str, object]) -> None:
        """Keep the options of this run; no secret is among them."""
        self._put(_OPTIONS, document)

    def options(self) -> dict[str, Any]:
        """Return the options of this run; nothing before they were read."""
        return self._read_document(_OPTIONS)

    def run_options(self) -> RunOptions:
        """Return the options of this run, typed; the defaults before they were read."""
        document = self.options()
        return RunOptions.from_document(document) if document else RunOptions()

    def save_summary(self, document: Mapping[str, object]) -> None:
        """Keep how the run ended."""
        self._put(_SUMMARY, document)

    def summary(self) -> dict[str, Any]:
        """Return how the run ended; nothing before it did."""
        return self._read_document(_SUMMARY)

    def save_result(self, result: TaskResult) -> TaskResult:
        """Keep what became of a task, as its next attempt; returns it with its number."""
        folder = self._results(result.device)
        attempt = 1 + max(
            (number for number, _path in self._attempts(result.device, result.concern, result.step)), default=0
        )
        numbered = replace(result, attempt=attempt)
        document = {**numbered.to_document(), "run": self._run_id()}
        self._put(f"{folder}/{result.concern.value}.{result.step.value}.{attempt}.json", document)
        self._record(numbered)
        self._save_losses(result)
        if result.status is Status.UNREACHABLE:
            self._put(self._unreachable(result.device), {"device": result.device})
        if result.status in (Status.UNREACHABLE, Status.FAILED):
            self._put(f"{_FAILED}/{quote(result.device, safe='')}.{result.concern.value}.{result.step.value}.json", {})
        return numbered

    def begin_record(self, folder: Path) -> None:
        """Keep each result in the record of the run too, from now on."""
        self._put(_RECORD, {"folder": str(folder), "lost": ""})

    def record_folder(self) -> Path | None:
        """Return the folder of the record of this run, None where nothing is recorded."""
        folder = self._read_document(_RECORD).get("folder")
        return Path(folder) if folder else None

    def lose_record(self, why: str) -> None:
        """Keep why there is no record of this run."""
        self._put(_RECORD, {"folder": "", "lost": why})

    def lost_record(self) -> str:
        """Return why the record of this run is not whole, or not there; empty when it is, or none was wanted."""
        return str(self._read_document(_RECORD).get("lost") or "")

    def _record(self, result: TaskResult) -> None:
        folder = self.record_folder()
        if folder is None:
            return
        try:
            record.add(folder, result, datetime.datetime.now(datetime.timezone.utc))
        except OSError as error:
            # The device is as it is all the same, and the run goes on; its end says that something is missing.
            self._put(_RECORD, {"folder": str(folder), "lost": str(error)})

    def count_results(self, concern: Concern, step: Step) -> tuple[int, int]:
        """Return how many devices have been through a step, and how many of them failed or could not be reached."""
        found = {path.parent for path in (self._directory / "results").glob(f"*/{concern.value}.{step.value}.*.json")}
        failed = (self._directory / _FAILED).glob(f"*.{concern.value}.{step.value}.json")
        return len(found), sum(1 for _path in failed)

    def begin_telling(self) -> None:
        """Have it told how far the run is, from now on."""
        self._put(_TOLD, {})

    def is_time_to_tell(self, seconds: float) -> bool:
        """Return whether so many seconds went by since telling began, or since this was last true."""
        path = self._directory / _TOLD
        now = time.time()
        if not path.is_file() or now - path.stat().st_mtime < seconds:
            return False
        os.utime(path, (now, now))
        return True

    def was_unreachable(self, device: str) -> bool:
        """Return whether a device could not be reached earlier in this run."""
        return (self._directory / self._unreachable(device)).is_file()

    @staticmethod
    def _unreachable(device: str) -> str:
        return f"{_UNREACHABLE}/{quote(device, safe='')}.json"

    def first_with_diff(self, digest: str, device: str) -> str:
        """Return which device was first to have a diff in this run, which is this one where nobody had it before."""
        path = self._directory / _DIFFS / f"{digest}.json"
        if not path.is_file():
            mine = f"{_DIFFS}/{digest}.{quote(device, safe='')}.json"
            self._put(mine, {"device": device})
            # One of several at once is the first; nobody reads half of a file.
            with contextlib.suppress(FileExistsError):
                os.link(self._directory / mine, path)
        return str(json.loads(path.read_text(encoding="utf-8"))["device"])

    def _save_losses(self, result: TaskResult) -> None:
        """Keep what the objects of a device lose, as its last result tells; most lose nothing."""
        document = result.document
        path = f"{_LOSSES}/{quote(result.device, safe='')}.{result.concern.value}.json"
        losses = {key: document.get(key) or nothing for key, nothing in _NO_LOSSES.items()}
        if losses != _NO_LOSSES or (self._directory / path).is_file():
            self._put(path, {"device": result.device, "concern": result.concern.value, **losses})

    def losses(self) -> list[dict[str, Any]]:
        """Return what the objects of each device lose: device, concern, and the keys of Provider.absence()."""
        return [
            self._read_document(f"{_LOSSES}/{path.name}") for path in sorted((self._directory / _LOSSES).glob("*.json"))
        ]

    def save_answer(self, device: str, concern: Concern, step: Step, answer: Mapping[str, object]) -> None:
        """Keep what a host has answered about a concern, for the next task of the step that would ask it the same."""
        self._put(self._answer_path(device, concern, step), {"run": self._run_id(), "answer": dict(answer)})

    def take_answer(self, device: str, concern: Concern, step: Step) -> dict[str, Any]:
        """Return what a host has answered about a concern, once; nothing where nobody has asked, or something wrote."""
        path = self._answer_path(device, concern, step)
        document = self._read_document(path)
        (self._directory / path).unlink(missing_ok=True)
        found = document.get("answer")
        return found if isinstance(found, dict) and document.get("run") == self._run_id() else {}

    @staticmethod
    def _answer_path(device: str, concern: Concern, step: Step) -> str:
        return f"answers/{quote(device, safe='')}.{concern.value}.{step.value}.json"

    def save_holding(self, document: Mapping[str, object]) -> None:
        """Keep what is held in this run; one file, so that not every host reads the losses of all others."""
        self._put(_HOLDING, document)

    def holding(self) -> dict[str, Any]:
        """Return what is held, as it was judged last; nothing before."""
        return self._read_document(_HOLDING)

    def known_addresses(self) -> tuple[str, ...]:
        """Return the addresses that the inventory of the plan names."""
        return plan_files.read_known_addresses(self._directory / "plan")

    def result(self, device: str, concern: Concern, step: Step) -> TaskResult | None:
        """Return what became of a task at its last attempt, None when it left nothing.

        A file that is cut off, of another layout or of an earlier compile step tells nothing: its status is UNKNOWN.
        """
        attempts = self._attempts(device, concern, step)
        if not attempts:
            return None
        _number, path = max(attempts)
        return self._read_result(path, device, concern, step)

    def _read_result(self, path: Path, device: str, concern: Concern, step: Step) -> TaskResult:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["run"] != self._run_id():
                return TaskResult.unknown(device, concern, step, "its result is of an earlier run")
            return TaskResult.from_document(document)
        except (OSError, *MALFORMED) as error:
            return TaskResult.unknown(device, concern, step, f"its result cannot be read: {error}")

    def has_results(self) -> bool:
        """Return whether any task of this run has left a result, of whatever compile step."""
        return any((self._directory / "results").glob("*/*"))

    def expected(self, device: str, concern: Concern, step: Step) -> TaskResult:
        """Return what became of a task that plan and tags expect; UNKNOWN when it left nothing."""
        return self.result(device, concern, step) or TaskResult.unknown(device, concern, step)

    def first_of(self, device: str, concern: Concern, steps: Iterable[Step]) -> TaskResult | None:
        """Return the result of the first of some steps that left one."""
        return next((found for step in steps if (found := self.result(device, concern, step))), None)

    def _results(self, device: str) -> str:
        return f"results/{quote(device, safe='')}"

    def _attempts(self, device: str, concern: Concern, step: Step) -> list[tuple[int, Path]]:
        paths = (self._directory / self._results(device)).glob(f"{concern.value}.{step.value}.*.json")
        parts = ((path.name.split(".")[2], path) for path in paths)
        return [(int(number), path) for number, path in parts if number.isdigit()]

    def _run_id(self) -> str:
        return str(self._read_document(_RUN).get("run", ""))

    def _put(self, name: str, document: Mapping[str, object]) -> None:
        """Write a file by rename, so that no reader sees half of it."""
        path = self._directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".msuc-lync-")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(document, stream)
        os.replace(temporary, path)

    def _read_document(self, name: str) -> dict[str, Any]:
        path = self._directory / name
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return found

    def plan(self) -> Plan:
        """Return the plan of the run; nothing before it was compiled."""
        return plan_files.load_plan(self._directory / "plan")

    def plan_size(self) -> dict[str, int]:
        """Return the numbers of "hosts" and of "pools" of the plan, without reading it."""
        return plan_files.count_files(self._directory / "plan")

    def waves(self, platform: str = "windows") -> Waves:
        """Return the waves of the hosts of a platform, windows or linux, empty before anything was compiled."""
        document = self._read_document(_WAVES[platform])
        waves = tuple(tuple(wave) for wave in document.get("waves", ()))
        return Waves(waves, {name: tuple(before) for name, before in document.get("predecessors", {}).items()})


def _pools_of_balancers(files: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the pools that each managed load balancer serves, units of a pair in their order.

    files: texts of plan files by path. One that serves none any more is there too: it loses what it had.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(path for path in files if path.startswith("pools/")):
        pool = json.loads(files[path])
        for name in dict.fromkeys(name for service in pool["virtual_services"] for name in service["balancers"]):
            if plan_files.host_path(name) in files:
                found.setdefault(name, []).append(pool["pool"])
    managed = [name for name, _document in _hosts_with("load_balancer", files) if name not in found]
    return {**found, **{name: [] for name in managed}}


def _hosts_with(key: str, files: Mapping[str, str]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the hosts whose plan has a key; only texts that hold its name are parsed."""
    texts = (files[path] for path in sorted(files) if path.startswith("hosts/") and f'"{key}"' in files[path])
    return [(str(document["host"]), document) for document in map(json.loads, texts) if key in document]
