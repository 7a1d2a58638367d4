# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""want x have -> steps, each one request.

What is added, updated, unset, switched, removed, in an order that keeps traffic.

An object whose immutable attribute changes is renamed, so that it goes on serving while the new one is made beside
it, and is removed last. Where the new one needs the address and port that the old one holds, the appliance refuses
it: then the old one goes first, and nothing listens between two requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .attributes import RESOURCES, Key, Resource, Scalar, Tables, Values, added_values, is_further
from .steps import Action, Item, Step, switched_kind

Objects = frozenset[tuple[str, Key]]
Mutable = dict[str, dict[Key, Values]]

_VSERVER, _AFFINITY = "lbvserver", "lbgroup_lbvserver_binding"
# Attributes that the appliance judges together: one is never sent without the other.
_TOGETHER: Mapping[str, tuple[str, str]] = {
    "lbvserver": ("persistencetype", "timeout"),
    "lbgroup": ("persistencetype", "timeout"),
    "lbmonitor": ("interval", "resptimeout"),
}


@dataclass(frozen=True)
class Scope:
    """What is ours, what of it stays as it is, and which members leave gracefully.

    kept: names of our virtual servers that are not touched although nobody wants them now (state merged, stopped
    pools). graceful: keys of member bindings that are disabled as soon as their sessions have ended.
    """

    prefix: str
    kept: frozenset[str] = frozenset()
    graceful: frozenset[Key] = frozenset()


@dataclass(frozen=True)
class ResourcePlan:
    """The steps, the names of virtual servers that are made anew, and those that do not listen for a moment."""

    steps: tuple[Step, ...]
    recreated: frozenset[str] = frozenset()
    interrupted: frozenset[str] = frozenset()
    objects: frozenset[tuple[str, str]] = field(default_factory=frozenset)


def unsaved_objects(running: Tables, saved: Tables, prefix: str) -> Objects:
    """Return the objects of ours that a restart would change, take away or bring back."""
    return frozenset(
        (name, key)
        for name in RESOURCES
        for key in running[name].keys() | saved[name].keys()
        if _has_our_prefix(name, key, prefix) and running[name].get(key) != saved[name].get(key)
    )


def plan_resources(want: Tables, have: Tables, scope: Scope) -> ResourcePlan:
    """Return the steps from have to want; have holds everything of the appliance, want what is ours."""
    renames = dict(_find_renames(want, have))
    present = _rename_objects(have, renames)
    stale = frozenset(
        (name, key) for name, key in _missing_objects(present, want) if _has_our_prefix(name, key, scope.prefix)
    )
    removed = stale - _objects_under(present, scope.kept) - _used_by_others(present, scope.prefix)
    early = _in_the_way(want, present, removed)
    removed -= _gone_with(present, early)
    added = frozenset(_missing_objects(want, present)) | _made_again(want, early)
    steps = (
        *_rename_steps(renames),
        *_remove_objects(present, early),
        *_add_objects(want, added),
        *_change_objects(want, present, early, scope),
        *_remove_objects(present, removed - early),
    )
    holders = frozenset(key[0] for kind, key in early if kind == _VSERVER)
    recreated = frozenset(key[0] for kind, key in renames if kind == _VSERVER) | holders
    touched = frozenset((kind, key[0]) for step in steps for kind, key in step.objects())
    return ResourcePlan(steps, recreated, holders, touched)


def _missing_objects(tables: Tables, others: Tables) -> Iterator[tuple[str, Key]]:
    """Yield the objects of some tables that others have not; a set of all objects would be large and slow."""
    return ((name, key) for name, items in tables.items() for key in items if key not in others[name])


def _has_our_prefix(name: str, key: Key, prefix: str) -> bool:
    """Return whether an object is ours: by its name, in an affinity group by the virtual server that has the place."""
    return key[1 if name == _AFFINITY else 0].startswith(prefix)


def _find_renames(want: Tables, have: Tables) -> Iterator[tuple[tuple[str, Key], Key]]:
    """Yield the objects that need another value of an immutable attribute, with the names that make room for it."""
    for name in ("servicegroup", _VSERVER):
        immutable = [attribute for attribute, kind in RESOURCES[name].attributes.items() if kind.immutable]
        for key, values in want[name].items():
            found = have[name].get(key)
            if found is not None and any(found.get(attribute) != values.get(attribute) for attribute in immutable):
                yield (name, key), (_free_name(key[0], have[name]),)


