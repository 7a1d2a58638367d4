# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prints the screen of a run of site.yml, before or after; documented in plugins/modules/screen.py."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible import context
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_collect import Settings, screen_of
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_rollback import FILE, Command, first_snapshots, inventory_text
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_summary import Screen
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_text import screen_text
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

_SPEC = {
    "dir": {"type": "path"},
    "confirm_minutes": {"type": "int", "default": 0},
    "snapshot": {"type": "bool", "default": True},
    "reference": {"type": "str", "default": ""},
    "probed": {"type": "list", "elements": "str", "default": ["probes_before", "probes_after"]},
}
_ADDRESSES = "lync_balancer_addresses"


class _Variables:
    """The variables of the hosts of a run as they are: results are plain data, and templating those of hundreds of hosts takes long."""

    def __init__(self, hostvars: Mapping[str, Mapping[str, Any]]) -> None:
        self._hostvars = hostvars
        self._known: dict[str, Mapping[str, Any]] = {}

    def __call__(self, name: str) -> Mapping[str, Any]:
        """Return the variables of one host; nothing for a host that the inventory lacks."""
        if name not in self._known:
            self._known[name] = self._read(name) if name in self._hostvars else {}
        return self._known[name]

    def _read(self, name: str) -> Mapping[str, Any]:
        raw = getattr(self._hostvars, "raw_get", self._hostvars.__getitem__)(name)
        if not isinstance(raw, Mapping):
            return {}
        return {**raw, _ADDRESSES: self._hostvars[name][_ADDRESSES]} if _ADDRESSES in raw else raw


class ActionModule(ActionBase):
    """The controller side of msuc.lync.screen; it runs once for all hosts and contacts none."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task: the screen's document, its word, and the files written."""
        super().run(tmp, task_vars)
        _spec, options = self.validate_argument_spec(argument_spec=_SPEC)
        given = task_vars or {}
        state = RunState(C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]  # set by ansible at import
        try:
            screen = screen_of(state, _Variables(given.get("hostvars", {})), given.get("ansible_play_hosts_all", ()), self._settings(options, given))
        except InvalidInputError as error:
            return {"failed": True, "changed": False, "msg": str(error)}
        Display().display(screen_text(screen) + "\n")
        state.save_verdicts(dict.fromkeys(screen.failed_hosts, "failed"))
        try:
            files = _written(screen, Path(options["dir"])) if options["dir"] else []
        except OSError as error:
            return {"failed": True, "changed": False, "msg": f"the screen cannot be written: {error}"}
        return {"changed": False, "verdict": screen.verdict, "screen": screen.document(), "senders_are_done": screen.senders_are_done, "files": files}

    def _settings(self, options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> Settings:
        return Settings(
            check=bool(self._task.check_mode),
            now=datetime.datetime.now(datetime.timezone.utc),
            directory=options["dir"] or "",
            confirm_minutes=options["confirm_minutes"],
            snapshot=options["snapshot"],
            reference=options["reference"],
            probed=(options["probed"][0], options["probed"][-1]),
            command=_command(),
            tags=frozenset(task_vars.get("ansible_run_tags") or ["all"]),
            skipped=frozenset(task_vars.get("ansible_skip_tags") or []),
        )


def _command() -> Command:
    """Return how this run was called."""
    given, playbooks = context.CLIARGS.get("inventory") or (), context.CLIARGS.get("args") or ()
    return Command(tuple(map(str, given)), str(playbooks[0]) if playbooks else "msuc.lync.site")


def _written(screen: Screen, directory: Path) -> list[str]:
    """Write the screen as JSON and as text, and the inventory of the way back when the run took snapshots; returns the paths."""
    name = "site-before" if screen.run.check else "site-after"
    files = {f"{name}.json": json.dumps(screen.document(), indent=2, ensure_ascii=False) + "\n", f"{name}.txt": screen_text(screen) + "\n"}
    snapshots = first_snapshots(screen.parts)
    if snapshots:
        files[FILE] = inventory_text(snapshots)
    directory.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        (directory / path).write_text(text, encoding="utf-8")
    return [str(directory / path) for path in sorted(files)]
