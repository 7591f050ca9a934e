# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A node that is killed, hangs or is cut off: clients are answered by the other, the cluster
notices, and the node comes back.

Each node is struck once in each way, because nginx prefers one of them for the console.
"""

from __future__ import annotations

import json
import time
import typing as t

import pytest

from tests.support.running_cluster import Cluster, docker, wait_for

pytestmark = pytest.mark.cluster

ANSWER_SECONDS = 5
NOTICE_SECONDS = 30
# A node that was away must find its cluster again, or start anew.
RETURN_SECONDS = 240


def network_of(container: str) -> tuple[str, dict[str, t.Any]]:
    networks = json.loads(
        docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", container)
    )
    [(name, settings)] = networks.items()
    return name, settings


def kill_jvm(name: str) -> t.Callable[[], None]:
    """The virtual machine dies; its socket closes at once, and systemd starts it again."""
    docker("exec", name, "pkill", "-KILL", "java")
    return lambda: None


def kill_machine(name: str) -> t.Callable[[], None]:
    """The machine loses its power and is switched on again later: the service starts at boot."""
    docker("kill", name)
    return lambda: docker("start", name) and None


def freeze(name: str) -> t.Callable[[], None]:
    """Every process stands still: the kernel still accepts connections, and nobody answers."""
    docker("pause", name)
    return lambda: docker("unpause", name) and None


def cut_off(name: str) -> t.Callable[[], None]:
    network, settings = network_of(name)
    docker("network", "disconnect", network, name)

    def connect() -> None:
        aliases = [part for alias in settings.get("Aliases") or [] for part in ("--alias", alias)]
        docker("network", "connect", "--ip", settings["IPAddress"], *aliases, network, name)

    return connect


STRIKES = {
    "killed virtual machine": kill_jvm,
    "killed machine": kill_machine,
    "frozen": freeze,
    "cut off": cut_off,
}


class Struck(t.NamedTuple):
    """A cluster one of whose nodes has just been struck."""

    cluster: Cluster
    victim: dict[str, t.Any]
    other: dict[str, t.Any]
    started_before: str
    bring_back: t.Callable[[], None]


def started(cluster: Cluster, node: dict[str, t.Any]) -> str:
    """When the node was started last; empty while it cannot be asked."""
    file = "/var/lib/carbon-ops/{0}/start.json".format(node["instance"])
    shown = docker("exec", node["name"], "cat", file, timeout=5, check=False)
    return str(json.loads(shown)["started_at"]) if shown else ""


# nginx prefers one of the nodes and waits for one that is silent, so both are frozen each time;
# otherwise one stands for the other.
AGAIN = {("killed virtual machine", 1), ("killed machine", 0), ("cut off", 1)}


@pytest.fixture(
    params=[
        pytest.param(
            (strike, index),
            marks=[pytest.mark.slow] * ((strike, index) in AGAIN),
            id=f"{strike}, node {index}",
        )
        for strike in STRIKES
        for index in (0, 1)
    ]
)
def struck(request: pytest.FixtureRequest, whole_cluster: Cluster) -> t.Iterator[Struck]:
    strike, index = request.param
    if len(whole_cluster.nodes) < 2:
        pytest.skip("a cluster of one node has nobody to take over")
    victim = whole_cluster.nodes[index]
    before = started(whole_cluster, victim)
    back = STRIKES[strike](victim["name"])
    returned: list[bool] = []

    def bring_back() -> None:
        if not returned:
            returned.append(True)
            back()

    yield Struck(whole_cluster, victim, whole_cluster.nodes[1 - index], before, bring_back)
    bring_back()


def test_node_that_fails_is_replaced_noticed_and_comes_back(
    struck: Struck, request: pytest.FixtureRequest
) -> None:
    cluster, other = struck.cluster, struck.other
    struck_at = time.monotonic()

    # Requests in flight at the moment of the strike may be lost; every one that follows is
    # answered, and soon.
    slowest = 0.0
    answered = 0
    while time.monotonic() - struck_at < 10:
        begun = time.monotonic()
        cluster.login(cluster.through_nginx())
        logged_in = time.monotonic()
        page = cluster.through_nginx().request("GET", "/carbon/admin/login.jsp")
        assert page.status == 200
        assert "</html>" in page.body
        slowest = max(slowest, logged_in - begun, time.monotonic() - logged_in)
        answered += 1
    assert answered >= 2
    assert slowest < ANSWER_SECONDS

    def noticed() -> bool:
        if cluster.members(other) == [other["name"]]:
            return True
        # systemd may have started a killed virtual machine again before anybody looked: it joined
        # anew, so its going was noticed.
        return "virtual machine" in request.node.name and started(cluster, struck.victim) not in (
            "",
            struck.started_before,
        )

    wait_for(
        "{0} notices".format(other["name"]),
        noticed,
        max(1.0, NOTICE_SECONDS - (time.monotonic() - struck_at)),
    )
    struck.bring_back()
    cluster.wait_until_whole(RETURN_SECONDS)
    for node in cluster.nodes:
        cluster.login(cluster.server(node))
