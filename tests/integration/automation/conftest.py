# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The project as AWX gets it, and jobs of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.automation.jobs import REPOSITORY, Job, tool


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as AWX gets it, with what is not committed yet."""
    clone = tmp_path_factory.mktemp("project") / "project"
    subprocess.run(
        ["git", "clone", "--quiet", "--no-hardlinks", str(REPOSITORY), str(clone)], check=True
    )
    changed = subprocess.run(
        ["git", "ls-files", "--modified", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    for name in filter(None, changed):
        source = REPOSITORY / name
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).unlink(missing_ok=True)
        if source.is_symlink():
            (clone / name).symlink_to(os.readlink(source))
        elif source.exists():
            shutil.copy2(source, clone / name)
    return clone


@pytest.fixture
def job(tmp_path: Path, project: Path) -> Job:
    tool("ansible-runner")
    return Job(tmp_path, project)
