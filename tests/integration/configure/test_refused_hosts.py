# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What a host itself shows to be impossible is refused before anything of it is changed: another
archive than the one that its home came from, and a heap that its memory does not hold.

The role's own tasks, as far as the refusal.
"""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import pytest

NODE = {
    "name": "km1",
    "role": "key_manager",
    "index": 1,
    "instance": "obkm",
    "address": "127.0.0.1",
    "machine": "127.0.0.1",
}
SECRETS = ("admin", "group", "keystore", "truststore")
PLAYBOOK = """
- hosts: km1
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: carbon_ops.key_manager.carbon_server
        tasks_from: %s
        rolespec_validate: false
"""


@pytest.fixture
def tasks(tmp_path: Path, playbook: t.Any) -> t.Callable[..., t.Any]:
    """Run these tasks of the role on a host with a small home from the archive sha256:aaaa."""
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    (home / "bin/wso2server.sh").write_text("#!/bin/sh\n")
    (home / "carbon-ops-archive.json").write_text('{"checksum": "sha256:aaaa", "assumed": false}')

    def run(name: str, heap: str, **variables: t.Any) -> t.Any:
        node = {**NODE, "home": str(home), "heap_initial": "1m", "heap_maximum": heap}
        node["ports"] = {"https": 9446, "http": 9766}
        values = {
            **{f"cluster_{name}_password": "x" for name in SECRETS},
            "cluster_database_passwords": {},
            "cluster_hostname": "km.test.example",
            "cluster_product": "carbon_4.7.1",
            "cluster_model": {
                "name": "obkm",
                "nodes": [node],
                "hosts": {"km1": node},
                "groups": {"load_balancer": []},
                "product": {"title": "Product", "java": {"versions": [17]}},
                "database": {"driver_file": None},
            },
            **variables,
        }
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        (tmp_path / "hosts.json").write_text(json.dumps({"key_manager": {"hosts": {"km1": local}}}))
        (tmp_path / "variables.json").write_text(json.dumps(values))
        (tmp_path / "play.yml").write_text(PLAYBOOK % name)
        before = sorted(home.rglob("*"))
        # In check mode, so that a refusal that is missing installs nothing on this machine.
        extra = ["--check", "-e", f"@{tmp_path}/variables.json"]
        done = playbook(str(tmp_path / "play.yml"), tmp_path / "hosts.json", *extra)
        assert sorted(home.rglob("*")) == before
        assert done.status != 0 and "changed=0" in done.output, done.output
        return " ".join(done.output.split())

    return run


def test_another_archive_is_refused(tasks: t.Any) -> None:
    other = {"src": "/srv/product-2.zip", "checksum": "sha256:bbbb"}
    told = tasks("install", "1m", cluster_product_archive=other)
    assert "came from the archive with the checksum sha256:aaaa" in told
    assert "and the inventory names product-2.zip (sha256:bbbb)" in told


def test_heap_above_the_memory_is_refused(tasks: t.Any) -> None:
    """16 TB: no machine that runs this test has them."""
    told = tasks("service", "16777216m")
    assert "may grow to 16777216 MB: it would not start" in told
