# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a Windows host answers about connection security rules, read and checked; most of it as in windows/host.py.

{"rules": {"{id}": "v2.10|Action=DoNotSecure|..."}, "group_policy": {"rules": {...}, "profiles": {"domain":
{"AllowLocalIPsecPolicyMerge": 0}}},
 "legacy": {"assigned": "", "name": "", "policy_objects": {}, "domain": ""}, "exempt": 9, "engines": ["cim"], ...}

And what is so of its exemptions beside the changes: what they leave open, and what makes them useless.

report(host, after, media, wanted, peers).to_result()
-> {"needed_by": ["Domain isolation"], "uncovered": [{"rule": "Domain isolation", ...}], "wider": [...], ...}

An exemption never admits anything: the firewall rules of the same plan do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from ..comparison import in_force
from ..effects import label
from ..host_facts import GROUP_POLICY, LOCAL, Host, Present
from ..match import covers, overlaps, uncovered
from ..rule import Rule
from ..windows.host import IPSEC, check_shape, host_of, mapping_of, policy_strings, understood
from ..windows.registry_strings import RefusedRule, StoredRule
from .exemption import PROTECTING, REQUIRING, is_exemption, parse_exemptions, to_options
from .legacy import AssignedPolicy, read_assigned

_MERGES = "AllowLocalIPsecPolicyMerge"
# What an unreadable rule says when it protects nothing for sure.
_EXEMPTS = re.compile(r"\|Action=DoNotSecure\||\|Active=FALSE\|", re.IGNORECASE)
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
    def may_protect(self) -> bool:
        """Return whether a rule that nobody understands may request or require protection."""
        return any(not _EXEMPTS.search(refused.text) for refused in self.refused)

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
        presents = (
            *_make_presents(local.rules, LOCAL, group, prefix),
            *_make_presents(policy.rules, GROUP_POLICY, "", ""),
        )
        host = host_of(answer, presents, policy.refused, _MERGES)
        exempt, engines = answer.get("exempt"), answer["engines"]
        return IpsecHost(
            **{field.name: getattr(host, field.name) for field in fields(host)},
            refused=local.refused,
            exempt=_USUAL_EXEMPT if exempt is None else int(str(exempt)),
            engines=tuple(map(str, engines)) if isinstance(engines, list) else (),
            legacy=read_assigned(mapping_of(answer, "legacy")),
        )


def _make_presents(stored: Iterable[StoredRule], store: str, group: str, prefix: str) -> list[Present]:
    return [Present(adopted(each.rule, group, prefix), {"id": each.rule_id}, store) for each in stored]


def adopted(rule: Rule, group: str, prefix: str) -> Rule:
    """Return a rule as one of the owned group when it has none and is named like ours."""
    is_ours = bool(prefix) and not rule.group and rule.name.startswith(prefix)
    return replace(rule, group=group) if is_ours else rule


REMINDER = (
    "An exemption is not an allow: it spares traffic the negotiation, "
    "and the firewall still needs a rule that admits it."
)
_SCOPES = ("protocol", "localip", "localport", "remoteip", "remoteport")


@dataclass(frozen=True)
class Report:
    """What is to be said about the exemptions of a host.

    needed_by: rules that request or require protection. uncovered: media that a rule requires protection for: rule, and
    options of the flow. wider: exemptions that spare more than the rows of the plan ask for, and the rows. not_exempt:
    of ICMP, neighbour discovery and DHCP. mirrors: exemption, and the peers that need its mirror.
    """

    needed_by: tuple[str, ...] = ()
    uncovered: tuple[tuple[str, Rule], ...] = ()
    wider: tuple[tuple[str, str], ...] = ()
    not_exempt: tuple[str, ...] = ()
    mirrors: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def to_result(self) -> dict[str, object]:
        """Return the report as plain data."""
        flows = [{"rule": name, **{scope: options[scope] for scope in _SCOPES}} for name, options in self._list_flows()]
        return {
            "needed_by": list(self.needed_by),
            "uncovered": flows,
            "wider": [{"name": name, "than": rows} for name, rows in self.wider],
            "not_exempt": list(self.not_exempt),
            "mirrors": [{"name": name, "peers": list(peers)} for name, peers in self.mirrors],
            "reminder": REMINDER,
        }

    def _list_flows(self) -> list[tuple[str, dict[str, object]]]:
        return [(name, to_options(flow)) for name, flow in self.uncovered]

    def warnings(self) -> list[str]:
        """Return what somebody should look at, in words."""
        found = [
            f"rule {name} requires protection for media that no exemption covers: {_describe_flow(options)}"
            for name, options in self._list_flows()
        ]
        found += [f"exemption {name} spares more than {rows} ask for" for name, rows in self.wider]
        if self.needed_by and self.not_exempt:
            has = f"which has rules that request or require protection ({', '.join(self.needed_by)})"
            found.append(f"{', '.join(self.not_exempt)}: not exempt on this host, {has}")
        return found


def _describe_flow(options: Mapping[str, object]) -> str:
    texts = (
        f"{scope} {','.join(map(str, value)) if isinstance(value, list) else value}"
        for scope, value in options.items()
        if scope in _SCOPES
    )
    return ", ".join(texts)


def report(
    host: IpsecHost, after: Sequence[Present], media: Sequence[Rule], wanted: Iterable[Rule], peers: Sequence[str]
) -> Report:
    """Return the report over what a host has after changes.

    media: what exemptions are for, whose descriptions are the rows. wanted: the exemptions of the plan. peers: who is
    not managed.
    """
    names = {rule.name for rule in wanted} if peers else set()
    exemptions = [present for present in after if is_exemption(present.rule)]
    local_counts = any(profile.active and profile.merges for profile in host.profiles)
    in_force = [present for present in exemptions if local_counts or present.store != LOCAL]
    return Report(
        needed_by=tuple(dict.fromkeys(label(present) for present in host.protecting)),
        uncovered=tuple(_find_uncovered_media(host, media, [present.rule for present in in_force])),
        wider=tuple(_find_wider_exemptions(in_force, media)),
        not_exempt=host.not_exempt,
        mirrors=tuple((present.rule.name, tuple(peers)) for present in in_force if present.rule.name in names),
    )


def _find_uncovered_media(
    host: IpsecHost, media: Iterable[Rule], exemptions: Sequence[Rule]
) -> Iterator[tuple[str, Rule]]:
    """Yield the part of each media flow that a requiring rule touches and no exemption covers."""
    requiring = [present for present in host.protecting if present.rule.action in REQUIRING]
    for flow in media:
        parts = uncovered(flow, exemptions)
        for present in requiring if parts else ():
            yield from ((label(present), part) for part in parts if overlaps(part, present.rule))


def _find_wider_exemptions(exemptions: Iterable[Present], media: Sequence[Rule]) -> Iterator[tuple[str, str]]:
    """Yield exemptions that cover media of rows on more local addresses, or more protocols, than the rows name."""
    for present in exemptions:
        rows = [flow.description for flow in media if covers(present.rule, flow) and _is_wider(present.rule, flow)]
        exact = [flow.description for flow in media if covers(present.rule, flow) and not _is_wider(present.rule, flow)]
        if rows and not exact:
            yield label(present), ", ".join(dict.fromkeys(rows))


def _is_wider(rule: Rule, flow: Rule) -> bool:
    """Return whether an exemption is about more than the addresses and the protocol of a flow; ports may be any."""
    return rule.protocol != flow.protocol or not rule.localip <= flow.localip
