# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options and the scope of one run, typed: options are read once when the run compiles, kept beside the plan,
outside of its digest.

    options = read_run_options(variables, inventory)        # raises InvalidInputError with every problem
    options.common.wave_size, options.for_host("fe01").snapshot_dir
    RunOptions.from_document(options.document()) == options

Field names are those of the variables without lync_; roles/plan documents each. No credential is among them.

The scope is which hosts a run plays, and which tags choose what is done to them. A result that it leaves out is not
missing: whoever runs load balancers alone takes the members for ready.

    RunScope(played=("fe01",), tags=frozenset({"firewall"})).has(Concern.IPSEC) is False
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from .._base.errors import InvalidInputError
from .._base.untyped import texts
from .._inventory.model import InventoryHost
from .._inventory.run_variables import OF_HOSTS, OF_THE_RUN
from .._inventory.settings import PREFIX, Settings
from .._plan.documents import Document, load, plain
from .._plan.model import HostPolicy
from .results import Concern

DEFAULT_PLAN_DIR = "plan"
_OPTIONS = OF_HOSTS + OF_THE_RUN


@dataclass(frozen=True)
class Options:
    """The options as they hold for one host, or for the run; an empty text is an option that was not set.

    Paths are on the controller, but for snapshot_dir and rollback_to. Times are in the units that their names say;
    remediate_window is a text like mon-fri 22:00-05:00.
    """

    snapshot: bool = True
    snapshot_dir: str = ""
    snapshot_keep: int = 10
    confirm_minutes: int | None = None
    handout: bool = False
    gather_through: str = "auto"
    evidence_dir: str = ""
    rollback_to: str = ""
    rollback_scope: str = "own"
    probe_at_once: int = 16
    probe_per_second: int = 50
    probe_seconds: float = 5.0
    probe_total_seconds: int = 120
    probe_listen_seconds: int = 900
    plan_dir: str = ""
    plan_show: bool = False
    plan_baseline: str = ""
    approved_plan: str = ""
    plan: str = ""
    plan_digest: str = ""
    affected_file: str = ""
    report_dir: str = ""
    audit_dir: str = ""
    topology: str = ""
    inventory_dir: str = ""
    topology_answers: str = ""
    topology_resolve: bool = False
    change_reference: str = ""
    progress: bool = True
    wave_size: int = 1
    verify: bool = False
    retire: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    accept: Mapping[str, object] = field(default_factory=dict)
    expected_hosts: tuple[str, ...] = ()
    members_are_ready: bool = False
    pending: str = ""
    dns_state: str = "replaced"
    dns_take_over: tuple[str, ...] = ()
    dns_gone: tuple[str, ...] = ()
    dns_refresh_days: int = 8
    remediate: bool = False
    remediate_classes: tuple[str, ...] = ()
    remediate_concerns: tuple[str, ...] = ()
    remediate_after_hours: float = 0.0
    remediate_max_changes: int = 0
    remediate_window: str = ""
    unattended: bool = False
    accepted_deviations: tuple[Mapping[str, object], ...] = ()
    probe_listeners: bool = False
    probe_rules: bool = True
    probe_max: int = 400
    probe_closed: int = 2
    probe_certificate_days: int = 30
    selftest_host: str = ""
    selftest_names: tuple[str, ...] = ("*",)
    selftest_report: str = ""

    @property
    def handout_dir(self) -> str:
        """Return the folder of scripts that are handed out: below the directory of the plan."""
        return str(Path(self.plan_dir or DEFAULT_PLAN_DIR) / "handout")

    def hands_out(self, policy: HostPolicy, platform: str = "windows") -> bool:
        """Return whether a host of this policy gets scripts instead of changes; the option of the run is of Windows."""
        return policy.apply == "handout" or (self.handout and platform == "windows")


@dataclass(frozen=True)
class RunOptions:
    """The options of a run; overrides: by host the options that are not the common ones there, as in a document."""

    common: Options = Options()
    overrides: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def for_host(self, name: str) -> Options:
        """Return the options as they hold for a host."""
        own = self.overrides.get(name)
        return load(Options, {**_dump_options(self.common), **own}) if own else self.common

    def document(self) -> Document:
        """Return them as a JSON document."""
        return {"common": plain(self.common), "overrides": plain(self.overrides)}

    @classmethod
    def from_document(cls, document: Document) -> RunOptions:
        """Return the options of a document; raises DocumentError."""
        return load(cls, document)


