# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Configuring a whole node costs at most twice what as many tasks cost that do nothing."""

from __future__ import annotations

import resource
import typing as t
from pathlib import Path
from statistics import median

import pytest
import yaml

# The home is looked at, and the node is configured.
INVOCATIONS = 2
LIMIT = 2.0
ROUNDS = 3
SITTINGS = 3


def write_playbook(path: Path, tasks: list[dict[str, t.Any]]) -> Path:
    """The preparation that every playbook of the collection has, then the tasks."""
    role = "carbon_ops.key_manager.cluster"
    play = {
        "hosts": "key_manager",
        "gather_facts": False,
        "vars": {"km_node_backup": False},
        "tasks": [{"ansible.builtin.import_role": {"name": role, "tasks_from": "model"}}, *tasks],
    }
    path.write_text(yaml.safe_dump([play]), encoding="utf-8")
    return path


def cost(playbook: t.Callable[..., t.Any], path: Path, inventory: Path) -> tuple[float, float]:
    """Seconds by the clock, and seconds of processor time: on a busy machine only the second is the
    playbook's own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = playbook(str(path), inventory)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run.status == 0, run.output
    return run.seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.slow
def test_a_node_costs_at_most_twice_as_many_tasks_that_do_nothing(
    site: t.Callable[..., t.Any], playbook: t.Callable[..., t.Any]
) -> None:
    there = site(nodes=1, api_managers=0)
    files = {
        "ansible.builtin.import_role": {
            "name": "carbon_ops.key_manager.km_node",
            "tasks_from": "files",
        }
    }
    configure = write_playbook(there.folder / "configure.yml", [files])
    nothing = {"ansible.builtin.command": {"cmd": "/bin/true"}, "changed_when": False}
    idle = write_playbook(there.folder / "idle.yml", [nothing] * INVOCATIONS)
    ratios = []
    for _sitting in range(SITTINGS):
        configured, idled = [], []
        for _round in range(ROUNDS):
            there.git("checkout", "--", "homes")
            configured.append(cost(playbook, configure, there.inventory))
            idled.append(cost(playbook, idle, there.inventory))
        clock, processor = (
            median(seconds[kind] for seconds in configured)
            / median(seconds[kind] for seconds in idled)
            for kind in (0, 1)
        )
        ratios.append(f"{clock:.2f} by the clock, {processor:.2f} in processor time")
        if min(clock, processor) <= LIMIT:
            print(f"a node costs {ratios[-1]} of {INVOCATIONS} idle tasks")
            return
    raise AssertionError(
        "a node costs {0} times as much as {1} idle tasks".format("; ".join(ratios), INVOCATIONS)
    )
