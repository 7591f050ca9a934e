# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Folders that tests read from."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TESTS = REPOSITORY / "tests"
FIXTURES = TESTS / "fixtures"
# The real product files. Without links on the way, as the products' parsers report their paths.
SHARED = Path(os.environ.get("CARBON_OPS_SHARED", REPOSITORY.parent / "shared")).resolve()
PRODUCTS = REPOSITORY / "roles" / "cluster" / "files" / "products"
