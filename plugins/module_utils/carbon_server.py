# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What stands on a host before a Carbon server runs there: Java, the product home, its libraries; and whether a restart is owed."""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple, Sequence

from ansible_collections.carbon_ops.key_manager.plugins.module_utils import carbon_health
from ansible_collections.carbon_ops.key_manager.plugins.module_utils.errors import OperatorError

START_SCRIPT = "bin/wso2server.sh"
LIBRARIES = "repository/components/lib"
DROPINS = "repository/components/dropins"
# A product with this file writes its XML files anew at every start, so that edits of them are lost without a word.
REGENERATING_FILE = "repository/conf/deployment.toml"
JVM_FOLDER = "/usr/lib/jvm"

SERVICE_PROPERTIES = ("LoadState", "ActiveState", "SubState", "MainPID", "InvocationID", "NRestarts", "ActiveEnterTimestamp", "Result")


class Java(NamedTuple):
    home: str
    version: str
    feature: int


def java_feature(version_output: str) -> tuple[str, int]:
    """Version and feature number (8, 11, 17) of what ``java -version`` writes."""
    match = re.search(r'version "((\d+)(?:\.(\d+))?[^"]*)"', version_output)
    if not match:
        return "", 0
    major = int(match.group(2))
    return match.group(1), int(match.group(3) or 0) if major == 1 else major


def java_accepted(feature: int, versions: Sequence[int]) -> bool:
    """Whether the feature number lies between the first and the last of the product's versions."""
    return bool(versions) and min(versions) <= feature <= max(versions)


def java_range(versions: Sequence[int]) -> str:
    return "Java {0}".format(versions[0]) if min(versions) == max(versions) else "Java {0} to {1}".format(min(versions), max(versions))


