# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a Windows host answers about connection security rules, read and checked; most of it as in windows/host.py.

{"rules": {"{id}": "v2.10|Action=DoNotSecure|..."}, "group_policy": {"rules": {...}, "profiles": {"domain":
{"AllowLocalIPsecPolicyMerge": 0}}},
 "legacy": {"assigned": "", "name": "", "policy_objects": {}, "domain": ""}, "exempt": 9, "engines": ["cim"], ...}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

from ..host_facts import GROUP_POLICY, LOCAL, Host, Present
from ..rule import Rule
from ..safety import in_force
from ..windows.host import IPSEC, check_shape, host_of, mapping_of, policy_strings, understood
from ..windows.registry_strings import RefusedRule, StoredRule
from .exemption import PROTECTING, parse_exemptions
from .legacy import AssignedPolicy, read_assigned

_MERGES = "AllowLocalIPsecPolicyMerge"
# Group Policy and registry say nothing: neighbour discovery and DHCP ([MS-GPFAS] 2.2.1.5, and what Windows is installed
# with).
_USUAL_EXEMPT = 9
_EXEMPT_BITS: Mapping[int, str] = {1: "neighbour discovery", 2: "ICMP", 8: "DHCP"}


@dataclass(frozen=True)
class IpsecHost(Host):
    """The connection security of a host as gathered.

    refused: local rules that make no sense. exempt: bits of what is exempt always. engines: what can write, the best
    first. legacy: the IP Security Policy that is assigned, if any.
    """

    refused: tuple[RefusedRule, ...] = ()
    exempt: int = _USUAL_EXEMPT
    engines: tuple[str, ...] = ()
    legacy: AssignedPolicy | None = None

    @property
    def protecting(self) -> tuple[Present, ...]:
        """Return the rules that request or require protection and are in force on an active profile."""
        active = [profile for profile in self.profiles if profile.active]
        counting = {
            id(rule) for profile in active for rule in in_force(self.rules, profile) if profile.name in rule.profiles
        }
        return tuple(present for present in self.rules if _protects(present.rule) and id(present.rule) in counting)

    @property
    def not_exempt(self) -> tuple[str, ...]:
        """Return which of ICMP, neighbour discovery and DHCP are not exempt always."""
        return tuple(name for bit, name in _EXEMPT_BITS.items() if not self.exempt & bit)


def _protects(rule: Rule) -> bool:
    return rule.enabled and rule.action in PROTECTING


def read_answer(answer: Mapping[str, object], group: str, prefix: str) -> IpsecHost:
    """Return the host that an answer describes; raises AnswerError when a part of it is missing or of another kind.

    A local rule without a group whose name begins with prefix is taken for one of the owned group: netsh knows no
    groups.
    """
    with understood():
        check_shape(answer, IPSEC)
        rules = mapping_of(answer, "rules")
        local = parse_exemptions((str(name), str(text)) for name, text in rules.items())
        policy = parse_exemptions(policy_strings(answer))
        presents = (*_presents(local.rules, LOCAL, group, prefix), *_presents(policy.rules, GROUP_POLICY, "", ""))
        host = host_of(answer, presents, policy, _MERGES)
        exempt, engines = answer.get("exempt"), answer["engines"]
        return IpsecHost(
            **{field.name: getattr(host, field.name) for field in fields(host)},
            refused=local.refused,
            exempt=_USUAL_EXEMPT if exempt is None else int(str(exempt)),
            engines=tuple(map(str, engines)) if isinstance(engines, list) else (),
            legacy=read_assigned(mapping_of(answer, "legacy")),
        )


def _presents(stored: Iterable[StoredRule], store: str, group: str, prefix: str) -> list[Present]:
    return [Present(adopted(each.rule, group, prefix), {"id": each.rule_id}, store) for each in stored]


def adopted(rule: Rule, group: str, prefix: str) -> Rule:
    """Return a rule as one of the owned group when it has none and is named like ours."""
    is_ours = bool(prefix) and not rule.group and rule.name.startswith(prefix)
    return replace(rule, group=group) if is_ours else rule
