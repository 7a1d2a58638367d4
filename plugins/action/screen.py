# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prints the screen of a run of site.yml, before or after; documented in plugins/modules/screen.py."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible import context
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.msuc.lync.plugins.plugin_utils.dns.scope import run_scope
from ansible_collections.msuc.lync.plugins.plugin_utils.plan_files import Document
from ansible_collections.msuc.lync.plugins.plugin_utils.problems import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils.report import screen_back
from ansible_collections.msuc.lync.plugins.plugin_utils.report.assumptions import last_report, unconfirmed
from ansible_collections.msuc.lync.plugins.plugin_utils.report.dns import was_asked
from ansible_collections.msuc.lync.plugins.plugin_utils.report.held import held
from ansible_collections.msuc.lync.plugins.plugin_utils.report.outcome import results_of
from ansible_collections.msuc.lync.plugins.plugin_utils.report.screen import Run, Screen, touched_places
from ansible_collections.msuc.lync.plugins.plugin_utils.report.screen_parts import Concern, Part, Status, looked_at_again, part_of
from ansible_collections.msuc.lync.plugins.plugin_utils.report.screen_probes import comparison
from ansible_collections.msuc.lync.plugins.plugin_utils.report.screen_text import screen_text
from ansible_collections.msuc.lync.plugins.plugin_utils.run_state import RunState

_SPEC = {
    "dir": {"type": "path"},
    "confirm_minutes": {"type": "int", "default": 0},
    "snapshot": {"type": "bool", "default": True},
    "reference": {"type": "str", "default": ""},
    "probed": {"type": "list", "elements": "str", "default": ["probes_before", "probes_after"]},
}
# What the tasks of site.yml register, in their order; the first one is skipped on a host that was stopped.
_REGISTERED = {
    Concern.FIREWALL: ["windows_firewall_opened", "windows_firewall_closed"],
    Concern.LINUX: ["linux_firewall_opened", "linux_firewall_closed"],
    Concern.IPSEC: ["ipsec_exemptions_opened", "ipsec_exemptions_closed"],
    Concern.BALANCER: ["load_balancer_applied", "load_balancer_udp_applied"],
    Concern.PROXY: ["reverse_proxy_applied"],
}
# Under these names results are kept when the tasks are run once more, to look at what was written.
_DONE = {Concern.BALANCER: "load_balancer_done", Concern.PROXY: "reverse_proxy_done"}
_DNS = ["dns_records_applied", "dns_records_verified"]


class _Answers:
    """The variables of the hosts of a run as they are: results are plain data, and templating those of hundreds of hosts takes long."""

    def __init__(self, hostvars: Mapping[str, Mapping[str, Any]]) -> None:
        self._hostvars = hostvars
        self._known: dict[str, Mapping[str, Any]] = {}

    def __call__(self, name: str) -> Mapping[str, Any]:
        if name not in self._known:
            raw = getattr(self._hostvars, "raw_get", self._hostvars.__getitem__)(name) if name in self._hostvars else {}
            self._known[name] = raw if isinstance(raw, Mapping) else {}
        return self._known[name]

    def templated(self, name: str) -> Mapping[str, Any]:
        """Return the variables of one host, templated when they are asked for."""
        found: Mapping[str, Any] = self._hostvars.get(name, {})
        return found


class ActionModule(ActionBase):
    """The controller side of msuc.lync.screen; it runs once for all hosts and contacts none."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task: the screen's document, its word, and the files written."""
        super().run(tmp, task_vars)
        _spec, options = self.validate_argument_spec(argument_spec=_SPEC)
        try:
            screen = _screen(options, task_vars or {}, bool(self._task.check_mode))
            files = _written(screen, Path(options["dir"])) if options["dir"] else []
        except InvalidInputError as error:
            return {"failed": True, "changed": False, "msg": str(error)}
        except OSError as error:
            return {"failed": True, "changed": False, "msg": f"the screen cannot be written: {error}"}
        Display().display(screen_text(screen) + "\n")
        _state().save_verdicts(dict.fromkeys(screen.failed_hosts, "failed"))
        return {"changed": False, "verdict": screen.verdict, "screen": screen.document(), "senders_are_done": screen.senders_are_done, "files": files}


def _state() -> RunState:
    return RunState(C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]  # set by ansible at import


