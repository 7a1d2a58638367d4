# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all action plugins of this collection have in common. Only this room imports ansible; plugins import it, and each other never.

    class ActionModule(ProviderAction):
        concern = Concern.NFTABLES
        argument_spec = {...}

        def provider(self, options, task_vars):
            return NftablesProvider(Task.from_options(options), self.remote("msuc.lync.nftables_remote", task_vars))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from .._base.errors import DeviceError, InvalidInputError
from .._base.libraries import MissingLibraryError
from .._base.reconcile import Provider, reconcile
from .._rollout.outcome import RunOutcome, write_summary
from .._rollout.results import Concern, Step, TaskResult
from .._rollout.run_state import RunState

Answer = dict[str, Any]
Remote = Callable[[Mapping[str, object]], Answer]
"""A module on the host of the task: its options in, its answer out."""

STEP_SPEC = {"step": {"type": "str", "choices": [step.value for step in Step]}}


def run_state() -> RunState:
    """Return the state of this run of ansible-playbook, in its own temporary directory."""
    return RunState(C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]  # set by ansible at import


class CollectionAction(ActionBase):
    """An action whose faults of input, library, device or file are failed results with a message; no traceback reaches a user."""

    TRANSFERS_FILES = False
    _supports_async = False
    argument_spec: Mapping[str, Any]
    unwritable = "a file cannot be written"

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Answer:
        """Return the result of the task."""
        result: Answer = super().run(tmp, task_vars)
        options = self.validate_argument_spec(argument_spec=dict(self.argument_spec))[1]
        return {**result, **self.guarded(lambda: self.perform(options, task_vars or {}))}

    def guarded(self, work: Callable[[], Answer]) -> Answer:
        """Return the result of some work; every fault that is known is a failed one."""
        try:
            return work()
        except (InvalidInputError, DeviceError, MissingLibraryError) as error:
            return failed(str(error))
        except OSError as error:
            return failed(f"{self.unwritable}: {error}")

    def perform(self, options: Answer, task_vars: dict[str, Any]) -> Answer:
        """Return the result of validated options; may raise InvalidInputError, DeviceError, MissingLibraryError and OSError."""
        raise NotImplementedError


class ControllerAction(CollectionAction):
    """An action that runs once for all hosts and contacts none."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def finished(self, outcome: RunOutcome, directory: str | None = None, *, is_last: bool = True) -> Answer:
        """Print the verdict of a run, which is its last line, and keep it; returns the keys of the result that tell it.

        directory: of the user's reports, for summary.json; raises OSError when that cannot be written. is_last: whether the run ends so.
        Otherwise nothing is printed: a task that follows ends it.
        """
        document = outcome.document()
        run_state().save_summary(document)
        if directory:
            write_summary(Path(directory), document)
        if not is_last:
            return {"verdict": outcome.verdict.value, "summary": document}
        Display().display(outcome.line)
        stats = {"data": {"msuc_lync": document}, "per_host": False, "aggregate": True}
        return {"verdict": outcome.verdict.value, "summary": document, "ansible_stats": stats}


class KeepsResult(ActionBase):
    """An action whose result is kept in the run state when the option step asks for it, also when the host is unreachable."""

    concern: Concern

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Answer:
        """Return the result of the task, and keep it."""
        try:
            answer: Answer = super().run(tmp, task_vars)
        except AnsibleConnectionFailure as error:
            self._keep({"unreachable": True, "msg": str(error)}, task_vars or {})
            raise
        self._keep(answer, task_vars or {})
        return answer

    def _keep(self, answer: Mapping[str, Any], task_vars: Mapping[str, Any]) -> None:
        step = self._task.args.get("step")
        if step:
            self.keep(answer, Step(step), task_vars)

    def keep(self, answer: Mapping[str, Any], step: Step, task_vars: Mapping[str, Any]) -> None:
        """Keep what became of the task."""
        device = self.device_name(task_vars)
        run_state().save_result(TaskResult.of_answer(device, self.concern, step, answer, is_check=bool(self._task.check_mode)))

    def device_name(self, task_vars: Mapping[str, Any]) -> str:
        """Return the name under which the result is kept."""
        return str(task_vars.get("inventory_hostname", ""))


class ProviderAction(KeepsResult, CollectionAction):
    """An action that brings something of a device to what is wanted."""

    _supports_check_mode = True

    def perform(self, options: Answer, task_vars: dict[str, Any]) -> Answer:
        """Return the result of reconciling the device."""
        provider = self.provider(options, task_vars)
        if not isinstance(provider, Provider):
            return provider
        failure: Answer = {}
        try:
            reconcile(provider, check_mode=bool(self._task.check_mode))
        except (DeviceError, MissingLibraryError) as error:
            failure = {"failed": True, "msg": str(error)}
        shown = {"diff": provider.diffs()} if self._task.diff else {}
        return {**provider.result(), **failure, **shown, "check_mode": bool(self._task.check_mode)}

    def provider(self, options: Answer, task_vars: dict[str, Any]) -> Provider | Answer:
        """Return the provider of a task, or the whole result of one that asks no device."""
        raise NotImplementedError

    def remote(self, module: str, task_vars: dict[str, Any]) -> Remote:
        """Return a module on the host; a connection that is lost, also half-way, is ansible's to report, as UNREACHABLE."""

        def _ask(arguments: Mapping[str, object]) -> Answer:
            try:
                answer: Answer = self._execute_module(module_name=module, module_args=dict(arguments), task_vars=task_vars)
            except OSError as error:
                # The winrm plugin lets the errors of its HTTP library through once the module is running.
                operation = arguments.get("operation", "gather")
                message = f"the connection broke during {operation}, what was written before stays, run again to go on: {error}"
                raise AnsibleConnectionFailure(message) from error
            answer.pop("invocation", None)
            return answer

        return _ask

    def reconnect(self) -> None:
        """Let the next question to the host use a new connection."""
        if hasattr(self._connection, "reset"):
            self._connection.reset()


def failed(message: str) -> Answer:
    """Return a failed result; not an exception, because older versions of Ansible announce a traceback for those."""
    return {"failed": True, "changed": False, "msg": message}
