# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role certificates has to make or renew, from one look at each host."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone

from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils import _certificates

Info = t.Mapping[str, t.Any]
Found = t.Mapping[str, Info]


def pair_owed(certificate: Info, found: Found, authority: Info, pair: Info, days: int) -> list[str]:
    """Why a pair has to be made or renewed; empty when it has not."""
    now = datetime.now(timezone.utc)
    return _certificates.pair_owed(certificate, found, authority, pair, days, now)


def file_owed(text: str, found: Found, path: str, mode: str = "0644") -> bool:
    """Whether a file has to be copied."""
    return _certificates.file_owed(text, found, path, mode)


def folder_owed(found: Found, path: str, mode: str = "0755") -> bool:
    """Whether a folder has to be made, or given its owner and mode."""
    return _certificates.folder_owed(found, path, mode)


class FilterModule:
    def filters(self) -> dict[str, t.Any]:
        return {"pair_owed": pair_owed, "file_owed": file_owed, "folder_owed": folder_owed}
