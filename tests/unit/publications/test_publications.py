# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drivers of reverse proxies: what is rendered reads back, and what a change does to clients is said."""

from __future__ import annotations

import datetime
from dataclasses import asdict, replace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State, summary
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.deviations import Class, deviations_of
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.remediation import Limits, decide
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.changes import with_impact
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Member, MemberState, plain
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.driver import DRIVERS, PublishingDriver
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.model import Publication, TlsMode, read_publications
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.provider import PRESENTATION, publication_changes, target
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult
from hypothesis import assume, given, settings
from hypothesis import strategies as st

LABEL = "changes the certificate clients see"
ONE = Publication("pool01.contoso.com", ("meet.contoso.com", "webext01.contoso.com"), ("203.0.113.61",), (Member("10.1.0.100"),))
OTHER = Publication("pool02.contoso.com", ("webext02.contoso.com",), ("203.0.113.61",), (Member("10.1.0.21"), Member("10.1.0.22", MemberState.BACKUP)))
BRIDGED = replace(OTHER, mode=TlsMode.BRIDGE, certificate="/etc/ssl/lync/web.pem", ca="/etc/ssl/lync/ca.pem")
# Names that move from ONE: one of them, or all.
MEET, ALL = (replace(OTHER, host_names=names) for names in (ONE.host_names[:1], ONE.host_names))
each_driver = pytest.mark.parametrize("driver", [DRIVERS[name] for name in sorted(DRIVERS)], ids=lambda driver: driver.name)

_names = st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z]\.contoso\.com", fullmatch=True), min_size=1, max_size=3, unique=True)
_addresses = st.sampled_from(["10.1.0.11", "10.1.0.12", "10.1.0.13", "2001:db8:1::11"])


@st.composite
def sets_of_publications(draw: st.DrawFn) -> tuple[Publication, ...]:
    """Return publications of one proxy, each with names of its own, in both modes."""
    listens = tuple(sorted(draw(st.lists(st.sampled_from(["203.0.113.61", "203.0.113.62", "2001:db8::61"]), min_size=1, max_size=2, unique=True))))
    common = {"listens": listens, "https_port": draw(st.integers(400, 500)), "http_port": draw(st.integers(1, 300)), "idle_seconds": draw(st.integers(1, 5000))}
    found = []
    for number in range(draw(st.integers(0, 3))):
        members = draw(st.dictionaries(_addresses, st.sampled_from(MemberState), min_size=1, max_size=3))
        bridged = draw(st.booleans())
        found.append(Publication(
            name=f"pool{number}.contoso.com", host_names=tuple(sorted(f"{number}{name}" for name in draw(_names))),
            members=tuple(sorted(Member(address, state) for address, state in members.items())),
            https_node_port=draw(st.integers(1, 65535)), http_node_port=draw(st.integers(1, 65535)),
            **({"mode": TlsMode.BRIDGE, "certificate": f"/etc/ssl/{number}.pem", "ca": "/etc/ca.pem"} if bridged else {}),
            **common,  # type: ignore[arg-type]
        ))  # fmt: skip
    return tuple(found)


@each_driver
@settings(max_examples=60)
@given(wanted=sets_of_publications())
def test_what_is_rendered_reads_back_as_it_can_be_said(driver: PublishingDriver, wanted: tuple[Publication, ...]) -> None:
    assume(driver.name != "nginx" or len({each.mode for each in wanted}) < 2)
    texts = driver.render(wanted)
    assert set(texts) == set(driver.files)
    assert driver.parse(texts) == tuple(map(driver.expressible, wanted))
    assert driver.render(tuple(reversed(wanted))) == texts
    assert read_publications([plain(each) for each in wanted]) == wanted  # type: ignore[misc]


@each_driver
@settings(max_examples=60)
@given(wanted=sets_of_publications())
def test_all_that_differs_from_what_was_asked_is_told(driver: PublishingDriver, wanted: tuple[Publication, ...]) -> None:
    for each in wanted:
        can_be_said = driver.expressible(each)
        differing = {name for name in asdict(each) if getattr(each, name) != getattr(can_be_said, name)}
        assert differing == {item.name for item in driver.not_rendered(each)}


