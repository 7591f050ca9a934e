# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Edits of Java property files, read as java.util.Properties reads them."""

from __future__ import annotations

import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    patch_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError


@pytest.mark.parametrize(
    ("document", "edits", "after", "actions"),
    [
        ("a=1\nb=2\n", [{"key": "a", "value": 3}], "a=3\nb=2\n", ["changed"]),
        ("a=1\n", [{"key": "a", "value": "1"}], "a=1\n", ["unchanged"]),
        ("  a : 1\n", [{"key": "a", "value": "2"}], "  a : 2\n", ["changed"]),
        ("a 1\n", [{"key": "a", "value": "2"}], "a 2\n", ["changed"]),
        ("a\n", [{"key": "a", "value": "2"}], "a=2\n", ["changed"]),
        ("a=\n", [{"key": "a", "value": "2"}], "a=2\n", ["changed"]),
        ("# c\r\na=1\r\n", [{"key": "a", "value": "2"}], "# c\r\na=2\r\n", ["changed"]),
        ("a=1\r\n", [{"key": "b", "value": "2"}], "a=1\r\nb=2\r\n", ["created"]),
        # A file without a line end at its end keeps that trait.
        ("a=1", [{"key": "b", "value": "2"}], "a=1\nb=2", ["created"]),
        ("", [{"key": "b", "value": "2"}], "b=2\n", ["created"]),
        ("a=1\n", [{"key": "b", "value": "2", "if_missing": "ignore"}], "a=1\n", ["ignored"]),
        (
            "#a=1\nb=2\n",
            [{"key": "a", "value": "3", "if_missing": ["uncomment", "create"]}],
            "a=3\nb=2\n",
            ["uncommented"],
        ),
        (
            "! a : 1\n",
            [{"key": "a", "value": "3", "if_missing": ["uncomment", "create"]}],
            "a=3\n",
            ["uncommented"],
        ),
        # Prose that begins with the key is no setting.
        (
            "# a sentence\n",
            [{"key": "a", "value": "3", "if_missing": ["uncomment", "create"]}],
            "# a sentence\na=3\n",
            ["created"],
        ),
        (
            "#a=1\n#a=2\n",
            [{"key": "a", "value": "3", "if_missing": "uncomment", "match": "first"}],
            "a=3\n#a=2\n",
            ["uncommented"],
        ),
        ("a=1\nb=2\n", [{"key": "a", "state": "absent"}], "b=2\n", ["removed"]),
        ("b=2\n", [{"key": "a", "state": "absent"}], "b=2\n", ["unchanged"]),
        ("a=1\na=2\n", [{"key": "a", "value": "3", "match": "all"}], "a=3\na=3\n", ["changed"]),
        ("a=1\na=2\n", [{"key": "a", "value": "3", "match": "first"}], "a=3\na=2\n", ["changed"]),
        (
            "a=1\nb=0\na=2\n",
            [{"key": "a", "state": "absent", "match": "all"}],
            "b=0\n",
            ["removed"],
        ),
        # A logical line may run over several natural ones, in the key as well as in the value.
        (
            "a=1,\\\n   2\nb=3\n",
            [{"key": "a", "value": "1,2"}],
            "a=1,\\\n   2\nb=3\n",
            ["unchanged"],
        ),
        ("a=1,\\\n   2\nb=3\n", [{"key": "a", "value": "4"}], "a=4\nb=3\n", ["changed"]),
        ("lo\\\n  ng=1\n", [{"key": "long", "value": "1"}], "lo\\\n  ng=1\n", ["unchanged"]),
        ("a\\\n  = 1\n", [{"key": "a", "value": "1"}], "a\\\n  = 1\n", ["unchanged"]),
        ("a=1\\\\\nb=2\n", [{"key": "b", "value": "3"}], "a=1\\\\\nb=3\n", ["changed"]),
        ("a\\:b\\ c=1\n", [{"key": "a:b c", "value": "2"}], "a\\:b\\ c=2\n", ["changed"]),
        ("x=1\n", [{"key": "a:b c", "value": "2"}], "x=1\na\\:b\\ c=2\n", ["created"]),
        ("a=\\u00e9\\t\n", [{"key": "a", "value": "\u00e9\t"}], "a=\\u00e9\\t\n", ["unchanged"]),
        (
            "a=1\n",
            [{"key": "a", "value": " \u00e9\u20ac\U0001f600\\\n\t"}],
            "a=\\ \\u00E9\\u20AC\\uD83D\\uDE00\\\\\\n\\t\n",
            ["changed"],
        ),
        (
            "a=\\ud83d\\ude00\n",
            [{"key": "a", "value": "\U0001f600"}],
            "a=\\ud83d\\ude00\n",
            ["unchanged"],
        ),
        # Found by random documents: an empty line ends a continuation, a backslash at the end of
        # the file continues into nothing, and behind a blank as separator a value must not begin
        # with what is a separator itself.
        ("l:\\\n\nb=2\n", [{"key": "l", "value": ""}], "l:\\\n\nb=2\n", ["unchanged"]),
        ("l:\\\r\n\r\nb=2\r\n", [{"key": "b", "value": "3"}], "l:\\\r\n\r\nb=3\r\n", ["changed"]),
        ("l=x\\", [{"key": "l", "value": "x"}], "l=x\\", ["unchanged"]),
        ("l=x\\\n", [{"key": "b", "value": "2"}], "l=x\\\n\nb=2\n", ["created"]),
        ("l=x\\", [{"key": "b", "value": "2"}], "l=x\\\n\nb=2", ["created"]),
        ("c 3\n", [{"key": "c", "value": "=x"}], "c \\=x\n", ["changed"]),
        ("c = 3\n", [{"key": "c", "value": "=x"}], "c = =x\n", ["changed"]),
        ("a=1\n", [{"key": "a", "value": "%{pw}"}], "a=can\\\\ary\n", ["changed"]),
        ("a=1\n", [{"key": "a", "value": False}], "a=false\n", ["changed"]),
    ],
)
def test_a_property_file_after_its_edits(
    edit: t.Any, document: str, edits: list[t.Any], after: str, actions: list[str]
) -> None:
    edited = edit(
        document.encode("latin-1"), *edits, secrets={"pw": "can\\ary"}, format="properties"
    )
    assert edited.after.decode("latin-1") == after
    assert edited.actions == actions


