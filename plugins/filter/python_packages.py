# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Python libraries are called on a host."""

from __future__ import annotations

import typing as t

from ..plugin_utils._packages import python_packages


class FilterModule:
    def filters(self) -> dict[str, t.Any]:
        return {"python_packages": python_packages}
