# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Steps of a change, each one request.

macroapi takes many kinds of objects in one request, but one kind of operation: additions with their bindings,
updates, or removals. Switching, renaming and unsetting take a request per kind of object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from .attributes import RESOURCES, Key, Resource, key_of
from .cli import command_lines, option_tokens, removal_line

CONFIG_PATH = "/nitro/v1/config"
MEMBER = "servicegroup_servicegroupmember_binding"


class Action(str, Enum):
    """What a step does."""

    ADD = "add"
    UPDATE = "set"
    UNSET = "unset"
    ENABLE = "enable"
    DISABLE = "disable"
    RENAME = "rename"
    REMOVE = "remove"


@dataclass(frozen=True)
class Item:
    """One object of a step: its kind, and what is said of it."""

    kind: str
    values: Mapping[str, object]


@dataclass(frozen=True)
class Request:
    """A request: method, path, body, and what happens at the first error (X-NITRO-ONERROR)."""

    method: str
    path: str
    body: Mapping[str, list[Mapping[str, object]]]
    on_error: str


@dataclass(frozen=True)
class Step:
    """Objects that one request changes in the same way."""

    action: Action
    items: tuple[Item, ...]

    def request(self) -> Request:
        """Return the request; a failed addition is rolled back, everything else stops where it fails."""
        body: dict[str, list[Mapping[str, object]]] = {}
        for item in self.items:
            body.setdefault(item.kind, []).append(item.values)
        if self.action is Action.ADD:
            return Request("POST", f"{CONFIG_PATH}/macroapi", body, "rollback")
        if self.action is Action.UPDATE:
            return Request("PUT", f"{CONFIG_PATH}/macroapi", body, "exit")
        if self.action is Action.REMOVE:
            return Request("POST", f"{CONFIG_PATH}/macroapi?action=remove", body, "exit")
        return Request("POST", f"{CONFIG_PATH}/{self.items[0].kind}?action={self.action.value}", body, "exit")

    def objects(self) -> Iterator[tuple[str, Key]]:
        """Yield the kinds and keys of the objects."""
        return ((item.kind, key_of(RESOURCES[item.kind], item.values)) for item in self.items)

    def lines(self) -> list[str]:
        """Return the command lines that do the same."""
        return [line for item in self.items for line in _command_lines(self.action, item)]


def _command_lines(action: Action, item: Item) -> list[str]:
    resource = RESOURCES[item.kind]
    values = {name: value for name, value in item.values.items() if isinstance(value, (str, int))}
    if action is Action.ADD:
        return command_lines({item.kind: {(): values}})
    if action is Action.REMOVE:
        return [removal_line(resource, item.values)]
    if action is Action.RENAME:
        return [f"rename {resource.noun} {item.values[resource.key[0]]} {item.values['newname']}"]
    rest = {name: value for name, value in values.items() if name not in (*resource.key, *resource.remove_with)}
    if action is Action.UNSET:
        tokens = [_unset_token(resource, name, value) for name, value in rest.items()]
    elif action is Action.UPDATE:
        tokens = _set_tokens(item, rest)
    else:
        tokens = [str(rest[name]) for name in ("servername", "port") if name in rest] + (
            ["-graceful", "YES"] if "graceful" in rest else []
        )
    named = [str(item.values[name]) for name in (*resource.key, *resource.remove_with)]
    return [" ".join([action.value, resource.noun, *named, *tokens])]


def _unset_token(resource: Resource, name: str, value: str | int) -> str:
    """Return the word of what is unset; of a member of a group, its server and port stand without a word."""
    attribute = resource.attributes.get(name)
    return f"-{attribute.word if attribute else name}" if value is True else str(value)


def _set_tokens(item: Item, rest: Mapping[str, str | int]) -> list[str]:
    """Return the tokens of a set command, where an address has a word although add gives it without one."""
    address = {"lbvserver": "ipv46", "server": "ipaddress"}.get(item.kind, "")
    tokens = [f"-IPAddress {rest[address]}"] if address in rest else []
    return tokens + option_tokens(
        RESOURCES[item.kind], {name: value for name, value in rest.items() if name in RESOURCES[item.kind].attributes}
    )


def switched_kind(name: str) -> str:
    """Return the kind of object that a request names: a member is switched, and set right, as a part of its group."""
    return "servicegroup" if name == MEMBER else name
