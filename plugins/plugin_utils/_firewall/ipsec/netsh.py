# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exemptions as a script of netsh, for hosts without the NetSecurity cmdlets: Windows Server 2008 R2.

    render_script([Command("add", "Lync exempt media (UDP)", {"endpoint1": "10.1.0.11", ...})])
    advfirewall consec add rule name="Lync exempt media (UDP)" endpoint1=10.1.0.11 action=noauthentication ...

The words of netsh's command line are the same in every language of Windows; its output is not, and is never read. netsh
knows neither ids nor groups, and "set" and "delete" are about all rules of a name: so an exemption whose line would be
too long is added in several of its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..._base.errors import InvalidInputError, Problem, shown
from ..checks import longest
from ..rule import ALL_PROFILES, ANY_PROTOCOL, PROFILE_BITS, Rule, protocol_text
from ..rule_split import deal_out, split

# Comments say what a script is for; netsh -f skips them.
_CONTEXT = "advfirewall consec"
_VERBS: Mapping[str, str] = {"add": "add rule", "set": "set rule", "delete": "delete rule"}
_QUOTED = frozenset({"name", "description"})
_UNWRITABLE = re.compile(r"[^ -!#-~]")
BREAKING = re.compile('[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029"]')
"""What ends a line or a value of a script: control characters, line separators, quotes."""
LONGEST_LINE = 8191
"""Characters of a line of the command prompt; of the lines of netsh -f no document says more.

Source: learn.microsoft.com, troubleshoot/windows-client/shell-experience/command-line-string-limitation.
"""
_LISTS = ("localip", "remoteip", "localport", "remoteport")
_BREAKING_FAULT = "a script of netsh takes no control characters and no quotes"


@dataclass(frozen=True)
class Command:
    """One command: add, set or delete of the rules of a name; values by netsh's words, none for a deletion."""

    verb: str
    name: str
    values: Mapping[str, str] = field(default_factory=dict)


def add_command(rule: Rule) -> Command:
    """Return the command that adds an exemption."""
    has_ports = rule.protocol != ANY_PROTOCOL
    values = {word: read(rule) for word, read in _WORDS.items() if word not in _WITH_PROTOCOL or has_ports}
    return Command(
        "add", rule.name, {**values, "action": "noauthentication", **({"mode": "transport"} if has_ports else {})}
    )


def set_command(rule: Rule, properties: Iterable[str]) -> Command:
    """Return the command that changes properties of all rules of the name."""
    names = {_BY_PROPERTY[name] for name in properties}
    return Command("set", rule.name, {word: read(rule) for word, read in _WORDS.items() if word in names})


def can_set(rule: Rule, properties: Iterable[str]) -> bool:
    """Return whether netsh can change properties of a rule that is there; a description it cannot take away."""
    return all(name in _BY_PROPERTY and name != "protocol" for name in properties) and (
        bool(rule.description) or "description" not in properties
    )


def problems_of(rule: Rule, prefix: str) -> list[Problem]:
    """Return why netsh cannot hold an exemption: its name is not known as ours, a text or the line of it is refused."""
    found = _long_line(rule)
    if not rule.name.startswith(prefix):
        message = f"netsh knows no groups, so that a name must begin with {shown(prefix)} to be known as ours"
        found.append(Problem(f"exemption {rule.name}, name", message, fix="begin the name so, or set name_prefix"))
    for option in ("name", "description"):
        if _UNWRITABLE.search(getattr(rule, option)):
            message = "a script of netsh takes printable ASCII without quotes"
            found.append(
                Problem(
                    f"exemption {rule.name}, {option}", message, fix="write other signs for hosts without NetSecurity"
                )
            )
    return found


def _long_line(rule: Rule) -> list[Problem]:
    """Return the problem of an exemption whose line, or that of one of its parts, netsh may not read to its end."""
    longest_line = max(len(_render_command(add_command(part))) for part in split(rule, ()))
    if longest_line <= LONGEST_LINE:
        return []
    option = max((*_LISTS, "description"), key=lambda name: len(_text_of(rule, name)))
    message = f"its line of a script of netsh would have {longest_line} characters"
    fix = "name fewer and larger ones, or hand out HOST-ipsec.txt (lync_apply: handout), which has several lines"
    return [Problem(f"exemption {rule.name}, {option}", message, f"at most {LONGEST_LINE} characters", fix)]


