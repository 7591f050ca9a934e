# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Large documents are edited through tables of their elements; an edit must find there what XPath would find."""

from __future__ import annotations

from typing import Any

import pytest

COUNT = 120


def document(namespace: str = "") -> str:
    lines = "".join("  <p name='{0}' kind='{1}'>old</p>\n".format(number, number % 2) for number in range(COUNT))
    return "<a{0}>\n{1}</a>\n".format(namespace, lines)


@pytest.mark.parametrize("namespace", ["", " xmlns='urn:x'"])
def test_an_element_among_many_is_found(edit: Any, namespace: str) -> None:
    edits = [{"xpath": xpath, "text": "new"} for xpath in ("/a/p[@name='77']", "/a/p[@name='78'][@kind='0']")]
    edited = edit(document(namespace), *edits)
    assert edited.text == document(namespace).replace("name='77' kind='1'>old", "name='77' kind='1'>new").replace(
        "name='78' kind='0'>old", "name='78' kind='0'>new"
    )


def test_what_earlier_edits_made_is_found_by_later_ones(edit: Any) -> None:
    edited = edit(
        document(),
        {"xpath": "/a/p[@name='new']", "text": "1", "if_missing": "create"},
        {"xpath": "/a/p[@name='new']/@kind", "text": "2"},
        {"xpath": "/a/p[@name='new'][@kind='2']/@more", "text": "3"},
        {"xpath": "/a/p[@name='5']", "state": "absent"},
    )
    assert [line for line in edited.added_lines if line] == [b'  <p name="new" kind="2" more="3">1</p>']
    assert edited.removed_lines == [b"  <p name='5' kind='1'>old</p>"]


def test_one_that_is_missing_among_many_is_said_to_be(edit: Any) -> None:
    assert "FILE: edit 1 (/a/p[@name='500']):" in edit.error(document(), {"xpath": "/a/p[@name='500']", "text": "x"})
    assert "FILE: edit 1 (/b/p[@name='5']):" in edit.error(document(), {"xpath": "/b/p[@name='5']", "text": "x"})
