# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes the probes of a run from its plan; documented in plugins/modules/probe_matrix.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.libraries import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path, parse, read_document
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.assumptions import assumptions_of
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.files import plain
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.assumption_checks import READ_ON_HOSTS
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.host_io import wanted_listeners
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.matrix import matrix
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.model import Limits, Matrix
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.plan_view import Deployment
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.servers import servers_of
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

_SPEC = {
    "dns_servers": {"type": "list", "elements": "dict", "default": []},
    "per_host": {"type": "int", "default": 400},
    "closed_per_pair": {"type": "int", "default": 2},
    "temporary_listeners": {"type": "bool", "default": False},
}


class ActionModule(ActionBase):
    """The controller side of msuc.lync.probe_matrix; it runs once for all hosts and contacts none."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task."""
        super().run(tmp, task_vars)
        _spec, options = self.validate_argument_spec(argument_spec=_SPEC)
        try:
            deployment = _deployment(options, (task_vars or {}).get("ansible_play_hosts_all", ()))
            found = matrix(deployment, Limits(options["per_host"], options["closed_per_pair"], options["temporary_listeners"]))
            _keep(deployment, found)
        except (InvalidInputError, MissingLibraryError) as error:
            return {"failed": True, "changed": False, "msg": str(error)}
        counts = {name: len(probes) for name, probes in found.probes.items()}
        return {"changed": False, "probes": counts, "total": sum(counts.values()), "not_probed": plain(found.not_probed)}


def _deployment(options: Mapping[str, Any], played: list[str]) -> Deployment:
    state = RunState(C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]  # set by ansible at import
    hosts, pools = state.hosts(), state.pools()
    return Deployment.of(hosts, pools, parse(read_document(default_path())), servers_of(options["dns_servers"]), played)


def _keep(deployment: Deployment, found: Matrix) -> None:
    listening = wanted_listeners(found.each, deployment)
    state = RunState(C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]  # set by ansible at import
    telling = {item.place for item in assumptions_of(state.hosts(), ()) if item.text in READ_ON_HOSTS}
    slices = {
        name: {"platform": deployment.hosts[name].platform, "probes": plain(probes), "listen": listening.get(name, []), "reads_network": name in telling}
        for name, probes in found.probes.items()
    }  # fmt: skip
    state.save_probes(slices, {"not_probed": plain(found.not_probed)})
