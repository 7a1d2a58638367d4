# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a topology says and no variable takes up is listed; what an override says is no question."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.draft import Imported
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.mapping import imported
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.read import read_topology_bytes

from .samples import everything

OUTSIDE = 'InterfaceSide="External" InterfaceNumber="2" IPAddress="198.51.100.21"'
CASES = {
    "a published port": ('Port="4443"', 'Port="4443" ConfiguredPort="8443"', "has port 8443 for others"),
    "a protocol": ('Port="444" Protocol="Mtls"', 'Port="444" Protocol="Dtls"', "has protocol dtls, which"),
    "a port of a farm": ("https://office.woodgrove.com/", "http://office.woodgrove.com:81/", "woodgrove.com:81/"),
    "an outer card": (OUTSIDE, OUTSIDE.replace("2", "9", 1), "198.51.100.21 on side external 9"),
    "a trunk": ('MediationServerPort="5067"', 'MediationServerPort="5999"', "its trunk ends at port 5999"),
}


def import_of(old: str, new: str) -> Imported:
    text = everything().published_text()
    assert old in text
    return imported(read_topology_bytes(text.replace(old, new, 1).encode(), "t.xml"))


@pytest.mark.parametrize(("old", "new", "said"), CASES.values(), ids=CASES)
def test_what_no_variable_takes_up_is_listed_once_it_is_there(old: str, new: str, said: str) -> None:
    assert not [note for note in import_of(old, old).notes if said in note]
    (note,) = [note for note in import_of(old, new).notes if said in note]
    assert note.startswith("t.xml, line ")


def test_a_moved_listener_is_the_first_of_its_row_and_no_question() -> None:
    found = import_of('Port="5061" Protocol="Mtls"', 'Port="5070" Protocol="Mtls"')
    assert not [one for one in found.questions if one.keys == ("lync_row_overrides",)]
    overrides = found.pools["pool01.woodgrove.com"]["row_overrides"]
    assert isinstance(overrides, list)
    # The monitoring of quality listens on the old one still.
    assert overrides[0] == {"select": "id=='fe-sip-tls'", "set": {"port": [5070, 5061]}}
