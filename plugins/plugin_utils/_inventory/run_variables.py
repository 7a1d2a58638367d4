# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables of one run: what -e or the inventory says about how a playbook goes about it. No plan holds them.

    WAVE_SIZE = Variable("lync_wave_size", whole_number(1, "..."), 1, RUN, "int", "...", documented_default=1)

Values are taken as the options of Ansible's modules take them: yes for true, numbers as text, lists as text with
commas.
"""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Mapping

from .._base.errors import shown
from .._firewall.safety import SNAPSHOT_DIRS, explain_snapshot_dir
from .fields import At, Reader, Scope, Variable, choice, raw_mapping, text, texts

_RUN = Scope.RUN
_WAYS = ("auto", "registry", "com")
_ROLLBACK_SCOPES = ("own", "whole")
_TRUE, _FALSE = ("true", "yes", "on", "y", "t", "1"), ("false", "no", "off", "n", "f", "0")


def _read_truth(raw: object, at: At) -> bool:
    """Return true or false by any of the names that Ansible's modules take for them."""
    plain = str(raw).strip().lower() if isinstance(raw, (str, int)) else ""
    if plain not in _TRUE + _FALSE:
        at.error(f"{shown(raw)} is neither true nor false", "true, false")
    return plain in _TRUE


def _whole_number(smallest: int, allowed: str) -> Reader[int]:
    """Return a reader of a whole number that is not below the smallest."""

    def _read(raw: object, at: At) -> int:
        number = _as_number(raw)
        if number is None or number != int(number):
            at.error(f"{shown(raw)} is not a whole number", allowed)
            return smallest
        if number < smallest:
            at.error(f"{shown(raw)} is too small", allowed)
        return int(number)

    return _read


def _read_number(raw: object, at: At) -> float:
    """Return a number that is not negative."""
    number = _as_number(raw)
    if number is None or number < 0:
        at.error(f"{shown(raw)} is not a number of 0 or more", fix="write one, or leave it out")
        return 0.0
    return number


def _as_number(raw: object) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        return None
    try:
        number = float(raw)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < float("inf") else None  # nor is it "nan", which is less than nothing


def _read_own_path(raw: object, at: At) -> str:
    """Return a path with ~ and variables of the environment filled in, as Ansible's modules do."""
    return os.path.expanduser(os.path.expandvars(text(raw, at)))


def _optional_text(raw: object, at: At) -> str:
    """Return a text that may be empty, which is as if it were not set."""
    return "" if raw == "" else text(raw, at)


def _optional_path(raw: object, at: At) -> str:
    return "" if raw == "" else _read_own_path(raw, at)


def _read_snapshot_dir(raw: object, at: At) -> str:
    found = _optional_text(raw, at)
    if message := explain_snapshot_dir(found):
        at.error(message, SNAPSHOT_DIRS)
    return found


def _read_digest(raw: object, at: At) -> str:
    """Return a SHA-256 in hexadecimal, or an empty text."""
    found = _optional_text(raw, at).lower()
    if found and not re.fullmatch("[0-9a-f]{64}", found):
        at.error(f"{shown(raw)} is not the digest of a plan", "64 hexadecimal digits", "copy it whole from plan.yml")
    return found


def _number_or_texts(raw: object, at: At) -> tuple[str, ...]:
    """Return a list of texts; a number stands for itself."""
    is_number = isinstance(raw, int) and not isinstance(raw, bool)
    return (str(raw),) if is_number else texts(raw, at)


def _read_mappings(raw: object, at: At) -> tuple[Mapping[str, object], ...]:
    """Return a list of mappings, or one; dates, which YAML reads as such, become texts again."""
    if isinstance(raw, Mapping):
        raw = [raw]
    if not isinstance(raw, (list, tuple)):
        at.error(f"{shown(raw)} is not a list", "a list of mappings")
        return ()
    found = [raw_mapping(item, at.item(index)) for index, item in enumerate(raw)]
    return tuple(
        {key: value.isoformat() if isinstance(value, datetime.date) else value for key, value in item.items()}
        for item in found
    )


def _flag_variable(name: str, description: str, default: bool = False) -> Variable[bool]:
    return Variable(name, _read_truth, default, _RUN, "bool", description, documented_default=default)


def _count_variable(name: str, smallest: int, default: int, description: str, allowed: str = "") -> Variable[int]:
    allowed = allowed or f"{smallest} and more"
    return Variable(
        name, _whole_number(smallest, allowed), default, _RUN, "int", description, documented_default=default
    )


def _file_variable(name: str, description: str) -> Variable[str]:
    return Variable(name, _optional_path, "", _RUN, "path", description)


def _list_variable(name: str, description: str, default: tuple[str, ...] = ()) -> Variable[tuple[str, ...]]:
    return Variable(name, texts, default, _RUN, "list", description, elements="str", documented_default=default)


def _word_variable(name: str, description: str) -> Variable[str]:
    return Variable(name, _optional_text, "", _RUN, "str", description)


