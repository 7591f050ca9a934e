# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Several homes of one server, of which one is current.

``/opt/wso2/obkm`` is the path that units, settings and product files name. Until the first upgrade
it is the home itself; from then on it is a link into ``/opt/wso2/obkm.homes``, which has a folder
for each archive, named after its checksum. The home in use is exchanged in one step, so that the
path leads to a whole home at any moment.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import shutil
import typing as t
from dataclasses import dataclass
from pathlib import Path

from .._errors import OperatorError
from .._health import record
from . import installation
from .home import started_before

HOMES = ".homes"
# Name of the home that was current before this one, for the way back.
FORMER = "former"
# A home that came from an archive nobody noted.
UNKNOWN = "unknown"

_DIGITS = 16
_RENAME_EXCHANGE = 2
_AT_CWD = -100
# What a folder that became a link held before, as role shared_fs calls it.
_KEPT = ".before-sharing"


@dataclass(frozen=True)
class Homes:
    """The homes of one server by name; ``current`` is "" where nothing is installed."""

    path: Path
    current: str
    former: str
    names: t.Sequence[str]

    def place(self, name: str) -> Path:
        """Where the home of this name is, or will be."""
        if name == self.current and not self.path.is_symlink():
            return self.path
        return folder_of(self.path) / name


def folder_of(home: Path) -> Path:
    """The folder of all homes of a server."""
    return home.with_name(home.name + HOMES)


def name_of(checksum: str) -> str:
    """The name of the home that comes from the archive with this checksum."""
    digits = checksum.strip().lower().partition(":")[2]
    return digits[:_DIGITS] if re.fullmatch("[0-9a-f]+", digits) else UNKNOWN


def look(home: str) -> Homes:
    """Which homes there are. Raises OperatorError for a link that leads elsewhere."""
    path = Path(home)
    folder = folder_of(path)
    names = []
    with contextlib.suppress(FileNotFoundError):
        names = sorted(
            entry.name
            for entry in os.scandir(folder)
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
        )
    current = ""
    if path.is_symlink():
        target = Path(os.path.normpath(path.parent / os.readlink(path)))
        if target.parent != folder:
            raise OperatorError(
                f"{path} is a link to {target}, which this collection did not make. Set"
                " cluster_home to the place that it leads to."
            )
        current = target.name
    elif installation.home_state(home) == "carbon":
        current = name_of(str(installation.read_origin(home).get("checksum") or ""))
    former = ""
    with contextlib.suppress(OSError):
        former = (folder / FORMER).read_text(encoding="utf-8").strip()
    return Homes(path, current, former if former in names else "", names)


def make_folder(homes: Homes) -> None:
    """Make the folder of all homes; nobody but root may exchange what is in it."""
    folder = folder_of(homes.path)
    folder.mkdir(mode=0o755, exist_ok=True)
    folder.chmod(0o755)


def finish(home: str) -> None:
    """Give the home that a killed switch left under its temporary name its own name."""
    beside = _beside(Path(home))
    if beside.is_symlink():
        beside.unlink()
    elif beside.is_dir():
        checksum = str(installation.read_origin(str(beside)).get("checksum") or "")
        beside.rename(folder_of(Path(home)) / name_of(checksum))


def switch(home: str, name: str) -> None:
    """Let the path lead to the home of this name. The server must not run. Raises
    OperatorError."""
    homes = look(home)
    if name not in homes.names:
        raise OperatorError(f"There is no home {name} in {folder_of(homes.path)}.")
    folder = folder_of(homes.path)
    if not homes.path.is_symlink() and (folder / homes.current).exists():
        raise OperatorError(
            f"{folder / homes.current} is in the way of the home in {homes.path}, which came from"
            " the same archive. Move it away."
        )
    record.write_atomically(folder / FORMER, homes.current + "\n")
    beside = _beside(homes.path)
    beside.symlink_to(f"{folder.name}/{name}")
    if homes.path.is_symlink() or not homes.path.exists():
        beside.rename(homes.path)
    else:
        _exchange(beside, homes.path)
        beside.rename(folder / homes.current)
    os.sync()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.carbon-ops-home")


