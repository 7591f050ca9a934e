# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Module carbon_keystore, run as Ansible runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._keystore.jks import read_store

PASSWORD = "canary-password"


def run(repository: Path, **arguments: t.Any) -> dict[str, t.Any]:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ansible_collections.carbon_ops.key_manager.plugins.modules.carbon_keystore",
        ],
        input=json.dumps(
            {
                "ANSIBLE_MODULE_ARGS": {
                    "_ansible_remote_tmp": "/tmp",
                    "_ansible_keep_remote_files": False,
                    **arguments,
                }
            }
        ),
        env={**os.environ, "PYTHONPATH": str(repository / "collections")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert PASSWORD not in done.stdout + done.stderr
    assert "PRIVATE KEY" not in done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def stores(folder: Path, pair: Path) -> t.Any:
    return [
        {
            "path": str(folder / "own.jks"),
            "password": PASSWORD,
            "keys": [
                {
                    "alias": "own",
                    "private_key": (pair / "x.key").read_text(),
                    "certificates": (pair / "x.crt").read_text(),
                }
            ],
        },
        {
            "path": str(folder / "trust.jks"),
            "password": PASSWORD,
            "trusted": {"own": (pair / "x.crt").read_text()},
            "distrusted_keys_of": [str(folder / "not-there.jks")],
        },
    ]


def test_stores_are_made_checked_and_left_alone(
    repository: Path, pair: Path, tmp_path: Path
) -> None:
    told = run(
        repository,
        stores=stores(tmp_path, pair),
        mode="0640",
        _ansible_check_mode=True,
        _ansible_diff=True,
    )
    assert told["changed"] is True
    assert list(tmp_path.iterdir()) == []
    assert told["diff"][0]["after"].startswith("own (key) ")
    done = run(repository, stores=stores(tmp_path, pair), mode="0640")
    assert done["changed"] is True
    assert [store["changed"] for store in done["stores"]] == [True, True]
    assert [entry.alias for entry in read_store((tmp_path / "own.jks").read_bytes(), "x")] == [
        "own"
    ]
    before = {
        path.name: (path.stat().st_ino, path.stat().st_mtime_ns, path.stat().st_mode & 0o777)
        for path in tmp_path.iterdir()
    }
    assert {state[2] for state in before.values()} == {0o640}
    assert run(repository, stores=stores(tmp_path, pair), mode="0640")["changed"] is False
    assert {
        path.name: (path.stat().st_ino, path.stat().st_mtime_ns, path.stat().st_mode & 0o777)
        for path in tmp_path.iterdir()
    } == before
    assert run(repository, stores=stores(tmp_path, pair), mode="0600")["changed"] is True


def test_a_key_can_be_read_on_the_host_and_the_stock_key_is_distrusted(
    repository: Path, pair: Path, tmp_path: Path
) -> None:
    wanted = stores(tmp_path, pair)
    run(repository, stores=wanted)
    del wanted[0]["keys"][0]["private_key"]
    wanted[0]["keys"][0]["private_key_path"] = str(pair / "x.key")
    wanted[1]["trusted"] = {}
    wanted[1]["distrusted_keys_of"] = [str(tmp_path / "own.jks")]
    done = run(repository, stores=wanted, _ansible_diff=True)
    assert [store["changed"] for store in done["stores"]] == [False, True]
    assert done["diff"] == [
        {
            "before_header": str(tmp_path / "trust.jks"),
            "after_header": str(tmp_path / "trust.jks"),
            "before": done["diff"][0]["before"],
            "after": "",
        }
    ]
    assert read_store((tmp_path / "trust.jks").read_bytes(), "x") == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda folder, wanted: wanted[1].update(trusted={"a": "no certificate"}),
            "holds no PEM certificate",
        ),
        (
            lambda folder, wanted: wanted[1].update(path=str(folder / "no" / "folder.jks")),
            "No store was changed",
        ),
        (lambda folder, wanted: wanted[1].update(path=str(folder)), "cannot be read"),
        (
            lambda folder, wanted: wanted[0]["keys"].append(
                {"alias": "b", "private_key_path": str(folder / "no.key"), "certificates": "x"}
            ),
            "does not exist",
        ),
    ],
)
def test_when_one_store_cannot_be_none_is_written(
    repository: Path, pair: Path, tmp_path: Path, change: t.Any, message: str
) -> None:
    wanted = stores(tmp_path, pair)
    change(tmp_path, wanted)
    result = run(repository, stores=wanted)
    assert result["failed"] is True
    assert message in result["msg"]
    assert list(tmp_path.iterdir()) == []


def test_stores_of_a_run_are_put_back_as_they_were(
    repository: Path, pair: Path, tmp_path: Path, run_module: t.Callable[..., dict[str, t.Any]]
) -> None:
    folder, backups = tmp_path / "security", tmp_path / "backups"
    folder.mkdir()

    def keep(name: str) -> dict[str, t.Any]:
        return {"backup": True, "backup_dir": str(backups), "backup_run": {"name": name}}

    wanted = stores(folder, pair)
    run(repository, stores=wanted, mode="0640", **keep("20260130T120000Z"))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    # Another password of one store, as when it is rotated; the other one stays as it is.
    wanted[0].update(password=PASSWORD + "-2", former_passwords=[PASSWORD])
    done = run(repository, stores=wanted, mode="0640", **keep("20260131T120000Z"))
    assert list(done["backup_files"]) == [str(folder / "own.jks")]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} != before
    put_back = run_module(
        "carbon_rollback",
        {
            "backup_dir": str(backups),
            "run": "20260131T120000Z",
            "backup_run": {"name": "20260201T120000Z"},
        },
    )
    assert put_back["changed_paths"] == [str(folder / "own.jks")]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o640}
