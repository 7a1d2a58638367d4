# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets one host probe others, or listen for the probes of others; documented in plugins/modules/probe.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import STEP_SPEC, KeepsResult
from ansible_collections.msuc.lync.plugins.plugin_utils._base.libraries import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.host_io import hand_probes
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.model import Probe
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

_SPEC = {
    **STEP_SPEC,
    "operation": {"type": "str", "choices": ["probe", "listen", "close"], "default": "probe"},
    "temporary_listeners": {"type": "bool", "default": False},
    "timeout_seconds": {"type": "float", "default": 3.0},
    "at_once": {"type": "int", "default": 16},
    "per_second": {"type": "int", "default": 50},
    "total_seconds": {"type": "int", "default": 120},
    "listen_seconds": {"type": "int", "default": 900},
    "token": {"type": "str", "default": ""},
}
_PACE = ("at_once", "per_second", "total_seconds")
_HANDS = {"windows": "msuc.lync.windows_probe_remote", "linux": "msuc.lync.linux_probe_remote"}


class _Action(ActionBase):
    """The controller side of msuc.lync.probe: it tells the host's hands what to do, and hands back what they met."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the host answered; a host without probes is skipped and not contacted."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _spec, options = self.validate_argument_spec(argument_spec=_SPEC)
        wrong = [f"{name}: {options[name]} is too small; allowed: 1 and more" for name in (*_PACE, "listen_seconds") if options[name] < 1]
        wrong += [f"timeout_seconds: {options['timeout_seconds']} is too small; allowed: more than 0"] if options["timeout_seconds"] <= 0 else []
        if wrong:
            return {**result, "failed": True, "msg": "\n".join(wrong)}
        mine = RunState(C.DEFAULT_LOCAL_TMP).probes(str((task_vars or {})["inventory_hostname"]))  # type: ignore[attr-defined]  # set by ansible at import
        try:
            told = _TOLD[options["operation"]](options, mine) if mine else None
        except MissingLibraryError as error:
            return {**result, "failed": True, "msg": str(error)}
        return {**result, "skipped": True, "changed": False} if told is None else self._asked(mine["platform"], told, task_vars or {}, result)

    def _asked(self, platform: str, told: Mapping[str, Any], task_vars: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._execute_module(module_name=_HANDS[platform], module_args=dict(told), task_vars=task_vars)
        except AnsibleConnectionFailure as error:
            answer = {"unreachable": True, "msg": str(error)}
        answer.pop("invocation", None)
        return {**result, **answer}


def _probe(options: Mapping[str, Any], mine: Mapping[str, Any]) -> dict[str, Any] | None:
    probes = [Probe.of(document) for document in mine["probes"]]
    told = {"operation": "probe", "probes": hand_probes(probes, options["temporary_listeners"]), **{name: options[name] for name in _PACE}}
    return {**told, "timeout_milliseconds": round(options["timeout_seconds"] * 1000), "read_network": mine["reads_network"]}


def _listen(options: Mapping[str, Any], mine: Mapping[str, Any]) -> dict[str, Any] | None:
    told = {"operation": "listen", "listen": mine["listen"], "listen_seconds": options["listen_seconds"]}
    return told if mine["listen"] else None


def _close(options: Mapping[str, Any], _mine: Mapping[str, Any]) -> dict[str, Any] | None:
    return {"operation": "close", "token": options["token"]} if options["token"] else None


_TOLD = {"probe": _probe, "listen": _listen, "close": _close}


class ActionModule(KeepsResult, _Action):
    """The controller side of msuc.lync.probe: it tells the host's hands what to do, and hands back what they met."""

    concern = Concern.PROBES
