# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Markup to write into a document: escaped values, elements made of data, and their layout."""

from __future__ import annotations

import re
import typing as t

from ..._errors import OperatorError
from ..arguments import scalar
from .document import etree, is_element, nodes_of, parse, spans_of

if t.TYPE_CHECKING:
    from ..secrets import Secrets
    from .document import Element, Span

# What is no character in XML 1.0. Its complement would be compiled ten times as slowly, at each
# invocation on each node.
_FORBIDDEN = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CDATA = re.compile(r"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)
_NAME = re.compile(r"\A[^\W\d][\w.\-]*(?::[^\W\d][\w.\-]*)?\Z")


def line_breaks(value: str) -> str:
    """Line breaks of a value as XML parsers report them."""
    return value.replace("\r\n", "\n")


def check_characters(value: str) -> None:
    """Refuse characters that XML does not allow; raises OperatorError."""
    if _FORBIDDEN.search(value):
        raise OperatorError("the value holds a character that XML does not allow.")


def escape_text(value: str) -> str:
    """A text as it is written between tags; raises OperatorError."""
    check_characters(value)
    return (
        value.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace("]]>", "]]&gt;")
        .replace("\r", "&#13;")
    )


def escape_attribute(value: str, quote: str = '"') -> str:
    """A value as it is written in an attribute within these quotes; raises OperatorError."""
    check_characters(value)
    value = (
        value.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace("\t", "&#9;")
        .replace("\n", "&#10;")
        .replace("\r", "&#13;")
    )
    return value.replace(quote, "&quot;" if quote == '"' else "&apos;")


def cdata(value: str, codec: str) -> str:
    """A CDATA section, interrupted where the value holds its end mark or a character the encoding
    cannot hold."""
    check_characters(value)
    body = "".join(
        char if char != "\r" and _encodable(char, codec) else f"]]>&#{ord(char)};<![CDATA["
        for char in value.replace("]]>", "]]]]><![CDATA[>")
    )
    return f"<![CDATA[{body}]]>"


def _encodable(char: str, codec: str) -> bool:
    if char < "\x80":
        return True
    try:
        char.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def to_encoding(markup: str, codec: str) -> str:
    """Write what the encoding cannot hold as character references; only for text and attribute
    values."""
    if codec.startswith("utf") or markup.isascii():
        return markup
    return markup.encode(codec, "xmlcharrefreplace").decode(codec)


def check_name(name: str) -> str:
    """A name that XML allows; raises OperatorError."""
    if not _NAME.match(name):
        raise OperatorError("xml holds a name that is not a valid XML name.")
    return name


def markup_of_data(data: t.Any, secrets: Secrets) -> str:
    """``{tag: content}`` as markup on one line: content is a scalar, a mapping or a list; ``@name``
    is an attribute, ``#text`` the text."""
    if not isinstance(data, dict) or len(data) != 1:
        raise OperatorError(
            "xml as data must be a mapping with exactly one key, the name of the element."
        )
    ((name, content),) = data.items()
    return _element(str(name), content, secrets)


def _element(name: str, content: t.Any, secrets: Secrets) -> str:
    check_name(name)
    attributes, children, text = [], [], None
    for key, value in _items(content, name):
        if key.startswith("@"):
            resolved = escape_attribute(
                line_breaks(secrets.resolve(scalar(value, f"{key} of {name} in xml")))
            )
            attributes.append(f' {check_name(key[1:])}="{resolved}"')
        elif key == "#text":
            text = escape_text(
                line_breaks(secrets.resolve(scalar(value, f"the text of {name} in xml")))
            )
        else:
            children.append(_element(key, value, secrets))
    if text is not None and children:
        raise OperatorError(
            f"{name} in xml has both a text and child elements. Give such an element as a string."
        )
    start = name + "".join(attributes)
    if text is None and not children:
        return f"<{start}/>"
    return f"<{start}>{text if text is not None else ''.join(children)}</{name}>"


def _items(content: t.Any, name: str) -> list[tuple[str, t.Any]]:
    if isinstance(content, dict):
        return [(str(key), value) for key, value in content.items()]
    if isinstance(content, (list, tuple)):
        items: list[tuple[str, t.Any]] = []
        for child in content:
            if not isinstance(child, dict):
                raise OperatorError(
                    f"the list under {name} in xml must hold mappings, one for each child element."
                )
            items.extend((str(key), value) for key, value in child.items())
        return items
    return [("#text", scalar(content, f"{name} in xml"))]


def markup_of_string(markup: str, secrets: Secrets) -> str:
    """Markup given as a string, with the secrets put in so that they stay values."""
    parts = _CDATA.split(line_breaks(markup).strip())
    for number, part in enumerate(parts):
        if number % 2:
            parts[number] = secrets.resolve(
                part, lambda value: line_breaks(value).replace("]]>", "]]]]><![CDATA[>")
            )
        else:
            parts[number] = secrets.resolve(part, _escape_anywhere)
    return "".join(parts)


def _escape_anywhere(value: str) -> str:
    """Fit for a text and for an attribute in either quotes."""
    return escape_attribute(line_breaks(value)).replace("'", "&apos;").replace(">", "&gt;")


class Layout:
    """How a file is laid out where new elements go: one step of indentation, line end, or all on
    one line."""

    __slots__ = ("codec", "inline", "newline", "step")

    def __init__(self, newline: str, step: str, codec: str, *, inline: bool = False) -> None:
        self.newline = newline
        self.step = step
        self.codec = codec
        self.inline = inline


class Fragment:
    """One element that is not yet in the document: its markup, its tree and its layout."""

    def __init__(self, markup: str, context: t.Mapping[str | None, str]) -> None:
        self._text = f"<context{_declarations(context)}>{markup}</context>"
        try:
            root = parse(self._text)
        except OperatorError:
            raise OperatorError(
                "xml is not a well-formed element, or uses a prefix that is not declared at that"
                " place."
            ) from None
        self._nodes = nodes_of(root)
        elements = [child for child in root if is_element(child)]
        if (
            len(elements) != 1
            or len(root) != 1
            or (root.text or "").strip()
            or (elements[0].tail or "").strip()
        ):
            raise OperatorError("xml must be exactly one element.")
        self.element = elements[0]
        self.element.tail = None
        spans = spans_of(self._text)
        self._spans: dict[Element, Span] = {
            node: spans[number] for number, node in enumerate(self._nodes)
        }

    def detached(self) -> Element:
        """A copy of the element to put into the live tree."""
        return etree.fromstring(
            self._text.encode("utf-8"), etree.XMLParser(encoding="utf-8", strip_cdata=False)
        )[0]

    def laid_out(self, element: Element, layout: Layout, indent: str) -> str:
        """The element with each child on its own line; what holds text is written as it is."""
        return to_encoding(self._laid_out(element, layout, indent), layout.codec)

    def _laid_out(self, element: Element, layout: Layout, indent: str) -> str:
        span = self._spans[element]
        if not is_element(element) or not _is_container(element):
            return self._text[span.start : span.end].replace("\n", layout.newline)
        inner = indent + layout.step
        between, last = (
            ("", "") if layout.inline else (layout.newline + inner, layout.newline + indent)
        )
        parts = [self._text[span.start : span.open_end].replace("\n", layout.newline)]
        parts.extend(between + self._laid_out(child, layout, inner) for child in element)
        parts.append(last + self._text[span.close_start : span.end])
        return "".join(parts)


def _is_container(element: Element) -> bool:
    return (
        any(is_element(child) for child in element)
        and not (element.text or "").strip()
        and not any((child.tail or "").strip() for child in element)
    )


def _declarations(context: t.Mapping[str | None, str]) -> str:
    return "".join(
        f' xmlns{":" + prefix if prefix else ""}="{escape_attribute(uri)}"'
        for prefix, uri in context.items()
        if prefix != "xml"
    )
