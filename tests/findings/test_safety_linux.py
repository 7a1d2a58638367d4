# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nftables on Linux hosts: what is off, what somebody else drops, what waits to be taken back (4, 5)."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from .lab import Deployment, LinuxHost, Played, given, linux_host, named, needs_namespaces, says_fine
from .options import extra, tags

pytestmark = needs_namespaces

CLEAN, PENDING = "lb00", "pending"
# What somebody does by hand, in the words of nft.
BY_HAND: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "dormant": (("add table inet msuc_lync { flags dormant ; }",),),
    "output": (("add chain inet msuc_lync output { policy drop ; }",),),
    "foreign": (
        ("add table inet theirs",),
        ("add chain inet theirs c { type filter hook input priority -10; policy accept; }",),
        ("add rule inet theirs c drop",),
    ),
}
HOSTS = (CLEAN, *BY_HAND, PENDING)
NEW_PORT = 10000


def inventory(hosts: Mapping[str, LinuxHost], **pending: object) -> dict[str, Any]:
    """Return load balancers on Linux, each of a pool whose member nobody manages; pending: variables of that host."""
    balancers, members, pools = {}, {}, {}
    for number, (name, host) in enumerate(hosts.items(), 1):
        own = {"ansible_host": f"10.1.0.{number}", "lync_balancer_driver": "haproxy", "lync_management_rule": True}
        balancers[name] = {**host.variables(), **own, **(pending if name == PENDING else {})}
        pool = f"pool{number}.contoso.com"
        members[f"fe{number}"] = {"ansible_host": f"10.1.1.{number}", "lync_pool": pool, "lync_managed": False}
        vip = f"10.1.2.{number}"
        pools[pool] = {"role": "frontend", "load_balancing": "hlb", "balancer": name, "vip": vip}
    common = {
        "lync_version": "2015",
        "lync_client_networks": ["10.10.0.0/16"],
        "lync_management_networks": ["10.9.0.0/24"],
        "lync_row_overrides": [{"select": "id != 'fe-sip-tls'", "set": {"enabled": False}}],
        "lync_pools": pools,
    }
    children = {"frontend": {"hosts": members}, "load_balancers": {"hosts": balancers}}
    return {"all": {"vars": common, "children": children}}


@dataclass(frozen=True)
class Story:
    """Runs over the hosts after somebody was there, and what each had after the last one."""

    drift: Played
    site: Played
    rulesets: Mapping[str, str]
    kept_before: Mapping[str, bytes]
    kept_after: Mapping[str, bytes]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Converge, one host cut off before it confirms; damage the others by hand, compare, and run with a new rule."""
    folder = tmp_path_factory.mktemp("linux")
    with contextlib.ExitStack() as stack:
        hosts = {
            name: stack.enter_context(linux_host(name, folder, f"10.1.0.{number}/24"))
            for number, name in enumerate(HOSTS, 1)
        }
        site = stack.enter_context(Deployment(folder / "site", inventory(hosts)))
        hosts[PENDING].unplugged.touch()
        made = site.play("site", *tags("linux_firewall"), *extra(confirm_minutes=30))
        hosts[PENDING].unplugged.unlink()
        tables = {name: host.nft("list", "table", "inet", "msuc_lync") for name, host in hosts.items()}
        given(all("tcp dport 5061" in table for table in tables.values()) and made.status != 0, made.output)
        _do(hosts)
        kept = hosts[PENDING].state_files()
        drift = site.play("drift", *tags("linux_firewall"))
        rule = {"name": "Backup agent", "protocol": "tcp", "localport": NEW_PORT, "remoteip": "10.9.0.0/24"}
        site.save(inventory(hosts, lync_extra_firewall_rules=[rule]))
        again = site.play("site", *tags("linux_firewall"))
        rulesets = {name: host.nft("list", "ruleset") for name, host in hosts.items()}
        return Story(drift, again, rulesets, kept, hosts[PENDING].state_files())


def _do(hosts: Mapping[str, LinuxHost]) -> None:
    for name, commands in BY_HAND.items():
        before = hosts[name].nft("list", "ruleset")
        for command in commands:
            hosts[name].nft(*command)
        given(hosts[name].nft("list", "ruleset") != before, f"nft took nothing of {commands}")


@pytest.mark.parametrize("name", BY_HAND)
def test_5_drift_sees_the_whole_table_and_who_else_drops(story: Story, name: str) -> None:
    assert story.drift.status == 2 and named(story.drift, name), story.drift.output
    assert not named(story.drift, CLEAN)


@pytest.mark.parametrize(
    ("name", "wrong"), [("dormant", "flags dormant"), ("output", "hook output priority filter; policy drop")]
)
def test_5_a_run_sets_right_what_is_ours(story: Story, name: str, wrong: str) -> None:
    assert wrong not in story.rulesets[name], story.site.output


def test_5_a_run_is_not_done_where_somebody_else_drops_all(story: Story) -> None:
    assert named(story.site, "foreign") and not says_fine(story.site), story.site.output
    assert "table inet theirs" in story.rulesets["foreign"]


def test_4_drift_sees_what_waits_to_be_taken_back(story: Story) -> None:
    assert named(story.drift, PENDING), story.drift.output


def test_4_a_run_writes_nothing_while_a_change_waits_to_be_taken_back(story: Story) -> None:
    assert story.site.status == 2 and not says_fine(story.site), story.site.output
    assert f"dport {NEW_PORT}" not in story.rulesets[PENDING]


def test_4_what_comes_back_is_not_overwritten(story: Story) -> None:
    assert story.kept_before and story.kept_after == story.kept_before
