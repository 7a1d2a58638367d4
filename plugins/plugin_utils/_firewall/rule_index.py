# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules found by local port, so that a thousand rules beside a thousand others do not take a million comparisons.

    index = PortIndex(rules); index.covering(rule), index.touching(rule)

Both return candidates: rules that cannot match anything of rule are left out as far as ports tell.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from .._base.intervals import Interval
from .rule import Rule

# Rules with more ports than this, or with words, are candidates for every rule.
_FEW_PORTS = 32


class PortIndex:
    """Rules, of which those with few ports are found by each of their ports, and the others by a look at each."""

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
        self._ports = sorted(self._by_port)

    def covering(self, rule: Rule) -> list[Rule]:
        """Return the rules that may match all that rule matches: those have its first port."""
        return self._at([(first, first) for first, _last in rule.localport.ports.pairs[:1]])

    def touching(self, rule: Rule) -> list[Rule]:
        """Return the rules that may match something that rule matches."""
        return self._rules if rule.localport.words else self._at(rule.localport.ports.pairs)

    def _at(self, pairs: Sequence[Interval]) -> list[Rule]:
        ports = (port for first, last in pairs for port in self._ports[bisect_left(self._ports, first) : bisect_right(self._ports, last)])
        places = {place for port in ports for place in self._by_port[port]}
        return [*(self._rules[place] for place in sorted(places)), *(rule for rule in self._wide if _meet(pairs, rule))]


def _meet(pairs: Sequence[Interval], rule: Rule) -> bool:
    """Return whether some of these ports may be among those of a rule; words may be any."""
    return bool(rule.localport.words) or any(first <= end and start <= last for first, last in rule.localport.ports.pairs for start, end in pairs)


def _few_ports(rule: Rule) -> list[int] | None:
    """Return each port of a rule, or None where they are many or only the host knows them."""
    pairs = rule.localport.ports.pairs
    if rule.localport.words or sum(last - first for first, last in pairs) > _FEW_PORTS:
        return None
    return [port for first, last in pairs for port in range(first, last + 1)]
