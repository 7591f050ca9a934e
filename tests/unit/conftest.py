# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What unit tests of several folders need."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a private key and its certificate, x.key and x.crt."""
    folder = tmp_path_factory.mktemp("pair")
    arguments = [
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=x",
        "-keyout",
        "x.key",
        "-out",
        "x.crt",
    ]
    subprocess.run(
        ["openssl", "req", "-x509", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=60,
    )
    return folder
