# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The browser looks at the same running cluster as the other tests."""

from __future__ import annotations

import pytest

from tests.support.running_cluster import Cluster, find_cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return find_cluster(tmp_path_factory.mktemp("cluster"))
