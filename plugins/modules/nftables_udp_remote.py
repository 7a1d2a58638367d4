#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: nftables_udp_remote
short_description: Internal, gather and apply the file of msuc-lync-udp, for msuc.lync.nftables_udp_services
version_added: "0.1.0"
author: msuc.lync contributors (@msuc-lync)
description:
  - Internal, not for direct use. Options and results may change without notice.
  - The part of M(msuc.lync.nftables_udp_services) that works on the host. It decides nothing about services;
    use that module instead.
  - A file goes live only after C(nft --check) took the table that it makes. The service reads it within a second;
    when it does not say that it leads by it, the old file is put back.
  - Where the host forwards no IPv4 so far, forwarding is switched on by a file of ours below C(/etc/sysctl.d), and the
    table drops what else would be forwarded.
extends_documentation_fragment:
  - msuc.lync.balancers.remote
options:
  path:
    description: The file that is ours.
    type: str
    required: true
  master_socket:
    description: The socket of HAProxy's master process, which is asked for the members.
    type: str
    default: /run/haproxy-master.sock
  nginx_path:
    description: The file of nginx in which an earlier version had UDP services.
    type: str
    default: /etc/nginx/modules-enabled/90-msuc-lync.conf
"""

EXAMPLES = r"""
- name: What the service leads by now
  msuc.lync.nftables_udp_remote:
    operation: gather
    path: /etc/msuc-lync-udp.conf
"""

RETURN = r"""
content:
  description: The text of the file.
  returned: O(operation=gather), when there is one
  type: str
watch:
  description: Whether systemd is there (C(is_managed)), what the service saw last (C(seen)), and what tells the table
    that the kernel has now from others (C(table)).
  returned: O(operation=gather)
  type: dict
forward:
  description: Chains of somebody else that drop what is forwarded unless a rule admits it, each with its rules as
    JSON of nftables.
  returned: O(operation=gather)
  type: list
  elements: list
others:
  description: The tables of nftables of somebody else, each with C(family), C(name), whether it is C(dormant), and its
    C(listing) as nft's JSON, empty for a dormant one.
  returned: O(operation=gather)
  type: list
  elements: dict
others_problem:
  description: Why the tables of somebody else cannot be read, empty when they can.
  returned: O(operation=gather)
  type: str
legacy_tables:
  description: Tables of iptables as it was before nftables, of which nft says nothing.
  returned: O(operation=gather)
  type: list
  elements: str
"""

import json
import os
import pkgutil
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.msuc.lync.plugins.module_utils import _udp_ring
from ansible_collections.msuc.lync.plugins.module_utils._balancer_files import (
    OPTIONS,
    Refused,
    carried_out,
    content_of,
    digest,
    listeners,
    put,
    run,
    waited,
)
from ansible_collections.msuc.lync.plugins.module_utils._nft_tables import other_tables

_SPEC = {
    **OPTIONS,
    "master_socket": {"type": "str", "default": "/run/haproxy-master.sock"},
    "nginx_path": {"type": "str", "default": "/etc/nginx/modules-enabled/90-msuc-lync.conf"},
}
_UNIT = "/etc/systemd/system/" + _udp_ring.SERVICE
_UNIT_TEXT = """# Written by Ansible, msuc.lync.nftables_udp_services.
[Unit]
Description=Leads datagrams of UDP services to members that HAProxy finds up
After=nftables.service haproxy.service

[Service]
ExecStart=/usr/bin/python3 {program} {path} {master} {status}
Restart=always
RestartSec=2