def _free_name(name: str, taken: Iterable[Key]) -> str:
    names = {key[0] for key in taken}
    return next(free for number in range(len(names) + 1) if (free := f"{name}-old{number or ''}") not in names)


def _rename_objects(tables: Tables, renames: Mapping[tuple[str, Key], Key]) -> Mutable:
    """Return the tables after the renames, references too."""
    if not renames:
        return {name: dict(items) for name, items in tables.items()}
    return {
        name: dict(_renamed_row(RESOURCES[name], values, renames) for values in items.values())
        for name, items in tables.items()
    }


def _renamed_row(resource: Resource, values: Values, renames: Mapping[tuple[str, Key], Key]) -> tuple[Key, Values]:
    named = {**resource.refers, **({} if resource.binding else {resource.key[0]: resource.name})}
    changed = {
        name: renames[kind, (str(values[name]),)][0]
        for name, kind in named.items()
        if (kind, (str(values.get(name, "")),)) in renames
    }
    found: dict[str, Scalar] = {**values, **changed}
    return tuple(str(found[name]) for name in resource.key), found


def _objects_under(tables: Tables, names: frozenset[str]) -> Objects:
    """Return virtual servers by their names, with all that they rest on."""
    found: set[tuple[str, Key]] = {(_VSERVER, (name,)) for name in names}
    grown = bool(names)
    while grown:
        more = {item for item in _reach_objects(tables, found) if item not in found}
        grown = bool(more)
        found |= more
    return frozenset(found)


def _reach_objects(tables: Tables, found: set[tuple[str, Key]]) -> Iterator[tuple[str, Key]]:
    """Yield the bindings of objects, and what objects and bindings refer to."""
    for name, resource in RESOURCES.items():
        for key, values in tables[name].items():
            first = "vservername" if name == _AFFINITY else resource.key[0]
            holder = (resource.refers.get(first, name), (str(values[first]),)) if resource.binding else (name, key)
            if holder in found:
                yield name, key
                yield from (
                    (kind, (str(values[attribute]),))
                    for attribute, kind in resource.refers.items()
                    if values.get(attribute)
                )


def _used_by_others(tables: Tables, prefix: str) -> Objects:
    """Return what objects of somebody else use."""
    return frozenset(
        (kind, (str(values[attribute]),))
        for name, resource in RESOURCES.items()
        for key, values in tables[name].items()
        if not _has_our_prefix(name, key, prefix)
        for attribute, kind in resource.refers.items()
        if values.get(attribute)
    )


def _in_the_way(want: Tables, have: Tables, removed: Objects) -> Objects:
    """Return what has to go before anything is added.

    Holders of addresses that are wanted elsewhere, places in other groups.
    """
    holders = {_socket_values(values): key for key, values in have[_VSERVER].items()}
    found: set[tuple[str, Key]] = set()
    for key, values in want[_VSERVER].items():
        holder = holders.get(_socket_values(values))
        moves = (
            holder is not None
            and holder in want[_VSERVER]
            and _socket_values(want[_VSERVER][holder]) != _socket_values(values)
        )
        if holder is not None and holder != key and (moves or (_VSERVER, holder) in removed):
            found.add((_VSERVER, holder))
    places = {vserver for _group, vserver in want[_AFFINITY]}
    return frozenset(found | {item for item in removed if item[0] == _AFFINITY and item[1][1] in places})


def _socket_values(values: Values) -> tuple[Scalar, ...]:
    return (values.get("td", 0), values["servicetype"], values["ipv46"], values["port"])


def _made_again(want: Tables, early: Objects) -> Objects:
    """Return what is wanted of the virtual servers that go first: themselves and all their bindings."""
    return _gone_with(want, early) | {(kind, key) for kind, key in early if key in want[kind]}


def _gone_with(tables: Tables, early: Objects) -> Objects:
    """Return the bindings of the virtual servers that are removed first, with which they vanish."""
    names = {key[0] for kind, key in early if kind == _VSERVER}
    bindings = ("lbvserver_servicegroup_binding", _AFFINITY)
    return frozenset(
        (kind, key) for kind in bindings for key in tables[kind] if key[1 if kind == _AFFINITY else 0] in names
    )


