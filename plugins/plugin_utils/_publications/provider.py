# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a reverse proxy publishes, brought to what is wanted: read its files, compare, try, write, read again.

    reconcile(PublicationsProvider(task, driver, remote, {"haproxy": "/etc/haproxy/conf.d/x.cfg"}), check_mode=False)

The files are ours as a whole. The modules on the host are those of load balancers: they try a candidate, rename,
reload, and put the old file back. The results have the shape of those of load balancers, so that the same reports
read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from .._base.absence import Owned
from .._base.addresses import AddressSet
from .._base.changes import (
    Cause,
    Change,
    Effect,
    Kind,
    Presentation,
    State,
    applied_by_name,
    changes_by_name,
    summary,
)
from .._base.errors import DeviceError, InvalidInputError, Problem, shown
from .._base.reconcile import Provider, SafetyStep
from .._load_balancers.changes import members_come_back, with_impact
from .._load_balancers.config_files import (
    FILE_SAFETY,
    Remote,
    RemoteFile,
    refuse_to_keep,
    tell_not_known,
    written_anew_texts,
)
from .._load_balancers.config_syntax import listeners_of
from .._load_balancers.conflicts import Conflict, conflict_texts, find_conflicts
from .._load_balancers.model import MemberState, Monitor, Service, plain
from .._load_balancers.reconcile import DIFFERS, NOT_LOOKED_AT_AGAIN, not_rendered_documents
from . import haproxy, nginx
from .model import EFFECTS, EffectKind, Publication, PublishingDriver, read_publications

DRIVERS: Mapping[str, PublishingDriver] = {driver.name: driver for driver in (haproxy.DRIVER, nginx.DRIVER)}
PublicationChange = Change[Publication]
_FIELDS = tuple(field.name for field in fields(Publication))


@dataclass(frozen=True)
class Task:
    """The options of the module, read; texts: what is to be parsed, by what each file is for."""

    state: State
    publications: tuple[Publication, ...]
    texts: Mapping[str, str]

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Task:
        """Return the options read; raises InvalidInputError with every problem."""
        state, texts = State(options["state"]), options.get("running_config") or {}
        if state is State.PARSED and not texts:
            fix = "give the texts of the files"
            raise InvalidInputError([Problem("running_config", "state parsed needs what is to be parsed", fix=fix)])
        wrong = {kind: shown(text) for kind, text in texts.items() if not isinstance(text, str)}
        if wrong:
            raise InvalidInputError(
                Problem(f"running_config.{kind}", f"{text} is no text of a file") for kind, text in wrong.items()
            )
        return cls(state, read_publications(options["publications"]), texts)


def offline(task: Task, driver: PublishingDriver) -> dict[str, Any]:
    """Return the result of the states that ask no host, rendered and parsed; raises InvalidInputError."""
    if task.state is State.PARSED:
        return {"changed": False, "parsed": [plain(each) for each in driver.parse(task.texts)]}
    rendered = driver.render(task.publications)
    return {"changed": False, "rendered": rendered, "not_rendered": _not_rendered(driver, task.publications)}


def target(want: Sequence[Publication], have: Sequence[Publication], state: State) -> tuple[Publication, ...]:
    """Return what the proxy is to publish in the end, by name; what is kept gives up the names that others get."""
    if state is State.REPLACED or (state is State.DELETED and not want):
        return tuple(sorted(want if state is State.REPLACED else (), key=lambda each: each.name))
    names, wanted = {each.name for each in want}, want if state is State.MERGED else ()
    taken = {name for each in wanted for name in each.host_names}
    left = [_without_names(each, taken) for each in have if each.name not in names]
    kept = (each for each in left if each.host_names)
    return tuple(sorted([*kept, *wanted], key=lambda each: each.name))


def _without_names(publication: Publication, names: set[str]) -> Publication:
    return replace(publication, host_names=tuple(name for name in publication.host_names if name not in names))


def publication_changes(
    after: Sequence[Publication], have: Sequence[Publication], rewritten: bool
) -> tuple[PublicationChange, ...]:
    """Return the changes, sorted by kind and name.

    rewritten: the files differ, so that what no field shows is a change of each publication.
    """
    found = changes_by_name(after, have, State.REPLACED, name_of=lambda each: each.name, change_of=_change_publication)
    if found or not rewritten:
        return found
    wanted = {each.name: each for each in after}
    both = sorted((each for each in have if each.name in wanted), key=lambda each: each.name)
    return tuple(
        _build_change(Kind.CHANGE, each, wanted[each.name], Cause.DIFFERENT, [EffectKind.REPAIRS]) for each in both
    )


