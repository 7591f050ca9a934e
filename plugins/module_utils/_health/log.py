# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What the log of a Carbon server says: causes of a failed start, and the events of its cluster."""

from __future__ import annotations

import os
import re
import typing as t
from pathlib import Path

LOG_TAIL_BYTES = 8 * 1024 * 1024


class Sign(t.NamedTuple):
    """An error in the server's log whose cause is known; a fatal one is never recovered from by
    waiting."""

    pattern: str
    sentence: str
    fatal: bool


# A server that meets no database while it starts stays half a server, also when the database is
# back; one that had started gets new connections then.
DATABASE_AWAY = "The database server"

SIGNS: tuple[Sign, ...] = (
    Sign(
        r"Access denied for user '(?P<what>[^']*)'|password authentication failed for user"
        r" \"(?P<pg>[^\"]*)\"|ORA-01017"
        r"|Login failed for user '(?P<ms>[^']*)'",
        "The database refuses the account {what}: the password in the datasource is not the one of"
        " the database, or the account may not log in from this host.",
        True,
    ),
    Sign(
        r"(?P<what>[A-Z]+(?:, [A-Z]+)* command denied to user '[^']*'(?:@'[^']*')? for"
        r" (?:table|column|routine) ['`][^'`]*['`])"
        r"|(?P<pg>permission denied for (?:table|relation|sequence|schema|database) \S+)"
        r"|(?P<ora>ORA-01031[^\n]*)"
        r"|(?P<ms>The \w+ permission was denied on the object '[^']*')",
        "The database account of a datasource lacks a right ({what}): it was revoked, or never"
        " granted. site.yml grants what the product needs.",
        False,
    ),
    Sign(
        r"(?:Unable to load class:|ClassNotFoundException:) (?P<what>(?:\w+\.)+\w*Driver\w*)\b",
        "The JDBC driver class {what} is missing: no readable jar in repository/components/lib"
        " holds it.",
        True,
    ),
    Sign(
        r"(?i:digester).*ClassNotFoundException: (?P<what>[\w.$]+)",
        "Tomcat does not find the class {what} that catalina-server.xml names (a Valve, Listener or"
        " Realm), so it opens no port.",
        True,
    ),
    Sign(
        r"Unknown database '(?P<what>[^']*)'|database \"(?P<pg>[^\"]*)\" does not exist",
        "The database {what} of a datasource does not exist.",
        True,
    ),
    Sign(
        r"NameNotFoundException: Name \[(?P<what>[^\]]+)\]",
        "No datasource has the JNDI name {what} that a product file asks for.",
        True,
    ),
    Sign(
        r"Failed to validate a newly established connection|SQL Query validation (?:has"
        r" )?failed|[Vv]alidation[Qq]uery.*(?:fail|invalid)",
        "The validation query of a datasource fails, so its connections are thrown away as soon as"
        " they are checked again.",
        False,
    ),
    Sign(
        r"Table '(?P<what>[^']*)' doesn't exist|relation \"(?P<pg>[^\"]*)\" does not exist",
        "The table {what} does not exist: a schema was not loaded, or a query (for example a"
        " datasource's validation query) is wrong.",
        False,
    ),
    Sign(
        r"Communications link failure|Socket fail to connect to (?P<what>\S+)|Connection to"
        r" (?P<pg>\S+) refused",
        DATABASE_AWAY + " {what} cannot be reached.",
        False,
    ),
    Sign(
        r"Keystore was tampered with, or password was incorrect|keystore password was incorrect",
        "A keystore cannot be opened with the password in the product's files.",
        True,
    ),
    Sign(
        r"Address already in use|Port already in use: (?P<what>\d+)",
        "A port the server needs is taken by another process: {what}.",
        False,
    ),
    Sign(
        r"(?P<what>/[^\s:]+) \((?:Permission denied|Read-only file"
        r" system)\)|(?:AccessDeniedException|FileSystemException): (?P<nio>/\S+)"
        r"|Unable to create directory for deployment: \[(?P<tomcat>[^\]]+)\]|creating meta data"
        r" directory in (?P<patches>/\S+)",
        "The server may not read or write {what}: if it is to write there, add the folder to"
        " cluster_home_writable.",
        False,
    ),
    Sign(r"OutOfMemoryError(?:: (?P<what>[\w ]+))?", "The Java heap is too small: {what}.", False),
)
# Stack traces name the exception again on lines of their own; the ones behind it are not worth an
# operator's time.
_EVENT = re.compile(r"\b(?:ERROR|FATAL)\b")
_DOMAIN = re.compile(r"Cluster domain: (\S+)")
_LOCAL_MEMBER = re.compile(r"Local member: \[[^\]]*\] - Host:([^,\s]+),.*?\bPort: (\d+)")


def explain(lines: t.Iterable[str]) -> list[tuple[str, bool]]:
    """The known causes that the log lines show, each once, with whether it is fatal."""
    found: dict[str, bool] = {}
    for line in lines:
        for sign in SIGNS:
            match = re.search(sign.pattern, line)
            if match:
                what = next((value for value in match.groupdict().values() if value), "")
                sentence = sign.sentence.format(what=what or "(see the log)")
                found.setdefault(sentence, sign.fatal)
                break
    return list(found.items())


def error_lines(lines: t.Iterable[str], limit: int = 6) -> list[str]:
    """The last events of level ERROR and above, each once, cut to a readable length."""
    events: dict[str, str] = {}
    for line in lines:
        if _EVENT.search(line[:200]):
            text = line.strip()
            # Without the time stamp the same event is the same event.
            key = re.sub(r"\[[\d\- :,]{15,}\]", "", text)[:200]
            events.pop(key, None)
            events[key] = text[:300]
    return list(events.values())[-limit:]


class LogPosition(t.NamedTuple):
    inode: int
    size: int


def log_position(path: str) -> LogPosition:
    try:
        status = Path(path).stat()
    except OSError:
        return LogPosition(0, 0)
    return LogPosition(status.st_ino, status.st_size)


def _read_from(path: str, offset: int) -> str:
    with Path(path).open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        stream.seek(max(offset, stream.tell() - LOG_TAIL_BYTES))
        return stream.read().decode("utf-8", "replace")


def log_since(path: str, position: LogPosition) -> list[str]:
    """The lines written since the position, also when the log was rotated in between."""
    try:
        status = Path(path).stat()
    except OSError:
        return []
    if status.st_ino == position.inode and status.st_size >= position.size:
        return _read_from(path, position.size).splitlines()
    text = ""
    if position.inode:
        for rotated in sorted(Path(path).parent.iterdir()):
            if (
                rotated != Path(path)
                and rotated.is_file()
                and rotated.stat().st_ino == position.inode
            ):
                text += _read_from(str(rotated), position.size)
    return (text + _read_from(path, 0)).splitlines()


def shown_by_log(lines: t.Sequence[str], config: dict[str, t.Any]) -> dict[str, t.Any]:
    """What the lines since the start prove."""
    mounts = {
        mount: sum(1 for line in lines if re.search(re.escape(mount) + r"(?:\s|$)", line))
        for mount in config.get("mount_lines") or []
    }
    domains = [match.group(1) for match in map(_DOMAIN.search, lines) if match]
    members = [
        "{0}:{1}".format(*match.groups()) for match in map(_LOCAL_MEMBER.search, lines) if match
    ]
    return {
        "ready": (
            any(config["ready_line"] in line for line in lines)
            if config.get("ready_line")
            else None
        ),
        "mounts": mounts,
        "domain": domains[-1] if domains else None,
        "local_member": members[-1] if members else None,
    }
