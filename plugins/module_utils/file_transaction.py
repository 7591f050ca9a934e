# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Replacing several files as a whole: everything is written beside the files before the first of them is replaced."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import time
from pathlib import Path

from ansible_collections.carbon_ops.key_manager.plugins.module_utils.errors import OperatorError

MYPY = False
if MYPY:
    from typing import Iterator, Sequence

_NEW_FILE_MODE = 0o640


class Source:
    """A file as it was read, or a file that is still to be made."""

    __slots__ = ("digest", "exists", "path", "raw", "real", "status")

    def __init__(self, path: str, real: str | Path, raw: bytes, status: os.stat_result | None) -> None:
        self.path = path
        self.real = Path(real)
        self.raw = raw
        self.status = status
        self.exists = status is not None
        self.digest = hashlib.sha256(raw).digest()


def read_source(path: str) -> Source:
    """Read a file through its symbolic links."""
    real = os.path.realpath(path)
    try:
        with Path(real).open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise OperatorError(f"{path}: is not a regular file.")
            return Source(path, real, file.read(), status)
    except FileNotFoundError:
        return Source(path, real, b"", None)
    except OSError as exc:
        raise OperatorError(f"{path}: cannot be read ({_reason(exc)}).") from None


def check_writable(source: Source) -> None:
    """Refuse in check mode too what could not be written: the directory takes the new file, and the file itself must not be read-only."""
    directory = source.real.parent
    if not directory.is_dir():
        raise OperatorError(f"{source.path}: its directory does not exist. Create {directory} first.")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise OperatorError(f"{source.path}: its directory {directory} cannot be written by this user.")
    if source.exists and not os.access(source.real, os.W_OK):
        raise OperatorError(f"{source.path}: cannot be written by this user.")


def replace_files(changes: Sequence[tuple[Source, bytes]], *, backup: bool, backup_dir: str | None) -> dict[str, str]:
    """Replace all files or none, and return the backups by path."""
    pending = [_Replacement(source, content) for source, content in changes]
    backups: dict[str, str] = {}
    try:
        for replacement in pending:
            with _operator_errors(replacement.source):
                replacement.write()
        if backup:
            for replacement in pending:
                if replacement.source.exists:
                    with _operator_errors(replacement.source):
                        backups[replacement.source.path] = _back_up(replacement.source, backup_dir)
        for replacement in pending:
            with _operator_errors(replacement.source):
                replacement.check_unchanged()
        _rename_all(pending)
    except BaseException:
        for path in backups.values():
            with contextlib.suppress(OSError):
                Path(path).unlink()
        raise
    finally:
        for replacement in pending:
            replacement.clean_up()
    return backups


def _rename_all(pending: Sequence[_Replacement]) -> None:
    done: list[_Replacement] = []
    try:
        for replacement in pending:
            # Counted first: an interruption during the rename must be undone too.
            done.append(replacement)
            with _operator_errors(replacement.source):
                replacement.rename()
    except BaseException:
        for replacement in reversed(done):
            replacement.put_back()
        raise
    for directory in sorted({replacement.source.real.parent for replacement in pending}):
        _sync_directory(directory)


