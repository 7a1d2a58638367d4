# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The actions for Windows hosts and answers that make no sense: never a traceback, never "ok" for what nobody said.

Answers of the simulated host are spoiled in one place each, every place with every spoiled value, or made at random.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.action import windows_firewall_rules, windows_ipsec_exemptions
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.exemption import rule_id
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.host import HOST
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators import host_module, ipsec_host, ipsec_store
from tests.unit.firewall.memory import MemoryStore

# What good answers do is measured elsewhere.
pytestmark = pytest.mark.no_cover

Answer = dict[str, Any]
Place = tuple[str | int, ...]

SIP = {"name": "SIP", "protocol": "tcp", "localport": "5061", "remoteip": ["10.1.0.0/24"]}
OWN = {
    "Name": "SIP",
    "Grouping": "msuc.lync",
    "Protocol": 6,
    "LocalPorts": "5061",
    "RemoteAddresses": "10.1.0.0/24",
    "Enabled": True,
}
THEIRS = {
    "Name": "SIP",
    "Grouping": "Contoso",
    "Protocol": 6,
    "LocalPorts": "1",
    "Enabled": True,
    "Interfaces": ["LAN"],
}
MEDIA = {"name": "Media", "protocol": "udp", "localip": ["10.1.0.11"]}
MEDIA_ID = rule_id("Media", "msuc.lync")
MEDIA_STORED = {
    MEDIA_ID: {"DisplayName": "Media", "Group": "msuc.lync", "Protocol": "UDP", "LocalAddress": ["10.1.0.11"]}
}

ABSENT = object()
SPOILED: tuple[Any, ...] = (
    ABSENT, None, True, False, 0, -1, 9, 10**30, 0.5, float("nan"), float("inf"), "", "x", "true", "-1", "5061",
    "\ud800\x00|", "A" * 100_000,
    "1," * 2_000, [], [None], [[[[]]]], ["SIP"], {}, {"x": None}, {"": [{}]},
)  # fmt: skip
VALUES_PER_PLACE = 4
# What Windows leaves out or gives as null; and what an answer tells without anything hanging on it.
NULLABLE = {
    "Name", "Grouping", "Description", "ApplicationName", "ServiceName", "LocalPorts", "RemotePorts",
    "LocalAddresses", "RemoteAddresses", "IcmpTypesAndCodes", "Interfaces", "InterfaceTypes", "EdgeTraversalOptions",
    "SecureFlags", "exempt",
}  # fmt: skip
ANY_NAMES = {"environment", "rules", "profiles", "domain"}
FREE = {"done", "changed", "failed", "msg", "legacy"}
# Where one value alone says that it is good: the change waits, was confirmed, can be taken back.
DECISIVE = {("armed",), ("changed",), ("snapshot",)}


class Firewall(windows_firewall_rules.ActionModule):
    """The action with answers that are given instead of a host's."""

    answers: list[Answer]
    asked: list[str]

    def _execute_module(self, **call: Any) -> Answer:  # type: ignore[override]
        self.asked.append(call["module_args"]["operation"])
        return copy.deepcopy(self.answers[len(self.asked) - 1])


class Ipsec(windows_ipsec_exemptions.ActionModule):
    """The other action, likewise."""

    answers: list[Answer]
    asked: list[str]
    _execute_module = Firewall._execute_module  # type: ignore[assignment]


def play(kind: type[Firewall] | type[Ipsec], answers: Sequence[Answer], **options: Any) -> tuple[Answer, list[str]]:
    """Return the result of a task whose host gives the answers one after the other, and what it was asked."""
    task = SimpleNamespace(args=options, async_val=0, check_mode=False, diff=True, action="x")
    connection = SimpleNamespace(
        _shell=SimpleNamespace(tmpdir="/none"), get_options=lambda: {"remote_addr": "127.0.0.1"}
    )
    made = kind(task, connection, SimpleNamespace(remote_addr="127.0.0.1"), None, None, None)  # type: ignore[arg-type]
    made.answers, made.asked = list(answers), []
    return made.run(task_vars={"inventory_hostname": "fe01"}), made.asked


