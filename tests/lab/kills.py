# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller dies while it remediates: killed with all of its processes, at a random moment between first and last
request.

    with Kills(directory) as kills:
        kills.once(seed=3)      raises AssertionError when the run after it does not make everything as it was

A host ends what it was told before the controller died, as a Windows does whose WinRM client is gone. Half of the runs
confirm their changes; what was not confirmed is taken back by the host, and only then may the next run write.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..simulators.executor import Command, Completed, PythonExecutor
from ..simulators.firewall_store import FirewallStore
from .deviations import REPAIRABLE, inject
from .lab import ROOT, Played, descendants
from .site_lab import SiteLab

HOSTS = 3
DEVIATIONS = 15
CONFIRM_MINUTES = 5
PATIENCE_SECONDS = 300
_FIREWALL = ("--tags", "firewall")


def deployment() -> dict[str, Any]:
    """Return an inventory of one Front End pool, whose load balancer is somebody else's."""
    pool = {"role": "frontend", "load_balancing": "dns", "balancer": "lb01", "web_vip": "10.1.0.101"}
    hosts = {
        f"fe{number}": {"ansible_host": f"10.1.0.{number}", "lync_pool": "pool01.contoso.com"}
        for number in range(11, 11 + HOSTS)
    }
    common = {
        "lync_client_networks": ["10.10.0.0/16"],
        "lync_version": "2013",
        "lync_pools": {"pool01.contoso.com": pool},
    }
    balancers = {"lb01": {"ansible_host": "10.1.0.5", "lync_balancer_driver": "f5_as3", "lync_managed": False}}
    return {"all": {"vars": common, "children": {"frontend": {"hosts": hosts}, "load_balancers": {"hosts": balancers}}}}


def kill_controller(run: subprocess.Popen[bytes], spares: Callable[[str], bool] = lambda command: False) -> list[int]:
    """Kill a run with all that it started, and return what goes on: processes whose command is to be spared."""
    commands = {pid: command_of(pid) for pid in descendants(run.pid)}
    spared = [pid for pid, command in commands.items() if spares(command)]
    for pid in (run.pid, *commands):
        with contextlib.suppress(ProcessLookupError):
            if pid not in spared:
                os.kill(pid, signal.SIGKILL)
    run.wait()
    return spared


def command_of(pid: int) -> str:
    """Return the command line of a process, empty when it has ended."""
    try:
        text = pathlib.Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return text.replace("\0", " ")