def _rename_steps(renames: Mapping[tuple[str, Key], Key]) -> Iterator[Step]:
    for name in ("servicegroup", _VSERVER):
        items = [
            Item(name, {RESOURCES[name].key[0]: key[0], "newname": new[0]})
            for (kind, key), new in renames.items()
            if kind == name
        ]
        if items:
            yield Step(Action.RENAME, tuple(items))


def _add_objects(want: Tables, added: Objects) -> Iterator[Step]:
    items = [
        Item(name, added_values(values))
        for name in RESOURCES
        for key, values in want[name].items()
        if (name, key) in added
    ]
    if items:
        yield Step(Action.ADD, tuple(items))


def _remove_objects(tables: Tables, removed: Objects) -> Iterator[Step]:
    items = []
    for name, resource in reversed(list(RESOURCES.items())):
        gone = [values for key, values in tables[name].items() if (name, key) in removed]
        items += [
            Item(name, {attribute: values[attribute] for attribute in (*resource.key, *resource.remove_with)})
            for values in gone
        ]
    if items:
        yield Step(Action.REMOVE, tuple(items))


def _change_objects(want: Tables, have: Tables, early: Objects, scope: Scope) -> Iterator[Step]:
    """Yield the steps that change what stays, which early does not: updates, then unsets, then switches."""
    grouped = frozenset(vserver for _group, vserver in want[_AFFINITY])
    updates: list[Item] = []
    unsets: dict[str, list[Item]] = {}
    switches: dict[tuple[Action, str], list[Item]] = {}
    for name in RESOURCES:
        for key in (key for key in want[name] if key in have[name] and (name, key) not in early):
            changed, missing, state = _compare_values(name, want[name][key], have[name][key], grouped)
            if changed:
                updates.append(Item(name, {**_identity_values(name, want[name][key]), **changed}))
            if missing:
                unset = {word.removeprefix("-"): True for word in missing}
                unsets.setdefault(name, []).append(
                    Item(switched_kind(name), {**_identity_values(name, want[name][key]), **unset})
                )
            if state:
                kind = switched_kind(name)
                action = Action.ENABLE if state == "ENABLED" else Action.DISABLE
                graceful = {"graceful": "YES"} if action is Action.DISABLE and key in scope.graceful else {}
                switches.setdefault((action, kind), []).append(
                    Item(kind, {**_identity_values(name, want[name][key]), **graceful})
                )
    yield from [Step(Action.UPDATE, tuple(updates))] if updates else []
    yield from (Step(Action.UNSET, tuple(items)) for items in unsets.values())
    yield from (Step(action, tuple(items)) for (action, _kind), items in switches.items())


def _identity_values(name: str, values: Values) -> dict[str, Scalar]:
    resource = RESOURCES[name]
    return {attribute: values[attribute] for attribute in (*resource.key, *resource.remove_with)}


def _compare_values(
    name: str, want: Values, have: Values, grouped: frozenset[str]
) -> tuple[dict[str, Scalar], list[str], str]:
    """Return what is set to another value, what is unset, and the state to switch to, an empty text for none."""
    ignored = _ignored_attributes(name, want, grouped)
    attributes = {
        key: kind
        for key, kind in RESOURCES[name].attributes.items()
        if key not in ignored and want.get(key) != have.get(key)
    }
    state = str(want["state"]) if "state" in attributes else ""
    changed = {key: want[key] for key, kind in attributes.items() if key in want and not kind.action}
    pair = _TOGETHER.get(name, ())
    if set(pair) & set(changed):
        changed |= {key: want[key] for key in pair if key not in ignored}
    further = [key for key in have if is_further(key)]
    return changed, [*(key for key in attributes if key not in want), *further], state


def _ignored_attributes(name: str, want: Values, grouped: frozenset[str]) -> frozenset[str]:
    """Return the attributes that mean nothing now.

    A virtual server of a group has no persistence of its own; without persistence, its duration means nothing; whose
    port a member sees is a question only where it sees the client's address.
    """
    if want.get("usip") == "NO":
        return frozenset(("useproxyport",))
    if name == _VSERVER and str(want["name"]) in grouped:
        return frozenset(("persistencetype", "timeout"))
    return frozenset(("timeout",)) if want.get("persistencetype") == "NONE" else frozenset()
