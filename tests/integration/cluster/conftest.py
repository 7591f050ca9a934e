# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The running cluster, as it is or with all its nodes well."""

from __future__ import annotations

import typing as t

import pytest

from tests.support.running_cluster import Cluster, find_cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return find_cluster(tmp_path_factory.mktemp("cluster"))


@pytest.fixture
def whole_cluster(cluster: Cluster) -> t.Iterator[Cluster]:
    """The cluster with all nodes well, before the test and after it."""
    cluster.wait_until_whole()
    yield cluster
    cluster.wait_until_whole()
