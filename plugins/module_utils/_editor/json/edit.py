# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Edits of JSON files by key; comments, order, quotes, commas and line ends stay."""

from __future__ import annotations

import typing as t

from ..._errors import OperatorError
from ..arguments import check_keys, fallbacks, scalar
from ..lines import line_of
from ..outcome import CHANGED, CREATED, IGNORED, EditOutcome, edit_repeatably
from ..secrets import Secrets
from .document import ARRAY, OBJECT, STRING, end_of_comments, has_comment, parse_json, quoted

if t.TYPE_CHECKING:
    from .document import Value

JSON_KEYS = ("key", "value", "if_missing")

_USUAL_STEP = "  "


class JsonEdit:
    """One checked edit of a JSON file."""

    def __init__(self, entry: t.Mapping[str, t.Any], number: int, secrets: Secrets) -> None:
        self.number = number
        check_keys(entry, JSON_KEYS, "the edit")
        self.steps = _steps(entry.get("key"))
        self.selector = key_text(entry["key"])
        if "value" not in entry:
            raise OperatorError("the edit has no value.")
        self.uses_secret = False
        self.value = self._resolved(entry["value"], "value", secrets)
        self.if_missing = fallbacks(entry.get("if_missing"), ("fail", "create", "ignore"))

    def _resolved(self, value: t.Any, what: str, secrets: Secrets) -> t.Any:
        if isinstance(value, dict):
            return {
                str(key): self._resolved(item, f"{key} in {what}", secrets)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._resolved(item, f"an entry of {what}", secrets) for item in value]
        text = scalar(value, what)
        if isinstance(value, str):
            self.uses_secret = self.uses_secret or Secrets.uses(text)
            return secrets.resolve(text)
        return bool(value) if isinstance(value, bool) else int(value)


def key_text(key: t.Any) -> str:
    """A key as messages and results name it."""
    return ".".join(str(step) for step in key) if isinstance(key, (list, tuple)) else str(key)


def _steps(key: t.Any) -> list[str]:
    if key is None or key == "" or key == []:
        raise OperatorError("the edit has no key.")
    steps = key.split(".") if isinstance(key, str) else key
    if isinstance(steps, int) and not isinstance(steps, bool):
        steps = [steps]
    if not isinstance(steps, (list, tuple)) or any(
        isinstance(step, bool) or not isinstance(step, (str, int)) for step in steps
    ):
        raise OperatorError(
            "key must be a text such as proxy.proxyHost, or a list of keys and positions."
        )
    if any(step == "" for step in steps):
        raise OperatorError("key has an empty part. Write a key that holds a dot as a list.")
    return [str(step) for step in steps]


def edit_json(
    text: str, edits: t.Sequence[JsonEdit], newline: str, codec: str, label: t.Any
) -> tuple[str, list[EditOutcome], list[str]]:
    """Make all edits in order, then once more: the second time none of them may change anything."""

    def make(
        text: str, edit: JsonEdit, newline: str, replaced: list[str]
    ) -> tuple[str, EditOutcome]:
        return _edit(text, edit, _Layout(text, newline, codec), replaced)

    return edit_repeatably(make, text, edits, newline, label)


def _edit(
    text: str, edit: JsonEdit, layout: _Layout, replaced: list[str]
) -> tuple[str, EditOutcome]:
    outcome = EditOutcome()
    document = parse_json(text)
    found, reached = _find(text, document, edit.steps)
    if reached < len(edit.steps):
        if "create" in edit.if_missing:
            return _created(text, edit, layout, found, reached, outcome)
        if "ignore" in edit.if_missing:
            outcome.did(IGNORED)
            return text, outcome
        raise OperatorError(_missing(text, found, edit.steps, reached))
    outcome.line, outcome.count = line_of(text, found.start), 1
    if _same(found, edit.value):
        return text, outcome
    if found.kind in (OBJECT, ARRAY):
        if found.kind != (
            OBJECT
            if isinstance(edit.value, dict)
            else ARRAY
            if isinstance(edit.value, list)
            else None
        ):
            raise OperatorError(
                f"is {found.kind} in the file (line {outcome.line}), which this value would remove."
                " Edit what it holds."
            )
        if has_comment(text, found.start, found.end):
            raise OperatorError(
                f"is {found.kind} with comments (line {outcome.line}), which this value would"
                " remove. Edit what it holds by its own key."
            )
    if edit.uses_secret:
        replaced.append(
            text[found.start + 1 : found.end - 1]
            if found.kind == STRING
            else text[found.start : found.end]
        )
    quote = text[found.start] if found.kind == STRING else layout.quote
    inline = "\n" not in text[found.start : found.end] and found.kind in (OBJECT, ARRAY)
    new = layout.written(edit.value, _indentation(text, found.start), quote, inline=inline)
    outcome.did(CHANGED)
    return text[: found.start] + new + text[found.end :], outcome


def _find(text: str, document: Value, steps: t.Sequence[str]) -> tuple[Value, int]:
    """Follow the steps as far as they lead."""
    here = document
    for number, step in enumerate(steps):
        if here.kind == OBJECT:
            members = [member for member in here.members if member.name == step]
            if len(members) > 1:
                lines = ", ".join(str(line_of(text, member.start)) for member in members[:10])
                raise OperatorError(
                    f"{step} occurs {len(members)} times (lines {lines}); the last one counts."
                    " Remove all but one."
                )
            if not members:
                return here, number
            here = members[0].value
        elif (
            here.kind == ARRAY
            and step.isdigit()
            and step.isascii()
            and len(step) < 9
            and int(step) < len(here.items)
        ):
            here = here.items[int(step)]
        else:
            return here, number
    return here, len(steps)


