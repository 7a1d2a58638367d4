# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which ansible-core and which Python the collection runs under; Ansible itself only warns of the former."""

from __future__ import annotations

import sys

from ansible.release import __version__ as core_version

OLDEST_CORE = (2, 16)
OLDEST_PYTHON = (3, 11)


def version_problem(core: str = core_version, python: tuple[int, ...] = sys.version_info[:3]) -> str:
    """Return what is too old, and what to do; empty where nothing is. core: as Ansible writes it, 2.19.1rc1 say."""
    found = tuple(int(part) for part in core.split(".")[:2])
    if found < OLDEST_CORE:
        return _too_old("ansible-core", core, OLDEST_CORE, f"{sys.executable} -m pip install 'ansible-core>={{}}'")
    if python < OLDEST_PYTHON:
        own = f"Python ({sys.executable})"
        return _too_old(own, ".".join(map(str, python)), OLDEST_PYTHON, "install ansible-core with Python {} or newer")
    return ""


def _too_old(what: str, found: str, oldest: tuple[int, int], fix: str) -> str:
    needed = ".".join(map(str, oldest))
    return f"{what} {found} is too old for msuc.lync; allowed: {needed} and newer; fix: {fix.format(needed)}"
