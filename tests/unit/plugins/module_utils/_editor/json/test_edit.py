# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Edits of JSON as the products have it: comments, trailing commas, any quotes."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.json.document import (
    parse_json,
    quoted,
    unquoted,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    patch_files,
)

SITE = """{
\t"app" : "store", // the name
\t"proxy": {
\t\t"proxyHost":"", /* browsers
\t\t go there */ "proxyHTTPSPort":"443",
\t},
\t'single' : 'it\\'s',
\tbare: 1.50,
\t"hosts" : ["localhost"],
\t"reverseProxy" : {
\t\t"enabled" : false,    // true, false or "auto"
\t\t"host" : "sample"
\t\t//"context":""
\t}
}"""


@pytest.mark.parametrize(
    ("document", "edits", "after", "actions"),
    [
        (
            SITE,
            [{"key": "proxy.proxyHost", "value": "km"}],
            SITE.replace('"proxyHost":""', '"proxyHost":"km"'),
            ["changed"],
        ),
        (SITE, [{"key": ["proxy", "proxyHTTPSPort"], "value": "443"}], SITE, ["unchanged"]),
        (
            SITE,
            [{"key": "single", "value": 'it\'s "it"'}],
            SITE.replace("'it\\'s'", "'it\\'s \"it\"'"),
            ["changed"],
        ),
        (SITE, [{"key": "single", "value": "it's"}], SITE, ["unchanged"]),
        (SITE, [{"key": "bare", "value": 2}], SITE.replace("1.50", "2"), ["changed"]),
        (SITE, [{"key": "hosts.0", "value": "km"}], SITE.replace("localhost", "km"), ["changed"]),
        (SITE, [{"key": "hosts", "value": ["localhost"]}], SITE, ["unchanged"]),
        (
            SITE,
            [{"key": "hosts", "value": ["km", "lb"]}],
            SITE.replace('["localhost"]', '["km", "lb"]'),
            ["changed"],
        ),
        (
            SITE,
            [{"key": "reverseProxy.enabled", "value": True}],
            SITE.replace("false,    //", "true,    //"),
            ["changed"],
        ),
        (
            SITE,
            [{"key": "reverseProxy.enabled", "value": "auto"}],
            SITE.replace("false,    //", '"auto",    //'),
            ["changed"],
        ),
        # New keys: behind the last one and what belongs to it, with its colon, its quotes and its
        # kind of comma.
        (
            SITE,
            [{"key": "reverseProxy.context", "value": "/km", "if_missing": "create"}],
            SITE.replace('"sample"', '"sample",\n\t\t"context" : "/km"'),
            ["created"],
        ),
        (
            SITE,
            [{"key": "proxy.servicePath", "value": "/services", "if_missing": ["create"]}],
            SITE.replace('"443",', '"443", "servicePath":"/services",'),
            ["created"],
        ),
        (
            '{\n  "a": 1 // one\n}\n',
            [{"key": "b", "value": 2, "if_missing": "create"}],
            '{\n  "a": 1, // one\n  "b": 2\n}\n',
            ["created"],
        ),
        (
            '{\n  "a": 1, // one\n}\n',
            [{"key": "b", "value": 2, "if_missing": "create"}],
            '{\n  "a": 1, // one\n  "b": 2,\n}\n',
            ["created"],
        ),
        (
            '{\r\n  "a": {},\r\n}',
            [{"key": "a.b", "value": "x", "if_missing": "create"}],
            '{\r\n  "a": {\r\n    "b": "x"\r\n  },\r\n}',
            ["created"],
        ),
        (
            '{\n  "a": {\n    // nothing\n  }\n}',
            [{"key": "a.b", "value": "x", "if_missing": "create"}],
            '{\n  "a": {\n    // nothing\n    "b": "x"\n  }\n}',
            ["created"],
        ),
        (
            "{}",
            [{"key": "a.b", "value": [], "if_missing": "create"}],
            '{"a": {"b": []}}',
            ["created"],
        ),
        (
            "{'a':'b'}",
            [{"key": "c", "value": "d", "if_missing": "create"}],
            "{'a':'b', 'c':'d'}",
            ["created"],
        ),
        (
            "{/* x */\n}",
            [{"key": "c", "value": {"d": {}}, "if_missing": "create"}],
            '{/* x */\n  "c": {\n    "d": {}\n  }\n}',
            ["created"],
        ),
        (
            "{\n/* x */}",
            [{"key": "c", "value": 1, "if_missing": "create"}],
            '{\n/* x */"c": 1}',
            ["created"],
        ),
        (
            '{\n"a": /* x */ 1}',
            [{"key": "b", "value": [{"c": 1}], "if_missing": "create"}],
            None,
            ["created"],
        ),
        (
            '{\n  "a": 1,\n  b: 2\n}',
            [{"key": "c.d", "value": 3, "if_missing": "create"}],
            '{\n  "a": 1,\n  b: 2,\n  "c": {\n    "d": 3\n  }\n}',
            ["created"],
        ),
        ("{a:1}", [{"key": "x", "value": 1, "if_missing": "ignore"}], "{a:1}", ["ignored"]),
        ("[1,]", [{"key": 0, "value": 2}], "[2,]", ["changed"]),
        (
            "{'a.b':0xFF, \"c\":-.5}",
            [{"key": ["a.b"], "value": 255}],
            "{'a.b':0xFF, \"c\":-.5}",
            ["unchanged"],
        ),
        # A number, a boolean and a string are three things.
        ("{a:1}", [{"key": "a", "value": True}], "{a:true}", ["changed"]),
        ("{a:1}", [{"key": "a", "value": "1"}], '{a:"1"}', ["changed"]),
        ("{a:null}", [{"key": "a", "value": ""}], '{a:""}', ["changed"]),
        ('{a:{"b":1}}', [{"key": "a", "value": {"b": True}}], '{a:{"b": true}}', ["changed"]),
        (
            '{a:"\\u0041\\x42\\\n\\q"}',
            [{"key": "a", "value": "ABq"}],
            '{a:"\\u0041\\x42\\\n\\q"}',
            ["unchanged"],
        ),
        (
            '{a:"x"}',
            [{"key": "a", "value": "\u00e9\u2028\\\n</script>"}],
            '{a:"\u00e9\\u2028\\\\\\n</script>"}',
            ["changed"],
        ),
        (
            '{a:"x"}',
            [{"key": "a", "value": "%{pw}%%{pw}"}],
            '{a:"can\\\\ary\\"%{pw}"}',
            ["changed"],
        ),
    ],
)
def test_a_json_file_after_its_edits(
    edit: t.Any, document: str, edits: list[t.Any], after: str | None, actions: list[str]
) -> None:
    edited = edit(document, *edits, secrets={"pw": 'can\\ary"'}, format="json")
    assert after is None or edited.text == after
    assert edited.actions == actions


