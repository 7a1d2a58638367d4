# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stands in for ansible.windows.win_dns_record 3.3.0 as an action plugin: does to a BIND what that does to a Windows
DNS server.

Its steps are those of the released win_dns_record.ps1: values that are not wanted are removed one by one, those that
are get the wanted time to live, missing ones are added; all targets of SRV get one priority, weight and port, and an
SRV record is added without a time to live, hence with that of the zone. Which BIND, and with which key, is said by
LAB_DNS.
"""

from __future__ import annotations

import json
import os
from typing import Any

import dns.message
import dns.query
import dns.rcode
import dns.rdata
import dns.tsig
import dns.update
from ansible.plugins.action import ActionBase

ZONE_TTL_SECONDS = 3600
_SPEC = {
    "name": {"type": "str", "required": True},
    "port": {"type": "int"},
    "priority": {"type": "int"},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
    "ttl": {"type": "int", "default": 3600},
    "type": {"type": "str", "choices": ["A", "AAAA", "CNAME", "DHCID", "NS", "PTR", "SRV", "TXT"], "required": True},
    "value": {"type": "list", "elements": "str", "default": [], "aliases": ["values"]},
    "weight": {"type": "int"},
    "zone": {"type": "str", "required": True},
}


class ActionModule(ActionBase):
    """The stand-in."""

    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        options = self.validate_argument_spec(_SPEC, required_if=[("type", "SRV", ["port", "priority", "weight"])])[1]
        if bool(options["value"]) != (options["state"] == "present"):
            return {"failed": True, "msg": "Parameter 'values' must be non-empty when state='present'"}
        server = json.loads(os.environ["LAB_DNS"])
        if server.get("fails"):
            return {"failed": True, "msg": "access denied"}
        changed = _bring(server, options)
        return {"changed": changed, "on": self._task.delegate_to, "options": options}


def _bring(server: dict[str, Any], options: dict[str, Any]) -> bool:
    name = f"{options['zone']}." if options["name"] == "@" else f"{options['name']}.{options['zone']}."
    kind, ttl = options["type"], options["ttl"]
    have = {data.to_text(): rrset.ttl for rrset in _query(server, name, kind) for data in rrset}
    want = {_text(kind, value, options): value for value in options["value"]}
    update = dns.update.UpdateMessage(f"{options['zone']}.")
    for text in have:
        if text not in want or have[text] != ttl:
            update.delete(name, dns.rdata.from_text("IN", kind, text))
    for text in want:
        if have.get(text) != ttl:
            added_ttl = ZONE_TTL_SECONDS if kind == "SRV" and text not in have else ttl
            update.add(name, added_ttl, dns.rdata.from_text("IN", kind, text))
    if not update.update:
        return False
    answer = dns.query.tcp(_signed(server, update), "127.0.0.1", 5, server["port"])
    assert answer.rcode() == dns.rcode.NOERROR, answer.to_text()
    return True


def _text(kind: str, value: str, options: dict[str, Any]) -> str:
    absolute = value if value.endswith(".") else f"{value}."
    texts = {
        "TXT": f'"{value}"',
        "CNAME": absolute,
        "SRV": f"{options['priority']} {options['weight']} {options['port']} {absolute}",
    }
    return dns.rdata.from_text("IN", kind, texts.get(kind, value)).to_text()


def _query(server: dict[str, Any], name: str, kind: str) -> Any:
    message = _signed(server, dns.message.make_query(name, kind))
    return [
        rrset for rrset in dns.query.tcp(message, "127.0.0.1", 5, server["port"]).answer if rrset.rdtype.name == kind
    ]


def _signed(server: dict[str, Any], message: Any) -> Any:
    message.use_tsig(dns.tsig.Key(f"{server['key']}.", server["secret"], "hmac-sha256"))
    return message
