# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All probes of a run: the status of each host, the document and JUnit."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.host_io import Facts, read_facts
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.plan_view import Matrix, NotProbed
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.verdicts import Verdict
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.verification import Settings, Verification
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult

from tests.unit.probes.samples import (
    DEPLOYMENT,
    NOW,
    SCHEMA,
    TCP,
    UP,
    answer,
    exit_status,
    task,
)
from tests.unit.probes.test_verdicts import ANSWERS

UNREACHABLE = Facts("no connection", True)
REFUSED = {"edge01": Facts(answers={"0": answer("refused")})}
STATUSES: dict[str, tuple[dict[str, Facts], int, dict[str, str]]] = {
    "all as expected": (
        {"edge01": Facts(answers={"0": answer()}), "fe01": Facts()},
        0,
        {"edge01": "clean", "fe01": "clean"},
    ),
    "a fault is the destination's": ({**REFUSED, "fe01": Facts()}, 2, {"fe01": "drift"}),
    "or of who asked": (REFUSED, 2, {"edge01": "drift"}),
    "unreachable": ({"edge01": UNREACHABLE, "fe01": Facts()}, 2, {"edge01": "unreachable"}),
    "unreachable beside a fault": ({**REFUSED, "fe01": UNREACHABLE}, 2, {"fe01": "unreachable"}),
    "failed": ({"edge01": Facts("no such module"), "fe01": Facts()}, 2, {"edge01": "failed"}),
    "no answer": ({"edge01": Facts(), "fe01": Facts()}, 2, {"edge01": "failed"}),
}


@pytest.mark.parametrize(("facts", "status", "statuses"), STATUSES.values(), ids=STATUSES)
def test_status(facts: dict[str, Facts], status: int, statuses: dict[str, str]) -> None:
    found = Verification.of(DEPLOYMENT, Matrix({"edge01": (TCP,)}), facts, Settings(NOW))
    assert exit_status(found) == status
    assert {name: found.statuses()[name].value for name in statuses} == statuses


def test_nobody_asked_is_not_as_expected() -> None:
    found = Verification.of(DEPLOYMENT, Matrix({}), {}, Settings(NOW))
    assert (found.status.value, exit_status(found)) == ("unknown", 2)


def test_a_host_that_left_no_result_is_not_as_expected() -> None:
    facts = {"edge01": read_facts(TaskResult.unknown("edge01", Concern.PROBES, Step.VERIFY))}
    found = Verification.of(DEPLOYMENT, Matrix({"edge01": (TCP,)}), facts, Settings(NOW))
    assert (found.judged[0].verdict, exit_status(found)) == (Verdict.UNKNOWN, 2)


MALFORMED: dict[str, dict[str, Any]] = {
    "listeners": {"answers": [answer()], "listeners": ["tcp 5061"]},
    "network": {"answers": [answer()], "network": {"interfaces": 7}},
    "metric": {"answers": [answer()], "network": {"interfaces": [], "routes": ["default"]}},
    "milliseconds": {"answers": [answer(milliseconds="soon")]},
    "bytes": {"answers": [{**answer(), "answer": "no base64"}]},
    "no id": {"answers": [{"state": "open"}]},
}


@pytest.mark.parametrize("name", MALFORMED)
def test_an_answer_that_makes_no_sense_is_not_as_expected(name: str) -> None:
    facts = {"edge01": read_facts(task("edge01", MALFORMED[name]))}
    found = Verification.of(DEPLOYMENT, Matrix({"edge01": (TCP,)}), facts, Settings(NOW))
    assert (found.judged[0].verdict, exit_status(found)) == (Verdict.UNKNOWN, 2)
    assert "not understood" in found.text()


def test_a_port_whose_temporary_listener_could_not_be_opened_is_not_known() -> None:
    why = "Access is denied; fix: let WMI start powershell.exe for the time of the run"
    opened = task("fe01", {"failed": True, "msg": why}, Step.OPEN)
    for state, listening, verdict in (
        ("timed_out", [], Verdict.UNKNOWN),
        ("refused", [], Verdict.UNKNOWN),
        ("timed_out", UP, Verdict.FILTERED),
        ("open", [], Verdict.OPEN),
    ):
        there = read_facts(task("fe01", {"answers": [], "listeners": listening}), opened)
        asking = Facts(answers={"0": answer(state)})
        facts = {"edge01": asking, "fe01": there}
        found = Verification.of(DEPLOYMENT, Matrix({"edge01": (TCP,)}), facts, Settings(NOW))
        assert found.judged[0].verdict is verdict
        is_told = f"temporary listeners of fe01 could not be opened: {why}" in found.text()
        assert is_told is (verdict is Verdict.UNKNOWN)
        assert exit_status(found) == (0 if verdict is Verdict.OPEN else 2)


def test_listeners_that_may_be_left_are_told() -> None:
    opened = task("fe01", {"opened": ["tcp 10.1.0.11 5061"]}, Step.OPEN)
    facts = {"edge01": Facts(answers={"0": answer()}), "fe01": read_facts(task("fe01", {"listeners": UP}), opened)}
    found = Verification.of(DEPLOYMENT, Matrix({"edge01": (TCP,)}), facts, Settings(NOW, not_closed=["fe01"]))
    assert exit_status(found) == 2
    assert "fe01: temporary listeners could not be closed; they end by themselves" in found.text()
    document: Any = found.document()
    hosts = document["hosts"]
    left = {item["host"]: (item["temporary_listeners"], item["temporary_listeners_closed"]) for item in hosts}
    assert left == {"edge01": ([], True), "fe01": (["tcp 10.1.0.11 5061"], False)}


def test_document_and_junit() -> None:
    probes, answers = zip(
        *[(probe, given) for probe, given, _verdict, _detail in ANSWERS.values() if given], strict=True
    )
    facts = {"edge01": Facts(answers={str(number): given for number, given in enumerate(answers)}), "fe01": Facts()}
    found = Verification.of(
        DEPLOYMENT, Matrix({"edge01": probes}, (NotProbed("fe01", "udp", "any", "R", "why", 2),)), facts, Settings(NOW)
    )
    document = json.loads(json.dumps(found.document()))
    jsonschema.validate(document, SCHEMA)
    assert sum(document["counts"].values()) == len(document["probes"]) == len(probes)
    assert set(document["counts"]) == {verdict.value for verdict in Verdict}
    suite = ElementTree.fromstring(found.junit()).find("testsuite")
    assert suite is not None
    assert int(suite.get("tests", 0)) == len(probes)
    assert (
        len(suite.findall(".//failure"))
        == int(suite.get("failures", 0))
        == sum(not item["as_expected"] for item in document["probes"]) - 2
    )
    assert len(suite.findall(".//error")) == int(suite.get("errors", 0)) == 2
