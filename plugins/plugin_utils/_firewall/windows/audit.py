# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts compared with the plan by their dumps, without a connection.

    audited({"fe01": plan document}, Path("dumps"), State.REPLACED)
    -> Audited(hosts={"fe01": HostAudit(documents={"firewall": {...}, "ipsec": {...}})}, notes=("fe01: ...",))

The same planning that changes a live host says here what would have to change: documents are like those of tasks in
check mode. A host that cannot be judged has documents that failed; it is never "as planned".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..._base.changes import Changes, State
from ..._base.errors import InvalidInputError, Problem
from ..._base.untyped import mapping, mappings, texts
from .. import results
from ..effects import describe_effects, rule_effects
from ..host_facts import GROUP_POLICY, LOCAL, MDM, Present, profile_conditions
from ..ipsec.exemption import PROTECTING, WORDING, exemptions_from_options, parse_exemptions
from ..ipsec.host import adopted
from ..ipsec.reconcile import ALWAYS, NEVER, PREFIX
from ..options import OWNED_GROUP, rules_from_options
from ..planner import RuleChanges, plan_changes
from ..rule import EVERY_PROFILE
from .dumps import SUFFIXES, Dump, ProfileState, read_dump
from .host import expanded, read_profiles
from .policy_file import PolicyFile, policy_paths, read_policy_files
from .registry_strings import RefusedRule, parse_rules

Document = Mapping[str, object]
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


# Why a host cannot be judged.
NO_DUMP, SEVERAL_DUMPS, UNREADABLE = "no dump", "several dumps", "unreadable"


