# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A host that nobody has looked at does not count as well, whatever keeps Ansible from it."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
MODEL = {
    "hosts": {"km1": {}, "km2": {}, "lb1": {}},
    "nodes": [{}, {}],
    "load_balancers": [{}],
    "api_managers": [],
}


def verification() -> list[dict[str, t.Any]]:
    """The end of role verify, behind an observation that finds nothing wrong where it gets to."""
    tasks = yaml.safe_load((REPOSITORY / "roles/verify/tasks/main.yml").read_text())
    [verdict] = [task for task in tasks if "ansible.builtin.assert" in task]
    return [
        {
            "hosts": "all",
            "gather_facts": False,
            "any_errors_fatal": False,
            "vars": {"cluster_model": MODEL},
            "vars_files": [str(REPOSITORY / "roles/verify/vars/main.yml")],
            "tasks": [
                {"ansible.builtin.ping": None},
                {"ansible.builtin.set_fact": {"__verify_found": {"failures": [], "facts": {}}}},
                verdict,
            ],
        }
    ]


@pytest.mark.parametrize("dead", ["km1", "lb1"])
def test_an_unreachable_host_is_told_by_its_name(
    playbook: t.Callable[..., t.Any], tmp_path: Path, dead: str
) -> None:
    """Also where it is the first host, which used to speak for all."""
    hosts: dict[str, dict[str, t.Any]] = {
        host: {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}
        for host in MODEL["hosts"]
    }
    hosts[dead] = {
        "ansible_connection": "ssh",
        "ansible_host": "127.0.0.1",
        "ansible_port": 1,
        "ansible_timeout": 2,
    }
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    path = tmp_path / "verification.yml"
    path.write_text(yaml.safe_dump(verification()))
    run = playbook(str(path), inventory)
    assert run.status != 0
    assert "UNREACHABLE" in run.output
    assert f"{dead}: was not looked at." in run.output
    assert "are what the inventory describes" not in run.output
    for other in MODEL["hosts"]:
        assert other == dead or f"{other}: " not in run.output.split("FAILED! =>", 1)[1]


def test_a_strategy_without_order_is_refused(
    playbook: t.Callable[..., t.Any], tmp_path: Path
) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {"km1": {}}}}))
    run = playbook("playbooks/preflight.yml", inventory, settings={"ANSIBLE_STRATEGY": "free"})
    assert run.status != 0
    assert "The strategy free is set" in run.output
    assert "take the setting out" in run.output


@pytest.mark.parametrize(
    "arguments",
    [("--start-at-task", "Check the running server"), ("--skip-tags", "always")],
    ids=lambda arguments: arguments[0],
)
def test_a_run_that_leaves_out_how_it_begins_gives_no_verdict(
    playbook: t.Callable[..., t.Any], tmp_path: Path, arguments: tuple[str, str]
) -> None:
    """No host is in the groups that the first play makes, so none is looked at or changed."""
    password = tmp_path / "password"
    password.write_text("sample\n")
    run = playbook(
        "site.yml",
        Path("inventories/prod"),
        *arguments,
        "--vault-password-file",
        str(password),
    )
    assert "PLAY RECAP" in run.output
    assert "are what the inventory describes" not in run.output
    assert "ok=" not in run.output
