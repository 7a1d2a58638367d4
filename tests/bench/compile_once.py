# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compile one generated deployment in a fresh process and print the seconds that took.

    PYTHONPATH=.collections python -m tests.bench.compile_once 500
"""

from __future__ import annotations

import sys
import time

from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost

from .deployment import Document, deployment


def inventory_hosts(document: Document) -> dict[str, InventoryHost]:
    """Return the hosts of an inventory as Ansible hands them over: deployment variables are the same objects on all."""
    shared, children = document["all"]["vars"], document["all"]["children"]
    return {
        name: InventoryHost(name, (group,), {**shared, **variables})
        for group, content in children.items()
        for name, variables in content["hosts"].items()
    }


def main() -> None:
    """Print seconds and the number of rules, which shows that there was work to do."""
    hosts = inventory_hosts(deployment(int(sys.argv[1])))
    start = time.perf_counter()
    plan = compile_inventory(hosts)
    seconds = time.perf_counter() - start
    print(f"{seconds:.4f} {sum(len(host.firewall_rules) for host in plan.hosts.values())}")


if __name__ == "__main__":
    main()
