# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The caching scenarios and what each sets."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .._argument_specs import Variables

# The caching scenarios, by what each of them means for the product files (requirement CA2).
CACHING: dict[str, dict[str, bool]] = {
    "local_with_invalidation": {
        "clustered": True,
        "force_local": True,
        "caches": True,
        "security_caches": True,
    },
    "local_without_invalidation": {
        "clustered": False,
        "force_local": True,
        "caches": True,
        "security_caches": True,
    },
    "none": {"clustered": False, "force_local": True, "caches": False, "security_caches": False},
    "local_without_security_caches": {
        "clustered": True,
        "force_local": True,
        "caches": True,
        "security_caches": False,
    },
    "distributed": {
        "clustered": True,
        "force_local": False,
        "caches": True,
        "security_caches": True,
    },
}
CACHE_MINUTES = {"local_without_invalidation": 5}
USUAL_CACHE_MINUTES = 15


def _caching(shared: Variables, product: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    scenario = shared["cluster_caching"]
    meaning = CACHING[scenario]
    listed = _first_set(shared.get("cluster_security_caches"), product.get("security_caches", []))
    return {
        "scenario": scenario,
        **meaning,
        "minutes": _first_set(
            shared.get("cluster_cache_timeout"), CACHE_MINUTES.get(scenario, USUAL_CACHE_MINUTES)
        ),
        # Of identity.xml, where the rest of the caches is on.
        "disabled": list(listed) if meaning["caches"] and not meaning["security_caches"] else [],
    }


def _first_set(value: t.Any, otherwise: t.Any) -> t.Any:
    return otherwise if value is None else value
