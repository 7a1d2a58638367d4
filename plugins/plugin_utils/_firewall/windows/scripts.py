# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scripts for hosts that the controller may not write: the same rules, made by whoever may.

    scripts("fe01", "msuc.lync", rules) == {"fe01.ps1": "...", "fe01-gpo.ps1": "..."}

The texts begin with a byte order mark, without which Windows PowerShell takes names for those of the local code page.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ..._base.errors import InvalidInputError, Problem, shown
from .. import results
from ..rule import AddressScope, PortScope, Rule, protocol_text
from ..rule_split import split
from .com import PROPERTIES, com_value
from .reconcile import Task
from .script_texts import GROUP_POLICY_SCRIPT, LOCAL_SCRIPT

_MARK = "\ufeff"
_PLACE = re.compile("@(?:HOST|GROUP|RULES)@")
_HOST_NAME = re.compile(r"[^\W_][\w .:()-]*\Z")
_ADDRESSES = ("LocalAddresses", "RemoteAddresses")
_EDGES = {"no": "Block", "yes": "Allow", "deferapp": "DeferToApp", "deferuser": "DeferToUser"}
_INTERFACE_TYPES = {"lan": "Wired", "wireless": "Wireless", "ras": "RemoteAccess"}
# Words of COM that the cmdlets have others for (New-NetFirewallRule.md of windows-powershell-docs).
_LOCAL_PORTS = {"RPC-EPMap": "RPCEPMap", "IPHTTPS": "IPHTTPSIn", "Ply2Disc": "PlayToDiscovery"}
_REMOTE_PORTS = {"IPHTTPS": "IPHTTPSOut"}
_PLACES = {"Ply2Renders": "PlayToDevice", "RmtIntranet": "IntranetRemoteAccess"}
_WILDCARD = re.compile(r"[\[\]*?`]")
_SECURITIES: Mapping[str, Mapping[str, str]] = {
    "notrequired": {},
    "authnoencap": {"Authentication": "NoEncap"},
    "authenticate": {"Authentication": "Required"},
    "authdynenc": {"Authentication": "Required", "Encryption": "Dynamic"},
    "authenc": {"Authentication": "Required", "Encryption": "Required"},
}


def hand_out(options: Mapping[str, object], host: str, write: bool = True) -> dict[str, object]:
    """Return the result of a task with handout_dir, whose scripts are written unless that is switched off.

    No host is contacted.

    Raises InvalidInputError with every problem of the input, and OSError when a script cannot be written.
    """
    if options.get("state") != "replaced":
        problem = Problem(
            "handout_dir",
            f"a script cannot bring about state {options.get('state')}",
            "replaced",
            "set state to replaced, or apply",
        )
        raise InvalidInputError([problem])
    task = Task.from_options(options)
    texts = scripts(host, task.group, [part for rule in task.rules for part in split(rule, ())])
    directory = Path(str(options["handout_dir"]))
    changed = write_scripts(directory, texts) if write else []
    return {
        "changed": bool(changed),
        "handed_out": [str(directory / name) for name in texts],
        "changes": [],
        "summary": dict(results.NOTHING),
        "pending": False,
    }


def scripts(host: str, group: str, rules: Sequence[Rule]) -> dict[str, str]:
    """Return the scripts of a host by file name: one for its local policy, one for a Group Policy object of its own."""
    local = script_text(LOCAL_SCRIPT, host, group, [_com_literals(rule) for rule in rules])
    policy = script_text(GROUP_POLICY_SCRIPT, host, group, [_cmdlet_parameters(rule) for rule in rules])
    return {f"{host}.ps1": local, f"{host}-gpo.ps1": policy}


