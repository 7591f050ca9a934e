# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Root edits files in folders of the service user, who does there what he can."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import pwd
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    patch_files,
)
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._files import transaction
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home import acting

SERVICE_USER = 65534
OLD = '{\n  "proxyHost": "old"\n}\n'
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another account")


class Host:
    """A product home of root's with a folder of the service user, and a folder that is neither."""

    def __init__(self, path: Path) -> None:
        self.conf = path / "home" / "conf"
        self.own = path / "home" / "deployment"
        self.roots = path / "etc"
        for folder in (self.conf, self.own, self.roots):
            folder.mkdir(parents=True)
        self.roots.chmod(0o700)
        self.site = self.own / "site.json"
        self.precious = self.roots / "precious.json"
        for file in (self.site, self.precious):
            file.write_text(OLD)
        os.chown(self.own, SERVICE_USER, SERVICE_USER)
        os.chown(self.site, SERVICE_USER, SERVICE_USER)

    def link(self, path: Path, target: Path, owner: int = SERVICE_USER) -> None:
        if path.is_dir():
            path.rename(path.with_name(path.name + ".kept"))
        elif path.exists():
            path.unlink()
        path.symlink_to(target)
        os.lchown(path, owner, owner)

    def edit(self, path: Path | None = None, **options: t.Any) -> t.Any:
        edits = [{"key": "proxyHost", "value": "new"}]
        entry = {"path": str(path or self.site), "format": "json", "edits": edits}
        return patch_files([entry], **options)

    def refused(self, path: Path | None = None, **options: t.Any) -> str:
        with pytest.raises(OperatorError) as caught:
            self.edit(path, **options)
        assert "\n" not in str(caught.value)
        return str(caught.value)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_a_file_that_became_a_link_to_roots_is_not_edited(host: Host) -> None:
    host.link(host.site, host.precious)
    for check_mode in (True, False):
        assert "a link of another user" in host.refused(check_mode=check_mode)
    assert host.precious.read_text() == OLD
    assert sorted(path.name for path in host.roots.iterdir()) == ["precious.json"]


def test_a_folder_that_became_a_link_to_roots_is_not_entered(host: Host) -> None:
    deeper = host.own / "apps"
    deeper.mkdir()
    host.link(deeper, host.roots)
    assert "a link of another user" in host.refused(deeper / "precious.json")
    assert host.precious.read_text() == OLD


def test_a_file_that_is_missing_is_not_made_behind_a_link(host: Host) -> None:
    path = host.own / "made.properties"
    host.link(path, host.roots / "made.properties")
    entry = {
        "path": str(path),
        "format": "properties",
        "create": True,
        "edits": [{"key": "a", "value": "b"}],
    }
    with pytest.raises(OperatorError, match="a link of another user"):
        patch_files([entry])
    assert sorted(entry.name for entry in host.roots.iterdir()) == ["precious.json"]


def test_links_that_may_be_are_followed(host: Host, tmp_path: Path) -> None:
    """Into the share, by root's link and by the service user's own."""
    share = tmp_path / "share"
    share.mkdir()
    os.chown(share, SERVICE_USER, SERVICE_USER)
    for name, owner in (("of-root", 0), ("of-service-user", SERVICE_USER)):
        file = share / f"{name}.json"
        file.write_text(OLD)
        os.chown(file, SERVICE_USER, SERVICE_USER)
        host.link(host.own / name, share, owner)
        assert host.edit(host.own / name / file.name).changed
        assert '"new"' in file.read_text()
        assert (file.stat().st_uid, file.stat().st_gid) == (SERVICE_USER, SERVICE_USER)


