# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What the log of a Carbon server says: causes of a failed start, and the events of its cluster.

The log is no witness by itself. A failed login writes the user name as it was sent, line breaks
included, so whoever reaches the login service can write anything into it, whole events too. Hence:

- A line counts by its form and its logger, from the beginning of the line on, never by words in it.
- What follows an event with a stranger's words may be the stranger's; it proves nothing alone.
"""

from __future__ import annotations

import os
import re
import typing as t
from pathlib import Path

from .regular import open_regular, read_descriptor

LOG_TAIL_BYTES = 8 * 1024 * 1024
WRITING = "The server may not read or write"
_CODE = re.compile(
    r"/(?:bin|lib(?!/tomcat/)|repository/(?:conf|components/(?:lib|plugins|extensions|features)|"
    r"resources/security))(?:/|\Z)"
)


class KnownError(t.NamedTuple):
    """An error in the server's log whose cause is known; a fatal one is never recovered from by
    waiting."""

    pattern: str
    sentence: str
    fatal: bool


# A server that meets no database while it starts stays half a server, also when the database is
# back; one that had started gets new connections then.
DATABASE_AWAY = "The database server"

KNOWN_ERRORS: tuple[KnownError, ...] = (
    KnownError(
        r"Access denied for user '(?P<what>[^']*)'|password authentication failed for user"
        r" \"(?P<pg>[^\"]*)\"|ORA-01017"
        r"|Login failed for user '(?P<ms>[^']*)'",
        "The database refuses the account {what}: the password in the datasource is not the one of"
        " the database, or the account may not log in from this host.",
        True,
    ),
    KnownError(
        r"(?P<what>[A-Z]+(?:, [A-Z]+)* command denied to user '[^']*'(?:@'[^']*')? for"
        r" (?:table|column|routine) ['`][^'`]*['`])"
        r"|(?P<pg>permission denied for (?:table|relation|sequence|schema|database) \S+)"
        r"|(?P<ora>ORA-01031[^\n]*)"
        r"|(?P<ms>The \w+ permission was denied on the object '[^']*')",
        "The database account of a datasource lacks a right ({what}): it was revoked, or never"
        " granted. site.yml grants what the product needs.",
        False,
    ),
    KnownError(
        r"(?:Unable to load class:|ClassNotFoundException:) (?P<what>(?:\w+\.)+\w*Driver\w*)\b",
        "The JDBC driver class {what} is missing: no readable jar in repository/components/lib"
        " holds it.",
        True,
    ),
    KnownError(
        r"(?i:digester).*ClassNotFoundException: (?P<what>[\w.$]+)",
        "Tomcat does not find the class {what} that catalina-server.xml names (a Valve, Listener or"
        " Realm), so it opens no port.",
        True,
    ),
    KnownError(
        r"Unknown database '(?P<what>[^']*)'|database \"(?P<pg>[^\"]*)\" does not exist",
        "The database {what} of a datasource does not exist.",
        True,
    ),
    KnownError(
        r"NameNotFoundException: Name \[(?P<what>[^\]]+)\]",
        "No datasource has the JNDI name {what} that a product file asks for.",
        True,
    ),
    KnownError(
        r"Failed to validate a newly established connection|SQL Query validation (?:has"
        r" )?failed|[Vv]alidation[Qq]uery.*(?:fail|invalid)",
        "The validation query of a datasource fails, so its connections are thrown away as soon as"
        " they are checked again.",
        False,
    ),
    KnownError(
        r"Table '(?P<what>[^']*)' doesn't exist|relation \"(?P<pg>[^\"]*)\" does not exist",
        "The table {what} does not exist: a schema was not loaded, or a query (for example a"
        " datasource's validation query) is wrong.",
        False,
    ),
    KnownError(
        r"Communications link failure|Socket fail to connect to (?P<what>\S+)|Connection to"
        r" (?P<pg>\S+) refused",
        DATABASE_AWAY + " {what} cannot be reached.",
        False,
    ),
    KnownError(
        r"Keystore was tampered with, or password was incorrect|keystore password was incorrect",
        "A keystore cannot be opened with the password in the product's files.",
        True,
    ),
    KnownError(
        r"Address already in use|Port already in use: (?P<what>\d+)",
        "A port the server needs is taken by another process: {what}.",
        False,
    ),
    KnownError(
        r"(?P<what>/[^\s:]+) \((?:Permission denied|Read-only file"
        r" system)\)|(?:AccessDeniedException|FileSystemException): (?P<nio>/\S+)"
        r"|Unable to create directory for deployment: \[(?P<tomcat>[^\]]+)\]|creating meta data"
        r" directory in (?P<patches>/\S+)",
        "The server may not read or write {what}: if it is to write there, add the folder to"
        " cluster_home_writable.",
        False,
    ),
    KnownError(
        r"OutOfMemoryError(?:: (?P<what>[\w ]+))?", "The Java heap is too small: {what}.", False
    ),
)
# How both generations begin an event: log4j 1.x of kernel 4.4 and log4j2 of kernel 4.7, whose
# pattern has no name of the logger at the end.
_EVENT = re.compile(
    r"TID:(?: \[[^\]]*\]){0,4} \[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[,.]\d{1,6}\] +(?:\S+ +)?"
    r"(TRACE|DEBUG|INFO|WARN|ERROR|FATAL) \{([\w.$-]+)\} -(?: +(.*)|)\Z"
)
# A cause below its event, as stack traces begin.
_TRACE = re.compile(r"(?:Caused by: |\s*)(?:[\w$]+\.)+[\w$]*(?:Exception|Error|Failure)\b")
_GRAVE = ("WARN", "ERROR", "FATAL")
# Loggers that write what somebody sent who has not proved who he is, and those that may once the
# server answers requests.
_LOGINS = re.compile(r"Authenticat|Login|Audit|AUDIT")
_REQUESTS = re.compile(r"Servlet|OAuth|Token|SAML|Session|axis2|catalina|Valve")
# What any request may write, the health check's own among them.
_ASKED = re.compile(rf"{_LOGINS.pattern}|{_REQUESTS.pattern}|oauth")
_LOGGED_IN = re.compile(r"'[^'\n]*' logged (?:in|out) at ")

# The clustering agent's own loggers, the same in kernels 4.4 and 4.7; others by the profile.
LOGGERS = {
    "cluster": ["org.wso2.carbon.core.clustering.", "com.hazelcast."],
    "ready": ["org.wso2.carbon.ui.", "org.wso2.carbon.core."],
    "mount": ["org.wso2.carbon.registry."],
}
_DOMAIN = re.compile(r"Cluster domain: (\S+)")
_LOCAL_MEMBER = re.compile(r"Local member: \[[^\]]*\] - Host:([^,\s]+),.*?\bPort: (\d+)")
_MEMBER = re.compile(
    r"Member (joined|left) \[[^\]]*\]: [^\s/]*/([0-9A-Fa-f.:]{2,45}):(\d{1,5})(?: \{[\w.$-]+\})?\Z"
)


class Event(t.NamedTuple):
    """One event: a line that begins as one, and the lines below it that do not."""

    time: str
    level: str
    logger: str
    text: str
    line: str
    below: list[str]

    @property
    def of_a_stranger(self) -> bool:
        """Whether words of somebody whom the server did not let in may be in it, or below."""
        own = _LOGGED_IN.match(self.text) and not self.below
        return bool(_LOGINS.search(self.logger)) and not own

    def is_from(self, loggers: t.Iterable[str]) -> bool:
        return self.logger.startswith(tuple(loggers))


def events(lines: t.Iterable[str]) -> list[Event]:
    """The events of the log. Lines before the first one belong to none and count for nothing."""
    found: list[Event] = []
    for line in lines:
        match = _EVENT.match(line)
        if match:
            time, level, logger, text = match.groups()
            found.append(Event(time, level, logger, text or "", line, []))
        elif found:
            found[-1].below.append(line)
    return found


def number_proved(found: t.Sequence[Event]) -> int:
    """How many events, from the first on, no stranger can have written: those before his first."""
    ready = False
    for number, event in enumerate(found):
        if event.of_a_stranger or (ready and _REQUESTS.search(event.logger)):
            return number
        ready = ready or event.is_from(LOGGERS["ready"])
    return len(found)


def written_by_itself(lines: t.Iterable[str]) -> int:
    """How many events a server that is ready has written of its own accord, not for a request."""
    return sum(1 for event in events(lines) if not _ASKED.search(event.logger))


def explain(
    lines: t.Iterable[str], *, proved: bool = False, since: str = ""
) -> list[tuple[str, bool]]:
    """The known causes that warnings and errors show, each once, with whether it is fatal.

    Events with words of strangers are left out. A whole forged event is not told from a true one,
    so a cause is reported only where something else shows a failure too.

    proved: only those that no stranger can have written; since: a time as the log writes it.
    """
    found: dict[str, bool] = {}
    told = events(lines)
    for event in told[: number_proved(told)] if proved else told:
        if event.level not in _GRAVE or event.of_a_stranger or event.time < since:
            continue
        for line in [event.line, *(line for line in event.below if _TRACE.match(line))]:
            for known in KNOWN_ERRORS:
                match = re.search(known.pattern, line)
                if match:
                    found.setdefault(_sentence(known, match), known.fatal)
                    break
    return list(found.items())


def _sentence(known: KnownError, match: re.Match[str]) -> str:
    what = next((value for value in match.groupdict().values() if value), "")
    if "cluster_home_writable" in known.sentence and _CODE.search(what):
        # Whoever could write there could change what the server runs.
        return f"{WRITING} {what}, a place of code or configuration: look at its owner and mode."
    return known.sentence.format(what=what or "(see the log)")


def error_lines(lines: t.Iterable[str], limit: int = 6) -> list[str]:
    """The last events of level ERROR and above, each once, cut to a readable length."""
    shown: dict[str, str] = {}
    for event in events(lines):
        if event.level in ("ERROR", "FATAL") and not event.of_a_stranger:
            text = event.line.strip()
            # Without the time stamp the same event is the same event.
            key = re.sub(r"\[[\d\- :,]{15,}\]", "", text)[:200]
            shown.pop(key, None)
            shown[key] = text[:300]
    return list(shown.values())[-limit:]


class Departed(t.NamedTuple):
    """Members of whose going the log told last, by address and port.

    proved: no event before it can have been written by a stranger; claimed: the others, for which
    a second witness is needed.
    """

    proved: set[tuple[str, int]]
    claimed: set[tuple[str, int]]


def departed_members(
    lines: t.Iterable[str], loggers: t.Iterable[str] = tuple(LOGGERS["cluster"])
) -> Departed:
    """What the clustering agent's own events say of the members that left."""
    last: dict[tuple[str, int], tuple[str, bool]] = {}
    told = events(lines)
    beyond_doubt = number_proved(told)
    allowed = tuple(loggers)
    for number, event in enumerate(told):
        match = _MEMBER.match(event.text) if event.is_from(allowed) else None
        if not match:
            continue
        member, what = (match.group(2), int(match.group(3))), match.group(1)
        doubtful = number >= beyond_doubt
        if doubtful and what == "joined" and last.get(member, ("", True))[0] == "left":
            # Whoever else wrote that it came back cannot have made it come back.
            what = "left"
        last[member] = (what, doubtful)
    left = {member: doubt for member, (what, doubt) in last.items() if what == "left"}
    return Departed(
        {member for member, doubt in left.items() if not doubt},
        {member for member, doubt in left.items() if doubt},
    )


