# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""How a Carbon server is asked whether it is well, without its logs' or JMX' help once it runs.

This very file is also installed on the hosts, where systemd runs it around the server: before the start (``--record-start``) it notes
what the server starts with, after it (``--wait``) it holds the unit back until the server is healthy and warm. So it imports nothing but
the standard library and runs on Python 3.8.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import ipaddress
import json
import os
import re
import socket
import ssl
import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, NamedTuple, Sequence
from xml.sax.saxutils import escape

# A login compiles and loads classes the first time, and a loaded server may take seconds; a hung one never answers.
REQUEST_SECONDS = 10.0
CONNECT_SECONDS = 3.0
# How long the log may stay silent after an error from which the product never recovers by itself.
FATAL_GRACE_SECONDS = 30.0
WARM_SECONDS = 0.5
WARM_ROUNDS = 15
WARM_LIMIT_SECONDS = 60.0
LOG_TAIL_BYTES = 8 * 1024 * 1024

ESTABLISHED = "01"
LISTEN = "0A"

EXIT_CODES = {
    "user store": 2,
    "registry database": 3,
    "cluster": 4,
    "warm-up": 5,
    "TLS": 6,
    "nothing listens": 7,
    "no answer": 8,
    "configuration": 9,
    "start": 10,
}


class HealthError(Exception):
    """One sentence about what is not well, and the part it belongs to.

    Not an OperatorError, because this file must also work where the collection is not installed.
    """

    def __init__(self, part: str, sentence: str) -> None:
        super().__init__(sentence)
        self.part = part

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.part]


class Sign(NamedTuple):
    """An error in the server's log whose cause is known; a fatal one is never recovered from by waiting."""

    pattern: str
    sentence: str
    fatal: bool


SIGNS: tuple[Sign, ...] = (
    Sign(
        r"Access denied for user '(?P<what>[^']*)'|password authentication failed for user \"(?P<pg>[^\"]*)\"|ORA-01017"
        r"|Login failed for user '(?P<ms>[^']*)'",
        "The database refuses the account {what}: the password in the datasource is not the one of the database, "
        "or the account may not log in from this host.",
        True,
    ),
    Sign(
        r"(?:Unable to load class:|ClassNotFoundException:) (?P<what>(?:\w+\.)+\w*Driver\w*)\b",
        "The JDBC driver class {what} is missing: no readable jar in repository/components/lib holds it.",
        True,
    ),
    Sign(
        r"(?i:digester).*ClassNotFoundException: (?P<what>[\w.$]+)",
        "Tomcat does not find the class {what} that catalina-server.xml names (a Valve, Listener or Realm), so it opens no port.",
        True,
    ),
    Sign(
        r"Unknown database '(?P<what>[^']*)'|database \"(?P<pg>[^\"]*)\" does not exist",
        "The database {what} of a datasource does not exist.",
        True,
    ),
    Sign(
        r"Failed to validate a newly established connection|SQL Query validation (?:has )?failed|[Vv]alidation[Qq]uery.*(?:fail|invalid)",
        "The validation query of a datasource fails, so its connections are thrown away as soon as they are checked again.",
        False,
    ),
    Sign(
        r"Table '(?P<what>[^']*)' doesn't exist|relation \"(?P<pg>[^\"]*)\" does not exist",
        "The table {what} does not exist: a schema was not loaded, or a query (for example a datasource's validation query) is wrong.",
        False,
    ),
    Sign(
        r"Communications link failure|Socket fail to connect to (?P<what>\S+)|Connection to (?P<pg>\S+) refused",
        "The database server {what} cannot be reached.",
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
        r"(?P<what>/[^\s:]+) \((?:Permission denied|Read-only file system)\)|(?:AccessDeniedException|FileSystemException): (?P<nio>/\S+)"
        r"|Unable to create directory for deployment: \[(?P<tomcat>[^\]]+)\]|creating meta data directory in (?P<patches>/\S+)",
        "The server may not read or write {what}: if it is to write there, add the folder to cluster_home_writable.",
        False,
    ),
    Sign(r"OutOfMemoryError(?:: (?P<what>[\w ]+))?", "The Java heap is too small: {what}.", False),
)
# Stack traces name the exception again on lines of their own; the ones behind it are not worth an operator's time.
_EVENT = re.compile(r"\b(?:ERROR|FATAL)\b")
_DOMAIN = re.compile(r"Cluster domain: (\S+)")
_LOCAL_MEMBER = re.compile(r"Local member: \[[^\]]*\] - Host:([^,\s]+),.*?\bPort: (\d+)")


