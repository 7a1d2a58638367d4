# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hives: those of another writer, whole hosts, and hives that are damaged, cut off or made to confuse."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.dumps import ProfileState, read_dump
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.hive import read_hive
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.hive_file import checksum, write_hive
from tests.simulators.stock_strings import stock_strings

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "wfw"
EXPORTED = FIXTURES / "exported.wfw"


def test_an_export_is_read_whole() -> None:
    dump = read_dump(EXPORTED)
    assert [rule_id for rule_id, _text in dump.rules] == [
        "WINRM-HTTP-In-TCP-PUBLIC",
        "WINRM-HTTP-In-TCP",
        "{5B4E1E0B-0E3B-4F1D-8D7B-111111111111}",
        "TCP Query User{0C2D5B6A-7F0E-4C38-A111-222222222222}C:\\tools\\agent.exe",
    ]
    assert [stored.rule.name for stored in dump.parse().rules] == ["@FirewallAPI.dll,-30253"] * 2 + [
        'SIP "TLS" für alle',
        "agent.exe",
    ]
    assert dump.version == "2.28"
    assert dump.connection_security[0][1].startswith("v2.10|Action=DoNotSecure|")
    assert dump.profiles == {
        "domain": ProfileState(enabled=True, inbound_allowed=False, outbound_blocked=False),
        "private": ProfileState(enabled=False, shields_up=False),
        "public": ProfileState(enabled=True, shields_up=True),
    }


def test_keys_below_keys_are_named_by_their_paths() -> None:
    assert dict(read_hive(EXPORTED)["DomainProfile\\Logging"])["LogFileSize"] == 4096


def test_a_whole_host_is_read(tmp_path: Path) -> None:
    rules = stock_strings()
    write_hive(tmp_path / "fe01.wfw", {"FirewallRules": rules})
    assert read_hive(tmp_path / "fe01.wfw") == {"": [], "FirewallRules": rules}


def test_a_long_value_and_names_of_any_letters(tmp_path: Path) -> None:
    values: list[tuple[str, str | int]] = [("é€", "v2.10|" + "x" * 7000), ("", 7)]
    write_hive(tmp_path / "x.wfw", {"FirewallRules": values})
    assert read_hive(tmp_path / "x.wfw")["FirewallRules"] == [("é€", "v2.10|" + "x" * 7000), ("(default)", 7)]


def test_a_hive_without_rules_is_no_dump(tmp_path: Path) -> None:
    path = tmp_path / "x.wfw"
    write_hive(path, {"DomainProfile": []})
    with pytest.raises(InvalidInputError) as caught:
        read_dump(path)
    assert list(map(str, caught.value.problems)) == [
        f"dump {path}: has no key FirewallRules; fix: export it again as docs/audit.md says"
    ]


def patched(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


def summed(content: bytes) -> bytes:
    """Return the hive with the right sum of its first block, so that nothing but the change is wrong."""
    return patched(content, 508, struct.pack("<I", checksum(content)))


def key_at(content: bytes, name: bytes) -> int:
    """Return where the record of a key starts."""
    return content.index(name) - 76


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda content: b"", "is not a registry hive"),
    "another file": (lambda content: b"MZ" + content[2:], "is not a registry hive"),
    "cut off in the first block": (lambda content: content[:5000], "is not a registry hive"),
    "cut off": (lambda content: content[:8192], "is cut off: it is shorter than it says"),
    "first block": (
        lambda content: patched(content, 100, b"\1"),
        "is damaged: the checksum of its first block is wrong",
    ),
    "half written": (
        lambda content: summed(patched(content, 4, b"\7")),
        "was not written to its end: its sequence numbers differ",
    ),
    "root": (lambda content: patched(content, 4096, b"xxxx"), "cannot be read as a registry hive (ConstError)"),
    "a value's record": (
        lambda content: content.replace(b"vk", b"xx", 3),
        "is damaged: the root has 3 values, and 0 could be read",
    ),
    "more values than there is room for": (
        lambda content: patched(content, key_at(content, b"FirewallRules") + 36, struct.pack("<I", 0x7FFFFFFF)),
        "is damaged: it claims more keys or values than the file can hold",
    ),
    "more keys than there is room for": (
        lambda content: patched(content, key_at(content, b"DomainProfile") + 20, struct.pack("<I", 0x7FFFFFFF)),
        "is damaged: it claims more keys or values than the file can hold",
    ),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGES.values(), ids=DAMAGES)
def test_damaged_hives(damage: Callable[[bytes], bytes], message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.wfw"
    path.write_bytes(damage(EXPORTED.read_bytes()))
    with pytest.raises(InvalidInputError) as caught:
        read_hive(path)
    assert list(map(str, caught.value.problems)) == [
        f"dump {path}: {message}; fix: export it again with: netsh advfirewall export FILE"
    ]


def test_values_that_share_one_large_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.wfw"
    write_hive(path, {"FirewallRules": [(f"r{number}", "v2.10|" + "x" * 4000) for number in range(9)]})
    content = path.read_bytes()
    # Every value claims the text that begins with the first one, up to the end of the file.
    first = content.index(b"vk")
    data = content[first + 8 : first + 12]
    for at in [index for index in range(len(content)) if content.startswith(b"vk", index)]:
        content = patched(content, at + 4, struct.pack("<I", len(content) // 2) + data)
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match="is damaged: its values are larger than the file"):
        read_hive(path)


def test_a_key_below_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.wfw"
    names = [f"Key{number}" for number in range(40)]
    write_hive(path, {name: [] for name in names})
    content = path.read_bytes()
    root = key_at(content, b"{root}")
    count, leaf = content[root + 20 : root + 24], content[root + 28 : root + 32]
    for name in names:
        at = key_at(content, name.encode() + b"\0" if name.encode() + b"\0" in content else name.encode())
        content = patched(patched(content, at + 20, count), at + 28, leaf)
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match="is damaged: it claims more keys or values than the file can hold"):
        read_hive(path)


@given(st.lists(st.tuples(st.integers(4096, 12287), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6))
def test_hives_with_any_bytes_changed_end_in_keys_or_in_a_problem(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, bytes]]
) -> None:
    content = EXPORTED.read_bytes()
    for at, new in changes:
        content = patched(content, at, new)[: len(EXPORTED.read_bytes())]
    path = tmp_path_factory.getbasetemp() / "changed.wfw"
    path.write_bytes(content)
    try:
        keys = read_hive(path)
    except InvalidInputError as error:
        assert len(error.problems) == 1
    else:
        assert "" in keys
