# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values of unknown JSON as people read them."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.untyped import integer, result_text

WORDS = [
    (None, "nothing"),
    ([], "nothing"),
    ("", ""),
    (0, "0"),
    (False, "false"),
    (["444", True], "444, true"),
    ({"address": "10.1.0.11", "state": None, "port": 0, "weight": ""}, "address 10.1.0.11 port 0"),
]


@pytest.mark.parametrize(("value", "words"), WORDS)
def test_a_value_of_a_result_in_words(value: object, words: str) -> None:
    assert result_text(value) == words


def test_truth_and_texts_are_no_numbers() -> None:
    assert [integer(value, -1) for value in (0, 7, True, False, "7", None)] == [0, 7, -1, -1, -1, -1]
