# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Resources as lines of the command line, and back: what a running configuration says, and what people paste.

    add lb vserver lync_pool01-sip TCP 10.1.0.100 5061 -persistenceType SOURCEIP -timeout 20 -cltTimeout 1800
    bind lb vserver lync_pool01-sip lync_pool01-sip

A running configuration has every traffic domain, leaves out what is at its default, and lists several objects' lines
per kind; lines that are none of the driver's kinds are skipped, save that every kind of virtual server tells where it
listens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .attributes import (
    CLASSIC,
    RESOURCES,
    Resource,
    Scalar,
    Tables,
    Values,
    added_values,
    further_words,
    key_of,
    normalised,
)

_TOKEN = re.compile(r'"((?:\\.|[^"\\])*)"|(\S+)')
_ESCAPED = re.compile(r"\\(.)")
_DIGITS = re.compile(r"[0-9]{1,5}\Z")
_PLAIN = re.compile(r"[\w.:@#=/*-]+\Z")
_VERBS = ("add", "set", "bind", "enable", "disable")
_READ = (*RESOURCES.values(), *CLASSIC.values())
_NOUNS = {resource.noun.lower(): resource for resource in _READ if not resource.binding}
_BINDINGS = {
    noun: tuple(resource for resource in _READ if resource.binding and resource.noun.lower() == noun)
    for noun in {resource.noun.lower() for resource in _READ if resource.binding}
}
_WHAT_IS_BOUND = ("policyname", "type")
_ONE_WORD = ("server", "servicegroup", "service")
_VIRTUAL_SERVERS = ("lb", "cs", "vpn", "authentication", "cr")


@dataclass(frozen=True)
class Listening:
    """Where a virtual server of any kind listens; address "0.0.0.0" is none of its own, port 65535 every port.

    domain: None when it cannot be read.
    """

    owner: str
    kind: str
    address: str
    port: int
    domain: int | None


@dataclass(frozen=True)
class Further:
    """A binding that the driver has no word for, of a policy as a rule: to what, and the line that ends it."""

    name: str
    removal: str


@dataclass(frozen=True)
class Configuration:
    """What a configuration says.

    Objects of the driver's kinds, listeners of all kinds, whether there is a second unit. unread: the names, as far as
    they go, of objects of the driver's kinds whose lines are not whole. classic: services and their monitors.
    further: what else is bound to objects.
    """

    tables: Tables
    listeners: tuple[Listening, ...] = ()
    has_pair: bool = False
    unread: tuple[str, ...] = ()
    classic: Tables = field(default_factory=dict)
    further: tuple[Further, ...] = ()


@dataclass(frozen=True)
class _Command:
    verb: str
    noun: str
    positional: tuple[str, ...]
    options: Mapping[str, str]


def command_lines(tables: Tables) -> list[str]:
    """Return the lines that make the objects, in the order in which they can be pasted."""
    return [
        line
        for name, resource in RESOURCES.items()
        for values in tables.get(name, {}).values()
        for line in _creation_lines(resource, values)
    ]


def removal_line(resource: Resource, values: Mapping[str, object]) -> str:
    """Return the line that removes an object, or unbinds it."""
    tokens = [
        str(values[name]) for name in (*resource.key, *resource.remove_with) if not resource.attributes[name].word
    ]
    named = [
        part
        for name in resource.key
        if resource.attributes[name].word
        for part in (f"-{resource.attributes[name].word}", str(values[name]))
    ]
    return " ".join([("unbind" if resource.binding else "rm"), resource.noun, *map(_quote_word, tokens), *named])


def option_tokens(resource: Resource, values: Mapping[str, object]) -> list[str]:
    """Return attributes with their tokens: ["-cltTimeout", "1800"]."""
    named = [
        (resource.attributes[name].word, value) for name, value in values.items() if resource.attributes[name].word
    ]
    return [part for word, value in named for part in (f"-{word}", _quote_word(str(value)))]


def _creation_lines(resource: Resource, values: Values) -> Iterator[str]:
    tokens = [_quote_word(str(values[name])) for name in resource.positional]
    yield " ".join(
        [
            ("bind" if resource.binding else "add"),
            resource.noun,
            *tokens,
            *option_tokens(resource, added_values(values)),
        ]
    )


def _quote_word(text: str) -> str:
    return text if _PLAIN.match(text) else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse_configuration(text: str) -> Configuration:
    """Return what a running configuration, or rendered lines, say."""
    found: dict[str, dict[tuple[str, ...], dict[str, Scalar]]] = {resource.name: {} for resource in _READ}
    listeners: list[Listening] = []
    unread: list[str] = []
    further: list[Further] = []
    has_pair = False
    for line in text.splitlines():
        command = _parse_command(line)
        if command is None:
            continue
        has_pair |= command.verb == "add" and command.noun == "ha node"
        if not _is_whole(command):
            unread.append(f"{command.noun} {' '.join(command.positional[:1])}".rstrip())
            continue
        listeners += _listening_of(command)
        further += _further_of(command)
        _enter_command(found, command)
    tables = {name: dict(sorted(found[name].items())) for name in RESOURCES}
    classic = {name: found[name] for name in CLASSIC}
    return Configuration(tables, tuple(listeners), has_pair, tuple(unread), classic, tuple(further))


