# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Directories of a product home that become links into a shared file system.

No lock is taken on the share, so none can be left behind: a node copies its directory beside the
target under a name of its own and renames the copy into place. Of several nodes exactly one rename
succeeds, because none replaces a directory that holds something; the others find the target filled,
compare, and keep what differs. Every step leaves a state from which the next run goes on, wherever
it was killed.
"""

from __future__ import annotations

import errno
import fcntl
import filecmp
import json
import os
import re
import shutil
import stat
import typing as t
import uuid
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from .._errors import OperatorError
from .home import started_before

# Beside the link, in the home: what is on the share as well and is being removed, and what is not
# and is kept.
CARRIED_OVER = ".carried-over"
KEPT = ".before-sharing"

# The folder by which the nodes see that they have the same share.
MARK = ".carbon-ops"


@dataclass(frozen=True)
class Link:
    """A directory of the home and the directory of the share that takes its place."""

    path: Path
    target: Path


@dataclass(frozen=True)
class LinkOutcome:
    """What happened to one link. ``kept`` is where the content that differed from the share's was
    put."""

    link: Link
    action: str
    kept: Path | None = None
    differences: tuple[str, ...] = ()


def mount_points(mountinfo: str) -> set[str]:
    """The mount points in the text of /proc/self/mountinfo, which writes blanks and backslashes in
    octal."""
    fields = (line.split(" ") for line in mountinfo.splitlines())
    return {
        re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal.group(1), 8)), field[4])
        for field in fields
        if len(field) > 4
    }


def check_mounted(mount_point: Path, mountinfo: Path = Path("/proc/self/mountinfo")) -> None:
    """Refuse a share that is not mounted: what went there would stay on this node's own disk."""
    try:
        # Looking inside makes an automounter mount it, and a stale NFS handle tells itself.
        any(mount_point.iterdir())
    except OSError as error:
        raise OperatorError(
            f"{mount_point}: the shared file system cannot be read ({error.strerror}). Mount it on"
            " this host first."
        ) from error
    points = mount_points(mountinfo.read_text(encoding="utf-8", errors="surrogateescape"))
    if os.path.realpath(mount_point) not in points and not os.path.ismount(mount_point):
        raise OperatorError(
            f"{mount_point} is not a mount point on this host, so what went there would be shared"
            " with nobody. Mount the shared file system first; where it is mounted further up,"
            " name that place in shared_fs_mount_point."
        )


def check_home(
    home: Path, links: t.Sequence[Link], allow_move: bool, processes: Path = Path("/proc")
) -> None:
    """Refuse what would pull directories away under a server that has already worked with them."""
    root = os.path.realpath(home)
    moving = []
    for link in links:
        parent = os.path.realpath(link.path.parent)
        if parent != root and not parent.startswith(root + os.sep):
            raise OperatorError(
                f"{link.path.parent} is itself a link out of the product home, so"
                f" {link.path.name} in it is shared already. Changing cluster_shared_directories on"
                " a cluster that shares files means to move them by hand: stop the servers, undo"
                " the links."
            )
        if link.path.is_symlink() and os.path.realpath(link.path) != os.path.realpath(link.target):
            raise OperatorError(
                f"{link.path} is a link to {os.readlink(link.path)}, not to {link.target}. Move"
                " what is there by hand and remove the link."
            )
        if link.path.is_symlink() and not link.target.is_dir():
            raise OperatorError(
                f"{link.path} points to {link.target}, which is not on the share. Either another"
                " file system is mounted there, or the directory was deleted: restore it from the"
                " backup."
            )
        if not link.path.is_symlink() and link.path.exists():
            if not link.path.is_dir():
                raise OperatorError(
                    f"{link.path} is neither a directory nor a link. Check what it is and move it"
                    " away."
                )
            moving.append(str(link.path.relative_to(home)))
    if not moving or not started_before(home):
        return
    if not allow_move:
        raise OperatorError(
            f"{home}: the server has already run with its own {' and '.join(moving)}. Sharing them"
            " now moves data of a live cluster. If that is what you want, stop the server and run"
            " with cluster_allowed_changes: [shared_directories]."
        )
    if _is_running(home, processes):
        raise OperatorError(
            f"{home}: the server is running. Stop it before {' and '.join(moving)} become links"
            " into the share."
        )


def _is_running(home: Path, processes: Path) -> bool:
    argument = b"-Dcarbon.home=" + os.fsencode(str(home))
    for commands in processes.glob("[0-9]*/cmdline"):
        try:
            if argument in commands.read_bytes().split(b"\0"):
                return True
        except OSError:
            continue
    return False


def check_owner(directory: Path, user: str, uid: int) -> None:
    """Refuse a share whose files belong to another number: nodes agree on numbers there, never on
    names."""
    owner = directory.stat().st_uid
    if owner != uid:
        raise OperatorError(
            f"{directory} belongs to user number {owner}, but {user} has the number {uid} on this"
            f" host. Give {user} the same number on every node (cluster_service_uid, before the"
            " first installation), or give the directory to it."
        )


