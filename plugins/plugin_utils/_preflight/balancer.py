# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight of the load balancers: who reaches the console, how clients stay on a node."""

from __future__ import annotations

import re
import typing as t

if t.TYPE_CHECKING:
    from .._model.inventory import Inventory
    from .settings import Sentences, Specs, _Settings

# It names a flag file, and is in cookies and at the end of session ids.
NODE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:-]*\Z")


def _balancers(
    shared: _Settings,
    cluster: Inventory,
    groups: t.Mapping[str, t.Sequence[str]],
    role_options: Specs,
) -> Sentences:
    """What role nginx needs from the inventory, load balancer by load balancer."""
    if not groups["load_balancer"]:
        return
    for host in groups["key_manager"]:
        if not NODE_NAME.match(host):
            yield (
                f"The inventory calls a Key Manager {host!r}, which can be neither in a cookie"
                " nor in a file name. Name it with letters, digits and the characters . _ : - only."
            )
    options = role_options.get("nginx", {})

    def setting(host: str, name: str) -> t.Any:
        value = cluster.hosts[host].get(name)
        return options.get(name, {}).get("default") if value is None else value

    for host in groups["load_balancer"]:
        # Without a word about it the console is closed, and nothing else depends on it.
        if cluster.hosts[host].get("nginx_management_sources") == []:
            yield (
                f"nginx_management_sources of {host} is empty, so nobody could reach the management"
                " console. Name the administrators' networks, for example [10.0.9.0/24];"
                " [0.0.0.0/0, '::/0'] opens it to everybody."
            )
    if len(groups["key_manager"]) == 1:
        return
    unkept = [
        (option, reason)
        for option, reason in (
            ("enabled", "a session would go on at a node that does not know it"),
            ("temporary", "a login would go on at a node that does not know it"),
        )
        if shared.option("cluster_session_persistence", option) is False
    ]
    for host in groups["load_balancer"]:
        for option, reason in unkept if setting(host, "nginx_stickiness") == "none" else []:
            yield (
                f"cluster_session_persistence.{option} is false and nginx_stickiness of {host} is"
                f" none: {reason}. Keep clients on their node (nginx_stickiness cookie or ip_hash),"
                f" or set cluster_session_persistence.{option} to true."
            )
