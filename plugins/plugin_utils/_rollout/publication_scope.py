# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which hosts of a plan are reverse proxies that are configured, and what a run may publish on one: nothing of pools that have to wait.

Pools wait for the same reasons as on load balancers, for their load balancers, and for the reverse proxies before this one.
Meanwhile nothing is taken away (state merged), because a publication that is absent from the list could be one of theirs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def publishing_hosts(files: Mapping[str, str]) -> list[str]:
    """Return the names of the hosts whose plan says what they publish, sorted; files: texts of plan files by path."""
    texts = (text for path, text in files.items() if path.startswith("hosts/") and '"publications"' in text)
    return sorted(str(document["host"]) for document in map(json.loads, texts) if "publications" in document)


def pools_of(publications: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the pools of publications."""
    return [str(item["name"]) for item in publications]


def publishing_scope(
    publications: Iterable[Mapping[str, Any]], not_ready: Mapping[str, str], before: Mapping[str, Sequence[str]], done: Mapping[str, bool]
) -> dict[str, Any]:
    """Return what a reverse proxy gets now, as options of its module: publications, state; and waiting, which maps pools to why they wait.

    not_ready: why members of a pool are not ready, by pool. before: the pools of each load balancer, and of each reverse proxy that comes
    before this one. done: whether one of these succeeded in this run, by name.
    """
    failed = {pool: f"{name} is not as planned" for name, pools in before.items() if not done.get(name, True) for pool in pools}
    reasons, items = {**failed, **not_ready}, list(publications)
    waiting = {str(item["name"]): reasons[item["name"]] for item in items if item["name"] in reasons}
    chosen = [dict(item) for item in items if item["name"] not in waiting]
    return {"publications": chosen, "state": "merged" if waiting else "replaced", "waiting": waiting}
