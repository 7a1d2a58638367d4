# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all action plugins of this collection have in common. Only this room imports ansible.

Plugins import it, and each other never.

class ActionModule(ProviderAction):
    concern = Concern.NFTABLES
    argument_spec = {...}

    def provider(self, options, task_vars):
        return NftablesProvider(Task.from_options(options), self.remote("msuc.lync.nftables_remote", task_vars))
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible import context
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from .._base.absence import Presence
from .._base.changes import with_catalogue_cause
from .._base.errors import DeviceError, InvalidInputError
from .._base.libraries import MissingLibraryError
from .._base.reconcile import Provider, reconcile
from .._base.screen import fit, fit_diff
from .._base.untyped import counted, printed_lines
from .._plan.documents import DocumentError
from .._rollout.gates import Go
from .._rollout.outcome import RunOutcome, write_summary
from .._rollout.progress import progress_text
from .._rollout.results import Concern, Step, TaskResult
from .._rollout.run_options import RunOptions
from .._rollout.run_state import RunState
from .._rollout.steps import RETIRED_VARIABLES, StepTaken, take_step
from .runs import end_record
from .screen import COLUMNS, show

Answer = dict[str, Any]
Remote = Callable[[Mapping[str, object]], Answer]
"""A module on the host of the task: its options in, its answer out."""

TRIED_ONCE = "it could not be reached earlier in this run, and is not tried again"
"""Each attempt takes as long as the timeouts of its connection."""

STEP_SPEC = {"step": {"type": "str", "choices": [step.value for step in Step]}}


_WARNING = "[WARNING]: "
NOBODY = "all:!all"
"""A pattern of hosts that matches none."""


def run_state() -> RunState:
    """Return the state of this run of ansible-playbook, in its own temporary directory."""
    return RunState(C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]  # set by ansible at import


def run_options(state: RunState) -> RunOptions:
    """Return the options of this run."""
    return state.run_options()


def controller() -> list[str]:
    """Return the hosts of a play in which the controller works by itself.

    None of those that it manages, so that screen and recap do not tell its work of them; but a limit leaves it out.
    """
    return ["all"] if context.CLIARGS.get("subset") else ["localhost"]


def played_hosts(task_vars: Mapping[str, Any]) -> list[str]:
    """Return the hosts that a run is for: those of its limit, else all of the inventory."""
    is_limited = bool(context.CLIARGS.get("subset"))
    return list(task_vars.get("ansible_play_hosts_all", ())) if is_limited else list(task_vars["hostvars"])


def playbook_name() -> str:
    """Return which playbook runs: site for site.yml and for msuc.lync.site."""
    names = context.CLIARGS.get("args") or ()
    return Path(str(names[0])).name.removesuffix(".yml").removesuffix(".yaml").rpartition(".")[2] if names else ""


class CollectionAction(ActionBase):
    """An action whose faults of input, library, device or file are failed results with a message.

    No traceback reaches a user.
    """

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
        """Return the result of validated options.

        May raise InvalidInputError, DeviceError, MissingLibraryError and OSError.
        """
        raise NotImplementedError


