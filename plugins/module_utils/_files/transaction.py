# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Replacing several files as a whole: everything is written beside the files before the first of
them is replaced."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
import time
import typing as t
from pathlib import Path

from .._errors import OperatorError
from .journal import (
    JOURNAL,
    NEW,
    OLD,
    Entry,
    beside,
    finish,
    journal_content,
    read_all,
    read_journal,
    remove,
    sync_directory,
    write_all,
    write_private,
)

_MODE_OF_NEW = 0o640
_LOCK_SECONDS = 60.0


class Source:
    """A file as it was read, or a file that is still to be made."""

    __slots__ = ("digest", "exists", "path", "raw", "real", "status", "wanted")

    def __init__(
        self, path: str, real: str | Path, raw: bytes, status: os.stat_result | None
    ) -> None:
        self.path = path
        self.real = Path(real)
        self.raw = raw
        self.status = status
        self.exists = status is not None
        self.digest = hashlib.sha256(raw).digest()
        # The numbers of owner and group and the mode that the file is to have; None: as it has, or
        # as its folder has.
        self.wanted: tuple[int, int, int] | None = None


def read_source(path: str) -> Source:
    """Read a file through its symbolic links."""
    real = os.path.realpath(path)
    try:
        # Not blocking: a pipe that someone put there must not make the run wait for a writer.
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OperatorError(f"{path}: is not a regular file.")
            return Source(path, real, read_all(descriptor), status)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return Source(path, real, b"", None)
    except OSError as error:
        raise OperatorError(f"{path}: cannot be read ({_reason(error)}).") from None


def check_writable(source: Source) -> None:
    """Refuse in check mode too what could not be written: the directory takes the new file, and the
    file itself must not be read-only."""
    directory = source.real.parent
    if not directory.is_dir():
        raise OperatorError(
            f"{source.path}: its directory does not exist. Create {directory} first."
        )
    if not os.access(directory, os.W_OK | os.X_OK):
        raise OperatorError(
            f"{source.path}: its directory {directory} cannot be written by this user."
        )
    if source.exists and not os.access(source.real, os.W_OK):
        raise OperatorError(f"{source.path}: cannot be written by this user.")


@contextlib.contextmanager
def exclusive(paths: t.Sequence[str], backup_dir: str | None = None) -> t.Iterator[list[str]]:
    """Keep other runs away from these files, and first finish what an interrupted run began: yields
    the files that this changed."""
    with contextlib.ExitStack() as stack:
        held: set[Path] = set()

        def lock(directories: t.Iterable[Path]) -> None:
            # In one order, so that two runs never wait for each other.
            for directory in sorted(set(directories) - held):
                held.add(directory)
                _lock(directory, stack)

        real = [Path(os.path.realpath(path)) for path in paths]
        lock(path.parent for path in real)
        changed: list[str] = []
        for path in real:
            journal = read_journal(path)
            if journal:
                lock(entry.path.parent for entry in journal)
                changed += finish(journal)
            remove([beside(path, what) for what in (NEW, OLD, JOURNAL)])
            remove([_unfinished_backup(path, backup_dir)])
        yield changed


