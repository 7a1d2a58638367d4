# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The fixture lab, as tests/lab has it."""

from __future__ import annotations

from tests.lab.conftest import lab

__all__ = ["lab"]
