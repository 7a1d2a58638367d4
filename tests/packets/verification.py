# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""verify.yml over the packets of a deployment: BIND as its DNS, certificates where the catalogue says TLS, and each
host in its namespace.

    with world(made, folder) as lab: played = lab.verify(); lab.wrong()

Ansible reaches a host by an interpreter of its own that starts in the host's namespace; nothing but that tells it from
any other Linux host.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema

from ..lab.lab import ROOT, Lab, Played
from ..simulators import probe_servers
from ..simulators.bind import ZONE, Bind
from .deployment import DNS, EDGE_POOL, LINUX, Deployment
from .flows import HostFlows

SCHEMA = json.loads((ROOT / "plugins/plugin_utils/_probes/data/lync_verify.schema.json").read_text(encoding="utf-8"))
SIP = 5061
CERTIFICATES = {
    "fe01": ["pool01.contoso.com"],
    "fe02": ["pool01.contoso.com"],
    "edge01": [EDGE_POOL, "sip.contoso.com"],
}


@dataclass
class World:
    """A deployment that can be verified; each host of CERTIFICATES shows one on 5061."""

    made: Deployment
    folder: Path
    tls: probe_servers.Servers
    dns: dict[str, Bind] = field(default_factory=dict)

    def verify(self, *more: str) -> Played:
        """Run the playbook on the Linux hosts; the servers answer meanwhile."""
        settings = (
            f"lync_report_dir={self.folder}",
            "lync_probe_seconds=3",
            "lync_probe_per_second=500",
            "lync_probe_at_once=100",
            *more,
        )
        arguments = [part for text in settings for part in ("-e", text)]
        lab = Lab(self.folder)
        lab.inventory.write_text(json.dumps(self._reached()), encoding="utf-8")
        with self.made.servers.working():
            return lab.play(
                ROOT / "playbooks" / "verify.yml",
                "-i",
                str(self.made.inventory),
                "--limit",
                ",".join(LINUX),
                *arguments,
            )

    def _reached(self) -> dict[str, Any]:
        """Return an inventory that says how the hosts are reached."""
        return {"all": {"hosts": {name: self._host(name) for name in LINUX}}}

    def _host(self, name: str) -> dict[str, Any]:
        python = self.folder / f"python-{name}"
        python.write_text(
            f'#!/bin/sh\nexec ip netns exec {self.made.network.full(name)} {sys.executable} "$@"\n', encoding="utf-8"
        )
        python.chmod(0o755)
        return {
            "ansible_connection": "local",
            "ansible_python_interpreter": str(python),
            "lync_linux_path": f"{self.folder}/{name}.nft",
            "ansible_remote_tmp": f"{self.folder}/{name}",
        }

    def report(self) -> dict[str, Any]:
        """Return what the run wrote."""
        document: dict[str, Any] = json.loads((self.folder / "verify.json").read_text(encoding="utf-8"))
        jsonschema.validate(document, SCHEMA)
        return document

    def wrong(self) -> dict[tuple[str, str, int], tuple[str, str]]:
        """Return verdict and cause of what is not as expected, by source, address and port."""
        found = [item for item in self.report()["probes"] if not item["as_expected"]]
        return {(item["source"], item["address"], item["port"]): (item["verdict"], item["cause"]) for item in found}

    def standing(self, place: str, standing: str) -> set[str]:
        """Return the assumptions of a host or pool that stand so in the report."""
        return {
            item["text"]
            for item in self.report()["assumptions"]
            if (item["place"], item["standing"]) == (place, standing)
        }

    def show(self, name: str, names: Sequence[str], *addresses: str) -> None:
        """Let a host show a certificate on 5061 of its addresses, or of some of them."""
        pem = probe_servers.certificate(names)
        with self.made.network.inside(name):
            for address in addresses or self.made.hosts[name].addresses:
                self.tls.tls(address, SIP, pem)

    def rules(self, name: str, **changed: Mapping[str, object] | None) -> None:
        """Give a host the rules of its plan with some changed, by the row of their name; None for removed."""
        found = [
            (rule, rule["name"].removeprefix("Lync ").partition(" ")[0])
            for rule in self.made.plans[name]["firewall_rules"]
        ]
        told = [
            {**rule, **(changed.get(row.replace("-", "_"), {}) or {})}
            for rule, row in found
            if changed.get(row.replace("-", "_"), {}) is not None
        ]
        addresses = self.made.hosts[name].addresses
        self.made.firewall(name, HostFlows.of({**self.made.plans[name], "firewall_rules": told}, addresses))


@contextlib.contextmanager
def world(made: Deployment, folder: Path) -> Iterator[World]:
    """Start the DNS servers, each in its namespace with the records of its view."""
    with contextlib.ExitStack() as stack:
        found = World(made, folder, stack.enter_context(probe_servers.Servers()))
        for view, (address, place) in DNS.items():
            made.network.speak_from(place, address)
            with made.network.inside(place):
                server = Bind(folder / view, {view: {ZONE: _lines(made, view)}}, address=address, port=53)
                found.dns[view] = server.__enter__()
            stack.callback(server.stop)
        for name in LINUX:
            made.network.ask(name, DNS["internal"][0])
        for name, names in CERTIFICATES.items():
            made.servers.leave(name, "tcp", SIP)
            found.show(name, names)
        yield found


def _lines(made: Deployment, view: str) -> str:
    """Return the records of the plan for a view as lines of a zone file."""
    records = [record for pool in made.pools for record in pool["dns_records"] if record["view"] == view]
    ends = {"SRV": ".", "CNAME": "."}
    found = {
        f"{each['name']}. {each['ttl']} {each['type']} {value}{ends.get(each['type'], '')}\n"
        for each in records
        for value in each["values"]
    }
    return "".join(sorted(found))
