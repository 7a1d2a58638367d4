# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Through what the rules of a host are read: COM, its registry, or both where nobody knows whether they are the same.

    reading = Reading("auto", EvidenceFolder("evidence"))
    reading.first_way() == {"gather_through": "auto", "known_builds": {"20348.2700": "registry"}}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..._base.errors import DeviceError, Problem, one_of
from ..._base.reconcile import bullets
from ..._base.untyped import counted, text
from ..host_facts import LOCAL, Host
from .evidence import COM, REGISTRY, EvidenceFolder
from .stored import StoredRules, differences

AUTO = "auto"
WAYS = (AUTO, REGISTRY, COM)
Way = Mapping[str, object]
THROUGH_COM: Way = {}
THROUGH_BOTH: Way = {"gather_through": "both"}
BY_NAME: Way = {"gather_through": REGISTRY}
_SHOWN = 3


@dataclass(frozen=True)
class Reading:
    """The options gather_through and evidence_dir; without a folder auto is com, as nothing would be remembered."""

    through: str = COM
    folder: EvidenceFolder = field(default_factory=lambda: EvidenceFolder(""))
    # Whether it is known already that the host has something to change: then its registry alone would not do.
    expects_changes: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, object]) -> tuple[Reading, list[Problem]]:
        """Return the reading of a module's options, and what is wrong with them."""
        through = text(options.get("gather_through")) or COM
        problems = [] if through in WAYS else [Problem("gather_through", f"{through!r} is no way", one_of(WAYS))]
        return cls(through, EvidenceFolder(text(options.get("evidence_dir")))), problems

    @property
    def _is_auto(self) -> bool:
        return self.through == AUTO and self.folder.is_there

    def first_way(self) -> Way:
        """Return the arguments of the first question to a host, whose build nobody knows yet."""
        registry = THROUGH_BOTH if self.expects_changes else BY_NAME
        if self._is_auto:
            ways = {COM: COM, REGISTRY: registry["gather_through"]}
            return {"gather_through": AUTO, "known_builds": {one.build: ways[one.way] for one in self.folder.known()}}
        return registry if self.through == REGISTRY else THROUGH_COM

    def trusts(self, build: str) -> bool:
        """Return whether the registry of hosts of a build is known to be what COM shows, or is believed to be."""
        known = self.folder.known() if self._is_auto else []
        return self.through == REGISTRY or any(one.build == build and one.way == REGISTRY for one in known)

    def explain_com(self, build: str) -> list[str]:
        """Return why hosts of a build are read through COM; the same text for each of them."""
        found = [one for one in self.folder.known() if one.build == build and one.differences] if self._is_auto else []
        start = f"Windows build {build} is read through COM, since the registry of one of its hosts differs from it"
        return [f"{start}: {self.folder.file_of(build)}" for _one in found]

    def compare(self, host: Host, stored: StoredRules) -> tuple[tuple[str, ...], list[str]]:
        """Return what differs between a host's registry and COM, and what is to be told; recorded with auto."""
        if stored.problems:
            return stored.problems, [explain_unread(stored)]
        local = [present for present in host.rules if present.store == LOCAL]
        found = differences(stored.rules, local)
        try:
            if self._is_auto:
                self.folder.record(host.build, len(local), found)
        except OSError as error:
            return found, [f"whether registry and COM are the same on Windows build {host.build} is not kept: {error}"]
        return found, self.explain_com(host.build)


def explain_unread(stored: StoredRules) -> str:
    """Return why the registry of a host does not count."""
    return f"the registry does not tell all rules, so COM was asked: {_shorten(stored.problems)}"


def refuse_disagreement(found: Sequence[str]) -> None:
    """Raise DeviceError when the registry and COM disagree about a host that is to be changed."""
    if found:
        title = f"the registry and COM disagree about {counted(len(found), 'rule')}; nothing was written:"
        fix = "fix: run again; where it stays so, with -e lync_gather_through=com"
        raise DeviceError("\n".join([title, *bullets(found), fix]))


def _shorten(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return "; ".join(texts[:_SHOWN]) + more
