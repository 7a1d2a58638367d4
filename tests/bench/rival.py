# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measures our module against a loop of community.windows.win_firewall_rule: same rules, same simulated hosts, one run.

    python -m tests.bench.rival 20 2     RULES HOSTS

It prints a table and writes .build/bench-rival.json; status 1 when a ratio is missed. Then ours alone, where nothing
has to be done and the registry is known to be right: once more beside a thousand rules of others.

Both run in the PowerShell that LYNC_PWSH names, over WinRM, against the same fake of the firewall, which counts. Each
side starts on hosts as Windows and the product's setup leave them, and ends with the same rules, or there is no result.
A dry run of one rule warms each side up. Seconds of the processors stand beside those of the clock, as other work on
the machine stretches only the latter.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tests.lab.lab import Lab
from tests.simulators import tamper
from tests.simulators.firewall_store import NEW_RULE
from tests.simulators.powershell import PowerShellExecutor
from tests.simulators.rival import GROUP, RIVAL_ENVIRONMENT, Rules, our_play, rival_play
from tests.tools import wheel_collections
from tests.tools.runs import BUILD, ROOT

WORK = BUILD / "bench-rival"
RESULT = BUILD / "bench-rival.json"
FULL = (60, 5)
"""The rules and hosts that the bars on times hold for."""

SPEED_UP_MINIMUM = {"first converge": 20.0, "idempotent": 30.0}
PATIENCE = ("-e", "ansible_winrm_read_timeout_sec=600")
"""For both sides: five PowerShells at once may take long on a busy machine."""

FOREIGN_RULES = 1000
CROWDED_MAXIMUM = 1.3
"""How many times dearer a run that changes nothing may be beside that many rules of others, by CPU seconds."""
CROWDED_RUNS = 3
"""The cheapest of so many counts: whatever else the machine does makes a run dearer, never cheaper."""

WHY_NOT_ONE = (
    "A first converge of ours is 2 executions (gather, apply) and 3 enumerations (plan, locate, look again) a host, "
    "so its ratio of\nnumbers is the number of rules divided by 2, and what the rival enumerates divided by 3; "
    "only the idempotent run is 1 to the number of rules."
)
COUNTED = ("executions", "enumerations", "writes")


@dataclass(frozen=True)
class Cost:
    """What one play cost on all hosts together: seconds of the clock and of the processors, and what the fake
    counted.
    """

    seconds: float
    cpu_seconds: float
    executions: int
    enumerations: int
    writes: int


@dataclass(frozen=True)
class Bar:
    """How many times more one play costs than another, and what that has to be; None where nothing is asked."""

    name: str
    value: float
    minimum: float | None = None
    maximum: float | None = None

    @property
    def met(self) -> bool:
        """Return whether the ratio is met."""
        is_enough = self.minimum is None or self.value >= self.minimum
        return is_enough and (self.maximum is None or self.value <= self.maximum)

    def __str__(self) -> str:
        if self.minimum is None and self.maximum is None:
            return f"{self.name:<36}{self.value:9.1f}"
        asked = f"at least {self.minimum:g}" if self.maximum is None else f"at most {self.maximum:g}"
        return f"{self.name:<36}{self.value:9.1f}    {asked}    {'ok' if self.met else 'MISSED'}"


def rules(count: int) -> list[dict[str, Any]]:
    """Return so many rules that differ in name, port and peers."""
    return [
        {
            "name": f"Lync bench {number:03}",
            "protocol": ("tcp", "udp")[number % 2],
            "localport": str(5000 + number),
            "remoteip": f"10.{number}.0.0/16,10.200.{number}.1-10.200.{number}.9,LocalSubnet",
            "profiles": ["domain", "private"],
        }
        for number in range(1, count + 1)
    ]


