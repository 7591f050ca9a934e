# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The editor of XML files: edits become splices of the text, and the same edits are made on a live
tree that judges the result."""

from __future__ import annotations

import typing as t

from ..._errors import OperatorError
from ..outcome import CHANGED, COMMENTED, CREATED, IGNORED, REMOVED, UNCOMMENTED, EditOutcome
from .create import create
from .document import own_text, qualified_name
from .edited_document import Change, EditedDocument, NeedsReindex
from .elements import comment_out, patch, remove
from .hints import nothing_selected
from .markup import Fragment
from .uncomment import commented_out, uncomment
from .values import set_attributes, set_properties, set_text, with_authority

if t.TYPE_CHECKING:
    from .document import Element
    from .edit import XmlEdit
    from .path import Path


class XmlEditor:
    """Makes edits, one after the other, on one document."""

    def __init__(self, text: str, codec: str) -> None:
        self._doc = EditedDocument(text, codec)

    @property
    def text(self) -> str:
        return self._doc.text

    @property
    def replaced_secrets(self) -> list[str]:
        """What was where a secret was put: it may have been a secret too."""
        return self._doc.replaced_secrets

    def apply(self, edit: XmlEdit) -> EditOutcome:
        """Make one edit on the live tree and remember its splices."""
        outcome = EditOutcome()
        while True:
            try:
                self._apply(edit, outcome)
                return outcome
            except NeedsReindex:
                pass
            # Not above: there the exception still holds on to nodes of the tree.
            self._doc.flush()

    def finish(self) -> bool:
        """Bring the text up to date, and say whether any edit changed it. From then on none may
        change anything."""
        if self._doc.pending:
            self._doc.flush(last=True)
        self._doc.repeat()
        return self._doc.edited

    def _apply(self, edit: XmlEdit, outcome: EditOutcome) -> None:
        path = self._doc.path(edit.xpath)
        found = self._doc.select(path)
        if not found:
            self._missing(edit, path, outcome)
            return
        if len(found) > 1 and edit.match == "one":
            lines = ", ".join(str(self._doc.line(node)) for node in found[:10])
            raise OperatorError(
                f"selects {len(found)} elements (lines {lines}). Make the xpath more exact, or say"
                " match: first or match: all."
            )
        if edit.match == "first":
            found = found[:1]
        outcome.count = len(found)
        outcome.line = self._doc.line(found[0])
        if edit.state == "absent":
            for node in _outermost(found):
                change = Change(edit)
                remove(self._doc, change, node)
                self._doc.commit(change)
            outcome.did(REMOVED)
        elif edit.state == "commented":
            for node in _outermost(found):
                change = Change(edit)
                comment_out(self._doc, change, node)
                self._doc.commit(change)
            outcome.did(COMMENTED)
        else:
            for node in found:
                self._set(edit, node, outcome)

    def _set(self, edit: XmlEdit, node: Element, outcome: EditOutcome) -> None:
        change = Change(edit)
        if edit.markup is not None:
            if edit.state != "present":
                self._set_element(change, node)
        elif edit.properties:
            set_properties(self._doc, change, node)
        elif edit.text is not None:
            set_text(self._doc, change, node, edit.text)
        elif edit.authority is not None:
            set_text(self._doc, change, node, with_authority(own_text(node), edit.authority))
        if self._doc.commit(change):
            outcome.did(CHANGED)
        if edit.attributes:
            change = Change(edit)
            set_attributes(self._doc, change, node, edit.attributes)
            if self._doc.commit(change):
                outcome.did(CHANGED)

    def _set_element(self, change: Change, node: Element) -> None:
        parent = node.getparent()
        fragment = Fragment(str(change.edit.markup), (node if parent is None else parent).nsmap)
        if fragment.element.tag != node.tag:
            name, selected = qualified_name(fragment.element), qualified_name(node)
            other = " of another namespace" if name == selected else ""
            raise OperatorError(
                f"xml is the element {name}, but the xpath selects {selected}{other}."
            )
        patch(self._doc, change, node, fragment, fragment.element)

    def _missing(self, edit: XmlEdit, path: Path, outcome: EditOutcome) -> None:
        if edit.state == "absent":
            return
        if edit.state == "commented":
            places = commented_out(self._doc, path)
            if places:
                outcome.line, outcome.count = places[0].line, len(places)
                return
        elif "uncomment" in edit.if_missing and uncomment(self._doc, edit, path):
            outcome.did(UNCOMMENTED)
            self._apply(edit, outcome)
            return
        elif edit.may_create:
            create(self._doc, edit, path)
            outcome.did(CREATED)
            outcome.count = len(self._doc.select(path))
            if not outcome.count:
                raise OperatorError(
                    "what was created is not what the xpath selects. Make xml and xpath agree."
                )
            return
        if "ignore" in edit.if_missing:
            outcome.did(IGNORED)
            return
        raise OperatorError(nothing_selected(self._doc, path))


def _outermost(nodes: t.Sequence[Element]) -> list[Element]:
    """Of nested elements only the outer ones."""
    everything = set(nodes)
    return [
        node
        for node in nodes
        if not any(ancestor in everything for ancestor in node.iterancestors())
    ]
