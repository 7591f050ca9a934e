# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Installing a product home: checksum, archive, libraries, and the homes that are refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import typing as t
import zipfile
from pathlib import Path

from .._errors import OperatorError
from .._health import record
from .home import REGENERATING_FILE

START_SCRIPT = "bin/wso2server.sh"
LIBRARIES = "repository/components/lib"
DROPINS = "repository/components/dropins"
# Which archive a home came from, in the home, so that it goes where the home goes.
ORIGIN = "carbon-ops-archive.json"


def home_state(home: str) -> str:
    """``absent``, ``empty``, ``carbon`` (an installed product) or ``foreign`` (something else)."""
    path = Path(home)
    if not path.exists():
        return "absent"
    if (path / START_SCRIPT).is_file():
        return "carbon"
    if path.is_dir() and not any(path.iterdir()):
        return "empty"
    return "foreign"


def regenerates(home: str) -> bool:
    """Whether the product writes its XML files again at every start."""
    return (Path(home) / REGENERATING_FILE).exists()


def refuse_home(home: str, state: str, has_archive: bool) -> None:
    """Raises OperatorError for a home on which the collection must not work."""
    if state == "foreign":
        raise OperatorError(
            f"{home} exists but is not a Carbon home (it has no {START_SCRIPT}). Nothing was"
            " touched: move it away, or set cluster_home to another path."
        )
    if state == "carbon" and regenerates(home):
        raise OperatorError(_regenerating(home))
    if state in ("absent", "empty") and not has_archive:
        raise OperatorError(
            f"There is no product at {home} and no archive to install it from. Set"
            " cluster_product_archive (Key Managers) or cluster_api_manager_archive (API"
            " Managers), or put the product there."
        )


def _regenerating(where: str) -> str:
    return (
        f"{where} holds {REGENERATING_FILE}: such a product writes its XML files again from it at"
        " every start, so that settings made in them are lost without a word. This collection"
        " configures products of the Carbon 4.4 generation, which have no such file."
    )


def archive_members(archive: zipfile.ZipFile, what: str) -> tuple[str, list[zipfile.ZipInfo]]:
    """The top folder of a product zip and what lies in it; raises OperatorError when it is no
    product."""
    infos = archive.infolist()
    tops = {info.filename.split("/", 1)[0] for info in infos}
    if len(tops) != 1:
        raise OperatorError(f"{what} must hold one folder with everything in it.")
    top = tops.pop()
    names = {info.filename for info in infos}
    if any(".." in Path(name).parts or name.startswith("/") or "\\" in name for name in names):
        raise OperatorError(f"{what} holds names that lead out of its folder; it was not unpacked.")
    if f"{top}/{START_SCRIPT}" not in names:
        raise OperatorError(f"{what} is not a Carbon product: it has no {top}/{START_SCRIPT}.")
    if f"{top}/{REGENERATING_FILE}" in names:
        raise OperatorError(_regenerating(what))
    return top, infos


def unpack(
    archive_file: str | t.BinaryIO, home: str, uid: int, gid: int, what: str, checksum: str = ""
) -> None:
    """Unpacks a product zip, without its top folder, into a home that is not there yet.

    It is unpacked beside the home and renamed at the end, so that a run that is cut off leaves no
    half home behind. checksum: noted in the home as that of the archive it came from.
    """
    target = Path(home)
    # What a run that was killed while unpacking left behind.
    for leftover in target.parent.glob("." + target.name + ".unpacking-*"):
        shutil.rmtree(str(leftover))
    try:
        archive = zipfile.ZipFile(archive_file)
    except zipfile.BadZipFile as error:
        raise OperatorError(f"{what} is not a zip file.") from error
    with archive:
        top, infos = archive_members(archive, what)
        temporary = Path(
            tempfile.mkdtemp(prefix="." + target.name + ".unpacking-", dir=str(target.parent))
        )
        try:
            for info in infos:
                relative = info.filename[len(top) + 1 :]
                if not relative:
                    continue
                path = temporary / relative
                mode = (info.external_attr >> 16) & 0o777
                if info.is_dir():
                    path.mkdir(mode=0o750, parents=True, exist_ok=True)
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(info) as source, path.open("wb") as destination:
                    shutil.copyfileobj(source, destination, 1 << 20)
                # Others need nothing of a server's files; scripts keep their right to be run, also
                # from zips made without it.
                executable = mode & 0o100 or path.suffix == ".sh"
                path.chmod(0o750 if executable else 0o640)
            for folder, folders, files in os.walk(str(temporary)):
                for name in folders:
                    Path(folder, name).chmod(0o750)
                for name in folders + files:
                    os.chown(str(Path(folder, name)), uid, gid)
            if checksum:
                write_origin(str(temporary), checksum, False, uid, gid)
            os.chown(str(temporary), uid, gid)
            temporary.chmod(0o750)
            os.sync()
            temporary.rename(target)
        except BaseException:
            shutil.rmtree(str(temporary), ignore_errors=True)
            raise


