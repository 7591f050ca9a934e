# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Who owns what of a product home: the service user what the server writes, somebody else its code
and configuration.

The server's user may have owned the home until now, and a running server works in it meanwhile. So
nothing is done by path alone: each file is opened without following a link, looked at once more,
and left alone when it has a second name that may be anywhere.
"""

from __future__ import annotations

import errno
import os
import stat
import typing as t
from pathlib import Path

from .._errors import OperatorError

PATCHES = ("repository/components/patches", "repository/components/servicepacks")
# What the server itself keeps there of the state before the first patch.
ORIGINAL = "patch0000"
SET_ID = 0o7000
_REPLACED = "{0} was replaced by something else meanwhile. Run again."


class Accounts(t.NamedTuple):
    """Numbers of: the owner of code and configuration, the service user, the service group."""

    owner: int
    user: int
    group: int


class Written(t.NamedTuple):
    """What the server writes, below its home."""

    folders: t.Sequence[str]
    files: t.Sequence[str] = ()


class _Change(t.NamedTuple):
    path: Path
    uid: int
    gid: int
    mode: int
    kind: str
    """file or folder; made if it is not there."""


def has_patches(home: Path) -> bool:
    """Whether patches lie there that the server puts into its code at its start, by itself."""
    return any(
        folder.name != ORIGINAL and next(folder.rglob("*.jar"), None) is not None
        for place in PATCHES
        for folder in sorted((home / place).glob("*"))
        if folder.is_dir() and not folder.name.startswith(".")
    )


def changes(home: Path, accounts: Accounts, written: Written) -> list[_Change]:
    """What of the home belongs to somebody else than it should. Raises OperatorError for what
    cannot be given away safely."""
    found = list(_missing(home, accounts, written))
    folders = {home / folder for folder in written.folders}
    files = {home / file for file in written.files}
    for path, status in _below(home, folders, accounts.user):
        own = path in files or path in folders or any(folder in folders for folder in path.parents)
        change = _due(path, status, accounts, own, closed=path == home)
        if change and change.kind == "file" and status.st_nlink > 1:
            raise OperatorError(
                f"{path} has a second name somewhere (a hard link), so neither it nor the rest of"
                " the home was given to anybody. Put a copy in its place."
            )
        if change:
            found.append(change)
    return found


def _missing(home: Path, accounts: Accounts, written: Written) -> t.Iterator[_Change]:
    """Folders and files that the server will write and has not yet; those above them are the
    owner's."""
    seen = set()
    for name in sorted(written.folders):
        path = home
        for part in Path(name).parts:
            path = path / part
            # A link leads to the shared file system, which has rules of its own.
            if path.is_symlink():
                break
            if path.exists() and not path.is_dir():
                raise OperatorError(
                    f"{path} is not a folder, and the server must write into one of this name."
                    " Move it away."
                )
            if not path.exists() and path not in seen:
                seen.add(path)
                own = any(
                    path == home / folder or (home / folder) in path.parents
                    for folder in written.folders
                )
                yield _Change(
                    path,
                    accounts.user if own else accounts.owner,
                    accounts.group,
                    0o750,
                    "new folder",
                )
    for name in written.files:
        if not os.path.lexists(str(home / name)):
            yield _Change(home / name, accounts.user, accounts.group, 0o640, "new file")


def _below(
    folder: Path, folders: set[Path], user: int, inside: bool = False
) -> t.Iterator[tuple[Path, os.stat_result]]:
    """Every file and folder that counts. Links are not followed and do not count.

    A folder comes before what is in it, so that its old owner cannot exchange that any more; one of
    the service user comes after it, so that whoever finds it given knows that all of it is.
    """
    try:
        own = folder.lstat()
        inside = inside or folder in folders
        if not inside:
            yield folder, own
        # What is in a folder of the service user was made by the server, or came there with it.
        if not (folder in folders and own.st_uid == user):
            for entry in sorted(os.scandir(str(folder)), key=lambda entry: entry.name):
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    yield from _below(Path(entry.path), folders, user, inside)
                elif stat.S_ISREG(status.st_mode):
                    yield Path(entry.path), status
        if inside:
            yield folder, own
    except FileNotFoundError:
        # A running server removes what it made.
        return


def _due(
    path: Path, status: os.stat_result, accounts: Accounts, own: bool, closed: bool
) -> _Change | None:
    """Code and configuration: the group reads, nobody but the owner writes. What the server writes
    is its own. Others get nothing."""
    mode = stat.S_IMODE(status.st_mode)
    folder = stat.S_ISDIR(status.st_mode)
    unwanted = SET_ID | (0o002 if own else 0o022) | (0o007 if closed or not folder else 0)
    if folder:
        # Below a home that is closed to others it makes no difference what they may.
        wanted = (mode | (0o700 if own else 0o750)) & ~unwanted
    else:
        executable = 0o010 if mode & 0o111 and not own else 0
        wanted = (mode | (0o600 if own else 0o640) | executable) & ~unwanted
    uid, gid = (accounts.user if own else accounts.owner), accounts.group
    if status.st_uid == accounts.user if own else wanted & 0o005 == 0o005:
        # The server made it with this group; or the group does not matter, as everybody in the home
        # may read it.
        gid = status.st_gid
    if (status.st_uid, status.st_gid, mode) == (uid, gid, wanted):
        return None
    return _Change(path, uid, gid, wanted, "folder" if folder else "file")


def apply(planned: t.Sequence[_Change], home: Path) -> None:
    """Make the changes, in their order."""
    for change in planned:
        try:
            descriptor = _open(change, home)
        except FileNotFoundError:
            continue
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISDIR(status.st_mode) and (
                not stat.S_ISREG(status.st_mode) or status.st_nlink != 1
            ):
                raise OperatorError(_REPLACED.format(change.path))
            os.fchown(descriptor, change.uid, change.gid)
            os.fchmod(descriptor, change.mode)
        finally:
            os.close(descriptor)


def _open(change: _Change, home: Path) -> int:
    """Step by step from the home down, so that no link on the way leads out of it."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    at = os.open(str(home), flags | os.O_DIRECTORY)
    parts = change.path.relative_to(home).parts
    try:
        for number, part in enumerate(parts, start=1):
            last = number == len(parts)
            if last and change.kind == "new folder":
                os.mkdir(part, 0o700, dir_fd=at)
            is_file = last and change.kind.endswith("file")
            more = (
                (os.O_CREAT | os.O_EXCL if change.kind == "new file" else 0)
                if is_file
                else os.O_DIRECTORY
            )
            below = os.open(part, flags | more, 0o600, dir_fd=at)
            os.close(at)
            at = below
    except OSError as error:
        os.close(at)
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EEXIST):
            raise OperatorError(_REPLACED.format(change.path)) from None
        raise
    return at


def shown(planned: t.Sequence[_Change], home: Path) -> list[str]:
    """The changes for a diff: whole folders where all in them changes would be hundreds of
    lines."""
    by_folder: dict[str, int] = {}
    for change in planned:
        relative = change.path.relative_to(home)
        top = "/".join(relative.parts[:3]) or "."
        by_folder[top] = by_folder.get(top, 0) + 1
    return [f"{name} ({count})" for name, count in sorted(by_folder.items())]
