# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which hosts of a plan are reverse proxies that are configured."""

from __future__ import annotations

import json
from collections.abc import Mapping


def publishing_hosts(files: Mapping[str, str]) -> list[str]:
    """Return the names of the hosts whose plan says what they publish, sorted; files: texts of plan files by path."""
    texts = (text for path, text in files.items() if path.startswith("hosts/") and '"publications"' in text)
    return sorted(str(document["host"]) for document in map(json.loads, texts) if "publications" in document)
