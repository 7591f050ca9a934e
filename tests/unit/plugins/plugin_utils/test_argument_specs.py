# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Texts of argument specs read as plain sentences."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils import (
    _argument_specs as argument_specs,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import role_options

PLAIN = [
    ("Set O(cluster_name) to V(x).", "Set cluster_name to x."),
    ("C(a), B(b), I(c), M(d.e.f), E(HOME), RV(changed)", "a, b, c, d.e.f, HOME, changed"),
    (r"V(a\)b)", "a)b"),
    ("The MAC(not markup) and a DOC(x)", "The MAC(not markup) and a DOC(x)"),
    ("Nothing (at all).", "Nothing (at all)."),
]


@pytest.mark.parametrize(("text", "expected"), PLAIN)
def test_markup_goes_and_the_words_stay(text: str, expected: str) -> None:
    assert argument_specs.plain(text) == expected


@pytest.mark.parametrize(
    ("option", "summary", "description"),
    [
        (
            {"description": "One C(text)\n  in two lines."},
            "One text in two lines.",
            "One text in two lines.",
        ),
        ({"description": ["First.", "Second O(x)."]}, "First.", "First. Second x."),
        ({}, "", ""),
    ],
)
def test_first_paragraph_and_all(option: t.Any, summary: str, description: str) -> None:
    assert argument_specs.summary(option) == summary
    assert argument_specs.description(option) == description


def test_no_text_of_this_collection_keeps_markup() -> None:
    for options in role_options().values():
        for name, option in options.items():
            text = argument_specs.description(option)
            assert text and not any(mark in text for mark in ("C(", "O(", " V(", " M(")), (
                name,
                text,
            )
