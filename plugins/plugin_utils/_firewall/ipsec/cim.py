# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exemptions as parameters of New-NetIPsecRule and Set-NetIPsecRule, for Windows Server 2012 and later.

    new_arguments(rule) == {"DisplayName": "...", "Group": "msuc.lync", "Protocol": "UDP", "LocalAddress": ["10.1.0.11"], ...}

Values are texts and lists of texts. The host adds the id, which is -Name there, and the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..rule import ALL_PROFILES, Rule, protocol_text
from ..tables import ANY_PROTOCOL, PORT_PROTOCOLS

_INTERFACE_TYPES = {"lan": "Wired", "wireless": "Wireless", "ras": "RemoteAccess"}


def new_arguments(rule: Rule) -> dict[str, object]:
    """Return the parameters that make an exemption; those without a limit are left out."""
    said = {"DisplayName": rule.name, "Group": rule.group, "Description": rule.description, "InboundSecurity": "None", "OutboundSecurity": "None"}
    limits = {parameter: read(rule) for parameter, read in _PARAMETERS.values()}
    return {name: value for name, value in {**said, **limits}.items() if value not in ("", "Any", ["Any"])}


def set_arguments(rule: Rule, properties: Iterable[str]) -> dict[str, object]:
    """Return the parameters that change properties of an exemption that is there."""
    changed = set(properties)
    # A change of ports names the protocol too: without it the cmdlet cannot tell whether ports go with it.
    changed |= {"protocol"} if changed & {"localport", "remoteport"} else set()
    found = {parameter: read(rule) for name, (parameter, read) in _PARAMETERS.items() if name in changed}
    return {**found, **({"Description": rule.description} if "description" in changed else {})}


def can_set(rule: Rule, properties: Iterable[str]) -> bool:
    """Return whether the cmdlet can change properties of a rule that is there; its group it cannot, nor take a description away."""
    return all(name in _PARAMETERS or (name == "description" and rule.description) for name in properties)


def _profile(rule: Rule) -> object:
    return "Any" if rule.profiles == ALL_PROFILES else sorted(profile.capitalize() for profile in rule.profiles)


def _protocol(rule: Rule) -> str:
    is_word = rule.protocol in PORT_PROTOCOLS or rule.protocol == ANY_PROTOCOL
    text: str = protocol_text(rule.protocol)
    return {"any": "Any"}.get(text, text.upper()) if is_word else str(rule.protocol)


def _texts(texts: tuple[str, ...]) -> list[str]:
    return ["Any"] if texts == ("any",) else list(texts)


_PARAMETERS: Mapping[str, tuple[str, Callable[[Rule], object]]] = {
    "enabled": ("Enabled", lambda rule: str(rule.enabled)),
    "profiles": ("Profile", _profile),
    "protocol": ("Protocol", _protocol),
    "localport": ("LocalPort", lambda rule: _texts(rule.localport.to_text())),
    "remoteport": ("RemotePort", lambda rule: _texts(rule.remoteport.to_text())),
    "localip": ("LocalAddress", lambda rule: _texts(rule.localip.to_text())),
    "remoteip": ("RemoteAddress", lambda rule: _texts(rule.remoteip.to_text())),
    "interfacetypes": ("InterfaceType", lambda rule: "".join(_INTERFACE_TYPES[name] for name in sorted(rule.interfacetypes)) or "Any"),
}
