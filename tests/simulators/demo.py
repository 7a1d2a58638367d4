# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The main job on simulated Windows hosts: converge, run again, change a rule by hand, find it, repair it.

    python -m tests.simulators.demo

Everything that it makes is below .lab; the playbooks and the connection are the real ones.
"""

from __future__ import annotations

import os
import pathlib
import shlex
import shutil
import sys
import time

from ..lab.lab import ROOT, Played
from ..lab.site_lab import SiteLab, printed
from .tamper import main as tamper

EXAMPLE = "examples/contoso"
DIRECTORY = ROOT / ".lab"
# Load balancers and Linux hosts have labs of their own.
LEFT_OUT = ("--skip-tags", "load_balancer,linux_firewall")
HOST, RULE = "fe02", "Lync fe-sip-tls (TCP in)"


def _overlay() -> str:
    """Return the inventory that says how the hosts are reached, as it is typed in the checkout."""
    return os.path.relpath(DIRECTORY / "lab.json", ROOT)


class StepFailedError(Exception):
    """A step of the demo did not do what it shows."""


class Demo:
    """The steps of the demo over one lab; each prints what was typed and what came of it."""

    def __init__(self, lab: SiteLab) -> None:
        self._lab = lab

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
        print(f"   writes on all hosts: {self._writes() - before}")
        self._expect(self._writes() - before == 1, "the repair was not one write")
        self._step("And now?", "drift", "Print what differs")

    def _step(self, title: str, playbook: str, task: str, *arguments: str, status: int = 0) -> Played:
        started = time.monotonic()
        sources = ("-i", EXAMPLE, "-i", _overlay())
        command = shlex.join(["ansible-playbook", *sources, *LEFT_OUT, *arguments, f"playbooks/{playbook}.yml"])
        print(f"\n== {title}\n   {command}", flush=True)
        played = self._lab.lab.typed(command, LAB_MEASURE="")
        self._expect(played.status == status, f"exit status {played.status} instead of {status}\n{played.output}")
        print("\n".join(f"   {line}" for line in printed(played, task).splitlines()))
        print(f"   exit status {played.status}, {time.monotonic() - started:.1f} s", flush=True)
        return played

    def _tamper(self) -> None:
        print(f"\n== Somebody switches a rule off by hand\n   {HOST}: {RULE}")
        tamper(["--store", str(DIRECTORY / "store"), HOST, "--rule", RULE, "--set", "enabled=false"])

    def _writes(self) -> int:
        return sum(self._lab.counts("writes").values())

    @staticmethod
    def _expect(holds: bool, message: str) -> None:
        if not holds:
            raise StepFailedError(message)


def main() -> int:
    """Run the demo; return its exit status."""
    started = time.monotonic()
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    try:
        with SiteLab(EXAMPLE, pathlib.Path(DIRECTORY)) as lab:
            print(f"{len(lab.lab.stores)} simulated Windows hosts speak WinRM on 127.0.0.1.", end=" ")
            print(
                f"The inventory is {EXAMPLE}, and {_overlay()} tells how they are reached.\nLoad balancers and Linux "
                "hosts are left out here."
            )
            Demo(lab).run()
    except StepFailedError as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    print(f"\nAll of it took {time.monotonic() - started:.0f} s.", end=" ")
    print("The hosts' firewalls are files below .lab/store. By hand, step by step: docs/getting-started.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
