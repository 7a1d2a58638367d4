# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All probes of a run with their verdicts: as a document, as JUnit, and for a terminal.

    Verification.of(deployment, matrix, facts, settings).document()     #
    plugins/plugin_utils/_probes/data/lync_verify.schema.json

A host that could not be asked hides no other one, and what it was to ask is never "as expected".
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from xml.etree import ElementTree as XML

from .._base.screen import SCREEN_COLUMNS, indented, table
from .._drift.deviations import Assumption, Standing
from .._drift.report import Status, worst
from .._plan.documents import COLLECTION, VERSION
from .._rollout.outcome import Verdict as RunVerdict
from .assumption_checks import Balancers, stand
from .causes import Knowledge, cause_of
from .host_io import Facts
from .plan_view import Deployment, Matrix, NotProbed
from .verdicts import CERTIFICATE_DAYS, Judged, Verdict, judge

SCHEMA_VERSION = 1
_NOBODY = Balancers()
_NO_ANSWER = Facts("it was not asked", False)


@dataclass(frozen=True)
class Settings:
    """What verdicts are made with.

    now: with time zone. not_closed: hosts whose temporary listeners may still be there.
    """

    now: datetime.datetime
    certificate_days: int = CERTIFICATE_DAYS
    not_closed: Sequence[str] = ()
    reference: str = ""


@dataclass(frozen=True)
class Verification:
    """The verdicts, by the order of the matrix, and what was known to give them."""

    deployment: Deployment
    facts: Mapping[str, Facts]
    judged: tuple[Judged, ...]
    not_probed: tuple[NotProbed, ...]
    settings: Settings
    assumptions: tuple[Assumption, ...] = ()

    @classmethod
    def of(
        cls,
        deployment: Deployment,
        matrix: Matrix,
        facts: Mapping[str, Facts],
        settings: Settings,
        assumptions: Sequence[Assumption] = (),
        balancers: Balancers = _NOBODY,
    ) -> Verification:
        """Return the verdicts of what the hosts answered, with the causes of those that are not as expected.

        balancers: what appliances answered.
        """
        judged: list[Judged] = []
        for source in matrix.probes:
            judged += _judge_host(matrix, source, facts.get(source, _NO_ANSWER), settings)
        found = tuple(_without_listener(item, facts.get(item.probe.destination)) for item in judged)
        known = Knowledge.of(deployment, facts, found)
        caused = tuple(replace(item, cause=cause_of(item, known)) for item in found)
        relied_on = stand(assumptions, known, found, balancers)
        return cls(deployment, facts, caused, matrix.not_probed, settings, relied_on)

    @property
    def status(self) -> Status:
        """Return the worst of all: what is not known stands before what is not as expected.

        Nobody asked is not known.
        """
        statuses = self.statuses()
        return worst(statuses.values()) if statuses else Status.UNKNOWN

    def verdicts(self) -> dict[str, RunVerdict]:
        """Return the verdict of each host."""
        return {name: status.verdict for name, status in self.statuses().items()}

    def statuses(self) -> dict[str, Status]:
        """Return the status of each host.

        A fault is one of the host that was asked, when the plan has it, else of who asked.
        """
        found = {name: _classify_host(facts) for name, facts in self.facts.items()}
        for item in self.judged:
            name, status = self._blame_device(item)
            found[name] = worst([found.get(name, Status.CLEAN), status])
        for name in [*self.settings.not_closed, *self._find_contradicted()]:
            found[name] = worst([found[name], Status.DRIFT])
        return {name: found[name] for name in sorted(found)}

    def _find_contradicted(self) -> Iterator[str]:
        """Yield the hosts of which, or of whose pools, an assumption of the plan does not hold."""
        places = {item.place for item in self.assumptions if item.standing is Standing.CONTRADICTED}
        yield from (name for name in self.facts if name in places or self.deployment.hosts[name].pool in places)

    def _blame_device(self, item: Judged) -> tuple[str, Status]:
        if item.verdict is Verdict.UNKNOWN:
            problem = _classify_host(self.facts.get(item.probe.source, _NO_ANSWER))
            return item.probe.source, Status.FAILED if problem is Status.CLEAN else problem
        is_there = item.probe.destination in self.facts
        return (
            item.probe.destination if is_there else item.probe.source,
            Status.CLEAN if item.is_as_expected else Status.DRIFT,
        )

    def counts(self) -> dict[str, int]:
        """Return how many probes have each verdict."""
        counted = Counter(item.verdict for item in self.judged)
        return {verdict.value: counted[verdict] for verdict in Verdict}

    def document(self) -> dict[str, object]:
        """Return it as plain data that keeps plugins/plugin_utils/_probes/data/lync_verify.schema.json."""
        return {
            "schema": SCHEMA_VERSION,
            "collection": COLLECTION,
            "version": VERSION,
            "made": self.settings.now.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "change_reference": self.settings.reference,
            "status": self.status.value,
            "counts": self.counts(),
            "hosts": [self._host(name, status.value) for name, status in self.statuses().items() if name in self.facts],
            "probes": [item.document() for item in self.judged],
            "not_probed": [_not_probed(item) for item in self.not_probed],
            "assumptions": [item.document() for item in self.assumptions],
        }

    def _host(self, name: str, status: str) -> dict[str, object]:
        known, facts = self.deployment.hosts.get(name), self.facts[name]
        return {
            "host": name,
            "roles": list(known.roles) if known else [],
            "pool": (known.pool if known else None) or "",
            "status": status,
            "message": facts.problem,
            "temporary_listeners": [" ".join(map(str, item)) for item in sorted(facts.temporary)],
            "temporary_listeners_closed": name not in self.settings.not_closed,
        }

    def text(self, columns: int = SCREEN_COLUMNS) -> str:
        """Return what is not as expected, what is not known, and a line that sums it up; columns: of the screen."""
        wrong = [item for item in self.judged if not item.is_as_expected and item.verdict is not Verdict.UNKNOWN]
        rows = [
            (item.probe.source, _describe_destination(item), item.verdict.value, item.cause or item.detail)
            for item in wrong
        ]
        parts = [indented(table(("from", "to", "verdict", "likely cause"), rows, columns - 2))] if rows else []
        parts += [*self._details(wrong), *self._remarks(), *_list_unknown(self.judged), *self._relied_on(), self._sum()]
        return "\n".join(parts)

    def _details(self, wrong: Sequence[Judged]) -> Iterator[str]:
        detailed = (
            item for item in wrong if item.detail and item.verdict in (Verdict.WRONG_HOST, Verdict.WRONG_ANSWER)
        )
        yield from dict.fromkeys(f"{_describe_destination(item)}: {item.detail}" for item in detailed)

    def _remarks(self) -> Iterator[str]:
        ending = {
            (_describe_destination(item), item.detail) for item in self.judged if item.verdict is Verdict.EXPIRING
        }
        yield from (f"note: {where}: {detail}" for where, detail in sorted(ending))
        yield from (
            f"{name}: temporary listeners could not be closed; they end by themselves"
            for name in self.settings.not_closed
        )

    def _relied_on(self) -> Iterator[str]:
        """Yield the assumptions of the plan that do not hold, and how many stand how."""
        yield from (
            f"assumption of {item.place}: {item.line}"
            for item in self.assumptions
            if item.standing is Standing.CONTRADICTED
        )
        counted = Counter(item.standing for item in self.assumptions)
        if counted:
            yield f"Assumptions of the plan: {', '.join(f'{counted[each]} {each.value}' for each in Standing)}."

    def _sum(self) -> str:
        counts = {verdict: number for verdict, number in self.counts().items() if number}
        text = ", ".join(f"{number} {verdict}" for verdict, number in counts.items()) or "none"
        return f"Probes: {len(self.judged)} from {len(self.facts)} hosts: {text}."

    def junit(self) -> str:
        """Return it as the text of a JUnit file: a suite per host that asks, a case per probe."""
        root = XML.Element("testsuites", name="msuc.lync verify")
        for source in sorted({item.probe.source for item in self.judged}):
            own = [item for item in self.judged if item.probe.source == source]
            unknown = sum(item.verdict is Verdict.UNKNOWN for item in own)
            failures = sum(not item.is_as_expected for item in own) - unknown
            counts = {"tests": str(len(own)), "failures": str(failures), "errors": str(unknown)}
            suite = XML.SubElement(root, "testsuite", {"name": source, **counts})
            for item in own:
                _add_probe_case(suite, item)
        XML.indent(root)
        return XML.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _classify_host(facts: Facts) -> Status:
    """Return what is known of a host before its probes are looked at."""
    if not facts.problem:
        return Status.CLEAN
    return Status.UNREACHABLE if facts.is_unreachable else Status.FAILED


