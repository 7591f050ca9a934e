# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Module carbon_ownership as Ansible runs it: what it does is in
unit/plugins/module_utils/_home/test_ownership.py."""

from __future__ import annotations

import grp
import os
import pwd
import typing as t
from pathlib import Path

import pytest

Run = t.Callable[..., t.Dict[str, t.Any]]
OTHER = "nobody"


@pytest.fixture
def arguments(tmp_path: Path) -> dict[str, t.Any]:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    (home / "bin/start.sh").touch(0o755)
    group = grp.getgrgid(pwd.getpwnam(OTHER).pw_gid).gr_name
    given = {"folders": ["tmp"], "files": ["server.pid"], "patched": ["bin"]}
    return {"home": str(home), "owner": "root", "user": OTHER, "group": group, **given}


def test_told_in_check_mode_and_done_once(run_module: Run, arguments: dict[str, t.Any]) -> None:
    home = Path(arguments["home"])
    told = run_module("carbon_ownership", arguments, check_mode=True, diff=True)
    assert told["changed"] and "given: bin/start.sh (1)" in told["diff"]["after"]
    assert not (home / "tmp").exists()
    done = run_module("carbon_ownership", arguments)
    assert done["changed"] and done["given"] == told["given"]
    assert done["written"] == [str(home / "server.pid"), str(home / "tmp")]
    assert (home / "tmp").owner() == (home / "server.pid").owner() == OTHER
    assert (home / "bin/start.sh").owner() == "root"
    again = run_module("carbon_ownership", arguments)
    assert (again["changed"], again["given"]) == (False, [])


def test_a_home_with_patches_and_one_that_is_all_the_server_s(
    run_module: Run, arguments: dict[str, t.Any]
) -> None:
    home = Path(arguments["home"])
    (home / "repository/components/patches/patch0001").mkdir(parents=True)
    (home / "repository/components/patches/patch0001/fix.jar").touch()
    assert str(home / "bin") in run_module("carbon_ownership", arguments)["written"]
    assert (home / "bin/start.sh").owner() == OTHER
    done = run_module("carbon_ownership", {**arguments, "owner": OTHER})
    assert done["written"] == [str(home)] and home.owner() == OTHER


def test_an_account_that_is_not_there(run_module: Run, arguments: dict[str, t.Any]) -> None:
    wrong = {**arguments, "owner": "no-such-user"}
    assert "no-such-user" in run_module("carbon_ownership", wrong)["msg"]
    assert "cluster_home_owner" in run_module("carbon_ownership", wrong)["msg"]
    assert run_module("carbon_ownership", wrong, check_mode=True)["changed"] is True


def test_what_cannot_be_given_is_one_sentence(
    run_module: Run, arguments: dict[str, t.Any], tmp_path: Path
) -> None:
    home = Path(arguments["home"])
    os.link(home / "bin/start.sh", tmp_path / "second")
    assert "second name somewhere" in run_module("carbon_ownership", arguments)["msg"]
    (tmp_path / "second").unlink()
    (home / "tmp").touch()
    assert run_module("carbon_ownership", arguments)["msg"].startswith(
        str(home / "tmp") + " is not a folder"
    )
