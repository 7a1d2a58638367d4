# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which addresses an inventory knows, and so does not hold for vanished."""

from __future__ import annotations

from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.known_addresses import known_addresses
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost

from .examples import NAMES, example


def known(**variables: object) -> tuple[str, ...]:
    return known_addresses({"fe01": InventoryHost("fe01", ("anybody",), variables)}, []).to_text()


def test_addresses_of_all_variables_are_known_whatever_the_host_is() -> None:
    assert known(ansible_host="10.1.0.11", lync_pools={"p": {"vip": "10.1.0.100"}}) == ("10.1.0.11", "10.1.0.100")
    assert known(lync_client_networks="10.10.0.0/16, 2001:db8::/64") == ("10.10.0.0/16", "2001:db8::/64")


def test_what_admits_everybody_names_nobody() -> None:
    assert known(lync_extra_firewall_rules=[{"remoteip": ["any", "0.0.0.0/0", "::/0"]}]) == ()


def test_what_a_run_is_asked_for_is_not_known_for_that() -> None:
    assert known(lync_gone=["10.1.0.99"], lync_accept={"items": [{"object": "10.1.0.99"}]}) == ()


def test_every_address_of_every_rule_is_known() -> None:
    for name in NAMES:
        plan = compile_inventory(example(name))
        rules = [rule for host in plan.hosts.values() for rule in host.firewall_rules]
        wanted = AddressSet.parse(text for rule in rules for text in rule.remoteip if text not in ("any", "0.0.0.0/0"))
        assert wanted <= AddressSet.parse(plan.known_addresses)
