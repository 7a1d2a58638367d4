# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What goes to a host with its probes, and what its answer is taken for."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.host_io import probe_seconds, read_network


@pytest.mark.parametrize(
    ("platform", "asked", "seconds"), [("windows", 1.0, 3.0), ("windows", 5.0, 5.0), ("linux", 1.0, 1.0)]
)
def test_a_refusal_is_waited_for_where_windows_asks(platform: str, asked: float, seconds: float) -> None:
    assert probe_seconds(platform, asked) == seconds


def test_servers_that_windows_makes_up_for_a_card_without_any_are_none() -> None:
    told = ["10.1.0.93", "fec0:0:0:ffff::1%1", "fec0:0:0:ffff::2%1", "fec0:0:0:ffff::3%1", "2001:db8::53", "fec0::1"]
    answer = {"interfaces": [], "routes": [], "lasting": None, "dns_servers": told, "problem": ""}
    assert read_network(answer).dns_servers == ("10.1.0.93", "2001:db8::53", "fec0::1")
