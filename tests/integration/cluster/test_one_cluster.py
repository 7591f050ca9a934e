# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What is done on one node is there on the other: the nodes are one cluster, and not servers that
merely run."""

from __future__ import annotations

import base64
import hashlib
import typing as t
import uuid
from xml.sax.saxutils import escape

import pytest
from ansible_collections.carbon_ops.key_manager.plugins.module_utils._health import client, errors

from tests.support.running_cluster import Cluster, wait_for

pytestmark = pytest.mark.cluster

DATASOURCES = "http://org.apache.axis2/xsd"
CORE = "http://core.ndatasource.carbon.wso2.org/xsd"
SERVICES = "http://services.core.ndatasource.carbon.wso2.org/xsd"


def test_every_node_has_every_member_at_its_own_address(cluster: Cluster) -> None:
    names = sorted(node["name"] for node in cluster.nodes)
    assert len({node["address"] for node in cluster.nodes}) == len(names)
    for node in cluster.nodes:
        assert not node["address"].startswith("127.")
        assert sorted(cluster.members(node)) == names
        start = cluster.on(
            node, "cat", "/var/lib/carbon-ops/{0}/start.json".format(node["instance"])
        )
        assert '"local_member": "{0}:{1}"'.format(node["address"], node["member_port"]) in start


def test_registry_mounts_are_live_on_every_node(cluster: Cluster) -> None:
    """The mounts show in the log of each start."""
    for node in cluster.nodes:
        start = cluster.on(
            node, "cat", "/var/lib/carbon-ops/{0}/start.json".format(node["instance"])
        )
        for name in ("configRegistry", "governanceRegistry"):
            assert f'"Connected to mount at {name}": 0' not in start
            assert f'"Connected to mount at {name}":' in start
    paths = cluster.database(
        "registry", "SELECT COUNT(*) FROM REG_PATH WHERE REG_PATH_VALUE LIKE '/_system/governance%'"
    )
    assert int(paths) > 0


def datasource(name: str) -> str:
    definition = (
        f"<configuration><url>jdbc:h2:mem:{name}</url><username>sa</username><password></password>"
        "<driverClassName>org.h2.Driver</driverClassName></configuration>"
    )
    return (
        f'<ns:addDataSource xmlns:ns="{DATASOURCES}" xmlns:s="{SERVICES}"'
        f' xmlns:c="{CORE}"><ns:dsmInfo>'
        f"<s:definition><s:dsXMLConfiguration>{escape(definition)}</s:dsXMLConfiguration><s:type>RDBMS</s:type></s:definition>"
        "<s:description>made by a"
        f" test</s:description><s:name>{name}</s:name><s:system>false</s:system>"
        "</ns:dsmInfo></ns:addDataSource>"
    )


def datasource_on(cluster: Cluster, node: dict[str, t.Any], name: str) -> str:
    """What a node answers about a datasource, its definition included."""
    server = cluster.server(node)
    cookie = cluster.login(server)
    body = (
        "<ns:getDataSource"
        f' xmlns:ns="{DATASOURCES}"><ns:dsName>{name}</ns:dsName></ns:getDataSource>'
    )
    answer = server.soap("NDataSourceAdmin", "getDataSource", body, cookie)
    client.logout(server, cookie)
    return answer.body


def state_of_datasource(cluster: Cluster, node: dict[str, t.Any], name: str) -> str:
    answer = datasource_on(cluster, node, name)
    return "ACTIVE" if "ACTIVE" in answer and name in answer else answer[-300:]


@pytest.fixture
def new_datasource(cluster: Cluster) -> t.Iterator[str]:
    """A datasource added on the first node, and taken away again."""
    name = f"TEST_{uuid.uuid4().hex[:8]}"
    server = cluster.server(cluster.nodes[0])
    cookie = cluster.login(server)
    answer = server.soap("NDataSourceAdmin", "addDataSource", datasource(name), cookie)
    assert "addDataSourceResponse" in answer.body or answer.status == 202, answer.body[-500:]
    yield name
    body = (
        "<ns:deleteDataSource"
        f' xmlns:ns="{DATASOURCES}"><ns:dsName>{name}</ns:dsName></ns:deleteDataSource>'
    )
    server.soap("NDataSourceAdmin", "deleteDataSource", body, cookie)
    client.logout(server, cookie)


def test_datasource_added_on_one_node_is_active_on_the_other(
    cluster: Cluster, new_datasource: str
) -> None:
    for node in cluster.nodes:
        wait_for(
            "the datasource on {0}".format(node["name"]),
            lambda node=node: state_of_datasource(cluster, node, new_datasource) == "ACTIVE",
            30,
        )


def test_resource_put_into_the_registry_on_one_node_is_read_on_the_other(
    cluster: Cluster, new_datasource: str
) -> None:
    """The definition of a datasource is a resource of the configuration registry. The message from
    node to node holds its name alone, so the definition that the other node answers with is read
    from the resource."""
    stands = (
        "SELECT P.REG_PATH_VALUE FROM REG_RESOURCE R JOIN REG_PATH P ON P.REG_PATH_ID ="
        f" R.REG_PATH_ID WHERE R.REG_NAME = '{new_datasource}'"
    )
    target = cluster.model["commitments"]["registry_config_target"]
    assert cluster.database("config", stands).startswith(f"{target}/repository/components/")
    definition = f"jdbc:h2:mem:{new_datasource}"
    for node in cluster.nodes:
        wait_for(
            "the definition on {0}".format(node["name"]),
            lambda node=node: definition in datasource_on(cluster, node, new_datasource),
            30,
        )


@pytest.fixture
def new_user(cluster: Cluster) -> t.Iterator[tuple[str, str]]:
    """A user put into the user database as a row, as no node's own cache can know it."""
    name, password = f"test-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    columns = cluster.database("user", "SELECT GROUP_CONCAT(COLUMN_NAME) FROM information_schema.COLUMNS "
                               "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'UM_USER'")  # fmt: skip
    salt = "c2FsdA=="
    digest = base64.b64encode(hashlib.sha256((password + salt).encode()).digest()).decode()
    identity = f", '{uuid.uuid4()}'" if "UM_USER_ID" in columns else ""
    cluster.database(
        "user",
        "INSERT INTO UM_USER ({0}UM_USER_NAME, UM_USER_PASSWORD, UM_SALT_VALUE, UM_REQUIRE_CHANGE,"
        " UM_CHANGED_TIME, UM_TENANT_ID) VALUES ({1}'{2}', '{3}', '{4}', 0, NOW(), -1234)".format(
            "UM_USER_ID, " if identity else "",
            identity[2:] + ", " if identity else "",
            name,
            digest,
            salt,
        ),
    )
    # Login to the admin services needs the permission that the administrators' role has.
    cluster.database(
        "user",
        "INSERT INTO UM_USER_ROLE (UM_ROLE_ID, UM_USER_ID, UM_TENANT_ID) SELECT R.UM_ID, U.UM_ID,"
        " -1234 FROM UM_ROLE R, UM_USER U WHERE R.UM_ROLE_NAME = 'admin' AND U.UM_USER_NAME ="
        f" '{name}' AND R.UM_TENANT_ID = -1234",
    )
    yield name, password
    cluster.database(
        "user",
        "DELETE FROM UM_USER_ROLE WHERE UM_USER_ID IN (SELECT UM_ID FROM UM_USER WHERE"
        f" UM_USER_NAME = '{name}')",
    )
    cluster.database("user", f"DELETE FROM UM_USER WHERE UM_USER_NAME = '{name}'")


def test_user_of_the_shared_database_logs_in_on_every_node(
    cluster: Cluster, new_user: tuple[str, str]
) -> None:
    for node in cluster.nodes:
        server = cluster.server(node)
        client.logout(server, client.login(server, *new_user))
        with pytest.raises(errors.HealthError):
            client.login(server, new_user[0], "wrong")


def test_login_through_nginx_is_true(cluster: Cluster) -> None:
    server = cluster.through_nginx()
    client.logout(server, cluster.login(server))