def test_a_folder_that_is_exchanged_during_the_run_changes_nothing_elsewhere(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    apps = host.own / "apps"
    apps.mkdir()
    file = apps / "precious.json"
    file.write_text(OLD)
    for path in (apps, file):
        os.chown(path, SERVICE_USER, SERVICE_USER)
    real = transaction.replace_files

    def exchanged(*arguments: t.Any, **options: t.Any) -> t.Any:
        host.link(apps, host.roots)
        return real(*arguments, **options)

    monkeypatch.setattr(
        "ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch"
        ".replace_files",
        exchanged,
    )
    with pytest.raises(OperatorError):
        host.edit(file)
    assert host.precious.read_text() == OLD
    assert sorted(path.name for path in host.roots.iterdir()) == ["precious.json"]


def test_a_file_without_end_is_refused(host: Host) -> None:
    os.truncate(host.site, 1 << 40)
    assert "is larger than 64 MiB." in host.refused()


def test_backups_are_not_put_where_the_service_user_could_exchange_them(
    host: Host, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    os.chown(state, SERVICE_USER, SERVICE_USER)
    backups = state / "backup"
    sentence = "another user can exchange what lies in"
    # The folder is still to be made, it is a link, it is the service user's.
    assert sentence in host.refused(backup=True, backup_dir=str(backups))
    host.link(backups, host.roots)
    assert sentence in host.refused(backup=True, backup_dir=str(backups))
    backups.unlink()
    backups.mkdir()
    os.chown(backups, SERVICE_USER, SERVICE_USER)
    assert sentence in host.refused(backup=True, backup_dir=str(backups))
    assert list(backups.iterdir()) == []
    assert sorted(path.name for path in host.roots.iterdir()) == ["precious.json"]
    assert host.site.read_text() == OLD
    writable = tmp_path / "writable"
    writable.mkdir()
    writable.chmod(0o777)
    assert sentence in host.refused(backup=True, backup_dir=str(writable))


def test_backups_in_a_folder_of_roots_are_made(host: Host, tmp_path: Path) -> None:
    folder = tmp_path / "root" / "backup" / "obkm"
    host.edit(backup=True, backup_dir=str(folder))
    [backup] = folder.iterdir()
    assert backup.read_text() == OLD


def journal_of(entries: list[list[t.Any]]) -> bytes:
    body = json.dumps(entries).encode("ascii")
    return hashlib.sha256(body).hexdigest().encode("ascii") + b"\n" + body


def test_a_stolen_journal_takes_nothing_back(host: Host) -> None:
    """The service user kept root's journal from an earlier run, and puts it and the old file
    there."""
    made = host.conf / "hazelcast.properties"
    made.write_text("a=b\n")

    def digest(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    stolen = host.own / ".site.json.carbon-ops-journal"
    stolen.write_bytes(
        journal_of([[str(host.site), digest(OLD), "0" * 64], [str(made), None, digest("a=b\n")]])
    )
    stolen.chmod(0o600)
    host.edit()
    assert made.read_text() == "a=b\n"
    assert '"new"' in host.site.read_text()


def test_journal_beside_roots_files_still_finishes_what_was_begun(host: Host) -> None:
    """The new content of the service user's file waits beside it, the journal in root's folder."""
    carbon = host.conf / "carbon.json"
    carbon.write_text(OLD.replace("old", "new"))
    waiting = host.own / ".site.json.carbon-ops-new"
    waiting.write_text(OLD.replace("old", "new"))
    os.chown(waiting, SERVICE_USER, SERVICE_USER)
    before, after = (
        hashlib.sha256(text.encode()).hexdigest() for text in (OLD, OLD.replace("old", "new"))
    )
    journal = host.conf / ".carbon.json.carbon-ops-journal"
    journal.write_bytes(journal_of([[str(carbon), before, after], [str(host.site), before, after]]))
    journal.chmod(0o600)
    result = host.edit(carbon)
    assert result.changed_files == [str(host.site)]
    assert '"new"' in host.site.read_text()
    assert not journal.exists() and not waiting.exists()


EDIT = """
import sys
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._editor.patch import (
    patch_files,
)
patch_files([{"path": sys.argv[1], "format": "json", "edits": [{"key": "proxyHost", "value": "new"}]}])
"""


def test_a_lock_of_the_service_user_keeps_nobody_away(host: Host) -> None:
    held = os.open(host.conf, os.O_RDONLY)
    file = host.conf / "carbon.json"
    file.write_text(OLD)
    fcntl.flock(held, fcntl.LOCK_EX)
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", EDIT, str(file)],
        check=True,
        timeout=30,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert time.monotonic() - begun < 20
    os.close(held)
    assert '"new"' in file.read_text()


def locks_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> t.Any:
    """Without the machine's own lock, so that only folders are locked."""
    from ansible_collections.carbon_ops.key_manager.plugins.module_utils._files import locks

    monkeypatch.setattr(locks, "MACHINE", str(tmp_path / "not-there" / "lock"))
    monkeypatch.setattr(locks, "LOCK_SECONDS", 0.2)
    return locks


def test_a_lock_of_another_run_is_not_waited_for_for_ever(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks_of(monkeypatch, tmp_path)
    with transaction.exclusive([str(host.site)]):
        assert f"{host.own}: another run has been editing files there" in host.refused()
    assert host.edit().changed


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(fcntl, "flock", refused)


@pytest.mark.usefixtures("without_locks")
def test_without_locks_one_run_at_a_time(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two controllers on a share: before, the second removed what the first was about to put in
    place."""
    if hasattr(transaction, "Locks"):
        locks_of(monkeypatch, tmp_path)
    waiting = host.own / ".site.json.carbon-ops-new"
    with transaction.exclusive([str(host.site)]):
        waiting.write_text("what the first run is about to put in place")
        assert "another run has been editing files there" in host.refused()
        assert waiting.exists()
    assert host.edit().changed
    assert sorted(path.name for path in host.own.iterdir()) == ["site.json"]


@pytest.mark.usefixtures("without_locks")
def test_without_locks_a_killed_run_keeps_nobody_away(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks = locks_of(monkeypatch, tmp_path)
    left = host.own / locks.LOCK_FILE
    left.write_text("")
    os.utime(left, (1, 1))
    assert host.edit().changed
    assert sorted(path.name for path in host.own.iterdir()) == ["site.json"]


def of_the_service_user(lock: Path) -> None:
    """Never stale: it says that it was made in an hour."""
    lock.write_text("")
    os.chown(lock, SERVICE_USER, SERVICE_USER)
    os.utime(lock, (time.time() + 3600,) * 2)


def an_old_folder(lock: Path) -> None:
    """Stale, and cannot be removed as a file is."""
    lock.mkdir()
    os.chown(lock, SERVICE_USER, SERVICE_USER)
    os.utime(lock, (1, 1))


def a_link_to_itself(lock: Path) -> None:
    lock.symlink_to(lock.name)


@pytest.mark.usefixtures("without_locks")
@pytest.mark.parametrize("make", [of_the_service_user, an_old_folder, a_link_to_itself])
def test_without_locks_the_service_user_keeps_nobody_away(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: t.Callable[[Path], None]
) -> None:
    locks = locks_of(monkeypatch, tmp_path)
    monkeypatch.setattr(locks.Locks, "_lock_machine", lambda _self: True)
    monkeypatch.setattr(locks, "STRANGER_SECONDS", 0.1)
    monkeypatch.setattr(locks, "LOCK_SECONDS", 5.0)
    make(host.own / locks.LOCK_FILE)
    begun = time.monotonic()
    assert host.edit().changed
    assert time.monotonic() - begun < 3
    assert '"new"' in host.site.read_text()


@pytest.mark.parametrize("writable", [True, False], ids=["by the service user", "by root only"])
def test_a_share_that_is_exchanged_while_it_is_made_gives_nothing_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writable: bool
) -> None:
    user = pwd.getpwuid(SERVICE_USER)
    # The folders that pytest made let nobody else in.
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o077:
            break
        folder.chmod(0o711)
    mount = tmp_path / "mount"
    mount.mkdir()
    precious = tmp_path / "precious"
    precious.mkdir()
    if writable:
        os.chown(mount, SERVICE_USER, SERVICE_USER)
    real = os.mkdir

    def exchanged(path: t.Any, *arguments: t.Any, **options: t.Any) -> None:
        real(path, *arguments, **options)
        if Path(path).name == "share":
            (mount / "share").rmdir()
            (mount / "share").symlink_to(precious)

    monkeypatch.setattr(os, "mkdir", exchanged)
    with contextlib.suppress(OSError, OperatorError):
        acting.make_share(mount / "share", user)
    assert precious.stat().st_uid == 0
