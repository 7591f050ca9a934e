# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Jobs as AWX runs them: a clone of this repository in a private data directory, and the tools
around AWX."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from tests.support.homes import make_home

REPOSITORY = Path(__file__).resolve().parents[3]
VAULT_PASSWORD = "Canary-vault"
# The tools come with requirements/test.txt; they may also stand in a virtualenv of their own.
TOOLS = (
    [Path(os.environ["CARBON_OPS_AUTOMATION_VENV"]) / "bin"]
    if "CARBON_OPS_AUTOMATION_VENV" in os.environ
    else []
)
TOOLS.append(Path(sys.executable).parent)


def tool(name: str) -> str:
    for folder in TOOLS:
        if (folder / name).is_file():
            return str(folder / name)
    pytest.skip(
        f"{name} is not here: install requirements/test.txt, or set CARBON_OPS_AUTOMATION_VENV to"
        " its virtualenv"
    )


def environment(**more: str) -> dict[str, str]:
    """Of the caller only what a process needs; Ansible is that of the tests."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ANSIBLE_", "CONTROLLER_", "RUNNER_"))
    }
    path = os.pathsep.join([str(Path(sys.executable).parent), *map(str, TOOLS), kept["PATH"]])
    return {**kept, "PATH": path, "ANSIBLE_NOCOLOR": "1", **more}


def command(arguments: t.Any, **more: t.Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(argument) for argument in arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **{"env": environment(), **more},
    )


def encrypted(value: str, folder: Path) -> str:
    """The value as `ansible-vault encrypt_string` writes it."""
    password = folder / "vault-password"
    password.write_text(VAULT_PASSWORD, encoding="utf-8")
    done = command(["ansible-vault", "encrypt_string", "--vault-password-file", password, value])
    assert done.returncode == 0, done.stderr
    return done.stdout.split("!vault |\n", 1)[1]


class Job:
    """A private data directory as AWX lays it out: project, inventory/hosts (a script),
    env/extravars, env/envvars, env/cmdline."""

    def __init__(self, folder: Path, project: Path) -> None:
        self.folder = folder
        self.data = folder / "runner"
        self.project = self.data / "project"
        self.homes = folder / "homes"
        shutil.copytree(project, self.project, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        for host in ("km1", "km2"):
            make_home("ob_km", self.homes / host)
        make_home("ob_apim", self.homes / "am1")
        self.source = folder / "inventory"
        self._write_inventory()
        self._export()

    def _write_inventory(self) -> None:
        """An inventory of a project: each secret is encrypted by itself, so that AWX can read the
        rest without the password."""
        secret = "\n".join(
            "  " + line.strip() for line in encrypted("Canary-secret-1", self.folder).splitlines()
        )
        (self.source / "group_vars").mkdir(parents=True)
        hosts = {
            "km1": "192.0.2.11",
            "km2": "192.0.2.12",
            "lb1": "192.0.2.21",
            "db1": "192.0.2.31",
            "am1": "192.0.2.41",
        }
        groups = {
            "key_manager": ["km1", "km2"],
            "load_balancer": ["lb1"],
            "database": ["db1"],
            "api_manager": ["am1"],
        }
        lines = [
            "ansible_connection: local",
            'ansible_python_interpreter: "{{ ansible_playbook_python }}"',
            "cluster_product: ob_km_1.5",
            "cluster_hostname: km.bank.example",
            "nginx_management_sources: [192.0.2.0/24]",
            f'cluster_home: "{self.homes}/{{{{ inventory_hostname }}}}"',
            "cluster_database: {vendor: mariadb, accounts: shared}",
            *(
                f"{name}: !vault |\n{secret}"
                for name in (
                    "cluster_admin_password",
                    "cluster_group_password",
                    "cluster_keystore_password",
                    "secret_of_databases",
                )
            ),
            'cluster_database_passwords: {shared: "{{ secret_of_databases }}"}',
            'cluster_truststore_password: "{{ secret_of_databases }}"',
        ]
        (self.source / "group_vars" / "all.yml").write_text(
            "---\n" + "\n".join(lines) + "\n", encoding="utf-8"
        )
        inventory = {
            "all": {
                "hosts": {
                    host: {"cluster_node_address": address} for host, address in hosts.items()
                },
                "children": {
                    group: {"hosts": {host: {} for host in members}}
                    for group, members in groups.items()
                },
            }
        }
        (self.source / "hosts.yml").write_text(json.dumps(inventory), encoding="utf-8")

    def _export(self) -> None:
        """What AWX makes of it: an inventory update, without the vault's password, and a script
        that prints the result for the job."""
        exported = command(["ansible-inventory", "-i", self.source, "--list", "--export"])
        assert exported.returncode == 0, exported.stderr
        assert "Canary" not in exported.stdout
        (self.data / "inventory").mkdir()
        script = self.data / "inventory" / "hosts"
        script.write_text(
            f"#! /usr/bin/env python3\n# -*- coding: utf-8 -*-\nprint({exported.stdout!r})\n",
            encoding="utf-8",
        )
        script.chmod(0o700)

    def run(
        self, playbook: str, *arguments: str, answers: t.Any = None, settings: t.Any = None
    ) -> t.Any:
        """Run a playbook with ansible-runner: with what AWX gives every job, a survey's answers,
        and the settings of a credential."""
        env = self.data / "env"
        env.mkdir(exist_ok=True)
        variables = {
            "awx_job_id": 7,
            "awx_user_name": "operator",
            "tower_job_id": 7,
            "awx_project_revision": "0",
            **(answers or {}),
        }
        (env / "extravars").write_text(json.dumps(variables), encoding="utf-8")
        # The order is AWX's: what it fetched for the project, what the project's ansible.cfg says,
        # Ansible's own.
        collections = "{0}:collections:~/.ansible/collections".format(
            self.data / "requirements_collections"
        )
        (env / "envvars").write_text(
            json.dumps({"ANSIBLE_COLLECTIONS_PATH": collections, **(settings or {})}),
            encoding="utf-8",
        )
        (env / "settings").write_text(
            json.dumps({"idle_timeout": 0, "job_timeout": 0}), encoding="utf-8"
        )
        quoted = " ".join(
            [*arguments, "--vault-password-file", str(self.folder / "vault-password")]
        )
        ident = "job-" + os.urandom(4).hex()
        return command(
            [
                tool("ansible-runner"),
                "run",
                self.data,
                "-p",
                playbook,
                "--cmdline",
                quoted,
                "--ident",
                ident,
            ]
        )

    def navigate(
        self, playbook: str, *arguments: str, answers: t.Any = None, settings: t.Any = None
    ) -> t.Any:
        """Run a playbook with ansible-navigator, without an execution environment."""
        variables = self.folder / "navigator.json"
        variables.write_text(json.dumps(answers or {}), encoding="utf-8")
        return command(
            [
                *(
                    tool("ansible-navigator"),
                    "run",
                    playbook,
                    "-i",
                    self.source,
                    "--mode",
                    "stdout",
                    "--execution-environment",
                    "false",
                ),
                *(
                    "--playbook-artifact-enable",
                    "false",
                    "--log-file",
                    self.folder / "navigator.log",
                ),
                *(
                    "--vault-password-file",
                    self.folder / "vault-password",
                    "--extra-vars",
                    f"@{variables}",
                    *arguments,
                ),
            ],
            cwd=self.project,
            env=environment(
                ANSIBLE_NAVIGATOR_ALLOWED_COMMANDS="", HOME=str(self.folder), **(settings or {})
            ),
        )

    def here(self) -> None:
        """The hosts of the inventory, and of what AWX made of it, are all this machine."""
        second = (
            '"cluster_instance": "second", "cluster_port_offset": 20, "cluster_member_port": 4001'
        )
        for path in (self.source / "hosts.yml", self.data / "inventory" / "hosts"):
            text = path.read_text(encoding="utf-8").replace("192.0.2.", "127.0.0.")
            beside = text.replace('"127.0.0.12"', f'"127.0.0.12", {second}')
            assert beside != text
            path.write_text(beside, encoding="utf-8")
