# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which hosts leave the deployment: they are still in the inventory, and the plan wants nothing on them any more.

    retiring(["fe13"], known={"fe11", "fe13"}, planned={"fe11": plan of fe11}.get)    -> ("fe13",)

No plan is made of a host without a role, or of one that is not managed; so site.yml does not visit it, and what it
has of ours stays until it is retired.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from .._base.errors import InvalidInputError, Problem, nearest
from .._inventory import device_variables as d
from .._inventory import variables as v
from .._inventory.fields import At, Record, Variable
from .._plan.model import HostPlan, HostPolicy

_VARIABLE = "lync_retire"
_POLICY: tuple[Variable[object], ...] = (v.IPSEC, v.MANAGEMENT_NETWORKS, d.IPSEC_ENGINE, d.LINUX_POLICY, d.LINUX_PATH)


def retiring(
    names: Iterable[str], known: Collection[str], planned: Callable[[str], HostPlan | None]
) -> tuple[str, ...]:
    """Return the names, each once in their order.

    Raises InvalidInputError for a host that is unknown or still has a role. known: all hosts of the inventory.
    planned: the plan of a host.
    """
    chosen = tuple(dict.fromkeys(names))
    problems = [problem for name in chosen for problem in _problems(name, known, planned)]
    if problems:
        raise InvalidInputError(problems)
    return chosen


def retired_policy(variables: Mapping[str, object]) -> HostPolicy:
    """Return how a host is treated that has no plan; raises InvalidInputError for a value that cannot be read.

    variables: of the inventory, by name; a variable that is not set may be absent.
    """
    at = At("lync_retire")
    given = {one.name: one for one in _POLICY if variables.get(one.name) is not None}
    record = Record({name: one.read(variables[name], At(name, at.faults)) for name, one in given.items()})
    if at.faults:
        raise InvalidInputError([Problem(fault.place, fault.message, fault.allowed, fault.fix) for fault in at.faults])
    return HostPolicy(
        ipsec=record[v.IPSEC],
        ipsec_engine=record[d.IPSEC_ENGINE],
        linux_policy=record[d.LINUX_POLICY],
        linux_path=record[d.LINUX_PATH],
        management_networks=record[v.MANAGEMENT_NETWORKS].to_text(),
    )


# What is read of a host without a plan.
RETIRED_VARIABLES = (
    *(one.name for one in _POLICY),
    *(one.name for one in (v.PLATFORM, d.BALANCER_DRIVER, d.REVERSE_PROXY_DRIVER)),
)


def _problems(name: str, known: Collection[str], planned: Callable[[str], HostPlan | None]) -> Iterator[Problem]:
    if name not in known:
        allowed = nearest(name, known) or "hosts of the inventory"
        yield Problem(
            _VARIABLE,
            f"{name!r} is no host of the inventory",
            allowed,
            "leave it in the inventory, outside of all roles, until it is retired",
        )
        return
    plan = planned(name)
    if plan and (plan.firewall_rules or plan.ipsec_exemptions):
        message = f"{name} is still in {', '.join(plan.roles) or 'a role'}, and the plan wants rules on it"
        yield Problem(_VARIABLE, message, fix="take it out of the group, or set lync_member_state to retired")
