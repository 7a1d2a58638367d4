# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where to read about rows of the catalogue: by their numbers in Microsoft's first tables, and by their ids.

row_links()["S9"] == "https://learn.microsoft.com/..."
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from .load import default_path, read_document

_MICROSOFT = "learn.microsoft.com"
_LINK = re.compile(r"https?://[^\s,]+")


@functools.cache
def row_links() -> Mapping[str, str]:
    """Return where to read about each row: a page of Microsoft, else another one, else the source in words."""
    document: Any = read_document(default_path())
    sources: Mapping[str, str] = document["sources"]
    found: dict[str, str] = {}
    for row in (*document["ports"], *document["ipsec"]):
        texts = [sources[key] for key in map(str.strip, row["source"].split(",")) if key in sources]
        links = [match[0] for text in texts if (match := _LINK.search(text))]
        best = next((link for link in links if _MICROSOFT in link), next(iter(links + texts), ""))
        found.update({name: best for name in (*row.get("rows", ()), row["id"]) if best and name not in found})
    return found
