# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Parts of error messages stay short however many hosts and names there are, and guess only what is near."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.messages import (
    correction,
    hosts_text,
    name_correction,
    names_text,
)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, "host h0"),
        (2, "hosts h0, h1"),
        (3, "hosts h0, h1, h2"),
        (4, "hosts h0, h1, h2 and 1 more"),
        (9, "hosts h0, h1, h2 and 6 more"),
    ],
)
def test_hosts_text(count: int, expected: str) -> None:
    assert hosts_text(f"h{number}" for number in range(count)) == expected


def test_hosts_text_counts_a_host_once() -> None:
    assert hosts_text(["a", "b", "a", "c"]) == "hosts a, b, c"


@pytest.mark.parametrize(
    ("count", "end"), [(20, "n18, n19"), (21, "n18, n19 and 1 more"), (99, "n18, n19 and 79 more")]
)
def test_names_text(count: int, end: str) -> None:
    found = names_text([f"n{number:02}" for number in range(count)])
    assert (found.startswith("n00, n01, "), found.endswith(end)) == (True, True)


@pytest.mark.parametrize(
    ("word", "expected"), [("federatoin", "write federation"), ("zzz", "otherwise"), ("2011", "otherwise")]
)
def test_correction(word: str, expected: str) -> None:
    assert correction(word, ["federation", "2010"], "otherwise") == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("pool1.contoso.com", "write pool01.contoso.com"), ("db01", "otherwise"), ("", "otherwise")]
)
def test_name_correction(name: str, expected: str) -> None:
    assert name_correction(name, ["pool01.contoso.com", "lb01"], "otherwise") == expected
