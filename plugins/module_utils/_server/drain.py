# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Taking a node out on a load balancer: its flags, and the end of its connections."""

from __future__ import annotations

import re
import time
import typing as t
from pathlib import Path

from .._health import sockets as health_sockets

# The pool of a node in the configuration of nginx, and the first server in it, which is the node.
_POOL = re.compile(r"^upstream \S+_https_(n[0-9]+) \{\n[^}]*?^\s*server (\S+) ", re.MULTILINE)


def flags_of(flag: Path, configuration: str, address: str, ports: t.Sequence[int]) -> list[Path]:
    """The flag files that take the node out: its own, and what nginx may still look for instead.

    In release 0.1.0 a flag was called n1, n2, … by the node's place in the inventory of the time.
    nginx goes on looking for those until it has loaded the configuration of this release, which
    comes after the nodes' restarts. The address in the pool of that number, in the nginx
    `configuration` that is live, tells which of them is the node's.
    """
    host = f"[{address}]" if ":" in address else address
    places = {f"{host}:{port}" for port in ports}
    former = [number for number, server in _POOL.findall(configuration) if server in places]
    return list(dict.fromkeys([flag, *(flag.with_name(number) for number in former)]))


def connections_to(
    sockets: t.Sequence[health_sockets.Socket], addresses: set[str], ports: t.Sequence[int]
) -> int:
    """How many open connections lead to one of these addresses and ports."""
    return sum(
        1
        for row in sockets
        if row.state == health_sockets.ESTABLISHED
        and row.remote in addresses
        and row.remote_port in ports
    )


def wait_for_drain(
    address: str,
    ports: t.Sequence[int],
    seconds: float,
    read: t.Callable[[], t.Sequence[health_sockets.Socket]] = health_sockets.read_sockets,
    now: t.Callable[[], float] = time.monotonic,
    sleep: t.Callable[[float], None] = time.sleep,
) -> int:
    """Waits until this host holds no connection to the node's ports; returns how many were left
    when the time was up."""
    limit = now() + seconds
    addresses = health_sockets.resolve(address)
    while True:
        left = connections_to(read(), addresses, ports)
        if not left or now() >= limit:
            return left
        sleep(0.2)


def drained_findings(folder: str) -> list[str]:
    """A sentence for each node that is out of nginx while nothing is being rolled."""
    try:
        flags = sorted(Path(folder).iterdir()) if folder else []
    except OSError:
        return []
    return [
        f"{flag.name} is taken out of nginx by the flag {flag}, which a run that was cut off left:"
        " it gets no requests. site.yml puts it back when it is healthy."
        for flag in flags
    ]
