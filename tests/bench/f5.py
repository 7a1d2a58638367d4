# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What f5_as3 costs: checking a declaration beside jsonschema-rs alone, and requests beside one call per object.

    python -m tests.bench.f5        prints a table, status 1 when a bar is missed; LYNC_AS3_SCHEMA names AS3's schema

Each time is the best of several interleaved runs in fresh processes; both compile the schema, which is most of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5 import schema
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.client import Waits
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.driver import F5As3
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.provider import F5Options, F5Provider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.https import Connection
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import (
    Member,
    Monitor,
    Persistence,
    PersistenceKind,
    Service,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Task

ROOT = Path(__file__).resolve().parents[2]
POOLS, PORTS = 50, 17
ROUNDS = 5
CHECK_MAXIMUM = 2.0
IDEMPOTENT_REQUESTS_MAXIMUM = 2
MEMBER_REQUESTS_MAXIMUM = 4
_OBJECT_KINDS = ("ltm virtual", "ltm pool", "ltm monitor tcp", "ltm persistence source-addr", "ltm profile tcp")


def services(pools: int, members: int = 3) -> tuple[Service, ...]:
    """Return the services of so many pools, 17 each."""
    return tuple(
        Service(
            name=f"pool{pool:02}.contoso.com-{5000 + port}",
            pool=f"pool{pool:02}.contoso.com",
            vip=f"10.1.{pool}.100",
            port=5000 + port,
            protocol="tcp",
            node_port=5000 + port,
            members=tuple(Member(f"10.1.{pool}.{number}") for number in range(11, 11 + members)),
            monitor=Monitor(5061),
            persistence=Persistence(PersistenceKind.SOURCE, 1200, group=f"pool{pool:02}.contoso.com@10.1.{pool}.100"),
        )
        for pool in range(pools)
        for port in range(PORTS)
    )


def ours(document: object, path: str) -> None:
    """Check a declaration as the module does: schema with F5's formats, and the closed world."""
    schema.check(document, path)


def theirs(document: object, path: str) -> None:
    """Check it with the published schema as it is; jsonschema-rs alone knows none of F5's formats."""
    import jsonschema_rs

    validator = jsonschema_rs.validator_for(json.loads(Path(path).read_text(encoding="utf-8")))
    if list(validator.iter_errors(document)):
        sys.exit("the declaration is not valid; there is nothing to measure")


CHECKS: dict[str, Callable[[object, str], None]] = {"ours": ours, "jsonschema-rs": theirs}


def _once(name: str) -> float:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / ".collections"), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.f5", name],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def _timed(name: str) -> float:
    document: Any = F5As3().render(services(POOLS)).document
    start = time.process_time()
    CHECKS[name](document, os.environ["LYNC_AS3_SCHEMA"])
    return time.process_time() - start


def _requests() -> dict[str, int]:
    """Return the requests of an idempotent run, of a change of one member, and of one call per object."""
    from tests.simulators.f5_simulator import BigIpSimulator

    device = BigIpSimulator()
    wanted = services(10)
    connection = Connection(device.address, device.port, device.user, device.password, ca=device.ca)
    counts: dict[str, int] = {}
    for name, some in (
        ("first run", wanted),
        ("idempotent run", wanted),
        ("a change of members", services(10, members=2)),
    ):
        provider = F5Provider(Task(State.REPLACED, some, connection), F5Options(waits=Waits(60, 0.1)))
        reconcile(provider, check_mode=False)
        counts[name] = provider.requests - int(provider.result()["stats"]["verify_requests"])  # type: ignore[index]
    # A module that manages one object asks whether it is there, and what it says.
    counts["one call per object"] = 2 * sum(made["command"] in _OBJECT_KINDS for made in device.objects.values())
    device.stop()
    return counts


def main() -> int:
    """Measure and print; returns the exit status."""
    counts = _requests()
    for name, count in counts.items():
        print(f"{name + ', 170 services':<48}{count:6} requests")
    met = (
        counts["idempotent run"] <= IDEMPOTENT_REQUESTS_MAXIMUM
        and counts["a change of members"] <= MEMBER_REQUESTS_MAXIMUM
    )
    print(f"{'requests: at most 2 and 4':<48}{'ok' if met else 'MISSED':>15}")
    if not os.environ.get("LYNC_AS3_SCHEMA"):
        print("LYNC_AS3_SCHEMA names no copy of AS3's schema: the check of declarations is not measured")
        return 0 if met else 1
    times = [{name: _once(name) for name in CHECKS} for _round in range(ROUNDS)]
    best = {name: min(each[name] for each in times) for name in CHECKS}
    ratio = best["ours"] / best["jsonschema-rs"]
    for name, seconds in best.items():
        print(f"{f'check {POOLS * PORTS} virtual services, {name}':<48}{seconds:8.3f} s")
    print(
        f"{'ours / jsonschema-rs':<48}{ratio:8.2f}    at most {CHECK_MAXIMUM:g}    "
        f"{'ok' if ratio <= CHECK_MAXIMUM else 'MISSED'}"
    )
    return 0 if met and ratio <= CHECK_MAXIMUM else 1


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(_timed(sys.argv[1]))
        sys.exit(0)
    sys.exit(main())
