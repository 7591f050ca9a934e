# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running database server still lacks, and what is too much on it."""

from __future__ import annotations

from typing import Any

from ..plugin_utils._database_server import accounts_owed, settings_owed, spare_accounts


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {
            "accounts_owed": accounts_owed,
            "settings_owed": settings_owed,
            "spare_accounts": spare_accounts,
        }
