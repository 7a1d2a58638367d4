# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""want x have -> changes of virtual services, each with what it does to traffic, and their documents.

Services are matched by name. Whether something of the device is ours is the driver's to know (prefix, tenant, file):
have holds our services only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import partial

from .._base.changes import Cause, Change, Effect, Kind, Presentation, State, applied_by_name, changes_by_name
from .driver import EffectKind
from .model import Member, MemberState, Service, plain

STATES = (State.MERGED, State.REPLACED, State.DELETED, State.GATHERED, State.RENDERED, State.PARSED)
"""The states of the modules of load balancers and reverse proxies."""
ServiceChange = Change[Service]
_FIELDS = tuple(field.name for field in fields(Service))


def plan_changes(
    want: Sequence[Service], have: Sequence[Service], state: State, effects: Mapping[str, EffectKind]
) -> tuple[ServiceChange, ...]:
    """Return the changes in their safe order: additions, changes, removals; each sorted by name."""
    return changes_by_name(
        want, have, state, name_of=lambda service: service.name, change_of=partial(_change_service, effects)
    )


def _change_service(
    effects: Mapping[str, EffectKind], before: Service | None, after: Service | None, cause: Cause
) -> ServiceChange:
    if after is None and before is not None:
        return service_change(Kind.REMOVE, before, None, cause, [EffectKind.REMOVES])
    if before is None or after is None:
        return service_change(Kind.ADD, None, after, cause, [EffectKind.ADDS])
    names = [name for name in _FIELDS if getattr(before, name) != getattr(after, name)]
    kinds = [effects.get(name, effects.get("", EffectKind.MODIFIES)) for name in names]
    return service_change(Kind.CHANGE, before, after, cause, kinds, names)


def service_change(
    kind: Kind,
    before: Service | None,
    after: Service | None,
    cause: Cause,
    kinds: Iterable[EffectKind],
    names: Sequence[str] = (),
) -> ServiceChange:
    """Return a change with its effects; names: the fields that differ."""
    found = set(kinds)
    name = (after or before).name  # type: ignore[union-attr]  # one of them is there
    return Change(
        kind=kind,
        name=name,
        cause=cause,
        before=before,
        after=after,
        properties=tuple(names),
        opens=kind is Kind.ADD or bool(before and after and members_come_back(before.members, after.members)),
        closes=kind is Kind.REMOVE,
        effects=effects_of(found),
        recreates=any(item.recreates for item in found),
    )


def effects_of(kinds: Iterable[EffectKind]) -> tuple[Effect, ...]:
    """Return the effects as data with their texts, sorted by text."""
    return tuple(Effect(kind.value, (), kind.text) for kind in sorted(set(kinds), key=lambda kind: kind.text))


def members_come_back(before: Iterable[Member], after: Iterable[Member]) -> bool:
    """Return whether the members stay the same, and one of them takes traffic again."""
    old, new = ({member.address: member.state for member in members} for members in (before, after))
    return old.keys() == new.keys() and any(
        state is MemberState.ACTIVE is not old[name] for name, state in new.items()
    )


def applied(have: Sequence[Service], changes: Iterable[ServiceChange]) -> tuple[Service, ...]:
    """Return what is there after the changes, sorted by name."""
    return applied_by_name(have, changes, name_of=lambda service: service.name)


def service_documents(services: Iterable[Service]) -> list[object]:
    """Return services as mappings, sorted by name."""
    return [plain(service) for service in sorted(services, key=lambda service: service.name)]


def change_document(change: Change[Service]) -> dict[str, object]:
    """Return a change as the modules return it."""
    return with_impact(PRESENTATION.document(change))


def with_impact(document: dict[str, object]) -> dict[str, object]:
    """Return the document of a change with what its effect is called on load balancers."""
    return {**document, "impact": document["effect"]}


def _command_of_change(change: ServiceChange) -> str:
    after = change.after
    if after is None:
        return f"remove {change.name}"
    if change.before is None:
        addresses = ", ".join(member.address for member in after.members) or "no member"
        place = f"{after.protocol} {after.vip} port {after.port}"
        return f"add {change.name}: {place} to port {after.node_port} of {addresses}"
    before = change.before
    parts = [f"{name} from {_field_text(before, name)} to {_field_text(after, name)}" for name in change.properties]
    return f"change {change.name} ({PRESENTATION.impact(change)})" + (f": {', '.join(parts)}" if parts else "")


def _field_text(service: Service, name: str) -> str:
    return service_text(plain(getattr(service, name)))


def service_text(value: object) -> str:
    """Return a value of a service on one line."""
    if isinstance(value, list):
        return ", ".join(map(service_text, value)) or "none"
    if isinstance(value, Mapping):
        parts = (f"{key} {service_text(item)}" for key, item in value.items() if item not in ("", None))
        return " ".join(parts) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _options_of_service(service: Service) -> Mapping[str, object]:
    return {name: plain(getattr(service, name)) for name in _FIELDS}


PRESENTATION: Presentation[Service] = Presentation(
    title="virtual service", options=_options_of_service, command=_command_of_change, text_of=service_text
)