@pytest.mark.parametrize(
    ("document", "entry", "sentence"),
    [
        (
            "{a:1}",
            {"key": "b", "value": 1},
            "FILE: edit 1 (b): is not in the file: the document has no b.",
        ),
        (
            SITE,
            {"key": "proxy.proxyhost", "value": "x"},
            (
                "FILE: edit 1 (proxy.proxyhost): is not in the file: proxy (line 3) has no"
                " proxyhost (did you mean proxyHost?)."
            ),
        ),
        (
            "{a:[1]}",
            {"key": "a.1", "value": 1},
            "a (line 1) is an array of 1, which has no entry 1.",
        ),
        (
            "{a:[1]}",
            {"key": "a.1", "value": 1, "if_missing": "create"},
            "cannot be created: is not in the file: a (line 1) is an array",
        ),
        ("{a:1}", {"key": "a.b", "value": 1}, "a (line 1) is a number, which holds no keys."),
        (
            "{a:1,\n'a':2}",
            {"key": "a", "value": 3},
            "a occurs 2 times (lines 1, 2); the last one counts. Remove all but one.",
        ),
        (
            "{a:{}}",
            {"key": "a", "value": 3},
            "is an object in the file (line 1), which this value would remove. Edit what it holds.",
        ),
        (
            "{a:[1 /* x */]}",
            {"key": "a", "value": [2]},
            "is an array with comments (line 1), which this value would remove.",
        ),
        ("{a:1}", {"key": "a"}, "the edit has no value."),
        ("{a:1}", {"value": 1}, "the edit has no key."),
        (
            "{a:1}",
            {"key": "a..b", "value": 1},
            "key has an empty part. Write a key that holds a dot as a list.",
        ),
        (
            "{a:1}",
            {"key": {"a": 1}, "value": 1},
            "key must be a text such as proxy.proxyHost, or a list of keys and positions.",
        ),
        ("{a:1}", {"key": "a", "value": None}, 'value is empty. Quote it: "" is an empty value.'),
        ("{a:1}", {"key": "a", "value": [1.5]}, "an entry of value is a floating point number"),
        ("{a:1}", {"key": "a", "value": 1, "match": "all"}, "the edit has the unknown key match."),
        (
            "{a:1}",
            {"key": "a", "value": "%{nobody}"},
            "%{nobody} names a secret that is not among secrets",
        ),
    ],
)
def test_what_cannot_be_edited_is_one_sentence(
    edit: t.Any, document: str, entry: dict[str, t.Any], sentence: str
) -> None:
    assert sentence in edit.error(document, entry, format="json", secrets={"pw": "canary"})


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "{a:1",
        "{a}",
        "{a:}",
        "{a:1 b:2}",
        "[1 2]",
        "{,}",
        "[,]",
        "{a:1}}",
        "{a:'x}",
        '{a:"x\n"}',
        "{a:b}",
        "{a:01x}",
        "{a:1;}",
    ],
)
def test_what_is_no_json_is_refused_with_its_place(edit: t.Any, document: str) -> None:
    message = edit.error(document, {"key": "a", "value": 1}, format="json")
    assert message.startswith("FILE: the file is not JSON at line ") and message.endswith(
        "restore it from the product."
    )


