# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Numbers of local users and groups."""

from __future__ import annotations

import grp
import pwd


def account_number(name: str | None) -> int | None:
    """The number of a user; None where there is none of that name."""
    try:
        return pwd.getpwnam(name).pw_uid if name else None
    except KeyError:
        return None


def primary_group(name: str) -> int:
    """The number of a user's own group; raises KeyError."""
    return pwd.getpwnam(name).pw_gid


def group_number(name: str | None) -> int | None:
    """The number of a group; None where there is none of that name."""
    try:
        return grp.getgrnam(name).gr_gid if name else None
    except KeyError:
        return None
