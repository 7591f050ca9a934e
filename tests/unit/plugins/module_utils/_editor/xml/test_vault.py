# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A password that ciphertool has put into the secure vault is not written beside its alias: the server would go on reading the vault."""

from __future__ import annotations

import typing as t

import pytest

VAULT = 'xmlns:svns="http://org.wso2.securevault/configuration"'
ELEMENT = f'<Server {VAULT}>\n  <Password svns:secretAlias="Carbon.Security.KeyStore.Password">password</Password>\n</Server>\n'
ALIAS = 'svns:secretAlias="Server.Service.Connector.keystorePass"'
CONNECTOR = (
    f'<Server {VAULT}>\n  <Connector port="9443" keystorePass="password" {ALIAS}/>\n</Server>\n'
)

PARAMETER = f'<axisconfig {VAULT}>\n  <parameter name="groupPassword" svns:secretAlias="Axis2.group">password</parameter>\n</axisconfig>\n'
BLOCK = f'<a {VAULT}>\n  <datasource>\n    <password svns:secretAlias="Datasources.A">password</password>\n  </datasource>\n</a>\n'
# The document, the edit, the element that the error names, and what the line becomes where the alias may go.
CASES = {
    "text": (
        ELEMENT,
        {"xpath": "/Server/Password", "text": "%{p}"},
        "Password (line 2)",
        b"  <Password>new</Password>",
    ),
    "text that is the same": (
        *(ELEMENT, {"xpath": "/Server/Password", "text": "password"}, "Password (line 2)"),
        b"  <Password>password</Password>",
    ),
    "attribute": (
        *(
            CONNECTOR,
            {"xpath": "/Server/Connector", "attributes": {"keystorePass": "%{p}"}},
            "Connector (line 2)",
        ),
        b'  <Connector port="9443" keystorePass="new"/>',
    ),
    "parameter": (
        *(
            PARAMETER,
            {"xpath": "//parameter[@name='groupPassword']", "text": "%{p}"},
            "parameter (line 2)",
        ),
        b'  <parameter name="groupPassword">new</parameter>',
    ),
    "block": (
        *(
            BLOCK,
            {"xpath": "/a/datasource", "xml": {"datasource": [{"password": "%{p}"}]}},
            "password (line 3)",
        ),
        b"    <password>new</password>",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_by_the_names_of_file_and_element(name: str, edit: t.Any) -> None:
    document, change, element, _line = CASES[name]
    error = edit.error(document, change, secrets={"p": "new"})
    assert error.startswith("FILE: edit 1 ") and element in error and "secure vault" in error
    assert "new" not in error.replace("new value", "")


@pytest.mark.parametrize("name", CASES)
def test_the_alias_goes_where_that_is_asked_for(name: str, edit: t.Any) -> None:
    document, change, _element, line = CASES[name]
    assert edit(document, change, secrets={"p": "new"}, vaulted="replace").added_lines == [line]


def test_other_attributes_of_the_element_may_change(edit: t.Any) -> None:
    edited = edit(CONNECTOR, {"xpath": "/Server/Connector", "attributes": {"proxyPort": 443}})
    assert (
        b'svns:secretAlias="Server.Service.Connector.keystorePass" proxyPort="443"'
        in edited.added_lines[0]
    )


def test_an_edit_that_takes_the_alias_out_itself_is_not_refused(edit: t.Any) -> None:
    edited = edit(
        ELEMENT,
        {"xpath": "/Server/Password", "text": "new", "attributes": {"svns:secretAlias": None}},
    )
    assert edited.added_lines == [b"  <Password>new</Password>"]


PLAIN = """<?xml version="1.0" encoding="ISO-8859-1"?>
<!-- <Server> of the test -->
<Server xmlns="http://wso2.org/projects/carbon/carbon.xml">
  <Password>former</Password>
</Server>
"""
INTO = {
    "xpath": "/Server/Password",
    "text": "password",
    "attributes": {"svns:secretAlias": "Carbon.Password"},
}
INTO_CONNECTOR = {
    "xpath": "/Server/Connector",
    "attributes": {"keystorePass": "password", "svns:secretAlias": "Server.Connector.keystorePass"},
}


def test_an_element_gets_its_alias_and_the_root_its_name_space(edit: t.Any) -> None:
    edited = edit(PLAIN, INTO)
    assert edited.added_lines == [
        f'<Server xmlns="http://wso2.org/projects/carbon/carbon.xml" {VAULT}>'.encode(),
        b'  <Password svns:secretAlias="Carbon.Password">password</Password>',
    ]
    assert "former" not in str(edited.result.diff)


def test_an_attribute_gets_its_alias(edit: t.Any) -> None:
    edited = edit(
        '<Server\n   a="1"\n>\n  <Connector keystorePass="former"/>\n</Server>\n', INTO_CONNECTOR
    )
    assert edited.text == (
        f'<Server\n   a="1" {VAULT}\n>\n  <Connector keystorePass="password"'
        ' svns:secretAlias="Server.Connector.keystorePass"/>\n</Server>\n'
    )
    assert "former" not in str(edited.result.diff)


@pytest.mark.parametrize("root", ["<Server/>", "<Server />"])
def test_an_empty_root_can_declare_it(root: str, edit: t.Any) -> None:
    change = {**INTO, "if_missing": ["create"]}
    assert edit(root, change).text.startswith(f"<Server {VAULT}")


def test_an_alias_that_is_right_stays_and_another_is_replaced(edit: t.Any) -> None:
    right = {"attributes": {"svns:secretAlias": "Carbon.Security.KeyStore.Password"}}
    assert edit(ELEMENT, {**INTO, **right}).added_lines == []
    other = edit(ELEMENT, INTO)
    assert other.added_lines == [
        b'  <Password svns:secretAlias="Carbon.Password">password</Password>'
    ]
    assert edit(CONNECTOR, INTO_CONNECTOR).added_lines == [
        b'  <Connector port="9443" keystorePass="password"'
        b' svns:secretAlias="Server.Connector.keystorePass"/>'
    ]


def test_a_further_secret_of_the_element_leaves_the_alias_where_it_is(edit: t.Any) -> None:
    alias = {"svns:secretAlias": "Server.Service.Connector.keystorePass"}
    change = {"xpath": "/Server/Connector", "attributes": {"truststorePass": "%{p}", **alias}}
    assert edit(CONNECTOR, change, secrets={"p": "new"}).added_lines == [
        f'  <Connector port="9443" keystorePass="password" {ALIAS} truststorePass="new"/>'.encode()
    ]


def test_another_meaning_of_the_prefix_is_refused(edit: t.Any) -> None:
    error = edit.error('<Server xmlns:svns="urn:other"><Password>x</Password></Server>', INTO)
    assert error == (
        "FILE: its root element declares xmlns:svns for another name space than"
        " http://org.wso2.securevault/configuration, so the server would not find the aliases of"
        " its secure vault. Correct it."
    )
