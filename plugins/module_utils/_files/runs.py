# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The backups of a host by run: one folder for each run, with a manifest of the files in it.

A run is named after the time at which it began, so that the order of the names is the order of the
runs. The manifest says for each file that the run replaced, made or removed how it was before; so
the state before any run can be put together from the manifests of this run and of all later ones.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import stat
import time
import typing as t
from dataclasses import asdict, dataclass
from pathlib import Path

from .._errors import OperatorError
from .journal import checksum, remove, sync_directory, write_private
from .places import check_own_folder

MANIFEST = "manifest.json"
RUN_FORM = "%Y%m%dT%H%M%SZ"
_RUN_NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_SECONDS_OF_A_DAY = 86400


@dataclass(frozen=True)
class Kept:
    """A file as it was before a run: the name of its copy in the folder of the run, or None where
    there was no file; the SHA-256 checksum of the copy; mode, owner and group by number; and why
    the run changed it."""

    path: str
    copy: str | None
    checksum: str | None
    mode: int | None
    owner: int | None
    group: int | None
    reason: str


@dataclass(frozen=True)
class Run:
    """One run that kept files, oldest file first."""

    name: str
    folder: Path
    files: tuple[Kept, ...]


def check_run_name(name: str) -> str:
    """The name itself; raises OperatorError where it is none of a run."""
    if not _RUN_NAME.fullmatch(name):
        raise OperatorError(
            f"{name!r} is no name of a run. It must be a UTC time like 20260131T120000Z."
        )
    return name


def note(folder: str, files: t.Sequence[Kept]) -> None:
    """Add files to the manifest of a folder of backups."""
    _write(Path(folder), [*_read(Path(folder)), *files])


def forget(folder: str, files: t.Sequence[Kept]) -> None:
    """Take files that were not changed after all out of the manifest."""
    _write(Path(folder), [kept for kept in _read(Path(folder)) if kept not in files])


def read_runs(base: str) -> list[Run]:
    """The runs whose files are kept below this folder, oldest first. Raises OperatorError for a
    folder in which another user could exchange them."""
    check_own_folder(base)
    try:
        names = sorted(entry.name for entry in os.scandir(base) if entry.is_dir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OperatorError(f"{base}: cannot be read ({(error.strerror or '').lower()}).") from None
    runs = []
    for name in names:
        folder = Path(base, name)
        if _RUN_NAME.fullmatch(name) and (folder / MANIFEST).exists():
            check_own_folder(str(folder))
            runs.append(Run(name, folder, tuple(_read(folder))))
    return runs


def state_before(runs: t.Sequence[Run], name: str) -> dict[str, tuple[Run, Kept]]:
    """How each file that changed in this run or a later one was before it, by path; nothing where
    none of them kept a file. Raises OperatorError for what is no name of a run."""
    check_run_name(name)
    before: dict[str, tuple[Run, Kept]] = {}
    for run in runs:
        if run.name >= name:
            for kept in run.files:
                before.setdefault(kept.path, (run, kept))
    return before


def content_of(run: Run, kept: Kept) -> bytes:
    """The copy of a file. Raises OperatorError where it is no longer what was kept."""
    copy = run.folder / str(kept.copy)
    if checksum(copy) != kept.checksum:
        raise OperatorError(
            f"{copy}: this copy of {kept.path} is missing or was changed since, so run {run.name}"
            " cannot be undone."
        )
    return copy.read_bytes()


def prune(base: str, newest: int, days: int, now: float | None = None) -> list[str]:
    """Remove the folders of old runs, and return their names. The ``newest`` runs stay, and every
    run of the last ``days`` days; 0 keeps all by this measure."""
    runs = read_runs(base)
    oldest = (time.time() if now is None else now) - days * _SECONDS_OF_A_DAY
    limit = time.strftime(RUN_FORM, time.gmtime(oldest))
    removed = []
    for run in runs[: max(0, len(runs) - newest)] if newest else []:
        if days and run.name >= limit:
            continue
        shutil.rmtree(run.folder, ignore_errors=True)
        removed.append(run.name)
    return removed


def _read(folder: Path) -> list[Kept]:
    manifest = folder / MANIFEST
    try:
        descriptor = os.open(manifest, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OperatorError(
            f"{manifest}: cannot be read ({(error.strerror or '').lower()})."
        ) from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OperatorError(f"{manifest}: is not a regular file.")
        content = file.read()
    try:
        return [Kept(**entry) for entry in json.loads(content)["files"]]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise OperatorError(
            f"{manifest}: is no manifest of backups. Move its folder away, then run again."
        ) from None


def _write(folder: Path, files: t.Sequence[Kept]) -> None:
    content = json.dumps({"files": [asdict(kept) for kept in files]}, indent=1).encode("ascii")
    new = folder / f".{MANIFEST}.carbon-ops-new"
    remove([new])
    with contextlib.ExitStack() as stack:
        stack.callback(remove, [new])
        write_private(new, content + b"\n")
        new.rename(folder / MANIFEST)
    sync_directory(folder)
