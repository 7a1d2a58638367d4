# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compiles the whole inventory once and keeps the plan for the rest of the run; documented in plugins/modules/plan.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.libraries import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory, outlines
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.hostvars import read_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import diff as flows
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import tables
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.approved import Approved, approved_plan
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import HostPlan, Plan
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.waves import waves_of

_SPEC = {
    "dir": {"type": "path"},
    "baseline": {"type": "path"},
    "approved": {"type": "path"},
    "affected_file": {"type": "path"},
    "wave_size": {"type": "int", "default": 1},
    "show": {"type": "bool", "default": False},
    "only_order": {"type": "bool", "default": False},
}


class ActionModule(ActionBase):
    """The controller side of msuc.lync.plan; it runs once for all hosts and contacts none."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task."""
        super().run(tmp, task_vars)
        _spec, options = self.validate_argument_spec(argument_spec=_SPEC)
        # A failed result, not an exception: older versions of Ansible announce a traceback for those.
        if options["wave_size"] < 1:
            return _failed(f"wave_size: {options['wave_size']} is too small; allowed: 1 and more members of a pool at a time")
        try:
            return self._result(options, task_vars or {})
        except (InvalidInputError, MissingLibraryError) as error:
            return _failed(str(error))
        except OSError as error:
            return _failed(f"the plan cannot be written: {error}")

    def _result(self, options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        inventory = read_inventory(task_vars["hostvars"])
        if options["only_order"]:
            self._keep(outlines(inventory), {}, None, task_vars, options["wave_size"])
            return {"changed": False}
        plan = compile_inventory(inventory)
        files = plan_files.rendered(plan)
        difference = _difference(options["baseline"], files)
        approved = approved_plan(Path(options["approved"]), files) if options["approved"] else None
        self._keep(plan.hosts.values(), files, approved, task_vars, options["wave_size"])
        changed = self._write(options, files, difference)
        _show(plan, difference, options["show"])
        return {
            "changed": bool(changed),
            "files": changed,
            "hosts": sorted(plan.hosts),
            "pools": sorted(plan.pools),
            "difference": list(difference.lines) if difference else [],
            "devices": list(difference.devices) if difference else [],
            "pending": list(approved.pending) if approved else [],
            "warnings": [*plan.warnings, *_left_out(plan, difference, task_vars)],
        }

    def _keep(self, plans: Iterable[HostPlan], files: Mapping[str, str], approved: Approved | None, task_vars: Mapping[str, Any], wave_size: int) -> None:
        """Keep the plan for the plays that follow, the approved one if there is one, with the waves of this play's Windows and Linux hosts."""
        played = {name for name in task_vars.get("ansible_play_hosts_all", ()) if approved is None or approved.has(name)}
        hosts = [host for host in plans if host.host in played]
        windows = [host for host in hosts if host.platform == "windows"]
        # A Linux host without rules is left alone; a retired one is to lose those that it has.
        linux = [host for host in hosts if host.platform == "linux" and (host.firewall_rules or host.member_state == "retired")]
        state = RunState(C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]  # set by ansible at import
        state.save(approved.files if approved else files, waves_of(windows, wave_size), waves_of(linux, wave_size))
        if approved:
            state.save_approved(approved.digest, approved.pending)

    def _write(self, options: Mapping[str, Any], files: Mapping[str, str], difference: flows.Difference | None) -> list[str]:
        """Write the plan directory of the user, if there is one and this is no check; return the changed paths."""
        if options["dir"] is None or self._task.check_mode:
            return []
        texts = dict(files)
        if difference is not None:
            texts[plan_files.AFFECTED] = plan_files.affected_text(difference.devices)
        if difference is not None and options["affected_file"]:
            Path(options["affected_file"]).write_text(texts[plan_files.AFFECTED], encoding="utf-8")
        return plan_files.write(Path(options["dir"]), texts)


def _failed(message: str) -> dict[str, Any]:
    return {"failed": True, "changed": False, "msg": message}


def _difference(baseline: str | None, files: Mapping[str, str]) -> flows.Difference | None:
    if baseline is None:
        return None
    return flows.difference(plan_files.read(Path(baseline)), plan_files.parsed(files))


def _left_out(plan: Plan, difference: flows.Difference | None, task_vars: Mapping[str, Any]) -> list[str]:
    """Say which devices a narrower --limit leaves out although the same change needs them."""
    played = set(task_vars.get("ansible_play_hosts_all", ()))
    devices = set(plan.hosts) if difference is None else set(difference.devices)
    missing = sorted(devices - played)
    if not missing or not devices & played:
        return []
    names = tables.shortened(missing)
    if difference is None:
        return [f"--limit leaves out {len(missing)} of {len(devices)} devices ({names}); lync_plan_baseline tells which of them this change needs"]
    return [f"the same change needs {len(missing)} more devices, which --limit leaves out: {names}"]


def _show(plan: Plan, difference: flows.Difference | None, whole: bool) -> None:
    """Print the tables and the difference as plain lines, which a task result cannot."""
    parts = [tables.host_plan(host) for host in plan.hosts.values()] if whole else []
    parts += [tables.pool_plan(pool) for pool in plan.pools.values()] if whole else []
    if difference is not None:
        parts.append(_difference_text(difference))
    for part in parts:
        Display().display(part + "\n")


def _difference_text(difference: flows.Difference) -> str:
    if not difference.lines:
        return "Against the baseline: no difference."
    lines = "\n".join(difference.lines)
    devices = ", ".join(difference.devices) or "none"
    return f"Against the baseline:\n{tables.indented(lines)}\n  devices that the change touches: {devices}"
