# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the actions for rules of a host have in common: options, and the way to the host.

class ActionModule(FirewallAction):
    def provider(self, options, task_vars):
        return WindowsFirewallProvider(Task.from_options(options), self.link(FIREWALL_REMOTE, task_vars))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from ansible.errors import AnsibleConnectionFailure

from .._base.reconcile import bullets
from .._firewall.ipsec.reconcile import NEVER
from .._firewall.reconcile import FirewallProvider, Link
from .._firewall.windows.reconcile import chosen_parts, parts_of
from .._probes.confirmation import NOT_CONFIRMED, confirmed, find_objections
from .._rollout.results import Concern, Step
from .actions import STEP_SPEC, Answer, ProviderAction, failed, run_state

PHASE_SPEC = {"phase": {"type": "str", "choices": ["all", "open", "close"], "default": "all"}}
# What every kind of rule of a Windows host has.
COMMON_SPEC = {
    **STEP_SPEC,
    **PHASE_SPEC,
    "group": {"type": "str", "default": "msuc.lync"},
    "expected_addresses": {"type": "list", "elements": "str", "default": []},
    "management_networks": {"type": "list", "elements": "str", "default": []},
    "snapshot": {"type": "bool", "default": True},
    "snapshot_dir": {"type": "str"},
    "snapshot_keep": {"type": "int", "default": 10},
    "confirm_minutes": {"type": "int"},
    "leave_armed": {"type": "bool", "default": False},
    "pending": {"type": "str", "choices": ["", "confirm", "revert"], "default": ""},
    "brief": {"type": "bool", "default": False},
    "handout_dir": {"type": "path"},
    "running_config": {"type": "str"},
    "path": {"type": "path"},
}
FIREWALL_SPEC = {
    **COMMON_SPEC,
    "rules": {"type": "list", "elements": "dict", "default": []},
    "state": {
        "type": "str",
        "choices": ["merged", "replaced", "overridden", "deleted", "gathered", "parsed", "rendered"],
        "default": "replaced",
    },
    "unprotected_rules": {"type": "list", "elements": "str", "default": []},
    "gather_through": {"type": "str", "choices": ["auto", "registry", "com"], "default": "auto"},
    "evidence_dir": {"type": "path"},
    "accept_cut": {"type": "bool", "default": False},
    "accepted_cuts": {"type": "list", "elements": "str", "default": []},
}
IPSEC_SPEC = {
    **COMMON_SPEC,
    "exemptions": {"type": "list", "elements": "dict", "default": []},
    "state": {
        "type": "str",
        "choices": ["merged", "replaced", "deleted", "gathered", "parsed", "rendered"],
        "default": "replaced",
    },
    "needed": {"type": "str", "choices": ["auto", "true", "false"], "default": "true"},
    "engine": {"type": "str", "choices": ["auto", "cim", "netsh"], "default": "auto"},
    "policy_store": {"type": "str"},
    "name_prefix": {"type": "str", "default": "Lync exempt "},
    "media": {"type": "list", "elements": "dict", "default": []},
    "mirror_peers": {"type": "list", "elements": "dict", "default": []},
    "mirror_dir": {"type": "path"},
}
FIREWALL_REMOTE, IPSEC_REMOTE = "msuc.lync.windows_firewall_remote", "msuc.lync.windows_ipsec_remote"
GATHER_REMOTE = "msuc.lync.windows_gather_remote"
# Steps in which the task of firewall rules asks for that of exemptions too.
SHARED = (Step.OPEN.value, Step.CLOSE.value)


class FirewallAction(ProviderAction):
    """An action that brings one kind of rule of a host to what is wanted, through a module there."""

    _requires_connection = True
    unwritable = "the scripts cannot be written"

    def perform(self, options: Answer, task_vars: dict[str, Any]) -> Answer:
        """Return the result of reconciling the host, or of confirming what an earlier task left armed."""
        if options.get("step") != Step.CONFIRM.value:
            return super().perform(options, task_vars)
        state, host = run_state(), self.device_name(task_vars)
        reasons = find_objections(state, host, datetime.now(timezone.utc))
        if reasons:
            return failed("\n".join([NOT_CONFIRMED, *bullets(reasons)]))
        provider = self.provider(options, task_vars)
        if isinstance(provider, FirewallProvider):
            provider.confirm_armed("no new connection after the probes of the peers, so the change is not confirmed")
        return {"changed": True}

    def keep(self, answer: Mapping[str, Any], step: Step, task_vars: Mapping[str, Any]) -> None:
        """Keep what became of the task; what is confirmed, or is not, is what was closed."""
        if step is not Step.CONFIRM:
            super().keep(answer, step, task_vars)
            return
        closed = run_state().expected(self.device_name(task_vars), self.concern, Step.CLOSE).document
        super().keep(confirmed(closed, answer), Step.CLOSE, task_vars)

    def link(self, module: str, task_vars: dict[str, Any]) -> Link:
        """Return the way to a module on the host."""
        ask = self.remote(module, task_vars)

        def _ask_anew(arguments: Mapping[str, object], lost_text: str) -> Answer:
            try:
                self.reconnect()
                return ask(arguments)
            except AnsibleConnectionFailure as error:
                raise AnsibleConnectionFailure(f"{lost_text}: {error}") from error

        return Link(ask, _ask_anew, self.address())

    def first_of_both(self, link: Link, step: Step, task_vars: dict[str, Any]) -> Link:
        """Return a way whose first question is about both kinds of rules, so that the task of exemptions asks none.

        What the host answered about exemptions is kept for that task. Firewall rules that were written change nothing
        of it, and whoever writes exemptions compares fingerprints; a write that failed, or may be taken back, does.
        """
        state, device = run_state(), self.device_name(task_vars)
        first = [self.remote(GATHER_REMOTE, task_vars)]

        def _ask(arguments: Mapping[str, object]) -> Mapping[str, object]:
            if not first:
                kept = state.take_answer(device, Concern.IPSEC, step)
                answer = link.ask(arguments)
                is_same = arguments["operation"] in ("gather", "apply") and not answer.get("armed")
                if kept and is_same and not answer.get("failed"):
                    state.save_answer(device, Concern.IPSEC, step, kept)
                return answer
            both = first.pop()({key: value for key, value in arguments.items() if key != "operation"})
            if both.get("failed"):
                # One kind of rule that cannot be read is no reason against the other.
                return link.ask(arguments)
            answers = parts_of(both)
            state.save_answer(device, Concern.IPSEC, step, answers["ipsec"])
            return answers["firewall"]

        return replace(link, ask=_ask)

    def asks_both(self, step: Step, task_vars: Mapping[str, Any]) -> bool:
        """Return whether the task of exemptions asks the same host later in this step."""
        state, device = run_state(), self.device_name(task_vars)
        tags = chosen_parts(task_vars.get("ansible_run_tags", ()), task_vars.get("ansible_skip_tags", ()))
        plan = state.host_plan(device)
        is_asked = step is Step.OPEN or state.expected(device, Concern.IPSEC, Step.OPEN).is_pending
        return is_asked and "ipsec" in tags and plan is not None and plan.policy.ipsec != NEVER

    def address(self) -> str:
        """Return where the connection leads."""
        options = self._connection.get_options()
        return str(options.get("remote_addr") or options.get("host") or self._play_context.remote_addr)

    def host_name(self, task_vars: Mapping[str, Any]) -> str:
        """Return the name of the host in the inventory."""
        return str(task_vars.get("inventory_hostname", ""))
