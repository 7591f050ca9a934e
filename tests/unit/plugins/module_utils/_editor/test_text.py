# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Edits of files that have no grammar: exact strings and regular expressions, counted."""

from __future__ import annotations

import typing as t

import pytest

HOSTS = "a https://old:9446/x\nb https://old:9446/y\n"


@pytest.mark.parametrize(
    ("document", "edits", "after", "actions"),
    [
        ("a=1\nb=2\n", [{"find": "a=1", "replace": "a=3"}], "a=3\nb=2\n", ["changed"]),
        ("a=3\n", [{"find": "a=1", "replace": "a=3"}], "a=3\n", ["unchanged"]),
        ("a=3\n", [{"find": "z", "replace": "y", "if_missing": "ignore"}], "a=3\n", ["ignored"]),
        (
            HOSTS,
            [{"find": "old:9446", "replace": "new:443", "match": "all"}],
            HOSTS.replace("old:9446", "new:443"),
            ["changed"],
        ),
        (
            "a=1 a=2\n",
            [{"regexp": "a=[12]", "replace": "a=1", "match": "first"}],
            "a=1 a=2\n",
            ["unchanged"],
        ),
        # The next run would take the second one for the first.
        (HOSTS, [{"find": "old:9446", "replace": "new:443", "match": "first"}], None, None),
        ("xx", [{"find": "x", "replace": "", "match": "all"}], "", ["changed"]),
        ("y", [{"find": "x", "replace": ""}], "y", ["unchanged"]),
        # What is looked for is part of what is put there: the second time it is found inside its
        # own replacement.
        (
            "port=1\n",
            [{"find": "port=1", "replace": "the port=1 of old"}],
            "the port=1 of old\n",
            ["changed"],
        ),
        ("a\r\nb\r\n", [{"find": "a\nb", "replace": "c\nd"}], "c\r\nd\r\n", ["changed"]),
        (
            "port=9446\n",
            [{"regexp": "^port=([0-9]+)$", "replace": r"port=9\g<1>", "match": "first"}],
            None,
            None,
        ),
        (
            "port = 9446\n",
            [{"regexp": r"^(port) *= *\d+$", "replace": r"\1 = 443"}],
            "port = 443\n",
            ["changed"],
        ),
        (
            "https://old:9446/ https://bank:9446/\n",
            [
                {
                    "regexp": "(?<=https://)(?:old|new):9446(?=/)",
                    "replace": "lb:443",
                    "match": "all",
                    "if_missing": "ignore",
                }
            ],
            "https://lb:443/ https://bank:9446/\n",
            ["changed"],
        ),
        ("p=1\n", [{"regexp": "^p=.*$", "replace": "p=%{pw}"}], "p=s\\1&'\"\n", ["changed"]),
        ("p=1\n", [{"find": "p=1", "replace": "p=%{pw} %%{x}"}], "p=s\\1&'\" %{x}\n", ["changed"]),
        ("n\n", [{"find": "n", "replace": 5}], "5\n", ["changed"]),
        ("n\n", [{"find": "n", "replace": True}], "true\n", ["changed"]),
    ],
)
def test_a_text_after_its_edits(
    edit: t.Any, document: str, edits: list[t.Any], after: str | None, actions: list[str] | None
) -> None:
    secrets = {"pw": "s\\1&'\""}
    if after is None:
        assert "is not repeatable" in edit.error(document, *edits, secrets=secrets, format="text")
        return
    edited = edit(document, *edits, secrets=secrets, format="text")
    assert edited.text == after
    assert edited.actions == actions


def test_the_places_are_counted_and_the_first_one_is_told(edit: t.Any) -> None:
    edited = edit(
        "x\n" + HOSTS, {"find": "old:9446", "replace": "lb", "match": "all"}, format="text"
    )
    assert (edited.edits[0]["count"], edited.edits[0]["line"], edited.edits[0]["find"]) == (
        2,
        2,
        "old:9446",
    )


def test_bytes_of_no_encoding_stay(edit: t.Any) -> None:
    edited = edit(b"caf\xe9 a=1 \x80\n", {"find": "a=1", "replace": "a=2"}, format="text")
    assert edited.after == b"caf\xe9 a=2 \x80\n"


def test_what_an_edit_replaces_beside_a_secret_is_masked_too(edit: t.Any) -> None:
    edited = edit(
        "password=stored\n",
        {"regexp": "(?<=password=).*", "replace": "%{pw}"},
        secrets={"pw": "canary"},
        format="text",
    )
    diff = edited.result.diff[0]["prepared"]
    assert "password=" in diff
    assert "stored" not in diff and "canary" not in diff


@pytest.mark.parametrize(
    ("document", "entry", "sentence"),
    [
        ("a", {"replace": "x"}, "the edit needs find or regexp, and not both"),
        (
            "a",
            {"find": "a", "regexp": "a", "replace": "x"},
            "the edit needs find or regexp, and not both",
        ),
        ("a", {"find": "", "replace": "x"}, "find is empty"),
        ("a", {"find": "a"}, "the edit has no replace"),
        ("a", {"find": "a", "replace": None}, "replace is empty"),
        ("a", {"find": "a", "replace": 1.5}, "replace is a floating point number"),
        ("a", {"find": "a", "replace": "x", "wrong": 1}, "unknown key wrong"),
        ("a", {"find": "a", "replace": "x", "match": "some"}, "match must be one of"),
        (
            "a",
            {"find": "a", "replace": "x", "if_missing": "create"},
            "if_missing must be one or more of fail, ignore",
        ),
        ("a", {"regexp": "(", "replace": "x"}, "is not a valid regular expression"),
        ("a", {"regexp": "a", "replace": r"\1"}, "is not a valid regular expression"),
        ("a", {"regexp": "(a)", "replace": r"\g<2>"}, "is not a valid regular expression"),
        ("a", {"regexp": "(a)", "replace": r"\g<name>"}, "is not a valid regular expression"),
        (
            "b",
            {"find": "a", "replace": "x"},
            "FILE: edit 1 (a): finds nothing, and the replacement is not there either",
        ),
        (
            "a\na\n",
            {"find": "a", "replace": "x"},
            "finds 2 places (lines 1, 2). Make it more exact, or say match: all",
        ),
        (
            "a",
            {"find": "a", "replace": "%{unknown}"},
            "names a secret that is not among secrets (pw)",
        ),
        (
            b"caf\xe9",
            {"find": "caf", "replace": "\u20ac"},
            "a character that the encoding of the file cannot hold",
        ),
        ("a", {"regexp": "[a-z]", "replace": "xy", "match": "first"}, "is not repeatable"),
    ],
)
def test_a_text_edit_that_is_refused(
    edit: t.Any, document: t.Any, entry: dict[str, t.Any], sentence: str
) -> None:
    message = edit.error(document, entry, secrets={"pw": "canary"}, format="text")
    assert sentence in message
    assert "canary" not in message