def _exchange(one: Path, other: Path) -> None:
    """Exchange two names in one step; raises OperatorError."""
    library = ctypes.CDLL(None, use_errno=True)
    try:
        renameat2 = library.renameat2
    except AttributeError:
        failed = errno.ENOSYS
    else:
        paths = os.fsencode(one), os.fsencode(other)
        if renameat2(_AT_CWD, paths[0], _AT_CWD, paths[1], _RENAME_EXCHANGE) == 0:
            return
        failed = ctypes.get_errno()
    one.unlink()
    raise OperatorError(
        f"{other} cannot become a link ({os.strerror(failed).lower()}): its file system cannot"
        " exchange two names in one step. Nothing was changed."
    )


def carry_links(old: Path, new: Path) -> list[str]:
    """Make the links to folders that the old home has in the new one, whose own folders stay beside
    them. Returns their paths below the home."""
    carried = []
    for folder, folders, _files in os.walk(str(old)):
        for name in sorted(folders):
            link = Path(folder, name)
            if not link.is_symlink():
                continue
            relative = link.relative_to(old)
            place = new / relative
            target = os.readlink(link)
            if place.is_symlink() and os.readlink(place) == target:
                continue
            if not place.parent.is_dir():
                continue
            if place.is_dir() and not place.is_symlink():
                place.rename(place.with_name(place.name + _KEPT))
            else:
                with contextlib.suppress(FileNotFoundError):
                    place.unlink()
            place.symlink_to(target)
            carried.append(str(relative))
    return carried


def missing_jars(old: Path, new: Path) -> list[str]:
    """Jars in lib and dropins of the old home of which the new one has no version. What the server
    makes in dropins of a jar in lib, it makes again."""
    made = {
        installation.bundle_of(path.name) for path in (old / installation.LIBRARIES).glob("*.jar")
    }
    found = []
    for folder in (installation.LIBRARIES, installation.DROPINS):
        there = {installation.artifact(path.name) for path in (new / folder).glob("*.jar")}
        found += [
            f"{folder}/{path.name}"
            for path in sorted((old / folder).glob("*.jar"))
            if installation.artifact(path.name) not in there
            and not (folder == installation.DROPINS and path.name in made)
        ]
    return found


def differing_files(old: Path, new: Path, files: t.Iterable[str]) -> list[str]:
    """Which of these files the old home has, and the new one has not or has otherwise."""
    return [
        name
        for name in files
        if (old / name).is_file()
        and not ((new / name).is_file() and (old / name).read_bytes() == (new / name).read_bytes())
    ]


def carry_files(old: Path, new: Path, files: t.Iterable[str]) -> None:
    """Copy files with their owners and modes, each whole or not at all."""
    for name in files:
        source, target = old / name, new / name
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.carbon-ops-new")
        shutil.copy2(str(source), str(beside))
        status = source.stat()
        os.chown(str(beside), status.st_uid, status.st_gid)
        beside.rename(target)


def carry_data(old: Path, new: Path, folders: t.Iterable[str]) -> list[str]:
    """Copy what the stopped server wrote into a home that was never started; into no other, as that
    has data of its own. Links lead to what is shared, and are not followed."""
    if started_before(new):
        return []
    carried = []
    for name in folders:
        source = old / name
        shared = any((home / name).resolve() != home.resolve() / name for home in (old, new))
        if shared or not source.is_dir():
            continue
        for folder, _folders, files in os.walk(str(source)):
            place = new / Path(folder).relative_to(old)
            place.mkdir(parents=True, exist_ok=True)
            _same_owner(Path(folder), place)
            for file in files:
                target = place / file
                shutil.copy2(str(Path(folder, file)), str(target), follow_symlinks=False)
                if not target.is_symlink():
                    _same_owner(Path(folder, file), target)
        carried.append(name)
    return carried


def _same_owner(source: Path, target: Path) -> None:
    status = source.stat()
    os.chown(str(target), status.st_uid, status.st_gid)


def surplus(homes: Homes, keep: int) -> list[str]:
    """The homes that are more than ``keep`` beside the current one, oldest first. The one of the
    way back counts, and stays."""
    folder = folder_of(homes.path)
    others = [name for name in homes.names if name != homes.current]
    removable = [name for name in others if name != homes.former]
    removable.sort(key=lambda name: (folder / name).stat().st_mtime)
    return removable[: max(0, len(others) - keep)]


def prune(homes: Homes, names: t.Iterable[str]) -> None:
    """Remove homes, each under another name first, so that none is taken for a whole one."""
    folder = folder_of(homes.path)
    for leftover in folder.glob(".removed-*"):
        shutil.rmtree(str(leftover))
    for name in names:
        going = folder / f".removed-{name}"
        (folder / name).rename(going)
        shutil.rmtree(str(going))
