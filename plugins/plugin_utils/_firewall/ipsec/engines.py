# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes of exemptions as operations for the host, by the engine that it has.

    {"kind": "add", "id": "{...}", "name": "Lync exempt media (UDP)", "arguments": {...}}

With "cim" each operation is one cmdlet of Windows Server 2012 and later, with a rule id that follows from the name.
With "netsh" all are one script, in which "set" and "delete" are about every rule of a name: what shall stay of it is
added again in the same script.

    new_arguments(rule) == {"DisplayName": "...", "Protocol": "UDP", "LocalAddress": ["10.1.0.11"], ...}

Values of cmdlets are texts and lists of texts. The host adds the id, which is -Name there, and the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ..._base.changes import Kind
from ..host_facts import LOCAL, Present
from ..planner import RuleChange, applied
from ..rule import ALL_PROFILES, ANY_PROTOCOL, PORT_PROTOCOLS, Rule, protocol_text
from ..windows.com import Operation
from . import netsh
from .exemption import rule_id

CIM, NETSH = "cim", "netsh"


def stored_id(present: Present) -> str:
    """Return the id under which a rule is stored: the name of its registry value."""
    return str(present.com.get("id", ""))


def cim_operations(changes: Iterable[RuleChange], have: Sequence[Present]) -> list[Operation]:
    """Return one operation per cmdlet. What cannot be changed in place is made anew, then the old one goes."""
    taken = {stored_id(present) for present in have if present.store == LOCAL}
    found: list[Operation] = []
    for change in changes:
        before = change.before
        after = None if change.after is None else change.after.rule
        if after is not None and before is not None and can_set(after, change.properties):
            found.append(
                _make_cim_operation("change", stored_id(before), change.name, set_arguments(after, change.properties))
            )
            continue
        if after is not None:
            new = rule_id(after.name, after.group, taken)
            taken.add(new)
            found.append(_make_cim_operation("add", new, change.name, new_arguments(after)))
        if before is not None:
            found.append(_make_cim_operation("remove", stored_id(before), change.name, {}))
    return found


def netsh_commands(changes: Sequence[RuleChange], have: Sequence[Present], group: str) -> list[netsh.Command]:
    """Return the commands of the script: the rule of a name is set in place, several are taken away and added anew."""
    left = applied(have, changes)
    found: list[netsh.Command] = []
    for name in dict.fromkeys(change.name for change in changes):
        own = [change for change in changes if change.name == name]
        found += _of_name(
            own, _find_owned(have, name, group), [present.rule for present in _find_owned(left, name, group)]
        )
    return found


def _of_name(changes: Sequence[RuleChange], before: Sequence[Present], after: Sequence[Rule]) -> list[netsh.Command]:
    name, only = changes[0].name, changes[0]
    if all(change.kind is Kind.ADD for change in changes):
        return [netsh.add_command(change.after.rule) for change in changes if change.after is not None]
    if len(changes) == len(before) == len(after) == 1 and netsh.can_set(after[0], only.properties):
        return [netsh.set_command(after[0], only.properties)]
    return [netsh.Command("delete", name), *(netsh.add_command(rule) for rule in after)]


def netsh_operations(changes: Iterable[RuleChange]) -> list[Operation]:
    """Return what the script does, rule by rule, for the host to find them before and to count them."""
    kinds = {Kind.ADD: "add", Kind.REMOVE: "remove"}
    return [
        _make_cim_operation(
            kinds.get(change.kind, "change"), "" if change.before is None else stored_id(change.before), change.name, {}
        )
        for change in changes
    ]


def shared_names(changes: Iterable[RuleChange], have: Sequence[Present], group: str) -> list[Present]:
    """Return the rules of others that have a name which a script would set or delete."""
    names = {change.name.casefold() for change in changes if change.kind is not Kind.ADD}
    return [
        present
        for present in have
        if present.store == LOCAL and present.rule.group != group and present.rule.name.casefold() in names
    ]


def _find_owned(have: Iterable[Present], name: str, group: str) -> list[Present]:
    return [
        present
        for present in have
        if present.store == LOCAL and present.rule.group == group and present.rule.name == name
    ]


def _make_cim_operation(kind: str, id_text: str, name: str, arguments: dict[str, object]) -> Operation:
    return {"kind": kind, "id": id_text, "name": name, "arguments": arguments}


# Parameters of New-NetIPsecRule and Set-NetIPsecRule.

_INTERFACE_TYPES = {"lan": "Wired", "wireless": "Wireless", "ras": "RemoteAccess"}


def new_arguments(rule: Rule) -> dict[str, object]:
    """Return the parameters that make an exemption; those without a limit are left out."""
    fixed = {
        "DisplayName": rule.name,
        "Group": rule.group,
        "Description": rule.description,
        "InboundSecurity": "None",
        "OutboundSecurity": "None",
    }
    limits = {parameter: read(rule) for parameter, read in _PARAMETERS.values()}
    return {name: value for name, value in {**fixed, **limits}.items() if value not in ("", "Any", ["Any"])}


def set_arguments(rule: Rule, properties: Iterable[str]) -> dict[str, object]:
    """Return the parameters that change properties of an exemption that is there."""
    changed = set(properties)
    # A change of ports names the protocol too: without it the cmdlet cannot tell whether ports go with it.
    changed |= {"protocol"} if changed & {"localport", "remoteport"} else set()
    found = {parameter: read(rule) for name, (parameter, read) in _PARAMETERS.items() if name in changed}
    return {**found, **({"Description": rule.description} if "description" in changed else {})}


def can_set(rule: Rule, properties: Iterable[str]) -> bool:
    """Return whether the cmdlet can change properties of a rule that is there.

    Its group it cannot, nor take a description away.
    """
    return all(name in _PARAMETERS or (name == "description" and rule.description) for name in properties)


def _render_cim_profile(rule: Rule) -> object:
    return "Any" if rule.profiles == ALL_PROFILES else sorted(profile.capitalize() for profile in rule.profiles)


def _render_cim_protocol(rule: Rule) -> str:
    is_word = rule.protocol in PORT_PROTOCOLS or rule.protocol == ANY_PROTOCOL
    text: str = protocol_text(rule.protocol)
    return {"any": "Any"}.get(text, text.upper()) if is_word else str(rule.protocol)


def _render_cim_texts(texts: tuple[str, ...]) -> list[str]:
    return ["Any"] if texts == ("any",) else list(texts)


_PARAMETERS: Mapping[str, tuple[str, Callable[[Rule], object]]] = {
    "enabled": ("Enabled", lambda rule: str(rule.enabled)),
    "profiles": ("Profile", _render_cim_profile),
    "protocol": ("Protocol", _render_cim_protocol),
    "localport": ("LocalPort", lambda rule: _render_cim_texts(rule.localport.to_text())),
    "remoteport": ("RemotePort", lambda rule: _render_cim_texts(rule.remoteport.to_text())),
    "localip": ("LocalAddress", lambda rule: _render_cim_texts(rule.localip.to_text())),
    "remoteip": ("RemoteAddress", lambda rule: _render_cim_texts(rule.remoteip.to_text())),
    "interfacetypes": (
        "InterfaceType",
        lambda rule: "".join(_INTERFACE_TYPES[name] for name in sorted(rule.interfacetypes)) or "Any",
    ),
}
