# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Two Key Managers on one machine: nothing of the one is the other's, and one outlives the
other."""

from __future__ import annotations

import re
import time
import typing as t

import pytest

from tests.support.molecule_cluster import Cluster

# By the inventory: offsets 3 and 4, and member ports that no offset moves.
PORTS = {"obkm": {9446, 9766, 4000}, "obkm2": {9447, 9767, 4010}}


@pytest.fixture
def nodes(cluster: Cluster) -> list[dict[str, t.Any]]:
    return cluster.hosts("key_manager")


def listeners(cluster: Cluster, node: dict[str, t.Any]) -> set[int]:
    """The ports on which the Java processes of a node's own unit listen."""
    machine = cluster.on(node["name"])
    processes = {
        pid
        for pid in machine.check_output("ps -C java -o pid=").split()
        if f"/{node['instance']}.service" in machine.check_output("cat /proc/%s/cgroup", pid)
    }
    assert len(processes) == 1, node["name"]
    # Of other users' processes root in a container does not see which ports are theirs.
    rows = machine.check_output(
        "runuser --user $(ps -o user:20= -p %s) -- ss -Htlnp", next(iter(processes))
    ).splitlines()
    return {
        int(row.split()[3].rpartition(":")[2])
        for row in rows
        if set(re.findall(r"pid=(\d+)", row)) & processes
    }


def test_both_stand_on_one_machine(cluster: Cluster, nodes: list[dict[str, t.Any]]) -> None:
    assert len(nodes) == 2
    assert len({cluster.status["machines"][node["name"]] for node in nodes}) == 1
    assert len({node["address"] for node in nodes}) == 1


def test_each_listens_on_its_own_ports_and_took_no_other(
    cluster: Cluster, nodes: list[dict[str, t.Any]]
) -> None:
    found = {node["instance"]: listeners(cluster, node) for node in nodes}
    assert found.keys() == PORTS.keys()
    for instance, ports in found.items():
        assert ports >= PORTS[instance], instance
    assert found["obkm"] & found["obkm2"] == set()
    # A Hazelcast whose port is taken moves on to the next one without a word.
    assert {port for port in found["obkm"] | found["obkm2"] if 4000 <= port < 4100} == {4000, 4010}


def test_each_has_its_own_home_unit_and_settings(
    cluster: Cluster, nodes: list[dict[str, t.Any]]
) -> None:
    assert len({node["home"] for node in nodes}) == 2
    machine = cluster.on(nodes[0]["name"])
    for node in nodes:
        name = node["instance"]
        properties = machine.check_output(
            "systemctl show %s --property WorkingDirectory,StateDirectory,ReadWritePaths", name
        )
        assert f"WorkingDirectory={node['home']}\n" in properties + "\n"
        assert f"StateDirectory=carbon-ops/{name}\n" in properties + "\n"
        other = next(each["home"] for each in nodes if each is not node)
        assert other not in re.split(r"[=\s]", properties)
        assert machine.file(f"/etc/carbon-ops/{name}/health.json").exists
        assert machine.file(f"{node['home']}/repository/logs/wso2carbon.log").exists


def test_both_are_members_under_the_ports_of_the_inventory(
    cluster: Cluster, nodes: list[dict[str, t.Any]]
) -> None:
    for node in nodes:
        answer = cluster.health(node)
        assert answer["healthy"], answer
        assert sorted(answer["members"]) == sorted(each["name"] for each in nodes)
        start = cluster.on(node["name"]).check_output(
            "cat /var/lib/carbon-ops/%s/start.json", node["instance"]
        )
        assert f'"local_member": "{node["address"]}:{node["member_port"]}"' in start


def test_run_over_an_unchanged_machine_changes_nothing(cluster: Cluster) -> None:
    run = cluster.playbook("site.yml")
    assert run.changed == {}
    assert "Configure the node" in run.output
    assert "Check that the running cluster is what the inventory describes" in run.output


@pytest.fixture
def stopped(
    cluster: Cluster, nodes: list[dict[str, t.Any]], request: pytest.FixtureRequest
) -> t.Iterator[dict[str, t.Any]]:
    node = nodes[request.param]
    machine = cluster.on(node["name"])
    machine.check_output("systemctl stop %s", node["instance"])
    yield node
    machine.check_output("systemctl start %s", node["instance"])
    until = time.monotonic() + 60
    while not all(cluster.health(each)["healthy"] for each in nodes):
        assert time.monotonic() < until, [cluster.health(each) for each in nodes]
        time.sleep(2)


@pytest.mark.parametrize("stopped", [0, 1], ids=["first", "second"], indirect=True)
def test_stop_of_one_leaves_the_other(
    cluster: Cluster, nodes: list[dict[str, t.Any]], stopped: dict[str, t.Any]
) -> None:
    (other,) = [node for node in nodes if node is not stopped]
    machine = cluster.on(other["name"])
    assert not machine.service(stopped["instance"]).is_running
    assert machine.service(other["instance"]).is_running
    answer = cluster.health(other, "1")
    assert answer["healthy"], answer
    user, password = cluster.status["admin_user"], cluster.admin_password
    assert cluster.login(other["name"], cluster.own_url(other), user, password)
    assert cluster.login(other["name"], cluster.balanced_url, user, password)
