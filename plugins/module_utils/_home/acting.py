# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Acting as the service user, and as root again where that is needed."""

from __future__ import annotations

import os
import pwd
import typing as t
from contextlib import contextmanager
from pathlib import Path

from .._errors import OperatorError


@contextmanager
def acting_as(user: pwd.struct_passwd) -> t.Iterator[None]:
    """Become the service user and come back. Only the effective numbers change: the result is still
    to be written as before."""
    if os.geteuid() == user.pw_uid:
        yield
        return
    if os.geteuid() != 0:
        raise OperatorError(f"This has to run as root or as {user.pw_name}: set become.")
    groups, group = os.getgroups(), os.getegid()
    try:
        os.initgroups(user.pw_name, user.pw_gid)
        os.setegid(user.pw_gid)
        os.seteuid(user.pw_uid)
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


@contextmanager
def acting_in(folder: Path) -> t.Iterator[None]:
    """Within ``acting_as``: become root again for a folder of the home that is not the service
    user's."""
    user = os.geteuid()
    if user == 0 or folder.stat().st_uid == user or os.getresuid()[2] != 0:
        yield
        return
    try:
        os.seteuid(0)
        yield
    finally:
        os.seteuid(user)


def make_share(share: Path, user: pwd.struct_passwd) -> bool:
    """Makes the cluster's folder of the share, the service user's. Tells whether it was missing.

    Where the service user may write, it makes the folder itself: nothing has to be given to it.
    Elsewhere, or where a file server takes it for nobody, root does, and nobody else interferes.
    """
    if share.is_dir():
        return False
    try:
        with acting_as(user):
            share.mkdir(mode=0o750)
    except PermissionError:
        try:
            _make_as_root(share, user)
        except PermissionError as error:
            raise OperatorError(
                f"{share} cannot be made, neither by root nor by {user.pw_name}. Make it on the"
                f" file server and give it to user number {user.pw_uid}."
            ) from error
    return True


def _make_as_root(share: Path, user: pwd.struct_passwd) -> None:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    above = os.open(str(share.parent), flags)
    try:
        os.mkdir(share.name, 0o700, dir_fd=above)
        folder = os.open(share.name, flags | os.O_NOFOLLOW, dir_fd=above)
        try:
            if os.fstat(folder).st_uid != os.geteuid() or next(os.scandir(folder), None):
                raise OperatorError(f"{share} was replaced by something else meanwhile. Run again.")
            os.fchown(folder, user.pw_uid, user.pw_gid)
            os.fchmod(folder, 0o750)  # nosec B103 - the service group reads
        finally:
            os.close(folder)
    finally:
        os.close(above)
