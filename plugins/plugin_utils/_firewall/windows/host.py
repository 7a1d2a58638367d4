# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a Windows host answers to gather and apply, read and checked.

{"rules": [{"Name": "SIP", ...}], "addresses": ["10.1.0.11"], "environment": {"SystemRoot": "C:\\Windows"},
 "profiles": {"active": 1, "local_policy_modify_state": 0, "settings": [...]},
 "counters": {"enumerations": 1, "writes": 0},
 "group_policy": {"rules": {"{id}": "v2.10|..."}, "profiles": {"domain": {"AllowLocalPolicyMerge": 0}}},
 "mdm": {"rules": {}, "profiles": {}}, "products": [{"name": "Contoso Endpoint Firewall", "categories": [2]}],
 "older_lists": ["GloballyOpenPorts on domain: 3389:TCP:*:Enabled:Remote Desktop"], "services": ["MpsSvc", "WinRM"],
 "build": "20348.2700",
 "stored": {"rules": {"{id}": "v2.31|..."}, "interfaces": {}, "count": 1, "problem": "", "fingerprint": "..."},
 "listeners": ["0.0.0.0 5061"], "connections": ["10.1.0.11 5061 10.10.3.4"],
 "management": [{"kind": "winrm", "port": 5985}], "fingerprint": "..."}

The rules of the registry (stored) come in place of those of COM, or beside them, where they were asked for.
Beside those of the registry alone, not_read has why a part could not be read: {"profiles": "Access is denied."}.
Connections come as texts, one for each local address, local port and peer, because a busy server has thousands.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias, Union

from ..._base.errors import MALFORMED, AnswerError
from ..._base.untyped import items, mapping, mappings
from ..host_facts import (
    DELAY_MINUTES,
    GROUP_POLICY,
    MDM,
    Connection,
    Host,
    Listener,
    ManagementPort,
    PendingRevert,
    Present,
    Profile,
    plain_address,
    read_pending,
)
from ..rule import PROFILE_BITS, Rule
from .com import RESTRICTIONS, from_com
from .filter_agents import agents_among
from .registry_strings import ParsedRules, RefusedRule, parse_rules
from .stored import StoredRules, read_stored

ACCOUNT = "connect with an account that may change the firewall of the host"
_FIXES: Mapping[str, str] = {
    "0x80070005": ACCOUNT,
    # So the cmdlets of NetSecurity tell the same.
    "(Windows System Error 5)": ACCOUNT,
    "0x800706D9": "start the Windows Defender Firewall service (MpsSvc) of the host",
}
# By which names MDM knows a profile; what the later ones set counts.
_MDM_NAMES: Mapping[str, tuple[str, ...]] = {"private": ("standard", "private")}
_VARIABLE = re.compile(r"%([^%]+)%")
_OLDER_LIST = re.compile(r"(GloballyOpenPorts|AuthorizedApplications) on (domain|standard): .")
_BUILD = re.compile(r"[0-9]{4,6}(\.[0-9]{1,6})?")
# What a product owns: NET_FW_RULE_CATEGORY_FIREWALL of netfw.h, FW_RULE_CATEGORY_FIREWALL of [MS-FASP] 2.2.46.
_FIREWALL_CATEGORY = 2
# COM's LocalPolicyModifyState when Group Policy switches local rules off, and when all inbound traffic is blocked.
_OVERRIDDEN = 1
_ALLOW = 1

# Shapes of answers: what each part must be.
Shape: TypeAlias = Union[type, "list[Shape]", "tuple[Shape, ...]", "Mapping[str, Shape]"]
_LARGEST = 0xFFFFFFFF
_OTHER_TEXTS = (
    "Name",
    "Grouping",
    "Description",
    "ApplicationName",
    "ServiceName",
    "IcmpTypesAndCodes",
    "InterfaceTypes",
    *RESTRICTIONS,
)
_SCOPES = ("LocalPorts", "RemotePorts", "LocalAddresses", "RemoteAddresses")

