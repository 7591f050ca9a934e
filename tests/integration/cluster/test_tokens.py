# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Tokens and users of one node, seen from the other."""

from __future__ import annotations

import typing as t
import uuid

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health import client
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._server import tokens

from tests.support.cluster_tokens import PATIENCE, introspect, new_token, revoke, token_client
from tests.support.cluster_users import Administrator, made_up, refuses
from tests.support.running_cluster import Cluster, wait_for

pytestmark = pytest.mark.cluster

TOLD_WITHIN = 2.0


@pytest.fixture(scope="module", autouse=True)
def who(cluster: Cluster) -> tokens.Client:
    """The client of the tests, of a cluster that issues tokens."""
    if not cluster.issues_tokens:
        pytest.skip("this product issues no tokens")
    return token_client(cluster)


@pytest.mark.parametrize("issuer", [0, 1])
def test_token_of_one_node_is_known_to_the_other_and_gone_there_when_revoked(
    cluster: Cluster, who: tokens.Client, issuer: int
) -> None:
    here, there = (cluster.server(cluster.nodes[at], PATIENCE) for at in (issuer, 1 - issuer))
    token = new_token(here, who)
    assert introspect(cluster, there, token)["active"] is True
    revoke(here, who, token)
    wait_for(
        "the other node refuses it",
        lambda: introspect(cluster, there, token)["active"] is False,
        TOLD_WITHIN,
        0.1,
    )


def test_made_up_token_is_active_nowhere(cluster: Cluster, who: tokens.Client) -> None:
    for node in cluster.nodes:
        server = cluster.server(node, PATIENCE)
        assert introspect(cluster, server, str(uuid.uuid4()))["active"] is False


@pytest.fixture
def administrator(cluster: Cluster) -> t.Iterator[Administrator]:
    """The administrator on the first node."""
    found = Administrator(cluster, cluster.nodes[0])
    yield found
    client.logout(found.server, found.cookie)


@pytest.fixture
def new_user(administrator: Administrator) -> t.Iterator[tuple[str, str]]:
    name, password = made_up()
    administrator.add(name, password)
    yield name, password
    administrator.remove(name)


def test_user_added_on_one_node_logs_in_and_gets_tokens_on_the_other(
    cluster: Cluster, who: tokens.Client, new_user: tuple[str, str]
) -> None:
    name, password = new_user
    for node in reversed(cluster.nodes):
        server = cluster.server(node, PATIENCE)
        client.logout(server, client.login(server, name, password))
        issued = tokens.issue(
            server, who, grant_type="password", username=name, password=password, scope="openid"
        )
        said = introspect(cluster, server, str(issued["access_token"]))
        assert said["active"] is True
        assert str(said["username"]).split("@")[0] == name
        with pytest.raises(tokens.TokenError):
            tokens.issue(server, who, grant_type="password", username=name, password="wrong")


def test_removed_user_is_refused_by_the_other_node(
    cluster: Cluster, administrator: Administrator
) -> None:
    second = cluster.server(cluster.nodes[1], PATIENCE)
    name, password = made_up()
    administrator.add(name, password)
    assert not refuses(second, name, password)
    administrator.remove(name)
    wait_for("the other node refuses it", lambda: refuses(second, name, password), 10, 0.2)
