# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is left of admitted traffic when other admitted traffic is taken away, against every packet of a small universe.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet, PortSet, normalise
from ansible_collections.msuc.lync.plugins.plugin_utils._base.match_space import Box, subtract
from hypothesis import given
from hypothesis import strategies as st

Packet = tuple[int, int, int, int]
_PARTS = range(1, 5)
UNIVERSE: list[Packet] = list(itertools.product(_PARTS, _PARTS, _PARTS, _PARTS))
PROGRAMS = (None, "a.exe", "b.exe")

_intervals = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 4)).map(lambda pair: (min(pair), max(pair))), max_size=2
).map(normalise)
boxes = st.builds(
    Box,
    direction=st.sampled_from(("in", "out")),
    protocol=st.sampled_from(("tcp", "udp")),
    localip=_intervals.map(AddressSet),
    localport=_intervals.map(PortSet),
    remoteip=_intervals.map(AddressSet),
    remoteport=_intervals.map(PortSet),
    program=st.sampled_from(PROGRAMS),
)


def packets(box: Box) -> set[Packet]:
    """Return the packets in a box, one by one."""
    sides = (box.localip.ipv4, box.localport.pairs, box.remoteip.ipv4, box.remoteport.pairs)
    return {
        packet
        for packet in UNIVERSE
        if all(any(a <= part <= b for a, b in side) for part, side in zip(packet, sides, strict=True))
    }


def stands_for(other: Box, box: Box) -> bool:
    """Return whether traffic that other admits is admitted for the program of box too."""
    return (other.direction, other.protocol) == (box.direction, box.protocol) and (
        other.program is None or other.program == box.program
    )


@given(boxes, st.lists(boxes, max_size=4))
def test_what_is_left_is_what_no_other_holds(box: Box, others: list[Box]) -> None:
    left = subtract(box, others)
    taken = {packet for other in others if stands_for(other, box) for packet in packets(other)}
    assert {packet for part in left for packet in packets(part)} == packets(box) - taken
    assert sum(len(packets(part)) for part in left) == len(packets(box) - taken), "the parts overlap"
    if not packets(box) & taken and not box.is_empty:
        assert left == [box], "what nobody takes from stays in one piece"
    for part in left:
        assert (part.direction, part.protocol, part.program) == (box.direction, box.protocol, box.program)


@given(boxes)
def test_a_box_less_itself_is_nothing(box: Box) -> None:
    assert all(part.is_empty for part in subtract(box, [box]))
    assert box.is_empty == (packets(box) == set())


@given(boxes)
def test_a_programs_admission_does_not_stand_for_everybodys(box: Box) -> None:
    everybody, one = replace(box, program=None), replace(box, program="a.exe")
    assert subtract(everybody, [one]) == [everybody]
    assert all(part.is_empty for part in subtract(one, [everybody]))