[Install]
WantedBy=multi-user.target
"""
# What an earlier version ran in its place, with nginx.
_EARLIER_PROGRAM = "/usr/local/lib/msuc-lync/udp_health.py"
_FORWARDING = {4: "/proc/sys/net/ipv4/ip_forward", 6: "/proc/sys/net/ipv6/conf/all/forwarding"}
_FORWARDING_TEXT = """# Written by Ansible, msuc.lync.nftables_udp_services; what else would be forwarded is dropped by
# the table inet msuc_lync_lb. On a host that is to forward more, write a file of your own and remove this one.
net.ipv4.ip_forward = 1
"""
_LEGACY = ("/proc/net/ip_tables_names", "/proc/net/ip6_tables_names")
_MOST_CONNECTIONS = "/proc/sys/net/netfilter/nf_conntrack_max"
# The service looks each second, and HAProxy may just be reloading.
_SETTLED_SECONDS = 3
# The first look that ends may have begun before somebody asked.
_WHOLE_LOOKS = 2
# A look takes some seconds on a host with other work; a service that says nothing for so long is none.
_SILENT_SECONDS = 60


class Host:
    """The service on this host, by the options of the module."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.path, self.seconds = options["path"], options["seconds"]
        self.master_socket, self.nginx_path = options["master_socket"], options["nginx_path"]

    def gather(self) -> dict[str, Any]:
        """Return the file, what the service saw last, and what of the host concerns it."""
        content = content_of(self.path)
        found: dict[str, Any] = {"content": content, "digest": digest(content), "files": [], "servers": ""}
        found["listeners"] = listeners(set())
        found["watch"] = {"is_managed": _has_systemd(), **_settled(digest(content), self.seconds)}
        found["has_nginx"] = os.path.exists(self.nginx_path)
        found["forwards_ipv6"] = _forwards(6)
        found["forward"] = _forward_chains()
        found.update(_others())
        found["most_connections"] = int(content_of(_MOST_CONNECTIONS) or 0)
        return found

    def refusal(self, commands: list[str]) -> str:
        """Return nothing: the service takes no commands."""
        return ""

    def check(self, content: str | None) -> None:
        """Raise Refused unless nftables takes the table that a content makes, and connections can be forgotten."""
        run(["conntrack", "--version"])
        try:
            entries = _udp_ring.read_entries(content or "")
        except (ValueError, IndexError) as error:
            raise Refused(f"msuc-lync-udp does not understand the file: {error}") from error
        status, output = run(["nft", "--version"])
        if status == 0 and entries:
            script = _udp_ring.table_text(entries, {}, is_closed=False)
            status, output = _check_script(script)
        if status:
            errors = [line.partition("Error: ")[2] for line in output.splitlines() if "Error: " in line]
            raise Refused(f"nft --check refuses the table: {'; '.join(dict.fromkeys(errors)) or output.strip()[:500]}")

    def reload(self, wanted: set[tuple[str, str, int]]) -> None:
        """Let the service lead by the file, or end it where there is none; raises Refused when it does not say so."""
        content = content_of(self.path)
        if content is None:
            self._remove()
            return
        if _udp_ring.read_entries(content):
            _forward()
        if _has_systemd():
            self._start()
        current = digest(content)
        if not waited(self.seconds, lambda: (_last_seen() or {}).get("digest") == current):
            raise Refused(f"{_udp_ring.SERVICE} does not say what it sees; its log tells why")
        error = str((_last_seen() or {}).get("error", ""))
        if error.startswith(("nft", "conntrack", "/dev/stdin", "Error")):
            raise Refused(f"{_udp_ring.SERVICE}: {error}")

    def _start(self) -> None:
        source = pkgutil.get_data(_udp_ring.__package__, "_udp_ring.py") or b""
        names = {"program": _udp_ring.PROGRAM, "status": _udp_ring.STATUS, "master": self.master_socket}
        unit = _UNIT_TEXT.format(path=self.path, **names)
        os.makedirs(os.path.dirname(_udp_ring.PROGRAM), exist_ok=True)
        put(_udp_ring.PROGRAM, source.decode())
        put(_UNIT, unit)
        put(_EARLIER_PROGRAM, None)
        for words in (("daemon-reload",), ("enable", _udp_ring.SERVICE), ("restart", _udp_ring.SERVICE)):
            status, output = run(["systemctl", *words])
            if status:
                raise Refused(f"systemctl {' '.join(words)}: {output.strip()}")

    def _remove(self) -> None:
        """End the service, remove its table, and forward as before."""
        if _has_systemd() and f" {self.path} " in (content_of(_UNIT) or ""):
            run(["systemctl", "disable", "--now", _udp_ring.SERVICE])
            put(_UNIT, None)
        _udp_ring.remove_table()
        if os.path.exists(_udp_ring.FORWARDING):
            put(_udp_ring.FORWARDING, None)
            _set_forwarding("0\n")


