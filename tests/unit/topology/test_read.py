# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading the files of topologies: both dialects alike, every encoding, and what is broken or hostile is refused."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.mapping import imported
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.model import Published
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.read import read_topology_bytes

from tests.simulators.topologies import Document, Port

from .samples import everything, small


def read(text: str | bytes, name: str = "t.xml") -> Published:
    return read_topology_bytes(text if isinstance(text, bytes) else text.encode(), name)


def refusals(text: str | bytes) -> list[str]:
    """Return what is said of a file that is refused; an import refuses what only a whole topology shows."""
    with pytest.raises(InvalidInputError) as caught:
        imported(read(text))
    return [str(problem) for problem in caught.value.problems]


def zipped(**entries: str | bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("_xml", ".xml"), content)
    return file.getvalue()


def doc_item_set(*documents: str) -> str:
    items = "".join(
        f'<DocItem Name="urn:xds:{place}"><Data><AnchoredXml><Dictionary Count="1"><Item><Key /><Value Signature="0">'
        f"{text}</Value></Item></Dictionary></AnchoredXml></Data></DocItem>"
        for place, text in enumerate(documents)
    )
    return f'<?xml version="1.0"?><DocItemSet xmlns="urn:x">{items}</DocItemSet>'


PUBLISHED, BUILDER = everything().published_text(), everything().builder_text()
SIMPLE_URLS = (
    '<SimpleUrlConfiguration xmlns="urn:y"><SimpleUrl Component="Meet" Domain="*" ActiveUrl="https://meet.woodgrove.com">'
    "</SimpleUrl></SimpleUrlConfiguration>"
)
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
FORMS = {
    "UTF-8": PUBLISHED.encode(),
    "UTF-8 with a mark": b"\xef\xbb\xbf" + PUBLISHED.encode(),
    "UTF-16 as the shell redirects": b"\xff\xfe" + PUBLISHED.encode("utf-16-le"),
    "UTF-16, the other order": b"\xfe\xff" + PUBLISHED.encode("utf-16-be"),
    "UTF-16 without a mark": PUBLISHED.encode("utf-16-le"),
    "a declaration that is not so": b"\xff\xfe" + f"{DECLARATION}\r\n{PUBLISHED}".encode("utf-16-le"),
    "zip": zipped(Header_xml="<Header />", DocItemSet_xml=doc_item_set("<Other />", PUBLISHED)),
    "zip in UTF-16": zipped(DocItemSet_xml=b"\xff\xfe" + doc_item_set(PUBLISHED).encode("utf-16-le")),
}


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS)
def test_every_form_of_a_file_says_the_same(content: bytes) -> None:
    assert imported(read(content)).pools == imported(read(PUBLISHED)).pools


def test_both_dialects_say_the_same() -> None:
    builder, published = imported(read(BUILDER)), imported(read(PUBLISHED))
    assert (builder.hosts, builder.groups, builder.pools) == (published.hosts, published.groups, published.pools)
    assert len(builder.hosts) == 20


def test_simple_urls_come_from_the_document_beside_the_topology() -> None:
    found = read(zipped(DocItemSet_xml=doc_item_set(SIMPLE_URLS, PUBLISHED)))
    assert found.simple_urls == {"meet": ("https://meet.woodgrove.com",)}
    assert read(PUBLISHED).simple_urls is None


@pytest.mark.parametrize(("number", "version"), [(5, "2010"), (6, "2013"), (7, "2015"), (8, "2019")])
def test_versions_by_their_numbers(number: int, version: str) -> None:
    assert imported(read(everything(number).published_text())).deployment["lync_version"] == version


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9)
) + "]>"
FILE_ENTITY = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def _with_cms(document: Document) -> Document:
    document.central_management(document.clusters[0], 7)
    document.central_management(document.clusters[0], 7)
    return document


def _unknown_role(document: Document) -> Document:
    document.service("EdgeSever", document.cluster("x.contoso.com"), 7)
    return document


def _lone_registrar(document: Document) -> Document:
    document.registrar(document.cluster("x.contoso.com"), 7, is_director=False)
    return document


def _lone_application(document: Document) -> Document:
    document.service("ApplicationServer", document.cluster("x.contoso.com"), 7)
    return document