def _lock(directory: Path, stack: contextlib.ExitStack) -> None:
    """Lock the directory itself: no lock file is left behind, and the lock ends with the
    process."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        # What is wrong with the directory is said when the file in it is read.
        return
    stack.callback(os.close, descriptor)
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise OperatorError(
                    f"{directory}: another run has been editing files there for a minute. Run again"
                    " later."
                ) from None
            time.sleep(0.02)
        except OSError:
            # A file system without such locks: a change in between is still found before the first
            # rename.
            return


def replace_files(
    changes: t.Sequence[tuple[Source, bytes]], *, backup: bool, backup_dir: str | None
) -> dict[str, str]:
    """Replace all files or none, and return the backups by path. Call it within ``exclusive``."""
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
        if len(pending) > 1:
            # One rename is whole by itself; several are so by the journal, from which the next run
            # finishes them.
            _write_journal(pending)
        for replacement in pending:
            with _operator_errors(replacement.source):
                replacement.rename()
    except BaseException:
        _undo(pending, backups)
        raise
    _sync_directories(pending)
    # What could put files back goes before the journal, so that what a kill leaves of these can do
    # nothing.
    remove([replacement.old for replacement in pending])
    remove([replacement.journal for replacement in pending])
    return backups


def _undo(pending: t.Sequence[_Replacement], backups: dict[str, str]) -> None:
    failed = [replacement for replacement in reversed(pending) if not replacement.put_back()]
    if failed:
        # The journal stays, and the backups with it.
        raise OperatorError(
            f"{failed[0].source.path}: cannot be put back after an error in another file. Correct"
            " what is wrong with the file system and run again: the next run finishes the change"
            " of all files."
        ) from None
    remove([replacement.new for replacement in pending])
    remove([replacement.journal for replacement in pending])
    remove([replacement.old for replacement in pending])
    remove([Path(path) for path in backups.values()])


def _write_journal(pending: t.Sequence[_Replacement]) -> None:
    """Tell beside each file, on the disk before the first rename, what is about to become of all of
    them."""
    _sync_directories(pending)
    content = journal_content([replacement.entry for replacement in pending])
    for replacement in pending:
        with _operator_errors(replacement.source):
            write_private(replacement.journal, content)
    _sync_directories(pending)


def _sync_directories(pending: t.Sequence[_Replacement]) -> None:
    for directory in sorted({replacement.source.real.parent for replacement in pending}):
        sync_directory(directory)


class _Replacement:
    """The new content of one file, first beside it, then in its place."""

    def __init__(self, source: Source, content: bytes) -> None:
        self.source = source
        self._content = content
        self._renamed = False
        self.digest = hashlib.sha256(content).hexdigest()
        # Names that the next run knows, whatever interrupts this one.
        self.new, self.old, self.journal = (
            beside(source.real, what) for what in (NEW, OLD, JOURNAL)
        )

    def write(self) -> None:
        descriptor = os.open(self.new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            write_all(descriptor, self._content)
            self._copy_status(descriptor)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if self.source.exists:
            # A second name keeps the very file, so that putting it back also keeps its inode and
            # times.
            try:
                os.link(self.source.real, self.old)
            except OSError:
                _copy_file(self.source, self.old)

    def _copy_status(self, descriptor: int) -> None:
        status = self.source.status
        mode = _MODE_OF_NEW
        if status is None:
            status = self.source.real.parent.stat()
        else:
            mode = stat.S_IMODE(status.st_mode)
        owner, group = status.st_uid, status.st_gid
        if self.source.wanted is not None:
            owner, group, mode = self.source.wanted
        own = os.fstat(descriptor)
        if (own.st_uid, own.st_gid) != (owner, group):
            try:
                os.fchown(descriptor, owner, group)
            except PermissionError:
                if self.source.exists or self.source.wanted is not None:
                    raise OperatorError(
                        f"{self.source.path}: this user cannot keep its owner and group. Become its"
                        " owner or root."
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
            raise OperatorError(
                f"{self.source.path}: was changed by someone else meanwhile; nothing was written."
                " Run again."
            )

    def rename(self) -> None:
        # Said first: an interruption during the rename must be undone too.
        self._renamed = True
        self.new.rename(self.source.real)

    @property
    def entry(self) -> Entry:
        return Entry(
            self.source.real, self.source.digest.hex() if self.source.exists else None, self.digest
        )

    def put_back(self) -> bool:
        """Undo the rename, if it was made; tell whether the file is as it was."""
        if not self._renamed or os.path.lexists(self.new):
            return True
        try:
            if self.source.exists:
                self.old.rename(self.source.real)
            else:
                self.source.real.unlink()
        except OSError:
            return False
        return True


def _back_up(source: Source, backup_dir: str | None) -> str:
    """Copy a file beside itself or into the directory for backups, readable by nobody who could not
    read the file."""
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
    unfinished = _unfinished_backup(source.real, backup_dir)
    try:
        _copy_file(source, unfinished)
        unfinished.rename(path)
    except BaseException:
        remove([unfinished])
        raise
    return str(path)


def _unfinished_backup(real: Path, backup_dir: str | None) -> Path:
    """Where a backup is until it is whole: one name for each file, so that the next run finds what
    an interrupted one left."""
    directory = Path(backup_dir) if backup_dir else real.parent
    return (
        directory
        / f".{real.name}.{hashlib.sha256(os.fsencode(real)).hexdigest()[:16]}.carbon-ops-backup"
    )


def _copy_file(source: Source, path: Path) -> None:
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
        _copy_extended_attributes(source.real, descriptor)
        os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_extended_attributes(path: Path, descriptor: int) -> None:
    """SELinux context, access lists and the like; what this file system or user cannot set, it
    cannot have changed either."""
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
        except OSError as error:
            if error.errno not in (
                errno.EPERM,
                errno.ENOTSUP,
                errno.ENODATA,
                errno.EINVAL,
                errno.EACCES,
            ):
                raise


@contextlib.contextmanager
def _operator_errors(source: Source) -> t.Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OperatorError(
            f"{source.path}: cannot be written ({_reason(error)}); no file was changed."
        ) from None


def _reason(error: OSError) -> str:
    return (error.strerror or error.__class__.__name__).lower()
