# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The port table, its range, and the clashes of servers that share a machine."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._ports import (
    HIGHEST_OFFSET,
    NOT_FOLLOWING,
    PORTS,
    check_offset,
    check_port,
    clashes,
    listening_ports,
    port_table,
)

STOCK = {
    "https": 9443,
    "http": 9763,
    "embedded_ldap": 10389,
    "kdc": 8000,
    "jmx_registry": 9999,
    "jmx_server": 11111,
    "thrift_entitlement": 10500,
    "jndi": 2199,
    "thrift_key_validator": 10397,
    "gateway_https": 8243,
    "gateway_http": 8280,
}


@pytest.mark.parametrize("offset", [0, 1, 3, 4, "3", HIGHEST_OFFSET])
def test_every_port_follows_the_offset(offset: t.Any) -> None:
    assert port_table(offset) == {key: base + int(offset) for key, base in STOCK.items()}


def test_the_highest_offset_is_the_one_whose_highest_port_is_still_a_port() -> None:
    assert HIGHEST_OFFSET == 65535 - 11111
    assert max(port_table(HIGHEST_OFFSET).values()) == 65535


@pytest.mark.parametrize(
    "offset",
    [
        -1,
        "-1",
        HIGHEST_OFFSET + 1,
        True,
        False,
        None,
        "",
        " 3 ",
        "3.0",
        3.0,
        "three",
        "\u0663",
        [3],
    ],
)
def test_an_offset_out_of_range_is_refused_by_name(offset: t.Any) -> None:
    with pytest.raises(
        OperatorError, match=r"^cluster_port_offset must be a whole number from 0 to 54424"
    ):
        check_offset(offset, "cluster_port_offset")


@pytest.mark.parametrize("port", [1, 4000, "4000", 65535])
def test_a_port_in_range_is_taken(port: t.Any) -> None:
    assert check_port(port) == int(port)


@pytest.mark.parametrize("port", [0, -4000, 65536, True, None, "4000 ", 4000.0])
def test_a_port_out_of_range_is_refused_by_name(port: t.Any) -> None:
    with pytest.raises(
        OperatorError, match="^cluster_member_port must be a whole number from 1 to 65535"
    ):
        check_port(port, "cluster_member_port")


def test_ports_that_do_not_follow_are_named_with_a_reason() -> None:
    assert {key: port.base for key, port in NOT_FOLLOWING.items()} == {
        "member": 4000,
        "proxy_https": 443,
        "proxy_http": 80,
    }
    assert not any(port.follows_offset for port in NOT_FOLLOWING.values())
    assert all(port.follows_offset and port.where for port in PORTS.values())


def node(name: str, offset: int = 0, **more: t.Any) -> dict[str, t.Any]:
    return dict(
        {
            "name": name,
            "address": "10.0.0.1",
            "offset": offset,
            "role": "key_manager",
            "member_port": 4000,
        },
        **more,
    )


OTHER_MEMBER_PORT = "Give one of them another member port: the port offset does not move it."
OTHER_OFFSET = "Give one of them another port offset, or another member port where that is meant."
CLASHES = [
    ("two machines", [node("km1"), node("km2", address="10.0.0.2")], []),
    ("two offsets and two member ports", [node("km1"), node("km2", 1, member_port=4010)], []),
    (
        "one member port",
        [node("km1"), node("km2", 1)],
        [
            "Port 4000 is wanted twice on 10.0.0.1: by km1 (member) and by km2 (member). "
            + OTHER_MEMBER_PORT
        ],
    ),
    (
        "the machine is told apart from the address",
        [node("km1", machine="host1"), node("km2", 1, address="10.0.0.2", machine="host1")],
        [
            "Port 4000 is wanted twice on host1: by km1 (member) and by km2 (member). "
            + OTHER_MEMBER_PORT
        ],
    ),
    (
        "another server's member port",
        [
            node("km1", member_port=9443),
            node("am1", role="api_manager", member_port=None, offset=0),
        ][:1],
        [
            "Port 9443 of km1 is wanted twice: as https and as member port. Choose another member"
            " port."
        ],
    ),
    (
        "a derived port meets a derived port of another kind",
        [node("km1"), node("km2", 320, member_port=4010)],
        [
            "Port 9763 is wanted twice on 10.0.0.1: by km1 (http) and by km2 (https). "
            + OTHER_OFFSET
        ],
    ),
    ("a Key Manager has no gateway ports", [node("km1"), node("km2", 37, member_port=4010)], []),
    (
        "an API Manager has them",
        [
            node("am1", role="api_manager", member_port=None),
            node("am2", 37, role="api_manager", member_port=None),
        ],
        [
            "Port 8280 is wanted twice on 10.0.0.1: by am1 (gateway_http) and by am2"
            " (gateway_https). " + OTHER_OFFSET
        ],
    ),
]


@pytest.mark.parametrize(
    "nodes, expected", [case[1:] for case in CLASHES], ids=[case[0] for case in CLASHES]
)
def test_clashes(nodes: list[dict[str, t.Any]], expected: list[str]) -> None:
    assert clashes(nodes) == expected


def test_two_servers_with_one_offset_clash_on_every_port_they_open() -> None:
    assert (
        len(clashes([node("km1"), node("km2", member_port=4010)]))
        == len(listening_ports(node("km1"))) - 1
    )


def test_a_node_may_bring_its_own_table() -> None:
    assert listening_ports({"name": "km1", "ports": {"https": 9446, "custom": 7000}}) == {
        "https": 9446,
        "custom": 7000,
    }
    with pytest.raises(OperatorError, match="the member port of km1 must be"):
        listening_ports(node("km1", member_port=0))
