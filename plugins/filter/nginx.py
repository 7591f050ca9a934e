# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role nginx' templates print, computed from the model of the cluster."""

from __future__ import annotations

import re
import typing as t
from dataclasses import asdict

from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._nginx import (
    locations,
    nodes,
    pools,
)

Model = t.Mapping[str, t.Any]


def nginx_balancing(
    model: Model,
    prefix: str,
    stickiness: str,
    shared: bool,
    resolved: t.Mapping[str, t.Sequence[str]] | None = None,
) -> dict[str, t.Any]:
    """The nodes, the pools, and which pool a request goes to."""
    members = nodes.nodes_of(model["nodes"])
    return {
        "nodes": [
            {
                **asdict(node),
                "pattern": re.escape(node.name),
                "served_at": [
                    re.escape(nodes.host_of(address))
                    for address in (resolved or {}).get(node.address) or [node.address]
                ],
            }
            for node in members
        ],
        "pools": [asdict(pool) for pool in pools.pools(members, prefix, stickiness, shared=shared)],
        "choices": [asdict(choice) for choice in pools.choices(members, shared=shared)],
        "shares": [{"part": part, "label": label} for part, label in pools.shares(members)],
    }


def nginx_redirects(model: Model, scheme: str, port: str, secure_port: str) -> list[dict[str, str]]:
    """What a redirect to a node becomes."""
    return [
        redirect._asdict() for redirect in locations.redirects(model, scheme, port, secure_port)
    ]


def nginx_locations(model: Model, *further: t.Iterable[str]) -> list[str]:
    """These locations and those that the endpoints of the product need."""
    needed = locations.endpoint_locations(model["urls"].values(), model["hostname"])
    return locations.in_order([path for paths in further for path in paths] + needed)


class FilterModule:
    def filters(self) -> dict[str, t.Any]:
        return {
            "nginx_balancing": nginx_balancing,
            "nginx_locations": nginx_locations,
            "nginx_redirects": nginx_redirects,
        }
