# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Directories become links in a home whose folders are root's: the share is the service user's, the
links are made all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest

USER = "nobody"
# The module itself, on a mount of the test's own.
SCRIPT = """
import json, os, sys
sys.path[:0] = json.loads(sys.argv[2])
from ansible_collections.carbon_ops.key_manager.plugins.modules import shared_directory
class Module:
    check_mode = False
    params = json.loads(sys.argv[1])
    warn = staticmethod(print)
result = shared_directory.run(Module())
print(json.dumps([result["changed"], [link["action"] for link in result["links"]], os.geteuid()]))
"""
MOUNTED = (
    'mount -t tmpfs tmpfs "$0"/share && chmod 755 "$0"/share && "$@"; status=$?; cp -a "$0"/share'
    ' "$0"/seen; exit $status'
)


@pytest.fixture
def folder() -> t.Iterator[Path]:
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["unshare", "--mount", "true"], capture_output=True, check=False
        ).returncode
        != 0
    ):
        pytest.skip("only root can own the home, and make mounts of its own")
    # The service user does not get into pytest's own folders.
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize("owner", ["root", USER], ids=["root's home", "the service user's home"])
def test_a_folder_is_carried_over_and_linked(folder: Path, owner: str) -> None:
    home = folder / "home"
    (home / "repository/tenants/1").mkdir(parents=True)
    (home / "repository/tenants/1/a.xml").write_text("a")
    (home / "repository/deployment/server").mkdir(parents=True)
    (folder / "share").mkdir()
    subprocess.run(["chown", "-R", owner + ":nogroup", str(home)], check=True)
    subprocess.run(["chmod", "-R", "u=rwX,g=rX,o=", str(home)], check=True)
    parameters: dict[str, t.Any] = {
        "home": str(home),
        "share": str(folder / "share/km"),
        "mount_point": str(folder / "share"),
        "links": [
            {"path": "repository/tenants", "target": "Tenants"},
            {"path": "repository/deployment", "target": "Deployment"},
        ],
        "cluster": "km",
        "node": "km1",
        "owner": USER,
        "allow_move": False,
    }
    command = [
        sys.executable,
        "-c",
        SCRIPT,
        json.dumps(parameters),
        json.dumps([path for path in sys.path if path]),
    ]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", MOUNTED, str(folder), *command],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [True, ["carried over", "carried over"], 0]
    assert (home / "repository/tenants").is_symlink()
    assert os.readlink(home / "repository/tenants") == str(folder / "share/km/Tenants")
    # What went to the share is the service user's, and nothing stays behind.
    assert (folder / "seen/km/Tenants/1/a.xml").owner() == USER
    assert sorted(entry.name for entry in (home / "repository").iterdir()) == [
        "deployment",
        "tenants",
    ]
