# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 - rows of tables: one line shows input and result side by side
"""Large documents are edited through tables of their elements; an edit must find there what XPath would find."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.xml import (
    document as xml_document,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.xml import (
    edited_document,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.xml.children import (
    Lookup,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.xml.document import (
    parse,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.xml.edited_document import (
    EditedDocument,
)

COUNT = 120


@pytest.fixture(autouse=True)
def every_document_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (xml_document, edited_document):
        monkeypatch.setattr(module, "LARGE", 0)


def document(namespace: str = "") -> str:
    lines = "".join(
        f"  <p name='{number}' kind='{number % 2}'>old</p>\n" for number in range(COUNT)
    )
    return f"<a{namespace}>\n{lines}</a>\n"


@pytest.mark.parametrize("namespace", ["", " xmlns='urn:x'"])
def test_an_element_among_many_is_found(edit: t.Any, namespace: str) -> None:
    edits = [
        {"xpath": xpath, "text": "new"}
        for xpath in ("/a/p[@name='77']", "/a/p[@name='78'][@kind='0']")
    ]
    edited = edit(document(namespace), *edits)
    assert edited.text == document(namespace).replace(
        "name='77' kind='1'>old", "name='77' kind='1'>new"
    ).replace("name='78' kind='0'>old", "name='78' kind='0'>new")


def test_what_earlier_edits_made_is_found_by_later_ones(edit: t.Any) -> None:
    edited = edit(
        document(),
        {"xpath": "/a/p[@name='new']", "text": "1", "if_missing": "create"},
        {"xpath": "/a/p[@name='new']/@kind", "text": "2"},
        {"xpath": "/a/p[@name='new'][@kind='2']/@more", "text": "3"},
        {"xpath": "/a/p[@name='5']", "state": "absent"},
    )
    assert [line for line in edited.added_lines if line] == [
        b'  <p name="new" kind="2" more="3">1</p>'
    ]
    assert edited.removed_lines == [b"  <p name='5' kind='1'>old</p>"]


def test_one_that_is_missing_among_many_is_said_to_be(edit: t.Any) -> None:
    assert "FILE: edit 1 (/a/p[@name='500']):" in edit.error(
        document(), {"xpath": "/a/p[@name='500']", "text": "x"}
    )
    assert "FILE: edit 1 (/b/p[@name='5']):" in edit.error(
        document(), {"xpath": "/b/p[@name='5']", "text": "x"}
    )


@pytest.mark.parametrize("namespace", ["", " xmlns='urn:x'"])
@pytest.mark.parametrize(
    "xpath",
    [
        "/a",
        "/b",
        "/a[@x='1']",
        "/a/p",
        "/a/p[@name='7']",
        "/a/p[@kind='1' and @name='7']",
        "/a/p[@none='1']",
        "/a/q/r",
        "/a/q/r[@s='t']",
        "/a/p/r",
    ],
)
def test_the_tables_say_what_xpath_says(namespace: str, xpath: str) -> None:
    text = document(namespace).replace("</a>", "<q><r s='t'/><r/><!-- c --></q><q/></a>")
    state = EditedDocument(text, "utf-8")
    path = state.path(xpath)
    assert Lookup.understands(path.steps)
    assert state.select(path) == state.evaluate(path.evaluated, path.prefixes)


@pytest.mark.parametrize(
    "xpath", ["//p", "/a/p[1]", "/a/p[x='1']", "/a/*", "/a/n:p", "/a/p[@n:m='1']", "/a/p[@m]"]
)
def test_what_the_tables_do_not_understand(xpath: str) -> None:
    assert not Lookup.understands(EditedDocument("<a/>", "utf-8").path(xpath).steps)


def test_a_change_is_seen() -> None:
    root = parse(document())
    state = EditedDocument(document(), "utf-8")
    lookup = Lookup(root, None)
    steps = state.path("/a/p[@name='new']").steps
    assert lookup.find(steps) == []
    root[0].set("name", "new")
    lookup.changed([], ["other"])
    assert lookup.find(steps) == []
    lookup.changed([], ["name"])
    assert lookup.find(steps) == [root[0]]
    del root[0]
    lookup.changed([root], [])
    assert lookup.find(steps) == []


def test_the_result_of_many_kinds_of_edits_is_that_of_a_small_document(
    edit: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    edits = [
        {"xpath": "/Server/Ports/Offset", "text": 3},
        {
            "xpath": "/Server/HostName",
            "text": "é’km.example.com",
            "if_missing": ["uncomment", "create"],
            "before": "Version",
        },
        {"xpath": "/Server/HostName", "attributes": {"kind": "new"}},
        {"xpath": "/Server/IndexPageURL", "state": "present", "if_missing": "uncomment"},
        {
            "xpath": "/Server/New",
            "xml": {"New": [{"A": {"@b": "3", "#text": "1"}}, {"B": 2}]},
            "if_missing": ["create"],
        },
        {"xpath": "/Server/New/A[@b='3']", "text": 1},
        {"xpath": "/Server/Name", "state": "commented"},
    ]
    large = edit.fixture("carbon.xml", *edits)
    for module in (xml_document, edited_document):
        monkeypatch.setattr(module, "LARGE", 1_000_000)
    small = edit.fixture("carbon.xml", *edits)
    assert (large.after, large.edits) == (small.after, small.edits)
    assert len(set(large.actions)) >= 4


def test_two_edits_of_one_place_are_told_after_the_document_was_read_again(edit: t.Any) -> None:
    message = edit.error(
        "<a>\n  <!--<b>1</b>-->\n  <c>1</c>\n</a>\n",
        {"xpath": "/a/c", "text": "2"},
        {"xpath": "/a/b", "text": "2", "if_missing": "uncomment"},
        {"xpath": "/a/c", "text": "3"},
    )
    assert "edit 1" in message


@pytest.mark.parametrize(
    "wrong", ["<a><b>2</b><c/></a>", "<a><b>1</b></a>", "<a><b>1</b><c/><d/></a>", "<a><b>1</b>"]
)
def test_a_result_that_does_not_mean_what_was_asked_for_is_refused(
    edit: t.Any, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setattr(edited_document, "_spliced", lambda text, pending: wrong)
    assert "internal error: the result does not mean" in edit.error(
        "<a><b>0</b><c/></a>", {"xpath": "/a/b", "text": "1"}
    )


def test_a_large_text_is_read_in_pieces_whatever_its_characters(edit: t.Any) -> None:
    text = "é’\U0001f600<![CDATA[x&y]]>" * 20000
    edited = edit(f"<a>\n<b>{text}</b>\n<c>1</c>\n</a>\n", {"xpath": "/a/c", "text": "2"})
    assert edited.text == f"<a>\n<b>{text}</b>\n<c>2</c>\n</a>\n"