def _forward() -> None:
    """Switch forwarding of IPv4 on where it is off, once the file is there by which the table drops what else goes."""
    if _forwards(4):
        return
    put(_udp_ring.FORWARDING, _FORWARDING_TEXT)
    _set_forwarding("1\n")


def _set_forwarding(value: str) -> None:
    with open(_FORWARDING[4], "w", encoding="ascii") as file:
        file.write(value)


def _forwards(family: int) -> bool:
    return (content_of(_FORWARDING[family]) or "").strip() == "1"


def _check_script(script: str) -> tuple[int, str]:
    """Return status and output of nft over a script, of which nothing is done."""
    path = f"/run/msuc-lync-udp-{os.getpid()}.nft"
    put(path, script)
    try:
        return run(["nft", "--check", "-f", path])
    finally:
        put(path, None)


def _others() -> dict[str, Any]:
    """Return the tables of others, or why they cannot be read: a host without nft, or an account that may not, leads
    nothing.
    """
    try:
        legacy = sorted({name for path in _LEGACY for name in (content_of(path) or "").split()})
        return {"others": other_tables(("inet", _udp_ring.TABLE)), "others_problem": "", "legacy_tables": legacy}
    except (Refused, OSError) as error:
        return {"others": [], "others_problem": str(error), "legacy_tables": []}


def _forward_chains() -> list[list[str]]:
    """Return chains of others that drop what is forwarded unless a rule admits it: name, and rules as JSON."""
    try:
        status, output = run(["nft", "-j", "list", "ruleset"])
        items = json.loads(output)["nftables"] if status == 0 else []
    except (Refused, ValueError, KeyError):
        return []
    chains = [each["chain"] for each in items if "chain" in each]
    rules = [each["rule"] for each in items if "rule" in each]
    return [
        [f"{one['family']} {one['table']} {one['name']}", json.dumps(_rules_of(one, rules))]
        for one in chains
        if (one.get("hook"), one.get("policy")) == ("forward", "drop")
    ]


def _rules_of(chain: dict[str, Any], rules: list[dict[str, Any]]) -> list[Any]:
    place = (chain["family"], chain["table"], chain["name"])
    return [each["expr"] for each in rules if (each["family"], each["table"], each["chain"]) == place]


def _has_systemd() -> bool:
    return os.path.isdir("/run/systemd/system")


def _settled(current: str, seconds: float) -> dict[str, Any]:
    """Return what the service saw last, and what the kernel has, once both agree or it is clear that they do not.

    That is clear after whole looks, in which the service had time to put right what differs; a look on a busy host may
    be longer than any time that one would wait for it.
    """
    found: dict[str, Any] = {}
    first, began = _number_of_looks(_last_seen()), time.monotonic()

    def _is_clear() -> bool:
        seen = _last_seen()
        found.update({"seen": seen, "table": _udp_ring.fingerprint(_udp_ring.listed())})
        if seen is None or (_is_calm(seen) and (seen.get("digest"), seen.get("table")) == (current, found["table"])):
            return True
        is_over = _number_of_looks(seen) - first >= _WHOLE_LOOKS and time.monotonic() - began >= _SETTLED_SECONDS
        is_changing = seen.get("table") == "" or seen.get("table") != (_last_seen() or {}).get("table")
        return is_over and not is_changing

    waited(seconds, _is_clear)
    return found


def _is_calm(seen: dict[str, Any]) -> bool:
    """Return whether the service hears of all members how they are."""
    return not seen.get("error") and not seen.get("unasked")


def _number_of_looks(seen: dict[str, Any] | None) -> int:
    found = (seen or {}).get("looks")
    return found if isinstance(found, int) else 0


def _last_seen() -> dict[str, Any] | None:
    """Return what the service saw last; None where it does not run."""
    try:
        age = time.time() - os.stat(_udp_ring.STATUS).st_mtime
        found = json.loads(content_of(_udp_ring.STATUS) or "null")
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or age > _SILENT_SECONDS or not os.path.exists(f"/proc/{found.get('pid')}"):
        return None
    return found


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=_SPEC, supports_check_mode=True)
    carried_out(module, Host(module.params))


if __name__ == "__main__":
    main()