def write_scripts(directory: Path, texts: Mapping[str, str]) -> list[str]:
    """Write the scripts that differ from the files that are there; return their paths. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    changed = []
    for name, text in texts.items():
        path, content = directory / name, text.replace("\n", "\r\n").encode()
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)
            changed.append(str(path))
    return changed


def script_text(script: str, host: str, group: str, rules: Iterable[Mapping[str, object]]) -> str:
    """Return a script with a host, a group and the rules as literals of PowerShell in their places.

    Raises InvalidInputError for a host name that cannot be one of a file.
    """
    if not _HOST_NAME.match(host):
        allowed = "letters, digits, spaces and . _ - : ( ), the first a letter or digit"
        raise InvalidInputError([Problem("host", f"{shown(host)} cannot name a script", allowed, "rename the host")])
    listed = ",\n".join(
        f"    @{{ {'; '.join(f'{name} = {_literal(value)}' for name, value in rule.items())} }}" for rule in rules
    )
    values = {"@HOST@": _literal(host), "@GROUP@": _literal(group), "@RULES@": listed}
    # In one pass, so that no text which is filled in is looked through for the place of another.
    return _MARK + _PLACE.sub(lambda place: values[place[0]], script)


def _literal(value: object) -> str:
    """Return a value as a literal of PowerShell, in which only quotes have to be doubled, the typographic ones too."""
    if isinstance(value, bool):
        return "$true" if value else "$false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return f"@({', '.join(map(_literal, value))})"
    return "'" + "".join(letter * 2 if letter in "'\u2018\u2019\u201a\u201b" else letter for letter in str(value)) + "'"


def _com_literals(rule: Rule) -> dict[str, object]:
    """Return every COM property of a rule; networks with masks, as Windows gives them back."""
    values: dict[str, object] = {name: com_value(rule, name) for name in PROPERTIES}
    return {
        **values,
        **{name: ",".join(_write_mask(text) for text in str(values[name]).split(",")) for name in _ADDRESSES},
    }


def _write_mask(text: str) -> str:
    if "/" not in text or ":" in text:
        return text
    return ipaddress.ip_network(text).with_netmask


def _list_scope(scope: AddressScope | PortScope, words: Mapping[str, str]) -> list[str]:
    """Return the entries of a list in the words of the cmdlets, nothing where there is no limit."""
    return [] if scope.is_any else [words.get(text, text) for text in scope.to_text()]


def _cmdlet_parameters(rule: Rule) -> dict[str, object]:
    """Return the parameters of New-NetFirewallRule; those without a limit are left out."""
    found: dict[str, object] = {
        "DisplayName": rule.name,
        "Group": rule.group,
        "Direction": {"in": "Inbound", "out": "Outbound"}[rule.direction],
        "Action": rule.action.capitalize(),
        # The cmdlet takes the words of this enumeration, not truth values.
        "Enabled": str(rule.enabled),
        "Profile": sorted(profile.capitalize() for profile in rule.profiles),
        "Protocol": protocol_text(rule.protocol),
    }
    limits = {parameter: read(rule) for parameter, read in _LIMITS.items()}
    return {**found, **{name: value for name, value in limits.items() if value}, **_SECURITIES[rule.security]}


_LIMITS: Mapping[str, Callable[[Rule], object]] = {
    "Description": lambda rule: rule.description,
    "Program": lambda rule: rule.program,
    "Service": lambda rule: "Any" if rule.service == "*" else rule.service,
    "LocalPort": lambda rule: _list_scope(rule.localport, _LOCAL_PORTS),
    "RemotePort": lambda rule: _list_scope(rule.remoteport, _REMOTE_PORTS),
    "LocalAddress": lambda rule: _list_scope(rule.localip, _PLACES),
    "RemoteAddress": lambda rule: _list_scope(rule.remoteip, _PLACES),
    # A type alone is all its codes.
    "IcmpType": lambda rule: sorted(code.removesuffix(":*") for code in rule.icmp_type_code),
    # Names are patterns there.
    "InterfaceAlias": lambda rule: sorted(_WILDCARD.sub(r"`\g<0>", name) for name in rule.interfaces),
    "InterfaceType": lambda rule: [_INTERFACE_TYPES[name] for name in sorted(rule.interfacetypes)],
    "EdgeTraversalPolicy": lambda rule: "" if rule.edge == "no" else _EDGES[rule.edge],
}
