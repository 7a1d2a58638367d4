# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventories below examples/, read the way ansible-playbook reads them."""

from __future__ import annotations

import functools
from pathlib import Path

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.manager import VariableManager
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.read import read_inventory

ROOT = Path(__file__).resolve().parents[3]
NAMES = ("contoso", "fabrikam", "small")


@functools.cache
def example(name: str) -> dict[str, InventoryHost]:
    """Return an example's hosts; treat them as read-only."""
    return inventory_of(ROOT / "examples" / name)


def inventory_of(source: Path) -> dict[str, InventoryHost]:
    """Return the hosts of an inventory."""
    loader = DataLoader()
    manager = InventoryManager(loader=loader, sources=[str(source)])
    variables = VariableManager(loader=loader, inventory=manager)
    return read_inventory({host.name: variables.get_vars(host=host) for host in manager.get_hosts()})
