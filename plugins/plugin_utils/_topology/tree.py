# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""XML as nodes with their lines: only the documents of a topology are kept, whatever stands around them.

    documents(Text("f.xml", "<Topology ...")) -> [Node("Topology", {"Signature": "..."}, line=1, children=[...])]

Names are local ones, as parts of one document are in several namespaces. Document types, which entities need, are
refused, and nothing is fetched from anywhere.
"""

from __future__ import annotations

import io
import xml.sax
import xml.sax.handler
import xml.sax.xmlreader
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .._base.errors import InvalidInputError, Problem
from .._base.libraries import defusedxml
from .source import EXPORT, Text, refusal

NODES_MAXIMUM = 200_000
"""A topology of 500 servers has some 20,000 elements."""
DEPTH_MAXIMUM = 64
VALUE_MAXIMUM = 4096
TOPOLOGY, BUILDER, SIMPLE_URLS = "Topology", "TopologyBuilder", "SimpleUrlConfiguration"
_KEPT = (TOPOLOGY, BUILDER, SIMPLE_URLS)
_WRAPPED = f"the file may be cut off, or its lines were wrapped by the console; export it with: {EXPORT}"


@dataclass
class Node:
    """One element: its local name, attributes by local name, the line that it begins on, and what is in it."""

    name: str
    attributes: Mapping[str, str]
    line: int
    place: str
    children: list[Node] = field(default_factory=list)
    text: str = ""

    def all(self, *path: str) -> Iterator[Node]:
        """Yield the elements below that a path of names leads to."""
        found = (child for child in self.children if child.name == path[0])
        return found if len(path) == 1 else (node for child in found for node in child.all(*path[1:]))

    def first(self, *path: str) -> Node | None:
        """Return the first element that a path of names leads to."""
        return next(self.all(*path), None)

    def get(self, name: str) -> str:
        """Return an attribute without the blanks around it, empty where there is none."""
        return self.attributes.get(name, "").strip()

    @property
    def where(self) -> str:
        """Return the place of the element for people."""
        return f"{self.place}, line {self.line}, {self.name}"


class _Handler(xml.sax.handler.ContentHandler):
    """Keeps the outermost elements that are wanted, whole."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.found: list[Node] = []
        self._place = place
        self._open: list[Node] = []
        self._depth = self._count = 0
        self._locator: xml.sax.xmlreader.Locator | None = None

    def setDocumentLocator(self, locator: xml.sax.xmlreader.Locator) -> None:
        """Take what knows the line."""
        self._locator = locator

    def startElement(self, name: str, attrs: xml.sax.xmlreader.AttributesImpl) -> None:
        """Keep an element that is wanted, or is in one; raises InvalidInputError beyond the limits."""
        self._depth, self._count = self._depth + 1, self._count + 1
        line = (self._locator and self._locator.getLineNumber()) or 0
        if self._depth > DEPTH_MAXIMUM or self._count > NODES_MAXIMUM:
            limit = f"{NODES_MAXIMUM} elements, {DEPTH_MAXIMUM} deep"
            raise refusal(f"{self._place}, line {line}", "the document is too large", f"up to {limit}")
        local = name.rpartition(":")[2]
        if not self._open and local not in _KEPT:
            return
        given = {key.rpartition(":")[2]: value[:VALUE_MAXIMUM] for key, value in attrs.items() if key[:5] != "xmlns"}
        node = Node(local, given, line, self._place)
        (self._open[-1].children if self._open else self.found).append(node)
        self._open.append(node)

    def endElement(self, name: str) -> None:
        """Leave an element."""
        self._depth -= 1
        if self._open:
            self._open.pop()

    def characters(self, content: str) -> None:
        """Keep the text of an element, as far as one may be long."""
        if self._open and len(self._open[-1].text) < VALUE_MAXIMUM and content.strip():
            self._open[-1].text += content.strip()


def documents(text: Text) -> list[Node]:
    """Return the documents of a topology that a text holds; raises InvalidInputError with the line of a fault."""
    handler = _Handler(text.name)
    parser = defusedxml.expatreader.DefusedExpatParser(forbid_dtd=True)
    parser.setContentHandler(handler)
    try:
        parser.parse(io.BytesIO(text.content.encode("utf-8")))
    except defusedxml.common.DefusedXmlException as error:
        message = "a document type stands in it, which no topology has and which may hide an entity bomb"
        raise refusal(text.name, message, "XML without <!DOCTYPE>") from error  # pylint: disable=bad-exception-cause
    except xml.sax.SAXParseException as error:
        place = f"{text.name}, line {error.getLineNumber()}, column {error.getColumnNumber()}"
        message = f"the XML is not well-formed: {error.getMessage()}"
        raise refusal(place, message, fix=_WRAPPED) from error  # pylint: disable=bad-exception-cause
    except UnicodeEncodeError as error:
        raise refusal(text.name, "half characters stand in it", fix=_WRAPPED) from error
    return handler.found


def single(found: list[Node], what: str, place: str) -> Node:
    """Return the only node of a list; raises InvalidInputError with the places of several."""
    if len(found) == 1:
        return found[0]
    if not found:
        raise refusal(place, f"there is no {what} in it", fix=f"name a .tbxml, or export it with: {EXPORT}")
    raise InvalidInputError(
        Problem(node.where, f"this is one of {len(found)} {what} documents", "one", "leave one") for node in found
    )
