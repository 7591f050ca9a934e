# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""site.yml on a cluster that is as it should be, and on one where somebody changed one byte."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest
from conftest import Cluster, Run

SITE = "site.yml"
# Every step is done, although nothing has changed since the last verified run.
WHOLE = ("-e", "cluster_full_run=true")


class State(NamedTuple):
    manifest: dict[str, dict[str, str]]
    processes: dict[str, str]

    @classmethod
    def of(cls, cluster: Cluster) -> State:
        return cls(cluster.manifest(), cluster.processes())


def differences(before: State, after: State) -> set[tuple[str, str]]:
    """The files that came, went or were written, as host and path."""
    return {
        (host, path)
        for host in before.manifest
        for path in before.manifest[host].keys() | after.manifest[host].keys()
        if before.manifest[host].get(path) != after.manifest[host].get(path)
    }


def content(state: State, host: str, path: str) -> str:
    return state.manifest[host][path].split()[-1]


@pytest.fixture(scope="module")
def before(cluster: Cluster) -> State:
    state = State.of(cluster)
    for host, files in state.manifest.items():
        assert files, f"The manifest of {host} is empty: it would prove nothing."
    for host in cluster.hosts("key_manager"):
        assert f"{host['home']}/repository/conf/carbon.xml" in state.manifest[host["name"]]
    return state


def changed_tasks(run: Run) -> str:
    """The tasks that changed something, for the message of a failed assertion."""
    task = ""
    lines = []
    for line in run.output.splitlines():
        if line.startswith("TASK ["):
            task = line
        elif line.startswith("changed:"):
            lines.append(f"{task} {line}")
    return "\n".join(lines)


def test_second_run_changes_nothing(cluster: Cluster, before: State) -> None:
    run = cluster.playbook(SITE, *WHOLE)
    after = State.of(cluster)
    assert run.changed == {}, changed_tasks(run)
    assert differences(before, after) == set()
    assert after.processes == before.processes


def test_run_over_an_unchanged_cluster_only_verifies_it(cluster: Cluster, before: State) -> None:
    run = cluster.playbook(SITE)
    assert run.changed == {}, changed_tasks(run)
    assert "Product files say what the inventory says" not in run.output
    assert "Running cluster is what the inventory describes" in run.output
    assert differences(before, State.of(cluster)) == set()


def test_every_managed_file_is_compared_with_the_last_verified_run(cluster: Cluster, before: State) -> None:
    """Else a change by hand would be overlooked. What stands in the share is the servers' own."""
    for host, files in before.manifest.items():
        record = json.loads(cluster.on(host).check_output("cat /var/lib/carbon-ops/*.verified.json"))
        overlooked = {path for path in files if path not in record["seen"] and "/repository/deployment/" not in path}
        assert overlooked == set(), host


def test_check_mode_finds_nothing_to_do(cluster: Cluster, before: State) -> None:
    run = cluster.playbook(SITE, "--check", "--diff", *WHOLE)
    assert run.changed == {}, changed_tasks(run)
    assert differences(before, State.of(cluster)) == set()


def test_one_byte_changed_by_hand_is_taken_back_and_nothing_else_is_touched(cluster: Cluster, before: State) -> None:
    node = cluster.hosts("key_manager")[-1]
    path = f"{node['home']}/repository/conf/identity/identity.xml"
    host = cluster.on(node["name"])
    setting = host.check_output("grep --only-matching '<OAuth2RevokeEPUrl>.*</OAuth2RevokeEPUrl>' %s", path)
    assert "/oauth2/revoke" in setting
    host.check_output("sed --in-place 's|/oauth2/revoke</OAuth2RevokeEPUrl>|/oauth2/revokE</OAuth2RevokeEPUrl>|' %s", path)
    edited = State.of(cluster)
    assert differences(before, edited) == {(node["name"], path)}
    assert content(edited, node["name"], path) != content(before, node["name"], path)

    checked = cluster.playbook(SITE, "--check")
    assert set(checked.changed) == {node["name"]}, changed_tasks(checked)
    assert differences(edited, State.of(cluster)) == set()

    run = cluster.playbook(SITE)
    after = State.of(cluster)
    assert set(run.changed) == {node["name"]}, changed_tasks(run)
    assert differences(before, after) == {(node["name"], path)}
    assert content(after, node["name"], path) == content(before, node["name"], path)
    assert after.processes == before.processes
