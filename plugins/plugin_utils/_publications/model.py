# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a reverse proxy publishes: names of a pool's external web services, and where their traffic goes.

    Publication(
        name="pool01.contoso.com", host_names=("meet.contoso.com", "webext01.contoso.com"), listens=("203.0.113.31",),
        members=(Member("10.1.0.101"),), mode=TlsMode.BRIDGE, certificate="/etc/ssl/lync/webext01.pem", ca="/etc/ssl/lync/ca.pem",
    )

HTTPS goes by the name in the client's TLS greeting, HTTP by its Host header; a name that nobody publishes is refused.
Two publications are the same configuration exactly when they are equal: host names are in lower case and sorted, members and addresses too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .._load_balancers.model import Member

IDLE_SECONDS = 1800


class TlsMode(str, Enum):
    """What becomes of the client's TLS: PASSTHROUGH leaves it to the member, BRIDGE ends it here and begins another one to the member."""

    PASSTHROUGH = "passthrough"
    BRIDGE = "bridge"


@dataclass(frozen=True)
class Publication:
    """One pool's web services on a reverse proxy.

    name: of the pool. listens: addresses of the proxy. members: addresses that take the traffic, a pool's virtual address or its members.
    https_port and http_port are the proxy's, the node ports are the members'.
    certificate: of BRIDGE, path on the proxy of a PEM file with key, certificate and chain. ca: of BRIDGE, path of the authorities that
    members are verified against. Both are referenced and never made.
    """

    name: str
    host_names: tuple[str, ...]
    listens: tuple[str, ...]
    members: tuple[Member, ...]
    https_port: int = 443
    https_node_port: int = 4443
    http_port: int = 80
    http_node_port: int = 8080
    mode: TlsMode = TlsMode.PASSTHROUGH
    certificate: str = ""
    ca: str = ""
    idle_seconds: int = IDLE_SECONDS

    @property
    def sockets(self) -> tuple[tuple[str, int], ...]:
        """Return the addresses and ports that it listens on."""
        return tuple((address, port) for address in self.listens for port in (self.https_port, self.http_port))
