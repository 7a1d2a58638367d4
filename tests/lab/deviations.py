# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Damages simulated hosts in every way that a drift report has a class for, and tells what the report must say.

    expected = inject(lab.stores, 500, random.Random(7))
    expected == {"fe0001": {("Lync fe-sip-tls (TCP in)", "disabled"), ...}, ...}

Rules of others stay as they are; with all classes the hosts must not hold any yet.
A rule is damaged once at most, so that each deviation is one line of the report and no other.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..simulators.firewall_store import FirewallStore
from .site_lab import GROUP

TCP, ALLOW, BLOCK, INBOUND = 6, 1, 0, 1
FIRST_EXTRA_PORT = 30000
Rule = dict[str, Any]
Rules = list[Rule]


def _missing(rules: Rules, rule: Rule, _number: int) -> None:
    rules.remove(rule)


def _disabled(_rules: Rules, rule: Rule, _number: int) -> None:
    rule["Enabled"] = False


def _changed(_rules: Rules, rule: Rule, number: int) -> None:
    """Change a port, the peers or the profiles, in turn."""
    rule.update(
        (
            {"LocalPorts": f"{rule['LocalPorts']},9999"},
            {"RemoteAddresses": "10.10.0.7/255.255.255.255"},
            {"Profiles": 1},
        )[number % 3]
    )


def _extra(rules: Rules, rule: Rule, number: int) -> None:
    rules.append({**rule, "Name": extra_name(number), "LocalPorts": str(FIRST_EXTRA_PORT + number), "id": _id(number)})


def _duplicate(rules: Rules, rule: Rule, number: int) -> None:
    rules.append({**rule, "id": _id(number)})


def _ineffective(rules: Rules, rule: Rule, number: int) -> None:
    """Let somebody block what the rule allows: a block stands before every allow."""
    rules.append(
        {
            **rule,
            "Name": f"Theirs {number}",
            "Grouping": None,
            "Action": BLOCK,
            "RemoteAddresses": "*",
            "id": _id(number),
        }
    )


def _shadowed(rules: Rules, rule: Rule, number: int) -> None:
    """Let somebody allow more than the rule does."""
    rules.append({**rule, "Name": f"Theirs {number}", "Grouping": None, "RemoteAddresses": "*", "id": _id(number)})


WAYS: Mapping[str, Callable[[Rules, Rule, int], None]] = {
    "missing": _missing, "disabled": _disabled, "changed": _changed, "extra": _extra, "duplicate": _duplicate,
    "ineffective": _ineffective, "shadowed": _shadowed,
}  # fmt: skip


REPAIRABLE = tuple(kind for kind in WAYS if kind not in ("ineffective", "shadowed"))


def inject(
    stores: Mapping[str, FirewallStore], number: int, chance: random.Random, classes: Sequence[str] = tuple(WAYS)
) -> dict[str, set[tuple[str, str]]]:
    """Damage so many rules of the hosts, classes in turn.

    Return per host the names and classes that a report must tell.
    """
    documents = {host: store.read() for host, store in stores.items()}
    free = {
        host: [rule for rule in document["rules"] if _is_plain(rule, document["rules"])]
        for host, document in documents.items()
    }
    expected: dict[str, set[tuple[str, str]]] = {}
    for turn in range(number):
        kind = classes[turn % len(classes)]
        host = chance.choice(sorted(host for host, rules in free.items() if rules))
        rule = free[host].pop(chance.randrange(len(free[host])))
        WAYS[kind](documents[host]["rules"], rule, turn)
        expected.setdefault(host, set()).add((extra_name(turn) if kind == "extra" else rule["Name"], kind))
    for host in expected:
        stores[host].write(documents[host])
    return expected


def told(report: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, set[tuple[str, str]]]:
    """Return what the document of a report tells of hosts beyond an earlier one, in the form of inject's answer.

    Rules of one plan shadow each other too: media ports lie within those of dynamic RPC.
    """
    already = told(before) if before else {}
    found = {
        device["device"]: {(item["name"], item["class"]) for item in device["deviations"]}
        for device in report["devices"]
    }
    lines = Counter(device["device"] for device in report["devices"] for _item in device["deviations"])
    if any(lines[host] != len(items) for host, items in found.items()):
        raise AssertionError("the report tells something twice")
    return {host: items - already.get(host, set()) for host, items in found.items() if items - already.get(host, set())}


def extra_name(turn: int) -> str:
    """Return the name of a rule that nobody planned."""
    return f"Lync test {turn}"


def _id(number: int) -> str:
    return f"{{00000000-0000-0000-0000-{number:012}}}"


def _is_plain(rule: Rule, rules: Rules) -> bool:
    """Return whether a rule is ours, admits to one TCP port from some peers, and no other one of ours is about that
    port.
    """
    own = [other for other in rules if other["Grouping"] == GROUP]
    about = [
        other
        for other in own
        if other["Protocol"] == TCP
        and other["Direction"] == INBOUND
        and _covers(other["LocalPorts"], rule["LocalPorts"])
    ]
    return rule in about and len(about) == 1 and rule["LocalPorts"].isdigit() and rule["RemoteAddresses"] != "*"


def _covers(ports: str, port: str) -> bool:
    """Return whether a text of ports has a port in it; words may mean any."""
    if not port.isdigit():
        return True
    spans = [part.partition("-") for part in ports.split(",")]
    return any(not low.isdigit() or int(low) <= int(port) <= int(high or low) for low, _dash, high in spans)
