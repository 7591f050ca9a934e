# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Role shared_fs on two nodes with one share: the tests build on each other."""

from __future__ import annotations

import pytest

from tests.integration.state.state_hosts import Hosts, changed

HOME = "/opt/wso2/statetest"
NODES = ("st-km1", "st-km2")


@pytest.fixture(scope="module")
def nodes(hosts: Hosts) -> Hosts:
    for node in NODES:
        hosts.run(
            node,
            "useradd --system --uid 802 --user-group wso2 && mkdir -p"
            f" {HOME}/repository/deployment/server/userstores {HOME}/repository/{{tenants,logs}} &&"
            f" cd {HOME}/repository/deployment/server && echo stock > stock.war && echo {node} >"
            f" own-{node} && chown -R wso2: {HOME}",
        )
    return hosts


def test_an_unmounted_share_stops_the_run_before_anything_is_linked(nodes: Hosts) -> None:
    nodes.run("st-km1", "umount /srv/share")
    output = nodes.play("--limit", "st-km1", playbook="shared_fs.yml", check=False)
    assert "/srv/share is not a mount point on this host" in output
    assert nodes.run("st-km1", f"find {HOME} /srv/share -type l") == ""
    assert nodes.run("st-km1", "ls -A /srv/share") == ""


def test_nodes_with_different_shares_are_refused(nodes: Hosts) -> None:
    nodes.run("st-km1", "mount -t tmpfs tmpfs /srv/share")
    output = nodes.play(playbook="shared_fs.yml", check=False)
    assert "Not all Key Managers see the same file system at /srv/share" in output
    assert nodes.run("st-km1", f"find {HOME} -type l") == ""
    nodes.run("st-km1", "umount /srv/share")
    nodes.remount("st-km1")


def test_both_nodes_at_once_and_again(nodes: Hosts) -> None:
    before = nodes.play("--check", playbook="shared_fs.yml")
    assert min(changed(before).values()) > 0
    output = nodes.play(playbook="shared_fs.yml")
    winner = next(
        node
        for node in NODES
        if nodes.run(node, f"ls {HOME}/repository") == "deployment\nlogs\ntenants\n"
    )
    loser = next(node for node in NODES if node != winner)
    assert f"{HOME}/repository/deployment.before-sharing keeps what was here" in output.replace(
        "\n    ", " "
    )
    for node in NODES:
        assert (
            nodes.run(node, f"cat {HOME}/repository/deployment/server/own-{winner}").strip()
            == winner
        )
        assert nodes.run(
            node, f"readlink {HOME}/repository/deployment {HOME}/repository/tenants"
        ).split() == [
            "/srv/share/statetest/Deployment",
            "/srv/share/statetest/Tenants",
        ]
    assert (
        nodes.run(
            loser, f"cat {HOME}/repository/deployment.before-sharing/server/own-{loser}"
        ).strip()
        == loser
    )
    nodes.run(winner, f"su -s /bin/sh wso2 -c 'echo new > {HOME}/repository/tenants/1'")
    assert nodes.run(loser, f"cat {HOME}/repository/tenants/1").strip() == "new"
    assert nodes.run("st-km1", "find /srv/share/statetest ! -user wso2") == ""
    for arguments in ((), ("--check",)):
        assert changed(nodes.play(*arguments, playbook="shared_fs.yml")) == {
            "st-km1": 0,
            "st-km2": 0,
        }


def test_another_user_number_is_refused(nodes: Hosts) -> None:
    nodes.run("st-km2", "usermod -u 803 wso2")
    try:
        output = nodes.play("--limit", "st-km2", playbook="shared_fs.yml", check=False)
        assert (
            "belongs to user number 802, but wso2 has the number 803 on this host"
            in output.replace("\n    ", " ")
        )
    finally:
        nodes.run("st-km2", "usermod -u 802 wso2")


def test_a_server_that_has_run_is_left_alone(nodes: Hosts) -> None:
    nodes.run(
        "st-km2",
        f"cd {HOME}/repository && rm -rf deployment* && mkdir deployment && echo x > deployment/own"
        " && echo x > logs/wso2carbon.log && chown -R wso2: .",
    )
    output = nodes.play("--limit", "st-km2", playbook="shared_fs.yml", check=False)
    assert "has already run with its own repository/deployment" in output.replace("\n    ", " ")
    allowed = ("--limit", "st-km2", "-e", '{"cluster_allowed_changes": ["shared_directories"]}')
    nodes.play(*allowed, playbook="shared_fs.yml")
    assert (
        nodes.run("st-km2", f"cat {HOME}/repository/deployment.before-sharing/own").strip() == "x"
    )
