# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What one look tells of the keys and certificates of a host."""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._keystore.look import (
    library_is_there,
    look,
    public_key_fingerprint,
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for arguments in (
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.key",
        "pkcs8 -topk8 -passout pass:x -in ec.key -out closed.key",
    ):
        subprocess.run(
            ["openssl", *arguments.split()], cwd=folder, check=True, capture_output=True, timeout=60
        )
    return folder


def test_what_is_there_is_told_and_what_is_not_has_no_entry(tmp_path: Path) -> None:
    certificate = tmp_path / "ca.crt"
    certificate.write_text("one\n")
    certificate.chmod(0o640)
    os.utime(certificate, (0, 1000000000.5))
    found = look([str(tmp_path), str(tmp_path / "no")], [str(certificate), f"{certificate}/x"], [])
    assert found == {
        str(tmp_path): {
            "owner": os.geteuid(),
            "group": tmp_path.stat().st_gid,
            "group_name": tmp_path.group(),
            "mode": "0700",
            "modified": tmp_path.stat().st_mtime,
        },
        str(certificate): {
            "owner": os.geteuid(),
            "group": certificate.stat().st_gid,
            "group_name": certificate.group(),
            "mode": "0640",
            "modified": 1000000000.5,
            "text": "one\n",
            # printf 'one\n' | sha256sum
            "checksum": "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806",
        },
    }


def test_of_a_file_to_compare_there_is_the_checksum_and_no_text(tmp_path: Path) -> None:
    (tmp_path / "server.key").write_text("one\n")
    path = str(tmp_path / "server.key")
    entry = look([], [], [], [path])[path]
    assert entry["checksum"] == "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806"
    assert sorted(entry) == [
        "checksum",
        "group",
        "group_name",
        "mode",
        "modified",
        "owner",
    ]


@pytest.mark.parametrize("name", ["rsa.key", "ec.key"])
def test_a_key_is_told_by_its_public_half_and_not_returned(keys: Path, name: str) -> None:
    path = str(keys / name)
    public = subprocess.run(
        f"openssl pkey -in {path} -pubout -outform DER | openssl dgst -sha256 -c -r",
        shell=True,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout.split()[0]
    entry = look([], [], [path])[path]
    assert entry["public_key"].replace(":", "") == public
    assert sorted(entry) == [
        "checksum",
        "group",
        "group_name",
        "mode",
        "modified",
        "owner",
        "public_key",
    ]


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\n"])
def test_what_is_no_key_has_no_fingerprint(content: bytes) -> None:
    assert public_key_fingerprint(content) == ""


def test_a_key_with_a_password_has_no_fingerprint(keys: Path) -> None:
    assert public_key_fingerprint((keys / "closed.key").read_bytes()) == ""


def test_without_the_library_there_is_no_fingerprint(
    keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert library_is_there()
    monkeypatch.setitem(sys.modules, "cryptography", None)
    monkeypatch.setitem(sys.modules, "cryptography.x509", None)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    assert not library_is_there()
    assert public_key_fingerprint((keys / "rsa.key").read_bytes()) == ""


def test_a_group_without_a_name_is_told_by_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr("grp.getgrgid", nobody)
    assert look([str(tmp_path)], [], [])[str(tmp_path)]["group_name"] == ""


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_an_error_and_not_waited_for(
    tmp_path: Path, make: t.Callable[[Path], None]
) -> None:
    path = tmp_path / "ca.crt"
    make(path)
    with pytest.raises(OperatorError, match=r"ca\.crt: is not a regular file"):
        look([], [str(path)], [])
