# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The exemptions of a host compared with the plan by its dump, without a connection.

exemption_changes(plan document, dump, State.REPLACED, "auto")
-> Compared(result={"changed": True, "changes": [...], "summary": {...}}, refused=())
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .. import results
from ..options import OWNED_GROUP
from ..planner import Present, State, plan_changes
from ..reconcile import listed_mappings
from ..windows.dumps import Dump
from ..windows.registry_strings import RefusedRule
from .exemption import PROTECTING, WORDING, exemptions_from_options
from .host import adopted
from .reconcile import ALWAYS, NEVER, PREFIX
from .strings import parse_exemptions


@dataclass(frozen=True)
class Compared:
    """What a dump says about exemptions: a result like that of a task, and the strings that make no sense."""

    result: Mapping[str, object]
    refused: tuple[RefusedRule, ...] = ()


def exemption_changes(document: Mapping[str, object], dump: Dump, state: State, needed: str) -> Compared:
    """Return what would have to change for the exemptions of a dump to be those of a plan.

    needed: as the module's option. With auto a dump without a rule that protects needs none, but for those it has; what Group
    Policy requires is in no dump.
    """
    parsed = parse_exemptions(dump.connection_security)
    have = [Present(adopted(stored.rule, OWNED_GROUP, PREFIX), {"id": stored.rule_id}) for stored in parsed.rules]
    is_needed = needed == ALWAYS or any(present.rule.enabled and present.rule.action in PROTECTING for present in have)
    names = {present.rule.name for present in have if present.rule.group == OWNED_GROUP}
    want = [rule for rule in exemptions_from_options(listed_mappings(document.get("ipsec_exemptions"))) if is_needed or rule.name in names]
    changes = () if needed == NEVER else plan_changes(want, have, state).now
    found = {"changed": bool(changes), "changes": results.change_results(changes, WORDING), "summary": results.summary(changes)}
    return Compared(found, () if needed == NEVER else parsed.refused)