RULE: Mapping[str, Shape] = {
    **dict.fromkeys(("Direction", "Action", "Protocol", "Profiles"), int),
    "Enabled": bool,
    **dict.fromkeys((f"{name}?" for name in (*_OTHER_TEXTS, *_SCOPES)), str),
    # Windows before 2008 R2 and 2012 has not these.
    **dict.fromkeys(("EdgeTraversalOptions?", "SecureFlags?"), int),
    "Interfaces?": (str, [str]),
}
"""A rule as COM gives it; what is null is left out."""

_PROFILE = {
    "profile": int,
    "firewall_enabled": bool,
    "block_all_inbound": bool,
    "default_inbound": int,
    "default_outbound": int,
}
_STORED: Mapping[str, Shape] = {
    "rules": {"*": str},
    "interfaces": {"*": str},
    "count": int,
    "problem": str,
    "fingerprint": str,
}
HOST: Mapping[str, Shape] = {
    "build": str,
    "addresses": [str],
    "environment": {"*": str},
    "profiles": {"active": int, "local_policy_modify_state": int, "settings": [_PROFILE]},
    "group_policy": {"rules": {"*": str}, "profiles": {"*": {"*": int}}},
    "listeners": [str],
    "connections": [str],
    "management": [{"kind": str, "port": int}],
    "fingerprint": str,
    "pending_revert": {},
    "counters": {"enumerations": int, "writes": int},
}
"""What every answer to gather and apply has."""

FIREWALL: Mapping[str, Shape] = {
    "rules": [RULE],
    "mdm": HOST["group_policy"],
    "products": [{"name": str, "categories": [int]}],
    "older_lists": [str],
    "services": [str],
    "stored?": _STORED,
    **HOST,
}
# What the registry alone tells.
REGISTRY: Mapping[str, Shape] = {
    **{key: shape for key, shape in FIREWALL.items() if key != "rules"},
    "stored": _STORED,
    "not_read?": {"*": str},
}
_PARTS: Mapping[str, str] = {
    "profiles": "which profiles are active, and whether they are on",
    "count": "whether COM shows the same rules",
    "products": "whether another firewall has taken over",
    "services": "the services that run",
}
# What the plan is compared with where the profiles are not known: a firewall that is on, in every network.
_ANY_PROFILE = {"active": 7, "local_policy_modify_state": 0, "settings": []}
_OWN_TASK = "whether a change waits to be taken back: its task is shown to administrators alone"
IPSEC: Mapping[str, Shape] = {"rules": {"*": str}, "engines": [str], "exempt?": int, "legacy": {}, **HOST}

_REVERT: Mapping[str, Shape] = {"seconds": int, "problem": str, "state": str, "result": int}
# How it stands with the task that takes a change back: it will, or it was to and has not.
_WAITS = frozenset({"waits", "running", "unknown"})
_STUCK: Mapping[str, str] = {"failed": "netsh ended with {result}", "expired": "its task never ran"}

_KINDS: Mapping[type, str] = {str: "a text", bool: "true or false", int: "a whole number"}


def read_answer(answer: Mapping[str, object]) -> Host:
    """Return the host that an answer describes; raises AnswerError when a part of it is missing or of another kind.

    Its local rules are those that COM shows; those of the registry where the host was asked for these alone.
    """
    with understood():
        is_com = "rules" in answer or "stored" not in answer
        answer = answer if is_com else _filled(answer)
        check_shape(answer, FIREWALL if is_com else REGISTRY)
        environment = read_environment(answer)
        stored = read_stored_of(answer)
        if is_com or stored is None:
            local = [_read_present(properties, environment) for properties in _read_sequence(answer, "rules")]
        else:
            local = list(stored.rules)
        policy, mdm = (parse_rules(policy_strings(answer, store)) for store in (GROUP_POLICY, MDM))
        rules = (*local, *_rules_of(policy, environment, GROUP_POLICY), *_rules_of(mdm, environment, MDM))
        host = host_of(answer, rules, (*policy.refused, *mdm.refused), "AllowLocalPolicyMerge")
        agents = agents_among(map(str, _read_sequence(answer, "services")))
        found = replace(host, owners=_read_owners(answer), older_lists=_read_older_lists(answer), agents=agents)
        return found if is_com else _without(found, mapping_of(answer, "not_read"))


