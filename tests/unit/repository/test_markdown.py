# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Pages of Markdown can be read as text: their lines and the cells of their tables are short."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY

WIDTH = 120
PAGES = sorted(
    REPOSITORY / name
    for name in subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    if name and (REPOSITORY / name).is_file()
)
# What stands before the text of a line: blanks, the mark of a list or of a quotation.
MARK = re.compile(r"\s*(?:[-*>] |\d+\. )?")
# A picture or a link that has its line to itself cannot be broken.
LINK = re.compile(r"!?\[[^\]]*\]\(\S+\)$")


def too_wide(text: str) -> list[str]:
    """The lines that are too long and could be broken, and the cells of tables that should be a
    list or a section."""
    found = []
    for line in text.splitlines():
        if line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line)
            found += [cell for cell in cells if len(cell.strip()) > WIDTH]
        elif len(line) > WIDTH:
            words = MARK.sub("", line, count=1)
            if " " in words and not LINK.match(words):
                found.append(line)
    return found


def test_there_are_pages() -> None:
    names = {str(page.relative_to(REPOSITORY)) for page in PAGES}
    assert {"README.md", "CONTRIBUTING.md", "docs/coverage.md", "roles/cluster/README.md"} <= names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_lines_and_cells_are_short(page: Path) -> None:
    assert too_wide(page.read_text(encoding="utf-8")) == []


LONG = "x" * 130
KINDS = [
    ("prose", "word " * 30, True),
    ("a line of code", "    " + "word " * 30, True),
    ("an item", "- " + "word " * 30, True),
    ("one long word", LONG, False),
    ("an item of one long word", f"- `{LONG}`", False),
    ("a picture", f"![of a thing](https://{LONG})", False),
    ("a long row of short cells", "| a word " * 20 + "|", False),
    ("a cell that is a paragraph", "| a | " + "word " * 30 + "|", True),
]


@pytest.mark.parametrize(("text", "wide"), [kind[1:] for kind in KINDS], ids=[k[0] for k in KINDS])
def test_what_is_too_wide(text: str, wide: bool) -> None:
    assert bool(too_wide(text + "\n")) is wide
