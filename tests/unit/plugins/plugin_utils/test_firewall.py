# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Which port is open to whom, by what a host is."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._firewall import (
    admits,
    names_to_resolve,
    port_range,
    port_rules,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.build import build_model
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.inventory import (
    Inventory,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import (
    collection_sources,
)

GROUPS = {
    "key_manager": ["km1", "km2"],
    "load_balancer": ["lb1"],
    "database": ["db1"],
    "api_manager": ["am1"],
}
ADDRESSES = {
    "km1": "192.0.2.11",
    "km2": "192.0.2.12",
    "lb1": "192.0.2.21",
    "db1": "192.0.2.31",
    "am1": "192.0.2.41",
}
CLUSTER = ["192.0.2.11", "192.0.2.12", "192.0.2.21", "192.0.2.41"]


def rules(
    host: str,
    settings: t.Any = None,
    addresses: t.Any = None,
    groups: t.Any = None,
    resolved: t.Any = None,
    hosts: t.Any = None,
    **variables: t.Any,
) -> t.Any:
    base = {"cluster_product": "ob_km_1.5", "cluster_hostname": "km.bank.example", **variables}
    of_hosts = {
        name: {**base, "cluster_node_address": address, **(hosts or {}).get(name, {})}
        for name, address in {**ADDRESSES, **(addresses or {})}.items()
    }
    model = build_model(
        "km1",
        Inventory({**GROUPS, **(groups or {}), "all": list(of_hosts)}, of_hosts),
        collection_sources(),
    )
    return port_rules(model, host, settings or {}, resolved)


def table(found: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    return {
        rule["port"]: "*" if rule["everybody"] else rule["ipv4"] + rule["ipv6"] for rule in found
    }


def without(address: str) -> list[str]:
    return [item for item in CLUSTER if item != address]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (
            "km1",
            {
                "22": "*",
                "4000": ["192.0.2.12"],
                "9446": ["192.0.2.12", "192.0.2.21"],
                "9766": ["192.0.2.21"],
            },
        ),
        (
            "km2",
            {
                "22": "*",
                "4000": ["192.0.2.11"],
                "9446": ["192.0.2.11", "192.0.2.21"],
                "9766": ["192.0.2.21"],
            },
        ),
        ("lb1", {"22": "*", "443": "*", "80": "*", "9443": without("192.0.2.21")}),
        ("db1", {"22": "*", "3306": ["192.0.2.11", "192.0.2.12", "192.0.2.41"]}),
        ("am1", {"22": "*", "8243": "*", "8280": "*", "9443": without("192.0.2.41")}),
    ],
)
def test_each_host_lets_in_what_is_needed_and_no_more(
    host: str, expected: dict[str, t.Any]
) -> None:
    assert table(rules(host)) == expected


# What is set, the host, its port, and who may reach it.
SET = [
    (
        {"ssh_port": 2222, "administration_sources": ["198.51.100.0/24"]},
        "db1",
        "2222",
        ["198.51.100.0/24"],
    ),
    (
        {"public_sources": ["203.0.113.0/24"]},
        "lb1",
        "443",
        [*without("192.0.2.21"), "203.0.113.0/24"],
    ),
    (
        {"public_sources": ["203.0.113.0/24"]},
        "am1",
        "8243",
        [*without("192.0.2.41"), "203.0.113.0/24"],
    ),
    ({"internal_sources": ["198.51.100.7"]}, "lb1", "9443", ["198.51.100.7"]),
    ({"portal_sources": ["198.51.100.7"]}, "am1", "9443", [*without("192.0.2.41"), "198.51.100.7"]),
    (
        {"extra_rules": [{"port": "9100-9110", "sources": ["2001:db8::/64", "198.51.100.7"]}]},
        "db1",
        "9100-9110",
        ["198.51.100.7", "2001:db8::/64"],
    ),
    ({"extra_rules": [{"port": "9100"}]}, "db1", "9100", "*"),
    ({"extra_rules": [{"port": "9446"}]}, "km1", "9446", "*"),
    # Overlapping networks are one, for a set of nftables holds no overlaps.
    (
        {"extra_rules": [{"port": "3306", "sources": ["192.0.2.0/24"]}]},
        "db1",
        "3306",
        ["192.0.2.0/24"],
    ),
]


@pytest.mark.parametrize(("settings", "host", "port", "expected"), SET)
def test_what_is_set_is_let_in(
    settings: dict[str, t.Any], host: str, port: str, expected: t.Any
) -> None:
    assert table(rules(host, settings))[port] == expected


def test_ports_follow_the_inventory() -> None:
    found = table(rules("km1", cluster_port_offset=5, cluster_member_port=4100))
    assert found == {
        "22": "*",
        "4100": ["192.0.2.12"],
        "9448": ["192.0.2.12", "192.0.2.21"],
        "9768": ["192.0.2.21"],
    }
    assert "8443" in table(rules("lb1", cluster_public_port=8443))
    assert "3307" in table(rules("db1", cluster_database={"port": 3307}))


def test_without_a_balancer_the_clients_come_to_the_nodes() -> None:
    groups = {"load_balancer": []}
    found = table(rules("km1", groups=groups, cluster_hostname_address="192.0.2.99"))
    assert (found["9446"], found["9766"], found["4000"]) == ("*", "*", ["192.0.2.12"])
    found = table(
        rules(
            "km1",
            {"public_sources": ["198.51.100.1"]},
            groups=groups,
            cluster_hostname_address="192.0.2.99",
        )
    )
    assert found["9446"] == ["192.0.2.12", "192.0.2.41", "198.51.100.1"]


