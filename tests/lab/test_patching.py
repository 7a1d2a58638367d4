# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A member that is patched: drained, closed for traffic, and judged when its services are back; step by step as the
page has it.
"""

from __future__ import annotations

import pathlib
import socket
import ssl

import pytest

from tests.lab import patching
from tests.lab.patching import GROUP, PORT, SETUP, Pool, running
from tests.lab.site_lab import printed
from tests.lab.summaries import outcomes, summary
from tests.lab.test_site import ok
from tests.simulators.proxies import NET, needs_haproxy

pytestmark = [needs_haproxy, pytest.mark.no_cover, pytest.mark.slow]


def test_a_member_is_patched_while_the_other_one_serves(tmp_path: pathlib.Path) -> None:
    assert list(patching.STEPS) == ["deployed", "drained", "closed", "updated", "judged", "opened"]
    running(tmp_path, NET, patch)


def patch(pool: Pool) -> None:
    """Go through the page, and look at each step."""
    (deployed,) = pool.deploy()
    assert summary(ok(deployed))["verdict"] == "DONE"
    assert (setup_is_on(pool), served_by(pool)) == (False, {"fe01", "fe02"})
    for step, states in ((pool.drain, {"active": 1, "draining": 1}), (pool.close, {"active": 1, "disabled": 1})):
        (played,) = step()
        (balancer,) = (part for part in summary(ok(played))["parts"] if part["concern"] == "load_balancer")
        assert (balancer["members"], served_by(pool)) == (states, {"fe01"})
        assert outcomes(played, "firewall") == {"fe01": ("unchanged", 0, 0, 0), "fe02": ("unchanged", 0, 0, 0)}
    look_at_the_update(pool)
    site, verified = pool.judge()
    assert summary(ok(site))["verdict"] == "DONE"
    assert (setup_is_on(pool), served_by(pool)) == (False, {"fe01"})
    ok(verified)
    for played in pool.open():
        ok(played)
    assert served_by(pool) == {"fe01", "fe02"}


def look_at_the_update(pool: Pool) -> None:
    """See that the rule of setup is named and left alone, and what is away is found."""
    writes = pool.store.counts()["writes"]
    compared, repaired, verified = pool.update()
    named = f"fe02: {SETUP}: recreated_by_setup (it admits more than the list on tcp {PORT})"
    assert compared.status == 2 and printed(compared, "Print what differs").splitlines()[0] == named
    assert repaired.status == 2 and f"left: {named}: an update of the product makes it again" in repaired.output
    assert (setup_is_on(pool), pool.store.counts()["writes"]) == (True, writes)
    assert verified.status == 2 and f"listener absent: nothing listens on TCP {PORT} of fe02" in verified.output
    assert served_by(pool) == {"fe01"}


def setup_is_on(pool: Pool) -> bool:
    (rule,) = (rule for rule in pool.site.foreign("fe02") if rule["Name"] == SETUP)
    assert rule["Grouping"] == GROUP
    return bool(rule["Enabled"])


def served_by(pool: Pool) -> set[str]:
    """Return the members that clients of many addresses meet through the balancer, by their certificates."""
    return {server_of(pool, number) for number in range(130, 170)}


def server_of(pool: Pool, number: int) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client = (f"{pool.net}.{number}", 0)
    with (
        socket.create_connection((f"{pool.net}.100", PORT), 5, client) as connection,
        context.wrap_socket(connection) as secured,
    ):
        shown = secured.getpeercert(binary_form=True) or b""
    return next(member for member in ("fe01", "fe02") if f"{member}.contoso.com".encode() in shown)
