# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the whole inventory out of Ansible's hostvars, touching only the variables that the collection knows.

Templating a value costs far more than reading it, and deployment variables are one object that all hosts share,
so a value without template marks is taken as it stands, and looked through once.
"""

from __future__ import annotations

from collections.abc import Mapping

from .model import InventoryHost

_PREFIX = "lync_"
_OTHERS = frozenset({"ansible_host", "ansible_connection", "ansible_port"})
_MARKS = ("{{", "{%", "{#")

HostVars = Mapping[str, Mapping[str, object]]


def read_inventory(hostvars: HostVars) -> dict[str, InventoryHost]:
    """Return every host of a hostvars mapping with its groups and the variables lync_*, ansible_host and connection
    keys.

    A template that cannot be resolved stays as its text, so that validation names it with its place. A host without
    any group is none of the inventory: older versions of Ansible list their implicit localhost there.
    """
    templated: dict[int, tuple[object, bool]] = {}
    hosts = (_read_host(str(name), hostvars, templated) for name in hostvars)
    return {host.name: host for host in hosts if host.groups}


def _read_host(name: str, hostvars: HostVars, templated: dict[int, tuple[object, bool]]) -> InventoryHost:
    raw = _raw(name, hostvars)
    wanted = {key: value for key, value in raw.items() if key.startswith(_PREFIX) or key in _OTHERS}
    groups = raw.get("group_names", ())
    for key, value in wanted.items():
        if _is_templated(value, templated):
            wanted[key] = _resolved(name, key, value, hostvars)
    return InventoryHost(
        name, tuple(str(group) for group in groups) if isinstance(groups, (list, tuple)) else (), wanted
    )


def _raw(name: str, hostvars: HostVars) -> Mapping[str, object]:
    """Return a host's variables untemplated where Ansible offers that, else as they come."""
    raw_get = getattr(hostvars, "raw_get", None)
    found: object = raw_get(name) if raw_get else hostvars[name]
    return found if isinstance(found, Mapping) else {}


def _is_templated(value: object, templated: dict[int, tuple[object, bool]]) -> bool:
    """Return whether a value holds template marks; the value is kept beside the answer so that its id stays its own."""
    if isinstance(value, str):
        return any(mark in value for mark in _MARKS)
    if not isinstance(value, (Mapping, list, tuple)):
        return False
    known = templated.get(id(value))
    if known is None:
        templated[id(value)] = (value, False)  # for a value that holds itself
        parts = list(value.values()) if isinstance(value, Mapping) else value
        known = templated[id(value)] = (value, any(_is_templated(part, templated) for part in parts))
    return known[1]


def _resolved(name: str, key: str, raw: object, hostvars: HostVars) -> object:
    try:
        return hostvars[name][key]
    except Exception:  # whatever a template raises: the text itself is what the user has to look at
        return raw
