# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes an inventory of a published topology; documented in plugins/modules/import_topology.py."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import (
    Answer,
    ControllerAction,
    failed,
    playbook_name,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.screen import show
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError, Problem
from ansible_collections.msuc.lync.plugins.plugin_utils._base.untyped import counted, printed_lines
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import RunOutcome, Verdict
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.run import Made, Request, run_import


class ActionModule(ControllerAction):
    """The controller side of msuc.lync.import_topology; it contacts no host."""

    _supports_check_mode = True
    unwritable = "the inventory cannot be written"
    argument_spec: Mapping[str, Any] = {
        "topology": {"type": "path", "required": True},
        "dir": {"type": "path", "required": True},
        "answers": {"type": "path"},
        "resolve": {"type": "bool", "default": False},
    }

    def perform(self, options: Answer, task_vars: dict[str, Any]) -> Answer:
        """Return the result of the task; errors of the input are the verdict of the run."""
        is_check = bool(self._task.check_mode)
        try:
            made = run_import(_request(options, is_check))
        except InvalidInputError as error:
            text = f"{counted(len(error.problems), 'error')} in the input"
            self.finished(RunOutcome(playbook_name(), Verdict.INVALID, text, is_check))
            return failed(printed_lines(error.report(untouched=True)))
        show("\n".join(map(printed_lines, made.lines)))
        return {
            "changed": bool(made.changed),
            "files": list(made.changed),
            "differences": list(made.differences),
            "questions": [
                {"section": one.section, "name": one.name, "keys": list(one.keys), "text": one.text}
                for one in made.questions
            ],
            "not_expressed": list(made.notes),
            **self.finished(_outcome(made, is_check)),
        }


def _request(options: Answer, is_check: bool) -> Request:
    """Return what is asked for; raises InvalidInputError where it names no file or directory."""
    needed = {"topology": ("lync_topology", "FILE"), "dir": ("lync_inventory_dir", "DIR")}
    missing = [
        Problem(variable, "it is not set", fix=f"-e {variable}={word}")
        for option, (variable, word) in needed.items()
        if not options[option]
    ]
    if missing:
        raise InvalidInputError(missing)
    return Request(
        topology=Path(options["topology"]),
        directory=Path(options["dir"]),
        answers=Path(options["answers"]) if options["answers"] else None,
        resolve=_addresses_of if options["resolve"] else None,
        is_check=is_check,
    )


def _outcome(made: Made, is_check: bool) -> RunOutcome:
    """Return how an import ends: a question that is open is not known, and a difference is for people to look at."""
    verdict = Verdict.UNKNOWN if made.questions else Verdict.DIFFERS if made.differences else Verdict.DONE
    texts = [f"{counted(len(made.questions), 'question')} open"] if made.questions else []
    texts += [f"{counted(len(made.differences), 'difference')} from the last import"] if made.differences else []
    counts = {"questions": len(made.questions), "differences": len(made.differences)}
    return RunOutcome(playbook_name(), verdict, ", ".join(texts), is_check, counts, files=made.changed)


def _addresses_of(name: str) -> tuple[str, ...]:
    """Return the addresses that the controller's resolver has for a name, none where it has none."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(sorted({str(address[0]).partition("%")[0] for *_other, address in found}))
