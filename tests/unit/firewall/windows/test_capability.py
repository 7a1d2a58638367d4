# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host that is older than Windows Server 2012 is told by its rules, and what it does not know is refused."""

from __future__ import annotations

from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.host_facts import GROUP_POLICY, Present
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.options import rules_from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.reconcile import missing_capabilities

WANT = rules_from_options(
    [
        {"name": "a", "remoteip": "Intranet,LocalSubnet", "security": "authenticate"},
        {"name": "b", "protocol": "udp", "localport": "Ply2Disc"},
        {"name": "c", "remoteip": "LocalSubnet", "protocol": "tcp", "localport": "RPC"},
    ]
)
OLD, NEW = Present(Rule("x"), {"Name": "x"}), Present(Rule("x"), {"Name": "x", "SecureFlags": 0})
PHRASE = "is not known to this host, which is older than Windows Server 2012"


def test_each_option_that_needs_a_newer_windows_is_named() -> None:
    problems = [str(problem) for problem in missing_capabilities(WANT, [OLD])]
    fix = "fix: leave it out on this host, or upgrade it to Windows Server 2012 or later"
    assert problems == [
        f"rule a, remoteip: Intranet {PHRASE}; {fix}",
        f"rule a, security: authenticate {PHRASE}; {fix}",
        f"rule b, localport: Ply2Disc {PHRASE}; {fix}",
    ]


def test_a_newer_host_and_one_that_cannot_tell_are_left_to_try() -> None:
    assert missing_capabilities(WANT, [OLD, NEW]) == []
    assert missing_capabilities(WANT, [Present(Rule("x"), {}, GROUP_POLICY)]) == []
