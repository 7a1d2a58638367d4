# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The bytes of a topology's file, as texts of XML: encodings, and the zip of Export-CsConfiguration.

    texts_of(b"\\xff\\xfe<\\0T\\0...", "f.xml") -> [Text("f.xml", "<Topology ...")]

Everything is bounded before it is unpacked, so no file takes more than a few times of BYTES_MAXIMUM.
"""

from __future__ import annotations

import codecs
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .._base.errors import InvalidInputError, Problem, shown
from .._base.untyped import counted

BYTES_MAXIMUM = 32 * 1024 * 1024
"""Of a file, and of all that a zip holds: 500 servers take less than 3 MB, a configuration with policies some more."""
ENTRIES_MAXIMUM = 64
EXPORT = "(Get-CsTopology -AsXml).ToString() | Out-File topology.xml -Encoding utf8"
"""What makes a file that is whole, in Lync's own shell."""
_HOW = f"export it with: {EXPORT}"
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_BARE_UTF16 = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
_DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]{0,200}\?>")
_ENCODING = re.compile(rb"\A\s*<\?xml\b[^>]{0,150}\bencoding=[\"']([A-Za-z0-9._-]{1,40})[\"']")
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class Text:
    """One XML text; name: of the file, and of the entry of a zip."""

    name: str
    content: str


def refusal(place: str, message: str, allowed: str = "", fix: str = "") -> InvalidInputError:
    """Return the error of one problem."""
    return InvalidInputError([Problem(place, message, allowed, fix)])


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file; raises InvalidInputError where it cannot be read or is too large."""
    place = f"lync_topology {path}"
    try:
        if not path.is_file():
            raise refusal(place, "there is no such file", fix="name a .tbxml, an XML of Get-CsTopology, or a zip")
        if path.stat().st_size > BYTES_MAXIMUM:
            raise refusal(place, f"the file has {path.stat().st_size} bytes", f"up to {BYTES_MAXIMUM}")
        return path.read_bytes()
    except OSError as error:
        raise refusal(place, f"the file cannot be read: {error.strerror}") from error


def texts_of(content: bytes, name: str) -> list[Text]:
    """Return the XML texts of a file; raises InvalidInputError where there is none that can be read."""
    if content.startswith(_ZIP):
        return [_decoded(part, f"{name}, {entry}") for entry, part in _unpacked(content, name)]
    return [_decoded(content, name)]


def _decoded(content: bytes, name: str) -> Text:
    if not content.strip(b"\0 \t\r\n"):
        raise refusal(name, "the file is empty", fix=_HOW)
    encoding, skipped = _encoding_of(content)
    try:
        text = content[skipped:].decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise refusal(name, f"the file is no text in {encoding}: {error}", "UTF-8, UTF-16", _HOW) from error
    # What is decoded here needs no declaration, and that of a text which was converted is wrong.
    found = _DECLARATION.match(text)
    body = text if found is None else "\n" * found[0].count("\n") + text[found.end() :]
    if not body.lstrip().startswith("<"):
        start = shown(body.lstrip()[:60])
        raise refusal(name, f"this is no XML, it begins with {start}", "XML", f"the object was printed; {_HOW}")
    return Text(name, body)


def _encoding_of(content: bytes) -> tuple[str, int]:
    """Return the encoding of a file, and how many bytes its mark takes."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding, len(mark)
    if content[:2] in _BARE_UTF16:
        return _BARE_UTF16[content[:2]], 0
    found = _ENCODING.match(content)
    declared = found[1].decode("ascii").lower() if found else "utf-8"
    # Bytes that can be read so are not in 16 bits, whatever they declare.
    return ("utf-8" if declared.startswith("utf-16") or declared == "utf16" else declared), 0


def _unpacked(content: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the XML files of a zip, each no longer than what is left of the limit."""
    left = BYTES_MAXIMUM
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.lower().endswith(".xml")]
            if not entries or len(entries) > ENTRIES_MAXIMUM:
                holds = f"the zip holds {counted(len(entries), 'XML file')}"
                raise refusal(name, holds, f"1 to {ENTRIES_MAXIMUM}", "name what Export-CsConfiguration wrote")
            for entry in entries:
                part = _read_entry(archive, entry, left, name)
                left -= len(part)
                yield entry.filename, part
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise refusal(name, f"the zip cannot be read: {error}", fix="export it again") from error


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int, name: str) -> bytes:
    """Return the bytes of an entry; what its header says of their number is not believed."""
    with archive.open(entry) as file:
        part = file.read(left + 1)
    if len(part) > left:
        raise refusal(f"{name}, {entry.filename}", f"the zip unpacks to more than {BYTES_MAXIMUM} bytes")
    return part