def _change_publication(before: Publication | None, after: Publication | None, cause: Cause) -> PublicationChange:
    if before is None or after is None:
        kind = Kind.REMOVE if after is None else Kind.ADD
        return _build_change(
            kind, before, after, cause, [EffectKind.UNPUBLISHES if after is None else EffectKind.PUBLISHES]
        )
    names = [name for name in _FIELDS if getattr(before, name) != getattr(after, name)]
    return _build_change(Kind.CHANGE, before, after, cause, {EFFECTS.get(name, EFFECTS[""]) for name in names}, names)


def _build_change(
    kind: Kind,
    before: Publication | None,
    after: Publication | None,
    cause: Cause,
    kinds: Iterable[EffectKind],
    names: Sequence[str] = (),
) -> PublicationChange:
    effects = tuple(Effect(item.value, (), item.text) for item in sorted(kinds, key=lambda item: item.text))
    shows_other = EffectKind.CERTIFICATE.value in {effect.kind for effect in effects}
    return Change(
        kind=kind,
        name=(after or before).name,  # type: ignore[union-attr]  # one of them is there
        cause=cause,
        before=before,
        after=after,
        properties=tuple(names),
        opens=kind is Kind.ADD or bool(before and after and members_come_back(before.members, after.members)),
        closes=kind is Kind.REMOVE,
        effects=effects,
        recreates=kind is Kind.REMOVE,
        notice=EffectKind.CERTIFICATE.text if shows_other else "",
    )


def _publication_command(change: PublicationChange) -> str:
    impact = PRESENTATION.impact(change)
    if change.after is None:
        return f"remove {change.name} ({impact})"
    if change.before is None:
        return f"publish {', '.join(change.after.host_names)} of {change.name} by {change.after.mode.value}"
    before, after = _publication_options(change.before), _publication_options(change.after)
    parts = [
        f"{name} from {_publication_text(before[name])} to {_publication_text(after[name])}"
        for name in change.properties
    ]
    return f"change {change.name} ({impact})" + (f": {', '.join(parts)}" if parts else "")


def _publication_text(value: object) -> str:
    """Return a value of a publication on one line: members with their states, lists with commas."""
    if isinstance(value, list):
        return ", ".join(
            " ".join(map(str, item.values())) if isinstance(item, Mapping) else str(item) for item in value
        )
    return str(value) or "none"


def _publication_options(publication: Publication) -> dict[str, object]:
    return {name: plain(getattr(publication, name)) for name in _FIELDS}


PRESENTATION: Presentation[Publication] = Presentation(
    title="publication", options=_publication_options, command=_publication_command, text_of=_publication_text
)


