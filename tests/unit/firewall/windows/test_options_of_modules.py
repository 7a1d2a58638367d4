# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of the modules that run on Windows: their documentation says what their specification takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.pwsh_specification import specification

MODULES = Path(__file__).resolve().parents[4] / "plugins" / "modules"
KEYS = ("type", "elements", "required", "choices", "default")


def described(options: dict[str, Any], nested: str) -> dict[str, Any]:
    """Return options with those of their parts that documentation and specification share."""
    return {
        name: {
            **{key: option[key] for key in KEYS if key in option},
            "options": described(option.get(nested, {}), nested),
        }
        for name, option in options.items()
    }


@pytest.mark.parametrize("path", sorted(MODULES.glob("*.ps1")), ids=lambda path: path.name)
def test_documentation_and_specification_of_a_windows_module_agree(path: Path) -> None:
    documentation = yaml.safe_load(path.with_suffix(".yml").read_text(encoding="utf-8"))["DOCUMENTATION"]
    taken: Any = specification(path.read_text(encoding="utf-8-sig"))
    assert described(documentation["options"], "suboptions") == described(taken["options"], "options")
