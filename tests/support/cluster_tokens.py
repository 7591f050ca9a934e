# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Tokens of the running cluster: a client of the tests, issued, introspected, revoked."""

from __future__ import annotations

import base64
import json
import typing as t
import urllib.parse
import uuid

from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health import client
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._server import tokens

from tests.support.running_cluster import Cluster

CLIENT = "carbon-ops-load"
# The first request after a start may take longer than a later one.
PATIENCE = 30


def token_client(cluster: Cluster) -> tokens.Client:
    """The client of the tests, registered by the first of them."""
    node = cluster.server(cluster.nodes[0], PATIENCE)
    cookie = cluster.login(node)
    try:
        return tokens.find_client(node, cookie, CLIENT) or tokens.register_client(
            node, cookie, cluster.user, CLIENT
        )
    finally:
        client.logout(node, cookie)


def new_token(server: client.Server, who: tokens.Client) -> str:
    """A token that was not issued before: for a scope of its own, or the client gets the one it
    has."""
    scope = f"device_{uuid.uuid4().hex}"
    issued = tokens.issue(server, who, grant_type="client_credentials", scope=scope)
    return str(issued["access_token"])


def form(server: client.Server, path: str, pair: str, **fields: str) -> client.Answer:
    headers = {
        "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return server.request("POST", path, urllib.parse.urlencode(fields), headers)


def introspect(cluster: Cluster, server: client.Server, token: str) -> dict[str, t.Any]:
    """What a server says of a token to the administrator."""
    pair = f"{cluster.user}:{cluster.password}"
    answer = form(server, "/oauth2/introspect", pair, token=token)
    assert answer.status == 200, (answer.status, answer.body[:300])
    return dict(json.loads(answer.body))


def revoke(server: client.Server, who: tokens.Client, token: str) -> None:
    answer = form(server, "/oauth2/revoke", f"{who.key}:{who.secret}", token=token)
    assert answer.status == 200, (answer.status, answer.body[:300])
