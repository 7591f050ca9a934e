# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The checks of a Carbon server's health: its services, its members, its warm-up."""

from __future__ import annotations

import socket
import time
import typing as t

from .client import Server, login, logout, look_for_token, read_roles
from .errors import HealthError
from .log import LOGGERS, LogPosition, departed_members, log_since
from .record import read_start
from .sockets import LISTEN, peers, read_sockets, resolve

if t.TYPE_CHECKING:
    from .sockets import Socket

DATABASE_SECONDS = 3.0
WARM_SECONDS = 0.5
WARM_ROUNDS = 15
WARM_LIMIT_SECONDS = 60.0


def departed(
    config: dict[str, t.Any], addresses: t.Callable[[str], set[str]] = resolve
) -> tuple[list[str], list[str]]:
    """Names of the nodes that left this one's cluster by its log: proved, and only claimed."""
    position = LogPosition(*read_start(config).get("log", (0, 0)))
    loggers = (config.get("loggers") or {}).get("cluster") or LOGGERS["cluster"]
    gone = departed_members(log_since(config["log_file"], position), loggers)

    def names(members: set[tuple[str, int]]) -> list[str]:
        return [
            str(other["name"])
            for other in config.get("others") or []
            if any(
                (where, int(other["member_port"])) in members
                for where in addresses(other["address"])
            )
        ]

    return names(gone.proved), names(gone.claimed)


def members_of(
    config: dict[str, t.Any],
    sockets: t.Sequence[Socket],
    addresses: t.Callable[[str], set[str]] = resolve,
) -> list[str]:
    """The names of the other members: those that are connected and are not known to have left.

    After a split two nodes are connected again some time before their clusters are one again. That
    a member left counts where no stranger can have written it; else the connection decides, and
    the verification asks the other node's log as well.
    """
    member_port = int(config.get("member_port") or 0)
    if not member_port:
        return []
    others = list(config.get("others") or [])
    away, _claimed = departed(config, addresses)
    return [
        name
        for name in peers(sockets, config["address"], member_port, others, addresses)
        if name not in away
    ]


def server_of(config: dict[str, t.Any]) -> Server:
    """The server that the settings describe."""
    return Server(config["address"], int(config["https_port"]), config["name"], config["ca_file"])


def check_services(config: dict[str, t.Any]) -> None:
    """User store, registry database and, of a server that issues tokens, the identity database:
    each through the server."""
    server = server_of(config)
    cookie = login(server, config["user"], config["password"])
    try:
        read_roles(server, cookie)
        if config.get("oauth"):
            look_for_token(server, cookie)
    finally:
        logout(server, cookie)


def check_patiently(
    config: dict[str, t.Any],
    seconds: float,
    now: t.Callable[[], float] = time.monotonic,
    sleep: t.Callable[[float], None] = time.sleep,
) -> None:
    """Returns as soon as the services answer once; raises the last HealthError, and how long it was
    asked, when they do not."""
    limit = now() + seconds
    while True:
        try:
            return check_services(config)
        except HealthError as error:
            if now() >= limit:
                raise HealthError(error.part, f"{error} Waited {seconds:g} s.") from None
        sleep(1.0)


def serving(
    config: dict[str, t.Any], others: t.Sequence[dict[str, t.Any]], thoroughly: bool = False
) -> list[str]:
    """The names of the other nodes whose HTTPS port answers as itself, or, thoroughly, that are
    healthy."""
    answering = []
    for other in others:
        try:
            if thoroughly:
                check_services({**config, **other})
            else:
                Server(
                    other["address"], int(other["https_port"]), other["name"], config["ca_file"]
                ).handshake()
        except HealthError:
            continue
        answering.append(str(other["name"]))
    return answering


def check_members(
    config: dict[str, t.Any], wanted: str = "reachable", sockets: t.Sequence[Socket] | None = None
) -> list[str]:
    """The names of the other members; raises HealthError when one that is wanted is not among them.

    wanted: ``reachable`` (every other node that serves), ``all``, or the number of members with
    this one.
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
        expected = [str(other["name"]) for other in others if other["name"] not in found][
            : max(0, int(wanted) - 1 - len(found))
        ]
        if len(found) + 1 > int(wanted) or len(found) + 1 + len(expected) < int(wanted):
            raise HealthError(
                "cluster", f"The cluster has {len(found) + 1} members where {wanted} were expected."
            )
    if expected:
        listening = any(row.state == LISTEN and row.local_port == member_port for row in rows)
        raise HealthError(
            "cluster",
            "The cluster has {0} of {1} members: {2} {3} no member of this node's cluster."
            " {4}".format(
                len(found) + 1,
                len(found) + 1 + len(expected),
                " and ".join(expected),
                "is" if len(expected) == 1 else "are",
                (
                    "The nodes differ in cluster domain, group password or member list, or a"
                    " firewall closes the member port."
                    if listening
                    else (
                        f"This server does not listen on its member port {member_port}: clustering"
                        " is off, or took another port."
                    )
                ),
            ),
        )
    return found


def warm(config: dict[str, t.Any], now: t.Callable[[], float] = time.monotonic) -> None:
    """Does what clients do, each time over a new connection, until it goes fast many times in a
    row.

    The first visit of a page compiles it, and a cold virtual machine that gets its whole share of
    the handshakes and logins at once is so slow that nginx gives it up.
    """
    server = server_of(config)
    server.timeout = WARM_LIMIT_SECONDS
    limit = now() + WARM_LIMIT_SECONDS
    fast = 0
    while fast < WARM_ROUNDS:
        begun = now()
        cookie = login(server, config["user"], config["password"])
        if config.get("oauth"):
            look_for_token(server, cookie)
        logout(server, cookie)
        for path in config.get("warm_paths") or []:
            answer = server.request("GET", path)
            if answer.status != 200 or not answer.body:
                problem = (
                    f"{path} answers with HTTP status {answer.status} and {len(answer.body)} bytes."
                )
                raise HealthError("warm-up", problem)
        fast = fast + 1 if now() - begun < WARM_SECONDS else 0
        if now() > limit:
            # A slow machine is no reason to keep a node that answers out of service.
            return


def wait_for_databases(
    config: dict[str, t.Any],
    seconds: float,
    connect: t.Callable[..., t.Any] = socket.create_connection,
    now: t.Callable[[], float] = time.monotonic,
    sleep: t.Callable[[float], None] = time.sleep,
) -> None:
    """Returns when the database server accepts connections; raises HealthError after so many
    seconds.

    A server that starts without its database never becomes ready, even when the database is back.
    """
    limit = now() + seconds
    for database in config.get("databases") or []:
        where = (str(database["host"]), int(database["port"]))
        while True:
            try:
                connect(where, DATABASE_SECONDS).close()
                break
            except OSError as error:
                if now() >= limit:
                    raise HealthError(
                        "database",
                        f"The database server {where[0]}:{where[1]} cannot be reached"
                        f" ({error.strerror or error}); waited for {seconds:g} s.",
                    ) from error
            sleep(1.0)