def _filled(answer: Mapping[str, object]) -> Mapping[str, object]:
    """Return an answer with something to compare with in place of what could not be read."""
    missing = answer.get("not_read") or {}
    if not isinstance(missing, Mapping) or set(missing) - set(_PARTS):
        raise ValueError(f"not_read: {missing!r:.80} names no parts")
    profiles = {"profiles": _ANY_PROFILE} if "profiles" in missing else {}
    return {**answer, "not_read": missing, **profiles}


def _without(host: Host, missing: Mapping[str, object]) -> Host:
    """Return the host with what is not known of it; who is refused a part does not see what waits either."""
    if not missing:
        return host
    waits = f"whether a change waits to be taken back: {host.pending.text}" if host.pending else _OWN_TASK
    parts = [f"{text}: {missing[part]}" for part, text in _PARTS.items() if part in missing]
    return replace(host, pending=None, not_read=(*parts, waits))


def read_stored_of(answer: Mapping[str, object]) -> StoredRules | None:
    """Return the rules of the registry in an answer; None where the host was not asked for them."""
    if "stored" not in answer:
        return None
    environment, stored = read_environment(answer), mapping_of(answer, "stored")
    if "count" in mapping(answer.get("not_read")):
        stored = {**stored, "count": len(mapping_of(stored, "rules"))}
    return read_stored(stored, lambda rule: expanded(rule, environment))


def _read_older_lists(answer: Mapping[str, object]) -> tuple[str, ...]:
    found = tuple(str(text) for text in _read_sequence(answer, "older_lists"))
    strange = [text for text in found if not _OLDER_LIST.match(text)]
    if strange:
        raise ValueError(f"older_lists: {strange[0][:80]!r} is no entry of an older list")
    return found


def _read_build(answer: Mapping[str, object]) -> str:
    build = str(answer["build"])
    if not _BUILD.fullmatch(build):
        raise ValueError(f"build: {build[:80]!r} is no build of Windows")
    return build


def _read_owners(answer: Mapping[str, object]) -> tuple[str, ...]:
    """Return the products that own the rules of the firewall, as some of others own those of the boot alone."""
    products = mappings(answer.get("products"))
    return tuple(str(each["name"]) for each in products if _FIREWALL_CATEGORY in items(each["categories"]))


@contextmanager
def understood() -> Iterator[None]:
    """Turn what goes wrong when an answer is read into AnswerError."""
    try:
        yield
    except MALFORMED as error:
        raise AnswerError(f"the host's answer is not understood: {type(error).__name__}: {error}") from error


def read_environment(answer: Mapping[str, object]) -> dict[str, str]:
    """Return the variables of an answer by upper-case name."""
    return {str(name).upper(): str(value) for name, value in mapping_of(answer, "environment").items()}


def policy_strings(answer: Mapping[str, object], store: str = GROUP_POLICY) -> list[tuple[str, str]]:
    """Return the rules of Group Policy, or of another store that is never written, as pairs of id and string."""
    return [(str(name), str(text)) for name, text in mapping_of(mapping_of(answer, store), "rules").items()]


def host_of(
    answer: Mapping[str, object], rules: tuple[Present, ...], refused: Iterable[RefusedRule], merges: str
) -> Host:
    """Return the host of an answer whose rules are read.

    refused: strings of Group Policy and MDM that make no sense. merges: the value of Group Policy that says whether
    local ones count.
    """
    counters = mapping_of(answer, "counters")
    policy = mapping_of(mapping_of(answer, GROUP_POLICY), "profiles")
    mdm = mapping_of(mapping_of(answer, MDM), "profiles") if MDM in answer else {}
    return Host(
        rules=rules,
        build=_read_build(answer),
        addresses=tuple(plain_address(text) for text in _read_sequence(answer, "addresses")),
        environment=read_environment(answer),
        profiles=read_profiles(mapping_of(answer, "profiles"), policy, merges, mdm),
        listeners=read_listeners(_read_sequence(answer, "listeners")),
        connections=read_connections(_read_sequence(answer, "connections")),
        management=read_management(_read_sequence(answer, "management")),
        unread=tuple(str(problem) for rule in refused for problem in rule.problems),
        fingerprint=str(answer["fingerprint"]),
        enumerations=int(str(counters["enumerations"])),
        writes=int(str(counters["writes"])),
        pending=_read_waiting(mapping_of(answer, "pending_revert")),
        stuck=_read_stuck(mapping_of(answer, "pending_revert")),
    )


