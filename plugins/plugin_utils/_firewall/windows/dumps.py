# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dumps of a host's firewall, read without the host: exports of the policy, of the registry, and lists of rule strings.

    fe01.wfw    netsh advfirewall export C:\\fe01.wfw
    fe01.reg    reg export HKLM\\...\\Services\\SharedAccess\\Parameters\\FirewallPolicy C:\\fe01.reg
    fe01.json   {"{0A1B...}": "v2.28|Action=Allow|..."}, or a list of such mappings

What a file is shows in its content; its name says only whose it is.
"""

from __future__ import annotations

import codecs
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..._base.errors import InvalidInputError, Problem, shown
from .hive import FILE_BYTES_MAXIMUM, Keys, Value, read_hive
from .registry_strings import ParsedRules, parse_rules

SUFFIXES = (".wfw", ".reg", ".json")
_RULES, _EXEMPTIONS = "FirewallRules", "ConSecRules"
_LOCAL_POLICY = "\\services\\sharedaccess\\parameters\\firewallpolicy\\" + _RULES.casefold()
_PROFILES: Mapping[str, str] = {"domain": "DomainProfile", "private": "StandardProfile", "public": "PublicProfile"}
# Below the key of the local policy: what a management of devices (MDM) says, in the same form.
_MDM = "mdm\\"
_HIVE_MAGIC = b"regf"
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# A printed query has no mark. In which code page its letters outside ASCII are only the console knew: they are read in
# the commonest of Western Europe, and a rule of somebody else may so have another name; ports and addresses are ASCII.
_CONSOLE = "cp850"
_PRINTED_KEY = re.compile(rb"^HKEY_[A-Z_]+\\[^\r\n]*FirewallPolicy", re.MULTILINE | re.IGNORECASE)
_EXPORT_FIX = "export it again as docs/audit.md says"
_KEY = "HKLM\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy"
_EXPORT = re.compile(
    r"""^[ \t]*\[(?P<key>[^\]\n]+)\][ \t]*$
    |^[ \t]*"(?P<name>(?:[^"\\]|\\.)*)"=
    (?:"(?P<text>(?:[^"\\]|\\.)*)"|(?P<kind>dword|hex\([12]\)):(?P<data>(?:[^\n\\]|\\\n)*))""",
    re.MULTILINE | re.VERBOSE | re.DOTALL,
)
# What stands at the end of an export that is cut off: half a name, half a text, half a key, a line that goes on.
_CUT_OFF = re.compile(
    r"""(?:^[ \t]*(?:"(?:[^"\\]|\\.)*"=)?"(?:[^"\\]|\\.)*|^[ \t]*\[[^\]\n]*|^[ \t]*"(?:[^"\\]|\\.)*"=?|[\\,]\s*)\Z""",
    re.MULTILINE | re.DOTALL,
)
_QUERY_KEY = re.compile(r"^HKEY_[A-Z_]+\\.*$")
_QUERY_KINDS = ("REG_SZ", "REG_EXPAND_SZ", "REG_DWORD")
_QUERY_GAP = "    "
_RULE = re.compile(r"^\s*(v[0-9]+\.[0-9]+\|.*)$")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class ProfileState:
    """The settings of a profile; None where the dump does not tell."""

    enabled: bool | None = None
    shields_up: bool | None = None
    inbound_allowed: bool | None = None
    outbound_blocked: bool | None = None


@dataclass(frozen=True)
class Dump:
    """The local firewall policy of a host.

    rules, connection_security, mdm: pairs of id and string, in the order of the dump. version: of the policy, such as
    "2.28", empty where the dump does not tell. profiles: by the words of a rule's profiles, as MDM leaves them.
    """

    rules: tuple[tuple[str, str], ...]
    connection_security: tuple[tuple[str, str], ...] = ()
    profiles: Mapping[str, ProfileState] = field(default_factory=dict)
    version: str = ""
    mdm: tuple[tuple[str, str], ...] = ()

    def parse(self) -> ParsedRules:
        """Return the rules of the dump."""
        return parse_rules(self.rules)


def read_dump(path: Path) -> Dump:
    """Return the dump in a file; raises InvalidInputError when it cannot be read or holds no firewall policy."""
    try:
        content = _content(path)
    except OSError as error:
        raise InvalidInputError([_report_bad_dump(str(path), f"cannot be read: {error.strerror or error}")]) from error
    if content.startswith(_HIVE_MAGIC):
        return _dump(str(path), read_hive(path), "")
    return dump_of_text(_decode_text(path, content), str(path))