class PublicationsProvider(Provider):
    """What one program publishes on one host; paths: of its files, by what each is for."""

    safety = FILE_SAFETY

    def __init__(self, task: Task, driver: PublishingDriver, remote: Remote, paths: Mapping[str, str]) -> None:
        super().__init__()
        self._task, self._driver = task, driver
        self._files = {kind: RemoteFile(remote, paths[kind]) for kind in driver.files}
        self._have: tuple[Publication, ...] = ()
        self._strange: list[str] = []
        self._is_known = True
        self._have_again: tuple[Publication, ...] = ()
        self._wanted: tuple[Publication, ...] = ()
        self._changes: tuple[PublicationChange, ...] = ()
        self._texts: Mapping[str, str] = {}
        self._lines: tuple[str, ...] = ()
        self._conflicts: tuple[Conflict, ...] = ()
        self._is_changed = self._is_certain = False
        self._verify_requests = 0

    @property
    def requests(self) -> int:
        """Return how often the host was asked."""
        return sum(file.requests for file in self._files.values())

    def gather(self) -> None:
        """Read what the files publish, and who else listens; raises DeviceError."""
        self._have = self._read()

    def _read(self) -> tuple[Publication, ...]:
        """Return what the files publish, and take down what of them is not understood."""
        for file in self._files.values():
            file.gather()
        if all(file.is_whole for file in self._files.values()):
            self.evidence.add(SafetyStep.READ_WHOLE)
        try:
            found = self._driver.parse({kind: file.text for kind, file in self._files.items()})
            texts = self._driver.render(found)
        except InvalidInputError as error:
            paths = " and ".join(file.path for file in self._files.values() if file.text)
            self._strange = [f"{paths} cannot be read whole: {error.problems[0].place}: {error.problems[0].message}"]
            self._is_known = False
            return ()
        compared = (
            file.compare(self._driver.name, texts[kind], self._driver.earlier(texts[kind]))
            for kind, file in self._files.items()
        )
        self._strange = [text for text in compared if text]
        self._is_known = bool(found) or not self._strange
        return found

    def _refuse_unknown(self) -> None:
        """Refuse to tell what is not known, and to keep a part of it."""
        state = self._task.state
        if not self._strange:
            return
        if state is State.GATHERED:
            tell_not_known(self._strange)
        is_brought = state is State.REPLACED or (state is State.DELETED and not self._task.publications)
        if not is_brought or self.presence.is_holding:
            refuse_to_keep(self._strange)

    def plan(self) -> None:
        """Compute what has to change; an address of somebody else stops all of it."""
        self._refuse_unknown()
        if self._task.state is State.GATHERED:
            return
        self._wanted = self._hold_vanished(target(self._task.publications, self._have, self._task.state))
        self._conflicts = self._conflicts_with(self._wanted)
        if self._conflicts:
            return
        self._changes, self._texts = self._compared(self._have)
        self._lines = tuple(line for kind, text in self._texts.items() for line in self._work(kind, text))
        self.evidence.add(SafetyStep.OWNERSHIP)

    def _hold_vanished(self, wanted: Sequence[Publication]) -> tuple[Publication, ...]:
        """Return what is wanted with what stays of hosts that vanished."""
        if self._task.state is State.DELETED:
            return tuple(wanted)
        after = {each.name: each for each in wanted}
        held = self.hold_back(_owned(each, after.get(each.name)) for each in self._have)
        for each in self._have if held else ():
            members = tuple(member for member in each.members if AddressSet.parse([member.address]) <= held)
            if each.name in after:
                after[each.name] = replace(after[each.name], members=(*after[each.name].members, *members))
            elif members:
                after[each.name] = replace(each, members=members)
        return tuple(after[name] for name in sorted(after))

    def _conflicts_with(self, wanted: Sequence[Publication]) -> tuple[Conflict, ...]:
        paths = tuple(file.path for file in self._files.values())
        answer = self._files[self._driver.files[0]].answer
        services = [service for each in wanted for service in _as_services(each)]
        return find_conflicts(services, listeners_of(answer, self._driver.name, paths))

    def _compared(self, have: Sequence[Publication]) -> tuple[tuple[PublicationChange, ...], dict[str, str]]:
        """Return the changes, and the texts of the files that differ."""
        rendered = self._driver.render(self._wanted)
        texts = {kind: text for kind, text in rendered.items() if not self._files[kind].has(text)}
        after = tuple(map(self._driver.expressible, self._wanted))
        return publication_changes(after, have, bool(texts)), texts

    def _work(self, kind: str, text: str) -> tuple[str, str]:
        return f"{'write' if text else 'remove'} {self._files[kind].path}", "reload"

    @property
    def has_changes(self) -> bool:
        """Return whether the host has something to do."""
        return bool(self._texts)

    def check(self) -> Sequence[str]:
        """Let the host try all candidates before any of several is written, or a broken second one would leave half.

        Raises DeviceError with what it answers.
        """
        if len(self._texts) > 1:
            self._try()
        return ()

    def forecast(self, refusals: Sequence[str]) -> None:
        """Let the host try the candidate, which apply does otherwise; raises DeviceError with what it answers."""
        if len(self._texts) == 1:
            self._try()
        if not self._is_known:
            tell_not_known(self._strange)
        super().forecast(refusals)
        self._is_changed = self._is_certain = True

    def _try(self) -> None:
        for kind, text in self._texts.items():
            self._files[kind].check(text)

    def apply(self) -> None:
        """Write files, each followed by a reload; the last one must leave all sockets listening."""
        sockets = [["tcp", address, port] for each in self._wanted for address, port in each.sockets]
        taken: list[set[SafetyStep]] = []
        for kind, text in self._texts.items():
            is_last = kind == list(self._texts)[-1]
            taken.append(self._files[kind].apply(text, sockets if is_last else []))
        self.evidence |= set.intersection(*taken)
        self._is_changed = True

    def verify(self) -> None:
        """Read the host again; raises DeviceError when it could not be read, or publishes something else."""
        before = self.requests
        strange, is_known = self._strange, self._is_known
        try:
            self._have_again = self._read()
        except DeviceError as error:
            raise DeviceError(f"{NOT_LOOKED_AT_AGAIN}: {error}") from None
        finally:
            self._verify_requests = self.requests - before
            self._strange, self._is_known = strange, is_known
        found = self._conflicts_with(self._wanted)
        if found:
            raise DeviceError(f"{NOT_LOOKED_AT_AGAIN}: {_conflict_message(found)}")
        changes, texts = self._compared(self._have_again)
        if texts:
            lines = [line for kind, text in texts.items() for line in self._work(kind, text)]
            differing = [PRESENTATION.command(change) for change in changes] or lines
            raise DeviceError(f"{DIFFERS}: {'; '.join(differing)}")
        self._is_certain = True
        self.evidence.add(SafetyStep.REREAD_EQUAL)

    def result(self) -> dict[str, object]:
        """Return the result of the module as far as it came."""
        requests = self.requests - self._verify_requests
        common: dict[str, object] = {"stats": {"requests": requests, "verify_requests": self._verify_requests}}
        if self._task.state is State.GATHERED:
            return {"changed": False, "gathered": [plain(each) for each in self._have], **common}
        after = applied_by_name(self._have, self._changes, name_of=lambda each: each.name)
        counts: Mapping[str, int | None] = summary(self._changes)
        sending = after if self._is_certain or not self.has_changes else (*self._have, *self._have_again)
        return {
            "changed": self._is_changed,
            "before": [plain(each) for each in self._have] if self._is_known else None,
            "after": [plain(each) for each in after],
            "changes": [with_impact(PRESENTATION.document(change)) for change in self._changes],
            "commands": [PRESENTATION.command(change) for change in self._changes],
            "lines": list(self._lines),
            "summary": counts if self._is_known else dict.fromkeys(counts),
            "warnings": written_anew_texts(self._strange) if self._texts else [],
            "not_rendered": _not_rendered(self._driver, () if self._conflicts else self._wanted),
            "conflicts": [conflict.document() for conflict in self._conflicts],
            "adoption": [conflict.adoption() for conflict in self._conflicts],
            "members": {},  # of virtual services only
            "sends": _sent_traffic(sending),
            **common,
            **({"failed": True, "msg": _conflict_message(self._conflicts)} if self._conflicts else {}),
        }

    def diffs(self) -> list[dict[str, str]]:
        """Return one diff per change."""
        return [PRESENTATION.diff(change) for change in self._changes]