def _without_listener(item: Judged, there: Facts | None) -> Judged:
    """Return a verdict, which tells nothing where a temporary listener was to answer and could not be opened."""
    probe = item.probe
    if there is None or not there.not_opened or item.verdict not in (Verdict.FILTERED, Verdict.REFUSED):
        return item
    if there.listens(probe.transport, probe.address, probe.port):
        return item
    detail = f"temporary listeners of {probe.destination} could not be opened: {there.not_opened}"
    return replace(item, verdict=Verdict.UNKNOWN, detail=detail)


def _judge_host(matrix: Matrix, source: str, facts: Facts, settings: Settings) -> Iterator[Judged]:
    for number, probe in enumerate(matrix.probes[source]):
        yield judge(probe, facts.answers.get(str(number)), settings.now, settings.certificate_days)


def _describe_destination(item: Judged) -> str:
    """Return where a probe went."""
    probe = item.probe
    via = f" by {probe.service}" if probe.service else ""
    asked = f" {' '.join(probe.question)}" if probe.question else ""
    place = probe.destination if probe.destination == probe.address else f"{probe.destination} {probe.address}"
    return f"{place} {probe.transport.upper()} {probe.port}{asked}{via}"


def _list_unknown(judged: Sequence[Judged]) -> Iterator[str]:
    """Yield what is not known, once per host and reason."""
    counted = Counter(
        (item.probe.source, item.cause or item.detail) for item in judged if item.verdict is Verdict.UNKNOWN
    )
    for (source, why), number in sorted(counted.items()):
        yield f"could not tell: {source}: {number} probes: {why}"


def _add_probe_case(suite: XML.Element, item: Judged) -> None:
    name, seconds = f"{_describe_destination(item)} {item.probe.expected.value}", f"{item.milliseconds / 1000}"
    case = XML.SubElement(suite, "testcase", classname=item.probe.source, name=name, time=seconds)
    if not item.is_as_expected:
        tag = "error" if item.verdict is Verdict.UNKNOWN else "failure"
        text = "\n".join(part for part in (item.cause, item.detail) if part)
        shown = "".join(character for character in text if character in "\n\t" or character >= " ")
        XML.SubElement(case, tag, message=item.verdict.value).text = shown


def _not_probed(item: NotProbed) -> dict[str, object]:
    names = ("destination", "transport", "port", "rule", "why", "sources")
    return {name: getattr(item, name) for name in names}
