# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""verify.yml over real packets: all as expected, and for each fault the right verdict and the most likely cause."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.assumptions import (
    DEFAULT_GATEWAY,
    DNS_SERVERS,
    INTERNAL_CERTIFICATE,
    INTERNAL_ROUTES,
)

from ..simulators import bind
from ..simulators.netns import needs_namespaces
from ..simulators.proxies import needs_haproxy
from ..simulators.ring import needs_ring
from .deployment import DNS, deployment
from .network import ROUTER
from .verification import SIP, World, world

pytestmark = [
    needs_namespaces, needs_haproxy, needs_ring, pytest.mark.no_cover,
    pytest.mark.skipif(not bind.present(), reason=bind.MISSING),
]  # fmt: skip
FE01, FE02, DIR01, DIR02, EDGE = "10.1.0.11", "10.1.0.12", "10.1.0.31", "10.1.0.32", "10.2.0.21"
DIRECTORS, EDGES, WEB = "10.1.0.130", "10.2.0.100", "10.1.0.101"
FE01_6, FE02_6 = "2001:db8:1::11", "2001:db8:1::12"
SERVER = DNS["internal"][0]
NOT_IN_RUN = ("refused", "nothing is known of edge02: it is not in this run")
SILENT_EDGE = "{}: nothing listens on UDP 3478 of edge01"
POOL = "pool01.contoso.com"
STUN = 3478
WEB_PEERS = (
    "10.1.0.5-10.1.0.6, 10.1.0.11-10.1.0.13, 10.1.0.31-10.1.0.32, 10.1.0.91, 10.9.0.10, 10.10.0.0/16, 10.12.0.0/16, "
    "10.21.0.11-10.21.0.12, 10.31.0.11, 2001:db8:1::5, 2001:db8:1::11-2001:db8:1::13, 2001:db8:10::/48"
)
REMOVED = ("filtered", "no rule on the host: Lync fe-sip-tls (TCP in) is missing on fe01")
NARROWED = (
    "filtered",
    f"rule scoped to other addresses: Lync fe-web-https (TCP in) of fe02 admits 192.0.2.0/24, should admit {WEB_PEERS}",
)
ASKED = "nothing listens on TCP 5061 of {}, which the balancer asks"
DOWN = ("refused", f"balancer member down: {ASKED.format('dir01')}; {ASKED.format('dir02')}")
WRONG_HOST = "another server answers at {}, or the wrong certificate is bound there"
EXPECTED = {
    (FE01, SIP): REMOVED,
    (FE01_6, SIP): REMOVED,
    (FE02, 443): NARROWED,
    (FE02_6, 443): NARROWED,
    # The balancer takes these connections, and gets to a member that lets it in no more.
    (WEB, 443): ("filtered", f"balancer member down: {REMOVED[1]}; {NARROWED[1]}"),
    (EDGE, 8057): ("refused", "listener absent: nothing listens on TCP 8057 of edge01"),
    (DIR01, SIP): ("refused", "listener absent: nothing listens on TCP 5061 of dir01"),
    (DIR02, SIP): ("refused", "listener absent: nothing listens on TCP 5061 of dir02"),
    (DIRECTORS, SIP): ("refused", DOWN[1].replace(", which the balancer asks", "")),
    (DIRECTORS, 444): DOWN,
    (DIRECTORS, 4443): DOWN,
    (DIRECTORS, 8080): DOWN,
    (EDGE, SIP): ("wrong host", WRONG_HOST.format(EDGE)),
    (EDGES, SIP): ("wrong host", WRONG_HOST.format(EDGES)),
    **{(address, STUN): ("refused", SILENT_EDGE.format("listener absent")) for address in (EDGE, "203.0.113.41")},
    **{(address, STUN): NOT_IN_RUN for address in ("10.2.0.22", "203.0.113.42", "2001:db8:2::42")},
    # The kernel of a Linux balancer leads them, of the internal side and of the A/V Edge.
    **{(vip, STUN): ("refused", SILENT_EDGE.format("balancer member down")) for vip in (EDGES, "203.0.113.12")},
    (DIR01, 444): ("filtered", "dropped on the way from fe02: others reach 10.1.0.31 on TCP 444"),
    (SERVER, 53): ("wrong answer", f"record stale on {SERVER}, or another server answers there"),
}
"""By address and port, whoever asks."""
DROP = f"""table inet broken {{
  chain way {{
    type filter hook forward priority filter
    ip saddr {FE02} ip daddr {DIR01} tcp dport 444 drop
  }}
}}
"""


def test_all_is_as_expected_then_each_fault_has_its_verdict_and_cause(tmp_path: Path) -> None:
    with deployment(tmp_path) as made, world(made, tmp_path / "verify") as lab:
        played = lab.verify()
        assert (played.status, lab.wrong()) == (0, {}), played.output
        asked = Counter((item["kind"], item["expected"], bool(item["service"])) for item in lab.report()["probes"])
        assert (
            asked["tls", "open", True] > 50
            and asked["stun", "open", True] > 5
            and asked["dns", "open", False] > 20
            and asked["tcp", "closed", False] > 200
        )
        assert lab.standing("edge01", "confirmed") == {DEFAULT_GATEWAY, INTERNAL_ROUTES, DNS_SERVERS}
        assert {":" in item["address"] for item in lab.report()["probes"]} == {True, False}

        break_all(lab)
        played = lab.verify()
        found = lab.wrong()
        # Who asks the other member of the Edge pool through its virtual address meets no wrong certificate.
        assert (played.status, found) == (2, {key: EXPECTED.get(key[1:], ("open", "")) for key in found}), played.output
        assert {key[1:] for key in found} == EXPECTED.keys()
        assert lab.standing("edge01", "contradicted") == {INTERNAL_ROUTES, INTERNAL_CERTIFICATE, DNS_SERVERS}
        assert "10.12.0.0/16 goes by the route 10.12.0.0/16 by eth1 to 203.0.113.10" in played.output
        assert {source for source, *place in found if place == [DIR01, 444]} == {"fe02"}
        assert {source for source, *place in found if place == [FE01, SIP]} == {"fe02", "dir01", "dir02", "edge01"}


def break_all(lab: World) -> None:
    """Break one thing of each kind, on flows and hosts of their own."""
    made = lab.made
    lab.rules("fe01", fe_sip_tls=None)
    lab.rules("fe02", fe_web_https={"remoteip": ["192.0.2.0/24"]})
    made.servers.leave("edge01", "tcp", 8057)
    for name in ("dir01", "dir02"):
        made.servers.leave(name, "tcp", SIP)
    for name in ("edge01", "edge02"):
        made.servers.leave(name, "udp", STUN)
    lab.tls.stop(EDGE, SIP)
    lab.show("edge01", ["www.fabrikam.com"], EDGE)
    made.network.run(ROUTER, ["nft", "-f", "-"], DROP)
    made.network.run("edge01", ["ip", "route", "replace", "10.12.0.0/16", "via", "203.0.113.10", "dev", "eth1"])
    with made.network.inside(DNS["internal"][1]):
        lab.dns["internal"].nsupdate("internal", f"update delete {POOL}. A", f"update add {POOL}. 300 A 10.1.0.99")
