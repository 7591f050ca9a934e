# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What became of an edit."""

from __future__ import annotations

UNCHANGED = "unchanged"
CHANGED = "changed"
CREATED = "created"
UNCOMMENTED = "uncommented"
COMMENTED = "commented"
REMOVED = "removed"
IGNORED = "ignored"

NOT_REPEATABLE = "is not repeatable: made again on the result, it would change the file again. Let it select what it leaves behind"


class Outcome:
    """The action of one edit, its line in the result, and how many places it selected."""

    __slots__ = ("action", "count", "line")

    def __init__(self) -> None:
        self.action = UNCHANGED
        self.line: int | None = None
        self.count = 0

    def did(self, action: str) -> None:
        """Remember the action; setting values does not hide that the place was created or uncommented first."""
        if self.action in (UNCHANGED, CHANGED):
            self.action = action
