# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exemptions as scripts for whoever may run them."""

from __future__ import annotations

from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.exemption import (
    exemptions_from_options,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.export import scripts
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule

UDP = {"name": "Lync exempt media (UDP)", "protocol": "udp", "localip": ["10.1.0.11"], "description": "Media."}


OWN = "msuc.lync"


def one(**options: Any) -> Rule:
    return exemptions_from_options([{**UDP, **options}])[0]


def test_the_scripts_of_a_host_have_the_same_exemptions() -> None:
    texts = scripts("fe01", OWN, [one()])
    assert sorted(texts) == ["fe01-ipsec-gpo.ps1", "fe01-ipsec-static.txt", "fe01-ipsec.txt"]
    assert "New-NetIPsecRule -GPOSession $session @want" in texts["fe01-ipsec-gpo.ps1"]
    assert "NetFirewallRule" not in texts["fe01-ipsec-gpo.ps1"]
    assert "LocalAddress = @('10.1.0.11')" in texts["fe01-ipsec-gpo.ps1"]
