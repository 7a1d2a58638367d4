# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two listeners on one address and port, in whatever form and number they are written."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.module_utils._haproxy_lint import faults


def twins(*binds: str) -> list[str]:
    text = "".join(f"frontend f{number}\n    bind {bind}\n" for number, bind in enumerate(binds))
    return [fault for fault in faults([("/etc/a.cfg", text)], "/etc/own.cfg") if "listened on twice" in fault]


@pytest.mark.parametrize(
    "binds",
    [
        ("*:443", ":443"),
        ("10.1.0.1:80", "10.1.0.1:70-90"),
        ("10.1.0.1:70-90", "10.1.0.1:80"),
        ("10.1.0.1:1-65535", "10.1.0.1:5-6", "10.1.0.2:7"),
    ],
)
def test_the_later_of_two_is_told_with_the_earlier(binds: tuple[str, ...]) -> None:
    (told,) = twins(*binds)
    assert told.startswith("/etc/a.cfg:4 (frontend f1): ") and "also by /etc/a.cfg:2 (frontend f0)" in told


@pytest.mark.parametrize(
    "binds", [("10.1.0.1:80", "10.1.0.2:80"), (":80-89", ":90-99"), (":$PORT", ":$PORT"), (f":{'9' * 5000}", ":9")]
)
def test_what_is_apart_or_no_number_is_no_twin(binds: tuple[str, ...]) -> None:
    assert twins(*binds) == []


def test_thousands_of_wide_ranges_take_no_room() -> None:
    assert len(twins(*(f"10.{number // 250}.{number % 250}.1:1-65535" for number in range(5000)), "10.0.0.1:443")) == 1
