# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The README of a role is its argument spec, in sections whose lines are short."""

from __future__ import annotations

import pytest
import yaml

from docs.tools import markdown_text, role_docs

SPECS = """
main:
  short_description: Keeps doors
  description:
    - Reads O(doors_lock).
  options:
    doors_lock:
      description: Which lock the door has.
      type: str
      choices: [V1, V2]
      default: V2
    doors_keys:
      description:
        - The keys.
        - One each.
      type: list
      elements: dict
      required: true
      options:
        name:
          description: Name of <the> key.
          type: str
          required: true
        copies:
          description: How many.
          type: int
          default: 1
open:
  short_description: Opens the door
"""
PAGE = """<!-- Written by scripts/docs from meta/argument_specs.yml: edit that file. -->

# Role carbon_ops.key_manager.doors

Keeps doors.

Reads `doors_lock`.

## Variables

### `doors_lock`

Type: str; one of `V1`, `V2`; default `V2`.

Which lock the door has.

### `doors_keys`

Type: list of dict; **required**.

The keys.

One each.

- `name` (str; **required**): Name of &lt;the> key.
- `copies` (int; default `1`): How many.

## Entry point `open`

Opens the door.

### Variables

The role has none of its own.
"""


def test_the_page_of_a_role() -> None:
    specs = yaml.safe_load(SPECS)
    page = role_docs.render("doors", specs, "")
    assert page == PAGE


def test_what_is_written_by_hand_comes_first() -> None:
    page = role_docs.render("doors", yaml.safe_load(SPECS), "# Doors\n\nBy hand.")
    assert page.startswith("# Doors\n\nBy hand.\n\n<!-- Written by scripts/docs")
    assert "\n## Variables\n\nKeeps doors.\n" in page


LINES = [
    ("a b", "- ", "- a b"),
    ("w " * 60 + "end", "", "w " * 59 + "w\nend"),
    ("w " * 60 + "- x", "", "w " * 58 + "w\nw - x"),
    ("w " * 60 + "1. x", "", "w " * 58 + "w\nw 1. x"),
    ("w " * 60 + "# x", "", "w " * 58 + "w\nw # x"),
    ("x" * 130 + " y", "- ", "- " + "x" * 130 + "\n  y"),
    ("", "- ", ""),
]


@pytest.mark.parametrize(("text", "first", "lines"), LINES)
def test_lines_are_broken_where_markdown_takes_no_word_for_a_mark(
    text: str, first: str, lines: str
) -> None:
    assert markdown_text.wrapped(text, first) == lines
