# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The main job on simulated Windows hosts: converge, run again, change a rule by hand, find it, repair it.

    python -m tests.simulators.demo [--topology]

With --topology it starts from a published topology: questions, answers, an inventory, its plan, and the same proof.
Everything that it makes is below .lab; the playbooks and the connection are the real ones.
"""

from __future__ import annotations

import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import textwrap
import time

from ..lab.lab import ROOT, SCREEN_COLUMNS, Played
from ..lab.site_lab import SiteLab, on_screen
from .tamper import main as tamper

EXAMPLE = "examples/contoso"
DIRECTORY = ROOT / ".lab"
# Load balancers and Linux hosts have labs of their own.
LEFT_OUT = ("--skip-tags", "load_balancer,linux_firewall")
HOST, RULE = "fe02", "Lync fe-sip-tls (TCP in)"
TOPOLOGY, ANSWERS = "examples/topologies/small.tbxml", "examples/topologies/small.answers.yml"
IMPORTED = "imported"
_GOES_ON = " \\"


def _overlay() -> str:
    """Return the inventory that says how the hosts are reached, as it is typed in the checkout."""
    return os.path.relpath(DIRECTORY / "lab.json", ROOT)


def _typed(command: str) -> str:
    """Return a command as it is typed, broken where it is wider than a screen."""
    return textwrap.fill(
        f"$ {command}",
        SCREEN_COLUMNS - len(_GOES_ON),
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    ).replace("\n", f"{_GOES_ON}\n")


class StepFailedError(Exception):
    """A step of the demo did not do what it shows."""


class Demo:
    """The steps of the demo over one lab; each prints what was typed and what came of it."""

    def __init__(self, lab: SiteLab, inventory: str = EXAMPLE, host: str = HOST) -> None:
        self._lab, self._inventory, self._host = lab, inventory, host

    def run(self) -> None:
        """Run all steps; raises StepFailedError at the first that fails."""
        self._step(
            "Apply the plan to every host, a canary per role first, then pool by pool one member at a time",
            "site",
            "Print what was done",
        )
        before = self._writes()
        self._step("The same again: nothing is left to do", "site", "Print what was done")
        self._expect(self._writes() == before, "the second run wrote to a host")
        self._tamper()
        self._step("What differs from the plan?", "drift", "Print what differs", status=2)
        before = self._writes()
        self._step("Repair it", "drift", "Print what was done", "-e", "lync_remediate=true")
        print(f"writes on all hosts: {self._writes() - before}")
        self._expect(self._writes() - before == 1, "the repair was not one write")
        self._step("And now?", "drift", "Print what differs")

    def _step(self, title: str, playbook: str, task: str, *arguments: str, status: int = 0) -> Played:
        started = time.monotonic()
        sources = ("-i", self._inventory, "-i", _overlay())
        command = shlex.join(["ansible-playbook", f"playbooks/{playbook}.yml", *sources, *LEFT_OUT, *arguments])
        print(f"\n== {title}\n{_typed(command)}", flush=True)
        played = self._lab.lab.typed(command, LAB_MEASURE="")
        self._expect(played.status == status, f"exit status {played.status} instead of {status}\n{played.output}")
        print(on_screen(played, task))
        print(f"exit status {played.status}, {time.monotonic() - started:.1f} s", flush=True)
        return played

    def _tamper(self) -> None:
        print(f"\n== Somebody switches a rule off by hand\n{self._host}: {RULE}")
        tamper(["--store", str(DIRECTORY / "store"), self._host, "--rule", RULE, "--set", "enabled=false"])

    def _writes(self) -> int:
        return sum(self._lab.counts("writes").values())

    @staticmethod
    def _expect(holds: bool, message: str) -> None:
        if not holds:
            raise StepFailedError(message)


def import_topology() -> tuple[str, str]:
    """Make an inventory of a topology, with the answers of the example; returns it, and a host to show a drift on."""
    inventory = os.path.relpath(DIRECTORY / IMPORTED, ROOT)
    answers = DIRECTORY / f"{IMPORTED}.answers.yml"
    _import("The topology of a deployment, and nothing else: what is asked?", inventory, status=2)
    print("\n".join(line for line in answers.read_text(encoding="utf-8").splitlines() if line.strip()))
    shutil.copy(ROOT / ANSWERS, answers)
    print(f"\n== Answer it\n{_typed(f'cp {ANSWERS} {inventory}.answers.yml')}")
    _import("Import it again: the answers are what differs", inventory, status=2)
    _import("And again: nothing is open, and nothing differs", inventory, status=0)
    return inventory, "se01.fabrikam.com"


def _import(title: str, inventory: str, status: int) -> None:
    given = {"lync_topology": TOPOLOGY, "lync_inventory_dir": inventory}
    options = [word for name, value in given.items() for word in ("-e", f"{name}={value}")]
    command = ["playbooks/import_topology.yml", *options]
    print(f"\n== {title}\n{_typed(f'ansible-playbook {shlex.join(command)}')}", flush=True)
    program = pathlib.Path(sys.executable).with_name("ansible-playbook")
    done = subprocess.run([program, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != status:
        raise StepFailedError(f"exit status {done.returncode} instead of {status}\n{done.stdout}{done.stderr}")
    print(on_screen(Played(done.returncode, done.stdout, ()), "Make an inventory of the topology"))
    print(f"exit status {done.returncode}", flush=True)


def main() -> int:
    """Run the demo; return its exit status."""
    started = time.monotonic()
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    try:
        inventory, host = import_topology() if "--topology" in sys.argv[1:] else (EXAMPLE, HOST)
        with SiteLab(inventory, pathlib.Path(DIRECTORY)) as lab:
            print(f"{len(lab.lab.stores)} simulated Windows hosts speak WinRM on 127.0.0.1.")
            print(f"The inventory is {inventory}, and {_overlay()} tells how they are reached.")
            print("Load balancers and Linux hosts are left out here.")
            Demo(lab, inventory, host).run()
    except StepFailedError as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    print(f"\nAll of it took {time.monotonic() - started:.0f} s.")
    print("The hosts' firewalls are files below .lab/store. By hand, step by step: docs/getting-started.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
