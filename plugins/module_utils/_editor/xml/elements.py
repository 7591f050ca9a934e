# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Whole elements: putting them in with the layout of their neighbours, making them mean what is
wanted, taking them out."""

from __future__ import annotations

import typing as t

from ..._errors import OperatorError
from .compare import aligned, same_element
from .document import element_children, etree, is_element, own_text, qualified_name
from .edited_document import NeedsReindex
from .values import XML_NAMESPACE, fill, set_attributes, set_text

if t.TYPE_CHECKING:
    from .document import Element
    from .edited_document import Change, EditedDocument
    from .markup import Fragment, Layout


class Block:
    """New elements that go to one place together."""

    def __init__(self, fragment: Fragment, elements: list[Element]) -> None:
        self._fragment = fragment
        self._elements = elements

    def markup(self, layout: Layout, indent: str) -> str:
        between = "" if layout.inline else layout.newline + indent
        return between.join(
            self._fragment.laid_out(element, layout, indent) for element in self._elements
        )

    def copies(self) -> list[Element]:
        return [_copy(element) for element in self._elements]


def insert(
    doc: EditedDocument,
    change: Change,
    parent: Element,
    block: Block,
    anchor: Element | None,
    *,
    before: bool = False,
) -> None:
    """Put new elements beside the anchor, or at the end of the parent."""
    children = list(parent)
    if anchor is None and not children:
        _insert_first(doc, change, parent, block)
        return
    sibling = anchor if anchor is not None else _layout_sibling(doc, children)
    new = block.copies()
    if before:
        _insert_before(doc, change, block, sibling)
    else:
        neighbour = _end_of_line_neighbour(doc, anchor if anchor is not None else children[-1])
        _insert_after(doc, change, block, neighbour, sibling)

    def in_tree() -> None:
        doc.restructured.add(parent)
        if before:
            for element in new:
                sibling.addprevious(element)
        else:
            for element in reversed(new):
                _add_after(neighbour, element)

    change.on_children(parent, in_tree)


def _layout_sibling(doc: EditedDocument, children: t.Sequence[Element]) -> Element:
    """The last element that has its line to itself, whose indentation a new sibling takes."""
    for wanted in (is_element, lambda _node: True):
        for node in reversed(children):
            if wanted(node) and doc.line_start(doc.span(node).start) is not None:
                return node
    return children[-1]


def _insert_before(doc: EditedDocument, change: Change, block: Block, anchor: Element) -> None:
    start = doc.span(anchor).start
    line = doc.line_start(start)
    if line is None:
        change.splice(start, start, block.markup(doc.layout(anchor, inline=True), ""))
        return
    indent = doc.text[line:start]
    change.splice(line, line, indent + block.markup(doc.layout(anchor), indent) + doc.newline)


def _insert_after(
    doc: EditedDocument, change: Change, block: Block, anchor: Element, sibling: Element
) -> None:
    end = doc.span(anchor).end
    start = doc.span(sibling).start
    line = doc.line_start(start)
    if line is None:
        change.splice(end, end, block.markup(doc.layout(sibling, inline=True), ""))
        return
    indent = doc.text[line:start]
    markup = indent + block.markup(doc.layout(sibling), indent)
    next_line = doc.line_end(end)
    if next_line is not None:
        change.splice(next_line, next_line, markup + doc.newline)
        return
    parent = anchor.getparent()
    closing = doc.span(parent).close_start
    if doc.text[end:closing].strip():
        change.splice(end, end, doc.newline + markup)
    else:
        change.splice(end, closing, doc.newline + markup + doc.newline + doc.indentation(parent))


def _insert_first(doc: EditedDocument, change: Change, parent: Element, block: Block) -> None:
    if (parent.text or "").strip():
        raise OperatorError(
            f"cannot be created, because {qualified_name(parent)} (line {doc.line(parent)}) holds"
            " text."
        )
    inline = "\n" not in doc.text
    layout = doc.layout(parent, inline=inline)
    outer = "" if inline else doc.newline + doc.indentation(parent)
    indent = "" if inline else doc.indentation(parent) + layout.step
    fill(
        doc,
        change,
        doc.span(parent),
        ("" if inline else doc.newline + indent) + block.markup(layout, indent) + outer,
    )
    new = block.copies()

    def in_tree() -> None:
        doc.restructured.add(parent)
        parent.text = None
        parent.extend(new)

    change.on_children(parent, in_tree)


def _end_of_line_neighbour(doc: EditedDocument, anchor: Element) -> Element:
    """A comment behind an element on the same line belongs to it: new elements go behind the
    comment."""
    while True:
        following = anchor.getnext()
        if following is None or is_element(following):
            return anchor
        start, end = doc.span(anchor).end, doc.span(following).end
        if "\n" in doc.text[start:end] or doc.text[start : doc.span(following).start].strip():
            return anchor
        anchor = following


def patch(
    doc: EditedDocument, change: Change, node: Element, fragment: Fragment, wanted: Element
) -> None:
    """Make an element mean the same as the wanted one, with as few splices as that takes."""
    if same_element(node, wanted):
        return
    have, want = element_children(node), element_children(wanted)
    if want and not have and not own_text(node).strip() and not _has_stray_text(wanted, want):
        set_attributes(doc, change, node, _attribute_changes(node, wanted))
        insert(doc, change, node, Block(fragment, want), None)
        return
    pairs = aligned(have, want)
    if (
        bool(have) != bool(want)
        or (want and not pairs)
        or _has_stray_text(node, have)
        or _has_stray_text(wanted, want)
    ):
        _replace(doc, change, node, fragment, wanted)
        return
    set_attributes(doc, change, node, _attribute_changes(node, wanted))
    if want:
        _patch_children(doc, change, node, fragment, pairs, have, want)
    elif own_text(node) != own_text(wanted):
        set_text(doc, change, node, own_text(wanted))


def _attribute_changes(node: Element, wanted: Element) -> dict[str, str | None]:
    changes: dict[str, str | None] = {}
    for key in node.attrib:
        if key not in wanted.attrib:
            changes[_attribute_name(node, key)] = None
    for key, value in wanted.attrib.items():
        changes[_attribute_name(wanted, key)] = value
    return changes


def _patch_children(
    doc: EditedDocument,
    change: Change,
    node: Element,
    fragment: Fragment,
    pairs: t.Sequence[tuple[Element, Element]],
    have: t.Sequence[Element],
    want: t.Sequence[Element],
) -> None:
    partner = {theirs: ours for ours, theirs in pairs}
    kept = set(partner.values())
    previous: Element | None = None
    new: list[Element] = []
    for child in [*want, None]:
        ours = None if child is None else partner.get(child)
        if child is not None and ours is None:
            new.append(child)
            continue
        if new:
            block = Block(fragment, new)
            insert(
                doc,
                change,
                node,
                block,
                have[0] if previous is None else previous,
                before=previous is None,
            )
            new = []
        previous = ours
    # Only now: what is replaced or removed is no longer there for others to be put beside it.
    for ours, child in pairs:
        patch(doc, change, ours, fragment, child)
    for child in have:
        if child not in kept:
            remove(doc, change, child)


def _replace(
    doc: EditedDocument, change: Change, node: Element, fragment: Fragment, wanted: Element
) -> None:
    if node.getparent() is None:
        raise OperatorError("the root element cannot be replaced as a whole. Edit its children.")
    span = doc.span(node)
    inline = "\n" not in doc.text
    markup = fragment.laid_out(wanted, doc.layout(node, inline=inline), doc.indentation(node))
    change.splice(span.start, span.end, markup)
    change.touched.append((node, "the whole element"))
    new = _copy(wanted)

    def in_tree() -> None:
        new.tail = node.tail
        node.getparent().replace(node, new)

    change.on_children(node.getparent(), in_tree)


def remove(doc: EditedDocument, change: Change, node: Element) -> None:
    """Take an element out, with its line where it has one to itself; raises OperatorError for the
    root."""
    if node.getparent() is None:
        raise OperatorError("the root element cannot be removed.")
    span = doc.span(node)
    line, next_line = doc.line_start(span.start), doc.line_end(span.end)
    if line is not None and next_line is not None:
        change.splice(line, next_line, "")
    else:
        change.splice(span.start, span.end, "")
    change.on_children(node.getparent(), lambda: doc.detach(node))


def comment_out(doc: EditedDocument, change: Change, node: Element) -> None:
    """Put an element into a comment; raises OperatorError where it holds a comment or is the
    root."""
    parent = node.getparent()
    if parent is None:
        raise OperatorError("the root element cannot be commented out.")
    span = doc.span(node)
    markup = doc.text[span.start : span.end]
    if "--" in markup:
        if doc.pending:
            # An earlier edit may have taken it out.
            raise NeedsReindex
        raise OperatorError(
            f"{qualified_name(node)} (line {doc.line(node)}) holds a comment or --, so it cannot be"
            " commented out as a whole."
        )
    # One splice over the whole element, so that what an earlier edit changed inside it is applied
    # first.
    change.splice(span.start, span.end, f"<!-- {markup} -->")
    comment = etree.Comment(f" {markup} ".replace("\r\n", "\n"))

    def in_tree() -> None:
        comment.tail = node.tail
        parent.replace(node, comment)
        doc.restructured.add(parent)

    change.on_children(parent, in_tree)


def _copy(element: Element) -> Element:
    import copy

    new = copy.deepcopy(element)
    new.tail = None
    return new


def _add_after(anchor: Element, new: Element) -> None:
    """Add a sibling and leave the text behind the anchor where it is."""
    tail, anchor.tail = anchor.tail, None
    anchor.addnext(new)
    new.tail = tail


def _attribute_name(node: Element, key: str) -> str:
    if not key.startswith("{"):
        return key
    uri, _brace, local = key[1:].partition("}")
    if uri == XML_NAMESPACE:
        return f"xml:{local}"
    prefix = next((prefix for prefix, bound in node.nsmap.items() if prefix and bound == uri), None)
    return f"{prefix}:{local}"


def _has_stray_text(node: Element, children: t.Sequence[Element]) -> bool:
    """Text beside child elements."""
    return bool(children) and bool(
        (node.text or "").strip() or any((child.tail or "").strip() for child in node)
    )
