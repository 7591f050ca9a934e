# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Backups of edited files, in a folder in which nobody else can exchange them."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import time
import typing as t
from pathlib import Path

from .journal import remove, write_all
from .places import check_own_folder

if t.TYPE_CHECKING:
    from .transaction import Source


def back_up(source: Source, backup_dir: str | None) -> str:
    """Copy a file beside itself or into the directory for backups, readable by nobody who could not
    read the file. Raises OperatorError where another user could exchange the backups there."""
    if backup_dir:
        make_private_folder(backup_dir)
        directory = shown = Path(backup_dir)
    else:
        directory, shown = source.directory, source.real.parent
    stamp = time.strftime("%Y-%m-%d@%H:%M:%S", time.localtime())
    base = f"{source.real.name}.{os.getpid()}.{stamp}"
    name = f"{base}~"
    number = 1
    while os.path.lexists(directory / name):
        number += 1
        name = f"{base}.{number}~"
    unfinished = unfinished_backup(source.real, source.directory, backup_dir)
    try:
        copy_file(source, unfinished)
        unfinished.rename(directory / name)
    except BaseException:
        remove([unfinished])
        raise
    return str(shown / name)


def make_private_folder(directory: str) -> None:
    """Make a folder, and those above it that are missing, for this user alone. Raises OperatorError
    where another user could exchange what is in it."""
    check_own_folder(directory)
    path = Path(directory)
    for missing in (*reversed(path.parents), path):
        missing.mkdir(mode=0o700, exist_ok=True)
    check_own_folder(directory)


def unfinished_backup(real: Path, beside: Path, backup_dir: str | None) -> Path:
    """Where a backup is until it is whole: one name for each file, so that the next run finds what
    an interrupted one left."""
    digest = hashlib.sha256(os.fsencode(real)).hexdigest()[:16]
    directory = Path(backup_dir) if backup_dir else beside
    return directory / f".{real.name}.{digest}.carbon-ops-backup"


def copy_file(source: Source, path: Path) -> None:
    """Write what was read of a file to a path that does not exist yet, with the owner and mode of
    the file; raises OSError."""
    status = source.status
    if status is None:
        return
    descriptor = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600
    )
    try:
        write_all(descriptor, source.raw)
        mode = stat.S_IMODE(status.st_mode)
        try:
            os.fchown(descriptor, status.st_uid, status.st_gid)
        except OSError:
            mode &= 0o600
        os.fchmod(descriptor, mode)
        copy_extended_attributes(source, descriptor)
        os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_extended_attributes(source: Source, descriptor: int) -> None:
    """SELinux context, access lists and the like; what this file system or user cannot set, it
    cannot have changed either."""
    if not hasattr(os, "listxattr"):
        return
    try:
        opened = os.open(source.at, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        _copy_attributes(opened, descriptor)
    finally:
        os.close(opened)


def _copy_attributes(source: int, descriptor: int) -> None:
    try:
        # What a program may do is no property of a text that has changed.
        names = [name for name in os.listxattr(source) if name != "security.capability"]
    except OSError:
        return
    for name in names:
        try:
            value = os.getxattr(source, name)
            with contextlib.suppress(OSError):
                if os.getxattr(descriptor, name) == value:
                    continue
            os.setxattr(descriptor, name, value)
        except OSError as error:
            if error.errno not in (
                errno.EPERM,
                errno.ENOTSUP,
                errno.ENODATA,
                errno.EINVAL,
                errno.EACCES,
            ):
                raise