def read_run_options(
    variables: Mapping[str, object],
    inventory: Mapping[str, InventoryHost] | None = None,
    only: Collection[str] | None = None,
) -> RunOptions:
    """Return the options of a run; raises InvalidInputError with all problems of all of them.

    variables: those of the run, as its first host has them. inventory: hosts whose own values may differ.
    only: fields that are read, for emergencies, where a mistake in another option must be no obstacle.
    """
    wanted = [variable for variable in _OPTIONS if only is None or _field(variable.name) in only]
    run = InventoryHost("run", (), {variable.name: variables.get(variable.name) for variable in wanted})
    settings = Settings({run.name: run})
    record = settings.of_deployment(wanted)
    common = load(Options, {_field(name): plain(value) for name, value in record.values.items()})
    of_hosts = [variable for variable in OF_HOSTS if variable in wanted]
    overrides: dict[str, Mapping[str, object]] = {}
    for name, host in (inventory or {}).items():
        own = {one.name: host.variables[one.name] for one in of_hosts if one.name in host.variables}
        own = {key: value for key, value in own.items() if value != run.variables[key]}
        found = settings.of_host(InventoryHost(name, (), own), of_hosts) if own else None
        if found and found.values:
            overrides[name] = {_field(key): plain(value) for key, value in found.values.items()}
    problems = [problem for problem, is_warning in settings.findings() if not is_warning]
    if problems:
        raise InvalidInputError(problems)
    return RunOptions(common, overrides)


def with_options(run: RunOptions, given: Mapping[str, object]) -> RunOptions:
    """Return the options of a run with others in place of the common ones, by field."""
    return replace(run, common=load(Options, {**_dump_options(run.common), **given}))


def _field(variable_name: str) -> str:
    return variable_name.removeprefix(PREFIX)


def _dump_options(options: Options) -> dict[str, object]:
    found = plain(options)
    return found if isinstance(found, dict) else {}


# The tags of the tasks in playbooks.
TAGS = {
    Concern.FIREWALL: "firewall",
    Concern.NFTABLES: "linux_firewall",
    Concern.IPSEC: "ipsec",
    Concern.LOAD_BALANCER: "load_balancer",
    Concern.LOAD_BALANCER_UDP: "load_balancer",
    Concern.PUBLICATIONS: "load_balancer",
    Concern.DNS: "dns",
}
_EVERY_TAG = frozenset({"all", "tagged"})


@dataclass(frozen=True)
class RunScope:
    """The hosts of a run, None where that is not known, the tags that it was given, and those that it was to skip.

    missing: hosts of an earlier plan that the inventory lacks and nobody let go.
    """

    played: tuple[str, ...] | None = None
    tags: frozenset[str] = frozenset({"all"})
    skipped: frozenset[str] = frozenset()
    is_check: bool = False
    missing: tuple[str, ...] = ()

    def has(self, concern: Concern) -> bool:
        """Return whether the tags of the run include a concern."""
        names = {TAGS[concern], *_EVERY_TAG}
        return bool(self.tags & names) and not self.skipped & names

    def plays(self, host: str) -> bool:
        """Return whether a host is part of the run."""
        return self.played is None or host in self.played

    def document(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "played": None if self.played is None else list(self.played),
            "tags": sorted(self.tags),
            "skipped": sorted(self.skipped),
            "check_mode": self.is_check,
            "missing": list(self.missing),
        }

    @classmethod
    def of(cls, document: Mapping[str, object]) -> RunScope:
        """Return the scope of a document; without one, everything."""
        if not document:
            return cls()
        played = document["played"]
        return cls(
            tuple(map(str, played)) if isinstance(played, list) else None,
            frozenset(texts(document["tags"])) or frozenset({"all"}),
            frozenset(texts(document["skipped"])),
            document["check_mode"] is True,
            tuple(texts(document["missing"])),
        )
