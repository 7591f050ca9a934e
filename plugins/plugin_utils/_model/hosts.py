# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of a cluster: address, ports, home, and the members of the cluster."""

from __future__ import annotations

import typing as t

from ...module_utils._addresses import is_loopback
from ...module_utils._ports import port_table
from .inventory import CARBON_ROLES

if t.TYPE_CHECKING:
    from .._argument_specs import Variables


def address_of(name: str, raw: Variables, variables: Variables) -> str:
    """The address under which the other hosts reach this one."""
    return str(variables.get("cluster_node_address") or raw.get("ansible_host") or name)


def reached(name: str, raw: Variables) -> str:
    """Where Ansible reaches a host. Behind one address with several ports there are several
    machines."""
    place = str(raw.get("ansible_host") or name)
    return (
        place if raw.get("ansible_port") is None else "{0}:{1}".format(place, raw["ansible_port"])
    )


def machines(hosts: t.Mapping[str, Variables], addresses: t.Mapping[str, str]) -> dict[str, str]:
    """The machine of each host, called by where Ansible reaches the first host on it.

    Two hosts are on one machine where Ansible reaches both at one place, or where one address
    leads to both. A loopback address leads to the machine itself, whichever of them it is.
    """
    found: dict[str, str] = {}
    owners: dict[tuple[str, str], str] = {}
    for host, address in addresses.items():
        place = reached(host, hosts[host])
        marks = [("ansible", place), ("address", "loopback" if is_loopback(address) else address)]
        same = [owners[mark] for mark in marks if mark in owners]
        found[host] = same[0] if same else place
        for other in same[1:]:
            found = {name: same[0] if at == other else at for name, at in found.items()}
            owners = {mark: same[0] if at == other else at for mark, at in owners.items()}
        owners.update(dict.fromkeys(marks, found[host]))
    return found


def _host(
    name: str,
    role: str,
    index: int,
    address: str,
    machine: str,
    variables: Variables,
    profile: t.Mapping[str, t.Any],
    beside: t.Collection[str],
) -> dict[str, t.Any]:
    """One host's entry; `beside` are the machines of the API Managers."""
    host: dict[str, t.Any] = {
        "name": name,
        "role": role,
        "index": index,
        "address": address,
        "machine": machine,
    }
    if role not in CARBON_ROLES:
        return host
    key_manager = role == "key_manager"
    offset = variables.get(
        "cluster_port_offset" if key_manager else "cluster_api_manager_port_offset"
    )
    if offset is None:
        offset = profile["default_offset"] if key_manager or profile["side"] == "api_manager" else 0
        if key_manager and machine in beside:
            offset = profile.get("default_offset_beside_api_manager", offset)
    instance = variables.get("cluster_instance") or variables["cluster_name"] + (
        "" if key_manager else "-apim"
    )
    host.update(
        instance=instance,
        home=variables.get("cluster_home")
        or "{0}/{1}".format(variables["cluster_home_directory"].rstrip("/"), instance),
        offset=offset,
        ports=port_table(offset),
        heap_initial=variables.get("cluster_heap_initial") or profile["heap"]["initial"],
        heap_maximum=variables.get("cluster_heap_maximum") or profile["heap"]["maximum"],
    )
    return host


def _membership_of(
    host: dict[str, t.Any], variables: Variables, shared: Variables, clustered: bool
) -> None:
    """What only a Key Manager has: its place in the cluster, unless there is none, and its part of
    the work on the common database."""
    if clustered:
        host["member_port"] = variables["cluster_member_port"]
    cleanup = shared["cluster_session_persistence"]["cleanup"]
    host["session_cleanup"] = cleanup == "all_nodes" or (
        cleanup == "one_node" and host["index"] == 1
    )


def _members(shared: Variables, nodes: t.Sequence[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    further = [
        {"host": member["host"], "port": member["port"]}
        for member in shared["cluster_additional_members"]
    ]
    return [{"host": node["address"], "port": node["member_port"]} for node in nodes] + further


def _membership(shared: Variables) -> dict[str, t.Any]:
    options = {
        key: value
        for key, value in shared["cluster_membership_options"].items()
        if value is not None
    }
    parameters = options.pop("parameters", {})
    scheme = shared["cluster_membership_scheme"]
    return {
        "scheme": scheme,
        "options": options,
        "parameters": parameters,
        # Hazelcast finds the address to open the port on among the well-known members.
        "bind_any": not (shared["cluster_bind_member_port"] and scheme == "wka"),
    }


def _is_alone(shared: Variables, groups: t.Mapping[str, t.Sequence[str]]) -> bool:
    """Whether there is nobody that the only Key Manager could form a cluster with. It would only
    open a port for one."""
    return (
        len(groups["key_manager"]) == 1
        and not shared["cluster_additional_members"]
        and shared["cluster_membership_scheme"] == "wka"
    )
