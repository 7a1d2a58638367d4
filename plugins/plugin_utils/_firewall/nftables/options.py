# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of msuc.lync.nftables_rules, read and validated: every fault is reported at once.

    rules_from_options([{"name": "SIP", "protocol": "tcp", "localport": "5061", "remoteip": "10.1.0.0/24"}])
    Task.from_options({"rules": [...], "state": "replaced", "policy": "drop", ...})

A rule has the options of msuc.lync.windows_firewall_rules that nftables can express. What it cannot (programs,
services, profiles, keywords such as LocalSubnet) is refused with its fix, not left out, because a rule without it
would admit more. Only the description is left out: it changes nothing.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..._base.addresses import AddressSet, parse_address
from ..._base.changes import Phase, State
from ..._base.errors import InvalidInputError, Problem, one_of, shown
from ..._base.untyped import mappings, texts
from .. import options as common
from ..rule import ALL_PROFILES, PORT_PROTOCOLS, Rule, protocol_text
from ..safety import management_networks
from .ruleset import OWNED_GROUP, fitted, lines_of

DEFAULT_PATH = "/etc/nftables.d/msuc-lync.nft"
_CONFIRM_MINUTES_MAXIMUM = 1440
# libnftables cuts the comment of a rule at 128 bytes.
_NAME_BYTES_MAXIMUM = 120
_COMMON = (
    "name", "group", "direction", "action", "enabled", "profiles", "protocol",
    "localport", "remoteport", "localip", "remoteip", "interfaces",
)  # fmt: skip
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
    """Return the names of rules of which only the name matters; raises InvalidInputError where one is missing."""
    return common.names_from_options(rules, LINUX)


def check_rule(rule: Rule, place: str) -> list[Problem]:
    """Return every reason why nftables cannot express a rule; place names the rule as the user does."""
    found = itertools.chain.from_iterable(check(rule) for check in _CHECKS)
    return [Problem(f"{place}, {option}", message, fix=fix) for option, message, fix in found]


def _check_name(rule: Rule) -> Iterator[tuple[str, str, str]]:
    if '"' in rule.name or not rule.name.isprintable() or len(rule.name.encode()) > _NAME_BYTES_MAXIMUM:
        message = f"{shown(rule.name)} cannot be the comment of a line of nftables"
        yield "name", message, f'write at most {_NAME_BYTES_MAXIMUM} bytes, without " and line breaks'


def _check_switch(rule: Rule) -> Iterator[tuple[str, str, str]]:
    if not rule.enabled:
        yield "enabled", "nftables has no rules that are switched off", "leave the rule out"


def _check_profiles(rule: Rule) -> Iterator[tuple[str, str, str]]:
    if rule.profiles != ALL_PROFILES:
        fix = "leave profiles out, or limit the rule by interfaces or localip"
        yield "profiles", f"{one_of(rule.profiles)}: a Linux host has no profiles", fix


def _check_keywords(rule: Rule) -> Iterator[tuple[str, str, str]]:
    for option in _SCOPES:
        keywords = getattr(rule, option).keywords
        if keywords:
            fix = "write the numbers or addresses that the word stands for"
            yield option, f"{one_of(keywords)}: words are for Windows only", fix


def _check_ports(rule: Rule) -> Iterator[tuple[str, str, str]]:
    for option in ("localport", "remoteport"):
        if rule.protocol not in PORT_PROTOCOLS and not getattr(rule, option).is_any:
            message = f"ports go with TCP and UDP only, and the protocol is {protocol_text(rule.protocol)}"
            yield option, message, "set protocol to tcp or udp"


def _check_families(rule: Rule) -> Iterator[tuple[str, str, str]]:
    if not lines_of(rule):
        message = "localip and remoteip have no address family in common"
        yield "remoteip", message, "write addresses of one family on both sides"


def _check_interface_names(rule: Rule) -> Iterator[tuple[str, str, str]]:
    wrong = [name for name in rule.interfaces if not _INTERFACE.fullmatch(name)]
    if wrong:
        fix = "write names as ip link shows them, at most 15 letters"
        yield "interfaces", f"{one_of(wrong)}: not names of network interfaces", fix


# What Linux takes (dev_valid_name) but for the quotation mark, which nft needs; IFNAMSIZ is 16 with the final zero.
# A star would stand for any letters that follow.
_INTERFACE = re.compile(r'[^\s/"*\\\x00-\x1f\x7f]{0,15}')
_CHECKS: tuple[Callable[[Rule], Iterator[tuple[str, str, str]]], ...] = (
    _check_name,
    _check_switch,
    _check_profiles,
    _check_keywords,
    _check_ports,
    _check_families,
    _check_interface_names,
)


