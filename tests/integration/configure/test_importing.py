# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Variables of a playbook that imports one of the collection's, or has its roles in plays of its
own, count as those of the inventory do: for the model, and so for every file."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

CARBON = "repository/conf/carbon.xml"
HAZELCAST = "repository/conf/hazelcast.properties"
# The first stands in the model, the second is read by the role itself.
VALUES = {"cluster_hostname": "imported.bank.example", "cluster_heartbeat_limit": 33}


def importing(repository: Path) -> list[dict[str, t.Any]]:
    playbook = repository / "playbooks" / "configure.yml"
    return [{"name": "Configure", "ansible.builtin.import_playbook": str(playbook), "vars": VALUES}]


def with_a_file(_repository: Path) -> list[dict[str, t.Any]]:
    return [
        {
            "name": "Configure",
            "hosts": "key_manager",
            "gather_facts": False,
            "vars": {"km_node_backup": False},
            "vars_files": ["values.yml"],
            "tasks": [
                {
                    "name": tasks,
                    "ansible.builtin.import_role": {
                        "name": f"carbon_ops.key_manager.{role}",
                        "tasks_from": tasks,
                    },
                }
                for role, tasks in (
                    ("cluster", "preflight"),
                    ("cluster", "model"),
                    ("km_node", "files"),
                )
            ],
        }
    ]


@pytest.mark.parametrize("plays", [importing, with_a_file], ids=["vars", "vars_files"])
def test_variables_of_the_play_reach_the_model(
    plays: t.Callable[[Path], list[dict[str, t.Any]]],
    site: t.Callable[..., t.Any],
    playbook: t.Callable[..., t.Any],
    repository: Path,
) -> None:
    there = site(source="fixtures", nodes=1, api_managers=0)
    (there.folder / "values.yml").write_text(yaml.safe_dump(VALUES), encoding="utf-8")
    written = there.folder / "own.yml"
    written.write_text(yaml.safe_dump(plays(repository)), encoding="utf-8")
    done = playbook(str(written), there.inventory)
    assert done.status == 0, done.output
    home = there.homes["km1"]
    assert "<HostName>imported.bank.example</HostName>" in (home / CARBON).read_text("latin-1")
    assert "hazelcast.max.no.heartbeat.seconds=33\n" in (home / HAZELCAST).read_text("latin-1")
    if plays is importing:
        # The inventory alone says otherwise, which a plain run finds and mends.
        again = playbook("playbooks/configure.yml", there.inventory)
        assert again.status == 0 and "changed=1 " in again.output, again.output
        assert "<HostName>km.bank.example</HostName>" in (home / CARBON).read_text("latin-1")


def test_a_contradiction_of_the_play_is_refused(
    site: t.Callable[..., t.Any], playbook: t.Callable[..., t.Any], repository: Path
) -> None:
    there = site(source="fixtures", nodes=1, api_managers=0)
    plays = importing(repository)
    plays[0]["vars"] = {"cluster_heartbeat_limit": 1, "cluster_heartbeat_interval": 2}
    written = there.folder / "own.yml"
    written.write_text(yaml.safe_dump(plays), encoding="utf-8")
    done = playbook(str(written), there.inventory)
    assert done.status != 0 and "cluster_heartbeat_interval (2 s) must be shorter" in done.output
    assert there.numstat() == {}
