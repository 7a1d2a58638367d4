# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dumps of the hosts' firewalls as comparisons with the plan, for the same report as those of drift.yml.

audited_hosts({"fe01": HostPlan(...)}, "dumps")
-> Comparisons((TaskResult("fe01", Concern.FIREWALL, Step.COMPARE, ...), ...), notes=("fe01: the firewall is off ...",))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .._base.changes import State
from .._base.untyped import mapping
from .._firewall.windows.audit import Audited, HostAudit, audited
from .._plan.documents import Document, plain
from .._plan.model import HostPlan
from .._rollout.results import Concern, Step, TaskResult


@dataclass(frozen=True)
class Comparisons:
    """What dumps come to, and what else they say, such as a firewall that is off, and dumps of no host."""

    results: tuple[TaskResult, ...]
    notes: tuple[str, ...]


def audited_hosts(hosts: Mapping[str, HostPlan], directory: str) -> Comparisons:
    """Return how the dumps of a directory differ from the plans of Windows hosts.

    Raises InvalidInputError when it cannot be read.
    """
    policies: dict[tuple[str, str], dict[str, Document]] = {}
    for name, host in hosts.items():
        policies.setdefault((host.policy.firewall_state, host.policy.ipsec), {})[name] = mapping(plain(host))
    found = [audited(own, Path(directory), State(state), ipsec) for (state, ipsec), own in policies.items()]
    # With no host at all, a directory that is not there is an error all the same.
    found = found or [audited({}, Path(directory))]
    audits = {name: each.hosts[name] for each in found for name in each.hosts}
    # Each of them looks at the dumps of its own hosts only.
    unasked = set.intersection(*(set(each.unasked) for each in found))
    whole = Audited(dict(sorted(audits.items())), tuple(sorted(unasked)))
    return Comparisons(tuple(_results(whole)), whole.notes)


def _results(found: Audited) -> Iterator[TaskResult]:
    for name, host in found.hosts.items():
        for concern, document in _documents(host).items():
            yield TaskResult.of_answer(name, Concern(concern), Step.COMPARE, document, is_check=True)


def _documents(host: HostAudit) -> Mapping[str, Document]:
    """Return the documents of a host by concern.

    Of one that cannot be judged the first, since the others say the same.
    """
    if not host.problem:
        return host.documents
    concern, document = next(iter(host.documents.items()))
    judged: Document = {**document, "problem": host.problem}
    return {concern: judged}
