# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""drift.yml over 200 simulated Windows hosts in 20 pools with 500 deviations: it finds all and nothing else, in the
time of some win_ping.

    python -m tests.bench.drift [HOSTS [DEVIATIONS]]

It prints a table and writes .build/bench-drift.json; status 1 when a bar is missed.

The hosts speak real WinRM and share the processors with ansible-playbook, so their own work counts against drift.yml,
which asks for all of their rules, more than against win_ping. Both run in turn, and the best of each counts.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import time
from typing import Any

from tests.lab.deviations import WAYS, inject, told
from tests.lab.lab import ROOT
from tests.lab.site_lab import SiteLab
from tests.tools import wheel_collections

HOSTS, POOLS, DEVIATIONS = 200, 20, 500
UNREACHABLE = 3
ROUNDS = 2
MAXIMUM = 2.0
FORKS = "20"
SEED = 2010
WORK = ROOT / ".build" / "bench-drift"
RESULT = ROOT / ".build" / "bench-drift.json"
PING = """---
- name: Two pings
  hosts: frontend
  gather_facts: false
  tasks:
    - name: One
      ansible.windows.win_ping:
    - name: Two
      ansible.windows.win_ping:
"""


def deployment(hosts: int, pools: int) -> dict[str, Any]:
    """Return an inventory of Front End pools; their load balancer is somebody else's."""
    names = [f"pool{number:02}.contoso.com" for number in range(pools)]
    pool = {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01"}
    front_ends = {
        f"fe{number:04}": {
            "ansible_host": f"10.16.{number // 200}.{10 + number % 200}",
            "lync_pool": names[number % pools],
        }
        for number in range(hosts)
    }
    common = {
        "lync_client_networks": ["10.64.0.0/12"], "lync_version": "2013", "lync_ipsec": "auto",
        "lync_pools": {name: {**pool, "vip": f"10.32.0.{10 + number}"} for number, name in enumerate(names)},
    }  # fmt: skip
    balancers = {"lb01": {"ansible_host": "10.7.0.21", "lync_balancer_driver": "f5_as3", "lync_managed": False}}
    return {
        "all": {"vars": common, "children": {"frontend": {"hosts": front_ends}, "load_balancers": {"hosts": balancers}}}
    }


class QuietLab(SiteLab):
    """Hosts whose firewalls hold nothing but what the plan makes, so that nothing else can be told of them."""

    def _windows_hosts(self) -> dict[str, dict[str, Any]]:
        return {host: {**found, "seed": "empty"} for host, found in super()._windows_hosts().items()}


def _report(lab: SiteLab) -> tuple[dict[str, Any], float, int]:
    """Return the report of drift.yml, its seconds and its exit status."""
    shutil.rmtree(WORK / "report", ignore_errors=True)
    start = time.perf_counter()
    played = lab.playbook("drift", "-e", f"lync_report_dir={WORK / 'report'}", "--forks", FORKS)
    seconds = time.perf_counter() - start
    document: dict[str, Any] = json.loads((WORK / "report" / "drift.json").read_text(encoding="utf-8"))
    return document, seconds, played.status


def _pings(lab: SiteLab) -> float:
    """Return the seconds of two win_ping per host."""
    start = time.perf_counter()
    played = lab.lab.play(
        PING,
        "-i",
        str(lab.source),
        "--forks",
        FORKS,
        ANSIBLE_COLLECTIONS_PATH=f"{wheel_collections.TREE}:{ROOT / '.collections'}",
    )
    if played.status:
        sys.exit(played.output)
    return time.perf_counter() - start


def measure(hosts: int, pools: int, deviations: int) -> dict[str, Any]:
    """Return what was found beside what was injected, and the times."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    source = WORK / "hosts.json"
    source.write_text(json.dumps(deployment(hosts, pools)), encoding="utf-8")
    with QuietLab(source, WORK / "lab") as lab:
        made = lab.playbook("site", "-e", f"lync_wave_size={hosts}", "--forks", FORKS)
        clean, _seconds, status = _report(lab)
        if made.status or status:
            sys.exit(
                f"the hosts are not as planned before anything was injected\n{made.output[-2000:]}\n{clean['counts']}"
            )
        expected = inject(lab.lab.stores, deviations, random.Random(SEED))
        times: dict[str, list[float]] = {"drift": [], "pings": []}
        for _round in range(ROUNDS):
            report, seconds, status = _report(lab)
            times["drift"].append(seconds)
            times["pings"].append(_pings(lab))
        found = told(report, clean)
        hidden = sorted(lab.lab.stores)[:: max(1, hosts // UNREACHABLE)][:UNREACHABLE]
        for host in hidden:
            lab.lab.stores[host].set_faults(unreachable=True)
        partial, _seconds, partial_status = _report(lab)
    unreachable = sorted(device["device"] for device in partial["devices"] if device["status"] == "unreachable")
    rest = {host: items for host, items in expected.items() if host not in hidden}
    return {
        "hosts": hosts, "pools": pools, "injected": sum(map(len, expected.values())),
        "found": sum(map(len, found.values())),
        "missed": sorted(str(item) for host, items in expected.items() for item in items - found.get(host, set())),
        "invented": sorted(str(item) for host, items in found.items() for item in items - expected.get(host, set())),
        "classes": {kind: sum(item[1] == kind for items in found.values() for item in items) for kind in WAYS},
        "statuses": [status, partial_status],
        "unreachable_right": unreachable == hidden and told(partial, clean) == rest,
        "drift_seconds": min(times["drift"]), "pings_seconds": min(times["pings"]),
        "ratio": min(times["drift"]) / min(times["pings"]),
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Print the table; return the exit status."""
    given = [int(text) for text in (sys.argv[1:] if arguments is None else arguments)]
    hosts, deviations = [*given, *(HOSTS, DEVIATIONS)[len(given) :]]
    result = measure(hosts, min(POOLS, max(1, hosts // 3)), deviations)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    bars = {
        "every deviation with its class": not result["missed"] and result["injected"] == deviations,
        "nothing else": not result["invented"],
        "exit status 2, with and without hosts that cannot be reached": result["statuses"] == [2, 2]
        and result["unreachable_right"],
        f"time of drift.yml at most {MAXIMUM} of two win_ping per host": result["ratio"] <= MAXIMUM,
    }
    print(
        f"{hosts} hosts, {result['pools']} pools: {result['injected']} injected, {result['found']} found "
        f"{result['classes']}"
    )
    print(
        f"drift.yml {result['drift_seconds']:.1f} s, two win_ping per host {result['pings_seconds']:.1f} s, ratio "
        f"{result['ratio']:.2f}"
    )
    for name, met in bars.items():
        print(f"{'met   ' if met else 'MISSED'} {name}")
    return 0 if all(bars.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
