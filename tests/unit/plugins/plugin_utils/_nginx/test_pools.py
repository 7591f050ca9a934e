# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Which pool of nodes a request goes to."""

from __future__ import annotations

import itertools
import re

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._nginx.nodes import Node
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._nginx.pools import (
    Choice,
    Pool,
    Server,
    choices,
    pools,
    shares,
)

PORTS = {"https": 9446, "http": 9766}
A, B, C = (
    Node(name, name, f"192.0.2.{number}", PORTS)
    for number, name in ((11, "a"), (12, "b"), (13, "c"))
)
TIRED, NEVER = "max_fails=3 fail_timeout=5s", "max_fails=0"


def by_name(found: list[Pool]) -> dict[str, Pool]:
    assert len({pool.name for pool in found}) == len(found)
    return {pool.name: pool for pool in found}


def test_one_node_has_one_pool_with_further_tries() -> None:
    found = pools([A], "x", "cookie", shared=False)
    again = (Server("192.0.2.11:9446", "backup max_fails=0"),) * 4
    assert found[0] == Pool(
        "x_https_a", "https", (Server("192.0.2.11:9446", "max_fails=0"), *again)
    )
    assert [pool.name for pool in found] == ["x_https_a", "x_http_a"]


def test_two_nodes_stand_in_for_each_other() -> None:
    found = by_name(pools([A, B], "x", "cookie", shared=False))
    assert list(found) == [
        "x_https_a", "x_https_a_without_b", "x_https_b", "x_https_b_without_a",
        "x_http_a", "x_http_a_without_b", "x_http_b", "x_http_b_without_a",
    ]  # fmt: skip
    assert found["x_https_b"].servers == (
        Server("192.0.2.12:9446", TIRED),
        Server("192.0.2.11:9446", "backup max_fails=0"),
    )
    assert found["x_http_b_without_a"].servers == (
        Server("192.0.2.12:9766", NEVER),
        *(Server("192.0.2.12:9766", "backup max_fails=0"),) * 4,
    )


def test_of_three_nodes_two_are_a_backup_and_each_can_be_alone() -> None:
    found = by_name(pools([A, B, C], "x", "cookie", shared=False))
    assert len(found) == 2 * (3 + 6 + 3)
    assert found["x_https_b"].servers == (
        Server("192.0.2.12:9446", TIRED),
        Server("192.0.2.11:9446", "backup " + TIRED),
        Server("192.0.2.13:9446", "backup " + TIRED),
    )
    assert found["x_https_b_without_a"].servers == (
        Server("192.0.2.12:9446", TIRED),
        Server("192.0.2.13:9446", "backup max_fails=0"),
    )
    assert [server.at for server in found["x_https_c_alone"].servers] == ["192.0.2.13:9446"] * 5


def test_pools_that_nginx_chooses_in_hold_all_nodes_or_all_but_one() -> None:
    found = by_name(pools([A, B, C], "x", "ip_hash", shared=True))
    assert [name for name, pool in found.items() if pool.shared and pool.scheme == "http"] == [
        "x_http_all", "x_http_all_without_a", "x_http_all_without_b", "x_http_all_without_c",
    ]  # fmt: skip
    assert found["x_http_all_without_b"].servers == (
        Server("192.0.2.11:9766", TIRED),
        Server("192.0.2.13:9766", TIRED),
    )
    assert by_name(pools([A, B], "x", "ip_hash", shared=True))["x_https_all_without_b"].servers == (
        Server("192.0.2.11:9446", NEVER),
    )
    assert "x_https_all_without_a" not in by_name(pools([A], "x", "ip_hash", shared=True))


def test_nginx_plus_finds_the_node_of_a_session_by_its_name() -> None:
    named = Node("km1.bank", "km1_bank", "192.0.2.11", PORTS)
    found = by_name(pools([named], "x", "session", shared=True))
    assert found["x_https_all"].servers == (
        Server("192.0.2.11:9446", "max_fails=0 route=km1.bank"),
    )


def test_the_choices_of_two_nodes() -> None:
    assert choices([A, B], shared=True) == [
        Choice("a:00", "a"), Choice("a:11", "a"), Choice("a:10", "b_without_a"), Choice("a:01", "a_without_b"),
        Choice("b:00", "b"), Choice("b:11", "b"), Choice("b:10", "b_without_a"), Choice("b:01", "a_without_b"),
        Choice("all:00", "all"), Choice("all:11", "all"), Choice("all:10", "all_without_a"), Choice("all:01", "all_without_b"),
    ]  # fmt: skip


def chosen(found: list[Choice], key: str) -> str:
    """As nginx looks a key up: words first, then expressions in their order."""
    exact = [choice.pool for choice in found if choice.key == key]
    return (
        exact
        + [
            choice.pool
            for choice in found
            if choice.key.startswith("~") and re.search(choice.key[1:], key)
        ]
    )[0]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("shared", [False, True])
def test_whatever_is_out_the_pool_exists_and_holds_none_of_it(count: int, shared: bool) -> None:
    nodes = [
        Node(f"n{number}", f"n{number}", f"192.0.2.{number}", PORTS) for number in range(count)
    ]
    known = by_name(pools(nodes, "x", "ip_hash", shared=shared))
    found = choices(nodes, shared=shared)
    for route, bits in itertools.product(
        [node.label for node in nodes] + ["all"] * shared, itertools.product("01", repeat=count)
    ):
        pool = known["x_https_" + chosen(found, f"{route}:{''.join(bits)}")]
        led_to = [server.at.split(":")[0] for server in pool.servers]
        out = {node.address for node, bit in zip(nodes, bits) if bit == "1"}
        if 0 < len(out) < count:
            assert not out & set(led_to), (route, bits)
        own = next((node.address for node in nodes if node.label == route), None)
        if own not in out and own is not None:
            assert led_to[0] == own, (route, bits)


def test_clients_are_spread_evenly() -> None:
    assert shares([A]) == [("*", "a")]
    assert shares([A, B]) == [("50.00%", "a"), ("*", "b")]
    assert shares([A, B, C]) == [("33.33%", "a"), ("33.33%", "b"), ("*", "c")]
