# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 - rows of tables: one line shows document, edit and result side by side
"""Edits of XML: each case is a document, its edits, and the document that must come out, byte for byte."""

from __future__ import annotations

import typing as t

import pytest

NS = '<Server xmlns="urn:x">\n    <Ports>\n        <Offset>0</Offset>\n    </Ports>\n</Server>\n'

# name, document, edits, result
CASES: list[tuple[str, str, list[dict[str, t.Any]], str]] = [
    (
        "text in the default namespace",
        NS,
        [{"xpath": "/Server/Ports/Offset", "text": 3}],
        NS.replace(">0<", ">3<"),
    ),
    (
        "booleans as the products read them",
        "<a><b>x</b></a>",
        [{"xpath": "/a/b", "text": True}],
        "<a><b>true</b></a>",
    ),
    ("false", "<a><b>x</b></a>", [{"xpath": "/a/b", "text": False}], "<a><b>false</b></a>"),
    (
        "the same text is no change",
        "<a><b>&#120;</b></a>",
        [{"xpath": "/a/b", "text": "x"}],
        "<a><b>&#120;</b></a>",
    ),
    (
        "blanks are not trimmed",
        "<a><b>x</b></a>",
        [{"xpath": "/a/b", "text": " x "}],
        "<a><b> x </b></a>",
    ),
    ("an empty text", "<a><b>x</b></a>", [{"xpath": "/a/b", "text": ""}], "<a><b></b></a>"),
    (
        "an empty element stays as written",
        "<a><b /></a>",
        [{"xpath": "/a/b", "text": ""}],
        "<a><b /></a>",
    ),
    (
        "an empty element gets a text",
        '<a><b c="1" /></a>',
        [{"xpath": "/a/b", "text": "x"}],
        '<a><b c="1">x</b></a>',
    ),
    ("a pair gets a text", "<a><b></b></a>", [{"xpath": "/a/b", "text": "x"}], "<a><b>x</b></a>"),
    (
        "markup is escaped",
        "<a><b/></a>",
        [{"xpath": "/a/b", "text": "a&b<c>]]>"}],
        "<a><b>a&amp;b&lt;c>]]&gt;</b></a>",
    ),
    (
        "a lone CDATA section stays one",
        "<a><b><![CDATA[x]]></b></a>",
        [{"xpath": "/a/b", "text": "a&b"}],
        "<a><b><![CDATA[a&b]]></b></a>",
    ),
    (
        "the end mark inside CDATA",
        "<a><b><![CDATA[x]]></b></a>",
        [{"xpath": "/a/b", "text": "]]>"}],
        "<a><b><![CDATA[]]]]><![CDATA[>]]></b></a>",
    ),
    (
        "blanks around a lone CDATA section go",
        "<a><b>\n<![CDATA[x]]>\n</b></a>",
        [{"xpath": "/a/b", "text": "y"}],
        "<a><b><![CDATA[y]]></b></a>",
    ),
    (
        "CDATA beside text is replaced as a whole",
        "<a><b>v<![CDATA[x]]></b></a>",
        [{"xpath": "/a/b", "text": "y"}],
        "<a><b>y</b></a>",
    ),
    (
        "a comment before the text stays",
        "<a><b><!--c-->x</b></a>",
        [{"xpath": "/a/b", "text": "y"}],
        "<a><b><!--c-->y</b></a>",
    ),
    (
        "a comment inside the text stays",
        "<a><b>x<!--c-->z</b></a>",
        [{"xpath": "/a/b", "text": "y"}],
        "<a><b>y<!--c--></b></a>",
    ),
    (
        "only a comment: the text goes behind it",
        "<a><b><!--c--></b></a>",
        [{"xpath": "/a/b", "text": "y"}],
        "<a><b><!--c-->y</b></a>",
    ),
    (
        "blank text beside a comment goes",
        "<a><b>\n<!--c-->\n</b></a>",
        [{"xpath": "/a/b", "text": "y"}],
        "<a><b><!--c-->y</b></a>",
    ),
    (
        "CDATA beside a comment stays CDATA",
        "<a><b><!--c--><![CDATA[x]]></b></a>",
        [{"xpath": "/a/b", "text": "&"}],
        "<a><b><!--c--><![CDATA[&]]></b></a>",
    ),
    (
        "a processing instruction stays",
        "<a><b>x<?p?></b></a>",
        [{"xpath": "/a/b", "text": "y"}],
        "<a><b>y<?p?></b></a>",
    ),
    (
        "line breaks take the file's line end",
        "<a>\r\n<b/>\r\n</a>\r\n",
        [{"xpath": "/a/b", "text": "x\ny"}],
        "<a>\r\n<b>x\r\ny</b>\r\n</a>\r\n",
    ),
    (
        "a carriage return is kept as a reference",
        "<a><b/></a>",
        [{"xpath": "/a/b", "text": "x\ry"}],
        "<a><b>x&#13;y</b></a>",
    ),
    (
        "an attribute",
        "<a><b c=\"1\"  d='2'/></a>",
        [{"xpath": "/a/b", "attributes": {"d": "'\"&<\n"}}],
        '<a><b c="1"  d=\'&apos;"&amp;&lt;&#10;\'/></a>',
    ),
    (
        "an attribute in double quotes",
        '<a><b c = "1"/></a>',
        [{"xpath": "/a/b", "attributes": {"c": "'\"\t"}}],
        '<a><b c = "\'&quot;&#9;"/></a>',
    ),
    (
        "an attribute as the last step",
        '<a><b c="1"/></a>',
        [{"xpath": "/a/b/@c", "text": 2}],
        '<a><b c="2"/></a>',
    ),
    (
        "an attribute as the last step is removed",
        '<a><b c="1"/></a>',
        [{"xpath": "/a/b/@c", "state": "absent"}],
        "<a><b/></a>",
    ),
    (
        "a new attribute goes after the last",
        "<a><b c='1'/></a>",
        [{"xpath": "/a/b", "attributes": {"d": 2, "e": True}}],
        "<a><b c='1' d='2' e='true'/></a>",
    ),
    (
        "the first attribute",
        "<a><b/></a>",
        [{"xpath": "/a/b", "attributes": {"d": 2}}],
        '<a><b d="2"/></a>',
    ),
    (
        "the first attribute of a pair",
        "<a><b >x</b></a>",
        [{"xpath": "/a/b", "attributes": {"d": 2}}],
        '<a><b d="2" >x</b></a>',
    ),
    (
        "a new attribute on its own line",
        '<a><b c="1"\n      d="2"/></a>',
        [{"xpath": "/a/b", "attributes": {"e": 3}}],
        '<a><b c="1"\n      d="2"\n      e="3"/></a>',
    ),
    (
        "a removed attribute takes its line along",
        '<a><b c="1"\n      d="2"/></a>',
        [{"xpath": "/a/b", "attributes": {"d": None}}],
        '<a><b c="1"/></a>',
    ),
    (
        "the last is replaced by another",
        '<a><b c="1"/></a>',
        [{"xpath": "/a/b", "attributes": {"c": None, "d": 2}}],
        '<a><b d="2"/></a>',
    ),
    (
        "an attribute that is not there is removed",
        "<a><b/></a>",
        [{"xpath": "/a/b", "attributes": {"c": None}}],
        "<a><b/></a>",
    ),
    (
        "text and attributes together",
        "<a><b/></a>",
        [{"xpath": "/a/b", "text": "x", "attributes": {"c": 1}}],
        '<a><b c="1">x</b></a>',
    ),
    (
        "a prefixed attribute",
        '<a xmlns:p="u"><b p:c="1"/></a>',
        [{"xpath": "/a/b[@p:c]", "attributes": {"p:c": 2}}],
        '<a xmlns:p="u"><b p:c="2"/></a>',
    ),
    (
        "an xml: attribute",
        "<a><b/></a>",
        [{"xpath": "/a/b", "attributes": {"xml:space": "preserve"}}],
        '<a><b xml:space="preserve"/></a>',
    ),
    (
        "a prefix of the document",
        '<p:a xmlns:p="u"><p:b>x</p:b></p:a>',
        [{"xpath": "/p:a/p:b", "text": "y"}],
        '<p:a xmlns:p="u"><p:b>y</p:b></p:a>',
    ),
    (
        "match first",
        "<a><b>1</b><b>2</b></a>",
        [{"xpath": "/a/b", "text": 3, "match": "first"}],
        "<a><b>3</b><b>2</b></a>",
    ),
    (
        "match all",
        "<a><b>1</b><b>2</b></a>",
        [{"xpath": "/a/b", "text": 3, "match": "all"}],
        "<a><b>3</b><b>3</b></a>",
    ),
    (
        "an element goes with its line",
        "<a>\n  <b/>\n  <c/>\n</a>",
        [{"xpath": "/a/b", "state": "absent"}],
        "<a>\n  <c/>\n</a>",
    ),
    (
        "an element over several lines goes with its lines",
        "<a>\n  <b>\n  </b>  \n  <c/>\n</a>",
        [{"xpath": "/a/b", "state": "absent"}],
        "<a>\n  <c/>\n</a>",
    ),
    (
        "an element beside others goes alone",
        "<a>\n  <b/><c/>\n</a>",
        [{"xpath": "/a/b", "state": "absent"}],
        "<a>\n  <c/>\n</a>",
    ),
    ("an absent element stays absent", "<a/>", [{"xpath": "/a/b", "state": "absent"}], "<a/>"),
    (
        "of nested elements the outer one is removed",
        "<a><b><b/></b></a>",
        [{"xpath": "//b", "state": "absent", "match": "all"}],
        "<a></a>",
    ),
    (
        "text around a removed element stays",
        "<a>x<b/>y</a>",
        [{"xpath": "/a/b", "state": "absent"}],
        "<a>xy</a>",
    ),
    (
        "commenting out",
        "<a>\n  <b>1</b>\n</a>",
        [{"xpath": "/a/b", "state": "commented"}],
        "<a>\n  <!-- <b>1</b> -->\n</a>",
    ),
    (
        "commented out already",
        "<a><!--b>1</b--></a>",
        [{"xpath": "/a/b", "state": "commented"}],
        "<a><!--b>1</b--></a>",
    ),
    (
        "present demands nothing more",
        "<a><b/></a>",
        [{"xpath": "/a/b", "state": "present"}],
        "<a><b/></a>",
    ),
    (
        "ignored when missing",
        "<a/>",
        [{"xpath": "/a/b", "text": 1, "if_missing": "ignore"}],
        "<a/>",
    ),
    (
        "a later edit sees what an earlier one made",
        "<a/>",
        [
            {"xpath": "/a/b", "text": 1, "if_missing": "create"},
            {"xpath": "/a/b", "attributes": {"c": 2}},
        ],
        '<a><b c="2">1</b></a>',
    ),
    (
        "two edits of one start tag",
        '<a><b c="1" d="1"/></a>',
        [{"xpath": "/a/b/@c", "text": 2}, {"xpath": "/a/b/@d", "text": 2}],
        '<a><b c="2" d="2"/></a>',
    ),
    (
        "the same text twice",
        "<a><b>1</b></a>",
        [{"xpath": "/a/b", "text": 2}, {"xpath": "/a/b", "text": 2}],
        "<a><b>2</b></a>",
    ),
    (
        "text with an absolute root",
        "<a><b><c>1</c></b></a>",
        [{"xpath": "/a/b/c", "text": 2}],
        "<a><b><c>2</c></b></a>",
    ),
    (
        "an element commented out that an earlier edit changed",
        "<a><b c='1'>2</b><d/></a>",
        [
            {"xpath": "/a/b", "attributes": {"c": 2}, "if_missing": "ignore"},
            {"xpath": "/a/d", "text": "3"},
            {"xpath": "/a/b", "state": "commented"},
        ],
        "<a><!-- <b c='2'>2</b> --><d>3</d></a>",
    ),
    # creating
    (
        "create at the end",
        "<a>\n  <b/>\n</a>",
        [{"xpath": "/a/c", "text": 1, "if_missing": "create"}],
        "<a>\n  <b/>\n  <c>1</c>\n</a>",
    ),
    (
        "create before blank lines at the end",
        "<a>\n  <b/>\n\n</a>",
        [{"xpath": "/a/c", "text": 1, "if_missing": "create"}],
        "<a>\n  <b/>\n  <c>1</c>\n\n</a>",
    ),
    (
        "create with tabs",
        "<a>\n\t<b/>\n</a>",
        [{"xpath": "/a/c/d", "text": 1, "if_missing": "create"}],
        "<a>\n\t<b/>\n\t<c>\n\t\t<d>1</d>\n\t</c>\n</a>",
    ),
    (
        "create all steps with attributes",
        "<a>\n  <b/>\n</a>",
        [
            {
                "xpath": "/a/c[@x='1'][@y='2' and @z='3']/d",
                "attributes": {"e": 1},
                "if_missing": "create",
            }
        ],
        '<a>\n  <b/>\n  <c x="1" y="2" z="3">\n    <d e="1"/>\n  </c>\n</a>',
    ),
    (
        "create before",
        "<a>\n  <b/>\n</a>",
        [{"xpath": "/a/c", "text": 1, "if_missing": "create", "before": "b"}],
        "<a>\n  <c>1</c>\n  <b/>\n</a>",
    ),
    (
        "create after",
        "<a>\n  <b/>\n  <d/>\n</a>",
        [{"xpath": "/a/c", "text": 1, "if_missing": "create", "after": "b"}],
        "<a>\n  <b/>\n  <c>1</c>\n  <d/>\n</a>",
    ),
    (
        "after means the last of them",
        "<a>\n  <b/>\n  <b/>\n</a>",
        [{"xpath": "/a/c", "text": 1, "if_missing": "create", "after": "b"}],
        "<a>\n  <b/>\n  <b/>\n  <c>1</c>\n</a>",
    ),
    (
        "a comment on the anchor's line belongs to it",
        "<a>\n  <b/> <!-- b -->\n  <d/>\n</a>",
        [{"xpath": "/a/c", "text": 1, "if_missing": "create", "after": "b"}],
        "<a>\n  <b/> <!-- b -->\n  <c>1</c>\n  <d/>\n</a>",
    ),
    (
        "create in an empty element",
        "<a>\n  <b/>\n</a>",
        [{"xpath": "/a/b/c", "text": 1, "if_missing": "create"}],
        "<a>\n  <b>\n    <c>1</c>\n  </b>\n</a>",
    ),
    (
        "create in a pair",
        "<a>\n  <x>\n    <y/>\n  </x>\n  <b></b>\n</a>",
        [{"xpath": "/a/b/c", "text": 1, "if_missing": "create"}],
        "<a>\n  <x>\n    <y/>\n  </x>\n  <b>\n    <c>1</c>\n  </b>\n</a>",
    ),
    (
        "create in blank text",
        "<a>\n  <x/>\n  <b>\n\n  </b>\n</a>",
        [{"xpath": "/a/b/c", "text": 1, "if_missing": "create"}],
        "<a>\n  <x/>\n  <b>\n    <c>1</c>\n  </b>\n</a>",
    ),
    (
        "create beside comments only",
        "<a>\n    <!-- c -->\n</a>",
        [{"xpath": "/a/b", "text": 1, "if_missing": "create"}],
        "<a>\n    <!-- c -->\n    <b>1</b>\n</a>",
    ),
    (
        "create on one line",
        "<a><b/></a>",
        [{"xpath": "/a/c/d", "text": 1, "if_missing": "create"}],
        "<a><b/><c><d>1</d></c></a>",
    ),
    (
        "create before on one line",
        "<a><b/></a>",
        [{"xpath": "/a/c", "text": 1, "if_missing": "create", "before": "*"}],
        "<a><c>1</c><b/></a>",
    ),
    (
        "create where the end tag follows directly",
        "<a>\n  <b/></a>",
        [{"xpath": "/a/c", "text": 1, "if_missing": "create"}],
        "<a>\n  <b/>\n  <c>1</c>\n</a>",
    ),
    (
        "create where another follows directly",
        "<a>\n  <b/><d/>\n</a>",
        [{"xpath": "/a/c", "text": 1, "if_missing": "create", "after": "b"}],
        "<a>\n  <b/>\n  <c>1</c><d/>\n</a>",
    ),
    (
        "create with Windows line ends",
        "<a>\r\n  <b/>\r\n</a>",
        [{"xpath": "/a/c/d", "text": 1, "if_missing": "create"}],
        "<a>\r\n  <b/>\r\n  <c>\r\n    <d>1</d>\r\n  </c>\r\n</a>",
    ),
    (
        "create in the default namespace",
        NS,
        [{"xpath": "/Server/Ports/X", "text": 1, "if_missing": "create"}],
        NS.replace("    </Ports>", "        <X>1</X>\n    </Ports>"),
    ),
    (
        "create with a prefix",
        '<a xmlns:p="u">\n  <b/>\n</a>',
        [{"xpath": "/a/p:c", "text": 1, "if_missing": "create"}],
        '<a xmlns:p="u">\n  <b/>\n  <p:c>1</p:c>\n</a>',
    ),
    (
        "create under a named parent",
        "<a>\n  <b>\n    <c/>\n  </b>\n</a>",
        [{"xpath": "//d", "text": 1, "if_missing": "create", "parent": "/a/b"}],
        "<a>\n  <b>\n    <c/>\n    <d>1</d>\n  </b>\n</a>",
    ),
    (
        "create several, one after the other",
        "<a>\n  <b/>\n</a>",
        [{"xpath": f"/a/{name}", "text": 1, "if_missing": "create"} for name in "cde"],
        "<a>\n  <b/>\n  <c>1</c>\n  <d>1</d>\n  <e>1</e>\n</a>",
    ),
    (
        "create several before one anchor",
        "<a>\n  <b/>\n</a>",
        [
            {"xpath": f"/a/{name}", "text": 1, "if_missing": "create", "before": "b"}
            for name in "cd"
        ],
        "<a>\n  <c>1</c>\n  <d>1</d>\n  <b/>\n</a>",
    ),
    (
        "a null attribute is not created",
        "<a><b/></a>",
        [{"xpath": "/a/c[@x='1']", "attributes": {"x": "1", "y": None}, "if_missing": "create"}],
        '<a><b/><c x="1"/></a>',
    ),
    # whole elements
    (
        "an element of data",
        "<a>\n  <b/>\n</a>",
        [
            {
                "xpath": "/a/c[d='1']",
                "xml": {"c": [{"@x": True}, {"d": 1}, {"e": []}, {"f": {"#text": "t", "@g": "h"}}]},
                "if_missing": "create",
            }
        ],
        '<a>\n  <b/>\n  <c x="true">\n    <d>1</d>\n    <e/>\n    <f g="h">t</f>\n  </c>\n</a>',
    ),
    (
        "an element of a string",
        "<a>\n  <b/>\n</a>",
        [
            {
                "xpath": "/a/c",
                "xml": "<c>\n<!-- why -->\n\n<d\n  x='1'><![CDATA[&]]></d></c>",
                "if_missing": "create",
            }
        ],
        "<a>\n  <b/>\n  <c>\n    <!-- why -->\n    <d\n  x='1'><![CDATA[&]]></d>\n  </c>\n</a>",
    ),
    (
        "present creates",
        "<a>\n  <b/>\n</a>",
        [{"xpath": "/a/c", "xml": {"c": 1}, "state": "present"}],
        "<a>\n  <b/>\n  <c>1</c>\n</a>",
    ),
    (
        "present leaves what is there",
        "<a><c>2</c></a>",
        [{"xpath": "/a/c", "xml": {"c": 1}, "state": "present"}],
        "<a><c>2</c></a>",
    ),
    (
        "the same meaning is no change",
        "<a><c  x='1'> <d>1</d><!-- c --></c></a>",
        [{"xpath": "/a/c", "xml": {"c": [{"@x": 1}, {"d": 1}]}}],
        "<a><c  x='1'> <d>1</d><!-- c --></c></a>",
    ),
    (
        "one text of a block",
        "<a><c>\n <d>1</d>\n <e>2</e>\n</c></a>",
        [{"xpath": "/a/c", "xml": {"c": [{"d": 1}, {"e": 3}]}}],
        "<a><c>\n <d>1</d>\n <e>3</e>\n</c></a>",
    ),
    (
        "attributes of a block",
        "<a><c x='1' y='1'><d/></c></a>",
        [{"xpath": "/a/c", "xml": {"c": [{"@y": 2, "@z": 3}, {"d": {}}]}}],
        "<a><c y='2' z='3'><d/></c></a>",
    ),
    (
        "a child is added inside",
        "<a>\n <c>\n  <d>1</d>\n  <f>1</f>\n </c>\n</a>",
        [{"xpath": "/a/c", "xml": {"c": [{"d": 1}, {"e": 1}, {"f": 1}]}}],
        "<a>\n <c>\n  <d>1</d>\n  <e>1</e>\n  <f>1</f>\n </c>\n</a>",
    ),
    (
        "a child is added in front",
        "<a>\n <c>\n  <d>1</d>\n </c>\n</a>",
        [{"xpath": "/a/c", "xml": {"c": [{"e": 1}, {"d": 1}]}}],
        "<a>\n <c>\n  <e>1</e>\n  <d>1</d>\n </c>\n</a>",
    ),
    (
        "a child is taken out",
        "<a>\n <c>\n  <d>1</d>\n  <!-- e -->\n  <e>1</e>\n </c>\n</a>",
        [{"xpath": "/a/c", "xml": {"c": [{"d": 1}]}}],
        "<a>\n <c>\n  <d>1</d>\n  <!-- e -->\n </c>\n</a>",
    ),
    (
        "the first member is taken out",
        "<m>\n <h>1</h>\n <h>2</h>\n <h>3</h>\n</m>",
        [{"xpath": "/m", "xml": {"m": [{"h": 2}, {"h": 3}]}}],
        "<m>\n <h>2</h>\n <h>3</h>\n</m>",
    ),
    (
        "nothing in common: the element is replaced",
        "<a>\n <c>\n  <d>1</d>\n </c>\n</a>",
        [{"xpath": "/a/c", "xml": {"c": [{"e": 1}]}}],
        "<a>\n <c>\n  <e>1</e>\n </c>\n</a>",
    ),
    (
        "children where a text was",
        "<a>\n <c>1</c>\n</a>",
        [{"xpath": "/a/c", "xml": {"c": [{"e": 1}]}}],
        "<a>\n <c>\n  <e>1</e>\n </c>\n</a>",
    ),
    (
        "a text where children were",
        "<a>\n <c>\n  <e/>\n </c>\n</a>",
        [{"xpath": "/a/c", "xml": {"c": "t"}}],
        "<a>\n <c>t</c>\n</a>",
    ),
    (
        "children beside a comment",
        "<a>\n <c>\n  <!-- c -->\n </c>\n</a>",
        [{"xpath": "/a/c", "xml": {"c": [{"e": 1}]}}],
        "<a>\n <c>\n  <!-- c -->\n  <e>1</e>\n </c>\n</a>",
    ),
    (
        "stray text is replaced",
        "<a>\n <c>x<d>1</d></c>\n</a>",
        [{"xpath": "/a/c", "xml": {"c": [{"d": 1}]}}],
        "<a>\n <c>\n  <d>1</d>\n </c>\n</a>",
    ),
    (
        "mixed content as a string",
        "<a>\n <c/>\n</a>",
        [{"xpath": "/a/c", "xml": "<c>x <d/> y</c>"}],
        "<a>\n <c>x <d/> y</c>\n</a>",
    ),
    (
        "an xml: attribute of a block",
        "<a><c xml:lang='e'/></a>",
        [{"xpath": "/a/c", "xml": "<c xml:lang='f'/>"}],
        "<a><c xml:lang='f'/></a>",
    ),
    (
        "a prefixed attribute of a block",
        '<a xmlns:p="u"><c p:x="1"/></a>',
        [{"xpath": "/a/c", "xml": {"c": {"@p:x": 2}}}],
        '<a xmlns:p="u"><c p:x="2"/></a>',
    ),
    (
        "a prefixed attribute goes",
        '<a xmlns:p="u"><c p:x="1"/></a>',
        [{"xpath": "/a/c", "xml": {"c": {}}}],
        '<a xmlns:p="u"><c/></a>',
    ),
    (
        "the root element itself",
        "<a><b>1</b></a>",
        [{"xpath": "/a", "xml": {"a": [{"b": 2}]}}],
        "<a><b>2</b></a>",
    ),
    # lines of properties
    (
        "a property in CDATA",
        "<a><![CDATA[\n x=1\n y= 2\n]]></a>",
        [{"xpath": "/a", "properties": {"y": "a&b", "z": 3}}],
        "<a><![CDATA[\n x=1\n y= a&b\n z=3\n]]></a>",
    ),
    (
        "a property in text",
        "<a>\n x=1&amp;2\n</a>",
        [{"xpath": "/a", "properties": {"x": "<"}}],
        "<a>\n x=&lt;\n</a>",
    ),
    (
        "a property goes with its line",
        "<a>\n x=1\n y=2\n</a>",
        [{"xpath": "/a", "properties": {"x": None, "q": None}}],
        "<a>\n y=2\n</a>",
    ),
    (
        "the last property goes",
        "<a>x=1</a>",
        [{"xpath": "/a", "properties": {"x": None}}],
        "<a></a>",
    ),
    (
        "the first property",
        "<a/>",
        [{"xpath": "/a", "properties": {"x": 1, "y": 2}}],
        "<a>x=1\ny=2</a>",
    ),
    (
        "the first property in blank text",
        "<a>\n</a>",
        [{"xpath": "/a", "properties": {"x": 1}}],
        "<a>x=1\n</a>",
    ),
    (
        "a property behind prose",
        "<a>prose</a>",
        [{"xpath": "/a", "properties": {"x": 1}}],
        "<a>prose\nx=1</a>",
    ),
    (
        "blanks around the value do not count",
        "<a>x = 1 </a>",
        [{"xpath": "/a", "properties": {"x": 1}}],
        "<a>x = 1 </a>",
    ),
    (
        "properties with Windows line ends",
        "<a>\r\n x=1\r\n</a>\r\n",
        [{"xpath": "/a", "properties": {"y": 1}}],
        "<a>\r\n x=1\r\n y=1\r\n</a>\r\n",
    ),
    (
        "properties in CDATA with Windows line ends",
        "<a>\r\n<![CDATA[\r\n x=1\r\n]]></a>\r\n",
        [{"xpath": "/a", "properties": {"y": 1}}],
        "<a>\r\n<![CDATA[\r\n x=1\r\n y=1\r\n]]></a>\r\n",
    ),
    (
        "create an element of properties",
        "<a><b/></a>",
        [{"xpath": "/a/c", "properties": {"x": 1}, "if_missing": "create"}],
        "<a><b/><c>x=1</c></a>",
    ),
    (
        "properties and attributes",
        "<a>x=1</a>",
        [{"xpath": "/a", "properties": {"x": 2}, "attributes": {"b": 1}}],
        '<a b="1">x=2</a>',
    ),
]


