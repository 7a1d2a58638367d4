# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every provider answers every safety step, and docs/safety.md says what."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import Done, NotApplicable, Provider, SafetyStep

from tests.tools.safety_table import COLUMNS, PAGE, on_page, providers, rendered


@pytest.mark.parametrize("step", SafetyStep)
@pytest.mark.parametrize("provider", providers(), ids=lambda provider: COLUMNS[provider.__name__])
def test_no_cell_is_empty(provider: type[Provider], step: SafetyStep) -> None:
    cell = provider.safety[step]
    assert isinstance(cell, (Done, NotApplicable))
    assert len((cell.where if isinstance(cell, Done) else cell.why).split()) > 3


def test_all_kinds_of_devices_have_a_column() -> None:
    assert [provider.__name__ for provider in providers()] == list(COLUMNS)


def test_the_page_has_the_table() -> None:
    assert on_page(PAGE.read_text(encoding="utf-8")) == rendered(providers()), "fix: python -m tests.tools.safety_table"
