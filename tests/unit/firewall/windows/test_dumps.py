# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dumps in text: what `reg export` writes, what `reg query` prints, JSON, and lines.

And which of several keys is the right one.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.dumps import (
    Dump,
    ProfileState,
    dump_of_text,
    read_dump,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.stock_strings import stock_strings

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "wfw"
KEY = "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy"
SIP = "v2.28|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5061|Name=SIP|EmbedCtxt=msuc.lync|"
WEB = 'v2.28|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=443|Name=Web "a"|App=C:\\web.exe|'
RULES = (("{1}", SIP), ("TCP Query User{2}C:\\web.exe", WEB))
FIX = "fix: export it again as docs/audit.md says"


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def export(key: str, rules: tuple[tuple[str, str], ...] = RULES, more: str = "") -> str:
    """Return a registry export with Windows' line ends."""
    values = "".join(f'"{escaped(name)}"="{escaped(text)}"\n' for name, text in rules)
    return f"Windows Registry Editor Version 5.00\n\n[{key}\\FirewallRules]\n{values}\n{more}".replace("\n", "\r\n")


def query(key: str) -> str:
    return (
        f"\r\n{key}\\FirewallRules\r\n"
        + "".join(f"    {name}    REG_SZ    {text}\r\n" for name, text in RULES)
        + "\r\n"
    )


TEXTS = {
    "export": export(KEY),
    "export of a control set": export(KEY.replace("CurrentControlSet", "ControlSet001")),
    "export with other keys": export(KEY, more=export(KEY.replace("Parameters", "Defaults"), (("{9}", "not a rule"),))),
    "export with two control sets": export(
        KEY, more=export(KEY.replace("CurrentControlSet", "ControlSet001"), (("{9}", "not a rule"),))
    ),
    "query": query(KEY),
    "JSON": json.dumps(dict(RULES)),
    "JSON list": json.dumps([{name: text} for name, text in RULES], indent=1),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_rules_of_every_kind_of_text(text: str) -> None:
    assert dump_of_text(text, "dump").rules == RULES


def test_lines_of_strings_alone_are_rules_named_by_their_lines() -> None:
    assert dump_of_text(f"\n{SIP}\n  {WEB}\n", "dump").rules == (("line 2", SIP), ("line 3", WEB))


def test_texts_of_bytes_and_of_several_lines() -> None:
    data = ",".join(f"{byte:02x}" for byte in f"{SIP}\0".encode("utf-16-le"))
    folded = data[:80] + "\\\r\n  " + data[80:]
    text = export(
        KEY,
        (("a", "v2.10|Action=Allow|Dir=In|Name=x|Desc=two\nlines|"),),
        f'"b"=hex(1):{folded}\r\n"c"=hex(1):zz\r\n"d"=hex:01\r\n',
    )
    assert dump_of_text(text, "dump").rules == (("a", "v2.10|Action=Allow|Dir=In|Name=x|Desc=two\nlines|"), ("b", SIP))


def test_an_export_of_the_whole_policy_tells_of_profiles_and_exemptions() -> None:
    more = f'[{KEY}]\n"PolicyVersion"=dword:00000221\n[{KEY}\\StandardProfile]\n'
    more += '"EnableFirewall"=dword:00000000\n"DefaultInboundAction"=dword:0\n'
    more += f'[{KEY}\\ConSecRules]\n"{{c}}"="v2.10|Action=DoNotSecure|Name=Media|"\n'
    dump = dump_of_text(export(KEY, more=more), "dump")
    assert dump.profiles == {"private": ProfileState(enabled=False, inbound_allowed=True)}
    assert dump.version == "2.33"
    assert dump.connection_security == (("{c}", "v2.10|Action=DoNotSecure|Name=Media|"),)


def test_names_of_keys_and_values_have_no_case() -> None:
    theirs = KEY.replace("SYSTEM", "System").replace("FirewallPolicy", "firewallpolicy")
    more = f'[{theirs}]\n"policyversion"=dword:00000221\n[{theirs}\\DOMAINPROFILE]\n"ENABLEFIREWALL"=dword:0\n'
    more += f'[{theirs}\\CONSECRULES]\n"{{c}}"="v2.10|Action=SecureServer|Name=Isolation|"\n'
    more += f'[{theirs}\\firewallrules]\n"{{3}}"="{escaped(WEB)}"\n'
    dump = dump_of_text(export(KEY, more=more), "dump")
    assert (dump.version, dump.profiles) == ("2.33", {"domain": ProfileState(enabled=False)})
    assert dump.connection_security == (("{c}", "v2.10|Action=SecureServer|Name=Isolation|"),)
    assert dump.rules == (*RULES, ("{3}", WEB))


def test_a_printed_query_tells_of_profiles() -> None:
    text = (
        query(KEY) + f"{KEY}\\DomainProfile\r\n    EnableFirewall    REG_DWORD    0x1\r\n    x    REG_DWORD    zz\r\n"
    )
    assert dump_of_text(text, "dump").profiles == {"domain": ProfileState(enabled=True)}


POLICY = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\WindowsFirewall"
ONE_KEY = f"allowed: one of {KEY.replace('HKEY_LOCAL_MACHINE', 'HKLM')}\\FirewallRules; {FIX}"
REFUSED = {
    "nothing": ("", f"dump d: holds no key of local firewall rules; {ONE_KEY}"),
    "prose": ("hello\n", f"dump d: holds no key of local firewall rules; {ONE_KEY}"),
    "Group Policy's rules": (export(POLICY), f"dump d: holds no key of local firewall rules; {ONE_KEY}"),
    "two control sets, none in use": (
        export(KEY.replace("Current", ""), more=export(KEY.replace("CurrentControlSet", "ControlSet001"))).replace(
            "\\ControlSet\\", "\\ControlSet002\\"
        ),
        f"dump d: holds 2 keys of local firewall rules; {ONE_KEY}",
    ),
    "half of JSON": ('{"a": ', f"dump d: is not JSON: Expecting value: line 1 column 7 (char 6); {FIX}"),
    "JSON of numbers": (
        '{"a": 1}',
        f"dump d: 1 is not a rule string; allowed: a mapping of ids to rule strings, or a list of such; {FIX}",
    ),
    "JSON of a list of numbers": (
        "[ 1]",
        f"dump d: 1 is not a rule string; allowed: a mapping of ids to rule strings, or a list of such; {FIX}",
    ),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_texts_that_are_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        dump_of_text(text, "d")
    assert list(map(str, caught.value.problems)) == [message]


def test_json_without_end_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="dump d: is not JSON"):
        dump_of_text('{"a":' * 100_000, "d")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_of_every_encoding(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "fe01.reg"
    path.write_bytes(export(KEY, (("a", SIP.replace("SIP", "SIP für alle")),)).encode(encoding))
    assert read_dump(path) == Dump((("a", SIP.replace("SIP", "SIP für alle")),))


FILES = {
    "another code page": ("Grüße".encode("cp850"), "is neither a hive nor text in UTF-16 or UTF-8"),
    "half of UTF-16": (b"\xff\xfea", "is neither a hive nor text in UTF-16 or UTF-8"),
}


@pytest.mark.parametrize(("content", "message"), FILES.values(), ids=FILES)
def test_files_that_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "fe01.reg"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError) as caught:
        read_dump(path)
    assert list(map(str, caught.value.problems)) == [f"dump {path}: {message}; {FIX}"]


def test_files_that_are_not_there_or_too_large(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read: No such file"):
        read_dump(tmp_path / "none.reg")
    with (tmp_path / "large.wfw").open("wb") as large:
        large.truncate(65 * 1024 * 1024)
    with pytest.raises(InvalidInputError, match="cannot be read: it is larger than 64 MiB"):
        read_dump(tmp_path / "large.wfw")


def test_the_text_of_the_shipped_export_is_read_like_its_hive() -> None:
    text = (FIXTURES / "exported.reg").read_text(encoding="utf-8").replace("HKEY_LOCAL_MACHINE\\EXPORT", KEY)
    assert dump_of_text(text, "d") == read_dump(FIXTURES / "exported.wfw")


def test_every_rule_of_a_whole_host_is_read() -> None:
    rules = tuple(stock_strings())
    assert len(rules) == 452
    dump = dump_of_text(export(KEY, rules), "d")
    assert dump.rules == rules
    parsed = dump.parse()
    assert not parsed.refused
    names = [stored.rule.name for stored in parsed.rules if not stored.rule.restrictions]
    assert len(names) - len(set(names)) == 117


@given(st.text(alphabet='[]"\\=:|vx0 \nREG_SZhexdwor,@HKEY{}', max_size=80) | st.text(max_size=60))
def test_hostile_texts_end_in_a_dump_or_in_a_problem(text: str) -> None:
    try:
        dump = dump_of_text(text, "d")
    except InvalidInputError as error:
        assert str(error.problems[0]).startswith("dump d: ")
    else:
        assert len(dump.parse().rules) + len(dump.parse().refused) == len(dump.rules)


_EXPORTED = """Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\FirewallRules]
"{1}"="v2.28|Action=Allow|Active=TRUE|Dir=In|Name=A|"
"{2}"=hex(2):76,00,32,00,2e,00,\\
  32,00,38,00,7c,00,00,00

[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\ConSecRules]
"{3}"="v2.28|Action=SecureServer|Active=TRUE|Name=Isolation|"
"""


def test_an_export_that_ends_in_the_middle_of_a_value_or_a_key_is_none() -> None:
    assert dump_of_text(_EXPORTED, "x").connection_security
    for end in ("Isolat", "SecureSer", '"{3}"=', '"{3', "Parameters\\\\FirewallPolicy\\\\ConSec", "00,\\\\", "7c,"):
        end = end.replace("\\\\", "\\")
        text = _EXPORTED[: _EXPORTED.rindex(end) + len(end)]
        with pytest.raises(InvalidInputError, match="is cut off: it ends in the middle of a value"):
            dump_of_text(text, "x")


@pytest.mark.parametrize("code_page", ["cp437", "cp850", "cp1252"])
def test_a_printed_query_in_the_code_page_of_its_console_is_read(tmp_path: Path, code_page: str) -> None:
    path = tmp_path / "fe01.reg"
    path.write_bytes(query(KEY).replace('Web "a"', "Für Prüfung").encode(code_page))
    dump = read_dump(path)
    assert [name for name, _text in dump.rules] == [name for name, _text in RULES]
    assert (dump.rules[0][1], len(dump.parse().rules)) == (SIP, 2)


def test_what_is_no_printed_query_is_not_read_in_a_code_page(tmp_path: Path) -> None:
    path = tmp_path / "fe01.reg"
    path.write_bytes(export(KEY).replace('Web', "Für").encode("cp850"))
    with pytest.raises(InvalidInputError, match="is neither a hive nor text in UTF-16 or UTF-8"):
        read_dump(path)