@pytest.mark.parametrize(
    ("document", "edits", "result"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_result(edit: t.Any, document: str, edits: list[dict[str, t.Any]], result: str) -> None:
    assert edit(document, *edits).text == result


def test_every_case_has_its_own_name() -> None:
    assert len({case[0] for case in CASES}) == len(CASES)


@pytest.mark.parametrize(
    ("document", "edits", "actions", "lines"),
    [
        (NS, [{"xpath": "/Server/Ports/Offset", "text": 0}], ["unchanged"], [3]),
        (NS, [{"xpath": "/Server/Ports/Offset", "text": 1}], ["changed"], [3]),
        (NS, [{"xpath": "/Server/Ports", "state": "absent"}], ["removed"], [2]),
        (NS, [{"xpath": "/Server/Ports", "state": "commented"}], ["commented"], [2]),
        (NS, [{"xpath": "/Server/X", "text": 1, "if_missing": "ignore"}], ["ignored"], [None]),
        (
            NS,
            [
                {"xpath": "/Server/X/Y", "text": 1, "if_missing": "create", "before": "Ports"},
                {"xpath": "/Server/Ports/Offset", "text": 1},
            ],
            ["created", "changed"],
            [3, 6],
        ),
        ('<a>\n<b\n  c="1"\n  d="2">x</b></a>', [{"xpath": "/a/b", "text": 1}], ["changed"], [2]),
        (
            "<a>\n<!--\n<b/>\n-->\n</a>",
            [{"xpath": "/a/b", "text": 1, "if_missing": "uncomment"}],
            ["uncommented"],
            [2],
        ),
        (
            "<a>\n<!--\nprose\n<b/>\n-->\n</a>",
            [{"xpath": "/a/b", "state": "commented"}],
            ["unchanged"],
            [4],
        ),
    ],
)
def test_actions_and_lines(
    edit: t.Any,
    document: str,
    edits: list[dict[str, t.Any]],
    actions: list[str],
    lines: list[int | None],
) -> None:
    edited = edit(document, *edits)
    assert (edited.actions, [entry["line"] for entry in edited.edits]) == (actions, lines)


def test_a_root_stands_before_relative_paths(edit: t.Any) -> None:
    edited = edit(
        NS,
        {"xpath": "Offset", "text": 1},
        {"xpath": "/Server/Ports/Offset", "text": 1},
        root="/Server/Ports/",
    )
    assert edited.text == NS.replace(">0<", ">1<")
    assert [entry["xpath"] for entry in edited.edits] == ["Offset", "/Server/Ports/Offset"]


def test_the_count_says_how_many_were_selected(edit: t.Any) -> None:
    edited = edit("<a><b>1</b><b>2</b></a>", {"xpath": "/a/b", "text": 2, "match": "all"})
    assert edited.edits[0]["count"] == 2


def test_secrets_are_values_everywhere(edit: t.Any) -> None:
    secret = "a&b<\"'>]]>"
    edited = edit(
        '<a>\n<b/>\n<c d="x"/>\n<e/>\n<f><![CDATA[]]></f>\n</a>',
        {"xpath": "/a/b", "text": "%%{s} is %{s}"},
        {"xpath": "/a/c/@d", "text": "%{s}"},
        {"xpath": "/a/e", "xml": "<e><g>%{s}</g><h i='%{s}' j=\"%{s}\"><![CDATA[%{s}]]></h></e>"},
        {"xpath": "/a/k", "xml": {"k": [{"@l": "%{s}"}, {"m": "%{s}"}]}, "if_missing": "create"},
        {"xpath": "/a/n", "properties": {"p": "%{s}"}, "if_missing": "create"},
        secrets={"s": secret},
    )
    from lxml import etree

    root = etree.fromstring(edited.after)
    assert root.findtext("b") == f"%{{s}} is {secret}"
    assert root.find("c").get("d") == secret
    assert (
        root.findtext("e/g"),
        root.findtext("e/h"),
        root.find("e/h").get("i"),
        root.find("e/h").get("j"),
    ) == (secret,) * 4
    assert (root.find("k").get("l"), root.findtext("k/m"), root.findtext("n")) == (
        secret,
        secret,
        f"p={secret}",
    )