class LogPosition(t.NamedTuple):
    """How far a log was written at a moment, in bytes, and which file it was then."""

    inode: int
    size: int


def log_position(path: str) -> LogPosition:
    """The end of the log now; zeros where there is none."""
    try:
        status = Path(path).lstat()
    except OSError:
        return LogPosition(0, 0)
    return LogPosition(status.st_ino, status.st_size)


def _read_from(descriptor: int, offset: int) -> str:
    """The file from the offset on, but never more than the end of it that is kept."""
    size = os.fstat(descriptor).st_size
    begin = max(offset, size - LOG_TAIL_BYTES, 0)
    os.lseek(descriptor, begin, os.SEEK_SET)
    # A log that is written to meanwhile has no end of its own.
    return read_descriptor(descriptor, max(size - begin, 0), cut=True).decode("utf-8", "replace")


def _lines(text: str) -> list[str]:
    """By line feeds alone: what else Python takes for the end of a line is in user names."""
    return [line.rstrip("\r") for line in text.split("\n") if line]


def log_since(path: str, position: LogPosition) -> list[str]:
    """The lines written since the position, also when the log was rotated in between."""
    text = ""
    try:
        descriptor = open_regular(path)
    except OSError:
        return []
    try:
        status = os.fstat(descriptor)
        if status.st_ino == position.inode and status.st_size >= position.size:
            return _lines(_read_from(descriptor, position.size))
        if position.inode:
            text = _read_rotated(Path(path), position)
        return _lines(text + _read_from(descriptor, 0))
    finally:
        os.close(descriptor)


