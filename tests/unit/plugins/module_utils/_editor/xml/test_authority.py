# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Of a URL only host and port change."""

from __future__ import annotations

import typing as t

import pytest

# The URL, the host and port that it gets, and the URL afterwards.
CASES = {
    "a path with placeholders": (
        "https://obam:8243/open-banking/{version}/aisp/",
        "https://api.bank.example:8244/open-banking/{version}/aisp/",
    ),
    "no path": ("https://obam:8243", "https://api.bank.example:8244"),
    "no port": ("https://obam/a?b=c:d", "https://api.bank.example:8244/a?b=c:d"),
    "plain HTTP": ("http://obam:9763/a", "http://api.bank.example:8244/a"),
    "a placeholder of the product": (
        "https://&lt;WSO2_OB_APIM_HOST>:8243/a",
        "https://api.bank.example:8244/a",
    ),
    "an address in brackets": ("https://[fd00:1::1]:8243/a", "https://api.bank.example:8244/a"),
    "a query at once": ("https://obam:8243?x=/y", "https://api.bank.example:8244?x=/y"),
    "done already": ("https://api.bank.example:8244/a", "https://api.bank.example:8244/a"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_rest_stays(name: str, edit: t.Any) -> None:
    before, after = CASES[name]
    edited = edit(
        f"<a>\n  <b>{before}</b>\n</a>\n",
        {"xpath": "/a/b", "authority": "api.bank.example:8244"},
    )
    assert edited.after.decode() == f"<a>\n  <b>{after}</b>\n</a>\n"


@pytest.mark.parametrize("text", ["", "obam:8243", "/a/b"])
def test_what_is_no_url_is_an_error(text: str, edit: t.Any) -> None:
    assert "not a URL" in edit.error(f"<a><b>{text}</b></a>", {"xpath": "/a/b", "authority": "x:1"})


@pytest.mark.parametrize(
    "other",
    [{"text": "a"}, {"attributes": {"a": 1}}, {"state": "present"}, {"if_missing": ["create"]}],
)
def test_it_goes_with_nothing_else(other: t.Any, edit: t.Any) -> None:
    assert "authority is a part of the text" in edit.error(
        "<a><b>https://c</b></a>", {"xpath": "/a/b", "authority": "x:1", **other}
    )
