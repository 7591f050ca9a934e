# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that a product must not change after its first start."""

from __future__ import annotations

import typing as t


def moved_commitments(
    found: t.Mapping[str, t.Any], wanted: t.Mapping[str, t.Any], allowed: t.Iterable[str]
) -> list[str]:
    """What the data of a live server depend on and the model changes (requirement IN2), less
    the changes that are allowed by name."""
    return [
        f"{key} ({found.get(key)} on the node, {wanted[key]} in the inventory)"
        for key in wanted
        if wanted[key] != found.get(key) and key not in allowed
    ]
