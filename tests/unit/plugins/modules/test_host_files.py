# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Whole files, folders and links of a host: looked at in one call, changed together or not."""

from __future__ import annotations

import grp
import json
import os
import pwd
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._files import transaction

Run = t.Callable[..., "dict[str, t.Any]"]
SECRET = 'canary "quoted" & <sharp>'


def arguments(folder: Path) -> dict[str, t.Any]:
    return {
        "folders": [
            {"path": str(folder / "etc"), "mode": "0750"},
            {"path": str(folder / "etc/unit.d")},
        ],
        "files": [
            {"path": str(folder / "etc/unit.d/a.conf"), "content": "[Unit]\nA=1\n"},
            {
                "path": str(folder / "etc/settings.json"),
                "content": {"password": SECRET, "b": [1, True], "a": "x"},
                "mode": "0640",
            },
        ],
        "links": [{"path": str(folder / "etc/link"), "target": "unit.d"}],
        "absent": [str(folder / "old")],
        "secrets": [SECRET],
    }


def state(folder: Path) -> dict[str, t.Any]:
    """Everything below a folder: its mode, and what it holds or where it leads."""
    return {
        str(path.relative_to(folder)): (
            os.readlink(path)
            if path.is_symlink()
            else (oct(path.stat().st_mode), path.read_bytes() if path.is_file() else None)
        )
        for path in sorted(folder.rglob("*"))
    }


