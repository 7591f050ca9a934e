# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Writing values: the text of an element, its lines of properties, its attributes."""

from __future__ import annotations

import re
import typing as t

from ..._errors import OperatorError
from .document import element_children, own_text, qualified_name
from .markup import cdata, check_characters, escape_attribute, escape_text, to_encoding
from .property_lines import changed_properties, edit_property_lines

if t.TYPE_CHECKING:
    from .document import Element, Span
    from .edited_document import Change, EditedDocument

_PIECE = re.compile(r"(<!--.*?-->|<\?.*?\?>)|(<!\[CDATA\[)(.*?)\]\]>", re.DOTALL)
_ATTRIBUTE = re.compile(r"""(\s+)([^\s=/>"']+)\s*=\s*("[^"]*"|'[^']*')""")
_AUTHORITY = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://([^/?#\s]*)")
XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"


def set_text(doc: EditedDocument, change: Change, node: Element, value: str) -> None:
    """Give an element its text, and take away what makes the server read another; raises
    OperatorError."""
    if element_children(node):
        raise OperatorError(
            f"{qualified_name(node)} (line {doc.line(node)}) has child elements, so its text cannot"
            " be set. Use xml."
        )
    aliases = [
        name
        for name in _aliases(doc, node)
        if (node, f"attribute {name}") not in change.touched
        and change.edit.attributes.get(name) is None
    ]
    if aliases:
        set_attributes(doc, change, node, dict.fromkeys(aliases))
    if own_text(node) == value:
        return
    check_characters(value)
    change.touched.append((node, "text"))
    span = doc.span(node)
    content = doc.text[span.open_end : span.close_start]
    pieces = list(_PIECE.finditer(content))
    if not any(piece.group(1) for piece in pieces):
        lone = (
            len(pieces) == 1
            and not (content[: pieces[0].start()] + content[pieces[0].end() :]).strip()
        )
        fill(doc, change, span, _cdata_markup(doc, value) if lone else _text_markup(doc, value))
        change.on_values(lambda: _set_live_text(node, value))
        return
    _set_text_beside_comments(doc, change, node, span, value)


def with_authority(url: str, authority: str) -> str:
    """The URL with this host, and port where it names one; scheme and path stay."""
    found = _AUTHORITY.match(url)
    if not found:
        raise OperatorError("the text is not a URL, so it has no authority to change.")
    return url[: found.start(1)] + authority + url[found.end(1) :]


def _set_text_beside_comments(
    doc: EditedDocument, change: Change, node: Element, span: Span, value: str
) -> None:
    """The value goes where text already is, else behind the last comment; the other runs of
    text go."""
    runs = [(span.open_end, node.text or "")]
    ends = [doc.span(child) for child in node]
    runs.extend((end.end, child.tail or "") for child, end in zip(node, ends))
    stops = [end.start for end in ends] + [span.close_start]
    chosen = next((number for number, run in enumerate(runs) if run[1].strip()), len(runs) - 1)
    for number, ((start, _text), stop) in enumerate(zip(runs, stops)):
        if number == chosen:
            raw = doc.text[start:stop]
            lone = raw.startswith("<![CDATA[") and raw.find("]]>") == len(raw) - 3
            change.splice(
                start, stop, _cdata_markup(doc, value) if lone else _text_markup(doc, value)
            )
        elif stop > start:
            change.splice(start, stop, "")

    def in_tree() -> None:
        _set_live_text(node, value if chosen == 0 else "")
        for number, child in enumerate(node, 1):
            child.tail = value if number == chosen else None

    change.on_values(in_tree)


def _text_markup(doc: EditedDocument, value: str) -> str:
    return to_encoding(escape_text(value), doc.codec).replace("\n", doc.newline)


def _cdata_markup(doc: EditedDocument, value: str) -> str:
    return cdata(value, doc.codec).replace("\n", doc.newline)


def set_properties(doc: EditedDocument, change: Change, node: Element) -> None:
    """Lines key=value inside the text; a CDATA section around them stays."""
    if len(node):
        raise OperatorError(
            f"{qualified_name(node)} (line {doc.line(node)}) has children, so its text is not lines"
            " of properties."
        )
    changed = changed_properties(node.text or "", change.edit.properties)
    if not changed:
        return
    for added in changed.values():
        check_characters(added or "")
    change.touched.append((node, "text"))
    span = doc.span(node)
    content = doc.text[span.open_end : span.close_start]
    pieces = list(_PIECE.finditer(content))
    if len(pieces) > 1 or (
        pieces and (content[: pieces[0].start()] + content[pieces[0].end() :]).strip()
    ):
        raise OperatorError(
            f"the text of {qualified_name(node)} (line {doc.line(node)}) is partly CDATA, so its"
            " lines cannot be edited."
        )
    if pieces:
        start, end = (span.open_end + position for position in pieces[0].span(3))
        section = doc.text[start:end]
        change.splice(
            start,
            end,
            edit_property_lines(
                section, changed, doc.newline, lambda value: cdata(value, doc.codec)[9:-3]
            ),
        )
        value = (
            content[: pieces[0].start()]
            + edit_property_lines(section, changed, doc.newline)
            + content[pieces[0].end() :]
        )
        value = value.replace("\r\n", "\n")
    else:
        value = edit_property_lines(node.text or "", changed, "\n")
        fill(
            doc,
            change,
            span,
            edit_property_lines(
                content, changed, doc.newline, lambda value: _text_markup(doc, value)
            ),
        )
    change.on_values(lambda: _set_live_text(node, value))


