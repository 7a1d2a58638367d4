# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dataclasses as documents and back: what a plan is made of, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Member, MemberState
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.documents import DocumentError, load, plain
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import HostPlan, HostPolicy, LoadBalancerSettings
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.model import Publication, TlsMode


class Colour(str, Enum):
    RED = "red"


@dataclass(frozen=True)
class Part:
    name: str
    colour: Colour | None


@dataclass(frozen=True)
class Whole:
    number: int
    share: float
    is_on: bool
    pair: tuple[int, str]
    parts: tuple[Part, ...]
    names: tuple[str, ...]
    by_name: Mapping[str, Part]
    anything: object
    lists: tuple[tuple[str, ...], ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)
    maybe: int | None = None


WHOLE = Whole(
    1, 2.5, True, (1, "a"), (Part("a", Colour.RED), Part("b", None)), ("x",), {"p": Part("c", None)},
    {"any": [1, "two", None]},
    (("a",), ()), {"k": ["v"]}, 3,
)  # fmt: skip


def test_a_document_loads_back_into_what_it_was_written_from() -> None:
    document = json.loads(json.dumps(plain(WHOLE)))
    loaded = load(Whole, document)
    assert loaded == WHOLE
    assert (type(loaded.parts), type(loaded.pair), type(loaded.lists[0])) == (tuple, tuple, tuple)
    assert isinstance(loaded.parts[0].colour, Colour)


def test_none_has_no_key_and_no_key_is_none() -> None:
    assert plain(Part("b", None)) == {"name": "b"}
    assert load(Part, {"name": "b"}) == Part("b", None)


def test_every_kind_of_value_of_a_host_plan() -> None:
    host = HostPlan(
        "rp01", ("reverse_proxy",), "2010", None, "linux", True, "active", ("10.1.0.1",),
        balancer_addresses=("10.1.0.2",),
        publications=(Publication("p", ("a.example",), ("10.1.0.1",), (Member("10.1.0.3", MemberState.BACKUP),),
                                  mode=TlsMode.BRIDGE),),
        load_balancer=LoadBalancerSettings("haproxy", "10.1.0.1", options={"config": "/x"}),
        policy=HostPolicy(apply="handout"),
    )  # fmt: skip
    assert load(HostPlan, json.loads(json.dumps(plain(host)))) == host


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "an unknown key": ({"colour": "red"}, "Whole has no key colour"),
    "a number as text": ({"number": "1"}, "number: '1' is no int"),
    "true as a number": ({"number": True}, "number: True is no int"),
    "a number as truth": ({"is_on": 1}, "is_on: 1 is no bool"),
    "a text as a list": ({"names": "x"}, "names: 'x' is no list"),
    "a list of numbers": ({"names": [1]}, "names: [1] is no list of texts"),
    "a pair of three": ({"pair": [1, "a", 2]}, "pair: [1, 'a', 2] has not 2 items"),
    "another colour": ({"parts": [{"name": "a", "colour": "blue"}]}, "parts: colour: 'blue' is not a valid Colour"),
    "a list as a mapping": ({"by_name": []}, "by_name: [] is no mapping"),
    "a text as a part": ({"by_name": {"p": "c"}}, "by_name: p: 'c' is no Part"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_values_of_another_type_are_refused_with_their_key(case: str) -> None:
    change, message = REFUSED[case]
    document = plain(WHOLE)
    assert isinstance(document, dict)
    with pytest.raises(DocumentError) as caught:
        load(Whole, document | change)
    assert str(caught.value) == message


def test_a_missing_key_is_refused() -> None:
    with pytest.raises(DocumentError, match="there is no name"):
        load(Part, {"colour": "red"})
