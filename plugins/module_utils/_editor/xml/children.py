# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Following plain paths in large documents, where XPath would read all children of an element again
for every edit."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .document import Element
    from .path import Step

    _Table = dict[tuple[str, ...], dict[tuple[t.Optional[str], ...], list[Element]]]

# With fewer children a look at each of them is as fast as a table.
MANY = 50
_FEW: _Table = {}


class Lookup:
    """Finds elements by paths of the form ``/name/name[@a='v']``, with a table for each element
    that has many children."""

    def __init__(self, root: Element, default: str | None) -> None:
        self._root = root
        self._namespace = "" if default is None else f"{{{default}}}"
        self._tables: dict[Element, _Table] = {}

    @staticmethod
    def understands(steps: t.Iterable[Step]) -> bool:
        for step in steps:
            if step.separator != "/" or step.attributes is None:
                return False
            if any(
                ":" in name
                for name in (step.name or "", *(name for name, _value in step.attributes))
            ):
                return False
        return True

    def find(self, steps: list[Step]) -> list[Element]:
        first = steps[0]
        found = (
            [self._root] if self._root.tag == self._tag(first) and _meets(self._root, first) else []
        )
        for step in steps[1:]:
            found = [child for node in found for child in self._children(node, step)]
        return found

    def changed(self, parents: t.Iterable[Element], attributes: t.Iterable[str]) -> None:
        """Forget what a change of the tree makes wrong."""
        for parent in parents:
            self._tables.pop(parent, None)
        for name in attributes:
            for table in self._tables.values():
                for key in [key for key in table if name in key[1:]]:
                    del table[key]

    def _tag(self, step: Step) -> str:
        return f"{self._namespace}{step.name}"

    def _children(self, node: Element, step: Step) -> list[Element]:
        table = self._tables.get(node)
        if table is None:
            # Counted once: lxml walks over all children to count them.
            table = self._tables[node] = {} if len(node) >= MANY else _FEW
        if table is _FEW:
            return [child for child in node.iterchildren(self._tag(step)) if _meets(child, step)]
        attributes = step.attributes or []
        key = (self._tag(step), *(name for name, _value in attributes))
        if key not in table:
            values: dict[tuple[str | None, ...], list[Element]] = {}
            for child in node.iterchildren(key[0]):
                values.setdefault(tuple(child.get(name) for name in key[1:]), []).append(child)
            table[key] = values
        return table[key].get(tuple(value for _name, value in attributes), [])


def _meets(node: Element, step: Step) -> bool:
    return all(node.get(name) == value for name, value in step.attributes or [])