def test_a_machine_lets_in_what_any_of_its_hosts_needs() -> None:
    one = {"km2": "192.0.2.11", "lb1": "192.0.2.11"}
    own = {"km2": {"cluster_port_offset": 4, "cluster_member_port": 4001}}
    # The two members talk to each other on the machine itself, so no port of theirs is open.
    expected = {"22": "*", "443": "*", "80": "*", "9443": ["192.0.2.41"]}
    assert (
        table(rules("km1", addresses=one, hosts=own))
        == table(rules("lb1", addresses=one, hosts=own))
        == expected
    )


def test_loopback_is_nobody() -> None:
    one = dict.fromkeys(ADDRESSES, "127.0.0.1")
    own = {
        "km2": {"cluster_port_offset": 4, "cluster_member_port": 4001},
        "am1": {"cluster_api_manager_port_offset": 9},
    }
    assert set(table(rules("km1", addresses=one, hosts=own)).values()) == {"*"}
    assert "3306" not in table(
        rules("db1", addresses={"km1": "127.0.0.2", "km2": "127.0.0.3", "am1": "127.0.0.4"})
    )


def test_names_are_looked_up() -> None:
    names = {"km2": "km2.bank.example"}
    found = rules(
        "km1", addresses=names, resolved={"km2.bank.example": ["192.0.2.12", "2001:db8::12"]}
    )
    member = next(rule for rule in found if rule["port"] == "4000")
    assert (member["ipv4"], member["ipv6"]) == (["192.0.2.12"], ["2001:db8::12"])
    with pytest.raises(
        OperatorError, match=r"km2\.bank\.example cannot be looked up.*cluster_node_address"
    ):
        rules("km1", addresses=names)


def changed(host: str, **model: t.Any) -> t.Any:
    """The rules of a host, of a model that is changed in this way."""
    base = {"cluster_product": "ob_km_1.5", "cluster_hostname": "km.bank.example"}
    of_hosts = {
        name: {**base, "cluster_node_address": address} for name, address in ADDRESSES.items()
    }
    built = build_model(
        "km1", Inventory({**GROUPS, "all": list(of_hosts)}, of_hosts), collection_sources()
    )
    return table(port_rules({**built, **model}, host, {}))


def test_members_outside_the_inventory_reach_the_member_port() -> None:
    members = [
        {"host": "192.0.2.11", "port": 4000},
        {"host": "198.51.100.2-5", "port": 4000},
        {"host": "198.51.100.9", "port": 4000},
    ]
    assert changed("km1", members=members)["4000"] == [
        "192.0.2.12",
        "198.51.100.2/31",
        "198.51.100.4/31",
        "198.51.100.9",
    ]


def test_multicast_needs_its_own_port() -> None:
    assert "45564" not in changed("km1")
    assert changed("km1", membership={"scheme": "wka", "options": {}}) == changed("km1")
    assert changed("km1", membership={"scheme": "multicast", "options": {}})["45564"] == [
        "192.0.2.12"
    ]
    assert changed("km1", membership={"scheme": "multicast", "options": {"port": 45000}})[
        "45000"
    ] == ["192.0.2.12"]


def test_the_embedded_directory_is_for_api_manager() -> None:
    assert "10392" not in changed("km1", user_store={"type": "jdbc"})
    assert changed("km1", user_store={"type": "embedded_ldap"})["10392"] == ["192.0.2.41"]


def test_a_server_without_a_cluster_has_no_member_port() -> None:
    base = {"cluster_product": "ob_km_1.5", "cluster_hostname": "km.bank.example"}
    of_hosts = {
        name: {**base, "cluster_node_address": address} for name, address in ADDRESSES.items()
    }
    built = build_model(
        "km1", Inventory({**GROUPS, "all": list(of_hosts)}, of_hosts), collection_sources()
    )
    for node in built["nodes"]:
        node.pop("member_port")
    assert "4000" not in table(port_rules(built, "km1", {}))


def test_names_to_resolve() -> None:
    assert names_to_resolve(
        {
            "hosts": {
                "a": {"address": "b.example"},
                "b": {"address": "192.0.2.1"},
                "c": {"address": "2001:db8::1"},
            }
        }
    ) == ["b.example"]


def test_purposes_are_told_and_harmless() -> None:
    found = {
        rule["port"]: rule["purpose"]
        for rule in rules(
            "am1", {"extra_rules": [{"port": "8243", "purpose": 'x" drop #' + "y" * 200}]}
        )
    }
    assert found["9443"] == "obkm-apim https"
    assert found["8243"].startswith("obkm-apim gateway https, x drop y")
    assert len(found["8243"]) == 120


@pytest.mark.parametrize("port", ["0", "70000", "20-10", "x", "", None, "-1", "1-2-3", True])
def test_what_is_no_port_is_refused(port: t.Any) -> None:
    with pytest.raises(OperatorError, match="here: write a port"):
        port_range(port, "here")


@pytest.mark.parametrize(
    ("address", "port", "expected"),
    [
        ("198.51.100.9", 22, True),
        ("::ffff:198.51.100.9", "22", True),
        ("203.0.113.1", 22, False),
        ("127.0.0.1", 22, True),
        ("2001:db8::5", 9105, True),
        ("2001:db8::5%eth0", 9111, False),
        ("192.0.2.21", 9446, True),
        ("192.0.2.21", 8000, False),
    ],
)
def test_who_is_admitted(address: str, port: t.Any, expected: bool) -> None:
    extra = [
        {"port": "9100-9110", "sources": ["2001:db8::/64"]},
        {"port": "8000", "protocol": "udp"},
    ]
    found = rules("km1", {"administration_sources": ["198.51.100.0/24"], "extra_rules": extra})
    assert admits(found, address, port) is expected
