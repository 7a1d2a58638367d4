# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""site.yml and drift.yml bring HAProxy and the ring of nftables to a Linux balancer in network namespaces.

Drift of both kinds, a table changed by hand and a service that ended, is named and repaired, and packets pass.
"""

from __future__ import annotations

import json
from pathlib import Path

from ..simulators.balancer_host import BalancerHost, running_host
from ..simulators.proxies import needs_haproxy
from ..simulators.ring import CLIENTS, MEMBERS, VIP, Ring, needs_ring, running_ring
from .lab import READY, ROOT, Lab, Played
from .summaries import outcomes
from .test_udp_ring import chosen, many

pytestmark = [needs_haproxy, needs_ring]
POOL = "edge01.contoso.com"
SERVICE = f"{POOL}-edge-internal-av-udp-3478"


def inventory(path: Path, host: BalancerHost) -> None:
    """Write a deployment of an Edge pool whose internal side the balancer leads: 443 of TCP, 3478 of UDP."""
    edge = {
        f"edge1{number}": {
            "ansible_host": MEMBERS[number - 1],
            "lync_internal_address": MEMBERS[number - 1],
            "lync_external_addresses": {
                name: f"192.0.2.{10 * tens + number}"
                for tens, name in enumerate(("access", "web_conferencing", "av"), 2)
            },
        }
        for number in (1, 2)
    }
    rows = "id != 'edge-internal-av-udp' && id != 'edge-internal-av-tcp'"
    pool = {
        "role": "edge",
        "load_balancing": "hlb",
        "balancer": {"internal": "lb01", "external": "lb02"},
        "vip": VIP,
        "external_vips": {"access": "192.0.2.10", "web_conferencing": "192.0.2.11", "av": "192.0.2.12"},
        "monitoring_port": 443,
    }
    common = {
        "lync_version": "2015",
        "lync_client_networks": [CLIENTS],
        "lync_management_networks": ["10.99.0.0/24"],
        "lync_row_overrides": [{"select": rows, "set": {"enabled": False}}],
        "lync_pools": {POOL: pool},
    }
    balancers = {"lb01": host.variables(), "lb02": {"ansible_host": "192.0.2.5", "lync_managed": False}}
    children = {
        "edge": {"vars": {"lync_managed": False, "lync_pool": POOL}, "hosts": edge},
        "load_balancers": {"hosts": balancers},
    }
    path.write_text(json.dumps({"all": {"vars": common, "children": children}}), encoding="utf-8")


class Runs:
    """Runs of the playbooks against the balancer."""

    def __init__(self, folder: Path, host: BalancerHost) -> None:
        self._lab, self._hosts = Lab(folder), folder / "hosts.json"
        self._lab.inventory.write_text('{"all": {}}', encoding="utf-8")
        inventory(self._hosts, host)

    def play(self, name: str, *arguments: str) -> Played:
        path = ROOT / "playbooks" / f"{name}.yml"
        return self._lab.play(path, "-i", str(self._hosts), "--tags", "load_balancer", *READY, *arguments)

    def drift(self, status: int, *arguments: str) -> str:
        """Run drift.yml, which ends with a status; return what it printed."""
        played = self.play("drift", *arguments)
        assert played.status == status, f"{played.output}\n{causes(played)}"
        return played.output

    def site(self, expected: tuple[str, int, int, int], *arguments: str) -> None:
        """Run site.yml; what becomes of the balancer is as expected: status, services added, changed and removed."""
        played = self.play("site", *arguments)
        assert played.status == 0, played.output
        assert outcomes(played, "load_balancer")["lb01"] == expected, causes(played)


def causes(played: Played) -> str:
    """Return what each task on the balancer changed, with its cause, a line each."""
    names = ("changes", "lines", "differences", "health", "warnings")
    found = (record["result"] for record in played.of("lb01"))
    return "\n".join(json.dumps({name: one.get(name) for name in names}) for one in found if one.get("lines"))


def test_the_role_brings_the_ring_and_names_and_repairs_drift(tmp_path: Path) -> None:
    with running_ring(tmp_path) as ring, running_host(ring) as host:
        runs = Runs(tmp_path, host)
        before = host.written(), ring.table()
        runs.site(("changed", 2, 0, 0), "--check", "--diff")
        assert (host.written(), ring.table()) == before and not host.pid.exists()
        runs.site(("changed", 2, 0, 0))
        assert set(chosen(ring, many(40)).values()) == set(MEMBERS[:2])
        runs.site(("unchanged", 0, 0, 0))
        runs.drift(0)
        _service_ended(runs, ring, host)
        _file_changed(runs, ring, host)


def _service_ended(runs: Runs, ring: Ring, host: BalancerHost) -> None:
    """Let the service end and somebody lead every slot to one member meanwhile."""
    host.stop()
    table = ring.run("b", "nft", "list", "table", "inet", "msuc_lync_lb")
    ring.run("b", "nft", "-f", "-", given=f"delete table inet msuc_lync_lb\n{table.replace(*MEMBERS[:2])}")
    assert set(chosen(ring, many(40)).values()) == {MEMBERS[1]}
    printed = runs.drift(2)
    assert f"lb01: {SERVICE}: changed (msuc-lync-udp.service does not run" in printed, printed
    assert not host.pid.exists()
    runs.drift(0, "-e", "lync_remediate=true")
    assert set(chosen(ring, many(40)).values()) == set(MEMBERS[:2])
    runs.drift(0)


def _file_changed(runs: Runs, ring: Ring, host: BalancerHost) -> None:
    """Take a member out of the file by hand; the service follows, and the next run names it."""
    text = host.file.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines(keepends=True) if MEMBERS[0] not in line]
    host.file.write_text("".join(lines), encoding="utf-8")
    printed = runs.drift(2)
    assert f"{SERVICE}: changed: members lacks address {MEMBERS[0]}" in printed, printed
    runs.site(("changed", 0, 1, 0))
    assert host.file.read_text(encoding="utf-8") == text
    runs.site(("unchanged", 0, 0, 0))