def dump_of_content(content: bytes) -> Dump:
    """Return the dump in the content of a file; raises InvalidInputError as read_dump does."""
    # What reads a hive takes a file.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "content")
        path.write_bytes(content)
        return read_dump(path)


def dump_of_text(text: str, name: str) -> Dump:
    """Return the dump in a text: JSON, a registry export, a printed query, or rule strings line by line.

    name: what to call the text in messages. Raises InvalidInputError when it is none of these.
    """
    if text.lstrip().startswith(("{", '["', "[{", "[\n", "[ ", "[]")):
        return Dump(tuple(_json_rules(text, name)))
    if is_cut_off(text):
        raise InvalidInputError([_report_bad_dump(name, "is cut off: it ends in the middle of a value")])
    keys = read_keys(text)
    if set(keys) == {""}:
        return _dump(name, {_RULES: keys[""]}, "")
    return _dump(name, keys, _local_policy(keys, name))


def _content(path: Path) -> bytes:
    if path.stat().st_size > FILE_BYTES_MAXIMUM:
        raise OSError(f"it is larger than {FILE_BYTES_MAXIMUM // 1024**2} MiB")
    return path.read_bytes()


def _report_bad_dump(name: str, message: str, allowed: str = "") -> Problem:
    return Problem(f"dump {name}", message, allowed, _EXPORT_FIX)


def _decode_text(path: Path, content: bytes) -> str:
    usual = _CONSOLE if _is_printed(content) else "utf-8"
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), usual)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            [_report_bad_dump(str(path), "is neither a hive nor text in UTF-16 or UTF-8")]
        ) from error


def _is_printed(content: bytes) -> bool:
    """Return whether content is what a console printed in its own code page, which says nothing of itself."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return b"\0" not in content and _PRINTED_KEY.search(content) is not None
    return False


def _json_rules(text: str, name: str) -> Iterator[tuple[str, str]]:
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError([_report_bad_dump(name, f"is not JSON: {error}")]) from error
    for mapping in document if isinstance(document, list) else [document]:
        pairs = mapping.items() if isinstance(mapping, dict) else [("", mapping)]
        for rule_id, rule in pairs:
            if not isinstance(rule, str):
                raise InvalidInputError(
                    [
                        _report_bad_dump(
                            name,
                            f"{shown(rule)} is not a rule string",
                            "a mapping of ids to rule strings, or a list of such",
                        )
                    ]
                )
            yield rule_id, rule


def _local_policy(keys: Keys, name: str) -> str:
    """Return the path of the local firewall policy among the keys of an export.

    The same export may hold shipped defaults, rules of Group Policy, and the control sets that are not in use.
    """
    found = [key for key in keys if key.casefold().endswith(_LOCAL_POLICY)]
    current = [key for key in found if "\\currentcontrolset\\" in key.casefold()] or found
    if len({key.casefold() for key in current}) != 1:
        message = (
            "holds no key of local firewall rules"
            if not current
            else f"holds {len(current)} keys of local firewall rules"
        )
        raise InvalidInputError([_report_bad_dump(name, message, f"one of {_KEY}\\{_RULES}")])
    return current[0].rpartition("\\")[0]


def _dump(name: str, keys: Keys, policy: str) -> Dump:
    """Return the dump of the keys below a path; raises InvalidInputError when there is no key of rules."""
    below: dict[str, list[tuple[str, Value]]] = {}
    for key, values in keys.items():
        below.setdefault(_relative(key, policy), []).extend(values)
    if _RULES.casefold() not in below:
        raise InvalidInputError([_report_bad_dump(name, f"has no key {_RULES}")])
    version = _by_name(below.get("", [])).get("policyversion")
    return Dump(
        tuple(_read_value_texts(below[_RULES.casefold()])),
        tuple(_read_value_texts(below.get(_EXEMPTIONS.casefold(), []))),
        _read_profiles(below),
        f"{version >> 8}.{version & 0xFF}" if isinstance(version, int) else "",
        tuple(_read_value_texts(below.get(_MDM + _RULES.casefold(), []))),
    )


def _read_profiles(below: Mapping[str, list[tuple[str, Value]]]) -> dict[str, ProfileState]:
    """Return the settings of each profile that a dump tells of; what MDM sets counts."""
    found = {}
    for profile, key in _PROFILES.items():
        names = (key.casefold(), _MDM + key.casefold(), f"{_MDM}{profile}profile")
        values = [value for name in dict.fromkeys(names) for value in below.get(name, [])]
        if values:
            found[profile] = _read_profile_state(_by_name(values))
    return found


def _relative(key: str, policy: str) -> str:
    """Return the path of a key below the policy's, in lower case; the whole path of one that is elsewhere."""
    path, start = key.casefold(), policy.casefold()
    is_below = path == start or path.startswith(f"{start}\\")
    return (path[len(start) :] if is_below else path).lstrip("\\")


