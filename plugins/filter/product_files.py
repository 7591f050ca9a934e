# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters between the data of edits and module xml_patch."""

from __future__ import annotations

import typing as t

from ..plugin_utils._edits.datasources import datasource_edits, datasource_removals
from ..plugin_utils._edits.files import as_file, product_files
from ..plugin_utils._edits.logs import log4j2_edits
from ..plugin_utils._edits.user_store import user_store_edits
from ..plugin_utils._edits.vault import vault_entries
from ..plugin_utils._model.commitments import moved_commitments


class FilterModule:
    def filters(self) -> dict[str, t.Any]:
        return {
            "as_file": as_file,
            "datasource_edits": datasource_edits,
            "datasource_removals": datasource_removals,
            "log4j2_edits": log4j2_edits,
            "moved_commitments": moved_commitments,
            "product_files": product_files,
            "user_store_edits": user_store_edits,
            "vault_entries": vault_entries,
        }