class ControllerAction(CollectionAction):
    """An action that runs once for all hosts and contacts none."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Answer:
        """Return the result of the task, with warnings that fit the screen."""
        return fitted(super().run(tmp, task_vars))

    def finished(self, outcome: RunOutcome, directory: str | None = None, *, is_last: bool = True) -> Answer:
        """Print the verdict of a run, which is its last line, and keep it; returns the keys of the result that tell it.

        directory: of the user's reports, for summary.json; raises OSError when that cannot be written.
        is_last: whether the run ends so. Otherwise nothing is printed: a task that follows ends it.
        """
        return finish(outcome, directory, is_last=is_last)


def finish(outcome: RunOutcome, directory: str | None = None, *, is_last: bool = True) -> Answer:
    """Print the verdict of a run and keep it, as ControllerAction.finished says."""
    document = outcome.document()
    run_state().save_summary(document)
    if directory:
        write_summary(Path(directory), document)
    if not is_last:
        return {"verdict": outcome.verdict.value, "summary": document}
    if told := end_record(run_state(), outcome.verdict.value):
        show(told)
    show(outcome.line, outcome.verdict.value)
    return {"verdict": outcome.verdict.value, "summary": document, **run_stats(document)}


def run_stats(document: Mapping[str, object]) -> Answer:
    """Return the key of a result that makes a summary the statistic msuc_lync of the run."""
    return {"ansible_stats": {"data": {"msuc_lync": document}, "per_host": False, "aggregate": True}}


class KeepsResult(ActionBase):
    """An action that the option step makes part of a run: plan and gates say what it does, and its result is kept.

    concern: what its result is about; a module that compares several concerns at once names them in concerns.
    """

    concern: Concern
    concerns: tuple[Concern, ...] = (Concern.FIREWALL, Concern.IPSEC)
    presence: Presence | None = None

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Answer:
        """Return the result of the task, and keep it."""
        step = _step_of(self._task.args.get("step"))
        if step is None:
            return fitted(super().run(tmp, task_vars))
        given = task_vars or {}
        try:
            taken = self.step_taken(step, given)
        except (InvalidInputError, DocumentError) as error:
            return self._keep_answer(failed(str(error)), step, given)
        for warning in taken.warnings:
            Display().warning(warning)
        if taken.decision.go is Go.YES and run_state().was_unreachable(self.device_name(given)):
            self.keep({"unreachable": True, "msg": TRIED_ONCE}, step, given)
            return {"skipped": True, "changed": False, "skip_reason": TRIED_ONCE}
        if taken.decision.go is not Go.YES:
            answer: Answer = {"skipped": True, "changed": False, "skip_reason": taken.decision.message}
            answer |= {"held": True} if taken.decision.go is Go.HELD else {}
            if taken.decision.go is Go.NOTHING and step is Step.RETIRE:
                self.keep({"changed": False}, step, given)
            return answer if taken.decision.go is Go.NOTHING else self._keep_answer(answer, step, given)
        self._task.args = _merge_options(self._choose_accepted(taken.options), self._task.args)
        self.presence = taken.presence
        return self._keep_answer({**self._run_and_keep_error(tmp, given, step), **taken.facts}, step, given)

    def _run_and_keep_error(self, tmp: str | None, task_vars: dict[str, Any], step: Step) -> Answer:
        """Return the result of the task; an error that ends it is kept, and raised again for ansible to report."""
        try:
            answer: Answer = super().run(tmp, task_vars)
        except Exception as error:
            ending = "unreachable" if isinstance(error, AnsibleConnectionFailure) else "failed"
            self.keep({ending: True, "msg": str(error)}, step, task_vars)
            raise
        return answer

    def _keep_answer(self, answer: Answer, step: Step, task_vars: Mapping[str, Any]) -> Answer:
        changes, names = answer.get("changes"), run_state().catalogue_objects(self.device_name(task_vars))
        if names and isinstance(changes, list):
            answer = {**answer, "changes": with_catalogue_cause(changes, names)}
        self.keep(answer, step, task_vars)
        return fitted(self._share_diff(answer, step, task_vars))

    def _share_diff(self, answer: Answer, step: Step, task_vars: Mapping[str, Any]) -> Answer:
        """Return a result whose diff, where another device has the very same, says so and no more."""
        diff = answer.get("diff")
        if not diff:
            return answer
        digest = hashlib.sha256(json.dumps([step.value, diff], sort_keys=True).encode()).hexdigest()
        device = self.device_name(task_vars)
        first = run_state().first_with_diff(digest, device)
        if first == device:
            return answer
        return {**answer, "diff": [{"prepared": f"The same {counted(len(diff), 'change')} as on {first}.\n"}]}

    def _choose_accepted(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of a step that the module takes: those of one concern may belong to several modules."""
        known = getattr(self, "argument_spec", None)
        return {name: value for name, value in options.items() if known is None or name in known}

    def step_taken(self, step: Step, task_vars: Mapping[str, Any]) -> StepTaken:
        """Return whether a step is taken, and with which options.

        Raises InvalidInputError where the run has no plan for it.
        """
        device = self.device_name(task_vars)
        variables = {name: self._templar.template(task_vars[name]) for name in RETIRED_VARIABLES if name in task_vars}
        concerns = (self.concern,) if hasattr(self, "concern") else self.concerns
        return take_step(run_state(), device, concerns, step, is_check=bool(self._task.check_mode), variables=variables)

    def keep(self, answer: Mapping[str, Any], step: Step, task_vars: Mapping[str, Any]) -> None:
        """Keep what became of the task."""
        device = self.device_name(task_vars)
        self.keep_result(TaskResult.of_answer(device, self.concern, step, answer, is_check=bool(self._task.check_mode)))

    @staticmethod
    def keep_result(result: TaskResult) -> None:
        """Keep a result, and tell how far the run is where that is due."""
        state = run_state()
        state.save_result(result)
        if told := progress_text(state, result):
            show(told)

    def device_name(self, task_vars: Mapping[str, Any]) -> str:
        """Return the name under which the result is kept."""
        return str(task_vars.get("inventory_hostname", ""))


