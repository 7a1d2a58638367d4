# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DNS record sets: reading them from options, and their canonical values.

    RecordSet(Key("contoso.com", "pool01.contoso.com", "A"), 300, ("10.1.0.11", "10.1.0.12"))

Names are in lower case, without the final dot. Values are texts as a zone file has them, canonical, sorted, names in
them without the final dot; so two sets are equal when DNS serves the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._base.errors import InvalidInputError, Problem, shown
from .._base.libraries import dns
from .._inventory.dns_servers import VIEWS
from .._inventory.fields import At, Field, Record, choice, dns_name, raw_mappings, read_record, texts

if TYPE_CHECKING:
    from dns.rdata import Rdata

TYPES = ("A", "AAAA", "SRV", "CNAME")
ADDRESS_TYPES = ("A", "AAAA")
DEFAULT_TTL_SECONDS = 300
TTL_SECONDS_MAXIMUM = 2**31 - 1  # RFC 2181 section 8
DEFAULT_OWNER = "msuc.lync"
_MARKED_NAME_MAXIMUM = 211
_OWNER_AND_ZONE_MAXIMUM = 253 - len("._msuc-lync")


@dataclass(frozen=True, order=True)
class Key:
    """Which record set: zone, name and type."""

    zone: str
    name: str
    type: str

    def __str__(self) -> str:
        return f"{self.name} {self.type}"


@dataclass(frozen=True, order=True)
class RecordSet:
    """One record set; ttl in seconds."""

    key: Key
    ttl: int
    values: tuple[str, ...]

    def to_options(self, view: str) -> dict[str, object]:
        """Return the set as an entry of the option records."""
        key = self.key
        return {
            "name": key.name,
            "type": key.type,
            "values": list(self.values),
            "ttl": self.ttl,
            "zone": key.zone,
            "view": view,
        }


@dataclass(frozen=True, order=True)
class Wanted:
    """A record set that should be in a view; owner: on whose behalf, usually a pool."""

    view: str
    set: RecordSet
    owner: str = DEFAULT_OWNER


def canonical(record_type: str, text: str) -> str:
    """Return a value as it is compared and shown; raises ValueError when it is none of the type."""
    return value_text(rdata(record_type, text))


def value_text(data: Rdata) -> str:
    """Return the canonical text of a value that was read from the wire or from a text."""
    text = data.to_text()
    return text if data.rdtype.name == "TXT" else text.lower().rstrip(".")


def rdata(record_type: str, text: str) -> Rdata:
    """Return a value for the wire; names in it are absolute, with the final dot or without."""
    try:
        return dns.rdata.from_text("IN", record_type, text, origin=dns.name.root, relativize=False)
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(f"{text!r} is not a value of type {record_type}: {error}") from error


def is_below(name: str, zone: str) -> bool:
    """Return whether a zone holds a name."""
    return name == zone or name.endswith(f".{zone}")


def _read_ttl(raw: object, at: At) -> int:
    number = int(raw) if isinstance(raw, (int, str)) and str(raw).isdigit() else -1
    if not 0 <= number <= TTL_SECONDS_MAXIMUM:
        at.error(f"{shown(raw)} is not a time to live", f"0 to {TTL_SECONDS_MAXIMUM} seconds")
    return number


def _read_type(raw: object, at: At) -> str:
    plain = raw.strip().upper() if isinstance(raw, str) else ""
    if plain not in TYPES:
        at.error(f"{shown(raw)} is not a type", ", ".join(TYPES))
        return ""
    return plain


_NAME: Field[str] = Field("name", dns_name, "")
_TYPE: Field[str] = Field("type", _read_type, "")
_VALUES: Field[tuple[str, ...]] = Field("values", texts, ())
_TTL: Field[int] = Field("ttl", _read_ttl, DEFAULT_TTL_SECONDS)
_ZONE: Field[str] = Field("zone", dns_name, "")
_VIEW: Field[str] = Field("view", choice("a view", VIEWS), "internal")
_OWNER: Field[str] = Field("owner", dns_name, DEFAULT_OWNER)
_FIELDS: tuple[Field[object], ...] = (_NAME, _TYPE, _VALUES, _TTL, _ZONE, _VIEW, _OWNER)


