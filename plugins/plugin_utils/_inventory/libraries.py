# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which Python libraries an inventory needs on the controller.

It goes by variables as they stand, before they are read, because reading them needs libraries too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .._base.untyped import mapping, mappings
from .model import InventoryHost

EVERY_PLAN = dict.fromkeys(("jmespath", "jsonschema", "netaddr", "pyyaml"), "every plan")
# Variable, its value -> package.
_BY_VALUE = {
    ("ansible_connection", "winrm"): "pywinrm",
    ("ansible_connection", "psrp"): "pypsrp",
    ("lync_balancer_driver", "f5_as3"): "requests",
    ("lync_balancer_driver", "netscaler"): "requests",
    ("lync_balancer_driver", "kemp"): "requests",
}
_VERIFY = {"cryptography": "probes of certificates", "dnspython": "probes of DNS"}


def needed_libraries(hosts: Iterable[InventoryHost], *, probes: bool) -> dict[str, str]:
    """Return what needs each package, by its name; probes: the run asks servers for certificates and names."""
    found = dict(EVERY_PLAN) | (_VERIFY if probes else {})
    for host in hosts:
        found.update(_of_host(host.variables))
    return found


def _of_host(variables: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for (name, value), package in _BY_VALUE.items():
        # A plugin may be named with its collection: ansible.builtin.winrm.
        if str(variables.get(name, "")).rpartition(".")[2] == value:
            yield package, f"{name}: {value}"
    if mapping(variables.get("lync_balancer_options")).get("schema"):
        yield "jsonschema_rs", "lync_balancer_options.schema"
    servers = mappings(variables.get("lync_dns_servers"))
    if servers:
        yield "dnspython", "lync_dns_servers"
    if any(key.startswith("kerberos_") for server in servers for key in map(str, server)):
        yield "gssapi", "lync_dns_servers with a domain account"
