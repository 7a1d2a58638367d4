# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Third-party libraries of the core, imported in this one place.

A library that is missing shows up at its first use as one clear error with the line that installs it;
importing a plugin never fails, because ansible-doc and ansible-test import plugins in bare environments.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NoReturn


class MissingLibraryError(Exception):
    """A Python library that the collection needs is not installed on the controller."""


class _Missing:
    """Stands in for a library that could not be imported; any use of it raises MissingLibraryError."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> NoReturn:
        raise MissingLibraryError(f"the Python library {self._name} is missing on the controller; install it with: python3 -m pip install {self._name}")


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return _Missing(name)


if TYPE_CHECKING:
    import jmespath
    import jsonschema
    import netaddr
    import regipy
    import requests
    import yaml
else:
    jmespath = _load("jmespath")
    jsonschema = _load("jsonschema")
    netaddr = _load("netaddr")
    regipy = _load("regipy")
    requests = _load("requests")
    yaml = _load("yaml")

__all__ = ["MissingLibraryError", "jmespath", "jsonschema", "netaddr", "regipy", "requests", "yaml"]
