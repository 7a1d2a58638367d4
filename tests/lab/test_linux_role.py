# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""site.yml and drift.yml with a Linux balancer that is this machine in a network namespace: open, close, drift."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from ..simulators.netns import entered, namespace, needs_namespaces
from .lab import ROOT, Lab, Played
from .summaries import outcomes

# Its plugins are measured in test_nftables.
pytestmark = [needs_namespaces, pytest.mark.no_cover]

POOL = "pool01.contoso.com"


def inventory(path: Path, folder: Path, **balancer: object) -> Path:
    """Write a deployment of one pool whose members nobody manages, and of a balancer that is this machine."""
    members = {
        f"fe0{number}": {"ansible_host": f"10.1.0.1{number}", "lync_pool": POOL, "lync_managed": False}
        for number in (1, 2)
    }
    unit: dict[str, object] = {
        "ansible_host": "10.1.0.5", "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "lync_balancer_driver": "haproxy", "lync_balancer_addresses": ["10.1.0.5"], "lync_management_rule": True,
        "lync_linux_path": str(folder / "lync.nft"), **balancer,
    }  # fmt: skip
    row = {"select": "id != 'fe-sip-tls' && id != 'fe-focus'", "set": {"enabled": False}}
    common: Mapping[str, object] = {
        "lync_version": "2015", "lync_client_networks": ["10.10.0.0/16"], "lync_management_networks": ["10.9.0.0/24"],
        "lync_row_overrides": [row],
        "lync_pools": {POOL: {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": "10.1.0.100"}},
    }  # fmt: skip
    children = {"frontend": {"hosts": members}, "load_balancers": {"hosts": {"lb01": unit}}}
    path.write_text(json.dumps({"all": {"vars": common, "children": children}}))
    return path


def test_site_and_drift(tmp_path: Path) -> None:
    lab, folder = Lab(tmp_path), tmp_path / "etc"
    (tmp_path / "lab.json").write_text('{"all": {}}', encoding="utf-8")
    hosts = inventory(tmp_path / "hosts.json", folder)
    with namespace("role", "10.1.0.5/24") as name, entered(name):

        def played(playbook: str, *arguments: str) -> Played:
            file = ROOT / "playbooks" / f"{playbook}.yml"
            return lab.play(file, "-i", str(hosts), "--tags", "linux_firewall", *arguments)

        def nft(*arguments: str) -> str:
            return subprocess.run(["nft", *arguments], capture_output=True, text=True, check=True).stdout

        checked = played("site", "--check", "--diff")
        assert checked.status == 0 and outcomes(checked, "nftables")["lb01"][:2] == ("changed", 3), checked.output
        assert nft("list", "ruleset") == ""
        site = played("site")
        assert site.status == 0 and outcomes(site, "nftables")["lb01"][0] == "changed", site.output
        table = nft("list", "table", "inet", "msuc_lync")
        assert "policy drop" in table and "tcp dport 5061" in table and (folder / "lync.nft").exists()
        again = played("site")
        assert "1 device unchanged: lb01" in again.output, again.output
        assert nft("list", "table", "inet", "msuc_lync") == table
        nft("flush", "chain", "inet", "msuc_lync", "allowed_in")
        drift = played("drift")
        assert drift.status == 2 and f"Lync fe-sip-tls of {POOL} (TCP in): missing" in drift.output, drift.output
        mended = played("drift", "-e", "lync_remediate=true")
        assert mended.status == 0 and nft("list", "table", "inet", "msuc_lync") == table, mended.output
        inventory(hosts, folder, lync_member_state="retired")
        gone = played("site")
        assert gone.status == 0 and nft("list", "ruleset") == "" and not (folder / "lync.nft").exists(), gone.output
