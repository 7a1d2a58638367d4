# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An authoritative DNS server in memory: messages in, messages out, prerequisites and updates of RFC 2136; no sockets.

    server = MemoryServer({"contoso.com": "pool01 300 A 10.1.0.11"})
    DnsProvider(task, connect=connection({"10.1.0.93": server}))

What a real server does beyond this is tested with BIND (tests/lab/test_dns_server.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.update
import dns.zone
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.wire import Client
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import DnsServer

_HEAD = "$TTL 3600\n@ SOA ns1 hostmaster 1 3600 600 86400 60\n@ NS ns1\nns1 A 127.0.0.1\n"


class MemoryServer:
    """Zones by name, with their lines; refuses: "query" or "update" for a server that takes none of them."""

    def __init__(self, zones: Mapping[str, str], refuses: str = "") -> None:
        self.refuses = refuses
        self.updates_left: int | None = None
        self.after_update: Callable[[MemoryServer], None] = lambda server: None
        self._zones = {
            name: dns.zone.from_text(f"{_HEAD}{lines}\n", origin=f"{name}.", relativize=False)
            for name, lines in zones.items()
        }

    def lines(self, zone: str) -> list[str]:
        """Return the records of a zone, sorted, without those that every zone has."""
        found = [
            f"{name.to_text(omit_final_dot=True)} {ttl} {data.rdtype.name} {data.to_text()}"
            for name, ttl, data in self._zones[zone].iterate_rdatas()
        ]
        return sorted(
            line for line in found if " SOA " not in line and " NS " not in line and not line.startswith("ns1.")
        )

    def put(self, zone: str, name: str, kind: str, *values: str, ttl: int = 300) -> None:
        """Make a record set exactly these values, as somebody else would; none removes it."""
        if values:
            self._zones[zone].replace_rdataset(f"{name}.", dns.rdataset.from_text("IN", kind, ttl, *values))
        else:
            self._zones[zone].delete_rdataset(f"{name}.", kind)
        self._next_serial(zone)

    def answer(self, wire: bytes) -> bytes:
        """Return the answer to a message."""
        message = dns.message.from_wire(wire)
        response = dns.message.make_response(message)
        if isinstance(message, dns.update.UpdateMessage):
            response.set_rcode(self._updated(message))
        else:
            self._look_up(message, response)
        return response.to_wire(max_size=65535)

    def _look_up(self, message: Any, response: Any) -> None:
        question = message.question[0]
        zone = self._zones.get(self._zone_of(question.name.to_text(omit_final_dot=True).lower()))
        if zone is None or self.refuses == "query":
            response.set_rcode(dns.rcode.REFUSED)
            return
        response.flags |= dns.flags.AA
        for kind in (question.rdtype, dns.rdatatype.CNAME):
            found = zone.get_rdataset(question.name, kind)
            if found:
                response.answer.append(dns.rrset.from_rdata_list(question.name, found.ttl, list(found)))
                return

    def _zone_of(self, name: str) -> str:
        holding = [zone for zone in self._zones if name == zone or name.endswith(f".{zone}")]
        return max(holding, key=len, default="")

    def _updated(self, message: Any) -> dns.rcode.Rcode:
        name = message.zone[0].name.to_text(omit_final_dot=True)
        if self.refuses == "update" or self.updates_left == 0:
            return dns.rcode.REFUSED
        zone = self._zones[name]
        required: dict[tuple[Any, Any], set[Any]] = {}
        for rrset in message.prerequisite:
            if rrset.deleting == dns.rdataclass.NONE and zone.get_rdataset(rrset.name, rrset.rdtype):
                return dns.rcode.YXRRSET
            if rrset.deleting is None:
                required.setdefault((rrset.name, rrset.rdtype), set()).update(rrset)
        if any(set(zone.get_rdataset(*key) or ()) != values for key, values in required.items()):
            return dns.rcode.NXRRSET
        for rrset in message.update:
            _change(zone, rrset)
        self._next_serial(name)
        self.updates_left = None if self.updates_left is None else self.updates_left - 1
        self.after_update(self)
        return dns.rcode.NOERROR

    def _next_serial(self, zone: str) -> None:
        soa = self._zones[zone].find_rdataset(f"{zone}.", "SOA")
        data = soa[0].replace(serial=soa[0].serial + 1)
        self._zones[zone].replace_rdataset(f"{zone}.", dns.rdataset.from_rdata(soa.ttl, data))


def _change(zone: Any, rrset: Any) -> None:
    """Make one part of an update, RFC 2136 section 2.5."""
    if rrset.deleting == dns.rdataclass.ANY:
        zone.delete_rdataset(rrset.name, rrset.rdtype)
        return
    found = zone.find_rdataset(rrset.name, rrset.rdtype, create=True)
    if rrset.deleting == dns.rdataclass.NONE:
        for data in rrset:
            found.discard(data)
        if not found:
            zone.delete_rdataset(rrset.name, rrset.rdtype)
        return
    found.update(rrset)
    found.ttl = rrset.ttl


class _MemoryClient(Client):
    def __init__(self, server: DnsServer, timeout_seconds: float, memory: MemoryServer) -> None:
        super().__init__(server, timeout_seconds)
        self._memory = memory

    def exchange(self, message: Any, failed: str, is_update: bool) -> Any:
        return dns.message.from_wire(self._memory.answer(message.to_wire(max_size=65535)))


def connection(servers: Mapping[str, MemoryServer]) -> Callable[[DnsServer, float], Client]:
    """Return what connects to servers in memory, by their addresses."""
    return lambda server, timeout_seconds: _MemoryClient(server, timeout_seconds, servers[server.address])
