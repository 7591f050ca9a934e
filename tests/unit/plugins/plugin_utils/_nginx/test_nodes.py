# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""How nginx' configuration calls and reaches nodes."""

from __future__ import annotations

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._nginx.nodes import (
    Node,
    host_of,
    labels_of,
    nodes_of,
)


def test_a_name_of_plain_letters_is_its_own_label() -> None:
    assert labels_of(["km1", "km-2", "km3.bank"]) == {
        "km1": "km1",
        "km-2": "km_2",
        "km3.bank": "km3_bank",
    }


# The digests are the first eight digits of sha256sum of the name.
@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("all", "all_5ef5ef03"),
        ("alone", "alone_facf8b54"),
        ("a-without-b", "a_922d1e25"),
        ("km1.prod.dc1.bank.example", "km1_930192de"),
        ("twenty-characters-ab", "twenty_characters_ab"),
        ("twenty-one-characters", "twenty_0f5d9dd1"),
    ],
)
def test_what_nginx_would_take_for_something_else_gets_a_digest(name: str, label: str) -> None:
    assert labels_of([name]) == {name: label}


def test_names_that_differ_in_what_nginx_does_not_take_get_different_labels() -> None:
    labels = labels_of(["km-1", "km_1", "KM.1", "km2"])
    assert labels["km2"] == "km2"
    assert len(set(labels.values())) == 4
    assert all(label.startswith("km_") for name, label in labels.items() if name != "km2")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("192.0.2.11", "192.0.2.11"),
        ("km1.bank.example", "km1.bank.example"),
        ("::1", "[::1]"),
        ("2001:DB8:0:0::11", "[2001:db8::11]"),
    ],
)
def test_an_address_stands_before_a_port_as_nginx_shows_it(address: str, shown: str) -> None:
    assert host_of(address) == shown


def test_a_node_is_where_its_ports_are() -> None:
    ports = {"https": 9446, "http": 9766, "member": 4000}
    (node,) = nodes_of([{"name": "km1", "address": "2001:db8::11", "ports": ports, "index": 7}])
    assert node == Node("km1", "km1", "2001:db8::11", ports)
    assert (node.at("https"), node.at("http")) == ("[2001:db8::11]:9446", "[2001:db8::11]:9766")