def _read_waiting(revert: Mapping[str, object]) -> PendingRevert | None:
    """Return the change that waits to be taken back; raises TypeError or ValueError where that is not understood."""
    if not revert:
        return None
    check_shape(revert, _REVERT, "pending_revert")
    if revert["state"] not in _WAITS | set(_STUCK):
        raise ValueError(f"pending_revert.state is {revert['state']!r}, which is none")
    pending = read_pending(revert)
    return replace(pending, late_minutes=DELAY_MINUTES) if pending and revert["state"] in _WAITS else None


def _read_stuck(revert: Mapping[str, object]) -> str:
    """Return why a change that was to be taken back is still in force; "" when that is not so."""
    reason = _STUCK.get(str(revert.get("state")))
    if reason is None:
        return ""
    ended = reason.format(result=revert["result"])
    return f"a change of an earlier run was to be taken back, and {ended}: it is still in force"


def failure_text(answer: Mapping[str, object]) -> str:
    """Return why the host failed, in the language of its Windows, with a fix where the code of the error tells it."""
    text = str(answer.get("msg") or "no reason given")
    fixes = [fix for code, fix in _FIXES.items() if code in text]
    return "; fix: ".join([text, *fixes])


def expanded(rule: Rule, environment: Mapping[str, str]) -> Rule:
    """Return the rule with the variables of its program expanded, as Windows expands them when it is stored."""
    return replace(rule, program=_VARIABLE.sub(lambda match: environment.get(match[1].upper(), match[0]), rule.program))


def rollback_command(snapshot: str) -> str:
    """Return the command that brings a snapshot back, to be run on the host."""
    return f'netsh advfirewall import "{snapshot}"'


def _read_present(properties: object, environment: Mapping[str, str]) -> Present:
    if not isinstance(properties, Mapping):
        raise TypeError("a rule is not a mapping")
    return Present(expanded(from_com(properties), environment), properties)


def _rules_of(parsed: ParsedRules, environment: Mapping[str, str], store: str) -> list[Present]:
    return [Present(expanded(stored.rule, environment), {"id": stored.rule_id}, store) for stored in parsed.rules]


def mapping_of(answer: Mapping[str, object], key: str) -> Mapping[str, object]:
    """Return a part of an answer that is a mapping; raises TypeError when it is none, KeyError when it is missing."""
    value = answer[key]
    if not isinstance(value, Mapping):
        raise TypeError(f"{key} is not a mapping")
    return value


def _read_sequence(answer: Mapping[str, object], key: str) -> Sequence[object]:
    value = answer[key]
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError(f"{key} is not a list")
    return value


def read_profiles(
    answer: Mapping[str, object],
    policy: Mapping[str, object],
    merges: str = "AllowLocalPolicyMerge",
    mdm: Mapping[str, object] = MappingProxyType({}),
) -> tuple[Profile, ...]:
    """Return the profiles of an answer's "profiles", with the registry values of Group Policy (by profile) over them.

    merges: the value that says whether local rules of one kind are in force. What COM tells of it is about firewall
    rules. mdm: values of a management of devices, under those of Group Policy, where both set one.
    """
    active, state = int(str(answer["active"])), answer.get("local_policy_modify_state")
    settings = {int(str(item["profile"])): item for item in mappings(answer.get("settings"))}
    found = []
    for name, bit in PROFILE_BITS.items():
        local = settings.get(bit, {})
        profile = Profile(
            name,
            active=bool(active & bit),
            enabled=bool(local.get("firewall_enabled", True)),
            shields_up=bool(local.get("block_all_inbound", False)),
            allows_inbound=local.get("default_inbound", 0) == _ALLOW,
            merges=state != _OVERRIDDEN or merges != "AllowLocalPolicyMerge",
        )
        for values in (*(mdm.get(key) for key in _MDM_NAMES.get(name, (name,))), policy.get(name)):
            profile = _overlay_policy(profile, values, merges)
        found.append(profile)
    return tuple(found)