def explain(lines: Iterable[str]) -> list[tuple[str, bool]]:
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


def error_lines(lines: Iterable[str], limit: int = 6) -> list[str]:
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


class Socket(NamedTuple):
    local: str
    local_port: int
    remote: str
    remote_port: int
    state: str


def _address(text: str) -> tuple[str, int]:
    host, _colon, port = text.partition(":")
    raw = b"".join(bytes.fromhex(host[at : at + 8])[::-1] for at in range(0, len(host), 8))
    address = ipaddress.ip_address(raw)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address), int(port, 16)


def parse_sockets(text: str) -> list[Socket]:
    """The rows of /proc/net/tcp or /proc/net/tcp6, which every Linux has, unlike ``ss``."""
    sockets = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) > 3 and fields[0].rstrip(":").isdigit():
            local, local_port = _address(fields[1])
            remote, remote_port = _address(fields[2])
            sockets.append(Socket(local, local_port, remote, remote_port, fields[3]))
    return sockets


def read_sockets() -> list[Socket]:
    sockets: list[Socket] = []
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            sockets += parse_sockets(Path(name).read_text(encoding="ascii"))
        except OSError:
            continue
    return sockets


def resolve(host: str) -> set[str]:
    try:
        return {str(info[4][0]) for info in socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)}
    except OSError:
        return {host}


def peers(
    sockets: Sequence[Socket], own: str, member_port: int, others: Sequence[dict[str, Any]], addresses: Callable[[str], set[str]] = resolve
) -> list[str]:
    """The names of the other members that an established connection on the member ports proves.

    Between two members there is one connection, opened by either. A member on an address of its own is known by that address. Members on
    this node's address are known by their port where this node opened the connection, and counted where they did.
    """
    established = [row for row in sockets if row.state == ESTABLISHED]
    own_addresses = addresses(own)
    incoming = {row.remote for row in established if row.local_port == member_port}
    outgoing = {(row.remote, row.remote_port) for row in established}
    seen = []
    neighbours = []
    for other in others:
        where = addresses(str(other["address"]))
        if any((address, int(other["member_port"])) in outgoing for address in where):
            seen.append(str(other["name"]))
        elif where & own_addresses:
            neighbours.append(str(other["name"]))
        elif incoming & where:
            seen.append(str(other["name"]))
    local = sum(1 for row in established if row.local_port == member_port and row.remote in own_addresses)
    return sorted(seen + neighbours[:local])


_MEMBER_EVENT = re.compile(r"\bMember (joined|left) \[[^\]]*\]: [^\s/]*/([0-9A-Fa-f.:]+):(\d+)")


def left_members(lines: Iterable[str]) -> set[tuple[str, int]]:
    """Address and port of the members whose going was the last that the log said of them."""
    last = {(match.group(2), int(match.group(3))): match.group(1) for match in map(_MEMBER_EVENT.search, lines) if match}
    return {member for member, event in last.items() if event == "left"}


def members_of(config: dict[str, Any], sockets: Sequence[Socket], addresses: Callable[[str], set[str]] = resolve) -> list[str]:
    """The names of the other members. After a split two nodes are connected again some time before their clusters are one again."""
    member_port = int(config.get("member_port") or 0)
    if not member_port:
        return []
    others = list(config.get("others") or [])
    gone = left_members(log_since(config["log_file"], LogPosition(*read_start(config).get("log", (0, 0)))))
    away = {other["name"] for other in others if any((where, int(other["member_port"])) in gone for where in addresses(other["address"]))}
    return [name for name in peers(sockets, config["address"], member_port, others, addresses) if name not in away]


class _Connection(http.client.HTTPSConnection):
    """HTTPS to an address whose certificate must be good for a name, without that name having to be in the DNS."""

    def __init__(self, address: str, port: int, name: str, context: ssl.SSLContext, timeout: float) -> None:
        super().__init__(name, port, timeout=timeout, context=context)
        self._carbon_address = address
        self._carbon_context = context

    def connect(self) -> None:
        raw = socket.create_connection((self._carbon_address, self.port), CONNECT_SECONDS)
        raw.settimeout(self.timeout)
        self.sock = self._carbon_context.wrap_socket(raw, server_hostname=self.host)


