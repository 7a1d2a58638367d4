# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Name and version of the collection, equal to those in galaxy.yml."""

from __future__ import annotations

COLLECTION = "msuc.lync"
VERSION = "0.1.0"
