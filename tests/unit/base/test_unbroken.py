# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tests read of a screen is what was printed: breaking lines loses and joins nothing."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.screen import fit

from tests.lab.lab import unbroken

WORDS = " ".join(f"word{number}" for number in range(40))


@pytest.mark.parametrize(
    "text",
    [
        f"fe11: {WORDS}",
        f"  - {WORDS}\n  - {WORDS}\n    {WORDS}",
        f"Changes:\n  fe11: {WORDS}\n  fe12: short\n\nSAFE",
        "fe11: " + "a" * 120 + " and more\n  fe12: short",
        f"  ansible-playbook -i {'a' * 60} -i {'b' * 60} msuc.lync.site --limit fe11\nDONE",
    ],
)
def test_what_was_broken_is_whole_again(text: str) -> None:
    assert fit(text) != text
    assert unbroken(fit(text)) == text


def test_what_had_room_is_a_line_of_its_own() -> None:
    assert unbroken("Changes:\n  fe11: missing\n\n  fe12") == "Changes:\n  fe11: missing\n\n  fe12"
