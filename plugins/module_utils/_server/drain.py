# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Waiting on a load balancer until no connection to a node is left."""

from __future__ import annotations

import time
import typing as t

from .._health import sockets as health_sockets


def connections_to(
    sockets: t.Sequence[health_sockets.Socket], addresses: set[str], ports: t.Sequence[int]
) -> int:
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
