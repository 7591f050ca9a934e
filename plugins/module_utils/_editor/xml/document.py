# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""An XML file as text, as a tree, and the exact place of every node of the tree in the text."""

from __future__ import annotations

import codecs
import re
import traceback
import typing as t
from array import array

from ..._errors import OperatorError
from ..decoded import BYTE_ORDER_MARKS, Decoded

if t.TYPE_CHECKING:
    Element = t.Any

try:
    from lxml import etree

    LXML_IMPORT_ERROR: str | None = None
except ImportError:  # pragma: no cover - the modules report it with missing_required_lib
    LXML_IMPORT_ERROR = traceback.format_exc()
    etree = None  # type: ignore[assignment]  # no module uses it then: each ends with the import error first

# From this many characters on, one tree and one text at a time are kept in memory, and lookups go
# through tables.
LARGE = 500_000

_DECLARED_ENCODING = re.compile(
    rb"""\A<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']"""
)
# A start tag may hold ">" inside quotes. The loop is unrolled so that text which is not well-formed
# cannot make it slow.
_QUOTED = r"""[^>"']*(?:(?:"[^"]*"|'[^']*')[^>"']*)*"""
TOKEN = re.compile(
    r"<(?:(!--).*?-->|!\[CDATA\[.*?\]\]>|(\?).*?\?>|!DOCTYPE"
    + _QUOTED
    + r">|(/)[^>]*>|([^\s/>!?<]+)"
    + _QUOTED
    + r">)",
    re.DOTALL,
)
_PROLOG = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_DOCTYPE = re.compile(r"""<!DOCTYPE[^>"'\[]*(?:(?:"[^"]*"|'[^']*')[^>"'\[]*)*""")


def decode(raw: bytes) -> Decoded:
    """Decode an XML file by its byte order mark or its declaration, and make sure that the way back
    gives the same bytes."""
    bom, codec = b"", ""
    for mark, name in BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            bom, codec = mark, name
    if not codec:
        declared = _DECLARED_ENCODING.match(raw)
        codec = declared.group(1).decode("ascii") if declared else "utf-8"
        try:
            codec = codecs.lookup(codec).name
        except LookupError:
            raise OperatorError(
                f"the XML declaration names the encoding {codec}, which Python does not know."
            ) from None
    try:
        text = raw[len(bom) :].decode(codec)
        same = bom + text.encode(codec) == raw
    except (UnicodeError, LookupError):
        same = False
    if not same:
        raise OperatorError(
            f"the bytes of the file are not valid {codec}, which is the encoding it declares."
            " Correct the file or its XML declaration."
        )
    # The parser would pass over a second one, which no product's does.
    if text.startswith("\ufeff"):
        raise OperatorError(
            "the file begins with more than one byte order mark. Leave one, or none."
        )
    return Decoded(text, codec, bom)


def _parser() -> t.Any:
    # The encoding given here overrules the declaration, because the text is fed as UTF-8 whatever
    # the file is written in.
    return etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, strip_cdata=False
    )


def parse(text: str) -> Element:
    """Parse the text of a document and return its root; messages never quote the document."""
    prolog = _PROLOG.match(text)
    doctype = _DOCTYPE.match(text, prolog.end() if prolog else 0)
    if doctype and text[doctype.end() : doctype.end() + 1] == "[":
        raise OperatorError(
            "the file has an internal DTD subset, whose entities and default attributes cannot be"
            " edited safely. Remove it first."
        )
    parser = _parser()
    try:
        if len(text) > LARGE:
            pieces: t.Any = _Pieces(text)
            root = etree.parse(pieces, parser).getroot()
        else:
            root = etree.fromstring(text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        raise OperatorError(
            "the file is not well-formed XML"
            + _position(error, parser)
            + ". Correct the file, or restore it from the product."
        ) from None
    if next(root.iter(etree.Entity), None) is not None:
        raise OperatorError(
            "the file uses an entity that it does not declare itself. Write the character or a"
            " character reference instead."
        )
    return root


class _Pieces:
    """A large text for the parser to read: the whole of it once more in UTF-8 would take as much
    memory as the file."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def read(self, size: int = -1) -> bytes:
        # A character takes up to four bytes, and the parser must not get more than it asks for.
        end = len(self._text) if size < 0 else self._position + max(size // 4, 1)
        piece = self._text[self._position : end]
        self._position += len(piece)
        return piece.encode("utf-8")


def _position(error: t.Any, parser: t.Any) -> str:
    line, column = error.position or (0, 0)
    kinds = [entry.type_name for entry in parser.error_log if entry.type_name.startswith("ERR_")]
    kind = kinds[0][4:].replace("_", " ").lower() if kinds else ""
    place = f" at line {line}, column {column}" if line else ""
    return f"{place} ({kind})" if kind else place


def is_element(node: Element) -> bool:
    """Whether a node is an element, not a comment or a processing instruction."""
    return isinstance(node.tag, str)


def element_children(node: Element) -> list[Element]:
    """The children of a node that are elements."""
    return [child for child in node if isinstance(child.tag, str)]


def own_text(node: Element) -> str:
    """The text of an element without element children, as a product's parser sees it: comments do
    not interrupt it."""
    if not len(node):
        return node.text or ""
    return (node.text or "") + "".join(child.tail or "" for child in node)


def local_name(tag: str) -> str:
    """A tag without its namespace."""
    return tag.rpartition("}")[2]


def qualified_name(node: Element) -> str:
    """The name as it is in the file, with its prefix."""
    name = local_name(node.tag)
    return f"{node.prefix}:{name}" if node.prefix else name


class Span:
    """Where a node is: start tag ``[start, open_end)``, content ``[open_end, close_start)``,
    end tag ``[close_start, end)``.

    For ``<a/>``, a comment and a processing instruction the four shrink to start and end.
    """

    __slots__ = ("close_start", "end", "open_end", "start")

    def __init__(self, start: int, open_end: int, close_start: int, end: int) -> None:
        self.start = start
        self.open_end = open_end
        self.close_start = close_start
        self.end = end


class Spans:
    """The spans of many nodes by number, in a tenth of the memory that as many objects take."""

    __slots__ = ("_places",)

    def __init__(self, places: array[int]) -> None:
        self._places = places

    def __len__(self) -> int:
        return len(self._places) // 4

    def __getitem__(self, number: int) -> Span:
        return Span(*self._places[4 * number : 4 * number + 4])

    def __iter__(self) -> t.Iterator[Span]:
        return (self[number] for number in range(len(self)))


def spans_of(text: str) -> Spans:
    """The spans of all elements, comments and processing instructions inside the root, in document
    order.

    The text must be known to be well-formed and free of an internal DTD subset: then every token is
    found by its first characters.
    """
    places = array("q")
    stack: list[int] = []
    for token in TOKEN.finditer(text):
        kind = token.lastindex
        if kind == 4:
            start, end = token.span()
            if text[end - 2] != "/":
                stack.append(len(places))
            places.extend((start, end, end, end))
        elif kind == 3:
            opened = stack.pop()
            places[opened + 2], places[opened + 3] = token.span()
        elif kind and stack:
            start, end = token.span()
            places.extend((start, end, end, end))
    return Spans(places)


def nodes_of(root: Element) -> list[Element]:
    """All nodes of the tree in document order. Keeping the list alive keeps the identity of lxml's
    proxies."""
    return list(root.iter())
