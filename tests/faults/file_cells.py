# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rows of sources that are no device: plans, results of a run, exports, the inventory, options of a run.

A fault gets what the source is made of: a directory, or variables.
"""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.audit import audited
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.approved import compare_with_approved, read_approved
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.diff import difference
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.acceptance import check_acceptances
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.holding import (
    expectation_problems,
    missing_hosts,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Status, Step, TaskResult
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import read_run_options
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

from tests.simulators.hive_file import write_hive
from tests.unit.firewall.ipsec import test_audit as ipsec
from tests.unit.firewall.windows.test_audit import PLANS, SIP
from tests.unit.inventory.sample import GROUPS, REMOVED, changed
from tests.unit.rollout.runs import Run

from .model import REFUSALS, Cell, Expect, Fault, NotApplicable, Outcome, Put, Runs, Source

ABSENT, EMPTY, UNREADABLE, CUT_OFF = Fault.ABSENT, Fault.EMPTY, Fault.UNREADABLE, Fault.CUT_OFF
FOREIGN, HOSTILE, VERSION, PENDING = Fault.MALFORMED_FOREIGN, Fault.HOSTILE, Fault.OTHER_VERSION, Fault.PENDING
REFUSED, UNKNOWN, DIFFERS, HARMLESS = Expect.REFUSED, Expect.UNKNOWN, Expect.DIFFERS, Expect.HARMLESS
DEEP = "[" * 100_000
# What somebody makes of what is there, and how it ends: a status, and what is told.
Judge = Callable[[Any], tuple[Status, object]]


def runs_on(make: Callable[[Path], Any], judge: Judge) -> Runs:
    """Return what judges a source once; make: puts a good one below a directory, or returns one."""

    def runs(put: Put) -> Iterator[Outcome]:
        with tempfile.TemporaryDirectory() as folder:
            source = make(Path(folder))
            put(source)
            try:
                status, told = judge(source)
            except REFUSALS as error:
                yield Outcome("read", Status.FAILED, str(error))
                return
            yield Outcome("read", status, told=told)

    return runs


def edited(name: str, change: Callable[[str], str]) -> Put:
    """Return the fault that a file has another text."""

    def put(folder: Path) -> None:
        path = folder / name
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    return put


def document(name: str, **more: object) -> Put:
    """Return the fault that a file of JSON has other values."""
    return edited(name, lambda text: json.dumps({**json.loads(text), **more}))


def filled(name: str, content: bytes) -> Put:
    """Return the fault that a file has another content."""
    return lambda folder: (folder / name).write_bytes(content)


def gone(name: str) -> Put:
    """Return the fault that a file is not there."""
    return lambda folder: (folder / name).unlink()


def half(text: str) -> str:
    """Return the first half of a text."""
    return text[: len(text) // 2]


# The plan of an earlier run, approved or as a baseline.

HOST = "hosts/fe01.json"


def _plan_directory(folder: Path) -> Path:
    plan = compile_inventory(changed())
    plan_files.write(folder, plan_files.rendered(plan), plan.known_addresses)
    return folder


def _judge_plan(folder: Path) -> tuple[Status, object]:
    pending = compare_with_approved(folder, compile_inventory(changed())).pending
    return (Status.CHANGED if pending else Status.UNCHANGED), pending


def _as_approved(folder: Path) -> None:
    """Let the approved plan be one of an inventory that has changed since."""
    plan = compile_inventory(changed({("all", "lync_client_networks"): ["10.11.0.0/16"]}))
    plan_files.write(folder, plan_files.rendered(plan), plan.known_addresses)


PLAN = Source(
    "approved plan or baseline",
    runs_on(_plan_directory, _judge_plan),
    {
        ABSENT: Cell(gone("index.json"), REFUSED),
        EMPTY: Cell(filled("index.json", b"{}"), REFUSED),
        UNREADABLE: Cell(filled(HOST, b"\xff\xfe{"), REFUSED),
        CUT_OFF: Cell(edited(HOST, half), REFUSED),
        FOREIGN: Cell(filled("hosts/zz.json", b"?"), HARMLESS, "what the index does not list is not ours"),
        HOSTILE: Cell(filled(HOST, DEEP.encode()), REFUSED),
        VERSION: Cell(document(HOST, of_a_later_version=1), REFUSED),
        PENDING: Cell(_as_approved, DIFFERS, "what the inventory changes of an approved plan is told as pending"),
    },
)


def _goes_by(folder: Path) -> tuple[Status, object]:
    """Return how a run stands that goes by the plan of a folder, on hosts that are as that plan was."""
    approved = read_approved(folder)
    is_same = approved.plan.hosts == compile_inventory(changed()).hosts
    return (Status.UNCHANGED if is_same else Status.CHANGED), approved.digest


LOADED_PLAN = Source(
    "plan that a run goes by",
    runs_on(_plan_directory, _goes_by),
    {
        ABSENT: Cell(gone("index.json"), REFUSED),
        EMPTY: Cell(filled(HOST, b""), REFUSED),
        UNREADABLE: Cell(filled(HOST, b"\xff\xfe{"), REFUSED),
        CUT_OFF: Cell(edited("index.json", half), REFUSED),
        FOREIGN: Cell(filled("hosts/zz.json", b"?"), REFUSED),
        HOSTILE: Cell(filled(HOST, DEEP.encode()), REFUSED),
        VERSION: Cell(document("index.json", version="9.0.0"), REFUSED),
        PENDING: Cell(_as_approved, DIFFERS, "the approved plan is made, what the inventory says since is pending"),
    },
)
PLAN_FILES = Source(
    "files of a plan directory",
    runs_on(_plan_directory, _judge_plan),
    {
        ABSENT: Cell(gone(HOST), REFUSED),
        EMPTY: Cell(filled(HOST, b""), REFUSED),
        UNREADABLE: Cell(document("index.json", files="all"), REFUSED),
        CUT_OFF: Cell(edited("index.json", half), REFUSED),
        FOREIGN: Cell(document("index.json", files=["../../etc/passwd"]), REFUSED),
        HOSTILE: Cell(document("index.json", files=[f"hosts/{'x' * 100_000}.json"]), REFUSED),
        VERSION: Cell(document("index.json", known_addresses=None), REFUSED),
        PENDING: NotApplicable("Each file is written by rename, and the index last."),
    },
)

# Results of a run.

RESULT = "msuc.lync/results/fe11/firewall.open.1.json"


def _run_state(folder: Path) -> Path:
    Run.below(folder).opened("fe11")
    return folder


def _judge_result(folder: Path) -> tuple[Status, object]:
    found = RunState(str(folder)).expected("fe11", Concern.FIREWALL, Step.OPEN)
    return found.status, found.message


RESULTS = Source(
    "results of a run",
    runs_on(_run_state, _judge_result),
    {
        ABSENT: Cell(gone(RESULT), UNKNOWN, "the device stays unknown and the others go on"),
        EMPTY: Cell(filled(RESULT, b""), UNKNOWN, "the device stays unknown and the others go on"),
        UNREADABLE: Cell(filled(RESULT, b"\xff\xfe"), UNKNOWN, "the device stays unknown and the others go on"),
        CUT_OFF: Cell(edited(RESULT, half), UNKNOWN, "the device stays unknown and the others go on"),
        FOREIGN: Cell(
            filled("msuc.lync/results/fe11/firewall.open.x.json", b"?"), HARMLESS, "its name is no result's"
        ),
        HOSTILE: Cell(filled(RESULT, DEEP.encode()), UNKNOWN, "the device stays unknown and the others go on"),
        VERSION: Cell(document(RESULT, schema=99), UNKNOWN, "the device stays unknown and the others go on"),
        PENDING: Cell(document(RESULT, run="of an earlier step"), UNKNOWN, "a result of an earlier run tells nothing"),
    },
)

# Exports of hosts.

KEY = "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy"


def _reg(*rules: str, security: tuple[str, ...] = ()) -> str:
    """Return what reg export writes."""
    parts = ["Windows Registry Editor Version 5.00\n"]
    for name, listed in (("FirewallRules", rules), ("ConSecRules", security)):
        values = "".join(f'"{{{n}}}"="{text}"\n' for n, text in enumerate(listed)).replace("\\", "\\\\")
        parts.append(f"[{KEY.replace(chr(92), chr(92))}\\{name}]\n{values}")
    return "\n".join(parts)


def _export(folder: Path) -> Path:
    (folder / "fe01.reg").write_text(_reg(SIP), encoding="utf-8")
    return folder


def _judge_audit(plans: Mapping[str, Mapping[str, object]]) -> Judge:
    def judge(folder: Path) -> tuple[Status, object]:
        (host,) = audited(plans, folder).hosts.values()
        statuses = [
            TaskResult.of_answer("x", Concern.FIREWALL, Step.COMPARE, each, is_check=True).status
            for each in host.documents.values()
        ]
        worst = next((one for one in statuses if not one.is_done), None) or max(statuses, key=lambda one: one.value)
        return (Status.CHANGED if Status.CHANGED in statuses and worst.is_done else worst), [
            each.get("changes") for each in host.documents.values()
        ]

    return judge


NOT_TOLD = "the host could not be told, and the others are"
EXPORTS = Source(
    "exports of the registry",
    runs_on(_export, _judge_audit(PLANS)),
    {
        ABSENT: Cell(gone("fe01.reg"), UNKNOWN, NOT_TOLD),
        EMPTY: Cell(filled("fe01.reg", b""), UNKNOWN, NOT_TOLD),
        UNREADABLE: Cell(filled("fe01.reg", b"\xff\xfex"), UNKNOWN, NOT_TOLD),
        CUT_OFF: Cell(edited("fe01.reg", lambda text: text[: text.index("5061")]), UNKNOWN, NOT_TOLD),
        FOREIGN: Cell(
            filled("fe01.reg", _reg(SIP, SIP.replace("=6|", "=x|").replace("msuc.lync", "X")).encode()),
            HARMLESS,
            "a rule of somebody else that cannot be read is noted",
        ),
        HOSTILE: Cell(filled("fe01.reg", b"[" + b"\\" * 1_000_000), UNKNOWN, NOT_TOLD),
        VERSION: Cell(edited("fe01.reg", lambda text: text.replace("v2.28", "v9.99")), UNKNOWN, NOT_TOLD),
        PENDING: NotApplicable("An export holds rules alone, and no task that would take a change back."),
    },
)


def _security_export(folder: Path) -> Path:
    (folder / "med01.reg").write_text(_reg(security=(ipsec.OURS, ipsec.ISOLATION)), encoding="utf-8")
    return folder


EXPORTS_SECURITY = Source(
    "exports: connection security rules",
    runs_on(_security_export, _judge_audit(ipsec.PLANS)),
    {
        ABSENT: Cell(gone("med01.reg"), UNKNOWN, NOT_TOLD),
        EMPTY: Cell(filled("med01.reg", _reg().encode()), HARMLESS, "nothing requires protection there"),
        UNREADABLE: Cell(edited("med01.reg", lambda text: text.replace("=17|", "=x|")), UNKNOWN, NOT_TOLD),
        CUT_OFF: Cell(edited("med01.reg", lambda text: text[: text.index("Auth1Set")].replace(ipsec.OURS, "")), UNKNOWN,
                      NOT_TOLD),
        FOREIGN: Cell(
            edited("med01.reg", lambda text: text.replace("Auth1Set={1}", "Auth1Set={1}|Protocol=x")), HARMLESS,
            "it may require protection, and the exemption is there",
        ),
        HOSTILE: Cell(edited("med01.reg", lambda text: text.replace("=17|", f"={'9' * 5000}|")), UNKNOWN, NOT_TOLD),
        VERSION: Cell(edited("med01.reg", lambda text: text.replace("v2.28", "v9.99")), UNKNOWN, NOT_TOLD),
        PENDING: NotApplicable("An export holds rules alone, and no task that would take a change back."),
    },
)  # fmt: skip


def _hive(folder: Path) -> Path:
    write_hive(folder / "fe01.wfw", {"FirewallRules": [("{1}", SIP)], "ConSecRules": []})
    return folder


def _cut_hive(share: float) -> Put:
    def put(folder: Path) -> None:
        content = (folder / "fe01.wfw").read_bytes()
        (folder / "fe01.wfw").write_bytes(content[: int(len(content) * share)])

    return put


HIVES = Source(
    "exports of the policy (.wfw)",
    runs_on(_hive, _judge_audit(PLANS)),
    {
        ABSENT: Cell(gone("fe01.wfw"), UNKNOWN, NOT_TOLD),
        EMPTY: Cell(filled("fe01.wfw", b""), UNKNOWN, NOT_TOLD),
        UNREADABLE: Cell(filled("fe01.wfw", b"regf" + b"\xff" * 5000), UNKNOWN, NOT_TOLD),
        CUT_OFF: Cell(_cut_hive(0.6), UNKNOWN, NOT_TOLD),
        FOREIGN: Cell(
            lambda folder: write_hive(
                folder / "fe01.wfw",
                {"FirewallRules": [("{1}", SIP), ("{2}", "no rule")], "ConSecRules": []},
            ),
            UNKNOWN, "a string that names no owner may be ours",
        ),
        HOSTILE: Cell(filled("fe01.wfw", b"regf" + bytes(5_000_000)), UNKNOWN, NOT_TOLD),
        VERSION: Cell(
            lambda folder: write_hive(
                folder / "fe01.wfw", {"FirewallRules": [("{1}", SIP.replace("v2.28", "v9.99"))], "ConSecRules": []}
            ),
            UNKNOWN, NOT_TOLD,
        ),
        PENDING: NotApplicable("An export holds rules alone, and no task that would take a change back."),
    },
)  # fmt: skip

# The inventory.

Changes = dict[tuple[str, ...], object]


def _judge_inventory(changes: Changes) -> tuple[Status, object]:
    """Return how the compile step ends: with an earlier plan, the number of hosts that are expected, and a plan."""
    inventory = changed(changes)
    earlier = compile_inventory(changed())
    missing = missing_hosts([earlier], inventory, ())
    problems = list(expectation_problems([str(len(changed()))], inventory))
    if missing or problems:
        return Status.UNKNOWN, missing
    plan = compile_inventory(inventory)
    lines = difference(earlier, plan).lines
    return (Status.CHANGED if lines else Status.UNCHANGED), [lines, plan.warnings]


def sets(*path: str, value: object) -> Put:
    """Return the fault that a value of the inventory is another one."""
    return lambda changes: changes.update({path: value})


def _all_gone(changes: Changes) -> None:
    changes.update({(name,): REMOVED for name in changed()})


INVENTORY = Source(
    "inventory",
    runs_on(lambda _folder: {}, _judge_inventory),
    {
        ABSENT: Cell(sets("fe02", value=REMOVED), UNKNOWN, "site and retire stop; drift tells of the others"),
        EMPTY: Cell(_all_gone, UNKNOWN, "nobody was asked"),
        UNREADABLE: Cell(sets("fe01", "ansible_host", value="10.1.0.x"), REFUSED),
        CUT_OFF: Cell(sets("all", "lync_pools", "pool01.contoso.com", value=None), REFUSED),
        FOREIGN: Cell(
            sets("other", "vmware_notes", value="\x1b[2J"), HARMLESS, "variables of somebody else are not read"
        ),
        HOSTILE: Cell(sets("all", "lync_pools", "a\n}{", value={"role": "frontend"}), REFUSED),
        VERSION: Cell(sets("all", "lync_version", value="2042"), REFUSED),
        PENDING: NotApplicable("An inventory is what people want now; what waits is known by devices and results."),
    },
)
GROUPS_OF_HOSTS = Source(
    "groups of the inventory",
    runs_on(lambda _folder: {}, _judge_inventory),
    {
        ABSENT: Cell(
            sets("gw01", GROUPS, value=()), DIFFERS,
            "a host that is taken out of its group is a change, which is shown, and bounded over the whole run",
        ),
        EMPTY: Cell(sets("all", "lync_client_networks", value=[]), REFUSED),
        UNREADABLE: Cell(sets("all", "lync_client_networks", value="10.10.0.0/99"), REFUSED),
        CUT_OFF: Cell(sets("gw01", GROUPS, value=("pstn_gateway",)), REFUSED),
        FOREIGN: Cell(sets("other", GROUPS, value=("web servers",)), HARMLESS, "a group that is no role is not ours"),
        HOSTILE: Cell(sets("all", "lync_client_networks", value=["10.10.0.1/16"]), REFUSED),
        VERSION: Cell(sets("all", "lync_version", value=REMOVED), REFUSED),
        PENDING: NotApplicable("Groups of an inventory are what people want now."),
    },
)

# Options of a run.

NOW = datetime.datetime(2026, 11, 30, 10, tzinfo=datetime.timezone.utc)
ACCEPTED = {"plan": "a" * 64, "until": "2026-12-01T10:00:00Z", "fingerprints": {}, "items": []}


def _judge_options(variables: Mapping[str, object]) -> tuple[Status, object]:
    """Return how the options are read, and what people accepted."""
    options = read_run_options(variables).common
    problems = list(check_acceptances(options.accept, "a" * 64, NOW))
    if problems:
        raise InvalidInputError(problems)
    return Status.UNCHANGED, replace(options, accept={})


def option(name: str, value: object) -> Put:
    """Return the fault that a variable has another value."""
    return lambda variables: variables.update({name: value})


OPTIONS = Source(
    "options of a run",
    runs_on(lambda _folder: {"lync_accept": dict(ACCEPTED)}, _judge_options),
    {
        ABSENT: Cell(lambda variables: variables.pop("lync_accept"), HARMLESS, "without one nothing is lifted"),
        EMPTY: Cell(option("lync_confirm_minutes", ""), REFUSED),
        UNREADABLE: Cell(option("lync_snapshot", "perhaps"), REFUSED),
        CUT_OFF: Cell(option("lync_accept", {"plan": "a" * 64}), REFUSED),
        FOREIGN: Cell(option("somebody_elses", object()), HARMLESS, "variables of somebody else are not read"),
        HOSTILE: Cell(option("lync_wave_size", 10**400), REFUSED),
        VERSION: Cell(option("lync_pending", "later"), REFUSED),
        PENDING: Cell(option("lync_accept", {**ACCEPTED, "until": "2026-11-29T10:00:00Z"}), REFUSED),
    },
)
SOURCES = (
    PLAN, LOADED_PLAN, PLAN_FILES, RESULTS, EXPORTS, EXPORTS_SECURITY, HIVES, INVENTORY, GROUPS_OF_HOSTS, OPTIONS,
)  # fmt: skip
