# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""verify.yml over a deployment on 127.0.0.0/8 with real sockets: simulated Windows hosts over WinRM, a Linux host, a
balancer, a DNS server.

What a firewall drops is a full queue of connections here; the rules that are missing are those of the simulated hosts.
"""

from __future__ import annotations

import base64
import json
import pathlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jsonschema
import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.host_io import BANNER

from tests.lab.lab import ROOT, Lab, Played
from tests.lab.site_lab import SiteLab, printed
from tests.lab.summaries import summary
from tests.lab.test_powershell import PWSH
from tests.lab.test_site import ok, saved
from tests.simulators import tamper
from tests.simulators.powershell import PowerShellExecutor
from tests.simulators.probe_servers import Servers, certificate, stun_answer

SCHEMA = json.loads((ROOT / "plugins/plugin_utils/_probes/data/lync_verify.schema.json").read_text(encoding="utf-8"))
POOL, EDGES = "pool01.contoso.com", "edge01.contoso.com"
FE01, FE02, EDGE, PROXY, VIP, SERVER = (
    "127.31.0.11",
    "127.31.0.12",
    "127.32.0.21",
    "127.32.0.61",
    "127.31.0.100",
    "127.31.0.93",
)
DNS_PORT = 53053
SIP, EDGE_SIP, CONFERENCING = (
    f"Lync {row} (TCP in)" for row in ("fe-sip-tls", "edge-internal-sip", "edge-internal-web-conferencing")
)
SIP_PEERS = "127.31.0.11-127.31.0.12, 127.31.0.100"
# All others listen on ports that only root may have, or on more than a test needs.
ROWS = [
    "fe-sip-tls",
    "fe-web-external-https",
    "edge-internal-sip",
    "edge-internal-av-udp",
    "edge-internal-web-conferencing",
]
OUTSIDE = {name: f"127.39.0.{number}" for name, number in (("access", 21), ("web_conferencing", 31), ("av", 41))}
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
REPORTED = "Print what the probes met"


def inventory() -> dict[str, Any]:
    pools = {
        POOL: {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": VIP},
        EDGES: {"role": "edge", "load_balancing": "dns"},
    }
    common = {
        "lync_client_networks": ["127.40.0.0/16"],
        "lync_version": "2013",
        "lync_pools": pools,
        "lync_dns_servers": [{"address": SERVER, "port": DNS_PORT, "zones": ["contoso.com"]}],
        "lync_row_overrides": [{"select": " && ".join(f"id!='{row}'" for row in ROWS), "set": {"enabled": False}}],
    }
    groups = {
        "frontend": {
            name: {"ansible_host": address, "lync_pool": POOL} for name, address in (("fe01", FE01), ("fe02", FE02))
        },
        "edge": {"edge01": {"ansible_host": EDGE, "lync_pool": EDGES, "lync_external_addresses": OUTSIDE}},
        "reverse_proxy": {"rp01": {"ansible_host": PROXY, "lync_platform": "linux", **LOCAL}},
        "load_balancers": {"lb01": {"ansible_host": "127.31.0.5", "lync_managed": False}},
    }
    return {"all": {"vars": common, "children": {name: {"hosts": hosts} for name, hosts in groups.items()}}}


@dataclass
class World:
    """The deployment, its servers, and what a test may break and mends again."""

    site: SiteLab
    servers: Servers
    directory: pathlib.Path
    members: dict[int, list[tuple[str, int]]] = field(
        default_factory=lambda: {port: [(FE01, port), (FE02, port)] for port in (5061, 4443)}
    )
    records: dict[tuple[str, str], list[str]] = field(
        default_factory=lambda: {(POOL, "A"): [VIP], (EDGES, "A"): [EDGE]}
    )

    def verify(self, *more: str, closed: int = 0) -> Played:
        """Run the playbook; closed: ports that should be closed per pair. No firewall closes what listens here."""
        settings = (f"lync_report_dir={self.directory}", "lync_probe_seconds=1", f"lync_probe_closed={closed}", *more)
        arguments = [part for text in settings for part in ("-e", text)]
        return self.site.playbook("verify", *arguments)

    def report(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.directory / "verify.json").read_text(encoding="utf-8"))
        jsonschema.validate(document, SCHEMA)
        return document

    def wrong(self) -> dict[tuple[str, str, int], tuple[str, str]]:
        """Return verdict and cause of what is not as expected, by source, address and port."""
        found = [item for item in self.report()["probes"] if not item["as_expected"]]
        return {(item["source"], item["address"], item["port"]): (item["verdict"], item["cause"]) for item in found}

    def start(self) -> None:
        """Start all that the plan says should listen."""
        for address in (FE01, FE02):
            self.servers.tls(address, 5061, certificate([POOL, "fe.contoso.com"]))
            self.servers.tls(address, 4443, certificate(["*.contoso.com"]))
        self.servers.tls(EDGE, 5061, certificate([EDGES]))
        self.servers.tcp(EDGE, 8057)
        self.servers.udp(EDGE, 3478, stun_answer)
        self.balance(self.servers)

    def balance(self, servers: Servers) -> None:
        """Start the balancer, which knows its members, and the DNS server."""
        for port in self.members:
            servers.forward(VIP, port, lambda port=port: self.members[port])  # type: ignore[misc]
        servers.dns(SERVER, DNS_PORT, self.records)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("verify")
    with SiteLab(saved(directory, inventory()), directory / "lab") as site, Servers() as servers:
        made = ok(site.playbook("site", "--tags", "firewall", "-e", "lync_verify=true", "-e", "lync_probe_seconds=1"))
        # Nobody listens yet, before the change or after it.
        probes = summary(made)["probes"]
        assert probes["broken"] == [] and probes["asked"] - probes["as_expected_after"] == len(probes["wrong"]) > 0
        assert any("refused before, refused after" in line for line in probes["wrong"])
        yield World(site, servers, directory / "report")


@pytest.mark.slow
def test_before_the_product_is_installed_temporary_listeners_answer_and_are_gone_afterwards(world: World) -> None:
    with Servers() as servers:
        world.balance(servers)
        played = world.verify("lync_probe_listeners=true")
    assert (played.status, world.wrong()) == (0, {}), played.output
    report = world.report()
    asked = [item for item in report["probes"] if item["expected"] == "open" and item["kind"] != "dns"]
    assert asked and all(item["temporary_listener"] for item in asked)
    hosts = {item["host"]: item for item in report["hosts"]}
    assert f"udp {EDGE} 3478" in hosts["edge01"]["temporary_listeners"]
    assert all(item["temporary_listeners_closed"] for item in report["hosts"])
    # Gone: now nobody listens anywhere.
    assert world.verify().status == 2
    assert world.wrong()["fe02", FE01, 5061] == ("refused", "listener absent: nothing listens on TCP 5061 of fe01")


@pytest.mark.slow
@pytest.mark.no_cover
def test_rules_of_windows_hosts_are_named_as_causes_and_a_host_that_cannot_be_asked_hides_no_other(
    world: World,
) -> None:
    """All other faults are in tests/packets/test_verify.py."""
    world.start()
    break_rules(world)
    played = world.verify(closed=1)
    open_all_the_same = {
        key: told for key, told in world.wrong().items() if told[0] == "open although it should not be"
    }
    assert (played.status, {key: told for key, told in world.wrong().items() if key not in open_all_the_same}) == (
        2,
        expected(),
    ), played.output
    assert (
        open_all_the_same["rp01", FE02, 5061][1]
        == "no rule of the plan lets it in: a rule of somebody else does, or the firewall is off"
    )
    probes = world.report()["probes"]
    kinds = {(item["kind"], item["expected"], bool(item["service"])) for item in probes}
    assert {("tls", "open", False), ("tls", "open", True), ("stun", "open", False), ("dns", "open", False)} <= kinds
    assert {item["source"] for item in probes} == {"fe01", "fe02", "edge01", "rp01"}
    assert world.report()["counts"]["closed as expected"] > 2
    # The table of the screen wraps its cells.
    assert "rule scoped" in printed(played, REPORTED)
    recap = played.output.split("PLAY RECAP", 1)[1]
    assert "failed=1" in next(line for line in recap.splitlines() if line.startswith("fe01"))

    world.site.lab.stores["fe02"].set_faults(unreachable=True)
    played = world.verify()
    assert played.status == 2
    assert "Not all could be told of this device" in played.output
    assert {item["verdict"] for item in world.report()["probes"] if item["source"] == "fe02"} == {"could not tell"}
    assert ("edge01", FE01, 5061) in world.wrong()


def break_rules(world: World) -> None:
    """Rules that are missing, scoped and disabled, whose ports drop."""
    stores, servers = world.site.lab.stores, world.servers
    tamper.remove(stores["fe01"], SIP)
    tamper.change(stores["edge01"], EDGE_SIP, {"remoteip": "192.0.2.0/255.255.255.0"})
    tamper.change(stores["edge01"], CONFERENCING, {"enabled": False})
    for address, port in ((FE01, 5061), (EDGE, 5061), (EDGE, 8057)):
        servers.stop(address, port)
        servers.drop(address, port)
    # The balancer has noticed.
    world.members[5061] = [(FE02, 5061)]


def expected() -> dict[tuple[str, str, int], tuple[str, str]]:
    """Return what these faults come to, from every host that asks."""
    found: dict[tuple[str, str, int], tuple[str, str]] = {}
    for source in ("fe01", "fe02"):
        found[source, EDGE, 5061] = (
            "filtered",
            f"rule scoped to other addresses: {EDGE_SIP} of edge01 admits 192.0.2.0/24, should admit {SIP_PEERS}",
        )
        found[source, EDGE, 8057] = ("filtered", f"rule disabled: {CONFERENCING} of edge01")
    for source in ("fe02", "edge01"):
        found[source, FE01, 5061] = ("filtered", f"no rule on the host: {SIP} is missing on fe01")
    return found


@pytest.mark.no_cover
@pytest.mark.skipif(not PWSH, reason="LYNC_PWSH does not name a PowerShell 7")
def test_the_powershell_module_probes_and_listens_behind_the_wire(lab: Lab) -> None:
    lab.executor = PowerShellExecutor(PWSH)
    lab.start({"fe01": {"addresses": ["127.4.0.11"], "seed": "empty"}})
    module = "msuc.lync.windows_probe_remote"
    probes = [
        {
            "id": "0",
            "kind": "tcp",
            "address": "127.4.0.11",
            "port": 45061,
            "source": "127.4.0.12",
            "hold_milliseconds": 1000,
        }
    ]
    listen = {
        "operation": "listen",
        "listen": [{"protocol": "tcp", "address": "127.4.0.11", "port": 45061}],
        "listen_seconds": 60,
    }
    tasks = [
        {"name": "Listen", module: listen, "register": "opened"},
        {"name": "Probe", module: {"operation": "probe", "probes": probes}},
        {"name": "Close", module: {"operation": "close", "token": "{{ opened.token }}"}},
    ]
    played = lab.play(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    opened, probed, closed = (record["result"] for record in played.of("fe01"))
    assert opened["opened"] == ["tcp 127.4.0.11 45061"], played.output
    assert [(answer["state"], answer["answer"]) for answer in probed["answers"]] == [
        ("open", base64.b64encode(BANNER).decode())
    ]
    assert "tcp 127.4.0.11 45061" in probed["listeners"]
    assert closed["changed"] is True
