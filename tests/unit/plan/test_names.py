# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses are shown by the names that people gave them, and never split into networks that nobody wrote."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.names import Names

NAMES = Names(
    {
        "10.1.0.11": "fe01",
        "2001:db8::11": "fe01",
        "10.1.0.12": "fe02",
        "10.1.0.13": "fe03",
        "10.2.0.21": "edge01",
        "203.0.113.21": "edge01",
        "10.10.0.0/16": "10.10.0.0/16",
        "10.11.0.0/16": "10.11.0.0/16",
        "10.10.7.0/24": "10.10.7.0/24",
        "10.8.0.1-10.8.0.9": "10.8.0.1-10.8.0.9",
    }
)
CASES = {
    "hosts": (["10.1.0.12/31"], ("fe02", "fe03")),
    "a range of a device": (["10.1.0.12-10.1.0.13"], ("fe02", "fe03")),
    "both families": (["10.1.0.11", "2001:db8::11"], ("fe01",)),
    "one family is all that it has of it": (["10.1.0.11"], ("fe01",)),
    "one of several interfaces": (["10.2.0.21"], ("edge01 (10.2.0.21)",)),
    "two networks that make a wider one": (["10.10.0.0/15"], ("10.10.0.0/16", "10.11.0.0/16")),
    "a network within": (["10.10.7.0/24"], ("10.10.7.0/24",)),
    "a range as it is written": (["10.8.0.1", "10.8.0.2/31", "10.8.0.4/30", "10.8.0.8/31"], ("10.8.0.1-10.8.0.9",)),
    "networks before hosts": (["10.1.0.12", "10.10.0.0/16"], ("10.10.0.0/16", "fe02")),
    "what has no name": (["10.9.0.7", "10.9.1.0/24"], ("10.9.0.7", "10.9.1.0/24")),
    "a range without a name, wherever its networks begin": (["10.9.0.7-10.9.0.9"], ("10.9.0.7-10.9.0.9",)),
    "beside what has one": (["10.1.0.12-10.1.0.15"], ("fe02", "fe03", "10.1.0.14/31")),
    "everybody": (["any"], ("any",)),
    "no address": (["LocalSubnet"], ("LocalSubnet",)),
    "nothing": ([], ()),
}


@pytest.mark.parametrize(("texts", "names"), CASES.values(), ids=CASES)
def test_names(texts: list[str], names: tuple[str, ...]) -> None:
    assert NAMES.of(texts) == names


def test_without_names_addresses_stand_as_ranges() -> None:
    assert Names().of(["10.1.0.11", "10.1.0.12/31"]) == ("10.1.0.11-10.1.0.13",)
