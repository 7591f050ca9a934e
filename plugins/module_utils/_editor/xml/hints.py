# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Saying what is there instead, when an XPath selects nothing; never with a word of the document
but names of elements."""

from __future__ import annotations

import typing as t

from .document import element_children, local_name, qualified_name
from .uncomment import commented_inside, commented_out

if t.TYPE_CHECKING:
    from .edited_document import EditedDocument
    from .path import Path


def nothing_selected(doc: EditedDocument, path: Path) -> str:
    """Why a path selects nothing, and what helps: the sentence of the error."""
    places = commented_out(doc, path)
    if places:
        return (
            f"selects nothing. It is commented out at line {places[0].line}: say if_missing:"
            " [uncomment] to switch it on."
        )
    inner = commented_inside(doc, path)
    if inner is not None:
        top = f"{qualified_name(inner.top)} (line {inner.line})"
        return (
            f"selects nothing. It is commented out at line {inner.selected_line}, inside {top},"
            " which must be uncommented first."
        )
    return f"selects nothing{nearest(doc, path)}."


def nearest(doc: EditedDocument, path: Path) -> str:
    """The part of a path that exists, and what is missing below it; empty where nothing does."""
    for count in range(len(path.steps) - 1, 0, -1):
        found = doc.evaluate(path.head(count), path.prefixes)
        if not found:
            continue
        step = path.steps[count]
        place = f"; the nearest that exists is {path.head_given(count)} (line {doc.line(found[0])})"
        if not step.name or step.separator == "//":
            return place
        wanted = step.name.rpartition(":")[2]
        names = {local_name(child.tag) for parent in found for child in element_children(parent)}
        if wanted in names:
            return f"{place}, which has {wanted}, but none that meets the condition"
        return f"{place}, which has no {wanted}{_spelling(wanted, names)}"
    if path.steps and path.steps[0].name and path.steps[0].separator == "/":
        wanted = path.steps[0].name.rpartition(":")[2]
        actual = local_name(doc.root.tag)
        if actual != wanted:
            return f"; the root element is {actual}"
        return f"; the root element {actual} does not meet the condition or is in another namespace"
    return ""


def _spelling(wanted: str, names: t.Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(wanted, sorted(names), 1)
    return f" (did you mean {near[0]}?)" if near else ""
