# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who started this run, and the record that it leaves (_rollout/record.py)."""

from __future__ import annotations

import datetime
import getpass
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from .._rollout import record
from .._rollout.run_options import Options
from .._rollout.run_state import RunState
from .command import own_command

_WRITING = ("site", "retire")
# What engines call the job that started a run: variables of AWX, then what is set in the environment of others.
_JOB_VARIABLES = ("awx_job_id", "tower_job_id")
_JOB_ENVIRONMENT = ("JOB_ID", "CI_JOB_ID", "GITHUB_RUN_ID", "BUILD_TAG")


def begin_record(state: RunState, options: Options, playbook: str, variables: Mapping[str, object]) -> None:
    """Begin the record of a run that writes, where its reports are kept; one that cannot be kept is told at the end.

    variables: of the task, in which AWX tells its job.
    """
    if not options.report_dir or not (playbook in _WRITING or options.remediate):
        return
    now = datetime.datetime.now(datetime.timezone.utc)
    begun = record.RunRecord(
        id=record.new_id(now),
        playbook=playbook,
        account=_account(),
        controller=socket.gethostname(),
        job=_job(variables),
        command=own_command().line(playbook),
        change_reference=options.change_reference,
        plan=state.digest(),
        is_approved=bool(state.approved()[0]),
        acceptances=options.accept or None,
        started=record.time_text(now),
    )
    try:
        state.begin_record(record.begin(Path(options.report_dir), begun))
    except OSError as error:
        # A run that repairs telephony does not wait for a disk of the controller; its summary cannot be written either.
        state.lose_record(str(error))


def end_record(state: RunState, verdict: str) -> str:
    """Write how a run ended into its record; returns what is to be told of one that is not whole."""
    folder, lost = state.record_folder(), state.lost_record()
    if folder is None:
        return f"No record of this run was kept: {lost}" if lost else ""
    try:
        record.end(folder, verdict, datetime.datetime.now(datetime.timezone.utc))
    except (OSError, ValueError, LookupError) as error:
        lost = lost or str(error)
    return f"The record of this run, {folder}, is not whole: {lost}" if lost else ""


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in a container
        return f"uid {os.getuid()}"


def _job(variables: Mapping[str, object]) -> str:
    found = [variables.get(name) for name in _JOB_VARIABLES] + [os.environ.get(name) for name in _JOB_ENVIRONMENT]
    return next((str(each) for each in found if each), "")