def _owned(have: Publication, want: Publication | None) -> Owned:
    return Owned(have.name, _member_addresses(have), _member_addresses(want) if want else None)


def _member_addresses(publication: Publication) -> AddressSet:
    return AddressSet.parse(member.address for member in publication.members)


def _not_rendered(driver: PublishingDriver, publications: Iterable[Publication]) -> list[dict[str, str]]:
    return not_rendered_documents(item for each in publications for item in driver.not_rendered(each))


def _as_services(publication: Publication) -> Iterator[Service]:
    """Yield what a publication listens on as services of load balancers, for the look at who else does."""
    for address, port in publication.sockets:
        yield Service(publication.name, publication.name, address, port, "tcp", port, (), Monitor(port))


def _conflict_message(found: Sequence[Conflict]) -> str:
    fix = "fix: remove what is there, or choose another address"
    return f"{'; '.join(conflict_texts(found))}; nothing was written; {fix}"


def _sent_traffic(publications: Iterable[Publication]) -> list[list[object]]:
    """Return where traffic goes: address, port and protocol, each once, sorted."""
    found = {
        (member.address, port, "tcp")
        for each in publications
        for member in each.members
        for port in (each.https_node_port, each.http_node_port)
        if member.state is not MemberState.DISABLED
    }
    return [list(place) for place in sorted(found)]
