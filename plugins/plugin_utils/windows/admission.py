# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What rules admit, compared exactly: is everything that one rule matches matched by another?

    covers(wide, narrow)  True: each packet that narrow matches, wide matches too

A rule is a product of limits, so inclusion holds exactly when it holds limit by limit. Words that only the
host can resolve (LocalSubnet, RPC) are inside themselves and inside "any", and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .rule import Rule
from .tables import ANY_PROTOCOL


@dataclass(frozen=True)
class Movement:
    """What a change does to admission: opens lets something more through, closes lets something less through."""

    opens: bool
    closes: bool


def covers(wide: Rule, narrow: Rule) -> bool:
    """Return whether wide matches every packet that narrow matches, on every profile of narrow.

    Whether the rules allow or block, and whether they are enabled, is the caller's business.
    """
    return all(inside(wide, narrow) for inside in _LIMITS)


def movement(before: Rule | None, after: Rule | None) -> Movement:
    """Return what happens to admission when before becomes after; None stands for no rule."""
    allows = _movement_of("allow", before, after)
    blocks = _movement_of("block", before, after)
    return Movement(opens=allows.opens or blocks.closes, closes=allows.closes or blocks.opens)


def _movement_of(action: str, before: Rule | None, after: Rule | None) -> Movement:
    """Return how the traffic that rules of one action match grows (opens) and shrinks (closes)."""
    old = before if before is not None and before.enabled and before.action == action else None
    new = after if after is not None and after.enabled and after.action == action else None
    grows = new is not None and (old is None or not covers(old, new))
    shrinks = old is not None and (new is None or not covers(new, old))
    return Movement(grows, shrinks)


def _same_or_unlimited(wide: str, narrow: str) -> bool:
    return not wide or wide.casefold() == narrow.casefold()


def _service(wide: Rule, narrow: Rule) -> bool:
    return _same_or_unlimited(wide.service, narrow.service) or (wide.service == "*" and narrow.service != "")


def _interface_types(wide: Rule, narrow: Rule) -> bool:
    return not wide.interfacetypes or (bool(narrow.interfacetypes) and narrow.interfacetypes <= wide.interfacetypes)


def _interfaces(wide: Rule, narrow: Rule) -> bool:
    names = {name.casefold() for name in wide.interfaces}
    return not names or (bool(narrow.interfaces) and all(name.casefold() in names for name in narrow.interfaces))


def _icmp(wide: Rule, narrow: Rule) -> bool:
    if not wide.icmp_type_code:
        return True
    accepted = (text in wide.icmp_type_code or f"{text.partition(':')[0]}:*" in wide.icmp_type_code for text in narrow.icmp_type_code)
    return bool(narrow.icmp_type_code) and all(accepted)


_LIMITS: tuple[Callable[[Rule, Rule], bool], ...] = (
    lambda wide, narrow: wide.direction == narrow.direction,
    lambda wide, narrow: wide.protocol in (ANY_PROTOCOL, narrow.protocol),
    lambda wide, narrow: narrow.localport <= wide.localport,
    lambda wide, narrow: narrow.remoteport <= wide.remoteport,
    lambda wide, narrow: narrow.localip <= wide.localip,
    lambda wide, narrow: narrow.remoteip <= wide.remoteip,
    lambda wide, narrow: narrow.profiles <= wide.profiles,
    lambda wide, narrow: _same_or_unlimited(wide.program, narrow.program),
    _service,
    _interfaces,
    _interface_types,
    _icmp,
    lambda wide, narrow: wide.edge == narrow.edge or wide.edge == "yes" or narrow.edge == "no",
    lambda wide, narrow: wide.security in ("notrequired", narrow.security),
    lambda wide, narrow: wide.restrictions <= narrow.restrictions,
)
