# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The screens of docs/summaries.md: a first deployment on simulated hosts, before and after, and a change that may cut
somebody.

    PYTHONPATH=.collections:. python -m tests.lab.summaries_shown before after change refused

Paths of the lab are left out of what is printed.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
import tempfile

from ansible_collections.msuc.lync.plugins.plugin_utils._base.screen import fit

from .site_lab import SiteLab, on_screen

EXAMPLE = "examples/small"
CLIENTS = json.dumps({"lync_client_networks": ["192.168.20.0/24"]})
# Name and arguments of ansible-playbook.
STEPS: dict[str, tuple[str, ...]] = {
    "before": ("--check",),
    "after": (),
    "change": ("--check", "-e", CLIENTS),
    "refused": ("--check", "-e", CLIENTS),
}


def connect(site: SiteLab, host: str, peer: str, port: int) -> None:
    """Let a peer be connected to a host."""
    store = site.lab.stores[host]
    document = store.read()
    store.write({**document, "connections": [*document["connections"], f"{document['addresses'][0]} {port} {peer}"]})


def shown(text: str, directory: pathlib.Path) -> str:
    """Return a screen as it would be outside the lab, whose inventory is laid over the one of the example."""
    # Commands are broken anew, as they are shorter then.
    text = re.sub(r" \\\n +", " ", text)
    text = text.replace(f"-i {directory}/lab/lab.json ", "").replace(f"{directory}/", "")
    text = text.replace(" --skip-tags linux_firewall,load_balancer", "")
    text = re.sub(r"\S*playbooks/(\w+)\.yml", r"msuc.lync.\1", text)
    return fit(re.sub(r"\S*/examples/", "examples/", text))


def main(names: list[str]) -> int:
    """Run the steps up to the last one that is named, and print the named ones."""
    with tempfile.TemporaryDirectory() as folder, SiteLab(EXAMPLE, pathlib.Path(folder) / "lab") as site:
        for name, arguments in STEPS.items():
            if name == "change":
                connect(site, "se01.fabrikam.com", "192.168.10.4", 5061)
            if name == "refused":
                site.lab.stores["edge01"].set_faults(unreachable=True)
            played = site.playbook("site", *arguments, "-e", f"lync_report_dir={folder}/reports")
            if played.status not in (0, 2):
                print(played.output, file=sys.stderr)
                return 1
            if name in names:
                print(f"== {name}\n{shown(on_screen(played, 'Print what was done'), pathlib.Path(folder))}")
            if set(names) <= set(list(STEPS)[: list(STEPS).index(name) + 1]):
                break
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
