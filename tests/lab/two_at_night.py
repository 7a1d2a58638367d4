# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ten moments of docs/two-at-night.md: each fault is made on the devices, then the page's command is typed.

    python -m tests.lab.two_at_night locked-out       # prints one screen: the command, and what it prints
    python -m tests.lab.two_at_night                  # prints all

The deployment is two Front End Servers, a balancer with HAProxy and a BIND, reached as tests/simulators/named_hosts.py
has it. The tenth moment, a certificate, is one of tests/lab/jobs.py.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..simulators import named_hosts
from ..simulators.bind import MISSING, ZONE, Bind, present, secret
from ..simulators.firewall_store import FirewallStore
from . import jobs
from .first_servers import environment
from .kills import kill_controller
from .lab import ROOT

FE01, FE02, LB01 = f"fe01.{ZONE}", f"fe02.{ZONE}", f"lb01.{ZONE}"
POOL = f"pool01.{ZONE}"
DNS = "10.1.0.53"
_AUTHORITY = "/etc/ssl/certs/ca-certificates.crt"


def inventory(**common: object) -> dict[str, Any]:
    """Return the deployment, with variables of all that differ."""
    kerberos = {
        "ansible_connection": "winrm", "ansible_winrm_transport": "kerberos",
        "ansible_winrm_ca_trust_path": _AUTHORITY, "ansible_user": f"svc-lync@{ZONE.upper()}", "lync_pool": POOL,
    }  # fmt: skip
    pool = {"role": "frontend", "load_balancing": "dns", "balancer": LB01, "web_vip": "10.1.0.100"}
    server = {"address": DNS, "zones": [ZONE], "key_name": "internal", "key_secret": secret("internal")}
    everybody = {
        "lync_version": "se",
        "lync_client_networks": ["10.10.0.0/16"],
        "lync_management_networks": ["10.1.0.0/24"],
        "lync_central_management_pool": POOL,
        "lync_pools": {POOL: {**pool, "web_fqdn": f"web01.{ZONE}"}},
        "lync_dns_servers": [{**server, "view": "internal"}],
        "lync_dns_mark_key": "a key of marks, for tests",
        **common,
    }
    balancer = {"lync_address": "10.1.0.5", "lync_balancer_driver": "haproxy", "lync_management_rule": True}
    groups = {
        "frontend": {
            "vars": kerberos, "hosts": {FE01: {"lync_address": "10.1.0.11"}, FE02: {"lync_address": "10.1.0.12"}},
        },
        "load_balancers": {"vars": {"ansible_user": "svc-lync", "ansible_become": True}, "hosts": {LB01: balancer}},
    }  # fmt: skip
    return {"all": {"vars": everybody, "children": groups}}


class Night:
    """The folder in which somebody sits, the devices, and the screens that were kept."""

    def __init__(self, folder: pathlib.Path, screens: pathlib.Path, bind: Bind) -> None:
        self.folder, self.screens, self.bind = folder, screens, bind
        self.stores = {name: FirewallStore(folder / "store", name) for name in (FE01, FE02)}

    def save(self, **common: object) -> None:
        """Write the inventory."""
        (self.folder / "inventory" / "hosts.json").write_text(json.dumps(inventory(**common)), encoding="utf-8")

    def type(self, command: str, status: int | None = 0) -> str:
        """Type a command; return what it prints. Raises RuntimeError when it ends otherwise than expected."""
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, capture_output=True, text=True, check=False, env=os.environ
        )
        if status is not None and done.returncode != status:
            raise RuntimeError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def show(self, name: str, command: str, status: int = 2) -> None:
        """Type the command of a moment and keep the screen."""
        text = self.type(command, status)
        (self.screens / f"{name}.txt").write_text(f"$ {command}\n{text}", encoding="utf-8")
        print(name, file=sys.stderr)


def _site(more: str = "") -> str:
    return f"ansible-playbook -i inventory msuc.lync.site{more}"


def _drift(more: str = "") -> str:
    return f"ansible-playbook -i inventory msuc.lync.drift{more}"


def locked_out(night: Night) -> None:
    """A host takes no connection any more."""
    night.stores[FE01].set_faults(refuses_connections=True)
    night.show("locked-out", _drift(f" --limit {FE01}"))
    night.stores[FE01].set_faults()


def phones_dead(night: Night) -> None:
    """A change took the network of the phones away, and is brought back."""
    night.save(lync_client_networks=["10.20.0.0/16"])
    night.type(_site(f" --limit {FE01},{FE02}"))
    rollback = f"ansible-playbook -i inventory msuc.lync.rollback --limit {FE01},{FE02} -e lync_rollback_to=newest"
    night.show("phones-dead", rollback, status=0)
    night.save()


def half_a_pool(night: Night) -> None:
    """The first member of a pool cannot be changed, so the second one is left alone."""
    night.save(lync_client_networks=["10.10.0.0/16", "10.20.0.0/16"])
    night.stores[FE01].set_faults(access_denied=True)
    night.show("half-a-pool", _site(" --tags firewall"))
    night.stores[FE01].set_faults()
    night.save()


