# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 - rows of tables: one line shows input and result side by side
"""Differences show every changed line and no secret: neither those of the call, nor what they replace, nor what stands beside them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.masked_diff import (
    MASK,
    masked_diff,
)


def test_hunks() -> None:
    before = "".join(f"{number}\n" for number in range(20))
    after = before.replace("5\n", "five\n", 1)
    assert masked_diff(before, after, [], []) == "@@ -4,5 +4,5 @@\n 3\n 4\n-5\n+five\n 6\n 7\n"
    assert masked_diff("", "a\n", [], []) == "@@ -0,0 +1,1 @@\n+a\n"
    assert (
        masked_diff("a", "b", [], [])
        == "@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"
    )
    assert masked_diff("a\r\n", "b\r\n", [], []) == "@@ -1,1 +1,1 @@\n-a\n+b\n"
    assert masked_diff("same\n", "same\n", [], []) == ""
    assert (
        masked_diff("a\rb\x85\r\n", "a\rc\x85\r\n", [], [])
        == "@@ -1,1 +1,1 @@\n-a\rb\x85\n+a\rc\x85\n"
    )


@pytest.mark.parametrize(
    "neighbour",
    [
        "<Password>canary</Password>",
        "<apiKey>canary</apiKey>",
        '"api_key": "canary",',
        '<header name="x-api-key" value="canary"/>',
        "<url>https://h/a?apikey=canary</url>",
        "Authorization: Basic canary",
        '"Authorization": "Bearer canary"',
        '<header name="Authorization" scheme="transport" value="Basic canary=="/>',
        "<Header>proxy-authorization: basic canary</Header>",
        'curl -H "Authorization: Bearer canary" https://h',
        "<password svns:secretAlias='x'>canary</password>",
        "<Password><![CDATA[canary<&]]></Password>",
        "<Password>\ncanary\n</Password>",
        '<Property name="ConnectionPassword">canary</Property>',
        "<parameter locked='x' name='groupPassword'>canary</parameter>",
        '<property name="password" value="canary"/>',
        "<Connector keystorePass=\"canary\" b='c'/>",
        "<Connector keystorePass = 'canary'/>",
        "<url>jdbc:mysql://h/db?user=a&amp;password=canary</url>",
        "<url>amqp://admin:canary@host</url>",
        "<ClientSecret>canary</ClientSecret>",
        "<ClientSecret>can<!-- why -->canary</ClientSecret>",
        "<!--Password>canary</Password-->",
        "<!-- <Password>canary</Password> -->",
        "<!--Property name='password'>canary</Property-->",
        "<x password = 'a' keystorePass='canary'></x>",
        "<x url='jdbc:h2:x;password=canary;y'/>",
        "<credential>canary</credential>",
        "db.password = canary",
        "#db.passwd: canary",
        "<parameter name='secretKey'>canary</parameter>",
    ],
)
def test_passwords_beside_the_edit_are_masked(neighbour: str) -> None:
    before = f"<a>\n{neighbour}\n<b>old</b>\n</a>\n"
    diff = masked_diff(before, before.replace("old", "new"), [], [])
    assert "canary" not in diff and MASK in diff
    assert "-<b>old</b>\n+<b>new</b>\n" in diff


@pytest.mark.parametrize(
    "neighbour",
    [
        "<Offset>3</Offset>",
        "<Password/>",
        "<AuthorizationEndpoint>https://km.bank.example/oauth2/authorize</AuthorizationEndpoint>",
        '<AuthorizationManager class="org.wso2.Basic"/>',
        "<!-- Basic authentication needs the header Authorization -->",
        "<keystore>apis.jks</keystore>",
        "<Password></Password>",
        '<a name="enable">true</a>',
        "<!-- the password of the bank -->",
    ],
)
def test_what_is_no_password_is_shown(neighbour: str) -> None:
    before = f"<a>\n{neighbour}\n<b>old</b>\n</a>\n"
    assert f" {neighbour}\n" in masked_diff(before, before.replace("old", "new"), [], [])


@pytest.mark.parametrize(
    "secret",
    [
        "canary",
        "can<ary&\"'>",
        "canary\nof two lines",
        "canary’é",
        "canary]]>x",
        "cana\tr\ry",
        "canary\\x",
    ],
)
def test_secrets_are_masked_in_every_form(edit: t.Any, secret: str) -> None:
    """Wherever an edit puts a secret, its characters are not in the diff, in any encoding, nor what stood there before."""
    document = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<a>\n<b>formerly</b>\n<c d="formerly"/>\n<e f=\'formerly\'/>\n'
        "<g><![CDATA[formerly]]></g>\n<h/>\n<i/>\n</a>\n"
    )
    edited = edit(
        document,
        {"xpath": "/a/b", "text": "x%{s}y"},
        {"xpath": "/a/c/@d", "text": "%{s}"},
        {"xpath": "/a/e/@f", "text": "%{s}"},
        {"xpath": "/a/g", "text": "%{s}"},
        {"xpath": "/a/h", "xml": {"h": [{"@x": "%{s}"}, {"y": "%{s}"}]}},
        {"xpath": "/a/i", "xml": "<i x='%{s}'>%{s}</i>"},
        secrets={"s": secret},
    )
    (entry,) = edited.result.diff
    assert entry["prepared"].count(MASK) >= 8
    for word in ("canary", "cana", "formerly", "two lines", "ary&"):
        assert word not in entry["prepared"]
    assert secret not in repr(edited.edits)


def test_secrets_in_other_formats_are_masked(edit: t.Any) -> None:
    edited = edit(
        "a = formerly\nb = 1\n",
        {"key": "a", "value": "%{s}"},
        {"key": "c", "value": "%{s}"},
        secrets={"s": "ca\\nary’"},
        format="properties",
    )
    assert edited.result.diff[0]["prepared"].split("\n")[2:-1] == [
        "@@ -1,2 +1,3 @@",
        f"-a = {MASK}",
        f"+a = {MASK}",
        " b = 1",
        f"+c={MASK}",
    ]
    edited = edit(
        "key: formerly\n",
        {"regexp": "(?<=key: ).*", "replace": "%{s}"},
        secrets={"s": "canary"},
        format="text",
    )
    assert edited.result.diff[0]["prepared"].split("\n")[3:-1] == [f"-key: {MASK}", f"+key: {MASK}"]


def test_overlapping_secrets() -> None:
    diff = masked_diff("x abc y\n", "z abcd y\n", ["abc", "bcd", ""], [])
    assert diff == f"@@ -1,1 +1,1 @@\n-x {MASK} y\n+z {MASK} y\n"


def test_a_line_that_only_differs_in_its_secret_is_shown_as_changed() -> None:
    diff = masked_diff("<Password>one</Password>\n", "<Password>two</Password>\n", ["two"], ["one"])
    assert diff == f"@@ -1,1 +1,1 @@\n-<Password>{MASK}</Password>\n+<Password>{MASK}</Password>\n"


def test_headers_name_the_file(edit: t.Any) -> None:
    edited = edit("<a>1</a>", {"xpath": "/a", "text": 2})
    assert edited.result.diff[0]["prepared"].split("\n")[:2] == [
        f"--- {edit.path}",
        f"+++ {edit.path}",
    ]
