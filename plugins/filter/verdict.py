# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification says, from what was found on the hosts."""

from __future__ import annotations

import typing as t

from ..plugin_utils._verify import verdict


class FilterModule:
    def filters(self) -> dict[str, t.Any]:
        return {"verdict": verdict.verdict, "drift": verdict.drift}