def _parse_command(line: str) -> _Command | None:
    verb, _space, rest = line.strip().partition(" ")
    if verb.lower() not in _VERBS:
        return None
    tokens = [plain or _ESCAPED.sub(r"\1", quoted) for quoted, plain in _TOKEN.findall(rest)]
    size = 1 if tokens and tokens[0].lower() in _ONE_WORD else 2
    noun = " ".join(tokens[:size]).lower()
    positional, options = _sorted_out(tokens[size:])
    return _Command(verb.lower(), noun, tuple(positional), options)


def _sorted_out(tokens: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the tokens that stand alone, and the options with their values, by lower-case name."""
    positional: list[str] = []
    options: dict[str, str] = {}
    index = 0
    while index < len(tokens):
        token = tokens[index]
        is_option = len(token) > 1 and token.startswith("-") and not token[1:].isdigit()
        if not is_option:
            positional.append(token)
        elif index + 1 < len(tokens) and not re.match(r"-[A-Za-z]", tokens[index + 1]):
            options[token[1:].lower()] = tokens[index + 1]
            index += 1
        else:
            options[token[1:].lower()] = ""
        index += 1
    return positional, options


def _enter_command(found: dict[str, dict[tuple[str, ...], dict[str, Scalar]]], command: _Command) -> None:
    """Enter the attributes that a command has of an object of the driver's kinds."""
    resource = _resource_of(command)
    if resource is None or len(command.positional) < sum(not resource.attributes[name].word for name in resource.key):
        return
    values = _command_values(resource, command)
    table, key = found[resource.name], key_of(resource, normalised(resource, values))
    if command.verb in ("enable", "disable"):
        values = {"state": f"{command.verb.upper()}D"}
    if command.verb in ("add", "bind"):
        table[key] = normalised(resource, values)
    elif key in table:
        table[key] = normalised(resource, {**table[key], **values})


def _is_whole(command: _Command) -> bool:
    """Return whether a line that makes an object of the driver's kinds says all that it has to, and ends its quotes."""
    resource = _NOUNS.get(command.noun)
    if command.verb != "add" or resource is None:
        return True
    said = command.positional
    return len(said) >= len(resource.positional) and not any(word.startswith('"') for word in said)


def _further_of(command: _Command) -> Iterator[Further]:
    is_known = command.verb != "bind" or command.noun not in _BINDINGS or _resource_of(command) is not None
    if is_known or not command.positional:
        return
    words = [part for word in _WHAT_IS_BOUND if word in command.options for part in (f"-{word}", command.options[word])]
    named = " ".join(map(_quote_word, command.positional))
    yield Further(command.positional[0], " ".join(["unbind", command.noun, named, *words]))


def _resource_of(command: _Command) -> Resource | None:
    """Return the kind of object that a command is about; enable and disable may name a member of a group."""
    members = command.verb in ("enable", "disable") and command.noun == "servicegroup" and len(command.positional) > 1
    if command.verb != "bind" and not members:
        return _NOUNS.get(command.noun)
    fitting = (resource for resource in _BINDINGS.get(command.noun, ()) if _fits_resource(resource, command))
    return next(fitting, None)


def _fits_resource(resource: Resource, command: _Command) -> bool:
    tokens = [resource.attributes[name].word.lower() for name in resource.key if resource.attributes[name].word]
    return len(command.positional) == len(resource.positional) and all(word in command.options for word in tokens)


def _command_values(resource: Resource, command: _Command) -> dict[str, object]:
    positional = dict(zip(resource.positional, command.positional, strict=False))
    tokens = {attribute.word.lower(): name for name, attribute in resource.attributes.items() if attribute.word}
    known = {tokens[word]: value for word, value in command.options.items() if word in tokens}
    return {**positional, **known, **further_words(resource, command.options)}


def _listening_of(command: _Command) -> Iterator[Listening]:
    kind, _space, noun = command.noun.partition(" ")
    if command.verb != "add" or noun != "vserver" or kind not in _VIRTUAL_SERVERS or len(command.positional) < 4:
        return
    name, service_type, address, port = command.positional[:4]
    # A port that is no number may be any, and is "*" as a rule.
    number = int(port) if _DIGITS.match(port) else 65535
    domain = command.options.get("td", "0")
    known = int(domain) if _DIGITS.match(domain) else None
    yield Listening(f"{command.noun} {name}", service_type.upper(), address, number, known)
