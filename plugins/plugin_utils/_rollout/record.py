# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record of a run that writes: who changed what on which device, kept as it happens, so that it is there when the
run died.

    DIR/runs/20261201T000525Z-3fa2c1/run.json         who ran it, why, by which plan; once it ended also when and how
    DIR/runs/20261201T000525Z-3fa2c1/changes.jsonl    a line of JSON for each change, as it was made
    DIR/runs/20261201T000525Z-3fa2c1/results/fe01.firewall.open.1.json    what each task returned

DIR is lync_report_dir. No secret is in it: results of tasks have none.
"""

from __future__ import annotations

import datetime
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from .._base.errors import MALFORMED
from .._plan.documents import COLLECTION, VERSION, Document, load, plain
from .._plan.files import text_of
from .results import Status, TaskResult

FOLDER, RUN, CHANGES, RESULTS = "runs", "run.json", "changes.jsonl", "results"
_MADE_BY = {"schema": 1, "collection": COLLECTION, "version": VERSION}
_OF_CHANGE = ("name", "kind", "cause", "reason", "effect", "impact", "properties")
_COUNTED_RUNS = 5


@dataclass(frozen=True)
class RunRecord:
    """What is known of a run.

    account, controller: of whoever started it. job: id of the engine that did, empty for none. command: as it was
    typed, without secrets. plan: digest. acceptances: as lync_accept has them. started, ended: UTC; ended is empty for
    a run that still goes on or died. changed: how many devices. verdict: of the end.
    """

    id: str
    playbook: str
    account: str = ""
    controller: str = ""
    job: str = ""
    command: str = ""
    change_reference: str = ""
    plan: str = ""
    is_approved: bool = False
    acceptances: Mapping[str, object] | None = None
    started: str = ""
    ended: str = ""
    seconds: float = 0.0
    changed: int = 0
    verdict: str = ""


def new_id(now: datetime.datetime) -> str:
    """Return the id of a run: ids in the order of their text are runs in the order of their time."""
    return f"{now.astimezone(datetime.timezone.utc):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"


def begin(directory: Path, record: RunRecord) -> Path:
    """Make the folder of a run below that of reports, and return it; raises OSError."""
    folder = directory / FOLDER / record.id
    (folder / RESULTS).mkdir(parents=True)
    _write(folder, record)
    return folder


def add(folder: Path, result: TaskResult, now: datetime.datetime) -> None:
    """Keep what a task returned, and a line for each change that it made; raises OSError."""
    name = f"{quote(result.device, safe='')}.{result.concern.value}.{result.step.value}.{result.attempt}.json"
    (folder / RESULTS / name).write_text(text_of(result.to_document()), encoding="utf-8")
    lines = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in _change_lines(folder.name, result, now))
    if lines:
        # One write at the end of the file: tasks of several hosts end at the same time.
        handle = os.open(folder / CHANGES, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, lines.encode())
        finally:
            os.close(handle)


def _change_lines(run: str, result: TaskResult, now: datetime.datetime) -> Iterator[Document]:
    if result.is_check or result.status not in (Status.CHANGED, Status.FAILED):
        return
    told = {
        "time": time_text(now),
        "run": run,
        "device": result.device,
        "concern": result.concern.value,
        "step": result.step.value,
        "status": result.status.value,
    }
    for change in result.changes:
        yield {**told, **{key: change[key] for key in _OF_CHANGE if change.get(key)}}
    if result.status is Status.FAILED and not result.changes:
        yield {**told, "message": result.message}


def end(folder: Path, verdict: str, now: datetime.datetime) -> RunRecord:
    """Write how a run ended, and return its record; raises OSError, and DocumentError for one that is not ours."""
    document = json.loads((folder / RUN).read_text(encoding="utf-8"))
    record = load(RunRecord, {key: value for key, value in document.items() if key not in _MADE_BY})
    started = datetime.datetime.fromisoformat(record.started.replace("Z", "+00:00"))
    seconds = round((now - started).total_seconds(), 1)
    changed = len({line["device"] for line in _lines(folder) if line.get("status") == Status.CHANGED.value})
    ended = replace(record, ended=time_text(now), seconds=seconds, changed=changed, verdict=verdict)
    _write(folder, ended)
    return ended


def _lines(folder: Path) -> Iterator[Mapping[str, object]]:
    path = folder / CHANGES
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        yield json.loads(line)


def earlier_seconds(directory: Path, playbook: str = "site") -> list[float]:
    """Return how long the last runs of a playbook took that changed something and ended, the newest first."""
    found: list[float] = []
    for path in sorted((directory / FOLDER).glob(f"*/{RUN}"), reverse=True):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["playbook"] == playbook and document["ended"] and document["changed"]:
                found.append(float(document["seconds"]))
        except (OSError, *MALFORMED):
            continue
        if len(found) == _COUNTED_RUNS:
            break
    return found


def _write(folder: Path, record: RunRecord) -> None:
    document = plain(record)
    fields = document if isinstance(document, dict) else {}
    temporary = folder / f".{RUN}.{os.getpid()}"
    temporary.write_text(text_of({**_MADE_BY, **fields}), encoding="utf-8")
    temporary.replace(folder / RUN)


def time_text(now: datetime.datetime) -> str:
    """Return a moment as records have it: in UTC, to the second."""
    return now.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
