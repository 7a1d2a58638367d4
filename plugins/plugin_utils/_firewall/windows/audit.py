# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts compared with the plan by their dumps, without a connection.

    audit({"fe01": plan document}, Path("dumps"), State.REPLACED)
    -> Audit(outcomes=(Outcome("fe01", "changed", drift=("SIP: disabled: ...",)),), notes=("fe01: the firewall is off ...",))

The same planning that changes a live host says here what would have to change. A host that cannot be judged is never "as planned".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..._base.errors import InvalidInputError, Problem
from ..._rollout.outcome import COUNTS, Outcome, outcome
from .. import results
from ..effects import describe_effects
from ..ipsec.dump_audit import exemption_changes
from ..options import OWNED_GROUP, rules_from_options
from ..planner import Present, State, plan_changes
from .dumps import SUFFIXES, Dump, ProfileState, read_dump
from .host import expanded
from .registry_strings import RefusedRule

# A dump does not hold the variables that programs may name. These are what Windows is installed with.
USUAL_ENVIRONMENT: Mapping[str, str] = {
    "SYSTEMROOT": "C:\\Windows",
    "WINDIR": "C:\\Windows",
    "SYSTEMDRIVE": "C:",
    "PROGRAMFILES": "C:\\Program Files",
    "PROGRAMFILES(X86)": "C:\\Program Files (x86)",
    "PROGRAMDATA": "C:\\ProgramData",
}
_REASONS_SHOWN = 3


@dataclass(frozen=True)
class Audit:
    """What became of each host, in the order of their names, and what else the dumps tell."""

    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Return whether every host is known to be as the plan says."""
        return all(item.status == "unchanged" for item in self.outcomes)


def audit(plans: Mapping[str, Mapping[str, object]], directory: Path, state: State = State.REPLACED, ipsec: str = "auto") -> Audit:
    """Return how the dumps of a directory differ from the plans of hosts, given as the documents of plan files.

    ipsec: whether exemptions are needed: auto, true or false.

    Raises InvalidInputError when the directory cannot be read.
    """
    dumps = _dumps(directory)
    judged = {host: _judge(host, document, dumps.get(host, []), directory, (state, ipsec)) for host, document in sorted(plans.items())}
    unasked = sorted(path.name for host, paths in dumps.items() if host not in plans for path in paths)
    notes = [note for _outcome, found in judged.values() for note in found]
    notes += [f"no host of this run has the dumps {', '.join(unasked)}"] if unasked else []
    return Audit(tuple(found for found, _notes in judged.values()), tuple(notes))


def _dumps(directory: Path) -> dict[str, list[Path]]:
    """Return the dumps of a directory by the hosts that their names tell."""
    try:
        paths = sorted(path for path in directory.iterdir() if path.suffix in SUFFIXES and path.is_file())
    except OSError as error:
        fix = "name the directory that holds HOST.wfw, HOST.reg or HOST.json"
        raise InvalidInputError([Problem(f"lync_audit_dir, {directory}", f"cannot be read: {error.strerror}", fix=fix)]) from error
    dumps: dict[str, list[Path]] = {}
    for path in paths:
        dumps.setdefault(path.stem, []).append(path)
    return dumps


def _judge(host: str, document: Mapping[str, object], paths: Sequence[Path], directory: Path, asked: tuple[State, str]) -> tuple[Outcome, list[str]]:
    """Return what became of one host, and its notes."""
    if not paths:
        return _unknown(host, "no dump", f"{directory} holds none of {', '.join(host + suffix for suffix in SUFFIXES)}"), []
    if len(paths) > 1:
        return _unknown(host, "several dumps", f"{', '.join(path.name for path in paths)}: keep one of them"), []
    try:
        dump = read_dump(paths[0])
    except InvalidInputError as error:
        return _unknown(host, "unreadable", _reasons(error.problems)), []
    return _compared(host, document, dump, *asked)


def _unknown(host: str, status: str, message: str) -> Outcome:
    return Outcome(host, status, dict.fromkeys(COUNTS, 0), message=message)


def _reasons(problems: Sequence[Problem]) -> str:
    more = f"; and {len(problems) - _REASONS_SHOWN} more" if len(problems) > _REASONS_SHOWN else ""
    return "; ".join(str(problem) for problem in problems[:_REASONS_SHOWN]) + more


def _compared(host: str, document: Mapping[str, object], dump: Dump, state: State, ipsec: str) -> tuple[Outcome, list[str]]:
    parsed, exemptions = dump.parse(), exemption_changes(document, dump, state, ipsec)
    unread = (*parsed.refused, *exemptions.refused)
    notes = [f"{host}: {note}" for note in (*_profile_notes(dump.profiles), *_refused_notes(unread))]
    refused = [problem for rule in unread if rule.may_be_of(OWNED_GROUP) for problem in rule.problems]
    if refused:
        return _unknown(host, "unreadable", _reasons(refused)), notes
    listed = document.get("firewall_rules")
    want = [expanded(rule, USUAL_ENVIRONMENT) for rule in rules_from_options(listed if isinstance(listed, list) else [])]
    have = [Present(expanded(stored.rule, USUAL_ENVIRONMENT), {}) for stored in parsed.rules]
    changes = describe_effects(have, plan_changes(want, have, state)).now
    result = {"changed": bool(changes), "changes": results.change_results(changes), "summary": results.summary(changes)}
    return outcome(host, [result, exemptions.result]), notes


def _refused_notes(refused: Iterable[RefusedRule]) -> list[str]:
    """Return a note for each rule of others that cannot be read; one of the own group makes the host unreadable."""
    return [f"left out: {_reasons(rule.problems)}" for rule in refused if not rule.may_be_of(OWNED_GROUP)]


def _profile_notes(profiles: Mapping[str, ProfileState]) -> list[str]:
    """Return what makes the rules of a profile ineffective."""
    found = []
    for profile, state in profiles.items():
        if state.enabled is False:
            found.append(f"the firewall is off on profile {profile}: it admits everything")
        elif state.shields_up:
            found.append(f"profile {profile} blocks everything that comes in, whatever the rules allow")
        elif state.inbound_allowed:
            found.append(f"profile {profile} allows what comes in unless a rule blocks it")
    return found