def _read_rotated(path: Path, position: LogPosition) -> str:
    text = ""
    for rotated in sorted(path.parent.iterdir()):
        try:
            if rotated == path or rotated.lstat().st_ino != position.inode:
                continue
            descriptor = open_regular(rotated)
        except OSError:
            continue
        try:
            if os.fstat(descriptor).st_ino == position.inode:
                text += _read_from(descriptor, position.size)
        finally:
            os.close(descriptor)
    return text


def shown_by_log(lines: t.Sequence[str], config: dict[str, t.Any]) -> dict[str, t.Any]:
    """What the events since the start prove."""
    loggers = {**LOGGERS, **(config.get("loggers") or {})}
    found = events(lines)
    mounting = [event.text for event in found if event.is_from(loggers["mount"])]
    agent = [event.text for event in found if event.is_from(loggers["cluster"])]
    mounts = {
        mount: sum(1 for text in mounting if re.match(re.escape(mount) + r"(?:\s|$)", text))
        for mount in config.get("mount_lines") or []
    }
    domains = [match.group(1) for match in map(_DOMAIN.match, agent) if match]
    members = [
        "{0}:{1}".format(*match.groups()) for match in map(_LOCAL_MEMBER.match, agent) if match
    ]
    ready = str(config.get("ready_line") or "")
    return {
        "ready": any(
            event.text.startswith(ready) and event.is_from(loggers["ready"]) for event in found
        )
        if ready
        else None,
        "mounts": mounts,
        "domain": domains[-1] if domains else None,
        "local_member": members[-1] if members else None,
    }
