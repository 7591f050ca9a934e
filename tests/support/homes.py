# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Small product homes for tests: the demonstration's product files, and below tests/fixtures/homes
what the kernel brings there."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from ansible_collections.carbon_ops.key_manager.plugins.module_utils._keystore.store import (
    KeyRequest,
    StoreRequest,
    plan_store,
)

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


def make_keystore(home: Path, alias: str, password: str) -> None:
    """The primary keystore of a home, with a key of its own, as role certificates makes it."""
    kind = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=km"]
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = Path(folder, "key.pem"), Path(folder, "crt.pem")
        subprocess.run(
            ["openssl", "req", "-x509", *kind, "-keyout", str(key), "-out", str(certificate)],
            check=True,
            capture_output=True,
        )
        pair = KeyRequest(alias, key.read_text(), certificate.read_text())
    wanted = StoreRequest("", password, keys=[pair])
    path = home / f"repository/resources/security/{alias}.jks"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(plan_store(wanted, None, 1, os.urandom(20)).content)
