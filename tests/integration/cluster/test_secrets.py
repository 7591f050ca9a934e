# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""No password of the cluster is shown while site.yml makes files that hold them anew: every one of them is a canary."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from running_cluster import INVENTORY, Cluster, docker

pytestmark = pytest.mark.cluster

# Process lists of everything: of the hosts, which are containers, and of the controller.
WATCH = "while true; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; echo; sleep 0.1; done"


@pytest.fixture(scope="module")
def canaries(cluster: Cluster) -> set[str]:
    """The passwords, read from where the running servers have them."""
    script = (
        "import pathlib, re; "
        "found = set(); "
        "[found.update(re.findall(r'<(?:password|Password|KeyPassword)>([^<$]+)<', path.read_text('latin-1'))) "
        "for path in pathlib.Path('{0}/repository/conf').rglob('*.xml')]; "
        "found.update(re.findall(r'groupPassword\">([^<]+)<', pathlib.Path('{0}/repository/conf/axis2/axis2.xml').read_text('latin-1'))); "
        "print(found)"
    )
    node = cluster.nodes[0]
    found = ast.literal_eval(cluster.on(node, "python3", "-c", script.format(node["home"])))
    # Those of the product's own files, which everybody knows, prove nothing.
    secrets = {secret for secret in found if len(secret.strip()) >= 16}
    assert cluster.password in secrets
    assert len(secrets) >= len(cluster.model["databases"]) + 2, "too few passwords were found to prove anything"
    return secrets


class Watcher:
    """Reads the process lists of all hosts and of this machine until it is stopped."""

    def __init__(self, hosts: list[str], folder: Path) -> None:
        self.files = [folder / name for name in [*hosts, "controller"]]
        commands = [["docker", "exec", name, "sh", "-c", WATCH] for name in hosts] + [["sh", "-c", WATCH]]
        self.processes = [
            subprocess.Popen(command, stdout=file.open("wb"), stderr=subprocess.DEVNULL) for command, file in zip(commands, self.files)
        ]

    def stop(self) -> str:
        for process in self.processes:
            process.terminate()
            process.wait(timeout=20)
        return "\n".join(file.read_text("utf-8", "replace") for file in self.files)


@pytest.fixture
def watcher(cluster: Cluster, tmp_path: Path) -> Iterator[Watcher]:
    watching = Watcher(list(cluster.model["hosts"]), tmp_path)
    yield watching
    watching.stop()


def leaked(canaries: set[str], text: str) -> list[str]:
    """Where a canary stands: its beginning only, so that the test's own message is no leak."""
    return [
        "{0}… in: {1}".format(secret[:3], text[max(0, text.index(secret) - 80) : text.index(secret)])
        for secret in canaries
        if secret in text
    ]


def spoil(cluster: Cluster, node: dict[str, Any]) -> None:
    """Every password of a canary's length in the datasources of the node becomes another one, so that a run writes them all.

    Shorter ones are those of the embedded database, which are the product's own and nobody's to write.
    """
    path = node["home"] + "/repository/conf/datasources/master-datasources.xml"
    cluster.on(node, "sed", "--in-place", r"s|<password>[^<]\{16,\}</password>|<password>spoilt</password>|", path)


def test_no_password_is_shown_by_a_run_that_writes_them(
    whole_cluster: Cluster, canaries: set[str], watcher: Watcher, playbook: Callable[..., Any]
) -> None:
    node = whole_cluster.nodes[-1]
    begun = whole_cluster.on(node, "date", "+%Y-%m-%d %H:%M:%S").strip()
    spoil(whole_cluster, node)
    run = playbook("site.yml", INVENTORY, "-vvv", "--diff", timeout=1500)
    assert run.status == 0, run.output[-3000:]
    assert "master-datasources.xml" in run.output, "the run wrote no password, so it proves nothing"
    assert leaked(canaries, run.output) == []
    assert leaked(canaries, watcher.stop()) == []
    for host in whole_cluster.model["hosts"]:
        assert leaked(canaries, docker("exec", host, "journalctl", "--no-pager", "--since", begun)) == []


def test_failure_names_file_and_datasource_but_no_password(
    whole_cluster: Cluster, canaries: set[str], playbook: Callable[..., Any]
) -> None:
    node = whole_cluster.nodes[-1]
    path = node["home"] + "/repository/conf/datasources/master-datasources.xml"
    whole_cluster.on(node, "cp", "--preserve=all", path, "/var/tmp/kept.xml")
    try:
        whole_cluster.on(node, "sed", "--in-place", "s|</datasources>||", path)
        run = playbook("site.yml", INVENTORY, "-vvv", "--diff", timeout=1500)
        assert run.status != 0
        assert path in run.output
        assert leaked(canaries, run.output) == []
    finally:
        whole_cluster.on(node, "cp", "--preserve=all", "/var/tmp/kept.xml", path)
        whole_cluster.on(node, "rm", "/var/tmp/kept.xml")
