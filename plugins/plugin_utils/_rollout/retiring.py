# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which hosts leave the deployment: they are still in the inventory, and the plan wants nothing on them any more.

    leaving(["fe13"], known={"fe11", "fe13"}, planned={"fe11": plan document}.get)    -> ("fe13",)

No plan is made of a host without a role, or of one that is not managed; so site.yml does not visit it, and what it has of
ours stays until it is retired.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from .._base.errors import InvalidInputError, Problem, nearest
from .._plan.files import Document

_VARIABLE = "lync_retire"
_WANTED = ("firewall_rules", "ipsec_exemptions")


def leaving(names: Iterable[object], known: Collection[str], planned: Callable[[str], Document | None]) -> tuple[str, ...]:
    """Return the names, each once in their order; raises InvalidInputError for a host that is unknown or still has a role.

    names may hold several separated by commas. known: all hosts of the inventory. planned: the plan document of a host.
    """
    chosen = tuple(dict.fromkeys(part.strip() for name in names for part in str(name).split(",") if part.strip()))
    problems = [problem for name in chosen for problem in _problems(name, known, planned)]
    if problems:
        raise InvalidInputError(problems)
    return chosen


def _problems(name: str, known: Collection[str], planned: Callable[[str], Document | None]) -> Iterator[Problem]:
    if name not in known:
        allowed = nearest(name, known) or "hosts of the inventory"
        yield Problem(_VARIABLE, f"{name!r} is no host of the inventory", allowed, "leave it in the inventory, outside of all roles, until it is retired")
        return
    plan = planned(name) or {}
    if any(plan.get(section) for section in _WANTED):
        roles = plan.get("roles")
        words = ", ".join(map(str, roles)) if isinstance(roles, list) else "a role"
        yield Problem(
            _VARIABLE, f"{name} is still in {words}, and the plan wants rules on it", fix="take it out of the group, or set lync_member_state to retired"
        )