def test_all_is_made_told_and_left_alone(run_module: Run, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("x")
    before = state(tmp_path)
    told = run_module("host_files", arguments(tmp_path), check_mode=True, diff=True)
    assert state(tmp_path) == before
    done = run_module("host_files", arguments(tmp_path), diff=True)
    assert done["changed"] is True
    assert done["changed_paths"] == [
        str(tmp_path / name)
        for name in (
            "etc",
            "etc/unit.d",
            "etc/unit.d/a.conf",
            "etc/settings.json",
            "etc/link",
            "old",
        )
    ]
    assert (told["changed_paths"], told["diff"]) == (done["changed_paths"], done["diff"])
    assert state(tmp_path) == {
        "etc": ("0o40750", None),
        "etc/unit.d": ("0o40755", None),
        "etc/unit.d/a.conf": ("0o100644", b"[Unit]\nA=1\n"),
        "etc/settings.json": (
            "0o100640",
            b'{\n    "a": "x",\n    "b": [\n        1,\n        true\n    ],\n'
            b'    "password": "canary \\"quoted\\" & <sharp>"\n}\n',
        ),
        "etc/link": "unit.d",
    }
    assert "canary" not in json.dumps([told, done])
    assert "+[Unit]" in json.dumps(done["diff"])
    again = run_module("host_files", arguments(tmp_path), diff=True)
    assert (again["changed"], again["changed_paths"], again["diff"]) == (False, [], [])


def test_each_difference_alone_is_found_and_mended(run_module: Run, tmp_path: Path) -> None:
    run_module("host_files", arguments(tmp_path))
    whole = state(tmp_path)
    etc = tmp_path / "etc"
    ways: dict[str, t.Callable[[], t.Any]] = {
        "etc": lambda: etc.chmod(0o777),
        "etc/unit.d/a.conf": lambda: (etc / "unit.d/a.conf").write_text("[Unit]\nA=2\n"),
        "etc/settings.json": lambda: (etc / "settings.json").chmod(0o644),
        "etc/link": lambda: ((etc / "link").unlink(), (etc / "link").symlink_to("elsewhere")),
        "old": lambda: (tmp_path / "old").write_text("again"),
    }
    for path, spoil in ways.items():
        spoil()
        told = run_module("host_files", arguments(tmp_path), check_mode=True)
        assert told["changed_paths"] == [str(tmp_path / path)]
        done = run_module("host_files", arguments(tmp_path))
        assert done["changed_paths"] == [str(tmp_path / path)]
        assert state(tmp_path) == whole


def test_a_copy_is_kept_of_what_is_replaced(run_module: Run, tmp_path: Path) -> None:
    run_module("host_files", arguments(tmp_path))
    file = tmp_path / "etc/settings.json"
    file.write_text("by hand")
    done = run_module(
        "host_files",
        {**arguments(tmp_path), "backup": True, "backup_dir": str(tmp_path / "backup")},
    )
    assert list(done["backup_files"]) == [str(file)]
    copy = Path(done["backup_files"][str(file)])
    assert (copy.read_text(), copy.stat().st_mode & 0o777) == ("by hand", 0o640)


def test_a_failure_in_the_middle_leaves_every_file(
    run_module: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_module("host_files", arguments(tmp_path))
    wish = arguments(tmp_path)
    for file in wish["files"]:
        file["content"] = "new\n"
    wish["folders"].append({"path": str(tmp_path / "etc/more")})
    before = state(tmp_path)
    rename = transaction._Replacement.rename
    count = []

    def second_fails(replacement: transaction._Replacement) -> None:
        count.append(replacement)
        if len(count) == 2:
            raise OSError(28, "No space left on device")
        rename(replacement)

    monkeypatch.setattr(transaction._Replacement, "rename", second_fails)
    failed = run_module("host_files", wish)
    assert "no space left on device" in failed["msg"]
    assert len(count) == 2
    assert state(tmp_path) == before


def folder_is_a_file(folder: Path, wish: dict[str, t.Any]) -> None:
    (folder / "etc").write_text("")


def file_is_a_folder(folder: Path, wish: dict[str, t.Any]) -> None:
    (folder / "etc/settings.json").mkdir(parents=True)


def link_is_a_file(folder: Path, wish: dict[str, t.Any]) -> None:
    (folder / "etc").mkdir()
    (folder / "etc/link").write_text("")


def absent_is_a_folder(folder: Path, wish: dict[str, t.Any]) -> None:
    (folder / "old").mkdir()


def no_folder(folder: Path, wish: dict[str, t.Any]) -> None:
    wish["files"].append({"path": str(folder / "other/file"), "content": ""})


def no_user(folder: Path, wish: dict[str, t.Any]) -> None:
    wish["files"][-1]["owner"] = "nobody-of-that-name"


def no_group(folder: Path, wish: dict[str, t.Any]) -> None:
    wish["folders"][-1]["group"] = "no-group-of-that-name"


def no_mode(folder: Path, wish: dict[str, t.Any]) -> None:
    wish["files"][-1]["mode"] = "rw"


def relative(folder: Path, wish: dict[str, t.Any]) -> None:
    wish["files"][-1]["path"] = "settings.json"


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize(
    "spoil, said",
    [
        (folder_is_a_file, "exists and is not a folder"),
        (file_is_a_folder, "is not a regular file"),
        (link_is_a_file, "exists and is not a link"),
        (absent_is_a_folder, "is a folder, and only files and links are removed"),
        (no_folder, "does not exist. Name it among folders."),
        (no_user, "there is no user nobody-of-that-name on this host"),
        (no_group, "there is no group no-group-of-that-name on this host"),
        (no_mode, "mode must be an octal number in quotes"),
        (relative, "the path must be absolute"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_changed(
    run_module: Run,
    tmp_path: Path,
    spoil: t.Callable[[Path, dict[str, t.Any]], None],
    said: str,
    check_mode: bool,
) -> None:
    wish = arguments(tmp_path)
    spoil(tmp_path, wish)
    before = state(tmp_path)
    refused = run_module("host_files", wish, check_mode=check_mode)
    assert said in refused["msg"]
    assert state(tmp_path) == before


def test_owners_and_groups_by_name(run_module: Run, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    user = pwd.getpwnam("nobody")
    group = grp.getgrgid(user.pw_gid).gr_name
    wish = arguments(tmp_path)
    for entry in [*wish["folders"], *wish["files"]]:
        entry.update(owner="nobody", group=group)
    run_module("host_files", wish)
    paths = [entry["path"] for entry in [*wish["folders"], *wish["files"]]]
    assert {(Path(path).owner(), Path(path).group()) for path in paths} == {("nobody", group)}
    os.chown(paths[-1], 0, 0)
    assert run_module("host_files", wish)["changed_paths"] == [paths[-1]]
    assert run_module("host_files", wish)["changed"] is False
