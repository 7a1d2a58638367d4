# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A deployment that runs is adopted as docs/firewall-rules.md says, to its last step, and nobody is cut off."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet, PortSet

from tests.lab.lab import ROOT, Played
from tests.lab.site_lab import SiteLab
from tests.lab.summaries import summary
from tests.lab.test_site import BALANCERS, deployment, ok, saved
from tests.simulators.firewall_store import CONTROLLER, WINRM_PORT

pytestmark = pytest.mark.no_cover

PAGE = ROOT / "docs" / "firewall-rules.md"
FRONT_ENDS = {
    f"fe{number}": {"ansible_host": f"10.1.0.{number}", "lync_pool": "pool01.contoso.com"} for number in (11, 12)
}
POOL = {
    "role": "frontend", "load_balancing": "dns", "balancer": "lb01", "web_vip": "10.1.0.101",
    "sql": {"hosts": ["sql01"], "port": 1433}, "file_share": {"hosts": ["fs01"]},
}  # fmt: skip
GROUPS = {
    "frontend": FRONT_ENDS, "load_balancers": BALANCERS,
    "back_end": {"sql01": {"ansible_host": "10.1.0.81", "lync_managed": True}},
    "file_servers": {"fs01": {"ansible_host": "10.1.0.94", "lync_managed": True}},
    "edge": {"edge01": {"ansible_host": "10.2.0.21", "lync_pool": "edge01.contoso.com",
             "lync_external_addresses": dict.fromkeys(("access", "web_conferencing", "av"), "203.0.113.21")}},
    "admin_hosts": {"adm01": {"ansible_host": "10.9.0.10"}},
}  # fmt: skip
# Who is connected to what, on a day of work: (port, from) by host.
CONNECTED = {
    "fe11": [(5061, "10.10.3.4"), (5061, "10.1.0.12"), (444, "10.1.0.12"), (443, "10.10.3.4"), (5061, "10.2.0.21")],
    "fe12": [(5061, "10.10.3.5"), (444, "10.1.0.11"), (5061, "10.1.0.5")],
    "sql01": [(1433, "10.1.0.11"), (1433, "10.1.0.12"), (1433, "10.9.0.10")],
    "fs01": [(445, "10.1.0.11"), (445, "10.9.0.10")],
}


def documented() -> list[str]:
    """Return what the page lets setup lose."""
    (block,) = re.findall(r"```yaml\n\s+(lync_unprotected_rules: .*)\n", PAGE.read_text(encoding="utf-8"))
    names: list[str] = yaml.safe_load(block)["lync_unprotected_rules"]
    return names


@pytest.fixture
def running(tmp_path: pathlib.Path) -> Iterator[SiteLab]:
    """Return a lab of a deployment at work, with the rules of its setup, in which nothing of ours is yet."""
    pools = {"pool01.contoso.com": POOL, "edge01.contoso.com": {"role": "edge"}}
    common = {"lync_pools": pools, "lync_unprotected_rules": documented()}
    master = {"lync_central_management_pool": "pool01.contoso.com"}
    with SiteLab(saved(tmp_path, deployment(GROUPS, **common, **master)), tmp_path / "lab") as lab:
        for host, connected in CONNECTED.items():
            connect(lab, host, connected)
        yield lab


def connect(site: SiteLab, host: str, connected: list[tuple[int, str]]) -> None:
    store = site.lab.stores[host]
    document = store.read()
    address = document["addresses"][0]
    managed = [(WINRM_PORT, CONTROLLER)]
    document["connections"] = [f"{address} {port} {peer}" for port, peer in managed + connected]
    document["listeners"] = [f"0.0.0.0 {port}" for port in sorted({port for port, _peer in managed + connected})]
    if host in ("sql01", "fs01"):
        document["rules"] = [rule for rule in document["rules"] if not is_of_front_ends(rule["Name"])]
    store.write(document)


def is_of_front_ends(name: str) -> bool:
    """Return whether a rule is of servers with the product, or admits on ports that nobody can tell."""
    return name.startswith("CS ") or "IPHTTPS" in name


def adopt(site: SiteLab) -> Played:
    """Take the steps of the page; returns the last run."""
    ok(site.playbook("site", "--check"))
    ok(site.playbook("site"))
    return site.playbook("site", "-e", "lync_firewall_state=overridden")


def enabled(site: SiteLab, host: str) -> list[dict[str, Any]]:
    found = site.rules(host) + site.foreign(host)
    return [rule for rule in found if rule["Enabled"] and rule["Direction"] == 1 and rule["Action"] == 1]


def admits(rule: dict[str, Any], port: int, peer: str) -> bool:
    """Return whether a rule admits a TCP connection; "LocalSubnet" and other words admit nobody here."""
    if rule["Protocol"] not in (6, 256):
        return False
    ports, peers = (str(rule.get(key) or "*") for key in ("LocalPorts", "RemoteAddresses"))
    try:
        is_port = ports == "*" or PortSet.of(port) <= PortSet.parse(ports.split(","))
        texts = [re.sub(r"/255\.255\.255\.255$", "", text) for text in peers.split(",")]
        return is_port and (peers == "*" or AddressSet.parse([peer]) <= AddressSet.parse(texts))
    except ValueError:
        return False


def test_the_example_of_the_page_is_taken_to_its_end_and_cuts_nobody_off(running: SiteLab) -> None:
    last = ok(adopt(running))
    assert summary(last)["verdict"] == "DONE"
    impacts = [impact for each in last.results for impact in each["result"].get("connection_impact", ())]
    # Whoever manages the hosts stays connected by the rule of Windows, which names a program.
    assert [each for each in impacts if each["kind"] == "peers" and each["port"] != WINRM_PORT] == []
    names = set(documented())
    assert {rule["Name"] for host in CONNECTED for rule in running.foreign(host) if not rule["Enabled"]} >= names
    assert {rule["Name"] for host in CONNECTED for rule in enabled(running, host)}.isdisjoint(names)
    for host, connected in CONNECTED.items():
        lost = [each for each in connected if not any(admits(rule, *each) for rule in enabled(running, host))]
        assert lost == [], host
    strangers = [(port, "192.0.2.7") for port in (5061, 1433)]
    assert not [each for each in strangers for rule in enabled(running, "sql01") if admits(rule, *each)]


def test_whoever_only_setup_admits_is_named_and_not_cut_off_until_somebody_accepts_it(
    running: SiteLab, tmp_path: pathlib.Path
) -> None:
    connect(running, "sql01", [*CONNECTED["sql01"], (1433, "10.33.0.7")])
    ok(running.playbook("site"))
    refused = running.playbook("site", "-e", "lync_firewall_state=overridden")
    assert refused.status == 2 and "10.33.0.7" in refused.output
    assert "OCS SQL RTC Access" in {rule["Name"] for rule in enabled(running, "sql01")}
    overridden = ("-e", "lync_firewall_state=overridden")
    running.playbook("site", *overridden, "--check", "-e", f"lync_report_dir={tmp_path / 'reports'}")
    ok(running.playbook("site", *overridden, "-e", f"@{tmp_path / 'reports' / 'accept.yml'}"))
    assert "OCS SQL RTC Access" not in {rule["Name"] for rule in enabled(running, "sql01")}
