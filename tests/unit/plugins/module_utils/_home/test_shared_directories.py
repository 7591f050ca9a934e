# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import errno
import multiprocessing
import os
import re
import shutil
import typing as t
from pathlib import Path

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._errors import OperatorError
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home import shared_directories
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._home.shared_directories import (
    Link,
    share_directory,
    share_identity,
)

FORK = multiprocessing.get_context("fork")
STOCK = {
    "server/webapps/services.war": b"PK\x03\x04",
    "server/axis2services/echo.aar": b"one",
    "server/userstores/.keep": b"",
    "server/note with blank.txt": "ü".encode(),
}


@pytest.fixture(autouse=True)
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Disks of machines that run tests are busy; what is handed to them is told instead."""
    directories: list[Path] = []
    monkeypatch.setattr(shared_directories, "_flush", directories.append)
    return directories


@pytest.fixture
def share(tmp_path: Path) -> Path:
    directory = tmp_path / "share"
    directory.mkdir()
    return directory


def home_with(directory: Path, files: dict[str, bytes]) -> Link:
    link = Link(directory / "repository" / "deployment", directory.parent / "share" / "Deployment")
    link.path.mkdir(parents=True)
    fill(link.path, files)
    (link.path / "server" / "empty").mkdir(parents=True, exist_ok=True)
    (link.path / "latest").symlink_to("server/webapps")
    return link


def fill(directory: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def tree(directory: Path) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        found[name] = (
            os.readlink(path)
            if path.is_symlink()
            else path.read_bytes()
            if path.is_file()
            else None
        )
    return found


def full(files: dict[str, bytes], tmp_path: Path) -> dict[str, t.Any]:
    example = home_with(tmp_path / "example", files)
    content = tree(example.path)
    shutil.rmtree(tmp_path / "example")
    return content


def beside(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir())


def test_first_node_fills_the_share_and_a_second_run_changes_nothing(
    tmp_path: Path, share: Path
) -> None:
    link, content = home_with(tmp_path / "n1", STOCK), full(STOCK, tmp_path)
    outcome = share_directory(link, "n1")
    assert (outcome.action, outcome.kept) == ("carried over", None)
    assert os.readlink(link.path) == str(link.target)
    assert tree(link.target) == content
    assert beside(link.path) == ["deployment"]
    assert beside(link.target) == ["Deployment"]
    before = {path: os.lstat(path).st_mtime_ns for path in [*tmp_path.rglob("*")]}
    assert share_directory(link, "n1").action == "unchanged"
    assert {path: os.lstat(path).st_mtime_ns for path in [*tmp_path.rglob("*")]} == before


def test_second_node_with_the_same_stock_is_linked_and_keeps_nothing(
    tmp_path: Path, share: Path
) -> None:
    share_directory(home_with(tmp_path / "n1", STOCK), "n1")
    fill(share / "Deployment", {"server/webapps/made-by-node-1.war": b"x"})
    link = home_with(tmp_path / "n2", STOCK)
    outcome = share_directory(link, "n2")
    assert (outcome.action, outcome.kept) == ("linked", None)
    assert beside(link.path) == ["deployment"]
    assert (link.path / "server/webapps/made-by-node-1.war").read_bytes() == b"x"


DIFFERENT: list[tuple[str, dict[str, bytes], str]] = [
    ("other content", {"server/axis2services/echo.aar": b"two"}, "server/axis2services/echo.aar"),
    ("other size", {"server/webapps/services.war": b"PK"}, "server/webapps/services.war"),
    (
        "a file more",
        {"server/userstores/bank.xml": b"<UserStoreManager/>"},
        "server/userstores/bank.xml",
    ),
    ("a directory for a file", {"server/userstores/.keep/x": b""}, "server/userstores/.keep"),
]


@pytest.mark.parametrize(
    ("files", "difference"), [case[1:] for case in DIFFERENT], ids=[case[0] for case in DIFFERENT]
)
def test_what_a_node_has_of_its_own_is_kept(
    tmp_path: Path, share: Path, files: dict[str, bytes], difference: str
) -> None:
    share_directory(home_with(tmp_path / "n1", STOCK), "n1")
    shared = tree(share)
    stock = {
        name: content
        for name, content in STOCK.items()
        if not any(other.startswith(name + "/") for other in files)
    }
    link = home_with(tmp_path / "n2", {**stock, **files})
    own = tree(link.path)
    outcome = share_directory(link, "n2")
    assert outcome.kept == link.path.with_name("deployment.before-sharing")
    assert outcome.differences == (difference,)
    assert tree(outcome.kept) == own
    assert tree(share) == shared
    assert share_directory(link, "n2").action == "unchanged"
    assert tree(outcome.kept) == own


def test_a_link_with_another_destination_is_a_difference(tmp_path: Path, share: Path) -> None:
    share_directory(home_with(tmp_path / "n1", STOCK), "n1")
    link = home_with(tmp_path / "n2", STOCK)
    (link.path / "latest").unlink()
    (link.path / "latest").symlink_to("elsewhere")
    assert share_directory(link, "n2").differences == ("latest",)


def test_kept_content_never_replaces_earlier_kept_content(tmp_path: Path, share: Path) -> None:
    share_directory(home_with(tmp_path / "n1", STOCK), "n1")
    link = home_with(tmp_path / "n2", {"a": b"new"})
    fill(link.path.with_name("deployment.before-sharing"), {"a": b"old"})
    fill(link.path.with_name("deployment.carried-over"), {"a": b"older"})
    outcome = share_directory(link, "n2")
    assert outcome.kept == link.path.with_name("deployment.before-sharing.3")
    names = [f"deployment.before-sharing{suffix}" for suffix in ("", ".2", ".3")]
    assert beside(link.path) == ["deployment", *names]
    assert [(link.path.with_name(name) / "a").read_bytes() for name in names] == [
        b"old",
        b"older",
        b"new",
    ]


@pytest.mark.parametrize("shape", ["empty", "missing"])
@pytest.mark.parametrize("target", ["empty", "missing"])
def test_nothing_to_carry_over(tmp_path: Path, share: Path, shape: str, target: str) -> None:
    link = Link(tmp_path / "n1" / "repository" / "tenants", share / "Tenants")
    link.path.parent.mkdir(parents=True)
    if shape == "empty":
        link.path.mkdir()
    if target == "empty":
        link.target.mkdir()
    assert share_directory(link, "n1").action == "linked"
    assert link.path.is_symlink()
    assert tree(link.target) == {}
    assert beside(link.path) == ["tenants"]


def test_an_empty_directory_that_was_made_on_the_share_beforehand_is_filled(
    tmp_path: Path, share: Path
) -> None:
    (share / "Deployment").mkdir()
    link, content = home_with(tmp_path / "n1", STOCK), full(STOCK, tmp_path)
    assert share_directory(link, "n1").action == "carried over"
    assert tree(link.target) == content


def test_what_cannot_be_copied_stops_the_run_and_stays(tmp_path: Path, share: Path) -> None:
    link = home_with(tmp_path / "n1", STOCK)
    os.mkfifo(link.path / "pipe")
    with pytest.raises(OperatorError, match=r"pipe cannot be copied to .* Nothing was changed"):
        share_directory(link, "n1")
    assert (link.path / "pipe").is_fifo()
    assert tree(share) == {}


def test_a_copy_is_on_the_disk_before_it_is_put_into_place(
    tmp_path: Path, share: Path, flushed: list[Path]
) -> None:
    share_directory(home_with(tmp_path / "n1", STOCK), "n1")
    assert flushed == [share / ".Deployment.n1"]


def test_files_and_directories_are_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home_with(tmp_path / "n1", STOCK)
    seen: list[str] = []
    monkeypatch.undo()
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: seen.append(os.readlink(f"/proc/self/fd/{descriptor}"))
    )
    shared_directories._flush(tmp_path / "n1")
    assert sorted(seen) == sorted(
        str(path)
        for path in [tmp_path / "n1", *(tmp_path / "n1").rglob("*")]
        if not path.is_symlink()
    )


def test_a_full_share_stops_the_run_and_loses_nothing(
    tmp_path: Path, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, content = home_with(tmp_path / "n1", STOCK), full(STOCK, tmp_path)

    def full_disk(directory: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shared_directories, "_flush", full_disk)
        with pytest.raises(OSError, match="No space left"):
            share_directory(link, "n1")
    assert tree(link.path) == content
    assert tree(share) == {}


def test_a_target_that_is_a_file_is_refused(tmp_path: Path, share: Path) -> None:
    (share / "Deployment").write_text("x")
    with pytest.raises(OperatorError, match="Deployment is not a directory"):
        share_directory(home_with(tmp_path / "n1", STOCK), "n1")


def test_an_unexpected_error_of_the_renaming_is_not_taken_for_a_lost_race(
    tmp_path: Path, share: Path
) -> None:
    (share / "Deployment").symlink_to(tmp_path)
    shutil.rmtree(share / "Deployment", ignore_errors=True)
    copy = tmp_path / "copy"
    copy.mkdir()
    with pytest.raises(OSError, match="Not a directory"):
        shared_directories._publish(copy, share / "Deployment")


STEPS = ["rename", "symlink", "mkdir", "unlink", "rmdir"]


def killed_at(step: int, action: t.Callable[[], object]) -> bool:
    """Run in a process of its own that ends, without any clean-up, before its n-th change of the
    file system."""

    def run() -> None:
        count = 0

        def counted(function: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
            def call(*arguments: t.Any, **options: t.Any) -> t.Any:
                nonlocal count
                count += 1
                if count == step:
                    os._exit(9)
                return function(*arguments, **options)

            return call

        for name in STEPS:
            setattr(os, name, counted(getattr(os, name)))
        shutil.copyfile = counted(shutil.copyfile)
        # pathlib of older Pythons keeps the functions it found when it was loaded.
        for name in ("rename", "symlink", "mkdir", "unlink"):
            if hasattr(getattr(__import__("pathlib"), "_normal_accessor", None), name):
                setattr(
                    __import__("pathlib")._NormalAccessor, name, staticmethod(getattr(os, name))
                )
        action()
        os._exit(0)

    process = FORK.Process(target=run)
    process.start()
    process.join(30)
    assert process.exitcode in (0, 9)
    return process.exitcode == 9


@pytest.mark.parametrize(
    "second", [False, True], ids=["first node", "second node with content of its own"]
)
def test_killed_at_any_step_the_next_run_completes(tmp_path: Path, second: bool) -> None:
    content = full(STOCK, tmp_path)
    step = 0
    while True:
        step += 1
        place = tmp_path / str(step)
        (place / "share").mkdir(parents=True)
        if second:
            share_directory(home_with(place / "n1", STOCK), "n1")
        link = home_with(place / "n2", {**STOCK, **({"own": b"own"} if second else {})})
        killed = killed_at(step, lambda link=link: share_directory(link, "n2"))  # type: ignore[misc]
        outcome = share_directory(link, "n2")
        assert link.path.is_symlink()
        assert tree(link.target) == content
        assert beside(link.target) == ["Deployment"]
        kept = link.path.with_name("deployment.before-sharing")
        assert beside(link.path) == (["deployment", kept.name] if second else ["deployment"])
        if second:
            assert (kept / "own").read_bytes() == b"own"
        assert share_directory(link, "n2").action == "unchanged"
        if not killed:
            assert outcome.action == "unchanged"
            break
    assert step > (4 if second else 15)


def test_killed_before_the_link_and_the_share_replaced_meanwhile(
    tmp_path: Path, share: Path
) -> None:
    link, content = home_with(tmp_path / "n1", STOCK), full(STOCK, tmp_path)
    link.path.rename(link.path.with_name("deployment.carried-over"))
    share_directory(link, "n1")
    assert tree(link.target) == content
    assert beside(link.path) == ["deployment"]


@pytest.mark.parametrize("attempt", range(5))
def test_nodes_at_once_do_not_clash(tmp_path: Path, share: Path, attempt: int) -> None:
    files = {**STOCK, **{f"server/many/{number}": b"x" * number for number in range(40)}}
    links = {
        name: home_with(tmp_path / name, {**files, name: name.encode()})
        for name in ("n1", "n2", "n3")
    }
    barrier, results = FORK.Barrier(len(links)), FORK.SimpleQueue()

    def run(name: str) -> None:
        barrier.wait(30)
        results.put((name, share_directory(links[name], name).action))

    processes = [FORK.Process(target=run, args=(name,)) for name in links]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    actions = dict(results.get() for _link in links)
    assert sorted(actions.values()) == ["carried over", "linked", "linked"]
    winner = next(name for name, action in actions.items() if action == "carried over")
    for name, link in links.items():
        assert (share / "Deployment" / name).exists() is (name == winner)
        if name != winner:
            assert (
                link.path.with_name("deployment.before-sharing") / name
            ).read_bytes() == name.encode()
    assert beside(share / "Deployment") == ["Deployment"]


def test_identity_is_made_once_and_tells_the_cluster(share: Path) -> None:
    assert share_identity(share, "obkm", "n1", dry_run=True) == ""
    assert tree(share) == {}
    fill(share / ".carbon-ops.n1", {"left": b"over"})
    first = share_identity(share, "obkm", "n1")
    assert re.fullmatch(r"[0-9a-f-]{36}", first)
    assert share_identity(share, "obkm", "n2") == first
    assert sorted(tree(share)) == [".carbon-ops", ".carbon-ops/share.json"]
    with pytest.raises(OperatorError, match="belongs to the cluster obkm"):
        share_identity(share, "other", "n1")
    (share / ".carbon-ops" / "share.json").write_text("[]")
    with pytest.raises(OperatorError, match="cannot be understood"):
        share_identity(share, "obkm", "n1")


def test_of_two_identities_made_at_once_the_first_counts(
    share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = shared_directories._publish

    def late(copy: Path, target: Path) -> bool:
        fill(target, {"share.json": b'{"cluster": "obkm", "id": "the-first"}'})
        return publish(copy, target)

    monkeypatch.setattr(shared_directories, "_publish", late)
    assert share_identity(share, "obkm", "n2") == "the-first"
    assert beside(share / ".carbon-ops") == [".carbon-ops"]


MOUNTINFO = (
    "36 35 98:0 /mnt1 / rw,noatime - ext3 /dev/root rw\n37 36 0:50 /export /srv/my\\040share rw -"
    " nfs4 nas:/export rw\nbroken\n"
)


def test_mount_points_are_read() -> None:
    assert shared_directories.mount_points(MOUNTINFO) == {"/", "/srv/my share"}


def test_only_a_mount_point_will_do(tmp_path: Path) -> None:
    info = tmp_path / "mountinfo"
    info.write_text(MOUNTINFO)
    with pytest.raises(OperatorError, match=r"is not a mount point on this host"):
        shared_directories.check_mounted(tmp_path, info)
    with pytest.raises(OperatorError, match=r"cannot be read \(No such file or directory\)"):
        shared_directories.check_mounted(tmp_path / "missing", info)
    info.write_text(f"36 35 98:0 / {tmp_path} rw - ext4 /dev/vda rw\n")
    shared_directories.check_mounted(tmp_path, info)


def test_owner_is_compared_by_number(tmp_path: Path) -> None:
    shared_directories.check_owner(tmp_path, "wso2", tmp_path.stat().st_uid)
    with pytest.raises(
        OperatorError,
        match=r"belongs to user number \d+, but wso2 has the number 4711 .*cluster_service_uid",
    ):
        shared_directories.check_owner(tmp_path, "wso2", 4711)


def started(link: Link) -> Path:
    home = link.path.parents[1]
    fill(home, {"repository/logs/wso2carbon.log": b"TID: ..."})
    return home


def test_a_home_that_has_run_is_left_alone_unless_allowed(tmp_path: Path, share: Path) -> None:
    link = home_with(tmp_path / "n1", STOCK)
    processes = tmp_path / "proc"
    fill(
        processes,
        {
            "1/cmdline": b"/sbin/init\0",
            "self/cmdline": b"",
            "12/cmdline": b"java\0-Dcarbon.home=/opt/wso2/other\0",
        },
    )
    (processes / "13").mkdir()
    (processes / "13" / "cmdline").mkdir()
    shared_directories.check_home(tmp_path / "n1", [link], False, processes)
    home = started(link)
    with pytest.raises(
        OperatorError,
        match=r"has already run with its own repository/deployment.*\[shared_directories\]",
    ):
        shared_directories.check_home(home, [link], False, processes)
    shared_directories.check_home(home, [link], True, processes)
    fill(processes, {"14/cmdline": b"java\0-Dcarbon.home=" + os.fsencode(home) + b"\0"})
    with pytest.raises(OperatorError, match="the server is running"):
        shared_directories.check_home(home, [link], True, processes)
    link.path.rename(tmp_path / "away")
    link.target.mkdir()
    link.path.symlink_to(link.target)
    shared_directories.check_home(home, [link], False, processes)


def test_links_that_lead_elsewhere_are_refused(tmp_path: Path, share: Path) -> None:
    link = home_with(tmp_path / "n1", STOCK)
    home = tmp_path / "n1"
    shutil.rmtree(link.path)
    link.path.symlink_to(share / "Other")
    with pytest.raises(OperatorError, match="is a link to .*/Other, not to .*/Deployment"):
        shared_directories.check_home(home, [link], True)
    link.path.unlink()
    link.path.symlink_to(link.target)
    with pytest.raises(OperatorError, match="points to .*/Deployment, which is not on the share"):
        shared_directories.check_home(home, [link], True)
    link.target.mkdir()
    (link.target / "server").mkdir()
    with pytest.raises(OperatorError, match="is itself a link out of the product home"):
        shared_directories.check_home(
            home, [Link(link.path / "server" / "userstores", share / "Userstores")], True
        )
    link.path.unlink()
    link.path.write_text("x")
    with pytest.raises(OperatorError, match="neither a directory nor a link"):
        shared_directories.check_home(home, [link], True)


def test_one_run_at_a_time(tmp_path: Path) -> None:
    order = FORK.SimpleQueue()

    def second() -> None:
        with shared_directories.one_run_at_a_time(tmp_path):
            order.put("second")

    with shared_directories.one_run_at_a_time(tmp_path):
        process = FORK.Process(target=second)
        process.start()
        process.join(0.3)
        assert process.is_alive()
        order.put("first")
    process.join(30)
    assert [order.get(), order.get()] == ["first", "second"]
