# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Zone lines: record sets as the text of a zone file, and back.

    pool01.contoso.com. 300 IN A 10.1.0.11

Names are absolute, so that the lines mean the same whatever the file's origin is.
"""

from __future__ import annotations

from collections.abc import Iterable

from .._base.errors import InvalidInputError, Problem
from .._base.libraries import dns
from .records import TYPES, Key, RecordSet, rdata, value_text


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

    SOA, NS and everything else is left out, and so are names outside the zone. Raises InvalidInputError for a text that is no zone file.
    """
    try:
        found = dns.zone.from_text(text, origin=f"{zone}.", relativize=False, check_origin=False)
    except (dns.exception.DNSException, ValueError) as error:
        fix = "give the text of a zone file, with zone as its origin"
        raise InvalidInputError([Problem("running_config", f"it is not the text of a zone: {error}", fix=fix)]) from error
    sets = []
    for name, rdataset in found.iterate_rdatasets():
        kind = rdataset.rdtype.name
        if kind in TYPES:
            key = Key(zone, name.to_text(omit_final_dot=True).lower(), kind)
            sets.append(RecordSet(key, rdataset.ttl, tuple(sorted(value_text(data) for data in rdataset))))
    return tuple(sorted(sets))
