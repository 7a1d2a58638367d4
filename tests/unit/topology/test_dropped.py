# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nothing of a topology is dropped silently: whatever is changed in a document, the import is another one or refuses
it, unless a table says with a reason why it says nothing.
"""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.mapping import imported
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.read import read_topology_bytes
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.schema import ELEMENTS, SAYS_NOTHING, TEXT

from .samples import everything

REAL = os.environ.get("LYNC_TOPOLOGIES", "")
# What says nothing at some places only: a pattern of the place and attribute, and the reason.
SAYS_NOTHING_HERE = {
    r"ServiceId\.(Instance|SiteId)|\.UniqueId|(CentralSite|RemoteSite)\.SiteId": "an id to which nothing leads",
    r"Service (ExternalServer|PstnGateway|WacService|\w+Store)\.ServiceVersion": "not of servers of the product",
    r"NetInterface \w+ (0\.0\.0\.0)?\.": "a card without an address",
    r"NetInterface (Primary|Internal|Pstn) .*\.InterfaceNumber": "cards are told apart by their sides, but for outside",
    r"FileStoreService\.ShareName": "a share is reached by the names of servers, which a DFS namespace has not",
    r"Port urn:component:PstnGateway .*\.Owner|Port urn:\S+:recorder .*\.Owner": "they call themselves as they like",
}  # fmt: skip
_FLIPPED = {"true": "false", "false": "true"}
_OTHER: Mapping[str, Callable[[str], str]] = {
    "Port": lambda old: str(int(old) + 7),
    "Range": lambda old: str(int(old or 0) + 5),
    "ServiceVersion": lambda old: "7" if old != "7" else "8",
    "Protocol": lambda old: "Udp" if old != "Udp" else "Tcp",
    "InterfaceSide": lambda old: "Pstn" if old != "Pstn" else "Internal",
    "InterfaceNumber": lambda _old: "7",
    "ConfiguredPort": lambda _old: "9999",
    "ConfiguredFqdn": lambda _old: "other.example",
    "IPAddress": lambda _old: "192.0.2.77",
    "ConfiguredIPAddress": lambda _old: "192.0.2.78",
    "MinSupportedMode": lambda old: f"{old}1",
}


def other(attribute: str, old: str) -> str:
    """Return another value that the attribute could have."""
    if attribute in _OTHER:
        return _OTHER[attribute](old)
    named = "other.example" if re.fullmatch(r"[\w-]+(\.[\w-]+)+", old) else f"{old}x"
    return _FLIPPED.get(old.lower()) or ("https://other.example/x" if "://" in old else named)


def outcome(text: bytes) -> object:
    """Return what an import comes to, its notes too, without their lines."""
    try:
        published = read_topology_bytes(text, "t")
        found = imported(published)
    except InvalidInputError as error:
        return str(error)
    return (published.is_published, found.hosts, found.groups, found.deployment, found.questions, found.notes)


def local(name: str) -> str:
    return name.rpartition("}")[2]


def places(node: ET.Element, above: str = "") -> Iterator[tuple[str, ET.Element]]:
    """Yield every element with its place: its name, and of services, listeners and cards what they are."""
    name = local(node.tag)
    identity = next((child.get("RoleName") for child in node if local(child.tag) == "ServiceId"), "")
    words = {
        "Service": node.get("RoleName") or identity or "",
        "Port": f"{node.get('Owner')} {node.get('Usage')} {node.get('InterfaceSide')} {node.get('Protocol')}",
        "NetInterface": f"{node.get('InterfaceSide')} {node.get('IPAddress')}",
    }
    place = f"{above}/{name} {words[name]}" if name in words else f"{above}/{name}"
    yield place, node
    for child in node:
        yield from places(child, place)


DOCUMENTS = {
    "published": everything().published_text,
    "builder": everything().builder_text,
    **{path.name: path.read_text for path in (sorted(Path(REAL).glob("*-20*.*")) if REAL else ())},
}


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("name", DOCUMENTS)
def test_whatever_is_changed_makes_another_import(name: str) -> None:
    text = DOCUMENTS[name]().lstrip("\ufeff").encode()
    root = ET.fromstring(text)
    before, seen, silent = outcome(ET.tostring(root)), set(), []
    for place, node in list(places(root)):
        for attribute in sorted(ELEMENTS[local(node.tag)].attributes & {*node.attrib, *_OTHER}):
            key = f"{'/'.join(place.split('/')[-2:])}.{attribute}"
            if f"{local(node.tag)}.{attribute}" in SAYS_NOTHING or key in seen or says_nothing_here(key):
                continue
            seen.add(key)
            old = node.get(attribute)
            node.set(attribute, other(attribute, old or ""))
            silent += [key] if outcome(ET.tostring(root)) == before else []
            node.attrib.pop(attribute) if old is None else node.set(attribute, old)
    assert seen and not silent


def says_nothing_here(key: str) -> bool:
    return any(re.search(pattern, key) for pattern in SAYS_NOTHING_HERE)


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("dialect", ["published", "builder"])
def test_whatever_is_added_is_listed(dialect: str) -> None:
    """Unknown attributes, elements and texts in each kind of element, and known elements where nobody reads them."""
    root = ET.fromstring(DOCUMENTS[dialect]().encode())
    seen: set[str] = set()
    for _place, node in list(places(root)):
        name = local(node.tag)
        if name in seen:
            continue
        seen.add(name)
        node.set("Novelty", "1")
        assert f"attribute Novelty of {name} is not understood" in str(outcome(ET.tostring(root)))
        del node.attrib["Novelty"]
        for strange in {"Novelty", "PartialTopology", "Port", "Clusters"} - ELEMENTS[name].children:
            child = ET.SubElement(node, strange)
            assert f"element {strange} in {name} is not understood" in str(outcome(ET.tostring(root)))
            node.remove(child)
        if TEXT not in ELEMENTS[name].children:
            old, node.text = node.text, "novelty"
            assert f"text 'novelty' of {name} is not understood" in str(outcome(ET.tostring(root)))
            node.text = old
    assert len(seen) > 20


def test_the_tables_are_of_the_same_elements() -> None:
    """Each reason is of an attribute that is known, and each element can be reached from a document's own."""
    known = {f"{name}.{attribute}" for name, element in ELEMENTS.items() for attribute in element.attributes}
    assert known >= SAYS_NOTHING.keys()
    inside = {child for element in ELEMENTS.values() for child in element.children} - {TEXT}
    assert {*ELEMENTS} - inside <= {"TopologyBuilder", "Topology"}
    assert inside <= {*ELEMENTS}


@pytest.mark.skipif(not REAL, reason="LYNC_TOPOLOGIES names no directory of real topologies")
def test_every_path_of_the_structures_is_known() -> None:
    for path in sorted(Path(REAL).glob("structure-*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            _count, place, *attributes = line.split()
            above, name = (["", *place.split("/")])[-2:]
            assert not above or name in ELEMENTS[above].children, place
            assert {one.lstrip("@") for one in attributes} <= ELEMENTS[name].attributes, place
