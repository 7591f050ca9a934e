# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Finding the selected element among what is commented out, and switching it on."""

from __future__ import annotations

import typing as t

from ..._errors import OperatorError
from .comments import commented_elements, joined_pieces, open_comment
from .document import etree
from .edited_document import Change
from .markup import Fragment

if t.TYPE_CHECKING:
    from .document import Element
    from .edit import XmlEdit
    from .edited_document import EditedDocument
    from .path import Path


class Found:
    """A place where the selected element is commented out, and what switches it on."""

    __slots__ = ("comments", "line", "number", "selected", "top")

    def __init__(
        self,
        comments: list[Element],
        number: int | None,
        line: int,
        top: Element,
        selected: Element,
    ) -> None:
        self.comments = comments
        self.number = number
        self.line = line
        self.top = top
        self.selected = selected

    @property
    def selected_line(self) -> int:
        """The line of the selected element, which may be inside the one on top."""
        return (
            self.line
            if self.selected is self.top
            else self.line + max(int(self.selected.sourceline or 1), 1) - 1
        )


def commented_out(doc: EditedDocument, path: Path) -> list[Found]:
    """Where the selected element is the top of what is commented."""
    return list(_in_comments(doc, path, path.last_name, inside=False)) or list(
        _in_pieces(doc, path)
    )


def commented_inside(doc: EditedDocument, path: Path) -> Found | None:
    """Where the selected element is inside another one that is commented out."""
    return next(_in_comments(doc, path, None, inside=True), None)


def _in_comments(
    doc: EditedDocument, path: Path, name: str | None, inside: bool
) -> t.Iterator[Found]:
    for comment in list(doc.root.iter(etree.Comment)):
        if path.last_name is not None and path.last_name not in comment.text:
            continue
        for candidate in commented_elements(comment.text, comment.getparent().nsmap, name):
            selected = _would_select(doc, path, comment, candidate.element, inside)
            if selected is not None:
                yield Found(
                    [comment],
                    candidate.number,
                    doc.line(comment) + candidate.line,
                    candidate.element,
                    selected,
                )


def _in_pieces(doc: EditedDocument, path: Path) -> t.Iterator[Found]:
    """Elements of which every line is a comment of its own."""
    for comment in list(doc.root.iter(etree.Comment)):
        if path.last_name is not None and path.last_name not in comment.text:
            continue
        run = [comment]
        while (
            not (run[-1].tail or "").strip()
            and run[-1].getnext() is not None
            and run[-1].getnext().tag is etree.Comment
        ):
            run.append(run[-1].getnext())
        joined = joined_pieces(
            [(node.text, node.tail or "") for node in run],
            comment.getparent().nsmap,
            path.last_name,
        )
        if joined and _would_select(doc, path, comment, joined[0], inside=False) is not None:
            yield Found(run[: joined[1]], None, doc.line(comment), joined[0], joined[0])


def _would_select(
    doc: EditedDocument, path: Path, comment: Element, element: Element, inside: bool
) -> Element | None:
    """Put the element into the live tree for a moment, and see whether the XPath selects it."""
    comment.addprevious(element)
    try:
        selected = doc.select(path)
        if element in selected:
            return element
        return (
            next((node for node in selected if element in node.iterancestors()), None)
            if inside
            else None
        )
    finally:
        comment.getparent().remove(element)


def uncomment(doc: EditedDocument, edit: XmlEdit, path: Path) -> bool:
    """Switch on exactly the selected element; whatever else is commented stays so."""
    places = commented_out(doc, path)
    if not places:
        return False
    if len(places) > 1 and edit.match != "first":
        lines = ", ".join(str(place.line) for place in places[:10])
        raise OperatorError(
            f"is commented out {len(places)} times (lines {lines}). Say match: first, or make"
            " the xpath more exact."
        )
    change = Change(edit)
    if places[0].number is None:
        _open_pieces(doc, change, places[0].comments)
    else:
        _open(doc, change, places[0].comments[0], places[0].number)
    return doc.commit(change)


def _open(doc: EditedDocument, change: Change, comment: Element, number: int) -> None:
    span = doc.span(comment)
    opened = open_comment(doc.text, span.start, span.end, number)
    change.splice(opened.start, opened.end, opened.markup)
    element = Fragment(opened.element.replace("\r\n", "\n"), comment.getparent().nsmap).detached()

    def in_tree() -> None:
        if opened.before:
            comment.addprevious(etree.Comment(opened.before.replace("\r\n", "\n")))
        comment.addprevious(element)
        if opened.after:
            comment.addprevious(etree.Comment(opened.after.replace("\r\n", "\n")))
        doc.detach(comment)

    change.on_children(comment.getparent(), in_tree)


def _open_pieces(doc: EditedDocument, change: Change, run: list[Element]) -> None:
    spans = [doc.span(node) for node in run]
    following = [span.start for span in spans[1:]] + [spans[-1].end]
    pieces = [
        (doc.text[span.start + 4 : span.end - 3], doc.text[span.end : stop])
        for span, stop in zip(spans, following)
    ]
    joined = joined_pieces(pieces, run[0].getparent().nsmap, None)
    if joined is None:
        raise OperatorError("is commented out in pieces that do not make one element.")
    element, _count, markup = joined
    change.splice(spans[0].start, spans[-1].end, markup)

    def in_tree() -> None:
        run[0].addprevious(element)
        for node in run:
            doc.detach(node)

    change.on_children(run[0].getparent(), in_tree)
