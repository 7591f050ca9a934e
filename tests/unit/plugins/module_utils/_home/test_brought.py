# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What was brought to a host for an installation, against another account on that host."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
import typing as t
import zipfile
from pathlib import Path

import pytest
import yaml

STRANGER = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another account")


def checksum(path: Path) -> str:
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def archive(path: Path, start_script: str, padding: int = 0) -> Path:
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("product/bin/wso2server.sh", start_script)
        target.writestr("product/padding", b"x" * padding)
    return path


def jar(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def once_open(path: Path, act: t.Callable[[], t.Any]) -> threading.Thread:
    """Acts as soon as this process has the file open, as a watcher of another account would."""

    def watch() -> None:
        limit = time.monotonic() + 20
        while time.monotonic() < limit:
            for entry in os.scandir("/proc/self/fd"):
                try:
                    if os.readlink(entry.path) == str(path):
                        act()
                        return
                except OSError:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    return watcher


@needs_root
def test_an_archive_exchanged_after_it_was_hashed_is_not_what_is_installed(
    tmp_path: Path, run_module: t.Callable[..., dict[str, t.Any]]
) -> None:
    good = archive(tmp_path / "product.zip", "echo GOOD\n", padding=80_000_000)
    wanted = checksum(good)
    evil = archive(tmp_path / "evil.zip", "echo EVIL\n")
    watcher = once_open(good, lambda: evil.rename(good))
    result = run_module(
        "carbon_install",
        {
            "home": str(tmp_path / "home"),
            "archive": str(good),
            "archive_checksum": wanted,
            "owner": "root",
            "group": "root",
        },
    )
    watcher.join()
    assert not evil.exists(), "the archive was never exchanged, so nothing was tried"
    assert result.get("failed") or "GOOD" in (tmp_path / "home/bin/wso2server.sh").read_text()


def library(home: Path, source: Path, wanted: str) -> dict[str, t.Any]:
    return {
        "home": str(home),
        "library": str(source),
        "library_name": "driver-1.0.jar",
        "library_checksum": wanted,
        "owner": "root",
        "group": "root",
    }


@pytest.fixture
def product(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    (home / "bin/wso2server.sh").write_text("")
    (home / "repository/components/lib").mkdir(parents=True)
    (home / "repository/components/dropins").mkdir(parents=True)
    return home


def staged_by_stranger(path: Path) -> None:
    os.chown(path, STRANGER, STRANGER)


def writable_by_all(path: Path) -> None:
    path.chmod(0o666)


def behind_a_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@needs_root
@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (staged_by_stranger, "can be changed by another user"),
        (writable_by_all, "can be changed by another user"),
        (behind_a_link, "cannot be read from"),
        (a_pipe, "cannot be read from"),
    ],
)
@pytest.mark.parametrize("kind", ["archive", "library"])
def test_what_another_account_could_change_is_refused(
    tmp_path: Path,
    product: Path,
    run_module: t.Callable[..., dict[str, t.Any]],
    kind: str,
    prepare: t.Callable[[Path], None],
    words: str,
) -> None:
    if kind == "archive":
        source = archive(tmp_path / "source", "echo GOOD\n")
        target = tmp_path / "new-home"
        arguments: dict[str, t.Any] = {
            "home": str(target),
            "archive": str(source),
            "archive_checksum": checksum(source),
            "owner": "root",
            "group": "root",
        }
    else:
        source = jar(tmp_path / "source", b"jar")
        target = product / "repository/components/lib/driver-1.0.jar"
        arguments = library(product, source, checksum(source))
    prepare(source)
    result = run_module("carbon_install", arguments)
    assert result.get("failed"), result
    assert words in result["msg"]
    assert "\n" not in result["msg"]
    assert not target.exists()


@needs_root
def test_a_link_at_the_name_of_the_copy_is_not_written_through(
    tmp_path: Path, product: Path, run_module: t.Callable[..., dict[str, t.Any]]
) -> None:
    """A home may still be the service user's when its driver is brought."""
    precious = tmp_path / "precious"
    precious.write_text("precious")
    lib = product / "repository/components/lib"
    for name in ("driver-1.0.jar.new", ".driver-1.0.jar.carbon-ops-new"):
        (lib / name).symlink_to(precious)
    source = jar(tmp_path / "source", b"jar")
    result = run_module("carbon_install", library(product, source, checksum(source)))
    assert result["changed"], result
    assert precious.read_text() == "precious"
    assert precious.stat().st_mode & 0o777 == 0o644
    assert (lib / "driver-1.0.jar").read_bytes() == b"jar"
    assert not (lib / "driver-1.0.jar").is_symlink()


@needs_root
def test_a_folder_of_libraries_that_is_a_link_is_refused(
    tmp_path: Path, product: Path, run_module: t.Callable[..., dict[str, t.Any]]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (product / "repository/components/lib").rename(elsewhere)
    (product / "repository/components/lib").symlink_to(elsewhere)
    source = jar(tmp_path / "source", b"jar")
    result = run_module("carbon_install", library(product, source, checksum(source)))
    assert result.get("failed"), result
    assert list(elsewhere.iterdir()) == []


@needs_root
def test_a_bundle_is_put_into_dropins(
    tmp_path: Path, product: Path, run_module: t.Callable[..., dict[str, t.Any]]
) -> None:
    components = product / "repository/components"
    (components / "lib/driver-1.0.jar").write_text("put there by an earlier release")
    source = jar(tmp_path / "source", b"bundle")
    arguments = {**library(product, source, checksum(source)), "library_folder": "dropins"}
    result = run_module("carbon_install", arguments)
    assert result["changed"], result
    assert result["removed"] == [str(components / "lib/driver-1.0.jar")]
    assert (components / "dropins/driver-1.0.jar").read_bytes() == b"bundle"
    assert list((components / "lib").iterdir()) == []


SHARED_FOLDERS = re.compile(r"(?<![\w-])/(?:var/)?tmp/|/dev/shm/")


def test_no_role_stages_anything_in_a_folder_that_everybody_writes(repository: Path) -> None:
    texts = [
        path
        for folder in ("roles", "playbooks")
        for path in sorted((repository / folder).rglob("*"))
        if path.is_file() and path.suffix in (".yml", ".j2", ".sh", "") and path.name != "README.md"
    ]
    assert len(texts) > 100
    found = [str(path) for path in texts if SHARED_FOLDERS.search(path.read_text())]
    assert found == []


def test_every_file_that_the_installation_brings_is_roots_alone(repository: Path) -> None:
    tasks = repository / "roles" / "carbon_server" / "tasks"
    brought = []

    def walk(items: list[dict[str, t.Any]]) -> None:
        for item in items:
            walk(item.get("block", []))
            for name in ("ansible.builtin.copy", "ansible.builtin.get_url"):
                brought.extend([item[name]] if name in item else [])
            if "community.general.maven_artifact" in item:
                brought.append(item["community.general.maven_artifact"])

    for name in ("fetch_archive.yml", "install.yml", "membership_jar.yml"):
        walk(yaml.safe_load((tasks / name).read_text()))
    assert len(brought) == 7
    for arguments in brought:
        assert "__carbon_server_fetched" in arguments["dest"]
        assert (arguments["owner"], arguments["group"], arguments["mode"]) == (
            "root",
            "root",
            "0600",
        )
    folders = yaml.safe_load((tasks / "staging.yml").read_text())[0]
    assert folders["ansible.builtin.file"]["owner"] == "root"
    assert [entry["mode"] for entry in folders["loop"]] == ["0755", "0700"]