def _no_limit(option: str) -> Callable[[object], object]:
    """Return a reader that takes what is no limit, and returns what a rule without the limit has."""

    def _read(value: object) -> object:
        given = value if isinstance(value, (list, tuple)) else [value]
        if any(item is not None and item not in _LIMITS_OF_WINDOWS[option] for item in given):
            fix = "leave it out, and limit the rule by ports and addresses"
            raise common.RefusedError(f"{shown(value)}: nftables has no such limit", "no limit", fix)
        return getattr(Rule(name=""), option)

    return _read


_READERS: Mapping[str, Callable[[object], object]] = {
    **{name: common.READERS[name] for name in _COMMON},
    **{name: _no_limit(name) for name in _LIMITS_OF_WINDOWS},
    "description": lambda _value: "",
}
LINUX = common.Vocabulary(_READERS, {}, check_rule)


def described(rule: Rule) -> dict[str, object]:
    """Return a rule as options of this module: without those that mean nothing on Linux."""
    left_out = (*_LIMITS_OF_WINDOWS, "description", "enabled", "profiles")
    return {name: value for name, value in rule.to_options().items() if name not in left_out}


@dataclass(frozen=True)
class Task:
    """The options of the module, validated.

    path: where the table is kept for the next start, empty for nowhere. expected: addresses that the host has.
    networks: from where it is managed. pending: what becomes of a change that waits to be taken back: confirm, revert,
    or empty for neither.
    """

    rules: tuple[Rule, ...]
    state: State = State.REPLACED
    phase: Phase = Phase.ALL
    policy: str = "drop"
    path: str = DEFAULT_PATH
    expected: tuple[str, ...] = ()
    networks: AddressSet = AddressSet()
    confirm_minutes: int = 0
    pending: str = ""

    @classmethod
    def from_options(cls, options: Mapping[str, object]) -> Task:
        """Return the task of options whose types are checked; raises InvalidInputError with every problem."""
        problems: list[Problem] = []
        rules: tuple[Rule, ...] = ()
        try:
            rules = _read_wanted_linux_rules(options)
        except InvalidInputError as error:
            problems += error.problems
        networks, network_problems = management_networks(options.get("management_networks"))
        minutes = options.get("confirm_minutes", 0)
        problems += [*network_problems, *_check_linux_options(options, minutes)]
        if problems:
            raise InvalidInputError(problems)
        path = str(options.get("path") or DEFAULT_PATH) if options.get("persist", True) else ""
        state, phase = State(str(options["state"])), Phase(str(options.get("phase") or "all"))
        return cls(
            rules=rules,
            state=state,
            phase=phase,
            policy=str(options.get("policy") or "drop"),
            path=path,
            expected=tuple(texts(options.get("expected_addresses"))),
            networks=networks,
            confirm_minutes=int(str(minutes)),
            pending=str(options.get("pending") or ""),
        )


def _read_wanted_linux_rules(options: Mapping[str, object]) -> tuple[Rule, ...]:
    rules = mappings(options.get("rules"))
    if options["state"] == "deleted":
        return tuple(Rule(name=name, group=OWNED_GROUP) for name in sorted(names_from_options(rules)))
    return () if options["state"] == "gathered" else rules_from_options(rules)


def _check_linux_options(options: Mapping[str, object], minutes: object) -> list[Problem]:
    problems = []
    if options["state"] == "overridden":
        message = "'overridden' is for Windows: here every other table is somebody else's, and none of them is changed"
        allowed = "merged, replaced, deleted, gathered, rendered, parsed"
        problems.append(Problem("state", message, allowed, "write replaced"))
    if not isinstance(minutes, int) or not 0 <= minutes <= _CONFIRM_MINUTES_MAXIMUM:
        allowed = f"0 to {_CONFIRM_MINUTES_MAXIMUM}"
        problems.append(Problem("confirm_minutes", f"{minutes} is out of range", allowed, "write how many minutes"))
    if not str(options.get("path") or "/").startswith("/"):
        message, fix = f"{options['path']!r} is no whole path", f"write {DEFAULT_PATH} or the like"
        problems.append(Problem("path", message, "a path that starts with /", fix))
    for text in texts(options.get("expected_addresses")):
        try:
            parse_address(text)
        except ValueError as error:
            problems.append(Problem("expected_addresses", str(error), fix="write addresses of the host"))
    return problems
