# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Archives and jars that were brought to the host: what has the checksum is what is used.

A file is opened once, hashed through its descriptor and read through the same one afterwards.
Renaming another file over its name changes nothing, and only its owner could change its content:
so that must be the user who runs this, or root.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import typing as t

from .._errors import OperatorError
from .._health.regular import open_regular

if t.TYPE_CHECKING:
    from pathlib import Path

_ALGORITHMS = ("sha256", "sha384", "sha512")


@contextlib.contextmanager
def checked(path: str, checksum: str, what: str) -> t.Iterator[t.BinaryIO]:
    """The file, open for reading, when it has the checksum ``algorithm:digits``.

    what: the file's name in sentences. Raises OperatorError for a file that is another one, that
    another user could change, or that was changed while it was used.
    """
    algorithm, colon, digits = checksum.partition(":")
    if not colon or algorithm not in _ALGORITHMS or not digits:
        raise OperatorError(
            f"The checksum of {what} must be an algorithm and its digits, for example sha256:1234…."
        )
    try:
        stream = os.fdopen(open_regular(path), "rb")
    except OSError as error:
        raise OperatorError(
            f"{what} cannot be read from {path} ({error.strerror}). Bring it there as a plain file."
        ) from None
    with stream:
        before = os.fstat(stream.fileno())
        if before.st_uid not in (0, os.geteuid()) or before.st_mode & 0o022:
            raise OperatorError(
                f"{path} can be changed by another user than the one who runs this, so {what} was"
                " not taken from it. Remove the file and run again."
            )
        digest = hashlib.new(algorithm)
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
        if digest.hexdigest() != digits.strip().lower():
            raise OperatorError(
                f"{what} does not have the checksum of the inventory; it has"
                f" {algorithm}:{digest.hexdigest()}. It was not used."
            )
        stream.seek(0)
        yield stream
        after = os.fstat(stream.fileno())
        if _state(before) != _state(after):
            raise OperatorError(f"{path} was changed while {what} was taken from it. Run again.")


def _state(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_uid, status.st_mode, status.st_size, status.st_mtime_ns)


@contextlib.contextmanager
def folder_below(home: Path, relative: str) -> t.Iterator[int]:
    """The descriptor of a folder of the home, reached without following a link below the home."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    descriptor = os.open(str(home), flags)
    try:
        for part in relative.split("/"):
            below = os.open(part, flags | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def put(stream: t.BinaryIO, folder: int, name: str, uid: int, gid: int) -> None:
    """Puts a copy into the folder, whole or not at all; nothing that is there is written to."""
    temporary = f".{name}.carbon-ops-new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as copy:
            for block in iter(lambda: stream.read(1 << 20), b""):
                copy.write(block)
            copy.flush()
            os.fchown(copy.fileno(), uid, gid)
            os.fchmod(copy.fileno(), 0o640)
            os.fsync(copy.fileno())
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