def _step_of(value: object) -> Step | None:
    """Return the step of a task, None without one; what is no step is left to the check of the options."""
    return next((step for step in Step if step.value == value), None)


def _merge_options(options: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a task: those that it gives go before, key by key where both are mappings."""
    merged = {**options, **given}
    for name in options.keys() & given.keys():
        if isinstance(options[name], Mapping) and isinstance(given[name], Mapping):
            merged[name] = {**options[name], **given[name]}
    return merged


class ProviderAction(KeepsResult, CollectionAction):
    """An action that brings something of a device to what is wanted."""

    _supports_check_mode = True

    def perform(self, options: Answer, task_vars: dict[str, Any]) -> Answer:
        """Return the result of reconciling the device."""
        provider = self.provider(options, task_vars)
        if not isinstance(provider, Provider):
            return provider
        if self.presence is not None:
            provider.presence = self.presence
        failure: Answer = {}
        try:
            reconcile(provider, check_mode=bool(self._task.check_mode))
        except (DeviceError, MissingLibraryError) as error:
            failure = {"failed": True, "msg": printed_lines(str(error))}
        shown = {"diff": provider.diffs()} if self._task.diff else {}
        absence = {} if self.presence is None else provider.absence()
        result = printed_warnings(provider.result())
        return {**result, **absence, **failure, **shown, "check_mode": bool(self._task.check_mode)}

    def provider(self, options: Answer, task_vars: dict[str, Any]) -> Provider | Answer:
        """Return the provider of a task, or the whole result of one that asks no device."""
        raise NotImplementedError

    def remote(self, module: str, task_vars: dict[str, Any]) -> Remote:
        """Return a module on the host.

        A connection that is lost, also half-way, is ansible's to report, as UNREACHABLE.
        """

        def _ask(arguments: Mapping[str, object]) -> Answer:
            try:
                answer: Answer = self._execute_module(
                    module_name=module, module_args=dict(arguments), task_vars=task_vars
                )
            except OSError as error:
                # The winrm plugin lets the errors of its HTTP library through once the module is running.
                operation = arguments.get("operation", "gather")
                message = f"the connection broke during {operation}, what was written before stays, run again to go on"
                raise AnsibleConnectionFailure(f"{message}: {error}") from error
            answer.pop("invocation", None)
            return answer

        return _ask

    def reconnect(self) -> None:
        """Let the next question to the host use a new connection."""
        if hasattr(self._connection, "reset"):
            self._connection.reset()


def printed_warnings(result: Mapping[str, Any]) -> Answer:
    """Return a result whose warnings, which Ansible prints, hold nothing that does something to a terminal."""
    return {**result, **({"warnings": list(map(printed_lines, result["warnings"]))} if result.get("warnings") else {})}


def fitted(answer: Answer) -> Answer:
    """Return a result with what Ansible prints of it as it stands, warnings and diffs, in lines that fit the screen."""
    shown: Answer = {"warnings": [fit(text, COLUMNS - len(_WARNING)) for text in answer.get("warnings") or ()]}
    diff = answer.get("diff")
    shown |= {"diff": [fit_diff(one, COLUMNS) for one in diff]} if isinstance(diff, list) else {}
    return {**answer, **{name: value for name, value in shown.items() if value}}


def failed(message: str) -> Answer:
    """Return a failed result; not an exception, because older versions of Ansible announce a traceback for those."""
    return {"failed": True, "changed": False, "msg": message}
