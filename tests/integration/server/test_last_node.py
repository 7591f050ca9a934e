# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A roll never takes the last Key Manager that serves out of service, unless it is told to.

The role's own tasks, with a stand-in for the health check of the other node.
"""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import pytest

HEALTHY = {"healthy": True, "members": ["km2"], "sentence": "obkm is healthy."}
NO_MEMBER = {"healthy": False, "part": "cluster", "sentence": "The cluster has 1 of 2 members."}
SICK = {"healthy": False, "part": "nothing listens", "sentence": "Nothing listens on 192.0.2.12."}
PLAYBOOK = """
- hosts: km1
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: carbon_ops.key_manager.carbon_server
        tasks_from: take_out
        public: true
        rolespec_validate: false
    - ansible.builtin.debug:
        msg: "drained={{ __carbon_server_drained }} serving={{ __carbon_server_serving }}"
"""
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
AWAY = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}


def node(name: str) -> dict[str, t.Any]:
    return {
        "name": name,
        "role": "key_manager",
        "index": int(name[-1]),
        "instance": "obkm",
        "home": "/nowhere",
        "address": f"192.0.2.1{name[-1]}",
        "ports": {"https": 9446, "http": 9766},
    }


@pytest.fixture
def take_out(tmp_path: Path, playbook: t.Any) -> t.Callable[..., t.Any]:
    def run(answer: dict[str, t.Any] | None, *arguments: str, **service: t.Any) -> t.Any:
        stub = tmp_path / "health"
        stub.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
        stub.chmod(0o755)
        nodes = [node("km1"), node("km2")]
        found = {"serving": True, "others_serving": [], "reasons": ["a.xml changed."], "owed": ""}
        variables = {
            **{
                f"cluster_{name}_password": "x"
                for name in ("admin", "group", "keystore", "truststore")
            },
            "cluster_database_passwords": {},
            "cluster_hostname": "km.test.example",
            "cluster_product": "carbon_4.7.1",
            "carbon_server_python": str(stub),
            "cluster_model": {
                "name": "obkm",
                "nodes": nodes,
                "hosts": {host["name"]: host for host in nodes},
                "groups": {"load_balancer": []},
                "caching": {"clustered": False},
            },
            "__carbon_server_now": {"service": {**found, **service}},
        }
        hosts = {"km1": LOCAL, "km2": LOCAL if answer else AWAY}
        (tmp_path / "hosts.json").write_text(json.dumps({"key_manager": {"hosts": hosts}}))
        (tmp_path / "variables.json").write_text(json.dumps(variables))
        (tmp_path / "play.yml").write_text(PLAYBOOK)
        extra = ["-e", f"@{tmp_path}/variables.json", *arguments]
        return playbook(str(tmp_path / "play.yml"), tmp_path / "hosts.json", *extra)

    return run


@pytest.mark.parametrize("answer", [HEALTHY, NO_MEMBER], ids=["healthy", "no member yet"])
def test_node_goes_when_another_serves(take_out: t.Any, answer: dict[str, t.Any]) -> None:
    run = take_out(answer)
    assert run.status == 0, run.output
    assert "serving=['km2']" in run.output


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["real", "check"])
def test_last_node_stays(take_out: t.Any, arguments: tuple[str, ...]) -> None:
    run = take_out(SICK, *arguments)
    assert run.status != 0
    words = " ".join(run.output.split())
    assert "km1 is the last Key Manager that serves, and was not touched" in words
    assert "km2 does not serve: Nothing listens on 192.0.2.12." in words
    assert "a.xml changed." in words


def test_node_that_cannot_be_asked_does_not_count(take_out: t.Any) -> None:
    run = take_out(None)
    assert run.status != 0
    assert "km2 does not serve: it could not be asked." in " ".join(run.output.split())


def test_outage_may_be_accepted(take_out: t.Any) -> None:
    run = take_out(SICK, "-e", "cluster_allow_outage=true")
    assert run.status == 0, run.output
    # Nobody could take its requests, so it is not taken out of nginx.
    assert "drained=False serving=[]" in run.output


def test_node_that_does_not_serve_itself_may_go(take_out: t.Any) -> None:
    run = take_out(SICK, serving=False)
    assert run.status == 0, run.output


def test_password_of_this_run_does_not_hide_a_node_that_serves(take_out: t.Any) -> None:
    """The other one is asked with its own settings; the log-in with this run's may be refused."""
    run = take_out(HEALTHY, others_serving=[])
    assert run.status == 0, run.output


def test_node_whose_own_settings_are_behind_counts_too(take_out: t.Any) -> None:
    refused = {"healthy": False, "part": "user store", "sentence": "The login is refused."}
    run = take_out(refused, others_serving=["km2"])
    assert run.status == 0, run.output