def _same(found: Value, wanted: t.Any) -> bool:
    """Whether the value means the wanted one; true and 1 are two things here, other than in
    Python."""
    return _told_apart(found.meaning()) == _told_apart(wanted)


def _told_apart(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {key: _told_apart(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_told_apart(item) for item in value]
    return (isinstance(value, bool), value)


def _missing(text: str, found: Value, steps: t.Sequence[str], reached: int) -> str:
    place = (
        f"{'.'.join(steps[:reached])} (line {line_of(text, found.start)})"
        if reached
        else "the document"
    )
    if found.kind == OBJECT:
        import difflib

        near = difflib.get_close_matches(
            steps[reached], [member.name for member in found.members], 1
        )
        hint = f" (did you mean {near[0]}?)" if near else ""
        return f"is not in the file: {place} has no {steps[reached]}{hint}."
    if found.kind == ARRAY:
        return (
            f"is not in the file: {place} is an array of {len(found.items)}, which has no entry"
            f" {steps[reached]}."
        )
    return f"is not in the file: {place} is {found.kind}, which holds no keys."


def _created(
    text: str, edit: JsonEdit, layout: _Layout, parent: Value, reached: int, outcome: EditOutcome
) -> tuple[str, EditOutcome]:
    if parent.kind != OBJECT:
        raise OperatorError("cannot be created: " + _missing(text, parent, edit.steps, reached))
    value = edit.value
    for step in reversed(edit.steps[reached + 1 :]):
        value = {step: value}
    name = edit.steps[reached]
    new, position = (
        _with_member(text, layout, parent, name, value)
        if parent.members
        else _with_first(text, layout, parent, name, value)
    )
    outcome.did(CREATED)
    outcome.line, outcome.count = line_of(new, position), 1
    return new, outcome


def _with_member(
    text: str, layout: _Layout, parent: Value, name: str, value: t.Any
) -> tuple[str, int]:
    """Behind the last member, written as that one is, and with a trailing comma only if that one
    has it."""
    last = parent.members[-1]
    quote = text[last.start] if text[last.start] in "\"'" else layout.quote
    colon = text[last.end : last.value.start]
    if has_comment(text, last.end, last.value.start) or "\n" in colon:
        colon = ": "
    end = last.value.end if parent.comma is None else parent.comma
    comma = "," if parent.comma is None else ""
    trailing = "" if parent.comma is None else ","
    line = text.rfind("\n", 0, last.start) + 1
    indent = text[line : last.start]
    if indent.strip() or not line:
        place, gap, indent = end, " ", ""
        member = layout.written(value, "", quote, inline=True)
    else:
        place, gap = end_of_comments(text, end), layout.newline
        member = layout.written(value, indent, quote)
    head = comma + text[end:place] + gap + indent
    return text[:end] + head + quoted(name, layout.codec, quote) + colon + member + trailing + text[
        place:
    ], end + len(head)


def _with_first(
    text: str, layout: _Layout, parent: Value, name: str, value: t.Any
) -> tuple[str, int]:
    """Into an object without members, behind the comments it may hold."""
    closing = parent.end - 1
    key = quoted(name, layout.codec, layout.quote) + ": "
    outer = _indentation(text, parent.start)
    inner = outer + layout.step
    if "\n" not in text:
        member = key + layout.written(value, "", layout.quote, inline=True)
        return text[:closing] + member + text[closing:], closing
    member = key + layout.written(value, inner, layout.quote)
    if not text[parent.start + 1 : closing].strip():
        start = parent.start + 1
        head = layout.newline + inner
        return text[:start] + head + member + layout.newline + outer + text[closing:], start + len(
            head
        )
    line = text.rfind("\n", 0, closing) + 1
    if text[line:closing].strip():
        return text[:closing] + member + text[closing:], closing
    return text[:line] + inner + member + layout.newline + text[line:], line + len(inner)


class _Layout:
    """How a file is written: its line end, its step of indentation, its quotes."""

    def __init__(self, text: str, newline: str, codec: str) -> None:
        self.newline = newline
        self.codec = codec
        self.quote = "'" if text.count("'") > text.count('"') else '"'
        lines = (
            line
            for line in text.split("\n")
            if line[:1] in (" ", "\t") and line.strip()[:1] in ('"', "'")
        )
        first = next(lines, "")
        self.step = first[: len(first) - len(first.lstrip(" \t"))] or _USUAL_STEP

    def written(self, value: t.Any, indent: str, quote: str, *, inline: bool = False) -> str:
        """A value as text; objects take a line for each member, lists of scalars one line."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
        if isinstance(value, str):
            return quoted(value, self.codec, quote)
        inner = indent + self.step
        flat = inline or (
            isinstance(value, list) and not any(isinstance(item, (dict, list)) for item in value)
        )
        if isinstance(value, dict):
            parts = [
                quoted(key, self.codec, quote)
                + ": "
                + self.written(item, inner, quote, inline=inline)
                for key, item in value.items()
            ]
            opening, closing = "{", "}"
        else:
            parts = [self.written(item, inner, quote, inline=inline) for item in value]
            opening, closing = "[", "]"
        if flat or not parts:
            return opening + ", ".join(parts) + closing
        between = self.newline + inner
        return opening + between + ("," + between).join(parts) + self.newline + indent + closing


def _indentation(text: str, position: int) -> str:
    line = text[text.rfind("\n", 0, position) + 1 : position]
    return line[: len(line) - len(line.lstrip(" \t"))]