def _overlay_policy(profile: Profile, values: object, merges: str) -> Profile:
    """Return the profile with what Group Policy sets ([MS-GPFAS] 2.2.3); there 0 is the default action that allows."""
    if not isinstance(values, Mapping):
        return profile
    fields = {
        "EnableFirewall": ("enabled", 1),
        "DoNotAllowExceptions": ("shields_up", 1),
        "DefaultInboundAction": ("allows_inbound", 0),
        merges: ("merges", 1),
    }
    return replace(profile, **{field: values[name] == on for name, (field, on) in fields.items() if name in values})


def read_connections(texts: Iterable[object]) -> tuple[Connection, ...]:
    """Return the connections of texts "ADDRESS PORT PEER", without those of the host to itself."""
    parts = (str(text).split() for text in texts)
    found = (Connection(plain_address(local), int(port), plain_address(peer)) for local, port, peer in parts)
    return tuple(item for item in found if not ipaddress.ip_address(item.peer).is_loopback)


def read_listeners(texts: Iterable[object]) -> tuple[Listener, ...]:
    """Return the listeners of texts "ADDRESS PORT", without those that only the host itself reaches."""
    parts = (str(text).split() for text in texts)
    found = (Listener(plain_address(address), int(port)) for address, port in parts)
    return tuple(item for item in found if not ipaddress.ip_address(item.address).is_loopback)


def read_management(items: object) -> tuple[ManagementPort, ...]:
    """Return the ports of mappings with kind and port."""
    return tuple(ManagementPort(str(item["kind"]), int(str(item["port"]))) for item in mappings(items))


def check_shape(value: object, shape: Shape, place: str = "") -> None:
    """Raise TypeError that names the first part of a value that is missing or of another kind than its shape.

        check_shape({"counters": {"enumerations": "1"}}, {"counters": {"enumerations": int}})
        -> TypeError: counters.enumerations is '1', not a whole number

    A shape is str, bool or int (from 0 to 2**32 - 1); [shape] for a list; {"name": shape, "other?": shape} for a
    mapping, where a name with ? may be missing or null; {"*": shape} for one with any names; a tuple for one of
    several. Parts without a name are free.
    """
    if isinstance(shape, Mapping):
        _check_mapping(value, shape, place)
    elif isinstance(shape, list):
        if not isinstance(value, (list, tuple)):
            raise TypeError(f"{place} is not a list")
        for index, item in enumerate(value):
            check_shape(item, shape[0], f"{place}[{index}]")
    elif isinstance(shape, tuple):
        check_shape(value, shape[isinstance(value, (list, tuple))], place)
    elif not _is_of_kind(value, shape):
        raise TypeError(f"{place} is {str(value)[:80]!r}, not {_KINDS[shape]}")


def _is_of_kind(value: object, kind: type) -> bool:
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST
    return isinstance(value, kind)


def _check_mapping(value: object, shape: Mapping[str, Shape], place: str) -> None:
    if not isinstance(value, Mapping):
        raise TypeError(f"{place} is not a mapping")
    inner = f"{place}." if place else ""
    named = dict.fromkeys(map(str, value), shape["*"]) if "*" in shape else shape
    for key, part in named.items():
        name = key if "*" in shape else key.removesuffix("?")
        found = value.get(name)
        if found is None and name != key:
            continue
        if found is None:
            raise TypeError(f"{inner}{name} is missing")
        check_shape(found, part, f"{inner}{name}")
