# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Firewall rules and IPsec exemptions of one host, gathered in one round trip and compared as two.

chosen_parts(["ipsec"], []) == ("ipsec",)
parts_of({"addresses": [...], "firewall": {"rules": [...], ...}, "ipsec": {...}})["firewall"]
== {"addresses": [...], "rules": [...], ...}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..._base.errors import DeviceError
from ..._base.libraries import MissingLibraryError
from ..._base.reconcile import reconcile
from ..reconcile import Answer, FirewallProvider, Link
from .host import mapping_of, understood

PARTS = ("firewall", "ipsec")


def chosen_parts(run_tags: Iterable[str], skip_tags: Iterable[str]) -> tuple[str, ...]:
    """Return the parts that the tags of a run leave: the named ones, or all when none is, without those to skip."""
    named = set(PARTS) & set(run_tags) or set(PARTS)
    return tuple(part for part in PARTS if part in named - set(skip_tags))


def parts_of(answer: Answer) -> dict[str, Answer]:
    """Return what the remote module of each part would have answered to gather; raises AnswerError without a part."""
    if answer.get("failed"):
        return dict.fromkeys(PARTS, answer)
    shared = {name: value for name, value in answer.items() if name not in PARTS}
    with understood():
        return {part: {**shared, **mapping_of(answer, part)} for part in PARTS}


def link_to(answer: Answer) -> Link:
    """Return the way to a host that has answered already."""
    return Link(lambda _arguments: answer, lambda _arguments, _lost_text: answer, "")


def compared(provider: FirewallProvider) -> dict[str, object]:
    """Return the result of a provider that only looks, as in check mode."""
    failure: dict[str, object] = {}
    try:
        reconcile(provider, check_mode=True)
    except (DeviceError, MissingLibraryError) as error:
        failure = {"failed": True, "msg": str(error)}
    return {**provider.result(), **failure, "check_mode": True}


def together(results: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    """Return one result that holds those of the parts, with what they warn of and why they failed."""
    failed = [f"{part}: {result.get('msg')}" for part, result in results.items() if result.get("failed")]
    failure: dict[str, object] = {"failed": True, "msg": "\n".join(failed)} if failed else {}
    lists = [found for result in results.values() if isinstance(found := result.get("warnings"), list)]
    warnings = list(dict.fromkeys(warning for found in lists for warning in found))
    is_changed = any(result.get("changed") for result in results.values())
    return {**failure, **results, "changed": is_changed, "warnings": warnings}
