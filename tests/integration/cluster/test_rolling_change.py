# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""One setting of the inventory changes and site.yml runs again, while clients log in and fetch the
login page fifty times a second."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

from tests.support.cluster_load import LONGEST_RUN, RATE, Load
from tests.support.running_cluster import INVENTORY, REPOSITORY, Cluster

pytestmark = pytest.mark.cluster


def run(playbook: str, *arguments: str) -> str:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")
    }
    environment.update(
        ANSIBLE_CONFIG=str(REPOSITORY / "ansible.cfg"),
        ANSIBLE_NOCOLOR="1",
        PATH="{0}{1}{2}".format(Path(sys.executable).parent, os.pathsep, os.environ["PATH"]),
    )
    done = subprocess.run(
        ["ansible-playbook", playbook, "-i", str(INVENTORY), *arguments],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST_RUN,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    # Long sentences are printed over several lines.
    return " ".join(done.stdout.split())


def starts(cluster: Cluster) -> list[tuple[int, int]]:
    """When each node was started and when it was ready."""
    found = []
    for node in cluster.nodes:
        start = cluster.start_of(node)
        found.append((int(start["started_at"]), int(start["ready_at"])))
    return found


def limit_on(cluster: Cluster, node: dict[str, t.Any]) -> str:
    text = cluster.on(node, "cat", node["home"] + "/repository/conf/hazelcast.properties")
    return next(
        line.split("=")[1]
        for line in text.splitlines()
        if line.startswith("hazelcast.max.no.heartbeat.seconds=")
    )


@pytest.fixture
def load(whole_cluster: Cluster, tmp_path: Path) -> t.Iterator[Load]:
    generator = Load(whole_cluster, tmp_path)
    time.sleep(5)
    yield generator
    if generator.process.poll() is None:
        # It ends its clients' processes itself when it is asked to end.
        generator.process.terminate()
        generator.process.wait(timeout=120)


def judge(cluster: Cluster, load: Load, before: list[tuple[int, int]], begun: float) -> None:
    found = load.stop()
    print(json.dumps(found, indent=2))
    after = starts(cluster)
    assert all(now[0] > then[0] for now, then in zip(after, before)), "not every node was restarted"
    # One at a time: no node was stopped before the one before it was ready.
    ordered = sorted(after)
    assert all(first[1] <= second[0] for first, second in zip(ordered, ordered[1:])), ordered
    # The load was there all the while.
    assert found["sent"] > 0.8 * RATE * (time.time() - begun)
    assert found["failed"] == 0, found["problems"]


def test_changed_setting_is_rolled_out_without_a_lost_request(
    whole_cluster: Cluster, load: Load
) -> None:
    before, begun = starts(whole_cluster), time.time()
    output = run("site.yml", "-e", json.dumps({"cluster_heartbeat_limit": 11}))
    assert "changed since the server was started" in output
    judge(whole_cluster, load, before, begun)
    assert [limit_on(whole_cluster, node) for node in whole_cluster.nodes] == ["11"] * len(
        whole_cluster.nodes
    )


def test_run_that_was_killed_between_edit_and_restart_is_made_good(
    whole_cluster: Cluster, load: Load
) -> None:
    """Takes the change back: the files are edited by one run, which then ends, and the restarts are
    made by the next."""
    before, begun = starts(whole_cluster), time.time()
    run("playbooks/configure.yml")
    assert starts(whole_cluster) == before
    output = run("site.yml")
    assert "changed since the server was started" in output
    judge(whole_cluster, load, before, begun)
    assert len({limit_on(whole_cluster, node) for node in whole_cluster.nodes}) == 1