def _aliases(doc: EditedDocument, node: Element) -> dict[str, str]:
    """The aliases under which the server reads values of this element from its secure vault, by
    attribute as it is written."""
    if not any(key.rpartition("}")[2] == "secretAlias" for key in node.attrib):
        return {}
    span = doc.span(node)
    found = {
        match.group(2): match.group(3)[1:-1]
        for match in _ATTRIBUTE.finditer(doc.text[span.start : span.open_end])
    }
    return {
        name: alias for name, alias in found.items() if name.rpartition(":")[2] == "secretAlias"
    }


def set_attributes(
    doc: EditedDocument, change: Change, node: Element, values: dict[str, str | None]
) -> None:
    """Give an element these attributes; None removes one. Raises OperatorError."""
    changes = {}
    aliases = _aliases(doc, node)
    if aliases and (change.edit.uses_secret or any(name in aliases for name in values)):
        if not change.edit.leaves_vault and not set(aliases) <= set(change.edit.attributes):
            name, alias = next(iter(aliases.items()))
            raise OperatorError(
                f"{qualified_name(node)} (line {doc.line(node)}) has the attribute {name}, so the"
                f" server reads {alias} from its secure vault, whatever is here. Say vaulted:"
                " replace to have the value here count instead."
            )
        values = {**dict.fromkeys(aliases), **values}
    for name, value in values.items():
        key = _attribute_key(node, name)
        if node.get(key) != value:
            if value is not None:
                check_characters(value)
            changes[name] = (key, value)
            change.touched.append((node, f"attribute {name}"))
    if not changes:
        return
    span = doc.span(node)
    tag = doc.text[span.start : span.open_end]
    present = {found.group(2): found for found in _ATTRIBUTE.finditer(tag)}
    last = list(present.values())[-1] if present else None
    added = ""
    for name, (key, value) in changes.items():
        found = present.get(name)
        if found and value is None:
            change.splice(span.start + found.start(), span.start + found.end(), "")
        elif found and value is not None:
            quote = found.group(3)[0]
            start, end = found.span(3)
            change.splice(
                span.start + start + 1,
                span.start + end - 1,
                to_encoding(escape_attribute(value, quote), doc.codec),
            )
        elif value is not None:
            quote = last.group(3)[0] if last else '"'
            blank = last.group(1) if last and "\n" in last.group(1) else " "
            escaped = to_encoding(escape_attribute(value, quote), doc.codec)
            added += f"{blank}{name}={quote}{escaped}{quote}"
        change.on_values(_attribute_change(node, key, value), key)
    if added:
        position = span.start + (last.end() if last else len(_tag_name(tag)) + 1)
        change.splice(position, position, added)


def _attribute_key(node: Element, name: str) -> str:
    prefix, colon, local = name.rpartition(":")
    if name == "xmlns" or prefix == "xmlns":
        raise OperatorError("a namespace declaration is not an attribute that can be edited.")
    if not re.match(r"\A(?:[^\W\d][\w.\-]*:)?[^\W\d][\w.\-]*\Z", name):
        raise OperatorError("attributes holds a name that is not a valid XML name.")
    if not colon:
        return name
    uri = XML_NAMESPACE if prefix == "xml" else node.nsmap.get(prefix)
    if uri is None:
        raise OperatorError(
            f"the attribute {name} has a prefix that is not declared at that place."
        )
    return f"{{{uri}}}{local}"


def fill(doc: EditedDocument, change: Change, span: Span, content: str) -> None:
    """Replace all that is between the tags of an element."""
    if span.close_start != span.open_end or doc.text[span.open_end - 2] != "/":
        change.splice(span.open_end, span.close_start, content)
        return
    tag = doc.text[span.start : span.open_end - 2].rstrip()
    change.splice(span.start + len(tag), span.end, f">{content}</{_tag_name(tag)}>")


def _tag_name(tag: str) -> str:
    return re.split(r"[\s/>]", tag[1:], maxsplit=1)[0]


def _set_live_text(node: Element, value: str) -> None:
    node.text = value or None


def _attribute_change(node: Element, key: str, value: str | None) -> t.Callable[[], None]:
    def in_tree() -> None:
        if value is None:
            node.attrib.pop(key, None)
        else:
            node.set(key, value)

    return in_tree
