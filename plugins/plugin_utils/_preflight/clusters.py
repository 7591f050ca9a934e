# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight of what two clusters of one inventory must not share."""

from __future__ import annotations

import typing as t

from ...module_utils._addresses import is_loopback
from .._model.hosts import address_of, reached
from .._model.inventory import GROUP_VARIABLES
from .databases import _registry_source

if t.TYPE_CHECKING:
    from .._model.inventory import Inventory
    from .settings import Sentences


def _between(
    clusters: t.Sequence[t.Mapping[str, t.Sequence[str]]],
    inventory: Inventory,
    models: t.Mapping[str, t.Mapping[str, t.Any]],
) -> Sentences:
    """What several clusters in one inventory must not have in common.

    `models` holds those whose values are right, by the name of the first Key Manager.
    """
    owners: dict[str, dict[str, str]] = {"host": {}, "machine": {}, "database": {}, "file": {}}
    told = set()
    for groups in clusters:
        first = groups["key_manager"][0]
        cluster = f"the cluster of {first}"
        hosts = list(dict.fromkeys(host for names in groups.values() for host in names))
        for host in hosts:
            if owners["host"].setdefault(host, cluster) != cluster:
                told.add(host)
                yield (
                    "{0} is in groups of {1} and of {2}. A host belongs to one cluster: give each"
                    " cluster groups of its own, and name them in its {3}."
                ).format(host, owners["host"][host], cluster, ", ".join(GROUP_VARIABLES.values()))
        for host in hosts:
            variables = inventory.hosts[host]
            if host in told:
                continue
            address = address_of(host, variables, variables)
            marks = [reached(host, variables), *([] if is_loopback(address) else [address])]
            taken = [
                mark for mark in marks if owners["machine"].setdefault(mark, cluster) != cluster
            ]
            if taken:
                yield (
                    "{0} is on the machine of another cluster ({1}, {2}), where both would keep"
                    " their keys and settings in the same place. Give it a machine of its own, or"
                    " correct cluster_node_address."
                ).format(host, taken[0], owners["machine"][taken[0]])
        yield from _same_databases(cluster, owners["database"], models.get(first))
        status = inventory.hosts[first].get("verify_status_file")
        if status and owners["file"].setdefault(str(status), cluster) != cluster:
            yield (
                "verify_status_file is the same for {0} and {1}. Give each its own, or the later"
                " one overwrites the other.".format(owners["file"][str(status)], cluster)
            )


def _same_databases(
    cluster: str, owners: dict[str, str], model: t.Mapping[str, t.Any] | None
) -> Sentences:
    """Products may share databases (requirement DB5); two clusters of one product may not."""
    if model is None or model["database"]["embedded"]:
        return
    for database in model["databases"]:
        place = "{0}:{1}/{2} {3}".format(
            model["database"]["host"],
            model["database"]["port"],
            database["name"],
            model["product"]["id"],
        )
        if owners.setdefault(place, cluster) != cluster:
            yield (
                "cluster_database.names.{0}: the database {1} on {2} is already that of {3}. Two"
                " clusters that share no cluster messages would overwrite each other's data: name"
                " another database, or another host in cluster_database.host."
            ).format(database["id"], database["name"], model["database"]["host"], owners[place])


def _place(cache_id: str) -> str:
    """Where a database is, of its account and URL: one place by whichever of two drivers."""
    return cache_id.split("@", 1)[1].replace("jdbc:mariadb:", "jdbc:mysql:")


def _same_registry(models: t.Sequence[t.Mapping[str, t.Any]]) -> Sentences:
    """Clusters of different products that mount their configuration from one place of one
    database."""
    seen: dict[t.Any, t.Mapping[str, t.Any]] = {}
    for model in models:
        if model["database"]["embedded"]:
            continue
        source = _registry_source(model, "config")
        first = seen.setdefault(
            (_place(source["cache_id"]), model["registry"]["config_target"]), model
        )
        if first["product"]["title"] != model["product"]["title"]:
            yield (
                "cluster_registry_config_target is {0} for {1} ({2}) and for {3} ({4}), in one"
                " database: the products would overwrite each other's configuration. Give each of"
                " the two clusters a path of its own."
            ).format(
                model["registry"]["config_target"],
                first["name"],
                first["product"]["title"],
                model["name"],
                model["product"]["title"],
            )
