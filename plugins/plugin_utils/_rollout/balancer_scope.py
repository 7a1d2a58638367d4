# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which virtual services a run may bring to a load balancer: those of pools whose members are ready and whose earlier units succeeded.

Pools that have to wait are left as they are; meanwhile nothing is removed from the balancer either (state merged), because a
service that is absent from the list could be one of theirs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._load_balancers.registry import CARRIERS
from .._plan.files import Document, host_path


@dataclass(frozen=True)
class BalancerScope:
    """The services that a balancer gets now, and why pools wait."""

    services: tuple[Mapping[str, Any], ...]
    waiting: Mapping[str, str]

    def of(self, balancer_driver: str, driver: str) -> dict[str, Any]:
        """Return the part that a driver carries on a balancer, as options of its module: services, state, waiting."""
        protocols = {protocol for protocol, name in CARRIERS.get(balancer_driver, {}).items() if name == driver}
        chosen = [dict(service) for service in self.services if service["protocol"] in protocols]
        return {"services": chosen, "state": "merged" if self.waiting else "replaced", "waiting": dict(self.waiting)}


def pools_of_balancers(files: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the pools that each managed load balancer serves, units of a pair in their order; files: texts of plan files by path.

    One that serves none any more is there too: it loses what it had.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(path for path in files if path.startswith("pools/")):
        pool = json.loads(files[path])
        for name in dict.fromkeys(name for service in pool["virtual_services"] for name in service["balancers"]):
            if host_path(name) in files:
                found.setdefault(name, []).append(pool["pool"])
    texts = (files[path] for path in sorted(files) if path.startswith("hosts/") and '"load_balancer"' in files[path])
    return {**found, **{document["host"]: [] for document in map(json.loads, texts) if document["host"] not in found}}


def balancer_scope(balancer: str, pools: Iterable[Document], not_ready: Mapping[str, str], done: Mapping[str, bool]) -> BalancerScope:
    """Return the scope of one balancer.

    not_ready: why members of a pool are not ready, by pool. done: whether a balancer of this run succeeded, by name.
    """
    found: list[Mapping[str, Any]] = []
    waiting: dict[str, str] = {}
    for pool in pools:
        services: Any = pool["virtual_services"]
        mine = [service for service in services if balancer in service["balancers"]]
        name = str(pool["pool"])
        why = not_ready.get(name) or _earlier_unit(balancer, mine, done)
        if mine and why:
            waiting[name] = why
        else:
            found += mine
    return BalancerScope(tuple(found), waiting)


def _earlier_unit(balancer: str, services: Iterable[Mapping[str, Any]], done: Mapping[str, bool]) -> str:
    before = {unit for service in services for unit in service["balancers"][: list(service["balancers"]).index(balancer)]}
    failed = sorted(unit for unit in before if not done.get(unit, True))
    return f"{', '.join(failed)} of the same pair is not as planned" if failed else ""