@contextmanager
def one_run_at_a_time(home: Path) -> t.Iterator[None]:
    """Two runs on the same node would take each other's copies for leftovers. The lock ends with
    the process, however that ends."""
    descriptor = os.open(str(home), os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def share_identity(share: Path, cluster: str, node: str, dry_run: bool = False) -> str:
    """The share's own mark, made by the first node that comes: nodes that read different ones do
    not see the same share."""
    mark = share / MARK
    identity = mark / "share.json"
    if not identity.exists():
        if dry_run:
            return ""
        copy = share / f".carbon-ops.{node}"
        _remove(copy)
        copy.mkdir()
        (copy / identity.name).write_text(
            json.dumps({"cluster": cluster, "id": str(uuid.uuid4())}) + "\n", encoding="utf-8"
        )
        _publish(copy, mark)
    try:
        content = json.loads(identity.read_text(encoding="utf-8"))
        owner, name = str(content["cluster"]), str(content["id"])
    except (ValueError, KeyError, TypeError) as error:
        raise OperatorError(
            f"{identity} cannot be understood. Restore it, or remove it when no other cluster uses"
            f" {share}."
        ) from error
    if owner != cluster:
        raise OperatorError(
            f"{share} belongs to the cluster {owner}. Two clusters must not share these"
            f" directories: set shared_fs_directory to another one, or remove {identity} if the"
            " cluster was renamed."
        )
    return name


def share_directory(
    link: Link,
    node: str,
    at_home: t.Callable[[Path], t.ContextManager[None]] = lambda _folder: nullcontext(),
) -> LinkOutcome:
    """Bring one link about. ``check_home`` has to have passed.

    at_home: what is needed to rename something in a folder of the home, where that does not belong
    to whom the share belongs to.
    """
    aside = link.path.with_name(link.path.name + CARRIED_OVER)
    copy = link.target.with_name(f".{link.target.name}.{node}")
    _remove(copy)
    action = "unchanged"
    if not link.path.is_symlink():
        action = "linked"
        if link.path.is_dir():
            if os.path.lexists(aside):
                with at_home(aside.parent):
                    aside.rename(_free_name(link.path))
            action = "carried over" if _carry(link.path, link.target, copy) else "linked"
            with at_home(aside.parent):
                link.path.rename(aside)
        elif aside.is_dir():
            # A run was killed before it made the link. The share is normally filled by then, unless
            # it has been replaced since.
            _carry(aside, link.target, copy)
        else:
            link.target.mkdir(exist_ok=True)
        with at_home(link.path.parent):
            _place(link)
    if not aside.is_dir():
        return LinkOutcome(link, action)
    action = "linked" if action == "unchanged" else action
    missing = tuple(differences(aside, link.target))
    if not missing:
        with at_home(aside.parent):
            _remove(aside)
        return LinkOutcome(link, action)
    kept = _free_name(link.path)
    with at_home(aside.parent):
        aside.rename(kept)
    return LinkOutcome(link, action, kept, missing)


def differences(own: Path, shared: Path, below: str = "") -> t.Iterator[str]:
    """What of ``own`` is not in ``shared`` with the same content. What the share has more does not
    count: other nodes work there."""
    for entry in sorted(os.scandir(own), key=lambda item: item.name):
        name = below + entry.name
        other = shared / entry.name
        try:
            kind, other_kind = (
                stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode),
                stat.S_IFMT(os.lstat(other).st_mode),
            )
            if kind != other_kind:
                yield name
            elif kind == stat.S_IFDIR:
                yield from differences(Path(entry.path), other, name + "/")
            elif kind == stat.S_IFLNK:
                if os.readlink(entry.path) != os.readlink(other):
                    yield name
            elif kind != stat.S_IFREG or not filecmp.cmp(entry.path, other, shallow=False):
                yield name
        except FileNotFoundError:
            yield name


def _carry(source: Path, target: Path, copy: Path) -> bool:
    """Fill the target with the source's content, unless it holds something or another node is
    faster; the source stays as it is."""
    if os.path.lexists(target) and not target.is_dir():
        raise OperatorError(f"{target} is not a directory. Move it away.")
    if target.is_dir() and any(target.iterdir()):
        return False
    if not any(source.iterdir()):
        target.mkdir(exist_ok=True)
        return False
    try:
        shutil.copytree(source, copy, symlinks=True)
        _flush(copy)
        return _publish(copy, target)
    except shutil.Error as error:
        _remove(copy)
        path, _copy, reason = error.args[0][0]
        raise OperatorError(
            f"{path} cannot be copied to {target.parent}: {reason}. Nothing was changed in"
            f" {source}."
        ) from error
    except OSError:
        _remove(copy)
        raise


def _publish(copy: Path, target: Path) -> bool:
    """Rename a directory into place. The system refuses it when the target holds something, which
    is how exactly one node wins."""
    try:
        copy.rename(target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        _remove(copy)
        return False
    return True


def _flush(directory: Path) -> None:
    """Wait until a copy is on the disk: its source is removed afterwards, and a power failure must
    not leave neither."""
    for path in [directory, *directory.rglob("*")]:
        if not path.is_symlink():
            descriptor = os.open(str(path), os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _place(link: Link) -> None:
    temporary = link.path.with_name(f".{link.path.name}.link")
    if os.path.lexists(temporary):
        temporary.unlink()
    temporary.symlink_to(link.target)
    temporary.rename(link.path)


def _free_name(path: Path) -> Path:
    names = (
        path.with_name(f"{path.name}{KEPT}{suffix}")
        for suffix in ["", *(f".{number}" for number in range(2, 1000))]
    )
    return next(name for name in names if not os.path.lexists(name))


def _remove(directory: Path) -> None:
    if os.path.lexists(directory):
        shutil.rmtree(directory)
