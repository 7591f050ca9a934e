# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How nginx' configuration names and reaches the nodes."""

from __future__ import annotations

import hashlib
import re
import typing as t
from dataclasses import dataclass

from ...module_utils import _addresses as addresses

# nginx keeps keys such as "km1:010" in a table whose entries hold some 46 characters.
LONGEST_LABEL = 20
# Words that names of pools are put together with.
_RESERVED = re.compile(r"all\Z|without|alone")


@dataclass(frozen=True)
class Node:
    """A Key Manager as nginx' configuration sees it.

    `name` is the name of the host in the inventory: that of the flag file that takes the node out,
    the value of the route cookie, and the jvmRoute at the end of session ids. `label` stands for it
    where nginx takes letters, digits and underscores only.
    """

    name: str
    label: str
    address: str
    ports: t.Mapping[str, int]

    def at(self, scheme: str) -> str:
        """Where its port of this scheme (https, http) is, as the directive `server` takes it."""
        return f"{host_of(self.address)}:{self.ports[scheme]}"


def nodes_of(servers: t.Iterable[t.Mapping[str, t.Any]]) -> list[Node]:
    """The nodes of a cluster, from `nodes` of its model, in their order there."""
    servers = list(servers)
    labels = labels_of([server["name"] for server in servers])
    return [
        Node(server["name"], labels[server["name"]], server["address"], dict(server["ports"]))
        for server in servers
    ]


def labels_of(names: t.Sequence[str]) -> dict[str, str]:
    """A word of nginx' letters for each name.

    Where two names give the same word, and where a word is too long or one of nginx' own pools',
    a digest of the name makes it one of its own.
    """
    words = {name: re.sub("[^a-z0-9]", "_", name.lower()) for name in names}
    taken = list(words.values())
    return {
        name: word
        if len(word) <= LONGEST_LABEL and taken.count(word) == 1 and not _RESERVED.search(word)
        else f"{word.split('_')[0][:8]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        for name, word in words.items()
    }


def host_of(address: str) -> str:
    """An address or a host name as it is in front of a port, as nginx itself shows it."""
    found = addresses.address(address)
    if found is None:
        return address
    return f"[{found}]" if found.version == 6 else str(found)
