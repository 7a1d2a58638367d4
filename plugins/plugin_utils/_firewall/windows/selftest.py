# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the collection assumes of a Windows Firewall, held against one: scenarios, and whether each is confirmed.

    {"name": "An IPv4 prefix reads back as a mask", "evidence": "REAL", "source": "tests of community.windows",
     "seed": [{...}], "do": [{"add": {"RemoteAddresses": "192.168.0.0/24"}}], "writes": 1,
     "store": [{"RemoteAddresses": "192.168.0.0/255.255.255.0"}]}

seed and add hold COM properties in the order of their puts (a list of pairs where one comes twice); change and remove
name a rule by some of its properties, puts are what change puts, stale is what the rule is said to have instead.
remove_name calls Rules.Remove by itself, left then tells which rules of the enumeration before remain. Expected are
error ("", "refused" by Windows, "conflict" found by the module), done (all operations), enumerations (2), writes, and
store: the rules as they read back, above what every new rule reads back. switch names the switch of the simulator that
is the other way. A long text is {"text": "a", "then": "#", "times": 3, "join": ","}, where # stands for the odd
numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ..._base.errors import DeviceError

Table: TypeAlias = Mapping[str, object]
# What runs the module: its arguments and whether this is check mode, to its answer.
Remote: TypeAlias = Callable[[Table, bool], Table]

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VARIABLE = re.compile(r"%([^%]+)%")
_CONFLICT = "as it was gathered"


class SelftestError(DeviceError):
    """A scenario cannot be run: its seed was refused, or the rules of an earlier one cannot be removed."""


@dataclass(frozen=True)
class Format:
    """How scenarios are to be read.

    marks: the properties that every rule of the scenarios begins with, by which it is known as one of them. properties:
    the COM properties that are compared. new: what a new rule reads back, by protocol ("6"), and under "any".
    """

    marks: Mapping[str, str]
    properties: Sequence[str]
    new: Mapping[str, Table]

    def owns(self, rule: Table) -> bool:
        """Return whether a rule belongs to the scenarios."""
        return any(str(rule.get(name, "")).startswith(mark) for name, mark in self.marks.items())

    def shown(self, rule: Table) -> dict[str, object]:
        """Return the known properties of a rule that are not null; a name that the module made up has no value."""
        found = {name: rule[name] for name in self.properties if rule.get(name) is not None}
        return {**found, "Name": "(GUID)"} if _GUID.fullmatch(str(found.get("Name"))) else found


@dataclass(frozen=True)
class Outcome:
    """What a scenario gave: as expected in a scenario, with the rules sorted; message is the module's own."""

    error: str
    done: int
    enumerations: int
    writes: int
    rules: tuple[str, ...]
    message: str = field(default="", compare=False)


@dataclass(frozen=True)
class Verdict:
    """A scenario with what it gave, and every difference from what is expected, in words; none means confirmed."""

    scenario: Table
    outcome: Outcome
    differences: tuple[str, ...]


def puts_of(properties: object, marks: Mapping[str, str] | None = None) -> list[dict[str, object]]:
    """Return properties as the module takes them, in their order, after the marks that are not among them."""
    pairs: list[tuple[str, object]] = list(_pair_properties(properties))
    given = {name for name, _value in pairs}
    marked = [(name, mark) for name, mark in (marks or {}).items() if name not in given]
    return [{"property": name, "value": _expand_value(value)} for name, value in [*marked, *pairs]]


def _pair_properties(properties: object) -> list[tuple[str, object]]:
    if isinstance(properties, Mapping):
        return list(properties.items())
    return [(str(name), value) for name, value in _list_items(properties)]


def _expand_value(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    parts = (str(value["then"]).replace("#", str(2 * index + 1)) for index in range(int(str(value["times"]))))
    return str(value.get("text", "")) + str(value.get("join", "")).join(parts)


def _list_items(value: object) -> list[list[object]]:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []


def _tables(value: object) -> list[Table]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, Sequence) else []


def run(
    scenario: Table,
    form: Format,
    remote: Remote,
    act: Remote | None = None,
    remove: Callable[[str], object] | None = None,
) -> Verdict:
    """Seed, do and compare one scenario, and remove its rules.

    There must be none before. Raises SelftestError when it cannot be run.

    act is remote for what the scenario itself does, where its fault is to be. remove calls Rules.Remove(name); without
    the two, a scenario with fault or remove_name cannot be run.
    """
    if not _is_possible(scenario, act, remove):
        raise SelftestError("this needs more than the module can do")
    seed = [_make_addition(rule, form) for rule in _tables(scenario.get("seed"))]
    present = own_rules(_must(_apply(remote, seed), "the seed was refused"), form) if seed else []
    answer: Table = {"counters": {"enumerations": 0, "writes": 0}}
    if remove is not None and "remove_name" in scenario:
        remove(str(scenario["remove_name"]))
    else:
        answer = (act or remote)(_arguments(scenario, form, present), bool(scenario.get("check_mode")))
    after = answer if "rules" in answer else _gather_host(remote)
    outcome = _read_outcome(answer, own_rules(after, form), form)
    verdict = Verdict(scenario, outcome, tuple(_diff_outcomes(outcome, _read_expected(scenario, form, present, after))))
    clear(own_rules(after, form), remote)
    return verdict


