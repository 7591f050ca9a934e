# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Lines of the Markdown pages that programs write."""

from __future__ import annotations

import re

WIDTH = 120
# At the beginning of a line Markdown takes these words for a list, a heading or a quotation.
MARKS = re.compile(r"([-+*>]|#{1,6}|\d+[.)]|=+|-+)$|>")


def wrapped(text: str, first: str = "", rest: str | None = None) -> str:
    """The text in lines of at most WIDTH columns, the first one begun with first, the others with
    rest, by default as many blanks. A word that is longer has a line to itself."""
    rest = " " * len(first) if rest is None else rest
    words: list[str] = []
    for word in text.split():
        if words and MARKS.match(word):
            words[-1] += " " + word
        else:
            words.append(word)
    lines = [first + words[0]] if words else []
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= WIDTH:
            lines[-1] += " " + word
        else:
            lines.append(rest + word)
    return "\n".join(lines)


def items(texts: list[str]) -> str:
    """A Markdown list of the texts."""
    return "\n".join(wrapped(text, "- ") for text in texts)
