# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose address and port stops which service, and how what is there is compared with what is wanted."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.conflicts import Listener, find_conflicts

from .samples import POOL, service

SIP = service()
MEETS = [
    (Listener("x", "10.1.0.100", 5061, "tcp"), True),
    (Listener("x", "10.1.0.100", 5061, "any"), True),
    (Listener("x", "0.0.0.0", 5061, "tcp"), True),
    (Listener("x", "0.0.0.0", 65535, "any"), True),
    (Listener("x", "10.1.0.100", 0, "any"), True),
    (Listener("x", "10.1.0.100", 5061, "udp"), False),
    (Listener("x", "10.1.0.100", 443, "tcp"), False),
    (Listener("x", "10.1.0.101", 5061, "tcp"), False),
    # Without an address and a port of its own, a server only answers to others that send to it.
    (Listener("x", "0.0.0.0", 0, "tcp"), False),
]


@pytest.mark.parametrize(("listener", "meets"), MEETS)
def test_who_has_the_same_address_and_port(listener: Listener, meets: bool) -> None:
    assert bool(find_conflicts([SIP], [listener])) is meets


def test_a_conflict_names_the_pool_and_the_owner() -> None:
    (found,) = find_conflicts([SIP], [Listener("lb vserver old", "10.1.0.100", 5061, "tcp", domain="td 5")])
    assert found.text == f"pool {POOL}: tcp 10.1.0.100 port 5061 belongs to lb vserver old in td 5"
    document = found.document()
    assert (document["holder"], document["domain"], document["message"]) == ("lb vserver old", "td 5", found.text)


def test_listeners_of_another_network_do_not_count() -> None:
    listeners = [Listener("here", "10.1.0.100", 5061, "tcp", "td 5"), Listener("there", "10.1.0.100", 5061, "tcp")]
    found = find_conflicts([SIP], listeners, lambda _service, listener: listener.domain == "td 5")
    assert [conflict.listener.owner for conflict in found] == ["here"]


def test_what_is_there_is_compared_with_what_is_wanted() -> None:
    theirs = service("old", pool="", members=["10.1.0.11"], idle_seconds=60)
    listener = Listener("old", "10.1.0.100", 5061, "tcp", service=theirs, removal=("rm old",))
    (found,) = find_conflicts([SIP], [listener])
    adoption = found.adoption()
    differences = {item["property"]: (item["theirs"], item["ours"]) for item in adoption["differences"]}  # type: ignore[attr-defined]
    assert differences["idle_seconds"] == (60, 1800) and set(differences) == {"idle_seconds", "members"}
    assert (adoption["comparable"], adoption["removal"]) == (True, ["rm old"])
    (unknown,) = find_conflicts([SIP], [Listener("old", "10.1.0.100", 5061, "tcp")])
    assert unknown.adoption()["comparable"] is False