class _Side:
    """One contestant: hosts of its own, alike at the start, and a play."""

    def __init__(
        self, name: str, hosts: int, program: str, play: Callable[..., str], environment: Mapping[str, str]
    ) -> None:
        directory = WORK / name
        directory.mkdir(parents=True)
        self.lab = Lab(directory, executor=PowerShellExecutor(program))
        self.lab.start({f"fe{number:02}": {"addresses": [f"10.250.0.{number}"]} for number in range(1, hosts + 1)})
        self._play, self._environment = play, environment

    def run(self, rules: Rules, changes: bool, *arguments: str, **options: object) -> Cost:
        """Run the play once on all hosts and return its cost; ends the program when it does not do what is expected."""
        before, start, cpu_start = self._counts(), time.perf_counter(), _cpu_seconds()
        played = self.lab.play(self._play("all", rules, **options), *PATIENCE, *arguments, **self._environment)
        seconds, cpu_seconds = time.perf_counter() - start, _cpu_seconds() - cpu_start
        if played.status or any(played.result(host)["changed"] is not changes for host in self.lab.stores):
            sys.exit(
                f"{self.lab.directory.name}: exit status {played.status}, changed should be "
                f"{changes}\n{played.output[-4000:]}"
            )
        return Cost(seconds, cpu_seconds, **{what: after - before[what] for what, after in self._counts().items()})

    def _counts(self) -> dict[str, int]:
        totals = [store.counts() for store in self.lab.stores.values()]
        return {what: sum(each[what] for each in totals) for what in COUNTED}

    def rules(self) -> list[dict[str, dict[str, Any]]]:
        """Return the rules of our group on each host, by name."""
        return [{rule["Name"]: rule for rule in tamper.show(store, GROUP)} for store in self.lab.stores.values()]

    def crowd(self, count: int) -> None:
        """Give each host so many rules of others."""
        for store in self.lab.stores.values():
            store.change(rules=[*store.read()["rules"], *map(_foreign, range(count))])


def _foreign(number: int) -> dict[str, Any]:
    """Return a rule of somebody else, of the kinds that Windows is full of."""
    kinds = (
        {"Protocol": 6, "LocalPorts": str(10000 + number), "RemoteAddresses": "LocalSubnet"},
        {"Protocol": 17, "ApplicationName": f"C:\\Program Files\\Vendor\\{number}.exe"},
    )
    named = {"Name": f"Foreign {number}", "Grouping": "Vendor", "Enabled": True, "id": f"{{foreign-{number}}}"}
    return {**NEW_RULE, **named, **kinds[number % len(kinds)]}


