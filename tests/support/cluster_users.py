# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Users of the running cluster: added and removed on one node."""

from __future__ import annotations

import typing as t
import uuid

from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health import client, errors

from tests.support.cluster_tokens import PATIENCE

if t.TYPE_CHECKING:
    from tests.support.running_cluster import Cluster

USER_ADMIN = "http://org.apache.axis2/xsd"


class Administrator:
    """Adds and removes users on one node."""

    def __init__(self, cluster: Cluster, node: dict[str, t.Any]) -> None:
        self.server = cluster.server(node, PATIENCE)
        self.cookie = cluster.login(self.server)

    def _ask(self, action: str, fields: str) -> None:
        body = f'<u:{action} xmlns:u="{USER_ADMIN}">{fields}</u:{action}>'
        answer = self.server.soap("UserAdmin", action, body, self.cookie)
        assert answer.status in (200, 202), answer.body[-500:]
        assert "Fault" not in answer.body, answer.body[-500:]

    def add(self, name: str, password: str) -> None:
        """Adds a user who may log in to the console."""
        self._ask(
            "addUser",
            f"<u:userName>{name}</u:userName><u:password>{password}</u:password>"
            "<u:roles>admin</u:roles>",
        )

    def remove(self, name: str) -> None:
        self._ask("deleteUser", f"<u:userName>{name}</u:userName>")


def made_up() -> tuple[str, str]:
    """A name and a password that nobody has."""
    # The user store takes thirty characters at most.
    return f"test{uuid.uuid4().hex[:8]}", f"P1{uuid.uuid4().hex[:20]}"


def refuses(server: client.Server, name: str, password: str) -> bool:
    """Whether a node does not let a user in."""
    try:
        client.logout(server, client.login(server, name, password))
    except errors.HealthError:
        return True
    return False
