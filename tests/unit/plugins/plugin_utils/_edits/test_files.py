# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The files of a product home as xml_patch gets them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._edits.files import (
    product_files,
)

URLS = {"OAuth2TokenEPUrl": "https://km.bank.example/oauth2/token"}


@pytest.mark.parametrize(
    ("edits", "made"),
    [
        ([{"xpath": "/a", "text": "b"}], [{"xpath": "/a", "text": "b"}]),
        (
            [{"xpath": "/a", "url": "OAuth2TokenEPUrl", "if_missing": ["create"]}],
            [
                {
                    "xpath": "/a",
                    "text": "https://km.bank.example/oauth2/token",
                    "if_missing": ["create"],
                }
            ],
        ),
    ],
)
def test_an_edit_gets_the_url_it_names(edits, made):
    assert product_files([{"path": "b.xml", "root": "/r", "edits": edits}], "/home/", URLS) == [
        {"path": "/home/b.xml", "root": "/r", "edits": made}
    ]


def test_a_file_without_edits_is_left_out():
    assert product_files([{"path": "b.xml", "edits": []}], "/home") == []


def test_a_url_of_no_name_is_told():
    with pytest.raises(
        AnsibleFilterError,
        match=(
            "/a: there is no URL of the name OAuth2TokenEpUrl among those of the product's profile."
        ),
    ):
        product_files(
            [{"path": "b.xml", "edits": [{"xpath": "/a", "url": "OAuth2TokenEpUrl"}]}],
            "/home",
            URLS,
        )
