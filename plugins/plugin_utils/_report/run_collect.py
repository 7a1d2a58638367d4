# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The screen of one run of site.yml: from the compiled plan and what its tasks registered on the hosts.

    screen_of(state, variables, played, Settings(check=True)).word

Who was to answer is known from the plan, so that a host without a result is never taken for one that has nothing to do.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .._drift.assumptions import last_report, unconfirmed
from .._plan.files import Document
from .._rollout.dns_results import was_asked
from .._rollout.dns_scope import is_ready, run_scope
from .._rollout.held_hosts import held, results_under
from .._rollout.outcome import Result, results_of
from .._rollout.run_state import RunState
from .run_parts import Concern, Part, Status, looked_at_again, part_of
from .run_probes import comparison
from .run_rollback import Command
from .run_summary import Run, Screen, touched_places

Variables = Callable[[str], Mapping[str, object]]
"""The variables of a host by its name: results as they were registered."""
# What the tasks of site.yml register, in their order; the first one is skipped on a host that was stopped.
_REGISTERED = {
    Concern.FIREWALL: ["windows_firewall_opened", "windows_firewall_closed"],
    Concern.LINUX: ["linux_firewall_opened", "linux_firewall_closed"],
    Concern.IPSEC: ["ipsec_exemptions_opened", "ipsec_exemptions_closed"],
    Concern.BALANCER: ["load_balancer_applied", "load_balancer_udp_applied"],
    Concern.PROXY: ["reverse_proxy_applied"],
}
# The tags of the tasks in site.yml, by which a user chooses.
_TAGS = {
    Concern.FIREWALL: "firewall",
    Concern.LINUX: "linux_firewall",
    Concern.IPSEC: "ipsec",
    Concern.BALANCER: "load_balancer",
    Concern.PROXY: "load_balancer",
    Concern.DNS: "dns",
}
_EVERY_TAG = frozenset({"all", "tagged"})
# Under these names results are kept when the tasks are run once more, to look at what was written.
_DONE = {Concern.BALANCER: "load_balancer_done", Concern.PROXY: "reverse_proxy_done"}
_DNS = ["dns_records_applied", "dns_records_verified"]


@dataclass(frozen=True)
class Settings:
    """How a screen is made.

    directory: of reports, empty for none. probed: what probes before and after the change were registered as. now: with time zone.
    tags, skipped: as the run was given them.
    """

    check: bool
    now: datetime.datetime
    directory: str = ""
    confirm_minutes: int = 0
    snapshot: bool = True
    reference: str = ""
    probed: tuple[str, str] = ("probes_before", "probes_after")
    command: Command = Command()
    tags: frozenset[str] = frozenset({"all"})
    skipped: frozenset[str] = frozenset()

    def selects(self, concern: Concern) -> bool:
        """Return whether the tags of a run include a concern."""
        tag = _TAGS[concern]
        return bool(self.tags & {tag, *_EVERY_TAG}) and not self.skipped & {tag, *_EVERY_TAG}


def screen_of(state: RunState, variables: Variables, played: Sequence[str], settings: Settings) -> Screen:
    """Return the screen of a run; played: the hosts of this run, in its order."""
    hosts, pools = state.hosts(), state.pools()
    expected = _expected(state, set(played))
    found = {concern: list(_parts(concern, names, variables, settings)) for concern, names in expected.items()}
    dns = _dns(played, variables, settings)
    parts = (*(part for some in found.values() for part in some), *dns)
    report = last_report(Path(settings.directory)) if settings.directory else None
    waiting = sorted({part.device for part in parts if part.status is Status.NOT_CLOSED})
    return Screen(
        Run(
            check=settings.check,
            digest=state.digest(),
            hosts=len(hosts),
            pools=len(pools),
            not_run=_not_run(expected, found, () if dns else pools),
            left=_left(pools, hosts, _ready(state, variables)) if found[Concern.BALANCER] or dns else {},
            held={} if settings.check else held(state, variables, waiting),
            unconfirmed=unconfirmed(hosts, pools, report),
            touched=touched_places(parts, hosts, pools),
            confirm_minutes=settings.confirm_minutes,
            snapshot=settings.snapshot,
            command=settings.command,
            probes=comparison(state, variables, settings.probed, settings.now),
            verified=report,
            balancers=tuple(state.balancers()),
            directory=settings.directory,
            reference=settings.reference,
            made=settings.now.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        ),
        parts,
    )


def _expected(state: RunState, played: set[str]) -> dict[Concern, list[str]]:
    """Return the devices of this run by concern: those that have to answer when anyone of the concern does."""
    windows, linux = ([host for wave in state.waves(platform).waves for host in wave] for platform in ("windows", "linux"))
    balancers, proxies = ([name for name in names if name in played] for names in (state.balancers(), state.proxies()))
    return {Concern.FIREWALL: windows, Concern.LINUX: linux, Concern.IPSEC: windows, Concern.BALANCER: balancers, Concern.PROXY: proxies}


def _parts(concern: Concern, names: Iterable[str], variables: Variables, settings: Settings) -> Iterator[Part]:
    """Yield the parts of a concern; none when the tags of the run leave it out."""
    if settings.selects(concern):
        results = {name: results_of(variables(name), _REGISTERED[concern]) for name in sorted(names)}
        yield from (_part(name, concern, found, variables) for name, found in results.items())


def _part(name: str, concern: Concern, results: list[Result], variables: Variables) -> Part:
    done = variables(name).get(_DONE.get(concern, ""))
    if not isinstance(done, list):
        return part_of(name, concern, results)
    first = [result for result in done if isinstance(result, Mapping) and result and not result.get("skipped")]
    return looked_at_again(part_of(name, concern, first), results)


def _dns(played: Sequence[str], variables: Variables, settings: Settings) -> tuple[Part, ...]:
    """Return the part of DNS, whose tasks run once and register on any host; none where there was no server to ask."""
    everybody = {name: variables(host)[name] for name in _DNS for host in reversed(played) if name in variables(host)}
    results = results_under(everybody, _DNS)
    is_lost = not everybody and bool(played) and settings.selects(Concern.DNS)
    return (part_of("DNS", Concern.DNS, results),) if is_lost or any(map(was_asked, results)) else ()


def _not_run(expected: Mapping[Concern, list[str]], found: Mapping[Concern, list[Part]], pools: Iterable[Document]) -> dict[str, int]:
    """Return which concerns nobody was asked about, with their devices; pools: those whose records nobody looked at."""
    counts = {concern.value: len(names) for concern, names in expected.items() if names and not found[concern]}
    records = sum(bool(pool.get("dns_records")) for pool in pools)
    return {**counts, **({Concern.DNS.value: records} if records else {})}


def _left(pools: Sequence[Document], hosts: Sequence[Document], ready: Mapping[str, bool]) -> dict[str, str]:
    """Return the pools of which load balancers and DNS are left as they are, and why."""
    concerned = {str(pool["pool"]) for pool in pools if pool.get("virtual_services") or pool.get("dns_records")}
    return {name: why for name, why in run_scope(pools, hosts, ready).left_out.items() if name in concerned}


def _ready(state: RunState, variables: Variables) -> dict[str, bool]:
    """Return which members of pools were open for traffic when load balancers and DNS were changed."""
    names = [host for wave in state.waves().waves for host in wave]
    return {name: is_ready(name, results_of(variables(name), _REGISTERED[Concern.FIREWALL][:1])) for name in names}
