# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Edits of Java property files, read as ``java.util.Properties`` reads them; comments, order and
line ends stay."""

from __future__ import annotations

import re
import typing as t

from .._errors import OperatorError
from .arguments import MATCHES, check_keys, choice, fallbacks, scalar
from .lines import line_of
from .outcome import CHANGED, CREATED, IGNORED, REMOVED, UNCOMMENTED, EditOutcome, edit_repeatably
from .secrets import Secrets

PROPERTY_KEYS = ("key", "value", "state", "match", "if_missing")
CODEC = "latin-1"

_BLANKS = " \t\f"
_NATURAL_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_LINE_END = re.compile(r"(?:\r\n|\r|\n)?\Z")
_CONTINUATION = re.compile(r"\\(?:\r\n|\r|\n)[ \t\f]*")
# A backslash at the very end of the file means nothing.
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.|\Z)", re.DOTALL)
_CONTROL = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_CONTROL_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f"}
_SEPARATED = re.compile(r"(?<!\\)[=:][ \t\f]*\Z")
_COMMENTED_OUT = re.compile(r"[ \t\f]*[#!]+[ \t\f]*")


class PropertyEdit:
    """One checked edit of a property file."""

    def __init__(self, entry: t.Mapping[str, t.Any], number: int, secrets: Secrets) -> None:
        self.number = number
        check_keys(entry, PROPERTY_KEYS, "the edit")
        if entry.get("key") is None or not str(entry["key"]):
            raise OperatorError("the edit has no key.")
        self.selector = str(entry["key"])
        self.match = choice(entry.get("match"), "match", MATCHES, "one")
        self.absent = (
            choice(entry.get("state"), "state", ("present", "absent"), "present") == "absent"
        )
        self.if_missing = fallbacks(
            entry.get("if_missing"), ("fail", "uncomment", "create", "ignore"), ("create",)
        )
        self.value: str | None = None
        self.uses_secret = False
        if self.absent != ("value" not in entry):
            raise OperatorError("the edit needs a value, or state absent, and not both.")
        if not self.absent:
            text = scalar(entry["value"], "value")
            self.uses_secret = Secrets.uses(text)
            self.value = secrets.resolve(text)


class _Property:
    """One logical line: where it is, where its value begins, and what it says."""

    __slots__ = ("end", "key", "next_line", "start", "value", "value_start")

    def __init__(self, text: str, start: int, end: int, next_line: int) -> None:
        self.start, self.end, self.next_line = start, end, next_line
        self.key, self.value_start = _read_key(text, start, end)
        self.value = unescape(text[self.value_start : end])


def _read_key(text: str, start: int, end: int) -> tuple[str, int]:
    position = _skip_blanks(text, start, end)
    begin = position
    while position < end and text[position] not in "=:" + _BLANKS:
        continued = _CONTINUATION.match(text, position, end)
        position = continued.end() if continued else position + (2 if text[position] == "\\" else 1)
    key = unescape(text[begin:position])
    position = _skip_blanks(text, position, end)
    if position < end and text[position] in "=:":
        position = _skip_blanks(text, position + 1, end)
    return key, position


def _skip_blanks(text: str, position: int, end: int) -> int:
    while position < end:
        continued = _CONTINUATION.match(text, position, end)
        if continued:
            position = continued.end()
        elif text[position] in _BLANKS:
            position += 1
        else:
            break
    return position


def unescape(raw: str) -> str:
    """A key or value of a property file as Java reads it."""

    def replaced(found: re.Match[str]) -> str:
        what = found.group(1)
        if what[:1] == "u" and len(what) == 5:
            return chr(int(what[1:], 16))
        return _CONTROL.get(what, what)

    text = _ESCAPE.sub(replaced, _CONTINUATION.sub("", raw))
    # Java joins surrogate pairs of two escapes by itself.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def escape_value(value: str) -> str:
    """A value as it is written in a property file."""
    escaped = "".join(_escaped(char) for char in value)
    return "\\" + escaped if escaped.startswith(" ") else escaped


def escape_key(key: str) -> str:
    """A key as it is written in a property file."""
    return "".join("\\" + char if char in " =:#!" else _escaped(char) for char in key)


def _escaped(char: str) -> str:
    if char in _CONTROL_ESCAPES:
        return _CONTROL_ESCAPES[char]
    if " " <= char <= "~":
        return char
    pair = char.encode("utf-16-be", "surrogatepass")
    return "".join(
        f"\\u{pair[position]:02X}{pair[position + 1]:02X}" for position in range(0, len(pair), 2)
    )


def _properties(text: str) -> list[_Property]:
    found = []
    lines = [line.end() for line in _NATURAL_LINE.finditer(text)]
    start = number = 0
    while start < len(text):
        end = lines[number]
        number += 1
        if text[start:end].strip(_BLANKS + "\r\n")[:1] not in ("", "#", "!"):
            last = start
            while end < len(text) and _continues(text[last:end]):
                last, end = end, lines[number]
                number += 1
            found.append(
                _Property(text, start, end - len(_LINE_END.findall(text[last:end])[0]), end)
            )
        start = end
    return found


def read_properties(text: str) -> dict[str, str]:
    """The keys and values of a property file, of several of one key the last, as Java reads
    them."""
    return {line.key: line.value for line in _properties(text)}


def _continues(line: str) -> bool:
    """Whether a natural line asks the next one to continue it; an empty one after it is all of its
    continuation."""
    body = line.rstrip("\r\n")
    return (len(body) - len(body.rstrip("\\"))) % 2 == 1


def edit_properties(
    text: str, edits: t.Sequence[PropertyEdit], newline: str, label: t.Any
) -> tuple[str, list[EditOutcome], list[str]]:
    """Make all edits in order, then once more: the second time none of them may change anything."""
    return edit_repeatably(_edit, text, edits, newline, label)


def _edit(
    text: str, edit: PropertyEdit, newline: str, replaced: list[str]
) -> tuple[str, EditOutcome]:
    outcome = EditOutcome()
    found = [line for line in _properties(text) if line.key == edit.selector]
    if not found:
        return (text, outcome) if edit.absent else _add(text, edit, newline, outcome)
    if len(found) > 1 and edit.match == "one":
        lines = ", ".join(str(line_of(text, line.start)) for line in found[:10])
        raise OperatorError(
            f"occurs {len(found)} times (lines {lines}); the last one counts. Say match: all or"
            " match: first, or remove all but one."
        )
    if edit.match == "first":
        found = found[:1]
    outcome.line = line_of(text, found[0].start)
    outcome.count = len(found)
    for line in reversed(found):
        if edit.value is None:
            text = text[: line.start] + text[line.next_line :]
            outcome.did(REMOVED)
        elif line.value != edit.value:
            if edit.uses_secret:
                replaced.append(text[line.value_start : line.end])
            separator = (
                "="
                if line.value_start == line.end
                and text[line.start : line.end].strip(_BLANKS) == escape_key(line.key)
                else ""
            )
            value = escape_value(edit.value)
            if (
                value[:1] in ("=", ":")
                and not separator
                and not _SEPARATED.search(text, line.start, line.value_start)
            ):
                # Behind blanks alone it would be taken for the separator.
                value = "\\" + value
            text = text[: line.value_start] + separator + value + text[line.end :]
            outcome.did(CHANGED)
    return text, outcome


def _add(
    text: str, edit: PropertyEdit, newline: str, outcome: EditOutcome
) -> tuple[str, EditOutcome]:
    new = f"{escape_key(edit.selector)}={escape_value(edit.value or '')}"
    if "uncomment" in edit.if_missing:
        places = _commented_out(text, edit.selector)
        if len(places) > 1 and edit.match != "first":
            lines = ", ".join(str(line_of(text, place[0])) for place in places[:10])
            raise OperatorError(
                f"is commented out {len(places)} times (lines {lines}). Say match: first."
            )
        if places:
            start, end = places[0]
            outcome.did(UNCOMMENTED)
            outcome.line, outcome.count = line_of(text, start), 1
            return text[:start] + new + text[end:], outcome
    if "create" in edit.if_missing:
        outcome.did(CREATED)
        outcome.count = 1
        # A file without a line end at its end keeps that trait.
        new = newline + new if text and not text.endswith(("\n", "\r")) else new + newline
        last = next(reversed(_properties(text)), None)
        if (
            last is not None
            and last.next_line == len(text)
            and _continues(list(_NATURAL_LINE.findall(text[last.start :]))[-2])
        ):
            # The last line asks to be continued: an empty line ends it. Behind a lone carriage
            # return the first would join that.
            new = newline * (2 if text.endswith("\r") else 1) + new
        outcome.line = line_of(text + new, len(text))
        return text + new, outcome
    if "ignore" in edit.if_missing:
        outcome.did(IGNORED)
        return text, outcome
    raise OperatorError("is not in the file.")


def _commented_out(text: str, key: str) -> list[tuple[int, int]]:
    places = []
    for line in _NATURAL_LINE.finditer(text):
        mark = _COMMENTED_OUT.match(line.group())
        if not mark:
            continue
        end = line.start() + len(line.group().rstrip("\r\n"))
        start = line.start() + mark.end()
        found, position = _read_key(text, start, end)
        if found == key and re.search("[=:]", text[start:position]):
            places.append((line.start(), end))
    return places
