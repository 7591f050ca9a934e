# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Single files of a product zip."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils import _product_archive
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._product_archive import (
    read_members,
)

SCRIPT = b"CREATE TABLE A (X CHAR(9) DEFAULT '\xe9');\r\n"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "wso2-obam-1.5.0.zip"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("wso2-obam-1.5.0/dbscripts/", b"")
        opened.writestr("wso2-obam-1.5.0/dbscripts/apimgt/mysql.sql", SCRIPT)
        opened.writestr("wso2-obam-1.5.0/bin/version.txt", b"1.5.0")
    return path


def checksum(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def test_files_that_are_there_are_read_byte_by_byte(archive: Path) -> None:
    found = read_members(
        archive,
        checksum(archive),
        ["dbscripts/apimgt/mysql-5-7.sql", "dbscripts/apimgt/mysql.sql", "dbscripts"],
    )
    assert found == {"dbscripts/apimgt/mysql.sql": base64.b64encode(SCRIPT).decode()}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("sha256:" + "0" * 64, "is not the archive that the inventory names"),
        ("", "an empty text is not a checksum"),
        ("0" * 64, "is not a checksum"),
    ],
)
def test_another_archive_is_refused(archive: Path, given: str, message: str) -> None:
    with pytest.raises(OperatorError, match=message):
        read_members(archive, given, ["bin/version.txt"])


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "x.zip"
    with pytest.raises(OperatorError, match="cannot be read"):
        read_members(text, "sha256:00", [])
    text.write_text("no zip")
    with pytest.raises(OperatorError, match="is not a zip file"):
        read_members(text, checksum(text), [])


def test_a_file_without_bounds_is_refused(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_product_archive, "LARGEST", len(SCRIPT) - 1)
    with pytest.raises(OperatorError, match="too much for a schema script"):
        read_members(archive, checksum(archive), ["dbscripts/apimgt/mysql.sql"])
