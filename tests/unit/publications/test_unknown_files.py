# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files of publications that say something that this collection never writes: unknown, and never nothing."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.provider import DRIVERS, Task

from tests.unit.load_balancers.memory_devices import MemoryHost

from .results import BRIDGED, ONE, PATHS, TWO, host_with, published

# Lines of which one may go without that anything else is said: what is left is said as well as before.
each_driver = pytest.mark.parametrize("driver", sorted(DRIVERS))


@each_driver
def test_no_line_can_be_lost_or_edited_without_that_a_run_which_keeps_refuses(driver: str) -> None:
    refused = 0
    for wanted in ((ONE, TWO), (BRIDGED,)):
        for path in PATHS[driver].values():
            lines = host_with(*wanted, driver=driver).files.get(path, "").splitlines(keepends=True)
            for number, line in enumerate(lines):
                for other in ("", "by hand;\n", line + line):
                    host = host_with(*wanted, driver=driver)
                    text = host.files[path] = "".join([*lines[:number], other, *lines[number + 1 :]])
                    result = published(host, (), State.MERGED, driver=driver)
                    if not line.strip() or line.startswith("#"):
                        continue
                    assert host.files[path] == text and not result["changed"], (path, number, line, other)
                    refused += bool(result.get("failed"))
    assert refused > 200


@each_driver
def test_a_comparison_cannot_tell_and_a_run_writes_anew_and_says_so(driver: str) -> None:
    host = host_with(ONE, TWO, driver=driver)
    path = list(PATHS[driver].values())[-1]
    host.files[path] = host.files[path][:300]
    assert published(host, (), State.GATHERED, driver=driver)["failed"]
    compared = published(host, (ONE,), check_mode=True, driver=driver)
    assert compared["failed"] and "is not known" in compared["msg"] and path in compared["msg"]
    made = published(host, (ONE,), driver=driver)
    assert made["changed"] and "failed" not in made
    assert (made["before"], made["summary"]["removed"]) == (None, None)
    assert any("cannot be read whole" in text for text in made["warnings"])
    assert host.files == host_with(ONE, driver=driver).files


@each_driver
def test_an_empty_file_is_not_nothing(driver: str) -> None:
    host = MemoryHost(files=dict.fromkeys(PATHS[driver].values(), ""))
    result = published(host, (ONE,), State.MERGED, driver=driver)
    assert result["failed"] and "it is empty" in result["msg"]


@each_driver
def test_a_member_that_is_no_address_is_not_understood(driver: str) -> None:
    host = host_with(ONE, TWO, driver=driver)
    host.files = {path: text.replace("10.1.0.21", "10.1.0.21.1") for path, text in host.files.items()}
    result = published(host, (), State.MERGED, driver=driver)
    assert result["failed"] and "'10.1.0.21.1' is not an IPv4 or IPv6 address" in result["msg"]


def test_what_is_no_text_is_not_parsed() -> None:
    with pytest.raises(InvalidInputError, match=r"running_config.haproxy: 7 is no text of a file"):
        Task.from_options({"state": "parsed", "publications": [], "running_config": {"haproxy": 7}})
