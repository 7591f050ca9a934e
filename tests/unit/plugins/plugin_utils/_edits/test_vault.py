# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Edits of secrets, with the secret or with its alias."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._edits.files import (
    product_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._edits.vault import (
    vault_entries,
)

TEXT = {"xpath": "/Server/Password", "text": "%{keystore}", "vault": "Carbon.Password"}
ATTRIBUTE = {
    "xpath": "Connector",
    "attributes": {"keystorePass": "%{keystore}", "keyAlias": "km"},
    "vault": {"keystorePass": "Server.Connector.keystorePass"},
}
BESIDE = {
    "xpath": "Connector",
    "attributes": {"truststorePass": "%{truststore}"},
    "vault": {"keystorePass": "Server.Connector.keystorePass"},
}
OTHER = {"xpath": "/Server/Offset", "text": "1"}


@pytest.mark.parametrize(
    ("edit", "plain", "vaulted"),
    [
        (
            TEXT,
            {"xpath": "/Server/Password", "text": "%{keystore}"},
            {
                "xpath": "/Server/Password",
                "text": "password",
                "attributes": {"svns:secretAlias": "Carbon.Password"},
            },
        ),
        (
            ATTRIBUTE,
            {
                "xpath": "Connector",
                "attributes": {"keystorePass": "%{keystore}", "keyAlias": "km"},
            },
            {
                "xpath": "Connector",
                "attributes": {
                    "keystorePass": "password",
                    "keyAlias": "km",
                    "svns:secretAlias": "Server.Connector.keystorePass",
                },
            },
        ),
        (
            BESIDE,
            {"xpath": "Connector", "attributes": {"truststorePass": "%{truststore}"}},
            {
                "xpath": "Connector",
                "attributes": {
                    "truststorePass": "%{truststore}",
                    "svns:secretAlias": "Server.Connector.keystorePass",
                },
            },
        ),
        (OTHER, OTHER, OTHER),
    ],
)
def test_an_edit_has_the_secret_or_its_alias(
    edit: dict[str, t.Any], plain: dict[str, t.Any], vaulted: dict[str, t.Any]
) -> None:
    files = [{"path": "a.xml", "edits": [edit]}]
    for storage, made in {"plain": plain, "secure_vault": vaulted}.items():
        assert product_files(files, "/home", None, storage) == [
            {"path": "/home/a.xml", "edits": [made]}
        ]
    assert product_files(files, "/home") == [{"path": "/home/a.xml", "edits": [plain]}]


def test_the_entries_have_value_and_place_of_each_secret() -> None:
    files = [
        {"path": "repository/conf/carbon.xml", "edits": [TEXT, OTHER]},
        {"path": "tomcat.xml", "root": "/Server/Service", "edits": [ATTRIBUTE, BESIDE]},
    ]
    assert vault_entries(files) == [
        {
            "alias": "Carbon.Password",
            "value": "%{keystore}",
            "place": "repository/conf/carbon.xml//Server/Password,false",
        },
        {
            "alias": "Server.Connector.keystorePass",
            "value": "%{keystore}",
            "place": "tomcat.xml//Server/Service/Connector[@keystorePass],true",
        },
    ]


def test_one_alias_for_two_secrets_is_an_error() -> None:
    files = [{"path": "a.xml", "edits": [TEXT, {**TEXT, "text": "%{other}"}]}]
    with pytest.raises(
        AnsibleFilterError, match=r"a\.xml: the alias Carbon\.Password stands for two secrets"
    ):
        vault_entries(files)


def test_two_aliases_for_one_element_are_an_error() -> None:
    edit = {**ATTRIBUTE, "vault": {"keystorePass": "a", "truststorePass": "b"}}
    with pytest.raises(AnsibleFilterError, match="Connector: an element can have one alias only"):
        product_files([{"path": "a.xml", "edits": [edit]}], "/home", None, "secure_vault")