class Counting(PythonExecutor):
    """Counts the requests, tells when a certain one comes, and when all that came are answered."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._moment = 0
        self.came = self.answered = 0

    def watch(self, moment: int = 0) -> None:
        """Count from zero; moment: the number of the request, from 1, that is waited for."""
        with self._lock:
            self._moment, self.came, self.answered = moment, 0, 0

    def run(self, store: FirewallStore, command: Command) -> Completed:
        """Run a command."""
        with self._lock:
            self.came += 1
            self._lock.notify_all()
        try:
            return super().run(store, command)
        finally:
            with self._lock:
                self.answered += 1
                self._lock.notify_all()

    def wait_for_moment(self) -> bool:
        """Wait until the request comes; False when it does not."""
        with self._lock:
            return self._lock.wait_for(lambda: self.came >= self._moment, PATIENCE_SECONDS)

    def wait_for_answers(self) -> None:
        """Wait until no request is being worked on."""
        with self._lock:
            if not self._lock.wait_for(lambda: self.came == self.answered, PATIENCE_SECONDS):
                raise AssertionError("a host does not end its work")


@dataclass(frozen=True)
class Killed:
    """What a kill hit: which request of how many, deviations left, hosts whose change waited to be taken back."""

    moment: int
    requests: int
    left: int
    waiting: tuple[str, ...]


class Kills:
    """A converged deployment that is damaged, remediated and killed over and over."""

    def __init__(self, directory: pathlib.Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        source = directory / "hosts.json"
        source.write_text(json.dumps(deployment()), encoding="utf-8")
        self._site = SiteLab(source, directory / "lab")
        self._executor = Counting()
        self._site.lab.executor = self._executor
        self._requests: dict[bool, int] = {}

    def __enter__(self) -> Kills:
        self._site.__enter__()
        self._expect_done(self._site.playbook("site", *_FIREWALL))
        self._wanted = self._state()
        self._foreign = {host: self._site.foreign(host) for host in self._stores}
        return self

    def __exit__(self, *error: object) -> None:
        self._site.__exit__(*error)

    def once(self, seed: int) -> Killed:
        """Damage, remediate, kill; then remediate again, and compare with the state before the damage."""
        chance = random.Random(seed)
        confirms = seed % 2 == 0
        first, last = self._span(confirms)
        inject(self._stores, DEVIATIONS, chance, REPAIRABLE)
        moment = chance.randint(first, last)
        self._kill(moment, confirms, chance)
        left = sum(rules != self._wanted[host] for host, rules in self._state().items())
        self._expect_foreign()
        waiting = self._waiting()
        self._converge(confirms, waiting)
        return Killed(moment, last, left, waiting)

    @property
    def _stores(self) -> dict[str, FirewallStore]:
        return self._site.lab.stores

    def _span(self, confirms: bool) -> tuple[int, int]:
        """Return which requests of a remediation that is not killed are the first and the last after comparing."""
        if confirms not in self._requests:
            inject(self._stores, DEVIATIONS, random.Random(0), REPAIRABLE)
            self._executor.watch()
            self._expect_done(self._remediate(confirms))
            self._requests[confirms] = self._executor.came
            self._expect_state()
        return HOSTS + 1, self._requests[confirms]

    def _arguments(self, confirms: bool) -> tuple[str, ...]:
        more = ("-e", f"lync_confirm_minutes={CONFIRM_MINUTES}") if confirms else ()
        return ("-e", "lync_remediate=true", *_FIREWALL, *more)

    def _remediate(self, confirms: bool) -> Played:
        return self._site.playbook("drift", *self._arguments(confirms))

    def _kill(self, moment: int, confirms: bool, chance: random.Random) -> None:
        self._executor.watch(moment)
        run = self._site.lab.begin(
            ROOT / "playbooks" / "drift.yml", "-i", str(self._site.source), *self._arguments(confirms)
        )
        try:
            came = self._executor.wait_for_moment()
            # From before the host has done anything to after the controller has its answer.
            time.sleep(chance.choice((0, 0.02, 0.1, 0.4)))
        finally:
            kill_controller(run)
        assert came, f"the remediation made {self._executor.came} requests only, not {moment}"
        self._executor.wait_for_answers()

    def _converge(self, confirms: bool, waiting: tuple[str, ...]) -> None:
        again = self._remediate(confirms)
        if waiting and again.status:
            assert "a change of an earlier run was not confirmed and is taken back in" in again.output, again.output
            for store in self._stores.values():
                store.advance(CONFIRM_MINUTES)
            again = self._remediate(confirms)
        self._expect_done(again)
        self._expect_state()
        for store in self._stores.values():
            store.advance(CONFIRM_MINUTES)
        self._expect_state()

    def _state(self) -> dict[str, list[dict[str, Any]]]:
        """Return what each host has of ours, without the ids that a rule gets when it is made."""
        rules = {host: [{**rule, "id": ""} for rule in self._site.rules(host)] for host in self._stores}
        return {host: sorted(items, key=lambda rule: str(rule["Name"])) for host, items in rules.items()}

    def _waiting(self) -> tuple[str, ...]:
        """Return the hosts on which a change waits to be taken back."""
        tasks = {host: store.read()["task"] for host, store in self._stores.items()}
        return tuple(host for host, task in tasks.items() if task and not task["has_run"])

    def _expect_state(self) -> None:
        assert (self._state(), self._waiting()) == (self._wanted, ())
        self._expect_foreign()

    def _expect_foreign(self) -> None:
        """Whatever happened, the rules of others are as they were."""
        assert all(rules and self._site.foreign(host) == rules for host, rules in self._foreign.items())

    @staticmethod
    def _expect_done(played: Played) -> None:
        assert played.status == 0, played.output