def read_records(raw: object, needs_values: bool = True) -> tuple[Wanted, ...]:
    """Return the record sets of the option records, sorted; raises InvalidInputError with everything that is wrong.

    needs_values: false where the name and type of a set will do.
    """
    at = At("records")
    entries = enumerate(raw_mappings(raw, at))
    found = [(index, _read_wanted(entry, at.item(index), needs_values)) for index, entry in entries]
    whole = [(index, one) for index, one in found if one is not None]
    _check_together(whole, at)
    if at.faults:
        raise InvalidInputError(Problem(fault.place, fault.message, fault.allowed, fault.fix) for fault in at.faults)
    return tuple(sorted({one for _index, one in whole}))


def _read_wanted(raw: Mapping[str, object], at: At, needs_values: bool) -> Wanted | None:
    before = len(at.faults)
    record = read_record(raw, at, _FIELDS)
    for needed in (_NAME, _TYPE, _ZONE, *([_VALUES] if needs_values else [])):
        if not record.has(needed) or (needed is _VALUES and record.good(_VALUES) and not record[_VALUES]):
            at.error(f"the record has no {needed.name}", fix=f"add {needed.name}")
    values = _canonical_values(record, at) if record[_TYPE] else ()
    if len(at.faults) > before:
        return None
    key = Key(record[_ZONE].lower(), record[_NAME].lower(), record[_TYPE])
    if not is_below(key.name, key.zone):
        at.error(
            f"{key.name} is not a name of the zone {key.zone}",
            f"{key.zone} and names that end with .{key.zone}",
            "correct name or zone",
        )
    if len(f"{record[_OWNER]}.{key.zone}") > _OWNER_AND_ZONE_MAXIMUM:
        at.error(
            f"{shown(record[_OWNER])} is too long for an owner in the zone {key.zone}",
            f"{_OWNER_AND_ZONE_MAXIMUM} characters for both together",
        )
    # A mark is a TXT string of 255 bytes at most: name, type, proof and day.
    if len(key.name) - len(key.zone) > _MARKED_NAME_MAXIMUM:
        at.error(
            f"{shown(key.name)} is too long to be marked as owned", f"{_MARKED_NAME_MAXIMUM} characters before the zone"
        )
    if key.type == "CNAME" and len(record[_VALUES]) > 1:
        at.error(
            f"{key.name} is an alias of {len(record[_VALUES])} names", "one value for type CNAME", "remove all but one"
        )
    return Wanted(record[_VIEW], RecordSet(key, record[_TTL], values), record[_OWNER].lower())


def _canonical_values(record: Record, at: At) -> tuple[str, ...]:
    found = set()
    for text in record[_VALUES]:
        try:
            found.add(canonical(record[_TYPE], text))
        except ValueError as error:
            at.error(str(error), "values as a zone file has them", "correct the value")
    return tuple(sorted(found))


def _check_together(found: Sequence[tuple[int, Wanted]], at: At) -> None:
    """Note sets that are wanted twice in different ways, and aliases that are not alone at their name."""
    sets: dict[tuple[str, Key], Wanted] = {}
    for index, one in found:
        other = sets.setdefault((one.view, one.set.key), one)
        if other != one:
            at.item(index).error(
                f"{one.set.key} is wanted twice, with other values, time to live or owner", fix="keep one of the two"
            )
    types: dict[tuple[str, str], set[str]] = {}
    for view, key in sets:
        types.setdefault((view, key.name), set()).add(key.type)
    for (view, name), kinds in types.items():
        if "CNAME" in kinds and len(kinds) > 1:
            at.error(
                f"{name} is an alias in the view {view} and has other records too",
                "type CNAME alone at its name",
                "remove one of the two",
            )


def as_options(sets: Iterable[RecordSet], view: str) -> list[dict[str, object]]:
    """Return sets as entries of the option records, sorted."""
    return [one.to_options(view) for one in sorted(sets)]
