# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Servers of databases have no version of the product: their rows are those of the pools that name them."""

from __future__ import annotations

import pytest

from .deployments import compiled, host

OLD, NEW = "old.contoso.com", "new.contoso.com"
HOSTS = {
    "fo1": host("frontend", "10.1.0.11", pool=OLD, version="2013"),
    "fn1": host("frontend", "10.1.0.21", pool=NEW, version="2019"),
    "sqlo1": host("back_end", "10.1.0.71", managed=True), "sqlo2": host("back_end", "10.1.0.72", managed=True),
    "wit": host("back_end", "10.1.0.73", managed=True), "sqln1": host("back_end", "10.1.0.81", managed=True),
    "sqln2": host("back_end", "10.1.0.82", managed=True),
}  # fmt: skip
LISTENER = {"name": "ag.contoso.com", "address": "10.1.0.80"}
POOLS = {
    OLD: {"role": "frontend", "sql": {"hosts": ["sqlo1"], "mirror": "sqlo2", "witness": "wit"}},
    NEW: {"role": "frontend", "sql": {"hosts": ["sqln1", "sqln2"], "listener": LISTENER}},
}


@pytest.mark.parametrize("version", ["2010", "2013", "2019"])
def test_copies_and_witness_have_the_rows_of_their_pool_whatever_the_rest_is(version: str) -> None:
    plan = compiled(HOSTS, pools=POOLS, version=version)
    ports = {
        name: {(rule.localport, rule.remoteip) for rule in plan.hosts[name].firewall_rules if "mirror" in str(rule)}
        for name in ("sqlo1", "sqlo2", "wit", "sqln1")
    }
    assert ports == {
        "sqlo1": {(("5022",), ("10.1.0.72/31",))},
        "sqlo2": {(("5022",), ("10.1.0.71", "10.1.0.73"))},
        "wit": {(("7022",), ("10.1.0.71", "10.1.0.72"))},
        "sqln1": {(("5022",), ("10.1.0.82",))},
    }
