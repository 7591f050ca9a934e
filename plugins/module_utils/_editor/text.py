# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Edits of files that are neither XML nor anything else with a grammar: exact strings, or one
regular expression, counted."""

from __future__ import annotations

import re
import typing as t

from .._errors import OperatorError
from .arguments import MATCHES, check_keys, choice, fallbacks, scalar
from .lines import line_of
from .outcome import CHANGED, IGNORED, EditOutcome, edit_repeatably
from .secrets import Secrets

TEXT_KEYS = ("find", "regexp", "replace", "match", "if_missing")


class TextEdit:
    """One checked edit of a text file."""

    def __init__(self, entry: t.Mapping[str, t.Any], number: int, secrets: Secrets) -> None:
        self.number = number
        self._secrets = secrets
        check_keys(entry, TEXT_KEYS, "the edit")
        if (entry.get("find") is None) == (entry.get("regexp") is None):
            raise OperatorError("the edit needs find or regexp, and not both.")
        self.selector = (
            scalar(entry["find"], "find")
            if entry.get("find") is not None
            else scalar(entry["regexp"], "regexp")
        )
        if not self.selector:
            raise OperatorError("find is empty.")
        if "replace" not in entry:
            raise OperatorError("the edit has no replace.")
        self.replace = scalar(entry["replace"], "replace")
        self.uses_secret = Secrets.uses(self.replace)
        self.match = choice(entry.get("match"), "match", MATCHES, "one")
        self.ignore = "ignore" in fallbacks(entry.get("if_missing"), ("fail", "ignore"))
        self._pattern: re.Pattern[str] | None = None
        if entry.get("regexp") is not None:
            try:
                self._pattern = re.compile(self.selector, re.MULTILINE)
                _check_references(self._pattern, self.replace)
            except (re.error, IndexError):
                raise OperatorError(
                    "regexp or replace is not a valid regular expression of Python."
                ) from None

    def places(self, text: str, newline: str) -> list[tuple[int, int, str]]:
        """Where the edit applies and what it puts there, in order; places that already hold the
        replacement are among them."""
        if self._pattern is not None:
            return [
                (found.start(), found.end(), self._expanded(found, newline))
                for found in self._pattern.finditer(text)
            ]
        find = _with_line_ends(self.selector, newline)
        replace = _with_line_ends(self._secrets.resolve(self.replace), newline)
        # Where the replacement contains what is looked for, an occurrence inside a replacement is
        # done already.
        offsets = [
            position
            for position in range(len(replace) - len(find) + 1)
            if replace.startswith(find, position)
        ]
        places = []
        position = text.find(find)
        while position >= 0:
            done = next(
                (
                    position - offset
                    for offset in offsets
                    if text.startswith(replace, max(position - offset, 0)) and position >= offset
                ),
                None,
            )
            if done is not None:
                places.append((done, done + len(replace), replace))
                position = text.find(find, done + len(replace))
            else:
                places.append((position, position + len(find), replace))
                position = text.find(find, position + len(find))
        if not places and replace:
            position = text.find(replace)
            if position >= 0:
                places.append((position, position + len(replace), replace))
        return places

    def _expanded(self, found: re.Match[str], newline: str) -> str:
        """The replacement with its group references; a secret is put in last, so that nothing in it
        counts as a reference."""
        parts = re.split(r"(%?%\{[^{}]*\}?)", self.replace)
        for number, part in enumerate(parts):
            parts[number] = self._secrets.resolve(part) if number % 2 else found.expand(part)
        return _with_line_ends("".join(parts), newline)

    @property
    def removes(self) -> bool:
        return not self.replace


def _check_references(pattern: re.Pattern[str], replace: str) -> None:
    """Find a reference to a group that is not there before any text is read."""
    for name in re.findall(r"\\g<([^>]*)>", replace):
        if (name.isdigit() and int(name) > pattern.groups) or (
            not name.isdigit() and name not in pattern.groupindex
        ):
            raise IndexError
    for digits in re.findall(r"(?<!\\)(?:\\\\)*\\([1-9])", replace):
        if int(digits) > pattern.groups:
            raise IndexError


def edit_text(
    text: str, edits: t.Sequence[TextEdit], newline: str, label: t.Any
) -> tuple[str, list[EditOutcome], list[str]]:
    """Make all edits in order, then once more: the second time none of them may change anything."""
    return edit_repeatably(_edit, text, edits, newline, label)


def _edit(text: str, edit: TextEdit, newline: str, replaced: list[str]) -> tuple[str, EditOutcome]:
    outcome = EditOutcome()
    places = edit.places(text, newline)
    if not places:
        if edit.ignore:
            outcome.did(IGNORED)
        elif not edit.removes:
            raise OperatorError("finds nothing, and the replacement is not there either.")
        return text, outcome
    outcome.line = line_of(text, places[0][0])
    outcome.count = len(places)
    if len(places) > 1 and edit.match == "one":
        lines = ", ".join(str(line_of(text, place[0])) for place in places[:10])
        raise OperatorError(
            f"finds {len(places)} places (lines {lines}). Make it more exact, or say match: all."
        )
    if edit.match == "first":
        places = places[:1]
    parts, position = [], 0
    for start, end, new in places:
        if text[start:end] != new:
            outcome.did(CHANGED)
            if edit.uses_secret:
                replaced.append(text[start:end])
        parts.append(text[position:start])
        parts.append(new)
        position = end
    parts.append(text[position:])
    return "".join(parts), outcome


def _with_line_ends(value: str, newline: str) -> str:
    return value.replace("\r\n", "\n").replace("\n", newline)
