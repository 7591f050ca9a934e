# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The cluster of a scenario, for the tests that look at it."""

from __future__ import annotations

from tests.support.molecule_cluster import cluster, journal

__all__ = ["cluster", "journal"]
