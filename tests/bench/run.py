# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measures what the plan costs, against an empty play of the same run, and how compiling, planning one host, and
planning load balancers grow.

    python -m tests.bench.run        prints a table, writes .build/bench.json, status 1 when a bar is missed

Each time is the best of several interleaved runs in fresh processes, so that other work on the machine hits all alike.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import yaml

from .deployment import deployment

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".build" / "bench"
RESULT = ROOT / ".build" / "bench.json"
PLAYBOOK_HOSTS = 500
PLAYBOOK_ROUNDS = 5
COMPILE_HOSTS = (50, 500, 5000)
COMPILE_ROUNDS = 3
PLAN_RULES = (100, 1000)
"""Wanted rules of one host, and as many present ones."""

PLAN_ROUNDS = 3
GUARD_RULES, GUARD_CONNECTIONS = (740, 7400), 2000
GUARD_SECONDS = 2.0
"""Foreign rules of one host with so many connections; their effects and the guard together."""

BALANCER_DRIVERS = ("haproxy", "nftables_udp", "f5_as3", "netscaler", "kemp")
PLAN_TO_EMPTY_MAXIMUM = 4.0
IMPORT_MACHINES, IMPORT_SECONDS = 500, 2.0
GROWTH_MAXIMUM = 12.0
"""Ten times the hosts, rules or pools may cost at most this many times the seconds."""

EMPTY_PLAY = "---\n- name: Nothing\n  hosts: all\n  gather_facts: false\n  tasks: []\n"


@dataclass(frozen=True)
class Ratio:
    """A bar: value is a quotient of two times of this run, maximum what it may be."""

    name: str
    value: float
    maximum: float

    @property
    def met(self) -> bool:
        """Return whether the bar is met."""
        return self.value <= self.maximum


