# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kills the controller at a random moment of site.yml, again and again, with and without changes that have to be
confirmed: drift.yml tells afterwards whatever is not as planned or waits to be taken back, and the next run converges.

python -m tests.bench.kill [--count 50] [--seed 1000] [--kind firewall|ipsec|nftables|haproxy|dns|remediation]

A line for each kill; status 1 when one is not recovered from, or a report says less than is so. nftables and the kernel
are those of this machine, in a network namespace; HAProxy and BIND are real, Windows hosts are simulated. Kinds whose
programs are missing are left out, and that is said.
"""

from __future__ import annotations

import abc
import argparse
import contextlib
import difflib
import json
import random
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.findings import test_safety_linux, test_safety_rollout
from tests.findings.lab import Deployment, LinuxHost, linux_host, own_lines, says_fine
from tests.lab.deviations import REPAIRABLE, inject
from tests.lab.kills import CONFIRM_MINUTES, Counting, Kills, command_of, deployment, kill_controller
from tests.lab.lab import READY, ROOT, Played
from tests.simulators import bind, ipsec_store, netns, proxies

TIMES, FIRST_SEED = 50, 1000
WORK = ROOT / ".build" / "bench-kill"
_DAMAGES = 6
_PATIENCE_SECONDS = 120
_DELAYS = (0, 0.02, 0.1, 0.3, 0.6)


class UntrueError(Exception):
    """A report says less than is so, or the next run did not converge."""


@dataclass(frozen=True)
class Moment:
    """Where a run is killed: at a call to a host by its number, or after a share of the run; then so much later."""

    call: int
    share: float
    delay: float


class World(abc.ABC):
    """One converged deployment that is damaged, and whose repair is killed, over and over."""

    tags = ""
    # How many calls of a run look only, and how many confirm; none where nothing is confirmed.
    looks, confirms = 1, 0

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stack = contextlib.ExitStack()
        self.site = self.start()
        self.reset()
        started = time.monotonic()
        self.expect_done(self.site.play("site", *self.arguments(bool(self.confirms))))
        self._calls, self._seconds = self.calls(), time.monotonic() - started
        self.wanted = self.state()

    @abc.abstractmethod
    def start(self) -> Deployment:
        """Start the devices, and return the deployment."""

    @abc.abstractmethod
    def damage(self, chance: random.Random) -> None:
        """Change something of ours that site.yml repairs."""

    @abc.abstractmethod
    def state(self) -> object:
        """Return what the devices have, by an independent look."""

    def is_pending(self) -> bool:
        """Return whether a change waits to be taken back."""
        return False

    def calls(self) -> int:
        """Return how often a device was called since the last reset."""
        return 0

    def reset(self) -> None:
        """Count from zero."""
        return

    def settle(self, spared: list[int]) -> None:
        """Wait until the devices have ended what they were told."""
        self.until(lambda: not any(map(command_of, spared)), "what a host does")

    def play(self, name: str, *more: str) -> Played:
        return self.site.play(name, "--tags", self.tags, *READY, *more)

    def arguments(self, confirms: bool) -> tuple[str, ...]:
        more = ("-e", f"lync_confirm_minutes={CONFIRM_MINUTES}") if confirms else ()
        return ("--tags", self.tags, *READY, *more)

    def once(self, seed: int) -> str:
        """Damage, repair, kill; look; repair again. Return what was hit."""
        chance = random.Random(seed)
        confirms = bool(self.confirms) and chance.random() < 0.5
        self.damage(chance)
        calls = self._calls - (0 if confirms else self.confirms)
        moment = Moment(chance.randint(min(self.looks, calls), calls), chance.random(), chance.choice(_DELAYS))
        has_ended = self._kill(moment, confirms, takes_modules=chance.random() < 0.5)
        differs, waits = self.state() != self.wanted, self.is_pending()
        self._look(differs, waits)
        self._converge(waits, chance)
        where = f"at call {moment.call} of {calls}" if calls else f"at {moment.share:.0%}"
        words = [f"killed {where}{' (it had ended)' if has_ended else ''}"]
        words += ["with a way back" if confirms else ""] + ["not as planned then"] * differs
        words += ["waited to be taken back"] * waits
        return ", ".join(filter(None, words))

    def _kill(self, moment: Moment, confirms: bool, takes_modules: bool) -> bool:
        """Kill a repair; takes_modules: with what it has running on hosts. Return whether it had ended before."""
        self.reset()
        run = self.site.lab.begin(ROOT / "playbooks" / "site.yml", "-i", str(self.site.file), *self.arguments(confirms))
        if self._calls:
            self.until(lambda: self.calls() >= moment.call or run.poll() is not None, "a call")
        else:
            time.sleep(self._seconds * (0.4 + 0.6 * moment.share))
        time.sleep(moment.delay)
        has_ended = run.poll() is not None
        # What armed a way back goes on: it has left the controller as a service of the host.
        spares = (lambda command: "ansible" not in command) if takes_modules else self._is_of_host
        self.settle([pid for pid in kill_controller(run, spares) if self._is_of_host(command_of(pid))])
        return has_ended

    @staticmethod
    def _is_of_host(command: str) -> bool:
        return "AnsiballZ" in command and "ansible-playbook" not in command

    def _look(self, differs: bool, waits: bool) -> None:
        found = self.play("drift")
        is_clean = found.status == 0 or says_fine(found) or re.search(r"\b0 deviations", found.output) is not None
        if is_clean and (differs or waits):
            raise UntrueError(f"drift.yml calls it as planned (differs: {differs}, waits: {waits}):\n{found.output}")
        if waits and not any("taken back" in line for line in own_lines(found)):
            raise UntrueError(f"drift.yml does not say that a change waits to be taken back:\n{found.output}")

    def _converge(self, waits: bool, chance: random.Random) -> None:
        again = self.play("site")
        if waits:
            if again.status == 0 or says_fine(again) or "taken back" not in again.output:
                raise UntrueError(f"site.yml does not mind the change that waits:\n{again.output}")
            again = self.play("site", "-e", f"lync_pending={chance.choice(('confirm', 'revert'))}")
            if again.status:  # the way back was written by the run with lync_pending, the plan by the next
                again = self.play("site")
        self.expect_done(again)
        self.expect_wanted(f"the next run\n{again.output}")

    def expect_done(self, played: Played) -> None:
        if played.status:
            raise UntrueError(played.output)

    def expect_wanted(self, after: str) -> None:
        found = self.state()
        if found != self.wanted or self.is_pending():
            old, new = (json.dumps(each, indent=1, default=str).splitlines() for each in (self.wanted, found))
            parts = "\n".join(difflib.unified_diff(old, new, "before", "now", lineterm="", n=1))
            raise UntrueError(f"not as before after {after}\n{parts}\npending: {self.is_pending()}")

    @staticmethod
    def until(is_so: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + _PATIENCE_SECONDS
        while not is_so():
            if time.monotonic() > end:
                raise UntrueError(f"{what} does not come to an end")
            time.sleep(0.01)


class Windows(World):
    """Front End Servers; what a host was told it does, as one whose WinRM client is gone."""

    tags, looks, confirms = "firewall", 3, 3

    def start(self) -> Deployment:
        inventory = deployment()
        inventory["all"]["vars"]["lync_ipsec"] = True
        site = Deployment(self.folder, inventory, windows=sorted(inventory["all"]["children"]["frontend"]["hosts"]))
        self._counting = site.lab.executor = Counting()
        return self.stack.enter_context(site)

    def damage(self, chance: random.Random) -> None:
        inject(self.site.stores, _DAMAGES, chance, REPAIRABLE)

    def state(self) -> object:
        hosts = self.site.stores
        rules = {host: [{**rule, "id": ""} for rule in self.site.own_rules(host)] for host in hosts}
        return {host: sorted(items, key=lambda rule: str(rule["Name"])) for host, items in rules.items()}

    def is_pending(self) -> bool:
        tasks = [store.read()["task"] for store in self.site.stores.values()]
        return any(task and not task["has_run"] for task in tasks)

    def calls(self) -> int:
        return self._counting.came

    def reset(self) -> None:
        self._counting.watch()

    def settle(self, spared: list[int]) -> None:
        self._counting.wait_for_answers()


class Ipsec(Windows):
    """The same hosts, and their exemptions."""

    tags = "ipsec"

    def damage(self, chance: random.Random) -> None:
        for host in self.site.stores:
            rules = self.site.exemptions(host)
            gone = chance.choice(sorted(rules))
            kept = {name: text for name, text in rules.items() if name != gone or chance.random() < 0.3}
            if gone in kept:
                kept[gone] = kept[gone].replace("Active=TRUE", "Active=FALSE")
            self.site.change_ipsec(host, rules=kept)

    def state(self) -> object:
        return {host: sorted(ipsec_store.shown(store).values()) for host, store in self.site.stores.items()}


class _Local(World):
    """A device that is this machine; each start of its Python is a call."""

    def calls(self) -> int:
        return self._file.stat().st_size if self._file.exists() else 0

    def reset(self) -> None:
        self._file.unlink(missing_ok=True)

    @property
    def _file(self) -> Path:
        return self.folder / "calls"

    def counted(self, python: str) -> str:
        """Return a program that counts, and does what such a Python does."""
        script = self.folder / "counted-python"
        script.write_text(f'#!/bin/sh\nprintf x >> {self._file}\nexec {python} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
        return str(script)


class Nftables(_Local):
    """One Linux host in a network namespace."""

    tags, confirms = "linux_firewall", 1

    def start(self) -> Deployment:
        self.host: LinuxHost = self.stack.enter_context(linux_host("kill", self.folder, "10.1.0.1/24"))
        inventory = test_safety_linux.inventory({"kill": self.host})
        python = self.counted(str(self.host.folder / "python"))
        inventory["all"]["children"]["load_balancers"]["hosts"]["kill"]["ansible_python_interpreter"] = python
        return self.stack.enter_context(Deployment(self.folder / "site", inventory))

    def damage(self, chance: random.Random) -> None:
        table = ("inet", "msuc_lync")
        listed = self.host.nft("-a", "list", "table", *table)
        rules = re.findall(r"chain (\w+) \{|# handle (\d+)$", listed, re.MULTILINE)
        chain, handles = "", []
        for name, handle in rules:
            chain = name or chain
            handles += [(chain, handle)] if handle and not name else []
        kind = chance.choice(("rule", "table", "more"))
        if kind == "rule":
            chain, handle = chance.choice(handles)
            self.host.nft("delete", "rule", *table, chain, "handle", handle)
        elif kind == "table":
            self.host.nft("delete", "table", *table)
        else:
            self.host.nft("add", "rule", *table, "input", "tcp", "dport", str(chance.randint(7000, 7999)), "accept")
        if chance.random() < 0.3:
            Path(str(self.host.variables()["lync_linux_path"])).unlink()

    def state(self) -> object:
        path = Path(str(self.host.variables()["lync_linux_path"]))
        text = path.read_text(encoding="utf-8") if path.exists() else None
        listed = self.host.nft("-s", "list", "table", "inet", "msuc_lync")
        return sorted(line.strip() for line in listed.splitlines()), text

    def is_pending(self) -> bool:
        marker = next((text for path, text in self.host.state_files().items() if path.endswith("armed.json")), b"{}")
        pid = json.loads(marker).get("pid")
        return bool(pid and command_of(pid))


@dataclass
class _Machine:
    """HAProxy and BIND of this machine."""

    proxy: proxies.Proxy
    server: bind.Bind


class _Served(_Local):
    """A pool whose balancer is HAProxy, and whose records are in BIND."""

    def start(self) -> Deployment:
        server = self.stack.enter_context(bind.Bind(self.folder / "bind", {"internal": {bind.ZONE: ""}}))
        proxy = self.stack.enter_context(proxies.running_haproxy(self.folder / "haproxy"))
        self.machine = _Machine(proxy, server)
        inventory = test_safety_rollout.inventory(proxy, server, more={"lync_managed": False})
        balancer = inventory["all"]["children"]["load_balancers"]["hosts"]["lb01"]
        balancer |= {"ansible_python_interpreter": self.counted(sys.executable), "lync_managed": True}
        return self.stack.enter_context(Deployment(self.folder / "site", inventory))


class Haproxy(_Served):
    """Its file, and what the running process has."""

    tags = "load_balancer"

    def damage(self, chance: random.Random) -> None:
        path, text = self.machine.proxy.path, self.machine.proxy.text()
        changed = chance.choice(
            (
                lambda: re.sub(r" fall \d+", " fall 7", text),
                lambda: text.replace(" weight 100", " weight 0", 1),
                lambda: re.sub(r"timeout client \d+", "timeout client 77", text),
                lambda: re.sub(r"^ +server \S*29 .*\n", "", text, flags=re.MULTILINE),
            )
        )()
        asked = {"operation": "apply", "path": str(path), "content": changed, "expected": self._gathered()["digest"]}
        answer = self.machine.proxy.remote(asked)
        if answer.get("failed") or changed == text:
            raise UntrueError(f"the damage does no harm: {answer}")

    def state(self) -> object:
        # A server that came without a reload is asked by itself: the monitors are the same after the next one only.
        pattern = r"^\d+ (?!lync-monitor-)(\S+) \d+ (\S+) (\S+) \d+ (\d+) (\d+)"
        running = re.findall(pattern, self._gathered()["servers"], re.MULTILINE)
        return self.machine.proxy.text(), sorted(running)

    def _gathered(self) -> Mapping[str, Any]:
        proxy = self.machine.proxy
        return proxy.remote({"operation": "gather", "path": str(proxy.path)})


class Dns(_Served):
    """The records of the pool and their marks; the controller itself writes them."""

    tags = "dns"

    def calls(self) -> int:
        return 0

    def damage(self, chance: random.Random) -> None:
        pattern = r"^\S+\._msuc-lync\.\S+\s.*\sTXT\s"
        owners = sorted({line.split()[0] for line in self.machine.server.zone() if re.match(pattern, line)})
        told = {line.split()[0] for line in self.machine.server.zone() if re.search(r"\s(A|SRV)\s", line)}
        names = sorted(told - {f"ns1.{bind.ZONE}."})
        gone = chance.sample(names, chance.randint(1, len(names)))
        # With their marks: what is marked and differs is somebody's decision, and not repaired.
        lines = [f"update delete {name}" for name in (*gone, *owners)]
        self.machine.server.nsupdate("internal", *lines)

    def state(self) -> object:
        return self.machine.server.zone()


class Remediation(World):
    """The kills of tests/lab: drift.yml with lync_remediate over simulated Windows hosts."""

    def __init__(self, folder: Path) -> None:
        self.stack = contextlib.ExitStack()
        self._kills = self.stack.enter_context(Kills(folder))

    def start(self) -> Deployment:
        raise NotImplementedError

    def damage(self, chance: random.Random) -> None:
        raise NotImplementedError

    def state(self) -> object:
        raise NotImplementedError

    def once(self, seed: int) -> str:
        hit = self._kills.once(seed)
        waiting = f", to be taken back on {', '.join(hit.waiting)}" if hit.waiting else ""
        return f"killed at request {hit.moment} of {hit.requests}; not as planned then: {hit.left} hosts{waiting}"


_HAS_PROXY = proxies.HAPROXY is not None
KINDS: Mapping[str, tuple[type[World], str]] = {
    "firewall": (Windows, ""),
    "nftables": (Nftables, netns.REASON),
    "haproxy": (Haproxy, "" if _HAS_PROXY and bind.present() else "HAProxy or BIND is not installed"),
    "dns": (Dns, "" if _HAS_PROXY and bind.present() else "HAProxy or BIND is not installed"),
    "ipsec": (Ipsec, ""),
    "remediation": (Remediation, ""),
}
# The remediation of a firewall every other time that it is the firewall's turn, so that both are in any count.
_TURNS = ("firewall", "nftables", "haproxy", "dns", "ipsec", "remediation", "nftables", "haproxy", "dns", "ipsec")


def main() -> int:
    """Print a line for each kill; return the exit status."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--count", type=int, default=TIMES)
    arguments.add_argument("--seed", type=int, default=FIRST_SEED)
    arguments.add_argument("--kind", choices=KINDS)
    given = arguments.parse_args()
    shutil.rmtree(WORK, ignore_errors=True)
    missing = {kind: reason for kind, (_world, reason) in KINDS.items() if reason}
    for kind, reason in missing.items():
        print(f"{kind} is left out: {reason}")
    turns = [kind for kind in ((given.kind,) if given.kind else _TURNS) if kind not in missing]
    failed, done = Counter[str](), Counter[str]()
    with contextlib.ExitStack() as stack:
        worlds: dict[str, World] = {}
        for number in range(given.count):
            kind, seed = turns[number % len(turns)], given.seed + number
            started = time.monotonic()
            try:
                if kind not in worlds:
                    worlds[kind] = KINDS[kind][0](WORK / f"{kind}-{number}")
                    stack.push(worlds[kind].stack)
                text = f"{worlds[kind].once(seed)}; recovered"
                done[kind] += 1
            except (UntrueError, AssertionError) as error:
                text = f"NOT RECOVERED\n{error}"
                failed[kind] += 1
                worlds.pop(kind, None)  # the next of its kind begins anew
            print(f"seed {seed}, {kind}: {text} ({time.monotonic() - started:.0f} s)", flush=True)
    print(f"{done.total()} of {given.count} recovered{f', not: {dict(failed)}' if failed else ''}")
    return 1 if failed or missing else 0


if __name__ == "__main__":
    sys.exit(main())