def balancer_refuses(night: Night) -> None:
    """Somebody else listens where the balancer should."""
    lines = "listen theirs\n  bind 10.1.0.100:443\n  server one 10.1.0.99:443\n"
    where = "/etc/haproxy/conf.d/theirs.cfg"
    _on(LB01, f"rm -f /etc/haproxy/conf.d/zz-msuc-lync.cfg; printf '{lines}' >{where}")
    night.show("balancer-refuses", _site(" --tags load_balancer -e lync_members_are_ready=true"))
    _on(LB01, f"rm {where}")
    night.type(_site(" --tags load_balancer -e lync_members_are_ready=true"))


def revert_pending(night: Night) -> None:
    """The controller lost a host between the change and its confirmation."""
    night.save(lync_client_networks=["10.10.0.0/16", "10.20.0.0/16"])
    night.stores[FE01].set_faults(shut_after_write=1)
    night.type(_site(f" --limit {FE01} -e lync_confirm_minutes=5"), status=2)
    night.stores[FE01].set_faults()
    night.show("revert-pending", _drift(f" --limit {FE01}"))
    night.stores[FE01].advance(5)
    night.save()


def inventory_broken(night: Night) -> None:
    """Somebody edited the inventory."""
    night.save(lync_client_networks=["10.10.0.0/33"], lync_clientnetworks=["10.10.0.0/16"])
    night.show("inventory-broken", "ansible-playbook -i inventory msuc.lync.plan")
    night.save()


def controller_died(night: Night) -> None:
    """The controller is killed as soon as the first host was written."""
    night.save(lync_client_networks=["10.10.0.0/16", "10.20.0.0/16"])
    store = night.stores[FE01]
    before = store.counts()["writes"]
    run = subprocess.Popen(
        ["bash", "-c", _site()], cwd=night.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while store.counts()["writes"] == before and run.poll() is None:
        time.sleep(0.02)
    kill_controller(run)
    night.show("controller-died", _drift(f" --limit {FE01},{FE02}"))
    night.type(_site())


def dns_wrong(night: Night) -> None:
    """Somebody changed a record of the pool."""
    night.bind.nsupdate("internal", f"update delete {POOL} A 10.1.0.12", f"update add {POOL} 300 A 10.9.9.9")
    night.show("dns-wrong", _drift(" --tags dns"))
    night.bind.nsupdate("internal", f"update delete {POOL} A 10.9.9.9", f"update add {POOL} 300 A 10.1.0.12")


def other_firewall(night: Night) -> None:
    """A product of somebody else has taken over the firewall of a host."""
    # Category 0: the firewall itself ([MS-FASP] 2.2.47).
    night.stores[FE01].change(products=[{"name": "Contoso Endpoint Firewall", "categories": [0, 2]}])
    night.show("other-firewall", _drift(f" --limit {FE01}"))
    night.stores[FE01].change(products=[])


def _on(host: str, command: str) -> None:
    """Run a command on a Linux host, as somebody who has logged in there."""
    subprocess.run(["ssh", "-n", f"svc-lync@{host}", command], check=True, capture_output=True)


MOMENTS: Mapping[str, Callable[[Night], None]] = {
    "locked-out": locked_out,
    "phones-dead": phones_dead,
    "half-a-pool": half_a_pool,
    "balancer-refuses": balancer_refuses,
    "revert-pending": revert_pending,
    "inventory-broken": inventory_broken,
    "dns-wrong": dns_wrong,
    "other-firewall": other_firewall,
    # Last, since it leaves another plan on the hosts.
    "controller-died": controller_died,
}


def inside(folder: pathlib.Path, screens: pathlib.Path, names: list[str]) -> None:
    """Deploy, and go through the moments; on the machine of named_hosts."""
    subprocess.run(["ip", "address", "add", DNS, "dev", "lo"], check=True)
    # Where named keeps its lock.
    pathlib.Path("/run/named").mkdir()
    with Bind(folder / "bind", {"internal": {ZONE: ""}}, address=DNS, port=53) as bind:
        night = Night(folder, screens, bind)
        night.type(_site())
        for name, moment in MOMENTS.items():
            if not names or name in names:
                moment(night)


def make(screens: pathlib.Path, names: tuple[str, ...] = ()) -> None:
    """Make every screen, a file each below a directory."""
    with tempfile.TemporaryDirectory() as text:
        folder = pathlib.Path(text)
        (folder / "inventory").mkdir()
        (folder / "inventory" / "hosts.json").write_text(json.dumps(inventory()), encoding="utf-8")
        there = [sys.executable, "-m", "tests.simulators.named_hosts", str(folder / "inventory"), "--store"]
        here = [sys.executable, "-m", "tests.lab.two_at_night", "--inside", text, str(screens), *names]
        machine = [*there, str(folder / "store"), "--", *here]
        done = subprocess.run(
            machine, cwd=ROOT, env=environment(folder), stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if done.returncode:
            raise RuntimeError((done.stdout + done.stderr).decode())


def main() -> int:
    """Print the screens that are named, or all."""
    if sys.argv[1:2] == ["--inside"]:
        inside(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4:])
        return 0
    reason = named_hosts.missing() or ("" if present() else MISSING)
    if reason:
        print(reason, file=sys.stderr)
        return named_hosts.NOT_HERE
    return jobs.shown("night", make, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
