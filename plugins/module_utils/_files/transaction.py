# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Replacing several files as a whole: everything is written beside the files before the first of
them is replaced."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import typing as t
from pathlib import Path

from .._errors import OperatorError
from .backups import (
    back_up,
    copy_extended_attributes,
    copy_file,
    make_private_folder,
    unfinished_backup,
)
from .journal import (
    JOURNAL,
    NEW,
    OLD,
    Entry,
    beside,
    checksum,
    finish,
    journal_content,
    read_all,
    read_journal,
    remove,
    sync_directory,
    write_all,
    write_private,
)
from .locks import Locks
from .places import find_place
from .runs import Kept, forget, note

if t.TYPE_CHECKING:
    from .places import Place

# Files of the products have some hundred kilobytes.
LARGEST = 64 << 20

_MODE_OF_NEW = 0o640


class Source:
    """A file as it was read, or a file that is still to be made."""

    __slots__ = ("at", "digest", "exists", "path", "place", "raw", "real", "status", "wanted")

    def __init__(
        self, path: str, place: Place | None, raw: bytes, status: os.stat_result | None
    ) -> None:
        self.path = path
        self.place = place
        self.real = place.real if place else Path(os.path.realpath(path))
        # The same file through its open folder, which nobody can exchange any more.
        self.at = place.at if place else self.real
        self.raw = raw
        self.status = status
        self.exists = status is not None
        self.digest = hashlib.sha256(raw).digest()
        # The numbers of owner and group and the mode that the file is to have; None: as it has, or
        # as its folder has.
        self.wanted: tuple[int, int, int] | None = None

    @property
    def directory(self) -> Path:
        return self.place.directory if self.place else self.real.parent


def read_source(path: str) -> Source:
    """Read a file through its symbolic links, as far as they are to be trusted."""
    try:
        place = find_place(path)
    except FileNotFoundError:
        return Source(path, None, b"", None)
    except OSError as error:
        raise OperatorError(f"{path}: cannot be read ({_reason(error)}).") from None
    try:
        # Not blocking: a pipe that someone put there must not make the run wait for a writer.
        descriptor = os.open(place.at, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OperatorError(f"{path}: is not a regular file.")
            if place.owner not in (None, status.st_uid):
                raise OperatorError(f"{path}: was replaced meanwhile. Run again.")
            if status.st_size > LARGEST:
                raise OperatorError(f"{path}: is larger than {LARGEST >> 20} MiB.")
            return Source(path, place, read_all(descriptor, LARGEST), status)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return Source(path, place, b"", None)
    except OSError as error:
        raise OperatorError(f"{path}: cannot be read ({_reason(error)}).") from None


def check_writable(source: Source) -> None:
    """Refuse in check mode too what could not be written: the directory takes the new file, and the
    file itself must not be read-only."""
    directory = source.real.parent
    if not source.place:
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
    places = []
    for path in paths:
        # What is wrong with the way to a file is said when it is read.
        with contextlib.suppress(OSError):
            places.append(find_place(path))
    with contextlib.ExitStack() as stack:
        locks = Locks(stack)
        locks.lock_all({place.real.parent: place.directory for place in places})
        changed: list[str] = []
        for place in places:
            journal = read_journal(place)
            if journal:
                locks.lock_all({entry.path.parent: entry.path.parent for entry in journal})
                changed += finish(journal)
        # Only now: what another file's journal still needs is beside these too.
        for place in places:
            remove([beside(place.at, what) for what in (NEW, OLD, JOURNAL)])
            remove([unfinished_backup(place.real, place.directory, backup_dir)])
        yield changed


def replace_files(
    changes: t.Sequence[tuple[Source, bytes]],
    *,
    backup: bool,
    backup_dir: str | None,
    reason: str | None = None,
) -> dict[str, str]:
    """Replace all files or none, and return the backups by path. Call it within ``exclusive``.
    With a ``reason`` the folder of backups gets a manifest, which says it for each file."""
    pending = [_Replacement(source, content) for source, content in changes]
    backups: dict[str, str] = {}
    kept: list[Kept] = []
    try:
        for replacement in pending:
            with _operator_errors(replacement.source):
                replacement.write()
        if backup:
            for replacement in pending:
                if replacement.source.exists:
                    with _operator_errors(replacement.source):
                        backups[replacement.source.path] = back_up(replacement.source, backup_dir)
            if backup_dir and reason is not None:
                kept = [kept_file(replacement.source, backups, reason) for replacement in pending]
                keep_in_manifest(backup_dir, kept)
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
        if kept and backup_dir:
            forget(backup_dir, kept)
        raise
    _sync_directories(pending)
    # What could put files back goes before the journal, so that what a kill leaves of these can do
    # nothing.
    remove([replacement.old for replacement in pending])
    remove([replacement.journal for replacement in pending])
    return backups


def kept_file(source: Source, backups: t.Mapping[str, str], reason: str) -> Kept:
    """How a file is before it is changed, as a manifest of backups says it."""
    path = str(source.real)
    if source.status is None:
        return Kept(path, None, None, None, None, None, reason)
    status = source.status
    return Kept(
        path,
        Path(backups[source.path]).name,
        source.digest.hex(),
        stat.S_IMODE(status.st_mode),
        status.st_uid,
        status.st_gid,
        reason,
    )


def keep_in_manifest(backup_dir: str, kept: t.Sequence[Kept]) -> None:
    """Write down in the folder of backups how these files were before a change of them."""
    try:
        make_private_folder(backup_dir)
        note(backup_dir, kept)
    except OSError as error:
        raise OperatorError(
            f"{backup_dir}: cannot be written ({_reason(error)}); no file was changed."
        ) from None


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
    for directory in sorted({replacement.source.directory for replacement in pending}):
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
                os.link(self.source.at, self.old, follow_symlinks=False)
            except OSError:
                copy_file(self.source, self.old)

    def _copy_status(self, descriptor: int) -> None:
        status = self.source.status
        mode = _MODE_OF_NEW
        if status is None:
            status = self.source.directory.stat()
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
            copy_extended_attributes(self.source, descriptor)

    def check_unchanged(self) -> None:
        """The file must still be the one that was read."""
        before = self.source.status
        try:
            now: os.stat_result | None = self.source.at.lstat()
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
                same = checksum(self.source.at) == self.source.digest.hex()
        if not same or not self._leads_there():
            raise OperatorError(
                f"{self.source.path}: was changed by someone else meanwhile; nothing was written."
                " Run again."
            )

    def _leads_there(self) -> bool:
        try:
            return find_place(self.source.path).real == self.source.real
        except OSError:
            return False

    def rename(self) -> None:
        # Said first: an interruption during the rename must be undone too.
        self._renamed = True
        self.new.rename(self.source.at)

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
                self.old.rename(self.source.at)
            else:
                self.source.at.unlink()
        except OSError:
            return False
        return True


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
