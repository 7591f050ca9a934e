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

from tests.support.paths import REPOSITORY

PLAYBOOKS = sorted(path.stem for path in (REPOSITORY / "playbooks").glob("*.yml"))
# Parts of other playbooks, which nobody runs by themselves.
PARTS = sorted(path.stem for path in (REPOSITORY / "playbooks" / "parts").glob("*.yml"))
# A part can begin a playbook that somebody writes beside those of the collection.
BY_FULL_NAME = ["decommission", "restart", "upgrade", "parts.model", "model"]


def test_playbooks_were_found() -> None:
    assert {"site", "restart"} <= set(PLAYBOOKS)
    assert PARTS == ["model", "rolling_order", "running_cluster"]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_imported_by_a_playbook(part: str) -> None:
    playbooks = [path.read_text("utf-8") for path in (REPOSITORY / "playbooks").glob("*.yml")]
    assert any(f"import_playbook: parts/{part}.yml\n" in text for text in playbooks)


@pytest.mark.parametrize("name", [*PLAYBOOKS, *PARTS])
def test_name_is_one_that_a_collection_may_have(name: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_playbook_stands_in_the_readme(name: str) -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `(?:playbooks/)?{name}\.yml` \|", text, re.MULTILINE)


@pytest.mark.parametrize("name", BY_FULL_NAME)
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
    assert "/playbooks/{0}.yml".format(name.replace(".", "/")) in done.stdout
