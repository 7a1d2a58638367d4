# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compiles many inventories in one process, by the collection's own action and filters; a part of same.py.

    CHECKOUT/.venv/bin/python same_compile.py JOBS.json OUT.json SCRATCH      in CHECKOUT, with its ansible.cfg

JOBS.json: {"inventories": {NAME: PATH}, "filters": [NAME], "renames": {OLD: NEW}}. OUT.json: per NAME status, result,
plan documents, what was printed, and for the names in filters what each filter returns. Ansible reads the inventory
and makes the host variables, as in a run of ansible-playbook; only the strategy with its worker processes is left out,
which takes most of the time.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import action_loader, connection_loader, filter_loader, init_plugin_loader, lookup_loader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

ACTION = "msuc.lync.plan"
HOST_FILTERS, POOL_FILTERS = ("firewall_rules", "ipsec_exemptions"), ("virtual_services", "dns_records")
FILTERED_MAXIMUM = 3
"""Hosts and pools whose filters are asked: each one compiles the inventory anew."""

QUERIES = (
    ("client", "Edge internal"),
    ("reverse proxy", "Front End"),
    ("internet", "Edge access"),
    ("gateway", "Mediation"),
)
Answer = dict[str, Any]


class Inventory:
    """One inventory as Ansible has it in the first task of a play on all hosts."""

    def __init__(self, path: str) -> None:
        self.loader = DataLoader()
        self.manager = InventoryManager(loader=self.loader, sources=[path])
        self.variables = VariableManager(loader=self.loader, inventory=self.manager)
        self.hostvars = HostVars(inventory=self.manager, variable_manager=self.variables, loader=self.loader)

    def act(self, name: str, options: Mapping[str, object]) -> Answer:
        """Return the result of an action plugin."""
        source = {
            "name": "Plan",
            "hosts": "all",
            "gather_facts": False,
            "tasks": [{"name": "Plan", name: dict(options)}],
        }
        play = Play().load(source, variable_manager=self.variables, loader=self.loader)
        task = play.compile()[1].block[0]
        host = self.manager.get_hosts("all")[0]
        given = self.variables.get_vars(play=play, host=host, task=task)
        given["ansible_play_hosts_all"] = [each.name for each in self.manager.get_hosts("all")]
        context = PlayContext(play=play)
        # It is never used: the action runs on the controller.
        connection = connection_loader.get("local", context)
        templar = Templar(loader=self.loader, variables=given)
        parts = {
            "task": task,
            "connection": connection,
            "play_context": context,
            "loader": self.loader,
            "templar": templar,
            "shared_loader_obj": None,
        }
        found: Answer = action_loader.get(name, **parts).run(task_vars=given)
        return found


def compiled(path: str, directory: Path, name: str) -> Answer:
    """Return what the plan of an inventory is, as JSON can hold it."""
    shutil.rmtree(directory, ignore_errors=True)
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            result = Inventory(path).act(name, {"dir": str(directory), "show": True})
    except AnsibleError as error:
        result = {"failed": True, "msg": str(error)}
    documents = {
        str(file.relative_to(directory)): json.loads(file.read_text(encoding="utf-8"))
        for file in sorted(directory.rglob("*.json"))
    }
    status = "failed" if result.pop("failed", False) else "plan"
    return {"status": status, "result": result, "printed": printed.getvalue().splitlines(), "documents": documents}


def filtered(path: str, documents: Mapping[str, Any]) -> Answer:
    """Return what the filters return for every host and pool of a plan, and for a name that there is not."""
    hostvars = Inventory(path).hostvars
    found: Answer = {}
    for names, kind, key in ((HOST_FILTERS, "hosts/", "host"), (POOL_FILTERS, "pools/", "pool")):
        known = [document[key] for place, document in documents.items() if place.startswith(kind)]
        for name in names:
            found |= {
                f"{name} {each}": _tried(f"msuc.lync.{name}", hostvars, each)
                for each in [*known[:FILTERED_MAXIMUM], "nobody"]
            }
    return found


def queried() -> Answer:
    """Return rows of the catalogue, by lookup and filter."""
    (catalogue,) = lookup_loader.get("msuc.lync.catalogue").run([], variables={})
    answers = {
        f"port_query {source}, {target}": _tried("msuc.lync.port_query", catalogue, source, target)
        for source, target in QUERIES
    }
    return {
        "catalogue": catalogue,
        **answers,
        "port_query nobody": _tried("msuc.lync.port_query", catalogue, "nobody", "edge", "2010"),
    }


def _tried(name: str, *arguments: object) -> object:
    try:
        return filter_loader.get(name).j2_function(*arguments)
    except AnsibleError as error:
        return str(error)


def main() -> None:
    """Do the jobs."""
    jobs, out, scratch = (Path(argument) for argument in sys.argv[1:])
    given = json.loads(jobs.read_text(encoding="utf-8"))
    init_plugin_loader()
    action = given["renames"].get(ACTION, ACTION)
    answers = {name: compiled(path, scratch / "plan", action) for name, path in given["inventories"].items()}
    for name in given["filters"]:
        answers[name]["filters"] = filtered(given["inventories"][name], answers[name]["documents"])
    answers["catalogue"] = queried()
    out.write_text(json.dumps(answers, default=str), encoding="utf-8")


if __name__ == "__main__":
    main()
