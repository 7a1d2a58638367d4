# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A member of a pool is patched, as docs/jobs/patching.md has it: drained, closed for traffic, judged when it is back.

    python -m tests.lab.patching updated        # prints one screen
    python -m tests.lab.patching                # prints all

The Windows hosts are simulated, what listens are real sockets, and lb01 is this machine with a real HAProxy.
"""

from __future__ import annotations

import json
import pathlib
import sys
from collections.abc import Callable
from typing import Any

from ..simulators import tamper
from ..simulators.probe_servers import Servers, certificate
from ..simulators.proxies import HAPROXY, Proxy, running_haproxy
from .jobs import TASKS, shown
from .lab import ROOT, Played
from .site_lab import SiteLab, on_screen

POOL, PORT = "pool01.contoso.com", 5061
SETUP = "CS RTCSRV"
# What setup gives its rules; that of the product is not public.
GROUP = "Microsoft Lync Server"
# nftables would be that of this machine, and nobody serves DNS here.
_LEFT_OUT = "linux_firewall,dns"
_NOT_INSTALLED = 77
# What a run prints, the task that is looked for first; a repair ends with the lines of another one.
_PRINTED = tuple(TASKS[name] for name in ("drift", "verify", "site"))
Keep = Callable[[str, Played], None]


class Pool:
    """A pool of two Front End Servers behind a balancer, in a network of three bytes; each method is a step of the
    page and returns its runs in their order.
    """

    def __init__(self, site: SiteLab, servers: Servers, proxy: Proxy, net: str) -> None:
        self.site, self.servers, self.proxy, self.net = site, servers, proxy, net
        self.store = site.lab.stores["fe02"]
        for store in site.lab.stores.values():
            tamper.change(store, SETUP, {"group": GROUP})

    @staticmethod
    def inventory(net: str, proxy: Proxy | None = None, state: str = "active") -> dict[str, Any]:
        """Return the inventory; state: of the member that is patched."""
        balancer = {
            "ansible_host": f"{net}.5", "ansible_connection": "local", "lync_balancer_addresses": [f"{net}.5"],
            "ansible_python_interpreter": sys.executable, "lync_balancer_driver": "haproxy",
            "lync_balancer_path": str(proxy.path) if proxy else None,
            "lync_balancer_master_socket": str(proxy.fixed["master_socket"]) if proxy else None,
        }  # fmt: skip
        common = {
            "lync_version": "2015",
            "lync_client_networks": [f"{net}.128/25"],
            "lync_management_networks": ["127.0.1.0/24"],
            "lync_pools": {
                POOL: {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": f"{net}.100"}
            },
            "lync_row_overrides": [{"select": "id!='fe-sip-tls'", "set": {"enabled": False}}],
            "lync_firewall_state": "overridden",
            "lync_unprotected_rules": [SETUP],
        }
        members = {
            f"fe0{number}": {"ansible_host": f"{net}.1{number}", "lync_pool": POOL} for number in (1, 2)
        }  # fmt: skip
        members["fe02"]["lync_member_state"] = state
        groups = {"frontend": {"hosts": members}, "load_balancers": {"hosts": {"lb01": balancer}}}
        return {"all": {"vars": common, "children": groups}}

    def set_state(self, state: str) -> None:
        """Write the inventory with a state of fe02."""
        text = json.dumps(self.inventory(self.net, self.proxy, state))
        pathlib.Path(self.site.source).write_text(text, encoding="utf-8")

    def start(self, member: str) -> None:
        """Start the services of a member."""
        self.servers.tls(self._address(member), PORT, certificate([POOL, f"{member}.contoso.com"]))

    def deploy(self) -> tuple[Played, ...]:
        """Bring all to the plan, with services that run."""
        self.set_state("active")
        for member in ("fe01", "fe02"):
            self.start(member)
        return (self.play("site"),)

    def drain(self) -> tuple[Played, ...]:
        """Let the balancer send fe02 nothing new."""
        self.set_state("draining")
        return (self.play("site"),)

    def close(self) -> tuple[Played, ...]:
        """Close fe02 for traffic."""
        self.set_state("joining")
        return (self.play("site"),)

    def update(self) -> tuple[Played, ...]:
        """Stop the services, and let setup make its rule again; compare, try to repair, probe."""
        self.servers.stop(self._address("fe02"), PORT)
        tamper.change(self.store, SETUP, {"enabled": True})
        return self.play("drift"), self.play("drift", "-e", "lync_remediate=true"), self.verify()

    def judge(self) -> tuple[Played, ...]:
        """Start the services, disable the rule of setup again, and probe fe02 while it is still closed."""
        self.start("fe02")
        return self.play("site"), self.verify()

    def open(self) -> tuple[Played, ...]:
        """Give fe02 its traffic back."""
        self.set_state("active")
        return self.play("site"), self.verify(), self.play("drift")

    def verify(self) -> Played:
        """Probe all that is planned to be open."""
        return self.play("verify", "-e", "lync_probe_closed=0", "-e", "lync_probe_seconds=1")

    def play(self, name: str, *arguments: str) -> Played:
        """Run a playbook of the collection over all devices."""
        skipped = ("--skip-tags", _LEFT_OUT) if name != "verify" else ()
        playbook = ROOT / "playbooks" / f"{name}.yml"
        return self.site.lab.play(playbook, "-i", str(self.site.source), *skipped, *arguments, LAB_MEASURE="")

    def _address(self, member: str) -> str:
        return f"{self.net}.1{member[-1]}"


STEPS: dict[str, Callable[[Pool], tuple[Played, ...]]] = {
    "deployed": Pool.deploy,
    "drained": Pool.drain,
    "closed": Pool.close,
    "updated": Pool.update,
    "judged": Pool.judge,
    "opened": Pool.open,
}


def running(directory: pathlib.Path, net: str, use: Callable[[Pool], None]) -> None:
    """Start the pool, its balancer and its servers below a directory, and use it."""
    source = directory / "hosts.json"
    source.write_text(json.dumps(Pool.inventory(net)), encoding="utf-8")
    with (
        SiteLab(source, directory / "lab") as site,
        Servers() as servers,
        running_haproxy(directory / "haproxy") as proxy,
    ):
        use(Pool(site, servers, proxy, net))


def make(directory: pathlib.Path) -> None:
    """Make every screen, a file each below a directory."""

    def keep(pool: Pool) -> None:
        for name, step in STEPS.items():
            played = step(pool)
            for number, each in enumerate(played):
                task = next(task for task in _PRINTED if f"TASK [{task}]" in each.output)
                text = f"{on_screen(each, task)}\nexit status {each.status}\n"
                (directory / f"{name}-{number}.txt").write_text(text, encoding="utf-8")

    running(directory, "127.6.0", keep)


if __name__ == "__main__":
    if HAPROXY is None:
        print("no program haproxy; Debian has it in the package haproxy", file=sys.stderr)
        sys.exit(_NOT_INSTALLED)
    sys.exit(shown("patching", make, sys.argv[1:]))
