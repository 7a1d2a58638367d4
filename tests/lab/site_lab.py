# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A whole deployment in the lab: every managed Windows host of an inventory, simulated, and the collection's playbooks.

with SiteLab("examples/contoso", directory) as lab:
    played = lab.playbook("site", "--limit", "fe01")
    lab.rules("fe01")
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

from .lab import ROOT, Lab, Played

GROUP = "msuc.lync"
_PLANS: dict[bytes, dict[str, dict[str, Any]]] = {}


class SiteLab:
    """The Windows hosts of an inventory; their firewalls last below a directory."""

    def __init__(self, source: str | pathlib.Path, directory: pathlib.Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.source = ROOT / source
        self.lab = Lab(directory)

    def __enter__(self) -> SiteLab:
        self.lab.start({})
        hosts = self._windows_hosts()
        self.lab.stop()
        self.lab.start(hosts)
        return self

    def __exit__(self, *error: object) -> None:
        self.lab.stop()

    def _windows_hosts(self) -> dict[str, dict[str, Any]]:
        """Return the managed Windows hosts with the addresses that the plan says they have."""
        return {
            host: {"addresses": plan["addresses"]}
            for host, plan in self.plans().items()
            if plan["platform"] == "windows"
        }

    def plans(self) -> dict[str, dict[str, Any]]:
        """Return the plan files of the hosts.

        An inventory is planned once in a test run, and anew when it was written anew.
        """
        content = self.source.read_bytes() if self.source.is_file() else bytes(self.source)
        if content not in _PLANS:
            directory = self.lab.directory / "plan"
            played = self.playbook("plan", "-e", f"lync_plan_dir={directory}", "-e", "lync_plan_show=false")
            if played.status:
                raise RuntimeError(played.output)
            plans = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(directory.glob("hosts/*.json"))]
            _PLANS[content] = {plan["host"]: plan for plan in plans}
        return _PLANS[content]

    def playbook(self, name: str, *arguments: str, **environment: str) -> Played:
        """Run a playbook of the collection over the whole inventory.

        Load balancers and Linux hosts have labs of their own.
        """
        arguments = (
            ("--skip-tags", "load_balancer,linux_firewall", *arguments) if name in ("site", "drift") else arguments
        )
        # What nearly every test runs is not measured, which would take half of the time again; tests of single plugins
        # and hosts are.
        unmeasured = {"LAB_MEASURE": ""} if name in ("plan", "site", "drift", "retire") else {}
        return self.lab.play(
            ROOT / "playbooks" / f"{name}.yml", "-i", str(self.source), *arguments, **{**unmeasured, **environment}
        )

    def rules(self, host: str) -> list[dict[str, Any]]:
        """Return the rules of the owned group that a host holds, as its store has them."""
        return [rule for rule in self._all_rules(host) if rule["Grouping"] == GROUP]

    def foreign(self, host: str) -> list[dict[str, Any]]:
        """Return all other rules of a host."""
        return [rule for rule in self._all_rules(host) if rule["Grouping"] != GROUP]

    def _all_rules(self, host: str) -> list[dict[str, Any]]:
        rules: list[dict[str, Any]] = self.lab.stores[host].read()["rules"]
        return rules

    def counts(self, what: str) -> dict[str, int]:
        """Return a counter of every host: requests, executions, enumerations or writes."""
        return {host: store.counts()[what] for host, store in self.lab.stores.items()}


def printed(played: Played, task: str) -> str:
    """Return the lines that a task printed before its results, as they were before they were broken."""
    return lines_of(played.output, task)


def on_screen(played: Played, task: str) -> str:
    """Return the lines that a task printed before its results, as they were on the screen."""
    return lines_of(played.screen, task)


def lines_of(output: str, task: str) -> str:
    """Return the lines of an output that a task printed before its results."""
    lines = output.split(f"TASK [{task}]", 1)[-1].splitlines()[1:]
    end = next(
        (number for number, line in enumerate(lines) if line.startswith(("ok: [", "changed: [", "PLAY ", "TASK "))),
        len(lines),
    )
    return "\n".join(lines[:end]).rstrip()
