# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The states of msuc.lync.nftables_rules that need no host: parsed and rendered.

    offline_result({"state": "rendered", "rules": [{"name": "SIP", ...}]}) == {"rendered": ["table inet msuc_lync", ...], ...}
    offline_result({"state": "parsed", "running_config": "..."}) == {"parsed": [{"name": "SIP", ...}], "policy": "drop", ...}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..._base.errors import InvalidInputError, Problem
from .listing import read_table
from .options import described, rules_from_options
from .ruleset import lines_of, rules_of
from .table import TABLE, Table

Options = Mapping[str, object]


def is_offline(state: object) -> bool:
    """Return whether a state of the module contacts no host."""
    return state in _STATES


def offline_result(options: Options) -> dict[str, object]:
    """Return the result of a task with state parsed or rendered; raises InvalidInputError with every problem of the input."""
    return {"changed": False, **_STATES[str(options["state"])](options)}


def _parsed(options: Options) -> dict[str, object]:
    text = options.get("running_config")
    if text is None:
        message = "state parsed needs running_config"
        raise InvalidInputError([Problem("running_config", message, fix=f"give the output of: nft list table {TABLE}")])
    table = read_table(str(text), "running_config")
    rules = rules_of(table.lines) if table else []
    return {"parsed": [described(rule) for rule in rules], "policy": table.policy if table else "accept"}


def _rendered(options: Options) -> dict[str, object]:
    listed = options.get("rules")
    rules = rules_from_options(listed if isinstance(listed, list) else [])
    table = Table(str(options.get("policy") or "drop"), tuple(line for rule in rules for line in lines_of(rule)))
    return {"rendered": table.script().splitlines(), "document": table.script()}


_STATES: Mapping[str, Callable[[Options], dict[str, object]]] = {"parsed": _parsed, "rendered": _rendered}
