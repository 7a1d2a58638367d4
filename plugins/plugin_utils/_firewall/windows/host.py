# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a Windows host answers to gather and apply, read and checked.

{"rules": [{"Name": "SIP", ...}], "addresses": ["10.1.0.11"], "environment": {"SystemRoot": "C:\\Windows"},
 "profiles": {"active": 1, "local_policy_modify_state": 0, "settings": [...]}, "counters": {"enumerations": 1, "writes": 0},
 "group_policy": {"rules": {"{id}": "v2.10|..."}, "profiles": {"domain": {"AllowLocalPolicyMerge": 0}}},
 "listeners": ["0.0.0.0 5061"], "connections": ["10.1.0.11 5061 10.10.3.4"], "management": [{"kind": "winrm", "port": 5985}],
 "fingerprint": "..."}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ..._base.addresses import AddressSet
from ..._base.errors import Problem
from ..options import listed
from ..planner import GROUP_POLICY, Present
from ..rule import Rule
from ..tables import ADDRESS_WORDS
from . import network
from .com import from_com
from .registry_strings import ParsedRules, parse_rules
from .schema import FIREWALL, check_shape

_ACCOUNT = "connect with an account that may change the firewall of the host"
_FIXES: Mapping[str, str] = {
    "0x80070005": _ACCOUNT,
    # So the cmdlets of NetSecurity tell the same.
    "(Windows System Error 5)": _ACCOUNT,
    "0x800706D9": "start the Windows Defender Firewall service (MpsSvc) of the host",
}
_VARIABLE = re.compile(r"%([^%]+)%")


class HostAnswerError(Exception):
    """What the host answered is not what msuc.lync.windows_firewall_remote answers."""


@dataclass(frozen=True)
class Host:
    """The firewall of a host as gathered.

    rules: the local ones, then those of Group Policy. addresses: its own addresses. environment: the variables that programs
    may name, by upper-case name. profiles: Group Policy's settings included. unread: rules of Group Policy that make no sense.
    fingerprint: stands for all that was gathered of the firewall; the host made it. enumerations, writes: what it did to answer.
    """

    rules: tuple[Present, ...]
    addresses: tuple[str, ...]
    environment: Mapping[str, str]
    profiles: tuple[network.Profile, ...]
    listeners: tuple[network.Listener, ...]
    connections: tuple[network.Connection, ...]
    management: tuple[network.ManagementPort, ...]
    unread: tuple[str, ...]
    fingerprint: str
    enumerations: int
    writes: int


def read_answer(answer: Mapping[str, object]) -> Host:
    """Return the host that an answer describes; raises HostAnswerError when a part of it is missing or of another kind."""
    with understood():
        check_shape(answer, FIREWALL)
        environment = read_environment(answer)
        local = [_present(properties, environment) for properties in _sequence(answer, "rules")]
        theirs = parse_rules(policy_strings(answer))
        return host_of(answer, (*local, *_policy_rules(theirs, environment)), theirs, "AllowLocalPolicyMerge")


@contextmanager
def understood() -> Iterator[None]:
    """Turn what goes wrong when an answer is read into HostAnswerError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise HostAnswerError(f"the host's answer is not understood: {type(error).__name__}: {error}") from error


def read_environment(answer: Mapping[str, object]) -> dict[str, str]:
    """Return the variables of an answer by upper-case name."""
    return {str(name).upper(): str(value) for name, value in mapping_of(answer, "environment").items()}


def policy_strings(answer: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the rules of Group Policy in an answer as pairs of id and string."""
    return [(str(name), str(text)) for name, text in mapping_of(mapping_of(answer, "group_policy"), "rules").items()]


def host_of(answer: Mapping[str, object], rules: tuple[Present, ...], theirs: ParsedRules, merges: str) -> Host:
    """Return the host of an answer whose rules are read; merges: the value of Group Policy that says whether local ones count."""
    counters = mapping_of(answer, "counters")
    return Host(
        rules=rules,
        addresses=tuple(network.plain_address(text) for text in _sequence(answer, "addresses")),
        environment=read_environment(answer),
        profiles=network.read_profiles(mapping_of(answer, "profiles"), mapping_of(mapping_of(answer, "group_policy"), "profiles"), merges),
        listeners=network.read_listeners(_sequence(answer, "listeners")),
        connections=network.read_connections(_sequence(answer, "connections")),
        management=network.read_management(_sequence(answer, "management")),
        unread=tuple(str(problem) for refused in theirs.refused for problem in refused.problems),
        fingerprint=str(answer["fingerprint"]),
        enumerations=int(str(counters["enumerations"])),
        writes=int(str(counters["writes"])),
    )


def failure_text(answer: Mapping[str, object]) -> str:
    """Return why the host failed, in the language of its Windows, with what to do where the code of the error tells it."""
    text = str(answer.get("msg") or "no reason given")
    fixes = [fix for code, fix in _FIXES.items() if code in text]
    return "; fix: ".join([text, *fixes])


def expanded(rule: Rule, environment: Mapping[str, str]) -> Rule:
    """Return the rule with the variables of its program expanded, as Windows expands them when it is stored."""
    return replace(rule, program=_VARIABLE.sub(lambda match: environment.get(match[1].upper(), match[0]), rule.program))


def missing_addresses(rules: Iterable[Mapping[str, object]], expected: Iterable[str], host: Host) -> list[Problem]:
    """Return a problem for each expected address, and each entry of a rule's localip, that the host does not have.

    A network or a range of localip is there when the host has an address in it.
    """
    own = AddressSet.parse(host.addresses)
    has = ", ".join(host.addresses) or "none"
    problems = [_missing("expected_addresses", text, has) for text in expected if not AddressSet.parse([text]) & own]
    for options in rules:
        texts = [text for text in listed(options.get("localip")) if text.casefold() not in ("any", "*", *ADDRESS_WORDS)]
        problems += [_missing(f"rule {options.get('name')}, localip", text, has) for text in texts if not AddressSet.parse([text]) & own]
    return problems


def _missing(place: str, text: str, has: str) -> Problem:
    return Problem(place, f"{text} is not an address of the host", f"{has} (the host's addresses)", "correct the inventory or the network card")


def _present(properties: object, environment: Mapping[str, str]) -> Present:
    if not isinstance(properties, Mapping):
        raise TypeError("a rule is not a mapping")
    return Present(expanded(from_com(properties), environment), properties)


def _policy_rules(parsed: ParsedRules, environment: Mapping[str, str]) -> list[Present]:
    return [Present(expanded(stored.rule, environment), {}, GROUP_POLICY) for stored in parsed.rules]


def mapping_of(answer: Mapping[str, object], key: str) -> Mapping[str, object]:
    """Return a part of an answer that is a mapping; raises TypeError when it is none, KeyError when it is missing."""
    value = answer[key]
    if not isinstance(value, Mapping):
        raise TypeError(f"{key} is not a mapping")
    return value


def _sequence(answer: Mapping[str, object], key: str) -> Sequence[object]:
    value = answer[key]
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError(f"{key} is not a list")
    return value
