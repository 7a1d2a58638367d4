# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starts simulated Windows hosts that speak WinRM.

    python -m tests.simulators.serve --hosts HOSTS.json --store DIR --inventory OUT.yml

HOSTS.json: {"fe01": {"addresses": ["10.1.0.11"], "seed": "stock"}}; seed is stock (default), windows (without the rules
of the product's setup), empty, or a list of rules as COM properties; "ipsec" holds parts of
tests.simulators.ipsec_store.PART. A host that is in the store already keeps its rules. OUT.yml is an inventory that
overlays how the hosts are reached, and leaves ansible_host alone. It prints "ready" when all hosts listen, and ends on
SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from .executor import PythonExecutor
from .firewall_store import FirewallStore
from .ipsec_store import change
from .stock import stock_rules
from .winrm_server import ADDRESS, PASSWORD, USER, WinRmServer


def prepare(hosts: Mapping[str, Mapping[str, Any]], directory: pathlib.Path) -> dict[str, FirewallStore]:
    """Return the stores of the hosts below a directory; those that are missing are made from their seed."""
    directory.mkdir(parents=True, exist_ok=True)
    stores = {name: FirewallStore(directory, name) for name in hosts}
    for name, store in stores.items():
        if not store.path.is_file():
            store.create(
                list(hosts[name]["addresses"]), _seed(hosts[name].get("seed", "stock")), hosts[name].get("switches")
            )
            change(store, **hosts[name].get("ipsec", {}))
    return stores


def _seed(seed: str | list[Mapping[str, object]]) -> list[Mapping[str, object]]:
    if isinstance(seed, list):
        return seed
    return {"stock": stock_rules(), "windows": stock_rules(setup=False), "empty": []}[seed]


def inventory(ports: Mapping[str, int]) -> dict[str, Any]:
    """Return the inventory that leads to the simulated hosts; JSON, and so YAML."""
    connection = {
        "ansible_connection": "winrm",
        "ansible_winrm_host": ADDRESS,
        "ansible_winrm_scheme": "http",
        "ansible_winrm_transport": "basic",
        "ansible_user": USER,
        "ansible_password": PASSWORD,
        # A host answers when the command has ended, which on a busy machine may be later than the usual 30 seconds.
        "ansible_winrm_operation_timeout_sec": 300,
        "ansible_winrm_read_timeout_sec": 330,
    }
    return {"all": {"hosts": {name: {**connection, "ansible_port": port} for name, port in ports.items()}}}


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulators.serve", description="Start simulated Windows hosts that speak WinRM."
    )
    parser.add_argument("--hosts", required=True, type=pathlib.Path, help="JSON file of the hosts")
    parser.add_argument("--store", required=True, type=pathlib.Path, help="directory that holds the hosts' firewalls")
    parser.add_argument("--inventory", required=True, type=pathlib.Path, help="inventory file to write")
    options = parser.parse_args(arguments)
    # Blocked before any thread starts, so that every thread leaves the signals to sigwait.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    stores = prepare(json.loads(options.hosts.read_text(encoding="utf-8")), options.store)
    with WinRmServer(stores, PythonExecutor()) as server:
        options.inventory.write_text(json.dumps(inventory(server.ports), indent=1) + "\n", encoding="utf-8")
        print("ready", flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