class Answer(NamedTuple):
    status: int
    body: str
    cookie: str


class Server:
    """One Carbon server's HTTPS port."""

    def __init__(self, address: str, port: int, name: str, ca_file: str, timeout: float = REQUEST_SECONDS) -> None:
        self.address = address
        self.port = port
        self.name = name
        self.timeout = timeout
        try:
            self._context = ssl.create_default_context(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise HealthError("configuration", "The CA certificate {0} cannot be read: {1}.".format(ca_file, error)) from error

    @property
    def where(self) -> str:
        return "{0}:{1}".format(self.address, self.port)

    def request(self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None) -> Answer:
        connection = _Connection(self.address, self.port, self.name, self._context, self.timeout)
        try:
            connection.request(method, path, body=body.encode() if body is not None else None, headers=headers or {})
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
            cookies = [value for key, value in response.getheaders() if key.lower() == "set-cookie"]
        except ssl.SSLCertVerificationError as error:
            raise HealthError(
                "TLS",
                "The certificate that {0} shows is not accepted for {1}: {2}.".format(
                    self.where, self.name, error.verify_message.rstrip(".")
                ),
            ) from error
        except ssl.SSLError as error:
            raise HealthError("TLS", "No TLS connection to {0}: {1}.".format(self.where, error.reason or error)) from error
        except ConnectionRefusedError as error:
            raise HealthError("nothing listens", "Nothing listens on {0}.".format(self.where)) from error
        except socket.timeout as error:
            raise HealthError("no answer", "{0} did not answer within {1:g} s.".format(self.where, self.timeout)) from error
        except (OSError, http.client.HTTPException) as error:
            raise HealthError("no answer", "{0} broke off: {1}.".format(self.where, error or type(error).__name__)) from error
        finally:
            connection.close()
        session = next((re.split(r"[;,]", cookie)[0] for cookie in cookies if cookie.startswith("JSESSIONID=")), "")
        return Answer(response.status, text, session)

    def handshake(self) -> None:
        """Raises HealthError unless a certificate that counts is shown. A frozen server accepts connections, but shows none."""
        connection = _Connection(self.address, self.port, self.name, self._context, CONNECT_SECONDS)
        try:
            connection.connect()
        except (OSError, ssl.SSLError) as error:
            raise HealthError("no answer", "{0} does not answer: {1}.".format(self.where, error)) from error
        finally:
            connection.close()

    def soap(self, service: str, action: str, body: str, cookie: str = "") -> Answer:
        headers = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": "urn:" + action}
        if cookie:
            headers["Cookie"] = cookie
        envelope = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{0}</s:Body></s:Envelope>'.format(body)
        return self.request("POST", "/services/" + service, envelope, headers)


def fault_of(answer: Answer) -> str:
    """The fault's own words, or what came instead of a SOAP answer."""
    match = re.search(r"<faultstring[^>]*>(.*?)</faultstring>", answer.body, re.S)
    if match and match.group(1).strip():
        return match.group(1).strip()[:200].rstrip(".")
    if not answer.body.strip():
        return "an empty answer with HTTP status {0}, as a server gives that is starting or stopping".format(answer.status)
    return "HTTP status {0}".format(answer.status)


# Of 240 reads on two healthy nodes at once, Carbon 4.4 answered 4 with "Resource does not exist" for a resource that is there.
REGISTRY_ATTEMPTS = 3
REGISTRY_PAUSE_SECONDS = 0.3

_ADMIN = "http://authentication.services.core.carbon.wso2.org"


def login(server: Server, user: str, password: str) -> str:
    """Logs in as API Manager does; returns the session cookie."""
    body = (
        '<a:login xmlns:a="{0}"><a:username>{1}</a:username><a:password>{2}</a:password>'
        "<a:remoteAddress>127.0.0.1</a:remoteAddress></a:login>"
    ).format(_ADMIN, escape(user), escape(password))
    answer = server.soap("AuthenticationAdmin", "login", body)
    if ":return>true<" in answer.body or "<return>true<" in answer.body:
        return answer.cookie
    if "return>false<" in answer.body:
        raise HealthError(
            "user store",
            "The server refuses the login of {0}: the user store holds another password, or its database does not answer.".format(user),
        )
    raise HealthError("user store", "The login of {0} fails: {1}.".format(user, fault_of(answer)))


def read_roles(server: Server, cookie: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Reads what stands in the registry's database, and nowhere else."""
    for attempt in range(1, REGISTRY_ATTEMPTS + 1):
        answer = server.soap(
            "ServerRolesManager",
            "readServerRoles",
            '<a:readServerRoles xmlns:a="http://mgt.roles.carbon.wso2.org"><a:serverRoleType>Default</a:serverRoleType></a:readServerRoles>',
            cookie,
        )
        if "readServerRolesResponse" in answer.body:
            return
        if attempt < REGISTRY_ATTEMPTS:
            sleep(REGISTRY_PAUSE_SECONDS)
    raise HealthError("registry database", "The registry cannot be read: {0}.".format(fault_of(answer)))


def logout(server: Server, cookie: str) -> None:
    server.soap("AuthenticationAdmin", "logout", '<a:logout xmlns:a="{0}"/>'.format(_ADMIN), cookie)


def server_of(config: dict[str, Any]) -> Server:
    return Server(config["address"], int(config["https_port"]), config["name"], config["ca_file"])


def check_services(config: dict[str, Any]) -> None:
    """User store and registry database, each through the server."""
    server = server_of(config)
    cookie = login(server, config["user"], config["password"])
    try:
        read_roles(server, cookie)
    finally:
        logout(server, cookie)


def check_patiently(
    config: dict[str, Any], seconds: float, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Returns as soon as the services answer once; raises the last HealthError, and how long it was asked, when they do not."""
    limit = now() + seconds
    while True:
        try:
            return check_services(config)
        except HealthError as error:
            if now() >= limit:
                raise HealthError(error.part, "{0} It was given {1:g} s.".format(error, seconds)) from None
        sleep(1.0)


def serving(config: dict[str, Any], others: Sequence[dict[str, Any]], thoroughly: bool = False) -> list[str]:
    """The names of the other nodes whose HTTPS port answers as itself, or, thoroughly, that are healthy."""
    answering = []
    for other in others:
        try:
            if thoroughly:
                check_services({**config, **other})
            else:
                Server(other["address"], int(other["https_port"]), other["name"], config["ca_file"]).handshake()
        except HealthError:
            continue
        answering.append(str(other["name"]))
    return answering


def check_members(config: dict[str, Any], wanted: str = "reachable", sockets: Sequence[Socket] | None = None) -> list[str]:
    """The names of the other members; raises HealthError when one that is wanted is not among them.

    wanted: ``reachable`` (every other node that serves), ``all``, or the number of members with this one.
    """
    member_port = int(config.get("member_port") or 0)
    if not member_port:
        return []
    others = list(config.get("others") or [])
    rows = read_sockets() if sockets is None else sockets
    found = members_of(config, rows)
    if wanted == "reachable":
        expected = serving(config, [other for other in others if other["name"] not in found])
    elif wanted == "all":
        expected = [str(other["name"]) for other in others if other["name"] not in found]
    else:
        expected = [str(other["name"]) for other in others if other["name"] not in found][: max(0, int(wanted) - 1 - len(found))]
        if len(found) + 1 > int(wanted) or len(found) + 1 + len(expected) < int(wanted):
            raise HealthError("cluster", "The cluster has {0} members where {1} were expected.".format(len(found) + 1, wanted))
    if expected:
        listening = any(row.state == LISTEN and row.local_port == member_port for row in rows)
        raise HealthError(
            "cluster",
            "The cluster has {0} of {1} members: {2} {3} no member of this node's cluster. {4}".format(
                len(found) + 1,
                len(found) + 1 + len(expected),
                " and ".join(expected),
                "is" if len(expected) == 1 else "are",
                "The nodes differ in cluster domain, group password or member list, or a firewall closes the member port."
                if listening
                else "This server does not listen on its member port {0}: clustering is off, or took another port.".format(member_port),
            ),
        )
    return found


def warm(config: dict[str, Any], now: Callable[[], float] = time.monotonic) -> None:
    """Does what clients do, each time over a new connection, until it goes fast many times in a row.

    The first visit of a page compiles it, and a cold virtual machine that gets its whole share of the handshakes and logins at once
    is so slow that nginx gives it up.
    """
    server = server_of(config)
    server.timeout = WARM_LIMIT_SECONDS
    limit = now() + WARM_LIMIT_SECONDS
    fast = 0
    while fast < WARM_ROUNDS:
        begun = now()
        logout(server, login(server, config["user"], config["password"]))
        for path in config.get("warm_paths") or []:
            answer = server.request("GET", path)
            if answer.status != 200 or not answer.body:
                problem = "{0} answers with HTTP status {1} and {2} bytes.".format(path, answer.status, len(answer.body))
                raise HealthError("warm-up", problem)
        fast = fast + 1 if now() - begun < WARM_SECONDS else 0
        if now() > limit:
            # A slow machine is no reason to keep a node that answers out of service.
            return


class LogPosition(NamedTuple):
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
            if rotated != Path(path) and rotated.is_file() and rotated.stat().st_ino == position.inode:
                text += _read_from(str(rotated), position.size)
    return (text + _read_from(path, 0)).splitlines()


def file_checksum(path: str) -> str:
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def checksums(paths: Iterable[str], expected: Mapping[str, str] | None = None) -> str:
    """One line for each file, as ``sha256sum`` writes it; a missing file has a line too, so that its coming counts as a change.

    expected: checksums that count in place of those of the files as they are.
    """
    lines = []
    for path in sorted(set(paths)):
        try:
            lines.append("{0}  {1}\n".format((expected or {}).get(path) or file_checksum(path), path))
        except FileNotFoundError:
            lines.append("{0}  {1}\n".format("absent".ljust(64, "-"), path))
    return "".join(lines)


def changed_paths(recorded: str, current: str) -> list[str]:
    """The files in which two such texts differ."""

    def by_path(text: str) -> dict[str, str]:
        return {path: checksum for checksum, _blank, path in (line.partition("  ") for line in text.splitlines())}

    before, after = by_path(recorded), by_path(current)
    return sorted(path for path in set(before) | set(after) if before.get(path) != after.get(path))


def managed_paths(path: str) -> list[str]:
    return [line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()]


def write_atomically(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


def record_start(config: dict[str, Any], now: Callable[[], float] = time.time) -> None:
    """Notes what the server is about to start with. Run by the unit before the server itself."""
    state = Path(config["state_directory"])
    write_atomically(state / "started.sha256", checksums(managed_paths(config["managed_files"])))
    # systemd tries again by itself: why the last try was given up stays known until one succeeds.
    start = {
        "started_at": int(now()),
        "log": list(log_position(config["log_file"])),
        "ready_at": None,
        "gave_up": read_start(config).get("gave_up"),
        # By this the other nodes see whether the two can be members of one cluster.
        "membership": config.get("membership"),
        # Of another one than theirs Hazelcast keeps no member.
        "scheme": config.get("scheme"),
    }
    write_atomically(state / "start.json", json.dumps(start) + "\n")


def read_start(config: dict[str, Any]) -> dict[str, Any]:
    try:
        start = json.loads((Path(config["state_directory"]) / "start.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return start if isinstance(start, dict) else {}


def shown_by_log(lines: Sequence[str], config: dict[str, Any]) -> dict[str, Any]:
    """What the lines since the start prove."""
    mounts = {
        mount: sum(1 for line in lines if re.search(re.escape(mount) + r"(?:\s|$)", line)) for mount in config.get("mount_lines") or []
    }
    domains = [match.group(1) for match in map(_DOMAIN.search, lines) if match]
    members = ["{0}:{1}".format(*match.groups()) for match in map(_LOCAL_MEMBER.search, lines) if match]
    return {
        "ready": any(config["ready_line"] in line for line in lines) if config.get("ready_line") else None,
        "mounts": mounts,
        "domain": domains[-1] if domains else None,
        "local_member": members[-1] if members else None,
    }


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wait(
    config: dict[str, Any],
    seconds: float,
    with_warm_up: bool = False,
    members: str = "",
    main_pid: int = 0,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Blocks until the server is healthy; raises HealthError with a sentence and the log's last errors when it gives up."""
    limit = now() + seconds
    start = read_start(config)
    position = LogPosition(*start.get("log", (0, 0)))
    silent_since, written = now(), 0
    while True:
        lines = log_since(config["log_file"], position)
        shown = shown_by_log(lines, config)
        if shown["ready"] is False and not start.get("ready_at"):
            # Not over HTTP yet: a request before the server is ready gives an error and a stack trace in its log.
            problem = HealthError("start", "its log does not show '{0}' yet.".format(config["ready_line"]))
        else:
            try:
                check_services(config)
                if members:
                    check_members(config, members)
                if with_warm_up:
                    warm(config)
                return shown
            except HealthError as error:
                problem = error
        causes = explain(lines)
        reason = ""
        if main_pid and not _alive(main_pid):
            reason = "its process has ended"
        elif now() >= limit:
            reason = "it was given {0:g} s".format(seconds)
        elif any(fatal for _sentence, fatal in causes):
            if len(lines) != written:
                silent_since, written = now(), len(lines)
            if now() - silent_since >= FATAL_GRACE_SECONDS:
                reason = "waiting longer does not help"
        if reason:
            text = "{0} is not healthy ({1}): {2}".format(config["instance"], reason, problem)
            known = [sentence for sentence, _fatal in causes]
            log = error_lines(lines)
            raise HealthError(problem.part, "\n".join([" ".join([text] + known)] + ["  " + line for line in log]))
        sleep(1.0)


def record_ready(config: dict[str, Any], shown: dict[str, Any], now: Callable[[], float] = time.time) -> None:
    start = read_start(config)
    start.update(shown, ready_at=int(now()), gave_up=None)
    write_atomically(Path(config["state_directory"]) / "start.json", json.dumps(start) + "\n")


def record_giving_up(config: dict[str, Any], sentence: str) -> None:
    start = read_start(config)
    start.update(gave_up=sentence)
    write_atomically(Path(config["state_directory"]) / "start.json", json.dumps(start) + "\n")


def load_config(path: str) -> dict[str, Any]:
    try:
        config = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        # ValueError's own words could quote the document, which holds a password.
        cause = error.strerror if isinstance(error, OSError) else "it is not valid JSON"
        raise HealthError("configuration", "The file {0} cannot be read: {1}.".format(path, cause)) from None
    needed = ("instance", "address", "name", "https_port", "ca_file", "user", "password", "log_file", "managed_files", "state_directory")
    missing = [key for key in needed if key not in config]
    if missing:
        raise HealthError("configuration", "The file {0} does not hold {1}.".format(path, ", ".join(missing)))
    return dict(config)


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="carbon_health.py", description="Tells whether a Carbon server is healthy.")
    parser.add_argument("--config", required=True, help="the instance's health.json")
    parser.add_argument("--record-start", action="store_true", help="note what the server is about to start with, and do nothing else")
    parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="wait so long at most until the server is healthy")
    parser.add_argument("--warm", action="store_true", help="fetch the first pages until they come fast")
    parser.add_argument("--members", default="", metavar="reachable|all|N", help="other members that must be connected")
    parser.add_argument("--without", default="", metavar="NAME,...", help="other nodes that cannot be members yet")
    parser.add_argument("--json", action="store_true", help="write the result as JSON")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _arguments(sys.argv[1:] if argv is None else argv)
    result: dict[str, Any] = {"healthy": False}
    try:
        config = load_config(arguments.config)
        config["others"] = [other for other in config.get("others") or [] if other["name"] not in arguments.without.split(",")]
        if arguments.record_start:
            record_start(config)
            return 0
        if arguments.wait:
            starting = "MAINPID" in os.environ
            try:
                shown = wait(config, arguments.wait, arguments.warm, arguments.members, int(os.environ.get("MAINPID") or 0))
            except HealthError as error:
                if starting:
                    record_giving_up(config, str(error))
                raise
            if starting:
                record_ready(config, shown)
        else:
            check_services(config)
        # A node that has just started is healthy before it has joined; who needs it to have joined says so.
        wanted = arguments.members or ("" if arguments.wait else "reachable")
        result["members"] = [config["name"]] + (check_members(config, wanted) if wanted else [])
        if arguments.warm and not arguments.wait:
            warm(config)
        result["healthy"] = True
        sentence = "{0} is healthy.".format(config["instance"])
        if wanted:
            sentence = "{0} is healthy; members: {1}.".format(config["instance"], ", ".join(result["members"]))
        code = 0
    except HealthError as error:
        sentence, code = str(error), error.exit_code
        result["part"] = error.part
    result["sentence"] = sentence
    # On the nodes this file is a program, not only a part of modules.
    stream = sys.stdout if code == 0 or arguments.json else sys.stderr
    print(json.dumps(result) if arguments.json else sentence, file=stream)  # pylint: disable=ansible-bad-function
    return code


if __name__ == "__main__":
    sys.exit(main())  # pylint: disable=ansible-bad-function
