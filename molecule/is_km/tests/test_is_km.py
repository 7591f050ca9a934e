# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Active-active: a Key Manager beside each of two API Managers."""

from __future__ import annotations

import typing as t
import xml.etree.ElementTree as ElementTree

import pytest

from tests.support.molecule_cluster import Cluster

# How API Manager finds the service for its logins and for the validation of keys.
CALLS = ("AuthManager", "APIKeyValidator")


def pairs(cluster: Cluster) -> list[tuple[dict[str, t.Any], dict[str, t.Any]]]:
    """The Key Manager and the API Manager of each machine."""
    found = []
    for node in cluster.hosts("key_manager"):
        (beside,) = [
            server
            for server in cluster.hosts("api_manager")
            if server["address"] == node["address"]
        ]
        found.append((node, beside))
    return found


def test_each_machine_runs_both_servers_on_ports_of_their_own(cluster: Cluster) -> None:
    assert len(pairs(cluster)) == 2
    for node, server in pairs(cluster):
        assert (
            cluster.status["machines"][node["name"]] == cluster.status["machines"][server["name"]]
        )
        assert (node["offset"], server["offset"]) == (1, 0)
        machine = cluster.on(node["name"])
        rows = machine.check_output("ss -Htln").splitlines()
        listening = {int(row.split()[3].rpartition(":")[2]) for row in rows}
        assert {node["ports"]["https"], server["ports"]["https"]} == {9444, 9443}
        assert {9443, 9444, 9763, 9764, node["member_port"]} <= listening
        assert len(machine.check_output("ps -C java -o pid=").split()) == 2
        assert node["home"] != server["home"]


def test_only_the_key_managers_are_members(cluster: Cluster) -> None:
    names = sorted(node["name"] for node in cluster.hosts("key_manager"))
    for node, server in pairs(cluster):
        answer = cluster.health(node)
        assert answer["healthy"], answer
        assert sorted(answer["members"]) == names
        answer = cluster.health(server)
        assert answer["healthy"], answer
        assert answer["members"] == [server["name"]]


@pytest.mark.parametrize("call", CALLS)
def test_api_manager_logs_in_at_the_url_of_its_own_file(cluster: Cluster, call: str) -> None:
    for _node, server in pairs(cluster):
        text = cluster.on(server["name"]).check_output(
            "cat %s/repository/conf/api-manager.xml", server["home"]
        )
        found = ElementTree.fromstring(text).findall(f"{call}/ServerURL")
        assert len(found) == 1
        url = (found[0].text or "").replace("${carbon.context}", "/")
        assert (
            url
            == f"https://{cluster.status['hostname']}:{cluster.status['internal_port']}/services/"
        )
        user = cluster.status["admin_user"]
        assert cluster.login(
            server["name"], url + "AuthenticationAdmin", user, cluster.admin_password
        ), server["name"]
        assert not cluster.login(
            server["name"], url + "AuthenticationAdmin", user, "not-the-password"
        ), server["name"]


def test_each_half_tells_its_own_gateway(cluster: Cluster) -> None:
    """What Identity Server's api-manager.xml is given; the kernel that stands in for it has no such
    file."""
    for node, server in pairs(cluster):
        assert (
            node["gateway"]["revoke_url"]
            == f"https://{server['address']}:{server['ports']['gateway_https']}/revoke"
        )
        assert node["gateway"]["services_url"] is None


def test_api_manager_reads_the_names_of_the_service_in_the_hosts_file(cluster: Cluster) -> None:
    for node, _server in pairs(cluster):
        lines = cluster.on(node["name"]).file("/etc/hosts").content_string.splitlines()
        names = [cluster.status["hostname"], cluster.status["management_hostname"]]
        assert lines.count(" ".join([cluster.status["load_balancer"], *names])) == 1
