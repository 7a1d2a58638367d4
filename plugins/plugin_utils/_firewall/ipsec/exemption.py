# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A connection security rule as a value: the same Rule as a firewall rule's, so that comparing and planning are the same.

    exemptions_from_options([{"name": "Lync exempt media (UDP)", "protocol": "udp", "localip": ["10.1.0.11"]}])

Endpoint 1 is the local side (localip, localport), endpoint 2 the remote one, and there is no direction ([MS-FASP] 2.2.55).
An exemption has action "allow": it lets pass what other rules would protect, or drop. Those have "request" or "require".
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping

from ..._base.errors import Problem, one_of
from ..options import OWNED_GROUP, READERS, RefusedError, Vocabulary, rules_from_options
from ..results import Wording
from ..rule import Rule
from ..windows.checks import COMMON_CHECKS, Check, refusals

BOTH = "both"
EXEMPT, REQUEST, REQUIRE, REQUIRE_BOTH = "allow", "request", "require", "require_both"
PROTECTING = frozenset({REQUEST, REQUIRE, REQUIRE_BOTH})
# What drops inbound traffic that is not protected ([MS-FASP] 2.2.52).
REQUIRING = frozenset({REQUIRE, REQUIRE_BOTH})

_OPTIONS = (
    "name", "group", "description", "enabled", "profiles", "protocol", "localip", "remoteip", "localport", "remoteport", "interfacetypes",
)  # fmt: skip
_NO_SETS = "an exemption carries no authentication or crypto set"
# The namespace of the ids of rules: any constant will do, as long as it stays.
_NAMESPACE = uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")


def exemptions_from_options(rules: Iterable[Mapping[str, object]], group: str = OWNED_GROUP) -> tuple[Rule, ...]:
    """Return the exemptions of a list of options; raises InvalidInputError with every problem of each."""
    return rules_from_options(rules, group, VOCABULARY)


def check_exemption(rule: Rule, place: str) -> list[Problem]:
    """Return every reason why Windows would refuse the exemption ([MS-FASP] 2.2.55); place names it in the user's words."""
    return refusals(rule, place, _CHECKS)


def is_exemption(rule: Rule) -> bool:
    """Return whether a connection security rule is in force and exempts."""
    return rule.enabled and rule.action == EXEMPT


def rule_id(name: str, group: str, taken: Iterable[str] = ()) -> str:
    """Return the id under which an exemption is stored: always the same for its name, another one only where that is taken."""
    used = {text.casefold() for text in taken}
    return next(text for text in _ids(f"{group}|{name}") if text.casefold() not in used)


def _ids(seed: str) -> Iterator[str]:
    number = 1
    while True:
        text = seed if number == 1 else f"{seed}|{number}"
        yield f"{{{str(uuid.uuid5(_NAMESPACE, text)).upper()}}}"
        number += 1


def to_options(rule: Rule) -> dict[str, object]:
    """Return a connection security rule as options; those of a rule that does not exempt name its action too."""
    options = rule.to_options()
    shown = {name: options[name] for name in _OPTIONS}
    shown |= {"action": rule.action} if rule.action != EXEMPT else {}
    return shown | ({"restrictions": options["restrictions"]} if rule.restrictions else {})


WORDING = Wording(
    noun="exemption",
    nouns="exemptions",
    store="the connection security rules",
    title="IPsec exemption",
    options=to_options,
    head=lambda rule: "do not authenticate",
    unsaid=frozenset({"name", "group", "description"}),
)


def _no_words(rule: Rule) -> Iterator[tuple[str, str, str]]:
    for option in ("localport", "remoteport"):
        words = getattr(rule, option).words
        if words:
            yield option, f"{one_of(words)}: connection security rules take no words for ports", "write port numbers"


def _no_sets(rule: Rule) -> Iterator[tuple[str, str, str]]:
    for name, value in sorted(rule.restrictions):
        if rule.action == EXEMPT and name.casefold().endswith("set"):
            yield name, f"{_NO_SETS}, and this one has {value}", "remove the set"


def _one_interface_type(rule: Rule) -> Iterator[tuple[str, str, str]]:
    if len(rule.interfacetypes) > 1:
        yield "interfacetypes", "neither New-NetIPsecRule nor netsh takes two types of interfaces", "write one type, or any"


_CHECKS: tuple[Check, ...] = (*COMMON_CHECKS, _no_words, _no_sets, _one_interface_type)


def _refuse_set(_value: object) -> object:
    raise RefusedError(_NO_SETS, fix="remove it")


def _readers() -> Mapping[str, Callable[[object], object]]:
    return {name: READERS[name] for name in _OPTIONS} | dict.fromkeys(("auth1set", "auth2set", "crypto2set"), _refuse_set)


VOCABULARY = Vocabulary(_readers(), {"direction": BOTH, "action": EXEMPT}, check_exemption)
