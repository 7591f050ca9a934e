# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What a run says of an nginx that does not start, does not take its configuration, or does not
listen: systemd is stood in for."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from tests.integration.edge.edge_machine import play, sample_variables

PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: carbon_ops.key_manager.nginx, tasks_from: reload_or_restart, rolespec_validate: false}
"""
# As far as the module asks: a unit that is loaded, enabled and, where it is not the start that
# fails, running.
SYSTEMCTL = """#!/bin/sh
case "$*" in
  *show*) printf 'Id=nginx.service\\nLoadState=loaded\\nActiveState=%(state)s\\nSubState=x\\nUnitFileState=enabled\\n' ;;
  *is-enabled*) echo enabled ;;
  *%(fails)s*) echo 'Job for nginx.service failed because the control process exited with error code.' >&2; exit 1 ;;
esac
"""
JOURNAL = "nginx: [emerg] bind() to 0.0.0.0:443 failed (98: Address already in use)"


def run(
    home: Path, state: str, fails: str, ports: dict[str, int], lacks: str = "restart"
) -> subprocess.CompletedProcess[str]:
    (home / "bin").mkdir()
    for name, text in {
        "systemctl": SYSTEMCTL % {"state": state, "fails": fails},
        "journalctl": f"#!/bin/sh\necho '{JOURNAL}'\n",
        "nginx-loaded": f"#!/bin/sh\necho {lacks}\n",
    }.items():
        (home / "bin" / name).write_text(text)
        (home / "bin" / name).chmod(0o755)
    (home / "play.yml").write_text(PLAYBOOK)
    values: dict[str, t.Any] = {
        **sample_variables(),
        "cluster_model": ports,
        "__nginx_loaded": str(home / "bin" / "nginx-loaded"),
        "__nginx_patience": 1,
        "ansible_python_interpreter": sys.executable,
    }
    (home / "values.json").write_text(json.dumps(values))
    return play(home)


@pytest.fixture
def ports() -> dict[str, int]:
    """Ports on which nobody listens."""
    sockets = [socket.socket() for _number in range(3)]
    for item in sockets:
        item.bind(("127.0.0.1", 0))
    numbers = [int(item.getsockname()[1]) for item in sockets]
    for item in sockets:
        item.close()
    return dict(zip(("public_port", "public_http_port", "internal_port"), numbers))


@pytest.mark.parametrize(
    "state, fails, lacks",
    [
        ("inactive", "start", "start"),
        ("active", "restart", "restart"),
        ("active", "reload", "reload"),
    ],
    ids=["does not start", "does not restart", "refuses the reload"],
)
def test_an_nginx_that_systemd_cannot_bring_up(
    tmp_path: Path, ports: dict[str, int], state: str, fails: str, lacks: str
) -> None:
    result = run(tmp_path, state, fails, ports, lacks)
    assert result.returncode != 0
    assert "Nginx could not be brought up with its configuration: " in result.stdout, result.stdout
    assert "nginx.service failed because the control process exited" in result.stdout
    assert "The last of its log: " + JOURNAL in result.stdout


def test_an_nginx_that_does_not_listen(tmp_path: Path, ports: dict[str, int]) -> None:
    result = run(tmp_path, "active", "nothing-fails", ports)
    assert result.returncode != 0
    for port in ports.values():
        assert (
            f"Nginx does not listen on port {port} after 1 s. Another process may hold it."
            in result.stdout
        ), result.stdout
    assert "The last of its log: " + JOURNAL in result.stdout
