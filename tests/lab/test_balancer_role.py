# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""site.yml with a real HAProxy or nginx on this machine: check mode, and a member that drains.

The rest is molecule/balancer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

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
)
from .lab import READY, ROOT, Lab, Played
from .summaries import outcomes, summary

BALANCED: Mapping[str, object] = {"load_balancing": "hlb", "balancer": "lb01", "vip": VIP}
BY_DNS: Mapping[str, object] = {"load_balancing": "dns", "web_vip": VIP}


def program(proxy: Proxy) -> dict[str, object]:
    """Return the variables of a balancer that say which program it is, and how it is reached."""
    if "config" not in proxy.fixed:
        return {"lync_balancer_driver": "haproxy", "lync_balancer_master_socket": str(proxy.fixed["master_socket"])}
    return {
        "lync_balancer_driver": "nginx",
        "lync_balancer_options": {name: str(proxy.fixed[name]) for name in ("config", "pid_file")},
    }


def inventory(
    path: Path, proxy: Proxy, pool: Mapping[str, object] | None = None, **more: Mapping[str, object]
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
        "lync_balancer_path": str(proxy.path),
        **program(proxy),
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

        def served() -> set[str]:
            return {greeted(5061, f"127.0.1.{number}") for number in range(1, 20)}

        checked = played("site", "--check", "--diff")
        assert checked.status == 0 and outcomes(checked, "load_balancer")["lb01"] == ("changed", 1, 0, 0), (
            checked.output
        )
        assert proxy.text() == "" and served() != set(MEMBERS[:2])
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
        assert served() == set(MEMBERS[:2])
        # A member drains by the inventory, in the running process.
        inventory(hosts, proxy, fe02={"lync_member_state": "draining"})
        assert outcomes(played("site"), "load_balancer")["lb01"] == ("changed", 0, 1, 0)
        assert served() == {MEMBERS[0]}
        # A balancer that no pool names any more keeps nothing of ours.
        inventory(hosts, proxy, BY_DNS)
        assert outcomes(played("site"), "load_balancer")["lb01"] == ("changed", 0, 0, 1)
        assert VIP not in proxy.text() and served() != {MEMBERS[0]}


@needs_nginx
def test_nginx_alone_is_the_load_balancer_of_the_summary(tmp_path: Path) -> None:
    """What a second program beside HAProxy would be is the first one here: its result is expected, and found."""
    with running_nginx(tmp_path / "proxy") as proxy, Members(MEMBERS[:2], (5061,)):
        lab = Lab(tmp_path)
        (tmp_path / "lab.json").write_text('{"all": {}}', encoding="utf-8")
        hosts = inventory(tmp_path / "hosts.json", proxy)
        site = lab.play(ROOT / "playbooks" / "site.yml", "-i", str(hosts), "--tags", "load_balancer", *READY)
        assert site.status == 0 and outcomes(site, "load_balancer")["lb01"] == ("changed", 1, 0, 0), site.output
        assert {greeted(5061, f"127.0.1.{number}") for number in range(1, 20)} == set(MEMBERS[:2])
