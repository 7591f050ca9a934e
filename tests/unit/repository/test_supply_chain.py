# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What comes to a host: files with a checksum, and packages of its distribution by their names."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import yaml

from tests.support.paths import REPOSITORY

# Whatever brings files or packages to a host, or tells a host where to fetch them from.
BRINGING = re.compile(
    r"(apt|apk|dnf5?|yum|zypper|package|pip|npm|gem|git|subversion|unarchive|get_url|uri|snap|flatpak"
    r"|apt_key|apt_repository|deb822_repository|yum_repository|rpm_key|maven_artifact|homebrew|docker_\w+)\Z"
)
BY_NAME = {"ansible.builtin.package", "ansible.builtin.apt"}
INSTALL = "carbon_ops.key_manager.carbon_install"
BY_CHECKSUM = {"ansible.builtin.get_url", "community.general.maven_artifact"}
# Options by which a package needs no signature, or comes from elsewhere.
WAIVING = {"allow_unauthenticated", "disable_gpg_check", "force", "deb", "allow_downgrade"}
# A command that fetches by itself.
FETCHING = re.compile(r"\b(curl|wget|pip3?|dnf|yum|apt-get|rpm|npm|git)\b")
Task = t.Dict[str, t.Any]


def tasks() -> t.Iterator[tuple[Path, Task]]:
    def walk(items: t.Any) -> t.Iterator[Task]:
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict):
                yield item
                for key in (
                    "block",
                    "rescue",
                    "always",
                    "tasks",
                    "pre_tasks",
                    "post_tasks",
                    "handlers",
                ):
                    yield from walk(item.get(key))

    for folder in ("roles/*/tasks", "roles/*/handlers", "playbooks", "playbooks/parts"):
        for path in sorted(REPOSITORY.glob(f"{folder}/*.yml")):
            for task in walk(yaml.safe_load(path.read_text(encoding="utf-8"))):
                yield path, task


def bringing() -> list[tuple[Path, str, Task]]:
    return [
        (path, name, task)
        for path, task in tasks()
        for name in task
        if BRINGING.match(name.rpartition(".")[2])
    ]


def test_packages_come_from_the_distribution_and_files_with_a_checksum() -> None:
    found = bringing()
    assert len(found) > 10
    assert {name for _path, name, _task in found} == BY_NAME | BY_CHECKSUM
    for path, name, task in found:
        assert not WAIVING & set(task[name]), (path, task["name"])


def test_no_package_is_named_by_a_place() -> None:
    named = 0
    for path in sorted(REPOSITORY.glob("roles/*/*/*.yml")):
        for key, value in pairs(yaml.safe_load(path.read_text(encoding="utf-8"))):
            if key in ("packages", "java_package") or key.endswith("_packages"):
                names = value if isinstance(value, list) else [value]
                named += len(names)
                assert not [name for name in names if "://" in str(name) or ".rpm" in str(name)], (
                    path
                )
    assert named > 10


def pairs(value: t.Any) -> t.Iterator[tuple[str, t.Any]]:
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in items:
        yield str(key), item
        yield from pairs(item)


def test_a_download_is_compared_with_the_checksum_of_the_inventory() -> None:
    downloads = [item for item in bringing() if item[1] in BY_CHECKSUM]
    assert len(downloads) >= 4
    for path, name, task in downloads:
        if name == "ansible.builtin.get_url":
            assert task[name]["checksum"].endswith(".checksum }}"), (path, task["name"])


def test_what_is_installed_is_what_has_the_checksum() -> None:
    """Whoever brought it, from a repository of Maven or by hand: the module itself hashes it."""
    installing = [
        (path, task[INSTALL], kind)
        for path, task in tasks()
        for kind in ("archive", "library")
        if kind in task.get(INSTALL, {})
    ]
    assert len(installing) >= 3
    for path, arguments, kind in installing:
        assert ".checksum" in arguments[f"{kind}_checksum"], path


def test_no_command_fetches_anything() -> None:
    commands = [
        (path, str(task[name]))
        for path, task in tasks()
        for name in task
        if name.rpartition(".")[2] in ("command", "shell", "raw", "script")
    ]
    assert len(commands) > 10
    assert [item for item in commands if FETCHING.search(item[1])] == []


def test_actions_of_the_forge_are_commits() -> None:
    """A tag can be moved to another commit by whoever has the action's repository."""
    used = [
        line.strip()
        for path in sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if "uses:" in line
    ]
    assert len(used) == 4
    pinned = re.compile(r"(- )?uses: [\w-]+/[\w-]+@[0-9a-f]{40}  # v[\d.]+")
    assert [line for line in used if not pinned.fullmatch(line)] == []
