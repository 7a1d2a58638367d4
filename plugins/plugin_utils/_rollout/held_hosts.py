# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which hosts of a run must not close yet, from the plan of the run and the results that its tasks registered.

    held(state, variables, ["fe22"]) == {"fe22": ("lb02 is not as planned, and the rules that go admit it",)}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from .._plan.files import Document
from .gates import Member, Sender, in_the_way, sender_of, suspects, wanted_targets
from .outcome import Result
from .run_state import RunState

SENDERS_REGISTERED = ("load_balancer_applied", "load_balancer_udp_applied", "reverse_proxy_applied")
RULES_REGISTERED = ("windows_firewall_opened", "linux_firewall_opened")
Variables = Callable[[str], Mapping[str, object]]
"""The variables of a host, as far as they are needed: results, and lync_balancer_addresses."""


def results_under(variables: Mapping[str, object], names: Iterable[str]) -> list[Result]:
    """Return the results that a host's variables hold under names, those of skipped tasks left out."""
    found = (variables[name] for name in names if name in variables)
    return [result for result in found if isinstance(result, Mapping) and not result.get("skipped")]


def held(state: RunState, variables: Variables, hosts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return why hosts must not close yet; those that may are left out."""
    names = list(hosts)
    senders = senders_of(state, variables) if names else ()
    if any(sender.failed or sender.targets for sender in senders):
        senders = suspects(senders, wanted_targets(state.pools(), state.hosts()))
    found = {name: in_the_way(_member(name, state.host(name) or {}, variables(name)), senders) for name in names if senders}
    return {name: reasons for name, reasons in found.items() if reasons}


def senders_of(state: RunState, variables: Variables) -> tuple[Sender, ...]:
    """Return the load balancers and reverse proxies of a run that were asked."""
    pools = {name: list(served) for name, served in state.balancers().items()}
    for name in state.proxies():
        pools.setdefault(name, []).extend(_published(state.host(name) or {}))
    results = {name: results_under(variables(name), SENDERS_REGISTERED) for name in pools}
    return tuple(sender_of(name, pools[name], _spoken(name, state, variables), found) for name, found in results.items() if found)


def _published(document: Document) -> list[str]:
    items = document.get("publications")
    return [str(item["name"]) for item in items] if isinstance(items, list) else []


def _spoken(name: str, state: RunState, variables: Variables) -> list[str]:
    """Return the addresses from which a sender speaks."""
    return [*_texts((state.host(name) or {}).get("addresses")), *_texts(variables(name).get("lync_balancer_addresses"))]


def _member(name: str, document: Document, variables: Mapping[str, object]) -> Member:
    opened = results_under(variables, RULES_REGISTERED)
    now = [rule for result in opened for rule in _rules(result.get("after"))]
    return Member(name, tuple(_texts(document.get("addresses"))), str(document.get("pool") or ""), now, _rules(document.get("firewall_rules")))


def _rules(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _texts(value: object) -> Sequence[str]:
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else [str(value)] if isinstance(value, str) else []
