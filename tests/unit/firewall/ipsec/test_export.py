# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exemptions as scripts for whoever may run them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec import legacy
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.exemption import (
    exemptions_from_options,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.export import scripts
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.script_texts import GROUP_POLICY_SCRIPT
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.scripts import script_text

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


BREAKS = ["media\nadvfirewall set allprofiles state off\n#", "a\rb", 'a"b', "a\x00b", "a\x85b", "a\u2028b", "a\n"]


@pytest.mark.parametrize("text", BREAKS)
@pytest.mark.parametrize("option", ["name", "description"])
def test_no_text_ends_a_line_or_a_value_of_a_script(option: str, text: str) -> None:
    with pytest.raises(InvalidInputError, match=f"{option}: a script of netsh takes no control characters"):
        scripts("fe01", OWN, [one(**{option: text})])
    policy = legacy.policy_of([one(**{option: text})], "P")
    assert policy.lists == ()
    nothing = legacy.render_policy(legacy.policy_of([], "P"))
    assert len(legacy.render_policy(policy).splitlines()) == len(nothing.splitlines()) + 1


def test_a_text_that_is_filled_in_is_no_place_for_another() -> None:
    """A host name was filled in first, and the rules into what looked like their place in it."""
    name = "@RULES@ @HOST@ @GROUP@"
    text = script_text(GROUP_POLICY_SCRIPT, "fe01", "@RULES@", [{"DisplayName": name}])
    assert f"DisplayName = '{name}'" in text and "$group = '@RULES@'" in text and "$hostName = 'fe01'" in text


@pytest.mark.parametrize("host", ["fe01@RULES@", "fe01\n", "../fe01", "fe01'", "", ".fe01", "fe\u202e01"])
def test_a_host_name_that_cannot_be_that_of_a_file_is_refused(host: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot name a script"):
        scripts(host, OWN, [one()])
    assert scripts("fe01.contoso.com", OWN, [one()]) and scripts("Front End (1)", OWN, [one()])
