# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Whole files, folders and links of a host: all looked at first, then brought about together."""

from __future__ import annotations

import contextlib
import os
import stat
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from .._errors import OperatorError
from .backups import back_up
from .transaction import (
    Source,
    check_writable,
    exclusive,
    keep_in_manifest,
    kept_file,
    read_source,
    replace_files,
)


@dataclass(frozen=True)
class Owned:
    """The numbers of the owner and the group and the mode of a path. None: those that it has, or of
    the running user where it is made."""

    owner: int | None
    group: int | None
    mode: int

    def of(self, status: os.stat_result | None) -> tuple[int, int, int]:
        """All three, for a path that has this status now."""
        owner = os.geteuid() if status is None else status.st_uid
        group = os.getegid() if status is None else status.st_gid
        return (
            owner if self.owner is None else self.owner,
            group if self.group is None else self.group,
            self.mode,
        )


@dataclass(frozen=True)
class Wanted:
    """What must be on the host. Folders are in their order, a folder before those in it."""

    folders: t.Mapping[str, Owned] = field(default_factory=dict)
    files: t.Mapping[str, tuple[bytes, Owned]] = field(default_factory=dict)
    links: t.Mapping[str, str] = field(default_factory=dict)
    absent: t.Sequence[str] = ()


@dataclass
class Found:
    """How a host differs from what is wanted."""

    missing: list[str] = field(default_factory=list)
    contents: list[tuple[Source, bytes]] = field(default_factory=list)
    owned: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    unwanted: list[str] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)
    backup_files: dict[str, str] = field(default_factory=dict)

    @property
    def changed_paths(self) -> list[str]:
        """What is not as wanted, in the order in which it is corrected, each path once."""
        paths = [
            *self.recovered,
            *self.missing,
            *(source.path for source, _content in self.contents),
            *self.owned,
            *self.links,
            *self.unwanted,
        ]
        return list(dict.fromkeys(paths))


def look(wanted: Wanted) -> Found:
    """How the host differs; raises OperatorError where it could not be made as wanted."""
    found = Found()
    for path, owned in wanted.folders.items():
        status = _status(path)
        if status is None:
            _check_parent(path, found.missing)
            found.missing.append(path)
        elif not stat.S_ISDIR(status.st_mode):
            raise OperatorError(f"{path}: exists and is not a folder. Move it away.")
        _note_owned(found, path, owned, status)
    for path, (content, owned) in wanted.files.items():
        source = read_source(path)
        source.wanted = owned.of(source.status)
        if not source.exists or source.raw != content:
            _check_parent(path, found.missing)
            if str(Path(path).parent) not in found.missing:
                check_writable(source)
            found.contents.append((source, content))
        else:
            _note_owned(found, path, owned, source.status)
    for path, target in wanted.links.items():
        is_link = Path(path).is_symlink()
        if os.path.lexists(path) and not is_link:
            raise OperatorError(f"{path}: exists and is not a link. Move it away.")
        if not is_link or os.readlink(path) != target:
            _check_parent(path, found.missing)
            found.links[path] = target
    for path in wanted.absent:
        if os.path.lexists(path):
            if Path(path).is_dir() and not Path(path).is_symlink():
                raise OperatorError(f"{path}: is a folder, and only files and links are removed.")
            found.unwanted.append(path)
    return found


def bring_about(
    wanted: Wanted, *, backup: bool, backup_dir: str | None, reason: str | None = None
) -> Found:
    """Make the host as wanted; raises OperatorError, and then no content was replaced."""
    first = look(wanted)
    made: list[str] = []
    try:
        for path in first.missing:
            _make_folder(path, first.owned[path])
            made.append(path)
        with exclusive(list(wanted.files), backup_dir) as recovered:
            found = look(wanted)
            found.recovered = list(recovered)
            if found.contents:
                found.backup_files = replace_files(
                    found.contents, backup=backup, backup_dir=backup_dir, reason=reason
                )
            if backup:
                _keep_unwanted(found, backup_dir, reason)
            _set_owned(found.owned)
    except BaseException:
        for path in reversed(made):
            with contextlib.suppress(OSError):
                Path(path).rmdir()
        raise
    _set_links(found)
    found.missing = first.missing
    found.owned = {**{path: first.owned[path] for path in made}, **found.owned}
    return found


def _keep_unwanted(found: Found, backup_dir: str | None, reason: str | None) -> None:
    """Copy the files that are about to be removed."""
    sources = [read_source(path) for path in found.unwanted if not Path(path).is_symlink()]
    for source in sources:
        found.backup_files[source.path] = back_up(source, backup_dir)
    if sources and backup_dir and reason is not None:
        keep_in_manifest(
            backup_dir, [kept_file(source, found.backup_files, reason) for source in sources]
        )


def _status(path: str) -> os.stat_result | None:
    try:
        return Path(path).stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OperatorError(f"{path}: cannot be checked ({_reason(error)}).") from None


def _check_parent(path: str, missing: t.Sequence[str]) -> None:
    parent = str(Path(path).parent)
    if parent not in missing and not Path(parent).is_dir():
        raise OperatorError(f"{path}: its folder {parent} does not exist. Name it among folders.")


def _note_owned(found: Found, path: str, owned: Owned, status: os.stat_result | None) -> None:
    now = None if status is None else (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))
    if now != owned.of(status):
        found.owned[path] = owned.of(status)


def _make_folder(path: str, owned: tuple[int, int, int]) -> None:
    try:
        Path(path).mkdir(mode=0o700)
    except OSError as error:
        raise OperatorError(f"{path}: cannot be made ({_reason(error)}).") from None
    _set_owned({path: owned})


def _set_owned(wanted: t.Mapping[str, tuple[int, int, int]]) -> None:
    for path, (owner, group, mode) in wanted.items():
        try:
            os.chown(path, owner, group)
            Path(path).chmod(mode)
        except OSError as error:
            raise OperatorError(
                f"{path}: its owner, group and mode cannot be set ({_reason(error)})."
            ) from None


def _set_links(found: Found) -> None:
    for path, target in found.links.items():
        new = Path(path).with_name(f".{Path(path).name}.carbon-ops-link")
        try:
            with contextlib.suppress(FileNotFoundError):
                new.unlink()
            new.symlink_to(target)
            new.rename(path)
        except OSError as error:
            raise OperatorError(f"{path}: the link cannot be made ({_reason(error)}).") from None
    for path in found.unwanted:
        try:
            Path(path).unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise OperatorError(f"{path}: cannot be removed ({_reason(error)}).") from None


def _reason(error: OSError) -> str:
    return (error.strerror or error.__class__.__name__).lower()