def _text_of(rule: Rule, option: str) -> str:
    return _WORDS[_BY_PROPERTY[option]](rule)


def render_script(commands: Iterable[Command]) -> str:
    """Return the script, a command a line."""
    return "".join(f"{_render_command(command)}\n" for command in commands)


def _render_command(command: Command) -> str:
    values = " ".join(
        f"{word}={_quote_value(word, value)}" for word, value in command.values.items() if value or word not in _QUOTED
    )
    new = " new" if command.verb == "set" else ""
    return f'{_CONTEXT} {_VERBS[command.verb]} name="{command.name}"{new} {values}'.rstrip()


def _quote_value(word: str, value: str) -> str:
    return f'"{value}"' if word in _QUOTED else value


def _render_netsh_profile(rule: Rule) -> str:
    return "any" if rule.profiles == ALL_PROFILES else ",".join(name for name in PROFILE_BITS if name in rule.profiles)


_WORDS: Mapping[str, Callable[[Rule], str]] = {
    "endpoint1": lambda rule: ",".join(rule.localip.to_text()),
    "endpoint2": lambda rule: ",".join(rule.remoteip.to_text()),
    "protocol": lambda rule: protocol_text(rule.protocol),
    "port1": lambda rule: ",".join(rule.localport.to_text()),
    "port2": lambda rule: ",".join(rule.remoteport.to_text()),
    "interfacetype": lambda rule: ",".join(sorted(rule.interfacetypes)) or "any",
    "profile": _render_netsh_profile,
    "enable": lambda rule: "yes" if rule.enabled else "no",
    "description": lambda rule: rule.description,
}
_WITH_PROTOCOL = frozenset({"protocol", "port1", "port2"})
_BY_PROPERTY: Mapping[str, str] = {
    "localip": "endpoint1",
    "remoteip": "endpoint2",
    "protocol": "protocol",
    "localport": "port1",
    "remoteport": "port2",
    "interfacetypes": "interfacetype",
    "profiles": "profile",
    "enabled": "enable",
    "description": "description",
}


def script_of(rules: Sequence[Rule]) -> str:
    """Return the script that makes exemptions where there are none of their names.

    Raises InvalidInputError for a text that would end a line or a value of it, since what follows would be a command,
    and for one that leaves no room for anything else in a line.
    """
    parts = {rule.name: _fitting(rule) for rule in rules}
    problems = [*_breaking(rules), *_too_long(parts)]
    if problems:
        raise InvalidInputError(problems)
    additions = [add_command(part) for found in parts.values() for part in found]
    return render_script([*(Command("delete", rule.name) for rule in rules), *additions])


def _breaking(rules: Sequence[Rule]) -> list[Problem]:
    return [
        Problem(f"exemption {shown(rule.name)}, {option}", _BREAKING_FAULT, fix="write it without them")
        for rule in rules
        for option, text in (("name", rule.name), ("description", rule.description))
        if BREAKING.search(text)
    ]


def _fitting(rule: Rule) -> list[Rule]:
    """Return exemptions that together are this one, each of one line; the last resort is one that does not fit."""
    option = max(_LISTS, key=lambda name: longest(getattr(rule, name)))
    if _fits(rule) or longest(getattr(rule, option)) < 2:
        return [rule]
    halves = (replace(rule, **{option: scope}) for scope in deal_out(getattr(rule, option), 2))
    return [part for half in halves for part in _fitting(half)]


def _fits(rule: Rule) -> bool:
    return len(_render_command(add_command(rule))) <= LONGEST_LINE


def _too_long(parts: Mapping[str, Sequence[Rule]]) -> list[Problem]:
    message = f"a line of a script of netsh has at most {LONGEST_LINE} characters"
    return [
        Problem(f"exemption {shown(name)}, name and description", message, fix="write shorter ones")
        for name, found in parts.items()
        if not all(map(_fits, found))
    ]
