# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two screens of site.yml: what it would do and whether one dares (before), what it did and how it stands (after).

    screen = Screen(run, parts)
    screen.word                # Word.NEEDS_WINDOW; after a run, Screen.is_done instead
    screen.document()          # plugins/plugin_utils/_report/data/lync_screen.schema.json
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .._base.version import COLLECTION, VERSION
from .._compiler.assumptions import is_read_by_verify
from .._drift.assumptions import Assumption, Standing
from .._plan.files import Document
from .run_parts import Concern, Part, Status
from .run_probes import Comparison
from .run_risk import Cause, Reason, Word, word_of
from .run_rollback import Command

SCHEMA_VERSION = 1
DONE, NOT_DONE = "DONE", "NOT DONE"
_SENDERS = (Concern.BALANCER, Concern.PROXY, Concern.DNS)


@dataclass(frozen=True)
class Run:
    """What is true of a whole run.

    check: nothing was written. digest: of the plan. hosts, pools: how many the plan has. not_run: concerns that were left out,
    with how many devices. left: pools whose services or records are left as they are, and why. held: hosts that are not closed yet, and why.
    unconfirmed: assumptions that nobody confirmed; touched: the hosts and pools that change. confirm_minutes: 0 for never.
    verified: the last report of verify.yml, when there is one. directory: of reports, empty for none.
    """

    check: bool
    digest: str
    hosts: int = 0
    pools: int = 0
    not_run: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unconfirmed: tuple[Assumption, ...] = ()
    touched: frozenset[str] = frozenset()
    confirm_minutes: int = 0
    snapshot: bool = True
    command: Command = Command()
    probes: Comparison | None = None
    verified: Mapping[str, object] | None = None
    balancers: tuple[str, ...] = ()
    directory: str = ""
    reference: str = ""
    made: str = ""


@dataclass(frozen=True)
class Screen:
    """One screen: the run, and what became of each concern of each device."""

    run: Run
    parts: tuple[Part, ...]

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Return what stands against SAFE, the worst first."""
        order = list(Cause)
        found = [*self._of_parts(), *_of_assumptions(self.run), *self._of_snapshots()]
        return tuple(sorted(dict.fromkeys(found), key=lambda reason: order.index(reason.cause)))

    def _of_parts(self) -> Iterator[Reason]:
        """Yield the reasons of the parts; of a device that was left alone because of another part of it, that one only."""
        broken = {part.device for part in self.parts if part.status in (Status.FAILED, Status.UNREACHABLE)}
        for part in self.parts:
            if part.status is not Status.STOPPED or part.device not in broken:
                yield from part.reasons
        if not self.parts:
            yield Reason(Cause.NOT_ASKED, "all devices", "", "no device was asked; --limit or --tags leave out every one")

    def _of_snapshots(self) -> Iterator[Reason]:
        windows = {part.device for part in self.parts if part.status is Status.CHANGED and part.concern in (Concern.FIREWALL, Concern.IPSEC)}
        yield from (Reason(Cause.NO_WAY_BACK, name, "", "lync_snapshot is false") for name in (() if self.run.snapshot else sorted(windows)))

    @property
    def word(self) -> Word:
        """Return whether one dares."""
        return word_of(self.reasons)

    @property
    def unfinished(self) -> tuple[Part, ...]:
        """Return the parts that are not known to be as the plan says."""
        return tuple(part for part in self.parts if not part.status.is_done)

    @property
    def is_done(self) -> bool:
        """Return whether everything that the run was about is as the plan says; a host that is not closed yet is not."""
        return not self.unfinished and not self.run.held

    @property
    def failed_hosts(self) -> tuple[str, ...]:
        """Return the hosts whose rules or exemptions are not as the plan says."""
        names = {part.device for part in self.unfinished if part.concern not in _SENDERS}
        return tuple(sorted(names | set(self.run.held)))

    @property
    def senders_are_done(self) -> bool:
        """Return whether load balancers, reverse proxies and DNS are as the plan says."""
        return not any(part.concern in _SENDERS for part in self.unfinished)

    @property
    def verdict(self) -> str:
        """Return the last word of the screen."""
        return self.word.value if self.run.check else DONE if self.is_done else NOT_DONE

    def document(self) -> dict[str, object]:
        """Return it as plain data that keeps plugins/plugin_utils/_report/data/lync_screen.schema.json."""
        run = self.run
        return {
            "schema": SCHEMA_VERSION, "collection": COLLECTION, "version": VERSION, "made": run.made, "check": run.check, "verdict": self.verdict,
            "change_reference": run.reference, "plan": {"digest": run.digest, "hosts": run.hosts, "pools": run.pools},
            "reasons": [reason.document() for reason in (self.reasons if run.check else ())],
            "parts": [part.document() for part in self.parts],
            "not_run": dict(run.not_run), "left_as_they_are": dict(run.left), "not_closed": {name: list(why) for name, why in run.held.items()},
            "unconfirmed": [{**item.document(), "matters": is_relevant(item, run)} for item in run.unconfirmed],
            "confirm_minutes": run.confirm_minutes, "probes": run.probes.document() if run.probes else None,
        }  # fmt: skip


def is_relevant(item: Assumption, run: Run) -> bool:
    """Return whether an assumption decides: its place changes, and it is contradicted, or could have been confirmed; others are told."""
    return item.place in run.touched and (item.standing is Standing.CONTRADICTED or is_read_by_verify(item.text))


def _of_assumptions(run: Run) -> Iterator[Reason]:
    for item in run.unconfirmed:
        if is_relevant(item, run):
            cause = Cause.CONTRADICTED if item.standing is Standing.CONTRADICTED else Cause.UNCONFIRMED
            yield Reason(cause, item.place, item.text, item.why)


def touched_places(parts: Iterable[Part], hosts: Iterable[Document], pools: Sequence[Document]) -> frozenset[str]:
    """Return the hosts and pools that a run changes; hosts and pools: plan documents."""
    changed = [part for part in parts if part.status is Status.CHANGED]
    names = {part.device for part in changed}
    found = names | {str(host["pool"]) for host in hosts if host["host"] in names and host.get("pool")}
    has_dns = any(part.concern is Concern.DNS for part in changed)
    for pool in pools:
        services, records = pool.get("virtual_services"), pool.get("dns_records")
        units = {unit for service in (services if isinstance(services, list) else ()) for unit in service["balancers"]}
        if units & names or (has_dns and records):
            found.add(str(pool["pool"]))
    return frozenset(found)
