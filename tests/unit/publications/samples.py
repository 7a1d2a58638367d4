# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Publications for tests: by hand, and as hypothesis makes them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Member, MemberState
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.model import Publication, TlsMode
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.provider import DRIVERS
from hypothesis import strategies as st

LABEL = "changes the certificate clients see"
ONE = Publication(
    "pool01.contoso.com", ("meet.contoso.com", "webext01.contoso.com"), ("203.0.113.61",), (Member("10.1.0.100"),)
)
OTHER = Publication(
    "pool02.contoso.com",
    ("webext02.contoso.com",),
    ("203.0.113.61",),
    (Member("10.1.0.21"), Member("10.1.0.22", MemberState.BACKUP)),
)
BRIDGED = replace(OTHER, mode=TlsMode.BRIDGE, certificate="/etc/ssl/lync/web.pem", ca="/etc/ssl/lync/ca.pem")
# Names that move from ONE: one of them, or all.
MEET, ALL = (replace(OTHER, host_names=names) for names in (ONE.host_names[:1], ONE.host_names))
each_driver = pytest.mark.parametrize(
    "driver", [DRIVERS[name] for name in sorted(DRIVERS)], ids=lambda driver: driver.name
)

_names = st.lists(
    st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z]\.contoso\.com", fullmatch=True), min_size=1, max_size=3, unique=True
)
_addresses = st.sampled_from(["10.1.0.11", "10.1.0.12", "10.1.0.13", "2001:db8:1::11"])


def _bridge(number: int, bridged: bool) -> dict[str, object]:
    how = {"mode": TlsMode.BRIDGE, "certificate": f"/etc/ssl/{number}.pem", "ca": "/etc/ca.pem"}
    return dict(how) if bridged else {}


@st.composite
def sets_of_publications(draw: st.DrawFn) -> tuple[Publication, ...]:
    """Return publications of one proxy, each with names of its own, in both modes."""
    listens = tuple(
        sorted(
            draw(
                st.lists(
                    st.sampled_from(["203.0.113.61", "203.0.113.62", "2001:db8::61"]),
                    min_size=1,
                    max_size=2,
                    unique=True,
                )
            )
        )
    )
    common = {
        "listens": listens,
        "https_port": draw(st.integers(400, 500)),
        "http_port": draw(st.integers(1, 300)),
        "idle_seconds": draw(st.integers(1, 5000)),
    }
    found = []
    for number in range(draw(st.integers(0, 3))):
        members = draw(st.dictionaries(_addresses, st.sampled_from(MemberState), min_size=1, max_size=3))
        bridged = draw(st.booleans())
        found.append(Publication(
            name=f"pool{number}.contoso.com", host_names=tuple(sorted(f"{number}{name}" for name in draw(_names))),
            members=tuple(sorted(Member(address, state) for address, state in members.items())),
            https_node_port=draw(st.integers(1, 65535)), http_node_port=draw(st.integers(1, 65535)),
            **_bridge(number, bridged),  # type: ignore[arg-type]
            **common,  # type: ignore[arg-type]
        ))  # fmt: skip
    return tuple(found)
