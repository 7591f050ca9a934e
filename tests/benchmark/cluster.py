# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Whole clusters: the product files of 2 to 40 nodes, and every second of site.yml on a cluster
that runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import typing as t
from functools import partial
from pathlib import Path

import yaml

from tests.benchmark.measuring import (
    REPOSITORY,
    SHARED,
    NotHere,
    Sample,
    environment,
    in_turn,
    processor_ratio,
    ratio,
    slope,
    summary,
    table,
    timed,
)
from tests.support.homes import make_home

# carbon_configure.
INVOCATIONS = 1
CALLBACK = REPOSITORY / "tests" / "benchmark" / "callback"


def make_site(folder: Path, nodes: int) -> Path:
    """Homes of Key Managers below the folder, and an inventory of them that the preflight
    accepts."""
    real = SHARED / "real" / "ob-km-1.5-uk"
    hosts: dict[str, dict[str, t.Any]] = {}
    for number in range(1, nodes + 1):
        name = f"km{number}"
        home = folder / "homes" / name
        if real.is_dir():
            shutil.copytree(real, home, copy_function=shutil.copyfile)
            for path in [home, *home.rglob("*")]:
                path.chmod(0o755 if path.is_dir() else 0o644)
        else:
            make_home("ob_km", home)
        hosts[name] = {
            "cluster_node_address": f"10.20.{number // 200}.{10 + number % 200}",
            "cluster_home": str(home),
        }
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "cluster_product": "ob_km_1.5",
        "cluster_hostname": "km.bank.example",
        "cluster_management_hostname": "console.bank.example",
        "nginx_management_sources": ["192.0.2.0/24"],
        "cluster_admin_user": "operator@bank.example",
        **{
            f"cluster_{name}_password": f"Bench-{name}-1"
            for name in ("admin", "group", "keystore", "truststore")
        },
        "cluster_database": {
            "vendor": "mysql",
            "layout": "documented",
            # There is no API Manager here whose scripts would be taken.
            "scripts": {"apim": ["dbscripts/a.sql"], "open_banking": ["dbscripts/b.sql"]},
        },
        "cluster_database_passwords": {
            name: f"Bench-{name}-1"
            for name in ("user", "apim", "config", "registry", "open_banking")
        },
    }
    groups: dict[str, list[str]] = {
        "key_manager": list(hosts),
        "load_balancer": ["lb1"],
        "database": ["db1"],
    }
    hosts.update(
        lb1={"cluster_node_address": "10.20.9.1"}, db1={"cluster_node_address": "10.20.9.2"}
    )
    children = {group: {"hosts": dict.fromkeys(members, {})} for group, members in groups.items()}
    inventory = folder / "hosts.yml"
    inventory.write_text(
        yaml.safe_dump({"all": {"vars": variables, "hosts": hosts, "children": children}}),
        encoding="utf-8",
    )
    return inventory


def measure_nodes(arguments: t.Any, say: t.Callable[[str], None]) -> dict[str, t.Any]:
    """configure.yml against a playbook with as many tasks that do nothing, on the same hosts."""
    sizes = [1, 2] if arguments.quick else arguments.nodes
    points = []
    with tempfile.TemporaryDirectory(prefix="cob") as name:
        folder = Path(name)
        nothing = {
            "name": "A task that does nothing",
            "ansible.builtin.command": "/bin/true",
            "changed_when": False,
        }
        floor = folder / "floor.yml"
        play = {
            "name": "Floor",
            "hosts": "key_manager",
            "gather_facts": False,
            "tasks": [nothing] * INVOCATIONS,
        }
        floor.write_text(yaml.safe_dump([play]), encoding="utf-8")
        sites = {}
        for nodes in sizes:
            (folder / str(nodes)).mkdir()
            make_site(folder / str(nodes), nodes)
            shutil.copytree(folder / str(nodes) / "homes", folder / str(nodes) / "stock")
            sites[nodes] = folder / str(nodes)
        cases: dict[str, t.Callable[[], Sample]] = {}
        for nodes, place in sites.items():
            cases[f"{nodes} floor"] = _case(floor, place)
            cases[f"{nodes} first"] = _case(
                REPOSITORY / "playbooks" / "configure.yml", place, fresh=True
            )
            cases[f"{nodes} unchanged"] = _case(
                REPOSITORY / "playbooks" / "configure.yml", place, unchanged=True
            )
        samples = in_turn(cases, arguments.rounds if not arguments.quick else 1, say)
        profile = _profile(
            REPOSITORY / "playbooks" / "configure.yml",
            sites[sizes[-1]] / "hosts.yml",
            folder / "profile.json",
        )
    for nodes in sizes:
        found = {kind: samples[f"{nodes} {kind}"] for kind in ("floor", "first", "unchanged")}
        point: dict[str, t.Any] = {
            "nodes": nodes,
            **{kind: summary(one) for kind, one in found.items()},
        }
        for kind in ("first", "unchanged"):
            point[kind + "_over_floor"] = ratio(found[kind], found["floor"])
            point[kind + "_over_floor_processor"] = processor_ratio(found[kind], found["floor"])
        points.append(point)
    slopes = {
        kind: {
            measure: round(slope([(point["nodes"], point[kind][measure]) for point in points]), 4)
            for measure in ("seconds", "processor_seconds")
        }
        for kind in ("floor", "first", "unchanged")
    }
    return {"points": points, "slopes": slopes, "profile": profile}


