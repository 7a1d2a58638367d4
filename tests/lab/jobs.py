# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The screens of docs/jobs: a small deployment on 127.0.0.0/8, from the first look at its hosts to the end of an
incident.

    python -m tests.lab.jobs checked        # prints one screen
    python -m tests.lab.jobs                # prints all

The hosts are simulated, what listens are real sockets. What a firewall drops is a full queue of connections here.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pathlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from ..simulators import tamper
from ..simulators.probe_servers import Servers, certificate
from .lab import Played
from .site_lab import SiteLab, on_screen

SERVER, EDGE, PROXY, CLIENT = "127.1.0.11", "127.2.0.21", "127.2.0.31", "127.10.0.101"
NAME, WEB = "se01.fabrikam.com", "webext.fabrikam.com"
SHARING = "Lync fe-application-sharing-media (TCP in)"
SHARING_PORT = 49152
# All others listen on ports that only root may have, or on more than a page needs.
ROWS = (
    "fe-sip-tls",
    "fe-web-external-https",
    "fe-application-sharing-media",
    "edge-internal-sip",
    "edge-internal-web-conferencing",
)
Keep = Callable[[str, Played], None]


def inventory() -> dict[str, Any]:
    """Return examples/small with addresses of this machine, and a client that is managed."""
    common = {
        "lync_version": "2015",
        "lync_client_networks": ["127.10.0.0/16"],
        "lync_pools": {
            "edge.fabrikam.com": {"role": "edge"},
            NAME: {"role": "standard_edition", "external_web_fqdn": WEB},
        },
        "lync_row_overrides": [{"select": " && ".join(f"id!='{row}'" for row in ROWS), "set": {"enabled": False}}],
    }
    outside = {name: f"127.3.0.{number}" for name, number in (("access", 21), ("web_conferencing", 22), ("av", 23))}
    groups: dict[str, dict[str, dict[str, object]]] = {
        "standard_edition": {NAME: {"ansible_host": SERVER, "lync_pool": NAME}},
        "edge": {
            "edge01": {"ansible_host": EDGE, "lync_pool": "edge.fabrikam.com", "lync_external_addresses": outside}
        },
        "reverse_proxy": {"rp01": {"ansible_host": PROXY}},
        "clients": {"pc01": {"ansible_host": CLIENT, "lync_managed": True}},
    }
    return {"all": {"vars": common, "children": {name: {"hosts": hosts} for name, hosts in groups.items()}}}


class Jobs:
    """The deployment and what happens to it; each step keeps the screen that it ends with."""

    def __init__(self, site: SiteLab, servers: Servers, keep: Keep) -> None:
        self._site, self._servers, self._keep = site, servers, keep

    def deploy(self) -> None:
        """Deploy for the first time: look, apply, probe before the product is installed and afterwards."""
        self._keep("checked", self._site.playbook("site", "--check"))
        self._keep("applied", self._site.playbook("site"))
        self._keep("listeners", self._verify("-e", "lync_probe_listeners=true"))
        self._servers.tls(SERVER, 5061, certificate([NAME]))
        self._servers.tls(SERVER, 4443, certificate([NAME, WEB]))
        self._servers.tls(EDGE, 5061, certificate(["edge.fabrikam.com"]))
        self._servers.tcp(EDGE, 8057)
        self._keep("installed", self._verify())

    def share(self) -> None:
        """Somebody switches a rule off, so users cannot share screens; it is found and repaired."""
        tamper.change(self._site.lab.stores[NAME], SHARING, {"enabled": False})
        self._servers.drop(SERVER, SHARING_PORT)
        self._keep("incident", self._verify("--limit", f"pc01,{NAME}", "-e", "lync_probe_listeners=true"))
        self._keep("drift", self._site.playbook("drift"))
        self._keep("repaired", self._site.playbook("drift", "-e", "lync_remediate=true", "--limit", NAME))
        self._servers.stop(SERVER, SHARING_PORT)
        self._keep("well", self._verify("--limit", f"pc01,{NAME}", "-e", "lync_probe_listeners=true"))

    def rename(self) -> None:
        """The web services show a certificate for a name that nobody asks for."""
        self._servers.stop(SERVER, 4443)
        self._servers.tls(SERVER, 4443, certificate(["webext.contoso.com"]))
        self._keep("renamed", self._verify("--limit", "rp01"))

    def _verify(self, *arguments: str) -> Played:
        return self._site.playbook("verify", "-e", "lync_probe_closed=0", *arguments)


TASKS = {"site": "Print what was done", "drift": "Print what differs", "verify": "Print what the probes met"}


def make(directory: pathlib.Path) -> None:
    """Make every screen, a file each below a directory."""
    source = directory / "hosts.json"
    source.write_text(json.dumps(inventory()), encoding="utf-8")

    def keep(name: str, played: Played) -> None:
        found = next(
            text
            for text in (on_screen(played, task) for task in TASKS.values() if f"TASK [{task}]" in played.output)
            if text
        )
        (directory / f"{name}.txt").write_text(f"{found}\nexit status {played.status}\n", encoding="utf-8")
        print(name, file=sys.stderr)

    with SiteLab(source, directory / "lab") as site, Servers() as servers:
        jobs = Jobs(site, servers, keep)
        jobs.deploy()
        jobs.share()
        jobs.rename()


@contextlib.contextmanager
def made(name: str, make_all: Callable[[pathlib.Path], None]) -> Iterator[pathlib.Path]:
    """Return the directory of the screens of a name: below that of LYNC_JOBS, in which the first one to come makes
    them for all, or one for now.
    """
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(os.environ.get("LYNC_JOBS", scratch)) / name
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not list(directory.glob("*.txt")):
                make_all(directory)
        yield directory


def shown(name: str, make_all: Callable[[pathlib.Path], None], wanted: list[str]) -> int:
    """Print the screens that are wanted, or all."""
    with made(name, make_all) as directory:
        for path in sorted(directory.glob("*.txt"), key=lambda path: path.stat().st_mtime_ns):
            if not wanted or path.stem in wanted:
                text = path.read_text(encoding="utf-8")
                print(text if wanted else f"== {path.stem}\n{text}", end="")
    return 0


def main() -> int:
    """Print the screens that are named, or all."""
    return shown("jobs", make, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
