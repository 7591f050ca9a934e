# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What makes the replacement of several files whole even when it is killed: a journal beside each
of them.

Each file has its new content beside it, and its old one under a second name. Then the journal,
which names all files with the checksums of both contents, is put beside each of them, and only then
the files are replaced one by one. So the next run on any of them finds the journal and makes the
change of all of them complete, or takes it back where that is not possible.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
import typing as t
from pathlib import Path

from .._errors import OperatorError
from .places import find_place

if t.TYPE_CHECKING:
    from .places import Place

NEW, OLD, JOURNAL = ".carbon-ops-new", ".carbon-ops-old", ".carbon-ops-journal"
_ABSENT, _UNKNOWN = None, ""


class Entry:
    """One file of a journal: the checksums of its content before, None where there was no file, and
    after."""

    __slots__ = ("at", "new", "old", "path", "place")

    def __init__(self, path: Path, old: str | None, new: str, place: Place | None = None) -> None:
        self.path = path
        # What is done to the file is done through its open folder.
        self.place = place
        self.at = place.at if place else path
        self.old = old
        self.new = new


def beside(path: Path, what: str) -> Path:
    """The hidden file that belongs to a file, in the same folder."""
    return path.with_name(f".{path.name}{what}")


def journal_content(entries: t.Sequence[Entry]) -> bytes:
    """The journal with its own checksum, which shows whether it was written to its end."""
    body = json.dumps([[str(entry.path), entry.old, entry.new] for entry in entries]).encode(
        "ascii"
    )
    return hashlib.sha256(body).hexdigest().encode("ascii") + b"\n" + body


def read_journal(place: Place) -> list[Entry]:
    """The journal beside a file; nothing where there is none, or none that was written to its end:
    then no file was replaced yet.

    Whoever may rename files in a folder can keep a journal from there and bring it back when its
    time is over. So only one counts that lies in a folder of root's or of the runner's.
    """
    if not place.is_own:
        return []
    path = place.real
    journal = beside(path, JOURNAL)
    try:
        descriptor = os.open(
            beside(place.at, JOURNAL), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        )
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OperatorError(
            f"{journal}: cannot be read ({(error.strerror or '').lower()}). {_HINT}"
        ) from None
    try:
        status = os.fstat(descriptor)
        if (
            not stat.S_ISREG(status.st_mode)
            or status.st_uid != os.geteuid()
            or status.st_mode & 0o022
        ):
            raise OperatorError(f"{journal}: is not of this user. {_HINT}")
        content = read_all(descriptor)
    finally:
        os.close(descriptor)
    digest, _newline, body = content.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode("ascii") != digest:
        return []
    entries = [Entry(Path(name), old, new) for name, old, new in json.loads(body)]
    return entries if any(entry.path == path for entry in entries) else []


_HINT = (
    "A run on this file was interrupted: run once as the user who ran it, or look at the files"
    " beside it and remove this one."
)


def finish(entries: t.Sequence[Entry]) -> list[str]:
    """Complete the change of all files, or take it back; return the files that this changed. Files
    changed since stay as they are."""
    _open_folders(entries)
    states = [(entry, checksum(entry.at)) for entry in entries]
    waiting = [entry for entry, state in states if state == entry.old]
    changed = []
    try:
        if all(checksum(beside(entry.at, NEW)) == entry.new for entry in waiting):
            for entry in waiting:
                beside(entry.at, NEW).rename(entry.at)
                changed.append(str(entry.path))
        else:
            for entry, state in states:
                if state != entry.new:
                    continue
                if entry.old is _ABSENT:
                    entry.at.unlink()
                elif checksum(beside(entry.at, OLD)) == entry.old:
                    beside(entry.at, OLD).rename(entry.at)
                else:
                    continue
                changed.append(str(entry.path))
        for directory in sorted({entry.at.parent for entry in entries}):
            sync_directory(directory)
    except OSError as error:
        raise OperatorError(
            f"{entries[0].path}: an interrupted change of this file and {len(entries) - 1} more"
            f" cannot be finished ({(error.strerror or '').lower()}). Correct what is wrong with"
            " the file system and run again."
        ) from None
    for what in (OLD, NEW, JOURNAL):
        remove([beside(entry.at, what) for entry in entries])
    return changed


def _open_folders(entries: t.Sequence[Entry]) -> None:
    """Follow each path again: a folder that was exchanged since is not the one written down."""
    for entry in entries:
        try:
            place = find_place(str(entry.path))
        except OSError:
            # Without its folder nothing is left of the file either.
            continue
        if place.real != entry.path:
            raise OperatorError(
                f"{entry.path}: a folder on the way has become a link since a change of this file"
                " was interrupted. Put the folder back and run again."
            )
        entry.place, entry.at = place, place.at


def checksum(path: Path) -> str | None:
    """The checksum of a file's content: None where there is nothing, and an empty one where it is
    no plain file that can be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return _ABSENT
    except OSError:
        return _UNKNOWN
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return _UNKNOWN
        return hashlib.sha256(read_all(descriptor)).hexdigest()
    except OSError:
        return _UNKNOWN
    finally:
        os.close(descriptor)


def read_all(descriptor: int, limit: int = 1 << 30) -> bytes:
    """The rest of a file; OSError where it is longer than any file that is edited."""
    parts: list[bytes] = []
    left = limit
    while left >= 0:
        part = os.read(descriptor, 1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)
        left -= len(part)
    raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only this user can read, down to the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all bytes, however many calls that takes; raises OSError."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_directory(directory: Path) -> None:
    """Make renames last; a file system that cannot do that has still made them."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove(paths: t.Iterable[Path]) -> None:
    """Remove what may be there; what cannot be removed now the next run tries again."""
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink()
