# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""One run at a time on the same files, whoever else may hold or lack a lock.

Whoever may read a folder can lock it. So runs of root wait for each other at a file that nobody
else can open, and at the folders only for as long as another run would take. On a file system
without locks, like a share, a file of its own stands for the lock; one that another user made
counts no longer than that user's lock would.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
import typing as t
from pathlib import Path

from .._errors import OperatorError

MACHINE = "/run/carbon-ops.lock"
LOCK_FILE = ".carbon-ops-lock"
LOCK_SECONDS = 60.0
# A run holds its locks for a second or two.
STRANGER_SECONDS = 5.0
STALE_SECONDS = 120.0
PAUSE_SECONDS = 0.02


class Locks:
    """The locks of one run, which end with it."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._held: set[Path] = set()
        self._deadline = time.monotonic() + LOCK_SECONDS
        self._alone = os.geteuid() == 0 and self._lock_machine()
        if self._alone:
            self._stranger_deadline = time.monotonic() + STRANGER_SECONDS

    def _lock_machine(self) -> bool:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(MACHINE, flags, 0o600)
        except OSError:
            return False
        self._stack.callback(os.close, descriptor)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != 0 or status.st_mode & 0o077:
            return False
        while not self._take(descriptor):
            if time.monotonic() > self._deadline:
                raise OperatorError(
                    f"{MACHINE}: another run has been editing files on this host for a minute. Run"
                    " again later."
                )
            time.sleep(PAUSE_SECONDS)
        return True

    @staticmethod
    def _take(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def lock_all(self, directories: t.Mapping[Path, Path]) -> None:
        """Locks folders, each by its name for sentences and the path by which it is opened."""
        # In one order, so that two runs never wait for each other.
        for name in sorted(set(directories) - self._held):
            self._held.add(name)
            self._lock(directories[name], name)

    def _lock(self, directory: Path, name: Path) -> None:
        try:
            descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            # What is wrong with the folder is said when the file in it is read.
            return
        self._stack.callback(os.close, descriptor)
        try:
            while not self._take(descriptor):
                if self._alone and time.monotonic() > self._stranger_deadline:
                    # No run of root's: whoever holds it cannot keep root's runs away.
                    return
                if time.monotonic() > self._deadline:
                    raise OperatorError(
                        f"{name}: another run has been editing files there for a minute. Run again"
                        " later."
                    )
                time.sleep(PAUSE_SECONDS)
        except OSError as error:
            if error.errno not in (
                errno.ENOLCK,
                errno.ENOTSUP,
                errno.EOPNOTSUPP,
                errno.EBADF,
                errno.EINVAL,
                errno.ENOSYS,
                errno.EISDIR,
            ):
                raise OperatorError(f"{name}: cannot be locked ({error.strerror}).") from None
            self._lock_by_file(directory, name)

    def _lock_by_file(self, directory: Path, name: Path) -> None:
        lock = directory / LOCK_FILE
        while True:
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                os.close(os.open(lock, flags, 0o600))
            except FileExistsError:
                pass
            except OSError:
                # What cannot be written is said when the files are written.
                return
            else:
                self._stack.callback(_unlink, lock)
                return
            age, strange = _look_at(lock)
            if self._alone and strange and time.monotonic() > self._stranger_deadline:
                return
            if age > STALE_SECONDS:
                # The run that made it was killed. A folder of that name stays.
                _unlink(lock)
            if time.monotonic() > self._deadline:
                raise OperatorError(
                    f"{name}: another run has been editing files there for a minute. Run again"
                    f" later, or remove {name / LOCK_FILE} when there is none."
                )
            time.sleep(PAUSE_SECONDS)


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _look_at(lock: Path) -> tuple[float, bool]:
    """Seconds since the lock was made, by the clock of its file system, and whether no run of this
    user made it, whatever number a file server gives to root."""
    # A name that nobody can have taken.
    probe = lock.with_name(f"{LOCK_FILE}-{os.urandom(8).hex()}")
    try:
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        mine, found = probe.lstat(), lock.lstat()
    except OSError:
        return 0.0, False
    finally:
        _unlink(probe)
    return (
        mine.st_mtime - found.st_mtime,
        mine.st_uid != found.st_uid or not stat.S_ISREG(found.st_mode),
    )
