# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Updates of a zone: their prerequisites, their order, their marks."""

from __future__ import annotations

import dns.message
import dns.rrset
import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import Kind
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.planner import plan_changes
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.wire import Client
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.zone import parsed, sets_of, update_message
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import DnsServer
from dns.message import Message

from .zones import AAAA, ALIAS, NEW, OLD, POOL, WANT, ZONE, A, have, scope, wanted


def test_an_update_requires_exactly_what_was_gathered() -> None:
    """RFC 2136: prerequisites of values have class IN and time to live 0, an absent set class NONE and no values."""
    want = [wanted(NEW), wanted("2001:db8::12", key=AAAA)]
    zone = have({A: (OLD, "10.1.0.13")}, (A,))
    before, marks = zone.marks[A], [scope().mark(one.set, POOL) for one in want]
    message = update_message(ZONE, plan_changes(want, zone, scope()).changes)
    assert sorted(line for rrset in message.prerequisite for line in rrset.to_text().splitlines()) == [
        "pool01.contoso.com. 0 IN A 10.1.0.11", "pool01.contoso.com. 0 IN A 10.1.0.13",
        "pool01.contoso.com. NONE AAAA", "pool01.contoso.com. NONE CNAME",
    ]  # fmt: skip
    assert [line for rrset in message.update for line in rrset.to_text().splitlines()] == [
        "pool01.contoso.com. ANY A", "pool01.contoso.com. 300 IN A 10.1.0.12",
        f'pool01.contoso.com._msuc-lync.contoso.com. 0 NONE TXT "{before.text}"',
        f'pool01.contoso.com._msuc-lync.contoso.com. 300 IN TXT "{marks[0].text}"',
        "pool01.contoso.com. 300 IN AAAA 2001:db8::12",
        f'pool01.contoso.com._msuc-lync.contoso.com. 300 IN TXT "{marks[1].text}"',
    ]  # fmt: skip


def test_an_alias_goes_before_what_replaces_it() -> None:
    message = update_message(ZONE, plan_changes(WANT, have({ALIAS: ("a.contoso.com",)}, (ALIAS,)), scope()).changes)
    lines = [line for rrset in message.update for line in rrset.to_text().splitlines()]
    assert lines.index("pool01.contoso.com. ANY CNAME") < lines.index(f"pool01.contoso.com. 300 IN A {OLD}")
    assert "pool01.contoso.com. NONE CNAME" not in [rrset.to_text() for rrset in message.prerequisite]


def test_marks_only_are_no_change_of_records() -> None:
    (change,) = plan_changes(WANT, have({A: (OLD, NEW)}), scope()).changes
    assert (change.kind, change.touches_set) == (Kind.MARK, False)
    assert [rrset.name.to_text() for rrset in update_message(ZONE, [change]).update] == [
        "pool01.contoso.com._msuc-lync.contoso.com."
    ]


def test_an_export_of_windows_dns_is_a_zone_file() -> None:
    """https://github.com/Azure/azure-cli/issues/2920: an age stands before the time to live."""
    text = (
        "@ 3600 IN SOA dc01 hostmaster 1 900 600 86400 3600\n"
        "pool01   [AGE:3634093]\t600\tA\t10.1.0.11\n"
        "         [AGE:3633973]   600   A   10.1.0.12\n"
        'text     600 TXT ( "[AGE:1] stays" )\n'
    )
    (found,) = parsed(text, ZONE)
    assert (found.key, found.ttl, found.values) == (A, 600, (OLD, NEW))


@pytest.mark.parametrize(
    "line",
    [
        "@                       0\tWINS\tL2 C900 ( 10.1.0.5 10.1.0.6 )",
        "@ IN WINS LOCAL L1 C10 10.1.0.5",
        "\t\t[AGE:3634093] 0 WINSR L2 C900 ( contoso.com. )",
    ],
)
def test_a_lookup_in_wins_of_an_export_is_left_out(line: str) -> None:
    """Types of Windows alone, which no zone file of others has."""
    head = "@ 3600 IN SOA dc01 hostmaster 1 900 600 86400 3600\n"
    text = f"{head}{line}\npool01 [AGE:3634093] 600 A 10.1.0.11\nwins A 10.1.0.5\n"
    assert [one.key.name for one in parsed(text, ZONE)] == [POOL, f"wins.{ZONE}"]


def test_what_follows_an_alias_is_of_another_name() -> None:
    answer = dns.message.make_response(dns.message.make_query("pool01.contoso.com.", "A"))
    lines = ("POOL01.contoso.com. CNAME a.contoso.com.", "a.contoso.com. A 10.1.0.11", "pool01.contoso.com. NS ns1.")
    words = [line.split() for line in lines]
    answer.answer = [dns.rrset.from_text(name, 300, "IN", kind, value) for name, kind, value in words]
    found = sets_of(Answering(answer), ZONE, [A])
    assert {key: one.values for key, one in found.items()} == {ALIAS: ("a.contoso.com",)}


class Answering(Client):
    """A server that has one answer to all questions."""

    def __init__(self, answer: Message) -> None:
        super().__init__(DnsServer("10.1.0.93", (ZONE,)))
        self._answer = answer

    def query(self, name: str, record_type: str, zone: str) -> Message:
        return self._answer
