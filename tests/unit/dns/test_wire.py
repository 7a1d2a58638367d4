# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a client takes for an answer of its server: where it has a key, only what is signed with it."""

from __future__ import annotations

import base64
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.update
import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.wire import Client
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import DnsServer
from dns.message import Message

SECRET = base64.b64encode(b"a secret that is a secret to nobody").decode()
ZONE = "contoso.com"


class _Forging(socketserver.BaseRequestHandler):
    """Answers each message without a signature, as somebody on the way would who has no key; by UDP and TCP."""

    code = dns.rcode.NOERROR

    def handle(self) -> None:
        if isinstance(self.request, tuple):
            self.request[1].sendto(self._answer(self.request[0]), self.client_address)
            return
        (size,) = struct.unpack("!H", self.request.recv(2))
        answer = self._answer(self.request.recv(size))
        self.request.sendall(struct.pack("!H", len(answer)) + answer)

    def _answer(self, wire: bytes) -> bytes:
        asked = dns.message.from_wire(wire, keyring=lambda message, name: False)
        answer = dns.message.Message(id=asked.id)
        answer.flags = dns.flags.QR | dns.flags.AA
        answer.set_opcode(asked.opcode())
        answer.set_rcode(self.code)
        answer.question = list(asked.question)
        return answer.to_wire()


@pytest.fixture
def forged(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client with a key, of a server that has none and answers with a code."""
    handler = type("Handler", (_Forging,), {"code": request.param})
    tcp = socketserver.TCPServer(("127.0.0.1", 0), handler)
    port = tcp.server_address[1]
    udp = socketserver.UDPServer(("127.0.0.1", port), handler)
    servers = (tcp, udp)
    for one in servers:
        threading.Thread(target=one.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield Client(DnsServer("127.0.0.1", (ZONE,), key_name="lync", port=port, key_secret=SECRET), 5.0)
    finally:
        for one in servers:
            one.shutdown()
            one.server_close()


def send_update(client: Client) -> None:
    message = dns.update.UpdateMessage(f"{ZONE}.")
    message.add(f"pool01.{ZONE}.", 300, "A", "10.1.0.11")
    client.update(message, ZONE)


def ask(client: Client) -> Message:
    return client.query(f"pool01.{ZONE}", "A", ZONE)


@pytest.mark.parametrize("forged", [dns.rcode.NOERROR, dns.rcode.NXDOMAIN], indirect=True)
@pytest.mark.parametrize("send", [ask, send_update])
def test_an_answer_without_a_signature_is_none(forged: Client, send: Callable[[Client], object]) -> None:
    with pytest.raises(DeviceError, match="its answer is not signed with the TSIG key lync; fix: "):
        send(forged)
    assert forged.writes == 0


@pytest.mark.parametrize("forged", [dns.rcode.REFUSED], indirect=True)
def test_a_refusal_of_an_update_needs_no_signature(forged: Client) -> None:
    """Windows signs none; what it refuses is told, and not that its answer cannot be read."""
    with pytest.raises(DeviceError, match=r"did not change the zone contoso[.]com: it refuses the update"):
        send_update(forged)
    with pytest.raises(DeviceError, match="its answer is not signed with the TSIG key lync"):
        ask(forged)
