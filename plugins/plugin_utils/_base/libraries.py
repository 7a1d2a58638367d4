# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Third-party libraries of the core, imported in this one place.

A library that is missing shows up at its first use as one clear error with the line that installs it;
importing a plugin never fails, because ansible-doc and ansible-test import plugins in bare environments.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any


class MissingLibraryError(Exception):
    """A Python library that the collection needs is not installed on the controller."""


# As the package index has it -> the module that it brings, and what pip alone does not do.
_MODULES = {
    "cryptography": "cryptography",
    "defusedxml": "defusedxml",
    "dnspython": "dns",
    "gssapi": "gssapi",
    "jinja2": "jinja2",
    "jmespath": "jmespath",
    "jsonschema": "jsonschema",
    "jsonschema_rs": "jsonschema_rs",
    "netaddr": "netaddr",
    "pypsrp": "pypsrp",
    "pywinrm": "winrm",
    "pyyaml": "yaml",
    "regipy": "regipy",
    "requests": "requests",
}
# Its package has no binary for Linux: pip compiles it.
_HINTS = {
    "gssapi": ", which needs a C compiler and the headers of Kerberos (bindep.txt), or for Debian's own Python: apt "
    "install python3-gssapi"
}


def require(packages: Mapping[str, str]) -> None:
    """Raise MissingLibraryError with every package that is not installed; packages: what needs each, by its name."""
    missing = [name for name in sorted(packages) if importlib.util.find_spec(_MODULES[name]) is None]
    if missing:
        raise MissingLibraryError(_missing_text([f"{name} ({packages[name]})" for name in missing], missing))


def _missing_text(shown: Iterable[str], packages: Iterable[str]) -> str:
    """Return the message with the line of the interpreter that runs Ansible: it is not always the first on the PATH."""
    names = list(packages)
    noun = "the Python library {} is" if len(names) == 1 else "the Python libraries {} are"
    hints = "".join(_HINTS.get(name, "") for name in names)
    line = f"{sys.executable} -m pip install {' '.join(names)}{hints}"
    return f"{noun.format(', '.join(shown))} missing on the controller; install with: {line}"


class _Library:
    """Stands in for a library and imports it at the first use; one that is not installed raises MissingLibraryError."""

    def __init__(self, name: str, modules: Iterable[str], package: str) -> None:
        self._module_names = (*(f"{name}.{module}" for module in modules), name)
        self._package = package  # as the package index has it

    def __getattr__(self, attribute: str) -> Any:
        try:
            module = [importlib.import_module(name) for name in self._module_names][-1]
        except ImportError:
            raise MissingLibraryError(_missing_text([self._package], [self._package])) from None
        # Kept, so that the next use does not come here.
        value = self.__dict__[attribute] = getattr(module, attribute)
        return value


if TYPE_CHECKING:
    import defusedxml.common
    import defusedxml.expatreader
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype
    import dns.rdtypes.ANY.TKEY
    import dns.rrset
    import dns.tsig
    import dns.update
    import dns.zone
    import gssapi
    import jinja2
    import jmespath
    import jsonschema
    import jsonschema_rs
    import netaddr
    import regipy
    import requests
    import yaml
    from cryptography import x509
else:
    # A run uses a few of them, and to import all together takes a fifth of a second in each process of Ansible.
    defusedxml = _Library("defusedxml", ("common", "expatreader"), "defusedxml")
    dns = _Library(
        "dns",
        (
            *("exception", "flags", "message", "name", "query", "rcode", "rdata", "rdataclass", "rdatatype"),
            *("rdtypes.ANY.TKEY", "rrset", "tsig", "update", "zone"),
        ),
        "dnspython",
    )
    gssapi = _Library("gssapi", (), "gssapi")
    jinja2 = _Library("jinja2", (), "jinja2")
    jmespath = _Library("jmespath", (), "jmespath")
    jsonschema = _Library("jsonschema", (), "jsonschema")
    jsonschema_rs = _Library("jsonschema_rs", (), "jsonschema_rs")
    netaddr = _Library("netaddr", (), "netaddr")
    regipy = _Library("regipy", (), "regipy")
    requests = _Library("requests", (), "requests")
    x509 = _Library("cryptography.x509", (), "cryptography")
    yaml = _Library("yaml", (), "pyyaml")

__all__ = [
    "MissingLibraryError",
    "defusedxml",
    "dns",
    "gssapi",
    "jinja2",
    "jmespath",
    "jsonschema",
    "jsonschema_rs",
    "netaddr",
    "regipy",
    "requests",
    "require",
    "x509",
    "yaml",
]
