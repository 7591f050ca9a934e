# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Comparing elements by meaning: names, attributes, exact leaf text and the order of children; not comments or blank text."""

from __future__ import annotations

from ansible_collections.carbon_ops.key_manager.plugins.module_utils.xml_document import element_children, own_text

MYPY = False
if MYPY:
    from typing import Any, Callable, Hashable, Sequence

    from ansible_collections.carbon_ops.key_manager.plugins.module_utils.xml_document import Element

_IDENTIFYING = ("name", "id", "key", "class", "path", "ref")


def signature(element: Element) -> tuple[Any, ...]:
    children = element_children(element)
    if not children:
        return (element.tag, tuple(sorted(element.attrib.items())), own_text(element))
    pieces = [element.text or ""]
    for child in element:
        pieces.append(child.tail or "")
    stray = "".join(pieces).strip()
    return (element.tag, tuple(sorted(element.attrib.items())), stray, tuple(signature(child) for child in children))


def same_element(one: Element, other: Element) -> bool:
    return signature(one) == signature(other)


def _identity(element: Element) -> Hashable:
    """What tells an element from its siblings of the same name: an identifying attribute or child."""
    for name in _IDENTIFYING:
        value = element.get(name)
        if value is not None:
            return (element.tag, name, value)
    for child in element_children(element):
        if child.tag.rpartition("}")[2] in _IDENTIFYING:
            return (element.tag, child.tag, child.text)
    return (element.tag, None, None)


def aligned(have: Sequence[Element], want: Sequence[Element]) -> list[tuple[Element, Element]]:
    """Pairs of present and wanted children, in order: first those that are equal, between them those alike, then those of one name."""
    return _aligned(list(have), list(want), (signature, _identity, lambda element: element.tag))


def _aligned(have: list[Element], want: list[Element], keys: Sequence[Callable[[Element], Hashable]]) -> list[tuple[Element, Element]]:
    if not have or not want or not keys:
        return []
    import difflib

    key, rest = keys[0], keys[1:]
    matcher = difflib.SequenceMatcher(None, [key(element) for element in have], [key(element) for element in want], autojunk=False)
    pairs: list[tuple[Element, Element]] = []
    ours = theirs = 0
    for block in matcher.get_matching_blocks():
        pairs.extend(_aligned(have[ours : block.a], want[theirs : block.b], rest))
        pairs.extend(zip(have[block.a : block.a + block.size], want[block.b : block.b + block.size]))
        ours, theirs = block.a + block.size, block.b + block.size
    return pairs
