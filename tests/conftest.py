# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What all tests share: the settings of Ansible, and where the real product files are."""

from __future__ import annotations

import os
import typing as t

import pytest

from tests.support.paths import REPOSITORY, SHARED

if t.TYPE_CHECKING:
    from pathlib import Path

os.environ.setdefault("ANSIBLE_CONFIG", str(REPOSITORY / "ansible.cfg"))


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real product files and the oracle; tests that need it say so when it is not
    there."""
    if not (SHARED / "real").is_dir():
        pytest.skip("the real product files are not here: set CARBON_OPS_SHARED to their folder")
    return SHARED
