# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A document while it is being edited: its text, a live tree, and the splices that are still to be
applied to the text."""

from __future__ import annotations

import re
import typing as t
from array import array
from bisect import bisect_left, bisect_right, insort

from ..._errors import OperatorError
from ..lines import newline_of
from .children import Lookup
from .compare import difference, differing, fingerprint
from .document import LARGE, etree, is_element, nodes_of, parse, qualified_name, spans_of
from .markup import Layout
from .path import DEFAULT_PREFIX, parse_path

if t.TYPE_CHECKING:
    from .document import Element, Span, Spans
    from .edit import XmlEdit
    from .path import Path

_USUAL_STEP = "    "
_LINE_END = re.compile("\n")


class NeedsReindex(Exception):
    """The edit needs the exact place of something that only exists in the live tree so far."""


class Change:
    """Splices and tree changes that belong together: all of them are made, or none."""

    def __init__(self, edit: XmlEdit) -> None:
        self.edit = edit
        self.splices: list[tuple[int, int, str]] = []
        self.live: list[t.Callable[[], t.Any]] = []
        self.touched: list[tuple[Element, str]] = []
        self.restructured: list[Element] = []
        self.attributes: list[str] = []

    def splice(self, start: int, end: int, new: str) -> None:
        self.splices.append((start, end, new))

    def on_children(self, parent: Element, in_tree: t.Callable[[], t.Any]) -> None:
        """A change of which children the parent has."""
        self.restructured.append(parent)
        self.live.append(in_tree)

    def on_values(self, in_tree: t.Callable[[], t.Any], attribute: str | None = None) -> None:
        """A change of a text or of an attribute."""
        self.live.append(in_tree)
        if attribute is not None:
            self.attributes.append(attribute)


class EditedDocument:
    """The text of a document, the live tree on which all edits are made, and where the nodes of the
    tree are in the text."""

    def __init__(self, text: str, codec: str) -> None:
        self.text = text
        self.codec = codec
        self.newline = newline_of(text)
        self.replaced_secrets: list[str] = []
        self.edited = False
        self._repeating = False
        self._paths: dict[tuple[str, bool], Path] = {}
        self._owners: dict[tuple[Element, str], int] = {}
        self.load(parse(text))

    def load(self, root: Element) -> None:
        self.root = root
        # xmlns="" is not a name space at all.
        self.default = root.nsmap.get(None) or None
        self._nodes: list[Element] = []
        self._spans: Spans | None = None
        self._numbers: dict[Element, int] = {}
        self._prefixes: dict[str, str] | None = None
        self._compiled: dict[tuple[str, frozenset[str]], t.Any] = {}
        self._pending: list[tuple[int, int, int, str]] = []
        self.restructured: set[Element] = set()
        self._step: str | None = None
        self._line_starts: array[int] = array("q")
        self._lookup = Lookup(root, self.default) if len(self.text) > LARGE else None

    # Selecting

    def path(self, xpath: str) -> Path:
        key = (xpath, self.default is not None)
        if key not in self._paths:
            self._paths[key] = parse_path(xpath, self.default is not None)
        return self._paths[key]

    def evaluate(
        self, expression: str, prefixes: frozenset[str], context: Element | None = None
    ) -> list[Element]:
        key = (expression, prefixes)
        compiled = self._compiled.get(key)
        if compiled is None:
            namespaces = {prefix: self._namespace(prefix) for prefix in prefixes if prefix != "xml"}
            if self.default is not None:
                namespaces[DEFAULT_PREFIX] = self.default
            try:
                compiled = self._compiled[key] = etree.XPath(
                    expression, namespaces=namespaces or None
                )
            except etree.XPathError:
                raise OperatorError("the xpath is not valid XPath 1.0.") from None
        try:
            found = compiled(self.root.getroottree() if context is None else context)
        except etree.XPathError:
            raise OperatorError("the xpath cannot be evaluated. Check its functions.") from None
        if not isinstance(found, list) or not all(
            hasattr(node, "tag") and is_element(node) for node in found
        ):
            raise OperatorError(
                "the xpath must select elements, or one attribute as its last step."
            )
        return found

    def _namespace(self, prefix: str) -> str:
        if self._prefixes is None:
            self._prefixes = {}
            several = set()
            for node in self.root.iter(etree.Element):
                for name, uri in node.nsmap.items():
                    if name is not None and self._prefixes.setdefault(name, uri) != uri:
                        several.add(name)
            for name in several:
                self._prefixes[name] = ""
        uri = self._prefixes.get(prefix)
        if uri is None:
            raise OperatorError(
                f"the xpath uses the prefix {prefix}, which the document does not declare."
            )
        if not uri:
            raise OperatorError(
                f"the prefix {prefix} is bound to several namespaces in the document. Use"
                " *[local-name()='...'] instead."
            )
        return uri

    def select(self, path: Path) -> list[Element]:
        if self._lookup is not None and path.steps and Lookup.understands(path.steps):
            return self._lookup.find(path.steps)
        return self.evaluate(path.evaluated, path.prefixes)

    def line(self, node: Element) -> int:
        """The line on which a node begins. lxml gives the line where a start tag or a comment
        ends."""
        if self._spans is not None and not self._pending:
            number = self._numbers.get(node)
            if number is not None:
                return bisect_right(self._lines(), self._spans[number].start)
        line = int(node.sourceline or 0)
        if not is_element(node):
            return line - (node.text or "").count("\n")
        starts = self._lines()
        if self._pending or line > len(starts):
            return line
        mark = f"<{qualified_name(node)}"
        while (
            line > 1
            and self.text.find(mark, starts[line - 1], starts[line] if line < len(starts) else None)
            < 0
        ):
            line -= 1
        return line

    def _lines(self) -> array[int]:
        """Where the lines of the text begin."""
        if not self._line_starts:
            self._line_starts.append(0)
            self._line_starts.extend(found.end() for found in _LINE_END.finditer(self.text))
        return self._line_starts

    # Splices

    def span(self, node: Element) -> Span:
        """Where a node is in the text; a node that only exists in the live tree so far has no
        place yet."""
        if self._spans is None:
            self._spans = self._index()
        number = self._numbers.get(node)
        if number is None:
            raise NeedsReindex
        return self._spans[number]

    def _index(self) -> Spans:
        nodes = nodes_of(self.root)
        spans = spans_of(self.text)
        if len(nodes) != len(spans):
            raise OperatorError(
                "internal error: the nodes of the file could not be located; nothing was written."
                " Please report this."
            )
        self._nodes = nodes
        self._numbers = {node: number for number, node in enumerate(nodes)}
        return spans

    def commit(self, change: Change) -> bool:
        """Accept the splices of a change and change the live tree, or raise NeedsReindex and do
        neither."""
        if not change.splices:
            return False
        if self._repeating:
            raise OperatorError("would change the file again. Let it select what it leaves behind.")
        for key in change.touched:
            owner = self._owners.get(key)
            if owner is not None and owner != change.edit.number:
                raise OperatorError(
                    f"writes what edit {owner} of this file has already written ({key[1]}). Keep"
                    " one of the two."
                )
        self.span(self.root)
        splices = sorted(change.splices, key=lambda splice: splice[:2])
        for start, end, _new in splices:
            position = bisect_left(self._pending, (start,))
            for other in self._pending[max(position - 1, 0) : position + 2]:
                if start <= other[1] and other[0] <= end:
                    raise NeedsReindex
        for order, (start, end, new) in enumerate(splices):
            if change.edit.uses_secret and end > start:
                self.replaced_secrets.append(self.text[start:end])
            insort(self._pending, (start, end, order, new))
        self.edited = True
        for in_tree in change.live:
            in_tree()
        if self._lookup is not None:
            self._lookup.changed(change.restructured, change.attributes)
        for key in change.touched:
            self._owners[key] = change.edit.number
        return True

    def flush(self, *, last: bool = False) -> None:
        """Apply the splices, read the result again, and demand that it means what the live tree
        means."""
        if not self._pending:
            raise OperatorError(
                "internal error: the place of an element is not known; nothing was written. Please"
                " report this."
            )
        owners = {} if last else self._owners_by_number()
        self._owners = {}
        text, root, differs = self._result() if len(self.text) <= LARGE else self._large_result()
        if root is None or differs is not None:
            raise OperatorError(
                f"internal error: the result does not mean what was asked for (near {differs});"
                " nothing was written. Please report this."
            )
        self.text = text
        if owners:
            nodes = list(root.iter())
            self._owners = {
                (nodes[number], what): owner for (number, what), owner in owners.items()
            }
        self.load(root)

    def _owners_by_number(self) -> dict[tuple[int, str], int]:
        """The owners without the nodes, of which nothing is left when the text has been read
        again."""
        owned: dict[Element, list[tuple[str, int]]] = {}
        for (node, what), owner in self._owners.items():
            owned.setdefault(node, []).append((what, owner))
        found = (
            (number, owned.get(node, ())) for number, node in enumerate(self.root.iter()) if owned
        )
        return {(number, what): owner for number, of_node in found for what, owner in of_node}

    def _result(self) -> tuple[str, Element | None, str | None]:
        """The text with its splices, its tree, and the first element in which it does not mean what
        the live tree means."""
        text = _spliced(self.text, self._pending)
        try:
            root = parse(text)
        except OperatorError:
            return text, None, "the whole file"
        return text, root, difference(self.root, root, self.restructured)

    def _large_result(self) -> tuple[str, Element | None, str | None]:
        """The same, but nothing holds on to the live tree when the next one is made: two take too
        much memory."""
        pending = self._pending
        self._spans, self._numbers, self._nodes, self._lookup = None, {}, [], None
        wanted, restructured = fingerprint(self.root, self.restructured)
        self.load(etree.Element("result"))
        text = _spliced(self.text, pending)
        try:
            root = parse(text)
        except OperatorError:
            return text, None, "the whole file"
        return text, root, differing(root, wanted, restructured)

    @property
    def pending(self) -> bool:
        return bool(self._pending)

    def repeat(self) -> None:
        """From now on no edit may change anything."""
        self._repeating = True

    # Layout

    def line_start(self, position: int) -> int | None:
        """Where the line of a position begins, if nothing but blanks is before it."""
        start = self.text.rfind("\n", 0, position) + 1
        return None if self.text[start:position].strip() else start

    def line_end(self, position: int) -> int | None:
        """Where the next line begins, if nothing but blanks is behind the position."""
        end = self.text.find("\n", position)
        return None if end < 0 or self.text[position:end].strip() else end + 1

    def indentation(self, node: Element) -> str:
        """The blanks at the beginning of the line on which a node begins."""
        start = self.span(node).start
        line = self.text[self.text.rfind("\n", 0, start) + 1 : start]
        return line[: len(line) - len(line.lstrip())]

    def layout(self, near: Element, *, inline: bool = False) -> Layout:
        return Layout(
            self.newline, "" if inline else self._step_near(near), self.codec, inline=inline
        )

    def _step_near(self, node: Element) -> str:
        """One step of indentation, as the neighbour has it, else as most of the file."""
        return self._step_of(node) or self._usual_step()

    def _step_of(self, node: Element) -> str | None:
        start = self.span(node).start
        line = self.line_start(start)
        if line is None or not is_element(node):
            return None
        outer = self.text[line:start]
        for child in node:
            if not is_element(child):
                continue
            inner_start = self.span(child).start
            inner_line = self.line_start(inner_start)
            if inner_line is not None and inner_line != line:
                inner = self.text[inner_line:inner_start]
                return (
                    inner[len(outer) :]
                    if inner.startswith(outer) and len(inner) > len(outer)
                    else None
                )
        return None

    def _usual_step(self) -> str:
        if self._step is None:
            counts: dict[str, int] = {}
            for node in self._nodes[:2000]:
                step = self._step_of(node) if len(node) else None
                if step:
                    counts[step] = counts.get(step, 0) + 1
            self._step = max(counts, key=lambda step: counts[step]) if counts else _USUAL_STEP
        return self._step

    def detach(self, node: Element) -> None:
        """Take a node out of the live tree and leave the text behind it."""
        parent, previous = node.getparent(), node.getprevious()
        if node.tail:
            if previous is not None:
                previous.tail = (previous.tail or "") + node.tail
            else:
                parent.text = (parent.text or "") + node.tail
        node.tail = None
        parent.remove(node)
        self.restructured.add(parent)


def _spliced(text: str, pending: list[tuple[int, int, int, str]]) -> str:
    parts, position = [], 0
    for start, end, _order, new in pending:
        if start < position:
            raise OperatorError(
                "internal error: two changes overlap; nothing was written. Please report this."
            )
        parts.append(text[position:start])
        parts.append(new)
        position = end
    parts.append(text[position:])
    return "".join(parts)
