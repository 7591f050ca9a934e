# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Comparing XML by meaning: names, attributes, exact leaf text and the order of children; not
comments or blank text."""

from __future__ import annotations

import typing as t
from array import array

from .document import element_children, is_element, own_text, qualified_name

if t.TYPE_CHECKING:
    from .document import Element

_IDENTIFYING = ("name", "id", "key", "class", "path", "ref")


def signature(element: Element) -> tuple[t.Any, ...]:
    """What an element means, as a value that can be compared: without layout and comments."""
    children = element_children(element)
    if not children:
        return (element.tag, tuple(sorted(element.attrib.items())), own_text(element))
    pieces = [element.text or ""]
    for child in element:
        pieces.append(child.tail or "")
    stray = "".join(pieces).strip()
    return (
        element.tag,
        tuple(sorted(element.attrib.items())),
        stray,
        tuple(signature(child) for child in children),
    )


def same_element(one: Element, other: Element) -> bool:
    """Whether two elements mean the same."""
    return signature(one) == signature(other)


def _identity(element: Element) -> t.Hashable:
    """What tells an element from its siblings of the same name: an identifying attribute or
    child."""
    for name in _IDENTIFYING:
        value = element.get(name)
        if value is not None:
            return (element.tag, name, value)
    for child in element_children(element):
        if child.tag.rpartition("}")[2] in _IDENTIFYING:
            return (element.tag, child.tag, child.text)
    return (element.tag, None, None)


def aligned(have: t.Sequence[Element], want: t.Sequence[Element]) -> list[tuple[Element, Element]]:
    """Pairs of present and wanted children, in order: first those that are equal, between them
    those alike, then those of one name."""
    return _aligned(list(have), list(want), (signature, _identity, lambda element: element.tag))


def _aligned(
    have: list[Element], want: list[Element], keys: t.Sequence[t.Callable[[Element], t.Hashable]]
) -> list[tuple[Element, Element]]:
    if not have or not want or not keys:
        return []
    import difflib

    key, rest = keys[0], keys[1:]
    matcher = difflib.SequenceMatcher(
        None, [key(element) for element in have], [key(element) for element in want], autojunk=False
    )
    pairs: list[tuple[Element, Element]] = []
    ours = theirs = 0
    for block in matcher.get_matching_blocks():
        pairs.extend(_aligned(have[ours : block.a], want[theirs : block.b], rest))
        pairs.extend(
            zip(have[block.a : block.a + block.size], want[block.b : block.b + block.size])
        )
        ours, theirs = block.a + block.size, block.b + block.size
    return pairs


def difference(live: Element, parsed: Element, restructured: set[Element]) -> str | None:
    """Compare two trees by meaning and name the first element that differs.

    Blank text between child elements does not count; the text of a leaf counts exactly, except for
    the elements in ``restructured``, whose children were taken out or put in.
    """
    theirs: t.Iterator[Element] = parsed.iter()
    for ours in live.iter():
        other = next(theirs, None)
        if other is None:
            return _label(ours)
        if ours.tag != other.tag or (
            ours.tail != other.tail and not _same_tail(ours, other, restructured)
        ):
            return _label(ours)
        if isinstance(ours.tag, str):
            if ours.attrib != other.attrib or (
                ours.text != other.text and not _same_text(ours, other, restructured)
            ):
                return _label(ours)
        elif ours.text != other.text:
            return _label(ours)
    extra = next(theirs, None)
    return None if extra is None else _label(extra)


def fingerprint(live: Element, restructured: set[Element]) -> tuple[array[int], set[int]]:
    """One number for the meaning of each node of the live tree, and which of them are restructured:
    enough to compare without the tree."""
    numbers = (
        {number for number, node in enumerate(live.iter()) if node in restructured}
        if restructured
        else set()
    )
    return array("q", _meanings(live, numbers)), numbers


def differing(parsed: Element, wanted: array[int], restructured: set[int]) -> str | None:
    """Like ``difference``, with what remains of the live tree."""
    number = -1
    for number, (node, meaning) in enumerate(zip(parsed.iter(), _meanings(parsed, restructured))):
        if number >= len(wanted) or meaning != wanted[number]:
            return _label(node)
    return None if number + 1 == len(wanted) else _label(parsed)


def _meanings(root: Element, restructured: set[int]) -> t.Iterator[int]:
    """What ``difference`` compares of each node, in document order.

    It is the hash of a tuple with strings, which Python keys differently in each process: nobody
    can make a file that hides a difference.
    """
    # Of each open element: what of the text in it counts.
    open_elements: dict[Element, t.Callable[[str | None], str]] = {}
    for number, node in enumerate(root.iter()):
        parent = node.getparent() if number else None
        tail = open_elements[parent](node.tail) if parent is not None else ""
        if not isinstance(node.tag, str):
            yield hash((str(node.tag), node.text, tail))
            continue
        blank = len(node) > 0 and any(isinstance(child.tag, str) for child in node)
        counted = _words if number in restructured else _stripped
        if len(node):
            open_elements[node] = counted if blank or number in restructured else _nothing
        text = counted(node.text) if blank or number in restructured else own_text(node)
        yield hash((node.tag, tuple(sorted(node.attrib.items())), text, tail))


def _label(node: Element) -> str:
    return qualified_name(node) if is_element(node) else "a comment"


def _words(text: str | None) -> str:
    """Texts that were around an element are one text when it is gone, and the blanks between them
    are those of two lines or of one."""
    return " ".join((text or "").split())


def _stripped(text: str | None) -> str:
    return (text or "").strip()


def _nothing(_text: str | None) -> str:
    return ""


def _same_text(ours: Element, other: Element, restructured: set[Element]) -> bool:
    if ours in restructured:
        return _words(ours.text) == _words(other.text)
    if any(is_element(child) for child in ours):
        return _stripped(ours.text) == _stripped(other.text)
    return own_text(ours) == own_text(other)


def _same_tail(ours: Element, other: Element, restructured: set[Element]) -> bool:
    parent = ours.getparent()
    if parent is None:
        return True
    if parent in restructured:
        return _words(ours.tail) == _words(other.tail)
    if any(is_element(child) for child in parent):
        return _stripped(ours.tail) == _stripped(other.tail)
    return own_text(parent) == own_text(other.getparent())
