# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes the probes of a run from its plan; documented in plugins/modules/probe_matrix.py."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import Answer, ControllerAction, run_state
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.deviations import assumptions_of
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.documents import plain
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.assumption_checks import READ_ON_HOSTS
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.confirmation import peers_of
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.host_io import wanted_listeners
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.matrix import matrix
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.plan_view import Deployment, Limits, Matrix, servers_of
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import RunOptions

_SPEC = {
    "dns_servers": {"type": "list", "elements": "dict", "default": []},
    "per_host": {"type": "int"},
    "closed_per_pair": {"type": "int"},
    "temporary_listeners": {"type": "bool"},
}


class ActionModule(ControllerAction):
    """The controller side of msuc.lync.probe_matrix; it runs once for all hosts and contacts none."""

    argument_spec = _SPEC

    def perform(self, options: Answer, task_vars: dict[str, Any]) -> Answer:
        """Return the result of the task: how many probes each host makes, and what is not probed."""
        plan, played = run_state().plan(), task_vars.get("ansible_play_hosts_all", ())
        deployment = Deployment.of(plan, servers_of(options["dns_servers"]), played)
        found = matrix(deployment, _choose_limits(options))
        readers = {item.place for item in assumptions_of(plan) if item.text in READ_ON_HOSTS}
        _keep(deployment, found, readers, _find_peers(deployment, found, _choose_limits(options)))
        counts = {name: len(probes) for name, probes in found.probes.items()}
        total = sum(counts.values())
        return {"changed": False, "probes": counts, "total": total, "not_probed": plain(found.not_probed)}


def _choose_limits(options: Answer) -> Limits:
    """Return the limits of the task, or those of the run where it has none."""
    run = RunOptions.from_document(run_state().options()).common
    of_run = {
        "per_host": run.probe_max,
        "closed_per_pair": run.probe_closed,
        "temporary_listeners": run.probe_listeners,
    }
    chosen = {name: value if options[name] is None else options[name] for name, value in of_run.items()}
    return Limits(chosen["per_host"], chosen["closed_per_pair"], bool(chosen["temporary_listeners"]))


def _find_peers(deployment: Deployment, found: Matrix, limits: Limits) -> dict[str, list[str]]:
    """Return by host who probes it, also those that this run leaves out: what they lose, nobody would know."""
    everybody = frozenset(deployment.hosts)
    whole = found if everybody <= deployment.asking else matrix(replace(deployment, asking=everybody), limits)
    return peers_of(whole.each)


def _keep(
    deployment: Deployment, found: Matrix, readers: Collection[str], peers: Mapping[str, Sequence[str]]
) -> None:
    """Keep what each host probes, and by whom each is probed.

    readers: the hosts that also have to say how their network is set up.
    """
    listening = wanted_listeners(found.each, deployment)
    slices = {
        name: {
            "platform": deployment.hosts[name].platform,
            "probes": plain(probes),
            "listen": listening.get(name, []),
            "reads_network": name in readers,
        }
        for name, probes in found.probes.items()
    }
    run_state().save_probes(slices, {"not_probed": plain(found.not_probed), "peers": dict(peers)})
