# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Creating what an XPath describes."""

from __future__ import annotations

import typing as t

from ..._errors import OperatorError
from .document import qualified_name
from .edited_document import Change
from .elements import Block, insert
from .hints import nearest
from .markup import Fragment, escape_attribute, escape_text
from .property_lines import edit_property_lines

if t.TYPE_CHECKING:
    from .document import Element
    from .edit import XmlEdit
    from .edited_document import EditedDocument
    from .path import Path


def create(doc: EditedDocument, edit: XmlEdit, path: Path) -> None:
    """Create the missing steps of the path, or the given element in their place."""
    if not path.steps:
        raise OperatorError(
            "cannot be created, because the xpath is not a plain path. Write the steps from the"
            " root."
        )
    if edit.parent:
        parents = doc.select(doc.path(edit.parent))
        missing = path.steps[-1:]
        if len(parents) != 1:
            raise OperatorError(
                f"cannot be created, because parent selects {len(parents)} elements, not one."
            )
    else:
        parents, missing = _existing_parent(doc, path)
    parent = parents[0]
    described = missing if edit.markup is None else missing[:-1]
    markup = _new_element(edit, missing[-1]) if edit.markup is None else edit.markup
    for step in missing:
        hidden = step.separator != "/" and not edit.parent
        if hidden or (step in described and (step.name is None or step.attributes is None)):
            raise OperatorError(
                f"cannot be created: the step {step.given} is not of the form name[@a='v']. "
                + (
                    "Name the element it goes into with parent."
                    if hidden
                    else "Give the whole element with xml."
                )
            )
    for step in reversed(missing[:-1]):
        markup = f"<{step.name}{_attribute_markup(step.attributes or [])}>{markup}</{step.name}>"
    if parent.nsmap.get(None) != doc.default and edit.markup is None:
        raise OperatorError(
            "cannot be created, because the default namespace changes on the way. Give the whole"
            " element with xml."
        )
    fragment = Fragment(markup, parent.nsmap)
    change = Change(edit)
    beside, before = _anchor(doc, edit, parent)
    insert(doc, change, parent, Block(fragment, [fragment.element]), beside, before=before)
    doc.commit(change)


def _existing_parent(doc: EditedDocument, path: Path) -> tuple[list[Element], list[t.Any]]:
    for count in range(len(path.steps) - 1, 0, -1):
        found = doc.evaluate(path.head(count), path.prefixes)
        if len(found) > 1:
            lines = ", ".join(str(doc.line(node)) for node in found[:10])
            raise OperatorError(
                f"cannot be created, because {path.head_given(count)} selects {len(found)} elements"
                f" (lines {lines})."
            )
        if found:
            if path.steps[count].separator == "//":
                raise OperatorError(
                    "cannot be created, because the xpath does not show the parent. Name it with"
                    " parent."
                )
            return found, path.steps[count:]
    raise OperatorError(
        "cannot be created, because its root element is another one" + nearest(doc, path) + "."
    )


def _new_element(edit: XmlEdit, step: t.Any) -> str:
    if step.name is None or step.attributes is None:
        raise OperatorError(
            f"cannot be created: the step {step.given} is not of the form name[@a='v']. Give the"
            " whole element with xml."
        )
    attributes = {**dict(step.attributes), **edit.attributes}
    text = edit.text
    if edit.properties:
        text = edit_property_lines("", edit.properties, "\n")
    start = step.name + _attribute_markup(
        [(name, value) for name, value in attributes.items() if value is not None]
    )
    return f"<{start}/>" if text is None else f"<{start}>{escape_text(text)}</{step.name}>"


def _anchor(doc: EditedDocument, edit: XmlEdit, parent: Element) -> tuple[Element | None, bool]:
    for key, xpath in (("before", edit.before), ("after", edit.after)):
        if not xpath:
            continue
        path = doc.path(xpath)
        found = [
            node
            for node in doc.evaluate(path.evaluated, path.prefixes, parent)
            if node.getparent() is parent
        ]
        if not found:
            raise OperatorError(
                f"cannot be created, because {key} ({xpath}) selects no child of"
                f" {qualified_name(parent)} (line {doc.line(parent)})."
            )
        return (found[0], True) if key == "before" else (found[-1], False)
    return None, False


def _attribute_markup(attributes: t.Iterable[tuple[str, str]]) -> str:
    return "".join(f' {name}="{escape_attribute(value)}"' for name, value in attributes)
