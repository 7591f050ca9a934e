# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What became of an edit."""

from __future__ import annotations

import contextlib
import typing as t

from .._errors import OperatorError

UNCHANGED = "unchanged"
CHANGED = "changed"
CREATED = "created"
UNCOMMENTED = "uncommented"
COMMENTED = "commented"
REMOVED = "removed"
IGNORED = "ignored"


class EditOutcome:
    """The action of one edit, its line in the result, and how many places it selected."""

    __slots__ = ("action", "count", "line")

    def __init__(self) -> None:
        self.action = UNCHANGED
        self.line: int | None = None
        self.count = 0

    def did(self, action: str) -> None:
        """Remember the action; setting values does not hide that the place was created or
        uncommented first."""
        if self.action in (UNCHANGED, CHANGED):
            self.action = action


@contextlib.contextmanager
def repeated() -> t.Iterator[None]:
    """What fails when the edits are made again on the result would fail in the next run."""
    try:
        yield
    except OperatorError as error:
        raise OperatorError(
            f"is not repeatable: made again after all edits of this file, it {error}"
        ) from None


def edit_repeatably(
    make: t.Callable[[str, t.Any, str, list[str]], tuple[str, EditOutcome]],
    text: str,
    edits: t.Sequence[t.Any],
    newline: str,
    label: t.Any,
) -> tuple[str, list[EditOutcome], list[str]]:
    """Make all edits in order, then once more: the second time none of them may change anything."""
    replaced: list[str] = []
    outcomes = []
    for edit in edits:
        with label(edit):
            text, outcome = make(text, edit, newline, replaced)
        outcomes.append(outcome)
    for edit, outcome in zip(edits, outcomes):
        with label(edit), repeated():
            again, repetition = make(text, edit, newline, [])
            if again != text:
                raise OperatorError(
                    "would change the file again. Let it find what it leaves behind."
                )
            outcome.line = repetition.line
    return text, outcomes, replaced
