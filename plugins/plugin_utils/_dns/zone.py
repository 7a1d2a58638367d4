# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One zone: gather what a server has of it, write changes as compare-and-swap, and its lines as a zone file has them.

An update holds, for every set that it touches, the prerequisite that the set is exactly what was gathered (RFC 2136
section 2.4.2), or that there is none; the server checks all of them and writes all or nothing.

    pool01.contoso.com. 300 IN A 10.1.0.11

Names in zone lines are absolute, so that the lines mean the same whatever the file's origin is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .._base.changes import State
from .._base.errors import InvalidInputError, Problem, shown
from .._base.libraries import dns
from .marks import Mark, Scope, choose_marks, mark_name, mark_of
from .planner import Have, RecordChange, asked_keys
from .records import TYPES, Key, RecordSet, Wanted, as_options, rdata, read_records, value_text
from .wire import Client

if TYPE_CHECKING:
    from dns.message import Message
    from dns.update import UpdateMessage

MARK_TTL_SECONDS = 300
# Changes of one update: with their prerequisites some 200 bytes each, and a message holds 65535.
CHANGES_OF_UPDATE_MAXIMUM = 200
# Between name and time to live: when a record was last refreshed, in exports of Windows DNS (dnscmd /ZoneExport).
_AGE = re.compile(r"^([^\s;]*[ \t]+)\[AGE:[0-9]+\][ \t]", re.MULTILINE)
# Lookups in WINS, types of Windows alone (65281 and 65282). Their lines stay, without data, since the name of a line
# holds for lines without a name after it.
_WINS = re.compile(r"^([^\s;]*[ \t]+(?:[0-9]+[ \t]+)?(?:IN[ \t]+)?)WINSR?[ \t].*$", re.MULTILINE)
_NO_DATA = r"\1TYPE65281 \\# 0"
_PROBE_LABEL = "_msuc-lync-probe"


def serial(client: Client, zone: str) -> int:
    """Return the serial number of a zone's SOA record on a server."""
    answer = client.query(zone, "SOA", zone)
    numbers: list[int] = [data.serial for rrset in answer.answer for data in rrset if data.rdtype.name == "SOA"]
    if not numbers:
        raise client.no_zone(zone)
    return numbers[0]


def gather(client: Client, zone: str, want: Sequence[Wanted], scope: Scope) -> Have:
    """Return what a server holds of a zone: the marks of the owners, and the sets that are wanted or marked."""
    number = serial(client, zone)
    written = [mark for owner in sorted(scope.owners) for mark in _ask_marks(client, zone, owner)]
    keys = asked_keys(zone, want, written, scope)
    found = sets_of(client, zone, keys)
    marks = choose_marks(written, found, scope)
    unmarked = {key: one for key, one in found.items() if key not in marks}
    wildcards = _wildcard_sets(client, zone, unmarked)
    sets = {key: one for key, one in found.items() if key in marks or one.values != wildcards.get(_sibling_key(key))}
    return Have(sets, marks, number)


def sets_of(client: Client, zone: str, keys: Iterable[Key]) -> dict[Key, RecordSet]:
    """Return the sets that a server answers with for keys; at an alias, the alias."""
    found: dict[Key, RecordSet] = {}
    for key in keys:
        for one in _sets_of_answer(client.query(key.name, key.type, zone), zone, key.name):
            found[one.key] = one
    return found


def _sets_of_answer(answer: Message, zone: str, name: str) -> Iterator[RecordSet]:
    """Yield the sets of a name in an answer; what follows an alias is of another name."""
    for rrset in answer.answer:
        kind = rrset.rdtype.name
        if kind in TYPES and rrset.name.to_text(omit_final_dot=True).lower() == name:
            yield RecordSet(Key(zone, name, kind), rrset.ttl, tuple(sorted(value_text(data) for data in rrset)))


def _ask_marks(client: Client, zone: str, owner: str) -> Iterator[Mark]:
    answer = client.query(mark_name(zone, owner), "TXT", zone)
    for data in (data for rrset in answer.answer for data in rrset if data.rdtype.name == "TXT"):
        mark = mark_of(b"".join(data.strings).decode("utf-8", "replace"), zone, owner)
        if mark:
            yield mark


def _wildcard_sets(client: Client, zone: str, found: Iterable[Key]) -> Mapping[Key, tuple[str, ...]]:
    """Return the values that wildcards give to names nobody has, by the key of such a name.

    A set that equals them may be no set at all, and a prerequisite that it exists would fail.
    """
    probes = sorted({_sibling_key(key) for key in found})
    return {key: one.values for key, one in sets_of(client, zone, probes).items()}


def _sibling_key(key: Key) -> Key:
    """Return the key of a name beside another that nobody has."""
    parent = key.name.partition(".")[2] if key.name != key.zone else key.zone
    return Key(key.zone, f"{_PROBE_LABEL}.{parent}", key.type)


def write(client: Client, zone: str, changes: Sequence[RecordChange]) -> None:
    """Make changes, up to 200 of them at a time all or nothing.

    Raises DeviceError; what earlier messages made stays.
    """
    for start in range(0, len(changes), CHANGES_OF_UPDATE_MAXIMUM):
        client.update(update_message(zone, changes[start : start + CHANGES_OF_UPDATE_MAXIMUM]), zone)


