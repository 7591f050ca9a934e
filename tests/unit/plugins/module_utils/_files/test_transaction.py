# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Several files are replaced as a whole: whatever goes wrong, and whenever, no file is changed and
nothing is left behind."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    patch_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._files import (
    backups,
    transaction,
)

EDIT = {"xpath": "/a/b", "text": "new"}


class Folder:
    """Three files that one call edits."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = [path / name for name in ("one.xml", "two.xml", "three.xml")]
        for file in self.files:
            file.write_text("<a>\n  <b>old</b>\n</a>\n", encoding="utf-8")
            file.chmod(0o640)
        self.before = self.state()

    def state(self) -> dict[str, tuple[int, int, int, bytes]]:
        entries = (
            (entry, entry.stat()) for entry in sorted(self.path.rglob("*")) if entry.is_file()
        )
        return {
            str(entry.relative_to(self.path)): (
                status.st_ino,
                status.st_mtime_ns,
                status.st_mode,
                entry.read_bytes(),
            )
            for entry, status in entries
        }

    @property
    def entries(self) -> list[dict[str, t.Any]]:
        return [{"path": str(file), "edits": [EDIT]} for file in self.files]

    def fails(self, *, entries: list[dict[str, t.Any]] | None = None, **options: t.Any) -> str:
        with pytest.raises(OperatorError) as caught:
            patch_files(self.entries if entries is None else entries, **options)
        return str(caught.value).replace(str(self.path), "FOLDER")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_all_files_are_replaced(folder: Folder) -> None:
    result = patch_files(folder.entries)
    assert result.changed_files == [str(file) for file in folder.files]
    assert {file.read_text() for file in folder.files} == {"<a>\n  <b>new</b>\n</a>\n"}
    assert set(folder.state()) == set(folder.before), "something was left behind"
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.files} == {0o640}


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (
            lambda file: file.write_text("<a><b>old</a>"),
            "FOLDER/three.xml: the file is not well-formed XML",
        ),
        (lambda file: file.write_text("<a><c/></a>"), "FOLDER/three.xml: edit 1 (/a/b):"),
        (lambda file: file.unlink(), "FOLDER/three.xml: does not exist"),
        (lambda file: (file.unlink(), file.mkdir()), "FOLDER/three.xml: "),
    ],
    ids=["malformed", "selects nothing", "missing", "a directory"],
)
def test_an_error_in_the_last_file_leaves_the_first_as_it_was(
    folder: Folder, damage: t.Callable[[Path], t.Any], sentence: str
) -> None:
    damage(folder.files[2])
    before = folder.state()
    assert sentence in folder.fails()
    assert folder.state() == before


def test_errors_of_several_files_come_together(folder: Folder) -> None:
    folder.files[0].write_text("<a/>")
    folder.files[2].write_text("<a/>")
    message = folder.fails()
    assert "FOLDER/one.xml" in message and "FOLDER/three.xml" in message
    assert message.endswith("No file was changed.")


def refuse(
    what: str, number: int, error: int = errno.ENOSPC
) -> t.Callable[[pytest.MonkeyPatch], None]:
    """The operating system fails the n-th time it is asked."""

    def install(monkeypatch: pytest.MonkeyPatch) -> None:
        place: t.Any = Path if what == "rename" else os
        real = getattr(place, what)
        calls = []

        def failing(*arguments: t.Any, **options: t.Any) -> t.Any:
            calls.append(arguments)
            if len(calls) == number:
                raise OSError(error, os.strerror(error))
            return real(*arguments, **options)

        monkeypatch.setattr(place, what, failing)

    return install


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("what", ["write", "fsync", "rename", "fchmod"])
def test_a_disk_that_is_full_leaves_all_files_as_they_were(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, what: str, number: int
) -> None:
    refuse(what, number)(monkeypatch)
    message = folder.fails()
    monkeypatch.undo()
    assert "cannot be written (no space left on device); no file was changed." in message
    assert folder.state() == folder.before


def test_a_full_disk_while_backups_are_made_leaves_none_of_them(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse("write", 5)(monkeypatch)
    folder.fails(backup=True, backup_dir=str(folder.path / "backup"))
    monkeypatch.undo()
    assert folder.state() == folder.before


def test_an_interruption_between_two_renames_is_undone(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = Path.rename, []

    def interrupted(path: Path, target: t.Any) -> t.Any:
        calls.append(path)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        patch_files(folder.entries)
    monkeypatch.undo()
    assert folder.state() == folder.before


def test_a_new_file_is_taken_back_when_a_later_rename_fails(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {
        "path": str(folder.path / "new.properties"),
        "format": "properties",
        "create": True,
        "edits": [{"key": "a", "value": 1}],
    }
    refuse("rename", 2)(monkeypatch)
    folder.fails(entries=[made, *folder.entries])
    monkeypatch.undo()
    assert folder.state() == folder.before


def write_with_old_times(file: Path, text: str) -> None:
    """Same size, same times: only the content tells."""
    status = file.stat()
    file.write_text(text)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.write_text("<a>\n  <b>elsewhere</b>\n</a>\n"),
        lambda file: file.unlink(),
        lambda file: (file.unlink(), file.write_text("<a>\n  <b>old</b>\n</a>\n")),
        lambda file: write_with_old_times(file, "<a>\n  <b>OLD</b>\n</a>\n"),
        lambda file: (file.rename(file.with_name("kept")), file.symlink_to(file.with_name("kept"))),
    ],
    ids=["written", "removed", "replaced", "written with the old times", "made a link"],
)
def test_a_file_that_was_changed_meanwhile_is_left_alone(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, change: t.Callable[[Path], t.Any]
) -> None:
    real = transaction._Replacement.write

    def write(self: t.Any) -> None:
        real(self)
        if self.source.real == folder.files[2]:
            monkeypatch.undo()
            change(folder.files[2])

    monkeypatch.setattr(transaction._Replacement, "write", write)
    assert (
        "was changed by someone else meanwhile; nothing was written. Run again." in folder.fails()
    )
    after = folder.state()
    assert {name: after[name] for name in ("one.xml", "two.xml")} == {
        name: folder.before[name] for name in ("one.xml", "two.xml")
    }
    assert not [name for name in after if name.startswith(".")]


def test_a_file_that_appeared_meanwhile_is_left_alone(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder.path / "new.properties"
    real = transaction._Replacement.write
    monkeypatch.setattr(
        transaction._Replacement, "write", lambda self: (real(self), path.write_text("theirs"))[0]
    )
    entry = {
        "path": str(path),
        "format": "properties",
        "create": True,
        "edits": [{"key": "a", "value": 1}],
    }
    assert "was changed by someone else meanwhile" in folder.fails(entries=[entry])
    assert path.read_text() == "theirs"


def test_check_mode_refuses_what_could_not_be_written(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder.path / "no" / "x.properties"
    missing = {
        "path": str(path),
        "format": "properties",
        "create": True,
        "edits": [{"key": "a", "value": 1}],
    }
    assert "its directory does not exist. Create FOLDER/no first." in folder.fails(
        entries=[missing], check_mode=True
    )
    # Root may write everywhere, so the operating system is asked in its place.
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != folder.path)
    assert "its directory FOLDER cannot be written by this user" in folder.fails(check_mode=True)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != folder.files[1])
    assert "FOLDER/two.xml: cannot be written by this user" in folder.fails(check_mode=True)
    monkeypatch.undo()
    assert folder.state() == folder.before


def test_a_file_that_cannot_be_read_is_named(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refused(path: t.Any, *arguments: t.Any, **options: t.Any) -> t.Any:
        if os.path.realpath(path) == os.path.realpath(folder.files[0]):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refused)
    assert "FOLDER/one.xml: cannot be read (permission denied)" in folder.fails()


def test_an_owner_that_cannot_be_kept_is_an_error(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fstat

    def as_another_user(descriptor: int) -> os.stat_result:
        status = real(descriptor)
        # What is being written seems to belong to somebody else than the file.
        return os.stat_result((*status[:4], status.st_uid + 1, *status[5:]))

    def forbidden(*_arguments: t.Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    sources = [(transaction.read_source(str(file)), b"<a/>") for file in folder.files]
    monkeypatch.setattr(os, "fstat", as_another_user)
    monkeypatch.setattr(os, "fchown", forbidden)
    with pytest.raises(OperatorError, match="this user cannot keep its owner and group"):
        transaction.replace_files(sources, backup=False, backup_dir=None)
    monkeypatch.undo()
    assert folder.state() == folder.before


def test_links_lead_to_the_file_and_stay(folder: Folder) -> None:
    link = folder.path / "link.xml"
    link.symlink_to(folder.files[0])
    patch_files([{"path": str(link), "edits": [EDIT]}])
    assert link.is_symlink()
    assert "new" in folder.files[0].read_text()


def test_the_same_file_named_twice_is_one_file(folder: Folder) -> None:
    link = folder.path / "link.xml"
    link.symlink_to(folder.files[0])
    result = patch_files(
        [folder.entries[0], {"path": str(link), "edits": [{"xpath": "/a/b/@c", "text": "1"}]}]
    )
    assert [edit["action"] for edit in result.edits] == ["changed", "changed"]
    assert '<b c="1">new</b>' in folder.files[0].read_text()
    hard = folder.path / "hard.xml"
    os.link(folder.files[1], hard)
    twice = [folder.entries[1], {"path": str(hard), "edits": [EDIT]}]
    assert "is the same file as FOLDER/two.xml (a hard link)" in folder.fails(entries=twice)
    text = {"path": str(link), "format": "text", "edits": [{"find": "a", "replace": "b"}]}
    assert "is named as xml and as text. Give it one format." in folder.fails(
        entries=[folder.entries[0], text]
    )


def test_backups_are_made_of_what_changes_and_show_nobody_more(folder: Folder) -> None:
    folder.files[1].write_text("<a>\n  <b>new</b>\n</a>\n", encoding="utf-8")
    directory = folder.path / "backup" / "here"
    result = patch_files(folder.entries, backup=True, backup_dir=str(directory))
    assert set(result.backup_files) == {str(folder.files[0]), str(folder.files[2])}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for path, backup in result.backup_files.items():
        assert Path(backup).read_bytes() == folder.before[Path(path).name][3]
        _inode, changed, mode, _content = folder.before[Path(path).name]
        assert (Path(backup).stat().st_mode, Path(backup).stat().st_mtime_ns) == (mode, changed)
        assert Path(backup).name.endswith("~")


def test_backups_of_one_second_do_not_replace_each_other(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups.time, "strftime", lambda *_arguments: "now")
    first = patch_files(folder.entries[:1], backup=True).backup_files
    second = patch_files(
        [{"path": str(folder.files[0]), "edits": [{"xpath": "/a/b", "text": "newer"}]}], backup=True
    ).backup_files
    assert set(first.values()).isdisjoint(second.values())
    assert "old" in Path(first[str(folder.files[0])]).read_text()
    assert ">new<" in Path(second[str(folder.files[0])]).read_text()


def test_where_no_second_name_can_be_given_the_old_file_is_copied(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_arguments: t.Any, **_options: t.Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    refuse("rename", 2)(monkeypatch)
    folder.fails()
    monkeypatch.undo()
    after = folder.state()
    # A copy has another inode, and everything else of the file.
    assert {name: values[1:] for name, values in after.items()} == {
        name: values[1:] for name, values in folder.before.items()
    }


def test_extended_attributes_are_kept(folder: Folder) -> None:
    try:
        os.setxattr(folder.files[0], "user.label", b"kept")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    patch_files(folder.entries)
    assert os.getxattr(folder.files[0], "user.label") == b"kept"


@pytest.mark.parametrize(("error", "raised"), [(errno.ENOTSUP, False), (errno.ENOSPC, True)])
def test_attributes_that_cannot_be_set_matter_only_when_the_disk_is_full(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, error: int, raised: bool
) -> None:
    def failing(*_arguments: t.Any) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "listxattr", lambda _path: ["security.label"])
    monkeypatch.setattr(os, "getxattr", lambda _path, _name: os.urandom(4))
    monkeypatch.setattr(os, "setxattr", failing)
    if raised:
        assert "cannot be written" in folder.fails()
    else:
        assert patch_files(folder.entries).changed


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        (["x"], "files must be a list of mappings"),
        ([{"edits": [EDIT]}], "a file entry has no path"),
        (
            [{"path": "relative.xml", "edits": [EDIT]}],
            "relative.xml: the path of a file must be absolute",
        ),
        ([{"path": "/x", "edits": []}], "/x: the file entry has no edits"),
        ([{"path": "/x", "edits": ["y"]}], "/x: edit 1: must be a mapping"),
        (
            [{"path": "/x", "edits": [EDIT], "format": "yaml"}],
            "format must be one of xml, text, properties, json",
        ),
        ([{"path": "/x", "edits": [EDIT], "create": True}], "create makes property files only"),
        ([{"path": "/x", "edits": [EDIT], "optional": "yes"}], "optional must be true or false"),
        (
            [{"path": "/x", "edits": [EDIT], "mode": "0640"}],
            "the file entry has the unknown key mode",
        ),
    ],
)
def test_a_file_entry_that_is_refused(folder: Folder, entries: list[t.Any], sentence: str) -> None:
    assert sentence in folder.fails(entries=entries)


def test_a_really_full_disk(tmp_path: Path) -> None:
    """The kernel's own refusal, on a file system of 64 KiB: the second file no longer fits beside
    the first ones."""
    if (
        shutil.which("mount") is None
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], check=False
        ).returncode
    ):
        pytest.skip("this user may not mount a small file system")
    try:
        paths = [tmp_path / "a.xml", tmp_path / "b.xml"]
        for path in paths:
            path.write_text(f"<a><b>old</b><c>{'x' * 15000}</c></a>")
        before = [
            (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes()) for path in paths
        ]
        with pytest.raises(OperatorError, match="no space left on device"):
            patch_files(
                [
                    {"path": str(path), "edits": [{"xpath": "/a/b", "text": "new"}]}
                    for path in paths
                ],
                backup=True,
            )
        assert [
            (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes()) for path in paths
        ] == before
        assert sorted(tmp_path.iterdir()) == paths
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)
