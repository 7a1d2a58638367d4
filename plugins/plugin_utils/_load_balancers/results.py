# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of a module of load balancers as plain data: services, changes, commands in words, summary, diff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from enum import Enum

from .changes import Change, Kind
from .driver import NotRendered
from .model import Service

_COUNTED = {"added": Kind.ADD, "changed": Kind.CHANGE, "removed": Kind.REMOVE}


def plain(value: object) -> object:
    """Return a value of the model as mappings, lists and scalars."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def services(items: Iterable[Service]) -> list[object]:
    """Return services as mappings, sorted by name."""
    return [plain(item) for item in sorted(items, key=lambda item: item.name)]


def changes(items: Iterable[Change]) -> list[dict[str, object]]:
    """Return changes as mappings: kind, name, fields (field, before, after), impact, recreates."""
    return [
        {
            "kind": item.kind.value,
            "name": item.name,
            "fields": [{"field": name, "before": _side(item.before, name), "after": _side(item.after, name)} for name in item.fields],
            "impact": item.impact.words,
            "recreates": item.impact.recreates,
        }
        for item in items
    ]


def commands(items: Iterable[Change]) -> list[str]:
    """Return each change as one line of words."""
    return [_command(item) for item in items]


def summary(items: Sequence[Change]) -> dict[str, int]:
    """Return how many services are added, changed, removed, and how many of the changes recreate a virtual."""
    counts = {word: sum(item.kind is kind for item in items) for word, kind in _COUNTED.items()}
    return {**counts, "recreated": sum(item.kind is Kind.CHANGE and item.impact.recreates for item in items)}


def diffs(items: Iterable[Change]) -> list[dict[str, str]]:
    """Return one diff per change for ansible's --diff."""
    return [_diff(item) for item in items]


def not_rendered(items: Iterable[NotRendered]) -> list[dict[str, str]]:
    """Return what is not said as mappings: service, field, why."""
    return [asdict(item) for item in sorted(items)]


def _side(service: Service | None, name: str) -> object:
    return None if service is None else plain(getattr(service, name))


def _command(item: Change) -> str:
    if item.after is not None and item.before is None:
        return f"add {item.name}: {item.after.protocol} {item.after.vip} port {item.after.port} to port {item.after.node_port} of {_addresses(item.after)}"
    if item.after is None:
        return f"remove {item.name}"
    said = [f"{name} from {_words(_side(item.before, name))} to {_words(_side(item.after, name))}" for name in item.fields]
    return f"change {item.name} ({item.impact.words}): {', '.join(said)}"


def _addresses(service: Service) -> str:
    return ", ".join(member.address for member in service.members) or "no member"


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_words(item) for item in value) or "none"
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_words(item)}" for key, item in value.items() if item not in ("", None)) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _diff(item: Change) -> dict[str, str]:
    header = f"virtual service {item.name} ({item.impact.words})"
    shown = item.fields or tuple(field.name for field in fields(Service))
    sides = ["".join(f"{name}: {_words(_side(side, name))}\n" for name in shown) if side else "" for side in (item.before, item.after)]
    return {"before_header": header, "after_header": header, "before": sides[0], "after": sides[1]}
