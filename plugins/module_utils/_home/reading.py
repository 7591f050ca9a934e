# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Reading elements of the product's XML files, with or without a namespace."""

from __future__ import annotations

import typing as t


class DottedTexts(t.Mapping[str, "list[str]"]):
    """The texts of a document by the dotted path of local names, as ServerConfiguration and its
    likes keep them.

    The root's name is left out, elements without a visible character are left out, and values are
    not trimmed.
    """

    def __init__(self, root: t.Any, namespace: str | None = None) -> None:
        self._texts: dict[str, list[str]] = {}
        if root is not None:
            self._read(root, "", namespace)

    def _read(self, parent: t.Any, prefix: str, namespace: str | None) -> None:
        for child in _children(parent):
            if namespace is not None and _namespace(child) != namespace:
                continue
            key = prefix + local_name(child)
            text = text_of(child)
            if text.strip():
                self._texts.setdefault(key, []).append(text)
            self._read(child, key + ".", namespace)

    def __getitem__(self, key: str) -> list[str]:
        return self._texts[key]

    def __iter__(self) -> t.Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def first(self, key: str) -> str | None:
        """The first value of this path, which is the one that counts in these files."""
        return self._texts[key][0] if key in self._texts else None


def local_name(element: t.Any) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _namespace(element: t.Any) -> str:
    return str(element.tag)[1:].partition("}")[0] if str(element.tag).startswith("{") else ""


def _children(parent: t.Any, name: str | None = None) -> list[t.Any]:
    # Comments and processing instructions have a tag that is no string.
    return [
        child
        for child in parent
        if isinstance(child.tag, str) and (name is None or local_name(child) == name)
    ]


def text_of(element: t.Any) -> str:
    """All text directly below an element, as OMElement.getText gives it."""
    return "".join([element.text or ""] + [child.tail or "" for child in element])


def _first(parent: t.Any, name: str) -> str | None:
    found = _children(parent, name)
    return text_of(found[0]) if found else None


def _last(parent: t.Any, name: str) -> str | None:
    found = _children(parent, name)
    return text_of(found[-1]) if found else None


def _descend(root: t.Any, *names: str) -> t.Any:
    """The first element on a path of local names; None when a step is missing."""
    for name in names:
        found = _children(root, name) if root is not None else []
        root = found[0] if found else None
    return root


def _stripped(text: str | None) -> str | None:
    return None if text is None else text.strip()
