# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Lines of a text: where a position is, and which line feed it uses."""

from __future__ import annotations


def line_of(text: str, position: int) -> int:
    """The number of the line that the position is in, counted from 1."""
    return text.count("\n", 0, position) + 1


def newline_of(text: str) -> str:
    """The line end that most lines of the text have."""
    windows = text.count("\r\n")
    return "\r\n" if windows * 2 > text.count("\n") else "\n"
