# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What people accept of that which a run holds or refuses: the file accept.yml, and lync_accept that it sets.

    site.yml --check writes accept.yml; people delete lines; site.yml -e @accept.yml lifts exactly the rest.

It is bound to one plan, to what each host had when the check looked, and to 24 hours, so that it never lifts anything
that nobody has seen.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from .._base.addresses import AddressSet
from .._base.errors import InvalidInputError, Problem, shown
from .._base.libraries import yaml
from .._base.untyped import mapping, mappings
from .results import Concern, TaskResult

FILE = "accept.yml"
VALID = datetime.timedelta(hours=24)
CUT = "cut"
_FIX = "run site.yml --check again, and take the file that it writes"


class HoldKind(str, Enum):
    """Why something is held.

    VANISHED: an address that nothing of the inventory has. PEERS: too many peers would leave in one run. ALL_RULES: a
    host would lose all its rules. PEER_CLASS: a class of peers becomes empty. POOL: a pool would lose too many members.
    """

    VANISHED = "vanished"
    PEERS = "peers"
    ALL_RULES = "all_rules"
    PEER_CLASS = "peer_class"
    POOL = "pool"

    @property
    def is_of_the_run(self) -> bool:
        """Return whether all narrowing of the run is held for it."""
        return self in (HoldKind.PEERS, HoldKind.ALL_RULES, HoldKind.PEER_CLASS)


KINDS = (*(kind.value for kind in HoldKind), CUT)


@dataclass(frozen=True, order=True)
class Accepted:
    """One line: what is lifted on one device; item: an address, a host, a rule, a pool, or what is cut."""

    device: str
    kind: str
    item: str


@dataclass(frozen=True)
class Acceptances:
    """What is accepted in a run.

    plan: digest of the plan that it was made for. until: in UTC, None for nothing accepted. fingerprints: of the
    firewall rules of the hosts, as the check saw them.
    """

    items: frozenset[Accepted] = frozenset()
    plan: str = ""
    until: datetime.datetime | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)

    def has(self, device: str, kind: str, item: str) -> bool:
        """Return whether one thing is lifted on a device."""
        return Accepted(device, kind, item) in self.items

    def gone(self, device: str) -> AddressSet:
        """Return the addresses that may leave a device."""
        return AddressSet.parse(self._items(device, "vanished"))

    def pools(self, device: str) -> frozenset[str]:
        """Return the pools that may lose more members on a device than the bounds allow."""
        return frozenset(self._items(device, "pool"))

    def cuts(self, device: str, fingerprint: str) -> list[str]:
        """Return what may be cut on a host; nothing when it is not as it was when that was accepted."""
        is_known = bool(fingerprint) and self.fingerprints.get(device) == fingerprint
        return sorted(self._items(device, CUT)) if is_known else []

    def _items(self, device: str, kind: str) -> list[str]:
        return [one.item for one in self.items if (one.device, one.kind) == (device, kind)]


def read_acceptances(document: Mapping[str, object]) -> Acceptances:
    """Return the acceptances of lync_accept, whose form check_acceptances has looked at; nothing for an empty one."""
    if not document:
        return Acceptances()
    items = [Accepted(str(one["device"]), str(one["kind"]), str(one["object"])) for one in mappings(document["items"])]
    prints = {str(host): str(text) for host, text in mapping(document["fingerprints"]).items()}
    return Acceptances(frozenset(items), str(document["plan"]), _read_time(document["until"]), prints)


def read_accept_file(path: Path) -> Mapping[str, object]:
    """Return lync_accept of a file beside an approved plan; nothing without one, InvalidInputError when it is none."""
    if not path.is_file():
        return {}
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        return {str(key): value for key, value in found["lync_accept"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError) as error:
        raise InvalidInputError([Problem(str(path), f"has no lync_accept: {error}", fix=_FIX)]) from error


def check_acceptances(document: Mapping[str, object], digest: str, now: datetime.datetime) -> Iterator[Problem]:
    """Yield what is wrong with lync_accept: its form, another plan, a time that is over."""
    if not document:
        return
    problems = list(_find_faults_of_form(document))
    yield from problems
    if problems:
        return
    found = read_acceptances(document)
    if found.plan != digest:
        message = f"it was made for the plan {found.plan[:12]}, and this run has {digest[:12]}"
        yield Problem("lync_accept", message, fix=_FIX)
    if found.until is None or found.until <= now:
        yield Problem("lync_accept", f"it was valid until {document['until']}", fix=_FIX)


def _find_faults_of_form(document: Mapping[str, object]) -> Iterator[Problem]:
    keys = {"plan", "until", "fingerprints", "items"}
    if set(document) != keys:
        yield Problem("lync_accept", f"has the keys {', '.join(sorted(document))}", ", ".join(sorted(keys)), _FIX)
        return
    if _read_time(document["until"]) is None:
        yield Problem("lync_accept, until", f"{document['until']!r} is not a time", "2026-11-30T10:00:00Z", _FIX)
    items = document["items"]
    for number, one in enumerate(items if isinstance(items, (list, tuple)) else [items]):
        is_whole = isinstance(one, Mapping) and set(one) == {"device", "kind", "object"}
        if not is_whole or one["kind"] not in KINDS:
            yield Problem(f"lync_accept, items[{number}]", "is no line of accept.yml", "device, kind and object", _FIX)
        elif one["kind"] == "vanished" and not _is_address(one["object"]):
            yield Problem(f"lync_accept, items[{number}]", f"{shown(one['object'])} is no address", "", _FIX)


def _is_address(value: object) -> bool:
    try:
        AddressSet.parse([str(value)])
    except ValueError:
        return False
    return True


def _read_time(value: object) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.timezone.utc)


def acceptance_text(
    held: Iterable[tuple[Accepted, str]],
    refused: Sequence[str],
    results: Iterable[TaskResult],
    digest: str,
    now: datetime.datetime,
) -> str:
    """Return the text of accept.yml; empty when there is nothing to accept.

    held: what can be lifted, each with its reason for people. refused: what cannot be.
    """
    lines = sorted(held)
    if not lines:
        return ""
    until = (now + VALID).astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    devices = {accepted.device for accepted, _why in lines}
    # Firewall rules alone cut anybody off; a host has another fingerprint for its exemptions.
    seen = [result for result in results if result.concern is Concern.FIREWALL and result.document.get("fingerprint")]
    prints = {result.device: str(result.document["fingerprint"]) for result in seen if result.device in devices}
    return "\n".join(
        [
            "---",
            "# Each line lifts what a run holds or refuses, on one device. Delete what you do not accept, then run",
            "# site.yml -e @accept.yml. It holds for this plan alone, for hosts as they were, and for 24 hours.",
            *(f"# Cannot be accepted: {text}" for text in refused),
            "lync_accept:",
            f"  plan: {json.dumps(digest)}",
            f"  until: {json.dumps(until)}",
            f"  fingerprints: {json.dumps(prints, sort_keys=True)}",
            "  items:",
            *(line for accepted, why in lines for line in _lines_of(accepted, why)),
            "",
        ]
    )


def _lines_of(accepted: Accepted, why: str) -> list[str]:
    names = {"device": accepted.device, "kind": accepted.kind, "object": accepted.item}
    return [f"    # {' '.join(why.split())}", f"    - {json.dumps(names, ensure_ascii=False)}"]
