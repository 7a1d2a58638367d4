# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan the changes of one host with so many wanted and present rules in a fresh process, and print the CPU seconds.

    PYTHONPATH=.collections python -m tests.bench.reconcile 1000

A tenth of the rules is missing, a tenth differs, a tenth is not wanted, a tenth is present twice; all of it has
effects.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.reconcile import Link
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.reconcile import Task, WindowsFirewallProvider

from tests.simulators.firewall_store import FirewallStore
from tests.simulators.host_module import run_module


def wanted(count: int) -> list[dict[str, Any]]:
    """Return so many rules as options of the module."""
    protocols = ("tcp", "udp")
    return [
        {
            "name": f"Rule {number}",
            "protocol": protocols[number % 2],
            "localport": str(1000 + number),
            "remoteip": f"10.{number % 250}.0.0/16,LocalSubnet",
        }
        for number in range(count)
    ]


def present(rules: list[dict[str, Any]]) -> list[Mapping[str, object]]:
    """Return rules that a host has instead, as COM properties."""
    made: list[Mapping[str, object]] = []
    for number, rule in enumerate(rules):
        kind = number % 10
        name = f"Old {number}" if kind == 0 else rule["name"]
        ports = "1-99" if kind == 1 else rule["localport"]
        one = {
            "Name": name,
            "Grouping": "msuc.lync",
            "Protocol": {"tcp": 6, "udp": 17}[rule["protocol"]],
            "LocalPorts": ports,
            "RemoteAddresses": rule["remoteip"],
            "Enabled": True,
        }
        made += [one, one] if kind == 2 else [one]
    return made


def main() -> None:
    """Print seconds and the number of changes, which shows that there was work to do."""
    rules = wanted(int(sys.argv[1]))
    with tempfile.TemporaryDirectory() as directory:
        store = FirewallStore(Path(directory), "fe01")
        store.create(["10.1.0.11"], present(rules))
        answer = run_module(store, {"operation": "gather"}, check_mode=False)
    start = time.process_time()
    options: dict[str, object] = {"rules": rules, "state": "replaced"}
    link = Link(lambda _arguments: answer, lambda _arguments, _lost_text: answer, "")
    run = WindowsFirewallProvider(Task.from_options(options), link)
    run.gather()
    run.plan()
    operations = run.operations()
    seconds = time.process_time() - start
    print(f"{seconds:.4f} {len(operations)}")


if __name__ == "__main__":
    main()