def places(value: object, place: Place = ()) -> Iterator[Place]:
    """Yield every place of an answer, the inner ones too."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*place, key)
        yield from places(inner, (*place, key))


def spoiled(answer: Answer, place: Place, value: Any) -> Answer:
    """Return a copy of an answer with another value in one place, or without that place."""
    found = copy.deepcopy(answer)
    holder: Any = found
    for key in place[:-1]:
        holder = holder[key]
    if value is ABSENT:
        del holder[place[-1]]
    else:
        holder[place[-1]] = value
    return found


def at(answer: Answer, place: Place) -> Any:
    for key in place:
        answer = answer[key]  # type: ignore[index]
    return answer


def makes_sense(answer: Answer, place: Place, value: Any) -> bool:
    """Whether a value may stand in a place as far as its kind goes.

    Whether it is what is wanted is another question.
    """
    if place in DECISIVE and (place != ("changed",) or "rules" not in answer):
        return value is True if place != ("snapshot",) else isinstance(value, str) and value != ""
    if (FREE & set(place) and place != ("legacy",)) or "rules" not in answer:
        return True
    old, is_key_free = (
        at(answer, place),
        len(place) > 1 and place[-2] in ANY_NAMES and isinstance(at(answer, place[:-1]), Mapping),
    )
    if value is ABSENT:
        return isinstance(place[-1], int) or place[-1] in NULLABLE or is_key_free
    if value is None:
        return place[-1] in NULLABLE
    if place[-1] == "Interfaces":
        return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))
    return type(value) is type(old) and (not isinstance(value, int) or 0 <= value < 2**32) and is_like(old, value)


def is_like(old: Any, value: Any) -> bool:
    """Whether the parts of a list or a mapping are like those that stood there, as far as that can be told."""
    if isinstance(value, list):
        return value == [] or (value == ["SIP"] and old != [] and isinstance(old[0], str))
    return not isinstance(value, Mapping) or value == {} or "assigned" in old


def is_sip(rules: Any) -> bool:
    """Whether the rules of our group are the one that is wanted: told by the types and values of COM alone."""
    own = [rule for rule in rules if rule.get("Grouping") == "msuc.lync"]
    exact = {"Name": "SIP", "Direction": 1, "Action": 1, "Protocol": 6, "LocalPorts": "5061", "Enabled": True}
    open_ended: dict[str, tuple[object, ...]] = {
        "Description": ("",),
        "ApplicationName": ("", "*"),
        "ServiceName": ("",),
        "RemotePorts": ("", "*"),
        "LocalAddresses": ("", "*"),
        "InterfaceTypes": ("", "All"),
        "EdgeTraversalOptions": (0,),
        "SecureFlags": (0,),
        "Interfaces": ([], ""),
    }
    return len(own) == 1 and all(
        [
            *(type(own[0].get(name)) is type(value) and own[0][name] == value for name, value in exact.items()),
            *(own[0].get(name) is None or own[0][name] in neutral for name, neutral in open_ended.items()),
            own[0]["RemoteAddresses"] == "10.1.0.0/255.255.255.0",
            own[0]["Profiles"] & 7 == 7,
        ]
    )


def is_media(rules: Any) -> bool:
    """Whether the exemption that is wanted is there, and no other one of our group."""
    own = [text for text in rules.values() if "|EmbedCtxt=msuc.lync|" in f"{text}|"]
    return len(own) == 1 and {
        "Action=DoNotSecure",
        "Active=TRUE",
        "Protocol=17",
        "EP1_4=10.1.0.11",
        "Name=Media",
    } <= set(own[0].split("|"))


def firewall_answers(*rules: Mapping[str, object], **apply: object) -> list[Answer]:
    """Return what a host answers to gather, to apply and to confirm; the rules are those that it has at first."""
    store = MemoryStore.of(*rules)
    policy = {
        "rules": {"{1}": "v2.10|Action=Allow|Active=TRUE|Dir=In|Name=Theirs|"},
        "profiles": {"domain": {"EnableFirewall": 1}},
    }
    store.change(listeners=["10.1.0.11 5070"], group_policy=policy, mdm=copy.deepcopy(policy))
    gathered = host_module.run_module(store, {"operation": "gather"}, False)
    add = {"kind": "add", "name": "SIP", "puts": [{"property": name, "value": value} for name, value in OWN.items()]}
    applied = host_module.run_module(store, {"operation": "apply", "operations": [add], **apply}, False)
    return [gathered, applied, host_module.run_module(store, {"operation": "confirm"}, False)]


def ipsec_answers(stored: Mapping[str, Any]) -> list[Answer]:
    """Return what a host answers to gather, and what one answers to apply that has the exemption then."""
    found = []
    for rules in (stored, MEDIA_STORED):
        store = MemoryStore.of()
        ipsec_store.change(store, module=True, rules=ipsec_store.exempted(dict(rules)))
        found.append(ipsec_host.run_module(store, {"operation": "gather"}, False))
    return [
        found[0],
        {**found[1], "counters": {"enumerations": 2, "writes": 1}, "done": 1, "snapshot": "C:\\a.wfw", "changed": True},
    ]


def law(result: Answer, wanted_is_there: bool, sense: bool, changes: bool) -> None:
    """Check that a result is a failure in words, or a success that the answers bear out."""
    json.dumps(result)
    if result.get("failed"):
        assert isinstance(result["msg"], str) and result["msg"] and "Traceback" not in result["msg"]
        return
    assert sense, "an answer that makes no sense was taken for good"
    assert wanted_is_there
    assert result["changed"] is changes


FIREWALL = {"rules": [SIP]}
CASES: list[tuple[str, type[Firewall] | type[Ipsec], Answer, list[Answer], int]] = [
    ("gather of a host as wanted", Firewall, FIREWALL, firewall_answers(THEIRS, OWN), 0),
    ("gather of a host that lacks the rule", Firewall, FIREWALL, firewall_answers(THEIRS), 0),
    ("apply", Firewall, FIREWALL, firewall_answers(THEIRS), 1),
    ("apply that waits", Firewall, {**FIREWALL, "confirm_minutes": 5}, firewall_answers(THEIRS, confirm_minutes=5), 1),
    ("confirm", Firewall, {**FIREWALL, "confirm_minutes": 5}, firewall_answers(THEIRS, confirm_minutes=5), 2),
    ("gather of exemptions as wanted", Ipsec, {"exemptions": [MEDIA]}, ipsec_answers(MEDIA_STORED), 0),
    ("gather of exemptions that are not there", Ipsec, {"exemptions": [MEDIA]}, ipsec_answers({}), 0),
    ("apply of exemptions", Ipsec, {"exemptions": [MEDIA]}, ipsec_answers({}), 1),
]


def check(kind: type[Firewall] | type[Ipsec], options: Answer, answers: Sequence[Answer], sense: bool) -> None:
    result, asked = play(kind, answers, **options)
    last = answers[1 if len(asked) > 1 else 0]
    there = False
    if not result.get("failed"):
        there = is_sip(last["rules"]) if kind is Firewall else is_media(last["rules"])
    law(result, there, sense, changes=len(asked) > 1)


@pytest.mark.parametrize(("name", "kind", "options", "answers", "spoils"), CASES, ids=[case[0] for case in CASES])
def test_an_answer_spoiled_in_one_place(
    name: str, kind: type[Firewall] | type[Ipsec], options: Answer, answers: list[Answer], spoils: int
) -> None:
    check(kind, options, answers, sense=True)
    assert not play(kind, answers, **options)[0].get("failed")
    chance = random.Random(name)
    for place in places(answers[spoils]):
        for value in chance.sample(SPOILED, VALUES_PER_PLACE):
            spoiled_answers = [*answers[:spoils], spoiled(answers[spoils], place, value), *answers[spoils + 1 :]]
            try:
                check(kind, options, spoiled_answers, makes_sense(answers[spoils], place, value))
            except Exception as error:
                raise AssertionError(f"{place} as {str(value)[:40]!r}: {type(error).__name__}: {error}") from error


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
PARTS = ("rules", *HOST, "engines", "legacy", "failed", "msg", "snapshot", "armed", "done", "changed")


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(PARTS), JSON), st.sampled_from(CASES))
def test_answers_made_at_random(
    parts: Answer, case: tuple[str, type[Firewall] | type[Ipsec], Answer, list[Answer], int]
) -> None:
    """An answer of parts at random, and a good one with such parts in it."""
    _name, kind, options, answers, spoils = case
    for answer in (parts, {**answers[spoils], **parts}):
        result, asked = play(kind, [*answers[:spoils], answer, *answers[spoils + 1 :]], **options)
        json.dumps(result)
        told = answers[1] if len(asked) > spoils + 1 else answer
        is_there = result.get("failed") or (is_sip if kind is Firewall else is_media)(
            (told if spoils < 2 else answers[1])["rules"]
        )
        assert is_there and (not result.get("failed") or result["msg"])


def test_an_answer_nested_without_end_is_a_failure() -> None:
    deep: Any = []
    for _level in range(50_000):
        deep = [deep]
    good = firewall_answers(THEIRS, OWN)[0]
    for spoils in ({"rules": deep}, {"rules": [{**good["rules"][0], "Interfaces": deep}]}, {"addresses": [deep]}):
        result, _asked = play(NoCopy, [{**good, **spoils}], **FIREWALL)
        assert result["failed"] and result["msg"].startswith("the host's answer is not understood: ")


class NoCopy(Firewall):
    """Gives its answers as they are: what is nested this deep cannot be copied."""

    def _execute_module(self, **call: Any) -> Answer:  # type: ignore[override]
        self.asked.append(call["module_args"]["operation"])
        return self.answers[0]
