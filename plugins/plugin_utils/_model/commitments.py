# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that a product must not change after its first start."""

from __future__ import annotations

from typing import Any, Iterable, List, Mapping


def moved_commitments(found: Mapping[str, Any], wanted: Mapping[str, Any], allowed: Iterable[str]) -> List[str]:
    """What the data of a live server hang on and the model has otherwise (requirement IN2), less the changes that are allowed by name."""
    return [
        "{0} ({1} on the node, {2} in the inventory)".format(key, found.get(key), wanted[key])
        for key in wanted
        if wanted[key] != found.get(key) and key not in allowed
    ]
