# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 - rows of tables: one line shows document, edit and result side by side
"""Settings that stand commented out, in every form the products use."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.xml.comments import (
    element_places,
    joined_pieces,
    with_brackets,
)

UNCOMMENT = {"state": "present", "if_missing": "uncomment"}

CASES: list[tuple[str, str, str, str]] = [
    ("plain", "<a>\n  <!--<x>1</x>-->\n</a>", "/a/x", "<a>\n  <x>1</x>\n</a>"),
    ("plain with blanks", "<a>\n  <!-- <x>1</x> -->\n</a>", "/a/x", "<a>\n  <x>1</x>\n</a>"),
    ("swallowed", "<a>\n  <!--x>1</x-->\n</a>", "/a/x", "<a>\n  <x>1</x>\n</a>"),
    ("swallowed after a blank", "<a>\n  <!-- x>1</x-->\n</a>", "/a/x", "<a>\n  <x>1</x>\n</a>"),
    ("swallowed between blanks", "<a>\n  <!-- x>1</x -->\n</a>", "/a/x", "<a>\n  <x>1</x>\n</a>"),
    ("swallowed in front only", "<a>\n  <!--x>1</x>-->\n</a>", "/a/x", "<a>\n  <x>1</x>\n</a>"),
    ("swallowed at the end only", "<a>\n  <!--<x>1</x-->\n</a>", "/a/x", "<a>\n  <x>1</x>\n</a>"),
    (
        "swallowed with attributes",
        "<a>\n  <!--x b=\"1\" c ='2'>1</x-->\n</a>",
        "/a/x[@b='1']",
        "<a>\n  <x b=\"1\" c ='2'>1</x>\n</a>",
    ),
    ("swallowed and empty", '<a>\n  <!--x b="1"/-->\n</a>', "/a/x", '<a>\n  <x b="1"/>\n</a>'),
    ("swallowed and only a name", "<a>\n  <!--x/-->\n</a>", "/a/x", "<a>\n  <x/>\n</a>"),
    (
        "swallowed over several lines",
        "<a>\n  <!--x>\n    <y>1</y>\n  </x-->\n</a>",
        "/a/x",
        "<a>\n  <x>\n    <y>1</y>\n  </x>\n</a>",
    ),
    (
        "swallowed siblings, the first",
        "<a>\n  <!--x n='1'/>\n  <x n='2'/-->\n</a>",
        "/a/x[@n='1']",
        "<a>\n  <x n='1'/>\n  <!-- <x n='2'/>-->\n</a>",
    ),
    (
        "swallowed siblings, the last",
        "<a>\n  <!--x n='1'/>\n  <x n='2'/-->\n</a>",
        "/a/x[@n='2']",
        "<a>\n  <!--<x n='1'/>-->\n  <x n='2'/>\n</a>",
    ),
    (
        "the marks on lines of their own",
        "<a>\n  <!--\n    <x>1</x>\n  -->\n</a>",
        "/a/x",
        "<a>\n    <x>1</x>\n</a>",
    ),
    (
        "the marks on lines of their own, with blank lines",
        "<a>\n  <!--\n\n    <x>1</x>\n\n  -->  \n</a>",
        "/a/x",
        "<a>\n    <x>1</x>  \n</a>",
    ),
    (
        "Windows line ends",
        "<a>\r\n  <!--\r\n    <x>1</x>\r\n  -->\r\n</a>",
        "/a/x",
        "<a>\r\n    <x>1</x>\r\n</a>",
    ),
    (
        "the opening mark behind something",
        "<a>\n  <b/> <!--\n    <x>1</x>\n  -->\n</a>",
        "/a/x",
        "<a>\n  <b/> \n    <x>1</x>\n</a>",
    ),
    (
        "the closing mark before something",
        "<a>\n  <!--\n    <x>1</x>\n  --> <b/>\n</a>",
        "/a/x",
        "<a>\n    <x>1</x>\n   <b/>\n</a>",
    ),
    (
        "among others, the first",
        "<a>\n  <!--\n    <x>1</x>\n    <y>2</y>\n  -->\n</a>",
        "/a/x",
        "<a>\n    <x>1</x>\n    <!-- <y>2</y>\n  -->\n</a>",
    ),
    (
        "among others, the last",
        "<a>\n  <!--\n    <x>1</x>\n    <y>2</y>\n  -->\n</a>",
        "/a/y",
        "<a>\n  <!--\n    <x>1</x> -->\n    <y>2</y>\n</a>",
    ),
    (
        "among others, the middle",
        "<a><!--<x/><y/><z/>--></a>",
        "/a/y",
        "<a><!--<x/>--><y/><!-- <z/>--></a>",
    ),
    (
        "in prose, on its own line",
        "<a>\n  <!-- why\n  <x>1</x>\n  and how -->\n</a>",
        "/a/x",
        "<a>\n  <!-- why -->\n  <x>1</x>\n  <!-- and how -->\n</a>",
    ),
    (
        "in prose that ends with a dash",
        "<a>\n  <!--why-\n  <x>1</x>-->\n</a>",
        "/a/x",
        "<a>\n  <!--why- -->\n  <x>1</x>\n</a>",
    ),
    (
        "beside broken markup",
        "<a>\n  <!-- a <b> here\n  <x>1</x>\n -->\n</a>",
        "/a/x",
        "<a>\n  <!-- a <b> here -->\n  <x>1</x>\n</a>",
    ),
    (
        "with a prefix",
        '<a xmlns:p="u">\n  <!--<p:x>1</p:x>-->\n</a>',
        "/a/p:x",
        '<a xmlns:p="u">\n  <p:x>1</p:x>\n</a>',
    ),
    (
        "in the default namespace",
        '<a xmlns="u">\n  <!--x>1</x-->\n</a>',
        "/a/x",
        '<a xmlns="u">\n  <x>1</x>\n</a>',
    ),
    (
        "behind an element on its line",
        "<a>\n  <b/><!--<x>1</x>-->\n</a>",
        "/a/x",
        "<a>\n  <b/><x>1</x>\n</a>",
    ),
    (
        "every line a comment of its own",
        "<a>\n  <!--<x>-->\n  <!-- <y>1</y> -->\n  <!-- why\n -->\n  <!--</x>-->\n</a>",
        "/a/x",
        "<a>\n  <x>\n  <y>1</y>\n  <!-- why\n -->\n  </x>\n</a>",
    ),
    (
        "the start tag over two comments",
        '<a>\n  <!--<x b="1"-->\n  <!--c="2"/>-->\n</a>',
        "/a/x",
        '<a>\n  <x b="1"\n  c="2"/>\n</a>',
    ),
    (
        "pieces with Windows line ends",
        "<a>\r\n  <!--<x>-->\r\n  <!--</x>-->\r\n</a>",
        "/a/x",
        "<a>\r\n  <x>\r\n  </x>\r\n</a>",
    ),
    (
        "the whole path is looked at",
        "<a><b><!--<x/>--></b><c><!--<x/>--></c></a>",
        "/a/c/x",
        "<a><b><!--<x/>--></b><c><x/></c></a>",
    ),
    ("active wins", "<a><x/><!--<x/>--></a>", "/a/x", "<a><x/><!--<x/>--></a>"),
    ("any name", "<a><!--<x b='1'/>--></a>", "/a/*[@b='1']", "<a><x b='1'/></a>"),
]


@pytest.mark.parametrize(
    ("document", "xpath", "result"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_uncommented(edit: t.Any, document: str, xpath: str, result: str) -> None:
    edited = edit(document, {"xpath": xpath, **UNCOMMENT})
    assert edited.text == result
    assert edited.actions == ["unchanged" if document == result else "uncommented"]


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (
            "<a>\n<!-- Ex : <x>.*</x> means any -->\n</a>",
            "selects nothing; the nearest that exists is /a (line 1), which has no x.",
        ),
        (
            "<a>\n<!--<x>1</x>-->\n<!--x>2</x-->\n</a>",
            "is commented out 2 times (lines 2, 3). Say match: first, or make the xpath more exact.",
        ),
        (
            "<a>\n<!--\n<x>1</x>\n<x>2</x>\n-->\n</a>",
            "is commented out 2 times (lines 3, 4). Say match: first, or make the xpath more exact.",
        ),
        ("<a>\n<!--\n<y>\n<x>1</x></y>\n-->\n</a>", "selects nothing"),
        ("<a>\n<!--<x><y>1</y><z>\n</x>-->\n</a>", "selects nothing"),
        ("<a>\n<!--<x>&unknown;</x>-->\n</a>", "selects nothing"),
        ("<a>\n<!--<p:x/>-->\n</a>", "selects nothing"),
        ("<a>\n<!--x-->\n<!---->\n</a>", "selects nothing"),
        ("<a>\n<!--<x>-->\n<b/>\n<!--</x>-->\n</a>", "selects nothing"),
        ("<a>\n<!--<x>-->\n<!--<y></x>-->\n</a>", "selects nothing"),
        ("<a>\n<!--<x>-->\n<!--&unknown;</x>-->\n</a>", "selects nothing"),
        ("<!--<x/>-->\n<a/>", "selects nothing"),
    ],
)
def test_not_uncommented(edit: t.Any, document: str, sentence: str) -> None:
    assert sentence in edit.error(document, {"xpath": "/a/x", **UNCOMMENT})


def test_the_first_of_several(edit: t.Any) -> None:
    edited = edit(
        "<a><!--<x>1</x>--><!--x>2</x--></a>", {"xpath": "/a/x", **UNCOMMENT, "match": "first"}
    )
    assert edited.text == "<a><x>1</x><!--x>2</x--></a>"


def test_uncommented_with_a_new_text(edit: t.Any) -> None:
    edited = edit(
        "<a>\n <!-- x>1</x-->\n</a>",
        {"xpath": "/a/x", "text": 2, "attributes": {"b": 1}, "if_missing": ["create", "uncomment"]},
    )
    assert (edited.text, edited.actions) == ('<a>\n <x b="1">2</x>\n</a>', ["uncommented"])


def test_a_whole_block_uncommented_with_one_line_changed(edit: t.Any) -> None:
    edited = edit(
        "<a>\n <!--x>\n  <y>1</y>\n  <z>2</z>\n </x-->\n</a>",
        {"xpath": "/a/x", "xml": {"x": [{"y": 1}, {"z": 3}]}, "if_missing": "uncomment"},
    )
    assert edited.text == "<a>\n <x>\n  <y>1</y>\n  <z>3</z>\n </x>\n</a>"


def test_what_was_uncommented_can_be_edited_inside(edit: t.Any) -> None:
    edited = edit(
        "<a>\n <!--x>\n  <y>1</y>\n </x-->\n</a>",
        {"xpath": "/a/x", **UNCOMMENT},
        {"xpath": "/a/x/y", "text": 2},
    )
    assert edited.text == "<a>\n <x>\n  <y>2</y>\n </x>\n</a>"


def test_an_ancestor_is_never_uncommented(edit: t.Any) -> None:
    document = "<a>\n <!--\n prose\n\n <u>\n  <x>1</x>\n </u>-->\n</a>"
    assert edit.error(document, {"xpath": "/a/u/x", **UNCOMMENT}) == (
        "FILE: edit 1 (/a/u/x): selects nothing. It is commented out at line 6, inside u (line 5), which must be uncommented first."
    )


def test_a_hint_where_it_stands(edit: t.Any) -> None:
    assert edit.error("<a>\n <!--\n <x/>-->\n</a>", {"xpath": "/a/x", "text": 1}) == (
        "FILE: edit 1 (/a/x): selects nothing. It is commented out at line 3: say if_missing: [uncomment] to switch it on."
    )


@pytest.mark.parametrize(
    ("content", "result"),
    [
        ("x>1</x", "<x>1</x>"),
        (" x>1</x ", " <x>1</x> "),
        ("prose", "prose"),
        ("prose with a <tag/>", "prose with a <tag/>"),
        ("<x/>see http://host/", "<x/>see http://host/"),
        ("x a='1'", "x a='1'"),
        (" \n ", " \n "),
        ("x > 1", "<x > 1"),
    ],
)
def test_brackets(content: str, result: str) -> None:
    assert with_brackets(content) == result


def test_places_of_elements() -> None:
    assert element_places("<x/> <y>1</y>") == [(0, 4), (5, 13)]
    assert element_places("<x>") == []
    assert element_places("prose <x/>") == []
    assert element_places("</x><y/>") == []


def test_pieces_that_do_not_make_an_element() -> None:
    assert joined_pieces([], {}, None) is None
    assert joined_pieces([("prose", "")], {}, None) is None
    assert joined_pieces([("<x>", "\n"), ("never closed", "")], {}, None) is None
    assert joined_pieces([("<x>", "\n"), ("</x>", "")], {}, "y") is None
