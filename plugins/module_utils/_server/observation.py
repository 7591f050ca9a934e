# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""One observation of a running server: what its host shows."""

from __future__ import annotations

import datetime
import os
import re
import time
import typing as t
from pathlib import Path

from .._command import Run
from .._health import checks, log, record
from .._health import sockets as health_sockets
from .._health.errors import HealthError
from .._home import installation, shared_directories
from . import accounts, findings, service
from .findings import Observation

if t.TYPE_CHECKING:
    from .._health.sockets import Socket
    from .findings import Expected

# Errors in the log older than this belong to something that is over, like the restart of a
# database.
RECENT_SECONDS = 600


def recently(now: float, seconds: float = RECENT_SECONDS) -> str:
    """The time so many seconds ago as the log writes it."""
    return datetime.datetime.fromtimestamp(now - seconds).strftime("%Y-%m-%d %H:%M:%S")


def readable_by(path: str, user: str) -> bool | None:
    """Whether the user may read the file by its mode; None when it is not there."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    uid = accounts.account_number(user)
    if uid is None:
        return bool(status.st_mode & 0o004)
    if status.st_uid == uid:
        return bool(status.st_mode & 0o400)
    if status.st_gid in os.getgrouplist(user, accounts.primary_group(user)):
        return bool(status.st_mode & 0o040)
    return bool(status.st_mode & 0o004)


def listening_ports(sockets: t.Sequence[Socket]) -> list[int]:
    """The ports on which something listens, ascending."""
    return sorted({row.local_port for row in sockets if row.state == health_sockets.LISTEN})


def try_services(
    config: t.Mapping[str, t.Any],
    start: t.Mapping[str, t.Any],
    validation_seconds: float,
    now: t.Callable[[], float] = time.time,
    sleep: t.Callable[[float], None] = time.sleep,
) -> str:
    """Logs in and reads the registry; again, three times, when the connections of a young server
    have had to be checked once more."""
    try:
        checks.check_patiently(dict(config), 5)
        ready = float(start.get("ready_at") or 0)
        remaining = ready + validation_seconds - now()
        if ready and remaining > 0:
            # A clock that was put back since would make it days.
            sleep(min(remaining, validation_seconds))
            for _attempt in range(3):
                checks.check_services(dict(config))
                sleep(1)
    except HealthError as error:
        return str(error)
    return ""


def observe(
    config: t.Mapping[str, t.Any],
    unit: str,
    driver: str,
    service_user: str,
    validation_seconds: float,
    run: Run,
) -> Observation:
    """Looks at the server of this host once; takes seconds, or as long as the connections of a
    young server need to be checked again."""
    sockets = health_sockets.read_sockets()
    start = record.read_start(dict(config))
    listening = listening_ports(sockets)
    services = ""
    if int(config["https_port"]) in listening:
        services = try_services(config, start, validation_seconds)
    position = log.LogPosition(*start.get("log", (0, 0)))
    lines = log.log_since(config["log_file"], position)
    recorded = record.read_checksums(config)
    changed: list[str] = []
    if recorded is not None and Path(config["managed_files"]).is_file():
        current = record.checksums(record.managed_paths(config["managed_files"]))
        changed = record.changed_paths(recorded, current)
    return Observation(
        properties=service.service_properties(unit, run),
        start=start,
        changed=changed,
        listening=listening,
        causes=[sentence for sentence, _fatal in log.explain(lines)],
        recent_causes=[
            sentence
            for sentence, _fatal in log.explain(lines, proved=True, since=recently(time.time()))
        ],
        driver_readable=readable_by(driver, service_user) if driver else None,
        services=services,
        peers=checks.members_of(dict(config), health_sockets.read_sockets()),
        departed=checks.departed(dict(config))[1] if config.get("member_port") else [],
    )


def strangers(
    config: t.Mapping[str, t.Any],
    further: t.Sequence[str],
    sockets: t.Sequence[Socket],
    addresses: t.Callable[[str], set[str]] = health_sockets.resolve,
) -> list[str]:
    """Addresses with a connection to the member port, or from it, that nobody should have.

    further: members beside the nodes, each an address, a name, or a range in the last octet such as
    ``192.0.2.2-10``.
    """
    port = int(config.get("member_port") or 0)
    if not port:
        return []
    known = {"127.0.0.1", "::1"} | addresses(str(config["address"]))
    for other in config.get("others") or []:
        known |= addresses(str(other["address"]))
    for member in further:
        match = re.fullmatch(r"((?:\d+\.){3})(\d+)-(\d+)", member)
        if match:
            numbers = range(int(match.group(2)), int(match.group(3)) + 1)
            known |= {f"{match.group(1)}{number}" for number in numbers}
        else:
            known |= addresses(member)
    found = {
        row.remote
        for row in sockets
        if row.state == health_sockets.ESTABLISHED and port in (row.local_port, row.remote_port)
    }
    return sorted(found - known)


def with_home(seen: Observation, home: str, share: str) -> Observation:
    """The observation with what the product home came from, and whether its share is there.

    share: the folder of the cluster in the shared file system, which role shared_fs marked.
    """
    there = not share or (Path(share) / shared_directories.MARK / "share.json").is_file()
    # Files that are missing with the share did not change.
    away = [] if there else [path for path in seen.changed if within(path, share)]
    return seen._replace(
        archive=str(installation.read_origin(home).get("checksum") or ""),
        share_there=there,
        changed=[path for path in seen.changed if path not in away],
    )


def within(path: str, folder: str) -> bool:
    """Whether a path leads into a folder, links followed."""
    return os.path.realpath(path).startswith(os.path.realpath(folder).rstrip("/") + "/")


def facts(seen: Observation, config: t.Mapping[str, t.Any], expected: Expected) -> dict[str, t.Any]:
    """What a status page or a summary shows of the host."""
    addresses = {str(other["name"]): str(other["address"]) for other in config.get("others") or []}
    ready = seen.start.get("ready_at")
    own = str(seen.start.get("local_member") or "").rsplit(":", 1)[0] or str(config["address"])
    return {
        "name": config["name"],
        "address": config["address"],
        "ports": {name: port for name, port in expected.ports.items() if port in seen.listening},
        "members": (
            [own] + [addresses[name] for name in seen.peers] if config.get("member_port") else []
        ),
        "ready_since": (
            datetime.datetime.fromtimestamp(ready, datetime.timezone.utc).strftime(
                "%Y-%m-%dT%H:%M:%SZ"
            )
            if ready
            else None
        ),
        "mounts": sorted(
            mount.split()[-1] for mount, count in (seen.start.get("mounts") or {}).items() if count
        ),
        # By name; each is only a claim of the log, which the other node's log has to bear out.
        "departed": sorted(seen.departed),
        "missing": {
            "names": [name for name in expected.members if name not in seen.peers],
            "sentence": next(iter(findings.member_findings(seen, expected)), ""),
        },
        "domain": seen.start.get("domain"),
        "restarts": int(seen.properties.get("NRestarts") or 0),
    }