def artifact(name: str) -> str:
    """A jar's name without its version, equal for all versions of a driver."""
    stem = re.sub(r"(?:[-_.]v?\d.*|\d+)?\.jar$", "", name)
    stem = stem.replace("_", "-").lower()
    # The driver of MySQL changed its name in between.
    return {"mysql-connector-java": "mysql-connector", "mysql-connector-j": "mysql-connector"}.get(
        stem, stem
    )


def bundle_of(name: str) -> str:
    """The bundle that the server makes in dropins of a jar in lib; it stays, and is used, when the
    jar goes."""
    return re.sub(r"[^A-Za-z0-9_.]", "_", re.sub(r"\.jar$", "", name)) + "_1.0.0.jar"


def other_versions(home: str, name: str, place: str = LIBRARIES) -> list[str]:
    """Jars and bundles of other versions of the library, which the server would load beside it or
    instead of it. In dropins it is a bundle itself, and neither is in lib nor is made anew."""
    wanted = {LIBRARIES: name, DROPINS: bundle_of(name)} if place == LIBRARIES else {DROPINS: name}
    return [
        str(path)
        for folder in (LIBRARIES, DROPINS)
        for kept in [wanted.get(folder)]
        for path in sorted((Path(home) / folder).glob("*.jar"))
        if path.name != kept and artifact(path.name) == artifact(name)
    ]


def library_checksums(home: str, place: str = LIBRARIES) -> dict[str, str]:
    """The checksum of each jar in a folder of the home, by file name."""
    folder = Path(home) / place
    return {
        path.name: "sha256:" + record.file_checksum(str(path))
        for path in sorted(folder.glob("*.jar"))
    }


def read_origin(home: str) -> dict[str, t.Any]:
    """What was noted of the archive a home came from; empty where nothing was."""
    try:
        origin = json.loads((Path(home) / ORIGIN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return origin if isinstance(origin, dict) else {}


def refuse_other_archive(home: str, origin: t.Mapping[str, t.Any], checksum: str) -> None:
    """Raises OperatorError when the home came from another archive than the one with the
    checksum."""
    noted = str(origin.get("checksum") or "")
    if noted and noted.lower() != checksum.strip().lower():
        raise OperatorError(
            f"The product in {home} came from the archive with the checksum {noted}, and the"
            f" inventory names another one ({checksum}). A home that is there is never replaced:"
            " set cluster_product_archive (Key Managers) or cluster_api_manager_archive (API"
            " Managers) back, or replace the product as docs/operations.md says."
        )


def write_origin(home: str, checksum: str, assumed: bool, uid: int, gid: int) -> None:
    """Notes the archive. assumed: the home was there before the collection noted archives, and the
    archive is the one that the inventory named when it first looked."""
    path = Path(home) / ORIGIN
    record.write_atomically(path, json.dumps({"checksum": checksum, "assumed": assumed}) + "\n")
    path.chmod(0o640)
    os.chown(str(path), uid, gid)
