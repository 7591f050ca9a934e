# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Wrong configurations with which a server looks alive. Each is made on a running node only, and
playbooks/verify.yml says which it is."""

from __future__ import annotations

import time
import typing as t

import pytest

from tests.support.running_cluster import INVENTORY, Cluster, docker

# Each restarts a node twice.
pytestmark = [pytest.mark.cluster, pytest.mark.slow]

# A server that cannot start has failed by then; its unit goes on waiting.
FAILED_BY = 60
# Longer than a pool trusts a connection before it asks its validation query.
VALIDATION_INTERVAL = 8
CONF = "repository/conf/"


class Wrong(t.NamedTuple):
    file: str
    pattern: str
    replacement: str
    sentence: str


WRONG = {
    "bad database password": Wrong(
        CONF + "datasources/master-datasources.xml",
        r"(openbank_userdb.*?<password>)[^<]+",
        r"\g<1>wrong",
        "The database refuses the account",
    ),
    "unknown valve": Wrong(
        CONF + "tomcat/catalina-server.xml",
        r"</Host>",
        r'<Valve className="x.NoValve"/></Host>',
        "Tomcat does not find the class x.NoValve",
    ),
    "bogus validation query": Wrong(
        CONF + "datasources/master-datasources.xml",
        r"(openbank_userdb.*?<validationQuery>)[^<]+",
        r"\g<1>SELECT 1 FROM nowhere",
        "The validation query of a datasource fails",
    ),
    "mounts removed": Wrong(
        CONF + "registry.xml", r"<mount .*?</mount>", "", "this registry mount is not live"
    ),
    "another cluster domain": Wrong(
        CONF + "axis2/axis2.xml",
        r'(<parameter name="domain">)[^<]+',
        r"\g<1>other.domain",
        "runs in the cluster domain 'other.domain', and the inventory says",
    ),
}
EDIT = (
    "import pathlib, re, sys; path = pathlib.Path(sys.argv[1]); text = path.read_text('latin-1');"
    " changed = re.sub(sys.argv[2], sys.argv[3], text, flags=re.S); assert changed != text,"
    " 'nothing to change'; path.write_text(changed, 'latin-1')"
)


def restart(cluster: Cluster, node: dict[str, t.Any], *options: str) -> None:
    # systemd counts the starts, and refuses one after five within ten minutes.
    cluster.on(node, "systemctl", "reset-failed", node["instance"], check=False)
    docker("exec", node["name"], "systemctl", "restart", *options, node["instance"], timeout=400)


def wait_for_the_outcome(cluster: Cluster, node: dict[str, t.Any], before: int) -> None:
    """Until the server is ready all the same, or has had its time."""
    begun = time.monotonic()
    while time.monotonic() - begun < FAILED_BY:
        start = cluster.start_of(node)
        if start["started_at"] > before and start["ready_at"]:
            return
        time.sleep(2)


@pytest.fixture
def spoilt(whole_cluster: Cluster) -> t.Iterator[t.Callable[[str], None]]:
    """Moves a file of the last node aside; afterwards it is back and the node runs with it."""
    node = whole_cluster.nodes[-1]
    kept = "/var/tmp/carbon-ops-look-alive"
    paths: list[str] = []

    def keep(path: str) -> None:
        whole_cluster.on(node, "cp", "--preserve=all", path, kept)
        paths.append(path)

    yield keep
    for path in paths:
        whole_cluster.on(node, "cp", "--preserve=all", kept, path)
        whole_cluster.on(node, "rm", kept)
    restart(whole_cluster, node)


def verify(playbook: t.Callable[..., t.Any]) -> tuple[int, str]:
    run = playbook("playbooks/verify.yml", INVENTORY, timeout=600)
    # Long sentences are printed over several lines.
    return run.status, " ".join(run.output.split())


def test_healthy_cluster_passes(whole_cluster: Cluster, playbook: t.Callable[..., t.Any]) -> None:
    status, output = verify(playbook)
    assert status == 0, output[-3000:]


@pytest.mark.parametrize("name", WRONG)
def test_wrong_configuration_is_named(
    name: str,
    whole_cluster: Cluster,
    spoilt: t.Callable[[str], None],
    playbook: t.Callable[..., t.Any],
) -> None:
    node, wrong = whole_cluster.nodes[-1], WRONG[name]
    path = "{0}/{1}".format(node["home"], wrong.file)
    before = whole_cluster.start_of(node)["started_at"]
    spoilt(path)
    whole_cluster.on(node, "python3", "-c", EDIT, path, wrong.pattern, wrong.replacement)
    restart(whole_cluster, node, "--no-block")
    wait_for_the_outcome(whole_cluster, node, before)
    if "validation" in name:
        time.sleep(VALIDATION_INTERVAL)
    status, output = verify(playbook)
    assert status != 0, "the cluster was found to be right"
    assert wrong.sentence in output, output[-4000:]


def test_missing_driver_is_named(
    whole_cluster: Cluster, spoilt: t.Callable[[str], None], playbook: t.Callable[..., t.Any]
) -> None:
    node = whole_cluster.nodes[-1]
    [path] = whole_cluster.on(
        node,
        "find",
        node["home"] + "/repository/components/lib",
        "-name",
        "*{0}*.jar".format(whole_cluster.model["database"]["vendor"]),
    ).split()
    before = whole_cluster.start_of(node)["started_at"]
    spoilt(path)
    whole_cluster.on(node, "rm", path)
    restart(whole_cluster, node, "--no-block")
    wait_for_the_outcome(whole_cluster, node, before)
    status, output = verify(playbook)
    assert status != 0, "the cluster was found to be right"
    assert f"The JDBC driver {path} is missing." in output, output[-4000:]
