# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All contradictions of an inventory, before any host is contacted."""

from __future__ import annotations

import os
import re
import typing as t

from ...module_utils import _ports as ports
from .._model.build import build_model
from .._model.inventory import Inventory, host_groups
from .balancer import _balancers
from .clustering import (
    _caching,
    _member_ports,
    _members,
    _membership,
    _remote_ip_valve,
    _sessions,
)
from .clusters import _between, _same_registry
from .databases import _databases, _datasources
from .hosts import _heap, _hosts, _instances, _names, _network_sources, _ports
from .products import _api_manager, _driver, _files, _gateway, _identity
from .secrets import _keys, _secrets
from .settings import _Settings
from .storage import _storage
from .users import _email_user_names, _user_store
from .variables import _inconsistent, _spec_errors, _texts, _unknown, _unresolved

if t.TYPE_CHECKING:
    from .._model.inventory import Sources
    from .settings import Sentences, Specs

# Options of the virtual machine that no inventory may set, and why.
UNDOING_OPTIONS = {
    "-DportOffset": (
        re.compile(r"-DportOffset\b"),
        "which would win over carbon.xml. Set cluster_port_offset instead.",
    ),
    "-Dhazelcast.config": (
        re.compile(r"-Dhazelcast\.config\b"),
        "with which the server does not start. Settings of Hazelcast are in hazelcast.properties.",
    ),
    "-Dhttpclient.hostnameVerifier=AllowAll": (
        re.compile(r"""-Dhttpclient\.hostnameVerifier=["']?AllowAll""", re.IGNORECASE),
        "so that the server would talk to whoever answers under a name. Leave it out, and give the"
        " certificates the names that are called (certificates_extra_names).",
    ),
    "-Dorg.wso2.ignoreHostnameVerification=true": (
        re.compile(r"""-Dorg\.wso2\.ignoreHostnameVerification=["']?true""", re.IGNORECASE),
        "so that the server would talk to whoever answers under a name. Leave it out, and give the"
        " certificates the names that are called (certificates_extra_names).",
    ),
}


def check_inventory(
    inventory: Inventory,
    unresolved: t.Mapping[str, t.Sequence[str]],
    sources: Sources,
    role_options: Specs,
    exists: t.Callable[[str], bool] = os.path.exists,
) -> list[str]:
    """Every contradiction of the inventory, as sentences for the operator; none means that a run
    may begin.

    `role_options` holds the options of the other roles' argument specs, by role. `exists` tells
    whether a path on the controller exists.
    """
    known = {
        **{name: option for options in role_options.values() for name, option in options.items()},
        **sources.options,
    }
    clusters = _clusters(inventory, sources)
    if clusters:
        # A host beside the clusters needs none of the values.
        members = {host for groups in clusters for names in groups.values() for host in names}
        unresolved = {
            name: [host for host in hosts if host in members] for name, hosts in unresolved.items()
        }
        unresolved = {name: hosts for name, hosts in unresolved.items() if hosts}
    sentences = list(_unresolved(unresolved))
    sentences += _unknown(inventory, known, role_options)
    if not clusters:
        sentences.append(
            "The inventory has no Key Manager: put at least one host into the group key_manager, "
            "or name your group in cluster_key_manager_group."
        )
    models: dict[str, dict[str, t.Any]] = {}
    for groups in clusters:
        hosts = list(dict.fromkeys(host for names in groups.values() for host in names))
        cluster = Inventory(inventory.groups, {host: inventory.hosts[host] for host in hosts})
        wrong = list(_spec_errors(cluster, known, sources.options, unresolved))
        sentences += wrong
        sentences += _texts(cluster, known)
        sentences += _inconsistent(cluster, sources.options)
        sentences += _secrets(cluster, groups, sources, unresolved)
        values = list(_values(cluster, groups, sources, role_options, exists))
        sentences += values
        # A model of values that contradict each other would say nothing true.
        if not (wrong or values or unresolved):
            first = groups["key_manager"][0]
            models[first] = build_model(first, inventory, sources)
            sentences += _of_model(models[first])
    sentences += _between(clusters, inventory, models)
    sentences += _same_registry(list(models.values()))
    return list(dict.fromkeys(sentences))


def _clusters(inventory: Inventory, sources: Sources) -> list[dict[str, list[str]]]:
    """The clusters that the inventory describes, each by its hosts by role: those that have a Key
    Manager."""
    found: dict[str, dict[str, list[str]]] = {}
    for host in inventory.groups["all"]:
        groups = host_groups(inventory.hosts[host], sources.options, inventory)
        if groups["key_manager"]:
            found.setdefault(repr(groups["key_manager"]), groups)
    return list(found.values())


def _values(
    cluster: Inventory,
    groups: t.Mapping[str, t.Sequence[str]],
    sources: Sources,
    role_options: Specs,
    exists: t.Callable[[str], bool],
) -> Sentences:
    """The contradictions between values. Where one variable alone is wrong the argument spec has
    said so; the rest is still looked at."""
    shared = _Settings(cluster.hosts[groups["key_manager"][0]], sources.options)
    yield from _names(shared, cluster)
    yield from _ports(shared, cluster, sources)
    yield from _hosts(shared, cluster, groups)
    yield from _files(shared, exists)
    yield from _driver(shared)
    yield from _heap(cluster, sources)
    yield from _api_manager(shared, sources, groups)
    yield from _gateway(shared, sources, groups)
    yield from _identity(shared, sources)
    yield from _databases(shared, sources, groups)
    yield from _storage(shared, groups)
    yield from _network_sources(cluster)
    yield from _keys(cluster)
    yield from _user_store(shared, groups)
    yield from _email_user_names(shared, sources)
    yield from _caching(shared, sources)
    yield from _membership(shared, sources)
    yield from _sessions(shared)
    yield from _balancers(shared, cluster, groups, role_options)
    yield from _remote_ip_valve(shared, groups)
    limit, interval = shared["cluster_heartbeat_limit"], shared["cluster_heartbeat_interval"]
    if isinstance(limit, int) and isinstance(interval, int) and not 0 < interval < limit:
        yield (
            f"cluster_heartbeat_interval ({interval} s) must be shorter than"
            f" cluster_heartbeat_limit ({limit} s), and greater than 0."
        )
    for name in ("cluster_log_files", "cluster_log_file_size"):
        if isinstance(shared[name], int) and shared[name] < 1:
            yield f"{name} must be at least 1: with {shared[name]} no log could be kept."
    yield from _java_options(cluster)


def _java_options(cluster: Inventory) -> Sentences:
    """Options of the virtual machine that would win over what the collection sets, or take back a
    protection."""
    for host, variables in cluster.hosts.items():
        options = " ".join(str(option) for option in variables.get("cluster_java_options") or [])
        for option, (pattern, why) in UNDOING_OPTIONS.items():
            if pattern.search(options):
                yield f"cluster_java_options of {host} sets {option}, {why}"


def _of_model(model: t.Mapping[str, t.Any]) -> Sentences:
    """The contradictions that only the model shows: between ports, members and datasources."""
    servers = model["nodes"] + model["api_managers"]
    for sentence in ports.clashes(servers):
        yield (
            sentence + " The variables are cluster_port_offset, cluster_api_manager_port_offset and"
            " cluster_member_port, as a host's own."
        )
    yield from _member_ports(model)
    yield from _members(model)
    yield from _instances(servers)
    yield from _datasources(model)
