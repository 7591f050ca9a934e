# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The five caching scenarios and membership by multicast on running servers: site.yml goes there
and back, and the servers show it."""

from __future__ import annotations

import json
import typing as t

import pytest

from tests.support.running_cluster import INVENTORY, Cluster

# Each restarts every node.
pytestmark = [pytest.mark.cluster, pytest.mark.slow]

# Whether the servers form a cluster, and what Carbon's own configuration and the caches of the
# security layers say.
SCENARIOS: dict[str, dict[str, t.Any]] = {
    "local_without_invalidation": {
        "clustered": False,
        "local": "true",
        "minutes": "5",
        "users": "true",
    },
    "none": {"clustered": False, "local": "true", "minutes": "15", "users": "false"},
    "local_without_security_caches": {
        "clustered": True,
        "local": "true",
        "minutes": "15",
        "users": "false",
    },
    "distributed": {"clustered": True, "local": "false", "minutes": "15", "users": "true"},
    "local_with_invalidation": {
        "clustered": True,
        "local": "true",
        "minutes": "15",
        "users": "true",
    },
}


def run(playbook: t.Callable[..., t.Any], **variables: t.Any) -> str:
    # What these variables are about, and nothing else: the files of the Key Managers and their
    # restarts.
    done = playbook(
        "site.yml",
        INVENTORY,
        "--tags",
        "configure,service",
        "-e",
        json.dumps(variables),
        timeout=1200,
    )
    assert done.status == 0, done.output[-5000:]
    return str(done.output)


@pytest.fixture(scope="module")
def back(cluster: Cluster, playbook: t.Callable[..., t.Any]) -> t.Iterator[None]:
    """The cluster is as its inventory says again."""
    cluster.wait_until_whole()
    yield
    # Hazelcast shuts down a node that meets another scheme, so the way back from multicast leads
    # over a stop (docs/topologies.md).
    for node in cluster.nodes[1:]:
        cluster.on(node, "systemctl", "stop", node["instance"], timeout=120)
    run(playbook)
    cluster.wait_until_whole()


def listens(cluster: Cluster, node: dict[str, t.Any]) -> bool:
    return ":{0} ".format(node["member_port"]) in cluster.on(
        node, "ss", "--listening", "--tcp", "--numeric"
    )


def text(cluster: Cluster, node: dict[str, t.Any], file: str, expression: str) -> str:
    """What stands in a configuration file of the running server, read with the node's own
    Python."""
    program = (
        "import sys; from lxml import etree; print(etree.parse(sys.argv[1]).xpath(sys.argv[2]))"
    )
    path = "{0}/repository/conf/{1}".format(node["home"], file)
    return cluster.on(node, "python3", "-c", program, path, f"string({expression})").strip()


@pytest.mark.parametrize("name", SCENARIOS)
def test_caching_scenario_on_running_servers(
    name: str, cluster: Cluster, playbook: t.Callable[..., t.Any], back: None
) -> None:
    wanted = SCENARIOS[name]
    before = [cluster.start_of(node)["started_at"] for node in cluster.nodes]
    run(playbook, cluster_caching=name)
    for node, earlier in zip(cluster.nodes, before):
        assert cluster.start_of(node)["started_at"] > earlier, (
            "the server does not run with the new scenario"
        )
        assert listens(cluster, node) is wanted["clustered"]
        assert (
            text(cluster, node, "carbon.xml", "//*[local-name()='ForceLocalCache']")
            == wanted["local"]
        )
        assert (
            text(cluster, node, "carbon.xml", "//*[local-name()='DefaultCacheTimeout']")
            == wanted["minutes"]
        )
        assert (
            text(
                cluster,
                node,
                "user-mgt.xml",
                "//UserStoreManager/Property[@name='UserRolesCacheEnabled']",
            )
            == wanted["users"]
        )
        # A server that was configured so, and cannot work, does not let the administrator in.
        cluster.login(cluster.server(node))
    if wanted["clustered"]:
        cluster.wait_until_whole()


def test_members_find_each_other_by_multicast(
    cluster: Cluster, playbook: t.Callable[..., t.Any], back: None
) -> None:
    run(playbook, cluster_membership_scheme="multicast")
    for node in cluster.nodes:
        assert (
            text(
                cluster, node, "axis2/axis2.xml", "//clustering/parameter[@name='membershipScheme']"
            )
            == "multicast"
        )
        log = cluster.on(
            node, "sh", "-c", "tail -n 3000 {0}/repository/logs/wso2carbon.log".format(node["home"])
        )
        assert "Using multicast based membership management scheme" in log
    cluster.wait_until_whole()
    # The first node would meet the others, which still look for each other by multicast, and be
    # shut down.
    before = [cluster.start_of(node)["started_at"] for node in cluster.nodes]
    done = playbook("site.yml", INVENTORY, "--tags", "configure,service", timeout=1200)
    other = cluster.nodes[1]
    assert done.status != 0
    assert (
        "{0} runs with multicast, and cluster_membership_scheme is wka".format(other["name"])
        in done.output
    )
    for node, earlier in zip(cluster.nodes, before):
        assert cluster.start_of(node)["started_at"] == earlier
        assert (
            text(
                cluster, node, "axis2/axis2.xml", "//clustering/parameter[@name='membershipScheme']"
            )
            == "multicast"
        )
