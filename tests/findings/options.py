# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every name of an option of a run, a tag and a module that these tests use, so that a rename is one line here.

    extra(confirm_minutes=5, remediate=True) -> ("-e", '{"lync_confirm_minutes": 5, "lync_remediate": true}')
    tags("firewall", "dns")                  -> ("--tags", "firewall,dns")

Variables of an inventory keep their names and stand where they are used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

_OPTIONS: Mapping[str, str] = {
    "plan_dir": "lync_plan_dir",
    "plan_baseline": "lync_plan_baseline",
    "approved_plan": "lync_approved_plan",
    "audit_dir": "lync_audit_dir",
    "report_dir": "lync_report_dir",
    "change_reference": "lync_change_reference",
    "confirm_minutes": "lync_confirm_minutes",
    "remediate": "lync_remediate",
    "remediate_max_changes": "lync_remediate_max_changes",
    "retire": "lync_retire",
    "dns_servers": "lync_dns_servers",
    "ipsec": "lync_ipsec",
}
_TAGS: Mapping[str, str] = {
    "firewall": "firewall",
    "ipsec": "ipsec",
    "linux_firewall": "linux_firewall",
    "load_balancer": "load_balancer",
    "dns": "dns",
}
_MODULES: Mapping[str, str] = {
    "ipsec": "msuc.lync.windows_ipsec_exemptions",
    "haproxy": "msuc.lync.haproxy_services",
    "nftables": "msuc.lync.nftables_udp_services",
    "publications": "msuc.lync.publications",
    "f5": "msuc.lync.f5_as3",
    "netscaler": "msuc.lync.netscaler_services",
    "kemp": "msuc.lync.kemp_services",
}
_MODULE_OPTIONS: Mapping[str, str] = {
    "services": "services",
    "publications": "publications",
    "state": "state",
    "path": "path",
    "http_path": "http_path",
    "driver": "driver",
    "program": "program",
    "master_socket": "master_socket",
    "config": "config",
    "pid_file": "pid_file",
    "provider": "provider",
    "exemptions": "exemptions",
    "handout_dir": "handout_dir",
}


def service(pool: str, vip: str, port: int, members: Sequence[str], **more: object) -> dict[str, object]:
    """Return a virtual service as plan files have them."""
    persistence = {"type": "source", "seconds": 1200, "group": f"{pool}@{vip}"}
    monitor = {"type": "tcp", "port": port, "interval_seconds": 10, "failures": 2}
    place = {"name": f"{pool}-{port}", "pool": pool, "rows": ["S2"], "vip": vip, "port": port, "protocol": "tcp"}
    nobody: dict[str, object] = {f"{kind}_members": [] for kind in ("backup", "draining", "disabled")}
    how = {"idle_seconds": 60, "source_nat": True, "nagle": True, "algorithm": "least-connections", "options": {}}
    who = {"node_port": port, "members": list(members), "balancers": ["lb01"], **nobody}
    return {**place, **who, **how, "persistence": persistence, "monitor": monitor, **more}


def publication(pool: str, name: str, listens: str, member: str, **more: object) -> dict[str, object]:
    """Return what a reverse proxy publishes of a pool as plan files have it."""
    ports = {"https_port": 10443, "https_node_port": 14443, "http_port": 10080, "http_node_port": 18080}
    how = {"mode": "passthrough", "certificate": "", "ca": "", "idle_seconds": 60}
    members = [{"address": member, "state": "active"}]
    return {"name": pool, "host_names": [name], "listens": [listens], "members": members, **ports, **how, **more}


def extra(**options: object) -> tuple[str, ...]:
    """Return the arguments that set options of one run."""
    return "-e", json.dumps({_OPTIONS[name]: value for name, value in options.items()})


def tags(*names: str) -> tuple[str, ...]:
    """Return the arguments that choose concerns."""
    return "--tags", ",".join(_TAGS[name] for name in names)


def module(name: str, **options: object) -> dict[str, object]:
    """Return the task of a module."""
    return {_MODULES[name]: {_MODULE_OPTIONS[option]: value for option, value in options.items()}}
