# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The states of msuc.lync.windows_ipsec_exemptions that need no host: parsed and rendered.

offline_result({"state": "rendered", "exemptions": [{"name": "...", ...}]})
== {"rendered": ["v2.10|Action=DoNotSecure|..."], "netsh": "advfirewall consec add rule ...", "legacy_script": "ipsec static add ...", ...}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..options import OWNED_GROUP
from ..reconcile import listed_mappings
from ..windows.offline import given_dump
from . import legacy, netsh
from .exemption import exemptions_from_options, to_options
from .strings import parse_exemptions, render_exemption

POLICY_NAME = "Lync exemptions"
Options = Mapping[str, object]


def offline_result(options: Options) -> dict[str, object]:
    """Return the result of a task with state parsed or rendered; raises InvalidInputError with every problem of the input."""
    return {"changed": False, **_STATES[str(options["state"])](options)}


def _parsed(options: Options) -> dict[str, object]:
    dump = given_dump(options)
    # A text holds nothing but rules; a dump of a host has these beside the firewall's.
    parsed = parse_exemptions(dump.rules if options.get("path") is None else dump.connection_security)
    parsed.raise_refused()
    return {"parsed": [{**to_options(stored.rule), "id": stored.rule_id} for stored in parsed.rules]}


def _rendered(options: Options) -> dict[str, object]:
    rules = exemptions_from_options(listed_mappings(options.get("exemptions")), str(options.get("group") or OWNED_GROUP))
    policy = legacy.policy_of(rules, POLICY_NAME)
    return {
        "rendered": [render_exemption(rule) for rule in rules],
        "netsh": netsh.script_of(rules),
        "legacy_script": legacy.render_policy(policy),
        "not_rendered": list(policy.not_rendered),
    }


_STATES: Mapping[str, Callable[[Options], dict[str, object]]] = {"parsed": _parsed, "rendered": _rendered}
