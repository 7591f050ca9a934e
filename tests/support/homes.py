# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Small product homes for tests: the demonstration's product files, and below tests/fixtures/homes
what the kernel brings there."""

from __future__ import annotations

import shutil
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

HOMES = REPOSITORY / "tests" / "fixtures" / "homes"
PRODUCT_FILES = REPOSITORY / "demo" / "product_files"

# The folders that make up a home; a later one may replace files of an earlier one.
LAYERS = {
    "ob_km": (
        PRODUCT_FILES / "common",
        PRODUCT_FILES / "key_manager",
        HOMES / "ob_common",
        HOMES / "ob_km",
    ),
    "ob_apim": (
        PRODUCT_FILES / "common",
        PRODUCT_FILES / "api_manager",
        HOMES / "ob_common",
        HOMES / "ob_apim",
    ),
    "carbon_km": (
        PRODUCT_FILES / "common",
        PRODUCT_FILES / "key_manager",
        HOMES / "ob_common",
        HOMES / "ob_km",
        HOMES / "carbon",
    ),
    "carbon_apim": (
        PRODUCT_FILES / "common",
        PRODUCT_FILES / "api_manager",
        HOMES / "ob_common",
        HOMES / "ob_apim",
        HOMES / "carbon",
    ),
    "is_km": (HOMES / "is_km",),
    "kernel": (HOMES / "kernel",),
    "odd": (HOMES / "odd",),
}


def make_home(name: str, target: Path) -> Path:
    """Put the files of a home together below `target`, and return its path."""
    for layer in LAYERS[name]:
        for source in sorted(path for path in layer.rglob("*") if path.is_file()):
            destination = target / source.relative_to(layer)
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(source), str(destination))
    return target
