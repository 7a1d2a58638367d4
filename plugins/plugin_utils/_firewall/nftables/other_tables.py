# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes of what is no rule (policy, frame, file), in the form of a rule's change.

    change_of("policy of table inet msuc_lync", "policy", "accept", "drop", closes=True)
"""

from __future__ import annotations

from collections.abc import Mapping


def change_of(name: str, what: str, before: str, after: str, closes: bool = False) -> dict[str, object]:
    """Return a change of something that is no rule, in the form of a rule's change."""
    properties = [{"property": what, "before": before, "after": after}]
    effect = "no longer admitted: what no rule admits" if closes else "no change of rules"
    said = {"kind": "change", "name": name, "reason": f"different: {what}", "properties": properties, "effect": effect}
    return {**said, "opens": False, "closes": closes, "changes_admission": closes}


def command(change: Mapping[str, object]) -> str:
    """Return such a change as a line of words."""
    properties = change["properties"]
    item = properties[0] if isinstance(properties, list) else {}
    return f"change {change['name']}: {item['property']} from {item['before']} to {item['after']}"


def diff(change: Mapping[str, object]) -> dict[str, str]:
    """Return such a change for ansible's --diff."""
    properties = change["properties"]
    item = properties[0] if isinstance(properties, list) else {}
    header = str(change["name"])
    sides = {side: f"{item['property']}: {item[side]}\n" for side in ("before", "after")}
    return {"before_header": header, "after_header": header, **sides}
