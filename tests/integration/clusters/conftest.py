# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""An inventory of two clusters, for each test its own."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from tests.integration.clusters.regions import Regions


@pytest.fixture
def regions(tmp_path: Path, playbook: t.Callable[..., t.Any]) -> Regions:
    return Regions(tmp_path, playbook)
