# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of msuc.lync.nftables_rules, validated: every fault is reported at once.

    Task.from_options({"rules": [...], "state": "replaced", "policy": "drop", ...})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..._base.addresses import AddressSet, parse_address
from ..._base.errors import InvalidInputError, Problem
from ..planner import Phase, State
from ..rule import Rule
from .options import names_from_options, rules_from_options
from .ruleset import OWNED_GROUP

DEFAULT_PATH = "/etc/nftables.d/msuc-lync.nft"
_MOST_MINUTES = 1440


@dataclass(frozen=True)
class Task:
    """The options of the module, validated; path: where the table is kept for the next start, empty for nowhere."""

    rules: tuple[Rule, ...]
    state: State = State.REPLACED
    phase: Phase = Phase.ALL
    policy: str = "drop"
    path: str = DEFAULT_PATH
    expected: tuple[str, ...] = ()
    networks: AddressSet = AddressSet()
    confirm_minutes: int = 0

    @classmethod
    def from_options(cls, options: Mapping[str, object]) -> Task:
        """Return the task of the module's options, types already checked; raises InvalidInputError with every problem."""
        problems: list[Problem] = []
        rules: tuple[Rule, ...] = ()
        try:
            rules = _wanted(options)
        except InvalidInputError as error:
            problems += error.problems
        networks = _networks(options, problems)
        minutes = options.get("confirm_minutes", 0)
        problems += _option_problems(options, minutes)
        if problems:
            raise InvalidInputError(problems)
        path = str(options.get("path") or DEFAULT_PATH) if options.get("persist", True) else ""
        state, phase = State(str(options["state"])), Phase(str(options.get("phase") or "all"))
        policy, expected = str(options.get("policy") or "drop"), tuple(map(str, _listed(options, "expected_addresses")))
        return cls(rules, state, phase, policy, path, expected, networks, int(str(minutes)))


def _listed(options: Mapping[str, object], name: str) -> Sequence[object]:
    value = options.get(name)
    return value if isinstance(value, list) else []


def _wanted(options: Mapping[str, object]) -> tuple[Rule, ...]:
    rules = [rule for rule in _listed(options, "rules") if isinstance(rule, Mapping)]
    if options["state"] == "deleted":
        return tuple(Rule(name=name, group=OWNED_GROUP) for name in sorted(names_from_options(rules)))
    return () if options["state"] == "gathered" else rules_from_options(rules)


def _networks(options: Mapping[str, object], problems: list[Problem]) -> AddressSet:
    found = AddressSet()
    for text in _listed(options, "management_networks"):
        try:
            found |= AddressSet.parse([str(text)])
        except ValueError as error:
            problems.append(Problem("management_networks", str(error), "addresses, networks a/n, ranges a-b", "write where the host is managed from"))
    return found


def _option_problems(options: Mapping[str, object], minutes: object) -> list[Problem]:
    problems = []
    if options["state"] == "overridden":
        message = "'overridden' is for Windows: here every other table is somebody else's, and none of them is changed"
        problems.append(Problem("state", message, "merged, replaced, deleted, gathered, rendered, parsed", "write replaced"))
    if not isinstance(minutes, int) or not 0 <= minutes <= _MOST_MINUTES:
        problems.append(Problem("confirm_minutes", f"{minutes} is out of range", f"0 to {_MOST_MINUTES}", "write how many minutes"))
    if not str(options.get("path") or "/").startswith("/"):
        problems.append(Problem("path", f"{options['path']!r} is no whole path", "a path that starts with /", f"write {DEFAULT_PATH} or the like"))
    for text in _listed(options, "expected_addresses"):
        try:
            parse_address(str(text))
        except ValueError as error:
            problems.append(Problem("expected_addresses", str(error), fix="write addresses of the host"))
    return problems
