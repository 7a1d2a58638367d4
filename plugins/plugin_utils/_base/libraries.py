# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Third-party libraries of the core, imported in this one place.

A library that is missing shows up at its first use as one clear error with the line that installs it;
importing a plugin never fails, because ansible-doc and ansible-test import plugins in bare environments.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn


class MissingLibraryError(Exception):
    """A Python library that the collection needs is not installed on the controller."""


class _Missing:
    """Stands in for a library that could not be imported; any use of it raises MissingLibraryError."""

    def __init__(self, name: str) -> None:
        self._name = name  # as the package index has it

    def __getattr__(self, attribute: str) -> NoReturn:
        raise MissingLibraryError(
            f"the Python library {self._name} is missing on the controller; install it with: python3 -m pip install "
            f"{self._name}"
        )


def _import_library(name: str, modules: Iterable[str], package: str) -> Any:
    """Return a library with the named modules of it, or what stands in for it when it is not installed.

    package: its name on the package index, where that is another.
    """
    try:
        for module in modules:
            importlib.import_module(f"{name}.{module}")
        return importlib.import_module(name)
    except ImportError:
        return _Missing(package or name)


if TYPE_CHECKING:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdata
    import dns.rdatatype
    import dns.tsig
    import dns.update
    import dns.zone
    import jinja2
    import jmespath
    import jsonschema
    import jsonschema_rs
    import netaddr
    import regipy
    import requests
    import yaml
    from cryptography import x509

_LIBRARIES: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "dns": (
        "dns",
        ("exception", "flags", "message", "name", "query", "rcode", "rdata", "rdatatype", "tsig", "update", "zone"),
        "dnspython",
    ),
    "x509": ("cryptography.x509", (), "cryptography"),
    **{
        name: (name, (), "")
        for name in ("jinja2", "jmespath", "jsonschema", "jsonschema_rs", "netaddr", "regipy", "requests", "yaml")
    },
}
"""Name here -> the module, the parts of it that are used, and its package where that is called otherwise."""


def __getattr__(name: str) -> Any:
    """Load a library when it is asked for first.

    A run uses a few of them, and all together take a fifth of a second.
    """
    if name not in _LIBRARIES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    library = globals()[name] = _import_library(*_LIBRARIES[name])
    return library


__all__ = [
    "MissingLibraryError",
    "dns",
    "jinja2",
    "jmespath",
    "jsonschema",
    "jsonschema_rs",
    "netaddr",
    "regipy",
    "requests",
    "x509",
    "yaml",
]
