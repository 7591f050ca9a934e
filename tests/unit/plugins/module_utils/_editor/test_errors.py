# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 - rows of tables: one line shows document, edit and result side by side
"""Errors: one clear sentence with file, edit and what is there instead; never a word of the document, never a value."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.xml.document import (
    parse,
)

DOCUMENT = "<a>\n  <b c='1'>canary</b>\n  <b c='2'>canary<d/></b>\n  <port/>\n  <e/>\n</a>\n"

# edits of the document above -> what the sentence says
CASES: list[tuple[dict[str, t.Any], str]] = [
    ({}, "the edit has no xpath."),
    ({"xpath": " "}, "the edit has no xpath."),
    (
        {"xpath": "/a"},
        "the edit says nothing to do: give text, authority, attributes, xml, properties or state.",
    ),
    (
        {"xpath": "a/e", "text": "canary"},
        "the xpath is relative. Begin it with / or give the file entry a root.",
    ),
    (
        {"xpath": "/a/e", "txt": "canary"},
        "the edit has the unknown key txt. Did you mean text? Known are xpath,",
    ),
    ({"xpath": "/a/e", "zzz": "canary"}, "the edit has the unknown key zzz. Known are xpath,"),
    ({"xpath": "/a/e", "text": None}, 'text is empty. Quote it: "" is an empty value.'),
    (
        {"xpath": "/a/e", "text": 1.5},
        "text is a floating point number, whose digits YAML does not keep. Quote it.",
    ),
    ({"xpath": "/a/e", "text": ["canary"]}, "text must be a text, a whole number or a boolean."),
    (
        {"xpath": "/a/e", "text": "\x00canary"},
        "the value holds a character that XML does not allow.",
    ),
    (
        {"xpath": "/a/e", "attributes": {"f": "\x00canary"}},
        "the value holds a character that XML does not allow.",
    ),
    ({"xpath": "/a/e", "attributes": ["canary"]}, "attributes must be a mapping."),
    ({"xpath": "/a/e", "attributes": {}}, "attributes names nothing."),
    ({"xpath": "/a/e", "attributes": {"f": 1.5}}, "f in attributes is a floating point number"),
    (
        {"xpath": "/a/e", "attributes": {"1": "x"}},
        "attributes holds a name that is not a valid XML name.",
    ),
    (
        {"xpath": "/a/e", "attributes": {"p:f": "x"}},
        "the attribute p:f has a prefix that is not declared at that place.",
    ),
    (
        {"xpath": "/a/e", "attributes": {"xmlns": "x"}},
        "a namespace declaration is not an attribute that can be edited.",
    ),
    (
        {"xpath": "/a/e", "attributes": {"xmlns:p": "x"}},
        "a namespace declaration is not an attribute that can be edited.",
    ),
    ({"xpath": "/a/e", "text": "x", "match": "some"}, "match must be one of one, first, all."),
    (
        {"xpath": "/a/e", "text": "x", "if_missing": "skip"},
        "if_missing must be one or more of fail, uncomment, create, ignore.",
    ),
    ({"xpath": "/a/e", "text": "x", "if_missing": []}, "if_missing must be one or more of"),
    ({"xpath": "/a/e", "state": "gone"}, "state must be one of present, absent, commented."),
    ({"xpath": "/a/e", "state": "absent", "text": "x"}, "state absent does not go with text."),
    (
        {"xpath": "/a/e", "state": "commented", "attributes": {"f": 1}},
        "state commented does not go with attributes.",
    ),
    (
        {"xpath": "/a/e", "xml": "<e/>", "text": "x"},
        "xml is the whole element and does not go with text.",
    ),
    (
        {"xpath": "/a/e", "properties": {"x": 1}, "text": "x"},
        "properties are lines of the text and do not go with text.",
    ),
    (
        {"xpath": "/a/e", "text": "x", "before": "b", "after": "b"},
        "before and after exclude each other.",
    ),
    ({"xpath": "/a/e", "text": "x", "before": ""}, "before must be an XPath."),
    (
        {"xpath": "/a/e", "text": "x", "before": "/a/b"},
        "before is relative to the parent: leave the leading / out.",
    ),
    ({"xpath": "/a/e", "text": "x", "parent": "a"}, "the xpath is relative."),
    (
        {"xpath": "/a/e/@f", "state": "present"},
        "an xpath that ends in an attribute goes with text, or with state absent.",
    ),
    (
        {"xpath": "/a/e/@f", "attributes": {"f": 1}},
        "an xpath that ends in an attribute goes with text, or with state absent.",
    ),
    ({"xpath": "/a/e/@f"}, "the edit says nothing to do: give text, or state absent."),
    ({"xpath": "/a/e", "text": "%{x}"}, "%{x} names a secret that is not among secrets (known)."),
    # the XPath
    ({"xpath": "/a/[", "text": "x"}, "the xpath is not valid XPath 1.0."),
    ({"xpath": "/a/e[", "text": "x"}, "the xpath is not valid XPath 1.0."),
    ({"xpath": "/a/e#", "text": "x"}, "the xpath is not valid XPath 1.0."),
    (
        {"xpath": "/a/e[unknown()]", "text": "x"},
        "the xpath cannot be evaluated. Check its functions.",
    ),
    ({"xpath": "/a/e[$v]", "text": "x"}, "the xpath uses a variable, which has no value here."),
    (
        {"xpath": "/a/p:e", "text": "x"},
        "the xpath uses the prefix p, which the document does not declare.",
    ),
    (
        {"xpath": "/a/b/text()", "text": "x"},
        "the xpath must select elements, or one attribute as its last step.",
    ),
    ({"xpath": "/a/comment()", "text": "x", "if_missing": "ignore"}, ""),
    ({"xpath": "(count(/a))", "text": "x"}, "the xpath must select elements"),
    ({"xpath": "/a/b/@*", "text": "x"}, "the xpath must select elements"),
    # nothing or too much selected
    (
        {"xpath": "/a/b", "text": "x"},
        "selects 2 elements (lines 2, 3). Make the xpath more exact, or say match: first or match: all.",
    ),
    (
        {"xpath": "/a/prot", "text": "x"},
        "selects nothing; the nearest that exists is /a (line 1), which has no prot (did you mean port?).",
    ),
    (
        {"xpath": "/a/zzz/y", "text": "x"},
        "selects nothing; the nearest that exists is /a (line 1), which has no zzz.",
    ),
    (
        {"xpath": "/a/b[@c='3']/d", "text": "x"},
        "selects nothing; the nearest that exists is /a (line 1), which has b, but none that meets the condition.",
    ),
    (
        {"xpath": "/a/port//d", "text": "x"},
        "selects nothing; the nearest that exists is /a/port (line 4).",
    ),
    ({"xpath": "/x/b", "text": "x"}, "selects nothing; the root element is a."),
    (
        {"xpath": "/a[@x]/b", "text": "x"},
        "selects nothing; the root element a does not meet the condition or is in another namespace.",
    ),
    ({"xpath": "//zzz", "text": "x"}, "selects nothing."),
    ({"xpath": "(//zzz)", "text": "x"}, "selects nothing."),
    (
        {"xpath": "/a/zzz", "state": "commented"},
        "selects nothing; the nearest that exists is /a (line 1), which has no zzz.",
    ),
    # values that do not fit
    (
        {"xpath": "/a/b[d]", "text": "x"},
        "b (line 3) has child elements, so its text cannot be set. Use xml.",
    ),
    (
        {"xpath": "/a/b[d]", "properties": {"x": 1}},
        "b (line 3) has children, so its text is not lines of properties.",
    ),
    (
        {"xpath": "/a/e", "properties": {"x y": 1}},
        "the key of a property may hold letters, digits, dots, dashes and underscores.",
    ),
    (
        {"xpath": "/a/e", "properties": {"x": "1\n2"}},
        "the value of the property x holds a line break.",
    ),
    (
        {"xpath": "/a/e", "properties": {"x": "\x00"}},
        "the value holds a character that XML does not allow.",
    ),
    ({"xpath": "/a", "state": "absent"}, "the root element cannot be removed."),
    ({"xpath": "/a", "state": "commented"}, "the root element cannot be commented out."),
    (
        {"xpath": "/a", "xml": {"a": "canary"}},
        "the root element cannot be replaced as a whole. Edit its children.",
    ),
    # xml
    ({"xpath": "/a/e", "xml": {"f": 1}}, "xml is the element f, but the xpath selects e."),
    (
        {"xpath": "/a/e", "xml": {"e": 1, "f": 1}},
        "xml as data must be a mapping with exactly one key, the name of the element.",
    ),
    ({"xpath": "/a/e", "xml": ["canary"]}, "xml as data must be a mapping with exactly one key"),
    (
        {"xpath": "/a/e", "xml": {"e": ["canary"]}},
        "the list under e in xml must hold mappings, one for each child element.",
    ),
    ({"xpath": "/a/e", "xml": {"e": None}}, 'e in xml is empty. Quote it: "" is an empty value.'),
    (
        {"xpath": "/a/e", "xml": {"e": [{"#text": "x"}, {"f": 1}]}},
        "e in xml has both a text and child elements. Give such an element as a string.",
    ),
    ({"xpath": "/a/e", "xml": {"e f": 1}}, "xml holds a name that is not a valid XML name."),
    (
        {"xpath": "/a/e", "xml": {"e": {"@f g": 1}}},
        "xml holds a name that is not a valid XML name.",
    ),
    (
        {"xpath": "/a/e", "xml": "<e>"},
        "xml is not a well-formed element, or uses a prefix that is not declared at that place.",
    ),
    ({"xpath": "/a/e", "xml": "<p:e/>"}, "xml is not a well-formed element, or uses a prefix"),
    ({"xpath": "/a/e", "xml": "<e>&canary;</e>"}, "xml is not a well-formed element"),
    ({"xpath": "/a/e", "xml": "<e/><e/>"}, "xml must be exactly one element."),
    ({"xpath": "/a/e", "xml": "canary<e/>"}, "xml must be exactly one element."),
    ({"xpath": "/a/e", "xml": "<e/>canary"}, "xml must be exactly one element."),
    ({"xpath": "/a/e", "xml": "canary"}, "xml must be exactly one element."),
    # creating
    (
        {"xpath": "/a/f[1]", "text": "x", "if_missing": "create"},
        "cannot be created: the step f[1] is not of the form name[@a='v']. Give the whole element with xml.",
    ),
    (
        {"xpath": "/a/f[@a]", "text": "x", "if_missing": "create"},
        "cannot be created: the step f[@a] is not of the form",
    ),
    (
        {"xpath": "/a/f[@a='1' or @b='2']", "text": "x", "if_missing": "create"},
        "cannot be created: the step f[@a='1' or @b='2'] is not of the form",
    ),
    (
        {"xpath": "/a/f[x='1']/g", "text": "x", "if_missing": "create"},
        "cannot be created: the step f[x='1'] is not of the form",
    ),
    (
        {"xpath": "/a/f[x='1']/g", "xml": "<g/>", "if_missing": "create"},
        "cannot be created: the step f[x='1'] is not of the form",
    ),
    ({"xpath": "/a/e/f//g", "text": "x", "if_missing": "create"}, "cannot be created: the step g"),
    (
        {"xpath": "/a/e//g", "text": "x", "if_missing": "create"},
        "cannot be created, because the xpath does not show the parent. Name it with parent.",
    ),
    (
        {"xpath": "//g", "text": "x", "if_missing": "create"},
        "cannot be created, because its root element is another one.",
    ),
    (
        {"xpath": "/x/g", "text": "x", "if_missing": "create"},
        "cannot be created, because its root element is another one; the root element is a.",
    ),
    (
        {"xpath": "(//g)", "text": "x", "if_missing": "create"},
        "cannot be created, because the xpath is not a plain path. Write the steps from the root.",
    ),
    (
        {"xpath": "/a/b/g", "text": "x", "if_missing": "create"},
        "cannot be created, because /a/b selects 2 elements (lines 2, 3).",
    ),
    (
        {"xpath": "//g", "text": "x", "if_missing": "create", "parent": "/a/b"},
        "cannot be created, because parent selects 2 elements, not one.",
    ),
    (
        {"xpath": "/a/g", "text": "x", "if_missing": "create", "before": "zzz"},
        "cannot be created, because before (zzz) selects no child of a (line 1).",
    ),
    (
        {"xpath": "/a/g", "text": "x", "if_missing": "create", "after": "b/d"},
        "cannot be created, because after (b/d) selects no child of a (line 1).",
    ),
    (
        {"xpath": "/a/b[@c='1']/g", "text": "x", "if_missing": "create"},
        "cannot be created, because b (line 2) holds text.",
    ),
    (
        {"xpath": "/a/g[h='1']", "xml": "<g><h>2</h></g>", "if_missing": "create"},
        "what was created is not what the xpath selects. Make xml and xpath agree.",
    ),
]


@pytest.mark.parametrize(
    ("entry", "sentence"), CASES, ids=[f"{number}" for number in range(len(CASES))]
)
def test_sentence(edit: t.Any, entry: dict[str, t.Any], sentence: str) -> None:
    if not sentence:
        edit(DOCUMENT, entry)
        return
    message = edit.error(DOCUMENT, entry, secrets={"known": "canary"})
    selector = f" ({entry['xpath']})" if entry.get("xpath") else ""
    assert message.startswith(f"FILE: edit 1{selector}: {sentence}")
    assert "canary" not in message


@pytest.mark.parametrize(
    ("document", "edits", "sentence"),
    [
        ("<a><p n='1'/></a>", [{"xpath": "/a/p[@n='1']", "attributes": {"n": 2}}], "edit 1 (/a/p[@n='1']): is not repeatable: made again after all edits of this file, it selects nothing"),
        ("<a><p>1</p></a>", [{"xpath": "/a/p", "text": 2}, {"xpath": "/a/p", "text": 3}], "edit 2 (/a/p): writes what edit 1 of this file has already written (text). Keep one of the two."),
        ("<a><p n='1'/></a>", [{"xpath": "/a/p/@n", "text": 2}, {"xpath": "/a/p", "attributes": {"n": 3}}], "edit 2 (/a/p): writes what edit 1 of this file has already written (attribute n)."),
        ("<a><p>1</p></a>", [{"xpath": "/a/p", "text": 2}, {"xpath": "/a/q", "text": 1, "if_missing": "create"}, {"xpath": "/a/q/@z", "text": 3}, {"xpath": "/a/p", "text": 3}], "edit 4 (/a/p): writes what edit 1 of this file has already written"),
        ("<a><p>1</p></a>", [{"xpath": "/a/p", "text": 2}, {"xpath": "/a/p", "state": "absent"}], "edit 1 (/a/p): is not repeatable"),
        ("<a/>", [{"xpath": "/a/p", "xml": "<p>1</p>", "if_missing": "create"}, {"xpath": "/a/p", "text": 2}], "edit 1 (/a/p): is not repeatable: made again after all edits of this file, it would change the file again."),
        ("<a><p/></a>", [{"xpath": "/a/p", "state": "commented"}, {"xpath": "/a/p", "state": "present", "if_missing": "uncomment"}], "edit 1 (/a/p): is not repeatable"),
        ("<a><p>1</p><p>2</p></a>", [{"xpath": "/a/p", "text": 3, "match": "first"}, {"xpath": "/a/p[.='2']", "state": "absent"}, {"xpath": "/a/p[.='1']", "state": "absent"}, {"xpath": "/a/p[.='2']", "text": "4", "if_missing": "ignore"}], ""),
        ("<a><b><!--c--></b></a>", [{"xpath": "/a/b", "state": "commented"}], "edit 1 (/a/b): b (line 1) holds a comment or --, so it cannot be commented out as a whole."),
        ("<a>x=1\nx=2</a>", [{"xpath": "/a", "properties": {"x": 3}}], "edit 1 (/a): the property x occurs 2 times in the text. Remove all but one first."),
        ("<a>x=1<![CDATA[y=1]]></a>", [{"xpath": "/a", "properties": {"x": 3}}], "edit 1 (/a): the text of a (line 1) is partly CDATA, so its lines cannot be edited."),
        ('<a xmlns:p="u"><b xmlns:p="v"/></a>', [{"xpath": "/a/p:b", "text": 1}], "edit 1 (/a/p:b): the prefix p is bound to several namespaces in the document. Use *[local-name()='...'] instead."),
        ('<a xmlns:p="u"><p:b xmlns="v"/></a>', [{"xpath": "/a/p:b/c", "text": 1, "if_missing": "create"}], "edit 1 (/a/p:b/c): cannot be created, because the default namespace changes on the way. Give the whole element with xml."),
        ("<a/>", [{"xpath": "/a", "text": 1}, {"xpath": "/a", "text": None}], 'edit 2 (/a): text is empty. Quote it: "" is an empty value.'),
        ("<a/>", ["/a"], "edit 1: must be a mapping."),
    ],
)  # fmt: skip
def test_edits_that_contradict_each_other(
    edit: t.Any, document: str, edits: list[t.Any], sentence: str
) -> None:
    if not sentence:
        edit(document, *edits)
        return
    assert sentence in edit.error(document, *edits)


def test_a_file_that_is_not_xml(edit: t.Any) -> None:
    message = edit.error("<a>canary<b></a>", {"xpath": "/a", "text": 1})
    assert (
        message.startswith("FILE: the file is not well-formed XML at line 1")
        and "canary" not in message
    )


@pytest.mark.parametrize(
    ("damage", "edits"),
    [
        (("values", "escape_text", lambda value: "wrong"), [{"xpath": "/a/port", "text": "right"}]),
        (("values", "escape_text", lambda value: "<"), [{"xpath": "/a/port", "text": "right"}]),
        (
            ("values", "escape_attribute", lambda value, quote: '" other="'),
            [{"xpath": "/a/port/@x", "text": "right"}],
        ),
        (("edited_document", "spans_of", lambda text: []), [{"xpath": "/a/port", "text": "right"}]),
        (
            ("elements", "_copy", lambda element: parse("<new>wrong</new>")),
            [{"xpath": "/a/new", "text": "x", "if_missing": "create"}],
        ),
    ],
)
def test_a_mistake_of_the_editor_itself_is_found_before_anything_is_written(
    edit: t.Any,
    monkeypatch: pytest.MonkeyPatch,
    damage: tuple[str, str, t.Any],
    edits: list[dict[str, t.Any]],
) -> None:
    module, name, wrong = damage
    monkeypatch.setattr(
        f"ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.xml.{module}.{name}",
        wrong,
    )
    message = edit.error(DOCUMENT, *edits)
    assert (
        "internal error" in message and "nothing was written" in message and "canary" not in message
    )
