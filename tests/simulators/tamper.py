# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at the firewall of a simulated host, and changes a rule by hand as an administrator would.

    python -m tests.simulators.tamper --store DIR HOST                                    shows the rules
    python -m tests.simulators.tamper --store DIR HOST --group msuc.lync                  shows those of a group
    python -m tests.simulators.tamper --store DIR HOST --rule NAME --set enabled=false    changes one
    python -m tests.simulators.tamper --store DIR HOST --rule NAME --remove               removes one
    python -m tests.simulators.tamper --store DIR HOST --rule NAME --add --set protocol=6 adds one, TCP here
    python -m tests.simulators.tamper --store DIR HOST --exemptions          shows connection security rules
    python -m tests.simulators.tamper --store DIR HOST --exemption NAME --set RemoteAddress=10.0.0.1
    python -m tests.simulators.tamper --store DIR HOST --fault access_denied=true         switches faults

Properties are those of COM; enabled, localport, remoteip and the like are understood too.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

from . import ipsec_rules, ipsec_store
from .firewall_store import NEW_RULE, FirewallStore, FwRule
from .ipsec_rules import RefusedError
from .windows_rules import ComError

_ALIASES = {
    "group": "Grouping",
    "program": "ApplicationName",
    "service": "ServiceName",
    "localport": "LocalPorts",
    "remoteport": "RemotePorts",
    "localip": "LocalAddresses",
    "remoteip": "RemoteAddresses",
    "icmp_type_code": "IcmpTypesAndCodes",
    "edge": "EdgeTraversalOptions",
    "security": "SecureFlags",
    **{name.casefold(): name for name in NEW_RULE},
}


class TamperError(Exception):
    """What was asked cannot be done; the message says why."""


def show(store: FirewallStore, group: str | None = None) -> list[dict[str, Any]]:
    """Return the rules of a host, or of one group, as COM reads them back."""
    rules = [FwRule(None, stored).values() for stored in store.read()["rules"]]
    return [rule for rule in rules if group is None or rule.get("Grouping") == group]


def change(store: FirewallStore, name: str, settings: dict[str, Any]) -> None:
    """Put properties on every rule of a name; raises TamperError when there is no such rule or property."""
    policy = store.policy()
    rules = [rule for rule in policy.rules() if rule.stored["Name"] == name]
    if not rules:
        raise TamperError(f"no rule {name!r} on {store.name}")
    for rule in rules:
        _put(rule, settings)


def add(store: FirewallStore, name: str, settings: dict[str, Any]) -> None:
    """Add a rule of a name, enabled unless told otherwise; raises TamperError when there is no such property."""
    policy = store.policy()
    rule = policy.new_rule()
    _put(rule, {"Name": name, "enabled": True, **settings})
    policy.add(rule)


def _put(rule: FwRule, settings: dict[str, Any]) -> None:
    unknown = [key for key in settings if key.casefold() not in _ALIASES]
    if unknown:
        raise TamperError(f"no property {', '.join(unknown)}")
    for key, value in settings.items():
        rule.put(_ALIASES[key.casefold()], value)


def change_exemption(store: FirewallStore, name: str, arguments: dict[str, Any]) -> None:
    """Change the connection security rules of a name; raises TamperError when there is none."""
    found = [
        rule_id
        for rule_id, text in ipsec_store.shown(store).items()
        if ipsec_rules.values(ipsec_rules.parse(text), "Name") == [name]
    ]
    if not found:
        raise TamperError(f"no exemption {name!r} on {store.name}")
    for rule_id in found:
        # The arguments of the cmdlet are texts.
        ipsec_store.IpsecPolicy(store).set(rule_id, {key: str(value) for key, value in arguments.items()})


def remove(store: FirewallStore, name: str) -> None:
    """Remove one rule of a name; raises TamperError when there is none."""
    if not any(rule.get("Name") == name for rule in show(store)):
        raise TamperError(f"no rule {name!r} on {store.name}")
    store.policy().remove(name)


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not PROPERTY=VALUE")
    return key, {"true": True, "false": False}.get(
        value.casefold(), int(value) if value.isdigit() and key.casefold() in _NUMBERS else value
    )


_WRITE_FAULTS = frozenset({"com_error_at_write", "drop_after_write", "shut_after_write"})
_NUMBERS = frozenset(name.casefold() for name, value in NEW_RULE.items() if isinstance(value, int)) | _WRITE_FAULTS


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; 1 with a message when it cannot be done."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulators.tamper", description="Look at a simulated host, or change a rule by hand."
    )
    parser.add_argument("host")
    parser.add_argument("--store", required=True, type=pathlib.Path, help="directory that holds the hosts' firewalls")
    parser.add_argument("--group", help="show the rules of this group")
    parser.add_argument("--rule", help="the rule to change")
    parser.add_argument("--set", dest="settings", type=_setting, action="append", default=[], metavar="PROPERTY=VALUE")
    parser.add_argument("--remove", action="store_true", help="remove the rule")
    parser.add_argument("--add", action="store_true", help="add the rule")
    parser.add_argument("--exemption", help="the connection security rule to change")
    parser.add_argument("--exemptions", action="store_true", help="show the connection security rules, by their ids")
    parser.add_argument(
        "--fault",
        dest="faults",
        type=lambda text: None if text == "none" else _setting(text),
        action="append",
        metavar="FAULT=VALUE",
    )
    options = parser.parse_args(arguments)
    try:
        _do(FirewallStore(options.store, options.host), options)
    except (TamperError, ComError, RefusedError, FileNotFoundError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _do(store: FirewallStore, options: argparse.Namespace) -> None:
    if options.faults is not None:
        store.set_faults(**dict(fault for fault in options.faults if fault is not None))
    elif options.exemptions:
        print(json.dumps(ipsec_store.shown(store), indent=1))
    elif options.exemption:
        change_exemption(store, options.exemption, dict(options.settings))
    elif options.remove:
        remove(store, options.rule)
    elif options.add:
        add(store, options.rule, dict(options.settings))
    elif options.settings:
        change(store, options.rule, dict(options.settings))
    else:
        print(json.dumps(show(store, options.group), indent=1))


if __name__ == "__main__":
    sys.exit(main())
