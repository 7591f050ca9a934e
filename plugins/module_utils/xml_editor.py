# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The editor of XML files: edits become splices of the text, and the same edits are made on a live tree that judges the result."""

from __future__ import annotations

import re
from bisect import bisect_left, insort

from ansible_collections.carbon_ops.key_manager.plugins.module_utils import edit_outcome as actions
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.edit_outcome import NOT_REPEATABLE, Outcome
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.property_lines import changed_properties, edit_property_lines
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.xml_comments import commented_elements, open_comment, piecewise
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.xml_compare import aligned, same_element
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.xml_document import (
    difference,
    element_children,
    etree,
    is_element,
    line_of,
    local_name,
    newline_of,
    nodes_of,
    own_text,
    parse,
    qualified_name,
    spans_of,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.xml_markup import (
    Fragment,
    Layout,
    cdata,
    check_characters,
    escape_attribute,
    escape_text,
    to_encoding,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.xml_path import DEFAULT_PREFIX, parse_path

MYPY = False
if MYPY:
    from typing import Any, Callable, Iterable, Sequence

    from ansible_collections.carbon_ops.key_manager.plugins.module_utils.xml_document import Element, Span
    from ansible_collections.carbon_ops.key_manager.plugins.module_utils.xml_edit import XmlEdit
    from ansible_collections.carbon_ops.key_manager.plugins.module_utils.xml_path import Path

_PIECE = re.compile(r"(<!--.*?-->|<\?.*?\?>)|(<!\[CDATA\[)(.*?)\]\]>", re.DOTALL)
_TAG_NAME = re.compile(r"<([^\s/>]+)")
_ATTRIBUTE = re.compile(r"""(\s+)([^\s=/>"']+)\s*=\s*("[^"]*"|'[^']*')""")
_XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"
_USUAL_STEP = "    "


class _Reindex(Exception):
    """The edit needs the exact place of something that only exists in the live tree so far."""


class _Unit:
    """Splices and tree changes that belong together: all of them are made, or none."""

    def __init__(self, edit: XmlEdit) -> None:
        self.edit = edit
        self.splices: list[tuple[int, int, str]] = []
        self.live: list[Callable[[], Any]] = []
        self.touched: list[tuple[Element, str]] = []

    def splice(self, start: int, end: int, new: str) -> None:
        self.splices.append((start, end, new))


class _Block:
    """New elements that go to one place together."""

    def __init__(self, fragment: Fragment, elements: list[Element]) -> None:
        self._fragment = fragment
        self._elements = elements

    def markup(self, layout: Layout, indent: str) -> str:
        between = "" if layout.inline else layout.newline + indent
        return between.join(self._fragment.laid_out(element, layout, indent) for element in self._elements)

    def copies(self) -> list[Element]:
        return [_copy(element) for element in self._elements]


class XmlEditor:
    """Edits the text of one XML document, edit by edit."""

    def __init__(self, text: str, codec: str) -> None:
        self.text = text
        self.replaced_secrets: list[str] = []
        self._codec = codec
        self._newline = newline_of(text)
        self._repeating = False
        self._paths: dict[tuple[str, bool], Path] = {}
        self._owners: dict[tuple[Element, str], int] = {}
        self._load(parse(text))

    def _load(self, root: Element) -> None:
        self._root = root
        self._default = root.nsmap.get(None)
        self._nodes: list[Element] | None = None
        self._spans: dict[Element, Span] | None = None
        self._prefixes: dict[str, str] | None = None
        self._compiled: dict[tuple[str, frozenset[str]], Any] = {}
        self._pending: list[tuple[int, int, int, str]] = []
        self._loose: set[Element] = set()
        self._step: str | None = None

    # Selecting

    def _path(self, xpath: str) -> Path:
        key = (xpath, self._default is not None)
        if key not in self._paths:
            self._paths[key] = parse_path(xpath, self._default is not None)
        return self._paths[key]

    def _evaluate(self, expression: str, prefixes: frozenset[str], context: Element | None = None) -> list[Element]:
        key = (expression, prefixes)
        compiled = self._compiled.get(key)
        if compiled is None:
            namespaces = {prefix: self._namespace(prefix) for prefix in prefixes if prefix != "xml"}
            if self._default is not None:
                namespaces[DEFAULT_PREFIX] = self._default
            try:
                compiled = self._compiled[key] = etree.XPath(expression, namespaces=namespaces or None)
            except etree.XPathError:
                raise OperatorError("the xpath is not valid XPath 1.0.") from None
        try:
            found = compiled(self._root.getroottree() if context is None else context)
        except etree.XPathError:
            raise OperatorError("the xpath cannot be evaluated. Check its functions.") from None
        if not isinstance(found, list) or not all(hasattr(node, "tag") and is_element(node) for node in found):
            raise OperatorError("the xpath must select elements, or one attribute as its last step.")
        return found

    def _namespace(self, prefix: str) -> str:
        if self._prefixes is None:
            self._prefixes = {}
            several = set()
            for node in self._root.iter(etree.Element):
                for name, uri in node.nsmap.items():
                    if name is not None and self._prefixes.setdefault(name, uri) != uri:
                        several.add(name)
            for name in several:
                self._prefixes[name] = ""
        uri = self._prefixes.get(prefix)
        if uri is None:
            raise OperatorError(f"the xpath uses the prefix {prefix}, which the document does not declare.")
        if not uri:
            raise OperatorError(f"the prefix {prefix} is bound to several namespaces in the document. Use *[local-name()='...'] instead.")
        return uri

    def _select(self, path: Path) -> list[Element]:
        return self._evaluate(path.evaluated, path.prefixes)

    # Applying

    def apply(self, edit: XmlEdit) -> Outcome:
        """Make one edit on the live tree and remember its splices."""
        outcome = Outcome()
        while True:
            try:
                self._apply(edit, outcome)
                return outcome
            except _Reindex:
                self.flush()

    def _apply(self, edit: XmlEdit, outcome: Outcome) -> None:
        path = self._path(edit.xpath)
        found = self._select(path)
        if not found:
            self._missing(edit, path, outcome)
            return
        if len(found) > 1:
            if edit.match == "one":
                lines = ", ".join(str(self._line(node)) for node in found[:10])
                raise OperatorError(f"selects {len(found)} elements (lines {lines}). Make the xpath more exact, or say match: first or match: all.")
            if edit.match == "first":
                found = found[:1]
        outcome.count = len(found)
        outcome.line = self._line(found[0])
        if edit.state == "absent":
            self._remove_all(edit, found, outcome)
        elif edit.state == "commented":
            for node in _outermost(found):
                self._comment_out(edit, node)
            outcome.did(actions.COMMENTED)
        elif edit.markup is not None:
            if edit.state != "present":
                for node in found:
                    self._set_element(edit, node, outcome)
        else:
            for node in found:
                self._set_values(edit, node, outcome)

    def _set_values(self, edit: XmlEdit, node: Element, outcome: Outcome) -> None:
        unit = _Unit(edit)
        text = edit.text
        if edit.properties:
            self._set_properties(unit, node)
        elif text is not None:
            self._set_text(unit, node, text)
        if self._commit(unit):
            outcome.did(actions.CHANGED)
        if edit.attributes:
            unit = _Unit(edit)
            self._set_attributes(unit, node, edit.attributes)
            if self._commit(unit):
                outcome.did(actions.CHANGED)

    def _set_element(self, edit: XmlEdit, node: Element, outcome: Outcome) -> None:
        parent = node.getparent()
        fragment = Fragment(str(edit.markup), (node if parent is None else parent).nsmap)
        if fragment.element.tag != node.tag:
            raise OperatorError(f"xml is the element {qualified_name(fragment.element)}, but the xpath selects {qualified_name(node)}.")
        unit = _Unit(edit)
        self._patch(unit, node, fragment, fragment.element)
        if self._commit(unit):
            outcome.did(actions.CHANGED)

    def _line(self, node: Element) -> int | None:
        """The line of the start tag. lxml gives the line where a start tag ends."""
        if self._spans and node in self._spans and not self._pending:
            return line_of(self.text, self._spans[node].start)
        line = node.sourceline
        if line is None or not is_element(node) or self._pending:
            return line
        lines = self.text.split("\n", line)
        mark = f"<{qualified_name(node)}"
        while line > 1 and mark not in lines[line - 1]:
            line -= 1
        return int(line)

    # Splices

    def _span(self, node: Element) -> Span:
        if self._spans is None:
            self._index()
        assert self._spans is not None
        span = self._spans.get(node)
        if span is None:
            raise _Reindex
        return span

    def _index(self) -> None:
        nodes = nodes_of(self._root)
        spans = spans_of(self.text)
        if len(nodes) != len(spans):
            raise OperatorError("internal error: the nodes of the file could not be located; nothing was written. Please report this.")
        self._nodes = nodes
        self._spans = dict(zip(nodes, spans))

    def _commit(self, unit: _Unit) -> bool:
        if not unit.splices:
            return False
        if self._repeating:
            raise OperatorError(f"{NOT_REPEATABLE}.")
        for key in unit.touched:
            owner = self._owners.get(key)
            if owner is not None and owner != unit.edit.number:
                raise OperatorError(f"writes what edit {owner} of this file has already written ({key[1]}). Keep one of the two.")
        self._span(self._root)
        splices = sorted(unit.splices, key=lambda splice: splice[:2])
        for start, end, _new in splices:
            position = bisect_left(self._pending, (start,))
            for other in self._pending[max(position - 1, 0) : position + 2]:
                if start <= other[1] and other[0] <= end:
                    raise _Reindex
        for order, (start, end, new) in enumerate(splices):
            if unit.edit.uses_secret and end > start:
                self.replaced_secrets.append(self.text[start:end])
            insort(self._pending, (start, end, order, new))
        for change in unit.live:
            change()
        for key in unit.touched:
            self._owners[key] = unit.edit.number
        return True

    def flush(self) -> None:
        """Apply the splices, read the result again, and demand that it means what the live tree means."""
        if not self._pending:
            raise OperatorError("internal error: the place of an element is not known; nothing was written. Please report this.")
        parts, position = [], 0
        for start, end, _order, new in self._pending:
            parts.append(self.text[position:start])
            parts.append(new)
            position = end
        parts.append(self.text[position:])
        text = "".join(parts)
        try:
            root = parse(text)
            differs = difference(self._root, root, self._loose)
        except OperatorError:
            differs = "the whole file"
        if differs is not None:
            raise OperatorError(f"internal error: the edited text does not mean what was asked for (near {differs}); nothing was written. Please report this.")
        owners = self._owners
        self.text = text
        live = self._root
        self._owners = {}
        if owners:
            renewed = dict(zip(live.iter(), root.iter()))
            self._owners = {(renewed[node], what): number for (node, what), number in owners.items() if node in renewed}
        self._load(root)

    @property
    def pending(self) -> bool:
        return bool(self._pending)

    def repeat(self) -> None:
        """From now on no edit may change anything."""
        self._repeating = True

    # When nothing matches

    def _missing(self, edit: XmlEdit, path: Path, outcome: Outcome) -> None:
        if edit.state == "absent":
            return
        if edit.state == "commented":
            comments = [found[0] for found in self._commented_out(path)] or [found[0][0] for found in self._piecewise(path)]
            if comments:
                outcome.line = self._line(comments[0])
                outcome.count = len(comments)
                return
        if "uncomment" in edit.if_missing and self._uncomment(edit, path):
            outcome.did(actions.UNCOMMENTED)
            self._apply(edit, outcome)
            return
        if edit.may_create and edit.state != "commented":
            self._create(edit, path)
            outcome.did(actions.CREATED)
            found = self._select(path)
            if not found:
                raise OperatorError("what was created is not what the xpath selects. Make xml and xpath agree.")
            outcome.count = len(found)
            return
        if "ignore" in edit.if_missing:
            outcome.did(actions.IGNORED)
            return
        raise OperatorError(self._nothing_selected(path))

    def _commented_out(self, path: Path, name_filter: bool = True) -> list[tuple[Element, int, Element]]:
        """The comments that hold the selected element on their top level: comment, number in it, and the element."""
        found = []
        name = path.last_name if name_filter else None
        for comment in list(self._root.iter(etree.Comment)):
            if name is not None and name not in (comment.text or ""):
                continue
            parent = comment.getparent()
            if parent is None:
                continue
            for candidate in commented_elements(comment.text, parent.nsmap, name):
                if self._would_select(path, comment, candidate.element, inside=not name_filter):
                    found.append((comment, candidate.number, candidate.element))
        return found

    def _would_select(self, path: Path, comment: Element, element: Element, inside: bool = False) -> bool:
        comment.addprevious(element)
        try:
            selected = self._select(path)
            return element in selected or (inside and any(element in node.iterancestors() for node in selected))
        finally:
            comment.getparent().remove(element)

    def _piecewise(self, path: Path) -> list[tuple[list[Element], str]]:
        """Elements of which every line is a comment of its own: the comments they take, and their markup."""
        found = []
        name = path.last_name
        for comment in list(self._root.iter(etree.Comment)):
            if comment.getparent() is None or (name is not None and name not in (comment.text or "")):
                continue
            run = [comment]
            while not (run[-1].tail or "").strip() and run[-1].getnext() is not None and run[-1].getnext().tag is etree.Comment:
                run.append(run[-1].getnext())
            taken = piecewise([(node.text or "", node.tail or "") for node in run], comment.getparent().nsmap, name)
            if taken and self._would_select(path, comment, taken[0]):
                found.append((run[: taken[1]], taken[2]))
        return found

    def _uncomment(self, edit: XmlEdit, path: Path) -> bool:
        found = self._commented_out(path)
        pieces = [] if found else self._piecewise(path)
        if not found and not pieces:
            return False
        if len(found) + len(pieces) > 1 and edit.match != "first":
            lines = ", ".join(str(self._line(item[0] if found else item[0][0])) for item in [*found, *pieces][:10])
            raise OperatorError(f"stands commented out {len(found) + len(pieces)} times (lines {lines}). Say match: first, or make the xpath more exact.")
        unit = _Unit(edit)
        if found:
            self._open(unit, found[0][0], found[0][1])
        else:
            self._open_pieces(unit, pieces[0][0])
        return self._commit(unit)

    def _open(self, unit: _Unit, comment: Element, number: int) -> None:
        span = self._span(comment)
        opened = open_comment(self.text, span.start, span.end, number)
        unit.splice(opened.start, opened.end, opened.markup)
        parent = comment.getparent()
        element = Fragment(opened.element.replace("\r\n", "\n"), parent.nsmap).detached()

        def change() -> None:
            for text in (opened.before, opened.after):
                new = etree.Comment(text.replace("\r\n", "\n")) if text else None
                if text is opened.before:
                    if new is not None:
                        comment.addprevious(new)
                    comment.addprevious(element)
                elif new is not None:
                    comment.addprevious(new)
            self._detach(comment)

        unit.live.append(change)

    def _open_pieces(self, unit: _Unit, run: list[Element]) -> None:
        parent = run[0].getparent()
        spans = [self._span(node) for node in run]
        pieces = []
        for number, span in enumerate(spans):
            following = spans[number + 1].start if number + 1 < len(spans) else span.end
            pieces.append((self.text[span.start + 4 : span.end - 3], self.text[span.end : following]))
        taken = piecewise(pieces, parent.nsmap, None)
        assert taken is not None
        unit.splice(spans[0].start, spans[-1].end, taken[2])

        def change() -> None:
            run[0].addprevious(taken[0])
            for node in run:
                self._detach(node)

        unit.live.append(change)

    def _detach(self, node: Element) -> None:
        """Take a node out of the live tree and leave the text behind it."""
        parent, previous = node.getparent(), node.getprevious()
        if node.tail:
            if previous is not None:
                previous.tail = (previous.tail or "") + node.tail
            else:
                parent.text = (parent.text or "") + node.tail
        node.tail = None
        parent.remove(node)
        self._loose.add(parent)

    def _nothing_selected(self, path: Path) -> str:
        sentence = "selects nothing" + self._nearest(path)
        if path.last_name:
            places = self._commented_out(path) or self._commented_out(path, name_filter=False)
            if places:
                sentence += f". It stands commented out at line {self._line(places[0][0])}"
            else:
                pieces = self._piecewise(path)
                if pieces:
                    sentence += f". It stands commented out at line {self._line(pieces[0][0][0])}"
        return sentence + "."

    def _nearest(self, path: Path) -> str:
        for count in range(len(path.steps) - 1, 0, -1):
            found = self._evaluate(path.head(count), path.prefixes)
            if not found:
                continue
            step = path.steps[count]
            place = f"; the nearest that exists is {path.head_given(count)} (line {self._line(found[0])})"
            if not step.name or step.separator == "//":
                return place
            wanted = step.name.rpartition(":")[2]
            names = {local_name(child.tag) for parent in found for child in element_children(parent)}
            if wanted in names:
                return f"{place}, which has {wanted}, but none that meets the condition"
            return f"{place}, which has no {wanted}{_spelling(wanted, names)}"
        if path.steps and path.steps[0].name and path.steps[0].separator == "/":
            wanted = path.steps[0].name.rpartition(":")[2]
            actual = local_name(self._root.tag)
            if actual != wanted:
                return f"; the root element is {actual}"
            return f"; the root element {actual} does not meet the condition or is in another namespace"
        return ""

    # Creating

    def _create(self, edit: XmlEdit, path: Path) -> None:
        if not path.steps:
            raise OperatorError("cannot be created, because the xpath is not a plain path. Write the steps from the root.")
        if edit.parent:
            parents = self._select(self._path(edit.parent))
            missing = path.steps[-1:]
            if len(parents) != 1:
                raise OperatorError(f"cannot be created, because parent selects {len(parents)} elements, not one.")
        else:
            parents, missing = self._existing_parent(path)
        parent = parents[0]
        described = missing if edit.markup is None else missing[:-1]
        markup = self._new_element(edit, missing[-1]) if edit.markup is None else edit.markup
        for step in described:
            if step.name is None or step.attributes is None or step.separator != "/" and not edit.parent:
                raise OperatorError(f"cannot be created: the step {step.given} is not of the form name[@a='v']. Give the whole element with xml.")
        for step in reversed(missing[:-1]):
            markup = f"<{step.name}{_attribute_markup(step.attributes or [])}>{markup}</{step.name}>"
        if parent.nsmap.get(None) != self._default and edit.markup is None:
            raise OperatorError("cannot be created, because the default namespace changes on the way. Give the whole element with xml.")
        fragment = Fragment(markup, parent.nsmap)
        unit = _Unit(edit)
        anchor, before = self._anchor(edit, parent)
        self._insert(unit, parent, _Block(fragment, [fragment.element]), anchor, before=before)
        self._commit(unit)

    def _existing_parent(self, path: Path) -> tuple[list[Element], list[Any]]:
        for count in range(len(path.steps) - 1, 0, -1):
            found = self._evaluate(path.head(count), path.prefixes)
            if len(found) > 1:
                lines = ", ".join(str(self._line(node)) for node in found[:10])
                raise OperatorError(f"cannot be created, because {path.head_given(count)} selects {len(found)} elements (lines {lines}).")
            if found:
                if path.steps[count].separator == "//":
                    raise OperatorError("cannot be created, because the xpath does not show the parent. Name it with parent.")
                return found, path.steps[count:]
        raise OperatorError("cannot be created, because its root element is another one" + self._nearest(path) + ".")

    def _new_element(self, edit: XmlEdit, step: Any) -> str:
        if step.name is None or step.attributes is None:
            raise OperatorError(f"cannot be created: the step {step.given} is not of the form name[@a='v']. Give the whole element with xml.")
        attributes = dict(step.attributes)
        attributes.update({name: value for name, value in edit.attributes.items() if value is not None})
        for name, value in edit.attributes.items():
            if value is None:
                attributes.pop(name, None)
        text = edit.text
        if edit.properties:
            text = edit_property_lines("", edit.properties, "\n")
        start = step.name + _attribute_markup(attributes.items())
        return f"<{start}/>" if text is None else f"<{start}>{escape_text(text)}</{step.name}>"

    def _anchor(self, edit: XmlEdit, parent: Element) -> tuple[Element | None, bool]:
        for key, xpath in (("before", edit.before), ("after", edit.after)):
            if not xpath:
                continue
            path = self._path(xpath)
            found = [node for node in self._evaluate(path.evaluated, path.prefixes, parent) if node.getparent() is parent]
            if not found:
                raise OperatorError(f"cannot be created, because {key} ({xpath}) selects no child of {qualified_name(parent)} (line {self._line(parent)}).")
            return (found[0], True) if key == "before" else (found[-1], False)
        return None, False

    def _insert(self, unit: _Unit, parent: Element, block: _Block, anchor: Element | None, *, before: bool = False) -> None:
        """Put new elements beside the anchor, or at the end of the parent."""
        children = list(parent)
        if anchor is None and not children:
            self._insert_first(unit, parent, block)
            return
        sibling = anchor if anchor is not None else self._layout_sibling(children)
        new = block.copies()
        if before:
            self._insert_before(unit, block, sibling)
            unit.live.append(lambda: [sibling.addprevious(element) for element in new])
        else:
            neighbour = self._end_of_line_neighbour(anchor if anchor is not None else children[-1])
            self._insert_after(unit, block, neighbour, sibling)
            unit.live.append(lambda: [_add_after(neighbour, element) for element in reversed(new)])
        self._loose.add(parent)

    def _layout_sibling(self, children: Sequence[Element]) -> Element:
        """The last element that has its line to itself, whose indentation a new sibling takes."""
        for wanted in (is_element, lambda _node: True):
            for node in reversed(children):
                if wanted(node) and self._line_start(self._span(node).start) is not None:
                    return node
        return children[-1]

    def _insert_before(self, unit: _Unit, block: _Block, anchor: Element) -> None:
        start = self._span(anchor).start
        line = self._line_start(start)
        if line is None:
            unit.splice(start, start, block.markup(self._layout(anchor, inline=True), ""))
            return
        indent = self.text[line:start]
        unit.splice(line, line, indent + block.markup(self._layout(anchor), indent) + self._newline)

    def _insert_after(self, unit: _Unit, block: _Block, anchor: Element, sibling: Element) -> None:
        end = self._span(anchor).end
        start = self._span(sibling).start
        line = self._line_start(start)
        if line is None:
            unit.splice(end, end, block.markup(self._layout(sibling, inline=True), ""))
            return
        indent = self.text[line:start]
        markup = indent + block.markup(self._layout(sibling), indent)
        next_line = self._line_end(end)
        if next_line is not None:
            unit.splice(next_line, next_line, markup + self._newline)
            return
        parent = anchor.getparent()
        closing = self._span(parent).close_start
        if self.text[end:closing].strip():
            unit.splice(end, end, self._newline + markup)
        else:
            unit.splice(end, closing, self._newline + markup + self._newline + self._indentation(parent))

    def _insert_first(self, unit: _Unit, parent: Element, block: _Block) -> None:
        if (parent.text or "").strip():
            raise OperatorError(f"cannot be created, because {qualified_name(parent)} (line {self._line(parent)}) holds text.")
        inline = "\n" not in self.text
        layout = self._layout(parent, inline=inline)
        outer = "" if inline else self._newline + self._indentation(parent)
        indent = "" if inline else self._indentation(parent) + layout.step
        self._fill(unit, parent, self._span(parent), ("" if inline else self._newline + indent) + block.markup(layout, indent) + outer)
        new = block.copies()

        def change() -> None:
            parent.text = None
            parent.extend(new)

        unit.live.append(change)
        self._loose.add(parent)

    def _fill(self, unit: _Unit, node: Element, span: Span, content: str) -> None:
        """Replace all that stands between the tags of an element."""
        if span.close_start != span.open_end or self.text[span.open_end - 2] != "/":
            unit.splice(span.open_end, span.close_start, content)
            return
        tag = self.text[span.start : span.open_end - 2].rstrip()
        name = _TAG_NAME.match(tag)
        assert name is not None
        unit.splice(span.start + len(tag), span.end, f">{content}</{name.group(1)}>")

    def _line_start(self, position: int) -> int | None:
        start = self.text.rfind("\n", 0, position) + 1
        return None if self.text[start:position].strip() else start

    def _line_end(self, position: int) -> int | None:
        end = self.text.find("\n", position)
        return None if end < 0 or self.text[position:end].strip() else end + 1

    def _indentation(self, node: Element) -> str:
        start = self._span(node).start
        line = self.text[self.text.rfind("\n", 0, start) + 1 : start]
        return line[: len(line) - len(line.lstrip())]

    def _end_of_line_neighbour(self, anchor: Element) -> Element:
        """A comment behind an element on the same line belongs to it: new elements go behind the comment."""
        while True:
            following = anchor.getnext()
            if following is None or is_element(following):
                return anchor
            start, end = self._span(anchor).end, self._span(following).end
            if "\n" in self.text[start:end] or self.text[start : self._span(following).start].strip():
                return anchor
            anchor = following

    def _layout(self, near: Element, *, inline: bool = False) -> Layout:
        return Layout(self._newline, "" if inline else self._step_near(near), self._codec, inline=inline)

    def _step_near(self, node: Element) -> str:
        """One step of indentation, as the neighbour has it, else as most of the file."""
        return self._step_of(node) or self._usual_step()

    def _step_of(self, node: Element) -> str | None:
        start = self._span(node).start
        line = self._line_start(start)
        if line is None or not is_element(node):
            return None
        outer = self.text[line:start]
        for child in node:
            if not is_element(child):
                continue
            inner_start = self._span(child).start
            inner_line = self._line_start(inner_start)
            if inner_line is not None and inner_line != line:
                inner = self.text[inner_line:inner_start]
                return inner[len(outer) :] if inner.startswith(outer) and len(inner) > len(outer) else None
        return None

    def _usual_step(self) -> str:
        if self._step is None:
            counts: dict[str, int] = {}
            assert self._nodes is not None
            for node in self._nodes[:2000]:
                step = self._step_of(node) if len(node) else None
                if step:
                    counts[step] = counts.get(step, 0) + 1
            self._step = max(counts, key=lambda step: counts[step]) if counts else _USUAL_STEP
        return self._step

    # Text

    def _set_text(self, unit: _Unit, node: Element, value: str) -> None:
        if element_children(node):
            raise OperatorError(f"{qualified_name(node)} (line {self._line(node)}) has child elements, so its text cannot be set. Use xml.")
        if own_text(node) == value:
            return
        check_characters(value)
        unit.touched.append((node, "text"))
        span = self._span(node)
        content = self.text[span.open_end : span.close_start]
        pieces = list(_PIECE.finditer(content))
        if not any(piece.group(1) for piece in pieces):
            lone = len(pieces) == 1 and not (content[: pieces[0].start()] + content[pieces[0].end() :]).strip()
            self._fill(unit, node, span, self._cdata(value) if lone else self._text_markup(value))
            unit.live.append(lambda: _set_live_text(node, value))
            return
        self._set_text_beside_comments(unit, node, span, value)

    def _set_text_beside_comments(self, unit: _Unit, node: Element, span: Span, value: str) -> None:
        """The value goes where text already stands, else behind the last comment; the other runs of text go."""
        runs = [(span.open_end, node.text or "")]
        ends = [self._span(child) for child in node]
        runs.extend((end.end, child.tail or "") for child, end in zip(node, ends))
        stops = [end.start for end in ends] + [span.close_start]
        chosen = next((number for number, run in enumerate(runs) if run[1].strip()), len(runs) - 1)
        for number, ((start, _text), stop) in enumerate(zip(runs, stops)):
            if number == chosen:
                raw = self.text[start:stop]
                lone = raw.startswith("<![CDATA[") and raw.find("]]>") == len(raw) - 3
                unit.splice(start, stop, self._cdata(value) if lone else self._text_markup(value))
            elif stop > start:
                unit.splice(start, stop, "")

        def change() -> None:
            _set_live_text(node, value if chosen == 0 else "")
            for number, child in enumerate(node, 1):
                child.tail = value if number == chosen else None

        unit.live.append(change)

    def _text_markup(self, value: str) -> str:
        return to_encoding(escape_text(value), self._codec).replace("\n", self._newline)

    def _cdata(self, value: str) -> str:
        return cdata(value, self._codec).replace("\n", self._newline)

    def _set_properties(self, unit: _Unit, node: Element) -> None:
        """Lines key=value inside the text; a CDATA section around them stays."""
        if len(node):
            raise OperatorError(f"{qualified_name(node)} (line {self._line(node)}) has children, so its text is not lines of properties.")
        changed = changed_properties(node.text or "", unit.edit.properties)
        if not changed:
            return
        for added in changed.values():
            check_characters(added or "")
        unit.touched.append((node, "text"))
        span = self._span(node)
        content = self.text[span.open_end : span.close_start]
        pieces = list(_PIECE.finditer(content))
        if len(pieces) > 1 or (pieces and (content[: pieces[0].start()] + content[pieces[0].end() :]).strip()):
            raise OperatorError(f"the text of {qualified_name(node)} (line {self._line(node)}) is partly CDATA, so its lines cannot be edited.")
        if pieces:
            start, end = (span.open_end + position for position in pieces[0].span(3))
            section = self.text[start:end]
            unit.splice(start, end, edit_property_lines(section, changed, self._newline, lambda value: cdata(value, self._codec)[9:-3]))
            value = content[: pieces[0].start()] + edit_property_lines(section, changed, self._newline) + content[pieces[0].end() :]
            value = value.replace("\r\n", "\n")
        else:
            value = edit_property_lines(node.text or "", changed, "\n")
            self._fill(unit, node, span, edit_property_lines(content, changed, self._newline, self._text_markup))
        unit.live.append(lambda: _set_live_text(node, value))

    # Attributes

    def _set_attributes(self, unit: _Unit, node: Element, values: dict[str, str | None]) -> None:
        changes = {}
        for name, value in values.items():
            key = self._attribute_key(node, name)
            if node.get(key) != value:
                if value is not None:
                    check_characters(value)
                changes[name] = (key, value)
                unit.touched.append((node, f"attribute {name}"))
        if not changes:
            return
        span = self._span(node)
        tag = self.text[span.start : span.open_end]
        present = {found.group(2): found for found in _ATTRIBUTE.finditer(tag)}
        last = list(present.values())[-1] if present else None
        added = ""
        for name, (key, value) in changes.items():
            found = present.get(name)
            if found and value is None:
                unit.splice(span.start + found.start(), span.start + found.end(), "")
            elif found and value is not None:
                quote = found.group(3)[0]
                start, end = found.span(3)
                unit.splice(span.start + start + 1, span.start + end - 1, to_encoding(escape_attribute(value, quote), self._codec))
            elif value is not None:
                quote = last.group(3)[0] if last else '"'
                blank = last.group(1) if last and "\n" in last.group(1) else " "
                added += f"{blank}{name}={quote}{to_encoding(escape_attribute(value, quote), self._codec)}{quote}"
            unit.live.append(_attribute_change(node, key, value))
        if added:
            name_found = _TAG_NAME.match(tag)
            assert name_found is not None
            position = span.start + (last.end() if last else name_found.end())
            unit.splice(position, position, added)

    def _attribute_key(self, node: Element, name: str) -> str:
        prefix, colon, local = name.rpartition(":")
        if name == "xmlns" or prefix == "xmlns":
            raise OperatorError("a namespace declaration is not an attribute that can be edited.")
        if not re.match(r"\A(?:[^\W\d][\w.\-]*:)?[^\W\d][\w.\-]*\Z", name):
            raise OperatorError("attributes holds a name that is not a valid XML name.")
        if not colon:
            return name
        uri = _XML_NAMESPACE if prefix == "xml" else node.nsmap.get(prefix)
        if uri is None:
            raise OperatorError(f"the attribute {name} has a prefix that is not declared at that place.")
        return f"{{{uri}}}{local}"

    # Whole elements

    def _patch(self, unit: _Unit, node: Element, fragment: Fragment, wanted: Element) -> None:
        """Make an element mean the same as the wanted one, with as few splices as that takes."""
        if same_element(node, wanted):
            return
        have, want = element_children(node), element_children(wanted)
        if (have or want) and (_has_stray_text(node, have) or _has_stray_text(wanted, want)) or bool(have) != bool(want):
            self._replace(unit, node, fragment, wanted)
            return
        self._set_attributes(unit, node, self._attribute_changes(node, wanted))
        if not want:
            if own_text(node) != own_text(wanted):
                self._set_text(unit, node, own_text(wanted))
            return
        self._patch_children(unit, node, fragment, wanted, have, want)

    def _attribute_changes(self, node: Element, wanted: Element) -> dict[str, str | None]:
        changes: dict[str, str | None] = {}
        for key in node.attrib:
            if key not in wanted.attrib:
                changes[_attribute_name(node, key)] = None
        for key, value in wanted.attrib.items():
            changes[_attribute_name(wanted, key)] = value
        return changes

    def _patch_children(
        self, unit: _Unit, node: Element, fragment: Fragment, wanted: Element, have: list[Element], want: list[Element]
    ) -> None:
        pairs = aligned(have, want)
        if not pairs:
            self._replace(unit, node, fragment, wanted)
            return
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
                block = _Block(fragment, new)
                self._insert(unit, node, block, have[0] if previous is None else previous, before=previous is None)
                new = []
            if child is not None and ours is not None:
                self._patch(unit, ours, fragment, child)
                previous = ours
        for child in have:
            if child not in kept:
                self._remove(unit, child)

    def _replace(self, unit: _Unit, node: Element, fragment: Fragment, wanted: Element) -> None:
        if node.getparent() is None:
            raise OperatorError("the root element cannot be replaced as a whole. Edit its children.")
        span = self._span(node)
        inline = "\n" not in self.text
        markup = fragment.laid_out(wanted, self._layout(node, inline=inline), self._indentation(node))
        unit.splice(span.start, span.end, markup)
        unit.touched.append((node, "the whole element"))
        new = _copy(wanted)

        def change() -> None:
            new.tail = node.tail
            node.getparent().replace(node, new)

        unit.live.append(change)

    # Removing and commenting out

    def _remove_all(self, edit: XmlEdit, found: Iterable[Element], outcome: Outcome) -> None:
        for node in _outermost(found):
            unit = _Unit(edit)
            self._remove(unit, node)
            outcome.line = line_of(self.text, self._span(node).start)
            self._commit(unit)
        outcome.did(actions.REMOVED)

    def _remove(self, unit: _Unit, node: Element) -> None:
        if node.getparent() is None:
            raise OperatorError("the root element cannot be removed.")
        span = self._span(node)
        line, next_line = self._line_start(span.start), self._line_end(span.end)
        if line is not None and next_line is not None:
            unit.splice(line, next_line, "")
        else:
            unit.splice(span.start, span.end, "")
        unit.live.append(lambda: self._detach(node))

    def _comment_out(self, edit: XmlEdit, node: Element) -> None:
        parent = node.getparent()
        if parent is None:
            raise OperatorError("the root element cannot be commented out.")
        span = self._span(node)
        markup = self.text[span.start : span.end]
        if "--" in markup:
            raise OperatorError(f"{qualified_name(node)} (line {self._line(node)}) holds a comment or --, so it cannot be commented out as a whole.")
        unit = _Unit(edit)
        unit.splice(span.start, span.start, "<!-- ")
        unit.splice(span.end, span.end, " -->")
        comment = etree.Comment(f" {markup} ".replace("\r\n", "\n"))

        def change() -> None:
            comment.tail = node.tail
            parent.replace(node, comment)
            self._loose.add(parent)

        unit.live.append(change)
        self._commit(unit)


def _outermost(nodes: Iterable[Element]) -> list[Element]:
    """Of nested elements only the outer ones."""
    chosen = list(nodes)
    everything = set(chosen)
    return [node for node in chosen if not any(ancestor in everything for ancestor in node.iterancestors())]


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


def _set_live_text(node: Element, value: str) -> None:
    node.text = value or None


def _attribute_change(node: Element, key: str, value: str | None) -> Callable[[], None]:
    def change() -> None:
        if value is None:
            node.attrib.pop(key, None)
        else:
            node.set(key, value)

    return change


def _attribute_markup(attributes: Iterable[tuple[str, str]]) -> str:
    return "".join(f' {name}="{escape_attribute(value)}"' for name, value in attributes)


def _attribute_name(node: Element, key: str) -> str:
    if not key.startswith("{"):
        return key
    uri, _brace, local = key[1:].partition("}")
    if uri == _XML_NAMESPACE:
        return f"xml:{local}"
    prefix = next((prefix for prefix, bound in node.nsmap.items() if prefix and bound == uri), None)
    return f"{prefix}:{local}"


def _has_stray_text(node: Element, children: Sequence[Element]) -> bool:
    """Text beside child elements."""
    return bool(children) and bool((node.text or "").strip() or any((child.tail or "").strip() for child in node))


def _spelling(wanted: str, names: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(wanted, sorted(names), 1)
    return f"; did you mean {near[0]}?" if near else ""
