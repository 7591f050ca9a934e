# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The running cluster goes to another archive of its products and back, under load."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
import typing as t
import zipfile
from pathlib import Path

import pytest

from tests.support.cluster_load import Load
from tests.support.running_cluster import INVENTORY, Cluster, docker, hosts_variable

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

UPGRADE = "carbon_ops.key_manager.upgrade"
SITE = "carbon_ops.key_manager.site"
ARCHIVES = ("cluster_product_archive", "cluster_api_manager_archive")
LEVEL = "updates/level.txt"


def updated(archive: t.Mapping[str, str], folder: Path) -> dict[str, str]:
    """The archive with one more file."""
    path = folder / Path(archive["src"]).name
    shutil.copy(archive["src"], path)
    with zipfile.ZipFile(path, "a") as zipped:
        zipped.writestr(zipped.namelist()[0].split("/")[0] + f"/{LEVEL}", "1\n")
    return {
        "src": str(path),
        "checksum": "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def levels(cluster: Cluster) -> list[str]:
    servers = [*cluster.nodes, *cluster.model["api_managers"]]
    return [
        docker("exec", host["name"], "cat", f"{host['home']}/{LEVEL}", check=False).strip()
        for host in servers
    ]


def test_another_archive_and_back_lose_no_request(
    whole_cluster: Cluster, playbook: t.Any, tmp_path: Path
) -> None:
    node = whole_cluster.nodes[0]["name"]
    archives = {name: updated(hosts_variable(INVENTORY, node, name), tmp_path) for name in ARCHIVES}
    changed = ("-e", json.dumps(archives))
    refused = playbook(SITE, INVENTORY, *changed, "--tags", "install")
    assert refused.status != 0 and "Replace the product with upgrade.yml" in " ".join(
        refused.output.split()
    )

    assert levels(whole_cluster) == ["", "", ""]
    for further, level in (((), "1"), (("-e", "cluster_upgrade=back"), "")):
        clients = Load(whole_cluster, tmp_path)
        time.sleep(5)
        try:
            run = playbook(UPGRADE, INVENTORY, *changed, *further, timeout=900)
        finally:
            found = clients.stop()
        assert run.status == 0, run.output
        assert levels(whole_cluster) == [level] * 3
        assert found["sent"] > 100
        assert found["failed"] == 0, found
    # The homes are what the inventory describes, by either name.
    again = playbook(SITE, INVENTORY, timeout=900)
    assert again.status == 0 and "changed=1" not in again.output, again.output
