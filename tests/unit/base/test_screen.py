# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables, lines, commands and diffs fit the screen, and nothing of them is lost."""

from __future__ import annotations

import shlex

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.screen import (
    SCREEN_COLUMNS,
    fit,
    fit_diff,
    hosts_text,
    shortened,
    table,
)

LONG = ", ".join(f"10.{number}.0.0/16" for number in range(40))


def widest(text: str) -> int:
    return max(map(len, text.splitlines()))


def squeezed(text: str) -> str:
    """Return a text without blanks, which is what wrapping changes."""
    return "".join(text.split())


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_a_table_fits_and_keeps_every_cell(columns: int) -> None:
    rows = [("Lync fe-sip-tls (TCP in)", "tcp 5061", LONG), ("x" * 70, "", "any")]
    text = table(("rule", "port", "from/to"), rows, columns)
    assert widest(text) <= columns and all(line == line.rstrip() for line in text.splitlines())
    assert all(network in text for network in LONG.split(", "))
    assert text.count("x") == 70


def test_a_table_that_fits_is_not_wrapped_and_the_first_column_gives_way_last() -> None:
    assert table(("a", "b"), [("1", "2")]) == "a  b\n1  2"
    name = "Lync edge-internal-web-conferencing (TCP in)"
    lines = table(("rule", "from/to"), [(name, LONG)], 80).splitlines()
    assert lines[1].startswith(name) and all(line.startswith(" " * len(name)) for line in lines[2:])
    assert squeezed("".join(line[len(name) :] for line in lines[1:])) == squeezed(LONG)


def test_lines_are_broken_at_blanks_and_go_on_two_columns_further_right() -> None:
    text = fit(f"  edge01: {LONG}\nshort", 60)
    lines = text.splitlines()
    assert widest(text) <= 60 and lines[0].startswith("  edge01: ") and lines[-1] == "short"
    assert all(line.startswith("    10.") for line in lines[1:-1]) and squeezed(text) == squeezed(f"edge01:{LONG}short")


def test_a_word_that_is_longer_than_the_screen_is_not_broken() -> None:
    path = "/very" * 40
    assert fit(f"Report: {path}", 60) == f"Report:\n  {path}"


COMMAND = [
    "ansible-playbook", "-i", "examples/contoso", "-i", ".lab/lab.json", "msuc.lync.site", "--check", "--limit",
    "fe01,fe02,fe03", "-e", "@secret file.yml", "-e", '{"lync_client_networks": ["10.10.0.0/16", "10.11.0.0/16"]}',
]  # fmt: skip


def test_a_broken_command_can_be_typed() -> None:
    text = fit(f"  {shlex.join(COMMAND)}", 70)
    assert len(text.splitlines()) > 2 and widest(text) <= 70
    assert all(line.endswith(" \\") for line in text.splitlines()[:-1])
    assert shlex.split(text.replace("\\\n", " ")) == COMMAND


def test_what_fits_stays_as_it_is_and_so_does_a_broken_command_with_a_long_word() -> None:
    words = ["ansible-playbook", "-i", "inv", "--vault-password-file", "/long" * 20, "site.yml", "-e", "x=" + "y" * 90]
    once = fit(f"First.\n  {shlex.join(words)}\n{LONG}", 70)
    assert fit(once, 70) == once and shlex.split(once.replace(" \\\n", " ").splitlines()[1]) == words


def test_a_diff_of_a_new_object_is_wrapped_and_one_of_a_change_marks_what_differs() -> None:
    lists = (",".join(f"10.0.{number}.1" for number in range(first, first + 20)) for first in (0, 1))
    before, after = (f"name: x\nremoteip: {addresses}\n" for addresses in lists)
    added = fit_diff({"before": "", "after": after, "after_header": "x"})
    assert widest(added["after"]) < SCREEN_COLUMNS and added["after_header"] == "x"
    changed = fit_diff({"before": before, "after": after})
    gone = set(changed["before"].splitlines()) - set(changed["after"].splitlines())
    assert gone == {"  10.0.0.1"}
    assert fit_diff({"before": "a: 1\n", "after": "a: 2\n"}) == {"before": "a: 1\n", "after": "a: 2\n"}


def test_long_lists_are_counted() -> None:
    assert shortened(()) == ""
    assert shortened(("a" * 60,)) == "a" * 60
    assert shortened(("a" * 40, "b" * 7, "c")) == f"{'a' * 40} and 2 more"
    assert shortened(("a" * 40, "b" * 6, "c")) == f"{'a' * 40}, {'b' * 6} and 1 more"
    assert (hosts_text(["fe01"]), hosts_text(["fe01", "fe02"])) == ("fe01", "fe01, fe02 (2 hosts)")