def _screen(options: Mapping[str, Any], task_vars: Mapping[str, Any], check: bool) -> Screen:
    state, answers = _state(), _Answers(task_vars.get("hostvars", {}))
    hosts, pools = state.hosts(), state.pools()
    played = list(task_vars.get("ansible_play_hosts_all", ()))
    expected = _expected(state, set(played))
    found = {concern: list(_parts(concern, names, answers)) for concern, names in expected.items()}
    dns = _dns(played, answers)
    parts = tuple(part for concern in found for part in found[concern]) + dns
    now = datetime.datetime.now(datetime.timezone.utc)
    directory = options["dir"] or ""
    report = last_report(Path(directory)) if directory else None
    waiting = sorted({part.device for part in parts if part.status is Status.NOT_CLOSED})
    return Screen(
        Run(
            check=check,
            digest=state.digest(),
            hosts=len(hosts),
            pools=len(pools),
            not_run=_not_run(expected, found, [] if dns else pools),
            left=_left(pools, hosts, _ready(state, found)) if found[Concern.BALANCER] or dns else {},
            held={} if check else held(state, answers.templated, waiting),
            unconfirmed=unconfirmed(hosts, pools, report),
            touched=touched_places(parts, hosts, pools),
            confirm_minutes=options["confirm_minutes"],
            snapshot=options["snapshot"],
            command=_command(),
            probes=comparison(state, answers, (options["probed"][0], options["probed"][-1]), now),
            verified=report,
            balancers=tuple(state.balancers()),
            directory=directory,
            reference=options["reference"],
            made=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        ),
        parts,
    )


def _expected(state: RunState, played: set[str]) -> dict[Concern, list[str]]:
    """Return the devices of this run by concern: those that have to answer when anyone of the concern does."""
    windows, linux = ([host for wave in state.waves(platform).waves for host in wave] for platform in ("windows", "linux"))
    balancers, proxies = ([name for name in names if name in played] for names in (state.balancers(), state.proxies()))
    return {Concern.FIREWALL: windows, Concern.LINUX: linux, Concern.IPSEC: windows, Concern.BALANCER: balancers, Concern.PROXY: proxies}


def _parts(concern: Concern, names: Iterable[str], answers: _Answers) -> Iterator[Part]:
    """Yield the parts of a concern; none when no task of it ran on any device."""
    results = {name: results_of(answers(name), _REGISTERED[concern]) for name in sorted(names)}
    if any(results.values()):
        yield from (_part(name, concern, found, answers) for name, found in results.items())


def _part(name: str, concern: Concern, results: list[Mapping[str, Any]], answers: _Answers) -> Part:
    done = answers(name).get(_DONE.get(concern, ""))
    if not isinstance(done, list):
        return part_of(name, concern, results)
    first = [result for result in done if isinstance(result, Mapping) and result and not result.get("skipped")]
    return looked_at_again(part_of(name, concern, first), results)


def _dns(played: Sequence[str], answers: _Answers) -> tuple[Part, ...]:
    """Return the part of DNS, whose tasks run once and register on any host; none where no server was asked."""
    found: list[Any] = [next((answers(host)[name] for host in played if name in answers(host)), {}) for name in _DNS]
    results = [result for result in found if isinstance(result, Mapping) and not result.get("skipped")]
    return (part_of("DNS", Concern.DNS, results),) if any(map(was_asked, results)) else ()


def _not_run(expected: Mapping[Concern, list[str]], found: Mapping[Concern, list[Part]], pools: Iterable[Document]) -> dict[str, int]:
    """Return which concerns nobody was asked about, with their devices; pools: those whose records nobody looked at."""
    counts = {concern.value: len(names) for concern, names in expected.items() if names and not found[concern]}
    records = sum(bool(pool.get("dns_records")) for pool in pools)
    return {**counts, **({Concern.DNS.value: records} if records else {})}


def _left(pools: Sequence[Document], hosts: Sequence[Document], ready: Mapping[str, bool]) -> dict[str, str]:
    """Return the pools of which load balancers and DNS are left as they are, and why."""
    concerned = {str(pool["pool"]) for pool in pools if pool.get("virtual_services") or pool.get("dns_records")}
    return {name: why for name, why in run_scope(pools, hosts, ready).left_out.items() if name in concerned}


def _ready(state: RunState, found: Mapping[Concern, list[Part]]) -> dict[str, bool]:
    """Return which members of pools are open for traffic, as load balancers and DNS are told."""
    done = {part.device: part.status.is_done and part.status.value != "handed out" for part in found[Concern.FIREWALL]}
    return {host: done.get(host, True) for wave in state.waves().waves for host in wave}


def _command() -> screen_back.Command:
    """Return how this run was called."""
    given, playbooks = context.CLIARGS.get("inventory") or (), context.CLIARGS.get("args") or ()
    return screen_back.Command(tuple(map(str, given)), str(playbooks[0]) if playbooks else "msuc.lync.site")


def _written(screen: Screen, directory: Path) -> list[str]:
    """Write the screen as JSON and as text, and the inventory of the way back when the run took snapshots; returns the paths."""
    name = "site-before" if screen.run.check else "site-after"
    files = {f"{name}.json": json.dumps(screen.document(), indent=2, ensure_ascii=False) + "\n", f"{name}.txt": screen_text(screen) + "\n"}
    snapshots = screen_back.first_snapshots(screen.parts)
    if snapshots:
        files[screen_back.FILE] = screen_back.inventory_text(snapshots)
    directory.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        (directory / path).write_text(text, encoding="utf-8")
    return [str(directory / path) for path in sorted(files)]