def _by_name(values: list[tuple[str, Value]]) -> dict[str, Value]:
    """Return the values of a key by their names in lower case, as names of the registry have no case."""
    return {name.casefold(): value for name, value in values}


def _read_value_texts(values: list[tuple[str, Value]]) -> Iterator[tuple[str, str]]:
    # A rule is never a number; what is none of its strings is refused with the others.
    return ((value_id, str(value)) for value_id, value in values)


def _read_profile_state(values: Mapping[str, Value]) -> ProfileState:
    return ProfileState(
        enabled=_read_flag(values, "EnableFirewall", 1),
        shields_up=_read_flag(values, "DoNotAllowExceptions", 1),
        inbound_allowed=_read_flag(values, "DefaultInboundAction", 0),
        outbound_blocked=_read_flag(values, "DefaultOutboundAction", 1),
    )


def _read_flag(values: Mapping[str, Value], name: str, meaning: int) -> bool | None:
    found = values.get(name.casefold())
    return None if found is None else found == meaning


# Registry keys in text: what `reg export` writes and what `reg query` prints.


def read_keys(text: str) -> Keys:
    """Return the keys of an export or of printed queries; the key of values that stand before any key is "".

        [HKEY_LOCAL_MACHINE\\...\\FirewallRules]              HKEY_LOCAL_MACHINE\\...\\FirewallRules
        "{0A1B...}"="v2.28|Action=Allow|..."                     {0A1B...}    REG_SZ    v2.28|Action=Allow|...

    Both become {"HKEY_LOCAL_MACHINE\\...\\FirewallRules": [("{0A1B...}", "v2.28|Action=Allow|...")]}: values are texts
    and numbers, values of other types are left out. A line that is a rule string and nothing else is a value too, named
    by its line.
    """
    # Printed text that went through a redirection ends its lines with more than one return.
    text = re.sub(r"\r+\n", "\n", text)
    return _read_export(text) if _EXPORT.search(text) else _read_query(text)


def is_cut_off(text: str) -> bool:
    """Return whether a registry export ends in the middle of a value or a key."""
    return bool(_EXPORT.search(text) and _CUT_OFF.search(text.rstrip()))


def _read_export(text: str) -> Keys:
    keys: Keys = {}
    values: list[tuple[str, Value]] = []
    for match in _EXPORT.finditer(text):
        if match["key"] is not None:
            values = keys.setdefault(match["key"], [])
            continue
        value = _unescape_text(match["text"]) if match["text"] is not None else _DATA[match["kind"]](match["data"])
        if value is not None:
            values.append((_unescape_text(match["name"]), value))
    return keys


def _unescape_text(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _parse_dword(data: str) -> int | None:
    return int(data, 16) if re.fullmatch(r"(0x)?[0-9a-fA-F]{1,8}", data.strip()) else None


def _bytes_text(data: str) -> str | None:
    """Return the text of bytes in UTF-16 as `reg export` writes texts that do not fit on a line of their own."""
    try:
        return bytes.fromhex(re.sub(r"[\s,\\]", "", data)).decode("utf-16-le").removesuffix("\0")
    except ValueError:
        return None


_DATA: Mapping[str, Callable[[str], Value | None]] = {
    "dword": _parse_dword,
    "hex(1)": _bytes_text,
    "hex(2)": _bytes_text,
}


def _read_query(text: str) -> Keys:
    keys: Keys = {}
    key = ""
    for number, line in enumerate(text.split("\n"), start=1):
        rule = _RULE.match(line)
        if _QUERY_KEY.match(line):
            key = line.rstrip()
            keys.setdefault(key, [])
        elif rule is not None:
            keys.setdefault(key, []).append((f"line {number}", rule[1]))
        else:
            keys.setdefault(key, []).extend(_query_value(line))
    return {key: values for key, values in keys.items() if key or values}


def _query_value(line: str) -> Iterator[tuple[str, Value]]:
    """Yield the value that a printed line tells of, if it does: a gap, its name, a gap, its type, a gap, its data."""
    name, kind, data = next((parts for parts in _query_parts(line) if parts[1]), ("", "", ""))
    value = _parse_dword(data) if kind.strip() == "REG_DWORD" else data
    if line.startswith(_QUERY_GAP) and name and value is not None:
        yield name, value


def _query_parts(line: str) -> Iterator[tuple[str, str, str]]:
    return (line[len(_QUERY_GAP) :].partition(f"{_QUERY_GAP}{kind}{_QUERY_GAP}") for kind in _QUERY_KINDS)
