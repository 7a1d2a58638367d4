# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what a host wants beside the port catalogue: rules of other roles, and ports of management.

extra_rules([{"name": "Backup agent", "protocol": "tcp", "localport": "10000", "remoteip": "10.9.0.0/24"}], at)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._base.errors import InvalidInputError, one_of
from .._firewall.options import OWNED_GROUP, rules_from_options
from .._firewall.rule import Rule
from .fields import At, Fault, check_host_bits, items, raw_mappings
from .model import Platform

# How the plan's own rules are called, "Lync fe-sip-tls (TCP in)": such names are kept free, also for rows that are
# still to come.
_OWN_START, _OWN_ENDS = "Lync ", tuple((protocol, way) for protocol in ("TCP", "UDP") for way in ("in", "out"))
_SCOPES = ("localip", "remoteip", "localport", "remoteport")
# What each way to a host listens on unless ansible_port says otherwise.
_WINRM_PORTS, _SSH_PORTS = (5985, 5986), (22,)


def extra_rules(raw: object, at: At) -> tuple[Rule, ...]:
    """Return rules given as options of the firewall module, which join the owned group; every fault of every rule is
    noted.
    """
    try:
        rules = rules_from_options(raw_mappings(raw, at), OWNED_GROUP)
    except InvalidInputError as error:
        at.faults.extend(
            Fault(f"{at.place}, {problem.place}", problem.message, problem.allowed, problem.fix)
            for problem in error.problems
        )
        return ()
    for rule, own in zip(rules, raw_mappings(raw, At(at.place)), strict=False):
        for option in ("localip", "remoteip"):
            for item, _place in items(own.get(option, ()), at):
                check_host_bits(str(item), At(f"{at.place}, rule {rule.name}, {option}", at.faults))
    at.faults.extend(fault for rule in rules for fault in _judge_extra_rule(rule, f"{at.place}, rule {rule.name}"))
    return rules


def _judge_extra_rule(rule: Rule, place: str) -> Iterator[Fault]:
    """Yield why a rule that Windows would take cannot be part of a plan."""
    if _is_reserved(rule.name):
        yield Fault(
            f"{place}, name", "names of this form are those of the plan's own rules", fix="choose another name"
        )
    for option in _SCOPES:
        keywords = getattr(rule, option).keywords
        if keywords:
            yield Fault(
                f"{place}, {option}",
                f"{one_of(keywords)}: a plan holds no words",
                "addresses, networks, ranges, ports",
                "write what the word stands for",
            )


def _is_reserved(name: str) -> bool:
    start, _bracket, end = name.rpartition(" (")
    return start.startswith(_OWN_START) and end.endswith(")") and tuple(end[:-1].split(" ")[:2]) in _OWN_ENDS


def management_ports(variables: Mapping[str, object], platform: Platform) -> tuple[int, ...]:
    """Return the TCP ports on which a host is managed: ansible_port, else that of SSH on Linux and where Ansible uses
    it, else those of WinRM.
    """
    port = str(variables.get("ansible_port") or "")
    if port.isdecimal() and 1 <= int(port) <= 65535:
        return (int(port),)
    return _SSH_PORTS if platform is Platform.LINUX or variables.get("ansible_connection") == "ssh" else _WINRM_PORTS
