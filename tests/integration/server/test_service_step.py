# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Step service of role carbon_server on a home that was set up before: taken over once, told in
check mode, and the unit follows.

/etc and /usr/local are overlays of the test's own, and systemd is stood in for.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._server import java_runtime
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.build import build_model
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._model.inventory import (
    Inventory,
)
from ansible_collections.carbon_ops.key_manager.plugins.plugin_utils._sources import load_sources

from tests.support.commands import run as command

REPOSITORY = Path(__file__).resolve().parents[3]
ANSIBLE = Path(sys.executable).parent / "ansible-playbook"
USER, GROUP = "nobody", "nogroup"
PLAYBOOK = """
- hosts: km1
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.setup: {gather_subset: ["!all", "!min", distribution, python, selinux]}
    - ansible.builtin.include_role: {name: carbon_ops.key_manager.carbon_server, tasks_from: service}
"""
SYSTEMCTL = """#!/bin/sh
case "$*" in
  *show*) printf 'Id=km.service\\nLoadState=loaded\\nActiveState=active\\nUnitFileState=enabled\\n' ;;
  *is-enabled*) echo enabled ;;
esac
"""
# Several runs, one after the other, of one pair of overlays.
MACHINE = """
set -e
mkdir "$0"/overlay; mount -t tmpfs tmpfs "$0"/overlay
for folder in /etc /usr/local; do
  name=$(basename $folder); mkdir "$0"/overlay/$name "$0"/overlay/$name.work
  mount -t overlay overlay -o lowerdir=$folder,upperdir="$0"/overlay/$name,workdir="$0"/overlay/$name.work $folder
done
PATH=$0:$PATH
for options in "--check --diff" "" "" "-e {\\"cluster_home_writable\\":[\\"more\\"]}"; do
  echo "== run $options"
  "$@" $options
  # After the check there is none yet; the test reads what the last run left.
  cp /etc/systemd/system/km.service "$0"/unit 2>/dev/null || true
done
"""


@pytest.fixture
def folder() -> t.Iterator[Path]:
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["unshare", "--mount", "true"], capture_output=True, check=False
        ).returncode
        != 0
    ):
        pytest.skip("only root can give a home away, and make mounts of its own")
    java = java_runtime.find_java("", [11, 17], java_runtime.java_candidates(), command)
    if java is None or not java_runtime.java_accepted(java.feature, [11, 17]):
        pytest.skip("a Java 11 to 17 is not here")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def run(folder: Path) -> list[str]:
    """The output of each run."""
    home = folder / "home"
    shared: dict[str, t.Any] = {
        "cluster_product": "carbon_4.7.1",
        "cluster_name": "km",
        "cluster_instance": "km",
        "cluster_hostname": "km.server.test",
        "cluster_home": str(home),
        "cluster_service_user": USER,
        "cluster_service_group": GROUP,
        "cluster_database": {"host": "db.server.test"},
        **{
            f"cluster_{name}_password": "not-used-here"
            for name in ("admin", "group", "keystore", "truststore")
        },
        "cluster_database_passwords": {"shared": "not-used-here"},
    }
    inventory = Inventory(
        {"key_manager": ["km1"]}, {"km1": {**shared, "cluster_node_address": "127.0.0.11"}}
    )
    values = {
        **shared,
        "cluster_model": build_model("km1", inventory, load_sources(REPOSITORY / "roles")),
        "ansible_python_interpreter": sys.executable,
        "carbon_server_python": sys.executable,
    }
    (folder / "values.json").write_text(json.dumps(values))
    (folder / "play.yml").write_text(PLAYBOOK)
    (folder / "systemctl").write_text(SYSTEMCTL)
    (folder / "systemctl").chmod(0o755)
    command = [
        str(ANSIBLE),
        "-i",
        "km1,",
        "-e",
        f"@{folder / 'values.json'}",
        str(folder / "play.yml"),
    ]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", MACHINE, str(folder), *command],
        cwd=REPOSITORY,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    return done.stdout.split("== run")[1:]


def task(output: str, name: str) -> str:
    return next(part for part in output.split("\nTASK ") if name in part.split("\n", 1)[0])


@pytest.mark.slow
def test_a_home_is_taken_over_once(folder: Path) -> None:
    home = folder / "home"
    for name in (
        "bin/wso2server.sh",
        "repository/conf/carbon.xml",
        "repository/logs/wso2carbon.log",
        "repository/database/x",
    ):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("")
    subprocess.run(["chown", "-R", f"{USER}:{GROUP}", str(home)], check=True)
    told, done, again, more = run(folder)
    ours = "Set the ownership of the product home"
    assert "changed: [km1]" in task(told, ours) and "+given: repository/conf" in task(told, ours)
    assert "changed: [km1]" in task(done, ours)
    assert "changed=0" in again, again
    assert "changed: [km1]" in task(more, ours)
    assert (
        home.owner()
        == (home / "bin/wso2server.sh").owner()
        == (home / "repository/conf/carbon.xml").owner()
        == "root"
    )
    assert home.group() == (home / "repository/conf/carbon.xml").group() == GROUP
    for name in (
        "repository/logs/wso2carbon.log",
        "repository/database/x",
        "wso2carbon.pid",
        "solr",
        "more",
    ):
        assert (home / name).owner() == USER, name
    # Each folder of its own in the sandbox, and no longer the home.
    paths = re.findall("^ReadWritePaths=-(.*)$", (folder / "unit").read_text(), re.MULTILINE)
    assert {
        str(home / name) for name in ("more", "tmp", "wso2carbon.pid", "repository/logs")
    } <= set(paths)
    assert str(home) not in paths
