# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A line feed that a task writes is one. Of '\\n' in an unquoted or a block text Ansible makes a
backslash and an n."""

from __future__ import annotations

import re
import typing as t

import yaml

from tests.support.paths import REPOSITORY

ESCAPE = re.compile(r"""['"][^'"]*\\[nrt][^'"]*['"]""")
# Regular expressions read the two characters as what they stand for.
REGULAR = re.compile(r"regex_\w+\([^)]*\)|(?:match|search)\([^)]*\)")


def texts(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def literal(value: t.Any) -> list[str]:
    """The expressions that hold the two characters after YAML has been read."""
    expressions = (part for text in texts(value) for part in re.findall(r"\{\{.*?\}\}", text, re.S))
    return [each for each in expressions if ESCAPE.search(REGULAR.sub("", each))]


def test_no_task_takes_a_backslash_and_an_n_for_a_line_feed() -> None:
    files = sorted(REPOSITORY.glob("roles/*/tasks/*.yml")) + sorted(
        REPOSITORY.glob("playbooks/**/*.yml")
    )
    assert len(files) > 30
    found = {
        str(path.relative_to(REPOSITORY)): literal(yaml.safe_load(path.read_text(encoding="utf-8")))
        for path in files
    }
    assert {path: each for path, each in found.items() if each} == {}


def test_what_is_looked_for_is_found() -> None:
    assert literal(yaml.safe_load("content: |\n  {{ lines | join('\\n') }}\n")) == [
        "{{ lines | join('\\n') }}"
    ]
    assert literal(yaml.safe_load("""content: "{{ lines | join('\\n') }}\\n"\n""")) == []
    assert literal(yaml.safe_load("content: |\n  {{ text | regex_replace('\\n', '') }}\n")) == []