class _Replacement:
    """The new content of one file, first beside it, then in its place."""

    def __init__(self, source: Source, content: bytes) -> None:
        self.source = source
        self._content = content
        self._new = self._name("new")
        self._old = self._name("old")

    def _name(self, what: str) -> Path:
        real = self.source.real
        return real.with_name(f".{real.name}.{os.getpid()}-{os.urandom(4).hex()}.{what}")

    def write(self) -> None:
        descriptor = os.open(self._new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            _write_all(descriptor, self._content)
            self._copy_status(descriptor)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if self.source.exists:
            # A second name keeps the very file, so that putting it back also keeps its inode and times.
            try:
                os.link(self.source.real, self._old)
            except OSError:
                _copy_file(self.source, self._old)

    def _copy_status(self, descriptor: int) -> None:
        status = self.source.status
        mode = _NEW_FILE_MODE
        if status is None:
            status = self.source.real.parent.stat()
        else:
            mode = stat.S_IMODE(status.st_mode)
        own = os.fstat(descriptor)
        if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
            try:
                os.fchown(descriptor, status.st_uid, status.st_gid)
            except PermissionError:
                if self.source.exists:
                    raise OperatorError(
                        f"{self.source.path}: this user cannot keep its owner and group. Become its owner or root."
                    ) from None
        os.fchmod(descriptor, mode)
        if self.source.exists:
            _copy_extended_attributes(self.source.real, descriptor)

    def check_unchanged(self) -> None:
        """The file must still be the one that was read."""
        before = self.source.status
        try:
            now: os.stat_result | None = self.source.real.stat()
        except FileNotFoundError:
            now = None
        if before is None or now is None:
            same = before is now
        else:
            same = (before.st_dev, before.st_ino, before.st_size, before.st_mtime_ns) == (
                now.st_dev,
                now.st_ino,
                now.st_size,
                now.st_mtime_ns,
            )
            if same:
                same = hashlib.sha256(self.source.real.read_bytes()).digest() == self.source.digest
        if not same or os.path.realpath(self.source.path) != str(self.source.real):
            raise OperatorError(f"{self.source.path}: was changed by someone else meanwhile; nothing was written. Run again.")

    def rename(self) -> None:
        self._new.rename(self.source.real)

    def put_back(self) -> None:
        if os.path.lexists(self._new):
            return
        with contextlib.suppress(OSError):
            if self.source.exists:
                self._old.rename(self.source.real)
            else:
                self.source.real.unlink()

    def clean_up(self) -> None:
        for path in (self._new, self._old):
            with contextlib.suppress(OSError):
                path.unlink()


def _back_up(source: Source, backup_dir: str | None) -> str:
    """Copy a file beside itself or into the directory for backups, readable by nobody who could not read the file."""
    directory = Path(backup_dir) if backup_dir else source.real.parent
    if not directory.is_dir():
        directory.mkdir(mode=0o700, parents=True)
    stamp = time.strftime("%Y-%m-%d@%H:%M:%S", time.localtime())
    name = f"{source.real.name}.{os.getpid()}.{stamp}"
    path = directory / f"{name}~"
    number = 1
    while os.path.lexists(path):
        number += 1
        path = directory / f"{name}.{number}~"
    try:
        _copy_file(source, path)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
    return str(path)


def _copy_file(source: Source, path: Path) -> None:
    status = source.status
    if status is None:
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        _write_all(descriptor, source.raw)
        mode = stat.S_IMODE(status.st_mode)
        try:
            os.fchown(descriptor, status.st_uid, status.st_gid)
        except OSError:
            mode &= 0o600
        os.fchmod(descriptor, mode)
        _copy_extended_attributes(source.real, descriptor)
        os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_extended_attributes(path: Path, descriptor: int) -> None:
    """SELinux context, access lists and the like; what this file system or user cannot set, it cannot have changed either."""
    if not hasattr(os, "listxattr"):
        return
    try:
        names = os.listxattr(path)
    except OSError:
        return
    for name in names:
        try:
            value = os.getxattr(path, name)
            with contextlib.suppress(OSError):
                if os.getxattr(descriptor, name) == value:
                    continue
            os.setxattr(descriptor, name, value)
        except OSError as exc:
            if exc.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENODATA, errno.EINVAL, errno.EACCES):
                raise


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_directory(directory: Path) -> None:
    """Make the renames last; a file system that cannot do that has still made them."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _operator_errors(source: Source) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise OperatorError(f"{source.path}: cannot be written ({_reason(exc)}); no file was changed.") from None


def _reason(exc: OSError) -> str:
    return (exc.strerror or exc.__class__.__name__).lower()
