# Copyright (c) 2026 The carbon_ops.key_manager maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Two Key Managers on PostgreSQL, as the nodes and the database see it."""

from __future__ import annotations

import pytest

from tests.support.molecule_cluster import Cluster

CHECKSUM = "188976721ead8e8627eb6d8389d500dccc0c9bebd885268a3047180274a6031e"


def sql(cluster: Cluster, statement: str, database: str = "postgres") -> str:
    host = cluster.on(cluster.hosts("database")[0]["name"])
    return host.check_output(
        "runuser --user postgres -- psql -XAt -d %s -c %s", database, statement
    ).strip()


@pytest.mark.parametrize("database", ["user", "config", "registry"])
def test_schema_is_loaded_as_a_whole(cluster: Cluster, database: str) -> None:
    name = {each["id"]: each["name"] for each in cluster.status["databases"]}[database]
    assert (
        int(sql(cluster, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name)) > 50
    )
    assert (
        sql(cluster, "SELECT count(*) FROM carbon_ops_schema WHERE finished_at IS NULL", name)
        == "0"
    )


def test_servers_have_written_their_tables(cluster: Cluster) -> None:
    """The administrator of the inventory, and the registry that the nodes mount."""
    assert (
        sql(cluster, "SELECT um_user_name FROM um_user", "openbank_userdb")
        == cluster.status["admin_user"]
    )
    assert int(sql(cluster, "SELECT count(*) FROM reg_path", "openbank_govdb")) > 1


def test_every_connection_of_the_servers_is_encrypted(cluster: Cluster) -> None:
    rows = sql(
        cluster,
        "SELECT DISTINCT client_addr, ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE"
        " usename LIKE 'obkm%'",
    )
    assert set(rows.splitlines()) == {
        f"{node['address']}|t" for node in cluster.hosts("key_manager")
    }


def test_accounts_have_least_privilege(cluster: Cluster) -> None:
    assert sql(cluster, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'obkm%'") == str(
        len(cluster.status["databases"])
    )
    privileged = "rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls"
    assert (
        sql(cluster, f"SELECT rolname FROM pg_roles WHERE rolname LIKE 'obkm%' AND ({privileged})")
        == ""
    )
    for database in cluster.status["databases"]:
        may = (
            f"rolname LIKE 'obkm%' AND has_database_privilege(rolname, '{database['name']}',"
            " 'CONNECT')"
        )
        assert sql(cluster, f"SELECT rolname FROM pg_roles WHERE {may}") == database["user"]


def test_driver_is_the_one_of_the_inventory(cluster: Cluster) -> None:
    for node in cluster.hosts("key_manager"):
        jar = cluster.on(node["name"]).file(
            f"{node['home']}/repository/components/lib/postgresql-42.7.4.jar"
        )
        assert jar.sha256sum == CHECKSUM, node["name"]