# What may differ from host to host; everything else is one value for the run.
OF_HOSTS: tuple[Variable[object], ...] = (
    _flag_variable(
        "lync_snapshot", "Export the firewall policy to a file on a Windows host before it is changed.", default=True
    ),
    Variable(
        "lync_snapshot_dir",
        _read_snapshot_dir,
        "",
        _RUN,
        "str",
        "Folder of these files on a local drive of the hosts, written in full; by default one below that of Windows.",
    ),
    _count_variable("lync_snapshot_keep", 0, 10, "How many of these files stay."),
    Variable(
        "lync_confirm_minutes",
        _whole_number(0, "0 and more"),
        None,
        _RUN,
        "int",
        "Minutes until a change that was not confirmed over a new connection is taken back; 0 for never. Without it, "
        "10 for what admits less on builds of Windows on which that was seen to work, and 0 elsewhere, which is said.",
    ),
    Variable(
        "lync_gather_through",
        choice("a way to read rules", _WAYS),
        "auto",
        _RUN,
        "str",
        "Through what the firewall rules of a Windows host are read. V(registry) takes one call, V(com) about 15 ms a "
        "rule; V(auto) is V(registry) where O(lync_evidence_dir) has it that both are the same on that build of "
        "Windows. What is changed is read through COM before and afterwards.",
        choices=_WAYS,
        documented_default="auto",
    ),
    _flag_variable("lync_handout", "Hand out scripts for all Windows hosts instead of changing them."),
    _word_variable(
        "lync_rollback_to",
        "Snapshot that rollback.yml restores, V(newest) for the last one; without it the snapshots are listed.",
    ),
    Variable(
        "lync_rollback_scope",
        choice("a scope", _ROLLBACK_SCOPES),
        "own",
        _RUN,
        "str",
        "What comes back, V(own) for our rules and the foreign ones that were disabled for them, V(whole) for the "
        "whole policy with IPsec exemptions; what others lose by it is shown first.",
        choices=_ROLLBACK_SCOPES,
        documented_default="own",
    ),
    _count_variable("lync_probe_at_once", 1, 16, "How many probes of a host are under way at the same time."),
    _count_variable("lync_probe_per_second", 1, 50, "How many probes of a host start in a second."),
    Variable(
        "lync_probe_seconds",
        _read_number,
        5.0,
        _RUN,
        "float",
        "How many seconds one probe may take; from a Windows host at least 3.",
        documented_default=5.0,
    ),
    _count_variable("lync_probe_total_seconds", 1, 120, "How many seconds the probes of a host may take together."),
    _count_variable(
        "lync_probe_listen_seconds",
        1,
        900,
        "After how many seconds temporary listeners close when nobody closes them.",
    ),
)
OF_THE_RUN: tuple[Variable[object], ...] = (
    _file_variable(
        "lync_plan_dir", "Directory that the plan is written to; playbooks/plan.yml writes to C(plan) without it."
    ),
    _flag_variable(
        "lync_plan_show", "Print a table per host and pool; playbooks/plan.yml does, unless this is false."
    ),
    _file_variable("lync_plan_baseline", "Directory of an earlier plan to compare with."),
    _file_variable("lync_approved_plan", "Directory of the plan that was last approved; drift.yml goes by it."),
    _file_variable(
        "lync_plan",
        "Directory of an approved plan that the run goes by, in place of one that it computes; what the inventory says "
        "otherwise by now is listed as pending.",
    ),
    Variable(
        "lync_plan_digest",
        _read_digest,
        "",
        _RUN,
        "str",
        "Digest of the plan that was approved, as C(plan.yml) prints it; O(lync_plan) with another is refused.",
    ),
    _file_variable(
        "lync_affected_file", "File that takes the names of the devices that the change against the baseline touches."
    ),
    _file_variable("lync_report_dir", "Directory that reports are written to."),
    _file_variable(
        "lync_audit_dir", "Directory of the dumps that audit.yml compares with the plan, by default C(dumps)."
    ),
    _file_variable(
        "lync_topology",
        "File of a published topology, for import_topology.yml and compare_topology.yml.",
    ),
    _file_variable("lync_inventory_dir", "Directory of the inventory that import_topology.yml writes."),
    _file_variable(
        "lync_topology_answers",
        "File of answers to what a topology cannot know, by default beside O(lync_inventory_dir) with C(.answers.yml).",
    ),
    _flag_variable(
        "lync_topology_resolve", "Let import_topology.yml look up the addresses of names that the topology has none of."
    ),
    _file_variable(
        "lync_evidence_dir",
        "Directory that keeps for each build of Windows whether its registry has the rules that COM shows.",
    ),
    _word_variable(
        "lync_change_reference", "Reference of the change, for report and log; it is never written to a device."
    ),
    _flag_variable(
        "lync_progress",
        "Say every few seconds how far a long run is.",
        default=True,
    ),
    _count_variable(
        "lync_wave_size",
        1,
        1,
        "How many members of a pool are changed at a time.",
        "1 and more members of a pool at a time",
    ),
    _flag_variable("lync_verify", "Let the hosts probe each other before and after a change."),
    _list_variable("lync_retire", "Hosts without a role that retire.yml takes everything of ours from."),
    _list_variable(
        "lync_gone",
        "Addresses that are gone from the inventory on purpose, so that they are removed everywhere, and names of "
        "hosts that O(lync_plan_baseline) or O(lync_approved_plan) knows.",
    ),
    Variable(
        "lync_accept",
        raw_mapping,
        {},
        _RUN,
        "dict",
        "What is accepted of that which C(site.yml --check) held or refused, as the file C(accept.yml) that it writes "
        "has it.",
        documented_default={},
    ),
    Variable(
        "lync_expected_hosts",
        _number_or_texts,
        (),
        _RUN,
        "list",
        "Hosts that the inventory must have, as a number or by their names.",
        elements="str",
        documented_default=(),
    ),
    _flag_variable(
        "lync_members_are_ready",
        "Send traffic to members that this run did not look at, because somebody else knows that they are open.",
    ),
    Variable(
        "lync_pending",
        choice("what becomes of a change that waits to be taken back", ("", "confirm", "revert")),
        "",
        _RUN,
        "str",
        "What becomes of a change of an earlier run that waits to be taken back. V(confirm) keeps it, V(revert) takes "
        "it back at once, without either the host is left alone.",
        choices=("", "confirm", "revert"),
        documented_default="",
    ),
    Variable(
        "lync_dns_state",
        choice("a state", ("replaced", "merged")),
        "replaced",
        _RUN,
        "str",
        "What the plan means for owned DNS records that it does not have. V(replaced) removes them, V(merged) keeps "
        "them.",
        choices=("replaced", "merged"),
        documented_default="replaced",
    ),
    _list_variable(
        "lync_dns_take_over", "Names whose unknown values in DNS are removed, although the records are not owned yet."
    ),
    _list_variable(
        "lync_dns_gone",
        "Names whose owned records are removed although no mark proves that this collection wrote them.",
    ),
    _count_variable(
        "lync_dns_refresh_days",
        1,
        8,
        "Days after which records of zones that a domain account writes are written again, so that nothing scavenges "
        "them.",
    ),
    _flag_variable("lync_remediate", "Repair what drift.yml finds."),
    _list_variable("lync_remediate_classes", "Classes of deviations that are repaired, by default all that can be."),
    _list_variable("lync_remediate_concerns", "Concerns that are repaired, by default all."),
    Variable(
        "lync_remediate_after_hours",
        _read_number,
        0.0,
        _RUN,
        "float",
        "How many hours earlier reports have shown a deviation before it is repaired.",
        documented_default=0.0,
    ),
    _count_variable("lync_remediate_max_changes", 0, 0, "The most repairs of one device; 0 for no limit."),
    _word_variable(
        "lync_remediate_window",
        "When repairs are made, as V(22:00-05:00) or V(mon-fri 22:00-05:00), by the controller's clock.",
    ),
    _flag_variable(
        "lync_unattended", "Nobody watches the run, which repairs only what is missing, disabled or narrowed."
    ),
    Variable(
        "lync_accepted_deviations",
        _read_mappings,
        (),
        _RUN,
        "list",
        "Deviations that are accepted for a time, with device, name, owner, reason, ticket, expires, and concern and "
        "class.",
        elements="dict",
        documented_default=(),
    ),
    _flag_variable("lync_probe_listeners", "Open temporary listeners where nothing listens."),
    _flag_variable(
        "lync_probe_rules",
        "Compare the firewall rules with the plan before probing, which tells causes.",
        default=True,
    ),
    _count_variable("lync_probe_max", 1, 400, "The most probes of one host."),
    _count_variable("lync_probe_closed", 0, 2, "How many ports that should be closed are probed, per pair of hosts."),
    _count_variable(
        "lync_probe_certificate_days",
        0,
        30,
        "From how many days before its end a certificate is reported to be expiring.",
    ),
    _word_variable("lync_selftest_host", "The one host that selftest.yml asks."),
    _list_variable(
        "lync_selftest_names", "Names of the assumptions that selftest.yml asks about, C(*) for anything.", ("*",)
    ),
    _file_variable("lync_selftest_report", "File that gets what selftest.yml found, as evidence; none by default."),
)
# A credential: playbooks template it into tasks, and nothing of ours reads or keeps it.
CREDENTIALS: tuple[Variable[object], ...] = (
    Variable(
        "lync_balancer_provider",
        raw_mapping,
        {},
        _RUN,
        "dict",
        "How an appliance is reached, with keys of C(provider) of its module, such as C(user), C(password) and C(ca).",
        documented_default={},
        is_secret=True,
    ),
    Variable(
        "lync_dns_mark_key",
        _optional_text,
        "",
        _RUN,
        "str",
        "Key of the proofs in the marks of DNS records, 16 characters and more; without it no values are removed.",
        is_secret=True,
    ),
)
RUN_VARIABLES = OF_HOSTS + OF_THE_RUN + CREDENTIALS
