# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The laws of drivers of reverse proxies: what is rendered reads back, and what cannot be expressed is listed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import plain
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.haproxy import HaproxyPublishing
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.model import (
    Publication,
    PublishingDriver,
    read_publications,
)
from hypothesis import assume, given, settings

from .samples import BRIDGED, each_driver, sets_of_publications

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


@each_driver
@settings(max_examples=60)
@given(wanted=sets_of_publications())
def test_what_is_rendered_reads_back_as_it_can_be_expressed(
    driver: PublishingDriver, wanted: tuple[Publication, ...]
) -> None:
    assume(driver.name != "nginx" or len({each.mode for each in wanted}) < 2)
    texts = driver.render(wanted)
    assert set(texts) == set(driver.files)
    assert driver.parse(texts) == tuple(map(driver.expressible, wanted))
    assert driver.render(tuple(reversed(wanted))) == texts
    assert read_publications([plain(each) for each in wanted]) == wanted  # type: ignore[misc]


@each_driver
@settings(max_examples=60)
@given(wanted=sets_of_publications())
def test_all_that_differs_from_what_was_asked_is_listed(
    driver: PublishingDriver, wanted: tuple[Publication, ...]
) -> None:
    for each in wanted:
        can_be_said = driver.expressible(each)
        differing = {name for name in asdict(each) if getattr(each, name) != getattr(can_be_said, name)}
        assert differing == {item.name for item in driver.not_rendered(each)}


@each_driver
def test_what_somebody_broke_is_one_error_that_names_the_publication(driver: PublishingDriver) -> None:
    texts = {
        kind: text.replace("10.1.0.21:4443", "").replace(" 443", "")
        for kind, text in driver.render((BRIDGED,)).items()
    }
    with pytest.raises(InvalidInputError, match=r"pool02.contoso.com is not as this collection writes it"):
        driver.parse(texts)


def test_a_file_of_the_earlier_layout_is_understood_and_written_anew() -> None:
    """Of HAProxy, whose frontends had the names of backends: a rendering of version 0.1, word for word."""
    driver, text = HaproxyPublishing(), (FIXTURES / "haproxy" / "publications-0.1.cfg").read_text(encoding="utf-8")
    found = driver.parse({"haproxy": text})
    today = driver.render(found)["haproxy"]
    assert [each.mode.value for each in found] == ["passthrough", "bridge"]
    assert driver.earlier(today) == text and today != text
    names = [line.split()[1] for line in today.splitlines() if line.startswith(("frontend ", "backend "))]
    assert len(names) == len(set(names)) > 6
