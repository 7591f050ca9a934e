# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory as plain data, and the groups that a host belongs to."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .._argument_specs import Variables

GROUP_VARIABLES = {
    "key_manager": "cluster_key_manager_group",
    "load_balancer": "cluster_load_balancer_group",
    "database": "cluster_database_group",
    "api_manager": "cluster_api_manager_group",
}
# What Ansible itself reads, and the model too: where it reaches a host.
REACHED_BY = frozenset({"ansible_host", "ansible_port"})
CARBON_ROLES = ("key_manager", "api_manager")
# Variables that may differ from host to host; every other one describes the whole cluster.
HOST_VARIABLES = frozenset(
    {
        "cluster_api_manager_port_offset",
        "cluster_heap_initial",
        "cluster_heap_maximum",
        "cluster_home",
        "cluster_home_directory",
        "cluster_home_writable",
        "cluster_instance",
        "cluster_java_home",
        "cluster_java_options",
        "cluster_java_package",
        "cluster_manage_hosts_file",
        "cluster_member_port",
        "cluster_node_address",
        "cluster_open_files",
        "cluster_port_offset",
        "cluster_processes",
        "cluster_sandbox_signing_kid",
        "cluster_service_uid",
        "cluster_signing_kid",
    }
)


class Inventory(t.NamedTuple):
    """What an inventory says: the hosts of each group in order, and each host's variables."""

    groups: t.Mapping[str, t.Sequence[str]]
    hosts: t.Mapping[str, Variables]


class Sources(t.NamedTuple):
    """The collection's own data that the model is derived with."""

    options: dict[str, t.Any]
    """Argument spec of role cluster, by variable."""
    profiles: dict[str, dict[str, t.Any]]
    """Product profiles by id, inheritance resolved."""


def host_groups(
    variables: Variables, options: t.Mapping[str, t.Any], inventory: Inventory
) -> dict[str, list[str]]:
    """The hosts of the cluster by role, each group under its variable's name for it."""
    return {
        role: list(inventory.groups.get(variables.get(name, options[name]["default"]), ()))
        for role, name in GROUP_VARIABLES.items()
    }