def _case(
    playbook: Path, place: Path, *, fresh: bool = False, unchanged: bool = False
) -> t.Callable[[], Sample]:
    def run() -> Sample:
        if fresh:
            shutil.rmtree(place / "homes")
            shutil.copytree(place / "stock", place / "homes")
        sample = timed(
            ["ansible-playbook", str(playbook), "-i", str(place / "hosts.yml")], environment()
        )
        if (fresh and not sample.changed) or (unchanged and sample.changed):
            raise RuntimeError(
                f"{sample.changed} tasks changed something:\n{sample.output[-3000:]}"
            )
        return sample

    return run


def measure_site(arguments: t.Any, say: t.Callable[[str], None]) -> dict[str, t.Any]:
    """The whole of site.yml on a cluster that is as it should be."""
    if not arguments.inventory:
        raise NotHere("site: name the inventory of a running cluster with --inventory")
    inventory = Path(arguments.inventory).resolve()
    asked = [
        "ansible",
        "all",
        "-i",
        str(inventory),
        "-m",
        "ansible.builtin.raw",
        "-a",
        "true",
        "-o",
    ]
    if subprocess.run(
        asked, cwd=REPOSITORY, env=environment(), check=False, capture_output=True
    ).returncode:
        raise NotHere(
            f"site: the hosts of {inventory} do not answer (scripts/demo starts those of the"
            " demonstration)"
        )
    playbook = REPOSITORY / "site.yml"
    with tempfile.TemporaryDirectory(prefix="cob") as folder:
        sample = partial(
            timed, ["ansible-playbook", str(playbook), "-i", str(inventory)], environment()
        )
        samples = in_turn({"site.yml": sample}, arguments.rounds, say)["site.yml"]
        profile = _profile(playbook, inventory, Path(folder) / "profile.json")
    return {**summary(samples), "changed": samples[-1].changed, "profile": profile}


def _profile(playbook: Path, inventory: Path, path: Path) -> dict[str, t.Any]:
    surroundings = environment(
        ANSIBLE_CALLBACK_PLUGINS=str(CALLBACK),
        ANSIBLE_CALLBACKS_ENABLED="seconds",
        CARBON_OPS_SECONDS=str(path),
    )
    timed(["ansible-playbook", str(playbook), "-i", str(inventory)], surroundings)
    profile: dict[str, t.Any] = json.loads(path.read_text(encoding="utf-8"))
    return profile


def show_nodes(result: dict[str, t.Any]) -> t.Iterator[str]:
    yield f"configure.yml over many nodes; floor: {INVOCATIONS} tasks that do nothing on each"
    rows = []
    for point in result["points"]:
        seconds = [
            "{0:.2f}".format(point[kind]["seconds"]) for kind in ("floor", "first", "unchanged")
        ]
        processor = [
            "{0:.2f}".format(point[kind]["processor_seconds"])
            for kind in ("floor", "first", "unchanged")
        ]
        rows.append(
            [
                point["nodes"],
                *seconds,
                point["first_over_floor"],
                point["unchanged_over_floor"],
                *processor,
            ]
        )
    head = [
        "nodes",
        "floor s",
        "first s",
        "unchanged s",
        "first x",
        "unchanged x",
        "cpu floor",
        "cpu first",
        "cpu unchanged",
    ]
    yield table(head, rows)
    yield "Seconds for each further node: " + ", ".join(
        f"{kind} {one['seconds']:.3f} (processor {one['processor_seconds']:.3f})"
        for kind, one in result["slopes"].items()
    )
    yield from _show_profile(result["profile"], 12)


def show_site(result: dict[str, t.Any]) -> t.Iterator[str]:
    yield "site.yml on an unchanged cluster: {0:.1f} s, {1} tasks changed something".format(
        result["seconds"], result["changed"]
    )
    yield from _show_profile(result["profile"], 200)


def _show_profile(profile: dict[str, t.Any], longest: int) -> t.Iterator[str]:
    tasks = profile["tasks"]
    begun = {"play": "before the first task", "task": "", "seconds": profile["before"], "hosts": 0}
    rows = [
        [task["play"][:50], task["task"][:70], task["hosts"], "{0:.2f}".format(task["seconds"])]
        for task in sorted([begun, *tasks], key=lambda task: -float(task["seconds"]))[:longest]
    ]
    yield "Where the seconds went, {0} tasks in {1:.1f} s, longest first:".format(
        len(tasks), profile["seconds"]
    )
    yield table(["play", "task", "hosts", "seconds"], rows)


def holds_nodes(result: dict[str, t.Any]) -> t.Iterator[tuple[str, float, str, float]]:
    for kind in ("first", "unchanged"):
        for what in ("seconds", "processor_seconds"):
            value = result["slopes"][kind][what] / result["slopes"]["floor"][what]
            yield (
                "configure.yml, {0} run: {1} for each further node / floor's".format(
                    kind, what.replace("_", " ")
                ),
                value,
                "<=",
                1.4,
            )
    return


def holds_site(result: dict[str, t.Any]) -> t.Iterator[tuple[str, float, str, float]]:
    yield "site.yml, unchanged cluster, seconds", result["seconds"], "<=", 20.0
    yield "site.yml, unchanged cluster, tasks that changed something", result["changed"], "<=", 0
