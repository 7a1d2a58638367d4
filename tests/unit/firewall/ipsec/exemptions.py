# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exemptions of any make, for laws."""

from __future__ import annotations

from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.exemption import exemptions_from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from hypothesis import strategies as st

_TEXT = (
    st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='|"'), min_size=1, max_size=20)
    .map(str.strip)
    .filter(bool)
)
_ADDRESSES = st.lists(
    st.sampled_from(
        ["10.1.0.11", "10.0.0.0/8", "10.2.0.5-10.2.0.9", "2001:db8::11", "2001:db8:1::/48", "192.168.7.0/25"]
    ),
    min_size=1,
    max_size=4,
    unique=True,
)
_PORTS = st.lists(st.sampled_from(["443", "3478", "50000-59999", "1024-1030"]), min_size=1, max_size=3, unique=True)


@st.composite
def exemptions(draw: st.DrawFn) -> Rule:
    """Draw an exemption that Windows would take, named as netsh needs it."""
    options: dict[str, Any] = {
        "name": f"Lync exempt {draw(_TEXT)}",
        "protocol": draw(st.sampled_from(["tcp", "udp", "any", 47])),
    }
    for option, values in (
        ("localip", _ADDRESSES),
        ("remoteip", _ADDRESSES),
        ("profiles", st.sampled_from(["domain", "domain,private", "any"])),
    ):
        if draw(st.booleans()):
            options[option] = draw(values)
    for option in ("localport", "remoteport") if options["protocol"] in ("tcp", "udp") else ():
        if draw(st.booleans()):
            options[option] = draw(_PORTS)
    if "localip" not in options:
        options["interfacetypes"] = draw(st.sampled_from(["any", "lan", "wireless", "ras"]))
    options["enabled"] = draw(st.booleans())
    options["description"] = draw(st.one_of(st.just(""), _TEXT))
    return exemptions_from_options([options])[0]