def _cpu_seconds() -> float:
    """Return what the children of this process that have ended used, ansible-playbook and every PowerShell."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _measure(rule_count: int, host_count: int, program: str) -> tuple[dict[str, dict[str, Cost]], dict[str, Cost]]:
    """Return the costs by play and side, and those of ours alone by who is there beside its rules.

    Both sides make the same rules, or the program ends.
    """
    shutil.rmtree(WORK, ignore_errors=True)
    wanted = rules(rule_count)
    ours = _Side("ours", host_count, program, our_play, {})
    rival = _Side("rival", host_count, program, rival_play, RIVAL_ENVIRONMENT)
    try:
        for side in (ours, rival):
            side.run(wanted[:1], True, "--check")
        plays = {"first converge": True, "idempotent": False}
        costs = {
            play: {"ours": ours.run(wanted, changes), "rival": rival.run(wanted, changes)}
            for play, changes in plays.items()
        }
        if ours.rules() != rival.rules() or len(ours.rules()[0]) != rule_count:
            sys.exit("the two sides did not make the same rules; there is nothing to compare")
        return costs, _crowded(ours, wanted)
    finally:
        ours.lab.stop()
        rival.lab.stop()


def _crowded(ours: _Side, wanted: Rules) -> dict[str, Cost]:
    """Return what ours costs where nothing differs, as the hosts are and beside many rules of others."""
    reading = {"gather_through": "auto", "evidence_dir": str(WORK / "evidence")}
    # The first contact: that the registry tells the same as COM is kept for those that follow.
    ours.run(wanted, False, **reading)

    def cheapest() -> Cost:
        costs = [ours.run(wanted, False, **reading) for _run in range(CROWDED_RUNS)]
        return min(costs, key=lambda cost: cost.cpu_seconds)

    alone = cheapest()
    ours.crowd(FOREIGN_RULES)
    return {"alone": alone, "crowded": cheapest()}


def _bars(costs: Mapping[str, Mapping[str, Cost]], rule_count: int, host_count: int) -> list[Bar]:
    """Return ratios of times, of both clocks, and of numbers.

    The bar on numbers holds where each host needs one look.
    """
    is_full = (rule_count, host_count) == FULL
    bars = []
    for play, sides in costs.items():
        ours, rival = sides["ours"], sides["rival"]
        minimum = SPEED_UP_MINIMUM[play] if is_full else None
        bars += [
            Bar(f"{play}, seconds", rival.seconds / ours.seconds, minimum),
            Bar(f"{play}, CPU seconds", rival.cpu_seconds / ours.cpu_seconds, minimum),
            *(
                Bar(f"{play}, {what}", getattr(rival, what) / getattr(ours, what), _least(play, rule_count))
                for what in ("executions", "enumerations")
            ),
        ]
    return bars


def _crowded_bars(costs: Mapping[str, Cost]) -> list[Bar]:
    alone, crowded = costs["alone"], costs["crowded"]
    return [
        Bar("idle, seconds", crowded.seconds / alone.seconds),
        Bar("idle, CPU seconds", crowded.cpu_seconds / alone.cpu_seconds, maximum=CROWDED_MAXIMUM),
        Bar("idle, executions", crowded.executions / alone.executions, maximum=1),
    ]


def _least(play: str, rule_count: int) -> float | None:
    """Return the bar on numbers: a run that changes something looks and writes, so it cannot be one to the number
    of rules.
    """
    return float(rule_count) if play == "idempotent" else None


def _print(costs: Mapping[str, Cost]) -> None:
    """Print a line for each play."""
    print(f"{'':<24}{'seconds':>10}{'CPU seconds':>14}" + "".join(f"{what:>14}" for what in COUNTED))
    for name, cost in costs.items():
        counted = "".join(f"{getattr(cost, what):14}" for what in COUNTED)
        print(f"{name:<24}{cost.seconds:10.1f}{cost.cpu_seconds:14.1f}{counted}")


def main() -> int:
    """Measure, print, write; returns the exit status."""
    rule_count, host_count = map(int, sys.argv[1:])
    program = os.environ.get("LYNC_PWSH", "")
    if not program:
        sys.exit("LYNC_PWSH does not name a PowerShell 7: export LYNC_PWSH=/path/to/pwsh")
    if not wheel_collections.provide("wheel-collections").passed:
        sys.exit(wheel_collections.ABSENT)
    costs, idle = _measure(rule_count, host_count, program)
    bars, crowded_bars = _bars(costs, rule_count, host_count), _crowded_bars(idle)
    _print({f"{play}, {side}": cost for play, sides in costs.items() for side, cost in sides.items()})
    print("\nThe rival's play costs so many times ours:", *bars, sep="\n")
    print(f"\n{WHY_NOT_ONE}\n")
    _print({f"idle, {name}": cost for name, cost in idle.items()})
    print(f"\nBeside {FOREIGN_RULES:,} rules of others ours costs so many times more:", *crowded_bars, sep="\n")
    plays = {play: {side: asdict(cost) for side, cost in sides.items()} for play, sides in costs.items()}
    result = {
        "rules": rule_count,
        "hosts": host_count,
        "plays": plays,
        "idle": {name: asdict(cost) for name, cost in idle.items()},
        "ratios": [{**asdict(ratio), "met": ratio.met} for ratio in (*bars, *crowded_bars)],
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"The same as JSON: {RESULT.relative_to(ROOT)}")
    return 0 if all(ratio.met for ratio in (*bars, *crowded_bars)) else 1


if __name__ == "__main__":
    sys.exit(main())
