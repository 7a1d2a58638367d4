# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules found by local port, so that a thousand rules beside a thousand others do not take a million comparisons.

    index = PortIndex(rules); index.covering(rule), index.touching(rule)

Both return candidates: rules that cannot match anything of rule are left out as far as ports tell.
"""

from __future__ import annotations

from collections.abc import Iterable

from .rule import Rule

# Rules with more ports than this, or with words, are candidates for every rule.
_FEW_PORTS = 32


class PortIndex:
    """Rules, of which those with few ports are found by each of their ports."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = list(rules)
        self._by_port: dict[int, list[int]] = {}
        self._wide: list[Rule] = []
        for place, rule in enumerate(self._rules):
            ports = _few_ports(rule)
            if ports is None:
                self._wide.append(rule)
            for port in ports or ():
                self._by_port.setdefault(port, []).append(place)

    def covering(self, rule: Rule) -> list[Rule]:
        """Return the rules that may match all that rule matches: those have its first port."""
        ports = rule.localport.ports.pairs
        return self._at([ports[0][0]] if ports else [])

    def touching(self, rule: Rule) -> list[Rule]:
        """Return the rules that may match something that rule matches."""
        ports = _few_ports(rule)
        return self._rules if ports is None else self._at(ports)

    def _at(self, ports: Iterable[int]) -> list[Rule]:
        places = {place for port in ports for place in self._by_port.get(port, ())}
        return [*(self._rules[place] for place in sorted(places)), *self._wide]


def _few_ports(rule: Rule) -> list[int] | None:
    """Return each port of a rule, or None where they are many or only the host knows them."""
    pairs = rule.localport.ports.pairs
    if rule.localport.words or sum(last - first for first, last in pairs) > _FEW_PORTS:
        return None
    return [port for first, last in pairs for port in range(first, last + 1)]
