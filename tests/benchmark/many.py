# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A hundred clusters in one inventory: what it costs to check them and to derive their models."""

from __future__ import annotations

import tempfile
import typing as t
from pathlib import Path

import yaml

from tests.benchmark.measuring import (
    REPOSITORY,
    Sample,
    environment,
    in_turn,
    processor_ratio,
    ratio,
    summary,
    table,
    timed,
)

MODEL = REPOSITORY / "playbooks" / "parts" / "model.yml"
# The limits of the issue that asked for it; the second is a run with --limit to one host.
LIMITS = {"all": 5.0, "one": 2.5}
HOSTS = {
    "key_manager": ["km1", "km2"],
    "load_balancer": ["lb1"],
    "database": ["db1"],
    "api_manager": ["am1"],
}


def make_inventory(clusters: int) -> dict[str, t.Any]:
    """So many clusters of five hosts, each with groups and names of its own."""
    hosts: dict[str, dict[str, str]] = {}
    children: dict[str, t.Any] = {}
    for number in range(1, clusters + 1):
        name = f"c{number}"
        groups = {
            f"{name}_{role}": {"hosts": {f"{name}{host}": {} for host in members}}
            for role, members in HOSTS.items()
        }
        names = [host for group in groups.values() for host in group["hosts"]]
        for last, host in enumerate(names, start=1):
            hosts[host] = {"cluster_node_address": f"10.{number // 200}.{number % 200}.{last}"}
        children[name] = {
            "children": groups,
            "vars": {
                "cluster_name": f"obkm{number}",
                "cluster_hostname": f"km{number}.bank.example",
                "cluster_domain": f"{name}.domain",
                **{f"cluster_{role}_group": f"{name}_{role}" for role in HOSTS},
            },
        }
    variables = {
        "cluster_product": "ob_km_1.5",
        "nginx_management_sources": ["192.0.2.0/24"],
        "cluster_database": {"vendor": "mysql", "layout": "documented"},
        **{
            f"cluster_{name}_password": f"Bench-{name}-1"
            for name in ("admin", "group", "keystore", "truststore")
        },
        "cluster_database_passwords": {
            name: f"Bench-{name}-1"
            for name in ("user", "apim", "config", "registry", "open_banking")
        },
    }
    return {"all": {"vars": variables, "hosts": hosts, "children": children}}


def measure(arguments: t.Any, say: t.Callable[[str], None]) -> dict[str, t.Any]:
    """playbooks/parts/model.yml on all hosts and on one, against a play that does nothing."""
    clusters = 3 if arguments.quick else 100
    with tempfile.TemporaryDirectory(prefix="cob") as name:
        inventory = Path(name) / "hosts.yml"
        inventory.write_text(yaml.safe_dump(make_inventory(clusters)), encoding="utf-8")
        nothing = Path(name) / "nothing.yml"
        play = {"name": "Nothing", "hosts": "all", "gather_facts": False, "tasks": []}
        nothing.write_text(yaml.safe_dump([play]), encoding="utf-8")

        def run(playbook: Path, *more: str) -> t.Callable[[], Sample]:
            command = ["ansible-playbook", str(playbook), "-i", str(inventory), *more]
            return lambda: timed(command, environment())

        samples = in_turn(
            {
                "nothing": run(nothing),
                "all": run(MODEL),
                "one": run(MODEL, "--limit", "c1km1"),
            },
            arguments.rounds,
            say,
        )
    result: dict[str, t.Any] = {"clusters": clusters, "hosts": clusters * 5}
    for kind, found in samples.items():
        result[kind] = summary(found)
        if kind != "nothing":
            result[f"{kind}_over_nothing"] = ratio(found, samples["nothing"])
            result[f"{kind}_over_nothing_processor"] = processor_ratio(found, samples["nothing"])
    return result


def show(result: dict[str, t.Any]) -> t.Iterator[str]:
    yield "{0} clusters, {1} hosts: the inventory is checked and the models are derived".format(
        result["clusters"], result["hosts"]
    )
    names = {"nothing": "a play that does nothing", "all": "all", "one": "one host, by --limit"}
    rows = [
        [
            title,
            "{0:.2f}".format(result[kind]["seconds"]),
            "{0:.2f}".format(result[kind]["processor_seconds"]),
            "{0:.2f}".format(result.get(f"{kind}_over_nothing_processor", 1.0)),
        ]
        for kind, title in names.items()
    ]
    yield table(["what", "seconds", "processor s", "x nothing (processor)"], rows)


def holds(result: dict[str, t.Any]) -> t.Iterator[tuple[str, float, str, float]]:
    for kind, limit in LIMITS.items():
        yield (
            f"model.yml of {result['clusters']} clusters, {kind} / a play that does nothing",
            result[f"{kind}_over_nothing"],
            "<=",
            limit,
        )