def _is_possible(scenario: Table, act: object, remove: object) -> bool:
    return not (("fault" in scenario and act is None) or ("remove_name" in scenario and remove is None))


def clear(own: Sequence[Table], remote: Remote) -> None:
    """Remove rules exactly; raises SelftestError when the host does not let them go."""
    removals = [{"kind": "remove", "name": rule["Name"], "rule": rule, "puts": []} for rule in own]
    if removals:
        _must(_apply(remote, removals), "the rules of the scenarios cannot be removed")


@dataclass(frozen=True)
class Report:
    """A whole run. not_asked: names of scenarios that the module alone cannot run. snapshot: the way back on the host.

    is_restored: whether all other rules are as they were before. build: of Windows, with its update.
    """

    verdicts: tuple[Verdict, ...]
    not_asked: tuple[str, ...]
    snapshot: str
    is_restored: bool
    build: str = ""

    @property
    def refuted(self) -> list[str]:
        """Return the names of the scenarios that gave something else than expected."""
        return [str(verdict.scenario["name"]) for verdict in self.verdicts if verdict.differences]

    def lines(self) -> list[str]:
        """Return a line per scenario, below it what differs, and at last the counts."""
        found = [line for verdict in self.verdicts for line in _verdict_lines(verdict)]
        found += [f"not asked  {name}" for name in self.not_asked]
        counts = (len(self.verdicts) - len(self.refuted), len(self.refuted), len(self.not_asked))
        return [*found, "{} confirmed, {} refuted, {} not asked".format(*counts)]

    def evidence(self, date: str, scenarios: int) -> dict[str, object]:
        """Return it as a file that tests/evidence takes in; date: ISO; scenarios: how many there are, run or not."""
        asked = [
            {
                "name": verdict.scenario["name"],
                "verdict": "refuted" if verdict.differences else "confirmed",
                "differences": list(verdict.differences),
            }
            for verdict in self.verdicts
        ]
        others = [{"name": name, "verdict": "not asked", "differences": []} for name in self.not_asked]
        outcomes = [*asked, *others]
        return {"kind": "rules", "build": self.build, "date": date, "scenarios": scenarios, "outcomes": outcomes}


def _verdict_lines(verdict: Verdict) -> list[str]:
    scenario = verdict.scenario
    word = "refuted" if verdict.differences else "confirmed"
    lines = [
        f"{word:<10} {scenario['evidence']:<7} {scenario['name']}",
        *(f"           {text[:400]}" for text in verdict.differences),
    ]
    if verdict.differences and "switch" in scenario:
        lines.append(f"           the simulator has a switch for this: {scenario['switch']}")
    return lines


def run_all(scenarios: Sequence[Table], form: Format, remote: Remote) -> Report:
    """Run all scenarios that the module alone can run, after a snapshot.

    Raises SelftestError when there cannot be one.
    """
    before = _must(remote({"operation": "apply", "snapshot": True, "operations": []}, False), "nothing was begun")
    clear(own_rules(before, form), remote)
    asked = [scenario for scenario in scenarios if _is_possible(scenario, None, None)]
    verdicts = [_judge_scenario(scenario, form, remote) for scenario in asked]
    not_asked = [str(scenario["name"]) for scenario in scenarios if not _is_possible(scenario, None, None)]
    after = _gather_host(remote)
    is_restored = _list_foreign_rules(before, form) == _list_foreign_rules(after, form)
    snapshot, build = str(before.get("snapshot", "")), str(after.get("build", ""))
    return Report(tuple(verdicts), tuple(not_asked), snapshot, is_restored, build)


def _judge_scenario(scenario: Table, form: Format, remote: Remote) -> Verdict:
    """Return the verdict of one scenario; one that cannot be run is refuted, and its rules go."""
    try:
        return run(scenario, form, remote)
    except SelftestError as error:
        clear(own_rules(_gather_host(remote), form), remote)
        return Verdict(scenario, Outcome("refused", 0, 0, 0, (), str(error)), (str(error),))


def _list_foreign_rules(answer: Table, form: Format) -> list[str]:
    return sorted(json.dumps(rule, sort_keys=True) for rule in _tables(answer["rules"]) if not form.owns(rule))


def _make_addition(properties: object, form: Format) -> dict[str, object]:
    puts = puts_of(properties, form.marks)
    name = next(put["value"] for put in puts if put["property"] == "Name")
    return {"kind": "add", "name": name, "rule": {}, "puts": puts}


