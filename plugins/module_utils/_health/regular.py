# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Reading files that another user may have put there.

Whoever may write in a folder can put a pipe, a device, a link or a file without end in the place
of any file of it. What is opened here makes nobody wait, leads nowhere else, and ends.
"""

from __future__ import annotations

import errno
import os
import stat

LIMIT = 1 << 20


def open_regular(path: str | os.PathLike[str], *, follow: bool = False) -> int:
    """The descriptor of a plain file, for reading; OSError for anything else.

    follow: whether the last part of the path may be a link.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a plain file", str(path))
    return descriptor


def read_descriptor(descriptor: int, limit: int, *, cut: bool = False) -> bytes:
    """The rest of a file, of at most ``limit`` bytes; OSError (EFBIG) where there are more.

    cut: whether what is beyond the limit is left unread instead.
    """
    parts: list[bytes] = []
    left = limit if cut else limit + 1
    while left > 0:
        part = os.read(descriptor, min(left, LIMIT))
        if not part:
            return b"".join(parts)
        parts.append(part)
        left -= len(part)
    if cut:
        return b"".join(parts)
    raise OSError(errno.EFBIG, f"it is larger than {limit} bytes")


def read_regular(
    path: str | os.PathLike[str], limit: int = LIMIT, *, follow: bool = False
) -> bytes:
    """The content of a plain file of at most ``limit`` bytes; OSError for anything else."""
    descriptor = open_regular(path, follow=follow)
    try:
        return read_descriptor(descriptor, limit)
    finally:
        os.close(descriptor)