def _java_version_output(home: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own Java
            [home + "/bin/java", "-version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")


def java_candidates(folder: str = JVM_FOLDER, which: Callable[[str], str | None] = shutil.which) -> list[str]:
    """Java homes: the one of the ``java`` command first, then those of the packages."""
    command = which("java")
    homes = [str(Path(command).resolve().parent.parent)] if command else []
    root = Path(folder)
    if root.is_dir():
        homes += sorted((str(java.resolve().parent.parent) for java in root.glob("*/bin/java")), reverse=True)
    return list(dict.fromkeys(homes))


def find_java(
    given: str, versions: Sequence[int], candidates: Sequence[str], version_output: Callable[[str], str] = _java_version_output
) -> Java | None:
    """The Java home to use: the given one, or the first candidate the product accepts; failing that the first that works at all."""
    first = None
    for home in [given] if given else candidates:
        version, feature = java_feature(version_output(home))
        if not version:
            continue
        java = Java(home, version, feature)
        if java_accepted(feature, versions):
            return java
        first = first or java
    return first


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
    return (Path(home) / REGENERATING_FILE).exists()


def refuse_home(home: str, state: str, has_archive: bool) -> None:
    """Raises OperatorError for a home on which the collection must not work."""
    if state == "foreign":
        raise OperatorError(
            "{0} is there but is no Carbon home (it has no {1}). Nothing was touched: move it away, or set cluster_home to another "
            "path.".format(home, START_SCRIPT)
        )
    if state == "carbon" and regenerates(home):
        raise OperatorError(_regenerating(home))
    if state in ("absent", "empty") and not has_archive:
        raise OperatorError(
            "There is no product at {0} and no archive to install it from. Set cluster_product_archive (Key Managers) or "
            "cluster_api_manager_archive (API Managers), or put the product there.".format(home)
        )


def _regenerating(where: str) -> str:
    return (
        "{0} holds {1}: such a product writes its XML files anew from it at every start, so that settings made in them are lost without a "
        "word. This collection configures products of the Carbon 4.4 generation, which have no such file.".format(where, REGENERATING_FILE)
    )


def check_checksum(path: str, wanted: str, what: str) -> None:
    """Raises OperatorError unless the file has the checksum ``algorithm:digits``."""
    algorithm, colon, digits = wanted.partition(":")
    if not colon or algorithm not in hashlib.algorithms_available or algorithm in ("md5", "sha1") or not digits:
        raise OperatorError("The checksum of {0} must be an algorithm and its digits, for example sha256:1234….".format(what))
    digest = hashlib.new(algorithm)
    with Path(path).open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    if digest.hexdigest() != digits.strip().lower():
        raise OperatorError(
            "{0} does not have the checksum of the inventory; it has {1}:{2}. It was not used.".format(what, algorithm, digest.hexdigest())
        )


def archive_members(archive: zipfile.ZipFile, what: str) -> tuple[str, list[zipfile.ZipInfo]]:
    """The top folder of a product zip and what lies in it; raises OperatorError when it is no product."""
    infos = archive.infolist()
    tops = {info.filename.split("/", 1)[0] for info in infos}
    if len(tops) != 1:
        raise OperatorError("{0} is no product archive: everything in it must lie in one folder.".format(what))
    top = tops.pop()
    names = {info.filename for info in infos}
    if any(".." in Path(name).parts or name.startswith("/") or "\\" in name for name in names):
        raise OperatorError("{0} holds names that lead out of its folder; it was not unpacked.".format(what))
    if "{0}/{1}".format(top, START_SCRIPT) not in names:
        raise OperatorError("{0} is no Carbon product: it has no {1}/{2}.".format(what, top, START_SCRIPT))
    if "{0}/{1}".format(top, REGENERATING_FILE) in names:
        raise OperatorError(_regenerating(what))
    return top, infos


def unpack(archive_path: str, home: str, uid: int, gid: int, what: str) -> None:
    """Unpacks a product zip, without its top folder, into a home that is not there yet.

    It is unpacked beside the home and renamed at the end, so that a run that is cut off leaves no half home behind.
    """
    target = Path(home)
    # What a run that was killed while unpacking left behind.
    for leftover in target.parent.glob("." + target.name + ".unpacking-*"):
        shutil.rmtree(str(leftover))
    try:
        archive = zipfile.ZipFile(archive_path)
    except zipfile.BadZipFile as error:
        raise OperatorError("{0} is no zip file.".format(what)) from error
    with archive:
        top, infos = archive_members(archive, what)
        temporary = Path(tempfile.mkdtemp(prefix="." + target.name + ".unpacking-", dir=str(target.parent)))
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
                # Others need nothing of a server's files; scripts keep their right to be run, also from zips made without it.
                executable = mode & 0o100 or path.suffix == ".sh"
                path.chmod(0o750 if executable else 0o640)
            for folder, folders, files in os.walk(str(temporary)):
                for name in folders:
                    Path(folder, name).chmod(0o750)
                for name in folders + files:
                    os.chown(str(Path(folder, name)), uid, gid)
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
    return {"mysql-connector-java": "mysql-connector", "mysql-connector-j": "mysql-connector"}.get(stem, stem)


def bundle_of(name: str) -> str:
    """The bundle that the server makes in dropins of a jar in lib; it stays, and is used, when the jar goes."""
    return re.sub(r"[^A-Za-z0-9_.]", "_", re.sub(r"\.jar$", "", name)) + "_1.0.0.jar"


def other_versions(home: str, name: str) -> list[str]:
    """Jars and bundles of other versions of the library, which the server would load beside it or instead of it."""
    wanted = {LIBRARIES: name, DROPINS: bundle_of(name)}
    return [
        str(path)
        for folder, kept in wanted.items()
        for path in sorted((Path(home) / folder).glob("*.jar"))
        if path.name != kept and artifact(path.name) == artifact(name)
    ]


def account_number(name: str | None) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid if name else None
    except KeyError:
        return None


def primary_group(name: str) -> int:
    return pwd.getpwnam(name).pw_gid


def group_number(name: str | None) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid if name else None
    except KeyError:
        return None


def library_checksums(home: str) -> dict[str, str]:
    folder = Path(home) / LIBRARIES
    return {path.name: "sha256:" + carbon_health.file_checksum(str(path)) for path in sorted(folder.glob("*.jar"))}


def parse_properties(text: str) -> dict[str, str]:
    """What ``systemctl show`` writes."""
    return {key: value for key, _equals, value in (line.partition("=") for line in text.splitlines()) if key}


def service_properties(unit: str) -> dict[str, str]:
    command = ["systemctl", "show", "--property=" + ",".join(SERVICE_PROPERTIES), "--", unit]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command and the name of a unit
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return parse_properties(done.stdout.decode("utf-8", "replace"))


class Service(NamedTuple):
    """What is to be done with a server, and why."""

    state: str
    owed: str
    reasons: list[str]
    healthy: bool


def judge(properties: dict[str, str], recorded: str | None, current: str, health: Callable[[], None]) -> Service:
    """Whether the server must be started or restarted.

    recorded: the checksums written at its start; current: those of the files now; health: raises HealthError.
    """
    state = properties.get("ActiveState") or "inactive"
    if state not in ("active", "activating", "reloading"):
        return Service(state, "start", ["The service is {0}.".format(state)], False)
    if recorded is None:
        return Service(state, "restart", ["It is not known what the server was started with."], False)
    changed = carbon_health.changed_paths(recorded, current)
    if changed:
        return Service(state, "restart", ["{0} changed since the server was started.".format(path) for path in changed], False)
    try:
        health()
    except carbon_health.HealthError as error:
        return Service(state, "restart", ["The server is not healthy. " + str(error)], False)
    return Service(state, "", [], True)


def service_state(
    instance: str, config_path: str, patience: float, start_patience: float, expected: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The state of the server on this host, as the module returns it.

    patience: seconds in which a running server must pass the health check once; start_patience: the same while systemd starts it;
    expected: checksums by path of files that are to be judged as if they were changed already.
    """
    properties = service_properties(instance + ".service")
    try:
        config = carbon_health.load_config(config_path)
    except carbon_health.HealthError:
        config = {}
    recorded = None
    current = ""
    if config:
        started = Path(config["state_directory"]) / "started.sha256"
        recorded = started.read_text(encoding="utf-8") if started.is_file() else None
        current = carbon_health.checksums(carbon_health.managed_paths(config["managed_files"]), expected)

    def health() -> None:
        carbon_health.check_patiently(config, patience if properties.get("ActiveState") == "active" else start_patience)

    service = judge(properties, recorded, current, health)
    return {
        "instance": instance,
        "state": service.state,
        "owed": service.owed,
        "reasons": service.reasons,
        "healthy": service.healthy,
        "others_serving": carbon_health.serving(config, config.get("others") or [], thoroughly=True) if service.owed and config else [],
        "gave_up": carbon_health.read_start(config).get("gave_up") if config else None,
    }


def connections_to(sockets: Sequence[carbon_health.Socket], addresses: set[str], ports: Sequence[int]) -> int:
    return sum(1 for row in sockets if row.state == carbon_health.ESTABLISHED and row.remote in addresses and row.remote_port in ports)


def wait_for_drain(
    address: str,
    ports: Sequence[int],
    seconds: float,
    read: Callable[[], Sequence[carbon_health.Socket]] = carbon_health.read_sockets,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Waits until this host holds no connection to the node's ports; returns how many were left when the time was up."""
    limit = now() + seconds
    addresses = carbon_health.resolve(address)
    while True:
        left = connections_to(read(), addresses, ports)
        if not left or now() >= limit:
            return left
        sleep(0.2)