def test_bytes_outside_the_edit_stay(edit: t.Any) -> None:
    edited = edit(b"# caf\xe9 \xff\na=1\n", {"key": "a", "value": "2"}, format="properties")
    assert edited.after == b"# caf\xe9 \xff\na=2\n"


def test_the_line_is_that_of_the_result(edit: t.Any) -> None:
    edited = edit(
        "x=1\n\na=1\n", {"key": "a", "value": 2}, {"key": "z", "value": 3}, format="properties"
    )
    assert [(entry["key"], entry["line"], entry["count"]) for entry in edited.edits] == [
        ("a", 3, 1),
        ("z", 4, 1),
    ]


def test_a_password_that_is_replaced_is_masked(edit: t.Any) -> None:
    edited = edit(
        "a.pw = stored\n",
        {"key": "a.pw", "value": "%{pw}"},
        secrets={"pw": "canary"},
        format="properties",
    )
    diff = edited.result.diff[0]["prepared"]
    assert "a.pw" in diff
    assert "stored" not in diff and "canary" not in diff


@pytest.mark.parametrize(
    ("document", "entry", "sentence"),
    [
        ("a=1", {"value": "2"}, "the edit has no key"),
        ("a=1", {"key": "a"}, "the edit needs a value, or state absent, and not both"),
        (
            "a=1",
            {"key": "a", "value": "2", "state": "absent"},
            "the edit needs a value, or state absent, and not both",
        ),
        ("a=1", {"key": "a", "value": "2", "state": "gone"}, "state must be one of"),
        ("a=1", {"key": "a", "value": None}, "value is empty"),
        ("a=1", {"key": "a", "vaule": "2"}, "unknown key vaule. Did you mean value?"),
        (
            "a=1\na=2",
            {"key": "a", "value": "2"},
            "FILE: edit 1 (a): occurs 2 times (lines 1, 2); the last one counts",
        ),
        (
            "#a=1\n#a=2\n",
            {"key": "a", "value": "2", "if_missing": "uncomment"},
            "is commented out 2 times (lines 1, 2)",
        ),
        ("b=1", {"key": "a", "value": "2", "if_missing": "fail"}, "is not in the file"),
        ("a=1", {"key": "a", "value": "%{other}"}, "names a secret that is not among secrets (pw)"),
    ],
)
def test_an_edit_of_properties_that_is_refused(
    edit: t.Any, document: str, entry: dict[str, t.Any], sentence: str
) -> None:
    message = edit.error(document, entry, secrets={"pw": "canary"}, format="properties")
    assert sentence in message
    assert "canary" not in message


def test_edits_that_undo_each_other_are_not_repeatable(edit: t.Any) -> None:
    assert "is not repeatable" in edit.error(
        "", {"key": "a", "value": "1"}, {"key": "a", "state": "absent"}, format="properties"
    )


def test_a_file_that_is_missing_is_made_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "hazelcast.properties"
    entry = {"path": str(path), "format": "properties", "edits": [{"key": "a", "value": 1}]}
    with pytest.raises(
        OperatorError, match="does not exist. Correct the path, or mark the file as optional"
    ):
        patch_files([entry])
    ignored = patch_files([{**entry, "optional": True}])
    assert ([edit["action"] for edit in ignored.edits], ignored.changed, path.exists()) == (
        ["ignored"],
        False,
        False,
    )
    checked = patch_files([{**entry, "create": True}], check_mode=True)
    assert (checked.changed, path.exists()) == (True, False)
    assert checked.diff[0]["prepared"].startswith("--- /dev/null\n+++ " + str(path))
    made = patch_files([{**entry, "create": True}])
    assert (made.changed_files, path.read_bytes()) == ([str(path)], b"a=1\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert not patch_files([{**entry, "create": True}]).changed
