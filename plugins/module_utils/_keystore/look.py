# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What there is of files on a host, keys and certificates first, read in one go."""

from __future__ import annotations

import grp
import hashlib
import os
import stat
import typing as t
from pathlib import Path

from .._errors import OperatorError
from .._files.transaction import read_source


def look(
    paths: t.Sequence[str],
    read: t.Sequence[str],
    keys: t.Sequence[str],
    compare: t.Sequence[str] = (),
) -> dict[str, t.Any]:
    """Each of the paths that is there, with its owner and mode: of those to read the text, of those
    to compare the checksum, of private keys what tells them apart. Raises OperatorError for one
    that cannot be read."""
    found = {}
    for path in dict.fromkeys([*read, *keys, *compare]):
        source = read_source(path) if os.path.lexists(path) else None
        if source is None or source.status is None:
            continue
        entry = _owned(source.status)
        entry["checksum"] = source.digest.hex()
        if path in read:
            entry["text"] = source.raw.decode("utf-8", "replace")
        if path in keys:
            entry["public_key"] = public_key_fingerprint(source.raw)
        found[path] = entry
    for path in paths:
        try:
            found.setdefault(path, _owned(Path(path).stat()))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise OperatorError(f"{path}: cannot be read ({error.strerror}).") from None
    return found


def _owned(status: os.stat_result) -> dict[str, t.Any]:
    return {
        "owner": status.st_uid,
        "group": status.st_gid,
        "group_name": _group_name(status.st_gid),
        "mode": f"{stat.S_IMODE(status.st_mode):04o}",
        "modified": status.st_mtime,
    }


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return ""


def public_key_fingerprint(private_key: bytes) -> str:
    """The SHA-256 fingerprint of the public half of a private key in PEM form, as community.crypto
    writes it. Empty for what is no such key, or where the library is missing that could tell."""
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError:
        return ""
    try:
        public = serialization.load_pem_private_key(private_key, None).public_key()
    except (TypeError, ValueError):
        return ""
    data = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return ":".join(f"{number:02x}" for number in hashlib.sha256(data).digest())


def library_is_there() -> bool:
    """Whether the library that makes keys and certificates can be used."""
    try:
        from cryptography import x509
    except ImportError:
        return False
    return hasattr(x509, "CertificateBuilder")