def test_a_document_nested_without_end_is_refused(edit: t.Any) -> None:
    assert "nested deeper than 200 levels" in edit.error(
        "[" * 100_000, {"key": "0", "value": 1}, format="json"
    )


@pytest.mark.parametrize(
    ("raw", "after"),
    [
        (b'\xef\xbb\xbf{"a":"x"}', b'\xef\xbb\xbf{"a":"\xc3\xa9"}'),
        ('\ufeff{"a":"x"}'.encode("utf-16-le"), '\ufeff{"a":"\u00e9"}'.encode("utf-16-le")),
        ('\ufeff{"a":"x"}'.encode("utf-16-be"), '\ufeff{"a":"\u00e9"}'.encode("utf-16-be")),
        (b'{"a":"x","b":"\xe9"}', b'{"a":"\xe9","b":"\xe9"}'),
    ],
)
def test_the_encoding_stays(edit: t.Any, raw: bytes, after: bytes) -> None:
    assert edit(raw, {"key": "a", "value": "\u00e9"}, format="json").after == after


def test_what_the_encoding_cannot_hold_is_escaped(edit: t.Any) -> None:
    edited = edit(b'{"a":"x","b":"\xe9"}', {"key": "a", "value": "\u20ac\U0001f600"}, format="json")
    assert edited.after == b'{"a":"\\u20ac\\ud83d\\ude00","b":"\xe9"}'


def test_bytes_that_are_not_what_their_mark_says_are_refused(edit: t.Any) -> None:
    assert "not valid utf-8, which its byte order mark says" in edit.error(
        b"\xef\xbb\xbf{\xff}", {"key": "a", "value": 1}, format="json"
    )


def test_no_password_shows_in_the_difference(tmp_path: t.Any) -> None:
    path = tmp_path / "site.json"
    document = (
        '{\n  "user": "OldUser",\n  "keyStorePassword": "Old\\"Canary",\n  \'pin_secret\': 4711,'
        ' "x": "Old"\n}\n'
    )
    path.write_text(document, encoding="utf-8")
    edits = [{"key": "user", "value": "%{u}"}, {"key": "x", "value": "%{p}"}]
    secrets = {"u": "NewUser", "p": 'New"\u20ac\nCanary'}
    result = patch_files(
        [{"path": str(path), "format": "json", "edits": edits}], secrets, check_mode=True
    )
    shown = result.diff[0]["prepared"]
    assert "Canary" not in shown and "4711" not in shown and "Old" not in shown
    assert '+  "user": "********"' in shown and '"keyStorePassword": "********"' in shown
    assert [edit["key"] for edit in result.edits] == ["user", "x"]


def test_json_is_never_created(edit: t.Any) -> None:
    message = edit.error("{}", {"key": "a", "value": 1}, format="json", create=True)
    assert (
        message
        == "FILE: create makes property files only; a product file of another format must be there."
    )


@pytest.mark.parametrize("codec", ["utf-8", "latin-1"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        "a\\b",
        "\"'",
        "\x00\x1f\x7f\x80\xa0",
        "\ud800",
        "\u2028\ufeff",
        "\U0001f600\u20ac",
        "\b\v\r\n\t",
    ],
)
def test_a_string_is_read_back_as_it_was_written(value: str, codec: str) -> None:
    for quote in "\"'":
        literal = quoted(value, codec, quote)
        literal.encode(codec)
        assert unquoted(literal) == value
        assert parse_json(literal).meaning() == value
