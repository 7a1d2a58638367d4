# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan and render what one load balancer carries in a fresh process, and print the CPU seconds.

Few pools, many pools, of these the collector's.

    PYTHONPATH=.collections python -m tests.bench.balancers haproxy

Many pools are ten times the few. The few are measured with ten sets of pools in turn, since data that a run has just
used would still be in the processor's cache: a run of a playbook reads everything once. Of each the least of several
rounds counts. Of the services on the balancer a tenth is missing, a tenth has other members, and as many are not
wanted.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.changes import plan_changes
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.driver import Kemp
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.planner import plan_commands
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import (
    Member,
    Monitor,
    Persistence,
    PersistenceKind,
    Service,
    affinity_group,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.driver import NetScaler
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.planner import Scope, plan_resources
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.resources import (
    resources_of,
    services_of,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.registry import DRIVERS

POOLS = 100
SETS = 10
ROUNDS = 5
_PORTS = (5061, 444, 135, 80, 8080, 443, 4443, 5071, 5072, 5073, 5075, 5076, 5080, 448, 5070)


def services(name: str, pools: Sequence[int]) -> tuple[Service, ...]:
    """Return 15 services of each of these pools, with three members each, as the driver of this name carries them."""
    protocol = "udp" if name == "nftables_udp" else "tcp"
    return tuple(
        replace(service, protocol=protocol)
        for number in pools
        for service in _pool(f"pool{number:03}.contoso.com", f"10.{1 + number // 200}.{number % 200}")
    )


def _pool(name: str, net: str) -> list[Service]:
    members = tuple(Member(f"{net}.{last}") for last in (11, 12, 13))
    kept = Persistence(PersistenceKind.SOURCE, 1200, group=affinity_group(name, f"{net}.100"))
    return [
        Service(f"{name}-{port}", name, f"{net}.100", port, "tcp", port, members, Monitor(5061), kept)
        for port in _PORTS
    ]


def before(want: Sequence[Service]) -> list[Service]:
    """Return what is there instead."""
    fewer = [replace(service, members=service.members[:2]) for service in want[1::10]]
    stale = [replace(service, name=f"{service.name}-old", port=service.port + 10000) for service in want[0::10]]
    return [*fewer, *stale, *(service for index, service in enumerate(want) if index % 10 > 1)]


def _netscaler(driver: NetScaler, want: Sequence[Service], document: object) -> tuple[tuple[Service, ...], object]:
    tables = driver.tables(document)
    return services_of(tables, driver.prefix), plan_resources(
        resources_of(want, driver.prefix), tables, Scope(driver.prefix)
    ).steps


def _kemp(driver: Kemp, want: Sequence[Service], document: object) -> tuple[tuple[Service, ...], object]:
    have = Kemp().read(document).services
    return driver.parse(document), plan_commands(driver.virtual_services(want), have, have)


def plan(name: str, want: Sequence[Service], document: object) -> int:
    """Render what is wanted, read what is there, plan, in the device's own words too where it has some.

    Returns the number of changes.
    """
    driver = DRIVERS[name]
    driver.render(want)
    said = tuple(map(driver.expressible, want))
    if isinstance(driver, NetScaler):
        have, own = _netscaler(driver, said, document)
    elif isinstance(driver, Kemp):
        have, own = _kemp(driver, said, document)
    else:
        have, own = driver.parse(document), True
    return len(plan_changes(said, have, State.REPLACED, driver.effects)) if own else 0


def document_of(name: str, want: Sequence[Service]) -> object:
    """Return what the balancer answers when it is asked: a configuration's text, or objects."""
    rendered = DRIVERS[name].render(before(want))
    return rendered.text if name == "netscaler" else rendered.document


class _Collector:
    """Adds up the CPU seconds of the garbage collector."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._start = 0.0
        gc.callbacks.append(self._called)

    def _called(self, phase: str, info: object) -> None:
        now = time.process_time()
        if phase == "start":
            self._start = now
        else:
            self.seconds += now - self._start


def _timed(
    name: str, runs: Sequence[tuple[tuple[Service, ...], object]], collector: _Collector
) -> tuple[float, float]:
    """Return the mean seconds of these runs, and of these the collector's."""
    gc.collect()
    collector.seconds, start = 0.0, time.process_time()
    if not all(plan(name, want, document) for want, document in runs):
        sys.exit(f"{name}: nothing was planned; there is nothing to measure")
    return (time.process_time() - start) / len(runs), collector.seconds / len(runs)


def main() -> None:
    """Print the seconds of few and of many pools, and the collector's share of the latter."""
    name = sys.argv[1]
    parts = [services(name, range(start, POOLS, SETS)) for start in range(SETS)]
    wanted = {"few": parts, "many": [services(name, range(POOLS))]}
    runs = {kind: [(want, document_of(name, want)) for want in sets] for kind, sets in wanted.items()}
    collector = _Collector()
    _timed(name, runs["few"], collector)
    rounds = [{kind: _timed(name, some, collector) for kind, some in runs.items()} for _round in range(ROUNDS)]
    few, many = (min(each[kind] for each in rounds) for kind in ("few", "many"))
    print(f"{few[0]:.5f} {many[0]:.5f} {many[1]:.5f}")


if __name__ == "__main__":
    main()