def update_message(zone: str, changes: Sequence[RecordChange]) -> UpdateMessage:
    """Return the update that makes changes, with prerequisites for exactly what was gathered."""
    message = dns.update.UpdateMessage(f"{zone}.")
    aliases = {change.key.name for change in changes if change.key.type == "CNAME" and change.before}
    for change in changes:
        _add_prerequisites(message, change, change.key.name in aliases)
    # An alias goes first: a server ignores, without any error, a record that is added beside one (RFC 2136 section
    # 3.4.2.2).
    for change in sorted(changes, key=lambda change: change.after is not None):
        _replace_set(message, change)
        _replace_mark(message, change)
    return message


def _add_prerequisites(message: UpdateMessage, change: RecordChange, is_alias_now: bool) -> None:
    name, kind = f"{change.key.name}.", change.key.type
    if change.before:
        message.present(name, *(rdata(kind, value) for value in change.before.values))
        return
    message.absent(name, kind)
    if kind != "CNAME" and change.after and not is_alias_now:
        message.absent(name, "CNAME")


def _replace_set(message: UpdateMessage, change: RecordChange) -> None:
    if not change.touches_set and not change.is_refresh:
        return
    name, kind = f"{change.key.name}.", change.key.type
    # Records that are added as they are get a new timestamp; without them a name would be gone for a moment.
    if change.before and not change.is_refresh:
        message.delete(name, kind)
    if change.after:
        message.add(name, change.after.ttl, *(rdata(kind, value) for value in change.after.values))


def _replace_mark(message: UpdateMessage, change: RecordChange) -> None:
    if change.mark_before == change.mark_after and not change.is_refresh:
        return
    if change.mark_before:
        message.delete(f"{change.mark_before.name}.", mark_rdata(change.mark_before))
    if change.mark_after:
        message.add(f"{change.mark_after.name}.", MARK_TTL_SECONDS, mark_rdata(change.mark_after))


def mark_rdata(mark: Mark) -> object:
    """Return a mark as a TXT value of one string."""
    return rdata("TXT", f'"{mark.text}"')


def lines_of(one: RecordSet) -> list[str]:
    """Return the lines of one record set, a value each."""
    key = one.key
    return [f"{key.name}. {one.ttl} IN {key.type} {rdata(key.type, value).to_text()}" for value in one.values]


def rendered(sets: Iterable[RecordSet]) -> str:
    """Return record sets as zone lines, sorted by zone, name and type; an $ORIGIN line before each zone."""
    lines: list[str] = []
    zone = ""
    for one in sorted(sets):
        if one.key.zone != zone:
            zone = one.key.zone
            lines.append(f"$ORIGIN {zone}.")
        lines += lines_of(one)
    return "".join(f"{line}\n" for line in lines)


def parsed(text: str, zone: str) -> tuple[RecordSet, ...]:
    """Return the record sets of a zone file that have one of our types, sorted; relative names are of the zone.

    SOA, NS and everything else is left out, and so are names outside the zone.
    Raises InvalidInputError for a text that is no zone file.
    """
    try:
        plain = _WINS.sub(_NO_DATA, _AGE.sub(r"\1", text))
        found = dns.zone.from_text(plain, origin=f"{zone}.", relativize=False, check_origin=False)
    except (dns.exception.DNSException, ValueError) as error:
        fix = "give the text of a zone file, with zone as its origin"
        raise InvalidInputError(
            [Problem("running_config", f"it is not the text of a zone: {error}", fix=fix)]
        ) from error
    sets = []
    for name, rdataset in found.iterate_rdatasets():
        kind = rdataset.rdtype.name
        if kind in TYPES:
            key = Key(zone, name.to_text(omit_final_dot=True).lower(), kind)
            sets.append(RecordSet(key, rdataset.ttl, tuple(sorted(value_text(data) for data in rdataset))))
    return tuple(sorted(sets))


# States that ask no server.


def offline_result(options: Mapping[str, object]) -> dict[str, object]:
    """Return the result of the states rendered and parsed, which ask no server; raises InvalidInputError.

    Zone lines come by view; owners and marks are not of the zone's text.
    """
    if options["state"] == State.RENDERED.value:
        want = read_records(options["records"])
        views = sorted({one.view for one in want})
        return {
            "changed": False,
            "rendered": {view: rendered(one.set for one in want if one.view == view) for view in views},
        }
    zone, view = str(options["zone"] or "").lower().rstrip("."), str(options["view"])
    if not zone:
        raise InvalidInputError([Problem("zone", "state parsed needs the zone of the text", fix="add zone")])
    return {"changed": False, "parsed": as_options(parsed(_zone_file(options), zone), view)}


def _zone_file(options: Mapping[str, object]) -> str:
    text, path = options["running_config"], options["path"]
    if (text is None) == (path is None):
        message = "state parsed needs a text or a file"
        raise InvalidInputError([Problem("running_config", message, "running_config or path", "give one of them")])
    if path is None:
        return str(text)
    try:
        return Path(str(path)).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        message = f"{shown(path)} cannot be read: {error}"
        raise InvalidInputError([Problem("path", message, fix="name the file of a zone")]) from error
