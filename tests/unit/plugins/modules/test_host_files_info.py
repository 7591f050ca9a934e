# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Module host_files_info as Ansible calls it."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest

Run = t.Callable[..., "dict[str, t.Any]"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_one_call_tells_what_is_there(run_module: Run, tmp_path: Path, check_mode: bool) -> None:
    (tmp_path / "ca.crt").write_text("one\n")
    (tmp_path / "own.key").write_text("a secret, and no key")
    asked = {
        "paths": [str(tmp_path), str(tmp_path / "no")],
        "read": [str(tmp_path / "ca.crt")],
        "keys": [str(tmp_path / "own.key")],
    }
    told = run_module("host_files_info", asked, check_mode=check_mode)
    assert told["changed"] is False
    assert told["library"] is True
    assert sorted(told["found"]) == [
        str(tmp_path),
        str(tmp_path / "ca.crt"),
        str(tmp_path / "own.key"),
    ]
    assert told["found"][str(tmp_path / "ca.crt")]["text"] == "one\n"
    assert told["found"][str(tmp_path)]["owner"] == os.geteuid()
    assert "a secret" not in str(told)


def test_what_cannot_be_read_is_told(run_module: Run, tmp_path: Path) -> None:
    told = run_module("host_files_info", {"read": [str(tmp_path)]})
    assert told["failed"] is True
    assert told["msg"] == f"{tmp_path}: is not a regular file."
