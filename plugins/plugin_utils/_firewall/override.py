# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which foreign rules admit more than the list on the ports of the list, and so are disabled by state overridden.

    admitting_more(want, foreign, frozenset()) -> ["", "it admits more than the list on tcp 5061", ...]

The ports of the list are the local ones of its enabled inbound TCP and UDP rules that allow; a rule without a limit to
ports names none. Rules of Windows and of the product's setup are protected unless they are named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from .._base.ports import ANY, PortSet
from .match import uncovered
from .rule import PortScope, Rule, protocol_text
from .rule_index import PortIndex
from .tables import ANY_PROTOCOL, TCP, UDP

# Setup makes CS and OCS rules and those of its database; groups that start with @ are those of Windows.
_PROTECTED_NAMES = re.compile(r"^(CS |OCS |SQL RTC)", re.IGNORECASE)
_SHOWN_PORTS = 5


def is_protected(rule: Rule, unprotected: frozenset[str] = frozenset()) -> bool:
    """Return whether a foreign rule is left as it is whatever it admits; unprotected holds names that lift this."""
    return rule.name not in unprotected and (rule.group.startswith("@") or _PROTECTED_NAMES.match(rule.name) is not None)


def admitting_more(want: Iterable[Rule], foreign: Sequence[Rule], unprotected: frozenset[str]) -> list[str]:
    """Return for each foreign rule why it is to be disabled, or "" where it stays."""
    wanted = [rule for rule in want if rule.admits and rule.direction == "in"]
    ports = {protocol: _ports(wanted, protocol) for protocol in (TCP, UDP)}
    index = PortIndex(wanted)
    return ["" if _stays(rule, unprotected) else _excess(rule, ports, index) for rule in foreign]


def _stays(rule: Rule, unprotected: frozenset[str]) -> bool:
    return not rule.admits or rule.direction != "in" or is_protected(rule, unprotected)


def _ports(wanted: Iterable[Rule], protocol: int) -> PortScope:
    limited = [rule.localport for rule in wanted if rule.protocol == protocol and not rule.localport.is_any]
    ports = PortSet.parse(text for scope in limited for text in scope.ports.to_text())
    return PortScope(ports, frozenset(word for scope in limited for word in scope.words))


def _excess(rule: Rule, ports: dict[int, PortScope], index: PortIndex) -> str:
    """Return on which ports of the list a rule admits what the list does not."""
    found = []
    for protocol, listed in ports.items():
        if rule.protocol not in (protocol, ANY_PROTOCOL):
            continue
        shared = replace(rule, protocol=protocol, localport=rule.localport & listed)
        left = uncovered(shared, index.touching(shared)) if shared.localport else ()
        texts = _texts([part.localport for part in left])
        found += [f"{protocol_text(protocol)} {', '.join(texts[:_SHOWN_PORTS])}{' ...' if len(texts) > _SHOWN_PORTS else ''}"] if texts else []
    return f"it admits more than the list on {' and '.join(found)}" if found else ""


def _texts(scopes: Iterable[PortScope]) -> tuple[str, ...]:
    whole = PortScope(PortSet())
    for scope in scopes:
        whole = whole | scope
    return ("every port",) if whole.ports == ANY else whole.to_text()