def _checked(arguments: Sequence[str | Path], environment: dict[str, str]) -> str:
    done = subprocess.run(
        [str(part) for part in arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(
            f"{' '.join(map(str, arguments))}\nexit status "
            f"{done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        )
    return done.stdout


def _playbook(playbook: Path, inventory: Path) -> float:
    start = time.perf_counter()
    _checked(
        [
            Path(sys.executable).parent / "ansible-playbook",
            "-i",
            inventory,
            "-e",
            f"lync_plan_dir={WORK / 'plan'}",
            playbook,
        ],
        {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
    )
    return time.perf_counter() - start


def _compile(hosts: int) -> float:
    seconds, rules = _checked(
        [sys.executable, "-m", "tests.bench.compile_once", str(hosts)], {"PYTHONPATH": str(ROOT / ".collections")}
    ).split()
    if int(rules) < hosts:
        sys.exit(f"compiling {hosts} hosts gave {rules} firewall rules; there is nothing to measure")
    return float(seconds)


def _plan(rules: int) -> float:
    seconds, changes = _checked(
        [sys.executable, "-m", "tests.bench.reconcile", str(rules)], {"PYTHONPATH": str(ROOT / ".collections")}
    ).split()
    if int(changes) != rules * 4 // 10:
        sys.exit(
            f"planning {rules} rules gave {changes} operations, not {rules * 4 // 10}; it is not what was to be "
            "measured"
        )
    return float(seconds)


def _guard(rules: int) -> float:
    arguments = [sys.executable, "-m", "tests.bench.guard", str(rules), str(GUARD_CONNECTIONS)]
    seconds, changes, cuts = _checked(arguments, {"PYTHONPATH": str(ROOT / ".collections")}).split()
    if (int(changes), int(cuts)) != (50, 94):
        sys.exit(f"beside {rules} rules there were {changes} changes and {cuts} cuts, not 50 and 94")
    return float(seconds)


def _import(machines: int) -> float:
    arguments = [sys.executable, "-m", "tests.bench.topology_once", str(machines)]
    seconds, hosts = _checked(arguments, {"PYTHONPATH": str(ROOT / ".collections")}).split()
    if int(hosts) != machines:
        sys.exit(f"a topology of {machines} machines gave {hosts} hosts; there is nothing to measure")
    return float(seconds)


def _balancers() -> dict[str, float]:
    """Return the seconds of planning and rendering 10 and 100 pools of 15 services, by driver.

    That process takes the least of its own rounds.
    """
    found: dict[str, float] = {}
    for name in BALANCER_DRIVERS:
        few, many, collected = map(
            float,
            _checked(
                [sys.executable, "-m", "tests.bench.balancers", name], {"PYTHONPATH": str(ROOT / ".collections")}
            ).split(),
        )
        found |= {f"{name} 10 pools": few, f"{name} 100 pools": many, f"{name} 100 pools, collector": collected}
    return found


def _best(rounds: int, measures: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    times = [{name: measure() for name, measure in measures.items()} for _round in range(rounds)]
    return {name: min(each[name] for each in times) for name in measures}


def _measure() -> dict[str, float]:
    WORK.mkdir(parents=True, exist_ok=True)
    inventory, empty = WORK / "inventory.yml", WORK / "empty.yml"
    inventory.write_text(yaml.safe_dump(deployment(PLAYBOOK_HOSTS), sort_keys=False), encoding="utf-8")
    empty.write_text(EMPTY_PLAY, encoding="utf-8")
    playbooks = {
        "empty play": lambda: _playbook(empty, inventory),
        "plan.yml": lambda: _playbook(ROOT / "playbooks" / "plan.yml", inventory),
    }
    compiles = {f"compile {hosts}": partial(_compile, hosts) for hosts in COMPILE_HOSTS}
    plans = {f"plan {rules} wanted x {rules} present rules": partial(_plan, rules) for rules in PLAN_RULES}
    guards = {f"guard beside {rules} rules": partial(_guard, rules) for rules in GUARD_RULES}
    return {
        **_best(PLAYBOOK_ROUNDS, playbooks),
        **_best(COMPILE_ROUNDS, compiles),
        **_best(PLAN_ROUNDS, plans),
        **_best(PLAN_ROUNDS, guards),
        **_best(PLAN_ROUNDS, {f"import {IMPORT_MACHINES} machines": partial(_import, IMPORT_MACHINES)}),
        **_balancers(),
    }


def _ratios(seconds: dict[str, float]) -> list[Ratio]:
    growth = [
        Ratio(
            f"compile {more} / {fewer} hosts", seconds[f"compile {more}"] / seconds[f"compile {fewer}"], GROWTH_MAXIMUM
        )
        for fewer, more in itertools.pairwise(COMPILE_HOSTS)
    ]
    few, many = PLAN_RULES
    times = [seconds[f"plan {rules} wanted x {rules} present rules"] for rules in (many, few)]
    growth += [
        Ratio(f"{name} 100 / 10 pools", seconds[f"{name} 100 pools"] / seconds[f"{name} 10 pools"], GROWTH_MAXIMUM)
        for name in BALANCER_DRIVERS
    ]
    growth.append(Ratio(f"plan {many} x {many} / {few} x {few} rules", times[0] / times[1], GROWTH_MAXIMUM))
    fewer, more = (seconds[f"guard beside {rules} rules"] for rules in GUARD_RULES)
    growth.append(Ratio("guard beside 10 times the rules", more / fewer, GROWTH_MAXIMUM))
    growth.append(Ratio(f"guard beside {GUARD_RULES[-1]} rules, s", more, GUARD_SECONDS))
    name = f"import {IMPORT_MACHINES} machines"
    growth.append(Ratio(f"{name}, s", seconds[name], IMPORT_SECONDS))
    return [
        Ratio(
            f"plan.yml / empty play, {PLAYBOOK_HOSTS} hosts",
            seconds["plan.yml"] / seconds["empty play"],
            PLAN_TO_EMPTY_MAXIMUM,
        ),
        *growth,
    ]


def main() -> int:
    """Measure, print, write; returns the exit status."""
    seconds = _measure()
    ratios = _ratios(seconds)
    for name, value in seconds.items():
        print(f"{name:<36}{value:9.3f} s")
    for ratio in ratios:
        print(f"{ratio.name:<36}{ratio.value:9.2f}    at most {ratio.maximum:g}    {'ok' if ratio.met else 'MISSED'}")
    result = {"seconds": seconds, "ratios": [{**asdict(ratio), "met": ratio.met} for ratio in ratios]}
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"The same as JSON: {RESULT.relative_to(ROOT)}")
    return 0 if all(ratio.met for ratio in ratios) else 1


if __name__ == "__main__":
    sys.exit(main())
