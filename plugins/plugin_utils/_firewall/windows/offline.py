# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The states of msuc.lync.windows_firewall_rules that need no host: parsed and rendered.

offline_result({"state": "rendered", "rules": [{"name": "SIP", ...}]}) == {"rendered": ["v2.10|Action=Allow|..."], ...}
offline_result({"state": "parsed", "running_config": "v2.10|Action=Allow|..."}) == {"parsed": [{"name": "SIP", ...}], ...}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ..._base.errors import InvalidInputError, Problem
from ..options import OWNED_GROUP, rules_from_options
from .dumps import Dump, dump_of_text, read_dump
from .registry_strings import render_rule

Options = Mapping[str, object]


def is_offline(state: object) -> bool:
    """Return whether a state of the module contacts no host."""
    return state in _STATES


def offline_result(options: Options) -> dict[str, object]:
    """Return the result of a task with state parsed or rendered; raises InvalidInputError with every problem of the input."""
    return {"changed": False, **_STATES[str(options["state"])](options)}


def _parsed(options: Options) -> dict[str, object]:
    parsed = given_dump(options).parse()
    parsed.raise_refused()
    return {"parsed": [stored.to_options() for stored in parsed.rules]}


def given_dump(options: Options) -> Dump:
    """Return the dump that a task with state parsed gives; raises InvalidInputError when it is not exactly one."""
    text, path = options.get("running_config"), options.get("path")
    if (text is None) == (path is None):
        message = "state parsed needs exactly one of running_config and path"
        raise InvalidInputError([Problem("running_config, path", message, fix="give the text of the rules, or the path of a dump on the controller")])
    return dump_of_text(str(text), "running_config") if text is not None else read_dump(Path(str(path)))


def _rendered(options: Options) -> dict[str, object]:
    listed = options.get("rules")
    rules = rules_from_options(listed if isinstance(listed, list) else [], str(options.get("group") or OWNED_GROUP))
    return {"rendered": [render_rule(rule) for rule in rules]}


_STATES: Mapping[str, Callable[[Options], dict[str, object]]] = {"parsed": _parsed, "rendered": _rendered}
