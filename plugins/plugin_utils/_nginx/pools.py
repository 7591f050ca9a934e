# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pool of nodes a request goes to, for every route and every set of nodes that are out.

A request has a route: the node that it belongs to, or "all" where nginx chooses one. Nodes are
taken out one at a time as a rule, so for each node there is a pool for all of the others being
there and one for each of them being out, n * n in all. Are more of them out, one serves alone.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .nodes import Node

SCHEMES = ("https", "http")
# A node that has nobody beside it gets further tries, ten seconds in all: busy as it is then, a
# handshake may take too long, and there is nobody else to ask. Only handshakes are tried again,
# never a request that was sent.
TRIES = 4
# The last resort is never given up on because of one refusal.
NEVER_GIVEN_UP = "max_fails=0"
GIVEN_UP = "max_fails=3 fail_timeout=5s"


@dataclass(frozen=True)
class Server:
    """One line of a pool: where the node is, and the other arguments of its directive `server`."""

    at: str
    options: str


@dataclass(frozen=True)
class Pool:
    """A pool. In one that is `shared` nginx chooses, and must keep a client on its node."""

    name: str
    scheme: str
    servers: tuple[Server, ...]
    shared: bool = False


@dataclass(frozen=True)
class Choice:
    """The pool for a key of the form "<route>:<bits>", a bit for each node, 1 where it is out.

    A key that begins with "~" is a regular expression. nginx looks at the others first.
    """

    key: str
    pool: str


def pools(nodes: t.Sequence[Node], prefix: str, stickiness: str, *, shared: bool) -> list[Pool]:
    """Every pool of a cluster, with `prefix` in front of its name.

    With `shared` there are also those that nginx chooses a node of.
    """
    found: list[Pool] = []
    for scheme in SCHEMES:
        begin = f"{prefix}_{scheme}_"
        for node in nodes:
            found.append(Pool(begin + node.label, scheme, _led(nodes, node, scheme)))
            for out in nodes:
                if out is not node:
                    name = f"{begin}{node.label}_without_{out.label}"
                    left = [other for other in nodes if other is not out]
                    found.append(Pool(name, scheme, _led(left, node, scheme)))
            if len(nodes) > 2:
                name = f"{begin}{node.label}_alone"
                found.append(Pool(name, scheme, _led([node], node, scheme)))
        if shared:
            found.append(_group(f"{begin}all", nodes, scheme, stickiness))
            for out in nodes if len(nodes) > 1 else ():
                left = [node for node in nodes if node is not out]
                found.append(_group(f"{begin}all_without_{out.label}", left, scheme, stickiness))
    return found


def _led(nodes: t.Sequence[Node], first: Node, scheme: str) -> tuple[Server, ...]:
    """One node, and the others as a backup."""
    others = [node for node in nodes if node is not first]
    servers = [Server(first.at(scheme), GIVEN_UP if others else NEVER_GIVEN_UP)]
    patience = GIVEN_UP if len(others) > 1 else NEVER_GIVEN_UP
    for other in others or [first] * TRIES:
        servers.append(Server(other.at(scheme), f"backup {patience}"))
    return tuple(servers)


def _group(name: str, nodes: t.Sequence[Node], scheme: str, stickiness: str) -> Pool:
    """Nodes that nginx chooses one of; NGINX Plus finds a session's node by its name."""
    patience = GIVEN_UP if len(nodes) > 1 else NEVER_GIVEN_UP
    servers = [
        Server(
            node.at(scheme), patience + (f" route={node.name}" if stickiness == "session" else "")
        )
        for node in nodes
    ]
    return Pool(name, scheme, tuple(servers), shared=True)


def choices(nodes: t.Sequence[Node], *, shared: bool) -> list[Choice]:
    """The pool for every route and every set of nodes that are out.

    If all of them are, that is ignored: a slow answer is better than none.
    """
    found: list[Choice] = []
    for first in range(len(nodes)):
        found += _choices(nodes, nodes[first].label, first)
    if shared:
        found += _choices(nodes, "all", None)
    return found


def _choices(nodes: t.Sequence[Node], route: str, first: int | None) -> t.Iterator[Choice]:
    """Those of one route: to the node at place `first`, or to nobody's if that is None."""
    count, start = len(nodes), first or 0
    yield Choice(f"{route}:{'0' * count}", route)
    yield Choice(f"{route}:{'1' * count}", route)
    if count == 1:
        return
    for out, node in enumerate(nodes):
        left = route if out != first else nodes[(out + 1) % count].label
        yield Choice(f"{route}:{_bits(count, '0', {out: '1'})}", f"{left}_without_{node.label}")
    if count == 2:
        return
    # The first that is not out, beginning with the route's own; what follows does not matter.
    for step in range(count):
        known = {(start + earlier) % count: "1" for earlier in range(step)}
        candidate = (start + step) % count
        bits = _bits(count, ".", {**known, candidate: "0"})
        yield Choice(f"~^{route}:{bits}$", f"{nodes[candidate].label}_alone")


def _bits(count: int, usual: str, others: t.Mapping[int, str]) -> str:
    return "".join(others.get(place, usual) for place in range(count))


def shares(nodes: t.Sequence[Node]) -> list[tuple[str, str]]:
    """Which part of the clients begins at which node, as `split_clients` takes it."""
    part = f"{100 / len(nodes):.2f}%"
    return [(part, node.label) for node in nodes[:-1]] + [("*", nodes[-1].label)]
