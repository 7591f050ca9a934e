# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What runs of any module kept is put back as it was: content, mode, owner, and no file where there
was none."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

Run = t.Callable[..., "dict[str, t.Any]"]
FIRST, SECOND, THIRD, FOURTH = (f"2026013{day}T120000Z" for day in (0, 1, 2, 3))


class Host:
    """A folder with product files, and what the runs on it keep."""

    def __init__(self, run_module: Run, folder: Path) -> None:
        self.run_module = run_module
        self.folder = folder
        self.backups = folder / "backups"
        (folder / "carbon.xml").write_text("<Server><Name>one</Name></Server>\n")
        (folder / "carbon.xml").chmod(0o640)

    def run(self, name: str, reason: str = "a change", **more: t.Any) -> dict[str, t.Any]:
        return {
            "backup": True,
            "backup_dir": str(self.backups),
            "backup_run": {"name": name, "reason": reason, **more},
        }

    def rename(self, run: str, text: str, **more: t.Any) -> dict[str, t.Any]:
        """A run that edits the product file."""
        edits = [{"xpath": "/Server/Name", "text": text}]
        return self.run_module(
            "xml_patch",
            {"path": str(self.folder / "carbon.xml"), "edits": edits, **self.run(run, **more)},
        )

    def write(self, run: str, name: str, content: str | None) -> dict[str, t.Any]:
        """A run that makes, replaces or removes a whole file."""
        path = str(self.folder / name)
        what = (
            {"absent": [path]}
            if content is None
            else {"files": [{"path": path, "content": content}]}
        )
        return self.run_module("host_files", {**what, **self.run(run)})

    def rollback(
        self, to: str | None = None, run: str = FOURTH, needed: t.Sequence[str] = (), **how: t.Any
    ) -> dict[str, t.Any]:
        arguments: dict[str, t.Any] = {"backup_dir": str(self.backups), "needed": list(needed)}
        if to:
            arguments.update(run=to, backup_run={"name": run, "reason": f"undo of {to}"})
        return self.run_module("carbon_rollback", arguments, **how)

    @property
    def files(self) -> dict[str, tuple[str, int]]:
        return {
            path.name: (path.read_text(), path.stat().st_mode & 0o777)
            for path in sorted(self.folder.iterdir())
            if path.is_file()
        }


@pytest.fixture
def host(run_module: Run, tmp_path: Path) -> Host:
    return Host(run_module, tmp_path)


def test_the_state_before_any_run_can_be_had_back(host: Host) -> None:
    states = {FIRST: host.files}
    host.rename(FIRST, "two")
    states[SECOND] = host.files
    host.rename(SECOND, "three")
    host.write(SECOND, "unit", "[Unit]\n")
    states[THIRD] = host.files
    (host.folder / "carbon.xml").chmod(0o600)
    host.write(THIRD, "unit", None)
    host.rename(THIRD, "four")
    assert [states[run]["carbon.xml"][0][14:-17] for run in states] == ["one", "two", "three"]
    last = host.files
    host.rollback(SECOND)
    assert host.files == states[SECOND]
    # The undoing is a run like any other.
    host.rollback(FOURTH, run="20260204T120000Z")
    assert host.files == last
    host.rollback(FIRST, run="20260205T120000Z")
    assert host.files == states[FIRST]


def test_the_list_says_when_why_and_which_files(host: Host) -> None:
    assert host.rollback()["runs"] == []
    host.rename(FIRST, "two", reason="the first")
    host.write(FIRST, "unit", "[Unit]\n")
    host.rename(SECOND, "two", reason="nothing to do")
    host.rename(THIRD, "three", reason="the third")
    listed = host.rollback()
    assert listed["changed"] is False
    carbon, unit = str(host.folder / "carbon.xml"), str(host.folder / "unit")
    assert listed["runs"] == [
        {"name": FIRST, "reasons": ["the first", "a change"], "files": [carbon, unit]},
        {"name": THIRD, "reasons": ["the third"], "files": [carbon]},
    ]


def test_check_mode_tells_what_the_run_then_does(host: Host) -> None:
    host.rename(FIRST, "two")
    host.write(FIRST, "unit", "[Unit]\n")
    before = host.files
    told = host.rollback(FIRST, check_mode=True, diff=True)
    assert host.files == before
    done = host.rollback(FIRST, diff=True)
    assert done["changed_paths"] == [str(host.folder / "carbon.xml"), str(host.folder / "unit")]
    assert (told["changed_paths"], told["diff"]) == (done["changed_paths"], done["diff"])
    assert host.rollback(FIRST, run="20260206T120000Z")["changed"] is False


def test_no_diff_shows_a_content(host: Host) -> None:
    host.rename(FIRST, "canary")
    host.rename(SECOND, "another")
    told = host.rollback(SECOND, diff=True)
    assert told["changed"] is True and "canary" not in json.dumps(told["diff"])


def test_a_damaged_copy_is_refused_and_nothing_is_changed(host: Host) -> None:
    host.rename(FIRST, "two")
    host.write(FIRST, "unit", "[Unit]\n")
    (copy,) = (host.backups / FIRST).glob("carbon.xml.*~")
    copy.write_text("<Server/>")
    before = host.files
    failed = host.rollback(FIRST)
    assert "was changed since" in failed["msg"] and str(copy) in failed["msg"]
    assert host.files == before


def test_a_host_that_no_later_run_changed_is_left_alone(host: Host) -> None:
    host.rename(FIRST, "two")
    before = host.files
    assert host.rollback(SECOND)["changed"] is False
    assert host.files == before


def test_what_is_no_name_of_a_run_is_refused(host: Host) -> None:
    assert "20260131T120000Z" in host.rollback("../etc")["msg"]


def test_what_set_a_server_up_is_not_undone(host: Host) -> None:
    host.rename(FIRST, "two")
    host.write(SECOND, "unit", "[Unit]\n")
    host.rename(THIRD, "three")
    before = host.files
    unit = str(host.folder / "unit")
    failed = host.rollback(FIRST, needed=[unit])
    assert unit in failed["msg"] and "is not undone" in failed["msg"]
    assert host.files == before
    assert host.rollback(THIRD, needed=[unit])["changed_paths"] == [str(host.folder / "carbon.xml")]


def test_a_manifest_of_another_program_is_refused(host: Host) -> None:
    host.rename(FIRST, "two")
    (host.backups / FIRST / "manifest.json").write_text("[]")
    assert "is no manifest" in host.rollback(FIRST)["msg"]


def test_old_runs_are_removed_by_number_and_age(host: Host) -> None:
    for number in range(1, 5):
        host.rename(f"2020010{number}T120000Z", str(number), keep=2, days=30)
    assert sorted(path.name for path in host.backups.iterdir()) == [
        "20200103T120000Z",
        "20200104T120000Z",
    ]
    # Those of the last days stay, however many.
    host.rename("20991231T120000Z", "5", keep=1, days=36500)
    assert len(list(host.backups.iterdir())) == 3


def test_copies_are_for_nobody_else(host: Host) -> None:
    host.rename(FIRST, "two")
    folder = host.backups / FIRST
    assert folder.stat().st_mode & 0o777 == host.backups.stat().st_mode & 0o777 == 0o700
    assert (folder / "manifest.json").stat().st_mode & 0o777 == 0o600


def test_a_change_that_fails_leaves_no_entry(host: Host) -> None:
    host.rename(FIRST, "two")
    unit = host.folder / "unit"
    unit.mkdir()
    failed = host.write(SECOND, "unit", "[Unit]\n")
    assert failed["failed"] is True
    assert [run["name"] for run in host.rollback()["runs"]] == [FIRST]
