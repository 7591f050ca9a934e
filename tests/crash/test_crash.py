# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Whatever happens to a run that rewrites several files, each is wholly old or new, and the next
run makes the set whole."""

from __future__ import annotations

import errno
import os
import random
import signal
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    patch_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._files import (
    journal as files_journal,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._files import (
    locks,
    transaction,
)

from tests.crash.harness import (
    FILES,
    VALUES,
    Counted,
    Home,
    calls_of_a_run,
    fault_once,
    in_child,
    kill_many,
)

ERRORS = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_a_run_that_is_killed_leaves_whole_files_and_the_next_finishes(tmp_path: Path) -> None:
    counts = kill_many(tmp_path / "home", 40, seed=int.from_bytes(os.urandom(4), "big"))
    assert counts["mixed"] + counts["left"] > 10, (
        f"the kills came at no moment that matters: {counts}"
    )


def kill_at(home: Home, at: int) -> None:
    def work() -> None:
        with Counted(at, lambda _name: os.kill(os.getpid(), signal.SIGKILL)):
            home.run(VALUES[1])

    os.waitpid(in_child(work), 0)


def test_a_kill_between_any_two_calls_is_survived(home: Home) -> None:
    """Not at random: at each call from before the first rename on, where files of both kinds stand
    side by side."""
    calls = calls_of_a_run(home)
    home.run(VALUES[0])
    last = len(calls) - calls[::-1].index("rename")
    mixed = 0
    for at in range(last - len(FILES) - 3, last + 3):
        kill_at(home, at)
        mixed += len(set(home.values().values())) > 1
        home.judge(random.Random(at), VALUES[0])
    assert mixed >= len(FILES) - 1


@pytest.mark.parametrize("error", ERRORS, ids=[errno.errorcode[error] for error in ERRORS])
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
def test_a_call_that_fails_leaves_all_files_as_they_were(
    home: Home, error: int, lasting: bool
) -> None:
    random_ = random.Random(error)
    calls = len(calls_of_a_run(home))
    failed = sum(
        fault_once(home, random_, at, error, lasting=lasting)
        for at in sorted(random_.sample(range(1, calls), 16))
    )
    assert failed >= 1


def test_two_runs_at_once_wait_for_each_other(home: Home) -> None:
    def work(number: int) -> None:
        for turn in range(20):
            home.run(VALUES[(number + turn) % 2])

    children = [in_child(lambda number=number: work(number)) for number in range(2)]  # type: ignore[misc]  # a default, not an argument
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    home.judge(random.Random(1), VALUES[0])


def test_a_run_does_not_wait_for_ever(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A lock of its own: other tests edit files on this machine at the same time.
    monkeypatch.setattr(locks, "MACHINE", str(tmp_path / "machine.lock"))
    monkeypatch.setattr(locks, "LOCK_SECONDS", 0.1)
    with transaction.exclusive([str(home.folder / FILES[0].name)]), pytest.raises(
        OperatorError, match="another run"
    ):
        home.run(VALUES[1])
    assert home.run(VALUES[1]).changed


def killed_between_renames(home: Home) -> None:
    """Some files are new, some are old, and the journals are there."""
    calls = calls_of_a_run(home)
    home.run(VALUES[0])
    # Not the last rename, and not quite counted: the first run also made the folder of backups.
    kill_at(home, len(calls) - calls[::-1].index("rename") - 2)
    assert len(set(home.values().values())) > 1


def test_check_mode_recovers_nothing_but_tells_of_a_change(home: Home) -> None:
    killed_between_renames(home)
    names = home.listing()
    assert home.run(VALUES[1], check_mode=True).changed
    assert home.listing() == names and len(set(home.values().values())) == 2


def test_recovering_counts_as_a_change_and_is_reported(home: Home) -> None:
    killed_between_renames(home)
    old = {name for name, value in home.values().items() if value == VALUES[0]}
    result = home.run(VALUES[1])
    assert result.changed
    assert {Path(path).name.replace("real-", "") for path in result.changed_files} == {
        Path(name).name for name in old
    }


def test_what_cannot_be_completed_is_taken_back(home: Home) -> None:
    killed_between_renames(home)
    gone = next(path for path in home.folder.rglob("*.carbon-ops-new"))
    gone.unlink()
    patch_files([FILES[0].touch(home.folder)])
    assert set(home.values().values()) == {VALUES[0]}
    assert home.listing() == home.names


def test_a_file_changed_by_hand_since_is_left_alone(home: Home) -> None:
    killed_between_renames(home)
    by_hand = next(
        home.folder / name for name, value in home.values().items() if value == VALUES[0]
    )
    by_hand.write_bytes(by_hand.read_bytes() + b"\n")
    edited = by_hand.read_bytes()
    other = next(file for file in FILES if home.folder / file.name != by_hand)
    patch_files([other.touch(home.folder)])
    assert by_hand.read_bytes() == edited
    assert (home.folder / other.name).read_bytes() == other.content(VALUES[1])


@pytest.mark.parametrize("damage", ["torn", "of others", "a link", "of another file"])
def test_a_journal_that_cannot_be_trusted_moves_nothing(home: Home, damage: str) -> None:
    killed_between_renames(home)
    before = home.values()
    file = FILES[0]
    journal = files_journal.beside(home.folder / file.name, files_journal.JOURNAL)
    if damage == "torn":
        # Only possible before the first rename, so whatever stands beside this file is litter.
        journal.write_bytes(journal.read_bytes()[:-5])
        patch_files([file.touch(home.folder)])
        assert not journal.exists()
    elif damage == "of another file":
        journal.write_bytes(
            files_journal.journal_content([files_journal.Entry(home.folder / "x", None, "0")])
        )
        patch_files([file.touch(home.folder)])
        assert not journal.exists()
    else:
        if damage == "a link":
            journal.rename(home.folder / "elsewhere")
            journal.symlink_to(home.folder / "elsewhere")
        else:
            journal.chmod(0o666)
        with pytest.raises(OperatorError, match="A run on this file was interrupted") as caught:
            patch_files([file.touch(home.folder)])
        assert str(journal) in str(caught.value)
    assert home.values() == before


def test_a_disk_that_fails_while_recovering_loses_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_between_renames(home)
    before = home.values()

    def refused(*_arguments: t.Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(
        OperatorError, match="an interrupted change of this file and 5 more cannot be finished"
    ):
        home.run(VALUES[1])
    monkeypatch.undo()
    assert home.values() == before
    home.judge(random.Random(2), VALUES[1])


def test_a_file_that_was_to_be_made_is_taken_back_with_the_others(tmp_path: Path) -> None:
    """A killed run can leave a new file beside files that could not be completed."""
    kept, made = tmp_path / "kept.properties", tmp_path / "made.properties"
    kept.write_bytes(b"a=1\n")
    made.write_bytes(b"b=2\n")
    digest = files_journal.checksum
    entries = [
        files_journal.Entry(kept, digest(kept), "0" * 64),
        files_journal.Entry(made, None, str(digest(made))),
    ]
    for entry in entries:
        files_journal.write_private(
            files_journal.beside(entry.path, files_journal.JOURNAL),
            files_journal.journal_content(entries),
        )
    patch_files([{"path": str(kept), "format": "properties", "edits": [{"key": "a", "value": 1}]}])
    assert [path.name for path in tmp_path.iterdir()] == ["kept.properties"]


def test_an_interrupted_change_into_what_is_no_file_any_more_is_left(tmp_path: Path) -> None:
    gone = tmp_path / "gone.xml"
    gone.mkdir()
    entries = [
        files_journal.Entry(gone, "0" * 64, "1" * 64),
        files_journal.Entry(tmp_path / "never.xml", "0" * 64, "1" * 64),
    ]
    assert files_journal.finish(entries) == []