@pytest.mark.parametrize(
    ("after", "labelled"),
    [
        (BRIDGED, True), (replace(OTHER, host_names=("web.contoso.com",)), False), (replace(OTHER, members=OTHER.members[:1]), False),
    ],
)  # fmt: skip
def test_a_change_of_mode_is_labelled(after: Publication, labelled: bool) -> None:
    (change,) = publication_changes((ONE, after), (ONE, OTHER), rewritten=True)
    assert (LABEL in PRESENTATION.impact(change)) is labelled
    assert (LABEL in PRESENTATION.command(change)) is (LABEL in PRESENTATION.diff(change)["before_header"]) is labelled
    assert change.notice == (LABEL if labelled else "")
    assert summary([change])["changed"] == 1 and change.name == OTHER.name


def test_another_certificate_is_labelled_and_another_authority_is_not() -> None:
    impacts = [PRESENTATION.impact(publication_changes((after,), (BRIDGED,), rewritten=True)[0]) for after in (
        replace(BRIDGED, certificate="/etc/ssl/lync/new.pem"), replace(BRIDGED, ca="/etc/ssl/lync/new.pem"))]
    assert [LABEL in words for words in impacts] == [True, False]
    (alone,) = publication_changes((replace(BRIDGED, mode=TlsMode.PASSTHROUGH),), (BRIDGED,), rewritten=True)
    assert (alone.properties, PRESENTATION.impact(alone)) == (("mode",), LABEL)


@pytest.mark.parametrize(
    ("state", "want", "expected"),
    [
        (State.REPLACED, (ONE,), (ONE,)), (State.MERGED, (BRIDGED,), (ONE, BRIDGED)), (State.DELETED, (ONE,), (OTHER,)), (State.DELETED, (), ()),
        (State.MERGED, (MEET,), (replace(ONE, host_names=ONE.host_names[1:]), MEET)), (State.MERGED, (ALL,), (ALL,)),
    ],
)  # fmt: skip
def test_states(state: State, want: tuple[Publication, ...], expected: tuple[Publication, ...]) -> None:
    assert target(want, (ONE, OTHER), state) == expected


def test_an_unattended_run_changes_no_certificate_together_with_members_that_were_switched_off() -> None:
    after = replace(BRIDGED, mode=TlsMode.PASSTHROUGH, certificate="", ca="")
    have = replace(BRIDGED, members=tuple(replace(member, state=MemberState.DISABLED) for member in BRIDGED.members))
    changes = publication_changes((after,), (have,), rewritten=True)
    result: Any = {"changes": [with_impact(PRESENTATION.document(change)) for change in changes]}
    found = deviations_of(TaskResult.of_answer("rp01", Concern.PUBLICATIONS, Step.COMPARE, result, is_check=True))
    assert [item.kind for item in found] == [Class.DISABLED]
    decision = decide(found, Limits(unattended=True), datetime.datetime(2026, 11, 28, 23, 30))
    assert decision.left == ((found[0], f"it needs an attended run: the repair {LABEL}"),)


def test_faults_of_publications_are_told_all_at_once() -> None:
    good: Any = plain(ONE)
    bad = [{**good, "mode": "bridge"}, {**good, "listens": ["10.1.0.300"]}, {**good, "certificate": "/a b"}]
    with pytest.raises(InvalidInputError) as raised:
        read_publications(bad)
    text = str(raised.value)
    assert "mode bridge needs certificate and ca" in text and "10.1.0.300" in text and "'/a b' does not match" in text
    twins = [good, {**good, "name": "pool09.contoso.com"}, {**good, "name": "pool08.contoso.com", "host_names": ["x.contoso.com"], "https_port": 444}]
    with pytest.raises(InvalidInputError, match=r"meet.contoso.com is published at 203.0.113.61 by pool01.contoso.com too") as raised:
        read_publications(twins)
    assert "ports or idle_seconds at 203.0.113.61 are others" in str(raised.value)


@each_driver
def test_what_somebody_broke_is_one_error_that_names_the_publication(driver: PublishingDriver) -> None:
    texts = {kind: text.replace("10.1.0.21:4443", "").replace(" 443", "") for kind, text in driver.render((BRIDGED,)).items()}
    with pytest.raises(InvalidInputError, match=r"pool02.contoso.com is not as this collection writes it"):
        driver.parse(texts)