@dataclass(frozen=True)
class HostAudit:
    """What the dump of a host says.

    documents: by concern, firewall and ipsec, as a task in check mode would return them; those of a host that could not
    be judged have failed, with msg. problem: why it could not be judged, one of the constants above, or empty. notes:
    what else the dump tells.
    """

    documents: Mapping[str, Document]
    problem: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audited:
    """What became of each host, in the order of their names; unasked: files of dumps that no host of this run has."""

    hosts: Mapping[str, HostAudit] = field(default_factory=dict)
    unasked: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what the dumps tell beside what would have to change, as texts."""
        found = [f"{name}: {note}" for name, host in self.hosts.items() for note in host.notes]
        return (*found, *([f"no host of this run has the dumps {', '.join(self.unasked)}"] if self.unasked else []))


def audited(
    plans: Mapping[str, Document], directory: Path, state: State = State.REPLACED, ipsec: str = "auto"
) -> Audited:
    """Return how the dumps of a directory differ from plans: mappings with firewall_rules and ipsec_exemptions.

    ipsec: whether exemptions are needed: auto, true or false. Raises InvalidInputError when the directory cannot be
    read.
    """
    dumps = _dumps(directory)
    hosts = {
        host: _audit_host(host, plan, dumps.get(host, []), directory, state, ipsec)
        for host, plan in sorted(plans.items())
    }
    unasked = sorted(path.name for host, paths in dumps.items() if host not in plans for path in paths)
    return Audited(hosts, tuple(unasked))


def _dumps(directory: Path) -> dict[str, list[Path]]:
    """Return the dumps of a directory by the hosts that their names tell."""
    try:
        paths = sorted(path for path in directory.iterdir() if path.suffix in SUFFIXES and path.is_file())
    except OSError as error:
        fix = "name the directory that holds HOST.wfw, HOST.reg or HOST.json"
        raise InvalidInputError(
            [Problem(f"lync_audit_dir, {directory}", f"cannot be read: {error.strerror}", fix=fix)]
        ) from error
    dumps: dict[str, list[Path]] = {}
    for path in paths:
        dumps.setdefault(path.stem, []).append(path)
    return dumps


def _audit_host(
    host: str, plan: Document, paths: Sequence[Path], directory: Path, state: State, ipsec: str
) -> HostAudit:
    if not paths:
        names = ", ".join(host + suffix for suffix in SUFFIXES)
        return _make_unknown_audit(NO_DUMP, f"{directory} holds none of {names}", ipsec)
    if len(paths) > 1:
        names = ", ".join(path.name for path in paths)
        return _make_unknown_audit(SEVERAL_DUMPS, f"{names}: keep one of them", ipsec)
    try:
        dump, policy = read_dump(paths[0]), read_policy_files(policy_paths(directory, host))
    except InvalidInputError as error:
        return _make_unknown_audit(UNREADABLE, _join_reasons(error.problems), ipsec)
    return _compare_dump(plan, dump, policy, state, ipsec)


def _make_unknown_audit(problem: str, message: str, ipsec: str, notes: Sequence[str] = ()) -> HostAudit:
    document: Document = {"failed": True, "changed": False, "msg": message}
    concerns = ("firewall",) if ipsec == NEVER else ("firewall", "ipsec")
    return HostAudit(dict.fromkeys(concerns, document), problem, tuple(notes))


def _join_reasons(problems: Sequence[Problem]) -> str:
    more = f"; and {len(problems) - _REASONS_SHOWN} more" if len(problems) > _REASONS_SHOWN else ""
    return "; ".join(str(problem) for problem in problems[:_REASONS_SHOWN]) + more


def _compare_dump(plan: Document, dump: Dump, policy: PolicyFile, state: State, ipsec: str) -> HostAudit:
    parsed, exemptions, mdm = dump.parse(), parse_exemptions(dump.connection_security), parse_rules(dump.mdm)
    group = parse_rules(policy.rules)
    unread = (*parsed.refused, *(() if ipsec == NEVER else exemptions.refused))
    notes = (*_profile_notes(dump.profiles), *_refused_notes(unread))
    ours = [rule for rule in unread if rule.may_be_of(OWNED_GROUP)]
    # A rule of MDM or Group Policy that nobody understands may block what the plan allows.
    refused = [problem for rule in (*ours, *mdm.refused, *group.refused) for problem in rule.problems]
    if refused:
        return _make_unknown_audit(UNREADABLE, _join_reasons(refused), ipsec, notes)
    want = [expanded(rule, USUAL_ENVIRONMENT) for rule in rules_from_options(mappings(plan.get("firewall_rules")))]
    stores = ((LOCAL, parsed.rules), (GROUP_POLICY, group.rules), (MDM, mdm.rules))
    have = [
        Present(expanded(stored.rule, USUAL_ENVIRONMENT), {"id": stored.rule_id}, store)
        for store, rules in stores
        for stored in rules
    ]
    profiles = read_profiles({"active": EVERY_PROFILE}, dict(policy.profiles)) if policy.profiles else ()
    unprotected = frozenset(texts(mapping(plan.get("policy")).get("unprotected_rules")))
    found = plan_changes(want, have, state, unprotected=unprotected)
    changes = describe_effects(have, found, profiles)
    effects = [effect.document() for effect in rule_effects(have, changes, profiles, OWNED_GROUP)]
    conditions = [condition.document() for condition in profile_conditions(profiles)]
    firewall = {**_make_audit_document(changes, results.FIREWALL), "effects": effects, "conditions": conditions}
    present = [
        Present(adopted(stored.rule, OWNED_GROUP, PREFIX), {"id": stored.rule_id}) for stored in exemptions.rules
    ]
    return HostAudit({"firewall": firewall, "ipsec": _exemption_document(plan, present, state, ipsec)}, notes=notes)


def _exemption_document(plan: Document, have: Sequence[Present], state: State, ipsec: str) -> Document:
    """Return what would have to change for the exemptions of a dump to be those of a plan.

    With auto a dump without a rule that protects needs none, but for those it has; what Group Policy requires is in no
    dump.
    """
    is_needed = ipsec == ALWAYS or any(each.rule.enabled and each.rule.action in PROTECTING for each in have)
    names = {each.rule.name for each in have if each.rule.group == OWNED_GROUP}
    listed = exemptions_from_options(mappings(plan.get("ipsec_exemptions")))
    want = [rule for rule in listed if is_needed or rule.name in names]
    changes: RuleChanges = Changes() if ipsec == NEVER else plan_changes(want, have, state)
    return _make_audit_document(changes, WORDING)


def _make_audit_document(changes: RuleChanges, wording: results.Wording) -> dict[str, object]:
    return {
        "changed": bool(changes.now),
        "changes": results.change_results(changes.now, wording),
        "commands": results.commands(changes.now, wording),
        "summary": results.summary(changes.now),
        "pending": False,
        "check_mode": True,
    }


def _refused_notes(refused: Iterable[RefusedRule]) -> list[str]:
    """Return a note for each rule of others that cannot be read; one of the own group makes the host unreadable."""
    return [f"left out: {_join_reasons(rule.problems)}" for rule in refused if not rule.may_be_of(OWNED_GROUP)]


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
