# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Windows Server 2008 R2 does not know: rules that need more are refused before the first write.

    missing_capabilities(rules, have) -> [Problem("rule x, security", "the host does not know ...")]

A host tells by its rules: INetFwRule3, which Windows Server 2012 brought with policy version 2.20, gives each SecureFlags.
A host without any rule tells nothing, and is left to refuse by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..._base.errors import Problem, one_of
from ..planner import LOCAL, Present
from ..rule import Rule
from ..tables import WORDS_OF_2012

_FIX = "leave it out on this host, or upgrade it to Windows Server 2012 or later"


def missing_capabilities(rules: Iterable[Rule], have: Sequence[Present]) -> list[Problem]:
    """Return a problem for each option of a rule that the host is too old for."""
    local = [present for present in have if present.store == LOCAL]
    if not local or any("SecureFlags" in present.com for present in local):
        return []
    return [
        Problem(f"rule {rule.name}, {option}", f"{text} is not known to this host, which is older than Windows Server 2012", fix=_FIX)
        for rule in rules
        for option, text in _needs(rule)
    ]


def _needs(rule: Rule) -> list[tuple[str, str]]:
    """Return the options of a rule that need Windows Server 2012, with what of them does."""
    words = [(option, getattr(rule, option).words & WORDS_OF_2012) for option in ("localport", "remoteip")]
    found = [(option, one_of(some)) for option, some in words if some]
    return found + ([("security", rule.security)] if rule.security != "notrequired" else [])
