# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Where a path leads, followed step by step, so that no other user decides it.

Files that root edits lie in folders of the service user too, who can put a link in the place of
any file or folder there. A link counts where root or the runner of this made it, or where whoever
made it owns what it leads to. The last folder stays open, and what is done in it is done through
its descriptor: exchanging a folder on the way afterwards changes nothing.
"""

from __future__ import annotations

import errno
import os
import stat
import typing as t
import weakref
from pathlib import Path

from .._errors import OperatorError

_STEP = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_LINKS = 40
_DESCRIPTORS = "/proc/self/fd"


class Place:
    """A file's folder, open, and its name there.

    real: the path without links, for sentences and for what is written down; at: the same through
    the open folder, for everything that is done; owner: who the file must belong to, where a link
    of another user led to it, or None.
    """

    def __init__(self, real: Path, folder: int, owner: int | None) -> None:
        self.real = real
        self.owner = owner
        self.folder = folder
        weakref.finalize(self, os.close, folder)

    @property
    def at(self) -> Path:
        return self.beside(self.real.name)

    def beside(self, name: str) -> Path:
        """Another file of the folder."""
        if not _reachable():
            return self.real.with_name(name)
        return Path(_DESCRIPTORS, str(self.folder), name)

    @property
    def directory(self) -> Path:
        """The folder itself, through its descriptor."""
        if not _reachable():
            return self.real.parent
        return Path(_DESCRIPTORS, str(self.folder), ".")

    @property
    def is_own(self) -> bool:
        """Whether nobody but root and the runner can exchange files of the folder."""
        return is_own(os.fstat(self.folder))


def is_own(status: os.stat_result) -> bool:
    """Whether a folder is root's or the runner's, and others may not exchange its files."""
    closed = not status.st_mode & 0o022 or bool(status.st_mode & stat.S_ISVTX)
    return status.st_uid in (0, os.geteuid()) and closed


def _reachable() -> bool:
    # In a bare chroot /proc may not be mounted; then there is no other user either.
    return Path(_DESCRIPTORS).is_dir()


def find_place(path: str) -> Place:
    """Follows an absolute path. OSError where a folder on the way is missing or cannot be entered,
    OperatorError for a link that another user made to what is not his."""
    walk = _Walk(path)
    try:
        return walk.run()
    except BaseException:
        os.close(walk.folder)
        raise


class _Walk:
    def __init__(self, path: str) -> None:
        self.path = path
        self.folder = os.open("/", _STEP)
        self.real = Path("/")
        # Names still to go, and in between the numbers of users who must own what was reached.
        self.steps: list[str | int] = [*self._names(path)]
        self.links = 0

    @staticmethod
    def _names(path: str) -> t.Iterator[str]:
        return (name for name in path.split("/") if name not in ("", "."))

    def run(self) -> Place:
        while self.steps:
            step = self.steps.pop(0)
            if isinstance(step, int):
                self._must_belong(step, os.fstat(self.folder))
                continue
            rest = any(isinstance(other, str) for other in self.steps)
            if step != ".." and self._is_link(step):
                self._follow(step)
            elif rest or step == "..":
                self._enter(step)
            else:
                owners = [other for other in self.steps if isinstance(other, int)]
                return self._arrive(step, owners)
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), self.path)

    def _is_link(self, name: str) -> bool:
        try:
            return stat.S_ISLNK(os.stat(name, dir_fd=self.folder, follow_symlinks=False).st_mode)
        except FileNotFoundError:
            return False

    def _enter(self, name: str) -> None:
        below = os.open(name, _STEP, dir_fd=self.folder)
        os.close(self.folder)
        self.folder = below
        self.real = self.real.parent if name == ".." else self.real / name

    def _follow(self, name: str) -> None:
        self.links += 1
        if self.links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), self.path)
        status = os.stat(name, dir_fd=self.folder, follow_symlinks=False)
        target = os.readlink(name, dir_fd=self.folder)
        owner: list[str | int] = []
        if status.st_uid not in (0, os.geteuid()):
            owner = [status.st_uid]
        if target.startswith("/"):
            os.close(self.folder)
            self.folder = os.open("/", _STEP)
            self.real = Path("/")
        self.steps = [*self._names(target), *owner, *self.steps]

    def _arrive(self, name: str, owners: list[int]) -> Place:
        if len(set(owners)) > 1:
            raise self._refusal()
        if owners:
            try:
                status = os.stat(name, dir_fd=self.folder, follow_symlinks=False)
            except FileNotFoundError:
                # What is made there would be made where its maker wants it.
                status = os.fstat(self.folder)
            self._must_belong(owners[0], status)
        return Place(self.real / name, self.folder, owners[0] if owners else None)

    def _must_belong(self, owner: int, status: os.stat_result) -> None:
        if status.st_uid != owner:
            raise self._refusal()

    def _refusal(self) -> OperatorError:
        return OperatorError(
            f"{self.path}: a link of another user on the way leads to what is not his, so nothing"
            " was read or written there. Remove the link."
        )


def check_own_folder(directory: str) -> None:
    """Refuse a folder, or one above it, in which another user could exchange what root keeps.

    What does not exist yet is left out. Raises OperatorError.
    """
    real = Path("/")
    for part in Path(directory).parts[1:]:
        try:
            status = os.lstat(real)
        except FileNotFoundError:
            return
        if not is_own(status):
            raise _foreign(directory, real)
        real = real / part
        if real.is_symlink():
            # Nobody but root or the runner can have made it, by what holds for its folder.
            real = Path(os.path.realpath(real))
            for above in (*reversed(real.parents),):
                if not is_own(os.lstat(above)):
                    raise _foreign(directory, above)
    if real.exists() and not (is_own(os.lstat(real)) and not os.lstat(real).st_mode & 0o022):
        raise _foreign(directory, real)


def _foreign(directory: str, folder: Path) -> OperatorError:
    return OperatorError(
        f"{directory} is no place for backups: another user can exchange what lies in {folder}."
        " Name a folder that only the user who runs this can write."
    )
