# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates that servers showed: for whom, and until when. They are read, and nobody vouches for them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from .._base.libraries import x509


@dataclass(frozen=True)
class Certificate:
    """What matters of a certificate; names: those of the subject and the alternative ones, in small letters, sorted."""

    subject: str
    names: tuple[str, ...]
    ends: datetime.datetime

    def is_for(self, wanted: Sequence[str]) -> bool:
        """Return whether one of its names is one of those wanted; a name without a dot is a host in any domain."""
        return any(_matches(name, one.lower()) for name in self.names for one in wanted)

    def document(self) -> dict[str, object]:
        """Return it as the schema has it."""
        return {"subject": self.subject, "names": list(self.names), "ends": self.ends.strftime("%Y-%m-%dT%H:%M:%SZ")}


def read_certificate(data: bytes) -> Certificate | None:
    """Return the certificate of its DER bytes, None when they are none."""
    try:
        found = x509.load_der_x509_certificate(data)
        names = {str(item.value).lower() for item in found.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)}
        return Certificate(found.subject.rfc4514_string(), tuple(sorted(names | _alternative(found))), found.not_valid_after_utc)
    except ValueError:
        return None


def _alternative(found: x509.Certificate) -> set[str]:
    try:
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    return {name.lower() for name in extension.value.get_values_for_type(x509.DNSName)}


def _matches(name: str, wanted: str) -> bool:
    if "." not in wanted:
        return name.partition(".")[0] == wanted
    return name == wanted or (name.startswith("*.") and name[2:] == wanted.partition(".")[2])
