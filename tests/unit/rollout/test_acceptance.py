# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""accept.yml: what a check writes, what people leave of it, and what that lifts."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.acceptance import (
    CUT,
    Acceptances,
    Accepted,
    HoldKind,
    acceptance_text,
    check_acceptances,
    read_accept_file,
    read_acceptances,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.holding import Held, Holding
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Status, Step, TaskResult

NOW = datetime.datetime(2026, 11, 30, 10, tzinfo=datetime.timezone.utc)
LATER = NOW + datetime.timedelta(hours=25)
DIGEST, PLACE = "a" * 64, "TCP 5061 of 10.1.0.11"
VANISHED = Accepted("fe01", "vanished", "10.1.0.99")
SEEN = TaskResult("fe01", Concern.FIREWALL, Step.OPEN, Status.CHANGED, document={"fingerprint": "f1"})


def made(*held: Accepted) -> dict[str, Any]:
    text = acceptance_text([(one, f"why {one.item}") for one in held], ["fe02: management"], [SEEN], DIGEST, NOW)
    found: dict[str, Any] = yaml.safe_load(text)["lync_accept"]
    return found


def test_a_check_writes_a_line_for_each_thing_and_device_and_comments_for_the_rest() -> None:
    text = acceptance_text([(VANISHED, "it\nstays")], ["fe02: management"], [SEEN], DIGEST, NOW)
    assert "# Cannot be accepted: fe02: management" in text and "    # it stays\n" in text
    document = yaml.safe_load(text)["lync_accept"]
    assert document == {
        "plan": DIGEST,
        "until": "2026-12-01T10:00:00Z",
        "fingerprints": {"fe01": "f1"},
        "items": [{"device": "fe01", "kind": "vanished", "object": "10.1.0.99"}],
    }
    assert acceptance_text([], ["fe02: management"], [], DIGEST, NOW) == ""


def test_what_is_left_of_the_file_is_lifted_and_nothing_else() -> None:
    accepted = read_acceptances(made(VANISHED, Accepted("fe01", CUT, PLACE), Accepted("lb01", "pool", "pool01")))
    assert accepted.gone("fe01").each() == ("10.1.0.99",) and not accepted.gone("fe02")
    assert (accepted.pools("lb01"), accepted.pools("fe01")) == (frozenset({"pool01"}), frozenset())
    assert accepted.cuts("fe01", "f1") == [PLACE]
    assert read_acceptances({}) == Acceptances()


def test_a_host_that_is_not_as_it_was_keeps_its_connections() -> None:
    accepted = read_acceptances(made(Accepted("fe01", CUT, PLACE)))
    assert accepted.cuts("fe01", "f2") == accepted.cuts("fe01", "") == accepted.cuts("fe02", "f1") == []


BROKEN: dict[str, dict[str, Any]] = {
    "another plan": {"plan": "b" * 64},
    "no time": {"until": "tomorrow"},
    "no list": {"items": "fe01"},
    "a kind that nobody knows": {"items": [{"device": "fe01", "kind": "everything", "object": "x"}]},
    "half a line": {"items": [{"device": "fe01", "kind": "vanished"}]},
    "no address": {"items": [{"device": "fe01", "kind": "vanished", "object": [[]]}]},
    "a key more": {"all": True},
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_not_of_this_plan_or_broken_lifts_nothing(name: str) -> None:
    (problem,) = check_acceptances({**made(VANISHED), **BROKEN[name]}, DIGEST, NOW)
    assert "lync_accept" in str(problem) and "run site.yml --check again" in str(problem)


def test_a_time_without_a_zone_is_utc_and_the_last_moment_is_over() -> None:
    for text, is_over in (("2026-11-30T10:00:00Z", True), ("2026-11-30T10:00:01", False), ("2026-11-30 09:59", True)):
        assert bool(list(check_acceptances({**made(VANISHED), "until": text}, DIGEST, NOW))) == is_over


def test_the_fingerprint_of_a_host_is_that_of_its_firewall_rules_whatever_else_of_it_was_read() -> None:
    exemptions = replace(SEEN, concern=Concern.IPSEC, document={"fingerprint": "i1"})
    for results in ([SEEN, exemptions], [exemptions, SEEN]):
        text = acceptance_text([(Accepted("fe01", CUT, "TCP 5061"), "why")], [], results, "a" * 64, NOW)
        assert yaml.safe_load(text)["lync_accept"]["fingerprints"] == {"fe01": "f1"}


def test_fingerprints_are_kept_of_hosts_that_are_accepted_alone() -> None:
    results = [SEEN, replace(SEEN, device="fe02"), replace(SEEN, document={}), replace(SEEN, device="gw01")]
    other = Accepted("gw01", "pool", "pool01")
    text = acceptance_text([(VANISHED, "x"), (other, "y")], [], results, DIGEST, NOW)
    assert yaml.safe_load(text)["lync_accept"]["fingerprints"] == {"fe01": "f1", "gw01": "f1"}


def test_a_file_is_valid_for_a_day() -> None:
    assert list(check_acceptances(made(VANISHED), DIGEST, NOW)) == []
    assert [str(problem) for problem in check_acceptances(made(VANISHED), DIGEST, LATER)] != []
    assert list(check_acceptances({}, DIGEST, LATER)) == []


HELD = Held(HoldKind.PEERS, "fe02, gw01", ("fe01", "fe02"), "too many")


def test_a_reason_of_the_run_is_lifted_device_by_device() -> None:
    holding = Holding((HELD,))
    one = Acceptances(frozenset({Accepted("fe01", "peers", HELD.item)}))
    both = Acceptances(one.items | {Accepted("fe02", "peers", HELD.item)})
    reasons = {
        name: [holding.narrowing_reasons(device, accepted) for device in ("fe01", "fe02", "fe03")]
        for name, accepted in (("none", Acceptances()), ("one", one), ("both", both))
    }
    why = ("too many",)
    assert reasons == {"none": [why, why, why], "one": [(), why, why], "both": [(), (), ()]}
    assert [one.devices for one in holding.lifted(one).holds] == [("fe02",)] and holding.lifted(both).holds == ()


def test_an_approved_plan_may_have_its_own_acceptances(tmp_path: Path) -> None:
    assert read_accept_file(tmp_path / "accept.yml") == {}
    (tmp_path / "accept.yml").write_text(acceptance_text([(VANISHED, "it stays")], [], [], DIGEST, NOW))
    assert read_acceptances(read_accept_file(tmp_path / "accept.yml")).gone("fe01").each() == ("10.1.0.99",)


@pytest.mark.parametrize("text", ["", "lync_accept: 5", "[", "other: {}"])
def test_a_file_of_acceptances_that_cannot_be_read_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "accept.yml").write_text(text)
    with pytest.raises(InvalidInputError, match="has no lync_accept"):
        read_accept_file(tmp_path / "accept.yml")
