# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 - rows of tables: one line shows input and result side by side
"""XPath with the default namespace written out, by the rules of XPath 1.0 for names that are operators."""

from __future__ import annotations

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.xml.path import (
    absolute,
    parse_path,
    split_attribute,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from lxml import etree


@pytest.mark.parametrize(
    ("xpath", "evaluated"),
    [
        ("/Server/Ports", "/dns:Server/dns:Ports"),
        ("/Server//Offset", "/dns:Server//dns:Offset"),
        ("/p:Server/Ports", "/p:Server/dns:Ports"),
        ("/Server/p:*", "/dns:Server/p:*"),
        ("/a[@name='x']/b", "/dns:a[@name='x']/dns:b"),
        ("/a[b='x' and c = \"y\"]", "/dns:a[dns:b='x' and dns:c=\"y\"]"),
        ("/a[b and not(c)]", "/dns:a[dns:b and not(dns:c)]"),
        ("/and/or[div mod mod]", "/dns:and/dns:or[dns:div mod dns:mod]"),
        ("/a[text()='x']", "/dns:a[text()='x']"),
        ("/a/child::b", "/dns:a/child::dns:b"),
        ("/a/attribute::b/..", "/dns:a/attribute::b/.."),
        ("/a/@b", "/dns:a/@b"),
        ("/a/*[2 * 3]/*", "/dns:a/*[2*3]/*"),
        ("/a[* or *]", "/dns:a[* or *]"),
        ("/a[count(b) * 2 = 4]", "/dns:a[count(dns:b)*2=4]"),
        ("/a[b * c]", "/dns:a[dns:b*dns:c]"),
        ("/a[. = 'b']", "/dns:a[.='b']"),
        ("/a[position() > 1.5]", "/dns:a[position()>1.5]"),
        ("/a[.5 < 1]", "/dns:a[.5<1]"),
        ("/a-b/c.d", "/dns:a-b/dns:c.d"),
        ("(/a | /b)[1]", "(/dns:a|/dns:b)[1]"),
    ],
)
def test_names_mean_the_default_namespace(xpath: str, evaluated: str) -> None:
    path = parse_path(xpath, True)
    assert path.evaluated == evaluated
    etree.XPath(path.evaluated, namespaces={"dns": "urn:x", "p": "urn:y"})
    assert parse_path(xpath, False).evaluated == evaluated.replace("dns:", "")


def test_prefixes_are_known() -> None:
    assert parse_path("/a:b/c[@d:e='1']/f:*", True).prefixes == {"a", "d", "f"}


@pytest.mark.parametrize(
    ("xpath", "steps"),
    [
        ("/a/b", [("/", "a"), ("/", "b")]),
        ("//a[@b='/c']/d", [("//", "a[@b='/c']"), ("/", "d")]),
        ("/a[b/c='1' and d]/e", [("/", "a[b/c='1' and d]"), ("/", "e")]),
        ("/a | /b", []),
        ("(/a)", []),
        ("/", []),
        ("/a/", []),
        ("", []),
    ],
)
def test_steps(xpath: str, steps: list[tuple[str, str]]) -> None:
    path = parse_path(xpath, True)
    assert [(step.separator, step.given) for step in path.steps] == steps
    assert path.head_given(1) == "".join(steps[0]) if steps else True


@pytest.mark.parametrize(
    ("step", "name", "attributes"),
    [
        ("a", "a", []),
        ("p:a", "p:a", []),
        ("a[@b='c']", "a", [("b", "c")]),
        ("a[@b='c'][@d=\"e\"]", "a", [("b", "c"), ("d", "e")]),
        ("a[@b='c' and @d='e']", "a", [("b", "c"), ("d", "e")]),
        ("a[@b]", "a", None),
        ("a[b='c']", "a", None),
        ("a[@b='c' or @d='e']", "a", None),
        ("a[@b='c' and d]", "a", None),
        ("a[@b=1]", "a", None),
        ("a[@b='c'][1]", "a", None),
        ("*", None, None),
        ("a()", None, None),
    ],
)
def test_what_a_step_describes(
    step: str, name: str | None, attributes: list[tuple[str, str]] | None
) -> None:
    last = parse_path(f"/x/{step}", True).steps[-1]
    assert (last.name, last.attributes) == (name, attributes)


def test_the_last_name() -> None:
    assert parse_path("/a/p:b[1]", True).last_name == "b"
    assert parse_path("/a/*", True).last_name is None
    assert parse_path("(/a)", True).last_name is None


@pytest.mark.parametrize(
    ("xpath", "parts"),
    [("/a/b/@c", ("/a/b", "c")), ("/a/@p:c ", ("/a", "p:c")), ("/a[@b='1']", ("/a[@b='1']", None)), ("/a/@*", ("/a/@*", None)), ("/a[b/@c]", ("/a[b/@c]", None))],
)  # fmt: skip
def test_an_attribute_as_the_last_step(xpath: str, parts: tuple[str, str | None]) -> None:
    assert split_attribute(xpath) == parts


def test_roots() -> None:
    assert absolute("b", "/a/") == "/a/b"
    assert absolute(" /b ", "/a") == "/b"
    assert absolute("(//b)[1]", "/a") == "(//b)[1]"
    with pytest.raises(OperatorError, match="is relative"):
        absolute("b", None)


@pytest.mark.parametrize("xpath", ["/a/#", "/a['", "/a[$x]", "/a;b"])
def test_what_is_not_xpath(xpath: str) -> None:
    with pytest.raises(OperatorError, match="the xpath"):
        parse_path(xpath, True)
