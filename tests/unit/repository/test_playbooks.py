# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Every playbook can be called by its full name, is known to Ansible, and stands in README.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import REPOSITORY

# Parts of other playbooks, which nobody runs by themselves.
PARTS = {"model", "rolling_order", "running_cluster"}
PLAYBOOKS = sorted(path.stem for path in (REPOSITORY / "playbooks").glob("*.yml"))
OPERATIONS = ["decommission", "restart"]


def test_playbooks_were_found() -> None:
    assert {"site", "restart", *PARTS} <= set(PLAYBOOKS)


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_name_is_one_that_a_collection_may_have(name: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)


@pytest.mark.parametrize("name", sorted(set(PLAYBOOKS) - PARTS))
def test_playbook_stands_in_the_readme(name: str) -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `(?:playbooks/)?{name}\.yml` \|", text, re.MULTILINE)


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_is_reachable_by_its_full_name(name: str) -> None:
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-playbook"),
            f"carbon_ops.key_manager.{name}",
            "-i",
            "inventories/prod/hosts.yml",
            "--syntax-check",
        ],
        cwd=REPOSITORY,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"/playbooks/{name}.yml" in done.stdout
