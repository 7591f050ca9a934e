# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""An inventory of two clusters, with product homes on this machine."""

from __future__ import annotations

import json
import shutil
import typing as t
from pathlib import Path

import yaml

from tests.support.homes import make_home

REPOSITORY = Path(__file__).resolve().parents[3]
CLUSTERS = {
    "obkm-eu": {
        "key_manager": ["eu-km1", "eu-km2"],
        "load_balancer": ["eu-lb1"],
        "database": [],
        "api_manager": ["eu-am1"],
    },
    "obkm-us": {
        "key_manager": ["us-km1", "us-km2", "us-km3"],
        "load_balancer": ["us-lb1"],
        "database": [],
        "api_manager": ["us-am1"],
    },
}
ADDRESSES = {
    "obkm-eu": ["192.0.2.11", "192.0.2.12"],
    "obkm-us": ["198.51.100.11", "198.51.100.12", "198.51.100.13"],
}
# The first part of the names of their homes in tests/support/homes.py.
PRODUCTS = {"obkm-eu": "ob", "obkm-us": "carbon"}
MEMBER_PORTS = {"obkm-eu": 4000, "obkm-us": 4100}


class Regions:
    """The inventory in a folder of its own, with what a run needs beside it."""

    def __init__(self, folder: Path, playbook: t.Callable[..., t.Any]) -> None:
        self.folder = folder
        self.homes = folder / "homes"
        self.inventory = folder / "inventory"
        shutil.copytree(
            REPOSITORY / "tests" / "fixtures" / "inventories" / "regions", self.inventory
        )
        self._playbook = playbook
        for name, groups in CLUSTERS.items():
            for host in groups["key_manager"]:
                make_home(PRODUCTS[name] + "_km", self.homes / host)
            for host in groups["api_manager"]:
                make_home(PRODUCTS[name] + "_apim", self.homes / host)

    def run(self, playbook: str, *arguments: str, **variables: t.Any) -> t.Any:
        extra = json.dumps({"homes": str(self.homes), **variables})
        return self._playbook(str(playbook), self.inventory, "-e", extra, *arguments)

    def play(self, plays: list[dict[str, t.Any]], *arguments: str, **variables: t.Any) -> t.Any:
        """Run these plays after playbooks/parts/model.yml."""
        path = self.folder / "play.yml"
        start = {
            "ansible.builtin.import_playbook": str(REPOSITORY / "playbooks" / "parts" / "model.yml")
        }
        path.write_text(yaml.safe_dump([start, *plays], sort_keys=False), encoding="utf-8")
        return self.run(str(path), *arguments, **variables)
