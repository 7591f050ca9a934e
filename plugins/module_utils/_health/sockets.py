# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The TCP sockets of this machine, from /proc/net, without a tool."""

from __future__ import annotations

import ipaddress
import socket
import typing as t
from pathlib import Path

ESTABLISHED = "01"
LISTEN = "0A"


class Socket(t.NamedTuple):
    """A TCP socket of this machine, with its state as the kernel numbers it."""

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
    """The TCP sockets of this machine, of both IP versions."""
    sockets: list[Socket] = []
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            sockets += parse_sockets(Path(name).read_text(encoding="ascii"))
        except OSError:
            continue
    return sockets


def resolve(host: str) -> set[str]:
    """The addresses of a host name; the name itself where it has none."""
    try:
        return {
            str(info[4][0]) for info in socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
        }
    except OSError:
        return {host}


def peers(
    sockets: t.Sequence[Socket],
    own: str,
    member_port: int,
    others: t.Sequence[dict[str, t.Any]],
    addresses: t.Callable[[str], set[str]] = resolve,
) -> list[str]:
    """The names of the other members that an established connection on the member ports proves.

    Between two members there is one connection, opened by either. A member on an address of its own
    is known by that address. Members on this node's address are known by their port where this node
    opened the connection, and counted where they did.
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
    local = sum(
        1 for row in established if row.local_port == member_port and row.remote in own_addresses
    )
    return sorted(seen + neighbours[:local])
