# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""site.yml with a real HAProxy and nginx on this machine: check mode, a member that drains, what nginx carried once.

The rest is molecule/balancer.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from ansible_collections.msuc.lync.plugins.module_utils._balancer_files import waited
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx.driver import file_text

from ..simulators.proxies import (
    MEMBERS,
    NET,
    POOL,
    VIP,
    Members,
    Proxy,
    greeted,
    needs_haproxy,
    needs_nginx,
    running_haproxy,
    running_nginx,
    services,
)
from .lab import READY, ROOT, Lab, Played
from .summaries import outcomes, summary

BALANCED: Mapping[str, object] = {"load_balancing": "hlb", "balancer": "lb01", "vip": VIP}
BY_DNS: Mapping[str, object] = {"load_balancing": "dns", "web_vip": VIP}


def programs(proxy: Proxy, beside: Proxy | None) -> dict[str, object]:
    """Return the variables of a balancer that say where HAProxy is, and nginx beside it."""
    found: dict[str, object] = {
        "lync_balancer_driver": "haproxy",
        "lync_balancer_path": str(proxy.path),
        "lync_balancer_master_socket": str(proxy.fixed["master_socket"]),
    }
    if beside is None:
        return found
    options = {name: str(beside.fixed[name]) for name in ("config", "pid_file")}
    return {**found, "lync_balancer_udp_path": str(beside.path), "lync_balancer_options": options}


def inventory(
    path: Path,
    proxy: Proxy,
    pool: Mapping[str, object] | None = None,
    beside: Proxy | None = None,
    **more: Mapping[str, object],
) -> Path:
    """Write a deployment of one pool whose members nobody manages, and of a balancer that is this machine."""
    member = {"lync_pool": POOL, "lync_managed": False}
    members = {
        f"fe0{number}": {"ansible_host": f"{NET}.1{number}", **member, **more.get(f"fe0{number}", {})}
        for number in (1, 2)
    }
    balancer = {
        "ansible_host": f"{NET}.5",
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "lync_balancer_addresses": [f"{NET}.5"],
        **programs(proxy, beside),
    }
    row = {"select": "id != 'fe-sip-tls'", "set": {"enabled": False}}
    common = {
        "lync_version": "2015",
        "lync_client_networks": ["127.0.0.0/16"],
        "lync_management_networks": ["127.0.1.0/24"],
        "lync_row_overrides": [row],
        "lync_pools": {POOL: {"role": "frontend", **(pool or BALANCED)}},
    }
    children = {"frontend": {"hosts": members}, "load_balancers": {"hosts": {"lb01": balancer}}}
    path.write_text(json.dumps({"all": {"vars": common, "children": children}}), encoding="utf-8")
    return path


@needs_haproxy
def test_check_mode_and_a_member_that_drains(tmp_path: Path) -> None:
    with running_haproxy(tmp_path / "proxy") as proxy, Members(MEMBERS[:2], (5061,)):
        lab = Lab(tmp_path)
        (tmp_path / "lab.json").write_text('{"all": {}}', encoding="utf-8")
        hosts = inventory(tmp_path / "hosts.json", proxy)

        def played(name: str, *arguments: str) -> Played:
            return lab.play(
                ROOT / "playbooks" / f"{name}.yml", "-i", str(hosts), "--tags", "load_balancer", *READY, *arguments
            )

        checked = played("site", "--check", "--diff")
        assert checked.status == 0 and outcomes(checked, "load_balancer")["lb01"] == ("changed", 1, 0, 0), (
            checked.output
        )
        assert proxy.text() == "" and _served() != set(MEMBERS[:2])
        site = played("site")
        # Looked at again after the change: it has what it was given, and its members answer it.
        part = summary(site)["parts"][0]
        assert (part["read_again"], part["members"], part["members_up"], part["members_down"]) == (
            True,
            {"active": 2},
            2,
            [],
        ), part
        assert site.status == 0 and outcomes(site, "load_balancer")["lb01"] == ("changed", 1, 0, 0), site.output
        assert "lb01: not rendered: algorithm of 1 service: the hash" in site.output
        assert _served() == set(MEMBERS[:2])
        # A member drains by the inventory, in the running process.
        inventory(hosts, proxy, fe02={"lync_member_state": "draining"})
        assert outcomes(played("site"), "load_balancer")["lb01"] == ("changed", 0, 1, 0)
        assert _served() == {MEMBERS[0]}
        # A balancer that no pool names any more keeps nothing of ours.
        inventory(hosts, proxy, BY_DNS)
        assert outcomes(played("site"), "load_balancer")["lb01"] == ("changed", 0, 0, 1)
        assert VIP not in proxy.text() and _served() != {MEMBERS[0]}


@needs_haproxy
@needs_nginx
def test_what_nginx_carried_once_moves_to_haproxy_when_somebody_lets_it_go(tmp_path: Path) -> None:
    with (
        running_haproxy(tmp_path / "tcp") as haproxy,
        running_nginx(tmp_path / "udp") as nginx,
        Members(MEMBERS[:2], (5061,)),
    ):
        earlier = file_text(services((5061,), members=MEMBERS[:2], idle_seconds=1800))
        nginx.path.write_text(earlier, encoding="utf-8")
        assert nginx.process
        os.kill(nginx.process.pid, signal.SIGHUP)
        assert waited(5, lambda: _served() == set(MEMBERS[:2]))
        lab = Lab(tmp_path)
        (tmp_path / "lab.json").write_text('{"all": {}}', encoding="utf-8")
        hosts = inventory(tmp_path / "hosts.json", haproxy, beside=nginx)

        def played(name: str) -> Played:
            return lab.play(ROOT / "playbooks" / f"{name}.yml", "-i", str(hosts), "--tags", "load_balancer", *READY)

        for name in ("site", "drift"):
            refused = played(name)
            assert refused.status == 2 and f"TCP services of an earlier version, on {VIP}:5061" in refused.output
            assert "belongs to process nginx" in refused.output
            assert (nginx.text(), haproxy.text(), _served()) == (earlier, "", set(MEMBERS[:2]))
        assert nginx.bring((), State.DELETED)["changed"] and _served() != set(MEMBERS[:2])
        site = played("site")
        assert site.status == 0 and outcomes(site, "load_balancer")["lb01"] == ("changed", 1, 0, 0), site.output
        assert _served() == set(MEMBERS[:2]) and VIP in haproxy.text() and not nginx.path.exists()


def _served() -> set[str]:
    return {greeted(5061, f"127.0.1.{number}") for number in range(1, 20)}
