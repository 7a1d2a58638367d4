# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of a rule on a Linux host: those of msuc.lync.windows_firewall_rules that nftables can say, read and validated.

    rules_from_options([{"name": "SIP", "protocol": "tcp", "localport": "5061", "remoteip": "10.1.0.0/24"}])

What nftables cannot say (programs, services, profiles, words such as LocalSubnet) is refused with its fix, not left out, because
a rule without it would admit more. Only the description is left out: it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from ..._base.errors import Problem, one_of, shown
from .. import options as common
from ..rule import ALL_PROFILES, Rule, protocol_text
from ..tables import PORT_PROTOCOLS
from .ruleset import OWNED_GROUP, fitted, lines_of

# libnftables cuts the comment of a rule at 128 bytes.
_NAME_BYTES = 120
_COMMON = ("name", "group", "direction", "action", "enabled", "profiles", "protocol", "localport", "remoteport", "localip", "remoteip", "interfaces")
_LIMITS_OF_WINDOWS: Mapping[str, tuple[object, ...]] = {
    "program": ("", "any"),
    "service": ("", "any"),
    "edge": ("no", False),
    "security": ("notrequired",),
    "interfacetypes": ("any",),
    "icmp_type_code": ("any",),
}
_SCOPES = ("localport", "remoteport", "localip", "remoteip")


def rules_from_options(rules: Iterable[Mapping[str, object]]) -> tuple[Rule, ...]:
    """Return the rules of a list of options; raises InvalidInputError with every problem of every rule."""
    return tuple(fitted(rule) for rule in common.rules_from_options(rules, OWNED_GROUP, LINUX))


def names_from_options(rules: Iterable[Mapping[str, object]]) -> frozenset[str]:
    """Return the names of rules of which nothing but the name matters; raises InvalidInputError where one is missing."""
    return common.names_from_options(rules, LINUX)


def check_rule(rule: Rule, place: str) -> list[Problem]:
    """Return every reason why nftables cannot say what the rule says; place names the rule in the user's words."""
    return [Problem(f"{place}, {option}", message, fix=fix) for check in _CHECKS for option, message, fix in check(rule)]


def _name(rule: Rule) -> Iterator[tuple[str, str, str]]:
    if '"' in rule.name or not rule.name.isprintable() or len(rule.name.encode()) > _NAME_BYTES:
        message = f"{shown(rule.name)} cannot be the comment of a line of nftables"
        yield "name", message, f'write at most {_NAME_BYTES} bytes, without " and line breaks'


def _switch(rule: Rule) -> Iterator[tuple[str, str, str]]:
    if not rule.enabled:
        yield "enabled", "nftables has no rules that are switched off", "leave the rule out"


def _profiles(rule: Rule) -> Iterator[tuple[str, str, str]]:
    if rule.profiles != ALL_PROFILES:
        yield "profiles", f"{one_of(rule.profiles)}: a Linux host has no profiles", "leave profiles out, or limit the rule by interfaces or localip"


def _words(rule: Rule) -> Iterator[tuple[str, str, str]]:
    for option in _SCOPES:
        words = getattr(rule, option).words
        if words:
            yield option, f"{one_of(words)}: words are for Windows only", "write the numbers or addresses that the word stands for"


def _ports(rule: Rule) -> Iterator[tuple[str, str, str]]:
    for option in ("localport", "remoteport"):
        if rule.protocol not in PORT_PROTOCOLS and not getattr(rule, option).is_any:
            yield option, f"ports go with TCP and UDP only, and the protocol is {protocol_text(rule.protocol)}", "set protocol to tcp or udp"


def _families(rule: Rule) -> Iterator[tuple[str, str, str]]:
    if not lines_of(rule):
        yield "remoteip", "localip and remoteip have no address family in common", "write addresses of one family on both sides"


def _interfaces(rule: Rule) -> Iterator[tuple[str, str, str]]:
    wrong = sorted(name for name in rule.interfaces if '"' in name or len(name) > 15 or any(letter.isspace() or letter == "/" for letter in name))
    if wrong:
        yield "interfaces", f"{one_of(wrong)}: not names of network interfaces", "write names as ip link shows them, at most 15 letters"


_CHECKS: tuple[Callable[[Rule], Iterator[tuple[str, str, str]]], ...] = (_name, _switch, _profiles, _words, _ports, _families, _interfaces)


def _nothing(option: str) -> Callable[[object], object]:
    """Return a reader that takes what is no limit, and returns what a rule without the limit has."""

    def _read(value: object) -> object:
        given = value if isinstance(value, (list, tuple)) else [value]
        if any(item is not None and item not in _LIMITS_OF_WINDOWS[option] for item in given):
            raise common.RefusedError(f"{shown(value)}: nftables has no such limit", "no limit", "leave it out, and limit the rule by ports and addresses")
        return getattr(Rule(name=""), option)

    return _read


_READERS: Mapping[str, Callable[[object], object]] = {
    **{name: common.READERS[name] for name in _COMMON},
    **{name: _nothing(name) for name in _LIMITS_OF_WINDOWS},
    "description": lambda _value: "",
}
LINUX = common.Vocabulary(_READERS, {}, check_rule)


def described(rule: Rule) -> dict[str, object]:
    """Return a rule as options of this module: without those that say nothing on Linux."""
    options = rule.to_options()
    unsaid = (*_LIMITS_OF_WINDOWS, "description", "enabled", "profiles")
    return {name: value for name, value in options.items() if name not in unsaid}
