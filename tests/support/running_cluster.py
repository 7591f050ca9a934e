# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The running cluster that tests look at: by default the demo's, otherwise the inventory that
CARBON_OPS_INVENTORY names.

The hosts are containers named as in the inventory, and this machine reaches their network.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health import client, errors

REPOSITORY = Path(__file__).resolve().parents[2]
INVENTORY = Path(os.environ.get("CARBON_OPS_INVENTORY", REPOSITORY / "inventories" / "demo"))


def docker(*arguments: str, timeout: float = 60, check: bool = True) -> str:
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=timeout, check=False
    )
    if check and done.returncode:
        raise AssertionError(
            "docker {0}: {1}{2}".format(" ".join(arguments[:3]), done.stdout, done.stderr)
        )
    return done.stdout


def wait_for(
    what: str, condition: t.Callable[[], t.Any], seconds: float, pause: float = 0.5
) -> float:
    """Waits until the condition holds; returns the seconds it took."""
    begun = time.monotonic()
    last: t.Any = None
    while time.monotonic() - begun < seconds:
        try:
            last = condition()
        except (AssertionError, errors.HealthError, OSError) as error:
            last = error
        else:
            if last:
                return time.monotonic() - begun
        time.sleep(pause)
    raise AssertionError(f"{what}: not within {seconds} s; last seen: {last!r}")


class Cluster:
    """The model of the inventory, and ways to the servers."""

    def __init__(self, model: dict[str, t.Any], folder: Path) -> None:
        self.model = model
        self.nodes: list[dict[str, t.Any]] = model["nodes"]
        self.balancer: dict[str, t.Any] = model["load_balancers"][0]
        settings = json.loads(
            self.on(
                self.nodes[0],
                "cat",
                "/etc/carbon-ops/{0}/health.json".format(self.nodes[0]["instance"]),
            )
        )
        self.user: str = settings["user"]
        self.password: str = settings["password"]
        self.ca_file = str(folder / "ca.crt")
        Path(self.ca_file).write_text(self.on(self.nodes[0], "cat", settings["ca_file"]))

    def on(
        self, host: dict[str, t.Any], *command: str, timeout: float = 60, check: bool = True
    ) -> str:
        return docker("exec", host["name"], *command, timeout=timeout, check=check)

    def server(self, node: dict[str, t.Any], timeout: float = 10) -> client.Server:
        """A node itself, without nginx."""
        return client.Server(
            node["address"], node["ports"]["https"], node["name"], self.ca_file, timeout
        )

    def through_nginx(self, timeout: float = 10) -> client.Server:
        """The management host name at the load balancer."""
        return client.Server(
            self.balancer["address"],
            self.model["public_port"],
            self.model["management_hostname"],
            self.ca_file,
            timeout,
        )

    def for_clients(self, timeout: float = 10) -> client.Server:
        """The host name of the clients at the load balancer, where tokens are."""
        return client.Server(
            self.balancer["address"],
            self.model["public_port"],
            self.model["hostname"],
            self.ca_file,
            timeout,
        )

    @property
    def issues_tokens(self) -> bool:
        return bool(self.model["product"]["oauth"])

    def login(self, server: client.Server) -> str:
        return client.login(server, self.user, self.password)

    def members(self, node: dict[str, t.Any]) -> list[str]:
        """The members a node is connected with and its own name, by its own health check."""
        command = (
            "python3 /usr/local/lib/carbon-ops/carbon_health.py --config"
            " /etc/carbon-ops/{0}/health.json --json --members {1}"
        )
        for wanted in ("all", "1"):
            answer = json.loads(
                self.on(node, "sh", "-c", command.format(node["instance"], wanted) + " || true")
            )
            if answer["healthy"]:
                return list(answer["members"])
        raise AssertionError(answer["sentence"])

    def start_of(self, node: dict[str, t.Any]) -> dict[str, t.Any]:
        """What the node's unit has recorded of the last start of its server."""
        return dict(
            json.loads(
                self.on(node, "cat", "/var/lib/carbon-ops/{0}/start.json".format(node["instance"]))
            )
        )

    def healthy(self, node: dict[str, t.Any]) -> bool:
        return sorted(self.members(node)) == sorted(other["name"] for other in self.nodes)

    def wait_until_whole(self, seconds: float = 240) -> None:
        for node in self.nodes:
            wait_for(
                "{0} is healthy and sees every member".format(node["name"]),
                lambda node=node: self.healthy(node),
                seconds,
                2,
            )

    def database_of(self, purpose: str) -> str:
        """The name of the database that serves users, keys (``apim``) or one of the registries
        (``config``, ``registry``)."""
        jndi = self.model["jndi"][purpose]
        source = next(each for each in self.model["datasources"] if each["jndi"] == jndi)
        return next(
            str(database["name"])
            for database in self.model["databases"]
            if database["id"] == source["database"]
        )

    def database(self, purpose: str, statement: str) -> str:
        """Runs a statement on the cluster's database server, over its local socket."""
        name = self.database_of(purpose)
        host = self.model["groups"]["database"][0]
        return docker(
            "exec", host, "mysql", "--batch", "--skip-column-names", name, "--execute", statement
        )


def hosts_variable(inventory: Path, host: str, expression: str) -> t.Any:
    """What a variable, or another expression of Jinja, is on a host of the inventory."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")
    }
    environment.update(
        ANSIBLE_CONFIG=str(REPOSITORY / "ansible.cfg"),
        ANSIBLE_NOCOLOR="1",
        ANSIBLE_LOAD_CALLBACK_PLUGINS="1",
        ANSIBLE_STDOUT_CALLBACK="ansible.builtin.minimal",
        ANSIBLE_CALLBACK_RESULT_FORMAT="json",
    )
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible"),
            host,
            "-i",
            str(inventory),
            "-m",
            "ansible.builtin.debug",
            "-a",
            f"msg={{{{ {expression} }}}}",
        ],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout[done.stdout.index("{") :])["msg"]


def model_of(inventory: Path) -> dict[str, t.Any]:
    model = "lookup('carbon_ops.key_manager.cluster_model')"
    return dict(hosts_variable(inventory, "all[0]", model))


def find_cluster(folder: Path) -> Cluster:
    """The cluster of the inventory; the test is skipped, with the reason, when its containers are
    not there."""
    model = model_of(INVENTORY)
    running = docker("ps", "--format", "{{.Names}}", check=False).split()
    missing = [name for name in model["hosts"] if name not in running]
    if missing:
        pytest.skip(
            "no running cluster: the containers {0} are not there (scripts/demo makes them)".format(
                ", ".join(missing)
            )
        )
    return Cluster(model, folder)
