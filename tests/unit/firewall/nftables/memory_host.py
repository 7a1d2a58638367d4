# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Linux host in memory that answers as msuc.lync.nftables_remote does: our table, its file, its rollback.

    host = MemoryHost()
    NftablesProvider(task, host.link())

nftables for real is tested in a network namespace (tests/lab/test_nftables.py).
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.listing import read_text
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.ruleset import (
    CHAINS,
    FRAME,
    HOOKS,
    TABLE,
    Line,
    Match,
    Table,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.reconcile import Link

Answer = dict[str, Any]
ROLLBACK = "nft -f /var/lib/msuc-lync/nftables-before.nft"


class MemoryHost:
    """One host; whoever tests changes what it has between questions.

    forgets: keys that its answers lack. refuses: why it does not apply. confirms: whether it can still confirm.
    """

    def __init__(self, table: Table | None = None) -> None:
        self._handles = itertools.count(1)
        self.table = table
        self.content: str | None = None
        self.addresses = ["10.1.0.5", "127.0.0.1"]
        self.ssh = ["10.1.0.5 22 10.9.0.7"]
        self.forgets: set[str] = set()
        self.refuses = ""
        self.confirms = True
        self.is_armed = False
        self.others: list[Answer] = []
        self.pending: Answer = {}
        self.questions: list[str] = []

    def remote(self, arguments: Mapping[str, Any]) -> Answer:
        """Answer as the module on the host."""
        self.questions.append(arguments["operation"])
        if arguments["operation"] == "apply":
            answer = self._apply(arguments)
        elif arguments["operation"] == "confirm":
            answer = self._confirmed(arguments)
        elif arguments["operation"] == "revert":
            self.table, self.is_armed, self.pending = None, False, {}
            answer = self._gathered()
        else:
            answer = self._gathered()
        return {name: value for name, value in answer.items() if name not in self.forgets}

    def link(self) -> Link:
        """Return the way to the host."""
        return Link(self.remote, lambda arguments, lost_text: self.remote(arguments), "10.1.0.5")

    def _gathered(self) -> Answer:
        return {
            "listing": self._listing(),
            "fingerprint": self._fingerprint(),
            "others": list(self.others),
            "pending_revert": dict(self.pending),
            "content": self.content,
            "includes": ["/etc/nftables.d/*.nft"],
            "addresses": list(self.addresses),
            "ssh": list(self.ssh),
        }

    def _fingerprint(self) -> str:
        return hashlib.sha256(self._listing().encode()).hexdigest()

    def _apply(self, arguments: Mapping[str, Any]) -> Answer:
        if self.refuses:
            return {"failed": True, "msg": self.refuses}
        if arguments["fingerprint"] != self._fingerprint():
            return {"failed": True, "msg": "the table was changed by somebody else in the middle of this run"}
        self._run(arguments["script"])
        self.is_armed = bool(arguments["script"] and arguments["confirm_seconds"])
        if not self.is_armed:
            self.content = arguments["content"] or None
        made = {"rollback": ROLLBACK, "armed": self.is_armed, "checked": bool(arguments["script"])}
        return {**made, **self._gathered()}

    def _confirmed(self, arguments: Mapping[str, Any]) -> Answer:
        if not (self.is_armed and self.confirms):
            return {"failed": True, "msg": "the change was taken back before it was confirmed"}
        self.is_armed, self.pending, self.content = False, {}, arguments["content"] or None
        return self._gathered()

    def _run(self, script: str) -> None:
        """Do what nft does with a script: the whole table anew, or single steps."""
        if f"delete table {TABLE}" in script:
            self.table = read_text(script)
            return
        for step in script.splitlines():
            self._step(step.removeprefix("add ").removeprefix("delete "), is_added=step.startswith("add "))

    def _step(self, step: str, is_added: bool) -> None:
        assert self.table is not None
        kind, _family, _table, chain, *rest = step.split(" ")
        if kind == "chain":
            self.table = replace(self.table, policy=rest[rest.index("policy") + 1].rstrip(";"))
            return
        own = [line for line in self.table.lines if is_added or line.handle != int(rest[1])]
        if is_added:
            read = read_text(f"chain {chain} {{\n{' '.join(rest)}\n}}\n")
            assert read is not None
            own += read.lines
        self.table = replace(self.table, lines=tuple(own))

    def _listing(self) -> str:
        """Return the table as nft's JSON; each line gets a handle when it is listed first."""
        if self.table is None:
            return ""
        lines = tuple(line if line.handle else replace(line, handle=next(self._handles)) for line in self.table.lines)
        self.table = replace(self.table, lines=lines)
        items: list[Answer] = []
        for name, (kind, hook, priority) in HOOKS.items():
            policy = self.table.policy if name == "input" else "accept"
            hooked = {"type": kind, "hook": hook, "prio": priority, "policy": policy}
            items.append({"chain": {"name": name, **hooked}})
        items += [{"chain": {"name": name}} for name in CHAINS.values()]
        items += [{"rule": _rule(line)} for line in (*(FRAME if self.table.has_frame else ()), *lines)]
        return json.dumps({"nftables": items})


def _rule(line: Line) -> Answer:
    """Return a line as nft's JSON has it."""
    expressions: list[Answer] = [{"match": _match(one)} for one in line.matches]
    verdict, _blank, target = line.verdict.partition(" ")
    expressions.append({verdict: {"target": target} if target else None})
    return {"chain": line.chain, "handle": line.handle, "comment": line.comment, "expr": expressions}


def _match(match: Match) -> Answer:
    name, values = match
    first, _blank, second = name.partition(" ")
    if not second:
        left: Answer = {"meta": {"key": first}}
    elif first in ("meta", "ct"):
        left = {first: {"key": second}}
    else:
        left = {"payload": {"protocol": first, "field": second}}
    return {"op": "in" if name == "ct state" else "==", "left": left, "right": {"set": list(values)}}