SMALL = small().published_text()
BAD: dict[str, tuple[str | bytes | Callable[[], str | bytes], str]] = {
    "entity bomb": (f"{BOMB}{SMALL}", "a document type stands in it"),
    "external entity": (f"{FILE_ENTITY}{SMALL}", "a document type stands in it"),
    "bomb in UTF-16": (b"\xff\xfe" + f"{BOMB}{SMALL}".encode("utf-16-le"), "a document type stands in it"),
    "cut off": (SMALL[:-200], "the XML is not well-formed.*cut off, or its lines were wrapped"),
    "wrapped in a name": (SMALL.replace('Fqdn="', 'Fq\ndn="'), "not well-formed.*wrapped by the console"),
    "wrapped in a value": (
        SMALL.replace("se01.contoso.com", "se01.con\ntoso.com"),
        "is not a name.*wrapped by the console",
    ),
    "the object printed": (
        "Name   Value\n----   -----\n",
        "this is no XML, it begins with 'Name   Value.*the object was printed",
    ),
    "empty": ("\r\n", "the file is empty"),
    "no text": (b"\xff\xff\xfe<", "is no text in utf-8"),
    "odd bytes of UTF-16": (b"\xff\xfe<\0T", "is no text in utf-16-le"),
    "another document": ("<Settings />", "there is no topology in it"),
    "no services": ('<Topology xmlns="urn:x" />', "no element Services"),
    "two topologies": (zipped(DocItemSet_xml=doc_item_set(SMALL, SMALL)), "one of 2 topology documents"),
    "zip without XML": (zipped(other="x"), "the zip holds 0 XML files"),
    "zip bomb": (zipped(DocItemSet_xml=b" " * (40 << 20)), "unpacks to more than 33554432 bytes"),
    "broken zip": (zipped(DocItemSet_xml=SMALL)[:200], "the zip cannot be read"),
    "too deep": ("<Topology>" + "<a>" * 100 + "</a>" * 100 + "</Topology>", "the document is too large"),
    "too many elements": ("<Topology>" + "<a/>" * 200_001 + "</Topology>", "the document is too large"),
    "reference to nowhere": (
        SMALL.replace('RoleName="UserStore" Instance="1" /></Dep', 'RoleName="UserStore" Instance="9" /></Dep'),
        "depends on service '1:UserStore:9', which is not in the file",
    ),
    "cluster that is not there": (
        SMALL.replace('<InstalledOn><ClusterId SiteId="1" Number="1" />',
                      '<InstalledOn><ClusterId SiteId="1" Number="7" />'),
        "is on '1:7', which is not in the file",
    ),
    "site that is not there": (
        SMALL.replace('<ClusterId SiteId="1" Number="1" />\n<Machine',
                      '<ClusterId SiteId="4" Number="1" />\n<Machine'),
        "of site '4', which is not in the file",
    ),
    "one id twice": (
        SMALL.replace('RoleName="Registrar" Instance="1"', 'RoleName="UserServices" Instance="1"'),
        "it has the id of",
    ),
    "unknown version": (
        SMALL.replace('ServiceVersion="7"', 'ServiceVersion="9"'),
        r"unknown version 9; allowed: 5 \(2010\), 6 \(2013\)",
    ),
    "no version": (SMALL.replace('ServiceVersion="7"', ""), "ServiceVersion is ''"),
    "unknown role": (
        _unknown_role(small()).published_text(),
        "'EdgeSever' is not a role that is known.*it may be edgeserver",
    ),
    "Registrar of nobody": (
        _lone_registrar(small()).published_text(),
        "x.contoso.com is neither Front End, Director nor in a branch",
    ),
    "application of nobody": (_lone_application(small()).published_text(), "applicationserver without a server"),
    "two active CMS": (_with_cms(small()).published_text(), "one of several active Central Management servers"),
    "port": (SMALL.replace('Port="5061"', 'Port="65536"'), "Port is '65536'; allowed: whole numbers up to 65535"),
    "address": (
        SMALL.replace('IPAddress="0.0.0.0"', 'IPAddress="10.0.0.256"'),
        "IPAddress: '10.0.0.256' is not an address",
    ),
    "name": (SMALL.replace("se01.contoso.com", "se01/../x"), "Fqdn 'se01/../x' is not a name"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "said"), BAD.values(), ids=BAD)
def test_what_is_broken_is_refused_with_its_place(content: str | bytes, said: str) -> None:
    found = refusals(content)
    assert any(re.search(said, line) for line in found), found
    assert all(line.startswith("t.xml") for line in found)


def test_faults_are_told_all_at_once_with_their_lines() -> None:
    text = SMALL.replace('Port="5061"', 'Port="x"').replace('IPAddress="0.0.0.0"', 'IPAddress="x"')
    found = refusals(text)
    assert len(found) >= 3
    assert all(", line " in line for line in found)


def test_what_is_not_understood_is_listed_with_its_place() -> None:
    text = SMALL.replace("<Services>", '<Services><Trunk Speed="9" />', 1).replace("<Sites>", '<Sites Kind="x">', 1)
    assert [line.partition(": ")[2] for line in read(text).unread] == [
        "attribute Kind of Sites is not understood",
        "element Trunk in Services is not understood",
    ]


def test_a_listener_that_no_row_opens_is_listed() -> None:
    document = small()
    document.services[0].ports.append(Port("Novelty", "SipServer", 7777))
    notes = imported(read(document.builder_text())).notes
    said = "port 7777 on se01.contoso.com is of a listener that is not known, and is in no row"
    assert any(said in note for note in notes)