def _must(answer: Table, text: str) -> Table:
    if answer.get("failed"):
        raise SelftestError(f"{text}: {answer.get('msg', 'no reason given')}")
    return answer


def _gather_host(remote: Remote) -> Table:
    return _must(remote({"operation": "gather"}, False), "the rules cannot be read")


def own_rules(answer: Table, form: Format) -> list[Table]:
    """Return the rules of the scenarios from what the host answered."""
    return [rule for rule in _tables(answer["rules"]) if form.owns(rule)]


def _apply(remote: Remote, operations: Sequence[object]) -> Table:
    return remote({"operation": "apply", "snapshot": False, "operations": operations}, False)


def _arguments(scenario: Table, form: Format, present: list[Table]) -> dict[str, object]:
    if "do" not in scenario:
        return {"operation": "gather"}
    free = list(present)
    return {
        "operation": "apply",
        "snapshot": False,
        "operations": [_make_step_operation(step, form, free) for step in _tables(scenario["do"])],
    }


def _make_step_operation(step: Table, form: Format, free: list[Table]) -> dict[str, object]:
    """Return one step as the module takes it; each rule is taken once."""
    if "add" in step:
        return _make_addition(step["add"], form)
    kind = "change" if "change" in step else "remove"
    wanted = dict(_pair_properties(step[kind]))
    target = next(rule for rule in free if all(rule.get(name) == value for name, value in wanted.items()))
    # By identity: an equal rule is another one.
    del free[next(index for index, rule in enumerate(free) if rule is target)]
    rule = {**target, **dict(_pair_properties(step.get("stale")))}
    return {"kind": kind, "name": target["Name"], "rule": rule, "puts": puts_of(step.get("puts"))}


def _read_outcome(answer: Table, own: list[Table], form: Format) -> Outcome:
    message = str(answer.get("msg", ""))
    error = "" if not answer.get("failed") else "conflict" if _CONFLICT in message else "refused"
    counters = dict(_pair_properties(answer["counters"]))
    done, enumerations, writes = (
        int(str(number)) for number in (answer.get("done", 0), counters["enumerations"], counters["writes"])
    )
    return Outcome(error, done, enumerations, writes, _render_rules(own, form), message)


def _render_rules(rules: Sequence[Table], form: Format) -> tuple[str, ...]:
    return tuple(sorted(json.dumps(form.shown(rule), ensure_ascii=False) for rule in rules))


def _read_expected(scenario: Table, form: Format, present: list[Table], answer: Table) -> Outcome:
    steps = 0 if "error" in scenario else len(_tables(scenario.get("do")))
    usual = {"error": "", "done": steps, "enumerations": 0 if "remove_name" in scenario else 2, "writes": 0}
    found = {name: scenario.get(name, value) for name, value in usual.items()}
    if "left" in scenario:
        rules = [present[int(str(index))] for index in _sequence(scenario["left"])]
    else:
        rules = [
            _read_back(rule, form, dict(_pair_properties(answer["environment"]))) for rule in _tables(scenario["store"])
        ]
    done, enumerations, writes = (int(str(found[name])) for name in ("done", "enumerations", "writes"))
    return Outcome(str(found["error"]), done, enumerations, writes, _render_rules(rules, form))


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, Sequence) else ()


def _read_back(properties: Table, form: Format, environment: Table) -> dict[str, object]:
    """Return a whole rule as it is to be read back."""
    given = {str(put["property"]): put["value"] for put in puts_of(properties, form.marks)}
    protocol = str(given.get("Protocol", form.new["any"]["Protocol"]))
    whole = {**form.new["any"], **form.new.get(protocol, {}), **given}
    variables = {name.upper(): str(value) for name, value in environment.items()}
    if whole.get("ApplicationName"):
        whole["ApplicationName"] = _VARIABLE.sub(
            lambda match: variables.get(match[1].upper(), match[0]), str(whole["ApplicationName"])
        )
    return whole


_COMPARED = ("error", "done", "enumerations", "writes")


def _diff_outcomes(outcome: Outcome, expected: Outcome) -> list[str]:
    """Return what is not as expected, as texts."""
    message = f": {outcome.message}" if outcome.message else ""
    pairs = {name: (getattr(expected, name), getattr(outcome, name)) for name in _COMPARED}
    found = [
        f"{name} {one!r} expected, {other!r} found{message}" for name, (one, other) in pairs.items() if one != other
    ]
    if outcome.rules != expected.rules:
        found += [f"expected: {line}" for line in expected.rules if line not in outcome.rules]
        found += [f"found: {line}" for line in outcome.rules if line not in expected.rules]
        if len(outcome.rules) != len(expected.rules):
            found.append(f"{len(expected.rules)} rules expected, {len(outcome.rules)} found")
    return found
