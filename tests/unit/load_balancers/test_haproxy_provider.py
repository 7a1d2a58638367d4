# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which members HAProxy finds well, from its own words.

Columns as in section 9.3 of its management guide, `show servers state`.
"""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.driver import PREFIX
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.provider import health_of, read_running
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Member, Monitor, Service

from .results import OTHER, SERVICE, haproxy, host_with

_HEAD = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight\n"


def line(service: str, address: str, operation: int, admin: int) -> str:
    return f"3 {PREFIX}{service} 1 {address} {address} {operation} {admin} 1 1 5 6 3 4 6 0 0 0 - 5061 - 0 0 - - 0\n"


def service(name: str, *addresses: str) -> Service:
    return Service(name, "pool01", "10.1.0.100", 5061, "tcp", 5061, tuple(map(Member, addresses)), Monitor(5061))


def test_up_down_and_in_maintenance() -> None:
    answer = (
        line("a", "10.1.0.11", 2, 0)
        + line("a", "10.1.0.12", 0, 0)
        + line("a", "10.1.0.13", 0, 1)
        + line("a", "10.1.0.14", 2, 8)
        + line("theirs", "x", 0, 0)
    )
    members = ("10.1.0.11", "10.1.0.12", "10.1.0.13", "10.1.0.14", "10.1.0.15")
    assert health_of([service("a", *members)], read_running(_HEAD + answer)) == {"up": 2, "down": ["a 10.1.0.12"]}
    assert health_of([service("a", "10.1.0.11")], read_running(_HEAD)) == {"up": 0, "down": []}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Can't find the target PID matching the prefix '@1'.\n",
        _HEAD.replace("1", "2", 1),
        _HEAD + line("a", "10.1.0.11", 2, 0)[:30],
        _HEAD + line("a", "10.1.0.11", 2, 0).replace(" 2 0 ", " up 0 "),
    ],
)
def test_a_process_that_does_not_tell_what_it_runs_is_not_as_planned(text: str) -> None:
    for wanted in ((SERVICE,), (SERVICE, OTHER)):
        for check_mode in (True, False):
            host = host_with(SERVICE, servers=text)
            before = dict(host.files)
            result = haproxy(host, wanted, check_mode=check_mode)
            assert result["failed"] and "HAProxy's process" in result["msg"] and host.files == before


def test_what_backends_of_somebody_else_do_hides_nothing() -> None:
    theirs = "7 theirs 1 a 10.9.0.1 x y z\n"
    assert read_running(_HEAD + theirs + line("a", "10.1.0.11", 2, 0)).keys() == {f"{PREFIX}a"}


def test_a_process_that_has_not_read_the_file_is_reloaded() -> None:
    host = host_with(SERVICE, servers=_HEAD)
    result = haproxy(host, [SERVICE], check_mode=True)
    assert result["changed"] and result["lines"] == ["reload"]
